#include "config.h"

#include "notification_varbinds.h"

#include "tables/notification.h"
#include "varbind.h"

#include <stdlib.h>
#include <string.h>

/* ipsrNotifyObjects below ipsrObjects: no table has that number, since nobody is served them. */
#define NOTIFY_OBJECTS 20

static const oid trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
static const oid uptime_oid[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
static const oid notifications_oid[] = { VARBIND_NOTIFICATIONS };
static const oid notify_objects_oid[] = { VARBIND_OBJECTS, NOTIFY_OBJECTS };

/* The row that an event names. */
struct named {
        const struct table_type *type;
        const void *row; /* NULL: none, or it is gone */
};

/* ---- finding ---- */

static const struct column *column_named(const struct table_type *type, const char *name)
{
        for (size_t i = 0; i < type->n_columns; i++)
                if (strcmp(type->columns[i].name, name) == 0)
                        return &type->columns[i];
        return NULL;
}

static const struct table_type *type_numbered(uint32_t number)
{
        for (const struct table_type *const *type = table_types; *type; type++)
                if ((*type)->number == number)
                        return *type;
        return NULL;
}

static const struct table_type *scalars_with(const char *name, const struct column **column)
{
        for (const struct table_type *const *type = table_types; *type; type++) {
                *column = (*type)->scalars ? column_named(*type, name) : NULL;
                if (*column)
                        return *type;
        }
        return NULL;
}

/* "12.1.4.3.97.98.99": table, entry, column, index. */
static struct named row_named(const struct store *store, const char *text)
{
        uint32_t ids[INDEX_MAX + 3];
        struct named named = { NULL, NULL };
        size_t n = 0;
        char *end;

        while (text && n < sizeof(ids) / sizeof(ids[0])) {
                ids[n++] = (uint32_t)strtoul(text, &end, 10);
                text = *end == '.' ? end + 1 : NULL;
        }
        if (n < 4 || ids[0] == 0)
                return named;
        named.type = type_numbered(ids[0]);
        if (named.type && !named.type->scalars)
                named.row = table_at(store_table(store, named.type), named.type, ids + 3, n - 3);
        return named;
}

/* ---- making ---- */

/* Behind the others. NULL without memory. */
static netsnmp_variable_list *append(netsnmp_variable_list ***end, const oid *name, size_t length)
{
        netsnmp_variable_list *vb = SNMP_MALLOC_TYPEDEF(netsnmp_variable_list);

        if (!vb)
                return NULL;
        **end = vb;
        *end = &vb->next_variable;
        return snmp_set_var_objid(vb, name, length) == 0 ? vb : NULL;
}

static bool add_value(netsnmp_variable_list ***end, const oid *name, size_t length,
                      const struct column *column, const void *row, const struct moment *now)
{
        netsnmp_variable_list *vb;

        if (column_value_type(column) == VALUE_COUNTER64)
                return true;
        vb = append(end, name, length);
        if (vb)
                varbind_set(vb, column, row, now);
        return vb && (vb->val.string || vb->val_len == 0);
}

static bool add_detail(netsnmp_variable_list ***end, const struct column *column,
                       const struct notify *details, const struct moment *now)
{
        oid name[MAX_OID_LEN];
        size_t n = OID_LENGTH(notify_objects_oid);

        memcpy(name, notify_objects_oid, sizeof(notify_objects_oid));
        name[n++] = column->number;
        name[n++] = 0;
        return add_value(end, name, n, column, details, now);
}

static bool add_column(netsnmp_variable_list ***end, const struct table_type *type,
                       const struct column *column, const void *row, const struct moment *now)
{
        oid name[MAX_OID_LEN];

        return add_value(end, name, varbind_name(type, column, row, name), column, row, now);
}

static bool add_object(netsnmp_variable_list ***end, const struct store *store,
                       const struct named *named, const char *name, const struct notify *details,
                       const struct moment *now)
{
        const struct column *column = column_named(&notify_type, name);
        const struct table_type *scalars;
        const void *row;

        if (column)
                return add_detail(end, column, details, now);
        scalars = scalars_with(name, &column);
        if (scalars) {
                row = table_at(store_table(store, scalars), scalars, &(uint32_t){ 0 }, 1);
                return !row || add_column(end, scalars, column, row, now);
        }
        column = named->row ? column_named(named->type, name) : NULL;
        return !column || add_column(end, named->type, column, named->row, now);
}

static bool add_trap_oid(netsnmp_variable_list ***end, const struct notification *notification)
{
        netsnmp_variable_list *vb = append(end, trap_oid, OID_LENGTH(trap_oid));
        oid name[OID_LENGTH(notifications_oid) + 1];

        if (!vb)
                return false;
        memcpy(name, notifications_oid, sizeof(notifications_oid));
        name[OID_LENGTH(notifications_oid)] = notification->kind;
        return snmp_set_var_typed_value(vb, ASN_OBJECT_ID, name, sizeof(name)) == 0;
}

netsnmp_variable_list *notification_varbinds(const struct store *store, const struct event *event,
                                             const struct notify *details, const struct moment *now)
{
        const struct notification *notification = notification_of((enum event_kind)event->kind);
        netsnmp_variable_list *varbinds = NULL, **end = &varbinds;
        struct named named = row_named(store, event->row);
        bool done;

        if (!notification)
                return NULL;
        done = add_trap_oid(&end, notification);
        for (size_t i = 0; done && notification->objects[i]; i++)
                done = add_object(&end, store, &named, notification->objects[i], details, now);
        if (done)
                return varbinds;
        snmp_free_varbind(varbinds);
        return NULL;
}

void notification_set_suppressed(netsnmp_variable_list *varbinds, uint32_t suppressed)
{
        const struct column *column = column_named(&notify_type, "ipsrNotifySuppressed");
        const struct notify details = { .suppressed = suppressed };
        const struct moment now = { 0, 0, 0 };
        size_t n = OID_LENGTH(notify_objects_oid);

        for (netsnmp_variable_list *vb = varbinds; vb; vb = vb->next_variable)
                if (vb->name_length == n + 2 && vb->name[n] == column->number &&
                    memcmp(vb->name, notify_objects_oid, sizeof(notify_objects_oid)) == 0)
                        varbind_set(vb, column, &details, &now);
}

bool notification_set_time(netsnmp_variable_list **varbinds, int64_t moment,
                           const struct moment *now)
{
        netsnmp_variable_list *vb = SNMP_MALLOC_TYPEDEF(netsnmp_variable_list);
        u_long uptime = 0;

        if (moment > now->snmp_start)
                uptime = (u_long)((moment - now->snmp_start) / 10) & UINT32_MAX;
        if (!vb)
                return false;
        vb->next_variable = *varbinds;
        *varbinds = vb;
        return snmp_set_var_objid(vb, uptime_oid, OID_LENGTH(uptime_oid)) == 0 &&
               snmp_set_var_typed_value(vb, ASN_TIMETICKS, &uptime, sizeof(uptime)) == 0;
}
