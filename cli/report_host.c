/* -host active: the rules without a tunnel, as HP's ipsec_report(1M) prints them. */
#include "config.h"

#include "default_rule.h"
#include "rule_select.h"
#include "rule_text.h"
#include "text.h"

static const char *const sources[] = { "xfrm", IKE_DAEMON_NAMES, NULL };

static void print_spi(FILE *file, const char *label, const struct ipsec_sa *sa)
{
        if (!sa)
                return;
        text_plain(file, label);
        text_hex(file, sa->spi);
        text_plain(file, "\n");
}

static void print_pair(FILE *file, const struct ipsec_sa *out, const struct ipsec_sa *in)
{
        const struct ipsec_sa *sa = out ? out : in;

        text_plain(file, "-- SA Pair --\nSA Type: ");
        sa_type_print_protocol(file, sa);
        text_plain(file, "\n");
        rule_print_encryption(file, sa);
        rule_print_authentication(file, sa);
        rule_print_compression(file, sa);
        print_spi(file, "Outbound SPI (hex): ", out);
        print_spi(file, "Inbound SPI (hex): ", in);
}

/* The other one of a pair: while a rekey goes on, an old SA names the new one, not the reverse. */
static const struct ipsec_sa *partner_of(const struct ipsec_sa *sa, const struct rule_sa *sas,
                                         size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sas[i].sa->index == sa->partner && sas[i].sa->partner == sa->index)
                        return sas[i].sa;
        return NULL;
}

/* Pairs in the order of their outbound SAs, then inbound ones and others that have no partner. */
static void print_pairs(FILE *file, const struct rule_sa *sas, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sas[i].direction == DIRECTION_OUTBOUND)
                        print_pair(file, sas[i].sa, partner_of(sas[i].sa, sas, n));
        for (size_t i = 0; i < n; i++)
                if (sas[i].direction != DIRECTION_OUTBOUND && !partner_of(sas[i].sa, sas, n))
                        print_pair(file, NULL, sas[i].sa);
}

static void print_rule(FILE *file, struct rule_list *list, const struct rule *rule,
                       const struct moment *now, bool verbose)
{
        const struct policy *policy = rule->policies[0];
        const struct rule_sa *sas;
        const struct ipsec_sa *sa;
        size_t n;

        text_title(file, "Active Host Policy Rule");
        text_plain(file, "Rule Name: ");
        text_string(file, policy->name);
        text_plain(file, " Priority: ");
        text_number(file, policy->priority);
        rule_print_cookie(file, rule);
        text_plain(file, "\n");
        rule_print_end(file, policy, RULE_SOURCE, false, RULE_PORTS_ALWAYS);
        rule_print_end(file, policy, RULE_DESTINATION, false, RULE_PORTS_ALWAYS);
        rule_print_action(file, policy);
        if (rule_has_keys(policy)) {
                rule_print_state(file, rule);
                n = rule_list_sas(list, rule, &sas);
                sa = rule_print_transform(file, "Proposal 1: ", list, rule, sas, n);
                if (sa)
                        rule_print_lifetimes(file, policy, sa);
                print_pairs(file, sas, n);
        }
        if (verbose)
                rule_print_more(file, list, rule, now);
}

static const struct report *const parts[] = {
        &rule_policies,       &rule_templates,          &rule_sas,
        &default_rule_global, &default_rule_collectors, NULL,
};
enum { DEFAULTS = RULE_SAS + 1, COLLECTORS };

static int print_parts(FILE *file, const struct rows *const *read, const struct moment *now,
                       bool verbose)
{
        int err = rule_print_all(file, read, false, print_rule, now, verbose);

        if (err == 0)
                default_rule_print(file, read[DEFAULTS], read[COLLECTORS],
                                   "Active Host Policy Rule", " Cookie: 1");
        return err;
}

static int select_rows(const struct filter *filter, const struct rows *const *read,
                       struct rows *const *selected)
{
        int err = rule_select(filter, read, selected, false);

        return err < 0 ? err : default_rule_select(filter, read, selected, DEFAULTS, COLLECTORS);
}

const struct report report_host_active = {
        .option = "host",
        .word = "active",
        .help = "rules for packets that go into no tunnel",
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
        .filters = FILTER_SPI | FILTER_PEER | FILTER_NAME,
        .select = select_rows,
};
