/* What is to be looked at later, as numbers, each with its moment; the earliest first. */
#ifndef IPSEC_REPORT_JOINS_AGENDA_H
#define IPSEC_REPORT_JOINS_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_item {
        int64_t when; /* monotonic, ms */
        uint64_t item;
};

/* All zero: empty. */
struct agenda {
        struct agenda_item *heap; /* none is later than those at twice its place */
        size_t n;
        size_t room;
};

/* One item may stand in it several times. Without memory it is lost. */
void agenda_put(struct agenda *a, int64_t when, uint64_t item);

/* The moment of the earliest; INT64_MAX when there is none. */
int64_t agenda_next(const struct agenda *a);

/* Takes out the earliest that is due; false: none is. */
bool agenda_take(struct agenda *a, int64_t now, uint64_t *item);

void agenda_free(struct agenda *a);

#endif
