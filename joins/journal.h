/*
 * The journal: a ring of what happened. It numbers events, keeps the newest of them in
 * ipsrEventTable, and what their notifications tell beside them. Whoever sends notifications or
 * writes a file subscribes to the table of events.
 */
#ifndef IPSEC_REPORT_JOINS_JOURNAL_H
#define IPSEC_REPORT_JOINS_JOURNAL_H

#include "collectors/loop.h"
#include "tables/notify.h"
#include "tables/store.h"

#define JOURNAL_CAPACITY_DEFAULT 1000

struct journal;

/* A ring of so many events; 0: it keeps none, and they are still told to subscribers. NULL without
 * memory. */
struct journal *journal_new(struct store *store, struct loop *loop, uint32_t capacity);
void journal_free(struct journal *j);

/* Takes a new capacity; what is too much goes at once, oldest first. */
void journal_configure(struct journal *j, uint32_t capacity);

/*
 * Something happened. Sets the event's number, its moments, and whether a notification is due; of
 * the details what they share with the event. details may be NULL where its kind has no
 * notification. The details are in their table before the event is told; they stay until
 * journal_settled(). Not to be called from a listener of the tables of events.
 */
void journal_tell(struct journal *j, struct event *event, struct notify *details);

/* What became of the event's notification; its details go. */
void journal_settled(struct journal *j, uint32_t number, enum event_notification fate);

#endif
