#include "config.h"

#include "journal_file.h"

#include "tables/row_json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* Milliseconds that a line waits for what becomes of its notification. */
#define SETTLE_MAX 1000

/* Lines that wait. More are written at once, as they are. */
#define WAITING_MAX 20000

/* Lines in one write: a few milliseconds. */
#define LINES_PER_WRITE 500

/* Milliseconds until what was written must be on the disk. */
#define SYNC_WITHIN 1000

struct journal_file {
        struct loop *loop;
        struct loop_timer *write_timer;
        bool write_at_once; /* that timer is one of no length */
        struct loop_timer *sync_timer;
        struct strings *pool;
        struct table *waiting; /* events that are not written yet */
        char path[PATH_MAX];
        uint32_t size_max;
        uint32_t files;
        bool sync;
        int fd; /* -1: not open */
        off_t size;
        bool torn;     /* the file ends within a line, which is none */
        bool broken;   /* the last write failed; that is logged already */
        uint64_t lost; /* lines that could not be written since */
        FILE *out;     /* text of the lines that are written next */
        char *text;
        size_t length;
};

__attribute__((format(printf, 3, 4))) static void say(const struct journal_file *f, int priority,
                                                      const char *format, ...)
{
        char line[PATH_MAX + 256];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        f->loop->log(f->loop, priority, line);
}

/* ---- the file ---- */

static void close_file(struct journal_file *f)
{
        if (f->fd >= 0)
                close(f->fd);
        f->fd = -1;
}

/* What a write left that was cut off is ended, so that no line is made of two. */
static int look_at_end(struct journal_file *f)
{
        struct stat status;
        char last = '\n';

        if (fstat(f->fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        f->size = status.st_size;
        if (f->size > 0 && pread(f->fd, &last, 1, f->size - 1) < 0)
                return -errno;
        f->torn = last != '\n';
        return 0;
}

static int open_file(struct journal_file *f)
{
        int err;

        if (f->fd >= 0)
                return 0;
        f->fd = open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW,
                     0640);
        if (f->fd < 0)
                return -errno;
        err = look_at_end(f);
        if (err == 0 && f->size == 0)
                fchmod(f->fd, 0640); /* whatever the umask is */
        if (err < 0)
                close_file(f);
        return err;
}

/* Somebody may have moved it away. */
static bool is_in_place(const struct journal_file *f)
{
        struct stat here, open;

        return stat(f->path, &here) == 0 && fstat(f->fd, &open) == 0 &&
               here.st_ino == open.st_ino && here.st_dev == open.st_dev;
}

static const char *numbered(const struct journal_file *f, uint32_t number, char name[PATH_MAX + 12])
{
        if (number == 0)
                snprintf(name, PATH_MAX + 12, "%s", f->path);
        else
                snprintf(name, PATH_MAX + 12, "%s.%" PRIu32, f->path, number);
        return name;
}

/* path.1 becomes path.2 and so on; the last one goes. */
static int rotate(struct journal_file *f)
{
        char from[PATH_MAX + 12], to[PATH_MAX + 12];

        if (f->sync)
                fdatasync(f->fd);
        if (f->files == 0 && unlink(f->path) < 0)
                return -errno;
        for (uint32_t n = f->files; n > 0; n--)
                if (rename(numbered(f, n - 1, from), numbered(f, n, to)) < 0 &&
                    (errno != ENOENT || n == 1))
                        return -errno;
        close_file(f);
        return open_file(f);
}

static int prepare_file(struct journal_file *f, size_t length)
{
        int err;

        if (f->fd >= 0 && !is_in_place(f))
                close_file(f);
        err = open_file(f);
        if (err == 0 && f->size > 0 && (uint64_t)f->size + length > f->size_max)
                err = rotate(f);
        return err;
}

/* Of a write that was cut short whole lines stay; if the rest cannot be taken back it is ended. */
static void take_back(struct journal_file *f, const char *text, size_t written)
{
        size_t whole = written;

        while (whole > 0 && text[whole - 1] != '\n')
                whole--;
        f->size += (off_t)whole;
        f->torn = whole < written && ftruncate(f->fd, f->size) < 0;
}

static uint64_t count_lines(const char *text, size_t length)
{
        uint64_t n = 0;

        for (size_t i = 0; i < length; i++)
                n += text[i] == '\n';
        return n;
}

static int append(struct journal_file *f, const char *text, size_t length, size_t *written)
{
        ssize_t n;

        *written = 0;
        if (f->torn && write(f->fd, "\n", 1) != 1)
                return errno > 0 ? -errno : -ENOSPC;
        if (f->torn)
                f->size++;
        f->torn = false;
        n = write(f->fd, text, length);
        if (n < 0)
                return -errno;
        *written = (size_t)n;
        take_back(f, text, *written);
        return *written == length ? 0 : -ENOSPC;
}

static void sync_file(void *context)
{
        struct journal_file *f = context;

        f->sync_timer = NULL;
        if (f->fd >= 0)
                fdatasync(f->fd);
}

static void tell_broken(struct journal_file *f, int err, uint64_t lost)
{
        f->lost += lost;
        if (!f->broken)
                say(f, LOG_ERR, "the journal %s cannot be written: %s", f->path, strerror(-err));
        f->broken = true;
}

static void tell_mended(struct journal_file *f)
{
        if (f->broken)
                say(f, LOG_NOTICE,
                    "the journal %s is written again; %" PRIu64 " events are not in it", f->path,
                    f->lost);
        f->broken = false;
        f->lost = 0;
}

static void write_text(struct journal_file *f, const char *text, size_t length)
{
        size_t written = 0;
        int err = prepare_file(f, length);

        if (err == 0)
                err = append(f, text, length, &written);
        if (err < 0)
                tell_broken(f, err, count_lines(text + written, length - written));
        else
                tell_mended(f);
        if (f->sync && !f->sync_timer && written > 0)
                f->sync_timer = f->loop->after(f->loop, SYNC_WITHIN, sync_file, f);
}

/* ---- the lines ---- */

static const struct event *oldest(const struct journal_file *f)
{
        return table_next(f->waiting, &event_type, NULL, 0, false);
}

/* Without memory the line is lost, like one that finds no room on the disk. */
static void add_line(struct journal_file *f, const struct event *event, const struct moment *now)
{
        if (!f->out)
                f->out = open_memstream(&f->text, &f->length);
        if (!f->out || row_json_write(f->out, &event_type, event, now) < 0)
                f->lost++;
        else
                fputc('\n', f->out);
}

static void write_lines(struct journal_file *f)
{
        if (!f->out)
                return;
        if (fclose(f->out) == 0 && f->length > 0)
                write_text(f, f->text, f->length);
        f->out = NULL;
        free(f->text);
        f->text = NULL;
}

static bool is_ready(const struct event *event, const struct moment *now)
{
        return event->notification != NOTIFICATION_UNKNOWN ||
               now->monotonic - event->timestamp >= SETTLE_MAX;
}

/* Writes those that are ready, or all. False: there are more. */
static bool write_some(struct journal_file *f, bool all)
{
        const struct event *event;
        struct moment now;
        size_t n = 0;

        f->loop->now(f->loop, &now);
        while ((event = oldest(f)) && (all || is_ready(event, &now)) && n < LINES_PER_WRITE) {
                add_line(f, event, &now);
                table_remove(f->waiting, event, TABLE_NO_REASON);
                n++;
        }
        write_lines(f);
        return n < LINES_PER_WRITE;
}

static void run(void *context);

static void write_after(struct journal_file *f, bool at_once)
{
        if (f->write_timer && (f->write_at_once || !at_once))
                return;
        f->loop->cancel(f->loop, f->write_timer);
        f->write_at_once = at_once;
        f->write_timer = f->loop->after(f->loop, at_once ? 0 : SETTLE_MAX, run, f);
}

static void run(void *context)
{
        struct journal_file *f = context;

        f->write_timer = NULL;
        if (!write_some(f, false))
                write_after(f, true);
        else if (oldest(f))
                write_after(f, false);
}

static void event_told(void *context, enum table_event what, enum table_reason reason,
                       const void *before, const void *after)
{
        struct journal_file *f = context;
        const struct event *event = after;

        (void)reason;
        (void)before;
        if (what != TABLE_ADDED || f->size_max == 0)
                return;
        if (table_count(f->waiting) >= WAITING_MAX)
                write_some(f, true);
        if (table_put(f->waiting, event, TABLE_FROM_EVENT) < 0)
                f->lost++;
        write_after(f, event->notification != NOTIFICATION_UNKNOWN);
}

/* ---- what the header offers ---- */

void journal_file_settled(struct journal_file *f, uint32_t number, enum event_notification fate)
{
        const struct event *waiting;
        struct event event;

        memset(&event, 0, sizeof(event));
        event.number = number;
        waiting = table_find(f->waiting, &event);
        if (!waiting)
                return;
        event = *waiting;
        event.notification = (uint8_t)fate;
        table_update(f->waiting, &event);
        write_after(f, true);
}

void journal_file_configure(struct journal_file *f, const struct journal_file_config *config)
{
        f->size_max = config->size;
        f->files = config->files;
        f->sync = config->sync;
        if (strcmp(f->path, config->path) == 0)
                return;
        close_file(f);
        f->broken = false;
        snprintf(f->path, sizeof(f->path), "%s", config->path);
}

struct journal_file *journal_file_new(struct store *store, struct loop *loop,
                                      const struct journal_file_config *config)
{
        struct journal_file *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        f->loop = loop;
        f->fd = -1;
        journal_file_configure(f, config);
        f->pool = strings_new();
        f->waiting = f->pool ? table_new(&event_type, f->pool) : NULL;
        if (f->waiting && table_subscribe(store_table(store, &event_type), event_told, f) == 0)
                return f;
        journal_file_free(f);
        return NULL;
}

void journal_file_end(struct journal_file *f)
{
        if (!f)
                return;
        while (f->waiting && !write_some(f, true))
                continue;
        f->loop->cancel(f->loop, f->write_timer);
        f->loop->cancel(f->loop, f->sync_timer);
        f->write_timer = f->sync_timer = NULL;
        if (f->sync)
                sync_file(f);
        f->size_max = 0;
}

void journal_file_free(struct journal_file *f)
{
        if (!f)
                return;
        journal_file_end(f);
        close_file(f);
        table_free(f->waiting);
        if (f->pool)
                strings_free(f->pool);
        free(f);
}
