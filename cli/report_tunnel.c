/* -tunnel: the rules that put packets into tunnels, as HP's ipsec_report(1M) prints them: those of
 * the kernel, and those that an IKE daemon was given and the kernel has no policy of. */
#include "config.h"

#include "configured_text.h"
#include "rule_select.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const sources[] = { "xfrm", IKE_DAEMON_NAMES, NULL };

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

/* What was negotiated stands where HP has what was proposed. */
static void print_transform(FILE *file, const struct rule_list *list, const struct rule *rule,
                            const struct rule_sa *sas, size_t n)
{
        const struct policy *policy = rule->policies[0];
        bool dynamic = policy->action == RULE_DYNAMIC_KEY;
        const struct ipsec_sa *sa =
                rule_print_transform(file, dynamic ? "Proposal 1: " : "", list, rule, sas, n);

        if (dynamic && sa)
                rule_print_lifetimes(file, policy, sa);
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
        print_transform(file, list, rule, sas, n);
        for (size_t i = 0; i < n; i++)
                print_sa(file, i + 1, &sas[i]);
        if (verbose)
                rule_print_more(file, list, rule, now);
}

/* ---- tunnels that the kernel has no policy of ---- */

/* The outer ends stand in the IKE policy. */
static const uint16_t ike_members[] = {
        NEEDS(struct ike_policy, local_addresses),
        NEEDS(struct ike_policy, remote_addresses),
};

static const struct report ike_policies = {
        .type = &ike_policy_type,
        .members = ike_members,
        .n_members = sizeof(ike_members) / sizeof(ike_members[0]),
        .only_text = true,
};

static const struct report *const parts[] = {
        &rule_policies, &rule_templates, &rule_sas, &configured_policies, &ike_policies, NULL,
};
enum { CONFIGURED_POLICIES = RULE_SAS + 1, IKE_POLICIES };

static int compare_keys(const void *left, const void *right)
{
        const struct ike_policy *a = *(const struct ike_policy *const *)left;
        const struct ike_policy *b = *(const struct ike_policy *const *)right;

        return strcmp(a->key ? a->key : "", b->key ? b->key : "");
}

/* "%any" and the like are no address: as where HP has none. */
static bool is_given(const char *addresses)
{
        return addresses && *addresses != '\0' && *addresses != '%';
}

static void print_configured_outer(FILE *file, const struct ike_policy *policy)
{
        bool source = is_given(policy->local_addresses);
        bool destination = is_given(policy->remote_addresses);

        if (source) {
                text_plain(file, "Tunnel Src IP Addr: ");
                text_string(file, policy->local_addresses);
        }
        if (destination) {
                text_plain(file, source ? " Tunnel Dst IP Addr: " : "Tunnel Dst IP Addr: ");
                text_string(file, policy->remote_addresses);
        }
        if (source || destination)
                text_plain(file, "\n");
}

static void print_configured(FILE *file, const struct configured_policy *child,
                             const struct ike_policy *policy, const struct moment *now,
                             bool verbose)
{
        text_title(file, "Tunnel Policy Rule");
        text_plain(file, "Tunnel Name: ");
        text_string(file, child->child_name);
        text_plain(file, "\n");
        if (policy)
                print_configured_outer(file, policy);
        configured_print_ends(file, child, RULE_PORTS_SET);
        if (child->action == RULE_DYNAMIC_KEY)
                text_plain(file, "State: Initial\n");
        configured_print_proposals(file, child);
        configured_print_drift(file, child);
        if (verbose)
                configured_print_more(file, child, now);
}

static const struct ike_policy *find_ike_policy(const struct ike_policy *const *sorted, size_t n,
                                                const char *policy_key)
{
        const struct ike_policy wanted = { .key = policy_key }, *key = &wanted;
        const struct ike_policy *const *found;

        found = bsearch((const void *)&key, (const void *)sorted, n, sizeof(struct ike_policy *),
                        compare_keys);
        return found ? *found : NULL;
}

/* Freed by the caller; NULL without memory. */
static const struct ike_policy **sort_ike_policies(const struct rows *policies)
{
        size_t n = rows_count(policies);
        const struct ike_policy **sorted = calloc(n + 1, sizeof(struct ike_policy *));

        for (size_t i = 0; sorted && i < n; i++)
                sorted[i] = rows_at(policies, i);
        if (sorted && n > 0)
                qsort((void *)sorted, n, sizeof(struct ike_policy *), compare_keys);
        return sorted;
}

static int print_all_configured(FILE *file, const struct rows *children,
                                const struct rows *policies, const struct moment *now, bool verbose)
{
        size_t n = rows_count(policies);
        const struct ike_policy **sorted = sort_ike_policies(policies);

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < rows_count(children); i++) {
                const struct configured_policy *child = rows_at(children, i);

                if (child->kind == RULE_TUNNEL && !child->installed)
                        print_configured(file, child,
                                         find_ike_policy((const struct ike_policy *const *)sorted,
                                                         n, child->policy_key),
                                         now, verbose);
        }
        free((void *)sorted);
        return 0;
}

static int print_parts(FILE *file, const struct rows *const *read, const struct moment *now,
                       bool verbose)
{
        int err = rule_print_all(file, read, true, print_rule, now, verbose);

        if (err == 0)
                err = print_all_configured(file, read[CONFIGURED_POLICIES], read[IKE_POLICIES], now,
                                           verbose);
        return err;
}

/* A tunnel that is only configured has no SAs; its peer is the IKE policy's. */
static int select_configured(const struct filter *filter, const struct rows *const *read,
                             struct rows *selected)
{
        const struct rows *children = read[CONFIGURED_POLICIES];
        const struct ike_policy **sorted = sort_ike_policies(read[IKE_POLICIES]);
        int err = sorted ? 0 : -ENOMEM;

        for (size_t i = 0; err == 0 && i < rows_count(children); i++) {
                const struct configured_policy *child = rows_at(children, i);
                const struct ike_policy *policy =
                        find_ike_policy((const struct ike_policy *const *)sorted,
                                        rows_count(read[IKE_POLICIES]), child->policy_key);

                if (child->kind == RULE_TUNNEL && !(filter->given & FILTER_SPI) &&
                    filter_takes_row(filter, &configured_policy_type, child) &&
                    filter_takes_peers(filter, policy ? policy->remote_addresses : NULL))
                        err = rows_add(selected, child);
        }
        free((void *)sorted);
        return err;
}

static int select_rows(const struct filter *filter, const struct rows *const *read,
                       struct rows *const *selected)
{
        int err = rule_select(filter, read, selected, true);

        if (err == 0)
                err = select_configured(filter, read, selected[CONFIGURED_POLICIES]);
        return err < 0 ? err
                       : rows_select(NULL, &ike_policy_type, read[IKE_POLICIES],
                                     selected[IKE_POLICIES]);
}

const struct report report_tunnel = {
        .option = "tunnel",
        .help = "rules that put packets into tunnels, and tunnels that are not up",
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
        .filters = FILTER_SPI | FILTER_PEER | FILTER_NAME,
        .select = select_rows,
};
