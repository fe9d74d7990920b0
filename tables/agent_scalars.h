/* ipsrAgent: what the agent says of itself. One row. */
#ifndef IPSEC_REPORT_TABLES_AGENT_SCALARS_H
#define IPSEC_REPORT_TABLES_AGENT_SCALARS_H

#include "table.h"

/* The revision of the MIB that this source tree has; it rises with each one that adds to it. */
#define IPSEC_REPORT_MIB_REVISION 1

struct agent_scalars {
        const char *version;         /* of the package */
        uint32_t mib_revision;       /* IPSEC_REPORT_MIB_REVISION of the agent */
        int64_t start_time;          /* seconds since 1970 */
        uint32_t run;                /* differs at each start of the agent */
        const char *kernel_release;  /* uname(2) */
        bool ipsec_active;           /* the kernel has an SA or a policy */
        int64_t last_change;         /* monotonic, ms: a row came, went or changed its state */
        uint64_t notifications_sent; /* in all runs */
        uint64_t notifications_suppressed; /* likewise */
        const char *weak_algorithms;       /* the list in force, as the configuration writes it */
        uint32_t network_namespace;        /* inode of /proc/self/ns/net */
};

extern const struct table_type agent_scalars_type;

#endif
