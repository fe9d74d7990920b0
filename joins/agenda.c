#include "agenda.h"

#include <stdlib.h>
#include <string.h>

static void swap(struct agenda *a, size_t i, size_t j)
{
        struct agenda_item kept = a->heap[i];

        a->heap[i] = a->heap[j];
        a->heap[j] = kept;
}

static bool grow(struct agenda *a)
{
        size_t room = a->room ? 2 * a->room : 64;
        struct agenda_item *heap = reallocarray(a->heap, room, sizeof(*heap));

        if (!heap)
                return false;
        a->heap = heap;
        a->room = room;
        return true;
}

void agenda_put(struct agenda *a, int64_t when, uint64_t item)
{
        if (a->n == a->room && !grow(a))
                return;
        a->heap[a->n] = (struct agenda_item){ when, item };
        for (size_t i = a->n++; i > 0 && a->heap[i].when < a->heap[(i - 1) / 2].when;
             i = (i - 1) / 2)
                swap(a, i, (i - 1) / 2);
}

int64_t agenda_next(const struct agenda *a)
{
        return a->n > 0 ? a->heap[0].when : INT64_MAX;
}

static size_t earlier_child(const struct agenda *a, size_t i)
{
        size_t child = 2 * i + 1;

        return child + 1 < a->n && a->heap[child + 1].when < a->heap[child].when ? child + 1
                                                                                 : child;
}

bool agenda_take(struct agenda *a, int64_t now, uint64_t *item)
{
        if (a->n == 0 || a->heap[0].when > now)
                return false;
        *item = a->heap[0].item;
        a->heap[0] = a->heap[--a->n];
        for (size_t i = 0, child; (child = earlier_child(a, i)) < a->n; i = child) {
                if (a->heap[i].when <= a->heap[child].when)
                        break;
                swap(a, i, child);
        }
        return true;
}

void agenda_free(struct agenda *a)
{
        free(a->heap);
        memset(a, 0, sizeof(*a));
}
