/* ipsrEventTable: what happened, a ring of the newest events. joins/journal.c makes its rows. */
#ifndef IPSEC_REPORT_TABLES_EVENT_H
#define IPSEC_REPORT_TABLES_EVENT_H

#include "reason.h"
#include "table.h"

enum event_entity {
        ENTITY_KERNEL = 1, /* SAs and packets */
        ENTITY_IKE = 2,
        ENTITY_POLICY = 3,
        ENTITY_AGENT = 4,
        ENTITY_UNKNOWN = 5,
};

/* IpsrSeverity: the lower, the worse. */
enum severity {
        SEVERITY_CRITICAL = 1,
        SEVERITY_ERROR = 2,
        SEVERITY_WARNING = 3,
        SEVERITY_NOTICE = 4,
        SEVERITY_INFO = 5,
        SEVERITY_UNKNOWN = 6,
};

/* IpsrEventType. Those up to EVENT_NOTIFICATION_DIGEST have a notification of the same number. */
enum event_kind {
        EVENT_SA_SOFT_EXPIRED = 1,
        EVENT_SA_HARD_EXPIRED = 2,
        EVENT_SA_EXPIRY_WARNING = 3,
        EVENT_TUNNEL_UP = 4,
        EVENT_TUNNEL_DOWN = 5,
        EVENT_TUNNEL_ONE_WAY = 6,
        EVENT_IKE_SA_UP = 7,
        EVENT_IKE_SA_DOWN = 8,
        EVENT_IKE_AUTH_FAILURE = 9,
        EVENT_NEGOTIATION_FAILED = 10,
        EVENT_INTEGRITY_FAILURES = 11,
        EVENT_REPLAY_FAILURES = 12,
        EVENT_POLICY_CHANGED = 13,
        EVENT_CERTIFICATE_EXPIRING = 14,
        EVENT_COLLECTOR_DOWN = 15,
        EVENT_COLLECTOR_UP = 16,
        EVENT_NOTIFICATION_DIGEST = 17,
        EVENT_TUNNEL_REKEYED = 18,
        EVENT_IKE_SA_REKEYED = 19,
        EVENT_SA_CREATED = 20,
        EVENT_SA_REMOVED = 21,
        EVENT_SAS_FLUSHED = 22,
        EVENT_POLICIES_FLUSHED = 23,
        EVENT_POLICY_EXPIRED = 24,
        EVENT_DEFAULT_POLICY_CHANGED = 25,
        EVENT_SA_MIGRATED = 26,
        EVENT_NAT_MAPPING_CHANGED = 27,
        EVENT_ACQUIRE = 28,
        EVENT_PACKET_WITHOUT_SA = 29,
        EVENT_DROPS_ROSE = 30,
        EVENT_COLLECTOR_RESYNCED = 31,
        EVENT_CONFIGURATION_CHANGED = 32,
        EVENT_AGENT_STARTED = 33,
        EVENT_AGENT_STOPPED = 34,
        EVENT_AGENT_RELOADED = 35,
        EVENT_MASTER_CONNECTED = 36,
        EVENT_MASTER_LOST = 37,
        EVENT_AUDIT_RECORD = 38,
        EVENT_KIND_UNKNOWN = 255,
};

enum event_notification {
        NOTIFICATION_NONE = 1, /* none is defined for its kind */
        NOTIFICATION_SENT = 2,
        NOTIFICATION_SUPPRESSED = 3,
        NOTIFICATION_UNKNOWN = 4, /* not decided yet */
};

/* One event. Its number is its index and its key. */
struct event {
        uint32_t number;      /* rising from 1 in a run of the agent */
        uint8_t entity;       /* enum event_entity */
        uint8_t severity;     /* enum severity */
        uint8_t kind;         /* enum event_kind */
        uint8_t reason;       /* enum reason */
        uint8_t notification; /* enum event_notification; agent/ writes it later */
        int64_t time;         /* seconds since 1970 */
        int64_t timestamp;    /* the same moment, monotonic, ms */
        const char *text;     /* a sentence, with names and addresses */
        const char *row;      /* what it is about, as COLUMN_ROW_POINTER has it; NULL: none, gone */
        const char *subject;  /* the name of that, which lasts; NULL none */
        struct inet_addr peer; /* outer address; unknown: none */
        uint32_t spi;          /* of the SA; 0 none */
};

extern const struct table_type event_type;

extern const struct label event_entities[];
extern const struct label severities[];
extern const struct label event_kinds[];
extern const struct label event_notifications[];

#endif
