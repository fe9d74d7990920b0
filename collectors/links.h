/* What the kernel's messages about links and addresses mean for ipsrInterfaceTable. */
#ifndef IPSEC_REPORT_COLLECTORS_LINKS_H
#define IPSEC_REPORT_COLLECTORS_LINKS_H

#include "tables/store.h"

#include <linux/netlink.h>

/* The settings net.*.conf.all, which count for every interface beside its own. */
struct all_conf {
        bool disable_xfrm;    /* net.ipv4.conf.all.disable_xfrm */
        bool disable_policy;  /* net.ipv4.conf.all.disable_policy */
        bool disable_policy6; /* net.ipv6.conf.all.disable_policy */
};

struct links {
        struct table *table; /* ipsrInterfaceTable */
        struct link *links;  /* all that are known, by their index */
        struct all_conf all;
        uint16_t sweep; /* number of the full read */
        bool sweeping;
        bool complete; /* a full read has ended well */
};

void links_init(struct links *l, struct store *store);

/* Forgets all links; the table's rows stay. */
void links_free(struct links *l);

/*
 * Takes one message, from a dump or told by multicast, into the table. Messages about anything else
 * are passed over. 0, -EBADMSG for a damaged one, -ENOMEM.
 */
int links_apply(struct links *l, const struct nlmsghdr *nlh, enum table_source source);

/*
 * A full read of links, then of addresses. What an event told meanwhile is newer than what the read
 * brings; what neither told is gone. links_sweep_abort() ends a read that failed: nothing goes.
 */
void links_sweep_begin(struct links *l);
void links_sweep_end(struct links *l);
void links_sweep_abort(struct links *l);

/* Takes other settings for all interfaces. */
int links_set_all(struct links *l, const struct all_conf *all);

#endif
