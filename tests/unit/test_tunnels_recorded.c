/*
 * Tunnels by what strongSwan said in the lab: each up, rekey and down of the recordings, exactly.
 * The kernel's part is played: SAs come with their child's SPIs, before or behind the daemon's
 * word, and go with it.
 */
#include "config.h"

#include "collectors/strongswan_rows.h"
#include "fake_loop.h"
#include "joins/children.h"
#include "joins/events.h"
#include "joins/tunnels.h"
#include "suite.h"
#include "tables/collector_row.h"
#include "tables/tunnel.h"
#include "vici_maker.h"

#include <stdio.h>
#include <string.h>

#define RECORDED 1795500116

static struct loop *loop;
static struct store *store;
static struct tunnels *tunnels;
static struct journal *journal;
static struct events *found;
static struct strongswan_rows rows;
static struct recorded recorded;
static struct vici_packet packet;

static void put_collector(const char *key, enum collector_state state)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = key;
        row.state = (uint8_t)state;
        ck_assert_int_eq(table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT),
                         0);
}

static void setup(void)
{
        static const struct tunnels_config config = { 1000, 1000, 60, NULL, 0 };
        static const struct events_config events_config = { .expiry_seconds = 60 };

        loop = fake_loop_new(RECORDED);
        store = store_new();
        tunnels = tunnels_new(store, loop, &config);
        journal = journal_new(store, loop, 1000);
        found = events_new(store, loop, journal, &events_config);
        strongswan_rows_init(&rows, loop, store);
        read_recorded(&recorded, "list-conns.resp.bin");
        while (next_packet(&recorded, &packet))
                if (packet.type == VICI_EVENT)
                        ck_assert_int_eq(strongswan_take_connection(&rows, packet.message), 0);
        put_collector("strongswan", COLLECTOR_UP);
        put_collector("libreswan", COLLECTOR_UNSUPPORTED);
        put_collector("xfrm", COLLECTOR_UP);
        fake_loop_advance(loop, 3000); /* the configuration that was there is no event */
}

static void teardown(void)
{
        strongswan_rows_free(&rows);
        events_free(found);
        journal_free(journal);
        tunnels_free(tunnels);
        store_free(store);
        fake_loop_free(loop);
}

/* ---- the kernel ---- */

static void set_sa(struct ipsec_sa *sa, const struct child_sa *child, bool in)
{
        memset(sa, 0, sizeof(*sa));
        sa->spi = in ? child->spi_in : child->spi_out;
        sa->protocol = child->protocol;
        sa->mode = child->mode;
        sa->state = SA_MATURE;
        sa->reqid = child->reqid;
        sa->keying = KEYING_IKE;
        sa->packets = 1;
        sa->requester = 170; /* what charon puts into its requests */
        sa->source.type = sa->destination.type = INET_ADDR_IPV4;
        sa->source.octets[3] = in ? 2 : 1;
        sa->destination.octets[3] = in ? 1 : 2;
        sa->told_direction = sa->direction = in ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
}

static void put_pair(const struct child_sa *child)
{
        struct ipsec_sa sa;

        for (int in = 0; in < 2; in++) {
                set_sa(&sa, child, in);
                if (sa.spi != 0)
                        table_put(store_table(store, &ipsec_sa_type), &sa, TABLE_FROM_EVENT);
        }
}

/* SAs that no child has any more go, as the daemon takes them away. */
static bool is_orphan(const void *row, const void *context)
{
        (void)context;
        return !child_of_sa(rows.children, row);
}

static void follow(void)
{
        const struct child_sa *child;
        uint32_t index = 0;

        while ((child = table_next(rows.children, &child_sa_type, &index, 1, false))) {
                index = child->index;
                if (child_is_up(child))
                        put_pair(child);
        }
        table_remove_matching(store_table(store, &ipsec_sa_type), is_orphan, NULL, TABLE_DELETED);
}

/* ---- the daemon ---- */

static int take_log(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_said said;
        uint32_t id;

        return strongswan_take_log(r, message, &id, &said);
}

static const struct {
        const char *name;
        int (*take)(struct strongswan_rows *r, struct vici_slice message);
} events[] = {
        { "ike-updown", strongswan_take_ike_updown },
        { "child-updown", strongswan_take_child_updown },
        { "ike-rekey", strongswan_take_ike_rekey },
        { "child-rekey", strongswan_take_child_rekey },
        { "ike-update", strongswan_take_ike_update },
        { "log", take_log },
};

static void take_event(void)
{
        for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
                if (packet.name_length == strlen(events[i].name) &&
                    memcmp(packet.name, events[i].name, packet.name_length) == 0)
                        ck_assert_int_eq(events[i].take(&rows, packet.message), 0);
}

/* later: milliseconds by which the kernel's word is behind the daemon's. */
static void play(const char *file, uint32_t later)
{
        read_recorded(&recorded, file);
        while (next_packet(&recorded, &packet)) {
                if (packet.type != VICI_EVENT)
                        continue;
                take_event();
                fake_loop_advance(loop, later);
                follow();
                fake_loop_advance(loop, 3000);
        }
}

static const struct tunnel *next_row(const struct tunnel *row)
{
        uint32_t oid[INDEX_MAX];
        size_t length = row ? index_encode(&tunnel_type, row, oid) : 0;

        return table_next(store_table(store, &tunnel_type), &tunnel_type, oid, length, false);
}

static const struct tunnel *get(const char *policy, const char *child)
{
        const struct tunnel *row = NULL;

        while ((row = next_row(row)))
                if (strcmp(row->policy_name, policy) == 0 && strcmp(row->child_name, child) == 0)
                        return row;
        ck_abort_msg("%s/%s is there", policy, child);
        return NULL;
}

static void check_tunnel(const char *policy, const char *child, uint64_t ups, uint64_t downs,
                         uint64_t rekeys, uint8_t reason)
{
        const struct tunnel *row = get(policy, child);

        ck_assert_msg(row->ups == ups && row->downs == downs && row->rekeys == rekeys,
                      "%s: %u ups, %u downs, %u rekeys", row->name, (unsigned int)row->ups,
                      (unsigned int)row->downs, (unsigned int)row->rekeys);
        ck_assert_msg(row->down_reason == reason, "%s: reason %u", row->name, row->down_reason);
        ck_assert_uint_eq(row->packets_in, ups + rekeys);
        ck_assert_uint_eq(row->packets_out, ups + rekeys);
}

/* How many events there are of a kind with this reason. */
static unsigned int count_events(enum event_kind kind, enum reason reason)
{
        const struct event *event;
        unsigned int found_events = 0;
        uint32_t n = 0;

        while ((event = table_next(store_table(store, &event_type), &event_type, &n, 1, false))) {
                n = event->number;
                found_events += event->kind == kind && event->reason == reason;
        }
        return found_events;
}

static const struct told {
        enum event_kind kind;
        enum reason reason;
        unsigned int times;
} of_life[] = {
        { EVENT_TUNNEL_UP, REASON_NONE, 7 },
        { EVENT_TUNNEL_DOWN, REASON_CLOSED_LOCALLY, 5 },
        { EVENT_TUNNEL_DOWN, REASON_LOCAL_AUTH_FAILED, 1 },
        { EVENT_TUNNEL_REKEYED, REASON_NONE, 2 },
        { EVENT_IKE_SA_UP, REASON_NONE, 5 },
        { EVENT_IKE_SA_DOWN, REASON_CLOSED_LOCALLY, 3 },
        { EVENT_IKE_SA_REKEYED, REASON_NONE, 1 },
        { EVENT_IKE_AUTH_FAILURE, REASON_LOCAL_AUTH_FAILED, 1 },
        { EVENT_SA_CREATED, REASON_NONE, 14 },
        { EVENT_SA_REMOVED, REASON_CLOSED_LOCALLY, 10 },
        { 0, 0, 0 },
}, of_failures[] = {
        { EVENT_TUNNEL_UP, REASON_NONE, 4 },
        { EVENT_TUNNEL_DOWN, REASON_CLOSED_LOCALLY, 1 },
        { EVENT_TUNNEL_DOWN, REASON_PEER_DEAD, 1 },
        { EVENT_TUNNEL_DOWN, REASON_LOCAL_AUTH_FAILED, 1 },
        { EVENT_TUNNEL_REKEYED, REASON_NONE, 1 },
        { EVENT_IKE_SA_UP, REASON_NONE, 4 },
        { EVENT_IKE_SA_DOWN, REASON_PEER_DEAD, 1 },
        { EVENT_IKE_AUTH_FAILURE, REASON_LOCAL_AUTH_FAILED, 1 },
        { EVENT_IKE_AUTH_FAILURE, REASON_PEER_AUTH_FAILED, 1 },
        { EVENT_SA_CREATED, REASON_NONE, 8 },
        { EVENT_SA_REMOVED, REASON_CLOSED_LOCALLY, 4 },
        { 0, 0, 0 },
};

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
        play("events-moon.bin", _i == 0 ? 0 : 500);
        check_tunnel("gw-gw", "net-net", 1, 1, 1, REASON_CLOSED_LOCALLY);
        check_tunnel("gw-gw", "net-net-bytes", 1, 1, 0, REASON_CLOSED_LOCALLY);
        check_tunnel("v6", "v6-net", 1, 1, 0, REASON_CLOSED_LOCALLY);
        check_tunnel("host-host", "telnet", 1, 1, 0, REASON_CLOSED_LOCALLY);
        check_tunnel("host-host", "ah-host", 1, 1, 0, REASON_CLOSED_LOCALLY);
        check_tunnel("natt", "natt-net", 1, 0, 0, REASON_NONE);
        check_tunnel("legacy", "legacy-net", 1, 0, 1, REASON_NONE); /* IKEv1 */
        check_tunnel("badauth", "bad-net", 0, 0, 0, REASON_LOCAL_AUTH_FAILED);
        ck_assert_uint_eq(get("badauth", "bad-net")->authentication_failures, 1);
        check_events(of_life);
}
END_TEST

START_TEST(test_failures)
{
        play("failures-moon.bin", 0);
        check_tunnel("gw-gw", "net-net", 1, 1, 0, REASON_PEER_DEAD);
        check_tunnel("natt", "natt-net", 1, 0, 1, REASON_NONE);
        check_tunnel("legacy", "legacy-net", 1, 1, 0, REASON_CLOSED_LOCALLY);
        check_tunnel("badauth", "bad-net", 0, 0, 0, REASON_PEER_AUTH_FAILED);
        ck_assert_uint_eq(get("badauth", "bad-net")->authentication_failures, 2);
        check_events(of_failures);
}
END_TEST

/* The same with the daemon's log: an end without a word of it is an end here. */
START_TEST(test_failures_told)
{
        play("failures-moon-told.bin", 0);
        check_tunnel("gw-gw", "net-net", 1, 1, 0, REASON_PEER_DEAD);
        check_tunnel("natt", "natt-net", 1, 0, 1, REASON_NONE);
        check_tunnel("legacy", "legacy-net", 1, 1, 0, REASON_CLOSED_LOCALLY);
        check_tunnel("badauth", "bad-net", 0, 0, 0, REASON_PEER_AUTH_FAILED);
        ck_assert_uint_eq(get("badauth", "bad-net")->authentication_failures, 2);
        check_tunnel("ghost", "ghost-net", 0, 0, 0, REASON_PEER_UNREACHABLE);
        ck_assert_uint_eq(get("ghost", "ghost-net")->negotiation_failures, 1);
        ck_assert_str_eq(get("ghost", "ghost-net")->last_error, "the peer did not answer");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("recorded tunnels");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, test_life, 0, 2);
        tcase_add_test(tcase, test_failures);
        tcase_add_test(tcase, test_failures_told);
        return run_suite("recorded tunnels", tcase);
}
