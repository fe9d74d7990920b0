#include "agent_scalars.h"

static const struct column columns[] = {
        STRING(1, "ipsrAgentVersion", struct agent_scalars, version),
        UNSIGNED32(2, "ipsrAgentMibRevision", struct agent_scalars, mib_revision),
        DATE(3, "ipsrAgentStartTime", struct agent_scalars, start_time),
        UNSIGNED32(4, "ipsrAgentRun", struct agent_scalars, run),
        STRING(5, "ipsrAgentKernelRelease", struct agent_scalars, kernel_release),
        TRUTH(6, "ipsrAgentIpsecActive", struct agent_scalars, ipsec_active),
        TIMESTAMP(7, "ipsrAgentLastChange", struct agent_scalars, last_change),
        COUNTER64(8, "ipsrAgentNotificationsSent", struct agent_scalars, notifications_sent),
        COUNTER64(9, "ipsrAgentNotificationsSuppressed", struct agent_scalars,
                  notifications_suppressed),
        STRING(10, "ipsrAgentWeakAlgorithms", struct agent_scalars, weak_algorithms),
        UNSIGNED32_OR_NONE(11, "ipsrAgentNetworkNamespace", struct agent_scalars,
                           network_namespace),
};

const struct table_type agent_scalars_type = {
        .number = 1,
        .name = "ipsrAgent",
        .stem = "ipsrAgent",
        .json = "agent",
        .scalars = true,
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct agent_scalars),
        .source_size = sizeof(struct agent_scalars),
};
