/*
 * Who made an SA: the child SA of an IKE daemon that it is half of. Fills of an SA: keying, and its
 * IKE SA.
 */
#ifndef IPSEC_REPORT_JOINS_SA_OWNERS_H
#define IPSEC_REPORT_JOINS_SA_OWNERS_H

#include "collectors/loop.h"
#include "tables/store.h"

struct sa_owners;

/* Follows the store's tables from now on. NULL without memory. */
struct sa_owners *sa_owners_new(struct store *store, struct loop *loop);
void sa_owners_free(struct sa_owners *o);

#endif
