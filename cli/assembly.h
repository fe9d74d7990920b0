/*
 * Puts rows together from what GETBULK answers: varbinds in, complete rows out. No session, no
 * decoding. It trusts nobody: names must lie in the column and rise, an answer may end anywhere,
 * and columns that got out of step are brought back by their indexes.
 *
 * One step is the answers to one or more requests that asked for all columns from one cursor on,
 * each for some of the columns:
 *
 *     assembly_begin(); assembly_feed() for each answer; assembly_resolve(); assembly_row()...
 */
#ifndef CLI_ASSEMBLY_H
#define CLI_ASSEMBLY_H

#include "objects.h"

struct assembly;

/* Rows of n_columns columns, by their numbers, below entry; a step gives max_rows at the most. */
struct assembly *assembly_new(const oid *entry, size_t entry_length,
                              const struct column *const *columns, size_t n_columns,
                              size_t max_rows);
void assembly_free(struct assembly *a);

/* Forgets the rows of the step before. */
void assembly_begin(struct assembly *a);

/*
 * Takes the answer to a request for count columns from the one numbered first on. The varbinds must
 * live as long as the step's rows are used. 0, or -EPROTO for what no agent may answer.
 */
int assembly_feed(struct assembly *a, size_t first, size_t count,
                  const netsnmp_variable_list *variables);

/*
 * Ends a step: moves the cursor and makes the rows. Returns 0; -EAGAIN when the answers hold no
 * complete row and no end, so that smaller requests are needed; -ENODATA when one column is missing
 * where others have rows: assembly_missing() says which.
 */
int assembly_resolve(struct assembly *a);

/* The end of the table is reached: this step's rows are the last ones. */
bool assembly_done(const struct assembly *a);

size_t assembly_missing(const struct assembly *a);

/* How many rows the step gave. */
size_t assembly_rows(const struct assembly *a);

/* The varbinds of row number i of this step, one for each column in their order. */
const netsnmp_variable_list *const *assembly_row(const struct assembly *a, size_t i);

/* The index of that row; its length goes to *length. */
const oid *assembly_index(const struct assembly *a, size_t i, size_t *length);

/* Writes the name behind which the next step asks for a column; returns its length. */
size_t assembly_cursor(const struct assembly *a, size_t column, oid name[MAX_OID_LEN]);

#endif
