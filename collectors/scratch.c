#include "scratch.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096

struct scratch_block {
        struct scratch_block *next;
        size_t size;
        size_t used;
        char octets[];
};

static struct scratch_block *new_block(struct scratch *s, size_t least)
{
        size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
        struct scratch_block *block = malloc(sizeof(*block) + size);

        if (!block)
                return NULL;
        block->next = s->blocks;
        block->size = size;
        block->used = 0;
        s->blocks = block;
        return block;
}

const char *scratch_text(struct scratch *s, const char *text, size_t length)
{
        struct scratch_block *block = s->blocks;
        char *copy;

        if (!block || block->size - block->used < length + 1)
                block = new_block(s, length + 1);
        if (!block)
                return NULL;
        copy = block->octets + block->used;
        if (length > 0)
                memcpy(copy, text, length);
        copy[length] = '\0';
        block->used += length + 1;
        return copy;
}

static void free_blocks(struct scratch_block *block)
{
        while (block) {
                struct scratch_block *next = block->next;

                free(block);
                block = next;
        }
}

void scratch_clear(struct scratch *s)
{
        if (!s->blocks)
                return;
        free_blocks(s->blocks->next);
        s->blocks->next = NULL;
        s->blocks->used = 0;
}

void scratch_free(struct scratch *s)
{
        free_blocks(s->blocks);
        s->blocks = NULL;
}
