#include "xfrm_parse.h"

#include "messages.h"
#include "xfrm_attributes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

/* Octets of the fixed part that a message of this type begins with; 0: not one with an SA. */
static size_t header_size(uint16_t type)
{
        switch (type) {
        case XFRM_MSG_NEWSA:
        case XFRM_MSG_UPDSA:
                return sizeof(struct xfrm_usersa_info);
        case XFRM_MSG_DELSA:
                return sizeof(struct xfrm_usersa_id);
        case XFRM_MSG_EXPIRE:
                return sizeof(struct xfrm_user_expire);
        case XFRM_MSG_ACQUIRE:
                return sizeof(struct xfrm_user_acquire);
        default:
                return 0;
        }
}

/* A larval SA that was asked for by an IKE daemon has a selector without a family: it is the SA's.
 */
static void set_selector(const struct xfrm_selector *sel, int sa_family, struct ipsec_sa *sa)
{
        bool narrow = sel->prefixlen_s > 0 || sel->prefixlen_d > 0;
        int family = sel->family == AF_UNSPEC && narrow ? sa_family : sel->family;

        inet_addr_set(&sa->selector_source, family, &sel->saddr, sel->prefixlen_s);
        inet_addr_set(&sa->selector_destination, family, &sel->daddr, sel->prefixlen_d);
        sa->selector_protocol = sel->proto;
        sa->selector_source_port = ntohs(sel->sport);
        sa->selector_source_port_mask = ntohs(sel->sport_mask);
        sa->selector_destination_port = ntohs(sel->dport);
        sa->selector_destination_port_mask = ntohs(sel->dport_mask);
        sa->selector_if_index = (uint32_t)sel->ifindex;
}

/* The earlier of the moments at which the limits of time are reached; 0: there are none. */
static int64_t expiry(const struct sa_limits *limits, const struct ipsec_sa *sa)
{
        int64_t by_add = limits->add_seconds ? sa->add_time + limits->add_seconds : 0;
        int64_t by_use =
                limits->use_seconds && sa->use_time ? sa->use_time + limits->use_seconds : 0;

        if (by_add == 0 || by_use == 0)
                return by_add ? by_add : by_use;
        return by_add < by_use ? by_add : by_use;
}

static bool reached(const struct sa_limits *limits, int64_t at, const struct ipsec_sa *sa,
                    int64_t now)
{
        return (limits->octets && sa->octets >= limits->octets) ||
               (limits->packets && sa->packets >= limits->packets) || (at && now >= at);
}

static uint16_t flags_of(uint8_t flags, uint32_t extra)
{
        uint16_t bits = flags; /* XFRM_STATE_* are the MIB's bits 0 to 7 */

        if (extra & XFRM_SA_XFLAG_DONT_ENCAP_DSCP)
                bits |= SA_DONT_ENCAP_DSCP;
        if (extra & XFRM_SA_XFLAG_OSEQ_MAY_WRAP)
                bits |= SA_OUT_SEQUENCE_MAY_WRAP;
        return bits;
}

static void set_info(const struct xfrm_usersa_info *info, struct ipsec_sa *sa)
{
        inet_addr_set(&sa->destination, info->family, &info->id.daddr, 0);
        inet_addr_set(&sa->source, info->family, &info->saddr, 0);
        sa->protocol = info->id.proto;
        sa->spi = ntohl(info->id.spi);
        set_selector(&info->sel, info->family, sa);
        xfrm_limits(&info->lft, &sa->hard, &sa->soft);
        sa->octets = info->curlft.bytes;
        sa->packets = info->curlft.packets;
        sa->add_time = xfrm_epoch(info->curlft.add_time);
        sa->use_time = xfrm_epoch(info->curlft.use_time);
        sa->replay_window_errors = info->stats.replay_window;
        sa->replay_errors = info->stats.replay;
        sa->integrity_errors = info->stats.integrity_failed;
        sa->acquire_sequence = info->seq;
        sa->reqid = info->reqid;
        sa->mode = xfrm_mode(info->mode);
        sa->replay_window = info->replay_window;
        sa->flags = info->flags;
}

/* The start of every algorithm: its name, which need not be terminated, and the key's bits. */
static bool get_algorithm(const struct attributes *a, unsigned int type, char name[65],
                          uint32_t *key_bits)
{
        struct xfrm_algo algorithm;

        if (!attributes_get(a, type, &algorithm, sizeof(algorithm)))
                return false;
        memcpy(name, algorithm.alg_name, 64);
        name[64] = '\0';
        *key_bits = algorithm.alg_key_len;
        return true;
}

/* xfrm_algo_auth and xfrm_algo_aead: how many bits of the check value are kept. */
static uint32_t get_icv_bits(const struct attributes *a, unsigned int type)
{
        struct xfrm_algo_aead algorithm;

        return attributes_get(a, type, &algorithm, sizeof(algorithm)) ? algorithm.alg_icv_len : 0;
}

static void set_encryption(const struct attributes *a, struct xfrm_text *text, struct ipsec_sa *sa)
{
        struct algorithm *e = &text->encryption;
        char name[65];
        uint32_t key_bits;

        if (get_algorithm(a, XFRMA_ALG_AEAD, name, &key_bits)) {
                algorithm_aead(name, key_bits, get_icv_bits(a, XFRMA_ALG_AEAD), e);
                sa->aead_icv_bits = e->icv_bits;
        } else if (get_algorithm(a, XFRMA_ALG_CRYPT, name, &key_bits)) {
                algorithm_encryption(name, key_bits, e);
        } else {
                return;
        }
        sa->encryption = e->text;
        sa->encryption_key_bits = e->key_bits;
        sa->encryption_transform = e->transform;
}

/* The kernel tells an authentication twice; only the newer attribute has the truncation. */
static void set_authentication(const struct attributes *a, struct xfrm_text *text,
                               struct ipsec_sa *sa)
{
        struct algorithm *d = &text->authentication;
        uint32_t icv_bits = get_icv_bits(a, XFRMA_ALG_AUTH_TRUNC), key_bits;
        char name[65];

        if (!get_algorithm(a, XFRMA_ALG_AUTH_TRUNC, name, &key_bits) &&
            !get_algorithm(a, XFRMA_ALG_AUTH, name, &key_bits))
                return;
        algorithm_authentication(name, key_bits, icv_bits, d);
        sa->authentication = d->text;
        sa->authentication_key_bits = d->key_bits;
        sa->authentication_transform = d->transform;
        sa->authentication_truncation_bits = d->icv_bits;
}

static void set_compression(const struct attributes *a, struct xfrm_text *text, struct ipsec_sa *sa)
{
        char name[65];
        uint32_t key_bits;

        if (!get_algorithm(a, XFRMA_ALG_COMP, name, &key_bits))
                return;
        algorithm_compression(name, &text->compression);
        sa->compression = text->compression.text;
        sa->compression_transform = text->compression.transform;
}

static uint8_t encapsulation_of(uint16_t type)
{
        switch (type) {
        case 0:
                return ENCAPSULATION_NONE;
        case UDP_ENCAP_ESPINUDP_NON_IKE:
                return ENCAPSULATION_UDP_NON_IKE;
        case UDP_ENCAP_ESPINUDP:
                return ENCAPSULATION_UDP;
        case TCP_ENCAP_ESPINTCP:
                return ENCAPSULATION_TCP;
        default:
                return ENCAPSULATION_UNKNOWN;
        }
}

static void set_encapsulation(const struct attributes *a, int family, struct ipsec_sa *sa)
{
        static const xfrm_address_t none;
        struct xfrm_encap_tmpl encap;

        sa->encapsulation = ENCAPSULATION_NONE;
        if (!attributes_get(a, XFRMA_ENCAP, &encap, sizeof(encap)))
                return;
        sa->encapsulation = encapsulation_of(encap.encap_type);
        sa->encap_source_port = ntohs(encap.encap_sport);
        sa->encap_destination_port = ntohs(encap.encap_dport);
        if (memcmp(&encap.encap_oa, &none, sizeof(none)) != 0)
                inet_addr_set(&sa->encap_original, family, &encap.encap_oa, 0);
}

/* The last number sent and the highest received: the extended form where the kernel tells it. */
static void set_sequence(const struct attributes *a, struct ipsec_sa *sa)
{
        struct xfrm_replay_state_esn esn;
        struct xfrm_replay_state replay;

        if (attributes_get(a, XFRMA_REPLAY_ESN_VAL, &esn, sizeof(esn))) {
                sa->replay_window = esn.replay_window;
                sa->sequence_out = (uint64_t)esn.oseq_hi << 32 | esn.oseq;
                sa->sequence_in = (uint64_t)esn.seq_hi << 32 | esn.seq;
        } else if (attributes_get(a, XFRMA_REPLAY_VAL, &replay, sizeof(replay))) {
                sa->sequence_out = replay.oseq;
                sa->sequence_in = replay.seq;
        }
}

/* A number is sent once (RFC 4303, 2.2). IPComp has none, and some SAs may begin again. */
static void set_headroom(struct ipsec_sa *sa)
{
        uint64_t highest = sa->flags & SA_ESN ? UINT64_MAX : UINT32_MAX;
        bool numbered = sa->protocol == PROTOCOL_ESP || sa->protocol == PROTOCOL_AH;
        bool wraps = sa->flags & SA_OUT_SEQUENCE_MAY_WRAP;
        uint64_t percent;

        sa->sequence_headroom_percent = -1;
        if (!numbered || wraps || sa->state == SA_LARVAL || sa->told_direction == DIRECTION_INBOUND)
                return;
        sa->sequence_headroom = sa->sequence_out < highest ? highest - sa->sequence_out : 0;
        percent = sa->sequence_headroom / (highest / 100);
        sa->sequence_headroom_percent = percent > 100 ? 100 : (int32_t)percent;
}

static void set_offload(const struct attributes *a, struct ipsec_sa *sa)
{
        struct xfrm_user_offload offload;

        sa->offload_mode = OFFLOAD_NONE;
        if (!attributes_get(a, XFRMA_OFFLOAD_DEV, &offload, sizeof(offload)))
                return;
        sa->offload_if_index = (uint32_t)offload.ifindex;
        sa->offload_mode =
                offload.flags & XFRM_OFFLOAD_FLAG_PACKET ? OFFLOAD_PACKET : OFFLOAD_CRYPTO;
        sa->told_direction =
                offload.flags & XFRM_OFFLOAD_FLAG_INBOUND ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
}

static void set_direction(const struct attributes *a, struct ipsec_sa *sa)
{
        uint8_t direction;

        sa->told_direction = DIRECTION_UNKNOWN;
        set_offload(a, sa);
        if (attributes_get(a, XFRM_ATTRIBUTE_SA_DIR, &direction, sizeof(direction)) &&
            direction > 0)
                sa->told_direction = direction < DIRECTION_FORWARD ? direction : DIRECTION_UNKNOWN;
        sa->direction = sa->told_direction;
}

static void set_marks(const struct attributes *a, struct ipsec_sa *sa)
{
        attributes_mark(a, &sa->mark, &sa->mark_mask);
        sa->output_mark = attributes_u32(a, XFRMA_SET_MARK);
        sa->output_mark_mask = attributes_u32(a, XFRMA_SET_MARK_MASK);
        sa->if_id = attributes_u32(a, XFRMA_IF_ID);
}

static void set_iptfs(const struct attributes *a, struct ipsec_sa *sa)
{
        uint16_t window;

        sa->iptfs_drop_time = attributes_u32(a, XFRM_ATTRIBUTE_IPTFS_DROP_TIME);
        if (attributes_get(a, XFRM_ATTRIBUTE_IPTFS_REORDER_WINDOW, &window, sizeof(window)))
                sa->iptfs_reorder_window = window;
        sa->iptfs_dont_fragment = a->by_type[XFRM_ATTRIBUTE_IPTFS_DONT_FRAG] != NULL;
        sa->iptfs_init_delay = attributes_u32(a, XFRM_ATTRIBUTE_IPTFS_INIT_DELAY);
        sa->iptfs_max_queue_size = attributes_u32(a, XFRM_ATTRIBUTE_IPTFS_MAX_QSIZE);
        sa->iptfs_packet_size = attributes_u32(a, XFRM_ATTRIBUTE_IPTFS_PKT_SIZE);
}

static void set_rest(const struct attributes *a, struct ipsec_sa *sa)
{
        xfrm_address_t care_of;
        uint64_t last_used;

        sa->tfc_pad = attributes_u32(a, XFRMA_TFCPAD);
        sa->nat_keepalive = attributes_u32(a, XFRM_ATTRIBUTE_NAT_KEEPALIVE);
        sa->mapping_timer = attributes_u32(a, XFRM_ATTRIBUTE_MTIMER_THRESH);
        sa->cpu = -1;
        attributes_get(a, XFRM_ATTRIBUTE_SA_PCPU, &sa->cpu, sizeof(sa->cpu));
        /* Route optimization is a matter of IPv6 only. */
        if (attributes_get(a, XFRMA_COADDR, &care_of, sizeof(care_of)))
                inet_addr_set(&sa->care_of, AF_INET6, &care_of, 0);
        if (attributes_get(a, XFRMA_LASTUSED, &last_used, sizeof(last_used)))
                sa->last_packet = xfrm_epoch(last_used);
}

static uint8_t state_of(const struct ipsec_sa *sa, int64_t now)
{
        bool keyed = sa->protocol == PROTOCOL_ESP || sa->protocol == PROTOCOL_AH ||
                     sa->protocol == PROTOCOL_IPCOMP;

        if (keyed && !sa->encryption && !sa->authentication && !sa->compression)
                return SA_LARVAL;
        if (reached(&sa->hard, sa->hard_expiry, sa, now))
                return SA_DEAD;
        return reached(&sa->soft, sa->soft_expiry, sa, now) ? SA_DYING : SA_MATURE;
}

void xfrm_judge_sa(struct ipsec_sa *sa, int64_t now)
{
        sa->hard_expiry = expiry(&sa->hard, sa);
        sa->soft_expiry = expiry(&sa->soft, sa);
        sa->state = state_of(sa, now);
}

static bool get_info(const struct nlmsghdr *nlh, const struct attributes *a,
                     struct xfrm_usersa_info *info)
{
        if (nlh->nlmsg_type == XFRM_MSG_DELSA)
                return attributes_get(a, XFRMA_SA, info, sizeof(*info));
        memcpy(info, mnl_nlmsg_get_payload(nlh), sizeof(*info));
        return true;
}

int xfrm_parse_sa(const struct nlmsghdr *nlh, int64_t now, struct xfrm_text *text,
                  struct ipsec_sa *sa)
{
        struct xfrm_usersa_info info;
        struct attributes a;
        int err = attributes_find(nlh, header_size(nlh->nlmsg_type), &a);

        if (err < 0)
                return err;
        memset(sa, 0, sizeof(*sa));
        memset(text, 0, sizeof(*text));
        if (header_size(nlh->nlmsg_type) == 0 || !get_info(nlh, &a, &info))
                return -EBADMSG;
        set_info(&info, sa);
        sa->flags = flags_of(info.flags, attributes_u32(&a, XFRMA_SA_EXTRA_FLAGS));
        set_encryption(&a, text, sa);
        set_authentication(&a, text, sa);
        set_compression(&a, text, sa);
        set_encapsulation(&a, info.family, sa);
        set_sequence(&a, sa);
        set_direction(&a, sa);
        set_marks(&a, sa);
        set_iptfs(&a, sa);
        sa->security_context = attributes_security_context(&a, text->security_context);
        set_rest(&a, sa);
        xfrm_judge_sa(sa, now);
        set_headroom(sa);
        return 0;
}

/* The template that the acquire is about: the first of its protocol. */
static bool get_template(const struct attributes *a, uint8_t protocol, struct xfrm_user_tmpl *tmpl)
{
        const struct nlattr *attr = a->by_type[XFRMA_TMPL];
        size_t n = attr ? mnl_attr_get_payload_len(attr) / sizeof(*tmpl) : 0;

        for (size_t i = 0; i < n; i++) {
                memcpy(tmpl, (const char *)mnl_attr_get_payload(attr) + i * sizeof(*tmpl),
                       sizeof(*tmpl));
                if (tmpl->id.proto == protocol)
                        return true;
        }
        return false;
}

int xfrm_parse_acquire(const struct nlmsghdr *nlh, int64_t now, uint32_t expires,
                       struct ipsec_sa *sa)
{
        struct xfrm_user_acquire acquire;
        struct xfrm_user_tmpl tmpl;
        struct attributes a;
        int err = attributes_find(nlh, sizeof(acquire), &a);

        if (err < 0)
                return err;
        memset(sa, 0, sizeof(*sa));
        memcpy(&acquire, mnl_nlmsg_get_payload(nlh), sizeof(acquire));
        if (!get_template(&a, acquire.id.proto, &tmpl))
                return -EBADMSG;
        inet_addr_set(&sa->destination, tmpl.family, &acquire.id.daddr, 0);
        inet_addr_set(&sa->source, tmpl.family, &acquire.saddr, 0);
        sa->protocol = acquire.id.proto;
        sa->spi = ntohl(acquire.id.spi);
        set_selector(&acquire.sel, tmpl.family, sa);
        sa->reqid = tmpl.reqid;
        sa->mode = xfrm_mode(tmpl.mode);
        sa->acquire_sequence = acquire.seq;
        set_marks(&a, sa);
        sa->state = SA_LARVAL;
        sa->encapsulation = ENCAPSULATION_NONE;
        sa->offload_mode = OFFLOAD_NONE;
        sa->told_direction = sa->direction = DIRECTION_UNKNOWN;
        sa->sequence_headroom_percent = -1;
        sa->cpu = -1;
        sa->add_time = now;
        sa->hard.add_seconds = expires;
        sa->hard_expiry = expiry(&sa->hard, sa);
        return 0;
}

int xfrm_parse_expire_hard(const struct nlmsghdr *nlh)
{
        struct xfrm_user_expire expire;

        if (mnl_nlmsg_get_payload_len(nlh) < sizeof(expire))
                return -EBADMSG;
        memcpy(&expire, mnl_nlmsg_get_payload(nlh), sizeof(expire));
        return expire.hard != 0;
}

int xfrm_parse_flush(const struct nlmsghdr *nlh)
{
        struct xfrm_usersa_flush flush;

        if (mnl_nlmsg_get_payload_len(nlh) < sizeof(flush))
                return -EBADMSG;
        memcpy(&flush, mnl_nlmsg_get_payload(nlh), sizeof(flush));
        return flush.proto;
}

int xfrm_parse_mapping(const struct nlmsghdr *nlh, struct xfrm_mapping *mapping)
{
        struct xfrm_user_mapping told;

        if (mnl_nlmsg_get_payload_len(nlh) < sizeof(told))
                return -EBADMSG;
        memcpy(&told, mnl_nlmsg_get_payload(nlh), sizeof(told));
        memset(mapping, 0, sizeof(*mapping));
        mapping->spi = ntohl(told.id.spi);
        mapping->reqid = told.reqid;
        mapping->old_port = ntohs(told.old_sport);
        mapping->new_port = ntohs(told.new_sport);
        inet_addr_set(&mapping->destination, told.id.family, &told.id.daddr, 0);
        inet_addr_set(&mapping->old, told.id.family, &told.old_saddr, 0);
        inet_addr_set(&mapping->new, told.id.family, &told.new_saddr, 0);
        return 0;
}

int xfrm_parse_sad_info(const struct nlmsghdr *nlh, struct xfrm_sad_info *info)
{
        struct xfrmu_sadhinfo hash = { 0 };
        struct attributes a;
        uint32_t count;
        int err = attributes_find(nlh, sizeof(uint32_t), &a);

        if (err < 0 || !attributes_get(&a, XFRMA_SAD_CNT, &count, sizeof(count)))
                return -EBADMSG;
        attributes_get(&a, XFRMA_SAD_HINFO, &hash, sizeof(hash));
        *info = (struct xfrm_sad_info){
                .count = count,
                .hash_buckets = hash.sadhcnt,
                .hash_maximum = hash.sadhmcnt,
        };
        return 0;
}

/* Octets at the attribute's start that are no key; 0: it has none. */
static size_t key_offset(uint16_t type)
{
        switch (type) {
        case XFRMA_ALG_AUTH:
        case XFRMA_ALG_CRYPT:
        case XFRMA_ALG_COMP:
                return sizeof(struct xfrm_algo);
        case XFRMA_ALG_AEAD:
        case XFRMA_ALG_AUTH_TRUNC:
                return sizeof(struct xfrm_algo_aead);
        default:
                return 0;
        }
}

int xfrm_blank_keys(struct nlmsghdr *nlh)
{
        size_t header = header_size(nlh->nlmsg_type);
        struct attributes a;

        if (header == 0)
                return 0;
        if (attributes_find(nlh, header, &a) < 0)
                return -EBADMSG;
        for (struct nlattr *attr = attributes_first(nlh, header); attr;
             attr = attributes_next(nlh, attr)) {
                size_t offset = key_offset(mnl_attr_get_type(attr));
                size_t length = mnl_attr_get_payload_len(attr);

                if (offset > 0 && length > offset)
                        explicit_bzero((char *)mnl_attr_get_payload(attr) + offset,
                                       length - offset);
        }
        return 0;
}

void xfrm_blank_datagram(void *octets, size_t length)
{
        struct messages messages = { octets, length };
        struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages)))
                if (xfrm_blank_keys(nlh) < 0)
                        explicit_bzero(mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload_len(nlh));
        explicit_bzero(messages.at, messages.left);
}

bool xfrm_flush_takes(int flushed, uint8_t protocol)
{
        if (flushed == 0 || flushed == protocol)
                return true;
        return flushed == IPSEC_PROTO_ANY &&
               (protocol == PROTOCOL_ESP || protocol == PROTOCOL_AH || protocol == PROTOCOL_IPCOMP);
}
