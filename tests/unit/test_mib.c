/*
 * The module and the descriptors say the same: every column there is here and the other way round,
 * with the same number, type, labels, access and index. The module is read by Net-SNMP's own
 * parser, from $MIB (a file) with the base modules in $MIB_BASES (a folder).
 */
#include "config.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/parse.h>

#include "suite.h"
#include "tables/notification.h"
#include "tables/notify.h"
#include "tables/store.h"

#include <ctype.h>
#include <string.h>

#define MODULE "IPSEC-REPORT-MIB"

static const oid root[] = { MIB_ROOT };

static struct tree *node_of(const char *name)
{
        struct tree *node = find_tree_node(name, which_module(MODULE));

        ck_assert_msg(node != NULL, "%s is not in the module", name);
        return node;
}

static struct tree *child_of(const struct tree *parent, u_long number)
{
        struct tree *child = parent->child_list;

        while (child && child->subid != number)
                child = child->next_peer;
        return child;
}

static const char *tc_of(const struct tree *node)
{
        const char *name = get_tc_descriptor(node->tc_index);

        return name ? name : "";
}

/* What a column of this kind is called in the module: the convention, or the base type. */
static bool type_fits(const struct column *column, const struct tree *node)
{
        const char *tc = tc_of(node);

        switch (column->kind) {
        case COLUMN_UNSIGNED32:
                return node->type == TYPE_UNSIGNED32 || node->type == TYPE_GAUGE;
        case COLUMN_IF_INDEX:
                return strcmp(tc, "InterfaceIndexOrZero") == 0 || strcmp(tc, "InterfaceIndex") == 0;
        case COLUMN_INTEGER32:
        case COLUMN_AGE:
        case COLUMN_SECONDS_LEFT:
        case COLUMN_DAYS_LEFT:
                return (node->type == TYPE_INTEGER32 || node->type == TYPE_INTEGER) && !node->enums;
        case COLUMN_ENUMERATION:
                return node->type == TYPE_INTEGER && node->enums;
        case COLUMN_TRUTH:
                return strcmp(tc, "TruthValue") == 0;
        case COLUMN_BITS:
                return node->type == TYPE_BITSTRING;
        case COLUMN_COUNTER64:
                return node->type == TYPE_COUNTER64 && !*tc;
        case COLUMN_GAUGE64:
                return strcmp(tc, "CounterBasedGauge64") == 0;
        case COLUMN_STRING:
                return strcmp(tc, "SnmpAdminString") == 0 || strcmp(tc, "IpsrSelectorList") == 0;
        case COLUMN_ROW_POINTER:
                return strcmp(tc, "RowPointer") == 0;
        case COLUMN_OCTETS:
                return node->type == TYPE_OCTETSTR && !*tc;
        case COLUMN_ADDRESS_TEXT:
        case COLUMN_PREFIX_TEXT:
                return strcmp(tc, "SnmpAdminString") == 0;
        case COLUMN_ADDRESS_TYPE:
                return strcmp(tc, "InetAddressType") == 0;
        case COLUMN_ADDRESS:
                return strcmp(tc, "InetAddress") == 0;
        case COLUMN_PREFIX_LENGTH:
                return strcmp(tc, "InetAddressPrefixLength") == 0;
        case COLUMN_DATE:
                return strcmp(tc, "DateAndTime") == 0;
        case COLUMN_TIMESTAMP:
                return strcmp(tc, "TimeStamp") == 0;
        }
        return false;
}

static size_t count_labels(const struct enum_list *labels)
{
        size_t n = 0;

        for (; labels; labels = labels->next)
                n++;
        return n;
}

static void check_labels(const struct column *column, const struct tree *node)
{
        size_t n = 0;

        for (const struct label *l = column->labels; l->label; l++, n++) {
                const struct enum_list *e = node->enums;

                while (e && strcmp(e->label, l->label) != 0)
                        e = e->next;
                ck_assert_msg(e != NULL, "%s: label %s is not in the module", column->name,
                              l->label);
                ck_assert_msg(e->value == l->value, "%s: label %s is %d here, %d in the module",
                              column->name, l->label, l->value, e->value);
        }
        ck_assert_msg(n == count_labels(node->enums), "%s: the module has %zu labels, not %zu",
                      column->name, count_labels(node->enums), n);
}

static void check_column(const struct column *column, int access)
{
        const struct tree *node = node_of(column->name);

        ck_assert_msg(node->subid == column->number, "%s is %lu in the module, %u here",
                      column->name, node->subid, column->number);
        ck_assert_msg(type_fits(column, node), "%s has another type in the module (%d %s)",
                      column->name, node->type, tc_of(node));
        ck_assert_msg(node->access == access, "%s has another access in the module", column->name);
        if (column->labels)
                check_labels(column, node);
}

/* The sub-identifier of the entry, or of the group, is the parent of all columns. */
static const struct tree *parent_of_columns(const struct table_type *view)
{
        const struct tree *node = node_of(view->name);

        ck_assert_msg(node->subid == view->number, "%s is %lu in the module, %u here", view->name,
                      node->subid, view->number);
        if (view->scalars)
                return node;
        ck_assert_msg(node->child_list != NULL && node->child_list->subid == 1, "%s has no entry 1",
                      view->name);
        return node->child_list;
}

static void check_index(const struct table_type *view, const struct tree *entry)
{
        const struct index_list *index = entry->indexes;

        for (size_t i = 0; i < view->n_index; i++, index = index->next) {
                ck_assert_msg(index != NULL, "%s has fewer indexes in the module", view->name);
                ck_assert_str_eq(index->ilabel, view->index[i].name);
                ck_assert_msg(!index->isimplied, "%s: IMPLIED is not written here", view->name);
                check_column(&view->index[i], MIB_ACCESS_NOACCESS);
        }
        ck_assert_msg(index == NULL, "%s has more indexes in the module", view->name);
}

static void check_complete(const struct table_type *view, const struct tree *parent)
{
        size_t n = 0;

        for (const struct tree *c = parent->child_list; c; c = c->next_peer)
                n += c->access == MIB_ACCESS_READONLY;
        ck_assert_msg(n == view->n_columns, "%s has %zu readable columns in the module, %zu here",
                      view->name, n, view->n_columns);
}

static void check_type(const struct table_type *view)
{
        const struct tree *parent = parent_of_columns(view);
        uint32_t last = 0;

        for (size_t i = 0; i < view->n_columns; i++) {
                check_column(&view->columns[i], MIB_ACCESS_READONLY);
                ck_assert_msg(child_of(parent, view->columns[i].number) != NULL,
                              "%s is in another table of the module", view->columns[i].name);
                ck_assert_msg(view->columns[i].number > last, "%s is out of order",
                              view->columns[i].name);
                ck_assert_msg(strncmp(view->columns[i].name, view->stem, strlen(view->stem)) == 0,
                              "%s has another stem", view->columns[i].name);
                last = view->columns[i].number;
        }
        if (!view->scalars)
                check_index(view, parent);
        check_complete(view, parent);
}

START_TEST(test_root)
{
        oid name[MAX_OID_LEN];
        size_t length = MAX_OID_LEN;

        ck_assert_int_eq(get_node("ipsecReportMIB", name, &length), 1);
        ck_assert_int_eq(snmp_oid_compare(name, length, root, OID_LENGTH(root)), 0);
        length = MAX_OID_LEN;
        ck_assert_int_eq(get_node("ipsrObjects", name, &length), 1);
        ck_assert_uint_eq(length, OID_LENGTH(root) + 1);
        ck_assert_uint_eq(name[length - 1], 1);
}
END_TEST

START_TEST(test_descriptors)
{
        for (const struct table_type *const *type = table_types; *type; type++) {
                if ((*type)->number != 0)
                        check_type(*type);
                for (const struct table_type *const *v = (*type)->views; v && *v; v++)
                        if ((*v)->number != 0)
                                check_type(*v);
        }
}
END_TEST

static const char *lower_first(const char *name)
{
        static char text[64];

        snprintf(text, sizeof(text), "%s", name);
        text[0] = (char)tolower((unsigned char)text[0]);
        return text;
}

START_TEST(test_notify_objects)
{
        const struct tree *group = node_of(notify_type.name);
        size_t n = 0;

        for (size_t i = 0; i < notify_type.n_columns; i++) {
                check_column(&notify_type.columns[i], MIB_ACCESS_NOTIFY);
                ck_assert(child_of(group, notify_type.columns[i].number) != NULL);
        }
        for (const struct tree *c = group->child_list; c; c = c->next_peer)
                n++;
        ck_assert_uint_eq(n, notify_type.n_columns);
}
END_TEST

/* The same notifications, with the same objects in the same order. */
START_TEST(test_notifications)
{
        const struct tree *group = node_of("ipsrNotifications");
        const struct notification *n = notifications;
        size_t count = 0;

        for (; n->name; n++, count++) {
                const struct tree *node = node_of(n->name);
                const struct varbind_list *v = node->varbinds;

                ck_assert_msg(node->parent == group && node->subid == n->kind,
                              "%s is %lu in the module", n->name, node->subid);
                ck_assert_str_eq(label_of(event_kinds, (int32_t)n->kind), lower_first(n->name + 4));
                for (const char *const *o = n->objects; *o; o++, v = v->next) {
                        ck_assert_msg(v != NULL, "%s has fewer objects in the module", n->name);
                        ck_assert_str_eq(v->vblabel, *o);
                }
                ck_assert_msg(v == NULL, "%s has more objects in the module", n->name);
                ck_assert_ptr_eq(notification_of(n->kind), n);
        }
        for (const struct tree *c = group->child_list; c; c = c->next_peer)
                count--;
        ck_assert_uint_eq(count, 0);
        ck_assert_ptr_null(notification_of(EVENT_TUNNEL_REKEYED));
}
END_TEST

/* Two columns of one name would be a copy that is not kept. */
START_TEST(test_ascending)
{
        for (size_t i = 1; table_types[i]; i++)
                if (table_types[i]->number != 0 || table_types[i - 1]->number != 0)
                        ck_assert_uint_gt(table_types[i]->number, table_types[i - 1]->number);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("mib");
        const char *file = getenv("MIB"), *bases = getenv("MIB_BASES");
        int status;

        setenv("MIBS", "", 1);
        netsnmp_set_mib_directory(bases ? bases : "tests/mibs");
        netsnmp_init_mib();
        if (!read_mib(file ? file : "installed/" MODULE ".txt"))
                return EXIT_FAILURE;
        tcase_add_test(tcase, test_root);
        tcase_add_test(tcase, test_descriptors);
        tcase_add_test(tcase, test_notify_objects);
        tcase_add_test(tcase, test_notifications);
        tcase_add_test(tcase, test_ascending);
        status = run_suite("mib", tcase);
        shutdown_mib();
        return status;
}
