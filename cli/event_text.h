/* An event as text: of the table, and of the journal's file. */
#ifndef CLI_EVENT_TEXT_H
#define CLI_EVENT_TEXT_H

#include "report.h"
#include "tables/event.h"

/* The members that event_print() needs. */
enum { N_EVENT_MEMBERS = 9 };
extern const uint16_t event_members[N_EVENT_MEMBERS];

/* Prints one record below a dashed title. */
void event_print(FILE *file, const char *title, const struct event *event);

#endif
