/*
 * Messages of NETLINK_XFRM: octets in, row out. No descriptor, no table. Whatever the octets are,
 * nothing is read outside of the message.
 */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_PARSE_H
#define IPSEC_REPORT_COLLECTORS_XFRM_PARSE_H

#include "tables/algorithm.h"
#include "xfrm_attributes.h"

#include <net/if.h>

/* Room for the texts of a parsed row, which points into it. */
struct xfrm_text {
        struct algorithm encryption;
        struct algorithm authentication;
        struct algorithm compression;
        char offload_device[IF_NAMESIZE]; /* the parser leaves it empty: only the host knows names
                                           */
        char security_context[SECURITY_CONTEXT_SIZE];
};

/*
 * Fills *sa from XFRM_MSG_NEWSA, UPDSA, DELSA (with its attribute XFRMA_SA) or EXPIRE (which has no
 * algorithms). now: seconds since 1970, by which soft limits of time are judged. The joins' part is
 * zero. 0, or -EBADMSG when the message is too short or its attributes do not add up.
 */
int xfrm_parse_sa(const struct nlmsghdr *nlh, int64_t now, struct xfrm_text *text,
                  struct ipsec_sa *sa);

/*
 * Fills *sa with the larval SA that the kernel makes when it sends this XFRM_MSG_ACQUIRE.
 * expires: seconds that it lives (net.core.xfrm_acq_expires). Returns as above.
 */
int xfrm_parse_acquire(const struct nlmsghdr *nlh, int64_t now, uint32_t expires,
                       struct ipsec_sa *sa);

/* Sets state and moments of expiry from the limits and counters that *sa has. */
void xfrm_judge_sa(struct ipsec_sa *sa, int64_t now);

/* Whether XFRM_MSG_EXPIRE tells of the hard limit; -EBADMSG when it is too short. */
int xfrm_parse_expire_hard(const struct nlmsghdr *nlh);

/* XFRM_MSG_MAPPING: the peer's outer address or port changed behind NAT. Zero-filled. */
struct xfrm_mapping {
        uint32_t spi;
        uint32_t reqid;
        struct inet_addr destination; /* of the SA */
        struct inet_addr old;         /* of the peer */
        struct inet_addr new;
        uint16_t old_port; /* UDP */
        uint16_t new_port;
};

/* 0, or -EBADMSG. */
int xfrm_parse_mapping(const struct nlmsghdr *nlh, struct xfrm_mapping *mapping);

/* XFRM_MSG_FLUSHSA: the protocol flushed, 0 all, IPSEC_PROTO_ANY those with SPIs; or -EBADMSG. */
int xfrm_parse_flush(const struct nlmsghdr *nlh);

/* XFRM_MSG_NEWSADINFO. */
struct xfrm_sad_info {
        uint32_t count; /* SAs that the kernel has */
        uint32_t hash_buckets;
        uint32_t hash_maximum;
};

/* 0 or -EBADMSG. */
int xfrm_parse_sad_info(const struct nlmsghdr *nlh, struct xfrm_sad_info *info);

/* Overwrites the keys in a message with zeros. -EBADMSG: its attributes do not add up. */
int xfrm_blank_keys(struct nlmsghdr *nlh);

/* The same for all messages of a datagram. What cannot be walked is blanked as a whole. */
void xfrm_blank_datagram(void *octets, size_t length);

/* Whether a flush of this protocol takes an SA of that one (the kernel's xfrm_id_proto_match()). */
bool xfrm_flush_takes(int flushed, uint8_t protocol);

#endif
