/*
 * What goes in clear text because somebody configured it so: fills ipsrBypassTable with policies
 * that let packets pass, and with interfaces where a sysctl keeps IPsec away.
 */
#ifndef IPSEC_REPORT_JOINS_BYPASSES_H
#define IPSEC_REPORT_JOINS_BYPASSES_H

#include "collectors/loop.h"
#include "tables/store.h"

struct bypasses;

/* Follows the store's tables from now on. NULL without memory. */
struct bypasses *bypasses_new(struct store *store, struct loop *loop);
void bypasses_free(struct bypasses *b);

#endif
