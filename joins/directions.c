#include "directions.h"

#include "queue.h"
#include "tables/interface.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"

#include <stdlib.h>
#include <string.h>

/* SAs looked at in one turn of the loop: less than a millisecond. */
#define ROWS_PER_TURN 1000

struct directions {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *sas;
        struct table *policies;
        struct table *interfaces;
        struct queue due; /* indexes of SAs */
        bool all_due;     /* an address came or went: after this pass another one over all SAs */
        bool passing;     /* a pass goes on */
        uint32_t passed;  /* index of the SA that it looked at last */
};

static void run(void *context);

static void run_soon(struct directions *d)
{
        if (!d->timer)
                d->timer = d->loop->after(d->loop, 0, run, d);
}

/* ---- one SA ---- */

static const struct interface *interface_with(const struct directions *d,
                                              const struct inet_addr *address)
{
        struct interface sought;
        const struct interface *found;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.address = *address;
        length = index_encode(&interface_by_address_type, &sought, oid);
        found = table_next(d->interfaces, &interface_by_address_type, oid, length, true);
        return found && memcmp(&found->address, address, sizeof(*address)) == 0 ? found : NULL;
}

static bool is_local(const struct directions *d, const struct inet_addr *address)
{
        return address->type != INET_ADDR_UNKNOWN && interface_with(d, address);
}

/* Between two addresses of this machine an SA is used both ways, so neither is told. */
static uint8_t direction_by_addresses(const struct directions *d, const struct ipsec_sa *sa)
{
        bool from_here = is_local(d, &sa->source), to_here = is_local(d, &sa->destination);

        if (from_here == to_here)
                return DIRECTION_UNKNOWN;
        return from_here ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
}

/* Indexes are unique in both types of policies. What is forwarded has come in before. */
static uint8_t direction_by_rule(const struct directions *d, uint32_t index)
{
        uint32_t oid[] = { SPD_MAIN, index };
        const struct policy *policy = table_at(d->policies, &policy_type, oid, 2);

        oid[0] = SPD_SUB;
        if (!policy)
                policy = table_at(d->policies, &policy_type, oid, 2);
        if (!policy)
                return DIRECTION_UNKNOWN;
        return policy->direction == DIRECTION_OUTBOUND ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
}

static uint8_t direction_of(const struct directions *d, const struct ipsec_sa *sa)
{
        uint8_t direction = sa->told_direction;

        if (direction == DIRECTION_UNKNOWN && sa->rule != 0)
                direction = direction_by_rule(d, sa->rule);
        return direction != DIRECTION_UNKNOWN ? direction : direction_by_addresses(d, sa);
}

static void judge(const struct directions *d, const struct ipsec_sa *sa)
{
        struct ipsec_sa changed;
        uint8_t direction = direction_of(d, sa);

        if (sa->direction == direction)
                return;
        changed = *sa;
        changed.direction = direction;
        if (direction != DIRECTION_UNKNOWN)
                changed.last_direction = direction;
        table_update(d->sas, &changed);
}

/* ---- what is due ---- */

static void pass_on(struct directions *d, size_t *rows)
{
        if (!d->passing) {
                d->passing = true;
                d->all_due = false;
                d->passed = 0;
        }
        while (*rows > 0 && d->passing) {
                const struct ipsec_sa *sa =
                        table_next(d->sas, &ipsec_sa_type, &d->passed, 1, false);

                --*rows;
                d->passing = sa != NULL;
                if (!sa)
                        return;
                d->passed = sa->index;
                judge(d, sa);
        }
}

static void run(void *context)
{
        struct directions *d = context;
        size_t rows = ROWS_PER_TURN;

        d->timer = NULL;
        for (; rows > 0 && !queue_is_empty(&d->due); rows--) {
                uint32_t index = (uint32_t)queue_take(&d->due);
                const struct ipsec_sa *sa = table_at(d->sas, &ipsec_sa_type, &index, 1);

                if (sa)
                        judge(d, sa);
        }
        while (rows > 0 && (d->passing || d->all_due))
                pass_on(d, &rows);
        if (!queue_is_empty(&d->due) || d->passing || d->all_due)
                run_soon(d);
}

/* ---- what changes ---- */

static bool same_basis(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->told_direction == b->told_direction && a->rule == b->rule &&
               memcmp(&a->source, &b->source, sizeof(a->source)) == 0;
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct directions *d = context;

        (void)reason;
        if (event == TABLE_REMOVED || (event == TABLE_CHANGED && same_basis(old, sa)))
                return;
        queue_put(&d->due, sa->index);
        run_soon(d);
}

/* An address that another interface has as well comes or goes without a difference. */
static void interface_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct interface *row = after ? after : before, *other;
        struct directions *d = context;

        (void)reason;
        if (event == TABLE_CHANGED || row->address.type == INET_ADDR_UNKNOWN)
                return;
        other = interface_with(d, &row->address);
        if (other && other->if_index != row->if_index)
                return;
        d->all_due = true;
        run_soon(d);
}

struct directions *directions_new(struct store *store, struct loop *loop)
{
        struct directions *d = calloc(1, sizeof(*d));

        if (!d)
                return NULL;
        d->loop = loop;
        d->sas = store_table(store, &ipsec_sa_type);
        d->policies = store_table(store, &policy_type);
        d->interfaces = store_table(store, &interface_type);
        if (table_subscribe(d->sas, sa_changed, d) < 0 ||
            table_subscribe(d->interfaces, interface_changed, d) < 0) {
                free(d);
                return NULL;
        }
        return d;
}

void directions_free(struct directions *d)
{
        if (!d)
                return;
        d->loop->cancel(d->loop, d->timer);
        queue_free(&d->due);
        free(d);
}
