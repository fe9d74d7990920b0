#include "flows.h"

#include "conntrack.h"
#include "dump.h"
#include "sock_diag.h"
#include "tables/flow.h"
#include "tables/interface.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Rows shown, or removed, in one turn of the loop. */
#define ROWS_PER_TURN 500

/* Turns of the loop after the last row until the read counts as ended: the joins' turns. */
#define TURNS_AFTER 3

/* Milliseconds. */
#define RETRY 1000
#define REPLAY_PAUSE 50 /* without a datagram: the recorded read is over */

/* The file is there as soon as connections are tracked. Asking without it would load the module. */
#define CONNTRACK_FILE "/proc/sys/net/netfilter/nf_conntrack_count"

/* Sockets that exchange packets: no listeners, none that is closed or waits for the end. */
#define CONNECTED_STATES (0xfffu & ~(1u << TCP_LISTEN | 1u << TCP_CLOSE | 1u << TCP_TIME_WAIT))

static const struct question {
        uint8_t family;   /* AF_UNSPEC: connection tracking */
        uint8_t protocol; /* IPPROTO_RAW: raw sockets of whatever protocol */
        const char *stream;
        const char *what;
} questions[] = {
        { AF_INET, IPPROTO_TCP, STREAM_TCP_SOCKETS, "TCP sockets" },
        { AF_INET6, IPPROTO_TCP, STREAM_TCP_SOCKETS, "TCP sockets" },
        { AF_INET, IPPROTO_UDP, STREAM_UDP_SOCKETS, "UDP sockets" },
        { AF_INET6, IPPROTO_UDP, STREAM_UDP_SOCKETS, "UDP sockets" },
        { AF_INET, IPPROTO_UDPLITE, STREAM_UDPLITE_SOCKETS, "UDP-Lite sockets" },
        { AF_INET6, IPPROTO_UDPLITE, STREAM_UDPLITE_SOCKETS, "UDP-Lite sockets" },
        { AF_INET, IPPROTO_SCTP, STREAM_SCTP_SOCKETS, "SCTP sockets" },
        { AF_INET6, IPPROTO_SCTP, STREAM_SCTP_SOCKETS, "SCTP sockets" },
        { AF_INET, IPPROTO_DCCP, STREAM_DCCP_SOCKETS, "DCCP sockets" },
        { AF_INET6, IPPROTO_DCCP, STREAM_DCCP_SOCKETS, "DCCP sockets" },
        { AF_INET, IPPROTO_RAW, STREAM_RAW_SOCKETS, "raw sockets" },
        { AF_INET6, IPPROTO_RAW, STREAM_RAW_SOCKETS, "raw sockets" },
        { AF_UNSPEC, 0, STREAM_CONNTRACK, "tracked connections" },
};

enum {
        N_QUESTIONS = sizeof(questions) / sizeof(questions[0]),
        IDLE = N_QUESTIONS, /* no read is under way */
        ENDING,             /* all is read; rows are being shown */
};

struct flows {
        struct collector base;
        struct flows_config config;
        struct table *table;      /* ipsrFlowTable */
        struct table *interfaces; /* ipsrInterfaceTable: which addresses are our own */
        struct dump sockets;
        struct dump conntrack;
        size_t step;        /* of questions, IDLE or ENDING */
        uint32_t turns;     /* left of TURNS_AFTER */
        uint32_t n_flows;   /* put by this read */
        bool overflow;      /* this read had more than the table may hold */
        bool active;        /* somebody asks */
        bool failed;        /* a question of this read had no good answer */
        int64_t last_asked; /* monotonic, ms */
        int64_t begun;      /* microseconds: of the read */
        struct loop_timer *timer;
        char error[128];
        char source_version[80];
};

static void set_timer(struct flows *f, uint32_t milliseconds, loop_expired *expired);
static void ask_next(struct flows *f);
static void timer_expired(void *context);

static struct flows *flows_of(struct collector *c)
{
        return (struct flows *)c;
}

/* ---- rows ---- */

/* A socket's word is newer than that of connection tracking, which knows no mark. */
static void put(struct flows *f, struct flow *row, enum table_source source)
{
        int err;

        if (f->n_flows >= f->config.maximum) {
                f->overflow = true;
                return;
        }
        f->n_flows++;
        err = table_put(f->table, row, source);
        if (err < 0) {
                f->failed = true;
                snprintf(f->error, sizeof(f->error), "keeping a flow failed: %s", strerror(-err));
        }
}

static void put_socket(struct flows *f, const struct socket_message *socket)
{
        struct flow out = {
                .direction = DIRECTION_OUTBOUND,
                .protocol = socket->protocol,
                .source_port = socket->local_port,
                .destination_port = socket->remote_port,
                .ports = { socket->local_port, socket->remote_port },
                .source = socket->local,
                .destination = socket->remote,
                .origin = FLOW_OF_SOCKET,
                .mark = socket->mark,
                .if_index = socket->if_index,
        };
        struct flow in = {
                .direction = DIRECTION_INBOUND,
                .protocol = socket->protocol,
                .source_port = socket->remote_port,
                .destination_port = socket->local_port,
                .ports = { socket->remote_port, socket->local_port },
                .source = socket->remote,
                .destination = socket->local,
                .origin = FLOW_OF_SOCKET,
                .if_index = socket->if_index,
        };

        put(f, &out, TABLE_FROM_EVENT);
        put(f, &in, TABLE_FROM_EVENT);
}

static void set_tuple(struct flow *row, const struct conntrack_tuple *tuple)
{
        row->protocol = tuple->protocol;
        row->source_port = tuple->source_port;
        row->destination_port = tuple->destination_port;
        row->ports = tuple->ports;
        row->source = tuple->source;
        row->destination = tuple->destination;
}

static bool is_local(const struct flows *f, const struct inet_addr *address)
{
        if (address->type == INET_ADDR_IPV4 && address->octets[0] == IN_LOOPBACKNET)
                return true;
        return interface_with(f->interfaces, address) != NULL;
}

/* To many at once: who receives it here takes it in. */
static bool is_group(const struct inet_addr *address)
{
        if (address->type == INET_ADDR_IPV6)
                return address->octets[0] == 0xff;
        return address->octets[0] >= 224;
}

/*
 * One direction of a connection. What is sent is looked up as it leaves, after every translation of
 * addresses; what comes, as it arrived, before any. Both are done to what is forwarded.
 */
static void put_direction(struct flows *f, const struct conntrack_tuple *arrived,
                          const struct conntrack_tuple *other)
{
        struct flow row = { .origin = FLOW_OF_CONNTRACK };
        struct conntrack_tuple left;
        bool sent, received;

        conntrack_turn(arrived, other, &left);
        sent = is_local(f, &arrived->source);
        received = is_local(f, &left.destination) || is_group(&left.destination);
        if (sent) {
                row.direction = DIRECTION_OUTBOUND;
                set_tuple(&row, &left);
                put(f, &row, TABLE_FROM_DUMP);
        }
        if (received && (!sent || !is_group(&left.destination))) {
                row.direction = DIRECTION_INBOUND;
                set_tuple(&row, arrived);
                put(f, &row, TABLE_FROM_DUMP);
        }
        if (sent || received)
                return;
        row.direction = DIRECTION_FORWARD;
        set_tuple(&row, arrived);
        row.sent_source = left.source;
        row.sent_destination = left.destination;
        row.sent_ports = left.ports;
        put(f, &row, TABLE_FROM_DUMP);
}

/* IPsec itself and its key exchange: what carries the flows, or is let through for its socket. */
static bool is_outer(const struct conntrack_tuple *t)
{
        switch (t->protocol) {
        case PROTOCOL_ESP:
        case PROTOCOL_AH:
        case PROTOCOL_IPCOMP:
                return true;
        case IPPROTO_UDP:
                return t->source_port == 500 || t->destination_port == 500 ||
                       t->source_port == 4500 || t->destination_port == 4500;
        default:
                return false;
        }
}

/* Without its own addresses the machine cannot tell what is forwarded. */
static void put_connection(struct flows *f, const struct conntrack_message *m)
{
        if (is_outer(&m->original) || is_outer(&m->reply) || table_count(f->interfaces) == 0)
                return;
        put_direction(f, &m->original, &m->reply);
        put_direction(f, &m->reply, &m->original);
}

/* ---- the end of a read ---- */

static void tell_read(struct flows *f)
{
        struct collector *c = &f->base;
        struct moment now;

        if (f->overflow)
                c->row.overruns++;
        if (!f->failed) {
                collector_succeeded(c, f->begun, (uint32_t)table_count(f->table));
                return;
        }
        c->loop->now(c->loop, &now);
        c->row.rows = (uint32_t)table_count(f->table);
        c->row.last_success = now.wall;
        c->row.duration = (uint32_t)(monotonic_us() - f->begun);
        collector_failed(c, COLLECTOR_DEGRADED, "%s", f->error);
}

/* Who asks shall find the verdicts beside the rows: the joins have turns of their own. */
static void wait_for_joins(void *context)
{
        struct flows *f = context;

        f->timer = NULL;
        if (f->turns-- > 0) {
                set_timer(f, 0, wait_for_joins);
                return;
        }
        tell_read(f);
        f->step = IDLE;
        if (!f->config.replay)
                set_timer(f, f->config.interval * 1000, timer_expired);
}

static void show_rows(void *context)
{
        struct flows *f = context;

        f->timer = NULL;
        if (!table_sweep_end(f->table, ROWS_PER_TURN)) {
                set_timer(f, 0, show_rows);
                return;
        }
        f->turns = TURNS_AFTER;
        set_timer(f, 0, wait_for_joins);
}

static void enter_read(struct flows *f)
{
        f->step = 0;
        f->n_flows = 0;
        f->failed = f->overflow = false;
        f->begun = monotonic_us();
        f->base.row.polls++;
        table_sweep_begin(f->table);
}

static void end_read(struct flows *f)
{
        f->step = ENDING;
        show_rows(f);
}

/* ---- questions ---- */

static int ask_for_sockets(struct flows *f, const struct question *q)
{
        bool has_states = q->protocol == IPPROTO_TCP || q->protocol == IPPROTO_SCTP ||
                          q->protocol == IPPROTO_DCCP;
        struct inet_diag_req_v2 request = {
                .sdiag_family = q->family,
                .sdiag_protocol = q->protocol,
                .idiag_states = has_states ? CONNECTED_STATES : 1u << TCP_ESTABLISHED,
        };

        return dump_ask(&f->sockets, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), q->stream);
}

static int ask_for_connections(struct flows *f, const struct question *q)
{
        struct nfgenmsg request = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
        int err = 0;

        if (access(CONNTRACK_FILE, F_OK) < 0)
                return -ENOENT;
        if (!dump_is_open(&f->conntrack))
                err = dump_open(&f->conntrack, NETLINK_NETFILTER);
        if (err < 0)
                return err;
        return dump_ask(&f->conntrack, CONNTRACK_GET, &request, sizeof(request), q->stream);
}

/* What this kernel does not have is no failure, but for the two that every one has. */
static bool is_absence(const struct question *q, int err)
{
        return err == -ENOENT && q->protocol != IPPROTO_TCP && q->protocol != IPPROTO_UDP;
}

static void note_failure(struct flows *f, const struct question *q, int err)
{
        if (err == 0 || is_absence(q, err))
                return;
        f->failed = true;
        if (err == -EPERM)
                snprintf(f->error, sizeof(f->error), "reading the %s needs CAP_NET_ADMIN", q->what);
        else
                snprintf(f->error, sizeof(f->error), "reading the %s failed: %s", q->what,
                         strerror(-err));
}

/* The first question from the one under way on that the kernel takes. */
static void ask_next(struct flows *f)
{
        for (; f->step < N_QUESTIONS; f->step++) {
                const struct question *q = &questions[f->step];
                int err =
                        q->family == AF_UNSPEC ? ask_for_connections(f, q) : ask_for_sockets(f, q);

                if (err == 0)
                        return;
                note_failure(f, q, err);
        }
        end_read(f);
}

static void answered(void *context, int err)
{
        struct flows *f = context;

        if (f->step >= N_QUESTIONS)
                return;
        note_failure(f, &questions[f->step], err);
        if (f->config.replay)
                return;
        f->step++;
        ask_next(f);
}

static void damaged(void *context)
{
        struct flows *f = context;

        f->failed = true;
        snprintf(f->error, sizeof(f->error), "a message of the kernel is damaged");
}

static void take_socket(void *context, const struct nlmsghdr *nlh)
{
        struct flows *f = context;
        struct socket_message socket;
        int err;

        if (f->step >= N_QUESTIONS)
                return;
        err = sock_diag_parse(nlh, questions[f->step].protocol, &socket);
        if (err < 0)
                damaged(f);
        else if (err == 0)
                put_socket(f, &socket);
}

static void take_connection(void *context, const struct nlmsghdr *nlh)
{
        struct conntrack_message connection;
        int err = conntrack_parse(nlh, &connection);

        if (err < 0)
                damaged(context);
        else if (err == 0)
                put_connection(context, &connection);
}

static const struct dump_owner socket_owner = {
        .message = take_socket,
        .done = answered,
        .damaged = damaged,
};

static const struct dump_owner connection_owner = {
        .message = take_connection,
        .done = answered,
        .damaged = damaged,
};

/* ---- asked or not ---- */

static void set_timer(struct flows *f, uint32_t milliseconds, loop_expired *expired)
{
        struct loop *loop = f->base.loop;

        if (f->timer)
                loop->cancel(loop, f->timer);
        f->timer = loop->after(loop, milliseconds, expired, f);
}

/* Nobody asks: the table goes, some rows in each turn. */
static void empty_table(void *context)
{
        static const uint32_t first = 0;
        struct flows *f = context;
        const void *row;

        f->timer = NULL;
        for (int i = 0; i < ROWS_PER_TURN; i++) {
                row = table_next(f->table, &flow_type, &first, 1, false);
                if (!row)
                        return;
                table_remove(f->table, row, TABLE_LOST);
        }
        set_timer(f, 0, empty_table);
}

static void become_idle(struct flows *f)
{
        f->active = false;
        dump_close(&f->sockets);
        dump_close(&f->conntrack);
        f->base.row.state = COLLECTOR_IDLE;
        f->base.row.rows = 0;
        collector_tell(&f->base);
        empty_table(f);
}

static bool is_asked(struct flows *f)
{
        struct moment now;

        f->base.loop->now(f->base.loop, &now);
        return now.monotonic - f->last_asked <= (int64_t)f->config.idle * 1000;
}

static void begin_read(struct flows *f)
{
        int err = 0;

        if (f->step != IDLE)
                return;
        if (!dump_is_open(&f->sockets))
                err = dump_open(&f->sockets, NETLINK_SOCK_DIAG);
        if (err < 0) {
                collector_failed(&f->base, COLLECTOR_DOWN, "opening netlink failed: %s",
                                 strerror(-err));
                set_timer(f, RETRY, timer_expired);
                return;
        }
        enter_read(f);
        ask_next(f);
}

static void timer_expired(void *context)
{
        struct flows *f = context;

        f->timer = NULL;
        if (is_asked(f))
                begin_read(f);
        else
                become_idle(f);
}

void flows_asked(struct collector *c)
{
        struct flows *f = flows_of(c);
        struct moment now;

        if (f->config.replay || c->row.state == COLLECTOR_DISABLED)
                return;
        c->loop->now(c->loop, &now);
        f->last_asked = now.monotonic;
        if (f->active)
                return;
        f->active = true;
        set_timer(f, 0, timer_expired);
}

/* ---- a recording ---- */

static void replay_paused(void *context)
{
        struct flows *f = context;

        f->timer = NULL;
        end_read(f);
}

/* The streams of one read come in the order of the questions. */
static void replay(struct flows *f, size_t step, const void *octets, size_t length)
{
        struct dump *d = step == N_QUESTIONS - 1 ? &f->conntrack : &f->sockets;

        if (f->step == ENDING || (f->step < N_QUESTIONS && step < f->step)) {
                table_sweep_end(f->table, SIZE_MAX);
                f->step = IDLE;
        }
        if (f->step == IDLE)
                enter_read(f);
        f->step = step;
        dump_replay(d, questions[step].stream, octets, length);
        set_timer(f, REPLAY_PAUSE, replay_paused);
}

#define REPLAY(name, step)                                                                         \
        static void replay_##name(void *context, const void *octets, size_t length)                \
        {                                                                                          \
                replay(context, step, octets, length);                                             \
        }

REPLAY(tcp, 0)
REPLAY(udp, 2)
REPLAY(udplite, 4)
REPLAY(sctp, 6)
REPLAY(dccp, 8)
REPLAY(raw, 10)
REPLAY(conntrack, 12)

static int subscribe(struct flows *f)
{
        static const struct {
                const char *stream;
                replay_deliver *deliver;
        } streams[] = {
                { STREAM_TCP_SOCKETS, replay_tcp },         { STREAM_UDP_SOCKETS, replay_udp },
                { STREAM_UDPLITE_SOCKETS, replay_udplite }, { STREAM_SCTP_SOCKETS, replay_sctp },
                { STREAM_DCCP_SOCKETS, replay_dccp },       { STREAM_RAW_SOCKETS, replay_raw },
                { STREAM_CONNTRACK, replay_conntrack },
        };
        bool any = false;

        for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
                any = any || replay_has(f->config.replay, streams[i].stream);
                replay_subscribe(f->config.replay, streams[i].stream, streams[i].deliver, f);
        }
        if (!any)
                collector_absent(&f->base, "the recording has no flows");
        return 0;
}

/* ---- collector_ops ---- */

static int start(struct collector *c)
{
        struct flows *f = flows_of(c);

        if (f->config.replay)
                return subscribe(f);
        c->row.state = COLLECTOR_IDLE;
        collector_tell(c);
        return 0;
}

static void refresh(struct collector *c)
{
        struct flows *f = flows_of(c);

        if (f->active)
                begin_read(f);
}

static void stop(struct collector *c)
{
        struct flows *f = flows_of(c);

        table_sweep_abort(f->table);
        f->step = IDLE;
        f->active = false;
        c->loop->cancel(c->loop, f->timer);
        f->timer = NULL;
        dump_close(&f->sockets);
        dump_close(&f->conntrack);
}

static void release(struct collector *c)
{
        stop(c);
        free(c);
}

static const struct collector_ops ops = {
        .key = "flows",
        .name = "live flows",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = release,
};

struct collector *flows_new(struct loop *loop, struct store *store,
                            const struct flows_config *config)
{
        struct flows *f = calloc(1, sizeof(*f));
        struct utsname name;

        if (!f)
                return NULL;
        collector_init(&f->base, &ops, loop, store);
        f->table = store_table(store, &flow_type);
        f->interfaces = store_table(store, &interface_type);
        f->config = *config;
        f->step = IDLE;
        f->sockets = (struct dump){ .loop = loop,
                                    .recording = config->recording,
                                    .owner = &socket_owner,
                                    .context = f,
                                    .socket = NETLINK_CLOSED };
        f->conntrack = f->sockets;
        f->conntrack.owner = &connection_owner;
        if (!config->replay && uname(&name) == 0)
                snprintf(f->source_version, sizeof(f->source_version), "Linux %s", name.release);
        f->base.row.source_version = f->source_version;
        collector_tell(&f->base);
        return &f->base;
}

void flows_configure(struct collector *c, const struct flows_config *config)
{
        struct flows *f = flows_of(c);

        f->config.interval = config->interval;
        f->config.idle = config->idle;
        f->config.maximum = config->maximum;
}
