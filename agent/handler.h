/* The one handler that serves every table and group of scalars to Net-SNMP. */
#ifndef IPSEC_REPORT_AGENT_HANDLER_H
#define IPSEC_REPORT_AGENT_HANDLER_H

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "collectors/loop.h"
#include "tables/store.h"

struct handler;

/*
 * Registers ipsrObjects with Net-SNMP and serves the store's tables below it; the module's entry in
 * sysORTable tells managers that it is here. NULL: without memory, or Net-SNMP refused.
 */
struct handler *handler_new(struct store *store, struct loop *loop);
void handler_free(struct handler *h);

/*
 * Calls asked with context whenever a request names something in this table or a column of it. A
 * walk over all tables that comes by does not: while the table is empty it goes on to the next one.
 * What is called must not change any table: the request is being answered.
 */
typedef void handler_asked(void *context);
void handler_on_asked(struct handler *h, const struct table_type *type, handler_asked *asked,
                      void *context);

/* Whether the name is at or below ipsrObjects. */
bool handler_covers(const oid *name, size_t length);

/* The clocks for one request, whatever number of varbinds it has. */
void handler_now(const struct handler *h, struct moment *now);

/* Sets the varbind's value: SNMP_ERR_NOERROR; or returns SNMP_NOSUCHOBJECT, SNMP_NOSUCHINSTANCE. */
int handler_get(const struct handler *h, netsnmp_variable_list *vb, const struct moment *now);

/* Sets the varbind to the first instance after its name, or at it. False: none, and it is as it
 * was. */
bool handler_next(const struct handler *h, netsnmp_variable_list *vb, bool or_at,
                  const struct moment *now);

#endif
