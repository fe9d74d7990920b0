/* What belongs to which tunnel: child SAs by their names and peers, SAs by their child, policies by
 * their reqid. */
#include "children.h"
#include "tunnel_record.h"

#include "tables/collector_row.h"
#include "tables/policy_template.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * An IKE daemon tells of its SAs a moment after the kernel does: so many seconds it has, before an
 * SA counts as one with manual keys.
 */
#define CLAIM_SECONDS 3

/* SAs looked at for an older one whose tunnel is known. */
#define OLDER_WITHIN 8

/* ---- the configuration ---- */

const struct configured_policy *tunnel_configured(const struct tunnels *t, const char *policy,
                                                  const char *child)
{
        const struct configured_policy *found;
        struct configured_policy sought;

        if (!policy || !child)
                return NULL;
        memset(&sought, 0, sizeof(sought));
        sought.policy_key = policy;
        sought.child_key = child;
        found = table_find(t->configured, &sought);
        return found && found->action == RULE_DYNAMIC_KEY ? found : NULL;
}

const struct ike_policy *tunnel_ike_policy(const struct tunnels *t, const char *policy)
{
        struct ike_policy sought;

        if (!policy)
                return NULL;
        memset(&sought, 0, sizeof(sought));
        sought.key = policy;
        return table_find(t->ike_policies, &sought);
}

static const struct configured_policy *next_configured(struct tunnels *t, const char *policy,
                                                       const struct configured_policy *row)
{
        struct configured_policy sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.policy_key = policy;
        length = index_encode(&configured_policy_type, row ? row : &sought, oid);
        row = table_next(t->configured, &configured_policy_type, oid, length, false);
        return row && strcmp(row->policy_key, policy) == 0 ? row : NULL;
}

void tunnel_each_configured(struct tunnels *t, const char *policy,
                            void (*each)(struct tunnels *t, const struct configured_policy *row,
                                         const void *context),
                            const void *context)
{
        const struct configured_policy *row = NULL;

        while ((row = next_configured(t, policy, row)))
                if (row->action == RULE_DYNAMIC_KEY)
                        each(t, row, context);
}

/* ---- child SAs ---- */

const struct ike_sa *tunnel_ike_sa_of(const struct tunnels *t, const struct child_sa *child)
{
        struct ike_sa sought;

        memset(&sought, 0, sizeof(sought));
        sought.daemon_kind = child->daemon_kind;
        sought.daemon_run = child->daemon_run;
        sought.daemon_id = child->ike_id;
        return table_find(t->ike_sas, &sought);
}

/*
 * The user's name says more than the device's. One without any is known by its address; but
 * libreswan tells the identities with the connection, a moment later, and the user still later.
 */
static const char *identity_of(const struct ike_sa *ike_sa, char text[INET_ADDR_TEXT_SIZE])
{
        if (ike_sa->remote_eap_identity)
                return ike_sa->remote_eap_identity;
        if (ike_sa->names_user)
                return NULL;
        if (ike_sa->remote_identity)
                return ike_sa->remote_identity;
        if (ike_sa->daemon_kind == DAEMON_LIBRESWAN)
                return NULL;
        return inet_addr_text(&ike_sa->remote, text) > 0 ? text : NULL;
}

struct tunnel_record *tunnel_of_child(struct tunnels *t, const struct child_sa *child)
{
        const struct configured_policy *configured =
                tunnel_configured(t, child->policy_key, child->child_key);
        const struct ike_policy *policy = tunnel_ike_policy(t, child->policy_key);
        const struct ike_sa *ike_sa = tunnel_ike_sa_of(t, child);
        char text[INET_ADDR_TEXT_SIZE];
        const char *identity;
        bool peers;

        if (!child->policy_key || !child->child_key)
                return NULL;
        if (!configured && !tunnels_have_read(t, child->daemon_kind))
                return NULL; /* the daemon will tell in a moment */
        peers = configured ? policy && policy->any_peer
                           : tunnel_by_key(t, child->policy_key, child->child_key,
                                           TUNNEL_TEMPLATE) != NULL;
        if (!peers)
                return tunnel_make(t, child->policy_key, child->child_key, 1);
        identity = ike_sa ? identity_of(ike_sa, text) : NULL;
        return identity ? tunnel_of_peer(t, child->policy_key, child->child_key, identity)
                        : tunnel_by_number(t, child->tunnel);
}

/* A daemon's new SA is in the kernel a moment before or after. */
static void trust(struct tunnels *t, struct tunnel_record *r, const struct child_sa *child)
{
        struct moment now = tunnels_now(t);

        if (!child_is_up(child) || r->usable[0] + r->usable[1] + r->usable[2] > 0 ||
            now.wall - child->installed >= CLAIM_SECONDS)
                return;
        r->trusted_until = now.monotonic + 1000 * CLAIM_SECONDS;
        tunnel_wake_at(t, r, r->trusted_until);
}

void tunnel_link_child(struct tunnels *t, uint32_t index)
{
        const struct child_sa *child = table_at(t->children, &child_sa_type, &index, 1);
        const struct ipsec_sa *sa = NULL;
        struct tunnel_record *r;

        if (!child)
                return;
        r = tunnel_of_child(t, child);
        if (!r)
                return;
        if (child->tunnel != r->number) {
                struct child_sa changed = *child;
                struct tunnel_record *before = tunnel_by_number(t, child->tunnel);

                changed.tunnel = r->number;
                if (table_update(t->children, &changed) < 0)
                        return;
                if (before)
                        tunnel_due(t, before);
                child = table_at(t->children, &child_sa_type, &index, 1);
        }
        trust(t, r, child);
        tunnel_due(t, r);
        while ((sa = next_sa_of_child(t->sas, child, sa)))
                queue_put(&t->sas_due, sa->index);
        tunnel_policies_due(t, child->reqid);
}

/* ---- SAs ---- */

static uint8_t known_direction(uint8_t direction)
{
        return direction == DIRECTION_INBOUND || direction == DIRECTION_OUTBOUND ? direction : 0;
}

uint8_t tunnel_direction_of(const struct tunnels *t, const struct ipsec_sa *sa)
{
        const struct child_sa *child;

        if (sa->tunnel_direction != 0)
                return sa->tunnel_direction;
        if (known_direction(sa->direction) != 0)
                return sa->direction;
        child = child_of_sa(t->children, sa);
        if (!child || child->spi_in == child->spi_out)
                return 0;
        return child->spi_in == sa->spi ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
}

static struct tunnel_record *of_manual(struct tunnels *t, const struct ipsec_sa *sa)
{
        char reqid[16];
        struct tunnel_record *r;
        struct moment now = tunnels_now(t);
        int64_t age = now.wall - sa->add_time;

        if (sa->reqid == 0 || (sa->state != SA_LARVAL && sa->keying != KEYING_MANUAL))
                return NULL;
        snprintf(reqid, sizeof(reqid), "%" PRIu32, sa->reqid);
        r = tunnel_by_key(t, TUNNEL_MANUAL, reqid, 1);
        if (r || sa->state == SA_LARVAL || !sa_counts(sa))
                return r; /* compression alone is no tunnel */
        if (tunnels_can_ask(t, 0) && age >= 0 && age < CLAIM_SECONDS) {
                tunnels_put_agenda(t, now.monotonic + 1000 * (CLAIM_SECONDS - age), WAKE_SA,
                                   sa->index);
                return NULL;
        }
        return tunnel_make(t, TUNNEL_MANUAL, reqid, 1);
}

/* A packet waits for it: by the policy that it is for. */
static struct tunnel_record *of_rule(struct tunnels *t, uint32_t index)
{
        uint32_t oid[] = { SPD_MAIN, index };
        const struct policy *policy = table_at(t->policies, &policy_type, oid, 2);

        oid[0] = SPD_SUB;
        if (!policy)
                policy = table_at(t->policies, &policy_type, oid, 2);
        return policy ? tunnel_by_number(t, policy->tunnel) : NULL;
}

static bool same_ends(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->reqid == b->reqid && a->protocol == b->protocol && a->mode == b->mode &&
               a->if_id == b->if_id && inet_addr_same(&a->source, &b->source) &&
               inet_addr_same(&a->destination, &b->destination);
}

/* The tunnel of an older SA between the same ends. */
static struct tunnel_record *of_older(const struct tunnels *t, const struct ipsec_sa *sa)
{
        const struct ipsec_sa *older = sa;
        uint32_t oid[INDEX_MAX];

        for (int i = 0; i < OLDER_WITHIN; i++) {
                size_t length = index_encode(&sa_by_ends_type, older, oid);

                older = table_previous(t->sas, &sa_by_ends_type, oid, length);
                if (!older || !same_ends(older, sa))
                        return NULL;
                if (older->tunnel != 0)
                        return tunnel_by_number(t, older->tunnel);
        }
        return NULL;
}

/* Of an IKE daemon, and one that SAs can be of. */
static bool has_successors(const struct tunnel_record *r)
{
        return r->daemon != 0 && !tunnel_is_manual(r) && !tunnel_is_template(r);
}

/*
 * The kernel tells of a rekey's SAs before their daemon does: until then they are their
 * predecessor's tunnel's. libreswan, which is asked now and then, may have been silent of that one,
 * too: then they are of the tunnel of the policy that uses them.
 */
static struct tunnel_record *of_predecessor(struct tunnels *t, const struct ipsec_sa *sa)
{
        struct tunnel_record *r;

        if (sa->reqid == 0 || sa->spi == 0)
                return NULL;
        r = of_older(t, sa);
        if (r && has_successors(r))
                return r;
        r = of_rule(t, sa->rule);
        return r && r->daemon == DAEMON_LIBRESWAN && !tunnel_is_template(r) ? r : NULL;
}

struct tunnel_record *tunnel_of_sa(struct tunnels *t, const struct ipsec_sa *sa)
{
        const struct child_sa *child = child_of_sa(t->children, sa);
        struct tunnel_record *r;

        if (!child && sa->state == SA_LARVAL)
                child = child_of_reqid(t->children, sa->reqid);
        r = child ? tunnel_by_number(t, child->tunnel) : NULL;
        if (!r && child)
                r = tunnel_of_child(t, child);
        if (r)
                return r;
        r = tunnel_of_counted(t, tunnel_counted(t, sa));
        if (!r)
                r = of_predecessor(t, sa);
        if (!r)
                r = of_manual(t, sa);
        return r || sa->state != SA_LARVAL ? r : of_rule(t, sa->rule);
}

static void set_owner(struct tunnels *t, const struct ipsec_sa *sa, const struct tunnel_record *r)
{
        struct ipsec_sa changed = *sa;

        changed.tunnel = r->number;
        changed.tunnel_policy_key = r->key.policy;
        changed.tunnel_child_key = r->key.child;
        changed.tunnel_instance = r->key.instance;
        changed.tunnel_direction = tunnel_direction_of(t, sa);
        if (changed.tunnel != sa->tunnel || changed.tunnel_direction != sa->tunnel_direction)
                table_update(t->sas, &changed);
}

/* An SA stays with its tunnel when its child goes before it does. */
void tunnel_link_sa(struct tunnels *t, uint32_t index)
{
        const struct ipsec_sa *sa = table_at(t->sas, &ipsec_sa_type, &index, 1);
        struct tunnel_record *r;

        if (!sa)
                return;
        r = tunnel_of_sa(t, sa);
        if (r)
                set_owner(t, sa, r);
}

void tunnel_inherit(struct tunnels *t, const struct tunnel_record *r, const struct ipsec_sa *gone)
{
        uint32_t oid[INDEX_MAX], n = 0;
        size_t length = index_encode(&sa_by_ends_type, gone, oid);
        const struct ipsec_sa *sa;

        if (gone->reqid == 0 || gone->spi == 0 || !has_successors(r))
                return;
        while (n++ < OLDER_WITHIN &&
               (sa = table_next(t->sas, &sa_by_ends_type, oid, length, false)) &&
               same_ends(sa, gone)) {
                length = index_encode(&sa_by_ends_type, sa, oid);
                if (sa->tunnel == 0 && sa->spi != 0 && !child_of_sa(t->children, sa))
                        set_owner(t, sa, r);
        }
}

/* ---- policies ---- */

static struct tunnel_record *of_child_of_reqid(const struct tunnels *t, uint32_t reqid)
{
        const struct child_sa *child = child_of_reqid(t->children, reqid);

        return child ? tunnel_by_number(t, child->tunnel) : NULL;
}

static struct tunnel_record *of_manual_reqid(const struct tunnels *t, uint32_t reqid)
{
        char text[16];

        if (reqid == 0)
                return NULL;
        snprintf(text, sizeof(text), "%" PRIu32, reqid);
        return tunnel_by_key(t, TUNNEL_MANUAL, text, 1);
}

/* A trap has no child yet: the configuration that it comes from tells the tunnel. */
static struct tunnel_record *of_configured(const struct tunnels *t, const struct policy *policy)
{
        struct tunnel_record *r = tunnel_by_key(t, policy->configured_policy_key,
                                                policy->configured_child_key, TUNNEL_TEMPLATE);

        return r ? r
                 : tunnel_by_key(t, policy->configured_policy_key, policy->configured_child_key, 1);
}

/* By the first of its templates of whose reqid there is one. */
static struct tunnel_record *of_templates(const struct tunnels *t, const struct policy *policy,
                                          struct tunnel_record *(*of)(const struct tunnels *t,
                                                                      uint32_t reqid))
{
        uint32_t oid[] = { policy->type, policy->index, 0 };
        const struct policy_template *template;

        while ((template = table_next(t->templates, &policy_template_type, oid, 3, false)) &&
               template->policy_type == policy->type && template->policy_index == policy->index) {
                struct tunnel_record *r = of(t, template->reqid);

                if (r)
                        return r;
                oid[2] = template->number;
        }
        return NULL;
}

/* libreswan tells no reqids; and what nobody claims is of manual keys. */
static struct tunnel_record *of_policy(const struct tunnels *t, const struct policy *policy)
{
        struct tunnel_record *r = of_templates(t, policy, of_child_of_reqid);

        if (!r && policy->configured_policy_key)
                r = of_configured(t, policy);
        return r ? r : of_templates(t, policy, of_manual_reqid);
}

void tunnel_link_policy(struct tunnels *t, uint64_t item)
{
        uint32_t oid[] = { (uint32_t)(item >> 32), (uint32_t)item };
        const struct policy *policy = table_at(t->policies, &policy_type, oid, 2);
        struct tunnel_record *r, *before;
        struct policy changed;

        if (!policy)
                return;
        before = tunnel_by_number(t, policy->tunnel);
        r = of_policy(t, policy);
        changed = *policy;
        changed.tunnel = r ? r->number : 0;
        changed.tunnel_policy_key = r ? r->key.policy : NULL;
        changed.tunnel_child_key = r ? r->key.child : NULL;
        changed.tunnel_instance = r ? r->key.instance : 0;
        if (changed.tunnel == policy->tunnel)
                return;
        table_update(t->policies, &changed);
        if (before)
                tunnel_due(t, before); /* one of manual keys may have had nothing else */
        if (r)
                tunnel_due(t, r); /* and one that waits for traffic has its reqid of it */
}

void tunnel_policies_due(struct tunnels *t, uint32_t reqid)
{
        const struct policy_template *template;
        uint32_t oid[4] = { reqid, 0, 0, 0 };

        while (reqid != 0 &&
               (template = table_next(t->templates, &template_by_reqid_type, oid, 4, false)) &&
               template->reqid == reqid) {
                queue_put(&t->policies_due,
                          (uint64_t) template->policy_type << 32 | template->policy_index);
                oid[1] = template->policy_type;
                oid[2] = template->policy_index;
                oid[3] = template->number;
        }
}
