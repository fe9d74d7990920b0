#include "xfrm.h"

#include "count_check.h"
#include "full_read.h"
#include "messages.h"
#include "xfrm_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Milliseconds. */
#define RETRY_FIRST 1000 /* after a failure; doubled up to RETRY_LAST */
#define RETRY_LAST 60000
#define SETTLE 500  /* after events, until the kernel's count is asked for */
#define RECHECK 200 /* a count that differs is asked for again: events may be on their way */

/* Events handled in one turn of the loop; a dump's datagram holds some 90 SAs. */
#define EVENTS_PER_TURN 64

struct xfrm {
        struct collector base;
        struct xfrm_config config;
        struct xfrm_sas sas;
        struct xfrm_policies policies;
        struct netlink events;
        struct full_read read;
        struct table *global;       /* ipsrGlobal */
        struct global_scalars told; /* as it is told there */
        struct count_check sa_check;
        struct count_check policy_check;
        bool read_once; /* a full read has ended well since the start */
        bool overrun;   /* events were lost; read anew when those that wait are handled */
        bool want_dump; /* asked for while another was under way */
        int64_t begun;  /* microseconds: of the full read */
        uint32_t retry; /* milliseconds until the next attempt */
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
        if (full_read_is_open(&x->read))
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

static uint32_t count_rows(const struct xfrm *x)
{
        return (uint32_t)(table_count(x->sas.table) + table_count(x->policies.table) +
                          table_count(x->policies.templates));
}

static void count_poll(struct xfrm *x)
{
        x->begun = monotonic_us();
        x->base.row.polls++;
}

static void begin_dump(struct xfrm *x)
{
        if (x->config.replay || !full_read_is_open(&x->read))
                return;
        if (x->read.step != FULL_READ_IDLE) {
                x->want_dump = true;
                return;
        }
        x->want_dump = false;
        count_poll(x);
        full_read_begin(&x->read);
}

static void resync(struct xfrm *x)
{
        x->base.row.resyncs++;
        collector_tell(&x->base);
        begin_dump(x);
}

static void ask_count(struct xfrm *x)
{
        if (x->config.replay || !full_read_is_open(&x->read) || x->read.step != FULL_READ_IDLE)
                return;
        full_read_count(&x->read);
}

/* What the tables have goes on being served; the next attempt comes by itself. */
static void dump_failed(void *context, const char *what, int err)
{
        struct xfrm *x = context;

        collector_failed(&x->base, x->read_once ? COLLECTOR_DEGRADED : COLLECTOR_DOWN, "%s: %s",
                         what, strerror(-err));
        retry_later(x);
}

static void dump_ended(void *context)
{
        struct xfrm *x = context;

        x->read_once = true;
        x->retry = RETRY_FIRST;
        collector_succeeded(&x->base, x->begun, count_rows(x));
        if (!x->config.replay)
                set_timer(x, &x->redump_timer, x->config.redump_interval * 1000, redump_expired);
}

static enum count_verdict judge(struct count_check *check, bool told, uint64_t kernel,
                                const struct table *table)
{
        return told ? count_check(check, (int64_t)kernel - (int64_t)table_count(table))
                    : COUNT_ACCEPTED;
}

/* The policies of single sockets are counted by themselves: no table has them. */
static enum count_verdict judge_counts(struct xfrm *x, const struct full_read_counts *counts)
{
        const struct xfrm_spd_info *spd = &counts->policies;
        enum count_verdict sas =
                judge(&x->sa_check, counts->sas_told, counts->sas.count, x->sas.table);
        enum count_verdict policies =
                judge(&x->policy_check, counts->policies_told,
                      (uint64_t)spd->in + spd->out + spd->forward, x->policies.table);

        return sas > policies ? sas : policies;
}

/* What the kernel refuses to tell stays as it was, in the beginning unknown. */
static void tell_global(struct xfrm *x)
{
        const struct xfrm_defaults *defaults = &x->policies.defaults;

        x->told.default_in = defaults->in;
        x->told.default_out = defaults->out;
        x->told.default_forward = defaults->forward;
        table_put(x->global, &x->told, TABLE_FROM_EVENT);
}

static void take_sad_info(struct xfrm *x, const struct xfrm_sad_info *sad)
{
        x->told.sad_size = sad->count;
        x->told.sad_hash_buckets = sad->hash_buckets;
        x->told.sad_hash_maximum = sad->hash_maximum;
}

static void take_spd_info(struct xfrm *x, const struct xfrm_spd_info *spd)
{
        x->told.spd_in = spd->in;
        x->told.spd_out = spd->out;
        x->told.spd_forward = spd->forward;
        x->told.spd_socket_in = spd->socket_in;
        x->told.spd_socket_out = spd->socket_out;
        x->told.spd_socket_forward = spd->socket_forward;
        x->told.spd_hash_buckets = spd->hash_buckets;
        x->told.spd_hash_maximum = spd->hash_maximum;
}

static void small_told(void *context, const struct full_read_counts *counts)
{
        struct xfrm *x = context;

        if (counts->sas_told)
                take_sad_info(x, &counts->sas);
        if (counts->policies_told)
                take_spd_info(x, &counts->policies);
        tell_global(x);
}

static void counted(void *context, const struct full_read_counts *counts)
{
        struct xfrm *x = context;

        if (x->want_dump) {
                begin_dump(x);
                return;
        }
        switch (judge_counts(x, counts)) {
        case COUNT_ACCEPTED:
                break;
        case COUNT_ASK_AGAIN:
                set_timer(x, &x->settle_timer, RECHECK, settle_expired);
                break;
        case COUNT_READ_ANEW:
                resync(x);
                break;
        }
}

static void damaged(void *context, uint16_t type)
{
        struct xfrm *x = context;

        collector_failed(&x->base, x->base.row.state, "the kernel's message of type %u is damaged",
                         type);
}

static bool events_wait(void *context)
{
        const struct xfrm *x = context;

        return x->events.fd >= 0 && netlink_has_more(&x->events);
}

static const struct full_read_owner owner = {
        .events_wait = events_wait,
        .read = dump_ended,
        .told = small_told,
        .counted = counted,
        .failed = dump_failed,
        .damaged = damaged,
};

/* ---- events ---- */

static void handle_event(void *context, const struct nlmsghdr *nlh)
{
        struct xfrm *x = context;
        int err = xfrm_sas_apply(&x->sas, nlh, TABLE_FROM_EVENT);

        if (err == 0)
                err = xfrm_policies_apply(&x->policies, nlh, TABLE_FROM_EVENT);
        x->base.row.events++;
        if (nlh->nlmsg_type == XFRM_MSG_GETDEFAULT)
                tell_global(x);
        if (err == -EBADMSG)
                damaged(x, nlh->nlmsg_type);
        else if (err < 0)
                collector_failed(&x->base, COLLECTOR_DEGRADED, "keeping a row failed: %s",
                                 strerror(-err));
        if (err != 0)
                resync(x);
        if (!x->settle_timer && !x->config.replay)
                set_timer(x, &x->settle_timer, SETTLE, settle_expired);
}

static void take_events(struct xfrm *x, const void *octets, size_t length)
{
        if (!messages_each(octets, length, handle_event, x))
                damaged(x, 0);
}

static void tell_rows(struct xfrm *x)
{
        x->base.row.rows = count_rows(x);
        collector_tell(&x->base);
}

/* ---- the live kernel ---- */

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
                xfrm_blank_datagram(x->events.buffer, (size_t)length);
                recording_write(x->config.recording, STREAM_XFRM_EVENTS, x->events.buffer,
                                (size_t)length);
                take_events(x, x->events.buffer, (size_t)length);
                netlink_wipe(&x->events, (size_t)length);
        }
        tell_rows(x);
}

/* What makes and ends SAs and policies. AEVENTS would come ten times a second for each busy SA. */
static int join_groups(struct xfrm *x)
{
        static const uint32_t groups[] = {
                XFRMNLGRP_SA,      XFRMNLGRP_POLICY,  XFRMNLGRP_EXPIRE,
                XFRMNLGRP_ACQUIRE, XFRMNLGRP_MIGRATE, XFRMNLGRP_MAPPING,
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
                err = x->base.loop->watch(x->base.loop, x->events.fd, events_ready, x);
        return err < 0 ? err : full_read_open(&x->read);
}

static void close_sockets(struct xfrm *x)
{
        if (x->events.fd >= 0)
                x->base.loop->unwatch(x->base.loop, x->events.fd);
        netlink_close(&x->events);
        full_read_close(&x->read);
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

static void replay_sas(void *context, const void *octets, size_t length)
{
        struct xfrm *x = context;

        if (x->read.step != FULL_READ_SAS)
                count_poll(x);
        full_read_replay(&x->read, FULL_READ_SAS, octets, length);
}

static void replay_policies(void *context, const void *octets, size_t length)
{
        full_read_replay(&((struct xfrm *)context)->read, FULL_READ_POLICIES, octets, length);
}

static void replay_defaults(void *context, const void *octets, size_t length)
{
        full_read_replay(&((struct xfrm *)context)->read, FULL_READ_DEFAULTS, octets, length);
}

static void replay_sad_info(void *context, const void *octets, size_t length)
{
        full_read_replay(&((struct xfrm *)context)->read, FULL_READ_SAD_INFO, octets, length);
}

static void replay_spd_info(void *context, const void *octets, size_t length)
{
        full_read_replay(&((struct xfrm *)context)->read, FULL_READ_SPD_INFO, octets, length);
}

static void replay_event(void *context, const void *octets, size_t length)
{
        take_events(context, octets, length);
        tell_rows(context);
}

static int subscribe(struct xfrm *x)
{
        struct replay *replay = x->config.replay;

        replay_subscribe(replay, STREAM_SA_DUMP, replay_sas, x);
        replay_subscribe(replay, STREAM_POLICY_DUMP, replay_policies, x);
        replay_subscribe(replay, STREAM_DEFAULTS, replay_defaults, x);
        replay_subscribe(replay, STREAM_SAD_INFO, replay_sad_info, x);
        replay_subscribe(replay, STREAM_SPD_INFO, replay_spd_info, x);
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

        x->overrun = x->want_dump = false;
        clear_timer(x, &x->redump_timer);
        clear_timer(x, &x->check_timer);
        clear_timer(x, &x->settle_timer);
        close_sockets(x);
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
        xfrm_policies_init(&x->policies, store);
        x->global = store_table(store, &global_scalars_type);
        x->config = *config;
        x->events.fd = -1;
        x->read = (struct full_read){
                .loop = loop,
                .sas = &x->sas,
                .policies = &x->policies,
                .recording = config->recording,
                .replay = config->replay != NULL,
                .owner = &owner,
                .context = x,
                .socket = NETLINK_CLOSED,
                .step = FULL_READ_IDLE,
        };
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
