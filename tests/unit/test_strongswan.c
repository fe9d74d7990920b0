/* The rows of strongSwan: recorded answers and events, and messages made by hand. */
#include "config.h"

#include "collectors/strongswan_rows.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/occurrence.h"
#include "vici_maker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RECORDED 1795500116

static struct loop *loop;
static struct store *store;
static struct strongswan_rows rows;
static struct recorded recorded;
static struct vici_packet packet;
static struct maker maker;
static unsigned int removed;

static void heard(void *context, enum table_event event, enum table_reason reason,
                  const void *before, const void *after)
{
        (void)context;
        (void)reason;
        (void)before;
        (void)after;
        removed += event == TABLE_REMOVED;
}

static void setup(void)
{
        loop = fake_loop_new(RECORDED);
        store = store_new();
        strongswan_rows_init(&rows, loop, store);
        removed = 0;
        table_subscribe(rows.ike_sas, heard, NULL);
}

static void teardown(void)
{
        strongswan_rows_free(&rows);
        store_free(store);
        fake_loop_free(loop);
}

static const struct ike_sa *ike_sa(uint32_t id)
{
        const struct ike_sa key = { .daemon_kind = DAEMON_STRONGSWAN,
                                    .daemon_run = rows.run,
                                    .daemon_id = id };

        return table_find(rows.ike_sas, &key);
}

static const struct child_sa *child_sa(uint32_t id)
{
        const struct child_sa key = { .daemon_kind = DAEMON_STRONGSWAN,
                                      .daemon_run = rows.run,
                                      .daemon_id = id };

        return table_find(rows.children, &key);
}

static const struct ike_policy *policy(const char *name)
{
        const struct ike_policy key = { .key = name };

        return table_find(rows.policies, &key);
}

static const struct configured_policy *configured(const char *policy_name, const char *child)
{
        const struct configured_policy key = { .policy_key = policy_name, .child_key = child };

        return table_find(rows.configured, &key);
}

typedef int take(struct strongswan_rows *r, struct vici_slice message);

static int take_sa(struct strongswan_rows *r, struct vici_slice message)
{
        return strongswan_take_sa(r, message, TABLE_FROM_DUMP);
}

static void take_all(const char *file, take *by)
{
        read_recorded(&recorded, file);
        while (next_packet(&recorded, &packet))
                if (packet.type == VICI_EVENT)
                        ck_assert_int_eq(by(&rows, packet.message), 0);
}

static int take_log(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_said said;
        uint32_t id;

        return strongswan_take_log(r, message, &id, &said);
}

static const struct {
        const char *name;
        take *take;
} events[] = {
        { "ike-updown", strongswan_take_ike_updown },
        { "child-updown", strongswan_take_child_updown },
        { "ike-rekey", strongswan_take_ike_rekey },
        { "child-rekey", strongswan_take_child_rekey },
        { "ike-update", strongswan_take_ike_update },
        { "alert", strongswan_take_alert },
        { "log", take_log },
};

static void take_event(void)
{
        for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
                if (packet.name_length == strlen(events[i].name) &&
                    memcmp(packet.name, events[i].name, packet.name_length) == 0)
                        ck_assert_int_eq(events[i].take(&rows, packet.message), 0);
}

static bool next_event(void)
{
        while (next_packet(&recorded, &packet)) {
                if (packet.type != VICI_EVENT)
                        continue;
                take_event();
                return true;
        }
        return false;
}

static bool is_event(const char *name)
{
        return packet.name_length == strlen(name) &&
               memcmp(packet.name, name, packet.name_length) == 0;
}

/* As swanctl --list-sas --raw told of the same daemon. */
START_TEST(test_ike_sa)
{
        const struct ike_sa *row;

        take_all("list-sas.resp.bin", take_sa);
        ck_assert_uint_eq(table_count(rows.ike_sas), 5);
        row = ike_sa(1);
        ck_assert_ptr_nonnull(row);
        ck_assert_str_eq(row->policy_name, "gw-gw");
        ck_assert_uint_eq(row->version, IKE_V2);
        ck_assert_uint_eq(row->state, IKE_ESTABLISHED);
        ck_assert_uint_eq(row->role, ROLE_INITIATOR);
        ck_assert_str_eq(row->initiator_spi, "028c20f8851365e0");
        ck_assert_str_eq(row->responder_spi, "16d9d4e78722a052");
        ck_assert_str_eq(row->local_identity, "moon");
        ck_assert_str_eq(row->remote_identity, "sun");
        ck_assert_uint_eq(row->local_port, 4500);
        ck_assert_str_eq(row->encryption, "AES256-GCM-16");
        ck_assert_uint_eq(row->encryption_key_bits, 256);
        ck_assert_uint_eq(row->encryption_transform, 20);
        ck_assert_ptr_null(row->integrity);
        ck_assert_uint_eq(row->integrity_transform, 0);
        ck_assert_str_eq(row->prf, "HMAC-SHA2-384");
        ck_assert_uint_eq(row->prf_transform, 6);
        ck_assert_str_eq(row->dh_group_name, "ECP-384");
        ck_assert_uint_eq(row->dh_group, 20);
        ck_assert_int_eq(row->established, RECORDED + 1 - 15);
        ck_assert_int_eq(row->rekey, RECORDED + 1 + 14118);
        ck_assert_int_eq(row->reauthentication, 0);
        ck_assert_uint_eq(row->pfs, PFS_ON); /* the second child, not the first */
        ck_assert(row->fresh && !row->nat_remote && !row->ended);
        row = ike_sa(3);
        ck_assert_uint_eq(row->version, IKE_V1);
        ck_assert_str_eq(row->encryption, "3DES-CBC");
        ck_assert_str_eq(row->integrity, "HMAC-SHA1");
        row = ike_sa(4);
        ck_assert_uint_eq(row->local.type, 2); /* InetAddressType: ipv6 */
        ck_assert_uint_eq(row->pfs, PFS_UNKNOWN);
        row = ike_sa(5);
        ck_assert(row->nat_remote && !row->nat_local);
}
END_TEST

START_TEST(test_children)
{
        const struct child_sa *row;

        take_all("list-sas.resp.bin", take_sa);
        ck_assert_uint_eq(table_count(rows.children), 7);
        row = child_sa(8);
        ck_assert_str_eq(row->child_name, "natt-net");
        ck_assert_str_eq(row->policy_key, "natt");
        ck_assert_uint_eq(row->ike_id, 5);
        ck_assert_uint_eq(row->reqid, 8);
        ck_assert_uint_eq(row->state, CHILD_SA_INSTALLED);
        ck_assert_uint_eq(row->mode, MODE_TUNNEL);
        ck_assert_uint_eq(row->protocol, PROTOCOL_ESP);
        ck_assert(row->encap);
        ck_assert_uint_eq(row->spi_in, 0xc892de94);
        ck_assert_uint_eq(row->spi_out, 0xc41b5aa9);
        ck_assert_uint_eq(row->if_id_in, 42);
        ck_assert_int_eq(row->expiry, RECORDED + 1 + 3595);
        ck_assert_str_eq(row->local_selectors, "10.1.3.0/24");
        row = child_sa(9);
        ck_assert_str_eq(row->local_selectors, "192.0.2.11/32[6/23]");
        ck_assert_uint_eq(row->mode, MODE_TRANSPORT);
        row = child_sa(5);
        ck_assert_uint_eq(row->protocol, PROTOCOL_AH);
}
END_TEST

START_TEST(test_rekeyed_and_pending)
{
        take_all("rekeyed/list-sas.resp.bin", take_sa);
        ck_assert_uint_eq(child_sa(6)->state, CHILD_SA_REKEYED);
        ck_assert(strongswan_is_fading(&rows, 6, true));
        ck_assert(strongswan_is_over(&rows, 6, true));
        ck_assert(!strongswan_is_fading(&rows, 12, true));
        teardown();
        setup();
        take_all("pending.bin", take_sa);
        for (uint32_t id = 1; id < 20; id++) {
                if (!ike_sa(id) || ike_sa(id)->state != IKE_CONNECTING)
                        continue;
                ck_assert_str_eq(ike_sa(id)->policy_name, "ghost");
                ck_assert_str_eq(ike_sa(id)->responder_spi, "0000000000000000");
                ck_assert_ptr_null(ike_sa(id)->encryption);
                ck_assert_int_eq(ike_sa(id)->established, 0);
                ck_assert(strongswan_is_fading(&rows, id, false));
                ck_assert(!strongswan_is_over(&rows, id, false));
                return;
        }
        ck_abort_msg("no IKE SA is half-open");
}
END_TEST

START_TEST(test_connections)
{
        const struct ike_policy *row;
        const struct configured_policy *child;

        take_all("list-conns.resp.bin", strongswan_take_connection);
        ck_assert_uint_eq(table_count(rows.policies), 8);
        ck_assert_uint_eq(table_count(rows.configured), 12);
        row = policy("host-host");
        ck_assert_str_eq(row->local_addresses, "192.0.2.11");
        ck_assert_str_eq(row->local_auth_method, "PUBKEY");
        ck_assert_str_eq(row->local_identity, "moon.example");
        ck_assert_uint_eq(row->uniqueness, UNIQUE_NO);
        ck_assert(!row->any_peer);
        row = policy("gw-gw");
        ck_assert_str_eq(row->remote_auth_method, "PSK");
        ck_assert_uint_eq(row->dpd_seconds, 30);
        ck_assert_uint_eq(row->rekey_seconds, 14400);
        ck_assert_uint_eq(policy("legacy")->version, IKE_V1);
        child = configured("gw-gw", "net-net-bytes");
        ck_assert_uint_eq(child->rekey_octets, 500000000);
        ck_assert_uint_eq(child->rekey_packets, 1000000);
        ck_assert_uint_eq(child->kind, RULE_TUNNEL);
        ck_assert_uint_eq(child->action, RULE_DYNAMIC_KEY);
        child = configured("host-host", "telnet");
        ck_assert_uint_eq(child->kind, RULE_HOST);
        ck_assert_uint_eq(child->start_action, CHILD_ACTION_UNKNOWN);
        ck_assert_str_eq(child->local_selectors, "192.0.2.11/32[6/23]");
        child = configured("shunts", "drop-smtp");
        ck_assert_uint_eq(child->action, RULE_DISCARD);
        ck_assert_str_eq(child->remote_selectors, "0.0.0.0/0[6/25]");
        ck_assert_uint_eq(configured("shunts", "lan-pass")->kind, RULE_BYPASS);
}
END_TEST

/* What the daemon waits for is so until it says no more of it. */
START_TEST(test_traps)
{
        take_all("list-policies.resp.bin", strongswan_take_policy); /* of nothing known */
        ck_assert_uint_eq(table_count(rows.configured), 0);
        take_all("list-conns.resp.bin", strongswan_take_connection);
        take_all("list-policies.resp.bin", strongswan_take_policy);
        ck_assert_uint_eq(configured("ghost", "ghost-net")->start_action, CHILD_TRAP);
        ck_assert_uint_eq(configured("shunts", "ssh-pass")->start_action, CHILD_TRAP);
        ck_assert_uint_eq(configured("gw-gw", "net-net")->start_action, CHILD_ACTION_UNKNOWN);
        take_all("list-conns.resp.bin", strongswan_take_connection); /* which tell nothing of it */
        ck_assert_uint_eq(configured("ghost", "ghost-net")->start_action, CHILD_TRAP);
        strongswan_policies_read(&rows, RECORDED);
        ck_assert(configured("ghost", "ghost-net")->trapped);
        strongswan_policies_read(&rows, RECORDED + 100);
        ck_assert(!configured("ghost", "ghost-net")->trapped);
        ck_assert_uint_eq(configured("ghost", "ghost-net")->start_action, CHILD_ACTION_UNKNOWN);
}
END_TEST

/* subject, kind and days are what openssl x509 -text says of them */
START_TEST(test_certificates)
{
        const struct certificate *row = NULL;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;
        unsigned int own = 0, cas = 0;

        take_all("list-certs.resp.bin", strongswan_take_certificate);
        ck_assert_uint_eq(table_count(rows.certificates), 3);
        while ((row = table_next(rows.certificates, &certificate_type, oid, length, false))) {
                length = index_encode(&certificate_type, row, oid);
                ck_assert_uint_eq(strlen(row->fingerprint_text), 40);
                ck_assert_ptr_nonnull(row->subject);
                ck_assert_ptr_nonnull(row->issuer);
                ck_assert_ptr_nonnull(row->serial);
                ck_assert_int_lt(row->not_before, row->not_after);
                own += row->private_key;
                cas += row->kind == CERTIFICATE_CA;
        }
        ck_assert_uint_eq(own, 1);
        ck_assert_uint_eq(cas, 1);
        strongswan_forget_certificates(&rows, RECORDED + 2);
        ck_assert_uint_eq(table_count(rows.certificates), 0);
}
END_TEST

START_TEST(test_damaged_certificates)
{
        ck_assert_int_eq(strongswan_take_certificate(&rows, make_message(&maker, "")), -EBADMSG);
        ck_assert_int_eq(strongswan_take_certificate(&rows, make_message(&maker, "type=X509")),
                         -EBADMSG);
        ck_assert_int_eq(strongswan_take_certificate(
                                 &rows, make_message(&maker, "type=OCSP_RESPONSE data=x")),
                         0); /* nothing for the table */
        ck_assert_uint_eq(table_count(rows.certificates), 0);
        ck_assert_int_eq(strongswan_take_certificate(
                                 &rows, make_message(&maker, "type=X509 flag=AA data=nonsense")),
                         0);
        ck_assert_int_eq(
                strongswan_take_certificate(&rows, make_message(&maker, "type=X509_CRL data=nil")),
                0);
        ck_assert_int_eq(
                strongswan_take_certificate(&rows, make_message(&maker, "type=PUBKEY data=")), 0);
        ck_assert_uint_eq(table_count(rows.certificates), 3); /* each has its fingerprint */
}
END_TEST

/* ---- events ---- */

/* Everything that happened to moon, from the first IKE SA to the last. */
START_TEST(test_life_of_an_initiator)
{
        bool rekeyed = false;

        read_recorded(&recorded, "events-moon.bin");
        while (!rekeyed && next_event())
                rekeyed = is_event("child-rekey");
        ck_assert(rekeyed);
        ck_assert_uint_eq(child_sa(3)->state, CHILD_SA_REKEYED);
        ck_assert_uint_eq(child_sa(11)->state, CHILD_SA_INSTALLED);
        ck_assert_uint_eq(child_sa(11)->ike_id, 1);
        ck_assert_uint_eq(ike_sa(1)->pfs, PFS_ON); /* ECP_256, which the first one had not */

        ck_assert(next_event() && is_event("ike-rekey")); /* 1 becomes 8 */
        ck_assert_uint_eq(ike_sa(1)->state, IKE_REKEYED);
        ck_assert_uint_eq(ike_sa(8)->state, IKE_ESTABLISHED);
        ck_assert_uint_eq(ike_sa(8)->pfs, PFS_ON);
        ck_assert_str_eq(ike_sa(8)->policy_name, "gw-gw");
        ck_assert_uint_eq(child_sa(11)->ike_id, 8);
        ck_assert_uint_eq(child_sa(4)->ike_id, 8);
        ck_assert_uint_eq(strongswan_ike_of(&rows, 4), 8);
        ck_assert(strongswan_is_over(&rows, 1, false));
        strongswan_remove_sa(&rows, 1, false);
        ck_assert_ptr_nonnull(child_sa(11)); /* it was not its child any more */
}
END_TEST

/* At the end the daemon knows none of what is over; nothing else is left. */
static void forget_what_is_over(void)
{
        for (uint32_t id = 1; id < 64; id++) {
                if (strongswan_is_over(&rows, id, true))
                        strongswan_remove_sa(&rows, id, true);
                if (strongswan_is_over(&rows, id, false))
                        strongswan_remove_sa(&rows, id, false);
        }
}

/* An IKE SA that is over, and its children that are not, at each moment of the recording. */
static void run_through(const char *file)
{
        read_recorded(&recorded, file);
        while (next_event())
                for (uint32_t id = 1; id < 64; id++)
                        if (child_sa(id))
                                ck_assert_ptr_nonnull(ike_sa(child_sa(id)->ike_id));
        forget_what_is_over();
}

START_TEST(test_nothing_is_left)
{
        run_through("events-moon.bin");
        for (uint32_t id = 1; id < 64; id++) {
                if (ike_sa(id))
                        ck_assert_uint_eq(ike_sa(id)->state, IKE_ESTABLISHED);
                if (child_sa(id))
                        ck_assert_uint_eq(child_sa(id)->state, CHILD_SA_INSTALLED);
        }
        ck_assert_ptr_null(child_sa(6));
        ck_assert_ptr_nonnull(child_sa(12)); /* its successor, of IKEv1 */
        ck_assert_ptr_null(ike_sa(1));       /* rekeyed */
        ck_assert_ptr_null(ike_sa(2));       /* terminated */
        ck_assert_ptr_null(ike_sa(4));
        ck_assert_ptr_null(ike_sa(6)); /* never authenticated */
        ck_assert_ptr_null(child_sa(7));
        ck_assert_ptr_null(child_sa(11));
}
END_TEST

/* A responder learns late which connection it is. */
START_TEST(test_life_of_a_responder)
{
        read_recorded(&recorded, "events-sun.bin");
        ck_assert(next_event() && is_event("ike-update"));
        ck_assert_uint_eq(ike_sa(1)->state, IKE_CONNECTING);
        ck_assert_ptr_null(ike_sa(1)->policy_name);
        ck_assert_uint_eq(ike_sa(1)->local_port, 4500); /* the one that it moves to */
        ck_assert_uint_eq(ike_sa(1)->remote_port, 4500);
        ck_assert(next_event() && is_event("ike-updown"));
        ck_assert_str_eq(ike_sa(1)->policy_name, "gw-gw");
        ck_assert_uint_eq(ike_sa(1)->role, ROLE_RESPONDER);
        teardown();
        setup();
        run_through("events-sun.bin");
        for (uint32_t id = 1; id < 64; id++)
                if (ike_sa(id))
                        ck_assert_ptr_nonnull(ike_sa(id)->policy_name);
}
END_TEST

START_TEST(test_failures)
{
        run_through("failures-moon.bin");
        for (uint32_t id = 1; id < 64; id++)
                if (ike_sa(id))
                        ck_assert_uint_eq(ike_sa(id)->state, IKE_ESTABLISHED);
        teardown();
        setup();
        run_through("failures-moon-told.bin");
        teardown();
        setup();
        run_through("failures-sun.bin");
        for (uint32_t id = 1; id < 64; id++)
                if (ike_sa(id))
                        ck_assert_uint_eq(ike_sa(id)->state, IKE_ESTABLISHED);
}
END_TEST

static struct strongswan_said said_in_log(const char *text)
{
        const struct vici_item item = { .kind = VICI_VALUE,
                                        .body = { (const uint8_t *)text,
                                                  (const uint8_t *)text + strlen(text) } };

        return strongswan_said_in_log(&item);
}

/* Lines as 5.9.8 and 6.0 write them. */
START_TEST(test_lines)
{
        static const struct {
                const char *text;
                enum strongswan_line line;
                enum reason reason;
        } lines[] = {
                { "giving up after 3 retransmits", LINE_NO_ANSWER, REASON_NONE },
                { "giving up after 3 path probings", LINE_OTHER, REASON_NONE },
                { "peer not responding, trying again (2/0)", LINE_AGAIN, REASON_NONE },
                { "received AUTHENTICATION_FAILED notify error", LINE_REASON,
                  REASON_LOCAL_AUTH_FAILED },
                { "received AUTHENTICATION_FAILED error notify", LINE_REASON,
                  REASON_LOCAL_AUTH_FAILED },
                { "tried 2 shared keys for 'a' - 'b', but MAC mismatched", LINE_REASON,
                  REASON_PEER_AUTH_FAILED },
                { "no trusted RSA public key found for 'CN=x'", LINE_CONSEQUENCE,
                  REASON_PEER_AUTH_FAILED },
                { "received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built", LINE_REASON,
                  REASON_PROPOSAL_MISMATCH },
                { "received TS_UNACCEPTABLE notify, no CHILD_SA built", LINE_REASON,
                  REASON_SELECTOR_MISMATCH },
                { "traffic selectors 10.1.0.0/24 === 10.2.0.0/24 unacceptable", LINE_REASON,
                  REASON_SELECTOR_MISMATCH },
                { "unable to install inbound and outbound IPsec SA (SAD) in kernel", LINE_REASON,
                  REASON_INSTALL_FAILED },
                { "subject certificate invalid (valid from Jan 1 to Jan 2)", LINE_REASON,
                  REASON_CERTIFICATE_EXPIRED },
                { "received end entity cert \"CN=received AUTHENTICATION_FAILED \"", LINE_OTHER,
                  REASON_NONE },
                { "received AUTHENTICATION_FAILE", LINE_OTHER, REASON_NONE },
                { "initiating IKE_SA gw[1] to 192.0.2.2", LINE_BEGINS, REASON_NONE },
                { "initiating Main Mode IKE_SA gw[1] to 192.0.2.2", LINE_BEGINS, REASON_NONE },
                { "192.0.2.2 is initiating an IKE_SA", LINE_BEGINS, REASON_NONE },
                { "sending DPD request", LINE_OTHER, REASON_NONE },
                { "certificate was revoked on Nov 24 18:00:00 UTC 2026, reason: unspecified",
                  LINE_REASON, REASON_CERTIFICATE_REVOKED },
                { "deleting half open IKE_SA with 192.0.2.2 after timeout", LINE_REASON,
                  REASON_HALF_OPEN_TIMEOUT },
                { "destroying duplicate IKE_SA for peer 'sun', received INITIAL_CONTACT",
                  LINE_REASON, REASON_REPLACED },
                { "closing 'net' #7", LINE_CHILD_UNLOADED, REASON_NONE },
                { "vici closing CHILD_SA 'net' #7", LINE_CHILD_UNLOADED, REASON_NONE },
                { "closing 'net' #", LINE_OTHER, REASON_NONE },
                { "closing 'net' #7' #x", LINE_OTHER, REASON_NONE },
                { "closing IKE_SA #7", LINE_IKE_UNLOADED, REASON_NONE },
                { "vici closing IKE_SA 'gw' #7", LINE_IKE_UNLOADED, REASON_NONE },
                { "closing IKE_SA #99999999999", LINE_OTHER, REASON_NONE },
                { "vici terminate IKE_SA #7", LINE_OTHER, REASON_NONE },
                { "vici install 'net'", LINE_CONFIGURATION, REASON_NONE },
                { "vici uninstalling 'net'", LINE_CONFIGURATION, REASON_NONE },
                { "", LINE_OTHER, REASON_NONE },
        };

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                struct strongswan_said said = said_in_log(lines[i].text);

                ck_assert_msg(said.line == lines[i].line && said.reason == lines[i].reason,
                              "%s: line %d, reason %d", lines[i].text, (int)said.line,
                              (int)said.reason);
        }
        ck_assert_int_eq(said_in_log("received DELETE for ESP CHILD_SA with SPI c1b035d1").line,
                         LINE_CHILD_DELETED);
        ck_assert_uint_eq(said_in_log("received DELETE for ESP CHILD_SA with SPI c1b035d1").spi,
                          0xc1b035d1);
        ck_assert_uint_eq(said_in_log("closing CHILD_SA net{1}{42} with SPIs c_i (0 bytes)").id,
                          42);
        ck_assert_int_eq(said_in_log("closing CHILD_SA net42} with SPIs c_i (0 bytes)").line,
                         LINE_OTHER);
        ck_assert_int_eq(said_in_log("closing CHILD_SA {99999999999} with SPIs c_i").line,
                         LINE_OTHER);
        ck_assert_int_eq(said_in_log("received DELETE for ESP CHILD_SA with SPI ").line,
                         LINE_OTHER);
}
END_TEST

static void take_line(const char *words, const char *msg)
{
        char text[400];

        snprintf(text, sizeof(text), "group=IKE level=1 %s msg=%s", words, msg);
        ck_assert_int_eq(take_log(&rows, make_message(&maker, text)), 0);
}

static struct occurrence told;
static char told_text[256];
static unsigned int n_told;

static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        (void)context;
        (void)reason;
        (void)before;
        if (event != TABLE_ADDED)
                return;
        told = *(const struct occurrence *)after;
        snprintf(told_text, sizeof(told_text), "%s", told.text ? told.text : "");
        n_told++;
}

/* What fails is told as it happens, in the daemon's words; a peer that moves, too. */
START_TEST(test_occurrences)
{
        n_told = 0;
        ck_assert_int_eq(table_subscribe(rows.occurrences, occurred, NULL), 0);
        take_line("ikesa-name=gw ikesa-uniqueid=5", "giving~up~after~5~retransmits");
        ck_assert_uint_eq(n_told, 1);
        ck_assert_uint_eq(told.kind, EVENT_NEGOTIATION_FAILED);
        ck_assert_uint_eq(told.reason, REASON_PEER_UNREACHABLE);
        ck_assert_str_eq(told_text, "giving up after 5 retransmits");
        take_line("ikesa-name=gw ikesa-uniqueid=6", "received~AUTHENTICATION_FAILED~notify~error");
        ck_assert_uint_eq(told.kind, EVENT_IKE_AUTH_FAILURE);
        ck_assert_int_eq(
                strongswan_take_ike_updown(
                        &rows, make_message(&maker, "up=yes gw{ uniqueid=7 "
                                                    "remote-host=192.0.2.2 remote-port=500 "
                                                    "state=ESTABLISHED }")),
                0);
        take_line("ikesa-name=gw ikesa-uniqueid=7", "received~DELETE~for~IKE_SA~gw[7]");
        ck_assert_uint_eq(n_told, 2); /* that is no failure */
        ck_assert_int_eq(
                strongswan_take_ike_update(
                        &rows, make_message(&maker, "remote-host=192.0.2.2 remote-port=500 gw{ "
                                                    "uniqueid=7 state=ESTABLISHED }")),
                0);
        ck_assert_uint_eq(n_told, 2);
        ck_assert_int_eq(
                strongswan_take_ike_update(
                        &rows, make_message(&maker, "remote-host=192.0.2.9 remote-port=4500 gw{ "
                                                    "uniqueid=7 state=ESTABLISHED }")),
                0);
        ck_assert_uint_eq(n_told, 3);
        ck_assert_uint_eq(told.kind, EVENT_NAT_MAPPING_CHANGED);
        ck_assert_uint_eq(told.remote.octets[3], 9);
        ck_assert_str_eq(told_text, "gw: the peer is at 192.0.2.9, port 4500 now");
}
END_TEST

/* The first reason is the cause; a new try has a new one; what is up has none. */
START_TEST(test_reasons)
{
        take_line("ikesa-name=gw ikesa-uniqueid=5", "giving~up~after~5~retransmits");
        ck_assert_str_eq(ike_sa(5)->policy_name, "gw");
        ck_assert_uint_eq(ike_sa(5)->state, IKE_CONNECTING);
        ck_assert_uint_eq(ike_sa(5)->reason, REASON_PEER_UNREACHABLE);
        ck_assert(strongswan_is_over(&rows, 5, false));
        take_line("ikesa-name=gw ikesa-uniqueid=5", "received~NO_PROPOSAL_CHOSEN~notify~error");
        ck_assert_uint_eq(ike_sa(5)->reason, REASON_PEER_UNREACHABLE);
        take_line("ikesa-name=gw ikesa-uniqueid=5", "peer~not~responding,~trying~again~(2/0)");
        ck_assert_uint_eq(ike_sa(5)->reason, 0);
        ck_assert(!strongswan_is_over(&rows, 5, false));
        take_line("ikesa-name=gw ikesa-uniqueid=5", "received~NO_PROPOSAL_CHOSEN~notify~error");
        ck_assert_uint_eq(ike_sa(5)->reason, REASON_PROPOSAL_MISMATCH);
        ck_assert_int_eq(strongswan_take_ike_updown(
                                 &rows, make_message(&maker, "up=yes gw{ uniqueid=5 "
                                                             "state=ESTABLISHED child-sas{ a-1{ "
                                                             "name=a uniqueid=1 spi-out=c1b035d1 "
                                                             "state=INSTALLED } } }")),
                         0);
        ck_assert_uint_eq(ike_sa(5)->reason, 0);
        take_line("ikesa-name=gw ikesa-uniqueid=5", "received~TS_UNACCEPTABLE~notify,~no~CHILD");
        ck_assert_uint_eq(ike_sa(5)->reason, 0); /* that was of a child */
        take_line("ikesa-name=gw ikesa-uniqueid=4",
                  "received~DELETE~for~ESP~CHILD_SA~with~SPI~c1b035d1");
        ck_assert_uint_eq(child_sa(1)->reason, 0);
        take_line("ikesa-name=gw ikesa-uniqueid=5",
                  "received~DELETE~for~ESP~CHILD_SA~with~SPI~c1b035d1");
        ck_assert_uint_eq(child_sa(1)->reason, REASON_CLOSED_BY_PEER);
        take_line("ikesa-name=gw ikesa-uniqueid=5", "closing~CHILD_SA~a{1}~with~SPIs~1_i");
        ck_assert_uint_eq(child_sa(1)->reason, REASON_CLOSED_BY_PEER);
        take_line("ikesa-name=gw ikesa-uniqueid=5", "giving~up~after~5~retransmits");
        ck_assert_uint_eq(ike_sa(5)->reason, REASON_PEER_DEAD);
        ck_assert_int_eq(take_log(&rows, make_message(&maker, "group=IKE")), -EBADMSG);
        ck_assert_int_eq(strongswan_take_alert(&rows, make_message(&maker, "type[ x ]")), -EBADMSG);
        ck_assert_int_eq(strongswan_take_alert(&rows, make_message(&maker, "type=shutdown-signal")),
                         0);
        ck_assert_int_eq(
                strongswan_take_alert(&rows, make_message(&maker, "type=ts-mismatch ike-sa=x")),
                -EBADMSG);
        ck_assert_int_eq(strongswan_take_alert(
                                 &rows, make_message(&maker, "type=peer-auth-failed ike-sa{ gw{ "
                                                             "uniqueid=6 state=CONNECTING } }")),
                         0);
        ck_assert_uint_eq(ike_sa(6)->reason, REASON_PEER_AUTH_FAILED);
}
END_TEST

static void bring_up(const char *child)
{
        char text[300];

        snprintf(text, sizeof(text),
                 "up=yes gw{ uniqueid=5 state=ESTABLISHED child-sas{ a-1{ name=a uniqueid=%s "
                 "state=INSTALLED } } }",
                 child);
        ck_assert_int_eq(strongswan_take_ike_updown(&rows, make_message(&maker, text)), 0);
}

/* Who closes it is this side, but why is the configuration; no IKE SA is named in such a line. */
START_TEST(test_unloaded)
{
        bring_up("1");
        take_line("", "closing~'a'~#2");
        ck_assert_uint_eq(child_sa(1)->reason, 0);
        take_line("", "closing~'a'~#1");
        ck_assert_uint_eq(child_sa(1)->reason, REASON_CONFIGURATION_CHANGED);
        take_line("ikesa-name=gw ikesa-uniqueid=5", "closing~CHILD_SA~a{1}~with~SPIs~1_i");
        ck_assert_uint_eq(child_sa(1)->reason, REASON_CONFIGURATION_CHANGED);
        ck_assert_uint_eq(ike_sa(5)->reason, 0);
        take_line("", "closing~IKE_SA~#6");
        take_line("", "closing~IKE_SA~#5");
        ck_assert_uint_eq(ike_sa(5)->reason, REASON_CONFIGURATION_CHANGED);
        ck_assert_int_eq(strongswan_take_ike_updown(
                                 &rows, make_message(&maker, "gw{ uniqueid=5 state=DELETING }")),
                         0);
        ck_assert(ike_sa(5)->ended);
        ck_assert_uint_eq(ike_sa(5)->reason, REASON_CONFIGURATION_CHANGED);
        take_line("ikesa-name=gw ikesa-uniqueid=8", "giving~up~after~5~retransmits");
        take_line("", "closing~IKE_SA~#9");
        ck_assert_ptr_null(ike_sa(9));
}
END_TEST

/* The rows of the answer and then the events, as a collector that was started late has them. */
START_TEST(test_answer_then_events)
{
        take_all("list-sas.resp.bin", take_sa);
        take_all("list-conns.resp.bin", strongswan_take_connection);
        run_through("events-moon.bin");
        ck_assert_ptr_null(ike_sa(4));
        ck_assert_ptr_null(child_sa(5));
        ck_assert_uint_eq(table_count(rows.policies), 8);
}
END_TEST

#define SA(id, more) "gw{ uniqueid=" id " version=2 state=ESTABLISHED established=5 " more "} "
#define CHILD(id, more)                                                                            \
        "child-sas{ net-" id "{ name=net uniqueid=" id " state=INSTALLED install-time=3 " more     \
        "} } "

static struct vici_slice message(const char *text)
{
        struct vici_slice slice = make_message(&maker, text);

        ck_assert_int_eq(vici_check(slice), 0);
        return slice;
}

START_TEST(test_ends)
{
        take_sa(&rows, message(SA("1", CHILD("7", ""))));
        ck_assert_int_eq(strongswan_take_ike_updown(&rows, message(SA("1", ""))), 0); /* no up */
        ck_assert(ike_sa(1)->ended);
        ck_assert_uint_eq(ike_sa(1)->state, IKE_ESTABLISHED); /* so DPD ends */
        ck_assert(strongswan_is_over(&rows, 1, false));
        ck_assert_ptr_nonnull(child_sa(7));
        ck_assert_int_eq(strongswan_take_child_updown(&rows, message(SA("1", CHILD("7", "")))), 0);
        ck_assert_ptr_null(child_sa(7));
        ck_assert(ike_sa(1)->ended); /* its child's end does not revive it */
        strongswan_remove_sa(&rows, 1, false);
        ck_assert_uint_eq(table_count(rows.ike_sas), 0);
}
END_TEST

/* An end without times or names leaves what was known. */
START_TEST(test_what_an_event_leaves_out)
{
        take_sa(&rows, message("gw{ uniqueid=1 state=ESTABLISHED established=5 rekey-time=100 } "));
        strongswan_take_ike_updown(&rows, message("(unnamed){ uniqueid=1 state=DELETING }"));
        ck_assert_str_eq(ike_sa(1)->policy_name, "gw");
        ck_assert_int_eq(ike_sa(1)->established, RECORDED + 1 - 5);
        ck_assert_int_eq(ike_sa(1)->rekey, RECORDED + 1 + 100);
}
END_TEST

/* Its number is the table's, whatever a message tells. */
START_TEST(test_numbers_stay)
{
        uint32_t index;

        take_sa(&rows, message(SA("9", "")));
        take_sa(&rows, message(SA("1", CHILD("7", ""))));
        index = ike_sa(1)->index;
        ck_assert_uint_ne(index, 0);
        ck_assert_uint_ne(child_sa(7)->index, 0);
        take_sa(&rows, message(SA("1", CHILD("7", "reqid=5 "))));
        ck_assert_uint_eq(ike_sa(1)->index, index);
        ck_assert_uint_ne(child_sa(7)->index, 0);
        ck_assert_ptr_eq(table_at(rows.ike_sas, &ike_sa_type, &index, 1), ike_sa(1));
}
END_TEST

START_TEST(test_steady_moments)
{
        take_sa(&rows, message(SA("1", "rekey-time=100 ")));
        fake_loop_advance(loop, 10000);
        take_sa(&rows, message("gw{ uniqueid=1 established=16 rekey-time=89 } ")); /* rounded */
        ck_assert_int_eq(ike_sa(1)->established, RECORDED + 1 - 5);
        ck_assert_int_eq(ike_sa(1)->rekey, RECORDED + 1 + 100);
        take_sa(&rows, message("gw{ uniqueid=1 established=16 rekey-time=500 } "));
        ck_assert_int_eq(ike_sa(1)->rekey, RECORDED + 11 + 500);
        take_sa(&rows, message("gw{ uniqueid=1 established=16 rekey-time=-7 } ")); /* overdue */
        ck_assert_int_eq(ike_sa(1)->rekey, RECORDED + 11 - 7);
}
END_TEST

/* Two runs of a daemon give the same numbers to different SAs. */
START_TEST(test_runs)
{
        uint32_t index;

        rows.run = 1;
        take_sa(&rows, message(SA("1", CHILD("1", ""))));
        index = ike_sa(1)->index;
        strongswan_rows_grow_old(&rows);
        ck_assert(!ike_sa(1)->fresh);
        ck_assert_uint_eq(table_count(rows.ike_sas), 1);
        rows.run = 2;
        ck_assert_ptr_null(ike_sa(1));
        strongswan_take_ike_updown(&rows, message("up=yes " SA("1", "")));
        strongswan_take_child_updown(&rows, message("up=yes " SA("1", CHILD("1", ""))));
        ck_assert_uint_ne(ike_sa(1)->index, index);
        ck_assert_uint_eq(table_count(rows.ike_sas), 2);
        ck_assert_uint_eq(table_count(rows.children), 2);
        ck_assert_uint_eq(strongswan_count_sas(&rows, 0), 1);
        strongswan_remove_sa(&rows, 1, false); /* of this run */
        ck_assert_uint_eq(table_count(rows.ike_sas), 1);
        ck_assert_uint_eq(table_count(rows.children), 1);
        strongswan_forget_ike_sas(&rows, 0);
        ck_assert_uint_eq(table_count(rows.ike_sas), 0);
        ck_assert_uint_eq(table_count(rows.children), 0);
}
END_TEST

static void take_two_reads(void)
{
        take_sa(&rows, message(SA("1", CHILD("1", ""))));
        take_sa(&rows, message(SA("2", CHILD("2", ""))));
        take_sa(&rows, message(SA("3", CHILD("3", ""))));
        fake_loop_advance(loop, 10000);
        take_sa(&rows, message(SA("1", "")));              /* without a child any more */
        take_sa(&rows, message(SA("2", "child-sas{ } "))); /* told without its children */
}

/* Only of those that were told whole a missing child is gone. */
START_TEST(test_forgetting)
{
        struct id_set whole = { .n = 0 };

        take_two_reads();
        id_set_add(&whole, 3);
        id_set_add(&whole, 1);
        id_set_sort(&whole);
        strongswan_forget_ike_sas(&rows, RECORDED + 11);
        ck_assert_ptr_null(ike_sa(3));
        ck_assert_ptr_null(child_sa(3)); /* with its IKE SA */
        ck_assert_ptr_nonnull(child_sa(1));
        strongswan_forget_children(&rows, &whole, RECORDED + 11);
        ck_assert_ptr_null(child_sa(1));
        ck_assert_ptr_nonnull(child_sa(2));
        id_set_free(&whole);
}
END_TEST

/* A message that has waited is older than the event that came before it. */
START_TEST(test_events_during_a_read)
{
        take_sa(&rows, message(SA("1", CHILD("7", ""))));
        table_sweep_begin(rows.ike_sas);
        table_sweep_begin(rows.children);
        strongswan_take_ike_updown(&rows, message(SA("1", "")));
        strongswan_take_child_updown(&rows, message(SA("1", CHILD("7", ""))));
        take_sa(&rows, message(SA("1", CHILD("7", ""))));
        table_sweep_abort(rows.children);
        table_sweep_abort(rows.ike_sas);
        ck_assert(ike_sa(1)->ended);
        ck_assert_ptr_null(child_sa(7));
}
END_TEST

START_TEST(test_nonsense)
{
        static const char *const texts[] = {
                "",
                "up=yes",
                "gw{ }",
                "gw{ uniqueid=0 }",
                "gw{ uniqueid=-1 }",
                "gw{ uniqueid=4294967296 }",
                "gw{ uniqueid=x }",
                "gw{ uniqueid[ 1 ] }",
                "gw[ 1 ]",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                ck_assert_int_eq(take_sa(&rows, message(texts[i])), -EBADMSG);
                for (size_t k = 0; k < 5; k++)
                        ck_assert_int_eq(events[k].take(&rows, message(texts[i])), -EBADMSG);
        }
        ck_assert_uint_eq(table_count(rows.ike_sas), 0);
        ck_assert_int_eq(strongswan_take_ike_rekey(
                                 &rows, message("gw{ old{ uniqueid=1 } new{ uniqueid=1 } }")),
                         -EBADMSG); /* it would have itself for a successor */
        ck_assert_int_eq(strongswan_take_ike_rekey(&rows, message("gw{ old=1 new=2 }")), -EBADMSG);
        ck_assert_int_eq(
                strongswan_take_child_rekey(&rows, message("gw{ uniqueid=1 child-sas{ a=b } }")),
                -EBADMSG);
        ck_assert_int_eq(strongswan_take_connection(&rows, message("gw=1")), -EBADMSG);
        ck_assert_int_eq(strongswan_take_connection(&rows, message("{ }")), -EBADMSG);
        ck_assert_int_eq(strongswan_take_policy(&rows, message("x{ ike=gw }")), -EBADMSG);
}
END_TEST

/* One child that is none keeps no other from being taken. */
START_TEST(test_one_bad_child)
{
        ck_assert_int_eq(take_sa(&rows, message("gw{ uniqueid=1 child-sas{ a{ } b=1 c{ name=c "
                                                "uniqueid=9 } } }")),
                         -EBADMSG);
        ck_assert_ptr_nonnull(ike_sa(1));
        ck_assert_ptr_nonnull(child_sa(9));
}
END_TEST

START_TEST(test_strange_values)
{
        const struct ike_sa *row;

        take_sa(&rows, message("gw{ uniqueid=1 version=3 state=HALF local-host=nowhere "
                               "local-port=65536 encr-alg=;rm~-rf encr-keysize=99999 "
                               "established=99999999999999999999 rekey-time=9223372036854775807 "
                               "initiator=perhaps initiator-spi[ 1 ] ake1=ML_KEM_768 "
                               "ake2=ML_KEM_1024 remote-vips[ 10.0.0.1 10.0.0.2 ] }"));
        row = ike_sa(1);
        ck_assert_uint_eq(row->version, IKE_VERSION_UNKNOWN);
        ck_assert_uint_eq(row->state, IKE_STATE_UNKNOWN);
        ck_assert_uint_eq(row->local.type, 0);
        ck_assert_uint_eq(row->local_port, 0);
        ck_assert_ptr_null(row->encryption);
        ck_assert_uint_eq(row->encryption_key_bits, 0);
        ck_assert_int_eq(row->established, 0);
        ck_assert_int_eq(row->rekey, 0);
        ck_assert_uint_eq(row->role, ROLE_RESPONDER);
        ck_assert_ptr_null(row->initiator_spi);
        ck_assert_str_eq(row->additional_key_exchanges, "ML-KEM-768, ML-KEM-1024");
        ck_assert_str_eq(row->remote_virtual_ips, "10.0.0.1, 10.0.0.2");
}
END_TEST

/* IKEv2's first child has no exchange of its own, whatever is configured. */
START_TEST(test_pfs)
{
        static const struct {
                const char *text;
                uint8_t pfs;
        } cases[] = {
                { "gw{ uniqueid=1 version=2 established=100 child-sas{ } }", PFS_UNKNOWN },
                { "gw{ uniqueid=1 version=2 established=100 child-sas{ a{ name=a uniqueid=1 "
                  "install-time=101 } } }",
                  PFS_UNKNOWN },
                { "gw{ uniqueid=1 version=2 established=100 child-sas{ a{ name=a uniqueid=1 "
                  "install-time=50 } } }",
                  PFS_OFF }, /* made later, without one */
                { "gw{ uniqueid=1 version=2 established=100 child-sas{ a{ name=a uniqueid=1 "
                  "install-time=50 dh-group=MODP_2048 } } }",
                  PFS_ON },
                { "gw{ uniqueid=1 version=1 established=100 child-sas{ a{ name=a uniqueid=1 "
                  "install-time=99 } } }",
                  PFS_OFF }, /* every one of IKEv1 might have */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                ck_assert_int_eq(take_sa(&rows, message(cases[i].text)), 0);
                ck_assert_uint_eq(ike_sa(1)->pfs, cases[i].pfs);
                strongswan_remove_sa(&rows, 1, false);
        }
}
END_TEST

START_TEST(test_rounds)
{
        const struct ike_policy *row;

        strongswan_take_connection(
                &rows, message("rw{ remote_addrs[ %any ] version=IKEv1/2 unique=UNIQUE_WHATEVER "
                               "local-1{ class=public~key id=a cacerts[ C=CH C=DE ] } "
                               "local-2{ class=EAP eap-type=tls eap_id=me } "
                               "remote-1{ class=pre-shared~key id=b } "
                               "remote-2{ class=XAuth xauth_id=you } children{ } }"));
        row = policy("rw");
        ck_assert_str_eq(row->local_auth_method, "PUBKEY+EAP-TLS");
        ck_assert_str_eq(row->remote_auth_method, "PSK+XAUTH");
        ck_assert_str_eq(row->local_identity, "a");
        ck_assert_str_eq(row->local_eap_identity, "me");
        ck_assert_str_eq(row->remote_eap_identity, "you");
        ck_assert_str_eq(row->local_cas, "C=CH; C=DE");
        ck_assert_uint_eq(row->version, IKE_ANY);
        ck_assert_uint_eq(row->uniqueness, UNIQUE_UNKNOWN);
        ck_assert(row->any_peer);
}
END_TEST

/* What strongSwan calls the EAP methods is not what the module calls them. */
START_TEST(test_eap_types)
{
        static const char *const types[][2] = { { "EAP_MD5", "EAP-MD5" },
                                                { "EAP_MSCHAPV2", "EAP-MSCHAPV2" },
                                                { "tls", "EAP-TLS" } };

        for (size_t i = 0; i < 3; i++) {
                char text[256];

                snprintf(text, sizeof(text), "c{ local-1{ class=EAP eap-type=%s } }", types[i][0]);
                strongswan_take_connection(&rows, message(text));
                ck_assert_str_eq(policy("c")->local_auth_method, types[i][1]);
        }
}
END_TEST

START_TEST(test_any_peer)
{
        static const struct {
                const char *addresses;
                bool any;
        } cases[] = {
                { "%any", true },
                { "", true },
                { "192.0.2.1", false },
                { "gate-way.example", false },
                { "192.0.2.1 192.0.2.0/24", true },
                { "192.0.2.100-192.0.2.250", true },
                { "2001:db8::1-2001:db8::9", true },
                { "2001:db8::1", false },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[256];

                snprintf(text, sizeof(text), "c{ remote_addrs[ %s ] }", cases[i].addresses);
                strongswan_take_connection(&rows, message(text));
                ck_assert_msg(policy("c")->any_peer == cases[i].any, "%s", cases[i].addresses);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("strongswan");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_ike_sa);
        tcase_add_test(tcase, test_children);
        tcase_add_test(tcase, test_rekeyed_and_pending);
        tcase_add_test(tcase, test_connections);
        tcase_add_test(tcase, test_traps);
        tcase_add_test(tcase, test_certificates);
        tcase_add_test(tcase, test_damaged_certificates);
        tcase_add_test(tcase, test_life_of_an_initiator);
        tcase_add_test(tcase, test_nothing_is_left);
        tcase_add_test(tcase, test_life_of_a_responder);
        tcase_add_test(tcase, test_failures);
        tcase_add_test(tcase, test_lines);
        tcase_add_test(tcase, test_occurrences);
        tcase_add_test(tcase, test_reasons);
        tcase_add_test(tcase, test_unloaded);
        tcase_add_test(tcase, test_answer_then_events);
        tcase_add_test(tcase, test_ends);
        tcase_add_test(tcase, test_what_an_event_leaves_out);
        tcase_add_test(tcase, test_numbers_stay);
        tcase_add_test(tcase, test_steady_moments);
        tcase_add_test(tcase, test_runs);
        tcase_add_test(tcase, test_forgetting);
        tcase_add_test(tcase, test_events_during_a_read);
        tcase_add_test(tcase, test_nonsense);
        tcase_add_test(tcase, test_one_bad_child);
        tcase_add_test(tcase, test_strange_values);
        tcase_add_test(tcase, test_pfs);
        tcase_add_test(tcase, test_rounds);
        tcase_add_test(tcase, test_eap_types);
        tcase_add_test(tcase, test_any_peer);
        return run_suite("strongswan", tcase);
}
