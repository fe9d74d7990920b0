/*
 * ipsrFlowTable: the flows that are alive, each in one direction, and what IPsec does to their
 * packets. It is computed: no kernel has such a table.
 */
#ifndef IPSEC_REPORT_TABLES_FLOW_H
#define IPSEC_REPORT_TABLES_FLOW_H

#include "policy.h"

enum flow_action {
        FLOW_SECURE = 1,
        FLOW_PASS = 2,
        FLOW_DISCARD = 3,
        FLOW_ACTION_UNKNOWN = 4,
};

enum flow_origin {
        FLOW_OF_SOCKET = 1,
        FLOW_OF_CONNTRACK = 2,
        FLOW_ORIGIN_UNKNOWN = 3,
};

/* What a policy's selector has for ports: the ports; of ICMP type and code; else 0. */
struct flow_ports {
        uint16_t source;
        uint16_t destination;
};

/* One flow. The members up to destination are its key. Numbers are in host order. */
struct flow {
        uint8_t direction;    /* enum ipsec_direction */
        uint8_t protocol;     /* IANA's number, above IP and its extension headers */
        uint16_t source_port; /* 0 for protocols without ports */
        uint16_t destination_port;
        struct flow_ports ports; /* as selectors see them */
        struct inet_addr source; /* as policies see it: behind NAT where that comes first */
        struct inet_addr destination;

        uint8_t origin;    /* enum flow_origin */
        uint32_t mark;     /* of what is sent, SO_MARK; 0 where only connection tracking tells */
        uint32_t if_index; /* that the socket is bound to; 0 none */
        struct inet_addr sent_source; /* of a forwarded one: as it is sent on, behind NAT */
        struct inet_addr sent_destination;
        struct flow_ports sent_ports;

        /* What the table and the joins fill; a collector leaves it 0. */
        uint32_t number;        /* ipsrFlowNumber */
        uint8_t action;         /* enum flow_action; 0 is told as unknown */
        uint8_t policy_type;    /* enum spd_type; unknown where the default policy decides */
        uint32_t policy_cookie; /* the kernel's policy index; 0: the default policy */
        uint32_t sa;            /* ipsrSaIndex; 0 none */
};

extern const struct table_type flow_type;

/* For joins: by policy type and index, and by SA; then as in the table. */
extern const struct table_type flow_by_policy_type;
extern const struct table_type flow_by_sa_type;

extern const struct label flow_actions[];

#endif
