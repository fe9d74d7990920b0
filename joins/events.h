/*
 * What happens, as events of the journal: each subject has a file of its own (events_*.c), which
 * follows tables and compares before and after. None asks, none looks through a table.
 *
 * What is there already when the agent starts is no event, unless it is a condition that somebody
 * must look at: a certificate or an SA near its end. A normal rekey is silent.
 */
#ifndef IPSEC_REPORT_JOINS_EVENTS_H
#define IPSEC_REPORT_JOINS_EVENTS_H

#include "journal.h"

#define EXPIRY_WARNING_SECONDS_DEFAULT 60
#define EXPIRY_WARNING_PERCENT_DEFAULT 5
#define INTEGRITY_FAILURE_RATE_DEFAULT 5
#define REPLAY_FAILURE_RATE_DEFAULT 20
#define FAILURE_INTERVAL_DEFAULT 60
#define CERTIFICATE_WARNING_DAYS_DEFAULT 14

struct events_config {
        uint32_t expiry_seconds;     /* an SA with less time than that is near its end */
        uint32_t expiry_percent;     /* or with less of its time, octets, packets, numbers */
        uint32_t integrity_failures; /* packets in an interval; more are an event */
        uint32_t replay_failures;    /* the same */
        uint32_t failure_interval;   /* seconds in which failures are counted */
        uint32_t drop_interval;      /* seconds in which drops are one event for each counter */
        uint32_t certificate_days;   /* a certificate that ends within them is near its end */
        const char *const *idle_patterns; /* of names of tunnels that may be down; fnmatch(3) */
        size_t n_idle_patterns;
};

struct events;

/*
 * Follows the store's tables from now on; rows of tunnels that are there already are of an earlier
 * run. NULL without memory.
 */
struct events *events_new(struct store *store, struct loop *loop, struct journal *journal,
                          const struct events_config *config);
void events_free(struct events *e);

/* Takes new settings; the patterns must stay where they are until the next call. */
void events_configure(struct events *e, const struct events_config *config);

#endif
