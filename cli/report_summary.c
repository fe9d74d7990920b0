/* -summary: one line for each tunnel, what an operator looks at first. HP has no such report. */
#include "config.h"

#include "report.h"
#include "tables/tunnel.h"
#include "text.h"

#include <locale.h>
#include <string.h>

static const uint16_t members[] = {
        NEEDS(struct tunnel, name),       NEEDS(struct tunnel, remote),
        NEEDS(struct tunnel, state),      NEEDS(struct tunnel, since),
        NEEDS(struct tunnel, encryption), NEEDS(struct tunnel, octets_in),
        NEEDS(struct tunnel, octets_out), NEEDS(struct tunnel, rekey),
};

static const char *const sources[] = { "xfrm", SOURCES_OF_DAEMONS, NULL };

enum { TUNNEL, PEER, STATE, SINCE, ENCRYPTION, OCTETS_IN, OCTETS_OUT, REKEY_IN, N_COLUMNS };

/* How a column looks; none is narrower than its heading. */
static const struct heading {
        const char *text;
        size_t width; /* at the least: a tunnel that is rekeyed does not move the others */
        size_t gap;   /* behind it */
} headings[N_COLUMNS] = {
        [TUNNEL] = { "TUNNEL", 0, 2 },         [PEER] = { "PEER", 0, 3 },
        [STATE] = { "STATE", 8, 2 },           [SINCE] = { "SINCE", 0, 3 },
        [ENCRYPTION] = { "ENCRYPTION", 0, 3 }, [OCTETS_IN] = { "IN", 0, 3 },
        [OCTETS_OUT] = { "OUT", 0, 3 },        [REKEY_IN] = { "REKEY IN", 0, 0 },
};

/* ---- the texts of one tunnel ---- */

static void put_text(const char *text, char out[TEXT_ESCAPED_SIZE])
{
        text_escape(text && *text ? text : "-", out);
}

static void put_address(const struct inet_addr *address, char out[TEXT_ESCAPED_SIZE])
{
        char text[INET_ADDR_TEXT_SIZE];

        inet_addr_text(address, text);
        put_text(text, out);
}

static void put_state(uint8_t state, char out[TEXT_ESCAPED_SIZE])
{
        if (state == TUNNEL_NOT_CONFIGURED)
                put_text("not configured", out);
        else
                put_text(label_of(tunnel_states, label_known(tunnel_states, state)), out);
}

/* "0 B", "1.2 GB", "310 MB": powers of 1000, cut off: never more than there was. */
static void put_octets(uint64_t octets, char out[TEXT_ESCAPED_SIZE])
{
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
        uint64_t one = 1, whole;
        size_t unit = 0;

        while (octets / one >= 1000) {
                one *= 1000;
                unit++;
        }
        whole = octets / one;
        if (unit > 0 && whole < 10)
                snprintf(out, TEXT_ESCAPED_SIZE, "%u.%u %s", (unsigned int)whole,
                         (unsigned int)(octets / (one / 10) % 10), units[unit]);
        else
                snprintf(out, TEXT_ESCAPED_SIZE, "%u %s", (unsigned int)whole, units[unit]);
}

static void put_cell(const struct tunnel *t, size_t column, const struct moment *now,
                     char out[TEXT_ESCAPED_SIZE])
{
        switch (column) {
        case TUNNEL:
                put_text(t->name, out);
                break;
        case PEER:
                put_address(&t->remote, out);
                break;
        case STATE:
                put_state(t->state, out);
                break;
        case SINCE:
                put_text(NULL, out);
                if (t->since != 0)
                        text_duration(now->wall - t->since, out);
                break;
        case ENCRYPTION:
                put_text(t->encryption, out);
                break;
        case OCTETS_IN:
                put_octets(t->octets_in, out);
                break;
        case OCTETS_OUT:
                put_octets(t->octets_out, out);
                break;
        default:
                put_text(NULL, out);
                if (t->rekey != 0)
                        text_duration(t->rekey - now->wall, out);
                break;
        }
}

/* ---- the table ---- */

static size_t width_of(const struct tunnel *t, size_t column, const struct moment *now)
{
        char text[TEXT_ESCAPED_SIZE];

        put_cell(t, column, now, text);
        return text_width(text);
}

static void measure(const struct rows *tunnels, const struct moment *now, size_t widths[N_COLUMNS])
{
        for (size_t c = 0; c < N_COLUMNS; c++) {
                widths[c] = strlen(headings[c].text);
                if (widths[c] < headings[c].width)
                        widths[c] = headings[c].width;
                for (size_t i = 0; i < rows_count(tunnels); i++) {
                        size_t width = width_of(rows_at(tunnels, i), c, now);

                        if (width > widths[c])
                                widths[c] = width;
                }
        }
}

/* Nothing stands behind the last column. */
static void print_cell(FILE *file, const char *text, size_t column, const size_t widths[N_COLUMNS])
{
        text_plain(file, text);
        if (column + 1 == N_COLUMNS)
                text_plain(file, "\n");
        else
                fprintf(file, "%*s",
                        (int)(widths[column] - text_width(text) + headings[column].gap), "");
}

static void print_table(FILE *file, const struct rows *tunnels, const struct moment *now)
{
        size_t widths[N_COLUMNS];
        char text[TEXT_ESCAPED_SIZE];

        measure(tunnels, now, widths);
        for (size_t c = 0; c < N_COLUMNS; c++)
                print_cell(file, headings[c].text, c, widths);
        for (size_t i = 0; i < rows_count(tunnels); i++) {
                for (size_t c = 0; c < N_COLUMNS; c++) {
                        put_cell(rows_at(tunnels, i), c, now, text);
                        print_cell(file, text, c, widths);
                }
        }
}

/* What no line has room for: a record for each tunnel behind the table. */
static void print_records(FILE *file, const struct rows *tunnels, const struct moment *now)
{
        for (size_t i = 0; i < rows_count(tunnels); i++) {
                text_plain(file, "\n");
                text_title(file, "Tunnel");
                text_columns(file, &tunnel_type, rows_at(tunnels, i), now, NULL, 0);
        }
}

/* Whatever the locale of the user is, the text is UTF-8: its characters have the width that they
 * have there. */
static int print_parts(FILE *file, const struct rows *const *read, const struct moment *now,
                       bool verbose)
{
        locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before;

        if (rows_count(read[0]) == 0)
                goto out;
        before = uselocale(utf8);
        print_table(file, read[0], now);
        uselocale(before);
        if (verbose)
                print_records(file, read[0], now);
out:
        if (utf8)
                freelocale(utf8);
        return 0;
}

static const struct report tunnels = {
        .type = &tunnel_type,
        .members = members,
        .n_members = sizeof(members) / sizeof(members[0]),
};

static const struct report *const parts[] = { &tunnels, NULL };

const struct report report_summary = {
        .option = "summary",
        .help = "one line for each tunnel, up or down",
        .beside_all = true,
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
        .filters = FILTER_PEER | FILTER_NAME,
};
