#include "selector_map.h"

#include "tables/key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One selector as IpsrSelectorList writes it: address, prefix, protocol, port. */
#define SELECTOR_SIZE 128
#define PAIR_SIZE (2 * SELECTOR_SIZE + 8)

#define DYNAMIC "dynamic"

/* A pair of selectors, and whose it is. */
struct entry {
        uint32_t hash; /* first: struct slots finds it there */
        char policy_key[KEY_MAX + 1];
        char child_key[KEY_MAX + 1];
        char pair[]; /* "KIND LOCAL REMOTE" */
};

static bool has_pair(const void *context, const void *item)
{
        return strcmp(((const struct entry *)item)->pair, context) == 0;
}

/* A policy has one protocol; a daemon may tell it of one side alone. */
static void copy_protocol(char selector[SELECTOR_SIZE], const char *other)
{
        const char *open = strchr(other, '[');
        size_t length = open ? strcspn(open, "/]") : 0, at = strlen(selector);

        if (open && !strchr(selector, '['))
                snprintf(selector + at, SELECTOR_SIZE - at, "%.*s]", (int)length, open);
}

/*
 * The kernel has masks of ports and networks, no ranges: the least mask and the least network that
 * hold the range are what a daemon gives it. Ports that are not to be seen are any port.
 */
static void widen_ports(char selector[SELECTOR_SIZE])
{
        char *ports = strchr(selector, '[');
        size_t rest;
        uint16_t first, last, mask = UINT16_MAX;

        ports = ports ? strchr(ports, '/') : NULL;
        if (!ports)
                return;
        rest = SELECTOR_SIZE - (size_t)(ports - selector);
        if (strcmp(ports, "/OPAQUE]") == 0) {
                snprintf(ports, rest, "]");
                return;
        }
        if (sscanf(ports, "/%" SCNu16 "-%" SCNu16 "]", &first, &last) != 2)
                return;
        while (mask != 0 && (first & mask) != (last & mask))
                mask = (uint16_t)(mask << 1);
        if (mask == 0)
                snprintf(ports, rest, "]");
        else
                snprintf(ports, rest, "/%u:%x]", (unsigned int)(first & mask), (unsigned int)mask);
}

static bool differ(const struct inet_addr *a, const struct inet_addr *b, size_t bit)
{
        return ((a->octets[bit / 8] ^ b->octets[bit / 8]) >> (7 - bit % 8) & 1) != 0;
}

/* Clears what follows the network's bits. */
static void cut_to_network(struct inet_addr *address, size_t bits)
{
        for (size_t bit = bits; bit < 8 * inet_addr_length(address); bit++)
                address->octets[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        address->prefix = (uint8_t)bits;
}

static void widen_addresses(char selector[SELECTOR_SIZE])
{
        char *dots = strstr(selector, ".."), text[INET_ADDR_TEXT_SIZE], tail[SELECTOR_SIZE];
        struct inet_addr first, last;
        size_t length, bits = 0;

        if (!dots)
                return;
        length = strcspn(dots + 2, "[");
        if (!inet_addr_parse(&first, selector, (size_t)(dots - selector)) ||
            !inet_addr_parse(&last, dots + 2, length) || first.type != last.type)
                return;
        memcpy(tail, dots + 2 + length, strlen(dots + 2 + length) + 1);
        while (bits < 8 * inet_addr_length(&first) && !differ(&first, &last, bits))
                bits++;
        cut_to_network(&first, bits);
        inet_addr_prefix_text(&first, text);
        snprintf(selector, SELECTOR_SIZE, "%s%.40s", text, tail);
}

/* Until there are SAs, libreswan's policies for a tunnel ask for transport mode. */
static unsigned int kind_of(const struct configured_policy *child)
{
        return child->daemon_kind == DAEMON_LIBRESWAN && child->kind == RULE_TUNNEL ? RULE_HOST
                                                                                    : child->kind;
}

/* Twins of two children: the first one's. */
static int add_pair(struct selector_map *m, const struct configured_policy *child,
                    const char one_side[SELECTOR_SIZE], const char other_side[SELECTOR_SIZE])
{
        char pair[PAIR_SIZE], local[SELECTOR_SIZE], remote[SELECTOR_SIZE];
        struct entry *entry;
        uint32_t hash;
        int length;

        memcpy(local, one_side, sizeof(local));
        memcpy(remote, other_side, sizeof(remote));
        copy_protocol(local, remote);
        copy_protocol(remote, local);
        widen_ports(local);
        widen_ports(remote);
        widen_addresses(local);
        widen_addresses(remote);
        length = snprintf(pair, sizeof(pair), "%u %s %s", kind_of(child), local, remote);
        if (length < 0 || (size_t)length >= sizeof(pair))
                return 0;
        hash = slots_hash(pair, (size_t)length);
        if (slots_find(&m->entries, hash, has_pair, pair))
                return 0;
        entry = calloc(1, sizeof(*entry) + (size_t)length + 1);
        if (!entry)
                return -ENOMEM;
        entry->hash = hash;
        snprintf(entry->policy_key, sizeof(entry->policy_key), "%s", child->policy_key);
        snprintf(entry->child_key, sizeof(entry->child_key), "%s", child->child_key);
        memcpy(entry->pair, pair, (size_t)length + 1);
        if (slots_insert(&m->entries, entry) == 0)
                return 0;
        free(entry);
        return -ENOMEM;
}

/* ---- lists ---- */

/* Copies the next item of a list "A, B" and moves behind it; false at the end. */
static bool next_item(const char **list, char item[SELECTOR_SIZE])
{
        const char *end;
        size_t length;

        if (!*list || !**list)
                return false;
        end = strstr(*list, ", ");
        length = end ? (size_t)(end - *list) : strlen(*list);
        if (length >= SELECTOR_SIZE)
                length = SELECTOR_SIZE - 1;
        memcpy(item, *list, length);
        item[length] = '\0';
        *list = end ? end + 2 : NULL;
        return true;
}

/* Where a list stands: its next item, or the next address in place of one. */
struct cursor {
        const char *list;
        const char *all_addresses;
        const char *addresses;
        bool any6;                /* of "%any" the addresses of IPv6 are still to come */
        char rest[SELECTOR_SIZE]; /* of a "dynamic" item: what follows that word */
};

static bool put_address(const struct cursor *c, const char *address, size_t prefix,
                        char item[SELECTOR_SIZE])
{
        snprintf(item, SELECTOR_SIZE, "%.60s/%zu%.40s", address, prefix, c->rest);
        return true;
}

/* "dynamic[6/23]" is the outer address: one selector for each that is configured. */
static bool next_address(struct cursor *c, char item[SELECTOR_SIZE])
{
        char address[SELECTOR_SIZE];
        struct inet_addr parsed;

        if (c->any6) {
                c->any6 = false;
                return put_address(c, "::", 0, item);
        }
        while (next_item(&c->addresses, address)) {
                if (strcmp(address, "%any") == 0) {
                        c->any6 = true;
                        return put_address(c, "0.0.0.0", 0, item);
                }
                if (!strchr(address, '/') && inet_addr_parse(&parsed, address, strlen(address)) &&
                    parsed.type != INET_ADDR_UNKNOWN)
                        return put_address(c, address, 8 * inet_addr_length(&parsed), item);
        }
        return false;
}

static bool next_selector(struct cursor *c, char item[SELECTOR_SIZE])
{
        while (!next_address(c, item)) {
                if (!next_item(&c->list, item))
                        return false;
                if (strncmp(item, DYNAMIC, strlen(DYNAMIC)) != 0)
                        return true;
                snprintf(c->rest, sizeof(c->rest), "%s", item + strlen(DYNAMIC));
                c->addresses = c->all_addresses;
        }
        return true;
}

int selector_map_add(struct selector_map *m, const struct configured_policy *child,
                     const struct ike_policy *ike_policy)
{
        const char *near = ike_policy ? ike_policy->local_addresses : NULL;
        const char *far = ike_policy ? ike_policy->remote_addresses : NULL;
        struct cursor locals = { .list = child->local_selectors, .all_addresses = near };
        char local[SELECTOR_SIZE], remote[SELECTOR_SIZE];
        int err = 0;

        while (err == 0 && next_selector(&locals, local)) {
                struct cursor remotes = { .list = child->remote_selectors, .all_addresses = far };

                while (err == 0 && next_selector(&remotes, remote))
                        err = add_pair(m, child, local, remote);
        }
        return err;
}

/* ---- policies ---- */

static void write_selector(const struct inet_addr *network, uint8_t protocol, uint16_t port,
                           uint16_t mask, char text[SELECTOR_SIZE])
{
        size_t n = inet_addr_prefix_text(network, text);

        if (mask == UINT16_MAX)
                snprintf(text + n, SELECTOR_SIZE - n, "[%u/%u]", protocol, port);
        else if (mask != 0)
                snprintf(text + n, SELECTOR_SIZE - n, "[%u/%u:%x]", protocol, port, mask);
        else if (protocol != 0)
                snprintf(text + n, SELECTOR_SIZE - n, "[%u]", protocol);
}

/* Type and code stand where others have ports, and are of both sides. */
static void write_icmp_selector(const struct inet_addr *network, const struct policy *policy,
                                char text[SELECTOR_SIZE])
{
        size_t n = inet_addr_prefix_text(network, text);

        if (policy->source_port_mask == 0)
                snprintf(text + n, SELECTOR_SIZE - n, "[%u]", policy->protocol);
        else if (policy->destination_port_mask == 0)
                snprintf(text + n, SELECTOR_SIZE - n, "[%u/%u]", policy->protocol,
                         policy->source_port);
        else
                snprintf(text + n, SELECTOR_SIZE - n, "[%u/%u(%u)]", policy->protocol,
                         policy->source_port, policy->destination_port);
}

static void write_selectors(const struct policy *policy, char source[SELECTOR_SIZE],
                            char destination[SELECTOR_SIZE])
{
        if (policy_has_type_and_code(policy)) {
                write_icmp_selector(&policy->source, policy, source);
                write_icmp_selector(&policy->destination, policy, destination);
                return;
        }
        write_selector(&policy->source, policy->protocol, policy->source_port,
                       policy->source_port_mask, source);
        write_selector(&policy->destination, policy->protocol, policy->destination_port,
                       policy->destination_port_mask, destination);
}

bool selector_map_find(const struct selector_map *m, const struct policy *policy, char *policy_key,
                       char *child_key)
{
        char source[SELECTOR_SIZE], destination[SELECTOR_SIZE], pair[PAIR_SIZE];
        bool outbound = policy->direction == DIRECTION_OUTBOUND;
        const struct entry *entry;
        int length;

        write_selectors(policy, source, destination);
        length = snprintf(pair, sizeof(pair), "%u %s %s", policy->kind,
                          outbound ? source : destination, outbound ? destination : source);
        entry = slots_find(&m->entries, slots_hash(pair, (size_t)length), has_pair, pair);
        if (!entry)
                return false;
        memcpy(policy_key, entry->policy_key, sizeof(entry->policy_key));
        memcpy(child_key, entry->child_key, sizeof(entry->child_key));
        return true;
}

void selector_map_clear(struct selector_map *m)
{
        for (size_t i = 0; i < m->entries.n; i++)
                free(m->entries.items[i]);
        slots_clear(&m->entries);
}
