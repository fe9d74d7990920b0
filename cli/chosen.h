/* Some of the rows that were read, chosen in any order: they are told in the order of all. */
#ifndef CLI_CHOSEN_H
#define CLI_CHOSEN_H

#include "tables/rows.h"

/* All zero is none. The rows must stay where they are. */
struct chosen {
        const void **rows;
        size_t n;
        size_t room;
};

/* Chooses a row, however often. 0 or -ENOMEM. */
int chosen_add(struct chosen *c, const void *row);

/* Adds a copy of each chosen row to rows, ordered as they lie in what they were read into, and
 * forgets them. 0 or -ENOMEM. */
int chosen_give(struct chosen *c, struct rows *rows);

#endif
