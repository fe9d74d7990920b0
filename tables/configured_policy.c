#include "configured_policy.h"

static const struct label child_actions[] = {
        { CHILD_NONE, "none" },
        { CHILD_CLEAR, "clear" },
        { CHILD_TRAP, "trap" },
        { CHILD_START, "start" },
        { CHILD_TRAP_AND_START, "trapAndStart" },
        { CHILD_IGNORE, "ignore" },
        { CHILD_ACTION_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column configured_index[] = {
        STRING(1, "ipsrConfiguredPolicyKey", struct configured_policy, policy_key),
        STRING(2, "ipsrConfiguredChildKey", struct configured_policy, child_key),
};

static const struct column columns[] = {
        STRING(3, "ipsrConfiguredPolicyName", struct configured_policy, policy_name),
        STRING(4, "ipsrConfiguredChildName", struct configured_policy, child_name),
        ENUMERATION(5, "ipsrConfiguredMode", struct configured_policy, mode, ipsec_modes),
        ENUMERATION(6, "ipsrConfiguredAction", struct configured_policy, action, rule_actions),
        STRING(7, "ipsrConfiguredLocalSelectors", struct configured_policy, local_selectors),
        STRING(8, "ipsrConfiguredRemoteSelectors", struct configured_policy, remote_selectors),
        UNSIGNED32_OR_NONE(9, "ipsrConfiguredRekeySeconds", struct configured_policy,
                           rekey_seconds),
        GAUGE64_OR_NONE(10, "ipsrConfiguredRekeyOctets", struct configured_policy, rekey_octets),
        GAUGE64_OR_NONE(11, "ipsrConfiguredRekeyPackets", struct configured_policy, rekey_packets),
        ENUMERATION(12, "ipsrConfiguredDpdAction", struct configured_policy, dpd_action,
                    child_actions),
        ENUMERATION(13, "ipsrConfiguredCloseAction", struct configured_policy, close_action,
                    child_actions),
        ENUMERATION(14, "ipsrConfiguredStartAction", struct configured_policy, start_action,
                    child_actions),
        STRING(15, "ipsrConfiguredLabel", struct configured_policy, label),
        UNSIGNED32(16, "ipsrConfiguredMarkIn", struct configured_policy, mark_in),
        UNSIGNED32_OR_NONE(17, "ipsrConfiguredMarkInMask", struct configured_policy, mark_in_mask),
        UNSIGNED32(18, "ipsrConfiguredMarkOut", struct configured_policy, mark_out),
        UNSIGNED32_OR_NONE(19, "ipsrConfiguredMarkOutMask", struct configured_policy,
                           mark_out_mask),
        UNSIGNED32_OR_NONE(20, "ipsrConfiguredIfIdIn", struct configured_policy, if_id_in),
        UNSIGNED32_OR_NONE(21, "ipsrConfiguredIfIdOut", struct configured_policy, if_id_out),
        ENUMERATION(22, "ipsrConfiguredKind", struct configured_policy, kind, rule_kinds),
        TRUTH(23, "ipsrConfiguredInstalledFlag", struct configured_policy, installed),
        TRUTH(24, "ipsrConfiguredDriftFlag", struct configured_policy, drift),
        UNSIGNED32(25, "ipsrConfiguredPolicies", struct configured_policy, policies),
        UNSIGNED32_OR_NONE(26, "ipsrConfiguredPriority", struct configured_policy, priority),
        STRING(27, "ipsrConfiguredInterface", struct configured_policy, interface),
        STRING(28, "ipsrConfiguredProposals", struct configured_policy, proposals),
        UNSIGNED32_OR_NONE(29, "ipsrConfiguredLifetimeSeconds", struct configured_policy,
                           lifetime_seconds),
        GAUGE64_OR_NONE(30, "ipsrConfiguredLifetimeOctets", struct configured_policy,
                        lifetime_octets),
        GAUGE64_OR_NONE(31, "ipsrConfiguredLifetimePackets", struct configured_policy,
                        lifetime_packets),
        STRING(32, "ipsrConfiguredDaemon", struct configured_policy, daemon),
        TRUTH(33, "ipsrConfiguredFreshFlag", struct configured_policy, fresh),
        AGE(34, "ipsrConfiguredLastSeenAge", struct configured_policy, last_seen),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct configured_policy, policy_name);
}

const struct table_type configured_policy_type = {
        .number = 9,
        .name = "ipsrConfiguredPolicyTable",
        .stem = "ipsrConfigured",
        .json = "configured_policy",
        TABLE_INDEX(configured_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct configured_policy),
        .source_size = offsetof(struct configured_policy, installed),
        .key_length = key_length,
};
