/* Gauges and totals: nothing is counted twice, nothing is lost, nothing ever falls. */
#include "fake_loop.h"
#include "joins/totals.h"
#include "suite.h"
#include "tables/collector_row.h"
#include "tables/policy.h"
#include "tables/xfrm_stat.h"

#include <string.h>

static struct loop *loop;
static struct store *store;
static struct totals *totals;
static struct table *sas, *policies, *stats, *global;
static unsigned int times_told;

static void heard(void *context, enum table_event event, enum table_reason reason,
                  const void *before, const void *after)
{
        (void)context;
        (void)event;
        (void)reason;
        (void)before;
        (void)after;
        times_told++;
}

static void setup(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        totals = totals_new(store, loop);
        sas = store_table(store, &ipsec_sa_type);
        policies = store_table(store, &policy_type);
        stats = store_table(store, &xfrm_stat_type);
        global = store_table(store, &global_scalars_type);
        times_told = 0;
        table_subscribe(global, heard, NULL);
}

static void teardown(void)
{
        totals_free(totals);
        store_free(store);
        fake_loop_free(loop);
}

/* The row of ipsrGlobal as the next turn of the loop tells it. */
static const struct global_scalars *row(void)
{
        static const uint32_t first;

        fake_loop_advance(loop, 0);
        return table_at(global, &global_scalars_type, &first, 1);
}

static const struct global_totals *now(void)
{
        return &row()->totals;
}

static struct ipsec_sa make(uint32_t spi, uint8_t direction, uint64_t octets, uint64_t packets)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        ck_assert(inet_addr_parse(&sa.destination, "192.0.2.2", 9));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        sa.state = SA_MATURE;
        sa.direction = sa.told_direction = direction;
        sa.add_time = 1000;
        sa.octets = octets;
        sa.packets = packets;
        return sa;
}

static void put(struct ipsec_sa sa)
{
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
}

/* What a join makes of the SA's direction: rules.c keeps the last one that it knew. */
static void direct(struct ipsec_sa key, uint8_t direction)
{
        struct ipsec_sa sa = *(const struct ipsec_sa *)table_find(sas, &key);

        sa.direction = direction;
        if (direction != DIRECTION_UNKNOWN)
                sa.last_direction = direction;
        ck_assert_int_eq(table_update(sas, &sa), 0);
}

static void take(struct ipsec_sa sa, enum table_reason reason)
{
        ck_assert(table_remove(sas, &sa, reason));
}

/* As the kernel's DELSA and EXPIRE do: the last counters, then it goes. */
static void end(struct ipsec_sa sa, enum table_reason reason)
{
        put(sa);
        take(sa, reason);
}

static void carried(uint64_t octets_in, uint64_t packets_in, uint64_t octets_out,
                    uint64_t packets_out)
{
        ck_assert_uint_eq(now()->octets_in, octets_in);
        ck_assert_uint_eq(now()->packets_in, packets_in);
        ck_assert_uint_eq(now()->octets_out, octets_out);
        ck_assert_uint_eq(now()->packets_out, packets_out);
}

static void lived(uint64_t created, uint64_t gone, uint64_t counted_short)
{
        ck_assert_uint_eq(now()->sas_created, created);
        ck_assert_uint_eq(now()->sas_removed, gone);
        ck_assert_uint_eq(now()->sas_counted_short, counted_short);
}

START_TEST(test_nothing_yet)
{
        ck_assert_ptr_nonnull(row());
        carried(0, 0, 0, 0);
        lived(0, 0, 0);
        ck_assert_uint_eq(row()->default_in, 0);
}
END_TEST

START_TEST(test_life)
{
        put(make(1, DIRECTION_OUTBOUND, 100, 2)); /* found by the first read */
        carried(0, 0, 100, 2);
        put(make(1, DIRECTION_OUTBOUND, 150, 3));
        put(make(2, DIRECTION_INBOUND, 0, 0));
        put(make(2, DIRECTION_INBOUND, 70, 1));
        carried(70, 1, 150, 3);
        lived(2, 0, 0);
        end(make(1, DIRECTION_OUTBOUND, 200, 4), TABLE_DELETED);
        end(make(2, DIRECTION_INBOUND, 80, 2), TABLE_DELETED);
        carried(80, 2, 200, 4);
        lived(2, 2, 0);
        put(make(1, DIRECTION_OUTBOUND, 0, 0)); /* its successor has the same SPI */
        put(make(1, DIRECTION_OUTBOUND, 5, 1));
        carried(80, 2, 205, 5);
        lived(3, 2, 0);
}
END_TEST

/* What is below or above ESP and AH carries the same packets. */
START_TEST(test_other_protocols)
{
        struct ipsec_sa sa = make(1, DIRECTION_OUTBOUND, 100, 2);

        sa.protocol = PROTOCOL_IPCOMP;
        put(sa);
        take(sa, TABLE_FLUSHED);
        sa.protocol = PROTOCOL_IPIP;
        put(sa);
        carried(0, 0, 0, 0);
        lived(2, 1, 0);
        sa.protocol = PROTOCOL_AH;
        put(sa);
        carried(0, 0, 100, 2);
        lived(3, 1, 0);
}
END_TEST

/* Direction is a join's word, some turns of the loop after the SA came. */
START_TEST(test_direction_known_later)
{
        struct ipsec_sa sa = make(1, DIRECTION_UNKNOWN, 100, 2);

        put(sa);
        sa.octets = 150;
        sa.packets = 3;
        put(sa);
        carried(0, 0, 0, 0);
        direct(sa, DIRECTION_INBOUND);
        carried(150, 3, 0, 0);
        direct(sa, DIRECTION_OUTBOUND); /* it was wrong: what is counted stays */
        carried(150, 3, 0, 0);
        sa.octets = 175;
        sa.packets = 4;
        put(sa);
        carried(150, 3, 25, 1);
}
END_TEST

/* IKE daemons take the policies away first: the SA's last packets count, and the rest not again. */
START_TEST(test_direction_forgotten)
{
        struct ipsec_sa sa = make(1, DIRECTION_UNKNOWN, 100, 2);

        put(sa);
        direct(sa, DIRECTION_INBOUND);
        direct(sa, DIRECTION_UNKNOWN);
        carried(100, 2, 0, 0);
        ck_assert_uint_eq(row()->rows.sas_of_unknown_direction, 1);
        sa.octets = 130;
        put(sa);
        carried(130, 2, 0, 0);
        direct(sa, DIRECTION_INBOUND);
        carried(130, 2, 0, 0);
        direct(sa, DIRECTION_UNKNOWN);
        sa.octets = 140;
        sa.packets = 5;
        end(sa, TABLE_DELETED);
        carried(140, 5, 0, 0);
        lived(1, 1, 0);
}
END_TEST

/* Nobody ever knew: the totals are short of it, and say so. */
START_TEST(test_direction_never_known)
{
        put(make(1, DIRECTION_UNKNOWN, 0, 0));
        end(make(1, DIRECTION_UNKNOWN, 100, 2), TABLE_DELETED);
        put(make(2, DIRECTION_UNKNOWN, 0, 0));
        end(make(2, DIRECTION_UNKNOWN, 0, 0), TABLE_DELETED);
        carried(0, 0, 0, 0);
        lived(2, 2, 1);
}
END_TEST

/* A full read showed another SA in the old one's place. */
START_TEST(test_new_life)
{
        struct ipsec_sa sa = make(1, DIRECTION_INBOUND, 100, 2);

        put(sa);
        sa.add_time = 2000;
        sa.octets = 300;
        sa.packets = 3;
        put(sa);
        carried(400, 5, 0, 0);
        lived(2, 1, 1);
        sa.octets = 10; /* within one second */
        sa.packets = 1;
        put(sa);
        carried(410, 6, 0, 0);
        lived(3, 2, 2);
}
END_TEST

START_TEST(test_larval)
{
        struct ipsec_sa sa = make(1, DIRECTION_UNKNOWN, 0, 0);

        sa.state = SA_LARVAL;
        put(sa);
        lived(0, 0, 0);
        ck_assert_uint_eq(row()->rows.sas_larval, 1);
        sa.state = SA_MATURE;
        sa.add_time++; /* the kernel puts another one in its place */
        put(sa);
        lived(1, 0, 0);
        sa.spi = 2;
        sa.state = SA_LARVAL;
        put(sa);
        sa.state = SA_MATURE; /* within the same second */
        put(sa);
        lived(2, 0, 0);
        sa.spi = 3;
        sa.state = SA_LARVAL;
        put(sa);
        take(sa, TABLE_EXPIRED); /* nobody gave it keys */
        lived(2, 0, 0);
        sa.spi = 2;
        put(sa); /* no kernel does that */
        lived(2, 1, 0);
        ck_assert_uint_eq(now()->sas_hard_expired, 0);
}
END_TEST

START_TEST(test_acquires)
{
        struct ipsec_sa sa = make(0, DIRECTION_UNKNOWN, 0, 0);

        sa.state = SA_LARVAL;
        put(sa);
        take(sa, TABLE_DELETED); /* answered */
        put(sa);
        take(sa, TABLE_EXPIRED);
        put(sa);
        take(sa, TABLE_FLUSHED);
        lived(0, 0, 0);
}
END_TEST

START_TEST(test_expiry)
{
        struct ipsec_sa sa = make(1, DIRECTION_INBOUND, 100, 2);

        put(sa);
        sa.state = SA_DYING;
        put(sa);
        put(sa);
        ck_assert_uint_eq(now()->sas_soft_expired, 1);
        ck_assert_uint_eq(row()->rows.sas_dying, 1);
        sa.octets = 150;
        sa.state = SA_DEAD;
        end(sa, TABLE_EXPIRED);
        ck_assert_uint_eq(now()->sas_soft_expired, 1);
        ck_assert_uint_eq(now()->sas_hard_expired, 1);
        carried(150, 2, 0, 0);
        lived(1, 1, 0);
        ck_assert_uint_eq(row()->rows.sas_dead, 0);
        sa.spi = 2; /* found past its limit: it was mature before anybody looked */
        sa.state = SA_DYING;
        put(sa);
        ck_assert_uint_eq(now()->sas_soft_expired, 1);
        lived(2, 1, 0);
}
END_TEST

static bool any(const void *what, const void *context)
{
        (void)what;
        (void)context;
        return true;
}

/* In one turn, as a dump and a flush bring them: each costs what it costs alone. */
START_TEST(test_many)
{
        for (uint32_t spi = 1; spi <= 100000; spi++)
                put(make(spi, spi % 2 ? DIRECTION_INBOUND : DIRECTION_OUTBOUND, 10, 1));
        ck_assert_uint_eq(times_told, 0);
        carried(500000, 50000, 500000, 50000);
        ck_assert_uint_eq(times_told, 1);
        ck_assert_uint_eq(row()->rows.sas_inbound, 50000);
        ck_assert_uint_eq(row()->rows.sas_mature, 100000);
        table_remove_matching(sas, any, NULL, TABLE_FLUSHED);
        lived(100000, 100000, 100000);
        ck_assert_uint_eq(times_told, 2);
        ck_assert_uint_eq(row()->rows.sas_inbound, 0);
        ck_assert_uint_eq(row()->rows.sas_mature, 0);
        carried(500000, 50000, 500000, 50000);
}
END_TEST

static void read_full(const struct ipsec_sa *shown)
{
        table_sweep_begin(sas);
        if (shown)
                ck_assert_int_eq(table_put(sas, shown, TABLE_FROM_DUMP), 0);
        table_sweep_end(sas, SIZE_MAX);
}

/* A full read may not show an SA (its message was damaged), and the next one does. */
START_TEST(test_lost_and_found)
{
        struct ipsec_sa sa = make(1, DIRECTION_INBOUND, 100, 2);

        sa.integrity_errors = 5;
        sa.replay_errors = 1;
        read_full(&sa);
        carried(100, 2, 0, 0);
        read_full(NULL);
        lived(1, 1, 1);
        sa.octets = 130;
        sa.packets = 3;
        sa.integrity_errors = 6;
        read_full(&sa);
        carried(130, 3, 0, 0);
        ck_assert_uint_eq(now()->integrity_failures, 6);
        ck_assert_uint_eq(now()->replay_failures, 1);
        lived(2, 1, 1);
        sa.octets = 150;
        read_full(&sa);
        carried(150, 3, 0, 0);
        read_full(NULL);
        sa.add_time++; /* this time it is another one */
        read_full(&sa);
        carried(300, 6, 0, 0);
        ck_assert_uint_eq(now()->integrity_failures, 12);
}
END_TEST

/* Where only a join knows the direction, it is known some time after the SA came back. */
START_TEST(test_found_before_direction)
{
        struct ipsec_sa sa = make(1, DIRECTION_UNKNOWN, 100, 2);

        sa.integrity_errors = 5;
        read_full(&sa);
        direct(sa, DIRECTION_INBOUND);
        read_full(NULL);
        sa.octets = 120;
        read_full(&sa);
        carried(100, 2, 0, 0);
        sa.integrity_errors = 6;
        read_full(&sa);
        read_full(NULL); /* lost again before that */
        sa.integrity_errors = 7;
        read_full(&sa);
        direct(sa, DIRECTION_INBOUND);
        carried(120, 2, 0, 0);
        ck_assert_uint_eq(now()->integrity_failures, 7);
        direct(sa, DIRECTION_UNKNOWN);
        direct(sa, DIRECTION_INBOUND);
        carried(120, 2, 0, 0);
}
END_TEST

static void read_all(void)
{
        static const struct collector_row row = { .key = "xfrm", .state = COLLECTOR_UP };

        ck_assert_int_eq(table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT),
                         0);
        for (int i = 0; i < 200; i++)
                fake_loop_advance(loop, 1);
}

/* Of those that a full read did not show the latest are remembered: memory has an end. */
START_TEST(test_remembered)
{
        struct ipsec_sa sa = make(1, DIRECTION_INBOUND, 100, 1);

        for (uint32_t spi = 1; spi <= TOTALS_REMEMBERED + 2; spi++) {
                sa.spi = spi;
                put(sa);
                take(sa, TABLE_LOST);
        }
        carried(100 * (TOTALS_REMEMBERED + 2), TOTALS_REMEMBERED + 2, 0, 0);
        sa.spi = TOTALS_REMEMBERED + 3; /* one of an earlier run does not count among them */
        ck_assert_int_eq(totals_remember(totals, &sa, true, 0), 0);
        put(make(3, DIRECTION_INBOUND, 101, 1)); /* the third is, the second is not */
        carried(100 * (TOTALS_REMEMBERED + 2) + 1, TOTALS_REMEMBERED + 2, 0, 0);
        put(make(2, DIRECTION_INBOUND, 101, 1));
        carried(100 * (TOTALS_REMEMBERED + 3) + 2, TOTALS_REMEMBERED + 3, 0, 0);
}
END_TEST

static bool is_seven(const void *context, uint64_t said)
{
        (void)context;
        return said == 7;
}

/* What is not there when all SAs have been read went while the agent was not running. */
START_TEST(test_went_while_away)
{
        enum { MANY = 5000 };
        struct ipsec_sa sa = make(1, DIRECTION_INBOUND, 100, 1);

        for (uint32_t spi = 1; spi <= MANY; spi++) {
                sa.spi = spi;
                ck_assert_int_eq(totals_remember(totals, &sa, true, spi == 5 ? 7 : 0), 0);
        }
        sa.protocol = PROTOCOL_IPCOMP; /* its packets are others' */
        ck_assert_int_eq(totals_remember(totals, &sa, true, 0), 0);
        sa = make(4, DIRECTION_INBOUND, 100, 1);
        totals_forget(totals, &sa); /* it went before the end of that run, and so did 5 */
        totals_drop(totals, is_seven, NULL);
        put(make(1, DIRECTION_INBOUND, 100, 1));
        put(make(2, DIRECTION_UNKNOWN, 100, 1)); /* its direction comes later */
        sa = make(3, DIRECTION_INBOUND, 10, 1);  /* another life */
        sa.add_time++;
        put(sa);
        lived(1, 0, 0);
        read_all();
        carried(10, 1, 0, 0);
        lived(1, MANY - 2 - 2 + 1, MANY - 2 - 2);
        sa = make(2, DIRECTION_UNKNOWN, 150, 2);
        put(sa);
        direct(sa, DIRECTION_INBOUND);
        carried(60, 2, 0, 0);
        read_all(); /* once */
        take(make(1, DIRECTION_INBOUND, 100, 1), TABLE_DELETED);
        lived(1, MANY - 2, MANY - 4);
}
END_TEST

START_TEST(test_errors)
{
        struct ipsec_sa sa = make(1, DIRECTION_UNKNOWN, 0, 0);

        sa.integrity_errors = 2;
        sa.replay_errors = 3;
        sa.replay_window_errors = 4;
        put(sa);
        ck_assert_uint_eq(now()->integrity_failures, 2);
        ck_assert_uint_eq(now()->replay_failures, 7);
        sa.integrity_errors = 5;
        sa.replay_window_errors = 10;
        end(sa, TABLE_DELETED);
        ck_assert_uint_eq(now()->integrity_failures, 5);
        ck_assert_uint_eq(now()->replay_failures, 13);
}
END_TEST

static void put_policy(uint32_t index, uint8_t direction)
{
        struct policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = index;
        policy.direction = direction;
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
}

START_TEST(test_policies)
{
        struct policy key = { .type = SPD_MAIN, .index = 9 };

        put_policy(8, DIRECTION_INBOUND);
        put_policy(9, DIRECTION_OUTBOUND);
        put_policy(17, DIRECTION_OUTBOUND);
        put_policy(26, DIRECTION_FORWARD);
        ck_assert_uint_eq(row()->rows.policies_in, 1);
        ck_assert_uint_eq(row()->rows.policies_out, 2);
        ck_assert_uint_eq(row()->rows.policies_forward, 1);
        put_policy(17, DIRECTION_INBOUND);
        ck_assert(table_remove(policies, &key, TABLE_DELETED));
        ck_assert_uint_eq(row()->rows.policies_in, 2);
        ck_assert_uint_eq(row()->rows.policies_out, 0);
}
END_TEST

static void put_stat(const char *name, uint64_t packets)
{
        struct xfrm_stat stat = { .key = name, .name = name, .packets = packets };

        ck_assert_int_eq(table_put(stats, &stat, TABLE_FROM_DUMP), 0);
}

START_TEST(test_drops)
{
        put_stat("XfrmInNoStates", 4);
        put_stat("XfrmOutNoStates", 3);
        put_stat("XfrmInNoPols", 99);
        ck_assert_uint_eq(now()->no_sa_drops, 7);
        put_stat("XfrmInNoStates", 6);
        ck_assert_uint_eq(now()->no_sa_drops, 9);
        table_sweep_begin(stats); /* the file is away for a while */
        table_sweep_end(stats, SIZE_MAX);
        put_stat("XfrmInNoStates", 7);
        ck_assert_uint_eq(now()->no_sa_drops, 10);
        put_stat("XfrmInNoStates", 2); /* another namespace, say */
        ck_assert_uint_eq(now()->no_sa_drops, 12);
}
END_TEST

/* An SA that lived on while the agent did not run is found by the first read. */
START_TEST(test_restored)
{
        struct totals_saved saved = {
                .totals = { .octets_in = 1000, .packets_in = 9, .sas_created = 5, .sas_removed = 4 }
        };
        struct ipsec_sa sa = make(1, DIRECTION_UNKNOWN, 300, 3);

        totals_restore(totals, &saved);
        ck_assert_int_eq(totals_remember(totals, &sa, true, 0), 0);
        sa.octets = 400;
        sa.packets = 4;
        read_full(&sa);
        lived(5, 4, 0);
        carried(1000, 9, 0, 0);
        direct(sa, DIRECTION_INBOUND);
        carried(1100, 10, 0, 0);
        read_full(NULL);
        lived(5, 5, 1);
        read_full(&sa);
        lived(6, 5, 1);
}
END_TEST

/* What a collector tells of the same row, and what an earlier run left. */
START_TEST(test_row_is_shared)
{
        struct totals_saved saved = { .totals = { .octets_in = 1000, .sas_created = 5 },
                                      .in_no_states = 10 };
        struct global_scalars told = { .sad_size = 3, .default_in = DEFAULT_BLOCK };

        totals_restore(totals, &saved);
        ck_assert_uint_eq(now()->octets_in, 1000);
        ck_assert_uint_eq(now()->sas_created, 5);
        ck_assert_int_eq(table_put(global, &told, TABLE_FROM_EVENT), 0);
        put(make(1, DIRECTION_INBOUND, 100, 2));
        put_stat("XfrmInNoStates", 11);
        ck_assert_uint_eq(row()->sad_size, 3);
        ck_assert_uint_eq(row()->default_in, DEFAULT_BLOCK);
        ck_assert_uint_eq(now()->octets_in, 1100);
        ck_assert_uint_eq(now()->sas_created, 6);
        ck_assert_uint_eq(now()->no_sa_drops, 1);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("totals");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_nothing_yet);
        tcase_add_test(tcase, test_life);
        tcase_add_test(tcase, test_other_protocols);
        tcase_add_test(tcase, test_direction_known_later);
        tcase_add_test(tcase, test_direction_forgotten);
        tcase_add_test(tcase, test_direction_never_known);
        tcase_add_test(tcase, test_new_life);
        tcase_add_test(tcase, test_larval);
        tcase_add_test(tcase, test_acquires);
        tcase_add_test(tcase, test_expiry);
        tcase_add_test(tcase, test_many);
        tcase_add_test(tcase, test_lost_and_found);
        tcase_add_test(tcase, test_found_before_direction);
        tcase_add_test(tcase, test_remembered);
        tcase_add_test(tcase, test_went_while_away);
        tcase_add_test(tcase, test_errors);
        tcase_add_test(tcase, test_policies);
        tcase_add_test(tcase, test_drops);
        tcase_add_test(tcase, test_row_is_shared);
        tcase_add_test(tcase, test_restored);
        tcase_set_timeout(tcase, 60);
        return run_suite("totals", tcase);
}
