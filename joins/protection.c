#include "protection.h"

#include "queue.h"
#include "tables/bypass.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"
#include "tables/interface.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"

#include <stdlib.h>
#include <string.h>

/* Rows looked at in one turn of the loop: those of interfaces, and the bypasses beside each. */
#define ROWS_PER_TURN 1000

/* The direction's packets that policies decide on for an interface. What is forwarded is neither.
 */
enum way {
        SENT,
        RECEIVED,
        WAYS,
};

static const uint8_t directions[WAYS] = { DIRECTION_OUTBOUND, DIRECTION_INBOUND };

/* Where a policy stands among those of its direction: what is less comes first. */
struct precedence {
        uint32_t priority;
        uint32_t index;
};

/* A device that does the cryptography of SAs. */
struct device {
        uint32_t if_index;
        uint32_t sas;
};

struct protection {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *interfaces;
        struct table *bypasses;
        struct table *policies;
        bool policies_known;           /* the kernel's policies have been read */
        bool any_policy;               /* as last seen */
        bool any_obstacle;             /* one that does not let pass, of any direction */
        bool default_blocks[WAYS];     /* else what no policy is for is accepted */
        struct precedence first[WAYS]; /* of the first policy that does not let pass */
        struct device *devices;
        size_t n_devices;
        struct queue links;      /* ifIndexes that are due */
        uint32_t oid[INDEX_MAX]; /* the row of interfaces that was looked at last */
        size_t length;
        uint32_t link; /* whose rows are looked at; 0: of all, one after another */
        bool passing;  /* a look goes on */
        bool all_due;  /* the next look is at all rows */
};

static void run(void *context);

static void run_soon(struct protection *p)
{
        if (!p->timer)
                p->timer = p->loop->after(p->loop, 0, run, p);
}

static void mark_all(struct protection *p)
{
        p->all_due = true;
        run_soon(p);
}

static void mark_link(struct protection *p, uint32_t if_index)
{
        queue_put(&p->links, if_index);
        run_soon(p);
}

/* ---- policies ---- */

static const struct policy *first_of(const struct protection *p, uint8_t direction, uint8_t type,
                                     uint8_t kind)
{
        const uint32_t oid[] = { direction, type, kind };
        const struct policy *policy =
                table_next(p->policies, &policy_by_precedence_type, oid, 3, false);

        if (!policy || policy->direction != direction || policy->type != type ||
            policy->kind != kind)
                return NULL;
        return policy;
}

/* The kinds that do not let pass. */
static const uint8_t obstacles[] = { RULE_HOST, RULE_TUNNEL, RULE_KIND_UNKNOWN };

static bool has_obstacle(const struct protection *p)
{
        for (uint8_t direction = DIRECTION_INBOUND; direction <= DIRECTION_FORWARD; direction++)
                for (uint8_t type = SPD_MAIN; type <= SPD_UNKNOWN; type++)
                        for (size_t i = 0; i < sizeof(obstacles); i++)
                                if (first_of(p, direction, type, obstacles[i]))
                                        return true;
        return false;
}

static bool is_before(const struct precedence *a, const struct precedence *b)
{
        return a->priority != b->priority ? a->priority < b->priority : a->index < b->index;
}

/*
 * The first policy that protects or discards, however few packets it is for: those behind it do not
 * let all pass. Sub policies come before all others.
 */
static struct precedence first_obstacle(const struct protection *p, enum way way)
{
        struct precedence first = { UINT32_MAX, UINT32_MAX };

        for (size_t i = 0; i < sizeof(obstacles); i++) {
                const struct policy *policy = first_of(p, directions[way], SPD_MAIN, obstacles[i]);
                struct precedence place = { 0, 0 };

                if (first_of(p, directions[way], SPD_SUB, obstacles[i]))
                        return place;
                if (!policy)
                        continue;
                place = (struct precedence){ policy->priority, policy->index };
                if (is_before(&place, &first))
                        first = place;
        }
        return first;
}

/* Whether the bypass, which is whole, is for the packets of this address or bare interface. */
static bool is_for(const struct bypass *bypass, const struct inet_addr *own,
                   const struct interface *row)
{
        if (bypass->if_index != 0 && bypass->if_index != row->if_index)
                return false;
        if (row->address.type == INET_ADDR_UNKNOWN)
                return own->prefix == 0;
        return own->type == row->address.type && inet_addr_contains(own, &row->address);
}

/* Whether a policy lets everything pass that this address sends, or receives. */
static bool all_pass(const struct protection *p, const struct interface *row, enum way way,
                     size_t *rows)
{
        uint32_t oid[INDEX_MAX] = { true, directions[way] };
        const struct bypass *bypass;
        size_t length = 2;

        while ((bypass = table_next(p->bypasses, &bypass_by_precedence_type, oid, length, false)) &&
               bypass->direction == directions[way]) {
                const struct precedence place = { bypass->priority, bypass->number };

                if (!is_before(&place, &p->first[way]))
                        return false;
                if (is_for(bypass, way == SENT ? &bypass->source : &bypass->destination, row))
                        return true;
                length = index_encode(&bypass_by_precedence_type, bypass, oid);
                if (*rows > 0)
                        --*rows;
        }
        return false;
}

/* Whether somebody let packets of just this interface pass. */
static bool has_own_bypass(const struct protection *p, uint32_t if_index)
{
        const uint32_t oid[] = { if_index, BYPASS_POLICY };
        const struct bypass *bypass =
                table_next(p->bypasses, &bypass_by_interface_type, oid, 2, false);

        return bypass && bypass->if_index == if_index && bypass->kind == BYPASS_POLICY;
}

/* ---- one row ---- */

/* What goes in clear text there, and why. */
struct verdict {
        bool clear[WAYS]; /* all that is sent, or received */
        uint16_t reasons;
};

static void ask_settings(const struct interface *row, struct verdict *v)
{
        v->reasons |= row->settings;
        v->clear[SENT] = row->settings & REASON_DISABLE_XFRM;
        v->clear[RECEIVED] = row->settings & REASON_DISABLE_POLICY;
}

/* Where no policy protects or discards anything, what the default accepts is in clear text. */
static void ask_policies(const struct protection *p, const struct interface *row, struct verdict *v,
                         size_t *rows)
{
        bool passes = has_own_bypass(p, row->if_index), accepted = false;

        for (enum way way = SENT; way < WAYS; way++) {
                bool all = all_pass(p, row, way, rows);
                bool none = !p->any_obstacle && !p->default_blocks[way];

                passes = passes || all;
                accepted = accepted || none;
                v->clear[way] = v->clear[way] || all || none;
        }
        if (passes || (accepted && p->any_policy))
                v->reasons |= REASON_BYPASS_POLICY;
        if (accepted && !p->any_policy)
                v->reasons |= REASON_NO_POLICY;
}

static uint8_t ipsec_of(const struct protection *p, const struct interface *row,
                        const struct verdict *v)
{
        if (v->clear[SENT] && v->clear[RECEIVED])
                return INTERFACE_IPSEC_OFF;
        if (!p->policies_known || !row->settings_told)
                return INTERFACE_IPSEC_UNKNOWN;
        return v->reasons != 0 ? INTERFACE_IPSEC_PARTLY : INTERFACE_IPSEC_ON;
}

static uint32_t offloaded_sas(const struct protection *p, uint32_t if_index)
{
        for (size_t i = 0; i < p->n_devices; i++)
                if (p->devices[i].if_index == if_index)
                        return p->devices[i].sas;
        return 0;
}

static void judge(const struct protection *p, const struct interface *row, size_t *rows)
{
        struct interface changed = *row;
        struct verdict verdict = { 0 };

        ask_settings(row, &verdict);
        if (p->policies_known)
                ask_policies(p, row, &verdict, rows);
        changed.ipsec = ipsec_of(p, row, &verdict);
        changed.reasons = verdict.reasons;
        changed.offloaded_sas = offloaded_sas(p, row->if_index);
        if (memcmp(&changed, row, sizeof(changed)) != 0)
                table_update(p->interfaces, &changed);
}

/* ---- looks ---- */

static bool begin_look(struct protection *p)
{
        if (!p->all_due && queue_is_empty(&p->links))
                return false;
        p->link = p->all_due ? 0 : (uint32_t)queue_take(&p->links);
        p->all_due = false;
        p->passing = true;
        p->oid[0] = p->link;
        p->length = 1;
        return true;
}

static void look_on(struct protection *p, size_t *rows)
{
        while (*rows > 0) {
                const struct interface *row =
                        table_next(p->interfaces, &interface_type, p->oid, p->length, false);

                --*rows;
                if (!row || (p->link != 0 && row->if_index != p->link)) {
                        p->passing = false;
                        return;
                }
                p->length = index_encode(&interface_type, row, p->oid);
                judge(p, row, rows);
        }
}

static void run(void *context)
{
        struct protection *p = context;
        size_t rows = ROWS_PER_TURN;

        p->timer = NULL;
        while (rows > 0 && (p->passing || begin_look(p)))
                look_on(p, &rows);
        if (p->passing || p->all_due || !queue_is_empty(&p->links))
                run_soon(p);
}

/* ---- what changes ---- */

static void interface_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct interface *old = before, *row = after;

        (void)reason;
        if (event == TABLE_REMOVED || (event == TABLE_CHANGED && old->settings == row->settings &&
                                       old->settings_told == row->settings_told))
                return;
        mark_link(context, row->if_index);
}

static bool same_reach(const struct bypass *a, const struct bypass *b)
{
        return a->whole == b->whole && a->if_index == b->if_index && a->priority == b->priority &&
               inet_addr_same(&a->source, &b->source) && a->source.prefix == b->source.prefix &&
               inet_addr_same(&a->destination, &b->destination) &&
               a->destination.prefix == b->destination.prefix;
}

static void mark_for(struct protection *p, const struct bypass *bypass)
{
        if (bypass->if_index != 0)
                mark_link(p, bypass->if_index);
        else if (bypass->whole)
                mark_all(p);
}

static void bypass_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct bypass *old = before, *bypass = after;

        (void)reason;
        if ((bypass ? bypass : old)->kind != BYPASS_POLICY ||
            (event == TABLE_CHANGED && same_reach(old, bypass)))
                return;
        if (old)
                mark_for(context, old);
        if (bypass)
                mark_for(context, bypass);
}

static bool same_place(const struct policy *a, const struct policy *b)
{
        return a->kind == b->kind && a->priority == b->priority;
}

static void look_for_obstacles(struct protection *p, uint8_t direction)
{
        bool any_obstacle = has_obstacle(p);

        for (enum way way = SENT; way < WAYS; way++) {
                struct precedence first;

                if (directions[way] != direction)
                        continue;
                first = first_obstacle(p, way);
                if (memcmp(&first, &p->first[way], sizeof(first)) == 0)
                        continue;
                p->first[way] = first;
                mark_all(p);
        }
        if (any_obstacle == p->any_obstacle)
                return;
        p->any_obstacle = any_obstacle;
        mark_all(p);
}

/* Only what comes first counts, and whether there is any. A policy keeps its direction. */
static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *policy = after;
        struct protection *p = context;
        bool any_policy = table_count(p->policies) > 0;

        (void)reason;
        if (event == TABLE_CHANGED && same_place(before, after))
                return;
        if ((old && old->kind != RULE_BYPASS) || (policy && policy->kind != RULE_BYPASS))
                look_for_obstacles(p, policy ? policy->direction : old->direction);
        if (any_policy == p->any_policy)
                return;
        p->any_policy = any_policy;
        mark_all(p);
}

/* Of a source that was never read in full, or went, nothing is claimed. */
static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct collector_row *row = after;
        struct protection *p = context;
        bool known;

        (void)event;
        (void)reason;
        (void)before;
        if (!row || strcmp(row->key, "xfrm") != 0)
                return;
        known = row->last_success != 0 &&
                (row->state == COLLECTOR_UP || row->state == COLLECTOR_DEGRADED);
        if (known == p->policies_known)
                return;
        p->policies_known = known;
        mark_all(p);
}

static void global_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct global_scalars *row = after;
        struct protection *p = context;
        const bool blocks[WAYS] = { row && row->default_out == DEFAULT_BLOCK,
                                    row && row->default_in == DEFAULT_BLOCK };

        (void)event;
        (void)reason;
        (void)before;
        if (memcmp(blocks, p->default_blocks, sizeof(blocks)) == 0)
                return;
        memcpy(p->default_blocks, blocks, sizeof(blocks));
        mark_all(p);
}

/* ---- offload ---- */

static struct device *device_of(struct protection *p, uint32_t if_index)
{
        struct device *more;

        for (size_t i = 0; i < p->n_devices; i++)
                if (p->devices[i].if_index == if_index)
                        return &p->devices[i];
        more = reallocarray(p->devices, p->n_devices + 1, sizeof(*more));
        if (!more)
                return NULL;
        p->devices = more;
        more[p->n_devices] = (struct device){ .if_index = if_index };
        return &more[p->n_devices++];
}

static void count_sa(struct protection *p, uint32_t if_index, bool more)
{
        struct device *device = if_index != 0 ? device_of(p, if_index) : NULL;

        if (!device)
                return;
        if (more)
                device->sas++;
        else if (device->sas > 0)
                device->sas--;
        if (device->sas == 0)
                *device = p->devices[--p->n_devices];
        mark_link(p, if_index);
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;

        (void)reason;
        if (event == TABLE_CHANGED && old->offload_if_index == sa->offload_if_index)
                return;
        if (sa)
                count_sa(context, sa->offload_if_index, true);
        if (old)
                count_sa(context, old->offload_if_index, false);
}

struct protection *protection_new(struct store *store, struct loop *loop)
{
        struct protection *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->loop = loop;
        p->interfaces = store_table(store, &interface_type);
        p->bypasses = store_table(store, &bypass_type);
        p->policies = store_table(store, &policy_type);
        memset(p->first, 0xff, sizeof(p->first)); /* none */
        if (table_subscribe(p->interfaces, interface_changed, p) < 0 ||
            table_subscribe(p->bypasses, bypass_changed, p) < 0 ||
            table_subscribe(p->policies, policy_changed, p) < 0 ||
            table_subscribe(store_table(store, &collector_row_type), collector_changed, p) < 0 ||
            table_subscribe(store_table(store, &global_scalars_type), global_changed, p) < 0 ||
            table_subscribe(store_table(store, &ipsec_sa_type), sa_changed, p) < 0) {
                free(p);
                return NULL;
        }
        return p;
}

void protection_free(struct protection *p)
{
        if (!p)
                return;
        p->loop->cancel(p->loop, p->timer);
        queue_free(&p->links);
        free(p->devices);
        free(p);
}
