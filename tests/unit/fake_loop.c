#include "fake_loop.h"

#include <poll.h>
#include <stdlib.h>

struct loop_timer {
        struct loop_timer *next;
        int64_t due;
        loop_expired *expired;
        void *context;
};

struct watch {
        struct watch *next;
        int fd;
        loop_ready *ready;
        void *context;
};

struct fake_loop {
        struct loop loop;
        struct watch *watches;
        struct loop_timer *timers;
        int64_t milliseconds;
        int64_t wall;
        unsigned int lines;
};

static struct fake_loop *of(struct loop *loop)
{
        return (struct fake_loop *)loop;
}

static int watch(struct loop *loop, int fd, loop_ready *ready, void *context)
{
        struct watch *watch = calloc(1, sizeof(*watch));

        *watch = (struct watch){ of(loop)->watches, fd, ready, context };
        of(loop)->watches = watch;
        return 0;
}

static void unwatch(struct loop *loop, int fd)
{
        for (struct watch **w = &of(loop)->watches; *w; w = &(*w)->next) {
                struct watch *gone = *w;

                if (gone->fd != fd)
                        continue;
                *w = gone->next;
                free(gone);
                return;
        }
}

static struct loop_timer *after(struct loop *loop, uint32_t milliseconds, loop_expired *expired,
                                void *context)
{
        struct loop_timer *timer = calloc(1, sizeof(*timer)), **place = &of(loop)->timers;

        if (!timer)
                return NULL;
        timer->due = of(loop)->milliseconds + milliseconds;
        timer->expired = expired;
        timer->context = context;
        while (*place && (*place)->due <= timer->due)
                place = &(*place)->next;
        timer->next = *place;
        *place = timer;
        return timer;
}

static void cancel(struct loop *loop, struct loop_timer *timer)
{
        for (struct loop_timer **place = &of(loop)->timers; *place; place = &(*place)->next) {
                if (*place != timer)
                        continue;
                *place = timer->next;
                free(timer);
                return;
        }
}

static void now(struct loop *loop, struct moment *moment)
{
        moment->monotonic = of(loop)->milliseconds;
        moment->wall = of(loop)->wall + of(loop)->milliseconds / 1000;
        moment->snmp_start = 0;
}

static void log_line(struct loop *loop, int priority, const char *line)
{
        (void)priority;
        (void)line;
        of(loop)->lines++;
}

struct loop *fake_loop_new(int64_t wall)
{
        struct fake_loop *l = calloc(1, sizeof(*l));

        l->wall = wall;
        l->milliseconds = 1000;
        l->loop = (struct loop){
                .watch = watch,
                .unwatch = unwatch,
                .after = after,
                .cancel = cancel,
                .now = now,
                .log = log_line,
        };
        return &l->loop;
}

void fake_loop_free(struct loop *loop)
{
        while (of(loop)->watches)
                unwatch(loop, of(loop)->watches->fd);
        while (of(loop)->timers)
                cancel(loop, of(loop)->timers);
        free(loop);
}

void fake_loop_advance(struct loop *loop, uint32_t milliseconds)
{
        struct fake_loop *l = of(loop);
        int64_t end = l->milliseconds + milliseconds;

        while (l->timers && l->timers->due <= end) {
                struct loop_timer timer = *l->timers;

                cancel(loop, l->timers);
                l->milliseconds = timer.due;
                timer.expired(timer.context);
        }
        l->milliseconds = end;
}

bool fake_loop_step(struct loop *loop)
{
        struct fake_loop *l = of(loop);
        struct loop_timer timer;

        if (!l->timers || l->timers->due > l->milliseconds)
                return false;
        timer = *l->timers;
        cancel(loop, l->timers);
        timer.expired(timer.context);
        return true;
}

bool fake_loop_poll(struct loop *loop)
{
        for (const struct watch *w = of(loop)->watches; w; w = w->next) {
                struct pollfd fd = { .fd = w->fd, .events = POLLIN };

                if (poll(&fd, 1, 0) <= 0)
                        continue;
                w->ready(w->context, w->fd);
                return true;
        }
        return false;
}

unsigned int fake_loop_lines(const struct loop *loop)
{
        return ((const struct fake_loop *)loop)->lines;
}
