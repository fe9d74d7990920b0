/*
 * -host configured: what the IKE daemons were given to be protected between its own ends, passed or
 * discarded, as HP's ipsec_report(1M) prints it. What goes into a tunnel is -tunnel's.
 */
#include "config.h"

#include "configured_text.h"
#include "default_rule.h"
#include "rule_select.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TITLE "Configured Host Policy Rule"

static const char *const sources[] = { IKE_DAEMON_NAMES, SOURCE_ANY_DAEMON, "xfrm", NULL };

/* The kernel's policies, for the priority that a daemon chose by itself. */
static const uint16_t policy_members[] = {
        NEEDS(struct policy, priority),
        NEEDS(struct policy, configured_policy_key),
        NEEDS(struct policy, configured_child_key),
};

static bool is_of_child(const void *row)
{
        const struct policy *policy = row;

        return policy->configured_policy_key && policy->configured_child_key;
}

static const struct report policies = {
        .type = &policy_type,
        .members = policy_members,
        .n_members = sizeof(policy_members) / sizeof(policy_members[0]),
        .is_shown = is_of_child,
        .only_text = true,
};

static const struct report *const parts[] = {
        &configured_policies, &policies, &default_rule_global, &default_rule_collectors, NULL,
};
enum { CONFIGURED_POLICIES, POLICIES, DEFAULTS, COLLECTORS };

/* ---- priorities ---- */

static int compare_numbers(uint32_t a, uint32_t b)
{
        return a < b ? -1 : a > b;
}

static int compare_texts(const char *a, const char *b)
{
        return strcmp(a ? a : "", b ? b : "");
}

static int compare_child(const struct policy *policy, const char *policy_key, const char *child_key)
{
        int order = compare_texts(policy->configured_policy_key, policy_key);

        return order != 0 ? order : compare_texts(policy->configured_child_key, child_key);
}

static int compare_policies(const void *left, const void *right)
{
        const struct policy *a = *(const struct policy *const *)left;
        const struct policy *b = *(const struct policy *const *)right;
        int order = compare_child(a, b->configured_policy_key, b->configured_child_key);

        return order != 0 ? order : compare_numbers(a->priority, b->priority);
}

/* The first of the child's policies, which come in ascending priority; NULL: it has none. */
static const struct policy *find_policy(const struct policy *const *sorted, size_t n,
                                        const struct configured_policy *child)
{
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare_child(sorted[middle], child->policy_key, child->child_key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == n || compare_child(sorted[low], child->policy_key, child->child_key) != 0)
                return NULL;
        return sorted[low];
}

/* A rule to be shown. */
struct entry {
        const struct configured_policy *child;
        uint32_t priority;
        bool has_priority;
        size_t number; /* as the table has it */
};

static int compare_entries(const void *left, const void *right)
{
        const struct entry *a = left, *b = right;

        if (a->has_priority != b->has_priority)
                return a->has_priority ? -1 : 1;
        if (a->priority != b->priority)
                return compare_numbers(a->priority, b->priority);
        return a->number < b->number ? -1 : 1;
}

static void set_priority(struct entry *entry, const struct policy *const *sorted, size_t n)
{
        const struct policy *policy = find_policy(sorted, n, entry->child);

        entry->priority = policy ? policy->priority : entry->child->priority;
        entry->has_priority = policy || entry->child->priority != 0;
}

static size_t make_entries(const struct rows *const *read, const struct policy **sorted,
                           struct entry *entries)
{
        size_t n_policies = rows_count(read[POLICIES]), n = 0;

        for (size_t i = 0; i < n_policies; i++)
                sorted[i] = rows_at(read[POLICIES], i);
        if (n_policies > 0)
                qsort((void *)sorted, n_policies, sizeof(struct policy *), compare_policies);
        for (size_t i = 0; i < rows_count(read[CONFIGURED_POLICIES]); i++) {
                const struct configured_policy *child = rows_at(read[CONFIGURED_POLICIES], i);

                if (child->kind == RULE_TUNNEL)
                        continue;
                entries[n] = (struct entry){ .child = child, .number = i };
                set_priority(&entries[n++], (const struct policy *const *)sorted, n_policies);
        }
        if (n > 0)
                qsort(entries, n, sizeof(*entries), compare_entries);
        return n;
}

/* ---- printing ---- */

/* The priority that the daemon chooses is told by the kernel's policies: without any it is not. */
static void print_rule(FILE *file, const struct entry *entry, const struct moment *now,
                       bool verbose)
{
        const struct configured_policy *child = entry->child;

        text_title(file, TITLE);
        text_plain(file, "Rule Name: ");
        text_string(file, child->child_name);
        if (entry->has_priority) {
                text_plain(file, " Priority: ");
                text_number(file, entry->priority);
        }
        text_plain(file, "\n");
        configured_print_ends(file, child, RULE_PORTS_ALWAYS);
        configured_print_proposals(file, child);
        configured_print_drift(file, child);
        if (verbose)
                configured_print_more(file, child, now);
}

/* The kernel's default policies end what a daemon has configured: without a daemon there is
 * nothing to end. */
static bool any_daemon(const struct rows *collectors)
{
        for (uint8_t daemon = 1; daemon <= IKE_DAEMONS; daemon++)
                if (default_rule_has_read(collectors, ike_daemon_name(daemon)))
                        return true;
        return false;
}

static int print_parts(FILE *file, const struct rows *const *read, const struct moment *now,
                       bool verbose)
{
        const struct policy **sorted =
                calloc(rows_count(read[POLICIES]) + 1, sizeof(struct policy *));
        struct entry *entries = calloc(rows_count(read[CONFIGURED_POLICIES]) + 1, sizeof(*entries));
        int err = sorted && entries ? 0 : -ENOMEM;

        if (err == 0) {
                size_t n = make_entries(read, sorted, entries);

                for (size_t i = 0; i < n; i++)
                        print_rule(file, &entries[i], now, verbose);
                if (any_daemon(read[COLLECTORS]))
                        default_rule_print(file, read[DEFAULTS], read[COLLECTORS], TITLE, "");
        }
        free((void *)sorted);
        free(entries);
        return err;
}

/* All policies stay: they tell priorities, and are printed in no other way. */
static int select_rows(const struct filter *filter, const struct rows *const *read,
                       struct rows *const *selected)
{
        const struct rows *children = read[CONFIGURED_POLICIES];
        int err = rows_select(NULL, &policy_type, read[POLICIES], selected[POLICIES]);

        for (size_t i = 0; err == 0 && i < rows_count(children); i++) {
                const struct configured_policy *child = rows_at(children, i);

                if (child->kind != RULE_TUNNEL &&
                    filter_takes_row(filter, &configured_policy_type, child))
                        err = rows_add(selected[CONFIGURED_POLICIES], child);
        }
        return err < 0 ? err : default_rule_select(filter, read, selected, DEFAULTS, COLLECTORS);
}

const struct report report_host_configured = {
        .option = "host",
        .word = "configured",
        .help = "rules that the IKE daemons were given",
        .by_word = true,
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
        .filters = FILTER_NAME,
        .select = select_rows,
};
