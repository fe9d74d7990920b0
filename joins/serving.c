#include "serving.h"

#include <string.h>

const struct policy_template *next_template(struct table *templates, const struct policy *policy,
                                            const struct policy_template *template)
{
        const uint32_t oid[] = { policy->type, policy->index, template ? template->number : 0 };

        template = table_next(templates, &policy_template_type, oid, 3, false);
        if (!template || template->policy_type != policy->type ||
            template->policy_index != policy->index)
                return NULL;
        return template;
}

/* ---- ends ---- */

static bool is_host(const struct inet_addr *network)
{
        return network->type != INET_ADDR_UNKNOWN &&
               network->prefix == 8 * inet_addr_length(network);
}

/*
 * A tunnel's template names the outer ends, for the templates behind it as well (the kernel's
 * xfrm_tmpl_resolve_one()); before any tunnel they are the packets' own.
 */
struct ends ends_of(const struct policy *policy, const struct policy_template *template,
                    const struct policy_template **outer)
{
        struct ends ends = { template->reqid, template->protocol, template->mode, NULL, NULL };

        if (!inet_addr_is_any(&template->destination))
                *outer = template;
        if (*outer)
                ends.destination = &(*outer)->destination;
        else if (is_host(&policy->destination))
                ends.destination = &policy->destination;
        if (!ends.destination)
                return ends; /* the source alone does not lead to a place in the view */
        if (*outer && !inet_addr_is_any(&(*outer)->source))
                ends.source = &(*outer)->source;
        else if (!*outer && is_host(&policy->source))
                ends.source = &policy->source;
        return ends;
}

static bool has_ends(const struct ipsec_sa *sa, const struct ends *ends)
{
        return sa->reqid == ends->reqid && sa->protocol == ends->protocol &&
               sa->mode == ends->mode &&
               (!ends->destination || inet_addr_same(ends->destination, &sa->destination)) &&
               (!ends->source || inet_addr_same(ends->source, &sa->source));
}

static size_t put_address(const struct inet_addr *address, uint32_t *oid)
{
        size_t length = inet_addr_length(address);

        oid[0] = (uint32_t)length;
        for (size_t i = 0; i < length; i++)
                oid[i + 1] = address->octets[i];
        return length + 1;
}

void ends_begin(const struct ends *ends, struct place_of_ends *place)
{
        place->oid[0] = ends->reqid;
        place->oid[1] = ends->protocol;
        place->oid[2] = ends->mode;
        place->length = 3;
        if (!ends->destination)
                return;
        place->length += put_address(ends->destination, place->oid + place->length);
        if (ends->source)
                place->length += put_address(ends->source, place->oid + place->length);
}

/* They lie together in the view. */
const struct ipsec_sa *ends_next(struct table *sas, const struct ends *ends,
                                 struct place_of_ends *place)
{
        const struct ipsec_sa *sa =
                table_next(sas, &sa_by_ends_type, place->oid, place->length, false);

        if (!sa || !has_ends(sa, ends))
                return NULL;
        place->length = index_encode(&sa_by_ends_type, sa, place->oid);
        return sa;
}

/* ---- the rest of what xfrm_state_find() asks for ---- */

bool serves(const struct ipsec_sa *sa, const struct policy *policy,
            const struct policy_template *template, const struct policy_template *outer)
{
        if (template->spi && sa->spi && template->spi != sa->spi)
                return false;
        if (sa->if_id != policy->if_id ||
            (policy->mark & policy->mark_mask & sa->mark_mask) != sa->mark)
                return false;
        return outer || (inet_addr_contains(&policy->destination, &sa->destination) &&
                         inet_addr_contains(&policy->source, &sa->source));
}

bool policy_uses(struct table *templates, const struct policy *policy, const struct ipsec_sa *sa)
{
        const struct policy_template *template = NULL, *outer = NULL;

        while ((template = next_template(templates, policy, template))) {
                struct ends ends = ends_of(policy, template, &outer);

                if (has_ends(sa, &ends) && serves(sa, policy, template, outer))
                        return true;
        }
        return false;
}

const struct ipsec_sa *newest_opposite(const struct table *sas, const struct ipsec_sa *sa)
{
        struct ends swapped = { sa->reqid, sa->protocol, sa->mode, &sa->source, &sa->destination };
        const struct ipsec_sa *other;
        struct place_of_ends place;

        ends_begin(&swapped, &place);
        place.oid[place.length++] = sa->if_id;
        place.oid[place.length++] = UINT32_MAX; /* behind all of them, as their indexes go */
        while ((other = table_previous(sas, &sa_by_ends_type, place.oid, place.length)) &&
               has_ends(other, &swapped) && other->if_id == sa->if_id) {
                if (other->index != sa->index && other->state != SA_LARVAL)
                        return other;
                place.length = index_encode(&sa_by_ends_type, other, place.oid);
        }
        return NULL;
}
