#include "config.h"

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lines {
        int fd;
        const volatile sig_atomic_t *interrupted;
        const sigset_t *signals;
        size_t begin;   /* of the next line */
        size_t scanned; /* up to here there is no newline behind begin */
        size_t end;     /* of what was read */
        size_t octets;
        bool skipping; /* the line under way is too long: up to its end nothing counts */
        char buffer[LINE_MAX_SIZE];
};

int lines_open(const char *path, const volatile sig_atomic_t *interrupted, const sigset_t *signals,
               struct lines **lines)
{
        struct lines *l = malloc(sizeof(*l));
        int err;

        if (!l)
                return -ENOMEM;
        memset(l, 0, offsetof(struct lines, buffer));
        l->interrupted = interrupted;
        l->signals = signals;
        if (strcmp(path, "-") != 0)
                l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (l->fd < 0) {
                err = -errno;
                free(l);
                return err;
        }
        *lines = l;
        return 0;
}

void lines_close(struct lines *l)
{
        if (!l)
                return;
        if (l->fd != STDIN_FILENO)
                close(l->fd);
        free(l);
}

/* Waits for input. Signals that end us are blocked but here. */
static int wait_for(const struct lines *l)
{
        struct pollfd fd = { .fd = l->fd, .events = POLLIN };

        if (*l->interrupted)
                return -EINTR;
        if (ppoll(&fd, 1, NULL, l->signals) < 0 && (errno != EINTR || *l->interrupted))
                return -errno;
        return *l->interrupted ? -EINTR : 0;
}

/* How much was read, 0 at the end, or a negative errno. */
static ssize_t fill(struct lines *l)
{
        ssize_t n;
        int err;

        if (l->begin > 0) {
                memmove(l->buffer, l->buffer + l->begin, l->end - l->begin);
                l->end -= l->begin;
                l->scanned -= l->begin;
                l->begin = 0;
        }
        do {
                err = wait_for(l);
                if (err < 0)
                        return err;
                n = read(l->fd, l->buffer + l->end, sizeof(l->buffer) - l->end);
        } while (n < 0 && (errno == EINTR || errno == EAGAIN));
        if (n < 0)
                return -errno;
        l->end += (size_t)n;
        l->octets += (size_t)n;
        return n;
}

/* Takes the line that ends at newline. */
static int take(struct lines *l, char *newline, char **line, size_t *length)
{
        bool skipped = l->skipping;

        *line = l->buffer + l->begin;
        *length = (size_t)(newline - *line);
        l->begin = l->scanned = (size_t)(newline - l->buffer) + 1;
        l->skipping = false;
        return skipped ? LINES_TOO_LONG : LINES_LINE;
}

int lines_next(struct lines *l, char **line, size_t *length)
{
        for (;;) {
                char *newline = memchr(l->buffer + l->scanned, '\n', l->end - l->scanned);
                ssize_t n;

                if (newline)
                        return take(l, newline, line, length);
                l->scanned = l->end;
                if (l->end - l->begin == sizeof(l->buffer)) {
                        l->skipping = true;
                        l->begin = l->scanned = l->end = 0;
                }
                n = fill(l);
                if (n <= 0)
                        return n < 0 ? (int)n : LINES_END;
        }
}

const char *lines_rest(const struct lines *l, size_t *length)
{
        *length = l->end - l->begin;
        return *length > 0 ? l->buffer + l->begin : NULL;
}

size_t lines_octets(const struct lines *l)
{
        return l->octets;
}
