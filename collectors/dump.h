/*
 * Dumps of the kernel over one netlink socket, one after the other: one datagram for each turn of
 * the loop, so that a long one delays nobody.
 */
#ifndef IPSEC_REPORT_COLLECTORS_DUMP_H
#define IPSEC_REPORT_COLLECTORS_DUMP_H

#include "loop.h"
#include "netlink.h"
#include "recording.h"

#include <stdbool.h>

/* Who is told what comes. Each may ask for the next dump; none may close this one. */
struct dump_owner {
        /* One message of the answer. */
        void (*message)(void *context, const struct nlmsghdr *nlh);
        /* The answer is over: err 0, or the negative errno that it ended with. */
        void (*done)(void *context, int err);
        /* What is left of a datagram is no message. */
        void (*damaged)(void *context);
};

struct dump {
        struct loop *loop;
        struct recording *recording; /* NULL: none */
        const struct dump_owner *owner;
        void *context;

        struct netlink socket;
        const char *stream; /* of the dump under way; NULL: none is */
};

/* Opens the socket for a bus (NETLINK_SOCK_DIAG). 0 or a negative errno. */
int dump_open(struct dump *d, int bus);
void dump_close(struct dump *d);
bool dump_is_open(const struct dump *d);

/* Asks; what comes is recorded as the stream. 0 or a negative errno. None may be under way. */
int dump_ask(struct dump *d, uint16_t type, const void *payload, size_t length, const char *stream);

/* Forgets what is under way: the rest of its answer is passed over. */
void dump_abort(struct dump *d);

/* Takes a datagram of a recording, of whatever sequence number. done() comes as in life. */
void dump_replay(struct dump *d, const char *stream, const void *octets, size_t length);

#endif
