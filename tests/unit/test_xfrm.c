/* The kernel's messages about SAs, as they were recorded, and as nobody should send them. */
#include "config.h"

#include "capture.h"
#include "collectors/messages.h"
#include "collectors/xfrm.h"
#include "collectors/xfrm_parse.h"
#include "collectors/xfrm_sas.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/occurrence.h"
#include "tables/policy_template.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Just before the SAs of tests/data/netlink-manual were made: 2026-11-24 06:01:56 UTC. */
#define RECORDED 1795500116

static struct loop *loop;
static struct store *store;
static struct xfrm_sas sas;

/* What the table told last, of each kind of event. */
static struct {
        unsigned int count[3];
        enum table_reason reason;
        struct ipsec_sa removed;
} told;

static void heard(void *context, enum table_event event, enum table_reason reason,
                  const void *before, const void *after)
{
        (void)context;
        (void)after;
        told.count[event]++;
        if (event != TABLE_REMOVED)
                return;
        told.reason = reason;
        told.removed = *(const struct ipsec_sa *)before;
}

static void setup(void)
{
        loop = fake_loop_new(RECORDED);
        store = store_new();
        xfrm_sas_init(&sas, loop, store);
        memset(&told, 0, sizeof(told));
        table_subscribe(sas.table, heard, NULL);
}

static void teardown(void)
{
        store_free(store);
        fake_loop_free(loop);
}

static void read_dump(const char *folder)
{
        const struct nlmsghdr *nlh = NULL;
        int left;

        load(folder, STREAM_SA_DUMP);
        table_sweep_begin(sas.table);
        while ((nlh = next_message(nlh, &left)))
                if (nlh->nlmsg_type != NLMSG_DONE)
                        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_DUMP), 0);
        table_sweep_end(sas.table, SIZE_MAX);
}

static const struct ipsec_sa *with_spi(uint32_t spi)
{
        uint32_t start[] = { spi };
        const struct ipsec_sa *sa = table_next(sas.table, &sa_by_spi_type, start, 1, false);

        return sa && sa->spi == spi ? sa : NULL;
}

/* Applies the recorded events up to and with the nth of a type that is about this SPI (0: any). */
static const struct nlmsghdr *apply_until(const struct nlmsghdr *from, uint16_t type, uint32_t spi,
                                          int *left)
{
        while ((from = next_message(from, left))) {
                struct xfrm_text text;
                struct ipsec_sa sa = { 0 };

                ck_assert_int_ge(xfrm_sas_apply(&sas, from, TABLE_FROM_EVENT), 0);
                if (from->nlmsg_type != type)
                        continue;
                if (spi == 0 || (xfrm_parse_sa(from, RECORDED, &text, &sa) == 0 && sa.spi == spi))
                        return from;
        }
        ck_abort_msg("no message %u about %x", type, spi);
}

START_TEST(test_dump)
{
        const struct ipsec_sa *sa;
        char text[INET_ADDR_TEXT_SIZE];

        read_dump("netlink-manual");
        ck_assert_uint_eq(table_count(sas.table), 14);
        sa = with_spi(0x1001);
        ck_assert_str_eq(sa->encryption, "AES128-CBC");
        ck_assert_str_eq(sa->authentication, "HMAC-SHA1");
        ck_assert_uint_eq(sa->authentication_truncation_bits, 96);
        ck_assert_uint_eq(sa->encryption_key_bits, 128);
        ck_assert_uint_eq(sa->encryption_transform, 12);
        ck_assert_uint_eq(sa->index, 1);
        inet_addr_text(&sa->destination, text);
        ck_assert_str_eq(text, "192.0.2.2");
        sa = with_spi(0x1003);
        ck_assert_str_eq(sa->encryption, "AES128-GCM-16");
        ck_assert_uint_eq(sa->aead_icv_bits, 128);
        ck_assert_uint_eq(sa->flags & SA_ESN, SA_ESN);
        ck_assert_uint_ne(sa->mark_mask, 0);
        ck_assert_uint_ne(sa->if_id, 0);
        ck_assert_uint_ne(sa->output_mark, 0);
        ck_assert_uint_eq(sa->sequence_headroom, UINT64_MAX - sa->sequence_out);
        sa = with_spi(0x1005);
        ck_assert_uint_eq(sa->encapsulation, ENCAPSULATION_UDP);
        ck_assert_str_eq(sa->encryption, "NULL");
        sa = with_spi(0x1006);
        ck_assert_uint_eq(sa->protocol, PROTOCOL_IPCOMP);
        ck_assert_str_eq(sa->compression, "DEFLATE");
        ck_assert_int_eq(sa->sequence_headroom_percent, -1);
        sa = with_spi(0x1007);
        ck_assert_uint_eq(sa->mode, MODE_BEET);
        ck_assert_uint_eq(sa->destination.type, INET_ADDR_IPV6);
        ck_assert_uint_eq(with_spi(0x1009)->state, SA_DYING);
        ck_assert_uint_eq(with_spi(0x200b)->state, SA_LARVAL);
        ck_assert_uint_eq(with_spi(0)->state, SA_LARVAL);
}
END_TEST

/* With the kernel locked down the keys are blank; nothing else differs. */
START_TEST(test_lockdown)
{
        read_dump("lockdown");
        ck_assert_str_eq(with_spi(0x1001)->encryption, "AES128-CBC");
}
END_TEST

START_TEST(test_newer_kernel)
{
        const struct ipsec_sa *sa;

        read_dump("netlink-6.18");
        sa = with_spi(0x2028);
        ck_assert_uint_eq(sa->if_id, 7);
        ck_assert_uint_ne(sa->direction, DIRECTION_UNKNOWN);
}
END_TEST

START_TEST(test_events)
{
        const struct nlmsghdr *at;
        struct ipsec_sa before;
        uint64_t packets;
        int left;

        load("netlink-manual", STREAM_XFRM_EVENTS);
        at = apply_until(NULL, XFRM_MSG_NEWSA, 0x100d, &left);
        ck_assert_uint_eq(table_count(sas.table), 12);
        ck_assert_uint_eq(with_spi(0x1008)->state, SA_MATURE);
        at = apply_until(at, XFRM_MSG_EXPIRE, 0x1008, &left);
        ck_assert_uint_eq(with_spi(0x1008)->state, SA_DYING);
        ck_assert_str_eq(with_spi(0x1008)->encryption, "AES128-CBC"); /* not told by an expiry */
        at = apply_until(at, XFRM_MSG_ACQUIRE, 0, &left);
        ck_assert_uint_eq(with_spi(0)->state, SA_LARVAL);
        ck_assert_uint_eq(with_spi(0)->reqid, 50);
        at = apply_until(at, XFRM_MSG_EXPIRE, 0x1008, &left);
        ck_assert_ptr_null(with_spi(0x1008));
        ck_assert_uint_eq(told.removed.state, SA_DEAD);
        ck_assert_int_eq(told.reason, TABLE_EXPIRED);
        at = apply_until(at, XFRM_MSG_EXPIRE, 0x1009, &left);
        packets = with_spi(0x1009)->packets;
        at = apply_until(at, XFRM_MSG_EXPIRE, 0x1009, &left);
        ck_assert_int_eq(told.reason, TABLE_EXPIRED);
        ck_assert_uint_gt(told.removed.packets, packets); /* the event's own, last counters */
        at = apply_until(at, XFRM_MSG_DELSA, 0x1004, &left);
        ck_assert_int_eq(told.reason, TABLE_DELETED);
        ck_assert_uint_eq(told.removed.spi, 0x1004);
        before = *with_spi(0x1001);
        at = apply_until(at, XFRM_MSG_UPDSA, 0x1001, &left);
        ck_assert_uint_eq(with_spi(0x1001)->index, 1);
        ck_assert_int_eq(with_spi(0x1001)->add_time,
                         before.add_time); /* the message's is the request's */
        apply_until(at, XFRM_MSG_FLUSHSA, 0, &left);
        ck_assert_int_eq(told.reason, TABLE_FLUSHED);
        ck_assert_uint_eq(table_count(sas.table), 0);
        ck_assert_uint_eq(told.count[TABLE_ADDED], told.count[TABLE_REMOVED]);
}
END_TEST

static unsigned int occurrences;
static struct occurrence occurred_last;
static char occurred_text[256];

static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        (void)context;
        (void)reason;
        (void)before;
        if (event != TABLE_ADDED)
                return;
        occurrences++;
        occurred_last = *(const struct occurrence *)after;
        snprintf(occurred_text, sizeof(occurred_text), "%s", occurred_last.text);
}

START_TEST(test_migration_needs_a_read)
{
        const struct nlmsghdr *nlh = NULL;
        int left, resyncs = 0;

        occurrences = 0;
        table_subscribe(store_table(store, &occurrence_type), occurred, NULL);
        load("migrate", STREAM_XFRM_EVENTS);
        while ((nlh = next_message(nlh, &left)))
                resyncs += xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT) == XFRM_SAS_RESYNC;
        ck_assert_int_eq(resyncs, 1);
        ck_assert_uint_eq(occurrences, 1);
        ck_assert_uint_eq(occurred_last.kind, EVENT_SA_MIGRATED);
}
END_TEST

/* Told for every packet, it is one occurrence. */
START_TEST(test_a_peer_moves_behind_nat)
{
        const struct nlmsghdr *nlh = NULL;
        int left;

        occurrences = 0;
        table_subscribe(store_table(store, &occurrence_type), occurred, NULL);
        load("mapping", STREAM_XFRM_EVENTS);
        while ((nlh = next_message(nlh, &left)))
                ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
        ck_assert_uint_eq(occurrences, 1);
        ck_assert_uint_eq(occurred_last.kind, EVENT_NAT_MAPPING_CHANGED);
        ck_assert_uint_eq(occurred_last.spi, 0x4001);
        ck_assert_ptr_nonnull(strstr(occurred_text, " port 4500 and is "));
        ck_assert_ptr_nonnull(strstr(occurred_text, " port 4600"));
        nlh = next_message(NULL, &left);
        ((struct nlmsghdr *)octets)->nlmsg_len = 70;
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), -EBADMSG);
}
END_TEST

/* Counters of one SA never fall, whatever order a dump and an event come in. */
START_TEST(test_counters_never_fall)
{
        struct nlmsghdr *nlh = (struct nlmsghdr *)octets;
        struct xfrm_usersa_info *info;

        load("netlink-manual", STREAM_XFRM_EVENTS);
        info = mnl_nlmsg_get_payload(nlh);
        info->curlft.bytes = 1000;
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
        info->curlft.bytes = 900;
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
        ck_assert_uint_eq(with_spi(0x1001)->octets, 1000);
        nlh->nlmsg_type = XFRM_MSG_UPDSA;
        info->lft.hard_byte_limit = 5000;
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
        ck_assert_uint_eq(with_spi(0x1001)->hard.octets, 5000);
        ck_assert_uint_eq(with_spi(0x1001)->octets, 1000);
        nlh->nlmsg_type = XFRM_MSG_NEWSA;
        info->curlft.add_time += 60; /* another SA with the same key */
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
        ck_assert_uint_eq(with_spi(0x1001)->octets, 900);
}
END_TEST

/* Of packets before the first reading only the first one's moment is known; "never" would be wrong.
 */
START_TEST(test_last_packet)
{
        struct nlmsghdr *nlh = (struct nlmsghdr *)octets;
        struct xfrm_usersa_info *info;
        struct moment now;

        load("netlink-manual", STREAM_XFRM_EVENTS);
        info = mnl_nlmsg_get_payload(nlh);
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_DUMP), 0);
        ck_assert_int_eq(with_spi(0x1001)->last_packet, 0);
        info->curlft.add_time += 60; /* another one, which had some when it was read first */
        info->curlft.use_time = info->curlft.add_time + 5;
        info->curlft.packets = 3;
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_DUMP), 0);
        ck_assert_int_eq(with_spi(0x1001)->last_packet, (int64_t)info->curlft.use_time);
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_DUMP), 0);
        ck_assert_int_eq(with_spi(0x1001)->last_packet, (int64_t)info->curlft.use_time);
        info->curlft.packets = 4;
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_DUMP), 0);
        sas.loop->now(sas.loop, &now);
        ck_assert_int_eq(with_spi(0x1001)->last_packet, now.wall);
}
END_TEST

/* A new message about the SA that is read first: of this type, added so many seconds later. */
static void apply_later(uint16_t type, int64_t seconds)
{
        char buffer[4096] __attribute__((aligned(8)));
        const struct xfrm_usersa_info *first = mnl_nlmsg_get_payload((struct nlmsghdr *)octets);
        struct nlmsghdr *nlh = (struct nlmsghdr *)buffer;
        struct xfrm_usersa_info info;

        memcpy(&info, first, sizeof(info));
        info.curlft.add_time += (uint64_t)seconds;
        memcpy(buffer, octets, ((const struct nlmsghdr *)octets)->nlmsg_len);
        if (type == XFRM_MSG_NEWSA) {
                memcpy(mnl_nlmsg_get_payload(nlh), &info, sizeof(info));
        } else {
                nlh = mnl_nlmsg_put_header(buffer);
                mnl_nlmsg_put_extra_header(nlh, type == XFRM_MSG_DELSA
                                                        ? sizeof(struct xfrm_usersa_id)
                                                        : sizeof(struct xfrm_user_expire));
        }
        nlh->nlmsg_type = type;
        if (type == XFRM_MSG_DELSA)
                mnl_attr_put(nlh, XFRMA_SA, sizeof(info), &info);
        if (type == XFRM_MSG_EXPIRE)
                *(struct xfrm_user_expire *)mnl_nlmsg_get_payload(nlh) =
                        (struct xfrm_user_expire){ .state = info, .hard = 1 };
        ck_assert_int_eq(xfrm_sas_apply(&sas, nlh, TABLE_FROM_EVENT), 0);
}

/* Events about an SA that is gone may wait while a dump tells of another in its place. */
START_TEST(test_events_of_an_earlier_sa)
{
        int64_t add_time;

        load("netlink-manual", STREAM_XFRM_EVENTS);
        apply_later(XFRM_MSG_NEWSA, 0);
        add_time = with_spi(0x1001)->add_time;
        apply_later(XFRM_MSG_NEWSA, -1);
        ck_assert_int_eq(with_spi(0x1001)->add_time, add_time);
        apply_later(XFRM_MSG_DELSA, -1);
        ck_assert_ptr_nonnull(with_spi(0x1001));
        apply_later(XFRM_MSG_EXPIRE, -1);
        ck_assert_ptr_nonnull(with_spi(0x1001));
        ck_assert_uint_eq(told.count[TABLE_CHANGED], 0);
        apply_later(XFRM_MSG_DELSA, 0);
        ck_assert_ptr_null(with_spi(0x1001));
        apply_later(XFRM_MSG_NEWSA, -1); /* the clock was set back */
        ck_assert_int_eq(with_spi(0x1001)->add_time, add_time - 1);
}
END_TEST

START_TEST(test_sad_info)
{
        struct xfrm_sad_info info;
        struct nlmsghdr *nlh = (struct nlmsghdr *)octets;

        load("netlink-manual", STREAM_SAD_INFO);
        ck_assert_int_eq(xfrm_parse_sad_info(nlh, &info), 0);
        ck_assert_uint_eq(info.count, 14);
        ck_assert_uint_eq(info.hash_buckets, 16);
        ck_assert_uint_eq(info.hash_maximum, 1 << 20);
        nlh->nlmsg_len -= 12; /* without the attribute of the hash */
        ck_assert_int_eq(xfrm_parse_sad_info(nlh, &info), 0);
        ck_assert_uint_eq(info.count, 14);
        ck_assert_uint_eq(info.hash_buckets, 0);
        nlh->nlmsg_len -= 4;
        ck_assert_int_eq(xfrm_parse_sad_info(nlh, &info), -EBADMSG);
}
END_TEST

START_TEST(test_keys_are_blanked)
{
        struct nlmsghdr *nlh = (struct nlmsghdr *)octets;
        /* Keys of the recording: the salt and key of a GCM, of a ChaCha, of an AES-CBC. */
        static const char key[] = "\x44\x44\x44\x44\x44\x44\x44\x44",
                          key2[] = "\x22\x22\x22\x22\x22\x22";
        int left;

        load("netlink-manual", STREAM_SA_DUMP);
        ck_assert_ptr_nonnull(memmem(octets, length, key, 8));
        ck_assert_ptr_nonnull(memmem(octets, length, key2, 6));
        left = (int)length;
        for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
                ck_assert_int_eq(xfrm_blank_keys(nlh), 0);
        ck_assert_ptr_null(memmem(octets, length, key, 8));
        ck_assert_ptr_null(memmem(octets, length, key2, 6));
}
END_TEST

/* Every message cut at every length, in memory of just that length. */
START_TEST(test_truncated)
{
        static const char *const folders[] = { "netlink-manual", "netlink-6.18", "strongswan-up" };

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                const struct nlmsghdr *nlh = NULL;
                int left;

                load(folders[i], STREAM_XFRM_EVENTS);
                while ((nlh = next_message(nlh, &left))) {
                        for (uint32_t n = sizeof(*nlh); n < nlh->nlmsg_len; n++) {
                                struct nlmsghdr *cut = malloc(n);

                                memcpy(cut, nlh, n);
                                cut->nlmsg_len = n;
                                xfrm_sas_apply(&sas, cut, TABLE_FROM_EVENT);
                                xfrm_blank_keys(cut);
                                free(cut);
                        }
                }
        }
}
END_TEST

/* A length that is negative to some, one that is too short, one beyond the end. */
START_TEST(test_lying_lengths)
{
        static const uint32_t lengths[] = { 0, 15, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
        struct nlmsghdr nlh = { .nlmsg_type = XFRM_MSG_NEWSA };

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                struct messages messages = { (char *)&nlh, sizeof(nlh) };

                nlh.nlmsg_len = lengths[i];
                ck_assert_ptr_null(messages_next(&messages));
                ck_assert_uint_eq(messages.left, sizeof(nlh));
        }
}
END_TEST

START_TEST(test_flipped_bits)
{
        const struct nlmsghdr *nlh = NULL;
        int left;

        srandom(7);
        load("netlink-manual", STREAM_XFRM_EVENTS);
        while ((nlh = next_message(nlh, &left))) {
                for (int round = 0; round < 300; round++) {
                        struct nlmsghdr *copy = malloc(nlh->nlmsg_len);

                        memcpy(copy, nlh, nlh->nlmsg_len);
                        for (int flips = 0; flips < 4; flips++) {
                                size_t at = sizeof(*nlh) +
                                            (size_t)random() % (nlh->nlmsg_len - sizeof(*nlh));

                                ((uint8_t *)copy)[at] ^= (uint8_t)(1 << random() % 8);
                        }
                        xfrm_sas_apply(&sas, copy, TABLE_FROM_EVENT);
                        xfrm_blank_keys(copy);
                        free(copy);
                }
        }
}
END_TEST

/* A whole collector on a recording. */
static const struct collector_row *replay(const char *folder)
{
        struct collector_row key = { .key = "xfrm" };
        struct xfrm_config config = { .redump_interval = 10, .check_interval = 30 };
        struct collector *c;
        char path[512];
        int err;

        snprintf(path, sizeof(path), "%s/%s", DATA, folder);
        config.replay = replay_new(path, loop, &err);
        ck_assert_msg(config.replay != NULL, "%s: %s", path, strerror(-err));
        c = xfrm_new(loop, store, &config);
        ck_assert_int_eq(c->ops->start(c), 0);
        ck_assert_int_eq(replay_start(config.replay), 0);
        fake_loop_advance(loop, 1000);
        ck_assert(replay_done(config.replay));
        c->ops->free(c);
        replay_free(config.replay);
        return table_find(store_table(store, &collector_row_type), &key);
}

START_TEST(test_collector)
{
        const struct collector_row *row = replay("strongswan-up");

        ck_assert_int_eq(row->state, COLLECTOR_UP);
        ck_assert_uint_eq(row->polls, 1);
        ck_assert_uint_eq(row->failures, 0);
        ck_assert_uint_gt(row->events, 0);
        ck_assert_uint_eq(row->rows,
                          table_count(sas.table) + table_count(store_table(store, &policy_type)) +
                                  table_count(store_table(store, &policy_template_type)));
}
END_TEST

START_TEST(test_no_recording)
{
        int err = 0;

        ck_assert_ptr_null(replay_new("/nonexistent", loop, &err));
        ck_assert_int_eq(err, -ENOENT);
        ck_assert_ptr_null(replay_new(DATA, loop, &err)); /* none of the streams is there */
        ck_assert_int_eq(err, -ENOENT);
}
END_TEST

/* What is recorded is what is replayed, in its order. */
START_TEST(test_recording)
{
        char folder[] = "/tmp/ipsr-recording.XXXXXX";
        char command[128];
        struct recording *recording;
        int err;

        ck_assert_ptr_nonnull(mkdtemp(folder));
        load("netlink-manual", STREAM_XFRM_EVENTS);
        recording = recording_new(folder, loop, &err);
        ck_assert_ptr_nonnull(recording);
        recording_write(recording, STREAM_XFRM_EVENTS, octets, length / 2 / 4 * 4);
        recording_write(recording, STREAM_SA_DUMP, octets, 16);
        recording_free(recording);
        {
                struct replay *r = replay_new(folder, loop, &err);

                ck_assert_ptr_nonnull(r);
                ck_assert_int_eq(replay_recorded(r), RECORDED + 1);
                replay_free(r);
        }
        snprintf(command, sizeof(command), "rm -r %s", folder);
        ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("xfrm");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_dump);
        tcase_add_test(tcase, test_lockdown);
        tcase_add_test(tcase, test_newer_kernel);
        tcase_add_test(tcase, test_events);
        tcase_add_test(tcase, test_migration_needs_a_read);
        tcase_add_test(tcase, test_a_peer_moves_behind_nat);
        tcase_add_test(tcase, test_counters_never_fall);
        tcase_add_test(tcase, test_last_packet);
        tcase_add_test(tcase, test_events_of_an_earlier_sa);
        tcase_add_test(tcase, test_sad_info);
        tcase_add_test(tcase, test_keys_are_blanked);
        tcase_add_test(tcase, test_truncated);
        tcase_add_test(tcase, test_lying_lengths);
        tcase_add_test(tcase, test_flipped_bits);
        tcase_add_test(tcase, test_collector);
        tcase_add_test(tcase, test_no_recording);
        tcase_add_test(tcase, test_recording);
        tcase_set_timeout(tcase, 60);
        return run_suite("xfrm", tcase);
}
