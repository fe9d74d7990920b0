/* What the kernel's messages about SAs mean for ipsrIpsecSaTable. */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_SAS_H
#define IPSEC_REPORT_COLLECTORS_XFRM_SAS_H

#include "loop.h"
#include "tables/store.h"
#include "xfrm_parse.h"

#include <linux/netlink.h>

/* Mappings remembered, by SPI: a repeated one is told once. */
#define MAPPINGS 64

struct xfrm_sas {
        struct table *table;       /* ipsrIpsecSaTable */
        struct table *occurrences; /* what is no row's change: a new NAT mapping, a migration */
        struct loop *loop;         /* for the clocks */
        uint32_t acquire_expires;  /* seconds, net.core.xfrm_acq_expires */
        struct xfrm_mapping mappings[MAPPINGS];
};

/* The message means that the kernel changed SAs without telling which. */
#define XFRM_SAS_RESYNC 1

void xfrm_sas_init(struct xfrm_sas *x, struct loop *loop, struct store *store);

/*
 * Takes one message, from a dump or told by multicast, into the table. Messages about anything else
 * are passed over. 0, XFRM_SAS_RESYNC, -EBADMSG for a damaged one, -ENOMEM.
 */
int xfrm_sas_apply(struct xfrm_sas *x, const struct nlmsghdr *nlh, enum table_source source);

#endif
