/* -host active and -tunnel: HP's examples to the byte, and policies that are one rule. */
#include "cli/rule_text.h"
#include "cli/writer.h"
#include "suite.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"

#include <string.h>

static const struct moment now = { .wall = 1795510800,
                                   .monotonic = 5000000,
                                   .snmp_start = 2000000 };

static struct rows *parts[PARTS_MAX];
static uint32_t n_sas;

/* Behind the parts that both reports read. */
enum { DEFAULTS = RULE_SAS + 1, COLLECTORS };

static void setup(void)
{
        const struct report *const *read = report_host_active.parts; /* -tunnel's and more */

        for (size_t i = 0; read[i]; i++)
                parts[i] = rows_new(read[i]->type);
        n_sas = 0;
}

static void teardown(void)
{
        for (size_t i = 0; report_host_active.parts[i]; i++)
                rows_free(parts[i]);
}

static void set_address(struct inet_addr *address, const char *written)
{
        ck_assert(inet_addr_parse(address, written, strlen(written)));
}

static struct policy make_policy(uint32_t index, uint8_t direction, const char *source,
                                 const char *destination)
{
        struct policy p = { .type = SPD_MAIN,
                            .index = index,
                            .kind = RULE_HOST,
                            .action = RULE_MANUAL_KEY,
                            .direction = direction,
                            .priority = 10,
                            .state = POLICY_INITIAL,
                            .name = "name" };

        set_address(&p.source, source);
        set_address(&p.destination, destination);
        return p;
}

static void add_policy(struct policy p, const char *name)
{
        p.name = name;
        ck_assert_int_eq(rows_add(parts[RULE_POLICIES], &p), 0);
}

/* Templates come in the order of their index. */
static void add_template(uint32_t index, uint32_t number, uint8_t protocol, const char *source,
                         const char *destination)
{
        struct policy_template t = { .policy_type = SPD_MAIN,
                                     .policy_index = index,
                                     .number = number,
                                     .protocol = protocol,
                                     .mode = MODE_TRANSPORT,
                                     .encryption_mask = UINT32_MAX,
                                     .authentication_mask = UINT32_MAX,
                                     .compression_mask = UINT32_MAX };

        set_address(&t.source, source);
        set_address(&t.destination, destination);
        ck_assert_int_eq(rows_add(parts[RULE_TEMPLATES], &t), 0);
}

static struct ipsec_sa make_sa(uint32_t spi, uint8_t direction, uint32_t cookie, uint32_t partner)
{
        return (struct ipsec_sa){ .spi = spi,
                                  .protocol = PROTOCOL_ESP,
                                  .state = SA_MATURE,
                                  .encryption = "AES128-CBC",
                                  .authentication = "HMAC-SHA1",
                                  .direction = direction,
                                  .policy_cookie = cookie,
                                  .partner = partner };
}

/* The first has index 1. */
static void add_sa(struct ipsec_sa sa)
{
        sa.index = ++n_sas;
        if (rule_uses_sa(&sa))
                ck_assert_int_eq(rows_add(parts[RULE_SAS], &sa), 0);
}

/* The kernel's default policies, told by an agent whose collector has read or not. */
static void add_defaults(uint8_t out, uint8_t in, uint8_t forward, int64_t last_success)
{
        const struct global_scalars global = { .default_in = in,
                                               .default_out = out,
                                               .default_forward = forward };
        const struct collector_row rows[] = {
                { .key = "statistics", .last_success = now.wall },
                { .key = "xfrm", .last_success = last_success },
        };

        ck_assert_int_eq(rows_add(parts[DEFAULTS], &global), 0);
        for (size_t i = 0; i < 2; i++)
                if (report_host_active.parts[COLLECTORS]->is_shown(&rows[i]))
                        ck_assert_int_eq(rows_add(parts[COLLECTORS], &rows[i]), 0);
}

static const char *print(const struct report *report, bool verbose)
{
        static char *text;
        struct writer w;
        size_t size;
        FILE *file;

        free(text);
        text = NULL;
        file = open_memstream(&text, &size);
        text_writer_init(&w, file, verbose);
        ck_assert_int_eq(w.ops->parts(&w, report, (const struct rows *const *)parts, &now), 0);
        fclose(file);
        return text;
}

static bool has(const char *text, const char *part)
{
        return strstr(text, part) != NULL;
}

static size_t count(const char *text, const char *part)
{
        size_t n = 0;

        for (; (text = strstr(text, part)); text++)
                n++;
        return n;
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

static void set_ports(struct policy *p, uint16_t source, uint16_t destination)
{
        p->protocol = 6;
        p->source_port = source;
        p->source_port_mask = source ? UINT16_MAX : 0;
        p->destination_port = destination;
        p->destination_port_mask = destination ? UINT16_MAX : 0;
}

START_TEST(hp_host)
{
        struct policy out = make_policy(3, DIRECTION_OUTBOUND, "192.1.1.1/32", "192.1.1.3/32");
        struct policy in = make_policy(8, DIRECTION_INBOUND, "192.1.1.3/32", "192.1.1.1/32");
        struct ipsec_sa sa = make_sa(0x1fe472, DIRECTION_OUTBOUND, 3, 2);

        set_ports(&out, 23, 56122);
        set_ports(&in, 56122, 23);
        out.action = in.action = RULE_DYNAMIC_KEY;
        out.state = in.state = POLICY_READY;
        out.cookie = 3;
        in.cookie = 8;
        add_policy(in, "telnet_in");
        add_policy(out, "telnet_in");
        add_template(3, 1, PROTOCOL_ESP, "0.0.0.0", "0.0.0.0");
        add_template(8, 1, PROTOCOL_ESP, "0.0.0.0", "0.0.0.0");
        sa.hard.add_seconds = 28800;
        add_sa(sa);
        add_sa(make_sa(0x241988, DIRECTION_INBOUND, 8, 1));
        add_defaults(DEFAULT_ACCEPT, DEFAULT_ACCEPT, DEFAULT_ACCEPT, now.wall);
        ck_assert_str_eq(print(&report_host_active, false), read_golden("host_active.txt"));
        ck_assert_str_eq(print(&report_tunnel, false), "");
}
END_TEST

#define DEFAULT_RULE                                                                               \
        "---------------- Active Host Policy Rule -----------------\n"                             \
        "Rule Name: default Priority: 0 Cookie: 1\n"

/* It is there without any other rule, too. */
START_TEST(default_rule)
{
        add_defaults(DEFAULT_BLOCK, DEFAULT_BLOCK, DEFAULT_BLOCK, now.wall);
        ck_assert_str_eq(print(&report_host_active, false), DEFAULT_RULE "Action: Discard\n");
        ck_assert_str_eq(print(&report_host_active, true), DEFAULT_RULE "Action: Discard\n");
}
END_TEST

START_TEST(default_rule_of_an_old_kernel)
{
        add_defaults(DEFAULT_UNKNOWN, DEFAULT_UNKNOWN, DEFAULT_UNKNOWN, now.wall);
        ck_assert_str_eq(print(&report_host_active, false), DEFAULT_RULE "Action: Pass\n");
}
END_TEST

START_TEST(default_rule_by_direction)
{
        add_defaults(DEFAULT_ACCEPT, DEFAULT_BLOCK, DEFAULT_UNKNOWN, now.wall);
        ck_assert_str_eq(print(&report_host_active, false),
                         DEFAULT_RULE "Action: Pass\nDirection: outbound\n" DEFAULT_RULE
                                      "Action: Discard\nDirection: inbound\n" DEFAULT_RULE
                                      "Action: Pass\nDirection: forward\n");
}
END_TEST

/* 0 stands there for what nobody has read. */
START_TEST(default_rule_not_read)
{
        add_defaults(DEFAULT_UNKNOWN, DEFAULT_UNKNOWN, DEFAULT_UNKNOWN, 0);
        ck_assert_str_eq(print(&report_host_active, false), "");
}
END_TEST

START_TEST(hp_tunnel)
{
        static const char here[] = "fe80::260:1111:2222:3333", there[] = "fe80::230:6666:7777:8888";
        struct policy out =
                make_policy(3, DIRECTION_OUTBOUND, "::/0", "fe80::230:6666:7777:8888/128");
        struct ipsec_sa sa = make_sa(0x3ea, DIRECTION_OUTBOUND, 3, 2);

        out.kind = RULE_TUNNEL;
        out.protocol = 6;
        out.cookie = 3;
        add_policy(out, "mipv6_tunnel_name");
        add_template(3, 1, PROTOCOL_ESP, here, there);
        sa.encryption = "DES-CBC";
        set_address(&sa.source, here);
        set_address(&sa.destination, there);
        add_sa(sa);
        sa = make_sa(0x3eb, DIRECTION_UNKNOWN, 0, 1); /* no policy claims it */
        sa.encryption = "DES-CBC";
        set_address(&sa.source, there);
        set_address(&sa.destination, here);
        add_sa(sa);
        ck_assert_str_eq(print(&report_tunnel, false), read_golden("tunnel.txt"));
        ck_assert_str_eq(print(&report_host_active, false), "");
}
END_TEST

START_TEST(twins_are_one_rule)
{
        struct policy out = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        struct policy in = make_policy(16, DIRECTION_INBOUND, "10.2.0.0/16", "10.1.0.0/16");
        struct policy forward = make_policy(26, DIRECTION_FORWARD, "10.2.0.0/16", "10.1.0.0/16");
        const char *text;

        out.kind = in.kind = forward.kind = RULE_TUNNEL;
        add_policy(in, "in");
        add_policy(forward, "forward");
        add_policy(out, "out");
        text = print(&report_tunnel, false);
        ck_assert_str_eq(text, "------------------- Tunnel Policy Rule -------------------\n"
                               "Tunnel Name: out\n"
                               "Src IP Addr: 10.1.0.0/16\n"
                               "Dst IP Addr: 10.2.0.0/16\n"
                               "Network Protocol: ALL Action: Manual Key SA\n");
        text = print(&report_tunnel, true);
        ck_assert_uint_eq(count(text, "Tunnel Name"), 1);
        ck_assert(has(text, "\n-- Policy 9 --\nDirection: outbound\n"));
        ck_assert(has(text, "\n-- Policy 16 --\nDirection: inbound\n"));
        ck_assert(has(text, "\n-- Policy 26 --\nDirection: forward\n"));
}
END_TEST

/* Type and code of ICMP are no ports: they do not change places on the way back. */
START_TEST(icmp_twins)
{
        struct policy out = make_policy(1, DIRECTION_OUTBOUND, "192.0.2.1/32", "192.0.2.2/32");
        struct policy in = make_policy(2, DIRECTION_INBOUND, "192.0.2.2/32", "192.0.2.1/32");
        const char *text;

        out.protocol = in.protocol = 1;
        out.source_port = in.source_port = 8;
        out.source_port_mask = in.source_port_mask = 0xffff;
        add_policy(out, "ping");
        add_policy(in, "ping");
        text = print(&report_host_active, false);
        text = strstr(text, "Rule Name: ping");
        ck_assert_ptr_nonnull(text);
        ck_assert_ptr_null(strstr(text + 1, "Rule Name: ping"));
}
END_TEST

/* Each differs from the outbound one in one thing. */
START_TEST(no_twins)
{
        struct policy out = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        struct policy in = make_policy(8, DIRECTION_INBOUND, "10.2.0.0/16", "10.1.0.0/16");
        struct policy other;

        add_policy(out, "out");
        for (int i = 0; i < 10; i++) {
                other = in;
                other.index += 8u * (uint32_t)i;
                other.mark += i == 0;
                other.mark_mask += i == 1;
                other.if_id += i == 2;
                other.if_index += i == 3;
                if (i == 4)
                        other.protocol = 6;
                if (i == 5)
                        other.source.prefix = 24;
                if (i == 6)
                        other.destination_port_mask = 1;
                if (i == 7)
                        other.action = RULE_DISCARD;
                if (i == 8)
                        other.security_context = "context";
                if (i == 9)
                        other.type = SPD_SUB;
                add_policy(other, "other");
        }
        ck_assert_uint_eq(count(print(&report_host_active, false), "Rule Name: "), 11);
        add_policy(in, "twin");
        ck_assert_uint_eq(count(print(&report_host_active, false), "Rule Name: "), 11);
        in.index = 800; /* what an older kernel allows */
        add_policy(in, "second");
        ck_assert_uint_eq(count(print(&report_host_active, false), "Rule Name: "), 12);
}
END_TEST

static void add_reqid(uint32_t index, uint32_t reqid)
{
        const struct policy_template t = { .policy_type = SPD_MAIN,
                                           .policy_index = index,
                                           .number = 1,
                                           .protocol = PROTOCOL_ESP,
                                           .reqid = reqid };

        ck_assert_int_eq(rows_add(parts[RULE_TEMPLATES], &t), 0);
}

/* What a daemon made for one child, with a mark or an interface for one direction alone. */
START_TEST(twins_by_reqid)
{
        struct policy out = make_policy(1, DIRECTION_OUTBOUND, "10.1.0.0/16", "10.2.0.0/16");
        struct policy in = make_policy(8, DIRECTION_INBOUND, "10.2.0.0/16", "10.1.0.0/16");
        struct policy forward = make_policy(18, DIRECTION_FORWARD, "10.2.0.0/16", "10.1.0.0/16");
        const char *text;

        out.mark_mask = UINT32_MAX;
        in.if_id = forward.if_id = 3;
        for (uint32_t i = 0; i < 3; i++) { /* reqids 1, 2, and one that is not theirs */
                out.index = 1 + 24 * i;
                in.index = 8 + 24 * i;
                forward.index = 18 + 24 * i;
                out.mark = in.mark = forward.mark = 10 * i;
                add_policy(out, "out");
                add_policy(in, "in");
                add_policy(forward, "forward");
                add_reqid(out.index, i + 1);
                add_reqid(in.index, i == 2 ? 9 : i + 1);
                add_reqid(forward.index, i == 2 ? 9 : i + 1);
        }
        text = print(&report_host_active, true);
        ck_assert_uint_eq(count(text, "Rule Name: out"), 3);
        ck_assert_uint_eq(count(text, "Rule Name: in"), 1);
        ck_assert_uint_eq(count(text, "Rule Name: "), 4);
        ck_assert_uint_eq(count(text, "-- Policy "), 9);
}
END_TEST

START_TEST(order)
{
        struct policy p = make_policy(25, DIRECTION_OUTBOUND, "10.0.0.0/8", "10.9.0.1/32");

        p.priority = 7;
        add_policy(p, "c");
        p.index = 17;
        p.protocol = 17;
        add_policy(p, "b");
        p.index = 33;
        p.protocol = 1;
        p.priority = 4000000000;
        add_policy(p, "d");
        p.index = 41;
        p.priority = 0;
        p.protocol = 132;
        p.kind = RULE_BYPASS;
        p.action = RULE_PASS;
        add_policy(p, "a");
        ck_assert_str_eq(print(&report_host_active, false),
                         "---------------- Active Host Policy Rule -----------------\n"
                         "Rule Name: a Priority: 0\n"
                         "Src IP Addr: 10.0.0.0/8 Port number: 0\n"
                         "Dst IP Addr: 10.9.0.1 Port number: 0\n"
                         "Network Protocol: SCTP Action: Pass\n"
                         "---------------- Active Host Policy Rule -----------------\n"
                         "Rule Name: b Priority: 7\n"
                         "Src IP Addr: 10.0.0.0/8 Port number: 0\n"
                         "Dst IP Addr: 10.9.0.1 Port number: 0\n"
                         "Network Protocol: UDP Action: Manual Key SA\n"
                         "State: Initial\n"
                         "---------------- Active Host Policy Rule -----------------\n"
                         "Rule Name: c Priority: 7\n"
                         "Src IP Addr: 10.0.0.0/8 Port number: 0\n"
                         "Dst IP Addr: 10.9.0.1 Port number: 0\n"
                         "Network Protocol: ALL Action: Manual Key SA\n"
                         "State: Initial\n"
                         "---------------- Active Host Policy Rule -----------------\n"
                         "Rule Name: d Priority: 4000000000\n"
                         "Src IP Addr: 10.0.0.0/8\n"
                         "Dst IP Addr: 10.9.0.1\n"
                         "Network Protocol: ICMP Action: Manual Key SA\n"
                         "State: Initial\n");
}
END_TEST

START_TEST(inbound_alone)
{
        struct policy p = make_policy(8, DIRECTION_INBOUND, "10.2.0.0/16", "10.1.0.1/32");

        p.action = RULE_DISCARD;
        add_policy(p, "host");
        ck_assert_str_eq(print(&report_host_active, false),
                         "---------------- Active Host Policy Rule -----------------\n"
                         "Rule Name: host Priority: 10\n"
                         "Src IP Addr: 10.2.0.0/16 Port number: 0\n"
                         "Dst IP Addr: 10.1.0.1 Port number: 0\n"
                         "Network Protocol: ALL Action: Discard\n");
        p.kind = RULE_TUNNEL;
        p.action = RULE_DYNAMIC_KEY;
        p.index = 16;
        p.cookie = 16;
        p.protocol = 6;
        p.source_port = 80;
        p.source_port_mask = 0xfff0;
        add_policy(p, "tunnel");
        add_template(16, 1, PROTOCOL_ESP, "192.0.2.2", "192.0.2.1");
        add_sa(make_sa(0xabc, DIRECTION_INBOUND, 16, 0));
        ck_assert_str_eq(print(&report_tunnel, false),
                         "------------------- Tunnel Policy Rule -------------------\n"
                         "Tunnel Name: tunnel Cookie: 16\n"
                         "Tunnel Src IP Addr: 192.0.2.1 Tunnel Dst IP Addr: 192.0.2.2\n"
                         "Src IP Addr: 10.1.0.1\n"
                         "Dst IP Addr: 10.2.0.0/16 Port number: 80/0xfff0\n"
                         "Network Protocol: TCP Action: Dynamic key SA\n"
                         "State: Initial\n"
                         "Proposal 1: Transform: ESP-AES128-HMAC-SHA1\n"
                         "Lifetime Seconds: 0\n"
                         "Lifetime Kbytes: 0\n"
                         "-- SA Number 1 --\n"
                         "SPI (hex): ABC\n"
                         "SA Type: ESP\n"
                         "Authentication Algorithm: HMAC-SHA1\n"
                         "Encryption Algorithm: AES128-CBC\n"
                         "Src IP Addr: \n"
                         "Dst IP Addr: \n"
                         "SA direction: INBOUND\n");
        ck_assert(has(print(&report_tunnel, true),
                      "SA direction: INBOUND\nProposal Source: negotiated\n-- Policy 16 --\n"));
}
END_TEST

START_TEST(states_and_requests)
{
        static const char *const texts[] = { "Ready", "Initial", "Pending", "Error", "Unknown" };
        struct policy p = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.1/32", "10.2.0.1/32");

        p.pending_acquires = 2;
        for (uint8_t state = POLICY_READY; state <= POLICY_STATE_UNKNOWN; state++) {
                char line[64];

                teardown();
                setup();
                p.state = state;
                add_policy(p, "x\x1b");
                snprintf(line, sizeof(line), "\nState: %s\nKernel Requests Queued: 2\n",
                         texts[state - POLICY_READY]);
                ck_assert(has(print(&report_host_active, false), line));
                ck_assert(has(print(&report_host_active, false), "Rule Name: x\\x1b Pri"));
        }
}
END_TEST

/* A rekey: the old inbound SA is still there, and names the new outbound one. */
START_TEST(half_pairs)
{
        struct policy p = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.1/32", "10.2.0.1/32");
        struct policy in = make_policy(16, DIRECTION_INBOUND, "10.2.0.1/32", "10.1.0.1/32");
        struct ipsec_sa sa = make_sa(0xb1, DIRECTION_OUTBOUND, 9, 3);

        p.action = in.action = RULE_DYNAMIC_KEY;
        p.cookie = 9;
        add_policy(p, "out");
        add_policy(in, "in");
        add_template(9, 1, PROTOCOL_ESP, "0.0.0.0", "0.0.0.0");
        add_sa(make_sa(0xa1, DIRECTION_INBOUND, 16, 2));
        sa.hard.octets = 10240;
        sa.encryption = "AES256-GCM-16";
        sa.authentication = NULL;
        add_sa(sa);
        add_sa(make_sa(0xa2, DIRECTION_INBOUND, 16, 2));
        sa = make_sa(0, DIRECTION_UNKNOWN, 0, 0); /* an acquire is no SA of the rule yet */
        sa.state = SA_LARVAL;
        add_sa(sa);
        ck_assert(has(print(&report_host_active, false),
                      "Proposal 1: Transform: ESP-AES256-GCM-16\n"
                      "Lifetime Seconds: 0\n"
                      "Lifetime Kbytes: 10\n"
                      "-- SA Pair --\n"
                      "SA Type: ESP\n"
                      "Encryption Algorithm: AES256-GCM-16\n"
                      "Outbound SPI (hex): B1\n"
                      "Inbound SPI (hex): A2\n"
                      "-- SA Pair --\n"
                      "SA Type: ESP\n"
                      "Encryption Algorithm: AES128-CBC\n"
                      "Authentication Algorithm: HMAC-SHA1\n"
                      "Inbound SPI (hex): A1\n"));
}
END_TEST

/* Transforms in the order of the templates; keys by hand without limits have no lifetimes. */
START_TEST(bundle)
{
        struct policy p = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.1/32", "10.2.0.1/32");
        struct ipsec_sa sa = make_sa(0x1000, DIRECTION_OUTBOUND, 9, 0);

        p.cookie = 9;
        add_policy(p, "bundle");
        add_template(9, 1, PROTOCOL_IPCOMP, "0.0.0.0", "0.0.0.0");
        add_template(9, 2, PROTOCOL_ESP, "0.0.0.0", "0.0.0.0");
        add_template(9, 3, PROTOCOL_AH, "0.0.0.0", "0.0.0.0");
        add_template(17, 1, PROTOCOL_AH, "0.0.0.0", "0.0.0.0");
        add_sa(sa);
        sa.protocol = PROTOCOL_IPIP; /* the kernel's own */
        add_sa(sa);
        sa.protocol = PROTOCOL_IPCOMP;
        sa.spi = 0x12;
        sa.encryption = sa.authentication = NULL;
        sa.compression = "DEFLATE";
        add_sa(sa);
        ck_assert_str_eq(print(&report_host_active, false),
                         "---------------- Active Host Policy Rule -----------------\n"
                         "Rule Name: bundle Priority: 10 Cookie: 9\n"
                         "Src IP Addr: 10.1.0.1 Port number: 0\n"
                         "Dst IP Addr: 10.2.0.1 Port number: 0\n"
                         "Network Protocol: ALL Action: Manual Key SA\n"
                         "State: Initial\n"
                         "Proposal 1: Transform: IPCOMP-DEFLATE+ESP-AES128-HMAC-SHA1\n"
                         "-- SA Pair --\n"
                         "SA Type: ESP\n"
                         "Encryption Algorithm: AES128-CBC\n"
                         "Authentication Algorithm: HMAC-SHA1\n"
                         "Outbound SPI (hex): 1000\n"
                         "-- SA Pair --\n"
                         "SA Type: IPCOMP\n"
                         "Compression Algorithm: DEFLATE\n"
                         "Outbound SPI (hex): 12\n");
}
END_TEST

START_TEST(verbose)
{
        struct policy p = make_policy(9, DIRECTION_OUTBOUND, "10.1.0.1/32", "10.2.0.1/32");
        const char *text;

        p.protocol = 1;
        p.source_port = 8;
        p.source_port_mask = UINT16_MAX;
        p.mark = 0x10;
        p.mark_mask = 0xff;
        p.if_id = 5;
        add_policy(p, "icmp");
        p.index = 17;
        p.protocol = 47;
        p.destination_port = 0x11;
        p.destination_port_mask = UINT16_MAX;
        add_policy(p, "gre");
        add_template(9, 1, PROTOCOL_ESP, "0.0.0.0", "0.0.0.0");
        text = print(&report_host_active, true);
        ck_assert(has(text, "\n-- Policy 9 --\nDirection: outbound\nICMP Type: 8\n"
                            "Mark: 0x10/0xff\nName: icmp\nPriority: 10\n"));
        ck_assert(has(text, "\nGRE Key: 0x80011\n"));
        ck_assert(has(text, "\nIf Id: 5\n"));
        ck_assert(has(text, "\n-- Template 1 --\nProtocol: esp\nMode: transport\n"));
        ck_assert(!has(text, "Encryption Mask"));
        ck_assert(!has(text, "unknown"));
        ck_assert(!has(print(&report_host_active, false), "Policy 9"));
}
END_TEST

START_TEST(nothing)
{
        ck_assert_str_eq(print(&report_host_active, true), "");
        ck_assert_str_eq(print(&report_tunnel, true), "");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("rules");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, hp_host);
        tcase_add_test(tcase, default_rule);
        tcase_add_test(tcase, default_rule_of_an_old_kernel);
        tcase_add_test(tcase, default_rule_by_direction);
        tcase_add_test(tcase, default_rule_not_read);
        tcase_add_test(tcase, hp_tunnel);
        tcase_add_test(tcase, twins_are_one_rule);
        tcase_add_test(tcase, icmp_twins);
        tcase_add_test(tcase, no_twins);
        tcase_add_test(tcase, twins_by_reqid);
        tcase_add_test(tcase, order);
        tcase_add_test(tcase, inbound_alone);
        tcase_add_test(tcase, states_and_requests);
        tcase_add_test(tcase, half_pairs);
        tcase_add_test(tcase, bundle);
        tcase_add_test(tcase, verbose);
        tcase_add_test(tcase, nothing);
        return run_suite("cli rules", tcase);
}
