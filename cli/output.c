#include "config.h"

#include "output.h"

#include "complain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Few, large writes. */
enum { BUFFER_SIZE = 1 << 18 };

struct output {
        FILE *file;
        char *path;      /* what the sentences name: as it was given; NULL for standard output */
        char *target;    /* the file itself, symbolic links followed; NULL: written directly */
        char *temporary; /* until it is renamed to target */
        char *buffer;
};

static int complain_path(const char *path, int err)
{
        complain("cannot write %s: %s", path ? path : "to standard output", strerror(-err));
        return err;
}

/* As open() would make it, or as the file has it that is replaced. */
static mode_t mode_for(const struct stat *old)
{
        mode_t mask;

        if (old)
                return old->st_mode & 07777;
        mask = umask(0);
        umask(mask);
        return 0666 & ~mask;
}

static int open_temporary(struct output *o, const struct stat *old)
{
        int fd, err;

        if (asprintf(&o->temporary, "%s.XXXXXX", o->target) < 0) {
                o->temporary = NULL;
                return -ENOMEM;
        }
        fd = mkostemp(o->temporary, O_CLOEXEC);
        if (fd < 0) {
                err = -errno;
                free(o->temporary);
                o->temporary = NULL;
                return err;
        }
        /* The owner stays too, as far as we may give files away. */
        if (old && (old->st_uid != geteuid() || old->st_gid != getegid()) &&
            fchown(fd, old->st_uid, old->st_gid) < 0)
                old = NULL;
        if (fchmod(fd, mode_for(old)) < 0 || !(o->file = fdopen(fd, "w"))) {
                err = -errno;
                close(fd);
                return err;
        }
        return 0;
}

static int open_path(struct output *o, const char *path)
{
        struct stat old;
        bool exists = stat(path, &old) == 0;

        o->path = strdup(path);
        if (!o->path)
                return -ENOMEM;
        if (exists && !S_ISREG(old.st_mode)) {
                o->file = fopen(path, "we");
                return o->file ? 0 : -errno;
        }
        if (exists && access(path, W_OK) < 0)
                return -errno;
        o->target = exists ? realpath(path, NULL) : strdup(path);
        return o->target ? open_temporary(o, exists ? &old : NULL) : -errno;
}

static void output_free(struct output *o)
{
        free(o->path);
        free(o->target);
        free(o->temporary);
        free(o->buffer);
        free(o);
}

int output_open(const char *path, struct output **output)
{
        struct output *o = calloc(1, sizeof(*o));
        int err = 0;

        *output = NULL;
        if (!o)
                return complain_path(path, -ENOMEM);
        if (path)
                err = open_path(o, path);
        else
                o->file = stdout;
        if (err < 0) {
                complain_path(path, err);
                if (o->temporary)
                        unlink(o->temporary);
                output_free(o);
                return err;
        }
        o->buffer = malloc(BUFFER_SIZE);
        if (o->buffer)
                setvbuf(o->file, o->buffer, _IOFBF, BUFFER_SIZE);
        *output = o;
        return 0;
}

FILE *output_file(const struct output *output)
{
        return output->file;
}

/* Every octet is written, and on the disk where it is to stay. */
static int finish_file(struct output *o, int err)
{
        if (fflush(o->file) != 0 && err == 0)
                err = -errno;
        if (o->temporary && err == 0 && fsync(fileno(o->file)) < 0)
                err = -errno;
        if (fclose(o->file) != 0 && err == 0)
                err = -errno;
        if (o->temporary && err == 0 && rename(o->temporary, o->target) < 0)
                err = -errno;
        if (o->temporary && err < 0)
                unlink(o->temporary);
        return err;
}

int output_close(struct output *output, int err)
{
        bool failed = err == 0 || ferror(output->file);

        err = finish_file(output, err);
        if (err < 0 && err != -EPIPE && failed)
                complain_path(output->path, err);
        output_free(output);
        return err;
}
