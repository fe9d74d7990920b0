#include "libreswan.h"

#include "libreswan_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds. */
#define SOON 2000 /* until the next read when something has changed, or is being negotiated */
#define RETRY_LAST 60000 /* where no daemon is; doubled from the interval up to that */
#define DEADLINE ((OPENER_COMMAND_TIME + 5) * 1000) /* the opener ends a command before */

/* pluto does nothing else while it answers: it rests so many times as long as that took. */
#define REST 10
#define REST_LAST                                                                                  \
        30000 /* at the most, in milliseconds: it may only have stood still for a while            \
               */

/* Reads until the connections are asked for again, though nothing seems to have changed. */
#define STATUS_EVERY 6

#define CHUNK 65536
#define ANSWER_MAX (32u << 20) /* octets; several thousand connections */
#define LINES_PER_TURN 500
#define ROWS_PER_TURN 100

/* What is asked for in a read, in this order: of states or status one. */
enum phase {
        PHASE_IDLE,
        PHASE_VERSION,
        PHASE_TOTALS,
        PHASE_STATES,
        PHASE_TRAFFIC,
};

struct libreswan {
        struct collector base;
        struct libreswan_config config;
        struct libreswan_rows rows;
        enum phase phase;
        bool with_conns;    /* this read asks for the connections, too */
        unsigned int reads; /* since the connections were asked for */
        bool was_up;        /* the daemon has answered since the agent's start */
        bool up;            /* it answered last time */
        int pipe;           /* -1: none */
        char *answer;
        size_t length;
        size_t room;
        struct libreswan_text rest; /* of the answer, not taken yet */
        size_t understood;          /* lines */
        int err;                    /* the worst of taking the answer */
        int64_t begun_us;
        int64_t asked_us;  /* when the command was asked for */
        int64_t waited_us; /* for the answers of this read */
        uint32_t retry;    /* milliseconds */
        char source_version[96];
        struct loop_timer *read_timer;
        struct loop_timer *deadline_timer;
        struct loop_timer *turn_timer;
};

static void ask_phase(struct libreswan *l);
static void take_turn(void *context);

static struct libreswan *libreswan_of(struct collector *c)
{
        return (struct libreswan *)c;
}

/* ---- timers ---- */

static void set_timer(struct libreswan *l, struct loop_timer **timer, uint32_t milliseconds,
                      loop_expired *expired)
{
        struct loop *loop = l->base.loop;

        if (*timer)
                loop->cancel(loop, *timer);
        *timer = loop->after(loop, milliseconds, expired, l);
}

static void clear_timer(struct libreswan *l, struct loop_timer **timer)
{
        l->base.loop->cancel(l->base.loop, *timer);
        *timer = NULL;
}

/* ---- the end of a read ---- */

static void begin_read(void *context)
{
        struct libreswan *l = context;

        l->read_timer = NULL;
        l->base.row.polls++;
        l->begun_us = monotonic_us();
        l->waited_us = 0;
        l->phase = l->up ? PHASE_TOTALS : PHASE_VERSION;
        l->with_conns = !l->up || l->rows.changed || l->reads == 0;
        l->reads = l->with_conns ? STATUS_EVERY - 1 : l->reads - 1;
        ask_phase(l);
}

static void drop_answer(struct libreswan *l)
{
        clear_timer(l, &l->deadline_timer);
        clear_timer(l, &l->turn_timer);
        if (l->config.opener)
                l->config.opener->forget(l->config.opener, l);
        if (l->pipe >= 0) {
                l->base.loop->unwatch(l->base.loop, l->pipe);
                close(l->pipe);
        }
        l->pipe = -1;
        free(l->answer);
        l->answer = NULL;
        l->length = l->room = 0;
}

static uint32_t interval_of(const struct libreswan *l)
{
        return l->config.interval * 1000;
}

static void read_later(struct libreswan *l)
{
        uint32_t milliseconds = interval_of(l);
        int64_t rest = REST * l->waited_us / 1000;

        if (l->rows.changed && milliseconds > SOON)
                milliseconds = SOON;
        if (rest > REST_LAST)
                rest = REST_LAST;
        if (rest > milliseconds)
                milliseconds = (uint32_t)rest;
        set_timer(l, &l->read_timer, milliseconds, begin_read);
}

static void succeed(struct libreswan *l)
{
        l->phase = PHASE_IDLE;
        l->up = l->was_up = true;
        l->retry = interval_of(l);
        if (l->rows.version[0] != '\0')
                snprintf(l->source_version, sizeof(l->source_version), "libreswan %s",
                         l->rows.version);
        collector_succeeded(&l->base, l->begun_us, libreswan_rows_count(&l->rows));
        if (!l->config.replay)
                read_later(l);
}

static void try_later(struct libreswan *l)
{
        l->phase = PHASE_IDLE;
        l->up = false;
        set_timer(l, &l->read_timer, l->retry, begin_read);
        l->retry = l->retry < RETRY_LAST / 2 ? 2 * l->retry : RETRY_LAST;
        if (l->retry < interval_of(l))
                l->retry = interval_of(l);
}

/* No such daemon here: that is no failure, unless there was one. */
static void lose(struct libreswan *l, const char *why)
{
        drop_answer(l);
        if (l->was_up) {
                libreswan_rows_grow_old(&l->rows);
                collector_failed(&l->base, COLLECTOR_DOWN, "%s", why);
        } else {
                collector_absent(&l->base, why);
        }
        try_later(l);
}

static void fail(struct libreswan *l, const char *why)
{
        drop_answer(l);
        libreswan_rows_grow_old(&l->rows);
        collector_failed(&l->base, COLLECTOR_DOWN, "%s", why);
        try_later(l);
}

/* ---- what an answer says, some lines in a turn ---- */

static void begin_taking(struct libreswan *l)
{
        l->rest = (struct libreswan_text){ l->answer, l->length };
        l->understood = 0;
        l->err = 0;
        if (l->phase == PHASE_TOTALS)
                libreswan_begin_totals(&l->rows);
        if (l->phase == PHASE_STATES)
                libreswan_begin_states(&l->rows, l->with_conns);
}

static int take_line(struct libreswan *l, struct libreswan_text line)
{
        switch (l->phase) {
        case PHASE_VERSION:
                return libreswan_parse_version(line, l->rows.version, sizeof(l->rows.version));
        case PHASE_TOTALS:
                return libreswan_take_total(&l->rows, line);
        case PHASE_STATES:
                return libreswan_take_line(&l->rows, line);
        case PHASE_TRAFFIC:
                return libreswan_take_traffic(&l->rows, line);
        default:
                return 0;
        }
}

/* True: all has been taken. */
static bool take_some(struct libreswan *l)
{
        struct libreswan_text line;
        size_t lines = 0;
        int err;

        while (lines++ < LINES_PER_TURN && libreswan_next_line(&l->rest, &line)) {
                int taken = take_line(l, line);

                if (taken < 0)
                        l->err = taken;
                else
                        l->understood += (size_t)taken;
        }
        if (l->rest.length > 0)
                return false;
        if (l->phase != PHASE_STATES)
                return true;
        if (l->err < 0)
                return true; /* half an answer must not take rows away */
        if (!libreswan_end_states(&l->rows, ROWS_PER_TURN, &err)) {
                l->err = err < 0 ? err : l->err;
                return false;
        }
        l->err = err < 0 ? err : l->err;
        return true;
}

/* A daemon without connections tells none; but a word of its own it has always. */
static bool is_strange(const struct libreswan *l)
{
        return l->length > 0 && l->understood == 0 && l->phase == PHASE_TOTALS;
}

/* Others take "up" for a read of all states: an SA of none of them is made by hand. */
static void replayed(struct libreswan *l)
{
        if (l->phase == PHASE_STATES)
                libreswan_forget(&l->rows);
        if (l->up || l->phase == PHASE_STATES)
                succeed(l);
        else
                l->phase = PHASE_IDLE;
}

static void next_phase(struct libreswan *l)
{
        if (l->phase == PHASE_TOTALS)
                libreswan_end_totals(&l->rows);
        if (is_strange(l)) {
                fail(l, "the answer of whack is not understood");
                return;
        }
        drop_answer(l);
        if (l->err < 0) {
                collector_failed(&l->base, COLLECTOR_DEGRADED, "keeping a row failed: %s",
                                 strerror(-l->err));
                l->phase = PHASE_IDLE;
                if (!l->config.replay)
                        read_later(l);
                return;
        }
        if (l->config.replay) {
                replayed(l);
                return;
        }
        if (l->phase == PHASE_TRAFFIC) {
                libreswan_forget(&l->rows);
                succeed(l);
                return;
        }
        l->phase++;
        ask_phase(l);
}

static void turn_soon(struct libreswan *l)
{
        set_timer(l, &l->turn_timer, 0, take_turn);
}

static void take_turn(void *context)
{
        struct libreswan *l = context;

        l->turn_timer = NULL;
        if (take_some(l))
                next_phase(l);
        else
                turn_soon(l);
}

/* ---- asking ---- */

static const struct {
        enum opener_target target;
        const char *stream;
} answers[] = {
        [PHASE_VERSION] = { OPENER_WHACK_VERSION, STREAM_WHACK_VERSION },
        [PHASE_TOTALS] = { OPENER_WHACK_GLOBALSTATUS, STREAM_WHACK_GLOBALSTATUS },
        [PHASE_STATES] = { OPENER_WHACK_SHOWSTATES, STREAM_WHACK_SHOWSTATES },
        [PHASE_TRAFFIC] = { OPENER_WHACK_TRAFFICSTATUS, STREAM_WHACK_TRAFFICSTATUS },
};

static bool asks_for_status(const struct libreswan *l)
{
        return l->phase == PHASE_STATES && l->with_conns;
}

/* whack has ended: its status stands behind what it printed. */
static void finish_answer(struct libreswan *l)
{
        uint8_t status;

        if (l->length < OPENER_TRAILER || l->answer[l->length - OPENER_TRAILER] != '\0') {
                fail(l, "pluto does not answer");
                return;
        }
        status = (uint8_t)l->answer[l->length - 1];
        l->length -= OPENER_TRAILER;
        if (status != 0 && l->length == 0) {
                lose(l, "pluto does not run (libreswan's daemon)");
                return;
        }
        if (status != 0) {
                fail(l, "whack failed");
                return;
        }
        recording_write(l->config.recording,
                        asks_for_status(l) ? STREAM_WHACK_STATUS : answers[l->phase].stream,
                        l->answer, l->length);
        begin_taking(l);
        turn_soon(l);
}

static bool make_room(struct libreswan *l)
{
        char *answer;

        if (l->room - l->length >= CHUNK)
                return true;
        if (l->room >= ANSWER_MAX)
                return false;
        answer = realloc(l->answer, l->room ? 2 * l->room : 2 * CHUNK);
        if (!answer)
                return false;
        l->answer = answer;
        l->room = l->room ? 2 * l->room : 2 * CHUNK;
        return true;
}

static void pipe_ready(void *context, int fd)
{
        struct libreswan *l = context;
        ssize_t n;

        if (!make_room(l)) {
                fail(l, "the answer of whack is too long");
                return;
        }
        n = read(fd, l->answer + l->length, CHUNK);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0) {
                l->length += (size_t)n;
                return;
        }
        l->base.loop->unwatch(l->base.loop, fd);
        close(fd);
        l->pipe = -1;
        l->waited_us += monotonic_us() - l->asked_us;
        clear_timer(l, &l->deadline_timer);
        finish_answer(l);
}

static void deadline_expired(void *context)
{
        struct libreswan *l = context;

        l->deadline_timer = NULL;
        fail(l, "whack does not end");
}

static void given(void *context, int fd)
{
        struct libreswan *l = context;
        char why[128];

        if (fd == -ENOENT) {
                lose(l, "libreswan is not installed");
                return;
        }
        if (fd < 0) {
                snprintf(why, sizeof(why), "whack cannot be run: %s", strerror(-fd));
                fail(l, why);
                return;
        }
        l->pipe = fd;
        if (l->base.loop->watch(l->base.loop, fd, pipe_ready, l) < 0) {
                close(fd);
                l->pipe = -1;
                fail(l, "whack's answer cannot be watched");
        }
}

static void ask_phase(struct libreswan *l)
{
        enum opener_target target =
                asks_for_status(l) ? OPENER_WHACK_STATUS : answers[l->phase].target;

        l->asked_us = monotonic_us();
        set_timer(l, &l->deadline_timer, DEADLINE, deadline_expired);
        if (l->config.opener->ask(l->config.opener, target, given, l) < 0)
                fail(l, "whack cannot be asked for: no memory");
}

/* ---- recordings: each datagram is a whole answer ---- */

static void replay_answer(struct libreswan *l, enum phase phase, bool with_conns,
                          const void *octets, size_t length)
{
        char *answer = malloc(length + 1);

        if (!answer)
                return;
        memcpy(answer, octets, length);
        l->answer = answer;
        l->length = length;
        l->phase = phase;
        l->with_conns = with_conns;
        l->begun_us = monotonic_us();
        begin_taking(l);
        while (!take_some(l))
                ;
        next_phase(l);
}

static void replay_version(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_VERSION, false, octets, length);
}

static void replay_totals(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_TOTALS, false, octets, length);
}

static void replay_status(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_STATES, true, octets, length);
}

static void replay_states(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_STATES, false, octets, length);
}

static void replay_traffic(void *context, const void *octets, size_t length)
{
        replay_answer(context, PHASE_TRAFFIC, false, octets, length);
}

static int subscribe(struct libreswan *l)
{
        struct replay *replay = l->config.replay;

        if (!replay_has(replay, STREAM_WHACK_STATUS)) {
                collector_absent(&l->base, "the recording has nothing of libreswan");
                return 0;
        }
        replay_subscribe(replay, STREAM_WHACK_VERSION, replay_version, l);
        replay_subscribe(replay, STREAM_WHACK_GLOBALSTATUS, replay_totals, l);
        replay_subscribe(replay, STREAM_WHACK_STATUS, replay_status, l);
        replay_subscribe(replay, STREAM_WHACK_SHOWSTATES, replay_states, l);
        return replay_subscribe(replay, STREAM_WHACK_TRAFFICSTATUS, replay_traffic, l);
}

/* ---- the collector ---- */

static int start(struct collector *c)
{
        struct libreswan *l = libreswan_of(c);

        collector_tell(c); /* not heard yet: until then no SA is taken for one made by hand */
        if (l->config.replay)
                return subscribe(l);
        l->retry = interval_of(l);
        set_timer(l, &l->read_timer, 0, begin_read);
        return l->read_timer ? 0 : -ENOMEM;
}

static void refresh(struct collector *c)
{
        struct libreswan *l = libreswan_of(c);

        if (l->config.replay || l->phase != PHASE_IDLE)
                return;
        l->reads = 0;
        set_timer(l, &l->read_timer, 0, begin_read);
}

static void stop(struct collector *c)
{
        struct libreswan *l = libreswan_of(c);

        drop_answer(l);
        clear_timer(l, &l->read_timer);
        l->phase = PHASE_IDLE;
        l->up = false;
}

static void free_libreswan(struct collector *c)
{
        struct libreswan *l = libreswan_of(c);

        stop(c);
        libreswan_rows_free(&l->rows);
        free(l);
}

static const struct collector_ops ops = {
        .key = LIBRESWAN,
        .name = "libreswan (pluto, by whack)",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = free_libreswan,
};

struct collector *libreswan_new(struct loop *loop, struct store *store,
                                const struct libreswan_config *config)
{
        struct libreswan *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        collector_init(&l->base, &ops, loop, store);
        libreswan_rows_init(&l->rows, loop, store);
        l->config = *config;
        l->pipe = -1;
        l->base.row.source_version = l->source_version;
        return &l->base;
}

void libreswan_configure(struct collector *c, const struct libreswan_config *config)
{
        struct libreswan *l = libreswan_of(c);

        l->config.interval = config->interval;
        if (l->read_timer && l->up)
                read_later(l);
}
