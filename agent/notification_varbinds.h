/* What a notification carries: its objects, with their values of this moment. */
#ifndef IPSEC_REPORT_AGENT_NOTIFICATION_VARBINDS_H
#define IPSEC_REPORT_AGENT_NOTIFICATION_VARBINDS_H

#include "tables/notify.h"
#include "tables/store.h"

#include <net-snmp/net-snmp-config.h>
/* The library's headers build on the line above. */
#include <net-snmp/net-snmp-includes.h>

/*
 * Makes snmpTrapOID and the OBJECTS of the notification that the event's kind has, in the MIB's
 * order. Columns are those of the row that the event names; where that cannot be read they are left
 * out. A Counter64 is never among them: it would keep the notification from SNMPv1 sinks. NULL: no
 * such notification, or no memory. Freed by snmp_free_varbind().
 */
netsnmp_variable_list *notification_varbinds(const struct store *store, const struct event *event,
                                             const struct notify *details,
                                             const struct moment *now);

/* Sets ipsrNotifySuppressed in what notification_varbinds() made. */
void notification_set_suppressed(netsnmp_variable_list *varbinds, uint32_t suppressed);

/* Puts sysUpTime in front: that of the moment, in milliseconds of CLOCK_MONOTONIC. False: no
 * memory. */
bool notification_set_time(netsnmp_variable_list **varbinds, int64_t moment,
                           const struct moment *now);

#endif
