#include "config.h"

#include "notification_gate.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>
#include <utlist.h>

/* Changes of a subject that are told at once, however close: an alarm and its recovery. */
#define CHANGES_FREE 2

/* One that never comes to rest is told of after so many hold-downs. */
#define HOLD_DOWNS_MAX 10

/* What is known of a subject: an alarm and its recovery are one, whatever their kinds. */
struct subject {
        uint8_t state;      /* the state that was last heard of it */
        uint8_t told_state; /* and the one that was last told */
        bool flapping;
        bool held;
        bool unhashed;
        struct gate_event event; /* the one that is held */
        bool owed;               /* it came in a burst that is over: a digest has not counted it */
        uint32_t changes;        /* since it was quiet */
        uint32_t suppressed[2];  /* by is_recovery_kind() */
        int64_t changed;         /* when its state changed */
        int64_t told[GATE_STATES]; /* when each state was last told; INT64_MIN never */
        int64_t held_since;
        int64_t due;                 /* of the one that is held */
        struct subject *prev, *next; /* those that are held */
        UT_hash_handle hh;
        char key[]; /* what kind of state, and the subject */
};

/* The time in which notifications are counted. */
struct window {
        bool open;
        bool burst; /* more came than may be sent */
        bool after; /* it follows a burst, whose end is in it */
        int64_t end;
        uint32_t due;
        uint32_t sent;
        struct gate_digest withheld;
};

struct gate {
        struct gate_settings settings;
        struct gate_ops ops;
        struct subject *subjects; /* the one not heard of for longest first */
        struct subject *held;
        int64_t held_due; /* not after the first of these; INT64_MAX none */
        struct window window;
        struct gate_digest owed; /* of bursts, until it is told */
};

/* ---- kinds ---- */

static bool is_recovery_kind(uint8_t kind)
{
        return kind == EVENT_TUNNEL_UP || kind == EVENT_IKE_SA_UP || kind == EVENT_COLLECTOR_UP;
}

/* The kind of the alarm that it belongs to. */
static uint8_t alarm_of(uint8_t kind)
{
        switch (kind) {
        case EVENT_TUNNEL_UP:
                return EVENT_TUNNEL_DOWN;
        case EVENT_IKE_SA_UP:
                return EVENT_IKE_SA_DOWN;
        case EVENT_COLLECTOR_UP:
                return EVENT_COLLECTOR_DOWN;
        default:
                return kind;
        }
}

static uint8_t state_of(const struct gate_event *event)
{
        if (is_recovery_kind(event->kind))
                return GATE_RECOVERY;
        return event->state < GATE_STATES ? event->state : GATE_ALARM;
}

static bool is_on(const struct gate *g, uint8_t kind)
{
        return g->settings.on && kind <= EVENT_NOTIFICATION_DIGEST &&
               g->settings.kinds & 1u << kind;
}

/* ---- windows ---- */

static int64_t milliseconds(uint32_t seconds)
{
        return (int64_t)seconds * 1000;
}

static void open_window(struct gate *g, int64_t now)
{
        memset(&g->window, 0, sizeof(g->window));
        g->window.open = true;
        g->window.end = now + milliseconds(g->settings.burst_interval);
}

void gate_digest_add(struct gate_digest *to, const struct gate_digest *from)
{
        for (size_t i = 0; i < sizeof(to->counts) / sizeof(to->counts[0]); i++)
                to->counts[i] += from->counts[i];
        to->total += from->total;
        to->seconds += from->seconds;
        if (from->newest > to->newest)
                to->newest = from->newest;
}

static bool is_told_of(const struct window *window)
{
        return window->burst || (window->after && window->withheld.total > 0);
}

/* After a burst another window begins at once. */
static void close_window(struct gate *g)
{
        int64_t end = g->window.end;
        bool burst = g->window.burst;
        struct subject *s;

        g->window.open = false;
        if (!is_told_of(&g->window))
                return;
        g->window.withheld.seconds = g->settings.burst_interval;
        gate_digest_add(&g->owed, &g->window.withheld);
        DL_FOREACH(g->held, s)
        {
                s->owed = true;
        }
        if (!burst)
                return;
        open_window(g, end);
        g->window.after = true;
}

static void close_windows(struct gate *g, int64_t now)
{
        while (g->window.open && now >= g->window.end)
                close_window(g);
}

static bool is_full(const struct gate *g)
{
        return g->settings.burst > 0 &&
               (g->window.due > g->settings.burst || g->window.sent >= g->settings.burst);
}

static void count_withheld(struct gate_digest *digest, const struct gate_event *event)
{
        digest->counts[event->kind]++;
        digest->total++;
        if (event->number > digest->newest)
                digest->newest = event->number;
}

/* ---- subjects ---- */

static size_t make_key(const struct gate_event *event, char *key, size_t size)
{
        const char *subject = event->subject ? event->subject : "";
        size_t length = strlen(subject) + 1;

        if (length + 1 > size)
                length = size - 1;
        key[0] = (char)alarm_of(event->kind);
        memcpy(key + 1, subject, length);
        return length + 1;
}

static struct subject *find(const struct gate *g, const char *key, size_t length)
{
        struct subject *s = NULL;

        if (g->subjects)
                HASH_FIND(hh, g->subjects, key, length, s);
        return s;
}

static void drop_held(struct gate *g, struct subject *s)
{
        s->held = false;
        DL_DELETE(g->held, s);
        s->suppressed[is_recovery_kind(s->event.kind)]++;
        if (s->owed)
                count_withheld(&g->owed, &s->event);
        else if (g->window.open)
                count_withheld(&g->window.withheld, &s->event);
        g->ops.withhold(g->ops.context, s->event.number);
}

static void forget(struct gate *g, struct subject *s)
{
        if (s->held)
                drop_held(g, s);
        HASH_DEL(g->subjects, s);
        free(s);
}

static struct subject *add(struct gate *g, const char *key, size_t length, int64_t now)
{
        struct subject *s;

        if (HASH_COUNT(g->subjects) >= GATE_SUBJECTS_MAX)
                forget(g, g->subjects);
        s = calloc(1, sizeof(*s) + length);
        if (!s)
                return NULL;
        memcpy(s->key, key, length);
        for (size_t i = 0; i < GATE_STATES; i++)
                s->told[i] = INT64_MIN;
        s->changed = now;
        s->changes = 1;
        HASH_ADD_KEYPTR(hh, g->subjects, s->key, length, s);
        if (!s->unhashed)
                return s;
        free(s);
        return NULL;
}

/* Behind the others. */
static struct subject *heard_of(struct gate *g, struct subject *s)
{
        unsigned int length = s->hh.keylen;

        HASH_DEL(g->subjects, s);
        HASH_ADD_KEYPTR(hh, g->subjects, s->key, length, s);
        if (!s->unhashed)
                return s;
        if (s->held)
                drop_held(g, s);
        free(s);
        return NULL;
}

static bool is_within(int64_t since, int64_t now, uint32_t seconds)
{
        return since != INT64_MIN && now - since < milliseconds(seconds);
}

static void note_state(const struct gate *g, struct subject *s, uint8_t state, int64_t now)
{
        if (state == s->state)
                return;
        if (now - s->changed >= milliseconds(g->settings.hold_down))
                s->changes = 0;
        s->state = state;
        s->changes++;
        s->changed = now;
        s->flapping = g->settings.hold_down > 0 && s->changes > CHANGES_FREE;
}

/* ---- deciding ---- */

static uint32_t sent(struct gate *g, struct subject *s, const struct gate_event *event, int64_t now)
{
        bool recovery = is_recovery_kind(event->kind);
        uint8_t state = state_of(event);
        uint32_t suppressed = s->suppressed[recovery];

        g->window.sent++;
        s->state = s->told_state = state;
        s->told[state] = now;
        s->suppressed[recovery] = 0;
        return suppressed;
}

static int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* Quiet, and not too soon after the last one that told the same. */
static int64_t due_of(const struct gate *g, const struct subject *s, int64_t now)
{
        int64_t due = now, told = s->told[s->state];
        int64_t limit = s->held_since + later(HOLD_DOWNS_MAX * milliseconds(g->settings.hold_down),
                                              milliseconds(g->settings.interval));

        if (s->flapping)
                due = later(due, s->changed + milliseconds(g->settings.hold_down));
        if (told != INT64_MIN)
                due = later(due, told + milliseconds(g->settings.interval));
        return due < limit ? due : limit;
}

static enum gate_verdict hold(struct gate *g, struct subject *s, const struct gate_event *event,
                              int64_t now)
{
        if (s->held)
                drop_held(g, s);
        else
                s->held_since = now;
        s->held = true;
        s->owed = false;
        s->event = *event;
        s->event.subject = NULL;
        s->due = due_of(g, s, now);
        DL_APPEND(g->held, s);
        if (s->due < g->held_due)
                g->held_due = s->due;
        return GATE_HOLD;
}

static enum gate_verdict withhold(struct gate *g, struct subject *s, const struct gate_event *event)
{
        if (s)
                s->suppressed[is_recovery_kind(event->kind)]++;
        count_withheld(&g->window.withheld, event);
        return GATE_WITHHOLD;
}

/* Of a subject that was told of before. */
static enum gate_verdict decide(struct gate *g, struct subject *s, const struct gate_event *event,
                                int64_t now, bool full)
{
        uint8_t state = state_of(event);
        bool too_soon = is_within(s->told[state], now, g->settings.interval);

        note_state(g, s, state, now);
        if (s->held)
                return hold(g, s, event, now);
        if (state == s->told_state && (too_soon || full))
                return withhold(g, s, event);
        if (state != s->told_state && (s->flapping || too_soon || full))
                return hold(g, s, event, now);
        return GATE_SEND;
}

enum gate_verdict gate_tell(struct gate *g, int64_t now, const struct gate_event *event,
                            uint32_t *suppressed)
{
        enum gate_verdict verdict = GATE_SEND;
        char key[512];
        struct subject *s;
        size_t length;
        bool full;

        *suppressed = 0;
        if (!is_on(g, event->kind))
                return GATE_WITHHOLD;
        if (event->kind == EVENT_NOTIFICATION_DIGEST)
                return GATE_SEND;
        close_windows(g, now);
        if (!g->window.open)
                open_window(g, now);
        g->window.due++;
        full = is_full(g);
        g->window.burst |= full;
        length = make_key(event, key, sizeof(key));
        s = find(g, key, length);
        if (s)
                s = heard_of(g, s);
        if (s)
                verdict = decide(g, s, event, now, full);
        else if (full)
                verdict = withhold(g, NULL, event);
        else
                s = add(g, key, length, now);
        if (verdict != GATE_SEND)
                return verdict;
        if (s)
                *suppressed = sent(g, s, event, now);
        else
                g->window.sent++;
        return GATE_SEND;
}

/* ---- what is due ---- */

static void release(struct gate *g, struct subject *s, int64_t now)
{
        uint32_t suppressed;

        if (!is_on(g, s->event.kind)) {
                drop_held(g, s);
                return;
        }
        if (!g->window.open)
                open_window(g, now);
        s->held = false;
        DL_DELETE(g->held, s);
        suppressed = sent(g, s, &s->event, now);
        g->ops.send(g->ops.context, s->event.number, suppressed);
}

static bool may_send(const struct gate *g)
{
        return !g->window.open || g->settings.burst == 0 || g->window.sent < g->settings.burst;
}

static void release_due(struct gate *g, int64_t now)
{
        struct subject *s, *next;
        int64_t due = INT64_MAX;

        DL_FOREACH_SAFE(g->held, s, next)
        {
                if (s->due <= now && may_send(g)) {
                        release(g, s, now);
                        continue;
                }
                if (s->due <= now)
                        s->due = g->window.end;
                if (s->due < due)
                        due = s->due;
        }
        g->held_due = due;
}

void gate_run(struct gate *g, int64_t now)
{
        struct gate_digest digest = { 0 };
        bool over = g->window.open && now >= g->window.end;

        close_windows(g, now);
        if (over || !g->window.open) {
                digest = g->owed;
                memset(&g->owed, 0, sizeof(g->owed));
        }
        if (digest.seconds == 0) /* of a burst that was told of already */
                digest.seconds = g->settings.burst_interval;
        if (digest.total > 0)
                g->ops.digest(g->ops.context, &digest);
        if (g->held_due <= now)
                release_due(g, now);
        if (g->owed.total > 0 && !g->window.open)
                open_window(g, now);
}

int64_t gate_due(const struct gate *g)
{
        int64_t due = g->held_due;

        if (g->window.open && (is_told_of(&g->window) || g->owed.total > 0) && g->window.end < due)
                due = g->window.end;
        return due == INT64_MAX ? -1 : due;
}

/* ---- setting up ---- */

void gate_configure(struct gate *g, const struct gate_settings *settings)
{
        g->settings = *settings;
}

struct gate *gate_new(const struct gate_settings *settings, const struct gate_ops *ops)
{
        struct gate *g = calloc(1, sizeof(*g));

        if (!g)
                return NULL;
        g->settings = *settings;
        g->ops = *ops;
        g->held_due = INT64_MAX;
        return g;
}

void gate_free(struct gate *g)
{
        struct subject *s, *next;

        if (!g)
                return;
        HASH_ITER(hh, g->subjects, s, next)
        {
                HASH_DEL(g->subjects, s);
                free(s);
        }
        free(g);
}
