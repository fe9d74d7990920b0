/*
 * Tunnels as lines of text, for the agent's next run. Fields are separated by tabs; what no text
 * may hold is written as % and two hexadecimal digits. The first field tells what the line is.
 */
#include "tunnel_record.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_TUNNEL "tunnel"
#define LINE_GONE "gone"
#define LINE_SA "sa"
#define LINE_SA_GONE "sa-gone"

/* ---- writing ---- */

static void put_text(FILE *out, const char *text)
{
        fputc('\t', out);
        for (; text && *text; text++) {
                if (iscntrl((unsigned char)*text) || *text == '%')
                        fprintf(out, "%%%02x", (unsigned char)*text);
                else
                        fputc(*text, out);
        }
}

static void put_number(FILE *out, int64_t number)
{
        fprintf(out, "\t%" PRId64, number);
}

static void put_address(FILE *out, const struct inet_addr *address)
{
        char text[INET_ADDR_TEXT_SIZE];

        inet_addr_text(address, text);
        put_text(out, text);
}

static void put_counts(FILE *out, const uint64_t counts[COUNTS])
{
        for (size_t i = 0; i < COUNTS; i++)
                fprintf(out, "%c%" PRIu64, i == 0 ? '\t' : ',', counts[i]);
}

static void put_key(FILE *out, const struct tunnel_key *key)
{
        put_text(out, key->policy);
        put_text(out, key->child);
        put_number(out, key->instance);
}

static bool is_told(uint8_t direction)
{
        return direction == DIRECTION_INBOUND || direction == DIRECTION_OUTBOUND;
}

static void put_sa(FILE *out, const struct ipsec_sa *sa)
{
        put_address(out, &sa->destination);
        fprintf(out, ",%u,%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRId64 ",%u,%" PRIu64 ",%" PRIu64,
                sa->protocol, sa->spi, sa->mark, sa->mark_mask, sa->add_time, sa->tunnel_direction,
                sa->octets, sa->packets);
        fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%d", sa->replay_window_errors,
                sa->replay_errors, sa->integrity_errors,
                is_told(sa->direction) || is_told(sa->last_direction));
}

/* What of its SAs is in its counters: they may still be there in the next run. */
static void put_sas(const struct tunnels *t, const struct tunnel_record *r, FILE *out)
{
        uint32_t oid[2] = { r->number, 0 };
        const struct ipsec_sa *sa;

        while ((sa = table_next(t->sas, &sa_by_tunnel_type, oid, 2, false)) &&
               sa->tunnel == r->number) {
                oid[1] = sa->index;
                if (sa_is_usable(sa))
                        put_sa(out, sa);
        }
}

/* When the counters began, by the clock on the wall: the other one begins anew with the machine. */
static int64_t wall_of(const struct tunnels *t, int64_t monotonic)
{
        struct moment now = tunnels_now(t);

        return now.wall - (now.monotonic - monotonic) / 1000;
}

void tunnel_save(struct tunnels *t, const struct tunnel_record *r, FILE *out)
{
        const struct tunnel *row = tunnel_row(t, r);

        fputs(LINE_TUNNEL, out);
        put_key(out, &r->key);
        put_text(out, tunnel_identity(r));
        put_number(out, r->up);
        put_number(out, r->both_ways);
        put_number(out, row->state);
        put_number(out, row->down_reason);
        put_number(out, row->since);
        put_number(out, row->last_up);
        put_number(out, row->last_down);
        put_number(out, row->last_error_time);
        put_number(out, wall_of(t, row->discontinuity));
        put_number(out, (int64_t)row->ups);
        put_number(out, (int64_t)row->downs);
        put_number(out, r->last_packet_in);
        put_number(out, r->last_packet_out);
        put_number(out, r->next_instance);
        put_text(out, row->name);
        put_text(out, row->policy_name);
        put_text(out, row->child_name);
        put_text(out, row->local_identity);
        put_text(out, row->remote_identity);
        put_text(out, row->daemon);
        put_text(out, row->last_error);
        put_address(out, &row->local);
        put_address(out, &row->remote);
        put_number(out, row->ike_version);
        put_number(out, row->protocol);
        put_number(out, row->mode);
        put_counts(out, r->counts);
        put_counts(out, r->forgotten);
        put_sas(t, r, out);
}

/* What the template has of the peer, in the same line: it is never counted twice. */
void tunnel_save_gone(const struct tunnel_record *r, FILE *out)
{
        fputs(LINE_GONE, out);
        put_key(out, &r->key);
        if (r->template)
                put_counts(out, r->template->forgotten);
}

void tunnel_save_sa_gone(const struct ipsec_sa *sa, FILE *out)
{
        fputs(LINE_SA_GONE, out);
        put_sa(out, sa);
}

/* ---- reading ---- */

/* What is left of a line. A field that is wrong makes all of it wrong. */
struct reader {
        char *rest;
        bool wrong;
};

static char *next_field(struct reader *in)
{
        static char nothing[1];
        char *field = in->rest ? strsep(&in->rest, "\t") : NULL;

        if (field)
                return field;
        in->wrong = true;
        return nothing;
}

static int hexadecimal(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; NULL for an empty one. */
static const char *take_text(struct reader *in)
{
        char *field = next_field(in), *to = field;

        for (const char *from = field; *from; from++) {
                int high, low;

                if (*from != '%') {
                        *to++ = *from;
                        continue;
                }
                high = hexadecimal(from[1]);
                low = high < 0 ? -1 : hexadecimal(from[2]);
                if (low < 0 || 16 * high + low == 0) {
                        in->wrong = true;
                        break;
                }
                *to++ = (char)(16 * high + low);
                from += 2;
        }
        if (to == field)
                return NULL;
        *to = '\0';
        return field;
}

static int64_t parse_number(struct reader *in, const char *text, int64_t low, int64_t high)
{
        char *end;
        int64_t number;

        errno = 0;
        number = strtoll(text, &end, 10);
        if (end != text && *end == '\0' && errno == 0 && number >= low && number <= high)
                return number;
        in->wrong = true;
        return low;
}

static int64_t take_number(struct reader *in, int64_t low, int64_t high)
{
        return parse_number(in, next_field(in), low, high);
}

static uint64_t take_part(struct reader *in, char **parts, uint64_t high)
{
        const char *part = strsep(parts, ",");
        unsigned long long number;
        char *end;

        if (!part || *part < '0' || *part > '9') {
                in->wrong = true;
                return 0;
        }
        errno = 0;
        number = strtoull(part, &end, 10);
        if (*end == '\0' && errno == 0 && number <= high)
                return number;
        in->wrong = true;
        return 0;
}

static void take_counts(struct reader *in, uint64_t counts[COUNTS])
{
        char *parts = next_field(in);

        for (size_t i = 0; i < COUNTS; i++)
                counts[i] = take_part(in, &parts, UINT64_MAX);
        in->wrong |= parts != NULL;
}

static struct inet_addr take_address(struct reader *in)
{
        const char *text = take_text(in);
        struct inet_addr address;

        memset(&address, 0, sizeof(address));
        if (text && !inet_addr_parse(&address, text, strlen(text)))
                in->wrong = true;
        return address;
}

static void take_key(struct reader *in, struct tunnel_key *key)
{
        const char *policy = take_text(in), *child = take_text(in);

        memset(key, 0, sizeof(*key));
        key->instance = (uint32_t)take_number(in, 0, UINT32_MAX);
        if (!policy || !child || strlen(policy) > KEY_MAX || strlen(child) > KEY_MAX) {
                in->wrong = true;
                return;
        }
        strcpy(key->policy, policy);
        strcpy(key->child, child);
}

static struct ipsec_sa take_sa(struct reader *in, bool *direction_known)
{
        char *parts = next_field(in);
        const char *destination = strsep(&parts, ",");
        struct ipsec_sa sa;

        memset(&sa, 0, sizeof(sa));
        if (!destination || !inet_addr_parse(&sa.destination, destination, strlen(destination)))
                in->wrong = true;
        sa.protocol = (uint8_t)take_part(in, &parts, UINT8_MAX);
        sa.spi = (uint32_t)take_part(in, &parts, UINT32_MAX);
        sa.mark = (uint32_t)take_part(in, &parts, UINT32_MAX);
        sa.mark_mask = (uint32_t)take_part(in, &parts, UINT32_MAX);
        sa.add_time = (int64_t)take_part(in, &parts, INT64_MAX);
        sa.tunnel_direction = (uint8_t)take_part(in, &parts, DIRECTION_OUTBOUND);
        sa.octets = take_part(in, &parts, UINT64_MAX);
        sa.packets = take_part(in, &parts, UINT64_MAX);
        sa.replay_window_errors = take_part(in, &parts, UINT64_MAX);
        sa.replay_errors = take_part(in, &parts, UINT64_MAX);
        sa.integrity_errors = take_part(in, &parts, UINT64_MAX);
        *direction_known = take_part(in, &parts, 1) == 1;
        in->wrong |= parts != NULL;
        return sa;
}

/* ---- a whole line ---- */

/* What a line tells, before any of it is taken. */
struct saved {
        struct tunnel_key key;
        const char *identity;
        bool up;
        bool both_ways;
        int64_t last_packet_in;
        int64_t last_packet_out;
        uint32_t next_instance;
        struct tunnel row; /* but for its key and counters */
        uint64_t counts[COUNTS];
        uint64_t forgotten[COUNTS];
};

static void take_row(struct reader *in, const struct tunnels *t, struct saved *s)
{
        struct moment now = tunnels_now(t);
        struct tunnel *row = &s->row;
        int64_t began;

        s->up = take_number(in, 0, 1);
        s->both_ways = take_number(in, 0, 1);
        row->state = (uint8_t)take_number(in, 1, TUNNEL_STATE_UNKNOWN);
        row->down_reason = (uint8_t)take_number(in, 0, UINT8_MAX);
        row->since = take_number(in, 0, INT64_MAX);
        row->last_up = take_number(in, 0, INT64_MAX);
        row->last_down = take_number(in, 0, INT64_MAX);
        row->last_error_time = take_number(in, 0, INT64_MAX);
        began = take_number(in, 0, INT64_MAX / 2000);
        /* Before the machine started is before snmpd did: any moment that long ago says so. */
        row->discontinuity = now.monotonic - 1000 * (now.wall - began);
        if (row->discontinuity <= 0)
                row->discontinuity = 1;
        row->ups = (uint64_t)take_number(in, 0, INT64_MAX);
        row->downs = (uint64_t)take_number(in, 0, INT64_MAX);
        s->last_packet_in = take_number(in, 0, INT64_MAX);
        s->last_packet_out = take_number(in, 0, INT64_MAX);
        s->next_instance = (uint32_t)take_number(in, 1, UINT32_MAX);
        row->name = take_text(in);
        row->policy_name = take_text(in);
        row->child_name = take_text(in);
        row->local_identity = take_text(in);
        row->remote_identity = take_text(in);
        row->daemon = take_text(in);
        row->last_error = take_text(in);
        row->local = take_address(in);
        row->remote = take_address(in);
        row->ike_version = (uint8_t)take_number(in, 0, UINT8_MAX);
        row->protocol = (uint8_t)take_number(in, 0, UINT8_MAX);
        row->mode = (uint8_t)take_number(in, 0, UINT8_MAX);
}

/* The template's sums follow those of its peers. */
static void set_counts(struct tunnel_record *r, const uint64_t counts[COUNTS])
{
        for (size_t i = 0; i < COUNTS; i++) {
                if (r->template)
                        r->template->counts[i] += counts[i] - r->counts[i];
                r->counts[i] = counts[i];
        }
}

static void set_forgotten(struct tunnel_record *r, const uint64_t forgotten[COUNTS])
{
        for (size_t i = 0; i < COUNTS; i++) {
                r->counts[i] += forgotten[i] - r->forgotten[i];
                r->forgotten[i] = forgotten[i];
        }
}

static void set_up(struct tunnel_record *r, bool up)
{
        if (r->template)
                r->template->users += (uint32_t)up - r->up;
        r->up = up;
}

static int restore_row(struct tunnels *t, const struct tunnel_record *r, struct saved *s)
{
        struct tunnel *row = &s->row;

        row->policy_key = r->key.policy;
        row->child_key = r->key.child;
        row->instance = r->key.instance;
        row->number = r->number;
        tunnel_set_counters(r, row);
        return table_update(t->rows, row);
}

/* Nothing is judged before the sources have been read: until then the row has the sums at least. */
static void tell_sums(struct tunnels *t, const struct tunnel_record *template)
{
        struct tunnel row;

        if (!template)
                return;
        row = *tunnel_row(t, template);
        tunnel_set_counters(template, &row);
        table_update(t->rows, &row);
}

static struct tunnel_record *record_of(struct tunnels *t, const struct saved *s)
{
        struct tunnel_record *r = tunnel_make(t, s->key.policy, s->key.child, s->key.instance);

        if (!r)
                return NULL;
        if (s->identity && !r->identity && tunnel_identify(t, r, s->identity) < 0)
                return NULL;
        return r;
}

static int restore_tunnel(struct tunnels *t, struct reader *in)
{
        struct tunnel_record *r;
        struct tunnels_line line;
        struct reader sas;
        struct saved s;

        memset(&s, 0, sizeof(s));
        take_key(in, &s.key);
        s.identity = take_text(in);
        take_row(in, t, &s);
        take_counts(in, s.counts);
        take_counts(in, s.forgotten);
        if (in->wrong)
                return -EINVAL;
        r = record_of(t, &s);
        if (!r)
                return -ENOMEM;
        r->restored = true;
        r->daemon = ike_daemon_of_name(s.row.daemon);
        r->judged = true;
        r->next_instance = s.next_instance;
        r->both_ways = s.both_ways;
        r->last_packet_in = s.last_packet_in;
        r->last_packet_out = s.last_packet_out;
        set_up(r, s.up);
        if (tunnel_is_template(r))
                set_forgotten(r, s.forgotten);
        else
                set_counts(r, s.counts);
        r->generation++; /* this line tells all of its SAs anew */
        line = (struct tunnels_line){ r->number, r->generation };
        for (sas = *in; sas.rest && !sas.wrong;) {
                bool known;
                struct ipsec_sa sa = take_sa(&sas, &known);

                if (sas.wrong)
                        return -EINVAL;
                if (sa_counts(&sa) && sa.tunnel_direction != 0)
                        tunnel_remember(t, &sa, r, false);
                if (t->keeper.counted)
                        t->keeper.counted(t->keeper.context, &sa, known, &line);
        }
        tell_sums(t, r->template);
        return restore_row(t, r, &s);
}

static int restore_gone(struct tunnels *t, struct reader *in)
{
        static const uint64_t nothing[COUNTS];
        uint64_t forgotten[COUNTS];
        struct tunnel_record *r, *template;
        struct tunnel_key key;
        bool has_counts;

        take_key(in, &key);
        has_counts = in->rest != NULL;
        if (has_counts)
                take_counts(in, forgotten);
        if (in->wrong)
                return -EINVAL;
        r = tunnel_by_key(t, key.policy, key.child, key.instance);
        if (!r)
                return 0;
        template = r->template;
        set_counts(r, nothing);
        tunnel_forget(t, r);
        if (template && has_counts)
                set_forgotten(template, forgotten);
        tell_sums(t, template);
        return 0;
}

static int restore_loose_sa(const struct tunnels *t, struct reader *in, bool gone)
{
        static const struct tunnels_line line;
        bool known;
        struct ipsec_sa sa = take_sa(in, &known);

        if (in->wrong)
                return -EINVAL;
        if (gone && t->keeper.gone)
                t->keeper.gone(t->keeper.context, &sa);
        if (!gone && t->keeper.counted)
                t->keeper.counted(t->keeper.context, &sa, known, &line);
        return 0;
}

bool tunnels_line_counts(const struct tunnels *t, const struct tunnels_line *line)
{
        const struct tunnel_record *r = tunnel_by_number(t, line->tunnel);

        return line->tunnel == 0 || (r && r->generation == line->generation);
}

int tunnels_restore(struct tunnels *t, const char *line)
{
        char *copy = strdup(line);
        struct reader in = { copy, false };
        const char *what;
        int err;

        if (!copy)
                return -ENOMEM;
        what = next_field(&in);
        if (strcmp(what, LINE_TUNNEL) == 0)
                err = restore_tunnel(t, &in);
        else if (strcmp(what, LINE_GONE) == 0)
                err = restore_gone(t, &in);
        else if (strcmp(what, LINE_SA) == 0)
                err = restore_loose_sa(t, &in, false);
        else if (strcmp(what, LINE_SA_GONE) == 0)
                err = restore_loose_sa(t, &in, true);
        else
                err = -EINVAL;
        free(copy);
        return err;
}

/* ---- what is to be saved ---- */

static bool save_changed_tunnel(struct tunnels *t, FILE *out)
{
        while (!queue_is_empty(&t->unsaved)) {
                struct tunnel_record *r = tunnel_by_number(t, (uint32_t)queue_take(&t->unsaved));

                if (!r || !r->changed)
                        continue;
                r->changed = false;
                tunnel_save(t, r, out);
                return true;
        }
        return false;
}

static bool save_loose_sa(const struct ipsec_sa *sa, FILE *out)
{
        if (!sa || sa->tunnel != 0 || !sa_is_usable(sa))
                return false;
        fputs(LINE_SA, out);
        put_sa(out, sa);
        return true;
}

bool tunnels_save_changed(struct tunnels *t, FILE *out)
{
        if (save_changed_tunnel(t, out))
                return true;
        while (!queue_is_empty(&t->unsaved_sas)) {
                uint32_t index = (uint32_t)queue_take(&t->unsaved_sas);

                if (save_loose_sa(table_at(t->sas, &ipsec_sa_type, &index, 1), out))
                        return true;
        }
        return false;
}

bool tunnels_save_next(struct tunnels *t, struct tunnels_place *place, FILE *out)
{
        const struct ipsec_sa *sa;

        while (place->tunnel < t->next_number) {
                struct tunnel_record *r = tunnel_by_number(t, ++place->tunnel);

                if (!r)
                        continue;
                r->changed = false;
                tunnel_save(t, r, out);
                return true;
        }
        for (;;) {
                const uint32_t oid[2] = { 0, place->sa };

                sa = table_next(t->sas, &sa_by_tunnel_type, oid, 2, false);
                if (!sa || sa->tunnel != 0)
                        return false;
                place->sa = sa->index;
                if (save_loose_sa(sa, out))
                        return true;
        }
}
