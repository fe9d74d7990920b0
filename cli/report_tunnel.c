/* -tunnel: the rules that put packets into tunnels, as HP's ipsec_report(1M) prints them. */
#include "config.h"

#include "rule_text.h"
#include "text.h"

#include <string.h>

static const char *const sources[] = { "xfrm", NULL };

static const char *direction_text(uint8_t direction)
{
        switch (direction) {
        case DIRECTION_INBOUND:
                return "INBOUND";
        case DIRECTION_OUTBOUND:
                return "OUTBOUND";
        default:
                return "UNKNOWN";
        }
}

static void print_sa(FILE *file, size_t number, const struct rule_sa *found)
{
        const struct ipsec_sa *sa = found->sa;

        text_plain(file, "-- SA Number ");
        text_number(file, number);
        text_plain(file, " --\nSPI (hex): ");
        text_hex(file, sa->spi);
        text_plain(file, "\nSA Type: ");
        sa_type_print_protocol(file, sa);
        text_plain(file, "\n");
        rule_print_authentication(file, sa);
        rule_print_encryption(file, sa);
        rule_print_compression(file, sa);
        text_plain(file, "Src IP Addr: ");
        text_address(file, &sa->source);
        text_plain(file, "\nDst IP Addr: ");
        text_address(file, &sa->destination);
        text_plain(file, "\nSA direction: ");
        text_plain(file, direction_text(found->direction));
        text_plain(file, "\n");
}

static bool is_set(const struct inet_addr *address)
{
        static const uint8_t none[sizeof(address->octets)];

        return memcmp(address->octets, none, sizeof(none)) != 0;
}

/* The outer ends, where the policy has them; they stand in its first template. */
static void print_outer(FILE *file, const struct rule_list *list, const struct policy *policy,
                        bool swapped)
{
        const struct policy_template *t = rule_list_template(list, policy, NULL);
        const struct inet_addr *source, *destination;

        if (!t)
                return;
        source = swapped ? &t->destination : &t->source;
        destination = swapped ? &t->source : &t->destination;
        if (is_set(source)) {
                text_plain(file, "Tunnel Src IP Addr: ");
                text_address(file, source);
        }
        if (is_set(destination)) {
                text_plain(file, is_set(source) ? " Tunnel Dst IP Addr: " : "Tunnel Dst IP Addr: ");
                text_address(file, destination);
        }
        if (is_set(source) || is_set(destination))
                text_plain(file, "\n");
}

/* Source is this machine's end in all of HP's rules, so of an inbound policy it is the other one.
 */
static void print_rule(FILE *file, struct rule_list *list, const struct rule *rule,
                       const struct moment *now, bool verbose)
{
        const struct policy *policy = rule->policies[0];
        bool swapped = policy->direction != DIRECTION_OUTBOUND;
        const struct rule_sa *sas;
        size_t n = rule_list_sas(list, rule, &sas);

        text_title(file, "Tunnel Policy Rule");
        text_plain(file, "Tunnel Name: ");
        text_string(file, policy->name);
        rule_print_cookie(file, rule);
        text_plain(file, "\n");
        print_outer(file, list, policy, swapped);
        rule_print_end(file, policy, RULE_SOURCE, swapped, RULE_PORTS_SET);
        rule_print_end(file, policy, RULE_DESTINATION, swapped, RULE_PORTS_SET);
        rule_print_action(file, policy);
        if (policy->action == RULE_DYNAMIC_KEY)
                rule_print_state(file, rule);
        rule_print_transform(file, "", list, rule, sas, n);
        for (size_t i = 0; i < n; i++)
                print_sa(file, i + 1, &sas[i]);
        if (verbose)
                rule_print_more(file, list, rule, now);
}

static int print_parts(FILE *file, const struct rows *const *parts, const struct moment *now,
                       bool verbose)
{
        return rule_print_all(file, parts, true, print_rule, now, verbose);
}

static const struct report *const parts[] = { &rule_policies, &rule_templates, &rule_sas, NULL };

const struct report report_tunnel = {
        .option = "tunnel",
        .help = "rules that put packets into tunnels",
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
};
