/*
 * Messages of ctnetlink: octets in, plain values out. No descriptor, no table. Whatever the octets
 * are, nothing is read outside of the message.
 */
#ifndef IPSEC_REPORT_COLLECTORS_CONNTRACK_H
#define IPSEC_REPORT_COLLECTORS_CONNTRACK_H

#include "tables/flow.h"

#include <linux/netlink.h>

/* The type of the request and of its answers. */
#define CONNTRACK_GET 0x101
#define CONNTRACK_NEW 0x100

/* The packets of one direction, as they arrive: before any translation of addresses. */
struct conntrack_tuple {
        struct inet_addr source;
        struct inet_addr destination;
        uint8_t protocol;     /* IANA's number */
        uint16_t source_port; /* 0 for protocols without ports */
        uint16_t destination_port;
        struct flow_ports ports; /* as selectors see them: of ICMP type and code */
};

struct conntrack_message {
        struct conntrack_tuple original; /* of who began */
        struct conntrack_tuple reply;
};

/* The message is about something else, or of a connection that is over. */
#define CONNTRACK_OTHER 1

/* Fills *m from an answer to CONNTRACK_GET. 0, CONNTRACK_OTHER, or -EBADMSG. */
int conntrack_parse(const struct nlmsghdr *nlh, struct conntrack_message *m);

/* As the packets of a direction leave: the other direction's, turned round. */
void conntrack_turn(const struct conntrack_tuple *tuple, const struct conntrack_tuple *other,
                    struct conntrack_tuple *turned);

#endif
