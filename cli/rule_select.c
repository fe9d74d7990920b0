#include "config.h"

#include "rule_select.h"

#include "chosen.h"
#include "rule_list.h"
#include "rule_text.h"

#include <stdlib.h>

#define DEFAULT_RULE "default"

struct selection {
        const struct filter *filter;
        struct rule_list *list;
        struct chosen policies;
        struct chosen templates;
        struct chosen sas;
};

static bool is_host(const struct inet_addr *address)
{
        return address->prefix == 0 || address->prefix == 8 * inet_addr_length(address);
}

static bool takes_end(const struct filter *filter, const struct inet_addr *address)
{
        return is_host(address) && filter_takes_peer(filter, address);
}

/* By the outer ends, where there is a tunnel, or by those of its packets. */
static bool takes_ends(const struct selection *s, const struct policy *policy)
{
        const struct policy_template *t = rule_list_template(s->list, policy, NULL);

        if (takes_end(s->filter, &policy->source) || takes_end(s->filter, &policy->destination))
                return true;
        for (; t; t = rule_list_template(s->list, policy, t))
                if (takes_end(s->filter, &t->source) || takes_end(s->filter, &t->destination))
                        return true;
        return false;
}

static bool takes_peer(const struct selection *s, const struct rule *rule,
                       const struct rule_sa *sas, size_t n)
{
        if (!(s->filter->given & FILTER_PEER))
                return true;
        for (size_t i = 0; i < rule->n_policies; i++)
                if (takes_ends(s, rule->policies[i]))
                        return true;
        for (size_t i = 0; i < n; i++)
                if (filter_takes_peer(s->filter, &sas[i].sa->source) ||
                    filter_takes_peer(s->filter, &sas[i].sa->destination))
                        return true;
        return false;
}

static bool takes_spi(const struct selection *s, const struct rule_sa *sas, size_t n)
{
        if (!(s->filter->given & FILTER_SPI))
                return true;
        for (size_t i = 0; i < n; i++)
                if (filter_takes_spi(s->filter, sas[i].sa->spi))
                        return true;
        return false;
}

static bool takes_name(const struct selection *s, const struct rule *rule)
{
        for (size_t i = 0; i < rule->n_policies; i++) {
                const struct policy *p = rule->policies[i];

                if (filter_takes_name(s->filter, p->name) ||
                    filter_takes_child(s->filter, p->tunnel_policy_key, p->tunnel_child_key) ||
                    filter_takes_child(s->filter, p->configured_policy_key,
                                       p->configured_child_key))
                        return true;
        }
        return false;
}

static int choose_policy(struct selection *s, const struct policy *policy)
{
        const struct policy_template *t = rule_list_template(s->list, policy, NULL);
        int err = chosen_add(&s->policies, policy);

        for (; err == 0 && t; t = rule_list_template(s->list, policy, t))
                err = chosen_add(&s->templates, t);
        return err;
}

/* What a walk for JSON brought has SAs that no rule shows. */
static int choose_rule(struct selection *s, const struct rule *rule)
{
        const struct rule_sa *sas;
        size_t n = rule_list_sas(s->list, rule, &sas);
        int err = 0;

        if (!takes_name(s, rule) || !takes_peer(s, rule, sas, n) || !takes_spi(s, sas, n))
                return 0;
        for (size_t i = 0; err == 0 && i < rule->n_policies; i++)
                err = choose_policy(s, rule->policies[i]);
        for (size_t i = 0; err == 0 && i < n; i++)
                if (rule_uses_sa(sas[i].sa))
                        err = chosen_add(&s->sas, sas[i].sa);
        return err;
}

/* Each is emptied, whatever fails. */
static int give(struct selection *s, struct rows *const *selected)
{
        int policies = chosen_give(&s->policies, selected[RULE_POLICIES]);
        int templates = chosen_give(&s->templates, selected[RULE_TEMPLATES]);
        int sas = chosen_give(&s->sas, selected[RULE_SAS]);

        return policies < 0 ? policies : templates < 0 ? templates : sas;
}

int rule_select(const struct filter *filter, const struct rows *const *read,
                struct rows *const *selected, bool tunnels)
{
        struct selection s = { .filter = filter };
        int err, given;

        err = rule_list_new(read[RULE_POLICIES], read[RULE_TEMPLATES], read[RULE_SAS], &s.list);
        for (size_t i = 0; err == 0 && i < rule_list_count(s.list); i++) {
                const struct rule *rule = rule_list_at(s.list, i);

                if ((rule->policies[0]->kind == RULE_TUNNEL) == tunnels)
                        err = choose_rule(&s, rule);
        }
        given = give(&s, selected);
        rule_list_free(s.list);
        return err < 0 ? err : given;
}

bool rule_select_default(const struct filter *filter)
{
        return !(filter->given & (FILTER_SPI | FILTER_PEER)) &&
               filter_takes_name(filter, DEFAULT_RULE);
}

int rows_select(const struct filter *filter, const struct table_type *type, const struct rows *read,
                struct rows *selected)
{
        int err = 0;

        for (size_t i = 0; err == 0 && i < rows_count(read); i++)
                if (!filter || filter_takes_row(filter, type, rows_at(read, i)))
                        err = rows_add(selected, rows_at(read, i));
        return err;
}
