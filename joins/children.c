#include "children.h"

#include <string.h>

static bool fits(const struct child_sa *child, const struct ipsec_sa *sa)
{
        return child->protocol == sa->protocol &&
               (child->reqid == 0 || child->reqid == sa->reqid) &&
               ((child->spi_in == sa->spi && sa->direction != DIRECTION_OUTBOUND) ||
                (child->spi_out == sa->spi && sa->direction != DIRECTION_INBOUND));
}

/* Two daemons, or two peers, may have chosen the same SPI: the newest that fits. */
static const struct child_sa *newest_with_spi(struct table *children, const struct table_type *view,
                                              const struct ipsec_sa *sa)
{
        uint32_t oid[2] = { sa->spi, 0 };
        const struct child_sa *child, *newest = NULL;

        while ((child = table_next(children, view, oid, 2, false)) &&
               (view == &child_by_spi_in_type ? child->spi_in : child->spi_out) == sa->spi) {
                oid[1] = child->index;
                if (fits(child, sa))
                        newest = child;
        }
        return newest;
}

const struct child_sa *child_of_reqid(struct table *children, uint32_t reqid)
{
        const struct child_sa *newest = NULL;

        if (reqid == 0)
                return NULL;
        for (uint32_t daemon = 1; daemon <= IKE_DAEMONS; daemon++) {
                uint32_t oid[3] = { daemon, reqid, 0 };
                const struct child_sa *child;

                while ((child = table_next(children, &child_by_reqid_type, oid, 3, false)) &&
                       child->daemon_kind == daemon && child->reqid == reqid) {
                        oid[2] = child->index;
                        if (!newest || child->index > newest->index)
                                newest = child;
                }
        }
        return newest;
}

const struct child_sa *child_of_sa(struct table *children, const struct ipsec_sa *sa)
{
        const struct child_sa *child;

        if (sa->protocol == PROTOCOL_IPCOMP)
                return child_of_reqid(children, sa->reqid);
        if (sa->spi == 0)
                return NULL;
        child = newest_with_spi(children, &child_by_spi_in_type, sa);
        return child ? child : newest_with_spi(children, &child_by_spi_out_type, sa);
}

/* Among SAs of one SPI the next with this protocol that fits the child. */
static const struct ipsec_sa *next_with_spi(struct table *sas, const struct child_sa *child,
                                            uint32_t spi, uint32_t after)
{
        uint32_t oid[3] = { spi, child->protocol, after };
        const struct ipsec_sa *sa;

        while (spi != 0 && (sa = table_next(sas, &sa_by_spi_type, oid, 3, false)) &&
               sa->spi == spi && sa->protocol == child->protocol) {
                if (fits(child, sa))
                        return sa;
                oid[2] = sa->index;
        }
        return NULL;
}

const struct ipsec_sa *next_sa_of_child(struct table *sas, const struct child_sa *child,
                                        const struct ipsec_sa *sa)
{
        bool outbound = sa && sa->spi == child->spi_out && child->spi_out != child->spi_in;

        if (!outbound) {
                const struct ipsec_sa *inbound =
                        next_with_spi(sas, child, child->spi_in, sa ? sa->index : 0);

                if (inbound || child->spi_out == child->spi_in)
                        return inbound;
        }
        return next_with_spi(sas, child, child->spi_out, outbound ? sa->index : 0);
}

const struct child_sa *next_child_of_name(struct table *children, const char *policy_key,
                                          const char *child_key, const struct child_sa *child)
{
        struct child_sa sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.policy_key = policy_key;
        sought.child_key = child_key;
        sought.index = child ? child->index : 0;
        length = index_encode(&child_by_name_type, &sought, oid);
        child = table_next(children, &child_by_name_type, oid, length, false);
        return child && child->policy_key && child->child_key &&
                               strcmp(child->policy_key, policy_key) == 0 &&
                               strcmp(child->child_key, child_key) == 0
                       ? child
                       : NULL;
}

bool child_is_up(const struct child_sa *child)
{
        return child->state == CHILD_SA_INSTALLED || child->state == CHILD_SA_UPDATING ||
               child->state == CHILD_SA_REKEYING;
}
