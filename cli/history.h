/* What the reports read in the round before: -watch makes rates of it. */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include "report.h"

struct history;

struct history *history_new(void);
void history_free(struct history *history);

/* Sets before and seconds of the look, for this report, at this moment. */
void history_look(const struct history *history, const struct report *report,
                  const struct moment *now, struct look *look);

/* Takes the report's parts; the array is empty then. */
void history_keep(struct history *history, const struct report *report, const struct moment *now,
                  struct rows *parts[PARTS_MAX]);

#endif
