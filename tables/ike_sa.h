/* ipsrIkeSaTable: the IKE SAs of the IKE daemons, half-open ones included (RFC 7296). */
#ifndef IPSEC_REPORT_TABLES_IKE_SA_H
#define IPSEC_REPORT_TABLES_IKE_SA_H

#include "ike_daemon.h"
#include "table.h"

enum ike_version {
        IKE_V1 = 1,
        IKE_V2 = 2,
        IKE_ANY = 3, /* of a configuration: whichever the peer speaks */
        IKE_VERSION_UNKNOWN = 4,
};

enum ike_state {
        IKE_CREATED = 1,     /* nothing sent yet */
        IKE_CONNECTING = 2,  /* half-open */
        IKE_ESTABLISHED = 3, /* up */
        IKE_PASSIVE = 4,     /* up, kept by another machine of a cluster */
        IKE_REKEYING = 5,    /* up, a successor is being negotiated */
        IKE_REKEYED = 6,     /* the successor is up */
        IKE_DELETING = 7,
        IKE_DESTROYING = 8,
        IKE_STATE_UNKNOWN = 9,
};

enum ike_role {
        ROLE_INITIATOR = 1,
        ROLE_RESPONDER = 2,
        ROLE_UNKNOWN = 3,
};

enum ike_pfs {
        PFS_ON = 1,
        PFS_OFF = 2,
        PFS_UNKNOWN = 3, /* no child SA was rekeyed or added yet */
};

/* One IKE SA. The members up to daemon_id are its key. Strings are NULL where they are empty. */
struct ike_sa {
        uint8_t daemon_kind; /* enum ike_daemon */
        uint8_t key_pad[3];  /* always 0 */
        uint32_t daemon_run; /* counts the daemon's starts: its numbers begin anew with each */
        uint32_t daemon_id;  /* list-sa uniqueid; libreswan's state number */

        uint8_t version;           /* enum ike_version: IKE_V1, IKE_V2 */
        uint8_t role;              /* enum ike_role; list-sa initiator */
        uint8_t state;             /* enum ike_state; list-sa state */
        uint8_t pfs;               /* enum ike_pfs; of the child SAs that tell */
        const char *initiator_spi; /* 16 hexadecimal digits; list-sa initiator-spi */
        const char *responder_spi; /* 16 hexadecimal digits; list-sa responder-spi */
        struct inet_addr local;    /* list-sa local-host */
        struct inet_addr remote;   /* list-sa remote-host */
        uint16_t local_port;       /* UDP; list-sa local-port */
        uint16_t remote_port;      /* UDP; list-sa remote-port */
        const char *local_identity;
        const char *remote_identity;
        const char *remote_eap_identity; /* list-sa remote-eap-id, else remote-xauth-id */
        const char *policy_name;         /* the connection; NULL while a responder does not know */
        const char *encryption;          /* "AES256-CBC" */
        const char *integrity;           /* NULL with an AEAD */
        const char *prf;
        const char *dh_group_name;
        const char *additional_key_exchanges; /* in their order, separated by commas */
        uint16_t encryption_key_bits;
        uint16_t encryption_transform; /* IANA */
        uint16_t integrity_transform;
        uint16_t prf_transform;
        uint16_t dh_group; /* IANA */
        bool ppk;
        bool nat_local;
        bool nat_remote;
        bool fresh;     /* the daemon can be asked */
        bool ended;     /* ike-updown said that it is over; state is that of before. No column */
        uint8_t reason; /* enum reason: what the daemon said of why it fails or ends; 0 nothing yet.
                           No column */
        bool authenticating;      /* half-open, and nothing but authentication is left. No column */
        bool names_user;          /* XAUTH: the peer's user is told by libreswan later. No column */
        int64_t established;      /* seconds since 1970; 0 not yet */
        int64_t rekey;            /* moment of the next one; 0 none is planned */
        int64_t reauthentication; /* the same */
        int64_t expiry;           /* the same */
        const char *local_virtual_ips;
        const char *remote_virtual_ips;
        int64_t last_seen;  /* seconds since 1970: when the daemon last told of it */
        const char *daemon; /* "strongswan", "libreswan" */

        /* What the table and the joins fill. */
        uint32_t index;                 /* ipsrIkeSaIndex */
        const char *policy_key;         /* of the row of ipsrIkePolicyTable; NULL none */
        const char *auth_record;        /* of the connection's name */
        const char *local_auth_method;  /* of the IKE policy */
        const char *remote_auth_method; /* of the IKE policy */
        uint32_t child_sas;             /* usable or being made */
        bool weak;                      /* an algorithm stands in the list of weak ones */
};

extern const struct table_type ike_sa_type;

/* For joins: by policy_key, and then the IKE SA's own index. */
extern const struct table_type ike_sa_by_policy_type;

extern const struct label ike_versions[];
extern const struct label ike_sa_states[];

#endif
