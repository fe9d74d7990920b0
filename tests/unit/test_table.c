/* The table: keys, order, what its subscribers are told, full reads between events. */
#include "suite.h"
#include "tables/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct row {
        uint32_t key;
        uint32_t colour;
        const char *name;
        /* the joins' part */
        uint32_t index;
        const char *note;
};

static const struct column row_index[] = { UNSIGNED32(1, "tIndex", struct row, index) };
static const struct column colour_index[] = {
        UNSIGNED32(1, "tColour", struct row, colour),
        UNSIGNED32(2, "tIndex", struct row, index),
};
static const struct column columns[] = {
        UNSIGNED32(2, "tKey", struct row, key),
        UNSIGNED32(3, "tColour", struct row, colour),
        STRING(4, "tName", struct row, name),
        STRING(5, "tNote", struct row, note),
};

static size_t key_length(const void *row)
{
        (void)row;
        return sizeof(uint32_t);
}

static const struct table_type by_colour = {
        .number = 2,
        .name = "byColour",
        .moves = true,
        TABLE_INDEX(colour_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct row),
};
static const struct table_type *const views[] = { &by_colour, NULL };
static const struct table_type type = {
        .number = 1,
        .name = "rows",
        TABLE_INDEX(row_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct row),
        .source_size = offsetof(struct row, index),
        .key_length = key_length,
        .given_index = offsetof(struct row, index),
        .views = views,
};

static struct strings *pool;
static struct table *table;
static char told[4096]; /* what the listener heard, in short */

static void listen(void *context, enum table_event event, enum table_reason reason,
                   const void *before, const void *after)
{
        const struct row *row = after ? after : before;
        size_t length = strlen(told);

        (void)context;
        ck_assert(event != TABLE_ADDED || !before);
        ck_assert(event != TABLE_REMOVED || !after);
        snprintf(told + length, sizeof(told) - length, "%c%u#%u/%d ", "+~-"[event], row -> key,
                 row -> index, reason);
}

static void heard(const char *what)
{
        ck_assert_str_eq(told, what);
        told[0] = '\0';
}

static void setup(void)
{
        pool = strings_new();
        table = table_new(&type, pool);
        told[0] = '\0';
        ck_assert_int_eq(table_subscribe(table, listen, NULL), 0);
}

static void teardown(void)
{
        table_free(table);
        ck_assert_uint_eq(strings_count(pool), 0);
        strings_free(pool);
}

static void put(uint32_t key, uint32_t colour, const char *name, enum table_source source)
{
        struct row row;

        memset(&row, 0, sizeof(row));
        row.key = key;
        row.colour = colour;
        row.name = name;
        ck_assert_int_eq(table_put(table, &row, source), 0);
}

static const struct row *find(uint32_t key)
{
        struct row row = { .key = key };

        return table_find(table, &row);
}

static bool drop(uint32_t key, enum table_reason reason)
{
        struct row row = { .key = key };

        return table_remove(table, &row, reason);
}

START_TEST(test_events)
{
        put(7, 1, "seven", TABLE_FROM_EVENT);
        put(5, 1, "five", TABLE_FROM_EVENT);
        heard("+7#1/0 +5#2/0 ");
        put(7, 1, "seven", TABLE_FROM_EVENT);
        heard("");
        put(7, 1, "VII", TABLE_FROM_EVENT);
        heard("~7#1/0 ");
        ck_assert_str_eq(find(7)->name, "VII");
        ck_assert_uint_eq(strings_count(pool), 2);
        ck_assert(drop(7, TABLE_DELETED));
        ck_assert(!drop(7, TABLE_DELETED));
        heard("-7#1/1 ");
        put(7, 1, "seven", TABLE_FROM_EVENT);
        heard("+7#3/0 "); /* a number is never used again */
        ck_assert_uint_eq(table_count(table), 2);
}
END_TEST

START_TEST(test_joins_part_is_kept)
{
        struct row row;

        put(7, 1, "seven", TABLE_FROM_EVENT);
        row = *find(7);
        row.note = "joined";
        ck_assert_int_eq(table_update(table, &row), 0);
        put(7, 2, "seven again", TABLE_FROM_EVENT);
        ck_assert_str_eq(find(7)->note, "joined");
        ck_assert_str_eq(find(7)->name, "seven again");
        row.key = 8;
        row.name = row.note = NULL; /* those of the copy are gone */
        ck_assert_int_eq(table_update(table, &row), -ENOENT);
        heard("+7#1/0 ~7#1/0 ~7#1/0 ");
}
END_TEST

/* What a source says of the joins' part counts until the row is there. */
START_TEST(test_first_values)
{
        struct row row;

        memset(&row, 0, sizeof(row));
        row.key = 7;
        row.note = "first";
        ck_assert_int_eq(table_put(table, &row, TABLE_FROM_EVENT), 0);
        ck_assert_str_eq(find(7)->note, "first");
        row.note = "second";
        ck_assert_int_eq(table_put(table, &row, TABLE_FROM_EVENT), 0);
        ck_assert_str_eq(find(7)->note, "first");
        heard("+7#1/0 ");
        row = *find(7);
        row.note = "joined";
        ck_assert_int_eq(table_update(table, &row), 0);
        ck_assert(drop(7, TABLE_DELETED));
        row.name = NULL;
        row.note = "first again";
        ck_assert_int_eq(table_put(table, &row, TABLE_FROM_EVENT), 0);
        ck_assert_str_eq(find(7)->note, "first again");
}
END_TEST

static bool told_of(uint32_t key)
{
        struct row row = { .key = key };

        return table_told(table, &row);
}

/* What belongs to a row, in another table, is as old as the read's word about the row. */
START_TEST(test_told_during_the_read)
{
        put(1, 0, "a", TABLE_FROM_EVENT);
        put(2, 0, "b", TABLE_FROM_EVENT);
        ck_assert(!told_of(1)); /* no read is under way */
        table_sweep_begin(table);
        ck_assert(!told_of(1));
        put(1, 0, "a", TABLE_FROM_EVENT);
        ck_assert(drop(2, TABLE_DELETED));
        put(3, 0, "c", TABLE_FROM_EVENT);
        put(4, 0, "d", TABLE_FROM_DUMP);
        ck_assert(told_of(1));
        ck_assert(told_of(2));
        ck_assert(told_of(3));
        ck_assert(!told_of(4));
        ck_assert(!told_of(5));
        ck_assert(table_sweep_end(table, SIZE_MAX));
        ck_assert(!told_of(1));
        ck_assert(!told_of(2));
}
END_TEST

static uint32_t next_key(const struct table_type *view, const uint32_t *oid, size_t length)
{
        const struct row *row = table_next(table, view, oid, length, false);

        return row ? row->key : 0;
}

START_TEST(test_order)
{
        uint32_t oid[2] = { 0, 0 };
        const struct row *row;

        put(30, 9, "", TABLE_FROM_EVENT);
        put(10, 5, "", TABLE_FROM_EVENT);
        put(20, 9, "", TABLE_FROM_EVENT);
        ck_assert_uint_eq(next_key(&type, oid, 0), 30);
        oid[0] = 1;
        ck_assert_uint_eq(next_key(&type, oid, 1), 10);
        ck_assert_uint_eq(next_key(&type, oid, 2), 10); /* 1.0 is behind 1 */
        oid[0] = 3;
        ck_assert_uint_eq(next_key(&type, oid, 1), 0);
        oid[0] = 5;
        ck_assert_uint_eq(next_key(&by_colour, oid, 1), 10);
        oid[1] = 2;
        ck_assert_uint_eq(next_key(&by_colour, oid, 2), 30);
        row = table_at(table, &by_colour, (const uint32_t[]){ 9, 3 }, 2);
        ck_assert_uint_eq(row->key, 20);
        ck_assert_ptr_null(table_at(table, &by_colour, (const uint32_t[]){ 9 }, 1));
        ck_assert_ptr_null(table_at(table, &type, (const uint32_t[]){ 3, 0 }, 2));
}
END_TEST

/* A view by what a row says, not by its key: the row moves when it says something else. */
START_TEST(test_moving_view)
{
        put(30, 9, "", TABLE_FROM_EVENT);
        put(10, 5, "", TABLE_FROM_EVENT);
        put(30, 1, "", TABLE_FROM_EVENT);
        ck_assert_uint_eq(next_key(&by_colour, NULL, 0), 30);
        ck_assert_uint_eq(next_key(&by_colour, (const uint32_t[]){ 1, 1 }, 2), 10);
        ck_assert_uint_eq(next_key(&by_colour, (const uint32_t[]){ 5, 2 }, 2), 0);
        ck_assert(drop(30, TABLE_DELETED));
        ck_assert_uint_eq(next_key(&by_colour, NULL, 0), 10);
}
END_TEST

/* The kernel tells the newest first; the oldest gets the first number. */
START_TEST(test_first_read)
{
        table_sweep_begin(table);
        put(3, 0, "c", TABLE_FROM_DUMP);
        put(9, 0, "told meanwhile", TABLE_FROM_EVENT);
        put(2, 0, "b", TABLE_FROM_DUMP);
        put(1, 0, "a", TABLE_FROM_DUMP);
        heard("");
        ck_assert_ptr_null(find(1));
        ck_assert_uint_eq(table_count(table), 0);
        table_sweep_end(table, SIZE_MAX);
        heard("+1#1/0 +2#2/0 +3#3/0 +9#4/0 ");
}
END_TEST

/* A long read ends in several calls; events go on between them. */
START_TEST(test_ended_in_steps)
{
        table_sweep_begin(table);
        put(3, 0, "c", TABLE_FROM_DUMP);
        put(2, 0, "b", TABLE_FROM_DUMP);
        put(1, 0, "a", TABLE_FROM_DUMP);
        ck_assert(!table_sweep_end(table, 1));
        heard("+1#1/0 ");
        ck_assert(drop(3, TABLE_DELETED));
        put(9, 0, "i", TABLE_FROM_EVENT);
        ck_assert(drop(1, TABLE_DELETED));
        heard("-1#1/1 ");
        ck_assert(!table_sweep_end(table, 1));
        heard("+2#2/0 ");
        ck_assert(!table_sweep_end(table, 1));
        ck_assert(table_sweep_end(table, 1));
        heard("+9#3/0 ");
        ck_assert_uint_eq(table_count(table), 2);
}
END_TEST

static void first_read(void)
{
        table_sweep_begin(table);
        put(3, 0, "c", TABLE_FROM_DUMP);
        put(2, 0, "b", TABLE_FROM_DUMP);
        put(1, 0, "a", TABLE_FROM_DUMP);
        table_sweep_end(table, SIZE_MAX);
        told[0] = '\0';
}

START_TEST(test_later_read)
{
        first_read();
        table_sweep_begin(table);
        put(5, 0, "e", TABLE_FROM_DUMP);
        put(4, 0, "told meanwhile", TABLE_FROM_EVENT);
        heard("+4#4/0 ");
        put(3, 1, "c", TABLE_FROM_DUMP);
        heard("~3#3/0 ");
        put(1, 0, "a", TABLE_FROM_DUMP);
        table_sweep_end(table, SIZE_MAX);
        heard("+5#5/0 -2#2/4 ");
        ck_assert_uint_eq(table_count(table), 4);
}
END_TEST

START_TEST(test_events_beat_the_read)
{
        first_read();
        table_sweep_begin(table);
        ck_assert(drop(1, TABLE_EXPIRED));
        put(2, 7, "newer", TABLE_FROM_EVENT);
        heard("-1#1/2 ~2#2/0 ");
        put(3, 0, "c", TABLE_FROM_DUMP);
        put(2, 0, "older", TABLE_FROM_DUMP);
        put(1, 0, "gone", TABLE_FROM_DUMP);
        heard("");
        ck_assert_ptr_null(find(1));
        table_sweep_end(table, SIZE_MAX);
        heard("");
        ck_assert_str_eq(find(2)->name, "newer");
        put(1, 0, "back", TABLE_FROM_EVENT);
        heard("+1#4/0 ");
}
END_TEST

START_TEST(test_removed_and_back_during_the_read)
{
        first_read();
        table_sweep_begin(table);
        for (int i = 0; i < 3; i++) {
                ck_assert(drop(1, TABLE_DELETED));
                put(1, 0, "back", TABLE_FROM_EVENT);
        }
        put(3, 0, "c", TABLE_FROM_DUMP);
        put(2, 0, "b", TABLE_FROM_DUMP);
        put(1, 0, "old", TABLE_FROM_DUMP);
        table_sweep_end(table, SIZE_MAX);
        heard("-1#1/1 +1#4/0 -1#4/1 +1#5/0 -1#5/1 +1#6/0 ");
        ck_assert_str_eq(find(1)->name, "back");
        ck_assert_uint_eq(table_count(table), 3);
}
END_TEST

/* Rows that the first read brought, and that went before it ended, were never seen. */
START_TEST(test_gone_during_the_first_read)
{
        table_sweep_begin(table);
        put(2, 0, "b", TABLE_FROM_DUMP);
        put(1, 0, "a", TABLE_FROM_DUMP);
        ck_assert(drop(2, TABLE_DELETED));
        put(2, 0, "b", TABLE_FROM_DUMP);
        put(2, 0, "new", TABLE_FROM_EVENT);
        ck_assert(drop(1, TABLE_DELETED));
        table_sweep_end(table, SIZE_MAX);
        heard("+2#1/0 ");
        ck_assert_str_eq(find(2)->name, "new");
}
END_TEST

START_TEST(test_aborted_read)
{
        first_read();
        table_sweep_begin(table);
        put(9, 0, "i", TABLE_FROM_DUMP);
        ck_assert(drop(2, TABLE_DELETED));
        table_sweep_abort(table);
        heard("-2#2/1 +9#4/0 ");
        ck_assert_uint_eq(table_count(table), 3);
        put(2, 0, "b", TABLE_FROM_EVENT);
        heard("+2#5/0 ");
}
END_TEST

/* A source that leaves rows out: nothing goes, and what is new meanwhile is seen at once. */
START_TEST(test_kept_read)
{
        table_sweep_begin(table);
        put(1, 0, "a", TABLE_FROM_DUMP);
        put(2, 0, "b", TABLE_FROM_EVENT);
        heard("");
        table_sweep_keep(table);
        heard("+1#1/0 +2#2/0 ");
        table_sweep_begin(table);
        put(3, 0, "c", TABLE_FROM_EVENT);
        heard("+3#3/0 ");
        table_sweep_keep(table);
        heard("");
        ck_assert_uint_eq(table_count(table), 3);
}
END_TEST

static bool odd(const void *row, const void *context)
{
        (void)context;
        return ((const struct row *)row)->key % 2 == 1;
}

START_TEST(test_mass_removal)
{
        first_read();
        ck_assert_uint_eq(table_remove_matching(table, odd, NULL, TABLE_FLUSHED), 2);
        heard("-1#1/3 -3#3/3 ");
        ck_assert_ptr_null(table_at(table, &by_colour, (const uint32_t[]){ 0, 1 }, 2));
        table_sweep_begin(table);
        put(5, 0, "e", TABLE_FROM_DUMP);
        ck_assert_uint_eq(table_remove_matching(table, odd, NULL, TABLE_FLUSHED), 0);
        put(5, 0, "e", TABLE_FROM_DUMP);
        put(2, 0, "b", TABLE_FROM_DUMP);
        table_sweep_end(table, SIZE_MAX);
        heard("");
        ck_assert_uint_eq(table_count(table), 1);
}
END_TEST

/* Many rows that come and go, events and reads mixed, against a plain array. */
START_TEST(test_random)
{
        static bool there[500];
        size_t count = 0;

        memset(there, 0, sizeof(there));
        srandom(1);
        for (int round = 0; round < 200; round++) {
                bool reading = round % 2 == 1;

                if (reading)
                        table_sweep_begin(table);
                for (uint32_t i = 0; i < 500; i++) {
                        uint32_t key = (uint32_t)random() % 500;

                        if (reading && there[i])
                                put(i, i % 3, "read", TABLE_FROM_DUMP);
                        if (random() % 2) {
                                put(key, key % 3, "told", TABLE_FROM_EVENT);
                                there[key] = true;
                        } else {
                                drop(key, TABLE_DELETED);
                                there[key] = false;
                        }
                        told[0] = '\0';
                }
                if (reading)
                        table_sweep_end(table, SIZE_MAX);
                count = 0;
                for (uint32_t i = 0; i < 500; i++) {
                        ck_assert_int_eq(find(i) != NULL, there[i]);
                        count += there[i];
                }
                ck_assert_uint_eq(table_count(table), count);
                told[0] = '\0';
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("table");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_events);
        tcase_add_test(tcase, test_joins_part_is_kept);
        tcase_add_test(tcase, test_first_values);
        tcase_add_test(tcase, test_told_during_the_read);
        tcase_add_test(tcase, test_order);
        tcase_add_test(tcase, test_moving_view);
        tcase_add_test(tcase, test_first_read);
        tcase_add_test(tcase, test_ended_in_steps);
        tcase_add_test(tcase, test_later_read);
        tcase_add_test(tcase, test_events_beat_the_read);
        tcase_add_test(tcase, test_removed_and_back_during_the_read);
        tcase_add_test(tcase, test_gone_during_the_first_read);
        tcase_add_test(tcase, test_aborted_read);
        tcase_add_test(tcase, test_kept_read);
        tcase_add_test(tcase, test_mass_removal);
        tcase_add_test(tcase, test_random);
        return run_suite("table", tcase);
}
