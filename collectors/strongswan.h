/*
 * The collector of strongSwan, by VICI: IKE SAs, child SAs, connections, traps and shunts,
 * certificates. Events keep the rows current; full reads are rare, since each makes the daemon ask
 * the kernel for every child SA.
 */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_H

#include "collector.h"
#include "opener.h"
#include "recording.h"

#define IKE_INTERVAL_DEFAULT 30
#define IKE_SA_INTERVAL_DEFAULT 300

struct strongswan_config {
        uint32_t interval;           /* seconds between reads of the configuration */
        uint32_t sa_interval;        /* seconds between reads of all SAs */
        struct opener *opener;       /* of the VICI socket */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live daemon */
};

/* NULL without memory. */
struct collector *strongswan_new(struct loop *loop, struct store *store,
                                 const struct strongswan_config *config);

/* Takes new intervals. */
void strongswan_configure(struct collector *c, const struct strongswan_config *config);

#endif
