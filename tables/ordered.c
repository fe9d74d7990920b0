#include "ordered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A move within a block stays below 2 KiB, and the directory of a million items is 64 KiB. */
#define BLOCK_ITEMS 256

struct block {
        size_t count;
        void *items[BLOCK_ITEMS];
};

struct place {
        size_t block;
        size_t item;
};

struct ordered {
        struct block **blocks; /* none is empty */
        size_t n_blocks;
        size_t room; /* of the directory */
        size_t count;
        struct place
                last; /* what ordered_next() gave last: the next question is mostly beside it */
};

struct ordered *ordered_new(void)
{
        return calloc(1, sizeof(struct ordered));
}

void ordered_free(struct ordered *o)
{
        if (!o)
                return;
        for (size_t i = 0; i < o->n_blocks; i++)
                free(o->blocks[i]);
        free(o->blocks);
        free(o);
}

size_t ordered_count(const struct ordered *o)
{
        return o->count;
}

static bool valid(const struct ordered *o, struct place p)
{
        return p.block < o->n_blocks && p.item < o->blocks[p.block]->count;
}

static void *at(const struct ordered *o, struct place p)
{
        return valid(o, p) ? o->blocks[p.block]->items[p.item] : NULL;
}

/* The first block whose last item is not before sought; n_blocks if there is none. */
static size_t find_block(const struct ordered *o, ordered_compare *compare, const void *sought)
{
        size_t low = 0, high = o->n_blocks;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct block *b = o->blocks[middle];

                if (compare(sought, b->items[b->count - 1]) > 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* The place of the first item that is not before sought; *found tells whether sought is at it. */
static struct place lower_bound(const struct ordered *o, ordered_compare *compare,
                                const void *sought, bool *found)
{
        struct place p = { find_block(o, compare, sought), 0 };
        size_t high;

        *found = false;
        if (p.block == o->n_blocks)
                return p;
        high = o->blocks[p.block]->count;
        while (p.item < high) {
                size_t middle = p.item + (high - p.item) / 2;
                int order = compare(sought, o->blocks[p.block]->items[middle]);

                if (order == 0) {
                        *found = true;
                        p.item = middle;
                        return p;
                }
                if (order > 0)
                        p.item = middle + 1;
                else
                        high = middle;
        }
        return p;
}

static int insert_block(struct ordered *o, size_t where)
{
        struct block *b = malloc(sizeof(*b));

        if (!b)
                return -ENOMEM;
        if (o->n_blocks == o->room) {
                size_t room = o->room ? 2 * o->room : 4;
                struct block **blocks = realloc(o->blocks, room * sizeof(struct block *));

                if (!blocks) {
                        free(b);
                        return -ENOMEM;
                }
                o->blocks = blocks;
                o->room = room;
        }
        b->count = 0;
        memmove(o->blocks + where + 1, o->blocks + where,
                (o->n_blocks - where) * sizeof(struct block *));
        o->blocks[where] = b;
        o->n_blocks++;
        return 0;
}

static void remove_block(struct ordered *o, size_t where)
{
        free(o->blocks[where]);
        o->n_blocks--;
        memmove(o->blocks + where, o->blocks + where + 1,
                (o->n_blocks - where) * sizeof(struct block *));
}

/* Makes room in a full block. At the sequence's end a new block is begun, so that rising keys fill
 * their blocks; elsewhere the block is halved. */
static int make_room(struct ordered *o, struct place *p)
{
        struct block *from, *to;
        size_t keep = p->item == BLOCK_ITEMS ? BLOCK_ITEMS : BLOCK_ITEMS / 2;
        int err = insert_block(o, p->block + 1);

        if (err < 0)
                return err;
        from = o->blocks[p->block];
        to = o->blocks[p->block + 1];
        to->count = from->count - keep;
        memcpy(to->items, from->items + keep, to->count * sizeof(void *));
        from->count = keep;
        if (p->item > keep || keep == BLOCK_ITEMS) {
                p->block++;
                p->item -= keep;
        }
        return 0;
}

int ordered_insert(struct ordered *o, ordered_compare *compare, const void *sought, void *item)
{
        bool found;
        struct place p = lower_bound(o, compare, sought, &found);
        struct block *b;
        int err = 0;

        if (found)
                return -EEXIST;
        if (o->n_blocks == 0) {
                err = insert_block(o, 0);
        } else if (p.block == o->n_blocks) {
                p.block--;
                p.item = o->blocks[p.block]->count;
        }
        if (err == 0 && o->blocks[p.block]->count == BLOCK_ITEMS)
                err = make_room(o, &p);
        if (err < 0)
                return err;
        b = o->blocks[p.block];
        memmove(b->items + p.item + 1, b->items + p.item, (b->count - p.item) * sizeof(void *));
        b->items[p.item] = item;
        b->count++;
        o->count++;
        return 0;
}

/* Keeps blocks from growing sparse where items come and go: a thin block takes its neighbour in. */
static void merge_with_next(struct ordered *o, size_t where)
{
        struct block *b = o->blocks[where], *next;

        if (where + 1 >= o->n_blocks)
                return;
        next = o->blocks[where + 1];
        if (b->count + next->count > BLOCK_ITEMS / 2)
                return;
        memcpy(b->items + b->count, next->items, next->count * sizeof(void *));
        b->count += next->count;
        remove_block(o, where + 1);
}

void *ordered_remove(struct ordered *o, ordered_compare *compare, const void *sought)
{
        bool found;
        struct place p = lower_bound(o, compare, sought, &found);
        struct block *b;
        void *item;

        if (!found)
                return NULL;
        b = o->blocks[p.block];
        item = b->items[p.item];
        b->count--;
        memmove(b->items + p.item, b->items + p.item + 1, (b->count - p.item) * sizeof(void *));
        if (b->count == 0)
                remove_block(o, p.block);
        else
                merge_with_next(o, p.block);
        o->count--;
        return item;
}

void *ordered_find(const struct ordered *o, ordered_compare *compare, const void *sought)
{
        bool found;
        struct place p = lower_bound(o, compare, sought, &found);

        return found ? at(o, p) : NULL;
}

static struct place step(const struct ordered *o, struct place p)
{
        if (++p.item < o->blocks[p.block]->count)
                return p;
        p.block++;
        p.item = 0;
        return p;
}

/* A walk asks for the item after the one given last, or, for the next column, for that one again.
 */
static bool beside_last(const struct ordered *o, ordered_compare *compare, const void *sought,
                        struct place *p)
{
        struct place before = o->last;

        if (!valid(o, o->last))
                return false;
        if (compare(sought, at(o, o->last)) == 0) {
                *p = step(o, o->last);
                return true;
        }
        if (before.item > 0) {
                before.item--;
        } else {
                if (before.block == 0)
                        return false;
                before.block--;
                before.item = o->blocks[before.block]->count - 1;
        }
        if (compare(sought, at(o, before)) != 0)
                return false;
        *p = o->last;
        return true;
}

void *ordered_next(struct ordered *o, ordered_compare *compare, const void *sought, bool or_at)
{
        bool found;
        struct place p;

        if (or_at || !beside_last(o, compare, sought, &p)) {
                p = lower_bound(o, compare, sought, &found);
                if (found && !or_at)
                        p = step(o, p);
        }
        if (valid(o, p))
                o->last = p;
        return at(o, p);
}

void *ordered_previous(const struct ordered *o, ordered_compare *compare, const void *sought)
{
        bool found;
        struct place p = lower_bound(o, compare, sought, &found);

        if (p.item > 0)
                p.item--;
        else if (p.block > 0)
                p = (struct place){ p.block - 1, o->blocks[p.block - 1]->count - 1 };
        else
                return NULL;
        return at(o, p);
}

static size_t sweep_block(struct block *b, bool (*drop)(void *item, void *context), void *context)
{
        size_t kept = 0;

        for (size_t i = 0; i < b->count; i++)
                if (!drop(b->items[i], context))
                        b->items[kept++] = b->items[i];
        b->count = kept;
        return kept;
}

void ordered_sweep(struct ordered *o, bool (*drop)(void *item, void *context), void *context)
{
        size_t kept_blocks = 0;

        o->count = 0;
        for (size_t i = 0; i < o->n_blocks; i++) {
                size_t kept = sweep_block(o->blocks[i], drop, context);

                o->count += kept;
                if (kept == 0)
                        free(o->blocks[i]);
                else
                        o->blocks[kept_blocks++] = o->blocks[i];
        }
        o->n_blocks = kept_blocks;
        for (size_t i = o->n_blocks; i-- > 1;)
                merge_with_next(o, i - 1);
}
