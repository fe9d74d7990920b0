/*
 * Two lives of a gateway as kernel and strongSwan told them in the lab, in the order and at the
 * times in which they did, through all joins: what comes of it as events.
 */
#include "config.h"

#include "capture.h"
#include "collectors/strongswan_rows.h"
#include "collectors/xfrm_policies.h"
#include "collectors/xfrm_sas.h"
#include "fake_loop.h"
#include "joins/directions.h"
#include "joins/events.h"
#include "joins/ike_sas.h"
#include "joins/overdue.h"
#include "joins/rule_owners.h"
#include "joins/rules.h"
#include "joins/sa_owners.h"
#include "joins/tunnels.h"
#include "suite.h"
#include "tables/collector_row.h"
#include "tables/event_status.h"
#include "vici_maker.h"

#include <stdio.h>
#include <string.h>

/* Seconds since 1970 when the recordings began. */
#define LIFE_BEGAN 1795500160
#define FAILURES_BEGAN 1795500617

static struct loop *loop;
static struct store *store;
static struct rules *rules;
static struct directions *directions;
static struct sa_owners *sa_owners;
static struct rule_owners *rule_owners;
static struct ike_sas *ike_sas;
static struct overdue *overdue;
static struct tunnels *tunnels;
static struct journal *journal;
static struct events *found;
static struct xfrm_sas sas;
static struct xfrm_policies policies;
static struct strongswan_rows rows;
static struct recorded recorded;
static struct vici_packet packet;

static void put_collector(const char *key)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = key;
        row.state = COLLECTOR_UP;
        ck_assert_int_eq(table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT),
                         0);
}

static void take_all(const char *file,
                     int (*take)(struct strongswan_rows *r, struct vici_slice message))
{
        read_recorded(&recorded, file);
        while (next_packet(&recorded, &packet))
                if (packet.type == VICI_EVENT)
                        ck_assert_int_eq(take(&rows, packet.message), 0);
}

/* The moment of the recording's beginning is the kernel's clock less its own. */
static void begin(int64_t wall)
{
        static const struct tunnels_config config = { 1000, 1000, 60, NULL, 0 };
        static const struct events_config events_config = {
                .expiry_seconds = EXPIRY_WARNING_SECONDS_DEFAULT,
                .expiry_percent = EXPIRY_WARNING_PERCENT_DEFAULT,
                .integrity_failures = INTEGRITY_FAILURE_RATE_DEFAULT,
                .replay_failures = REPLAY_FAILURE_RATE_DEFAULT,
                .failure_interval = FAILURE_INTERVAL_DEFAULT,
                .drop_interval = FAILURE_INTERVAL_DEFAULT,
        };

        loop = fake_loop_new(wall - 1);
        store = store_new();
        rules = rules_new(store, loop);
        directions = directions_new(store, loop);
        sa_owners = sa_owners_new(store, loop);
        rule_owners = rule_owners_new(store, loop);
        ike_sas = ike_sas_new(store, loop);
        overdue = overdue_new(store, loop);
        tunnels = tunnels_new(store, loop, &config);
        journal = journal_new(store, loop, 1000);
        found = events_new(store, loop, journal, &events_config);
        xfrm_sas_init(&sas, loop, store);
        xfrm_policies_init(&policies, store);
        strongswan_rows_init(&rows, loop, store);
        take_all("list-conns.resp.bin", strongswan_take_connection);
        take_all("list-policies.resp.bin", strongswan_take_policy);
        put_collector("strongswan");
        put_collector("xfrm");
}

static void teardown(void)
{
        strongswan_rows_free(&rows);
        events_free(found);
        journal_free(journal);
        tunnels_free(tunnels);
        overdue_free(overdue);
        ike_sas_free(ike_sas);
        rule_owners_free(rule_owners);
        sa_owners_free(sa_owners);
        directions_free(directions);
        rules_free(rules);
        store_free(store);
        fake_loop_free(loop);
}

static const struct {
        const char *name;
        int (*take)(struct strongswan_rows *r, struct vici_slice message);
} daemon_events[] = {
        { "ike-updown", strongswan_take_ike_updown },
        { "child-updown", strongswan_take_child_updown },
        { "ike-rekey", strongswan_take_ike_rekey },
        { "child-rekey", strongswan_take_child_rekey },
        { "ike-update", strongswan_take_ike_update },
};

static void daemon_tells(void)
{
        do
                ck_assert(next_packet(&recorded, &packet));
        while (packet.type != VICI_EVENT);
        for (size_t i = 0; i < sizeof(daemon_events) / sizeof(daemon_events[0]); i++)
                if (packet.name_length == strlen(daemon_events[i].name) &&
                    memcmp(packet.name, daemon_events[i].name, packet.name_length) == 0)
                        ck_assert_int_eq(daemon_events[i].take(&rows, packet.message), 0);
}

static void kernel_tells(const struct nlmsghdr *nlh)
{
        ck_assert_int_ge(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
        ck_assert_int_ge(xfrm_policies_apply(&policies, nlh, TABLE_FROM_EVENT), 0);
}

static void play(const char *folder, const char *daemon)
{
        const struct nlmsghdr *nlh = NULL;
        char path[512], who[16];
        long when, before = 0;
        FILE *timeline;
        int left = 0;

        load(folder, "xfrm-events.bin");
        read_recorded(&recorded, daemon);
        snprintf(path, sizeof(path), "%s/%s/timeline.txt", DATA, folder);
        timeline = fopen(path, "r");
        ck_assert_ptr_nonnull(timeline);
        while (fscanf(timeline, "%ld %15s", &when, who) == 2) {
                fake_loop_advance(loop, (uint32_t)(when - before));
                before = when;
                if (strcmp(who, "daemon") == 0) {
                        daemon_tells();
                } else {
                        nlh = next_message(nlh, &left);
                        ck_assert_ptr_nonnull(nlh);
                        kernel_tells(nlh);
                }
        }
        fclose(timeline);
        fake_loop_advance(loop, 300000);
}

struct told {
        enum event_kind kind;
        enum reason reason;
        unsigned int times;
};

static unsigned int count_events(enum event_kind kind, enum reason reason)
{
        const struct event *event;
        unsigned int n_events = 0;
        uint32_t n = 0;

        while ((event = table_next(store_table(store, &event_type), &event_type, &n, 1, false))) {
                n = event->number;
                n_events += event->kind == kind && event->reason == reason;
        }
        return n_events;
}

/* These, and no others. */
static void check_events(const struct told *told)
{
        unsigned int all = 0;

        for (; told->times > 0; told++) {
                ck_assert_msg(count_events(told->kind, told->reason) == told->times,
                              "%s, %s: %u times", label_of(event_kinds, (int32_t)told->kind),
                              label_of(event_reasons, (int32_t)told->reason),
                              count_events(told->kind, told->reason));
                all += told->times;
        }
        ck_assert_uint_eq(table_count(store_table(store, &event_type)), all);
}

START_TEST(test_life)
{
        static const struct told told[] = {
                { EVENT_SA_CREATED, REASON_NONE, 16 },
                { EVENT_IKE_SA_UP, REASON_NONE, 5 },
                { EVENT_TUNNEL_UP, REASON_NONE, 7 },
                { EVENT_ACQUIRE, REASON_NONE, 2 },
                { EVENT_TUNNEL_DOWN, REASON_LOCAL_AUTH_FAILED, 1 },
                { EVENT_IKE_AUTH_FAILURE, REASON_LOCAL_AUTH_FAILED, 1 },
                { EVENT_NEGOTIATION_FAILED, REASON_ACQUIRE_TIMEOUT, 1 },
                { EVENT_TUNNEL_DOWN, REASON_ACQUIRE_TIMEOUT, 1 },
                { EVENT_TUNNEL_REKEYED, REASON_NONE, 2 },
                { EVENT_IKE_SA_REKEYED, REASON_NONE, 1 },
                { EVENT_SA_REMOVED, REASON_CLOSED_LOCALLY, 8 },
                { EVENT_TUNNEL_DOWN, REASON_CLOSED_LOCALLY, 3 },
                { EVENT_IKE_SA_DOWN, REASON_CLOSED_LOCALLY, 3 },
                { EVENT_TUNNEL_DOWN, REASON_FLUSHED, 3 },
                { EVENT_SAS_FLUSHED, REASON_FLUSHED, 1 },
                { 0, 0, 0 },
        };

        begin(LIFE_BEGAN);
        play("strongswan-up", "events-moon.bin");
        check_events(told);
}
END_TEST

START_TEST(test_failures)
{
        static const struct told told[] = {
                { EVENT_IKE_SA_UP, REASON_NONE, 4 },
                { EVENT_SA_CREATED, REASON_NONE, 10 },
                { EVENT_TUNNEL_UP, REASON_NONE, 4 },
                { EVENT_SA_EXPIRY_WARNING, REASON_THRESHOLD_PASSED, 2 },
                { EVENT_SA_HARD_EXPIRED, REASON_EXPIRED, 1 },
                { EVENT_TUNNEL_DOWN, REASON_EXPIRED, 1 },
                { EVENT_SA_REMOVED, REASON_CLOSED_LOCALLY, 3 },
                { EVENT_ACQUIRE, REASON_NONE, 2 },
                { EVENT_TUNNEL_DOWN, REASON_LOCAL_AUTH_FAILED, 1 },
                { EVENT_IKE_AUTH_FAILURE, REASON_LOCAL_AUTH_FAILED, 1 },
                { EVENT_IKE_AUTH_FAILURE, REASON_PEER_AUTH_FAILED, 1 },
                { EVENT_NEGOTIATION_FAILED, REASON_ACQUIRE_TIMEOUT, 1 },
                { EVENT_TUNNEL_DOWN, REASON_ACQUIRE_TIMEOUT, 1 },
                { EVENT_TUNNEL_REKEYED, REASON_NONE, 1 },
                { EVENT_TUNNEL_DOWN, REASON_PEER_DEAD, 1 },
                { EVENT_IKE_SA_DOWN, REASON_PEER_DEAD, 1 },
                { 0, 0, 0 },
        };

        begin(FAILURES_BEGAN);
        play("strongswan-failures", "failures-moon.bin");
        check_events(told);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("recorded events");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_test(tcase, test_life);
        tcase_add_test(tcase, test_failures);
        return run_suite("recorded events", tcase);
}
