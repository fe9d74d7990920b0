/*
 * A record of IPsec in a Linux audit log (MAC_IPSEC_EVENT). The command alone has such rows: no
 * agent serves them, and they are in no store.
 */
#ifndef IPSEC_REPORT_TABLES_AUDIT_RECORD_H
#define IPSEC_REPORT_TABLES_AUDIT_RECORD_H

#include "event.h"
#include "table.h"

enum audit_result {
        AUDIT_NO_RESULT = 1, /* of what happened to a packet */
        AUDIT_SUCCESS = 2,
        AUDIT_FAILURE = 3,
};

/* Zero and NULL stand for what the record does not tell. */
struct audit_record {
        const char *id;        /* "SECONDS.MILLISECONDS:SERIAL", as ausearch(8) has it */
        int64_t time;          /* seconds since 1970 */
        uint8_t entity;        /* enum event_entity */
        uint8_t result;        /* enum audit_result */
        const char *operation; /* the kernel's word: SAD-add, SA-notfound */
        uint32_t spi;
        const char *source;      /* address, or network of a policy, in canonical text */
        const char *destination; /* likewise */
        uint32_t sequence;       /* of the packet in the SA */
        uint32_t flow_label;     /* of the packet, IPv6 */
        const char *program;     /* path of the program that asked for it; of no packet */
        uint32_t process;        /* its number */
        const char *user;        /* as whom it ran: a name where the log has it, else a number */
        const char *login_user;  /* who had logged in, likewise */
        uint32_t session;        /* of the login */
        const char *context;     /* security context of who asked */
        const char *node;        /* the machine, where the log tells it */
};

extern const struct table_type audit_record_type;
extern const struct label audit_results[];

#endif
