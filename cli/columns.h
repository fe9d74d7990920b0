/* Which columns to ask for, so that each member of a row is asked for once. */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "tables/table.h"

/* How a report names a member that it needs. */
#define NEEDS(row, member) ((uint16_t)offsetof(row, member))

/* No table has more columns. */
enum { COLUMNS_MAX = 128 };

/* What to take of a member that is told both as an age and as a date. */
enum moments {
        MOMENTS_AS_AGES,  /* free of the difference between two machines' clocks */
        MOMENTS_AS_DATES, /* exact */
};

/*
 * Chooses the columns that fill the members given by their offsets, or every member where members
 * is NULL: of an address only its text. Returns how many were chosen, in the order of the table.
 */
size_t columns_choose(const struct table_type *type, const uint16_t *members, size_t n_members,
                      enum moments moments, const struct column *chosen[COLUMNS_MAX]);

#endif
