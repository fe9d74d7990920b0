/* The kernel's messages about policies, as they were recorded, and as nobody should send them. */
#include "config.h"

#include "capture.h"
#include "collectors/count_check.h"
#include "collectors/xfrm.h"
#include "collectors/xfrm_parse.h"
#include "collectors/xfrm_policies.h"
#include "fake_loop.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>

/* Just before the policies of tests/data/netlink-manual were made: 2026-11-24 06:01:56 UTC. */
#define RECORDED 1795500116

static struct store *store;
static struct xfrm_policies policies;

/* What the table of policies told last. */
static struct {
        unsigned int count[3];
        enum table_reason reason;
        struct policy removed;
} told;

static void heard(void *context, enum table_event event, enum table_reason reason,
                  const void *before, const void *after)
{
        (void)context;
        (void)after;
        told.count[event]++;
        if (event != TABLE_REMOVED)
                return;
        told.reason = reason;
        told.removed = *(const struct policy *)before;
}

static void setup(void)
{
        store = store_new();
        xfrm_policies_init(&policies, store);
        memset(&told, 0, sizeof(told));
        table_subscribe(policies.table, heard, NULL);
}

static void teardown(void)
{
        store_free(store);
}

/* ---- the parser ---- */

/* Parses the policy with this index of a dump. */
static void parse(const char *folder, uint32_t index, struct xfrm_policy *p)
{
        const struct nlmsghdr *nlh = NULL;
        int left;

        load(folder, STREAM_POLICY_DUMP);
        while ((nlh = next_message(nlh, &left)))
                if (nlh->nlmsg_type == XFRM_MSG_NEWPOLICY && xfrm_parse_policy(nlh, p) == 0 &&
                    p->row.index == index)
                        return;
        ck_abort_msg("%s has no policy %u", folder, index);
}

static void is_prefix(const struct inet_addr *address, const char *wanted)
{
        char text[INET_ADDR_TEXT_SIZE];

        inet_addr_prefix_text(address, text);
        ck_assert_str_eq(text, wanted);
}

static void is_address(const struct inet_addr *address, const char *wanted)
{
        char text[INET_ADDR_TEXT_SIZE];

        inet_addr_text(address, text);
        ck_assert_str_eq(text, wanted);
}

START_TEST(test_host)
{
        struct xfrm_policy p;

        parse("netlink-manual", 1, &p);
        ck_assert_uint_eq(p.row.type, SPD_MAIN);
        ck_assert_uint_eq(p.row.kind, RULE_HOST);
        ck_assert_uint_eq(p.row.action, RULE_MANUAL_KEY);
        ck_assert_uint_eq(p.row.direction, DIRECTION_OUTBOUND);
        ck_assert_uint_eq(p.row.priority, 10);
        is_prefix(&p.row.source, "192.0.2.1/32");
        is_prefix(&p.row.destination, "192.0.2.2/32");
        ck_assert_uint_eq(p.row.protocol, 6);
        ck_assert_uint_eq(p.row.source_port, 23);
        ck_assert_uint_eq(p.row.source_port_mask, 0xffff);
        ck_assert_uint_eq(p.row.destination_port_mask, 0);
        ck_assert_uint_eq(p.row.templates, 1);
        ck_assert_int_eq(p.row.use_time, 0);
        ck_assert_int_ne(p.row.add_time, 0);
        ck_assert_uint_eq(p.templates[0].policy_type, SPD_MAIN);
        ck_assert_uint_eq(p.templates[0].policy_index, 1);
        ck_assert_uint_eq(p.templates[0].number, 1);
        ck_assert_uint_eq(p.templates[0].protocol, PROTOCOL_ESP);
        ck_assert_uint_eq(p.templates[0].mode, MODE_TRANSPORT);
        ck_assert_uint_eq(p.templates[0].level, LEVEL_REQUIRED);
        ck_assert_uint_eq(p.templates[0].reqid, 1);
        ck_assert_uint_eq(p.templates[0].encryption_mask, UINT32_MAX);
        is_address(&p.templates[0].source, "0.0.0.0");
        parse("netlink-manual", 89, &p);
        ck_assert_int_ne(p.row.use_time, 0);
}
END_TEST

START_TEST(test_tunnel)
{
        struct xfrm_policy p;

        parse("netlink-manual", 17, &p);
        ck_assert_uint_eq(p.row.kind, RULE_TUNNEL);
        ck_assert_uint_eq(p.row.mark, 0x10);
        ck_assert_uint_eq(p.row.mark_mask, 0xff);
        ck_assert_uint_eq(p.row.if_id, 7);
        is_address(&p.templates[0].source, "192.0.2.1");
        is_address(&p.templates[0].destination, "192.0.2.3");
        parse("netlink-manual", 34, &p);
        ck_assert_uint_eq(p.row.direction, DIRECTION_FORWARD);
        ck_assert_uint_eq(p.templates[0].level, LEVEL_USE);
        parse("netlink-6.18", 9, &p);
        ck_assert_uint_eq(p.row.if_id, 7);
}
END_TEST

START_TEST(test_no_template)
{
        struct xfrm_policy p;

        parse("netlink-manual", 41, &p);
        ck_assert_uint_eq(p.row.kind, RULE_BYPASS);
        ck_assert_uint_eq(p.row.action, RULE_PASS);
        ck_assert_uint_eq(p.row.templates, 0);
        parse("netlink-manual", 49, &p);
        ck_assert_uint_eq(p.row.kind, RULE_HOST);
        ck_assert_uint_eq(p.row.action, RULE_DISCARD);
        parse("netlink-manual", 57, &p);
        ck_assert_uint_eq(p.row.type, SPD_SUB);
}
END_TEST

START_TEST(test_selectors)
{
        struct xfrm_policy p;

        parse("netlink-manual", 65, &p);
        is_prefix(&p.row.source, "::/0");
        is_prefix(&p.row.destination, "2001:db8::2/128");
        ck_assert_uint_eq(p.row.protocol, 58);
        ck_assert_uint_eq(p.row.source_port, 128); /* the type */
        ck_assert_uint_eq(p.row.destination_port, 0);
        ck_assert_uint_eq(p.row.destination_port_mask, 0xffff);
        parse("netlink-manual", 97, &p); /* a GRE key, of 32 bits */
        ck_assert_uint_eq(p.row.protocol, 47);
        ck_assert_uint_eq(p.row.source_port, 0);
        ck_assert_uint_eq(p.row.destination_port, 99);
        parse("netlink-manual", 81, &p);
        ck_assert_uint_gt(p.row.if_index, 0);
        ck_assert_uint_eq(p.row.hard.add_seconds, 6);
        ck_assert_uint_eq(p.row.soft.add_seconds, 3);
        ck_assert_uint_eq(p.row.hard.octets, 0);
}
END_TEST

/* The ESP below IPComp is in transport mode; the rule is a tunnel all the same. */
START_TEST(test_ipcomp)
{
        struct xfrm_policy p;

        parse("strongswan-up", 305, &p);
        ck_assert_uint_eq(p.row.templates, 2);
        ck_assert_uint_eq(p.row.kind, RULE_TUNNEL);
        ck_assert_uint_eq(p.templates[0].protocol, PROTOCOL_IPCOMP);
        ck_assert_uint_eq(p.templates[0].spi, 0x4f3b);
        ck_assert_uint_eq(p.templates[1].number, 2);
        ck_assert_uint_eq(p.templates[1].protocol, PROTOCOL_ESP);
        ck_assert_uint_eq(p.templates[1].mode, MODE_TRANSPORT);
        ck_assert_uint_eq(p.templates[1].spi, 0xc41b5aa9);
        parse("strongswan-up", 257, &p); /* 0 is a mark, where there is a mask */
        ck_assert_uint_eq(p.row.mark, 0);
        ck_assert_uint_eq(p.row.mark_mask, UINT32_MAX);
        parse("strongswan-up", 281, &p);
        is_address(&p.templates[0].destination, "2001:db8::2");
}
END_TEST

START_TEST(test_sockets_are_skipped)
{
        const struct nlmsghdr *nlh = NULL;
        struct xfrm_policy p;
        int left, others = 0, sockets = 0;

        load("strongswan-up", STREAM_POLICY_DUMP);
        while ((nlh = next_message(nlh, &left))) {
                if (nlh->nlmsg_type == NLMSG_DONE)
                        continue;
                if (xfrm_parse_policy(nlh, &p) == XFRM_POLICY_OF_SOCKET)
                        sockets++;
                else
                        others++;
        }
        ck_assert_int_eq(others, 31);
        ck_assert_int_eq(sockets, 8);
}
END_TEST

/* ---- messages made by hand ---- */

static struct nlmsghdr *begin_message(char buffer[2048], uint16_t type, size_t header)
{
        struct nlmsghdr *nlh;

        memset(buffer, 0, 2048);
        nlh = mnl_nlmsg_put_header(buffer);
        nlh->nlmsg_type = type;
        mnl_nlmsg_put_extra_header(nlh, header);
        return nlh;
}

static struct nlmsghdr *new_policy(char buffer[2048])
{
        struct nlmsghdr *nlh =
                begin_message(buffer, XFRM_MSG_NEWPOLICY, sizeof(struct xfrm_userpolicy_info));
        struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(nlh);

        info->index = 9;
        info->dir = XFRM_POLICY_OUT;
        info->sel.family = AF_INET;
        return nlh;
}

START_TEST(test_templates_by_hand)
{
        static struct xfrm_user_tmpl tmpl[XFRM_MAX_DEPTH + 1];
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = new_policy(buffer);
        struct xfrm_policy p;

        tmpl[0].family = AF_INET;
        tmpl[0].mode = XFRM_MODE_BEET;
        mnl_attr_put(nlh, XFRMA_TMPL, XFRM_MAX_DEPTH * sizeof(tmpl[0]), tmpl);
        ck_assert_int_eq(xfrm_parse_policy(nlh, &p), 0);
        ck_assert_uint_eq(p.row.templates, XFRM_MAX_DEPTH);
        ck_assert_uint_eq(p.row.kind, RULE_TUNNEL);
        nlh = new_policy(buffer);
        mnl_attr_put(nlh, XFRMA_TMPL, sizeof(tmpl), tmpl);
        ck_assert_int_eq(xfrm_parse_policy(nlh, &p), -EBADMSG);
        nlh = new_policy(buffer);
        mnl_attr_put(nlh, XFRMA_TMPL, sizeof(tmpl[0]) + 4, tmpl);
        ck_assert_int_eq(xfrm_parse_policy(nlh, &p), -EBADMSG);
}
END_TEST

START_TEST(test_rare_values)
{
        struct {
                struct xfrm_user_sec_ctx header;
                char text[8];
        } context = { .header = { .ctx_len = 7 }, .text = "a:b:c:d" };
        struct xfrm_user_offload offload = { .ifindex = 5 };
        struct xfrm_userpolicy_type type = { .type = 7 };
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = new_policy(buffer);
        struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(nlh);
        struct xfrm_policy p;

        info->sel.sport = htons(0x1200);
        info->sel.sport_mask = htons(0xff00); /* some of a port's bits */
        info->flags = 0xff;
        info->action = 9;
        info->lft.hard_byte_limit = XFRM_INF;
        info->lft.soft_packet_limit = 1000;
        info->lft.hard_use_expires_seconds = UINT64_MAX - 1;
        info->curlft.add_time = UINT64_MAX;
        mnl_attr_put(nlh, XFRMA_SEC_CTX, sizeof(context.header) + 7, &context);
        mnl_attr_put(nlh, XFRMA_OFFLOAD_DEV, sizeof(offload), &offload);
        mnl_attr_put(nlh, XFRMA_POLICY_TYPE, sizeof(type), &type);
        ck_assert_int_eq(xfrm_parse_policy(nlh, &p), 0);
        ck_assert_uint_eq(p.row.source_port, 0x1200);
        ck_assert_uint_eq(p.row.source_port_mask, 0xff00);
        ck_assert_str_eq(p.row.security_context, "a:b:c:d");
        ck_assert_uint_eq(p.row.offload_if_index, 5);
        ck_assert_uint_eq(p.row.type, SPD_UNKNOWN);
        ck_assert_uint_eq(p.row.flags, POLICY_LOCAL_OK | POLICY_ICMP | POLICY_CPU_ACQUIRE);
        ck_assert_uint_eq(p.row.kind, RULE_KIND_UNKNOWN);
        ck_assert_uint_eq(p.row.action, RULE_ACTION_UNKNOWN);
        ck_assert_uint_eq(p.row.hard.octets, 0);
        ck_assert_uint_eq(p.row.soft.packets, 1000);
        ck_assert_uint_eq(p.row.hard.use_seconds, INT32_MAX);
        ck_assert_int_eq(p.row.add_time, 0);
}
END_TEST

/* ---- what is told of all policies ---- */

static const struct nlmsghdr *first_of(const char *folder, const char *file)
{
        int left;

        load(folder, file);
        return next_message(NULL, &left);
}

START_TEST(test_spd_info)
{
        struct xfrm_spd_info info;

        ck_assert_int_eq(xfrm_parse_spd_info(first_of("netlink-manual", STREAM_SPD_INFO), &info),
                         0);
        ck_assert_uint_eq(info.in, 2);
        ck_assert_uint_eq(info.out, 11);
        ck_assert_uint_eq(info.forward, 1);
        ck_assert_uint_eq(info.socket_out, 1);
        ck_assert_uint_eq(info.hash_buckets, 15);
        ck_assert_uint_eq(info.hash_maximum, 1 << 20);
}
END_TEST

START_TEST(test_defaults)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh;
        struct xfrm_defaults d;

        ck_assert_int_eq(xfrm_parse_defaults(first_of("netlink-manual", STREAM_DEFAULTS), &d), 0);
        ck_assert_uint_eq(d.in, DEFAULT_BLOCK);
        ck_assert_uint_eq(d.forward, DEFAULT_ACCEPT);
        ck_assert_uint_eq(d.out, DEFAULT_ACCEPT);
        nlh = begin_message(buffer, XFRM_MSG_GETDEFAULT, 3);
        ck_assert_int_eq(xfrm_parse_defaults(nlh, &d), 0);
        ck_assert_uint_eq(d.out, DEFAULT_UNKNOWN);
        nlh->nlmsg_len = NLMSG_HDRLEN + 2;
        ck_assert_int_eq(xfrm_parse_defaults(nlh, &d), -EBADMSG);
}
END_TEST

START_TEST(test_flush_by_type)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = begin_message(buffer, XFRM_MSG_FLUSHPOLICY, 0);
        struct xfrm_userpolicy_type type = { .type = XFRM_POLICY_TYPE_SUB };

        ck_assert_int_eq(xfrm_parse_policy_flush(nlh), SPD_MAIN);
        mnl_attr_put(nlh, XFRMA_POLICY_TYPE, sizeof(type), &type);
        ck_assert_int_eq(xfrm_parse_policy_flush(nlh), SPD_SUB);
}
END_TEST

/* ---- the tables ---- */

static const struct policy *with_index(uint32_t index)
{
        struct policy key = { .type = SPD_MAIN, .index = index };

        return table_find(policies.table, &key);
}

static const struct policy_template *template_of(uint32_t index, uint32_t number)
{
        struct policy_template key = { SPD_MAIN, { 0 }, index, number, .protocol = 0 };

        return table_find(policies.templates, &key);
}

static void apply(const struct nlmsghdr *nlh, enum table_source source)
{
        ck_assert_int_eq(xfrm_policies_apply(&policies, nlh, source), 0);
}

static void begin_sweeps(void)
{
        table_sweep_begin(policies.templates);
        table_sweep_begin(policies.table);
}

static void end_sweeps(void)
{
        ck_assert(table_sweep_end(policies.templates, SIZE_MAX));
        ck_assert(table_sweep_end(policies.table, SIZE_MAX));
}

static void read_dump(const char *folder)
{
        const struct nlmsghdr *nlh = NULL;
        int left;

        load(folder, STREAM_POLICY_DUMP);
        begin_sweeps();
        while ((nlh = next_message(nlh, &left)))
                apply(nlh, TABLE_FROM_DUMP);
        end_sweeps();
}

START_TEST(test_dump)
{
        read_dump("netlink-manual");
        ck_assert_uint_eq(table_count(policies.table), 14);
        ck_assert_uint_eq(table_count(policies.templates), 7);
        ck_assert_str_eq(with_index(17)->name, "xfrm-17");
        ck_assert_uint_eq(template_of(17, 1)->reqid, 2);
        ck_assert_ptr_null(template_of(17, 2));
        ck_assert_ptr_null(with_index(57)); /* a sub policy */
        read_dump("strongswan-up");
        ck_assert_uint_eq(table_count(policies.table), 31);
        ck_assert_uint_eq(template_of(305, 2)->spi, 0xc41b5aa9);
        ck_assert_int_eq(told.reason, TABLE_LOST);
        read_dump("netlink-manual");
        ck_assert_uint_eq(table_count(policies.templates), 7);
}
END_TEST

/* Applies the recorded events up to and with the next one of a type. */
static const struct nlmsghdr *apply_until(const struct nlmsghdr *from, uint16_t type, int *left)
{
        while ((from = next_message(from, left))) {
                apply(from, TABLE_FROM_EVENT);
                if (from->nlmsg_type == type)
                        return from;
        }
        ck_abort_msg("no message %u", type);
}

START_TEST(test_events)
{
        const struct nlmsghdr *at;
        struct policy before;
        int left;

        load("netlink-manual", STREAM_XFRM_EVENTS);
        ck_assert_uint_eq(policies.defaults.in, DEFAULT_UNKNOWN);
        at = apply_until(NULL, XFRM_MSG_GETDEFAULT, &left);
        ck_assert_uint_eq(policies.defaults.in, DEFAULT_BLOCK);
        ck_assert_uint_eq(table_count(policies.table), 14);
        at = apply_until(at, XFRM_MSG_POLEXPIRE, &left); /* soft */
        ck_assert_ptr_nonnull(with_index(81));
        at = apply_until(at, XFRM_MSG_POLEXPIRE, &left);
        ck_assert_ptr_null(with_index(81));
        ck_assert_int_eq(told.reason, TABLE_EXPIRED);
        ck_assert_uint_eq(told.removed.hard.add_seconds, 6);
        at = apply_until(at, XFRM_MSG_DELPOLICY, &left);
        ck_assert_int_eq(told.reason, TABLE_DELETED);
        ck_assert_uint_eq(told.removed.index, 41);
        before = *with_index(49);
        at = apply_until(at, XFRM_MSG_UPDPOLICY, &left);
        ck_assert_uint_eq(table_count(policies.table), 12);
        ck_assert_int_eq(memcmp(&before.source, &with_index(49)->source, sizeof(before.source)), 0);
        ck_assert_int_gt(with_index(49)->add_time, before.add_time);
        ck_assert_uint_eq(before.priority, 6);
        ck_assert_uint_eq(with_index(49)->priority, 8);
        apply_until(at, XFRM_MSG_FLUSHPOLICY, &left);
        ck_assert_int_eq(told.reason, TABLE_FLUSHED);
        ck_assert_uint_eq(table_count(policies.table), 1); /* the sub policy */
        ck_assert_uint_eq(table_count(policies.templates), 0);
        ck_assert_uint_eq(told.count[TABLE_ADDED], told.count[TABLE_REMOVED] + 1);
}
END_TEST

/* A policy of so many templates, with this reqid in the first. */
static struct nlmsghdr *policy_with(char buffer[2048], size_t templates, uint32_t reqid)
{
        struct nlmsghdr *nlh = new_policy(buffer);
        struct xfrm_user_tmpl tmpl[XFRM_MAX_DEPTH];

        memset(tmpl, 0, sizeof(tmpl));
        tmpl[0].reqid = reqid;
        if (templates > 0)
                mnl_attr_put(nlh, XFRMA_TMPL, templates * sizeof(tmpl[0]), tmpl);
        return nlh;
}

START_TEST(test_replaced_in_place)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = policy_with(buffer, 3, 1);

        apply(nlh, TABLE_FROM_EVENT);
        ck_assert_uint_eq(table_count(policies.templates), 3);
        nlh = policy_with(buffer, 1, 2);
        nlh->nlmsg_type = XFRM_MSG_UPDPOLICY;
        apply(nlh, TABLE_FROM_EVENT);
        ck_assert_uint_eq(table_count(policies.table), 1);
        ck_assert_uint_eq(table_count(policies.templates), 1);
        ck_assert_uint_eq(template_of(9, 1)->reqid, 2);
        ck_assert_uint_eq(told.count[TABLE_REMOVED], 0);
        begin_sweeps();
        apply(policy_with(buffer, 0, 0), TABLE_FROM_DUMP);
        end_sweeps();
        ck_assert_uint_eq(table_count(policies.templates), 0);
        ck_assert_uint_eq(with_index(9)->action, RULE_PASS);
}
END_TEST

/* What a dump that is older than an event still shows of a policy is neither row nor template. */
START_TEST(test_events_beat_the_dump)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh;

        begin_sweeps();
        apply(policy_with(buffer, 1, 2), TABLE_FROM_EVENT);
        apply(policy_with(buffer, 2, 1), TABLE_FROM_DUMP);
        end_sweeps();
        ck_assert_uint_eq(with_index(9)->templates, 1);
        ck_assert_uint_eq(table_count(policies.templates), 1);
        ck_assert_uint_eq(template_of(9, 1)->reqid, 2);
        begin_sweeps();
        nlh = begin_message(buffer, XFRM_MSG_DELPOLICY, sizeof(struct xfrm_userpolicy_id));
        mnl_attr_put(nlh, XFRMA_POLICY, sizeof(struct xfrm_userpolicy_info),
                     &(struct xfrm_userpolicy_info){ .index = 9, .dir = XFRM_POLICY_OUT });
        apply(nlh, TABLE_FROM_EVENT);
        apply(policy_with(buffer, 2, 1), TABLE_FROM_DUMP);
        end_sweeps();
        ck_assert_uint_eq(table_count(policies.table), 0);
        ck_assert_uint_eq(table_count(policies.templates), 0);
}
END_TEST

/* The kernel answers at once; the answer may be read behind a later event. */
START_TEST(test_events_beat_the_answer)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = begin_message(buffer, XFRM_MSG_GETDEFAULT, 3);
        struct xfrm_userpolicy_default *told_default = mnl_nlmsg_get_payload(nlh);

        told_default->in = told_default->fwd = told_default->out = XFRM_USERPOLICY_BLOCK;
        apply(nlh, TABLE_FROM_EVENT);
        told_default->in = XFRM_USERPOLICY_ACCEPT;
        apply(nlh, TABLE_FROM_DUMP);
        ck_assert_uint_eq(policies.defaults.in, DEFAULT_BLOCK);
        policies.defaults_told = false; /* the next full read asks */
        apply(nlh, TABLE_FROM_DUMP);
        ck_assert_uint_eq(policies.defaults.in, DEFAULT_ACCEPT);
}
END_TEST

START_TEST(test_joins_word_is_kept)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct policy row;

        apply(policy_with(buffer, 1, 1), TABLE_FROM_EVENT);
        ck_assert_uint_eq(with_index(9)->action, RULE_MANUAL_KEY);
        row = *with_index(9);
        row.action = RULE_DYNAMIC_KEY;
        row.name = "net-net";
        ck_assert_int_eq(table_update(policies.table, &row), 0);
        begin_sweeps();
        apply(policy_with(buffer, 1, 1), TABLE_FROM_DUMP);
        end_sweeps();
        ck_assert_uint_eq(with_index(9)->action, RULE_DYNAMIC_KEY);
        ck_assert_str_eq(with_index(9)->name, "net-net");
        apply(policy_with(buffer, 0, 0), TABLE_FROM_EVENT);
        ck_assert_uint_eq(with_index(9)->action, RULE_PASS);
}
END_TEST

START_TEST(test_last_use_never_falls)
{
        char buffer[2048] __attribute__((aligned(8)));
        struct nlmsghdr *nlh = new_policy(buffer);
        struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(nlh);

        info->curlft.add_time = 1000;
        info->curlft.use_time = 2000;
        apply(nlh, TABLE_FROM_EVENT);
        info->curlft.use_time = 0;
        apply(nlh, TABLE_FROM_EVENT);
        ck_assert_int_eq(with_index(9)->use_time, 2000);
        info->curlft.add_time = 3000; /* a replacement begins anew */
        apply(nlh, TABLE_FROM_EVENT);
        ck_assert_int_eq(with_index(9)->use_time, 0);
}
END_TEST

/* The kernel's own counts, and the default policies: what the recording's answers and events say.
 */
static void check_global(void)
{
        static const uint32_t first;
        const struct global_scalars *global =
                table_at(store_table(store, &global_scalars_type), &global_scalars_type, &first, 1);

        ck_assert_ptr_nonnull(global);
        ck_assert_uint_eq(global->sad_size, 2);
        ck_assert_uint_eq(global->sad_hash_buckets, 8);
        ck_assert_uint_eq(global->sad_hash_maximum, 1 << 20);
        ck_assert_uint_eq(global->spd_in, 1);
        ck_assert_uint_eq(global->spd_out, 2);
        ck_assert_uint_eq(global->spd_forward, 0);
        ck_assert_uint_eq(global->spd_socket_out, 0);
        ck_assert_uint_eq(global->spd_hash_buckets, 7);
        ck_assert_uint_eq(global->spd_hash_maximum, 1 << 20);
        ck_assert_uint_eq(global->default_in, DEFAULT_BLOCK);
        ck_assert_uint_eq(global->default_forward, DEFAULT_BLOCK);
        ck_assert_uint_eq(global->default_out, DEFAULT_ACCEPT);
}

/* A whole collector on a recording: SAs and policies, and what is told of all. */
START_TEST(test_collector)
{
        struct loop *loop = fake_loop_new(RECORDED);
        struct collector_row key = { .key = "xfrm" };
        struct xfrm_config config = { .redump_interval = 10, .check_interval = 30 };
        const struct collector_row *row;
        struct collector *c;
        int err;

        config.replay = replay_new(DATA "/netlink-6.18", loop, &err);
        ck_assert_ptr_nonnull(config.replay);
        c = xfrm_new(loop, store, &config);
        ck_assert_int_eq(c->ops->start(c), 0);
        ck_assert_int_eq(replay_start(config.replay), 0);
        while (!replay_done(config.replay) && table_count(policies.table) < 3)
                fake_loop_advance(loop, 0);
        ck_assert_uint_eq(table_count(policies.templates), 2);
        fake_loop_advance(loop, 1000);
        row = table_find(store_table(store, &collector_row_type), &key);
        ck_assert_int_eq(row->state, COLLECTOR_UP);
        ck_assert_uint_eq(row->polls, 1);
        ck_assert_uint_eq(row->failures, 0);
        while (!replay_done(config.replay))
                fake_loop_advance(loop, 0);
        check_global();
        c->ops->free(c);
        replay_free(config.replay);
        fake_loop_free(loop);
}
END_TEST

/* ---- the kernel's count ---- */

START_TEST(test_count_check)
{
        struct count_check c = { 0 };

        ck_assert_int_eq(count_check(&c, 0), COUNT_ACCEPTED);
        ck_assert_int_eq(count_check(&c, 1), COUNT_ASK_AGAIN);
        ck_assert_int_eq(count_check(&c, 0), COUNT_ACCEPTED); /* the event came */
        ck_assert_int_eq(count_check(&c, 1), COUNT_ASK_AGAIN);
        ck_assert_int_eq(count_check(&c, 1), COUNT_READ_ANEW);
        ck_assert_int_eq(count_check(&c, 1), COUNT_ASK_AGAIN);
        ck_assert_int_eq(count_check(&c, 1), COUNT_ACCEPTED); /* a read did not mend it */
        ck_assert_int_eq(count_check(&c, 1), COUNT_ACCEPTED);
        ck_assert_int_eq(count_check(&c, -2), COUNT_ASK_AGAIN);
        ck_assert_int_eq(count_check(&c, -2), COUNT_READ_ANEW);
        ck_assert_int_eq(count_check(&c, 0), COUNT_ACCEPTED);
}
END_TEST

/* ---- damage ---- */

static void parse_all(const struct nlmsghdr *nlh)
{
        struct xfrm_defaults defaults;
        struct xfrm_spd_info info;
        struct xfrm_sad_info sad;
        struct xfrm_policy p;

        xfrm_policies_apply(&policies, nlh, TABLE_FROM_EVENT);
        xfrm_parse_policy(nlh, &p);
        xfrm_parse_policy_expire_hard(nlh);
        xfrm_parse_policy_flush(nlh);
        xfrm_parse_spd_info(nlh, &info);
        xfrm_parse_sad_info(nlh, &sad);
        xfrm_parse_defaults(nlh, &defaults);
}

static const struct {
        const char *folder;
        const char *file;
} recordings[] = {
        { "netlink-manual", STREAM_POLICY_DUMP }, { "netlink-manual", STREAM_XFRM_EVENTS },
        { "netlink-manual", STREAM_SAD_INFO },    { "netlink-6.18", STREAM_SAD_INFO },
        { "netlink-manual", STREAM_SPD_INFO },    { "netlink-manual", STREAM_DEFAULTS },
        { "strongswan-up", STREAM_POLICY_DUMP },  { "netlink-6.18", STREAM_POLICY_DUMP },
};

/* Every message cut at every length, in memory of just that length. */
START_TEST(test_truncated)
{
        for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
                const struct nlmsghdr *nlh = NULL;
                int left;

                load(recordings[i].folder, recordings[i].file);
                while ((nlh = next_message(nlh, &left))) {
                        for (uint32_t n = sizeof(*nlh); n < nlh->nlmsg_len; n++) {
                                struct nlmsghdr *cut = malloc(n);

                                memcpy(cut, nlh, n);
                                cut->nlmsg_len = n;
                                parse_all(cut);
                                free(cut);
                        }
                }
        }
}
END_TEST

START_TEST(test_flipped_bits)
{
        srandom(11);
        for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
                const struct nlmsghdr *nlh = NULL;
                int left;

                load(recordings[i].folder, recordings[i].file);
                while ((nlh = next_message(nlh, &left))) {
                        for (int round = 0; round < 100; round++) {
                                struct nlmsghdr *copy = malloc(nlh->nlmsg_len);

                                memcpy(copy, nlh, nlh->nlmsg_len);
                                for (int flips = 0; flips < 4; flips++) {
                                        size_t at =
                                                sizeof(*nlh) +
                                                (size_t)random() % (nlh->nlmsg_len - sizeof(*nlh));

                                        ((uint8_t *)copy)[at] ^= (uint8_t)(1 << random() % 8);
                                }
                                parse_all(copy);
                                free(copy);
                        }
                }
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("xfrm_policy");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_host);
        tcase_add_test(tcase, test_tunnel);
        tcase_add_test(tcase, test_no_template);
        tcase_add_test(tcase, test_selectors);
        tcase_add_test(tcase, test_ipcomp);
        tcase_add_test(tcase, test_sockets_are_skipped);
        tcase_add_test(tcase, test_templates_by_hand);
        tcase_add_test(tcase, test_rare_values);
        tcase_add_test(tcase, test_spd_info);
        tcase_add_test(tcase, test_defaults);
        tcase_add_test(tcase, test_flush_by_type);
        tcase_add_test(tcase, test_dump);
        tcase_add_test(tcase, test_events);
        tcase_add_test(tcase, test_replaced_in_place);
        tcase_add_test(tcase, test_events_beat_the_dump);
        tcase_add_test(tcase, test_events_beat_the_answer);
        tcase_add_test(tcase, test_joins_word_is_kept);
        tcase_add_test(tcase, test_last_use_never_falls);
        tcase_add_test(tcase, test_collector);
        tcase_add_test(tcase, test_count_check);
        tcase_add_test(tcase, test_truncated);
        tcase_add_test(tcase, test_flipped_bits);
        tcase_set_timeout(tcase, 60);
        return run_suite("xfrm_policy", tcase);
}
