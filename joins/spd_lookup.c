#include "spd_lookup.h"

#include "tables/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which parts of a packet a policy looks at. All of its octets are compared. */
struct masks {
        uint8_t type;        /* enum spd_type */
        uint8_t direction;   /* enum ipsec_direction */
        uint8_t family;      /* enum inet_addr_type */
        uint8_t source;      /* bits of the network */
        uint8_t destination; /* the same */
        uint8_t protocol;    /* 0 any, else 255 */
        uint16_t source_port;
        uint16_t destination_port;
        uint16_t pad; /* always 0 */
        uint32_t mark;
        uint32_t if_index; /* 0 any, else all ones */
};

/* What is left of a packet under masks. All of its octets are compared. */
struct left {
        uint64_t source[2];
        uint64_t destination[2];
        uint32_t mark;
        uint32_t if_index;
        uint32_t if_id;
        uint16_t source_port;
        uint16_t destination_port;
        uint8_t protocol;
        uint8_t pad[7]; /* always 0 */
};

struct rule;

/* The policies of a space that want the same of a packet. */
struct bucket {
        uint32_t hash; /* first: struct slots finds it there */
        struct left left;
        struct rule *first; /* the best of them */
};

struct space {
        uint32_t hash; /* first */
        struct masks masks;
        struct left bits; /* that the masks leave */
        struct slots buckets;
        uint32_t best; /* no policy here has a lower priority value */
};

/* A policy. */
struct rule {
        uint32_t hash;  /* first */
        uint32_t index; /* the kernel's */
        uint32_t priority;
        uint8_t type; /* enum spd_type */
        uint64_t position;
        struct space *space;
        struct bucket *bucket;
        struct rule *next;
};

/* The spaces of one type and direction. */
struct group {
        struct space **spaces;
        size_t n;
        size_t room;
        bool sorted; /* by their best */
};

enum {
        TYPES = SPD_UNKNOWN - SPD_MAIN,
        DIRECTIONS = DIRECTION_UNKNOWN - DIRECTION_INBOUND,
};

struct spd {
        struct slots spaces;
        struct slots rules;
        struct group groups[TYPES][DIRECTIONS];
};

/* ---- masks ---- */

enum { WORDS = sizeof(struct left) / sizeof(uint64_t) };

_Static_assert(sizeof(struct left) % sizeof(uint64_t) == 0, "whole words");

static void load(const struct inet_addr *address, uint64_t words[2])
{
        memcpy(words, address->octets, sizeof(address->octets));
}

/* More bits than an address has are all of them: no kernel lets such a policy in. */
static void load_bits(uint8_t bits, uint64_t words[2])
{
        uint8_t octets[2 * sizeof(uint64_t)] = { 0 };
        size_t whole = bits / 8 < sizeof(octets) ? bits / 8 : sizeof(octets);

        memset(octets, 0xff, whole);
        if (whole < sizeof(octets))
                octets[whole] = (uint8_t)(0xff00u >> bits % 8);
        memcpy(words, octets, sizeof(octets));
}

/* All of a packet. */
static struct left whole_of(const struct packet *packet)
{
        struct left left;

        memset(&left, 0, sizeof(left));
        load(&packet->source, left.source);
        load(&packet->destination, left.destination);
        left.source_port = packet->ports.source;
        left.destination_port = packet->ports.destination;
        left.protocol = packet->protocol;
        left.mark = packet->mark;
        left.if_index = packet->if_index;
        left.if_id = packet->if_id;
        return left;
}

/* The bits that masks leave. */
static struct left bits_of(const struct masks *m)
{
        struct left bits;

        memset(&bits, 0, sizeof(bits));
        load_bits(m->source, bits.source);
        load_bits(m->destination, bits.destination);
        bits.source_port = m->source_port;
        bits.destination_port = m->destination_port;
        bits.protocol = m->protocol;
        bits.mark = m->mark;
        bits.if_index = m->if_index;
        bits.if_id = UINT32_MAX;
        return bits;
}

/* The octets are in no order that matters: a hash of words is enough, and quick. */
static uint32_t mask(const struct left *whole, const struct left *bits, struct left *left)
{
        uint64_t from[WORDS], with[WORDS], hash = 0;

        memcpy(from, whole, sizeof(from));
        memcpy(with, bits, sizeof(with));
        for (size_t i = 0; i < WORDS; i++) {
                from[i] &= with[i];
                hash = (hash ^ from[i]) * 0x9e3779b97f4a7c15u;
                hash ^= hash >> 29;
        }
        memcpy(left, from, sizeof(from));
        return (uint32_t)(hash ^ hash >> 32);
}

static struct masks masks_of(const struct policy *policy)
{
        struct masks masks;

        memset(&masks, 0, sizeof(masks));
        masks.type = policy->type;
        masks.direction = policy->direction;
        masks.family = policy->source.type;
        masks.source = policy->source.prefix;
        masks.destination = policy->destination.prefix;
        masks.protocol = policy->protocol ? UINT8_MAX : 0;
        masks.source_port = policy->source_port_mask;
        masks.destination_port = policy->destination_port_mask;
        masks.mark = policy->mark_mask;
        masks.if_index = policy->if_index ? UINT32_MAX : 0;
        return masks;
}

static struct left left_of(const struct policy *policy)
{
        return whole_of(&(struct packet){
                .source = policy->source,
                .destination = policy->destination,
                .ports = { policy->source_port, policy->destination_port },
                .protocol = policy->protocol,
                .if_index = policy->if_index,
                .if_id = policy->if_id,
        });
}

/* ---- spaces ---- */

static bool has_masks(const void *context, const void *item)
{
        return memcmp(&((const struct space *)item)->masks, context, sizeof(struct masks)) == 0;
}

static bool has_left(const void *context, const void *item)
{
        return memcmp(&((const struct bucket *)item)->left, context, sizeof(struct left)) == 0;
}

static struct group *group_of(struct spd *spd, uint8_t type, uint8_t direction)
{
        if (type < SPD_MAIN || type >= SPD_UNKNOWN || direction < DIRECTION_INBOUND ||
            direction >= DIRECTION_UNKNOWN)
                return NULL;
        return &spd->groups[type - SPD_MAIN][direction - DIRECTION_INBOUND];
}

static int append(struct group *group, struct space *space)
{
        if (group->n == group->room) {
                size_t room = group->room ? 2 * group->room : 16;
                struct space **spaces = realloc(group->spaces, room * sizeof(*spaces));

                if (!spaces)
                        return -ENOMEM;
                group->spaces = spaces;
                group->room = room;
        }
        group->spaces[group->n++] = space;
        group->sorted = false;
        return 0;
}

static void free_space(struct spd *spd, struct space *space)
{
        struct group *group = group_of(spd, space->masks.type, space->masks.direction);

        for (size_t i = 0; i < group->n; i++) {
                if (group->spaces[i] != space)
                        continue;
                memmove(&group->spaces[i], &group->spaces[i + 1],
                        (group->n - i - 1) * sizeof(group->spaces[0]));
                group->n--;
                break;
        }
        slots_remove(&spd->spaces, space);
        slots_clear(&space->buckets);
        free(space);
}

static struct space *space_for(struct spd *spd, const struct masks *masks)
{
        uint32_t hash = slots_hash(masks, sizeof(*masks));
        struct space *space = slots_find(&spd->spaces, hash, has_masks, masks);

        if (space)
                return space;
        space = calloc(1, sizeof(*space));
        if (!space)
                return NULL;
        space->hash = hash;
        space->masks = *masks;
        space->bits = bits_of(masks);
        space->best = UINT32_MAX;
        if (slots_insert(&spd->spaces, space) < 0) {
                free(space);
                return NULL;
        }
        if (append(group_of(spd, masks->type, masks->direction), space) < 0) {
                free_space(spd, space);
                return NULL;
        }
        return space;
}

/* A policy's mark is wanted as it is: one with bits that its mask has not fits no packet. */
static struct bucket *bucket_for(struct space *space, const struct policy *policy)
{
        struct left whole = left_of(policy), all = space->bits, left;
        struct bucket *bucket;
        uint32_t hash;

        whole.mark = policy->mark;
        all.mark = UINT32_MAX;
        hash = mask(&whole, &all, &left);
        bucket = slots_find(&space->buckets, hash, has_left, &left);

        if (bucket)
                return bucket;
        bucket = calloc(1, sizeof(*bucket));
        if (!bucket)
                return NULL;
        bucket->hash = hash;
        bucket->left = left;
        if (slots_insert(&space->buckets, bucket) < 0) {
                free(bucket);
                return NULL;
        }
        return bucket;
}

/* Nothing stays that holds no policy. */
static void tidy(struct spd *spd, struct space *space, struct bucket *bucket)
{
        if (bucket && !bucket->first) {
                slots_remove(&space->buckets, bucket);
                free(bucket);
        }
        if (space->buckets.used == 0)
                free_space(spd, space);
}

/* ---- policies ---- */

struct name {
        uint8_t type;
        uint32_t index;
};

static bool has_name(const void *context, const void *item)
{
        const struct name *name = context;
        const struct rule *rule = item;

        return rule->index == name->index && rule->type == name->type;
}

static struct rule *find_rule(const struct spd *spd, uint8_t type, uint32_t index)
{
        struct name name = { type, index };

        return slots_find(&spd->rules, slots_hash(&index, sizeof(index)), has_name, &name);
}

static bool stands_before(const struct rule *a, const struct rule *b)
{
        if (a->priority != b->priority)
                return a->priority < b->priority;
        return a->position < b->position;
}

static void link_rule(struct spd *spd, struct rule *rule)
{
        struct rule **place = &rule->bucket->first;
        struct space *space = rule->space;

        while (*place && !stands_before(rule, *place))
                place = &(*place)->next;
        rule->next = *place;
        *place = rule;
        if (rule->priority < space->best) {
                space->best = rule->priority;
                group_of(spd, space->masks.type, space->masks.direction)->sorted = false;
        }
}

static void unlink_rule(struct spd *spd, struct rule *rule)
{
        struct rule **place = &rule->bucket->first;

        while (*place != rule)
                place = &(*place)->next;
        *place = rule->next;
        slots_remove(&spd->rules, rule);
        tidy(spd, rule->space, rule->bucket);
        free(rule);
}

int spd_put(struct spd *spd, const struct policy *policy)
{
        struct masks masks = masks_of(policy);
        struct space *space;
        struct bucket *bucket;
        struct rule *rule;

        spd_remove(spd, policy);
        if (!group_of(spd, policy->type, policy->direction))
                return 0;
        space = space_for(spd, &masks);
        if (!space)
                return -ENOMEM;
        bucket = bucket_for(space, policy);
        rule = calloc(1, sizeof(*rule));
        if (!bucket || !rule)
                goto fail;
        *rule = (struct rule){
                .hash = slots_hash(&policy->index, sizeof(policy->index)),
                .index = policy->index,
                .type = policy->type,
                .priority = policy->priority,
                .position = policy->position,
                .space = space,
                .bucket = bucket,
        };
        if (slots_insert(&spd->rules, rule) < 0)
                goto fail;
        link_rule(spd, rule);
        return 0;
fail:
        free(rule);
        tidy(spd, space, bucket);
        return -ENOMEM;
}

void spd_remove(struct spd *spd, const struct policy *policy)
{
        struct rule *rule = find_rule(spd, policy->type, policy->index);

        if (rule)
                unlink_rule(spd, rule);
}

size_t spd_count(const struct spd *spd)
{
        return spd->rules.used;
}

static int compare_spaces(const void *a, const void *b)
{
        const struct space *left = *(const struct space *const *)a;
        const struct space *right = *(const struct space *const *)b;

        return left->best < right->best ? -1 : left->best > right->best;
}

uint32_t spd_find(struct spd *spd, uint8_t type, uint8_t direction, const struct packet *packet)
{
        struct group *group = group_of(spd, type, direction);
        struct left whole = whole_of(packet);
        const struct rule *best = NULL;

        if (!group || group->n == 0)
                return 0;
        if (!group->sorted)
                qsort(group->spaces, group->n, sizeof(group->spaces[0]), compare_spaces);
        group->sorted = true;
        for (size_t i = 0; i < group->n; i++) {
                const struct space *space = group->spaces[i];
                const struct bucket *bucket;
                struct left left;
                uint32_t hash;

                if (best && space->best > best->priority)
                        break;
                if (space->masks.family != packet->source.type)
                        continue;
                hash = mask(&whole, &space->bits, &left);
                bucket = slots_find(&space->buckets, hash, has_left, &left);
                if (bucket && (!best || stands_before(bucket->first, best)))
                        best = bucket->first;
        }
        return best ? best->index : 0;
}

struct spd *spd_new(void)
{
        return calloc(1, sizeof(struct spd));
}

void spd_free(struct spd *spd)
{
        if (!spd)
                return;
        for (size_t i = 0; i < spd->rules.n; i++)
                free(spd->rules.items[i]);
        for (size_t i = 0; i < spd->spaces.n; i++) {
                struct space *space = spd->spaces.items[i];

                for (size_t j = 0; space && j < space->buckets.n; j++)
                        free(space->buckets.items[j]);
                if (space)
                        slots_clear(&space->buckets);
                free(space);
        }
        for (size_t i = 0; i < TYPES; i++)
                for (size_t j = 0; j < DIRECTIONS; j++)
                        free(spd->groups[i][j].spaces);
        slots_clear(&spd->rules);
        slots_clear(&spd->spaces);
        free(spd);
}
