#include "columns.h"

/* Among columns of one member the highest rank is asked for. */
static int rank(enum column_kind kind, enum moments moments)
{
        switch (kind) {
        case COLUMN_ADDRESS_TEXT:
        case COLUMN_PREFIX_TEXT:
                return 3;
        case COLUMN_ADDRESS:
                return 2;
        case COLUMN_ADDRESS_TYPE:
        case COLUMN_PREFIX_LENGTH:
                return 1;
        case COLUMN_DATE:
                return moments == MOMENTS_AS_DATES ? 2 : 1;
        case COLUMN_AGE:
                return moments == MOMENTS_AS_DATES ? 1 : 2;
        default:
                return 0;
        }
}

static bool is_best(const struct table_type *type, const struct column *column,
                    enum moments moments)
{
        int mine = rank(column->kind, moments);

        for (size_t i = 0; i < type->n_columns; i++) {
                const struct column *other = &type->columns[i];
                int theirs = rank(other->kind, moments);

                if (other->offset != column->offset)
                        continue;
                if (theirs > mine || (theirs == mine && other < column))
                        return false;
        }
        return true;
}

static bool is_member(uint16_t offset, const uint16_t *members, size_t n_members)
{
        if (!members)
                return true;
        for (size_t i = 0; i < n_members; i++)
                if (members[i] == offset)
                        return true;
        return false;
}

size_t columns_choose(const struct table_type *type, const uint16_t *members, size_t n_members,
                      enum moments moments, const struct column *chosen[COLUMNS_MAX])
{
        size_t n = 0;

        for (size_t i = 0; i < type->n_columns && n < COLUMNS_MAX; i++)
                if (is_member(type->columns[i].offset, members, n_members) &&
                    is_best(type, &type->columns[i], moments))
                        chosen[n++] = &type->columns[i];
        return n;
}
