#include "collector_row.h"

const struct label collector_states[] = {
        { COLLECTOR_UP, "up" },
        { COLLECTOR_DEGRADED, "degraded" },
        { COLLECTOR_DOWN, "down" },
        { COLLECTOR_DISABLED, "disabled" },
        { COLLECTOR_UNSUPPORTED, "unsupported" },
        { COLLECTOR_IDLE, "idle" },
        { COLLECTOR_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column collector_index[] = {
        STRING(1, "ipsrCollectorKey", struct collector_row, key),
};

static const struct column columns[] = {
        ENUMERATION(2, "ipsrCollectorState", struct collector_row, state, collector_states),
        STRING(3, "ipsrCollectorName", struct collector_row, name),
        UNSIGNED32(4, "ipsrCollectorRows", struct collector_row, rows),
        DATE(5, "ipsrCollectorLastSuccess", struct collector_row, last_success),
        AGE(6, "ipsrCollectorLastSuccessAge", struct collector_row, last_success),
        UNSIGNED32(7, "ipsrCollectorDuration", struct collector_row, duration),
        COUNTER64(8, "ipsrCollectorPolls", struct collector_row, polls),
        COUNTER64(9, "ipsrCollectorFailures", struct collector_row, failures),
        COUNTER64(10, "ipsrCollectorResyncs", struct collector_row, resyncs),
        COUNTER64(11, "ipsrCollectorOverruns", struct collector_row, overruns),
        COUNTER64(12, "ipsrCollectorEvents", struct collector_row, events),
        STRING(13, "ipsrCollectorLastError", struct collector_row, last_error),
        STRING(14, "ipsrCollectorSourceVersion", struct collector_row, source_version),
        TIMESTAMP(15, "ipsrCollectorDiscontinuityTime", struct collector_row, discontinuity),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct collector_row, state);
}

const struct table_type collector_row_type = {
        .number = 3,
        .name = "ipsrCollectorTable",
        .stem = "ipsrCollector",
        .json = "collector",
        TABLE_INDEX(collector_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct collector_row),
        .source_size = sizeof(struct collector_row),
        .key_length = key_length,
};
