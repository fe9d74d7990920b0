/* The list of what goes in clear text. */
#include "cli/writer.h"
#include "suite.h"
#include "tables/bypass.h"
#include "tables/interface.h"
#include "tables/ipsec_sa.h"

#include <string.h>

#define TITLE "--------------- Configured Bypass IP List ----------------\n"
#define BOTH (REASON_DISABLE_XFRM | REASON_DISABLE_POLICY)

static const struct moment now = { .wall = 1795500116 };
static struct rows *parts[PARTS_MAX];

static void setup(void)
{
        parts[0] = rows_new(&bypass_type);
        parts[1] = rows_new(&interface_type);
}

static void teardown(void)
{
        rows_free(parts[0]);
        rows_free(parts[1]);
}

static struct inet_addr address(const char *text)
{
        struct inet_addr a;

        ck_assert(inet_addr_parse(&a, text, strlen(text)));
        return a;
}

static void add_interface(uint32_t if_index, const char *name, const char *text, uint16_t reasons)
{
        struct interface row;

        memset(&row, 0, sizeof(row));
        row.if_index = if_index;
        row.address = address(text);
        row.name = name;
        row.reasons = reasons;
        ck_assert_int_eq(rows_add(parts[1], &row), 0);
}

static struct bypass make_policy(uint32_t number, uint8_t direction, const char *from,
                                 const char *to)
{
        struct bypass row;

        memset(&row, 0, sizeof(row));
        row.kind = BYPASS_POLICY;
        row.number = number;
        row.direction = direction;
        row.name = "xfrm";
        row.source = address(from);
        row.destination = address(to);
        row.reasons = REASON_BYPASS_POLICY;
        return row;
}

static void add(struct bypass row)
{
        ck_assert_int_eq(rows_add(parts[0], &row), 0);
}

static const char *print(bool verbose)
{
        static char *text;
        struct writer w;
        size_t size;
        FILE *file;

        free(text);
        text = NULL;
        file = open_memstream(&text, &size);
        text_writer_init(&w, file, verbose);
        ck_assert_int_eq(w.ops->parts(&w, &report_bypass, (const struct rows *const *)parts, &now),
                         0);
        fclose(file);
        return text;
}

static const char *read_golden(const char *name)
{
        static char golden[4096];
        const char *folder = getenv("srcdir");
        char path[1024];
        size_t n;
        FILE *f;

        snprintf(path, sizeof(path), "%s/tests/golden/%s", folder ? folder : ".", name);
        f = fopen(path, "r");
        ck_assert_msg(f != NULL, "%s", path);
        n = fread(golden, 1, sizeof(golden) - 1, f);
        golden[n] = '\0';
        fclose(f);
        return golden;
}

/* A machine in the state of HP's example, with what every machine has beside it. */
START_TEST(hp_bypass)
{
        struct bypass lan1;

        memset(&lan1, 0, sizeof(lan1));
        lan1.kind = BYPASS_INTERFACE;
        lan1.number = lan1.if_index = 3;
        lan1.reasons = BOTH;
        lan1.name = "lan1";
        lan1.local_addresses = "192.2.2.1";
        add(lan1);
        add_interface(1, "lo", "127.0.0.1", BOTH);
        add_interface(1, "lo", "::1", 0);
        add_interface(2, "lan0", "192.1.1.1", 0);
        add_interface(3, "lan1", "192.2.2.1", BOTH);
        add_interface(4, "lan2", "", BOTH); /* no address */
        ck_assert_str_eq(print(false), read_golden("bypass.txt"));
        ck_assert_str_eq(print(true), TITLE "IP Address: 127.0.0.1\n"
                                            "Interface Name: lo\n"
                                            "IP Address: 192.2.2.1\n"
                                            "Interface Name: lan1\n");
}
END_TEST

START_TEST(nothing)
{
        add_interface(1, "lo", "127.0.0.1", BOTH);
        add_interface(2, "lan0", "192.1.1.1", REASON_BYPASS_POLICY | REASON_NO_POLICY);
        ck_assert_str_eq(print(false), "");
}
END_TEST

START_TEST(half_an_interface)
{
        add_interface(2, "lan0", "192.1.1.1", REASON_DISABLE_XFRM);
        add_interface(2, "lan0", "2001:db8::1", REASON_DISABLE_POLICY | REASON_BYPASS_POLICY);
        ck_assert_str_eq(print(false), TITLE "IP Address: 192.1.1.1\n"
                                             "Interface Name: lan0\n"
                                             "Direction: outbound\n"
                                             "IP Address: 2001:db8::1\n"
                                             "Interface Name: lan0\n"
                                             "Direction: inbound\n");
}
END_TEST

/* Twins are one; an address whose packets all pass is said once, and no part of it. */
START_TEST(policies)
{
        struct bypass ssh = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.1/32");

        ssh.protocol = 6;
        ssh.source_port = 22;
        ssh.source_port_mask = UINT16_MAX;
        ssh.if_index = 2;
        add(make_policy(8, DIRECTION_INBOUND, "0.0.0.0/0", "192.2.2.1/32"));
        add(ssh);
        add(make_policy(17, DIRECTION_OUTBOUND, "192.2.2.1/32", "0.0.0.0/0"));
        add(make_policy(18, DIRECTION_FORWARD, "0.0.0.0/0", "192.2.2.1/32"));
        add(make_policy(25, DIRECTION_OUTBOUND, "192.2.2.1/32", "10.0.0.0/8"));
        add(make_policy(33, DIRECTION_OUTBOUND, "0.0.0.0/0", "0.0.0.0/0"));
        ssh.number = 41;
        ssh.if_index = 77;
        add(ssh);
        add_interface(2, "lan0", "192.1.1.1", 0);
        add_interface(3, "lan1", "192.2.2.1", BOTH);
        ck_assert_str_eq(print(false), TITLE "IP Address: 192.2.2.1\n"
                                             "IP Address: 10.1.0.0/16 Port number: 22\n"
                                             "Rule Name: xfrm\n"
                                             "Dst IP Addr: 10.2.0.1\n"
                                             "Network Protocol: TCP Action: Pass\n"
                                             "Direction: outbound\n"
                                             "Interface Name: lan0\n"
                                             "IP Address: 0.0.0.0\n"
                                             "Rule Name: xfrm\n"
                                             "Dst IP Addr: 0.0.0.0\n"
                                             "Network Protocol: ALL Action: Pass\n"
                                             "Direction: outbound\n"
                                             "IP Address: 10.1.0.0/16 Port number: 22\n"
                                             "Rule Name: xfrm\n"
                                             "Dst IP Addr: 10.2.0.1\n"
                                             "Network Protocol: TCP Action: Pass\n"
                                             "Direction: outbound\n"
                                             "If Index: 77\n");
        ck_assert(strstr(print(true), "\n-- Policy 18 --\n"));
        ck_assert(strstr(print(true), "\nDirection: forward\n"));
}
END_TEST

START_TEST(one_way)
{
        add(make_policy(8, DIRECTION_INBOUND, "0.0.0.0/0", "192.2.2.1/32"));
        add(make_policy(18, DIRECTION_FORWARD, "0.0.0.0/0", "192.2.2.1/32"));
        ck_assert_str_eq(print(false), TITLE "IP Address: 192.2.2.1\n"
                                             "Rule Name: xfrm\n"
                                             "Dst IP Addr: 0.0.0.0\n"
                                             "Network Protocol: ALL Action: Pass\n"
                                             "Direction: inbound, forward\n");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("bypass");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, hp_bypass);
        tcase_add_test(tcase, nothing);
        tcase_add_test(tcase, half_an_interface);
        tcase_add_test(tcase, policies);
        tcase_add_test(tcase, one_way);
        return run_suite("cli_bypass", tcase);
}
