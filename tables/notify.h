/*
 * ipsrNotifyObjects: what notifications tell beside the columns of rows. Nobody can read them; a
 * row of this table goes with each event that has a notification, until that is sent or suppressed.
 */
#ifndef IPSEC_REPORT_TABLES_NOTIFY_H
#define IPSEC_REPORT_TABLES_NOTIFY_H

#include "event.h"

/* Which limit of an SA is reached or near. */
enum notify_limit {
        LIMIT_TIME = 1,
        LIMIT_OCTETS = 2,
        LIMIT_PACKETS = 3,
        LIMIT_SEQUENCE_NUMBERS = 4,
        LIMIT_UNKNOWN = 5,
};

/* What happened to a policy. */
enum notify_policy_change {
        POLICY_ADDED = 1,
        POLICY_CHANGED = 2,
        POLICY_REMOVED = 3,
        POLICY_FLUSHED = 4, /* all of them */
        POLICY_DEFAULT_CHANGED = 5,
        POLICY_CHANGE_UNKNOWN = 6,
};

/* What the event of this number is about. Zero, NULL and unknown stand for none. */
struct notify {
        uint32_t event; /* ipsrEventNumber: the key */

        uint8_t tunnel_state;     /* enum tunnel_state */
        uint8_t ike_sa_state;     /* enum ike_state */
        uint8_t sa_protocol;      /* enum ipsec_protocol */
        uint8_t sa_direction;     /* enum ipsec_direction */
        uint8_t sa_state;         /* enum sa_state; of one that is gone, the last one */
        uint8_t limit;            /* enum notify_limit */
        uint8_t policy_type;      /* enum spd_type */
        uint8_t policy_direction; /* enum ipsec_direction */
        uint8_t policy_change;    /* enum notify_policy_change */
        uint8_t reason;           /* enum reason; the event's */
        uint8_t severity;         /* enum severity; the event's */
        bool cleared;             /* it tells of a recovery */
        const char *tunnel_name;  /* as in ipsrTunnelName */
        struct inet_addr local;   /* outer addresses */
        struct inet_addr remote;
        const char *remote_identity; /* of the peer, in IKE */
        const char *ike_policy_name;
        const char *initiator_spi; /* 16 hexadecimal digits */
        const char *responder_spi;
        uint32_t sa_spi;                /* 0: more than one */
        int32_t seconds_left;           /* until the SA ends; -1 no limit of time, 0 reached */
        int32_t percent_left;           /* of the limit; -1 not known, 0 reached */
        const char *policy_name;        /* NULL: more than one */
        uint32_t policy_index;          /* the kernel's; 0: more than one */
        struct inet_addr policy_source; /* with prefix length */
        struct inet_addr policy_destination;
        uint32_t count;      /* what occurred in the interval: packets, or notifications */
        uint32_t interval;   /* seconds */
        uint32_t suppressed; /* of this kind and subject, since the last that was sent */
        const char *text;    /* the event's */
};

extern const struct table_type notify_type;

#endif
