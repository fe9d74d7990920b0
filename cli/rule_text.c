#include "config.h"

#include "rule_text.h"

#include "text.h"

#include <string.h>

/* IANA's numbers of protocols. */
enum {
        ANY_PROTOCOL = 0,
        ICMP = 1,
        TCP = 6,
        UDP = 17,
        DCCP = 33,
        GRE = 47,
        ICMPV6 = 58,
        SCTP = 132,
        MOBILITY_HEADER = 135,
        UDP_LITE = 136,
};

static const struct label protocols[] = {
        { ANY_PROTOCOL, "ALL" }, { ICMP, "ICMP" }, { 2, "IGMP" },
        { 4, "IPIP" },           { TCP, "TCP" },   { UDP, "UDP" },
        { DCCP, "DCCP" },        { 41, "IPV6" },   { GRE, "GRE" },
        { 50, "ESP" },           { 51, "AH" },     { ICMPV6, "ICMPV6" },
        { 89, "OSPF" },          { 103, "PIM" },   { 108, "IPCOMP" },
        { 112, "VRRP" },         { SCTP, "SCTP" }, { MOBILITY_HEADER, "MH" },
        { UDP_LITE, "UDPLITE" }, { 0, NULL },
};

static const uint16_t policy_members[] = { RULE_TEXT_POLICY_NEEDS };

static const uint16_t template_members[] = {
        RULE_TEMPLATE_NEEDS,
        NEEDS(struct policy_template, protocol),
        NEEDS(struct policy_template, source),
        NEEDS(struct policy_template, destination),
};

static const uint16_t sa_members[] = {
        RULE_TEXT_SA_NEEDS,
        NEEDS(struct ipsec_sa, source),
        NEEDS(struct ipsec_sa, destination),
};

#define MEMBERS(array) .members = (array), .n_members = sizeof(array) / sizeof((array)[0])

const struct report rule_policies = { .type = &policy_type, MEMBERS(policy_members) };
const struct report rule_templates = { .type = &policy_template_type, MEMBERS(template_members) };
const struct report rule_sas = { .type = &ipsec_sa_type,
                                 MEMBERS(sa_members),
                                 .is_shown = rule_uses_sa };

int rule_print_all(FILE *file, const struct rows *const *parts, bool tunnels, rule_printer *print,
                   const struct moment *now, bool verbose)
{
        struct rule_list *list;
        int err =
                rule_list_new(parts[RULE_POLICIES], parts[RULE_TEMPLATES], parts[RULE_SAS], &list);

        for (size_t i = 0; err == 0 && i < rule_list_count(list); i++) {
                const struct rule *rule = rule_list_at(list, i);

                if ((rule->policies[0]->kind == RULE_TUNNEL) == tunnels)
                        print(file, list, rule, now, verbose);
        }
        rule_list_free(list);
        return err;
}

/* 0: it has no SAs. */
static uint32_t cookie_of(const struct rule *rule)
{
        for (size_t i = 0; i < rule->n_policies; i++)
                if (rule->policies[i]->cookie != 0)
                        return rule->policies[i]->cookie;
        return 0;
}

void rule_print_cookie(FILE *file, const struct rule *rule)
{
        if (cookie_of(rule) == 0)
                return;
        text_plain(file, " Cookie: ");
        text_number(file, cookie_of(rule));
}

static bool has_ports(uint8_t protocol)
{
        return protocol == ANY_PROTOCOL || protocol == TCP || protocol == UDP || protocol == SCTP ||
               protocol == DCCP || protocol == UDP_LITE;
}

bool rule_has_ports(uint8_t protocol)
{
        return has_ports(protocol);
}

static bool is_network(const struct inet_addr *address)
{
        return address->prefix > 0 && address->prefix < 8 * inet_addr_length(address);
}

static void print_port(FILE *file, uint16_t port, uint16_t mask)
{
        text_plain(file, " Port number: ");
        text_number(file, port);
        if (mask != 0 && mask != UINT16_MAX)
                fprintf(file, "/0x%04x", mask);
}

void rule_print_end(FILE *file, const struct policy *policy, enum rule_end end, bool swapped,
                    enum rule_ports ports)
{
        rule_print_address(file, end == RULE_SOURCE ? "Src IP Addr: " : "Dst IP Addr: ", policy,
                           (end == RULE_SOURCE) != swapped, ports);
}

void rule_print_address(FILE *file, const char *label, const struct policy *policy, bool source,
                        enum rule_ports ports)
{
        const struct inet_addr *address = source ? &policy->source : &policy->destination;
        uint16_t port = source ? policy->source_port : policy->destination_port;
        uint16_t mask = source ? policy->source_port_mask : policy->destination_port_mask;

        text_plain(file, label);
        text_address(file, address);
        if (is_network(address)) {
                text_plain(file, "/");
                text_number(file, address->prefix);
        }
        if (has_ports(policy->protocol) && (ports == RULE_PORTS_ALWAYS || mask != 0))
                print_port(file, port, mask);
        text_plain(file, "\n");
}

bool rule_has_keys(const struct policy *policy)
{
        return policy->action == RULE_DYNAMIC_KEY || policy->action == RULE_MANUAL_KEY;
}

/* Capitals as HP's examples have them. */
const char *rule_action_text(uint8_t action)
{
        switch (action) {
        case RULE_DYNAMIC_KEY:
                return "Dynamic key SA";
        case RULE_MANUAL_KEY:
                return "Manual Key SA";
        case RULE_PASS:
                return "Pass";
        case RULE_DISCARD:
                return "Discard";
        default:
                return "Unknown";
        }
}

void rule_print_protocol(FILE *file, uint8_t protocol)
{
        const char *name = label_of(protocols, protocol);

        if (name)
                text_plain(file, name);
        else
                text_number(file, protocol);
}

void rule_print_action(FILE *file, const struct policy *policy)
{
        text_plain(file, "Network Protocol: ");
        rule_print_protocol(file, policy->protocol);
        text_plain(file, " Action: ");
        text_plain(file, rule_action_text(policy->action));
        text_plain(file, "\n");
}

void rule_print_direction(FILE *file, uint8_t direction)
{
        text_plain(file, "Direction: ");
        text_plain(file, label_of(ipsec_directions, label_known(ipsec_directions, direction)));
        text_plain(file, "\n");
}

static const char *state_text(uint8_t state)
{
        switch (state) {
        case POLICY_READY:
                return "Ready";
        case POLICY_INITIAL:
                return "Initial";
        case POLICY_PENDING:
                return "Pending";
        case POLICY_ERROR:
                return "Error";
        default:
                return "Unknown";
        }
}

void rule_print_state(FILE *file, const struct rule *rule)
{
        text_plain(file, "State: ");
        text_plain(file, state_text(rule->policies[0]->state));
        text_plain(file, "\n");
        if (rule->policies[0]->pending_acquires == 0)
                return;
        text_plain(file, "Kernel Requests Queued: ");
        text_number(file, rule->policies[0]->pending_acquires);
        text_plain(file, "\n");
}

/* ---- what was negotiated ---- */

static bool is_newer(const struct rule_sa *sa, const struct rule_sa *than)
{
        if (!than || sa->direction != than->direction)
                return !than || sa->direction == DIRECTION_OUTBOUND;
        return sa->sa->index > than->sa->index;
}

/* The newest SA of the protocol, outbound if there is one. */
static const struct ipsec_sa *newest(const struct rule_sa *sas, size_t n, uint8_t protocol)
{
        const struct rule_sa *best = NULL;

        for (size_t i = 0; i < n; i++)
                if (sas[i].sa->protocol == protocol && is_newer(&sas[i], best))
                        best = &sas[i];
        return best ? best->sa : NULL;
}

/* "AES128" for "AES128-CBC": HP's transforms take the mode for granted. */
static void print_algorithm(FILE *file, const char *algorithm)
{
        static const char cbc[] = "-CBC";
        char name[TEXT_ESCAPED_SIZE];
        size_t length;

        if (!algorithm)
                return;
        length = text_escape(algorithm, name);
        if (length > strlen(cbc) && strcmp(name + length - strlen(cbc), cbc) == 0)
                name[length - strlen(cbc)] = '\0';
        text_plain(file, "-");
        text_plain(file, name);
}

const struct ipsec_sa *rule_print_transform(FILE *file, const char *before,
                                            const struct rule_list *list, const struct rule *rule,
                                            const struct rule_sa *sas, size_t n)
{
        const struct policy_template *template = NULL;
        const struct ipsec_sa *sa, *last = NULL;

        while ((template = rule_list_template(list, rule->policies[0], template))) {
                sa = newest(sas, n, template->protocol);
                if (!sa)
                        continue;
                text_plain(file, last ? "+" : before);
                text_plain(file, last ? "" : "Transform: ");
                sa_type_print_protocol(file, sa);
                print_algorithm(file, sa->encryption);
                print_algorithm(file, sa->authentication);
                print_algorithm(file, sa->compression);
                last = sa;
        }
        if (last)
                text_plain(file, "\n");
        return last;
}

/* Keys set by hand have no lifetimes, unless somebody gave them any. */
void rule_print_lifetimes(FILE *file, const struct policy *policy, const struct ipsec_sa *sa)
{
        if (policy->action == RULE_MANUAL_KEY && sa->hard.add_seconds == 0 && sa->hard.octets == 0)
                return;
        rule_print_limits(file, sa->hard.add_seconds, sa->hard.octets);
}

void rule_print_limits(FILE *file, uint32_t seconds, uint64_t octets)
{
        text_plain(file, "Lifetime Seconds: ");
        text_number(file, seconds);
        text_plain(file, "\nLifetime Kbytes: ");
        text_number(file, octets / 1024);
        text_plain(file, "\n");
}

/* ---- an SA ---- */

void rule_print_encryption(FILE *file, const struct ipsec_sa *sa)
{
        text_named(file, "Encryption Algorithm", sa->encryption);
}

void rule_print_authentication(FILE *file, const struct ipsec_sa *sa)
{
        text_named(file, "Authentication Algorithm", sa->authentication);
}

void rule_print_compression(FILE *file, const struct ipsec_sa *sa)
{
        text_named(file, "Compression Algorithm", sa->compression);
}

/* ---- what HP has not ---- */

/* What stands in the two fields of ports, where they are none. */
static void print_no_ports(FILE *file, const struct policy *p)
{
        if (p->protocol == GRE && (p->source_port_mask != 0 || p->destination_port_mask != 0)) {
                fprintf(file, "GRE Key: 0x%x\n",
                        (uint32_t)p->source_port << 16 | p->destination_port);
        } else if (!has_ports(p->protocol)) {
                if (p->source_port_mask != 0)
                        fprintf(file, "%s Type: %u\n",
                                p->protocol == MOBILITY_HEADER ? "MH" : "ICMP", p->source_port);
                if (p->destination_port_mask != 0)
                        fprintf(file, "ICMP Code: %u\n", p->destination_port);
        }
}

static void print_template(FILE *file, const struct policy_template *t, const struct moment *now)
{
        static const uint16_t masks[] = {
                NEEDS(struct policy_template, encryption_mask),
                NEEDS(struct policy_template, authentication_mask),
                NEEDS(struct policy_template, compression_mask),
        };
        bool all = t->encryption_mask == UINT32_MAX && t->authentication_mask == UINT32_MAX &&
                   t->compression_mask == UINT32_MAX;

        text_plain(file, "-- Template ");
        text_number(file, t->number);
        text_plain(file, " --\n");
        text_columns(file, &policy_template_type, t, now, masks,
                     all ? sizeof(masks) / sizeof(masks[0]) : 0);
}

static void print_policy(FILE *file, const struct rule_list *list, const struct policy *policy,
                         const struct moment *now)
{
        static const uint16_t told[] = {
                NEEDS(struct policy, kind),
                NEEDS(struct policy, action),
                NEEDS(struct policy, direction),
                NEEDS(struct policy, protocol),
                NEEDS(struct policy, source),
                NEEDS(struct policy, destination),
                NEEDS(struct policy, source_port),
                NEEDS(struct policy, source_port_mask),
                NEEDS(struct policy, destination_port),
                NEEDS(struct policy, destination_port_mask),
                NEEDS(struct policy, mark),
                NEEDS(struct policy, mark_mask),
                NEEDS(struct policy, cookie),
                NEEDS(struct policy, templates),
                NEEDS(struct policy, pending_acquires),
        };
        const struct policy_template *template = NULL;

        text_plain(file, "-- Policy ");
        text_number(file, policy->index);
        text_plain(file, " --\n");
        rule_print_direction(file, policy->direction);
        print_no_ports(file, policy);
        if (policy->mark_mask != 0)
                fprintf(file, "Mark: 0x%x/0x%x\n", policy->mark, policy->mark_mask);
        text_columns(file, &policy_type, policy, now, told, sizeof(told) / sizeof(told[0]));
        while ((template = rule_list_template(list, policy, template)))
                print_template(file, template, now);
}

void rule_print_more(FILE *file, const struct rule_list *list, const struct rule *rule,
                     const struct moment *now)
{
        /* HP tells what is configured there; no daemon tells that of policies in the kernel. */
        if (rule->policies[0]->action == RULE_DYNAMIC_KEY && cookie_of(rule) != 0)
                text_plain(file, "Proposal Source: negotiated\n");
        for (size_t i = 0; i < rule->n_policies; i++)
                print_policy(file, list, rule->policies[i], now);
}
