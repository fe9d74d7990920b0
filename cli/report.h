/*
 * A report: rows of one table, printed as they come, or of several, printed when all are read. One
 * file and one line in reports.c each.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "columns.h"
#include "filter.h"
#include "look.h"
#include "tables/ike_daemon.h"
#include "tables/rows.h"

#include <stdio.h>

/* A source of reports that have nothing to tell without any of these daemons. */
#define SOURCE_ANY_DAEMON "ike"

struct report {
        const char *option;            /* "sa" */
        const char *word;              /* "ipsec": the word behind it, or NULL */
        const char *help;              /* what it shows, for -help */
        bool beside_all;               /* -all does not print it */
        bool by_word;                  /* the option without a word does not mean it */
        const char *title;             /* printed once, above all rows; NULL: print() has one */
        const struct table_type *type; /* what it reads; NULL: parts */
        const uint16_t *members;       /* that the text needs (NEEDS), the index not counted */
        size_t n_members;
        const char *on_demand; /* key of the collector that fills the first part's table, and reads
                                  only while that is asked for; NULL: none such */
        const char *const *sources;        /* keys of the collectors that fill the table, or
                                              SOURCE_ANY_DAEMON; ends with NULL */
        bool (*is_shown)(const void *row); /* in text; NULL: every row */
        /* Prints one record as text. Rows hold what members names, or all of it for -verbose. */
        void (*print)(FILE *file, const void *row, const struct moment *now);
        /* Prints what -verbose adds to the record; NULL: every other column that is not none. */
        void (*print_more)(FILE *file, const void *row, const struct moment *now);
        bool spaced;          /* a blank line between records: HP's own reports have none */
        bool only_text;       /* a part that JSON does not tell: a report of its own does */
        unsigned int filters; /* enum filter_kind: those that fit it */
        /*
         * Of a report over several tables: what it reads of each (type, members, is_shown), ends
         * with NULL; and how it prints the rows of each, in this order. 0 or -ENOMEM.
         */
        const struct report *const *parts;
        int (*print_parts)(FILE *file, const struct rows *const *parts, const struct moment *now,
                           bool verbose);
        /* The same for a report that looks different on a terminal, or shows rates; instead of
         * print_parts. */
        int (*print_look)(FILE *file, const struct rows *const *parts, const struct moment *now,
                          bool verbose, const struct look *look);
        const uint16_t *rate_members; /* of a part: what rates need besides */
        size_t n_rate_members;
        /*
         * Copies the rows that the filter wants from each part that was read to the empty one in
         * selected. NULL: each row is looked at by itself. 0 or -ENOMEM.
         */
        int (*select)(const struct filter *filter, const struct rows *const *read,
                      struct rows *const *selected);
};

/* At most so many tables in one report. */
enum { PARTS_MAX = 5 };

/* All reports, in the order in which they are printed; ends with NULL. */
extern const struct report *const reports[];

/* At most so many reports. */
enum { REPORTS_MAX = 32 };

size_t reports_count(void);

extern const struct report report_sa_ike;
extern const struct report report_sa_ipsec;
extern const struct report report_ike;
extern const struct report report_host_active;
extern const struct report report_host_configured;
extern const struct report report_tunnel;
extern const struct report report_ip;
extern const struct report report_bypass;
extern const struct report report_cache;
extern const struct report report_summary;
extern const struct report report_stat;
extern const struct report report_cert;
extern const struct report report_collector;
extern const struct report report_event;

#endif
