#include "options.h"

#include "complain.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_LEAST 0.1
#define WATCH_MOST 86400

/* What getopt_long_only() returns; a report's option returns FIRST_REPORT plus its number. */
enum {
        OPTION_ALL = 256,
        OPTION_AUDIT,
        OPTION_ENTITY,
        OPTION_FILE,
        OPTION_JSON,
        OPTION_VERBOSE,
        OPTION_SPI,
        OPTION_PEER,
        OPTION_NAME,
        OPTION_WATCH,
        OPTION_NO_COLOR,
        OPTION_CHECK,
        OPTION_WARNING,
        OPTION_CRITICAL,
        OPTION_STATE,
        OPTION_VERSION,
        OPTION_HELP,
        FIRST_REPORT,
};

/* In the order of the usage, which completions are made of, too. */
static const struct own_option {
        const char *name;
        const char *argument; /* what it wants; NULL: nothing */
        int option;
        const char *help;
} own_options[] = {
        { "all", NULL, OPTION_ALL,
          "all reports but -summary, -stat, -cert, -collector, -event; the default" },
        { "audit", "FILE", OPTION_AUDIT, "records of a journal or a Linux audit log, by itself" },
        { "spi", "HEX", OPTION_SPI, "only what has this SPI" },
        { "peer", "ADDRESS", OPTION_PEER, "only what is with this peer" },
        { "name", "PATTERN", OPTION_NAME, "only rules, tunnels and policies of such a name" },
        { "entity", "NAME", OPTION_ENTITY, "of -audit, only the records of this one, see below" },
        { "file", "FILE", OPTION_FILE, "write to FILE, which is replaced when all went well" },
        { "json", NULL, OPTION_JSON, "write JSON with every column" },
        { "verbose", NULL, OPTION_VERBOSE, "add what HP-UX does not have" },
        { "watch", "SECONDS", OPTION_WATCH, "again and again, with rates where there are any" },
        { "no-color", NULL, OPTION_NO_COLOR, "no color, which a terminal gets" },
        { "check", NULL, OPTION_CHECK, "be a monitoring plugin: status, performance data, 0 to 3" },
        { "warning", "METRIC=RANGE", OPTION_WARNING, "of -check: warn when it is outside" },
        { "critical", "METRIC=RANGE", OPTION_CRITICAL, "of -check: the same, critical" },
        { "state", "FILE", OPTION_STATE, "of -check: what rates are made of from run to run" },
        { "version", NULL, OPTION_VERSION, "print the version" },
        { "help", NULL, OPTION_HELP, "print this" },
};

enum { N_OWN = sizeof(own_options) / sizeof(own_options[0]) };

static bool is_first_of_option(size_t i)
{
        for (size_t j = 0; j < i; j++)
                if (strcmp(reports[j]->option, reports[i]->option) == 0)
                        return false;
        return true;
}

/* Ends with zeros. */
static void make_table(struct option table[N_OWN + REPORTS_MAX])
{
        size_t n = N_OWN;

        memset(table, 0, (N_OWN + REPORTS_MAX) * sizeof(table[0]));
        for (size_t i = 0; i < N_OWN; i++) {
                table[i].name = own_options[i].name;
                table[i].has_arg = own_options[i].argument ? required_argument : no_argument;
                table[i].val = own_options[i].option;
        }
        for (size_t i = 0; reports[i]; i++) {
                if (!is_first_of_option(i))
                        continue;
                table[n].name = reports[i]->option;
                table[n].has_arg = reports[i]->word ? optional_argument : no_argument;
                table[n++].val = FIRST_REPORT + (int)i;
        }
}

/* "all", or NULL, means every report of the option but those that must be named. */
static bool matches(const struct report *report, const char *option, const char *word)
{
        if (strcmp(report->option, option) != 0)
                return false;
        if (!word || strcmp(word, "all") == 0)
                return !report->by_word;
        return strcmp(word, report->word) == 0;
}

static bool is_word(const char *option, const char *word)
{
        for (size_t i = 0; reports[i]; i++)
                if (reports[i]->word && matches(reports[i], option, word))
                        return true;
        return false;
}

static void select_reports(struct options *options, const char *option, const char *word)
{
        for (size_t i = 0; reports[i]; i++)
                if (matches(reports[i], option, word))
                        options->selected[i] = options->named[i] = true;
}

static void select_all(struct options *options)
{
        for (size_t i = 0; reports[i]; i++)
                if (!reports[i]->beside_all)
                        options->selected[i] = true;
}

/* The word behind -sa belongs to it when it is one of its words. */
static int take_report(struct options *options, const struct report *report, int argc, char **argv)
{
        const char *word = optarg;

        if (word && !is_word(report->option, word)) {
                complain("-%s has no '%s'", report->option, word);
                return -EINVAL;
        }
        if (report->word && !word && optind < argc && is_word(report->option, argv[optind]))
                word = argv[optind++];
        select_reports(options, report->option, word);
        return 0;
}

static int add_audit(struct options *options, const char *path)
{
        const char **audit =
                reallocarray(options->audit, options->n_audit + 1, sizeof(*options->audit));

        if (!audit)
                return -ENOMEM;
        audit[options->n_audit++] = path;
        options->audit = audit;
        return 0;
}

static int set_entity(struct options *options, const char *name)
{
        options->entity = audit_entity_find(name);
        if (options->entity)
                return 0;
        complain("-entity has no '%s'; there are %s", name, audit_entity_names());
        return -EINVAL;
}

static int take_filter(struct options *options, int option)
{
        switch (option) {
        case OPTION_SPI:
                if (filter_set_spi(&options->filter, optarg) == 0)
                        return 0;
                complain("'%s' is no SPI: say up to eight hexadecimal digits", optarg);
                return -EINVAL;
        case OPTION_PEER:
                if (filter_set_peer(&options->filter, optarg) == 0)
                        return 0;
                complain("'%s' is no address: say one of IPv4 or IPv6, in numbers", optarg);
                return -EINVAL;
        default:
                filter_set_name(&options->filter, optarg);
                return 0;
        }
}

/* From a tenth of a second to a day. */
static int take_watch(struct options *options)
{
        char *end;
        double seconds = strtod(optarg, &end);

        if (end == optarg || *end != '\0' || strspn(optarg, "0123456789.") != strlen(optarg) ||
            !(seconds >= WATCH_LEAST && seconds <= WATCH_MOST)) {
                complain("'%s' is no number of seconds: say 0.1 to 86400", optarg);
                return -EINVAL;
        }
        options->watch = seconds;
        return 0;
}

static int take_check(struct options *options, int option)
{
        options->thresholds = options->thresholds || option != OPTION_CHECK;
        switch (option) {
        case OPTION_CHECK:
                options->action = ACTION_CHECK;
                return 0;
        case OPTION_WARNING:
                return check_set_threshold(options->check.warning, optarg);
        case OPTION_CRITICAL:
                return check_set_threshold(options->check.critical, optarg);
        default:
                options->check.state = optarg;
                return 0;
        }
}

static int take_option(struct options *options, int option, int argc, char **argv)
{
        switch (option) {
        case OPTION_ALL:
                select_all(options);
                return 0;
        case OPTION_AUDIT:
                return add_audit(options, optarg);
        case OPTION_ENTITY:
                return set_entity(options, optarg);
        case OPTION_FILE:
                options->file = optarg;
                return 0;
        case OPTION_JSON:
                options->json = true;
                return 0;
        case OPTION_VERBOSE:
                options->verbose = true;
                return 0;
        case OPTION_SPI:
        case OPTION_PEER:
        case OPTION_NAME:
                return take_filter(options, option);
        case OPTION_WATCH:
                return take_watch(options);
        case OPTION_NO_COLOR:
                options->no_color = true;
                return 0;
        case OPTION_CHECK:
        case OPTION_WARNING:
        case OPTION_CRITICAL:
        case OPTION_STATE:
                return take_check(options, option);
        case OPTION_VERSION:
                options->action = ACTION_VERSION;
                return 0;
        case OPTION_HELP:
                options->action = ACTION_HELP;
                return 0;
        case '?':
                if (!opterr)
                        complain("'%s' is no option, or no whole one: see -help", argv[optind - 1]);
                return -EINVAL;
        default:
                return take_report(options, reports[option - FIRST_REPORT], argc, argv);
        }
}

static bool any_selected(const struct options *options)
{
        for (size_t i = 0; i < REPORTS_MAX; i++)
                if (options->selected[i])
                        return true;
        return false;
}

/* -audit reads files: no agent is asked for anything beside them. */
static int check_audit(const struct options *options)
{
        if (options->entity && options->n_audit == 0) {
                complain("-entity goes with -audit FILE only");
                return -EINVAL;
        }
        if (options->n_audit > 0 && any_selected(options)) {
                complain("-audit is a report of its own: no other goes with it");
                return -EINVAL;
        }
        if (options->n_audit > 0 && options->n_rest > 0) {
                complain("-audit asks no agent: '%s' belongs to nothing", options->rest[0]);
                return -EINVAL;
        }
        if (options->n_audit > 0 && (options->filter.given || options->watch > 0)) {
                complain(
                        "-audit reads files to their end: no -spi, -peer, -name or -watch with it");
                return -EINVAL;
        }
        return 0;
}

static const char *filter_name(unsigned int kinds)
{
        return kinds & FILTER_SPI ? "spi" : kinds & FILTER_PEER ? "peer" : "name";
}

/* A report that was named and has nothing that the filter could look at would mislead; -all is what
 * the filter fits. */
static int fit_filters(struct options *options)
{
        for (size_t i = 0; reports[i]; i++) {
                unsigned int unfit = options->filter.given & ~reports[i]->filters;

                if (!options->selected[i] || unfit == 0)
                        continue;
                if (options->named[i]) {
                        complain("-%s%s%s has nothing that -%s could choose by", reports[i]->option,
                                 reports[i]->word ? " " : "",
                                 reports[i]->word ? reports[i]->word : "", filter_name(unfit));
                        return -EINVAL;
                }
                options->selected[i] = false;
        }
        return 0;
}

/* A check is no report, and thresholds are for nothing else. */
static int fit_check(const struct options *options)
{
        const struct check_options *check = &options->check;

        if (options->action != ACTION_CHECK && options->thresholds) {
                complain("-warning, -critical and -state belong to -check");
                return -EINVAL;
        }
        if (options->action != ACTION_CHECK)
                return 0;
        if (any_selected(options) || options->n_audit > 0 || options->json || options->file ||
            options->watch > 0) {
                complain("-check is a report of its own: no other, no -json, -file or -watch with "
                         "it");
                return -EINVAL;
        }
        if (options->filter.given & FILTER_SPI) {
                complain("-check looks at tunnels: choose them by -name or -peer");
                return -EINVAL;
        }
        if (!check->state &&
            (check->warning[CHECK_ERRORS].text || check->critical[CHECK_ERRORS].text)) {
                complain("errors are a rate: say -state FILE, where one check leaves what the next "
                         "compares with");
                return -EINVAL;
        }
        return 0;
}

/* A document that never ends is none; a file is there when all is in it. */
static int fit_watch(const struct options *options)
{
        if (options->watch > 0 && (options->json || options->file)) {
                complain("-watch prints text again and again: no -json and no -file with it");
                return -EINVAL;
        }
        return 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
        struct option table[N_OWN + REPORTS_MAX];
        int option, before, err;

        memset(options, 0, sizeof(*options));
        check_defaults(&options->check);
        make_table(table);
        optind = 0; /* glibc's way to begin anew */
        opterr = !options_want_check(argc, argv);
        for (;;) {
                before = optind > 0 ? optind : 1;
                option = getopt_long_only(argc, argv, "+", table, NULL);
                if (option == -1)
                        break;
                err = take_option(options, option, argc, argv);
                if (err < 0 || options->action == ACTION_HELP || options->action == ACTION_VERSION)
                        return err;
        }
        if (optind == before && optind < argc) {
                complain("'%s' is no option and belongs to none", argv[optind]);
                return -EINVAL;
        }
        options->rest = argv + optind;
        options->n_rest = argc - optind;
        err = fit_check(options);
        if (err < 0 || options->action == ACTION_CHECK)
                return err;
        err = check_audit(options);
        if (err < 0 || options->n_audit > 0)
                return err;
        if (!any_selected(options))
                select_all(options);
        err = fit_filters(options);
        return err < 0 ? err : fit_watch(options);
}

void options_free(struct options *options)
{
        free((void *)options->audit);
        options->audit = NULL;
}

bool options_want_check(int argc, char *const *argv)
{
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                const char *word = argv[i] + strspn(argv[i], "-");

                if (word != argv[i] && strlen(word) > 2 &&
                    strncmp("check", word, strlen(word)) == 0)
                        return true;
        }
        return false;
}

static void print_option(FILE *file, const char *option, const char *word, const char *help)
{
        int length = (int)(strlen(option) + strlen(word));

        fprintf(file, "  -%s%s%s%*s%s\n", option, *word ? " " : "", word,
                length < 22 ? 24 - length - (*word ? 1 : 0) : 2, "", help);
}

static void print_reports(FILE *file)
{
        for (size_t i = 0; reports[i]; i++)
                print_option(file, reports[i]->option, reports[i]->word ? reports[i]->word : "",
                             reports[i]->help);
}

/* The first two, -all and -audit, stand around the reports. */
static void print_own(FILE *file, size_t first, size_t end)
{
        for (size_t i = first; i < end; i++)
                print_option(file, own_options[i].name,
                             own_options[i].argument ? own_options[i].argument : "",
                             own_options[i].help);
}

void options_usage(FILE *file)
{
        fputs("usage: ipsec_report [REPORT...] [OPTION...] [-- [NET-SNMP OPTION...] [AGENT]]\n"
              "       ipsec_report -audit FILE... [-entity NAME] [OPTION...]\n"
              "Reports:\n",
              file);
        print_own(file, 0, 1);
        print_reports(file);
        print_own(file, 1, 2);
        fputs("Options:\n", file);
        print_own(file, 2, N_OWN);
        fprintf(file, "Entities of -audit: %s\n", audit_entity_names());
        fputs("Metrics of -check:\n", file);
        check_print_metrics(file);
        fputs("Behind --: what snmpget(1) takes, as in `-v3 -u alice -l authPriv gateway`; without "
              "an AGENT\nthe one of ipsec_report.conf is asked, else snmpd on this machine.\n",
              file);
}
