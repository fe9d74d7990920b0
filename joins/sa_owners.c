#include "sa_owners.h"

#include "children.h"
#include "queue.h"
#include "tables/collector_row.h"

#include <stdlib.h>
#include <string.h>

/* SAs looked at in one turn of the loop: less than a millisecond. */
#define ROWS_PER_TURN 1000

/* Seconds that an IKE daemon has to tell of an SA before it is taken for one made by hand. */
#define GRACE 5

/* libreswan is asked now and then: so many seconds at the most it is waited for. */
#define ASKED_WITHIN 90

struct sa_owners {
        struct loop *loop;
        struct loop_timer *timer;
        struct loop_timer *grace_timer;
        struct table *sas;
        struct table *children;
        struct table *ike_sas;
        struct table *collectors;
        struct queue due;     /* indexes of SAs */
        struct queue waiting; /* indexes of SAs whose daemon has not told of them yet */
        bool heard;           /* each IKE daemon has been read, or is not there */
        bool served;          /* an IKE daemon is there */
        bool all_due;         /* after this pass another one over all SAs */
        bool passing;
        uint32_t passed; /* index of the SA that the pass looked at last */
};

static void run(void *context);

static void run_soon(struct sa_owners *o)
{
        if (!o->timer)
                o->timer = o->loop->after(o->loop, 0, run, o);
}

static void note(struct sa_owners *o, const struct ipsec_sa *sa)
{
        queue_put(&o->due, sa->index);
        run_soon(o);
}

/* ---- one SA ---- */

static uint32_t ike_sa_of(const struct sa_owners *o, const struct child_sa *child)
{
        const struct ike_sa key = { .daemon_kind = child->daemon_kind,
                                    .daemon_run = child->daemon_run,
                                    .daemon_id = child->ike_id };
        const struct ike_sa *row = table_find(o->ike_sas, &key);

        return row ? row->index : 0;
}

static void grace_ended(void *context)
{
        struct sa_owners *o = context;

        o->grace_timer = NULL;
        while (!queue_is_empty(&o->waiting))
                queue_put(&o->due, queue_take(&o->waiting));
        run_soon(o);
}

static void wait_for_daemon(struct sa_owners *o, const struct ipsec_sa *sa)
{
        queue_put(&o->waiting, sa->index);
        if (!o->grace_timer)
                o->grace_timer = o->loop->after(o->loop, GRACE * 1000, grace_ended, o);
}

/* The kernel makes these by itself, below IPComp. */
static bool is_implicit(const struct ipsec_sa *sa)
{
        return sa->protocol == PROTOCOL_IPIP || sa->protocol == PROTOCOL_IPV6;
}

/* Whether libreswan, if it is there, has been asked since then: it tells nothing unasked. */
static bool was_asked_since(const struct sa_owners *o, int64_t moment)
{
        const struct collector_row key = { .key = ike_daemon_name(DAEMON_LIBRESWAN) };
        const struct collector_row *row = table_find(o->collectors, &key);

        if (!row || (row->state != COLLECTOR_UP && row->state != COLLECTOR_DEGRADED))
                return true;
        return row->last_success - row->duration / 1000000 > moment + 1;
}

static bool had_its_time(const struct sa_owners *o, const struct ipsec_sa *sa)
{
        struct moment now;
        int64_t age;

        o->loop->now(o->loop, &now);
        age = now.wall - sa->add_time;
        return age >= GRACE && (age >= ASKED_WITHIN || was_asked_since(o, sa->add_time));
}

/* The daemon's word of an SA comes a moment after the kernel's. */
static uint8_t keying_without_child(struct sa_owners *o, const struct ipsec_sa *sa)
{
        if (sa->state == SA_LARVAL || is_implicit(sa) || !o->heard)
                return KEYING_UNKNOWN;
        if (sa->keying == KEYING_IKE)
                return KEYING_IKE; /* its child went first, or its daemon: its keys are what they
                                      were */
        if (!o->served || sa->keying == KEYING_MANUAL || had_its_time(o, sa))
                return KEYING_MANUAL;
        wait_for_daemon(o, sa);
        return KEYING_UNKNOWN;
}

static void judge(struct sa_owners *o, const struct ipsec_sa *sa)
{
        const struct child_sa *child = child_of_sa(o->children, sa);
        struct ipsec_sa changed = *sa;

        changed.keying = child ? KEYING_IKE : keying_without_child(o, sa);
        changed.ike_sa = child ? ike_sa_of(o, child) : 0;
        if (memcmp(&changed, sa, sizeof(changed)) != 0)
                table_update(o->sas, &changed);
}

/* ---- what is due ---- */

static void pass_on(struct sa_owners *o, size_t *rows)
{
        if (!o->passing) {
                o->passing = true;
                o->all_due = false;
                o->passed = 0;
        }
        while (*rows > 0 && o->passing) {
                const struct ipsec_sa *sa =
                        table_next(o->sas, &ipsec_sa_type, &o->passed, 1, false);

                --*rows;
                o->passing = sa != NULL;
                if (!sa)
                        return;
                o->passed = sa->index;
                judge(o, sa);
        }
}

static void run(void *context)
{
        struct sa_owners *o = context;
        size_t rows = ROWS_PER_TURN;

        o->timer = NULL;
        for (; rows > 0 && !queue_is_empty(&o->due); rows--) {
                uint32_t index = (uint32_t)queue_take(&o->due);
                const struct ipsec_sa *sa = table_at(o->sas, &ipsec_sa_type, &index, 1);

                if (sa)
                        judge(o, sa);
        }
        while (rows > 0 && (o->passing || o->all_due))
                pass_on(o, &rows);
        if (!queue_is_empty(&o->due) || o->passing || o->all_due)
                run_soon(o);
}

/* ---- what changes ---- */

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;

        (void)reason;
        if (event == TABLE_ADDED || (event == TABLE_CHANGED &&
                                     (old->state != sa->state || old->direction != sa->direction ||
                                      old->reqid != sa->reqid || old->add_time != sa->add_time)))
                note(context, sa);
}

/* At once: what an SA says of its IKE SA must be true at any moment. */
static void judge_sas_of(struct sa_owners *o, const struct child_sa *child)
{
        const struct ipsec_sa *sa = NULL;

        while ((sa = next_sa_of_child(o->sas, child, sa)))
                judge(o, sa);
}

/* The SAs of IPComp have no SPI that the daemon tells: the few of this reqid. */
static void judge_sas_of_reqid(struct sa_owners *o, uint32_t reqid)
{
        uint32_t oid[INDEX_MAX] = { reqid, PROTOCOL_IPCOMP };
        size_t length = 2;
        const struct ipsec_sa *sa;

        while (reqid != 0 && (sa = table_next(o->sas, &sa_by_ends_type, oid, length, false)) &&
               sa->reqid == reqid && sa->protocol == PROTOCOL_IPCOMP) {
                length = index_encode(&sa_by_ends_type, sa, oid);
                judge(o, sa);
        }
}

static void judge_halves(struct sa_owners *o, const struct child_sa *child)
{
        judge_sas_of(o, child);
        judge_sas_of_reqid(o, child->reqid);
}

static bool same_halves(const struct child_sa *a, const struct child_sa *b)
{
        return a->spi_in == b->spi_in && a->spi_out == b->spi_out && a->reqid == b->reqid &&
               a->ike_id == b->ike_id && a->protocol == b->protocol;
}

static void child_changed(void *context, enum table_event event, enum table_reason reason,
                          const void *before, const void *after)
{
        struct sa_owners *o = context;

        (void)reason;
        if (event == TABLE_CHANGED && same_halves(before, after))
                return;
        if (before)
                judge_halves(o, before);
        if (after)
                judge_halves(o, after);
}

/* Its children may have been told before it, and go after it. */
static void ike_sa_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct ike_sa *row = after ? after : before;
        uint32_t oid[4] = { row->daemon_kind, row->daemon_run, row->daemon_id, 0 };
        struct sa_owners *o = context;
        const struct child_sa *child;

        (void)reason;
        if (event == TABLE_CHANGED)
                return;
        while ((child = table_next(o->children, &child_by_ike_type, oid, 4, false)) &&
               child->daemon_kind == row->daemon_kind && child->daemon_run == row->daemon_run &&
               child->ike_id == row->daemon_id) {
                oid[3] = child->index;
                judge_halves(o, child);
        }
}

/* One that was read, or is not there, or could not be opened. */
static bool is_heard(const struct collector_row *row)
{
        return !row || row->state != COLLECTOR_DOWN || row->failures > 0;
}

static const struct collector_row *collector_of(const struct sa_owners *o, const char *key)
{
        struct collector_row sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.key = key;
        length = index_encode(&collector_row_type, &sought, oid);
        return table_at(o->collectors, &collector_row_type, oid, length);
}

static void hear_daemons(struct sa_owners *o)
{
        bool heard = true, served = false;

        for (uint8_t daemon = 1; daemon <= IKE_DAEMONS; daemon++) {
                const struct collector_row *row = collector_of(o, ike_daemon_name(daemon));

                heard = heard && is_heard(row);
                served = served || (row && row->state == COLLECTOR_UP);
        }
        if (heard != o->heard) {
                o->all_due = true;
                run_soon(o);
        }
        o->heard = heard;
        o->served = served;
}

static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        (void)event;
        (void)reason;
        (void)before;
        (void)after;
        hear_daemons(context);
}

struct sa_owners *sa_owners_new(struct store *store, struct loop *loop)
{
        struct sa_owners *o = calloc(1, sizeof(*o));

        if (!o)
                return NULL;
        o->loop = loop;
        o->sas = store_table(store, &ipsec_sa_type);
        o->children = store_table(store, &child_sa_type);
        o->ike_sas = store_table(store, &ike_sa_type);
        o->collectors = store_table(store, &collector_row_type);
        if (table_subscribe(o->sas, sa_changed, o) < 0 ||
            table_subscribe(o->children, child_changed, o) < 0 ||
            table_subscribe(o->ike_sas, ike_sa_changed, o) < 0 ||
            table_subscribe(o->collectors, collector_changed, o) < 0) {
                free(o);
                return NULL;
        }
        hear_daemons(o);
        return o;
}

void sa_owners_free(struct sa_owners *o)
{
        if (!o)
                return;
        o->loop->cancel(o->loop, o->timer);
        o->loop->cancel(o->loop, o->grace_timer);
        queue_free(&o->due);
        queue_free(&o->waiting);
        free(o);
}
