#include "xfrm.h"

#include "messages.h"
#include "netlink.h"
#include "xfrm_parse.h"
#include "xfrm_sas.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Milliseconds. */
#define RETRY_FIRST 1000 /* after a failure; doubled up to RETRY_LAST */
#define RETRY_LAST 60000
#define SETTLE 500  /* after events, until the kernel's count is asked for */
#define RECHECK 200 /* a count that differs is asked for again: events may be on their way */

/* New rows shown in one turn of the loop: a millisecond or two. */
#define ROWS_PER_TURN 1000

/* Events handled in one turn of the loop; a dump's datagram holds some 90 SAs. */
#define EVENTS_PER_TURN 64

enum phase {
        PHASE_IDLE,
        PHASE_DUMP,
        PHASE_END,   /* all is read; the new rows are shown, some in each turn */
        PHASE_COUNT, /* the answer to GETSADINFO is awaited */
};

struct xfrm {
        struct collector base;
        struct xfrm_config config;
        struct xfrm_sas sas;
        struct netlink events;
        struct netlink requests;
        enum phase phase;
        bool read_once;     /* a full read has ended well since the start */
        bool overrun;       /* events were lost; read anew when those that wait are handled */
        bool want_dump;     /* asked for while another was under way */
        int64_t begun;      /* microseconds: of the full read */
        uint32_t retry;     /* milliseconds until the next attempt */
        uint32_t strikes;   /* counts in a row that differed */
        int64_t difference; /* of the kernel's count from ours that a full read does not mend */
        int64_t mended;     /* the difference that the last resync was for */
        char source_version[80];
        struct loop_timer *redump_timer;
        struct loop_timer *check_timer;
        struct loop_timer *settle_timer;
};

static void begin_dump(struct xfrm *x);
static void ask_count(struct xfrm *x);
static int start(struct collector *c);
static void stop(struct collector *c);

static struct xfrm *xfrm_of(struct collector *c)
{
        return (struct xfrm *)c;
}

/* ---- timers ---- */

static void set_timer(struct xfrm *x, struct loop_timer **timer, uint32_t milliseconds,
                      loop_expired *expired)
{
        struct loop *loop = x->base.loop;

        if (*timer)
                loop->cancel(loop, *timer);
        *timer = loop->after(loop, milliseconds, expired, x);
}

static void clear_timer(struct xfrm *x, struct loop_timer **timer)
{
        x->base.loop->cancel(x->base.loop, *timer);
        *timer = NULL;
}

static void redump_expired(void *context)
{
        struct xfrm *x = context;

        x->redump_timer = NULL;
        begin_dump(x);
}

static void check_expired(void *context)
{
        struct xfrm *x = context;

        x->check_timer = NULL;
        set_timer(x, &x->check_timer, x->config.check_interval * 1000, check_expired);
        ask_count(x);
}

static void settle_expired(void *context)
{
        struct xfrm *x = context;

        x->settle_timer = NULL;
        ask_count(x);
}

static void retry_expired(void *context)
{
        struct xfrm *x = context;

        x->redump_timer = NULL;
        if (x->requests.fd >= 0)
                begin_dump(x);
        else
                start(&x->base);
}

static void retry_later(struct xfrm *x)
{
        set_timer(x, &x->redump_timer, x->retry, retry_expired);
        x->retry = x->retry < RETRY_LAST / 2 ? 2 * x->retry : RETRY_LAST;
}

/* ---- full reads ---- */

static void abort_dump(struct xfrm *x)
{
        if (x->phase == PHASE_DUMP || x->phase == PHASE_END)
                table_sweep_abort(x->sas.table);
        x->phase = PHASE_IDLE;
}

/* What the table has goes on being served; the next attempt comes by itself. */
static void dump_failed(struct xfrm *x, const char *what, int err)
{
        abort_dump(x);
        collector_failed(&x->base, x->read_once ? COLLECTOR_DEGRADED : COLLECTOR_DOWN, "%s: %s",
                         what, strerror(-err));
        retry_later(x);
}

static void enter_dump(struct xfrm *x)
{
        x->phase = PHASE_DUMP;
        x->begun = monotonic_us();
        x->base.row.polls++;
        table_sweep_begin(x->sas.table);
}

static void begin_dump(struct xfrm *x)
{
        static const struct xfrm_usersa_info all;
        int err;

        if (x->config.replay || x->requests.fd < 0)
                return;
        if (x->phase != PHASE_IDLE) {
                x->want_dump = true;
                return;
        }
        enter_dump(x);
        err = netlink_request(&x->requests, XFRM_MSG_GETSA, NLM_F_DUMP, &all, sizeof(all));
        if (err < 0)
                dump_failed(x, "asking the kernel for its SAs failed", err);
}

static void resync(struct xfrm *x)
{
        x->base.row.resyncs++;
        collector_tell(&x->base);
        begin_dump(x);
}

static void ask_count(struct xfrm *x)
{
        static const uint32_t flags;

        if (x->config.replay || x->requests.fd < 0 || x->phase != PHASE_IDLE)
                return;
        x->phase = PHASE_COUNT;
        if (netlink_request(&x->requests, XFRM_MSG_GETSADINFO, 0, &flags, sizeof(flags)) < 0)
                x->phase = PHASE_IDLE;
}

static void end_dump(void *context)
{
        struct xfrm *x = context;
        size_t rows = x->config.replay ? SIZE_MAX : ROWS_PER_TURN;

        x->phase = PHASE_END;
        x->redump_timer = NULL;
        if (!table_sweep_end(x->sas.table, rows)) {
                set_timer(x, &x->redump_timer, 0, end_dump);
                return;
        }
        x->phase = PHASE_IDLE;
        x->read_once = true;
        x->retry = RETRY_FIRST;
        collector_succeeded(&x->base, x->begun, (uint32_t)table_count(x->sas.table));
        if (x->config.replay)
                return;
        set_timer(x, &x->redump_timer, x->config.redump_interval * 1000, redump_expired);
        if (x->want_dump) {
                x->want_dump = false;
                begin_dump(x);
                return;
        }
        ask_count(x);
}

static void finish_dump(struct xfrm *x)
{
        clear_timer(x, &x->redump_timer);
        end_dump(x);
}

/*
 * The kernel's number of SAs beside ours. Events may be on their way, so it takes two counts that
 * differ to read anew; a difference that a full read did not mend is the kernel's own.
 */
static void compare_count(struct xfrm *x, uint32_t count)
{
        int64_t difference = (int64_t)count - (int64_t)table_count(x->sas.table);

        if (difference == 0)
                x->difference = x->mended = 0;
        if (difference == x->difference) {
                x->strikes = 0;
                return;
        }
        if (x->strikes++ == 0) {
                set_timer(x, &x->settle_timer, RECHECK, settle_expired);
                return;
        }
        x->strikes = 0;
        if (difference == x->mended) {
                x->difference = difference;
                return;
        }
        x->mended = difference;
        resync(x);
}

/* ---- messages ---- */

static void damaged(struct xfrm *x, uint16_t type)
{
        collector_failed(&x->base, x->base.row.state, "the kernel's message of type %u is damaged",
                         type);
}

static void finish_count(struct xfrm *x, const struct nlmsghdr *nlh)
{
        uint32_t count;

        if (x->phase == PHASE_COUNT)
                x->phase = PHASE_IDLE;
        if (xfrm_parse_sad_count(nlh, &count) < 0)
                damaged(x, nlh->nlmsg_type);
        else if (!x->config.replay)
                compare_count(x, count);
        if (x->want_dump) {
                x->want_dump = false;
                begin_dump(x);
        }
}

/* NLMSG_ERROR, or NLMSG_DONE with an error in it. */
static void handle_error(struct xfrm *x, const struct nlmsghdr *nlh)
{
        int err = -EBADMSG;

        if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
                memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
        if (err == 0)
                return;
        if (x->phase == PHASE_COUNT)
                x->phase = PHASE_IDLE;
        if (x->phase == PHASE_DUMP)
                dump_failed(x, "the kernel refused to tell its SAs", err < 0 ? err : -EBADMSG);
}

static void handle_done(struct xfrm *x, const struct nlmsghdr *nlh)
{
        int err = 0;

        if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
                memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
        if (x->phase != PHASE_DUMP)
                return;
        if (err < 0)
                dump_failed(x, "the kernel broke off telling its SAs", err);
        else
                finish_dump(x);
}

static void handle_answer(struct xfrm *x, const struct nlmsghdr *nlh)
{
        int err;

        if (!x->config.replay && nlh->nlmsg_seq != x->requests.sequence)
                return; /* the rest of a read that was given up */
        switch (nlh->nlmsg_type) {
        case NLMSG_ERROR:
                handle_error(x, nlh);
                return;
        case NLMSG_DONE:
                handle_done(x, nlh);
                return;
        case XFRM_MSG_NEWSADINFO:
                finish_count(x, nlh);
                return;
        default:
                break;
        }
        if (x->phase != PHASE_DUMP)
                return;
        err = xfrm_sas_apply(&x->sas, nlh, TABLE_FROM_DUMP);
        if (err == -EBADMSG)
                damaged(x, nlh->nlmsg_type);
        else if (err < 0)
                dump_failed(x, "keeping the SAs failed", err);
}

static void handle_event(struct xfrm *x, const struct nlmsghdr *nlh)
{
        int err = xfrm_sas_apply(&x->sas, nlh, TABLE_FROM_EVENT);

        x->base.row.events++;
        if (err == -EBADMSG)
                damaged(x, nlh->nlmsg_type);
        else if (err < 0)
                collector_failed(&x->base, COLLECTOR_DEGRADED, "keeping an SA failed: %s",
                                 strerror(-err));
        if (err != 0)
                resync(x);
        if (!x->settle_timer && !x->config.replay)
                set_timer(x, &x->settle_timer, SETTLE, settle_expired);
}

/* Calls handle for each whole message; what is left is damage. */
static void walk(struct xfrm *x, const void *octets, size_t length,
                 void (*handle)(struct xfrm *x, const struct nlmsghdr *nlh))
{
        struct messages messages = { (char *)(uintptr_t)octets, length };
        const struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages)))
                handle(x, nlh);
        if (messages.left > 0)
                damaged(x, 0);
}

/* Blanked before anything else sees them. What cannot be walked is blanked as a whole. */
static void blank_keys(void *octets, size_t length)
{
        struct messages messages = { octets, length };
        struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages)))
                if (xfrm_blank_keys(nlh) < 0)
                        explicit_bzero(mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload_len(nlh));
        explicit_bzero(messages.at, messages.left);
}

static const char *stream_of_answer(const void *octets, size_t length)
{
        const struct nlmsghdr *nlh = octets;

        return length >= sizeof(*nlh) && nlh->nlmsg_type == XFRM_MSG_NEWSADINFO ? STREAM_SAD_INFO
                                                                                : STREAM_SA_DUMP;
}

/* ---- the live kernel ---- */

/* One datagram for each turn of the loop, so that a long dump delays nobody. */
static void requests_ready(void *context, int fd)
{
        struct xfrm *x = context;
        ssize_t length = netlink_receive(&x->requests);

        (void)fd;
        if (length == -EAGAIN || length == 0)
                return;
        if (length < 0) {
                dump_failed(x, "reading the kernel's SAs failed", (int)length);
                return;
        }
        blank_keys(x->requests.buffer, (size_t)length);
        recording_write(x->config.recording, stream_of_answer(x->requests.buffer, (size_t)length),
                        x->requests.buffer, (size_t)length);
        walk(x, x->requests.buffer, (size_t)length, handle_answer);
        if (x->requests.buffer)
                netlink_wipe(&x->requests, (size_t)length);
}

/* Once the kernel has dropped one event it says no more of it until all that wait are read. */
static void resync_if_overrun(struct xfrm *x)
{
        if (!x->overrun)
                return;
        x->overrun = false;
        resync(x);
}

static void events_ready(void *context, int fd)
{
        struct xfrm *x = context;

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
                blank_keys(x->events.buffer, (size_t)length);
                recording_write(x->config.recording, STREAM_XFRM_EVENTS, x->events.buffer,
                                (size_t)length);
                walk(x, x->events.buffer, (size_t)length, handle_event);
                netlink_wipe(&x->events, (size_t)length);
        }
        x->base.row.rows = (uint32_t)table_count(x->sas.table);
        collector_tell(&x->base);
}

/* What makes and ends SAs. AEVENTS would come ten times a second for each busy SA. */
static int join_groups(struct xfrm *x)
{
        static const uint32_t groups[] = {
                XFRMNLGRP_SA,
                XFRMNLGRP_EXPIRE,
                XFRMNLGRP_ACQUIRE,
                XFRMNLGRP_MIGRATE,
        };

        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
                int err = netlink_join(&x->events, groups[i]);

                if (err < 0)
                        return err;
        }
        return 0;
}

static int open_sockets(struct xfrm *x)
{
        int err = netlink_open(&x->events, NETLINK_XFRM, x->config.receive_buffer);

        if (err == 0)
                err = join_groups(x);
        if (err == 0)
                err = netlink_open(&x->requests, NETLINK_XFRM, 0);
        if (err == 0)
                err = x->base.loop->watch(x->base.loop, x->events.fd, events_ready, x);
        if (err == 0)
                err = x->base.loop->watch(x->base.loop, x->requests.fd, requests_ready, x);
        return err;
}

static void close_socket(struct xfrm *x, struct netlink *nl)
{
        if (nl->fd >= 0)
                x->base.loop->unwatch(x->base.loop, nl->fd);
        netlink_close(nl);
}

static void not_opened(struct xfrm *x, int err)
{
        switch (err) {
        case -EPROTONOSUPPORT:
        case -EAFNOSUPPORT:
                collector_failed(&x->base, COLLECTOR_UNSUPPORTED,
                                 "this kernel has no XFRM (is the module xfrm_user loaded?)");
                break;
        case -EPERM:
        case -EACCES:
                collector_failed(&x->base, COLLECTOR_DOWN,
                                 "reading the kernel's SAs needs the capability CAP_NET_ADMIN");
                break;
        default:
                collector_failed(&x->base, COLLECTOR_DOWN, "opening netlink failed: %s",
                                 strerror(-err));
                break;
        }
}

/* ---- a recording ---- */

static void replay_answer(void *context, const void *octets, size_t length)
{
        struct xfrm *x = context;

        if (x->phase == PHASE_IDLE && strcmp(stream_of_answer(octets, length), STREAM_SA_DUMP) == 0)
                enter_dump(x);
        walk(x, octets, length, handle_answer);
}

static void replay_event(void *context, const void *octets, size_t length)
{
        struct xfrm *x = context;

        walk(x, octets, length, handle_event);
        x->base.row.rows = (uint32_t)table_count(x->sas.table);
        collector_tell(&x->base);
}

static int subscribe(struct xfrm *x)
{
        struct replay *replay = x->config.replay;

        replay_subscribe(replay, STREAM_SA_DUMP, replay_answer, x);
        replay_subscribe(replay, STREAM_SAD_INFO, replay_answer, x);
        return replay_subscribe(replay, STREAM_XFRM_EVENTS, replay_event, x);
}

/* ---- collector_ops ---- */

static int start(struct collector *c)
{
        struct xfrm *x = xfrm_of(c);
        int err;

        if (x->config.replay)
                return subscribe(x);
        err = open_sockets(x);
        if (err < 0) {
                stop(c);
                not_opened(x, err);
                retry_later(x);
                return err == -ENOMEM ? err : 0;
        }
        set_timer(x, &x->check_timer, x->config.check_interval * 1000, check_expired);
        begin_dump(x);
        return 0;
}

static void refresh(struct collector *c)
{
        begin_dump(xfrm_of(c));
}

static void stop(struct collector *c)
{
        struct xfrm *x = xfrm_of(c);

        abort_dump(x);
        x->overrun = x->want_dump = false;
        clear_timer(x, &x->redump_timer);
        clear_timer(x, &x->check_timer);
        clear_timer(x, &x->settle_timer);
        close_socket(x, &x->events);
        close_socket(x, &x->requests);
}

static void release(struct collector *c)
{
        stop(c);
        free(c);
}

static const struct collector_ops ops = {
        .key = "xfrm",
        .name = "kernel XFRM state",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = release,
};

struct collector *xfrm_new(struct loop *loop, struct store *store, const struct xfrm_config *config)
{
        struct xfrm *x = calloc(1, sizeof(*x));
        struct utsname name;

        if (!x)
                return NULL;
        collector_init(&x->base, &ops, loop, store);
        xfrm_sas_init(&x->sas, loop, store);
        x->config = *config;
        x->events.fd = x->requests.fd = -1;
        x->retry = RETRY_FIRST;
        if (!config->replay && uname(&name) == 0)
                snprintf(x->source_version, sizeof(x->source_version), "Linux %s", name.release);
        x->base.row.source_version = x->source_version;
        collector_tell(&x->base);
        return &x->base;
}

void xfrm_configure(struct collector *c, const struct xfrm_config *config)
{
        struct xfrm *x = xfrm_of(c);

        x->config.redump_interval = config->redump_interval;
        x->config.check_interval = config->check_interval;
        x->config.receive_buffer = config->receive_buffer;
        if (x->check_timer)
                set_timer(x, &x->check_timer, x->config.check_interval * 1000, check_expired);
        if (x->redump_timer && x->read_once)
                set_timer(x, &x->redump_timer, x->config.redump_interval * 1000, redump_expired);
}
