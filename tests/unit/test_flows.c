/* Sockets and tracked connections as flows: recorded, made by hand, damaged, and of this process.
 */
#include "config.h"

#include "collectors/conntrack.h"
#include "collectors/flows.h"
#include "collectors/links.h"
#include "collectors/messages.h"
#include "collectors/sock_diag.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/flow.h"
#include "tables/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;
static struct store *store;
static struct table *table;
static struct collector *collector;
static struct replay *replay;

static void setup(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        table = store_table(store, &flow_type);
}

static void teardown(void)
{
        if (collector)
                collector->ops->free(collector);
        collector = NULL;
        replay_free(replay);
        replay = NULL;
        store_free(store);
        fake_loop_free(loop);
}

static void make(const struct flows_config *config)
{
        collector = flows_new(loop, store, config);
        ck_assert_ptr_nonnull(collector);
        ck_assert_int_eq(collector->ops->start(collector), 0);
}

/* As the MIB has it, by the text of its ends. */
static const struct flow *flow_of(uint8_t direction, uint8_t protocol, const char *source,
                                  uint16_t source_port, const char *destination,
                                  uint16_t destination_port)
{
        static const uint32_t none;
        uint32_t number = none;
        const struct flow *flow;

        while ((flow = table_next(table, &flow_type, &number, 1, false))) {
                char from[INET_ADDR_TEXT_SIZE], to[INET_ADDR_TEXT_SIZE];

                number = flow->number;
                inet_addr_text(&flow->source, from);
                inet_addr_text(&flow->destination, to);
                if (flow->direction == direction && flow->protocol == protocol &&
                    flow->source_port == source_port &&
                    flow->destination_port == destination_port && strcmp(from, source) == 0 &&
                    strcmp(to, destination) == 0)
                        return flow;
        }
        return NULL;
}

static void is_flow(uint8_t direction, uint8_t protocol, const char *source, uint16_t source_port,
                    const char *destination, uint16_t destination_port, uint8_t origin)
{
        const struct flow *flow =
                flow_of(direction, protocol, source, source_port, destination, destination_port);

        ck_assert_msg(flow != NULL, "no flow %s:%u to %s:%u, protocol %u, direction %u", source,
                      source_port, destination, destination_port, protocol, direction);
        ck_assert_uint_eq(flow->origin, origin);
}

/* ---- a recording of a gateway between two hosts, with translation of addresses ---- */

enum {
        IN = DIRECTION_INBOUND,
        OUT = DIRECTION_OUTBOUND,
        THROUGH = DIRECTION_FORWARD,
        SOCKET = FLOW_OF_SOCKET,
        TRACKED = FLOW_OF_CONNTRACK,
};

#define CLIENT "192.0.2.2"
#define INSIDE "192.0.2.1"
#define OUTSIDE "198.51.100.1"
#define SERVER "198.51.100.2"

static void apply_links(const char *file, struct links *links)
{
        static char octets[1 << 16] __attribute__((aligned(8)));
        char path[512];
        struct messages messages;
        const struct nlmsghdr *nlh;
        size_t length;
        FILE *f;

        snprintf(path, sizeof(path), "%s/flows/%s", DATA, file);
        f = fopen(path, "rb");
        ck_assert_msg(f != NULL, "%s", path);
        length = fread(octets, 1, sizeof(octets), f);
        fclose(f);
        messages = (struct messages){ octets, length };
        while ((nlh = messages_next(&messages)))
                ck_assert_int_eq(links_apply(links, nlh, TABLE_FROM_EVENT), 0);
}

static void read_recording(uint32_t maximum)
{
        struct flows_config config = { .interval = 5, .idle = 60, .maximum = maximum };
        struct links links;
        int err;

        links_init(&links, store);
        apply_links(STREAM_LINK_DUMP, &links);
        apply_links(STREAM_ADDRESS_DUMP, &links);
        links_free(&links);
        config.replay = replay = replay_new(DATA "/flows", loop, &err);
        ck_assert_ptr_nonnull(replay);
        make(&config);
        ck_assert_int_eq(replay_start(replay), 0);
        fake_loop_advance(loop, 1000);
        ck_assert(replay_done(replay));
}

START_TEST(test_recording)
{
        const struct flow *flow;

        read_recording(1000);
        ck_assert_uint_eq(collector->row.state, COLLECTOR_UP);
        ck_assert_uint_eq(collector->row.rows, table_count(table));
        is_flow(OUT, 6, OUTSIDE, 40010, SERVER, 80, SOCKET);
        is_flow(IN, 6, SERVER, 80, OUTSIDE, 40010, SOCKET);
        is_flow(OUT, 6, INSIDE, 22, CLIENT, 40006, SOCKET);
        is_flow(IN, 6, CLIENT, 40006, INSIDE, 22, SOCKET);
        is_flow(OUT, 17, OUTSIDE, 40011, SERVER, 53, SOCKET);
        is_flow(OUT, 17, OUTSIDE, 40012, SERVER, 53, SOCKET); /* ::ffff: */
        is_flow(OUT, 17, "2001:db8:1::1", 40013, "2001:db8:1::2", 53, SOCKET);
        ck_assert_uint_eq(flow_of(OUT, 17, OUTSIDE, 40011, SERVER, 53)->mark, 0x17);
        ck_assert_uint_eq(flow_of(IN, 17, SERVER, 53, OUTSIDE, 40011)->mark, 0);
        ck_assert_uint_ne(flow_of(OUT, 17, "2001:db8:1::1", 40013, "2001:db8:1::2", 53)->if_index,
                          0);
        is_flow(THROUGH, 6, CLIENT, 40002, SERVER, 80, TRACKED);
        is_flow(THROUGH, 6, SERVER, 80, CLIENT, 40002, TRACKED);
        is_flow(THROUGH, 6, "2001:db8::2", 40003, "2001:db8:1::2", 80, TRACKED);
        is_flow(THROUGH, 1, CLIENT, 0, SERVER, 0, TRACKED);
        is_flow(OUT, 1, OUTSIDE, 0, SERVER, 0, TRACKED);
        is_flow(IN, 1, SERVER, 0, OUTSIDE, 0, TRACKED);
        is_flow(THROUGH, 58, "2001:db8::2", 0, "2001:db8:1::2", 0, TRACKED);
        ck_assert_uint_eq(flow_of(THROUGH, 1, CLIENT, 0, SERVER, 0)->ports.source, 8);
        ck_assert_uint_eq(flow_of(THROUGH, 1, SERVER, 0, CLIENT, 0)->ports.source, 0);
        ck_assert_uint_eq(flow_of(THROUGH, 1, SERVER, 0, CLIENT, 0)->sent_ports.source, 0);
        ck_assert_uint_eq(flow_of(THROUGH, 58, "2001:db8::2", 0, "2001:db8:1::2", 0)->ports.source,
                          128);
        /* key exchange is no flow of its own */
        ck_assert_ptr_null(flow_of(THROUGH, 17, CLIENT, 4500, SERVER, 4500));

        /* the destination is translated: 192.0.2.1:8080 is 198.51.100.2:80 */
        flow = flow_of(THROUGH, 6, CLIENT, 40001, INSIDE, 8080);
        ck_assert_ptr_nonnull(flow);
        ck_assert_uint_eq(flow->sent_ports.destination, 80);
        ck_assert_uint_eq(flow->sent_destination.octets[0], 198);
        flow = flow_of(THROUGH, 6, SERVER, 80, CLIENT, 40001);
        ck_assert_ptr_nonnull(flow);
        ck_assert_uint_eq(flow->sent_ports.source, 8080);
        ck_assert_uint_eq(flow->sent_source.octets[0], 192);

        /* the source is translated: 192.0.2.2:40004 is 198.51.100.1:6000 */
        flow = flow_of(THROUGH, 17, CLIENT, 40004, SERVER, 5000);
        ck_assert_ptr_nonnull(flow);
        ck_assert_uint_eq(flow->sent_ports.source, 6000);
        ck_assert_uint_eq(flow->sent_source.octets[0], 198);
        ck_assert_ptr_nonnull(flow_of(THROUGH, 17, SERVER, 5000, OUTSIDE, 6000));
}
END_TEST

START_TEST(test_maximum)
{
        read_recording(7);
        ck_assert_uint_eq(table_count(table), 7);
        ck_assert_uint_eq(collector->row.overruns, 1);
}
END_TEST

/* ---- messages made by hand ---- */

static char message[4096] __attribute__((aligned(8)));

static struct nlmsghdr *socket_is(uint8_t family, uint8_t state, const char *local,
                                  const char *remote)
{
        struct nlmsghdr *nlh = mnl_nlmsg_put_header(message);
        struct inet_diag_msg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));

        nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
        m->idiag_family = family;
        m->idiag_state = state;
        m->id.idiag_sport = htons(89);
        m->id.idiag_dport = htons(1234);
        inet_pton(family, local, m->id.idiag_src);
        inet_pton(family, remote, m->id.idiag_dst);
        return nlh;
}

static int parse_socket(const struct nlmsghdr *nlh, uint8_t protocol, struct socket_message *s)
{
        return sock_diag_parse(nlh, protocol, s);
}

START_TEST(test_socket_messages)
{
        struct socket_message s;
        struct nlmsghdr *nlh = socket_is(AF_INET, TCP_ESTABLISHED, "192.0.2.1", "192.0.2.2");

        ck_assert_int_eq(parse_socket(nlh, 6, &s), 0);
        ck_assert_uint_eq(s.local_port, 89);
        ck_assert_uint_eq(s.remote_port, 1234);
        ck_assert_uint_eq(s.mark, 0);
        mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 0);
        mnl_attr_put_u32(nlh, INET_DIAG_MARK, 0x80000001);
        ck_assert_int_eq(parse_socket(nlh, 6, &s), 0);
        ck_assert_uint_eq(s.mark, 0x80000001);
        for (uint32_t length = NLMSG_HDRLEN; length < nlh->nlmsg_len; length++) {
                struct nlmsghdr *cut = malloc(length); /* sanitizers see the end */
                int err;

                memcpy(cut, nlh, length);
                cut->nlmsg_len = length;
                err = sock_diag_parse(cut, 6, &s);
                ck_assert(err == 0 || err == -EBADMSG);
                free(cut);
        }
        nlh = socket_is(AF_INET, TCP_LISTEN, "192.0.2.1", "0.0.0.0");
        ck_assert_int_eq(parse_socket(nlh, 6, &s), SOCK_DIAG_OTHER);
        nlh = socket_is(AF_INET, TCP_TIME_WAIT, "192.0.2.1", "192.0.2.2");
        ck_assert_int_eq(parse_socket(nlh, 6, &s), SOCK_DIAG_OTHER);
        nlh = socket_is(AF_INET6, TCP_ESTABLISHED, "2001:db8::1", "::");
        ck_assert_int_eq(parse_socket(nlh, 17, &s), SOCK_DIAG_OTHER);
        nlh = socket_is(AF_UNIX, TCP_ESTABLISHED, "", "");
        ck_assert_int_eq(parse_socket(nlh, 6, &s), SOCK_DIAG_OTHER);
        nlh = socket_is(AF_INET6, TCP_ESTABLISHED, "::ffff:192.0.2.1", "::ffff:192.0.2.2");
        ck_assert_int_eq(parse_socket(nlh, 6, &s), 0);
        ck_assert_uint_eq(s.local.type, INET_ADDR_IPV4);
        ck_assert_uint_eq(s.remote.octets[3], 2);
        ck_assert_uint_eq(s.remote.octets[15], 0);
}
END_TEST

/* The kernel has a raw socket's protocol where others have a port. */
START_TEST(test_raw_socket)
{
        struct socket_message s;
        struct nlmsghdr *nlh = socket_is(AF_INET, TCP_ESTABLISHED, "192.0.2.1", "192.0.2.2");

        ck_assert_int_eq(parse_socket(nlh, IPPROTO_RAW, &s), 0);
        ck_assert_uint_eq(s.protocol, 89);
        ck_assert_uint_eq(s.local_port, 0);
        ck_assert_uint_eq(s.remote_port, 0);
        mnl_attr_put_u8(nlh, INET_DIAG_PROTOCOL, 47);
        ck_assert_int_eq(parse_socket(nlh, IPPROTO_RAW, &s), 0);
        ck_assert_uint_eq(s.protocol, 47);
}
END_TEST

static void put_tuple(struct nlmsghdr *nlh, uint16_t type, uint8_t protocol, const char *source,
                      const char *destination)
{
        struct nlattr *tuple = mnl_attr_nest_start(nlh, type), *part;
        struct in_addr from, to;

        inet_pton(AF_INET, source, &from);
        inet_pton(AF_INET, destination, &to);
        part = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
        mnl_attr_put(nlh, CTA_IP_V4_SRC, sizeof(from), &from);
        mnl_attr_put(nlh, CTA_IP_V4_DST, sizeof(to), &to);
        mnl_attr_nest_end(nlh, part);
        part = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
        mnl_attr_put_u8(nlh, CTA_PROTO_NUM, protocol);
        mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(1000));
        mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(2000));
        mnl_attr_nest_end(nlh, part);
        mnl_attr_nest_end(nlh, tuple);
}

static struct nlmsghdr *connection_is(uint8_t protocol, int tcp_state)
{
        struct nlmsghdr *nlh = mnl_nlmsg_put_header(message);
        struct nfgenmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

        nlh->nlmsg_type = CONNTRACK_NEW;
        header->nfgen_family = AF_INET;
        put_tuple(nlh, CTA_TUPLE_ORIG, protocol, "192.0.2.1", "192.0.2.2");
        put_tuple(nlh, CTA_TUPLE_REPLY, protocol, "192.0.2.2", "192.0.2.1");
        mnl_attr_put_u32(nlh, CTA_STATUS, htonl(2));
        if (tcp_state >= 0) {
                struct nlattr *info = mnl_attr_nest_start(nlh, CTA_PROTOINFO);
                struct nlattr *tcp = mnl_attr_nest_start(nlh, CTA_PROTOINFO_TCP);

                mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_STATE, (uint8_t)tcp_state);
                mnl_attr_nest_end(nlh, tcp);
                mnl_attr_nest_end(nlh, info);
        }
        return nlh;
}

START_TEST(test_conntrack_messages)
{
        struct conntrack_message m;
        struct nlmsghdr *nlh = connection_is(6, TCP_CONNTRACK_ESTABLISHED);

        ck_assert_int_eq(conntrack_parse(nlh, &m), 0);
        ck_assert_uint_eq(m.original.source_port, 1000);
        ck_assert_uint_eq(m.reply.ports.destination, 2000);
        for (uint32_t length = NLMSG_HDRLEN; length < nlh->nlmsg_len; length++) {
                struct nlmsghdr *cut = malloc(length);
                int err;

                memcpy(cut, nlh, length);
                cut->nlmsg_len = length;
                err = conntrack_parse(cut, &m);
                ck_assert(err == 0 || err == -EBADMSG);
                free(cut);
        }
        ck_assert_int_eq(conntrack_parse(connection_is(6, TCP_CONNTRACK_TIME_WAIT), &m),
                         CONNTRACK_OTHER);
        ck_assert_int_eq(conntrack_parse(connection_is(6, TCP_CONNTRACK_CLOSE), &m),
                         CONNTRACK_OTHER);
        ck_assert_int_eq(conntrack_parse(connection_is(47, -1), &m), 0);
        ck_assert_uint_eq(m.original.source_port, 0); /* no key of GRE */
        ck_assert_uint_eq(m.original.ports.source, 0);
        nlh = connection_is(17, -1);
        nlh->nlmsg_type = CONNTRACK_GET;
        ck_assert_int_eq(conntrack_parse(nlh, &m), CONNTRACK_OTHER);
        nlh = mnl_nlmsg_put_header(message);
        nlh->nlmsg_type = CONNTRACK_NEW;
        mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
        put_tuple(nlh, CTA_TUPLE_ORIG, 17, "192.0.2.1", "192.0.2.2");
        ck_assert_int_eq(conntrack_parse(nlh, &m), -EBADMSG); /* no reply */
}
END_TEST

/* ---- alive: sockets of this process ---- */

/* Turns of the loop until the read has ended. */
static void run_until(uint8_t state, uint64_t polls)
{
        for (int i = 0; i < 10000; i++) {
                if (collector->row.state == state && collector->row.polls >= polls &&
                    collector->row.last_success != 0)
                        return;
                fake_loop_poll(loop);
                fake_loop_advance(loop, 0);
        }
        ck_abort_msg("the collector is in state %u after %u reads: %s", collector->row.state,
                     (unsigned int)collector->row.polls, collector->last_error);
}

static uint16_t port_of(int fd)
{
        struct sockaddr_in address;
        socklen_t length = sizeof(address);

        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
        return ntohs(address.sin_port);
}

/* 127.0.0.1, and a port of the kernel's choice. */
static int open_socket(int type)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, type, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static void connect_to(int fd, uint16_t port)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons(port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

        ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

START_TEST(test_alive)
{
        const struct flows_config config = { .interval = 5, .idle = 60, .maximum = 1u << 20 };
        const char *here = "127.0.0.1";
        int listener = open_socket(SOCK_STREAM), tcp = open_socket(SOCK_STREAM);
        int udp = open_socket(SOCK_DGRAM), unconnected = open_socket(SOCK_DGRAM);
        uint16_t from = port_of(tcp), to = port_of(listener), udp_port = port_of(udp);

        ck_assert_int_eq(listen(listener, 1), 0);
        connect_to(tcp, to);
        connect_to(udp, port_of(unconnected));
        make(&config);
        ck_assert_uint_eq(collector->row.state, COLLECTOR_IDLE);
        fake_loop_advance(loop, 100000); /* nobody asks */
        ck_assert_uint_eq(collector->row.polls, 0);
        ck_assert_uint_eq(table_count(table), 0);

        flows_asked(collector);
        ck_assert_uint_eq(table_count(table), 0); /* the request is being answered */
        run_until(COLLECTOR_UP, 1);
        is_flow(OUT, 6, here, from, here, to, SOCKET);
        is_flow(IN, 6, here, to, here, from, SOCKET);
        is_flow(OUT, 6, here, to, here, from, SOCKET); /* the other end */
        is_flow(OUT, 17, here, udp_port, here, port_of(unconnected), SOCKET);
        ck_assert_uint_eq(collector->row.rows, table_count(table));

        /* what is closed goes with the next read, what stays keeps its number */
        {
                uint32_t number = flow_of(OUT, 6, here, from, here, to)->number;

                close(udp);
                fake_loop_advance(loop, 5000);
                run_until(COLLECTOR_UP, 2);
                fake_loop_advance(loop, 0);
                for (int i = 0; i < 100; i++) {
                        fake_loop_poll(loop);
                        fake_loop_advance(loop, 0);
                }
                ck_assert_ptr_null(flow_of(OUT, 17, here, udp_port, here, port_of(unconnected)));
                ck_assert_uint_eq(flow_of(OUT, 6, here, from, here, to)->number, number);
        }

        /* asked once more in time, then not */
        fake_loop_advance(loop, 1000);
        flows_asked(collector);
        for (int i = 0; i < 70000 / 100 && collector->row.state != COLLECTOR_IDLE; i++) {
                for (int j = 0; j < 100; j++) {
                        fake_loop_poll(loop);
                        fake_loop_advance(loop, 0);
                }
                fake_loop_advance(loop, 100);
        }
        ck_assert_uint_eq(collector->row.state, COLLECTOR_IDLE);
        fake_loop_advance(loop, 0);
        ck_assert_uint_eq(table_count(table), 0);
        ck_assert_uint_ge(collector->row.polls, 10);
        ck_assert_uint_le(collector->row.polls, 16);
        close(tcp);
        close(listener);
        close(unconnected);
}
END_TEST

START_TEST(test_disabled)
{
        const struct flows_config config = { .interval = 5, .idle = 60, .maximum = 100 };

        collector = flows_new(loop, store, &config);
        collector_disable(collector);
        flows_asked(collector);
        fake_loop_advance(loop, 10000);
        ck_assert_uint_eq(collector->row.polls, 0);
        ck_assert_uint_eq(collector->row.state, COLLECTOR_DISABLED);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("flows");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_recording);
        tcase_add_test(tcase, test_maximum);
        tcase_add_test(tcase, test_socket_messages);
        tcase_add_test(tcase, test_raw_socket);
        tcase_add_test(tcase, test_conntrack_messages);
        tcase_add_test(tcase, test_alive);
        tcase_add_test(tcase, test_disabled);
        return run_suite("flows", tcase);
}
