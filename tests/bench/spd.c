/*
 * spd [POLICIES [PACKETS]]: how long it takes to find the policy of each packet, beside a search
 * that goes through all of them. One line: microseconds by the lookup, by the search, and their
 * ratio.
 */
#include "joins/spd_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The search is so slow that a part of the packets must do. */
#define SEARCHED_PART 20

static uint32_t state = 1;

static uint32_t draw(uint32_t below)
{
        state = state * 1664525u + 1013904223u;
        return (state >> 8) % below;
}

/* Gateways with networks behind them, hosts with services, some exceptions. */
static struct policy make_policy(uint32_t number)
{
        static const uint8_t bits[] = { 8, 16, 20, 24, 28, 30, 32 };
        struct policy p;

        memset(&p, 0, sizeof(p));
        p.type = SPD_MAIN;
        p.direction = DIRECTION_OUTBOUND;
        p.index = 8 * (number + 1) + 1;
        p.source = (struct inet_addr){ INET_ADDR_IPV4, bits[draw(7)], { 10, (uint8_t)draw(8) } };
        p.destination = (struct inet_addr){ INET_ADDR_IPV4,
                                            bits[1 + draw(6)],
                                            { 172, (uint8_t)draw(32), (uint8_t)draw(256),
                                              (uint8_t)draw(256) } };
        if (draw(4) == 0) {
                p.protocol = draw(2) ? 6 : 17;
                p.destination_port = (uint16_t)(20 + draw(60));
                p.destination_port_mask = UINT16_MAX;
        }
        p.priority = 1000 + 100 * (64u - p.source.prefix - p.destination.prefix) + draw(50);
        p.position = number;
        return p;
}

static struct packet make_packet(void)
{
        return (struct packet){
                .source = { INET_ADDR_IPV4,
                            0,
                            { 10, (uint8_t)draw(8), (uint8_t)draw(4), (uint8_t)draw(256) } },
                .destination = { INET_ADDR_IPV4,
                                 0,
                                 { 172, (uint8_t)draw(32), (uint8_t)draw(256),
                                   (uint8_t)draw(256) } },
                .ports = { (uint16_t)(1024 + draw(60000)), (uint16_t)(20 + draw(60)) },
                .protocol = draw(2) ? 6 : 17,
        };
}

static uint32_t word_of(const struct inet_addr *address)
{
        uint32_t word = 0;

        for (int i = 0; i < 4; i++)
                word = word << 8 | address->octets[i];
        return word;
}

static bool within(const struct inet_addr *network, const struct inet_addr *address)
{
        uint32_t mask = network->prefix ? UINT32_MAX << (32 - network->prefix) : 0;

        return ((word_of(network) ^ word_of(address)) & mask) == 0;
}

static uint32_t search(const struct policy *policies, uint32_t n, const struct packet *packet)
{
        const struct policy *best = NULL;

        for (uint32_t i = 0; i < n; i++) {
                const struct policy *p = &policies[i];

                if (best && p->priority >= best->priority)
                        continue;
                if (within(&p->source, &packet->source) &&
                    within(&p->destination, &packet->destination) &&
                    (p->protocol == 0 || p->protocol == packet->protocol) &&
                    ((p->destination_port ^ packet->ports.destination) &
                     p->destination_port_mask) == 0)
                        best = p;
        }
        return best ? best->index : 0;
}

static double now(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
        uint32_t n_policies = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000;
        uint32_t n_packets = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100000;
        struct policy *policies = calloc(n_policies + 1u, sizeof(*policies));
        struct packet *packets = calloc(n_packets + 1u, sizeof(*packets));
        struct spd *spd = spd_new();
        uint32_t found = 0, differ = 0;
        double begin, filled, looked_up, searched;

        if (!policies || !packets || !spd)
                return EXIT_FAILURE;
        for (uint32_t i = 0; i < n_policies; i++)
                policies[i] = make_policy(i);
        for (uint32_t i = 0; i < n_packets; i++)
                packets[i] = make_packet();
        begin = now();
        for (uint32_t i = 0; i < n_policies; i++)
                if (spd_put(spd, &policies[i]) < 0)
                        return EXIT_FAILURE;
        filled = now() - begin;
        begin = now();
        for (uint32_t i = 0; i < n_packets; i++)
                found += spd_find(spd, SPD_MAIN, DIRECTION_OUTBOUND, &packets[i]) != 0;
        looked_up = now() - begin;
        begin = now();
        for (uint32_t i = 0; i < n_packets / SEARCHED_PART; i++)
                differ += search(policies, n_policies, &packets[i]) !=
                          spd_find(spd, SPD_MAIN, DIRECTION_OUTBOUND, &packets[i]);
        searched = (now() - begin) * SEARCHED_PART;
        printf("%u policies put in %.0f us; %u packets (%u protected): lookup %.0f us, search %.0f "
               "us, "
               "ratio %.0f; %u differ\n",
               n_policies, filled, n_packets, found, looked_up, searched, searched / looked_up,
               differ);
        spd_free(spd);
        free(packets);
        free(policies);
        return differ == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
