#include "messages.h"

#include <stdint.h>

struct nlmsghdr *messages_next(struct messages *m)
{
        struct nlmsghdr *nlh = (struct nlmsghdr *)m->at;
        size_t step;

        if (m->left < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > m->left)
                return NULL;
        step = NLMSG_ALIGN((size_t)nlh->nlmsg_len);
        if (step > m->left)
                step = m->left;
        m->at += step;
        m->left -= step;
        return nlh;
}

bool messages_each(const void *octets, size_t length,
                   void (*handle)(void *context, const struct nlmsghdr *nlh), void *context)
{
        struct messages messages = { (char *)(uintptr_t)octets, length };
        const struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages)))
                handle(context, nlh);
        return messages.left == 0;
}
