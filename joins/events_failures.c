/*
 * Packets that fail their integrity check or are dropped by replay protection, more of them than
 * the configured rate. They are counted for each SA in intervals: by the counters of its row, and
 * by what the audit tells of single packets, which comes before the counters do.
 */
#include "config.h"

#include "agenda.h"
#include "events_desk.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

enum failure_kind {
        FAILURE_INTEGRITY,
        FAILURE_REPLAY,
        FAILURE_KINDS,
};

/* One kind of failures of an SA. */
struct count {
        uint64_t foretold;     /* told packet by packet, and not by the counter yet */
        uint64_t packets;      /* in this interval */
        int64_t interval_ends; /* monotonic, ms; 0: none is going on */
        bool told;             /* the rate was above the threshold, and is not below it again */
};

struct failing {
        uint32_t index; /* of the SA */
        struct count counts[FAILURE_KINDS];
        bool unhashed;
        UT_hash_handle hh;
};

struct events_failures {
        struct desk *desk;
        struct table *sas;
        struct loop_timer *timer;
        int64_t when;         /* monotonic, ms: when the timer expires */
        struct agenda agenda; /* indexes of SAs whose interval ends */
        struct failing *failing;
};

static void run(void *context);

static uint32_t rate_of(const struct events_failures *f, enum failure_kind kind)
{
        return kind == FAILURE_INTEGRITY ? f->desk->config.integrity_failures
                                         : f->desk->config.replay_failures;
}

static void run_at(struct events_failures *f, int64_t when)
{
        struct loop *loop = f->desk->loop;
        int64_t wait = when - desk_now(f->desk).monotonic;

        if (f->timer && f->when <= when)
                return;
        loop->cancel(loop, f->timer);
        f->timer = loop->after(loop, wait > 0 ? (uint32_t)wait : 0, run, f);
        f->when = when;
}

static struct failing *find(const struct events_failures *f, uint32_t index)
{
        struct failing *failing = NULL;

        if (f->failing)
                HASH_FIND(hh, f->failing, &index, sizeof(index), failing);
        return failing;
}

static struct failing *find_or_make(struct events_failures *f, uint32_t index)
{
        struct failing *failing = find(f, index);

        if (failing)
                return failing;
        failing = calloc(1, sizeof(*failing));
        if (!failing)
                return NULL;
        failing->index = index;
        HASH_ADD(hh, f->failing, index, sizeof(failing->index), failing);
        if (!failing->unhashed)
                return failing;
        free(failing);
        return NULL;
}

static void forget(struct events_failures *f, struct failing *failing)
{
        HASH_DEL(f->failing, failing);
        free(failing);
}

/* ---- telling ---- */

static uint32_t limited(uint64_t number)
{
        return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* gone: the SA's row cannot be named any more. */
static void tell(struct events_failures *f, const struct ipsec_sa *sa, bool gone,
                 enum failure_kind kind, const struct count *count, bool cleared)
{
        const struct tunnel *tunnel = desk_tunnel_of_sa(f->desk, sa);
        uint32_t interval = f->desk->config.failure_interval;
        char words[SA_WORDS_SIZE], name[ROW_NAME_SIZE];
        struct notify details;
        struct event event;

        desk_begin(&event,
                   kind == FAILURE_INTEGRITY ? EVENT_INTEGRITY_FAILURES : EVENT_REPLAY_FAILURES,
                   ENTITY_KERNEL, cleared ? SEVERITY_INFO : SEVERITY_ERROR,
                   cleared ? REASON_RECOVERED : REASON_THRESHOLD_PASSED);
        desk_set_sa(f->desk, sa, &event, &details);
        details.cleared = cleared;
        details.count = limited(count->packets);
        details.interval = interval;
        if (!gone)
                row_name(&ipsec_sa_type, sa, name);
        else if (tunnel)
                row_name(&tunnel_type, tunnel, name);
        event.row = !gone || tunnel ? name : NULL;
        sa_words(sa, words);
        desk_tell(f->desk, &event, &details, "%s%s%s: %u packets %s in %u seconds%s", words,
                  event.subject ? " of tunnel " : "", event.subject ? event.subject : "",
                  (unsigned int)details.count,
                  kind == FAILURE_INTEGRITY ? "failed their integrity check"
                                            : "were dropped by replay protection",
                  (unsigned int)interval,
                  !cleared ? ""
                  : gone   ? ", and it is gone"
                           : ", no more");
}

/* ---- counting ---- */

static void add(struct events_failures *f, struct failing *failing, const struct ipsec_sa *sa,
                enum failure_kind kind, uint64_t packets)
{
        struct count *count = &failing->counts[kind];

        if (packets == 0)
                return;
        if (count->interval_ends == 0) {
                count->interval_ends = desk_now(f->desk).monotonic +
                                       INT64_C(1000) * f->desk->config.failure_interval;
                agenda_put(&f->agenda, count->interval_ends, failing->index);
                run_at(f, count->interval_ends);
        }
        count->packets += packets;
        if (count->told || count->packets <= rate_of(f, kind))
                return;
        count->told = true;
        tell(f, sa, false, kind, count, false);
}

/* What was told packet by packet comes again in the counter. */
static void counter_rose(struct events_failures *f, const struct ipsec_sa *sa,
                         enum failure_kind kind, uint64_t packets)
{
        struct failing *failing = packets > 0 ? find_or_make(f, sa->index) : NULL;
        struct count *count;
        uint64_t known;

        if (!failing)
                return;
        count = &failing->counts[kind];
        known = count->foretold < packets ? count->foretold : packets;
        count->foretold -= known;
        add(f, failing, sa, kind, packets - known);
}

static void end_interval(struct events_failures *f, struct failing *failing,
                         const struct ipsec_sa *sa, enum failure_kind kind, int64_t now)
{
        struct count *count = &failing->counts[kind];

        if (count->interval_ends == 0 || count->interval_ends > now)
                return;
        count->interval_ends = 0;
        if (count->told && count->packets <= rate_of(f, kind)) {
                count->told = false;
                tell(f, sa, false, kind, count, true);
        }
        count->packets = 0;
        if (!count->told)
                return;
        count->interval_ends = now + INT64_C(1000) * f->desk->config.failure_interval;
        agenda_put(&f->agenda, count->interval_ends, failing->index);
}

static bool is_over(const struct failing *failing)
{
        for (int kind = 0; kind < FAILURE_KINDS; kind++)
                if (failing->counts[kind].interval_ends != 0 || failing->counts[kind].foretold != 0)
                        return false;
        return true;
}

static void run(void *context)
{
        struct events_failures *f = context;
        int64_t now = desk_now(f->desk).monotonic;
        uint64_t item;

        f->timer = NULL;
        while (agenda_take(&f->agenda, now, &item)) {
                const uint32_t index = (uint32_t)item;
                const struct ipsec_sa *sa = table_at(f->sas, &ipsec_sa_type, &index, 1);
                struct failing *failing = find(f, index);

                if (!failing || !sa)
                        continue;
                for (int kind = 0; kind < FAILURE_KINDS; kind++)
                        end_interval(f, failing, sa, (enum failure_kind)kind, now);
                if (is_over(failing))
                        forget(f, failing);
        }
        if (agenda_next(&f->agenda) != INT64_MAX)
                run_at(f, agenda_next(&f->agenda));
}

/* ---- what changes ---- */

static void sa_gone(struct events_failures *f, const struct ipsec_sa *sa)
{
        struct failing *failing = find(f, sa->index);

        if (!failing)
                return;
        for (int kind = 0; kind < FAILURE_KINDS; kind++)
                if (failing->counts[kind].told)
                        tell(f, sa, true, (enum failure_kind)kind, &failing->counts[kind], true);
        forget(f, failing);
}

static uint64_t more(uint64_t now, uint64_t before)
{
        return now > before ? now - before : 0;
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct events_failures *f = context;

        (void)reason;
        if (event == TABLE_REMOVED)
                sa_gone(f, old);
        if (event != TABLE_CHANGED || sa->add_time != old->add_time)
                return;
        counter_rose(f, sa, FAILURE_INTEGRITY, more(sa->integrity_errors, old->integrity_errors));
        counter_rose(f, sa, FAILURE_REPLAY,
                     more(sa->replay_errors + sa->replay_window_errors,
                          old->replay_errors + old->replay_window_errors));
}

/* Among SAs with this SPI the one with that destination, if it is told. */
static const struct ipsec_sa *find_sa(const struct events_failures *f, const struct occurrence *o)
{
        uint32_t oid[INDEX_MAX] = { o->spi };
        const struct ipsec_sa *sa;
        size_t length = 1;

        while (o->spi != 0 && (sa = table_next(f->sas, &sa_by_spi_type, oid, length, false)) &&
               sa->spi == o->spi) {
                if (o->local.type == INET_ADDR_UNKNOWN ||
                    inet_addr_same(&o->local, &sa->destination))
                        return sa;
                length = index_encode(&sa_by_spi_type, sa, oid);
        }
        return NULL;
}

static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        const struct occurrence *o = after;
        struct events_failures *f = context;
        const struct ipsec_sa *sa;
        struct failing *failing;
        enum failure_kind kind;
        uint64_t packets;

        (void)reason;
        (void)before;
        if (event != TABLE_ADDED ||
            (o->kind != EVENT_INTEGRITY_FAILURES && o->kind != EVENT_REPLAY_FAILURES))
                return;
        kind = o->kind == EVENT_INTEGRITY_FAILURES ? FAILURE_INTEGRITY : FAILURE_REPLAY;
        sa = find_sa(f, o);
        failing = sa ? find_or_make(f, sa->index) : NULL;
        if (!failing)
                return;
        packets = o->count > 0 ? o->count : 1;
        failing->counts[kind].foretold += packets;
        add(f, failing, sa, kind, packets);
}

struct events_failures *events_failures_new(struct desk *d)
{
        struct events_failures *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        f->desk = d;
        f->sas = store_table(d->store, &ipsec_sa_type);
        if (table_subscribe(f->sas, sa_changed, f) == 0 &&
            table_subscribe(store_table(d->store, &occurrence_type), occurred, f) == 0)
                return f;
        events_failures_free(f);
        return NULL;
}

void events_failures_free(struct events_failures *f)
{
        struct failing *failing, *next;

        if (!f)
                return;
        f->desk->loop->cancel(f->desk->loop, f->timer);
        agenda_free(&f->agenda);
        HASH_ITER(hh, f->failing, failing, next)
        {
                forget(f, failing);
        }
        free(f);
}
