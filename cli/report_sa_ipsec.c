/* -sa ipsec: the kernel's SAs, as HP's ipsec_report(1M) prints them. */
#include "report.h"
#include "sa_type.h"
#include "text.h"

#include <string.h>

static const uint16_t members[] = {
        SA_TYPE_NEEDS,
        NEEDS(struct ipsec_sa, spi),
        NEEDS(struct ipsec_sa, state),
        NEEDS(struct ipsec_sa, source),
        NEEDS(struct ipsec_sa, destination),
        NEEDS(struct ipsec_sa, octets),
        NEEDS(struct ipsec_sa, add_time),
        NEEDS(struct ipsec_sa, use_time),
        NEEDS(struct ipsec_sa, hard.octets),
        NEEDS(struct ipsec_sa, hard.add_seconds),
        NEEDS(struct ipsec_sa, hard.use_seconds),
        NEEDS(struct ipsec_sa, soft.octets),
        NEEDS(struct ipsec_sa, soft.add_seconds),
        NEEDS(struct ipsec_sa, soft.use_seconds),
};

enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

static const char *const sources[] = { "xfrm", NULL };

/* The SAs that the kernel makes below IPComp, by itself, are no SAs of IPsec. */
static bool is_shown(const void *row)
{
        const struct ipsec_sa *sa = row;

        return sa->protocol != PROTOCOL_IPIP && sa->protocol != PROTOCOL_IPV6;
}

/* HP has no state between MATURE and DEAD: -verbose tells it. */
static const char *state_text(uint8_t state)
{
        switch (state) {
        case SA_LARVAL:
                return "LARVAL";
        case SA_MATURE:
        case SA_DYING:
                return "MATURE";
        case SA_DEAD:
                return "DEAD";
        default:
                return "UNKNOWN";
        }
}

static uint64_t seconds_since(int64_t moment, const struct moment *now)
{
        return moment == 0 || moment > now->wall ? 0 : (uint64_t)(now->wall - moment);
}

static void print_lifetimes(FILE *file, const char *title, uint64_t octets, uint64_t add_seconds,
                            uint64_t use_seconds)
{
        text_plain(file, "--- ");
        text_plain(file, title);
        text_plain(file, " Lifetimes ---\nbytes processed: ");
        text_number(file, octets);
        text_plain(file, "\naddtime (seconds): ");
        text_number(file, add_seconds);
        text_plain(file, "\nusetime (seconds): ");
        text_number(file, use_seconds);
        text_plain(file, "\n");
}

static void print_limits(FILE *file, const char *title, const struct sa_limits *limits)
{
        if (limits->octets == 0 && limits->add_seconds == 0 && limits->use_seconds == 0)
                return;
        print_lifetimes(file, title, limits->octets, limits->add_seconds, limits->use_seconds);
}

static void print(FILE *file, const void *row, const struct moment *now)
{
        const struct ipsec_sa *sa = row;

        text_title(file, "IPsec SA");
        text_plain(file, "Sequence number: ");
        text_number(file, sa->index);
        text_plain(file, "\nSPI (hex): ");
        text_hex(file, sa->spi);
        text_plain(file, " State: ");
        text_plain(file, state_text(sa->state));
        text_plain(file, "\nSA Type: ");
        sa_type_print(file, sa);
        text_plain(file, "\nSrc IP Addr: ");
        text_address(file, &sa->source);
        text_plain(file, " Dst IP Addr: ");
        text_address(file, &sa->destination);
        text_plain(file, "\n");
        print_lifetimes(file, "Current", sa->octets, seconds_since(sa->add_time, now),
                        seconds_since(sa->use_time, now));
        print_limits(file, "Hard", &sa->hard);
        print_limits(file, "Soft", &sa->soft);
}

/* What Linux has and HP has not: every other column. */
static void print_more(FILE *file, const void *row, const struct moment *now)
{
        const struct ipsec_sa *sa = row;
        uint16_t told[N_MEMBERS + 2];

        memcpy(told, members, sizeof(members));
        told[N_MEMBERS] = NEEDS(struct ipsec_sa, mark);
        told[N_MEMBERS + 1] = NEEDS(struct ipsec_sa, mark_mask);
        if (sa->state == SA_DYING)
                text_plain(file, "Soft Lifetime: passed\n");
        if (sa->mark_mask != 0)
                fprintf(file, "Mark: 0x%x/0x%x\n", sa->mark, sa->mark_mask);
        text_columns(file, &ipsec_sa_type, row, now, told, N_MEMBERS + 2);
}

const struct report report_sa_ipsec = {
        .option = "sa",
        .word = "ipsec",
        .help = "IPsec security associations of the kernel",
        .type = &ipsec_sa_type,
        .members = members,
        .n_members = N_MEMBERS,
        .sources = sources,
        .is_shown = is_shown,
        .print = print,
        .filters = FILTER_SPI | FILTER_PEER | FILTER_NAME,
        .print_more = print_more,
};
