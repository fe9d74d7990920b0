/* The traffic selectors of one side, as IpsrSelectorList of the module writes them. */
#ifndef CLI_SELECTORS_H
#define CLI_SELECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A piece of the list; it does not end with '\0'. */
struct piece {
        const char *at;
        size_t length;
};

/* One selector; a piece that it has not is empty. */
struct selector {
        struct piece address;  /* "10.1.0.0/16", "10.0.0.1..10.0.0.9", "dynamic", "..." */
        struct piece protocol; /* "6"; "0" any */
        struct piece port;     /* "23", "1024-65535"; of ICMP "8(0)" */
};

/* Takes the next selector off the list; false at its end. A NULL list is empty. */
bool selector_next(const char **list, struct selector *selector);

/* The protocol's number, 0 for any; -1: what stands there is no number. */
int selector_protocol(const struct selector *selector);

/* Does the list end here because it was too long? */
bool selector_is_cut(const struct selector *selector);

/* Writes a piece that an agent told; an address as reports write it: a host without its prefix. */
void piece_print(FILE *file, const struct piece *piece);
void piece_print_address(FILE *file, const struct piece *piece);

#endif
