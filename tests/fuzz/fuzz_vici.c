/*
 * Whatever a daemon says by VICI: no crash, no leak, no row without its index. The first octet
 * chooses how it comes: as packets one by one, each to all that may take it, or as octets of a
 * connection.
 */
#include "collectors/strongswan_rows.h"
#include "collectors/vici.h"
#include "tests/unit/fake_loop.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
        struct opener opener;
        struct loop *loop;
        struct store *store;
        struct strongswan_rows rows;
        int ends[2];
};

static void take_everywhere(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_said said;
        uint32_t id;

        strongswan_take_connection(r, message);
        strongswan_take_policy(r, message);
        strongswan_take_certificate(r, message);
        strongswan_take_sa(r, message, TABLE_FROM_DUMP);
        strongswan_take_ike_updown(r, message);
        strongswan_take_child_updown(r, message);
        strongswan_take_ike_rekey(r, message);
        strongswan_take_child_rekey(r, message);
        strongswan_take_ike_update(r, message);
        strongswan_take_alert(r, message);
        strongswan_take_log(r, message, &id, &said);
}

/* ---- packets ---- */

static size_t length_of(const uint8_t *octets)
{
        return (size_t)octets[0] << 24 | (size_t)octets[1] << 16 | (size_t)octets[2] << 8 |
               octets[3];
}

static void take_packets(struct strongswan_rows *r, const uint8_t *octets, size_t size)
{
        while (size > 4) {
                size_t length = length_of(octets);
                struct vici_packet packet;
                uint8_t *copy;

                if (length > size - 4)
                        length = size - 4;
                copy = malloc(length + 1); /* of its own: what is read behind it is found */
                memcpy(copy, octets + 4, length);
                if (vici_packet_parse(copy, length, &packet) == 0)
                        take_everywhere(r, packet.message);
                free(copy);
                octets += 4 + length;
                size -= 4 + length;
        }
}

/* ---- a connection ---- */

static int ask(struct opener *opener, enum opener_target target, opener_given *given, void *context)
{
        (void)target;
        given(context, ((struct fuzz *)opener)->ends[0]);
        return 0;
}

static void forget(struct opener *opener, void *context)
{
        (void)opener;
        (void)context;
}

static void nothing(void *context)
{
        (void)context;
}

static void lost(void *context, int err)
{
        (void)context;
        (void)err;
}

static void take_packet(void *context, const struct vici_packet *packet)
{
        struct fuzz *f = context;

        take_everywhere(&f->rows, packet->message);
}

static void answered(void *context, int err, struct vici_slice message)
{
        struct fuzz *f = context;

        if (err == 0)
                take_everywhere(&f->rows, message);
}

static const struct vici_owner owner = { nothing, lost, take_packet, NULL };

static void talk(struct fuzz *f, const uint8_t *octets, size_t size, size_t piece)
{
        const struct vici_question questions[] = {
                { .command = "stats", .answered = answered, .context = f },
                { .command = "list-sas",
                  .stream = "list-sa",
                  .part = take_packet,
                  .answered = answered,
                  .context = f },
        };
        struct vici *vici = vici_new(f->loop, &f->opener, &owner, f);

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->ends) < 0)
                abort();
        vici_open(vici);
        vici_watch(vici, "ike-updown", NULL, NULL);
        vici_ask(vici, &questions[0]);
        vici_ask(vici, &questions[1]);
        while (size > 0 && vici_is_open(vici)) {
                size_t now = piece < size ? piece : size;

                if (send(f->ends[1], octets, now, MSG_NOSIGNAL) != (ssize_t)now)
                        break;
                octets += now;
                size -= now;
                while (fake_loop_poll(f->loop))
                        ;
        }
        fake_loop_advance(f->loop, 20000);
        vici_free(vici);
        close(f->ends[1]);
}

/* ---- and all of it ---- */

/* Every row is found where its index says. */
static void check_indexes(const struct strongswan_rows *r)
{
        struct table *const tables[] = { r->ike_sas, r->children, r->policies, r->configured,
                                         r->certificates };

        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
                uint32_t oid[INDEX_MAX];
                const void *row = NULL;
                size_t length = 0, n = 0;

                while ((row = table_next(tables[i], table_type(tables[i]), oid, length, false))) {
                        length = index_encode(table_type(tables[i]), row, oid);
                        if (table_find(tables[i], row) != row)
                                abort();
                        n++;
                }
                if (n != table_count(tables[i]))
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz f = { .opener = { ask, forget } };

        if (size < 1 || size > 1 << 16)
                return 0;
        f.loop = fake_loop_new(1795500116);
        f.store = store_new();
        strongswan_rows_init(&f.rows, f.loop, f.store);
        if (data[0] & 1)
                talk(&f, data + 1, size - 1, data[0] & 2 ? 7 : 50000);
        else
                take_packets(&f.rows, data + 1, size - 1);
        check_indexes(&f.rows);
        if (data[0] & 4)
                f.rows.run++;
        strongswan_rows_grow_old(&f.rows);
        fake_loop_advance(f.loop, 5000);
        strongswan_forget_connections(&f.rows, INT64_MAX);
        strongswan_forget_ike_sas(&f.rows, INT64_MAX);
        if (table_count(f.rows.ike_sas) + table_count(f.rows.children) +
                    table_count(f.rows.policies) + table_count(f.rows.configured) !=
            0)
                abort();
        strongswan_rows_free(&f.rows);
        store_free(f.store);
        fake_loop_free(f.loop);
        return 0;
}
