#include "cell.h"

#include "columns.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

/* What every name of the module begins with; the columns of an index may have another table's stem.
 */
#define MODULE_STEM "ipsr"
#define TEXT_SUFFIX "Text"

bool cell_is_written(const struct table_type *type, const struct column *column)
{
        switch (column->kind) {
        case COLUMN_ADDRESS_TYPE:
        case COLUMN_PREFIX_LENGTH:
        case COLUMN_OCTETS: /* a column of text says the same */
                return false;
        case COLUMN_ADDRESS:
                return !column_has_text(type, column);
        default:
                return true;
        }
}

static void set_string(struct cell *cell, enum cell_kind kind, const char *string)
{
        cell->kind = string && *string ? kind : CELL_NONE;
        cell->string = string;
}

static void set_number(struct cell *cell, const struct column *column, uint64_t number)
{
        cell->number = number;
        if (number == 0 && column->flags & COLUMN_ZERO_IS_NONE)
                cell->kind = CELL_NONE;
        else
                cell->kind = column->flags & COLUMN_HEXADECIMAL ? CELL_HEX : CELL_NUMBER;
}

static void set_date(struct cell *cell, int64_t seconds)
{
        if (seconds != 0 && text_date(seconds, cell->scratch))
                set_string(cell, CELL_DATE, cell->scratch);
        else
                cell->kind = CELL_NONE;
}

static void set_signed(struct cell *cell, const struct column *column, int32_t number)
{
        int32_t none = column->flags & COLUMN_ZERO_IS_NONE ? 0 : -1;

        cell->signed_number = number;
        cell->kind = number == none ? CELL_NONE : CELL_SIGNED;
}

/* A label "none" says what a value left out says. */
static void set_label(struct cell *cell, const struct label *labels, int32_t number)
{
        const char *label = label_of(labels, number);

        if (label && strcmp(label, "none") == 0)
                label = NULL;
        set_string(cell, CELL_LABEL, label);
}

static void set_integer(struct cell *cell, const struct column *column, int32_t number)
{
        if (column->kind == COLUMN_TRUTH) {
                cell->kind = CELL_TRUTH;
                cell->truth = number == 1;
        } else if (column->kind == COLUMN_ENUMERATION) {
                set_label(cell, column->labels, number);
        } else if (column->kind == COLUMN_IF_INDEX) {
                set_number(cell, column, (uint32_t)number);
        } else {
                set_signed(cell, column, number);
        }
}

static const void *member_of(const struct column *column, const void *row)
{
        return (const char *)row + column->offset;
}

static void set_timestamp(struct cell *cell, int64_t monotonic, const struct moment *now)
{
        set_date(cell, monotonic == 0 || now->snmp_start == now->monotonic
                               ? 0
                               : now->wall - (now->monotonic - monotonic) / 1000);
}

void cell_read(const struct column *column, const void *row, const struct moment *now,
               struct cell *cell)
{
        struct value value;

        switch (column->kind) {
        case COLUMN_STRING:
        case COLUMN_ROW_POINTER:
                set_string(cell, CELL_STRING, column_string(column, row));
                return;
        case COLUMN_ADDRESS:
        case COLUMN_ADDRESS_TEXT:
                inet_addr_text(member_of(column, row), cell->scratch);
                set_string(cell, CELL_STRING, cell->scratch);
                return;
        case COLUMN_PREFIX_TEXT:
                inet_addr_prefix_text(member_of(column, row), cell->scratch);
                set_string(cell, CELL_STRING, cell->scratch);
                return;
        case COLUMN_DATE:
                set_date(cell, *(const int64_t *)member_of(column, row));
                return;
        case COLUMN_TIMESTAMP:
                set_timestamp(cell, *(const int64_t *)member_of(column, row), now);
                return;
        case COLUMN_BITS:
                cell->kind = CELL_BITS;
                cell->number = *(const uint16_t *)member_of(column, row);
                cell->labels = column->labels;
                return;
        default:
                break;
        }
        column_encode(column, row, now, &value);
        if (value.type == VALUE_INTEGER32)
                set_integer(cell, column, value.integer32);
        else if (value.type == VALUE_COUNTER64)
                set_number(cell, column, value.counter64);
        else
                set_number(cell, column, value.unsigned32);
}

static bool begins_with(const char *name, const char *stem)
{
        return strncmp(name, stem, strlen(stem)) == 0;
}

/* The part of the name behind the stem, and how much of it counts. */
static const char *field_of(const struct table_type *type, const struct column *column,
                            size_t *length)
{
        const char *name = column->name;

        if (begins_with(name, type->stem))
                name += strlen(type->stem);
        else if (begins_with(name, MODULE_STEM))
                name += strlen(MODULE_STEM);
        *length = strlen(name);
        if ((column->kind == COLUMN_ADDRESS_TEXT || column->kind == COLUMN_PREFIX_TEXT) &&
            *length > strlen(TEXT_SUFFIX) &&
            strcmp(name + *length - strlen(TEXT_SUFFIX), TEXT_SUFFIX) == 0)
                *length -= strlen(TEXT_SUFFIX);
        return name;
}

void cell_key(const struct table_type *type, const struct column *column, char key[CELL_NAME_SIZE])
{
        size_t length, n = 0;
        const char *field = field_of(type, column, &length);

        for (size_t i = 0; i < length && n + 2 < CELL_NAME_SIZE; i++) {
                unsigned char c = (unsigned char)field[i];

                if (isupper(c) && i > 0)
                        key[n++] = '_';
                key[n++] = (char)tolower(c);
        }
        key[n] = '\0';
}

void cell_title(const struct table_type *type, const struct column *column,
                char title[CELL_NAME_SIZE])
{
        size_t length, n = 0;
        const char *field = field_of(type, column, &length);

        for (size_t i = 0; i < length && n + 2 < CELL_NAME_SIZE; i++) {
                if (isupper((unsigned char)field[i]) && i > 0)
                        title[n++] = ' ';
                title[n++] = field[i];
        }
        title[n] = '\0';
}
