/* A netlink socket: non-blocking, its receive buffer kept out of swap and core dumps, and wiped. */
#ifndef IPSEC_REPORT_COLLECTORS_NETLINK_H
#define IPSEC_REPORT_COLLECTORS_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct netlink {
        int fd;            /* -1 while closed */
        char *buffer;      /* of NETLINK_BUFFER_SIZE octets */
        uint32_t sequence; /* of the last request */
};

/* The kernel sends at most 32 KiB at once. */
#define NETLINK_BUFFER_SIZE 65536

/* A struct netlink that is not open. */
#define NETLINK_CLOSED                                                                             \
        {                                                                                          \
                .fd = -1                                                                           \
        }

/* Opens the socket for a bus (NETLINK_XFRM). socket_buffer: octets that the kernel may keep for us,
 * 0 for its default. 0 or a negative errno. */
int netlink_open(struct netlink *nl, int bus, uint32_t socket_buffer);
void netlink_close(struct netlink *nl);

/* Joins a multicast group by its number. 0 or a negative errno. */
int netlink_join(struct netlink *nl, uint32_t group);

/* Sends one request; flags as NLM_F_DUMP, NLM_F_REQUEST is added. 0 or a negative errno. */
int netlink_request(struct netlink *nl, uint16_t type, uint16_t flags, const void *payload,
                    size_t length);

/*
 * Receives one datagram into the buffer. Its length; 0 for one that is not from the kernel;
 * -EAGAIN when there is none, -ENOBUFS when the kernel dropped some, -EMSGSIZE for one that was
 * cut.
 */
ssize_t netlink_receive(struct netlink *nl);

/* Whether something waits to be received, be it the news that the kernel dropped some. */
bool netlink_has_more(const struct netlink *nl);

/* Overwrites what was received. */
void netlink_wipe(struct netlink *nl, size_t length);

#endif
