/* Columns: what is encoded is decoded to the same member, for every kind; nonsense is refused. */
#include "suite.h"
#include "tables/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

struct row {
        uint8_t small;
        uint16_t middle;
        uint32_t number;
        int32_t integer;
        uint8_t enumeration;
        bool truth;
        uint16_t bits;
        uint64_t counter;
        const char *string;
        struct inet_addr address;
        struct inet_addr network;
        int64_t date;
        int64_t until;
        int64_t stamp;
        uint32_t interface;
        uint8_t octets[5];
        int64_t days;
        const char *pointer;
};

static const struct label colours[] = {
        { 1, "red" },
        { 5, "green" },
        { 9, "unknown" },
        { 0, NULL },
};

static const struct label bits[] = {
        { 0, "first" },
        { 7, "eighth" },
        { 9, "tenth" },
        { 0, NULL },
};

static const struct column columns[] = {
        UNSIGNED32(1, "small", struct row, small),
        UNSIGNED32(2, "middle", struct row, middle),
        UNSIGNED32(3, "number", struct row, number),
        INTEGER32(4, "integer", struct row, integer),
        ENUMERATION(5, "enumeration", struct row, enumeration, colours),
        TRUTH(6, "truth", struct row, truth),
        FLAGS(7, "bits", struct row, bits, bits),
        COUNTER64(8, "counter", struct row, counter),
        GAUGE64(9, "gauge", struct row, counter),
        STRING(10, "string", struct row, string),
        ADDRESS_TYPE(11, "addressType", struct row, address),
        ADDRESS(12, "address", struct row, address),
        ADDRESS_TEXT(13, "addressText", struct row, address),
        PREFIX_TEXT(14, "networkText", struct row, network),
        PREFIX_LENGTH(15, "networkPrefix", struct row, network),
        AGE(16, "age", struct row, date),
        SECONDS_LEFT(17, "left", struct row, until),
        DATE(18, "date", struct row, date),
        TIMESTAMP(19, "stamp", struct row, stamp),
        IF_INDEX(20, "interface", struct row, interface),
        OCTETS(21, "octets", struct row, octets),
        DAYS_LEFT(22, "days", struct row, days),
        DATE(23, "day", struct row, days),
        ROW_POINTER(24, "pointer", struct row, pointer),
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const struct moment now = { .wall = 1795000000, .monotonic = 500000, .snmp_start = 100000 };

static struct row sample(struct strings *pool)
{
        struct row row;

        memset(&row, 0, sizeof(row));
        row.small = 200;
        row.middle = 65535;
        row.number = 4000000000;
        row.integer = -1;
        row.interface = INT32_MAX;
        row.enumeration = 5;
        row.truth = true;
        row.bits = 1 << 0 | 1 << 9;
        row.counter = UINT64_C(0x123456789abcdef0);
        row.string = strings_retain(pool, "moon", 4);
        inet_addr_parse(&row.address, "2001:db8::1", 11);
        inet_addr_parse(&row.network, "10.1.0.0/16", 11);
        row.date = now.wall - 77;
        row.until = now.wall + 88;
        row.stamp = 200000;
        row.days = now.wall + 100000;
        row.pointer = strings_retain(pool, "12.1.4.1.97", 11);
        memcpy(row.octets, "\x00\xff\x00 a", sizeof(row.octets));
        return row;
}

START_TEST(test_round_trip)
{
        struct strings *pool = strings_new();
        struct row from = sample(pool), to;

        memset(&to, 0, sizeof(to));
        for (size_t i = 0; i < N_COLUMNS; i++) {
                struct value value;

                column_encode(&columns[i], &from, &now, &value);
                ck_assert_int_eq(value.type, column_value_type(&columns[i]));
                ck_assert_int_eq(column_decode(&columns[i], &to, &now, &value, pool), 0);
        }
        ck_assert_mem_eq(&from, &to, sizeof(from));
        strings_release(pool, from.string);
        strings_release(pool, to.string);
        strings_release(pool, from.pointer);
        strings_release(pool, to.pointer);
        ck_assert_uint_eq(strings_count(pool), 0);
        strings_free(pool);
}
END_TEST

/* The value is overwritten by the next call: its octets may lie within it. */
static const struct value *encoded(size_t i, const struct row *row)
{
        static struct value value;

        column_encode(&columns[i], row, &now, &value);
        return &value;
}

START_TEST(test_nothing)
{
        struct row row;

        memset(&row, 0, sizeof(row));
        ck_assert_int_eq(encoded(4, &row)->integer32, 9); /* no such colour: unknown */
        ck_assert_int_eq(encoded(5, &row)->integer32, 2);
        ck_assert_uint_eq(encoded(9, &row)->length, 0);
        ck_assert_uint_eq(encoded(11, &row)->length, 0);
        ck_assert_uint_eq(encoded(12, &row)->length, 0);
        ck_assert_uint_eq(encoded(13, &row)->length, 0);
        ck_assert_int_eq(encoded(15, &row)->integer32, -1);
        ck_assert_int_eq(encoded(16, &row)->integer32, -1);
        ck_assert_uint_eq(encoded(17, &row)->length, 0);
        ck_assert_uint_eq(encoded(18, &row)->unsigned32, 0);
        ck_assert_uint_eq(encoded(23, &row)->length, 0);
}
END_TEST

START_TEST(test_times_at_their_ends)
{
        struct row row;

        memset(&row, 0, sizeof(row));
        row.date = now.wall + 5; /* a clock that was set back */
        row.until = now.wall - 5;
        row.stamp = 1; /* before snmpd's start */
        ck_assert_int_eq(encoded(15, &row)->integer32, 0);
        ck_assert_int_eq(encoded(16, &row)->integer32, 0);
        ck_assert_uint_eq(encoded(18, &row)->unsigned32, 0);
        row.until = INT64_MAX;
        ck_assert_int_eq(encoded(16, &row)->integer32, INT32_MAX);
        ck_assert_int_eq(encoded(21, &row)->integer32, -1);
        row.days = now.wall;
        ck_assert_int_eq(encoded(21, &row)->integer32, 0);
        row.days = now.wall + 1;
        ck_assert_int_eq(encoded(21, &row)->integer32, 1);
        row.days = now.wall + 86400;
        ck_assert_int_eq(encoded(21, &row)->integer32, 1);
        row.days = now.wall + 86401;
        ck_assert_int_eq(encoded(21, &row)->integer32, 2);
        row.days = now.wall - 864000;
        ck_assert_int_eq(encoded(21, &row)->integer32, 0);
}
END_TEST

START_TEST(test_octets)
{
        struct strings *pool = strings_new();
        struct row row = sample(pool);
        static const uint8_t flags[] = { 0x80, 0x40 };
        static const uint8_t date[] = { 0x07, 0xea, 11, 18, 11, 5, 23, 0, '+', 0, 0 };
        const struct value *value = encoded(6, &row);

        ck_assert_uint_eq(value->length, sizeof(flags));
        ck_assert_mem_eq(value->octets, flags, sizeof(flags));
        value = encoded(17, &row);
        ck_assert_uint_eq(value->length, sizeof(date));
        ck_assert_mem_eq(value->octets, date, sizeof(date));
        ck_assert_uint_eq(encoded(11, &row)->length, 16);
        value = encoded(13, &row);
        ck_assert_uint_eq(value->length, 11);
        ck_assert_mem_eq(value->octets, "10.1.0.0/16", 11);
        strings_release(pool, row.string);
        strings_release(pool, row.pointer);
        strings_free(pool);
}
END_TEST

static int decode(size_t i, struct row *row, struct value value)
{
        return column_decode(&columns[i], row, &now, &value, NULL);
}

START_TEST(test_nonsense)
{
        struct row row;
        struct value number = { .type = VALUE_UNSIGNED32, .unsigned32 = 256 };
        struct value integer = { .type = VALUE_INTEGER32, .integer32 = 3 };
        struct value text = { .type = VALUE_OCTETS, .octets = "nonsense", .length = 8 };

        memset(&row, 0, sizeof(row));
        ck_assert_int_eq(decode(0, &row, number), -EINVAL);
        ck_assert_int_eq(decode(14, &row, number), -EINVAL);
        ck_assert_int_eq(decode(3, &row, number), -EINVAL); /* another type */
        ck_assert_int_eq(decode(5, &row, integer), -EINVAL);
        ck_assert_int_eq(decode(11, &row, text), -EINVAL);
        ck_assert_int_eq(decode(12, &row, text), -EINVAL);
        ck_assert_int_eq(decode(13, &row, text), -EINVAL);
        ck_assert_int_eq(decode(17, &row, text),
                         -EINVAL); /* a date without tenths and zone is 8 too */
        ck_assert_int_eq(decode(20, &row, text), -EINVAL); /* another length */
        integer.integer32 = -3;
        ck_assert_int_eq(decode(19, &row, integer), -EINVAL); /* no interface has such a number */
        integer.integer32 = 3;
        ck_assert_int_eq(decode(4, &row, integer), 0);
        ck_assert_uint_eq(row.enumeration, 9);
}
END_TEST

/* In an index, octets of a fixed number have no length before them (RFC 2578, 7.7). */
START_TEST(test_index_of_octets)
{
        static const struct column index[] = {
                OCTETS(21, "octets", struct row, octets),
                UNSIGNED32(3, "number", struct row, number),
        };
        static const struct table_type type = {
                TABLE_INDEX(index),
                .row_size = sizeof(struct row),
        };
        static const uint32_t wanted[] = { 0, 255, 0, 32, 97, 4000000000 };
        struct strings *pool = strings_new();
        struct row row = sample(pool), back;
        uint32_t oid[INDEX_MAX];

        memset(&back, 0, sizeof(back));
        ck_assert_uint_eq(index_encode(&type, &row, oid), 6);
        ck_assert_mem_eq(oid, wanted, sizeof(wanted));
        ck_assert_int_eq(index_decode(&type, &back, oid, 6, pool), 0);
        ck_assert_mem_eq(back.octets, row.octets, sizeof(row.octets));
        ck_assert_uint_eq(back.number, row.number);
        ck_assert_int_eq(index_decode(&type, &back, oid, 5, pool), -EINVAL);
        ck_assert_int_eq(index_decode(&type, &back, oid, 4, pool), -EINVAL);
        oid[1] = 256;
        ck_assert_int_eq(index_decode(&type, &back, oid, 6, pool), -EINVAL);
        strings_release(pool, row.string);
        strings_release(pool, row.pointer);
        strings_free(pool);
}
END_TEST

START_TEST(test_addresses)
{
        struct inet_addr address;
        char text[INET_ADDR_TEXT_SIZE];
        static const char *const wrong[] = { "1.2.3", "1.2.3.4/33", "::1/129",
                                             "::1/",  "::g",        "1.2.3.4/x" };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                ck_assert(!inet_addr_parse(&address, wrong[i], strlen(wrong[i])));
        ck_assert(inet_addr_parse(&address, "2001:DB8:0:0:0:0:0:1/64", 23));
        ck_assert_uint_eq(inet_addr_prefix_text(&address, text), 14);
        ck_assert_str_eq(text, "2001:db8::1/64");
        inet_addr_set(&address, AF_UNSPEC, "", 0);
        ck_assert_uint_eq(inet_addr_text(&address, text), 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("column");

        tcase_add_test(tcase, test_round_trip);
        tcase_add_test(tcase, test_nothing);
        tcase_add_test(tcase, test_times_at_their_ends);
        tcase_add_test(tcase, test_octets);
        tcase_add_test(tcase, test_nonsense);
        tcase_add_test(tcase, test_index_of_octets);
        tcase_add_test(tcase, test_addresses);
        return run_suite("column", tcase);
}
