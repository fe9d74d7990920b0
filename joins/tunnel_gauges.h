/*
 * What ipsrGlobal tells of IKE SAs and tunnels: gauges, and totals that the state file keeps. All
 * is counted as rows change.
 */
#ifndef IPSEC_REPORT_JOINS_TUNNEL_GAUGES_H
#define IPSEC_REPORT_JOINS_TUNNEL_GAUGES_H

#include "collectors/loop.h"
#include "tables/global_scalars.h"
#include "tables/store.h"

struct tunnel_gauges;

/* The totals of struct global_ike. */
struct ike_totals {
        uint64_t sa_ups;
        uint64_t sa_losses;
        uint64_t child_rekeys;
        uint64_t sa_rekeys;
        uint64_t authentication_failures;
        uint64_t negotiation_failures;
};

/*
 * Goes on from the totals of an earlier run, and follows the store's tables; tunnels that are there
 * already are those of that run. The row of ipsrGlobal must be there. NULL without memory.
 */
struct tunnel_gauges *tunnel_gauges_new(struct store *store, struct loop *loop,
                                        const struct ike_totals *saved);
void tunnel_gauges_free(struct tunnel_gauges *g);

#endif
