/*
 * Whatever whack prints: no crash, no leak, no row without its index. The first octet chooses what
 * was asked for; the answer is taken twice, so that what is kept of before counts as well.
 */
#include "collectors/libreswan_rows.h"
#include "tests/unit/fake_loop.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct libreswan_rows *r, uint8_t what, struct libreswan_text answer)
{
        struct libreswan_text line;
        char version[16];
        int err;

        libreswan_begin_totals(r);
        libreswan_begin_states(r, (what & 1) != 0);
        while (libreswan_next_line(&answer, &line)) {
                libreswan_parse_version(line, version, sizeof(version));
                libreswan_take_total(r, line);
                if (libreswan_take_line(r, line) < 0)
                        abort();
        }
        libreswan_end_totals(r);
        while (!libreswan_end_states(r, 3, &err))
                ;
        libreswan_forget(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct loop *loop;
        struct store *store;
        struct libreswan_rows rows;
        struct libreswan_text answer, line, rest;
        char *copy;

        if (size == 0)
                return 0;
        loop = fake_loop_new(1795500828);
        store = store_new();
        libreswan_rows_init(&rows, loop, store);
        copy = malloc(size); /* of its own: what is read behind it is found */
        memcpy(copy, data + 1, size - 1);
        answer = (struct libreswan_text){ copy, size - 1 };
        for (int i = 0; i < 2; i++) {
                take(&rows, data[0], answer);
                rest = answer;
                while (libreswan_next_line(&rest, &line))
                        libreswan_take_traffic(&rows, line);
                fake_loop_advance(loop, 2000);
        }
        libreswan_rows_grow_old(&rows);
        libreswan_rows_count(&rows);
        free(copy);
        libreswan_rows_free(&rows);
        store_free(store);
        fake_loop_free(loop);
        return 0;
}
