#include "config.h"

#include "opener.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

/* ---- the process ---- */

/* What the opener answers: an errno, or 0 with a descriptor beside it. */
struct answer {
        int32_t err;
};

static int open_unix(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, err;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return fd;
        err = -errno;
        close(fd);
        return err;
}

static bool answer(int channel, int fd)
{
        struct answer message = { .err = fd < 0 ? fd : 0 };
        struct iovec part = { &message, sizeof(message) };
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

        if (fd >= 0) {
                struct cmsghdr *c;

                memset(&control, 0, sizeof(control));
                header.msg_control = &control;
                header.msg_controllen = sizeof(control);
                c = CMSG_FIRSTHDR(&header);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fd, sizeof(fd));
        }
        return sendmsg(channel, &header, MSG_NOSIGNAL) >= 0;
}

/* Root's files are open to it as to root; nothing else that root may is left. */
static void give_up_capabilities(void)
{
        capng_clear(CAPNG_SELECT_BOTH);
        capng_apply(CAPNG_SELECT_BOTH);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void close_all_but(int channel)
{
        if (channel > 3)
                close_range(3, (unsigned int)channel - 1, 0);
        close_range((unsigned int)channel + 1, ~0U, 0);
}

/* ---- whack ---- */

static const char *const whack_arguments[] = {
        [OPENER_WHACK_VERSION] = "--version",
        [OPENER_WHACK_GLOBALSTATUS] = "--globalstatus",
        [OPENER_WHACK_STATUS] = "--status",
        [OPENER_WHACK_SHOWSTATES] = "--showstates",
        [OPENER_WHACK_TRAFFICSTATUS] = "--trafficstatus",
};

#define N_TARGETS (sizeof(whack_arguments) / sizeof(whack_arguments[0]))

/* The command that runs, under the eyes of a process of its own. */
struct command {
        pid_t watcher; /* 0: none runs */
        int lifeline;  /* ends when the watcher does */
};

static void exec_whack(const char *path, const char *argument, int output, pid_t watcher)
{
        static char locale[] = "LC_ALL=C", search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        char *const environment[] = { locale, search, NULL };
        char *arguments[] = { strdup("whack"), strdup(argument), NULL };
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != watcher || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
            dup2(null, STDERR_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
                _exit(127);
        signal(SIGHUP, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        execve(path, arguments, environment);
        _exit(127);
}

/* Waits for the command and writes how it ended; the alarm ends both. */
static void watch_whack(const char *path, const char *argument, int output)
{
        uint8_t trailer[OPENER_TRAILER] = { 0, 0xff };
        pid_t pid, watcher = getpid();
        int status;

        signal(SIGALRM, SIG_DFL); /* the agent's libraries may have another use for it */
        alarm(OPENER_COMMAND_TIME);
        pid = fork();
        if (pid == 0)
                exec_whack(path, argument, output, watcher);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                _exit(1);
        trailer[1] = (uint8_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        _exit(write(output, trailer, sizeof(trailer)) == sizeof(trailer) ? 0 : 1);
}

static void command_ended(struct command *c)
{
        if (c->watcher == 0)
                return;
        kill(c->watcher, SIGKILL); /* it has ended, or another one is wanted; whack dies with it */
        while (waitpid(c->watcher, NULL, 0) < 0 && errno == EINTR)
                ;
        close(c->lifeline);
        c->watcher = 0;
}

/* The reading end of a pipe with what whack prints, or a negative errno. */
static int run_whack(struct command *c, const char *path, const char *argument)
{
        int output[2], lifeline[2], err;
        pid_t opener = getpid();

        command_ended(c);
        if (access(path, X_OK) < 0)
                return errno == ENOTDIR ? -ENOENT : -errno;
        if (pipe2(output, O_CLOEXEC) < 0)
                return -errno;
        if (pipe2(lifeline, O_CLOEXEC) < 0) {
                err = -errno;
                goto no_lifeline;
        }
        c->watcher = fork();
        if (c->watcher == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
                if (getppid() != opener)
                        _exit(1);
                close(output[0]); /* so that whack notices when nobody reads any more */
                close(lifeline[0]);
                watch_whack(path, argument, output[1]);
        }
        close(output[1]);
        close(lifeline[1]);
        c->lifeline = lifeline[0];
        if (c->watcher > 0 && fcntl(output[0], F_SETFL, O_NONBLOCK) == 0)
                return output[0];
        err = -errno;
        close(output[0]);
        if (c->watcher < 0) {
                close(c->lifeline);
                c->watcher = 0;
        }
        return err;
no_lifeline:
        close(output[0]);
        close(output[1]);
        return err;
}

/* ---- what is asked for ---- */

static int give(struct command *c, const struct opener_paths *paths, uint8_t target)
{
        if (target == OPENER_VICI)
                return open_unix(paths->vici_socket);
        if (target >= N_TARGETS || !whack_arguments[target])
                return -EINVAL;
        return run_whack(c, paths->whack, whack_arguments[target]);
}

/* Until something is asked for; meanwhile a command that ends is buried. */
static bool next_target(int channel, struct command *c, uint8_t *target)
{
        for (;;) {
                struct pollfd p[] = {
                        { .fd = channel, .events = POLLIN },
                        { .fd = c->watcher ? c->lifeline : -1, .events = POLLIN },
                };

                if (poll(p, 2, -1) < 0)
                        continue;
                if (p[1].revents != 0)
                        command_ended(c);
                if (p[0].revents != 0)
                        return recv(channel, target, sizeof(*target), 0) == sizeof(*target);
        }
}

static void serve(int channel, const struct opener_paths *paths)
{
        struct command command = { .watcher = 0 };
        uint8_t target;

        while (next_target(channel, &command, &target)) {
                int fd = give(&command, paths, target);
                bool sent = answer(channel, fd);

                if (fd >= 0)
                        close(fd);
                if (!sent)
                        return;
        }
}

static void run(int channel, const struct opener_paths *paths, pid_t parent)
{
        sigset_t none;

        signal(SIGHUP, SIG_IGN);
        signal(SIGINT, SIG_IGN); /* the agent gets these two as well, and ends this */
        signal(SIGTERM, SIG_IGN);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_NAME, "ipsec-opener", 0, 0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        close_all_but(channel);
        give_up_capabilities();
        if (getppid() == parent)
                serve(channel, paths);
        _exit(0);
}

/* ---- the agent's side ---- */

/* What was asked and is not answered yet; answers come in order. */
struct request {
        struct request *next;
        opener_given *given;
        void *context; /* NULL: forgotten */
};

struct opener_process {
        struct opener opener;
        struct loop *loop;
        pid_t pid;
        int channel; /* -1: the process has ended */
        struct request *first;
        struct request *last;
};

static struct opener_process *process_of(struct opener *opener)
{
        return (struct opener_process *)opener;
}

static void give_first(struct opener_process *o, int fd)
{
        struct request request = *o->first;

        free(o->first);
        o->first = request.next;
        if (!o->first)
                o->last = NULL;
        if (request.context)
                request.given(request.context, fd);
        else if (fd >= 0)
                close(fd);
}

static void give_up(struct opener_process *o)
{
        o->loop->unwatch(o->loop, o->channel);
        close(o->channel);
        o->channel = -1;
        o->loop->log(o->loop, LOG_ERR, "the opener has ended: IKE daemons are out of reach");
        while (o->first)
                give_first(o, -EPIPE);
}

/* The descriptor, or the errno; -EPIPE where the process is not there any more. */
static int receive(int channel)
{
        struct answer message;
        struct iovec part = { &message, sizeof(message) };
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr header = { .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control) };
        const struct cmsghdr *c;
        int fd = -EBADMSG;

        if (recvmsg(channel, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(message))
                return -EPIPE;
        c = CMSG_FIRSTHDR(&header);
        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
            c->cmsg_len == CMSG_LEN(sizeof(fd)))
                memcpy(&fd, CMSG_DATA(c), sizeof(fd));
        return message.err < 0 ? message.err : fd;
}

static void channel_ready(void *context, int channel)
{
        struct opener_process *o = context;
        int fd = receive(channel);

        if (fd == -EPIPE || !o->first)
                give_up(o);
        else
                give_first(o, fd);
}

static int ask(struct opener *opener, enum opener_target target, opener_given *given, void *context)
{
        struct opener_process *o = process_of(opener);
        struct request *request = calloc(1, sizeof(*request));
        uint8_t octet = (uint8_t)target;

        if (!request)
                return -ENOMEM;
        *request = (struct request){ .given = given, .context = context };
        if (o->last)
                o->last->next = request;
        else
                o->first = request;
        o->last = request;
        if (o->channel >= 0 && send(o->channel, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
                return 0;
        if (o->channel >= 0)
                give_up(o);
        else
                give_first(o, -EPIPE);
        return 0;
}

static void forget(struct opener *opener, void *context)
{
        for (struct request *r = process_of(opener)->first; r; r = r->next)
                if (r->context == context)
                        r->context = NULL;
}

struct opener *opener_start(struct loop *loop, const struct opener_paths *paths)
{
        struct opener_process *o = calloc(1, sizeof(*o));
        pid_t parent = getpid();
        int ends[2], err;

        if (!o)
                return NULL;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                goto fail;
        o->pid = fork();
        if (o->pid == 0) {
                free(o); /* it is the parent's */
                run(ends[1], paths, parent);
        }
        close(ends[1]);
        o->channel = ends[0];
        o->loop = loop;
        o->opener = (struct opener){ .ask = ask, .forget = forget };
        err = o->pid < 0 ? -errno : loop->watch(loop, o->channel, channel_ready, o);
        if (err == 0)
                return &o->opener;
        close(o->channel);
        errno = -err;
fail:
        free(o);
        return NULL;
}

void opener_stop(struct opener *opener)
{
        struct opener_process *o = opener ? process_of(opener) : NULL;

        if (!o)
                return;
        if (o->channel >= 0) {
                o->loop->unwatch(o->loop, o->channel);
                close(o->channel);
        }
        while (waitpid(o->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        while (o->first) {
                struct request *next = o->first->next;

                free(o->first);
                o->first = next;
        }
        free(o);
}
