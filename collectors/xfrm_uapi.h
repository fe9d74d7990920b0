/*
 * The kernel's XFRM interface as far as this project reads it: linux/xfrm.h, and what later kernels
 * added to it, so that a build on an older system reads a newer kernel's messages.
 */
#ifndef IPSEC_REPORT_COLLECTORS_XFRM_UAPI_H
#define IPSEC_REPORT_COLLECTORS_XFRM_UAPI_H

#include <linux/ipsec.h>
#include <linux/netlink.h>
#include <linux/udp.h>
#include <linux/xfrm.h>

/* Attributes of enum xfrm_attr_type_t since Linux 5.19; the numbers are the kernel's. */
enum xfrm_later_attribute {
        XFRM_ATTRIBUTE_MTIMER_THRESH = 32,        /* u32, seconds */
        XFRM_ATTRIBUTE_SA_DIR = 33,               /* u8: 1 in, 2 out */
        XFRM_ATTRIBUTE_NAT_KEEPALIVE = 34,        /* u32, seconds */
        XFRM_ATTRIBUTE_SA_PCPU = 35,              /* u32 */
        XFRM_ATTRIBUTE_IPTFS_DROP_TIME = 36,      /* u32, microseconds */
        XFRM_ATTRIBUTE_IPTFS_REORDER_WINDOW = 37, /* u16 */
        XFRM_ATTRIBUTE_IPTFS_DONT_FRAG = 38,      /* no payload */
        XFRM_ATTRIBUTE_IPTFS_INIT_DELAY = 39,     /* u32, microseconds */
        XFRM_ATTRIBUTE_IPTFS_MAX_QSIZE = 40,      /* u32, octets */
        XFRM_ATTRIBUTE_IPTFS_PKT_SIZE = 41,       /* u32, octets */
        XFRM_ATTRIBUTE_MAX = 41,                  /* higher ones are passed over */
};

/* Flags of struct xfrm_user_offload, as Linux 6.2 has them. */
enum xfrm_later_offload_flag {
        XFRM_OFFLOAD_FLAG_INBOUND = 2,
        XFRM_OFFLOAD_FLAG_PACKET = 4,
};

/* Templates that a policy has at the most; not in the kernel's header for users. */
#define XFRM_MAX_DEPTH 6

/* A 32-bit build lays these out in another way than the kernel's messages are (sources of a 64-bit
 * kernel): refused when compiled. */
_Static_assert(sizeof(struct xfrm_usersa_info) == 224, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_usersa_id) == 24, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_user_expire) == 232, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_user_acquire) == 280, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_userpolicy_info) == 168, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_userpolicy_id) == 64, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_user_polexpire) == 176, "needs a 64-bit build");
_Static_assert(sizeof(struct xfrm_user_tmpl) == 64, "needs a 64-bit build");

#endif
