/* libreswan: what whack printed at a real gateway, and lines made by hand. */
#include "config.h"

#include "collectors/libreswan_rows.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/key.h"
#include "whack_answers.h"

#include <stdio.h>
#include <string.h>

#define RECORDED 1795500828

static struct loop *loop;
static struct store *store;
static struct libreswan_rows rows;

static void setup(void)
{
        loop = fake_loop_new(RECORDED);
        store = store_new();
        libreswan_rows_init(&rows, loop, store);
}

static void teardown(void)
{
        libreswan_rows_free(&rows);
        store_free(store);
        fake_loop_free(loop);
}

/* ---- what is in the tables ---- */

static const struct ike_sa *ike_sa(uint32_t id)
{
        const struct ike_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                    .daemon_run = rows.run,
                                    .daemon_id = id };

        return table_find(rows.ike_sas, &key);
}

static const struct child_sa *child_sa(uint32_t id)
{
        const struct child_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                      .daemon_run = rows.run,
                                      .daemon_id = id };

        return table_find(rows.children, &key);
}

static const struct ike_policy *policy(const char *key)
{
        const struct ike_policy sought = { .key = key };

        return table_find(rows.policies, &sought);
}

static const struct configured_policy *configured(const char *key)
{
        const struct configured_policy sought = { .policy_key = key, .child_key = key };

        return table_find(rows.configured, &sought);
}

/* ---- answers ---- */

static size_t take_states(struct libreswan_text answer, bool with_conns)
{
        struct libreswan_text line;
        size_t understood = 0;
        int err;

        libreswan_begin_states(&rows, with_conns);
        while (libreswan_next_line(&answer, &line)) {
                int taken = libreswan_take_line(&rows, line);

                ck_assert_int_ge(taken, 0);
                understood += (size_t)taken;
        }
        while (!libreswan_end_states(&rows, 1, &err))
                ck_assert_int_eq(err, 0);
        ck_assert_int_eq(err, 0);
        libreswan_forget(&rows);
        return understood;
}

static size_t take_traffic(struct libreswan_text answer)
{
        struct libreswan_text line;
        size_t understood = 0;

        while (libreswan_next_line(&answer, &line))
                understood += (size_t)libreswan_take_traffic(&rows, line);
        return understood;
}

static void take_recorded(void)
{
        take_states(whack_recorded("libreswan/status.txt"), true);
        ck_assert_uint_eq(take_traffic(whack_recorded("libreswan/trafficstatus.txt")), 3);
}

static void is_address(const struct inet_addr *address, const char *wanted)
{
        char words[INET_ADDR_TEXT_SIZE];

        inet_addr_text(address, words);
        ck_assert_str_eq(words, wanted);
}

START_TEST(test_ike_sas)
{
        const struct ike_sa *row;

        take_recorded();
        ck_assert_uint_eq(table_count(rows.ike_sas), 2);
        row = ike_sa(1);
        ck_assert_ptr_nonnull(row);
        ck_assert_uint_eq(row->version, IKE_V2);
        ck_assert_uint_eq(row->state, IKE_ESTABLISHED);
        ck_assert_uint_eq(row->role, ROLE_UNKNOWN);
        ck_assert_uint_eq(row->pfs, PFS_UNKNOWN);
        ck_assert_ptr_null(row->initiator_spi);
        is_address(&row->local, "192.0.2.1");
        is_address(&row->remote, "192.0.2.2");
        ck_assert_uint_eq(row->remote_port, 500);
        ck_assert_str_eq(row->local_identity, "@moon");
        ck_assert_str_eq(row->remote_identity, "@sun");
        ck_assert_str_eq(row->policy_name, "tunnel-v2");
        ck_assert_str_eq(row->encryption, "AES256-CBC");
        ck_assert_uint_eq(row->encryption_key_bits, 256);
        ck_assert_uint_eq(row->encryption_transform, 12);
        ck_assert_str_eq(row->prf, "HMAC-SHA2-256");
        ck_assert_uint_eq(row->prf_transform, 5);
        ck_assert_ptr_null(row->integrity);
        ck_assert_uint_eq(row->dh_group, 19);
        ck_assert_str_eq(row->dh_group_name, "ECP-256");
        ck_assert_int_eq(row->rekey, libreswan_rows_now(&rows) + 28124);
        ck_assert_int_eq(row->expiry, libreswan_rows_now(&rows) + 28788);
        ck_assert_int_eq(row->reauthentication, 0);
        ck_assert(row->fresh);
        row = ike_sa(4);
        ck_assert_uint_eq(row->version, IKE_V1);
        ck_assert_uint_eq(row->role, ROLE_INITIATOR);
        ck_assert_uint_eq(row->pfs, PFS_ON);
        ck_assert_str_eq(row->integrity, "HMAC-SHA1");
        ck_assert_uint_eq(row->integrity_transform, 2);
        ck_assert_uint_eq(row->dh_group, 14);
        ck_assert_int_gt(row->reauthentication, RECORDED);
        ck_assert_int_eq(row->expiry, 0);
}
END_TEST

START_TEST(test_child_sas)
{
        const struct child_sa *row;

        take_recorded();
        ck_assert_uint_eq(table_count(rows.children), 3);
        row = child_sa(2);
        ck_assert_uint_eq(row->spi_out, 0x695e2267);
        ck_assert_uint_eq(row->spi_in, 0x2645fc66);
        ck_assert_uint_eq(row->protocol, PROTOCOL_ESP);
        ck_assert_uint_eq(row->mode, MODE_TUNNEL);
        ck_assert_uint_eq(row->state, CHILD_SA_INSTALLED);
        ck_assert_uint_eq(row->ike_id, 1);
        ck_assert_uint_eq(row->reqid, 0);
        ck_assert(!row->encap);
        ck_assert_str_eq(row->child_name, "tunnel-v2");
        ck_assert_str_eq(row->local_selectors, "10.1.0.0/24");
        ck_assert_str_eq(row->remote_selectors, "10.2.0.0/24");
        ck_assert_int_eq(row->installed, 1795500817);
        ck_assert_uint_eq(row->octets_in, 252);
        ck_assert_int_eq(row->rekey, libreswan_rows_now(&rows) + 28038);
        row = child_sa(5);
        ck_assert_uint_eq(row->ike_id, 4);
        ck_assert_int_gt(row->rekey, RECORDED);
        ck_assert_int_eq(row->expiry, 0);
        row = child_sa(6);
        ck_assert_uint_eq(row->protocol, PROTOCOL_AH);
        ck_assert_uint_eq(row->spi_out, 0x7082435f);
        ck_assert_uint_eq(row->spi_in, 0x7b8c5d29);
        ck_assert_uint_eq(row->mode, MODE_TRANSPORT);
        ck_assert_uint_eq(row->ike_id, 1); /* another connection's, which has the same ends */
        ck_assert_int_eq(row->installed, 0);
}
END_TEST

START_TEST(test_connections)
{
        const struct configured_policy *child;
        const struct ike_policy *row;

        take_recorded();
        ck_assert_uint_eq(table_count(rows.policies), 4);
        ck_assert_uint_eq(table_count(rows.configured), 4);
        row = policy("tunnel-v2");
        ck_assert_str_eq(row->local_addresses, "192.0.2.1");
        ck_assert_str_eq(row->remote_addresses, "192.0.2.2");
        ck_assert_uint_eq(row->version, IKE_V2);
        ck_assert_str_eq(row->local_auth_method, "PSK");
        ck_assert_str_eq(row->remote_auth_method, "PSK");
        ck_assert_ptr_null(row->local_eap_identity);
        ck_assert_str_eq(row->proposals, "AES_CBC_256-HMAC_SHA2_256-DH19");
        ck_assert_uint_eq(row->rekey_seconds, 28260);
        ck_assert_uint_eq(row->reauth_seconds, 0);
        ck_assert_uint_eq(row->uniqueness, UNIQUE_REPLACE);
        ck_assert(!row->any_peer);
        row = policy("tunnel-v1");
        ck_assert_uint_eq(row->version, IKE_V1);
        ck_assert_uint_eq(row->rekey_seconds, 0);
        ck_assert_uint_eq(row->reauth_seconds, 28260);
        child = configured("tunnel-v1");
        ck_assert_str_eq(child->proposals, "AES_CBC_128-HMAC_SHA1_96-MODP2048");
        ck_assert_uint_eq(child->mode, MODE_TUNNEL);
        ck_assert_uint_eq(child->kind, RULE_TUNNEL);
        ck_assert_uint_eq(child->action, RULE_DYNAMIC_KEY);
        ck_assert_uint_eq(child->start_action, CHILD_START);
        ck_assert_uint_eq(child->dpd_action, CHILD_TRAP);
        ck_assert_uint_eq(child->lifetime_seconds, 28800);
        ck_assert_uint_eq(child->lifetime_octets, 0);
        ck_assert(!child->trapped);
        child = configured("ah-v2");
        ck_assert_str_eq(child->local_selectors, "192.0.2.1/32[17]");
        ck_assert_uint_eq(child->kind, RULE_HOST);
        child = configured("transport-v2");
        ck_assert_str_eq(child->local_selectors, "192.0.2.1/32[6/23]");
        ck_assert_str_eq(child->remote_selectors, "192.0.2.2/32[6]");
}
END_TEST

START_TEST(test_version)
{
        char version[64];

        take_recorded();
        ck_assert_str_eq(rows.version, "4.10");
        ck_assert(libreswan_parse_version(whack_recorded("libreswan/version.txt"), version,
                                          sizeof(version)));
        ck_assert_str_eq(version, "4.10");
        ck_assert(!libreswan_parse_version(text("whatever"), version, sizeof(version)));
        ck_assert(libreswan_parse_version(text("Libreswan 5.2.1-rc"), version, 4));
        ck_assert_str_eq(version, "5.2");
}
END_TEST

/* The short answer alone keeps what the long one told. */
START_TEST(test_showstates)
{
        struct ike_sa before;

        take_recorded();
        before = *ike_sa(1);
        fake_loop_advance(loop, 1000);
        ck_assert_uint_eq(take_states(whack_recorded("libreswan/showstates.txt"), false), 8);
        ck_assert(!rows.changed);
        ck_assert_ptr_eq(ike_sa(1)->encryption, before.encryption);
        ck_assert_int_eq(ike_sa(1)->rekey, before.rekey); /* within the rounding */
        ck_assert_int_eq(child_sa(2)->installed, 1795500817);
        ck_assert_uint_eq(table_count(rows.policies), 4);
        /* A state of a connection that nobody has told of. */
        fake_loop_advance(loop, 1000);
        take_states(text("000 #9: \"new\":500 STATE_V2_PARENT_I1 (sent IKE_SA_INIT request); "
                         "RETRANSMIT in 0.5s; idle;\n"),
                    false);
        ck_assert(rows.changed);
        ck_assert_uint_eq(table_count(rows.ike_sas), 1);
        ck_assert_uint_eq(ike_sa(9)->state, IKE_CONNECTING);
        ck_assert_uint_eq(ike_sa(9)->role, ROLE_INITIATOR);
        fake_loop_advance(loop, 1000);
        take_states(text("000 #9: \"new\":4500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); "
                         "REKEY in 100s; newest; idle;\n"
                         "000 #10: \"new\":4500 STATE_V2_ESTABLISHED_CHILD_SA (established Child "
                         "SA); REKEY in 90s; newest; eroute owner; IKE SA #9; idle;\n"
                         "000 #10: \"new\" esp.00000001@192.0.2.2 esp.ffffffff@192.0.2.1 tun.0@\n"),
                    false);
        ck_assert_uint_eq(ike_sa(9)->role, ROLE_INITIATOR); /* it was told before */
        ck_assert_uint_eq(ike_sa(9)->remote_port, 4500);
        ck_assert(child_sa(10)->encap);
        ck_assert_uint_eq(child_sa(10)->spi_out, 1);
        ck_assert_uint_eq(child_sa(10)->spi_in, 0xffffffff);
}
END_TEST

START_TEST(test_what_went)
{
        take_recorded();
        fake_loop_advance(loop, 2000);
        take_states(text("000 Connection list:\n"), true);
        ck_assert_uint_eq(table_count(rows.ike_sas) + table_count(rows.children), 0);
        ck_assert_uint_eq(table_count(rows.policies) + table_count(rows.configured), 0);
        ck_assert(rows.changed);
}
END_TEST

/* strongSwan's rows are not ours. */
START_TEST(test_two_daemons)
{
        struct configured_policy theirs_child;
        struct ike_policy theirs;
        struct ike_sa their_sa;

        memset(&theirs, 0, sizeof(theirs));
        memset(&theirs_child, 0, sizeof(theirs_child));
        memset(&their_sa, 0, sizeof(their_sa));
        theirs.key = theirs.name = "tunnel-v2";
        theirs.daemon_kind = theirs_child.daemon_kind = their_sa.daemon_kind = DAEMON_STRONGSWAN;
        theirs.fresh = true;
        theirs_child.policy_key = theirs_child.child_key = "tunnel-v2";
        their_sa.daemon_id = 1;
        table_put(rows.policies, &theirs, TABLE_FROM_EVENT);
        table_put(rows.configured, &theirs_child, TABLE_FROM_EVENT);
        table_put(rows.ike_sas, &their_sa, TABLE_FROM_EVENT);
        take_recorded();
        ck_assert_uint_eq(policy("tunnel-v2")->daemon_kind, DAEMON_STRONGSWAN);
        ck_assert_uint_eq(policy("tunnel-v2@libreswan")->daemon_kind, DAEMON_LIBRESWAN);
        ck_assert_str_eq(policy("tunnel-v2@libreswan")->name, "tunnel-v2");
        ck_assert_ptr_nonnull(configured("tunnel-v2@libreswan"));
        ck_assert_str_eq(child_sa(2)->policy_key, "tunnel-v2@libreswan");
        libreswan_rows_grow_old(&rows);
        ck_assert(policy("tunnel-v2")->fresh);
        ck_assert(!policy("tunnel-v2@libreswan")->fresh);
        ck_assert(!ike_sa(1)->fresh);
        ck_assert_uint_eq(libreswan_rows_count(&rows), 13);
        fake_loop_advance(loop, 2000);
        take_states(text("\n"), true);
        ck_assert_uint_eq(table_count(rows.policies), 1);
        ck_assert_uint_eq(table_count(rows.configured), 1);
        ck_assert_uint_eq(table_count(rows.ike_sas), 1);
}
END_TEST

START_TEST(test_second_keys)
{
        char name[80], key[KEY_MAX + 1], other[KEY_MAX + 1];

        key_of_second_name("gw", "libreswan", key);
        ck_assert_str_eq(key, "gw@libreswan");
        memset(name, 'x', sizeof(name));
        for (size_t length = 37; length < sizeof(name); length++) {
                name[length] = '\0';
                key_of_second_name(name, "libreswan", key);
                ck_assert_uint_eq(strlen(key), length <= 38 ? length + 10 : KEY_MAX);
                ck_assert_str_eq(key + strlen(key) - 10, "@libreswan");
                name[length] = 'y';
        }
        name[79] = '\0';
        key_of_second_name(name, "libreswan", other);
        name[60] = 'z';
        key_of_second_name(name, "libreswan", key);
        ck_assert_str_ne(key, other); /* what is cut counts, too */
}
END_TEST

START_TEST(test_restart)
{
        whack_take_totals(&rows, whack_recorded("libreswan/globalstatus.txt"));
        ck_assert_uint_eq(rows.run, 0);
        ck_assert_uint_gt(rows.total.all, 8000);
        whack_take_totals(&rows, whack_recorded("libreswan/globalstatus.txt"));
        ck_assert_uint_eq(rows.run, 0);
        take_recorded();
        whack_take_totals(&rows, text("total.ikev2.ike.started=1\n"));
        ck_assert_uint_eq(rows.run, 1);
        /* The same numbers, and nothing of before. */
        take_states(whack_recorded("libreswan/status.txt"), true);
        ck_assert_uint_eq(table_count(rows.ike_sas), 2);
        ck_assert_ptr_nonnull(ike_sa(1));
        ck_assert_uint_eq(ike_sa(1)->daemon_run, 1);
}
END_TEST

/* Other SPIs under the same number: it was started anew, though its counters did not tell. */
START_TEST(test_restart_by_spis)
{
        take_recorded();
        fake_loop_advance(loop, 1000);
        take_states(text("000 #2: \"tunnel-v2\":500 STATE_V2_ESTABLISHED_CHILD_SA (established "
                         "Child SA); newest; IKE SA #1; idle;\n"
                         "000 #2: \"tunnel-v2\" esp.11@192.0.2.2 esp.12@192.0.2.1\n"),
                    false);
        ck_assert_uint_eq(rows.run, 1);
        ck_assert_uint_eq(table_count(rows.children), 1);
        ck_assert_int_eq(child_sa(2)->installed, 0);
}
END_TEST

START_TEST(test_superseded)
{
        take_states(text("000 #2: \"a\":500 STATE_QUICK_R2 (IPsec SA established); EXPIRE in 9s; "
                         "ISAKMP SA #1; idle;\n"
                         "000 #3: \"a\":500 STATE_QUICK_R2 (IPsec SA established); REPLACE in 99s; "
                         "newest; ISAKMP SA #1; idle;\n"
                         "000 #4: \"a\":500 STATE_QUICK_I1 (sent Quick Mode request); "
                         "ISAKMP SA #1; idle;\n"
                         "000 #5: \"a\":500 STATE_INFO (discovered); idle;\n"
                         "000 #6: \"a\":500 MAIN_R3 (IKE SA established); newest;\n"
                         "000 #7: \"a\":500 ESTABLISHED_IKE_SA (established IKE SA); newest;\n"
                         "000 #8: \"a\":500 STATE_V2_IKE_SA_DELETE (STATE_V2_IKE_SA_DELETE); \n"),
                    false);
        ck_assert_uint_eq(child_sa(2)->state, CHILD_SA_REKEYED);
        ck_assert_int_eq(child_sa(2)->expiry, libreswan_rows_now(&rows) + 9);
        ck_assert_uint_eq(child_sa(3)->state, CHILD_SA_INSTALLED);
        ck_assert_int_eq(child_sa(3)->rekey, libreswan_rows_now(&rows) + 99);
        ck_assert_uint_eq(child_sa(4)->state, CHILD_SA_CREATED);
        ck_assert_ptr_null(ike_sa(5));
        ck_assert_ptr_null(child_sa(5));
        ck_assert_uint_eq(ike_sa(6)->version, IKE_V1);
        ck_assert_uint_eq(ike_sa(6)->role, ROLE_RESPONDER);
        ck_assert_uint_eq(ike_sa(7)->state, IKE_ESTABLISHED);
        ck_assert_uint_eq(ike_sa(8)->state, IKE_DELETING);
}
END_TEST

static void not_rekeyed_alone(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct child_sa *row = after;

        (void)context;
        (void)event;
        (void)reason;
        (void)before;
        if (row && row->state == CHILD_SA_REKEYED)
                ck_assert_ptr_nonnull(child_sa(3));
}

/* An answer may be kept in several turns: in none of them the old child is all there is. */
START_TEST(test_successor_first)
{
        take_states(text("000 #2: \"a\":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); "
                         "newest; IKE SA #1; idle;\n"),
                    false);
        ck_assert_int_eq(table_subscribe(rows.children, not_rekeyed_alone, NULL), 0);
        take_states(text("000 #2: \"a\":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); "
                         "IKE SA #1; idle;\n"
                         "000 #3: \"a\":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); "
                         "newest; IKE SA #1; idle;\n"),
                    false);
        ck_assert_uint_eq(child_sa(2)->state, CHILD_SA_REKEYED);
        ck_assert_uint_gt(child_sa(3)->index, child_sa(2)->index);
}
END_TEST

/* Of IPv6 pluto writes a colon. */
START_TEST(test_six)
{
        take_states(
                text("000 #7: \"six\":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); "
                     "EXPIRE in 28736s; newest; eroute owner; IKE SA #6; idle;\n"
                     "000 #7: \"six\" esp:ea9c8b29@2001:db8::2 esp:292808fc@2001:db8::1 "
                     "tun:0@2001:db8::2 tun:0@2001:db8::1 Traffic: ESPin=0B\n"),
                false);
        ck_assert_uint_eq(child_sa(7)->spi_out, 0xea9c8b29);
        ck_assert_uint_eq(child_sa(7)->spi_in, 0x292808fc);
        ck_assert_uint_eq(child_sa(7)->mode, MODE_TUNNEL);
        ck_assert_int_eq(child_sa(7)->rekey, 0);
}
END_TEST

/* ---- connections made by hand ---- */

#define CONN(rest) "000 \"c\"" rest "\n"
#define CONN_1(rest) "000 \"c\"[1]" rest "\n"

static const struct ends {
        const char *line, *local, *remote, *local_ts, *remote_ts;
        uint16_t local_port;
        bool any_peer, trapped;
} ends[] = {
        { ": 192.0.2.1...192.0.2.2; unrouted; eroute owner: #0", "192.0.2.1", "192.0.2.2",
          "192.0.2.1/32", "192.0.2.2/32", 0, false, false },
        { ": 10.1.0.0/16===192.0.2.1<gate.example>[@a=b...c===d,+MC+XC+S=C]---192.0.2.9...192.0.2.8"
          "---192.0.2.2<192.0.2.2>[CN=x; ===y]===10.2.0.0/16; prospective erouted; eroute owner: "
          "#0",
          "192.0.2.1", "192.0.2.2", "10.1.0.0/16", "10.2.0.0/16", 0, false, true },
        { ": 2001:db8:1::/64:TCP/22===2001:db8::1[@a]...%any[@b]; unrouted; eroute owner: #0",
          "2001:db8::1", "%any", "2001:db8:1::/64[6/22]", "dynamic", 0, true, false },
        { ": 192.0.2.1:4500[@a]:17/1701...192.0.2.2[@b]:17/%any; erouted HOLD; eroute owner: #0",
          "192.0.2.1:4500", "192.0.2.2", "192.0.2.1/32[17/1701]", "192.0.2.2/32[17]", 4500, false,
          true },
        { ": 10.0.0.1-10.0.0.9===192.0.2.1...192.0.2.2===::/0:ICMPv6/0; x", "192.0.2.1",
          "192.0.2.2", "10.0.0.1..10.0.0.9", "::/0[58]", 0, false, false },
        { ": 10.0.0.0/8:GRE/0===192.0.2.1...192.0.2.2===10.0.0.0/8:300/0; routed-ondemand",
          "192.0.2.1", "192.0.2.2", "10.0.0.0/8[47]", "10.0.0.0/8", 0, false, true },
};

START_TEST(test_ends)
{
        const struct ends *wanted = &ends[_i];
        const struct configured_policy *child;
        const struct ike_policy *row;
        char answer[512];

        snprintf(answer, sizeof(answer), "000 \"c\"%s\n000 \"c\":   policy: IKEv2+PSK;\n",
                 wanted->line);
        ck_assert_uint_eq(take_states(text(answer), true), 2);
        row = policy("c");
        child = configured("c");
        ck_assert_str_eq(row->local_addresses, wanted->local);
        ck_assert_str_eq(row->remote_addresses, wanted->remote);
        ck_assert_uint_eq(row->local_port, wanted->local_port);
        ck_assert(row->any_peer == wanted->any_peer);
        ck_assert_str_eq(child->local_selectors, wanted->local_ts);
        ck_assert_str_eq(child->remote_selectors, wanted->remote_ts);
        ck_assert(child->trapped == wanted->trapped);
}
END_TEST

START_TEST(test_all_that_is_told)
{
        const struct configured_policy *child;
        const struct ike_policy *row;

        take_states(
                text(CONN(": 10.1.0.0/24===192.0.2.1...192.0.2.2===10.2.0.0/24; unrouted; x") CONN(
                        ":   xauth us:client, xauth them:server,  my_username=fred; "
                        "their_username=[any]") CONN(":   our auth:rsasig, their auth:null, our "
                                                     "autheap:none, their "
                                                     "autheap:tls;") CONN(":   "
                                                                          "sec_label:system_u:"
                                                                          "object_r:ipsec_spd_t:"
                                                                          "s0;")
                             CONN(":   CAs: 'C=CH, CN=ca'...'%any'") CONN(
                                     ":   ike_life: 3600s; ipsec_life: 1800s; ipsec_max_bytes: "
                                     "10MB; "
                                     "ipsec_max_packets: 77; replay_window: 128; rekey_margin: "
                                     "60s;") CONN(":   policy: "
                                                  "IKEv1+IKEv2+RSASIG+ENCRYPT+DONT_REKEY+ROUTE+UP;")
                                     CONN(":   conn_prio: 32,32; interface: va; metric: 0; mtu: "
                                          "unset; "
                                          "sa_prio:4711; sa_tfc:none;") CONN(":   nflog-group: "
                                                                             "unset; mark: "
                                                                             "7/0x000000ff, "
                                                                             "8/0xffffffff; "
                                                                             "vti-iface:x;")
                                             CONN(":   our idtype: ID_DER_ASN1_DN; our id=CN=a; "
                                                  "their id=x; their idtype: "
                                                  "ID_FQDN; their id=@b; their id=@c")
                                                     CONN(":   dpd: active; action:restart; "
                                                          "delay:30s; timeout:120s")
                                                             CONN(":   newest ISAKMP SA: #0; "
                                                                  "newest "
                                                                  "IPsec SA: #0; conn serial: $1;")
                                                                     CONN(":   IKE algorithms: "
                                                                          "AES_CBC-HMAC_SHA1-"
                                                                          "MODP2048, "
                                                                          "3DES_CBC-HMAC_MD5-DH2")
                                                                             CONN(":   ESP "
                                                                                  "algorithms: "
                                                                                  "AES_GCM_16_256-"
                                                                                  "NONE")),
                true);
        row = policy("c");
        child = configured("c");
        ck_assert_str_eq(row->local_auth_method, "PUBKEY");
        ck_assert_str_eq(row->remote_auth_method, "EAP-TLS");
        ck_assert_str_eq(row->local_eap_identity, "fred");
        ck_assert_ptr_null(row->remote_eap_identity);
        ck_assert_str_eq(child->label, "system_u:object_r:ipsec_spd_t:s0");
        ck_assert_str_eq(row->local_cas, "C=CH, CN=ca");
        ck_assert_ptr_null(row->remote_cas);
        ck_assert_uint_eq(row->version, IKE_ANY);
        ck_assert_uint_eq(row->rekey_seconds, 0); /* DONT_REKEY */
        ck_assert_uint_eq(child->rekey_seconds, 0);
        ck_assert_uint_eq(child->lifetime_seconds, 1800);
        ck_assert_uint_eq(child->lifetime_octets, 10 << 20);
        ck_assert_uint_eq(child->lifetime_packets, 77);
        ck_assert_uint_eq(child->start_action, CHILD_TRAP_AND_START);
        ck_assert_uint_eq(child->mode, MODE_TRANSPORT);
        ck_assert_uint_eq(child->priority, 4711);
        ck_assert_uint_eq(child->mark_in, 7);
        ck_assert_uint_eq(child->mark_in_mask, 255);
        ck_assert_uint_eq(child->mark_out, 8);
        ck_assert_uint_eq(child->mark_out_mask, UINT32_MAX);
        ck_assert_str_eq(row->local_identity, "CN=a; their id=x");
        ck_assert_str_eq(row->remote_identity,
                         "x; their idtype: ID_FQDN; their id=@b; their id=@c");
        ck_assert_uint_eq(child->dpd_action, CHILD_START);
        ck_assert_uint_eq(row->dpd_seconds, 30);
        ck_assert_uint_eq(row->dpd_timeout_seconds, 120);
        ck_assert_str_eq(row->proposals, "AES_CBC-HMAC_SHA1-MODP2048, 3DES_CBC-HMAC_MD5-DH2");
        ck_assert_str_eq(child->proposals, "AES_GCM_16_256-NONE");
}
END_TEST

/* Its number is told in the name of the interface that pluto made, and nowhere else. */
START_TEST(test_xfrm_interfaces)
{
        static const struct {
                const char *interface;
                uint32_t if_id;
        } wanted[] = {
                { "ipsec7@wan0", 7 }, { "ipsec0@wan0", 16384 }, { "wan0", 0 },
                { "ipsec7", 0 },      { "ipsecurity@wan0", 0 }, { "ipsec4294967296@wan0", 0 },
        };
        char answer[512];

        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
                snprintf(answer, sizeof(answer),
                         CONN(": 192.0.2.1...192.0.2.2; unrouted; eroute owner: #0")
                                 CONN(":   conn_prio: 24,24; interface: %s; metric: 0; mtu: unset; "
                                      "sa_prio:auto; sa_tfc:none;"),
                         wanted[i].interface);
                take_states(text(answer), true);
                ck_assert_uint_eq(configured("c")->if_id_in, wanted[i].if_id);
                ck_assert_uint_eq(configured("c")->if_id_out, wanted[i].if_id);
        }
}
END_TEST

START_TEST(test_older_words)
{
        take_states(text(CONN(": 192.0.2.1...192.0.2.2; unrouted; eroute owner: #0") CONN(
                            ":   policy: RSASIG+ENCRYPT+TUNNEL+PFS+IKEV1_ALLOW+IKEV2_ALLOW+"
                            "IKEV2_ALLOW_NARROWING+SAREF_TRACK;")),
                    true);
        ck_assert_uint_eq(policy("c")->version, IKE_ANY);
        ck_assert_str_eq(policy("c")->local_auth_method, "PUBKEY");
}
END_TEST

START_TEST(test_shunts)
{
        take_states(
                text(CONN(": 10.0.0.0/8===192.0.2.1...192.0.2.2; prospective erouted; x") CONN(
                        ":   policy: AUTH_NEVER+PASS+NEVER_NEGOTIATE;") "000 \"d\": "
                                                                        "10.0.0.0/"
                                                                        "8===192.0.2.1...192.0.2.2;"
                                                                        " prospective erouted; x\n"
                                                                        "000 \"d\":   policy: "
                                                                        "AUTH_NEVER+DROP+NEVER_"
                                                                        "NEGOTIATE;\n"),
                true);
        ck_assert_uint_eq(configured("c")->action, RULE_PASS);
        ck_assert_uint_eq(configured("c")->kind, RULE_BYPASS);
        ck_assert_uint_eq(configured("c")->mode, MODE_UNKNOWN);
        ck_assert_uint_eq(configured("c")->lifetime_seconds, 0);
        ck_assert(configured("c")->trapped);
        ck_assert_uint_eq(configured("d")->action, RULE_DISCARD);
        ck_assert_uint_eq(configured("d")->kind, RULE_HOST);
}
END_TEST

/* A peer of a connection for many has its own addresses, and no row of what is configured. */
START_TEST(test_instances)
{
        take_states(
                text(CONN(": 10.1.5.0/24===192.0.2.61[@g]...%any[@w]; unrouted; owner: #0") CONN(
                        ":   policy: IKEv2+PSK+ENCRYPT+TUNNEL;")
                             CONN_1(": 10.1.5.0/24===192.0.2.61[@g]...192.0.2.101[@w]; erouted; #8")
                                     CONN_1(":   policy: IKEv2+PSK+ENCRYPT+TUNNEL;") CONN_1(
                                             ":   our idtype: ID_FQDN; our id=@g; their "
                                             "idtype: ID_FQDN; their "
                                             "id=@w1") CONN_1(":   newest IKE SA: #7; newest IPsec "
                                                              "SA: #8; conn serial: $9;")
                                             CONN_1(":   IKEv2 algorithm newest: "
                                                    "AES_GCM_16_256-HMAC_SHA2_512-"
                                                    "MODP2048") "000 #7: \"c\"[1] "
                                                                "192.0.2.101:4500 "
                                                                "STATE_V2_ESTABLISHED_IKE_"
                                                                "SA "
                                                                "(established IKE SA); "
                                                                "REKEY in 9s; newest; "
                                                                "idle;\n"
                                                                "000 #8: \"c\"[1] "
                                                                "192.0.2.101:4500 "
                                                                "STATE_V2_ESTABLISHED_"
                                                                "CHILD_SA "
                                                                "(established Child SA); "
                                                                "newest; IKE SA #7; "
                                                                "idle;\n"
                                                                "000 #8: \"c\"[1] "
                                                                "192.0.2.101 "
                                                                "esp.a@192.0.2.101 "
                                                                "esp.b@192.0.2.61 "
                                                                "tun.0@x\n"
                                                                "000 #9: \"c\"[2] "
                                                                "2001:db8::9:500 "
                                                                "STATE_V2_PARENT_R1 "
                                                                "(sent); idle;\n"),
                true);
        ck_assert_uint_eq(table_count(rows.policies), 1);
        ck_assert_uint_eq(table_count(rows.configured), 1);
        ck_assert(policy("c")->any_peer);
        is_address(&ike_sa(7)->local, "192.0.2.61");
        is_address(&ike_sa(7)->remote, "192.0.2.101");
        ck_assert_str_eq(ike_sa(7)->remote_identity, "@w1");
        ck_assert_str_eq(ike_sa(7)->encryption, "AES256-GCM-16");
        ck_assert_str_eq(ike_sa(7)->policy_name, "c");
        ck_assert_uint_eq(child_sa(8)->spi_out, 10);
        ck_assert_uint_eq(child_sa(8)->mode, MODE_TUNNEL);
        ck_assert_str_eq(child_sa(8)->remote_selectors, "192.0.2.101/32");
        is_address(&ike_sa(9)->remote, "2001:db8::9");
        ck_assert_uint_eq(ike_sa(9)->role, ROLE_RESPONDER);
        ck_assert(rows.changed); /* the instance 2 has not been told of */
}
END_TEST

static void give(const char *lines)
{
        take_traffic((struct libreswan_text){ lines, strlen(lines) });
}

/* With the traffic of a child its IKE SA's user and address are told. */
START_TEST(test_users_and_leases)
{
        static const char states[] =
                "000 \"x\": 10.1.5.0/24===192.0.2.62...%any; unrouted; eroute owner: #0\n"
                "000 \"x\"[1]: 10.1.5.0/24===192.0.2.62...192.0.2.102[@w]===10.9.0.1/32; erouted; "
                "eroute "
                "owner: #8\n"
                "000 \"x\"[1]:   xauth us:none, xauth them:server,  my_username=[any]; "
                "their_username=first\n"
                "000 \"x\"[1]:   our idtype: ID_FQDN; our id=@g; their idtype: ID_FQDN; their "
                "id=@w\n"
                "000 #7: \"x\"[1] 192.0.2.102:500 STATE_MAIN_R3 (IKE SA established); newest; "
                "idle;\n"
                "000 #8: \"x\"[1] 192.0.2.102:500 STATE_QUICK_R2 (IPsec SA established); newest; "
                "ISAKMP SA "
                "#7; idle;\n"
                "000 #8: \"x\"[1] 192.0.2.102 esp.a@192.0.2.102 esp.b@192.0.2.62 tun.0@x\n";
        const struct libreswan_text answer = { states, sizeof(states) - 1 };

        take_states(answer, true);
        ck_assert_str_eq(ike_sa(7)->remote_eap_identity, "first");
        ck_assert_ptr_null(ike_sa(7)->remote_virtual_ips);
        give("006 #8: \"x\"[1] 192.0.2.102, username=al, type=x, type=ESP, add_time=1795500817, "
             "inBytes=7, outBytes=8, maxBytes=2^63B, lease=10.9.0.1/32\n");
        ck_assert_str_eq(ike_sa(7)->remote_eap_identity, "al, type=x");
        ck_assert_str_eq(ike_sa(7)->remote_virtual_ips, "10.9.0.1");
        ck_assert_ptr_null(ike_sa(7)->local_virtual_ips);
        ck_assert_int_eq(child_sa(8)->installed, 1795500817);
        take_states(answer, false); /* which does not tell it again */
        ck_assert_str_eq(ike_sa(7)->remote_virtual_ips, "10.9.0.1");
        ck_assert_str_eq(ike_sa(7)->remote_eap_identity, "al, type=x");
        /* an identity may look like all of that */
        give("006 #8: \"x\"[1] 192.0.2.102, type=ESP, add_time=1795500817, inBytes=7, outBytes=8, "
             "maxBytes=2^63B, id='CN=a, username=eve, lease=10.9.0.66/32, type=b'\n");
        ck_assert_str_eq(ike_sa(7)->remote_eap_identity, "al, type=x");
        ck_assert_str_eq(ike_sa(7)->remote_virtual_ips, "10.9.0.1");
        /* this side's own: the local selector is the address */
        give("006 #8: \"x\"[1] 192.0.2.102, type=ESP, add_time=1795500817, inBytes=7, outBytes=8, "
             "maxBytes=2^63B, id='@w', lease=10.1.5.0/24\n");
        ck_assert_str_eq(ike_sa(7)->local_virtual_ips, "10.1.5.0");
        ck_assert_str_eq(ike_sa(7)->remote_virtual_ips, "10.9.0.1");
}
END_TEST

/* Nothing of this may be read beyond its end, or make a row without a name. */
START_TEST(test_nonsense)
{
        static const char *const lines[] = {
                "",
                "\n\n",
                "000",
                "000 ",
                "000 \"",
                "000 \"\"",
                "000 \"\": x",
                "000 \"c",
                "000 \"c\"",
                "000 \"c\"[",
                "000 \"c\"[1",
                "000 \"c\"[99999999999]: a...b; x",
                "000 \"c\": ",
                "000 \"c\": ...",
                "000 \"c\": ===...===",
                "000 \"c\": [...]",
                "000 \"c\":   policy: ",
                "000 \"c\":   CAs: '",
                "000 \"c\":   CAs: ''...'",
                "000 #",
                "000 #1",
                "000 #1: \"",
                "000 #0: \"c\":500 STATE_MAIN_I4 (x)",
                "000 #4294967296: \"c\":5 STATE_MAIN_I4 (x)",
                "000 #1: \"c\":500 (",
                "000 #1: \"c\" (",
                "000 #1: \"c\"STATE_MAIN_I4 (x)",
                "000 #1: \"c\":99999 STATE_MAIN_I4 (x); REKEY in 99999999999999999999s",
                "000 #1: \"c\" esp.",
                "000 #1: \"c\" esp.1@",
                "000 #1: \"c\" esp.0@192.0.2.1",
                "000 #1: \"c\" esp.123456789@192.0.2.1 ah.1@::1 ah.2@::2 esp.3@::3",
                "000 \"c\":   nflog-group: unset; mark: 7/",
                "000 \"c\":   IKE algorithms: ",
                "000 \"c\":   IKEv2 algorithm newest: -",
                "000 \"c\":   IKEv2 algorithm newest: _-_-_",
        };
        char all[4096] = "";

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                char *copy = strdup(lines[i]); /* of its own, for the sanitizer */

                strcat(all, lines[i]);
                strcat(all, "\n");
                take_states((struct libreswan_text){ copy, strlen(copy) }, true);
                take_traffic((struct libreswan_text){ copy, strlen(copy) });
                whack_take_totals(&rows, (struct libreswan_text){ copy, strlen(copy) });
                free(copy);
        }
        take_states(text(all), true);
}
END_TEST

/* ---- algorithms ---- */

START_TEST(test_algorithms)
{
        static const struct {
                const char *text, *encryption, *integrity, *prf, *group;
                uint16_t bits, number;
        } wanted[] = {
                { "AES_CBC_256-HMAC_SHA1-MODP1536", "AES256-CBC", NULL, "HMAC-SHA1", "MODP-1536",
                  256, 5 },
                { "AES_GCM_16_128-HMAC_SHA2_384-DH20", "AES128-GCM-16", NULL, "HMAC-SHA2-384",
                  "ECP-384", 128, 20 },
                { "CHACHA20_POLY1305_256-HMAC_SHA2_256-DH31", "CHACHA20-POLY1305", NULL,
                  "HMAC-SHA2-256", "CURVE25519", 256, 31 },
                { "3DES_CBC_192-AES_XCBC-DH22", "3DES-CBC", NULL, "AES128-XCBC", "MODP-1024-160",
                  192, 22 },
                { "AES_CBC_192-HMAC_SHA2_512_256-HMAC_SHA2_512-DH99", "AES192-CBC",
                  "HMAC-SHA2-512-256", "HMAC-SHA2-512", "DH99", 192, 0 },
        };
        struct scratch scratch = { NULL };

        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
                struct ike_sa row;

                memset(&row, 0, sizeof(row));
                libreswan_parse_algorithms(wanted[i].text, IKE_V2, &scratch, &row);
                ck_assert_str_eq(row.encryption, wanted[i].encryption);
                ck_assert_uint_eq(row.encryption_key_bits, wanted[i].bits);
                ck_assert_str_eq(row.prf, wanted[i].prf);
                ck_assert_str_eq(row.dh_group_name, wanted[i].group);
                ck_assert_uint_eq(row.dh_group, wanted[i].number);
                ck_assert_pstr_eq(row.integrity, wanted[i].integrity);
        }
        scratch_free(&scratch);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("libreswan");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_ike_sas);
        tcase_add_test(tcase, test_child_sas);
        tcase_add_test(tcase, test_connections);
        tcase_add_test(tcase, test_version);
        tcase_add_test(tcase, test_showstates);
        tcase_add_test(tcase, test_what_went);
        tcase_add_test(tcase, test_two_daemons);
        tcase_add_test(tcase, test_second_keys);
        tcase_add_test(tcase, test_restart);
        tcase_add_test(tcase, test_restart_by_spis);
        tcase_add_test(tcase, test_superseded);
        tcase_add_test(tcase, test_successor_first);
        tcase_add_loop_test(tcase, test_ends, 0, sizeof(ends) / sizeof(ends[0]));
        tcase_add_test(tcase, test_all_that_is_told);
        tcase_add_test(tcase, test_xfrm_interfaces);
        tcase_add_test(tcase, test_older_words);
        tcase_add_test(tcase, test_six);
        tcase_add_test(tcase, test_shunts);
        tcase_add_test(tcase, test_instances);
        tcase_add_test(tcase, test_users_and_leases);
        tcase_add_test(tcase, test_nonsense);
        tcase_add_test(tcase, test_algorithms);
        return run_suite("libreswan", tcase);
}
