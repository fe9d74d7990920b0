/* What every unit test program has: one suite, run in one process so that sanitizers see it all. */
#ifndef IPSEC_REPORT_TESTS_UNIT_SUITE_H
#define IPSEC_REPORT_TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs one test case and says how it went; returns main()'s status. */
static inline int run_suite(const char *name, TCase *tcase)
{
        Suite *suite = suite_create(name);
        SRunner *runner;
        int failed;

        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_set_fork_status(runner, CK_NOFORK);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
