#include "config.h"

#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void wait_for_child(int fd)
{
        char octet;

        _exit(read(fd, &octet, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int background_enter(void)
{
        int fds[2];
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid > 0) {
                close(fds[1]);
                wait_for_child(fds[0]);
        }
        close(fds[0]);
        setsid();
        return fds[1];
}

void background_ready(int parent)
{
        int null;

        if (parent < 0)
                return;
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; fd <= 2 && null >= 0; fd++)
                dup2(null, fd);
        if (null > 2)
                close(null);
        (void)!write(parent, "", 1);
        close(parent);
}
