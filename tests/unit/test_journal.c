/* The ring of events: numbers, capacity, and pointers that never dangle. */
#include "fake_loop.h"
#include "joins/journal.h"
#include "suite.h"
#include "tables/event_status.h"
#include "tables/ipsec_sa.h"
#include "tables/tunnel.h"

#include <string.h>

#define START 1795500116

static struct loop *loop;
static struct store *store;
static struct journal *journal;
static struct table *events, *details, *sas;
static unsigned int told, removed;
static bool details_were_there;

static void event_changed(void *context, enum table_event event, enum table_reason reason,
                          const void *before, const void *after)
{
        struct notify sought;

        (void)context;
        (void)reason;
        (void)before;
        told += event == TABLE_ADDED;
        removed += event == TABLE_REMOVED;
        if (event != TABLE_ADDED)
                return;
        memset(&sought, 0, sizeof(sought));
        sought.event = ((const struct event *)after)->number;
        details_were_there = table_find(details, &sought) != NULL;
}

static void make(uint32_t capacity)
{
        loop = fake_loop_new(START);
        store = store_new();
        journal = journal_new(store, loop, capacity);
        events = store_table(store, &event_type);
        details = store_table(store, &notify_type);
        sas = store_table(store, &ipsec_sa_type);
        told = removed = 0;
        ck_assert_int_eq(table_subscribe(events, event_changed, NULL), 0);
}

static void teardown(void)
{
        journal_free(journal);
        store_free(store);
        fake_loop_free(loop);
}

static struct event make_event(enum event_kind kind)
{
        struct event event;

        memset(&event, 0, sizeof(event));
        event.kind = (uint8_t)kind;
        event.entity = ENTITY_IKE;
        event.severity = SEVERITY_ERROR;
        event.reason = REASON_PEER_DEAD;
        event.text = "a is down";
        return event;
}

static void tell(enum event_kind kind, const char *row)
{
        struct event event = make_event(kind);

        event.row = row;
        journal_tell(journal, &event, NULL);
}

static const struct event *event_of(uint32_t number)
{
        return table_at(events, &event_type, &number, 1);
}

static const struct event_status *status(void)
{
        const uint32_t zero = 0;

        return table_at(store_table(store, &event_status_type), &event_status_type, &zero, 1);
}

static void add_sa(uint32_t spi)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        ck_assert_int_eq(table_put(sas, &sa, TABLE_FROM_EVENT), 0);
}

static void remove_sa(uint32_t spi)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        ck_assert(table_remove(sas, &sa, TABLE_DELETED));
}

START_TEST(test_an_event_has_number_moments_and_details)
{
        struct event event = make_event(EVENT_TUNNEL_DOWN);
        struct notify row;
        const struct notify *kept;

        make(10);
        fake_loop_advance(loop, 5000);
        memset(&row, 0, sizeof(row));
        row.tunnel_name = "a/b";
        journal_tell(journal, &event, &row);
        ck_assert_uint_eq(event.number, 1);
        ck_assert_uint_eq(told, 1);
        ck_assert(details_were_there);
        ck_assert_int_eq(event_of(1)->time, START + 6);
        ck_assert_int_eq(event_of(1)->timestamp, 6000);
        ck_assert_int_eq(event_of(1)->notification, NOTIFICATION_UNKNOWN);
        kept = table_find(details, &row);
        ck_assert_str_eq(kept->tunnel_name, "a/b");
        ck_assert_str_eq(kept->text, "a is down");
        ck_assert_int_eq(kept->reason, REASON_PEER_DEAD);
        ck_assert_int_eq(kept->severity, SEVERITY_ERROR);
        journal_settled(journal, 1, NOTIFICATION_SENT);
        ck_assert_int_eq(event_of(1)->notification, NOTIFICATION_SENT);
        ck_assert_uint_eq(table_count(details), 0);
        ck_assert_uint_eq(status()->newest, 1);
        ck_assert_uint_eq(status()->tunnel_down, 1);
        ck_assert_int_eq(status()->discontinuity, 1000);
}
END_TEST

START_TEST(test_what_has_no_notification_has_no_details)
{
        struct event event = make_event(EVENT_SA_CREATED);
        struct notify row;

        make(10);
        memset(&row, 0, sizeof(row));
        journal_tell(journal, &event, &row);
        ck_assert_int_eq(event_of(1)->notification, NOTIFICATION_NONE);
        ck_assert_uint_eq(table_count(details), 0);
        tell(EVENT_IKE_SA_UP, NULL);
        ck_assert_uint_eq(table_count(details), 1);
}
END_TEST

START_TEST(test_the_oldest_makes_room)
{
        make(3);
        tell(EVENT_TUNNEL_DOWN, NULL);
        for (int i = 0; i < 3; i++)
                tell(EVENT_SA_CREATED, NULL);
        ck_assert_uint_eq(table_count(events), 3);
        ck_assert_ptr_null(event_of(1));
        ck_assert_uint_eq(status()->oldest, 2);
        ck_assert_uint_eq(status()->newest, 4);
        ck_assert_uint_eq(status()->lost, 1);
        ck_assert_uint_eq(status()->tunnel_down, 0);
        ck_assert_uint_eq(status()->capacity, 3);
}
END_TEST

START_TEST(test_a_ring_of_none_tells_all)
{
        make(0);
        tell(EVENT_TUNNEL_DOWN, "5.1.12.1");
        tell(EVENT_SA_CREATED, NULL);
        ck_assert_uint_eq(told, 2);
        ck_assert_uint_eq(removed, 2);
        ck_assert_uint_eq(table_count(events), 0);
        ck_assert_uint_eq(table_count(details), 1);
        ck_assert_uint_eq(status()->newest, 0);
        journal_settled(journal, 1, NOTIFICATION_SENT);
        ck_assert_uint_eq(table_count(details), 0);
}
END_TEST

START_TEST(test_a_new_capacity_keeps_the_newest)
{
        char name[ROW_NAME_SIZE];
        const struct ipsec_sa *sa;
        uint32_t index = 0;

        make(4);
        add_sa(1);
        sa = table_next(sas, &ipsec_sa_type, &index, 1, false);
        row_name(&ipsec_sa_type, sa, name);
        for (int i = 0; i < 4; i++)
                tell(EVENT_SA_CREATED, name);
        journal_configure(journal, 7);
        tell(EVENT_SA_CREATED, name);
        journal_configure(journal, 3);
        ck_assert_uint_eq(table_count(events), 3);
        ck_assert_uint_eq(status()->oldest, 3);
        ck_assert_uint_eq(status()->lost, 2);
        ck_assert_ptr_nonnull(event_of(3)->row);
        remove_sa(1);
        for (uint32_t i = 3; i <= 5; i++)
                ck_assert_ptr_null(event_of(i)->row);
        journal_configure(journal, 0);
        ck_assert_uint_eq(table_count(events), 0);
        journal_configure(journal, 2);
        tell(EVENT_SA_CREATED, NULL);
        ck_assert_ptr_nonnull(event_of(6));
}
END_TEST

/* Whatever goes: each pointer names a row that is there. */
START_TEST(test_pointers_go_with_their_rows)
{
        char name[ROW_NAME_SIZE];
        const struct ipsec_sa *sa;
        uint32_t seed = 1;

        make(17);
        for (uint32_t spi = 1; spi <= 40; spi++)
                add_sa(spi);
        for (int round = 0; round < 400; round++) {
                const struct event *event;
                uint32_t index, number = 0;

                seed = seed * 1103515245 + 12345;
                index = seed >> 16 & 31;
                sa = table_next(sas, &ipsec_sa_type, &index, 1, false);
                if (sa && round % 3 == 0) {
                        uint32_t spi = sa->spi;

                        remove_sa(spi);
                        add_sa(spi + 1000);
                } else if (sa) {
                        row_name(&ipsec_sa_type, sa, name);
                        tell(EVENT_SA_CREATED, name);
                }
                while ((event = table_next(events, &event_type, &number, 1, false))) {
                        uint32_t named;

                        number = event->number;
                        if (!event->row)
                                continue;
                        named = (uint32_t)strtoul(strrchr(event->row, '.') + 1, NULL, 10);
                        ck_assert_ptr_nonnull(table_at(sas, &ipsec_sa_type, &named, 1));
                }
        }
        ck_assert_uint_eq(table_count(events), 17);
}
END_TEST

START_TEST(test_names_of_rows)
{
        char name[ROW_NAME_SIZE];
        struct tunnel tunnel;

        make(1);
        memset(&tunnel, 0, sizeof(tunnel));
        tunnel.policy_key = "ab";
        tunnel.child_key = "c";
        tunnel.instance = 1;
        row_name(&tunnel_type, &tunnel, name);
        ck_assert_str_eq(name, "12.1.4.2.97.98.1.99.1");
}
END_TEST

/* Nobody settles them: they are bounded all the same. */
START_TEST(test_unsettled_details_are_bounded)
{
        make(1);
        for (int i = 0; i < 20100; i++)
                tell(EVENT_IKE_SA_UP, NULL);
        ck_assert_uint_eq(table_count(details), 20000);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("journal");

        tcase_add_checked_fixture(tcase, NULL, teardown);
        tcase_add_test(tcase, test_an_event_has_number_moments_and_details);
        tcase_add_test(tcase, test_what_has_no_notification_has_no_details);
        tcase_add_test(tcase, test_the_oldest_makes_room);
        tcase_add_test(tcase, test_a_ring_of_none_tells_all);
        tcase_add_test(tcase, test_a_new_capacity_keeps_the_newest);
        tcase_add_test(tcase, test_pointers_go_with_their_rows);
        tcase_add_test(tcase, test_names_of_rows);
        tcase_add_test(tcase, test_unsettled_details_are_bounded);
        return run_suite("journal", tcase);
}
