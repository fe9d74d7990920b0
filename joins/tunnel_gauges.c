#include "tunnel_gauges.h"

#include "attempts.h"
#include "failure.h"

#include "tables/configured_policy.h"
#include "tables/ike_sa.h"
#include "tables/ipsec_sa.h"
#include "tables/occurrence.h"
#include "tables/tunnel.h"

#include <stdlib.h>
#include <string.h>

struct tunnel_gauges {
        struct loop *loop;
        struct loop_timer *timer; /* runs while there is something to tell */
        struct table *global;
        struct global_ike ike;
        struct attempts attempts;
        uint32_t came_up; /* IKE SAs in this turn, successors of a rekey among them */
        uint32_t rekeyed; /* in this turn */
};

/* A successor is up before its predecessor says that it was rekeyed, in one turn. */
static void settle(struct tunnel_gauges *g)
{
        g->ike.sa_ups += g->came_up > g->rekeyed ? g->came_up - g->rekeyed : 0;
        g->came_up = g->rekeyed = 0;
}

/* The rest of the row is others'. */
static void tell(void *context)
{
        struct tunnel_gauges *g = context;
        struct global_scalars row;

        g->timer = NULL;
        settle(g);
        memcpy(&row, table_find(g->global, &(struct global_scalars){ 0 }), sizeof(row));
        row.ike = g->ike;
        table_update(g->global, &row);
}

static void tell_soon(struct tunnel_gauges *g)
{
        if (!g->timer)
                g->timer = g->loop->after(g->loop, 0, tell, g);
}

/* ---- IKE SAs ---- */

static bool is_up(const struct ike_sa *row)
{
        return row && !row->ended &&
               (row->state == IKE_ESTABLISHED || row->state == IKE_PASSIVE ||
                row->state == IKE_REKEYING);
}

static bool is_half_open(const struct ike_sa *row)
{
        return row && !row->ended && (row->state == IKE_CREATED || row->state == IKE_CONNECTING);
}

static bool is_rekeying(const struct ike_sa *row)
{
        return row && !row->ended && row->state == IKE_REKEYING;
}

static void step(uint32_t *gauge, bool before, bool after)
{
        *gauge += (uint32_t)after - (uint32_t)before;
}

static void count_ike_sa(struct tunnel_gauges *g, const struct ike_sa *old,
                         const struct ike_sa *row)
{
        if (!is_up(old) && is_up(row))
                g->came_up++;
        if (is_up(old) && row && row->state == IKE_REKEYED) {
                g->rekeyed++;
                g->ike.sa_rekeys++;
        } else if (is_up(old) && !is_up(row)) {
                g->ike.sa_losses++;
        }
}

/* Once: at the daemon's word, else at its end; libreswan tells of no end. */
static bool has_failed(const struct ike_sa *old, const struct ike_sa *row, enum table_reason reason)
{
        bool was_told = old && old->reason != 0;

        if (!row)
                return is_half_open(old) && !was_told && reason != TABLE_LOST;
        if (row->state != IKE_CREATED && row->state != IKE_CONNECTING)
                return is_up(row) && row->reason != 0 && !was_told && failure_is_of_child(row);
        if (was_told || (old && old->ended))
                return false;
        return row->reason != 0 || row->ended;
}

static void count_failure(struct tunnel_gauges *g, const struct ike_sa *row)
{
        struct moment now;

        g->loop->now(g->loop, &now);
        if (failure_of(row).authentication)
                g->ike.authentication_failures++;
        else if (attempt_daemon_failed(&g->attempts, row->policy_key, now.wall))
                g->ike.negotiation_failures++;
}

/* Which policy an IKE SA is of a join tells a moment later. */
static void follow_attempts(struct tunnel_gauges *g, const struct ike_sa *old,
                            const struct ike_sa *row)
{
        const char *from = is_half_open(old) ? old->policy_key : NULL;
        const char *to = is_half_open(row) ? row->policy_key : NULL;

        if (from == to)
                return;
        attempt_begins(&g->attempts, to);
        attempt_ends(&g->attempts, from);
}

static void ike_sa_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        struct tunnel_gauges *g = context;

        (void)event;
        step(&g->ike.sas_established, is_up(before), is_up(after));
        step(&g->ike.sas_half_open, is_half_open(before), is_half_open(after));
        step(&g->ike.sas_rekeying, is_rekeying(before), is_rekeying(after));
        count_ike_sa(g, before, after);
        if (has_failed(before, after, reason))
                count_failure(g, after ? after : before);
        follow_attempts(g, before, after);
        tell_soon(g);
}

/* What only a counter of the daemon's tells of. */
static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        const struct occurrence *o = after;
        struct tunnel_gauges *g = context;

        (void)reason;
        (void)before;
        if (event != TABLE_ADDED || o->kind != EVENT_IKE_AUTH_FAILURE || !o->alone)
                return;
        g->ike.authentication_failures += o->count;
        tell_soon(g);
}

/* ---- packets that waited in vain ---- */

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *sa = before;
        struct tunnel_gauges *g = context;

        (void)after;
        if (event != TABLE_REMOVED || reason != TABLE_EXPIRED || sa->spi != 0)
                return;
        if (!attempt_acquire_failed(&g->attempts, sa->tunnel_policy_key, sa->add_time))
                return;
        g->ike.negotiation_failures++;
        tell_soon(g);
}

/* ---- tunnels ---- */

static uint32_t *gauge_of(struct tunnel_gauges *g, const struct tunnel *row)
{
        if (!row || row->instance == TUNNEL_TEMPLATE)
                return NULL;
        switch (row->state) {
        case TUNNEL_UP:
                return &g->ike.tunnels_up;
        case TUNNEL_CONNECTING:
                return &g->ike.tunnels_connecting;
        case TUNNEL_REKEYING:
                return &g->ike.tunnels_rekeying;
        case TUNNEL_DOWN:
                return &g->ike.tunnels_down;
        case TUNNEL_IDLE:
                return &g->ike.tunnels_idle;
        case TUNNEL_NOT_CONFIGURED:
                return &g->ike.tunnels_not_configured;
        default:
                return NULL;
        }
}

static void count_tunnel(struct tunnel_gauges *g, const struct tunnel *old,
                         const struct tunnel *row)
{
        uint32_t *from = gauge_of(g, old), *to = gauge_of(g, row);

        if (from)
                --*from;
        if (to)
                ++*to;
        if (row && row->instance != TUNNEL_TEMPLATE && old && row->rekeys > old->rekeys)
                g->ike.child_rekeys += row->rekeys - old->rekeys;
}

static void tunnel_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        struct tunnel_gauges *g = context;

        (void)event;
        (void)reason;
        count_tunnel(g, before, after);
        tell_soon(g);
}

static bool is_configured(const struct configured_policy *row)
{
        return row && row->action == RULE_DYNAMIC_KEY;
}

static void configured_changed(void *context, enum table_event event, enum table_reason reason,
                               const void *before, const void *after)
{
        struct tunnel_gauges *g = context;

        (void)event;
        (void)reason;
        step(&g->ike.tunnels_configured, is_configured(before), is_configured(after));
        tell_soon(g);
}

/* ---- what the header offers ---- */

static void count_restored(struct tunnel_gauges *g, struct table *rows)
{
        const struct tunnel *row;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        while ((row = table_next(rows, &tunnel_type, oid, length, false))) {
                count_tunnel(g, NULL, row);
                length = index_encode(&tunnel_type, row, oid);
        }
}

struct tunnel_gauges *tunnel_gauges_new(struct store *store, struct loop *loop,
                                        const struct ike_totals *saved)
{
        struct tunnel_gauges *g = calloc(1, sizeof(*g));

        if (!g)
                return NULL;
        g->loop = loop;
        g->global = store_table(store, &global_scalars_type);
        g->ike.sa_ups = saved->sa_ups;
        g->ike.sa_losses = saved->sa_losses;
        g->ike.child_rekeys = saved->child_rekeys;
        g->ike.sa_rekeys = saved->sa_rekeys;
        g->ike.authentication_failures = saved->authentication_failures;
        g->ike.negotiation_failures = saved->negotiation_failures;
        count_restored(g, store_table(store, &tunnel_type));
        if (table_subscribe(store_table(store, &ike_sa_type), ike_sa_changed, g) < 0 ||
            table_subscribe(store_table(store, &occurrence_type), occurred, g) < 0 ||
            table_subscribe(store_table(store, &ipsec_sa_type), sa_changed, g) < 0 ||
            table_subscribe(store_table(store, &tunnel_type), tunnel_changed, g) < 0 ||
            table_subscribe(store_table(store, &configured_policy_type), configured_changed, g) <
                    0) {
                free(g);
                return NULL;
        }
        tell(g);
        return g;
}

void tunnel_gauges_free(struct tunnel_gauges *g)
{
        if (!g)
                return;
        g->loop->cancel(g->loop, g->timer);
        attempts_clear(&g->attempts);
        free(g);
}
