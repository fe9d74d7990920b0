/* What all collectors have: their ways in, and their row in ipsrCollectorTable. */
#ifndef IPSEC_REPORT_COLLECTORS_COLLECTOR_H
#define IPSEC_REPORT_COLLECTORS_COLLECTOR_H

#include "loop.h"
#include "tables/collector_row.h"
#include "tables/store.h"

struct collector;

struct collector_ops {
        const char *key;  /* index of its row */
        const char *name; /* what it reads, for people */
        /* Opens the source and begins the first read. A source that is not there is no error: the
         * row says so, and the collector tries again. 0, or -ENOMEM. */
        int (*start)(struct collector *c);
        /* Begins a full read; returns at once. */
        void (*refresh)(struct collector *c);
        /* Closes everything; the collector can be started again. */
        void (*stop)(struct collector *c);
        void (*free)(struct collector *c);
};

/* The first member of every collector. */
struct collector {
        const struct collector_ops *ops;
        struct loop *loop;
        struct table *table;      /* ipsrCollectorTable */
        struct collector_row row; /* as it is to be told; collector_tell() tells it */
        char last_error[256];
};

void collector_init(struct collector *c, const struct collector_ops *ops, struct loop *loop,
                    struct store *store);

/* Puts the row into the table. */
void collector_tell(struct collector *c);

/* Tells that the configuration has switched it off. */
void collector_disable(struct collector *c);

/* Tells that there is no such source here, and why; that is no failure. */
void collector_absent(struct collector *c, const char *why);

/* Sets the state, counts a failure, keeps its text (as printf has it), logs it if it is a new one.
 */
void collector_failed(struct collector *c, enum collector_state state, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* A full read has ended well: state up, when and how long. */
void collector_succeeded(struct collector *c, int64_t begun_monotonic_us, uint32_t rows);

/* The same, but something is missing, as collector_failed() has told: its state stays. */
void collector_succeeded_in_part(struct collector *c, int64_t begun_monotonic_us, uint32_t rows);

/* Microseconds of CLOCK_MONOTONIC. */
int64_t monotonic_us(void);

#endif
