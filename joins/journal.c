#include "config.h"

#include "journal.h"

#include "tables/certificate.h"
#include "tables/collector_row.h"
#include "tables/event_status.h"
#include "tables/ike_policy.h"
#include "tables/ike_sa.h"
#include "tables/ipsec_sa.h"
#include "tables/notification.h"
#include "tables/policy.h"
#include "tables/tunnel.h"
#include "tables/xfrm_stat.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

/* Details that nobody settles go, oldest first, when there are more. */
#define DETAILS_MAX 20000

/* The tables whose rows events may name. */
static const struct table_type *const followed[] = {
        &collector_row_type, &xfrm_stat_type, &ipsec_sa_type, &ike_sa_type,
        &ike_policy_type,    &policy_type,    &tunnel_type,   &certificate_type,
};

#define N_FOLLOWED (sizeof(followed) / sizeof(followed[0]))

/* Whoever subscribes is told by this which table speaks. */
struct source {
        struct journal *journal;
        const struct table_type *type;
};

/* Events that name one row; each leads to the one before it. */
struct mention {
        const char *row; /* the pool's, which the newest event holds */
        uint32_t newest;
        bool unhashed;
        UT_hash_handle hh;
};

struct journal {
        struct loop *loop;
        struct table *events;
        struct table *details;
        struct table *status;
        struct strings *pool;
        struct event_status told;
        uint32_t next; /* number of the next event */
        uint32_t
                *previous; /* by number modulo capacity: the event before that names the same row */
        struct mention *mentions;
        struct source sources[N_FOLLOWED];
};

/* ---- what the status tells ---- */

static uint32_t *newest_of(struct event_status *status, uint8_t kind)
{
        switch (kind) {
        case EVENT_TUNNEL_DOWN:
                return &status->tunnel_down;
        case EVENT_NEGOTIATION_FAILED:
                return &status->negotiation_failed;
        case EVENT_IKE_AUTH_FAILURE:
                return &status->ike_auth_failure;
        case EVENT_INTEGRITY_FAILURES:
                return &status->integrity_failures;
        case EVENT_REPLAY_FAILURES:
                return &status->replay_failures;
        case EVENT_SA_HARD_EXPIRED:
                return &status->sa_hard_expired;
        case EVENT_POLICY_CHANGED:
                return &status->policy_changed;
        case EVENT_COLLECTOR_DOWN:
                return &status->collector_down;
        default:
                return NULL;
        }
}

static void tell_status(struct journal *j)
{
        table_put(j->status, &j->told, TABLE_FROM_EVENT);
}

/* ---- which events name a row ---- */

static uint32_t *previous_of(const struct journal *j, uint32_t number)
{
        return &j->previous[number % j->told.capacity];
}

static const struct event *find_event(const struct journal *j, uint32_t number)
{
        struct event sought;

        memset(&sought, 0, sizeof(sought));
        sought.number = number;
        return table_find(j->events, &sought);
}

static void forget_mention(struct journal *j, struct mention *m)
{
        HASH_DEL(j->mentions, m);
        free(m);
}

static struct mention *find_mention(const struct journal *j, const char *row)
{
        struct mention *m = NULL;

        if (row && j->mentions)
                HASH_FIND_PTR(j->mentions, &row, m);
        return m;
}

/* Without memory the pointer cannot be cleared later, so it is not kept at all. */
static bool mention(struct journal *j, const struct event *event)
{
        struct mention *m = find_mention(j, event->row);

        *previous_of(j, event->number) = m ? m->newest : 0;
        if (m) {
                m->newest = event->number;
                return true;
        }
        m = calloc(1, sizeof(*m));
        if (!m)
                return false;
        m->row = event->row;
        m->newest = event->number;
        HASH_ADD_PTR(j->mentions, row, m);
        if (!m->unhashed)
                return true;
        free(m);
        return false;
}

static void clear_row(struct journal *j, const struct event *event)
{
        struct event changed = *event;

        changed.row = NULL;
        table_update(j->events, &changed);
}

static void row_changed(void *context, enum table_event event, enum table_reason reason,
                        const void *before, const void *after)
{
        const struct source *source = context;
        struct journal *j = source->journal;
        char text[ROW_NAME_SIZE];
        struct mention *m;
        uint32_t number;

        (void)reason;
        (void)after;
        if (event != TABLE_REMOVED || !j->mentions)
                return;
        row_name(source->type, before, text);
        m = find_mention(j, strings_find(j->pool, text));
        if (!m)
                return;
        number = m->newest;
        forget_mention(j, m);
        while (number != 0 && number >= j->told.oldest) {
                const struct event *named = find_event(j, number);

                number = *previous_of(j, number);
                if (named)
                        clear_row(j, named);
        }
}

/* ---- the ring ---- */

static void drop_oldest(struct journal *j)
{
        const struct event *event = find_event(j, j->told.oldest);
        struct mention *m = event ? find_mention(j, event->row) : NULL;
        uint32_t *newest = event ? newest_of(&j->told, event->kind) : NULL;

        if (m && m->newest == event->number)
                forget_mention(j, m);
        if (newest && *newest == event->number)
                *newest = 0;
        if (event)
                table_remove(j->events, event, TABLE_DELETED);
        if (j->told.oldest == j->told.newest)
                j->told.oldest = j->told.newest = 0;
        else
                j->told.oldest++;
        j->told.lost++;
}

static uint32_t count(const struct journal *j)
{
        return j->told.newest == 0 ? 0 : j->told.newest - j->told.oldest + 1;
}

static int put_event(struct journal *j, struct event *event)
{
        const struct event *kept;
        uint32_t *newest;
        int err = table_put(j->events, event, TABLE_FROM_EVENT);

        if (err < 0)
                return err;
        if (j->told.capacity == 0) {
                table_remove(j->events, event, TABLE_NO_REASON);
                return 0;
        }
        newest = newest_of(&j->told, event->kind);
        if (newest)
                *newest = event->number;
        j->told.newest = event->number;
        if (j->told.oldest == 0)
                j->told.oldest = event->number;
        kept = find_event(j, event->number);
        if (kept && kept->row && !mention(j, kept))
                clear_row(j, kept);
        return 0;
}

/* ---- what goes with an event ---- */

static void put_details(struct journal *j, const struct event *event, struct notify *details)
{
        details->event = event->number;
        details->reason = event->reason;
        details->severity = event->severity;
        details->text = event->text;
        if (table_count(j->details) >= DETAILS_MAX)
                table_remove(j->details, table_next(j->details, &notify_type, NULL, 0, false),
                             TABLE_DELETED);
        table_put(j->details, details, TABLE_FROM_EVENT);
}

static void forget_details(struct journal *j, uint32_t number)
{
        struct notify sought;

        memset(&sought, 0, sizeof(sought));
        sought.event = number;
        table_remove(j->details, &sought, TABLE_DELETED);
}

/* ---- what the header offers ---- */

void journal_tell(struct journal *j, struct event *event, struct notify *details)
{
        bool notified = notification_of((enum event_kind)event->kind) != NULL;
        struct notify none;
        struct moment now;

        j->loop->now(j->loop, &now);
        event->number = j->next++;
        event->time = now.wall;
        event->timestamp = now.monotonic;
        event->notification = notified ? NOTIFICATION_UNKNOWN : NOTIFICATION_NONE;
        if (notified && !details) {
                memset(&none, 0, sizeof(none));
                details = &none;
        }
        if (notified)
                put_details(j, event, details);
        if (j->told.capacity > 0 && count(j) == j->told.capacity)
                drop_oldest(j);
        if (put_event(j, event) < 0)
                forget_details(j, event->number);
        tell_status(j);
}

void journal_settled(struct journal *j, uint32_t number, enum event_notification fate)
{
        const struct event *event = find_event(j, number);
        struct event changed;

        forget_details(j, number);
        if (!event || event->notification == (uint8_t)fate)
                return;
        changed = *event;
        changed.notification = (uint8_t)fate;
        table_update(j->events, &changed);
}

/* The links move to where the new capacity has them. */
void journal_configure(struct journal *j, uint32_t capacity)
{
        uint32_t *previous = calloc(capacity > 0 ? capacity : 1, sizeof(*previous));

        if (!previous)
                return; /* the ring stays as it is */
        while (count(j) > capacity)
                drop_oldest(j);
        for (uint32_t n = count(j); n > 0; n--) {
                uint32_t number = j->told.newest + 1 - n;

                previous[number % capacity] = *previous_of(j, number);
        }
        free(j->previous);
        j->previous = previous;
        j->told.capacity = capacity;
        tell_status(j);
}

static int subscribe(struct journal *j, struct store *store)
{
        int err = 0;

        for (size_t i = 0; err == 0 && i < N_FOLLOWED; i++) {
                j->sources[i] = (struct source){ j, followed[i] };
                err = table_subscribe(store_table(store, followed[i]), row_changed, &j->sources[i]);
        }
        return err;
}

struct journal *journal_new(struct store *store, struct loop *loop, uint32_t capacity)
{
        struct journal *j = calloc(1, sizeof(*j));
        struct moment now;

        if (!j)
                return NULL;
        loop->now(loop, &now);
        j->loop = loop;
        j->events = store_table(store, &event_type);
        j->details = store_table(store, &notify_type);
        j->status = store_table(store, &event_status_type);
        j->pool = store_strings(store);
        j->next = 1;
        j->told.discontinuity = now.monotonic;
        journal_configure(j, capacity);
        if (!j->previous || subscribe(j, store) < 0) {
                free(j->previous);
                free(j);
                return NULL;
        }
        return j;
}

void journal_free(struct journal *j)
{
        struct mention *m, *next;

        if (!j)
                return;
        HASH_ITER(hh, j->mentions, m, next)
        {
                forget_mention(j, m);
        }
        free(j->previous);
        free(j);
}
