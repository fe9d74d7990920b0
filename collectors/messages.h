/* The messages of a netlink datagram, one after the other. */
#ifndef IPSEC_REPORT_COLLECTORS_MESSAGES_H
#define IPSEC_REPORT_COLLECTORS_MESSAGES_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

/* Where a walk stands. Begin with the datagram's octets and its length. */
struct messages {
        char *at;
        size_t left; /* octets from there on; not 0 at the end: what is left is no whole message */
};

/*
 * The next message, all of which lies in the datagram, or NULL. libmnl's own check takes a length
 * above 2^31 for a negative one, which fits everywhere.
 */
struct nlmsghdr *messages_next(struct messages *m);

/* Calls handle for each whole message. False: what is left behind them is none. */
bool messages_each(const void *octets, size_t length,
                   void (*handle)(void *context, const struct nlmsghdr *nlh), void *context);

#endif
