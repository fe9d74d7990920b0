/* The attributes of a message of NETLINK_XFRM, and what messages about SAs and policies share. */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_ATTRIBUTES_H
#define IPSEC_REPORT_COLLECTORS_XFRM_ATTRIBUTES_H

#include "tables/ipsec_sa.h"
#include "xfrm_uapi.h"

/* The attributes of one message, by type; of one that comes twice, the last. */
struct attributes {
        const struct nlattr *by_type[XFRM_ATTRIBUTE_MAX + 1];
};

/* Room for a security context. */
#define SECURITY_CONTEXT_SIZE 256

/* Finds the attributes behind a fixed part of so many octets. 0, or -EBADMSG when the message is
 * shorter or its attributes do not add up. */
int attributes_find(const struct nlmsghdr *nlh, size_t header, struct attributes *a);

/* One attribute after the other; NULL where none fits any more. */
struct nlattr *attributes_first(const struct nlmsghdr *nlh, size_t header);
struct nlattr *attributes_next(const struct nlmsghdr *nlh, const struct nlattr *attr);

/* Copies the attribute if it is there with at least so many octets: messages are aligned to 4 only.
 */
bool attributes_get(const struct attributes *a, unsigned int type, void *to, size_t size);

/* The attribute's number; 0: it is not there. */
uint32_t attributes_u32(const struct attributes *a, unsigned int type);

/* XFRMA_SEC_CTX as text; NULL: there is none. */
const char *attributes_security_context(const struct attributes *a,
                                        char text[SECURITY_CONTEXT_SIZE]);

/* XFRMA_MARK; 0 and 0: there is none. */
void attributes_mark(const struct attributes *a, uint32_t *mark, uint32_t *mask);

/* The limits of an SA or a policy: the kernel's "infinite" and 0 are none. */
void xfrm_limits(const struct xfrm_lifetime_cfg *lft, struct sa_limits *hard,
                 struct sa_limits *soft);

/* A moment from outside, such that no sum of it overflows. */
int64_t xfrm_epoch(uint64_t seconds);

/* enum ipsec_mode of XFRM_MODE_*. */
uint8_t xfrm_mode(uint8_t mode);

#endif
