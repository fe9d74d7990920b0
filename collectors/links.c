#include "links.h"

#include "rtnetlink_parse.h"
#include "tables/interface.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* Without memory a hash stays as it was, and says so, rather than ending the program. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->hashed = false))
#include <uthash.h>

/* Who told of a link or an address last, with respect to the full read under way. */
struct sighting {
        uint16_t sweep; /* number of the full read in which it was told */
        bool by_event;  /* by an event: what that read says is older */
        bool gone;      /* removed by an event while the read goes on, which may still show it */
};

/* One address as the kernel has it. The same may be there twice, in different networks. */
struct network {
        struct network *next;
        struct sighting seen;
        struct inet_addr network;
        char label[IF_NAMESIZE];
};

struct address {
        struct inet_addr address;
        struct network *networks; /* in the kernel's order */
        bool hashed;
        UT_hash_handle hh;
};

struct link {
        struct link_message is; /* its index is the key */
        struct sighting seen;
        struct address *addresses;
        bool has_address; /* one that is not gone; else the link itself has a row */
        bool hashed;
        UT_hash_handle hh;
};

/* ---- sightings ---- */

/* Is what a full read says of this older than what is known? */
static bool read_is_older(const struct links *l, const struct sighting *seen)
{
        return l->sweeping && seen->sweep == l->sweep && seen->by_event;
}

static void see(const struct links *l, struct sighting *seen, enum table_source source)
{
        *seen = (struct sighting){ l->sweep, source == TABLE_FROM_EVENT, false };
}

/* At the end of a full read: what neither it nor an event since its begin has shown. */
static bool is_lost(const struct links *l, const struct sighting *seen)
{
        return seen->gone || seen->sweep != l->sweep;
}

/* ---- rows ---- */

static uint16_t reasons_of_ipv4(const struct links *l, const struct link_message *is)
{
        uint16_t reasons = 0;

        if (is->disable_xfrm || l->all.disable_xfrm)
                reasons |= REASON_DISABLE_XFRM;
        if (is->disable_policy || l->all.disable_policy)
                reasons |= REASON_DISABLE_POLICY;
        return reasons;
}

static uint16_t reasons_of_ipv6(const struct links *l, const struct link_message *is)
{
        return is->disable_policy6 || l->all.disable_policy6 ? REASON_DISABLE_POLICY : 0;
}

/* IPv6 has no disable_xfrm: what is sent there is always protected. A link without an address is
 * judged by IPv4 where that is configured. */
static void set_settings(const struct links *l, const struct link_message *is,
                         struct interface *row)
{
        bool by_ipv6 = row->address.type == INET_ADDR_IPV6 ||
                       (row->address.type == INET_ADDR_UNKNOWN && !is->tells_ipv4);

        row->settings_told = by_ipv6 ? is->tells_ipv6 : is->tells_ipv4;
        if (row->settings_told)
                row->settings = by_ipv6 ? reasons_of_ipv6(l, is) : reasons_of_ipv4(l, is);
}

/* address NULL: the row of a link without one. */
static struct interface key_of(const struct link *link, const struct address *address)
{
        struct interface row;

        memset(&row, 0, sizeof(row)); /* what lies between the members is compared as well */
        row.if_index = link->is.if_index;
        if (address)
                row.address = address->address;
        return row;
}

static const struct network *first_network(const struct address *address)
{
        const struct network *network = address->networks;

        while (network && network->seen.gone)
                network = network->next;
        return network;
}

/* A link that only its addresses have told of so far has no rows. */
static bool is_known(const struct link *link)
{
        return link->is.name[0] != '\0' && !link->seen.gone;
}

static int put_row(const struct links *l, const struct link *link, const struct address *address)
{
        const struct network *network = address ? first_network(address) : NULL;
        struct interface row = key_of(link, address);

        row.state = link->is.is_up ? INTERFACE_UP : INTERFACE_DOWN;
        row.name = network && network->label[0] ? network->label : link->is.name;
        row.xfrm_if_id = link->is.xfrm_if_id;
        row.xfrm_link = link->is.xfrm_link;
        row.offload = INTERFACE_OFFLOAD_UNKNOWN; /* rtnetlink tells no features of devices */
        set_settings(l, &link->is, &row);
        row.ipsec = INTERFACE_IPSEC_UNKNOWN; /* until a join knows */
        return table_put(l->table, &row, TABLE_FROM_EVENT);
}

static void remove_row(const struct links *l, const struct link *link,
                       const struct address *address, enum table_reason reason)
{
        struct interface row = key_of(link, address);

        table_remove(l->table, &row, reason);
}

static bool any_address(const struct link *link)
{
        for (const struct address *a = link->addresses; a; a = a->hh.next)
                if (first_network(a))
                        return true;
        return false;
}

/* The row of a link without an address comes when its last address goes, and the other way. */
static int show_bareness(const struct links *l, struct link *link)
{
        if (!is_known(link))
                return 0;
        link->has_address = any_address(link);
        if (!link->has_address && !l->complete)
                return 0; /* its addresses are still to come */
        if (!link->has_address)
                return put_row(l, link, NULL);
        remove_row(l, link, NULL, TABLE_DELETED);
        return 0;
}

static int show_address(const struct links *l, struct link *link, const struct address *address)
{
        int err;

        if (!is_known(link))
                return 0;
        err = put_row(l, link, address);
        return err < 0 || link->has_address ? err : show_bareness(l, link);
}

static int show_link(const struct links *l, struct link *link)
{
        for (const struct address *a = link->addresses; a && is_known(link); a = a->hh.next) {
                int err = first_network(a) ? put_row(l, link, a) : 0;

                if (err < 0)
                        return err;
        }
        return show_bareness(l, link);
}

/* ---- addresses ---- */

static struct network **place_of(struct address *address, const struct inet_addr *network)
{
        struct network **place = &address->networks;

        while (*place && memcmp(&(*place)->network, network, sizeof(*network)) != 0)
                place = &(*place)->next;
        return place;
}

static struct address *find_address(const struct link *link, const struct inet_addr *sought)
{
        struct address *address;

        HASH_FIND(hh, link->addresses, sought, sizeof(*sought), address);
        return address;
}

static struct address *add_address(struct link *link, const struct inet_addr *own)
{
        struct address *address = calloc(1, sizeof(*address));

        if (!address)
                return NULL;
        address->address = *own;
        address->hashed = true;
        HASH_ADD(hh, link->addresses, address, sizeof(address->address), address);
        if (address->hashed)
                return address;
        free(address);
        return NULL;
}

static void free_network(struct network **place)
{
        struct network *network = *place;

        *place = network->next;
        free(network);
}

static void free_address(struct link *link, struct address *address)
{
        while (address->networks)
                free_network(&address->networks);
        HASH_DEL(link->addresses, address);
        free(address);
}

/* ---- links ---- */

static struct link *find_link(const struct links *l, uint32_t if_index)
{
        struct link *link;

        HASH_FIND(hh, l->links, &if_index, sizeof(if_index), link);
        return link;
}

static struct link *add_link(struct links *l, uint32_t if_index)
{
        struct link *link = calloc(1, sizeof(*link));

        if (!link)
                return NULL;
        link->is.if_index = if_index;
        link->hashed = true;
        HASH_ADD(hh, l->links, is.if_index, sizeof(link->is.if_index), link);
        if (link->hashed)
                return link;
        free(link);
        return NULL;
}

static void free_link(struct links *l, struct link *link)
{
        while (link->addresses)
                free_address(link, link->addresses);
        HASH_DEL(l->links, link);
        free(link);
}

static void remove_rows(const struct links *l, const struct link *link, enum table_reason reason)
{
        for (const struct address *a = link->addresses; a; a = a->hh.next)
                remove_row(l, link, a, reason);
        remove_row(l, link, NULL, reason);
}

/* ---- messages ---- */

/* Some messages tell no more than flags or a name; the rest is as it was. */
static void take(struct link *link, const struct link_message *told)
{
        struct link_message is = *told;

        if (!told->is_whole) {
                is = link->is;
                is.is_up = told->is_up;
        }
        if (told->name[0])
                memcpy(is.name, told->name, sizeof(is.name));
        else
                memcpy(is.name, link->is.name, sizeof(is.name));
        link->is = is;
}

static int new_link(struct links *l, const struct link_message *told, enum table_source source)
{
        struct link *link = find_link(l, told->if_index);

        if (link && source == TABLE_FROM_DUMP && read_is_older(l, &link->seen))
                return 0;
        if (!link)
                link = add_link(l, told->if_index);
        if (!link)
                return -ENOMEM;
        see(l, &link->seen, source);
        take(link, told);
        return show_link(l, link);
}

/* While a full read goes on, what is gone must be remembered: the read may still show it. */
static int delete_link(struct links *l, const struct link_message *told)
{
        struct link *link = find_link(l, told->if_index);

        if (!link && l->sweeping)
                link = add_link(l, told->if_index);
        if (!link)
                return l->sweeping ? -ENOMEM : 0;
        remove_rows(l, link, TABLE_DELETED);
        if (!l->sweeping) {
                free_link(l, link);
                return 0;
        }
        while (link->addresses)
                free_address(link, link->addresses);
        see(l, &link->seen, TABLE_FROM_EVENT);
        link->seen.gone = true;
        return 0;
}

/* The address, and its link, as they are or made now. */
static struct address *know_address(struct links *l, const struct address_message *told)
{
        struct link *link = find_link(l, told->if_index);
        struct address *address;

        if (!link)
                link = add_link(l, told->if_index);
        if (!link)
                return NULL;
        address = find_address(link, &told->address);
        return address ? address : add_address(link, &told->address);
}

static int put_network(const struct links *l, struct network **place,
                       const struct address_message *told, enum table_source source)
{
        if (*place && source == TABLE_FROM_DUMP && read_is_older(l, &(*place)->seen))
                return 0;
        if (!*place)
                *place = calloc(1, sizeof(**place));
        if (!*place)
                return -ENOMEM;
        (*place)->network = told->network;
        memcpy((*place)->label, told->label, sizeof(told->label));
        see(l, &(*place)->seen, source);
        return 0;
}

static int new_address(struct links *l, const struct address_message *told,
                       enum table_source source)
{
        struct link *link = find_link(l, told->if_index);
        struct address *address;
        int err;

        if (link && source == TABLE_FROM_DUMP && link->seen.gone)
                return 0;
        address = know_address(l, told);
        if (!address)
                return -ENOMEM;
        link = find_link(l, told->if_index);
        err = put_network(l, place_of(address, &told->network), told, source);
        if (err < 0 || !first_network(address))
                return err;
        return show_address(l, link, address);
}

static int delete_address(struct links *l, const struct address_message *told)
{
        struct link *link = find_link(l, told->if_index);
        struct address *address = link ? find_address(link, &told->address) : NULL;
        struct network **place = address ? place_of(address, &told->network) : NULL;

        if (!place || !*place)
                return 0;
        free_network(place);
        if (first_network(address))
                return show_address(l, link, address);
        remove_row(l, link, address, TABLE_DELETED);
        if (!address->networks)
                free_address(link, address);
        return show_bareness(l, link);
}

/* Deletes, and remembers that: the full read under way may still show it. */
static int bury_address(struct links *l, const struct address_message *told)
{
        struct address *address = know_address(l, told);
        struct network **place = address ? place_of(address, &told->network) : NULL;
        struct link *link;
        int err;

        if (!address)
                return -ENOMEM;
        link = find_link(l, told->if_index);
        err = put_network(l, place, told, TABLE_FROM_EVENT);
        if (err < 0)
                return err;
        (*place)->seen.gone = true;
        if (first_network(address))
                return show_address(l, link, address);
        remove_row(l, link, address, TABLE_DELETED);
        return show_bareness(l, link);
}

static int apply_link(struct links *l, const struct nlmsghdr *nlh, enum table_source source)
{
        struct link_message told;
        int err = rtnetlink_parse_link(nlh, &told);

        if (err != 0)
                return err < 0 ? err : 0;
        if (nlh->nlmsg_type == RTM_NEWLINK)
                return new_link(l, &told, source);
        return delete_link(l, &told);
}

static int apply_address(struct links *l, const struct nlmsghdr *nlh, enum table_source source)
{
        struct address_message told;
        int err = rtnetlink_parse_address(nlh, &told);

        if (err != 0 || told.address.type == INET_ADDR_UNKNOWN)
                return err < 0 ? err : 0;
        if (nlh->nlmsg_type == RTM_NEWADDR)
                return new_address(l, &told, source);
        return l->sweeping ? bury_address(l, &told) : delete_address(l, &told);
}

int links_apply(struct links *l, const struct nlmsghdr *nlh, enum table_source source)
{
        switch (nlh->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
                return apply_link(l, nlh, source);
        case RTM_NEWADDR:
        case RTM_DELADDR:
                return apply_address(l, nlh, source);
        default:
                return 0;
        }
}

/* ---- full reads ---- */

/* The number begins at 1: what was told before any read has 0. */
void links_sweep_begin(struct links *l)
{
        l->sweeping = true;
        if (++l->sweep == 0)
                l->sweep = 1;
}

static void sweep_address(struct links *l, struct link *link, struct address *address)
{
        struct network **place = &address->networks;
        bool shown = first_network(address) != NULL;

        while (*place) {
                if (is_lost(l, &(*place)->seen))
                        free_network(place);
                else
                        place = &(*place)->next;
        }
        if (address->networks)
                return;
        if (shown)
                remove_row(l, link, address, TABLE_LOST);
        free_address(link, address);
}

static void sweep_link(struct links *l, struct link *link)
{
        struct address *address, *next;

        if (is_lost(l, &link->seen)) {
                remove_rows(l, link, TABLE_LOST);
                free_link(l, link);
                return;
        }
        HASH_ITER(hh, link->addresses, address, next)
        sweep_address(l, link, address);
        show_bareness(l, link);
}

void links_sweep_end(struct links *l)
{
        struct link *link, *next;

        l->complete = true;
        HASH_ITER(hh, l->links, link, next)
        sweep_link(l, link);
        l->sweeping = false;
}

static void forget_gone(struct links *l, struct link *link)
{
        struct address *address, *next;

        if (link->seen.gone) {
                free_link(l, link);
                return;
        }
        HASH_ITER(hh, link->addresses, address, next)
        {
                struct network **place = &address->networks;

                while (*place) {
                        if ((*place)->seen.gone)
                                free_network(place);
                        else
                                place = &(*place)->next;
                }
                if (!address->networks)
                        free_address(link, address);
        }
}

void links_sweep_abort(struct links *l)
{
        struct link *link, *next;

        HASH_ITER(hh, l->links, link, next)
        forget_gone(l, link);
        l->sweeping = false;
}

int links_set_all(struct links *l, const struct all_conf *all)
{
        int err = 0;

        if (memcmp(&l->all, all, sizeof(*all)) == 0)
                return 0;
        l->all = *all;
        for (struct link *link = l->links; link && err == 0; link = link->hh.next)
                err = show_link(l, link);
        return err;
}

void links_init(struct links *l, struct store *store)
{
        memset(l, 0, sizeof(*l));
        l->table = store_table(store, &interface_type);
}

void links_free(struct links *l)
{
        while (l->links)
                free_link(l, l->links);
}
