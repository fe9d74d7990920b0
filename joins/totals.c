#include "totals.h"

#include "tables/collector_row.h"
#include "tables/policy.h"
#include "tables/xfrm_stat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lives looked at in one turn of the loop, once all SAs have been read. */
#define LIVES_PER_TURN 1000

/* Without memory a life is not remembered, and that is all. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->hashed = false))
#include <uthash.h>

/* One life of an SA: a later one with the same SPI was added at another time. */
struct life_key {
        char sa[offsetof(struct ipsec_sa, source)]; /* the SA's own key */
        int64_t add_time;
};

/* A life that may be found again, and what the totals have of it. */
struct life {
        struct life_key key;
        uint64_t octets;
        uint64_t packets;
        uint64_t integrity_errors;
        uint64_t replay_errors; /* both kinds */
        bool removed;           /* it is counted as removed: the table lost it */
        uint64_t said;          /* else: who says that it is created, and not removed */
        bool hashed;
        UT_hash_handle hh; /* in the order in which they were remembered */
};

struct totals {
        struct loop *loop;
        struct loop_timer *timer; /* runs while there is something to tell */
        struct table *global;
        struct global_rows rows;
        struct global_totals totals;
        uint64_t in_no_states; /* the kernel's counters, as far as they are in the totals */
        uint64_t out_no_states;
        struct life *lives;
        size_t n_removed; /* of these, those that are counted as removed */
        struct table *sas;
        struct loop_timer *check_timer; /* runs while lives of an earlier run are looked for */
        size_t to_check;                /* lives that have not been looked for */
        bool read;                      /* the kernel's SAs have been read */
};

/* ---- telling ---- */

/* The rest of the row is others'. */
static void tell(void *context)
{
        struct totals *t = context;
        struct global_scalars row;

        t->timer = NULL;
        memcpy(&row, table_find(t->global, &(struct global_scalars){ 0 }), sizeof(row));
        row.rows = t->rows;
        row.totals = t->totals;
        table_update(t->global, &row);
}

/* Thousands of rows may change in one turn of the loop. */
static void tell_soon(struct totals *t)
{
        if (!t->timer)
                t->timer = t->loop->after(t->loop, 0, tell, t);
}

/* ---- SAs that may be found again ---- */

/* What lies between the members is part of what is hashed. */
static void set_key(struct life_key *key, const struct ipsec_sa *sa)
{
        memset(key, 0, sizeof(*key));
        memcpy(key->sa, sa, sizeof(key->sa));
        key->add_time = sa->add_time;
}

static struct life *find_life(const struct totals *t, const struct ipsec_sa *sa)
{
        struct life_key key;
        struct life *life;

        if (!t->lives)
                return NULL;
        set_key(&key, sa);
        HASH_FIND(hh, t->lives, &key, sizeof(key), life);
        return life;
}

static void forget(struct totals *t, struct life *life)
{
        if (!life)
                return;
        t->n_removed -= life->removed;
        HASH_DEL(t->lives, life);
        free(life);
}

/* Those of an earlier run stay until the SAs have been read. */
static void forget_oldest(struct totals *t)
{
        struct life *life, *next;

        HASH_ITER(hh, t->lives, life, next)
        {
                if (t->n_removed <= TOTALS_REMEMBERED)
                        return;
                if (life->removed)
                        forget(t, life);
        }
}

static struct life *add_life(struct totals *t, const struct ipsec_sa *sa)
{
        struct life *life = calloc(1, sizeof(*life));

        if (!life)
                return NULL;
        set_key(&life->key, sa);
        life->hashed = true;
        HASH_ADD(hh, t->lives, key, sizeof(life->key), life);
        if (!life->hashed) {
                free(life);
                return NULL;
        }
        return life;
}

static int remember(struct totals *t, const struct ipsec_sa *sa, bool direction_known, bool removed,
                    uint64_t said)
{
        struct life *life = find_life(t, sa);

        if (!life)
                life = add_life(t, sa);
        if (!life)
                return -ENOMEM;
        t->n_removed += (size_t)removed - life->removed;
        life->removed = removed;
        life->said = said;
        life->integrity_errors = sa->integrity_errors;
        life->replay_errors = sa->replay_errors + sa->replay_window_errors;
        if (direction_known) {
                life->octets = sa->octets;
                life->packets = sa->packets;
        }
        if (t->n_removed > TOTALS_REMEMBERED)
                forget_oldest(t);
        return 0;
}

int totals_remember(struct totals *t, const struct ipsec_sa *sa, bool direction_known,
                    uint64_t said)
{
        return remember(t, sa, direction_known, false, said);
}

void totals_forget(struct totals *t, const struct ipsec_sa *sa)
{
        forget(t, find_life(t, sa));
}

void totals_drop(struct totals *t, bool (*is_void)(const void *context, uint64_t said),
                 const void *context)
{
        struct life *life, *next;

        HASH_ITER(hh, t->lives, life, next)
        {
                if (!life->removed && is_void(context, life->said))
                        forget(t, life);
        }
}

/* ---- what an SA counts ---- */

/* The policy that tells it may go before the SA does. */
static uint8_t direction_of(const struct ipsec_sa *sa)
{
        uint8_t direction = sa->direction;

        if (direction != DIRECTION_INBOUND && direction != DIRECTION_OUTBOUND)
                direction = sa->last_direction;
        return direction == DIRECTION_INBOUND || direction == DIRECTION_OUTBOUND
                       ? direction
                       : DIRECTION_UNKNOWN;
}

static uint64_t more(uint64_t now, uint64_t before)
{
        return now > before ? now - before : 0;
}

static void count_traffic(struct totals *t, const struct ipsec_sa *sa, uint64_t octets,
                          uint64_t packets)
{
        bool in = direction_of(sa) == DIRECTION_INBOUND;

        *(in ? &t->totals.octets_in : &t->totals.octets_out) += more(sa->octets, octets);
        *(in ? &t->totals.packets_in : &t->totals.packets_out) += more(sa->packets, packets);
}

/* All that it counted before its direction was known, but what is counted of it already. */
static void count_whole(struct totals *t, const struct ipsec_sa *sa)
{
        struct life *life = find_life(t, sa);

        count_traffic(t, sa, life ? life->octets : 0, life ? life->packets : 0);
        forget(t, life);
}

static void count_errors(struct totals *t, const struct ipsec_sa *sa, uint64_t integrity,
                         uint64_t replay)
{
        t->totals.integrity_failures += more(sa->integrity_errors, integrity);
        t->totals.replay_failures += more(sa->replay_errors + sa->replay_window_errors, replay);
}

/* ---- what becomes of an SA ---- */

static void added(struct totals *t, const struct ipsec_sa *sa)
{
        const struct life *life = find_life(t, sa);

        t->totals.sas_created += sa_has_keys(sa) && (!life || life->removed);
        count_errors(t, sa, life ? life->integrity_errors : 0, life ? life->replay_errors : 0);
        if (sa_counts(sa) && direction_of(sa) != DIRECTION_UNKNOWN)
                count_whole(t, sa);
}

static void changed(struct totals *t, const struct ipsec_sa *old, const struct ipsec_sa *sa)
{
        t->totals.sas_created += !sa_has_keys(old) && sa_has_keys(sa);
        t->totals.sas_removed += sa_has_keys(old) && !sa_has_keys(sa);
        t->totals.sas_soft_expired += old->state == SA_MATURE && sa->state == SA_DYING;
        count_errors(t, sa, old->integrity_errors, old->replay_errors + old->replay_window_errors);
        if (!sa_counts(sa) || direction_of(sa) == DIRECTION_UNKNOWN)
                return;
        if (direction_of(old) == DIRECTION_UNKNOWN)
                count_whole(t, sa);
        else
                count_traffic(t, sa, old->octets, old->packets);
}

/* Its last packets are not in the totals, or none at all are. */
static bool is_short(const struct ipsec_sa *sa, enum table_reason reason)
{
        if (!sa_counts(sa))
                return false;
        return reason == TABLE_FLUSHED || reason == TABLE_LOST ||
               (sa->packets > 0 && direction_of(sa) == DIRECTION_UNKNOWN);
}

static void removed(struct totals *t, const struct ipsec_sa *sa, enum table_reason reason)
{
        bool expired = reason == TABLE_EXPIRED;

        if (!sa_has_keys(sa))
                return;
        t->totals.sas_removed++;
        t->totals.sas_hard_expired += expired;
        t->totals.sas_counted_short += is_short(sa, reason);
}

/* A full read that did not show it may have been wrong; nothing else is. */
static void remember_or_forget(struct totals *t, const struct ipsec_sa *sa,
                               enum table_reason reason)
{
        if (reason == TABLE_LOST && sa_has_keys(sa))
                remember(t, sa, direction_of(sa) != DIRECTION_UNKNOWN, true, 0);
        else
                forget(t, find_life(t, sa));
}

/* The key is the same, and it is another SA: that the old one went no message told. */
static bool is_new_life(const struct ipsec_sa *old, const struct ipsec_sa *sa)
{
        return old->add_time != sa->add_time || sa->octets < old->octets ||
               sa->packets < old->packets;
}

/* ---- SAs that went while the agent was not running ---- */

/* The SA of a life: just what its key says. */
static struct ipsec_sa sa_of(const struct life *life)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        memcpy(&sa, life->key.sa, sizeof(life->key.sa));
        sa.add_time = life->key.add_time;
        return sa;
}

static bool is_there(const struct totals *t, const struct ipsec_sa *sought)
{
        const struct ipsec_sa *sa = table_find(t->sas, sought);

        return sa && sa->add_time == sought->add_time;
}

/*
 * One that is there is kept, behind those that are still to be looked for: its direction may not
 * be known yet.
 */
static void check(struct totals *t, struct life *life)
{
        struct ipsec_sa sa = sa_of(life);

        if (!life->removed && !is_there(t, &sa)) {
                t->totals.sas_removed++;
                t->totals.sas_counted_short += sa_counts(&sa);
                forget(t, life);
                tell_soon(t);
                return;
        }
        HASH_DEL(t->lives, life);
        HASH_ADD(hh, t->lives, key, sizeof(life->key), life);
        if (life->hashed)
                return;
        t->n_removed -= life->removed;
        free(life);
}

static void check_some(void *context)
{
        struct totals *t = context;

        t->check_timer = NULL;
        for (int i = 0; i < LIVES_PER_TURN && t->to_check > 0 && t->lives; i++, t->to_check--)
                check(t, t->lives);
        if (t->to_check > 0 && t->lives)
                t->check_timer = t->loop->after(t->loop, 0, check_some, t);
}

static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct collector_row *row = after;
        struct totals *t = context;

        (void)event;
        (void)reason;
        (void)before;
        if (t->read || !row || !row->key || strcmp(row->key, "xfrm") != 0 ||
            row->state != COLLECTOR_UP)
                return;
        t->read = true;
        t->to_check = HASH_COUNT(t->lives);
        if (t->to_check > 0)
                t->check_timer = t->loop->after(t->loop, 0, check_some, t);
}

/* ---- gauges ---- */

static uint32_t *state_gauge(struct global_rows *rows, uint8_t state)
{
        switch (state) {
        case SA_LARVAL:
                return &rows->sas_larval;
        case SA_MATURE:
                return &rows->sas_mature;
        case SA_DYING:
                return &rows->sas_dying;
        case SA_DEAD:
                return &rows->sas_dead;
        default:
                return NULL;
        }
}

static uint32_t *direction_gauge(struct global_rows *rows, uint8_t direction)
{
        switch (direction) {
        case DIRECTION_INBOUND:
                return &rows->sas_inbound;
        case DIRECTION_OUTBOUND:
                return &rows->sas_outbound;
        default:
                return &rows->sas_of_unknown_direction;
        }
}

static uint32_t *policy_gauge(struct global_rows *rows, uint8_t direction)
{
        switch (direction) {
        case DIRECTION_INBOUND:
                return &rows->policies_in;
        case DIRECTION_OUTBOUND:
                return &rows->policies_out;
        case DIRECTION_FORWARD:
                return &rows->policies_forward;
        default:
                return NULL;
        }
}

/* One more or one less. */
static void step(uint32_t *gauge, bool up)
{
        if (gauge)
                *gauge += up ? 1 : UINT32_MAX;
}

static void gauge_sa(struct totals *t, const struct ipsec_sa *sa, bool up)
{
        step(state_gauge(&t->rows, sa->state), up);
        step(direction_gauge(&t->rows, sa->direction), up);
}

/* ---- the tables ---- */

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct totals *t = context;

        if (old)
                gauge_sa(t, old, false);
        if (sa)
                gauge_sa(t, sa, true);
        if (event == TABLE_ADDED) {
                added(t, sa);
        } else if (event == TABLE_REMOVED) {
                removed(t, old, reason);
                remember_or_forget(t, old, reason);
        } else if (is_new_life(old, sa)) {
                removed(t, old, TABLE_LOST);
                added(t, sa);
        } else {
                changed(t, old, sa);
        }
        tell_soon(t);
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *policy = after;
        struct totals *t = context;

        (void)reason;
        if (event == TABLE_CHANGED && old->direction == policy->direction)
                return;
        if (old)
                step(policy_gauge(&t->rows, old->direction), false);
        if (policy)
                step(policy_gauge(&t->rows, policy->direction), true);
        tell_soon(t);
}

/* The kernel's counter of dropped packets begins anew with the network namespace. */
static void count_drops(struct totals *t, uint64_t packets, uint64_t *counted)
{
        t->totals.no_sa_drops += packets >= *counted ? packets - *counted : packets;
        *counted = packets;
        tell_soon(t);
}

static void stat_changed(void *context, enum table_event event, enum table_reason reason,
                         const void *before, const void *after)
{
        const struct xfrm_stat *stat = after;
        struct totals *t = context;

        (void)event;
        (void)reason;
        (void)before;
        if (!stat || !stat->name)
                return;
        if (strcmp(stat->name, "XfrmInNoStates") == 0)
                count_drops(t, stat->packets, &t->in_no_states);
        else if (strcmp(stat->name, "XfrmOutNoStates") == 0)
                count_drops(t, stat->packets, &t->out_no_states);
}

/* ---- what the header offers ---- */

struct totals *totals_new(struct store *store, struct loop *loop)
{
        static const struct global_scalars nothing;
        struct totals *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->loop = loop;
        t->global = store_table(store, &global_scalars_type);
        t->sas = store_table(store, &ipsec_sa_type);
        if (table_put(t->global, &nothing, TABLE_FROM_EVENT) < 0 ||
            table_subscribe(t->sas, sa_changed, t) < 0 ||
            table_subscribe(store_table(store, &collector_row_type), collector_changed, t) < 0 ||
            table_subscribe(store_table(store, &policy_type), policy_changed, t) < 0 ||
            table_subscribe(store_table(store, &xfrm_stat_type), stat_changed, t) < 0) {
                free(t);
                return NULL;
        }
        return t;
}

void totals_free(struct totals *t)
{
        struct life *life, *next;

        if (!t)
                return;
        t->loop->cancel(t->loop, t->timer);
        t->loop->cancel(t->loop, t->check_timer);
        HASH_ITER(hh, t->lives, life, next)
        {
                forget(t, life);
        }
        free(t);
}

void totals_save(const struct totals *t, struct totals_saved *saved)
{
        saved->totals = t->totals;
        saved->in_no_states = t->in_no_states;
        saved->out_no_states = t->out_no_states;
}

void totals_restore(struct totals *t, const struct totals_saved *saved)
{
        t->totals = saved->totals;
        t->in_no_states = saved->in_no_states;
        t->out_no_states = saved->out_no_states;
        if (t->timer)
                t->loop->cancel(t->loop, t->timer);
        tell(t);
}
