/*
 * Records of IPsec as the kernel's audit tells them: octets in, plain values out. Whatever the
 * octets are, nothing is read beyond them, and no text of theirs is in the values.
 */
#ifndef IPSEC_REPORT_COLLECTORS_AUDIT_PARSE_H
#define IPSEC_REPORT_COLLECTORS_AUDIT_PARSE_H

#include "tables/inet_addr.h"

#include <stdbool.h>

/* What happened; the kernel's words are behind. */
enum audit_operation {
        AUDIT_OTHER,             /* a word of a later kernel */
        AUDIT_SA_ADDED,          /* SAD-add */
        AUDIT_SA_REMOVED,        /* SAD-delete: expired, too */
        AUDIT_POLICY_ADDED,      /* SPD-add */
        AUDIT_POLICY_REMOVED,    /* SPD-delete */
        AUDIT_PACKET_WITHOUT_SA, /* SA-notfound */
        AUDIT_INTEGRITY_FAILURE, /* SA-icv-failure */
        AUDIT_PACKET_REPLAYED,   /* SA-replayed-pkt */
        AUDIT_NUMBERS_EXHAUSTED, /* SA-replay-overflow: of an SA that sends */
        AUDIT_OPERATIONS,        /* how many there are */
};

/* Room for "SECONDS.MILLISECONDS:SERIAL". */
#define AUDIT_ID_SIZE 40

struct audit_message {
        enum audit_operation operation;
        bool failed;                  /* what was asked for was not done */
        struct inet_addr source;      /* of the SA, the packet; of a policy with its prefix */
        struct inet_addr destination; /* likewise */
        uint32_t spi;                 /* 0: none is told */
        uint32_t sequence;            /* of the packet; 0: none is told */
        char id[AUDIT_ID_SIZE];       /* by which ausearch(8) finds the record */
};

/* Reads "audit(SECONDS.MILLISECONDS:SERIAL): KEY=VALUE ...". 0 or -EBADMSG. */
int audit_parse(const char *text, size_t length, struct audit_message *m);

#endif
