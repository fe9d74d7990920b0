/*
 * Certificates that have expired, or will soon: once for each of the two moments, by a timer, and
 * once more when one of them is not loaded any more.
 */
#include "config.h"

#include "events_desk.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

#define DAY 86400 /* seconds */

/* Milliseconds for which a certificate may be out of the table while all are read anew. */
#define READ_TAKES 10000

/* The same while its daemon cannot be asked. */
#define LOOK_AGAIN 60000

/* The longest that a timer runs, in ms: the clock may be set meanwhile. */
#define LONGEST_WAIT (3600 * 1000)

/* A certificate that is there, or was told of. */
struct watched {
        uint8_t fingerprint[FINGERPRINT_LENGTH];
        uint8_t daemon; /* enum ike_daemon: whose source must be read before it counts as gone */
        bool warned;    /* that it ends soon */
        bool over;      /* that it has ended */
        int64_t gone_since;  /* monotonic, ms: not in the table; 0: it is there */
        const char *subject; /* the pool's, retained */
        bool unhashed;
        UT_hash_handle hh;
};

struct events_certificates {
        struct desk *desk;
        struct strings *pool;
        struct table *certificates;
        struct loop_timer *timer;
        int64_t when; /* monotonic, ms: when the timer expires */
        struct watched *watched;
};

static void run(void *context);

static void run_at(struct events_certificates *c, int64_t when)
{
        struct loop *loop = c->desk->loop;
        int64_t wait = when - desk_now(c->desk).monotonic;

        if (wait > LONGEST_WAIT)
                wait = LONGEST_WAIT;
        if (c->timer && c->when <= when)
                return;
        loop->cancel(loop, c->timer);
        c->timer = loop->after(loop, wait > 0 ? (uint32_t)wait : 0, run, c);
        c->when = when;
}

static struct watched *find(const struct events_certificates *c, const uint8_t *fingerprint)
{
        struct watched *w = NULL;

        if (c->watched)
                HASH_FIND(hh, c->watched, fingerprint, FINGERPRINT_LENGTH, w);
        return w;
}

static struct watched *watch(struct events_certificates *c, const struct certificate *row)
{
        struct watched *w = find(c, row->fingerprint);

        if (w)
                return w;
        w = calloc(1, sizeof(*w));
        if (!w)
                return NULL;
        memcpy(w->fingerprint, row->fingerprint, sizeof(w->fingerprint));
        HASH_ADD(hh, c->watched, fingerprint, sizeof(w->fingerprint), w);
        if (w->unhashed) {
                free(w);
                return NULL;
        }
        if (row->subject)
                w->subject = strings_retain(c->pool, row->subject, strlen(row->subject));
        return w;
}

static void forget(struct events_certificates *c, struct watched *w)
{
        HASH_DEL(c->watched, w);
        strings_release(c->pool, w->subject);
        free(w);
}

/* Lists of revoked certificates are renewed all the time, and keys do not end. */
static bool counts(const struct certificate *row)
{
        return row->kind != CERTIFICATE_CRL && row->kind != CERTIFICATE_PUBLIC_KEY &&
               row->not_after != 0;
}

/* ---- telling ---- */

static void tell(struct events_certificates *c, const struct certificate *row, bool over)
{
        char name[ROW_NAME_SIZE], end[DATE_WORDS_SIZE];
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_CERTIFICATE_EXPIRING, ENTITY_IKE,
                   over ? SEVERITY_ERROR : SEVERITY_WARNING,
                   over ? REASON_CERTIFICATE_EXPIRED : REASON_THRESHOLD_PASSED);
        event.subject = row->subject;
        row_name(&certificate_type, row, name);
        event.row = name;
        memset(&details, 0, sizeof(details));
        date_words(row->not_after, end);
        desk_tell(c->desk, &event, &details, "the certificate of %s %s at %s%s%s",
                  row->subject ? row->subject : "(no subject)", over ? "expired" : "expires", end,
                  row->used_by ? "; used by " : "", row->used_by ? row->used_by : "");
}

static void recover(struct events_certificates *c, const struct watched *w)
{
        struct notify details;
        struct event event;

        desk_begin(&event, EVENT_CERTIFICATE_EXPIRING, ENTITY_IKE, SEVERITY_INFO, REASON_RECOVERED);
        event.subject = w->subject;
        memset(&details, 0, sizeof(details));
        details.cleared = true;
        desk_tell(c->desk, &event, &details,
                  "the certificate of %s, which was near its end, is not loaded any more",
                  w->subject ? w->subject : "(no subject)");
}

/* ---- what is due ---- */

/* The next moment, monotonic in ms, at which it is to be looked at; INT64_MAX: never. */
static int64_t look_at_row(struct events_certificates *c, struct watched *w,
                           const struct certificate *row)
{
        int64_t soon = row->not_after - (int64_t)c->desk->config.certificate_days * DAY;
        struct moment now = desk_now(c->desk);

        if (now.wall >= row->not_after) {
                if (!w->over)
                        tell(c, row, true);
                w->warned = w->over = true;
                return INT64_MAX;
        }
        if (now.wall >= soon) {
                if (!w->warned)
                        tell(c, row, false);
                w->warned = true;
                return now.monotonic + 1000 * (row->not_after - now.wall);
        }
        return now.monotonic + 1000 * (soon - now.wall);
}

/* One that is gone while its daemon can be asked is gone for good. */
static int64_t look_at_gone(struct events_certificates *c, struct watched *w)
{
        const struct source_state *daemon = desk_daemon(c->desk, w->daemon);
        int64_t now = desk_now(c->desk).monotonic;

        if (now < w->gone_since + READ_TAKES)
                return w->gone_since + READ_TAKES;
        if (!source_is_read(daemon))
                return now + LOOK_AGAIN;
        if (w->warned)
                recover(c, w);
        forget(c, w);
        return INT64_MAX;
}

static int64_t look_at(struct events_certificates *c, struct watched *w)
{
        struct certificate sought;
        const struct certificate *row;

        memset(&sought, 0, sizeof(sought));
        memcpy(sought.fingerprint, w->fingerprint, sizeof(sought.fingerprint));
        row = table_find(c->certificates, &sought);
        return row ? look_at_row(c, w, row) : look_at_gone(c, w);
}

/* There are few: all are looked at. */
static void run(void *context)
{
        struct events_certificates *c = context;
        struct watched *w, *following;
        int64_t next = INT64_MAX;

        c->timer = NULL;
        HASH_ITER(hh, c->watched, w, following)
        {
                int64_t when = look_at(c, w);

                if (when < next)
                        next = when;
        }
        if (next != INT64_MAX)
                run_at(c, next);
}

/* ---- what changes ---- */

static void certificate_changed(void *context, enum table_event event, enum table_reason reason,
                                const void *before, const void *after)
{
        const struct certificate *old = before, *row = after;
        struct events_certificates *c = context;
        struct watched *w;

        (void)reason;
        if (event == TABLE_CHANGED && old->not_after == row->not_after && old->kind == row->kind)
                return;
        if (!counts(row ? row : old))
                return;
        w = row ? watch(c, row) : find(c, old->fingerprint);
        if (!w)
                return;
        if (!row) {
                w->daemon = old->daemon && strcmp(old->daemon, "libreswan") == 0
                                    ? DAEMON_LIBRESWAN
                                    : DAEMON_STRONGSWAN;
                w->gone_since = desk_now(c->desk).monotonic;
                run_at(c, w->gone_since + READ_TAKES);
                return;
        }
        w->gone_since = 0;
        run_at(c, 0);
}

struct events_certificates *events_certificates_new(struct desk *d)
{
        struct events_certificates *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->desk = d;
        c->pool = store_strings(d->store);
        c->certificates = store_table(d->store, &certificate_type);
        if (table_subscribe(c->certificates, certificate_changed, c) == 0)
                return c;
        events_certificates_free(c);
        return NULL;
}

void events_certificates_configure(struct events_certificates *c)
{
        if (c->watched)
                run_at(c, 0);
}

void events_certificates_free(struct events_certificates *c)
{
        struct watched *w, *next;

        if (!c)
                return;
        c->desk->loop->cancel(c->desk->loop, c->timer);
        HASH_ITER(hh, c->watched, w, next)
        {
                forget(c, w);
        }
        free(c);
}
