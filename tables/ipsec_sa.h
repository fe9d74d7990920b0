/*
 * ipsrIpsecSaTable, and ipsrSaBySpiTable over the same rows: the kernel's security associations
 * (RFC 4301, section 4.4.2; struct xfrm_usersa_info of linux/xfrm.h).
 */
#ifndef IPSEC_REPORT_TABLES_IPSEC_SA_H
#define IPSEC_REPORT_TABLES_IPSEC_SA_H

#include "table.h"

/* IANA's protocol numbers. */
enum ipsec_protocol {
        PROTOCOL_IPIP = 4, /* the kernel's own SA below an IPComp tunnel */
        PROTOCOL_IPV6 = 41,
        PROTOCOL_ROUTING = 43,
        PROTOCOL_ESP = 50,
        PROTOCOL_AH = 51,
        PROTOCOL_DESTINATION_OPTIONS = 60,
        PROTOCOL_IPCOMP = 108,
        PROTOCOL_UNKNOWN = 255,
};

/* XFRM_MODE_* + 1. */
enum ipsec_mode {
        MODE_TRANSPORT = 1,
        MODE_TUNNEL = 2,
        MODE_ROUTE_OPTIMIZATION = 3,
        MODE_IN_TRIGGER = 4,
        MODE_BEET = 5,
        MODE_IPTFS = 6,
        MODE_UNKNOWN = 7,
};

enum sa_state {
        SA_LARVAL = 1, /* asked for, no keys yet */
        SA_MATURE = 2,
        SA_DYING = 3, /* past a soft limit */
        SA_DEAD = 4,  /* past a hard limit; seen for a moment at the most */
        SA_STATE_UNKNOWN = 5,
};

enum ipsec_direction {
        DIRECTION_INBOUND = 1,
        DIRECTION_OUTBOUND = 2,
        DIRECTION_FORWARD = 3,
        DIRECTION_UNKNOWN = 4,
};

enum sa_encapsulation {
        ENCAPSULATION_NONE = 1,
        ENCAPSULATION_UDP_NON_IKE = 2,
        ENCAPSULATION_UDP = 3,
        ENCAPSULATION_TCP = 4,
        ENCAPSULATION_UNKNOWN = 5,
};

enum sa_offload {
        OFFLOAD_NONE = 1,
        OFFLOAD_CRYPTO = 2,
        OFFLOAD_PACKET = 3,
        OFFLOAD_UNKNOWN = 4,
};

enum sa_keying {
        KEYING_MANUAL = 1,
        KEYING_IKE = 2,
        KEYING_UNKNOWN = 3,
};

/* Bits of ipsrSaFlags: XFRM_STATE_*, then XFRM_SA_XFLAG_*. */
enum sa_flag {
        SA_NO_ECN = 1 << 0,
        SA_DECAP_DSCP = 1 << 1,
        SA_NO_PMTU_DISCOVERY = 1 << 2,
        SA_WILDCARD_RECEIVE = 1 << 3,
        SA_ICMP = 1 << 4,
        SA_AF_UNSPEC = 1 << 5,
        SA_ALIGN4 = 1 << 6,
        SA_ESN = 1 << 7,
        SA_DONT_ENCAP_DSCP = 1 << 8,
        SA_OUT_SEQUENCE_MAY_WRAP = 1 << 9,
};

/* One set of limits; 0 is none. */
struct sa_limits {
        uint64_t octets;
        uint64_t packets;
        uint32_t add_seconds; /* from its making; at most 2^31-1 */
        uint32_t use_seconds; /* from its first use; at most 2^31-1 */
};

/*
 * One SA. The members up to mark_mask are the kernel's key; for an SA without SPI (an acquire)
 * those up to selector_if_index are. Numbers are in host order.
 */
struct ipsec_sa {
        struct inet_addr destination; /* outer address, usersa_info.id.daddr */
        uint8_t protocol;             /* enum ipsec_protocol, or any other number */
        uint8_t key_pad;              /* always 0 */
        uint32_t spi;                 /* 0: an acquire */
        uint32_t mark;                /* XFRMA_MARK */
        uint32_t mark_mask;

        struct inet_addr source;          /* outer address, usersa_info.saddr */
        struct inet_addr selector_source; /* usersa_info.sel, with its prefix length */
        struct inet_addr selector_destination;
        uint8_t selector_protocol;     /* IANA's number; 0 any */
        uint8_t selector_pad;          /* always 0 */
        uint32_t reqid;                /* joins SA and policy; 0 none */
        uint32_t acquire_sequence;     /* usersa_info.seq */
        uint16_t selector_source_port; /* or ICMP type, or half of a GRE key */
        uint16_t selector_source_port_mask;
        uint16_t selector_destination_port;
        uint16_t selector_destination_port_mask;
        uint32_t selector_if_index; /* 0 any */

        uint8_t mode;           /* enum ipsec_mode */
        uint8_t told_direction; /* enum ipsec_direction, XFRMA_SA_DIR or the offload's */
        uint8_t state;          /* enum sa_state */
        uint8_t encapsulation;  /* enum sa_encapsulation, XFRMA_ENCAP */
        uint8_t offload_mode;   /* enum sa_offload, XFRMA_OFFLOAD_DEV */
        uint16_t flags;         /* enum sa_flag */
        bool iptfs_dont_fragment;

        const char *encryption; /* as struct algorithm writes it; NULL none */
        const char *authentication;
        const char *compression;
        const char *offload_device;    /* name of the interface */
        const char *security_context;  /* XFRMA_SEC_CTX */
        uint16_t encryption_key_bits;  /* without salt */
        uint16_t encryption_transform; /* IANA, IKEv2 transform type 1; 0 none */
        uint16_t authentication_key_bits;
        uint16_t authentication_transform; /* IANA, IKEv2 transform type 3; 0 none */
        uint16_t authentication_truncation_bits;
        uint16_t aead_icv_bits;
        uint16_t compression_transform; /* IANA, IPComp transform; 0 none */

        uint16_t encap_source_port;
        uint16_t encap_destination_port;
        struct inet_addr encap_original; /* xfrm_encap_tmpl.encap_oa */
        struct inet_addr care_of;        /* XFRMA_COADDR */

        uint32_t output_mark; /* XFRMA_SET_MARK */
        uint32_t output_mark_mask;
        uint32_t if_id;            /* XFRMA_IF_ID */
        uint32_t offload_if_index; /* XFRMA_OFFLOAD_DEV */
        uint32_t tfc_pad;          /* octets, XFRMA_TFCPAD */
        uint32_t nat_keepalive;    /* seconds, XFRMA_NAT_KEEPALIVE_INTERVAL */
        uint32_t mapping_timer;    /* seconds, XFRMA_MTIMER_THRESH */
        int32_t cpu;               /* XFRMA_SA_PCPU; -1 any */

        uint32_t iptfs_drop_time; /* microseconds, XFRMA_IPTFS_* */
        uint32_t iptfs_reorder_window;
        uint32_t iptfs_init_delay; /* microseconds */
        uint32_t iptfs_max_queue_size;
        uint32_t iptfs_packet_size;

        uint32_t replay_window;            /* packets */
        int32_t sequence_headroom_percent; /* -1 no limit */
        uint64_t sequence_out;             /* last number sent */
        uint64_t sequence_in;              /* highest number received */
        uint64_t sequence_headroom;        /* numbers left to send; 0 with percent -1: no limit */
        uint64_t replay_window_errors;     /* xfrm_stats.replay_window */
        uint64_t replay_errors;            /* xfrm_stats.replay */
        uint64_t integrity_errors;         /* xfrm_stats.integrity_failed */

        uint64_t octets;  /* xfrm_lifetime_cur.bytes */
        uint64_t packets; /* xfrm_lifetime_cur.packets */
        int64_t add_time; /* seconds since 1970 */
        int64_t use_time; /* seconds since 1970, first use; 0 never */
        struct sa_limits hard;
        struct sa_limits soft;
        int64_t hard_expiry; /* seconds since 1970 by the limits of time; 0 none */
        int64_t soft_expiry;
        int64_t last_packet;   /* seconds since 1970: when a read first showed more packets, else
                                * use_time; 0 never */
        int64_t discontinuity; /* monotonic, ms: when the counters of this row began */
        uint32_t
                requester; /* who asked for the last change, in the words of the request (nlmsg_pid;
                            * IKE daemons put their process there); 0 not told; no column has it */

        /* What the table and the joins fill; a collector leaves it 0. */
        uint32_t index;         /* ipsrSaIndex */
        uint8_t direction;      /* enum ipsec_direction; a collector begins with told_direction */
        uint8_t last_direction; /* the last one that was known; 0 never. No column has it */
        uint8_t keying;         /* enum sa_keying; 0 is told as unknown */
        bool rekey_overdue;
        bool weak;
        const char *tunnel_policy_key;
        const char *tunnel_child_key;
        uint32_t tunnel_instance;
        uint32_t ike_sa;        /* ipsrIkeSaIndex; 0 none known */
        uint32_t partner;       /* ipsrSaIndex of the other direction; 0 none known */
        uint32_t policy_cookie; /* the kernel's policy index; 0 none known */
        uint32_t rule;          /* the same, also of an SA without keys yet; no column has it */
        uint32_t tunnel; /* number of the tunnel's row (tunnel.h); 0 none; no column has it */
        uint8_t tunnel_direction; /* enum ipsec_direction in which it counts for its tunnel; 0: not
                                     known yet; no column has it */
};

extern const struct table_type ipsec_sa_type;
extern const struct table_type sa_by_spi_type;

/* For joins: by reqid, protocol, mode, destination, source, XFRM interface, and then the SA's own
 * index. */
extern const struct table_type sa_by_ends_type;

/* For joins: by the policy that uses them (rule), or by their partner, and then their own index. */
extern const struct table_type sa_by_rule_type;
extern const struct table_type sa_by_partner_type;

/* For joins: by the number of their tunnel, and then their own index. */
extern const struct table_type sa_by_tunnel_type;

/* It can carry packets now: mature or dying. */
bool sa_is_usable(const struct ipsec_sa *sa);

/* It has had keys: it is, or was, no mere request. One whose hard limit has just passed has, too.
 */
bool sa_has_keys(const struct ipsec_sa *sa);

/* ESP or AH: what is below or above them carries the same packets, which count once. */
bool sa_counts(const struct ipsec_sa *sa);

extern const struct label ipsec_protocols[];
extern const struct label ipsec_modes[];
extern const struct label sa_states[];
extern const struct label ipsec_directions[];

#endif
