/*
 * Messages of NETLINK_SOCK_DIAG about sockets of the Internet: octets in, plain values out. No
 * descriptor, no table. Whatever the octets are, nothing is read outside of the message.
 */
#ifndef IPSEC_REPORT_COLLECTORS_SOCK_DIAG_H
#define IPSEC_REPORT_COLLECTORS_SOCK_DIAG_H

#include "tables/inet_addr.h"

#include <linux/netlink.h>

/* A socket with a peer. Numbers are in host order. */
struct socket_message {
        struct inet_addr local; /* IPv4 where IPv6 carries it (::ffff:a.b.c.d) */
        struct inet_addr remote;
        uint16_t local_port; /* 0 for protocols without ports */
        uint16_t remote_port;
        uint8_t protocol;  /* IANA's number */
        uint32_t if_index; /* that it is bound to; 0 none */
        uint32_t mark;     /* SO_MARK; told to those with CAP_NET_ADMIN */
};

/* The message is about something else, or about a socket that sends nothing to anybody now: a
 * listener, one without a peer, one that is closed. */
#define SOCK_DIAG_OTHER 1

/*
 * Fills *socket from an answer to SOCK_DIAG_BY_FAMILY. protocol is the one that was asked for,
 * which the message does not tell. 0, SOCK_DIAG_OTHER, or -EBADMSG.
 */
int sock_diag_parse(const struct nlmsghdr *nlh, uint8_t protocol, struct socket_message *socket);

#endif
