/* Reads tables and scalars of the agent into their row structs. */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include "session.h"

/*
 * Is given each row, in the order of the index. now is the moment at which the row was read: with
 * it ages are what the agent told. A negative return ends the walk.
 */
typedef int walk_row(void *context, const void *row, const struct moment *now);

/*
 * Reads these columns of the whole table, all columns of a row at once; a row that went meanwhile
 * is left out. Returns 0; what row() returned; or -EPROTO, -ENODATA, -ECONNREFUSED, -ENOMEM after a
 * sentence on standard error; -EINTR.
 */
int walk_table(struct session *session, const struct table_type *type,
               const struct column *const *columns, size_t n_columns, walk_row *row, void *context);

/*
 * Sets a column's member, or for column NULL the members of the index, from a varbind below entry
 * (the length of the names up to the column). 0 or -EINVAL.
 */
int walk_decode_column(const struct column *column, void *row, const struct moment *now,
                       const netsnmp_variable_list *variable, struct strings *pool);
int walk_decode_index(const struct table_type *type, void *row, const oid *index, size_t length,
                      struct strings *pool);

#endif
