/* ipsrCollectorTable: the health of each source that the agent reads. */
#ifndef IPSEC_REPORT_TABLES_COLLECTOR_ROW_H
#define IPSEC_REPORT_TABLES_COLLECTOR_ROW_H

#include "table.h"

enum collector_state {
        COLLECTOR_UP = 1,          /* read in full, and current */
        COLLECTOR_DEGRADED = 2,    /* serves what it has, but the last read failed or is not done */
        COLLECTOR_DOWN = 3,        /* the source does not answer */
        COLLECTOR_DISABLED = 4,    /* by the configuration */
        COLLECTOR_UNSUPPORTED = 5, /* this machine has no such source */
        COLLECTOR_IDLE = 6,        /* nobody asks for it now */
        COLLECTOR_UNKNOWN = 7,
};

struct collector_row {
        const char *key;        /* index: the collector's name */
        uint8_t state;          /* enum collector_state */
        const char *name;       /* what it reads, for people */
        uint32_t rows;          /* that the source has now, in all tables it fills */
        int64_t last_success;   /* seconds since 1970: end of the last full read; 0 none yet */
        uint32_t duration;      /* microseconds that this read took */
        uint64_t polls;         /* full reads begun */
        uint64_t failures;      /* reads and messages that failed */
        uint64_t resyncs;       /* full reads because something was missed */
        uint64_t overruns;      /* times the kernel dropped messages for want of room (ENOBUFS) */
        uint64_t events;        /* messages that came unasked */
        const char *last_error; /* the last failure, in words; empty: none yet */
        const char *source_version; /* of the kernel or the daemon */
        int64_t discontinuity;      /* monotonic, ms: when these counters began */
};

extern const struct table_type collector_row_type;
extern const struct label collector_states[];

#endif
