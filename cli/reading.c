#include "reading.h"

#include "columns.h"
#include "complain.h"
#include "walk.h"

#include <errno.h>
#include <string.h>

struct reading {
        const struct table_type *type;
        const struct filter *filter;
        struct rows *rows;
        struct moment *now;
};

static int keep_row(void *context, const void *row, const struct moment *now)
{
        const struct reading *r = context;

        *r->now = *now;
        if (r->filter && !filter_takes_row(r->filter, r->type, row))
                return 0;
        return rows_add(r->rows, row);
}

int read_rows(struct session *session, const struct table_type *type, const uint16_t *members,
              size_t n_members, const struct filter *filter, struct rows **rows, struct moment *now)
{
        uint16_t all[COLUMNS_MAX + FILTER_MEMBERS_MAX];
        const struct column *columns[COLUMNS_MAX];
        struct reading reading = { .type = type, .filter = filter, .now = now };
        size_t n = n_members < COLUMNS_MAX ? n_members : COLUMNS_MAX;

        *rows = reading.rows = rows_new(type);
        if (!*rows) {
                complain("no memory");
                return -ENOMEM;
        }
        memcpy(all, members, n * sizeof(*all));
        if (filter)
                n += filter_members(filter, type, all + n);
        n = columns_choose(type, all, n, MOMENTS_AS_AGES, columns);
        return walk_table(session, type, columns, n, keep_row, &reading);
}
