#include "config.h"

#include "rule_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the policies of a rule have in common, seen from this machine's end. No padding. */
struct key {
        uint32_t mark; /* the first three may differ where policies ask for the same SAs */
        uint32_t mark_mask;
        uint32_t if_id;
        uint32_t if_index;
        uint16_t ports[2]; /* here, there */
        uint16_t port_masks[2];
        uint8_t type;
        uint8_t kind;
        uint8_t action;
        uint8_t protocol;
        struct inet_addr ends[2];
};

struct entry {
        struct key key;
        const char *security_context;
        const struct policy *policy;
        uint32_t reqid; /* of its first template */
        size_t rule;    /* number of its rule */
};

struct rule_list {
        const struct rows *templates; /* in the order of their index */
        const struct rows *sas;       /* the same */
        const struct ipsec_sa **by_cookie;
        const struct policy **policies; /* of all rules, one after another */
        struct rule *rules;
        size_t n;
        struct rule_sa *found; /* what rule_list_sas() gives */
        size_t n_found;
};

static void make_entry(const struct rule_list *list, const struct policy *p, struct entry *entry)
{
        const struct policy_template *template = rule_list_template(list, p, NULL);
        size_t here = p->direction == DIRECTION_OUTBOUND ? 0 : 1, there = 1 - here;
        struct key *key = &entry->key;

        memset(key, 0, sizeof(*key));
        key->mark = p->mark;
        key->mark_mask = p->mark_mask;
        key->if_id = p->if_id;
        key->if_index = p->if_index;
        key->type = p->type;
        key->kind = p->kind;
        key->action = p->action;
        key->protocol = p->protocol;
        key->ends[here] = p->source;
        key->ends[there] = p->destination;
        if (policy_has_type_and_code(p)) { /* the same both ways */
                here = 0;
                there = 1;
        }
        key->ports[here] = p->source_port;
        key->ports[there] = p->destination_port;
        key->port_masks[here] = p->source_port_mask;
        key->port_masks[there] = p->destination_port_mask;
        entry->security_context = p->security_context;
        entry->policy = p;
        entry->reqid = template ? template->reqid : 0;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
        return a < b ? -1 : a > b;
}

static int compare_contexts(const struct entry *a, const struct entry *b)
{
        if (a->security_context == b->security_context)
                return 0;
        return strcmp(a->security_context ? a->security_context : "",
                      b->security_context ? b->security_context : "");
}

static int compare_keys(const struct entry *a, const struct entry *b)
{
        int order = memcmp(&a->key, &b->key, sizeof(a->key));

        return order != 0 ? order : compare_contexts(a, b);
}

/* An IKE daemon gives the policies of one child one reqid, but may give them different marks. */
static int compare_children(const struct entry *a, const struct entry *b)
{
        size_t from = offsetof(struct key, if_index);
        int order = compare_numbers(a->reqid, b->reqid);

        if (order == 0)
                order = memcmp((const char *)&a->key + from, (const char *)&b->key + from,
                               sizeof(a->key) - from);
        return order != 0 ? order : compare_contexts(a, b);
}

/* The order in which policies of one rule are shown. */
static uint32_t rank(const struct policy *policy)
{
        switch (policy->direction) {
        case DIRECTION_OUTBOUND:
                return 0;
        case DIRECTION_INBOUND:
                return 1;
        default:
                return 2;
        }
}

static int compare_entries(const void *left, const void *right)
{
        const struct entry *a = left, *b = right;
        int order = compare_keys(a, b);

        if (order == 0)
                order = compare_numbers(rank(a->policy), rank(b->policy));
        return order != 0 ? order : compare_numbers(a->policy->index, b->policy->index);
}

static int compare_rules(const void *left, const void *right)
{
        const struct policy *a = ((const struct rule *)left)->policies[0];
        const struct policy *b = ((const struct rule *)right)->policies[0];

        if (a->priority != b->priority)
                return compare_numbers(a->priority, b->priority);
        if (a->index != b->index)
                return compare_numbers(a->index, b->index);
        return compare_numbers(a->type, b->type);
}

/* Rules that may be the halves of one. */
static int compare_halves(const void *left, const void *right)
{
        const struct entry *a = *(const struct entry *const *)left;
        const struct entry *b = *(const struct entry *const *)right;
        int order = compare_children(a, b);

        if (order == 0)
                order = compare_numbers(rank(a->policy), rank(b->policy));
        return order != 0 ? order : compare_numbers(a->policy->index, b->policy->index);
}

static int compare_numbered(const void *left, const void *right)
{
        const struct entry *a = left, *b = right;

        if (a->rule != b->rule)
                return a->rule < b->rule ? -1 : 1;
        return compare_numbers(rank(a->policy), rank(b->policy));
}

/* Two policies of one direction are never one rule. */
static void number_by_key(struct entry *entries, size_t n)
{
        qsort(entries, n, sizeof(*entries), compare_entries);
        for (size_t i = 0; i < n; i++) {
                bool same = i > 0 && compare_keys(&entries[i - 1], &entries[i]) == 0 &&
                            rank(entries[i - 1].policy) != rank(entries[i].policy);

                entries[i].rule = same ? entries[i - 1].rule : i;
        }
}

static bool is_half(const struct entry *entries, size_t n, size_t i)
{
        if (entries[i].rule != i || entries[i].reqid == 0)
                return false;
        return rank(entries[i].policy) > 0 || i + 1 == n || entries[i + 1].rule != i;
}

/* An outbound policy without a twin, and others without an outbound one, that ask for the same. */
static int join_halves(struct entry *entries, size_t n)
{
        struct entry **halves = calloc(n + 1, sizeof(*halves));
        size_t n_halves = 0;

        if (!halves)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (is_half(entries, n, i))
                        halves[n_halves++] = &entries[i];
        if (n_halves > 0)
                qsort((void *)halves, n_halves, sizeof(struct entry *), compare_halves);
        for (size_t i = 1; i < n_halves; i++) {
                struct entry *out = halves[i - 1], *end = entries + n;
                size_t number;

                if (rank(out->policy) > 0 || rank(halves[i]->policy) == 0 ||
                    compare_children(out, halves[i]) != 0)
                        continue;
                number = halves[i]->rule;
                for (struct entry *e = halves[i]; e < end && e->rule == number; e++)
                        e->rule = out->rule;
        }
        free((void *)halves);
        return 0;
}

static void make_rules(struct rule_list *list, struct entry *entries, size_t n)
{
        qsort(entries, n, sizeof(*entries), compare_numbered);
        for (size_t i = 0; i < n; i++) {
                list->policies[i] = entries[i].policy;
                if (i > 0 && entries[i].rule == entries[i - 1].rule)
                        list->rules[list->n - 1].n_policies++;
                else
                        list->rules[list->n++] = (struct rule){ &list->policies[i], 1 };
        }
        if (list->n > 0)
                qsort(list->rules, list->n, sizeof(*list->rules), compare_rules);
}

static int find_rules(struct rule_list *list, const struct rows *policies)
{
        size_t n = rows_count(policies);
        struct entry *entries = calloc(n + 1, sizeof(*entries));
        int err = -ENOMEM;

        list->rules = calloc(n + 1, sizeof(*list->rules));
        list->policies = calloc(n + 1, sizeof(*list->policies));
        if (entries && list->rules && list->policies) {
                for (size_t i = 0; i < n; i++)
                        make_entry(list, rows_at(policies, i), &entries[i]);
                number_by_key(entries, n);
                err = join_halves(entries, n);
        }
        if (err == 0)
                make_rules(list, entries, n);
        free(entries);
        return err;
}

static int compare_cookies(const void *left, const void *right)
{
        const struct ipsec_sa *a = *(const struct ipsec_sa *const *)left;
        const struct ipsec_sa *b = *(const struct ipsec_sa *const *)right;

        if (a->policy_cookie != b->policy_cookie)
                return compare_numbers(a->policy_cookie, b->policy_cookie);
        return compare_numbers(a->index, b->index);
}

static int sort_sas(struct rule_list *list)
{
        size_t n = rows_count(list->sas);

        list->by_cookie = calloc(n + 1, sizeof(struct ipsec_sa *));
        /* At the most each SA is found with its partner. */
        list->found = calloc(2 * n + 1, sizeof(*list->found));
        if (!list->by_cookie || !list->found)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                list->by_cookie[i] = rows_at(list->sas, i);
        qsort((void *)list->by_cookie, n, sizeof(struct ipsec_sa *), compare_cookies);
        return 0;
}

int rule_list_new(const struct rows *policies, const struct rows *templates, const struct rows *sas,
                  struct rule_list **result)
{
        struct rule_list *list = calloc(1, sizeof(*list));
        int err;

        *result = NULL;
        if (!list)
                return -ENOMEM;
        list->templates = templates;
        list->sas = sas;
        err = find_rules(list, policies);
        if (err == 0)
                err = sort_sas(list);
        if (err == 0)
                *result = list;
        else
                rule_list_free(list);
        return err;
}

void rule_list_free(struct rule_list *list)
{
        if (!list)
                return;
        free((void *)list->by_cookie);
        free((void *)list->policies);
        free(list->rules);
        free(list->found);
        free(list);
}

size_t rule_list_count(const struct rule_list *list)
{
        return list->n;
}

const struct rule *rule_list_at(const struct rule_list *list, size_t i)
{
        return &list->rules[i];
}

static int compare_template(const struct policy_template *t, const struct policy *policy,
                            uint32_t number)
{
        if (t->policy_type != policy->type)
                return compare_numbers(t->policy_type, policy->type);
        if (t->policy_index != policy->index)
                return compare_numbers(t->policy_index, policy->index);
        return compare_numbers(t->number, number);
}

const struct policy_template *rule_list_template(const struct rule_list *list,
                                                 const struct policy *policy,
                                                 const struct policy_template *before)
{
        size_t low = 0, high = rows_count(list->templates);
        const struct policy_template *t;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare_template(rows_at(list->templates, middle), policy,
                                     before ? before->number + 1 : 0) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == rows_count(list->templates))
                return NULL;
        t = rows_at(list->templates, low);
        return t->policy_type == policy->type && t->policy_index == policy->index ? t : NULL;
}

static const struct ipsec_sa *find_sa(const struct rule_list *list, uint32_t index)
{
        size_t low = 0, high = rows_count(list->sas);

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct ipsec_sa *sa = rows_at(list->sas, middle);

                if (sa->index == index)
                        return sa;
                if (sa->index < index)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

static uint8_t opposite(uint8_t direction)
{
        switch (direction) {
        case DIRECTION_INBOUND:
                return DIRECTION_OUTBOUND;
        case DIRECTION_OUTBOUND:
                return DIRECTION_INBOUND;
        default:
                return DIRECTION_UNKNOWN;
        }
}

static void add_found(struct rule_list *list, const struct ipsec_sa *sa, uint8_t otherwise)
{
        uint8_t direction = sa->direction;

        if (direction != DIRECTION_INBOUND && direction != DIRECTION_OUTBOUND)
                direction = otherwise;
        list->found[list->n_found++] = (struct rule_sa){ sa, direction };
}

/* A partner that no policy claims, as where there is an outbound policy only, comes with its SA. */
static void add_served(struct rule_list *list, const struct ipsec_sa *sa)
{
        const struct ipsec_sa *partner = find_sa(list, sa->partner);

        add_found(list, sa, opposite(partner ? partner->direction : DIRECTION_UNKNOWN));
        if (partner && partner->policy_cookie == 0 && partner->partner == sa->index)
                add_found(list, partner, opposite(sa->direction));
}

static void add_of_policy(struct rule_list *list, const struct policy *policy)
{
        size_t n = rows_count(list->sas), low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (list->by_cookie[middle]->policy_cookie < policy->index)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < n && list->by_cookie[low]->policy_cookie == policy->index; low++)
                add_served(list, list->by_cookie[low]);
}

/* DIRECTION_INBOUND is the least. */
static int compare_found(const void *left, const void *right)
{
        const struct rule_sa *a = left, *b = right;

        if (a->direction != b->direction)
                return compare_numbers(a->direction, b->direction);
        return compare_numbers(a->sa->index, b->sa->index);
}

size_t rule_list_sas(struct rule_list *list, const struct rule *rule, const struct rule_sa **sas)
{
        list->n_found = 0;
        for (size_t i = 0; i < rule->n_policies; i++)
                add_of_policy(list, rule->policies[i]);
        if (list->n_found > 0)
                qsort(list->found, list->n_found, sizeof(*list->found), compare_found);
        *sas = list->found;
        return list->n_found;
}

bool rule_uses_sa(const void *row)
{
        const struct ipsec_sa *sa = row;

        return sa->protocol != PROTOCOL_IPIP && sa->protocol != PROTOCOL_IPV6 &&
               (sa->policy_cookie != 0 || sa->partner != 0);
}
