#include "address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* Net-SNMP's names of transports over IP (snmpcmd(1), AGENT SPECIFICATION). */
static const char *const transports[] = {
        "udp",     "tcp",     "udp6",    "tcp6",   "udpv6", "tcpv6",
        "udpipv6", "tcpipv6", "dtlsudp", "tlstcp", "tls",   "dtls",
};

static const char *skip_transport(const char *address)
{
        for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
                size_t length = strlen(transports[i]);

                if (strncasecmp(address, transports[i], length) == 0 && address[length] == ':')
                        return address + length + 1;
        }
        return address;
}

/* Cuts the port, and the brackets of IPv6. */
static void cut_port(char *host)
{
        char *colon = strchr(host, ':');
        char *bracket = strchr(host, ']');

        if (host[0] == '[' && bracket) {
                *bracket = '\0';
                memmove(host, host + 1, strlen(host));
        } else if (colon && !strchr(colon + 1, ':')) {
                *colon = '\0';
        }
}

bool address_is_local(const char *address)
{
        char host[256];
        struct in_addr four;
        struct in6_addr six;

        if (address[0] == '/' || strncasecmp(address, "unix:", 5) == 0)
                return true;
        address = skip_transport(address);
        if (strlen(address) >= sizeof(host))
                return false;
        strcpy(host, address);
        cut_port(host);
        if (strcasecmp(host, "localhost") == 0)
                return true;
        if (inet_pton(AF_INET, host, &four) == 1)
                return ntohl(four.s_addr) >> 24 == 127;
        return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
