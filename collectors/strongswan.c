#include "config.h"

#include "strongswan_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Milliseconds. */
#define RETRY_FIRST 1000 /* after the daemon went; doubled up to RETRY_LAST */
#define RETRY_LAST 15000
#define HEARTBEAT 10000 /* the daemon is asked whether it lives, and how many IKE SAs it has */

/* Seconds. */
#define START_TOLERANCE 1

static struct strongswan *strongswan_of(struct collector *c)
{
        return (struct strongswan *)c;
}

/* ---- timers ---- */

void session_set_timer(struct strongswan *s, struct loop_timer **timer, uint32_t milliseconds,
                       loop_expired *expired)
{
        struct loop *loop = s->base.loop;

        if (*timer)
                loop->cancel(loop, *timer);
        *timer = loop->after(loop, milliseconds, expired, s);
}

int64_t session_milliseconds(const struct strongswan *s)
{
        struct moment now;

        s->base.loop->now(s->base.loop, &now);
        return now.monotonic;
}

void session_clear_timer(struct strongswan *s, struct loop_timer **timer)
{
        s->base.loop->cancel(s->base.loop, *timer);
        *timer = NULL;
}

/* ---- the daemon's row ---- */

uint32_t session_count_rows(const struct strongswan *s)
{
        return (uint32_t)(table_count(s->rows.ike_sas) + table_count(s->rows.children) +
                          table_count(s->rows.policies) + table_count(s->rows.configured) +
                          table_count(s->rows.certificates));
}

static void damaged(struct strongswan *s, const char *what)
{
        collector_failed(&s->base, s->base.row.state, "a message of %s is not understood", what);
}

void session_taken(struct strongswan *s, const char *what, int err)
{
        if (err == -EBADMSG)
                damaged(s, what);
        else if (err == -ENOSPC)
                collector_failed(&s->base, COLLECTOR_DEGRADED, "%s tells of more than is kept",
                                 what);
        else if (err < 0)
                collector_failed(&s->base, COLLECTOR_DEGRADED, "keeping a row failed: %s",
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
}

/* The daemon takes its uptime from the time of day, each in whole seconds: it wavers. */
static bool same_start(const char *a, const char *b)
{
        struct tm first = { 0 }, second = { 0 };

        if (strcmp(a, b) == 0)
                return true;
        if (!strptime(a, "%b %d %T %Y", &first) || !strptime(b, "%b %d %T %Y", &second))
                return false;
        return llabs((long long)timegm(&first) - (long long)timegm(&second)) <= START_TOLERANCE;
}

/* A daemon that was started anew numbers its SAs from 1 again: they are not those of before. */
static void note_start(struct strongswan *s, struct vici_slice message)
{
        char since[sizeof(s->since)];
        struct vici_item uptime;
        bool same;

        if (!vici_find(message, "uptime", &uptime) || uptime.kind != VICI_SECTION)
                return;
        copy_value(uptime.body, "since", since, sizeof(since));
        same = same_start(since, s->since);
        memcpy(s->since, since, sizeof(since));
        if (!same)
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

        if (err < 0)
                return;
        note_start(s, message);
        note_total(s, message);
}

/* ---- the connections ---- */

static void close_connections(struct strongswan *s)
{
        vici_close(s->commands);
        vici_close(s->events);
        session_sweep_abort(s);
        id_set_free(&s->whole);
        id_set_free(&s->missing);
        id_set_free(&s->large);
        session_clear_timer(s, &s->read_timer);
        session_clear_timer(s, &s->heartbeat_timer);
        session_clear_timer(s, &s->fading_timer);
        session_clear_timer(s, &s->delay_timer);
        vici_delay_free(&s->delay);
        s->log_is_told = s->configuration_changed = false;
        s->phase = PHASE_IDLE;
        s->looks = 0;
        s->configuration_read = s->children_read = s->children_read_before = 0;
        s->asked = s->fading_asked = s->n_fading = 0;
        s->names = s->connections = 0;
}

static void retry_expired(void *context)
{
        struct strongswan *s = context;

        s->read_timer = NULL;
        vici_open(s->commands);
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
        case -EBADMSG:
        case -EPROTO:
        case -EMSGSIZE:
                collector_failed(&s->base, COLLECTOR_DOWN, "what the daemon says is not VICI: %s",
                                 strerror(-err));
                break;
        case -EFBIG:
                collector_failed(&s->base, COLLECTOR_DOWN, "an answer of the daemon does not end");
                break;
        case -ECONNRESET:
        case -EPIPE:
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

        session_take_delayed(s, INT64_MAX - 1);
        close_connections(s);
        strongswan_rows_grow_old(&s->rows);
        tell_lost(s, err);
        session_set_timer(s, &s->read_timer, s->retry, retry_expired);
        s->retry = s->retry < RETRY_LAST / 2 ? 2 * s->retry : RETRY_LAST;
}

/* The daemon's count costs nothing; it betrays the IKE SAs that no event told of. */
static void heartbeat_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        if (err < 0)
                return;
        note_total(s, message);
        if (s->sas_total != strongswan_count_sas(&s->rows, 0) &&
            session_milliseconds(s) - s->ended_ms >= READ_SHARE * (s->ended_ms - s->begun_ms))
                session_begin_read(s, PART_IKE_SAS);
}

static void heartbeat_expired(void *context)
{
        struct strongswan *s = context;
        const struct vici_question question = { .command = "stats",
                                                .answered = heartbeat_answered,
                                                .context = s };

        s->heartbeat_timer = NULL;
        if (s->phase == PHASE_IDLE)
                session_ask(s, &question);
        session_set_timer(s, &s->heartbeat_timer, HEARTBEAT, heartbeat_expired);
}

/* Events before what is read: what happens meanwhile is told, too. */
static void last_watched(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)err;
        (void)message;
        session_set_timer(s, &s->heartbeat_timer, HEARTBEAT, heartbeat_expired);
        session_begin_read(s, PART_ALL);
}

static void events_opened(void *context)
{
        session_watch_events(context, last_watched);
}

/* Before the first event: it must be known which daemon numbers its SAs in it. */
static void started_told(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        stats_answered(context, err, message);
        s->retry = RETRY_FIRST;
        vici_open(s->events);
}

static void commands_opened(void *context)
{
        struct strongswan *s = context;
        const struct vici_question version = { .command = "version",
                                               .answered = version_answered,
                                               .context = s };
        const struct vici_question stats = { .command = "stats",
                                             .answered = started_told,
                                             .context = s };

        session_ask(s, &version);
        session_ask(s, &stats);
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

/* The answers that are recorded, and who takes them when they are replayed. */
static const struct {
        const char *command;
        const char *stream;
        vici_part *part;
        vici_answer *answered;
} streams[] = {
        { "version", STREAM_VICI_VERSION, NULL, version_answered },
        { "stats", STREAM_VICI_STATS, NULL, stats_answered },
        { "list-conns", STREAM_VICI_CONNECTIONS, session_connection_told,
          session_connections_answered },
        { "list-policies", STREAM_VICI_POLICIES, session_policy_told, session_policies_answered },
        { "list-certs", STREAM_VICI_CERTIFICATES, session_certificate_told,
          session_certificates_answered },
        { "list-sas", STREAM_VICI_SAS, session_ike_sa_told, session_children_answered },
};

#define N_STREAMS (sizeof(streams) / sizeof(streams[0]))

static void command_heard(void *context, const char *command, const uint8_t *octets, size_t length)
{
        struct strongswan *s = context;

        for (size_t i = 0; s->config.recording && command && i < N_STREAMS; i++)
                if (strcmp(streams[i].command, command) == 0)
                        record(s, streams[i].stream, octets, length);
}

static bool unpack(struct strongswan *s, const void *octets, size_t length,
                   struct vici_packet *packet)
{
        if (length > 4 && vici_packet_parse((const uint8_t *)octets + 4, length - 4, packet) == 0)
                return true;
        damaged(s, "the recording");
        return false;
}

static void replay_begin(struct strongswan *s, const char *command)
{
        s->replaying = command;
        s->begun_us = monotonic_us();
        s->begun = strongswan_rows_now(&s->rows);
        s->connections = 0;
        if (strcmp(command, "list-sas") == 0)
                session_sweep_begin(s);
}

static void replay_answer(struct strongswan *s, size_t stream, const void *octets, size_t length)
{
        struct vici_packet packet;

        if (!unpack(s, octets, length, &packet))
                return;
        if (packet.type != VICI_EVENT && packet.type != VICI_CMD_RESPONSE)
                return; /* a confirmation, before the answer or behind it */
        if (s->replaying != streams[stream].command)
                replay_begin(s, streams[stream].command);
        if (packet.type == VICI_EVENT && streams[stream].part)
                streams[stream].part(s, &packet);
        if (packet.type != VICI_CMD_RESPONSE)
                return;
        streams[stream].answered(s, 0, packet.message);
        s->replaying = NULL;
        /* Others take "up" for a read of all SAs: what is in none of them is made by hand. */
        if (s->base.row.state == COLLECTOR_UP || strcmp(streams[stream].command, "list-sas") == 0)
                collector_succeeded(&s->base, s->begun_us, session_count_rows(s));
}

static void replay_version(void *context, const void *octets, size_t length)
{
        replay_answer(context, 0, octets, length);
}

static void replay_stats(void *context, const void *octets, size_t length)
{
        replay_answer(context, 1, octets, length);
}

static void replay_connections(void *context, const void *octets, size_t length)
{
        replay_answer(context, 2, octets, length);
}

static void replay_policies(void *context, const void *octets, size_t length)
{
        replay_answer(context, 3, octets, length);
}

static void replay_certificates(void *context, const void *octets, size_t length)
{
        replay_answer(context, 4, octets, length);
}

static void replay_sas(void *context, const void *octets, size_t length)
{
        replay_answer(context, 5, octets, length);
}

static void replay_event(void *context, const void *octets, size_t length)
{
        struct strongswan *s = context;
        struct vici_packet packet;

        if (unpack(s, octets, length, &packet) && packet.type == VICI_EVENT)
                session_event_told(s, &packet);
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
        vici_open(s->commands);
        return 0;
}

static void refresh(struct collector *c)
{
        session_begin_read(strongswan_of(c), PART_ALL);
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
        .event = session_event_told,
        .heard = event_heard,
};

static const struct vici_owner commands_owner = {
        .opened = commands_opened,
        .lost = lost,
        .event = session_event_told,
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
                session_read_later(s);
}
