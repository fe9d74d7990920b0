/*
 * Sources that cannot be read any more or again, or were read anew; the configuration of the IKE
 * daemons; and the kernel's counters of dropped packets.
 */
#include "config.h"

#include "events_desk.h"

#include "tables/configured_policy.h"
#include "tables/ike_policy.h"
#include "tables/xfrm_stat.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

/* Milliseconds in which full reads for want of something are one event. */
#define RESYNCS_WITHIN 10000

/* Milliseconds in which changes of a configuration are one event. */
#define CONFIGURED_WITHIN 2000

/* Packets with an SPI that nobody knows. */
#define NO_SA_COUNTER "XfrmInNoStates"

/* What is known of a source or a counter, by the key of its row. */
struct watched {
        struct source_state state; /* of a source */
        int64_t resynced;          /* monotonic, ms: when it was told; 0 never */
        uint64_t overruns;         /* when that was told */
        uint64_t packets;          /* of a counter: not told yet */
        uint64_t foretold;         /* of a counter: told one by one, and not in it yet */
        bool resting;              /* of a counter: an interval is going on */
        const char *key;           /* the pool's, retained */
        bool unhashed;
        UT_hash_handle hh;
};

/* What changed in the configuration of the daemons. */
struct configuration {
        uint32_t added;
        uint32_t changed;
        uint32_t removed;
};

struct events_sources {
        struct desk *desk;
        struct strings *pool;
        struct table *stats;
        struct loop_timer *drops; /* the end of the interval */
        struct loop_timer *configured;
        struct watched *sources;
        struct watched *counters;
        struct configuration changes;
};

static struct watched *find_or_make(struct events_sources *s, struct watched **all, const char *key)
{
        struct watched *w = NULL;

        if (*all)
                HASH_FIND_STR(*all, key, w);
        if (w)
                return w;
        w = calloc(1, sizeof(*w));
        if (!w)
                return NULL;
        w->key = strings_retain(s->pool, key, strlen(key));
        if (w->key)
                HASH_ADD_KEYPTR(hh, *all, w->key, strlen(w->key), w);
        if (w->key && !w->unhashed)
                return w;
        strings_release(s->pool, w->key);
        free(w);
        return NULL;
}

static void forget_all(struct events_sources *s, struct watched **all)
{
        struct watched *w, *next;

        HASH_ITER(hh, *all, w, next)
        {
                HASH_DEL(*all, w);
                strings_release(s->pool, w->key);
                free(w);
        }
}

/* ---- sources ---- */

static enum reason reason_of(const struct collector_row *row)
{
        if (row->last_error && strstr(row->last_error, "capability"))
                return REASON_NOT_PERMITTED;
        if (strcmp(row->key, "strongswan") == 0 || strcmp(row->key, "libreswan") == 0)
                return REASON_SOURCE_UNREACHABLE;
        return REASON_SOURCE_ERROR;
}

static void tell_source(struct events_sources *s, const struct collector_row *row,
                        struct event *event, bool cleared, const char *what, const char *why)
{
        struct notify details;
        char name[ROW_NAME_SIZE];

        event->subject = row->name;
        row_name(&collector_row_type, row, name);
        event->row = name;
        memset(&details, 0, sizeof(details));
        details.cleared = cleared;
        desk_tell(s->desk, event, &details, "the source %s (%s) %s%s%s", row->key,
                  row->name ? row->name : "", what, why ? ": " : "", why ? why : "");
}

static void tell_down(struct events_sources *s, const struct collector_row *row)
{
        struct event event;

        desk_begin(&event, EVENT_COLLECTOR_DOWN, ENTITY_AGENT, SEVERITY_ERROR, reason_of(row));
        tell_source(s, row, &event, false, "cannot be read any more", row->last_error);
}

static void tell_up(struct events_sources *s, const struct collector_row *row)
{
        struct event event;

        desk_begin(&event, EVENT_COLLECTOR_UP, ENTITY_AGENT, SEVERITY_INFO, REASON_RECOVERED);
        tell_source(s, row, &event, true, "can be read again", row->source_version);
}

/* Of a source that was never read, and of one that is switched off, nothing is told. */
static void follow(struct events_sources *s, struct watched *w, const struct collector_row *row)
{
        struct source_state *state = &w->state;

        state->state = row->state;
        switch (row->state) {
        case COLLECTOR_UP:
                if (state->gone)
                        tell_up(s, row);
                state->read = true;
                state->gone = false;
                break;
        case COLLECTOR_DOWN:
        case COLLECTOR_UNSUPPORTED:
                if (state->read && !state->gone)
                        tell_down(s, row);
                state->gone = state->read;
                break;
        case COLLECTOR_DISABLED:
                memset(state, 0, sizeof(*state));
                state->state = COLLECTOR_DISABLED;
                break;
        default:
                break;
        }
}

static void resynced(struct events_sources *s, struct watched *w, const struct collector_row *row)
{
        int64_t now = desk_now(s->desk).monotonic;
        bool overrun = row->overruns > w->overruns;
        struct event event;

        if (w->resynced != 0 && now < w->resynced + RESYNCS_WITHIN)
                return;
        w->resynced = now;
        w->overruns = row->overruns;
        desk_begin(&event, EVENT_COLLECTOR_RESYNCED, ENTITY_AGENT, SEVERITY_NOTICE,
                   overrun ? REASON_SOURCE_OVERRUN : REASON_OTHER);
        tell_source(s, row, &event, false, "is read anew",
                    overrun ? "it told more than could be taken in"
                            : "something changed that no message told of");
}

/* What all subjects ask for. */
static void set_desk(struct events_sources *s, const char *key, const struct source_state *state)
{
        if (strcmp(key, "xfrm") == 0)
                s->desk->kernel = *state;
        else if (strcmp(key, "strongswan") == 0)
                s->desk->strongswan = *state;
        else if (strcmp(key, "libreswan") == 0)
                s->desk->libreswan = *state;
}

static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct collector_row *old = before, *row = after;
        struct events_sources *s = context;
        struct watched *w;

        (void)event;
        (void)reason;
        if (!row || !row->key)
                return;
        w = find_or_make(s, &s->sources, row->key);
        if (!w)
                return;
        if (!old || old->state != row->state)
                follow(s, w, row);
        if (old && row->resyncs > old->resyncs)
                resynced(s, w, row);
        set_desk(s, row->key, &w->state);
}

/* ---- dropped packets ---- */

static void end_interval(void *context);

static void tell_drops(struct events_sources *s, const struct xfrm_stat *row, struct watched *w)
{
        bool no_sa = strcmp(row->name ? row->name : "", NO_SA_COUNTER) == 0;
        char name[ROW_NAME_SIZE];
        struct event event;

        desk_begin(&event, no_sa ? EVENT_PACKET_WITHOUT_SA : EVENT_DROPS_ROSE, ENTITY_KERNEL,
                   SEVERITY_NOTICE, REASON_NONE);
        event.subject = row->name;
        row_name(&xfrm_stat_type, row, name);
        event.row = name;
        desk_tell(s->desk, &event, NULL, "%llu packets were dropped: %s%s",
                  (unsigned long long)w->packets, row->name ? row->name : "",
                  no_sa ? ", no SA has their SPI" : "");
        w->packets = 0;
        w->resting = true;
        if (!s->drops)
                s->drops = s->desk->loop->after(s->desk->loop, 1000 * s->desk->config.drop_interval,
                                                end_interval, s);
}

static const struct xfrm_stat *stat_of(const struct events_sources *s, const char *key)
{
        struct xfrm_stat sought;

        memset(&sought, 0, sizeof(sought));
        sought.key = key;
        return table_find(s->stats, &sought);
}

/* What rose meanwhile is one event for each counter. */
static void end_interval(void *context)
{
        struct events_sources *s = context;
        struct watched *w, *next;

        s->drops = NULL;
        HASH_ITER(hh, s->counters, w, next)
        {
                const struct xfrm_stat *row = stat_of(s, w->key);

                w->resting = false;
                if (w->packets > 0 && row)
                        tell_drops(s, row, w);
        }
}

static void stat_changed(void *context, enum table_event event, enum table_reason reason,
                         const void *before, const void *after)
{
        const struct xfrm_stat *old = before, *row = after;
        struct events_sources *s = context;
        uint64_t more, known;
        struct watched *w;

        (void)reason;
        if (event != TABLE_CHANGED || row->packets <= old->packets)
                return;
        w = find_or_make(s, &s->counters, row->key);
        if (!w)
                return;
        more = row->packets - old->packets;
        known = w->foretold < more ? w->foretold : more;
        w->foretold -= known;
        w->packets += more - known;
        if (!w->resting && w->packets > 0)
                tell_drops(s, row, w);
}

/* Packets that the audit tells of one by one: the first at once, the others with the interval. */
static void packet_without_sa(struct events_sources *s, const struct occurrence *o)
{
        struct watched *w = find_or_make(s, &s->counters, "XfrmInNoStates");
        const struct xfrm_stat *row = stat_of(s, "XfrmInNoStates");
        uint32_t packets = o->count > 0 ? o->count : 1;
        struct event event;

        if (!w)
                return;
        if (row)
                w->foretold += packets;
        w->packets += packets;
        if (w->resting)
                return;
        desk_begin(&event, EVENT_PACKET_WITHOUT_SA, ENTITY_KERNEL, SEVERITY_NOTICE, REASON_NONE);
        event.spi = o->spi;
        event.peer = o->remote;
        desk_tell(s->desk, &event, NULL, "%s",
                  o->text ? o->text : "a packet came with an SPI that no SA has");
        w->packets = 0;
        w->resting = true;
        if (!s->drops)
                s->drops = s->desk->loop->after(s->desk->loop, 1000 * s->desk->config.drop_interval,
                                                end_interval, s);
}

static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        const struct occurrence *o = after;

        (void)reason;
        (void)before;
        if (event == TABLE_ADDED && o->kind == EVENT_PACKET_WITHOUT_SA)
                packet_without_sa(context, o);
}

/* ---- the configuration of the daemons ---- */

static void tell_configuration(void *context)
{
        struct events_sources *s = context;
        struct event event;

        s->configured = NULL;
        desk_begin(&event, EVENT_CONFIGURATION_CHANGED, ENTITY_IKE, SEVERITY_NOTICE,
                   REASON_CONFIGURATION_CHANGED);
        desk_tell(s->desk, &event, NULL,
                  "the configuration of the IKE daemon changed: %u children added, %u changed, "
                  "%u removed",
                  (unsigned int)s->changes.added, (unsigned int)s->changes.changed,
                  (unsigned int)s->changes.removed);
        memset(&s->changes, 0, sizeof(s->changes));
}

static bool same_configuration(const struct configured_policy *a, const struct configured_policy *b)
{
        return a->action == b->action && a->mode == b->mode &&
               a->local_selectors == b->local_selectors &&
               a->remote_selectors == b->remote_selectors;
}

static void configured_changed(void *context, enum table_event event, enum table_reason reason,
                               const void *before, const void *after)
{
        const struct configured_policy *old = before, *row = after;
        struct events_sources *s = context;

        (void)reason;
        if (!desk_daemon(s->desk, row ? row->daemon_kind : old->daemon_kind)->read)
                return;
        if (event == TABLE_CHANGED && same_configuration(old, row))
                return;
        s->changes.added += event == TABLE_ADDED;
        s->changes.changed += event == TABLE_CHANGED;
        s->changes.removed += event == TABLE_REMOVED;
        if (!s->configured)
                s->configured = s->desk->loop->after(s->desk->loop, CONFIGURED_WITHIN,
                                                     tell_configuration, s);
}

/* ---- what the desk asks for ---- */

static int subscribe(struct events_sources *s)
{
        const struct {
                const struct table_type *type;
                table_listener *listener;
        } subscriptions[] = {
                { &collector_row_type, collector_changed },
                { &xfrm_stat_type, stat_changed },
                { &occurrence_type, occurred },
                { &configured_policy_type, configured_changed },
        };
        int err = 0;

        for (size_t i = 0; err == 0 && i < sizeof(subscriptions) / sizeof(subscriptions[0]); i++)
                err = table_subscribe(store_table(s->desk->store, subscriptions[i].type),
                                      subscriptions[i].listener, s);
        return err;
}

struct events_sources *events_sources_new(struct desk *d)
{
        struct events_sources *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->desk = d;
        s->pool = store_strings(d->store);
        s->stats = store_table(d->store, &xfrm_stat_type);
        if (subscribe(s) == 0)
                return s;
        events_sources_free(s);
        return NULL;
}

void events_sources_free(struct events_sources *s)
{
        if (!s)
                return;
        s->desk->loop->cancel(s->desk->loop, s->drops);
        s->desk->loop->cancel(s->desk->loop, s->configured);
        forget_all(s, &s->sources);
        forget_all(s, &s->counters);
        free(s);
}
