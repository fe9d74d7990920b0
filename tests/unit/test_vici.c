/* The connection, with a daemon that a test plays: octets of any kind, in any pieces. */
#include "config.h"

#include "collectors/vici.h"
#include "fake_loop.h"
#include "suite.h"
#include "vici_maker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;
static struct vici *vici;
static int peer; /* the daemon's end; -1: closed */

/* What the opener will give: 0 a socket, or a negative errno; 1: nothing yet. */
static int opener_gives;
static opener_given *waiting;
static void *waiting_context;

static struct {
        unsigned int opened;
        unsigned int lost;
        int err;
        unsigned int events;
        unsigned int heard;
        unsigned int parts;
        unsigned int answers;
        int answer_err;
        char answer[64]; /* its first value */
} told;

static bool close_in_event, close_in_part, close_in_answer, ask_in_answer;

static int give(void)
{
        int ends[2];

        if (opener_gives < 0)
                return opener_gives;
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        peer = ends[1];
        return ends[0];
}

static int ask_opener(struct opener *opener, enum opener_target target, opener_given *given,
                      void *context)
{
        (void)opener;
        ck_assert_int_eq(target, OPENER_VICI);
        if (opener_gives == 1) {
                waiting = given;
                waiting_context = context;
        } else {
                given(context, give());
        }
        return 0;
}

static void forget(struct opener *opener, void *context)
{
        (void)opener;
        if (context == waiting_context)
                waiting = NULL;
}

static struct opener opener = { .ask = ask_opener, .forget = forget };

static void opened(void *context)
{
        (void)context;
        told.opened++;
}

static void lost(void *context, int err)
{
        (void)context;
        told.lost++;
        told.err = err;
}

static void event(void *context, const struct vici_packet *packet)
{
        (void)context;
        (void)packet;
        told.events++;
        if (close_in_event)
                vici_close(vici);
}

static void heard(void *context, const char *command, const uint8_t *octets, size_t length)
{
        (void)context;
        (void)command;
        ck_assert_uint_gt(length, 0);
        ck_assert_uint_eq(octets[-1], length & 0xff); /* its length stands before it */
        told.heard++;
}

static const struct vici_owner owner = { opened, lost, event, heard };

static void part(void *context, const struct vici_packet *packet)
{
        (void)context;
        (void)packet;
        told.parts++;
        if (close_in_part)
                vici_close(vici);
}

static void answered(void *context, int err, struct vici_slice message)
{
        struct vici_item item;

        (void)context;
        told.answers++;
        told.answer_err = err;
        told.answer[0] = '\0';
        if (vici_next(&message, &item))
                snprintf(told.answer, sizeof(told.answer), "%.*s", (int)vici_length(item.body),
                         (const char *)item.body.at);
        if (close_in_answer)
                vici_close(vici);
        if (ask_in_answer) {
                const struct vici_question again = { .command = "again", .answered = answered };

                ask_in_answer = false;
                vici_ask(vici, &again);
        }
}

static void setup(void)
{
        memset(&told, 0, sizeof(told));
        close_in_event = close_in_part = close_in_answer = ask_in_answer = false;
        opener_gives = 0;
        waiting = NULL;
        peer = -1;
        loop = fake_loop_new(1795500116);
        vici = vici_new(loop, &opener, &owner, NULL);
        vici_open(vici);
}

static void teardown(void)
{
        vici_free(vici);
        if (peer >= 0)
                close(peer);
        fake_loop_free(loop);
}

static void turn(void)
{
        while (fake_loop_poll(loop))
                ;
}

/* ---- the daemon ---- */

static void say_octets(const void *octets, size_t length)
{
        ck_assert_int_eq(send(peer, octets, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* name NULL: the type has none */
static size_t build(uint8_t *packet, uint8_t type, const char *name, const char *text)
{
        struct maker m;
        struct vici_slice message = make_message(&m, text);
        uint8_t *at = packet + 4;
        uint32_t length;

        *at++ = type;
        if (name) {
                *at++ = (uint8_t)strlen(name);
                memcpy(at, name, strlen(name));
                at += strlen(name);
        }
        memcpy(at, message.at, vici_length(message));
        at += vici_length(message);
        length = htonl((uint32_t)(at - packet - 4));
        memcpy(packet, &length, 4);
        return (size_t)(at - packet);
}

static void say(uint8_t type, const char *name, const char *text)
{
        uint8_t packet[9000];

        say_octets(packet, build(packet, type, name, text));
}

/* What the daemon is told next: "type name", "-" for nothing. */
static const char *hear(void)
{
        static char text[300];
        uint8_t head[4], body[70000];
        size_t length;

        if (recv(peer, head, 4, MSG_DONTWAIT) != 4)
                return "-";
        length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        ck_assert_uint_le(length, sizeof(body));
        ck_assert_int_eq(recv(peer, body, length, MSG_DONTWAIT), (ssize_t)length);
        snprintf(text, sizeof(text), "%u %.*s", body[0], body[1], body + 2);
        return text;
}

static void ask(const char *command, const char *stream)
{
        const struct vici_question question = {
                .command = command, .stream = stream, .part = part, .answered = answered
        };

        ck_assert_int_eq(vici_ask(vici, &question), 0);
}

/* ---- what ought to be ---- */

START_TEST(test_question)
{
        ck_assert_uint_eq(told.opened, 1);
        ck_assert(vici_is_open(vici) && vici_is_idle(vici));
        ask("version", NULL);
        ask("stats", NULL);
        ck_assert_str_eq(hear(), "0 version");
        ck_assert_str_eq(hear(), "-"); /* one at a time */
        say(1, NULL, "version=6.0");
        turn();
        ck_assert_uint_eq(told.answers, 1);
        ck_assert_str_eq(told.answer, "6.0");
        ck_assert_str_eq(hear(), "0 stats");
        ck_assert(!vici_is_idle(vici));
        say(2, NULL, ""); /* CMD_UNKNOWN */
        turn();
        ck_assert_uint_eq(told.answers, 2);
        ck_assert_int_eq(told.answer_err, -EOPNOTSUPP);
        ck_assert(vici_is_idle(vici));
        ck_assert_uint_eq(told.heard, 2);
        ck_assert_uint_eq(told.lost, 0);
}
END_TEST

START_TEST(test_stream)
{
        ask("list-sas", "list-sa");
        ck_assert_str_eq(hear(), "3 list-sa");
        say(5, NULL, "");
        turn();
        ck_assert_str_eq(hear(), "0 list-sas");
        say(7, "list-sa", "gw{ uniqueid=1 }");
        say(7, "ike-updown", "up=yes"); /* another's, in between */
        say(7, "list-sa", "gw{ uniqueid=2 }");
        turn();
        ck_assert_uint_eq(told.parts, 2);
        ck_assert_uint_eq(told.events, 1);
        say(1, NULL, "");
        turn();
        ck_assert_uint_eq(told.answers, 0); /* not before the event is taken back */
        ck_assert_str_eq(hear(), "4 list-sa");
        say(7, "list-sa", "gw{ uniqueid=3 }");
        say(5, NULL, "");
        turn();
        ck_assert_uint_eq(told.parts, 3);
        ck_assert_uint_eq(told.answers, 1);
        ck_assert_int_eq(told.answer_err, 0);
        ck_assert(vici_is_idle(vici));
}
END_TEST

START_TEST(test_unknown_event)
{
        ask("list-news", "news");
        ask("version", NULL);
        hear();
        say(6, NULL, "");
        turn();
        ck_assert_int_eq(told.answer_err, -EOPNOTSUPP);
        ck_assert_str_eq(hear(), "0 version"); /* and it goes on */
        teardown();
        setup();
        ask("list-news", "list-sa");
        hear();
        say(5, NULL, "");
        turn();
        hear();
        say(2, NULL, ""); /* the event is known, the command is not */
        turn();
        ck_assert_str_eq(hear(), "4 list-sa");
        say(5, NULL, "");
        turn();
        ck_assert_int_eq(told.answer_err, -EOPNOTSUPP);
        ck_assert_uint_eq(told.answers, 1);
}
END_TEST

START_TEST(test_watch)
{
        ck_assert_int_eq(vici_watch(vici, "ike-updown", NULL, NULL), 0);
        ck_assert_int_eq(vici_watch(vici, "alert", answered, NULL), 0);
        ck_assert_str_eq(hear(), "3 ike-updown");
        say(5, NULL, "");
        turn();
        ck_assert_str_eq(hear(), "3 alert");
        say(7, "ike-updown", "up=yes");
        say(6, NULL, "");
        turn();
        ck_assert_uint_eq(told.events, 1);
        ck_assert_uint_eq(told.answers, 1);
        ck_assert_int_eq(told.answer_err, -EOPNOTSUPP);
        fake_loop_advance(loop, 3600000); /* nothing is asked: nobody is impatient */
        ck_assert_uint_eq(told.lost, 0);
}
END_TEST

/* ---- pieces ---- */

START_TEST(test_octet_by_octet)
{
        uint8_t packet[9000];
        size_t length = build(packet, 1, NULL, "version=6.0.1");

        ask("version", NULL);
        for (size_t i = 0; i < length; i++) {
                ck_assert_uint_eq(told.answers, 0);
                say_octets(packet + i, 1);
                turn();
        }
        ck_assert_uint_eq(told.answers, 1);
        ck_assert_str_eq(told.answer, "6.0.1");
}
END_TEST

START_TEST(test_many_at_once)
{
        uint8_t packets[9000];
        size_t length = 0;

        ask("version", NULL);
        for (int i = 0; i < 50; i++)
                length += build(packets + length, 7, "ike-updown", "up=yes a{ uniqueid=1 }");
        length += build(packets + length, 1, NULL, "version=6");
        say_octets(packets, length - 3);
        turn();
        ck_assert_uint_eq(told.events, 50);
        ck_assert_uint_eq(told.answers, 0);
        say_octets(packets + length - 3, 3);
        turn();
        ck_assert_uint_eq(told.answers, 1);
}
END_TEST

/* A packet as long as may be, in as many pieces as the socket takes. */
static void say_long(uint32_t length, size_t octets)
{
        uint32_t head = htonl(length);
        uint8_t *body = calloc(1, octets + 1);
        size_t sent = 0;

        body[0] = 1;
        say_octets(&head, 4);
        while (sent < octets && told.lost == 0) {
                ssize_t n = send(peer, body + sent, octets - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

                sent += n > 0 ? (size_t)n : 0;
                turn();
        }
        turn();
        free(body);
}

START_TEST(test_lengths)
{
        static const struct {
                uint32_t length;
                int err;
        } cases[] = {
                { 0, -EMSGSIZE },
                { VICI_PACKET_MAX + 1, -EMSGSIZE },
                { UINT32_MAX, -EMSGSIZE },
                { VICI_PACKET_MAX, -EBADMSG }, /* zeros are no message */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                ask("version", NULL);
                say_long(cases[i].length, cases[i].err == -EBADMSG ? cases[i].length : 100);
                ck_assert_uint_eq(told.lost, 1);
                ck_assert_int_eq(told.err, cases[i].err);
                ck_assert(!vici_is_open(vici));
                ck_assert_uint_eq(told.answers, 0);
                teardown();
                setup();
        }
}
END_TEST

START_TEST(test_longest)
{
        uint8_t *packet = calloc(1, 4 + VICI_PACKET_MAX);
        size_t at = 4;

        *(uint32_t *)(void *)packet = htonl(VICI_PACKET_MAX);
        packet[at++] = 1;
        while (at < 4 + VICI_PACKET_MAX) { /* values without a name, as long as may be */
                size_t value = 4 + VICI_PACKET_MAX - at - 4;

                value = value > 60000 ? 60000 : value;
                if (4 + VICI_PACKET_MAX - at - 4 - value < 4)
                        value = 4 + VICI_PACKET_MAX - at - 4;
                packet[at++] = 3;
                packet[at++] = 0;
                packet[at++] = (uint8_t)(value >> 8);
                packet[at++] = (uint8_t)value;
                at += value;
        }
        ask("version", NULL);
        for (size_t sent = 0; sent < at;) {
                ssize_t n = send(peer, packet + sent, at - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

                sent += n > 0 ? (size_t)n : 0;
                turn();
        }
        ck_assert_uint_eq(told.answers, 1);
        ck_assert_uint_eq(told.lost, 0);
        free(packet);
}
END_TEST

START_TEST(test_garbage)
{
        unsigned int seed = 1;

        for (int i = 0; i < 500; i++) {
                uint8_t octets[200];

                ask("list-sas", "list-sa");
                for (size_t k = 0; k < sizeof(octets); k++)
                        octets[k] = (uint8_t)rand_r(&seed);
                octets[0] = octets[1] = octets[2] = 0; /* so that it gets behind the length */
                say_octets(octets, sizeof(octets));
                turn();
                teardown();
                setup();
        }
}
END_TEST

/* ---- what ought not to be ---- */

static void check_lost(int err)
{
        turn();
        ck_assert_uint_eq(told.lost, 1);
        ck_assert_int_eq(told.err, err);
        ck_assert(!vici_is_open(vici));
        ck_assert_int_eq(vici_ask(vici, &(struct vici_question){ .command = "x" }), -ENOTCONN);
        fake_loop_advance(loop, 100000);
        ck_assert_uint_eq(told.lost, 1); /* once */
        teardown();
        setup();
}

START_TEST(test_out_of_turn)
{
        say(1, NULL, ""); /* an answer to nothing */
        check_lost(-EPROTO);
        say(5, NULL, "");
        check_lost(-EPROTO);
        ask("version", NULL);
        say(5, NULL, ""); /* a confirmation of no event */
        check_lost(-EPROTO);
        ask("list-sas", "list-sa");
        say(1, NULL, ""); /* the answer before the event's */
        check_lost(-EPROTO);
        vici_watch(vici, "alert", NULL, NULL);
        say(2, NULL, "");
        check_lost(-EPROTO);
        say(0, "version", ""); /* a daemon asks nothing */
        check_lost(-EBADMSG);
}
END_TEST

/* The daemon goes, in each state. */
START_TEST(test_end)
{
        for (int state = 0; state < 6; state++) {
                if (state > 0)
                        ask("list-sas", "list-sa");
                if (state > 1) {
                        say(5, NULL, "");
                        turn();
                }
                if (state > 2)
                        say(7, "list-sa", "gw{ uniqueid=1 }");
                if (state > 3) {
                        say(1, NULL, "");
                        turn();
                }
                if (state > 4)
                        say_octets("\0\0\0\4\7", 5); /* half a packet */
                turn();
                close(peer);
                peer = -1;
                ck_assert_uint_eq(told.answers, 0);
                turn();
                ck_assert_uint_eq(told.lost, 1);
                /* octets that nobody read make the kernel say so; both mean the same */
                ck_assert_int_eq(told.err, -ECONNRESET);
                ck_assert(!vici_is_open(vici));
                teardown();
                setup();
        }
}
END_TEST

START_TEST(test_patience)
{
        ask("version", NULL);
        fake_loop_advance(loop, 9999);
        ck_assert_uint_eq(told.lost, 0);
        fake_loop_advance(loop, 1);
        check_lost(-ETIMEDOUT);

        /* a drop now and then is no answer */
        ask("version", NULL);
        say_octets("\0\0\1\0\1", 5);
        for (int i = 0; i < 10; i++) {
                turn();
                fake_loop_advance(loop, 1000);
                if (told.lost == 0)
                        say_octets("\3", 1);
        }
        check_lost(-ETIMEDOUT);

        /* nor are events that were not asked for */
        ask("version", NULL);
        for (int i = 0; i < 10; i++) {
                if (told.lost == 0)
                        say(7, "ike-updown", "up=yes");
                turn();
                fake_loop_advance(loop, 1000);
        }
        check_lost(-ETIMEDOUT);

        /* but each part is */
        ask("list-sas", "list-sa");
        say(5, NULL, "");
        turn();
        for (int i = 0; i < 10; i++) {
                say(7, "list-sa", "gw{ uniqueid=1 }");
                turn();
                fake_loop_advance(loop, 9000);
        }
        ck_assert_uint_eq(told.lost, 0);
        ck_assert_uint_eq(told.parts, 10);
        fake_loop_advance(loop, 1000);
        check_lost(-ETIMEDOUT);
}
END_TEST

/* An answer without an end. */
START_TEST(test_endless_answer)
{
        uint8_t *packet = calloc(1, 70000);
        size_t length = 4 + 1 + 1 + 7 + 3 + 1 + 65000;

        *(uint32_t *)(void *)packet = htonl((uint32_t)length - 4);
        memcpy(packet + 4, "\7\7list-sa\3\1x", 11);
        length = 4 + 9 + 3 + 2 + 65000;
        *(uint32_t *)(void *)packet = htonl((uint32_t)length - 4);
        packet[16] = (uint8_t)(65000 >> 8);
        packet[17] = (uint8_t)(65000 & 0xff);
        ask("list-sas", "list-sa");
        say(5, NULL, "");
        turn();
        for (size_t i = 0; told.lost == 0 && i < 10000; i++) {
                for (size_t sent = 0; sent < length && told.lost == 0;) {
                        ssize_t n = send(peer, packet + sent, length - sent,
                                         MSG_NOSIGNAL | MSG_DONTWAIT);

                        sent += n > 0 ? (size_t)n : 0;
                        turn();
                }
        }
        free(packet);
        ck_assert_uint_gt(told.parts, 4000);
        check_lost(-EFBIG);
}
END_TEST

/* ---- callbacks that do something ---- */

START_TEST(test_closing_in_callbacks)
{
        bool *const what[] = { &close_in_event, &close_in_part, &close_in_answer };

        for (size_t i = 0; i < 3; i++) {
                *what[i] = true;
                ask("list-sas", "list-sa");
                ask("version", NULL);
                say(5, NULL, "");
                turn();
                say(7, "ike-updown", "up=yes");
                if (vici_is_open(vici))
                        say(7, "list-sa", "gw{ uniqueid=1 }");
                turn();
                if (vici_is_open(vici)) {
                        say(1, NULL, "");
                        turn();
                        say(5, NULL, "");
                }
                turn();
                ck_assert(!vici_is_open(vici));
                ck_assert_uint_eq(told.lost, 0); /* who closes knows it */
                ck_assert_uint_eq(told.answers, i == 2);
                teardown();
                setup();
        }
}
END_TEST

START_TEST(test_asking_in_an_answer)
{
        ask_in_answer = true;
        ask("version", NULL);
        hear();
        say(1, NULL, "");
        turn();
        ck_assert_str_eq(hear(), "0 again");
        ck_assert_str_eq(hear(), "-"); /* not twice */
        ask_in_answer = true;
        ask("queued", NULL);
        say(1, NULL, "");
        turn();
        ck_assert_str_eq(hear(), "0 queued");
        say(1, NULL, "");
        turn();
        ck_assert_str_eq(hear(), "0 again");
        say(1, NULL, "");
        turn();
        ck_assert_uint_eq(told.answers, 4);
        ck_assert(vici_is_idle(vici));
}
END_TEST

/* The daemon answers and goes: the answer is whole, though the next question cannot be sent. */
START_TEST(test_answer_and_gone)
{
        ask("version", NULL);
        ask("stats", NULL);
        hear();
        say(1, NULL, "version=6.0");
        close(peer);
        peer = -1;
        ck_assert(fake_loop_poll(loop));
        ck_assert_uint_eq(told.answers, 1);
        ck_assert_str_eq(told.answer, "6.0");
        ck_assert_uint_eq(told.lost, 0); /* later, not from within */
        fake_loop_advance(loop, 0);
        ck_assert_uint_eq(told.lost, 1);
        ck_assert_int_eq(told.err, -EPIPE);
        ck_assert_uint_eq(told.answers, 1);
}
END_TEST

START_TEST(test_asking_when_gone)
{
        close(peer);
        peer = -1;
        ask("version", NULL);
        ask("stats", NULL);
        ck_assert_uint_eq(told.lost, 0);
        fake_loop_advance(loop, 0);
        ck_assert_uint_eq(told.lost, 1);
        ck_assert_uint_eq(told.answers, 0);
}
END_TEST

/* ---- opening ---- */

START_TEST(test_opening)
{
        vici_open(vici); /* it is open already */
        ck_assert_uint_eq(told.opened, 1);
        vici_close(vici);
        opener_gives = -ENOENT;
        vici_open(vici);
        ck_assert_uint_eq(told.lost, 1);
        ck_assert_int_eq(told.err, -ENOENT);
        opener_gives = 1;
        vici_open(vici);
        vici_open(vici); /* asked once */
        ck_assert_ptr_nonnull(waiting);
        ck_assert_int_eq(vici_ask(vici, &(struct vici_question){ .command = "x" }), -ENOTCONN);
        vici_close(vici);
        ck_assert_ptr_null(waiting); /* forgotten */
        vici_open(vici);
        ck_assert_ptr_nonnull(waiting);
        opener_gives = 0;
        close(peer);
        waiting(waiting_context, give());
        ck_assert_uint_eq(told.opened, 2);
        ask("version", NULL);
        ck_assert_str_eq(hear(), "0 version");
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("vici");

        signal(SIGPIPE, SIG_IGN);
        tcase_set_timeout(tcase, 120);
        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_question);
        tcase_add_test(tcase, test_stream);
        tcase_add_test(tcase, test_unknown_event);
        tcase_add_test(tcase, test_watch);
        tcase_add_test(tcase, test_octet_by_octet);
        tcase_add_test(tcase, test_many_at_once);
        tcase_add_test(tcase, test_lengths);
        tcase_add_test(tcase, test_longest);
        tcase_add_test(tcase, test_garbage);
        tcase_add_test(tcase, test_out_of_turn);
        tcase_add_test(tcase, test_end);
        tcase_add_test(tcase, test_patience);
        tcase_add_test(tcase, test_endless_answer);
        tcase_add_test(tcase, test_closing_in_callbacks);
        tcase_add_test(tcase, test_asking_in_an_answer);
        tcase_add_test(tcase, test_answer_and_gone);
        tcase_add_test(tcase, test_asking_when_gone);
        tcase_add_test(tcase, test_opening);
        return run_suite("vici", tcase);
}
