/* The ordered sequence, against a plain sorted array that does the same slowly. */
#include "suite.h"
#include "tables/ordered.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define KEYS 3000

static uint32_t keys[KEYS]; /* what the items point to */

static int compare(const void *sought, const void *item)
{
        uint32_t a = *(const uint32_t *)sought, b = *(const uint32_t *)item;

        return a < b ? -1 : a > b;
}

static bool present[KEYS];

static void check_all(struct ordered *o)
{
        uint32_t at = 0;
        void *item = ordered_next(o, compare, &at, true), *last = NULL;
        size_t count = 0;

        for (uint32_t i = 0; i < KEYS; i++) {
                ck_assert_ptr_eq(ordered_find(o, compare, &i), present[i] ? &keys[i] : NULL);
                ck_assert_ptr_eq(ordered_previous(o, compare, &i), last);
                if (!present[i])
                        continue;
                ck_assert_ptr_eq(item, &keys[i]);
                last = item;
                item = ordered_next(o, compare, &i, false);
                count++;
        }
        at = KEYS;
        ck_assert_ptr_eq(ordered_previous(o, compare, &at), last);
        ck_assert_ptr_null(item);
        ck_assert_uint_eq(ordered_count(o), count);
}

static bool drop_third(void *item, void *context)
{
        uint32_t key = *(uint32_t *)item;

        (void)context;
        if (key % 3 != 0)
                return false;
        present[key] = false;
        return true;
}

START_TEST(test_random)
{
        struct ordered *o = ordered_new();

        memset(present, 0, sizeof(present));
        srandom(4301);
        for (int round = 0; round < 40000; round++) {
                uint32_t key = (uint32_t)random() % KEYS;

                if (random() % 5 < (round < 20000 ? 3 : 2)) {
                        ck_assert_int_eq(ordered_insert(o, compare, &key, &keys[key]),
                                         present[key] ? -EEXIST : 0);
                        present[key] = true;
                } else {
                        ck_assert_ptr_eq(ordered_remove(o, compare, &key),
                                         present[key] ? &keys[key] : NULL);
                        present[key] = false;
                }
                if (round % 5000 == 0)
                        check_all(o);
        }
        check_all(o);
        ordered_sweep(o, drop_third, NULL);
        check_all(o);
        ordered_free(o);
}
END_TEST

START_TEST(test_rising_and_emptied)
{
        struct ordered *o = ordered_new();
        uint32_t zero = 0;

        memset(present, 0, sizeof(present));
        ck_assert_ptr_null(ordered_next(o, compare, &zero, true));
        for (uint32_t i = 0; i < KEYS; i++) {
                ck_assert_int_eq(ordered_insert(o, compare, &i, &keys[i]), 0);
                present[i] = true;
        }
        check_all(o);
        for (uint32_t i = 0; i < KEYS; i++) {
                ck_assert_ptr_eq(ordered_remove(o, compare, &i), &keys[i]);
                present[i] = false;
        }
        check_all(o);
        ordered_free(o);
}
END_TEST

/* The place remembered from the last question must never answer a different one. */
START_TEST(test_next_after_changes)
{
        struct ordered *o = ordered_new();
        uint32_t a = 10, b = 11, c = 12;

        ordered_insert(o, compare, &a, &keys[a]);
        ordered_insert(o, compare, &c, &keys[c]);
        ck_assert_ptr_eq(ordered_next(o, compare, &a, false), &keys[c]);
        ordered_insert(o, compare, &b, &keys[b]);
        ck_assert_ptr_eq(ordered_next(o, compare, &a, false), &keys[b]);
        ck_assert_ptr_eq(ordered_next(o, compare, &a, false), &keys[b]);
        ordered_remove(o, compare, &b);
        ck_assert_ptr_eq(ordered_next(o, compare, &a, false), &keys[c]);
        ck_assert_ptr_eq(ordered_next(o, compare, &b, false), &keys[c]);
        ck_assert_ptr_null(ordered_next(o, compare, &c, false));
        ordered_free(o);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("ordered");

        for (uint32_t i = 0; i < KEYS; i++)
                keys[i] = i;
        tcase_add_test(tcase, test_random);
        tcase_add_test(tcase, test_rising_and_emptied);
        tcase_add_test(tcase, test_next_after_changes);
        return run_suite("ordered", tcase);
}
