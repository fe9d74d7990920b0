/*
 * The journal on disk: the events of ipsrEventTable, one JSON object on each line, as `ipsec_report
 * -event -json` prints its rows. Lines are appended by one write each turn of the loop, in the
 * order of their numbers. A line waits until it is known what became of the event's notification, a
 * second at the most: then it says that this is not known.
 */
#ifndef IPSEC_REPORT_AGENT_JOURNAL_FILE_H
#define IPSEC_REPORT_AGENT_JOURNAL_FILE_H

#include "collectors/loop.h"
#include "tables/event.h"
#include "tables/store.h"

#include <stdbool.h>

#define JOURNAL_SIZE_DEFAULT (10u << 20)
#define JOURNAL_FILES_DEFAULT 5

struct journal_file;

struct journal_file_config {
        const char *path; /* copied */
        uint32_t size;    /* octets beyond which another file is begun; 0: nothing is written */
        uint32_t files;   /* earlier ones that are kept: path.1 is the newest of them */
        bool sync;        /* it is on the disk within a second, whatever that costs */
};

/* Opens nothing before the first turn of the loop. NULL without memory. */
struct journal_file *journal_file_new(struct store *store, struct loop *loop,
                                      const struct journal_file_config *config);

/* Writes all that waits, settled or not, and nothing more. NULL is allowed. */
void journal_file_end(struct journal_file *f);

/* The same. */
void journal_file_free(struct journal_file *f);

void journal_file_configure(struct journal_file *f, const struct journal_file_config *config);

/* What became of an event's notification. */
void journal_file_settled(struct journal_file *f, uint32_t number, enum event_notification fate);

#endif
