#include "xfrm_sas.h"

#include "tables/occurrence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The kernel's default for net.core.xfrm_acq_expires. */
#define ACQUIRE_EXPIRES 30

void xfrm_sas_init(struct xfrm_sas *x, struct loop *loop, struct store *store)
{
        FILE *file;

        memset(x, 0, sizeof(*x));
        file = fopen("/proc/sys/net/core/xfrm_acq_expires", "re");

        x->table = store_table(store, &ipsec_sa_type);
        x->occurrences = store_table(store, &occurrence_type);
        x->loop = loop;
        if (!file || fscanf(file, "%u", &x->acquire_expires) != 1)
                x->acquire_expires = ACQUIRE_EXPIRES;
        if (file)
                fclose(file);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
        return a > b ? a : b;
}

/* Whether the row in the table is the same SA, and not an earlier one with the same SPI. */
static bool same_life(const struct ipsec_sa *old, const struct ipsec_sa *sa)
{
        return old && old->add_time == sa->add_time;
}

/*
 * Whether an event is about an earlier SA with the same SPI: it waited while a dump told of the new
 * one. The clock may have been set back, so a dump's word is never taken for that.
 */
static bool is_of_earlier(const struct ipsec_sa *old, const struct ipsec_sa *sa)
{
        return old && old->state != SA_LARVAL && sa->add_time < old->add_time;
}

/*
 * An event may have waited while a dump told something later: counters of one SA never fall. What
 * moved is told by the first reading that shows more packets; of packets before the first reading
 * of all only the first one's moment is known.
 */
static void carry_over(const struct ipsec_sa *old, const struct moment *now, struct ipsec_sa *sa,
                       enum table_source source)
{
        if (!same_life(old, sa)) {
                sa->discontinuity = now->monotonic;
                if (sa->last_packet == 0 && sa->packets > 0)
                        sa->last_packet = sa->use_time;
                return;
        }
        sa->discontinuity = old->discontinuity;
        if (source == TABLE_FROM_DUMP)
                sa->requester = old->requester; /* a dump does not tell */
        sa->octets = larger(sa->octets, old->octets);
        sa->packets = larger(sa->packets, old->packets);
        sa->replay_window_errors = larger(sa->replay_window_errors, old->replay_window_errors);
        sa->replay_errors = larger(sa->replay_errors, old->replay_errors);
        sa->integrity_errors = larger(sa->integrity_errors, old->integrity_errors);
        if (sa->last_packet == 0)
                sa->last_packet = sa->packets > old->packets ? now->wall : old->last_packet;
}

static void set_offload_device(struct xfrm_text *text, struct ipsec_sa *sa)
{
        if (sa->offload_if_index && if_indextoname(sa->offload_if_index, text->offload_device))
                sa->offload_device = text->offload_device;
}

static int put(struct xfrm_sas *x, struct ipsec_sa *sa, const struct moment *now,
               enum table_source source)
{
        carry_over(table_find(x->table, sa), now, sa, source);
        return table_put(x->table, sa, source);
}

/* Whether the kernel takes this acquire for answered by the new SA (its __find_acq_core()). */
static bool answers(const struct ipsec_sa *sa, const struct ipsec_sa *acquire)
{
        if (memcmp(&sa->destination, &acquire->destination, sizeof(sa->destination)) != 0)
                return false;
        if (sa->acquire_sequence && sa->acquire_sequence == acquire->acquire_sequence)
                return true;
        return sa->reqid == acquire->reqid && sa->mode == acquire->mode &&
               sa->if_id == acquire->if_id &&
               (sa->mark & sa->mark_mask & acquire->mark_mask) == acquire->mark &&
               memcmp(&sa->source, &acquire->source, sizeof(sa->source)) == 0;
}

/* A new SA takes the place of one acquire, of which the kernel tells nothing. */
static void remove_answered(struct xfrm_sas *x, const struct ipsec_sa *sa)
{
        uint32_t start[] = { 0, sa->protocol }, after[INDEX_MAX];
        const struct ipsec_sa *acquire, *found = NULL;
        size_t length;

        for (acquire = table_next(x->table, &sa_by_spi_type, start, 2, false);
             acquire && acquire->spi == 0 && acquire->protocol == sa->protocol;
             acquire = table_next(x->table, &sa_by_spi_type, after, length, false)) {
                if (acquire->state == SA_LARVAL && answers(sa, acquire)) {
                        found = acquire;
                        if (sa->acquire_sequence == found->acquire_sequence)
                                break;
                }
                length = index_encode(&sa_by_spi_type, acquire, after);
        }
        if (found)
                table_remove(x->table, found, TABLE_DELETED);
}

static int apply_new(struct xfrm_sas *x, const struct nlmsghdr *nlh, enum table_source source)
{
        struct xfrm_text text;
        struct ipsec_sa sa;
        struct moment now;
        int err;

        x->loop->now(x->loop, &now);
        err = xfrm_parse_sa(nlh, now.wall, &text, &sa);
        if (err < 0)
                return err;
        set_offload_device(&text, &sa);
        if (source == TABLE_FROM_EVENT && is_of_earlier(table_find(x->table, &sa), &sa))
                return 0;
        if (source == TABLE_FROM_EVENT && sa.spi != 0)
                remove_answered(x, &sa);
        if (source == TABLE_FROM_EVENT)
                sa.requester = nlh->nlmsg_pid;
        return put(x, &sa, &now, source);
}

/*
 * An update of an SA that has its keys already changes just these (the kernel's
 * xfrm_state_update()); whatever else the message says is what was asked for, not what is.
 */
static void take_update(const struct ipsec_sa *from, struct ipsec_sa *sa)
{
        if (from->encapsulation == sa->encapsulation) {
                sa->encap_source_port = from->encap_source_port;
                sa->encap_destination_port = from->encap_destination_port;
                sa->encap_original = from->encap_original;
        }
        if (sa->care_of.type != INET_ADDR_UNKNOWN && from->care_of.type != INET_ADDR_UNKNOWN)
                sa->care_of = from->care_of;
        if (from->output_mark || from->output_mark_mask) {
                sa->output_mark = from->output_mark;
                sa->output_mark_mask = from->output_mark_mask;
        }
        if (from->if_id)
                sa->if_id = from->if_id;
        sa->hard = from->hard;
        sa->soft = from->soft;
}

static int apply_update(struct xfrm_sas *x, const struct nlmsghdr *nlh)
{
        const struct ipsec_sa *old;
        struct ipsec_sa told, sa;
        struct xfrm_text text;
        struct moment now;
        int err;

        x->loop->now(x->loop, &now);
        err = xfrm_parse_sa(nlh, now.wall, &text, &told);
        if (err < 0)
                return err;
        old = table_find(x->table, &told);
        if (!old || old->state == SA_LARVAL)
                return apply_new(x, nlh, TABLE_FROM_EVENT);
        sa = *old;
        take_update(&told, &sa);
        sa.requester = nlh->nlmsg_pid;
        xfrm_judge_sa(&sa, now.wall);
        return put(x, &sa, &now, TABLE_FROM_EVENT);
}

/* The message has the SA's last counters: they go into the row before it goes. */
static int apply_deleted(struct xfrm_sas *x, const struct nlmsghdr *nlh)
{
        struct xfrm_text text;
        struct ipsec_sa sa;
        struct moment now;
        int err;

        x->loop->now(x->loop, &now);
        err = xfrm_parse_sa(nlh, now.wall, &text, &sa);
        if (err < 0)
                return err;
        if (is_of_earlier(table_find(x->table, &sa), &sa))
                return 0;
        sa.requester = nlh->nlmsg_pid;
        err = put(x, &sa, &now, TABLE_FROM_EVENT);
        if (err == 0)
                table_remove(x->table, &sa, TABLE_DELETED);
        return err;
}

/* An expiry tells no algorithms, so the row is kept and only what counts is replaced. */
static void take_counters(const struct ipsec_sa *from, struct ipsec_sa *sa)
{
        sa->octets = from->octets;
        sa->packets = from->packets;
        sa->add_time = from->add_time;
        sa->use_time = from->use_time;
        sa->hard = from->hard;
        sa->soft = from->soft;
        sa->replay_window_errors = from->replay_window_errors;
        sa->replay_errors = from->replay_errors;
        sa->integrity_errors = from->integrity_errors;
        sa->last_packet = 0;
}

static int apply_expire(struct xfrm_sas *x, const struct nlmsghdr *nlh)
{
        const struct ipsec_sa *old;
        struct ipsec_sa told, sa;
        struct xfrm_text text;
        struct moment now;
        int hard = xfrm_parse_expire_hard(nlh);
        int err;

        x->loop->now(x->loop, &now);
        err = hard < 0 ? hard : xfrm_parse_sa(nlh, now.wall, &text, &told);
        if (err < 0)
                return err;
        old = table_find(x->table, &told);
        if (!old && !hard)
                return 0; /* a full read under way brings it, with the same counters or later ones
                           */
        if (is_of_earlier(old, &told))
                return 0;
        sa = old ? *old : told;
        take_counters(&told, &sa);
        xfrm_judge_sa(&sa, now.wall);
        if (!old || sa.state != SA_LARVAL)
                sa.state = hard ? SA_DEAD : SA_DYING;
        err = put(x, &sa, &now, TABLE_FROM_EVENT);
        if (err == 0 && hard)
                table_remove(x->table, &sa, TABLE_EXPIRED);
        return err;
}

static int apply_acquire(struct xfrm_sas *x, const struct nlmsghdr *nlh)
{
        struct ipsec_sa sa;
        struct moment now;
        int err;

        x->loop->now(x->loop, &now);
        err = xfrm_parse_acquire(nlh, now.wall, x->acquire_expires, &sa);
        return err < 0 ? err : put(x, &sa, &now, TABLE_FROM_EVENT);
}

static bool flushed(const void *row, const void *context)
{
        return xfrm_flush_takes(*(const int *)context, ((const struct ipsec_sa *)row)->protocol);
}

static int apply_flush(struct xfrm_sas *x, const struct nlmsghdr *nlh)
{
        int protocol = xfrm_parse_flush(nlh);

        if (protocol < 0)
                return protocol;
        table_remove_matching(x->table, flushed, &protocol, TABLE_FLUSHED);
        return 0;
}

/* Told for each packet until somebody updates the SA. */
static int apply_mapping(struct xfrm_sas *x, const struct nlmsghdr *nlh)
{
        struct xfrm_mapping mapping;
        struct occurrence o;
        char from[INET_ADDR_TEXT_SIZE], to[INET_ADDR_TEXT_SIZE], text[200];
        int err = xfrm_parse_mapping(nlh, &mapping);
        struct xfrm_mapping *last;

        if (err < 0)
                return err;
        last = &x->mappings[mapping.spi % MAPPINGS];
        if (memcmp(last, &mapping, sizeof(mapping)) == 0)
                return 0;
        *last = mapping;
        inet_addr_text(&mapping.old, from);
        inet_addr_text(&mapping.new, to);
        snprintf(text, sizeof(text),
                 "the peer's address behind NAT was %s port %u and is %s port %u", from,
                 mapping.old_port, to, mapping.new_port);
        memset(&o, 0, sizeof(o));
        o.kind = EVENT_NAT_MAPPING_CHANGED;
        o.entity = ENTITY_KERNEL;
        o.reason = REASON_NONE;
        o.spi = mapping.spi;
        o.local = mapping.destination;
        o.remote = mapping.new;
        o.text = text;
        return occurrence_tell(x->occurrences, &o);
}

/* It tells of a policy; what becomes of SAs a full read tells. */
static int apply_migrate(struct xfrm_sas *x)
{
        struct occurrence o;

        memset(&o, 0, sizeof(o));
        o.kind = EVENT_SA_MIGRATED;
        o.entity = ENTITY_KERNEL;
        o.reason = REASON_NONE;
        o.text = "SAs and policies moved to another address";
        occurrence_tell(x->occurrences, &o);
        return XFRM_SAS_RESYNC;
}

int xfrm_sas_apply(struct xfrm_sas *x, const struct nlmsghdr *nlh, enum table_source source)
{
        switch (nlh->nlmsg_type) {
        case XFRM_MSG_NEWSA:
                return apply_new(x, nlh, source);
        case XFRM_MSG_UPDSA:
                return apply_update(x, nlh);
        case XFRM_MSG_DELSA:
                return apply_deleted(x, nlh);
        case XFRM_MSG_EXPIRE:
                return apply_expire(x, nlh);
        case XFRM_MSG_ACQUIRE:
                return apply_acquire(x, nlh);
        case XFRM_MSG_FLUSHSA:
                return apply_flush(x, nlh);
        case XFRM_MSG_MAPPING:
                return apply_mapping(x, nlh);
        case XFRM_MSG_MIGRATE:
                return apply_migrate(x);
        default:
                return 0;
        }
}
