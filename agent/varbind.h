/* Rows as Net-SNMP's varbinds: names and values. For answers and for notifications. */
#ifndef IPSEC_REPORT_AGENT_VARBIND_H
#define IPSEC_REPORT_AGENT_VARBIND_H

#include "tables/table.h"

#include <net-snmp/net-snmp-config.h>
/* The library's headers build on the line above. */
#include <net-snmp/net-snmp-includes.h>

/* ipsrNotifications, and ipsrObjects, below which the tables are. */
#define VARBIND_NOTIFICATIONS MIB_ROOT, 0
#define VARBIND_OBJECTS MIB_ROOT, 1

/* Writes the name of the column's instance in this row, or of the scalar; returns its length. */
size_t varbind_name(const struct table_type *view, const struct column *column, const void *row,
                    oid name[MAX_OID_LEN]);

/* Sets the varbind's type and value. */
void varbind_set(netsnmp_variable_list *vb, const struct column *column, const void *row,
                 const struct moment *now);

#endif
