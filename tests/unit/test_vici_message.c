/* The codec: what is whole, what is not, and every item of it. */
#include "config.h"

#include "collectors/vici_message.h"
#include "suite.h"
#include "vici_maker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct recorded recorded;

static const char *const files[] = {
        "list-sas.resp.bin", "list-conns.resp.bin",   "list-policies.resp.bin",
        "stats.resp.bin",    "get-counters.resp.bin", "events-moon.bin",
};

/* Counts what is in it, as a reader of it would. */
static size_t count(struct vici_slice slice)
{
        struct vici_item item;
        size_t n = 0;

        while (vici_next(&slice, &item)) {
                n++;
                if (item.kind == VICI_SECTION || item.kind == VICI_LIST)
                        n += count(item.body);
        }
        return n;
}

START_TEST(test_recorded)
{
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                struct vici_packet packet;
                size_t items = 0;

                read_recorded(&recorded, files[i]);
                while (next_packet(&recorded, &packet))
                        items += count(packet.message);
                ck_assert_uint_gt(items, 10);
        }
}
END_TEST

/* A copy that ends where the message ends: a read behind it is found. */
static int check_copy(const uint8_t *octets, size_t length)
{
        uint8_t *copy = malloc(length ? length : 1);
        struct vici_slice slice = { copy, copy + length };
        int err;

        memcpy(copy, octets, length);
        err = vici_check(slice);
        if (err == 0)
                count(slice);
        free(copy);
        return err;
}

/* Cut anywhere a message is refused, unless it is cut between elements outside of all sections. */
static void cut_everywhere(const struct vici_packet *packet)
{
        size_t length = vici_length(packet->message), whole = 0;

        for (size_t cut = 0; cut <= length; cut++)
                whole += check_copy(packet->message.at, cut) == 0;
        ck_assert_uint_ge(whole, 1);
        ck_assert_uint_le(whole, 8); /* an event's values before its section */
}

START_TEST(test_truncated)
{
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                struct vici_packet packet;

                read_recorded(&recorded, files[i]);
                while (next_packet(&recorded, &packet))
                        if (vici_length(packet.message) > 0)
                                cut_everywhere(&packet);
        }
}
END_TEST

START_TEST(test_packets)
{
        static const struct {
                const char *octets;
                size_t length;
                int err;
        } cases[] = {
                { "", 0, -EBADMSG },
                { "\x01", 1, 0 },
                { "\x02", 1, 0 },
                { "\x02x", 2, -EBADMSG },
                { "\x05", 1, 0 },
                { "\x06", 1, 0 },
                { "\x06\x01", 2, -EBADMSG },
                { "\x07", 1, -EBADMSG },
                { "\x07\x02"
                  "a",
                  3, -EBADMSG },
                { "\x07\x01"
                  "a",
                  3, 0 },
                { "\x07\x00", 2, 0 },
                { "\x08", 1, -EBADMSG },
                { "\x00\x01"
                  "a",
                  3, -EBADMSG }, /* only clients say so */
                { "\x03\x01"
                  "a",
                  3, -EBADMSG },
                { "\x04\x01"
                  "a",
                  3, -EBADMSG },
                { "\x01\x02", 2, -EBADMSG },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct vici_packet packet;

                ck_assert_int_eq(vici_packet_parse((const uint8_t *)cases[i].octets,
                                                   cases[i].length, &packet),
                                 cases[i].err);
        }
}
END_TEST

static int check(const char *octets, size_t length)
{
        return check_copy((const uint8_t *)octets, length);
}

#define CHECK(text) check(text, sizeof(text) - 1)

START_TEST(test_unbalanced)
{
        ck_assert_int_eq(CHECK(""), 0);
        ck_assert_int_eq(CHECK("\x02"), -EBADMSG);                       /* an end of nothing */
        ck_assert_int_eq(CHECK("\x01\x01z"), -EBADMSG);                  /* no end */
        ck_assert_int_eq(CHECK("\x01\x01z\x02"), 0);                     /* an empty section */
        ck_assert_int_eq(CHECK("\x01\x01z\x02\x02"), -EBADMSG);          /* two ends */
        ck_assert_int_eq(CHECK("\x04\x01z"), -EBADMSG);                  /* a list without an end */
        ck_assert_int_eq(CHECK("\x04\x01z\x06"), 0);                     /* an empty list */
        ck_assert_int_eq(CHECK("\x06"), -EBADMSG);                       /* an end of no list */
        ck_assert_int_eq(CHECK("\x05\x00\x01x"), -EBADMSG);              /* an item of no list */
        ck_assert_int_eq(CHECK("\x04\x01z\x05\x00\x01x\x06"), 0);        /* an item */
        ck_assert_int_eq(CHECK("\x04\x01z\x02"), -EBADMSG);              /* a section's end in it */
        ck_assert_int_eq(CHECK("\x04\x01z\x04\x01y\x06\x06"), -EBADMSG); /* a list in it */
        ck_assert_int_eq(CHECK("\x04\x01z\x01\x01y\x02\x06"), -EBADMSG); /* a section in it */
        ck_assert_int_eq(CHECK("\x04\x01z\x03\x01y\x00\x00\x06"), -EBADMSG); /* a value in it */
        ck_assert_int_eq(CHECK("\x03\x01k\x00\x05"
                               "abc"),
                         -EBADMSG); /* a value longer than the message */
        ck_assert_int_eq(CHECK("\x03\xffk\x00\x00"), -EBADMSG); /* a name longer than it */
        ck_assert_int_eq(CHECK("\x00"), -EBADMSG);
        ck_assert_int_eq(CHECK("\x07"), -EBADMSG);
        ck_assert_int_eq(CHECK("\xff"), -EBADMSG);
}
END_TEST

START_TEST(test_depth)
{
        struct maker m = { .length = 0 };

        for (int i = 0; i < VICI_DEPTH_MAX; i++)
                make_section(&m, "s");
        for (int i = 0; i < VICI_DEPTH_MAX; i++)
                make_end(&m);
        ck_assert_int_eq(vici_check(made(&m)), 0);
        ck_assert_uint_eq(count(made(&m)), VICI_DEPTH_MAX);
        m.length = 0;
        for (int i = 0; i <= VICI_DEPTH_MAX; i++)
                make_section(&m, "s");
        for (int i = 0; i <= VICI_DEPTH_MAX; i++)
                make_end(&m);
        ck_assert_int_eq(vici_check(made(&m)), -EBADMSG);
}
END_TEST

START_TEST(test_names)
{
        struct maker m = { .length = 0 };
        struct vici_item item;
        struct vici_slice rest;

        make_octets(&m, "a\0b", 3, "x\0y", 3);
        make_section(&m, "");
        make_value(&m, "ike-rekey-init", "7");
        make_end(&m);
        make_value(&m, "a", "second");
        make_value(&m, "a", "third");
        ck_assert_int_eq(vici_check(made(&m)), 0);
        ck_assert(vici_find(made(&m), "a", &item)); /* not the one with a NUL; the first */
        ck_assert(vici_equals(&item, "second"));
        ck_assert(!vici_equals(&item, "secon"));
        ck_assert(!vici_equals(&item, "second "));
        ck_assert(vici_find(made(&m), "", &item));
        ck_assert_int_eq(item.kind, VICI_SECTION);
        ck_assert(vici_find(item.body, "ike-rekey-init", &item));
        rest = made(&m);
        ck_assert(vici_next(&rest, &item));
        ck_assert_uint_eq(item.name_length, 3);
        ck_assert_uint_eq(vici_length(item.body), 3);
        ck_assert(!vici_is_named(&item, "a"));
        ck_assert(!vici_equals(&item, "x"));
}
END_TEST

/* get-counters has a section without a name. */
START_TEST(test_counters)
{
        struct vici_packet packet;
        struct vici_item counters, item;
        int64_t number;

        read_recorded(&recorded, "get-counters.resp.bin");
        ck_assert(next_packet(&recorded, &packet));
        ck_assert(vici_find(packet.message, "counters", &counters));
        ck_assert(vici_find(counters.body, "", &item));
        ck_assert(vici_find(item.body, "ike-rekey-init", &item));
        ck_assert_int_eq(vici_number(&item, 10, &number), 0);
}
END_TEST

START_TEST(test_numbers)
{
        static const struct {
                const char *text;
                int base;
                int err;
                int64_t number;
        } cases[] = {
                { "0", 10, 0, 0 },
                { "-1", 10, 0, -1 },
                { "9223372036854775807", 10, 0, INT64_MAX },
                { "-9223372036854775808", 10, 0, INT64_MIN },
                { "9223372036854775808", 10, -EINVAL, 0 },
                { "99999999999999999999999999", 10, -EINVAL, 0 },
                { "", 10, -EINVAL, 0 },
                { " 1", 10, -EINVAL, 0 },
                { "1 ", 10, -EINVAL, 0 },
                { "+1", 10, -EINVAL, 0 },
                { "1-", 10, -EINVAL, 0 },
                { "-", 10, -EINVAL, 0 },
                { "0x1", 16, -EINVAL, 0 },
                { "c892de94", 16, 0, 0xc892de94 },
                { "CF", 16, 0, 0xcf },
                { "-1", 16, -EINVAL, 0 },
                { "xyz", 16, -EINVAL, 0 },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct maker m = { .length = 0 };
                struct vici_item item;
                int64_t number = 0;

                make_value(&m, "n", cases[i].text);
                ck_assert(vici_find(made(&m), "n", &item));
                ck_assert_msg(vici_number(&item, cases[i].base, &number) == cases[i].err, "'%s'",
                              cases[i].text);
                ck_assert_int_eq(number, cases[i].number);
        }
}
END_TEST

START_TEST(test_number_of_others)
{
        struct maker m = { .length = 0 };
        struct vici_item item;
        int64_t number;

        make_octets(&m, "nul", 3, "12\0", 3);
        make_list(&m, "list");
        make_item(&m, "1");
        make_list_end(&m);
        ck_assert(vici_find(made(&m), "nul", &item));
        ck_assert_int_eq(vici_number(&item, 10, &number), -EINVAL);
        ck_assert(vici_find(made(&m), "list", &item));
        ck_assert_int_eq(vici_number(&item, 10, &number), -EINVAL);
        ck_assert_uint_eq(count(item.body), 1);
}
END_TEST

/* What is written is what was recorded of swanctl asking the same. */
START_TEST(test_writing)
{
        static const uint8_t wanted[] = "\x00\x00\x00\x16\x00\x08list-sas\x03\x03ike\x00\x02gw";
        struct vici_writer w = { .octets = NULL };
        char longest[70000];

        vici_packet_begin(&w, 0, "list-sas");
        vici_packet_value(&w, "ike", "gw");
        vici_packet_end(&w);
        ck_assert(!w.failed);
        ck_assert_uint_eq(w.length, 4 + 10 + 9);
        ck_assert_uint_eq(w.octets[3], w.length - 4);
        ck_assert_mem_eq(w.octets + 4, wanted + 4, w.length - 4);
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        vici_packet_begin(&w, 0, longest); /* begins anew */
        vici_packet_value(&w, longest, longest);
        vici_packet_end(&w);
        ck_assert_uint_eq(w.length, 4 + 2 + 255 + 2 + 255 + 2 + 65535);
        ck_assert_int_eq(
                vici_check((struct vici_slice){ w.octets + 4 + 2 + 255, w.octets + w.length }), 0);
        free(w.octets);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("vici message");

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_recorded);
        tcase_add_test(tcase, test_truncated);
        tcase_add_test(tcase, test_packets);
        tcase_add_test(tcase, test_unbalanced);
        tcase_add_test(tcase, test_depth);
        tcase_add_test(tcase, test_names);
        tcase_add_test(tcase, test_counters);
        tcase_add_test(tcase, test_numbers);
        tcase_add_test(tcase, test_number_of_others);
        tcase_add_test(tcase, test_writing);
        return run_suite("vici message", tcase);
}
