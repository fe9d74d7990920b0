/* ipsrInterfaceTable: the addresses of this machine's interfaces, and whether IPsec applies there.
 */
#ifndef IPSEC_REPORT_TABLES_INTERFACE_H
#define IPSEC_REPORT_TABLES_INTERFACE_H

#include "table.h"

enum interface_state {
        INTERFACE_UP = 1,
        INTERFACE_DOWN = 2,
        INTERFACE_STATE_UNKNOWN = 3,
};

enum interface_ipsec {
        INTERFACE_IPSEC_ON = 1,
        INTERFACE_IPSEC_OFF = 2,
        INTERFACE_IPSEC_PARTLY = 3,
        INTERFACE_IPSEC_UNKNOWN = 4,
};

/* Bits of IpsrClearTextReasons. */
enum clear_text_reason {
        REASON_DISABLE_XFRM = 1 << 0,   /* sysctl disable_xfrm: what is sent is not protected */
        REASON_DISABLE_POLICY = 1 << 1, /* sysctl disable_policy: what comes is not checked */
        REASON_BYPASS_POLICY = 1 << 2,
        REASON_NO_POLICY = 1 << 3,
};

enum interface_offload {
        INTERFACE_OFFLOAD_NONE = 1,
        INTERFACE_OFFLOAD_OFF = 2,
        INTERFACE_OFFLOAD_ON = 3,
        INTERFACE_OFFLOAD_UNKNOWN = 4,
};

/*
 * One address of one interface, or an interface without one. The members up to address are its key
 * and its index.
 */
struct interface {
        uint32_t if_index;
        struct inet_addr address; /* IFA_LOCAL, else IFA_ADDRESS; its prefix stays 0 */

        uint8_t state;       /* enum interface_state */
        uint8_t ipsec;       /* enum interface_ipsec */
        uint8_t offload;     /* enum interface_offload */
        uint16_t reasons;    /* enum clear_text_reason */
        const char *name;    /* IFA_LABEL, else IFLA_IFNAME */
        uint32_t xfrm_if_id; /* IFLA_XFRM_IF_ID; 0 no XFRM interface */
        uint32_t xfrm_link;  /* IFLA_XFRM_LINK; 0 none */

        /* What the joins fill; a collector leaves it 0. */
        uint32_t offloaded_sas;
};

extern const struct table_type interface_type;

/* For joins: by address, and then by interface. */
extern const struct table_type interface_by_address_type;

extern const struct label clear_text_reasons[];

#endif
