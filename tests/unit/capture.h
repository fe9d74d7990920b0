/* Recorded messages of the kernel, one file at a time. */
#ifndef IPSEC_REPORT_TESTS_UNIT_CAPTURE_H
#define IPSEC_REPORT_TESTS_UNIT_CAPTURE_H

#include <linux/netlink.h>
#include <stddef.h>

/* What load() read last. */
extern char octets[1 << 16];
extern size_t length;

/* Reads a file of a folder of tests/data. */
void load(const char *folder, const char *file);

/* The message behind nlh, or the first one for NULL; NULL: there are no more. */
const struct nlmsghdr *next_message(const struct nlmsghdr *nlh, int *left);

#endif
