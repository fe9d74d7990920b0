/*
 * What collectors tell that is no row's change: an alert of a daemon, a flush, a new NAT mapping, a
 * record of the audit. No row stays: occurrence_tell() puts one and removes it, and whoever
 * subscribed to the table has heard of it.
 */
#ifndef IPSEC_REPORT_TABLES_OCCURRENCE_H
#define IPSEC_REPORT_TABLES_OCCURRENCE_H

#include "event.h"

/* Zero, NULL and unknown stand for what is not known. */
struct occurrence {
        uint32_t number; /* the key; occurrence_tell() sets it */

        uint8_t kind;               /* enum event_kind */
        uint8_t entity;             /* enum event_entity */
        uint8_t reason;             /* enum reason */
        uint8_t daemon;             /* enum ike_daemon that told of it; 0 none did */
        uint32_t spi;               /* of the SA */
        uint32_t count;             /* of what it is about, where that is more than one */
        bool alone;                 /* no row of an IKE SA tells of it, too */
        const char *ike_policy_key; /* of the connection, as in ipsrIkePolicyTable */
        const char *child_key;      /* of the child, as in ipsrConfiguredPolicyTable */
        const char *remote_identity;
        const char *initiator_spi; /* of the IKE SA, 16 hexadecimal digits */
        const char *responder_spi;
        struct inet_addr local; /* outer addresses */
        struct inet_addr remote;
        const char *text; /* what its source says, in words; no key material, ever */
};

extern const struct table_type occurrence_type;

/* Tells the subscribers of the table of it. 0 or -ENOMEM. */
int occurrence_tell(struct table *occurrences, struct occurrence *occurrence);

#endif
