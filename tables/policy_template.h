/*
 * ipsrPolicyTemplateTable: the transforms that the policies ask for (struct xfrm_user_tmpl of
 * linux/xfrm.h). The rows of one policy come, change and go with it.
 */
#ifndef IPSEC_REPORT_TABLES_POLICY_TEMPLATE_H
#define IPSEC_REPORT_TABLES_POLICY_TEMPLATE_H

#include "policy.h"

enum template_level {
        LEVEL_REQUIRED = 1, /* a packet without it is dropped */
        LEVEL_USE = 2,      /* applied where it can be */
        LEVEL_UNKNOWN = 3,
};

/* One template. The members up to number are its key. Numbers are in host order. */
struct policy_template {
        uint8_t policy_type;   /* enum spd_type */
        uint8_t key_pad[3];    /* always 0 */
        uint32_t policy_index; /* the kernel's */
        uint32_t number;       /* from 1, in the order in which a packet that is sent passes them */

        uint8_t protocol;        /* enum ipsec_protocol, or any other number */
        uint8_t mode;            /* enum ipsec_mode */
        uint8_t level;           /* enum template_level */
        struct inet_addr source; /* outer address; all zero where it is the packet's */
        struct inet_addr destination;
        uint32_t reqid; /* 0 any */
        uint32_t spi;   /* 0 any */
        uint32_t encryption_mask;
        uint32_t authentication_mask;
        uint32_t compression_mask;
};

extern const struct table_type policy_template_type;

/* For joins: by reqid, and then as in the table. */
extern const struct table_type template_by_reqid_type;

#endif
