/*
 * Policies and the SAs that serve them. Fills of an SA: direction, partner, policy cookie, keying;
 * of a policy: state, cookie, pending acquires.
 *
 * The kernel's own relation is the reqid of a policy's template (xfrm_state_find()), then protocol,
 * mode, addresses, SPI, mark and interface id. So a change makes just its own reqid due, which is
 * looked through once per turn of the loop, whatever number of changes there were.
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
