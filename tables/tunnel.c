#include "tunnel.h"

const struct label tunnel_states[] = {
        { TUNNEL_UP, "up" },
        { TUNNEL_CONNECTING, "connecting" },
        { TUNNEL_REKEYING, "rekeying" },
        { TUNNEL_DOWN, "down" },
        { TUNNEL_IDLE, "idle" },
        { TUNNEL_NOT_CONFIGURED, "notConfigured" },
        { TUNNEL_STATE_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column tunnel_index[] = {
        STRING(1, "ipsrTunnelPolicyKey", struct tunnel, policy_key),
        STRING(2, "ipsrTunnelChildKey", struct tunnel, child_key),
        UNSIGNED32(3, "ipsrTunnelInstance", struct tunnel, instance),
};

static const struct column columns[] = {
        STRING(4, "ipsrTunnelName", struct tunnel, name),
        STRING(5, "ipsrTunnelPolicyName", struct tunnel, policy_name),
        STRING(6, "ipsrTunnelChildName", struct tunnel, child_name),
        ENUMERATION(7, "ipsrTunnelState", struct tunnel, state, tunnel_states),
        DATE(8, "ipsrTunnelSinceTime", struct tunnel, since),
        AGE(9, "ipsrTunnelSinceAge", struct tunnel, since),
        ENUMERATION(10, "ipsrTunnelDownReason", struct tunnel, down_reason, event_reasons),
        ADDRESS_TYPE(11, "ipsrTunnelLocalType", struct tunnel, local),
        ADDRESS(12, "ipsrTunnelLocal", struct tunnel, local),
        ADDRESS_TEXT(13, "ipsrTunnelLocalText", struct tunnel, local),
        ADDRESS_TYPE(14, "ipsrTunnelRemoteType", struct tunnel, remote),
        ADDRESS(15, "ipsrTunnelRemote", struct tunnel, remote),
        ADDRESS_TEXT(16, "ipsrTunnelRemoteText", struct tunnel, remote),
        STRING(17, "ipsrTunnelLocalIdentity", struct tunnel, local_identity),
        STRING(18, "ipsrTunnelRemoteIdentity", struct tunnel, remote_identity),
        STRING(19, "ipsrTunnelLocalSelectors", struct tunnel, local_selectors),
        STRING(20, "ipsrTunnelRemoteSelectors", struct tunnel, remote_selectors),
        ENUMERATION(21, "ipsrTunnelIkeVersion", struct tunnel, ike_version, ike_versions),
        UNSIGNED32_OR_NONE(22, "ipsrTunnelIkeSa", struct tunnel, ike_sa),
        UNSIGNED32_OR_NONE(23, "ipsrTunnelInboundSa", struct tunnel, inbound_sa),
        UNSIGNED32_OR_NONE(24, "ipsrTunnelOutboundSa", struct tunnel, outbound_sa),
        ENUMERATION(25, "ipsrTunnelProtocol", struct tunnel, protocol, ipsec_protocols),
        ENUMERATION(26, "ipsrTunnelMode", struct tunnel, mode, ipsec_modes),
        STRING(27, "ipsrTunnelEncryption", struct tunnel, encryption),
        UNSIGNED32_OR_NONE(28, "ipsrTunnelEncryptionKeyBits", struct tunnel, encryption_key_bits),
        UNSIGNED32_OR_NONE(29, "ipsrTunnelEncryptionTransform", struct tunnel,
                           encryption_transform),
        STRING(30, "ipsrTunnelAuthentication", struct tunnel, authentication),
        UNSIGNED32_OR_NONE(31, "ipsrTunnelAuthenticationKeyBits", struct tunnel,
                           authentication_key_bits),
        UNSIGNED32_OR_NONE(32, "ipsrTunnelAuthenticationTransform", struct tunnel,
                           authentication_transform),
        UNSIGNED32_OR_NONE(33, "ipsrTunnelDhGroup", struct tunnel, dh_group),
        STRING(34, "ipsrTunnelDhGroupName", struct tunnel, dh_group_name),
        TRUTH(35, "ipsrTunnelWeakFlag", struct tunnel, weak),
        COUNTER64(36, "ipsrTunnelOctetsIn", struct tunnel, octets_in),
        COUNTER64(37, "ipsrTunnelOctetsOut", struct tunnel, octets_out),
        COUNTER64(38, "ipsrTunnelPacketsIn", struct tunnel, packets_in),
        COUNTER64(39, "ipsrTunnelPacketsOut", struct tunnel, packets_out),
        TIMESTAMP(40, "ipsrTunnelDiscontinuityTime", struct tunnel, discontinuity),
        COUNTER64(41, "ipsrTunnelRekeys", struct tunnel, rekeys),
        COUNTER64(42, "ipsrTunnelUps", struct tunnel, ups),
        COUNTER64(43, "ipsrTunnelDowns", struct tunnel, downs),
        DATE(44, "ipsrTunnelLastUpTime", struct tunnel, last_up),
        AGE(45, "ipsrTunnelLastUpAge", struct tunnel, last_up),
        DATE(46, "ipsrTunnelLastDownTime", struct tunnel, last_down),
        AGE(47, "ipsrTunnelLastDownAge", struct tunnel, last_down),
        SECONDS_LEFT(48, "ipsrTunnelSecondsToRekey", struct tunnel, rekey),
        SECONDS_LEFT(49, "ipsrTunnelSecondsToHardExpiry", struct tunnel, hard_expiry),
        AGE(50, "ipsrTunnelLastPacketInAge", struct tunnel, last_packet_in),
        AGE(51, "ipsrTunnelLastPacketOutAge", struct tunnel, last_packet_out),
        TRUTH(52, "ipsrTunnelOneWayFlag", struct tunnel, one_way),
        COUNTER64(53, "ipsrTunnelReplayWindowErrors", struct tunnel, replay_window_errors),
        COUNTER64(54, "ipsrTunnelReplayErrors", struct tunnel, replay_errors),
        COUNTER64(55, "ipsrTunnelIntegrityErrors", struct tunnel, integrity_errors),
        COUNTER64(56, "ipsrTunnelNegotiationFailures", struct tunnel, negotiation_failures),
        COUNTER64(57, "ipsrTunnelAuthenticationFailures", struct tunnel, authentication_failures),
        STRING(58, "ipsrTunnelLastError", struct tunnel, last_error),
        AGE(59, "ipsrTunnelLastErrorAge", struct tunnel, last_error_time),
        UNSIGNED32(60, "ipsrTunnelDuplicates", struct tunnel, duplicates),
        UNSIGNED32(61, "ipsrTunnelUsers", struct tunnel, users),
        UNSIGNED32_OR_NONE(62, "ipsrTunnelReqid", struct tunnel, reqid),
        STRING(63, "ipsrTunnelDaemon", struct tunnel, daemon),
        TRUTH(64, "ipsrTunnelFreshFlag", struct tunnel, fresh),
        AGE(65, "ipsrTunnelLastSeenAge", struct tunnel, last_seen),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct tunnel, name);
}

static const struct column by_ike_sa_index[] = {
        UNSIGNED32(1, "IKE SA", struct tunnel, ike_sa),
        UNSIGNED32(2, "number", struct tunnel, number),
};

const struct table_type tunnel_by_ike_sa_type = {
        .name = "tunnels by IKE SA",
        TABLE_INDEX(by_ike_sa_index),
        .row_size = sizeof(struct tunnel),
        .moves = true,
};

static const struct table_type *const views[] = { &tunnel_by_ike_sa_type, NULL };

const struct table_type tunnel_type = {
        .number = 12,
        .name = "ipsrTunnelTable",
        .stem = "ipsrTunnel",
        .json = "tunnel",
        TABLE_INDEX(tunnel_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct tunnel),
        .source_size = sizeof(struct tunnel),
        .key_length = key_length,
        .views = views,
};
