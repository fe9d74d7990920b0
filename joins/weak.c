#include "config.h"

#include "weak.h"

#include "queue.h"
#include "tables/ike_sa.h"
#include "tables/ipsec_sa.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Rows looked at in one turn of the loop: less than a millisecond. */
#define ROWS_PER_TURN 1000

/* The longest part of a name that is looked at: no algorithm has a longer one. */
#define PART_MAX 64

struct weak {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *sas;
        struct table *ike_sas;
        const char *const *list;
        size_t n;
        struct queue sas_due; /* indexes */
        struct queue ike_sas_due;
        uint32_t sa; /* a pass over all of them goes on behind this one */
        uint32_t ike_sa;
        bool passing_sas;
        bool passing_ike_sas;
};

/* ---- names ---- */

static bool part_matches(const char *word, const char *name, size_t from, size_t to)
{
        char part[PART_MAX];

        if (to - from >= sizeof(part))
                return false;
        memcpy(part, name + from, to - from);
        part[to - from] = '\0';
        return fnmatch(word, part, FNM_CASEFOLD) == 0;
}

static bool ends_part(char c)
{
        return c == '-' || c == '\0';
}

/* Every run of whole parts: a word may have hyphens itself. */
static bool word_matches(const char *word, const char *name)
{
        if (strcasecmp(word, "NULL") == 0)
                return strcasecmp(name, word) == 0;
        for (size_t from = 0; name[from] != '\0'; from++) {
                if (from > 0 && name[from - 1] != '-')
                        continue;
                for (size_t to = from + 1;; to++) {
                        if (ends_part(name[to]) && part_matches(word, name, from, to))
                                return true;
                        if (name[to] == '\0')
                                break;
                }
        }
        return false;
}

bool is_weak(const char *const *list, size_t n, const char *name)
{
        for (size_t i = 0; name && i < n; i++)
                if (word_matches(list[i], name))
                        return true;
        return false;
}

static bool one_is_weak(const struct weak *w, const char *name)
{
        return is_weak(w->list, w->n, name);
}

/* ---- rows ---- */

/* AH encrypts nothing, and is not meant to. */
static void judge_sa(const struct weak *w, const struct ipsec_sa *sa)
{
        bool weak = one_is_weak(w, sa->encryption) || one_is_weak(w, sa->authentication);
        struct ipsec_sa changed;

        if (weak == sa->weak)
                return;
        changed = *sa;
        changed.weak = weak;
        table_update(w->sas, &changed);
}

static void judge_ike_sa(const struct weak *w, const struct ike_sa *ike_sa)
{
        bool weak = one_is_weak(w, ike_sa->encryption) || one_is_weak(w, ike_sa->integrity) ||
                    one_is_weak(w, ike_sa->prf) || one_is_weak(w, ike_sa->dh_group_name);
        struct ike_sa changed;

        if (weak == ike_sa->weak)
                return;
        changed = *ike_sa;
        changed.weak = weak;
        table_update(w->ike_sas, &changed);
}

/* ---- what is due ---- */

static void run(void *context);

static void run_soon(struct weak *w)
{
        if (!w->timer)
                w->timer = w->loop->after(w->loop, 0, run, w);
}

static void take_due(struct weak *w, size_t *rows)
{
        for (; *rows > 0 && !queue_is_empty(&w->sas_due); --*rows) {
                uint32_t index = (uint32_t)queue_take(&w->sas_due);
                const struct ipsec_sa *sa = table_at(w->sas, &ipsec_sa_type, &index, 1);

                if (sa)
                        judge_sa(w, sa);
        }
        for (; *rows > 0 && !queue_is_empty(&w->ike_sas_due); --*rows) {
                uint32_t index = (uint32_t)queue_take(&w->ike_sas_due);
                const struct ike_sa *ike_sa = table_at(w->ike_sas, &ike_sa_type, &index, 1);

                if (ike_sa)
                        judge_ike_sa(w, ike_sa);
        }
}

static void pass_on(struct weak *w, size_t *rows)
{
        for (; *rows > 0 && w->passing_sas; --*rows) {
                const struct ipsec_sa *sa = table_next(w->sas, &ipsec_sa_type, &w->sa, 1, false);

                w->passing_sas = sa != NULL;
                if (!sa)
                        break;
                w->sa = sa->index;
                judge_sa(w, sa);
        }
        for (; *rows > 0 && w->passing_ike_sas; --*rows) {
                const struct ike_sa *row =
                        table_next(w->ike_sas, &ike_sa_type, &w->ike_sa, 1, false);

                w->passing_ike_sas = row != NULL;
                if (!row)
                        break;
                w->ike_sa = row->index;
                judge_ike_sa(w, row);
        }
}

static void run(void *context)
{
        struct weak *w = context;
        size_t rows = ROWS_PER_TURN;

        w->timer = NULL;
        take_due(w, &rows);
        pass_on(w, &rows);
        if (!queue_is_empty(&w->sas_due) || !queue_is_empty(&w->ike_sas_due) || w->passing_sas ||
            w->passing_ike_sas)
                run_soon(w);
}

/* ---- what changes ---- */

/* Strings of one pool: they are equal when their pointers are. */
static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;
        struct weak *w = context;

        (void)reason;
        if (event == TABLE_REMOVED ||
            (event == TABLE_CHANGED && old->encryption == sa->encryption &&
             old->authentication == sa->authentication))
                return;
        queue_put(&w->sas_due, sa->index);
        run_soon(w);
}

static void ike_sa_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct ike_sa *old = before, *row = after;
        struct weak *w = context;

        (void)reason;
        if (event == TABLE_REMOVED ||
            (event == TABLE_CHANGED && old->encryption == row->encryption &&
             old->integrity == row->integrity && old->prf == row->prf &&
             old->dh_group_name == row->dh_group_name))
                return;
        queue_put(&w->ike_sas_due, row->index);
        run_soon(w);
}

struct weak *weak_new(struct store *store, struct loop *loop, const char *const *list, size_t n)
{
        struct weak *w = calloc(1, sizeof(*w));

        if (!w)
                return NULL;
        w->loop = loop;
        w->list = list;
        w->n = n;
        w->sas = store_table(store, &ipsec_sa_type);
        w->ike_sas = store_table(store, &ike_sa_type);
        if (table_subscribe(w->sas, sa_changed, w) < 0 ||
            table_subscribe(w->ike_sas, ike_sa_changed, w) < 0) {
                free(w);
                return NULL;
        }
        return w;
}

void weak_configure(struct weak *w, const char *const *list, size_t n)
{
        w->list = list;
        w->n = n;
        w->sa = w->ike_sa = 0;
        w->passing_sas = w->passing_ike_sas = true;
        run_soon(w);
}

void weak_free(struct weak *w)
{
        if (!w)
                return;
        w->loop->cancel(w->loop, w->timer);
        queue_free(&w->sas_due);
        queue_free(&w->ike_sas_due);
        free(w);
}
