/* IpsrReason: why something happened, for the tunnels, the events and the notifications. */
#ifndef IPSEC_REPORT_TABLES_REASON_H
#define IPSEC_REPORT_TABLES_REASON_H

#include "column.h"

enum reason {
        REASON_NONE = 1,
        REASON_CLOSED_LOCALLY = 2,
        REASON_CLOSED_BY_PEER = 3,
        REASON_PEER_DEAD = 4,
        REASON_PEER_UNREACHABLE = 5,
        REASON_EXPIRED = 6,
        REASON_SOFT_LIMIT_PASSED = 7,
        REASON_HALF_OPEN_TIMEOUT = 8,
        REASON_ACQUIRE_TIMEOUT = 9,
        REASON_LOCAL_AUTH_FAILED = 10,
        REASON_PEER_AUTH_FAILED = 11,
        REASON_PROPOSAL_MISMATCH = 12,
        REASON_SELECTOR_MISMATCH = 13,
        REASON_INSTALL_FAILED = 14,
        REASON_CERTIFICATE_EXPIRED = 15,
        REASON_CERTIFICATE_REVOKED = 16,
        REASON_REPLACED = 17,
        REASON_DELETED_OUTSIDE = 18,
        REASON_FLUSHED = 19,
        REASON_DAEMON_GONE = 20,
        REASON_CONFIGURATION_CHANGED = 21,
        REASON_THRESHOLD_PASSED = 22,
        REASON_SOURCE_UNREACHABLE = 23,
        REASON_SOURCE_ERROR = 24,
        REASON_SOURCE_OVERRUN = 25,
        REASON_NOT_PERMITTED = 26,
        REASON_RECOVERED = 27,
        REASON_BURST = 28,
        REASON_OTHER = 254,
        REASON_UNKNOWN = 255,
};

/* As the module spells them. */
extern const struct label event_reasons[];

#endif
