/* What the daemon tells unasked: events, its log, and the SAs that are about to go. */
#include "strongswan_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds. */
#define FADING_TICK 1000 /* SAs that are about to go are asked for until they went */
#define LINE_WITHIN 50   /* a line of the log may come so much behind the event that it explains */
#define CHANGE_WAIT 1000 /* after a connection was loaded: others follow it */
#define CHANGE_WAIT_MAX 30000

/* Octets of events that wait for such a line: more are taken at once. */
#define DELAYED_MAX (4 * 1024 * 1024)

/* Seconds between two questions for one such SA at the most. */
#define FADING_WAIT_MAX 16

/* Of them so many are asked for at a time, and so many are kept in mind: full reads see the rest.
 */
#define FADING_AT_ONCE 64
#define FADING_MAX 4096

/* ---- SAs that are about to go ---- */

static void fading_expired(void *context);

static void watch_fading(struct strongswan *s)
{
        if (s->n_fading > 0 && !s->fading_timer)
                session_set_timer(s, &s->fading_timer, FADING_TICK, fading_expired);
}

void session_add_fading(struct strongswan *s, uint32_t id, bool child)
{
        if (s->n_fading == FADING_MAX)
                return;
        for (size_t i = 0; i < s->n_fading; i++)
                if (s->fading[i].id == id && s->fading[i].child == child)
                        return;
        if (s->n_fading == s->fading_room) {
                size_t room = s->fading_room ? 2 * s->fading_room : 16;
                struct fading *fading = realloc(s->fading, room * sizeof(*fading));

                if (!fading)
                        return; /* the next full read shows that it went */
                s->fading = fading;
                s->fading_room = room;
        }
        s->fading[s->n_fading++] = (struct fading){ .id = id, .child = child, .wait = 1 };
        watch_fading(s);
}

/*
 * What is over is believed to be gone at the first answer without it; what is not, may be busy.
 * False: nothing more is to be asked of it.
 */
static bool judge_fading(struct strongswan *s, struct fading *f)
{
        int64_t seen = strongswan_last_seen(&s->rows, f->id, f->child);

        if (!f->asked)
                return true;
        f->asked = false;
        if (seen >= f->asked_at) {
                f->misses = 0;
                return strongswan_is_fading(&s->rows, f->id, f->child);
        }
        if (++f->misses < 2 && !strongswan_is_over(&s->rows, f->id, f->child))
                return true;
        strongswan_remove_sa(&s->rows, f->id, f->child);
        return false;
}

static void judge_all_fading(struct strongswan *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_fading; i++)
                if (judge_fading(s, &s->fading[i]))
                        s->fading[n++] = s->fading[i];
        s->n_fading = n;
        watch_fading(s);
}

static void fading_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)err;
        (void)message;
        if (--s->fading_asked == 0)
                judge_all_fading(s);
}

/* A child is asked for within its IKE SA: else all of these would be told. */
static bool ask_for_fading(struct strongswan *s, struct fading *f, int64_t now)
{
        uint32_t ike_id = f->child ? strongswan_ike_of(&s->rows, f->id) : f->id;
        char child[16];

        snprintf(child, sizeof(child), "%u", f->id);
        f->asked = true;
        f->asked_at = now;
        f->due = now + f->wait;
        f->wait = f->wait < FADING_WAIT_MAX / 2 ? (uint8_t)(2 * f->wait) : FADING_WAIT_MAX;
        return session_ask_for(s, ike_id, "child-id", f->child ? child : NO_CHILD,
                               session_piece_told, fading_answered) == 0;
}

/* A recording has no daemon that could be asked: what is over is gone. */
static void end_fading(struct strongswan *s)
{
        for (size_t i = 0; i < s->n_fading; i++)
                if (strongswan_is_over(&s->rows, s->fading[i].id, s->fading[i].child))
                        strongswan_remove_sa(&s->rows, s->fading[i].id, s->fading[i].child);
        s->n_fading = 0;
}

static void fading_expired(void *context)
{
        struct strongswan *s = context;
        int64_t now = strongswan_rows_now(&s->rows);
        size_t asked = 0;

        s->fading_timer = NULL;
        if (s->config.replay) {
                end_fading(s);
                return;
        }
        if (!vici_is_open(s->commands))
                return;
        for (size_t i = 0; s->fading_asked == 0 && i < s->n_fading && asked < FADING_AT_ONCE; i++)
                if (s->fading[i].due <= now && ask_for_fading(s, &s->fading[i], now))
                        asked++;
        s->fading_asked += asked;
        watch_fading(s);
}

/* ---- events ---- */

typedef int take_event(struct strongswan_rows *r, struct vici_slice message);

static const struct {
        const char *name;
        take_event *take;
} events[] = {
        { "ike-updown", strongswan_take_ike_updown },
        { "child-updown", strongswan_take_child_updown },
        { "ike-rekey", strongswan_take_ike_rekey },
        { "child-rekey", strongswan_take_child_rekey },
        { "ike-update", strongswan_take_ike_update },
        { "alert", strongswan_take_alert }, /* from strongSwan 6.0.3 on */
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

uint32_t session_id_of(struct vici_slice section)
{
        struct vici_item item;
        int64_t id;

        return vici_find(section, "uniqueid", &item) && vici_number(&item, 10, &id) == 0 &&
                               id > 0 && id <= UINT32_MAX
                       ? (uint32_t)id
                       : 0;
}

/* What the event says is over, or about to be: its "old", or an IKE SA that is not up. */
static void note_fading(struct strongswan *s, struct vici_slice section, bool child)
{
        struct vici_item old, new, children, each;
        uint32_t id = session_id_of(section);

        if (vici_find(section, "old", &old) && old.kind == VICI_SECTION)
                session_add_fading(s, session_id_of(old.body), child);
        if (!child && vici_find(section, "old", &old) && vici_find(section, "new", &new) &&
            id_set_has(&s->large, session_id_of(old.body))) {
                id_set_add(&s->large, session_id_of(new.body)); /* it has all its children */
                id_set_sort(&s->large);
        }
        if (id != 0 && strongswan_is_fading(&s->rows, id, child))
                session_add_fading(s, id, child);
        if (child || !vici_find(section, "child-sas", &children))
                return;
        while (vici_next(&children.body, &each))
                if (each.kind == VICI_SECTION)
                        note_fading(s, each.body, true);
}

static bool is_event(const struct vici_packet *packet, const char *name)
{
        return packet->name_length == strlen(name) &&
               memcmp(packet->name, name, packet->name_length) == 0;
}

static void note_sections(struct strongswan *s, struct vici_slice message)
{
        struct vici_item item;

        while (vici_next(&message, &item))
                if (item.kind == VICI_SECTION)
                        note_fading(s, item.body, false);
}

static void take_line(struct strongswan *s, const struct vici_packet *packet);

static void take(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;
        struct vici_item inner;

        if (is_event(packet, "log")) {
                take_line(s, packet);
                return;
        }
        for (size_t i = 0; i < N_EVENTS; i++) {
                if (!is_event(packet, events[i].name))
                        continue;
                s->base.row.events++;
                session_taken(s, events[i].name, events[i].take(&s->rows, packet->message));
                note_sections(s, packet->message);
        }
        if (is_event(packet, "alert") && vici_find(packet->message, "ike-sa", &inner) &&
            inner.kind == VICI_SECTION)
                note_sections(s, inner.body);
        s->base.row.rows = session_count_rows(s);
        collector_tell(&s->base);
}

/* ---- the log ---- */

/* Connections that are loaded together are read once. */
static void configuration_changed(struct strongswan *s)
{
        int64_t wait = READ_SHARE * (s->ended_ms - s->begun_ms);

        if (s->configuration_changed)
                return;
        s->configuration_changed = true;
        if (wait < CHANGE_WAIT)
                wait = CHANGE_WAIT;
        else if (wait > CHANGE_WAIT_MAX)
                wait = CHANGE_WAIT_MAX;
        if (s->phase == PHASE_IDLE && s->looks == 0 && s->read_timer)
                session_set_timer(s, &s->read_timer, (uint32_t)wait, session_read_expired);
}

/* One of an IKE SA that is not known, or that does not last: the daemon is asked for it. */
static void take_line(struct strongswan *s, const struct vici_packet *packet)
{
        struct strongswan_said said;
        uint32_t id;

        session_taken(s, "log", strongswan_take_log(&s->rows, packet->message, &id, &said));
        if (said.line == LINE_OTHER)
                return;
        if (id != 0 && (strongswan_last_seen(&s->rows, id, false) == 0 ||
                        strongswan_is_fading(&s->rows, id, false)))
                session_add_fading(s, id, false);
        if (said.line == LINE_CONFIGURATION)
                configuration_changed(s);
        s->base.row.events++;
        s->base.row.rows = session_count_rows(s);
        collector_tell(&s->base);
}

static void delay_expired(void *context);

static void watch_delay(struct strongswan *s)
{
        int64_t wait = vici_delay_next(&s->delay) - session_milliseconds(s);

        if (s->delay.first && !s->delay_timer)
                session_set_timer(s, &s->delay_timer, wait > 0 ? (uint32_t)wait : 0, delay_expired);
}

void session_take_delayed(struct strongswan *s, int64_t until)
{
        while (vici_delay_next(&s->delay) <= until)
                vici_delay_take(&s->delay, take, s);
}

static void delay_expired(void *context)
{
        struct strongswan *s = context;

        s->delay_timer = NULL;
        session_take_delayed(s, session_milliseconds(s));
        watch_delay(s);
}

static bool is_end(const struct vici_packet *packet)
{
        struct vici_item up;

        return (is_event(packet, "ike-updown") || is_event(packet, "child-updown")) &&
               !vici_find(packet->message, "up", &up);
}

/* False: there is no room, or no memory. */
static bool delay(struct strongswan *s, const struct vici_packet *packet)
{
        if (s->delay.octets + vici_length(packet->message) > DELAYED_MAX ||
            vici_delay_put(&s->delay, packet, session_milliseconds(s) + LINE_WITHIN) < 0)
                return false;
        watch_delay(s);
        return true;
}

static bool is_consequence(const struct vici_packet *packet)
{
        struct vici_item msg;

        return vici_find(packet->message, "msg", &msg) &&
               strongswan_said_in_log(&msg).line == LINE_CONSEQUENCE;
}

/*
 * The daemon tells its log by another thread than events: why something ended may come behind the
 * word that it ended. Events do not overtake each other; of two lines the second may overtake the
 * first, since each may have a thread of its own.
 */
void session_event_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        if (is_event(packet, "log")) {
                if (!is_consequence(packet) || !delay(s, packet))
                        take_line(s, packet);
                return;
        }
        if (s->log_is_told && (s->delay.first || is_end(packet))) {
                if (delay(s, packet))
                        return;
                session_take_delayed(s, INT64_MAX - 1);
        }
        take(s, packet);
}

static void log_watched(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        s->log_is_told = err == 0;
}

void session_watch_events(struct strongswan *s, vici_answer *last_watched)
{
        vici_watch(s->events, "log", log_watched, s);
        for (size_t i = 0; i < N_EVENTS; i++)
                vici_watch(s->events, events[i].name, i + 1 == N_EVENTS ? last_watched : NULL, s);
}
