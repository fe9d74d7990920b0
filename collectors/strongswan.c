#include "strongswan.h"

#include "strongswan_rows.h"
#include "vici.h"
#include "vici_delay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds. */
#define RETRY_FIRST 1000 /* after the daemon went; doubled up to RETRY_LAST */
#define RETRY_LAST 15000
#define HEARTBEAT 10000  /* the daemon is asked whether it lives, and how many IKE SAs it has */
#define SECOND_LOOK 500  /* after a read that did not show all: a busy SA is left out */
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

/* IKE SAs that a read left out and that are then asked for one by one. */
#define MISSING_MAX 64

/* Where some are too large for a message, as many others as these are not listed together with
 * them: the daemon would ask the kernel for every child, and drop the message. */
#define ONE_BY_ONE_MAX 512

/* Child SAs of an IKE SA that does not fit into a message have at least so many rows. */
#define LARGE_FROM 256

/* A read takes at most this part of the time, when the daemon's own count is what calls for it. */
#define READ_SHARE 20

/* Filtered by a child SA that no daemon has, IKE SAs are told without children: the kernel is not
 * asked, and no message is too long. */
#define NO_CHILD "2147483647"

/* What a read is to bring. */
enum part {
        PART_CONFIGURATION = 1,
        PART_IKE_SAS = 2, /* without children */
        PART_CHILDREN = 4,
        PART_ALL = 7,
};

/* What is asked for in a read, in this order. */
enum phase {
        PHASE_IDLE,
        PHASE_NAMES,
        PHASE_CONNECTIONS,
        PHASE_POLICIES,
        PHASE_CERTIFICATES,
        PHASE_IKE_SAS,
        PHASE_CHILDREN,
        PHASE_MISSING, /* IKE SAs that PHASE_CHILDREN left out, one by one */
        PHASE_PIECES,  /* those of them that are too large for a message, child by child */
};

/* An SA whose end is expected: asked for by its number until the daemon does not know it. */
struct fading {
        uint32_t id;
        bool child;
        bool asked;       /* the answer is awaited */
        uint8_t misses;   /* a busy SA may be left out once */
        uint8_t wait;     /* seconds until it is asked for again */
        int64_t due;      /* seconds since 1970 */
        int64_t asked_at; /* seconds since 1970 */
};

struct strongswan {
        struct collector base;
        struct strongswan_config config;
        struct strongswan_rows rows;
        struct vici *commands;
        struct vici *events; /* a connection of its own: answers never wait behind events */
        enum phase phase;
        unsigned int parts; /* enum part: of the read under way */
        int64_t begun_us;
        int64_t begun;              /* seconds since 1970: this phase */
        int64_t ike_sas_begun;      /* seconds since 1970: the last list of IKE SAs */
        int64_t first_look;         /* the one before, when that showed too few */
        bool looking_again;         /* the next list of IKE SAs decides what is gone */
        int64_t configuration_read; /* seconds since 1970; 0: not since it was opened */
        int64_t children_read;      /* the same */
        int64_t children_read_before;
        int64_t begun_ms;      /* milliseconds of the loop's clock: the last read */
        int64_t ended_ms;      /* the same */
        size_t names;          /* connections that get-conns told */
        size_t connections;    /* of these, how many list-conns showed */
        size_t sas_total;      /* IKE SAs that the daemon says it has */
        struct id_set whole;   /* IKE SAs that this read has told with all their children */
        struct id_set missing; /* those that it has not */
        struct id_set
                large;  /* too large for a message; their children are known, and go by events */
        size_t asked;   /* questions of PHASE_MISSING and PHASE_PIECES without an answer */
        bool was_up;    /* the daemon has answered since the agent's start */
        char since[64]; /* when the daemon was started, in its words */
        char source_version[96];
        uint32_t retry; /* milliseconds */
        struct fading *fading;
        size_t n_fading;
        size_t fading_room;
        size_t fading_asked;   /* questions without an answer */
        const char *replaying; /* command whose answer is being replayed */
        struct loop_timer *read_timer;
        struct loop_timer *heartbeat_timer;
        struct loop_timer *fading_timer;
        bool log_is_told; /* the daemon tells lines of its log */
        struct vici_delay delay;
        struct loop_timer *delay_timer;
        bool configuration_changed; /* since it was last asked for */
};

static void begin_read(struct strongswan *s, unsigned int parts);
static void next_phase(struct strongswan *s);
static void add_fading(struct strongswan *s, uint32_t id, bool child);
static uint32_t id_of(struct vici_slice section);

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

static int64_t milliseconds(const struct strongswan *s)
{
        struct moment now;

        s->base.loop->now(s->base.loop, &now);
        return now.monotonic;
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
        else if (err == -ENOSPC)
                collector_failed(&s->base, COLLECTOR_DEGRADED, "%s tells of more than is kept",
                                 what);
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

        if (err < 0)
                return;
        note_start(s, message);
        note_total(s, message);
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

static bool all_told(const struct strongswan *s)
{
        return s->connections >= s->names;
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

/* ---- the SAs ---- */

/* Without a sweep a message that has waited would undo what events have told since. */
static void sweep_begin(struct strongswan *s)
{
        table_sweep_begin(s->rows.ike_sas);
        table_sweep_begin(s->rows.children);
}

/* What goes is judged here, not by the sweep: a busy SA is left out of an answer. */
static void sweep_abort(struct strongswan *s)
{
        table_sweep_abort(s->rows.children);
        table_sweep_abort(s->rows.ike_sas);
}

static void ike_sa_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        taken(s, "list-sas", strongswan_take_sa(&s->rows, packet->message, TABLE_FROM_DUMP));
}

/* An IKE SA with all its children. */
static void whole_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;
        struct vici_slice rest = packet->message;
        struct vici_item section;

        ike_sa_told(context, packet);
        if (vici_next(&rest, &section) && section.kind == VICI_SECTION)
                taken(s, "list-sas", id_set_add(&s->whole, id_of(section.body)));
}

static void fades(void *context, uint32_t id, bool child)
{
        add_fading(context, id, child);
}

static void second_look_expired(void *context)
{
        struct strongswan *s = context;

        s->read_timer = NULL;
        begin_read(s, PART_IKE_SAS);
}

/* What two lists in a row did not show is gone; the second follows at once. */
static void ike_sas_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;
        size_t seen;

        (void)message;
        sweep_abort(s);
        if (err == 0 && !s->config.replay) {
                seen = strongswan_count_sas(&s->rows, s->begun);
                s->ike_sas_begun = s->begun;
                if (s->looking_again || strongswan_count_sas(&s->rows, 0) == seen) {
                        strongswan_forget_ike_sas(&s->rows,
                                                  s->looking_again ? s->first_look : s->begun);
                        s->looking_again = false;
                } else {
                        s->first_look = s->begun;
                        s->looking_again = true;
                }
                strongswan_each_fading(&s->rows, fades, s);
        }
        next_phase(s);
}

static void note_children_read(struct strongswan *s)
{
        s->was_up = true;
        s->children_read_before = s->children_read;
        s->children_read = s->begun;
}

static void children_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        sweep_abort(s);
        if (err == 0)
                note_children_read(s);
        next_phase(s);
}

/* ---- IKE SAs that a list left out: busy ones, and those too large for a message ---- */

static void note_missing(void *context, const struct ike_sa *row)
{
        struct strongswan *s = context;
        size_t most = s->large.n > 0 ? ONE_BY_ONE_MAX : MISSING_MAX;

        if (row->state != IKE_CREATED && row->state != IKE_CONNECTING && !row->ended &&
            s->missing.n < most && !id_set_has(&s->whole, row->daemon_id))
                id_set_add(&s->missing, row->daemon_id);
}

static void find_missing(struct strongswan *s)
{
        id_set_sort(&s->whole);
        id_set_clear(&s->missing);
        strongswan_each_ike_sa(&s->rows, s->ike_sas_begun, note_missing, s);
        id_set_sort(&s->missing);
}

static void one_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)err;
        (void)message;
        if (--s->asked == 0)
                next_phase(s);
}

static void piece_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        taken(s, "list-sas", strongswan_take_sa(&s->rows, packet->message, TABLE_FROM_EVENT));
}

/* One IKE SA; of its children all, or those that the filter lets through. */
static int ask_for(struct strongswan *s, uint32_t ike_id, const char *filter, const char *value,
                   vici_part *part, vici_answer *answered)
{
        char id[16];
        const char *const parameters[][2] = { { "noblock", "yes" },
                                              { "ike-id", id },
                                              { filter, value } };
        const struct vici_question question = { .command = "list-sas",
                                                .stream = "list-sa",
                                                .parameters = parameters,
                                                .n_parameters = filter ? 3 : 2,
                                                .part = part,
                                                .answered = answered,
                                                .context = s };

        snprintf(id, sizeof(id), "%u", ike_id);
        return vici_ask(s->commands, &question);
}

static void ask_for_missing(struct strongswan *s)
{
        find_missing(s);
        for (size_t i = 0; i < s->missing.n; i++)
                if (!id_set_has(&s->large, s->missing.ids[i]) &&
                    ask_for(s, s->missing.ids[i], NULL, NULL, whole_told, one_answered) == 0)
                        s->asked++;
}

/* Events tell of children that come and go: of one that is known nothing has to be asked. */
static bool is_known(const struct strongswan *s, const struct ike_sa *ike_sa,
                     const struct configured_policy *child)
{
        return id_set_has(&s->large, ike_sa->daemon_id) &&
               strongswan_has_child(&s->rows, ike_sa->daemon_id, child);
}

static void ask_for_children(struct strongswan *s, const struct ike_sa *ike_sa)
{
        const struct configured_policy *child = NULL;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        while ((child = table_next(s->rows.configured, &configured_policy_type, oid, length,
                                   false))) {
                length = index_encode(&configured_policy_type, child, oid);
                if (child->daemon_kind == DAEMON_STRONGSWAN &&
                    child->policy_name == ike_sa->policy_name && child->mode != MODE_UNKNOWN &&
                    !is_known(s, ike_sa, child) &&
                    ask_for(s, ike_sa->daemon_id, "child", child->child_name, piece_told,
                            one_answered) == 0)
                        s->asked++;
        }
}

static void ask_if_missing(void *context, const struct ike_sa *row)
{
        struct strongswan *s = context;

        if (id_set_has(&s->missing, row->daemon_id))
                ask_for_children(s, row);
}

/* Their children have been asked for by the names that are configured. */
static void ask_for_pieces(struct strongswan *s)
{
        find_missing(s);
        if (s->missing.n > 0)
                strongswan_each_ike_sa(&s->rows, s->ike_sas_begun, ask_if_missing, s);
}

/* ---- the phases of a read ---- */

static const char *const policy_parameters[][2] = {
        { "drop", "yes" },
        { "pass", "yes" },
        { "trap", "yes" },
};

static const char *const ike_sa_parameters[][2] = { { "noblock", "yes" },
                                                    { "child-id", NO_CHILD } };
static const char *const sa_parameters[][2] = { { "noblock", "yes" } };

static const struct {
        enum part part;
        struct vici_question question;
} phases[] = {
        [PHASE_NAMES] = { PART_CONFIGURATION,
                          { .command = "get-conns", .answered = names_answered } },
        [PHASE_CONNECTIONS] = { PART_CONFIGURATION,
                                { .command = "list-conns",
                                  .stream = "list-conn",
                                  .part = connection_told,
                                  .answered = connections_answered } },
        [PHASE_POLICIES] = { PART_CONFIGURATION,
                             { .command = "list-policies",
                               .stream = "list-policy",
                               .parameters = policy_parameters,
                               .n_parameters = 3,
                               .part = policy_told,
                               .answered = policies_answered } },
        [PHASE_CERTIFICATES] = { PART_CONFIGURATION,
                                 { .command = "list-certs",
                                   .stream = "list-cert",
                                   .part = certificate_told,
                                   .answered = certificates_answered } },
        [PHASE_IKE_SAS] = { PART_IKE_SAS,
                            { .command = "list-sas",
                              .stream = "list-sa",
                              .parameters = ike_sa_parameters,
                              .n_parameters = 2,
                              .part = ike_sa_told,
                              .answered = ike_sas_answered } },
        [PHASE_CHILDREN] = { PART_CHILDREN,
                             { .command = "list-sas",
                               .stream = "list-sa",
                               .parameters = sa_parameters,
                               .n_parameters = 1,
                               .part = whole_told,
                               .answered = children_answered } },
};

static void read_expired(void *context);

/* When configuration or children are due again. */
static void read_later(struct strongswan *s)
{
        int64_t now = strongswan_rows_now(&s->rows);
        int64_t configuration = s->configuration_read + s->config.interval - now;
        int64_t children = s->children_read + s->config.sa_interval - now;
        int64_t due = configuration < children ? configuration : children;
        int64_t longest = s->config.interval < s->config.sa_interval ? s->config.interval
                                                                     : s->config.sa_interval;

        due = due > longest ? longest : due; /* the clock has been set back */
        due = s->configuration_changed ? 0 : due;
        set_timer(s, &s->read_timer, due > 0 ? (uint32_t)due * 1000 : 1000, read_expired);
}

static void read_expired(void *context)
{
        struct strongswan *s = context;
        int64_t now = strongswan_rows_now(&s->rows);
        unsigned int parts = 0;

        s->read_timer = NULL;
        if (now >= s->configuration_read + s->config.interval || now < s->configuration_read ||
            s->configuration_changed)
                parts |= PART_CONFIGURATION;
        if (now >= s->children_read + s->config.sa_interval || now < s->children_read)
                parts |= PART_IKE_SAS | PART_CHILDREN;
        begin_read(s, parts);
}

static void keep_if_large(void *context, const struct ike_sa *row)
{
        struct strongswan *s = context;

        if (id_set_has(&s->missing, row->daemon_id) &&
            strongswan_count_children(&s->rows, row->daemon_id, LARGE_FROM) == LARGE_FROM)
                id_set_add(&s->large, row->daemon_id);
}

/* Those that a list leaves out for their size, not because they are busy. */
static void note_large(struct strongswan *s)
{
        size_t n = 0;

        id_set_clear(&s->large);
        strongswan_each_ike_sa(&s->rows, s->ike_sas_begun, keep_if_large, s);
        id_set_sort(&s->large);
        for (size_t i = 0; i < s->missing.n; i++)
                if (!id_set_has(&s->large, s->missing.ids[i]))
                        s->missing.ids[n++] = s->missing.ids[i];
        s->missing.n = n;
}

/*
 * A child that was not shown is gone; of an IKE SA that is busy again and again, after two reads.
 * Children of one that is too large to be told whole go by events.
 */
static void judge_children(struct strongswan *s)
{
        id_set_sort(&s->whole);
        note_large(s);
        strongswan_forget_children(&s->rows, &s->whole, s->children_read);
        strongswan_forget_children(&s->rows, &s->missing, s->children_read_before);
        strongswan_each_fading(&s->rows, fades, s);
}

static void finish_read(struct strongswan *s)
{
        if (s->parts & PART_CHILDREN)
                judge_children(s);
        id_set_free(&s->whole);
        id_set_free(&s->missing);
        s->phase = PHASE_IDLE;
        s->ended_ms = milliseconds(s);
        if (all_told(s))
                collector_succeeded(&s->base, s->begun_us, count_rows(s));
        else
                collector_succeeded_in_part(&s->base, s->begun_us, count_rows(s));
        if (s->looking_again)
                set_timer(s, &s->read_timer, SECOND_LOOK, second_look_expired);
        else
                read_later(s);
}

static void ask_phase(struct strongswan *s)
{
        struct vici_question question = phases[s->phase].question;

        s->begun = strongswan_rows_now(&s->rows);
        question.context = s;
        if (question.stream && strcmp(question.stream, "list-sa") == 0)
                sweep_begin(s);
        if (s->phase == PHASE_CERTIFICATES)
                s->configuration_read = s->begun;
        ask(s, &question);
}

/* The questions for what a list left out; false: it left nothing out. */
static bool ask_for_more(struct strongswan *s)
{
        if (s->phase == PHASE_MISSING)
                ask_for_missing(s);
        else
                ask_for_pieces(s);
        return s->asked > 0;
}

static bool is_one_by_one(const struct strongswan *s)
{
        return (s->parts & PART_CHILDREN) && s->large.n > 0 &&
               strongswan_count_sas(&s->rows, 0) <= ONE_BY_ONE_MAX;
}

static void next_phase(struct strongswan *s)
{
        if (s->phase == PHASE_IDLE || s->config.replay)
                return;
        while (s->phase < PHASE_CHILDREN) {
                s->phase++;
                if (s->phase == PHASE_CHILDREN && is_one_by_one(s)) {
                        s->begun = strongswan_rows_now(&s->rows);
                        note_children_read(s); /* PHASE_MISSING asks for them */
                } else if (s->parts & phases[s->phase].part) {
                        ask_phase(s);
                        return;
                }
        }
        while (s->phase < PHASE_PIECES && (s->parts & PART_CHILDREN)) {
                s->phase++;
                if (ask_for_more(s))
                        return;
        }
        finish_read(s);
}

static void begin_read(struct strongswan *s, unsigned int parts)
{
        if (!vici_is_open(s->commands) || s->phase != PHASE_IDLE || !vici_is_open(s->events))
                return;
        if (parts == 0) {
                read_later(s);
                return;
        }
        s->base.row.polls++;
        s->begun_us = monotonic_us();
        s->begun_ms = milliseconds(s);
        s->parts = parts;
        if (parts & PART_CONFIGURATION)
                s->configuration_changed = false;
        s->asked = 0;
        clear_timer(s, &s->read_timer);
        do
                s->phase++;
        while (!(parts & phases[s->phase].part));
        ask_phase(s);
}

/* ---- SAs that are about to go ---- */

static void fading_expired(void *context);

static void watch_fading(struct strongswan *s)
{
        if (s->n_fading > 0 && !s->fading_timer)
                set_timer(s, &s->fading_timer, FADING_TICK, fading_expired);
}

static void add_fading(struct strongswan *s, uint32_t id, bool child)
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
        return ask_for(s, ike_id, "child-id", f->child ? child : NO_CHILD, piece_told,
                       fading_answered) == 0;
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
        struct vici_item old, new, children, each;
        uint32_t id = id_of(section);

        if (vici_find(section, "old", &old) && old.kind == VICI_SECTION)
                add_fading(s, id_of(old.body), child);
        if (!child && vici_find(section, "old", &old) && vici_find(section, "new", &new) &&
            id_set_has(&s->large, id_of(old.body))) {
                id_set_add(&s->large, id_of(new.body)); /* it has all its children */
                id_set_sort(&s->large);
        }
        if (id != 0 && strongswan_is_fading(&s->rows, id, child))
                add_fading(s, id, child);
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

static void take(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;
        struct vici_item inner;

        for (size_t i = 0; i < N_EVENTS; i++) {
                if (!is_event(packet, events[i].name))
                        continue;
                s->base.row.events++;
                taken(s, events[i].name, events[i].take(&s->rows, packet->message));
                note_sections(s, packet->message);
        }
        if (is_event(packet, "alert") && vici_find(packet->message, "ike-sa", &inner) &&
            inner.kind == VICI_SECTION)
                note_sections(s, inner.body);
        s->base.row.rows = count_rows(s);
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
        if (s->phase == PHASE_IDLE && !s->looking_again && s->read_timer)
                set_timer(s, &s->read_timer, (uint32_t)wait, read_expired);
}

/* One of an IKE SA that is not known, or that does not last: the daemon is asked for it. */
static void take_line(struct strongswan *s, const struct vici_packet *packet)
{
        struct strongswan_said said;
        uint32_t id;

        taken(s, "log", strongswan_take_log(&s->rows, packet->message, &id, &said));
        if (said.line == LINE_OTHER)
                return;
        if (id != 0 && (strongswan_last_seen(&s->rows, id, false) == 0 ||
                        strongswan_is_fading(&s->rows, id, false)))
                add_fading(s, id, false);
        if (said.line == LINE_CONFIGURATION)
                configuration_changed(s);
        s->base.row.events++;
        s->base.row.rows = count_rows(s);
        collector_tell(&s->base);
}

static void delay_expired(void *context);

static void watch_delay(struct strongswan *s)
{
        int64_t wait = vici_delay_next(&s->delay) - milliseconds(s);

        if (s->delay.first && !s->delay_timer)
                set_timer(s, &s->delay_timer, wait > 0 ? (uint32_t)wait : 0, delay_expired);
}

static void take_delayed(struct strongswan *s, int64_t until)
{
        while (vici_delay_next(&s->delay) <= until)
                vici_delay_take(&s->delay, take, s);
}

static void delay_expired(void *context)
{
        struct strongswan *s = context;

        s->delay_timer = NULL;
        take_delayed(s, milliseconds(s));
        watch_delay(s);
}

/* ---- the connections ---- */

static bool is_end(const struct vici_packet *packet)
{
        struct vici_item up;

        return (is_event(packet, "ike-updown") || is_event(packet, "child-updown")) &&
               !vici_find(packet->message, "up", &up);
}

/*
 * The daemon tells its log by another thread than events: why something ended may come behind the
 * word that it ended. Events do not overtake each other.
 */
static void event_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        if (is_event(packet, "log")) {
                take_line(s, packet);
                return;
        }
        if (s->log_is_told && (s->delay.first || is_end(packet))) {
                if (s->delay.octets + vici_length(packet->message) <= DELAYED_MAX &&
                    vici_delay_put(&s->delay, packet, milliseconds(s) + LINE_WITHIN) == 0) {
                        watch_delay(s);
                        return;
                }
                take_delayed(s, INT64_MAX - 1);
        }
        take(s, packet);
}

static void close_connections(struct strongswan *s)
{
        vici_close(s->commands);
        vici_close(s->events);
        sweep_abort(s);
        id_set_free(&s->whole);
        id_set_free(&s->missing);
        id_set_free(&s->large);
        clear_timer(s, &s->read_timer);
        clear_timer(s, &s->heartbeat_timer);
        clear_timer(s, &s->fading_timer);
        clear_timer(s, &s->delay_timer);
        vici_delay_free(&s->delay);
        s->log_is_told = s->configuration_changed = false;
        s->phase = PHASE_IDLE;
        s->looking_again = false;
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

        take_delayed(s, INT64_MAX - 1);
        close_connections(s);
        strongswan_rows_grow_old(&s->rows);
        tell_lost(s, err);
        set_timer(s, &s->read_timer, s->retry, retry_expired);
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
            milliseconds(s) - s->ended_ms >= READ_SHARE * (s->ended_ms - s->begun_ms))
                begin_read(s, PART_IKE_SAS);
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

/* Events before what is read: what happens meanwhile is told, too. */
static void last_watched(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)err;
        (void)message;
        set_timer(s, &s->heartbeat_timer, HEARTBEAT, heartbeat_expired);
        begin_read(s, PART_ALL);
}

static void log_watched(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        s->log_is_told = err == 0;
}

static void events_opened(void *context)
{
        struct strongswan *s = context;

        vici_watch(s->events, "log", log_watched, s);
        for (size_t i = 0; i < N_EVENTS; i++)
                vici_watch(s->events, events[i].name, i + 1 == N_EVENTS ? last_watched : NULL, s);
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

        ask(s, &version);
        ask(s, &stats);
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
        { "list-conns", STREAM_VICI_CONNECTIONS, connection_told, connections_answered },
        { "list-policies", STREAM_VICI_POLICIES, policy_told, policies_answered },
        { "list-certs", STREAM_VICI_CERTIFICATES, certificate_told, certificates_answered },
        { "list-sas", STREAM_VICI_SAS, ike_sa_told, children_answered },
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
                sweep_begin(s);
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
                collector_succeeded(&s->base, s->begun_us, count_rows(s));
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
                event_told(s, &packet);
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
        begin_read(strongswan_of(c), PART_ALL);
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
