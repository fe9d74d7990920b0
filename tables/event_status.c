#include "event_status.h"

#define ROW struct event_status

static const struct column columns[] = {
        UNSIGNED32(1, "ipsrEventNewest", ROW, newest),
        UNSIGNED32(2, "ipsrEventOldest", ROW, oldest),
        UNSIGNED32(3, "ipsrEventNewestTunnelDown", ROW, tunnel_down),
        UNSIGNED32(4, "ipsrEventNewestNegotiationFailed", ROW, negotiation_failed),
        UNSIGNED32(5, "ipsrEventNewestIkeAuthFailure", ROW, ike_auth_failure),
        UNSIGNED32(6, "ipsrEventNewestIntegrityFailures", ROW, integrity_failures),
        UNSIGNED32(7, "ipsrEventNewestReplayFailures", ROW, replay_failures),
        UNSIGNED32(8, "ipsrEventNewestSaHardExpired", ROW, sa_hard_expired),
        UNSIGNED32(9, "ipsrEventNewestPolicyChanged", ROW, policy_changed),
        UNSIGNED32(10, "ipsrEventNewestCollectorDown", ROW, collector_down),
        COUNTER64(11, "ipsrEventLost", ROW, lost),
        UNSIGNED32(12, "ipsrEventCapacity", ROW, capacity),
        TIMESTAMP(13, "ipsrEventDiscontinuityTime", ROW, discontinuity),
};

const struct table_type event_status_type = {
        .number = 18,
        .name = "ipsrEventStatus",
        .stem = "ipsrEvent",
        .json = "event_status",
        .scalars = true,
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct event_status),
        .source_size = sizeof(struct event_status),
};
