/* Reads what is needed of a table, all of it at once. */
#ifndef CLI_READING_H
#define CLI_READING_H

#include "filter.h"
#include "session.h"

/*
 * Reads these members of the rows that the filter takes (NULL: of all), and what it looks at.
 * *rows is freed by the caller, also after an error; *now becomes the moment of the last row. 0, or
 * negative after a sentence.
 */
int read_rows(struct session *session, const struct table_type *type, const uint16_t *members,
              size_t n_members, const struct filter *filter, struct rows **rows,
              struct moment *now);

#endif
