/*
 * Whatever the octets are, as the kernel's links and addresses: no crash, no leak. The first octet
 * chooses how they come: read in full, told by events, or both.
 */
#include "collectors/links.h"
#include "collectors/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(struct links *links, char *octets, size_t size, enum table_source source)
{
        struct messages messages = { octets, size };
        struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages)))
                links_apply(links, nlh, source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct all_conf all = { .disable_xfrm = true };
        struct store *store;
        struct links links;
        char *octets;

        if (size < 1 || size > 1 << 20)
                return 0;
        store = store_new();
        octets = malloc(size);
        memcpy(octets, data + 1, size - 1);
        links_init(&links, store);
        if (data[0] & 1)
                links_sweep_begin(&links);
        if (data[0] & 2)
                apply(&links, octets, size - 1, TABLE_FROM_EVENT);
        apply(&links, octets, size - 1, TABLE_FROM_DUMP);
        if (data[0] & 4)
                links_set_all(&links, &all);
        if ((data[0] & 9) == 1)
                links_sweep_end(&links);
        if ((data[0] & 9) == 9)
                links_sweep_abort(&links);
        apply(&links, octets, size - 1, TABLE_FROM_EVENT);
        links_sweep_begin(&links); /* nothing is there any more */
        links_sweep_end(&links);
        if (table_count(links.table) != 0)
                abort();
        links_free(&links);
        free(octets);
        store_free(store);
        return 0;
}
