#include "config.h"

#include "filter.h"

#include "columns.h"
#include "tables/bypass.h"
#include "tables/certificate.h"
#include "tables/configured_policy.h"
#include "tables/event.h"
#include "tables/interface.h"
#include "tables/tunnel.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for two keys (48 octets each) and what is between them. */
enum { CHILD_NAME_SIZE = 128, SPI_DIGITS = 8 };

int filter_set_spi(struct filter *filter, const char *text)
{
        const char *digits = strncasecmp(text, "0x", 2) == 0 ? text + 2 : text;
        size_t n = strspn(digits, "0123456789abcdefABCDEF");

        if (n == 0 || n > SPI_DIGITS || digits[n] != '\0')
                return -EINVAL;
        filter->spi = (uint32_t)strtoul(digits, NULL, 16);
        filter->given |= FILTER_SPI;
        return 0;
}

int filter_set_peer(struct filter *filter, const char *text)
{
        struct inet_addr address;

        if (*text == '\0' || strchr(text, '/') || !inet_addr_parse(&address, text, strlen(text)))
                return -EINVAL;
        filter->peer = address;
        filter->given |= FILTER_PEER;
        return 0;
}

void filter_set_name(struct filter *filter, const char *pattern)
{
        filter->name = pattern;
        filter->given |= FILTER_NAME;
}

bool filter_takes_spi(const struct filter *filter, uint32_t spi)
{
        return !(filter->given & FILTER_SPI) || spi == filter->spi;
}

bool filter_takes_peer(const struct filter *filter, const struct inet_addr *address)
{
        return !(filter->given & FILTER_PEER) || inet_addr_same(address, &filter->peer);
}

bool filter_takes_name(const struct filter *filter, const char *name)
{
        return !(filter->given & FILTER_NAME) || (name && fnmatch(filter->name, name, 0) == 0);
}

/* "192.0.2.1", "192.0.2.0/24"; a name or a range is no address that could be compared. */
static bool takes_word(const struct filter *filter, const char *word, size_t length)
{
        struct inet_addr address;

        if (length == 0 || !inet_addr_parse(&address, word, length))
                return false;
        if (memchr(word, '/', length))
                return inet_addr_contains(&address, &filter->peer);
        return inet_addr_same(&address, &filter->peer);
}

bool filter_takes_peers(const struct filter *filter, const char *addresses)
{
        const char *word = addresses ? addresses : "";

        if (!(filter->given & FILTER_PEER))
                return true;
        while (*word) {
                size_t length = strcspn(word, ", ");

                if (takes_word(filter, word, length))
                        return true;
                word += length;
                word += strspn(word, ", ");
        }
        return false;
}

bool filter_takes_child(const struct filter *filter, const char *policy_key, const char *child_key)
{
        char name[CHILD_NAME_SIZE];

        if (!policy_key || !child_key)
                return filter_takes_name(filter, NULL);
        snprintf(name, sizeof(name), "%s/%s", policy_key, child_key);
        return filter_takes_name(filter, name) || filter_takes_name(filter, policy_key) ||
               filter_takes_name(filter, child_key);
}

/* Either end may be the peer. */
static bool takes_sa(const struct filter *filter, const void *row)
{
        const struct ipsec_sa *sa = row;

        return filter_takes_spi(filter, sa->spi) &&
               (filter_takes_peer(filter, &sa->source) ||
                filter_takes_peer(filter, &sa->destination)) &&
               filter_takes_child(filter, sa->tunnel_policy_key, sa->tunnel_child_key);
}

/* ---- the others ---- */

static bool takes_ike_sa(const struct filter *filter, const void *row)
{
        const struct ike_sa *sa = row;

        return filter_takes_peer(filter, &sa->remote) && filter_takes_name(filter, sa->policy_name);
}

static bool takes_ike_policy(const struct filter *filter, const void *row)
{
        const struct ike_policy *policy = row;

        return filter_takes_peers(filter, policy->remote_addresses) &&
               filter_takes_name(filter, policy->name);
}

static bool takes_tunnel(const struct filter *filter, const void *row)
{
        const struct tunnel *tunnel = row;

        return filter_takes_peer(filter, &tunnel->remote) &&
               (filter_takes_name(filter, tunnel->name) ||
                filter_takes_name(filter, tunnel->policy_name) ||
                filter_takes_name(filter, tunnel->child_name));
}

static bool takes_configured(const struct filter *filter, const void *row)
{
        const struct configured_policy *child = row;

        return filter_takes_name(filter, child->child_name) ||
               filter_takes_name(filter, child->policy_name);
}

static bool takes_bypass(const struct filter *filter, const void *row)
{
        return filter_takes_name(filter, ((const struct bypass *)row)->name);
}

static bool takes_interface(const struct filter *filter, const void *row)
{
        return filter_takes_name(filter, ((const struct interface *)row)->name);
}

/* Of the IKE policies that use it any. */
static bool takes_certificate(const struct filter *filter, const void *row)
{
        const char *names = ((const struct certificate *)row)->used_by;
        char *copy = strdup(names ? names : ""), *rest = copy, *name;
        bool taken = !(filter->given & FILTER_NAME);

        while (rest && !taken && (name = strsep(&rest, ",")))
                taken = *name && filter_takes_name(filter, name + strspn(name, " "));
        free(copy);
        return taken;
}

/* A tunnel's name is "policy/child": either part names it, too, as it does in other reports. */
static bool takes_subject(const struct filter *filter, const char *subject)
{
        const char *slash = subject ? strchr(subject, '/') : NULL;
        char *policy;
        bool taken;

        if (filter_takes_name(filter, subject))
                return true;
        if (!slash)
                return false;
        policy = strndup(subject, (size_t)(slash - subject));
        taken = filter_takes_name(filter, slash + 1) || filter_takes_name(filter, policy);
        free(policy);
        return taken;
}

static bool takes_event(const struct filter *filter, const void *row)
{
        const struct event *event = row;

        return filter_takes_spi(filter, event->spi) && filter_takes_peer(filter, &event->peer) &&
               takes_subject(filter, event->subject);
}

/* How a filter looks at a table's rows by themselves. */
static const struct matching {
        const struct table_type *type;
        /* NULL: that is told of several tables, see rule_select() */
        bool (*takes)(const struct filter *filter, const void *row);
        struct {
                unsigned int kind; /* enum filter_kind */
                uint16_t member;   /* that it reads */
        } reads[FILTER_MEMBERS_MAX];
} rules[] = {
        { &ipsec_sa_type,
          takes_sa,
          { { FILTER_SPI, NEEDS(struct ipsec_sa, spi) },
            { FILTER_PEER, NEEDS(struct ipsec_sa, source) },
            { FILTER_PEER, NEEDS(struct ipsec_sa, destination) },
            { FILTER_NAME, NEEDS(struct ipsec_sa, tunnel_policy_key) },
            { FILTER_NAME, NEEDS(struct ipsec_sa, tunnel_child_key) } } },
        { &policy_type,
          NULL,
          { { FILTER_NAME, NEEDS(struct policy, tunnel_policy_key) },
            { FILTER_NAME, NEEDS(struct policy, tunnel_child_key) },
            { FILTER_NAME, NEEDS(struct policy, configured_policy_key) },
            { FILTER_NAME, NEEDS(struct policy, configured_child_key) } } },
        { &ike_sa_type,
          takes_ike_sa,
          { { FILTER_PEER, NEEDS(struct ike_sa, remote) },
            { FILTER_NAME, NEEDS(struct ike_sa, policy_name) } } },
        { &ike_policy_type,
          takes_ike_policy,
          { { FILTER_PEER, NEEDS(struct ike_policy, remote_addresses) },
            { FILTER_NAME, NEEDS(struct ike_policy, name) } } },
        { &tunnel_type,
          takes_tunnel,
          { { FILTER_PEER, NEEDS(struct tunnel, remote) },
            { FILTER_NAME, NEEDS(struct tunnel, name) },
            { FILTER_NAME, NEEDS(struct tunnel, policy_name) },
            { FILTER_NAME, NEEDS(struct tunnel, child_name) } } },
        { &configured_policy_type,
          takes_configured,
          { { FILTER_NAME, NEEDS(struct configured_policy, child_name) },
            { FILTER_NAME, NEEDS(struct configured_policy, policy_name) } } },
        { &bypass_type, takes_bypass, { { FILTER_NAME, NEEDS(struct bypass, name) } } },
        { &interface_type, takes_interface, { { FILTER_NAME, NEEDS(struct interface, name) } } },
        { &certificate_type,
          takes_certificate,
          { { FILTER_NAME, NEEDS(struct certificate, used_by) } } },
        { &event_type,
          takes_event,
          { { FILTER_SPI, NEEDS(struct event, spi) },
            { FILTER_PEER, NEEDS(struct event, peer) },
            { FILTER_NAME, NEEDS(struct event, subject) } } },
};

static const struct matching *find_rule(const struct table_type *type)
{
        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
                if (rules[i].type == type)
                        return &rules[i];
        return NULL;
}

size_t filter_members(const struct filter *filter, const struct table_type *type,
                      uint16_t members[FILTER_MEMBERS_MAX])
{
        const struct matching *rule = filter->given ? find_rule(type) : NULL;
        size_t n = 0;

        for (size_t i = 0; rule && i < FILTER_MEMBERS_MAX; i++)
                if (rule->reads[i].kind & filter->given)
                        members[n++] = rule->reads[i].member;
        return n;
}

bool filter_takes_row(const struct filter *filter, const struct table_type *type, const void *row)
{
        const struct matching *rule = filter->given ? find_rule(type) : NULL;

        return !rule || !rule->takes || rule->takes(filter, row);
}
