/* -host active: the rules without a tunnel, as HP's ipsec_report(1M) prints them. */
#include "config.h"

#include "rule_text.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"
#include "text.h"

#include <string.h>

static const char *const sources[] = { "xfrm", NULL };

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

/* Keys set by hand have no lifetimes, unless somebody gave them any. */
static void print_lifetimes(FILE *file, const struct policy *policy, const struct ipsec_sa *sa)
{
        if (policy->action == RULE_MANUAL_KEY && sa->hard.add_seconds == 0 && sa->hard.octets == 0)
                return;
        text_plain(file, "Lifetime Seconds: ");
        text_number(file, sa->hard.add_seconds);
        text_plain(file, "\nLifetime Kbytes: ");
        text_number(file, sa->hard.octets / 1024);
        text_plain(file, "\n");
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
                        print_lifetimes(file, policy, sa);
                print_pairs(file, sas, n);
        }
        if (verbose)
                rule_print_more(file, list, rule, now);
}

/* ---- the last rule: what happens to packets that no other fits ---- */

static const uint16_t default_members[] = {
        NEEDS(struct global_scalars, default_in),
        NEEDS(struct global_scalars, default_out),
        NEEDS(struct global_scalars, default_forward),
};

static const uint16_t xfrm_members[] = { NEEDS(struct collector_row, last_success) };

/* Before the agent has read the kernel's state nothing is known of it. */
static bool is_xfrm_read(const void *row)
{
        const struct collector_row *collector = row;

        return collector->key && strcmp(collector->key, sources[0]) == 0 &&
               collector->last_success != 0;
}

static const struct report defaults = {
        .type = &global_scalars_type,
        .members = default_members,
        .n_members = sizeof(default_members) / sizeof(default_members[0]),
};

static const struct report xfrm = {
        .type = &collector_row_type,
        .members = xfrm_members,
        .n_members = sizeof(xfrm_members) / sizeof(xfrm_members[0]),
        .is_shown = is_xfrm_read,
        .only_text = true,
};

static const struct report *const parts[] = { &rule_policies, &rule_templates, &rule_sas,
                                              &defaults,      &xfrm,           NULL };
enum { DEFAULTS = RULE_SAS + 1, XFRM };

/* A kernel that does not tell accepts. direction: DIRECTION_UNKNOWN is all of them. */
static void print_default(FILE *file, uint8_t policy, uint8_t direction)
{
        text_title(file, "Active Host Policy Rule");
        text_plain(file, "Rule Name: default Priority: 0 Cookie: 1\nAction: ");
        text_plain(file, rule_action_text(policy == DEFAULT_BLOCK ? RULE_DISCARD : RULE_PASS));
        text_plain(file, "\n");
        if (direction != DIRECTION_UNKNOWN)
                rule_print_direction(file, direction);
}

static void print_defaults(FILE *file, const struct global_scalars *global)
{
        bool blocks = global->default_out == DEFAULT_BLOCK;

        if ((global->default_in == DEFAULT_BLOCK) == blocks &&
            (global->default_forward == DEFAULT_BLOCK) == blocks) {
                print_default(file, global->default_out, DIRECTION_UNKNOWN);
                return;
        }
        print_default(file, global->default_out, DIRECTION_OUTBOUND);
        print_default(file, global->default_in, DIRECTION_INBOUND);
        print_default(file, global->default_forward, DIRECTION_FORWARD);
}

static int print_parts(FILE *file, const struct rows *const *read, const struct moment *now,
                       bool verbose)
{
        int err = rule_print_all(file, read, false, print_rule, now, verbose);

        if (err == 0 && rows_count(read[DEFAULTS]) > 0 && rows_count(read[XFRM]) > 0)
                print_defaults(file, rows_at(read[DEFAULTS], 0));
        return err;
}

const struct report report_host_active = {
        .option = "host",
        .word = "active",
        .help = "rules for packets that go into no tunnel",
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
};

/* Its word is known, its table is not served yet. */
const struct report report_host_configured = {
        .option = "host",
        .word = "configured",
        .help = "rules that the IKE daemon was given",
        .by_word = true,
};
