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

static const char *const sources[] = { "xfrm", IKE_DAEMON_NAMES, NULL };

/* What rates need. */
static const uint16_t rate_members[] = {
        NEEDS(struct tunnel, packets_in),
        NEEDS(struct tunnel, packets_out),
        NEEDS(struct tunnel, discontinuity),
};

enum {
        TUNNEL,
        PEER,
        STATE,
        SINCE,
        ENCRYPTION,
        OCTETS_IN,
        OCTETS_OUT,
        OCTET_RATE_IN,
        OCTET_RATE_OUT,
        PACKET_RATE_IN,
        PACKET_RATE_OUT,
        REKEY_IN,
        N_COLUMNS
};

enum with { ALWAYS, WITH_TOTALS, WITH_RATES };

/* How a column looks; none is narrower than its heading. */
static const struct heading {
        const char *text;
        size_t width; /* at the least: a tunnel that is rekeyed does not move the others */
        size_t gap;   /* behind it */
        enum with with;
} headings[N_COLUMNS] = {
        [TUNNEL] = { "TUNNEL", 0, 2, ALWAYS },
        [PEER] = { "PEER", 0, 3, ALWAYS },
        [STATE] = { "STATE", 8, 2, ALWAYS },
        [SINCE] = { "SINCE", 0, 3, ALWAYS },
        [ENCRYPTION] = { "ENCRYPTION", 0, 3, ALWAYS },
        [OCTETS_IN] = { "IN", 0, 3, WITH_TOTALS },
        [OCTETS_OUT] = { "OUT", 0, 3, WITH_TOTALS },
        [OCTET_RATE_IN] = { "IN/S", 6, 2, WITH_RATES },
        [OCTET_RATE_OUT] = { "OUT/S", 6, 2, WITH_RATES },
        [PACKET_RATE_IN] = { "PKT IN/S", 0, 2, WITH_RATES },
        [PACKET_RATE_OUT] = { "PKT OUT/S", 0, 2, WITH_RATES },
        [REKEY_IN] = { "REKEY IN", 0, 3, ALWAYS },
};

/* What happens, in this order, where the terminal is too narrow: a column is cut down to a width,
 * or left out (0). On the narrowest the state is still there. */
static const struct sacrifice {
        size_t column;
        size_t width;
} sacrifices[] = {
        { ENCRYPTION, 10 },     { TUNNEL, 20 },        { ENCRYPTION, 0 },     { REKEY_IN, 0 },
        { TUNNEL, 16 },         { PEER, 15 },          { SINCE, 0 },          { TUNNEL, 12 },
        { PACKET_RATE_OUT, 0 }, { PACKET_RATE_IN, 0 }, { PEER, 0 },           { TUNNEL, 8 },
        { OCTETS_OUT, 0 },      { OCTETS_IN, 0 },      { OCTET_RATE_OUT, 0 }, { OCTET_RATE_IN, 0 },
};

/* The table as it is printed. */
struct layout {
        const struct look *look;
        const struct moment *now;
        size_t widths[N_COLUMNS]; /* 0: it is not there */
        size_t last;              /* column; nothing stands behind it */
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

/* Packets: they are few, or many. */
static void put_count(double count, char out[TEXT_ESCAPED_SIZE])
{
        snprintf(out, TEXT_ESCAPED_SIZE, count > 0 && count < 10 ? "%.1f" : "%.0f", count);
}

static int compare_texts(const char *a, const char *b)
{
        return strcmp(a ? a : "", b ? b : "");
}

static bool is_same(const struct tunnel *a, const struct tunnel *b)
{
        return a->instance == b->instance && compare_texts(a->policy_key, b->policy_key) == 0 &&
               compare_texts(a->child_key, b->child_key) == 0;
}

/* The tunnel in the round before: NULL where it was not there. */
static const struct tunnel *find_before(const struct look *look, const struct tunnel *t, size_t at)
{
        const struct rows *rows = look->before ? look->before[0] : NULL;
        size_t n = rows ? rows_count(rows) : 0;

        /* Both are in the order of their index, so it is where it was, as a rule. */
        for (size_t i = 0; i < n; i++) {
                const struct tunnel *before = rows_at(rows, (at + i) % n);

                if (is_same(before, t))
                        return before;
        }
        return NULL;
}

static struct rate rate_of(const struct layout *layout, const struct tunnel *t,
                           const struct tunnel *before, size_t column)
{
        static const size_t counters[] = {
                [OCTET_RATE_IN] = offsetof(struct tunnel, octets_in),
                [OCTET_RATE_OUT] = offsetof(struct tunnel, octets_out),
                [PACKET_RATE_IN] = offsetof(struct tunnel, packets_in),
                [PACKET_RATE_OUT] = offsetof(struct tunnel, packets_out),
        };
        uint64_t was, is;

        if (!before)
                return (struct rate){ false, 0 };
        memcpy(&was, (const char *)before + counters[column], sizeof(was));
        memcpy(&is, (const char *)t + counters[column], sizeof(is));
        return look_rate(layout->look, was, before->discontinuity, is, t->discontinuity);
}

static void put_rate(struct rate rate, size_t column, char out[TEXT_ESCAPED_SIZE])
{
        if (!rate.known)
                put_text(NULL, out);
        else if (column == OCTET_RATE_IN || column == OCTET_RATE_OUT)
                put_octets((uint64_t)rate.value, out);
        else
                put_count(rate.value, out);
}

/* at: the tunnel's place among all. */
static void put_cell(const struct layout *layout, const struct tunnel *t, size_t at, size_t column,
                     char out[TEXT_ESCAPED_SIZE])
{
        const struct moment *now = layout->now;

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
        case REKEY_IN:
                put_text(NULL, out);
                if (t->rekey != 0)
                        text_duration(t->rekey - now->wall, out);
                break;
        default:
                put_rate(rate_of(layout, t, find_before(layout->look, t, at), column), column, out);
                break;
        }
}

/* ---- the table ---- */

static size_t widest(const struct layout *layout, const struct rows *tunnels, size_t column)
{
        size_t most = strlen(headings[column].text);
        char text[TEXT_ESCAPED_SIZE];

        if (most < headings[column].width)
                most = headings[column].width;
        for (size_t i = 0; i < rows_count(tunnels); i++) {
                size_t width;

                put_cell(layout, rows_at(tunnels, i), i, column, text);
                width = text_width(text);
                most = width > most ? width : most;
        }
        return most;
}

static size_t line_width(struct layout *layout)
{
        size_t width = 0;

        for (size_t c = 0; c < N_COLUMNS; c++) {
                if (layout->widths[c] == 0)
                        continue;
                width += layout->widths[c] + headings[c].gap;
                layout->last = c;
        }
        return width - headings[layout->last].gap;
}

static void fit(struct layout *layout)
{
        size_t wanted = layout->look->width, width = line_width(layout);
        size_t *name = &layout->widths[TUNNEL], whole = *name;

        if (wanted == 0)
                return;
        for (size_t i = 0; width > wanted && i < sizeof(sacrifices) / sizeof(sacrifices[0]); i++) {
                const struct sacrifice *s = &sacrifices[i];
                size_t *mine = &layout->widths[s->column];

                if (s->width == 0 || *mine > s->width)
                        *mine = s->width;
                width = line_width(layout);
        }
        /* What is left then is the name's. */
        if (width < wanted)
                *name = whole - *name < wanted - width ? whole : *name + wanted - width;
        line_width(layout);
}

static void measure(struct layout *layout, const struct rows *tunnels)
{
        for (size_t c = 0; c < N_COLUMNS; c++) {
                enum with with = headings[c].with;

                if (with == ALWAYS || (with == WITH_RATES) == layout->look->rates)
                        layout->widths[c] = widest(layout, tunnels, c);
        }
        fit(layout);
}

static const char *color_of(uint8_t state)
{
        switch (state) {
        case TUNNEL_UP:
        case TUNNEL_REKEYING:
                return COLOR_GOOD;
        case TUNNEL_DOWN:
                return COLOR_BAD;
        case TUNNEL_CONNECTING:
        case TUNNEL_NOT_CONFIGURED:
                return COLOR_DOUBTFUL;
        default:
                return NULL;
        }
}

static void print_cell(FILE *file, const struct layout *layout, char *text, size_t column,
                       const char *color)
{
        size_t width = layout->widths[column];

        if (width == 0)
                return;
        text_cut(text, width);
        if (color)
                text_plain(file, color);
        text_plain(file, text);
        if (color)
                text_plain(file, COLOR_END);
        if (column == layout->last)
                text_plain(file, "\n");
        else
                fprintf(file, "%*s", (int)(width - text_width(text) + headings[column].gap), "");
}

static void print_table(FILE *file, struct layout *layout, const struct rows *tunnels)
{
        char text[TEXT_ESCAPED_SIZE];

        measure(layout, tunnels);
        for (size_t c = 0; c < N_COLUMNS; c++) {
                put_text(headings[c].text, text);
                print_cell(file, layout, text, c, layout->look->color ? COLOR_TITLE : NULL);
        }
        for (size_t i = 0; i < rows_count(tunnels); i++) {
                const struct tunnel *t = rows_at(tunnels, i);

                for (size_t c = 0; c < N_COLUMNS; c++) {
                        put_cell(layout, t, i, c, text);
                        print_cell(file, layout, text, c,
                                   c == STATE && layout->look->color ? color_of(t->state) : NULL);
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
static int print_look(FILE *file, const struct rows *const *read, const struct moment *now,
                      bool verbose, const struct look *look)
{
        struct layout layout = { .look = look, .now = now };
        locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before;

        if (rows_count(read[0]) == 0)
                goto out;
        before = uselocale(utf8);
        print_table(file, &layout, read[0]);
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
        .rate_members = rate_members,
        .n_rate_members = sizeof(rate_members) / sizeof(rate_members[0]),
};

static const struct report *const parts[] = { &tunnels, NULL };

const struct report report_summary = {
        .option = "summary",
        .help = "one line for each tunnel, up or down",
        .beside_all = true,
        .sources = sources,
        .parts = parts,
        .print_look = print_look,
        .filters = FILTER_PEER | FILTER_NAME,
};
