/*
 * -bypass: what goes in clear text because somebody configured it so, as HP's ipsec_report(1M)
 * prints it: the addresses of interfaces without IPsec. Policies that let packets pass are in the
 * list too; where they do so with some packets only, further lines say with which.
 */
#include "config.h"

#include "rule_text.h"
#include "tables/bypass.h"
#include "tables/interface.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BYPASSES, INTERFACES };

/* On every Linux, in every network namespace. */
#define LOOPBACK 1

static const uint16_t bypass_members[] = {
        NEEDS(struct bypass, name),
        NEEDS(struct bypass, direction),
        NEEDS(struct bypass, source),
        NEEDS(struct bypass, destination),
        NEEDS(struct bypass, source_port),
        NEEDS(struct bypass, source_port_mask),
        NEEDS(struct bypass, destination_port),
        NEEDS(struct bypass, destination_port_mask),
        NEEDS(struct bypass, protocol),
        NEEDS(struct bypass, if_index),
};

static const uint16_t interface_members[] = {
        NEEDS(struct interface, name),
        NEEDS(struct interface, reasons),
};

static const char *const sources[] = { "xfrm", "interfaces", NULL };

#define MEMBERS(array) .members = (array), .n_members = sizeof(array) / sizeof((array)[0])

static const struct report bypasses_part = { .type = &bypass_type, MEMBERS(bypass_members) };
static const struct report interfaces_part = { .type = &interface_type,
                                               MEMBERS(interface_members) };

static const struct report *const parts_read[] = { &bypasses_part, &interfaces_part, NULL };

/* An address in the list: of an interface, or of a rule. */
struct record {
        struct inet_addr address; /* of a rule a network, its prefix 0 where it is one address */
        const struct interface *interface;
        const struct rule *rule;
        bool whole;  /* all of its packets pass */
        bool hidden; /* another record says the same, or more */
};

struct list {
        const struct rows *bypasses;
        const struct rows *interfaces;
        struct rows *policies; /* those that the bypasses tell of */
        struct rows *none;     /* no templates, no SAs */
        struct rule_list *rules;
        struct record *records;
        struct record **by_address;
        size_t n;
        bool verbose;
};

/* ---- the list ---- */

static struct policy policy_of(const struct bypass *b)
{
        struct policy p;

        memset(&p, 0, sizeof(p)); /* what lies between the members is compared as well */
        p.type = SPD_MAIN;
        p.index = b->number;
        p.kind = RULE_BYPASS;
        p.action = RULE_PASS;
        p.direction = b->direction;
        p.protocol = b->protocol;
        p.source = b->source;
        p.destination = b->destination;
        p.source_port = b->source_port;
        p.source_port_mask = b->source_port_mask;
        p.destination_port = b->destination_port;
        p.destination_port_mask = b->destination_port_mask;
        p.if_index = b->if_index;
        p.name = b->name;
        return p;
}

static int find_policies(struct list *l)
{
        int err = 0;

        for (size_t i = 0; err == 0 && i < rows_count(l->bypasses); i++) {
                const struct bypass *bypass = rows_at(l->bypasses, i);
                struct policy policy = policy_of(bypass);

                if (bypass->kind == BYPASS_POLICY)
                        err = rows_add(l->policies, &policy);
        }
        return err;
}

static bool is_outbound(const struct policy *policy)
{
        return policy->direction == DIRECTION_OUTBOUND;
}

static const struct inet_addr *local_side(const struct policy *policy)
{
        return is_outbound(policy) ? &policy->source : &policy->destination;
}

static const struct inet_addr *remote_side(const struct policy *policy)
{
        return is_outbound(policy) ? &policy->destination : &policy->source;
}

static bool has_direction(const struct rule *rule, uint8_t direction)
{
        for (size_t i = 0; i < rule->n_policies; i++)
                if (rule->policies[i]->direction == direction)
                        return true;
        return false;
}

static bool is_whole(const struct rule *rule)
{
        const struct policy *policy = rule->policies[0];

        return has_direction(rule, DIRECTION_OUTBOUND) && has_direction(rule, DIRECTION_INBOUND) &&
               remote_side(policy)->prefix == 0 && policy->protocol == 0 &&
               policy->source_port_mask == 0 && policy->destination_port_mask == 0 &&
               policy->if_index == 0;
}

static uint16_t settings_of(const struct interface *interface)
{
        return interface->reasons & (REASON_DISABLE_XFRM | REASON_DISABLE_POLICY);
}

/* What the loopback carries never leaves the machine, and IPsec is always off there. */
static bool is_listed(const struct list *l, const struct interface *interface)
{
        return settings_of(interface) != 0 && interface->address.type != INET_ADDR_UNKNOWN &&
               (l->verbose || interface->if_index != LOOPBACK);
}

static void add_interfaces(struct list *l)
{
        for (size_t i = 0; i < rows_count(l->interfaces); i++) {
                const struct interface *interface = rows_at(l->interfaces, i);

                if (is_listed(l, interface))
                        l->records[l->n++] = (struct record){
                                .address = interface->address,
                                .interface = interface,
                                .whole = settings_of(interface) ==
                                         (REASON_DISABLE_XFRM | REASON_DISABLE_POLICY),
                        };
        }
}

static void add_rules(struct list *l)
{
        for (size_t i = 0; i < rule_list_count(l->rules); i++) {
                const struct rule *rule = rule_list_at(l->rules, i);
                struct record *record = &l->records[l->n++];

                *record = (struct record){ .address = *local_side(rule->policies[0]),
                                           .rule = rule,
                                           .whole = is_whole(rule) };
                if (record->address.prefix == 8 * inet_addr_length(&record->address))
                        record->address.prefix = 0;
        }
}

/* Of one address, what is whole comes first, then what is first in the list. */
static int compare_records(const void *left, const void *right)
{
        const struct record *a = *(const struct record *const *)left;
        const struct record *b = *(const struct record *const *)right;
        int order = memcmp(&a->address, &b->address, sizeof(a->address));

        if (order != 0)
                return order;
        if (a->whole != b->whole)
                return a->whole ? -1 : 1;
        return a < b ? -1 : a > b;
}

/* An address all of whose packets pass is said once. */
static void hide_repetitions(struct list *l)
{
        const struct record *first = NULL;

        for (size_t i = 0; i < l->n; i++)
                l->by_address[i] = &l->records[i];
        if (l->n > 0)
                qsort((void *)l->by_address, l->n, sizeof(struct record *), compare_records);
        for (size_t i = 0; i < l->n && !l->verbose; i++) {
                struct record *record = l->by_address[i];

                if (first && first->whole &&
                    memcmp(&first->address, &record->address, sizeof(record->address)) == 0)
                        record->hidden = true;
                else
                        first = record;
        }
}

static int make_list(struct list *l)
{
        size_t room;
        int err;

        l->policies = rows_new(&policy_type);
        l->none = rows_new(&policy_type);
        if (!l->policies || !l->none)
                return -ENOMEM;
        err = find_policies(l);
        if (err == 0)
                err = rule_list_new(l->policies, l->none, l->none, &l->rules);
        if (err < 0)
                return err;
        room = rows_count(l->interfaces) + rule_list_count(l->rules) + 1;
        l->records = calloc(room, sizeof(*l->records));
        l->by_address = calloc(room, sizeof(struct record *));
        if (!l->records || !l->by_address)
                return -ENOMEM;
        add_interfaces(l);
        add_rules(l);
        hide_repetitions(l);
        return 0;
}

static void free_list(struct list *l)
{
        free((void *)l->by_address);
        free(l->records);
        rule_list_free(l->rules);
        rows_free(l->none);
        rows_free(l->policies);
}

/* ---- its lines ---- */

static void print_direction(FILE *file, uint8_t direction)
{
        text_plain(file, label_of(ipsec_directions, label_known(ipsec_directions, direction)));
}

static void print_interface_name(FILE *file, const struct list *l, uint32_t if_index)
{
        for (size_t i = 0; i < rows_count(l->interfaces); i++) {
                const struct interface *interface = rows_at(l->interfaces, i);

                if (interface->if_index != if_index)
                        continue;
                text_plain(file, "Interface Name: ");
                text_string(file, interface->name);
                text_plain(file, "\n");
                return;
        }
        text_plain(file, "If Index: "); /* the policy is for one that is gone */
        text_number(file, if_index);
        text_plain(file, "\n");
}

static void print_interface(FILE *file, const struct list *l, const struct record *record)
{
        uint16_t settings = settings_of(record->interface);

        text_plain(file, "IP Address: ");
        text_address(file, &record->address);
        text_plain(file, "\n");
        if (l->verbose || !record->whole) {
                text_plain(file, "Interface Name: ");
                text_string(file, record->interface->name);
                text_plain(file, "\n");
        }
        if (record->whole)
                return;
        text_plain(file, "Direction: ");
        print_direction(file,
                        settings == REASON_DISABLE_XFRM ? DIRECTION_OUTBOUND : DIRECTION_INBOUND);
        text_plain(file, "\n");
}

static void print_directions(FILE *file, const struct rule *rule)
{
        if (has_direction(rule, DIRECTION_OUTBOUND) && has_direction(rule, DIRECTION_INBOUND))
                return;
        for (size_t i = 0; i < rule->n_policies; i++) {
                text_plain(file, i == 0 ? "Direction: " : ", ");
                print_direction(file, rule->policies[i]->direction);
        }
        text_plain(file, "\n");
}

/* Rows of policies come first in the table, by their numbers. */
static const struct bypass *find_bypass(const struct list *l, uint32_t number)
{
        size_t low = 0, high = rows_count(l->policies);

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct bypass *bypass = rows_at(l->bypasses, middle);

                if (bypass->number == number)
                        return bypass;
                if (bypass->number < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* What -verbose adds for each policy: all that the table has. */
static void print_policies(FILE *file, const struct list *l, const struct rule *rule,
                           const struct moment *now)
{
        for (size_t i = 0; i < rule->n_policies; i++) {
                const struct bypass *bypass = find_bypass(l, rule->policies[i]->index);

                text_plain(file, "-- Policy ");
                text_number(file, rule->policies[i]->index);
                text_plain(file, " --\n");
                if (bypass)
                        text_columns(file, &bypass_type, bypass, now, NULL, 0);
        }
}

static void print_rule(FILE *file, const struct list *l, const struct record *record,
                       const struct moment *now)
{
        const struct rule *rule = record->rule;
        const struct policy *policy = rule->policies[0];
        bool out = is_outbound(policy);

        rule_print_address(file, "IP Address: ", policy, out, RULE_PORTS_SET);
        if (l->verbose || !record->whole) {
                text_plain(file, "Rule Name: ");
                text_string(file, policy->name);
                text_plain(file, "\n");
        }
        if (!record->whole) {
                rule_print_address(file, "Dst IP Addr: ", policy, !out, RULE_PORTS_SET);
                rule_print_action(file, policy);
                print_directions(file, rule);
        }
        if (policy->if_index != 0)
                print_interface_name(file, l, policy->if_index);
        if (l->verbose)
                print_policies(file, l, rule, now);
}

static int print_parts(FILE *file, const struct rows *const *parts, const struct moment *now,
                       bool verbose)
{
        struct list list = {
                .bypasses = parts[BYPASSES],
                .interfaces = parts[INTERFACES],
                .verbose = verbose,
        };
        bool begun = false;
        int err = make_list(&list);

        for (size_t i = 0; err == 0 && i < list.n; i++) {
                const struct record *record = &list.records[i];

                if (record->hidden)
                        continue;
                if (!begun)
                        text_title(file, "Configured Bypass IP List");
                begun = true;
                if (record->interface)
                        print_interface(file, &list, record);
                else
                        print_rule(file, &list, record, now);
        }
        free_list(&list);
        return err;
}

const struct report report_bypass = {
        .option = "bypass",
        .help = "what goes in clear text by configuration",
        .sources = sources,
        .parts = parts_read,
        .print_parts = print_parts,
        .filters = FILTER_NAME,
};
