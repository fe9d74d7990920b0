/* The journal on disk: every event is a line, in order, whatever befalls the file. */
#include "agent/journal_file.h"
#include "fake_loop.h"
#include "joins/journal.h"
#include "suite.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[80];

static struct loop *loop;
static struct store *store;
static struct journal *journal;
static struct journal_file *file;
static struct journal_file_config config;

static void start(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        journal = journal_new(store, loop, 100);
        file = journal_file_new(store, loop, &config);
        ck_assert_ptr_nonnull(file);
}

static void stop(void)
{
        journal_file_free(file);
        journal_free(journal);
        store_free(store);
        fake_loop_free(loop);
}

static void setup(void)
{
        strcpy(folder, "/tmp/ipsr-journal.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/journal.jsonl", folder);
        config = (struct journal_file_config){ .path = path, .size = 1 << 20, .files = 3 };
        start();
}

static void teardown(void)
{
        char name[100];

        stop();
        for (int i = 0; i < 10; i++) {
                snprintf(name, sizeof(name), "%s.%d", path, i);
                unlink(name);
        }
        unlink(path);
        ck_assert_int_eq(rmdir(folder), 0);
}

static void tell(uint8_t kind, const char *text)
{
        struct event event;

        memset(&event, 0, sizeof(event));
        event.kind = kind;
        event.entity = ENTITY_KERNEL;
        event.severity = SEVERITY_ERROR;
        event.reason = REASON_EXPIRED;
        event.text = text;
        event.subject = "gw-gw/net-net";
        event.row = "12.1.4.3.97.98.99";
        event.spi = 0xc0ffee;
        inet_addr_parse(&event.peer, "192.0.2.1", strlen("192.0.2.1"));
        journal_tell(journal, &event, NULL);
}

static char *contents(const char *name)
{
        static char text[1 << 24];
        FILE *in = fopen(name, "r");
        size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

        text[n] = '\0';
        if (in)
                fclose(in);
        return text;
}

/* How many lines there are; each is an object and has the number that follows the one before. */
static int lines(const char *name, int first)
{
        int n = 0;

        for (char *line = contents(name), *end; *line; line = end + 1) {
                json_t *object;

                end = strchr(line, '\n');
                ck_assert_ptr_nonnull(end);
                object = json_loadb(line, (size_t)(end - line), 0, NULL);
                ck_assert(json_is_object(object));
                ck_assert_int_eq(json_integer_value(json_object_get(object, "number")), first + n);
                json_decref(object);
                n++;
        }
        return n;
}

static const char *member(const char *line, const char *key)
{
        static char text[256];
        json_t *object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);

        ck_assert_ptr_nonnull(object);
        snprintf(text, sizeof(text), "%s", json_string_value(json_object_get(object, key)));
        json_decref(object);
        return text;
}

START_TEST(test_line)
{
        struct stat status;

        tell(EVENT_SA_REMOVED, "with \"quotes\" and \xff");
        ck_assert_int_eq(access(path, F_OK), -1); /* in a turn of the loop, not in the listener */
        fake_loop_advance(loop, 0);
        ck_assert_str_eq(contents(path),
                         "{\"number\":1,\"time\":\"2026-11-24T06:01:57Z\",\"time_stamp\":"
                         "\"2026-11-24T06:01:57Z\",\"entity\":\"kernel\",\"severity\":\"error\","
                         "\"kind\":\"saRemoved\",\"reason\":\"expired\",\"text\":"
                         "\"with \\\"quotes\\\" and \xef\xbf\xbd\",\"row\":\"12.1.4.3.97.98.99\","
                         "\"subject\":\"gw-gw/net-net\",\"peer\":\"192.0.2.1\",\"spi\":"
                         "\"0x00c0ffee\"}\n");
        ck_assert_int_eq(stat(path, &status), 0);
        ck_assert_int_eq(status.st_mode & 07777, 0640);
}
END_TEST

/* It waits for what becomes of the notification, and so do those behind it. */
START_TEST(test_fate)
{
        tell(EVENT_SA_HARD_EXPIRED, "first");
        tell(EVENT_SA_REMOVED, "second");
        tell(EVENT_SA_HARD_EXPIRED, "third");
        fake_loop_advance(loop, 500);
        ck_assert_int_eq(lines(path, 1), 0);
        journal_file_settled(file, 1, NOTIFICATION_SENT);
        fake_loop_advance(loop, 0);
        ck_assert_int_eq(lines(path, 1), 2);
        ck_assert_str_eq(member(contents(path), "notification"), "sent");
        journal_file_settled(file, 3, NOTIFICATION_SUPPRESSED);
        fake_loop_advance(loop, 0);
        ck_assert_int_eq(lines(path, 1), 3);
        ck_assert_ptr_nonnull(strstr(contents(path), "\"suppressed\""));
        journal_file_settled(file, 3, NOTIFICATION_SENT); /* too late */
        journal_file_settled(file, 77, NOTIFICATION_SENT);
        fake_loop_advance(loop, 0);
        ck_assert_int_eq(lines(path, 1), 3);
}
END_TEST

/* A second at the most. */
START_TEST(test_undecided)
{
        tell(EVENT_TUNNEL_DOWN, "down");
        fake_loop_advance(loop, 1000);
        ck_assert_int_eq(lines(path, 1), 1);
        ck_assert_str_eq(member(contents(path), "notification"), "unknown");
}
END_TEST

/* The ring may be small, or switched off. */
START_TEST(test_small_ring)
{
        journal_configure(journal, 0);
        tell(EVENT_SA_REMOVED, "one");
        journal_configure(journal, 1);
        for (int i = 0; i < 10; i++)
                tell(EVENT_SA_HARD_EXPIRED, "more");
        for (uint32_t i = 2; i <= 11; i++)
                journal_file_settled(file, i, NOTIFICATION_SUPPRESSED);
        fake_loop_advance(loop, 1);
        ck_assert_int_eq(lines(path, 1), 11);
}
END_TEST

/* What waits is bounded, and nothing is lost. */
START_TEST(test_storm)
{
        config.size = 1u << 30;
        journal_file_configure(file, &config);
        for (int i = 0; i < 45000; i++)
                tell(EVENT_TUNNEL_DOWN, "down");
        ck_assert_int_gt(access(path, F_OK), -1);
        fake_loop_advance(loop, 2000);
        ck_assert_int_eq(lines(path, 1), 45000);
}
END_TEST

START_TEST(test_rotation)
{
        char name[100];
        int n = 0;

        config.size = 4096;
        journal_file_configure(file, &config);
        for (int i = 0; i < 100; i++) {
                tell(EVENT_SA_REMOVED, "gone");
                fake_loop_advance(loop, 1);
        }
        snprintf(name, sizeof(name), "%s.4", path);
        ck_assert_int_eq(access(name, F_OK), -1);
        for (int i = 3; i >= 0; i--) {
                struct stat status;

                snprintf(name, sizeof(name), i > 0 ? "%s.%d" : "%s", path, i);
                ck_assert_int_eq(stat(name, &status), 0);
                ck_assert_int_le(status.st_size, 4096);
                if (n == 0)
                        n = (int)strtol(strchr(contents(name), ':') + 1, NULL, 10);
                n += lines(name, n);
        }
        ck_assert_int_eq(n, 101);
}
END_TEST

START_TEST(test_rotation_keeps_none)
{
        char name[100];

        config.size = 1000;
        config.files = 0;
        journal_file_configure(file, &config);
        for (int i = 0; i < 100; i++) {
                tell(EVENT_SA_REMOVED, "gone");
                fake_loop_advance(loop, 1);
        }
        ck_assert_uint_le(strlen(contents(path)), 1000);
        snprintf(name, sizeof(name), "%s.1", path);
        ck_assert_int_eq(access(name, F_OK), -1);
}
END_TEST

/* Somebody else may move it away. */
START_TEST(test_moved_away)
{
        char name[100];

        tell(EVENT_SA_REMOVED, "one");
        fake_loop_advance(loop, 1);
        snprintf(name, sizeof(name), "%s.9", path);
        ck_assert_int_eq(rename(path, name), 0);
        tell(EVENT_SA_REMOVED, "two");
        fake_loop_advance(loop, 1);
        ck_assert_int_eq(lines(name, 1), 1);
        ck_assert_int_eq(lines(path, 2), 1);
}
END_TEST

/* A kill in the middle of a write: the half line is no part of another one. */
START_TEST(test_half_line)
{
        int fd;

        stop();
        fd = open(path, O_WRONLY | O_CREAT, 0640);
        ck_assert_int_eq(write(fd, "{\"number\":1,\"ki", 15), 15);
        close(fd);
        start();
        tell(EVENT_SA_REMOVED, "whole");
        tell(EVENT_SA_REMOVED, "whole");
        fake_loop_advance(loop, 1);
        ck_assert_int_eq(strncmp(contents(path), "{\"number\":1,\"ki\n{\"number\":1,\"time\"", 32),
                         0);
        stop();
        start();
        tell(EVENT_SA_REMOVED, "whole");
        fake_loop_advance(loop, 1);
        ck_assert_ptr_null(strstr(contents(path), "\n\n"));
}
END_TEST

/* A full disk, as a limit makes one: whole lines stay whole, and it goes on when there is room. */
START_TEST(test_full_disk)
{
        struct rlimit old, small;
        unsigned int said;
        size_t size;

        tell(EVENT_SA_REMOVED, "before");
        fake_loop_advance(loop, 1);
        size = strlen(contents(path));
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &old);
        small = (struct rlimit){ 2 * size + size / 2, old.rlim_max };
        setrlimit(RLIMIT_FSIZE, &small);
        for (int i = 0; i < 5; i++)
                tell(EVENT_SA_REMOVED, "before");
        fake_loop_advance(loop, 1);
        said = fake_loop_lines(loop);
        ck_assert_uint_eq(said, 1);
        ck_assert_int_eq(lines(path, 1), 2);
        tell(EVENT_SA_REMOVED, "before");
        fake_loop_advance(loop, 1);
        ck_assert_uint_eq(fake_loop_lines(loop), said); /* said once */
        setrlimit(RLIMIT_FSIZE, &old);
        signal(SIGXFSZ, SIG_DFL);
        tell(EVENT_SA_REMOVED, "after");
        fake_loop_advance(loop, 1);
        ck_assert_uint_eq(fake_loop_lines(loop), said + 1);
        ck_assert_ptr_nonnull(strstr(contents(path), "}\n{\"number\":8,"));
}
END_TEST

START_TEST(test_no_folder)
{
        config.path = "/nonexistent/journal";
        journal_file_configure(file, &config);
        for (int i = 0; i < 3; i++) {
                tell(EVENT_SA_REMOVED, "lost");
                fake_loop_advance(loop, 1);
        }
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
        config.path = path;
        journal_file_configure(file, &config);
        tell(EVENT_SA_REMOVED, "kept");
        fake_loop_advance(loop, 1);
        ck_assert_int_eq(lines(path, 4), 1);
}
END_TEST

/* What is no file stays untouched. */
START_TEST(test_no_file)
{
        char target[100];

        snprintf(target, sizeof(target), "%s.1", path);
        ck_assert_int_eq(symlink(target, path), 0);
        tell(EVENT_SA_REMOVED, "lost");
        fake_loop_advance(loop, 1);
        ck_assert_int_eq(access(target, F_OK), -1);
        unlink(path);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        tell(EVENT_SA_REMOVED, "lost");
        fake_loop_advance(loop, 1);
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
}
END_TEST

START_TEST(test_switched_off)
{
        config.size = 0;
        journal_file_configure(file, &config);
        tell(EVENT_SA_REMOVED, "lost");
        fake_loop_advance(loop, 2000);
        ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* The end of the agent: nothing waits for longer. */
START_TEST(test_end)
{
        tell(EVENT_TUNNEL_DOWN, "down");
        tell(EVENT_AGENT_STOPPED, "ended");
        stop();
        ck_assert_int_eq(lines(path, 1), 2);
        config.sync = true;
        start();
        tell(EVENT_AGENT_STARTED, "started");
        fake_loop_advance(loop, 5000);
        ck_assert_ptr_nonnull(strstr(contents(path), "agentStarted"));
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("journal file");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_line);
        tcase_add_test(tcase, test_fate);
        tcase_add_test(tcase, test_undecided);
        tcase_add_test(tcase, test_small_ring);
        tcase_add_test(tcase, test_storm);
        tcase_add_test(tcase, test_rotation);
        tcase_add_test(tcase, test_rotation_keeps_none);
        tcase_add_test(tcase, test_moved_away);
        tcase_add_test(tcase, test_half_line);
        tcase_add_test(tcase, test_full_disk);
        tcase_add_test(tcase, test_no_folder);
        tcase_add_test(tcase, test_no_file);
        tcase_add_test(tcase, test_switched_off);
        tcase_add_test(tcase, test_end);
        return run_suite("journal_file", tcase);
}
