#include "notify.h"

#include "ike_sa.h"
#include "ipsec_sa.h"
#include "policy.h"
#include "tunnel.h"

static const struct label notify_limits[] = {
        { LIMIT_TIME, "time" },       { LIMIT_OCTETS, "octets" },
        { LIMIT_PACKETS, "packets" }, { LIMIT_SEQUENCE_NUMBERS, "sequenceNumbers" },
        { LIMIT_UNKNOWN, "unknown" }, { 0, NULL },
};

static const struct label policy_changes[] = {
        { POLICY_ADDED, "added" },
        { POLICY_CHANGED, "changed" },
        { POLICY_REMOVED, "removed" },
        { POLICY_FLUSHED, "flushed" },
        { POLICY_DEFAULT_CHANGED, "defaultChanged" },
        { POLICY_CHANGE_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column notify_index[] = {
        UNSIGNED32(1, "event", struct notify, event),
};

#define ROW struct notify

static const struct column columns[] = {
        STRING(1, "ipsrNotifyTunnelName", ROW, tunnel_name),
        ENUMERATION(2, "ipsrNotifyTunnelState", ROW, tunnel_state, tunnel_states),
        ADDRESS_TEXT(3, "ipsrNotifyLocalText", ROW, local),
        ADDRESS_TEXT(4, "ipsrNotifyRemoteText", ROW, remote),
        STRING(5, "ipsrNotifyRemoteIdentity", ROW, remote_identity),
        STRING(6, "ipsrNotifyIkePolicyName", ROW, ike_policy_name),
        ENUMERATION(7, "ipsrNotifyIkeSaState", ROW, ike_sa_state, ike_sa_states),
        STRING(8, "ipsrNotifyInitiatorSpi", ROW, initiator_spi),
        STRING(9, "ipsrNotifyResponderSpi", ROW, responder_spi),
        UNSIGNED32(10, "ipsrNotifySaSpi", ROW, sa_spi),
        ENUMERATION(11, "ipsrNotifySaProtocol", ROW, sa_protocol, ipsec_protocols),
        ENUMERATION(12, "ipsrNotifySaDirection", ROW, sa_direction, ipsec_directions),
        ENUMERATION(13, "ipsrNotifySaState", ROW, sa_state, sa_states),
        ENUMERATION(14, "ipsrNotifyLimit", ROW, limit, notify_limits),
        INTEGER32(15, "ipsrNotifySecondsLeft", ROW, seconds_left),
        INTEGER32(16, "ipsrNotifyPercentLeft", ROW, percent_left),
        STRING(17, "ipsrNotifyPolicyName", ROW, policy_name),
        ENUMERATION(18, "ipsrNotifyPolicyType", ROW, policy_type, spd_types),
        UNSIGNED32(19, "ipsrNotifyPolicyIndex", ROW, policy_index),
        ENUMERATION(20, "ipsrNotifyPolicyDirection", ROW, policy_direction, ipsec_directions),
        PREFIX_TEXT(21, "ipsrNotifyPolicySourceText", ROW, policy_source),
        PREFIX_TEXT(22, "ipsrNotifyPolicyDestinationText", ROW, policy_destination),
        ENUMERATION(23, "ipsrNotifyPolicyChange", ROW, policy_change, policy_changes),
        UNSIGNED32(24, "ipsrNotifyCount", ROW, count),
        UNSIGNED32(25, "ipsrNotifyInterval", ROW, interval),
        ENUMERATION(26, "ipsrNotifyReason", ROW, reason, event_reasons),
        ENUMERATION(27, "ipsrNotifySeverity", ROW, severity, severities),
        TRUTH(28, "ipsrNotifyClearedFlag", ROW, cleared),
        UNSIGNED32(29, "ipsrNotifySuppressed", ROW, suppressed),
        UNSIGNED32(30, "ipsrNotifyEvent", ROW, event),
        STRING(31, "ipsrNotifyText", ROW, text),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct notify, tunnel_state);
}

/* Its number is not 20: nobody is served these objects. */
const struct table_type notify_type = {
        .name = "ipsrNotifyObjects",
        .stem = "ipsrNotify",
        TABLE_INDEX(notify_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct notify),
        .source_size = sizeof(struct notify),
        .key_length = key_length,
};
