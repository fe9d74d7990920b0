#include "certificate_users.h"

#include "tables/certificate.h"
#include "tables/ike_policy.h"

#include <stdlib.h>
#include <string.h>

/* Without memory a subject has no users, and that is all. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->hashed = false))
#include <uthash.h>

/* Rows looked at in one turn of the loop. */
#define ROWS_PER_TURN 500

/* Octets that SnmpAdminString has at the most. */
#define TEXT_MAX 255

#define SEPARATOR ", "
#define MORE "..."

/* What a policy may call a certificate. */
enum use {
        USE_OF_ITS_OWN, /* or the peer's: by the subject */
        USE_AS_AUTHORITY,
};

/* A subject that policies name, and which. */
struct subject {
        char *key; /* the use, the daemon's name and the subject, each with its NUL */
        size_t key_length;
        char users[TEXT_MAX + 1];
        size_t length;
        bool full;
        const char *last; /* key of the policy that was added last */
        bool hashed;
        UT_hash_handle hh;
};

struct certificate_users {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *certificates;
        struct table *policies;
        struct subject *subjects; /* of the policies that the pass has looked at */
        bool passing;
        bool again;              /* something has changed since the pass began */
        bool telling;            /* the policies are done: the certificates are told */
        uint32_t oid[INDEX_MAX]; /* of the row that was looked at last */
        size_t length;
};

static void run(void *context);

static void run_after(struct certificate_users *u, uint32_t milliseconds)
{
        if (!u->timer)
                u->timer = u->loop->after(u->loop, milliseconds, run, u);
}

/* ---- subjects ---- */

static char *make_key(enum use use, const char *daemon, const char *subject, size_t subject_length,
                      size_t *length)
{
        size_t daemon_length = strlen(daemon) + 1;
        char *key = malloc(1 + daemon_length + subject_length);

        if (!key)
                return NULL;
        key[0] = (char)use;
        memcpy(key + 1, daemon, daemon_length);
        memcpy(key + 1 + daemon_length, subject, subject_length);
        *length = 1 + daemon_length + subject_length;
        return key;
}

static struct subject *find(const struct certificate_users *u, const char *key, size_t length)
{
        struct subject *s = NULL;

        if (u->subjects)
                HASH_FIND(hh, u->subjects, key, length, s);
        return s;
}

/* Takes the key. */
static struct subject *add(struct certificate_users *u, char *key, size_t length)
{
        struct subject *s = calloc(1, sizeof(*s));

        if (!s) {
                free(key);
                return NULL;
        }
        s->key = key;
        s->key_length = length;
        s->hashed = true;
        HASH_ADD_KEYPTR(hh, u->subjects, s->key, s->key_length, s);
        if (s->hashed)
                return s;
        free(s->key);
        free(s);
        return NULL;
}

static void clear(struct certificate_users *u)
{
        struct subject *s, *next;

        HASH_ITER(hh, u->subjects, s, next)
        {
                HASH_DEL(u->subjects, s);
                free(s->key);
                free(s);
        }
}

static void append(struct subject *s, const char *text)
{
        size_t length = strlen(text);

        memcpy(s->users + s->length, text, length + 1);
        s->length += length;
}

/* Names are whole; where not all have room, the last item says so. */
static void add_user(struct subject *s, const char *name)
{
        size_t separator = s->length > 0 ? strlen(SEPARATOR) : 0;

        if (s->full)
                return;
        s->full = s->length + separator + strlen(name) + strlen(SEPARATOR MORE) > TEXT_MAX;
        if (separator > 0)
                append(s, SEPARATOR);
        append(s, s->full ? MORE : name);
}

static void note_subject(struct certificate_users *u, enum use use, const struct ike_policy *policy,
                         const char *subject, size_t subject_length)
{
        size_t length;
        char *key = make_key(use, policy->daemon, subject, subject_length, &length);
        struct subject *s;

        if (!key)
                return;
        s = find(u, key, length);
        if (s)
                free(key);
        else
                s = add(u, key, length);
        if (!s || s->last == policy->key)
                return;
        s->last = policy->key;
        add_user(s, policy->name ? policy->name : policy->key);
}

/* Items are separated by semicolons. A subject that has one in itself is not found. */
static void note_list(struct certificate_users *u, enum use use, const struct ike_policy *policy,
                      const char *list)
{
        const char *end;

        for (; list && *list; list = *end ? end + 2 : end) {
                end = strstr(list, "; ");
                if (!end)
                        end = list + strlen(list);
                note_subject(u, use, policy, list, (size_t)(end - list));
        }
}

/* Of rounds joined by '+' any one. */
static bool has_certificate(const char *method)
{
        return method &&
               (strstr(method, "PUBKEY") || strstr(method, "TLS") || strstr(method, "ANY"));
}

static void note_policy(struct certificate_users *u, const struct ike_policy *policy)
{
        if (!policy->daemon)
                return;
        note_list(u, USE_OF_ITS_OWN, policy, policy->certificates);
        note_list(u, USE_AS_AUTHORITY, policy, policy->local_cas);
        note_list(u, USE_AS_AUTHORITY, policy, policy->remote_cas);
        if (has_certificate(policy->local_auth_method))
                note_list(u, USE_OF_ITS_OWN, policy, policy->local_identity);
        if (has_certificate(policy->remote_auth_method))
                note_list(u, USE_OF_ITS_OWN, policy, policy->remote_identity);
}

/* ---- the certificates ---- */

static const struct subject *users_of(const struct certificate_users *u, enum use use,
                                      const struct certificate *certificate)
{
        const struct subject *s;
        size_t length;
        char *key;

        if (!certificate->daemon || !certificate->subject)
                return NULL;
        key = make_key(use, certificate->daemon, certificate->subject, strlen(certificate->subject),
                       &length);
        s = key ? find(u, key, length) : NULL;
        free(key);
        return s;
}

static void tell(struct certificate_users *u, const struct certificate *certificate)
{
        bool authority = certificate->kind == CERTIFICATE_CA;
        const struct subject *s = authority ? users_of(u, USE_AS_AUTHORITY, certificate) : NULL;
        struct certificate changed;

        if (!s)
                s = users_of(u, USE_OF_ITS_OWN, certificate);
        memcpy(&changed, certificate, sizeof(changed));
        changed.used_by = s ? s->users : NULL;
        table_update(u->certificates, &changed);
}

/* ---- one pass: the policies, then the certificates ---- */

static void begin_pass(struct certificate_users *u)
{
        u->passing = true;
        u->again = u->telling = false;
        u->length = 0;
        clear(u);
}

static void end_pass(struct certificate_users *u)
{
        u->passing = false;
        clear(u);
        if (u->again)
                run_after(u, CERTIFICATE_USERS_WITHIN);
}

static void look_at_next_policy(struct certificate_users *u)
{
        const struct ike_policy *policy =
                table_next(u->policies, &ike_policy_type, u->oid, u->length, false);

        u->telling = policy == NULL;
        u->length = policy ? index_encode(&ike_policy_type, policy, u->oid) : 0;
        if (policy)
                note_policy(u, policy);
}

/* False: there is none. */
static bool tell_next_certificate(struct certificate_users *u)
{
        const struct certificate *certificate =
                table_next(u->certificates, &certificate_type, u->oid, u->length, false);

        if (!certificate)
                return false;
        u->length = index_encode(&certificate_type, certificate, u->oid);
        tell(u, certificate);
        return true;
}

static void run(void *context)
{
        struct certificate_users *u = context;

        u->timer = NULL;
        if (!u->passing)
                begin_pass(u);
        for (size_t rows = ROWS_PER_TURN; rows > 0; rows--) {
                if (!u->telling) {
                        look_at_next_policy(u);
                } else if (!tell_next_certificate(u)) {
                        end_pass(u);
                        return;
                }
        }
        run_after(u, 0);
}

/* ---- what changes ---- */

static void look_soon(struct certificate_users *u)
{
        if (u->passing)
                u->again = true;
        else
                run_after(u, CERTIFICATE_USERS_WITHIN);
}

static bool same_policy(const struct ike_policy *a, const struct ike_policy *b)
{
        return a->name == b->name && a->certificates == b->certificates &&
               a->local_cas == b->local_cas && a->remote_cas == b->remote_cas &&
               a->local_identity == b->local_identity && a->remote_identity == b->remote_identity &&
               a->local_auth_method == b->local_auth_method &&
               a->remote_auth_method == b->remote_auth_method;
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        (void)reason;
        if (event != TABLE_CHANGED || !same_policy(before, after))
                look_soon(context);
}

static void certificate_changed(void *context, enum table_event event, enum table_reason reason,
                                const void *before, const void *after)
{
        const struct certificate *old = before, *row = after;

        (void)reason;
        if (event == TABLE_ADDED ||
            (event == TABLE_CHANGED && (old->subject != row->subject || old->kind != row->kind ||
                                        old->daemon != row->daemon)))
                look_soon(context);
}

/* ---- what the header offers ---- */

struct certificate_users *certificate_users_new(struct store *store, struct loop *loop)
{
        struct certificate_users *u = calloc(1, sizeof(*u));

        if (!u)
                return NULL;
        u->loop = loop;
        u->certificates = store_table(store, &certificate_type);
        u->policies = store_table(store, &ike_policy_type);
        if (table_subscribe(u->policies, policy_changed, u) < 0 ||
            table_subscribe(u->certificates, certificate_changed, u) < 0) {
                free(u);
                return NULL;
        }
        return u;
}

void certificate_users_free(struct certificate_users *u)
{
        if (!u)
                return;
        u->loop->cancel(u->loop, u->timer);
        clear(u);
        free(u);
}
