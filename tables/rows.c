#include "rows.h"

#include "row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rows {
        const struct table_type *type;
        struct strings *pool;
        char *rows;
        size_t n;
        size_t room;
};

struct rows *rows_new(const struct table_type *type)
{
        struct rows *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->type = type;
        r->pool = strings_new();
        if (r->pool)
                return r;
        free(r);
        return NULL;
}

void rows_free(struct rows *r)
{
        if (!r)
                return;
        free(r->rows);
        strings_free(r->pool);
        free(r);
}

static int grow(struct rows *r)
{
        size_t room = r->room ? 2 * r->room : 16;
        char *rows = reallocarray(r->rows, room, r->type->row_size);

        if (!rows)
                return -ENOMEM;
        r->rows = rows;
        r->room = room;
        return 0;
}

int rows_add(struct rows *r, const void *row)
{
        char *copy;
        int err = r->n == r->room ? grow(r) : 0;

        if (err < 0)
                return err;
        copy = r->rows + r->n * r->type->row_size;
        memcpy(copy, row, r->type->row_size);
        err = row_retain(r->type, copy, r->pool);
        if (err == 0)
                r->n++;
        return err;
}

size_t rows_count(const struct rows *r)
{
        return r->n;
}

const void *rows_at(const struct rows *r, size_t i)
{
        return r->rows + i * r->type->row_size;
}
