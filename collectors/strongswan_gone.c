/* What goes of the rows of strongSwan: forgotten, grown old, or fading; and what of them is there.
 */
#include "strongswan_rows.h"

#include "id_set.h"

#include <string.h>

static void remove_children(struct strongswan_rows *r, uint32_t run, uint32_t ike_id,
                            enum table_reason reason)
{
        const struct child_sa *child;

        while ((child = strongswan_first_child(r, run, ike_id)) &&
               table_remove(r->children, child, reason))
                ;
}

/* ---- what is gone ---- */

struct bygone {
        int64_t since;
        uint32_t run;
        const struct id_set *told;
};

static bool is_bygone_ike_sa(const void *row, const void *context)
{
        const struct ike_sa *ike_sa = row;
        const struct bygone *bygone = context;

        return ike_sa->daemon_kind == DAEMON_STRONGSWAN &&
               (ike_sa->daemon_run != bygone->run || ike_sa->last_seen < bygone->since);
}

static bool is_orphan(const void *row, const void *context)
{
        const struct strongswan_rows *r = context;
        const struct child_sa *child = row;
        const struct ike_sa key = { .daemon_kind = child->daemon_kind,
                                    .daemon_run = child->daemon_run,
                                    .daemon_id = child->ike_id };

        return child->daemon_kind == DAEMON_STRONGSWAN &&
               (child->daemon_run != r->run || !table_find(r->ike_sas, &key));
}

void strongswan_forget_ike_sas(struct strongswan_rows *r, int64_t since)
{
        const struct bygone bygone = { .since = since, .run = r->run };

        table_remove_matching(r->ike_sas, is_bygone_ike_sa, &bygone, TABLE_LOST);
        table_remove_matching(r->children, is_orphan, r, TABLE_LOST);
}

static bool is_bygone_child(const void *row, const void *context)
{
        const struct child_sa *child = row;
        const struct bygone *bygone = context;

        return child->daemon_kind == DAEMON_STRONGSWAN && child->daemon_run == bygone->run &&
               child->last_seen < bygone->since && id_set_has(bygone->told, child->ike_id);
}

void strongswan_forget_children(struct strongswan_rows *r, const struct id_set *told, int64_t since)
{
        const struct bygone bygone = { since, r->run, told };

        table_remove_matching(r->children, is_bygone_child, &bygone, TABLE_LOST);
}

static bool is_bygone_policy(const void *row, const void *context)
{
        const struct ike_policy *policy = row;

        return policy->daemon_kind == DAEMON_STRONGSWAN &&
               policy->last_seen < ((const struct bygone *)context)->since;
}

static bool is_bygone_configured(const void *row, const void *context)
{
        const struct configured_policy *policy = row;

        return policy->daemon_kind == DAEMON_STRONGSWAN &&
               policy->last_seen < ((const struct bygone *)context)->since;
}

void strongswan_forget_connections(struct strongswan_rows *r, int64_t since)
{
        const struct bygone bygone = { .since = since };

        table_remove_matching(r->configured, is_bygone_configured, &bygone, TABLE_LOST);
        table_remove_matching(r->policies, is_bygone_policy, &bygone, TABLE_LOST);
}

static bool is_bygone_certificate(const void *row, const void *context)
{
        const struct certificate *certificate = row;

        return strcmp(certificate->daemon, STRONGSWAN) == 0 &&
               certificate->last_seen < ((const struct bygone *)context)->since;
}

void strongswan_forget_certificates(struct strongswan_rows *r, int64_t since)
{
        const struct bygone bygone = { .since = since };

        table_remove_matching(r->certificates, is_bygone_certificate, &bygone, TABLE_LOST);
}

static const struct configured_policy *next_configured(const struct strongswan_rows *r,
                                                       const struct configured_policy *row)
{
        uint32_t oid[INDEX_MAX];
        size_t length = row ? index_encode(&configured_policy_type, row, oid) : 0;

        return table_next(r->configured, &configured_policy_type, oid, length, false);
}

void strongswan_policies_read(struct strongswan_rows *r, int64_t begun)
{
        const struct configured_policy *row = NULL;

        while ((row = next_configured(r, row))) {
                struct configured_policy changed = *row;

                if (row->daemon_kind != DAEMON_STRONGSWAN || !row->trapped ||
                    row->trap_seen >= begun)
                        continue;
                changed.trapped = false;
                changed.start_action = CHILD_ACTION_UNKNOWN;
                table_put(r->configured, &changed, TABLE_FROM_EVENT);
        }
}

/* ---- growing old ---- */

static void ike_sas_grow_old(struct strongswan_rows *r)
{
        const struct ike_sa *row = NULL;
        uint32_t index = 0;

        while ((row = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                struct ike_sa changed = *row;

                index = row->index;
                changed.fresh = false;
                if (row->daemon_kind == DAEMON_STRONGSWAN && row->fresh)
                        table_put(r->ike_sas, &changed, TABLE_FROM_EVENT);
        }
}

static void policies_grow_old(struct strongswan_rows *r)
{
        const struct ike_policy *row = NULL;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        while ((row = table_next(r->policies, &ike_policy_type, oid, length, false))) {
                struct ike_policy changed = *row;

                length = index_encode(&ike_policy_type, row, oid);
                changed.fresh = false;
                if (row->daemon_kind == DAEMON_STRONGSWAN && row->fresh)
                        table_put(r->policies, &changed, TABLE_FROM_EVENT);
        }
}

static void configured_grow_old(struct strongswan_rows *r)
{
        const struct configured_policy *row = NULL;

        while ((row = next_configured(r, row))) {
                struct configured_policy changed = *row;

                changed.fresh = false;
                if (row->daemon_kind == DAEMON_STRONGSWAN && row->fresh)
                        table_put(r->configured, &changed, TABLE_FROM_EVENT);
        }
}

void strongswan_rows_grow_old(struct strongswan_rows *r)
{
        ike_sas_grow_old(r);
        policies_grow_old(r);
        configured_grow_old(r);
        strongswan_forget_certificates(r, INT64_MAX);
}

/* ---- what is there ---- */

size_t strongswan_count_sas(const struct strongswan_rows *r, int64_t since)
{
        const struct ike_sa *row;
        uint32_t index = 0;
        size_t n = 0;

        while ((row = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                n += row->daemon_kind == DAEMON_STRONGSWAN && row->daemon_run == r->run &&
                     row->last_seen >= since;
        }
        return n;
}

int64_t strongswan_last_seen(const struct strongswan_rows *r, uint32_t id, bool child)
{
        const struct child_sa *child_sa = child ? strongswan_find_child(r, id) : NULL;
        const struct ike_sa *ike_sa = child ? NULL : strongswan_find_ike_sa(r, id);

        if (child_sa)
                return child_sa->last_seen;
        return ike_sa ? ike_sa->last_seen : 0;
}

uint32_t strongswan_ike_of(const struct strongswan_rows *r, uint32_t child_id)
{
        const struct child_sa *child = strongswan_find_child(r, child_id);

        return child ? child->ike_id : 0;
}

static bool ike_sa_fades(const struct strongswan_rows *r, const struct ike_sa *row)
{
        return row->daemon_kind == DAEMON_STRONGSWAN && row->daemon_run == r->run &&
               (row->ended || row->state < IKE_ESTABLISHED || row->state >= IKE_REKEYED);
}

static bool child_fades(const struct strongswan_rows *r, const struct child_sa *row)
{
        return row->daemon_kind == DAEMON_STRONGSWAN && row->daemon_run == r->run &&
               row->state != CHILD_SA_INSTALLED && row->state != CHILD_SA_ROUTED;
}

bool strongswan_is_fading(const struct strongswan_rows *r, uint32_t id, bool child)
{
        const struct child_sa *child_sa = child ? strongswan_find_child(r, id) : NULL;
        const struct ike_sa *ike_sa = child ? NULL : strongswan_find_ike_sa(r, id);

        if (child_sa)
                return child_fades(r, child_sa);
        return ike_sa && ike_sa_fades(r, ike_sa);
}

bool strongswan_is_over(const struct strongswan_rows *r, uint32_t id, bool child)
{
        const struct child_sa *child_sa = child ? strongswan_find_child(r, id) : NULL;
        const struct ike_sa *ike_sa = child ? NULL : strongswan_find_ike_sa(r, id);

        if (child_sa)
                return child_sa->state == CHILD_SA_REKEYED || child_sa->state >= CHILD_SA_DELETING;
        if (!ike_sa)
                return false;
        return ike_sa->ended || (ike_sa->reason != 0 && !strongswan_is_up_state(ike_sa->state)) ||
               (ike_sa->state >= IKE_REKEYED && ike_sa->state != IKE_STATE_UNKNOWN);
}

size_t strongswan_count_children(const struct strongswan_rows *r, uint32_t ike_id, size_t most)
{
        uint32_t oid[] = { DAEMON_STRONGSWAN, r->run, ike_id, 0 };
        const struct child_sa *child;
        size_t n = 0;

        while (n < most && (child = table_next(r->children, &child_by_ike_type, oid, 4, false)) &&
               child->daemon_kind == DAEMON_STRONGSWAN && child->daemon_run == r->run &&
               child->ike_id == ike_id) {
                oid[3] = child->index;
                n++;
        }
        return n;
}

bool strongswan_has_child(const struct strongswan_rows *r, uint32_t ike_id,
                          const struct configured_policy *configured)
{
        const struct child_sa key = { .policy_key = configured->policy_key,
                                      .child_key = configured->child_key };
        uint32_t oid[INDEX_MAX];
        size_t length = index_encode(&child_by_name_type, &key, oid);
        const struct child_sa *child;

        while ((child = table_next(r->children, &child_by_name_type, oid, length, false)) &&
               child->policy_key == configured->policy_key &&
               child->child_key == configured->child_key) {
                length = index_encode(&child_by_name_type, child, oid);
                if (child->ike_id == ike_id && child->daemon_run == r->run &&
                    child->state == CHILD_SA_INSTALLED)
                        return true;
        }
        return false;
}

void strongswan_each_ike_sa(const struct strongswan_rows *r, int64_t since,
                            void (*each)(void *context, const struct ike_sa *row), void *context)
{
        const struct ike_sa *row;
        uint32_t index = 0;

        while ((row = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                if (row->daemon_kind == DAEMON_STRONGSWAN && row->daemon_run == r->run &&
                    row->last_seen >= since)
                        each(context, row);
        }
}

void strongswan_each_fading(const struct strongswan_rows *r,
                            void (*each)(void *context, uint32_t id, bool child), void *context)
{
        const struct child_sa *child;
        const struct ike_sa *ike_sa;
        uint32_t index = 0;

        while ((ike_sa = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                index = ike_sa->index;
                if (ike_sa_fades(r, ike_sa))
                        each(context, ike_sa->daemon_id, false);
        }
        index = 0;
        while ((child = table_next(r->children, &child_sa_type, &index, 1, false))) {
                index = child->index;
                if (child_fades(r, child))
                        each(context, child->daemon_id, true);
        }
}

void strongswan_remove_sa(struct strongswan_rows *r, uint32_t id, bool child)
{
        const struct child_sa *child_sa = child ? strongswan_find_child(r, id) : NULL;
        const struct ike_sa *ike_sa = child ? NULL : strongswan_find_ike_sa(r, id);

        if (child_sa)
                table_remove(r->children, child_sa, TABLE_DELETED);
        if (!ike_sa)
                return;
        remove_children(r, r->run, id, TABLE_DELETED);
        table_remove(r->ike_sas, ike_sa, TABLE_DELETED);
}
