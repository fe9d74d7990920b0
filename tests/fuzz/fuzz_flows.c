/*
 * Whatever the octets are, as the kernel's sockets and tracked connections: no crash, no leak, and
 * nothing told but what a table can hold. The first octet chooses what they are read as.
 */
#include "collectors/conntrack.h"
#include "collectors/messages.h"
#include "collectors/sock_diag.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                abort();
}

static bool is_address(const struct inet_addr *address)
{
        return (address->type == INET_ADDR_IPV4 || address->type == INET_ADDR_IPV6) &&
               address->prefix == 0;
}

static void take_socket(const struct nlmsghdr *nlh, uint8_t protocol)
{
        struct socket_message s;

        if (sock_diag_parse(nlh, protocol, &s) == 0)
                must(is_address(&s.local) && is_address(&s.remote));
}

static void take_connection(const struct nlmsghdr *nlh)
{
        struct conntrack_message m;
        struct conntrack_tuple turned;

        if (conntrack_parse(nlh, &m) != 0)
                return;
        conntrack_turn(&m.original, &m.reply, &turned);
        must(is_address(&turned.source) && is_address(&turned.destination));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_RAW };
        struct messages messages;
        const struct nlmsghdr *nlh;
        char *octets;

        if (size < 1 || size > 1 << 20)
                return 0;
        octets = malloc(size);
        memcpy(octets, data + 1, size - 1);
        messages = (struct messages){ octets, size - 1 };
        while ((nlh = messages_next(&messages))) {
                if (data[0] % 4 == 3)
                        take_connection(nlh);
                else
                        take_socket(nlh, protocols[data[0] % 4]);
        }
        free(octets);
        return 0;
}
