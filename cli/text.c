#include "config.h"

#include "text.h"

#include "tables/cell.h"

#include <string.h>
#include <wchar.h>

/* HP's "IPsec SA" title has this width; all have it here. */
enum { TITLE_WIDTH = 58 };

static const char dashes[] = "----------------------------------------------------------";

void text_plain(FILE *file, const char *text)
{
        fwrite_unlocked(text, 1, strlen(text), file);
}

static void put_dashes(FILE *file, size_t n)
{
        fwrite_unlocked(dashes, 1, n, file);
}

void text_title(FILE *file, const char *title)
{
        size_t length = strlen(title) + 2;
        size_t rest = length < TITLE_WIDTH ? TITLE_WIDTH - length : 0;

        put_dashes(file, rest / 2);
        text_plain(file, " ");
        text_plain(file, title);
        text_plain(file, " ");
        put_dashes(file, rest - rest / 2);
        text_plain(file, "\n");
}

void text_number(FILE *file, uint64_t number)
{
        char digits[20];
        size_t n = sizeof(digits);

        do {
                digits[--n] = (char)('0' + number % 10);
                number /= 10;
        } while (number > 0);
        fwrite_unlocked(digits + n, 1, sizeof(digits) - n, file);
}

void text_hex(FILE *file, uint32_t number)
{
        char digits[8];
        size_t n = sizeof(digits);

        do {
                digits[--n] = "0123456789ABCDEF"[number & 15];
                number >>= 4;
        } while (number > 0);
        fwrite_unlocked(digits + n, 1, sizeof(digits) - n, file);
}

void text_address(FILE *file, const struct inet_addr *address)
{
        char text[INET_ADDR_TEXT_SIZE];

        fwrite_unlocked(text, 1, inet_addr_text(address, text), file);
}

/* Control characters, and those that turn the direction of writing (Trojan Source). */
static bool is_printable(uint32_t number)
{
        if (number < 0x20 || (number >= 0x7f && number < 0xa0))
                return false;
        return !(number >= 0x2028 && number <= 0x202e) && !(number >= 0x2066 && number <= 0x2069);
}

static bool is_ascii(const char *text)
{
        for (; *text; text++)
                if (*text < 0x20 || *text > 0x7e)
                        return false;
        return true;
}

size_t text_escape(const char *text, char escaped[TEXT_ESCAPED_SIZE])
{
        size_t n = 0, length;
        uint32_t number;

        while (*text && n + 4 < TEXT_ESCAPED_SIZE) {
                length = text_sequence(text, &number);
                if (length > 0 && is_printable(number)) {
                        memcpy(escaped + n, text, length);
                        n += length;
                        text += length;
                        continue;
                }
                n += (size_t)snprintf(escaped + n, 5, "\\x%02x", (unsigned char)*text);
                text++;
                /* The rest of a sequence that is not printable is no sequence: it follows. */
        }
        escaped[n] = '\0';
        return n;
}

void text_string(FILE *file, const char *text)
{
        char escaped[TEXT_ESCAPED_SIZE];

        if (!text)
                return;
        if (is_ascii(text))
                text_plain(file, text);
        else
                fwrite_unlocked(escaped, 1, text_escape(text, escaped), file);
}

void text_named(FILE *file, const char *label, const char *text)
{
        if (!text || !*text)
                return;
        text_plain(file, label);
        text_plain(file, ": ");
        text_string(file, text);
        text_plain(file, "\n");
}

size_t text_width(const char *escaped)
{
        size_t width = 0, length;
        uint32_t number;
        int columns;

        while (*escaped) {
                length = text_sequence(escaped, &number);
                columns = wcwidth((wchar_t)number);
                width += columns < 0 ? 1 : (size_t)columns;
                escaped += length > 0 ? length : 1;
        }
        return width;
}

void text_cut(char *escaped, size_t width)
{
        size_t at = 0, used = 0;

        if (width == 0 || text_width(escaped) <= width)
                return;
        for (;;) {
                uint32_t number;
                size_t length = text_sequence(escaped + at, &number);
                int columns = wcwidth((wchar_t)number);

                used += columns < 0 ? 1 : (size_t)columns;
                if (used >= width)
                        break;
                at += length > 0 ? length : 1;
        }
        escaped[at] = '~';
        escaped[at + 1] = '\0';
}

void text_duration(int64_t seconds, char duration[TEXT_DATE_SIZE])
{
        long long s = seconds > 0 ? seconds : 0;

        if (s < 60)
                snprintf(duration, TEXT_DATE_SIZE, "%llds", s);
        else if (s < 3600)
                snprintf(duration, TEXT_DATE_SIZE, "%lldm", s / 60);
        else if (s < 86400)
                snprintf(duration, TEXT_DATE_SIZE, "%lldh%02lldm", s / 3600, s / 60 % 60);
        else
                snprintf(duration, TEXT_DATE_SIZE, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

static void put_bits(FILE *file, const struct cell *cell)
{
        const char *space = "";

        for (const struct label *l = cell->labels; l->label; l++) {
                if (!(cell->number & 1u << l->value))
                        continue;
                text_plain(file, space);
                text_plain(file, l->label);
                space = " ";
        }
}

static void put_cell(FILE *file, const struct cell *cell)
{
        switch (cell->kind) {
        case CELL_NONE:
                break;
        case CELL_NUMBER:
                text_number(file, cell->number);
                break;
        case CELL_SIGNED:
                fprintf(file, "%lld", (long long)cell->signed_number);
                break;
        case CELL_HEX:
                fprintf(file, "0x%llx", (unsigned long long)cell->number);
                break;
        case CELL_TRUTH:
                text_plain(file, cell->truth ? "yes" : "no");
                break;
        case CELL_BITS:
                put_bits(file, cell);
                break;
        case CELL_STRING:
        case CELL_LABEL:
        case CELL_DATE:
                text_string(file, cell->string);
                break;
        }
}

/* People look for what is there: a flag that is not set, and what nobody knows, say nothing. */
static bool is_silent(const struct cell *cell)
{
        switch (cell->kind) {
        case CELL_NONE:
                return true;
        case CELL_BITS:
                return cell->number == 0;
        case CELL_TRUTH:
                return !cell->truth;
        case CELL_LABEL:
                return strcmp(cell->string, "unknown") == 0;
        default:
                return false;
        }
}

static void put_column(FILE *file, const struct table_type *type, const struct column *column,
                       const void *row, const struct moment *now)
{
        char title[CELL_NAME_SIZE];
        struct cell cell;

        if (!cell_is_written(type, column))
                return;
        cell_read(column, row, now, &cell);
        if (is_silent(&cell))
                return;
        cell_title(type, column, title);
        text_plain(file, title);
        text_plain(file, ": ");
        put_cell(file, &cell);
        text_plain(file, "\n");
}

void text_member(FILE *file, const struct table_type *type, const void *row,
                 const struct moment *now, uint16_t member)
{
        for (size_t i = 0; i < type->n_columns; i++)
                if (type->columns[i].offset == member)
                        put_column(file, type, &type->columns[i], row, now);
}

static bool is_excepted(const struct column *column, const uint16_t *except, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (except[i] == column->offset)
                        return true;
        return false;
}

void text_columns(FILE *file, const struct table_type *type, const void *row,
                  const struct moment *now, const uint16_t *except, size_t n_except)
{
        for (size_t i = 0; i < type->n_columns; i++)
                if (!is_excepted(&type->columns[i], except, n_except))
                        put_column(file, type, &type->columns[i], row, now);
}
