/* What happens is told once, with why; and what is as it should be is not told. */
#include "fake_loop.h"
#include "joins/events.h"
#include "joins/overdue.h"
#include "joins/tunnels.h"
#include "suite.h"
#include "tables/certificate.h"
#include "tables/child_sa.h"
#include "tables/collector_row.h"
#include "tables/configured_policy.h"
#include "tables/event_status.h"
#include "tables/global_scalars.h"
#include "tables/ike_policy.h"
#include "tables/ike_sa.h"
#include "tables/occurrence.h"
#include "tables/policy.h"
#include "tables/policy_template.h"
#include "tables/tunnel.h"
#include "tables/xfrm_stat.h"

#include <string.h>

#define START 1795500116
#define HERE "192.0.2.1"
#define THERE "192.0.2.2"
#define CHARON 170 /* what it puts into its requests */
#define DAY 86400

enum { IN, OUT };

static struct events_config config = {
        .expiry_seconds = 60,
        .expiry_percent = 5,
        .integrity_failures = 5,
        .replay_failures = 20,
        .failure_interval = 60,
        .drop_interval = 60,
        .certificate_days = 14,
};
static struct tunnels_config tunnels_config = { 2592000, 100000, 60, NULL, 0 };

static struct loop *loop;
static struct store *store;
static struct journal *journal;
static struct events *events;
static struct tunnels *tunnels;
static struct overdue *overdue;
static uint32_t checked; /* number of the last event that a test has looked at */

/* ---- the machine ---- */

static int64_t now_wall(void)
{
        struct moment now;

        loop->now(loop, &now);
        return now.wall;
}

static void put(const struct table_type *type, const void *row)
{
        ck_assert_int_eq(table_put(store_table(store, type), row, TABLE_FROM_EVENT), 0);
}

static void put_collector(const char *key, uint8_t state, const char *error)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = row.name = key;
        row.state = state;
        row.last_error = error;
        put(&collector_row_type, &row);
}

static void begin(void)
{
        store = store_new();
        overdue = overdue_new(store, loop);
        tunnels = tunnels_new(store, loop, &tunnels_config);
        journal = journal_new(store, loop, 1000);
        events = events_new(store, loop, journal, &config);
        checked = 0;
}

static void sources_up(void)
{
        put_collector("xfrm", COLLECTOR_UP, NULL);
        put_collector("strongswan", COLLECTOR_UP, NULL);
        fake_loop_advance(loop, 1000);
}

static void setup(void)
{
        tunnels_config.n_idle_patterns = 0;
        loop = fake_loop_new(START);
        begin();
        sources_up();
        fake_loop_advance(loop, 5000);
}

/* Every pointer of an event names a row that is there. */
static void check_rows(void)
{
        const struct event *event;
        uint32_t number = 0;

        while ((event = table_next(store_table(store, &event_type), &event_type, &number, 1,
                                   false))) {
                uint32_t oid[INDEX_MAX];
                size_t n = 0;
                const char *at = event->row;
                const struct table_type *type = NULL;

                number = event->number;
                if (!at)
                        continue;
                for (char *end; *at && n < INDEX_MAX; at = *end ? end + 1 : end)
                        oid[n++] = (uint32_t)strtoul(at, &end, 10);
                for (size_t i = 0; table_types[i]; i++)
                        if (table_types[i]->number == oid[0])
                                type = table_types[i];
                ck_assert_msg(type && table_at(store_table(store, type), type, oid + 3, n - 3),
                              "%s names %s", event->text, event->row);
        }
}

static void teardown(void)
{
        check_rows();
        events_free(events);
        journal_free(journal);
        tunnels_free(tunnels);
        overdue_free(overdue);
        store_free(store);
        fake_loop_free(loop);
}

/* ---- what was told ---- */

/* The next event that the test has not looked at yet, which must be of this kind. */
static const struct event *expect(enum event_kind kind)
{
        const struct event *event =
                table_next(store_table(store, &event_type), &event_type, &checked, 1, false);

        ck_assert_msg(event != NULL, "there is an event of kind %d", (int)kind);
        ck_assert_msg(event->kind == kind, "expected kind %d, there is %d: %s", (int)kind,
                      event->kind, event->text);
        ck_assert_ptr_nonnull(event->text);
        checked = event->number;
        return event;
}

static void expect_nothing(void)
{
        const struct event *event =
                table_next(store_table(store, &event_type), &event_type, &checked, 1, false);

        ck_assert_msg(event == NULL, "there is no event, but %s", event ? event->text : "");
}

static const struct notify *details_of(const struct event *event)
{
        struct notify sought;
        const struct notify *row;

        memset(&sought, 0, sizeof(sought));
        sought.event = event->number;
        row = table_find(store_table(store, &notify_type), &sought);
        ck_assert_ptr_nonnull(row);
        return row;
}

/* Passes over events that another test is about. */
static void pass_over(void)
{
        uint32_t last = UINT32_MAX;
        const struct event *event =
                table_previous(store_table(store, &event_type), &event_type, &last, 1);

        checked = event ? event->number : 0;
}

/* ---- what the sources tell ---- */

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static void configure(const char *policy, const char *child, bool any_peer, uint8_t start)
{
        struct ike_policy p;
        struct configured_policy c;

        memset(&p, 0, sizeof(p));
        p.key = p.name = policy;
        p.any_peer = any_peer;
        p.daemon_kind = DAEMON_STRONGSWAN;
        p.remote_addresses = any_peer ? "%any" : THERE;
        p.daemon = "strongswan";
        put(&ike_policy_type, &p);
        memset(&c, 0, sizeof(c));
        c.policy_key = c.policy_name = policy;
        c.child_key = c.child_name = child;
        c.daemon_kind = DAEMON_STRONGSWAN;
        c.action = RULE_DYNAMIC_KEY;
        c.start_action = start;
        c.daemon = "strongswan";
        put(&configured_policy_type, &c);
        fake_loop_advance(loop, 2500);
}

static struct ike_sa ike_sa(uint32_t id, const char *policy, uint8_t state, bool ended)
{
        struct ike_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon_run = 1;
        row.daemon_id = id;
        row.role = ROLE_INITIATOR;
        row.state = state;
        row.ended = ended;
        row.local = address(HERE);
        row.remote = address(THERE);
        row.remote_identity = state >= IKE_ESTABLISHED ? "there" : NULL;
        row.policy_name = policy;
        row.initiator_spi = "0123456789abcdef";
        row.encryption = "AES256-CBC";
        row.established = state >= IKE_ESTABLISHED ? START + 5 : 0;
        row.daemon = "strongswan";
        return row;
}

static void put_ike(uint32_t id, const char *policy, uint8_t state, bool ended)
{
        struct ike_sa row = ike_sa(id, policy, state, ended);

        put(&ike_sa_type, &row);
}

static void remove_ike(uint32_t id, enum table_reason reason)
{
        struct ike_sa row = ike_sa(id, "net", IKE_ESTABLISHED, false);

        ck_assert(table_remove(store_table(store, &ike_sa_type), &row, reason));
}

static void put_child(uint32_t id, uint32_t ike, const char *policy, const char *name,
                      uint8_t state)
{
        struct child_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon_run = 1;
        row.daemon_id = id;
        row.ike_id = ike;
        row.reqid = 1;
        row.spi_in = 0x1000 + id;
        row.spi_out = 0x2000 + id;
        row.state = state;
        row.mode = MODE_TUNNEL;
        row.protocol = PROTOCOL_ESP;
        row.policy_key = row.policy_name = policy;
        row.child_key = row.child_name = name;
        row.installed = now_wall();
        put(&child_sa_type, &row);
}

static void remove_child(uint32_t id, enum table_reason reason)
{
        const struct child_sa row = { .daemon_kind = DAEMON_STRONGSWAN,
                                      .daemon_run = 1,
                                      .daemon_id = id };

        ck_assert(table_remove(store_table(store, &child_sa_type), &row, reason));
}

static struct ipsec_sa make_sa(uint32_t spi, uint32_t reqid, int way)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        sa.mode = MODE_TUNNEL;
        sa.state = SA_MATURE;
        sa.reqid = reqid;
        sa.source = address(way == OUT ? HERE : THERE);
        sa.destination = address(way == OUT ? THERE : HERE);
        sa.told_direction = sa.direction = way == OUT ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
        sa.keying = KEYING_IKE;
        sa.requester = CHARON;
        sa.sequence_headroom_percent = -1;
        sa.add_time = START;
        return sa;
}

static void put_pair(uint32_t id)
{
        struct ipsec_sa sa = make_sa(0x1000 + id, 1, IN);

        put(&ipsec_sa_type, &sa);
        sa = make_sa(0x2000 + id, 1, OUT);
        put(&ipsec_sa_type, &sa);
}

static void remove_sa(const struct ipsec_sa *sa, enum table_reason reason)
{
        ck_assert(table_remove(store_table(store, &ipsec_sa_type), sa, reason));
}

static void remove_pair(uint32_t id, enum table_reason reason)
{
        struct ipsec_sa sa = make_sa(0x1000 + id, 1, IN);

        remove_sa(&sa, reason);
        sa = make_sa(0x2000 + id, 1, OUT);
        remove_sa(&sa, reason);
}

static void turn(void)
{
        fake_loop_advance(loop, 10);
}

/* net/lan, which ought to be up, is; its own events are passed over. */
static void bring_up(uint8_t start)
{
        configure("net", "lan", false, start);
        put_ike(1, "net", IKE_ESTABLISHED, false);
        put_child(1, 1, "net", "lan", CHILD_SA_INSTALLED);
        put_pair(1);
        turn();
}

/* ---- tunnels ---- */

START_TEST(test_a_tunnel_comes_up_and_dies)
{
        const struct event *event;

        bring_up(CHILD_START);
        pass_over();
        checked = 0;
        while ((event = table_next(store_table(store, &event_type), &event_type, &checked, 1,
                                   false)) &&
               event->kind != EVENT_TUNNEL_UP)
                checked = event->number;
        ck_assert_ptr_nonnull(event);
        ck_assert_str_eq(event->subject, "net/lan");
        ck_assert_int_eq(event->severity, SEVERITY_INFO);
        ck_assert_str_eq(event->text, "tunnel net/lan with 192.0.2.2 is up");
        ck_assert_str_eq(event->row, "12.1.4.3.110.101.116.3.108.97.110.1");
        ck_assert(!details_of(event)->cleared);
        pass_over();
        put_ike(1, "net", IKE_ESTABLISHED, true);
        remove_child(1, TABLE_DELETED);
        turn();
        event = expect(EVENT_TUNNEL_DOWN);
        ck_assert_int_eq(event->reason, REASON_PEER_DEAD);
        ck_assert_int_eq(event->severity, SEVERITY_CRITICAL);
        ck_assert_str_eq(event->text,
                         "tunnel net/lan with 192.0.2.2 is down: the peer does not answer any "
                         "more; it was up since 2026-11-24 06:02:05 UTC");
        ck_assert_int_eq(details_of(event)->tunnel_state, TUNNEL_DOWN);
        event = expect(EVENT_IKE_SA_DOWN);
        ck_assert_int_eq(event->reason, REASON_PEER_DEAD);
        expect_nothing();
        /* and comes up again */
        put_ike(2, "net", IKE_ESTABLISHED, false);
        put_child(2, 2, "net", "lan", CHILD_SA_INSTALLED);
        turn();
        expect(EVENT_IKE_SA_UP);
        event = expect(EVENT_TUNNEL_UP);
        ck_assert_int_eq(event->reason, REASON_RECOVERED);
        ck_assert(details_of(event)->cleared);
        expect_nothing();
}
END_TEST

START_TEST(test_idle_on_purpose_is_silent)
{
        const struct event *event;

        bring_up(CHILD_NONE);
        pass_over();
        put_ike(1, "net", IKE_DELETING, true);
        remove_child(1, TABLE_DELETED);
        turn();
        event = expect(EVENT_IKE_SA_DOWN);
        ck_assert_int_eq(event->reason, REASON_CLOSED_LOCALLY);
        ck_assert_int_eq(event->severity, SEVERITY_NOTICE);
        expect_nothing();
}
END_TEST

START_TEST(test_the_same_closed_that_ought_to_be_up)
{
        bring_up(CHILD_START);
        pass_over();
        put_ike(1, "net", IKE_DELETING, true);
        remove_child(1, TABLE_DELETED);
        turn();
        ck_assert_int_eq(expect(EVENT_TUNNEL_DOWN)->reason, REASON_CLOSED_LOCALLY);
        expect(EVENT_IKE_SA_DOWN);
        expect_nothing();
}
END_TEST

/* What may be down by the agent's configuration is never told to be. */
START_TEST(test_idle_by_pattern)
{
        static const char *const patterns[] = { "net/*" };
        struct events_config quiet = config;

        quiet.idle_patterns = tunnels_config.idle_patterns = patterns;
        quiet.n_idle_patterns = tunnels_config.n_idle_patterns = 1;
        tunnels_configure(tunnels, &tunnels_config);
        events_configure(events, &quiet);
        bring_up(CHILD_START);
        pass_over();
        remove_pair(1, TABLE_FLUSHED);
        turn();
        expect(EVENT_SAS_FLUSHED);
        expect_nothing();
}
END_TEST

START_TEST(test_flushed)
{
        const struct event *event;

        bring_up(CHILD_START);
        pass_over();
        remove_pair(1, TABLE_FLUSHED);
        turn();
        ck_assert_int_eq(expect(EVENT_TUNNEL_DOWN)->reason, REASON_FLUSHED);
        event = expect(EVENT_SAS_FLUSHED);
        ck_assert_str_eq(event->text, "2 SAs were removed at once");
        ck_assert_int_eq(event->reason, REASON_FLUSHED);
        expect_nothing();
}
END_TEST

START_TEST(test_deleted_outside)
{
        struct ipsec_sa sa = make_sa(0x1001, 1, IN);
        const struct event *event;

        bring_up(CHILD_START);
        pass_over();
        sa.requester = 0;
        put(&ipsec_sa_type, &sa);
        remove_sa(&sa, TABLE_DELETED);
        fake_loop_advance(loop, 1500);
        event = expect(EVENT_SA_REMOVED);
        ck_assert_int_eq(event->reason, REASON_DELETED_OUTSIDE);
        ck_assert_uint_eq(event->spi, 0x1001);
        ck_assert_str_eq(event->subject, "net/lan");
        ck_assert_int_eq(expect(EVENT_TUNNEL_DOWN)->reason, REASON_DELETED_OUTSIDE);
        expect_nothing();
}
END_TEST

/* Ten rekeys of children and IKE SAs: nothing goes down or expires. */
START_TEST(test_rekeys_are_silent)
{
        bring_up(CHILD_START);
        pass_over();
        for (uint32_t i = 1; i <= 10; i++) {
                put_child(i + 1, i, "net", "lan", CHILD_SA_INSTALLED);
                put_child(i, i, "net", "lan", CHILD_SA_REKEYED);
                put_pair(i + 1);
                turn();
                expect(EVENT_TUNNEL_REKEYED);
                remove_child(i, TABLE_DELETED);
                remove_pair(i, i % 2 ? TABLE_DELETED : TABLE_EXPIRED);
                fake_loop_advance(loop, 40000);
                expect_nothing();
                put_ike(i + 1, "net", IKE_ESTABLISHED, false);
                put_ike(i, "net", IKE_REKEYED, false);
                put_child(i + 1, i + 1, "net", "lan", CHILD_SA_INSTALLED);
                turn();
                expect(EVENT_IKE_SA_REKEYED);
                put_ike(i, "net", IKE_DELETING, true);
                remove_ike(i, TABLE_DELETED);
                turn();
                expect_nothing();
        }
}
END_TEST

START_TEST(test_a_duplicate_ike_sa_is_silent)
{
        bring_up(CHILD_START);
        pass_over();
        put_ike(2, "net", IKE_ESTABLISHED, false);
        turn();
        put_ike(1, "net", IKE_DELETING, true);
        turn();
        remove_ike(1, TABLE_DELETED);
        put_child(1, 2, "net", "lan", CHILD_SA_INSTALLED);
        turn();
        for (const struct event *e;
             (e = table_next(store_table(store, &event_type), &event_type, &checked, 1, false));
             checked = e->number)
                ck_assert_int_ne(e->kind, EVENT_IKE_SA_DOWN);
}
END_TEST

static void replace_ike(uint32_t id)
{
        struct ike_sa row = ike_sa(id, "net", IKE_ESTABLISHED, true);

        row.reason = REASON_REPLACED;
        put(&ike_sa_type, &row);
}

/* A peer that was started anew: the old IKE SA ends before the new one is up. */
START_TEST(test_a_replaced_ike_sa_is_silent)
{
        const struct event *event;

        bring_up(CHILD_NONE);
        pass_over();
        replace_ike(1);
        remove_child(1, TABLE_DELETED);
        turn();
        remove_ike(1, TABLE_DELETED);
        turn();
        put_ike(2, "net", IKE_ESTABLISHED, false);
        turn();
        fake_loop_advance(loop, 5000);
        expect_nothing();
        replace_ike(2);
        turn();
        expect_nothing();
        put_ike(3, "other", IKE_ESTABLISHED, false); /* others do not wait for that */
        turn();
        expect(EVENT_IKE_SA_UP);
        fake_loop_advance(loop, 1000);
        event = expect(EVENT_IKE_SA_DOWN);
        ck_assert_int_eq(event->reason, REASON_REPLACED);
        ck_assert_str_eq(event->subject, "net");
        expect_nothing();
}
END_TEST

/* What a new configuration closes is on purpose, too. */
START_TEST(test_configuration_changed)
{
        struct ike_sa row = ike_sa(1, "net", IKE_DELETING, true);

        bring_up(CHILD_START);
        pass_over();
        row.reason = REASON_CONFIGURATION_CHANGED;
        put(&ike_sa_type, &row);
        remove_child(1, TABLE_DELETED);
        turn();
        ck_assert_int_eq(expect(EVENT_TUNNEL_DOWN)->reason, REASON_CONFIGURATION_CHANGED);
        ck_assert_int_eq(expect(EVENT_IKE_SA_DOWN)->severity, SEVERITY_NOTICE);
        expect_nothing();
}
END_TEST

START_TEST(test_one_way)
{
        struct ipsec_sa sa = make_sa(0x2001, 1, OUT);
        const struct event *event;

        bring_up(CHILD_START);
        pass_over();
        for (int i = 1; i <= 8; i++) {
                sa.packets++;
                sa.octets += 100;
                sa.last_packet = now_wall();
                put(&ipsec_sa_type, &sa);
                fake_loop_advance(loop, 10000);
        }
        event = expect(EVENT_TUNNEL_ONE_WAY);
        ck_assert_int_eq(event->severity, SEVERITY_ERROR);
        expect_nothing();
        sa = make_sa(0x1001, 1, IN);
        sa.packets = 1;
        sa.last_packet = now_wall();
        put(&ipsec_sa_type, &sa);
        turn();
        event = expect(EVENT_TUNNEL_ONE_WAY);
        ck_assert_int_eq(event->reason, REASON_RECOVERED);
        ck_assert(details_of(event)->cleared);
        expect_nothing();
}
END_TEST

START_TEST(test_the_start_is_silent)
{
        struct ipsec_sa sa;

        teardown();
        loop = fake_loop_new(START);
        begin();
        configure("net", "lan", false, CHILD_START);
        for (int way = IN; way <= OUT; way++) {
                sa = make_sa(way == IN ? 0x1001 : 0x2001, 1, way);
                sa.add_time = START - 1000;
                put(&ipsec_sa_type, &sa);
        }
        {
                struct ike_sa row = ike_sa(1, "net", IKE_ESTABLISHED, false);

                row.established = START - 1000;
                put(&ike_sa_type, &row);
        }
        put_child(1, 1, "net", "lan", CHILD_SA_INSTALLED);
        {
                struct child_sa row = *(const struct child_sa *)table_next(
                        store_table(store, &child_sa_type), &child_sa_type, NULL, 0, false);

                row.installed = START - 1000;
                put(&child_sa_type, &row);
        }
        sources_up();
        fake_loop_advance(loop, 60000);
        expect_nothing();
        remove_pair(1, TABLE_FLUSHED);
        turn();
        expect(EVENT_TUNNEL_DOWN);
        expect(EVENT_SAS_FLUSHED);
        expect_nothing();
}
END_TEST

/* ---- negotiations ---- */

START_TEST(test_authentication_fails)
{
        const struct event *event;

        configure("net", "lan", false, CHILD_START);
        pass_over();
        for (int i = 0; i < 2; i++) {
                put_ike(7, "net", IKE_CONNECTING, false);
                turn();
                put_ike(7, "net", IKE_CONNECTING, true);
                turn();
                remove_ike(7, TABLE_DELETED);
                fake_loop_advance(loop, 1500);
                if (i == 0) /* once, until it is up */
                        ck_assert_int_eq(expect(EVENT_TUNNEL_DOWN)->reason,
                                         REASON_LOCAL_AUTH_FAILED);
                event = expect(EVENT_IKE_AUTH_FAILURE);
                ck_assert_int_eq(event->reason, REASON_LOCAL_AUTH_FAILED);
                ck_assert_str_eq(event->subject, "net");
                ck_assert_str_eq(details_of(event)->tunnel_name, "net/lan");
                ck_assert_str_eq(event->text,
                                 "authentication of net with 192.0.2.2 failed: the peer did not "
                                 "accept this side's authentication");
                expect_nothing();
        }
}
END_TEST

/* The daemon's own word, whether it comes before or behind the end of the IKE SA. */
START_TEST(test_the_daemon_says_why)
{
        const struct event *event;
        struct occurrence o;

        configure("net", "lan", false, CHILD_NONE);
        pass_over();
        memset(&o, 0, sizeof(o));
        o.kind = EVENT_NEGOTIATION_FAILED;
        o.entity = ENTITY_IKE;
        o.reason = REASON_PROPOSAL_MISMATCH;
        o.ike_policy_key = "net";
        o.text = "no proposal chosen";
        for (int before = 0; before < 2; before++) {
                put_ike(7, "net", IKE_CONNECTING, false);
                turn();
                if (before)
                        occurrence_tell(store_table(store, &occurrence_type), &o);
                put_ike(7, "net", IKE_CONNECTING, true);
                turn();
                if (!before)
                        occurrence_tell(store_table(store, &occurrence_type), &o);
                remove_ike(7, TABLE_DELETED);
                fake_loop_advance(loop, 1500);
                if (!before)
                        expect(EVENT_TUNNEL_DOWN);
                event = expect(EVENT_NEGOTIATION_FAILED);
                ck_assert_int_eq(event->reason, REASON_PROPOSAL_MISMATCH);
                ck_assert_str_eq(
                        event->text,
                        "the negotiation of net with 192.0.2.2 failed: no proposal chosen");
                expect_nothing();
        }
}
END_TEST

START_TEST(test_acquires)
{
        struct ipsec_sa sa = make_sa(0, 1, OUT);
        const struct event *event;

        configure("net", "lan", false, CHILD_TRAP);
        pass_over();
        sa.state = SA_LARVAL;
        sa.keying = 0;
        put(&ipsec_sa_type, &sa);
        turn();
        expect(EVENT_ACQUIRE);
        remove_sa(&sa, TABLE_EXPIRED);
        turn();
        event = expect(EVENT_NEGOTIATION_FAILED);
        ck_assert_int_eq(event->reason, REASON_ACQUIRE_TIMEOUT);
        expect_nothing();
        put(&ipsec_sa_type, &sa);
        turn();
        expect(EVENT_ACQUIRE);
        remove_sa(&sa, TABLE_DELETED); /* answered */
        turn();
        expect_nothing();
}
END_TEST

/* A half-open IKE SA whose peer has not answered. */
static void put_unanswered(bool ended)
{
        struct ike_sa row = ike_sa(7, "net", IKE_CONNECTING, ended);

        row.encryption = NULL;
        row.policy_key = "net";
        put(&ike_sa_type, &row);
}

/* One negotiation fails, of which kernel and daemon tell: the first of them is told. */
START_TEST(test_a_negotiation_fails_once)
{
        struct ipsec_sa sa = make_sa(0, 1, OUT);

        configure("net", "lan", false, CHILD_TRAP);
        pass_over();
        sa.state = SA_LARVAL;
        sa.keying = 0;
        sa.tunnel_policy_key = "net";
        for (int kernel_first = 0; kernel_first < 2; kernel_first++) {
                sa.add_time = now_wall();
                put(&ipsec_sa_type, &sa);
                put_unanswered(false);
                turn();
                expect(EVENT_ACQUIRE);
                fake_loop_advance(loop, 6000);
                if (kernel_first) {
                        remove_sa(&sa, TABLE_EXPIRED);
                        turn();
                        ck_assert_int_eq(expect(EVENT_NEGOTIATION_FAILED)->reason,
                                         REASON_ACQUIRE_TIMEOUT);
                        fake_loop_advance(loop, 3000);
                }
                put_unanswered(true);
                fake_loop_advance(loop, 1500);
                if (!kernel_first) {
                        expect(EVENT_TUNNEL_DOWN); /* of that, once until it is up */
                        ck_assert_int_eq(expect(EVENT_NEGOTIATION_FAILED)->reason,
                                         REASON_PEER_UNREACHABLE);
                        remove_sa(&sa, TABLE_EXPIRED);
                }
                remove_ike(7, TABLE_DELETED);
                fake_loop_advance(loop, 60000);
                expect_nothing();
        }
}
END_TEST

/* ---- limits ---- */

static struct ipsec_sa limited_sa(uint32_t spi, uint32_t soft, uint32_t hard)
{
        struct ipsec_sa sa = make_sa(spi, 0, OUT); /* of no tunnel */

        sa.keying = KEYING_MANUAL;
        sa.requester = 0;
        sa.add_time = now_wall();
        sa.soft.add_seconds = soft;
        sa.hard.add_seconds = hard;
        sa.soft_expiry = soft ? sa.add_time + soft : 0;
        sa.hard_expiry = hard ? sa.add_time + hard : 0;
        return sa;
}

START_TEST(test_an_sa_ends_without_a_successor)
{
        struct ipsec_sa sa = limited_sa(1, 1000, 2000);
        const struct event *event;
        const struct notify *details;

        put(&ipsec_sa_type, &sa);
        turn();
        expect(EVENT_SA_CREATED);
        fake_loop_advance(loop, 1000000);
        expect_nothing();
        sa.state = SA_DYING;
        put(&ipsec_sa_type, &sa);
        fake_loop_advance(loop, 29000);
        expect_nothing();
        fake_loop_advance(loop, 2000);
        event = expect(EVENT_SA_SOFT_EXPIRED);
        details = details_of(event);
        ck_assert_uint_eq(details->sa_spi, 1);
        ck_assert_int_eq(details->limit, LIMIT_TIME);
        ck_assert_int_eq(details->sa_state, SA_DYING);
        ck_assert_int_eq(details->seconds_left, 970);
        fake_loop_advance(loop, 867000);
        expect_nothing();
        fake_loop_advance(loop, 4000);
        event = expect(EVENT_SA_EXPIRY_WARNING); /* 5 % of 2000 s */
        details = details_of(event);
        ck_assert_int_eq(details->limit, LIMIT_TIME);
        ck_assert_int_ge(details->seconds_left, 97);
        ck_assert_int_le(details->seconds_left, 100);
        ck_assert_int_le(details->percent_left, 5);
        ck_assert(!details->cleared);
        fake_loop_advance(loop, 99000);
        sa.state = SA_DEAD;
        put(&ipsec_sa_type, &sa);
        remove_sa(&sa, TABLE_EXPIRED);
        event = expect(EVENT_SA_HARD_EXPIRED);
        ck_assert_int_eq(event->reason, REASON_EXPIRED);
        ck_assert_int_eq(event->severity, SEVERITY_CRITICAL);
        ck_assert_int_eq(details_of(event)->limit, LIMIT_TIME);
        fake_loop_advance(loop, 1000000);
        expect_nothing();
}
END_TEST

START_TEST(test_a_successor_comes_in_time)
{
        struct ipsec_sa sa = limited_sa(1, 1000, 2000), next;

        put(&ipsec_sa_type, &sa);
        turn();
        expect(EVENT_SA_CREATED);
        fake_loop_advance(loop, 1000000);
        sa.state = SA_DYING;
        put(&ipsec_sa_type, &sa);
        fake_loop_advance(loop, 5000);
        next = limited_sa(2, 1000, 2000);
        put(&ipsec_sa_type, &next);
        fake_loop_advance(loop, 970000);
        remove_sa(&sa, TABLE_EXPIRED);
        turn();
        expect_nothing();
}
END_TEST

START_TEST(test_a_successor_comes_late)
{
        struct ipsec_sa sa = limited_sa(1, 0, 2000), next;
        const struct event *event;

        put(&ipsec_sa_type, &sa);
        turn();
        expect(EVENT_SA_CREATED);
        fake_loop_advance(loop, 1950000);
        expect(EVENT_SA_EXPIRY_WARNING);
        next = limited_sa(2, 0, 2000);
        put(&ipsec_sa_type, &next);
        turn();
        event = expect(EVENT_SA_EXPIRY_WARNING);
        ck_assert_int_eq(event->reason, REASON_RECOVERED);
        ck_assert_int_eq(event->severity, SEVERITY_INFO);
        ck_assert(details_of(event)->cleared);
        ck_assert_uint_eq(details_of(event)->sa_spi, 1);
        remove_sa(&sa, TABLE_EXPIRED);
        turn();
        expect_nothing();
}
END_TEST

START_TEST(test_octets_packets_and_numbers_run_out)
{
        static const uint8_t limits[] = { LIMIT_OCTETS, LIMIT_PACKETS, LIMIT_SEQUENCE_NUMBERS };

        for (uint32_t i = 0; i < 3; i++) {
                struct ipsec_sa sa = limited_sa(10 + i, 0, 0);
                const struct event *event;

                sa.if_id = 10 + i;
                sa.hard.octets = i == 0 ? 1000 : 0;
                sa.hard.packets = i == 1 ? 1000 : 0;
                sa.sequence_headroom_percent = i == 2 ? 50 : -1;
                put(&ipsec_sa_type, &sa);
                turn();
                expect(EVENT_SA_CREATED);
                sa.octets = sa.packets = sa.sequence_out = 949;
                put(&ipsec_sa_type, &sa);
                fake_loop_advance(loop, 10000);
                expect_nothing();
                sa.octets = sa.packets = sa.sequence_out = 960;
                sa.sequence_headroom_percent = i == 2 ? 4 : -1;
                put(&ipsec_sa_type, &sa);
                fake_loop_advance(loop, 10000);
                event = expect(EVENT_SA_EXPIRY_WARNING);
                ck_assert_int_eq(details_of(event)->limit, limits[i]);
                ck_assert_int_eq(details_of(event)->percent_left, 4);
                ck_assert_int_eq(details_of(event)->seconds_left, -1);
                sa.octets++;
                put(&ipsec_sa_type, &sa);
                fake_loop_advance(loop, 10000);
                expect_nothing();
        }
}
END_TEST

/* Made together, they end together: none succeeds another. */
START_TEST(test_many_expire_at_once)
{
        for (uint32_t i = 1; i <= 10000; i++) {
                struct ipsec_sa sa = limited_sa(i, 0, 600);

                put(&ipsec_sa_type, &sa);
        }
        turn();
        pass_over();
        for (uint32_t i = 1; i <= 10000; i++) {
                struct ipsec_sa sa = limited_sa(i, 0, 600);

                remove_sa(&sa, TABLE_EXPIRED);
        }
        ck_assert_uint_eq(
                ((const struct event_status *)table_next(store_table(store, &event_status_type),
                                                         &event_status_type, NULL, 0, false))
                                ->newest -
                        checked,
                10000);
        ck_assert_uint_eq(table_count(store_table(store, &event_type)), 1000);
}
END_TEST

/* ---- bad packets ---- */

START_TEST(test_integrity_failures)
{
        struct ipsec_sa sa = limited_sa(1, 0, 0);
        const struct event *event;

        put(&ipsec_sa_type, &sa);
        turn();
        pass_over();
        sa.integrity_errors = 5;
        put(&ipsec_sa_type, &sa);
        expect_nothing();
        sa.integrity_errors = 7;
        put(&ipsec_sa_type, &sa);
        event = expect(EVENT_INTEGRITY_FAILURES);
        ck_assert_int_eq(event->reason, REASON_THRESHOLD_PASSED);
        ck_assert_uint_eq(details_of(event)->count, 7);
        ck_assert_uint_eq(details_of(event)->interval, 60);
        sa.integrity_errors = 100;
        put(&ipsec_sa_type, &sa);
        fake_loop_advance(loop, 60000);
        expect_nothing(); /* the rate was above it to the end */
        sa.integrity_errors = 102;
        put(&ipsec_sa_type, &sa);
        fake_loop_advance(loop, 60000);
        event = expect(EVENT_INTEGRITY_FAILURES);
        ck_assert(details_of(event)->cleared);
        fake_loop_advance(loop, 600000);
        expect_nothing();
}
END_TEST

/* The audit tells of each packet; the counter tells of the same ones later. */
START_TEST(test_replays_told_by_the_audit)
{
        struct ipsec_sa sa = limited_sa(0x77, 0, 0);
        struct occurrence o;

        put(&ipsec_sa_type, &sa);
        turn();
        pass_over();
        memset(&o, 0, sizeof(o));
        o.kind = EVENT_REPLAY_FAILURES;
        o.entity = ENTITY_KERNEL;
        o.spi = 0x77;
        o.local = address(THERE);
        for (int i = 0; i < 20; i++)
                occurrence_tell(store_table(store, &occurrence_type), &o);
        expect_nothing();
        sa.replay_errors = 20;
        put(&ipsec_sa_type, &sa);
        expect_nothing();
        occurrence_tell(store_table(store, &occurrence_type), &o);
        ck_assert_uint_eq(details_of(expect(EVENT_REPLAY_FAILURES))->count, 21);
        remove_sa(&sa, TABLE_DELETED);
        expect(EVENT_SA_REMOVED);
        ck_assert(details_of(expect(EVENT_REPLAY_FAILURES))->cleared);
        expect_nothing();
}
END_TEST

START_TEST(test_drops)
{
        struct xfrm_stat row;

        memset(&row, 0, sizeof(row));
        row.key = row.name = "XfrmInError";
        row.packets = 10;
        put(&xfrm_stat_type, &row);
        expect_nothing();
        for (int i = 0; i < 5; i++) {
                row.packets++;
                put(&xfrm_stat_type, &row);
        }
        ck_assert_str_eq(expect(EVENT_DROPS_ROSE)->text, "1 packets were dropped: XfrmInError");
        expect_nothing();
        fake_loop_advance(loop, 60000);
        ck_assert_str_eq(expect(EVENT_DROPS_ROSE)->text, "4 packets were dropped: XfrmInError");
        fake_loop_advance(loop, 600000);
        expect_nothing();
        row.key = row.name = "XfrmInNoStates";
        put(&xfrm_stat_type, &row);
        row.packets++;
        put(&xfrm_stat_type, &row);
        expect(EVENT_PACKET_WITHOUT_SA);
        expect_nothing();
}
END_TEST

/* ---- policies ---- */

static struct policy make_policy(uint32_t index, uint32_t requester)
{
        struct policy row;

        memset(&row, 0, sizeof(row));
        row.type = SPD_MAIN;
        row.index = index;
        row.kind = RULE_TUNNEL;
        row.direction = DIRECTION_OUTBOUND;
        row.source = address("10.1.0.0/16");
        row.destination = address("10.2.0.0/16");
        row.requester = requester;
        row.add_time = now_wall();
        row.name = "xfrm-9";
        return row;
}

static void own(uint32_t index, uint8_t owner)
{
        const uint32_t oid[] = { SPD_MAIN, index };
        struct policy row = *(const struct policy *)table_at(store_table(store, &policy_type),
                                                             &policy_type, oid, 2);

        row.owner = owner;
        row.daemon = owner == OWNER_DAEMON ? "strongswan" : NULL;
        ck_assert_int_eq(table_update(store_table(store, &policy_type), &row), 0);
}

static void remove_policy(uint32_t index, uint32_t requester, enum table_reason reason)
{
        const uint32_t oid[] = { SPD_MAIN, index };
        struct policy row = *(const struct policy *)table_at(store_table(store, &policy_type),
                                                             &policy_type, oid, 2);

        row.requester = requester;
        put(&policy_type, &row);
        ck_assert(table_remove(store_table(store, &policy_type), &row, reason));
}

START_TEST(test_policies_by_hand)
{
        struct policy row = make_policy(9, 0);
        const struct event *event;

        put(&policy_type, &row);
        own(9, OWNER_MANUAL);
        fake_loop_advance(loop, 4000);
        event = expect(EVENT_POLICY_CHANGED);
        ck_assert_int_eq(details_of(event)->policy_change, POLICY_ADDED);
        ck_assert_str_eq(event->text, "policy xfrm-9 (out, 10.1.0.0/16 to 10.2.0.0/16) was added, "
                                      "and not by an IKE daemon");
        ck_assert_int_eq(event->entity, ENTITY_POLICY);
        row.priority = 7;
        row.add_time = now_wall();
        put(&policy_type, &row);
        fake_loop_advance(loop, 4000);
        ck_assert_int_eq(details_of(expect(EVENT_POLICY_CHANGED))->policy_change, POLICY_CHANGED);
        row.use_time = now_wall(); /* it was used: no change */
        put(&policy_type, &row);
        fake_loop_advance(loop, 4000);
        expect_nothing();
        remove_policy(9, 0, TABLE_DELETED);
        fake_loop_advance(loop, 4000);
        event = expect(EVENT_POLICY_CHANGED);
        ck_assert_int_eq(details_of(event)->policy_change, POLICY_REMOVED);
        ck_assert_int_eq(event->reason, REASON_DELETED_OUTSIDE);
        expect_nothing();
}
END_TEST

START_TEST(test_policies_of_the_daemon)
{
        struct policy row = make_policy(9, CHARON);

        bring_up(CHILD_START);
        pass_over();
        /* it is known by its SAs */
        put(&policy_type, &row);
        fake_loop_advance(loop, 60000);
        expect_nothing();
        own(9, OWNER_DAEMON);
        row.add_time = now_wall();
        row.priority = 8;
        put(&policy_type, &row);
        remove_policy(9, CHARON, TABLE_DELETED);
        fake_loop_advance(loop, 60000);
        expect_nothing();
        /* one of the daemon's that ip takes away */
        put(&policy_type, &row);
        own(9, OWNER_DAEMON);
        remove_policy(9, 0, TABLE_DELETED);
        fake_loop_advance(loop, 4000);
        ck_assert_int_eq(details_of(expect(EVENT_POLICY_CHANGED))->policy_change, POLICY_REMOVED);
        expect_nothing();
}
END_TEST

/* pluto puts nothing into its requests, and is asked now and then only. */
START_TEST(test_policies_of_libreswan)
{
        const uint32_t oid[] = { SPD_MAIN, 9 };
        struct policy row = make_policy(9, 0);

        put_collector("libreswan", COLLECTOR_UP, NULL);
        bring_up(CHILD_START);
        pass_over();
        for (int by_hand = 0; by_hand < 2; by_hand++) {
                put(&policy_type, &row);
                fake_loop_advance(loop, 10000);
                row = *(const struct policy *)table_at(store_table(store, &policy_type),
                                                       &policy_type, oid, 2);
                row.owner = OWNER_DAEMON;
                row.daemon = "libreswan";
                row.configured_policy_key = "net";
                row.configured_child_key = "lan";
                ck_assert_int_eq(table_update(store_table(store, &policy_type), &row), 0);
                fake_loop_advance(loop, 60000);
                expect_nothing();
                remove_policy(9, 0, TABLE_DELETED);
                fake_loop_advance(loop, 10000);
                expect_nothing();
                if (!by_hand) /* now it says that the child is gone */
                        remove_child(1, TABLE_LOST);
                fake_loop_advance(loop, 60000);
                if (by_hand)
                        expect(EVENT_POLICY_CHANGED);
                else
                        expect(EVENT_TUNNEL_DOWN);
                expect_nothing();
                row = make_policy(9, 0);
                if (by_hand)
                        break;
                put_child(1, 1, "net", "lan", CHILD_SA_INSTALLED);
                turn();
                expect(EVENT_TUNNEL_UP);
        }
}
END_TEST

/* A trap of a connection that the agent has not heard of yet, by a daemon not known yet. */
START_TEST(test_a_trap_before_the_daemon_is_asked)
{
        struct policy row = make_policy(9, 4711);

        put(&policy_type, &row);
        own(9, OWNER_MANUAL);
        fake_loop_advance(loop, 30000);
        expect_nothing();
        own(9, OWNER_DAEMON);
        fake_loop_advance(loop, 60000);
        expect_nothing();
        /* and one that nobody claims */
        row = make_policy(17, 4712);
        put(&policy_type, &row);
        own(17, OWNER_MANUAL);
        fake_loop_advance(loop, 41000);
        expect(EVENT_POLICY_CHANGED);
        expect_nothing();
}
END_TEST

START_TEST(test_policies_flushed_and_expired)
{
        const struct event *event;

        for (uint32_t i = 1; i <= 3; i++) {
                struct policy row = make_policy(8 * i, CHARON);

                put(&policy_type, &row);
                own(8 * i, OWNER_DAEMON);
        }
        fake_loop_advance(loop, 4000);
        expect_nothing();
        remove_policy(8, 0, TABLE_EXPIRED);
        expect(EVENT_POLICY_EXPIRED);
        remove_policy(16, 0, TABLE_FLUSHED);
        remove_policy(24, 0, TABLE_FLUSHED);
        turn();
        ck_assert_str_eq(expect(EVENT_POLICIES_FLUSHED)->text, "2 policies were removed at once");
        event = expect(EVENT_POLICY_CHANGED);
        ck_assert_int_eq(details_of(event)->policy_change, POLICY_FLUSHED);
        ck_assert_int_eq(event->severity, SEVERITY_CRITICAL);
        fake_loop_advance(loop, 60000);
        expect_nothing();
}
END_TEST

/* What happened to the policies before is told before, and those of a daemon are no event later
 * either. */
START_TEST(test_policies_change_before_a_flush)
{
        struct policy row = make_policy(8, 0);
        const struct event *event;
        uint32_t number;

        put(&policy_type, &row);
        own(8, OWNER_MANUAL);
        row = make_policy(16, CHARON);
        put(&policy_type, &row);
        own(16, OWNER_DAEMON);
        row = make_policy(24, 0);
        put(&policy_type, &row);
        own(24, OWNER_MANUAL);
        fake_loop_advance(loop, 1000); /* none is judged yet */
        expect_nothing();
        remove_policy(8, 0, TABLE_FLUSHED);
        remove_policy(16, 0, TABLE_FLUSHED);
        remove_policy(24, 0, TABLE_FLUSHED);
        turn();
        for (int i = 0; i < 2; i++) {
                event = expect(EVENT_POLICY_CHANGED);
                ck_assert_int_eq(details_of(event)->policy_change, POLICY_ADDED);
                ck_assert_ptr_null(event->row);
                number = event->number;
        }
        ck_assert_uint_lt(number, expect(EVENT_POLICIES_FLUSHED)->number);
        ck_assert_int_eq(details_of(expect(EVENT_POLICY_CHANGED))->policy_change, POLICY_FLUSHED);
        fake_loop_advance(loop, 60000);
        expect_nothing();
}
END_TEST

START_TEST(test_default_policies)
{
        struct global_scalars row;
        const struct event *event;

        memset(&row, 0, sizeof(row));
        row.default_in = row.default_out = row.default_forward = DEFAULT_UNKNOWN;
        put(&global_scalars_type, &row);
        row.default_in = row.default_out = row.default_forward = DEFAULT_BLOCK;
        put(&global_scalars_type, &row);
        expect_nothing(); /* it was read for the first time */
        row.default_out = DEFAULT_ACCEPT;
        put(&global_scalars_type, &row);
        expect(EVENT_DEFAULT_POLICY_CHANGED);
        event = expect(EVENT_POLICY_CHANGED);
        ck_assert_int_eq(details_of(event)->policy_change, POLICY_DEFAULT_CHANGED);
        ck_assert_int_eq(details_of(event)->policy_direction, DIRECTION_OUTBOUND);
        expect_nothing();
}
END_TEST

/* ---- certificates ---- */

static struct certificate make_certificate(uint8_t number, int64_t days)
{
        struct certificate row;

        memset(&row, 0, sizeof(row));
        row.fingerprint[0] = number;
        row.kind = CERTIFICATE_END_ENTITY;
        row.subject = "CN=here";
        row.not_after = START + days * DAY;
        row.daemon = "strongswan";
        return row;
}

START_TEST(test_certificates)
{
        struct certificate row = make_certificate(1, 20), list = make_certificate(2, 1);
        const struct event *event;

        list.kind = CERTIFICATE_CRL;
        put(&certificate_type, &row);
        put(&certificate_type, &list);
        turn();
        expect_nothing();
        for (int day = 0; day < 6; day++)
                fake_loop_advance(loop, DAY * 1000u);
        event = expect(EVENT_CERTIFICATE_EXPIRING);
        ck_assert_int_eq(event->severity, SEVERITY_WARNING);
        ck_assert_str_eq(event->text, "the certificate of CN=here expires at 2026-12-14 06:01:56 "
                                      "UTC");
        /* the daemon is gone for a while, and its certificates with it */
        put_collector("strongswan", COLLECTOR_DOWN, "gone");
        expect(EVENT_COLLECTOR_DOWN);
        ck_assert(table_remove(store_table(store, &certificate_type), &row, TABLE_LOST));
        fake_loop_advance(loop, 600000);
        put(&certificate_type, &row);
        put_collector("strongswan", COLLECTOR_UP, NULL);
        expect(EVENT_COLLECTOR_UP);
        fake_loop_advance(loop, 600000);
        expect_nothing();
        for (int day = 0; day < 14; day++)
                fake_loop_advance(loop, DAY * 1000u);
        event = expect(EVENT_CERTIFICATE_EXPIRING);
        ck_assert_int_eq(event->reason, REASON_CERTIFICATE_EXPIRED);
        ck_assert_int_eq(event->severity, SEVERITY_ERROR);
        ck_assert(table_remove(store_table(store, &certificate_type), &row, TABLE_LOST));
        fake_loop_advance(loop, 20000);
        event = expect(EVENT_CERTIFICATE_EXPIRING);
        ck_assert_int_eq(event->reason, REASON_RECOVERED);
        ck_assert(details_of(event)->cleared);
        fake_loop_advance(loop, 600000);
        expect_nothing();
}
END_TEST

/* ---- sources ---- */

START_TEST(test_sources)
{
        const struct event *event;

        put_collector("libreswan", COLLECTOR_DOWN, NULL);
        put_collector("libreswan", COLLECTOR_UNSUPPORTED, "not installed");
        put_collector("flows", COLLECTOR_DISABLED, NULL);
        expect_nothing();
        put_collector("strongswan", COLLECTOR_DEGRADED, "slow");
        put_collector("strongswan", COLLECTOR_UP, "slow");
        expect_nothing();
        put_collector("strongswan", COLLECTOR_DOWN, "the daemon closed the connection");
        put_collector("strongswan", COLLECTOR_UNSUPPORTED, "no daemon listens");
        event = expect(EVENT_COLLECTOR_DOWN);
        ck_assert_int_eq(event->reason, REASON_SOURCE_UNREACHABLE);
        ck_assert_str_eq(event->text, "the source strongswan (strongswan) cannot be read any more: "
                                      "the daemon closed the connection");
        expect_nothing();
        put_collector("strongswan", COLLECTOR_DEGRADED, NULL);
        put_collector("strongswan", COLLECTOR_UP, NULL);
        event = expect(EVENT_COLLECTOR_UP);
        ck_assert(details_of(event)->cleared);
        put_collector("libreswan", COLLECTOR_UP, NULL);
        expect_nothing();
}
END_TEST

START_TEST(test_what_is_no_rows_change)
{
        struct ipsec_sa sa = limited_sa(5, 0, 0);
        struct occurrence o;

        put(&ipsec_sa_type, &sa);
        turn();
        pass_over();
        memset(&o, 0, sizeof(o));
        o.kind = EVENT_NAT_MAPPING_CHANGED;
        o.entity = ENTITY_KERNEL;
        o.spi = 5;
        o.text = "moved";
        occurrence_tell(store_table(store, &occurrence_type), &o);
        ck_assert_uint_eq(expect(EVENT_NAT_MAPPING_CHANGED)->spi, 5);
        o.kind = EVENT_SA_MIGRATED;
        o.spi = 0;
        occurrence_tell(store_table(store, &occurrence_type), &o);
        expect(EVENT_SA_MIGRATED);
        remove_sa(&sa, TABLE_LOST);
        sa.spi = 6;
        put(&ipsec_sa_type, &sa);
        turn();
        expect_nothing();
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("events");

        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_a_tunnel_comes_up_and_dies);
        tcase_add_test(tcase, test_idle_on_purpose_is_silent);
        tcase_add_test(tcase, test_the_same_closed_that_ought_to_be_up);
        tcase_add_test(tcase, test_idle_by_pattern);
        tcase_add_test(tcase, test_flushed);
        tcase_add_test(tcase, test_deleted_outside);
        tcase_add_test(tcase, test_rekeys_are_silent);
        tcase_add_test(tcase, test_a_duplicate_ike_sa_is_silent);
        tcase_add_test(tcase, test_a_replaced_ike_sa_is_silent);
        tcase_add_test(tcase, test_configuration_changed);
        tcase_add_test(tcase, test_one_way);
        tcase_add_test(tcase, test_the_start_is_silent);
        tcase_add_test(tcase, test_authentication_fails);
        tcase_add_test(tcase, test_the_daemon_says_why);
        tcase_add_test(tcase, test_acquires);
        tcase_add_test(tcase, test_a_negotiation_fails_once);
        tcase_add_test(tcase, test_an_sa_ends_without_a_successor);
        tcase_add_test(tcase, test_a_successor_comes_in_time);
        tcase_add_test(tcase, test_a_successor_comes_late);
        tcase_add_test(tcase, test_octets_packets_and_numbers_run_out);
        tcase_add_test(tcase, test_many_expire_at_once);
        tcase_add_test(tcase, test_integrity_failures);
        tcase_add_test(tcase, test_replays_told_by_the_audit);
        tcase_add_test(tcase, test_drops);
        tcase_add_test(tcase, test_policies_by_hand);
        tcase_add_test(tcase, test_policies_of_the_daemon);
        tcase_add_test(tcase, test_policies_of_libreswan);
        tcase_add_test(tcase, test_a_trap_before_the_daemon_is_asked);
        tcase_add_test(tcase, test_policies_flushed_and_expired);
        tcase_add_test(tcase, test_policies_change_before_a_flush);
        tcase_add_test(tcase, test_default_policies);
        tcase_add_test(tcase, test_certificates);
        tcase_add_test(tcase, test_sources);
        tcase_add_test(tcase, test_what_is_no_rows_change);
        return run_suite("events", tcase);
}
