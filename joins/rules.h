/*
 * Policies and the SAs that serve them. Fills of an SA: partner, policy cookie; of a policy: state,
 * cookie, pending acquires.
 *
 * The kernel's own relation is the reqid of a policy's template. So a change makes just its own
 * reqid due, which is looked through soon, at most so many rows in one turn of the loop. What
 * changes meanwhile makes it due again.
 */
#ifndef IPSEC_REPORT_JOINS_RULES_H
#define IPSEC_REPORT_JOINS_RULES_H

#include "collectors/loop.h"
#include "tables/store.h"

struct rules;

/* Follows the store's tables from now on. NULL without memory. */
struct rules *rules_new(struct store *store, struct loop *loop);
void rules_free(struct rules *r);

#endif
