/* -spi, -peer, -name: which rows each takes, row by row, and which columns are asked for it. */
#include "cli/filter.h"
#include "cli/rule_select.h"
#include "cli/rule_text.h"
#include "suite.h"
#include "tables/certificate.h"
#include "tables/tunnel.h"

#include <errno.h>
#include <string.h>

static struct filter filter;

static void setup(void)
{
        filter = (struct filter){ 0 };
}

static struct inet_addr address(const char *text)
{
        struct inet_addr parsed = { 0 };

        ck_assert(inet_addr_parse(&parsed, text, strlen(text)));
        return parsed;
}

START_TEST(spis)
{
        static const char *const bad[] = { "", "0x", "g", "123456789", "-1", " 1", "1 ", "0x0x1" };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(filter_set_spi(&filter, bad[i]) == -EINVAL, "%s", bad[i]);
        ck_assert_uint_eq(filter.given, 0);
        ck_assert(filter_takes_spi(&filter, 5));
        ck_assert_int_eq(filter_set_spi(&filter, "0Xffffffff"), 0);
        ck_assert(filter_takes_spi(&filter, UINT32_MAX) && !filter_takes_spi(&filter, 5));
}
END_TEST

START_TEST(peers)
{
        static const char *const bad[] = { "", "192.0.2", "192.0.2.0/24", "host", "::1/128", ":" };
        struct inet_addr one = address("192.0.2.1"), other = address("192.0.2.2");

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                ck_assert_msg(filter_set_peer(&filter, bad[i]) == -EINVAL, "%s", bad[i]);
        ck_assert(filter_takes_peers(&filter, NULL));
        ck_assert_int_eq(filter_set_peer(&filter, "192.0.2.1"), 0);
        ck_assert(filter_takes_peer(&filter, &one) && !filter_takes_peer(&filter, &other));
        ck_assert(filter_takes_peers(&filter, "192.0.2.1"));
        ck_assert(filter_takes_peers(&filter, "vpn.example, 192.0.2.0/24"));
        ck_assert(filter_takes_peers(&filter, "198.51.100.1,192.0.2.1"));
        ck_assert(!filter_takes_peers(&filter, "192.0.2.10"));
        ck_assert(!filter_takes_peers(&filter, "198.51.100.0/24, %any"));
        ck_assert(!filter_takes_peers(&filter, NULL));
}
END_TEST

START_TEST(sas)
{
        const struct ipsec_sa sa = {
                .spi = 0x100,
                .source = address("2001:db8::1"),
                .destination = address("2001:db8::2"),
                .tunnel_policy_key = "gw-gw",
                .tunnel_child_key = "net-net",
        };
        struct ipsec_sa nobodys = sa;

        nobodys.tunnel_policy_key = nobodys.tunnel_child_key = NULL;
        ck_assert(filter_takes_row(&filter, &ipsec_sa_type, &sa));
        filter_set_name(&filter, "gw-*/net-n?t");
        ck_assert(filter_takes_row(&filter, &ipsec_sa_type, &sa));
        ck_assert(!filter_takes_row(&filter, &ipsec_sa_type, &nobodys));
        filter_set_name(&filter, "net-net");
        ck_assert(filter_takes_row(&filter, &ipsec_sa_type, &sa));
        ck_assert_int_eq(filter_set_peer(&filter, "2001:db8::1"), 0);
        ck_assert(filter_takes_row(&filter, &ipsec_sa_type, &sa));
        ck_assert_int_eq(filter_set_peer(&filter, "2001:db8:0::2"), 0);
        ck_assert_int_eq(filter_set_spi(&filter, "100"), 0);
        ck_assert(filter_takes_row(&filter, &ipsec_sa_type, &sa));
        filter_set_name(&filter, "net");
        ck_assert(!filter_takes_row(&filter, &ipsec_sa_type, &sa));
}
END_TEST

START_TEST(names)
{
        const struct tunnel tunnel = { .name = "gw/net", .policy_name = "gw", .child_name = "net" };
        const struct certificate used = { .used_by = "one, two" }, unused = { 0 };

        filter_set_name(&filter, "net");
        ck_assert(filter_takes_row(&filter, &tunnel_type, &tunnel));
        filter_set_name(&filter, "g?");
        ck_assert(filter_takes_row(&filter, &tunnel_type, &tunnel));
        filter_set_name(&filter, "GW");
        ck_assert(!filter_takes_row(&filter, &tunnel_type, &tunnel));
        filter_set_name(&filter, "two");
        ck_assert(filter_takes_row(&filter, &certificate_type, &used));
        ck_assert(!filter_takes_row(&filter, &certificate_type, &unused));
        filter_set_name(&filter, "o*");
        ck_assert(filter_takes_row(&filter, &certificate_type, &used));
        filter_set_name(&filter, "*, *");
        ck_assert(!filter_takes_row(&filter, &certificate_type, &used));
}
END_TEST

/* Only what is looked at. */
START_TEST(members)
{
        uint16_t read[FILTER_MEMBERS_MAX];

        ck_assert_uint_eq(filter_members(&filter, &ipsec_sa_type, read), 0);
        ck_assert_int_eq(filter_set_spi(&filter, "1"), 0);
        ck_assert_uint_eq(filter_members(&filter, &ipsec_sa_type, read), 1);
        ck_assert_uint_eq(read[0], offsetof(struct ipsec_sa, spi));
        filter_set_name(&filter, "x");
        ck_assert_uint_eq(filter_members(&filter, &ipsec_sa_type, read), 3);
        ck_assert_uint_eq(filter_members(&filter, &policy_type, read), 4);
        ck_assert_uint_eq(filter_members(&filter, &policy_template_type, read), 0);
}
END_TEST

/* Two rules, the second with two templates; SAs between them in the order of their index. */
START_TEST(rules)
{
        const struct table_type *const types[] = { &policy_type, &policy_template_type,
                                                   &ipsec_sa_type };
        struct policy policies[2];
        struct policy_template templates[3];
        struct ipsec_sa rows[3];
        struct rows *read[3], *selected[3];

        memset(policies, 0, sizeof(policies));
        memset(templates, 0, sizeof(templates));
        memset(rows, 0, sizeof(rows));
        for (uint32_t i = 0; i < 3; i++) {
                read[i] = rows_new(types[i]);
                selected[i] = rows_new(types[i]);
                templates[i].policy_type = SPD_MAIN;
                templates[i].policy_index = i == 0 ? 9 : 17;
                templates[i].number = i == 2 ? 2 : 1;
                templates[i].destination = address(i == 0 ? "192.0.2.2" : "192.0.2.3");
                rows[i].index = i + 1;
                rows[i].spi = 0x100 + i;
                rows[i].protocol = PROTOCOL_ESP;
                rows[i].policy_cookie = i == 1 ? 9 : 17;
        }
        for (uint32_t i = 0; i < 2; i++) {
                policies[i].type = SPD_MAIN;
                policies[i].index = i == 0 ? 9 : 17;
                policies[i].direction = DIRECTION_OUTBOUND;
                policies[i].kind = RULE_TUNNEL;
                policies[i].name = i == 0 ? "one" : "two";
                ck_assert_int_eq(rows_add(read[0], &policies[i]), 0);
        }
        for (size_t i = 0; i < 3; i++) {
                ck_assert_int_eq(rows_add(read[1], &templates[i]), 0);
                ck_assert_int_eq(rows_add(read[2], &rows[i]), 0);
        }
        ck_assert_int_eq(filter_set_spi(&filter, "102"), 0);
        ck_assert_int_eq(rule_select(&filter, (const struct rows *const *)read, selected, false),
                         0);
        ck_assert_uint_eq(rows_count(selected[RULE_POLICIES]), 0);
        ck_assert_int_eq(rule_select(&filter, (const struct rows *const *)read, selected, true), 0);
        ck_assert_uint_eq(rows_count(selected[RULE_POLICIES]), 1);
        ck_assert_uint_eq(rows_count(selected[RULE_TEMPLATES]), 2);
        ck_assert_uint_eq(rows_count(selected[RULE_SAS]), 2);
        ck_assert_uint_eq(((const struct ipsec_sa *)rows_at(selected[RULE_SAS], 1))->spi, 0x102);
        filter = (struct filter){ 0 };
        ck_assert_int_eq(filter_set_peer(&filter, "192.0.2.2"), 0);
        ck_assert_int_eq(rule_select(&filter, (const struct rows *const *)read, selected, true), 0);
        ck_assert_uint_eq(rows_count(selected[RULE_POLICIES]), 2);
        ck_assert_uint_eq(rows_count(selected[RULE_SAS]), 3);
        filter_set_name(&filter, "two");
        ck_assert_int_eq(rule_select(&filter, (const struct rows *const *)read, selected, true), 0);
        ck_assert_uint_eq(rows_count(selected[RULE_POLICIES]), 2);
        ck_assert(!rule_select_default(&filter));
        filter = (struct filter){ 0 };
        filter_set_name(&filter, "d*");
        ck_assert(rule_select_default(&filter));
        for (size_t i = 0; i < 3; i++) {
                rows_free(read[i]);
                rows_free(selected[i]);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("filter");

        tcase_add_checked_fixture(tcase, setup, NULL);
        tcase_add_test(tcase, spis);
        tcase_add_test(tcase, peers);
        tcase_add_test(tcase, sas);
        tcase_add_test(tcase, names);
        tcase_add_test(tcase, members);
        tcase_add_test(tcase, rules);
        return run_suite("cli filter", tcase);
}
