/*
 * SAs near their end: a soft limit passed and no successor came, or little is left of a hard one.
 * Limits of time have their moment in an agenda; octets, packets and sequence numbers are looked at
 * when the row changes.
 */
#include "config.h"

#include "agenda.h"
#include "events_desk.h"
#include "successor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

/* Looks in one turn of the loop. */
#define ROWS_PER_TURN 1000

/* Milliseconds in which a rekey that octets or packets made due may come before a warning. */
#define PACKETS_PATIENCE 5000

/* Items of the agenda: the kind, then the index of the SA. */
enum wake {
        WAKE_TIME, /* its time may be short */
        WAKE_SOFT, /* its rekey ought to be over */
        WAKE_NEAR, /* its octets, packets or numbers were short */
};

/* An SA of which something has been told, or is soon to be. */
struct warned {
        uint32_t index; /* of the SA */
        bool near;      /* stands in the agenda as WAKE_NEAR */
        bool told;      /* that it is near its end */
        bool unhashed;
        UT_hash_handle hh;
};

struct events_limits {
        struct desk *desk;
        struct table *sas;
        struct loop_timer *timer;
        int64_t when; /* monotonic, ms: when the timer expires; 0 at once */
        struct agenda agenda;
        struct warned *warned;
};

/* What is short of an SA. */
struct shortage {
        uint8_t limit;        /* enum notify_limit */
        int32_t percent_left; /* -1 not known */
};

static void run(void *context);

static void run_at(struct events_limits *l, int64_t when)
{
        struct loop *loop = l->desk->loop;
        int64_t wait = when - desk_now(l->desk).monotonic;

        if (l->timer && l->when <= when)
                return;
        loop->cancel(loop, l->timer);
        if (wait < 0)
                wait = 0;
        l->timer = loop->after(loop, wait < INT32_MAX ? (uint32_t)wait : INT32_MAX, run, l);
        l->when = when;
}

static void wake_at(struct events_limits *l, int64_t when, enum wake kind, uint32_t index)
{
        agenda_put(&l->agenda, when, (uint64_t)kind << 32 | index);
        run_at(l, when);
}

/* ---- what is remembered ---- */

static struct warned *find(const struct events_limits *l, uint32_t index)
{
        struct warned *w = NULL;

        if (l->warned)
                HASH_FIND(hh, l->warned, &index, sizeof(index), w);
        return w;
}

static struct warned *find_or_make(struct events_limits *l, uint32_t index)
{
        struct warned *w = find(l, index);

        if (w)
                return w;
        w = calloc(1, sizeof(*w));
        if (!w)
                return NULL;
        w->index = index;
        HASH_ADD(hh, l->warned, index, sizeof(w->index), w);
        if (!w->unhashed)
                return w;
        free(w);
        return NULL;
}

static void forget(struct events_limits *l, struct warned *w)
{
        if (!w)
                return;
        HASH_DEL(l->warned, w);
        free(w);
}

/* ---- what is short ---- */

static int32_t percent_left(uint64_t used, uint64_t limit)
{
        if (limit == 0)
                return -1;
        return used >= limit ? 0
                             : (int32_t)((long double)(limit - used) / (long double)limit * 100);
}

/* The moment from which on too little time is left, in seconds since 1970; 0: none. */
static int64_t short_from(const struct events_limits *l, const struct ipsec_sa *sa)
{
        int64_t life = sa->hard_expiry - sa->add_time, margin, from, patience;

        if (sa->hard_expiry == 0 || life <= 0)
                return 0;
        margin = life * l->desk->config.expiry_percent / 100;
        if (margin < l->desk->config.expiry_seconds)
                margin = l->desk->config.expiry_seconds;
        if (margin == 0)
                return 0; /* nobody wants to be warned */
        if (margin > life / 2)
                margin = life / 2;
        from = sa->hard_expiry - margin;
        if (sa->soft_expiry == 0 || sa->soft_expiry >= sa->hard_expiry)
                return from;
        /* It is rekeyed from its soft limit on: before that it is not near its end. */
        patience = (sa->hard_expiry - sa->soft_expiry) / 2;
        if (patience > REKEY_PATIENCE)
                patience = REKEY_PATIENCE;
        return from > sa->soft_expiry + patience ? from : sa->soft_expiry + patience;
}

static bool is_short_of_packets(const struct events_limits *l, const struct ipsec_sa *sa,
                                struct shortage *s)
{
        int32_t least = (int32_t)l->desk->config.expiry_percent;
        int32_t octets = percent_left(sa->octets, sa->hard.octets);
        int32_t packets = percent_left(sa->packets, sa->hard.packets);

        if (octets >= 0 && octets < least)
                *s = (struct shortage){ LIMIT_OCTETS, octets };
        else if (packets >= 0 && packets < least)
                *s = (struct shortage){ LIMIT_PACKETS, packets };
        else if (sa->direction != DIRECTION_INBOUND && sa->sequence_headroom_percent >= 0 &&
                 sa->sequence_headroom_percent < least && sa->sequence_out > 0)
                *s = (struct shortage){ LIMIT_SEQUENCE_NUMBERS, sa->sequence_headroom_percent };
        else
                return false;
        return true;
}

/* ---- telling ---- */

static int32_t seconds_left(const struct ipsec_sa *sa, int64_t now)
{
        int64_t left = sa->hard_expiry - now;

        if (sa->hard_expiry == 0)
                return -1;
        return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int32_t)left;
}

static void tell(struct events_limits *l, const struct ipsec_sa *sa, struct event *event,
                 struct notify *details, const char *what)
{
        char words[SA_WORDS_SIZE], name[ROW_NAME_SIZE], left[48] = "";

        details->seconds_left = seconds_left(sa, desk_now(l->desk).wall);
        if (details->seconds_left >= 0)
                snprintf(left, sizeof(left), "; %d seconds are left", (int)details->seconds_left);
        row_name(&ipsec_sa_type, sa, name);
        event->row = name;
        sa_words(sa, words);
        desk_tell(l->desk, event, details, "%s%s%s %s%s", words,
                  event->subject ? " of tunnel " : "", event->subject ? event->subject : "", what,
                  details->cleared ? "" : left);
}

static uint8_t soft_limit_passed(const struct ipsec_sa *sa, int64_t now)
{
        if (sa->soft.octets != 0 && sa->octets >= sa->soft.octets)
                return LIMIT_OCTETS;
        if (sa->soft.packets != 0 && sa->packets >= sa->soft.packets)
                return LIMIT_PACKETS;
        return sa->soft_expiry != 0 && now >= sa->soft_expiry ? LIMIT_TIME : LIMIT_UNKNOWN;
}

static void tell_soft(struct events_limits *l, const struct ipsec_sa *sa)
{
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_SA_SOFT_EXPIRED, ENTITY_KERNEL, SEVERITY_WARNING,
                   REASON_SOFT_LIMIT_PASSED);
        desk_set_sa(l->desk, sa, &event, &details);
        details.limit = soft_limit_passed(sa, desk_now(l->desk).wall);
        tell(l, sa, &event, &details, "passed its soft limit, and no successor came");
}

static const char *shortage_words(uint8_t limit)
{
        switch (limit) {
        case LIMIT_OCTETS:
                return "is near its limit of octets, and has no successor";
        case LIMIT_PACKETS:
                return "is near its limit of packets, and has no successor";
        case LIMIT_SEQUENCE_NUMBERS:
                return "is near the end of its sequence numbers, and has no successor";
        default:
                return "is near the end of its time, and has no successor";
        }
}

static void warn(struct events_limits *l, const struct ipsec_sa *sa, const struct shortage *s)
{
        struct warned *w = find_or_make(l, sa->index);
        struct notify details;
        struct event event;

        if (!w || w->told)
                return;
        w->told = true;
        desk_begin(&event, EVENT_SA_EXPIRY_WARNING, ENTITY_KERNEL, SEVERITY_WARNING,
                   REASON_THRESHOLD_PASSED);
        desk_set_sa(l->desk, sa, &event, &details);
        details.limit = s->limit;
        details.percent_left = s->percent_left;
        tell(l, sa, &event, &details, shortage_words(s->limit));
}

static void recover(struct events_limits *l, const struct ipsec_sa *sa)
{
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_SA_EXPIRY_WARNING, ENTITY_KERNEL, SEVERITY_INFO, REASON_RECOVERED);
        desk_set_sa(l->desk, sa, &event, &details);
        details.cleared = true;
        details.limit = LIMIT_UNKNOWN;
        details.percent_left = -1;
        tell(l, sa, &event, &details, "has a successor");
}

/* ---- what is due ---- */

static void look_at_time(struct events_limits *l, const struct ipsec_sa *sa)
{
        struct moment now = desk_now(l->desk);
        int64_t from = short_from(l, sa);
        struct shortage s = { LIMIT_TIME, -1 };

        if (from == 0)
                return;
        if (now.wall < from) { /* the limits changed, or the clock was set back */
                wake_at(l, now.monotonic + 1000 * (from - now.wall), WAKE_TIME, sa->index);
                return;
        }
        s.percent_left =
                percent_left((uint64_t)(now.wall > sa->add_time ? now.wall - sa->add_time : 0),
                             (uint64_t)(sa->hard_expiry - sa->add_time));
        warn(l, sa, &s);
}

static void look_at_packets(struct events_limits *l, const struct ipsec_sa *sa)
{
        struct warned *w = find(l, sa->index);
        struct shortage s;

        if (w)
                w->near = false;
        if (is_short_of_packets(l, sa, &s))
                warn(l, sa, &s);
}

static void look(struct events_limits *l, uint64_t item)
{
        const uint32_t index = (uint32_t)item;
        const struct ipsec_sa *sa = table_at(l->sas, &ipsec_sa_type, &index, 1);

        if (!sa || !sa_is_usable(sa) || successor_of(l->sas, sa))
                return;
        switch ((enum wake)(item >> 32)) {
        case WAKE_TIME:
                look_at_time(l, sa);
                break;
        case WAKE_SOFT:
                if (sa->state == SA_DYING)
                        tell_soft(l, sa);
                break;
        case WAKE_NEAR:
                look_at_packets(l, sa);
                break;
        }
}

static void run(void *context)
{
        struct events_limits *l = context;
        int64_t now = desk_now(l->desk).monotonic;
        size_t rows = ROWS_PER_TURN;
        uint64_t item;

        l->timer = NULL;
        for (; rows > 0 && agenda_take(&l->agenda, now, &item); rows--)
                look(l, item);
        if (agenda_next(&l->agenda) != INT64_MAX)
                run_at(l, agenda_next(&l->agenda));
}

/* ---- what changes ---- */

static void time_changed(struct events_limits *l, const struct ipsec_sa *sa)
{
        struct moment now = desk_now(l->desk);
        int64_t from = short_from(l, sa);

        if (from != 0)
                wake_at(l, now.monotonic + (from > now.wall ? 1000 * (from - now.wall) : 0),
                        WAKE_TIME, sa->index);
}

static void packets_changed(struct events_limits *l, const struct ipsec_sa *sa)
{
        struct shortage s;
        struct warned *w;

        if (!is_short_of_packets(l, sa, &s))
                return;
        w = find_or_make(l, sa->index);
        if (!w || w->near || w->told)
                return;
        w->near = true;
        wake_at(l, desk_now(l->desk).monotonic + PACKETS_PATIENCE, WAKE_NEAR, sa->index);
}

/* It takes over from an SA that was near its end. */
static void succeeded(struct events_limits *l, const struct ipsec_sa *sa)
{
        const struct ipsec_sa *former = predecessor_of(l->sas, sa);
        struct warned *w = former ? find(l, former->index) : NULL;

        if (!w || !w->told)
                return;
        w->told = false;
        recover(l, former);
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct events_limits *l = context;

        (void)reason;
        if (event == TABLE_REMOVED) {
                forget(l, find(l, old->index));
                return;
        }
        if (!sa_is_usable(sa))
                return;
        if (!old || !sa_is_usable(old)) {
                if (l->warned)
                        succeeded(l, sa);
                old = NULL;
        }
        if (!old || old->hard_expiry != sa->hard_expiry || old->soft_expiry != sa->soft_expiry)
                time_changed(l, sa);
        if (sa->state == SA_DYING && !(old && old->state == SA_DYING))
                wake_at(l, desk_now(l->desk).monotonic + 1000 * REKEY_PATIENCE, WAKE_SOFT,
                        sa->index);
        packets_changed(l, sa);
}

struct events_limits *events_limits_new(struct desk *d)
{
        struct events_limits *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        l->desk = d;
        l->sas = store_table(d->store, &ipsec_sa_type);
        if (table_subscribe(l->sas, sa_changed, l) == 0)
                return l;
        events_limits_free(l);
        return NULL;
}

/* All SAs have other moments now: this is the one pass over them. */
void events_limits_configure(struct events_limits *l)
{
        const struct ipsec_sa *sa;
        uint32_t index = 0;

        while ((sa = table_next(l->sas, &ipsec_sa_type, &index, 1, false))) {
                index = sa->index;
                if (!sa_is_usable(sa))
                        continue;
                time_changed(l, sa);
                packets_changed(l, sa);
        }
}

void events_limits_free(struct events_limits *l)
{
        struct warned *w, *next;

        if (!l)
                return;
        l->desk->loop->cancel(l->desk->loop, l->timer);
        agenda_free(&l->agenda);
        HASH_ITER(hh, l->warned, w, next)
        {
                forget(l, w);
        }
        free(l);
}
