/*
 * Hands out what only root may open: connections to the IKE daemons' sockets, and what their own
 * commands print. Whoever implements it decides where they are; a collector only says what it wants
 * of which daemon.
 */
#ifndef IPSEC_REPORT_COLLECTORS_OPENER_H
#define IPSEC_REPORT_COLLECTORS_OPENER_H

enum opener_target {
        OPENER_VICI = 1, /* strongSwan's VICI socket */
        /* What libreswan's whack prints: each a pipe. */
        OPENER_WHACK_VERSION = 2,       /* --version; without the daemon */
        OPENER_WHACK_GLOBALSTATUS = 3,  /* --globalstatus */
        OPENER_WHACK_STATUS = 4,        /* --status */
        OPENER_WHACK_SHOWSTATES = 5,    /* --showstates */
        OPENER_WHACK_TRAFFICSTATUS = 6, /* --trafficstatus */
};

/*
 * What a command has printed ends in a NUL and its exit status, 128 and more for a signal; without
 * it the end is missing: it took too long.
 */
#define OPENER_TRAILER 2

/* Seconds until a command that does not end is ended. One that is asked for ends the one before. */
#define OPENER_COMMAND_TIME 10

/*
 * fd: a connected, non-blocking descriptor, from now on the receiver's; or a negative errno, with
 * -ENOENT and -ECONNREFUSED where no daemon listens, -ENOENT where the command is not installed.
 */
typedef void opener_given(void *context, int fd);

struct opener {
        /* Calls given once, later or before it returns. 0, or -ENOMEM: then it is not called. */
        int (*ask)(struct opener *opener, enum opener_target target, opener_given *given,
                   void *context);
        /* Nothing that was asked with this context is given any more. */
        void (*forget)(struct opener *opener, void *context);
};

#endif
