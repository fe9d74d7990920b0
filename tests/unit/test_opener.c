/* The opener: a process of its own, which connects, hands over, and may nothing else. */
#include "config.h"

#include "agent/opener.h"
#include "fake_loop.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TIRELESS 20000 /* turns of a millisecond */

static struct loop *loop;
static struct opener *opener;
static char folder[64], path[100];

static struct {
        unsigned int calls;
        int fd;
} told;

static void given(void *context, int fd)
{
        (void)context;
        told.calls++;
        told.fd = fd;
}

static void setup(void)
{
        memset(&told, 0, sizeof(told));
        strcpy(folder, "/tmp/ipsr-opener.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/vici", folder);
        loop = fake_loop_new(1795500116);
        opener = opener_start(loop, path);
        ck_assert_ptr_nonnull(opener);
}

static void teardown(void)
{
        opener_stop(opener);
        fake_loop_free(loop);
        unlink(path);
        rmdir(folder);
}

static int listener(bool listening)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        if (listening)
                ck_assert_int_eq(listen(fd, 4), 0);
        return fd;
}

static void wait_for(unsigned int calls)
{
        for (int i = 0; told.calls < calls && i < TIRELESS; i++) {
                fake_loop_poll(loop);
                usleep(1000);
        }
        ck_assert_uint_eq(told.calls, calls);
}

static int ask(void *context)
{
        unsigned int calls = told.calls;

        ck_assert_int_eq(opener->ask(opener, OPENER_VICI, given, context), 0);
        wait_for(calls + 1);
        return told.fd;
}

START_TEST(test_connects)
{
        int fd = listener(true), ours = ask(&told), theirs;
        char octet = 'x';

        ck_assert_int_ge(ours, 0);
        theirs = accept(fd, NULL, NULL);
        ck_assert_int_eq(write(ours, &octet, 1), 1);
        ck_assert_int_eq(read(theirs, &octet, 1), 1);
        ck_assert(fcntl(ours, F_GETFL) & O_NONBLOCK);
        ck_assert(fcntl(ours, F_GETFD) & FD_CLOEXEC);
        close(ours); /* the opener has kept nothing: the peer sees the end */
        ck_assert_int_eq(read(theirs, &octet, 1), 0);
        close(theirs);
        ours = ask(&told);
        ck_assert_int_ge(ours, 0);
        close(ours);
        close(fd);
}
END_TEST

START_TEST(test_nobody_listens)
{
        int fd;

        ck_assert_int_eq(ask(&told), -ENOENT);
        fd = listener(false);
        ck_assert_int_eq(ask(&told), -ECONNREFUSED);
        close(fd);
        ck_assert_int_eq(ask(&told), -ECONNREFUSED);
        ck_assert_uint_eq(fake_loop_lines(loop), 0);
}
END_TEST

/* Root's own files are open to it; another's are not, since it has no capability. */
START_TEST(test_no_permission)
{
        int fd = listener(true);

        if (geteuid() == 0) {
                ck_assert_int_eq(chown(folder, 65534, 65534), 0);
                ck_assert_int_eq(chmod(folder, 0700), 0);
        } else {
                ck_assert_int_eq(chmod(path, 0), 0);
        }
        ck_assert_int_eq(ask(&told), -EACCES);
        if (geteuid() == 0)
                ck_assert_int_eq(chown(folder, 0, 0), 0);
        close(fd);
}
END_TEST

/* What is not wanted any more is not given, and not left open. */
START_TEST(test_forgets)
{
        int fd = listener(true), theirs, other;
        char octet;

        ck_assert_int_eq(opener->ask(opener, OPENER_VICI, given, &fd), 0);
        ck_assert_int_eq(opener->ask(opener, OPENER_VICI, given, &told), 0);
        opener->forget(opener, &fd);
        wait_for(1); /* the second only */
        ck_assert_int_ge(told.fd, 0);
        theirs = accept(fd, NULL, NULL);
        ck_assert_int_eq(read(theirs, &octet, 1), 0);
        other = accept(fd, NULL, NULL);
        ck_assert_int_ge(other, 0);
        close(theirs);
        close(other);
        close(told.fd);
        close(fd);
}
END_TEST

static pid_t child(void)
{
        FILE *f = fopen("/proc/thread-self/children", "r");
        int pid = 0;

        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
        fclose(f);
        return pid;
}

START_TEST(test_killed)
{
        ck_assert_int_eq(kill(child(), SIGKILL), 0);
        ck_assert_int_eq(opener->ask(opener, OPENER_VICI, given, &told), 0);
        wait_for(1);
        ck_assert_int_eq(told.fd, -EPIPE);
        ck_assert_uint_eq(fake_loop_lines(loop), 1); /* it is told once */
        ck_assert_int_eq(ask(&told), -EPIPE);
        ck_assert_uint_eq(fake_loop_lines(loop), 1);
}
END_TEST

/* What is on its way when it is killed is answered, too; what is forgotten is not. */
START_TEST(test_killed_with_requests)
{
        ck_assert_int_eq(kill(child(), SIGSTOP), 0);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(opener->ask(opener, OPENER_VICI, given, i == 1 ? folder : path),
                                 0);
        opener->forget(opener, folder);
        ck_assert_int_eq(kill(child(), SIGKILL), 0);
        wait_for(2);
        ck_assert_int_eq(told.fd, -EPIPE);
}
END_TEST

START_TEST(test_stopped_with_requests)
{
        int fd = listener(true);

        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(opener->ask(opener, OPENER_VICI, given, &told), 0);
        close(fd); /* and teardown ends the opener: nothing is leaked */
}
END_TEST

START_TEST(test_long_path)
{
        char longest[300];

        memset(longest, 'x', sizeof(longest) - 1);
        longest[0] = '/';
        longest[sizeof(longest) - 1] = '\0';
        opener_stop(opener);
        opener = opener_start(loop, longest);
        ck_assert_int_eq(ask(&told), -ENAMETOOLONG);
        opener_stop(NULL);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("opener");

        tcase_set_timeout(tcase, 120);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_connects);
        tcase_add_test(tcase, test_nobody_listens);
        tcase_add_test(tcase, test_no_permission);
        tcase_add_test(tcase, test_forgets);
        tcase_add_test(tcase, test_killed);
        tcase_add_test(tcase, test_killed_with_requests);
        tcase_add_test(tcase, test_stopped_with_requests);
        tcase_add_test(tcase, test_long_path);
        return run_suite("opener", tcase);
}
