/*
 * Rows of one table as somebody told them, in the order in which they came. A struct table numbers
 * its rows itself and finds them by all of their source's key; this holds what was told, no more.
 */
#ifndef IPSEC_REPORT_TABLES_ROWS_H
#define IPSEC_REPORT_TABLES_ROWS_H

#include "table.h"

struct rows;

/* No rows yet. NULL without memory. */
struct rows *rows_new(const struct table_type *type);
void rows_free(struct rows *r);

/* Adds a copy of the row; its strings are copied too. 0 or -ENOMEM. */
int rows_add(struct rows *r, const void *row);

size_t rows_count(const struct rows *r);

/* Row i, from 0. Valid until the next rows_add(). */
const void *rows_at(const struct rows *r, size_t i);

#endif
