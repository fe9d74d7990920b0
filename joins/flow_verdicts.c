#include "flow_verdicts.h"

#include "sa_lookup.h"
#include "spd_lookup.h"
#include "tables/flow.h"
#include "tables/global_scalars.h"
#include "tables/interface.h"
#include "tables/policy_template.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* Flows looked at in one turn of the loop: a millisecond or two. */
#define FLOWS_PER_TURN 1000

/* A pass over all flows is followed by a pause: a millisecond for each of these. */
#define FLOWS_PER_MILLISECOND 50
#define LONGEST_PAUSE 5000

/* The kernel's number of the loopback interface in every network namespace. */
#define LOOPBACK 1

/* As many templates as the kernel takes, of all policies of a packet. */
#define MAX_TEMPLATES 6

struct flow_verdicts {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *flows;
        struct table *policies;
        struct table *templates;
        struct table *sas;
        struct table *interfaces;
        struct spd *spd;
        uint32_t *due; /* numbers of flows that are new */
        size_t n_due;
        size_t due_room;
        bool want_pass;                   /* something changed that any flow may depend on */
        bool passing;                     /* a pass is under way */
        uint32_t passed;                  /* number of the last flow that it looked at */
        size_t n_passed;                  /* how many it looked at */
        int64_t earliest;                 /* monotonic, ms: when the next pass may begin */
        bool discards[DIRECTION_UNKNOWN]; /* the default policies, by enum ipsec_direction */
};

/* What is found out of a flow. */
struct verdict {
        uint8_t action; /* enum flow_action */
        uint8_t policy_type;
        uint32_t policy_cookie;
        uint32_t sa;
};

/* Where a packet comes in or goes out, as far as IPsec cares. */
struct place {
        uint32_t if_index; /* 0 not known */
        bool no_xfrm;      /* what is sent there is not looked up */
        bool no_policy;    /* what comes is not checked */
        uint32_t if_id;    /* of an XFRM interface */
        uint32_t link;     /* of an XFRM interface: what it sends on */
};

static void run(void *context);

static const struct verdict passes = { .action = FLOW_PASS, .policy_type = SPD_UNKNOWN };
static const struct verdict discarded = { .action = FLOW_DISCARD, .policy_type = SPD_UNKNOWN };

/* ---- interfaces ---- */

static const struct interface *first_of(const struct flow_verdicts *v, uint32_t if_index)
{
        const struct interface *found =
                table_next(v->interfaces, &interface_type, &if_index, 1, false);

        return found && found->if_index == if_index ? found : NULL;
}

static const struct interface *after(const struct flow_verdicts *v, const struct interface *row)
{
        uint32_t oid[INDEX_MAX];
        const struct interface *found = table_next(v->interfaces, &interface_type, oid,
                                                   index_encode(&interface_type, row, oid), false);

        return found && found->if_index == row->if_index ? found : NULL;
}

/* The settings of an interface for one family: they stand beside its addresses. */
static struct place place_of(const struct flow_verdicts *v, uint32_t if_index, uint8_t family)
{
        struct place place = { .if_index = if_index };

        if (if_index == LOOPBACK && family == INET_ADDR_IPV4)
                place.no_xfrm = place.no_policy = true; /* unless its addresses tell otherwise */
        for (const struct interface *row = first_of(v, if_index); row && if_index != 0;
             row = after(v, row)) {
                place.if_id = row->xfrm_if_id;
                place.link = row->xfrm_link;
                if (row->address.type != family)
                        continue;
                place.no_xfrm = family == INET_ADDR_IPV4 && row->reasons & REASON_DISABLE_XFRM;
                place.no_policy = (row->reasons & REASON_DISABLE_POLICY) != 0;
        }
        return place;
}

static bool is_own(const struct flow_verdicts *v, const struct inet_addr *address)
{
        if (address->type == INET_ADDR_IPV4 && address->octets[0] == IN_LOOPBACKNET)
                return true;
        return interface_with(v->interfaces, address) != NULL;
}

/* Routes are not asked: a flow goes by the interface that it is bound to, else that has its own
 * address. */
static struct place place_by(const struct flow_verdicts *v, const struct flow *flow,
                             const struct inet_addr *own)
{
        const struct interface *row;

        if (flow->if_index != 0)
                return place_of(v, flow->if_index, own->type);
        row = interface_with(v->interfaces, own);
        return place_of(v, row ? row->if_index : 0, own->type);
}

/* ---- SAs ---- */

/* Of an SA what a template and its policy ask for. */
struct wanted {
        const struct packet *packet;
        struct sa_ends ends;
        uint32_t spi; /* 0 any */
        uint32_t mark;
        uint32_t if_id;
        bool any_if_id;
        uint8_t wrong_direction; /* of an SA: then it serves nothing */
};

static bool port_fits(uint16_t port, uint16_t wanted, uint16_t mask)
{
        return ((port ^ wanted) & mask) == 0;
}

/* The selector of an SA; one without a family has none. */
static bool selects(const struct ipsec_sa *sa, const struct packet *p)
{
        if (sa->selector_source.type == INET_ADDR_UNKNOWN)
                return true;
        return sa->selector_source.type == p->source.type &&
               address_within(&sa->selector_source, &p->source) &&
               address_within(&sa->selector_destination, &p->destination) &&
               port_fits(p->ports.source, sa->selector_source_port,
                         sa->selector_source_port_mask) &&
               port_fits(p->ports.destination, sa->selector_destination_port,
                         sa->selector_destination_port_mask) &&
               (sa->selector_protocol == 0 || sa->selector_protocol == p->protocol) &&
               (sa->selector_if_index == 0 || sa->selector_if_index == p->if_index);
}

static bool serves(const struct ipsec_sa *sa, const struct wanted *w)
{
        return sa_is_usable(sa) && !(sa->flags & SA_WILDCARD_RECEIVE) &&
               (w->mark & sa->mark_mask) == sa->mark && (w->any_if_id || sa->if_id == w->if_id) &&
               (w->spi == 0 || w->spi == sa->spi) && selects(sa, w->packet);
}

/* The kernel's choice (xfrm_state_look_at()); of one second the newest. */
static bool is_better(const struct ipsec_sa *sa, const struct ipsec_sa *than)
{
        if (!than)
                return true;
        if (sa->state != than->state)
                return sa->state == SA_MATURE;
        if (sa->add_time != than->add_time)
                return sa->add_time > than->add_time;
        return sa->index > than->index;
}

static const struct ipsec_sa *best_of(const struct flow_verdicts *v, const struct wanted *w)
{
        const struct ipsec_sa *sa = NULL, *best = NULL;

        while ((sa = sa_next(v->sas, &w->ends, sa)))
                if (serves(sa, w) && is_better(sa, best))
                        best = sa;
        return best;
}

/* An SA whose source is left open comes behind all that name it. */
static const struct ipsec_sa *find_sa(const struct flow_verdicts *v, struct wanted *w)
{
        const struct ipsec_sa *best = best_of(v, w);
        struct inet_addr open = { 0 };

        if (!best && w->ends.source) {
                open.type = w->ends.source->type;
                w->ends.source = &open;
                best = best_of(v, w);
        }
        if (best && best->told_direction == w->wrong_direction)
                return NULL;
        return best;
}

/* ---- templates ---- */

/* The policies that a packet meets: one, or a sub policy and then a main one. */
struct met {
        const struct policy *policies[2];
        size_t n;
};

static const struct policy_template *next_template(const struct flow_verdicts *v,
                                                   const struct policy *policy,
                                                   const struct policy_template *template)
{
        const uint32_t oid[] = { policy->type, policy->index, template ? template->number : 0 };

        template = table_next(v->templates, &policy_template_type, oid, 3, false);
        if (!template || template->policy_type != policy->type ||
            template->policy_index != policy->index)
                return NULL;
        return template;
}

/* What is found for all templates. */
struct resolved {
        const struct ipsec_sa *sas[MAX_TEMPLATES];
        size_t n;
        size_t n_templates;
        bool missing; /* one that is required has none */
};

static bool is_tunnel(const struct policy_template *template)
{
        return template->mode == MODE_TUNNEL || template->mode == MODE_BEET ||
               template->mode == MODE_IPTFS;
}

/* From tunnel to tunnel the ends are those of the one before (xfrm_tmpl_resolve_one()). */
static void resolve_policy(const struct flow_verdicts *v, const struct policy *policy,
                           const struct packet *packet, uint8_t direction, struct resolved *r)
{
        const struct policy_template *template = NULL;
        const struct inet_addr *source = &packet->source, *destination = &packet->destination;
        bool out = direction == DIRECTION_OUTBOUND;

        while ((template = next_template(v, policy, template))) {
                const struct inet_addr *from = source, *to = destination;
                const struct ipsec_sa *sa;
                struct wanted wanted;

                if (++r->n_templates > MAX_TEMPLATES) {
                        r->missing = true;
                        return;
                }
                if (is_tunnel(template)) {
                        to = &template->destination;
                        from = address_is_any(&template->source) ? NULL : &template->source;
                }
                wanted = (struct wanted){
                        .packet = packet,
                        .ends = { template->reqid, template->protocol, template->mode, to, from },
                        .spi = template->spi,
                        .mark = out ? policy->mark & policy->mark_mask : packet->mark,
                        .if_id = policy->if_id,
                        .any_if_id = !out && policy->if_id == 0,
                        .wrong_direction = out ? DIRECTION_INBOUND : DIRECTION_OUTBOUND,
                };
                sa = find_sa(v, &wanted);
                if (sa) {
                        r->sas[r->n++] = sa;
                        source = from ? from : &sa->source;
                        destination = to;
                } else if (template->level != LEVEL_USE) {
                        r->missing = true;
                        return;
                }
        }
}

/* The order in which IPv6 applies SAs of two policies (xfrm6_state_sort()). */
static int rank_of(const struct ipsec_sa *sa)
{
        switch (sa->mode) {
        case MODE_TRANSPORT:
                return sa->protocol == PROTOCOL_AH ? 3 : 1;
        case MODE_ROUTE_OPTIMIZATION:
        case MODE_IN_TRIGGER:
                return 2;
        case MODE_TUNNEL:
        case MODE_BEET:
                return 4;
        default:
                return 5;
        }
}

static uint32_t first_applied(const struct resolved *r, const struct met *met)
{
        const struct ipsec_sa *first = r->sas[0];

        for (size_t i = 1; i < r->n; i++)
                if (met->n > 1 && met->policies[0]->source.type == INET_ADDR_IPV6 &&
                    rank_of(r->sas[i]) < rank_of(first))
                        first = r->sas[i];
        return first->index;
}

/* ---- policies ---- */

static const struct policy *find_policy(const struct flow_verdicts *v, uint8_t type,
                                        uint8_t direction, const struct packet *packet)
{
        const uint32_t oid[] = { type, spd_find(v->spd, type, direction, packet) };

        return oid[1] ? table_at(v->policies, &policy_type, oid, 2) : NULL;
}

/*
 * A sub policy is followed by a main one: of what is sent, if it lets the packet by; of what comes
 * always, and always an inbound one, also of what is forwarded (__xfrm_policy_check()).
 */
static struct met meet(const struct flow_verdicts *v, uint8_t direction,
                       const struct packet *packet)
{
        struct met met = { .policies = { find_policy(v, SPD_SUB, direction, packet) } };
        uint8_t second = direction == DIRECTION_OUTBOUND ? direction : DIRECTION_INBOUND;

        if (!met.policies[0]) {
                met.policies[0] = find_policy(v, SPD_MAIN, direction, packet);
                met.n = met.policies[0] != NULL;
                return met;
        }
        met.n = 1;
        if (met.policies[0]->action == RULE_DISCARD)
                return met;
        met.policies[1] = find_policy(v, SPD_MAIN, second, packet);
        met.n += met.policies[1] != NULL;
        return met;
}

static struct verdict decided(const struct policy *policy, uint8_t action)
{
        return (struct verdict){ .action = action,
                                 .policy_type = policy->type,
                                 .policy_cookie = policy->index };
}

/* What the policies and the SAs make of a packet, wherever it comes or goes. */
static struct verdict look_up(const struct flow_verdicts *v, uint8_t direction,
                              const struct packet *packet)
{
        struct met met = meet(v, direction, packet);
        struct resolved resolved = { .n = 0 };
        const struct policy *deciding = met.policies[0];
        struct verdict verdict;

        if (met.n == 0)
                return v->discards[direction] ? discarded : passes;
        for (size_t i = 0; i < met.n; i++)
                if (met.policies[i]->action == RULE_DISCARD)
                        return decided(met.policies[i], FLOW_DISCARD);
        if (met.n > 1 && met.policies[0]->templates == 0)
                deciding = met.policies[1];
        for (size_t i = 0; i < met.n && !resolved.missing; i++)
                resolve_policy(v, met.policies[i], packet, direction, &resolved);
        if (resolved.n_templates == 0 || (!resolved.missing && resolved.n == 0))
                return decided(met.policies[0], FLOW_PASS);
        verdict = decided(deciding, FLOW_SECURE);
        if (!resolved.missing)
                verdict.sa = first_applied(&resolved, &met);
        return verdict;
}

/* ---- flows ---- */

static struct packet packet_of(const struct flow *flow)
{
        return (struct packet){
                .source = flow->source,
                .destination = flow->destination,
                .ports = flow->ports,
                .protocol = flow->protocol,
                .mark = flow->mark,
        };
}

/* What an XFRM interface sends is looked up once more, and goes nowhere without an SA. */
static struct verdict look_up_beyond(const struct flow_verdicts *v, struct packet *packet,
                                     const struct place *place)
{
        struct verdict verdict;

        packet->if_id = place->if_id;
        packet->if_index = place->link;
        verdict = look_up(v, DIRECTION_OUTBOUND, packet);
        if (verdict.action == FLOW_PASS)
                verdict.action = FLOW_DISCARD;
        return verdict;
}

/*
 * The interface that selectors see is for IPv4 the one that the route leads to
 * (ip_route_output_flow()), for IPv6 the one that the socket is bound to.
 */
static struct verdict judge_outbound(const struct flow_verdicts *v, const struct flow *flow)
{
        struct packet packet = packet_of(flow);
        bool to_itself = is_own(v, &flow->destination);
        struct place place = to_itself ? place_of(v, LOOPBACK, flow->source.type)
                                       : place_by(v, flow, &flow->source);
        struct verdict verdict;

        packet.if_index = flow->source.type == INET_ADDR_IPV4 ? place.if_index : flow->if_index;
        if (place.no_xfrm)
                return v->discards[DIRECTION_OUTBOUND] && !to_itself ? discarded : passes;
        verdict = look_up(v, DIRECTION_OUTBOUND, &packet);
        if (to_itself && verdict.action == FLOW_DISCARD && verdict.policy_cookie == 0)
                return passes; /* the default policy lets loopback alone */
        if (place.if_id == 0 || verdict.action != FLOW_PASS)
                return verdict;
        return look_up_beyond(v, &packet, &place);
}

/* To policies all that is taken in here goes to the loopback interface. */
static struct verdict judge_inbound(const struct flow_verdicts *v, const struct flow *flow)
{
        struct packet packet = packet_of(flow);
        struct place place = place_by(v, flow, &flow->destination);

        if (flow->destination.type == INET_ADDR_IPV4 && is_own(v, &flow->source))
                place = place_of(v, LOOPBACK, INET_ADDR_IPV4);
        if (place.no_policy)
                return passes;
        packet.if_index = LOOPBACK;
        packet.if_id = place.if_id;
        return look_up(v, DIRECTION_INBOUND, &packet);
}

/* It must get in and out: who discards it decides, then who protects it from here on. */
static struct verdict judge_forward(const struct flow_verdicts *v, const struct flow *flow)
{
        struct packet packet = packet_of(flow);
        struct verdict came = look_up(v, DIRECTION_FORWARD, &packet), left;

        if (came.action == FLOW_DISCARD)
                return came;
        packet.source = flow->sent_source;
        packet.destination = flow->sent_destination;
        packet.ports = flow->sent_ports;
        left = look_up(v, DIRECTION_OUTBOUND, &packet);
        if (left.action != FLOW_PASS)
                return left;
        return came.action == FLOW_SECURE || left.policy_cookie == 0 ? came : left;
}

static void judge(const struct flow_verdicts *v, const struct flow *flow)
{
        struct flow changed = *flow;
        struct verdict verdict;

        switch (flow->direction) {
        case DIRECTION_OUTBOUND:
                verdict = judge_outbound(v, flow);
                break;
        case DIRECTION_INBOUND:
                verdict = judge_inbound(v, flow);
                break;
        default:
                verdict = judge_forward(v, flow);
                break;
        }
        changed.action = verdict.action;
        changed.policy_type = verdict.policy_type;
        changed.policy_cookie = verdict.policy_cookie;
        changed.sa = verdict.sa;
        table_update(v->flows, &changed);
}

/* ---- turns ---- */

static void look_later(struct flow_verdicts *v)
{
        struct moment now;
        uint32_t pause = 0;

        v->loop->now(v->loop, &now);
        if (v->n_due == 0 && !v->passing && v->earliest > now.monotonic)
                pause = (uint32_t)(v->earliest - now.monotonic);
        if (v->timer)
                v->loop->cancel(v->loop, v->timer);
        v->timer = v->loop->after(v->loop, pause, run, v);
}

/* Returns how many flows were looked at. */
static size_t look_at_due(struct flow_verdicts *v, size_t most)
{
        size_t n = 0;

        for (; v->n_due > 0 && n < most; n++) {
                uint32_t number = v->due[--v->n_due];
                const struct flow *flow = table_at(v->flows, &flow_type, &number, 1);

                if (flow)
                        judge(v, flow);
        }
        return n;
}

static void end_pass(struct flow_verdicts *v)
{
        size_t pause = v->n_passed / FLOWS_PER_MILLISECOND;
        struct moment now;

        v->loop->now(v->loop, &now);
        v->earliest = now.monotonic + (int64_t)(pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
        v->passing = false;
}

static void pass_on(struct flow_verdicts *v, size_t most)
{
        for (size_t n = 0; n < most; n++) {
                const struct flow *flow = table_next(v->flows, &flow_type, &v->passed, 1, false);

                if (!flow) {
                        end_pass(v);
                        return;
                }
                v->passed = flow->number;
                v->n_passed++;
                judge(v, flow);
        }
}

static bool may_pass(const struct flow_verdicts *v)
{
        struct moment now;

        v->loop->now(v->loop, &now);
        return v->want_pass && now.monotonic >= v->earliest;
}

static void run(void *context)
{
        struct flow_verdicts *v = context;
        size_t n;

        v->timer = NULL;
        n = look_at_due(v, FLOWS_PER_TURN);
        if (!v->passing && may_pass(v)) {
                v->want_pass = false;
                v->passing = true;
                v->passed = 0;
                v->n_passed = 0;
        }
        if (v->passing && n < FLOWS_PER_TURN)
                pass_on(v, FLOWS_PER_TURN - n);
        if (v->n_due > 0 || v->passing || v->want_pass)
                look_later(v);
}

/* Without flows nothing is to be done. */
static void want_pass(struct flow_verdicts *v)
{
        if (table_count(v->flows) == 0 || v->want_pass)
                return;
        v->want_pass = true;
        if (!v->passing && v->n_due == 0)
                look_later(v);
}

/* Without memory the next pass finds it. */
static void append_due(struct flow_verdicts *v, uint32_t number)
{
        if (v->n_due == v->due_room) {
                size_t room = v->due_room ? 2 * v->due_room : 256;
                uint32_t *due = realloc(v->due, room * sizeof(*due));

                if (!due) {
                        want_pass(v);
                        return;
                }
                v->due = due;
                v->due_room = room;
        }
        v->due[v->n_due++] = number;
        if (v->n_due == 1)
                look_later(v);
}

/* ---- listeners ---- */

static void flow_changed(void *context, enum table_event event, enum table_reason reason,
                         const void *before, const void *after)
{
        const struct flow *flow = after;

        (void)reason;
        if (event == TABLE_ADDED ||
            (event == TABLE_CHANGED && memcmp(before, after, offsetof(struct flow, number)) != 0))
                append_due(context, flow->number);
}

/* No pointer dangles: flows of what is gone are looked at at once. Each look moves the flow away
 * from there, or it is the last one. */
static void look_at_flows_of(struct flow_verdicts *v, const struct table_type *view, uint32_t *oid,
                             size_t n)
{
        uint32_t place[3] = { oid[0], n > 1 ? oid[1] : 0, 0 };
        const struct flow *flow;

        while ((flow = table_next(v->flows, view, place, n + 1, false))) {
                uint32_t index[INDEX_MAX];

                index_encode(view, flow, index);
                if (memcmp(index, oid, n * sizeof(*oid)) != 0)
                        return;
                place[n] = flow->number;
                judge(v, flow);
        }
}

/* What decides of a policy: not its use, nor what the joins tell of it. */
static bool same_rule(const struct policy *a, const struct policy *b)
{
        return memcmp(a, b, offsetof(struct policy, add_time)) == 0 && a->position == b->position;
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *policy = after ? after : before;
        uint32_t oid[] = { policy->type, policy->index };
        struct flow_verdicts *v = context;

        (void)reason;
        if (event == TABLE_CHANGED && same_rule(before, after))
                return;
        if (event == TABLE_REMOVED) {
                spd_remove(v->spd, policy);
                look_at_flows_of(v, &flow_by_policy_type, oid, 2);
        } else if (spd_put(v->spd, policy) < 0) {
                v->loop->log(v->loop, LOG_ERR, "no memory for the lookup of a policy");
        }
        want_pass(v);
}

static void template_changed(void *context, enum table_event event, enum table_reason reason,
                             const void *before, const void *after)
{
        (void)event;
        (void)reason;
        (void)before;
        (void)after;
        want_pass(context);
}

/* What decides of an SA: neither its counters nor what the joins tell of it. */
static bool same_service(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return memcmp(a, b, offsetof(struct ipsec_sa, iptfs_dont_fragment)) == 0 &&
               a->if_id == b->if_id && a->add_time == b->add_time;
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        struct flow_verdicts *v = context;
        const struct ipsec_sa *old = before;
        uint32_t gone;

        (void)reason;
        if (event == TABLE_CHANGED && same_service(before, after))
                return;
        if (event == TABLE_REMOVED) {
                gone = old->index;
                look_at_flows_of(v, &flow_by_sa_type, &gone, 1);
        }
        want_pass(v);
}

static bool same_interface(const struct interface *a, const struct interface *b)
{
        return memcmp(a, b, offsetof(struct interface, name)) == 0 &&
               a->xfrm_if_id == b->xfrm_if_id && a->xfrm_link == b->xfrm_link;
}

static void interface_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        (void)reason;
        if (event == TABLE_CHANGED && same_interface(before, after))
                return;
        want_pass(context);
}

static void global_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct global_scalars *global = after;
        struct flow_verdicts *v = context;
        bool discards[DIRECTION_UNKNOWN] = { false };

        (void)event;
        (void)reason;
        (void)before;
        if (global) {
                discards[DIRECTION_INBOUND] = global->default_in == DEFAULT_BLOCK;
                discards[DIRECTION_OUTBOUND] = global->default_out == DEFAULT_BLOCK;
                discards[DIRECTION_FORWARD] = global->default_forward == DEFAULT_BLOCK;
        }
        if (memcmp(v->discards, discards, sizeof(discards)) == 0)
                return;
        memcpy(v->discards, discards, sizeof(discards));
        want_pass(v);
}

struct flow_verdicts *flow_verdicts_new(struct store *store, struct loop *loop)
{
        struct flow_verdicts *v = calloc(1, sizeof(*v));

        if (!v)
                return NULL;
        v->loop = loop;
        v->flows = store_table(store, &flow_type);
        v->policies = store_table(store, &policy_type);
        v->templates = store_table(store, &policy_template_type);
        v->sas = store_table(store, &ipsec_sa_type);
        v->interfaces = store_table(store, &interface_type);
        v->spd = spd_new();
        if (!v->spd || table_subscribe(v->flows, flow_changed, v) < 0 ||
            table_subscribe(v->policies, policy_changed, v) < 0 ||
            table_subscribe(v->templates, template_changed, v) < 0 ||
            table_subscribe(v->sas, sa_changed, v) < 0 ||
            table_subscribe(v->interfaces, interface_changed, v) < 0 ||
            table_subscribe(store_table(store, &global_scalars_type), global_changed, v) < 0) {
                flow_verdicts_free(v);
                return NULL;
        }
        return v;
}

void flow_verdicts_free(struct flow_verdicts *v)
{
        if (!v)
                return;
        v->loop->cancel(v->loop, v->timer);
        spd_free(v->spd);
        free(v->due);
        free(v);
}
