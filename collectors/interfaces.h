/*
 * The collector of interfaces and their addresses: multicast first, then a dump of links and one of
 * addresses; events keep the table current. Settings that no event tells (sysctl) are found by
 * reading anew every few seconds.
 */
#ifndef IPSEC_REPORT_COLLECTORS_INTERFACES_H
#define IPSEC_REPORT_COLLECTORS_INTERFACES_H

#include "collector.h"
#include "recording.h"

#define INTERFACE_INTERVAL_DEFAULT 5

struct interfaces_config {
        uint32_t interval;           /* seconds between full reads */
        uint32_t receive_buffer;     /* octets of socket buffer for events */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live kernel */
};

/* NULL without memory. */
struct collector *interfaces_new(struct loop *loop, struct store *store,
                                 const struct interfaces_config *config);

/* Takes a new interval; a new receive_buffer counts from the next start. */
void interfaces_configure(struct collector *c, const struct interfaces_config *config);

#endif
