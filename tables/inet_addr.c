#include "inet_addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int family_of(const struct inet_addr *address)
{
        return address->type == INET_ADDR_IPV6 ? AF_INET6 : AF_INET;
}

void inet_addr_set(struct inet_addr *address, int family, const void *octets, uint8_t prefix)
{
        memset(address, 0, sizeof(*address));
        if (family != AF_INET && family != AF_INET6)
                return;
        address->type = family == AF_INET ? INET_ADDR_IPV4 : INET_ADDR_IPV6;
        address->prefix = prefix;
        memcpy(address->octets, octets, inet_addr_length(address));
}

size_t inet_addr_length(const struct inet_addr *address)
{
        switch (address->type) {
        case INET_ADDR_IPV4:
                return 4;
        case INET_ADDR_IPV6:
                return 16;
        default:
                return 0;
        }
}

bool inet_addr_contains(const struct inet_addr *network, const struct inet_addr *address)
{
        size_t whole = network->prefix / 8, bits = network->prefix % 8;
        uint8_t mask = (uint8_t)(0xff00u >> bits);

        if (network->prefix == 0)
                return true;
        if (network->type != address->type || whole > sizeof(network->octets) ||
            memcmp(network->octets, address->octets, whole) != 0)
                return false;
        return bits == 0 || ((network->octets[whole] ^ address->octets[whole]) & mask) == 0;
}

size_t inet_addr_text(const struct inet_addr *address, char text[INET_ADDR_TEXT_SIZE])
{
        text[0] = '\0';
        if (inet_addr_length(address) == 0)
                return 0;
        inet_ntop(family_of(address), address->octets, text, INET_ADDR_TEXT_SIZE);
        return strlen(text);
}

size_t inet_addr_prefix_text(const struct inet_addr *address, char text[INET_ADDR_TEXT_SIZE])
{
        size_t length = inet_addr_text(address, text);

        if (length == 0)
                return 0;
        return length + (size_t)snprintf(text + length, INET_ADDR_TEXT_SIZE - length, "/%u",
                                         address->prefix);
}

static bool parse_prefix(struct inet_addr *address, const char *text)
{
        char *end;
        unsigned long bits = strtoul(text, &end, 10);

        if (end == text || *end != '\0' || bits > 8 * inet_addr_length(address))
                return false;
        address->prefix = (uint8_t)bits;
        return true;
}

bool inet_addr_parse(struct inet_addr *address, const char *text, size_t length)
{
        char copy[INET_ADDR_TEXT_SIZE];
        char *slash;

        memset(address, 0, sizeof(*address));
        if (length == 0)
                return true;
        if (length >= sizeof(copy) || memchr(text, '\0', length))
                return false;
        memcpy(copy, text, length);
        copy[length] = '\0';
        slash = strchr(copy, '/');
        if (slash)
                *slash = '\0';
        address->type = strchr(copy, ':') ? INET_ADDR_IPV6 : INET_ADDR_IPV4;
        if (inet_pton(family_of(address), copy, address->octets) == 1 &&
            (!slash || parse_prefix(address, slash + 1)))
                return true;
        memset(address, 0, sizeof(*address));
        return false;
}
