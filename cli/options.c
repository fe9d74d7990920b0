#include "options.h"

#include "complain.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long_only() returns; a report's option returns FIRST_REPORT plus its number. */
enum {
        OPTION_ALL = 256,
        OPTION_AUDIT,
        OPTION_ENTITY,
        OPTION_FILE,
        OPTION_JSON,
        OPTION_VERBOSE,
        OPTION_VERSION,
        OPTION_HELP,
        FIRST_REPORT,
};

static const struct option own_options[] = {
        { "all", no_argument, NULL, OPTION_ALL },
        { "audit", required_argument, NULL, OPTION_AUDIT },
        { "entity", required_argument, NULL, OPTION_ENTITY },
        { "file", required_argument, NULL, OPTION_FILE },
        { "json", no_argument, NULL, OPTION_JSON },
        { "verbose", no_argument, NULL, OPTION_VERBOSE },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
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
        memcpy(table, own_options, sizeof(own_options));
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
                        options->selected[i] = true;
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
        case OPTION_VERSION:
                options->action = ACTION_VERSION;
                return 0;
        case OPTION_HELP:
                options->action = ACTION_HELP;
                return 0;
        case '?':
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
        return 0;
}

int options_parse(int argc, char **argv, struct options *options)
{
        struct option table[N_OWN + REPORTS_MAX];
        int option, before, err;

        memset(options, 0, sizeof(*options));
        make_table(table);
        optind = 0; /* glibc's way to begin anew */
        for (;;) {
                before = optind > 0 ? optind : 1;
                option = getopt_long_only(argc, argv, "+", table, NULL);
                if (option == -1)
                        break;
                err = take_option(options, option, argc, argv);
                if (err < 0 || options->action != ACTION_REPORT)
                        return err;
        }
        if (optind == before && optind < argc) {
                complain("'%s' is no option and belongs to none", argv[optind]);
                return -EINVAL;
        }
        options->rest = argv + optind;
        options->n_rest = argc - optind;
        err = check_audit(options);
        if (err == 0 && options->n_audit == 0 && !any_selected(options))
                select_all(options);
        return err;
}

void options_free(struct options *options)
{
        free((void *)options->audit);
        options->audit = NULL;
}

static void print_report(FILE *file, const char *option, const char *word, const char *help)
{
        fprintf(file, "  -%s%s%*s%s\n", option, word, (int)(24 - strlen(option) - strlen(word)),
                " ", help);
}

static void print_reports(FILE *file)
{
        for (size_t i = 0; reports[i]; i++) {
                const struct report *r = reports[i];
                char word[32] = "";

                if (r->word)
                        snprintf(word, sizeof(word), " %s", r->word);
                print_report(file, r->option, word, r->help);
        }
}

void options_usage(FILE *file)
{
        fputs("usage: ipsec_report [REPORT...] [OPTION...] [-- [NET-SNMP OPTION...] [AGENT]]\n"
              "       ipsec_report -audit FILE... [-entity NAME] [OPTION...]\n"
              "Reports:\n",
              file);
        print_report(file, "all", "",
                     "all reports but -summary, -stat, -cert, -collector, -event; the default");
        print_reports(file);
        print_report(file, "audit", " FILE",
                     "records of a journal or a Linux audit log, by itself");
        fputs("Options:\n", file);
        print_report(file, "entity", " NAME", "of -audit, only the records of");
        fprintf(file, "%*s%s\n", 28, "", audit_entity_names());
        print_report(file, "file", " FILE", "write to FILE, which is replaced when all went well");
        print_report(file, "json", "", "write JSON with every column");
        print_report(file, "verbose", "", "add what HP-UX does not have");
        print_report(file, "version", "", "print the version");
        print_report(file, "help", "", "print this");
        fputs("Behind --: what snmpget(1) takes, as in `-v3 -u alice -l authPriv gateway`; without "
              "an AGENT\nthe one of ipsec_report.conf is asked, else snmpd on this machine.\n",
              file);
}
