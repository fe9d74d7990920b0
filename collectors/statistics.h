/* The collector of the kernel's XFRM counters: /proc/net/xfrm_stat, read now and then. */
#ifndef IPSEC_REPORT_COLLECTORS_STATISTICS_H
#define IPSEC_REPORT_COLLECTORS_STATISTICS_H

#include "collector.h"
#include "recording.h"

#define STATISTICS_INTERVAL_DEFAULT 10

struct statistics_config {
        uint32_t interval;           /* seconds between reads */
        const char *file;            /* NULL: /proc/net/xfrm_stat */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: the live kernel */
};

/* NULL without memory. */
struct collector *statistics_new(struct loop *loop, struct store *store,
                                 const struct statistics_config *config);

/* Takes a new interval. */
void statistics_configure(struct collector *c, const struct statistics_config *config);

/* Room for a counter's name. */
#define COUNTER_NAME_SIZE 256

/*
 * Reads one line "NAME NUMBER" of the text, and moves *text and *length behind it. Whatever the
 * octets are, nothing is read beyond them. 1, 0 at the end, or -EBADMSG for a line that is none.
 */
int statistics_parse_line(const char **text, size_t *length, char name[COUNTER_NAME_SIZE],
                          uint64_t *number);

#endif
