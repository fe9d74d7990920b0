/* -file: a report is there as a whole or not at all. */
#include "cli/output.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128], link_path[128];

static void setup(void)
{
        snprintf(folder, sizeof(folder), "/tmp/ipsec-report-output.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/report", folder);
        snprintf(link_path, sizeof(link_path), "%s/link", folder);
}

static size_t count_files(void)
{
        DIR *dir = opendir(folder);
        size_t n = 0;

        for (const struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_name[0] != '.';
        closedir(dir);
        return n;
}

static void teardown(void)
{
        unlink(path);
        unlink(link_path);
        ck_assert_int_eq(rmdir(folder), 0);
}

static int write_report(const char *to, const char *text, int err)
{
        struct output *output;

        ck_assert_int_eq(output_open(to, &output), 0);
        fputs(text, output_file(output));
        return output_close(output, err);
}

static void check_content(const char *text)
{
        char content[64] = "";
        FILE *f = fopen(path, "r");

        ck_assert_ptr_nonnull(f);
        ck_assert_ptr_nonnull(fgets(content, sizeof(content), f));
        fclose(f);
        ck_assert_str_eq(content, text);
        ck_assert_uint_ge(count_files(), 1);
}

static mode_t mode_of(const char *of)
{
        struct stat st;

        ck_assert_int_eq(stat(of, &st), 0);
        return st.st_mode & 0777;
}

START_TEST(new_file)
{
        mode_t mask = umask(027);

        ck_assert_int_eq(write_report(path, "one", 0), 0);
        umask(mask);
        check_content("one");
        ck_assert_uint_eq(mode_of(path), 0640);
        ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(replaced)
{
        ck_assert_int_eq(write_report(path, "one", 0), 0);
        ck_assert_int_eq(chmod(path, 0600), 0);
        ck_assert_int_eq(write_report(path, "two", 0), 0);
        check_content("two");
        ck_assert_uint_eq(mode_of(path), 0600);
        ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(given_up)
{
        ck_assert_int_eq(write_report(path, "one", 0), 0);
        ck_assert_int_eq(write_report(path, "two", -EPROTO), -EPROTO);
        check_content("one");
        ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(through_a_link)
{
        struct stat st;

        ck_assert_int_eq(write_report(path, "one", 0), 0);
        ck_assert_int_eq(symlink("report", link_path), 0);
        ck_assert_int_eq(write_report(link_path, "two", 0), 0);
        check_content("two");
        ck_assert_int_eq(lstat(link_path, &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(devices)
{
        struct stat before, after;
        struct output *output;

        ck_assert_int_eq(stat("/dev/null", &before), 0);
        ck_assert_int_eq(write_report("/dev/null", "one", 0), 0);
        ck_assert_int_eq(stat("/dev/null", &after), 0);
        ck_assert_uint_eq(before.st_ino, after.st_ino);
        ck_assert_int_eq(write_report("/dev/full", "one", 0), -ENOSPC);
        ck_assert_int_eq(output_open("/nonexistent/report", &output), -ENOENT);
        ck_assert_int_eq(output_open(folder, &output), -EISDIR);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("output");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, new_file);
        tcase_add_test(tcase, replaced);
        tcase_add_test(tcase, given_up);
        tcase_add_test(tcase, through_a_link);
        tcase_add_test(tcase, devices);
        return run_suite("cli output", tcase);
}
