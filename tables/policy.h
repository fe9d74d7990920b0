/*
 * ipsrPolicyTable: the policies that the kernel applies to packets, in all directions (RFC 4301,
 * section 4.4.1; struct xfrm_userpolicy_info of linux/xfrm.h).
 */
#ifndef IPSEC_REPORT_TABLES_POLICY_H
#define IPSEC_REPORT_TABLES_POLICY_H

#include "ipsec_sa.h"

/* XFRM_POLICY_TYPE_* + 1. */
enum spd_type {
        SPD_MAIN = 1,
        SPD_SUB = 2, /* looked up before main ones */
        SPD_UNKNOWN = 3,
};

enum rule_kind {
        RULE_HOST = 1,   /* protected between the packets' own ends, or discarded */
        RULE_TUNNEL = 2, /* put into a tunnel */
        RULE_BYPASS = 3, /* passes in clear text */
        RULE_KIND_UNKNOWN = 4,
};

enum rule_action {
        RULE_DYNAMIC_KEY = 1, /* a join's word: an IKE daemon negotiates the SAs */
        RULE_MANUAL_KEY = 2,  /* wants SAs, and no daemon is known to make them */
        RULE_PASS = 3,
        RULE_DISCARD = 4,
        RULE_ACTION_UNKNOWN = 5,
};

enum policy_state {
        POLICY_READY = 1,
        POLICY_INITIAL = 2, /* no SA, and none is negotiated */
        POLICY_PENDING = 3,
        POLICY_ERROR = 4,
        POLICY_STATE_UNKNOWN = 5,
};

enum policy_owner {
        OWNER_DAEMON = 1,
        OWNER_MANUAL = 2,
        OWNER_UNKNOWN = 3,
};

/* Bits of ipsrPolicyFlags: XFRM_POLICY_*. */
enum policy_flag {
        POLICY_LOCAL_OK = 1 << 0,
        POLICY_ICMP = 1 << 1,
        POLICY_CPU_ACQUIRE = 1 << 2,
};

/* One policy. The members up to index are the kernel's key. Numbers are in host order. */
struct policy {
        uint8_t type;       /* enum spd_type, XFRMA_POLICY_TYPE */
        uint8_t key_pad[3]; /* always 0 */
        uint32_t index;     /* userpolicy_info.index; the low three bits are the direction */

        uint8_t kind;            /* enum rule_kind, by action and first template */
        uint8_t action;          /* enum rule_action; of the two with keys a join may tell which */
        uint8_t direction;       /* enum ipsec_direction */
        uint8_t protocol;        /* IANA's number; 0 any */
        uint16_t flags;          /* enum policy_flag */
        struct inet_addr source; /* userpolicy_info.sel, with its prefix length */
        struct inet_addr destination;
        uint16_t source_port; /* or ICMP type, or the upper half of a GRE key */
        uint16_t source_port_mask;
        uint16_t destination_port; /* or ICMP code, or the lower half of a GRE key */
        uint16_t destination_port_mask;
        uint32_t priority; /* lower ones come first */
        uint32_t if_index; /* of the interface that packets must pass; 0 any */
        uint32_t mark;     /* XFRMA_MARK */
        uint32_t mark_mask;
        uint32_t offload_if_index; /* XFRMA_OFFLOAD_DEV; 0 none; no column has it */
        uint32_t if_id;            /* XFRMA_IF_ID */
        uint32_t templates;        /* rows of ipsrPolicyTemplateTable */
        int64_t add_time;          /* seconds since 1970; a replacement begins anew */
        int64_t use_time;          /* seconds since 1970, last use; 0 never */
        struct sa_limits hard;     /* use_seconds count from the last use */
        struct sa_limits soft;     /* the same */
        uint64_t
                position; /* of two with one priority the lower one comes first; no column has it */
        const char *security_context; /* XFRMA_SEC_CTX */
        uint32_t requester; /* who asked for the last change, as of an SA; no column has it */

        /* What the joins fill; a collector gives a new row its name, and leaves the rest 0. */
        const char *name; /* of the child that an IKE daemon made it for, else "xfrm-INDEX" */
        uint8_t state;    /* enum policy_state; 0 is told as unknown */
        uint8_t owner;    /* enum policy_owner; 0 is told as unknown */
        uint32_t cookie;  /* index while the policy has SAs, else 0 */
        uint32_t pending_acquires;
        const char *daemon; /* "strongswan", "libreswan"; NULL none */
        const char *tunnel_policy_key;
        const char *tunnel_child_key;
        uint32_t tunnel_instance;
        const char *configured_policy_key;
        const char *configured_child_key;
        uint32_t tunnel; /* number of the tunnel's row (tunnel.h); 0 none; no column has it */
};

extern const struct table_type policy_type;

/* For joins: by the number of their tunnel, then as policy_type. */
extern const struct table_type policy_by_tunnel_type;

/* For joins: by configured policy and child, then as policy_type. */
extern const struct table_type policy_by_configured_type;
/* For joins: by direction, type and kind, and then as a packet meets them. */
extern const struct table_type policy_by_precedence_type;

extern const struct label spd_types[];
extern const struct label rule_kinds[];
extern const struct label rule_actions[];
extern const struct label policy_states[];

/*
 * Whether a type and a code stand where others have ports (ICMP and, with a type alone, Mobile
 * IPv6): they are of the packet, not of its ends (the kernel's include/net/xfrm.h,
 * xfrm_flowi_sport()).
 */
bool policy_has_type_and_code(const struct policy *policy);

#endif
