/*
 * -check: the state of a machine's tunnels for a monitoring system, as a plugin of Nagios, Icinga
 * and the like tells it: one line with performance data, more lines below, and the exit status.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "filter.h"
#include "range.h"
#include "session.h"
#include "tables/agent_scalars.h"

#include <stdio.h>

/* The exit status of a plugin. */
enum check_status {
        CHECK_OK = 0,
        CHECK_WARNING = 1,
        CHECK_CRITICAL = 2,
        CHECK_UNKNOWN = 3,
};

/* What can have a threshold. */
enum check_metric {
        CHECK_DOWN,
        CHECK_CONNECTING,
        CHECK_UP,
        CHECK_EXPIRY,
        CHECK_CERTIFICATE,
        CHECK_ERRORS,
        CHECK_SOURCES,
        CHECK_METRICS,
};

struct check_options {
        struct range warning[CHECK_METRICS];
        struct range critical[CHECK_METRICS];
        const char *state; /* a file that keeps counters from one check to the next; NULL: none */
};

/* Sets the thresholds that hold when none are given. */
void check_defaults(struct check_options *options);

/* Sets one from "METRIC=RANGE". 0, or -EINVAL after a sentence. */
int check_set_threshold(struct range thresholds[CHECK_METRICS], const char *text);

/* "down, connecting, ...", for the usage. */
void check_print_metrics(FILE *file);

/*
 * Reads what there is and prints it. Tunnels are those that the filter takes. Returns an enum
 * check_status, or a negative errno after a sentence: nothing is printed then.
 */
int check_run(struct session *session, const struct agent_scalars *agent,
              const struct check_options *options, const struct filter *filter, bool verbose,
              FILE *file);

/* Prints the status line for a check that failed: reasons has its sentences, a line each. */
void check_print_failure(FILE *file, const char *reasons);

#endif
