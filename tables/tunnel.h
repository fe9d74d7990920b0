/*
 * ipsrTunnelTable: all tunnels, up or down, of IKE daemons and with manual keys. A join makes its
 * rows (joins/tunnels.c); they outlive the SAs, the daemons and the agent.
 */
#ifndef IPSEC_REPORT_TABLES_TUNNEL_H
#define IPSEC_REPORT_TABLES_TUNNEL_H

#include "ike_sa.h"
#include "ipsec_sa.h"
#include "reason.h"

enum tunnel_state {
        TUNNEL_UP = 1,
        TUNNEL_CONNECTING = 2,
        TUNNEL_REKEYING = 3,
        TUNNEL_DOWN = 4,           /* it ought to be up */
        TUNNEL_IDLE = 5,           /* not up, on purpose */
        TUNNEL_NOT_CONFIGURED = 6, /* it carries traffic, and is in no configuration */
        TUNNEL_STATE_UNKNOWN = 7,
};

/* The policy key of tunnels with manual keys. */
#define TUNNEL_MANUAL "manual"

/* The instance that stands for a connection of road warriors; their peers begin at 1. */
#define TUNNEL_TEMPLATE 0

/* One tunnel. The members up to instance are its index and its key. */
struct tunnel {
        const char *policy_key; /* of the IKE policy, or TUNNEL_MANUAL */
        const char *child_key;  /* of the child; with manual keys the reqid in digits */
        uint32_t instance;      /* 1: a fixed peer; road warriors: 0 the template, peers from 1 */
        uint32_t key_pad;       /* always 0 */

        const char *name; /* "policy/child", one where both are the same; " [identity]" behind */
        const char *policy_name;
        const char *child_name;
        uint8_t state;       /* enum tunnel_state */
        uint8_t down_reason; /* enum reason: of the last time, or why it does not come up */
        uint8_t ike_version; /* enum ike_version: in use, else configured */
        uint8_t protocol;    /* enum ipsec_protocol: esp, ah */
        uint8_t mode;        /* enum ipsec_mode: in use, else configured */
        bool weak;
        bool one_way;            /* packets go out for a while, and none comes in */
        bool fresh;              /* its sources can be read */
        int64_t since;           /* seconds since 1970: in this state; up and rekeying are one */
        struct inet_addr local;  /* outer: in use, else configured */
        struct inet_addr remote; /* outer: in use, else configured or last used */
        const char *local_identity;
        const char *remote_identity; /* the user name where EAP or XAuth gave one */
        const char *local_selectors; /* agreed upon, else configured */
        const char *remote_selectors;
        uint32_t ike_sa;      /* ipsrIkeSaIndex; 0 none */
        uint32_t inbound_sa;  /* ipsrSaIndex of the newest usable; 0 none */
        uint32_t outbound_sa; /* the same */
        const char *encryption;
        const char *authentication;
        const char *dh_group_name; /* of the SAs' own key exchange */
        uint16_t encryption_key_bits;
        uint16_t encryption_transform; /* IANA */
        uint16_t authentication_key_bits;
        uint16_t authentication_transform; /* IANA */
        uint16_t dh_group;                 /* IANA */
        uint64_t octets_in; /* of all SAs that it ever had; a template's are its peers' */
        uint64_t octets_out;
        uint64_t packets_in;
        uint64_t packets_out;
        int64_t discontinuity; /* monotonic, ms: when the counters began */
        uint64_t rekeys;
        uint64_t ups; /* rekeys do not count */
        uint64_t downs;
        int64_t last_up;         /* seconds since 1970; 0 never */
        int64_t last_down;       /* the same */
        int64_t rekey;           /* moment of the next one; 0 none */
        int64_t hard_expiry;     /* moment of the SAs' hard limit in time; 0 none */
        int64_t last_packet_in;  /* seconds since 1970; 0 never */
        int64_t last_packet_out; /* the same */
        uint64_t replay_window_errors;
        uint64_t replay_errors;
        uint64_t integrity_errors;
        uint64_t negotiation_failures;
        uint64_t authentication_failures;
        const char *last_error;
        int64_t last_error_time; /* seconds since 1970; 0 never */
        uint32_t duplicates;     /* usable pairs beyond one, for longer than a rekey takes */
        uint32_t users;          /* of a template: its peers that are up */
        uint32_t reqid;          /* of the current SAs; 0 none */
        const char *daemon;      /* "strongswan", "libreswan"; NULL with manual keys */
        int64_t last_seen;       /* seconds since 1970: when a source last told of it */
        uint32_t number; /* of this row in this run of the agent, from 1; no column has it */
};

extern const struct table_type tunnel_type;

/* For joins: by the IKE SA that they name, and then their number. */
extern const struct table_type tunnel_by_ike_sa_type;

extern const struct label tunnel_states[];

#endif
