#include "event.h"

const struct label event_entities[] = {
        { ENTITY_KERNEL, "kernel" }, { ENTITY_IKE, "ike" },         { ENTITY_POLICY, "policy" },
        { ENTITY_AGENT, "agent" },   { ENTITY_UNKNOWN, "unknown" }, { 0, NULL },
};

const struct label severities[] = {
        { SEVERITY_CRITICAL, "critical" },
        { SEVERITY_ERROR, "error" },
        { SEVERITY_WARNING, "warning" },
        { SEVERITY_NOTICE, "notice" },
        { SEVERITY_INFO, "info" },
        { SEVERITY_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label event_kinds[] = {
        { EVENT_SA_SOFT_EXPIRED, "saSoftExpired" },
        { EVENT_SA_HARD_EXPIRED, "saHardExpired" },
        { EVENT_SA_EXPIRY_WARNING, "saExpiryWarning" },
        { EVENT_TUNNEL_UP, "tunnelUp" },
        { EVENT_TUNNEL_DOWN, "tunnelDown" },
        { EVENT_TUNNEL_ONE_WAY, "tunnelOneWay" },
        { EVENT_IKE_SA_UP, "ikeSaUp" },
        { EVENT_IKE_SA_DOWN, "ikeSaDown" },
        { EVENT_IKE_AUTH_FAILURE, "ikeAuthFailure" },
        { EVENT_NEGOTIATION_FAILED, "negotiationFailed" },
        { EVENT_INTEGRITY_FAILURES, "integrityFailures" },
        { EVENT_REPLAY_FAILURES, "replayFailures" },
        { EVENT_POLICY_CHANGED, "policyChanged" },
        { EVENT_CERTIFICATE_EXPIRING, "certificateExpiring" },
        { EVENT_COLLECTOR_DOWN, "collectorDown" },
        { EVENT_COLLECTOR_UP, "collectorUp" },
        { EVENT_NOTIFICATION_DIGEST, "notificationDigest" },
        { EVENT_TUNNEL_REKEYED, "tunnelRekeyed" },
        { EVENT_IKE_SA_REKEYED, "ikeSaRekeyed" },
        { EVENT_SA_CREATED, "saCreated" },
        { EVENT_SA_REMOVED, "saRemoved" },
        { EVENT_SAS_FLUSHED, "sasFlushed" },
        { EVENT_POLICIES_FLUSHED, "policiesFlushed" },
        { EVENT_POLICY_EXPIRED, "policyExpired" },
        { EVENT_DEFAULT_POLICY_CHANGED, "defaultPolicyChanged" },
        { EVENT_SA_MIGRATED, "saMigrated" },
        { EVENT_NAT_MAPPING_CHANGED, "natMappingChanged" },
        { EVENT_ACQUIRE, "acquire" },
        { EVENT_PACKET_WITHOUT_SA, "packetWithoutSa" },
        { EVENT_DROPS_ROSE, "dropsRose" },
        { EVENT_COLLECTOR_RESYNCED, "collectorResynced" },
        { EVENT_CONFIGURATION_CHANGED, "configurationChanged" },
        { EVENT_AGENT_STARTED, "agentStarted" },
        { EVENT_AGENT_STOPPED, "agentStopped" },
        { EVENT_AGENT_RELOADED, "agentReloaded" },
        { EVENT_MASTER_CONNECTED, "masterConnected" },
        { EVENT_MASTER_LOST, "masterLost" },
        { EVENT_AUDIT_RECORD, "auditRecord" },
        { EVENT_KIND_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label event_notifications[] = {
        { NOTIFICATION_NONE, "none" },
        { NOTIFICATION_SENT, "sent" },
        { NOTIFICATION_SUPPRESSED, "suppressed" },
        { NOTIFICATION_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column event_index[] = {
        UNSIGNED32(1, "ipsrEventNumber", struct event, number),
};

static const struct column columns[] = {
        DATE(2, "ipsrEventTime", struct event, time),
        TIMESTAMP(3, "ipsrEventTimeStamp", struct event, timestamp),
        ENUMERATION(4, "ipsrEventEntity", struct event, entity, event_entities),
        ENUMERATION(5, "ipsrEventSeverity", struct event, severity, severities),
        ENUMERATION(6, "ipsrEventKind", struct event, kind, event_kinds),
        ENUMERATION(7, "ipsrEventReason", struct event, reason, event_reasons),
        STRING(8, "ipsrEventText", struct event, text),
        ROW_POINTER(9, "ipsrEventRow", struct event, row),
        STRING(10, "ipsrEventSubject", struct event, subject),
        ADDRESS_TYPE(11, "ipsrEventPeerType", struct event, peer),
        ADDRESS(12, "ipsrEventPeer", struct event, peer),
        ADDRESS_TEXT(13, "ipsrEventPeerText", struct event, peer),
        COLUMN_FLAGGED(14, "ipsrEventSpi", COLUMN_UNSIGNED32,
                       COLUMN_ZERO_IS_NONE | COLUMN_HEXADECIMAL, struct event, spi),
        ENUMERATION(15, "ipsrEventNotification", struct event, notification, event_notifications),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct event, entity);
}

const struct table_type event_type = {
        .number = 17,
        .name = "ipsrEventTable",
        .stem = "ipsrEvent",
        .json = "event",
        TABLE_INDEX(event_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct event),
        .source_size = sizeof(struct event),
        .key_length = key_length,
};
