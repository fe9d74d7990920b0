/*
 * The direction of each SA: the kernel's own word; else that of the policy that uses it; else by
 * this machine's addresses, of which one end is one: the source of an outbound SA, the destination
 * of an inbound one.
 */
#ifndef IPSEC_REPORT_JOINS_DIRECTIONS_H
#define IPSEC_REPORT_JOINS_DIRECTIONS_H

#include "collectors/loop.h"
#include "tables/store.h"

struct directions;

/* Follows the store's tables from now on. NULL without memory. */
struct directions *directions_new(struct store *store, struct loop *loop);
void directions_free(struct directions *d);

#endif
