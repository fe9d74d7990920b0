/* A line of the agent's journal: one event as a JSON object, as `-event -json` prints it. */
#ifndef CLI_JOURNAL_LINE_H
#define CLI_JOURNAL_LINE_H

#include "tables/event.h"

/* What it was read from; the event's strings live in it. */
struct journal_line;

/*
 * Reads one line, and frees what *line held before; begin with NULL. Members that this version does
 * not know are passed over. 0; -EBADMSG: this is no event; or -ENOMEM.
 */
int journal_line_read(struct journal_line **line, const char *text, size_t length,
                      struct event *event);
void journal_line_free(struct journal_line *line);

/* The clocks by which the event's moments are what the line says. */
extern const struct moment journal_moment;

#endif
