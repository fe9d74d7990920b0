#include "queue.h"

#include <stdlib.h>
#include <string.h>

static size_t place(const struct queue *q, size_t i)
{
        return (q->first + i) % q->room;
}

/* What the ring has before its first item goes behind the others. */
static bool grow(struct queue *q)
{
        size_t room = q->room ? 2 * q->room : 64;
        uint64_t *items = reallocarray(q->items, room, sizeof(*items));

        if (!items)
                return false;
        if (q->room > 0)
                memcpy(items + q->room, items, q->first * sizeof(*items));
        q->items = items;
        q->room = room;
        return true;
}

void queue_put(struct queue *q, uint64_t item)
{
        if (q->n > 0 && q->items[place(q, q->n - 1)] == item)
                return;
        if (q->n == q->room && !grow(q))
                return;
        q->items[place(q, q->n)] = item;
        q->n++;
}

bool queue_is_empty(const struct queue *q)
{
        return q->n == 0;
}

uint64_t queue_take(struct queue *q)
{
        uint64_t item = q->items[q->first];

        q->first = place(q, 1);
        q->n--;
        return item;
}

void queue_free(struct queue *q)
{
        free(q->items);
        memset(q, 0, sizeof(*q));
}
