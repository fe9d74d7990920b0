#include "config.h"

#include "configured_text.h"

#include "selectors.h"
#include "text.h"

#include <string.h>

#define CONFIGURED(member) NEEDS(struct configured_policy, member)

static const uint16_t members[] = {
        CONFIGURED(child_name),
        CONFIGURED(action),
        CONFIGURED(kind),
        CONFIGURED(local_selectors),
        CONFIGURED(remote_selectors),
        CONFIGURED(priority),
        CONFIGURED(proposals),
        CONFIGURED(lifetime_seconds),
        CONFIGURED(lifetime_octets),
        CONFIGURED(installed),
        CONFIGURED(drift),
};

const struct report configured_policies = {
        .type = &configured_policy_type,
        .members = members,
        .n_members = sizeof(members) / sizeof(members[0]),
};

/* ---- protocols: one for the rule where that is the whole truth ---- */

enum { PROTOCOL_MIXED = -2, PROTOCOL_NONE = -3 };

/* The protocol of all selectors of a side: PROTOCOL_MIXED where they differ, have no number, or are
 * not all there. */
static int side_protocol(const char *selectors)
{
        struct selector selector;
        int common = PROTOCOL_NONE;

        while (selector_next(&selectors, &selector)) {
                int protocol = selector_protocol(&selector);

                if (selector_is_cut(&selector) || protocol < 0 ||
                    (common != PROTOCOL_NONE && protocol != common))
                        return PROTOCOL_MIXED;
                common = protocol;
        }
        return common == PROTOCOL_NONE ? 0 : common;
}

/* What packets must have: a side that leaves it open takes the other's. */
static int rule_protocol(const struct configured_policy *policy)
{
        int local = side_protocol(policy->local_selectors);
        int remote = side_protocol(policy->remote_selectors);

        if (local < 0 || remote < 0)
                return PROTOCOL_MIXED;
        if (local != 0 && remote != 0 && local != remote)
                return PROTOCOL_MIXED;
        return local != 0 ? local : remote;
}

static void print_protocol(FILE *file, const struct selector *selector)
{
        int protocol = selector_protocol(selector);

        if (protocol < 0)
                piece_print(file, &selector->protocol);
        else
                rule_print_protocol(file, (uint8_t)protocol);
}

/* ---- the ends ---- */

static bool has_port(const struct selector *selector, int protocol, enum rule_ports ports)
{
        if (protocol == PROTOCOL_MIXED)
                protocol = selector_protocol(selector);
        if (protocol < 0)
                return selector->port.length > 0;
        return rule_has_ports((uint8_t)protocol) &&
               (ports == RULE_PORTS_ALWAYS || selector->port.length > 0);
}

static void print_selector(FILE *file, const struct selector *selector, int protocol,
                           enum rule_ports ports)
{
        if (protocol == PROTOCOL_MIXED) {
                text_plain(file, " Protocol: ");
                print_protocol(file, selector);
        }
        if (!has_port(selector, protocol, ports))
                return;
        text_plain(file, " Port number: ");
        if (selector->port.length > 0)
                piece_print(file, &selector->port);
        else
                text_number(file, 0);
}

static void print_side(FILE *file, const char *label, const char *selectors, int protocol,
                       enum rule_ports ports)
{
        struct selector selector;

        while (selector_next(&selectors, &selector)) {
                text_plain(file, label);
                piece_print_address(file, &selector.address);
                if (!selector_is_cut(&selector))
                        print_selector(file, &selector, protocol, ports);
                text_plain(file, "\n");
        }
}

void configured_print_ends(FILE *file, const struct configured_policy *policy,
                           enum rule_ports ports)
{
        int protocol = rule_protocol(policy);

        print_side(file, "Src IP Addr: ", policy->local_selectors, protocol, ports);
        print_side(file, "Dst IP Addr: ", policy->remote_selectors, protocol, ports);
        if (protocol >= 0) {
                text_plain(file, "Network Protocol: ");
                rule_print_protocol(file, (uint8_t)protocol);
                text_plain(file, " ");
        }
        text_plain(file, "Action: ");
        text_plain(file, rule_action_text(policy->action));
        text_plain(file, "\n");
}

/* ---- proposals ---- */

static bool has_lifetimes(const struct configured_policy *policy)
{
        return policy->lifetime_seconds != 0 || policy->lifetime_octets != 0;
}

/* HP has lifetimes for each proposal; the daemons have them for all. */
void configured_print_proposals(FILE *file, const struct configured_policy *policy)
{
        const char *rest = policy->proposals;
        uint64_t number = 0;

        while (rest && *(rest += strspn(rest, ", "))) {
                const struct piece proposal = { rest, strcspn(rest, ",") };

                text_plain(file, "Proposal ");
                text_number(file, ++number);
                text_plain(file, ": Transform: ");
                piece_print(file, &proposal);
                text_plain(file, "\n");
                if (has_lifetimes(policy))
                        rule_print_limits(file, policy->lifetime_seconds, policy->lifetime_octets);
                rest += proposal.length;
        }
        if (number == 0 && has_lifetimes(policy))
                rule_print_limits(file, policy->lifetime_seconds, policy->lifetime_octets);
}

/* ---- what HP has not ---- */

void configured_print_drift(FILE *file, const struct configured_policy *policy)
{
        if (policy->drift)
                text_plain(file, "Drift: the kernel has no policy of it\n");
}

void configured_print_more(FILE *file, const struct configured_policy *policy,
                           const struct moment *now)
{
        static const uint16_t told[] = {
                CONFIGURED(child_name), CONFIGURED(action),          CONFIGURED(priority),
                CONFIGURED(proposals),  CONFIGURED(lifetime_octets), CONFIGURED(lifetime_seconds),
                CONFIGURED(installed),  CONFIGURED(drift),
        };

        text_named(file, "Installed", policy->installed ? "yes" : "no");
        text_columns(file, &configured_policy_type, policy, now, told,
                     sizeof(told) / sizeof(told[0]));
}
