#include "policy.h"

#include <netinet/in.h>

const struct label spd_types[] = {
        { SPD_MAIN, "main" },
        { SPD_SUB, "sub" },
        { SPD_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label rule_kinds[] = {
        { RULE_HOST, "host" },
        { RULE_TUNNEL, "tunnel" },
        { RULE_BYPASS, "bypass" },
        { RULE_KIND_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label rule_actions[] = {
        { RULE_DYNAMIC_KEY, "dynamicKey" },
        { RULE_MANUAL_KEY, "manualKey" },
        { RULE_PASS, "pass" },
        { RULE_DISCARD, "discard" },
        { RULE_ACTION_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label policy_states[] = {
        { POLICY_READY, "ready" },           { POLICY_INITIAL, "initial" },
        { POLICY_PENDING, "pending" },       { POLICY_ERROR, "error" },
        { POLICY_STATE_UNKNOWN, "unknown" }, { 0, NULL },
};

static const struct label owners[] = {
        { OWNER_DAEMON, "daemon" },
        { OWNER_MANUAL, "manual" },
        { OWNER_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label flags[] = {
        { 0, "localOk" },
        { 1, "icmp" },
        { 2, "cpuAcquire" },
        { 0, NULL },
};

static const struct column policy_index[] = {
        ENUMERATION(1, "ipsrPolicyType", struct policy, type, spd_types),
        UNSIGNED32(2, "ipsrPolicyIndex", struct policy, index),
};

static const struct column columns[] = {
        ENUMERATION(3, "ipsrPolicyKind", struct policy, kind, rule_kinds),
        STRING(4, "ipsrPolicyName", struct policy, name),
        ENUMERATION(5, "ipsrPolicyDirection", struct policy, direction, ipsec_directions),
        UNSIGNED32(6, "ipsrPolicyPriority", struct policy, priority),
        ADDRESS_TYPE(7, "ipsrPolicySourceType", struct policy, source),
        ADDRESS(8, "ipsrPolicySource", struct policy, source),
        PREFIX_TEXT(9, "ipsrPolicySourceText", struct policy, source),
        PREFIX_LENGTH(10, "ipsrPolicySourcePrefix", struct policy, source),
        ADDRESS_TYPE(11, "ipsrPolicyDestinationType", struct policy, destination),
        ADDRESS(12, "ipsrPolicyDestination", struct policy, destination),
        PREFIX_TEXT(13, "ipsrPolicyDestinationText", struct policy, destination),
        PREFIX_LENGTH(14, "ipsrPolicyDestinationPrefix", struct policy, destination),
        UNSIGNED32(15, "ipsrPolicySourcePort", struct policy, source_port),
        UNSIGNED32_OR_NONE(16, "ipsrPolicySourcePortMask", struct policy, source_port_mask),
        UNSIGNED32(17, "ipsrPolicyDestinationPort", struct policy, destination_port),
        UNSIGNED32_OR_NONE(18, "ipsrPolicyDestinationPortMask", struct policy,
                           destination_port_mask),
        UNSIGNED32_OR_NONE(19, "ipsrPolicyProtocol", struct policy, protocol),
        IF_INDEX(20, "ipsrPolicyIfIndex", struct policy, if_index),
        ENUMERATION(21, "ipsrPolicyAction", struct policy, action, rule_actions),
        ENUMERATION(22, "ipsrPolicyState", struct policy, state, policy_states),
        FLAGS(23, "ipsrPolicyFlags", struct policy, flags, flags),
        UNSIGNED32_OR_NONE(24, "ipsrPolicyCookie", struct policy, cookie),
        DATE(25, "ipsrPolicyAddTime", struct policy, add_time),
        AGE(26, "ipsrPolicyAddAge", struct policy, add_time),
        DATE(27, "ipsrPolicyUseTime", struct policy, use_time),
        AGE(28, "ipsrPolicyUseAge", struct policy, use_time),
        GAUGE64_OR_NONE(29, "ipsrPolicyHardOctets", struct policy, hard.octets),
        GAUGE64_OR_NONE(30, "ipsrPolicyHardPackets", struct policy, hard.packets),
        UNSIGNED32_OR_NONE(31, "ipsrPolicyHardAddSeconds", struct policy, hard.add_seconds),
        UNSIGNED32_OR_NONE(32, "ipsrPolicyHardUseSeconds", struct policy, hard.use_seconds),
        GAUGE64_OR_NONE(33, "ipsrPolicySoftOctets", struct policy, soft.octets),
        GAUGE64_OR_NONE(34, "ipsrPolicySoftPackets", struct policy, soft.packets),
        UNSIGNED32_OR_NONE(35, "ipsrPolicySoftAddSeconds", struct policy, soft.add_seconds),
        UNSIGNED32_OR_NONE(36, "ipsrPolicySoftUseSeconds", struct policy, soft.use_seconds),
        UNSIGNED32_OR_NONE(37, "ipsrPolicyMark", struct policy, mark),
        UNSIGNED32_OR_NONE(38, "ipsrPolicyMarkMask", struct policy, mark_mask),
        UNSIGNED32_OR_NONE(39, "ipsrPolicyIfId", struct policy, if_id),
        UNSIGNED32(40, "ipsrPolicyPendingAcquires", struct policy, pending_acquires),
        STRING(41, "ipsrPolicySecurityContext", struct policy, security_context),
        ENUMERATION(42, "ipsrPolicyOwner", struct policy, owner, owners),
        STRING(43, "ipsrPolicyDaemon", struct policy, daemon),
        UNSIGNED32(44, "ipsrPolicyTemplates", struct policy, templates),
        STRING(45, "ipsrPolicyTunnelPolicyKey", struct policy, tunnel_policy_key),
        STRING(46, "ipsrPolicyTunnelChildKey", struct policy, tunnel_child_key),
        UNSIGNED32_OR_NONE(47, "ipsrPolicyTunnelInstance", struct policy, tunnel_instance),
        STRING(48, "ipsrPolicyConfiguredPolicyKey", struct policy, configured_policy_key),
        STRING(49, "ipsrPolicyConfiguredChildKey", struct policy, configured_child_key),
};

static const struct column by_precedence_index[] = {
        UNSIGNED32(1, "direction", struct policy, direction),
        UNSIGNED32(2, "type", struct policy, type),
        UNSIGNED32(3, "kind", struct policy, kind),
        UNSIGNED32(4, "priority", struct policy, priority),
        UNSIGNED32(5, "index", struct policy, index),
};

const struct table_type policy_by_precedence_type = {
        .name = "policies by precedence",
        TABLE_INDEX(by_precedence_index),
        .row_size = sizeof(struct policy),
        .moves = true,
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct policy, kind);
}

static const struct column by_tunnel_index[] = {
        UNSIGNED32(1, "tunnel", struct policy, tunnel),
        UNSIGNED32(2, "type", struct policy, type),
        UNSIGNED32(3, "index", struct policy, index),
};

const struct table_type policy_by_tunnel_type = {
        .name = "policies by tunnel",
        TABLE_INDEX(by_tunnel_index),
        .row_size = sizeof(struct policy),
        .moves = true,
};

static const struct column by_configured_index[] = {
        STRING(1, "policyKey", struct policy, configured_policy_key),
        STRING(2, "childKey", struct policy, configured_child_key),
        UNSIGNED32(3, "type", struct policy, type),
        UNSIGNED32(4, "index", struct policy, index),
};

const struct table_type policy_by_configured_type = {
        .name = "policies by configured child",
        TABLE_INDEX(by_configured_index),
        .row_size = sizeof(struct policy),
        .moves = true,
};

static const struct table_type *const views[] = {
        &policy_by_precedence_type,
        &policy_by_configured_type,
        &policy_by_tunnel_type,
        NULL,
};
const struct table_type policy_type = {
        .number = 10,
        .name = "ipsrPolicyTable",
        .stem = "ipsrPolicy",
        .json = "policy",
        TABLE_INDEX(policy_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct policy),
        .source_size = offsetof(struct policy, name),
        .key_length = key_length,
        .views = views,
};

bool policy_has_type_and_code(const struct policy *policy)
{
        return policy->protocol == IPPROTO_ICMP || policy->protocol == IPPROTO_ICMPV6 ||
               policy->protocol == IPPROTO_MH;
}
