/* Tunnels: what the tables of SAs, child SAs, IKE SAs and configuration come to. */
#include "fake_loop.h"
#include "joins/totals.h"
#include "joins/tunnel_gauges.h"
#include "joins/tunnels.h"
#include "suite.h"
#include "tables/child_sa.h"
#include "tables/collector_row.h"
#include "tables/configured_policy.h"
#include "tables/key.h"
#include "tables/policy.h"
#include "tables/policy_template.h"
#include "tables/tunnel.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define START 1795500116
#define HERE "192.0.2.1"
#define THERE "192.0.2.2"
#define OUT 1 /* direction of make_sa() */
#define IN 2

static struct loop *loop;
static struct store *store;
static struct tunnels *tunnels;
/* Whose rows are put. A libreswan's connection of a name that strongSwan has has another key. */
static uint8_t daemon_kind = DAEMON_STRONGSWAN;
static uint32_t daemon_run = 1;

static struct table *rows, *sas, *children, *ike_sas, *policies, *configured, *kernel_policies;

static const char *const idle_patterns[] = { "standby/*" };

static struct tunnels_config config = {
        .retention = TUNNEL_RETENTION_DEFAULT,
        .maximum = TUNNEL_MAXIMUM_DEFAULT,
        .one_way = ONE_WAY_DEFAULT,
        .idle_patterns = idle_patterns,
        .n_idle_patterns = 1,
};

static void put_collector(const char *key, enum collector_state state)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = key;
        row.state = (uint8_t)state;
        ck_assert_int_eq(table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT),
                         0);
}

static void begin(void)
{
        store = store_new();
        tunnels = tunnels_new(store, loop, &config);
        rows = store_table(store, &tunnel_type);
        sas = store_table(store, &ipsec_sa_type);
        children = store_table(store, &child_sa_type);
        ike_sas = store_table(store, &ike_sa_type);
        policies = store_table(store, &ike_policy_type);
        configured = store_table(store, &configured_policy_type);
        kernel_policies = store_table(store, &policy_type);
}

static void settle(void)
{
        put_collector("xfrm", COLLECTOR_UP);
        put_collector("strongswan", COLLECTOR_UP);
        put_collector("libreswan", COLLECTOR_UNSUPPORTED);
        fake_loop_advance(loop, 1);
}

static void setup(void)
{
        loop = fake_loop_new(START);
        daemon_kind = DAEMON_STRONGSWAN;
        daemon_run = 1;
        config.maximum = TUNNEL_MAXIMUM_DEFAULT;
        config.retention = TUNNEL_RETENTION_DEFAULT;
        begin();
        settle();
}

static void end(void)
{
        tunnels_free(tunnels);
        store_free(store);
}

static void teardown(void)
{
        end();
        fake_loop_free(loop);
}

static int64_t now_wall(void)
{
        struct moment now;

        loop->now(loop, &now);
        return now.wall;
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

/* ---- what the sources tell ---- */

/* The keys are the names but for a second daemon's connection of one name. */
static void configure_as(const char *policy_key, const char *policy, const char *child_key,
                         const char *child, bool any_peer, uint8_t start)
{
        struct ike_policy p;
        struct configured_policy c;

        memset(&p, 0, sizeof(p));
        p.key = policy_key;
        p.name = policy;
        p.any_peer = any_peer;
        p.daemon_kind = daemon_kind;
        p.version = IKE_V2;
        p.local_addresses = HERE;
        p.remote_addresses = any_peer ? "%any" : THERE;
        p.fresh = true;
        p.daemon = ike_daemon_name(daemon_kind);
        ck_assert_int_eq(table_put(policies, &p, TABLE_FROM_EVENT), 0);
        memset(&c, 0, sizeof(c));
        c.policy_key = policy_key;
        c.policy_name = policy;
        c.child_key = child_key;
        c.child_name = child;
        c.daemon_kind = daemon_kind;
        c.mode = MODE_TUNNEL;
        c.action = RULE_DYNAMIC_KEY;
        c.start_action = start;
        c.local_selectors = "10.1.0.0/16";
        c.remote_selectors = "10.2.0.0/16";
        c.daemon = ike_daemon_name(daemon_kind);
        c.fresh = true;
        c.last_seen = now_wall();
        ck_assert_int_eq(table_put(configured, &c, TABLE_FROM_EVENT), 0);
}

static void configure(const char *policy, const char *child, bool any_peer, uint8_t start)
{
        configure_as(policy, policy, child, child, any_peer, start);
}

static void unconfigure(const char *policy, const char *child)
{
        struct configured_policy c;

        memset(&c, 0, sizeof(c));
        c.policy_key = policy;
        c.child_key = child;
        ck_assert(table_remove(configured, &c, TABLE_LOST));
}

static void put_ike(uint32_t id, const char *policy, const char *user, uint8_t state, bool ended)
{
        struct ike_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = daemon_kind;
        row.daemon_run = daemon_run;
        row.daemon_id = id;
        row.version = IKE_V2;
        row.role = ROLE_INITIATOR;
        row.state = state;
        row.ended = ended;
        row.local = address(HERE);
        row.remote = address(THERE);
        row.local_identity = "here";
        row.remote_identity = user;
        row.policy_name = policy;
        row.encryption = state >= IKE_CONNECTING ? "AES256-CBC" : NULL;
        row.daemon = ike_daemon_name(daemon_kind);
        row.fresh = true;
        row.last_seen = now_wall();
        ck_assert_int_eq(table_put(ike_sas, &row, TABLE_FROM_EVENT), 0);
}

static void remove_ike(uint32_t id)
{
        const struct ike_sa row = { .daemon_kind = daemon_kind,
                                    .daemon_run = daemon_run,
                                    .daemon_id = id };

        ck_assert(table_remove(ike_sas, &row, TABLE_DELETED));
}

/* The child's SPIs are its number with 0x1000 and 0x2000 added. */
static void put_child(uint32_t id, uint32_t ike, const char *policy, const char *name,
                      uint32_t reqid, uint8_t state)
{
        struct child_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = daemon_kind;
        row.daemon_run = daemon_run;
        row.daemon_id = id;
        row.ike_id = ike;
        row.reqid = reqid;
        row.spi_in = 0x1000 + id;
        row.spi_out = 0x2000 + id;
        row.state = state;
        row.mode = MODE_TUNNEL;
        row.protocol = PROTOCOL_ESP;
        row.policy_key = row.policy_name = policy;
        row.child_key = row.child_name = name;
        row.local_selectors = "10.1.0.0/16";
        row.installed = now_wall();
        row.rekey = row.installed + 3600;
        row.last_seen = now_wall();
        ck_assert_int_eq(table_put(children, &row, TABLE_FROM_EVENT), 0);
}

static void remove_child(uint32_t id, enum table_reason reason)
{
        const struct child_sa row = { .daemon_kind = daemon_kind,
                                      .daemon_run = daemon_run,
                                      .daemon_id = id };

        ck_assert(table_remove(children, &row, reason));
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
        sa.encryption = "AES128-CBC";
        sa.encryption_key_bits = 128;
        sa.authentication = "HMAC-SHA2-256";
        sa.keying = KEYING_IKE;
        sa.add_time = START;
        sa.hard_expiry = START + 4000;
        return sa;
}

static void put_sa(uint32_t spi, uint32_t reqid, int way, uint64_t octets, uint64_t packets)
{
        struct ipsec_sa sa = make_sa(spi, reqid, way);

        sa.octets = octets;
        sa.packets = packets;
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
}

static void put_manual(uint32_t spi, uint32_t reqid, int way)
{
        struct ipsec_sa sa = make_sa(spi, reqid, way);

        sa.keying = KEYING_MANUAL;
        sa.add_time = START - 100;
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
}

static void remove_sa(uint32_t spi, int way, enum table_reason reason)
{
        struct ipsec_sa sa = make_sa(spi, 0, way);

        ck_assert(table_remove(sas, &sa, reason));
}

static void put_pair(uint32_t id, uint32_t reqid, uint64_t in, uint64_t out)
{
        put_sa(0x1000 + id, reqid, IN, in * 100, in);
        put_sa(0x2000 + id, reqid, OUT, out * 100, out);
}

static void remove_pair(uint32_t id, enum table_reason reason)
{
        remove_sa(0x1000 + id, IN, reason);
        remove_sa(0x2000 + id, OUT, reason);
}

/* A tunnel of child id below an IKE SA of the same number. */
static void bring_up(uint32_t id, const char *policy, const char *name, const char *user)
{
        put_ike(id, policy, user, IKE_ESTABLISHED, false);
        put_child(id, id, policy, name, id, CHILD_SA_INSTALLED);
        put_pair(id, id, 0, 0);
}

static void turn(void)
{
        fake_loop_advance(loop, 1);
}

/* ---- what comes of it ---- */

static const struct tunnel *find(const char *policy, const char *child, uint32_t instance)
{
        struct tunnel row;

        memset(&row, 0, sizeof(row));
        row.policy_key = policy;
        row.child_key = child;
        row.instance = instance;
        return table_find(rows, &row);
}

static const struct tunnel *get(const char *policy, const char *child, uint32_t instance)
{
        const struct tunnel *row = find(policy, child, instance);

        ck_assert_msg(row != NULL, "%s/%s/%u is there", policy, child, instance);
        return row;
}

static const struct ipsec_sa *sa_of(uint32_t spi)
{
        const struct ipsec_sa *sa = table_next(sas, &sa_by_spi_type, &spi, 1, false);

        ck_assert(sa && sa->spi == spi);
        return sa;
}

/* Every pointer names a row that is there, and both ends agree. */
static void check_pointers(void)
{
        const struct tunnel *row = NULL;
        const struct ipsec_sa *sa = NULL;
        uint32_t oid[INDEX_MAX], index = 0;
        size_t length = 0;

        while ((row = table_next(rows, &tunnel_type, oid, length, false))) {
                ck_assert(row->inbound_sa == 0 ||
                          table_at(sas, &ipsec_sa_type, &row->inbound_sa, 1));
                ck_assert(row->outbound_sa == 0 ||
                          table_at(sas, &ipsec_sa_type, &row->outbound_sa, 1));
                ck_assert(row->ike_sa == 0 || table_at(ike_sas, &ike_sa_type, &row->ike_sa, 1));
                length = index_encode(&tunnel_type, row, oid);
        }
        while ((sa = table_next(sas, &ipsec_sa_type, &index, 1, false))) {
                ck_assert(!sa->tunnel_policy_key ||
                          find(sa->tunnel_policy_key, sa->tunnel_child_key, sa->tunnel_instance));
                index = sa->index;
        }
}

static void check_ups(const struct tunnel *row, uint64_t ups, uint64_t downs)
{
        ck_assert_uint_eq(row->ups, ups);
        ck_assert_uint_eq(row->downs, downs);
        check_pointers();
}

START_TEST(test_down_tunnel_is_there)
{
        configure("net", "lan", false, CHILD_START);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
        ck_assert_str_eq(get("net", "lan", 1)->name, "net/lan");
        ck_assert_str_eq(get("net", "lan", 1)->remote_selectors, "10.2.0.0/16");
        ck_assert(get("net", "lan", 1)->remote.type == INET_ADDR_IPV4);
        ck_assert(get("net", "lan", 1)->fresh);
        ck_assert_uint_eq(get("net", "lan", 1)->mode, MODE_TUNNEL);
        check_ups(get("net", "lan", 1), 0, 0);
}
END_TEST

START_TEST(test_idle_on_purpose)
{
        configure("a", "trap", false, CHILD_TRAP);
        configure("a", "none", false, CHILD_NONE);
        configure("a", "unknown", false, CHILD_ACTION_UNKNOWN);
        configure("standby", "lan", false, CHILD_START);
        configure("same", "same", false, CHILD_START);
        turn();
        ck_assert_uint_eq(get("a", "trap", 1)->state, TUNNEL_IDLE);
        ck_assert_uint_eq(get("a", "none", 1)->state, TUNNEL_IDLE);
        ck_assert_uint_eq(get("a", "unknown", 1)->state, TUNNEL_DOWN);
        ck_assert_uint_eq(get("standby", "lan", 1)->state, TUNNEL_IDLE);
        ck_assert_str_eq(get("same", "same", 1)->name, "same");
}
END_TEST

START_TEST(test_up_and_closed)
{
        const struct tunnel *row;

        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        row = get("net", "lan", 1);
        ck_assert_uint_eq(row->state, TUNNEL_UP);
        ck_assert_uint_eq(row->inbound_sa, sa_of(0x1001)->index);
        ck_assert_uint_eq(row->outbound_sa, sa_of(0x2001)->index);
        ck_assert(row->ike_sa != 0);
        ck_assert_str_eq(row->encryption, "AES128-CBC");
        ck_assert_uint_eq(row->reqid, 1);
        ck_assert_int_eq(row->rekey, START + 1 + 3600);
        ck_assert_int_eq(row->hard_expiry, START + 4000);
        ck_assert_str_eq(sa_of(0x1001)->tunnel_policy_key, "net");
        check_ups(row, 1, 0);
        put_ike(1, "net", "there", IKE_DELETING, true);
        remove_child(1, TABLE_DELETED);
        remove_pair(1, TABLE_DELETED);
        check_pointers();
        turn();
        row = get("net", "lan", 1);
        ck_assert_uint_eq(row->state, TUNNEL_DOWN);
        ck_assert_uint_eq(row->down_reason, REASON_CLOSED_LOCALLY);
        ck_assert_ptr_null(row->encryption);
        check_ups(row, 1, 1);
        remove_ike(1);
        check_pointers();
        turn();
        check_ups(get("net", "lan", 1), 1, 1);
}
END_TEST

/* The kernel's word may come first, and a moment before the daemon's. */
START_TEST(test_closed_kernel_first)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        remove_pair(1, TABLE_DELETED);
        turn();
        put_ike(1, "net", "there", IKE_ESTABLISHED, true);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_PEER_DEAD);
        check_ups(get("net", "lan", 1), 1, 1);
        remove_child(1, TABLE_DELETED);
        remove_ike(1);
        fake_loop_advance(loop, 10000);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_PEER_DEAD);
        check_ups(get("net", "lan", 1), 1, 1);
}
END_TEST

static void rekey_child(uint32_t old, uint32_t new, uint32_t ike, uint8_t old_state)
{
        put_pair(new, 1, 0, 0);
        turn();
        put_child(new, ike, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_child(old, ike, "net", "lan", 1, old_state);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        remove_pair(old, TABLE_DELETED);
        remove_child(old, TABLE_DELETED);
        turn();
}

START_TEST(test_rekeys)
{
        const struct tunnel *row;

        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_pair(1, 1, 5, 7);
        turn();
        rekey_child(1, 2, 1, CHILD_SA_REKEYED);
        put_pair(2, 1, 10, 20);
        rekey_child(2, 3, 1, CHILD_SA_REKEYING); /* as IKEv1 tells it */
        put_pair(3, 1, 1, 2);
        /* the IKE SA: the children move to the successor */
        put_ike(9, "net", "there", IKE_ESTABLISHED, false);
        put_ike(1, "net", "there", IKE_REKEYED, false);
        put_child(3, 9, "net", "lan", 1, CHILD_SA_INSTALLED);
        turn();
        remove_ike(1);
        turn();
        row = get("net", "lan", 1);
        ck_assert_uint_eq(row->state, TUNNEL_UP);
        ck_assert_uint_eq(row->rekeys, 2);
        ck_assert_uint_eq(row->packets_in, 16);
        ck_assert_uint_eq(row->packets_out, 29);
        ck_assert_uint_eq(row->octets_in, 1600);
        ck_assert_uint_eq(row->inbound_sa, sa_of(0x1003)->index);
        check_ups(row, 1, 0);
        fake_loop_advance(loop, 120000);
        check_ups(get("net", "lan", 1), 1, 0);
        ck_assert_uint_eq(get("net", "lan", 1)->duplicates, 0);
}
END_TEST

/* The kernel has the new SAs, and not the old ones, long before the daemon's event is read. */
START_TEST(test_rekey_told_late)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_pair(1, 1, 5, 7);
        turn();
        put_pair(2, 1, 1, 2);
        turn();
        remove_pair(1, TABLE_DELETED);
        fake_loop_advance(loop, 5000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        ck_assert_uint_eq(get("net", "lan", 1)->rekeys, 0);
        put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_child(1, 1, "net", "lan", 1, CHILD_SA_REKEYED);
        turn();
        remove_child(1, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->rekeys, 1);
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 6);
        ck_assert_uint_eq(get("net", "lan", 1)->packets_out, 9);
        check_ups(get("net", "lan", 1), 1, 0);
        remove_pair(2, TABLE_DELETED);
        fake_loop_advance(loop, 5000);
        check_ups(get("net", "lan", 1), 1, 1);
}
END_TEST

/*
 * A rekey as the kernel and the daemon tell it, each in its own order, the two mixed as they may
 * be; in each gap the agent may have had its turn, or not.
 */
static void tell_rekey(int step)
{
        struct ipsec_sa larval;

        switch (step) {
        case 0: /* the inbound SPI is reserved */
                larval = make_sa(0x1002, 1, IN);
                larval.state = SA_LARVAL;
                larval.direction = larval.told_direction = DIRECTION_UNKNOWN;
                ck_assert_int_eq(table_put(sas, &larval, TABLE_FROM_EVENT), 0);
                return;
        case 1:
                put_sa(0x1002, 1, IN, 0, 0);
                return;
        case 2:
                put_sa(0x2002, 1, OUT, 0, 0);
                return;
        case 3:
                remove_sa(0x1001, IN, TABLE_DELETED);
                return;
        case 4:
                remove_sa(0x2001, OUT, TABLE_DELETED);
                return;
        case 5:
                put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
                put_child(1, 1, "net", "lan", 1, CHILD_SA_REKEYED);
                return;
        default:
                remove_child(1, TABLE_DELETED);
        }
}

#define OF_KERNEL 5
#define OF_DAEMON 2
#define STEPS (OF_KERNEL + OF_DAEMON)

/* daemons: bit n says that the n-th message is the daemon's; turns: that the agent runs after it.
 */
static void rekey_in_order(unsigned int daemons, unsigned int turns)
{
        int kernel = 0, daemon = OF_KERNEL;

        setup();
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        for (unsigned int n = 0; n < STEPS; n++) {
                tell_rekey(daemons >> n & 1 ? daemon++ : kernel++);
                if (turns >> n & 1)
                        turn();
        }
        turn();
        ck_assert_msg(get("net", "lan", 1)->downs == 0 && get("net", "lan", 1)->ups == 1 &&
                              get("net", "lan", 1)->state == TUNNEL_UP &&
                              get("net", "lan", 1)->rekeys == 1,
                      "order %#x, turns %#x: downs %llu, reason %u, rekeys %llu", daemons, turns,
                      (unsigned long long)get("net", "lan", 1)->downs,
                      get("net", "lan", 1)->down_reason,
                      (unsigned long long)get("net", "lan", 1)->rekeys);
        fake_loop_advance(loop, 10000);
        ck_assert_uint_eq(get("net", "lan", 1)->downs, 0);
        teardown();
}

START_TEST(test_rekey_in_any_order)
{
        teardown();
        for (unsigned int daemons = 0; daemons < 1 << STEPS; daemons++)
                for (unsigned int turns = 0;
                     __builtin_popcount(daemons) == OF_DAEMON && turns < 1 << STEPS; turns++)
                        rekey_in_order(daemons, turns);
        setup();
}
END_TEST

START_TEST(test_rekeying_is_up)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        put_child(1, 1, "net", "lan", 1, CHILD_SA_REKEYING);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_REKEYING);
        put_child(1, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_ike(1, "net", "there", IKE_REKEYING, false);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_REKEYING);
        check_ups(get("net", "lan", 1), 1, 0);
}
END_TEST

/* Make before break: the new IKE SA is there before the old one ends. */
START_TEST(test_reauthentication)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        put_ike(2, "net", "there", IKE_ESTABLISHED, false);
        put_child(2, 2, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(2, 1, 0, 0);
        turn();
        put_ike(1, "net", "there", IKE_DELETING, true);
        turn();
        remove_child(1, TABLE_DELETED);
        remove_pair(1, TABLE_DELETED);
        remove_ike(1);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        check_ups(get("net", "lan", 1), 1, 0);
}
END_TEST

/* Within one turn the old goes and the new comes. */
START_TEST(test_no_flap_within_a_turn)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        remove_child(1, TABLE_DELETED);
        remove_pair(1, TABLE_DELETED);
        put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(2, 1, 0, 0);
        turn();
        check_ups(get("net", "lan", 1), 1, 0);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_NONE);
}
END_TEST

START_TEST(test_reasons_of_the_kernel)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        remove_pair(1, TABLE_FLUSHED); /* the daemon goes on saying INSTALLED */
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_FLUSHED);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
        fake_loop_advance(loop, 3000);
        configure("net", "other", false, CHILD_START); /* all children are looked at anew */
        turn();
        check_ups(get("net", "lan", 1), 1, 1);
        remove_child(1, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_FLUSHED);

        put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(2, 1, 0, 0);
        turn();
        check_ups(get("net", "lan", 1), 2, 1);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_NONE);
        remove_sa(0x1002, IN, TABLE_EXPIRED);
        turn();
        put_collector("xfrm", COLLECTOR_DEGRADED);
        turn();
        check_ups(get("net", "lan", 1), 2, 2);
        remove_sa(0x2002, OUT, TABLE_DELETED);
        remove_child(2, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_EXPIRED);
        check_ups(get("net", "lan", 1), 2, 2);

        put_child(3, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(3, 1, 0, 0);
        turn();
        remove_pair(3, TABLE_DELETED);
        fake_loop_advance(loop, 2000);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_DELETED_OUTSIDE);
        check_ups(get("net", "lan", 1), 3, 3);
}
END_TEST

START_TEST(test_child_without_sas)
{
        configure("net", "lan", false, CHILD_START);
        put_ike(1, "net", "there", IKE_ESTABLISHED, false);
        put_child(1, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP); /* they come in a moment */
        fake_loop_advance(loop, 5000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
}
END_TEST

START_TEST(test_connecting_and_failing)
{
        const struct tunnel *row;

        configure("net", "lan", false, CHILD_START);
        configure("net", "dmz", false, CHILD_START);
        put_ike(1, "net", NULL, IKE_CONNECTING, false);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_CONNECTING);
        ck_assert_uint_eq(get("net", "dmz", 1)->state, TUNNEL_CONNECTING);
        put_ike(1, "net", NULL, IKE_CONNECTING, true);
        turn();
        row = get("net", "dmz", 1);
        ck_assert_uint_eq(row->state, TUNNEL_DOWN);
        ck_assert_uint_eq(row->down_reason, REASON_LOCAL_AUTH_FAILED);
        ck_assert_uint_eq(row->authentication_failures, 1);
        ck_assert_ptr_nonnull(row->last_error);
        remove_ike(1);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->authentication_failures, 1);
        put_ike(2, "net", NULL, IKE_CREATED, false);
        turn();
        remove_ike(2);
        turn();
        row = get("net", "lan", 1);
        ck_assert_uint_eq(row->negotiation_failures, 1);
        ck_assert_uint_eq(row->down_reason, REASON_PEER_UNREACHABLE);
        check_ups(row, 0, 0);
}
END_TEST

START_TEST(test_daemon_gone)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        put_collector("strongswan", COLLECTOR_DOWN);
        turn();
        ck_assert(!get("net", "lan", 1)->fresh);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP); /* the kernel goes on */
        remove_child(1, TABLE_LOST);
        table_remove(ike_sas, table_next(ike_sas, &ike_sa_type, NULL, 0, false), TABLE_LOST);
        put_collector("strongswan", COLLECTOR_UP);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_DAEMON_GONE);
        ck_assert(get("net", "lan", 1)->fresh);
        check_ups(get("net", "lan", 1), 1, 1);
}
END_TEST

/* A daemon that is stopped removes its SAs, and says no more; one that was gone before did not. */
START_TEST(test_daemon_stopped)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        remove_pair(1, TABLE_DELETED);
        fake_loop_advance(loop, 200);
        put_collector("strongswan", COLLECTOR_DOWN);
        fake_loop_advance(loop, 2000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_DAEMON_GONE);
        check_ups(get("net", "lan", 1), 1, 1);
        put_collector("strongswan", COLLECTOR_UP);
        remove_child(1, TABLE_DELETED);
        put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(2, 1, 0, 0);
        turn();
        put_collector("strongswan", COLLECTOR_DOWN); /* before the SAs' messages are read */
        turn();
        remove_pair(2, TABLE_DELETED);
        fake_loop_advance(loop, 2000);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_DAEMON_GONE);
        check_ups(get("net", "lan", 1), 2, 2);
        put_collector("strongswan", COLLECTOR_UP);
        remove_child(2, TABLE_DELETED);
        put_child(3, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(3, 1, 0, 0);
        turn();
        put_collector("strongswan", COLLECTOR_DOWN);
        fake_loop_advance(loop, 5000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        remove_pair(3, TABLE_DELETED);
        fake_loop_advance(loop, 2000);
        ck_assert_uint_eq(get("net", "lan", 1)->down_reason, REASON_DELETED_OUTSIDE);
        check_ups(get("net", "lan", 1), 3, 3);
}
END_TEST

START_TEST(test_not_configured)
{
        bring_up(1, "gone", "lan", "there");
        turn();
        ck_assert_uint_eq(get("gone", "lan", 1)->state, TUNNEL_NOT_CONFIGURED);
        remove_child(1, TABLE_DELETED);
        turn();
        /* whoever was told that it is down can read it for a minute */
        ck_assert_uint_eq(get("gone", "lan", 1)->state, TUNNEL_DOWN);
        check_ups(get("gone", "lan", 1), 1, 1);
        fake_loop_advance(loop, 59000);
        ck_assert_ptr_nonnull(find("gone", "lan", 1));
        fake_loop_advance(loop, 1100);
        ck_assert_ptr_null(find("gone", "lan", 1));
        ck_assert_ptr_null(sa_of(0x1001)->tunnel_policy_key);
        check_pointers();
        /* taken out of the configuration while it is up */
        configure("net", "lan", false, CHILD_START);
        bring_up(2, "net", "lan", "there");
        turn();
        unconfigure("net", "lan");
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_NOT_CONFIGURED);
        check_ups(get("net", "lan", 1), 1, 0);
        remove_child(2, TABLE_DELETED);
        turn();
        fake_loop_advance(loop, 61000);
        ck_assert_ptr_null(find("net", "lan", 1));
        configure("net", "lan", false, CHILD_START);
        turn();
        unconfigure("net", "lan");
        turn();
        ck_assert_ptr_null(find("net", "lan", 1));
}
END_TEST

START_TEST(test_manual)
{
        struct policy policy;
        struct policy_template template;
        struct ipsec_sa sa;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = 8;
        policy.action = RULE_MANUAL_KEY;
        ck_assert_int_eq(table_put(kernel_policies, &policy, TABLE_FROM_EVENT), 0);
        memset(&template, 0, sizeof(template));
        template.policy_type = SPD_MAIN;
        template.policy_index = 8;
        template.number = 1;
        template.reqid = 17;
        ck_assert_int_eq(
                table_put(store_table(store, &policy_template_type), &template, TABLE_FROM_EVENT),
                0);
        turn();
        ck_assert_uint_eq(table_count(rows), 0);
        put_manual(0x1001, 17, IN);
        put_manual(0x2001, 17, OUT);
        turn();
        ck_assert_str_eq(get("manual", "17", 1)->name, "manual/17");
        ck_assert_uint_eq(get("manual", "17", 1)->state, TUNNEL_UP);
        ck_assert_uint_eq(get("manual", "17", 1)->reqid, 17);
        ck_assert_str_eq(
                ((const struct policy *)table_find(kernel_policies, &policy))->tunnel_child_key,
                "17");
        remove_sa(0x1001, IN, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("manual", "17", 1)->state, TUNNEL_DOWN); /* had both */
        put_collector("xfrm", COLLECTOR_DEGRADED);                     /* all are looked at anew */
        put_collector("xfrm", COLLECTOR_UP);
        turn();
        check_ups(get("manual", "17", 1), 1, 1);
        remove_sa(0x2001, OUT, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("manual", "17", 1)->down_reason, REASON_DELETED_OUTSIDE);
        check_ups(get("manual", "17", 1), 1, 1);
        table_remove(store_table(store, &policy_template_type), &template, TABLE_DELETED);
        turn();
        ck_assert_ptr_null(find("manual", "17", 1));
        ck_assert_ptr_null(
                ((const struct policy *)table_find(kernel_policies, &policy))->tunnel_child_key);
        /* without reqid there is none, nor of compression alone */
        sa = make_sa(0x44, 19, IN);
        sa.protocol = PROTOCOL_IPCOMP;
        sa.keying = KEYING_MANUAL;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        put_manual(0x1002, 0, IN);
        put_manual(0x1003, 18, IN);
        turn();
        ck_assert_uint_eq(table_count(rows), 1);
}
END_TEST

/* The kernel tells of a daemon's SA before the daemon does. */
START_TEST(test_manual_waits_for_the_daemon)
{
        struct ipsec_sa sa = make_sa(0x1001, 1, IN);

        configure("net", "lan", false, CHILD_START);
        sa.keying = KEYING_MANUAL;
        sa.add_time = now_wall();
        sa.packets = 3;
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_ptr_null(find("manual", "1", 1));
        bring_up(1, "net", "lan", "there");
        put_sa(0x1001, 1, IN, 300, 3);
        turn();
        fake_loop_advance(loop, 10000);
        ck_assert_ptr_null(find("manual", "1", 1));
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 3);
        sa = make_sa(0x1009, 7, IN);
        sa.keying = KEYING_MANUAL;
        sa.add_time = now_wall();
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_ptr_null(find("manual", "7", 1));
        fake_loop_advance(loop, 4000);
        ck_assert_uint_eq(get("manual", "7", 1)->state, TUNNEL_UP);
}
END_TEST

/* Waits for traffic: it has no SAs, and the reqid of its policies, which the kernel has. */
START_TEST(test_reqid_of_a_trap)
{
        struct policy policy;
        struct policy_template template;

        configure("net", "lan", false, CHILD_TRAP);
        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = 9;
        policy.configured_policy_key = "net";
        policy.configured_child_key = "lan";
        memset(&template, 0, sizeof(template));
        template.policy_type = SPD_MAIN;
        template.policy_index = 9;
        template.number = 1;
        template.reqid = 4;
        ck_assert_int_eq(
                table_put(store_table(store, &policy_template_type), &template, TABLE_FROM_EVENT),
                0);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->reqid, 0);
        ck_assert_int_eq(table_put(kernel_policies, &policy, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_IDLE);
        ck_assert_uint_eq(get("net", "lan", 1)->reqid, 4);
        ck_assert(table_remove(kernel_policies, &policy, TABLE_DELETED));
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->reqid, 0);
}
END_TEST

START_TEST(test_road_warriors)
{
        configure("rw", "net", true, CHILD_NONE);
        turn();
        ck_assert_uint_eq(get("rw", "net", 0)->state, TUNNEL_IDLE);
        bring_up(1, "rw", "net", "alice");
        bring_up(2, "rw", "net", "bob");
        put_pair(1, 1, 1, 2);
        put_pair(2, 2, 10, 20);
        turn();
        ck_assert_str_eq(get("rw", "net", 1)->name, "rw/net [alice]");
        ck_assert_str_eq(get("rw", "net", 2)->remote_identity, "bob");
        ck_assert_uint_eq(get("rw", "net", 0)->users, 2);
        ck_assert_uint_eq(get("rw", "net", 0)->state, TUNNEL_UP);
        ck_assert_uint_eq(get("rw", "net", 0)->packets_in, 11);
        ck_assert_uint_eq(get("rw", "net", 0)->octets_out, 2200);
        /* alice goes, carol comes, alice comes back */
        put_ike(1, "rw", "alice", IKE_DELETING, true);
        remove_child(1, TABLE_DELETED);
        remove_pair(1, TABLE_DELETED);
        remove_ike(1);
        turn();
        ck_assert_uint_eq(get("rw", "net", 1)->state, TUNNEL_IDLE);
        ck_assert_uint_eq(get("rw", "net", 0)->users, 1);
        bring_up(3, "rw", "net", "carol");
        bring_up(4, "rw", "net", "alice");
        put_pair(4, 4, 1, 1);
        turn();
        ck_assert_str_eq(get("rw", "net", 3)->remote_identity, "carol");
        ck_assert_uint_eq(get("rw", "net", 1)->packets_in, 2);
        ck_assert_uint_eq(get("rw", "net", 0)->packets_in, 12);
        check_ups(get("rw", "net", 1), 2, 1);
        check_ups(get("rw", "net", 0), 1, 0);
        ck_assert_ptr_null(find("rw", "net", 4));
}
END_TEST

static void leave(uint32_t id, const char *policy, const char *user)
{
        put_ike(id, policy, user, IKE_DELETING, true);
        remove_child(id, TABLE_DELETED);
        remove_pair(id, TABLE_DELETED);
        remove_ike(id);
        turn();
}

/* Who is to be known by his user's name has no tunnel by another one before it is told. */
START_TEST(test_user_told_late)
{
        const struct ike_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                    .daemon_run = 1,
                                    .daemon_id = 1 };
        struct ike_sa row;

        daemon_kind = DAEMON_LIBRESWAN;
        put_collector("libreswan", COLLECTOR_UP);
        configure("user", "user", true, CHILD_NONE);
        turn();
        put_ike(1, "user", "@device", IKE_ESTABLISHED, false);
        row = *(const struct ike_sa *)table_find(ike_sas, &key);
        row.names_user = true;
        ck_assert_int_eq(table_put(ike_sas, &row, TABLE_FROM_EVENT), 0);
        put_child(1, 1, "user", "user", 1, CHILD_SA_INSTALLED);
        put_pair(1, 1, 1, 2);
        turn();
        ck_assert_ptr_null(find("user", "user", 1));
        row = *(const struct ike_sa *)table_find(ike_sas, &key);
        row.remote_eap_identity = "alice";
        ck_assert_int_eq(table_put(ike_sas, &row, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_str_eq(get("user", "user", 1)->remote_identity, "alice");
        ck_assert_uint_eq(get("user", "user", 1)->state, TUNNEL_UP);
        ck_assert_uint_eq(get("user", "user", 1)->packets_in, 1);
        ck_assert_ptr_null(find("user", "user", 2));
}
END_TEST

START_TEST(test_retention)
{
        config.retention = 1000;
        tunnels_configure(tunnels, &config);
        configure("rw", "net", true, CHILD_NONE);
        bring_up(1, "rw", "net", "alice");
        put_pair(1, 1, 5, 5);
        bring_up(2, "rw", "net", "bob");
        turn();
        leave(1, "rw", "alice");
        fake_loop_advance(loop, 999000);
        ck_assert_ptr_nonnull(find("rw", "net", 1));
        fake_loop_advance(loop, 2000);
        ck_assert_ptr_null(find("rw", "net", 1));
        ck_assert_ptr_nonnull(find("rw", "net", 2));
        ck_assert_uint_eq(get("rw", "net", 0)->packets_in, 5); /* never falls */
        bring_up(3, "rw", "net", "alice");
        turn();
        ck_assert_str_eq(get("rw", "net", 3)->remote_identity, "alice"); /* not used again */
}
END_TEST

START_TEST(test_maximum)
{
        config.maximum = 2;
        tunnels_configure(tunnels, &config);
        configure("rw", "net", true, CHILD_NONE);
        bring_up(1, "rw", "net", "alice");
        bring_up(2, "rw", "net", "bob");
        turn();
        leave(2, "rw", "bob");
        leave(1, "rw", "alice");
        bring_up(3, "rw", "net", "carol");
        turn();
        ck_assert_ptr_null(find("rw", "net", 2)); /* left first */
        ck_assert_ptr_nonnull(find("rw", "net", 1));
        bring_up(4, "rw", "net", "dave");
        bring_up(5, "rw", "net", "erin");
        turn();
        turn();
        ck_assert_ptr_null(find("rw", "net", 1));
        ck_assert_uint_eq(get("rw", "net", 0)->users, 3); /* nobody who is up is thrown out */
        check_pointers();
}
END_TEST

START_TEST(test_becomes_road_warriors)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "alice");
        put_pair(1, 1, 4, 4);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 4);
        configure("net", "lan", true, CHILD_NONE);
        turn();
        turn();
        ck_assert_uint_eq(get("net", "lan", 0)->users, 1);
        ck_assert_str_eq(get("net", "lan", 2)->remote_identity, "alice");
        fake_loop_advance(loop, 61000);
        ck_assert_ptr_null(find("net", "lan", 1));
        check_pointers();
}
END_TEST

START_TEST(test_traffic_before_owner)
{
        configure("net", "lan", false, CHILD_START);
        put_pair(1, 1, 3, 4);
        turn();
        put_pair(1, 1, 5, 6);
        put_ike(1, "net", "there", IKE_ESTABLISHED, false);
        put_child(1, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 5);
        put_pair(1, 1, 8, 9);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 8);
        ck_assert_uint_eq(get("net", "lan", 1)->packets_out, 9);
        /* came and went within one turn */
        put_pair(2, 1, 100, 100);
        put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        remove_pair(2, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 108);
        /* a read does not show it, and then it does */
        remove_sa(0x1001, IN, TABLE_LOST);
        turn();
        put_sa(0x1001, 1, IN, 900, 9);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 109);
        check_ups(get("net", "lan", 1), 1, 0);
}
END_TEST

START_TEST(test_errors_and_ipcomp)
{
        struct ipsec_sa sa = make_sa(0x1001, 1, IN);

        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        sa.replay_errors = 1;
        sa.replay_window_errors = 2;
        sa.integrity_errors = 3;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        sa = make_sa(0x55, 1, IN);
        sa.protocol = PROTOCOL_IPCOMP;
        sa.packets = 1000;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->replay_errors, 1);
        ck_assert_uint_eq(get("net", "lan", 1)->replay_window_errors, 2);
        ck_assert_uint_eq(get("net", "lan", 1)->integrity_errors, 3);
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 0);
        ck_assert_str_eq(sa_of(0x55)->tunnel_child_key, "lan");
}
END_TEST

START_TEST(test_one_way)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        for (uint64_t i = 1; i <= 7; i++) {
                fake_loop_advance(loop, 10000);
                ck_assert(!get("net", "lan", 1)->one_way);
                put_sa(0x2001, 1, OUT, i * 100, i);
        }
        fake_loop_advance(loop, 3000);
        ck_assert(get("net", "lan", 1)->one_way);
        put_sa(0x1001, 1, IN, 100, 1);
        turn();
        ck_assert(!get("net", "lan", 1)->one_way);
        ck_assert_int_eq(get("net", "lan", 1)->last_packet_in, now_wall());
}
END_TEST

START_TEST(test_duplicates)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_child(2, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_pair(2, 1, 0, 0);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->duplicates, 0);
        fake_loop_advance(loop, 61000);
        ck_assert_uint_eq(get("net", "lan", 1)->duplicates, 1);
        remove_pair(1, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->duplicates, 0);
}
END_TEST

static double cpu_seconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One more event costs about as much with many tunnels as with few: told, and nothing is counted
 * wrongly. */
START_TEST(test_many)
{
        double began = cpu_seconds(), up, counted;
        char user[32];

        configure("rw", "net", true, CHILD_NONE);
        for (uint32_t i = 1; i <= 10000; i++) {
                snprintf(user, sizeof(user), "user-%u", i);
                bring_up(i, "rw", "net", user);
        }
        for (int i = 0; i < 1000 && get("rw", "net", 0)->users < 10000; i++)
                turn();
        up = cpu_seconds();
        ck_assert_uint_eq(get("rw", "net", 0)->users, 10000);
        for (uint32_t i = 1; i <= 10000; i++)
                put_pair(i, i, 1, 1);
        for (int i = 0; i < 1000 && get("rw", "net", 0)->packets_in < 10000; i++)
                turn();
        counted = cpu_seconds();
        ck_assert_uint_eq(get("rw", "net", 0)->packets_in, 10000);
        ck_assert_uint_eq(get("rw", "net", 10000)->packets_out, 1);
        printf("10,000 peers: up in %.2f s, one read of their SAs %.2f s\n", up - began,
               counted - up);
        unconfigure("rw", "net");
        for (uint32_t i = 1; i <= 10000; i++)
                remove_child(i, TABLE_LOST);
        for (int i = 0; i < 1000; i++)
                turn();
        fake_loop_advance(loop, 61000);
        for (int i = 0; i < 1000 && table_count(rows) > 0; i++)
                turn();
        ck_assert_uint_eq(table_count(rows), 0);
        check_pointers();
}
END_TEST

START_TEST(test_gauges)
{
        static const struct ike_totals saved = { .sa_ups = 10, .child_rekeys = 5 };
        struct totals *totals = totals_new(store, loop);
        struct tunnel_gauges *gauges = tunnel_gauges_new(store, loop, &saved);
        const struct global_ike *ike =
                &((const struct global_scalars *)table_find(
                          store_table(store, &global_scalars_type), &(struct global_scalars){ 0 }))
                         ->ike;

        configure("net", "lan", false, CHILD_START);
        configure("net", "dmz", false, CHILD_START);
        configure("rw", "net", true, CHILD_NONE);
        bring_up(1, "net", "lan", "there");
        bring_up(2, "rw", "net", "alice");
        put_ike(3, "net", NULL, IKE_CONNECTING, false);
        turn();
        turn();
        ck_assert_uint_eq(ike->tunnels_configured, 3);
        ck_assert_uint_eq(ike->tunnels_up, 2); /* no templates */
        ck_assert_uint_eq(ike->tunnels_connecting, 1);
        ck_assert_uint_eq(ike->sas_established, 2);
        ck_assert_uint_eq(ike->sas_half_open, 1);
        ck_assert_uint_eq(ike->sa_ups, 12);
        put_ike(3, "net", NULL, IKE_CONNECTING, true);
        rekey_child(1, 9, 1, CHILD_SA_REKEYED);
        put_ike(8, "net", "there", IKE_ESTABLISHED, false);
        put_ike(1, "net", "there", IKE_REKEYED, false);
        put_child(9, 8, "net", "lan", 1, CHILD_SA_INSTALLED);
        turn();
        remove_ike(1);
        leave(2, "rw", "alice");
        turn();
        ck_assert_uint_eq(ike->sa_ups, 12);
        ck_assert_uint_eq(ike->sa_rekeys, 1);
        ck_assert_uint_eq(ike->sa_losses, 1);
        ck_assert_uint_eq(ike->child_rekeys, 6);
        ck_assert_uint_eq(ike->authentication_failures, 1);
        ck_assert_uint_eq(ike->tunnels_up, 1);
        ck_assert_uint_eq(ike->tunnels_idle, 1);
        ck_assert_uint_eq(ike->tunnels_down, 1);
        ck_assert_uint_eq(ike->sas_half_open, 0);
        /* They are told by the store's tables as long as those are there. */
        end();
        tunnel_gauges_free(gauges);
        totals_free(totals);
        begin();
}
END_TEST

/* ---- failures: each once ---- */

static void remove_ike_lost(uint32_t id)
{
        const struct ike_sa row = { .daemon_kind = daemon_kind,
                                    .daemon_run = daemon_run,
                                    .daemon_id = id };

        ck_assert(table_remove(ike_sas, &row, TABLE_LOST));
}

static void put_half_open(uint32_t id, const char *policy, bool ended)
{
        const struct ike_sa key = { .daemon_kind = daemon_kind,
                                    .daemon_run = daemon_run,
                                    .daemon_id = id };
        struct ike_sa row;

        put_ike(id, policy, NULL, IKE_CREATED, ended);
        row = *(const struct ike_sa *)table_find(ike_sas, &key);
        row.policy_key = policy; /* another join's word */
        ck_assert_int_eq(table_update(ike_sas, &row), 0);
}

static void put_acquire(const char *policy)
{
        struct ipsec_sa sa = make_sa(0, 1, OUT);

        sa.state = SA_LARVAL;
        sa.keying = KEYING_UNKNOWN;
        sa.add_time = now_wall();
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
        sa = *(const struct ipsec_sa *)table_find(sas, &sa);
        sa.tunnel_policy_key = policy;
        ck_assert_int_eq(table_update(sas, &sa), 0);
}

static void remove_acquire(enum table_reason reason)
{
        struct ipsec_sa sa = make_sa(0, 1, OUT);

        sa.state = SA_LARVAL;
        ck_assert(table_remove(sas, &sa, reason));
}

START_TEST(test_failures_are_counted_once)
{
        static const struct ike_totals saved = { .negotiation_failures = 10 };
        struct totals *totals = totals_new(store, loop);
        struct tunnel_gauges *gauges = tunnel_gauges_new(store, loop, &saved);
        const struct global_ike *ike =
                &((const struct global_scalars *)table_find(
                          store_table(store, &global_scalars_type), &(struct global_scalars){ 0 }))
                         ->ike;

        /* nobody negotiates: manual keys, or no daemon */
        put_acquire("manual");
        remove_acquire(TABLE_DELETED); /* answered */
        put_acquire("manual");
        remove_acquire(TABLE_FLUSHED);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 10);
        put_acquire("manual");
        remove_acquire(TABLE_EXPIRED);
        put_acquire(NULL);
        remove_acquire(TABLE_EXPIRED);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 12);
        /* the daemon alone: it began by itself */
        put_half_open(1, "net", false);
        turn();
        remove_ike(1);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 13);
        put_half_open(2, "net", false);
        put_half_open(2, "net", true); /* it says so, and then it goes */
        remove_ike(2);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 14);
        fake_loop_advance(loop, 10000);
        /* packets wait, the daemon gives up first */
        put_acquire("net");
        put_half_open(3, "net", false);
        fake_loop_advance(loop, 5000);
        remove_ike(3);
        fake_loop_advance(loop, 5000);
        remove_acquire(TABLE_EXPIRED);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 15);
        fake_loop_advance(loop, 10000);
        /* the kernel gives up first */
        put_acquire("net");
        put_half_open(4, "net", false);
        fake_loop_advance(loop, 5000);
        remove_acquire(TABLE_EXPIRED);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 16);
        remove_ike(4);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 16);
        /* and that is forgotten by the next one; another policy is another matter */
        put_half_open(5, "net", false);
        put_acquire("other");
        remove_acquire(TABLE_EXPIRED);
        remove_ike(5);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 18);
        /* a daemon that was restarted did not fail; nor one that came up */
        put_half_open(6, "net", false);
        put_half_open(7, "net", false);
        put_ike(7, "net", "there", IKE_ESTABLISHED, false);
        remove_ike(7);
        remove_ike_lost(6);
        turn();
        ck_assert_uint_eq(ike->negotiation_failures, 18);
        ck_assert_uint_eq(ike->authentication_failures, 0);
        /* libreswan does not say that it ended */
        daemon_kind = DAEMON_LIBRESWAN;
        put_ike(8, "net", NULL, IKE_CONNECTING, false);
        remove_ike(8);
        turn();
        ck_assert_uint_eq(ike->authentication_failures, 1);
        end();
        tunnel_gauges_free(gauges);
        totals_free(totals);
        begin();
}
END_TEST

/* ---- two daemons ---- */

static uint8_t other_than(uint8_t daemon)
{
        return daemon == DAEMON_STRONGSWAN ? DAEMON_LIBRESWAN : DAEMON_STRONGSWAN;
}

static void put_daemon(uint8_t daemon, enum collector_state state)
{
        put_collector(ike_daemon_name(daemon), state);
}

/* A tunnel of each daemon: "strongswan/lan" and "libreswan/lan", children 1 and 2. */
static void bring_up_both(void)
{
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        for (uint8_t daemon = 1; daemon <= IKE_DAEMONS; daemon++) {
                daemon_kind = daemon;
                configure(ike_daemon_name(daemon), "lan", false, CHILD_START);
                bring_up(daemon, ike_daemon_name(daemon), "lan", "there");
        }
        turn();
}

static const struct tunnel *lan_of(uint8_t daemon)
{
        return get(ike_daemon_name(daemon), "lan", 1);
}

/* One daemon is killed while the other is fine, then back without its SAs. */
START_TEST(test_one_daemon_gone)
{
        uint8_t gone = _i == 0 ? DAEMON_LIBRESWAN : DAEMON_STRONGSWAN, fine = other_than(gone);

        bring_up_both();
        put_daemon(gone, COLLECTOR_DOWN);
        turn();
        ck_assert(!lan_of(gone)->fresh);
        ck_assert(lan_of(fine)->fresh);
        ck_assert_uint_eq(lan_of(gone)->state, TUNNEL_UP); /* the kernel goes on */
        daemon_kind = gone;
        remove_child(gone, TABLE_LOST);
        remove_ike_lost(gone);
        turn();
        ck_assert_uint_eq(lan_of(gone)->state, TUNNEL_UP); /* and nobody can be asked */
        put_daemon(gone, COLLECTOR_UP);
        turn();
        ck_assert_uint_eq(lan_of(gone)->state, TUNNEL_DOWN);
        ck_assert_uint_eq(lan_of(gone)->down_reason, REASON_DAEMON_GONE);
        ck_assert(lan_of(gone)->fresh);
        check_ups(lan_of(gone), 1, 1);
        check_ups(lan_of(fine), 1, 0);
        /* what the other one loses now is no daemon's end */
        daemon_kind = fine;
        remove_child(fine, TABLE_LOST);
        turn();
        ck_assert_uint_eq(lan_of(fine)->down_reason, REASON_UNKNOWN);
        check_ups(lan_of(fine), 1, 1);
}
END_TEST

START_TEST(test_both_daemons_gone)
{
        bring_up_both();
        put_daemon(DAEMON_STRONGSWAN, COLLECTOR_DOWN);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_DOWN);
        turn();
        for (uint8_t daemon = 1; daemon <= IKE_DAEMONS; daemon++) {
                ck_assert(!lan_of(daemon)->fresh);
                ck_assert_uint_eq(lan_of(daemon)->state, TUNNEL_UP);
                remove_pair(daemon, TABLE_FLUSHED);
        }
        turn();
        for (uint8_t daemon = 1; daemon <= IKE_DAEMONS; daemon++) {
                ck_assert_uint_eq(lan_of(daemon)->state, TUNNEL_DOWN);
                ck_assert_uint_eq(lan_of(daemon)->down_reason, REASON_FLUSHED);
                check_ups(lan_of(daemon), 1, 1);
        }
}
END_TEST

/* The kernel tells of a rekey, and libreswan some seconds later: that is no outage. */
START_TEST(test_rekey_before_an_answer)
{
        bring_up_both();
        put_pair(9, DAEMON_LIBRESWAN, 1, 1);
        if (_i == 1)
                turn(); /* else all within one turn: by the policy that uses them */
        remove_pair(DAEMON_LIBRESWAN, TABLE_DELETED);
        for (uint32_t spi = 0x1009; _i == 0 && spi <= 0x2009; spi += 0x1000) {
                struct ipsec_sa sa = *sa_of(spi);
                struct policy policy;

                memset(&policy, 0, sizeof(policy));
                policy.type = SPD_MAIN;
                policy.index = 8;
                policy.configured_policy_key = "libreswan";
                policy.configured_child_key = "lan";
                ck_assert_int_eq(table_put(kernel_policies, &policy, TABLE_FROM_EVENT), 0);
                turn();
                sa.rule = 8;
                ck_assert_int_eq(table_update(sas, &sa), 0);
        }
        fake_loop_advance(loop, 5000);
        check_ups(lan_of(DAEMON_LIBRESWAN), 1, 0);
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->state, TUNNEL_UP);
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->packets_in, 1);
        daemon_kind = DAEMON_LIBRESWAN;
        put_child(9, DAEMON_LIBRESWAN, "libreswan", "lan", 0, CHILD_SA_INSTALLED);
        turn();
        remove_child(DAEMON_LIBRESWAN, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->rekeys, 1);
        check_ups(lan_of(DAEMON_LIBRESWAN), 1, 0);
        /* closed: the kernel tells it first, and libreswan that it was him */
        remove_pair(9, TABLE_DELETED);
        fake_loop_advance(loop, 3000);
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->down_reason, REASON_DELETED_OUTSIDE);
        remove_child(9, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->down_reason, REASON_CLOSED_LOCALLY);
        check_ups(lan_of(DAEMON_LIBRESWAN), 1, 1);
}
END_TEST

/* libreswan was asked when the new child was there and the old one had gone. */
START_TEST(test_rekey_between_answers)
{
        bring_up_both();
        daemon_kind = DAEMON_LIBRESWAN;
        put_child(9, DAEMON_LIBRESWAN, "libreswan", "lan", DAEMON_LIBRESWAN, CHILD_SA_INSTALLED);
        put_pair(9, DAEMON_LIBRESWAN, 0, 0);
        turn();
        remove_pair(DAEMON_LIBRESWAN, TABLE_DELETED);
        remove_child(DAEMON_LIBRESWAN, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->rekeys, 1);
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->state, TUNNEL_UP);
        check_ups(lan_of(DAEMON_LIBRESWAN), 1, 0);
        remove_pair(9, TABLE_DELETED);
        remove_child(9, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->rekeys, 1);
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->down_reason, REASON_CLOSED_LOCALLY);
        check_ups(lan_of(DAEMON_LIBRESWAN), 1, 1);
}
END_TEST

/*
 * A rekey of libreswan's as the kernel tells it, and as whack does when it is asked: in any order
 * of the two, whichever answers there are, and whether the agent had its turn between them.
 */
enum rekey_step {
        LARVAL, /* the kernel: the inbound SPI is reserved */
        NEW_IN,
        NEW_OUT,
        OLD_OUT_GONE,
        OLD_IN_GONE,
        CHILD_COMES, /* whack: the new child is being negotiated */
        CHILD_NEW,   /* it is up */
        CHILD_OLD,   /* the old one is not the newest any more */
        CHILD_GONE,  /* the old one was not told any more */
};

/* What whack tells, some time or other, each in this order; the kernel begins with one or another.
 */
static const struct {
        enum rekey_step steps[3];
        unsigned int n;
        enum rekey_step kernel;
} answers[] = {
        { { CHILD_NEW, CHILD_GONE }, 2, LARVAL },
        { { CHILD_NEW, CHILD_OLD, CHILD_GONE }, 3, NEW_IN },
        { { CHILD_COMES, CHILD_NEW, CHILD_GONE }, 3, NEW_IN },
};

static unsigned int steps_of(size_t answer)
{
        return CHILD_COMES - answers[answer].kernel + answers[answer].n;
}

#define OLD_ID 2
#define NEW_ID 5
#define REQID 16389

static void put_net(uint32_t id, uint8_t state)
{
        put_child(id, 1, "net", "net", 0, state);
}

static void tell_rekey_step(enum rekey_step step)
{
        struct ipsec_sa larval;

        switch (step) {
        case LARVAL:
                larval = make_sa(0x1000 + NEW_ID, REQID, IN);
                larval.state = SA_LARVAL;
                larval.direction = larval.told_direction = DIRECTION_UNKNOWN;
                ck_assert_int_eq(table_put(sas, &larval, TABLE_FROM_EVENT), 0);
                return;
        case NEW_IN:
                put_sa(0x1000 + NEW_ID, REQID, IN, 0, 0);
                return;
        case NEW_OUT:
                put_sa(0x2000 + NEW_ID, REQID, OUT, 0, 0);
                return;
        case OLD_OUT_GONE:
                remove_sa(0x2000 + OLD_ID, OUT, TABLE_DELETED);
                return;
        case OLD_IN_GONE:
                remove_sa(0x1000 + OLD_ID, IN, TABLE_DELETED);
                return;
        case CHILD_COMES:
                put_net(NEW_ID, CHILD_SA_CREATED);
                return;
        case CHILD_OLD:
                put_net(OLD_ID, CHILD_SA_REKEYED);
                return;
        case CHILD_NEW:
                put_net(NEW_ID, CHILD_SA_INSTALLED);
                return;
        case CHILD_GONE:
                turn(); /* pluto was asked something else since */
                remove_child(OLD_ID, TABLE_DELETED);
                return;
        }
}

/* daemons: bit n says that the n-th step is whack's; gaps: that so many ms pass behind it. */
static void rekey_of_libreswan(size_t answer, unsigned int daemons, unsigned int gaps, uint32_t ms)
{
        enum rekey_step kernel = answers[answer].kernel;
        const struct tunnel *row;
        unsigned int daemon = 0;

        setup();
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        daemon_kind = DAEMON_LIBRESWAN;
        configure("net", "net", false, CHILD_NONE);
        put_ike(1, "net", "there", IKE_ESTABLISHED, false);
        put_net(OLD_ID, CHILD_SA_INSTALLED);
        put_pair(OLD_ID, REQID, 0, 0);
        fake_loop_advance(loop, 10000);
        for (unsigned int n = 0; n < steps_of(answer); n++) {
                tell_rekey_step(daemons >> n & 1 ? answers[answer].steps[daemon++] : kernel++);
                if (gaps >> n & 1)
                        fake_loop_advance(loop, ms);
        }
        fake_loop_advance(loop, 10000);
        row = get("net", "net", 1);
        ck_assert_msg(
                row->ups == 1 && row->downs == 0 && row->state == TUNNEL_UP && row->rekeys == 1,
                "answers %zu, order %#x, gaps %#x of %u ms: ups %llu, downs %llu, rekeys %llu",
                answer, daemons, gaps, (unsigned int)ms, (unsigned long long)row->ups,
                (unsigned long long)row->downs, (unsigned long long)row->rekeys);
        teardown();
}

START_TEST(test_rekey_of_libreswan_in_any_order)
{
        static const uint32_t gap[] = { 1, 5000 };
        size_t answer = (size_t)_i / 2;
        unsigned int steps = steps_of(answer);

        teardown();
        for (unsigned int daemons = 0; daemons < 1u << steps; daemons++)
                for (unsigned int gaps = 0;
                     __builtin_popcount(daemons) == (int)answers[answer].n && gaps < 1u << steps;
                     gaps++)
                        rekey_of_libreswan(answer, daemons, gaps, gap[_i % 2]);
        setup();
}
END_TEST

/* A daemon that was started anew between two reads: nobody saw it away. */
START_TEST(test_daemon_started_anew)
{
        bring_up_both();
        daemon_kind = DAEMON_LIBRESWAN;
        daemon_run = 2;
        put_ike(1, "libreswan", "there", IKE_ESTABLISHED, false);
        daemon_run = 1;
        remove_child(DAEMON_LIBRESWAN, TABLE_LOST);
        remove_ike_lost(DAEMON_LIBRESWAN);
        turn();
        ck_assert_uint_eq(lan_of(DAEMON_LIBRESWAN)->down_reason, REASON_DAEMON_GONE);
        check_ups(lan_of(DAEMON_LIBRESWAN), 1, 1);
}
END_TEST

/* Here is only libreswan: strongSwan's collector says "disabled", or "unsupported". */
START_TEST(test_one_daemon_alone)
{
        struct ipsec_sa sa = make_sa(0x1009, 7, IN);

        end();
        begin();
        daemon_kind = DAEMON_LIBRESWAN;
        put_collector("xfrm", COLLECTOR_UP);
        put_daemon(DAEMON_STRONGSWAN, _i == 0 ? COLLECTOR_DISABLED : COLLECTOR_UNSUPPORTED);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_DOWN); /* it has not been read */
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        bring_up(2, "gone", "lan", "there");
        turn();
        ck_assert_uint_eq(table_count(rows), 1); /* nothing is judged */
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_STATE_UNKNOWN);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        turn();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        ck_assert(get("net", "lan", 1)->fresh);
        ck_assert_str_eq(get("net", "lan", 1)->daemon, "libreswan");
        ck_assert_uint_eq(get("gone", "lan", 1)->state, TUNNEL_NOT_CONFIGURED);
        /* an SA waits to be claimed by it */
        sa.keying = KEYING_MANUAL;
        sa.add_time = now_wall();
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_ptr_null(find("manual", "7", 1));
        fake_loop_advance(loop, 4000);
        ck_assert_uint_eq(get("manual", "7", 1)->state, TUNNEL_UP);
        ck_assert_ptr_null(get("manual", "7", 1)->daemon);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_DOWN);
        turn();
        ck_assert(!get("net", "lan", 1)->fresh);
        ck_assert(get("manual", "7", 1)->fresh);
}
END_TEST

/* Both have a connection "net"; libreswan's has another key. */
START_TEST(test_negotiations_of_two_daemons)
{
        char second[KEY_MAX + 1];

        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        configure("net", "net", false, CHILD_START);
        daemon_kind = DAEMON_LIBRESWAN;
        key_of_second_name("net", "libreswan", second);
        configure_as(second, "net", second, "net", false, CHILD_START);
        put_ike(1, "net", NULL, IKE_CONNECTING, false);
        turn();
        ck_assert_uint_eq(get(second, second, 1)->state, TUNNEL_CONNECTING);
        ck_assert_uint_eq(get("net", "net", 1)->state, TUNNEL_DOWN);
        put_ike(1, "net", NULL, IKE_CONNECTING, true);
        turn();
        ck_assert_uint_eq(get(second, second, 1)->authentication_failures, 1);
        ck_assert_uint_eq(get("net", "net", 1)->authentication_failures, 0);
        remove_ike(1);
        turn();
        ck_assert_uint_eq(get(second, second, 1)->state, TUNNEL_DOWN);
}
END_TEST

/* A daemon claims SAs late: what was taken for manual keys goes, though policies have its reqid. */
START_TEST(test_claimed_late)
{
        struct policy policy;
        struct policy_template template;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = 8;
        ck_assert_int_eq(table_put(kernel_policies, &policy, TABLE_FROM_EVENT), 0);
        memset(&template, 0, sizeof(template));
        template.policy_type = SPD_MAIN;
        template.policy_index = 8;
        template.number = 1;
        template.reqid = 17;
        ck_assert_int_eq(
                table_put(store_table(store, &policy_template_type), &template, TABLE_FROM_EVENT),
                0);
        put_manual(0x1001, 17, IN);
        put_manual(0x2001, 17, OUT);
        turn();
        ck_assert_uint_eq(get("manual", "17", 1)->state, TUNNEL_UP);
        daemon_kind = DAEMON_LIBRESWAN;
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        configure("net", "net", false, CHILD_START);
        put_ike(1, "net", "there", IKE_ESTABLISHED, false);
        put_child(1, 1, "net", "net", 0, CHILD_SA_INSTALLED); /* it tells no reqid */
        turn();
        policy = *(const struct policy *)table_find(kernel_policies, &policy);
        policy.configured_policy_key = policy.configured_child_key = "net";
        ck_assert_int_eq(table_update(kernel_policies, &policy), 0);
        turn();
        ck_assert_uint_eq(get("net", "net", 1)->state, TUNNEL_UP);
        ck_assert_ptr_null(find("manual", "17", 1));
        ck_assert_str_eq(
                ((const struct policy *)table_find(kernel_policies, &policy))->tunnel_child_key,
                "net");
        check_pointers();
}
END_TEST

/* ---- another run of the agent ---- */

static char *kept;
static size_t kept_length;

static void save(void)
{
        FILE *out = open_memstream(&kept, &kept_length);
        struct tunnels_place place = { 0 };

        while (tunnels_save_next(tunnels, &place, out))
                fputc('\n', out);
        fclose(out);
}

static void restart(void)
{
        char *rest, *line;

        save();
        end();
        begin();
        rest = kept;
        while ((line = strsep(&rest, "\n")))
                if (*line)
                        ck_assert_int_eq(tunnels_restore(tunnels, line), 0);
        free(kept);
}

START_TEST(test_restart)
{
        uint64_t ups;

        configure("rw", "net", true, CHILD_NONE);
        configure("net", "lan%\t\n", false, CHILD_START);
        bring_up(1, "rw", "net", "alice \xc3\xa9");
        bring_up(2, "rw", "net", "bob");
        put_pair(1, 1, 5, 6);
        put_pair(2, 2, 10, 20);
        turn();
        leave(2, "rw", "bob");
        put_manual(0x3001, 99, IN);
        turn();
        ups = get("rw", "net", 1)->ups;
        restart();
        ck_assert_uint_eq(get("rw", "net", 0)->packets_in, 15);
        ck_assert_str_eq(get("rw", "net", 2)->remote_identity, "bob");
        ck_assert(!get("rw", "net", 1)->fresh);
        ck_assert_uint_eq(get("rw", "net", 1)->state, TUNNEL_UP);
        /* the SAs are still there, with more in them; then the daemon is read */
        put_pair(1, 1, 7, 8);
        turn();
        ck_assert_uint_eq(get("rw", "net", 1)->packets_in, 5);
        configure("rw", "net", true, CHILD_NONE);
        put_ike(1, "rw", "alice \xc3\xa9", IKE_ESTABLISHED, false);
        put_child(1, 1, "rw", "net", 1, CHILD_SA_INSTALLED);
        settle();
        turn();
        ck_assert_uint_eq(get("rw", "net", 1)->packets_in, 7);
        ck_assert_uint_eq(get("rw", "net", 1)->packets_out, 8);
        ck_assert_uint_eq(get("rw", "net", 0)->packets_in, 17);
        ck_assert_uint_eq(get("rw", "net", 0)->users, 1);
        check_ups(get("rw", "net", 1), ups, 0);
        check_ups(get("rw", "net", 2), 1, 1);
        ck_assert_uint_eq(get("rw", "net", 2)->state, TUNNEL_IDLE);
        fake_loop_advance(loop, 61000);
        ck_assert_ptr_null(find("net", "lan%\t\n", 1)); /* not configured any more */
        ck_assert_ptr_null(find("manual", "99", 1));
        /* again, and nothing is counted twice */
        restart();
        put_pair(1, 1, 7, 9);
        configure("rw", "net", true, CHILD_NONE);
        put_ike(1, "rw", "alice \xc3\xa9", IKE_ESTABLISHED, false);
        put_child(1, 1, "rw", "net", 1, CHILD_SA_INSTALLED);
        settle();
        turn();
        ck_assert_uint_eq(get("rw", "net", 1)->packets_in, 7);
        ck_assert_uint_eq(get("rw", "net", 1)->packets_out, 9);
        bring_up(5, "rw", "net", "carol");
        turn();
        ck_assert_str_eq(get("rw", "net", 3)->remote_identity, "carol");
}
END_TEST

/* No daemon answers, and the SAs go on: the tunnel is what it was. */
START_TEST(test_restart_without_daemon)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_pair(1, 1, 1, 1);
        turn();
        restart();
        put_pair(1, 1, 2, 2);
        put_collector("xfrm", COLLECTOR_UP);
        put_collector("strongswan", COLLECTOR_DOWN);
        fake_loop_advance(loop, 10000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        ck_assert(!get("net", "lan", 1)->fresh);
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 2);
        check_ups(get("net", "lan", 1), 1, 0);
        remove_pair(1, TABLE_FLUSHED);
        fake_loop_advance(loop, 2000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
        check_ups(get("net", "lan", 1), 1, 1);
}
END_TEST

/* One direction is left, and was not enough before. */
START_TEST(test_restart_with_one_direction)
{
        put_manual(0x1001, 17, IN);
        put_manual(0x2001, 17, OUT);
        turn();
        remove_sa(0x2001, OUT, TABLE_DELETED);
        turn();
        check_ups(get("manual", "17", 1), 1, 1);
        restart();
        put_manual(0x1001, 17, IN);
        settle();
        ck_assert_uint_eq(get("manual", "17", 1)->state, TUNNEL_DOWN);
        ck_assert_uint_eq(get("manual", "17", 1)->down_reason, REASON_DELETED_OUTSIDE);
        check_ups(get("manual", "17", 1), 1, 1);
}
END_TEST

START_TEST(test_went_while_away)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        turn();
        restart();
        configure("net", "lan", false, CHILD_START);
        settle();
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_DOWN);
        check_ups(get("net", "lan", 1), 1, 1);
}
END_TEST

/* libreswan's row stays as it was until libreswan has been read, whatever strongSwan says. */
START_TEST(test_restart_with_libreswan)
{
        put_daemon(DAEMON_STRONGSWAN, COLLECTOR_UNSUPPORTED);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        daemon_kind = DAEMON_LIBRESWAN;
        configure("net", "lan", false, CHILD_START);
        configure("old", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_pair(1, 1, 1, 1);
        turn();
        restart();
        put_pair(1, 1, 2, 2);
        put_collector("xfrm", COLLECTOR_UP);
        put_daemon(DAEMON_STRONGSWAN, _i == 0 ? COLLECTOR_UNSUPPORTED : COLLECTOR_UP);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_DOWN);
        fake_loop_advance(loop, 10000);
        ck_assert_uint_eq(get("net", "lan", 1)->state, TUNNEL_UP);
        ck_assert(!get("net", "lan", 1)->fresh);
        ck_assert_str_eq(get("net", "lan", 1)->daemon, "libreswan");
        ck_assert_uint_eq(get("net", "lan", 1)->packets_in, 2);
        ck_assert_uint_eq(get("old", "lan", 1)->state, TUNNEL_DOWN);
        configure("net", "lan", false, CHILD_START);
        put_ike(1, "net", "there", IKE_ESTABLISHED, false);
        put_child(1, 1, "net", "lan", 1, CHILD_SA_INSTALLED);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UP);
        turn();
        ck_assert(get("net", "lan", 1)->fresh);
        ck_assert_ptr_null(find("old", "lan", 1));
        check_ups(get("net", "lan", 1), 1, 0);
}
END_TEST

/* Who is not to be read any more tells nothing of what he had. */
START_TEST(test_restart_disabled)
{
        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_pair(1, 1, 1, 1);
        turn();
        restart();
        put_pair(1, 1, 2, 2);
        put_collector("xfrm", COLLECTOR_UP);
        put_daemon(DAEMON_STRONGSWAN, COLLECTOR_DISABLED);
        put_daemon(DAEMON_LIBRESWAN, COLLECTOR_UNSUPPORTED);
        turn();
        ck_assert_ptr_null(find("net", "lan", 1));
        for (uint32_t spi = 0x1001; spi <= 0x2001; spi += 0x1000) {
                struct ipsec_sa sa = *sa_of(spi);

                sa.keying = KEYING_MANUAL; /* as others see it now */
                ck_assert_int_eq(table_update(sas, &sa), 0);
        }
        fake_loop_advance(loop, 5000);
        ck_assert_uint_eq(get("manual", "1", 1)->state, TUNNEL_UP);
        check_pointers();
}
END_TEST

START_TEST(test_wrong_lines)
{
        size_t whole;
        char *line;

        configure("net", "lan", false, CHILD_START);
        bring_up(1, "net", "lan", "there");
        put_pair(1, 1, 1, 1);
        turn();
        save();
        whole = strcspn(kept, "\n");
        for (size_t n = 0; n < whole; n++) {
                line = strndup(kept, n);
                tunnels_restore(tunnels, line); /* no crash, no leak */
                free(line);
        }
        free(kept);
        ck_assert_int_lt(tunnels_restore(tunnels, ""), 0);
        ck_assert_int_lt(tunnels_restore(tunnels, "tunnel\tx"), 0);
        ck_assert_int_lt(tunnels_restore(tunnels, "future\tx"), 0);
        ck_assert_int_lt(tunnels_restore(tunnels, "gone\ta\tb\t-1"), 0);
        ck_assert_int_eq(tunnels_restore(tunnels, "gone\ta\tb\t1"), 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("tunnels");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_down_tunnel_is_there);
        tcase_add_test(tcase, test_idle_on_purpose);
        tcase_add_test(tcase, test_up_and_closed);
        tcase_add_test(tcase, test_closed_kernel_first);
        tcase_add_test(tcase, test_rekeys);
        tcase_add_test(tcase, test_rekey_told_late);
        tcase_add_test(tcase, test_rekey_in_any_order);
        tcase_add_test(tcase, test_rekeying_is_up);
        tcase_add_test(tcase, test_reauthentication);
        tcase_add_test(tcase, test_no_flap_within_a_turn);
        tcase_add_test(tcase, test_reasons_of_the_kernel);
        tcase_add_test(tcase, test_child_without_sas);
        tcase_add_test(tcase, test_connecting_and_failing);
        tcase_add_test(tcase, test_daemon_gone);
        tcase_add_test(tcase, test_daemon_stopped);
        tcase_add_test(tcase, test_not_configured);
        tcase_add_test(tcase, test_manual);
        tcase_add_test(tcase, test_manual_waits_for_the_daemon);
        tcase_add_test(tcase, test_reqid_of_a_trap);
        tcase_add_test(tcase, test_road_warriors);
        tcase_add_test(tcase, test_user_told_late);
        tcase_add_test(tcase, test_retention);
        tcase_add_test(tcase, test_maximum);
        tcase_add_test(tcase, test_becomes_road_warriors);
        tcase_add_test(tcase, test_traffic_before_owner);
        tcase_add_test(tcase, test_errors_and_ipcomp);
        tcase_add_test(tcase, test_one_way);
        tcase_add_test(tcase, test_duplicates);
        tcase_add_test(tcase, test_gauges);
        tcase_add_test(tcase, test_failures_are_counted_once);
        tcase_add_test(tcase, test_many);
        tcase_add_test(tcase, test_restart);
        tcase_add_test(tcase, test_restart_without_daemon);
        tcase_add_test(tcase, test_restart_with_one_direction);
        tcase_add_test(tcase, test_went_while_away);
        tcase_add_test(tcase, test_wrong_lines);
        tcase_add_loop_test(tcase, test_one_daemon_gone, 0, 2);
        tcase_add_test(tcase, test_both_daemons_gone);
        tcase_add_test(tcase, test_rekey_between_answers);
        tcase_add_loop_test(tcase, test_rekey_before_an_answer, 0, 2);
        tcase_add_loop_test(tcase, test_rekey_of_libreswan_in_any_order, 0,
                            2 * (int)(sizeof(answers) / sizeof(answers[0])));
        tcase_add_test(tcase, test_daemon_started_anew);
        tcase_add_loop_test(tcase, test_one_daemon_alone, 0, 2);
        tcase_add_test(tcase, test_negotiations_of_two_daemons);
        tcase_add_test(tcase, test_claimed_late);
        tcase_add_loop_test(tcase, test_restart_with_libreswan, 0, 2);
        tcase_add_test(tcase, test_restart_disabled);
        return run_suite("tunnels", tcase);
}
