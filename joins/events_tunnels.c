/* Tunnels that come up, go down, go one way, or are rekeyed. */
#include "config.h"

#include "events_desk.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

/* A tunnel of which something is remembered beside its row. */
struct note {
        uint32_t number; /* of the tunnel's row */
        bool restored;   /* it was not up in an earlier run: that it is now is news */
        bool down;       /* it has been told that it is down, or does not come up */
        bool unhashed;
        UT_hash_handle hh;
};

struct events_tunnels {
        struct desk *desk;
        struct note *notes;
};

static struct note *find_note(const struct events_tunnels *t, uint32_t number)
{
        struct note *note = NULL;

        if (t->notes)
                HASH_FIND(hh, t->notes, &number, sizeof(number), note);
        return note;
}

static void forget(struct events_tunnels *t, uint32_t number)
{
        struct note *note = find_note(t, number);

        if (!note)
                return;
        HASH_DEL(t->notes, note);
        free(note);
}

/* Without memory a failure is told once more. */
static void take_down(struct events_tunnels *t, uint32_t number, bool restored, bool down)
{
        struct note *note = find_note(t, number);

        if (!note) {
                note = calloc(1, sizeof(*note));
                if (!note)
                        return;
                note->number = number;
                note->restored = restored;
                HASH_ADD(hh, t->notes, number, sizeof(note->number), note);
                if (note->unhashed) {
                        free(note);
                        return;
                }
        }
        note->down |= down;
}

static bool is_up(const struct tunnel *row)
{
        return row->state == TUNNEL_UP || row->state == TUNNEL_REKEYING ||
               row->state == TUNNEL_NOT_CONFIGURED;
}

static bool may_be_down(const struct events_tunnels *t, const struct tunnel *row)
{
        const struct events_config *config = &t->desk->config;

        for (size_t i = 0; i < config->n_idle_patterns; i++)
                if (row->name && fnmatch(config->idle_patterns[i], row->name, 0) == 0)
                        return true;
        return false;
}

/* What an idle tunnel ends with in its normal course. */
static bool is_on_purpose(uint8_t reason)
{
        switch (reason) {
        case 0:
        case REASON_NONE:
        case REASON_CLOSED_LOCALLY:
        case REASON_CLOSED_BY_PEER:
        case REASON_REPLACED:
        case REASON_CONFIGURATION_CHANGED:
        case REASON_UNKNOWN:
                return true;
        default:
                return false;
        }
}

/* ---- telling ---- */

static void tell(struct events_tunnels *t, struct event *event, const struct tunnel *row,
                 bool cleared, const char *what, const char *why)
{
        char name[ROW_NAME_SIZE], remote[INET_ADDR_TEXT_SIZE];
        struct notify details;

        memset(&details, 0, sizeof(details));
        desk_set_tunnel(event, &details, row);
        details.cleared = cleared;
        row_name(&tunnel_type, row, name);
        event->row = name;
        inet_addr_text(&row->remote, remote);
        desk_tell(t->desk, event, &details, "tunnel %s%s%s %s%s", row->name ? row->name : "",
                  remote[0] ? " with " : "", remote, what, why);
}

static enum event_entity entity_of(const struct tunnel *row)
{
        return row->policy_key && strcmp(row->policy_key, TUNNEL_MANUAL) == 0 ? ENTITY_KERNEL
                                                                              : ENTITY_IKE;
}

static void tell_up(struct events_tunnels *t, const struct tunnel *row)
{
        const struct note *note = find_note(t, row->number);
        bool was_told = note && note->down;
        struct event event;

        if (!note && row->last_up <= t->desk->started)
                return; /* it was up before the agent was */
        forget(t, row->number);
        desk_begin(&event, EVENT_TUNNEL_UP, entity_of(row), SEVERITY_INFO,
                   was_told ? REASON_RECOVERED : REASON_NONE);
        tell(t, &event, row, was_told, "is up", "");
}

static void tell_down(struct events_tunnels *t, const struct tunnel *before,
                      const struct tunnel *row)
{
        char why[200], since[DATE_WORDS_SIZE];
        struct event event;

        take_down(t, row->number, false, true);
        desk_begin(&event, EVENT_TUNNEL_DOWN, entity_of(row),
                   row->state == TUNNEL_IDLE ? SEVERITY_WARNING : SEVERITY_CRITICAL,
                   row->down_reason ? (enum reason)row->down_reason : REASON_UNKNOWN);
        date_words(before->since, since);
        snprintf(why, sizeof(why), ": %s%s%s", reason_words(event.reason),
                 is_up(before) ? "; it was up since " : "", is_up(before) ? since : "");
        tell(t, &event, row, false, is_up(before) ? "is down" : "does not come up", why);
}

static void went_down(struct events_tunnels *t, const struct tunnel *before,
                      const struct tunnel *row)
{
        if (may_be_down(t, row) || (row->state == TUNNEL_IDLE && is_on_purpose(row->down_reason)))
                return;
        tell_down(t, before, row);
}

/* It was to come up, and did not: once until it does. */
static void failed(struct events_tunnels *t, const struct tunnel *before, const struct tunnel *row)
{
        const struct note *note = find_note(t, row->number);

        if ((note && note->down) || is_on_purpose(row->down_reason) || may_be_down(t, row))
                return;
        tell_down(t, before, row);
}

static void tell_one_way(struct events_tunnels *t, const struct tunnel *row)
{
        struct event event;

        desk_begin(&event, EVENT_TUNNEL_ONE_WAY, entity_of(row),
                   row->one_way ? SEVERITY_ERROR : SEVERITY_INFO,
                   row->one_way ? REASON_THRESHOLD_PASSED : REASON_RECOVERED);
        tell(t, &event, row, !row->one_way,
             row->one_way ? "is one-way: packets go out, and none comes in"
                          : "is not one-way any more: packets come in again",
             "");
}

static void tell_rekeyed(struct events_tunnels *t, const struct tunnel *row)
{
        struct event event;

        desk_begin(&event, EVENT_TUNNEL_REKEYED, entity_of(row), SEVERITY_INFO, REASON_NONE);
        tell(t, &event, row, false, "is rekeyed: its next SAs are in use", "");
}

/* ---- what changes ---- */

/* A negotiation may be told of for the first time when it has failed. */
static bool was_to_come_up(const struct tunnel *before, const struct tunnel *row)
{
        if (row->state != TUNNEL_DOWN && row->state != TUNNEL_IDLE)
                return false;
        return before->state == TUNNEL_CONNECTING ||
               row->authentication_failures > before->authentication_failures ||
               row->negotiation_failures > before->negotiation_failures;
}

static void changed(struct events_tunnels *t, const struct tunnel *before, const struct tunnel *row)
{
        if (row->downs > before->downs)
                went_down(t, before, row);
        else if (row->ups > before->ups)
                tell_up(t, row);
        else if (was_to_come_up(before, row))
                failed(t, before, row);
        if (row->rekeys > before->rekeys)
                tell_rekeyed(t, row);
        if (row->one_way != before->one_way && is_up(row))
                tell_one_way(t, row);
}

static void tunnel_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct tunnel *row = after ? after : before;
        struct events_tunnels *t = context;

        (void)reason;
        if (row->instance == TUNNEL_TEMPLATE)
                return;
        if (event == TABLE_CHANGED)
                changed(t, before, after);
        else if (event == TABLE_REMOVED)
                forget(t, row->number);
}

/* Rows of an earlier run: what was down then has been told. */
static void take_restored(struct events_tunnels *t, struct table *tunnels)
{
        const struct tunnel *row;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        while ((row = table_next(tunnels, &tunnel_type, oid, length, false))) {
                length = index_encode(&tunnel_type, row, oid);
                if (!is_up(row) && row->instance != TUNNEL_TEMPLATE)
                        take_down(t, row->number, true, row->state == TUNNEL_DOWN);
        }
}

struct events_tunnels *events_tunnels_new(struct desk *d)
{
        struct events_tunnels *t = calloc(1, sizeof(*t));
        struct table *tunnels = store_table(d->store, &tunnel_type);

        if (!t)
                return NULL;
        t->desk = d;
        take_restored(t, tunnels);
        if (table_subscribe(tunnels, tunnel_changed, t) == 0)
                return t;
        events_tunnels_free(t);
        return NULL;
}

void events_tunnels_free(struct events_tunnels *t)
{
        struct note *note, *next;

        if (!t)
                return;
        HASH_ITER(hh, t->notes, note, next)
        {
                HASH_DEL(t->notes, note);
                free(note);
        }
        free(t);
}
