/* Reports as they are printed: HP's example to the byte, SA Type, JSON. */
#include "cli/sa_type.h"
#include "cli/writer.h"
#include "suite.h"
#include "tables/cell.h"
#include "tables/collector_row.h"
#include "tables/event.h"
#include "tables/global_scalars.h"
#include "tables/interface.h"
#include "tables/store.h"
#include "tables/xfrm_stat.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

static const struct moment now = { .wall = 1795510800,
                                   .monotonic = 5000000,
                                   .snmp_start = 2000000 };

static char *text;
static size_t size;
static FILE *file;

static void setup(void)
{
        file = open_memstream(&text, &size);
}

static void teardown(void)
{
        fclose(file);
        free(text);
}

static void set_address(struct inet_addr *address, const char *written)
{
        ck_assert(inet_addr_parse(address, written, strlen(written)));
}

/* The first SA of HP's example. */
static struct ipsec_sa example(void)
{
        struct ipsec_sa sa = {
                .index = 1,
                .spi = 0x1fe472,
                .protocol = PROTOCOL_ESP,
                .mode = MODE_TRANSPORT,
                .state = SA_MATURE,
                .encapsulation = ENCAPSULATION_NONE,
                .offload_mode = OFFLOAD_NONE,
                .encryption = "AES128-CBC",
                .authentication = "HMAC-SHA1",
                .octets = 3384,
                .add_time = now.wall - 14,
                .use_time = now.wall - 12,
                .hard = { .add_seconds = 28800 },
                .soft = { .add_seconds = 24264 },
                .sequence_headroom_percent = -1,
                .cpu = -1,
        };

        set_address(&sa.source, "192.1.1.1");
        set_address(&sa.destination, "192.1.1.3");
        return sa;
}

static struct ipsec_sa second_example(void)
{
        struct ipsec_sa sa = example();

        sa.index = 2;
        sa.spi = 0x241988;
        sa.octets = 1648;
        set_address(&sa.source, "192.1.1.3");
        set_address(&sa.destination, "192.1.1.1");
        return sa;
}

static void run(struct writer *w, const struct report *report, const void *rows, size_t n)
{
        ck_assert_int_eq(w->ops->begin(w), 0);
        ck_assert_int_eq(w->ops->begin_report(w, report), 0);
        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(w->ops->row(w, report,
                                             (const char *)rows + i * report->type->row_size, &now),
                                 0);
        ck_assert_int_eq(w->ops->end_report(w, report), 0);
        ck_assert_int_eq(w->ops->end(w), 0);
        fflush(file);
}

static const char *print(const struct report *report, const void *rows, size_t n, bool verbose)
{
        struct writer w;

        rewind(file);
        text_writer_init(&w, file, verbose);
        run(&w, report, rows, n);
        fputc('\0', file); /* what was there before lies behind */
        fflush(file);
        return text;
}

static void read_golden(const char *name, char *golden, size_t room)
{
        const char *folder = getenv("srcdir");
        char path[1024];
        size_t n;
        FILE *f;

        snprintf(path, sizeof(path), "%s/tests/golden/%s", folder ? folder : ".", name);
        f = fopen(path, "r");
        ck_assert_msg(f != NULL, "%s", path);
        n = fread(golden, 1, room - 1, f);
        golden[n] = '\0';
        fclose(f);
}

START_TEST(hp_example)
{
        const struct ipsec_sa sas[] = { example(), second_example() };
        char golden[4096];

        read_golden("sa_ipsec_hp.txt", golden, sizeof(golden));
        ck_assert_str_eq(print(&report_sa_ipsec, sas, 2, false), golden);
}
END_TEST

static struct interface interface(uint32_t if_index, const char *name, const char *address)
{
        struct interface row = {
                .if_index = if_index,
                .name = name,
                .state = INTERFACE_UP,
                .ipsec = INTERFACE_IPSEC_ON,
                .offload = INTERFACE_OFFLOAD_UNKNOWN,
        };

        set_address(&row.address, address);
        return row;
}

/* HP's lan0:1 is down while lan0 is up; here it stands on a device of its own. */
START_TEST(hp_interfaces)
{
        struct interface rows[] = {
                interface(1, "lan9", ""), /* no address: not shown */
                interface(2, "lan0", "192.1.1.1"),
                interface(3, "lan1", "192.2.2.1"),
                interface(4, "lan0:1", "192.1.3.3"),
        };
        char golden[1024];

        rows[2].ipsec = INTERFACE_IPSEC_OFF;
        rows[2].reasons = REASON_DISABLE_XFRM | REASON_DISABLE_POLICY;
        rows[3].state = INTERFACE_DOWN;
        read_golden("ip_hp.txt", golden, sizeof(golden));
        ck_assert_str_eq(print(&report_ip, rows, 4, false), golden);
}
END_TEST

static void ipsec_reads(uint8_t ipsec, uint16_t reasons, const char *text_of_it)
{
        struct interface row = interface(2, "eth0", "2001:db8:0::1");
        char wanted[512];

        row.ipsec = ipsec;
        row.reasons = reasons;
        snprintf(wanted, sizeof(wanted),
                 "-------------- System Configured Interface ---------------\n"
                 "Interface Name: eth0 Address: 2001:db8::1\n"
                 "IPSec: %s\n",
                 text_of_it);
        ck_assert_str_eq(print(&report_ip, &row, 1, false), wanted);
}

START_TEST(partly)
{
        ipsec_reads(INTERFACE_IPSEC_PARTLY, REASON_DISABLE_XFRM,
                    "Partly (outbound packets bypass it)");
        ipsec_reads(INTERFACE_IPSEC_PARTLY, REASON_DISABLE_POLICY,
                    "Partly (inbound packets bypass it)");
        ipsec_reads(INTERFACE_IPSEC_PARTLY, REASON_DISABLE_POLICY | REASON_BYPASS_POLICY,
                    "Partly (inbound packets bypass it, a policy lets packets bypass it)");
        ipsec_reads(INTERFACE_IPSEC_PARTLY, 0, "Partly");
        ipsec_reads(INTERFACE_IPSEC_UNKNOWN, 0, "Unknown");
}
END_TEST

START_TEST(verbose_interface)
{
        struct interface row = interface(4, "xf1", "10.9.0.1");

        row.xfrm_if_id = 7;
        row.xfrm_link = 2;
        ck_assert_str_eq(print(&report_ip, &row, 1, true),
                         "-------------- System Configured Interface ---------------\n"
                         "Interface Name: xf1 Address: 10.9.0.1\n"
                         "IPSec: On\n"
                         "If Index: 4\n"
                         "Xfrm If Id: 7\n"
                         "Xfrm Link: 2\n"
                         "Offloaded Sas: 0\n");
        row.ipsec = INTERFACE_IPSEC_OFF;
        row.reasons = REASON_NO_POLICY;
        ck_assert(strstr(print(&report_ip, &row, 1, true), "\nReasons: noPolicy\n"));
}
END_TEST

static const char *print_statistics(const struct global_scalars *global,
                                    const struct xfrm_stat *stats, size_t n)
{
        struct rows *global_rows = rows_new(&global_scalars_type);
        struct rows *stat_rows = rows_new(&xfrm_stat_type);
        const struct rows *const parts[PARTS_MAX] = { global_rows, stat_rows };
        struct writer w;

        if (global)
                ck_assert_int_eq(rows_add(global_rows, global), 0);
        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(rows_add(stat_rows, &stats[i]), 0);
        rewind(file);
        text_writer_init(&w, file, false);
        ck_assert_int_eq(w.ops->parts(&w, &report_stat, parts, &now), 0);
        fputc('\0', file);
        fflush(file);
        rows_free(global_rows);
        rows_free(stat_rows);
        return text;
}

START_TEST(statistics)
{
        const struct xfrm_stat rows[] = {
                { .key = "XfrmInError", .name = "XfrmInError" },
                { .key = "XfrmInNoStates", .name = "XfrmInNoStates", .packets = UINT64_MAX },
        };

        ck_assert_str_eq(print_statistics(NULL, rows, 2),
                         "-------------------- XFRM Statistics ---------------------\n"
                         "XfrmInError: 0\n"
                         "XfrmInNoStates: 18446744073709551615\n"); /* an older agent's */
        ck_assert_str_eq(print_statistics(NULL, NULL, 0), "");
}
END_TEST

START_TEST(totals)
{
        const struct xfrm_stat stat = { .key = "XfrmInError", .name = "XfrmInError" };
        const struct global_scalars global = {
                .sad_size = 4,
                .sad_hash_buckets = 8,
                .sad_hash_maximum = 1 << 20,
                .spd_out = 5,
                .default_in = DEFAULT_BLOCK,
                .default_out = DEFAULT_ACCEPT,
                .default_forward = DEFAULT_UNKNOWN,
                .rows = { .sas_mature = 3, .sas_dying = 1, .sas_outbound = 4, .policies_out = 5 },
                .totals = { .octets_in = UINT64_MAX,
                            .packets_out = 12,
                            .sas_created = 6,
                            .no_sa_drops = 9 },
                .ike = { .negotiation_failures = 7 },
        };

        ck_assert_str_eq(print_statistics(&global, &stat, 1),
                         "-------------------- IPsec Statistics --------------------\n"
                         "--- SAs Now ---\n"
                         "Sas Larval: 0\n"
                         "Sas Mature: 3\n"
                         "Sas Dying: 1\n"
                         "Sas Dead: 0\n"
                         "Sas Inbound: 0\n"
                         "Sas Outbound: 4\n"
                         "Sas Of Unknown Direction: 0\n"
                         "--- Policies Now ---\n"
                         "Policies In: 0\n"
                         "Policies Out: 5\n"
                         "Policies Forward: 0\n"
                         "Default Policy In: block\n"
                         "Default Policy Out: accept\n"
                         "--- Kernel ---\n"
                         "Sad Size: 4\n"
                         "Sad Hash Buckets: 8\n"
                         "Sad Hash Maximum: 1048576\n"
                         "Spd In: 0\n"
                         "Spd Out: 5\n"
                         "Spd Forward: 0\n"
                         "Spd Socket In: 0\n"
                         "Spd Socket Out: 0\n"
                         "Spd Socket Forward: 0\n"
                         "--- Total Traffic ---\n"
                         "Octets In: 18446744073709551615\n"
                         "Octets Out: 0\n"
                         "Packets In: 0\n"
                         "Packets Out: 12\n"
                         "--- Total SAs ---\n"
                         "Sas Created: 6\n"
                         "Sas Removed: 0\n"
                         "Sas Soft Expired: 0\n"
                         "Sas Hard Expired: 0\n"
                         "Sas Counted Short: 0\n"
                         "--- Total Failures ---\n"
                         "Negotiation Failures: 7\n"
                         "Integrity Failures: 0\n"
                         "Replay Failures: 0\n"
                         "No Sa Drops: 9\n"
                         "-------------------- XFRM Statistics ---------------------\n"
                         "XfrmInError: 0\n");
}
END_TEST

static struct event some_event(void)
{
        struct event event = {
                .number = 12,
                .entity = ENTITY_IKE,
                .severity = SEVERITY_ERROR,
                .kind = EVENT_TUNNEL_DOWN,
                .reason = REASON_PEER_DEAD,
                .notification = NOTIFICATION_SUPPRESSED,
                .time = now.wall - 60,
                .timestamp = now.monotonic - 60000,
                .text = "tunnel gw-gw/net-net is down: the peer is dead",
                .row = "12.1.4.7",
                .subject = "gw-gw/net-net",
                .spi = 0x1fe472,
        };

        set_address(&event.peer, "192.0.2.2");
        return event;
}

START_TEST(event)
{
        struct event events[] = { some_event(), { .number = 13 } };

        events[1].entity = 77; /* of a later revision */
        events[1].kind = 200;
        events[1].text = "\033[31mred\r";
        ck_assert_str_eq(print(&report_event, events, 2, false),
                         "------------------------- Event --------------------------\n"
                         "Event Number: 12 Time: 2026-11-24T08:59:00Z\n"
                         "Entity: ike Severity: error Kind: tunnelDown\n"
                         "Reason: peerDead\n"
                         "Subject: gw-gw/net-net\n"
                         "Peer IP Addr: 192.0.2.2\n"
                         "SPI (hex): 1FE472\n"
                         "Text: tunnel gw-gw/net-net is down: the peer is dead\n"
                         "\n"
                         "------------------------- Event --------------------------\n"
                         "Event Number: 13\n"
                         "Entity: unknown Severity: unknown Kind: unknown\n"
                         "Text: \\x1b[31mred\\x0d\n");
        print(&report_event, events, 1, true);
        ck_assert_ptr_nonnull(strstr(text, "is dead\nTime Stamp: 2026-11-24T08:59:00Z\n"
                                           "Row: 12.1.4.7\nNotification: suppressed\n"));
}
END_TEST

START_TEST(manual_key)
{
        struct ipsec_sa sa = example();

        memset(&sa.hard, 0, sizeof(sa.hard));
        memset(&sa.soft, 0, sizeof(sa.soft));
        sa.hard.packets = 5; /* HP has no such limit */
        sa.use_time = 0;
        sa.add_time = now.wall + 100; /* a clock that was set back */
        sa.state = SA_DYING;
        sa.spi = 0xabc;
        set_address(&sa.source, "2001:db8:0:0::1");
        ck_assert_str_eq(print(&report_sa_ipsec, &sa, 1, false),
                         "------------------------ IPsec SA ------------------------\n"
                         "Sequence number: 1\n"
                         "SPI (hex): ABC State: MATURE\n"
                         "SA Type: ESP with AES128-CBC encryption and HMAC-SHA1 authentication\n"
                         "Src IP Addr: 2001:db8::1 Dst IP Addr: 192.1.1.3\n"
                         "--- Current Lifetimes ---\n"
                         "bytes processed: 3384\n"
                         "addtime (seconds): 0\n"
                         "usetime (seconds): 0\n");
}
END_TEST

START_TEST(one_kind_of_limits)
{
        struct ipsec_sa sa = example();

        memset(&sa.soft, 0, sizeof(sa.soft));
        sa.hard = (struct sa_limits){ .use_seconds = 9 };
        print(&report_sa_ipsec, &sa, 1, false);
        ck_assert_ptr_nonnull(strstr(text, "--- Hard Lifetimes ---\nbytes processed: 0\n"
                                           "addtime (seconds): 0\nusetime (seconds): 9\n"));
        ck_assert_ptr_null(strstr(text, "Soft"));
}
END_TEST

START_TEST(states)
{
        static const char *const texts[] = { "LARVAL", "MATURE", "MATURE", "DEAD", "UNKNOWN" };

        for (uint8_t state = SA_LARVAL; state <= SA_STATE_UNKNOWN; state++) {
                struct ipsec_sa sa = example();
                char line[64];

                sa.state = state;
                snprintf(line, sizeof(line), "SPI (hex): 1FE472 State: %s\n",
                         texts[state - SA_LARVAL]);
                ck_assert_ptr_nonnull(strstr(print(&report_sa_ipsec, &sa, 1, false), line));
                ck_assert_ptr_null(strstr(text, "Soft Lifetime:"));
                print(&report_sa_ipsec, &sa, 1, true);
                ck_assert_int_eq(strstr(text, "Soft Lifetime: passed\n") != NULL,
                                 state == SA_DYING);
        }
}
END_TEST

START_TEST(implicit_sas_are_not_shown)
{
        struct ipsec_sa sas[] = { example(), second_example() };

        sas[0].protocol = PROTOCOL_IPIP;
        sas[1].protocol = PROTOCOL_IPV6;
        ck_assert_str_eq(print(&report_sa_ipsec, sas, 2, false), "");
}
END_TEST

START_TEST(verbose)
{
        struct ipsec_sa sa = example();

        sa.mark = 0x10;
        sa.mark_mask = 0xff;
        sa.reqid = 7;
        sa.encapsulation = ENCAPSULATION_UDP;
        sa.encap_source_port = 4500;
        sa.flags = SA_ESN | SA_NO_ECN;
        sa.packets = 3;
        sa.hard_expiry = now.wall + 60;
        sa.weak = true;
        sa.security_context = "a\nb";
        set_address(&sa.selector_source, "10.0.0.0/8");
        print(&report_sa_ipsec, &sa, 1, true);
        ck_assert_ptr_nonnull(strstr(text, "usetime (seconds): 0\nMark: 0x10/0xff\nMode: tr"));
        ck_assert_ptr_nonnull(strstr(text, "\nReqid: 7\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nEncapsulation: espInUdp\nEncap Source Port: 4500\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nFlags: noEcn esn\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nPackets: 3\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nSelector Source: 10.0.0.0/8\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nSeconds To Hard Expiry: 60\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nWeak Flag: yes\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nSecurity Context: a\\x0ab\n"));
        ck_assert_ptr_null(strstr(text, "unknown"));
        ck_assert_ptr_null(strstr(text, "Offload Mode"));
        ck_assert_ptr_null(strstr(text, ": no\n"));
        ck_assert_ptr_null(strstr(text, "Octets"));
        ck_assert_ptr_null(strstr(text, ": \n"));
}
END_TEST

static const char *sa_type(uint8_t protocol, const char *encryption, const char *authentication,
                           const char *compression)
{
        const struct ipsec_sa sa = { .protocol = protocol,
                                     .encryption = encryption,
                                     .authentication = authentication,
                                     .compression = compression };

        rewind(file);
        sa_type_print(file, &sa);
        fputc('\0', file);
        fflush(file);
        return text;
}

START_TEST(sa_types)
{
        ck_assert_str_eq(sa_type(PROTOCOL_ESP, "AES128-CBC", "HMAC-SHA1", NULL),
                         "ESP with AES128-CBC encryption and HMAC-SHA1 authentication");
        ck_assert_str_eq(sa_type(PROTOCOL_ESP, "AES256-GCM-16", NULL, NULL),
                         "ESP with AES256-GCM-16 encryption");
        ck_assert_str_eq(sa_type(PROTOCOL_AH, NULL, "HMAC-SHA1", NULL),
                         "AH with HMAC-SHA1 authentication");
        ck_assert_str_eq(sa_type(PROTOCOL_IPCOMP, NULL, NULL, "DEFLATE"),
                         "IPCOMP with DEFLATE compression");
        ck_assert_str_eq(sa_type(PROTOCOL_ESP, NULL, NULL, NULL), "ESP");
        ck_assert_str_eq(sa_type(PROTOCOL_DESTINATION_OPTIONS, NULL, NULL, NULL),
                         "DESTINATION OPTIONS");
        ck_assert_str_eq(sa_type(99, NULL, NULL, NULL), "UNKNOWN");
        ck_assert_str_eq(sa_type(PROTOCOL_ESP, "A\x1b", NULL, NULL), "ESP with A\\x1b encryption");
}
END_TEST

START_TEST(collectors)
{
        const struct collector_row rows[] = {
                { .key = "xfrm",
                  .state = COLLECTOR_UP,
                  .name = "kernel XFRM state",
                  .rows = 2,
                  .last_success = now.wall - 3,
                  .duration = 250,
                  .polls = 4 },
                { .key = "ike", .state = COLLECTOR_DOWN, .last_error = "no daemon\r" },
        };

        ck_assert_str_eq(print(&report_collector, rows, 2, false),
                         "----------------------- Collector ------------------------\n"
                         "Collector: xfrm State: up\n"
                         "Source: kernel XFRM state\n"
                         "Rows: 2\n"
                         "Last Success (seconds ago): 3\n"
                         "Duration (microseconds): 250\n"
                         "Polls: 4\n"
                         "Failures: 0\n"
                         "Resyncs: 0\n"
                         "Overruns: 0\n"
                         "Events: 0\n"
                         "\n"
                         "----------------------- Collector ------------------------\n"
                         "Collector: ike State: down\n"
                         "Rows: 0\n"
                         "Polls: 0\n"
                         "Failures: 0\n"
                         "Resyncs: 0\n"
                         "Overruns: 0\n"
                         "Events: 0\n"
                         "Last Error: no daemon\\x0d\n");
}
END_TEST

static json_t *print_json(const struct report *report, const void *rows, size_t n)
{
        struct writer w;
        json_error_t error;
        json_t *document;

        rewind(file);
        json_writer_init(&w, file);
        run(&w, report, rows, n);
        fputc('\0', file);
        fflush(file);
        document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(document != NULL, "%s in %s", error.text, text);
        return document;
}

static json_t *first_row(json_t *document, const char *table)
{
        return json_array_get(json_object_get(document, table), 0);
}

static const char *string_of(json_t *row, const char *key)
{
        const char *string = json_string_value(json_object_get(row, key));

        return string ? string : "";
}

START_TEST(event_as_json)
{
        struct event e = some_event();
        json_t *root, *row;

        root = print_json(&report_event, &e, 1);
        row = json_array_get(json_object_get(root, "event"), 0);
        ck_assert_int_eq(json_integer_value(json_object_get(row, "number")), 12);
        ck_assert_str_eq(json_string_value(json_object_get(row, "kind")), "tunnelDown");
        ck_assert_str_eq(json_string_value(json_object_get(row, "time")), "2026-11-24T08:59:00Z");
        ck_assert_str_eq(json_string_value(json_object_get(row, "peer")), "192.0.2.2");
        ck_assert_str_eq(json_string_value(json_object_get(row, "spi")), "0x001fe472");
        json_decref(root);
        e.spi = 0; /* most events are about no SA: 0 is none */
        root = print_json(&report_event, &e, 1);
        row = json_array_get(json_object_get(root, "event"), 0);
        ck_assert_ptr_null(json_object_get(row, "spi"));
        json_decref(root);
}
END_TEST

START_TEST(json)
{
        struct ipsec_sa sa = example();
        json_t *document, *row;

        sa.flags = SA_ESN;
        sa.weak = true;
        sa.hard_expiry = now.wall + 60;
        sa.discontinuity = now.monotonic - 60000;
        sa.security_context = "\xff";
        set_address(&sa.selector_source, "10.0.0.0/8");
        document = print_json(&report_sa_ipsec, &sa, 1);
        row = first_row(document, "ipsec_sa");
        ck_assert_str_eq(string_of(row, "spi"), "0x001fe472");
        ck_assert_int_eq(json_integer_value(json_object_get(row, "index")), 1);
        ck_assert_str_eq(string_of(row, "protocol"), "esp");
        ck_assert_str_eq(string_of(row, "source"), "192.1.1.1");
        ck_assert_str_eq(string_of(row, "selector_source"), "10.0.0.0/8");
        ck_assert_str_eq(string_of(row, "add_time"), "2026-11-24T08:59:46Z");
        ck_assert_int_eq(json_integer_value(json_object_get(row, "add_age")), 14);
        ck_assert_int_eq(json_integer_value(json_object_get(row, "seconds_to_hard_expiry")), 60);
        ck_assert_str_eq(string_of(row, "discontinuity_time"), "2026-11-24T08:59:00Z");
        ck_assert_str_eq(string_of(row, "security_context"), "\xef\xbf\xbd");
        ck_assert(json_is_true(json_object_get(row, "weak_flag")));
        ck_assert(json_is_false(json_object_get(row, "rekey_overdue_flag")));
        ck_assert_uint_eq(json_array_size(json_object_get(row, "flags")), 1);
        ck_assert_str_eq(json_string_value(json_array_get(json_object_get(row, "flags"), 0)),
                         "esn");
        for (const char *const *key =
                     (const char *const[]){ "source_type", "source_text", "selector_source_prefix",
                                            "mark", "reqid", "encapsulation", "offload_mode",
                                            "compression", "last_packet_age",
                                            "seconds_to_soft_expiry", "sequence_headroom_percent",
                                            "cpu", "care_of", "hard_octets", NULL };
             *key; key++)
                ck_assert_msg(json_object_get(row, *key) == NULL, "%s", *key);
        json_decref(document);
}
END_TEST

START_TEST(json_big_numbers)
{
        struct ipsec_sa sa = example();
        json_t *document, *row;

        sa.octets = UINT64_MAX;
        sa.packets = INT64_MAX;
        document = print_json(&report_sa_ipsec, &sa, 1);
        row = first_row(document, "ipsec_sa");
        ck_assert(json_is_real(json_object_get(row, "octets")));
        ck_assert(json_number_value(json_object_get(row, "octets")) > 1.8e19);
        ck_assert_int_eq(json_integer_value(json_object_get(row, "packets")), INT64_MAX);
        json_decref(document);
}
END_TEST

START_TEST(json_documents)
{
        const struct ipsec_sa sas[] = { example(), second_example(), example() };
        struct writer w;
        json_t *document = print_json(&report_sa_ipsec, sas, 3);

        ck_assert_uint_eq(json_array_size(json_object_get(document, "ipsec_sa")), 3);
        json_decref(document);
        document = print_json(&report_sa_ipsec, sas, 0);
        ck_assert_uint_eq(json_array_size(json_object_get(document, "ipsec_sa")), 0);
        json_decref(document);
        rewind(file);
        json_writer_init(&w, file);
        w.ops->begin(&w);
        w.ops->begin_report(&w, &report_sa_ipsec);
        w.ops->end_report(&w, &report_sa_ipsec);
        w.ops->begin_report(&w, &report_collector);
        w.ops->end_report(&w, &report_collector);
        w.ops->end(&w);
        fputc('\0', file);
        fflush(file);
        ck_assert_str_eq(text, "{\n\"ipsec_sa\": [],\n\"collector\": []\n}\n");
}
END_TEST

static const char *key_of(const char *stem, const char *name, enum column_kind kind)
{
        static char key[CELL_NAME_SIZE];
        const struct table_type type = { .stem = stem };
        const struct column column = { .name = name, .kind = kind };

        cell_key(&type, &column, key);
        return key;
}

START_TEST(keys)
{
        char title[CELL_NAME_SIZE];

        ck_assert_str_eq(key_of("ipsrSa", "ipsrSaSpi", COLUMN_UNSIGNED32), "spi");
        ck_assert_str_eq(key_of("ipsrSa", "ipsrSaIkeSa", COLUMN_UNSIGNED32), "ike_sa");
        ck_assert_str_eq(key_of("ipsrSa", "ipsrSaSourceText", COLUMN_ADDRESS_TEXT), "source");
        ck_assert_str_eq(key_of("ipsrSa", "ipsrSaSelectorSourceText", COLUMN_PREFIX_TEXT),
                         "selector_source");
        ck_assert_str_eq(key_of("ipsrEvent", "ipsrEventText", COLUMN_STRING), "text");
        ck_assert_str_eq(key_of("ipsrSaBySpi", "ipsrSaIndex", COLUMN_UNSIGNED32), "sa_index");
        ck_assert_str_eq(key_of("ipsrSa", "ipsrSaTfcPad", COLUMN_UNSIGNED32), "tfc_pad");
        ck_assert_str_eq(key_of("ipsrSa", "else", COLUMN_UNSIGNED32), "else");
        cell_title(&(struct table_type){ .stem = "ipsrSa" },
                   &(struct column){ .name = "ipsrSaSecondsToHardExpiry" }, title);
        ck_assert_str_eq(title, "Seconds To Hard Expiry");
}
END_TEST

/* Every table: no two columns that are written have one key. */
START_TEST(keys_differ)
{
        for (size_t t = 0; table_types[t]; t++) {
                const struct table_type *type = table_types[t];

                for (size_t i = 0; type->number != 0 && i < type->n_columns; i++) {
                        char key[CELL_NAME_SIZE], other[CELL_NAME_SIZE];

                        cell_key(type, &type->columns[i], key);
                        for (size_t j = 0; j < i; j++) {
                                cell_key(type, &type->columns[j], other);
                                ck_assert(strcmp(key, other) != 0 ||
                                          !cell_is_written(type, &type->columns[i]) ||
                                          !cell_is_written(type, &type->columns[j]));
                        }
                }
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("report");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, hp_example);
        tcase_add_test(tcase, hp_interfaces);
        tcase_add_test(tcase, partly);
        tcase_add_test(tcase, verbose_interface);
        tcase_add_test(tcase, statistics);
        tcase_add_test(tcase, totals);
        tcase_add_test(tcase, manual_key);
        tcase_add_test(tcase, one_kind_of_limits);
        tcase_add_test(tcase, states);
        tcase_add_test(tcase, implicit_sas_are_not_shown);
        tcase_add_test(tcase, verbose);
        tcase_add_test(tcase, sa_types);
        tcase_add_test(tcase, collectors);
        tcase_add_test(tcase, event);
        tcase_add_test(tcase, event_as_json);
        tcase_add_test(tcase, json);
        tcase_add_test(tcase, json_big_numbers);
        tcase_add_test(tcase, json_documents);
        tcase_add_test(tcase, keys);
        tcase_add_test(tcase, keys_differ);
        return run_suite("cli report", tcase);
}
