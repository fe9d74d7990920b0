/* SAs as the kernel looks for them: by reqid, protocol, mode and ends. What several joins need. */
#ifndef IPSEC_REPORT_JOINS_SA_LOOKUP_H
#define IPSEC_REPORT_JOINS_SA_LOOKUP_H

#include "tables/ipsec_sa.h"

/* What SAs are sought by; an address that is NULL may be any. */
struct sa_ends {
        uint32_t reqid;
        uint8_t protocol;
        uint8_t mode;
        const struct inet_addr *destination;
        const struct inet_addr *source;
};

/* The first SA with these ends, or the one after it; NULL at the end. They lie together in a view
 * of ipsrIpsecSaTable. */
const struct ipsec_sa *sa_next(struct table *sas, const struct sa_ends *ends,
                               const struct ipsec_sa *sa);

/* Whether the SA can carry packets. */
bool sa_is_usable(const struct ipsec_sa *sa);

/* The same type and octets. */
bool address_same(const struct inet_addr *a, const struct inet_addr *b);

/* Whether all octets are zero: no address, or the unspecified one. */
bool address_is_any(const struct inet_addr *address);

/* Whether the address lies in the network; one of no bits has all, of either type. */
bool address_within(const struct inet_addr *network, const struct inet_addr *address);

#endif
