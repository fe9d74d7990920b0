/*
 * The collector of flows: sockets that have a peer (NETLINK_SOCK_DIAG) and tracked connections
 * (ctnetlink). It reads while somebody asks for ipsrFlowTable, and empties it afterwards.
 */
#ifndef IPSEC_REPORT_COLLECTORS_FLOWS_H
#define IPSEC_REPORT_COLLECTORS_FLOWS_H

#include "collector.h"
#include "recording.h"

#define FLOW_INTERVAL_DEFAULT 5
#define FLOW_IDLE_DEFAULT 60
#define FLOW_MAXIMUM_DEFAULT 262144

struct flows_config {
        uint32_t interval;           /* seconds between full reads while somebody asks */
        uint32_t idle;               /* seconds after the last request until it ends */
        uint32_t maximum;            /* rows at most */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live kernel; what it has is shown unasked */
};

/* NULL without memory. */
struct collector *flows_new(struct loop *loop, struct store *store,
                            const struct flows_config *config);

/* Takes new values; they count from the next read on. */
void flows_configure(struct collector *c, const struct flows_config *config);

/* Somebody asks for the table. Returns at once and changes no table. */
void flows_asked(struct collector *c);

#endif
