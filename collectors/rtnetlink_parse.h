/*
 * Messages of NETLINK_ROUTE about links and addresses: octets in, plain values out. No descriptor,
 * no table. Whatever the octets are, nothing is read outside of the message.
 */
#ifndef IPSEC_REPORT_COLLECTORS_RTNETLINK_PARSE_H
#define IPSEC_REPORT_COLLECTORS_RTNETLINK_PARSE_H

#include "tables/inet_addr.h"

#include <linux/netlink.h>
#include <net/if.h>

/* What a message tells of a link. The kernel has shorter ones, which tell just what changed. */
struct link_message {
        uint32_t if_index;
        bool is_up;             /* IFF_UP */
        char name[IF_NAMESIZE]; /* empty: not told */
        bool is_whole;          /* all below is told */
        bool tells_ipv4;        /* IPv4 is configured there, and so: */
        bool disable_xfrm;      /* net.ipv4.conf.NAME.disable_xfrm */
        bool disable_policy;    /* net.ipv4.conf.NAME.disable_policy */
        bool tells_ipv6;        /* the same for IPv6 */
        bool disable_policy6;   /* net.ipv6.conf.NAME.disable_policy */
        uint32_t xfrm_if_id;    /* of an XFRM interface; 0 none */
        uint32_t xfrm_link;     /* 0 none */
};

struct address_message {
        uint32_t if_index;
        struct inet_addr address; /* our own, not the peer's; none for a family that is not IP */
        struct inet_addr network; /* IFA_ADDRESS with its prefix: tells two equal addresses apart */
        char label[IF_NAMESIZE];  /* empty: none */
};

/* The message is about something else, such as a port of a bridge. */
#define RTNETLINK_OTHER 1

/* RTM_NEWLINK, RTM_DELLINK. 0, RTNETLINK_OTHER, or -EBADMSG for a damaged one. */
int rtnetlink_parse_link(const struct nlmsghdr *nlh, struct link_message *link);

/* RTM_NEWADDR, RTM_DELADDR. Returns as above. */
int rtnetlink_parse_address(const struct nlmsghdr *nlh, struct address_message *address);

#endif
