/*
 * Whatever the octets are, as an answer of the kernel or as an event: no crash, no leak, and what
 * is counted of them adds up. The first octet chooses how they come: 1 in a full read, 2 as its
 * answers and as events by turns; the rest goes through the same code as a replayed recording.
 */
#include "collectors/messages.h"
#include "collectors/xfrm.h"
#include "collectors/xfrm_parse.h"
#include "collectors/xfrm_policies.h"
#include "collectors/xfrm_sas.h"
#include "joins/rules.h"
#include "joins/totals.h"
#include "tests/unit/fake_loop.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tables {
        struct xfrm_sas sas;
        struct xfrm_policies policies;
        struct table *global;
        struct loop *loop;
        struct global_totals last; /* as they were told the last time */
};

static void apply(struct tables *t, char *octets, size_t size, uint8_t how)
{
        struct messages messages = { octets, size };
        enum table_source source = how & 1 ? TABLE_FROM_DUMP : TABLE_FROM_EVENT;
        struct nlmsghdr *nlh;

        while ((nlh = messages_next(&messages))) {
                struct xfrm_spd_info info;
                struct xfrm_sad_info sad;

                if (how & 2) /* by turns */
                        source = source == TABLE_FROM_DUMP ? TABLE_FROM_EVENT : TABLE_FROM_DUMP;

                xfrm_sas_apply(&t->sas, nlh, source);
                xfrm_policies_apply(&t->policies, nlh, source);
                xfrm_parse_sad_info(nlh, &sad);
                xfrm_parse_spd_info(nlh, &info);
                xfrm_blank_keys(nlh);
        }
}

static void begin_sweeps(struct tables *t)
{
        table_sweep_begin(t->sas.table);
        table_sweep_begin(t->policies.templates);
        table_sweep_begin(t->policies.table);
}

/* No template outlives its policy, and no policy lacks one. */
static void check_templates(const struct tables *t)
{
        const struct policy *policy;
        uint32_t oid[INDEX_MAX];
        size_t length = 0, templates = 0;

        while ((policy = table_next(t->policies.table, &policy_type, oid, length, false))) {
                templates += policy->templates;
                length = index_encode(&policy_type, policy, oid);
        }
        if (templates != table_count(t->policies.templates))
                abort();
}

/* Totals are counters in the order of their members, and none falls. */
static void check_rising(const struct global_totals *totals, const struct global_totals *last)
{
        const uint64_t *now = (const uint64_t *)totals, *before = (const uint64_t *)last;

        for (size_t i = 0; i < sizeof(*totals) / sizeof(*now); i++)
                if (now[i] < before[i])
                        abort();
}

static size_t count_usable(const struct tables *t)
{
        const struct ipsec_sa *sa;
        uint32_t oid[INDEX_MAX];
        size_t length = 0, n = 0;

        while ((sa = table_next(t->sas.table, &ipsec_sa_type, oid, length, false))) {
                n += sa->spi != 0 && sa->state != SA_LARVAL;
                length = index_encode(&ipsec_sa_type, sa, oid);
        }
        return n;
}

/* What came less what went is what is there. */
static void check_totals(struct tables *t)
{
        static const uint32_t first;
        const struct global_scalars *row;
        const struct global_rows *rows;

        fake_loop_advance(t->loop, 0);
        row = table_at(t->global, &global_scalars_type, &first, 1);
        rows = &row->rows;
        if (row->totals.sas_created - row->totals.sas_removed != count_usable(t))
                abort();
        if (rows->sas_larval + rows->sas_mature + rows->sas_dying + rows->sas_dead !=
                    table_count(t->sas.table) ||
            rows->policies_in + rows->policies_out + rows->policies_forward !=
                    table_count(t->policies.table))
                abort();
        check_rising(&row->totals, &t->last);
        t->last = row->totals;
}

static void end_sweeps(struct tables *t)
{
        table_sweep_end(t->sas.table, SIZE_MAX);
        table_sweep_end(t->policies.templates, SIZE_MAX);
        table_sweep_end(t->policies.table, SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct loop *loop;
        struct store *store;
        struct tables tables = { 0 };
        struct totals *totals;
        struct rules *rules;
        char *octets;

        if (size < 1 || size > 1 << 20)
                return 0;
        loop = fake_loop_new(1795500116);
        store = store_new();
        octets = malloc(size);
        memcpy(octets, data + 1, size - 1);
        xfrm_sas_init(&tables.sas, loop, store);
        xfrm_policies_init(&tables.policies, store);
        tables.global = store_table(store, &global_scalars_type);
        tables.loop = loop;
        rules = rules_new(store, loop);
        totals = totals_new(store, loop);
        if (data[0] & 1)
                begin_sweeps(&tables);
        apply(&tables, octets, size - 1, data[0]);
        if (data[0] & 1)
                end_sweeps(&tables);
        check_templates(&tables);
        check_totals(&tables);
        apply(&tables, octets, size - 1, 0); /* the keys are blank now, all else is not */
        check_templates(&tables);
        check_totals(&tables);
        totals_free(totals);
        rules_free(rules);
        free(octets);
        store_free(store);
        fake_loop_free(loop);
        return 0;
}
