#include "interfaces.h"

#include "links.h"
#include "messages.h"
#include "netlink.h"
#include "tables/interface.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

/* Milliseconds. */
#define RETRY_FIRST 1000 /* after a failure; doubled up to RETRY_LAST */
#define RETRY_LAST 60000
#define AGAIN 100 /* after a read that changes came between */

/* Reads in a row that are taken back because changes came between; then one counts all the same. */
#define AGAIN_MOST 10

#define EVENTS_PER_TURN 64

enum phase {
        PHASE_IDLE,
        PHASE_LINKS,
        PHASE_ADDRESSES,
};

struct interfaces {
        struct collector base;
        struct interfaces_config config;
        struct links links;
        struct netlink events;
        struct netlink requests;
        enum phase phase;
        bool read_once;   /* a full read has ended well since the start */
        bool overrun;     /* events were lost; read anew when those that wait are handled */
        bool want_read;   /* asked for while another was under way */
        bool interrupted; /* the kernel says that changes came between: some may be missing */
        uint32_t again;   /* interrupted reads in a row */
        int64_t begun;    /* microseconds: of the full read */
        uint32_t retry;   /* milliseconds until the next attempt */
        char source_version[80];
        char recorded[256]; /* the settings for all interfaces, as they were recorded last */
        struct loop_timer *timer;
};

static void begin_read(struct interfaces *x);
static int start(struct collector *c);
static void stop(struct collector *c);

static struct interfaces *interfaces_of(struct collector *c)
{
        return (struct interfaces *)c;
}

/* ---- the settings for all interfaces, of which netlink does not tell ---- */

/* A setting and its place in struct all_conf. */
struct setting {
        const char *name;
        size_t offset;
};

static const struct setting settings[] = {
        { "net.ipv4.conf.all.disable_xfrm", offsetof(struct all_conf, disable_xfrm) },
        { "net.ipv4.conf.all.disable_policy", offsetof(struct all_conf, disable_policy) },
        { "net.ipv6.conf.all.disable_policy", offsetof(struct all_conf, disable_policy6) },
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Before Linux 5.11 nothing but the interface's own settings counted. */
static bool all_counts(void)
{
        struct utsname name;
        unsigned int major = 0, minor = 0;

        return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
               (major > 5 || (major == 5 && minor >= 11));
}

/* The sysctl's file; what /proc/sys/net shows is of the reader's own network namespace. */
static bool read_setting(const char *name)
{
        char path[96];
        int value = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/sys/%s", name);
        for (char *dot = strchr(path, '.'); dot; dot = strchr(dot, '.'))
                *dot = '/';
        file = fopen(path, "re");
        if (!file)
                return false;
        if (fscanf(file, "%d", &value) != 1)
                value = 0;
        fclose(file);
        return value != 0;
}

static bool *member_of(struct all_conf *all, const struct setting *setting)
{
        return (bool *)((char *)all + setting->offset);
}

static void record_settings(struct interfaces *x, struct all_conf *all)
{
        char text[sizeof(x->recorded)];
        size_t length = 0;

        for (size_t i = 0; i < N_SETTINGS; i++)
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s=%d\n",
                                           settings[i].name, *member_of(all, &settings[i]));
        if (strcmp(text, x->recorded) == 0)
                return;
        memcpy(x->recorded, text, length + 1);
        recording_write(x->config.recording, STREAM_SYSCTL, text, length);
}

static void failed_to_keep(struct interfaces *x, int err)
{
        collector_failed(&x->base, COLLECTOR_DEGRADED, "keeping an interface failed: %s",
                         strerror(-err));
}

static void read_settings(struct interfaces *x)
{
        struct all_conf all = { 0 };
        int err;

        for (size_t i = 0; i < N_SETTINGS && all_counts(); i++)
                *member_of(&all, &settings[i]) = read_setting(settings[i].name);
        if (x->config.recording)
                record_settings(x, &all);
        err = links_set_all(&x->links, &all);
        if (err < 0)
                failed_to_keep(x, err);
}

/* Lines "NAME=NUMBER", as record_settings() and sysctl(8) write them. */
static void replay_settings(void *context, const void *octets, size_t length)
{
        struct interfaces *x = context;
        struct all_conf all = { 0 };
        char text[4096];

        if (length >= sizeof(text))
                length = sizeof(text) - 1;
        memcpy(text, octets, length);
        text[length] = '\0';
        for (size_t i = 0; i < N_SETTINGS; i++) {
                const char *at = strstr(text, settings[i].name);

                if (at && at[strlen(settings[i].name)] == '=')
                        *member_of(&all, &settings[i]) =
                                atoi(at + strlen(settings[i].name) + 1) != 0;
        }
        if (links_set_all(&x->links, &all) < 0)
                failed_to_keep(x, -ENOMEM);
}

/* ---- timers ---- */

static void set_timer(struct interfaces *x, uint32_t milliseconds, loop_expired *expired)
{
        struct loop *loop = x->base.loop;

        if (x->timer)
                loop->cancel(loop, x->timer);
        x->timer = loop->after(loop, milliseconds, expired, x);
}

static void timer_expired(void *context)
{
        struct interfaces *x = context;

        x->timer = NULL;
        if (x->requests.fd >= 0)
                begin_read(x);
        else
                start(&x->base);
}

static void retry_later(struct interfaces *x)
{
        set_timer(x, x->retry, timer_expired);
        x->retry = x->retry < RETRY_LAST / 2 ? 2 * x->retry : RETRY_LAST;
}

/* ---- full reads ---- */

static void abort_read(struct interfaces *x)
{
        if (x->phase != PHASE_IDLE)
                links_sweep_abort(&x->links);
        x->phase = PHASE_IDLE;
}

/* What the table has goes on being served; the next attempt comes by itself. */
static void read_failed(struct interfaces *x, const char *what, int err)
{
        abort_read(x);
        collector_failed(&x->base, x->read_once ? COLLECTOR_DEGRADED : COLLECTOR_DOWN, "%s: %s",
                         what, strerror(-err));
        retry_later(x);
}

static void enter_read(struct interfaces *x)
{
        x->phase = PHASE_LINKS;
        x->interrupted = false;
        x->begun = monotonic_us();
        x->base.row.polls++;
        links_sweep_begin(&x->links);
}

/* Statistics are most of what the kernel tells of a link, and nobody wants them here. */
static int ask_for_links(struct interfaces *x)
{
        struct {
                struct ifinfomsg header;
                struct nlattr attr;
                uint32_t mask;
        } all = {
                .header = { .ifi_family = AF_UNSPEC },
                .attr = { .nla_len = sizeof(all.attr) + sizeof(all.mask),
                          .nla_type = IFLA_EXT_MASK },
                .mask = RTEXT_FILTER_SKIP_STATS,
        };

        return netlink_request(&x->requests, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
}

static int ask_for_addresses(struct interfaces *x)
{
        static const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };

        return netlink_request(&x->requests, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
}

static void begin_read(struct interfaces *x)
{
        int err;

        if (x->config.replay || x->requests.fd < 0)
                return;
        if (x->phase != PHASE_IDLE) {
                x->want_read = true;
                return;
        }
        read_settings(x);
        enter_read(x);
        err = ask_for_links(x);
        if (err < 0)
                read_failed(x, "asking the kernel for its interfaces failed", err);
}

static void resync(struct interfaces *x)
{
        x->base.row.resyncs++;
        collector_tell(&x->base);
        begin_read(x);
}

/* Some may be missing in a read that changes came between: nothing may go by it. */
static bool take_back(struct interfaces *x)
{
        if (!x->interrupted || x->config.replay || x->again++ >= AGAIN_MOST)
                return false;
        abort_read(x);
        x->base.row.resyncs++;
        collector_tell(&x->base);
        set_timer(x, AGAIN, timer_expired);
        return true;
}

static void finish_read(struct interfaces *x)
{
        if (take_back(x))
                return;
        links_sweep_end(&x->links);
        x->phase = PHASE_IDLE;
        x->read_once = true;
        x->retry = RETRY_FIRST;
        x->again = 0;
        collector_succeeded(&x->base, x->begun, (uint32_t)table_count(x->links.table));
        if (x->config.replay)
                return;
        set_timer(x, x->config.interval * 1000, timer_expired);
        if (x->want_read) {
                x->want_read = false;
                begin_read(x);
        }
}

static void finish_links(struct interfaces *x)
{
        int err;

        x->phase = PHASE_ADDRESSES;
        if (x->config.replay)
                return;
        err = ask_for_addresses(x);
        if (err < 0)
                read_failed(x, "asking the kernel for its addresses failed", err);
}

/* ---- messages ---- */

static void damaged(struct interfaces *x, uint16_t type)
{
        collector_failed(&x->base, x->base.row.state, "the kernel's message of type %u is damaged",
                         type);
}

/* The errno in NLMSG_ERROR and NLMSG_DONE; without one, what is said when there is none. */
static int error_in(const struct nlmsghdr *nlh, int without)
{
        int err;

        if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(err))
                return without;
        memcpy(&err, (const char *)nlh + NLMSG_HDRLEN, sizeof(err));
        return err > 0 ? -EBADMSG : err;
}

static void handle_done(struct interfaces *x, int err)
{
        if (err < 0)
                read_failed(x, "the kernel broke off telling its interfaces", err);
        else if (x->phase == PHASE_LINKS)
                finish_links(x);
        else
                finish_read(x);
}

static void handle_answer(struct interfaces *x, const struct nlmsghdr *nlh)
{
        int err;

        if (!x->config.replay && nlh->nlmsg_seq != x->requests.sequence)
                return; /* the rest of a read that was given up */
        if (x->phase == PHASE_IDLE)
                return;
        if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
                x->interrupted = true;
        switch (nlh->nlmsg_type) {
        case NLMSG_ERROR:
                err = error_in(nlh, -EBADMSG);
                if (err < 0)
                        read_failed(x, "the kernel refused to tell its interfaces", err);
                return;
        case NLMSG_DONE:
                handle_done(x, error_in(nlh, 0));
                return;
        default:
                break;
        }
        err = links_apply(&x->links, nlh, TABLE_FROM_DUMP);
        if (err == -EBADMSG)
                damaged(x, nlh->nlmsg_type);
        else if (err < 0)
                read_failed(x, "keeping the interfaces failed", err);
}

static void handle_event(struct interfaces *x, const struct nlmsghdr *nlh)
{
        int err = links_apply(&x->links, nlh, TABLE_FROM_EVENT);

        x->base.row.events++;
        if (err == -EBADMSG)
                damaged(x, nlh->nlmsg_type);
        else if (err < 0)
                failed_to_keep(x, err);
        if (err < 0)
                resync(x);
}

/* Calls handle for each whole message; what is left is damage. */
static void walk(struct interfaces *x, const void *octets, size_t length,
                 void (*handle)(struct interfaces *x, const struct nlmsghdr *nlh))
{
        struct messages messages = { (char *)(uintptr_t)octets, length };
        const struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages)))
                handle(x, nlh);
        if (messages.left > 0)
                damaged(x, 0);
}

static void tell_rows(struct interfaces *x)
{
        x->base.row.rows = (uint32_t)table_count(x->links.table);
        collector_tell(&x->base);
}

/* ---- the live kernel ---- */

/* One datagram for each turn of the loop, so that a long dump delays nobody. */
static void requests_ready(void *context, int fd)
{
        struct interfaces *x = context;
        const char *stream = x->phase == PHASE_ADDRESSES ? STREAM_ADDRESS_DUMP : STREAM_LINK_DUMP;
        ssize_t length = netlink_receive(&x->requests);

        (void)fd;
        if (length == -EAGAIN || length == 0)
                return;
        if (length < 0) {
                read_failed(x, "reading the kernel's interfaces failed", (int)length);
                return;
        }
        if (x->phase != PHASE_IDLE)
                recording_write(x->config.recording, stream, x->requests.buffer, (size_t)length);
        walk(x, x->requests.buffer, (size_t)length, handle_answer);
}

/* Once the kernel has dropped one event it says no more of it until all that wait are read. */
static void resync_if_overrun(struct interfaces *x)
{
        if (!x->overrun)
                return;
        x->overrun = false;
        resync(x);
}

static void events_ready(void *context, int fd)
{
        struct interfaces *x = context;

        (void)fd;
        for (int i = 0; i < EVENTS_PER_TURN; i++) {
                ssize_t length = netlink_receive(&x->events);

                if (length == -EAGAIN) {
                        resync_if_overrun(x);
                        break;
                }
                if (length == -ENOBUFS || length == -EMSGSIZE) {
                        x->base.row.overruns++;
                        x->overrun = true;
                        continue;
                }
                if (length < 0) {
                        collector_failed(&x->base, COLLECTOR_DEGRADED, "reading events failed: %s",
                                         strerror((int)-length));
                        x->overrun = true;
                        break;
                }
                recording_write(x->config.recording, STREAM_ROUTE_EVENTS, x->events.buffer,
                                (size_t)length);
                walk(x, x->events.buffer, (size_t)length, handle_event);
        }
        tell_rows(x);
}

static int join_groups(struct interfaces *x)
{
        static const uint32_t groups[] = {
                RTNLGRP_LINK,
                RTNLGRP_IPV4_IFADDR,
                RTNLGRP_IPV6_IFADDR,
        };

        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
                int err = netlink_join(&x->events, groups[i]);

                if (err < 0)
                        return err;
        }
        return 0;
}

static int open_sockets(struct interfaces *x)
{
        struct loop *loop = x->base.loop;
        int err = netlink_open(&x->events, NETLINK_ROUTE, x->config.receive_buffer);

        if (err == 0)
                err = join_groups(x);
        if (err == 0)
                err = netlink_open(&x->requests, NETLINK_ROUTE, 0);
        if (err == 0)
                err = loop->watch(loop, x->events.fd, events_ready, x);
        if (err == 0)
                err = loop->watch(loop, x->requests.fd, requests_ready, x);
        return err;
}

static void close_socket(struct interfaces *x, struct netlink *nl)
{
        if (nl->fd >= 0)
                x->base.loop->unwatch(x->base.loop, nl->fd);
        netlink_close(nl);
}

/* ---- a recording ---- */

static void replay_answer(struct interfaces *x, enum phase phase, const void *octets, size_t length)
{
        if (x->phase == PHASE_ADDRESSES && phase == PHASE_LINKS)
                abort_read(x); /* recorded when a read was given up */
        if (x->phase == PHASE_IDLE && phase == PHASE_LINKS)
                enter_read(x);
        if (x->phase == phase)
                walk(x, octets, length, handle_answer);
}

static void replay_links(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_LINKS, octets, length);
}

static void replay_addresses(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_ADDRESSES, octets, length);
}

static void replay_event(void *context, const void *octets, size_t length)
{
        struct interfaces *x = context;

        walk(x, octets, length, handle_event);
        tell_rows(x);
}

static int subscribe(struct interfaces *x)
{
        struct replay *replay = x->config.replay;

        if (!replay_has(replay, STREAM_LINK_DUMP))
                collector_absent(&x->base, "the recording has no interfaces");
        replay_subscribe(replay, STREAM_SYSCTL, replay_settings, x);
        replay_subscribe(replay, STREAM_LINK_DUMP, replay_links, x);
        replay_subscribe(replay, STREAM_ADDRESS_DUMP, replay_addresses, x);
        return replay_subscribe(replay, STREAM_ROUTE_EVENTS, replay_event, x);
}

/* ---- collector_ops ---- */

static int start(struct collector *c)
{
        struct interfaces *x = interfaces_of(c);
        int err;

        if (x->config.replay)
                return subscribe(x);
        err = open_sockets(x);
        if (err < 0) {
                stop(c);
                collector_failed(c, COLLECTOR_DOWN, "opening netlink failed: %s", strerror(-err));
                retry_later(x);
                return err == -ENOMEM ? err : 0;
        }
        begin_read(x);
        return 0;
}

static void refresh(struct collector *c)
{
        begin_read(interfaces_of(c));
}

static void stop(struct collector *c)
{
        struct interfaces *x = interfaces_of(c);

        abort_read(x);
        x->overrun = x->want_read = false;
        c->loop->cancel(c->loop, x->timer);
        x->timer = NULL;
        close_socket(x, &x->events);
        close_socket(x, &x->requests);
}

static void release(struct collector *c)
{
        struct interfaces *x = interfaces_of(c);

        stop(c);
        links_free(&x->links);
        free(x);
}

static const struct collector_ops ops = {
        .key = "interfaces",
        .name = "kernel network interfaces",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = release,
};

struct collector *interfaces_new(struct loop *loop, struct store *store,
                                 const struct interfaces_config *config)
{
        struct interfaces *x = calloc(1, sizeof(*x));
        struct utsname name;

        if (!x)
                return NULL;
        collector_init(&x->base, &ops, loop, store);
        links_init(&x->links, store);
        x->config = *config;
        x->events.fd = x->requests.fd = -1;
        x->retry = RETRY_FIRST;
        if (!config->replay && uname(&name) == 0)
                snprintf(x->source_version, sizeof(x->source_version), "Linux %s", name.release);
        x->base.row.source_version = x->source_version;
        collector_tell(&x->base);
        return &x->base;
}

void interfaces_configure(struct collector *c, const struct interfaces_config *config)
{
        struct interfaces *x = interfaces_of(c);

        x->config.interval = config->interval;
        x->config.receive_buffer = config->receive_buffer;
        if (x->timer && x->read_once && x->phase == PHASE_IDLE && x->requests.fd >= 0)
                set_timer(x, x->config.interval * 1000, timer_expired);
}
