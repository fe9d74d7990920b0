/* Which notifications are sent: every number adds up, and no alarm is left wrong. */
#include "agent/notification_gate.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct gate *gate;
static struct gate_settings settings;
static uint32_t next; /* number of the next event */
static int64_t now;   /* ms */

/* What became of the events, by number: '?' held, 's' sent, 'w' withheld. */
static char fates[200001];
static uint32_t sent, withheld, suppressed_told, digests, digested, digested_of[18];
static struct gate_digest last_digest;
static uint32_t last_sent, last_suppressed;

static void was_sent(void *context, uint32_t number, uint32_t suppressed)
{
        (void)context;
        ck_assert(fates[number] == '?');
        fates[number] = 's';
        sent++;
        suppressed_told += suppressed;
        last_sent = number;
        last_suppressed = suppressed;
}

static void was_withheld(void *context, uint32_t number)
{
        (void)context;
        ck_assert(fates[number] == '?');
        fates[number] = 'w';
        withheld++;
}

static void was_digested(void *context, const struct gate_digest *digest)
{
        uint32_t total = 0;

        (void)context;
        for (size_t i = 0; i < sizeof(digest->counts) / sizeof(digest->counts[0]); i++) {
                digested_of[i] += digest->counts[i];
                total += digest->counts[i];
        }
        ck_assert_uint_eq(total, digest->total);
        digests++;
        digested += total;
        last_digest = *digest;
}

static const struct gate_ops ops = {
        .send = was_sent,
        .withhold = was_withheld,
        .digest = was_digested,
};

static void setup(void)
{
        settings = (struct gate_settings){ .on = true,
                                           .kinds = GATE_KINDS,
                                           .interval = 60,
                                           .hold_down = 30,
                                           .burst = 50,
                                           .burst_interval = 10 };
        gate = gate_new(&settings, &ops);
        now = 1000000;
        next = 1;
        memset(fates, 0, sizeof(fates));
        sent = withheld = suppressed_told = digests = digested = 0;
        memset(digested_of, 0, sizeof(digested_of));
        last_sent = last_suppressed = 0;
}

static void teardown(void)
{
        gate_free(gate);
}

/* Goes on in time as an event loop does: whatever is due is run, at its moment. */
static void wait_ms(int64_t milliseconds)
{
        int64_t end = now + milliseconds, due;

        while ((due = gate_due(gate)) >= 0 && due <= end) {
                if (due > now)
                        now = due;
                gate_run(gate, now);
        }
        now = end;
}

static void wait_s(int64_t seconds)
{
        wait_ms(1000 * seconds);
}

/* Returns 's', 'w' or '?'. */
static char tell_as(uint8_t kind, const char *subject, uint8_t state)
{
        struct gate_event event = {
                .number = next++, .kind = kind, .state = state, .subject = subject
        };
        enum gate_verdict verdict;
        uint32_t suppressed;

        verdict = gate_tell(gate, now, &event, &suppressed);
        fates[event.number] = '?';
        if (verdict == GATE_SEND)
                was_sent(NULL, event.number, suppressed);
        else if (verdict == GATE_WITHHOLD)
                was_withheld(NULL, event.number);
        return fates[event.number];
}

static char tell(uint8_t kind, const char *subject)
{
        return tell_as(kind, subject, GATE_ALARM);
}

static char down(const char *subject)
{
        return tell(EVENT_TUNNEL_DOWN, subject);
}

static char up(const char *subject)
{
        return tell_as(EVENT_TUNNEL_UP, subject, GATE_RECOVERY);
}

static const char *name(const char *stem, int n)
{
        static char text[32];

        snprintf(text, sizeof(text), "%s-%d", stem, n);
        return text;
}

/* ---- switches ---- */

START_TEST(test_switches)
{
        settings.on = false;
        gate_configure(gate, &settings);
        ck_assert_int_eq(down("a"), 'w');
        settings.on = true;
        settings.kinds &= ~(1u << EVENT_TUNNEL_DOWN);
        gate_configure(gate, &settings);
        ck_assert_int_eq(down("a"), 'w');
        ck_assert_int_eq(up("a"), 's');
        ck_assert_uint_eq(last_suppressed, 0);
        ck_assert_int_eq(gate_due(gate), -1);
}
END_TEST

/* No burst is made of what is switched off. */
START_TEST(test_switched_off_counts_for_nothing)
{
        settings.kinds &= ~(1u << EVENT_SA_HARD_EXPIRED);
        gate_configure(gate, &settings);
        for (int i = 0; i < 1000; i++)
                ck_assert_int_eq(tell(EVENT_SA_HARD_EXPIRED, name("sa", i)), 'w');
        ck_assert_int_eq(down("a"), 's');
        wait_s(100);
        ck_assert_uint_eq(digests, 0);
}
END_TEST

/* Each kind, by itself. */
START_TEST(test_every_kind)
{
        for (uint8_t kind = EVENT_SA_SOFT_EXPIRED; kind <= EVENT_NOTIFICATION_DIGEST; kind++)
                ck_assert_int_eq(tell(kind, name("subject", kind)), 's');
        for (uint8_t kind = EVENT_SA_SOFT_EXPIRED; kind <= EVENT_NOTIFICATION_DIGEST; kind++) {
                settings.kinds = GATE_KINDS & ~(1u << kind);
                gate_configure(gate, &settings);
                ck_assert_int_eq(tell(kind, name("other", kind)), 'w');
        }
}
END_TEST

/* ---- the interval ---- */

START_TEST(test_interval)
{
        ck_assert_int_eq(tell(EVENT_IKE_AUTH_FAILURE, "a"), 's');
        for (int i = 0; i < 5; i++) {
                wait_s(10);
                ck_assert_int_eq(tell(EVENT_IKE_AUTH_FAILURE, "a"), 'w');
        }
        ck_assert_int_eq(tell(EVENT_IKE_AUTH_FAILURE, "b"), 's'); /* another subject */
        ck_assert_int_eq(tell(EVENT_POLICY_CHANGED, "a"), 's');   /* another kind */
        ck_assert_uint_eq(last_suppressed, 0);
        wait_ms(9999);
        ck_assert_int_eq(tell(EVENT_IKE_AUTH_FAILURE, "a"), 'w');
        wait_ms(1);
        ck_assert_int_eq(tell(EVENT_IKE_AUTH_FAILURE, "a"), 's');
        ck_assert_uint_eq(last_suppressed, 6);
        wait_s(60);
        ck_assert_int_eq(tell(EVENT_IKE_AUTH_FAILURE, "a"), 's');
        ck_assert_uint_eq(last_suppressed, 0);
        ck_assert_uint_eq(digests, 0);
}
END_TEST

START_TEST(test_no_interval)
{
        settings.interval = 0;
        gate_configure(gate, &settings);
        for (int i = 0; i < 50; i++)
                ck_assert_int_eq(tell(EVENT_POLICY_CHANGED, "a"), 's');
}
END_TEST

/* ---- flapping ---- */

/* A short outage is an alarm and a recovery, at once. */
START_TEST(test_outage)
{
        ck_assert_int_eq(down("a"), 's');
        wait_ms(10);
        ck_assert_int_eq(up("a"), 's');
        wait_s(1000);
        ck_assert_int_eq(down("a"), 's');
        wait_ms(1);
        ck_assert_int_eq(up("a"), 's');
        ck_assert_uint_eq(withheld, 0);
        ck_assert_uint_eq(sent, 4);
}
END_TEST

/* The last state is told when it is quiet, with the number of those that were not. */
START_TEST(test_flapping_ends_down)
{
        char first, last = 0;

        first = down("a");
        ck_assert_int_eq(first, 's');
        wait_s(1);
        ck_assert_int_eq(up("a"), 's');
        for (int i = 0; i < 10; i++) {
                wait_s(1);
                last = i % 2 == 0 ? down("a") : up("a");
                ck_assert_int_eq(last, '?');
        }
        wait_s(1);
        ck_assert_int_eq(down("a"), '?');
        ck_assert_uint_eq(sent, 2);
        /* quiet after 30 s, and 60 s after the first that said so: that was 12 s ago */
        wait_ms(47999);
        ck_assert_uint_eq(sent, 2);
        wait_ms(1);
        ck_assert_uint_eq(sent, 3);
        ck_assert_uint_eq(last_sent, next - 1);
        ck_assert_uint_eq(last_suppressed, 5); /* of tunnelDown */
        ck_assert_uint_eq(withheld, 10);
        ck_assert_int_eq(gate_due(gate), -1);
}
END_TEST

/* Also where it is what was told before: somebody is to know that it flapped. */
START_TEST(test_flapping_ends_up)
{
        down("a");
        up("a");
        ck_assert_int_eq(down("a"), '?');
        ck_assert_int_eq(up("a"), '?');
        wait_s(100);
        ck_assert_uint_eq(sent, 3);
        ck_assert_uint_eq(last_sent, 4);
        ck_assert_uint_eq(last_suppressed,
                          0); /* of tunnelUp; the one of tunnelDown is told later */
        wait_s(100);
        ck_assert_int_eq(down("a"), 's');
        ck_assert_uint_eq(last_suppressed, 1);
}
END_TEST

/* One that never comes to rest is told of all the same. */
START_TEST(test_flapping_without_end)
{
        for (int i = 0; i < 3600; i++) {
                if (i % 2 == 0)
                        down("a");
                else
                        up("a");
                wait_s(1);
        }
        ck_assert_uint_ge(sent, 2 + 3600 / 300 - 1);
        ck_assert_uint_le(sent, 2 + 3600 / 300);
        wait_s(1000);
        ck_assert_uint_eq(sent + withheld, 3600);
        ck_assert_uint_eq(last_sent, 3600);
}
END_TEST

START_TEST(test_no_hold_down)
{
        settings.hold_down = settings.interval = 0;
        gate_configure(gate, &settings);
        for (int i = 0; i < 20; i++) {
                ck_assert_int_eq(down("a"), 's');
                ck_assert_int_eq(up("a"), 's');
        }
}
END_TEST

/* A relapse within the interval is told at its end. */
START_TEST(test_relapse_within_interval)
{
        settings.hold_down = 0;
        gate_configure(gate, &settings);
        ck_assert_int_eq(down("a"), 's');
        wait_s(20);
        ck_assert_int_eq(up("a"), 's');
        wait_s(20);
        ck_assert_int_eq(down("a"), '?');
        wait_s(19);
        ck_assert_uint_eq(sent, 2);
        wait_s(1);
        ck_assert_uint_eq(sent, 3);
        ck_assert_uint_eq(last_sent, 3);
}
END_TEST

/* Kinds that tell of alarm and recovery by a flag. */
START_TEST(test_cleared_by_flag)
{
        ck_assert_int_eq(tell(EVENT_TUNNEL_ONE_WAY, "a"), 's');
        ck_assert_int_eq(tell_as(EVENT_TUNNEL_ONE_WAY, "a", GATE_RECOVERY), 's');
        ck_assert_int_eq(tell(EVENT_TUNNEL_ONE_WAY, "a"), '?');
        wait_s(60);
        ck_assert_uint_eq(last_sent, 3);
}
END_TEST

/* What is not told again is what was told already: a policy that was made and removed. */
START_TEST(test_other_states)
{
        ck_assert_int_eq(tell_as(EVENT_POLICY_CHANGED, "p", 2), 's');
        ck_assert_int_eq(tell_as(EVENT_POLICY_CHANGED, "p", 4), 's');
        ck_assert_int_eq(tell_as(EVENT_POLICY_CHANGED, "p", 4), 'w');
        ck_assert_int_eq(tell_as(EVENT_POLICY_CHANGED, "p", 2), '?');
        ck_assert_int_eq(tell_as(EVENT_POLICY_CHANGED, "p", 4), '?');
        wait_s(60);
        ck_assert_uint_eq(last_sent, 5);
        ck_assert_uint_eq(last_suppressed, 2);
        ck_assert_int_eq(tell_as(EVENT_POLICY_CHANGED, "p", 200), 's'); /* no state: an alarm */
}
END_TEST

/* Switched off while one is held. */
START_TEST(test_held_and_switched_off)
{
        down("a");
        up("a");
        down("a");
        settings.on = false;
        gate_configure(gate, &settings);
        wait_s(100);
        ck_assert_uint_eq(sent, 2);
        ck_assert_uint_eq(withheld, 1);
        ck_assert_int_eq(gate_due(gate), -1);
}
END_TEST

/* ---- bursts ---- */

START_TEST(test_burst)
{
        for (int i = 0; i < 10000; i++) {
                ck_assert_int_eq(tell(EVENT_SA_HARD_EXPIRED, name("sa", i)), i < 50 ? 's' : 'w');
                if (i % 2 == 0)
                        wait_ms(1);
        }
        ck_assert_uint_eq(digests, 0);
        wait_s(10);
        ck_assert_uint_eq(digests, 1);
        ck_assert_uint_eq(sent + digested, 10000);
        ck_assert_uint_eq(digested_of[EVENT_SA_HARD_EXPIRED], 9950);
        ck_assert_uint_eq(last_digest.seconds, 10);
        ck_assert_uint_eq(last_digest.newest, 10000);
        wait_s(1000);
        ck_assert_uint_eq(digests, 1);
        ck_assert_int_eq(tell(EVENT_SA_HARD_EXPIRED, "one more"), 's');
}
END_TEST

/* One that lasts is told of every ten seconds, and so are its kinds. */
START_TEST(test_long_burst)
{
        for (int i = 0; i < 60000; i++) {
                tell(i % 3 == 0 ? EVENT_SA_HARD_EXPIRED : EVENT_TUNNEL_DOWN, name("x", i));
                wait_ms(1);
        }
        wait_s(20);
        ck_assert_uint_eq(digests, 6);
        ck_assert_uint_eq(sent, 6 * 50);
        ck_assert_uint_eq(sent + digested, 60000);
        ck_assert_uint_eq(digested_of[EVENT_SA_HARD_EXPIRED] + digested_of[EVENT_TUNNEL_DOWN],
                          digested);
        ck_assert_uint_le(digested_of[EVENT_SA_HARD_EXPIRED], 20000);
        ck_assert_uint_ge(digested_of[EVENT_SA_HARD_EXPIRED], 20000 - 6 * 50);
}
END_TEST

/* All of one subject: the interval withholds them, and the digest tells how many. */
START_TEST(test_burst_of_one_subject)
{
        for (int i = 0; i < 1000; i++)
                tell(EVENT_SA_HARD_EXPIRED, "a");
        wait_s(20);
        ck_assert_uint_eq(sent, 1);
        ck_assert_uint_eq(digests, 1);
        ck_assert_uint_eq(sent + digested, 1000);
}
END_TEST

/* Its end may be a trickle. */
START_TEST(test_end_of_burst)
{
        for (int i = 0; i < 1000; i++)
                tell(EVENT_SA_HARD_EXPIRED, "a");
        wait_s(11);
        for (int i = 0; i < 10; i++)
                tell(EVENT_SA_HARD_EXPIRED, "a");
        wait_s(20);
        ck_assert_uint_eq(digests, 2);
        ck_assert_uint_eq(sent + digested, 1010);
        tell(EVENT_SA_HARD_EXPIRED, "a");
        wait_s(20);
        ck_assert_uint_eq(digests, 2);
}
END_TEST

/* Below the limit nothing is told of what the interval withholds. */
START_TEST(test_no_burst)
{
        for (int i = 0; i < 50; i++)
                tell(EVENT_SA_HARD_EXPIRED, "a");
        wait_s(100);
        ck_assert_uint_eq(sent, 1);
        ck_assert_uint_eq(digests, 0);
}
END_TEST

/* Tunnels that were told to be down are told to be up, although both came as bursts. */
START_TEST(test_recovery_after_burst)
{
        for (int i = 0; i < 500; i++)
                down(name("t", i));
        wait_s(5);
        for (int i = 499; i >= 0; i--)
                up(name("t", i));
        ck_assert_uint_eq(sent, 50);
        wait_s(200);
        ck_assert_uint_eq(sent, 100);
        for (int i = 0; i < 50; i++) {
                ck_assert_int_eq(fates[1 + i], 's');
                ck_assert_int_eq(fates[1000 - i], 's');
        }
        ck_assert_uint_eq(sent + digested, 1000);
        ck_assert_uint_eq(sent + withheld, 1000);
}
END_TEST

/* The same for a relapse: told down and up, then down again in a burst. */
START_TEST(test_relapse_in_burst)
{
        settings.interval = settings.hold_down = 0;
        gate_configure(gate, &settings);
        down("a");
        up("a");
        wait_s(1000);
        for (int i = 0; i < 500; i++)
                down(name("t", i));
        ck_assert_int_eq(down("a"), '?');
        wait_s(10);
        ck_assert_int_eq(fates[next - 1], 's');
        ck_assert_uint_eq(sent - 2 + digested, 501);
}
END_TEST

/* What was held in a burst and is replaced after it has its place in a digest, too. */
START_TEST(test_held_beyond_burst)
{
        settings.burst = 10;
        gate_configure(gate, &settings);
        down("a");
        up("a");
        for (int i = 0; i < 100; i++) {
                down("a");
                up("a");
        }
        wait_s(12);
        down("a");
        wait_s(1000);
        ck_assert_uint_eq(sent, 3);
        ck_assert_uint_eq(sent + digested, 203);
        ck_assert_uint_eq(sent + withheld, 203);
        ck_assert_int_eq(fates[203], 's');
}
END_TEST

/* After a burst no more is sent than in one. */
START_TEST(test_release_is_bounded)
{
        settings.interval = settings.hold_down = 0;
        settings.burst = 10;
        gate_configure(gate, &settings);
        for (int i = 0; i < 100; i++) {
                down(name("t", i));
                wait_s(2);
        }
        ck_assert_uint_eq(sent, 100);
        wait_s(100);
        for (int i = 0; i < 100; i++)
                up(name("t", i));
        for (int i = 1; i <= 9; i++) {
                ck_assert_uint_eq(sent, 100 + 10 * (uint32_t)i);
                wait_s(10);
        }
        ck_assert_uint_eq(sent, 200);
        wait_s(100);
        ck_assert_uint_eq(sent, 200);
}
END_TEST

/* A loop that was busy for long. */
START_TEST(test_late_run)
{
        for (int i = 0; i < 100; i++)
                down(name("t", i));
        now += 3600000;
        ck_assert_int_eq(tell(EVENT_POLICY_CHANGED, "p"), 's');
        wait_s(11);
        ck_assert_uint_eq(digests, 1);
        ck_assert_uint_eq(digested, 50);
}
END_TEST

/* ---- bounds ---- */

START_TEST(test_subjects_are_bounded)
{
        settings.burst = 0;
        settings.hold_down = 1000;
        gate_configure(gate, &settings);
        down("a");
        up("a");
        ck_assert_int_eq(down("a"), '?');
        for (int i = 0; i < 2 * GATE_SUBJECTS_MAX; i++)
                ck_assert_int_eq(down(name("t", i)), 's');
        ck_assert_int_eq(fates[3], 'w');        /* forgotten, and said so */
        ck_assert_int_eq(down("t-19999"), 'w'); /* these are remembered */
        ck_assert_int_eq(down("t-10000"), 'w');
        ck_assert_int_eq(down("t-9999"), 's'); /* and this is not */
        wait_s(2000);
        ck_assert_int_eq(gate_due(gate), -1);
}
END_TEST

START_TEST(test_long_subjects)
{
        char long_name[2000];

        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = '\0';
        ck_assert_int_eq(down(long_name), 's');
        ck_assert_int_eq(down(long_name), 'w');
        ck_assert_int_eq(down(NULL), 's');
        ck_assert_int_eq(down(""), 'w');
}
END_TEST

/* Whatever happens: each is sent or withheld once, and the last state told is the true one. */
START_TEST(test_random)
{
        bool states[20];
        uint8_t subjects[5001];
        bool ups[5001];
        unsigned int seed = (unsigned int)_i + 1;

        settings.interval = (uint32_t)rand_r(&seed) % 20;
        settings.hold_down = (uint32_t)rand_r(&seed) % 20;
        settings.burst = (uint32_t)rand_r(&seed) % 20;
        gate_configure(gate, &settings);
        for (int i = 0; i < 5000; i++) {
                int n = rand_r(&seed) % 20;

                states[n] = rand_r(&seed) % 2;
                subjects[next] = (uint8_t)n;
                ups[next] = states[n];
                if (states[n])
                        up(name("t", n));
                else
                        down(name("t", n));
                wait_ms(rand_r(&seed) % 8 == 0 ? rand_r(&seed) % 10000 : rand_r(&seed) % 100);
        }
        wait_s(10000);
        ck_assert_uint_eq(sent + withheld, 5000);
        ck_assert_uint_le(digested, withheld);
        ck_assert_int_eq(gate_due(gate), -1);
        for (int n = 0; n < 20; n++) {
                uint32_t told = 5000;

                while (told > 0 && (fates[told] != 's' || subjects[told] != n))
                        told--;
                if (told > 0)
                        ck_assert_int_eq(ups[told], states[n]);
                else /* never, but by digests */
                        ck_assert_uint_gt(digested, 0);
        }
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("notification gate");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_switches);
        tcase_add_test(tcase, test_switched_off_counts_for_nothing);
        tcase_add_test(tcase, test_every_kind);
        tcase_add_test(tcase, test_interval);
        tcase_add_test(tcase, test_no_interval);
        tcase_add_test(tcase, test_outage);
        tcase_add_test(tcase, test_flapping_ends_down);
        tcase_add_test(tcase, test_flapping_ends_up);
        tcase_add_test(tcase, test_flapping_without_end);
        tcase_add_test(tcase, test_no_hold_down);
        tcase_add_test(tcase, test_relapse_within_interval);
        tcase_add_test(tcase, test_cleared_by_flag);
        tcase_add_test(tcase, test_other_states);
        tcase_add_test(tcase, test_held_and_switched_off);
        tcase_add_test(tcase, test_burst);
        tcase_add_test(tcase, test_long_burst);
        tcase_add_test(tcase, test_burst_of_one_subject);
        tcase_add_test(tcase, test_end_of_burst);
        tcase_add_test(tcase, test_no_burst);
        tcase_add_test(tcase, test_recovery_after_burst);
        tcase_add_test(tcase, test_relapse_in_burst);
        tcase_add_test(tcase, test_held_beyond_burst);
        tcase_add_test(tcase, test_release_is_bounded);
        tcase_add_test(tcase, test_late_run);
        tcase_add_test(tcase, test_subjects_are_bounded);
        tcase_add_test(tcase, test_long_subjects);
        tcase_add_loop_test(tcase, test_random, 0, 20);
        return run_suite("notification_gate", tcase);
}
