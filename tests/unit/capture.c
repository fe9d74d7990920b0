#include "config.h"

#include "capture.h"

#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>

char octets[1 << 16] __attribute__((aligned(8)));
size_t length;

void load(const char *folder, const char *file)
{
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s/%s", DATA, folder, file);
        f = fopen(path, "rb");
        ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
        length = fread(octets, 1, sizeof(octets), f);
        fclose(f);
        ck_assert_uint_gt(length, 0);
        ck_assert_uint_lt(length, sizeof(octets));
}

const struct nlmsghdr *next_message(const struct nlmsghdr *nlh, int *left)
{
        if (!nlh) {
                *left = (int)length;
                nlh = (const struct nlmsghdr *)octets;
        } else {
                nlh = mnl_nlmsg_next(nlh, left);
        }
        return mnl_nlmsg_ok(nlh, *left) ? nlh : NULL;
}
