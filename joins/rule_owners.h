/*
 * Which child of an IKE daemon a policy was made for. Fills of a policy: name, action (dynamicKey),
 * owner, daemon, configured policy; of a configured policy: installed, number of policies, drift.
 */
#ifndef IPSEC_REPORT_JOINS_RULE_OWNERS_H
#define IPSEC_REPORT_JOINS_RULE_OWNERS_H

#include "collectors/loop.h"
#include "tables/store.h"

struct rule_owners;

/* Follows the store's tables from now on. NULL without memory. */
struct rule_owners *rule_owners_new(struct store *store, struct loop *loop);
void rule_owners_free(struct rule_owners *o);

#endif
