/* The kernel's messages about links and addresses: as recorded, made by hand, and damaged. */
#include "config.h"

#include "collectors/interfaces.h"
#include "collectors/links.h"
#include "collectors/messages.h"
#include "collectors/rtnetlink_parse.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define RECORDED 1795500116

static struct loop *loop;
static struct store *store;
static struct links links;

static char octets[1 << 16] __attribute__((aligned(8)));
static size_t length;

/* How often the table told of each kind of event, and why a row went last. */
static struct {
        unsigned int count[3];
        enum table_reason reason;
} told;

static void heard(void *context, enum table_event event, enum table_reason reason,
                  const void *before, const void *after)
{
        (void)context;
        (void)before;
        (void)after;
        told.count[event]++;
        if (event == TABLE_REMOVED)
                told.reason = reason;
}

static void setup(void)
{
        loop = fake_loop_new(RECORDED);
        store = store_new();
        links_init(&links, store);
        memset(&told, 0, sizeof(told));
        table_subscribe(links.table, heard, NULL);
}

static void teardown(void)
{
        links_free(&links);
        store_free(store);
        fake_loop_free(loop);
}

static void load(const char *file)
{
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/links/%s", DATA, file);
        f = fopen(path, "rb");
        ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
        length = fread(octets, 1, sizeof(octets), f);
        fclose(f);
        ck_assert_uint_gt(length, 0);
        ck_assert_uint_lt(length, sizeof(octets));
}

static void read_file(const char *file)
{
        struct messages messages;
        const struct nlmsghdr *nlh;

        load(file);
        messages = (struct messages){ octets, length };
        while ((nlh = messages_next(&messages)))
                ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_DUMP), 0);
}

static void read_recording(void)
{
        links_sweep_begin(&links);
        read_file(STREAM_LINK_DUMP);
        read_file(STREAM_ADDRESS_DUMP);
        links_sweep_end(&links);
}

static const struct interface *row_of(uint32_t if_index, const char *address)
{
        struct interface key = { .if_index = if_index };

        ck_assert(inet_addr_parse(&key.address, address, strlen(address)));
        return table_find(links.table, &key);
}

static size_t n_rows(void)
{
        return table_count(links.table);
}

/* ---- messages made by hand ---- */

static struct nlmsghdr *new_message(uint16_t type)
{
        static char message[4096] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = mnl_nlmsg_put_header(message);

        nlh->nlmsg_type = type;
        return nlh;
}

static void put_conf(struct nlmsghdr *nlh, uint32_t no_xfrm, uint32_t no_policy,
                     uint32_t no_policy6)
{
        uint32_t conf[33] = { [14] = no_xfrm, [15] = no_policy }, conf6[60] = { [48] = no_policy6 };
        struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC), *family;

        family = mnl_attr_nest_start(nlh, AF_INET);
        mnl_attr_put(nlh, IFLA_INET_CONF, sizeof(conf), conf);
        mnl_attr_nest_end(nlh, family);
        family = mnl_attr_nest_start(nlh, AF_INET6);
        mnl_attr_put(nlh, IFLA_INET6_CONF, sizeof(conf6), conf6);
        mnl_attr_nest_end(nlh, family);
        mnl_attr_nest_end(nlh, spec);
}

static struct nlmsghdr *link_header(uint16_t type, uint8_t family, int if_index, const char *name,
                                    unsigned int flags)
{
        struct nlmsghdr *nlh = new_message(type);
        struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

        info->ifi_family = family;
        info->ifi_index = if_index;
        info->ifi_flags = flags;
        mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
        return nlh;
}

static const struct nlmsghdr *link_is(int if_index, const char *name, unsigned int flags,
                                      uint32_t no_xfrm, uint32_t no_policy, uint32_t no_policy6)
{
        struct nlmsghdr *nlh = link_header(RTM_NEWLINK, AF_UNSPEC, if_index, name, flags);

        put_conf(nlh, no_xfrm, no_policy, no_policy6);
        return nlh;
}

static const struct nlmsghdr *address_is(uint16_t type, uint32_t if_index, const char *address,
                                         uint8_t prefix, const char *label)
{
        int family = strchr(address, ':') ? AF_INET6 : AF_INET;
        struct nlmsghdr *nlh = new_message(type);
        struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
        uint8_t numbers[16];

        header->ifa_family = (uint8_t)family;
        header->ifa_prefixlen = prefix;
        header->ifa_index = if_index;
        ck_assert_int_eq(inet_pton(family, address, numbers), 1);
        mnl_attr_put(nlh, IFA_ADDRESS, family == AF_INET ? 4 : 16, numbers);
        if (family == AF_INET)
                mnl_attr_put(nlh, IFA_LOCAL, 4, numbers);
        if (label)
                mnl_attr_put_strz(nlh, IFA_LABEL, label);
        return nlh;
}

static void event(const struct nlmsghdr *nlh)
{
        ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_EVENT), 0);
}

static void dumped(const struct nlmsghdr *nlh)
{
        ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_DUMP), 0);
}

/* An empty machine, read in full. */
static void read_nothing(void)
{
        links_sweep_begin(&links);
        links_sweep_end(&links);
}

/* ---- tests ---- */

static void is_row(uint32_t if_index, const char *address, const char *name, uint8_t state,
                   uint16_t settings)
{
        const struct interface *row = row_of(if_index, address);

        ck_assert_msg(row != NULL, "%u %s is not there", if_index, address);
        ck_assert_str_eq(row->name, name);
        ck_assert_uint_eq(row->state, state);
        ck_assert_uint_eq(row->settings, settings);
        ck_assert_uint_eq(row->ipsec, INTERFACE_IPSEC_UNKNOWN); /* a join's word */
}

/* The truth stands in link.txt, addr.txt and sysctl.txt beside the recording. */
START_TEST(test_recording)
{
        const uint16_t both = REASON_DISABLE_XFRM | REASON_DISABLE_POLICY;

        read_recording();
        ck_assert_uint_eq(n_rows(), 9);
        is_row(1, "127.0.0.1", "lo", INTERFACE_UP, both);
        is_row(1, "::1", "lo", INTERFACE_UP, 0);
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, 0);
        is_row(2, "198.51.100.1", "d0:1", INTERFACE_UP, 0);
        is_row(2, "2001:db8::1", "d0", INTERFACE_UP, 0);
        is_row(2, "fe80::68e9:faff:fea7:2f36", "d0", INTERFACE_UP, 0);
        is_row(3, "203.0.113.1", "d1", INTERFACE_DOWN, both);
        is_row(4, "10.9.0.1", "xf1", INTERFACE_UP, 0);
        ck_assert_uint_eq(row_of(4, "10.9.0.1")->xfrm_if_id, 7);
        ck_assert_uint_eq(row_of(4, "10.9.0.1")->xfrm_link, 2);
        ck_assert_uint_eq(row_of(2, "192.0.2.1")->xfrm_if_id, 0);
        ck_assert_uint_eq(told.count[TABLE_REMOVED], 0); /* none was without an address first */
        read_recording();
        ck_assert_uint_eq(told.count[TABLE_ADDED], 9);
        ck_assert_uint_eq(told.count[TABLE_REMOVED] + told.count[TABLE_CHANGED], 0);
}
END_TEST

START_TEST(test_bare_links)
{
        read_nothing();
        event(link_is(5, "eth5", 0, 0, 0, 0));
        is_row(5, "", "eth5", INTERFACE_DOWN, 0);
        event(address_is(RTM_NEWADDR, 5, "192.0.2.5", 24, "eth5"));
        ck_assert_ptr_null(row_of(5, ""));
        event(address_is(RTM_NEWADDR, 5, "2001:db8::5", 64, NULL));
        ck_assert_uint_eq(n_rows(), 2);
        event(address_is(RTM_DELADDR, 5, "192.0.2.5", 24, "eth5"));
        ck_assert_uint_eq(n_rows(), 1);
        event(address_is(RTM_DELADDR, 5, "2001:db8::5", 64, NULL));
        is_row(5, "", "eth5", INTERFACE_DOWN, 0);
        event(address_is(RTM_DELADDR, 5, "2001:db8::5", 64, NULL)); /* once more */
        event(address_is(RTM_NEWADDR, 5, "0.0.0.0", 0, "eth5"));
        ck_assert_uint_eq(n_rows(), 1);
        event(link_header(RTM_DELLINK, AF_UNSPEC, 5, "eth5", 0));
        ck_assert_uint_eq(n_rows(), 0);
        ck_assert_int_eq(told.reason, TABLE_DELETED);
        event(link_header(RTM_DELLINK, AF_UNSPEC, 5, "eth5", 0));
}
END_TEST

/* disable_xfrm, disable_policy, each for itself; IPv6 has but the latter. */
START_TEST(test_ipsec)
{
        read_nothing();
        event(link_is(2, "d0", IFF_UP, 1, 0, 0));
        is_row(2, "", "d0", INTERFACE_UP, REASON_DISABLE_XFRM);
        event(address_is(RTM_NEWADDR, 2, "192.0.2.1", 24, "d0"));
        event(address_is(RTM_NEWADDR, 2, "2001:db8::1", 64, NULL));
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, REASON_DISABLE_XFRM);
        is_row(2, "2001:db8::1", "d0", INTERFACE_UP, 0);
        event(link_is(2, "d0", IFF_UP, 0, 1, 1));
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, REASON_DISABLE_POLICY);
        is_row(2, "2001:db8::1", "d0", INTERFACE_UP, REASON_DISABLE_POLICY);
        event(link_is(2, "d0", 0, 1, 1, 0));
        is_row(2, "192.0.2.1", "d0", INTERFACE_DOWN, REASON_DISABLE_XFRM | REASON_DISABLE_POLICY);
}
END_TEST

/* net.*.conf.all counts for every interface. */
START_TEST(test_all_interfaces)
{
        struct all_conf all = { .disable_xfrm = true, .disable_policy6 = true };

        read_recording();
        ck_assert_int_eq(links_set_all(&links, &all), 0);
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, REASON_DISABLE_XFRM);
        is_row(2, "2001:db8::1", "d0", INTERFACE_UP, REASON_DISABLE_POLICY);
        all = (struct all_conf){ 0 };
        ck_assert_int_eq(links_set_all(&links, &all), 0);
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, 0);
        is_row(3, "203.0.113.1", "d1", INTERFACE_DOWN, REASON_DISABLE_XFRM | REASON_DISABLE_POLICY);
}
END_TEST

/* A kernel, or an interface, without IPv4 or IPv6 settings: nothing is claimed. */
START_TEST(test_not_told)
{
        struct nlmsghdr *nlh;
        struct nlattr *spec;

        read_nothing();
        nlh = link_header(RTM_NEWLINK, AF_UNSPEC, 2, "d0", IFF_UP);
        spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
        mnl_attr_nest_end(nlh, spec);
        event(nlh);
        is_row(2, "", "d0", INTERFACE_UP, 0);
        ck_assert(!row_of(2, "")->settings_told);
}
END_TEST

/* Wireless drivers send links with a name and flags alone. */
START_TEST(test_short_message)
{
        read_recording();
        event(link_header(RTM_NEWLINK, AF_UNSPEC, 3, "d1", IFF_UP));
        is_row(3, "203.0.113.1", "d1", INTERFACE_UP, REASON_DISABLE_XFRM | REASON_DISABLE_POLICY);
        event(link_header(RTM_NEWLINK, AF_UNSPEC, 4, "xf1", 0));
        ck_assert_uint_eq(row_of(4, "10.9.0.1")->xfrm_if_id, 7);
}
END_TEST

/* A port that leaves a bridge is told as a link deleted, of the family AF_BRIDGE. */
START_TEST(test_bridge_ports)
{
        read_recording();
        event(link_header(RTM_DELLINK, AF_BRIDGE, 2, "d0", 0));
        event(link_header(RTM_NEWLINK, AF_BRIDGE, 3, "d1", IFF_UP));
        ck_assert_uint_eq(n_rows(), 9);
        ck_assert_uint_eq(told.count[TABLE_CHANGED], 0);
}
END_TEST

START_TEST(test_renamed)
{
        read_recording();
        event(link_is(2, "wan0", IFF_UP, 0, 0, 0));
        is_row(2, "2001:db8::1", "wan0", INTERFACE_UP, 0);
        event(address_is(RTM_NEWADDR, 2, "192.0.2.1", 24, "wan0"));
        is_row(2, "192.0.2.1", "wan0", INTERFACE_UP, 0);
        is_row(2, "198.51.100.1", "d0:1", INTERFACE_UP, 0);
}
END_TEST

/* The kernel lets one address be there twice, in networks of two sizes. */
START_TEST(test_twins)
{
        for (int sweeping = 0; sweeping < 2; sweeping++) {
                read_nothing();
                event(link_is(2, "d0", IFF_UP, 0, 0, 0));
                event(address_is(RTM_NEWADDR, 2, "192.0.2.1", 24, "d0"));
                event(address_is(RTM_NEWADDR, 2, "192.0.2.1", 16, "d0:9"));
                ck_assert_uint_eq(n_rows(), 1);
                is_row(2, "192.0.2.1", "d0", INTERFACE_UP, 0);
                if (sweeping)
                        links_sweep_begin(&links);
                event(address_is(RTM_DELADDR, 2, "192.0.2.1", 24, "d0"));
                is_row(2, "192.0.2.1", "d0:9", INTERFACE_UP, 0);
                event(address_is(RTM_DELADDR, 2, "192.0.2.1", 16, "d0:9"));
                ck_assert_ptr_null(row_of(2, "192.0.2.1"));
                is_row(2, "", "d0", INTERFACE_UP, 0);
                if (sweeping)
                        links_sweep_end(&links);
                event(link_header(RTM_DELLINK, AF_UNSPEC, 2, "d0", 0));
                ck_assert_uint_eq(n_rows(), 0);
        }
}
END_TEST

/* What an event tells while a read goes on is newer than what the read brings. */
START_TEST(test_event_during_read)
{
        read_recording();
        links_sweep_begin(&links);
        event(link_header(RTM_DELLINK, AF_UNSPEC, 4, "xf1", 0));
        event(address_is(RTM_DELADDR, 2, "192.0.2.1", 24, "d0"));
        event(address_is(RTM_DELADDR, 2, "192.0.2.77", 24, "d0")); /* the read may know it */
        event(link_header(RTM_DELLINK, AF_UNSPEC, 9, "d9", 0));    /* and this one */
        event(link_is(3, "d1", IFF_UP, 0, 0, 0));
        event(address_is(RTM_NEWADDR, 3, "203.0.113.3", 24, "d1"));
        read_file(STREAM_LINK_DUMP);
        dumped(link_is(9, "d9", IFF_UP, 0, 0, 0));
        read_file(STREAM_ADDRESS_DUMP);
        dumped(address_is(RTM_NEWADDR, 2, "192.0.2.77", 24, "d0"));
        dumped(address_is(RTM_NEWADDR, 9, "192.0.2.99", 24, "d9"));
        links_sweep_end(&links);
        ck_assert_ptr_null(row_of(4, "10.9.0.1"));
        ck_assert_ptr_null(row_of(4, ""));
        ck_assert_ptr_null(row_of(2, "192.0.2.1"));
        ck_assert_ptr_null(row_of(2, "192.0.2.77"));
        ck_assert_ptr_null(row_of(9, ""));
        ck_assert_ptr_null(row_of(9, "192.0.2.99"));
        is_row(3, "203.0.113.1", "d1", INTERFACE_UP, 0);
        is_row(3, "203.0.113.3", "d1", INTERFACE_UP, 0);
        event(address_is(RTM_NEWADDR, 2, "192.0.2.1", 24, "d0")); /* it can come back */
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, 0);
}
END_TEST

/* What neither a read nor an event has shown is gone; a read that failed takes nothing away. */
START_TEST(test_lost)
{
        read_recording();
        links_sweep_begin(&links);
        event(address_is(RTM_DELADDR, 2, "192.0.2.1", 24, "d0"));
        event(link_header(RTM_DELLINK, AF_UNSPEC, 4, "xf1", 0));
        links_sweep_abort(&links);
        ck_assert_uint_eq(n_rows(), 6);
        links_sweep_begin(&links);
        read_file(STREAM_LINK_DUMP);
        dumped(address_is(RTM_NEWADDR, 2, "192.0.2.1", 24, "d0"));
        links_sweep_end(&links);
        ck_assert_int_eq(told.reason, TABLE_LOST);
        ck_assert_uint_eq(n_rows(), 4);
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, 0);
        ck_assert_ptr_nonnull(row_of(1, ""));
        ck_assert_ptr_nonnull(row_of(3, ""));
        ck_assert_ptr_nonnull(row_of(4, ""));
        links_sweep_begin(&links);
        links_sweep_end(&links);
        ck_assert_uint_eq(n_rows(), 0);
}
END_TEST

/* An address before its link, as it may come while a read begins. */
START_TEST(test_address_first)
{
        read_nothing();
        event(address_is(RTM_NEWADDR, 2, "192.0.2.1", 24, "d0"));
        ck_assert_uint_eq(n_rows(), 0);
        event(link_is(2, "d0", IFF_UP, 0, 0, 0));
        ck_assert_uint_eq(n_rows(), 1);
        is_row(2, "192.0.2.1", "d0", INTERFACE_UP, 0);
}
END_TEST

/* With a peer, our own address is the other one. */
START_TEST(test_peer)
{
        struct nlmsghdr *nlh = new_message(RTM_NEWADDR);
        struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
        static const uint8_t peer[] = { 10, 0, 0, 2 }, own[] = { 10, 0, 0, 1 };

        read_recording();
        header->ifa_family = AF_INET;
        header->ifa_prefixlen = 32;
        header->ifa_index = 2;
        mnl_attr_put(nlh, IFA_ADDRESS, 4, peer);
        mnl_attr_put(nlh, IFA_LOCAL, 4, own);
        event(nlh);
        ck_assert_ptr_nonnull(row_of(2, "10.0.0.1"));
        ck_assert_ptr_null(row_of(2, "10.0.0.2"));
}
END_TEST

/* The order of SNMP: by interface, then type, then address; none comes first. */
START_TEST(test_order)
{
        static const char *const addresses[] = { "", "10.0.0.9", "192.0.2.1", "2001:db8::1" };
        struct interface row;
        uint32_t oid[INDEX_MAX];
        size_t n = 0;

        for (size_t i = 4; i-- > 0;) {
                memset(&row, 0, sizeof(row));
                row.if_index = 7;
                ck_assert(inet_addr_parse(&row.address, addresses[i], strlen(addresses[i])));
                ck_assert_int_eq(table_put(links.table, &row, TABLE_FROM_EVENT), 0);
        }
        for (size_t i = 0; i < 4; i++) {
                const struct interface *next =
                        table_next(links.table, &interface_type, oid, n, false);
                char text[INET_ADDR_TEXT_SIZE];

                inet_addr_text(&next->address, text);
                ck_assert_str_eq(text, addresses[i]);
                n = index_encode(&interface_type, next, oid);
                memset(&row, 0, sizeof(row));
                ck_assert_int_eq(index_decode(&interface_type, &row, oid, n, NULL), 0);
                ck_assert_uint_eq(row.if_index, 7);
                ck_assert_mem_eq(&row.address, &next->address, sizeof(row.address));
        }
        ck_assert_uint_eq(n, 1 + 1 + 1 + 16);
        ck_assert_uint_eq(oid[1], 2);
        ck_assert_uint_eq(oid[2], 16);
}
END_TEST

static void damage(void (*how)(const struct nlmsghdr *nlh))
{
        static const char *const files[] = { STREAM_LINK_DUMP, STREAM_ADDRESS_DUMP };

        for (size_t i = 0; i < 2; i++) {
                struct messages messages;
                const struct nlmsghdr *nlh;

                load(files[i]);
                messages = (struct messages){ octets, length };
                while ((nlh = messages_next(&messages)))
                        how(nlh);
        }
}

/* At every length, in memory of just that length. */
static void cut(const struct nlmsghdr *nlh)
{
        for (uint32_t n = sizeof(*nlh); n < nlh->nlmsg_len; n++) {
                struct nlmsghdr *copy = malloc(n);

                memcpy(copy, nlh, n);
                copy->nlmsg_len = n;
                links_apply(&links, copy, TABLE_FROM_EVENT);
                free(copy);
        }
}

static void flip(const struct nlmsghdr *nlh)
{
        for (int round = 0; round < 2000; round++) {
                struct nlmsghdr *copy = malloc(nlh->nlmsg_len);

                memcpy(copy, nlh, nlh->nlmsg_len);
                for (int flips = 0; flips < 4 && nlh->nlmsg_len > sizeof(*nlh); flips++) {
                        size_t at =
                                sizeof(*nlh) + (size_t)random() % (nlh->nlmsg_len - sizeof(*nlh));

                        ((uint8_t *)copy)[at] ^= (uint8_t)(1 << random() % 8);
                }
                if (round % 3 == 0)
                        copy->nlmsg_type ^= 1; /* new becomes deleted */
                links_apply(&links, copy, round % 2 ? TABLE_FROM_EVENT : TABLE_FROM_DUMP);
                free(copy);
        }
}

START_TEST(test_truncated)
{
        damage(cut);
}
END_TEST

START_TEST(test_flipped_bits)
{
        srandom(7);
        damage(flip);
        links_sweep_begin(&links);
        damage(flip);
        links_sweep_end(&links);
        read_recording();
        ck_assert_uint_eq(n_rows(), 9);
}
END_TEST

START_TEST(test_damaged)
{
        struct nlmsghdr *nlh = link_header(RTM_NEWLINK, AF_UNSPEC, 2, "d0", 0);

        nlh->nlmsg_len = NLMSG_HDRLEN + 3;
        ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_EVENT), -EBADMSG);
        nlh = link_header(RTM_NEWLINK, AF_UNSPEC, 0, "d0", 0);
        ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_EVENT), -EBADMSG);
        nlh = new_message(RTM_NEWADDR);
        ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_EVENT), -EBADMSG);
        nlh = (struct nlmsghdr *)(uintptr_t)address_is(RTM_NEWADDR, 2, "192.0.2.1", 33, "d0");
        ck_assert_int_eq(links_apply(&links, nlh, TABLE_FROM_EVENT), -EBADMSG);
        ck_assert_uint_eq(n_rows(), 0);
}
END_TEST

/* A whole collector on a recording. */
static const struct collector_row *replay(const char *folder)
{
        struct collector_row key = { .key = "interfaces" };
        struct interfaces_config config = { .interval = 5 };
        struct collector *c;
        int err;

        config.replay = replay_new(folder, loop, &err);
        ck_assert_msg(config.replay != NULL, "%s", strerror(-err));
        c = interfaces_new(loop, store, &config);
        ck_assert_int_eq(c->ops->start(c), 0);
        ck_assert_int_eq(replay_start(config.replay), 0);
        fake_loop_advance(loop, 1000);
        ck_assert(replay_done(config.replay));
        c->ops->free(c);
        replay_free(config.replay);
        return table_find(store_table(store, &collector_row_type), &key);
}

START_TEST(test_collector)
{
        const struct collector_row *row = replay(DATA "/links");

        ck_assert_int_eq(row->state, COLLECTOR_UP);
        ck_assert_uint_eq(row->polls, 1);
        ck_assert_uint_eq(row->failures, 0);
        ck_assert_uint_eq(row->rows, 9);
        ck_assert_uint_eq(n_rows(), 9);
}
END_TEST

START_TEST(test_other_recording)
{
        const struct collector_row *row = replay(DATA "/lockdown");

        ck_assert_int_eq(row->state, COLLECTOR_UNSUPPORTED);
        ck_assert_uint_eq(row->failures, 0);
        ck_assert_uint_eq(fake_loop_lines(loop), 0);
        ck_assert_uint_eq(n_rows(), 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("interfaces");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_recording);
        tcase_add_test(tcase, test_bare_links);
        tcase_add_test(tcase, test_ipsec);
        tcase_add_test(tcase, test_all_interfaces);
        tcase_add_test(tcase, test_not_told);
        tcase_add_test(tcase, test_short_message);
        tcase_add_test(tcase, test_bridge_ports);
        tcase_add_test(tcase, test_renamed);
        tcase_add_test(tcase, test_twins);
        tcase_add_test(tcase, test_event_during_read);
        tcase_add_test(tcase, test_lost);
        tcase_add_test(tcase, test_address_first);
        tcase_add_test(tcase, test_peer);
        tcase_add_test(tcase, test_order);
        tcase_add_test(tcase, test_truncated);
        tcase_add_test(tcase, test_flipped_bits);
        tcase_add_test(tcase, test_damaged);
        tcase_add_test(tcase, test_collector);
        tcase_add_test(tcase, test_other_recording);
        tcase_set_timeout(tcase, 60);
        return run_suite("interfaces", tcase);
}
