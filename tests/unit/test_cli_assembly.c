/* Rows from what GETBULK answers: whole, cut, out of step, hostile. */
#include "config.h"

#include "cli/assembly.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

static const oid entry[] = { 1, 3, 6, 99, 1 };
enum { ENTRY = sizeof(entry) / sizeof(entry[0]), COLUMNS = 3, MAX_ROWS = 4 };

static const struct column columns[COLUMNS] = { { .number = 2 }, { .number = 3 }, { .number = 5 } };
static const struct column *const pointers[COLUMNS] = { &columns[0], &columns[1], &columns[2] };

static struct assembly *assembly;
static netsnmp_variable_list *answers[8];
static size_t n_answers;

static void setup(void)
{
        assembly = assembly_new(entry, ENTRY, pointers, COLUMNS, MAX_ROWS);
        n_answers = 0;
}

static void teardown(void)
{
        assembly_free(assembly);
        for (size_t i = 0; i < n_answers; i++)
                snmp_free_varbind(answers[i]);
}

static void add(netsnmp_variable_list **list, const oid *name, size_t length, u_char type)
{
        long value = 7;

        if (type == ASN_INTEGER)
                snmp_varlist_add_variable(list, name, length, type, &value, sizeof(value));
        else
                snmp_varlist_add_variable(list, name, length, type, NULL, 0);
}

/*
 * Makes an answer of a script: "2.7" is column 2 of index 7; "E" the end of the MIB view, "O" a
 * noSuchObject, "+" a name behind the table, "-" one before it.
 */
static const netsnmp_variable_list *answer(const char *script)
{
        netsnmp_variable_list *list = NULL;
        char copy[256];

        snprintf(copy, sizeof(copy), "%s", script);
        for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
                static const oid behind[] = { 1, 3, 7 }, before[] = { 1, 3, 5 };
                oid name[MAX_OID_LEN];
                size_t length = ENTRY;

                memcpy(name, entry, sizeof(entry));
                if (*word == 'E') {
                        add(&list, behind, 3, SNMP_ENDOFMIBVIEW);
                } else if (*word == '+') {
                        add(&list, behind, 3, ASN_INTEGER);
                } else if (*word == '-') {
                        add(&list, before, 3, ASN_INTEGER);
                } else {
                        for (char *at = word; *at && *at != 'O'; at += *at == '.')
                                name[length++] = strtoul(at, &at, 10);
                        add(&list, name, length,
                            strchr(word, 'O') ? SNMP_NOSUCHINSTANCE : ASN_INTEGER);
                }
        }
        answers[n_answers++] = list;
        return list;
}

/* One step with one request for all columns. */
static int step(const char *script)
{
        int err;

        assembly_begin(assembly);
        err = assembly_feed(assembly, 0, COLUMNS, answer(script));
        return err < 0 ? err : assembly_resolve(assembly);
}

/* The indexes of the rows, each of which must be whole. */
static const char *rows(void)
{
        static char text[256];
        size_t n = 0, length;

        text[0] = '\0';
        for (size_t i = 0; i < assembly_rows(assembly); i++) {
                const oid *index = assembly_index(assembly, i, &length);

                for (size_t c = 0; c < COLUMNS; c++) {
                        const netsnmp_variable_list *v = assembly_row(assembly, i)[c];

                        ck_assert_uint_eq(v->name[ENTRY], columns[c].number);
                        ck_assert_uint_eq(v->name_length, ENTRY + 1 + length);
                        ck_assert_mem_eq(v->name + ENTRY + 1, index, length * sizeof(oid));
                }
                for (size_t j = 0; j < length; j++)
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%lu",
                                              j > 0   ? "."
                                              : n > 0 ? " "
                                                      : "",
                                              index[j]);
        }
        return text;
}

/* What the next request asks behind, for the first column. */
static const char *cursor(void)
{
        static char text[256];
        oid name[MAX_OID_LEN];
        size_t length = assembly_cursor(assembly, 0, name), n = 0;

        ck_assert_uint_eq(name[ENTRY], 2);
        text[0] = '\0';
        for (size_t i = ENTRY + 1; i < length; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%lu", n > 0 ? "." : "",
                                      name[i]);
        return text;
}

START_TEST(in_step)
{
        ck_assert_str_eq(cursor(), "");
        ck_assert_int_eq(step("2.1 3.1 5.1 2.4 3.4 5.4"), 0);
        ck_assert_str_eq(rows(), "1 4");
        ck_assert_str_eq(cursor(), "4");
        ck_assert(!assembly_done(assembly));
        ck_assert_int_eq(step("2.9 3.9 5.9 3.1 5.1 +"), 0);
        ck_assert_str_eq(rows(), "9");
        ck_assert(assembly_done(assembly));
}
END_TEST

START_TEST(long_indexes)
{
        ck_assert_int_eq(step("2.1.65 3.1.65 5.1.65 2.2.65.66 3.2.65.66 5.2.65.66 E E E"), 0);
        ck_assert_str_eq(rows(), "1.65 2.65.66");
        ck_assert(assembly_done(assembly));
}
END_TEST

START_TEST(empty)
{
        ck_assert_int_eq(step("E E E"), 0);
        ck_assert_str_eq(rows(), "");
        ck_assert(assembly_done(assembly));
}
END_TEST

START_TEST(cut_in_a_row)
{
        ck_assert_int_eq(step("2.1 3.1 5.1 2.2 3.2"), 0);
        ck_assert_str_eq(rows(), "1");
        ck_assert_str_eq(cursor(), "1");
        ck_assert_int_eq(step("2.2 3.2 5.2 E E E"), 0);
        ck_assert_str_eq(rows(), "2");
        ck_assert(assembly_done(assembly));
}
END_TEST

START_TEST(cut_in_the_first_row)
{
        ck_assert_int_eq(step("2.1 3.1"), -EAGAIN);
        ck_assert_uint_eq(assembly_rows(assembly), 0);
        ck_assert_int_eq(step(""), -EAGAIN);
        ck_assert_int_eq(step("2.1 3.1 5.1"), 0);
        ck_assert_str_eq(rows(), "1");
}
END_TEST

/* Row 2 vanished while the columns of one repetition were read. */
START_TEST(vanished)
{
        ck_assert_int_eq(step("2.1 3.1 5.1 2.2 3.2 5.3 2.3 3.3 5.4"), 0);
        ck_assert_str_eq(rows(), "1 3");
        ck_assert_str_eq(cursor(), "3");
        ck_assert_int_eq(step("2.4 3.4 5.4 E E E"), 0);
        ck_assert_str_eq(rows(), "4");
}
END_TEST

/* No row is whole, but the cursor goes on. */
START_TEST(out_of_step)
{
        ck_assert_int_eq(step("2.1 3.2 5.3"), 0);
        ck_assert_str_eq(rows(), "");
        ck_assert_str_eq(cursor(), "1");
        ck_assert_int_eq(step("2.3 3.2 5.3 2.4 3.3 5.4"), 0);
        ck_assert_str_eq(rows(), "3");
        ck_assert_str_eq(cursor(), "3");
}
END_TEST

/* One column seems to end early: it is asked again before that is believed. */
START_TEST(one_ends)
{
        ck_assert_int_eq(step("2.1 3.1 5.1 2.2 + 5.2 2.3 + 5.3"), 0);
        ck_assert_str_eq(rows(), "1");
        ck_assert_str_eq(cursor(), "1");
        ck_assert(!assembly_done(assembly));
        ck_assert_int_eq(step("2.2 3.2 5.2 2.3 3.3 5.3"), 0);
        ck_assert_str_eq(rows(), "2 3");
        ck_assert_int_eq(step("2.4 + 5.4 2.5 + 5.5"), 0);
        ck_assert_str_eq(rows(), "");
        ck_assert(assembly_done(assembly));
}
END_TEST

START_TEST(cut_in_the_end)
{
        ck_assert_int_eq(step("2.1 3.1 5.1 E E"), 0);
        ck_assert_str_eq(rows(), "1");
        ck_assert(!assembly_done(assembly));
        ck_assert_int_eq(step("E E"), 0);
        ck_assert_str_eq(rows(), "");
        ck_assert(assembly_done(assembly));
}
END_TEST

START_TEST(groups)
{
        assembly_begin(assembly);
        ck_assert_int_eq(assembly_feed(assembly, 0, 2, answer("2.1 3.1 2.2 3.2 2.3 3.3")), 0);
        ck_assert_int_eq(assembly_feed(assembly, 2, 1, answer("5.1 5.3 5.4")), 0);
        ck_assert_int_eq(assembly_resolve(assembly), 0);
        ck_assert_str_eq(rows(), "1 3");
        ck_assert_str_eq(cursor(), "3");
}
END_TEST

START_TEST(missing_column)
{
        ck_assert_int_eq(step("2.1 5.1 5.1 2.2 5.2 5.2"), -ENODATA);
        ck_assert_uint_eq(assembly_missing(assembly), 1);
}
END_TEST

START_TEST(hostile)
{
        static const char *const scripts[] = {
                "2.1 3.1 5.1 2.1 3.1 5.1", /* stands still */
                "2.5 3.5 5.5 2.4 3.4 5.4", /* falls */
                "- - -",                   /* before what was asked */
                "2.1 2.1 5.1",             /* another column before the one asked */
                "2.1O 3.1O 5.1O",          /* an exception of GET */
        };

        for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
                ck_assert_msg(step(scripts[i]) == -EPROTO, "%s", scripts[i]);
                teardown();
                setup();
        }
        ck_assert_int_eq(step("2.3 3.3 5.3"), 0);
        ck_assert_int_eq(step("2.3 3.3 5.3"), -EPROTO);
        ck_assert_int_eq(step("2.2 3.2 5.2"), -EPROTO);
        /* More than was asked for is not read. */
        ck_assert_int_eq(step("2.4 3.4 5.4 2.5 3.5 5.5 2.6 3.6 5.6 2.7 3.7 5.7 2.1 3.1 5.1"), 0);
        ck_assert_str_eq(rows(), "4 5 6 7");
        /* The name of the column itself, without an index. */
        ck_assert_int_eq(step("2 3 5"), -EPROTO);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("assembly");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, in_step);
        tcase_add_test(tcase, long_indexes);
        tcase_add_test(tcase, empty);
        tcase_add_test(tcase, cut_in_a_row);
        tcase_add_test(tcase, cut_in_the_first_row);
        tcase_add_test(tcase, vanished);
        tcase_add_test(tcase, out_of_step);
        tcase_add_test(tcase, one_ends);
        tcase_add_test(tcase, cut_in_the_end);
        tcase_add_test(tcase, groups);
        tcase_add_test(tcase, missing_column);
        tcase_add_test(tcase, hostile);
        return run_suite("cli assembly", tcase);
}
