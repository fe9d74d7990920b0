/*
 * Whether IPsec applies at each interface, and what keeps it away; and for how many SAs the device
 * does the cryptography. Fills the joins' part of ipsrInterfaceTable.
 */
#ifndef IPSEC_REPORT_JOINS_PROTECTION_H
#define IPSEC_REPORT_JOINS_PROTECTION_H

#include "collectors/loop.h"
#include "tables/store.h"

struct protection;

/* Follows the store's tables from now on. NULL without memory. */
struct protection *protection_new(struct store *store, struct loop *loop);
void protection_free(struct protection *p);

#endif
