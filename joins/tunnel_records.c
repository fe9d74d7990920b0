/* Which tunnels there are: found by their key, number or identity; made, kept, forgotten. */
#include "tunnel_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Peers that one look forgets at the most. */
#define FORGOTTEN_AT_ONCE 100

struct tunnel_record *tunnel_by_number(const struct tunnels *t, uint32_t number)
{
        struct tunnel_record *r = NULL;

        if (number != 0 && t->by_number)
                HASH_FIND(by_number, t->by_number, &number, sizeof(number), r);
        return r;
}

static bool set_key(struct tunnel_key *key, const char *policy, const char *child,
                    uint32_t instance)
{
        memset(key, 0, sizeof(*key));
        if (!policy || !child || strlen(policy) > KEY_MAX || strlen(child) > KEY_MAX)
                return false;
        strcpy(key->policy, policy);
        strcpy(key->child, child);
        key->instance = instance;
        return true;
}

struct tunnel_record *tunnel_by_key(const struct tunnels *t, const char *policy, const char *child,
                                    uint32_t instance)
{
        struct tunnel_record *r = NULL;
        struct tunnel_key key;

        if (set_key(&key, policy, child, instance) && t->by_key)
                HASH_FIND(by_key, t->by_key, &key, sizeof(key), r);
        return r;
}

bool tunnel_is_manual(const struct tunnel_record *r)
{
        return strcmp(r->key.policy, TUNNEL_MANUAL) == 0;
}

bool tunnel_is_template(const struct tunnel_record *r)
{
        return r->key.instance == TUNNEL_TEMPLATE;
}

const char *tunnel_identity(const struct tunnel_record *r)
{
        return r->identity ? r->identity + strlen(r->key.policy) + strlen(r->key.child) + 2 : NULL;
}

/* ---- the row ---- */

static struct tunnel key_row(const struct tunnel_record *r)
{
        struct tunnel row;

        memset(&row, 0, sizeof(row));
        row.policy_key = r->key.policy;
        row.child_key = r->key.child;
        row.instance = r->key.instance;
        return row;
}

const struct tunnel *tunnel_row(const struct tunnels *t, const struct tunnel_record *r)
{
        struct tunnel row = key_row(r);

        return table_find(t->rows, &row);
}

static int put_row(struct tunnels *t, const struct tunnel_record *r)
{
        struct tunnel row = key_row(r);
        struct moment now = tunnels_now(t);

        row.number = r->number;
        row.state = TUNNEL_STATE_UNKNOWN;
        row.down_reason = REASON_NONE;
        row.ike_version = IKE_VERSION_UNKNOWN;
        row.protocol = PROTOCOL_UNKNOWN;
        row.mode = MODE_UNKNOWN;
        row.discontinuity = now.monotonic;
        row.since = now.wall;
        return table_put(t->rows, &row, TABLE_FROM_EVENT);
}

/* ---- making ---- */

static void free_record(struct tunnel_record *r)
{
        free(r->identity);
        free(r);
}

static int hash_record(struct tunnels *t, struct tunnel_record *r)
{
        HASH_ADD(by_key, t->by_key, key, sizeof(r->key), r);
        if (r->unhashed)
                return -ENOMEM;
        HASH_ADD(by_number, t->by_number, number, sizeof(r->number), r);
        if (!r->unhashed)
                return 0;
        HASH_DELETE(by_key, t->by_key, r);
        return -ENOMEM;
}

static struct tunnel_record *make(struct tunnels *t, const struct tunnel_key *key)
{
        struct tunnel_record *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->key = *key;
        r->number = ++t->next_number;
        r->next_instance = 1;
        if (put_row(t, r) < 0) {
                free_record(r);
                return NULL;
        }
        if (hash_record(t, r) < 0) {
                table_remove(t->rows, tunnel_row(t, r), TABLE_DELETED);
                free_record(r);
                return NULL;
        }
        tunnel_due(t, r);
        tunnel_changed(t, r, false);
        return r;
}

struct tunnel_record *tunnel_make(struct tunnels *t, const char *policy, const char *child,
                                  uint32_t instance)
{
        struct tunnel_record *r = tunnel_by_key(t, policy, child, instance);
        struct tunnel_key key;

        if (r || !set_key(&key, policy, child, instance))
                return r;
        return make(t, &key);
}

/* ---- peers ---- */

static char *join_identity(const struct tunnel_key *key, const char *identity, size_t *length)
{
        size_t policy = strlen(key->policy) + 1, child = strlen(key->child) + 1;
        size_t rest = strlen(identity) + 1;
        char *joined = malloc(policy + child + rest);

        if (!joined)
                return NULL;
        memcpy(joined, key->policy, policy);
        memcpy(joined + policy, key->child, child);
        memcpy(joined + policy + child, identity, rest);
        *length = policy + child + rest;
        return joined;
}

static struct tunnel_record *find_peer(const struct tunnels *t, const struct tunnel_key *key,
                                       const char *identity)
{
        struct tunnel_record *r = NULL;
        size_t length;
        char *joined = join_identity(key, identity, &length);

        if (joined && t->by_peer)
                HASH_FIND(by_peer, t->by_peer, joined, length, r);
        free(joined);
        return r;
}

/* The template may have gone, and come again. */
static void join_template(struct tunnel_record *r, struct tunnel_record *template)
{
        r->template = template;
        for (size_t i = 0; i < COUNTS; i++)
                template->counts[i] += r->counts[i];
        template->users += r->up;
}

int tunnel_identify(struct tunnels *t, struct tunnel_record *r, const char *identity)
{
        r->identity = join_identity(&r->key, identity, &r->identity_length);
        if (!r->identity)
                return -ENOMEM;
        HASH_ADD_KEYPTR(by_peer, t->by_peer, r->identity, r->identity_length, r);
        if (r->unhashed) {
                r->unhashed = false;
                free(r->identity);
                r->identity = NULL;
                return -ENOMEM;
        }
        r->template = tunnel_make(t, r->key.policy, r->key.child, TUNNEL_TEMPLATE);
        t->n_peers++;
        return 0;
}

struct tunnel_record *tunnel_of_peer(struct tunnels *t, const char *policy, const char *child,
                                     const char *identity)
{
        struct tunnel_record *template = tunnel_make(t, policy, child, TUNNEL_TEMPLATE), *r;

        if (!template)
                return NULL;
        r = find_peer(t, &template->key, identity);
        if (r && !r->template)
                join_template(r, template);
        if (r)
                return r;
        while (tunnel_by_key(t, policy, child, template->next_instance))
                template->next_instance++;
        r = tunnel_make(t, policy, child, template->next_instance);
        if (!r)
                return NULL;
        if (tunnel_identify(t, r, identity) < 0) {
                tunnel_forget(t, r);
                return NULL;
        }
        template->next_instance++;
        tunnel_changed(t, template, false);
        if (t->n_peers > t->config.maximum)
                tunnels_put_agenda(t, 0, WAKE_TRIM, 0);
        return r;
}

void tunnel_left(struct tunnels *t, struct tunnel_record *r)
{
        struct moment now = tunnels_now(t);

        if (!r->identity || r->listed)
                return;
        DL_APPEND(t->absent, r);
        t->absent_mixed |= r->restored;
        r->listed = true;
        if (t->absent == r)
                tunnels_put_agenda(t, now.monotonic + INT64_C(1000) * t->config.retention,
                                   WAKE_TRIM, 0);
        if (t->n_peers > t->config.maximum)
                tunnels_put_agenda(t, 0, WAKE_TRIM, 0);
}

void tunnel_returned(struct tunnels *t, struct tunnel_record *r)
{
        if (!r->listed)
                return;
        DL_DELETE(t->absent, r);
        r->listed = false;
}

/* When it was last up; one of an earlier run may have been told of never. */
static int64_t last_up_of(const struct tunnels *t, const struct tunnel_record *r)
{
        const struct tunnel *row = tunnel_row(t, r);

        return row->last_down != 0 ? row->last_down : row->since;
}

static int compare_left(const struct tunnel_record *a, const struct tunnel_record *b)
{
        return a->left < b->left ? -1 : a->left > b->left;
}

/* Those of an earlier run come in the order of their names. */
static void sort_absent(struct tunnels *t)
{
        struct tunnel_record *r;

        DL_FOREACH(t->absent, r)
        r->left = last_up_of(t, r);
        DL_SORT(t->absent, compare_left);
        t->absent_mixed = false;
}

void tunnels_trim(struct tunnels *t)
{
        struct moment now = tunnels_now(t);
        int64_t left = 0;

        if (t->absent_mixed)
                sort_absent(t);
        for (int i = 0; t->absent; i++) {
                if (i == FORGOTTEN_AT_ONCE) {
                        tunnels_put_agenda(t, 0, WAKE_TRIM, 0);
                        return;
                }
                left = last_up_of(t, t->absent) + t->config.retention - now.wall;
                if (t->n_peers <= t->config.maximum && left > 0)
                        break;
                tunnel_forget(t, t->absent);
        }
        if (t->absent)
                tunnels_put_agenda(t, now.monotonic + 1000 * left, WAKE_TRIM, 0);
}

/* ---- forgetting ---- */

/* No pointer dangles. */
static void unlink_sas(struct tunnels *t, uint32_t number)
{
        const struct ipsec_sa *sa;

        while ((sa = table_next(t->sas, &sa_by_tunnel_type, &number, 1, false)) &&
               sa->tunnel == number) {
                struct ipsec_sa changed = *sa;

                changed.tunnel = changed.tunnel_instance = 0;
                changed.tunnel_direction = 0;
                changed.tunnel_policy_key = changed.tunnel_child_key = NULL;
                if (sa->keying == KEYING_MANUAL)
                        queue_put(&t->sas_due, sa->index); /* its daemon's word counts no more */
                if (table_update(t->sas, &changed) < 0)
                        return;
        }
}

static void unlink_policies(struct tunnels *t, uint32_t number)
{
        const struct policy *policy;

        while ((policy = table_next(t->policies, &policy_by_tunnel_type, &number, 1, false)) &&
               policy->tunnel == number) {
                struct policy changed = *policy;

                changed.tunnel = changed.tunnel_instance = 0;
                changed.tunnel_policy_key = changed.tunnel_child_key = NULL;
                if (table_update(t->policies, &changed) < 0)
                        return;
        }
}

static void unlink_children(struct tunnels *t, uint32_t number)
{
        const struct child_sa *child;

        while ((child = table_next(t->children, &child_by_tunnel_type, &number, 1, false)) &&
               child->tunnel == number) {
                struct child_sa changed = *child;

                changed.tunnel = 0;
                if (table_update(t->children, &changed) < 0)
                        return;
        }
}

/* What a template has of a peer stays with it. */
static void leave_template(struct tunnels *t, struct tunnel_record *r)
{
        struct tunnel_record *template = r->template;

        if (!template)
                return;
        for (size_t i = 0; i < COUNTS; i++)
                template->forgotten[i] += r->counts[i];
        if (r->up)
                template->users--;
        tunnel_due(t, template);
        tunnel_changed(t, template, false);
}

static void leave_peers(struct tunnels *t, const struct tunnel_record *template)
{
        struct tunnel_record *r, *next;

        HASH_ITER(by_peer, t->by_peer, r, next)
        {
                if (r->template == template)
                        r->template = NULL;
        }
}

static void keep_gone(const struct tunnels *t, const struct tunnel_record *r)
{
        char *text = NULL;
        size_t length;
        FILE *out;

        if (!t->keeper.line)
                return;
        out = open_memstream(&text, &length);
        if (!out)
                return;
        tunnel_save_gone(r, out);
        if (fclose(out) == 0)
                t->keeper.line(t->keeper.context, text);
        free(text);
}

static void unhash(struct tunnels *t, struct tunnel_record *r)
{
        HASH_DELETE(by_key, t->by_key, r);
        HASH_DELETE(by_number, t->by_number, r);
        if (!r->identity)
                return;
        HASH_DELETE(by_peer, t->by_peer, r);
        t->n_peers--;
}

void tunnel_forget(struct tunnels *t, struct tunnel_record *r)
{
        tunnel_returned(t, r);
        unlink_sas(t, r->number);
        unlink_policies(t, r->number);
        unlink_children(t, r->number);
        leave_template(t, r);
        if (tunnel_is_template(r))
                leave_peers(t, r);
        keep_gone(t, r);
        unhash(t, r);
        table_remove(t->rows, tunnel_row(t, r), TABLE_DELETED);
        free_record(r);
}
