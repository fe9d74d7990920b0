/*
 * How libreswan's IKE SAs end: what the two sides' whack printed during a rekey and with secrets
 * that differ, and answers made by hand. Counted is what ipsrGlobal shows, and events.
 */
#include "config.h"

#include "collectors/libreswan_rows.h"
#include "fake_loop.h"
#include "joins/events.h"
#include "joins/tunnel_gauges.h"
#include "suite.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"
#include "whack_answers.h"

#include <stdio.h>
#include <string.h>

#define START 1795500828

static struct loop *loop;
static struct store *store;
static struct libreswan_rows rows;
static struct tunnel_gauges *gauges;
static struct journal *journal;
static struct events *events;

static void setup(void)
{
        static const struct events_config config = { .certificate_days = 14 };
        static const struct ike_totals saved;
        struct global_scalars global;
        struct collector_row row;

        loop = fake_loop_new(START);
        store = store_new();
        libreswan_rows_init(&rows, loop, store);
        memset(&global, 0, sizeof(global));
        ck_assert_int_eq(
                table_put(store_table(store, &global_scalars_type), &global, TABLE_FROM_EVENT), 0);
        gauges = tunnel_gauges_new(store, loop, &saved);
        journal = journal_new(store, loop, 1000);
        events = events_new(store, loop, journal, &config);
        memset(&row, 0, sizeof(row));
        row.key = "libreswan";
        row.state = COLLECTOR_UP;
        ck_assert_int_eq(table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT),
                         0);
        fake_loop_advance(loop, 1000);
}

static void teardown(void)
{
        events_free(events);
        journal_free(journal);
        tunnel_gauges_free(gauges);
        libreswan_rows_free(&rows);
        store_free(store);
        fake_loop_free(loop);
}

/* ---- answers ---- */

/* Its rows are kept one in a turn; what it did not tell goes some turns later. */
static void take_states(struct libreswan_text answer)
{
        struct libreswan_text line;
        int err;

        libreswan_begin_states(&rows, false);
        while (libreswan_next_line(&answer, &line))
                ck_assert_int_ge(libreswan_take_line(&rows, line), 0);
        while (!libreswan_end_states(&rows, 1, &err)) {
                ck_assert_int_eq(err, 0);
                fake_loop_advance(loop, 1);
        }
        fake_loop_advance(loop, 100);
        libreswan_forget(&rows);
        fake_loop_advance(loop, 3000);
}

/* ---- what comes of it ---- */

static const struct global_ike *counted(void)
{
        const struct global_scalars *row =
                table_find(store_table(store, &global_scalars_type), &(struct global_scalars){ 0 });

        return &row->ike;
}

static void check(uint64_t ups, uint64_t losses, uint64_t rekeys)
{
        ck_assert_uint_eq(counted()->sa_ups, ups);
        ck_assert_uint_eq(counted()->sa_losses, losses);
        ck_assert_uint_eq(counted()->sa_rekeys, rekeys);
}

static void check_failures(uint64_t authentication, uint64_t negotiation)
{
        ck_assert_uint_eq(counted()->authentication_failures, authentication);
        ck_assert_uint_eq(counted()->negotiation_failures, negotiation);
}

static size_t n_events(uint8_t kind)
{
        const struct event *event;
        uint32_t number = 0;
        size_t n = 0;

        while ((event = table_next(store_table(store, &event_type), &event_type, &number, 1,
                                   false))) {
                number = event->number;
                n += event->kind == kind;
        }
        return n;
}

static void check_last(const char *words)
{
        uint32_t number = UINT32_MAX;
        const struct event *event =
                table_previous(store_table(store, &event_type), &event_type, &number, 1);

        ck_assert_ptr_nonnull(event);
        ck_assert_str_eq(event->text, words);
}

/* ---- rekeys ---- */

static const char *const sides[] = { "initiator", "responder" };

static void take_recorded(const char *side, int n)
{
        char name[64];

        snprintf(name, sizeof(name), "libreswan-ike/%s-%d.txt", side, n);
        take_states(whack_recorded(name));
}

/* Each of the answers of a rekey may be missed. */
START_TEST(test_recorded_rekey)
{
        const char *side = sides[_i & 1];

        take_recorded(side, 1);
        check(1, 0, 0);
        for (int n = 2; n <= 3; n++)
                if (_i & (1 << (n - 1)))
                        take_recorded(side, n);
        if (!(_i & 6))
                return; /* without children it cannot be told from two IKE SAs */
        take_recorded(side, 4);
        check_failures(0, 0);
        ck_assert_uint_eq(n_events(EVENT_IKE_SA_DOWN), 0);
        ck_assert_uint_eq(counted()->sas_established, 1);
        ck_assert_uint_eq(counted()->sas_half_open, 0);
        if (_i == 2)
                return; /* the same: it was only being negotiated when it was asked for */
        check(1, 0, 1);
        ck_assert_uint_eq(n_events(EVENT_IKE_SA_REKEYED), 1);
}
END_TEST

#define IKE(id, rest)                                                                              \
        "000 #" id ": \"net\":500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in "     \
        "6346s; REPLACE in 7199s; " rest "idle;\n"
#define CHILD(id, ike, rest)                                                                       \
        "000 #" id ": \"net\":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); REKEY in " \
        "2613s; REPLACE in 3504s; " rest "IKE SA #" ike "; idle;\n"                                \
        "000 #" id ": \"net\" esp.62f2c7" id "@192.0.2.2 esp.576119" id "@192.0.2.1 "              \
        "tun.0@192.0.2.2 tun.0@192.0.2.1 Traffic: ESPin=2KB ESPout=2KB ESPmax=2^63B \n"
#define NEWEST "newest; eroute owner; "

/* The child is heard of before its new IKE SA, and the old one is gone. */
START_TEST(test_rekey_between_answers)
{
        take_states(text(IKE("11", "newest; ") CHILD("12", "11", NEWEST)));
        check(1, 0, 0);
        take_states(text(CHILD("12", "13", NEWEST) IKE("13", "newest; ")));
        check(1, 0, 1);
        take_states(text(CHILD("12", "14", NEWEST) IKE("13", "") IKE("14", "newest; ")));
        check(1, 0, 2);
        take_states(text(CHILD("12", "14", NEWEST) IKE("14", "newest; ")));
        check(1, 0, 2);
        ck_assert_uint_eq(n_events(EVENT_IKE_SA_UP), 1);
        ck_assert_uint_eq(n_events(EVENT_IKE_SA_DOWN), 0);
        ck_assert_uint_eq(n_events(EVENT_IKE_SA_REKEYED), 2);
        take_states(text("\n"));
        check(1, 1, 2);
        ck_assert_uint_eq(n_events(EVENT_IKE_SA_DOWN), 1);
}
END_TEST

/* Both sides began at once: each has its own child, and is an IKE SA of its own. */
START_TEST(test_two_at_once)
{
        take_states(text(IKE("11", "newest; ") CHILD("12", "11", NEWEST)));
        take_states(text(IKE("11", "") CHILD("12", "11", "") IKE("13", "newest; ")
                                 CHILD("14", "13", NEWEST)));
        check(2, 0, 0);
        take_states(text(IKE("13", "newest; ") CHILD("14", "13", NEWEST)));
        check(2, 1, 0);
}
END_TEST

/* ---- authentication ---- */

static void take_recorded_totals(const char *side, int n)
{
        char name[64];

        snprintf(name, sizeof(name), "libreswan-ike/%s-totals-%d.txt", side, n);
        whack_take_totals(&rows, whack_recorded(name));
}

/* It takes milliseconds: whack has shown nothing of two attempts but the counters. */
START_TEST(test_secrets_differ)
{
        const char *side = sides[_i];

        take_recorded_totals(side, 0);
        take_states(text("\n"));
        take_recorded_totals(side, 3);
        take_states(text("\n"));
        check_failures(2, 0);
        ck_assert_uint_eq(n_events(EVENT_IKE_AUTH_FAILURE), 1);
        check_last(_i == 0 ? "authentication of 2 IKE SAs failed: the peer did not accept this "
                             "side's authentication"
                           : "authentication of 2 IKE SAs failed: this side did not accept the "
                             "peer's authentication");
        take_recorded_totals(side, 3);
        take_states(text("\n"));
        check_failures(2, 0);
        ck_assert_uint_eq(n_events(EVENT_IKE_AUTH_FAILURE), 1);
}
END_TEST

/* The agent was started later, or pluto: what happened before is not told. */
START_TEST(test_counters_of_before)
{
        take_recorded_totals("initiator", 3);
        take_states(text("\n"));
        check_failures(0, 0);
        whack_take_totals(&rows, text("total.ikev2.ike.finished.auth-failed=1\n"));
        take_states(text("\n"));
        check_failures(1, 0); /* it began anew, and counted that since */
}
END_TEST

/* One was seen while it was negotiated: it is the one that failed. Another one has timed out. */
START_TEST(test_seen)
{
        whack_take_totals(&rows, text("total.ikev2.ike.finished.auth-failed=5\n"));
        take_states(text("000 #3: \"net\":500 STATE_V2_PARENT_I2 (sent IKE_AUTH request); "
                         "RETRANSMIT in 0s; idle;\n"));
        whack_take_totals(&rows, text("total.ikev2.ike.finished.auth-failed=6\n"
                                      "total.ikev2.recv.notifies.error.AUTHENTICATION_FAILED=1\n"));
        take_states(text("000 #4: \"net\":500 STATE_V2_PARENT_I1 (sent IKE_SA_INIT request); "
                         "RETRANSMIT in 0s; idle;\n"));
        check_failures(1, 0);
        ck_assert_uint_eq(n_events(EVENT_IKE_AUTH_FAILURE), 1);
        take_states(text("\n"));
        check_failures(1, 1);
        ck_assert_uint_eq(n_events(EVENT_IKE_AUTH_FAILURE), 1);
        ck_assert_uint_eq(n_events(EVENT_NEGOTIATION_FAILED), 1);
}
END_TEST

/* With IKEv1 nobody says so: the negotiation gets stuck where identities are to be proved. */
START_TEST(test_secrets_differ_v1)
{
        char name[64];

        snprintf(name, sizeof(name), "libreswan-ike/%s-v1.txt", sides[_i]);
        take_recorded_totals(sides[_i], 0);
        take_states(whack_recorded(name));
        ck_assert_uint_eq(counted()->sas_half_open, 1);
        check_failures(0, 0);
        take_recorded_totals(sides[_i], 0);
        take_states(text("\n"));
        check_failures(1, 0);
        ck_assert_uint_eq(n_events(EVENT_IKE_AUTH_FAILURE), 1);
        ck_assert_uint_eq(n_events(EVENT_NEGOTIATION_FAILED), 0);
        check_last(_i == 0 ? "authentication of legacy failed: the peer did not accept this "
                             "side's authentication"
                           : "authentication of legacy failed: this side did not accept the "
                             "peer's authentication");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("how libreswan's IKE SAs end");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, test_recorded_rekey, 0, 8);
        tcase_add_test(tcase, test_rekey_between_answers);
        tcase_add_test(tcase, test_two_at_once);
        tcase_add_loop_test(tcase, test_secrets_differ, 0, 2);
        tcase_add_test(tcase, test_counters_of_before);
        tcase_add_test(tcase, test_seen);
        tcase_add_loop_test(tcase, test_secrets_differ_v1, 0, 2);
        return run_suite("libreswan_ends", tcase);
}
