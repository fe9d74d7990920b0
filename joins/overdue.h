/*
 * SAs whose rekeying is overdue: their soft limit of time passed a while ago, and no successor is
 * there. Fills rekey_overdue.
 */
#ifndef IPSEC_REPORT_JOINS_OVERDUE_H
#define IPSEC_REPORT_JOINS_OVERDUE_H

#include "collectors/loop.h"
#include "tables/store.h"

struct overdue;

/* Follows the store's tables from now on. NULL without memory. */
struct overdue *overdue_new(struct store *store, struct loop *loop);
void overdue_free(struct overdue *o);

#endif
