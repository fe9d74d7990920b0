/*
 * IKE SAs, their policies and their children. Fills of an IKE SA: policy key, auth record, auth
 * methods, number of children; of an IKE policy: number of IKE SAs.
 */
#ifndef IPSEC_REPORT_JOINS_IKE_SAS_H
#define IPSEC_REPORT_JOINS_IKE_SAS_H

#include "collectors/loop.h"
#include "tables/store.h"

struct ike_sas;

/* Follows the store's tables from now on. NULL without memory. */
struct ike_sas *ike_sas_new(struct store *store, struct loop *loop);
void ike_sas_free(struct ike_sas *s);

#endif
