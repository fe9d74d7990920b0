/*
 * ipsrConfiguredPolicyTable: what the IKE daemons have configured to be protected, passed or
 * discarded: a row for each child of an IKE policy.
 */
#ifndef IPSEC_REPORT_TABLES_CONFIGURED_POLICY_H
#define IPSEC_REPORT_TABLES_CONFIGURED_POLICY_H

#include "ike_policy.h"
#include "policy.h"

enum child_action {
        CHILD_NONE = 1, /* waits for a command or for the peer */
        CHILD_CLEAR = 2,
        CHILD_TRAP = 3,  /* starts with the first packet for it */
        CHILD_START = 4, /* is started */
        CHILD_TRAP_AND_START = 5,
        CHILD_IGNORE = 6, /* is not to be used at all */
        CHILD_ACTION_UNKNOWN = 7,
};

/* One child. The members up to child_key are its index and its key. */
struct configured_policy {
        const char *policy_key; /* of the IKE policy */
        const char *child_key;  /* key_of_name() of the child's name */

        const char *policy_name;
        const char *child_name;
        uint8_t daemon_kind;          /* enum ike_daemon; no column has it */
        uint8_t mode;                 /* enum ipsec_mode; unknown for pass and discard */
        uint8_t action;               /* enum rule_action */
        uint8_t kind;                 /* enum rule_kind */
        uint8_t dpd_action;           /* enum child_action */
        uint8_t close_action;         /* enum child_action */
        uint8_t start_action;         /* enum child_action */
        bool trapped;                 /* the daemon waits for its traffic now; no column has it */
        bool fresh;                   /* the daemon can be asked */
        const char *local_selectors;  /* as IpsrSelectorList has it */
        const char *remote_selectors; /* the same */
        uint32_t rekey_seconds;       /* 0 never */
        uint32_t lifetime_seconds;    /* 0 none, or not told */
        uint64_t rekey_octets;
        uint64_t rekey_packets;
        uint64_t lifetime_octets;
        uint64_t lifetime_packets;
        const char *label; /* security label */
        uint32_t mark_in;
        uint32_t mark_in_mask; /* 0: no mark, or not told */
        uint32_t mark_out;
        uint32_t mark_out_mask;
        uint32_t if_id_in; /* 0: none, or not told */
        uint32_t if_id_out;
        uint32_t priority;     /* set for the policies; 0: the daemon chooses */
        const char *interface; /* that the policies are limited to */
        const char *proposals; /* in the daemon's words */
        const char *daemon;    /* "strongswan", "libreswan" */
        int64_t last_seen;     /* seconds since 1970 */
        int64_t trap_seen;     /* the same: when the daemon last told of the trap; no column */

        /* What the joins fill. */
        bool installed;    /* the kernel has policies of it */
        bool drift;        /* the kernel ought to have some, and has not */
        uint32_t policies; /* rows of ipsrPolicyTable that come from it */
};

extern const struct table_type configured_policy_type;

#endif
