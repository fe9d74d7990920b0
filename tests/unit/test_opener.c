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
static char folder[64], path[100], whack[100];

static struct {
        unsigned int calls;
        int fd;
} told;

static struct opener *start(const char *vici_socket)
{
        const struct opener_paths paths = { .vici_socket = vici_socket, .whack = whack };

        return opener_start(loop, &paths);
}

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
        snprintf(whack, sizeof(whack), "%s/whack", folder);
        loop = fake_loop_new(1795500116);
        opener = start(path);
        ck_assert_ptr_nonnull(opener);
}

static void teardown(void)
{
        opener_stop(opener);
        fake_loop_free(loop);
        unlink(path);
        unlink(whack);
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
        opener = start(longest);
        ck_assert_int_eq(ask(&told), -ENAMETOOLONG);
        opener_stop(NULL);
}
END_TEST

/* ---- whack: a script of the shell stands for it ---- */

static char answer[1 << 21];

static void install(const char *script)
{
        FILE *f = fopen(whack, "w");

        ck_assert_ptr_nonnull(f);
        fprintf(f, "#!/bin/sh\n%s\n", script);
        fclose(f);
        ck_assert_int_eq(chmod(whack, 0755), 0);
}

static int run_whack(enum opener_target target)
{
        unsigned int calls = told.calls;

        ck_assert_int_eq(opener->ask(opener, target, given, &told), 0);
        wait_for(calls + 1);
        return told.fd;
}

/* All until the end of the pipe. */
static size_t read_all(int fd)
{
        size_t length = 0;

        ck_assert_int_ge(fd, 0);
        for (int i = 0; i < TIRELESS; i++) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n;

                poll(&p, 1, 1000);
                n = read(fd, answer + length, sizeof(answer) - 1 - length);
                if (n == 0)
                        break;
                ck_assert(n > 0 || errno == EAGAIN);
                length += n > 0 ? (size_t)n : 0;
        }
        close(fd);
        answer[length] = '\0';
        return length;
}

START_TEST(test_whack)
{
        static const struct {
                enum opener_target target;
                const char *argument;
        } targets[] = {
                { OPENER_WHACK_VERSION, "--version" },
                { OPENER_WHACK_GLOBALSTATUS, "--globalstatus" },
                { OPENER_WHACK_STATUS, "--status" },
                { OPENER_WHACK_SHOWSTATES, "--showstates" },
                { OPENER_WHACK_TRAFFICSTATUS, "--trafficstatus" },
        };

        install("echo \"$#$1 $LC_ALL\"; cat; echo unseen >&2; exit 33");
        for (size_t i = 0; i < 5; i++) {
                char wanted[64];
                int fd = run_whack(targets[i].target);

                ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
                ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                snprintf(wanted, sizeof(wanted), "1%s C\n", targets[i].argument);
                ck_assert_uint_eq(read_all(fd), strlen(wanted) + OPENER_TRAILER);
                ck_assert_str_eq(answer, wanted); /* and the NUL of the trailer */
                ck_assert_uint_eq((uint8_t)answer[strlen(wanted) + 1], 33);
        }
}
END_TEST

/* Nothing of the agent's own is handed on but what is said above. */
START_TEST(test_whack_is_alone)
{
        setenv("IPSR_SECRET", "seen", 1);
        opener_stop(opener);
        opener = start(path);
        install("echo /proc/self/fd/*; env");
        read_all(run_whack(OPENER_WHACK_STATUS));
        ck_assert_ptr_null(strstr(answer, "SECRET"));
        ck_assert_ptr_null(strstr(answer, "HOME="));
        ck_assert_ptr_null(strstr(answer, "fd/4"));
        unsetenv("IPSR_SECRET");
}
END_TEST

START_TEST(test_whack_is_not_there)
{
        ck_assert_int_eq(run_whack(OPENER_WHACK_STATUS), -ENOENT);
        ck_assert_int_eq(run_whack((enum opener_target)7), -EINVAL);
        ck_assert_int_eq(run_whack((enum opener_target)0), -EINVAL);
}
END_TEST

START_TEST(test_whack_says_much)
{
        install("yes 0123456789abcde | head -n 65536");
        ck_assert_uint_eq(read_all(run_whack(OPENER_WHACK_STATUS)), (1 << 20) + OPENER_TRAILER);
        ck_assert_mem_eq(answer + (1 << 20), "\0\0", OPENER_TRAILER);
}
END_TEST

static int children_of(pid_t pid)
{
        char name[64];
        FILE *f;
        int n = 0, unused;

        snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
        f = fopen(name, "r");
        ck_assert_ptr_nonnull(f);
        while (fscanf(f, "%d", &unused) == 1)
                n++;
        fclose(f);
        return n;
}

static void wait_for_no_children(pid_t pid)
{
        for (int i = 0; children_of(pid) > 0 && i < TIRELESS; i++)
                usleep(1000);
        ck_assert_int_eq(children_of(pid), 0);
}

/* One that hangs is ended by the next; its answer has no end. */
START_TEST(test_whack_hangs)
{
        pid_t pid = child();
        int fd;

        install("echo begun; [ $1 = --version ] || exec sleep 1000");
        fd = run_whack(OPENER_WHACK_STATUS);
        ck_assert_int_eq(children_of(pid), 1);
        ck_assert_uint_eq(read_all(run_whack(OPENER_WHACK_VERSION)), 6 + OPENER_TRAILER);
        read_all(fd);
        ck_assert(answer[0] == '\0' || strcmp(answer, "begun\n") == 0);
        wait_for_no_children(pid); /* no dead ones either */
}
END_TEST

/* Nobody asks again: it is ended all the same. */
START_TEST(test_whack_hangs_for_long)
{
        pid_t pid = child();

        install("exec sleep 1000");
        ck_assert_uint_eq(read_all(run_whack(OPENER_WHACK_STATUS)), 0);
        wait_for_no_children(pid);
}
END_TEST

START_TEST(test_whack_is_killed)
{
        install("echo begun; kill -KILL $$");
        ck_assert_uint_eq(read_all(run_whack(OPENER_WHACK_STATUS)), 6 + OPENER_TRAILER);
        ck_assert_uint_eq((uint8_t)answer[7], 128 + SIGKILL);
}
END_TEST

/* The agent ends while one runs: nothing waits for it. */
START_TEST(test_ends_with_whack)
{
        install("exec sleep 1000");
        close(run_whack(OPENER_WHACK_STATUS));
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
        tcase_add_test(tcase, test_whack);
        tcase_add_test(tcase, test_whack_is_alone);
        tcase_add_test(tcase, test_whack_is_not_there);
        tcase_add_test(tcase, test_whack_says_much);
        tcase_add_test(tcase, test_whack_hangs);
        tcase_add_test(tcase, test_whack_hangs_for_long);
        tcase_add_test(tcase, test_whack_is_killed);
        tcase_add_test(tcase, test_ends_with_whack);
        return run_suite("opener", tcase);
}
