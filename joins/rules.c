#include "rules.h"

#include "queue.h"
#include "serving.h"

#include <stdlib.h>
#include <string.h>

/* Rows looked at in one turn of the loop: a millisecond or two. */
#define ROWS_PER_TURN 1000

/*
 * Thousands of SAs may share a reqid (0, by hand), and then each change costs all of them. So a
 * reqid rests after a look, a millisecond for each so many rows, before it is looked at again.
 */
#define ROWS_PER_MILLISECOND 50
#define LONGEST_REST 5000

/* A reqid that is not to be looked at before that time. */
struct rest {
        uint32_t reqid;
        bool again;    /* it became due meanwhile */
        int64_t until; /* monotonic, ms */
};

/* What the SAs of a template come to. */
struct tally {
        uint32_t usable;
        uint32_t larval;
        uint32_t acquires;
};

/* A policy that is being looked at. Rows may come and go between two turns: it holds none. */
struct judgement {
        uint8_t type; /* the policy's key */
        uint32_t policy;
        uint32_t number; /* of the template looked at; 0 before the first */
        struct place_of_ends place;
        struct tally tally;
        bool ready;
        bool any;
        bool pending;
        uint32_t acquires;
};

/* A reqid that is being looked through: first its SAs, then the policies that want them. */
struct look {
        bool going;
        bool sas_done;
        bool judging;
        uint32_t reqid;
        uint32_t oid[INDEX_MAX]; /* of the SA, then of the template, looked at last */
        size_t length;
        struct judgement judgement;
        size_t rows; /* looked at so far */
};

struct rules {
        struct loop *loop;
        struct loop_timer *timer;
        int64_t when; /* monotonic, ms: when the timer expires; 0 at once */
        struct table *sas;
        struct table *policies;
        struct table *templates;
        struct queue reqids; /* that are due, perhaps more than once */
        struct queue rules;  /* policies: their type, then their index */
        struct look look;
        struct rest *rests;
        size_t n_rests;
        size_t rests_room;
};

static void run(void *context);

/* ---- what is due ---- */

static int64_t now_of(const struct rules *r)
{
        struct moment now;

        r->loop->now(r->loop, &now);
        return now.monotonic;
}

static void run_at(struct rules *r, int64_t when)
{
        int64_t now;

        if (r->timer && r->when <= when)
                return;
        r->loop->cancel(r->loop, r->timer);
        now = when > 0 ? now_of(r) : 0;
        r->timer = r->loop->after(r->loop, when > now ? (uint32_t)(when - now) : 0, run, r);
        r->when = when;
}

static struct rest *find_rest(const struct rules *r, uint32_t reqid)
{
        for (size_t i = 0; i < r->n_rests; i++)
                if (r->rests[i].reqid == reqid)
                        return &r->rests[i];
        return NULL;
}

static void mark(struct rules *r, uint32_t reqid)
{
        struct rest *rest = find_rest(r, reqid);

        if (rest) {
                rest->again = true;
                run_at(r, rest->until);
                return;
        }
        queue_put(&r->reqids, reqid);
        run_at(r, 0);
}

static void mark_rule(struct rules *r, const struct policy *policy)
{
        queue_put(&r->rules, (uint64_t)policy->type << 32 | policy->index);
        run_at(r, 0);
}

/* Without memory it does not rest. */
static void rest(struct rules *r, uint32_t reqid, size_t rows)
{
        size_t pause = rows / ROWS_PER_MILLISECOND;

        if (pause == 0)
                return;
        if (r->n_rests == r->rests_room) {
                size_t room = r->rests_room ? 2 * r->rests_room : 8;
                struct rest *more = realloc(r->rests, room * sizeof(*more));

                if (!more)
                        return;
                r->rests = more;
                r->rests_room = room;
        }
        r->rests[r->n_rests++] = (struct rest){
                .reqid = reqid,
                .until = now_of(r) + (int64_t)(pause < LONGEST_REST ? pause : LONGEST_REST),
        };
}

/* Those that have rested are due, if they became so; the timer waits for the others. */
static void wake(struct rules *r)
{
        int64_t now = r->n_rests > 0 ? now_of(r) : 0;
        size_t kept = 0;

        for (size_t i = 0; i < r->n_rests; i++) {
                const struct rest *rest = &r->rests[i];

                if (rest->until > now)
                        r->rests[kept++] = *rest;
                else if (rest->again)
                        queue_put(&r->reqids, rest->reqid);
        }
        r->n_rests = kept;
}

static void run_again(struct rules *r)
{
        if (r->look.going || !queue_is_empty(&r->rules) || !queue_is_empty(&r->reqids))
                run_at(r, 0);
        for (size_t i = 0; i < r->n_rests; i++)
                if (r->rests[i].again)
                        run_at(r, r->rests[i].until);
}

/* ---- what changes ---- */

/* Indexes are unique in both types of policies. */
static const struct policy *policy_with(const struct rules *r, uint32_t index)
{
        uint32_t oid[] = { SPD_MAIN, index };
        const struct policy *policy = table_at(r->policies, &policy_type, oid, 2);

        oid[0] = SPD_SUB;
        return policy ? policy : table_at(r->policies, &policy_type, oid, 2);
}

static const struct ipsec_sa *sa_of_rule(const struct rules *r, uint32_t index)
{
        const struct ipsec_sa *sa = table_next(r->sas, &sa_by_rule_type, &index, 1, false);

        return sa && sa->rule == index ? sa : NULL;
}

/* A policy that has lost its last SA says so soon, however long its reqid rests. */
static void check_rule(struct rules *r, uint32_t index)
{
        const struct policy *policy = index != 0 ? policy_with(r, index) : NULL;

        if (policy && policy->cookie != 0 && !sa_of_rule(r, index))
                mark_rule(r, policy);
}

/* No pointer dangles: whoever had an SA that went as its partner forgets it at once. */
static void forget_partner(const struct rules *r, uint32_t gone)
{
        const struct ipsec_sa *sa;

        while ((sa = table_next(r->sas, &sa_by_partner_type, &gone, 1, false)) &&
               sa->partner == gone) {
                struct ipsec_sa changed = *sa;

                changed.partner = 0;
                if (table_update(r->sas, &changed) < 0)
                        return;
        }
}

/* The same of a policy. No real one has the index 0, which stands for none. */
static void forget_rule(const struct rules *r, uint32_t gone)
{
        const struct ipsec_sa *sa;

        while (gone != 0 && (sa = sa_of_rule(r, gone))) {
                struct ipsec_sa changed = *sa;

                changed.rule = changed.policy_cookie = 0;
                if (table_update(r->sas, &changed) < 0)
                        return;
        }
}

/* What the relation depends on; counters and the joins' own part are not among it. */
static bool same_role(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->reqid == b->reqid && a->state == b->state && a->mode == b->mode &&
               a->if_id == b->if_id && memcmp(&a->source, &b->source, sizeof(a->source)) == 0;
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct rules *r = context;

        (void)reason;
        if (event == TABLE_CHANGED && same_role(old, sa))
                return;
        if (event == TABLE_REMOVED) {
                forget_partner(r, old->index);
                check_rule(r, old->rule);
        }
        if (old && (!sa || old->reqid != sa->reqid))
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
        if (event == TABLE_REMOVED)
                forget_rule(r, policy->index);
        else if (!next_template(r->templates, policy, NULL))
                mark_rule(r, policy); /* no reqid leads to it */
        while ((template = next_template(r->templates, policy, template)))
                mark(r, template->reqid);
}

/* ---- one policy ---- */

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

static void claim(const struct rules *r, const struct policy *policy, const struct ipsec_sa *sa)
{
        struct ipsec_sa changed;

        if (sa->rule == policy->index ||
            (sa->rule != 0 && !is_better(policy, policy_with(r, sa->rule))))
                return;
        changed = *sa;
        changed.rule = policy->index;
        changed.policy_cookie = sa_is_usable(sa) ? policy->index : 0;
        table_update(r->sas, &changed);
}

static void judgement_begin(struct judgement *j, uint8_t type, uint32_t index)
{
        *j = (struct judgement){ .type = type, .policy = index, .ready = true };
}

static void end_template(struct judgement *j, const struct policy_template *template)
{
        j->ready = j->ready && (j->tally.usable > 0 || template->level == LEVEL_USE);
        j->any = j->any || j->tally.usable > 0;
        j->pending = j->pending || j->tally.larval > 0;
        j->acquires += j->tally.acquires;
}

static void conclude(const struct rules *r, const struct judgement *j, const struct policy *policy)
{
        struct policy changed = *policy;

        changed.pending_acquires = j->acquires;
        changed.state = j->pending ? POLICY_PENDING : POLICY_INITIAL;
        if (j->ready)
                changed.state = POLICY_READY;
        changed.cookie = j->any ? policy->index : 0;
        if (memcmp(&changed, policy, sizeof(changed)) != 0)
                table_update(r->policies, &changed);
}

/* The SAs of one template. False: there may be more, for another turn. */
static bool count_sas(const struct rules *r, struct judgement *j, const struct policy *policy,
                      const struct policy_template *template, const struct policy_template *outer,
                      const struct ends *ends, size_t *rows)
{
        const struct ipsec_sa *sa;

        while (*rows > 0 && (sa = ends_next(r->sas, ends, &j->place))) {
                --*rows;
                if (!serves(sa, policy, template, outer))
                        continue;
                j->tally.usable += sa_is_usable(sa);
                j->tally.larval += sa->state == SA_LARVAL;
                j->tally.acquires += sa->state == SA_LARVAL && sa->spi == 0;
                claim(r, policy, sa);
        }
        return *rows > 0;
}

/*
 * Goes on with a policy for so many rows. False: it is not done. Where the policy or the template
 * has gone meanwhile, its reqid is due again: so this look may end.
 */
static bool judge(const struct rules *r, struct judgement *j, size_t *rows)
{
        const uint32_t oid[] = { j->type, j->policy };
        const struct policy *policy = table_at(r->policies, &policy_type, oid, 2);
        const struct policy_template *template = NULL, *outer = NULL;

        if (!policy)
                return true;
        while ((template = next_template(r->templates, policy, template))) {
                struct ends ends = ends_of(policy, template, &outer);

                if (template->number < j->number)
                        continue;
                if (template->number > j->number) {
                        j->number = template->number;
                        j->tally = (struct tally){ 0 };
                        ends_begin(&ends, &j->place);
                }
                if (!count_sas(r, j, policy, template, outer, &ends, rows))
                        return false;
                end_template(j, template);
        }
        conclude(r, j, policy);
        return true;
}

/* ---- one reqid ---- */

static void judge_sa(const struct rules *r, const struct ipsec_sa *sa)
{
        const struct ipsec_sa *partner =
                sa->state != SA_LARVAL ? newest_opposite(r->sas, sa) : NULL;
        const struct policy *policy = sa->rule != 0 ? policy_with(r, sa->rule) : NULL;
        struct ipsec_sa changed = *sa;

        if (policy && !policy_uses(r->templates, policy, sa))
                policy = NULL;
        changed.partner = partner ? partner->index : 0;
        changed.rule = policy ? policy->index : 0;
        changed.policy_cookie = sa_is_usable(sa) ? changed.rule : 0;
        if (memcmp(&changed, sa, sizeof(changed)) != 0)
                table_update(r->sas, &changed);
}

/* False: there may be more, for another turn. */
static bool look_at_sas(const struct rules *r, struct look *l, size_t *rows)
{
        while (*rows > 0) {
                const struct ipsec_sa *sa =
                        table_next(r->sas, &sa_by_ends_type, l->oid, l->length, false);

                if (!sa || sa->reqid != l->reqid)
                        return true;
                l->length = index_encode(&sa_by_ends_type, sa, l->oid);
                --*rows;
                judge_sa(r, sa);
        }
        return false;
}

/* Its templates of one policy lie together. */
static bool look_at_rules(const struct rules *r, struct look *l, size_t *rows)
{
        const struct policy_template *template;

        for (;;) {
                if (l->judging && !judge(r, &l->judgement, rows))
                        return false;
                l->judging = false;
                if (*rows == 0)
                        return false;
                template =
                        table_next(r->templates, &template_by_reqid_type, l->oid, l->length, false);
                if (!template || template->reqid != l->reqid)
                        return true;
                l->length = index_encode(&template_by_reqid_type, template, l->oid);
                --*rows;
                if (template->policy_type == l->judgement.type &&
                    template->policy_index == l->judgement.policy)
                        continue;
                judgement_begin(&l->judgement, template->policy_type, template->policy_index);
                l->judging = true;
        }
}

static void place_before_all(struct look *l)
{
        l->oid[0] = l->reqid;
        l->length = 1;
}

/* False: nothing is due. */
static bool begin_look(struct rules *r)
{
        while (!queue_is_empty(&r->reqids)) {
                uint32_t reqid = (uint32_t)queue_take(&r->reqids);
                struct rest *resting = find_rest(r, reqid);

                if (resting) {
                        resting->again = true;
                        continue;
                }
                r->look = (struct look){ .going = true, .reqid = reqid };
                place_before_all(&r->look);
                return true;
        }
        return false;
}

static void look_on(struct rules *r, size_t *rows)
{
        struct look *l = &r->look;
        size_t before = *rows;

        if (!l->sas_done) {
                l->sas_done = look_at_sas(r, l, rows);
                if (l->sas_done)
                        place_before_all(l);
        }
        l->going = !l->sas_done || !look_at_rules(r, l, rows);
        l->rows += before - *rows;
        if (l->going)
                return;
        if (*rows > 0)
                --*rows; /* also a reqid without rows has cost something */
        rest(r, l->reqid, l->rows);
}

/* One by itself; where it is too much for what is left of a turn, its reqid's look is to come. */
static void look_at_rule(const struct rules *r, uint64_t which, size_t *rows)
{
        struct judgement j;

        --*rows;
        judgement_begin(&j, (uint8_t)(which >> 32), (uint32_t)which);
        judge(r, &j, rows);
}

static void run(void *context)
{
        struct rules *r = context;
        size_t rows = ROWS_PER_TURN;

        r->timer = NULL;
        wake(r);
        while (rows > 0 && !queue_is_empty(&r->rules))
                look_at_rule(r, queue_take(&r->rules), &rows);
        while (rows > 0 && (r->look.going || begin_look(r)))
                look_on(r, &rows);
        run_again(r);
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
        queue_free(&r->reqids);
        queue_free(&r->rules);
        free(r->rests);
        free(r);
}
