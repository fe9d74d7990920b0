#include "successor.h"

#include <string.h>

/* Seconds by which a successor outlives its predecessor: SAs that were made together do not. */
#define OUTLIVES_BY 2

static bool is_usable(const struct ipsec_sa *sa)
{
        return sa->spi != 0 && (sa->state == SA_MATURE || sa->state == SA_DYING);
}

static bool same_ends(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->reqid == b->reqid && a->protocol == b->protocol && a->mode == b->mode &&
               a->if_id == b->if_id && memcmp(&a->source, &b->source, sizeof(a->source)) == 0 &&
               memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0;
}

static bool outlives(const struct ipsec_sa *sa, const struct ipsec_sa *former)
{
        if (former->hard_expiry == 0 || former->keying == KEYING_IKE)
                return true;
        return sa->hard_expiry == 0 || sa->hard_expiry >= former->hard_expiry + OUTLIVES_BY;
}

/* The SAs between the same ends: newer ones behind it, older ones before. */
static const struct ipsec_sa *neighbour(struct table *sas, const struct ipsec_sa *sa, bool before)
{
        uint32_t oid[INDEX_MAX];
        size_t length = index_encode(&sa_by_ends_type, sa, oid);
        const struct ipsec_sa *other =
                before ? table_previous(sas, &sa_by_ends_type, oid, length)
                       : table_next(sas, &sa_by_ends_type, oid, length, false);

        return other && same_ends(other, sa) ? other : NULL;
}

/* The newest outlives all others, if any does. */
static const struct ipsec_sa *newest(struct table *sas, const struct ipsec_sa *sa)
{
        struct ipsec_sa last = *sa;

        last.index = UINT32_MAX;
        return neighbour(sas, &last, true);
}

const struct ipsec_sa *successor_of(struct table *sas, const struct ipsec_sa *sa)
{
        const struct ipsec_sa *other = newest(sas, sa);

        while (other && other->index > sa->index) {
                if (is_usable(other))
                        return outlives(other, sa) ? other : NULL;
                other = neighbour(sas, other, true);
        }
        return NULL;
}

const struct ipsec_sa *predecessor_of(struct table *sas, const struct ipsec_sa *sa)
{
        const struct ipsec_sa *other = sa;

        while ((other = neighbour(sas, other, true)))
                if (is_usable(other))
                        return outlives(sa, other) ? other : NULL;
        return NULL;
}
