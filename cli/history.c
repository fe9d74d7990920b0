#include "history.h"

#include <stdlib.h>
#include <string.h>

struct memory {
        const struct report *report;
        struct rows *parts[PARTS_MAX];
        int64_t monotonic; /* of the reading, ms */
};

struct history {
        struct memory memories[REPORTS_MAX];
        size_t n;
};

struct history *history_new(void)
{
        return calloc(1, sizeof(struct history));
}

static void forget(struct memory *memory)
{
        for (size_t i = 0; i < PARTS_MAX; i++)
                rows_free(memory->parts[i]);
        memset(memory->parts, 0, sizeof(memory->parts));
}

void history_free(struct history *history)
{
        if (!history)
                return;
        for (size_t i = 0; i < history->n; i++)
                forget(&history->memories[i]);
        free(history);
}

static const struct memory *find(const struct history *history, const struct report *report)
{
        for (size_t i = 0; i < history->n; i++)
                if (history->memories[i].report == report)
                        return &history->memories[i];
        return NULL;
}

void history_look(const struct history *history, const struct report *report,
                  const struct moment *now, struct look *look)
{
        const struct memory *memory = find(history, report);

        look->before = memory ? (const struct rows *const *)memory->parts : NULL;
        look->seconds = memory ? (double)(now->monotonic - memory->monotonic) / 1000 : 0;
}

void history_keep(struct history *history, const struct report *report, const struct moment *now,
                  struct rows *parts[PARTS_MAX])
{
        struct memory *memory = (struct memory *)find(history, report);

        if (!memory && history->n == REPORTS_MAX)
                return;
        if (!memory)
                memory = &history->memories[history->n++];
        forget(memory);
        memory->report = report;
        memory->monotonic = now->monotonic;
        memcpy(memory->parts, parts, sizeof(memory->parts));
        memset(parts, 0, sizeof(memory->parts));
}
