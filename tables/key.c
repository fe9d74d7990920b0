#include "key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What remains of a long name before "~" and the hash. */
#define KEPT (KEY_MAX - 9)

static uint32_t hash_name(const char *name)
{
        uint32_t hash = UINT32_C(2166136261);

        for (; *name; name++)
                hash = (hash ^ (uint8_t)*name) * UINT32_C(16777619);
        return hash;
}

void key_of_name(const char *name, char key[KEY_MAX + 1])
{
        if (strlen(name) <= KEY_MAX)
                strcpy(key, name);
        else
                snprintf(key, KEY_MAX + 1, "%.*s~%08" PRIx32, KEPT, name, hash_name(name));
}

void key_of_second_name(const char *name, const char *daemon, char key[KEY_MAX + 1])
{
        size_t room = KEY_MAX - 1 - strlen(daemon), length = strlen(name);
        char hash[10];

        if (length <= room) {
                memcpy(key, name, length);
        } else {
                length = room;
                snprintf(hash, sizeof(hash), "~%08" PRIx32, hash_name(name));
                memcpy(key, name, room - 9);
                memcpy(key + room - 9, hash, 9);
        }
        key[length] = '@';
        memcpy(key + length + 1, daemon, strlen(daemon) + 1);
}
