/* What the agent knows of former runs: kept in a file, so that totals go on. */
#ifndef IPSEC_REPORT_AGENT_STATE_H
#define IPSEC_REPORT_AGENT_STATE_H

#include "collectors/loop.h"
#include "joins/totals.h"
#include "joins/tunnel_gauges.h"
#include "joins/tunnels.h"
#include "tables/store.h"

#define STATE_INTERVAL_DEFAULT 10

struct state;

/*
 * Reads the file into both joins, which must be new, and keeps them in it from now on: at most one
 * write in so many seconds, and one more at the end of a turn in which SAs went. What goes wrong is
 * logged once. NULL without memory.
 */
struct state *state_new(struct store *store, struct loop *loop, struct tunnels *tunnels,
                        struct totals *totals, const char *path, uint32_t interval);

/* What an earlier run has counted of IKE SAs. NULL is allowed: nothing. */
const struct ike_totals *state_ike_totals(const struct state *s);

/* What an earlier run has counted of notifications. */
struct notification_totals {
        uint64_t sent;
        uint64_t suppressed;
};

/* NULL is allowed: nothing. */
const struct notification_totals *state_notifications(const struct state *s);

/* Takes a new interval. */
void state_configure(struct state *s, uint32_t interval);

/* Writes what has changed. Call before rows go for other reasons than their sources'. NULL is
 * allowed. */
void state_flush(struct state *s);

/* Call before the joins are freed. NULL is allowed. */
void state_free(struct state *s);

#endif
