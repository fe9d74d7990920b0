/*
 * Whatever the octets are, as an answer of the kernel or as an event: no crash, no leak. The first
 * octet chooses how they come; the rest goes through the same code as a replayed recording.
 */
#include "collectors/messages.h"
#include "collectors/xfrm.h"
#include "collectors/xfrm_parse.h"
#include "collectors/xfrm_sas.h"
#include "tests/unit/fake_loop.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(struct xfrm_sas *sas, char *octets, size_t size, uint8_t how)
{
        struct messages messages = { octets, size };
        struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages))) {
                uint32_t count;

                xfrm_sas_apply(sas, nlh, how & 1 ? TABLE_FROM_DUMP : TABLE_FROM_EVENT);
                xfrm_parse_sad_count(nlh, &count);
                xfrm_blank_keys(nlh);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct loop *loop;
        struct store *store;
        struct xfrm_sas sas;
        char *octets;

        if (size < 1 || size > 1 << 20)
                return 0;
        loop = fake_loop_new(1795500116);
        store = store_new();
        octets = malloc(size);
        memcpy(octets, data + 1, size - 1);
        xfrm_sas_init(&sas, loop, store);
        if (data[0] & 1)
                table_sweep_begin(sas.table);
        apply(&sas, octets, size - 1, data[0]);
        if (data[0] & 1)
                table_sweep_end(sas.table, SIZE_MAX);
        apply(&sas, octets, size - 1, 0); /* the keys are blank now, all else is not */
        free(octets);
        store_free(store);
        fake_loop_free(loop);
        return 0;
}
