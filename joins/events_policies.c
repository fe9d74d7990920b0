/*
 * Policies that somebody other than an IKE daemon adds, changes or removes; policies that are
 * flushed or expire; other default policies.
 *
 * Kernel and daemon tell by sockets of their own, so a change waits for a moment before it is
 * judged. Whose it is tells its requester, if that one made SAs or policies that a daemon knows;
 * else the policy's owner.
 */
#include "config.h"

#include "children.h"
#include "events_desk.h"

#include "tables/child_sa.h"
#include "tables/configured_policy.h"
#include "tables/global_scalars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

/* Milliseconds in which the IKE daemon may tell of a child, and a join whose a policy is. */
#define WORD_WITHIN 3000

/* The same while a daemon is there that tells of what it loaded when it is asked. */
#define ASKED_WITHIN 40000

/* So many changes wait; more are judged at once. */
#define CHANGES_MAX 10000

/* A change of a policy that is to be judged. Strings are the pool's, retained. */
struct change {
        int64_t made; /* monotonic, ms */
        int64_t when; /* the same: to be judged */
        uint8_t type; /* enum spd_type */
        uint8_t direction;
        uint8_t owner;           /* enum policy_owner, when it was removed */
        uint8_t change;          /* enum notify_policy_change */
        bool lost;               /* no message told of it */
        uint32_t index;          /* the kernel's */
        uint32_t requester;      /* who asked for it */
        struct inet_addr source; /* with prefix length */
        struct inet_addr destination;
        const char *name;
        const char *daemon;
        const char *policy_key; /* of the configured child */
        const char *child_key;
        struct change *prev, *next;
};

struct events_policies {
        struct desk *desk;
        struct strings *pool;
        struct table *policies;
        struct table *children;
        struct loop_timer *timer; /* when the next change is to be judged */
        struct loop_timer *turn;  /* runs while a flush is to be told */
        struct change *fresh;   /* to be judged for the first time, in the order of their moments */
        struct change *waiting; /* those that could not be judged then, in the same order */
        size_t n_changes;
        uint32_t flushed;           /* policies in this turn */
        const struct policy *going; /* the first of them, while what waits is judged; else NULL */
};

static void judge_due(void *context);

/* ---- telling ---- */

static const char *change_words(uint8_t change)
{
        switch (change) {
        case POLICY_ADDED:
                return "was added";
        case POLICY_REMOVED:
                return "was removed";
        default:
                return "was changed";
        }
}

static const char *direction_words(uint8_t direction)
{
        switch (direction) {
        case DIRECTION_INBOUND:
                return "in";
        case DIRECTION_OUTBOUND:
                return "out";
        default:
                return "forward";
        }
}

static void tell(struct events_policies *p, const struct change *c, const struct policy *row)
{
        const struct tunnel *tunnel = desk_tunnel(p->desk, c->policy_key, c->child_key, 1);
        char name[ROW_NAME_SIZE], from[INET_ADDR_TEXT_SIZE], to[INET_ADDR_TEXT_SIZE];
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_POLICY_CHANGED, ENTITY_POLICY,
                   c->change == POLICY_REMOVED ? SEVERITY_ERROR : SEVERITY_WARNING,
                   c->change == POLICY_REMOVED ? REASON_DELETED_OUTSIDE : REASON_OTHER);
        memset(&details, 0, sizeof(details));
        desk_set_tunnel(&event, &details, tunnel);
        event.subject = c->name;
        details.policy_name = c->name;
        details.policy_type = c->type;
        details.policy_index = c->index;
        details.policy_direction = c->direction;
        details.policy_source = c->source;
        details.policy_destination = c->destination;
        details.policy_change = c->change;
        if (row) {
                row_name(&policy_type, row, name);
                event.row = name;
        }
        inet_addr_prefix_text(&c->source, from);
        inet_addr_prefix_text(&c->destination, to);
        desk_tell(p->desk, &event, &details,
                  "policy %s (%s, %s to %s) %s, and not by an IKE daemon", c->name ? c->name : "",
                  direction_words(c->direction), from, to, change_words(c->change));
}

/* ---- whose a change is ---- */

static void free_change(struct events_policies *p, struct change *c)
{
        p->n_changes--;
        strings_release(p->pool, c->name);
        strings_release(p->pool, c->daemon);
        strings_release(p->pool, c->policy_key);
        strings_release(p->pool, c->child_key);
        free(c);
}

static const struct policy *row_of(const struct events_policies *p, const struct change *c)
{
        const uint32_t oid[] = { c->type, c->index };

        if (p->going && p->going->type == c->type && p->going->index == c->index)
                return p->going;
        return table_at(p->policies, &policy_type, oid, 2);
}

static bool child_still_up(const struct events_policies *p, const struct change *c)
{
        const struct child_sa *child = NULL;

        while (c->policy_key && c->child_key &&
               (child = next_child_of_name(p->children, c->policy_key, c->child_key, child)))
                if (child_is_up(child))
                        return true;
        return false;
}

static bool is_there_again(const struct events_policies *p, const struct change *c)
{
        const struct policy *row = row_of(p, c);
        struct policy sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        if (row)
                return true;
        if (!c->policy_key)
                return false;
        memset(&sought, 0, sizeof(sought));
        sought.configured_policy_key = c->policy_key;
        sought.configured_child_key = c->child_key;
        length = index_encode(&policy_by_configured_type, &sought, oid);
        while ((row = table_next(p->policies, &policy_by_configured_type, oid, length, false)) &&
               row->configured_policy_key == c->policy_key &&
               row->configured_child_key == c->child_key) {
                if (row->direction == c->direction &&
                    memcmp(&row->source, &c->source, sizeof(row->source)) == 0 &&
                    memcmp(&row->destination, &c->destination, sizeof(row->destination)) == 0)
                        return true;
                length = index_encode(&policy_by_configured_type, row, oid);
        }
        return false;
}

enum verdict {
        VERDICT_DAEMON,
        VERDICT_OTHER,
        VERDICT_UNKNOWN, /* a daemon may still tell */
};

/* Only a daemon that puts its process into its requests is known by it; the others put nothing. */
static bool daemon_may_tell(const struct events_policies *p, const struct change *c)
{
        return source_is_read(c->requester != 0 ? &p->desk->strongswan : &p->desk->libreswan);
}

static enum verdict judge_removed(const struct events_policies *p, const struct change *c)
{
        if (c->owner != OWNER_DAEMON)
                return daemon_may_tell(p, c) && c->requester != 0 ? VERDICT_UNKNOWN : VERDICT_OTHER;
        if (!child_still_up(p, c) || is_there_again(p, c))
                return VERDICT_DAEMON;
        /* It was a daemon's, and its child wants it still, as far as is known. */
        return daemon_may_tell(p, c) ? VERDICT_UNKNOWN : VERDICT_OTHER;
}

static bool is_of_strongswan(const struct change *c)
{
        return c->daemon && strcmp(c->daemon, "strongswan") == 0;
}

static enum verdict judge(const struct events_policies *p, const struct change *c)
{
        const struct policy *row = row_of(p, c);

        if (desk_is_daemon(p->desk, c->requester))
                return VERDICT_DAEMON;
        if (c->change == POLICY_REMOVED && c->owner == OWNER_DAEMON && is_of_strongswan(c) &&
            c->requester == 0 && !c->lost)
                return VERDICT_OTHER; /* that daemon puts its process into its requests */
        if (c->change == POLICY_REMOVED)
                return judge_removed(p, c);
        if (row && row->owner == OWNER_DAEMON)
                return VERDICT_DAEMON;
        return daemon_may_tell(p, c) ? VERDICT_UNKNOWN : VERDICT_OTHER;
}

/* ---- what waits ---- */

static void wait_for_word(struct events_policies *p)
{
        int64_t next = INT64_MAX, wait;

        if (p->fresh)
                next = p->fresh->when;
        if (p->waiting && p->waiting->when < next)
                next = p->waiting->when;
        if (p->timer || next == INT64_MAX)
                return;
        wait = next - desk_now(p->desk).monotonic;
        p->timer = p->desk->loop->after(p->desk->loop, wait > 0 ? (uint32_t)wait : 0, judge_due, p);
}

static void settle(struct events_policies *p, struct change *c, bool at_last)
{
        enum verdict verdict = judge(p, c);

        if (verdict == VERDICT_UNKNOWN && !at_last) {
                c->when = c->made + ASKED_WITHIN;
                DL_APPEND(p->waiting, c);
                return;
        }
        if (verdict != VERDICT_DAEMON)
                tell(p, c, row_of(p, c));
        free_change(p, c);
}

/* What is clear already. A row that is going cannot be named any more. */
static void settle_clear(struct events_policies *p, struct change **list)
{
        struct change *c, *next;

        DL_FOREACH_SAFE(*list, c, next)
        {
                enum verdict verdict = judge(p, c);
                const struct policy *row = row_of(p, c);

                if (verdict == VERDICT_UNKNOWN)
                        continue;
                DL_DELETE(*list, c);
                if (verdict == VERDICT_OTHER)
                        tell(p, c, row == p->going ? NULL : row);
                free_change(p, c);
        }
}

static void judge_due(void *context)
{
        struct events_policies *p = context;
        int64_t now = desk_now(p->desk).monotonic;
        struct change *c;

        p->timer = NULL;
        while ((c = p->waiting) && c->when <= now) {
                DL_DELETE(p->waiting, c);
                settle(p, c, true);
        }
        while ((c = p->fresh) && c->when <= now) {
                DL_DELETE(p->fresh, c);
                settle(p, c, false);
        }
        wait_for_word(p);
}

static const char *retain(const struct events_policies *p, const char *text)
{
        return text ? strings_retain(p->pool, text, strlen(text)) : NULL;
}

static void note(struct events_policies *p, const struct policy *row,
                 enum notify_policy_change change, bool lost)
{
        struct change *c = calloc(1, sizeof(*c));

        if (!c)
                return;
        c->made = desk_now(p->desk).monotonic;
        c->when = c->made + WORD_WITHIN;
        c->type = row->type;
        c->direction = row->direction;
        c->owner = row->owner;
        c->change = (uint8_t)change;
        c->lost = lost;
        c->index = row->index;
        c->requester = lost ? 0 : row->requester;
        c->source = row->source;
        c->destination = row->destination;
        c->name = retain(p, row->name);
        c->daemon = retain(p, row->daemon);
        c->policy_key = retain(p, row->configured_policy_key);
        c->child_key = retain(p, row->configured_child_key);
        if (++p->n_changes > CHANGES_MAX) {
                settle(p, c, true);
                return;
        }
        DL_APPEND(p->fresh, c);
        wait_for_word(p);
}

/* ---- flushes and expiries ---- */

/* What a flush takes is more than any one change: the journal has it, and a notification goes. */
static void tell_flushed(void *context)
{
        struct events_policies *p = context;
        struct notify details;
        struct event event;

        p->turn = NULL;
        desk_begin(&event, EVENT_POLICIES_FLUSHED, ENTITY_POLICY, SEVERITY_CRITICAL,
                   REASON_FLUSHED);
        desk_tell(p->desk, &event, NULL, "%u policies were removed at once",
                  (unsigned int)p->flushed);
        desk_begin(&event, EVENT_POLICY_CHANGED, ENTITY_POLICY, SEVERITY_CRITICAL, REASON_FLUSHED);
        memset(&details, 0, sizeof(details));
        details.policy_change = POLICY_FLUSHED;
        details.policy_type = SPD_UNKNOWN;
        details.policy_direction = DIRECTION_UNKNOWN;
        desk_tell(p->desk, &event, &details,
                  "all policies were removed at once, %u of them: traffic may go in clear text",
                  (unsigned int)p->flushed);
        p->flushed = 0;
}

/* What waits was before the flush, and is told before it; whose it was tell its rows, now or never.
 */
static void count_flushed(struct events_policies *p, const struct policy *row)
{
        if (p->flushed++ == 0) {
                p->going = row;
                settle_clear(p, &p->waiting);
                settle_clear(p, &p->fresh);
                p->going = NULL;
        }
        if (!p->turn)
                p->turn = p->desk->loop->after(p->desk->loop, 0, tell_flushed, p);
}

static void tell_expired(struct events_policies *p, const struct policy *row)
{
        char from[INET_ADDR_TEXT_SIZE], to[INET_ADDR_TEXT_SIZE];
        struct event event;

        desk_begin(&event, EVENT_POLICY_EXPIRED, ENTITY_POLICY, SEVERITY_WARNING, REASON_EXPIRED);
        event.subject = row->name;
        inet_addr_prefix_text(&row->source, from);
        inet_addr_prefix_text(&row->destination, to);
        desk_tell(p->desk, &event, NULL, "policy %s (%s, %s to %s) has reached its hard limit",
                  row->name ? row->name : "", direction_words(row->direction), from, to);
}

/* ---- what changes ---- */

static bool same_rule(const struct policy *a, const struct policy *b)
{
        return a->add_time == b->add_time && a->kind == b->kind && a->templates == b->templates &&
               a->priority == b->priority && a->mark == b->mark && a->mark_mask == b->mark_mask &&
               a->if_index == b->if_index && a->if_id == b->if_id && a->flags == b->flags &&
               memcmp(&a->source, &b->source, sizeof(a->source)) == 0 &&
               memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0;
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *row = after;
        struct events_policies *p = context;

        if (row && row->owner == OWNER_DAEMON)
                desk_learn(p->desk, row->requester);
        if (!p->desk->kernel.read)
                return;
        if (event == TABLE_ADDED)
                note(p, row, POLICY_ADDED, false);
        else if (event == TABLE_CHANGED && !same_rule(old, row))
                note(p, row, POLICY_CHANGED, false);
        else if (event == TABLE_REMOVED && reason == TABLE_FLUSHED)
                count_flushed(p, old);
        else if (event == TABLE_REMOVED && reason == TABLE_EXPIRED)
                tell_expired(p, old);
        else if (event == TABLE_REMOVED)
                note(p, old, POLICY_REMOVED, reason == TABLE_LOST);
}

/* ---- default policies ---- */

static bool is_known(uint8_t policy)
{
        return policy == DEFAULT_BLOCK || policy == DEFAULT_ACCEPT;
}

static void default_changed(struct events_policies *p, uint8_t before, uint8_t after,
                            uint8_t direction)
{
        enum severity severity = after == DEFAULT_ACCEPT ? SEVERITY_CRITICAL : SEVERITY_WARNING;
        const char *now = after == DEFAULT_ACCEPT ? "pass in clear text" : "are dropped";
        const char *what = direction == DIRECTION_INBOUND    ? "received"
                           : direction == DIRECTION_OUTBOUND ? "sent"
                                                             : "forwarded";
        struct notify details;
        struct event event;

        if (before == after || !is_known(before) || !is_known(after))
                return;
        desk_begin(&event, EVENT_DEFAULT_POLICY_CHANGED, ENTITY_POLICY, severity, REASON_OTHER);
        desk_tell(p->desk, &event, NULL, "packets %s that no policy fits %s from now on", what,
                  now);
        desk_begin(&event, EVENT_POLICY_CHANGED, ENTITY_POLICY, severity, REASON_OTHER);
        memset(&details, 0, sizeof(details));
        details.policy_change = POLICY_DEFAULT_CHANGED;
        details.policy_type = SPD_UNKNOWN;
        details.policy_direction = direction;
        desk_tell(p->desk, &event, &details,
                  "the default policy was changed: packets %s that no policy fits %s from now on",
                  what, now);
}

static void global_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct global_scalars *old = before, *row = after;
        struct events_policies *p = context;

        (void)reason;
        if (event != TABLE_CHANGED)
                return;
        default_changed(p, old->default_in, row->default_in, DIRECTION_INBOUND);
        default_changed(p, old->default_out, row->default_out, DIRECTION_OUTBOUND);
        default_changed(p, old->default_forward, row->default_forward, DIRECTION_FORWARD);
}

struct events_policies *events_policies_new(struct desk *d)
{
        struct events_policies *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->desk = d;
        p->pool = store_strings(d->store);
        p->policies = store_table(d->store, &policy_type);
        p->children = store_table(d->store, &child_sa_type);
        if (table_subscribe(p->policies, policy_changed, p) == 0 &&
            table_subscribe(store_table(d->store, &global_scalars_type), global_changed, p) == 0)
                return p;
        events_policies_free(p);
        return NULL;
}

static void free_all(struct events_policies *p, struct change **list)
{
        while (*list) {
                struct change *c = *list;

                DL_DELETE(*list, c);
                free_change(p, c);
        }
}

void events_policies_free(struct events_policies *p)
{
        if (!p)
                return;
        p->desk->loop->cancel(p->desk->loop, p->timer);
        p->desk->loop->cancel(p->desk->loop, p->turn);
        free_all(p, &p->fresh);
        free_all(p, &p->waiting);
        free(p);
}
