/* Policies and their SAs: who serves whom, and what a change makes of it. */
#include "fake_loop.h"
#include "joins/directions.h"
#include "joins/rules.h"
#include "suite.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"
#include "tables/policy_template.h"

#include <stdio.h>
#include <string.h>

#define OUT 0x101
#define IN 0x108
#define FORWARD 0x112

static struct loop *loop;
static struct store *store;
static struct rules *rules;
static struct directions *directions;
static struct table *sas, *policies, *templates;

static void setup(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        rules = rules_new(store, loop);
        directions = directions_new(store, loop);
        sas = store_table(store, &ipsec_sa_type);
        policies = store_table(store, &policy_type);
        templates = store_table(store, &policy_template_type);
}

static void teardown(void)
{
        directions_free(directions);
        rules_free(rules);
        store_free(store);
        fake_loop_free(loop);
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static struct ipsec_sa make_sa(uint32_t spi, const char *from, const char *to, uint32_t reqid,
                               uint8_t mode)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        sa.source = address(from);
        sa.destination = address(to);
        sa.reqid = reqid;
        sa.mode = mode;
        sa.state = SA_MATURE;
        sa.told_direction = sa.direction = DIRECTION_UNKNOWN;
        return sa;
}

static void put_sa(uint32_t spi, const char *from, const char *to, uint32_t reqid, uint8_t mode)
{
        struct ipsec_sa sa = make_sa(spi, from, to, reqid, mode);

        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
}

static void put_policy(uint32_t index, uint8_t direction, const char *from, const char *to)
{
        struct policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = index;
        policy.direction = direction;
        policy.source = address(from);
        policy.destination = address(to);
        ck_assert_int_eq(table_put(policies, &policy, TABLE_FROM_EVENT), 0);
}

static void put_template(uint32_t index, uint32_t number, const char *from, const char *to,
                         uint32_t reqid, uint8_t level)
{
        struct policy_template template;

        memset(&template, 0, sizeof(template));
        template.policy_type = SPD_MAIN;
        template.policy_index = index;
        template.number = number;
        template.protocol = PROTOCOL_ESP;
        template.mode = *from ? MODE_TUNNEL : MODE_TRANSPORT;
        template.level = level;
        template.source = address(from);
        template.destination = address(to);
        template.reqid = reqid;
        ck_assert_int_eq(table_put(templates, &template, TABLE_FROM_EVENT), 0);
}

/* A tunnel between two nets, as an IKE daemon or a person sets it up: three policies, one reqid. */
static void put_tunnel_policies(void)
{
        put_policy(OUT, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        put_template(OUT, 1, "192.0.2.1", "192.0.2.2", 7, LEVEL_REQUIRED);
        put_policy(IN, DIRECTION_INBOUND, "10.2.0.0/16", "10.1.0.0/16");
        put_template(IN, 1, "192.0.2.2", "192.0.2.1", 7, LEVEL_REQUIRED);
        put_policy(FORWARD, DIRECTION_FORWARD, "10.2.0.0/16", "10.1.0.0/16");
        put_template(FORWARD, 1, "192.0.2.2", "192.0.2.1", 7, LEVEL_REQUIRED);
}

static void put_tunnel_sas(void)
{
        put_sa(0x1001, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);
        put_sa(0x1002, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);
}

static const struct ipsec_sa *sa_of(uint32_t spi)
{
        const struct ipsec_sa *sa = table_next(sas, &sa_by_spi_type, &spi, 1, false);

        fake_loop_advance(loop, 1);
        ck_assert(sa && sa->spi == spi);
        return sa;
}

static const struct policy *policy_at(uint32_t index)
{
        const uint32_t oid[] = { SPD_MAIN, index };

        fake_loop_advance(loop, 1);
        return table_at(policies, &policy_type, oid, 2);
}

static void check_tunnel(void)
{
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
        ck_assert_uint_eq(policy_at(IN)->state, POLICY_READY);
        ck_assert_uint_eq(policy_at(OUT)->cookie, OUT);
        ck_assert_uint_eq(sa_of(0x1001)->direction, DIRECTION_OUTBOUND);
        ck_assert_uint_eq(sa_of(0x1002)->direction, DIRECTION_INBOUND);
        ck_assert_uint_eq(sa_of(0x1001)->policy_cookie, OUT);
        ck_assert_uint_eq(sa_of(0x1002)->policy_cookie, IN);
        ck_assert_uint_eq(sa_of(0x1001)->partner, sa_of(0x1002)->index);
        ck_assert_uint_eq(sa_of(0x1002)->partner, sa_of(0x1001)->index);
}

START_TEST(test_policies_first)
{
        put_tunnel_policies();
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_INITIAL);
        ck_assert_uint_eq(policy_at(OUT)->cookie, 0);
        put_tunnel_sas();
        check_tunnel();
}
END_TEST

START_TEST(test_sas_first)
{
        put_tunnel_sas();
        ck_assert_uint_eq(sa_of(0x1001)->direction, DIRECTION_UNKNOWN);
        put_tunnel_policies();
        check_tunnel();
}
END_TEST

START_TEST(test_gone)
{
        struct ipsec_sa gone = make_sa(0x1002, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);
        struct policy out = { .type = SPD_MAIN, .index = OUT };

        put_tunnel_policies();
        put_tunnel_sas();
        check_tunnel();
        ck_assert(table_remove(sas, &gone, TABLE_DELETED));
        ck_assert_uint_eq(
                ((const struct ipsec_sa *)table_next(sas, &ipsec_sa_type, NULL, 0, false))->partner,
                0); /* at once */
        ck_assert_uint_eq(policy_at(IN)->state, POLICY_INITIAL);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
        ck_assert(table_remove(policies, &out, TABLE_DELETED));
        ck_assert_uint_eq(sa_of(0x1001)->policy_cookie, 0);
        ck_assert_uint_eq(sa_of(0x1001)->direction, DIRECTION_UNKNOWN);
}
END_TEST

/* The newest SA of the other direction is the partner, also while the old one still lives. */
START_TEST(test_rekey)
{
        struct ipsec_sa gone = make_sa(0x2002, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);
        const struct ipsec_sa *old;

        put_tunnel_policies();
        put_tunnel_sas();
        put_sa(0x2001, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);
        put_sa(0x2002, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);
        ck_assert_uint_eq(sa_of(0x2001)->partner, sa_of(0x2002)->index);
        old = sa_of(0x1001);
        ck_assert_uint_eq(old->partner, sa_of(0x2002)->index);
        ck_assert(table_remove(sas, &gone, TABLE_DELETED));
        ck_assert_uint_eq(old->partner, 0); /* at once, though it was not the other's partner */
}
END_TEST

START_TEST(test_pending)
{
        struct ipsec_sa acquire = make_sa(0, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);

        put_tunnel_policies();
        acquire.state = SA_LARVAL;
        acquire.acquire_sequence = 1;
        ck_assert_int_eq(table_put(sas, &acquire, TABLE_FROM_EVENT), 0);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_PENDING);
        ck_assert_uint_eq(policy_at(OUT)->pending_acquires, 1);
        ck_assert(table_remove(sas, &acquire, TABLE_EXPIRED));
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_INITIAL);
        ck_assert_uint_eq(policy_at(OUT)->pending_acquires, 0);
}
END_TEST

/* In transport mode the ends are the packets': hosts, or all that a selector takes in. */
START_TEST(test_transport)
{
        put_policy(OUT, DIRECTION_OUTBOUND, "192.0.2.1/32", "192.0.2.0/24");
        put_template(OUT, 1, "", "", 9, LEVEL_REQUIRED);
        put_sa(0x1001, "192.0.2.1", "192.0.2.77", 9, MODE_TRANSPORT);
        put_sa(0x1003, "192.0.2.1", "198.51.100.1", 9, MODE_TRANSPORT);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
        ck_assert_uint_eq(sa_of(0x1001)->policy_cookie, OUT);
        ck_assert_uint_eq(sa_of(0x1003)->policy_cookie, 0);
}
END_TEST

START_TEST(test_optional_template)
{
        put_policy(OUT, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        put_template(OUT, 1, "192.0.2.1", "192.0.2.2", 7, LEVEL_REQUIRED);
        put_template(OUT, 2, "192.0.2.1", "192.0.2.2", 8, LEVEL_USE);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_INITIAL);
        put_tunnel_sas();
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
}
END_TEST

START_TEST(test_other_mark_or_interface)
{
        struct ipsec_sa sa = make_sa(0x1001, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);

        put_tunnel_policies();
        sa.if_id = 42;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_INITIAL);
        sa.spi = 0x1003;
        sa.if_id = 0;
        sa.mark = sa.mark_mask = 5;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_INITIAL);
}
END_TEST

START_TEST(test_no_templates)
{
        put_policy(OUT, DIRECTION_OUTBOUND, "10.1.0.0/16", "0.0.0.0/0");
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
        ck_assert_uint_eq(policy_at(OUT)->cookie, 0);
}
END_TEST

/* Behind the template of a tunnel (here it would be IPComp's) the ends are the tunnel's. */
START_TEST(test_bundle)
{
        put_policy(OUT, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        put_template(OUT, 1, "192.0.2.1", "192.0.2.2", 7, LEVEL_USE);
        put_template(OUT, 2, "", "", 7, LEVEL_REQUIRED);
        put_sa(0x1001, "192.0.2.1", "192.0.2.2", 7, MODE_TRANSPORT);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
        ck_assert_uint_eq(sa_of(0x1001)->direction, DIRECTION_OUTBOUND);
        ck_assert_uint_eq(sa_of(0x1001)->policy_cookie, OUT);
}
END_TEST

/* Each change of one of many SAs with one reqid must not cost all of them again. */
START_TEST(test_many_with_one_reqid)
{
        for (uint32_t spi = 1; spi <= 2000; spi++)
                put_sa(spi, "192.0.2.1", "192.0.2.2", 0, MODE_TUNNEL);
        fake_loop_advance(loop, 1);
        put_sa(3000, "192.0.2.2", "192.0.2.1", 0, MODE_TUNNEL);
        ck_assert_uint_eq(sa_of(3000)->partner,
                          0); /* a millisecond later it is not looked at yet */
        fake_loop_advance(loop, 500);
        ck_assert_uint_eq(sa_of(3000)->partner, sa_of(2000)->index);
}
END_TEST

/* SAs of other peers, so that the reqid rests after a look. */
static void put_others(uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                char peer[32];

                snprintf(peer, sizeof(peer), "10.77.%u.%u", i / 250, 1 + i % 250);
                put_sa(0x100000 + i, "192.0.2.1", peer, 7, MODE_TUNNEL);
        }
}

static void remove_policy(uint32_t index)
{
        struct policy policy = { .type = SPD_MAIN, .index = index };

        ck_assert(table_remove(policies, &policy, TABLE_DELETED));
}

static size_t count_with_cookie(uint32_t cookie)
{
        const struct ipsec_sa *sa;
        uint32_t at = 0;
        size_t n = 0;

        while ((sa = table_next(sas, &ipsec_sa_type, &at, 1, false))) {
                at = sa->index;
                n += sa->policy_cookie == cookie;
        }
        return n;
}

/* While the reqid rests, what points to a policy that goes forgets it all the same. */
START_TEST(test_policy_gone_at_once)
{
        put_tunnel_policies();
        put_tunnel_sas();
        put_others(3000);
        check_tunnel();
        remove_policy(OUT);
        ck_assert_uint_eq(count_with_cookie(OUT), 0);
        ck_assert_uint_eq(count_with_cookie(IN), 1);
        remove_policy(IN);
        ck_assert_uint_eq(count_with_cookie(IN), 0);
        fake_loop_advance(loop, 1000);
        ck_assert_uint_eq(count_with_cookie(FORWARD), 1); /* it is what is left */
}
END_TEST

/* And a policy says soon that its last SA went. */
START_TEST(test_last_sa_gone_soon)
{
        struct ipsec_sa gone = make_sa(0x1001, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);

        put_tunnel_policies();
        put_tunnel_sas();
        put_others(3000);
        check_tunnel();
        ck_assert(table_remove(sas, &gone, TABLE_DELETED));
        ck_assert_uint_eq(policy_at(OUT)->cookie, 0); /* a millisecond later */
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_INITIAL);
        ck_assert_uint_eq(policy_at(IN)->cookie, IN);
}
END_TEST

static void put_many(uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                put_sa(0x1000 + 2 * i, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);
                put_sa(0x1001 + 2 * i, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);
        }
}

static void check_many(uint32_t n, uint32_t out, uint32_t in)
{
        const struct ipsec_sa *sa;
        uint32_t at = 0, newest[2] = { sa_of(0x1001 + 2 * (n - 1))->index,
                                       sa_of(0x1000 + 2 * (n - 1))->index };

        while ((sa = table_next(sas, &ipsec_sa_type, &at, 1, false))) {
                at = sa->index;
                ck_assert_uint_eq(sa->partner, newest[sa->spi % 2]);
                ck_assert_uint_eq(sa->policy_cookie, sa->spi % 2 ? in : out);
        }
}

/*
 * A large reqid is looked through in steps. Whatever comes, changes or goes between two of them,
 * the end is as if it had been so from the start.
 */
START_TEST(test_changes_between_steps)
{
        struct ipsec_sa gone = make_sa(0x1000 + 2 * 1999, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);
        size_t steps = 0;

        put_tunnel_policies();
        put_many(2000);
        while (fake_loop_step(loop) && ++steps < 3)
                ;
        ck_assert_uint_eq(steps, 3);
        remove_policy(OUT);
        ck_assert(fake_loop_step(loop));
        put_sa(0x1000 + 2 * 2000, "192.0.2.1", "192.0.2.2", 7, MODE_TUNNEL);
        put_sa(0x1001 + 2 * 2000, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);
        ck_assert(table_remove(sas, &gone, TABLE_DELETED));
        while (fake_loop_step(loop))
                steps++;
        ck_assert_uint_gt(steps, 8);
        fake_loop_advance(loop, 1000);
        check_many(2001, 0, IN);
        put_policy(OUT, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        for (steps = 0; steps < 2; steps++)
                fake_loop_step(loop);
        remove_policy(IN);
        fake_loop_advance(loop, 5000);
        check_many(2001, OUT, FORWARD);
        ck_assert_uint_eq(policy_at(OUT)->cookie, OUT);
}
END_TEST

/* However many SAs there are between two ends: a look costs a little for each, not all for each. */
START_TEST(test_many_between_two_ends)
{
        put_tunnel_policies();
        put_many(5000);
        fake_loop_advance(loop, 1000);
        check_many(5000, OUT, IN);
        ck_assert_uint_eq(policy_at(OUT)->state, POLICY_READY);
}
END_TEST

/* The SA of another XFRM interface is nobody's partner, though it has the ends. */
START_TEST(test_partner_of_interface)
{
        struct ipsec_sa other = make_sa(0x1003, "192.0.2.2", "192.0.2.1", 7, MODE_TUNNEL);

        put_tunnel_sas();
        other.if_id = 42;
        table_put(sas, &other, TABLE_FROM_EVENT);
        ck_assert_uint_eq(sa_of(0x1001)->partner, sa_of(0x1002)->index);
        ck_assert_uint_eq(sa_of(0x1003)->partner, 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("rules");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_policies_first);
        tcase_add_test(tcase, test_sas_first);
        tcase_add_test(tcase, test_gone);
        tcase_add_test(tcase, test_rekey);
        tcase_add_test(tcase, test_pending);
        tcase_add_test(tcase, test_transport);
        tcase_add_test(tcase, test_optional_template);
        tcase_add_test(tcase, test_other_mark_or_interface);
        tcase_add_test(tcase, test_no_templates);
        tcase_add_test(tcase, test_bundle);
        tcase_add_test(tcase, test_many_with_one_reqid);
        tcase_add_test(tcase, test_policy_gone_at_once);
        tcase_add_test(tcase, test_last_sa_gone_soon);
        tcase_add_test(tcase, test_changes_between_steps);
        tcase_add_test(tcase, test_many_between_two_ends);
        tcase_add_test(tcase, test_partner_of_interface);
        return run_suite("rules", tcase);
}
