#include "audit.h"

#include "audit_parse.h"
#include "flood.h"
#include "netlink.h"
#include "tables/occurrence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Datagrams in one turn of the loop. */
#define DATAGRAMS_PER_TURN 64

/* Octets that the kernel may keep for us: some thousand records. */
#define SOCKET_BUFFER (1u << 20)

/* Milliseconds until a source that failed is tried again. */
#define RETRY 60000

/* Files of the network's settings: every namespace has one, the other only the initial one. */
#define FILE_OF_ALL "/proc/sys/net/core/somaxconn"
#define FILE_OF_INITIAL "/proc/sys/net/core/netdev_budget"

/* What is told of one operation. */
struct limit {
        struct audit *audit;
        struct flood flood;
        struct audit_message last; /* that was counted only */
        struct loop_timer *timer;
};

struct audit {
        struct collector base;
        struct audit_config config;
        struct table *occurrences;
        struct netlink netlink;
        struct loop_timer *retry;
        struct limit limits[AUDIT_OPERATIONS];
        char source_version[80];
};

static struct audit *audit_of(struct collector *c)
{
        return (struct audit *)c;
}

/* ---- what is worth telling ---- */

static const char *const sentences[AUDIT_OPERATIONS] = {
        [AUDIT_OTHER] = "IPsec refused what was asked for",
        [AUDIT_SA_ADDED] = "an SA could not be added",
        [AUDIT_SA_REMOVED] = "an SA could not be removed",
        [AUDIT_POLICY_ADDED] = "a policy could not be added",
        [AUDIT_POLICY_REMOVED] = "a policy could not be removed",
        [AUDIT_PACKET_WITHOUT_SA] = "a packet came for an SA that is not there",
        [AUDIT_INTEGRITY_FAILURE] = "a packet failed its integrity check",
        [AUDIT_PACKET_REPLAYED] = "a packet came a second time, or too late",
        [AUDIT_NUMBERS_EXHAUSTED] = "an SA has used up its sequence numbers",
};

static bool is_of_packet(enum audit_operation operation)
{
        return operation >= AUDIT_PACKET_WITHOUT_SA;
}

/* These are told one by one: joins count them, and set them against the kernel's counters. */
static enum event_kind kind_of(enum audit_operation operation)
{
        switch (operation) {
        case AUDIT_PACKET_WITHOUT_SA:
                return EVENT_PACKET_WITHOUT_SA;
        case AUDIT_INTEGRITY_FAILURE:
                return EVENT_INTEGRITY_FAILURES;
        case AUDIT_PACKET_REPLAYED:
                return EVENT_REPLAY_FAILURES;
        default:
                return EVENT_AUDIT_RECORD;
        }
}

static bool is_worth_telling(const struct audit_message *m)
{
        return m->failed || is_of_packet(m->operation);
}

/* As the record has them: a network with its prefix. */
static void write_address(const struct inet_addr *address, char text[INET_ADDR_TEXT_SIZE])
{
        if (address->prefix > 0)
                inet_addr_prefix_text(address, text);
        else
                inet_addr_text(address, text);
}

/* Of values alone: what a record holds beside them may be anything. */
static void write_text(const struct audit_message *m, uint32_t count, char text[256])
{
        char source[INET_ADDR_TEXT_SIZE], destination[INET_ADDR_TEXT_SIZE];
        char times[48] = "", spi[24] = "";

        write_address(&m->source, source);
        write_address(&m->destination, destination);
        if (count > 1)
                snprintf(times, sizeof(times), ", %u times more; the last", count);
        if (m->spi != 0)
                snprintf(spi, sizeof(spi), ", SPI 0x%x", m->spi);
        snprintf(text, 256, "%s%s: from %s to %s%s (audit record %s)", sentences[m->operation],
                 times, source, destination, spi, m->id);
}

static void set_ends(struct occurrence *o, const struct audit_message *m)
{
        bool sent = m->operation == AUDIT_NUMBERS_EXHAUSTED;

        if (!is_of_packet(m->operation))
                return;
        o->local = sent ? m->source : m->destination;
        o->remote = sent ? m->destination : m->source;
}

static void tell(struct audit *a, const struct audit_message *m, uint32_t count)
{
        bool of_policy = m->operation == AUDIT_POLICY_ADDED || m->operation == AUDIT_POLICY_REMOVED;
        struct occurrence o;
        char text[256];

        memset(&o, 0, sizeof(o));
        o.kind = (uint8_t)kind_of(m->operation);
        o.entity = of_policy ? ENTITY_POLICY : ENTITY_KERNEL;
        o.spi = m->spi;
        o.count = count > 1 ? count : 0;
        set_ends(&o, m);
        write_text(m, count, text);
        o.text = text;
        if (occurrence_tell(a->occurrences, &o) < 0)
                a->base.row.failures++;
}

/* ---- floods ---- */

static void pause_over(void *context);

static void set_pause(struct limit *l)
{
        struct loop *loop = l->audit->base.loop;

        l->timer = loop->after(loop, l->flood.pause, pause_over, l);
}

static void pause_over(void *context)
{
        struct limit *l = context;
        uint32_t held = flood_take(&l->flood);

        l->timer = NULL;
        if (held == 0)
                return;
        tell(l->audit, &l->last, held);
        set_pause(l);
}

static void take(struct audit *a, const struct audit_message *m)
{
        struct limit *l = &a->limits[m->operation];
        struct moment now;

        if (!is_worth_telling(m))
                return;
        a->base.loop->now(a->base.loop, &now);
        if (kind_of(m->operation) != EVENT_AUDIT_RECORD || flood_allows(&l->flood, now.monotonic)) {
                tell(a, m, 1);
                return;
        }
        l->last = *m;
        if (!l->timer)
                set_pause(l);
}

/* ---- messages ---- */

static void note_record(struct audit *a)
{
        struct moment now;

        a->base.loop->now(a->base.loop, &now);
        a->base.row.last_success = now.wall;
        if (a->base.row.state == COLLECTOR_IDLE)
                a->base.last_error[0] = '\0'; /* it was no failure */
        a->base.row.state = COLLECTOR_UP;
}

/* A datagram is one message. What its header says of its length differs between kernels. */
static void take_datagram(struct audit *a, const char *octets, size_t length)
{
        struct audit_message m;
        struct nlmsghdr header;

        if (length < sizeof(header))
                return;
        memcpy(&header, octets, sizeof(header));
        if (header.nlmsg_type != AUDIT_MAC_IPSEC_EVENT)
                return;
        a->base.row.events++;
        octets += sizeof(header);
        if (audit_parse(octets, strnlen(octets, length - sizeof(header)), &m) < 0) {
                collector_failed(&a->base, COLLECTOR_DEGRADED, "a record is not as expected");
                return;
        }
        note_record(a);
        take(a, &m);
}

/* The header's length made right: a recording is cut by it. */
static void record(struct audit *a, char *octets, size_t length)
{
        struct nlmsghdr header;

        if (!a->config.recording || length < sizeof(header))
                return;
        memcpy(&header, octets, sizeof(header));
        header.nlmsg_len = (uint32_t)length;
        memcpy(octets, &header, sizeof(header));
        if (header.nlmsg_type == AUDIT_MAC_IPSEC_EVENT)
                recording_write(a->config.recording, STREAM_AUDIT, octets, length);
}

static void ready(void *context, int fd)
{
        struct audit *a = context;
        ssize_t length = 0;

        (void)fd;
        for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
                length = netlink_receive(&a->netlink);
                if (length == -EAGAIN)
                        break;
                if (length > 0) {
                        record(a, a->netlink.buffer, (size_t)length);
                        take_datagram(a, a->netlink.buffer, (size_t)length);
                        netlink_wipe(&a->netlink, (size_t)length);
                } else if (length == -ENOBUFS) {
                        a->base.row.overruns++;
                } else if (length < 0) {
                        a->base.row.failures++;
                }
        }
        collector_tell(&a->base);
}

static void replayed(void *context, const void *octets, size_t length)
{
        struct audit *a = context;
        const char *at = octets;

        while (length >= sizeof(struct nlmsghdr)) {
                struct nlmsghdr header;
                size_t step;

                memcpy(&header, at, sizeof(header));
                step = NLMSG_ALIGN((size_t)header.nlmsg_len);
                if (header.nlmsg_len < sizeof(header) || step > length)
                        step = length;
                take_datagram(a, at, header.nlmsg_len < step ? header.nlmsg_len : step);
                at += step;
                length -= step;
        }
        collector_tell(&a->base);
}

/* ---- the live kernel ---- */

/*
 * The audit tells of all that happens, command lines with keys among it: what is not of IPsec never
 * comes here. The filter sees octets in network order.
 */
static int attach_filter(const struct netlink *nl)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(AUDIT_MAC_IPSEC_EVENT), 0, 1),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
                BPF_STMT(BPF_RET | BPF_K, 0),
        };
        struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

        if (setsockopt(nl->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
                return -errno;
        return 0;
}

/* Elsewhere the group can be joined, and nothing is ever told. */
static bool is_initial_namespace(void)
{
        return access(FILE_OF_ALL, F_OK) < 0 || access(FILE_OF_INITIAL, F_OK) == 0;
}

static void retry_open(void *context);

static void tell_absence(struct audit *a, int err)
{
        struct loop *loop = a->base.loop;

        if (err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT) {
                collector_absent(&a->base, "this kernel has no audit");
        } else if (err == -EPERM || err == -ECONNREFUSED) {
                collector_absent(&a->base,
                                 "reading the kernel's audit needs the capability CAP_AUDIT_READ");
        } else {
                collector_failed(&a->base, COLLECTOR_DOWN,
                                 "listening to the kernel's audit failed: %s", strerror(-err));
                a->retry = loop->after(loop, RETRY, retry_open, a);
        }
}

static void open_live(struct audit *a)
{
        struct loop *loop = a->base.loop;
        int err;

        if (!is_initial_namespace()) {
                collector_absent(
                        &a->base,
                        "the kernel tells its audit in the initial network namespace only");
                return;
        }
        err = netlink_open(&a->netlink, NETLINK_AUDIT, SOCKET_BUFFER);
        if (err == 0)
                err = attach_filter(&a->netlink);
        if (err == 0)
                err = netlink_join(&a->netlink, AUDIT_NLGRP_READLOG);
        if (err == 0)
                err = loop->watch(loop, a->netlink.fd, ready, a);
        if (err < 0) {
                netlink_close(&a->netlink);
                tell_absence(a, err);
                return;
        }
        a->base.row.state = COLLECTOR_IDLE;
        snprintf(a->base.last_error, sizeof(a->base.last_error),
                 "no record of IPsec so far; there is none while audit is off");
        collector_tell(&a->base);
}

static void retry_open(void *context)
{
        struct audit *a = context;

        a->retry = NULL;
        open_live(a);
}

/* ---- collector_ops ---- */

static int start(struct collector *c)
{
        struct audit *a = audit_of(c);

        if (!a->config.replay) {
                open_live(a);
                return 0;
        }
        if (!replay_has(a->config.replay, STREAM_AUDIT)) {
                collector_absent(c, "the recording has no audit");
        } else {
                c->row.state = COLLECTOR_IDLE;
                collector_tell(c);
        }
        return replay_subscribe(a->config.replay, STREAM_AUDIT, replayed, a);
}

/* There is nothing to be read: the kernel tells by itself. */
static void refresh(struct collector *c)
{
        (void)c;
}

static void stop(struct collector *c)
{
        struct audit *a = audit_of(c);

        if (a->netlink.fd >= 0)
                c->loop->unwatch(c->loop, a->netlink.fd);
        netlink_close(&a->netlink);
        c->loop->cancel(c->loop, a->retry);
        a->retry = NULL;
        for (size_t i = 0; i < AUDIT_OPERATIONS; i++) {
                c->loop->cancel(c->loop, a->limits[i].timer);
                a->limits[i].timer = NULL;
        }
}

static void release(struct collector *c)
{
        stop(c);
        free(c);
}

static const struct collector_ops ops = {
        .key = "audit",
        .name = "kernel audit of IPsec",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = release,
};

struct collector *audit_new(struct loop *loop, struct store *store,
                            const struct audit_config *config)
{
        struct audit *a = calloc(1, sizeof(*a));
        struct utsname name;

        if (!a)
                return NULL;
        collector_init(&a->base, &ops, loop, store);
        a->config = *config;
        a->occurrences = store_table(store, &occurrence_type);
        a->netlink = (struct netlink)NETLINK_CLOSED;
        for (size_t i = 0; i < AUDIT_OPERATIONS; i++) {
                a->limits[i].audit = a;
                flood_init(&a->limits[i].flood);
        }
        if (!config->replay && uname(&name) == 0)
                snprintf(a->source_version, sizeof(a->source_version), "Linux %s", name.release);
        a->base.row.source_version = a->source_version;
        collector_tell(&a->base);
        return &a->base;
}
