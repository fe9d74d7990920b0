/* All tables of one machine. The agent has one, the command has one, a test makes one. */
#ifndef IPSEC_REPORT_TABLES_STORE_H
#define IPSEC_REPORT_TABLES_STORE_H

#include "table.h"

struct store;

/* Every table type, ascending by number (0: for joins alone); ends with NULL. Views are in them. */
extern const struct table_type *const table_types[];

/* Empty tables of every type. NULL without memory. */
struct store *store_new(void);
void store_free(struct store *store);

/* The table of this type; the type must be one of table_types. */
struct table *store_table(const struct store *store, const struct table_type *type);

/* The pool that the rows' strings live in. */
struct strings *store_strings(const struct store *store);

#endif
