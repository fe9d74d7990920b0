/* The collector of libreswan, with an opener that plays whack. */
#include "config.h"

#include "collectors/libreswan.h"
#include "collectors/recording.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/child_sa.h"
#include "tables/configured_policy.h"
#include "whack_answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORDED 1795500828

static struct loop *loop;
static struct store *store;
static struct table *ike_sas, *children, *policies, *configured;
static struct collector *collector;

static const struct ike_sa *ike_sa(uint32_t id)
{
        const struct ike_sa key = { .daemon_kind = DAEMON_LIBRESWAN, .daemon_id = id };

        return table_find(ike_sas, &key);
}

static const struct child_sa *child_sa(uint32_t id)
{
        const struct child_sa key = { .daemon_kind = DAEMON_LIBRESWAN, .daemon_id = id };

        return table_find(children, &key);
}

static const struct ike_policy *policy(const char *key)
{
        const struct ike_policy sought = { .key = key };

        return table_find(policies, &sought);
}

static const struct configured_policy *configured_child(const char *key)
{
        const struct configured_policy sought = { .policy_key = key, .child_key = key };

        return table_find(configured, &sought);
}

static struct {
        struct opener opener;
        int err;                /* what is given instead of a descriptor */
        const char *answers[8]; /* by target; NULL: the file that was recorded */
        uint8_t status;
        enum opener_target fails_at; /* this one prints nothing, and fails */
        bool truncated;              /* the end is missing */
        bool silent;                 /* nothing ever comes */
        unsigned int asked[8];
        unsigned int forgotten;
} whack;

static const char *const files[] = {
        [OPENER_WHACK_VERSION] = "libreswan/version.txt",
        [OPENER_WHACK_GLOBALSTATUS] = "libreswan/globalstatus.txt",
        [OPENER_WHACK_STATUS] = "libreswan/status.txt",
        [OPENER_WHACK_SHOWSTATES] = "libreswan/showstates.txt",
        [OPENER_WHACK_TRAFFICSTATUS] = "libreswan/trafficstatus.txt",
};

static int answer_of(enum opener_target target)
{
        char trailer[] = { 0, (char)(target == whack.fails_at ? 33 : whack.status) };
        const char *answer = target == whack.fails_at ? "" : whack.answers[target];
        struct libreswan_text printed = answer ? text(answer) : whack_recorded(files[target]);
        int ends[2];

        ck_assert_int_eq(pipe(ends), 0);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        ck_assert_int_eq(write(ends[1], printed.at, printed.length), (ssize_t)printed.length);
        if (!whack.truncated)
                ck_assert_int_eq(write(ends[1], trailer, sizeof(trailer)), sizeof(trailer));
        close(ends[1]);
        return ends[0];
}

static int ask(struct opener *opener, enum opener_target target, opener_given *given, void *context)
{
        (void)opener;
        whack.asked[target]++;
        if (!whack.silent)
                given(context, whack.err < 0 ? whack.err : answer_of(target));
        return 0;
}

static void forget(struct opener *opener, void *context)
{
        (void)opener;
        (void)context;
        whack.forgotten++;
}

static void setup(void)
{
        struct libreswan_config config = { .interval = 10, .opener = &whack.opener };

        loop = fake_loop_new(RECORDED);
        store = store_new();
        ike_sas = store_table(store, &ike_sa_type);
        children = store_table(store, &child_sa_type);
        policies = store_table(store, &ike_policy_type);
        configured = store_table(store, &configured_policy_type);
        memset(&whack, 0, sizeof(whack));
        whack.opener = (struct opener){ ask, forget };
        collector = libreswan_new(loop, store, &config);
        ck_assert_int_eq(collector->ops->start(collector), 0);
}

static void teardown(void)
{
        collector->ops->free(collector);
        store_free(store);
        fake_loop_free(loop);
}

/* Less than the time until the next read. */
static void read_once(void)
{
        for (int i = 0; i < 40; i++) {
                fake_loop_advance(loop, 10);
                while (fake_loop_poll(loop))
                        ;
        }
}

static const struct collector_row *row_of(void)
{
        const struct collector_row key = { .key = "libreswan" };

        return table_find(store_table(store, &collector_row_type), &key);
}

START_TEST(test_reads)
{
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN); /* it is there before it is heard */
        ck_assert_uint_eq(row_of()->failures, 0);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_UP);
        ck_assert_uint_eq(row_of()->rows, 13);
        ck_assert_uint_eq(row_of()->polls, 1);
        ck_assert_uint_eq(row_of()->failures, 0);
        ck_assert_str_eq(row_of()->source_version, "libreswan 4.10");
        ck_assert_uint_eq(whack.asked[OPENER_WHACK_VERSION], 1);
        ck_assert_uint_eq(whack.asked[OPENER_WHACK_STATUS], 1);
        ck_assert_int_eq(child_sa(2)->installed, 1795500817);
        /* Something has changed: soon, and with the connections. */
        fake_loop_advance(loop, 1700);
        read_once();
        ck_assert_uint_eq(row_of()->polls, 2);
        ck_assert_uint_eq(whack.asked[OPENER_WHACK_STATUS], 2);
        ck_assert_uint_eq(whack.asked[OPENER_WHACK_VERSION], 1);
        /* Nothing has: after the interval, and without them but now and then. */
        fake_loop_advance(loop, 5000);
        read_once();
        ck_assert_uint_eq(row_of()->polls, 2);
        for (int i = 0; i < 6; i++) {
                fake_loop_advance(loop, 10000);
                read_once();
        }
        ck_assert_uint_eq(row_of()->polls, 8);
        ck_assert_uint_eq(whack.asked[OPENER_WHACK_STATUS], 3);
        ck_assert_uint_eq(whack.asked[OPENER_WHACK_SHOWSTATES], 5);
}
END_TEST

START_TEST(test_not_installed)
{
        whack.err = -ENOENT;
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_UNSUPPORTED);
        ck_assert_str_eq(row_of()->last_error, "libreswan is not installed");
        ck_assert_uint_eq(row_of()->failures, 0);
        ck_assert_uint_eq(fake_loop_lines(loop), 0);
        whack.err = 0; /* it is, now */
        fake_loop_advance(loop, 10000);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_UP);
}
END_TEST

START_TEST(test_does_not_run)
{
        whack.status = 33;
        whack.answers[OPENER_WHACK_VERSION] = whack.answers[OPENER_WHACK_GLOBALSTATUS] = "";
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_UNSUPPORTED);
        ck_assert_uint_eq(row_of()->failures, 0);
}
END_TEST

START_TEST(test_stops_and_comes_back)
{
        read_once();
        whack.status = 33;
        whack.answers[OPENER_WHACK_VERSION] = whack.answers[OPENER_WHACK_GLOBALSTATUS] = "";
        fake_loop_advance(loop, 2000);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN);
        ck_assert_uint_eq(row_of()->failures, 1);
        ck_assert_uint_eq(table_count(ike_sas), 2);
        ck_assert(!ike_sa(1)->fresh);
        ck_assert(!policy("tunnel-v2")->fresh);
        ck_assert(!configured_child("tunnel-v2")->fresh);
        for (int i = 0; i < 20; i++) { /* asked for less and less often */
                fake_loop_advance(loop, 10000);
                read_once();
        }
        ck_assert_uint_le(row_of()->polls, 8);
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
        memset(whack.answers, 0, sizeof(whack.answers));
        whack.status = 0;
        fake_loop_advance(loop, 60000);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_UP);
        ck_assert(ike_sa(1)->fresh);
        ck_assert(policy("tunnel-v2")->fresh);
}
END_TEST

/* Half an answer takes nothing away. */
START_TEST(test_answer_without_end)
{
        read_once();
        whack.truncated = true;
        whack.answers[OPENER_WHACK_GLOBALSTATUS] = "total.a=99999999\n";
        fake_loop_advance(loop, 2000);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN);
        ck_assert_str_eq(row_of()->last_error, "pluto does not answer");
        ck_assert_uint_eq(table_count(ike_sas), 2);
        ck_assert_uint_eq(table_count(policies), 4);
}
END_TEST

/* pluto ends in the midst of an answer: whack does not notice, and the next question is not
 * answered. */
START_TEST(test_end_within_an_answer)
{
        read_once();
        whack.answers[OPENER_WHACK_STATUS] = "000 Connection list:\n";
        whack.fails_at = OPENER_WHACK_TRAFFICSTATUS;
        fake_loop_advance(loop, 2000);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN);
        ck_assert_uint_eq(table_count(ike_sas), 2);
        ck_assert_uint_eq(table_count(policies), 4);
}
END_TEST

START_TEST(test_silence)
{
        whack.silent = true;
        read_once();
        fake_loop_advance(loop, 20000);
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN);
        ck_assert_uint_gt(whack.forgotten, 0);
        ck_assert_uint_ge(row_of()->failures, 1);
}
END_TEST

START_TEST(test_cannot_be_run)
{
        whack.err = -EACCES;
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN);
        ck_assert_str_eq(row_of()->last_error, "whack cannot be run: Permission denied");
}
END_TEST

START_TEST(test_not_understood)
{
        whack.answers[OPENER_WHACK_GLOBALSTATUS] = "all is well\n";
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_DOWN);
        ck_assert_str_eq(row_of()->last_error, "the answer of whack is not understood");
}
END_TEST

START_TEST(test_stop_and_start)
{
        fake_loop_advance(loop, 10); /* in the midst of an answer */
        collector->ops->stop(collector);
        ck_assert_int_eq(collector->ops->start(collector), 0);
        read_once();
        ck_assert_uint_eq(row_of()->state, COLLECTOR_UP);
        collector->ops->refresh(collector);
        read_once();
        ck_assert_uint_eq(row_of()->polls, 3);
}
END_TEST

/* Others take "up" for a read of all SAs: not before the states of a recording have been told. */
START_TEST(test_replay)
{
        struct libreswan_config config = { .interval = 10 };
        struct collector *replayed;
        struct replay *replay;
        int err;

        collector->ops->stop(collector);
        replay = replay_new(DATA "/libreswan", loop, &err);
        ck_assert_int_eq(err, 0);
        config.replay = replay;
        replayed = libreswan_new(loop, store, &config);
        ck_assert_int_eq(replayed->ops->start(replayed), 0);
        ck_assert_int_eq(replay_start(replay), 0);
        while (fake_loop_step(loop))
                ck_assert(replayed->row.state == COLLECTOR_DOWN || table_count(children) > 0);
        ck_assert(replay_done(replay));
        ck_assert_uint_eq(replayed->row.state, COLLECTOR_UP);
        ck_assert_uint_eq(replayed->row.failures, 0);
        replayed->ops->free(replayed);
        replay_free(replay);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("libreswan's collector");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_reads);
        tcase_add_test(tcase, test_not_installed);
        tcase_add_test(tcase, test_does_not_run);
        tcase_add_test(tcase, test_stops_and_comes_back);
        tcase_add_test(tcase, test_answer_without_end);
        tcase_add_test(tcase, test_end_within_an_answer);
        tcase_add_test(tcase, test_silence);
        tcase_add_test(tcase, test_cannot_be_run);
        tcase_add_test(tcase, test_not_understood);
        tcase_add_test(tcase, test_stop_and_start);
        tcase_add_test(tcase, test_replay);
        return run_suite("libreswan_daemon", tcase);
}
