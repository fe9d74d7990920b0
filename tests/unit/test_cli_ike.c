/* The reports of the IKE side: HP's examples to the byte, what is not known, and hostile texts. */
#include "cli/report.h"
#include "cli/selectors.h"
#include "cli/text.h"
#include "cli/writer.h"
#include "suite.h"
#include "tables/certificate.h"
#include "tables/collector_row.h"
#include "tables/configured_policy.h"
#include "tables/global_scalars.h"
#include "tables/ike_policy.h"
#include "tables/ike_sa.h"
#include "tables/tunnel.h"

#include <string.h>

static const struct moment now = { .wall = 1795510800,
                                   .monotonic = 5000000,
                                   .snmp_start = 2000000 };

static struct rows *parts[PARTS_MAX];
static char *text;

static void free_parts(void)
{
        for (size_t i = 0; i < PARTS_MAX; i++) {
                rows_free(parts[i]);
                parts[i] = NULL;
        }
}

static void teardown(void)
{
        free_parts();
        free(text);
        text = NULL;
}

/* Rows for the parts of this report. */
static void begin(const struct report *report)
{
        free_parts();
        for (size_t i = 0; report->parts[i]; i++)
                parts[i] = rows_new(report->parts[i]->type);
}

static void add(const struct report *report, const struct table_type *type, const void *row)
{
        for (size_t i = 0; report->parts[i]; i++) {
                const struct report *part = report->parts[i];

                if (part->type == type && (!part->is_shown || part->is_shown(row)))
                        ck_assert_int_eq(rows_add(parts[i], row), 0);
        }
}

static const char *print_parts(const struct report *report, bool verbose)
{
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

static const char *print_rows(const struct report *report, const void *rows, size_t n, bool verbose)
{
        struct writer w;
        size_t size;
        FILE *file;

        free(text);
        text = NULL;
        file = open_memstream(&text, &size);
        text_writer_init(&w, file, verbose);
        ck_assert_int_eq(w.ops->begin_report(&w, report), 0);
        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(w.ops->row(&w, report,
                                            (const char *)rows + i * report->type->row_size, &now),
                                 0);
        ck_assert_int_eq(w.ops->end_report(&w, report), 0);
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

static bool has(const char *part)
{
        return strstr(text, part) != NULL;
}

static void set_address(struct inet_addr *address, const char *written)
{
        ck_assert(inet_addr_parse(address, written, strlen(written)));
}

/* ---- -sa ike ---- */

/* HP's example. */
static struct ike_sa example(void)
{
        struct ike_sa sa = {
                .version = IKE_V2,
                .role = ROLE_INITIATOR,
                .state = IKE_ESTABLISHED,
                .pfs = PFS_OFF,
                .initiator_spi = "d7acae5476072ef9",
                .responder_spi = "80036a37b499c21d",
                .local_port = 500,
                .remote_port = 500,
                .auth_record = "my_auth",
                .policy_name = "default",
                .local_auth_method = "PSK",
                .remote_auth_method = "PSK",
                .encryption = "3DES-CBC",
                .integrity = "AES-XCBC",
                .prf = "HMAC-SHA1",
                .dh_group = 2,
                .dh_group_name = "MODP-1024",
                .fresh = true,
        };

        set_address(&sa.local, "192.1.1.1");
        set_address(&sa.remote, "192.1.1.3");
        return sa;
}

static const char *print_sa(const struct ike_sa *sa)
{
        return print_rows(&report_sa_ike, sa, 1, false);
}

START_TEST(hp_sa)
{
        struct ike_sa sa = example();

        ck_assert_str_eq(print_sa(&sa), read_golden("sa_ike_hp.txt"));
}
END_TEST

START_TEST(sa_of_ikev1)
{
        struct ike_sa sa = example();

        sa.version = IKE_V1;
        sa.role = ROLE_RESPONDER;
        print_sa(&sa);
        ck_assert(has("- IKEv1 SA -") && has("\nRole: Responder State") && !has("PRF"));
        ck_assert(has("\nHASH: AES-XCBC\nDH Group: 2\n"));
        print_rows(&report_sa_ike, &sa, 1, true); /* the daemon tells it all the same */
        ck_assert(has("\nPrf: HMAC-SHA1\n"));
        sa.version = IKE_VERSION_UNKNOWN;
        ck_assert(strstr(print_sa(&sa), "- IKE SA -") && has("PRF: HMAC-SHA1"));
}
END_TEST

START_TEST(sa_algorithms)
{
        static const char *const names[][2] = {
                { "AES128-CBC", "ENCR: AES128-CBC\n" },
                { "AES256-GCM-16", "ENCR: AES256-GCM-16\n" },
                { "DES-CBC", "ENCR: DES\n" },
                { "CAMELLIA192-CBC", "ENCR: CAMELLIA192-CBC\n" },
                { "-CBC", "ENCR: -CBC\n" },
                { "X\n-CBC", "ENCR: X\\x0a\n" },
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                struct ike_sa sa = example();

                sa.encryption = names[i][0];
                print_sa(&sa);
                ck_assert_msg(has(names[i][1]), "%s", text);
        }
}
END_TEST

START_TEST(sa_with_aead)
{
        struct ike_sa sa = example();

        sa.encryption = "AES256-GCM-16";
        sa.integrity = NULL;
        sa.pfs = PFS_UNKNOWN;
        sa.dh_group = 0;
        sa.dh_group_name = "X25519";
        print_sa(&sa);
        ck_assert(has("ENCR: AES256-GCM-16\nPRF: HMAC-SHA1\nDH Group: X25519\nPFS: unknown\n"));
        sa.pfs = PFS_ON;
        ck_assert(strstr(print_sa(&sa), "PFS: on\n"));
}
END_TEST

START_TEST(sa_methods)
{
        struct ike_sa sa = example();

        sa.remote_auth_method = "PUBKEY+EAP-TLS";
        ck_assert(strstr(print_sa(&sa), "\nAuth Method: PSK/PUBKEY+EAP-TLS\n"));
        sa.local_auth_method = NULL;
        ck_assert(strstr(print_sa(&sa), "\nAuth Method: PUBKEY+EAP-TLS\n"));
        sa.remote_auth_method = NULL;
        ck_assert(!strstr(print_sa(&sa), "Auth Method"));
        sa.local_auth_method = "PSK";
        ck_assert(strstr(print_sa(&sa), "\nAuth Method: PSK\n"));
}
END_TEST

/* A responder that does not know yet who is there. */
START_TEST(sa_half_open)
{
        struct ike_sa sa = { .version = IKE_V2,
                             .role = ROLE_INITIATOR,
                             .state = IKE_CONNECTING,
                             .pfs = PFS_UNKNOWN,
                             .initiator_spi = "d7acae5476072ef9",
                             .local_port = 500 };

        set_address(&sa.local, "2001:db8::1");
        ck_assert_str_eq(print_sa(&sa),
                         "------------------------ IKEv2 SA ------------------------\n"
                         "Index: d7acae5476072ef9:0000000000000000\n"
                         "Local IP Addr: 2001:db8::1/500\n"
                         "Role: Initiator State: Connecting\n");
        sa.initiator_spi = NULL; /* libreswan tells none */
        sa.local_port = 0;
        ck_assert(!strstr(print_sa(&sa), "Index") && has("\nLocal IP Addr: 2001:db8::1\n"));
}
END_TEST

START_TEST(states_in_words)
{
        static const struct {
                uint8_t state;
                const char *word;
                const char *more; /* with -verbose */
        } states[] = {
                { IKE_CREATED, "Connecting", "\nIKE State: created\n" },
                { IKE_CONNECTING, "Connecting", NULL },
                { IKE_ESTABLISHED, "Established", NULL },
                { IKE_PASSIVE, "Established", "\nIKE State: passive\n" },
                { IKE_REKEYING, "Established", "\nIKE State: rekeying\n" },
                { IKE_REKEYED, "Deleted", "\nIKE State: rekeyed\n" },
                { IKE_DELETING, "Deleting", NULL },
                { IKE_DESTROYING, "Deleted", "\nIKE State: destroying\n" },
                { IKE_STATE_UNKNOWN, "Unknown", "\nIKE State: unknown\n" },
                { 77, "Unknown", "\nIKE State: unknown\n" },
        };

        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
                struct ike_sa sa = example();
                char line[64];

                sa.state = states[i].state;
                snprintf(line, sizeof(line), "\nRole: Initiator State: %s\n", states[i].word);
                ck_assert(strstr(print_sa(&sa), line) && !has("IKE State"));
                print_rows(&report_sa_ike, &sa, 1, true);
                ck_assert(has(line) && has("IKE State") == (states[i].more != NULL));
                ck_assert(!states[i].more || has(states[i].more));
        }
}
END_TEST

START_TEST(sa_verbose)
{
        struct ike_sa sa = example();

        sa.local_identity = "CN=moon\x1b[31m";
        sa.established = now.wall - 60;
        sa.rekey = now.wall + 3600;
        sa.nat_remote = true;
        sa.daemon = "strongswan";
        print_rows(&report_sa_ike, &sa, 1, true);
        ck_assert(has("\nPFS: off\nLocal Identity: CN=moon\\x1b[31m\n"));
        ck_assert(has("\nDh Group Name: MODP-1024\n") && has("\nEstablished Age: 60\n"));
        ck_assert(has("\nSeconds To Rekey: 3600\n") && has("\nNat Remote Flag: yes\n"));
        ck_assert(has("\nDaemon: strongswan\n") && !has("Nat Local Flag"));
        ck_assert(!has("\nEncryption:") && !has("\nState:") && !has("\nPfs:") && !has(": \n"));
}
END_TEST

START_TEST(sa_hostile)
{
        struct ike_sa sa = example();

        sa.initiator_spi = "\x1b]0;x\a";
        sa.responder_spi = "\r";
        sa.policy_name = "a\nState: Established";
        sa.auth_record = "\xe2\x80\xae";
        sa.local_auth_method = "PSK\n";
        sa.remote_auth_method = "\x7f";
        sa.integrity = "H\t";
        print_sa(&sa);
        ck_assert(has("\nIndex: \\x1b]0;x\\x07:\\x0d\n"));
        ck_assert(has("\nPolicy Name: a\\x0aState: Established\n"));
        ck_assert(has("\nAuth Record: \\xe2\\x80\\xae\n"));
        ck_assert(has("\nAuth Method: PSK\\x0a/\\x7f\n") && has("\nHASH: H\\x09\n"));
}
END_TEST

/* ---- -ike ---- */

static struct ike_policy gateway(void)
{
        return (struct ike_policy){ .key = "gw-gw",
                                    .name = "gw-gw",
                                    .version = IKE_V2,
                                    .uniqueness = UNIQUE_NO,
                                    .local_addresses = "192.0.2.1",
                                    .remote_addresses = "192.0.2.2",
                                    .local_port = 500,
                                    .remote_port = 500,
                                    .local_auth_method = "PSK",
                                    .remote_auth_method = "PSK",
                                    .local_identity = "moon",
                                    .remote_identity = "sun",
                                    .rekey_seconds = 14400,
                                    .dpd_seconds = 30,
                                    .daemon = "strongswan",
                                    .fresh = true };
}

START_TEST(policies)
{
        const struct ike_policy rows[] = {
                gateway(),
                { .key = "road",
                  .name = "road-warriors-of-the-branch-offices",
                  .version = IKE_ANY,
                  .local_addresses = "192.0.2.1, 2001:db8::1",
                  .remote_addresses = "%any",
                  .local_port = 4500,
                  .local_auth_method = "PUBKEY",
                  .remote_auth_method = "PUBKEY+EAP-TLS",
                  .local_identity = "CN=moon",
                  .remote_identity = "CN=*; %any",
                  .remote_eap_identity = "alice",
                  .local_cas = "O=Test, CN=Test CA",
                  .proposals = "AES_CBC_256-HMAC_SHA2_256-DH19",
                  .reauth_seconds = 10800 },
        };

        ck_assert_str_eq(print_rows(&report_ike, rows, 2, false), read_golden("ike.txt"));
}
END_TEST

START_TEST(policy_of_little)
{
        const struct ike_policy row = { .name = "a\nb", .version = IKE_V1, .uniqueness = 5 };

        ck_assert_str_eq(print_rows(&report_ike, &row, 1, false),
                         "----------------------- IKE Policy -----------------------\n"
                         "Policy Name: a\\x0ab                   IKE Version: 1\n"
                         "Rekey Seconds: 0   Reauth Seconds: 0   DPD Seconds: 0\n");
        print_rows(&report_ike, &row, 1, true);
        ck_assert(!has("unknown") && !has(": \n"));
}
END_TEST

START_TEST(policy_verbose)
{
        struct ike_policy row = gateway();

        row.dpd_timeout_seconds = 90;
        row.ike_sas = 2;
        row.last_seen = now.wall - 7;
        print_rows(&report_ike, &row, 1, true);
        ck_assert(has("DPD Seconds: 30\nDpd Timeout Seconds: 90\nUniqueness: no\nIke Sas: 2\n"
                      "Daemon: strongswan\nFresh Flag: yes\nLast Seen Age: 7\n"));
}
END_TEST

/* ---- -host configured ---- */

static struct configured_policy telnet(void)
{
        return (struct configured_policy){ .policy_key = "host-host",
                                           .child_key = "telnet_in",
                                           .policy_name = "host-host",
                                           .child_name = "telnet_in",
                                           .mode = MODE_TRANSPORT,
                                           .action = RULE_DYNAMIC_KEY,
                                           .kind = RULE_HOST,
                                           .dpd_action = CHILD_NONE,
                                           .close_action = CHILD_NONE,
                                           .start_action = CHILD_TRAP,
                                           .local_selectors = "192.1.1.1/32[6/23]",
                                           .remote_selectors = "192.1.1.0/32[6]",
                                           .lifetime_seconds = 28800,
                                           .proposals = "ESP-AES128-HMAC-SHA1",
                                           .daemon = "libreswan",
                                           .fresh = true,
                                           .installed = true };
}

static void add_configured(const struct report *report, const struct configured_policy *row)
{
        add(report, &configured_policy_type, row);
}

static void add_policy(const char *policy_key, const char *child_key, uint32_t priority)
{
        const struct policy row = { .configured_policy_key = policy_key,
                                    .configured_child_key = child_key,
                                    .priority = priority };

        add(&report_host_configured, &policy_type, &row);
}

static void add_collector(const char *key, int64_t last_success)
{
        const struct collector_row row = { .key = key, .last_success = last_success };

        add(&report_host_configured, &collector_row_type, &row);
}

static void add_defaults(uint8_t in)
{
        const struct global_scalars row = { .default_in = in,
                                            .default_out = DEFAULT_ACCEPT,
                                            .default_forward = DEFAULT_ACCEPT };

        add(&report_host_configured, &global_scalars_type, &row);
        add_collector("strongswan", 0);
        add_collector("xfrm", now.wall);
}

static const char *configured(bool verbose)
{
        return print_parts(&report_host_configured, verbose);
}

START_TEST(hp_configured)
{
        struct configured_policy row = telnet();

        begin(&report_host_configured);
        add_configured(&report_host_configured, &row);
        add_policy("host-host", "telnet_in", 11);
        add_policy("host-host", "telnet_in", 10);
        add_policy("host-host", "other", 1);
        add_policy(NULL, NULL, 1);
        add_defaults(DEFAULT_ACCEPT);
        add_collector("libreswan", now.wall);
        ck_assert_str_eq(configured(false), read_golden("host_configured_hp.txt"));
}
END_TEST

/* Only what a daemon has configured has an end: without one there is nothing. */
START_TEST(configured_of_nobody)
{
        begin(&report_host_configured);
        add_defaults(DEFAULT_ACCEPT);
        ck_assert_str_eq(configured(false), "");
        add_collector("strongswan", now.wall);
        ck_assert_str_eq(configured(false),
                         "-------------- Configured Host Policy Rule ---------------\n"
                         "Rule Name: default Priority: 0\n"
                         "Action: Pass\n");
        begin(&report_host_configured);
        add_defaults(DEFAULT_BLOCK);
        add_collector("strongswan", now.wall);
        configured(false);
        ck_assert(has("Action: Pass\nDirection: outbound\n"));
        ck_assert(has("Action: Discard\nDirection: inbound\n"));
}
END_TEST

static const char *rule_with(const char *local, const char *remote)
{
        struct configured_policy row = telnet();

        row.local_selectors = local;
        row.remote_selectors = remote;
        row.proposals = NULL;
        row.lifetime_seconds = 0;
        begin(&report_host_configured);
        add_configured(&report_host_configured, &row);
        return strstr(configured(false), "telnet_in\n") + strlen("telnet_in\n");
}

#define ACTION " Action: Dynamic key SA\n"

START_TEST(selectors)
{
        ck_assert_str_eq(rule_with("10.1.0.0/16, 192.0.2.1/32", "2001:DB8:0::1/128"),
                         "Src IP Addr: 10.1.0.0/16 Port number: 0\n"
                         "Src IP Addr: 192.0.2.1 Port number: 0\n"
                         "Dst IP Addr: 2001:db8::1 Port number: 0\n"
                         "Network Protocol: ALL" ACTION);
        ck_assert_str_eq(rule_with("dynamic", "0.0.0.0/0[17/1024-65535]"),
                         "Src IP Addr: dynamic Port number: 0\n"
                         "Dst IP Addr: 0.0.0.0 Port number: 1024-65535\n"
                         "Network Protocol: UDP" ACTION);
        ck_assert_str_eq(rule_with("10.0.0.1..10.0.0.9[1/8(0)]", "dynamic[0]"),
                         "Src IP Addr: 10.0.0.1..10.0.0.9\n"
                         "Dst IP Addr: dynamic\n"
                         "Network Protocol: ICMP" ACTION);
        ck_assert_str_eq(rule_with(NULL, "10.0.0.0/8[99]"),
                         "Dst IP Addr: 10.0.0.0/8\nNetwork Protocol: 99" ACTION);
}
END_TEST

/* One protocol of a rule is told only where it is the whole truth. */
START_TEST(selectors_of_several_protocols)
{
        ck_assert_str_eq(rule_with("10.0.0.1/32[6/23], 10.0.0.1/32[17]", "10.0.0.2/32"),
                         "Src IP Addr: 10.0.0.1 Protocol: TCP Port number: 23\n"
                         "Src IP Addr: 10.0.0.1 Protocol: UDP Port number: 0\n"
                         "Dst IP Addr: 10.0.0.2 Protocol: ALL Port number: 0\n"
                         "Action: Dynamic key SA\n");
        ck_assert_ptr_nonnull(strstr(rule_with("10.0.0.1/32[6]", "10.0.0.2/32[17]"),
                                     "10.0.0.1 Protocol: TCP Port"));
        ck_assert_ptr_nonnull(strstr(rule_with("10.0.0.1/32[6], 10.0.0.3/32", "10.0.0.2/32"),
                                     "10.0.0.3 Protocol: ALL Port"));
        ck_assert_str_eq(rule_with("10.0.0.1/32[6], ...", "10.0.0.2/32[6]"),
                         "Src IP Addr: 10.0.0.1 Protocol: TCP Port number: 0\n"
                         "Src IP Addr: ...\n"
                         "Dst IP Addr: 10.0.0.2 Protocol: TCP Port number: 0\n"
                         "Action: Dynamic key SA\n");
        ck_assert_str_eq(rule_with("10.0.0.1/32[nonsense/x]", "10.0.0.2/32"),
                         "Src IP Addr: 10.0.0.1 Protocol: nonsense Port number: x\n"
                         "Dst IP Addr: 10.0.0.2 Protocol: ALL Port number: 0\n"
                         "Action: Dynamic key SA\n");
}
END_TEST

START_TEST(selectors_hostile)
{
        static const char *const lists[] = {
                ",",
                ", , ",
                "[",
                "]",
                "[[]]",
                "[/",
                "a[6",
                "a]6[",
                "[6/23]",
                "/",
                "a[6/]",
                "a[999]",
                "a[99999999999999999999]",
                "..",
                "....",
                "\x1b[6/\x1b]",
        };
        char long_list[600];

        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
                rule_with(lists[i], lists[i]);
                ck_assert_msg(!has("\x1b"), "%s", lists[i]);
        }
        memset(long_list, 'a', sizeof(long_list) - 1);
        long_list[sizeof(long_list) - 1] = '\0';
        rule_with(long_list, long_list);
        ck_assert(has("Src IP Addr: aaaa"));
}
END_TEST

START_TEST(configured_order)
{
        struct configured_policy row = telnet();

        begin(&report_host_configured);
        row.child_key = row.child_name = "chosen";
        row.priority = 20;
        row.proposals = "A-B, C-D";
        row.lifetime_octets = 10240;
        add_configured(&report_host_configured, &row);
        row = telnet();
        row.child_key = row.child_name = "unknown";
        row.kind = RULE_KIND_UNKNOWN;
        row.proposals = NULL;
        row.installed = false;
        add_configured(&report_host_configured, &row);
        row = telnet();
        row.child_key = row.child_name = "pass";
        row.kind = RULE_BYPASS;
        row.action = RULE_PASS;
        row.proposals = NULL;
        row.lifetime_seconds = 0;
        row.drift = true;
        add_configured(&report_host_configured, &row);
        row.child_key = row.child_name = "net";
        row.kind = RULE_TUNNEL; /* -tunnel's */
        add_configured(&report_host_configured, &row);
        add_policy("host-host", "pass", 19);
        configured(false);
        ck_assert(!has("Rule Name: net"));
        ck_assert_ptr_nonnull(strstr(strstr(strstr(text, "Rule Name: pass Priority: 19\n"),
                                            "Rule Name: chosen Priority: 20\n"),
                                     "Rule Name: unknown\n"));
        ck_assert(has(" Action: Pass\nDrift: the kernel has no policy of it\n-----"));
        ck_assert(
                has("Proposal 1: Transform: A-B\nLifetime Seconds: 28800\nLifetime Kbytes: 10\n"
                    "Proposal 2: Transform: C-D\nLifetime Seconds: 28800\nLifetime Kbytes: 10\n"));
        configured(true);
        ck_assert(has("Lifetime Kbytes: 0\nInstalled: no\nPolicy Name: host-host\n"));
        ck_assert(has("\nLocal Selectors: 192.1.1.1/32[6/23]\n") && has("\nDaemon: libreswan\n"));
        ck_assert(has("Installed: yes\n") && !has("Drift Flag"));
}
END_TEST

/* What goes into a tunnel is -tunnel's, also when the kernel knows nothing of it. */
START_TEST(configured_tunnels)
{
        const struct ike_policy outer[] = {
                { .key = "a", .local_addresses = "192.0.2.9", .remote_addresses = "%any" },
                { .key = "host-host",
                  .local_addresses = "192.0.2.1",
                  .remote_addresses = "gateway\n.example" },
        };
        struct configured_policy row = telnet();

        begin(&report_tunnel);
        row.kind = RULE_TUNNEL;
        row.local_selectors = "10.1.0.0/16";
        row.remote_selectors = "10.2.0.0/16[6/80]";
        row.proposals = NULL;
        row.lifetime_seconds = 0;
        add_configured(&report_tunnel, &row); /* shown as the kernel has it */
        row.installed = false;
        row.child_key = row.child_name = "net";
        row.drift = true;
        add_configured(&report_tunnel, &row);
        row.drift = false;
        row.policy_key = "a";
        row.local_selectors = row.remote_selectors = "dynamic";
        add_configured(&report_tunnel, &row);
        row.policy_key = "z";
        add_configured(&report_tunnel, &row);
        add(&report_tunnel, &ike_policy_type, &outer[1]);
        add(&report_tunnel, &ike_policy_type, &outer[0]);
#define TITLE "------------------- Tunnel Policy Rule -------------------\nTunnel Name: net\n"
        ck_assert_str_eq(
                print_parts(&report_tunnel, false),
                TITLE "Tunnel Src IP Addr: 192.0.2.1 Tunnel Dst IP Addr: gateway\\x0a.example\n"
                      "Src IP Addr: 10.1.0.0/16\nDst IP Addr: 10.2.0.0/16 Port number: 80\n"
                      "Network Protocol: TCP" ACTION "State: Initial\n"
                      "Drift: the kernel has no policy of it\n" TITLE
                      "Tunnel Src IP Addr: 192.0.2.9\nSrc IP Addr: dynamic\nDst IP Addr: dynamic\n"
                      "Network Protocol: ALL" ACTION "State: Initial\n" TITLE
                      "Src IP Addr: dynamic\nDst IP Addr: dynamic\n"
                      "Network Protocol: ALL" ACTION "State: Initial\n");
        print_parts(&report_tunnel, true);
        ck_assert(has("State: Initial\nInstalled: no\nPolicy Name: host-host\n"));
}
END_TEST

/* ---- -cert ---- */

START_TEST(certificates)
{
        const struct certificate rows[] = {
                { .fingerprint = { 1 }, .kind = CERTIFICATE_PUBLIC_KEY, .subject = "key\x1b[2J" },
                { .fingerprint = { 2 },
                  .kind = CERTIFICATE_CA,
                  .subject = "O=Test, CN=Test CA",
                  .issuer = "O=Test, CN=Test CA",
                  .serial = "01",
                  .not_after = now.wall + 365 * 86400 },
                { .fingerprint = { 3 },
                  .kind = CERTIFICATE_END_ENTITY,
                  .private_key = true,
                  .subject = "O=Test, CN=moon.example",
                  .issuer = "O=Test, CN=Test CA",
                  .serial = "50adff1d",
                  .not_before = now.wall - 86400,
                  .not_after = now.wall + 2 * 86400 - 1,
                  .fingerprint_text = "0300",
                  .daemon = "strongswan",
                  .used_by = "gw-gw, host-host" },
        };
        struct certificate expired = rows[1];

        begin(&report_cert);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                add(&report_cert, &certificate_type, &rows[i]);
        ck_assert_str_eq(print_parts(&report_cert, false), read_golden("cert.txt"));
        print_parts(&report_cert, true);
        ck_assert(has("Used By: gw-gw, host-host\nFingerprint Text: 0300\nDaemon: strongswan\n"));
        begin(&report_cert);
        expired.not_after = now.wall - 1;
        add(&report_cert, &certificate_type, &expired);
        ck_assert(strstr(print_parts(&report_cert, false), "\nDays Left: 0\n"));
}
END_TEST

START_TEST(certificate_kinds_in_words)
{
        for (uint8_t kind = 0; kind < 10; kind++) {
                const struct certificate row = { .kind = kind };

                begin(&report_cert);
                add(&report_cert, &certificate_type, &row);
                print_parts(&report_cert, false);
                ck_assert_int_eq(has("Kind: Unknown"),
                                 kind < CERTIFICATE_END_ENTITY || kind > CERTIFICATE_PUBLIC_KEY);
        }
}
END_TEST

/* ---- -summary ---- */

static void add_tunnel(const char *name, const char *peer, uint8_t state, int64_t since)
{
        struct tunnel row = { .name = name,
                              .state = state,
                              .since = since,
                              .rekey = state == TUNNEL_DOWN ? 0 : now.wall + 41 * 60 + 59 };

        if (peer)
                set_address(&row.remote, peer);
        if (state == TUNNEL_UP) {
                row.encryption = "AES128-GCM-16";
                row.octets_in = 1299999999;
                row.octets_out = 310999999;
        }
        add(&report_summary, &tunnel_type, &row);
}

START_TEST(summary)
{
        begin(&report_summary);
        ck_assert_str_eq(print_parts(&report_summary, false), "");
        ck_assert_str_eq(print_parts(&report_summary, true), "");
        add_tunnel("gw-gw/net-net", "192.0.2.2", TUNNEL_UP, now.wall - 3 * 3600 - 12 * 60 - 1);
        add_tunnel("branch/lan", "192.0.2.22", TUNNEL_DOWN, now.wall - 5 * 60);
        ck_assert_str_eq(print_parts(&report_summary, false), read_golden("summary.txt"));
        print_parts(&report_summary, true);
        ck_assert(has("41m\nbranch/lan  ") && has("-\n\n------------------------- Tunnel ----"));
        ck_assert(has("\nState: down\n") && has("\nOctets In: 1299999999\n"));
}
END_TEST

/* Where on the terminal the text stands in its line. */
static size_t column_of(const char *part)
{
        const char *found = strstr(text, part), *line = found;
        char before[2048];

        ck_assert_ptr_nonnull(found);
        while (line > text && line[-1] != '\n')
                line--;
        snprintf(before, sizeof(before), "%.*s", (int)(found - line), line);
        return text_width(before);
}

/* Letters of two octets, of two columns, of none, and what is no text at all. */
START_TEST(summary_of_many_tongues)
{
        static const struct {
                const char *name;
                size_t width; /* as `wc -L` has it */
        } names[] = {
                { "stra\xc3\x9f"
                  "e",
                  6 },                             /* sharp s */
                { "\xe6\x9d\xb1\xe4\xba\xac", 4 }, /* Tokyo */
                { "e\xcc\x81t\xc3\xa9", 3 },       /* a combining accent */
                { "\x1b[1mbold\n", 15 },           /* escaped */
                { "\xff\xfe", 8 },
        };
        char longest[256];

        begin(&report_summary);
        memset(longest, 'x', 255);
        longest[255] = '\0';
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                add_tunnel(names[i].name, NULL, TUNNEL_UP, 0);
        add_tunnel(NULL, "2001:db8:1111:2222:3333:4444:5555:6666", TUNNEL_NOT_CONFIGURED, now.wall);
        print_parts(&report_summary, false);
        ck_assert(!has("\x1b") && has("\\x1b[1mbold\\x0a  -") && has("\n-            "));
        ck_assert(has("not configured  0s "));
        for (size_t i = 0; i < 3; i++) {
                const char *at = strstr(text, names[i].name);
                size_t length = strlen(names[i].name);

                /* the longest takes 15 columns, and two spaces follow it */
                ck_assert_ptr_nonnull(at);
                ck_assert_uint_eq(strspn(at + length, " "), 15 + 2 - names[i].width);
        }
        add_tunnel(longest, "192.0.2.1", TUNNEL_UP, 0);
        print_parts(&report_summary, false);
        ck_assert_uint_eq(column_of("PEER"), 257);
        ck_assert_uint_eq(column_of("192.0.2.1"), 257);
        ck_assert_uint_eq(column_of("2001:db8:1111"), 257);
}
END_TEST

static const char *cell_of(uint64_t octets, int64_t since)
{
        struct tunnel row = {
                .name = "t", .state = TUNNEL_UP, .since = since, .octets_in = octets
        };

        begin(&report_summary);
        add(&report_summary, &tunnel_type, &row);
        return strstr(print_parts(&report_summary, false), "\nt");
}

START_TEST(summary_units)
{
        static const struct {
                uint64_t octets;
                const char *words;
        } sizes[] = {
                { 0, " 0 B " },
                { 999, " 999 B " },
                { 1000, " 1.0 kB " },
                { 9999, " 9.9 kB " },
                { 10000, " 10 kB " },
                { 999999, " 999 kB " },
                { 1000000, " 1.0 MB " },
                { 5000000000000, " 5.0 TB " },
                { UINT64_MAX, " 18 EB " },
        };
        static const struct {
                int64_t seconds;
                const char *words;
        } ages[] = {
                { -5, " 0s " },        { 0, " 0s " },        { 59, " 59s " },
                { 60, " 1m " },        { 3599, " 59m " },    { 3600, " 1h00m " },
                { 86399, " 23h59m " }, { 86400, " 1d00h " }, { 30 * 86400 + 7200, " 30d02h " },
        };

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                ck_assert_msg(strstr(cell_of(sizes[i].octets, 0), sizes[i].words), "%s", text);
        for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
                ck_assert_msg(strstr(cell_of(0, now.wall - ages[i].seconds), ages[i].words), "%s",
                              text);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("ike");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_test(tcase, hp_sa);
        tcase_add_test(tcase, sa_of_ikev1);
        tcase_add_test(tcase, sa_algorithms);
        tcase_add_test(tcase, sa_with_aead);
        tcase_add_test(tcase, sa_methods);
        tcase_add_test(tcase, sa_half_open);
        tcase_add_test(tcase, states_in_words);
        tcase_add_test(tcase, sa_verbose);
        tcase_add_test(tcase, sa_hostile);
        tcase_add_test(tcase, policies);
        tcase_add_test(tcase, policy_of_little);
        tcase_add_test(tcase, policy_verbose);
        tcase_add_test(tcase, hp_configured);
        tcase_add_test(tcase, configured_of_nobody);
        tcase_add_test(tcase, selectors);
        tcase_add_test(tcase, selectors_of_several_protocols);
        tcase_add_test(tcase, selectors_hostile);
        tcase_add_test(tcase, configured_order);
        tcase_add_test(tcase, configured_tunnels);
        tcase_add_test(tcase, certificates);
        tcase_add_test(tcase, certificate_kinds_in_words);
        tcase_add_test(tcase, summary);
        tcase_add_test(tcase, summary_of_many_tongues);
        tcase_add_test(tcase, summary_units);
        return run_suite("cli ike", tcase);
}
