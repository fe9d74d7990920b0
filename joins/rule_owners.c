#include "rule_owners.h"

#include "children.h"
#include "queue.h"
#include "selector_map.h"
#include "tables/collector_row.h"
#include "tables/key.h"
#include "tables/policy_template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Policies looked at in one turn of the loop. */
#define ROWS_PER_TURN 500

/* SAs of one reqid that are asked whose they are: a daemon has a pair, and what a rekey leaves. */
#define SAS_OF_REQID 64

struct rule_owners {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *policies;
        struct table *templates;
        struct table *sas;
        struct table *children;
        struct table *configured;
        struct table *ike_policies;
        struct table *collectors;
        struct queue due;        /* type << 32 | index of policies */
        struct selector_map map; /* of the children that a daemon has set traps or shunts for */
        bool map_due;            /* it is not what the table says any more */
        bool all_due;            /* after this pass another one over all policies */
        bool passing;
        uint32_t passed[2];  /* index of the policy that the pass looked at last */
        bool kernel_is_read; /* the xfrm collector has read the policies */
        bool configured_due; /* each configured child is to be looked at: the kernel has been read
                              */
};

static void run(void *context);

static void run_soon(struct rule_owners *o)
{
        if (!o->timer)
                o->timer = o->loop->after(o->loop, 0, run, o);
}

static void note(struct rule_owners *o, uint32_t type, uint32_t index)
{
        queue_put(&o->due, (uint64_t)type << 32 | index);
        run_soon(o);
}

/* ---- configured children ---- */

static const struct configured_policy *find_configured(const struct rule_owners *o,
                                                       const char *policy_key,
                                                       const char *child_key)
{
        struct configured_policy sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        if (!policy_key || !child_key)
                return NULL;
        memset(&sought, 0, sizeof(sought));
        sought.policy_key = policy_key;
        sought.child_key = child_key;
        length = index_encode(&configured_policy_type, &sought, oid);
        return table_at(o->configured, &configured_policy_type, oid, length);
}

/* The next policy of a child; they lie together in the view. */
static const struct policy *next_policy_of(const struct rule_owners *o, const char *policy_key,
                                           const char *child_key, const struct policy *policy)
{
        struct policy sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.configured_policy_key = policy_key;
        sought.configured_child_key = child_key;
        sought.type = policy ? policy->type : 0;
        sought.index = policy ? policy->index : 0;
        length = index_encode(&policy_by_configured_type, &sought, oid);
        policy = table_next(o->policies, &policy_by_configured_type, oid, length, false);
        return policy && policy->configured_policy_key && policy->configured_child_key &&
                               strcmp(policy->configured_policy_key, policy_key) == 0 &&
                               strcmp(policy->configured_child_key, child_key) == 0
                       ? policy
                       : NULL;
}

static bool is_up(const struct rule_owners *o, const struct configured_policy *child)
{
        const struct child_sa *sa = NULL;

        while ((sa = next_child_of_name(o->children, child->policy_key, child->child_key, sa)))
                if (sa->daemon_kind == child->daemon_kind && child_is_up(sa))
                        return true;
        return false;
}

/* The kernel ought to have policies of it: it is up, or set to wait, pass or discard. */
static void judge_configured(const struct rule_owners *o, const char *policy_key,
                             const char *child_key)
{
        const struct configured_policy *child = find_configured(o, policy_key, child_key);
        struct configured_policy changed;
        const struct policy *policy = NULL;

        if (!child)
                return;
        changed = *child;
        changed.policies = 0;
        while ((policy = next_policy_of(o, child->policy_key, child->child_key, policy)))
                changed.policies++;
        changed.installed = changed.policies > 0;
        changed.drift = o->kernel_is_read && child->fresh && !changed.installed &&
                        (child->trapped || is_up(o, child));
        if (memcmp(&changed, child, sizeof(changed)) != 0)
                table_update(o->configured, &changed);
}

static void judge_all_configured(struct rule_owners *o)
{
        const struct configured_policy *child;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        o->configured_due = false;
        while ((child = table_next(o->configured, &configured_policy_type, oid, length, false))) {
                length = index_encode(&configured_policy_type, child, oid);
                judge_configured(o, child->policy_key, child->child_key);
        }
}

static const struct ike_policy *ike_policy_of(const struct rule_owners *o,
                                              const struct configured_policy *child)
{
        struct ike_policy sought;

        memset(&sought, 0, sizeof(sought));
        sought.key = child->policy_key;
        return table_find(o->ike_policies, &sought);
}

static void make_map(struct rule_owners *o)
{
        const struct configured_policy *child;
        uint32_t oid[INDEX_MAX];
        size_t length = 0;

        o->map_due = false;
        selector_map_clear(&o->map);
        while ((child = table_next(o->configured, &configured_policy_type, oid, length, false))) {
                length = index_encode(&configured_policy_type, child, oid);
                if (child->trapped && selector_map_add(&o->map, child, ike_policy_of(o, child)) < 0)
                        return; /* without memory: names come with the SAs */
        }
}

/* ---- one policy ---- */

static const struct policy_template *first_template(const struct rule_owners *o,
                                                    const struct policy *policy)
{
        const uint32_t oid[] = { policy->type, policy->index };
        const struct policy_template *t =
                table_next(o->templates, &policy_template_type, oid, 2, false);

        return t && t->policy_type == policy->type && t->policy_index == policy->index ? t : NULL;
}

static void set_manual(struct policy *policy, char *name, size_t room)
{
        snprintf(name, room, "xfrm-%u", policy->index);
        policy->name = name;
        policy->owner = OWNER_MANUAL;
        policy->daemon = policy->configured_policy_key = policy->configured_child_key = NULL;
        if (policy->action == RULE_DYNAMIC_KEY)
                policy->action = RULE_MANUAL_KEY;
}

static void set_owner(struct policy *policy, const char *name, const char *daemon)
{
        policy->name = name;
        policy->owner = OWNER_DAEMON;
        policy->daemon = daemon;
        if (policy->action == RULE_MANUAL_KEY)
                policy->action = RULE_DYNAMIC_KEY;
}

/* libreswan does not tell reqids: those of the SAs whose SPIs it tells. */
static const struct child_sa *child_of_sas(const struct rule_owners *o, uint32_t reqid)
{
        uint32_t oid[INDEX_MAX] = { reqid };
        const struct child_sa *child;
        const struct ipsec_sa *sa;
        size_t length = 1, rows = SAS_OF_REQID;

        while (reqid != 0 && rows-- > 0 &&
               (sa = table_next(o->sas, &sa_by_ends_type, oid, length, false)) &&
               sa->reqid == reqid) {
                length = index_encode(&sa_by_ends_type, sa, oid);
                child = child_of_sa(o->children, sa);
                if (child)
                        return child;
        }
        return NULL;
}

static const struct child_sa *child_of_template(const struct rule_owners *o,
                                                const struct policy_template *template)
{
        const struct child_sa *child;

        if (!template)
                return NULL;
        child = child_of_reqid(o->children, template->reqid);
        return child ? child : child_of_sas(o, template->reqid);
}

static void judge(struct rule_owners *o, const struct policy *policy)
{
        const struct child_sa *child = child_of_template(o, first_template(o, policy));
        const struct configured_policy *configured = NULL;
        char policy_key[KEY_MAX + 1], child_key[KEY_MAX + 1], name[32];
        struct policy changed = *policy;

        if (child)
                configured = find_configured(o, child->policy_key, child->child_key);
        else if (selector_map_find(&o->map, policy, policy_key, child_key))
                configured = find_configured(o, policy_key, child_key);
        if (child)
                set_owner(&changed, child->child_name, ike_daemon_name(child->daemon_kind));
        else if (configured)
                set_owner(&changed, configured->child_name, configured->daemon);
        else
                set_manual(&changed, name, sizeof(name));
        changed.configured_policy_key = configured ? configured->policy_key : NULL;
        changed.configured_child_key = configured ? configured->child_key : NULL;
        table_update(o->policies, &changed);
}

/* ---- what is due ---- */

static void look_at(struct rule_owners *o, uint64_t what)
{
        const uint32_t oid[] = { (uint32_t)(what >> 32), (uint32_t)what };
        const struct policy *policy = table_at(o->policies, &policy_type, oid, 2);

        if (policy)
                judge(o, policy);
}

static void pass_on(struct rule_owners *o, size_t *rows)
{
        if (!o->passing) {
                o->passing = true;
                o->all_due = false;
                o->passed[0] = o->passed[1] = 0;
        }
        while (*rows > 0 && o->passing) {
                const struct policy *policy =
                        table_next(o->policies, &policy_type, o->passed, 2, false);

                --*rows;
                o->passing = policy != NULL;
                if (!policy)
                        return;
                o->passed[0] = policy->type;
                o->passed[1] = policy->index;
                judge(o, policy);
        }
}

static void run(void *context)
{
        struct rule_owners *o = context;
        size_t rows = ROWS_PER_TURN;

        o->timer = NULL;
        if (o->map_due)
                make_map(o);
        for (; rows > 0 && !queue_is_empty(&o->due); rows--)
                look_at(o, queue_take(&o->due));
        while (rows > 0 && (o->passing || o->all_due))
                pass_on(o, &rows);
        if (!queue_is_empty(&o->due) || o->passing || o->all_due)
                run_soon(o);
        else if (o->configured_due)
                judge_all_configured(o);
}

/* ---- what changes ---- */

static bool same_rule(const struct policy *a, const struct policy *b)
{
        return a->add_time == b->add_time && a->kind == b->kind && a->templates == b->templates &&
               memcmp(&a->source, &b->source, sizeof(a->source)) == 0 &&
               memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0;
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *policy = after;
        struct rule_owners *o = context;

        (void)reason;
        if (event == TABLE_ADDED || (event == TABLE_CHANGED && !same_rule(old, policy)))
                note(o, policy->type, policy->index);
        if (old && policy && old->configured_policy_key == policy->configured_policy_key &&
            old->configured_child_key == policy->configured_child_key)
                return;
        if (old && old->configured_policy_key)
                judge_configured(o, old->configured_policy_key, old->configured_child_key);
        if (policy && policy->configured_policy_key)
                judge_configured(o, policy->configured_policy_key, policy->configured_child_key);
}

static void template_changed(void *context, enum table_event event, enum table_reason reason,
                             const void *before, const void *after)
{
        const struct policy_template *t = after ? after : before;

        (void)event;
        (void)reason;
        note(context, t->policy_type, t->policy_index);
}

static void note_reqid(struct rule_owners *o, uint32_t reqid)
{
        uint32_t oid[INDEX_MAX] = { reqid };
        size_t length = 1;
        const struct policy_template *t;

        while (reqid != 0 &&
               (t = table_next(o->templates, &template_by_reqid_type, oid, length, false)) &&
               t->reqid == reqid) {
                length = index_encode(&template_by_reqid_type, t, oid);
                note(o, t->policy_type, t->policy_index);
        }
}

/* The policies of a child whose daemon tells no reqid: by its SAs. */
static void note_child(struct rule_owners *o, const struct child_sa *child)
{
        const struct ipsec_sa *sa = NULL;

        note_reqid(o, child->reqid);
        while (child->reqid == 0 && (sa = next_sa_of_child(o->sas, child, sa)))
                note_reqid(o, sa->reqid);
}

/* Its child may have been told before it; and without it no policy is known to be the child's. */
static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after ? after : before;
        struct rule_owners *o = context;
        const struct child_sa *child;

        (void)reason;
        if (event == TABLE_CHANGED && old->keying == sa->keying && old->reqid == sa->reqid)
                return;
        child = child_of_sa(o->children, sa);
        if (child && child->reqid == 0)
                note_reqid(o, sa->reqid);
}

static void child_changed(void *context, enum table_event event, enum table_reason reason,
                          const void *before, const void *after)
{
        const struct child_sa *old = before, *child = after;
        struct rule_owners *o = context;

        (void)reason;
        if (event == TABLE_CHANGED && old->reqid == child->reqid && old->spi_in == child->spi_in &&
            old->spi_out == child->spi_out && old->child_name == child->child_name &&
            old->policy_key == child->policy_key && old->state == child->state)
                return;
        if (old) {
                note_child(o, old);
                judge_configured(o, old->policy_key, old->child_key);
        }
        if (child) {
                note_child(o, child);
                judge_configured(o, child->policy_key, child->child_key);
        }
}

/* Of a child that is configured no more no policy may speak: at once. */
static void forget(struct rule_owners *o, const struct configured_policy *child)
{
        const struct policy *policy;

        while ((policy = next_policy_of(o, child->policy_key, child->child_key, NULL))) {
                struct policy changed = *policy;

                changed.configured_policy_key = changed.configured_child_key = NULL;
                if (table_update(o->policies, &changed) < 0)
                        return;
                note(o, policy->type, policy->index);
        }
}

static void configured_changed(void *context, enum table_event event, enum table_reason reason,
                               const void *before, const void *after)
{
        const struct configured_policy *old = before, *child = after;
        struct rule_owners *o = context;

        (void)reason;
        if (event == TABLE_REMOVED)
                forget(o, old);
        if (event == TABLE_CHANGED && old->trapped == child->trapped &&
            old->fresh == child->fresh && old->local_selectors == child->local_selectors &&
            old->remote_selectors == child->remote_selectors)
                return;
        o->map_due = o->all_due = o->configured_due = true;
        run_soon(o);
}

static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct collector_row *row = after;
        struct rule_owners *o = context;
        bool read;

        (void)event;
        (void)reason;
        (void)before;
        if (!row || strcmp(row->key, "xfrm") != 0)
                return;
        read = row->state == COLLECTOR_UP || row->state == COLLECTOR_DEGRADED;
        if (read == o->kernel_is_read)
                return;
        o->kernel_is_read = read;
        o->configured_due = true;
        run_soon(o);
}

struct rule_owners *rule_owners_new(struct store *store, struct loop *loop)
{
        struct rule_owners *o = calloc(1, sizeof(*o));

        if (!o)
                return NULL;
        o->loop = loop;
        o->policies = store_table(store, &policy_type);
        o->templates = store_table(store, &policy_template_type);
        o->sas = store_table(store, &ipsec_sa_type);
        o->children = store_table(store, &child_sa_type);
        o->configured = store_table(store, &configured_policy_type);
        o->ike_policies = store_table(store, &ike_policy_type);
        o->collectors = store_table(store, &collector_row_type);
        if (table_subscribe(o->policies, policy_changed, o) < 0 ||
            table_subscribe(o->templates, template_changed, o) < 0 ||
            table_subscribe(o->sas, sa_changed, o) < 0 ||
            table_subscribe(o->children, child_changed, o) < 0 ||
            table_subscribe(o->configured, configured_changed, o) < 0 ||
            table_subscribe(o->collectors, collector_changed, o) < 0) {
                free(o);
                return NULL;
        }
        return o;
}

void rule_owners_free(struct rule_owners *o)
{
        if (!o)
                return;
        o->loop->cancel(o->loop, o->timer);
        selector_map_clear(&o->map);
        queue_free(&o->due);
        free(o);
}
