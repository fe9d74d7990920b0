/* One SNMP value, without any SNMP library: what a column gives, what a varbind brings. */
#ifndef IPSEC_REPORT_TABLES_VALUE_H
#define IPSEC_REPORT_TABLES_VALUE_H

#include <stddef.h>
#include <stdint.h>

/* The wire types that the module uses (RFC 2578, section 7.1). */
enum value_type {
        VALUE_INTEGER32,
        VALUE_UNSIGNED32, /* Gauge32 and Unsigned32 are one type on the wire */
        VALUE_TIMETICKS,
        VALUE_COUNTER64,
        VALUE_OCTETS,
        VALUE_ROW, /* an OBJECT IDENTIFIER: the name of an object below ipsrObjects, or 0.0 */
};

struct value {
        enum value_type type;
        union {
                int32_t integer32;   /* VALUE_INTEGER32 */
                uint32_t unsigned32; /* VALUE_UNSIGNED32, VALUE_TIMETICKS */
                uint64_t counter64;  /* VALUE_COUNTER64 */
        };
        const void *octets; /* VALUE_OCTETS: into the row or into scratch; valid as long as both;
                             * VALUE_ROW: dotted sub-identifiers behind ipsrObjects, or nothing */
        size_t length;      /* of both: how many */
        char scratch[56];   /* room for octets that no row holds; the longest is an address */
};

/* One reading of all clocks: whatever is computed in one request uses the same. */
struct moment {
        int64_t wall;       /* seconds since 1970, UTC */
        int64_t monotonic;  /* milliseconds of CLOCK_MONOTONIC */
        int64_t snmp_start; /* the same clock when snmpd's sysUpTime was 0 */
};

#endif
