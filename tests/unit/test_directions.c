/* The direction of SAs: who says it first, and what of this machine's addresses decides it. */
#include "fake_loop.h"
#include "joins/directions.h"
#include "suite.h"
#include "tables/interface.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"

#include <string.h>

#define HERE "192.0.2.1"
#define THERE "192.0.2.2"

static struct loop *loop;
static struct store *store;
static struct directions *directions;
static struct table *sas, *interfaces;

static void setup(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        directions = directions_new(store, loop);
        sas = store_table(store, &ipsec_sa_type);
        interfaces = store_table(store, &interface_type);
}

static void teardown(void)
{
        directions_free(directions);
        store_free(store);
        fake_loop_free(loop);
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static struct ipsec_sa make_sa(uint32_t spi, const char *from, const char *to)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        sa.source = address(from);
        sa.destination = address(to);
        sa.told_direction = sa.direction = DIRECTION_UNKNOWN;
        return sa;
}

static void put_sa(uint32_t spi, const char *from, const char *to)
{
        struct ipsec_sa sa = make_sa(spi, from, to);

        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
}

static struct interface make_interface(uint32_t if_index, const char *text)
{
        struct interface row;

        memset(&row, 0, sizeof(row));
        row.if_index = if_index;
        row.address = address(text);
        row.state = INTERFACE_UP;
        row.name = "eth0";
        return row;
}

static void put_address(uint32_t if_index, const char *text)
{
        struct interface row = make_interface(if_index, text);

        ck_assert_int_eq(table_put(interfaces, &row, TABLE_FROM_EVENT), 0);
}

static void remove_address(uint32_t if_index, const char *text)
{
        struct interface row = make_interface(if_index, text);

        ck_assert(table_remove(interfaces, &row, TABLE_DELETED));
}

static uint8_t direction_of(uint32_t spi)
{
        const struct ipsec_sa *sa;

        fake_loop_advance(loop, 1);
        sa = table_next(sas, &sa_by_spi_type, &spi, 1, false);
        ck_assert(sa && sa->spi == spi);
        return sa->direction;
}

START_TEST(test_by_addresses)
{
        put_address(2, HERE);
        put_address(3, "2001:db8::1");
        put_sa(1, HERE, THERE);
        put_sa(2, THERE, HERE);
        put_sa(3, THERE, "192.0.2.3");
        put_sa(4, "2001:db8::1", "2001:db8::2");
        put_sa(5, "2001:db8::2", "2001:db8::1");
        put_sa(6, "0.0.0.0", HERE); /* from anybody */
        ck_assert_uint_eq(direction_of(1), DIRECTION_OUTBOUND);
        ck_assert_uint_eq(direction_of(2), DIRECTION_INBOUND);
        ck_assert_uint_eq(direction_of(3), DIRECTION_UNKNOWN);
        ck_assert_uint_eq(direction_of(4), DIRECTION_OUTBOUND);
        ck_assert_uint_eq(direction_of(5), DIRECTION_INBOUND);
        ck_assert_uint_eq(direction_of(6), DIRECTION_INBOUND);
}
END_TEST

/* An SA within this machine, also over the loopback, goes both ways. */
START_TEST(test_both_ends_here)
{
        put_address(1, "127.0.0.1");
        put_address(2, HERE);
        put_address(2, THERE);
        put_sa(1, HERE, THERE);
        put_sa(2, "127.0.0.1", "127.0.0.1");
        put_sa(3, HERE, "127.0.0.1");
        ck_assert_uint_eq(direction_of(1), DIRECTION_UNKNOWN);
        ck_assert_uint_eq(direction_of(2), DIRECTION_UNKNOWN);
        ck_assert_uint_eq(direction_of(3), DIRECTION_UNKNOWN);
}
END_TEST

START_TEST(test_addresses_come_and_go)
{
        put_sa(1, HERE, THERE);
        put_sa(2, THERE, HERE);
        ck_assert_uint_eq(direction_of(1), DIRECTION_UNKNOWN);
        put_address(2, HERE);
        ck_assert_uint_eq(direction_of(1), DIRECTION_OUTBOUND);
        ck_assert_uint_eq(direction_of(2), DIRECTION_INBOUND);
        put_address(3, HERE); /* twice, as during a failover */
        remove_address(2, HERE);
        ck_assert_uint_eq(direction_of(1), DIRECTION_OUTBOUND);
        put_address(3, THERE);
        ck_assert_uint_eq(direction_of(1), DIRECTION_UNKNOWN);
        remove_address(3, HERE);
        ck_assert_uint_eq(direction_of(1), DIRECTION_INBOUND);
        ck_assert_uint_eq(direction_of(2), DIRECTION_OUTBOUND);
        remove_address(3, THERE);
        ck_assert_uint_eq(direction_of(2), DIRECTION_UNKNOWN);
}
END_TEST

START_TEST(test_who_is_asked_first)
{
        struct ipsec_sa sa = make_sa(1, HERE, THERE);
        struct policy policy;

        put_address(2, HERE);
        sa.rule = 0x108;
        memset(&policy, 0, sizeof(policy));
        policy.type = SPD_SUB;
        policy.index = 0x108;
        policy.direction = DIRECTION_INBOUND;
        table_put(store_table(store, &policy_type), &policy, TABLE_FROM_EVENT);
        table_put(sas, &sa, TABLE_FROM_EVENT);
        ck_assert_uint_eq(direction_of(1), DIRECTION_INBOUND); /* by the policy */
        sa.told_direction = DIRECTION_OUTBOUND;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        ck_assert_uint_eq(direction_of(1), DIRECTION_OUTBOUND); /* by the kernel */
}
END_TEST

/* An address concerns all of a gateway's SAs: they are looked at in steps, and none is left out. */
START_TEST(test_many)
{
        const struct ipsec_sa *sa;
        size_t steps = 0;
        uint32_t at = 0;

        for (uint32_t spi = 1; spi <= 3500; spi++)
                put_sa(spi, spi % 2 ? HERE : THERE, spi % 2 ? THERE : HERE);
        fake_loop_advance(loop, 1);
        put_address(2, HERE);
        while (fake_loop_step(loop)) {
                if (++steps == 2)
                        put_address(3, THERE); /* while a pass goes on */
                if (steps == 6)
                        remove_address(3, THERE);
        }
        ck_assert_uint_gt(steps, 9);
        while ((sa = table_next(sas, &ipsec_sa_type, &at, 1, false))) {
                at = sa->index;
                ck_assert_uint_eq(sa->direction,
                                  sa->spi % 2 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("directions");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_by_addresses);
        tcase_add_test(tcase, test_both_ends_here);
        tcase_add_test(tcase, test_addresses_come_and_go);
        tcase_add_test(tcase, test_who_is_asked_first);
        tcase_add_test(tcase, test_many);
        return run_suite("directions", tcase);
}
