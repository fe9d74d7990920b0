/* -cache: HP's example to the byte, and what is printed where an SA or a policy is missing. */
#include "cli/report.h"
#include "suite.h"
#include "tables/flow.h"
#include "tables/policy_template.h"

#include <string.h>

static const struct moment now = { .wall = 1795510800 };

enum { FLOWS, SAS, TEMPLATES, N_PARTS };

static struct rows *parts[N_PARTS];

static void setup(void)
{
        for (size_t i = 0; i < N_PARTS; i++)
                parts[i] = rows_new(report_cache.parts[i]->type);
}

static void teardown(void)
{
        for (size_t i = 0; i < N_PARTS; i++)
                rows_free(parts[i]);
}

static void set_address(struct inet_addr *address, const char *written)
{
        ck_assert(inet_addr_parse(address, written, strlen(written)));
}

/* The connection of HP's example. */
static struct flow make_flow(uint8_t direction, uint8_t action)
{
        struct flow flow = { .number = 9,
                             .direction = direction,
                             .protocol = 6,
                             .source_port = 23,
                             .destination_port = 56122,
                             .action = action,
                             .policy_type = SPD_MAIN,
                             .policy_cookie = 3,
                             .origin = FLOW_OF_SOCKET };

        set_address(&flow.source, "192.1.1.1");
        set_address(&flow.destination, "192.1.1.3");
        return flow;
}

static void add_flow(struct flow flow)
{
        if (report_cache.parts[FLOWS]->is_shown(&flow))
                ck_assert_int_eq(rows_add(parts[FLOWS], &flow), 0);
}

static void add_sa(uint32_t index, uint32_t spi, uint8_t mode)
{
        struct ipsec_sa sa = { .index = index, .spi = spi, .protocol = PROTOCOL_ESP, .mode = mode };

        set_address(&sa.source, "192.1.1.1");
        set_address(&sa.destination, "192.1.1.3");
        ck_assert_int_eq(rows_add(parts[SAS], &sa), 0);
}

static void add_template(uint32_t policy, uint32_t number, uint8_t protocol, uint8_t mode)
{
        const struct policy_template t = { .policy_type = SPD_MAIN,
                                           .policy_index = policy,
                                           .number = number,
                                           .protocol = protocol,
                                           .mode = mode };

        ck_assert_int_eq(rows_add(parts[TEMPLATES], &t), 0);
}

static void prints(const char *wanted, bool verbose)
{
        char *text;
        size_t length;
        FILE *file = open_memstream(&text, &length);

        ck_assert_int_eq(
                report_cache.print_parts(file, (const struct rows *const *)parts, &now, verbose),
                0);
        fclose(file);
        ck_assert_str_eq(text, wanted);
        free(text);
}

#define HEAD "------------------- Cache Policy Rule --------------------\n"
#define ENDS                                                                                       \
        "Src IP Address: 192.1.1.1 Src Port number: 23\n"                                          \
        "Dst IP Address: 192.1.1.3 Dst Port number: 56122\n"

START_TEST(test_example)
{
        char golden[1024];
        FILE *file = fopen(DATA "/../golden/cache_hp.txt", "r");
        struct flow flow = make_flow(DIRECTION_OUTBOUND, FLOW_SECURE);

        ck_assert_ptr_nonnull(file);
        golden[fread(golden, 1, sizeof(golden) - 1, file)] = '\0';
        fclose(file);
        for (uint32_t i = 1; i <= 40; i += 3)
                add_sa(i, i == 22 ? 0x1fe472 : 0x1000 + i, MODE_TRANSPORT);
        flow.sa = 22;
        add_flow(flow);
        prints(golden, false);
}
END_TEST

START_TEST(test_tunnel)
{
        struct flow flow = make_flow(DIRECTION_FORWARD, FLOW_SECURE);

        add_sa(1, 0xabc, MODE_TUNNEL);
        flow.sa = 1;
        add_flow(flow);
        prints(HEAD "Cache Policy Record: 9 Cookie: 3\n" ENDS
                    "Network Protocol: TCP Direction: forward\nAction: Secure\n"
                    "-- SA Number 1 --\nState: SA Created\nSA Type: ESP\nTunnel SA: Yes\n"
                    "SPI (hex): ABC\nSrc IP Address: 192.1.1.1\nDst IP Address: 192.1.1.3\n",
               false);
}
END_TEST

/* The policy's first template tells what the SA will be; a policy that went meanwhile does not. */
START_TEST(test_being_created)
{
        add_template(2, 1, PROTOCOL_ESP, MODE_TRANSPORT);
        add_template(3, 1, PROTOCOL_AH, MODE_TUNNEL);
        add_template(3, 2, PROTOCOL_ESP, MODE_TRANSPORT);
        add_flow(make_flow(DIRECTION_OUTBOUND, FLOW_SECURE));
        prints(HEAD "Cache Policy Record: 9 Cookie: 3\n" ENDS
                    "Network Protocol: TCP Direction: outbound\nAction: Secure\n"
                    "-- SA Number 1 --\nState: SA Being Created\nSA Type: AH\nTunnel SA: Yes\n",
               false);
}
END_TEST

START_TEST(test_without_template)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, FLOW_SECURE);

        add_template(4, 1, PROTOCOL_AH, MODE_TUNNEL);
        flow.sa = 7; /* it went between two requests */
        add_flow(flow);
        prints(HEAD "Cache Policy Record: 9 Cookie: 3\n" ENDS
                    "Network Protocol: TCP Direction: outbound\nAction: Secure\n"
                    "-- SA Number 1 --\nState: SA Being Created\n",
               false);
}
END_TEST

/* HP has no entries of what comes in protected. */
START_TEST(test_inbound)
{
        struct flow flow = make_flow(DIRECTION_INBOUND, FLOW_PASS);

        add_flow(make_flow(DIRECTION_INBOUND, FLOW_SECURE));
        flow.policy_cookie = 0;
        flow.policy_type = SPD_UNKNOWN;
        flow.protocol = 254;
        add_flow(flow);
        prints(HEAD "Cache Policy Record: 9 Cookie: 1\n" ENDS
                    "Network Protocol: 254 Direction: inbound\nAction: Pass\n"
                    "Origin: socket\nComputed: yes\n",
               true);
}
END_TEST

START_TEST(test_discard)
{
        struct flow flow = make_flow(DIRECTION_OUTBOUND, FLOW_DISCARD);

        add_flow(flow);
        flow.number = 10;
        flow.action = 0; /* not looked at yet */
        add_flow(flow);
        prints(HEAD "Cache Policy Record: 9 Cookie: 3\n" ENDS
                    "Network Protocol: TCP Direction: outbound\nAction: Discard\n" HEAD
                    "Cache Policy Record: 10 Cookie: 3\n" ENDS
                    "Network Protocol: TCP Direction: outbound\nAction: Unknown\n",
               false);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("cache");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_example);
        tcase_add_test(tcase, test_tunnel);
        tcase_add_test(tcase, test_being_created);
        tcase_add_test(tcase, test_without_template);
        tcase_add_test(tcase, test_inbound);
        tcase_add_test(tcase, test_discard);
        return run_suite("cli cache", tcase);
}
