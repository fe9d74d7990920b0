#include "sa_lookup.h"

#include <string.h>

bool address_same(const struct inet_addr *a, const struct inet_addr *b)
{
        return a->type == b->type && memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

bool address_is_any(const struct inet_addr *address)
{
        static const uint8_t none[sizeof(address->octets)];

        return memcmp(address->octets, none, sizeof(none)) == 0;
}

bool address_within(const struct inet_addr *network, const struct inet_addr *address)
{
        size_t whole = network->prefix / 8, bits = network->prefix % 8;
        uint8_t mask = (uint8_t)(0xff00u >> bits);

        if (network->prefix == 0)
                return true;
        if (whole >= sizeof(address->octets))
                return address_same(network, address);
        if (network->type != address->type || memcmp(network->octets, address->octets, whole) != 0)
                return false;
        return bits == 0 || ((network->octets[whole] ^ address->octets[whole]) & mask) == 0;
}

static size_t put_address(const struct inet_addr *address, uint32_t *oid)
{
        size_t length = inet_addr_length(address);

        oid[0] = (uint32_t)length;
        for (size_t i = 0; i < length; i++)
                oid[i + 1] = address->octets[i];
        return length + 1;
}

static bool fits(const struct sa_ends *ends, const struct ipsec_sa *sa)
{
        return sa->reqid == ends->reqid && sa->protocol == ends->protocol &&
               sa->mode == ends->mode &&
               (!ends->destination || address_same(ends->destination, &sa->destination)) &&
               (!ends->source || address_same(ends->source, &sa->source));
}

const struct ipsec_sa *sa_next(struct table *sas, const struct sa_ends *ends,
                               const struct ipsec_sa *sa)
{
        uint32_t oid[INDEX_MAX] = { ends->reqid, ends->protocol, ends->mode };
        size_t n = 3;

        if (sa) {
                n = index_encode(&sa_by_ends_type, sa, oid);
        } else if (ends->destination) {
                n += put_address(ends->destination, oid + n);
                if (ends->source)
                        n += put_address(ends->source, oid + n);
        }
        sa = table_next(sas, &sa_by_ends_type, oid, n, false);
        return sa && fits(ends, sa) ? sa : NULL;
}

bool sa_is_usable(const struct ipsec_sa *sa)
{
        return sa->state == SA_MATURE || sa->state == SA_DYING;
}
