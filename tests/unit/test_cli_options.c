/* The command line: every word, every unique prefix, and what is refused. */
#include "cli/options.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 16 };

static struct options options;

/* Words are parted by single spaces. What goes to standard error is of no interest here. */
static int parse(const char *line)
{
        static char copy[256];
        static char *argv[MAX_WORDS + 1];
        int argc = 0, err, saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

        snprintf(copy, sizeof(copy), "ipsec_report %s", line);
        for (char *word = strtok(copy, " "); word && argc < MAX_WORDS; word = strtok(NULL, " "))
                argv[argc++] = word;
        argv[argc] = NULL;
        dup2(null, STDERR_FILENO);
        options_free(&options);
        err = options_parse(argc, argv, &options);
        dup2(saved, STDERR_FILENO);
        close(null);
        close(saved);
        return err;
}

static bool selects(const struct report *report)
{
        for (size_t i = 0; i < reports_count(); i++)
                if (reports[i] == report)
                        return options.selected[i];
        return false;
}

static size_t n_selected(void)
{
        size_t n = 0;

        for (size_t i = 0; i < reports_count(); i++)
                n += options.selected[i];
        return n;
}

START_TEST(nothing_is_all)
{
        ck_assert_int_eq(parse(""), 0);
        ck_assert(options.action == ACTION_REPORT && !options.json && !options.verbose);
        ck_assert(selects(&report_sa_ipsec) && !selects(&report_collector));
        ck_assert(selects(&report_ip) && !selects(&report_stat));
        ck_assert(selects(&report_host_active) && selects(&report_tunnel));
        ck_assert(selects(&report_cache));
        ck_assert(selects(&report_sa_ike) && selects(&report_ike));
        ck_assert(selects(&report_host_configured));
        ck_assert(!selects(&report_cert) && !selects(&report_summary));
        ck_assert(!selects(&report_event));
        ck_assert_int_eq(options.n_rest, 0);
        ck_assert_ptr_null(options.file);
        ck_assert_int_eq(parse("-all"), 0);
        ck_assert(selects(&report_sa_ipsec) && !selects(&report_collector));
}
END_TEST

START_TEST(words)
{
        ck_assert_int_eq(parse("-sa ipsec"), 0);
        ck_assert(selects(&report_sa_ipsec) && n_selected() == 1);
        ck_assert_int_eq(parse("-sa ike"), 0);
        ck_assert(selects(&report_sa_ike) && n_selected() == 1);
        ck_assert_int_eq(parse("-sa"), 0);
        ck_assert(selects(&report_sa_ike) && selects(&report_sa_ipsec) && n_selected() == 2);
        ck_assert_int_eq(parse("-sa all"), 0);
        ck_assert(selects(&report_sa_ike) && selects(&report_sa_ipsec) && n_selected() == 2);
        ck_assert_int_eq(parse("-sa=ipsec"), 0);
        ck_assert(selects(&report_sa_ipsec));
        ck_assert_int_eq(parse("-sa -json"), 0);
        ck_assert(selects(&report_sa_ipsec) && options.json);
        ck_assert_int_eq(parse("-collector"), 0);
        ck_assert(selects(&report_collector) && n_selected() == 1);
        ck_assert_int_eq(parse("-host"), 0);
        ck_assert(selects(&report_host_active) && n_selected() == 1);
        ck_assert_int_eq(parse("-host configured"), 0);
        ck_assert(selects(&report_host_configured) && n_selected() == 1);
        ck_assert_int_eq(parse("-ike -cert -summary"), 0);
        ck_assert(selects(&report_ike) && selects(&report_cert) && selects(&report_summary));
        ck_assert_uint_eq(n_selected(), 3);
        ck_assert_int_eq(parse("-host active -tunnel"), 0);
        ck_assert(selects(&report_host_active) && selects(&report_tunnel) && n_selected() == 2);
        ck_assert_int_eq(parse("-collector -sa ipsec -sa"), 0);
        ck_assert(selects(&report_collector) && selects(&report_sa_ipsec));
        ck_assert_int_eq(parse("-file out -verbose -json --sa ipsec"), 0);
        ck_assert_str_eq(options.file, "out");
        ck_assert(options.verbose && options.json && n_selected() == 1);
        ck_assert_int_eq(parse("-file=out"), 0);
        ck_assert_str_eq(options.file, "out");
        ck_assert_int_eq(parse("-help"), 0);
        ck_assert_int_eq(options.action, ACTION_HELP);
        ck_assert_int_eq(parse("-version -unknown"), 0);
        ck_assert_int_eq(options.action, ACTION_VERSION);
}
END_TEST

static const char *const option_words[] = {
        "all",     "file",     "json",  "verbose", "version", "help",      "sa",       "host",
        "ip",      "tunnel",   "cache", "stat",    "bypass",  "collector", "ike",      "cert",
        "summary", "spi",      "peer",  "name",    "check",   "warning",   "critical", "state",
        "watch",   "no-color", "event", "audit",   "entity",
};

/* The argument of an option that wants one. */
static const char *argument_of(const char *word)
{
        static const char *const arguments[][2] = {
                { "file", " x" },
                { "audit", " x" },
                { "entity", " ike -audit x" },
                { "spi", " 1" },
                { "peer", " ::1" },
                { "name", " x" },
                { "warning", " down=1 -check" },
                { "critical", " down=1 -check" },
                { "state", " x -check" },
                { "watch", " 2" },
        };

        for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
                if (strcmp(arguments[i][0], word) == 0)
                        return arguments[i][1];
        return "";
}

static size_t count_matches(const char *prefix)
{
        size_t n = 0;

        for (size_t i = 0; i < sizeof(option_words) / sizeof(option_words[0]); i++)
                n += strncmp(option_words[i], prefix, strlen(prefix)) == 0;
        return n;
}

START_TEST(prefixes)
{
        for (size_t i = 0; i < sizeof(option_words) / sizeof(option_words[0]); i++) {
                const char *word = option_words[i];

                for (size_t length = 1; length <= strlen(word); length++) {
                        char line[64], prefix[32];
                        bool unique;

                        snprintf(prefix, sizeof(prefix), "%.*s", (int)length, word);
                        snprintf(line, sizeof(line), "-%s%s", prefix, argument_of(word));
                        unique = length == strlen(word) || count_matches(prefix) == 1;
                        ck_assert_msg(parse(line) == (unique ? 0 : -EINVAL), "%s", line);
                }
        }
}
END_TEST

START_TEST(audit)
{
        static const char *const entities[] = { "kernel", "ike", "policy", "agent",
                                                "sad",    "spd", "packet", "daemon" };
        char line[64];

        ck_assert_int_eq(parse("-audit a"), 0);
        ck_assert_uint_eq(options.n_audit, 1);
        ck_assert_str_eq(options.audit[0], "a");
        ck_assert_ptr_null(options.entity);
        ck_assert_uint_eq(n_selected(), 0);
        ck_assert_int_eq(parse("-audit a -audit=- --audit c -file out -json"), 0);
        ck_assert_uint_eq(options.n_audit, 3);
        ck_assert_str_eq(options.audit[1], "-");
        ck_assert_str_eq(options.audit[2], "c");
        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
                snprintf(line, sizeof(line), "-entity %s -audit a", entities[i]);
                ck_assert_int_eq(parse(line), 0);
                ck_assert_str_eq(options.entity->name, entities[i]);
                ck_assert_ptr_nonnull(strstr(audit_entity_names(), entities[i]));
        }
        ck_assert_int_eq(parse("-sa"), 0);
        ck_assert_uint_eq(options.n_audit, 0);
}
END_TEST

START_TEST(refused)
{
        static const char *const lines[] = {
                "-unknown",
                "word",
                "-sa word",
                "-sa=word",
                "ipsec",
                "-collector ipsec",
                "-v",
                "-file",
                "-json=x",
                "-all all",
                "-sa ipsec all",
                "word -- -v2c",
                "-audit",
                "-entity",
                "-entity kernel",
                "-entity Kernel -audit a",
                "-audit a -entity unknown",
                "-audit a -sa",
                "-audit a -all",
                "-audit a b",
                "-audit a -- -v2c",
                "-audit a -spi 1",
                "-audit a -watch 2",
                "-audit a -check",
                "-spi",
                "-peer",
                "-name",
                "-spi g",
                "-spi 0x",
                "-spi 123456789",
                "-peer x",
                "-spi -1",
                "-peer 192.0.2.0/24",
                "-ip -peer 192.0.2.1",
                "-stat -name x",
                "-sa -spi 1",
                "-host configured -spi 1",
                "-all -collector -name x",
                "-watch 0",
                "-watch x",
                "-watch -1",
                "-watch 1e3",
                "-watch nan",
                "-watch 86401",
                "-watch 2 -json",
                "-watch 2 -file x",
                "-watch 2 -check",
                "-check -sa",
                "-check -json",
                "-check -file x",
                "-check -spi 1",
                "-warning down=1",
                "-state x",
                "-check -warning down",
                "-check -warning errors=1",
                "-check -critical down=5:1",
        };

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
                ck_assert_msg(parse(lines[i]) == -EINVAL, "%s", lines[i]);
}
END_TEST

/* -all is what the filters fit. */
START_TEST(filters)
{
        ck_assert_int_eq(parse("-spi 1fe472"), 0);
        ck_assert_uint_eq(options.filter.given, FILTER_SPI);
        ck_assert_uint_eq(options.filter.spi, 0x1fe472);
        ck_assert(selects(&report_sa_ipsec) && selects(&report_host_active));
        ck_assert(selects(&report_tunnel) && selects(&report_cache) && n_selected() == 4);
        ck_assert_int_eq(parse("-spi 0xC0FFEE01 -sa ipsec"), 0);
        ck_assert_uint_eq(options.filter.spi, 0xc0ffee01);
        ck_assert(n_selected() == 1);
        ck_assert_int_eq(parse("-peer 2001:db8::1 -name gw-* -summary"), 0);
        ck_assert_uint_eq(options.filter.given, FILTER_PEER | FILTER_NAME);
        ck_assert_str_eq(options.filter.name, "gw-*");
        ck_assert_int_eq(parse("-name x -all -cert"), 0);
        ck_assert(selects(&report_cert) && selects(&report_bypass) && !selects(&report_ip));
        ck_assert(selects(&report_sa_ike) && !selects(&report_cache));
}
END_TEST

START_TEST(checks)
{
        ck_assert_int_eq(parse("-check"), 0);
        ck_assert(options.action == ACTION_CHECK && n_selected() == 0);
        ck_assert_int_eq(parse("-check -warning errors=1 -state x -name y -verbose -- HOST"), 0);
        ck_assert_str_eq(options.check.state, "x");
        ck_assert_str_eq(options.check.warning[CHECK_ERRORS].text, "1");
        ck_assert_int_eq(options.n_rest, 1);
        ck_assert_int_eq(parse("-check -help"), 0);
        ck_assert_int_eq(options.action, ACTION_HELP);
}
END_TEST

START_TEST(watches)
{
        ck_assert_int_eq(parse("-watch 0.5 -no-color -summary"), 0);
        ck_assert(options.watch == 0.5 && options.no_color && n_selected() == 1);
        ck_assert_int_eq(parse("-watch 2"), 0);
        ck_assert(options.watch == 2 && selects(&report_sa_ipsec));
}
END_TEST

START_TEST(rest)
{
        ck_assert_int_eq(parse("-sa ipsec -- -v2c -c public HOST"), 0);
        ck_assert_int_eq(options.n_rest, 4);
        ck_assert_str_eq(options.rest[0], "-v2c");
        ck_assert_str_eq(options.rest[3], "HOST");
        ck_assert_int_eq(parse("-json --"), 0);
        ck_assert_int_eq(options.n_rest, 0);
        ck_assert_int_eq(parse("-- HOST"), 0);
        ck_assert_int_eq(options.n_rest, 1);
        ck_assert_int_eq(parse("-sa -- ipsec"), 0);
        ck_assert_str_eq(options.rest[0], "ipsec");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("options");

        tcase_add_test(tcase, nothing_is_all);
        tcase_add_test(tcase, words);
        tcase_add_test(tcase, prefixes);
        tcase_add_test(tcase, audit);
        tcase_add_test(tcase, refused);
        tcase_add_test(tcase, filters);
        tcase_add_test(tcase, checks);
        tcase_add_test(tcase, watches);
        tcase_add_test(tcase, rest);
        return run_suite("cli options", tcase);
}
