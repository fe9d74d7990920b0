/* VICI messages made by hand, and recorded packets one by one. */
#ifndef IPSEC_REPORT_TESTS_UNIT_VICI_MAKER_H
#define IPSEC_REPORT_TESTS_UNIT_VICI_MAKER_H

#include "collectors/vici.h"

#include <stddef.h>

struct maker {
        uint8_t octets[8192];
        size_t length;
};

void make_section(struct maker *m, const char *name);
void make_end(struct maker *m);
void make_value(struct maker *m, const char *name, const char *value);
void make_octets(struct maker *m, const char *name, size_t name_length, const void *value,
                 size_t length);
void make_list(struct maker *m, const char *name);
void make_item(struct maker *m, const char *value);
void make_list_end(struct maker *m);
struct vici_slice made(const struct maker *m);

/*
 * A message of text: "name=value", "name{", "}", "name[", "item", "]", separated by spaces; a '~'
 * within a word stands for a space.
 */
struct vici_slice make_message(struct maker *m, const char *text);

/* Reads a file of tests/data/vici. */
struct recorded {
        uint8_t octets[1 << 16];
        size_t length;
        size_t at;
};

void read_recorded(struct recorded *r, const char *file);

/* The next packet with its length before it; NULL: there are no more. */
const uint8_t *next_recorded(struct recorded *r, size_t *length);

/* The next packet, parsed; false: there are no more. */
bool next_packet(struct recorded *r, struct vici_packet *packet);

#endif
