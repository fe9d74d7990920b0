/* The lookup of policies against a plain search that goes by the kernel's words, at random. */
#include "config.h"

#include "joins/spd_lookup.h"
#include "suite.h"

#include <string.h>

#define POLICIES 300
#define PACKETS 400
#define ROUNDS 30

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)(seed >> 33) % below;
}

/* Few different values: most policies fit some packets. */
static struct inet_addr draw_address(uint8_t type)
{
        struct inet_addr address = { .type = type };

        address.octets[0] = 10;
        address.octets[type == INET_ADDR_IPV4 ? 3 : 15] = (uint8_t)draw(4);
        return address;
}

static uint16_t draw_port(void)
{
        return (uint16_t)(draw(3) * 0x101 + draw(2));
}

static struct policy draw_policy(uint32_t number)
{
        static const uint16_t masks[] = { 0, 0, 0xffff, 0xff00, 1 };
        uint8_t type = draw(2) ? INET_ADDR_IPV4 : INET_ADDR_IPV6;
        uint8_t bits = type == INET_ADDR_IPV4 ? 32 : 128;
        struct policy policy;

        memset(&policy, 0, sizeof(policy));
        policy.type = (uint8_t)(SPD_MAIN + (draw(4) == 0));
        policy.direction = (uint8_t)(DIRECTION_INBOUND + draw(3));
        policy.index = 8 * (number + 1) + policy.direction;
        policy.source = draw_address(type);
        policy.destination = draw_address(type);
        policy.source.prefix = draw(3) ? (uint8_t)(bits - draw(3)) : (uint8_t)draw(bits + 1u);
        policy.destination.prefix = draw(3) ? (uint8_t)(bits - draw(3)) : 0;
        policy.protocol = (uint8_t)(draw(2) ? 0 : draw(2) ? 6 : 17);
        policy.source_port = draw_port();
        policy.destination_port = draw_port();
        policy.source_port_mask = masks[draw(5)];
        policy.destination_port_mask = masks[draw(5)];
        policy.priority = draw(6);
        policy.position = number + 1;
        policy.if_index = draw(4) ? 0 : 1 + draw(2);
        policy.if_id = draw(8) ? 0 : 5;
        policy.mark_mask = draw(3) ? 0 : draw(2) ? UINT32_MAX : 6;
        policy.mark = policy.mark_mask ? draw(8) : 0; /* some have bits beyond the mask */
        return policy;
}

static struct packet draw_packet(void)
{
        uint8_t type = draw(2) ? INET_ADDR_IPV4 : INET_ADDR_IPV6;

        return (struct packet){
                .source = draw_address(type),
                .destination = draw_address(type),
                .ports = { draw_port(), draw_port() },
                .protocol = (uint8_t)(draw(2) ? 6 : 17),
                .mark = draw(3) ? 0 : draw(8),
                .if_index = draw(3),
                .if_id = draw(8) ? 0 : 5,
        };
}

/* ---- the kernel's words: __xfrm4_selector_match() and xfrm_policy_match(), bit by bit ---- */

static bool bits_agree(const struct inet_addr *network, const struct inet_addr *address)
{
        for (unsigned int bit = 0; bit < network->prefix; bit++)
                if ((network->octets[bit / 8] ^ address->octets[bit / 8]) & 0x80 >> bit % 8)
                        return false;
        return true;
}

static bool fits(const struct policy *p, const struct packet *packet)
{
        return p->source.type == packet->source.type && p->if_id == packet->if_id &&
               (packet->mark & p->mark_mask) == p->mark &&
               bits_agree(&p->source, &packet->source) &&
               bits_agree(&p->destination, &packet->destination) &&
               !((packet->ports.source ^ p->source_port) & p->source_port_mask) &&
               !((packet->ports.destination ^ p->destination_port) & p->destination_port_mask) &&
               (p->protocol == 0 || p->protocol == packet->protocol) &&
               (p->if_index == 0 || p->if_index == packet->if_index);
}

static bool is_before(const struct policy *a, const struct policy *b)
{
        return a->priority < b->priority ||
               (a->priority == b->priority && a->position < b->position);
}

static uint32_t search(const struct policy *policies, const bool *there, uint8_t type,
                       uint8_t direction, const struct packet *packet)
{
        const struct policy *best = NULL;

        for (size_t i = 0; i < POLICIES; i++)
                if (there[i] && policies[i].type == type && policies[i].direction == direction &&
                    fits(&policies[i], packet) && (!best || is_before(&policies[i], best)))
                        best = &policies[i];
        return best ? best->index : 0;
}

/* ---- tests ---- */

static unsigned int compare(struct spd *spd, const struct policy *policies, const bool *there)
{
        unsigned int found = 0;

        for (int i = 0; i < PACKETS; i++) {
                struct packet packet = draw_packet();
                uint8_t type = (uint8_t)(SPD_MAIN + (draw(4) == 0));
                uint8_t direction = (uint8_t)(DIRECTION_INBOUND + draw(3));
                uint32_t wanted = search(policies, there, type, direction, &packet);

                ck_assert_uint_eq(spd_find(spd, type, direction, &packet), wanted);
                found += wanted != 0;
        }
        return found;
}

START_TEST(test_random)
{
        struct policy policies[POLICIES];
        bool there[POLICIES] = { false };
        unsigned int found = 0;
        size_t n = 0;
        struct spd *spd = spd_new();

        seed = (uint64_t)_i + 1;
        for (uint32_t i = 0; i < POLICIES; i++) {
                policies[i] = draw_policy(i);
                there[i] = true;
                ck_assert_int_eq(spd_put(spd, &policies[i]), 0);
        }
        ck_assert_uint_eq(spd_count(spd), POLICIES);
        found += compare(spd, policies, there);
        for (uint32_t i = 0; i < POLICIES; i++) { /* a third goes, a third is another one */
                if (draw(3) == 0) {
                        spd_remove(spd, &policies[i]);
                        there[i] = false;
                } else if (draw(2) == 0) {
                        uint32_t index = policies[i].index;
                        uint8_t type = policies[i].type;

                        policies[i] = draw_policy(POLICIES + i);
                        policies[i].index = index;
                        policies[i].type = type;
                        ck_assert_int_eq(spd_put(spd, &policies[i]), 0);
                }
                n += there[i];
        }
        ck_assert_uint_eq(spd_count(spd), n);
        found += compare(spd, policies, there);
        ck_assert_uint_gt(found, PACKETS / 10); /* it was about something */
        for (uint32_t i = 0; i < POLICIES; i++)
                spd_remove(spd, &policies[i]);
        ck_assert_uint_eq(spd_count(spd), 0);
        memset(there, 0, sizeof(there));
        ck_assert_uint_eq(compare(spd, policies, there), 0);
        spd_free(spd);
}
END_TEST

START_TEST(test_impossible)
{
        struct policy policy = draw_policy(1);
        struct packet packet = draw_packet();
        struct spd *spd = spd_new();

        policy.source.prefix = policy.destination.prefix = 255; /* no kernel tells such */
        ck_assert_int_eq(spd_put(spd, &policy), 0);
        spd_find(spd, policy.type, policy.direction, &packet);
        policy.type = SPD_UNKNOWN;
        ck_assert_int_eq(spd_put(spd, &policy), 0);
        policy.type = SPD_MAIN;
        policy.direction = DIRECTION_UNKNOWN;
        ck_assert_int_eq(spd_put(spd, &policy), 0);
        ck_assert_uint_eq(spd_find(spd, SPD_UNKNOWN, DIRECTION_OUTBOUND, &packet), 0);
        ck_assert_uint_eq(spd_find(spd, SPD_MAIN, 0, &packet), 0);
        spd_free(spd);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("spd_lookup");

        tcase_add_loop_test(tcase, test_random, 0, ROUNDS);
        tcase_add_test(tcase, test_impossible);
        return run_suite("spd_lookup", tcase);
}
