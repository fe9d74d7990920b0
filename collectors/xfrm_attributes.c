#include "xfrm_attributes.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <string.h>

/* libmnl's own tail is rounded up to the next message, beyond what was received last. */
static const char *tail_of(const struct nlmsghdr *nlh)
{
        return (const char *)nlh + nlh->nlmsg_len;
}

/* The attribute at this place of the message, or NULL where none fits any more. */
static struct nlattr *attribute_at(const struct nlmsghdr *nlh, void *place)
{
        ptrdiff_t left = tail_of(nlh) - (const char *)place;

        return left <= INT_MAX && mnl_attr_ok(place, (int)left) ? place : NULL;
}

struct nlattr *attributes_first(const struct nlmsghdr *nlh, size_t header)
{
        return attribute_at(nlh, mnl_nlmsg_get_payload_offset(nlh, header));
}

struct nlattr *attributes_next(const struct nlmsghdr *nlh, const struct nlattr *attr)
{
        return attribute_at(nlh, mnl_attr_next(attr));
}

int attributes_find(const struct nlmsghdr *nlh, size_t header, struct attributes *a)
{
        const char *end = tail_of(nlh);
        const char *reached = mnl_nlmsg_get_payload_offset(nlh, header);

        memset(a, 0, sizeof(*a));
        if (mnl_nlmsg_get_payload_len(nlh) < header)
                return -EBADMSG;
        for (const struct nlattr *attr = attributes_first(nlh, header); attr;
             attr = attributes_next(nlh, attr)) {
                uint16_t type = mnl_attr_get_type(attr);

                if (type <= XFRM_ATTRIBUTE_MAX)
                        a->by_type[type] = attr;
                reached = (const char *)mnl_attr_next(attr);
        }
        /* The walk ends early at a length that does not fit. */
        return reached < end ? -EBADMSG : 0;
}

bool attributes_get(const struct attributes *a, unsigned int type, void *to, size_t size)
{
        const struct nlattr *attr = a->by_type[type];

        if (!attr || mnl_attr_get_payload_len(attr) < size)
                return false;
        memcpy(to, mnl_attr_get_payload(attr), size);
        return true;
}

uint32_t attributes_u32(const struct attributes *a, unsigned int type)
{
        uint32_t number;

        return attributes_get(a, type, &number, sizeof(number)) ? number : 0;
}

const char *attributes_security_context(const struct attributes *a,
                                        char text[SECURITY_CONTEXT_SIZE])
{
        const struct nlattr *attr = a->by_type[XFRMA_SEC_CTX];
        struct xfrm_user_sec_ctx context;
        size_t length;

        if (!attributes_get(a, XFRMA_SEC_CTX, &context, sizeof(context)))
                return NULL;
        length = mnl_attr_get_payload_len(attr) - sizeof(context);
        if (length > context.ctx_len)
                length = context.ctx_len;
        if (length > SECURITY_CONTEXT_SIZE - 1)
                length = SECURITY_CONTEXT_SIZE - 1;
        memcpy(text, (const char *)mnl_attr_get_payload(attr) + sizeof(context), length);
        text[length] = '\0';
        return text;
}

void attributes_mark(const struct attributes *a, uint32_t *mark, uint32_t *mask)
{
        struct xfrm_mark told = { 0 };

        attributes_get(a, XFRMA_MARK, &told, sizeof(told));
        *mark = told.v;
        *mask = told.m;
}

/* A limit of octets or packets: the kernel's "infinite" and 0 are none. */
static uint64_t limit(uint64_t value)
{
        return value == XFRM_INF ? 0 : value;
}

static uint32_t limit_seconds(uint64_t value)
{
        if (value == XFRM_INF)
                return 0;
        return value > INT32_MAX ? INT32_MAX : (uint32_t)value;
}

void xfrm_limits(const struct xfrm_lifetime_cfg *lft, struct sa_limits *hard,
                 struct sa_limits *soft)
{
        hard->octets = limit(lft->hard_byte_limit);
        hard->packets = limit(lft->hard_packet_limit);
        hard->add_seconds = limit_seconds(lft->hard_add_expires_seconds);
        hard->use_seconds = limit_seconds(lft->hard_use_expires_seconds);
        soft->octets = limit(lft->soft_byte_limit);
        soft->packets = limit(lft->soft_packet_limit);
        soft->add_seconds = limit_seconds(lft->soft_add_expires_seconds);
        soft->use_seconds = limit_seconds(lft->soft_use_expires_seconds);
}

int64_t xfrm_epoch(uint64_t seconds)
{
        return seconds > UINT32_MAX ? 0 : (int64_t)seconds;
}

uint8_t xfrm_mode(uint8_t mode)
{
        return mode + 1 < MODE_UNKNOWN ? (uint8_t)(mode + 1) : MODE_UNKNOWN;
}
