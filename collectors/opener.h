/*
 * Hands out what only root may open: connections to the IKE daemons' sockets. Whoever implements it
 * decides where they are; a collector only says which daemon it wants to talk to.
 */
#ifndef IPSEC_REPORT_COLLECTORS_OPENER_H
#define IPSEC_REPORT_COLLECTORS_OPENER_H

enum opener_target {
        OPENER_VICI = 1, /* strongSwan's VICI socket */
};

/*
 * fd: a connected, non-blocking descriptor, from now on the receiver's; or a negative errno, with
 * -ENOENT and -ECONNREFUSED where no daemon listens.
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
