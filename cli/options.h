/* The words of the command line that are the command's own. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "audit_entity.h"
#include "check.h"
#include "report.h"

enum action {
        ACTION_REPORT,
        ACTION_CHECK,
        ACTION_HELP,
        ACTION_VERSION,
};

struct options {
        enum action action;
        bool selected[REPORTS_MAX]; /* in the order of reports[] */
        bool named[REPORTS_MAX];    /* by its own option, not by -all */
        bool json;
        bool verbose;
        const char *file; /* NULL: standard output */
        struct filter filter;
        double watch; /* seconds between two rounds; 0: there is one */
        bool no_color;
        struct check_options check;
        bool thresholds;                   /* for ACTION_CHECK, as check.state is */
        const char **audit;                /* files of -audit, in their order; n_audit of them */
        size_t n_audit;                    /* 0: an agent is asked */
        const struct audit_entity *entity; /* NULL: all */
        char **rest;                       /* what stands behind "--": Net-SNMP's */
        int n_rest;
};

/*
 * Reads the command line. 0; -EINVAL after a sentence on standard error; or -ENOMEM. The options
 * are to be freed whatever it returns.
 */
int options_parse(int argc, char **argv, struct options *options);
void options_free(struct options *options);

/* Does the command line, right or wrong, ask for -check? What fails is told as a check tells it. */
bool options_want_check(int argc, char *const *argv);

void options_usage(FILE *file);

#endif
