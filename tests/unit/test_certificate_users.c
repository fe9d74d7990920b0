/* Which IKE policies a certificate is used by. */
#include "fake_loop.h"
#include "joins/certificate_users.h"
#include "suite.h"
#include "tables/certificate.h"
#include "tables/ike_policy.h"

#include <stdio.h>
#include <string.h>

#define MOON "C=CH, O=Test, CN=moon"
#define SUN "C=CH, O=Test, CN=sun"
#define CA "C=CH, O=Test, CN=Test CA"

static struct loop *loop;
static struct store *store;
static struct certificate_users *users;
static struct table *certificates, *policies;

static void setup(void)
{
        loop = fake_loop_new(1795500116);
        store = store_new();
        users = certificate_users_new(store, loop);
        certificates = store_table(store, &certificate_type);
        policies = store_table(store, &ike_policy_type);
}

static void teardown(void)
{
        certificate_users_free(users);
        store_free(store);
        fake_loop_free(loop);
}

static void put_certificate(uint8_t number, uint8_t kind, const char *subject)
{
        struct certificate row;

        memset(&row, 0, sizeof(row));
        row.fingerprint[0] = number;
        row.kind = kind;
        row.subject = subject;
        row.daemon = "strongswan";
        ck_assert_int_eq(table_put(certificates, &row, TABLE_FROM_EVENT), 0);
}

static struct ike_policy policy(const char *name)
{
        struct ike_policy row;

        memset(&row, 0, sizeof(row));
        row.key = row.name = name;
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon = "strongswan";
        row.local_auth_method = row.remote_auth_method = "PUBKEY";
        return row;
}

static void put(const struct ike_policy *row)
{
        ck_assert_int_eq(table_put(policies, row, TABLE_FROM_EVENT), 0);
}

static void wait(void)
{
        fake_loop_advance(loop, CERTIFICATE_USERS_WITHIN + 1);
        fake_loop_advance(loop, CERTIFICATE_USERS_WITHIN + 1);
}

static const char *used_by(uint8_t number)
{
        struct certificate sought;
        const struct certificate *row;

        memset(&sought, 0, sizeof(sought));
        sought.fingerprint[0] = number;
        row = table_find(certificates, &sought);
        ck_assert_ptr_nonnull(row);
        return row->used_by ? row->used_by : "";
}

START_TEST(test_each_way)
{
        struct ike_policy row = policy("by-certs");

        put_certificate(1, CERTIFICATE_END_ENTITY, MOON);
        put_certificate(2, CERTIFICATE_END_ENTITY, SUN);
        put_certificate(3, CERTIFICATE_CA, CA);
        put_certificate(4, CERTIFICATE_CRL, NULL);
        row.certificates = MOON "; C=CH, CN=other";
        row.remote_cas = "C=CH, CN=Other CA; " CA;
        row.local_cas = CA; /* named once for all that */
        put(&row);
        row = policy("by-id");
        row.local_identity = "moon.example";
        row.remote_identity = "alice; " SUN;
        put(&row);
        row = policy("psk");
        row.local_auth_method = row.remote_auth_method = "PSK";
        row.remote_identity = SUN; /* a name, and no certificate is asked for */
        put(&row);
        row = policy("libreswan's");
        row.daemon_kind = DAEMON_LIBRESWAN;
        row.daemon = "libreswan"; /* it has certificates of its own */
        row.remote_cas = CA;
        put(&row);
        wait();
        ck_assert_str_eq(used_by(1), "by-certs");
        ck_assert_str_eq(used_by(2), "by-id");
        ck_assert_str_eq(used_by(3), "by-certs");
        ck_assert_str_eq(used_by(4), "");
}
END_TEST

START_TEST(test_changes)
{
        struct ike_policy row = policy("net");

        row.certificates = MOON;
        put(&row);
        wait();
        put_certificate(1, CERTIFICATE_END_ENTITY, MOON); /* it comes later */
        wait();
        ck_assert_str_eq(used_by(1), "net");
        row.key = row.name = "lan";
        put(&row);
        wait();
        ck_assert_str_eq(used_by(1), "lan, net");
        put_certificate(1, CERTIFICATE_END_ENTITY, MOON); /* told anew */
        ck_assert_str_eq(used_by(1), "lan, net");
        row.certificates = SUN;
        put(&row);
        wait();
        ck_assert_str_eq(used_by(1), "net");
        row.key = "net";
        ck_assert(table_remove(policies, &row, TABLE_LOST));
        wait();
        ck_assert_str_eq(used_by(1), "");
}
END_TEST

/* What has no room is told by "..."; many are looked at in many turns. */
START_TEST(test_many)
{
        struct ike_policy row = policy("");
        char name[64];

        put_certificate(1, CERTIFICATE_CA, CA);
        put_certificate(2, CERTIFICATE_END_ENTITY, "C=CH, CN=user-1999");
        for (int i = 1000; i < 3000; i++) {
                char subject[64];

                snprintf(name, sizeof(name), "connection-%d", i);
                snprintf(subject, sizeof(subject), "C=CH, CN=user-%d", i);
                row.key = row.name = name;
                row.remote_cas = CA;
                row.certificates = subject;
                put(&row);
        }
        for (int i = 0; i < 20; i++)
                wait();
        ck_assert_str_eq(used_by(2), "connection-1999");
        ck_assert_uint_le(strlen(used_by(1)), 255);
        ck_assert_uint_ge(strlen(used_by(1)), 230);
        ck_assert_ptr_nonnull(strstr(used_by(1), "connection-1000, connection-1001, "));
        ck_assert_str_eq(used_by(1) + strlen(used_by(1)) - 5, ", ...");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("users of certificates");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_each_way);
        tcase_add_test(tcase, test_changes);
        tcase_add_test(tcase, test_many);
        return run_suite("users of certificates", tcase);
}
