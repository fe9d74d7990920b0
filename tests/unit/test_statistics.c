/* The kernel's counters, as they were recorded, and as nobody should write them. */
#include "config.h"

#include "collectors/statistics.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/key.h"
#include "tables/xfrm_stat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORDED 1795500116

static struct loop *loop;
static struct store *store;
static struct table *table;
static char file[] = "/tmp/ipsr-statistics.XXXXXX";

static void setup(void)
{
        strcpy(strchr(file, '.'), ".XXXXXX");
        close(mkstemp(file));
        loop = fake_loop_new(RECORDED);
        store = store_new();
        table = store_table(store, &xfrm_stat_type);
}

static void teardown(void)
{
        unlink(file);
        store_free(store);
        fake_loop_free(loop);
}

static void write_text(const char *text, size_t length)
{
        FILE *f = fopen(file, "w");

        ck_assert_uint_eq(fwrite(text, 1, length, f), length);
        fclose(f);
}

static struct collector *started(void)
{
        struct statistics_config config = { .interval = 10, .file = file };
        struct collector *c = statistics_new(loop, store, &config);

        ck_assert_int_eq(c->ops->start(c), 0);
        return c;
}

static const struct xfrm_stat *counter(const char *name)
{
        char key[KEY_MAX + 1];
        struct xfrm_stat row = { .key = key };

        key_of_name(name, key);
        return table_find(table, &row);
}

static const struct collector_row *row(void)
{
        struct collector_row key = { .key = "statistics" };

        return table_find(store_table(store, &collector_row_type), &key);
}

/* One packet of an unknown SPI, one with a bad ICV, one replayed, one in clear against a policy. */
START_TEST(test_recording)
{
        struct statistics_config config = { .interval = 10 };
        struct collector *c;
        int err;

        config.replay = replay_new(DATA "/statistics", loop, &err);
        ck_assert_ptr_nonnull(config.replay);
        c = statistics_new(loop, store, &config);
        ck_assert_int_eq(c->ops->start(c), 0);
        ck_assert_int_eq(replay_start(config.replay), 0);
        fake_loop_advance(loop, 1000);
        ck_assert_uint_eq(table_count(table), 28);
        ck_assert_uint_eq(row()->rows, 28);
        ck_assert_int_eq(row()->state, COLLECTOR_UP);
        ck_assert_uint_eq(counter("XfrmInNoStates")->packets, 1);
        ck_assert_uint_eq(counter("XfrmInStateProtoError")->packets, 1);
        ck_assert_uint_eq(counter("XfrmInStateSeqError")->packets, 1);
        ck_assert_uint_eq(counter("XfrmInTmplMismatch")->packets, 1);
        ck_assert_uint_eq(counter("XfrmOutPolBlock")->packets, 0);
        c->ops->free(c);
        replay_free(config.replay);
}
END_TEST

START_TEST(test_other_recording)
{
        struct statistics_config config = { .interval = 10 };
        struct collector *c;
        int err;

        config.replay = replay_new(DATA "/lockdown", loop, &err);
        c = statistics_new(loop, store, &config);
        ck_assert_int_eq(c->ops->start(c), 0);
        ck_assert_int_eq(row()->state, COLLECTOR_UNSUPPORTED);
        ck_assert_uint_eq(row()->failures, 0);
        c->ops->free(c);
        replay_free(config.replay);
}
END_TEST

/* Counters rise, one falls, one comes, one goes: read again every interval. */
START_TEST(test_again)
{
        static const char first[] = "XfrmA\t5\nXfrmB 7\n",
                          second[] = "XfrmA 18446744073709551615\nXfrmB 6\nXfrmNew 1\n",
                          third[] = "XfrmA 18446744073709551615\nXfrmNew 2";
        struct collector *c;
        int64_t begin;

        write_text(first, sizeof(first) - 1);
        c = started();
        begin = counter("XfrmA")->discontinuity;
        ck_assert_int_eq(begin, 1000);
        write_text(second, sizeof(second) - 1);
        fake_loop_advance(loop, 9000);
        ck_assert_uint_eq(counter("XfrmA")->packets, 5);
        fake_loop_advance(loop, 1000);
        ck_assert_uint_eq(counter("XfrmA")->packets, UINT64_MAX);
        ck_assert_int_eq(counter("XfrmA")->discontinuity, begin);
        ck_assert_uint_eq(counter("XfrmB")->packets, 6);
        ck_assert_int_eq(counter("XfrmB")->discontinuity, 11000);
        ck_assert_int_eq(counter("XfrmNew")->discontinuity, 11000);
        write_text(third, sizeof(third) - 1);
        c->ops->refresh(c);
        ck_assert_ptr_null(counter("XfrmB"));
        ck_assert_uint_eq(counter("XfrmNew")->packets, 2);
        ck_assert_uint_eq(row()->polls, 3);
        ck_assert_uint_eq(row()->failures, 0);
        c->ops->free(c);
}
END_TEST

START_TEST(test_no_file)
{
        static const char text[] = "XfrmA 5\n";
        struct collector *c;

        unlink(file);
        c = started();
        ck_assert_int_eq(row()->state, COLLECTOR_UNSUPPORTED);
        ck_assert_uint_eq(row()->failures, 0);
        write_text(text, sizeof(text) - 1);
        fake_loop_advance(loop, 10000);
        ck_assert_int_eq(row()->state, COLLECTOR_UP);
        unlink(file);
        fake_loop_advance(loop, 10000);
        ck_assert_int_eq(row()->state, COLLECTOR_UNSUPPORTED);
        ck_assert_uint_eq(table_count(table), 0);
        c->ops->free(c);
}
END_TEST

/* What is no line of a counter is passed over and said so, once. */
START_TEST(test_damaged)
{
        static const char text[] = "XfrmA 5\nXfrmB\n\nXfrmC x\nXfrmD -1\n 7\nXfrmE 1 2\n"
                                   "XfrmF 18446744073709551616\nXfrm\001 1\nXfrmZ 9 \n";
        struct collector *c;

        write_text(text, sizeof(text) - 1);
        c = started();
        ck_assert_uint_eq(table_count(table), 2);
        ck_assert_uint_eq(counter("XfrmA")->packets, 5);
        ck_assert_uint_eq(counter("XfrmZ")->packets, 9);
        ck_assert_int_eq(row()->state, COLLECTOR_DEGRADED);
        fake_loop_advance(loop, 30000);
        ck_assert_uint_eq(row()->failures, 4);
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
        write_text("", 0);
        fake_loop_advance(loop, 10000);
        ck_assert_int_eq(row()->state, COLLECTOR_DEGRADED);
        c->ops->free(c);
}
END_TEST

START_TEST(test_long_names)
{
        char text[128];
        struct collector *c;

        memset(text, 'X', 60);
        strcpy(text + 60, " 1\n");
        memset(text + 63, 'X', 59);
        strcpy(text + 122, "Y 2\n");
        write_text(text, 126);
        c = started();
        ck_assert_uint_eq(table_count(table), 2);
        text[60] = '\0';
        ck_assert_uint_eq(counter(text)->packets, 1);
        ck_assert_uint_eq(strlen(counter(text)->key), KEY_MAX);
        ck_assert_uint_eq(strlen(counter(text)->name), 60);
        c->ops->free(c);
}
END_TEST

/* Where the text is cut a number may be: none of it is believed. */
START_TEST(test_long_file)
{
        static char text[100000];
        struct collector *c;

        for (size_t i = 0; i < sizeof(text); i += 10)
                memcpy(text + i, "XfrmA 123\n", 10);
        write_text(text, sizeof(text));
        c = started();
        ck_assert_uint_eq(table_count(table), 0);
        ck_assert_int_eq(row()->state, COLLECTOR_DOWN);
        ck_assert_uint_eq(row()->failures, 1);
        c->ops->free(c);
}
END_TEST

START_TEST(test_keys)
{
        char name[64] = "", key[KEY_MAX + 1], other[KEY_MAX + 1];

        memset(name, 'a', KEY_MAX);
        key_of_name(name, key);
        ck_assert_str_eq(key, name);
        name[KEY_MAX] = 'a';
        key_of_name(name, key);
        ck_assert_uint_eq(strlen(key), KEY_MAX);
        ck_assert_int_eq(key[39], '~');
        name[KEY_MAX] = 'b';
        key_of_name(name, other);
        ck_assert_str_ne(key, other);
        ck_assert_mem_eq(key, other, 40);
        key_of_name("foobar", key);
        ck_assert_str_eq(key, "foobar");
}
END_TEST

/* Cut anywhere, and with any octet changed, in memory of just that length. */
START_TEST(test_octets)
{
        static const char text[] = "XfrmInError             \t12\nXfrmA 3\n";

        srandom(7);
        for (int round = 0; round < 20000; round++) {
                size_t length = (size_t)random() % sizeof(text), n = 0;
                char *copy = malloc(length ? length : 1);
                const char *at = copy;
                char name[COUNTER_NAME_SIZE];
                uint64_t number;

                memcpy(copy, text, length);
                if (length > 0)
                        copy[(size_t)random() % length] = (char)random();
                while (statistics_parse_line(&at, &length, name, &number) != 0)
                        ck_assert_uint_lt(n++, sizeof(text));
                free(copy);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("statistics");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_recording);
        tcase_add_test(tcase, test_other_recording);
        tcase_add_test(tcase, test_again);
        tcase_add_test(tcase, test_no_file);
        tcase_add_test(tcase, test_damaged);
        tcase_add_test(tcase, test_long_names);
        tcase_add_test(tcase, test_long_file);
        tcase_add_test(tcase, test_keys);
        tcase_add_test(tcase, test_octets);
        return run_suite("statistics", tcase);
}
