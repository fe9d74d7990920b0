/* Which algorithms are called weak, and which SAs are overdue. */
#include "fake_loop.h"
#include "joins/overdue.h"
#include "joins/weak.h"
#include "suite.h"
#include "tables/ike_sa.h"
#include "tables/ipsec_sa.h"

#include <string.h>

#define START 1795500116

static const char *const list[] = { "DES",   "3DES", "NULL", "RC*",
                                    "CAST*", "MD5",  "SHA1", "Modp-1024" };
static const char *const none[] = { "nothing" };

static struct loop *loop;
static struct store *store;
static struct table *sas, *ike_sas;

static void setup(void)
{
        loop = fake_loop_new(START);
        store = store_new();
        sas = store_table(store, &ipsec_sa_type);
        ike_sas = store_table(store, &ike_sa_type);
}

static void teardown(void)
{
        store_free(store);
        fake_loop_free(loop);
}

static bool weak(const char *name)
{
        return is_weak(list, sizeof(list) / sizeof(list[0]), name);
}

START_TEST(test_names)
{
        ck_assert(weak("DES-CBC"));
        ck_assert(weak("3DES-CBC"));
        ck_assert(weak("NULL"));
        ck_assert(weak("rc4"));
        ck_assert(weak("CAST128-CBC"));
        ck_assert(weak("HMAC-MD5"));
        ck_assert(weak("HMAC-MD5-96"));
        ck_assert(weak("HMAC-SHA1-96"));
        ck_assert(weak("MODP-1024"));
        ck_assert(weak("MODP-1024-160"));
        ck_assert(!weak("AES256-CBC"));
        ck_assert(!weak("NULL-AES-GMAC"));
        ck_assert(!weak("AES128-GMAC"));
        ck_assert(!weak("HMAC-SHA2-256"));
        ck_assert(!weak("MODP-2048"));
        ck_assert(!weak("ML-KEM-1024"));
        ck_assert(!weak("SHA"));
        ck_assert(!weak(""));
        ck_assert(!weak("-"));
        ck_assert(!weak(NULL));
        ck_assert(!weak(
                "A-NAME-LONGER-THAN-ANY-ALGORITHM-HAS-BUT-FOR-ONE-PART-WHICH-IS-NOT-DESIGNED"));
}
END_TEST

static struct ipsec_sa make_sa(uint32_t spi, const char *encryption)
{
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        sa.spi = spi;
        sa.protocol = PROTOCOL_ESP;
        sa.state = SA_MATURE;
        sa.encryption = encryption;
        return sa;
}

static const struct ipsec_sa *sa_of(uint32_t spi)
{
        fake_loop_advance(loop, 1);
        return table_next(sas, &sa_by_spi_type, &spi, 1, false);
}

START_TEST(test_rows)
{
        struct weak *w = weak_new(store, loop, list, sizeof(list) / sizeof(list[0]));
        struct ipsec_sa sa = make_sa(1, "3DES-CBC");
        struct ike_sa ike;
        uint32_t index = 1;

        table_put(sas, &sa, TABLE_FROM_EVENT);
        sa = make_sa(2, "AES128-CBC");
        table_put(sas, &sa, TABLE_FROM_EVENT);
        memset(&ike, 0, sizeof(ike));
        ike.daemon_id = 1;
        ike.dh_group_name = "MODP-1024";
        table_put(ike_sas, &ike, TABLE_FROM_EVENT);
        ck_assert(sa_of(1)->weak);
        ck_assert(!sa_of(2)->weak);
        ck_assert(((const struct ike_sa *)table_at(ike_sas, &ike_sa_type, &index, 1))->weak);
        weak_configure(w, none, 1);
        ck_assert(!sa_of(1)->weak);
        ck_assert(!((const struct ike_sa *)table_at(ike_sas, &ike_sa_type, &index, 1))->weak);
        weak_free(w);
}
END_TEST

START_TEST(test_overdue)
{
        struct overdue *o = overdue_new(store, loop);
        struct ipsec_sa sa = make_sa(1, "AES128-CBC");

        sa.reqid = 5;
        sa.soft_expiry = START + 100;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        fake_loop_advance(loop, 100000);
        sa.state = SA_DYING;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        fake_loop_advance(loop, 29000);
        ck_assert(!sa_of(1)->rekey_overdue);
        fake_loop_advance(loop, 3000);
        ck_assert(sa_of(1)->rekey_overdue);
        sa.spi = 2;
        sa.state = SA_MATURE;
        sa.soft_expiry = START + 300;
        table_put(sas, &sa, TABLE_FROM_EVENT);
        ck_assert(!sa_of(1)->rekey_overdue);
        fake_loop_advance(loop, 60000);
        ck_assert(!sa_of(1)->rekey_overdue);
        ck_assert(!sa_of(2)->rekey_overdue);
        fake_loop_advance(loop, 200000);
        ck_assert(!sa_of(1)->rekey_overdue);
        ck_assert(sa_of(2)->rekey_overdue);
        overdue_free(o);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("weak");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_names);
        tcase_add_test(tcase, test_rows);
        tcase_add_test(tcase, test_overdue);
        return run_suite("weak", tcase);
}
