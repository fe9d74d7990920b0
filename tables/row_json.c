#include "row_json.h"

#include "cell.h"
#include "text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static json_t *make_number(uint64_t number)
{
        return number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number);
}

/* What an agent tells as text may be no UTF-8. */
static json_t *make_string(const char *text)
{
        json_t *string = json_string(text);
        char *valid;

        if (string)
                return string;
        valid = text_utf8(text);
        string = valid ? json_string(valid) : NULL;
        free(valid);
        return string;
}

static json_t *make_hex(uint64_t number)
{
        char text[24];

        snprintf(text, sizeof(text), "0x%08llx", (unsigned long long)number);
        return json_string(text);
}

static json_t *make_bits(const struct cell *cell)
{
        json_t *bits = json_array();

        for (const struct label *l = cell->labels; l->label; l++)
                if (cell->number & 1u << l->value)
                        json_array_append_new(bits, json_string(l->label));
        return bits;
}

static json_t *make_value(const struct cell *cell)
{
        switch (cell->kind) {
        case CELL_NUMBER:
                return make_number(cell->number);
        case CELL_SIGNED:
                return json_integer(cell->signed_number);
        case CELL_HEX:
                return make_hex(cell->number);
        case CELL_TRUTH:
                return json_boolean(cell->truth);
        case CELL_BITS:
                return make_bits(cell);
        default:
                return make_string(cell->string);
        }
}

/* 0 or -ENOMEM. */
static int add_column(json_t *object, const struct table_type *type, const struct column *column,
                      const void *row, const struct moment *now)
{
        char key[CELL_NAME_SIZE];
        struct cell cell;

        if (!cell_is_written(type, column))
                return 0;
        cell_read(column, row, now, &cell);
        if (cell.kind == CELL_NONE)
                return 0;
        cell_key(type, column, key);
        return json_object_set_new_nocheck(object, key, make_value(&cell)) < 0 ? -ENOMEM : 0;
}

static json_t *make_row(const struct table_type *type, const void *row, const struct moment *now)
{
        json_t *object = json_object();
        int err = object ? 0 : -ENOMEM;

        for (size_t i = 0; err == 0 && i < type->n_index; i++)
                err = add_column(object, type, &type->index[i], row, now);
        for (size_t i = 0; err == 0 && i < type->n_columns; i++)
                err = add_column(object, type, &type->columns[i], row, now);
        if (err == 0)
                return object;
        json_decref(object);
        return NULL;
}

int row_json_write(FILE *file, const struct table_type *type, const void *row,
                   const struct moment *now)
{
        json_t *object = make_row(type, row, now);

        if (!object)
                return -ENOMEM;
        json_dumpf(object, file, JSON_COMPACT);
        json_decref(object);
        return 0;
}
