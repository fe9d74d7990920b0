#include "slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINIMUM_SLOTS 16

static uint32_t hash_of(const void *item)
{
        return *(const uint32_t *)item;
}

static size_t next(const struct slots *s, size_t i)
{
        return (i + 1) & (s->n - 1);
}

static void put(struct slots *s, void *item)
{
        size_t i = hash_of(item) & (s->n - 1);

        while (s->items[i])
                i = next(s, i);
        s->items[i] = item;
}

static int resize(struct slots *s, size_t n)
{
        struct slots old = *s;

        s->items = calloc(n, sizeof(*s->items));
        if (!s->items) {
                *s = old;
                return -ENOMEM;
        }
        s->n = n;
        for (size_t i = 0; i < old.n; i++)
                if (old.items[i])
                        put(s, old.items[i]);
        free(old.items);
        return 0;
}

void *slots_find(const struct slots *s, uint32_t hash, slots_equal *equal, const void *context)
{
        if (s->n == 0)
                return NULL;
        for (size_t i = hash & (s->n - 1); s->items[i]; i = next(s, i))
                if (hash_of(s->items[i]) == hash && equal(context, s->items[i]))
                        return s->items[i];
        return NULL;
}

int slots_insert(struct slots *s, void *item)
{
        if (4 * (s->used + 1) > 3 * s->n) {
                int err = resize(s, s->n ? 2 * s->n : MINIMUM_SLOTS);

                if (err < 0)
                        return err;
        }
        put(s, item);
        s->used++;
        return 0;
}

/* Closes the gap, so that no mark of a removed item is needed. */
void slots_remove(struct slots *s, const void *item)
{
        size_t mask = s->n - 1, gap = hash_of(item) & mask;

        while (s->items[gap] != item)
                gap = next(s, gap);
        for (size_t i = next(s, gap); s->items[i]; i = next(s, i)) {
                size_t home = hash_of(s->items[i]) & mask;

                if (((i - home) & mask) >= ((i - gap) & mask)) {
                        s->items[gap] = s->items[i];
                        gap = i;
                }
        }
        s->items[gap] = NULL;
        s->used--;
        if (s->n > MINIMUM_SLOTS && 8 * s->used < s->n)
                resize(s, s->n / 2); /* without memory it just stays large */
}

void slots_clear(struct slots *s)
{
        free(s->items);
        memset(s, 0, sizeof(*s));
}

uint32_t slots_hash(const void *key, size_t length)
{
        const char *octets = key;
        uint64_t hash = length * UINT64_C(0x9e3779b97f4a7c15), word;

        for (size_t i = 0; i < length; i += sizeof(word)) {
                size_t left = length - i;

                word = 0;
                memcpy(&word, octets + i, left < sizeof(word) ? left : sizeof(word));
                hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
                hash ^= hash >> 32;
        }
        return (uint32_t)hash;
}
