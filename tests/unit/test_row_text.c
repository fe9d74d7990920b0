/* Text of the daemon's: cut, cleaned, translated; algorithms by its names. */
#include "config.h"

#include "collectors/row_text.h"
#include "collectors/strongswan_parse.h"
#include "suite.h"
#include "tables/algorithm.h"
#include "vici_maker.h"

#include <stdio.h>
#include <string.h>

static struct scratch scratch;

static void teardown(void)
{
        scratch_free(&scratch);
}

static const char *text_of(const char *octets, size_t length)
{
        const char *text = row_text_of(octets, length, &scratch);

        return text ? text : "(none)";
}

START_TEST(test_characters)
{
        static const struct {
                const char *octets;
                const char *text;
        } cases[] = {
                { "", "(none)" },
                { "moon", "moon" },
                { "J\xc3\xbcrg", "J\xc3\xbcrg" },
                { "\xe2\x82\xac \xf0\x9f\x94\x91", "\xe2\x82\xac \xf0\x9f\x94\x91" },
                { "J\xfcrg", "J?rg" },          /* Latin-1 */
                { "a\tb\nc\x7f", "a?b?c?" },    /* control characters */
                { "\xc2\x85", "??" },           /* of Latin-1 */
                { "\xc2\xa0", "\xc2\xa0" },     /* the first that is none */
                { "\xc0\xaf", "??" },           /* '/' in two octets */
                { "\xe0\x80\xaf", "???" },      /* in three */
                { "\xed\xa0\x80", "???" },      /* half of a pair of UTF-16 */
                { "\xf4\x90\x80\x80", "????" }, /* behind the last one */
                { "\xf5\x80\x80\x80", "????" },
                { "\xe2\x82", "??" }, /* cut */
                { "\x80", "?" },
                { "\xc3", "?" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                ck_assert_str_eq(text_of(cases[i].octets, strlen(cases[i].octets)), cases[i].text);
        ck_assert_str_eq(text_of("a\0b", 3), "a?b");
}
END_TEST

/* At 255 octets, and not within a character. */
START_TEST(test_cut)
{
        char octets[400];

        memset(octets, 'x', sizeof(octets));
        ck_assert_uint_eq(strlen(text_of(octets, 254)), 254);
        ck_assert_uint_eq(strlen(text_of(octets, 255)), 255);
        ck_assert_uint_eq(strlen(text_of(octets, 256)), 255);
        ck_assert_uint_eq(strlen(text_of(octets, 400)), 255);
        memcpy(octets + 253, "\xe2\x82\xac", 3);
        ck_assert_uint_eq(strlen(text_of(octets, 256)), 253);
        memcpy(octets + 252, "\xe2\x82\xac", 3);
        ck_assert_uint_eq(strlen(text_of(octets, 255)), 255);
        ck_assert_uint_eq(strlen(text_of(octets, 256)), 255);
}
END_TEST

static void add_items(struct row_text *t, unsigned int n, const char *item)
{
        for (unsigned int i = 0; i < n; i++)
                row_text_item(t, ", ", item, strlen(item));
}

/* Items are whole, or there are "..." in their place. */
START_TEST(test_lists)
{
        struct row_text t = { .length = 0 };
        char longest[300];
        const char *text;

        add_items(&t, 3, "a");
        ck_assert_str_eq(row_text_keep(&t, &scratch), "a, a, a");
        t = (struct row_text){ .length = 0 };
        add_items(&t, 100, "10.1.0.0/16");
        text = row_text_keep(&t, &scratch);
        ck_assert_uint_le(strlen(text), ROW_TEXT_MAX);
        ck_assert_str_eq(text + strlen(text) - 5, ", ...");
        ck_assert_int_eq(strncmp(text + strlen(text) - 16, "10.1.0.0/16", 11), 0);
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        t = (struct row_text){ .length = 0 };
        add_items(&t, 1, longest);
        ck_assert_str_eq(row_text_keep(&t, &scratch), "...");
        add_items(&t, 1, "a"); /* nothing follows it */
        ck_assert_str_eq(row_text_keep(&t, &scratch), "...");
}
END_TEST

/* However many items of whatever length: no longer than may be, and all of them, or the mark. */
START_TEST(test_lists_of_all_lengths)
{
        char item[64];

        for (size_t length = 1; length < sizeof(item); length++) {
                memset(item, 'x', length);
                item[length] = '\0';
                for (unsigned int n = 1; n < 90; n++) {
                        struct row_text t = { .length = 0 };
                        size_t whole = n * (length + 2) - 2;

                        add_items(&t, n, item);
                        ck_assert_uint_le(t.length, ROW_TEXT_MAX);
                        if (t.full)
                                ck_assert_mem_eq(t.octets + t.length - 3, "...", 3);
                        else
                                ck_assert_uint_eq(t.length, whole);
                        if (whole <= ROW_TEXT_MAX - 5)
                                ck_assert(!t.full);
                }
        }
}
END_TEST

static const char *selectors(const char *text)
{
        struct maker m;
        struct vici_item item;
        char message[2048];
        const char *result;

        snprintf(message, sizeof(message), "ts[ %s ]", text);
        make_message(&m, message);
        ck_assert_int_eq(vici_check(made(&m)), 0);
        ck_assert(vici_find(made(&m), "ts", &item));
        result = strongswan_selectors(item.body, &scratch);
        return result ? result : "(none)";
}

START_TEST(test_selectors)
{
        static const struct {
                const char *told;
                const char *text;
        } cases[] = {
                { "", "(none)" },
                { "10.1.0.0/16", "10.1.0.0/16" },
                { "10.1.0.0/16 2001:db8::/32", "10.1.0.0/16, 2001:db8::/32" },
                { "dynamic", "dynamic" },
                { "dynamic[udp]", "dynamic[17]" },
                { "192.0.2.11/32[tcp/telnet]", "192.0.2.11/32[6/23]" },
                { "0.0.0.0/0[tcp/smtp]", "0.0.0.0/0[6/25]" },
                { "10.3.0.0/16[tcp/http]", "10.3.0.0/16[6/80]" },
                { "192.0.2.12/32[tcp/1024-2048]", "192.0.2.12/32[6/1024-2048]" },
                { "192.0.2.12/32[udp/4500]", "192.0.2.12/32[17/4500]" },
                { "10.0.0.0/8[0/5060]", "10.0.0.0/8[0/5060]" },
                { "10.0.0.0/8[tcp/OPAQUE]", "10.0.0.0/8[6/OPAQUE]" },
                { "dynamic[icmp/8]", "dynamic[1/8]" },
                { "dynamic[icmp/8(0)]", "dynamic[1/8(0)]" },
                { "dynamic[icmp/3-3(4)]", "dynamic[1/3-3(4)]" },
                { "2001:db8::1/128[ipv6-icmp/128(0)]", "2001:db8::1/128[58/128(0)]" },
                { "10.4.0.1..10.4.0.9", "10.4.0.1..10.4.0.9" },
                { "2001:db8::1..2001:db8::9[tcp/https]", "2001:db8::1..2001:db8::9[6/443]" },
                { "dynamic[gre]", "dynamic[47]" },
                { "dynamic[132]", "dynamic[132]" },
                { "dynamic[255]", "dynamic[255]" },
                { "dynamic[nobody-knows/it]", "dynamic[nobody-knows/it]" },
                { "dynamic[]", "dynamic[]" },
                { "dynamic[", "dynamic[" },
                { "dynamic[tcp", "dynamic[tcp" },
                { "dynamic[/]", "dynamic[/]" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                ck_assert_str_eq(selectors(cases[i].told), cases[i].text);
}
END_TEST

START_TEST(test_long_selectors)
{
        char told[600], inside[200];

        memset(inside, 'p', sizeof(inside) - 1);
        inside[sizeof(inside) - 1] = '\0';
        snprintf(told, sizeof(told), "dynamic[%s]", inside);
        ck_assert_str_eq(selectors(told), told); /* nothing that a daemon writes; left as it is */
        memset(told, 'x', sizeof(told));
        strcpy(told + 300, "[tcp/telnet]");
        ck_assert_str_eq(selectors(told), "...");
}
END_TEST

typedef void describe(const char *name, struct algorithm *a);

static void check_names(describe *by, const char *const names[][2], const uint16_t *transforms,
                        size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct algorithm a;

                by(names[i][0], &a);
                ck_assert_str_eq(a.text, names[i][1]);
                ck_assert_uint_eq(a.transform, transforms[i]);
        }
}

/* The numbers are those of IANA's registry for IKEv2. */
START_TEST(test_algorithms)
{
        static const char *const groups[][2] = {
                { "MODP_1024", "MODP-1024" },   { "MODP_2048", "MODP-2048" },
                { "ECP_256", "ECP-256" },       { "CURVE_25519", "CURVE25519" },
                { "ML_KEM_768", "ML-KEM-768" }, { "MODP_CUSTOM", "MODP-CUSTOM" },
        };
        static const uint16_t group_numbers[] = { 2, 14, 19, 31, 36, 0 };
        static const char *const prfs[][2] = {
                { "PRF_HMAC_SHA1", "HMAC-SHA1" },
                { "PRF_HMAC_SHA2_384", "HMAC-SHA2-384" },
                { "PRF_AES128_XCBC", "AES128-XCBC" },
        };
        static const uint16_t prf_numbers[] = { 2, 6, 4 };
        static const char *const digests[][2] = {
                { "HMAC_SHA1_96", "HMAC-SHA1" },
                { "HMAC_SHA1_160", "HMAC-SHA1-160" },
                { "HMAC_SHA2_256_128", "HMAC-SHA2-256-128" },
                { "AES_XCBC_96", "AES-XCBC" },
                { "HMAC_MD5_96", "HMAC-MD5" },
                { "HMAC_WHIRLPOOL", "HMAC-WHIRLPOOL" },
        };
        static const uint16_t digest_numbers[] = { 2, 7, 12, 5, 1, 0 };

        check_names(algorithm_ike_group, groups, group_numbers, 6);
        check_names(algorithm_ike_prf, prfs, prf_numbers, 3);
        check_names(algorithm_ike_integrity, digests, digest_numbers, 6);
}
END_TEST

START_TEST(test_ciphers)
{
        static const struct {
                const char *name;
                uint32_t bits;
                const char *text;
                uint16_t transform;
                uint16_t key_bits;
        } cases[] = {
                { "AES_CBC", 256, "AES256-CBC", 12, 256 },
                { "AES_CTR", 128, "AES128-CTR", 13, 128 },
                { "AES_GCM_8", 128, "AES128-GCM-8", 18, 128 },
                { "AES_GCM_12", 192, "AES192-GCM-12", 19, 192 },
                { "AES_GCM_16", 256, "AES256-GCM-16", 20, 256 },
                { "AES_CCM_16", 128, "AES128-CCM-16", 16, 128 },
                { "3DES_CBC", 0, "3DES-CBC", 3, 0 },
                { "CHACHA20_POLY1305", 0, "CHACHA20-POLY1305", 28, 0 },
                { "NULL", 0, "NULL", 11, 0 },
                { "CAMELLIA_CBC", 192, "CAMELLIA192-CBC", 23, 192 },
                { "NEW_CIPHER", 512, "NEW-CIPHER", 0, 512 },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct algorithm a;

                algorithm_ike_encryption(cases[i].name, cases[i].bits, &a);
                ck_assert_str_eq(a.text, cases[i].text);
                ck_assert_uint_eq(a.transform, cases[i].transform);
                ck_assert_uint_eq(a.key_bits, cases[i].key_bits);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("row text");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_test(tcase, test_characters);
        tcase_add_test(tcase, test_cut);
        tcase_add_test(tcase, test_lists);
        tcase_add_test(tcase, test_lists_of_all_lengths);
        tcase_add_test(tcase, test_selectors);
        tcase_add_test(tcase, test_long_selectors);
        tcase_add_test(tcase, test_algorithms);
        tcase_add_test(tcase, test_ciphers);
        return run_suite("row text", tcase);
}
