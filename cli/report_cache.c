/*
 * -cache: the live flows and what happens to their packets, as HP's ipsec_report(1M) prints its
 * policy engine's cache. The agent computes it: Linux has no such cache.
 */
#include "config.h"

#include "chosen.h"
#include "rule_text.h"
#include "tables/flow.h"
#include "text.h"

/* HP numbers the default policy so. */
#define COOKIE_OF_DEFAULT 1

static const uint16_t flow_members[] = {
        NEEDS(struct flow, source),      NEEDS(struct flow, destination),
        NEEDS(struct flow, source_port), NEEDS(struct flow, destination_port),
        NEEDS(struct flow, protocol),    NEEDS(struct flow, direction),
        NEEDS(struct flow, action),      NEEDS(struct flow, policy_cookie),
        NEEDS(struct flow, policy_type), NEEDS(struct flow, sa),
};

static const uint16_t sa_members[] = {
        NEEDS(struct ipsec_sa, protocol),    NEEDS(struct ipsec_sa, mode),
        NEEDS(struct ipsec_sa, spi),         NEEDS(struct ipsec_sa, source),
        NEEDS(struct ipsec_sa, destination),
};

static const uint16_t template_members[] = {
        NEEDS(struct policy_template, protocol),
        NEEDS(struct policy_template, mode),
};

#define MEMBERS(array) .members = (array), .n_members = sizeof(array) / sizeof((array)[0])

static const char *const sources[] = { "xfrm", NULL };

/* HP has no entries for what comes protected: the SPI in the packet tells all. */
static bool is_shown(const void *row)
{
        const struct flow *flow = row;

        return flow->direction != DIRECTION_INBOUND || flow->action != FLOW_SECURE;
}

/* ---- finding, in rows as their index orders them ---- */

static const struct ipsec_sa *find_sa(const struct rows *sas, uint32_t index)
{
        size_t low = 0, high = rows_count(sas);

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct ipsec_sa *sa = rows_at(sas, middle);

                if (sa->index == index)
                        return sa;
                if (sa->index < index)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

static bool stands_before(const struct policy_template *template, const struct flow *flow)
{
        if (template->policy_type != flow->policy_type)
                return template->policy_type < flow->policy_type;
        return template->policy_index < flow->policy_cookie;
}

/* The first template of the policy that decides of the flow. */
static const struct policy_template *find_template(const struct rows *templates,
                                                   const struct flow *flow)
{
        size_t low = 0, high = rows_count(templates);
        const struct policy_template *template;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (stands_before(rows_at(templates, middle), flow))
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == rows_count(templates))
                return NULL;
        template = rows_at(templates, low);
        return template->policy_type == flow->policy_type &&
                               template->policy_index == flow->policy_cookie
                       ? template
                       : NULL;
}

/* ---- printing ---- */

static const char *direction_text(uint8_t direction)
{
        switch (direction) {
        case DIRECTION_INBOUND:
                return "inbound";
        case DIRECTION_OUTBOUND:
                return "outbound";
        case DIRECTION_FORWARD:
                return "forward";
        default:
                return "unknown";
        }
}

static const char *action_text(uint8_t action)
{
        switch (action) {
        case FLOW_SECURE:
                return "Secure";
        case FLOW_PASS:
                return "Pass";
        case FLOW_DISCARD:
                return "Discard";
        default:
                return "Unknown";
        }
}

static void print_end(FILE *file, const char *end, const struct inet_addr *address, uint16_t port)
{
        text_plain(file, end);
        text_plain(file, " IP Address: ");
        text_address(file, address);
        text_plain(file, " ");
        text_plain(file, end);
        text_plain(file, " Port number: ");
        text_number(file, port);
        text_plain(file, "\n");
}

static void print_type(FILE *file, uint8_t protocol, uint8_t mode)
{
        const struct ipsec_sa sa = { .protocol = protocol };
        bool tunnel = mode == MODE_TUNNEL || mode == MODE_BEET || mode == MODE_IPTFS;

        text_plain(file, "SA Type: ");
        sa_type_print_protocol(file, &sa);
        text_plain(file, tunnel ? "\nTunnel SA: Yes\n" : "\nTunnel SA: No\n");
}

static void print_sa(FILE *file, const struct ipsec_sa *sa)
{
        text_plain(file, "State: SA Created\n");
        print_type(file, sa->protocol, sa->mode);
        text_plain(file, "SPI (hex): ");
        text_hex(file, sa->spi);
        text_plain(file, "\nSrc IP Address: ");
        text_address(file, &sa->source);
        text_plain(file, "\nDst IP Address: ");
        text_address(file, &sa->destination);
        text_plain(file, "\n");
}

/* Of an SA that is not there yet the policy tells the type. */
static void print_protection(FILE *file, const struct flow *flow, const struct rows *sas,
                             const struct rows *templates)
{
        const struct ipsec_sa *sa = flow->sa ? find_sa(sas, flow->sa) : NULL;
        const struct policy_template *template;

        text_plain(file, "-- SA Number 1 --\n");
        if (sa) {
                print_sa(file, sa);
                return;
        }
        text_plain(file, "State: SA Being Created\n");
        template = find_template(templates, flow);
        if (template)
                print_type(file, template->protocol, template->mode);
}

static void print_flow(FILE *file, const struct flow *flow, const struct rows *const *parts)
{
        text_title(file, "Cache Policy Rule");
        text_plain(file, "Cache Policy Record: ");
        text_number(file, flow->number);
        text_plain(file, " Cookie: ");
        text_number(file, flow->policy_cookie ? flow->policy_cookie : COOKIE_OF_DEFAULT);
        text_plain(file, "\n");
        print_end(file, "Src", &flow->source, flow->source_port);
        print_end(file, "Dst", &flow->destination, flow->destination_port);
        text_plain(file, "Network Protocol: ");
        rule_print_protocol(file, flow->protocol);
        text_plain(file, " Direction: ");
        text_plain(file, direction_text(flow->direction));
        text_plain(file, "\nAction: ");
        text_plain(file, action_text(flow->action));
        text_plain(file, "\n");
        if (flow->action == FLOW_SECURE)
                print_protection(file, flow, parts[1], parts[2]);
}

/* Nobody shall take it for the kernel's word. */
static void print_more(FILE *file, const struct flow *flow, const struct moment *now)
{
        enum { N_MEMBERS = sizeof(flow_members) / sizeof(flow_members[0]) };
        uint16_t told[N_MEMBERS];
        size_t n = 0;

        for (size_t i = 0; i < N_MEMBERS; i++)
                if (flow_members[i] != NEEDS(struct flow, policy_type))
                        told[n++] = flow_members[i];
        text_columns(file, &flow_type, flow, now, told, n);
        text_plain(file, "Computed: yes\n");
}

static int print_parts(FILE *file, const struct rows *const *parts, const struct moment *now,
                       bool verbose)
{
        for (size_t i = 0; i < rows_count(parts[0]); i++) {
                print_flow(file, rows_at(parts[0], i), parts);
                if (verbose)
                        print_more(file, rows_at(parts[0], i), now);
        }
        return 0;
}

static const struct report flows_part = { .type = &flow_type,
                                          MEMBERS(flow_members),
                                          .is_shown = is_shown };
static const struct report sas_part = { .type = &ipsec_sa_type, MEMBERS(sa_members) };
static const struct report templates_part = { .type = &policy_template_type,
                                              MEMBERS(template_members) };
enum { FLOWS, SAS, TEMPLATES };

/* By its own ends, or by those of the SA that it goes through. */
static bool takes_flow(const struct filter *filter, const struct flow *flow,
                       const struct ipsec_sa *sa)
{
        if (filter->given & FILTER_SPI && (!sa || !filter_takes_spi(filter, sa->spi)))
                return false;
        if (filter_takes_peer(filter, &flow->source) ||
            filter_takes_peer(filter, &flow->destination))
                return true;
        return sa && (filter_takes_peer(filter, &sa->source) ||
                      filter_takes_peer(filter, &sa->destination));
}

static int choose_templates(struct chosen *chosen, const struct rows *templates,
                            const struct flow *flow)
{
        const struct policy_template *t = find_template(templates, flow), *end;
        int err = 0;

        if (!t)
                return 0;
        end = (const struct policy_template *)rows_at(templates, 0) + rows_count(templates);
        for (; err == 0 && t < end && t->policy_type == flow->policy_type &&
               t->policy_index == flow->policy_cookie;
             t++)
                err = chosen_add(chosen, t);
        return err;
}

static int select_rows(const struct filter *filter, const struct rows *const *read,
                       struct rows *const *selected)
{
        struct chosen sas = { 0 }, templates = { 0 };
        int err = 0, given;

        for (size_t i = 0; err == 0 && i < rows_count(read[FLOWS]); i++) {
                const struct flow *flow = rows_at(read[FLOWS], i);
                const struct ipsec_sa *sa = flow->sa ? find_sa(read[SAS], flow->sa) : NULL;

                if (!takes_flow(filter, flow, sa))
                        continue;
                err = rows_add(selected[FLOWS], flow);
                if (err == 0 && sa)
                        err = chosen_add(&sas, sa);
                if (err == 0)
                        err = choose_templates(&templates, read[TEMPLATES], flow);
        }
        given = chosen_give(&sas, selected[SAS]);
        err = err < 0 ? err : given;
        given = chosen_give(&templates, selected[TEMPLATES]);
        return err < 0 ? err : given;
}

static const struct report *const parts[] = { &flows_part, &sas_part, &templates_part, NULL };

const struct report report_cache = {
        .option = "cache",
        .help = "live flows, and what happens to their packets",
        .sources = sources,
        .on_demand = "flows",
        .parts = parts,
        .print_parts = print_parts,
        .filters = FILTER_SPI | FILTER_PEER,
        .select = select_rows,
};
