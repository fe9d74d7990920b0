/* Addresses of SNMP agents as people write them for Net-SNMP: udp:127.0.0.1:161, [::1], HOST. */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include <stdbool.h>

/* Does the address surely stay on this machine? Names are not looked up; only localhost is. */
bool address_is_local(const char *address);

#endif
