/* Whose SAs, policies and IKE SAs are: what the IKE daemon's rows make of the kernel's. */
#include "fake_loop.h"
#include "joins/ike_sas.h"
#include "joins/rule_owners.h"
#include "joins/sa_owners.h"
#include "suite.h"
#include "tables/child_sa.h"
#include "tables/collector_row.h"
#include "tables/configured_policy.h"
#include "tables/policy_template.h"

#include <string.h>

#define NOW 1795500116
#define OUT 0x101
#define IN 0x108

static struct loop *loop;
static struct store *store;
static struct sa_owners *sa_owners;
static struct rule_owners *rule_owners;
static struct ike_sas *ike_sas;
static struct table *sas, *policies, *templates, *children, *ike_rows, *ike_policies, *configured,
        *collectors;

static void setup(void)
{
        loop = fake_loop_new(NOW);
        store = store_new();
        sa_owners = sa_owners_new(store, loop);
        rule_owners = rule_owners_new(store, loop);
        ike_sas = ike_sas_new(store, loop);
        sas = store_table(store, &ipsec_sa_type);
        policies = store_table(store, &policy_type);
        templates = store_table(store, &policy_template_type);
        children = store_table(store, &child_sa_type);
        ike_rows = store_table(store, &ike_sa_type);
        ike_policies = store_table(store, &ike_policy_type);
        configured = store_table(store, &configured_policy_type);
        collectors = store_table(store, &collector_row_type);
}

static void teardown(void)
{
        ike_sas_free(ike_sas);
        rule_owners_free(rule_owners);
        sa_owners_free(sa_owners);
        store_free(store);
        fake_loop_free(loop);
}

static void turn(void)
{
        fake_loop_advance(loop, 1);
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static void put_collector(const char *key, uint8_t state)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = key;
        row.state = state;
        ck_assert_int_eq(table_put(collectors, &row, TABLE_FROM_EVENT), 0);
        turn();
}

static void put_sa(uint32_t spi, uint8_t protocol, uint32_t reqid, uint8_t direction)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = protocol;
        sa.source = address(direction == DIRECTION_OUTBOUND ? "192.0.2.1" : "192.0.2.2");
        sa.destination = address(direction == DIRECTION_OUTBOUND ? "192.0.2.2" : "192.0.2.1");
        sa.reqid = reqid;
        sa.mode = MODE_TUNNEL;
        sa.state = SA_MATURE;
        sa.direction = direction;
        sa.add_time = NOW;
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
        turn();
}

static const struct ipsec_sa *sa_of(uint32_t spi)
{
        const struct ipsec_sa *sa = table_next(sas, &sa_by_spi_type, &spi, 1, false);

        ck_assert(sa && sa->spi == spi);
        return sa;
}

static struct ike_sa make_ike_sa(uint32_t id, const char *name)
{
        struct ike_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon_run = 1;
        row.daemon_id = id;
        row.state = IKE_ESTABLISHED;
        row.policy_name = name;
        return row;
}

static void put_ike_sa(uint32_t id, const char *name)
{
        struct ike_sa row = make_ike_sa(id, name);

        ck_assert_int_eq(table_put(ike_rows, &row, TABLE_FROM_EVENT), 0);
        turn();
}

static const struct ike_sa *ike_sa_of(uint32_t id)
{
        struct ike_sa row = make_ike_sa(id, NULL);
        const struct ike_sa *found = table_find(ike_rows, &row);

        ck_assert_ptr_nonnull(found);
        return found;
}

static struct child_sa make_child(uint32_t id, uint32_t ike_id, uint32_t reqid, uint32_t in,
                                  uint32_t out)
{
        struct child_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon_run = 1;
        row.daemon_id = id;
        row.ike_id = ike_id;
        row.reqid = reqid;
        row.spi_in = in;
        row.spi_out = out;
        row.protocol = PROTOCOL_ESP;
        row.state = CHILD_SA_INSTALLED;
        row.policy_key = row.policy_name = "gw";
        row.child_key = row.child_name = "net";
        return row;
}

static void put_child(uint32_t id, uint32_t ike_id, uint32_t reqid, uint32_t in, uint32_t out)
{
        struct child_sa row = make_child(id, ike_id, reqid, in, out);

        ck_assert_int_eq(table_put(children, &row, TABLE_FROM_EVENT), 0);
        turn();
}

static void remove_child(uint32_t id)
{
        struct child_sa row = make_child(id, 0, 0, 0, 0);

        ck_assert(table_remove(children, &row, TABLE_DELETED));
}

static void put_ike_policy(const char *name, const char *method, const char *local)
{
        struct ike_policy row;

        memset(&row, 0, sizeof(row));
        row.key = row.name = name;
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.local_auth_method = row.remote_auth_method = method;
        row.local_addresses = local;
        row.remote_addresses = "192.0.2.2";
        ck_assert_int_eq(table_put(ike_policies, &row, TABLE_FROM_EVENT), 0);
        turn();
}

static const struct ike_policy *ike_policy_of(const char *name)
{
        struct ike_policy row;

        memset(&row, 0, sizeof(row));
        row.key = name;
        return table_find(ike_policies, &row);
}

static struct configured_policy make_configured(const char *child, const char *local,
                                                const char *remote, uint8_t kind, bool trapped)
{
        struct configured_policy row;

        memset(&row, 0, sizeof(row));
        row.policy_key = row.policy_name = "gw";
        row.child_key = row.child_name = child;
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon = "strongswan";
        row.kind = kind;
        row.local_selectors = local;
        row.remote_selectors = remote;
        row.trapped = trapped;
        row.fresh = true;
        return row;
}

static void put_configured(const char *child, const char *local, const char *remote, uint8_t kind,
                           bool trapped)
{
        struct configured_policy row = make_configured(child, local, remote, kind, trapped);

        ck_assert_int_eq(table_put(configured, &row, TABLE_FROM_EVENT), 0);
        turn();
}

static const struct configured_policy *configured_of(const char *child)
{
        struct configured_policy row = make_configured(child, NULL, NULL, 0, false);

        return table_find(configured, &row);
}

static void put_policy(uint32_t index, uint8_t direction, uint8_t kind, const char *from,
                       const char *to, uint32_t reqid)
{
        struct policy_template template;
        struct policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = index;
        policy.direction = direction;
        policy.kind = kind;
        policy.action = reqid ? RULE_MANUAL_KEY : kind == RULE_BYPASS ? RULE_PASS : RULE_DISCARD;
        policy.source = address(from);
        policy.destination = address(to);
        policy.name = "xfrm-of-the-collector";
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
        memset(&template, 0, sizeof(template));
        template.policy_type = SPD_MAIN;
        template.policy_index = index;
        template.number = 1;
        template.reqid = reqid;
        if (reqid)
                ck_assert_int_eq(table_put(templates, &template, TABLE_FROM_EVENT), 0);
        turn();
}

static const struct policy *policy_of(uint32_t index)
{
        const uint32_t oid[] = { SPD_MAIN, index };

        return table_at(policies, &policy_type, oid, 2);
}

/* ---- SAs ---- */

START_TEST(manual_without_daemons)
{
        put_collector("strongswan", COLLECTOR_UNSUPPORTED);
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_MANUAL);
        ck_assert_uint_eq(sa_of(0x1001)->ike_sa, 0);
}
END_TEST

/* As long as a daemon has not been asked nobody knows; and it may tell of an SA a moment later. */
START_TEST(unknown_until_the_daemon_told)
{
        put_collector("strongswan", COLLECTOR_DOWN);
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_UNKNOWN);
        put_collector("strongswan", COLLECTOR_UP);
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_UNKNOWN);
        fake_loop_advance(loop, 5000);
        turn();
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_MANUAL);
}
END_TEST

START_TEST(sas_of_a_child)
{
        put_collector("strongswan", COLLECTOR_UP);
        put_ike_sa(4, "gw");
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        put_sa(0x1002, PROTOCOL_ESP, 7, DIRECTION_INBOUND);
        put_sa(0x12, PROTOCOL_IPCOMP, 7, DIRECTION_INBOUND);
        put_child(9, 4, 7, 0x1002, 0x1001);
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_IKE);
        ck_assert_uint_eq(sa_of(0x1002)->keying, KEYING_IKE);
        ck_assert_uint_eq(sa_of(0x12)->keying, KEYING_IKE);
        ck_assert_uint_eq(sa_of(0x1001)->ike_sa, ike_sa_of(4)->index);
        ck_assert_uint_eq(sa_of(0x12)->ike_sa, ike_sa_of(4)->index);
        ck_assert_uint_eq(ike_sa_of(4)->child_sas, 1);
}
END_TEST

/* The same number in the other direction, or of another reqid, is another SA. */
START_TEST(same_spi_elsewhere)
{
        put_collector("strongswan", COLLECTOR_UP);
        put_ike_sa(4, "gw");
        put_child(9, 4, 7, 0x1002, 0x1001);
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_INBOUND);
        put_sa(0x1002, PROTOCOL_ESP, 8, DIRECTION_INBOUND);
        fake_loop_advance(loop, 6000);
        turn();
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_MANUAL);
        ck_assert_uint_eq(sa_of(0x1002)->keying, KEYING_MANUAL);
}
END_TEST

static void libreswan_answers(void)
{
        struct collector_row row;
        struct moment now;

        loop->now(loop, &now);
        memset(&row, 0, sizeof(row));
        row.key = "libreswan";
        row.state = COLLECTOR_UP;
        row.last_success = now.wall;
        row.duration = 3000000;
        ck_assert_int_eq(table_put(collectors, &row, TABLE_FROM_EVENT), 0);
        turn();
}

/* It tells nothing unasked: until it was asked since, nobody knows whose an SA is. */
START_TEST(test_libreswan_is_asked_later)
{
        put_collector("strongswan", COLLECTOR_UNSUPPORTED);
        libreswan_answers();
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        fake_loop_advance(loop, 2000);
        libreswan_answers(); /* it was asked before */
        fake_loop_advance(loop, 18000);
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_UNKNOWN);
        if (_i == 0)
                libreswan_answers();
        else
                fake_loop_advance(loop, 80000); /* and is not asked again */
        fake_loop_advance(loop, 5000);
        ck_assert_uint_eq(sa_of(0x1001)->keying, KEYING_MANUAL);
}
END_TEST

/* No turn of the loop lies between: a pointer never dangles. */
START_TEST(no_pointer_dangles)
{
        struct ike_sa gone = make_ike_sa(4, "gw");

        put_collector("strongswan", COLLECTOR_UP);
        put_ike_sa(4, "gw");
        put_child(9, 4, 7, 0x1002, 0x1001);
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        ck_assert_uint_ne(sa_of(0x1001)->ike_sa, 0);
        ck_assert(table_remove(ike_rows, &gone, TABLE_DELETED));
        ck_assert_uint_eq(sa_of(0x1001)->ike_sa, 0);
        put_ike_sa(4, "gw");
        ck_assert_uint_ne(sa_of(0x1001)->ike_sa, 0);
        remove_child(9);
        ck_assert_uint_eq(sa_of(0x1001)->ike_sa, 0);
}
END_TEST

START_TEST(children_move_to_a_successor)
{
        put_collector("strongswan", COLLECTOR_UP);
        put_ike_sa(4, "gw");
        put_child(9, 4, 7, 0x1002, 0x1001);
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        put_ike_sa(5, "gw");
        put_child(9, 5, 7, 0x1002, 0x1001);
        ck_assert_uint_eq(sa_of(0x1001)->ike_sa, ike_sa_of(5)->index);
        ck_assert_uint_eq(ike_sa_of(4)->child_sas, 0);
        ck_assert_uint_eq(ike_sa_of(5)->child_sas, 1);
}
END_TEST

/* ---- IKE SAs and their policies ---- */

START_TEST(ike_sas_of_a_policy)
{
        struct ike_policy gone;
        struct ike_sa row = make_ike_sa(4, "gw");

        put_ike_sa(4, NULL);
        ck_assert_ptr_null(ike_sa_of(4)->policy_key);
        put_ike_policy("gw", "PSK", "192.0.2.1");
        put_ike_policy("other", "PUBKEY", "192.0.2.1");
        put_ike_sa(4, "gw");
        put_ike_sa(5, "gw");
        put_ike_sa(6, "nobody");
        ck_assert_str_eq(ike_sa_of(4)->policy_key, "gw");
        ck_assert_str_eq(ike_sa_of(4)->auth_record, "gw");
        ck_assert_str_eq(ike_sa_of(4)->local_auth_method, "PSK");
        ck_assert_ptr_null(ike_sa_of(6)->policy_key);
        ck_assert_uint_eq(ike_policy_of("gw")->ike_sas, 2);
        ck_assert_uint_eq(ike_policy_of("other")->ike_sas, 0);
        put_ike_policy("gw", "EAP-TLS", "192.0.2.1");
        ck_assert_str_eq(ike_sa_of(5)->local_auth_method, "EAP-TLS");
        ck_assert(table_remove(ike_rows, &row, TABLE_DELETED));
        ck_assert_uint_eq(ike_policy_of("gw")->ike_sas, 1);
        memset(&gone, 0, sizeof(gone));
        gone.key = "gw";
        ck_assert(table_remove(ike_policies, &gone, TABLE_LOST));
        ck_assert_ptr_null(ike_sa_of(5)->policy_key);
        put_ike_policy("gw", "PSK", "192.0.2.1");
        ck_assert_str_eq(ike_sa_of(5)->policy_key, "gw");
        ck_assert_uint_eq(ike_policy_of("gw")->ike_sas, 1);
}
END_TEST

/* ---- policies ---- */

START_TEST(policies_of_a_child)
{
        put_collector("strongswan", COLLECTOR_UP);
        put_configured("net", "10.1.0.0/16", "10.2.0.0/16", RULE_TUNNEL, false);
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_TUNNEL, "10.1.0.0/16", "10.2.0.0/16", 7);
        put_policy(IN, DIRECTION_INBOUND, RULE_TUNNEL, "10.2.0.0/16", "10.1.0.0/16", 7);
        ck_assert_str_eq(policy_of(OUT)->name, "xfrm-257");
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_MANUAL);
        ck_assert_uint_eq(policy_of(OUT)->action, RULE_MANUAL_KEY);
        put_child(9, 4, 7, 0x1002, 0x1001);
        ck_assert_str_eq(policy_of(OUT)->name, "net");
        ck_assert_str_eq(policy_of(IN)->name, "net");
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_DAEMON);
        ck_assert_str_eq(policy_of(OUT)->daemon, "strongswan");
        ck_assert_uint_eq(policy_of(OUT)->action, RULE_DYNAMIC_KEY);
        ck_assert_str_eq(policy_of(OUT)->configured_child_key, "net");
        ck_assert_uint_eq(configured_of("net")->policies, 2);
        ck_assert(configured_of("net")->installed);
        remove_child(9);
        turn();
        ck_assert_str_eq(policy_of(OUT)->name, "xfrm-257");
        ck_assert_uint_eq(policy_of(OUT)->action, RULE_MANUAL_KEY);
        ck_assert_uint_eq(configured_of("net")->policies, 0);
}
END_TEST

/* Nothing but the selector tells of a trap, or a shunt: whose it is. */
/* libreswan tells SPIs, and no reqid. */
START_TEST(policies_without_reqid)
{
        struct child_sa row = make_child(9, 4, 0, 0x1002, 0x1001);
        const struct ipsec_sa *sa;

        row.daemon_kind = DAEMON_LIBRESWAN;
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_TUNNEL, "10.1.0.0/16", "10.2.0.0/16", 7);
        put_sa(0x1001, PROTOCOL_ESP, 7, DIRECTION_OUTBOUND);
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_MANUAL);
        table_put(children, &row, TABLE_FROM_EVENT);
        turn();
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_DAEMON);
        ck_assert_uint_eq(policy_of(OUT)->action, RULE_DYNAMIC_KEY);
        ck_assert_str_eq(policy_of(OUT)->name, "net");
        ck_assert_str_eq(policy_of(OUT)->daemon, "libreswan");
        /* The SA goes first, then the other one comes after its child. */
        sa = sa_of(0x1001);
        table_remove(sas, sa, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_MANUAL);
        put_sa(0x1002, PROTOCOL_ESP, 7, DIRECTION_INBOUND);
        turn();
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_DAEMON);
        table_remove(children, &row, TABLE_DELETED);
        turn();
        ck_assert_uint_eq(policy_of(OUT)->owner, OWNER_MANUAL);
}
END_TEST

/* Two daemons have a connection of one name: each IKE SA leads to its own daemon's. */
START_TEST(two_daemons)
{
        struct ike_sa row = make_ike_sa(4, "gw");
        struct ike_policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.key = policy.name = "gw";
        policy.daemon_kind = DAEMON_STRONGSWAN;
        table_put(ike_policies, &policy, TABLE_FROM_EVENT);
        policy.key = "gw@libreswan";
        policy.daemon_kind = DAEMON_LIBRESWAN;
        policy.local_auth_method = "PSK";
        table_put(ike_policies, &policy, TABLE_FROM_EVENT);
        put_ike_sa(4, "gw");
        row.daemon_kind = DAEMON_LIBRESWAN;
        row.daemon = "libreswan";
        table_put(ike_rows, &row, TABLE_FROM_EVENT);
        turn();
        ck_assert_str_eq(((const struct ike_sa *)table_find(ike_rows, &row))->policy_key,
                         "gw@libreswan");
        row = make_ike_sa(4, "gw");
        ck_assert_str_eq(((const struct ike_sa *)table_find(ike_rows, &row))->policy_key, "gw");
}
END_TEST

START_TEST(policies_by_their_selectors)
{
        put_ike_policy("gw", "PSK", "192.0.2.1, %any");
        put_configured("trap", "10.1.0.0/16, 10.3.0.0/16", "10.2.0.0/16", RULE_TUNNEL, true);
        put_configured("host", "dynamic", "dynamic[6/23]", RULE_HOST, true);
        put_configured("smtp", "dynamic", "0.0.0.0/0[6/25]", RULE_HOST, true);
        put_configured("lan", "2001:db8::/64", "2001:db8::/64", RULE_BYPASS, true);
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_TUNNEL, "10.3.0.0/16", "10.2.0.0/16", 7);
        put_policy(IN, DIRECTION_INBOUND, RULE_TUNNEL, "10.2.0.0/16", "10.3.0.0/16", 7);
        put_policy(0x111, DIRECTION_OUTBOUND, RULE_BYPASS, "2001:db8::/64", "2001:db8::/64", 0);
        put_policy(0x119, DIRECTION_OUTBOUND, RULE_TUNNEL, "2001:db8::/64", "2001:db8::/64", 8);
        ck_assert_str_eq(policy_of(OUT)->name, "trap");
        ck_assert_uint_eq(policy_of(OUT)->action, RULE_DYNAMIC_KEY);
        ck_assert_str_eq(policy_of(IN)->name, "trap");
        ck_assert_str_eq(policy_of(0x111)->name, "lan");
        ck_assert_uint_eq(policy_of(0x111)->action, RULE_PASS);
        ck_assert_str_eq(policy_of(0x119)->name, "xfrm-281"); /* another kind of rule */
        put_configured("trap", "10.1.0.0/16, 10.3.0.0/16", "10.2.0.0/16", RULE_TUNNEL, false);
        ck_assert_str_eq(policy_of(OUT)->name, "xfrm-257");
}
END_TEST

START_TEST(dynamic_selectors)
{
        struct policy policy;

        put_ike_policy("gw", "PSK", "192.0.2.1, %any");
        put_configured("host", "dynamic", "dynamic[6/23]", RULE_HOST, true);
        put_configured("smtp", "dynamic", "0.0.0.0/0[6/25]", RULE_HOST, true);
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_HOST, "192.0.2.1/32", "192.0.2.2/32", 7);
        put_policy(0x111, DIRECTION_OUTBOUND, RULE_HOST, "0.0.0.0/0", "0.0.0.0/0", 0);
        ck_assert_str_eq(policy_of(OUT)->name, "xfrm-257"); /* no protocol, no port */
        policy = *policy_of(OUT);
        policy.protocol = 6;
        policy.destination_port = 23;
        policy.destination_port_mask = UINT16_MAX;
        policy.add_time++;
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
        policy = *policy_of(0x111);
        policy.protocol = 6;
        policy.destination_port = 25;
        policy.destination_port_mask = UINT16_MAX;
        policy.add_time++;
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_str_eq(policy_of(OUT)->name, "host");
        ck_assert_str_eq(policy_of(0x111)->name, "smtp");
        ck_assert_uint_eq(policy_of(0x111)->action, RULE_DISCARD);
}
END_TEST

/* The kernel has masks and networks; ranges become the least of them that hold the range. */
START_TEST(ranges_and_icmp)
{
        static const struct {
                const char *local, *remote, *from, *to;
                uint8_t protocol;
                uint16_t port, mask, peer_port, peer_mask;
        } cases[] = {
                { "192.0.2.1/32[6/23]", "192.0.2.2/32[6/1024-2048]", "192.0.2.1/32", "192.0.2.2/32",
                  6, 23, 0xffff, 0, 0xf000 },
                { "192.0.2.1/32[17/4096-4351]", "192.0.2.2/32[17]", "192.0.2.1/32", "192.0.2.2/32",
                  17, 0x1000, 0xff00, 0, 0 },
                { "10.4.0.1..10.4.0.9", "2001:db8::1..2001:db8::ff[6]", "10.4.0.0/28",
                  "2001:db8::/120", 6, 0, 0, 0, 0 },
                { "192.0.2.1/32[6/OPAQUE]", "0.0.0.0..255.255.255.255[6/0-65535]", "192.0.2.1/32",
                  "0.0.0.0/0", 6, 0, 0, 0, 0 },
                { "192.0.2.1/32[1/8]", "192.0.2.2/32[1/8]", "192.0.2.1/32", "192.0.2.2/32", 1, 8,
                  0xffff, 0, 0 },
                { "2001:db8::/64[58/1(4)]", "2001:db8::/64[58/1(4)]", "2001:db8::/64",
                  "2001:db8::/64", 58, 1, 0xffff, 4, 0xffff },
        };
        struct policy policy;

        put_ike_policy("gw", "PSK", "192.0.2.1");
        put_configured("range", cases[_i].local, cases[_i].remote, RULE_HOST, true);
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_HOST, cases[_i].from, cases[_i].to, 7);
        policy = *policy_of(OUT);
        policy.protocol = cases[_i].protocol;
        policy.source_port = cases[_i].port;
        policy.source_port_mask = cases[_i].mask;
        policy.destination_port = cases[_i].peer_port;
        policy.destination_port_mask = cases[_i].peer_mask;
        policy.add_time++;
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_str_eq(policy_of(OUT)->name, "range");
        policy = *policy_of(OUT);
        policy.source_port ^= 1; /* another one */
        policy.add_time++;
        policy.source_port_mask = 0xffff;
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
        turn();
        ck_assert_str_eq(policy_of(OUT)->name, "xfrm-257");
}
END_TEST

/* Somebody else took the policies away: the daemon goes on saying that all is well. */
START_TEST(drift)
{
        const struct policy *policy;

        put_collector("strongswan", COLLECTOR_UP);
        put_configured("net", "10.1.0.0/16", "10.2.0.0/16", RULE_TUNNEL, false);
        put_child(9, 4, 7, 0x1002, 0x1001);
        ck_assert(!configured_of("net")->drift); /* nobody has read the kernel yet */
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_TUNNEL, "10.1.0.0/16", "10.2.0.0/16", 7);
        put_collector("xfrm", COLLECTOR_UP);
        ck_assert(!configured_of("net")->drift);
        policy = policy_of(OUT);
        ck_assert(table_remove(policies, policy, TABLE_FLUSHED));
        ck_assert(configured_of("net")->drift);
        ck_assert(!configured_of("net")->installed);
        remove_child(9); /* down is not drifting */
        ck_assert(!configured_of("net")->drift);
}
END_TEST

START_TEST(configured_no_more)
{
        struct configured_policy gone = make_configured("net", NULL, NULL, 0, false);

        put_configured("net", "10.1.0.0/16", "10.2.0.0/16", RULE_TUNNEL, false);
        put_child(9, 4, 7, 0x1002, 0x1001);
        put_policy(OUT, DIRECTION_OUTBOUND, RULE_TUNNEL, "10.1.0.0/16", "10.2.0.0/16", 7);
        ck_assert_str_eq(policy_of(OUT)->configured_child_key, "net");
        ck_assert(table_remove(configured, &gone, TABLE_LOST));
        ck_assert_ptr_null(policy_of(OUT)->configured_child_key);
        turn();
        ck_assert_str_eq(policy_of(OUT)->name, "net"); /* it is up all the same */
        ck_assert_ptr_null(policy_of(OUT)->configured_child_key);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("owners");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, test_libreswan_is_asked_later, 0, 2);
        tcase_add_test(tcase, manual_without_daemons);
        tcase_add_test(tcase, unknown_until_the_daemon_told);
        tcase_add_test(tcase, sas_of_a_child);
        tcase_add_test(tcase, same_spi_elsewhere);
        tcase_add_test(tcase, no_pointer_dangles);
        tcase_add_test(tcase, children_move_to_a_successor);
        tcase_add_test(tcase, ike_sas_of_a_policy);
        tcase_add_test(tcase, policies_of_a_child);
        tcase_add_test(tcase, policies_without_reqid);
        tcase_add_test(tcase, two_daemons);
        tcase_add_test(tcase, policies_by_their_selectors);
        tcase_add_test(tcase, dynamic_selectors);
        tcase_add_loop_test(tcase, ranges_and_icmp, 0, 6);
        tcase_add_test(tcase, drift);
        tcase_add_test(tcase, configured_no_more);
        return run_suite("owners", tcase);
}
