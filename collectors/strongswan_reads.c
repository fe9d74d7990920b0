/* What the daemon is asked for, and when; and what its answers show, or leave out. */
#include "strongswan_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Milliseconds after a read that did not show all, twice as many after each further one: a busy SA
 * is left out. What so many in a row leave out is gone. */
#define NEXT_LOOK 500U
#define LOOKS 4

/* IKE SAs that a read left out and that are then asked for one by one. */
#define MISSING_MAX 64

/* Where some are too large for a message, as many others as these are not listed together with
 * them: the daemon would ask the kernel for every child, and drop the message. */
#define ONE_BY_ONE_MAX 512

/* Child SAs of an IKE SA that does not fit into a message have at least so many rows. */
#define LARGE_FROM 256

static void next_phase(struct strongswan *s);

/* ---- asking ---- */

void session_ask(struct strongswan *s, const struct vici_question *question)
{
        int err = vici_ask(s->commands, question);

        if (err < 0 && err != -ENOTCONN)
                collector_failed(&s->base, COLLECTOR_DEGRADED, "asking the daemon failed: %s",
                                 strerror(-err));
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

void session_connection_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        s->connections++;
        session_taken(s, "list-conns", strongswan_take_connection(&s->rows, packet->message));
}

/* The daemon drops what is too long for a message, and says so in its log alone. */
void session_connections_answered(void *context, int err, struct vici_slice message)
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

void session_policy_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        session_taken(s, "list-policies", strongswan_take_policy(&s->rows, packet->message));
}

void session_policies_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        if (err == 0)
                strongswan_policies_read(&s->rows, s->begun);
        next_phase(s);
}

void session_certificate_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        session_taken(s, "list-certs", strongswan_take_certificate(&s->rows, packet->message));
}

void session_certificates_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        if (err == 0)
                strongswan_forget_certificates(&s->rows, s->begun);
        next_phase(s);
}

/* ---- the SAs ---- */

/* Without a sweep a message that has waited would undo what events have told since. */
void session_sweep_begin(struct strongswan *s)
{
        table_sweep_begin(s->rows.ike_sas);
        table_sweep_begin(s->rows.children);
}

void session_sweep_abort(struct strongswan *s)
{
        table_sweep_abort(s->rows.children);
        table_sweep_abort(s->rows.ike_sas);
}

/* What goes is judged here, not by the sweep: a busy SA is left out of an answer. */
static void sweep_end(struct strongswan *s, int err, bool with_children)
{
        if (err == 0 && with_children)
                table_sweep_keep(s->rows.children);
        if (err == 0)
                table_sweep_keep(s->rows.ike_sas);
        session_sweep_abort(s);
}

void session_ike_sa_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        session_taken(s, "list-sas",
                      strongswan_take_sa(&s->rows, packet->message, TABLE_FROM_DUMP));
}

/* An IKE SA with all its children. */
static void whole_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;
        struct vici_slice rest = packet->message;
        struct vici_item section;

        session_ike_sa_told(context, packet);
        if (vici_next(&rest, &section) && section.kind == VICI_SECTION)
                session_taken(s, "list-sas", id_set_add(&s->whole, session_id_of(section.body)));
}

static void fades(void *context, uint32_t id, bool child)
{
        session_add_fading(context, id, child);
}

static void next_look_expired(void *context)
{
        struct strongswan *s = context;

        s->read_timer = NULL;
        session_begin_read(s, PART_IKE_SAS);
}

/* What several lists in a row did not show is gone; they follow each other soon. */
static void judge_ike_sas(struct strongswan *s)
{
        if (s->looks == 0)
                s->first_look = s->begun;
        s->ike_sas_begun = s->begun;
        if (++s->looks < LOOKS &&
            strongswan_count_sas(&s->rows, 0) != strongswan_count_sas(&s->rows, s->first_look))
                return;
        strongswan_forget_ike_sas(&s->rows, s->first_look);
        s->looks = 0;
}

static void ike_sas_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        sweep_end(s, err, false);
        if (err == 0 && !s->config.replay) {
                judge_ike_sas(s);
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

void session_children_answered(void *context, int err, struct vici_slice message)
{
        struct strongswan *s = context;

        (void)message;
        sweep_end(s, err, true);
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

void session_piece_told(void *context, const struct vici_packet *packet)
{
        struct strongswan *s = context;

        session_taken(s, "list-sas",
                      strongswan_take_sa(&s->rows, packet->message, TABLE_FROM_EVENT));
}

/* One IKE SA; of its children all, or those that the filter lets through. */
int session_ask_for(struct strongswan *s, uint32_t ike_id, const char *filter, const char *value,
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
                    session_ask_for(s, s->missing.ids[i], NULL, NULL, whole_told, one_answered) ==
                            0)
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
                    session_ask_for(s, ike_sa->daemon_id, "child", child->child_name,
                                    session_piece_told, one_answered) == 0)
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
                                  .part = session_connection_told,
                                  .answered = session_connections_answered } },
        [PHASE_POLICIES] = { PART_CONFIGURATION,
                             { .command = "list-policies",
                               .stream = "list-policy",
                               .parameters = policy_parameters,
                               .n_parameters = 3,
                               .part = session_policy_told,
                               .answered = session_policies_answered } },
        [PHASE_CERTIFICATES] = { PART_CONFIGURATION,
                                 { .command = "list-certs",
                                   .stream = "list-cert",
                                   .part = session_certificate_told,
                                   .answered = session_certificates_answered } },
        [PHASE_IKE_SAS] = { PART_IKE_SAS,
                            { .command = "list-sas",
                              .stream = "list-sa",
                              .parameters = ike_sa_parameters,
                              .n_parameters = 2,
                              .part = session_ike_sa_told,
                              .answered = ike_sas_answered } },
        [PHASE_CHILDREN] = { PART_CHILDREN,
                             { .command = "list-sas",
                               .stream = "list-sa",
                               .parameters = sa_parameters,
                               .n_parameters = 1,
                               .part = whole_told,
                               .answered = session_children_answered } },
};

/* When configuration or children are due again. */
void session_read_later(struct strongswan *s)
{
        int64_t now = strongswan_rows_now(&s->rows);
        int64_t configuration = s->configuration_read + s->config.interval - now;
        int64_t children = s->children_read + s->config.sa_interval - now;
        int64_t due = configuration < children ? configuration : children;
        int64_t longest = s->config.interval < s->config.sa_interval ? s->config.interval
                                                                     : s->config.sa_interval;

        due = due > longest ? longest : due; /* the clock has been set back */
        due = s->configuration_changed ? 0 : due;
        session_set_timer(s, &s->read_timer, due > 0 ? (uint32_t)due * 1000 : 1000,
                          session_read_expired);
}

void session_read_expired(void *context)
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
        session_begin_read(s, parts);
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
        s->ended_ms = session_milliseconds(s);
        if (all_told(s))
                collector_succeeded(&s->base, s->begun_us, session_count_rows(s));
        else
                collector_succeeded_in_part(&s->base, s->begun_us, session_count_rows(s));
        if (s->looks > 0)
                session_set_timer(s, &s->read_timer, NEXT_LOOK << (s->looks - 1),
                                  next_look_expired);
        else
                session_read_later(s);
}

static void ask_phase(struct strongswan *s)
{
        struct vici_question question = phases[s->phase].question;

        s->begun = strongswan_rows_now(&s->rows);
        question.context = s;
        if (question.stream && strcmp(question.stream, "list-sa") == 0)
                session_sweep_begin(s);
        if (s->phase == PHASE_CERTIFICATES)
                s->configuration_read = s->begun;
        session_ask(s, &question);
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

void session_begin_read(struct strongswan *s, unsigned int parts)
{
        if (!vici_is_open(s->commands) || s->phase != PHASE_IDLE || !vici_is_open(s->events))
                return;
        if (parts == 0) {
                session_read_later(s);
                return;
        }
        s->base.row.polls++;
        s->begun_us = monotonic_us();
        s->begun_ms = session_milliseconds(s);
        s->parts = parts;
        if (parts & PART_CONFIGURATION)
                s->configuration_changed = false;
        s->asked = 0;
        session_clear_timer(s, &s->read_timer);
        do
                s->phase++;
        while (!(parts & phases[s->phase].part));
        ask_phase(s);
}
