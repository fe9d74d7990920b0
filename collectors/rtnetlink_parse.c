#include "rtnetlink_parse.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* The highest attribute that is read. */
#define MAXIMUM 32

/* Places in IFLA_INET_CONF, which begins with the first of linux/ip.h, and in IFLA_INET6_CONF,
 * which ends earlier before kernel 4.18. */
#define INET_DISABLE_XFRM (IPV4_DEVCONF_NOXFRM - 1)
#define INET_DISABLE_POLICY (IPV4_DEVCONF_NOPOLICY - 1)
#define INET6_DISABLE_POLICY DEVCONF_DISABLE_POLICY

/* NLA_TYPE_MASK, as an unsigned one. */
#define NESTED_TYPE_MASK 0x3fff

/* A run of octets within the message. */
struct octets {
        const char *at; /* NULL: not there */
        size_t length;
};

struct attributes {
        struct octets by_type[MAXIMUM + 1];
};

/* The header may stand at any place that is a multiple of 4; it is copied all the same. */
static int find_attributes(struct octets rest, struct attributes *a)
{
        memset(a, 0, sizeof(*a));
        while (rest.length >= sizeof(struct nlattr)) {
                struct nlattr attr;
                size_t step;

                memcpy(&attr, rest.at, sizeof(attr));
                attr.nla_type &= NESTED_TYPE_MASK;
                if (attr.nla_len < sizeof(struct nlattr) || attr.nla_len > rest.length)
                        return -EBADMSG;
                if (attr.nla_type <= MAXIMUM)
                        a->by_type[attr.nla_type] =
                                (struct octets){ rest.at + sizeof(struct nlattr),
                                                 (size_t)attr.nla_len - sizeof(struct nlattr) };
                step = ((size_t)attr.nla_len + 3) / 4 * 4;
                if (step > rest.length)
                        step = rest.length;
                rest.at += step;
                rest.length -= step;
        }
        return rest.length > 0 ? -EBADMSG : 0;
}

/* Copies the message's fixed part, and gives what stands behind it. */
static int split(const struct nlmsghdr *nlh, void *header, size_t size, struct octets *rest)
{
        size_t length = nlh->nlmsg_len - NLMSG_HDRLEN;
        const char *payload = (const char *)nlh + NLMSG_HDRLEN;

        if (nlh->nlmsg_len < NLMSG_HDRLEN || length < size)
                return -EBADMSG;
        memcpy(header, payload, size);
        *rest = (struct octets){ payload + size, length - size };
        return 0;
}

static uint32_t get_u32(struct octets octets, size_t place)
{
        uint32_t number;

        if (octets.length / sizeof(number) <= place)
                return 0;
        memcpy(&number, octets.at + place * sizeof(number), sizeof(number));
        return number;
}

/* What is longer than any name of an interface is none. */
static void get_name(struct octets octets, char name[IF_NAMESIZE])
{
        size_t length = octets.at ? strnlen(octets.at, octets.length) : 0;

        memset(name, 0, IF_NAMESIZE);
        if (length > 0 && length < IF_NAMESIZE)
                memcpy(name, octets.at, length);
}

static int get_families(struct octets octets, struct link_message *link)
{
        struct attributes families, family;
        int err = find_attributes(octets, &families);

        if (err < 0)
                return err;
        link->is_whole = true;
        if (families.by_type[AF_INET].at) {
                struct octets conf;

                err = find_attributes(families.by_type[AF_INET], &family);
                conf = family.by_type[IFLA_INET_CONF];
                link->tells_ipv4 = conf.length / sizeof(uint32_t) > INET_DISABLE_POLICY;
                link->disable_xfrm = get_u32(conf, INET_DISABLE_XFRM) != 0;
                link->disable_policy = get_u32(conf, INET_DISABLE_POLICY) != 0;
        }
        if (err == 0 && families.by_type[AF_INET6].at) {
                struct octets conf;

                err = find_attributes(families.by_type[AF_INET6], &family);
                conf = family.by_type[IFLA_INET6_CONF];
                link->tells_ipv6 = conf.length / sizeof(uint32_t) > INET6_DISABLE_POLICY;
                link->disable_policy6 = get_u32(conf, INET6_DISABLE_POLICY) != 0;
        }
        return err;
}

static bool is_text(struct octets octets, const char *text)
{
        size_t length = octets.at ? strnlen(octets.at, octets.length) : 0;

        return length == strlen(text) && length > 0 && memcmp(octets.at, text, length) == 0;
}

static int get_xfrm(struct octets octets, struct link_message *link)
{
        struct attributes info, data;
        int err = find_attributes(octets, &info);

        if (err < 0 || !is_text(info.by_type[IFLA_INFO_KIND], "xfrm"))
                return err;
        err = find_attributes(info.by_type[IFLA_INFO_DATA], &data);
        link->xfrm_link = get_u32(data.by_type[IFLA_XFRM_LINK], 0);
        link->xfrm_if_id = get_u32(data.by_type[IFLA_XFRM_IF_ID], 0);
        return err;
}

int rtnetlink_parse_link(const struct nlmsghdr *nlh, struct link_message *link)
{
        struct ifinfomsg info;
        struct attributes a;
        struct octets rest;
        int err = split(nlh, &info, sizeof(info), &rest);

        memset(link, 0, sizeof(*link));
        if (err < 0)
                return err;
        if (info.ifi_family != AF_UNSPEC)
                return RTNETLINK_OTHER;
        if (info.ifi_index <= 0)
                return -EBADMSG;
        err = find_attributes(rest, &a);
        link->if_index = (uint32_t)info.ifi_index;
        link->is_up = (info.ifi_flags & IFF_UP) != 0;
        get_name(a.by_type[IFLA_IFNAME], link->name);
        if (err == 0 && a.by_type[IFLA_AF_SPEC].at)
                err = get_families(a.by_type[IFLA_AF_SPEC], link);
        if (err == 0 && a.by_type[IFLA_LINKINFO].at)
                err = get_xfrm(a.by_type[IFLA_LINKINFO], link);
        return err;
}

static bool is_zero(struct octets octets)
{
        for (size_t i = 0; i < octets.length; i++)
                if (octets.at[i] != 0)
                        return false;
        return true;
}

/* 0.0.0.0 is none. */
static int get_address(struct octets octets, int family, uint8_t prefix, struct inet_addr *address)
{
        size_t length = family == AF_INET ? 4 : 16;

        if (is_zero(octets))
                return 0;
        if (octets.length < length || prefix > 8 * length)
                return -EBADMSG;
        inet_addr_set(address, family, octets.at, prefix);
        return 0;
}

/* IFA_LOCAL is our own where there is a peer, which IFA_ADDRESS then is; IPv6 without one has just
 * the latter. */
int rtnetlink_parse_address(const struct nlmsghdr *nlh, struct address_message *address)
{
        struct ifaddrmsg header;
        struct attributes a;
        struct octets rest, local;
        int err = split(nlh, &header, sizeof(header), &rest);

        memset(address, 0, sizeof(*address));
        if (err < 0)
                return err;
        if (header.ifa_family != AF_INET && header.ifa_family != AF_INET6)
                return RTNETLINK_OTHER;
        if (header.ifa_index == 0 || header.ifa_index > INT32_MAX)
                return -EBADMSG;
        err = find_attributes(rest, &a);
        local = a.by_type[a.by_type[IFA_LOCAL].at ? IFA_LOCAL : IFA_ADDRESS];
        address->if_index = header.ifa_index;
        get_name(a.by_type[IFA_LABEL], address->label);
        if (err == 0)
                err = get_address(local, header.ifa_family, 0, &address->address);
        if (err == 0)
                err = get_address(a.by_type[IFA_ADDRESS], header.ifa_family, header.ifa_prefixlen,
                                  &address->network);
        return err;
}
