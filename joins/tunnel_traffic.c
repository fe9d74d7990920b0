/* What the SAs of tunnels count, and what of it is counted already. */
#include "tunnel_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lives of SAs that the table lost, remembered at the most, the latest ones. */
#define REMEMBERED (1u << 17)

/* ---- lives ---- */

/* What lies between the members is part of what is hashed. */
static void set_life(struct sa_life *life, const struct ipsec_sa *sa)
{
        memset(life, 0, sizeof(*life));
        memcpy(life->sa, sa, sizeof(life->sa));
        life->add_time = sa->add_time;
}

struct counted_sa *tunnel_counted(const struct tunnels *t, const struct ipsec_sa *sa)
{
        struct counted_sa *counted = NULL;
        struct sa_life life;

        if (!t->counted)
                return NULL;
        set_life(&life, sa);
        HASH_FIND(hh, t->counted, &life, sizeof(life), counted);
        return counted;
}

void tunnel_forget_counted(struct tunnels *t, struct counted_sa *counted)
{
        if (!counted)
                return;
        t->n_lost -= counted->lost;
        HASH_DEL(t->counted, counted);
        free(counted);
}

/* What an earlier run had stays until the SAs have been read. */
static void forget_lost(struct tunnels *t)
{
        struct counted_sa *counted, *next;

        HASH_ITER(hh, t->counted, counted, next)
        {
                if (t->n_lost <= REMEMBERED)
                        return;
                if (counted->lost)
                        tunnel_forget_counted(t, counted);
        }
}

static struct counted_sa *add_counted(struct tunnels *t, const struct ipsec_sa *sa)
{
        struct counted_sa *counted = calloc(1, sizeof(*counted));

        if (!counted)
                return NULL;
        set_life(&counted->life, sa);
        HASH_ADD(hh, t->counted, life, sizeof(counted->life), counted);
        if (counted->unhashed) {
                free(counted);
                return NULL;
        }
        return counted;
}

struct tunnel_record *tunnel_of_counted(const struct tunnels *t, const struct counted_sa *counted)
{
        struct tunnel_record *r = counted ? tunnel_by_number(t, counted->tunnel) : NULL;

        return r && r->generation == counted->generation ? r : NULL;
}

int tunnel_remember(struct tunnels *t, const struct ipsec_sa *sa, const struct tunnel_record *r,
                    bool lost)
{
        struct counted_sa *counted = tunnel_counted(t, sa);

        if (!counted)
                counted = add_counted(t, sa);
        if (!counted)
                return -ENOMEM;
        counted->tunnel = r->number;
        counted->generation = r->generation;
        counted->octets = sa->octets;
        counted->packets = sa->packets;
        counted->replay_window_errors = sa->replay_window_errors;
        counted->replay_errors = sa->replay_errors;
        counted->integrity_errors = sa->integrity_errors;
        t->n_lost += (size_t)lost - counted->lost;
        counted->lost = lost;
        if (t->n_lost > REMEMBERED)
                forget_lost(t);
        return 0;
}

static bool is_there(const struct tunnels *t, const struct counted_sa *counted)
{
        const struct ipsec_sa *sa;
        struct ipsec_sa sought;

        memset(&sought, 0, sizeof(sought));
        memcpy(&sought, counted->life.sa, sizeof(counted->life.sa));
        sa = table_find(t->sas, &sought);
        return sa && sa->add_time == counted->life.add_time;
}

/* One that is there goes behind those that are still to be looked at. */
void tunnels_check_counted(struct tunnels *t, size_t *rows)
{
        for (; *rows > 0 && t->to_check > 0 && t->counted; --*rows, t->to_check--) {
                struct counted_sa *counted = t->counted;

                if (!counted->lost && !is_there(t, counted)) {
                        tunnel_forget_counted(t, counted);
                        continue;
                }
                HASH_DEL(t->counted, counted);
                HASH_ADD(hh, t->counted, life, sizeof(counted->life), counted);
                if (!counted->unhashed)
                        continue;
                t->n_lost -= counted->lost;
                free(counted);
        }
        if (!t->counted)
                t->to_check = 0;
}

/* ---- counting ---- */

void tunnel_count(struct tunnels *t, struct tunnel_record *r, enum tunnel_count count,
                  uint64_t more)
{
        if (more == 0)
                return;
        r->counts[count] += more;
        tunnel_due(t, r);
        tunnel_changed(t, r, false);
        if (!r->template)
                return;
        r->template->counts[count] += more;
        tunnel_due(t, r->template);
}

static uint64_t more(uint64_t now, uint64_t before)
{
        return now > before ? now - before : 0;
}

static int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* Packets came in: whatever went out before is answered. */
static void note_packets(struct tunnel_record *r, bool in, int64_t when)
{
        if (in) {
                r->last_packet_in = later(r->last_packet_in, when);
                r->silent_since = 0;
                return;
        }
        r->last_packet_out = later(r->last_packet_out, when);
        if (r->silent_since == 0)
                r->silent_since = when;
}

static void count_traffic(struct tunnels *t, struct tunnel_record *r, const struct ipsec_sa *sa,
                          uint8_t direction, uint64_t octets, uint64_t packets, bool seen)
{
        bool in = direction == DIRECTION_INBOUND;
        uint64_t n = more(sa->packets, packets);
        int64_t when = seen ? tunnels_now(t).wall : sa->last_packet;

        tunnel_count(t, r, in ? COUNT_OCTETS_IN : COUNT_OCTETS_OUT, more(sa->octets, octets));
        tunnel_count(t, r, in ? COUNT_PACKETS_IN : COUNT_PACKETS_OUT, n);
        if (n == 0 || when == 0)
                return;
        note_packets(r, in, when);
        if (r->template)
                note_packets(r->template, in, when);
}

static void count_errors(struct tunnels *t, struct tunnel_record *r, const struct ipsec_sa *sa,
                         uint64_t replay_window, uint64_t replay, uint64_t integrity)
{
        tunnel_count(t, r, COUNT_REPLAY_WINDOW_ERRORS,
                     more(sa->replay_window_errors, replay_window));
        tunnel_count(t, r, COUNT_REPLAY_ERRORS, more(sa->replay_errors, replay));
        tunnel_count(t, r, COUNT_INTEGRITY_ERRORS, more(sa->integrity_errors, integrity));
}

/* All that it counted before it was known whose it is, but what is counted of it already. */
static void count_whole(struct tunnels *t, struct tunnel_record *r, const struct ipsec_sa *sa,
                        uint8_t direction)
{
        static const struct counted_sa nothing;
        const struct counted_sa *counted = tunnel_counted(t, sa);

        if (tunnel_of_counted(t, counted) != r)
                counted = &nothing;
        count_errors(t, r, sa, counted->replay_window_errors, counted->replay_errors,
                     counted->integrity_errors);
        if (counted != &nothing)
                count_traffic(t, r, sa, direction, counted->octets, counted->packets, true);
        else
                count_traffic(t, r, sa, direction, 0, 0, false);
        tunnel_forget_counted(t, tunnel_counted(t, sa));
}

/* The key is the same, and it is another SA: that the old one went no message told. */
static bool is_new_life(const struct ipsec_sa *before, const struct ipsec_sa *sa)
{
        return before->add_time != sa->add_time || sa->octets < before->octets ||
               sa->packets < before->packets;
}

void tunnel_count_sa(struct tunnels *t, struct tunnel_record *r, const struct ipsec_sa *before,
                     const struct ipsec_sa *sa, uint8_t direction)
{
        if (!sa_counts(sa) || direction == 0)
                return;
        if (!before || is_new_life(before, sa)) {
                count_whole(t, r, sa, direction);
                return;
        }
        count_errors(t, r, sa, before->replay_window_errors, before->replay_errors,
                     before->integrity_errors);
        count_traffic(t, r, sa, direction, before->octets, before->packets, true);
}
