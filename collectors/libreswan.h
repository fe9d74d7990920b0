/*
 * The collector of libreswan, by its command whack, which the opener runs: connections, IKE SAs,
 * child SAs. pluto tells nothing unasked; so it is asked again and again, and soon after something
 * changed.
 */
#ifndef IPSEC_REPORT_COLLECTORS_LIBRESWAN_H
#define IPSEC_REPORT_COLLECTORS_LIBRESWAN_H

#include "collector.h"
#include "opener.h"
#include "recording.h"

#define LIBRESWAN_INTERVAL_DEFAULT 10

struct libreswan_config {
        uint32_t interval;           /* seconds between reads */
        struct opener *opener;       /* of the command */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live daemon */
};

/* NULL without memory. */
struct collector *libreswan_new(struct loop *loop, struct store *store,
                                const struct libreswan_config *config);

/* Takes a new interval. */
void libreswan_configure(struct collector *c, const struct libreswan_config *config);

#endif
