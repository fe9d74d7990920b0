#include "messages.h"

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
