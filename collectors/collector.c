#include "collector.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

int64_t monotonic_us(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void collector_init(struct collector *c, const struct collector_ops *ops, struct loop *loop,
                    struct store *store)
{
        struct moment now;

        loop->now(loop, &now);
        c->ops = ops;
        c->loop = loop;
        c->table = store_table(store, &collector_row_type);
        c->row.key = ops->key;
        c->row.name = ops->name;
        c->row.state = COLLECTOR_DOWN;
        c->row.discontinuity = now.monotonic;
        c->row.last_error = c->last_error;
}

void collector_tell(struct collector *c)
{
        table_put(c->table, &c->row, TABLE_FROM_EVENT);
}

void collector_disable(struct collector *c)
{
        c->row.state = COLLECTOR_DISABLED;
        collector_tell(c);
}

void collector_absent(struct collector *c, const char *why)
{
        snprintf(c->last_error, sizeof(c->last_error), "%s", why);
        c->row.state = COLLECTOR_UNSUPPORTED;
        collector_tell(c);
}

void collector_failed(struct collector *c, enum collector_state state, const char *format, ...)
{
        char error[sizeof(c->last_error)], line[sizeof(error) + 64];
        bool repeated;
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(error, sizeof(error), format, arguments);
        va_end(arguments);
        repeated = c->row.state == (uint8_t)state && strcmp(error, c->last_error) == 0;
        memcpy(c->last_error, error, sizeof(error));
        c->row.failures++;
        c->row.state = (uint8_t)state;
        collector_tell(c);
        if (repeated)
                return;
        snprintf(line, sizeof(line), "%s: %s", c->ops->key, error);
        c->loop->log(c->loop, LOG_WARNING, line);
}

void collector_succeeded(struct collector *c, int64_t begun_monotonic_us, uint32_t rows)
{
        c->row.state = COLLECTOR_UP;
        collector_succeeded_in_part(c, begun_monotonic_us, rows);
}

void collector_succeeded_in_part(struct collector *c, int64_t begun_monotonic_us, uint32_t rows)
{
        int64_t duration = monotonic_us() - begun_monotonic_us;
        struct moment now;

        c->loop->now(c->loop, &now);
        c->row.rows = rows;
        c->row.last_success = now.wall;
        c->row.duration = duration > UINT32_MAX ? UINT32_MAX : (uint32_t)duration;
        collector_tell(c);
}
