/* A set of numbers that are added one by one and looked for when all are there. */
#ifndef IPSEC_REPORT_COLLECTORS_ID_SET_H
#define IPSEC_REPORT_COLLECTORS_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is empty. */
struct id_set {
        uint32_t *ids;
        size_t n;
        size_t room;
};

/* 0 or -ENOMEM. */
int id_set_add(struct id_set *s, uint32_t id);

/* Before the first id_set_has() after adding. */
void id_set_sort(struct id_set *s);
bool id_set_has(const struct id_set *s, uint32_t id);

/* Empties it. */
void id_set_clear(struct id_set *s);

/* Gives back its memory. */
void id_set_free(struct id_set *s);

#endif
