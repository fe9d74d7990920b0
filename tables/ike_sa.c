#include "ike_sa.h"

const struct label ike_versions[] = {
        { IKE_V1, "ikev1" }, { IKE_V2, "ikev2" },
        { IKE_ANY, "any" },  { IKE_VERSION_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label ike_sa_states[] = {
        { IKE_CREATED, "created" },         { IKE_CONNECTING, "connecting" },
        { IKE_ESTABLISHED, "established" }, { IKE_PASSIVE, "passive" },
        { IKE_REKEYING, "rekeying" },       { IKE_REKEYED, "rekeyed" },
        { IKE_DELETING, "deleting" },       { IKE_DESTROYING, "destroying" },
        { IKE_STATE_UNKNOWN, "unknown" },   { 0, NULL },
};

static const struct label roles[] = {
        { ROLE_INITIATOR, "initiator" },
        { ROLE_RESPONDER, "responder" },
        { ROLE_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label pfs[] = {
        { PFS_ON, "on" },
        { PFS_OFF, "off" },
        { PFS_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column ike_sa_index[] = {
        UNSIGNED32(1, "ipsrIkeSaIndex", struct ike_sa, index),
};

static const struct column columns[] = {
        ENUMERATION(2, "ipsrIkeSaVersion", struct ike_sa, version, ike_versions),
        STRING(3, "ipsrIkeSaInitiatorSpi", struct ike_sa, initiator_spi),
        STRING(4, "ipsrIkeSaResponderSpi", struct ike_sa, responder_spi),
        ADDRESS_TYPE(5, "ipsrIkeSaLocalType", struct ike_sa, local),
        ADDRESS(6, "ipsrIkeSaLocal", struct ike_sa, local),
        ADDRESS_TEXT(7, "ipsrIkeSaLocalText", struct ike_sa, local),
        UNSIGNED32_OR_NONE(8, "ipsrIkeSaLocalPort", struct ike_sa, local_port),
        ADDRESS_TYPE(9, "ipsrIkeSaRemoteType", struct ike_sa, remote),
        ADDRESS(10, "ipsrIkeSaRemote", struct ike_sa, remote),
        ADDRESS_TEXT(11, "ipsrIkeSaRemoteText", struct ike_sa, remote),
        UNSIGNED32_OR_NONE(12, "ipsrIkeSaRemotePort", struct ike_sa, remote_port),
        STRING(13, "ipsrIkeSaLocalIdentity", struct ike_sa, local_identity),
        STRING(14, "ipsrIkeSaRemoteIdentity", struct ike_sa, remote_identity),
        STRING(15, "ipsrIkeSaRemoteEapIdentity", struct ike_sa, remote_eap_identity),
        ENUMERATION(16, "ipsrIkeSaRole", struct ike_sa, role, roles),
        ENUMERATION(17, "ipsrIkeSaState", struct ike_sa, state, ike_sa_states),
        STRING(18, "ipsrIkeSaPolicyKey", struct ike_sa, policy_key),
        STRING(19, "ipsrIkeSaPolicyName", struct ike_sa, policy_name),
        STRING(20, "ipsrIkeSaAuthRecord", struct ike_sa, auth_record),
        STRING(21, "ipsrIkeSaLocalAuthMethod", struct ike_sa, local_auth_method),
        STRING(22, "ipsrIkeSaRemoteAuthMethod", struct ike_sa, remote_auth_method),
        STRING(23, "ipsrIkeSaEncryption", struct ike_sa, encryption),
        UNSIGNED32_OR_NONE(24, "ipsrIkeSaEncryptionKeyBits", struct ike_sa, encryption_key_bits),
        UNSIGNED32_OR_NONE(25, "ipsrIkeSaEncryptionTransform", struct ike_sa, encryption_transform),
        STRING(26, "ipsrIkeSaIntegrity", struct ike_sa, integrity),
        UNSIGNED32_OR_NONE(27, "ipsrIkeSaIntegrityTransform", struct ike_sa, integrity_transform),
        STRING(28, "ipsrIkeSaPrf", struct ike_sa, prf),
        UNSIGNED32_OR_NONE(29, "ipsrIkeSaPrfTransform", struct ike_sa, prf_transform),
        UNSIGNED32_OR_NONE(30, "ipsrIkeSaDhGroup", struct ike_sa, dh_group),
        STRING(31, "ipsrIkeSaDhGroupName", struct ike_sa, dh_group_name),
        STRING(32, "ipsrIkeSaAdditionalKeyExchanges", struct ike_sa, additional_key_exchanges),
        ENUMERATION(33, "ipsrIkeSaPfs", struct ike_sa, pfs, pfs),
        TRUTH(34, "ipsrIkeSaPpkFlag", struct ike_sa, ppk),
        TRUTH(35, "ipsrIkeSaNatLocalFlag", struct ike_sa, nat_local),
        TRUTH(36, "ipsrIkeSaNatRemoteFlag", struct ike_sa, nat_remote),
        DATE(37, "ipsrIkeSaEstablishedTime", struct ike_sa, established),
        AGE(38, "ipsrIkeSaEstablishedAge", struct ike_sa, established),
        SECONDS_LEFT(39, "ipsrIkeSaSecondsToRekey", struct ike_sa, rekey),
        SECONDS_LEFT(40, "ipsrIkeSaSecondsToReauthentication", struct ike_sa, reauthentication),
        SECONDS_LEFT(41, "ipsrIkeSaSecondsToExpiry", struct ike_sa, expiry),
        UNSIGNED32(42, "ipsrIkeSaChildSas", struct ike_sa, child_sas),
        STRING(43, "ipsrIkeSaLocalVirtualIps", struct ike_sa, local_virtual_ips),
        STRING(44, "ipsrIkeSaRemoteVirtualIps", struct ike_sa, remote_virtual_ips),
        DATE(45, "ipsrIkeSaLastSeenTime", struct ike_sa, last_seen),
        AGE(46, "ipsrIkeSaLastSeenAge", struct ike_sa, last_seen),
        UNSIGNED32_OR_NONE(47, "ipsrIkeSaDaemonId", struct ike_sa, daemon_id),
        STRING(48, "ipsrIkeSaDaemon", struct ike_sa, daemon),
        TRUTH(49, "ipsrIkeSaWeakFlag", struct ike_sa, weak),
        TRUTH(50, "ipsrIkeSaFreshFlag", struct ike_sa, fresh),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct ike_sa, version);
}

static const struct column by_policy_index[] = {
        STRING(1, "policyKey", struct ike_sa, policy_key),
        UNSIGNED32(2, "index", struct ike_sa, index),
};

const struct table_type ike_sa_by_policy_type = {
        .name = "IKE SAs by policy",
        TABLE_INDEX(by_policy_index),
        .row_size = sizeof(struct ike_sa),
        .moves = true,
};

static const struct table_type *const views[] = { &ike_sa_by_policy_type, NULL };

const struct table_type ike_sa_type = {
        .number = 7,
        .name = "ipsrIkeSaTable",
        .stem = "ipsrIkeSa",
        .json = "ike_sa",
        TABLE_INDEX(ike_sa_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct ike_sa),
        .source_size = offsetof(struct ike_sa, index),
        .key_length = key_length,
        .given_index = offsetof(struct ike_sa, index),
        .views = views,
};
