#include "strongswan.h"

#include "strongswan_rows.h"
#include "vici.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds. */
#define RETRY_FIRST 1000 /* after the daemon went; doubled up to RETRY_LAST */
#define RETRY_LAST 15000
#define HEARTBEAT 10000 /* the daemon is asked whether it lives, and how many IKE SAs it has */
#define SECOND_LOOK 500 /* after a read that did not show all: a busy SA is left out */
#define RECHECK 3000    /* SAs that are about to go are asked for until they went */

/* SAs asked for one by one at a time; the rest waits for its turn. */
#define RECHECKS_AT_ONCE 64

/* What is asked for in a full read, in this order. */
enum phase {
        PHASE_IDLE,
        PHASE_VERSION,
        PHASE_STATS,
        PHASE_NAMES,
        PHASE_CONNECTIONS,
        PHASE_POLICIES,
        PHASE_CERTIFICATES,
        PHASE_SAS,
};

/* An SA whose end is expected: asked for by its number until the daemon does not know it. */
struct fading {
        uint32_t id;
        bool child;
        uint8_t misses; /* a busy SA may be left out once */
        int64_t asked;  /* seconds since 1970; 0: its turn has not come */
};

struct strongswan {
        struct collector base;
        struct strongswan_config config;
        struct strongswan_rows rows;
        struct vici *commands;
        struct vici *events; /* a connection of its own: answers never wait behind events */
        enum phase phase;
        bool with_sas;  /* this read asks for the SAs, too */
        bool read_once; /* SAs have been read since the connection was opened */
        int64_t begun_us;
        int64_t begun;      /* seconds since 1970: this part of the read */
        int64_t sas_begun;  /* the last read of all SAs */
        int64_t sas_due;    /* seconds since 1970: when all SAs are read again */
        size_t names;       /* connections that get-conns told */
        size_t connections; /* of these, how many list-conns showed */
        size_t sas_total;   /* IKE SAs that the daemon says it has */
        bool looking_again; /* the last read of all SAs did not show all; the next one decides */
        bool was_up;        /* the daemon has answered since the agent's start */
        int64_t first_look; /* begin of the read of all SAs before this, if that decides */
        char since[64];     /* when the daemon was started, in its words */
        char source_version[96];
        uint32_t retry; /* milliseconds */
        struct fading *fading;
        size_t n_fading;
        size_t fading_room;
        size_t pieces; /* child SAs asked for by name, of IKE SAs too large to be listed */
        struct loop_timer *read_timer;
        struct loop_timer *heartbeat_timer;
        struct loop_timer *fading_timer;
};

static void begin_read(struct strongswan *s, bool with_sas);
static void next_phase(struct strongswan *s);
static void add_fading(struct strongswan *s, uint32_t id, bool child);

static struct strongswan *strongswan_of(struct collector *c)
{
        return (struct strongswan *)c;
}

/* ---- timers ---- */

static void set_timer(struct strongswan *s, struct loop_timer **timer, uint32_t milliseconds,
                      loop_expired *expired)
{
        struct loop *loop = s->base.loop;

        if (*timer)
                loop->cancel(loop, *timer);
        *timer = loop->after(loop, milliseconds, expired, s);
}

static void clear_timer(struct strongswan *s, struct loop_timer **timer)
{
        s->base.loop->cancel(s->base.loop, *timer);
        *timer = NULL;
}

/* ---- the daemon's row ---- */

static uint32_t count_rows(const struct strongswan *s)
{
        return (uint32_t)(table_count(s->rows.ike_sas) + table_count(s->rows.children) +
                          table_count(s->rows.policies) + table_count(s->rows.configured) +
                          table_count(s->rows.certificates));
}

static void damaged(struct strongswan *s, const char *what)
{
        collector_failed(&s->base, s->base.row.state, "a message of %s is not understood", what);
}

static void taken(struct strongswan *s, const char *what, int err)
{
        if (err == -EBADMSG)
                damaged(s, what);
        else if (err < 0)
                collector_failed(&s->base, COLLECTOR_DEGRADED, "keeping a row failed: %s",
                                 strerror(-err));
}

/* ---- asking ---- */

static void ask(struct strongswan *s, const struct vici_question *question)
{
        int err = vici_ask(s->commands, question);

        if (err < 0 && err != -ENOTCONN)
                collector_failed(&s->base, COLLECTOR_DEGRADED, "asking the daemon failed: %s",
                                 strerror(-err));
}

static void copy_value(struct vici_slice message, const char *name, char *text, size_t room)
{
        struct vici_item item;
        size_t length;

        text[0] = '\0';
        if (!vici_find(message, name, &item) || item.kind != VICI_VALUE)
                return;
        length = vici_length(item.body);
        if (length >= room)
                length = room - 1;
        for (size_t i = 0; i < length; i++)
                text[i] = item.body.at[i] >= ' ' && item.body.at[i] <= '~' ? (char)item.body.at[i]
                                                                           : '?';
        text[length] = '\0';
}

static void version_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;
        char version[64];

        if (err == 0) {
                copy_value(message, "version", version, sizeof(version));
                snprintf(s->source_version, sizeof(s->source_version), "strongSwan %s", version);
        }
        next_phase(s);
}

/* A daemon that was started anew numbers its SAs from 1 again: they are not those of before. */
static void note_start(struct strongswan *s, struct vici_slice message)
{
        char since[sizeof(s->since)];
        struct vici_item uptime;

        if (!vici_find(message, "uptime", &uptime) || uptime.kind != VICI_SECTION)
                return;
        copy_value(uptime.body, "since", since, sizeof(since));
        if (strcmp(since, s->since) == 0)
                return;
        memcpy(s->since, since, sizeof(since));
        s->rows.run++;
}

static void note_total(struct strongswan *s, struct vici_slice message)
{
        struct vici_item ike_sas, total;
        int64_t number;

        if (vici_find(message, "ikesas", &ike_sas) && ike_sas.kind == VICI_SECTION &&
            vici_find(ike_sas.body, "total", &total) && vici_number(&total, 10, &number) == 0 &&
            number >= 0)
                s->sas_total = (size_t)number;
}

static void stats_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        if (err == 0) {
                note_start(s, message);
                note_total(s, message);
        }
        next_phase(s);
}

static void names_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;
        struct vici_item list, item;

        s->names = s->connections = 0;
        if (err == 0 && vici_find(message, "conns", &list) && list.kind == VICI_LIST)
                while (vici_next(&list.body, &item))
                        s->names++;
        next_phase(s);
}

static void connection_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        s->connections++;
        taken(s, "list-conns", strongswan_take_connection(&s->rows, packet->message));
}

/* The daemon drops what is too long for a message, and says so in its log alone. */
static void connections_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        if (err == 0 && s->connections >= s->names)
                strongswan_forget_connections(&s->rows, s->begun);
        else if (err == 0)
                collector_failed(&s->base, COLLECTOR_DEGRADED,
                                 "%zu connections are too large to be told by VICI",
                                 s->names - s->connections);
        next_phase(s);
}

static void policy_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        taken(s, "list-policies", strongswan_take_policy(&s->rows, packet->message));
}

static void policies_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        if (err == 0)
                strongswan_policies_read(&s->rows, s->begun);
        next_phase(s);
}

static void certificate_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        taken(s, "list-certs", strongswan_take_certificate(&s->rows, packet->message));
}

static void certificates_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        if (err == 0)
                strongswan_forget_certificates(&s->rows, s->begun);
        next_phase(s);
}

/* ---- all SAs ---- */

static void sa_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        taken(s, "list-sas", strongswan_take_sa(&s->rows, packet->message, TABLE_FROM_DUMP));
}

static void read_expired(void *context)
{
        struct strongswan *s = context;
        int64_t now = strongswan_rows_now(&s->rows);

        s->read_timer = NULL;
        begin_read(s, now >= s->sas_due);
}

static void read_later(struct strongswan *s)
{
        set_timer(s, &s->read_timer, s->config.interval * 1000, read_expired);
}

static void finish_read(struct strongswan *s)
{
        s->phase = PHASE_IDLE;
        collector_succeeded(&s->base, s->begun_us, count_rows(s));
        if (!s->config.replay && !s->read_timer)
                read_later(s);
}

/* ---- IKE SAs too large for a message: by the names of their children ---- */

static void piece_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)err;
        (void)message;
        if (--s->pieces > 0)
                return;
        strongswan_forget_sas(&s->rows, s->first_look);
        finish_read(s);
}

static void piece_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        taken(s, "list-sas", strongswan_take_sa(&s->rows, packet->message, TABLE_FROM_EVENT));
}

static bool is_listed(const struct strongswan *s, const struct configured_policy *child)
{
        const struct ike_sa *row;
        uint32_t index = 0;

        while ((row = table_next(s->rows.ike_sas, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                if (row->daemon_kind == DAEMON_STRONGSWAN && row->last_seen >= s->sas_begun &&
                    row->policy_name == child->policy_name)
                        return true;
        }
        return false;
}

static void ask_for_piece(struct strongswan *s, const struct configured_policy *child)
{
        const char *const parameters[][2] = { { "noblock", "yes" },
                                              { "child", child->child_name } };
        const struct vici_question question = { .command = "list-sas",
                                                .stream = "list-sa",
                                                .parameters = parameters,
                                                .n_parameters = 2,
                                                .part = piece_told,
                                                .answered = piece_answered,
                                                .context = s };

        if (vici_ask(s->commands, &question) == 0)
                s->pieces++;
}

/* Fewer IKE SAs than the daemon has, twice: those whose children are many do not fit. */
static void ask_for_pieces(struct strongswan *s)
{
        const struct configured_policy *child = NULL;
        const char *last_policy = NULL;
        bool listed = false;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        while ((child = table_next(s->rows.configured, &configured_policy_type, oid, length,
                                   false))) {
                length = index_encode(&configured_policy_type, child, oid);
                if (child->daemon_kind != DAEMON_STRONGSWAN || child->mode == MODE_UNKNOWN)
                        continue;
                if (child->policy_name != last_policy)
                        listed = is_listed(s, child);
                last_policy = child->policy_name;
                if (!listed)
                        ask_for_piece(s, child);
        }
}

static void second_look_expired(void *context)
{
        struct strongswan *s = context;

        s->read_timer = NULL;
        begin_read(s, true);
}

static void fades(void *context, uint32_t id, bool child)
{
        add_fading(context, id, child);
}

/*
 * What two reads in a row did not show is gone: the second follows at once. Where both showed fewer
 * IKE SAs than the daemon has, some are too large to be told.
 */
static void judge_sas(struct strongswan *s)
{
        size_t seen = strongswan_count_sas(&s->rows, s->begun);
        bool too_few = seen < s->sas_total;

        strongswan_each_fading(&s->rows, fades, s);
        if (!s->looking_again && (too_few || strongswan_count_sas(&s->rows, 0) > seen)) {
                s->looking_again = true;
                s->first_look = s->begun;
                set_timer(s, &s->read_timer, SECOND_LOOK, second_look_expired);
                return;
        }
        if (!s->looking_again)
                s->first_look = s->begun;
        s->looking_again = false;
        if (too_few)
                ask_for_pieces(s);
        if (s->pieces == 0)
                strongswan_forget_sas(&s->rows, s->first_look);
}

static void sas_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        if (!s->read_once) {
                table_sweep_abort(s->rows.children);
                table_sweep_abort(s->rows.ike_sas);
        }
        if (err == 0) {
                s->read_once = s->was_up = true;
                s->sas_begun = s->begun;
                s->sas_due = s->begun + s->config.sa_interval;
                if (!s->config.replay)
                        judge_sas(s);
        }
        if (s->pieces == 0)
                finish_read(s);
}

/* ---- the phases of a read ---- */

static const char *const policy_parameters[][2] = {
        { "drop", "yes" },
        { "pass", "yes" },
        { "trap", "yes" },
};

static const char *const sa_parameters[][2] = { { "noblock", "yes" } };

static const struct vici_question questions[] = {
        [PHASE_VERSION] = { .command = "version", .answered = version_answered },
        [PHASE_STATS] = { .command = "stats", .answered = stats_answered },
        [PHASE_NAMES] = { .command = "get-conns", .answered = names_answered },
        [PHASE_CONNECTIONS] = { .command = "list-conns",
                                .stream = "list-conn",
                                .part = connection_told,
                                .answered = connections_answered },
        [PHASE_POLICIES] = { .command = "list-policies",
                             .stream = "list-policy",
                             .parameters = policy_parameters,
                             .n_parameters = 3,
                             .part = policy_told,
                             .answered = policies_answered },
        [PHASE_CERTIFICATES] = { .command = "list-certs",
                                 .stream = "list-cert",
                                 .part = certificate_told,
                                 .answered = certificates_answered },
        [PHASE_SAS] = { .command = "list-sas",
                        .stream = "list-sa",
                        .parameters = sa_parameters,
                        .n_parameters = 1,
                        .part = sa_told,
                        .answered = sas_answered },
};

static void ask_phase(struct strongswan *s)
{
        struct vici_question question = questions[s->phase];

        s->begun = strongswan_rows_now(&s->rows);
        question.context = s;
        if (s->phase == PHASE_SAS && !s->read_once) {
                table_sweep_begin(s->rows.ike_sas);
                table_sweep_begin(s->rows.children);
        }
        ask(s, &question);
}

static void next_phase(struct strongswan *s)
{
        if (s->phase == PHASE_IDLE || s->config.replay)
                return;
        s->phase++;
        if (s->phase == PHASE_SAS && !s->with_sas)
                finish_read(s);
        else
                ask_phase(s);
}

static void begin_read(struct strongswan *s, bool with_sas)
{
        if (!vici_is_open(s->commands) || s->phase != PHASE_IDLE)
                return;
        s->base.row.polls++;
        s->begun_us = monotonic_us();
        s->with_sas = with_sas;
        s->phase = s->read_once ? PHASE_STATS : PHASE_VERSION;
        ask_phase(s);
}

/* ---- SAs that are about to go ---- */

static void ask_for_fading(struct strongswan *s);

static void fading_expired(void *context)
{
        struct strongswan *s = context;

        s->fading_timer = NULL;
        ask_for_fading(s);
}

static void watch_fading(struct strongswan *s)
{
        if (s->n_fading > 0 && !s->fading_timer)
                set_timer(s, &s->fading_timer, RECHECK, fading_expired);
}

static void add_fading(struct strongswan *s, uint32_t id, bool child)
{
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
        s->fading[s->n_fading++] = (struct fading){ .id = id, .child = child };
        watch_fading(s);
}

/* The first answer without it is not believed. False: nothing more is to be asked of it. */
static bool judge_fading(struct strongswan *s, struct fading *f)
{
        int64_t seen = strongswan_last_seen(&s->rows, f->id, f->child);

        if (!strongswan_is_fading(&s->rows, f->id, f->child))
                return false;
        if (f->asked == 0)
                return true;
        f->misses = seen < f->asked ? (uint8_t)(f->misses + 1) : 0;
        if (f->misses < 2)
                return true;
        strongswan_remove_sa(&s->rows, f->id, f->child);
        return false;
}

static void ask_for_one(struct strongswan *s, struct fading *f)
{
        char id[16];
        const char *const parameters[][2] = { { "noblock", "yes" },
                                              { f->child ? "child-id" : "ike-id", id } };
        const struct vici_question question = { .command = "list-sas",
                                                .stream = "list-sa",
                                                .parameters = parameters,
                                                .n_parameters = 2,
                                                .part = piece_told,
                                                .context = s };

        snprintf(id, sizeof(id), "%u", f->id);
        f->asked = strongswan_rows_now(&s->rows);
        ask(s, &question);
}

/* First what the last answers said, then the next questions. */
static void ask_for_fading(struct strongswan *s)
{
        size_t n = 0;

        if (!vici_is_open(s->commands))
                return;
        if (!vici_is_idle(s->commands)) { /* the answers have not come yet */
                watch_fading(s);
                return;
        }
        for (size_t i = 0; i < s->n_fading; i++)
                if (judge_fading(s, &s->fading[i]))
                        s->fading[n++] = s->fading[i];
        s->n_fading = n;
        for (size_t i = 0; i < n && i < RECHECKS_AT_ONCE; i++)
                ask_for_one(s, &s->fading[i]);
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
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

static uint32_t id_of(struct vici_slice section)
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
        struct vici_item old, children, each;
        uint32_t id = id_of(section);

        if (vici_find(section, "old", &old) && old.kind == VICI_SECTION)
                add_fading(s, id_of(old.body), child);
        if (id != 0 && strongswan_is_fading(&s->rows, id, child))
                add_fading(s, id, child);
        if (child || !vici_find(section, "child-sas", &children))
                return;
        while (vici_next(&children.body, &each))
                if (each.kind == VICI_SECTION)
                        note_fading(s, each.body, true);
}

static void take(struct strongswan *s, const struct vici_packet *packet)
{
        struct vici_slice rest = packet->message;
        struct vici_item item;

        for (size_t i = 0; i < N_EVENTS; i++) {
                if (packet->name_length != strlen(events[i].name) ||
                    memcmp(packet->name, events[i].name, packet->name_length) != 0)
                        continue;
                s->base.row.events++;
                taken(s, events[i].name, events[i].take(&s->rows, packet->message));
                while (vici_next(&rest, &item))
                        if (item.kind == VICI_SECTION)
                                note_fading(s, item.body, false);
        }
        s->base.row.rows = count_rows(s);
        collector_tell(&s->base);
}

/* ---- the connections ---- */

static void event_told(void *context, const struct vici_packet *packet)
{
        take(context, packet);
}

static void close_connections(struct strongswan *s)
{
        vici_close(s->commands);
        vici_close(s->events);
        table_sweep_abort(s->rows.children);
        table_sweep_abort(s->rows.ike_sas);
        clear_timer(s, &s->read_timer);
        clear_timer(s, &s->heartbeat_timer);
        clear_timer(s, &s->fading_timer);
        s->phase = PHASE_IDLE;
        s->read_once = s->looking_again = false;
        s->pieces = s->n_fading = 0;
}

static void retry_expired(void *context)
{
        struct strongswan *s = context;

        s->read_timer = NULL;
        vici_open(s->events);
}

static void tell_lost(struct strongswan *s, int err)
{
        if ((err == -ENOENT || err == -ECONNREFUSED) && !s->was_up) {
                collector_absent(&s->base, "no daemon listens at the VICI socket");
                return;
        }
        switch (err) {
        case -ENOENT:
        case -ECONNREFUSED:
                collector_failed(&s->base, COLLECTOR_DOWN,
                                 "no daemon listens at the VICI socket (is strongSwan running?)");
                break;
        case -EACCES:
        case -EPERM:
                collector_failed(&s->base, COLLECTOR_DOWN, "the VICI socket may not be opened: %s",
                                 strerror(-err));
                break;
        case -ETIMEDOUT:
                collector_failed(&s->base, COLLECTOR_DOWN, "the daemon does not answer");
                break;
        case -ECONNRESET:
                collector_failed(&s->base, COLLECTOR_DOWN, "the daemon closed the connection");
                break;
        default:
                collector_failed(&s->base, COLLECTOR_DOWN, "talking to the daemon failed: %s",
                                 strerror(-err));
                break;
        }
}

static void lost(void *context, int err)
{
        struct strongswan *s = context;

        close_connections(s);
        strongswan_rows_grow_old(&s->rows);
        tell_lost(s, err);
        set_timer(s, &s->read_timer, s->retry, retry_expired);
        s->retry = s->retry < RETRY_LAST / 2 ? 2 * s->retry : RETRY_LAST;
}

static void heartbeat_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        if (err < 0)
                return;
        note_total(s, message);
        if (s->sas_total != strongswan_count_sas(&s->rows, 0) && s->n_fading == 0)
                begin_read(s, true);
}

static void heartbeat_expired(void *context)
{
        struct strongswan *s = context;
        const struct vici_question question = { .command = "stats",
                                                .answered = heartbeat_answered,
                                                .context = s };

        s->heartbeat_timer = NULL;
        if (s->phase == PHASE_IDLE)
                ask(s, &question);
        set_timer(s, &s->heartbeat_timer, HEARTBEAT, heartbeat_expired);
}

static void commands_opened(void *context)
{
        struct strongswan *s = context;

        s->retry = RETRY_FIRST;
        set_timer(s, &s->heartbeat_timer, HEARTBEAT, heartbeat_expired);
        begin_read(s, true);
}

/* Events first: what happens while all is read is told, too. */
static void last_watched(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)err;
        (void)message;
        vici_open(s->commands);
}

static void events_opened(void *context)
{
        struct strongswan *s = context;

        for (size_t i = 0; i < N_EVENTS; i++)
                vici_watch(s->events, events[i].name, i + 1 == N_EVENTS ? last_watched : NULL, s);
}

/* ---- recordings ---- */

static void record(struct strongswan *s, const char *stream, const uint8_t *octets, size_t length)
{
        const uint8_t *packet = octets - 4; /* with its length, which goes before it */

        recording_write(s->config.recording, stream, packet, length + 4);
}

static void event_heard(void *context, const char *command, const uint8_t *octets, size_t length)
{
        struct strongswan *s = context;

        if (!command && s->config.recording)
                record(s, STREAM_VICI_EVENTS, octets, length);
}

static const struct {
        const char *command;
        const char *stream;
} streams[] = {
        { "version", STREAM_VICI_VERSION },         { "stats", STREAM_VICI_STATS },
        { "list-conns", STREAM_VICI_CONNECTIONS },  { "list-policies", STREAM_VICI_POLICIES },
        { "list-certs", STREAM_VICI_CERTIFICATES }, { "list-sas", STREAM_VICI_SAS },
};

#define N_STREAMS (sizeof(streams) / sizeof(streams[0]))

static void command_heard(void *context, const char *command, const uint8_t *octets, size_t length)
{
        struct strongswan *s = context;

        for (size_t i = 0; s->config.recording && command && i < N_STREAMS; i++)
                if (strcmp(streams[i].command, command) == 0)
                        record(s, streams[i].stream, octets, length);
}

/* Which part of a read a recorded stream belongs to. */
static enum phase phase_of(const char *command)
{
        for (enum phase phase = PHASE_VERSION; phase <= PHASE_SAS; phase++)
                if (strcmp(questions[phase].command, command) == 0)
                        return phase;
        return PHASE_IDLE;
}

static bool unpack(struct strongswan *s, const void *octets, size_t length,
                   struct vici_packet *packet)
{
        if (length > 4 && vici_packet_parse((const uint8_t *)octets + 4, length - 4, packet) == 0)
                return true;
        damaged(s, "the recording");
        return false;
}

static void replay_answer(struct strongswan *s, const char *command, const void *octets,
                          size_t length)
{
        enum phase phase = phase_of(command);
        struct vici_packet packet;

        if (!unpack(s, octets, length, &packet))
                return;
        if (s->phase != phase) {
                s->phase = phase;
                s->begun_us = monotonic_us();
                s->begun = strongswan_rows_now(&s->rows);
                if (phase == PHASE_SAS && !s->read_once) {
                        table_sweep_begin(s->rows.ike_sas);
                        table_sweep_begin(s->rows.children);
                }
        }
        if (packet.type == VICI_EVENT && questions[phase].part)
                questions[phase].part(s, &packet);
        else if (packet.type == VICI_CMD_RESPONSE)
                questions[phase].answered(s, 0, packet.message);
}

static void replay_version(void *context, const void *octets, size_t length)
{
        replay_answer(context, "version", octets, length);
}

static void replay_stats(void *context, const void *octets, size_t length)
{
        replay_answer(context, "stats", octets, length);
}

static void replay_connections(void *context, const void *octets, size_t length)
{
        replay_answer(context, "list-conns", octets, length);
}

static void replay_policies(void *context, const void *octets, size_t length)
{
        replay_answer(context, "list-policies", octets, length);
}

static void replay_certificates(void *context, const void *octets, size_t length)
{
        replay_answer(context, "list-certs", octets, length);
}

static void replay_sas(void *context, const void *octets, size_t length)
{
        replay_answer(context, "list-sas", octets, length);
}

static void replay_event(void *context, const void *octets, size_t length)
{
        struct strongswan *s = context;
        struct vici_packet packet;

        if (unpack(s, octets, length, &packet) && packet.type == VICI_EVENT)
                take(s, &packet);
}

static int subscribe(struct strongswan *s)
{
        struct replay *replay = s->config.replay;

        replay_subscribe(replay, STREAM_VICI_VERSION, replay_version, s);
        replay_subscribe(replay, STREAM_VICI_STATS, replay_stats, s);
        replay_subscribe(replay, STREAM_VICI_CONNECTIONS, replay_connections, s);
        replay_subscribe(replay, STREAM_VICI_POLICIES, replay_policies, s);
        replay_subscribe(replay, STREAM_VICI_CERTIFICATES, replay_certificates, s);
        replay_subscribe(replay, STREAM_VICI_SAS, replay_sas, s);
        return replay_subscribe(replay, STREAM_VICI_EVENTS, replay_event, s);
}

/* ---- collector_ops ---- */

static int start(struct collector *c)
{
        struct strongswan *s = strongswan_of(c);

        if (s->config.replay) {
                if (!replay_has(s->config.replay, STREAM_VICI_SAS))
                        collector_absent(c, "the recording has nothing of strongSwan");
                return subscribe(s);
        }
        vici_open(s->events);
        return 0;
}

static void refresh(struct collector *c)
{
        begin_read(strongswan_of(c), true);
}

static void stop(struct collector *c)
{
        close_connections(strongswan_of(c));
}

static void release(struct collector *c)
{
        struct strongswan *s = strongswan_of(c);

        stop(c);
        vici_free(s->commands);
        vici_free(s->events);
        strongswan_rows_free(&s->rows);
        free(s->fading);
        free(s);
}

static const struct collector_ops ops = {
        .key = "strongswan",
        .name = "strongSwan's IKE daemon (VICI)",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = release,
};

static const struct vici_owner events_owner = {
        .opened = events_opened,
        .lost = lost,
        .event = event_told,
        .heard = event_heard,
};

static const struct vici_owner commands_owner = {
        .opened = commands_opened,
        .lost = lost,
        .event = event_told,
        .heard = command_heard,
};

struct collector *strongswan_new(struct loop *loop, struct store *store,
                                 const struct strongswan_config *config)
{
        struct strongswan *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        collector_init(&s->base, &ops, loop, store);
        strongswan_rows_init(&s->rows, loop, store);
        s->config = *config;
        s->retry = RETRY_FIRST;
        s->base.row.source_version = s->source_version;
        s->events = vici_new(loop, config->opener, &events_owner, s);
        s->commands = vici_new(loop, config->opener, &commands_owner, s);
        if (!s->events || !s->commands) {
                release(&s->base);
                return NULL;
        }
        collector_tell(&s->base);
        return &s->base;
}

void strongswan_configure(struct collector *c, const struct strongswan_config *config)
{
        struct strongswan *s = strongswan_of(c);

        s->config.interval = config->interval;
        s->config.sa_interval = config->sa_interval;
        if (vici_is_open(s->commands) && s->read_timer)
                read_later(s);
}
