/* ipsrBypassTable: the policies and the interfaces that let packets through in clear text. */
#ifndef IPSEC_REPORT_TABLES_BYPASS_H
#define IPSEC_REPORT_TABLES_BYPASS_H

#include "table.h"

enum bypass_kind {
        BYPASS_POLICY = 1,
        BYPASS_INTERFACE = 2,
        BYPASS_KIND_UNKNOWN = 3,
};

/* One policy or interface. The members up to number are its key and its index. */
struct bypass {
        uint8_t kind;       /* enum bypass_kind */
        uint8_t key_pad[3]; /* always 0 */
        uint32_t number;    /* of a policy, the kernel's index; of an interface, its ifIndex */

        uint8_t direction;           /* enum ipsec_direction; of an interface, unknown */
        uint8_t protocol;            /* IANA's number; 0 any */
        bool whole;                  /* all packets of its own side: no column has it */
        uint16_t reasons;            /* enum clear_text_reason */
        const char *name;            /* of the rule, or of the interface */
        const char *local_addresses; /* at most 255 octets; what does not fit is "..." */
        struct inet_addr source;     /* the policy's selector, with its prefix length */
        struct inet_addr destination;
        uint16_t source_port; /* as struct policy has them */
        uint16_t source_port_mask;
        uint16_t destination_port;
        uint16_t destination_port_mask;
        uint32_t if_index; /* of the interface, or that the policy is limited to; 0 any */
        uint32_t priority; /* the policy's; lower ones come first: no column has it */
};

extern const struct table_type bypass_type;

/* For joins: those that are whole come last, by direction, and then as a packet meets them. */
extern const struct table_type bypass_by_precedence_type;

/* For joins: by the interface that they are limited to, then by kind. */
extern const struct table_type bypass_by_interface_type;

#endif
