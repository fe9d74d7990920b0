/* The state file: what is written is read again, whatever cut the file off or damaged it. */
#include "agent/state.h"
#include "agent/state_file.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"
#include "tables/ipsec_sa.h"
#include "tables/tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/ipsr-state.XXXXXX";
static char path[64];

static struct loop *loop;
static struct store *store;
static struct tunnels *tunnels;
static struct totals *totals;
static struct state *state;

static void setup(void)
{
        strcpy(folder + strlen(folder) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/state", folder);
        loop = fake_loop_new(1795500116);
}

static void teardown(void)
{
        char name[80];

        snprintf(name, sizeof(name), "%s.new", path);
        unlink(name);
        unlink(path);
        rmdir(folder);
        fake_loop_free(loop);
}

/* ---- the file alone ---- */

static char taken[4096];

static int take(void *context, const char *line)
{
        (void)context;
        if (strcmp(line, "refused") == 0)
                return -EINVAL;
        strcat(taken, line);
        strcat(taken, "|");
        return 0;
}

static void put_line(struct state_file *f, const char *text)
{
        fputs(text, state_file_begin_line(f));
        state_file_end_line(f);
}

static void write_lines(void)
{
        struct state_file *f = state_file_new(path);

        ck_assert_int_eq(state_file_begin(f), 0);
        put_line(f, "a long first line, longer than those behind it");
        put_line(f, "b");
        ck_assert_int_eq(state_file_commit(f), 0);
        put_line(f, "c");
        put_line(f, "");
        ck_assert_int_eq(state_file_append(f), 0);
        state_file_free(f);
}

static int read_lines(struct state_file_contents *contents)
{
        struct state_file *f = state_file_new(path);
        int err;

        taken[0] = '\0';
        err = state_file_read(f, take, NULL, contents);
        state_file_free(f);
        return err;
}

static size_t slurp(char *text, size_t room)
{
        FILE *in = fopen(path, "re");
        size_t n = fread(text, 1, room, in);

        fclose(in);
        return n;
}

static void spit(const char *text, size_t length)
{
        FILE *out = fopen(path, "we");

        fwrite(text, 1, length, out);
        fclose(out);
}

#define ALL "a long first line, longer than those behind it|b|c||"

START_TEST(test_lines)
{
        struct state_file_contents contents;

        ck_assert_int_eq(read_lines(&contents), -ENOENT);
        write_lines();
        ck_assert_int_eq(read_lines(&contents), 0);
        ck_assert_str_eq(taken, ALL);
        ck_assert_uint_eq(contents.lines, 4);
        ck_assert_uint_eq(contents.wrong, 0);
}
END_TEST

/* A write that is cut off anywhere leaves what was whole before it, and no complaint. */
START_TEST(test_cut_off_everywhere)
{
        struct state_file_contents contents;
        char text[4096];
        size_t length, header;

        write_lines();
        length = slurp(text, sizeof(text));
        header = (size_t)(strchr(text, '\n') - text) + 1;
        for (size_t n = 0; n < length; n++) {
                spit(text, n);
                ck_assert_int_eq(read_lines(&contents), 0);
                ck_assert(strncmp(ALL, taken, strlen(taken)) == 0);
                ck_assert_uint_eq(contents.wrong, 0);
                ck_assert(contents.other == (n < header));
        }
}
END_TEST

/* Each octet changed, one by one: just its own line is lost. */
START_TEST(test_damaged_everywhere)
{
        struct state_file_contents contents;
        char text[4096];
        size_t length;

        write_lines();
        length = slurp(text, sizeof(text));
        for (size_t n = 0; n < length; n++) {
                text[n] ^= 0x10;
                spit(text, length);
                ck_assert_int_eq(read_lines(&contents), 0);
                ck_assert(contents.other || contents.wrong > 0 || contents.lines < 4);
                ck_assert(contents.other || contents.lines >= 2);
                text[n] ^= 0x10;
        }
}
END_TEST

START_TEST(test_garbage)
{
        struct state_file_contents contents;
        char text[2048];
        FILE *random = fopen("/dev/urandom", "re");

        for (int i = 0; i < 100; i++) {
                ck_assert_uint_eq(fread(text, 1, sizeof(text), random), sizeof(text));
                if (i % 2)
                        memcpy(text, "ipsec-report state 2\n", 21);
                spit(text, sizeof(text));
                ck_assert_int_eq(read_lines(&contents), 0);
                ck_assert_str_eq(taken, "");
        }
        fclose(random);
        spit("ipsec-report state 1\n00000000 x\n", 32);
        ck_assert_int_eq(read_lines(&contents), 0);
        ck_assert(contents.other);
        unlink(path);
        ck_assert_int_eq(symlink("/etc/passwd", path), 0);
        ck_assert_int_lt(read_lines(&contents), 0);
        unlink(path);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        ck_assert_int_lt(read_lines(&contents), 0);
        rmdir(path);
}
END_TEST

START_TEST(test_refused_line)
{
        struct state_file_contents contents;
        struct state_file *f = state_file_new(path);

        ck_assert_int_eq(state_file_begin(f), 0);
        put_line(f, "refused");
        put_line(f, "x");
        ck_assert_int_eq(state_file_commit(f), 0);
        state_file_free(f);
        ck_assert_int_eq(read_lines(&contents), 0);
        ck_assert_uint_eq(contents.wrong, 1);
        ck_assert_str_eq(taken, "x|");
}
END_TEST

/* ---- the agent's runs ---- */

static void begin(void)
{
        static const struct tunnels_config config = { 1000, 1000, 60, NULL, 0 };

        store = store_new();
        totals = totals_new(store, loop);
        tunnels = tunnels_new(store, loop, &config);
        state = state_new(store, loop, tunnels, totals, path, 10);
}

/* As by kill -9: nothing is flushed. */
static void crash(void)
{
        state_free(state);
        tunnels_free(tunnels);
        totals_free(totals);
        store_free(store);
}

static void put_sa(uint32_t spi, uint32_t reqid, uint8_t direction, uint64_t packets)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        sa.state = SA_MATURE;
        sa.reqid = reqid;
        sa.told_direction = sa.direction = direction;
        sa.keying = KEYING_MANUAL;
        sa.packets = packets;
        sa.octets = 100 * packets;
        sa.add_time = 1795500000;
        ck_assert_int_eq(table_put(store_table(store, &ipsec_sa_type), &sa, TABLE_FROM_EVENT), 0);
}

static void remove_sa(uint32_t spi, enum table_reason reason)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        ck_assert(table_remove(store_table(store, &ipsec_sa_type), &sa, reason));
}

static void source_is_up(void)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = "xfrm";
        row.state = COLLECTOR_UP;
        table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT);
        row.key = "strongswan";
        row.state = COLLECTOR_UNSUPPORTED;
        table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT);
        row.key = "libreswan";
        table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT);
        fake_loop_advance(loop, 1);
}

static const struct tunnel *row_17(void)
{
        struct tunnel row;

        memset(&row, 0, sizeof(row));
        row.policy_key = "manual";
        row.child_key = "17";
        row.instance = 1;
        return table_find(store_table(store, &tunnel_type), &row);
}

static const struct global_scalars *global(void)
{
        static const struct global_scalars key;

        return table_find(store_table(store, &global_scalars_type), &key);
}

START_TEST(test_runs)
{
        begin();
        source_is_up();
        put_sa(1, 17, DIRECTION_INBOUND, 10);
        put_sa(2, 17, DIRECTION_OUTBOUND, 20);
        put_sa(3, 0, DIRECTION_OUTBOUND, 3); /* of no tunnel */
        fake_loop_advance(loop, 11000);
        put_sa(4, 17, DIRECTION_INBOUND, 0);
        put_sa(4, 17, DIRECTION_INBOUND, 5);
        fake_loop_advance(loop, 1);
        remove_sa(4, TABLE_DELETED); /* what it had is written at once */
        fake_loop_advance(loop, 5);
        ck_assert_uint_eq(row_17()->packets_in, 15);
        crash();

        for (int run = 0; run < 3; run++) {
                begin();
                ck_assert_ptr_nonnull(row_17());
                ck_assert_uint_eq(row_17()->packets_in, 15);
                ck_assert_uint_eq(global()->totals.packets_in, 15);
                put_sa(1, 17, DIRECTION_INBOUND, 10);
                put_sa(2, 17, DIRECTION_OUTBOUND, 20 + (uint64_t)run);
                put_sa(3, 0, DIRECTION_OUTBOUND, 3);
                source_is_up();
                ck_assert_uint_eq(row_17()->packets_in, 15);
                ck_assert_uint_eq(row_17()->packets_out, 20 + (uint64_t)run);
                ck_assert_uint_eq(row_17()->ups, 1);
                ck_assert_uint_eq(row_17()->downs, 0);
                ck_assert_uint_eq(global()->totals.packets_in, 15);
                ck_assert_uint_eq(global()->totals.packets_out, 23 + (uint64_t)run);
                ck_assert_uint_eq(global()->totals.sas_created, 4);
                ck_assert_int_eq(global()->discontinuity, 0);
                fake_loop_advance(loop, 11000);
                crash();
        }
        ck_assert_uint_eq(fake_loop_lines(loop), 0);
}
END_TEST

static void check_lives(uint64_t created, uint64_t removed, uint64_t counted_short)
{
        ck_assert_uint_eq(global()->totals.sas_created, created);
        ck_assert_uint_eq(global()->totals.sas_removed, removed);
        ck_assert_uint_eq(global()->totals.sas_counted_short, counted_short);
}

static void make_loop_idle(void)
{
        for (int i = 0; i < 300; i++)
                fake_loop_advance(loop, 1);
}

/* Those that went in the run, and those that went behind its back: each is counted once. */
START_TEST(test_went_while_away)
{
        begin();
        source_is_up();
        put_sa(1, 17, DIRECTION_INBOUND, 10);
        put_sa(2, 17, DIRECTION_OUTBOUND, 20);
        put_sa(3, 0, DIRECTION_OUTBOUND, 3); /* of no tunnel, as the next two */
        put_sa(4, 0, DIRECTION_OUTBOUND, 4);
        put_sa(5, 0, DIRECTION_UNKNOWN, 5);
        fake_loop_advance(loop, 11000);
        put_sa(6, 17, DIRECTION_INBOUND, 6);
        fake_loop_advance(loop, 11000);
        remove_sa(4, TABLE_DELETED);
        remove_sa(6, TABLE_DELETED);
        fake_loop_advance(loop, 11000);
        check_lives(6, 2, 0);
        crash();

        for (int run = 0; run < 2; run++) {
                begin(); /* killed before anything was read: nothing is forgotten */
                fake_loop_advance(loop, 1);
                state_flush(state);
                crash();
        }
        begin();
        put_sa(1, 17, DIRECTION_INBOUND, 11);
        put_sa(5, 0, DIRECTION_UNKNOWN, 6);
        source_is_up();
        make_loop_idle();
        check_lives(6, 4, 2); /* 2 and 3 */
        ck_assert_uint_eq(row_17()->packets_in, 17);
        ck_assert_uint_eq(row_17()->packets_out, 20);
        ck_assert_uint_eq(global()->totals.packets_in, 17);
        ck_assert_uint_eq(global()->totals.packets_out, 27);
        fake_loop_advance(loop, 11000);
        crash();

        begin(); /* and not once more */
        put_sa(1, 17, DIRECTION_INBOUND, 11);
        put_sa(5, 0, DIRECTION_UNKNOWN, 6);
        source_is_up();
        make_loop_idle();
        check_lives(6, 4, 2);
        crash();
}
END_TEST

/* SAs of no tunnel, more than one write takes. */
START_TEST(test_many_loose_sas)
{
        enum { MANY = 20000 };

        begin();
        source_is_up();
        for (uint32_t spi = 1; spi <= MANY; spi++)
                put_sa(spi, 0, DIRECTION_OUTBOUND, 1);
        fake_loop_advance(loop, 11000);
        make_loop_idle();
        crash();
        for (int run = 1; run <= 2; run++) {
                begin();
                for (uint32_t spi = 1; spi <= MANY - 10; spi++)
                        put_sa(spi, 0, DIRECTION_OUTBOUND, 1);
                source_is_up();
                make_loop_idle();
                check_lives(MANY, 10, 10);
                ck_assert_uint_eq(global()->totals.packets_out, MANY);
                fake_loop_advance(loop, 11000);
                make_loop_idle();
                crash();
        }
}
END_TEST

/* At most one write in an interval, and the file does not grow for ever. */
START_TEST(test_size_is_bounded)
{
        struct stat status;
        off_t largest = 0;

        begin();
        source_is_up();
        for (uint64_t i = 0; i < 2000; i++) {
                put_sa(1, 17, DIRECTION_INBOUND, i);
                fake_loop_advance(loop, 10000);
                ck_assert_int_eq(stat(path, &status), 0);
                if (status.st_size > largest)
                        largest = status.st_size;
        }
        ck_assert_int_lt(largest, 200000);
        crash();
}
END_TEST

START_TEST(test_damaged_state_is_told)
{
        begin();
        source_is_up();
        put_sa(1, 17, DIRECTION_INBOUND, 10);
        fake_loop_advance(loop, 11000);
        crash();
        spit("no state at all\n", 16);
        begin();
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
        ck_assert_ptr_null(row_17());
        ck_assert_int_ne(global()->discontinuity, 0);
        source_is_up();
        put_sa(1, 17, DIRECTION_INBOUND, 11);
        fake_loop_advance(loop, 11000);
        ck_assert_uint_eq(row_17()->packets_in, 11);
        crash();
        begin(); /* mended by now */
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
        ck_assert_uint_eq(row_17()->packets_in, 11);
        crash();
}
END_TEST

/* It says so once, and goes on. */
START_TEST(test_not_writable)
{
        snprintf(path, sizeof(path), "%s/none/state", folder);
        begin();
        source_is_up();
        for (uint64_t i = 0; i < 20; i++) {
                put_sa(1, 17, DIRECTION_INBOUND, i);
                fake_loop_advance(loop, 10000);
        }
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
        state_file_make_folder(path, NULL);
        put_sa(1, 17, DIRECTION_INBOUND, 100);
        fake_loop_advance(loop, 10000);
        ck_assert_uint_eq(fake_loop_lines(loop), 2);
        crash();
        begin();
        ck_assert_uint_eq(row_17()->packets_in, 100);
        crash();
        unlink(path);
        *strrchr(path, '/') = '\0';
        ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("state");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_lines);
        tcase_add_test(tcase, test_cut_off_everywhere);
        tcase_add_test(tcase, test_damaged_everywhere);
        tcase_add_test(tcase, test_garbage);
        tcase_add_test(tcase, test_refused_line);
        tcase_add_test(tcase, test_runs);
        tcase_add_test(tcase, test_went_while_away);
        tcase_add_test(tcase, test_many_loose_sas);
        tcase_add_test(tcase, test_size_is_bounded);
        tcase_add_test(tcase, test_damaged_state_is_told);
        tcase_add_test(tcase, test_not_writable);
        return run_suite("state", tcase);
}
