/* What a connection that was given up still tells: of a request that was under way. */
#include "agent/old_connection.h"
#include "fake_loop.h"
#include "suite.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET 0x01020304

static struct loop *loop;
static struct old_connection *old;
static int snmpd; /* its end */
static unsigned int told;
static enum old_answer last;
static unsigned int last_error;

static void ended(void *context, enum old_answer answer, unsigned int error)
{
        ck_assert_ptr_eq(context, &told);
        told++;
        last = answer;
        last_error = error;
        old = NULL;
}

static void setup(void)
{
        int ends[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        loop = fake_loop_new(0);
        snmpd = ends[1];
        told = 0;
        old = old_connection_new(loop, ends[0], PACKET, ended, &told);
        ck_assert_ptr_nonnull(old);
}

static void teardown(void)
{
        old_connection_free(old);
        fake_loop_free(loop);
        close(snmpd);
}

static void put_number(uint8_t *at, uint32_t number, size_t length, bool big)
{
        for (size_t i = 0; i < length; i++)
                at[big ? length - 1 - i : i] = (uint8_t)(number >> 8 * i);
}

/* How long a packet is; payload: what stands behind the error. */
static size_t make_packet(uint8_t *packet, uint8_t type, uint32_t number, uint32_t error,
                          size_t payload, bool big)
{
        memset(packet, 0, 28 + payload);
        packet[0] = 1;
        packet[1] = type;
        packet[2] = big ? 0x10 : 0;
        put_number(packet + 12, number, 4, big);
        put_number(packet + 16, 8 + (uint32_t)payload, 4, big);
        put_number(packet + 24, error, 2, big);
        return 28 + payload;
}

static void send_octets(const uint8_t *octets, size_t n)
{
        ck_assert_int_eq(write(snmpd, octets, n), (ssize_t)n);
        while (fake_loop_poll(loop))
                ;
}

START_TEST(test_answers)
{
        uint8_t packet[64];

        for (int big = 0; big < 2; big++) {
                send_octets(packet, make_packet(packet, 18, PACKET - 1, 0, 0, big)); /* a ping's */
                send_octets(packet, make_packet(packet, 18, PACKET + 1, 5, 12, big));
                send_octets(packet, make_packet(packet, 13, PACKET, 0, 0, big));
                ck_assert_uint_eq(told, 0);
                send_octets(packet, make_packet(packet, 18, PACKET, 0, 0, big));
                ck_assert_uint_eq(told, 1);
                ck_assert_int_eq(last, OLD_ANSWER_TAKEN);
                teardown();
                setup();
        }
        send_octets(packet, make_packet(packet, 18, PACKET, 266, 20, true));
        ck_assert_int_eq(last, OLD_ANSWER_REFUSED);
        ck_assert_uint_eq(last_error, 266);
}
END_TEST

START_TEST(test_in_pieces)
{
        uint8_t packets[128];
        size_t n = make_packet(packets, 18, PACKET - 1, 0, 8, true);

        n += make_packet(packets + n, 18, PACKET, 0, 0, true);
        for (size_t i = 0; i < n - 2; i++) { /* the last two are the index */
                ck_assert_uint_eq(told, 0);
                send_octets(packets + i, 1);
        }
        ck_assert_uint_eq(told, 1);
        ck_assert_int_eq(last, OLD_ANSWER_TAKEN);
}
END_TEST

/* It was killed: also in the midst of an answer. */
START_TEST(test_no_answer)
{
        uint8_t packet[64];

        shutdown(snmpd, SHUT_RDWR);
        ck_assert(fake_loop_poll(loop));
        ck_assert_uint_eq(told, 1);
        ck_assert_int_eq(last, OLD_ANSWER_NONE);
        teardown();
        setup();
        make_packet(packet, 18, PACKET, 0, 0, true);
        send_octets(packet, 23);
        ck_assert_uint_eq(told, 0);
        shutdown(snmpd, SHUT_RDWR);
        ck_assert(fake_loop_poll(loop));
        ck_assert_int_eq(last, OLD_ANSWER_NONE);
}
END_TEST

START_TEST(test_nonsense)
{
        uint8_t packet[64];

        memset(packet, 0x55, sizeof(packet));
        send_octets(packet, 30);
        ck_assert_uint_eq(told, 1);
        ck_assert_int_eq(last, OLD_ANSWER_NONE);
        teardown();
        setup();
        make_packet(packet, 18, PACKET, 0, 0, true);
        put_number(packet + 16, 4, 4, true); /* too short for an error */
        send_octets(packet, 24);
        ck_assert_uint_eq(told, 0);
        send_octets(packet, make_packet(packet, 18, PACKET, 0, 0, true));
        ck_assert_int_eq(last, OLD_ANSWER_TAKEN);
}
END_TEST

/* The other end sees the connection closed, but not before the library has done with it. */
START_TEST(test_closed_for_the_other_end)
{
        uint8_t octet;

        ck_assert_int_eq(recv(snmpd, &octet, 1, MSG_DONTWAIT), -1);
        fake_loop_advance(loop, 1);
        ck_assert_int_eq(recv(snmpd, &octet, 1, MSG_DONTWAIT), 0);
        ck_assert_uint_eq(told, 0);
}
END_TEST

START_TEST(test_limit)
{
        fake_loop_advance(loop, 3600000);
        ck_assert_uint_eq(told, 0);
        old_connection_limit(old, 5000);
        fake_loop_advance(loop, 3000);
        old_connection_limit(old, 5000);
        ck_assert_uint_eq(told, 0);
        fake_loop_advance(loop, 2000);
        ck_assert_uint_eq(told, 1);
        ck_assert_int_eq(last, OLD_ANSWER_NONE);
        ck_assert_ptr_null(old_connection_new(loop, -1, PACKET, ended, NULL));
        old_connection_free(NULL);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("old connection");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_answers);
        tcase_add_test(tcase, test_in_pieces);
        tcase_add_test(tcase, test_no_answer);
        tcase_add_test(tcase, test_nonsense);
        tcase_add_test(tcase, test_closed_for_the_other_end);
        tcase_add_test(tcase, test_limit);
        return run_suite("old_connection", tcase);
}
