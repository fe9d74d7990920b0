#include "row.h"

#include <errno.h>
#include <string.h>

const char **row_string(const struct column *column, void *row)
{
        return column_is_string(column) ? (const char **)((char *)row + column->offset) : NULL;
}

static void release_columns(const struct column *columns, size_t n, void *row, struct strings *pool)
{
        for (size_t i = 0; i < n; i++) {
                const char **string = row_string(&columns[i], row);

                if (!string)
                        continue;
                strings_release(pool, *string);
                *string = NULL;
        }
}

/* An index column that is a column as well shares its member: released once, then NULL. */
void row_release(const struct table_type *type, void *row, struct strings *pool)
{
        release_columns(type->columns, type->n_columns, row, pool);
        release_columns(type->hidden, type->n_hidden, row, pool);
        release_columns(type->index, type->n_index, row, pool);
}

void row_clear(const struct table_type *type, void *row, struct strings *pool)
{
        row_release(type, row, pool);
        memset(row, 0, type->row_size);
}

static bool is_index_member(const struct table_type *type, const struct column *column)
{
        for (size_t i = 0; i < type->n_index; i++)
                if (type->index[i].offset == column->offset)
                        return true;
        return false;
}

static int retain_columns(const struct table_type *type, const struct column *columns, size_t n,
                          void *row, struct strings *pool)
{
        bool index = columns == type->index;
        int err = 0;

        for (size_t i = 0; i < n; i++) {
                const char **string = row_string(&columns[i], row), *text;

                if (!string || !*string || (!index && is_index_member(type, &columns[i])))
                        continue;
                text = *string;
                *string = strings_retain(pool, text, strlen(text));
                if (!*string && *text)
                        err = -ENOMEM;
        }
        return err;
}

int row_retain(const struct table_type *type, void *row, struct strings *pool)
{
        int err = retain_columns(type, type->index, type->n_index, row, pool);
        int err2 = retain_columns(type, type->columns, type->n_columns, row, pool);
        int err3 = retain_columns(type, type->hidden, type->n_hidden, row, pool);

        if (err == 0 && err2 == 0 && err3 == 0)
                return 0;
        row_release(type, row, pool);
        return -ENOMEM;
}
