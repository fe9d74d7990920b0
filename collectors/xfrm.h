/*
 * The collector of the kernel's XFRM state: multicast first, then a dump; events keep the tables
 * current, a dump now and then mends what they do not tell.
 */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_H
#define IPSEC_REPORT_COLLECTORS_XFRM_H

#include "collector.h"
#include "recording.h"

#define XFRM_REDUMP_DEFAULT 10
#define XFRM_CHECK_DEFAULT 30
#define XFRM_RECEIVE_BUFFER_DEFAULT (32u << 20)

struct xfrm_config {
        uint32_t redump_interval; /* seconds between full reads */
        uint32_t check_interval;  /* seconds between comparisons with the kernel's own count */
        uint32_t receive_buffer; /* octets of socket buffer for events: 1,280 for each that waits */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live kernel */
};

/* NULL without memory. The configuration may be changed by xfrm_configure() while it runs. */
struct collector *xfrm_new(struct loop *loop, struct store *store,
                           const struct xfrm_config *config);

/* Takes new intervals; a new receive_buffer counts from the next start. */
void xfrm_configure(struct collector *c, const struct xfrm_config *config);

#endif
