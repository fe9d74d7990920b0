#include "netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_SIZE 512

/* Without the privilege the kernel's limit net.core.rmem_max holds. */
static int set_socket_buffer(int fd, uint32_t octets)
{
        int size = octets > INT32_MAX / 2 ? INT32_MAX / 2 : (int)octets;

        if (octets == 0)
                return 0;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0)
                return 0;
        return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0 ? 0 : -errno;
}

/* What cannot be locked is wiped all the same. */
static int allocate_buffer(struct netlink *nl)
{
        nl->buffer = mmap(NULL, NETLINK_BUFFER_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (nl->buffer == MAP_FAILED) {
                nl->buffer = NULL;
                return -errno;
        }
        mlock(nl->buffer, NETLINK_BUFFER_SIZE);
        madvise(nl->buffer, NETLINK_BUFFER_SIZE, MADV_DONTDUMP);
        return 0;
}

int netlink_open(struct netlink *nl, int bus, uint32_t socket_buffer)
{
        struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        int err;

        nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, bus);
        if (nl->fd < 0)
                return -errno;
        err = set_socket_buffer(nl->fd, socket_buffer);
        if (err == 0 && bind(nl->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                err = -errno;
        if (err == 0)
                err = allocate_buffer(nl);
        if (err < 0)
                netlink_close(nl);
        return err;
}

void netlink_close(struct netlink *nl)
{
        if (nl->fd >= 0)
                close(nl->fd);
        if (nl->buffer)
                munmap(nl->buffer, NETLINK_BUFFER_SIZE);
        nl->fd = -1;
        nl->buffer = NULL;
}

int netlink_join(struct netlink *nl, uint32_t group)
{
        if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
                return -errno;
        return 0;
}

int netlink_request(struct netlink *nl, uint16_t type, uint16_t flags, const void *payload,
                    size_t length)
{
        char octets[REQUEST_SIZE] __attribute__((aligned(8))) = { 0 };
        struct nlmsghdr *nlh = mnl_nlmsg_put_header(octets);

        if (length > sizeof(octets) - NLMSG_HDRLEN)
                return -EMSGSIZE;
        nlh->nlmsg_type = type;
        nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
        nlh->nlmsg_seq = ++nl->sequence;
        if (length > 0)
                memcpy(mnl_nlmsg_put_extra_header(nlh, length), payload, length);
        return send(nl->fd, nlh, nlh->nlmsg_len, 0) < 0 ? -errno : 0;
}

ssize_t netlink_receive(struct netlink *nl)
{
        struct sockaddr_nl from = { 0 };
        struct iovec iov = { .iov_base = nl->buffer, .iov_len = NETLINK_BUFFER_SIZE };
        struct msghdr message = {
                .msg_name = &from,
                .msg_namelen = sizeof(from),
                .msg_iov = &iov,
                .msg_iovlen = 1,
        };
        ssize_t length = recvmsg(nl->fd, &message, MSG_DONTWAIT);

        if (length < 0)
                return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
        if (from.nl_pid != 0 || message.msg_flags & MSG_TRUNC) {
                netlink_wipe(nl, NETLINK_BUFFER_SIZE);
                return from.nl_pid != 0 ? 0 : -EMSGSIZE;
        }
        return length;
}

bool netlink_has_more(const struct netlink *nl)
{
        struct pollfd poll_fd = { .fd = nl->fd, .events = POLLIN };

        return poll(&poll_fd, 1, 0) > 0;
}

void netlink_wipe(struct netlink *nl, size_t length)
{
        explicit_bzero(nl->buffer, length);
}
