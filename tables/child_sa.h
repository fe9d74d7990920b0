/*
 * The child SAs as the IKE daemons tell of them (RFC 7296, section 1.3): what joins the daemon's
 * names to the kernel's SAs and policies. For the joins alone; no one is served it.
 */
#ifndef IPSEC_REPORT_TABLES_CHILD_SA_H
#define IPSEC_REPORT_TABLES_CHILD_SA_H

#include "ike_policy.h"
#include "ipsec_sa.h"

enum child_state {
        CHILD_SA_CREATED = 1, /* being negotiated */
        CHILD_SA_ROUTED = 2,
        CHILD_SA_INSTALLING = 3,
        CHILD_SA_INSTALLED = 4, /* up */
        CHILD_SA_UPDATING = 5,  /* up, its addresses change */
        CHILD_SA_REKEYING = 6,  /* up, a successor is being negotiated */
        CHILD_SA_REKEYED = 7,   /* the successor is up */
        CHILD_SA_RETRYING = 8,
        CHILD_SA_DELETING = 9,
        CHILD_SA_DELETED = 10,
        CHILD_SA_DESTROYING = 11,
        CHILD_SA_STATE_UNKNOWN = 12,
};

/* One child SA. The members up to daemon_id are its key, as for the IKE SA (ike_sa.h). */
struct child_sa {
        uint8_t daemon_kind; /* enum ike_daemon */
        uint8_t key_pad[3];  /* always 0 */
        uint32_t daemon_run;
        uint32_t daemon_id; /* child-sas uniqueid; libreswan's state number */

        uint32_t ike_id;        /* daemon_id of the IKE SA that owns it; a rekey changes it */
        uint32_t reqid;         /* child-sas reqid */
        uint32_t spi_in;        /* host order; 0 before it is installed */
        uint32_t spi_out;       /* host order; 0 before it is installed */
        uint8_t state;          /* enum child_state */
        uint8_t mode;           /* enum ipsec_mode */
        uint8_t protocol;       /* enum ipsec_protocol */
        bool encap;             /* ESP in UDP */
        uint8_t reason;         /* enum reason: what the daemon said of its end; 0 nothing */
        uint32_t if_id_in;      /* child-sas if-id-in */
        uint32_t if_id_out;     /* child-sas if-id-out */
        const char *policy_key; /* key_of_name() of the connection's name */
        const char *policy_name;
        const char *child_key; /* key_of_name() of the child's name */
        const char *child_name;
        const char *local_selectors; /* as IpsrSelectorList has it */
        const char *remote_selectors;
        const char *dh_group_name; /* of its own key exchange; NULL none */
        uint16_t dh_group;         /* IANA; 0 none */
        int64_t installed;         /* seconds since 1970; child-sas install-time */
        int64_t rekey;             /* moment of the next one; 0 none is planned */
        int64_t expiry;            /* child-sas life-time; 0 none */
        int64_t last_seen;         /* seconds since 1970: when the daemon last told of it */
        uint64_t octets_in;        /* the daemon's word; the kernel's is better */
        uint64_t octets_out;

        /* What the table and the joins fill. */
        uint32_t index;  /* a higher one is newer */
        uint32_t tunnel; /* number of the tunnel's row (tunnel.h); 0 none */
};

extern const struct table_type child_sa_type;

/* The same rows by IKE SA: daemon, run, ike_id, index. For joins. */
extern const struct table_type child_by_ike_type;

/* The same rows by reqid: daemon, reqid, index. For joins. */
extern const struct table_type child_by_reqid_type;

/* The same rows by name: policy_key, child_key, index. For joins. */
extern const struct table_type child_by_name_type;

/* The same rows by inbound SPI: spi_in, index. For joins. */
extern const struct table_type child_by_spi_in_type;

/* The same rows by the number of their tunnel: tunnel, index. For joins. */
extern const struct table_type child_by_tunnel_type;

/* The same rows by outbound SPI: spi_out, index. For joins. */
extern const struct table_type child_by_spi_out_type;

#endif
