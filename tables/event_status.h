/* ipsrEventStatus: how far the journal is, for a cheap poll. joins/journal.c keeps its one row. */
#ifndef IPSEC_REPORT_TABLES_EVENT_STATUS_H
#define IPSEC_REPORT_TABLES_EVENT_STATUS_H

#include "table.h"

/* The numbers of the newest events; 0 none. */
struct event_status {
        uint32_t newest;
        uint32_t oldest; /* still in the table */
        uint32_t tunnel_down;
        uint32_t negotiation_failed;
        uint32_t ike_auth_failure;
        uint32_t integrity_failures;
        uint32_t replay_failures;
        uint32_t sa_hard_expired;
        uint32_t policy_changed;
        uint32_t collector_down;
        uint32_t capacity;     /* events that the table holds at most; 0: switched off */
        uint64_t lost;         /* left the table to make room */
        int64_t discontinuity; /* monotonic, ms: when lost began */
};

extern const struct table_type event_status_type;

#endif
