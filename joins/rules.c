#include "rules.h"

#include "sa_lookup.h"
#include "tables/policy.h"
#include "tables/policy_template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Rows looked at in one turn of the loop, before the next reqid waits for another turn. */
#define ROWS_PER_TURN 1000

/*
 * Thousands of SAs may share a reqid (0, by hand), and then each change costs all of them. So the
 * more rows one reqid had, the longer the next look waits: a millisecond for each of these.
 */
#define ROWS_PER_MILLISECOND 5
#define LONGEST_PAUSE 5000

/* An SA of the reqid that is looked through, and what is found out of it. */
struct member {
        const struct ipsec_sa *sa;
        const struct policy *policy; /* the best that it serves */
};

/* What is to be looked at, in no order, and perhaps more than once. */
struct due {
        uint64_t *what;
        size_t n;
        size_t room;
};

struct rules {
        struct loop *loop;
        struct loop_timer *timer;
        int64_t earliest; /* monotonic, ms: when the next look may be */
        struct table *sas;
        struct table *policies;
        struct table *templates;
        struct due reqids;
        struct due rules;       /* policies: their type, then their index */
        struct member *members; /* by the address of the row */
        size_t n_members;
        size_t members_room;
};

static void run(void *context);

/* ---- what is due ---- */

static void look_later(struct rules *r)
{
        struct moment now;

        if (r->timer)
                return;
        r->loop->now(r->loop, &now);
        r->timer = r->loop->after(
                r->loop, r->earliest > now.monotonic ? (uint32_t)(r->earliest - now.monotonic) : 0,
                run, r);
}

/* After a reqid that had so many rows. */
static void pause_for(struct rules *r, size_t rows)
{
        size_t pause = rows / ROWS_PER_MILLISECOND;
        struct moment now;

        r->loop->now(r->loop, &now);
        r->earliest = now.monotonic + (int64_t)(pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
}

static void append(struct rules *r, struct due *due, uint64_t what)
{
        if (due->n > 0 && due->what[due->n - 1] == what)
                return;
        if (due->n == due->room) {
                size_t room = due->room ? 2 * due->room : 64;
                uint64_t *more = realloc(due->what, room * sizeof(*more));

                if (!more)
                        return;
                due->what = more;
                due->room = room;
        }
        due->what[due->n++] = what;
        look_later(r);
}

static void mark(struct rules *r, uint32_t reqid)
{
        append(r, &r->reqids, reqid);
}

/* What the relation depends on; counters and the joins' own part are not among it. */
static bool same_role(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->reqid == b->reqid && a->state == b->state && a->mode == b->mode &&
               a->if_id == b->if_id && a->told_direction == b->told_direction &&
               memcmp(&a->source, &b->source, sizeof(a->source)) == 0;
}

static void forget_partner(struct rules *r, const struct ipsec_sa *gone);

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct rules *r = context;

        (void)reason;
        if (event == TABLE_CHANGED && same_role(old, sa))
                return;
        if (event == TABLE_REMOVED)
                forget_partner(r, old);
        if (old)
                mark(r, old->reqid);
        if (sa)
                mark(r, sa->reqid);
}

static void template_changed(void *context, enum table_event event, enum table_reason reason,
                             const void *before, const void *after)
{
        const struct policy_template *old = before, *template = after;

        (void)event;
        (void)reason;
        if (old)
                mark(context, old->reqid);
        if (template)
                mark(context, template->reqid);
}

static const struct policy_template *next_template(const struct rules *r,
                                                   const struct policy *policy,
                                                   const struct policy_template *template)
{
        const uint32_t oid[] = { policy->type, policy->index, template ? template->number : 0 };

        template = table_next(r->templates, &policy_template_type, oid, 3, false);
        if (!template || template->policy_type != policy->type ||
            template->policy_index != policy->index)
                return NULL;
        return template;
}

/* What of a policy the relation depends on; a new state or cookie is our own doing. */
static bool same_rule(const struct policy *a, const struct policy *b)
{
        size_t size = offsetof(struct policy, add_time);

        return memcmp(a, b, size) == 0;
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *policy = after ? after : before;
        const struct policy_template *template = NULL;
        struct rules *r = context;

        (void)reason;
        if (event == TABLE_CHANGED && same_rule(before, after))
                return;
        append(r, &r->rules, (uint64_t)policy->type << 32 | policy->index);
        while ((template = next_template(r, policy, template)))
                mark(r, template->reqid);
}

/* ---- the SAs of a template ---- */

/* No pointer dangles: whoever had an SA that went as its partner forgets it at once. During a rekey
 * that may be several. */
static void forget_partner(struct rules *r, const struct ipsec_sa *gone)
{
        struct sa_ends swapped = { gone->reqid, gone->protocol, gone->mode, &gone->source,
                                   &gone->destination };
        const struct ipsec_sa *sa = NULL;

        while ((sa = sa_next(r->sas, &swapped, sa))) {
                struct ipsec_sa changed = *sa;

                if (sa->partner != gone->index)
                        continue;
                changed.partner = 0;
                table_update(r->sas, &changed);
        }
}

static bool is_host(const struct inet_addr *network)
{
        return network->type != INET_ADDR_UNKNOWN &&
               network->prefix == 8 * inet_addr_length(network);
}

/*
 * A tunnel's template names the outer ends, for the templates behind it as well (the kernel's
 * xfrm_tmpl_resolve_one()); before any tunnel they are the packets' own. outer: that template, or
 * NULL.
 */
static struct sa_ends ends_of(const struct policy *policy, const struct policy_template *template,
                              const struct policy_template *outer)
{
        struct sa_ends ends = { template->reqid, template->protocol, template->mode, NULL, NULL };

        if (outer)
                ends.destination = &outer->destination;
        else if (is_host(&policy->destination))
                ends.destination = &policy->destination;
        if (!ends.destination)
                return ends; /* the source alone does not lead to a place in the view */
        if (outer && !address_is_any(&outer->source))
                ends.source = &outer->source;
        else if (!outer && is_host(&policy->source))
                ends.source = &policy->source;
        return ends;
}

/* The rest of what xfrm_state_find() asks for. */
static bool serves(const struct ipsec_sa *sa, const struct policy *policy,
                   const struct policy_template *template, const struct policy_template *outer)
{
        if (template->spi && sa->spi && template->spi != sa->spi)
                return false;
        if (sa->if_id != policy->if_id ||
            (policy->mark & policy->mark_mask & sa->mark_mask) != sa->mark)
                return false;
        return outer || (address_within(&policy->destination, &sa->destination) &&
                         address_within(&policy->source, &sa->source));
}

/* ---- one policy ---- */

static struct member *find_member(const struct rules *r, const struct ipsec_sa *sa)
{
        size_t low = 0, high = r->n_members;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (r->members[middle].sa == sa)
                        return &r->members[middle];
                if ((uintptr_t)r->members[middle].sa < (uintptr_t)sa)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* An SA that several policies use is the first one's that a packet would meet; forward ones last.
 */
static bool is_better(const struct policy *policy, const struct policy *than)
{
        bool forward = policy->direction == DIRECTION_FORWARD;

        if (!than)
                return true;
        if (forward != (than->direction == DIRECTION_FORWARD))
                return !forward;
        if (policy->priority != than->priority)
                return policy->priority < than->priority;
        return policy->index < than->index;
}

struct tally {
        uint32_t usable;
        uint32_t larval;
        uint32_t acquires;
};

static size_t count_sas(struct rules *r, const struct policy *policy,
                        const struct policy_template *template, const struct policy_template *outer,
                        struct tally *tally)
{
        struct sa_ends ends = ends_of(policy, template, outer);
        const struct ipsec_sa *sa = NULL;
        size_t n = 0;

        while ((sa = sa_next(r->sas, &ends, sa))) {
                struct member *member = find_member(r, sa);

                n++;
                if (!serves(sa, policy, template, outer))
                        continue;
                tally->usable += sa_is_usable(sa);
                tally->larval += sa->state == SA_LARVAL;
                tally->acquires += sa->state == SA_LARVAL && sa->spi == 0;
                if (member && is_better(policy, member->policy))
                        member->policy = policy;
        }
        return n;
}

static size_t judge_policy(struct rules *r, const struct policy *policy)
{
        const struct policy_template *template = NULL, *outer = NULL;
        struct policy changed = *policy;
        bool ready = true, any = false, pending = false;
        size_t n = 0;

        changed.pending_acquires = 0;
        while ((template = next_template(r, policy, template))) {
                struct tally tally = { 0 };

                if (!address_is_any(&template->destination))
                        outer = template;
                n += 1 + count_sas(r, policy, template, outer, &tally);
                ready = ready && (tally.usable > 0 || template->level == LEVEL_USE);
                any = any || tally.usable > 0;
                pending = pending || tally.larval > 0;
                changed.pending_acquires += tally.acquires;
        }
        changed.state = POLICY_INITIAL;
        if (pending)
                changed.state = POLICY_PENDING;
        if (ready)
                changed.state = POLICY_READY;
        changed.cookie = any ? policy->index : 0;
        table_update(r->policies, &changed);
        return n;
}

/* ---- one SA ---- */

/* The newest one of the other direction: a rekey leaves old ones behind for a while. */
static uint32_t partner_of(const struct rules *r, const struct ipsec_sa *sa)
{
        struct sa_ends swapped = { sa->reqid, sa->protocol, sa->mode, &sa->source,
                                   &sa->destination };
        const struct ipsec_sa *other = NULL;
        uint32_t newest = 0;

        if (sa->state == SA_LARVAL)
                return 0;
        while ((other = sa_next(r->sas, &swapped, other)))
                if (other != sa && other->state != SA_LARVAL && other->if_id == sa->if_id &&
                    other->index > newest)
                        newest = other->index;
        return newest;
}

static uint8_t direction_of(const struct ipsec_sa *sa, const struct policy *policy)
{
        if (sa->told_direction != DIRECTION_UNKNOWN || !policy)
                return sa->told_direction;
        return policy->direction == DIRECTION_OUTBOUND ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
}

/* No IKE daemon is asked yet: whoever set the keys did it by hand, as far as can be told. */
static void judge_sa(struct rules *r, const struct member *member)
{
        struct ipsec_sa changed = *member->sa;

        changed.direction = direction_of(member->sa, member->policy);
        if (changed.direction != DIRECTION_UNKNOWN)
                changed.last_direction = changed.direction;
        changed.partner = partner_of(r, member->sa);
        changed.policy_cookie =
                member->policy && sa_is_usable(member->sa) ? member->policy->index : 0;
        changed.keying = changed.state == SA_LARVAL ? KEYING_UNKNOWN : KEYING_MANUAL;
        table_update(r->sas, &changed);
}

/* ---- one reqid ---- */

static int compare_members(const void *a, const void *b)
{
        uintptr_t left = (uintptr_t)((const struct member *)a)->sa;
        uintptr_t right = (uintptr_t)((const struct member *)b)->sa;

        return left < right ? -1 : left > right;
}

static int add_member(struct rules *r, const struct ipsec_sa *sa)
{
        if (r->n_members == r->members_room) {
                size_t room = r->members_room ? 2 * r->members_room : 64;
                struct member *members = realloc(r->members, room * sizeof(*members));

                if (!members)
                        return -ENOMEM;
                r->members = members;
                r->members_room = room;
        }
        r->members[r->n_members++] = (struct member){ sa, NULL };
        return 0;
}

static void find_members(struct rules *r, uint32_t reqid)
{
        const struct ipsec_sa *sa;
        uint32_t oid[INDEX_MAX] = { reqid };
        size_t length = 1;

        r->n_members = 0;
        while ((sa = table_next(r->sas, &sa_by_ends_type, oid, length, false)) &&
               sa->reqid == reqid && add_member(r, sa) == 0)
                length = index_encode(&sa_by_ends_type, sa, oid);
        if (r->n_members > 0)
                qsort(r->members, r->n_members, sizeof(*r->members), compare_members);
}

static const struct policy *policy_of(const struct rules *r, const struct policy_template *t)
{
        const uint32_t oid[] = { t->policy_type, t->policy_index };

        return table_at(r->policies, &policy_type, oid, 2);
}

/* Policies first: they tell their SAs of themselves. Rows that are told stay where they are. */
static size_t look_through(struct rules *r, uint32_t reqid)
{
        uint32_t oid[INDEX_MAX] = { reqid };
        const struct policy_template *template;
        const struct policy *policy, *last = NULL;
        size_t length = 1, n;

        find_members(r, reqid);
        n = r->n_members;
        while ((template = table_next(r->templates, &template_by_reqid_type, oid, length, false)) &&
               template->reqid == reqid) {
                policy = policy_of(r, template);
                if (policy && policy != last)
                        n += judge_policy(r, policy);
                last = policy;
                length = index_encode(&template_by_reqid_type, template, oid);
        }
        for (size_t i = 0; i < r->n_members; i++)
                judge_sa(r, &r->members[i]);
        return n;
}

/* One by itself: nothing else tells of a policy that wants no SAs. */
static size_t look_at_policy(struct rules *r, uint64_t which)
{
        const uint32_t oid[] = { (uint32_t)(which >> 32), (uint32_t)which };
        const struct policy *policy = table_at(r->policies, &policy_type, oid, 2);

        r->n_members = 0;
        return policy ? judge_policy(r, policy) : 0;
}

static int compare_due(const void *a, const void *b)
{
        uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

        return left < right ? -1 : left > right;
}

/* Takes one out, and its repetitions with it. */
static uint64_t take(struct due *due)
{
        uint64_t what = due->what[--due->n];

        while (due->n > 0 && due->what[due->n - 1] == what)
                due->n--;
        return what;
}

static void sort(struct due *due)
{
        if (due->n > 0)
                qsort(due->what, due->n, sizeof(*due->what), compare_due);
}

static void run(void *context)
{
        struct rules *r = context;
        size_t rows = 0, most = 0;

        r->timer = NULL;
        sort(&r->rules);
        sort(&r->reqids);
        while (r->rules.n > 0 && rows < ROWS_PER_TURN)
                rows += 1 + look_at_policy(r, take(&r->rules));
        while (r->reqids.n > 0 && rows < ROWS_PER_TURN) {
                size_t n = look_through(r, (uint32_t)take(&r->reqids));

                rows += 1 + n;
                most = n > most ? n : most;
        }
        pause_for(r, most);
        if (r->rules.n > 0 || r->reqids.n > 0)
                look_later(r);
}

struct rules *rules_new(struct store *store, struct loop *loop)
{
        struct rules *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->loop = loop;
        r->sas = store_table(store, &ipsec_sa_type);
        r->policies = store_table(store, &policy_type);
        r->templates = store_table(store, &policy_template_type);
        if (table_subscribe(r->sas, sa_changed, r) < 0 ||
            table_subscribe(r->policies, policy_changed, r) < 0 ||
            table_subscribe(r->templates, template_changed, r) < 0) {
                free(r);
                return NULL;
        }
        return r;
}

void rules_free(struct rules *r)
{
        if (!r)
                return;
        r->loop->cancel(r->loop, r->timer);
        free(r->reqids.what);
        free(r->rules.what);
        free(r->members);
        free(r);
}
