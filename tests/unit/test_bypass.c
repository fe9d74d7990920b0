/* What goes in clear text, and whether IPsec applies at an interface. */
#include "fake_loop.h"
#include "joins/bypasses.h"
#include "joins/protection.h"
#include "suite.h"
#include "tables/bypass.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"
#include "tables/interface.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"

#include <stdio.h>
#include <string.h>

#define BOTH (REASON_DISABLE_XFRM | REASON_DISABLE_POLICY)

static struct loop *loop;
static struct store *store;
static struct bypasses *bypasses;
static struct protection *protection;
static struct table *policies, *interfaces, *table;

static void tell_collector(uint8_t state)
{
        struct collector_row row;

        memset(&row, 0, sizeof(row));
        row.key = "xfrm";
        row.state = state;
        row.last_success = 1795500116;
        table_put(store_table(store, &collector_row_type), &row, TABLE_FROM_EVENT);
}

static void setup(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        bypasses = bypasses_new(store, loop);
        protection = protection_new(store, loop);
        policies = store_table(store, &policy_type);
        interfaces = store_table(store, &interface_type);
        table = store_table(store, &bypass_type);
        tell_collector(COLLECTOR_UP);
}

static void teardown(void)
{
        protection_free(protection);
        bypasses_free(bypasses);
        store_free(store);
        fake_loop_free(loop);
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static struct policy make_policy(uint32_t index, uint8_t direction, const char *from,
                                 const char *to, uint8_t action)
{
        struct policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_MAIN;
        policy.index = index;
        policy.direction = direction;
        policy.priority = 100;
        policy.source = address(from);
        policy.destination = address(to);
        policy.action = action;
        policy.kind = action == RULE_PASS ? RULE_BYPASS : RULE_HOST;
        policy.name = "xfrm";
        return policy;
}

static void put_policy(const struct policy *policy)
{
        ck_assert_int_eq(table_put(policies, policy, TABLE_FROM_EVENT), 0);
}

static void pass(uint32_t index, uint8_t direction, const char *from, const char *to)
{
        struct policy policy = make_policy(index, direction, from, to, RULE_PASS);

        put_policy(&policy);
}

static void protect(uint32_t index, uint8_t direction, uint32_t priority)
{
        struct policy policy =
                make_policy(index, direction, "10.1.0.0/16", "10.2.0.0/16", RULE_MANUAL_KEY);

        policy.priority = priority;
        put_policy(&policy);
}

static void remove_policy(uint32_t index)
{
        struct policy policy = { .type = SPD_MAIN, .index = index };

        ck_assert(table_remove(policies, &policy, TABLE_DELETED));
}

static struct interface make_interface(uint32_t if_index, const char *name, const char *text,
                                       uint16_t settings)
{
        struct interface row;

        memset(&row, 0, sizeof(row));
        row.if_index = if_index;
        row.address = address(text);
        row.state = INTERFACE_UP;
        row.settings_told = true;
        row.settings = settings;
        row.ipsec = INTERFACE_IPSEC_UNKNOWN;
        row.name = name;
        return row;
}

static void put_interface(uint32_t if_index, const char *name, const char *text, uint16_t settings)
{
        struct interface row = make_interface(if_index, name, text, settings);

        ck_assert_int_eq(table_put(interfaces, &row, TABLE_FROM_EVENT), 0);
}

static void remove_interface(uint32_t if_index, const char *text)
{
        struct interface row = make_interface(if_index, "", text, 0);

        ck_assert(table_remove(interfaces, &row, TABLE_DELETED));
}

static const struct bypass *row_of(uint8_t kind, uint32_t number)
{
        const uint32_t oid[] = { kind, number };

        fake_loop_advance(loop, 1);
        return table_at(table, &bypass_type, oid, 2);
}

static void is_interface(uint32_t if_index, const char *text, uint8_t ipsec, uint16_t reasons)
{
        struct interface key = make_interface(if_index, "", text, 0);
        const struct interface *row;

        fake_loop_advance(loop, 1);
        row = table_find(interfaces, &key);
        ck_assert(row);
        ck_assert_uint_eq(row->reasons, reasons);
        ck_assert_uint_eq(row->ipsec, ipsec);
}

/* ---- ipsrBypassTable ---- */

START_TEST(test_policies)
{
        struct policy policy =
                make_policy(9, DIRECTION_OUTBOUND, "192.0.2.1/32", "10.0.0.0/8", RULE_PASS);
        const struct bypass *row;

        policy.type = SPD_SUB;
        policy.protocol = 6;
        policy.destination_port = 22;
        policy.destination_port_mask = UINT16_MAX;
        policy.if_index = 3;
        put_policy(&policy);
        row = row_of(BYPASS_POLICY, 9);
        ck_assert_str_eq(row->name, "xfrm");
        ck_assert_uint_eq(row->direction, DIRECTION_OUTBOUND);
        ck_assert_str_eq(row->local_addresses, "192.0.2.1");
        ck_assert_uint_eq(row->destination.prefix, 8);
        ck_assert_uint_eq(row->protocol, 6);
        ck_assert_uint_eq(row->destination_port, 22);
        ck_assert_uint_eq(row->destination_port_mask, UINT16_MAX);
        ck_assert_uint_eq(row->source_port_mask, 0);
        ck_assert_uint_eq(row->if_index, 3);
        ck_assert_uint_eq(row->reasons, REASON_BYPASS_POLICY);

        policy.name = "gw/net"; /* an IKE daemon's */
        table_update(policies, &policy);
        ck_assert_str_eq(row_of(BYPASS_POLICY, 9)->name, "gw/net");

        policy.action = RULE_DISCARD; /* replaced in place */
        put_policy(&policy);
        ck_assert_ptr_null(row_of(BYPASS_POLICY, 9));
        policy.action = RULE_PASS;
        put_policy(&policy);
        ck_assert_ptr_nonnull(row_of(BYPASS_POLICY, 9));
        ck_assert(table_remove(policies, &policy, TABLE_DELETED));
        ck_assert_ptr_null(row_of(BYPASS_POLICY, 9));
}
END_TEST

START_TEST(test_local_side)
{
        pass(8, DIRECTION_INBOUND, "10.2.0.0/16", "10.1.0.0/16");
        pass(18, DIRECTION_FORWARD, "::/0", "2001:db8::/32");
        protect(17, DIRECTION_OUTBOUND, 1);
        ck_assert_str_eq(row_of(BYPASS_POLICY, 8)->local_addresses, "10.1.0.0/16");
        ck_assert_str_eq(row_of(BYPASS_POLICY, 18)->local_addresses, "2001:db8::/32");
        ck_assert_ptr_null(row_of(BYPASS_POLICY, 17));
}
END_TEST

START_TEST(test_interfaces)
{
        const struct bypass *row;

        put_interface(3, "lan1:1", "192.2.2.1", BOTH);
        put_interface(3, "lan1:2", "192.2.2.2", BOTH);
        put_interface(4, "lan2", "192.3.3.1", 0);
        row = row_of(BYPASS_INTERFACE, 3);
        ck_assert_str_eq(row->name, "lan1");
        ck_assert_str_eq(row->local_addresses, "192.2.2.1,192.2.2.2");
        ck_assert_uint_eq(row->reasons, BOTH);
        ck_assert_uint_eq(row->direction, DIRECTION_UNKNOWN);
        ck_assert_uint_eq(row->if_index, 3);
        ck_assert_uint_eq(row->source.type, INET_ADDR_UNKNOWN);
        ck_assert_ptr_null(row_of(BYPASS_INTERFACE, 4));

        put_interface(3, "lan1", "2001:db8::1", REASON_DISABLE_POLICY);
        ck_assert_str_eq(row_of(BYPASS_INTERFACE, 3)->local_addresses,
                         "192.2.2.1,192.2.2.2,2001:db8::1");
        remove_interface(3, "192.2.2.1");
        remove_interface(3, "192.2.2.2");
        ck_assert_uint_eq(row_of(BYPASS_INTERFACE, 3)->reasons, REASON_DISABLE_POLICY);
        put_interface(3, "lan1", "2001:db8::1", 0);
        ck_assert_ptr_null(row_of(BYPASS_INTERFACE, 3));
        put_interface(5, "lan3", "", REASON_DISABLE_XFRM); /* without an address */
        ck_assert_ptr_null(row_of(BYPASS_INTERFACE, 5)->local_addresses);
        remove_interface(5, "");
        ck_assert_ptr_null(row_of(BYPASS_INTERFACE, 5));
}
END_TEST

/* A SnmpAdminString has 255 octets. */
START_TEST(test_many_addresses)
{
        const char *text;

        for (int i = 1; i <= 100; i++) {
                char address[32];

                snprintf(address, sizeof(address), "192.2.2.%d", i);
                put_interface(3, "lan1", address, BOTH);
        }
        text = row_of(BYPASS_INTERFACE, 3)->local_addresses;
        ck_assert_uint_le(strlen(text), 255);
        ck_assert_uint_ge(strlen(text), 240);
        ck_assert_str_eq(text + strlen(text) - 4, ",...");
}
END_TEST

/* ---- ipsrInterfaceTable ---- */

START_TEST(test_no_policy)
{
        put_interface(2, "lan0", "192.1.1.1", 0);
        put_interface(3, "lan1", "192.2.2.1", BOTH);
        put_interface(4, "lan2", "192.3.3.1", REASON_DISABLE_XFRM);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_NO_POLICY);
        is_interface(3, "192.2.2.1", INTERFACE_IPSEC_OFF, BOTH | REASON_NO_POLICY);
        protect(17, DIRECTION_OUTBOUND, 1);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
        is_interface(3, "192.2.2.1", INTERFACE_IPSEC_OFF, BOTH);
        is_interface(4, "192.3.3.1", INTERFACE_IPSEC_PARTLY, REASON_DISABLE_XFRM);
        remove_policy(17);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_NO_POLICY);
        pass(18, DIRECTION_FORWARD, "10.1.0.0/16", "10.2.0.0/16"); /* there is one, and all pass */
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_BYPASS_POLICY);
        protect(26, DIRECTION_FORWARD, 1);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
}
END_TEST

/* Nothing is claimed from policies that nobody has read. */
START_TEST(test_policies_unknown)
{
        tell_collector(COLLECTOR_DOWN);
        put_interface(2, "lan0", "192.1.1.1", 0);
        put_interface(3, "lan1", "192.2.2.1", BOTH);
        put_interface(4, "lan2", "192.3.3.1", REASON_DISABLE_XFRM);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_UNKNOWN, 0);
        is_interface(3, "192.2.2.1", INTERFACE_IPSEC_OFF, BOTH);
        is_interface(4, "192.3.3.1", INTERFACE_IPSEC_UNKNOWN, REASON_DISABLE_XFRM);
        tell_collector(COLLECTOR_DEGRADED); /* has what it read before */
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_NO_POLICY);
        tell_collector(COLLECTOR_DISABLED);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_UNKNOWN, 0);
}
END_TEST

/* Where the default blocks, no policy is needed for IPsec to have its say. */
START_TEST(test_defaults)
{
        struct global_scalars row;

        put_interface(2, "lan0", "192.1.1.1", 0);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_NO_POLICY);
        memset(&row, 0, sizeof(row));
        row.default_in = DEFAULT_BLOCK;
        row.default_out = DEFAULT_ACCEPT;
        table_put(store_table(store, &global_scalars_type), &row, TABLE_FROM_EVENT);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_PARTLY, REASON_NO_POLICY);
        row.default_out = DEFAULT_BLOCK;
        table_put(store_table(store, &global_scalars_type), &row, TABLE_FROM_EVENT);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
        row.default_out = row.default_in = DEFAULT_UNKNOWN;
        table_put(store_table(store, &global_scalars_type), &row, TABLE_FROM_EVENT);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_NO_POLICY);
}
END_TEST

/* A bypass counts where it takes in all that an address sends or receives. */
START_TEST(test_bypassed_address)
{
        put_interface(2, "lan0", "192.1.1.1", 0);
        put_interface(2, "lan0", "2001:db8::1", 0);
        protect(17, DIRECTION_OUTBOUND, 500);
        protect(24, DIRECTION_INBOUND, 500);
        pass(33, DIRECTION_OUTBOUND, "192.1.1.0/24", "0.0.0.0/0");
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_PARTLY, REASON_BYPASS_POLICY);
        is_interface(2, "2001:db8::1", INTERFACE_IPSEC_ON, 0);
        pass(40, DIRECTION_INBOUND, "0.0.0.0/0", "192.1.1.1/32");
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_BYPASS_POLICY);
        protect(49, DIRECTION_OUTBOUND, 50); /* comes first now */
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_PARTLY, REASON_BYPASS_POLICY);
        protect(56, DIRECTION_INBOUND, 50);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
        remove_policy(49);
        remove_policy(56);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_OFF, REASON_BYPASS_POLICY);
        remove_policy(33);
        remove_policy(40);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
}
END_TEST

/* One that takes in a part of the packets makes no difference, unless it names the interface. */
START_TEST(test_bypassed_part)
{
        struct policy policy =
                make_policy(33, DIRECTION_OUTBOUND, "0.0.0.0/0", "0.0.0.0/0", RULE_PASS);

        put_interface(2, "lan0", "192.1.1.1", 0);
        put_interface(3, "lan1", "192.2.2.1", 0);
        protect(17, DIRECTION_OUTBOUND, 500);
        policy.protocol = 6;
        put_policy(&policy);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
        policy.if_index = 2;
        put_policy(&policy);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_PARTLY, REASON_BYPASS_POLICY);
        is_interface(3, "192.2.2.1", INTERFACE_IPSEC_ON, 0);
        policy.if_index = 3;
        put_policy(&policy);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
        is_interface(3, "192.2.2.1", INTERFACE_IPSEC_PARTLY, REASON_BYPASS_POLICY);
        remove_policy(33);
        is_interface(3, "192.2.2.1", INTERFACE_IPSEC_ON, 0);
}
END_TEST

/* What passes a sub policy still meets the main ones, and a sub policy comes before all main ones.
 */
START_TEST(test_sub_policies)
{
        struct policy policy =
                make_policy(33, DIRECTION_OUTBOUND, "0.0.0.0/0", "0.0.0.0/0", RULE_PASS);

        put_interface(2, "lan0", "192.1.1.1", 0);
        protect(56, DIRECTION_INBOUND, 500);
        policy.type = SPD_SUB;
        put_policy(&policy);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
        pass(41, DIRECTION_OUTBOUND, "0.0.0.0/0", "0.0.0.0/0");
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_PARTLY, REASON_BYPASS_POLICY);
        policy = make_policy(49, DIRECTION_OUTBOUND, "10.0.0.0/8", "0.0.0.0/0", RULE_MANUAL_KEY);
        policy.type = SPD_SUB;
        policy.priority = UINT32_MAX;
        put_policy(&policy);
        is_interface(2, "192.1.1.1", INTERFACE_IPSEC_ON, 0);
}
END_TEST

START_TEST(test_offloaded_sas)
{
        struct ipsec_sa sa;
        struct interface key = make_interface(2, "", "192.1.1.1", 0);
        struct table *sas = store_table(store, &ipsec_sa_type);

        put_interface(2, "lan0", "192.1.1.1", 0);
        memset(&sa, 0, sizeof(sa));
        sa.offload_if_index = 2;
        for (sa.spi = 1; sa.spi <= 3; sa.spi++)
                table_put(sas, &sa, TABLE_FROM_EVENT);
        fake_loop_advance(loop, 1);
        ck_assert_uint_eq(((const struct interface *)table_find(interfaces, &key))->offloaded_sas,
                          3);
        sa.spi = 1;
        sa.offload_if_index = 7; /* of no interface here */
        table_put(sas, &sa, TABLE_FROM_EVENT);
        sa.spi = 2;
        table_remove(sas, &sa, TABLE_DELETED);
        fake_loop_advance(loop, 1);
        ck_assert_uint_eq(((const struct interface *)table_find(interfaces, &key))->offloaded_sas,
                          1);
        put_interface(7, "lan7", "192.7.7.1", 0);
        key = make_interface(7, "", "192.7.7.1", 0);
        fake_loop_advance(loop, 1);
        ck_assert_uint_eq(((const struct interface *)table_find(interfaces, &key))->offloaded_sas,
                          1);
}
END_TEST

/* Many addresses, and a policy that concerns them all: none is left out, in several turns. */
START_TEST(test_many_interfaces)
{
        const struct interface *row = NULL;
        uint32_t oid[INDEX_MAX];
        size_t length = 0, steps = 0;

        for (int i = 0; i < 3000; i++) {
                char address[32];

                snprintf(address, sizeof(address), "10.9.%d.%d", i / 250, i % 250);
                put_interface(2, "lan0", address, 0);
        }
        protect(56, DIRECTION_INBOUND, 500);
        fake_loop_advance(loop, 1);
        pass(33, DIRECTION_OUTBOUND, "0.0.0.0/0", "0.0.0.0/0");
        while (fake_loop_step(loop))
                steps++;
        ck_assert_uint_gt(steps, 3);
        while ((row = table_next(interfaces, &interface_type, oid, length, false))) {
                ck_assert_uint_eq(row->ipsec, INTERFACE_IPSEC_PARTLY);
                ck_assert_uint_eq(row->reasons, REASON_BYPASS_POLICY);
                length = index_encode(&interface_type, row, oid);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("bypass");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_policies);
        tcase_add_test(tcase, test_local_side);
        tcase_add_test(tcase, test_interfaces);
        tcase_add_test(tcase, test_many_addresses);
        tcase_add_test(tcase, test_no_policy);
        tcase_add_test(tcase, test_policies_unknown);
        tcase_add_test(tcase, test_defaults);
        tcase_add_test(tcase, test_bypassed_address);
        tcase_add_test(tcase, test_bypassed_part);
        tcase_add_test(tcase, test_sub_policies);
        tcase_add_test(tcase, test_offloaded_sas);
        tcase_add_test(tcase, test_many_interfaces);
        return run_suite("bypass", tcase);
}
