/* ipsrXfrmStatTable: the kernel's counters of packets that IPsec dropped, by cause. */
#ifndef IPSEC_REPORT_TABLES_XFRM_STAT_H
#define IPSEC_REPORT_TABLES_XFRM_STAT_H

#include "table.h"

struct xfrm_stat {
        const char *key;       /* index: key_of_name(name) */
        const char *name;      /* the kernel's own */
        uint64_t packets;      /* since the network namespace was made */
        int64_t discontinuity; /* monotonic, ms: first seen, or last seen to fall */
};

extern const struct table_type xfrm_stat_type;

#endif
