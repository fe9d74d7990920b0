/*
 * The messages of strongSwan's VICI protocol: sections, lists and values, read in place, and a
 * writer for what is asked. A pure codec: no socket, no meaning of any name.
 */
#ifndef IPSEC_REPORT_COLLECTORS_VICI_MESSAGE_H
#define IPSEC_REPORT_COLLECTORS_VICI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sections within sections; real messages have four. */
#define VICI_DEPTH_MAX 16

/* The inside of a message, a section or a list; it belongs to whoever holds the octets. */
struct vici_slice {
        const uint8_t *at;
        const uint8_t *end;
};

enum vici_kind {
        VICI_VALUE,     /* name and body: the value, not terminated, any octets */
        VICI_SECTION,   /* name and body: its elements */
        VICI_LIST,      /* name and body: its items */
        VICI_LIST_ITEM, /* body: the value; no name */
};

struct vici_item {
        enum vici_kind kind;
        const char *name; /* not terminated; any octets, also none */
        size_t name_length;
        struct vici_slice body;
};

/*
 * Whether a message is whole: every element within it, sections and lists closed, lists of items
 * alone, no deeper than VICI_DEPTH_MAX. 0 or -EBADMSG. What follows is for such messages only.
 */
int vici_check(struct vici_slice message);

/* Takes the next item of a slice, with all that is in it; false at its end. */
bool vici_next(struct vici_slice *rest, struct vici_item *item);

/* The first item of this name; false when there is none. */
bool vici_find(struct vici_slice slice, const char *name, struct vici_item *item);

bool vici_is_named(const struct vici_item *item, const char *name);
bool vici_equals(const struct vici_item *item, const char *value);
size_t vici_length(struct vici_slice slice);

/*
 * A value as a number; base 10 or 16 (without 0x). A sign is allowed in base 10. 0, or -EINVAL for
 * anything else, also for one that does not fit.
 */
int vici_number(const struct vici_item *item, int base, int64_t *number);

/* A message being written. {0} is empty; free octets with free(). */
struct vici_writer {
        uint8_t *octets;
        size_t length;
        size_t room;
        bool failed; /* no memory: the message is not to be sent */
};

/* Appends a packet's head: 32 bits for its length (vici_packet_end() sets it), type, name. */
void vici_packet_begin(struct vici_writer *w, uint8_t type, const char *name);
void vici_packet_value(struct vici_writer *w, const char *name, const char *value);
void vici_packet_end(struct vici_writer *w);

#endif
