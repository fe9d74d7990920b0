#include "strings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
        UT_hash_handle hh;
        size_t holders;
        char text[];
};

struct strings {
        struct entry *entries;
};

static struct entry *entry_of(const char *string)
{
        return (struct entry *)((uintptr_t)string - offsetof(struct entry, text));
}

struct strings *strings_new(void)
{
        return calloc(1, sizeof(struct strings));
}

void strings_free(struct strings *pool)
{
        struct entry *entry, *next;

        if (!pool)
                return;
        HASH_ITER(hh, pool->entries, entry, next)
        {
                HASH_DEL(pool->entries, entry);
                free(entry);
        }
        free(pool);
}

static struct entry *find(const struct strings *pool, const char *text, size_t length)
{
        struct entry *entry;

        HASH_FIND(hh, pool->entries, text, length, entry);
        return entry;
}

const char *strings_retain(struct strings *pool, const char *text, size_t length)
{
        struct entry *entry;

        if (!text || length == 0 || memchr(text, '\0', length))
                return NULL;
        entry = find(pool, text, length);
        if (!entry) {
                entry = calloc(1, sizeof(*entry) + length + 1);
                if (!entry)
                        return NULL;
                memcpy(entry->text, text, length);
                HASH_ADD(hh, pool->entries, text[0], length, entry);
        }
        entry->holders++;
        return entry->text;
}

const char *strings_find(const struct strings *pool, const char *text)
{
        const struct entry *entry = text && *text ? find(pool, text, strlen(text)) : NULL;

        return entry ? entry->text : NULL;
}

void strings_release(struct strings *pool, const char *string)
{
        struct entry *entry;

        if (!string)
                return;
        entry = entry_of(string);
        if (--entry->holders > 0)
                return;
        HASH_DEL(pool->entries, entry);
        free(entry);
}

size_t strings_count(const struct strings *pool)
{
        return HASH_COUNT(pool->entries);
}
