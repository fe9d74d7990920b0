#include "xfrm_stat.h"

static const struct column stat_index[] = {
        STRING(1, "ipsrXfrmStatKey", struct xfrm_stat, key),
};

static const struct column columns[] = {
        STRING(2, "ipsrXfrmStatName", struct xfrm_stat, name),
        COUNTER64(3, "ipsrXfrmStatPackets", struct xfrm_stat, packets),
        TIMESTAMP(4, "ipsrXfrmStatDiscontinuityTime", struct xfrm_stat, discontinuity),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct xfrm_stat, name);
}

const struct table_type xfrm_stat_type = {
        .number = 4,
        .name = "ipsrXfrmStatTable",
        .stem = "ipsrXfrmStat",
        .json = "xfrm_stat",
        TABLE_INDEX(stat_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct xfrm_stat),
        .source_size = sizeof(struct xfrm_stat),
        .key_length = key_length,
};
