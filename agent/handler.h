/* The one handler that serves every table and group of scalars to Net-SNMP. */
#ifndef IPSEC_REPORT_AGENT_HANDLER_H
#define IPSEC_REPORT_AGENT_HANDLER_H

#include "collectors/loop.h"
#include "tables/store.h"

struct handler;

/*
 * Registers ipsrObjects with Net-SNMP and serves the store's tables below it; the module's entry in
 * sysORTable tells managers that it is here. NULL: without memory, or Net-SNMP refused.
 */
struct handler *handler_new(struct store *store, struct loop *loop);
void handler_free(struct handler *h);

#endif
