/* Which columns are asked for: each member once, and every member that a report needs. */
#include "cli/columns.h"
#include "cli/report.h"
#include "suite.h"
#include "tables/ipsec_sa.h"
#include "tables/store.h"

#include <string.h>

static const struct column *chosen[COLUMNS_MAX];

static bool has(size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(chosen[i]->name, name) == 0)
                        return true;
        return false;
}

START_TEST(all_of_every_table)
{
        for (size_t t = 0; table_types[t]; t++) {
                const struct table_type *type = table_types[t];
                size_t n = columns_choose(type, NULL, 0, MOMENTS_AS_DATES, chosen);

                for (size_t i = 0; i < n; i++)
                        for (size_t j = 0; j < i; j++)
                                ck_assert_uint_ne(chosen[i]->offset, chosen[j]->offset);
                for (size_t c = 0; c < type->n_columns; c++) {
                        size_t found = 0;

                        for (size_t i = 0; i < n; i++)
                                found += chosen[i]->offset == type->columns[c].offset;
                        ck_assert_uint_eq(found, 1);
                }
        }
}
END_TEST

START_TEST(addresses_as_text)
{
        size_t n = columns_choose(&ipsec_sa_type, NULL, 0, MOMENTS_AS_DATES, chosen);

        ck_assert(has(n, "ipsrSaSourceText") && !has(n, "ipsrSaSource"));
        ck_assert(has(n, "ipsrSaSelectorSourceText") && !has(n, "ipsrSaSelectorSourcePrefix"));
        ck_assert(has(n, "ipsrSaAddTime") && !has(n, "ipsrSaAddAge"));
        ck_assert(has(n, "ipsrSaLastPacketAge"));
        n = columns_choose(&ipsec_sa_type, NULL, 0, MOMENTS_AS_AGES, chosen);
        ck_assert(has(n, "ipsrSaAddAge") && !has(n, "ipsrSaAddTime"));
}
END_TEST

START_TEST(members_of_reports)
{
        size_t n = columns_choose(&ipsec_sa_type, report_sa_ipsec.members,
                                  report_sa_ipsec.n_members, MOMENTS_AS_AGES, chosen);

        ck_assert_uint_eq(n, report_sa_ipsec.n_members);
        ck_assert(has(n, "ipsrSaHardUseSeconds") && has(n, "ipsrSaDestinationText"));
        for (size_t i = 1; i < n; i++)
                ck_assert_uint_lt(chosen[i - 1]->number, chosen[i]->number);
        n = columns_choose(report_collector.type, report_collector.members,
                           report_collector.n_members, MOMENTS_AS_AGES, chosen);
        ck_assert_uint_eq(n, report_collector.n_members);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("columns");

        tcase_add_test(tcase, all_of_every_table);
        tcase_add_test(tcase, addresses_as_text);
        tcase_add_test(tcase, members_of_reports);
        return run_suite("cli columns", tcase);
}
