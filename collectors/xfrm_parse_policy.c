#include "xfrm_parse_policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

/* The low bits of an index are its direction; from 3 on those of sockets (xfrm_policy_id2dir()). */
#define DIRECTION_MASK 7

/* Octets of the fixed part that a message of this type begins with; 0: not one with a policy. */
static size_t header_size(uint16_t type)
{
        switch (type) {
        case XFRM_MSG_NEWPOLICY:
        case XFRM_MSG_UPDPOLICY:
                return sizeof(struct xfrm_userpolicy_info);
        case XFRM_MSG_DELPOLICY:
                return sizeof(struct xfrm_userpolicy_id);
        case XFRM_MSG_POLEXPIRE:
                return sizeof(struct xfrm_user_polexpire);
        default:
                return 0;
        }
}

static bool get_info(const struct nlmsghdr *nlh, const struct attributes *a,
                     struct xfrm_userpolicy_info *info)
{
        if (nlh->nlmsg_type == XFRM_MSG_DELPOLICY)
                return attributes_get(a, XFRMA_POLICY, info, sizeof(*info));
        memcpy(info, mnl_nlmsg_get_payload(nlh), sizeof(*info));
        return true;
}

/* A kernel without sub policies does not tell the type: all are main. */
static uint8_t get_type(const struct attributes *a)
{
        struct xfrm_userpolicy_type type;

        if (!attributes_get(a, XFRMA_POLICY_TYPE, &type, sizeof(type)))
                return SPD_MAIN;
        return type.type < XFRM_POLICY_TYPE_MAX ? (uint8_t)(type.type + SPD_MAIN) : SPD_UNKNOWN;
}

static void set_info(const struct xfrm_userpolicy_info *info, struct policy *row)
{
        const struct xfrm_selector *sel = &info->sel;

        row->index = info->index;
        row->direction = (uint8_t)(info->dir + DIRECTION_INBOUND); /* the same order */
        row->priority = info->priority;
        row->flags = info->flags & (POLICY_LOCAL_OK | POLICY_ICMP | POLICY_CPU_ACQUIRE);
        inet_addr_set(&row->source, sel->family, &sel->saddr, sel->prefixlen_s);
        inet_addr_set(&row->destination, sel->family, &sel->daddr, sel->prefixlen_d);
        row->protocol = sel->proto;
        row->source_port = ntohs(sel->sport);
        row->source_port_mask = ntohs(sel->sport_mask);
        row->destination_port = ntohs(sel->dport);
        row->destination_port_mask = ntohs(sel->dport_mask);
        row->if_index = (uint32_t)sel->ifindex;
        row->add_time = xfrm_epoch(info->curlft.add_time);
        row->use_time = xfrm_epoch(info->curlft.use_time);
        xfrm_limits(&info->lft, &row->hard, &row->soft);
}

static void set_template(const struct xfrm_user_tmpl *tmpl, struct policy_template *t)
{
        t->protocol = tmpl->id.proto;
        t->mode = xfrm_mode(tmpl->mode);
        t->level = tmpl->optional ? LEVEL_USE : LEVEL_REQUIRED;
        inet_addr_set(&t->source, tmpl->family, &tmpl->saddr, 0);
        inet_addr_set(&t->destination, tmpl->family, &tmpl->id.daddr, 0);
        t->reqid = tmpl->reqid;
        t->spi = ntohl(tmpl->id.spi);
        t->encryption_mask = tmpl->ealgos;
        t->authentication_mask = tmpl->aalgos;
        t->compression_mask = tmpl->calgos;
}

static int set_templates(const struct attributes *a, struct xfrm_policy *policy)
{
        const struct nlattr *attr = a->by_type[XFRMA_TMPL];
        size_t length = attr ? mnl_attr_get_payload_len(attr) : 0;
        struct xfrm_user_tmpl tmpl;

        if (length % sizeof(tmpl) != 0 || length / sizeof(tmpl) > XFRM_MAX_DEPTH)
                return -EBADMSG;
        policy->row.templates = (uint32_t)(length / sizeof(tmpl));
        for (uint32_t i = 0; i < policy->row.templates; i++) {
                struct policy_template *t = &policy->templates[i];

                memcpy(&tmpl, (const char *)mnl_attr_get_payload(attr) + i * sizeof(tmpl),
                       sizeof(tmpl));
                t->policy_type = policy->row.type;
                t->policy_index = policy->row.index;
                t->number = i + 1;
                set_template(&tmpl, t);
        }
        return 0;
}

/* The first template tells: below the tunnel of IPComp lies an ESP in transport mode. */
static uint8_t kind_of(uint8_t verdict, const struct xfrm_policy *policy)
{
        if (verdict == XFRM_POLICY_BLOCK)
                return RULE_HOST;
        if (verdict != XFRM_POLICY_ALLOW)
                return RULE_KIND_UNKNOWN;
        if (policy->row.templates == 0)
                return RULE_BYPASS;
        switch (policy->templates[0].mode) {
        case MODE_TUNNEL:
        case MODE_BEET:
        case MODE_IPTFS:
                return RULE_TUNNEL;
        default:
                return RULE_HOST;
        }
}

static uint8_t action_of(uint8_t verdict, const struct policy *row)
{
        if (verdict == XFRM_POLICY_BLOCK)
                return RULE_DISCARD;
        if (verdict != XFRM_POLICY_ALLOW)
                return RULE_ACTION_UNKNOWN;
        return row->templates == 0 ? RULE_PASS : RULE_MANUAL_KEY;
}

static void set_offload(const struct attributes *a, struct policy *row)
{
        struct xfrm_user_offload offload;

        if (attributes_get(a, XFRMA_OFFLOAD_DEV, &offload, sizeof(offload)))
                row->offload_if_index = (uint32_t)offload.ifindex;
}

int xfrm_parse_policy(const struct nlmsghdr *nlh, struct xfrm_policy *policy)
{
        size_t header = header_size(nlh->nlmsg_type);
        struct xfrm_userpolicy_info info;
        struct attributes a;
        int err = attributes_find(nlh, header, &a);

        memset(policy, 0, sizeof(*policy));
        if (err < 0 || header == 0 || !get_info(nlh, &a, &info))
                return -EBADMSG;
        if (info.dir >= XFRM_POLICY_MAX || (info.index & DIRECTION_MASK) >= XFRM_POLICY_MAX)
                return XFRM_POLICY_OF_SOCKET;
        policy->row.type = get_type(&a);
        set_info(&info, &policy->row);
        err = set_templates(&a, policy);
        if (err < 0)
                return err;
        policy->row.kind = kind_of(info.action, policy);
        policy->row.action = action_of(info.action, &policy->row);
        attributes_mark(&a, &policy->row.mark, &policy->row.mark_mask);
        policy->row.if_id = attributes_u32(&a, XFRMA_IF_ID);
        policy->row.security_context = attributes_security_context(&a, policy->security_context);
        set_offload(&a, &policy->row);
        return 0;
}

int xfrm_parse_policy_expire_hard(const struct nlmsghdr *nlh)
{
        struct xfrm_user_polexpire expire;

        if (mnl_nlmsg_get_payload_len(nlh) < sizeof(expire))
                return -EBADMSG;
        memcpy(&expire, mnl_nlmsg_get_payload(nlh), sizeof(expire));
        return expire.hard != 0;
}

int xfrm_parse_policy_flush(const struct nlmsghdr *nlh)
{
        struct attributes a;
        int err = attributes_find(nlh, 0, &a);

        return err < 0 ? err : get_type(&a);
}

int xfrm_parse_spd_info(const struct nlmsghdr *nlh, struct xfrm_spd_info *info)
{
        struct xfrmu_spdhinfo hash = { 0 };
        struct xfrmu_spdinfo counts;
        struct attributes a;
        int err = attributes_find(nlh, sizeof(uint32_t), &a);

        if (err < 0 || !attributes_get(&a, XFRMA_SPD_INFO, &counts, sizeof(counts)))
                return -EBADMSG;
        attributes_get(&a, XFRMA_SPD_HINFO, &hash, sizeof(hash));
        *info = (struct xfrm_spd_info){
                .in = counts.incnt,
                .out = counts.outcnt,
                .forward = counts.fwdcnt,
                .socket_in = counts.inscnt,
                .socket_out = counts.outscnt,
                .socket_forward = counts.fwdscnt,
                .hash_buckets = hash.spdhcnt,
                .hash_maximum = hash.spdhmcnt,
        };
        return 0;
}

static uint8_t default_of(uint8_t verdict)
{
        switch (verdict) {
        case XFRM_USERPOLICY_BLOCK:
                return DEFAULT_BLOCK;
        case XFRM_USERPOLICY_ACCEPT:
                return DEFAULT_ACCEPT;
        default:
                return DEFAULT_UNKNOWN;
        }
}

int xfrm_parse_defaults(const struct nlmsghdr *nlh, struct xfrm_defaults *defaults)
{
        struct xfrm_userpolicy_default told;

        if (mnl_nlmsg_get_payload_len(nlh) < sizeof(told))
                return -EBADMSG;
        memcpy(&told, mnl_nlmsg_get_payload(nlh), sizeof(told));
        defaults->in = default_of(told.in);
        defaults->forward = default_of(told.fwd);
        defaults->out = default_of(told.out);
        return 0;
}
