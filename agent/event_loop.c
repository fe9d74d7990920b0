#include "event_loop.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

/* Milliseconds by which two readings of snmpd's start may differ: its answers take a while. */
#define START_TOLERANCE 50

/* A descriptor that is watched. */
struct watch {
        struct watch *next;
        int fd;
        loop_ready *ready;
        void *context;
};

struct event_loop {
        struct loop loop;
        int64_t snmp_start; /* milliseconds of CLOCK_MONOTONIC */
        struct watch *watches;
        int64_t wall_offset; /* seconds that the told wall clock is ahead of the real one */
};

struct loop_timer {
        unsigned int alarm;
        loop_expired *expired;
        void *context;
};

static struct event_loop *event_loop_of(struct loop *loop)
{
        return (struct event_loop *)loop;
}

static void fd_ready(int fd, void *data)
{
        const struct watch *watch = data;

        watch->ready(watch->context, fd);
}

static int watch_fd(struct loop *loop, int fd, loop_ready *ready, void *context)
{
        struct event_loop *l = event_loop_of(loop);
        struct watch *watch = calloc(1, sizeof(*watch));

        if (!watch)
                return -ENOMEM;
        if (register_readfd(fd, fd_ready, watch) != FD_REGISTERED_OK) {
                free(watch);
                return -EMFILE;
        }
        watch->fd = fd;
        watch->ready = ready;
        watch->context = context;
        watch->next = l->watches;
        l->watches = watch;
        return 0;
}

static void unwatch_fd(struct loop *loop, int fd)
{
        for (struct watch **w = &event_loop_of(loop)->watches; *w; w = &(*w)->next) {
                struct watch *gone = *w;

                if (gone->fd != fd)
                        continue;
                unregister_readfd(fd);
                *w = gone->next;
                free(gone);
                return;
        }
}

static void timer_expired(unsigned int alarm, void *data)
{
        struct loop_timer timer = *(struct loop_timer *)data;

        (void)alarm;
        free(data);
        timer.expired(timer.context);
}

/*
 * Net-SNMP runs alarms until none is due, and one of no length is due before it looks again: work
 * that is cut into turns would be one turn. So the shortest takes a millisecond.
 */
static struct loop_timer *after(struct loop *loop, uint32_t milliseconds, loop_expired *expired,
                                void *context)
{
        uint32_t wait = milliseconds > 0 ? milliseconds : 1;
        struct loop_timer *timer = calloc(1, sizeof(*timer));
        struct timeval t = {
                .tv_sec = wait / 1000,
                .tv_usec = (suseconds_t)(wait % 1000) * 1000,
        };

        (void)loop;
        if (!timer)
                return NULL;
        timer->expired = expired;
        timer->context = context;
        timer->alarm = snmp_alarm_register_hr(t, 0, timer_expired, timer);
        if (timer->alarm == 0) {
                free(timer);
                return NULL;
        }
        return timer;
}

static void cancel(struct loop *loop, struct loop_timer *timer)
{
        (void)loop;
        if (!timer)
                return;
        snmp_alarm_unregister(timer->alarm);
        free(timer);
}

/*
 * snmpd's start, by its uptime in hundredths of a second. Readings of one start differ by rounding;
 * a TimeStamp must not: only another start is taken.
 */
static int64_t snmp_start(struct event_loop *l, int64_t monotonic)
{
        int64_t start = monotonic - (int64_t)netsnmp_get_agent_uptime() * 10;

        if (llabs(start - l->snmp_start) > START_TOLERANCE)
                l->snmp_start = start;
        return l->snmp_start;
}

static void now(struct loop *loop, struct moment *moment)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        moment->monotonic = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
        moment->wall = (int64_t)time(NULL) + event_loop_of(loop)->wall_offset;
        moment->snmp_start = snmp_start(event_loop_of(loop), moment->monotonic);
}

static void log_line(struct loop *loop, int priority, const char *line)
{
        (void)loop;
        snmp_log(priority, "%s\n", line);
}

struct loop *event_loop_new(void)
{
        struct event_loop *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        l->loop = (struct loop){
                .watch = watch_fd,
                .unwatch = unwatch_fd,
                .after = after,
                .cancel = cancel,
                .now = now,
                .log = log_line,
        };
        return &l->loop;
}

void event_loop_free(struct loop *loop)
{
        if (!loop)
                return;
        while (event_loop_of(loop)->watches)
                unwatch_fd(loop, event_loop_of(loop)->watches->fd);
        free(loop);
}

void event_loop_set_wall(struct loop *loop, int64_t seconds)
{
        event_loop_of(loop)->wall_offset = seconds - (int64_t)time(NULL);
}
