#include "sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

/* NLA_TYPE_MASK, as an unsigned one. */
#define ATTRIBUTE_TYPE_MASK 0x3fff

static bool is_dead(const struct inet_diag_msg *m)
{
        return m->idiag_state == TCP_LISTEN || m->idiag_state == TCP_TIME_WAIT ||
               m->idiag_state == TCP_CLOSE;
}

static bool is_mapped(const __be32 words[4])
{
        return words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff);
}

static void set_ends(const struct inet_diag_msg *m, struct socket_message *socket)
{
        const struct inet_diag_sockid *id = &m->id;

        if (m->idiag_family == AF_INET6 && is_mapped(id->idiag_src) && is_mapped(id->idiag_dst)) {
                inet_addr_set(&socket->local, AF_INET, &id->idiag_src[3], 0);
                inet_addr_set(&socket->remote, AF_INET, &id->idiag_dst[3], 0);
                return;
        }
        inet_addr_set(&socket->local, m->idiag_family, id->idiag_src, 0);
        inet_addr_set(&socket->remote, m->idiag_family, id->idiag_dst, 0);
}

static bool is_none(const struct inet_addr *address)
{
        static const uint8_t none[sizeof(address->octets)];

        return memcmp(address->octets, none, sizeof(none)) == 0;
}

/* The attributes behind the fixed part. */
static int read_attributes(const char *at, size_t left, struct socket_message *socket)
{
        while (left >= sizeof(struct nlattr)) {
                struct nlattr attr;
                size_t length, step;

                memcpy(&attr, at, sizeof(attr));
                if (attr.nla_len < sizeof(attr) || attr.nla_len > left)
                        return -EBADMSG;
                length = attr.nla_len - sizeof(attr);
                switch (attr.nla_type & ATTRIBUTE_TYPE_MASK) {
                case INET_DIAG_MARK:
                        if (length < sizeof(socket->mark))
                                return -EBADMSG;
                        memcpy(&socket->mark, at + sizeof(attr), sizeof(socket->mark));
                        break;
                case INET_DIAG_PROTOCOL:
                        if (length < sizeof(socket->protocol))
                                return -EBADMSG;
                        if (socket->protocol == IPPROTO_RAW)
                                memcpy(&socket->protocol, at + sizeof(attr),
                                       sizeof(socket->protocol));
                        break;
                default:
                        break;
                }
                step = NLMSG_ALIGN((size_t)attr.nla_len);
                if (step > left)
                        step = left;
                at += step;
                left -= step;
        }
        return left > 0 ? -EBADMSG : 0;
}

int sock_diag_parse(const struct nlmsghdr *nlh, uint8_t protocol, struct socket_message *socket)
{
        const char *payload = (const char *)nlh + NLMSG_HDRLEN;
        struct inet_diag_msg m;
        int err;

        memset(socket, 0, sizeof(*socket));
        if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
                return SOCK_DIAG_OTHER;
        if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(m))
                return -EBADMSG;
        memcpy(&m, payload, sizeof(m));
        socket->protocol = protocol;
        err = read_attributes(payload + sizeof(m), nlh->nlmsg_len - NLMSG_HDRLEN - sizeof(m),
                              socket);
        if (err < 0)
                return err;
        if ((m.idiag_family != AF_INET && m.idiag_family != AF_INET6) || is_dead(&m))
                return SOCK_DIAG_OTHER;
        set_ends(&m, socket);
        socket->if_index = m.id.idiag_if;
        if (protocol != IPPROTO_RAW) {
                socket->local_port = ntohs(m.id.idiag_sport);
                socket->remote_port = ntohs(m.id.idiag_dport);
        } else if (socket->protocol == IPPROTO_RAW && ntohs(m.id.idiag_sport) < IPPROTO_RAW) {
                socket->protocol = (uint8_t)ntohs(m.id.idiag_sport); /* the kernel's place for it */
        }
        return is_none(&socket->remote) ? SOCK_DIAG_OTHER : 0;
}
