/* Object identifiers of the module, as Net-SNMP has them. */
#ifndef CLI_OBJECTS_H
#define CLI_OBJECTS_H

#include "tables/table.h"

#include <net-snmp/net-snmp-config.h>
/* The library's headers build on the line above. */
#include <net-snmp/net-snmp-includes.h>

/* ipsecReportMIB, under which all of it lies; sysORTable lists it. */
extern const oid mib_root[];
extern const size_t mib_root_length;

/* Writes what the names of a table's columns, or of a group's scalars, begin with; its length. */
size_t object_entry(const struct table_type *type, oid name[MAX_OID_LEN]);

/* Room for the dotted name of a row. */
#define OBJECT_ROW_SIZE (MAX_OID_LEN * 11)

/*
 * Sets value from what a varbind brings; the name of a row is written to row. A name that is not
 * below ipsrObjects is none. 0, or -EINVAL for a type that the module does not use.
 */
int object_value(const netsnmp_variable_list *variable, struct value *value,
                 char row[OBJECT_ROW_SIZE]);

#endif
