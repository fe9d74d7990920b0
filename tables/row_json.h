/* A row as JSON: one object on one line, made of the columns' descriptors. */
#ifndef IPSEC_REPORT_TABLES_ROW_JSON_H
#define IPSEC_REPORT_TABLES_ROW_JSON_H

#include "table.h"

#include <stdio.h>

/*
 * Writes the object, without an end of line: index and columns by their names in snake_case, those
 * that are none left out. 0 or -ENOMEM; what goes wrong with the file, the file tells.
 *
 * jansson's integers end at 2^63 - 1. What is above stays a number, as a real: readers that hold
 * numbers as doubles see the same.
 */
int row_json_write(FILE *file, const struct table_type *type, const void *row,
                   const struct moment *now);

#endif
