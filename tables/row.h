/* What tables do with rows: the strings they hold, and their order. For this folder only. */
#ifndef IPSEC_REPORT_TABLES_ROW_H
#define IPSEC_REPORT_TABLES_ROW_H

#include "table.h"

/* Where the column's string stands in the row; NULL: it is no column of strings. */
const char **row_string(const struct column *column, void *row);

/* Puts the pool's strings into the row in place of the caller's. -ENOMEM: it then holds none. */
int row_retain(const struct table_type *type, void *row, struct strings *pool);

/* Gives the row's strings back to the pool. */
void row_release(const struct table_type *type, void *row, struct strings *pool);

/* A place in the order of SNMP. */
struct index {
        const struct table_type *view;
        const uint32_t *oid; /* its sub-identifiers */
        size_t length;
};

/* How a struct index stands to a row, by the rule for OIDs: an ordered_compare. */
int index_compare(const void *sought, const void *item);

#endif
