#include "conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

/* NLA_TYPE_MASK, as an unsigned one. */
#define ATTRIBUTE_TYPE_MASK 0x3fff

/* The highest attribute that is read at any level. */
#define MAXIMUM 16

/* A run of octets within the message. */
struct octets {
        const char *at; /* NULL: not there */
        size_t length;
};

struct attributes {
        struct octets by_type[MAXIMUM + 1];
};

static int find_attributes(struct octets rest, struct attributes *a)
{
        memset(a, 0, sizeof(*a));
        while (rest.length >= sizeof(struct nlattr)) {
                struct nlattr attr;
                uint16_t type;
                size_t step;

                memcpy(&attr, rest.at, sizeof(attr));
                type = attr.nla_type & ATTRIBUTE_TYPE_MASK;
                if (attr.nla_len < sizeof(attr) || attr.nla_len > rest.length)
                        return -EBADMSG;
                if (type <= MAXIMUM)
                        a->by_type[type] = (struct octets){ rest.at + sizeof(attr),
                                                            attr.nla_len - sizeof(attr) };
                step = NLMSG_ALIGN((size_t)attr.nla_len);
                if (step > rest.length)
                        step = rest.length;
                rest.at += step;
                rest.length -= step;
        }
        return rest.length > 0 ? -EBADMSG : 0;
}

static uint8_t get_u8(const struct attributes *a, int type)
{
        struct octets octets = a->by_type[type];

        return octets.length > 0 ? (uint8_t)octets.at[0] : 0;
}

/* In network order, as all of ctnetlink. */
static uint16_t get_u16(const struct attributes *a, int type)
{
        struct octets octets = a->by_type[type];
        uint16_t number = 0;

        if (octets.length >= sizeof(number))
                memcpy(&number, octets.at, sizeof(number));
        return ntohs(number);
}

static uint32_t get_u32(const struct attributes *a, int type)
{
        struct octets octets = a->by_type[type];
        uint32_t number = 0;

        if (octets.length >= sizeof(number))
                memcpy(&number, octets.at, sizeof(number));
        return ntohl(number);
}

static bool get_address(const struct attributes *a, int v4, int v6, struct inet_addr *address)
{
        if (a->by_type[v4].length >= 4)
                inet_addr_set(address, AF_INET, a->by_type[v4].at, 0);
        else if (a->by_type[v6].length >= 16)
                inet_addr_set(address, AF_INET6, a->by_type[v6].at, 0);
        return address->type != INET_ADDR_UNKNOWN;
}

static void get_protocol(const struct attributes *a, struct conntrack_tuple *tuple)
{
        tuple->protocol = get_u8(a, CTA_PROTO_NUM);
        switch (tuple->protocol) {
        case IPPROTO_ICMP:
                tuple->ports.source = get_u8(a, CTA_PROTO_ICMP_TYPE);
                tuple->ports.destination = get_u8(a, CTA_PROTO_ICMP_CODE);
                break;
        case IPPROTO_ICMPV6:
                tuple->ports.source = get_u8(a, CTA_PROTO_ICMPV6_TYPE);
                tuple->ports.destination = get_u8(a, CTA_PROTO_ICMPV6_CODE);
                break;
        case IPPROTO_TCP:
        case IPPROTO_UDP:
        case IPPROTO_UDPLITE:
        case IPPROTO_SCTP:
        case IPPROTO_DCCP:
                tuple->source_port = get_u16(a, CTA_PROTO_SRC_PORT);
                tuple->destination_port = get_u16(a, CTA_PROTO_DST_PORT);
                tuple->ports.source = tuple->source_port;
                tuple->ports.destination = tuple->destination_port;
                break;
        default:
                break; /* what tracking has for ports of GRE is no key of GRE */
        }
}

static int get_tuple(struct octets octets, struct conntrack_tuple *tuple)
{
        struct attributes a, part;
        int err = find_attributes(octets, &a);

        if (err == 0)
                err = find_attributes(a.by_type[CTA_TUPLE_IP], &part);
        if (err < 0)
                return err;
        if (!get_address(&part, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &tuple->source) ||
            !get_address(&part, CTA_IP_V4_DST, CTA_IP_V6_DST, &tuple->destination) ||
            tuple->source.type != tuple->destination.type)
                return -EBADMSG;
        err = find_attributes(a.by_type[CTA_TUPLE_PROTO], &part);
        if (err == 0)
                get_protocol(&part, tuple);
        return err;
}

/* A TCP connection that both have closed is remembered for two minutes more. */
static int find_end(const struct attributes *a, bool *ended)
{
        struct attributes info, tcp;
        int err = find_attributes(a->by_type[CTA_PROTOINFO], &info);

        *ended = (get_u32(a, CTA_STATUS) & IPS_DYING) != 0;
        if (err == 0)
                err = find_attributes(info.by_type[CTA_PROTOINFO_TCP], &tcp);
        if (err == 0 && tcp.by_type[CTA_PROTOINFO_TCP_STATE].length > 0) {
                uint8_t state = get_u8(&tcp, CTA_PROTOINFO_TCP_STATE);

                *ended = *ended || state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
        }
        return err;
}

int conntrack_parse(const struct nlmsghdr *nlh, struct conntrack_message *m)
{
        const char *payload = (const char *)nlh + NLMSG_HDRLEN;
        const size_t header = NLMSG_ALIGN(sizeof(struct nfgenmsg));
        struct attributes a;
        bool ended = false;
        int err;

        memset(m, 0, sizeof(*m));
        if (nlh->nlmsg_type != CONNTRACK_NEW)
                return CONNTRACK_OTHER;
        if (nlh->nlmsg_len < NLMSG_HDRLEN + header)
                return -EBADMSG;
        err = find_attributes(
                (struct octets){ payload + header, nlh->nlmsg_len - NLMSG_HDRLEN - header }, &a);
        if (err == 0)
                err = get_tuple(a.by_type[CTA_TUPLE_ORIG], &m->original);
        if (err == 0)
                err = get_tuple(a.by_type[CTA_TUPLE_REPLY], &m->reply);
        if (err == 0)
                err = find_end(&a, &ended);
        if (err < 0)
                return err;
        return ended ? CONNTRACK_OTHER : 0;
}

/* A reply to ICMP is of another type, so that the packet keeps its own. */
void conntrack_turn(const struct conntrack_tuple *tuple, const struct conntrack_tuple *other,
                    struct conntrack_tuple *turned)
{
        *turned = *tuple;
        turned->source = other->destination;
        turned->destination = other->source;
        turned->source_port = other->destination_port;
        turned->destination_port = other->source_port;
        if (tuple->protocol != IPPROTO_ICMP && tuple->protocol != IPPROTO_ICMPV6)
                turned->ports =
                        (struct flow_ports){ turned->source_port, turned->destination_port };
}
