/*
 * The collector of the kernel's audit: what it tells live of IPsec, in the initial network
 * namespace and as long as audit is on. Packets without an SA, forged and replayed ones become
 * occurrences, one by one; joins bound what comes of them. So do other records that nothing else
 * tells of: changes of SAs and policies that were refused. Of these it bounds itself what it tells
 * (flood.h). Changes that were made are the XFRM collector's. It has no rows.
 */
#ifndef IPSEC_REPORT_COLLECTORS_AUDIT_H
#define IPSEC_REPORT_COLLECTORS_AUDIT_H

#include "collector.h"
#include "recording.h"

struct audit_config {
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live kernel */
};

/* NULL without memory. */
struct collector *audit_new(struct loop *loop, struct store *store,
                            const struct audit_config *config);

#endif
