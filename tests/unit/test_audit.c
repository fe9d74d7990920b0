/* What the kernel's audit tells of IPsec: as it was recorded, as nobody should write it, and
 * floods. */
#include "collectors/audit.h"
#include "collectors/audit_parse.h"
#include "collectors/flood.h"
#include "fake_loop.h"
#include "suite.h"
#include "tables/occurrence.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDED 1795500436

enum { TOLD_MAX = 2048 };

static struct loop *loop;
static struct store *store;
static char folder[] = "/tmp/ipsr-audit.XXXXXX";
static char path[64];
static struct told {
        struct occurrence row;
        char text[256];
} told[TOLD_MAX];
static size_t n_told;

static void on_told(void *context, enum table_event event, enum table_reason reason,
                    const void *before, const void *after)
{
        const struct occurrence *o = after;

        (void)context;
        (void)reason;
        (void)before;
        if (event != TABLE_ADDED)
                return;
        ck_assert_uint_lt(n_told, TOLD_MAX);
        told[n_told].row = *o;
        snprintf(told[n_told++].text, sizeof(told[0].text), "%s", o->text);
}

static void setup(void)
{
        strcpy(strchr(folder, '.'), ".XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/" STREAM_AUDIT, folder);
        loop = fake_loop_new(RECORDED);
        store = store_new();
        n_told = 0;
        table_subscribe(store_table(store, &occurrence_type), on_told, NULL);
}

static void teardown(void)
{
        unlink(path);
        rmdir(folder);
        store_free(store);
        fake_loop_free(loop);
}

static const struct collector_row *row(void)
{
        struct collector_row key = { .key = "audit" };

        return table_find(store_table(store, &collector_row_type), &key);
}

/* ---- records ---- */

static int parse(const char *text, struct audit_message *m)
{
        return audit_parse(text, strlen(text), m);
}

static void is_address(const struct inet_addr *address, const char *wanted)
{
        char text[INET_ADDR_TEXT_SIZE];

        if (address->prefix > 0)
                inet_addr_prefix_text(address, text);
        else
                inet_addr_text(address, text);
        ck_assert_str_eq(text, wanted);
}

START_TEST(records)
{
        struct audit_message m;

        ck_assert_int_eq(parse("audit(1795500432.704:4): op=SAD-add auid=4294967295 ses=4294967295 "
                               "subj=unconfined src=192.0.2.2 dst=192.0.2.1 spi=12289(0x3001) "
                               "res=1",
                               &m),
                         0);
        ck_assert_int_eq(m.operation, AUDIT_SA_ADDED);
        ck_assert_uint_eq(m.spi, 0x3001);
        ck_assert_str_eq(m.id, "1795500432.704:4");
        ck_assert(!m.failed);
        is_address(&m.source, "192.0.2.2");
        is_address(&m.destination, "192.0.2.1");
        ck_assert_int_eq(parse("audit(1.2:3): res=0 src_prefixlen=24 src=10.1.0.0 dst_prefixlen=64 "
                               "dst=2001:0db8:0000:0000:0000:0000:0000:0000 op=SPD-delete",
                               &m),
                         0);
        ck_assert_int_eq(m.operation, AUDIT_POLICY_REMOVED);
        ck_assert(m.failed);
        is_address(&m.source, "10.1.0.0/24");
        is_address(&m.destination, "2001:db8::/64");
        ck_assert_int_eq(parse("audit(1.2:3): op=SA-icv-failure src=192.0.2.2 dst=192.0.2.1 "
                               "spi=4294967295(0xffffffff) seqno=4294967295",
                               &m),
                         0);
        ck_assert_int_eq(m.operation, AUDIT_INTEGRITY_FAILURE);
        ck_assert_uint_eq(m.spi, UINT32_MAX);
        ck_assert_uint_eq(m.sequence, UINT32_MAX);
        ck_assert_int_eq(parse("audit(1.2:3): op=SA-later", &m), 0);
        ck_assert_int_eq(m.operation, AUDIT_OTHER);
}
END_TEST

START_TEST(strange_records)
{
        static const char *const none[] = {
                "",
                "audit(",
                "audit()",
                "audit(1.2:3)",
                "audit(1.2:3): ",
                "audit(1.2:3): res=1",
                "audit(a): op=SAD-add",
                "audit(1.2:3):op=SAD-add",
                "audit(1111111111111111111111111111111111111111): op=SAD-add",
                "op=SAD-add",
        };
        static const char odd[] = "audit(1.2:3): op=SAD-add  =  = spi=4294967296(0x0) seqno=12x "
                                  "src=192.0.2.1/24 dst=\033[31m src_prefixlen=999 op";
        struct audit_message m;

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                ck_assert_msg(parse(none[i], &m) == -EBADMSG, "%s", none[i]);
        ck_assert_int_eq(parse(odd, &m), 0);
        ck_assert_uint_eq(m.spi, 0);
        ck_assert_uint_eq(m.sequence, 0);
        is_address(&m.source, "");
        is_address(&m.destination, "");
        for (size_t length = 0; length < sizeof(odd); length++) {
                char *copy = malloc(length + 1); /* what is read behind it is found */

                memcpy(copy, odd, length);
                copy = realloc(copy, length > 0 ? length : 1);
                audit_parse(copy, length, &m);
                free(copy);
        }
}
END_TEST

/* ---- the collector, over a recording that is written here ---- */

static FILE *recording;

static void put(uint16_t type, const char *text)
{
        static const char zeros[NLMSG_ALIGNTO];
        size_t length = strlen(text);
        struct nlmsghdr header = { .nlmsg_len = (uint32_t)(sizeof(header) + length),
                                   .nlmsg_type = type };

        if (!recording)
                recording = fopen(path, "w");
        fwrite(&header, 1, sizeof(header), recording);
        fwrite(text, 1, length, recording);
        fwrite(zeros, 1, (-length) % NLMSG_ALIGNTO, recording);
}

/* Lines "type=NUMBER audit(...): ..." of a capture. */
static void put_capture(const char *name)
{
        char file[512], line[2048], *text;
        unsigned int type;
        FILE *f;

        snprintf(file, sizeof(file), DATA "/audit/%s", name);
        f = fopen(file, "r");
        ck_assert_ptr_nonnull(f);
        while (fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                text = strchr(line, ' ');
                ck_assert_int_eq(sscanf(line, "type=%u", &type), 1);
                put((uint16_t)type, text + 1);
        }
        fclose(f);
}

static struct replay *replay;

static struct collector *replay_all(void)
{
        struct audit_config config = { 0 };
        struct collector *c;
        int err;

        fclose(recording);
        recording = NULL;
        config.replay = replay = replay_new(folder, loop, &err);
        ck_assert_ptr_nonnull(replay);
        c = audit_new(loop, store, &config);
        ck_assert_int_eq(c->ops->start(c), 0);
        ck_assert_int_eq(row()->state, COLLECTOR_IDLE);
        ck_assert_int_eq(replay_start(replay), 0);
        fake_loop_advance(loop, 1);
        ck_assert(replay_done(replay));
        return c;
}

static void end(struct collector *c)
{
        c->ops->free(c);
        replay_free(replay);
}

START_TEST(bad_packets)
{
        struct collector *c;

        put_capture("audit-multicast-badpackets-1415.txt");
        c = replay_all();
        ck_assert_int_eq(row()->state, COLLECTOR_UP);
        ck_assert_uint_eq(row()->events, 14);
        ck_assert_uint_eq(row()->failures, 0);
        ck_assert_uint_eq(n_told, 3);
        ck_assert_int_eq(told[0].row.kind, EVENT_PACKET_WITHOUT_SA);
        ck_assert_int_eq(told[0].row.entity, ENTITY_KERNEL);
        ck_assert_uint_eq(told[0].row.spi, 0xdead);
        ck_assert_uint_eq(told[0].row.count, 0);
        is_address(&told[0].row.remote, "192.0.2.2");
        is_address(&told[0].row.local, "192.0.2.1");
        ck_assert_str_eq(told[0].text,
                         "a packet came for an SA that is not there: from 192.0.2.2 to 192.0.2.1, "
                         "SPI 0xdead (audit record 1795500436.136:12)");
        ck_assert_int_eq(told[1].row.kind, EVENT_INTEGRITY_FAILURES);
        ck_assert_str_eq(told[1].text,
                         "a packet failed its integrity check: from 192.0.2.2 to 192.0.2.1, SPI "
                         "0x3001 (audit record 1795500436.136:13)");
        ck_assert_int_eq(told[2].row.kind, EVENT_REPLAY_FAILURES);
        ck_assert_ptr_nonnull(strstr(told[2].text, "a second time"));
        end(c);
}
END_TEST

/* Changes that were made are told by others; command lines are passed over. */
START_TEST(changes)
{
        struct collector *c;

        put_capture("audit-multicast-manual-1415.txt");
        put_capture("audit-multicast-full-sample.txt");
        put(AUDIT_MAC_IPSEC_EVENT, "audit(1.2:3): op=SPD-add res=0 src=10.0.0.0 src_prefixlen=8 "
                                   "dst=192.0.2.1 subj=\033[31m");
        c = replay_all();
        ck_assert_uint_eq(row()->events, 57);
        ck_assert_uint_eq(n_told, 1);
        ck_assert_int_eq(told[0].row.entity, ENTITY_POLICY);
        ck_assert_str_eq(told[0].text, "a policy could not be added: from 10.0.0.0/8 to 192.0.2.1 "
                                       "(audit record 1.2:3)");
        end(c);
}
END_TEST

static void put_flood(const char *operation, unsigned int first, unsigned int n)
{
        char text[160];

        for (unsigned int i = first; i < first + n; i++) {
                snprintf(text, sizeof(text),
                         "audit(1.2:%u): op=%s src=192.0.2.2 dst=192.0.2.1 spi=%u(0x%x) seqno=1", i,
                         operation, i, i);
                put(AUDIT_MAC_IPSEC_EVENT, text);
        }
}

START_TEST(flood)
{
        struct collector *c;

        put_flood("SA-replay-overflow", 1, 1000);
        put_flood("SA-later res=0", 1, 3);
        c = replay_all();
        ck_assert_uint_eq(n_told, FLOOD_AT_ONCE + 3);
        ck_assert_int_eq(told[0].row.kind, EVENT_AUDIT_RECORD);
        is_address(&told[0].row.remote, "192.0.2.1"); /* of an SA that sends */
        fake_loop_advance(loop, FLOOD_MINUTE - 10);
        ck_assert_uint_eq(n_told, FLOOD_AT_ONCE + 3);
        fake_loop_advance(loop, 20);
        ck_assert_uint_eq(n_told, FLOOD_AT_ONCE + 4);
        ck_assert_uint_eq(told[n_told - 1].row.count, 1000 - FLOOD_AT_ONCE);
        ck_assert_uint_eq(told[n_told - 1].row.spi, 1000);
        ck_assert_str_eq(told[n_told - 1].text,
                         "an SA has used up its sequence numbers, 995 times more; the last: from "
                         "192.0.2.2 to 192.0.2.1, SPI 0x3e8 (audit record 1.2:1000)");
        fake_loop_advance(loop, 10 * FLOOD_PAUSE_MAX);
        ck_assert_uint_eq(n_told, FLOOD_AT_ONCE + 4);
        end(c);
}
END_TEST

/* Joins count these, and bound what comes of them. */
START_TEST(packets_one_by_one)
{
        struct collector *c;

        put_flood("SA-notfound", 1, 1000);
        put_flood("SA-icv-failure", 1, 500);
        put_flood("SA-replayed-pkt", 1, 300);
        c = replay_all();
        ck_assert_uint_eq(n_told, 1800);
        end(c);
}
END_TEST

/* A day of it, one each so many milliseconds: all are counted, and few are told. Returns how many.
 */
static unsigned int day_of(uint32_t step)
{
        const int64_t day = 24 * 60 * FLOOD_MINUTE;
        uint64_t one_by_one = 0, counted = 0, together = 0;
        int64_t pause_end = -1;
        struct flood f;

        flood_init(&f);
        for (int64_t now = 0; now < day; now += step) {
                uint32_t held = 0;

                if (pause_end >= 0 && now >= pause_end) {
                        held = flood_take(&f);
                        counted += held;
                        together += held > 0;
                        pause_end = held > 0 ? now + f.pause : -1;
                }
                if (flood_allows(&f, now))
                        one_by_one++;
                else if (pause_end < 0)
                        pause_end = now + f.pause;
        }
        counted += flood_take(&f);
        ck_assert_uint_eq(one_by_one + counted, (uint64_t)((day + step - 1) / step));
        return (unsigned int)(one_by_one + together);
}

START_TEST(long_flood)
{
        ck_assert_uint_eq(day_of(FLOOD_MINUTE), 24 * 60); /* no flood */
        ck_assert_uint_le(day_of(FLOOD_MINUTE / 2), 10 + 6 + 24);
        ck_assert_uint_le(day_of(1000), 5 + 6 + 24);
        ck_assert_uint_le(day_of(10), 5 + 6 + 24);
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("audit");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, records);
        tcase_add_test(tcase, strange_records);
        tcase_add_test(tcase, bad_packets);
        tcase_add_test(tcase, changes);
        tcase_add_test(tcase, flood);
        tcase_add_test(tcase, packets_one_by_one);
        tcase_add_test(tcase, long_flood);
        return run_suite("audit", tcase);
}
