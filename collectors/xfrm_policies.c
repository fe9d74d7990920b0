#include "xfrm_policies.h"

#include <stdio.h>

/* No dump tells of so many policies. */
#define POSITIONS_OF_A_READ (1ull << 32)

void xfrm_policies_init(struct xfrm_policies *x, struct store *store)
{
        x->table = store_table(store, &policy_type);
        x->templates = store_table(store, &policy_template_type);
        x->defaults = (struct xfrm_defaults){
                .in = DEFAULT_UNKNOWN,
                .forward = DEFAULT_UNKNOWN,
                .out = DEFAULT_UNKNOWN,
        };
        x->next_position = 1;
        x->next_read = 0;
}

void xfrm_policies_begin_read(struct xfrm_policies *x)
{
        x->next_read = x->next_position + POSITIONS_OF_A_READ;
        x->next_position = x->next_read + 1;
}

/*
 * A policy in place of another keeps its place where it keeps its priority; else it stands behind
 * all that have the same (xfrm_policy_insert_list()).
 */
static void set_position(struct xfrm_policies *x, const struct policy *old, struct policy *row,
                         enum table_source source)
{
        if (old && old->priority == row->priority)
                row->position = old->position;
        else
                row->position = source == TABLE_FROM_DUMP ? x->next_read : x->next_position++;
        if (source == TABLE_FROM_DUMP)
                x->next_read--;
}

/*
 * Who makes the keys is a join's word, which stays as long as the policy wants keys. An event may
 * have waited while a dump told of a later use.
 */
static void carry_over(const struct policy *old, struct policy *row, enum table_source source)
{
        if (!old)
                return;
        if (source == TABLE_FROM_DUMP)
                row->requester = old->requester; /* a dump does not tell */
        if (old->action == RULE_DYNAMIC_KEY && row->action == RULE_MANUAL_KEY)
                row->action = RULE_DYNAMIC_KEY;
        if (old->add_time == row->add_time && old->use_time > row->use_time)
                row->use_time = old->use_time;
}

/* The templates of a policy from this number on. */
static void remove_templates(struct xfrm_policies *x, const struct policy *row, uint32_t from,
                             enum table_reason reason)
{
        struct policy_template key = { .policy_type = row->type, .policy_index = row->index };

        for (key.number = from; key.number <= XFRM_MAX_DEPTH; key.number++)
                table_remove(x->templates, &key, reason);
}

/* In place of those that the policy had. */
static int put_templates(struct xfrm_policies *x, const struct xfrm_policy *policy,
                         enum table_source source)
{
        int err = 0;

        for (uint32_t i = 0; i < policy->row.templates && err == 0; i++)
                err = table_put(x->templates, &policy->templates[i], source);
        remove_templates(x, &policy->row, policy->row.templates + 1,
                         source == TABLE_FROM_EVENT ? TABLE_DELETED : TABLE_LOST);
        return err;
}

/* The templates first: who hears of a policy finds them. */
static int put(struct xfrm_policies *x, struct xfrm_policy *policy, enum table_source source)
{
        const struct policy *old;
        char name[24];
        int err;

        if (source == TABLE_FROM_DUMP && table_told(x->table, &policy->row))
                return 0;
        snprintf(name, sizeof(name), "xfrm-%u", policy->row.index);
        policy->row.name = name; /* until a join knows a better one */
        old = table_find(x->table, &policy->row);
        carry_over(old, &policy->row, source);
        set_position(x, old, &policy->row, source);
        err = put_templates(x, policy, source);
        return err < 0 ? err : table_put(x->table, &policy->row, source);
}

static int apply_policy(struct xfrm_policies *x, const struct nlmsghdr *nlh,
                        enum table_source source)
{
        struct xfrm_policy policy;
        int err = xfrm_parse_policy(nlh, &policy);

        if (err != 0)
                return err < 0 ? err : 0;
        if (source == TABLE_FROM_EVENT)
                policy.row.requester = nlh->nlmsg_pid;
        return put(x, &policy, source);
}

/* The message has the policy's last values: they go into the row before it goes. */
static int apply_removal(struct xfrm_policies *x, const struct nlmsghdr *nlh,
                         enum table_reason reason)
{
        struct xfrm_policy policy;
        int err = xfrm_parse_policy(nlh, &policy);

        if (err != 0)
                return err < 0 ? err : 0;
        policy.row.requester = nlh->nlmsg_pid;
        err = put(x, &policy, TABLE_FROM_EVENT);
        table_remove(x->table, &policy.row, reason);
        remove_templates(x, &policy.row, 1, reason);
        return err;
}

/* No DELPOLICY follows the hard limit. */
static int apply_expire(struct xfrm_policies *x, const struct nlmsghdr *nlh)
{
        int hard = xfrm_parse_policy_expire_hard(nlh);

        if (hard < 0)
                return hard;
        return hard ? apply_removal(x, nlh, TABLE_EXPIRED) : apply_policy(x, nlh, TABLE_FROM_EVENT);
}

static bool policy_flushed(const void *row, const void *context)
{
        return ((const struct policy *)row)->type == *(const int *)context;
}

static bool template_flushed(const void *row, const void *context)
{
        return ((const struct policy_template *)row)->policy_type == *(const int *)context;
}

/* One message for all policies of a type. */
static int apply_flush(struct xfrm_policies *x, const struct nlmsghdr *nlh)
{
        int type = xfrm_parse_policy_flush(nlh);

        if (type < 0)
                return type;
        table_remove_matching(x->table, policy_flushed, &type, TABLE_FLUSHED);
        table_remove_matching(x->templates, template_flushed, &type, TABLE_FLUSHED);
        return 0;
}

/* It is the answer to a full read, and the event. */
static int apply_defaults(struct xfrm_policies *x, const struct nlmsghdr *nlh,
                          enum table_source source)
{
        int err;

        if (source == TABLE_FROM_DUMP && x->defaults_told)
                return 0;
        err = xfrm_parse_defaults(nlh, &x->defaults);
        if (err == 0)
                x->defaults_told = source == TABLE_FROM_EVENT;
        return err;
}

int xfrm_policies_apply(struct xfrm_policies *x, const struct nlmsghdr *nlh,
                        enum table_source source)
{
        switch (nlh->nlmsg_type) {
        case XFRM_MSG_NEWPOLICY:
        case XFRM_MSG_UPDPOLICY:
                return apply_policy(x, nlh, source);
        case XFRM_MSG_DELPOLICY:
                return apply_removal(x, nlh, TABLE_DELETED);
        case XFRM_MSG_POLEXPIRE:
                return apply_expire(x, nlh);
        case XFRM_MSG_FLUSHPOLICY:
                return apply_flush(x, nlh);
        case XFRM_MSG_GETDEFAULT:
                return apply_defaults(x, nlh, source);
        default:
                return 0;
        }
}
