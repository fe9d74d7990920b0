/*
 * Messages of NETLINK_XFRM about policies: octets in, rows out. No descriptor, no table. Whatever
 * the octets are, nothing is read outside of the message.
 */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_PARSE_POLICY_H
#define IPSEC_REPORT_COLLECTORS_XFRM_PARSE_POLICY_H

#include "tables/global_scalars.h"
#include "tables/policy_template.h"
#include "xfrm_attributes.h"

/* A policy and what goes with it; the row points into it. */
struct xfrm_policy {
        struct policy row;
        struct policy_template templates[XFRM_MAX_DEPTH]; /* row.templates of them */
        char security_context[SECURITY_CONTEXT_SIZE];
};

/* The message is about the policy of a single socket, which no table has. */
#define XFRM_POLICY_OF_SOCKET 1

/*
 * Fills *policy from XFRM_MSG_NEWPOLICY, UPDPOLICY, DELPOLICY (with its attribute XFRMA_POLICY) or
 * POLEXPIRE. The joins' part is zero. 0, XFRM_POLICY_OF_SOCKET, or -EBADMSG when the message is too
 * short, its attributes do not add up or it has more templates than Linux knows.
 */
int xfrm_parse_policy(const struct nlmsghdr *nlh, struct xfrm_policy *policy);

/* Whether XFRM_MSG_POLEXPIRE tells of the hard limit; -EBADMSG when it is too short. */
int xfrm_parse_policy_expire_hard(const struct nlmsghdr *nlh);

/* XFRM_MSG_FLUSHPOLICY: the enum spd_type flushed; or -EBADMSG. */
int xfrm_parse_policy_flush(const struct nlmsghdr *nlh);

/* XFRM_MSG_NEWSPDINFO. */
struct xfrm_spd_info {
        uint32_t in; /* policies by direction, of both types */
        uint32_t out;
        uint32_t forward;
        uint32_t socket_in; /* of single sockets */
        uint32_t socket_out;
        uint32_t socket_forward;
        uint32_t hash_buckets;
        uint32_t hash_maximum;
};

/* 0 or -EBADMSG. */
int xfrm_parse_spd_info(const struct nlmsghdr *nlh, struct xfrm_spd_info *info);

/* XFRM_MSG_GETDEFAULT, which is an answer as well: what happens where no policy fits. */
struct xfrm_defaults {
        uint8_t in; /* enum default_policy */
        uint8_t forward;
        uint8_t out;
};

/* 0 or -EBADMSG. */
int xfrm_parse_defaults(const struct nlmsghdr *nlh, struct xfrm_defaults *defaults);

#endif
