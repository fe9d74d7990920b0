/* -check: ranges as the plugin guidelines have them, thresholds, and rates from run to run. */
#include "cli/check.h"
#include "cli/complain.h"
#include "cli/error_rate.h"
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/ipsr-check.XXXXXX";
static char path[64];
static FILE *sink;

static void setup(void)
{
        strcpy(folder + strlen(folder) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/state", folder);
        sink = fopen("/dev/null", "w");
        complain_into(sink);
}

static void teardown(void)
{
        complain_into(NULL);
        fclose(sink);
        unlink(path);
        rmdir(folder);
}

/* The table of the guidelines, and more. */
static const struct {
        const char *text;
        double value;
        bool alerts;
} ranges[] = {
        { "10", -1, true },     { "10", 0, false },       { "10", 10, false },
        { "10", 10.5, true },   { "10:", 9.9, true },     { "10:", 10, false },
        { "10:", 1e12, false }, { "~:10", -1e12, false }, { "~:10", 10, false },
        { "~:10", 11, true },   { "10:20", 9, true },     { "10:20", 10, false },
        { "10:20", 20, false }, { "10:20", 21, true },    { "@10:20", 9, false },
        { "@10:20", 10, true }, { "@10:20", 20, true },   { "@10:20", 21, false },
        { "@0", 0, true },      { "@0", 1, false },       { "0", 1, true },
        { "0", 0, false },      { "-5:-1", -3, false },   { "-5:-1", 0, true },
        { "0.5", 0.4, false },  { "0.5", 0.6, true },     { ":5", 5, false },
        { "~:", 1e300, false },
};

START_TEST(in_ranges)
{
        struct range range = { 0 };

        ck_assert(!range_alerts(&range, 5));
        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
                ck_assert_msg(range_parse(&range, ranges[i].text) == 0, "%s", ranges[i].text);
                ck_assert_msg(range_alerts(&range, ranges[i].value) == ranges[i].alerts, "%s %g",
                              ranges[i].text, ranges[i].value);
        }
}
END_TEST

START_TEST(no_ranges)
{
        static const char *const bad[] = {
                "",      ":",     "@",
                "~",     "x",     "1:x",
                "10:5",  "1:2:3", " 1",
                "1 ",    "0x1",   "inf",
                "nan:5", "1e3",   "~5:",
                "@@1",   "--1",   "1.2.3",
                "-",     "5:~",   "1234567890123456789012345678901234567890",
        };
        struct range range;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(range_parse(&range, bad[i]) == -EINVAL, "'%s'", bad[i]);
}
END_TEST

START_TEST(thresholds)
{
        struct check_options options;

        check_defaults(&options);
        ck_assert(range_alerts(&options.critical[CHECK_DOWN], 1));
        ck_assert(!range_alerts(&options.warning[CHECK_DOWN], 1));
        ck_assert(range_alerts(&options.warning[CHECK_CERTIFICATE], 29));
        ck_assert_int_eq(check_set_threshold(options.critical, "expiry=300:"), 0);
        ck_assert(range_alerts(&options.critical[CHECK_EXPIRY], 299));
        ck_assert_int_eq(check_set_threshold(options.critical, "down=2"), 0);
        ck_assert(!range_alerts(&options.critical[CHECK_DOWN], 2));
        ck_assert_int_eq(check_set_threshold(options.critical, "down"), -EINVAL);
        ck_assert_int_eq(check_set_threshold(options.critical, "dow=1"), -EINVAL);
        ck_assert_int_eq(check_set_threshold(options.critical, "down=1,2"), -EINVAL);
        ck_assert_int_eq(check_set_threshold(options.critical, "=1"), -EINVAL);
        ck_assert(!range_alerts(&options.critical[CHECK_DOWN], 2));
}
END_TEST

/* As if the check before had been seconds ago. */
static void age_state(double seconds)
{
        char title[64], description[256];
        double moment;
        unsigned long long counter;
        FILE *file = fopen(path, "r");

        ck_assert(fgets(title, sizeof(title), file) != NULL);
        ck_assert_int_eq(fscanf(file, "%lf %llu\n", &moment, &counter), 2);
        ck_assert(fgets(description, sizeof(description), file) != NULL);
        fclose(file);
        file = fopen(path, "w");
        fprintf(file, "%s%.3f %llu\n%s", title, moment - seconds, counter, description);
        fclose(file);
}

START_TEST(rates)
{
        struct filter filter = { 0 };
        double rate = -1;

        ck_assert_int_eq(error_rate(path, "here", &filter, 100, &rate), 0);
        age_state(10);
        ck_assert_int_eq(error_rate(path, "here", &filter, 300, &rate), 1);
        ck_assert(rate > 10 && rate <= 20);
        age_state(10);
        ck_assert_int_eq(error_rate(path, "there", &filter, 400, &rate), 0);
        age_state(10);
        filter_set_name(&filter, "a\nb");
        ck_assert_int_eq(error_rate(path, "there", &filter, 400, &rate), 0);
        age_state(10);
        ck_assert_int_eq(error_rate(path, "there", &filter, 400, &rate), 1);
        ck_assert(rate == 0);
        age_state(10);
        /* It began anew: nobody knows how much was lost. */
        ck_assert_int_eq(error_rate(path, "there", &filter, 399, &rate), 0);
        age_state(-100);
        ck_assert_int_eq(error_rate(path, "there", &filter, 500, &rate), 0);
        age_state(10);
        ck_assert_int_eq(error_rate(path, "there", &filter, UINT64_MAX, &rate), 1);
}
END_TEST

static void write_state(const char *text)
{
        FILE *file = fopen(path, "w");

        fputs(text, file);
        fclose(file);
}

/* Damaged, it is no state; another's file stays as it is. */
START_TEST(states)
{
        static const char *const damaged[] = {
                "",
                "# state of ipsec_report -check\n",
                "# state of ipsec_report -check\n1 2",
                "# state of ipsec_report -check\nnan x\nhere peer= name=\n",
                "# state of ipsec_report -check\nnan 1\nhere peer= name=\n",
                "# state of ipsec_report -check\n1 99999999999999999999999\nhere peer= name=\n",
        };
        struct filter filter = { 0 };
        char line[64] = "";
        double rate;
        FILE *file;

        for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
                write_state(damaged[i]);
                ck_assert_msg(error_rate(path, "here", &filter, 5, &rate) == 0, "%s", damaged[i]);
        }
        write_state("somebody else's\n");
        ck_assert_int_eq(error_rate(path, "here", &filter, 5, &rate), -EEXIST);
        file = fopen(path, "r");
        ck_assert(fgets(line, sizeof(line), file) != NULL);
        fclose(file);
        ck_assert_str_eq(line, "somebody else's\n");
        ck_assert_int_lt(error_rate("/nowhere/at/all", "here", &filter, 5, &rate), 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("check");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, in_ranges);
        tcase_add_test(tcase, no_ranges);
        tcase_add_test(tcase, thresholds);
        tcase_add_test(tcase, rates);
        tcase_add_test(tcase, states);
        return run_suite("cli check", tcase);
}
