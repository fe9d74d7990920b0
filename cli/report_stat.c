/* -stat: what there is and what went through, then the kernel's counters of packets that IPsec
 * dropped. HP has no such report; the manner is HP's. */
#include "report.h"
#include "tables/global_scalars.h"
#include "tables/xfrm_stat.h"
#include "text.h"

#include <string.h>

#define GLOBAL(member) NEEDS(struct global_scalars, member)

static const uint16_t sas_now[] = {
        GLOBAL(rows.sas_larval),
        GLOBAL(rows.sas_mature),
        GLOBAL(rows.sas_dying),
        GLOBAL(rows.sas_dead),
        GLOBAL(rows.sas_inbound),
        GLOBAL(rows.sas_outbound),
        GLOBAL(rows.sas_of_unknown_direction),
};

static const uint16_t policies_now[] = {
        GLOBAL(rows.policies_in), GLOBAL(rows.policies_out), GLOBAL(rows.policies_forward),
        GLOBAL(default_in),       GLOBAL(default_out),       GLOBAL(default_forward),
};

static const uint16_t ike_now[] = {
        GLOBAL(ike.sas_established),
        GLOBAL(ike.sas_half_open),
        GLOBAL(ike.sas_rekeying),
};

static const uint16_t tunnels_now[] = {
        GLOBAL(ike.tunnels_configured),     GLOBAL(ike.tunnels_up),
        GLOBAL(ike.tunnels_rekeying),       GLOBAL(ike.tunnels_down),
        GLOBAL(ike.tunnels_idle),           GLOBAL(ike.tunnels_connecting),
        GLOBAL(ike.tunnels_not_configured),
};

static const uint16_t ike_totals[] = {
        GLOBAL(ike.sa_ups),
        GLOBAL(ike.sa_losses),
        GLOBAL(ike.sa_rekeys),
        GLOBAL(ike.child_rekeys),
        GLOBAL(ike.authentication_failures),
};

static const uint16_t kernel_counts[] = {
        GLOBAL(sad_size),         GLOBAL(sad_hash_buckets), GLOBAL(sad_hash_maximum),
        GLOBAL(spd_in),           GLOBAL(spd_out),          GLOBAL(spd_forward),
        GLOBAL(spd_socket_in),    GLOBAL(spd_socket_out),   GLOBAL(spd_socket_forward),
        GLOBAL(spd_hash_buckets), GLOBAL(spd_hash_maximum),
};

static const uint16_t traffic[] = {
        GLOBAL(totals.octets_in),
        GLOBAL(totals.octets_out),
        GLOBAL(totals.packets_in),
        GLOBAL(totals.packets_out),
};

static const uint16_t lives[] = {
        GLOBAL(totals.sas_created),       GLOBAL(totals.sas_removed),
        GLOBAL(totals.sas_soft_expired),  GLOBAL(totals.sas_hard_expired),
        GLOBAL(totals.sas_counted_short),
};

static const uint16_t failures[] = {
        GLOBAL(ike.negotiation_failures),
        GLOBAL(totals.integrity_failures),
        GLOBAL(totals.replay_failures),
        GLOBAL(totals.no_sa_drops),
        GLOBAL(discontinuity),
};

#define GROUP(text, array)                                                                         \
        {                                                                                          \
                .title = (text), .members = (array), .n = sizeof(array) / sizeof((array)[0])       \
        }

#define OPTIONAL(text, array)                                                                      \
        {                                                                                          \
                .title = (text), .members = (array), .n = sizeof(array) / sizeof((array)[0]),      \
                .optional = true                                                                   \
        }

static const struct group {
        const char *title;
        const uint16_t *members;
        size_t n;
        bool optional; /* of IKE: without a daemon, and where nothing ever was, nothing is told */
} groups[] = {
        GROUP("SAs Now", sas_now),         GROUP("Policies Now", policies_now),
        OPTIONAL("IKE SAs Now", ike_now),  OPTIONAL("Tunnels Now", tunnels_now),
        GROUP("Kernel", kernel_counts),    GROUP("Total Traffic", traffic),
        GROUP("Total SAs", lives),         OPTIONAL("Total IKE", ike_totals),
        GROUP("Total Failures", failures),
};

static const uint16_t stat_members[] = {
        NEEDS(struct xfrm_stat, name),
        NEEDS(struct xfrm_stat, packets),
};

enum { N_STAT_MEMBERS = sizeof(stat_members) / sizeof(stat_members[0]) };

static const char *const sources[] = { "xfrm", "statistics", NULL };

static size_t size_of(uint16_t member)
{
        for (size_t i = 0; i < global_scalars_type.n_columns; i++)
                if (global_scalars_type.columns[i].offset == member)
                        return global_scalars_type.columns[i].size;
        return 0;
}

static bool has_any(const struct group *group, const void *row)
{
        static const uint8_t zero[sizeof(uint64_t)];

        for (size_t i = 0; i < group->n; i++)
                if (memcmp((const char *)row + group->members[i], zero,
                           size_of(group->members[i])) != 0)
                        return true;
        return false;
}

static void print_group(FILE *file, const struct group *group, const void *row,
                        const struct moment *now)
{
        if (group->optional && !has_any(group, row))
                return;
        text_plain(file, "--- ");
        text_plain(file, group->title);
        text_plain(file, " ---\n");
        for (size_t i = 0; i < group->n; i++)
                text_member(file, &global_scalars_type, row, now, group->members[i]);
}

static void print_global(FILE *file, const void *row, const struct moment *now)
{
        text_title(file, "IPsec Statistics");
        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
                print_group(file, &groups[i], row, now);
}

static void print_stat(FILE *file, const struct xfrm_stat *stat, const struct moment *now,
                       bool verbose)
{
        text_string(file, stat->name);
        text_plain(file, ": ");
        text_number(file, stat->packets);
        text_plain(file, "\n");
        if (verbose)
                text_columns(file, &xfrm_stat_type, stat, now, stat_members, N_STAT_MEMBERS);
}

/* What grew, in the words of the totals above. */
static void print_rates(FILE *file, const struct global_scalars *global, const struct look *look)
{
        static const struct {
                const char *label;
                size_t member;
        } lines[] = {
                { "Octets In/s: ", offsetof(struct global_scalars, totals.octets_in) },
                { "Octets Out/s: ", offsetof(struct global_scalars, totals.octets_out) },
                { "Packets In/s: ", offsetof(struct global_scalars, totals.packets_in) },
                { "Packets Out/s: ", offsetof(struct global_scalars, totals.packets_out) },
        };
        const struct global_scalars *before;

        if (!look->rates || !look->before || rows_count(look->before[0]) == 0)
                return;
        before = rows_at(look->before[0], 0);
        text_plain(file, "--- Rates ---\n");
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                struct rate rate;
                uint64_t was, is;

                memcpy(&was, (const char *)before + lines[i].member, sizeof(was));
                memcpy(&is, (const char *)global + lines[i].member, sizeof(is));
                rate = look_rate(look, was, before->discontinuity, is, global->discontinuity);
                if (rate.known)
                        fprintf(file, "%s%.1f\n", lines[i].label, rate.value);
        }
}

static int print_look(FILE *file, const struct rows *const *read, const struct moment *now,
                      bool verbose, const struct look *look)
{
        const struct rows *global = read[0], *stats = read[1];

        if (rows_count(global) > 0) {
                print_global(file, rows_at(global, 0), now);
                print_rates(file, rows_at(global, 0), look);
        }
        if (rows_count(stats) > 0)
                text_title(file, "XFRM Statistics");
        for (size_t i = 0; i < rows_count(stats); i++)
                print_stat(file, rows_at(stats, i), now, verbose);
        return 0;
}

/* All of it, since nearly all is printed. */
static const struct report global_part = { .type = &global_scalars_type };
static const struct report stat_part = {
        .type = &xfrm_stat_type,
        .members = stat_members,
        .n_members = N_STAT_MEMBERS,
};

static const struct report *const parts[] = { &global_part, &stat_part, NULL };

const struct report report_stat = {
        .option = "stat",
        .help = "totals, and packets that the kernel's IPsec dropped, by cause",
        .beside_all = true,
        .sources = sources,
        .parts = parts,
        .print_look = print_look,
};
