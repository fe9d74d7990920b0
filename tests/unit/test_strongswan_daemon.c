/* The collector's schedule, with a daemon that a test plays: what it asks, and what it believes. */
#include "config.h"

#include "collectors/strongswan.h"
#include "collectors/vici.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/certificate.h"
#include "tables/child_sa.h"
#include "tables/configured_policy.h"
#include "tables/reason.h"
#include "vici_maker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SAS 8
#define MAX_PEERS 8

static struct loop *loop;
static struct store *store;
static struct collector *collector;
static struct table *ike_sas, *children, *configured, *certificates;

/* ---- the daemon ---- */

struct sa {
        uint32_t id; /* 0: there is none */
        const char *state;
        unsigned int busy;       /* answers that leave it out */
        bool large;              /* its children do not fit into a message */
        unsigned int n_children; /* ID * 10 + 1, + 2 ... */
};

static struct {
        bool there;
        bool mute;
        bool slow; /* the end of a list of SAs does not come yet: of the peer held */
        int held;
        const char *since;
        unsigned int many;       /* children of the connection, instead of three */
        unsigned int more_names; /* connections that are told by name alone */
        struct sa sas[MAX_SAS];
        int peers[MAX_PEERS]; /* -1: none */
        unsigned int asked;   /* questions */
        unsigned int whole;   /* list-sas with all children */
        unsigned int configuration;
} charon;

static int give(struct opener *opener, enum opener_target target, opener_given *given,
                void *context)
{
        int ends[2], i = 0;

        (void)opener;
        (void)target;
        if (!charon.there) {
                given(context, -ENOENT);
                return 0;
        }
        while (charon.peers[i] >= 0)
                ck_assert_int_lt(++i, MAX_PEERS);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        charon.peers[i] = ends[1];
        given(context, ends[0]);
        return 0;
}

static void forget(struct opener *opener, void *context)
{
        (void)opener;
        (void)context;
}

static struct opener opener = { give, forget };

static void say(int peer, uint8_t type, const char *name, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void say(int peer, uint8_t type, const char *name, const char *format, ...)
{
        static struct maker m;
        uint8_t head[300];
        size_t length = 5;
        char text[8192];
        va_list arguments;
        uint32_t octets;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        make_message(&m, text);
        head[4] = type;
        if (name) {
                head[length++] = (uint8_t)strlen(name);
                memcpy(head + length, name, strlen(name));
                length += strlen(name);
        }
        octets = htonl((uint32_t)(length - 4 + m.length));
        memcpy(head, &octets, 4);
        send(peer, head, length, MSG_NOSIGNAL);
        send(peer, m.octets, m.length, MSG_NOSIGNAL);
}

struct filter {
        uint32_t ike_id;
        uint32_t child_id;
        char child[64];
};

static uint32_t number_of(struct vici_slice message, const char *name)
{
        struct vici_item item;
        int64_t number = 0;

        if (vici_find(message, name, &item))
                vici_number(&item, 10, &number);
        return (uint32_t)number;
}

static size_t put_sa(char *text, size_t room, const struct sa *sa, const struct filter *f,
                     bool *fits)
{
        size_t n = (size_t)snprintf(text, room,
                                    "gw{ uniqueid=%u version=2 state=%s established=5 child-sas{ ",
                                    sa->id, sa->state);
        unsigned int told = 0;

        for (unsigned int i = 1; i <= sa->n_children; i++) {
                uint32_t id = sa->id * 10 + i;
                char name[64];

                snprintf(name, sizeof(name), "net%u", i);
                if ((f->child_id && f->child_id != id) ||
                    (f->child[0] && strcmp(f->child, name) != 0))
                        continue;
                n += (size_t)snprintf(text + n, room - n,
                                      "%s-%u{ name=%s uniqueid=%u state=INSTALLED reqid=%u } ",
                                      name, id, name, id, id);
                told++;
        }
        *fits = !sa->large || told <= 1;
        return n + (size_t)snprintf(text + n, room - n, "} }");
}

static void list_sas(int peer, struct vici_slice message)
{
        struct filter f = { number_of(message, "ike-id"), number_of(message, "child-id"), "" };
        struct vici_item item;

        ck_assert(vici_find(message, "noblock", &item));
        if (vici_find(message, "child", &item))
                snprintf(f.child, sizeof(f.child), "%.*s", (int)vici_length(item.body),
                         (const char *)item.body.at);
        charon.whole += !f.child_id && !f.child[0] && !f.ike_id;
        for (size_t i = 0; i < MAX_SAS; i++) {
                struct sa *sa = &charon.sas[i];
                static char text[1 << 15];
                bool fits;

                if (sa->id == 0 || (f.ike_id && f.ike_id != sa->id))
                        continue;
                if (sa->busy > 0) {
                        sa->busy--;
                        continue;
                }
                put_sa(text, sizeof(text), sa, &f, &fits);
                if (fits)
                        say(peer, VICI_EVENT, "list-sa", "%s", text);
        }
}

static unsigned int count_sas(void)
{
        unsigned int n = 0;

        for (size_t i = 0; i < MAX_SAS; i++)
                n += charon.sas[i].id != 0;
        return n;
}

static void list_many(int peer)
{
        char text[8192] = "gw{ version=IKEv2 children{ ";
        size_t n = strlen(text);

        for (unsigned int i = 1; i <= charon.many; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "net%u{ mode=TUNNEL } ", i);
        snprintf(text + n, sizeof(text) - n, "} }");
        say(peer, VICI_EVENT, "list-conn", "%s", text);
}

static void answer(int peer, const char *command, struct vici_slice message)
{
        charon.asked++;
        if (strcmp(command, "stats") == 0) {
                say(peer, VICI_CMD_RESPONSE, NULL, "uptime{ since=%s } ikesas{ total=%u }",
                    charon.since, count_sas());
                return;
        }
        if (strcmp(command, "get-conns") == 0) {
                say(peer, VICI_CMD_RESPONSE, NULL, "conns[ gw %s ]",
                    charon.more_names ? "another" : "");
                charon.configuration++;
                return;
        }
        if (strcmp(command, "list-conns") == 0 && charon.many > 0)
                list_many(peer);
        else if (strcmp(command, "list-conns") == 0)
                say(peer, VICI_EVENT, "list-conn",
                    "gw{ version=IKEv2 children{ net1{ mode=TUNNEL } net2{ mode=TUNNEL } net3{ "
                    "mode=TUNNEL } shunt{ mode=PASS } } }");
        if (strcmp(command, "list-certs") == 0)
                say(peer, VICI_EVENT, "list-cert", "type=PUBKEY data=x subject=moon");
        if (strcmp(command, "list-sas") == 0)
                list_sas(peer, message);
        if (charon.slow && strcmp(command, "list-sas") == 0) {
                charon.held = peer;
                return;
        }
        say(peer, VICI_CMD_RESPONSE, NULL, "%s",
            strcmp(command, "version") == 0 ? "daemon=charon version=6.0" : "");
}

/* One request of a peer; false: there is none. */
static bool serve(int peer)
{
        uint8_t octets[1024], head[4];
        size_t length;
        char name[256];

        if (recv(peer, head, 4, MSG_DONTWAIT) != 4)
                return false;
        length = (size_t)head[2] << 8 | head[3];
        ck_assert_uint_le(length, sizeof(octets));
        ck_assert_int_eq(recv(peer, octets, length, 0), (ssize_t)length);
        snprintf(name, sizeof(name), "%.*s", octets[1], octets + 2);
        if (octets[0] == VICI_CMD_REQUEST)
                answer(peer, name, (struct vici_slice){ octets + 2 + octets[1], octets + length });
        else
                say(peer, VICI_EVENT_CONFIRM, NULL, "%s", "");
        return true;
}

static void settle(void)
{
        bool busy = true;

        while (busy) {
                busy = fake_loop_poll(loop);
                for (size_t i = 0; i < MAX_PEERS; i++)
                        if (charon.peers[i] >= 0 && !charon.mute)
                                busy |= serve(charon.peers[i]);
        }
}

/* Time goes by. */
static void pass(uint32_t milliseconds)
{
        for (uint32_t i = 0; i < milliseconds; i += 100) {
                fake_loop_advance(loop, 100);
                settle();
        }
}

static void end_daemon(void)
{
        for (size_t i = 0; i < MAX_PEERS; i++) {
                if (charon.peers[i] >= 0)
                        close(charon.peers[i]);
                charon.peers[i] = -1;
        }
        charon.there = false;
        memset(charon.sas, 0, sizeof(charon.sas));
}

static void begin_daemon(const char *since)
{
        charon.there = true;
        charon.since = since;
}

/* The connection that events are told to: the second one. */
static void tell(const char *event, const char *text)
{
        for (size_t i = MAX_PEERS; i-- > 0;) {
                if (charon.peers[i] < 0)
                        continue;
                say(charon.peers[i], VICI_EVENT, event, "%s", text);
                break;
        }
        settle();
}

static void add_sa(uint32_t id, unsigned int n_children)
{
        for (size_t i = 0; i < MAX_SAS; i++) {
                if (charon.sas[i].id != 0)
                        continue;
                charon.sas[i] =
                        (struct sa){ .id = id, .state = "ESTABLISHED", .n_children = n_children };
                return;
        }
        ck_abort();
}

static struct sa *sa(uint32_t id)
{
        for (size_t i = 0; i < MAX_SAS; i++)
                if (charon.sas[i].id == id)
                        return &charon.sas[i];
        ck_abort();
        return NULL;
}

/* ---- what the tables say ---- */

static const struct ike_sa *row_of(uint32_t id)
{
        const struct ike_sa *row, *found = NULL;
        uint32_t index = 0;

        while ((row = table_next(ike_sas, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                if (row->daemon_id == id)
                        found = row;
        }
        return found;
}

static uint8_t state(void)
{
        return collector->row.state;
}

static void make_collector(uint32_t interval, uint32_t sa_interval)
{
        const struct strongswan_config config = { .interval = interval,
                                                  .sa_interval = sa_interval,
                                                  .opener = &opener };

        collector = strongswan_new(loop, store, &config);
        ck_assert_ptr_nonnull(collector);
        ck_assert_int_eq(collector->ops->start(collector), 0);
        settle();
}

static void setup(void)
{
        memset(&charon, 0, sizeof(charon));
        for (size_t i = 0; i < MAX_PEERS; i++)
                charon.peers[i] = -1;
        loop = fake_loop_new(1795500116);
        store = store_new();
        ike_sas = store_table(store, &ike_sa_type);
        children = store_table(store, &child_sa_type);
        configured = store_table(store, &configured_policy_type);
        certificates = store_table(store, &certificate_type);
        begin_daemon("monday");
        add_sa(1, 2);
        add_sa(2, 1);
}

static void teardown(void)
{
        collector->ops->free(collector);
        end_daemon();
        store_free(store);
        fake_loop_free(loop);
}

START_TEST(test_first_read)
{
        make_collector(3600, 3600);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        ck_assert_uint_eq(table_count(ike_sas), 2);
        ck_assert_uint_eq(table_count(children), 3);
        ck_assert_uint_eq(table_count(configured), 4);
        ck_assert_uint_eq(table_count(certificates), 1);
        ck_assert_str_eq(collector->row.source_version, "strongSwan 6.0");
        ck_assert_uint_eq(charon.whole, 1);
        pass(600000); /* at rest it is asked how it is, and nothing else */
        ck_assert_uint_eq(charon.whole, 1);
        ck_assert_uint_eq(charon.configuration, 1);
        ck_assert_uint_le(charon.asked, 8 + 60);
}
END_TEST

START_TEST(test_intervals)
{
        make_collector(30, 300);
        pass(301000);
        ck_assert_uint_eq(charon.configuration, 11);
        ck_assert_uint_eq(charon.whole, 2);
        collector->ops->free(collector);
        charon.whole = charon.configuration = 0;
        make_collector(3600, 60); /* each by its own clock */
        pass(301000);
        ck_assert_uint_eq(charon.configuration, 1);
        ck_assert_uint_eq(charon.whole, 6);
        strongswan_configure(collector,
                             &(struct strongswan_config){ .interval = 10, .sa_interval = 3600 });
        pass(101000);
        ck_assert_uint_ge(charon.configuration, 10);
        ck_assert_uint_eq(charon.whole, 6);
}
END_TEST

START_TEST(test_no_daemon)
{
        end_daemon();
        make_collector(30, 300);
        ck_assert_uint_eq(state(), COLLECTOR_UNSUPPORTED);
        pass(100000);
        ck_assert_uint_eq(collector->row.failures, 0);
        ck_assert_uint_eq(fake_loop_lines(loop), 0);
        begin_daemon("monday");
        add_sa(7, 1);
        pass(16000);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        ck_assert_ptr_nonnull(row_of(7));
}
END_TEST

/* The next one numbers from 1 again, and speaks before it is read. */
START_TEST(test_restart)
{
        uint32_t index;

        make_collector(3600, 3600);
        index = row_of(1)->index;
        end_daemon();
        settle();
        ck_assert_uint_eq(state(), COLLECTOR_DOWN);
        ck_assert(!row_of(1)->fresh);
        ck_assert_uint_eq(table_count(ike_sas), 2);
        ck_assert_uint_eq(table_count(certificates), 0);
        begin_daemon("tuesday");
        add_sa(1, 0);
        pass(2000);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        ck_assert_uint_eq(table_count(ike_sas), 1);
        ck_assert_uint_eq(table_count(children), 0);
        ck_assert_uint_gt(row_of(1)->index, index);
        ck_assert(row_of(1)->fresh);
}
END_TEST

/* The same one is found again: rows keep their numbers. */
START_TEST(test_silence)
{
        uint32_t index;

        make_collector(3600, 3600);
        index = row_of(1)->index;
        charon.mute = true;
        pass(21000); /* a heartbeat, and patience */
        ck_assert_uint_eq(state(), COLLECTOR_DOWN);
        ck_assert_str_eq(collector->last_error, "the daemon does not answer");
        ck_assert(!row_of(1)->fresh);
        pass(60000);
        ck_assert_uint_le(fake_loop_lines(loop), 1); /* it is logged once */
        for (size_t i = 0; i < MAX_PEERS; i++) {     /* those that we gave up */
                char octet;

                if (charon.peers[i] >= 0 && recv(charon.peers[i], &octet, 1, MSG_PEEK) == 0) {
                        close(charon.peers[i]);
                        charon.peers[i] = -1;
                }
        }
        charon.mute = false;
        pass(30000);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        ck_assert(row_of(1)->fresh);
        ck_assert_uint_eq(row_of(1)->index, index);
}
END_TEST

/* Connected anew to the daemon of before, which takes its start from two clocks. */
START_TEST(test_start_wavers)
{
        static const struct {
                const char *since;
                bool same;
        } later[] = {
                { "Nov~24~18:11:36~2026", true },  { "Nov~24~18:11:35~2026", true },
                { "Nov~24~18:11:34~2026", true },  { "Nov~24~18:12:10~2026", false },
                { "Nov~24~18:12:10", false },      { "Nov~24~18:12:10", true },
                { "Dec~31~23:59:59~2026", false }, { "Jan~01~00:00:00~2027", true },
        };

        charon.since = "Nov~24~18:11:35~2026";
        make_collector(3600, 3600);
        for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
                uint32_t index = row_of(1)->index;

                end_daemon();
                settle();
                begin_daemon(later[i].since);
                add_sa(1, 0);
                pass(16000);
                ck_assert_uint_eq(state(), COLLECTOR_UP);
                ck_assert_msg((row_of(1)->index == index) == later[i].same, "%s", later[i].since);
        }
}
END_TEST

/* ---- SAs that come and go ---- */

START_TEST(test_gone_without_a_word)
{
        make_collector(3600, 3600);
        sa(1)->id = 0;
        pass(14500); /* the count betrays it */
        ck_assert_ptr_null(row_of(1));
        ck_assert_uint_eq(table_count(children), 1);
        ck_assert_uint_eq(charon.whole, 1); /* the kernel was not asked for that */
        add_sa(9, 0);
        sa(9)->state = "CONNECTING";
        pass(12000);
        ck_assert_uint_eq(row_of(9)->state, IKE_CONNECTING);
        sa(9)->id = 0; /* the peer never answered */
        pass(60000);
        ck_assert_ptr_null(row_of(9));
}
END_TEST

/* One that is rekeyed all the time is busy whenever it is asked for. */
START_TEST(test_busy_again_and_again)
{
        make_collector(3600, 3600);
        add_sa(9, 0); /* the count betrays it, and all are listed */
        sa(1)->busy = 3;
        pass(30000);
        ck_assert_ptr_nonnull(row_of(9));
        ck_assert_ptr_nonnull(row_of(1));
        ck_assert_uint_eq(sa(1)->busy, 0);
        ck_assert_uint_eq(table_count(children), 3);
}
END_TEST

START_TEST(test_busy_once)
{
        make_collector(3600, 20);
        for (int i = 0; i < 10; i++) {
                sa(1)->busy = 1;
                pass(20000);
                ck_assert_ptr_nonnull(row_of(1));
                ck_assert_uint_eq(table_count(children), 3);
        }
}
END_TEST

START_TEST(test_ended)
{
        make_collector(3600, 3600);
        sa(1)->state = "DELETING";
        tell("ike-updown", "gw{ uniqueid=1 state=DELETING }");
        tell("child-updown", "gw{ uniqueid=1 state=DELETING child-sas{ net1-11{ name=net1 "
                             "uniqueid=11 state=INSTALLED } net2-12{ name=net2 uniqueid=12 "
                             "state=INSTALLED } } }");
        pass(100); /* the log might say more of it */
        ck_assert(row_of(1)->ended);
        ck_assert_uint_eq(table_count(children), 1);
        pass(5000);
        ck_assert_ptr_nonnull(row_of(1)); /* the daemon still has it */
        sa(1)->id = 0;
        pass(6000);
        ck_assert_ptr_null(row_of(1));
        ck_assert_uint_eq(charon.whole, 1);
}
END_TEST

/* The reason is there when the end is, though it comes behind it; nothing overtakes the end. */
START_TEST(test_reasons)
{
        make_collector(3600, 3600);
        tell("ike-updown", "gw{ uniqueid=1 state=DELETING }");
        tell("ike-rekey",
             "gw{ old{ uniqueid=1 state=REKEYING } new{ uniqueid=3 state=ESTABLISHED } }");
        ck_assert_ptr_null(row_of(3));
        ck_assert(!row_of(1)->ended);
        tell("log", "group=IKE level=1 ikesa-name=gw ikesa-uniqueid=1 "
                    "msg=received~DELETE~for~IKE_SA~gw[1]");
        ck_assert(!row_of(1)->ended);
        ck_assert_uint_eq(row_of(1)->reason, REASON_CLOSED_BY_PEER);
        pass(100);
        ck_assert_ptr_nonnull(row_of(3));
        ck_assert_uint_eq(row_of(1)->reason, REASON_CLOSED_BY_PEER);
        tell("alert", "type=retransmit-send-timeout ike-sa{ gw{ uniqueid=2 state=ESTABLISHED } }");
        ck_assert_uint_eq(row_of(2)->reason, REASON_PEER_DEAD);
        tell("alert", "type=something-new ike-sa{ gw{ uniqueid=2 state=ESTABLISHED } }");
        ck_assert_uint_eq(state(), COLLECTOR_UP);
}
END_TEST

/* What waits when the daemon goes is taken. */
START_TEST(test_end_behind_an_end)
{
        make_collector(3600, 3600);
        tell("child-updown", "gw{ uniqueid=1 state=ESTABLISHED child-sas{ net1-11{ name=net1 "
                             "uniqueid=11 state=DELETED } } }");
        ck_assert_uint_eq(table_count(children), 3);
        end_daemon();
        settle();
        ck_assert_uint_eq(state(), COLLECTOR_DOWN);
        ck_assert_uint_eq(table_count(children), 2);
}
END_TEST

/* What the log tells of is asked for at once: connections, and IKE SAs that are new. */
START_TEST(test_log)
{
        unsigned int before;

        make_collector(3600, 3600);
        before = charon.configuration;
        tell("log", "group=CFG level=1 msg=added~vici~connection:~gw");
        tell("log", "group=CFG level=1 msg=added~vici~connection:~other");
        ck_assert_uint_eq(charon.configuration, before);
        pass(1100);
        ck_assert_uint_eq(charon.configuration, before + 1);
        pass(60000);
        ck_assert_uint_eq(charon.configuration, before + 1);
        add_sa(7, 0);
        sa(7)->state = "CONNECTING";
        tell("log", "group=IKE level=0 ikesa-name=gw ikesa-uniqueid=7 "
                    "msg=initiating~IKE_SA~gw[7]~to~192.0.2.2");
        ck_assert_ptr_null(row_of(7));
        pass(1100);
        ck_assert_uint_eq(row_of(7)->state, IKE_CONNECTING);
        tell("log", "group=IKE level=1 ikesa-name=gw ikesa-uniqueid=9 "
                    "msg=received~NO_PROPOSAL_CHOSEN~notify~error");
        ck_assert_uint_eq(row_of(9)->reason, REASON_PROPOSAL_MISMATCH);
        pass(6000); /* it is asked for, and there is none */
        ck_assert_ptr_null(row_of(9));
}
END_TEST

/* A line may overtake the one before it: what comes of a reason waits for it. */
START_TEST(test_lines_in_the_wrong_order)
{
        make_collector(3600, 3600);
        tell("log", "group=IKE level=1 ikesa-name=gw ikesa-uniqueid=9 "
                    "msg=no~trusted~ECDSA~public~key~found~for~'x'");
        tell("log", "group=CFG level=1 ikesa-name=gw ikesa-uniqueid=9 "
                    "msg=subject~certificate~invalid~(valid~from~a~to~b)");
        pass(100);
        ck_assert_uint_eq(row_of(9)->reason, REASON_CERTIFICATE_EXPIRED);
        tell("log", "group=IKE level=1 ikesa-name=gw ikesa-uniqueid=10 "
                    "msg=no~trusted~ECDSA~public~key~found~for~'x'");
        pass(100);
        ck_assert_uint_eq(row_of(10)->reason, REASON_PEER_AUTH_FAILED);
}
END_TEST

START_TEST(test_rekeyed)
{
        make_collector(3600, 3600);
        sa(1)->id = 3;
        tell("ike-rekey",
             "gw{ old{ uniqueid=1 state=REKEYING } new{ uniqueid=3 state=ESTABLISHED } }");
        ck_assert_uint_eq(row_of(1)->state, IKE_REKEYED);
        pass(2500);
        ck_assert_ptr_null(row_of(1));
        ck_assert_ptr_nonnull(row_of(3));
        ck_assert_uint_eq(table_count(children), 3);
        tell("child-rekey", "gw{ uniqueid=2 state=ESTABLISHED child-sas{ net1{ old{ name=net1 "
                            "uniqueid=21 state=REKEYED } new{ name=net1 uniqueid=29 "
                            "state=INSTALLED } } } }");
        ck_assert_uint_eq(table_count(children), 4);
        sa(2)->n_children = 0; /* neither 21 nor 29 is asked for by another's number */
        pass(2500);
        ck_assert_uint_eq(table_count(children), 3);
}
END_TEST

/* Of several children one has a key exchange of its own, and events tell of others. */
START_TEST(test_pfs_of_one_child)
{
        make_collector(3600, 300);
        sa(1)->n_children = 0;
        tell("child-updown",
             "up=yes gw{ uniqueid=1 state=ESTABLISHED established=100 child-sas{ net1-11{ "
             "name=net1 uniqueid=11 state=INSTALLED install-time=1 dh-group=ECP_256 } } }");
        ck_assert_uint_eq(row_of(1)->pfs, PFS_ON);
        tell("child-updown",
             "up=yes gw{ uniqueid=1 state=ESTABLISHED established=100 child-sas{ net2-12{ "
             "name=net2 uniqueid=12 state=INSTALLED install-time=1 } } }");
        ck_assert_uint_eq(row_of(1)->pfs, PFS_ON);
        tell("child-rekey",
             "gw{ uniqueid=1 state=ESTABLISHED established=100 child-sas{ net2{ old{ name=net2 "
             "uniqueid=12 state=REKEYED } new{ name=net2 uniqueid=13 install-time=1 "
             "state=INSTALLED } } } }");
        ck_assert_uint_eq(row_of(1)->pfs, PFS_ON);
}
END_TEST

/* At no moment is there neither the old child nor the new one: not while a list is on its way,
 * either. */
START_TEST(test_rekeyed_in_a_read)
{
        make_collector(3600, 3600);
        add_sa(9, 0);
        charon.slow = true;
        while (charon.held == 0)
                pass(1000); /* the count betrays it, and a list is asked for */
        tell("child-rekey", "gw{ uniqueid=2 state=ESTABLISHED child-sas{ net1{ old{ name=net1 "
                            "uniqueid=21 state=REKEYED } new{ name=net1 uniqueid=29 "
                            "state=INSTALLED } } } }");
        ck_assert_uint_eq(table_count(children), 4);
        charon.slow = false;
        say(charon.held, VICI_CMD_RESPONSE, NULL, "%s", "");
        pass(100);
        ck_assert_uint_eq(table_count(children), 4);
        ck_assert_ptr_nonnull(row_of(9));
}
END_TEST

/* Its children do not fit into a message, which the daemon drops: they are asked for one by one. */
START_TEST(test_too_large)
{
        sa(1)->n_children = 3;
        sa(1)->large = true;
        make_collector(3600, 60);
        ck_assert_ptr_nonnull(row_of(1));
        ck_assert_uint_eq(table_count(children), 4);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        sa(1)->n_children = 2; /* one goes without a word */
        pass(61000);
        ck_assert_uint_eq(table_count(children), 4); /* it may have been busy */
        pass(120000);
        ck_assert_uint_eq(table_count(children), 3);
        ck_assert_ptr_nonnull(row_of(1));
}
END_TEST

/* A connection too large to be told: what is known of it stays, and the collector says so. */
/* One with many children that is too large: they are asked for by name once, then go by events. */
START_TEST(test_large_ike_sa)
{
        unsigned int asked;

        charon.many = 300;
        sa(2)->id = 50;
        sa(1)->large = true;
        sa(1)->n_children = 300;
        make_collector(3600, 60);
        ck_assert_uint_eq(table_count(children), 301);
        ck_assert_uint_eq(charon.whole, 1);
        asked = charon.asked;
        pass(190000); /* three reads */
        ck_assert_uint_eq(charon.whole, 1);
        ck_assert_uint_lt(charon.asked - asked, 50);
        ck_assert_uint_eq(table_count(children), 301);
        sa(50)->n_children = 0; /* another one is read as ever */
        pass(61000);
        ck_assert_uint_eq(table_count(children), 300);
        tell("child-updown", "gw{ uniqueid=1 state=ESTABLISHED child-sas{ net7-17{ name=net7 "
                             "uniqueid=17 state=DELETED } } }");
        pass(100);
        ck_assert_uint_eq(table_count(children), 299);
        sa(1)->id = 3; /* the successor has its children, under their numbers */
        tell("ike-rekey",
             "gw{ old{ uniqueid=1 state=REKEYING } new{ uniqueid=3 state=ESTABLISHED } }");
        asked = charon.asked;
        pass(190000);
        ck_assert_uint_lt(charon.asked - asked, 80);
        ck_assert_uint_eq(charon.whole, 1);
        ck_assert_uint_ge(table_count(children), 299);
}
END_TEST

START_TEST(test_large_connection)
{
        unsigned int lines;

        make_collector(10, 3600);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        charon.more_names = 1;
        pass(11000);
        ck_assert_uint_eq(state(), COLLECTOR_DEGRADED);
        ck_assert_ptr_nonnull(strstr(collector->last_error, "1 connections are too large"));
        lines = fake_loop_lines(loop);
        pass(100000);
        ck_assert_uint_eq(fake_loop_lines(loop), lines);
        ck_assert_uint_eq(state(), COLLECTOR_DEGRADED);
        ck_assert_uint_eq(table_count(configured), 4);
        charon.more_names = 0;
        pass(11000);
        ck_assert_uint_eq(state(), COLLECTOR_UP);
}
END_TEST

/* It ends in the middle of a read. */
START_TEST(test_end_in_a_read)
{
        make_collector(3600, 3600);
        for (int n = 1; n < 40; n++) {
                collector->ops->refresh(collector);
                for (int i = 0; i < n; i++) {
                        fake_loop_poll(loop);
                        for (size_t k = 0; k < MAX_PEERS; k++)
                                if (charon.peers[k] >= 0)
                                        serve(charon.peers[k]);
                }
                end_daemon();
                settle();
                ck_assert_uint_eq(state(), COLLECTOR_DOWN);
                begin_daemon(n % 2 ? "odd" : "even");
                add_sa(1, 2);
                add_sa(2, 1);
                pass(16000);
                ck_assert_uint_eq(state(), COLLECTOR_UP);
                ck_assert_uint_eq(table_count(ike_sas), 2);
                ck_assert_uint_eq(table_count(children), 3);
        }
}
END_TEST

static void copy_stream(const char *folder, const char *stream, const char *file)
{
        static struct recorded recorded;
        char path[300];
        FILE *f;

        read_recorded(&recorded, file);
        snprintf(path, sizeof(path), "%s/%s", folder, stream);
        f = fopen(path, "wb");
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(recorded.octets, 1, recorded.length, f), recorded.length);
        fclose(f);
}

/* What events tell behind the end of an answer is seen, and what is over goes. */
START_TEST(test_replay)
{
        char folder[] = "/tmp/ipsr-replay.XXXXXX", path[300];
        struct strongswan_config config = { .interval = 30, .sa_interval = 300 };
        int err;

        ck_assert_ptr_nonnull(mkdtemp(folder));
        copy_stream(folder, STREAM_VICI_SAS, "list-sas.resp.bin");
        copy_stream(folder, STREAM_VICI_EVENTS, "events-moon.bin");
        config.replay = replay_new(folder, loop, &err);
        ck_assert_ptr_nonnull(config.replay);
        collector = strongswan_new(loop, store, &config);
        ck_assert_int_eq(collector->ops->start(collector), 0);
        ck_assert_int_eq(replay_start(config.replay), 0);
        while (!replay_done(config.replay))
                ck_assert(fake_loop_step(loop));
        ck_assert_ptr_nonnull(row_of(6)); /* of which events alone tell */
        ck_assert_ptr_nonnull(row_of(8));
        ck_assert_uint_eq(row_of(3)->state, IKE_ESTABLISHED);
        fake_loop_advance(loop, 2000);
        ck_assert_ptr_null(row_of(1));
        ck_assert_ptr_null(row_of(2));
        ck_assert_ptr_nonnull(row_of(3));
        ck_assert_uint_eq(state(), COLLECTOR_UP);
        replay_free(config.replay);
        snprintf(path, sizeof(path), "%s/" STREAM_VICI_SAS, folder);
        unlink(path);
        snprintf(path, sizeof(path), "%s/" STREAM_VICI_EVENTS, folder);
        unlink(path);
        rmdir(folder);
}
END_TEST

/* A daemon gone mad: the tables have an end. */
START_TEST(test_too_many)
{
        char text[128];

        make_collector(3600, 3600);
        for (uint32_t id = 100; id < 300000; id++) {
                snprintf(text, sizeof(text), "up=yes gw{ uniqueid=%u state=ESTABLISHED }", id);
                tell("ike-updown", text);
        }
        ck_assert_uint_eq(table_count(ike_sas), 262144);
        ck_assert_uint_eq(state(), COLLECTOR_DEGRADED);
        ck_assert_uint_le(fake_loop_lines(loop), 2);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("strongswan daemon");

        tcase_set_timeout(tcase, 300);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_first_read);
        tcase_add_test(tcase, test_intervals);
        tcase_add_test(tcase, test_no_daemon);
        tcase_add_test(tcase, test_restart);
        tcase_add_test(tcase, test_silence);
        tcase_add_test(tcase, test_start_wavers);
        tcase_add_test(tcase, test_gone_without_a_word);
        tcase_add_test(tcase, test_busy_once);
        tcase_add_test(tcase, test_busy_again_and_again);
        tcase_add_test(tcase, test_ended);
        tcase_add_test(tcase, test_reasons);
        tcase_add_test(tcase, test_end_behind_an_end);
        tcase_add_test(tcase, test_log);
        tcase_add_test(tcase, test_lines_in_the_wrong_order);
        tcase_add_test(tcase, test_rekeyed);
        tcase_add_test(tcase, test_pfs_of_one_child);
        tcase_add_test(tcase, test_rekeyed_in_a_read);
        tcase_add_test(tcase, test_too_large);
        tcase_add_test(tcase, test_large_ike_sa);
        tcase_add_test(tcase, test_large_connection);
        tcase_add_test(tcase, test_end_in_a_read);
        tcase_add_test(tcase, test_replay);
        tcase_add_test(tcase, test_too_many);
        return run_suite("strongswan daemon", tcase);
}
