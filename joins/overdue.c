#include "overdue.h"

#include "agenda.h"
#include "queue.h"
#include "successor.h"
#include "tables/ipsec_sa.h"

#include <stdlib.h>
#include <string.h>

/* Looks in one turn of the loop. */
#define ROWS_PER_TURN 1000

struct overdue {
        struct loop *loop;
        struct loop_timer *timer;
        int64_t when; /* monotonic, ms: when the timer expires; 0 at once */
        struct table *sas;
        struct agenda agenda; /* indexes of SAs */
        struct queue due;     /* the same: they are looked at now */
};

static void run(void *context);

static struct moment now_of(const struct overdue *o)
{
        struct moment now;

        o->loop->now(o->loop, &now);
        return now;
}

static void run_at(struct overdue *o, int64_t when)
{
        int64_t wait = when > 0 ? when - now_of(o).monotonic : 0;

        if (o->timer && o->when <= when)
                return;
        o->loop->cancel(o->loop, o->timer);
        o->timer = o->loop->after(o->loop,
                                  wait <= 0          ? 0
                                  : wait < INT32_MAX ? (uint32_t)wait
                                                     : INT32_MAX,
                                  run, o);
        o->when = when;
}

static bool is_usable(const struct ipsec_sa *sa)
{
        return sa->spi != 0 && (sa->state == SA_MATURE || sa->state == SA_DYING);
}

static void judge(struct overdue *o, uint32_t index)
{
        const struct ipsec_sa *sa = table_at(o->sas, &ipsec_sa_type, &index, 1);
        struct moment now = now_of(o);
        struct ipsec_sa changed;
        bool overdue;

        if (!sa)
                return;
        overdue = is_usable(sa) && sa->soft_expiry != 0 &&
                  now.wall > sa->soft_expiry + REKEY_PATIENCE && !successor_of(o->sas, sa);
        if (overdue == sa->rekey_overdue)
                return;
        changed = *sa;
        changed.rekey_overdue = overdue;
        table_update(o->sas, &changed);
}

static void run(void *context)
{
        struct overdue *o = context;
        int64_t now = now_of(o).monotonic;
        size_t rows = ROWS_PER_TURN;
        uint64_t item;

        o->timer = NULL;
        for (; rows > 0 && agenda_take(&o->agenda, now, &item); rows--)
                judge(o, (uint32_t)item);
        for (; rows > 0 && !queue_is_empty(&o->due); rows--)
                judge(o, (uint32_t)queue_take(&o->due));
        if (!queue_is_empty(&o->due))
                run_at(o, 0);
        else if (agenda_next(&o->agenda) != INT64_MAX)
                run_at(o, agenda_next(&o->agenda));
}

static void look_later(struct overdue *o, const struct ipsec_sa *sa)
{
        struct moment now = now_of(o);
        int64_t when = now.monotonic + 1000 * (sa->soft_expiry + REKEY_PATIENCE + 1 - now.wall);

        agenda_put(&o->agenda, when, sa->index);
        run_at(o, when);
}

static void look_now(struct overdue *o, const struct ipsec_sa *sa)
{
        queue_put(&o->due, sa->index);
        run_at(o, 0);
}

/* What a new SA succeeds is overdue no more. */
static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after, *former;
        struct overdue *o = context;

        (void)reason;
        if (event == TABLE_REMOVED)
                return;
        if (sa->soft_expiry != 0 && (!old || old->soft_expiry != sa->soft_expiry))
                look_later(o, sa);
        if (sa->rekey_overdue && sa->soft_expiry == 0)
                look_now(o, sa);
        if (!is_usable(sa) || (old && is_usable(old)))
                return;
        former = predecessor_of(o->sas, sa);
        if (former && former->rekey_overdue)
                look_now(o, former);
}

struct overdue *overdue_new(struct store *store, struct loop *loop)
{
        struct overdue *o = calloc(1, sizeof(*o));

        if (!o)
                return NULL;
        o->loop = loop;
        o->sas = store_table(store, &ipsec_sa_type);
        if (table_subscribe(o->sas, sa_changed, o) < 0) {
                free(o);
                return NULL;
        }
        return o;
}

void overdue_free(struct overdue *o)
{
        if (!o)
                return;
        o->loop->cancel(o->loop, o->timer);
        agenda_free(&o->agenda);
        queue_free(&o->due);
        free(o);
}
