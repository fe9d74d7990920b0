/* ipsrIkePolicyTable: what the IKE daemons have configured for each peer, a row per connection. */
#ifndef IPSEC_REPORT_TABLES_IKE_POLICY_H
#define IPSEC_REPORT_TABLES_IKE_POLICY_H

#include "ike_sa.h"

enum ike_uniqueness {
        UNIQUE_NO = 1, /* both stay, unless the peer asks for one only */
        UNIQUE_NEVER = 2,
        UNIQUE_KEEP = 3,
        UNIQUE_REPLACE = 4,
        UNIQUE_UNKNOWN = 5,
};

/* One IKE policy. Its key is its index. Strings are NULL where they are empty. */
struct ike_policy {
        const char *key; /* key_of_name() of the name */

        const char *name;             /* the connection */
        const char *local_addresses;  /* in the daemon's words, separated by commas */
        const char *remote_addresses; /* the same */
        uint16_t local_port;          /* UDP; 0 when the daemon does not tell */
        uint16_t remote_port;         /* the same */
        uint8_t version;              /* enum ike_version */
        uint8_t uniqueness;           /* enum ike_uniqueness */
        uint8_t daemon_kind;          /* enum ike_daemon; no column has it */
        bool fresh;                   /* the daemon can be asked */
        bool any_peer; /* its remote addresses leave the peer open: road warriors; no column */
        const char *local_auth_method;  /* "PSK", "PUBKEY", "EAP-TLS"; rounds joined by '+' */
        const char *remote_auth_method; /* the same */
        const char *local_identity;     /* rounds separated by semicolons */
        const char *remote_identity;    /* the same */
        const char *local_eap_identity;
        const char *remote_eap_identity;
        const char *certificates; /* subjects of those set for either side, separated by
                                     semicolons; list-conn certs; no column */
        const char *local_cas;    /* subjects, separated by semicolons */
        const char *remote_cas;   /* the same */
        uint32_t rekey_seconds;   /* 0 never */
        uint32_t reauth_seconds;
        uint32_t dpd_seconds;         /* 0: peers are not asked whether they live */
        uint32_t dpd_timeout_seconds; /* 0: the retransmissions decide */
        const char *proposals;        /* in the daemon's words */
        const char *daemon;           /* "strongswan", "libreswan" */
        int64_t last_seen;            /* seconds since 1970 */

        /* What the joins fill. */
        uint32_t ike_sas; /* half-open ones included */
};

extern const struct table_type ike_policy_type;

#endif
