#include "bypasses.h"

#include "queue.h"
#include "tables/bypass.h"
#include "tables/interface.h"
#include "tables/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Interfaces looked at in one turn of the loop. */
#define LINKS_PER_TURN 100

/* Octets of a SnmpAdminString. */
#define ADDRESSES_MAX 255

struct bypasses {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *bypasses;
        struct table *interfaces;
        struct queue links; /* ifIndexes that are due */
};

/* ---- policies ---- */

static bool passes(const struct policy *policy)
{
        return policy->action == RULE_PASS;
}

static const struct inet_addr *local_side(const struct policy *policy)
{
        return policy->direction == DIRECTION_OUTBOUND ? &policy->source : &policy->destination;
}

static const struct inet_addr *remote_side(const struct policy *policy)
{
        return policy->direction == DIRECTION_OUTBOUND ? &policy->destination : &policy->source;
}

/* Whether it takes in all packets of its own side. What passes a sub policy meets the main ones. */
static bool is_whole(const struct policy *policy)
{
        return policy->type == SPD_MAIN && remote_side(policy)->prefix == 0 &&
               policy->protocol == 0 && policy->source_port_mask == 0 &&
               policy->destination_port_mask == 0 && policy->mark_mask == 0 && policy->mark == 0 &&
               policy->if_id == 0 && !policy->security_context;
}

/* With its prefix length unless it is one address. */
static void write_network(const struct inet_addr *network, char text[INET_ADDR_TEXT_SIZE])
{
        if (network->prefix == 8 * inet_addr_length(network))
                inet_addr_text(network, text);
        else
                inet_addr_prefix_text(network, text);
}

static void put_policy(struct bypasses *b, const struct policy *policy)
{
        char local[INET_ADDR_TEXT_SIZE];
        struct bypass row;

        memset(&row, 0, sizeof(row));
        write_network(local_side(policy), local);
        row.kind = BYPASS_POLICY;
        row.number = policy->index;
        row.direction = policy->direction;
        row.protocol = policy->protocol;
        row.whole = is_whole(policy);
        row.reasons = REASON_BYPASS_POLICY;
        row.name = policy->name;
        row.local_addresses = local;
        row.source = policy->source;
        row.destination = policy->destination;
        row.source_port = policy->source_port;
        row.source_port_mask = policy->source_port_mask;
        row.destination_port = policy->destination_port;
        row.destination_port_mask = policy->destination_port_mask;
        row.if_index = policy->if_index;
        row.priority = policy->priority;
        table_put(b->bypasses, &row, TABLE_FROM_EVENT);
}

static void remove_row(struct bypasses *b, uint8_t kind, uint32_t number, enum table_reason reason)
{
        const struct bypass key = { .kind = kind, .number = number };

        table_remove(b->bypasses, &key, reason);
}

/* The kernel gives an index once, whatever the type of the policy: so it is enough of a key. */
static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *policy = after;

        (void)event;
        if (policy && passes(policy))
                put_policy(context, policy);
        else if (old && passes(old))
                remove_row(context, BYPASS_POLICY, old->index, policy ? TABLE_DELETED : reason);
}

/* ---- interfaces ---- */

static const struct interface *next_row(const struct bypasses *b, uint32_t if_index,
                                        const struct interface *row)
{
        uint32_t oid[INDEX_MAX] = { if_index };
        size_t length = row ? index_encode(&interface_type, row, oid) : 1;

        row = table_next(b->interfaces, &interface_type, oid, length, false);
        return row && row->if_index == if_index ? row : NULL;
}

/* The row of an address of this type, or of none. The settings are the same for all of a type. */
static const struct interface *row_of_type(const struct bypasses *b, uint32_t if_index,
                                           uint8_t type)
{
        const uint32_t oid[] = { if_index, type };
        const struct interface *row = table_next(b->interfaces, &interface_type, oid, 2, false);

        return row && row->if_index == if_index && row->address.type == type ? row : NULL;
}

/* All that fit, in the order of the table. */
static void write_addresses(const struct bypasses *b, uint32_t if_index,
                            char text[ADDRESSES_MAX + 1])
{
        static const char more[] = ",...";
        const struct interface *row = NULL;
        size_t length = 0;

        text[0] = '\0';
        while ((row = next_row(b, if_index, row))) {
                char address[INET_ADDR_TEXT_SIZE];
                size_t size = inet_addr_text(&row->address, address);

                if (size == 0)
                        continue;
                if (length + 1 + size + strlen(more) > ADDRESSES_MAX) {
                        strcpy(text + length, more);
                        return;
                }
                length += (size_t)sprintf(text + length, "%s%s", length > 0 ? "," : "", address);
        }
}

/* A label, of IPv4 alone, is the interface's name and perhaps more behind a colon. */
static void write_name(const struct interface *row, char name[ADDRESSES_MAX + 1])
{
        const char *label = row->name ? row->name : "";
        size_t length = row->address.type == INET_ADDR_IPV4 ? strcspn(label, ":") : strlen(label);

        snprintf(name, ADDRESSES_MAX + 1, "%.*s", (int)length, label);
}

static void look_at_link(struct bypasses *b, uint32_t if_index)
{
        const struct interface *ipv4 = row_of_type(b, if_index, INET_ADDR_IPV4);
        const struct interface *ipv6 = row_of_type(b, if_index, INET_ADDR_IPV6);
        const struct interface *bare = row_of_type(b, if_index, INET_ADDR_UNKNOWN);
        char name[ADDRESSES_MAX + 1], addresses[ADDRESSES_MAX + 1];
        struct bypass row;

        memset(&row, 0, sizeof(row));
        row.reasons = (uint16_t)((ipv4 ? ipv4->settings : 0) | (ipv6 ? ipv6->settings : 0) |
                                 (bare ? bare->settings : 0));
        if (row.reasons == 0) {
                remove_row(b, BYPASS_INTERFACE, if_index, TABLE_DELETED);
                return;
        }
        write_name(bare ? bare : ipv6 ? ipv6 : ipv4, name);
        write_addresses(b, if_index, addresses);
        row.kind = BYPASS_INTERFACE;
        row.number = row.if_index = if_index;
        row.direction = DIRECTION_UNKNOWN;
        row.name = name;
        row.local_addresses = addresses;
        table_put(b->bypasses, &row, TABLE_FROM_EVENT);
}

static void run(void *context)
{
        struct bypasses *b = context;

        b->timer = NULL;
        for (size_t i = 0; i < LINKS_PER_TURN && !queue_is_empty(&b->links); i++)
                look_at_link(b, (uint32_t)queue_take(&b->links));
        if (!queue_is_empty(&b->links))
                b->timer = b->loop->after(b->loop, 0, run, b);
}

static void interface_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct interface *old = before, *row = after;
        struct bypasses *b = context;

        (void)reason;
        if (event == TABLE_CHANGED && old->settings == row->settings && old->name == row->name)
                return;
        queue_put(&b->links, row ? row->if_index : old->if_index);
        if (!b->timer)
                b->timer = b->loop->after(b->loop, 0, run, b);
}

struct bypasses *bypasses_new(struct store *store, struct loop *loop)
{
        struct bypasses *b = calloc(1, sizeof(*b));

        if (!b)
                return NULL;
        b->loop = loop;
        b->bypasses = store_table(store, &bypass_type);
        b->interfaces = store_table(store, &interface_type);
        if (table_subscribe(store_table(store, &policy_type), policy_changed, b) < 0 ||
            table_subscribe(b->interfaces, interface_changed, b) < 0) {
                free(b);
                return NULL;
        }
        return b;
}

void bypasses_free(struct bypasses *b)
{
        if (!b)
                return;
        b->loop->cancel(b->loop, b->timer);
        queue_free(&b->links);
        free(b);
}
