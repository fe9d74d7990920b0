#include "statistics.h"

#include "tables/key.h"
#include "tables/xfrm_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The file of a process shows the network namespace that the process is in. */
#define KERNEL_FILE "/proc/net/xfrm_stat"

/* Today's kernels write 1.2 KB. */
#define TEXT_SIZE 32768

struct statistics {
        struct collector base;
        struct statistics_config config;
        struct table *table; /* ipsrXfrmStatTable */
        struct loop_timer *timer;
        bool read_once; /* a read has ended well since the start */
        char source_version[80];
        char text[TEXT_SIZE];
};

static struct statistics *statistics_of(struct collector *c)
{
        return (struct statistics *)c;
}

/* ---- the text ---- */

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Decimal digits to the end, and no number beyond 64 bits. */
static bool read_number(const char *digits, size_t length, uint64_t *number)
{
        *number = 0;
        for (size_t i = 0; i < length; i++) {
                uint64_t digit = (uint64_t)(uint8_t)digits[i] - '0';

                if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
                        return false;
                *number = 10 * *number + digit;
        }
        return length > 0;
}

static bool read_name(const char *octets, size_t length, char name[COUNTER_NAME_SIZE])
{
        if (length == 0 || length >= COUNTER_NAME_SIZE)
                return false;
        for (size_t i = 0; i < length; i++)
                if (octets[i] <= ' ' || octets[i] > '~')
                        return false;
        memcpy(name, octets, length);
        name[length] = '\0';
        return true;
}

int statistics_parse_line(const char **text, size_t *length, char name[COUNTER_NAME_SIZE],
                          uint64_t *number)
{
        const char *line = *text, *newline = *length ? memchr(line, '\n', *length) : NULL;
        size_t end = newline ? (size_t)(newline - line) : *length;
        size_t step = newline ? end + 1 : end, name_end = 0, number_begin;

        if (*length == 0)
                return 0;
        *text += step;
        *length -= step;
        while (end > 0 && is_blank(line[end - 1]))
                end--;
        while (name_end < end && !is_blank(line[name_end]))
                name_end++;
        number_begin = name_end;
        while (number_begin < end && is_blank(line[number_begin]))
                number_begin++;
        if (!read_name(line, name_end, name) ||
            !read_number(line + number_begin, end - number_begin, number))
                return -EBADMSG;
        return 1;
}

/* ---- the table ---- */

static int put(struct statistics *s, const char *name, uint64_t packets, const struct moment *now)
{
        char key[KEY_MAX + 1];
        struct xfrm_stat row = { .key = key, .name = name, .packets = packets };
        const struct xfrm_stat *old;

        key_of_name(name, key);
        old = table_find(s->table, &row);
        row.discontinuity = old && packets >= old->packets ? old->discontinuity : now->monotonic;
        return table_put(s->table, &row, TABLE_FROM_DUMP);
}

/* Takes every line that is one; -EBADMSG when some were not. */
static int put_all(struct statistics *s, const char *text, size_t length)
{
        char name[COUNTER_NAME_SIZE];
        struct moment now;
        uint64_t packets;
        int more, err = 0;

        s->base.loop->now(s->base.loop, &now);
        while ((more = statistics_parse_line(&text, &length, name, &packets)) != 0) {
                if (more > 0)
                        more = put(s, name, packets, &now);
                if (more == -ENOMEM)
                        return more;
                if (more < 0)
                        err = more;
        }
        return err;
}

static void failed(struct statistics *s, const char *what, int err)
{
        collector_failed(&s->base, s->read_once ? COLLECTOR_DEGRADED : COLLECTOR_DOWN, "%s: %s",
                         what, strerror(-err));
}

static void take(struct statistics *s, const char *text, size_t length, int64_t begun)
{
        int err;

        table_sweep_begin(s->table);
        err = put_all(s, text, length);
        if (err == -ENOMEM)
                table_sweep_abort(s->table);
        else
                table_sweep_end(s->table, SIZE_MAX);
        s->base.row.rows = (uint32_t)table_count(s->table);
        if (err == -ENOMEM) {
                failed(s, "keeping the counters failed", err);
        } else if (err < 0 || s->base.row.rows == 0) {
                collector_failed(&s->base, COLLECTOR_DEGRADED,
                                 "the kernel's counters are not as expected");
        } else {
                s->read_once = true;
                collector_succeeded(&s->base, begun, s->base.row.rows);
        }
}

/* ---- the live kernel ---- */

/* How many octets were read, or a negative errno. A file that fills the buffer may go on. */
static ssize_t read_file(struct statistics *s)
{
        int fd = open(s->config.file ? s->config.file : KERNEL_FILE, O_RDONLY | O_CLOEXEC);
        size_t length = 0;
        ssize_t n;

        if (fd < 0)
                return -errno;
        do {
                n = read(fd, s->text + length, sizeof(s->text) - length);
                if (n > 0)
                        length += (size_t)n;
        } while (n > 0 && length < sizeof(s->text));
        if (n < 0)
                n = -errno;
        close(fd);
        if (n >= 0 && length == sizeof(s->text))
                n = -EFBIG;
        return n < 0 ? n : (ssize_t)length;
}

static void absent(struct statistics *s, const char *why)
{
        table_sweep_begin(s->table);
        table_sweep_end(s->table, SIZE_MAX);
        s->base.row.rows = 0;
        collector_absent(&s->base, why);
}

static void read_live(struct statistics *s)
{
        int64_t begun = monotonic_us();
        ssize_t length = read_file(s);

        s->base.row.polls++;
        if (length == -ENOENT) {
                absent(s, "this kernel keeps none (CONFIG_XFRM_STATISTICS)");
        } else if (length < 0) {
                failed(s, "reading the kernel's counters failed", (int)length);
        } else {
                recording_write(s->config.recording, STREAM_XFRM_STAT, s->text, (size_t)length);
                take(s, s->text, (size_t)length, begun);
        }
}

static void timer_expired(void *context);

static void set_timer(struct statistics *s)
{
        struct loop *loop = s->base.loop;

        if (s->timer)
                loop->cancel(loop, s->timer);
        s->timer = loop->after(loop, s->config.interval * 1000, timer_expired, s);
}

static void timer_expired(void *context)
{
        struct statistics *s = context;

        s->timer = NULL;
        set_timer(s);
        read_live(s);
}

/* ---- a recording ---- */

static void replayed(void *context, const void *octets, size_t length)
{
        struct statistics *s = context;

        s->base.row.polls++;
        take(s, octets, length, monotonic_us());
}

/* ---- collector_ops ---- */

static int start(struct collector *c)
{
        struct statistics *s = statistics_of(c);

        if (s->config.replay) {
                if (!replay_has(s->config.replay, STREAM_XFRM_STAT))
                        collector_absent(c, "the recording has no counters");
                return replay_subscribe(s->config.replay, STREAM_XFRM_STAT, replayed, s);
        }
        set_timer(s);
        read_live(s);
        return 0;
}

static void refresh(struct collector *c)
{
        struct statistics *s = statistics_of(c);

        if (!s->config.replay)
                read_live(s);
}

static void stop(struct collector *c)
{
        struct statistics *s = statistics_of(c);

        c->loop->cancel(c->loop, s->timer);
        s->timer = NULL;
}

static void release(struct collector *c)
{
        stop(c);
        free(c);
}

static const struct collector_ops ops = {
        .key = "statistics",
        .name = "kernel XFRM counters",
        .start = start,
        .refresh = refresh,
        .stop = stop,
        .free = release,
};

struct collector *statistics_new(struct loop *loop, struct store *store,
                                 const struct statistics_config *config)
{
        struct statistics *s = calloc(1, sizeof(*s));
        struct utsname name;

        if (!s)
                return NULL;
        collector_init(&s->base, &ops, loop, store);
        s->table = store_table(store, &xfrm_stat_type);
        s->config = *config;
        if (!config->replay && uname(&name) == 0)
                snprintf(s->source_version, sizeof(s->source_version), "Linux %s", name.release);
        s->base.row.source_version = s->source_version;
        collector_tell(&s->base);
        return &s->base;
}

void statistics_configure(struct collector *c, const struct statistics_config *config)
{
        struct statistics *s = statistics_of(c);

        s->config.interval = config->interval;
        if (s->timer)
                set_timer(s);
}
