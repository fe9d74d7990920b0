#include "store.h"

#include "agent_scalars.h"
#include "bypass.h"
#include "certificate.h"
#include "child_sa.h"
#include "collector_row.h"
#include "configured_policy.h"
#include "event.h"
#include "event_status.h"
#include "flow.h"
#include "global_scalars.h"
#include "interface.h"
#include "ipsec_sa.h"
#include "notify.h"
#include "occurrence.h"
#include "policy.h"
#include "policy_template.h"
#include "tunnel.h"
#include "xfrm_stat.h"

#include <stdlib.h>

const struct table_type *const table_types[] = {
        &child_sa_type,          /* for joins alone */
        &notify_type,            /* for notifications alone */
        &occurrence_type,        /* for joins alone */
        &agent_scalars_type,     /* 1 */
        &global_scalars_type,    /* 2 */
        &collector_row_type,     /* 3 */
        &xfrm_stat_type,         /* 4 */
        &ipsec_sa_type,          /* 5, 6 */
        &ike_sa_type,            /* 7 */
        &ike_policy_type,        /* 8 */
        &configured_policy_type, /* 9 */
        &policy_type,            /* 10 */
        &policy_template_type,   /* 11 */
        &tunnel_type,            /* 12 */
        &interface_type,         /* 13 */
        &bypass_type,            /* 14 */
        &flow_type,              /* 15 */
        &certificate_type,       /* 16 */
        &event_type,             /* 17 */
        &event_status_type,      /* 18 */
        NULL,
};

#define N_TYPES (sizeof(table_types) / sizeof(table_types[0]) - 1)

struct store {
        struct strings *strings;
        struct table *tables[N_TYPES];
};

struct store *store_new(void)
{
        struct store *store = calloc(1, sizeof(*store));

        if (!store)
                return NULL;
        store->strings = strings_new();
        for (size_t i = 0; store->strings && i < N_TYPES; i++) {
                store->tables[i] = table_new(table_types[i], store->strings);
                if (!store->tables[i])
                        break;
        }
        if (!store->tables[N_TYPES - 1]) {
                store_free(store);
                return NULL;
        }
        return store;
}

void store_free(struct store *store)
{
        if (!store)
                return;
        for (size_t i = 0; i < N_TYPES; i++)
                table_free(store->tables[i]);
        strings_free(store->strings);
        free(store);
}

struct table *store_table(const struct store *store, const struct table_type *type)
{
        for (size_t i = 0; i < N_TYPES; i++)
                if (table_types[i] == type)
                        return store->tables[i];
        abort();
}

struct strings *store_strings(const struct store *store)
{
        return store->strings;
}
