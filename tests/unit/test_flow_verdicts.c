/* What becomes of flows when policies, templates, SAs and interfaces come, change and go. */
#include "config.h"

#include "fake_loop.h"
#include "joins/flow_verdicts.h"
#include "suite.h"
#include "tables/flow.h"
#include "tables/global_scalars.h"
#include "tables/interface.h"
#include "tables/policy_template.h"

#include <arpa/inet.h>
#include <string.h>

#define HERE "192.0.2.1"
#define THERE "192.0.2.9"

static struct loop *loop;
static struct store *store;
static struct flow_verdicts *verdicts;
static struct table *flows, *policies, *templates, *sas, *interfaces;

static void setup(void)
{
        loop = fake_loop_new(1000000);
        store = store_new();
        verdicts = flow_verdicts_new(store, loop);
        flows = store_table(store, &flow_type);
        policies = store_table(store, &policy_type);
        templates = store_table(store, &policy_template_type);
        sas = store_table(store, &ipsec_sa_type);
        interfaces = store_table(store, &interface_type);
}

static void teardown(void)
{
        flow_verdicts_free(verdicts);
        store_free(store);
        fake_loop_free(loop);
}

static void settle(void)
{
        fake_loop_advance(loop, 10000);
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static struct flow make_flow(uint8_t direction, const char *source, const char *destination)
{
        struct flow flow;

        memset(&flow, 0, sizeof(flow));
        flow.direction = direction;
        flow.protocol = 17;
        flow.source_port = flow.ports.source = 1000;
        flow.destination_port = flow.ports.destination = 2000;
        flow.source = address(source);
        flow.destination = address(destination);
        flow.origin = FLOW_OF_SOCKET;
        return flow;
}

static void put_flow(const struct flow *flow)
{
        ck_assert_int_eq(table_put(flows, flow, TABLE_FROM_EVENT), 0);
}

static struct policy make_policy(uint8_t direction, uint32_t number, const char *source,
                                 const char *destination, uint8_t action)
{
        struct policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.direction = direction;
        policy.index = 8 * number + direction - 1u;
        policy.source = address(source);
        policy.destination = address(destination);
        policy.action = action;
        policy.priority = 100;
        policy.position = number;
        return policy;
}

static void put_policy(const struct policy *policy)
{
        ck_assert_int_eq(table_put(policies, policy, TABLE_FROM_EVENT), 0);
}

static struct policy_template make_template(const struct policy *policy, uint32_t number,
                                            uint32_t reqid)
{
        struct policy_template t;

        memset(&t, 0, sizeof(t));
        t.policy_type = policy->type;
        t.policy_index = policy->index;
        t.number = number;
        t.protocol = PROTOCOL_ESP;
        t.mode = MODE_TRANSPORT;
        t.level = LEVEL_REQUIRED;
        t.reqid = reqid;
        return t;
}

static void put_template(const struct policy_template *t)
{
        ck_assert_int_eq(table_put(templates, t, TABLE_FROM_EVENT), 0);
}

/* A policy with one template in transport mode. */
static struct policy put_secure(uint8_t direction, uint32_t number, const char *source,
                                const char *destination, uint32_t reqid)
{
        struct policy policy = make_policy(direction, number, source, destination, RULE_MANUAL_KEY);
        struct policy_template t = make_template(&policy, 1, reqid);

        policy.templates = 1;
        put_template(&t);
        put_policy(&policy);
        return policy;
}

static struct ipsec_sa make_sa(const char *source, const char *destination, uint32_t reqid,
                               uint32_t spi)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.source = address(source);
        sa.destination = address(destination);
        sa.protocol = PROTOCOL_ESP;
        sa.mode = MODE_TRANSPORT;
        sa.spi = spi;
        sa.reqid = reqid;
        sa.state = SA_MATURE;
        sa.told_direction = DIRECTION_UNKNOWN;
        sa.add_time = 1000;
        return sa;
}

static uint32_t put_sa(const struct ipsec_sa *sa)
{
        ck_assert_int_eq(table_put(sas, sa, TABLE_FROM_EVENT), 0);
        return ((const struct ipsec_sa *)table_find(sas, sa))->index;
}

static void is(const struct flow *key, uint8_t action, uint32_t cookie, uint32_t sa)
{
        const struct flow *flow = table_find(flows, key);

        ck_assert_ptr_nonnull(flow);
        ck_assert_uint_eq(flow->action, action);
        ck_assert_uint_eq(flow->policy_cookie, cookie);
        ck_assert_uint_eq(flow->sa, sa);
        ck_assert_uint_eq(flow->policy_type != SPD_UNKNOWN, cookie != 0);
}

/* ---- tests ---- */

START_TEST(test_default)
{
        struct global_scalars global;
        struct flow flow = make_flow(DIRECTION_OUTBOUND, HERE, THERE);

        put_flow(&flow);
        settle();
        is(&flow, FLOW_PASS, 0, 0);
        memset(&global, 0, sizeof(global));
        global.default_in = global.default_forward = DEFAULT_ACCEPT;
        global.default_out = DEFAULT_BLOCK;
        ck_assert_int_eq(
                table_put(store_table(store, &global_scalars_type), &global, TABLE_FROM_EVENT), 0);
        settle();
        is(&flow, FLOW_DISCARD, 0, 0);
}
END_TEST

START_TEST(test_secure_and_back)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct flow other = make_flow(DIRECTION_OUTBOUND, HERE, "192.0.2.10");
        struct policy policy;
        struct ipsec_sa first = make_sa(HERE, THERE, 1, 0x100),
                        second = make_sa(HERE, THERE, 1, 0x200);
        uint32_t first_index, second_index;

        put_flow(&flow);
        put_flow(&other);
        policy = put_secure(DIRECTION_OUTBOUND, 1, HERE "/32", THERE "/32", 1);
        settle();
        is(&flow, FLOW_SECURE, policy.index, 0); /* no SA yet */
        is(&other, FLOW_PASS, 0, 0);
        first_index = put_sa(&first);
        settle();
        is(&flow, FLOW_SECURE, policy.index, first_index);
        second.add_time = 1001;
        second_index = put_sa(&second);
        settle();
        is(&flow, FLOW_SECURE, policy.index, second_index); /* the newer one */
        second.state = SA_DYING;
        put_sa(&second);
        settle();
        is(&flow, FLOW_SECURE, policy.index, first_index); /* a mature one before */
        table_remove(sas, &first, TABLE_DELETED);
        is(&flow, FLOW_SECURE, policy.index, second_index); /* at once */
        table_remove(sas, &second, TABLE_EXPIRED);
        is(&flow, FLOW_SECURE, policy.index, 0);
        table_remove(policies, &policy, TABLE_DELETED);
        is(&flow, FLOW_PASS, 0, 0);
}
END_TEST

START_TEST(test_what_an_sa_must_be)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct policy policy = put_secure(DIRECTION_OUTBOUND, 1, HERE "/32", THERE "/32", 1);
        struct ipsec_sa good = make_sa(HERE, THERE, 1, 0x100), sa;

        put_flow(&flow);
#define NEVER(change)                                                                              \
        do {                                                                                       \
                sa = good;                                                                         \
                sa.spi = 0x101;                                                                    \
                change;                                                                            \
                put_sa(&sa);                                                                       \
                settle();                                                                          \
                is(&flow, FLOW_SECURE, policy.index, 0);                                           \
                table_remove(sas, &sa, TABLE_DELETED);                                             \
        } while (0)
        NEVER(sa.reqid = 2);
        NEVER(sa.mode = MODE_TUNNEL);
        NEVER(sa.protocol = PROTOCOL_AH);
        NEVER(sa.source = address("192.0.2.2"));
        NEVER(sa.destination = address("192.0.2.2"));
        NEVER(sa.state = SA_LARVAL);
        NEVER(sa.if_id = 1);
        NEVER((sa.mark = 1, sa.mark_mask = 1));
        NEVER(sa.flags = SA_WILDCARD_RECEIVE);
        NEVER(sa.told_direction = DIRECTION_INBOUND);
        NEVER((sa.selector_source = address(HERE "/32"),
               sa.selector_destination = address("192.0.2.7/32")));
        NEVER((sa.selector_source = address("::/0"), sa.selector_destination = address("::/0")));
        NEVER((sa.selector_source = address(HERE "/32"),
               sa.selector_destination = address(THERE "/32"), sa.selector_protocol = 6));
        NEVER((sa.selector_source = address("0.0.0.0/0"),
               sa.selector_destination = address("0.0.0.0/0"), sa.selector_source_port = 1,
               sa.selector_source_port_mask = UINT16_MAX));
#undef NEVER
        sa = good;
        sa.selector_source = address(HERE "/32");
        sa.selector_destination = address("192.0.2.0/24");
        sa.selector_protocol = 17;
        sa.source = address("0.0.0.0"); /* an SA whose source is left open */
        {
                uint32_t open = put_sa(&sa), exact;

                settle();
                is(&flow, FLOW_SECURE, policy.index, open);
                sa.spi = 0x102;
                sa.source = address(HERE);
                sa.add_time = 1; /* older, and yet before it */
                exact = put_sa(&sa);
                settle();
                is(&flow, FLOW_SECURE, policy.index, exact);
        }
}
END_TEST

START_TEST(test_tunnel_bundle)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, "10.1.0.1", "10.2.0.1");
        struct policy policy =
                make_policy(DIRECTION_OUTBOUND, 1, "10.1.0.0/16", "10.2.0.0/16", RULE_MANUAL_KEY);
        struct policy_template comp = make_template(&policy, 1, 1),
                               esp = make_template(&policy, 2, 1);
        struct ipsec_sa comp_sa = make_sa(HERE, THERE, 1, 0x12),
                        esp_sa = make_sa(HERE, THERE, 1, 0x100);
        uint32_t comp_index, esp_index;

        comp.protocol = comp_sa.protocol = PROTOCOL_IPCOMP;
        comp.mode = comp_sa.mode = MODE_TUNNEL;
        comp.source = address(HERE);
        comp.destination = address(THERE);
        comp.level = LEVEL_USE;
        policy.templates = 2;
        put_template(&comp);
        put_template(&esp);
        put_policy(&policy);
        put_flow(&flow);
        comp_index = put_sa(&comp_sa);
        settle();
        is(&flow, FLOW_SECURE, policy.index, 0); /* the second one is missing */
        esp_index = put_sa(&esp_sa);
        settle();
        is(&flow, FLOW_SECURE, policy.index, comp_index); /* applied first */
        table_remove(sas, &comp_sa, TABLE_DELETED);
        settle();
        /* without the tunnel its ends are the packets' own, and there is no such SA */
        is(&flow, FLOW_SECURE, policy.index, 0);
        esp.level = LEVEL_USE;
        put_template(&esp);
        settle();
        is(&flow, FLOW_PASS, policy.index, 0); /* nothing can be applied, and nothing must */
        (void)esp_index;
}
END_TEST

START_TEST(test_order)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct policy pass =
                make_policy(DIRECTION_OUTBOUND, 1, HERE "/32", "192.0.2.0/24", RULE_PASS);
        struct policy discard =
                make_policy(DIRECTION_OUTBOUND, 2, HERE "/32", "192.0.0.0/16", RULE_DISCARD);

        put_flow(&flow);
        put_policy(&pass);
        put_policy(&discard);
        settle();
        is(&flow, FLOW_PASS, pass.index, 0); /* the older one */
        discard.priority = 99;
        put_policy(&discard);
        settle();
        is(&flow, FLOW_DISCARD, discard.index, 0);
        discard.mark = discard.mark_mask = 1;
        put_policy(&discard);
        settle();
        is(&flow, FLOW_PASS, pass.index, 0);
        flow.mark = 3;
        put_flow(&flow); /* told anew, with the socket's mark */
        settle();
        is(&flow, FLOW_DISCARD, discard.index, 0);
}
END_TEST

/* A sub policy that lets a packet by is followed by a main one. */
START_TEST(test_sub_policies)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct flow back = make_flow(DIRECTION_INBOUND, THERE, HERE);
        struct policy sub = make_policy(DIRECTION_OUTBOUND, 1, HERE "/32", THERE "/32", RULE_PASS);
        struct policy main =
                make_policy(DIRECTION_OUTBOUND, 2, HERE "/32", THERE "/32", RULE_DISCARD);
        struct policy in = make_policy(DIRECTION_INBOUND, 3, THERE "/32", HERE "/32", RULE_PASS);

        sub.type = SPD_SUB;
        put_flow(&flow);
        put_flow(&back);
        put_policy(&sub);
        settle();
        is(&flow, FLOW_PASS, sub.index, 0);
        put_policy(&main);
        settle();
        is(&flow, FLOW_DISCARD, main.index, 0);
        sub.action = RULE_DISCARD;
        put_policy(&sub);
        settle();
        is(&flow, FLOW_DISCARD, sub.index, 0);
        put_policy(&in);
        settle();
        is(&back, FLOW_PASS, in.index, 0);
}
END_TEST

START_TEST(test_inbound)
{
        struct flow flow = make_flow(DIRECTION_INBOUND, THERE, HERE);
        struct policy policy = put_secure(DIRECTION_INBOUND, 1, THERE "/32", HERE "/32", 1);
        struct ipsec_sa sa = make_sa(THERE, HERE, 1, 0x100);

        put_flow(&flow);
        settle();
        is(&flow, FLOW_SECURE, policy.index, 0);
        is(&flow, FLOW_SECURE, policy.index,
           (settle(), put_sa(&sa), settle(),
            ((const struct ipsec_sa *)table_find(sas, &sa))->index));
}
END_TEST

/* What is forwarded must get in and out; translated, it leaves as another. */
START_TEST(test_forward)
{
        struct flow flow = make_flow(DIRECTION_FORWARD, "10.1.0.1", "10.2.0.1");
        struct policy in, out, block;

        flow.origin = FLOW_OF_CONNTRACK;
        flow.sent_source = address(HERE);
        flow.sent_destination = flow.destination;
        flow.sent_ports = flow.ports;
        put_flow(&flow);
        settle();
        is(&flow, FLOW_PASS, 0, 0);
        in = put_secure(DIRECTION_FORWARD, 1, "10.1.0.0/16", "10.2.0.0/16", 1);
        settle();
        is(&flow, FLOW_SECURE, in.index, 0);
        put_secure(DIRECTION_OUTBOUND, 2, "10.1.0.0/16", "10.2.0.0/16", 2);
        settle();
        is(&flow, FLOW_SECURE, in.index, 0); /* it does not leave with that source */
        out = put_secure(DIRECTION_OUTBOUND, 3, HERE "/32", "10.2.0.0/16", 3);
        settle();
        is(&flow, FLOW_SECURE, out.index, 0);
        block = make_policy(DIRECTION_FORWARD, 4, "10.1.0.1/32", "0.0.0.0/0", RULE_DISCARD);
        block.priority = 1;
        put_policy(&block);
        settle();
        is(&flow, FLOW_DISCARD, block.index, 0);
}
END_TEST

static void put_interface(uint32_t if_index, const char *text, uint16_t reasons)
{
        struct interface row;

        memset(&row, 0, sizeof(row));
        row.if_index = if_index;
        row.address = address(text);
        row.settings = reasons;
        ck_assert_int_eq(table_put(interfaces, &row, TABLE_FROM_EVENT), 0);
}

START_TEST(test_interfaces)
{
        const uint16_t both = REASON_DISABLE_XFRM | REASON_DISABLE_POLICY;
        struct flow out = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct flow in = make_flow(DIRECTION_INBOUND, THERE, HERE);
        struct flow own = make_flow(DIRECTION_OUTBOUND, HERE, HERE);
        struct policy out_policy = put_secure(DIRECTION_OUTBOUND, 1, "0.0.0.0/0", "0.0.0.0/0", 1);
        struct policy in_policy = put_secure(DIRECTION_INBOUND, 2, "0.0.0.0/0", "0.0.0.0/0", 1);

        put_interface(2, HERE, 0);
        put_flow(&out);
        put_flow(&in);
        put_flow(&own);
        settle();
        is(&out, FLOW_SECURE, out_policy.index, 0);
        is(&in, FLOW_SECURE, in_policy.index, 0);
        is(&own, FLOW_PASS, 0, 0); /* over loopback */
        put_interface(2, HERE, both);
        settle();
        is(&out, FLOW_PASS, 0, 0);
        is(&in, FLOW_PASS, 0, 0);
        put_interface(3, "198.51.100.1", 0);
        out.if_index = 3; /* bound to another one */
        put_flow(&out);
        settle();
        is(&out, FLOW_SECURE, out_policy.index, 0);
        out_policy.if_index = 2;
        put_policy(&out_policy);
        settle();
        is(&out, FLOW_PASS, 0, 0);
        out_policy.if_index = 3;
        put_policy(&out_policy);
        settle();
        is(&out, FLOW_SECURE, out_policy.index, 0);
}
END_TEST

START_TEST(test_xfrm_interface)
{
        struct flow out = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct policy policy = put_secure(DIRECTION_OUTBOUND, 1, "0.0.0.0/0", "0.0.0.0/0", 1);
        struct interface row;

        memset(&row, 0, sizeof(row));
        row.if_index = 7;
        row.xfrm_if_id = 5;
        row.address = address(HERE);
        ck_assert_int_eq(table_put(interfaces, &row, TABLE_FROM_EVENT), 0);
        policy.if_id = 5;
        put_policy(&policy);
        put_flow(&out);
        settle();
        is(&out, FLOW_SECURE, policy.index, 0);
        table_remove(policies, &policy, TABLE_DELETED);
        settle();
        is(&out, FLOW_DISCARD, 0, 0); /* such an interface sends nothing in clear */
}
END_TEST

/* Thousands of flows take several turns; a change in between is seen by all. */
START_TEST(test_many)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, HERE, THERE);
        struct policy policy =
                make_policy(DIRECTION_OUTBOUND, 1, HERE "/32", THERE "/32", RULE_DISCARD);
        size_t n = 0;

        for (uint32_t i = 1; i <= 5000; i++) {
                flow.source_port = flow.ports.source = (uint16_t)i;
                put_flow(&flow);
        }
        fake_loop_advance(loop, 0);
        put_policy(&policy);
        settle();
        for (uint32_t i = 1; i <= 5000; i++) {
                flow.source_port = flow.ports.source = (uint16_t)i;
                n += ((const struct flow *)table_find(flows, &flow))->action == FLOW_DISCARD;
        }
        ck_assert_uint_eq(n, 5000);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("flow_verdicts");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_default);
        tcase_add_test(tcase, test_secure_and_back);
        tcase_add_test(tcase, test_what_an_sa_must_be);
        tcase_add_test(tcase, test_tunnel_bundle);
        tcase_add_test(tcase, test_order);
        tcase_add_test(tcase, test_sub_policies);
        tcase_add_test(tcase, test_inbound);
        tcase_add_test(tcase, test_forward);
        tcase_add_test(tcase, test_interfaces);
        tcase_add_test(tcase, test_xfrm_interface);
        tcase_add_test(tcase, test_many);
        return run_suite("flow_verdicts", tcase);
}
