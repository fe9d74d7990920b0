#include "flow.h"

const struct label flow_actions[] = {
        { FLOW_SECURE, "secure" },          { FLOW_PASS, "pass" }, { FLOW_DISCARD, "discard" },
        { FLOW_ACTION_UNKNOWN, "unknown" }, { 0, NULL },
};

static const struct label origins[] = {
        { FLOW_OF_SOCKET, "socket" },
        { FLOW_OF_CONNTRACK, "conntrack" },
        { FLOW_ORIGIN_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column flow_index[] = {
        UNSIGNED32(1, "ipsrFlowNumber", struct flow, number),
};

static const struct column columns[] = {
        ADDRESS_TYPE(2, "ipsrFlowSourceType", struct flow, source),
        ADDRESS(3, "ipsrFlowSource", struct flow, source),
        ADDRESS_TEXT(4, "ipsrFlowSourceText", struct flow, source),
        ADDRESS_TYPE(5, "ipsrFlowDestinationType", struct flow, destination),
        ADDRESS(6, "ipsrFlowDestination", struct flow, destination),
        ADDRESS_TEXT(7, "ipsrFlowDestinationText", struct flow, destination),
        UNSIGNED32(8, "ipsrFlowSourcePort", struct flow, source_port),
        UNSIGNED32(9, "ipsrFlowDestinationPort", struct flow, destination_port),
        UNSIGNED32(10, "ipsrFlowProtocol", struct flow, protocol),
        ENUMERATION(11, "ipsrFlowDirection", struct flow, direction, ipsec_directions),
        ENUMERATION(12, "ipsrFlowAction", struct flow, action, flow_actions),
        UNSIGNED32_OR_NONE(13, "ipsrFlowPolicyCookie", struct flow, policy_cookie),
        ENUMERATION(14, "ipsrFlowPolicyType", struct flow, policy_type, spd_types),
        UNSIGNED32_OR_NONE(15, "ipsrFlowSa", struct flow, sa),
        ENUMERATION(16, "ipsrFlowOrigin", struct flow, origin, origins),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct flow, origin);
}

static const struct column by_policy_index[] = {
        UNSIGNED32(1, "type", struct flow, policy_type),
        UNSIGNED32(2, "policy", struct flow, policy_cookie),
        UNSIGNED32(3, "number", struct flow, number),
};

const struct table_type flow_by_policy_type = {
        .name = "flows by policy",
        TABLE_INDEX(by_policy_index),
        .row_size = sizeof(struct flow),
        .moves = true,
};

static const struct column by_sa_index[] = {
        UNSIGNED32(1, "sa", struct flow, sa),
        UNSIGNED32(2, "number", struct flow, number),
};

const struct table_type flow_by_sa_type = {
        .name = "flows by SA",
        TABLE_INDEX(by_sa_index),
        .row_size = sizeof(struct flow),
        .moves = true,
};

static const struct table_type *const views[] = { &flow_by_policy_type, &flow_by_sa_type, NULL };

const struct table_type flow_type = {
        .number = 15,
        .name = "ipsrFlowTable",
        .stem = "ipsrFlow",
        .json = "flow",
        TABLE_INDEX(flow_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct flow),
        .source_size = offsetof(struct flow, number),
        .key_length = key_length,
        .given_index = offsetof(struct flow, number),
        .views = views,
};
