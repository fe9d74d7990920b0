#include "chosen.h"

#include <errno.h>
#include <stdlib.h>

int chosen_add(struct chosen *c, const void *row)
{
        if (c->n == c->room) {
                size_t room = c->room ? 2 * c->room : 16;
                const void **rows = reallocarray((void *)c->rows, room, sizeof(*rows));

                if (!rows)
                        return -ENOMEM;
                c->rows = rows;
                c->room = room;
        }
        c->rows[c->n++] = row;
        return 0;
}

/* Rows of one struct rows lie behind each other. */
static int compare(const void *left, const void *right)
{
        const char *a = *(const char *const *)left, *b = *(const char *const *)right;

        return a < b ? -1 : a > b;
}

int chosen_give(struct chosen *c, struct rows *rows)
{
        int err = 0;

        if (c->n > 0)
                qsort((void *)c->rows, c->n, sizeof(*c->rows), compare);
        for (size_t i = 0; err == 0 && i < c->n; i++)
                if (i == 0 || c->rows[i] != c->rows[i - 1])
                        err = rows_add(rows, c->rows[i]);
        free((void *)c->rows);
        *c = (struct chosen){ 0 };
        return err;
}
