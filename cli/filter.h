/*
 * -spi, -peer and -name: which rows a report tells. A row of most tables is looked at by itself;
 * rules and flows, which stand in several tables, are chosen by their reports (report.h, select).
 */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "tables/rows.h"

enum filter_kind {
        FILTER_SPI = 1 << 0,
        FILTER_PEER = 1 << 1,
        FILTER_NAME = 1 << 2,
};

/* No type needs more members for a filter. */
enum { FILTER_MEMBERS_MAX = 5 };

/* What rows must have, all of it. */
struct filter {
        unsigned int given; /* enum filter_kind; 0: every row is told */
        uint32_t spi;
        struct inet_addr peer;
        const char *name; /* a shell pattern (fnmatch(3)) */
};

/* Sets what the text says: "C0FFEE01", with 0x or without. 0, or -EINVAL for no SPI. */
int filter_set_spi(struct filter *filter, const char *text);

/* "192.0.2.1" or "2001:db8::1". 0, or -EINVAL for no address of a host. */
int filter_set_peer(struct filter *filter, const char *text);

void filter_set_name(struct filter *filter, const char *pattern);

/* Is this the SPI, the peer, or a name that is wanted? Each says yes where it was not given. */
bool filter_takes_spi(const struct filter *filter, uint32_t spi);
bool filter_takes_peer(const struct filter *filter, const struct inet_addr *address);
bool filter_takes_name(const struct filter *filter, const char *name);

/* The same of a child by its keys: "policy/child" or either alone; false where it is none. */
bool filter_takes_child(const struct filter *filter, const char *policy_key, const char *child_key);

/* The same of the addresses of a configuration: hosts and networks, separated by commas. */
bool filter_takes_peers(const struct filter *filter, const char *addresses);

/*
 * The members that filter_takes_row() reads of a row of this type, as columns_choose() has them.
 * Returns how many.
 */
size_t filter_members(const struct filter *filter, const struct table_type *type,
                      uint16_t members[FILTER_MEMBERS_MAX]);

/* Is the row told? A row of a type that a filter does not fit is. */
bool filter_takes_row(const struct filter *filter, const struct table_type *type, const void *row);

#endif
