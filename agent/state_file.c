#include "config.h"

#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first line. Another version has another number. */
#define HEADER "ipsec-report state 2"

/* Hexadecimal digits of the check, and the space behind them. */
#define CHECK_LENGTH 9

/* A file that is larger is none of ours. */
#define SIZE_MAX_READ ((off_t)1 << 30)

struct state_file {
        char path[PATH_MAX];
        char new_path[PATH_MAX + 4];
        int fd; /* the file that is appended to; -1 none */
        size_t size;
        size_t first_size;
        bool renewing;
        char *pending; /* whole lines */
        size_t pending_length;
        size_t pending_room;
        FILE *line;
        char *text; /* of the line that is being written */
        size_t text_length;
};

struct state_file *state_file_new(const char *path)
{
        struct state_file *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        f->fd = -1;
        snprintf(f->path, sizeof(f->path), "%s", path);
        snprintf(f->new_path, sizeof(f->new_path), "%s.new", f->path);
        return f;
}

static void close_file(struct state_file *f)
{
        if (f->fd >= 0)
                close(f->fd);
        f->fd = -1;
}

void state_file_free(struct state_file *f)
{
        if (!f)
                return;
        close_file(f);
        if (f->renewing)
                unlink(f->new_path);
        if (f->line)
                fclose(f->line);
        free(f->text);
        free(f->pending);
        free(f);
}

/* ---- the check: CRC-32 as in ISO 3309, four bits at a time ---- */

static uint32_t check_of(const char *text, size_t length)
{
        static const uint32_t table[16] = {
                0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
        };
        uint32_t check = UINT32_MAX;

        for (size_t i = 0; i < length; i++) {
                check ^= (uint8_t)text[i];
                check = check >> 4 ^ table[check & 15];
                check = check >> 4 ^ table[check & 15];
        }
        return ~check;
}

static bool is_whole(const char *line, size_t length)
{
        char digits[CHECK_LENGTH + 1];

        if (length < CHECK_LENGTH || memchr(line, '\0', length))
                return false;
        snprintf(digits, sizeof(digits), "%08x ",
                 check_of(line + CHECK_LENGTH, length - CHECK_LENGTH));
        return memcmp(line, digits, CHECK_LENGTH) == 0;
}

/* ---- reading ---- */

static FILE *open_to_read(const struct state_file *f, int *err)
{
        int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        struct stat status;
        FILE *in = NULL;

        *err = 0;
        if (fd < 0 || fstat(fd, &status) < 0)
                *err = -errno;
        else if (!S_ISREG(status.st_mode) || status.st_size > SIZE_MAX_READ)
                *err = -EINVAL;
        else if (!(in = fdopen(fd, "re")))
                *err = -errno;
        if (!in && fd >= 0)
                close(fd);
        return in;
}

/* Without its newline; false at the end, and for a line that has none. */
static bool read_line(FILE *in, char **line, size_t *room, size_t *length)
{
        ssize_t n = getline(line, room, in);

        if (n <= 0 || (*line)[n - 1] != '\n')
                return false;
        *length = (size_t)n - 1;
        (*line)[*length] = '\0';
        return true;
}

int state_file_read(struct state_file *f, int (*take)(void *context, const char *line),
                    void *context, struct state_file_contents *contents)
{
        char *line = NULL;
        size_t room = 0, length;
        FILE *in;
        int err;

        memset(contents, 0, sizeof(*contents));
        in = open_to_read(f, &err);
        if (!in)
                return err;
        contents->other = !read_line(in, &line, &room, &length) || strcmp(line, HEADER) != 0;
        while (!contents->other && read_line(in, &line, &room, &length)) {
                if (is_whole(line, length) && take(context, line + CHECK_LENGTH) == 0)
                        contents->lines++;
                else
                        contents->wrong++;
        }
        if (ferror(in))
                err = -EIO;
        free(line);
        fclose(in);
        return err;
}

/* ---- writing ---- */

FILE *state_file_begin_line(struct state_file *f)
{
        if (!f->line)
                f->line = open_memstream(&f->text, &f->text_length);
        else
                rewind(f->line);
        return f->line;
}

static bool reserve(struct state_file *f, size_t length)
{
        size_t room = f->pending_room ? f->pending_room : 4096;
        char *pending;

        while (room - f->pending_length < length)
                room *= 2;
        if (room == f->pending_room)
                return true;
        pending = realloc(f->pending, room);
        if (!pending)
                return false;
        f->pending = pending;
        f->pending_room = room;
        return true;
}

static void add(struct state_file *f, const char *text, size_t length)
{
        memcpy(f->pending + f->pending_length, text, length);
        f->pending_length += length;
}

/* Without memory the line is lost, and the next one of the same row has what it said. */
void state_file_end_line(struct state_file *f)
{
        char digits[CHECK_LENGTH + 1];

        if (!f->line || fflush(f->line) != 0 || !reserve(f, CHECK_LENGTH + f->text_length + 1))
                return;
        snprintf(digits, sizeof(digits), "%08x ", check_of(f->text, f->text_length));
        add(f, digits, CHECK_LENGTH);
        add(f, f->text, f->text_length);
        add(f, "\n", 1);
}

int state_file_append(struct state_file *f)
{
        size_t length = f->pending_length;
        ssize_t n;

        if (length == 0)
                return 0;
        f->pending_length = 0;
        if (f->fd < 0)
                return -EBADF;
        n = write(f->fd, f->pending, length);
        if (n < 0)
                return -errno;
        f->size += (size_t)n;
        return (size_t)n == length ? 0 : -ENOSPC;
}

int state_file_begin(struct state_file *f)
{
        int err;

        close_file(f);
        f->fd = open(f->new_path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                     0640);
        if (f->fd < 0)
                return -errno;
        f->renewing = true;
        f->size = 0;
        f->pending_length = 0;
        if (!reserve(f, sizeof(HEADER)))
                return -ENOMEM;
        add(f, HEADER "\n", sizeof(HEADER));
        err = state_file_append(f);
        return err;
}

int state_file_commit(struct state_file *f)
{
        int err = state_file_append(f);

        if (err == 0 && (fdatasync(f->fd) < 0 || rename(f->new_path, f->path) < 0))
                err = -errno;
        f->renewing = false;
        f->first_size = f->size;
        if (err == 0)
                return 0;
        close_file(f);
        unlink(f->new_path);
        return err;
}

size_t state_file_size(const struct state_file *f)
{
        return f->size;
}

size_t state_file_first_size(const struct state_file *f)
{
        return f->first_size;
}

void state_file_make_folder(const char *path, const char *user)
{
        const struct passwd *entry = user ? getpwnam(user) : NULL;
        char folder[PATH_MAX];
        char *slash;

        snprintf(folder, sizeof(folder), "%s", path);
        slash = strrchr(folder, '/');
        if (!slash || slash == folder)
                return;
        *slash = '\0';
        if (mkdir(folder, 0750) == 0 && entry && chown(folder, entry->pw_uid, entry->pw_gid) < 0)
                rmdir(folder);
}
