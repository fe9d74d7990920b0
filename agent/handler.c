#include "config.h"

#include "handler.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/agent_sysORTable.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdlib.h>
#include <string.h>

#define MODULE_NAME "ipsecReportMIB"
#define MAX_SERVED 64

/* One subtree below ipsrObjects. */
struct served {
        const struct table_type *view;
        struct table *table;
        handler_asked *asked; /* NULL: nobody wants to know */
        void *context;
};

struct handler {
        struct served served[MAX_SERVED]; /* ascending by number */
        size_t n_served;
        struct loop *loop;
        netsnmp_handler_registration *registration;
};

/* Where an OID points to, or the first place after it. */
struct place {
        const struct served *served;
        const struct column *column;
        const void *row;
};

static const oid module_oid[] = { MIB_ROOT };
static const oid objects_oid[] = { MIB_ROOT, 1 };

#define OBJECTS_LENGTH OID_LENGTH(objects_oid)

/* ---- finding ---- */

/* Sub-identifiers between ipsrObjects and the column: a table has its entry's 1 among them. */
static size_t depth(const struct table_type *view)
{
        return view->scalars ? 1 : 2;
}

static const struct served *first_served(const struct handler *h, oid number)
{
        for (size_t i = 0; i < h->n_served; i++)
                if (h->served[i].view->number >= number)
                        return &h->served[i];
        return NULL;
}

static void tell_asked(const struct served *served)
{
        if (served->asked)
                served->asked(served->context);
}

static const struct served *served_after(const struct handler *h, const struct served *served)
{
        return served + 1 < h->served + h->n_served ? served + 1 : NULL;
}

/* The first column that has this number or a higher one. */
static const struct column *first_column(const struct table_type *view, oid number)
{
        size_t low = 0, high = view->n_columns;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (view->columns[middle].number < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < view->n_columns ? &view->columns[low] : NULL;
}

static size_t copy_index(const oid *from, size_t length, uint32_t to[INDEX_MAX])
{
        size_t n = length < INDEX_MAX ? length : INDEX_MAX;

        for (size_t i = 0; i < n; i++)
                to[i] = (uint32_t)from[i];
        return n;
}

static const void *row_at(const struct served *served, const oid *index, size_t length)
{
        static const uint32_t first = 0;
        uint32_t sought[INDEX_MAX];

        if (!served->view->scalars)
                return table_at(served->table, served->view, sought,
                                copy_index(index, length, sought));
        if (length != 1 || index[0] != 0)
                return NULL;
        return table_at(served->table, served->view, &first, 1);
}

static const void *row_after(const struct served *served, const oid *index, size_t length,
                             bool or_at)
{
        uint32_t sought[INDEX_MAX];

        return table_next(served->table, served->view, sought, copy_index(index, length, sought),
                          or_at);
}

/* The first instance of this table from a column and an index on. */
static bool next_in_table(const struct served *served, const struct column *column,
                          const oid *index, size_t length, bool or_at, struct place *place)
{
        const struct column *end = served->view->columns + served->view->n_columns;

        for (; column && column < end; column++, index = NULL, length = 0) {
                const void *row = row_after(served, index, length, or_at);

                if (row) {
                        *place = (struct place){ served, column, row };
                        return true;
                }
                if (length == 0)
                        return false; /* the table is empty, in every column */
        }
        return false;
}

/* The same from an OID below ipsrObjects on, whose first sub-identifier is this table's number. */
static bool next_from(const struct served *served, const oid *rest, size_t length, bool or_at,
                      struct place *place)
{
        const struct table_type *view = served->view;
        const struct column *column;
        size_t d = depth(view);

        if (!view->scalars && length > 1 && rest[1] != 1) {
                if (rest[1] > 1)
                        return false;
                length = 1;
        }
        if (length <= d)
                return next_in_table(served, view->columns, NULL, 0, or_at, place);
        column = first_column(view, rest[d]);
        if (column && column->number != rest[d])
                length = d + 1;
        return next_in_table(served, column, rest + d + 1, length - d - 1, or_at, place);
}

static bool find_next(const struct handler *h, const oid *name, size_t length, bool or_at,
                      struct place *place)
{
        const struct served *served = h->served;
        int order = snmp_oidtree_compare(name, length, objects_oid, OBJECTS_LENGTH);

        if (h->n_served == 0 || order > 0)
                return false;
        if (order == 0 && length > OBJECTS_LENGTH) {
                const oid *rest = name + OBJECTS_LENGTH;

                served = first_served(h, rest[0]);
                if (served && served->view->number == rest[0]) {
                        tell_asked(served);
                        if (next_from(served, rest, length - OBJECTS_LENGTH, or_at, place))
                                return true;
                        served = served_after(h, served);
                }
        }
        for (; served; served = served_after(h, served))
                if (next_in_table(served, served->view->columns, NULL, 0, false, place))
                        return true;
        return false;
}

/* SNMP_ERR_NOERROR, or the exception that RFC 3416 section 4.2.1 has for what is not there. */
static int find_exact(const struct handler *h, const oid *name, size_t length, struct place *place)
{
        const oid *rest = name + OBJECTS_LENGTH;
        size_t n = length - OBJECTS_LENGTH, d;

        if (length <= OBJECTS_LENGTH ||
            snmp_oidtree_compare(name, length, objects_oid, OBJECTS_LENGTH) != 0)
                return SNMP_NOSUCHOBJECT;
        place->served = first_served(h, rest[0]);
        if (!place->served || place->served->view->number != rest[0])
                return SNMP_NOSUCHOBJECT;
        tell_asked(place->served);
        d = depth(place->served->view);
        if (n <= d || (d == 2 && rest[1] != 1))
                return SNMP_NOSUCHOBJECT;
        place->column = first_column(place->served->view, rest[d]);
        if (!place->column || place->column->number != rest[d])
                return SNMP_NOSUCHOBJECT;
        place->row = row_at(place->served, rest + d + 1, n - d - 1);
        return place->row ? SNMP_ERR_NOERROR : SNMP_NOSUCHINSTANCE;
}

/* ---- answering ---- */

static size_t name_of(const struct place *place, oid name[MAX_OID_LEN])
{
        const struct table_type *view = place->served->view;
        uint32_t index[INDEX_MAX];
        size_t n = OBJECTS_LENGTH, n_index = index_encode(view, place->row, index);

        memcpy(name, objects_oid, sizeof(objects_oid));
        name[n++] = view->number;
        if (!view->scalars)
                name[n++] = 1;
        name[n++] = place->column->number;
        for (size_t i = 0; i < n_index && n < MAX_OID_LEN; i++)
                name[n++] = index[i];
        return n;
}

static void set_counter64(netsnmp_variable_list *vb, uint64_t number)
{
        struct counter64 counter = {
                .high = (u_long)(number >> 32),
                .low = (u_long)(number & UINT32_MAX),
        };

        snmp_set_var_typed_value(vb, ASN_COUNTER64, &counter, sizeof(counter));
}

/* The name of an object below ipsrObjects, from its dotted sub-identifiers. */
static void set_row(netsnmp_variable_list *vb, const char *dotted, size_t length)
{
        static const oid none[] = { 0, 0 };
        oid name[MAX_OID_LEN];
        size_t n = OBJECTS_LENGTH;

        memcpy(name, objects_oid, sizeof(objects_oid));
        for (size_t i = 0; i < length && n < MAX_OID_LEN; n++) {
                for (name[n] = 0; i < length && dotted[i] != '.'; i++)
                        name[n] = name[n] * 10 + (oid)(dotted[i] - '0');
                i++;
        }
        if (length == 0)
                snmp_set_var_typed_value(vb, ASN_OBJECT_ID, none, sizeof(none));
        else
                snmp_set_var_typed_value(vb, ASN_OBJECT_ID, name, n * sizeof(oid));
}

static void answer(netsnmp_variable_list *vb, const struct place *place, const struct moment *now)
{
        struct value value;
        u_long unsigned32;
        long integer32;

        column_encode(place->column, place->row, now, &value);
        switch (value.type) {
        case VALUE_INTEGER32:
                integer32 = value.integer32;
                snmp_set_var_typed_value(vb, ASN_INTEGER, &integer32, sizeof(integer32));
                break;
        case VALUE_UNSIGNED32:
        case VALUE_TIMETICKS:
                unsigned32 = value.unsigned32;
                snmp_set_var_typed_value(
                        vb, value.type == VALUE_TIMETICKS ? ASN_TIMETICKS : ASN_UNSIGNED,
                        &unsigned32, sizeof(unsigned32));
                break;
        case VALUE_COUNTER64:
                set_counter64(vb, value.counter64);
                break;
        case VALUE_OCTETS:
                snmp_set_var_typed_value(vb, ASN_OCTET_STR, value.octets, value.length);
                break;
        case VALUE_ROW:
                set_row(vb, value.octets, value.length);
                break;
        }
}

bool handler_covers(const oid *name, size_t length)
{
        return snmp_oidtree_compare(name, length, objects_oid, OBJECTS_LENGTH) == 0 &&
               length >= OBJECTS_LENGTH;
}

int handler_get(const struct handler *h, netsnmp_variable_list *vb, const struct moment *now)
{
        struct place place;
        int error = find_exact(h, vb->name, vb->name_length, &place);

        if (error == SNMP_ERR_NOERROR)
                answer(vb, &place, now);
        return error;
}

bool handler_next(const struct handler *h, netsnmp_variable_list *vb, bool or_at,
                  const struct moment *now)
{
        oid name[MAX_OID_LEN];
        struct place place;

        if (!find_next(h, vb->name, vb->name_length, or_at, &place))
                return false;
        snmp_set_var_objid(vb, name, name_of(&place, name));
        answer(vb, &place, now);
        return true;
}

void handler_now(const struct handler *h, struct moment *now)
{
        h->loop->now(h->loop, now);
}

/* Where nothing is left here the request stays as it is, and Net-SNMP goes on behind our subtree.
 */
static void handle_request(const struct handler *h, netsnmp_agent_request_info *info,
                           netsnmp_request_info *request, const struct moment *now)
{
        int error;

        if (info->mode == MODE_GETNEXT) {
                handler_next(h, request->requestvb, request->inclusive != 0, now);
        } else if (info->mode == MODE_GET) {
                error = handler_get(h, request->requestvb, now);
                if (error != SNMP_ERR_NOERROR)
                        netsnmp_set_request_error(info, request, error);
        }
}

static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
        const struct handler *h = handler->myvoid;
        struct moment now;

        (void)registration;
        handler_now(h, &now);
        for (netsnmp_request_info *r = requests; r; r = r->next)
                if (!r->processed)
                        handle_request(h, info, r, &now);
        return SNMP_ERR_NOERROR;
}

/* ---- setting up ---- */

static void serve(struct handler *h, const struct table_type *view, struct table *table)
{
        size_t i = h->n_served;

        if (view->number == 0 || i == MAX_SERVED)
                return;
        for (; i > 0 && h->served[i - 1].view->number > view->number; i--)
                h->served[i] = h->served[i - 1];
        h->served[i] = (struct served){ .view = view, .table = table };
        h->n_served++;
}

void handler_on_asked(struct handler *h, const struct table_type *type, handler_asked *asked,
                      void *context)
{
        for (size_t i = 0; i < h->n_served; i++) {
                if (h->served[i].view != type)
                        continue;
                h->served[i].asked = asked;
                h->served[i].context = context;
        }
}

struct handler *handler_new(struct store *store, struct loop *loop)
{
        struct handler *h = calloc(1, sizeof(*h));
        netsnmp_mib_handler *mib_handler;

        if (!h)
                return NULL;
        h->loop = loop;
        for (const struct table_type *const *type = table_types; *type; type++) {
                struct table *table = store_table(store, *type);

                serve(h, *type, table);
                for (const struct table_type *const *v = (*type)->views; v && *v; v++)
                        serve(h, *v, table);
        }
        mib_handler = netsnmp_create_handler(MODULE_NAME, handle);
        if (!mib_handler)
                goto fail;
        mib_handler->myvoid = h;
        h->registration = netsnmp_handler_registration_create(MODULE_NAME, mib_handler, objects_oid,
                                                              OBJECTS_LENGTH, HANDLER_CAN_RONLY);
        if (!h->registration || netsnmp_register_handler(h->registration) != MIB_REGISTERED_OK)
                goto fail;
        register_sysORTable((oid *)module_oid, OID_LENGTH(module_oid),
                            "The MIB module of ipsec-report: IPsec as this host runs it");
        return h;
fail:
        free(h);
        return NULL;
}

void handler_free(struct handler *h)
{
        if (!h)
                return;
        unregister_sysORTable((oid *)module_oid, OID_LENGTH(module_oid));
        netsnmp_unregister_handler(h->registration);
        free(h);
}
