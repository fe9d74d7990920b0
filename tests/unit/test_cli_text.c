/* Pieces of text: numbers, titles, dates; hostile text; addresses that stay on this machine. */
#include "cli/address.h"
#include "cli/peer.h"
#include "cli/text.h"
#include "suite.h"

#include <locale.h>
#include <string.h>

static char *text;
static size_t size;
static FILE *file;

static void setup(void)
{
        file = open_memstream(&text, &size);
}

static void teardown(void)
{
        fclose(file);
        free(text);
}

static const char *written(void)
{
        static char copy[2048];

        fputc('\0', file); /* what was there before lies behind */
        fflush(file);
        snprintf(copy, sizeof(copy), "%s", text);
        rewind(file);
        return copy;
}

START_TEST(numbers)
{
        text_number(file, 0);
        text_plain(file, " ");
        text_number(file, 90);
        text_plain(file, " ");
        text_number(file, UINT64_MAX);
        text_plain(file, " ");
        text_hex(file, 0);
        text_plain(file, " ");
        text_hex(file, 0x1fe472);
        text_plain(file, " ");
        text_hex(file, UINT32_MAX);
        ck_assert_str_eq(written(), "0 90 18446744073709551615 0 1FE472 FFFFFFFF");
}
END_TEST

START_TEST(titles)
{
        text_title(file, "IPsec SA");
        text_title(file, "Odd");
        ck_assert_str_eq(written(), "------------------------ IPsec SA ------------------------\n"
                                    "-------------------------- Odd ---------------------------\n");
        text_title(file, "A title that is much wider than all that HP-UX ever had, by far");
        ck_assert_str_eq(written(),
                         " A title that is much wider than all that HP-UX ever had, by far \n");
}
END_TEST

START_TEST(escapes)
{
        static const struct {
                const char *told;
                const char *shown;
        } cases[] = {
                { "plain / text", "plain / text" },
                { "\x1b[31m\n\r\t\x7f", "\\x1b[31m\\x0a\\x0d\\x09\\x7f" },
                { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
                { "\xf0\x9f\x94\x92", "\xf0\x9f\x94\x92" },
                { "\xc2\x9b", "\\xc2\\x9b" },                   /* C1: CSI */
                { "\xe2\x80\xae", "\\xe2\\x80\\xae" },          /* right-to-left override */
                { "\xff\xc3", "\\xff\\xc3" },                   /* no UTF-8, and cut */
                { "\xc0\xaf", "\\xc0\\xaf" },                   /* overlong */
                { "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* surrogate */
                { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char *valid = text_utf8(cases[i].told);

                text_string(file, cases[i].told);
                ck_assert_str_eq(written(), cases[i].shown);
                ck_assert_ptr_nonnull(valid);
                free(valid);
        }
}
END_TEST

START_TEST(long_text_is_cut)
{
        char told[3000], shown[TEXT_ESCAPED_SIZE];

        memset(told, 1, sizeof(told) - 1);
        told[sizeof(told) - 1] = '\0';
        ck_assert_uint_lt(text_escape(told, shown), sizeof(shown));
        ck_assert_uint_eq(strlen(shown) % 4, 0);
}
END_TEST

START_TEST(valid_utf8)
{
        char *valid = text_utf8("a\xff\xc3\xbc\xe2\x80z");

        ck_assert_str_eq(valid, "a\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\xef\xbf\xbdz");
        free(valid);
}
END_TEST

START_TEST(dates)
{
        char date[TEXT_DATE_SIZE];

        ck_assert(text_date(1795510800, date));
        ck_assert_str_eq(date, "2026-11-24T09:00:00Z");
        ck_assert(text_date(0, date));
        ck_assert_str_eq(date, "1970-01-01T00:00:00Z");
        ck_assert(!text_date(INT64_MAX, date));
        ck_assert(!text_date(INT64_MIN, date));
        ck_assert(!text_date(300000000000, date));
}
END_TEST

START_TEST(local_addresses)
{
        static const char *const local[] = {
                "127.0.0.1",         "127.1.2.3:10161", "udp:127.0.0.1:161", "localhost",
                "tcp:localhost:161", "[::1]",           "udp6:[::1]:161",    "::1",
                "unix:/run/x",       "/run/x",          "UDP:127.0.0.1"
        };
        static const char *const remote[] = { "192.0.2.1",
                                              "127.example.org",
                                              "localhost.org",
                                              "udp:10.0.0.1",
                                              "[2001:db8::1]:161",
                                              "1::1",
                                              "",
                                              "udp:",
                                              "0.0.0.0",
                                              "128.0.0.1",
                                              "gateway:127",
                                              "foo:127.0.0.1" };

        for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
                ck_assert_msg(address_is_local(local[i]), "%s", local[i]);
        for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
                ck_assert_msg(!address_is_local(remote[i]), "%s", remote[i]);
}
END_TEST

START_TEST(overdue)
{
        ck_assert(!peer_is_overdue(60, 100000, 100000)); /* never below a minute */
        ck_assert(peer_is_overdue(61, 10000, 1000));
        ck_assert(!peer_is_overdue(61, 10000, 100));
        ck_assert(!peer_is_overdue(3600, 3600, 1)); /* a long interval, and just begun */
        ck_assert(peer_is_overdue(10900, 36000, 11));
        ck_assert(!peer_is_overdue(5000, 0, 0));
        ck_assert(!peer_is_overdue(-5, 0, 1));
        ck_assert(peer_is_overdue(INT64_MAX, 10, UINT64_MAX));
}
END_TEST

START_TEST(cuts)
{
        static const struct {
                const char *text;
                size_t width;
                const char *cut;
        } examples[] = {
                { "gw-gw/net-net", 20, "gw-gw/net-net" },
                { "gw-gw/net-net", 13, "gw-gw/net-net" },
                { "gw-gw/net-net", 12, "gw-gw/net-n~" },
                { "gw-gw", 1, "~" },
                { "gw-gw", 0, "gw-gw" },
                { "", 1, "" },
                { "m\xc3\xbcnchen", 3, "m\xc3\xbc~" },
                { "m\xc3\xbcnchen", 2, "m~" },
        };
        locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        locale_t before = uselocale(utf8);

        for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
                char cut[TEXT_ESCAPED_SIZE];

                strcpy(cut, examples[i].text);
                text_cut(cut, examples[i].width);
                ck_assert_str_eq(cut, examples[i].cut);
        }
        /* A character of two columns does not fit into one. */
        {
                char cut[TEXT_ESCAPED_SIZE] = "\xe6\xb1\x89\xe5\xad\x97";

                text_cut(cut, 2);
                ck_assert_str_eq(cut, "~");
        }
        uselocale(before);
        freelocale(utf8);
}
END_TEST

START_TEST(durations)
{
        static const struct {
                int64_t seconds;
                const char *text;
        } examples[] = {
                { -5, "0s" },       { 0, "0s" },         { 59, "59s" },       { 60, "1m" },
                { 3599, "59m" },    { 3600, "1h00m" },   { 11520, "3h12m" },  { 86399, "23h59m" },
                { 86400, "1d00h" }, { 198000, "2d07h" }, { INT64_MAX, NULL },
        };

        for (size_t i = 0; examples[i].text; i++) {
                char cut[TEXT_DATE_SIZE];

                text_duration(examples[i].seconds, cut);
                ck_assert_str_eq(cut, examples[i].text);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("text");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, numbers);
        tcase_add_test(tcase, titles);
        tcase_add_test(tcase, escapes);
        tcase_add_test(tcase, long_text_is_cut);
        tcase_add_test(tcase, valid_utf8);
        tcase_add_test(tcase, dates);
        tcase_add_test(tcase, cuts);
        tcase_add_test(tcase, durations);
        tcase_add_test(tcase, local_addresses);
        tcase_add_test(tcase, overdue);
        return run_suite("cli text", tcase);
}
