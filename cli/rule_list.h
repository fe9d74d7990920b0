/*
 * Policies as rules. A rule of HP-UX is for both directions; Linux has a policy for each, so those
 * that say the same of swapped ends are one rule here.
 */
#ifndef CLI_RULE_LIST_H
#define CLI_RULE_LIST_H

#include "report.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"
#include "tables/policy_template.h"

/* The members that rule_list_new() reads. */
#define RULE_POLICY_NEEDS                                                                          \
        NEEDS(struct policy, kind), NEEDS(struct policy, action), NEEDS(struct policy, direction), \
                NEEDS(struct policy, protocol), NEEDS(struct policy, source),                      \
                NEEDS(struct policy, destination), NEEDS(struct policy, source_port),              \
                NEEDS(struct policy, source_port_mask), NEEDS(struct policy, destination_port),    \
                NEEDS(struct policy, destination_port_mask), NEEDS(struct policy, priority),       \
                NEEDS(struct policy, if_index), NEEDS(struct policy, mark),                        \
                NEEDS(struct policy, mark_mask), NEEDS(struct policy, if_id),                      \
                NEEDS(struct policy, security_context)
#define RULE_TEMPLATE_NEEDS NEEDS(struct policy_template, reqid)
#define RULE_SA_NEEDS                                                                              \
        NEEDS(struct ipsec_sa, protocol), NEEDS(struct ipsec_sa, direction),                       \
                NEEDS(struct ipsec_sa, partner), NEEDS(struct ipsec_sa, policy_cookie)

/* One rule: its policies, of different directions, the one that is shown first. */
struct rule {
        const struct policy *const *policies; /* the outbound one first, then in, then forward */
        size_t n_policies;
};

/* An SA of a rule. */
struct rule_sa {
        const struct ipsec_sa *sa;
        uint8_t direction; /* as told, else the other one than its partner's */
};

struct rule_list;

/*
 * Makes rules of policies, in ascending priority, the older one first where it is the same. The
 * rows stay the caller's, and must stay. 0 or -ENOMEM.
 */
int rule_list_new(const struct rows *policies, const struct rows *templates, const struct rows *sas,
                  struct rule_list **list);
void rule_list_free(struct rule_list *list);

size_t rule_list_count(const struct rule_list *list);
const struct rule *rule_list_at(const struct rule_list *list, size_t i);

/* The policy's first template, or the one behind a template; NULL: none. */
const struct policy_template *rule_list_template(const struct rule_list *list,
                                                 const struct policy *policy,
                                                 const struct policy_template *before);

/*
 * The SAs that serve the rule, the inbound ones first, then as their indexes are. Returns how many;
 * valid until the next call.
 */
size_t rule_list_sas(struct rule_list *list, const struct rule *rule, const struct rule_sa **sas);

/* Whether an SA can be one of a rule: for struct report. */
bool rule_uses_sa(const void *row);

#endif
