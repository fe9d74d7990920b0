/*
 * One JSON document, {"ipsec_sa": [...], ...}, one line per row, made of the columns' descriptors.
 *
 * jansson's integers end at 2^63 - 1. What is above stays a number, as a real: readers that hold
 * numbers as doubles see the same.
 */
#include "cell.h"
#include "text.h"
#include "writer.h"

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

static int begin(struct writer *w)
{
        text_plain(w->file, "{");
        return writer_status(w);
}

static int begin_report(struct writer *w, const struct report *report)
{
        text_plain(w->file, w->n_reports++ > 0 ? ",\n\"" : "\n\"");
        text_plain(w->file, report->type->json);
        text_plain(w->file, "\": [");
        w->n_rows = 0;
        return writer_status(w);
}

static int put_row(struct writer *w, const struct report *report, const void *row,
                   const struct moment *now)
{
        json_t *object = make_row(report->type, row, now);

        if (!object)
                return -ENOMEM;
        text_plain(w->file, w->n_rows++ > 0 ? ",\n" : "\n");
        json_dumpf(object, w->file, JSON_COMPACT);
        json_decref(object);
        return writer_status(w);
}

static int end_report(struct writer *w, const struct report *report)
{
        (void)report;
        text_plain(w->file, w->n_rows > 0 ? "\n]" : "]");
        return writer_status(w);
}

static int end(struct writer *w)
{
        text_plain(w->file, "\n}\n");
        return writer_status(w);
}

static const struct writer_ops ops = {
        .moments = MOMENTS_AS_DATES,
        .begin = begin,
        .begin_report = begin_report,
        .row = put_row,
        .end_report = end_report,
        .end = end,
};

void json_writer_init(struct writer *w, FILE *file)
{
        *w = (struct writer){ .ops = &ops, .file = file, .all_columns = true };
}
