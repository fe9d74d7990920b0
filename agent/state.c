#include "state.h"

#include "state_file.h"
#include "tables/global_scalars.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* Lines written in one turn of the loop: a few milliseconds. */
#define LINES_PER_TURN 500

/* The file is written anew when it is so much larger than when it last was. */
#define GROWTH_MIN 65536

/* Milliseconds until it is looked again whether the sources have been read. */
#define BEGIN_WITHIN 100

#define LINE_TOTALS "totals"

/* What one line tells. */
struct state_totals {
        struct totals_saved totals;
        struct ike_totals ike;
};

struct state {
        struct loop *loop;
        struct loop_timer *timer;
        bool soon; /* the timer is one of no length */
        struct state_file *file;
        struct tunnels *tunnels;
        struct totals *totals;
        struct table *global;
        uint32_t interval;          /* seconds */
        struct tunnels_place place; /* writing anew: what was written last */
        bool begun;                 /* the file is this run's; until then an earlier one's */
        bool renewing;
        bool broken; /* the last write failed; that is logged already */
        char path[256];
        struct state_totals written;
        struct ike_totals ike; /* of an earlier run */
};

static void run(void *context);

__attribute__((format(printf, 3, 4))) static void say(const struct state *s, int priority,
                                                      const char *format, ...)
{
        char line[512];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        s->loop->log(s->loop, priority, line);
}

static void run_after(struct state *s, bool soon)
{
        if (s->timer && (s->soon || !soon))
                return;
        s->loop->cancel(s->loop, s->timer);
        s->soon = soon;
        s->timer = s->loop->after(s->loop, soon ? 0 : 1000 * s->interval, run, s);
}

/* ---- the totals ---- */

/* All members are of one type. */
enum { N_TOTALS = sizeof(struct state_totals) / sizeof(uint64_t) };

static void write_totals(struct state *s, const struct state_totals *saved)
{
        uint64_t numbers[N_TOTALS];
        FILE *out = state_file_begin_line(s->file);

        if (!out)
                return;
        memcpy(numbers, saved, sizeof(numbers));
        fputs(LINE_TOTALS, out);
        for (size_t i = 0; i < N_TOTALS; i++)
                fprintf(out, "\t%" PRIu64, numbers[i]);
        state_file_end_line(s->file);
}

static int read_totals(struct state *s, const char *text)
{
        uint64_t numbers[N_TOTALS];
        struct state_totals saved;

        for (size_t i = 0; i < N_TOTALS; i++) {
                char *end;

                if (*text != '\t' || text[1] < '0' || text[1] > '9')
                        return -EINVAL;
                errno = 0;
                numbers[i] = strtoull(text + 1, &end, 10);
                if (errno != 0)
                        return -EINVAL;
                text = end;
        }
        if (*text != '\0')
                return -EINVAL;
        memcpy(&saved, numbers, sizeof(saved));
        totals_restore(s->totals, &saved.totals);
        s->ike = saved.ike;
        return 0;
}

/* ---- reading ---- */

static int take(void *context, const char *line)
{
        struct state *s = context;

        if (strncmp(line, LINE_TOTALS "\t", strlen(LINE_TOTALS "\t")) == 0)
                return read_totals(s, line + strlen(LINE_TOTALS));
        return tunnels_restore(s->tunnels, line);
}

static void counted(void *context, const struct ipsec_sa *sa, bool direction_known,
                    const struct tunnels_line *line)
{
        struct state *s = context;

        totals_remember(s->totals, sa, direction_known,
                        (uint64_t)line->tunnel << 32 | line->generation);
}

static void gone(void *context, const struct ipsec_sa *sa)
{
        struct state *s = context;

        totals_forget(s->totals, sa);
}

/* A later line of the same tunnel took its place: SAs that it does not tell of went before. */
static bool is_void(const void *context, uint64_t said)
{
        const struct state *s = context;
        const struct tunnels_line line = { (uint32_t)(said >> 32), (uint32_t)said };

        return !tunnels_line_counts(s->tunnels, &line);
}

static void set_discontinuity(struct state *s)
{
        const struct global_scalars *old = table_find(s->global, &(struct global_scalars){ 0 });
        struct global_scalars row;
        struct moment now;

        if (!old)
                return;
        row = *old;
        s->loop->now(s->loop, &now);
        row.discontinuity = now.monotonic;
        table_update(s->global, &row);
}

static void read_file(struct state *s)
{
        struct state_file_contents contents;
        int err = state_file_read(s->file, take, s, &contents);

        if (err == -ENOENT)
                return;
        totals_drop(s->totals, is_void, s);
        if (err < 0)
                say(s, LOG_WARNING, "%s cannot be read, totals begin anew: %s", s->path,
                    strerror(-err));
        else if (contents.other)
                say(s, LOG_WARNING, "%s is no state file of this version, totals begin anew",
                    s->path);
        else if (contents.wrong > 0)
                say(s, LOG_WARNING, "%s is damaged: %zu lines were lost, %zu are in use", s->path,
                    contents.wrong, contents.lines);
        if (err < 0 || contents.other || contents.wrong > 0)
                set_discontinuity(s);
}

/* ---- writing ---- */

static void check(struct state *s, int err)
{
        if (err == 0) {
                if (s->broken)
                        say(s, LOG_NOTICE, "%s can be written again", s->path);
                s->broken = false;
                return;
        }
        if (!s->broken)
                say(s, LOG_WARNING,
                    "%s cannot be written, totals will begin anew with the next start: %s", s->path,
                    strerror(-err));
        s->broken = true;
        s->renewing = false;
}

static void begin_anew(struct state *s)
{
        int err = state_file_begin(s->file);

        if (err < 0) {
                check(s, err);
                return;
        }
        s->begun = s->renewing = true;
        memset(&s->place, 0, sizeof(s->place));
        memset(&s->written, 0xff, sizeof(s->written));
}

/* What has changed since its turn in the new file comes behind. */
static bool write_tunnels(struct state *s, size_t lines)
{
        FILE *out = NULL;

        for (; lines > 0; lines--) {
                out = state_file_begin_line(s->file);
                if (!out)
                        return true;
                if (!(s->renewing && tunnels_save_next(s->tunnels, &s->place, out)) &&
                    !tunnels_save_changed(s->tunnels, out))
                        return true;
                state_file_end_line(s->file);
        }
        return false;
}

static void save_ike(const struct state *s, struct ike_totals *saved)
{
        const struct global_scalars *row = table_find(s->global, &(struct global_scalars){ 0 });

        if (!row)
                return;
        saved->sa_ups = row->ike.sa_ups;
        saved->sa_losses = row->ike.sa_losses;
        saved->child_rekeys = row->ike.child_rekeys;
        saved->sa_rekeys = row->ike.sa_rekeys;
        saved->authentication_failures = row->ike.authentication_failures;
        saved->negotiation_failures = row->ike.negotiation_failures;
}

/* What the totals have of each SA must stand in the file when they do. */
static void write_rest(struct state *s)
{
        struct state_totals saved;

        memset(&saved, 0, sizeof(saved));
        totals_save(s->totals, &saved.totals);
        save_ike(s, &saved.ike);
        if (memcmp(&saved, &s->written, sizeof(saved)) == 0)
                return;
        write_totals(s, &saved);
        s->written = saved;
}

static bool write_some(struct state *s, size_t lines)
{
        bool done = write_tunnels(s, lines);
        int err;

        if (done)
                write_rest(s);
        err = done && s->renewing ? state_file_commit(s->file) : state_file_append(s->file);
        if (done)
                s->renewing = false;
        check(s, err);
        return done || err < 0;
}

/* Else the file is to be written anew, in the next interval. */
static bool can_write(const struct state *s)
{
        return s->begun && (s->renewing || !s->broken);
}

/* Until the sources have been read, the file knows more of the SAs than this run. */
static bool may_begin(const struct state *s)
{
        return s->begun || tunnels_can_be_saved(s->tunnels);
}

static bool has_grown(const struct state *s)
{
        return state_file_size(s->file) >= 2 * state_file_first_size(s->file) + GROWTH_MIN;
}

static void run(void *context)
{
        struct state *s = context;

        s->timer = NULL;
        if (!may_begin(s)) {
                s->soon = false;
                s->timer = s->loop->after(s->loop, BEGIN_WITHIN, run, s);
                return;
        }
        if (!s->renewing && (!s->begun || s->broken || has_grown(s)))
                begin_anew(s);
        if (can_write(s) && !write_some(s, LINES_PER_TURN))
                run_after(s, true);
}

/* ---- what changes ---- */

static void changed(void *context, bool urgent)
{
        struct state *s = context;

        run_after(s, urgent && !s->broken);
}

static void global_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        (void)event;
        (void)reason;
        (void)before;
        (void)after;
        run_after(context, false);
}

static void keep_line(void *context, const char *text)
{
        struct state *s = context;
        FILE *out = can_write(s) ? state_file_begin_line(s->file) : NULL;

        run_after(s, false);
        if (!out)
                return;
        fputs(text, out);
        state_file_end_line(s->file);
}

/* ---- what the header offers ---- */

struct state *state_new(struct store *store, struct loop *loop, struct tunnels *tunnels,
                        struct totals *totals, const char *path, uint32_t interval)
{
        struct state *s = calloc(1, sizeof(*s));
        struct tunnels_keeper keeper = { s, NULL, NULL, counted, gone };

        if (!s)
                return NULL;
        s->file = state_file_new(path);
        if (!s->file) {
                free(s);
                return NULL;
        }
        snprintf(s->path, sizeof(s->path), "%s", path);
        s->loop = loop;
        s->tunnels = tunnels;
        s->totals = totals;
        s->interval = interval;
        s->global = store_table(store, &global_scalars_type);
        tunnels_keep(tunnels, &keeper);
        read_file(s);
        keeper.changed = changed;
        keeper.line = keep_line;
        tunnels_keep(tunnels, &keeper);
        if (table_subscribe(s->global, global_changed, s) < 0) {
                state_free(s);
                return NULL;
        }
        run_after(s, true);
        return s;
}

const struct ike_totals *state_ike_totals(const struct state *s)
{
        static const struct ike_totals nothing;

        return s ? &s->ike : &nothing;
}

void state_configure(struct state *s, uint32_t interval)
{
        s->interval = interval;
        s->loop->cancel(s->loop, s->timer);
        s->timer = NULL;
        run_after(s, false);
}

void state_flush(struct state *s)
{
        if (s && can_write(s))
                write_some(s, SIZE_MAX);
}

void state_free(struct state *s)
{
        static const struct tunnels_keeper nobody;

        if (!s)
                return;
        tunnels_keep(s->tunnels, &nobody);
        s->loop->cancel(s->loop, s->timer);
        state_file_free(s->file);
        free(s);
}
