#include "vici_maker.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void put(struct maker *m, const void *octets, size_t length)
{
        if (m->length + length > sizeof(m->octets)) /* libcheck writes a file for each assertion */
                ck_abort_msg("a message of more than %zu octets", sizeof(m->octets));
        memcpy(m->octets + m->length, octets, length);
        m->length += length;
}

static void put_octet(struct maker *m, uint8_t octet)
{
        put(m, &octet, 1);
}

static void put_name(struct maker *m, const char *name, size_t length)
{
        put_octet(m, (uint8_t)length);
        put(m, name, length);
}

static void put_value(struct maker *m, const void *value, size_t length)
{
        put_octet(m, (uint8_t)(length >> 8));
        put_octet(m, (uint8_t)length);
        put(m, value, length);
}

void make_section(struct maker *m, const char *name)
{
        put_octet(m, 1);
        put_name(m, name, strlen(name));
}

void make_end(struct maker *m)
{
        put_octet(m, 2);
}

void make_octets(struct maker *m, const char *name, size_t name_length, const void *value,
                 size_t length)
{
        put_octet(m, 3);
        put_name(m, name, name_length);
        put_value(m, value, length);
}

void make_value(struct maker *m, const char *name, const char *value)
{
        make_octets(m, name, strlen(name), value, strlen(value));
}

void make_list(struct maker *m, const char *name)
{
        put_octet(m, 4);
        put_name(m, name, strlen(name));
}

void make_item(struct maker *m, const char *value)
{
        put_octet(m, 5);
        put_value(m, value, strlen(value));
}

void make_list_end(struct maker *m)
{
        put_octet(m, 6);
}

struct vici_slice made(const struct maker *m)
{
        return (struct vici_slice){ m->octets, m->octets + m->length };
}

static void make_word(struct maker *m, char *word, bool *in_list)
{
        size_t length = strlen(word);
        char *equals = strchr(word, '=');

        for (char *c = word; *c; c++)
                if (*c == '~')
                        *c = ' ';
        if (strcmp(word, "}") == 0) {
                make_end(m);
        } else if (strcmp(word, "]") == 0) {
                make_list_end(m);
                *in_list = false;
        } else if (*in_list) {
                make_item(m, word);
        } else if (word[length - 1] == '{') {
                word[length - 1] = '\0';
                make_section(m, word);
        } else if (word[length - 1] == '[' && !equals) {
                word[length - 1] = '\0';
                make_list(m, word);
                *in_list = true;
        } else {
                ck_assert_ptr_nonnull(equals);
                *equals = '\0';
                make_value(m, word, equals + 1);
        }
}

struct vici_slice make_message(struct maker *m, const char *text)
{
        char copy[8192], *rest = copy, *word;
        bool in_list = false;

        ck_assert_uint_lt(strlen(text), sizeof(copy));
        strcpy(copy, text);
        m->length = 0;
        while ((word = strsep(&rest, " ")))
                if (*word)
                        make_word(m, word, &in_list);
        return made(m);
}

void read_recorded(struct recorded *r, const char *file)
{
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/vici/%s", DATA, file);
        f = fopen(path, "rb");
        ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
        r->length = fread(r->octets, 1, sizeof(r->octets), f);
        fclose(f);
        r->at = 0;
        ck_assert_uint_gt(r->length, 0);
        ck_assert_uint_lt(r->length, sizeof(r->octets));
}

const uint8_t *next_recorded(struct recorded *r, size_t *length)
{
        const uint8_t *packet = r->octets + r->at;

        if (r->at == r->length)
                return NULL;
        *length = 4 + ((size_t)packet[0] << 24 | (size_t)packet[1] << 16 | (size_t)packet[2] << 8 |
                       packet[3]);
        r->at += *length;
        ck_assert_uint_le(r->at, r->length);
        return packet;
}

bool next_packet(struct recorded *r, struct vici_packet *packet)
{
        size_t length;
        const uint8_t *octets = next_recorded(r, &length);

        if (!octets)
                return false;
        ck_assert_int_eq(vici_packet_parse(octets + 4, length - 4, packet), 0);
        return true;
}
