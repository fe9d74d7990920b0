/* -stat: the kernel's counters of packets that IPsec dropped. HP has no such report; the manner is
 * HP's. */
#include "report.h"
#include "tables/xfrm_stat.h"
#include "text.h"

static const uint16_t members[] = {
        NEEDS(struct xfrm_stat, name),
        NEEDS(struct xfrm_stat, packets),
};

static const char *const sources[] = { "statistics", NULL };

static void print(FILE *file, const void *row, const struct moment *now)
{
        const struct xfrm_stat *stat = row;

        (void)now;
        text_string(file, stat->name);
        text_plain(file, ": ");
        text_number(file, stat->packets);
        text_plain(file, "\n");
}

const struct report report_stat = {
        .option = "stat",
        .help = "packets that the kernel's IPsec dropped, by cause",
        .beside_all = true,
        .title = "XFRM Statistics",
        .type = &xfrm_stat_type,
        .members = members,
        .n_members = sizeof(members) / sizeof(members[0]),
        .sources = sources,
        .print = print,
};
