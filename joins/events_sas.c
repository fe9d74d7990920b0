/*
 * SAs that are made or go outside of a rekey, expire without a successor, are flushed or move, and
 * packets that wait for an SA.
 */
#include "config.h"

#include "events_desk.h"
#include "successor.h"

#include "tables/child_sa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds behind a migration in which SAs go and come without being made or removed. */
#define MIGRATION_TAKES 10000

struct events_sas {
        struct desk *desk;
        struct table *sas;
        struct loop_timer *timer; /* runs while a flush is to be told */
        uint32_t flushed;         /* SAs in this turn */
        int64_t migrating_until;  /* monotonic, ms */
};

/* ---- telling ---- */

/* gone: its row cannot be named any more. */
static void tell(struct events_sas *s, const struct ipsec_sa *sa, bool gone, struct event *event,
                 struct notify *details, const char *what)
{
        const struct tunnel *tunnel = desk_tunnel_of_sa(s->desk, sa);
        char words[SA_WORDS_SIZE], name[ROW_NAME_SIZE];

        sa_words(sa, words);
        if (!gone)
                row_name(&ipsec_sa_type, sa, name);
        else if (tunnel)
                row_name(&tunnel_type, tunnel, name);
        event->row = !gone || tunnel ? name : NULL;
        desk_tell(s->desk, event, details, "%s%s%s %s", words, event->subject ? " of tunnel " : "",
                  event->subject ? event->subject : "", what);
}

static const char *limit_words(uint8_t limit)
{
        switch (limit) {
        case LIMIT_TIME:
                return "has reached its hard limit of time without a successor: its traffic stops";
        case LIMIT_OCTETS:
                return "has reached its hard limit of octets without a successor: its traffic "
                       "stops";
        case LIMIT_PACKETS:
                return "has reached its hard limit of packets without a successor: its traffic "
                       "stops";
        default:
                return "has reached a hard limit without a successor: its traffic stops";
        }
}

static uint8_t limit_reached(const struct ipsec_sa *sa, int64_t now)
{
        if (sa->hard.octets != 0 && sa->octets >= sa->hard.octets)
                return LIMIT_OCTETS;
        if (sa->hard.packets != 0 && sa->packets >= sa->hard.packets)
                return LIMIT_PACKETS;
        return sa->hard_expiry != 0 && now + 1 >= sa->hard_expiry ? LIMIT_TIME : LIMIT_UNKNOWN;
}

static void tell_expired(struct events_sas *s, const struct ipsec_sa *sa)
{
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_SA_HARD_EXPIRED, ENTITY_KERNEL, SEVERITY_CRITICAL, REASON_EXPIRED);
        desk_set_sa(s->desk, sa, &event, &details);
        details.sa_state = SA_DEAD;
        details.limit = limit_reached(sa, desk_now(s->desk).wall);
        tell(s, sa, true, &event, &details, limit_words(details.limit));
}

static void tell_acquire(struct events_sas *s, const struct ipsec_sa *sa)
{
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_ACQUIRE, ENTITY_KERNEL, SEVERITY_INFO, REASON_NONE);
        desk_set_sa(s->desk, sa, &event, &details);
        tell(s, sa, false, &event, &details, "is wanted: packets wait for it");
}

static void tell_timeout(struct events_sas *s, const struct ipsec_sa *sa)
{
        struct notify details;
        struct event event;

        if (!attempt_acquire_failed(&s->desk->attempts, sa->tunnel_policy_key, sa->add_time))
                return; /* the daemon has told of it */
        desk_begin(&event, EVENT_NEGOTIATION_FAILED, ENTITY_KERNEL, SEVERITY_ERROR,
                   REASON_ACQUIRE_TIMEOUT);
        desk_set_sa(s->desk, sa, &event, &details);
        tell(s, sa, true, &event, &details, "was wanted, and was not negotiated in time");
}

static void tell_created(struct events_sas *s, const struct ipsec_sa *sa)
{
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_SA_CREATED, ENTITY_KERNEL, SEVERITY_INFO, REASON_NONE);
        desk_set_sa(s->desk, sa, &event, &details);
        tell(s, sa, false, &event, &details, "is made");
}

static void tell_removed(struct events_sas *s, const struct ipsec_sa *sa, enum table_reason reason)
{
        bool by_daemon = desk_is_daemon(s->desk, sa->requester);
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_SA_REMOVED, ENTITY_KERNEL, SEVERITY_INFO,
                   reason == TABLE_LOST ? REASON_UNKNOWN
                   : by_daemon          ? REASON_CLOSED_LOCALLY
                                        : REASON_DELETED_OUTSIDE);
        desk_set_sa(s->desk, sa, &event, &details);
        tell(s, sa, true, &event, &details,
             reason == TABLE_LOST ? "is gone: no message told of it"
             : by_daemon          ? "is removed by the IKE daemon"
                                  : "is removed, and not by an IKE daemon");
}

/* ---- a flush: one event for all that went in this turn ---- */

static void tell_flushed(void *context)
{
        struct events_sas *s = context;
        struct event event;

        s->timer = NULL;
        desk_begin(&event, EVENT_SAS_FLUSHED, ENTITY_KERNEL, SEVERITY_CRITICAL, REASON_FLUSHED);
        desk_tell(s->desk, &event, NULL, "%u SAs were removed at once", (unsigned int)s->flushed);
        s->flushed = 0;
}

static void count_flushed(struct events_sas *s)
{
        s->flushed++;
        if (!s->timer)
                s->timer = s->desk->loop->after(s->desk->loop, 0, tell_flushed, s);
}

/* ---- what changes ---- */

static bool is_migrating(const struct events_sas *s)
{
        return desk_now(s->desk).monotonic < s->migrating_until;
}

static void made(struct events_sas *s, const struct ipsec_sa *sa)
{
        if (!s->desk->kernel.read || is_migrating(s) || predecessor_of(s->sas, sa))
                return;
        tell_created(s, sa);
}

static void gone(struct events_sas *s, const struct ipsec_sa *sa, enum table_reason reason)
{
        if (reason == TABLE_FLUSHED) {
                count_flushed(s);
        } else if (sa->state == SA_LARVAL) {
                if (reason == TABLE_EXPIRED && sa->spi == 0)
                        tell_timeout(s, sa);
        } else if (successor_of(s->sas, sa) || is_migrating(s)) {
                return; /* it was rekeyed, or moved */
        } else if (reason == TABLE_EXPIRED) {
                tell_expired(s, sa);
        } else {
                tell_removed(s, sa, reason);
        }
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct events_sas *s = context;

        if (event == TABLE_REMOVED) {
                gone(s, old, reason);
                return;
        }
        if (sa->keying == KEYING_IKE)
                desk_learn(s->desk, sa->requester);
        if (sa_has_keys(sa) && !(old && sa_has_keys(old)))
                made(s, sa);
        else if (event == TABLE_ADDED && sa->spi == 0 && s->desk->kernel.read)
                tell_acquire(s, sa);
}

/* ---- what is no row's change ---- */

static const struct ipsec_sa *find_sa(const struct events_sas *s, const struct occurrence *o)
{
        uint32_t oid[3] = { o->spi, 0, 0 };
        const struct ipsec_sa *sa =
                o->spi ? table_next(s->sas, &sa_by_spi_type, oid, 3, false) : NULL;

        return sa && sa->spi == o->spi ? sa : NULL;
}

static void tell_occurrence(struct events_sas *s, const struct occurrence *o)
{
        const struct ipsec_sa *sa = find_sa(s, o);
        char name[ROW_NAME_SIZE];
        struct notify details;
        struct event event;

        desk_begin(&event, (enum event_kind)o->kind, (enum event_entity)o->entity, SEVERITY_NOTICE,
                   o->reason ? (enum reason)o->reason : REASON_NONE);
        event.spi = o->spi;
        memset(&details, 0, sizeof(details));
        if (sa) {
                desk_set_sa(s->desk, sa, &event, &details);
                row_name(&ipsec_sa_type, sa, name);
                event.row = name;
        }
        if (o->remote.type != INET_ADDR_UNKNOWN)
                event.peer = o->remote;
        desk_tell(s->desk, &event, NULL, "%s%s%s", event.subject ? event.subject : "",
                  event.subject ? ": " : "", o->text ? o->text : "");
}

static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        const struct occurrence *o = after;
        struct events_sas *s = context;

        (void)reason;
        (void)before;
        if (event != TABLE_ADDED)
                return;
        if (o->kind == EVENT_SA_MIGRATED)
                s->migrating_until = desk_now(s->desk).monotonic + MIGRATION_TAKES;
        if (o->kind == EVENT_SA_MIGRATED || o->kind == EVENT_NAT_MAPPING_CHANGED ||
            o->kind == EVENT_AUDIT_RECORD)
                tell_occurrence(s, o);
}

struct events_sas *events_sas_new(struct desk *d)
{
        struct events_sas *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->desk = d;
        s->sas = store_table(d->store, &ipsec_sa_type);
        if (table_subscribe(s->sas, sa_changed, s) == 0 &&
            table_subscribe(store_table(d->store, &occurrence_type), occurred, s) == 0)
                return s;
        events_sas_free(s);
        return NULL;
}

void events_sas_free(struct events_sas *s)
{
        if (!s)
                return;
        s->desk->loop->cancel(s->desk->loop, s->timer);
        free(s);
}
