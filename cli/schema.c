/*
 * The schema follows cell.c: a column that may stand for none is not required; one that always has
 * a value is.
 */
#include "config.h"

#include "schema.h"

#include "report.h"
#include "tables/cell.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define DRAFT "http://json-schema.org/draft-07/schema#"
#define MOMENT "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
#define ADDRESS_PATTERN "^[0-9a-f.:]+$"

static bool may_be_none(const struct column *column)
{
        switch (column->kind) {
        case COLUMN_TRUTH:
        case COLUMN_BITS:
                return false;
        case COLUMN_UNSIGNED32:
        case COLUMN_COUNTER64:
        case COLUMN_GAUGE64:
                return column->flags & COLUMN_ZERO_IS_NONE;
        case COLUMN_ENUMERATION:
                for (const struct label *l = column->labels; l->label; l++)
                        if (strcmp(l->label, "none") == 0)
                                return true;
                return false;
        default:
                return true;
        }
}

static json_t *make_labels(const struct label *labels)
{
        json_t *names = json_array();

        for (const struct label *l = labels; l->label; l++)
                if (strcmp(l->label, "none") != 0)
                        json_array_append_new(names, json_string(l->label));
        return names;
}

static json_t *make_integer(const struct column *column)
{
        json_int_t least = column->flags & COLUMN_ZERO_IS_NONE ? 1 : 0;

        switch (column->kind) {
        case COLUMN_UNSIGNED32:
                return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", least, "maximum",
                                 (json_int_t)UINT32_MAX);
        case COLUMN_IF_INDEX:
                return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)1,
                                 "maximum", (json_int_t)INT32_MAX);
        case COLUMN_INTEGER32:
                return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
                                 (json_int_t)INT32_MIN, "maximum", (json_int_t)INT32_MAX);
        default:
                return json_pack("{s:s, s:I}", "type", "integer", "minimum", least);
        }
}

static json_t *make_text(const char *pattern)
{
        return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *make_value(const struct column *column)
{
        switch (column->kind) {
        case COLUMN_ENUMERATION:
                return json_pack("{s:o}", "enum", make_labels(column->labels));
        case COLUMN_BITS:
                return json_pack("{s:s, s:{s:o}, s:b}", "type", "array", "items", "enum",
                                 make_labels(column->labels), "uniqueItems", 1);
        case COLUMN_TRUTH:
                return json_pack("{s:s}", "type", "boolean");
        case COLUMN_STRING:
        case COLUMN_ROW_POINTER:
                return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
        case COLUMN_ADDRESS:
        case COLUMN_ADDRESS_TEXT:
                return make_text(ADDRESS_PATTERN);
        case COLUMN_PREFIX_TEXT:
                return make_text("^[0-9a-f.:]+/[0-9]+$");
        case COLUMN_DATE:
        case COLUMN_TIMESTAMP:
                return make_text(MOMENT);
        default:
                return column->flags & COLUMN_HEXADECIMAL ? make_text("^0x[0-9a-f]{8,}$")
                                                          : make_integer(column);
        }
}

static void add_column(json_t *properties, json_t *required, const struct table_type *type,
                       const struct column *column)
{
        char key[CELL_NAME_SIZE];
        json_t *value;

        if (!cell_is_written(type, column))
                return;
        cell_key(type, column, key);
        value = make_value(column);
        json_object_set_new(value, "description", json_string(column->name));
        json_object_set_new(properties, key, value);
        if (!may_be_none(column))
                json_array_append_new(required, json_string(key));
}

static json_t *make_row(const struct table_type *type)
{
        json_t *properties = json_object(), *required = json_array();

        for (size_t i = 0; i < type->n_index; i++)
                add_column(properties, required, type, &type->index[i]);
        for (size_t i = 0; i < type->n_columns; i++)
                add_column(properties, required, type, &type->columns[i]);
        return json_pack("{s:s, s:s, s:b, s:o, s:o}", "type", "object", "description", type->name,
                         "additionalProperties", 0, "required", required, "properties", properties);
}

static void add_table(json_t *tables, const struct report *report)
{
        const struct table_type *type = report->type;

        if (!type || report->only_text || json_object_get(tables, type->json))
                return;
        json_object_set_new(tables, type->json,
                            json_pack("{s:s, s:o}", "type", "array", "items", make_row(type)));
}

int schema_write(FILE *file)
{
        json_t *tables = json_object(), *schema;
        int err;

        for (size_t i = 0; reports[i]; i++) {
                add_table(tables, reports[i]);
                for (size_t j = 0; reports[i]->parts && reports[i]->parts[j]; j++)
                        add_table(tables, reports[i]->parts[j]);
        }
        schema = json_pack("{s:s, s:s, s:s, s:b, s:o}", "$schema", DRAFT, "title",
                           "What ipsec_report -json writes", "type", "object",
                           "additionalProperties", 0, "properties", tables);
        if (!schema)
                return -ENOMEM;
        err = json_dumpf(schema, file, JSON_INDENT(2)) < 0 || fputc('\n', file) == EOF ? -EIO : 0;
        json_decref(schema);
        return err;
}
