#include "ike_policy.h"

static const struct label uniqueness[] = {
        { UNIQUE_NO, "no" },           { UNIQUE_NEVER, "never" },     { UNIQUE_KEEP, "keep" },
        { UNIQUE_REPLACE, "replace" }, { UNIQUE_UNKNOWN, "unknown" }, { 0, NULL },
};

static const struct column ike_policy_index[] = {
        STRING(1, "ipsrIkePolicyKey", struct ike_policy, key),
};

static const struct column columns[] = {
        STRING(2, "ipsrIkePolicyName", struct ike_policy, name),
        ENUMERATION(3, "ipsrIkePolicyVersion", struct ike_policy, version, ike_versions),
        STRING(4, "ipsrIkePolicyLocalAddresses", struct ike_policy, local_addresses),
        STRING(5, "ipsrIkePolicyRemoteAddresses", struct ike_policy, remote_addresses),
        UNSIGNED32_OR_NONE(6, "ipsrIkePolicyLocalPort", struct ike_policy, local_port),
        UNSIGNED32_OR_NONE(7, "ipsrIkePolicyRemotePort", struct ike_policy, remote_port),
        STRING(8, "ipsrIkePolicyLocalAuthMethod", struct ike_policy, local_auth_method),
        STRING(9, "ipsrIkePolicyRemoteAuthMethod", struct ike_policy, remote_auth_method),
        STRING(10, "ipsrIkePolicyLocalIdentity", struct ike_policy, local_identity),
        STRING(11, "ipsrIkePolicyRemoteIdentity", struct ike_policy, remote_identity),
        STRING(12, "ipsrIkePolicyLocalEapIdentity", struct ike_policy, local_eap_identity),
        STRING(13, "ipsrIkePolicyRemoteEapIdentity", struct ike_policy, remote_eap_identity),
        STRING(14, "ipsrIkePolicyLocalCas", struct ike_policy, local_cas),
        STRING(15, "ipsrIkePolicyRemoteCas", struct ike_policy, remote_cas),
        UNSIGNED32_OR_NONE(16, "ipsrIkePolicyRekeySeconds", struct ike_policy, rekey_seconds),
        UNSIGNED32_OR_NONE(17, "ipsrIkePolicyReauthSeconds", struct ike_policy, reauth_seconds),
        UNSIGNED32_OR_NONE(18, "ipsrIkePolicyDpdSeconds", struct ike_policy, dpd_seconds),
        UNSIGNED32_OR_NONE(19, "ipsrIkePolicyDpdTimeoutSeconds", struct ike_policy,
                           dpd_timeout_seconds),
        ENUMERATION(20, "ipsrIkePolicyUniqueness", struct ike_policy, uniqueness, uniqueness),
        STRING(21, "ipsrIkePolicyProposals", struct ike_policy, proposals),
        UNSIGNED32(22, "ipsrIkePolicyIkeSas", struct ike_policy, ike_sas),
        STRING(23, "ipsrIkePolicyDaemon", struct ike_policy, daemon),
        TRUTH(24, "ipsrIkePolicyFreshFlag", struct ike_policy, fresh),
        AGE(25, "ipsrIkePolicyLastSeenAge", struct ike_policy, last_seen),
};

static const struct column hidden[] = {
        STRING(1, "certificates", struct ike_policy, certificates),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct ike_policy, name);
}

const struct table_type ike_policy_type = {
        .number = 8,
        .name = "ipsrIkePolicyTable",
        .stem = "ipsrIkePolicy",
        .json = "ike_policy",
        TABLE_INDEX(ike_policy_index),
        TABLE_COLUMNS(columns),
        TABLE_HIDDEN(hidden),
        .row_size = sizeof(struct ike_policy),
        .source_size = offsetof(struct ike_policy, ike_sas),
        .key_length = key_length,
};
