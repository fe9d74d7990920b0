/* What the kernel's messages about policies mean for ipsrPolicyTable and ipsrPolicyTemplateTable.
 */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_POLICIES_H
#define IPSEC_REPORT_COLLECTORS_XFRM_POLICIES_H

#include "tables/store.h"
#include "xfrm_parse_policy.h"

struct xfrm_policies {
        struct table *table;           /* ipsrPolicyTable */
        struct table *templates;       /* ipsrPolicyTemplateTable */
        struct xfrm_defaults defaults; /* what happens where no policy fits */
        bool defaults_told; /* by an event, since a full read asked: its answer is older */
};

void xfrm_policies_init(struct xfrm_policies *x, struct store *store);

/*
 * Takes one message, from a dump or told by multicast, into the tables. Messages about anything
 * else are passed over, those about policies of single sockets too. 0, -EBADMSG for a damaged one,
 * -ENOMEM.
 */
int xfrm_policies_apply(struct xfrm_policies *x, const struct nlmsghdr *nlh,
                        enum table_source source);

#endif
