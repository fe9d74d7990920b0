#include "id_set.h"

#include <errno.h>
#include <stdlib.h>

int id_set_add(struct id_set *s, uint32_t id)
{
        if (s->n == s->room) {
                size_t room = s->room ? 2 * s->room : 64;
                uint32_t *ids = realloc(s->ids, room * sizeof(*ids));

                if (!ids)
                        return -ENOMEM;
                s->ids = ids;
                s->room = room;
        }
        s->ids[s->n++] = id;
        return 0;
}

static int compare(const void *a, const void *b)
{
        const uint32_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

void id_set_sort(struct id_set *s)
{
        if (s->n > 1)
                qsort(s->ids, s->n, sizeof(*s->ids), compare);
}

bool id_set_has(const struct id_set *s, uint32_t id)
{
        return s->n > 0 && bsearch(&id, s->ids, s->n, sizeof(*s->ids), compare);
}

void id_set_clear(struct id_set *s)
{
        s->n = 0;
}

void id_set_free(struct id_set *s)
{
        free(s->ids);
        *s = (struct id_set){ 0 };
}
