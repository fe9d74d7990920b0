/* Internet addresses as the MIB knows them: a type, octets and, where it is a network, a prefix. */
#ifndef IPSEC_REPORT_TABLES_INET_ADDR_H
#define IPSEC_REPORT_TABLES_INET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values of InetAddressType (RFC 4001) that occur here. */
enum inet_addr_type {
        INET_ADDR_UNKNOWN = 0, /* none */
        INET_ADDR_IPV4 = 1,
        INET_ADDR_IPV6 = 2,
};

/* Long enough for every address with its prefix length, as text. */
#define INET_ADDR_TEXT_SIZE 52

/* One address; all zero means none. Unused octets are zero, so that memory compares as addresses
 * do. */
struct inet_addr {
        uint8_t type;       /* enum inet_addr_type */
        uint8_t prefix;     /* bits of the network, 0..128; 0 where the address is a host's */
        uint8_t octets[16]; /* network order; the first 4 for IPv4 */
};

/* Sets *address from a family (AF_INET, AF_INET6; any other means none) and octets in network
 * order. */
void inet_addr_set(struct inet_addr *address, int family, const void *octets, uint8_t prefix);

/* How many octets the address has: 0, 4 or 16. */
size_t inet_addr_length(const struct inet_addr *address);

/* Whether the address lies in the network; in one without any bits lies every address. */
bool inet_addr_contains(const struct inet_addr *network, const struct inet_addr *address);

/* Writes the canonical text (RFC 5952), "" for none; returns its length. */
size_t inet_addr_text(const struct inet_addr *address, char text[INET_ADDR_TEXT_SIZE]);

/* The same with "/prefix" behind it. */
size_t inet_addr_prefix_text(const struct inet_addr *address, char text[INET_ADDR_TEXT_SIZE]);

/* Reads "192.0.2.1", "2001:db8::1", either with "/prefix", or "" for none. False: none of these. */
bool inet_addr_parse(struct inet_addr *address, const char *text, size_t length);

#endif
