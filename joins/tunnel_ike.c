/* What the IKE SAs say of tunnels: that one is negotiated, why it failed, that the peer is gone. */
#include "children.h"
#include "failure.h"
#include "tunnel_record.h"

#include <stdlib.h>
#include <string.h>

static bool is_negotiated(const struct ike_sa *row)
{
        return row && !row->ended && row->policy_name &&
               (row->state == IKE_CREATED || row->state == IKE_CONNECTING);
}

/* Where two daemons have the name, the second's key says whose it is. */
static void each_configured_of(struct tunnels *t, const struct ike_sa *ike_sa,
                               void (*each)(struct tunnels *t, const struct configured_policy *row,
                                            const void *context),
                               const void *context)
{
        const struct ike_policy *policy;
        char key[KEY_MAX + 1];

        key_of_name(ike_sa->policy_name, key);
        policy = tunnel_ike_policy(t, key);
        if (policy && policy->daemon_kind != ike_sa->daemon_kind)
                key_of_second_name(ike_sa->policy_name, ike_daemon_name(ike_sa->daemon_kind), key);
        tunnel_each_configured(t, key, each, context);
}

static void make_due(struct tunnels *t, const struct configured_policy *row, const void *context)
{
        struct tunnel_record *r = tunnel_by_key(t, row->policy_key, row->child_key, 1);

        (void)context;
        if (r)
                tunnel_due(t, r);
}

static void set_negotiation_key(struct negotiation_key *key, const char *name, uint8_t daemon)
{
        memset(key, 0, sizeof(*key));
        key_of_name(name, key->name);
        key->daemon = daemon;
}

struct negotiation *tunnel_negotiation(const struct tunnels *t, const char *name, uint8_t daemon)
{
        struct negotiation *n = NULL;
        struct negotiation_key key;

        if (!t->negotiations)
                return NULL;
        set_negotiation_key(&key, name, daemon);
        HASH_FIND(hh, t->negotiations, &key, sizeof(key), n);
        return n;
}

static struct negotiation *begin_negotiation(struct tunnels *t, const struct ike_sa *row)
{
        struct negotiation *n = calloc(1, sizeof(*n));

        if (!n)
                return NULL;
        set_negotiation_key(&n->key, row->policy_name, row->daemon_kind);
        HASH_ADD(hh, t->negotiations, key, sizeof(n->key), n);
        if (!n->unhashed)
                return n;
        free(n);
        return NULL;
}

static void count_negotiation(struct tunnels *t, const struct ike_sa *row, bool begins)
{
        struct negotiation *n = tunnel_negotiation(t, row->policy_name, row->daemon_kind);

        if (!n && begins)
                n = begin_negotiation(t, row);
        if (!n)
                return;
        n->ike_sas += begins ? 1 : UINT32_MAX;
        if (n->ike_sas == begins) /* the first, or none any more */
                each_configured_of(t, row, make_due, NULL);
        if (n->ike_sas > 0)
                return;
        HASH_DEL(t->negotiations, n);
        free(n);
}

static void fail(struct tunnels *t, const struct configured_policy *row, const void *context)
{
        const struct failure *failure = context;
        enum tunnel_count count = failure->authentication ? COUNT_AUTHENTICATION_FAILURES
                                                          : COUNT_NEGOTIATION_FAILURES;
        const struct ike_policy *policy = tunnel_ike_policy(t, row->policy_key);
        struct tunnel_record *r = tunnel_by_key(t, row->policy_key, row->child_key,
                                                policy && policy->any_peer ? TUNNEL_TEMPLATE : 1);

        if (!r)
                return;
        r->error = failure->text;
        r->error_time = tunnels_now(t).wall;
        r->daemon_failed = r->error_time;
        if (!tunnel_is_template(r))
                r->failure = failure->reason;
        else if (!failure->counted) /* of a peer without a row: the template keeps it for itself */
                r->forgotten[count]++;
        if (!failure->counted)
                tunnel_count(t, r, count, 1);
        tunnel_due(t, r);
}

/* Which child SA it was is not told: one that is up was none of those. */
static void fail_if_down(struct tunnels *t, const struct configured_policy *row,
                         const void *context)
{
        const struct tunnel_record *r = tunnel_by_key(t, row->policy_key, row->child_key, 1);

        if (r && !r->up)
                fail(t, row, context);
}

static void child_failed(struct tunnels *t, const struct ike_sa *row)
{
        struct failure failure = failure_of(row);

        each_configured_of(t, row, fail_if_down, &failure);
}

static void negotiation_failed(struct tunnels *t, const struct ike_sa *row, bool counted)
{
        struct failure failure = failure_of(row);

        failure.counted = counted;
        each_configured_of(t, row, fail, &failure);
}

static const struct child_sa *next_child(struct tunnels *t, const struct ike_sa *row,
                                         uint32_t *after)
{
        const uint32_t oid[] = { row->daemon_kind, row->daemon_run, row->daemon_id, *after };
        const struct child_sa *child = table_next(t->children, &child_by_ike_type, oid, 4, false);

        if (!child || child->daemon_kind != row->daemon_kind ||
            child->daemon_run != row->daemon_run || child->ike_id != row->daemon_id)
                return NULL;
        *after = child->index;
        return child;
}

static void children_due(struct tunnels *t, const struct ike_sa *row, enum reason reason,
                         bool peer_changed)
{
        const struct child_sa *child;
        uint32_t after = 0;

        while ((child = next_child(t, row, &after))) {
                struct tunnel_record *r = tunnel_by_number(t, child->tunnel);

                if (peer_changed) {
                        queue_put(&t->children_due, child->index);
                        tunnels_run_at(t, 0);
                }
                if (!r)
                        continue;
                if (reason != REASON_NONE && child_is_up(child))
                        tunnel_set_word(r, reason, true);
                tunnel_due(t, r);
        }
}

static enum reason reason_of_end(const struct ike_sa *row)
{
        if (row->reason != 0)
                return row->reason;
        switch (row->state) {
        case IKE_DELETING:
        case IKE_DESTROYING:
                return REASON_CLOSED_LOCALLY;
        case IKE_ESTABLISHED:
        case IKE_REKEYING:
        case IKE_PASSIVE:
                return REASON_PEER_DEAD;
        default:
                return REASON_NONE;
        }
}

/* No pointer dangles. */
static void forget_ike_sa(struct tunnels *t, uint32_t index)
{
        const struct tunnel *row;

        while ((row = table_next(t->rows, &tunnel_by_ike_sa_type, &index, 1, false)) &&
               row->ike_sa == index) {
                struct tunnel changed = *row;

                changed.ike_sa = 0;
                if (table_update(t->rows, &changed) < 0)
                        return;
        }
}

static bool same_ike_sa(const struct ike_sa *a, const struct ike_sa *b)
{
        return a->state == b->state && a->ended == b->ended && a->weak == b->weak &&
               a->remote_identity == b->remote_identity &&
               a->remote_eap_identity == b->remote_eap_identity &&
               a->local_identity == b->local_identity &&
               memcmp(&a->local, &b->local, sizeof(a->local)) == 0 &&
               memcmp(&a->remote, &b->remote, sizeof(a->remote)) == 0;
}

void tunnel_ike_sa_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct ike_sa *old = before, *row = after;
        bool was_negotiated = is_negotiated(old), ends, told;
        struct tunnels *t = context;

        if (row)
                tunnels_note_run(t, row->daemon_kind, row->daemon_run);
        if (was_negotiated && !(is_negotiated(row) && row->policy_name == old->policy_name))
                count_negotiation(t, old, false);
        if (is_negotiated(row) && !(was_negotiated && row->policy_name == old->policy_name))
                count_negotiation(t, row, true);
        if (event == TABLE_REMOVED) {
                if (was_negotiated && reason != TABLE_LOST && old->reason == 0)
                        negotiation_failed(t, old, false);
                forget_ike_sa(t, old->index);
                return;
        }
        ends = row->ended && !(old && old->ended);
        told = row->reason != 0 && !(old && old->reason != 0);
        if (row->policy_name && (row->state == IKE_CREATED || row->state == IKE_CONNECTING)) {
                if (told || (ends && row->reason == 0))
                        negotiation_failed(t, row, old && old->ended);
        } else if (row->policy_name && told && failure_is_of_child(row)) {
                child_failed(t, row);
        }
        if (!old || !same_ike_sa(old, row))
                children_due(t, row, ends ? reason_of_end(row) : REASON_NONE,
                             !old || old->remote_identity != row->remote_identity ||
                                     old->remote_eap_identity != row->remote_eap_identity);
}
