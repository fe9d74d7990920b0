#include "config.h"

#include "audit_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what every line begins with ---- */

/* A run of octets of the line. */
struct span {
        const char *at;
        size_t length;
};

/* "node=NODE type=TYPE msg=audit(SECONDS.MILLISECONDS:SERIAL):"; the node may be missing. */
struct head {
        struct span node;
        struct span type;
        struct span id; /* "SECONDS.MILLISECONDS:SERIAL" */
        int64_t seconds;
};

static bool skip(struct span *rest, const char *word)
{
        size_t length = strlen(word);

        if (rest->length < length || memcmp(rest->at, word, length) != 0)
                return false;
        rest->at += length;
        rest->length -= length;
        return true;
}

/* Takes what stands before the octet end, and that octet. */
static bool cut(struct span *rest, char end, struct span *taken)
{
        const char *found = memchr(rest->at, end, rest->length);

        if (!found)
                return false;
        *taken = (struct span){ rest->at, (size_t)(found - rest->at) };
        rest->at += taken->length + 1;
        rest->length -= taken->length + 1;
        return true;
}

static bool digits(struct span *rest, size_t maximum, int64_t *number)
{
        size_t n = 0;

        for (*number = 0; n < rest->length && n < maximum; n++) {
                if (rest->at[n] < '0' || rest->at[n] > '9')
                        break;
                *number = 10 * *number + (rest->at[n] - '0');
        }
        rest->at += n;
        rest->length -= n;
        return n > 0;
}

static bool read_type(struct span *rest, struct head *h)
{
        h->node = (struct span){ NULL, 0 };
        if (skip(rest, "node=") && !cut(rest, ' ', &h->node))
                return false;
        return skip(rest, "type=") && cut(rest, ' ', &h->type);
}

static bool read_id(struct span *rest, struct head *h)
{
        int64_t number;

        if (!skip(rest, "msg=audit("))
                return false;
        h->id.at = rest->at;
        if (!digits(rest, 12, &h->seconds) || !skip(rest, ".") || !digits(rest, 3, &number) ||
            !skip(rest, ":") || !digits(rest, 10, &number))
                return false;
        h->id.length = (size_t)(rest->at - h->id.at);
        return skip(rest, "):");
}

bool audit_log_is_line(const char *line, size_t length)
{
        struct span rest = { line, length };
        struct head h;

        return read_type(&rest, &h) && read_id(&rest, &h);
}

#ifdef HAVE_LIBAUPARSE

#include <auparse.h>

/* A call is over when the log is so many seconds further: its records come at its end. */
#define CALL_SECONDS 2

/* Calls under way at once; more than any machine has threads in them. */
#define CALLS_MAX 256

/* In records of packets, which wait for no program. */
#define PACKET_WORD " op=SA-"

/* No number: an id of a user or a login that is not set. */
#define UNSET "4294967295"

/* The event that some records belong to, and what its record of the call says. */
struct call {
        struct call *next;
        size_t records; /* that wait for it */
        bool known;     /* its record came, or will not come */
        int64_t seconds;
        char *program;
        char *user;
        uint32_t process;
        size_t id_length;
        char id[]; /* of the event, and behind its NUL the node, with one of its own */
};

struct waiting {
        struct waiting *next;
        struct call *call;
        size_t length; /* its newline not counted */
        char line[];
};

struct audit_log {
        audit_log_take_record *take;
        void *context;
        auparse_state_t *parser;
        struct call *calls; /* oldest first */
        struct call **calls_end;
        size_t n_calls;
        struct waiting *first;
        struct waiting **end;
        size_t octets; /* of the lines that wait */
        uint64_t damaged;
};

int audit_log_new(audit_log_take_record *take, void *context, struct audit_log **log)
{
        struct audit_log *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->parser = auparse_init(AUSOURCE_BUFFER, "");
        if (!l->parser) {
                free(l);
                return -ENOMEM;
        }
        auparse_set_escape_mode(l->parser, AUPARSE_ESC_RAW);
        l->take = take;
        l->context = context;
        l->calls_end = &l->calls;
        l->end = &l->first;
        *log = l;
        return 0;
}

/* ---- one record ---- */

/* Gives the line to libauparse. Its strings end at a NUL: behind one a line says two things. */
static bool open_record(struct audit_log *l, const char *line, size_t length)
{
        return !memchr(line, '\0', length) &&
               auparse_new_buffer(l->parser, line, length + 1) == 0 &&
               auparse_next_event(l->parser) > 0 && auparse_first_record(l->parser) > 0;
}

/* A copy that the caller frees; NULL where there is none. */
static char *copy_text(const char *text)
{
        return text && text[0] != '\0' && strcmp(text, "(null)") != 0 ? strdup(text) : NULL;
}

/* As the log itself says whom a number stands for. This machine's users are not the log's. */
static char *copy_user(auparse_state_t *au)
{
        const char *text = auparse_get_field_str(au);

        if (!text || strcmp(text, UNSET) == 0)
                return NULL;
        if (auparse_get_record_interpretations(au))
                text = auparse_interpret_field(au);
        return copy_text(text);
}

/* Decimal digits, behind which "(0xHEX" may stand. */
static uint32_t read_number(const char *text)
{
        struct span rest = { text, text ? strlen(text) : 0 };
        int64_t number;

        if (!digits(&rest, 10, &number) || number > UINT32_MAX)
                return 0;
        return rest.length == 0 || rest.at[0] == '(' ? (uint32_t)number : 0;
}

static uint32_t read_hex(const char *text)
{
        char *end;
        unsigned long number;

        if (!text || strncmp(text, "0x", 2) != 0)
                return 0;
        number = strtoul(text, &end, 16);
        return *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* What a record says, with room for what is not said word for word. */
struct reading {
        struct audit_record record;
        struct inet_addr source;
        struct inet_addr destination;
        bool source_network; /* a prefix length is told */
        bool destination_network;
        char *operation; /* copies: the parser's texts last until the next field */
        char *context;
        char *login_user;
        char source_text[INET_ADDR_TEXT_SIZE];
        char destination_text[INET_ADDR_TEXT_SIZE];
};

static void release_reading(struct reading *r)
{
        free(r->operation);
        free(r->context);
        free(r->login_user);
}

static void read_address(const char *text, struct inet_addr *address)
{
        uint8_t prefix = address->prefix;

        if (address->type == INET_ADDR_UNKNOWN && text) {
                inet_addr_parse(address, text, strlen(text));
                address->prefix = prefix; /* which may stand before the address */
        }
}

static uint8_t read_prefix(const char *text)
{
        uint32_t number = read_number(text);

        return number <= 128 ? (uint8_t)number : 128;
}

static void keep(char **place, char *text)
{
        if (*place)
                free(text);
        else
                *place = text;
}

static uint8_t read_result(const char *text)
{
        if (text && strcmp(text, "1") == 0)
                return AUDIT_SUCCESS;
        return text && strcmp(text, "0") == 0 ? AUDIT_FAILURE : AUDIT_NO_RESULT;
}

/* Of a key that comes twice the first counts: the kernel writes none twice. */
static void take_field(struct reading *r, auparse_state_t *au)
{
        const char *name = auparse_get_field_name(au), *text = auparse_get_field_str(au);
        struct audit_record *record = &r->record;

        if (!name || !text)
                return;
        if (strcmp(name, "op") == 0)
                keep(&r->operation, copy_text(text));
        else if (strcmp(name, "src") == 0)
                read_address(text, &r->source);
        else if (strcmp(name, "dst") == 0)
                read_address(text, &r->destination);
        else if (strcmp(name, "src_prefixlen") == 0 && !r->source_network) {
                r->source_network = true;
                r->source.prefix = read_prefix(text);
        } else if (strcmp(name, "dst_prefixlen") == 0 && !r->destination_network) {
                r->destination_network = true;
                r->destination.prefix = read_prefix(text);
        } else if (strcmp(name, "spi") == 0 && record->spi == 0)
                record->spi = read_number(text);
        else if (strcmp(name, "seqno") == 0 && record->sequence == 0)
                record->sequence = read_number(text);
        else if (strcmp(name, "flowlbl") == 0 && record->flow_label == 0)
                record->flow_label = read_hex(text);
        else if (strcmp(name, "res") == 0 && record->result == AUDIT_NO_RESULT)
                record->result = read_result(text);
        else if (strcmp(name, "auid") == 0)
                keep(&r->login_user, copy_user(au));
        else if (strcmp(name, "ses") == 0 && record->session == 0 && strcmp(text, UNSET) != 0)
                record->session = read_number(text);
        else if (strcmp(name, "subj") == 0)
                keep(&r->context, copy_text(text));
}

static bool is_of_packet(const char *operation)
{
        return strncmp(operation, "SA-", 3) == 0;
}

/* As the journal has it: SAs and packets are the kernel's. */
static uint8_t entity_of(const char *operation)
{
        if (strncmp(operation, "SPD-", 4) == 0)
                return ENTITY_POLICY;
        if (strncmp(operation, "SAD-", 4) == 0 || is_of_packet(operation))
                return ENTITY_KERNEL;
        return ENTITY_UNKNOWN;
}

static const char *address_text(const struct inet_addr *address, bool is_network,
                                char text[INET_ADDR_TEXT_SIZE])
{
        if (is_network)
                inet_addr_prefix_text(address, text);
        else
                inet_addr_text(address, text);
        return text;
}

/* False: it is none. */
static bool read_record(struct audit_log *l, const struct waiting *w, struct reading *r)
{
        memset(r, 0, sizeof(*r));
        r->record.result = AUDIT_NO_RESULT;
        if (!open_record(l, w->line, w->length))
                return false;
        do
                take_field(r, l->parser);
        while (auparse_next_field(l->parser) > 0);
        if (!r->operation)
                return false;
        r->record.operation = r->operation;
        r->record.entity = entity_of(r->operation);
        r->record.context = r->context;
        r->record.login_user = r->login_user;
        r->record.source = address_text(&r->source, r->source_network, r->source_text);
        r->record.destination =
                address_text(&r->destination, r->destination_network, r->destination_text);
        return true;
}

/* A packet interrupts whoever runs just then: that program has nothing to do with it. */
static int hand_out(struct audit_log *l, const struct waiting *w)
{
        const struct call *call = w->call;
        struct reading r;
        int err = 0;

        if (read_record(l, w, &r)) {
                r.record.id = call->id;
                r.record.time = call->seconds;
                r.record.node = call->id + call->id_length + 1;
                if (!is_of_packet(r.operation)) {
                        r.record.program = call->program;
                        r.record.process = call->process;
                        r.record.user = call->user;
                }
                err = l->take(l->context, &r.record);
        } else {
                l->damaged++;
        }
        release_reading(&r);
        return err;
}

/* ---- records that wait for the call that they are of ---- */

static void free_call(struct audit_log *l, struct call *call)
{
        struct call **place = &l->calls;

        while (*place != call)
                place = &(*place)->next;
        *place = call->next;
        if (!*place)
                l->calls_end = place;
        l->n_calls--;
        free(call->program);
        free(call->user);
        free(call);
}

static void drop_first(struct audit_log *l)
{
        struct waiting *w = l->first;

        l->first = w->next;
        if (!l->first)
                l->end = &l->first;
        l->octets -= w->length;
        if (--w->call->records == 0)
                free_call(l, w->call);
        free(w);
}

/* Hands out those in front whose call is known. */
static int release(struct audit_log *l)
{
        int err = 0;

        while (err == 0 && l->first && l->first->call->known) {
                err = hand_out(l, l->first);
                drop_first(l);
        }
        return err;
}

static bool is_call(const struct call *call, const struct head *h)
{
        const char *node = call->id + call->id_length + 1;

        return call->id_length == h->id.length &&
               memcmp(call->id, h->id.at, call->id_length) == 0 && strlen(node) == h->node.length &&
               (h->node.length == 0 || memcmp(node, h->node.at, h->node.length) == 0);
}

static struct call *find_call(const struct audit_log *l, const struct head *h)
{
        struct call *call = l->calls;

        while (call && !is_call(call, h))
                call = call->next;
        return call;
}

static struct call *add_call(struct audit_log *l, const struct head *h)
{
        struct call *call = calloc(1, sizeof(*call) + h->id.length + h->node.length + 2);

        if (!call)
                return NULL;
        memcpy(call->id, h->id.at, h->id.length);
        call->id_length = h->id.length;
        if (h->node.length > 0)
                memcpy(call->id + h->id.length + 1, h->node.at, h->node.length);
        call->seconds = h->seconds;
        *l->calls_end = call;
        l->calls_end = &call->next;
        l->n_calls++;
        return call;
}

static int add_record(struct audit_log *l, const struct head *h, const char *line, size_t length)
{
        struct call *call = find_call(l, h);
        struct waiting *w = malloc(sizeof(*w) + length + 1);

        if (w && !call) {
                call = add_call(l, h);
                if (call)
                        call->known = memmem(line, length, PACKET_WORD, strlen(PACKET_WORD));
        }
        if (!w || !call) {
                free(w);
                return -ENOMEM;
        }
        call->records++;
        w->next = NULL;
        w->call = call;
        w->length = length;
        memcpy(w->line, line, length + 1);
        *l->end = w;
        l->end = &w->next;
        l->octets += length;
        return 0;
}

/* Too much waits: the first ones go as they are. */
static int make_room(struct audit_log *l)
{
        int err = 0;

        while (err == 0 && (l->n_calls >= CALLS_MAX || l->octets > AUDIT_LOG_WAITING_MAX)) {
                l->first->call->known = true;
                err = release(l);
        }
        return err;
}

/* The record of the call: exe= is the program. */
static void read_call(struct audit_log *l, struct call *call, const char *line, size_t length)
{
        auparse_state_t *au = l->parser;

        call->known = true;
        if (!open_record(l, line, length))
                return;
        do {
                const char *name = auparse_get_field_name(au);

                if (name && strcmp(name, "exe") == 0)
                        keep(&call->program, copy_text(auparse_interpret_field(au)));
                else if (name && strcmp(name, "pid") == 0 && call->process == 0)
                        call->process = read_number(auparse_get_field_str(au));
                else if (name && strcmp(name, "uid") == 0)
                        keep(&call->user, copy_user(au));
        } while (auparse_next_field(au) > 0);
}

static bool is_type(const struct head *h, const char *name)
{
        return h->type.length == strlen(name) && memcmp(h->type.at, name, h->type.length) == 0;
}

/* 1415: an audit daemon that is older than the record's name. */
static bool is_of_ipsec(const struct head *h)
{
        return is_type(h, "MAC_IPSEC_EVENT") || is_type(h, "UNKNOWN[1415]");
}

static void expire(struct audit_log *l, int64_t seconds)
{
        for (struct call *call = l->calls; call; call = call->next)
                if (seconds - call->seconds >= CALL_SECONDS)
                        call->known = true;
}

/* Another record than those of IPsec, of an event that has some. */
static void take_companion(struct audit_log *l, const struct head *h, const char *line,
                           size_t length)
{
        struct call *call = find_call(l, h);

        if (call && is_type(h, "SYSCALL"))
                read_call(l, call, line, length);
        else if (call)
                call->known = true; /* these come behind the one of the call */
}

int audit_log_read(struct audit_log *l, const char *line, size_t length)
{
        struct span rest = { line, length };
        struct head h;
        bool good, wanted;
        int err = 0;

        good = read_type(&rest, &h);
        wanted = good && is_of_ipsec(&h);
        if (good && !wanted && !l->first)
                return 0;
        if (!good || !read_id(&rest, &h)) {
                l->damaged++;
                return 0;
        }
        if (l->first && h.seconds - l->first->call->seconds >= CALL_SECONDS)
                expire(l, h.seconds);
        if (!wanted)
                take_companion(l, &h, line, length);
        else
                err = make_room(l);
        if (err == 0 && wanted)
                err = add_record(l, &h, line, length);
        return err == 0 ? release(l) : err;
}

uint64_t audit_log_damaged(const struct audit_log *l)
{
        return l->damaged;
}

int audit_log_end(struct audit_log *l)
{
        for (struct call *call = l->calls; call; call = call->next)
                call->known = true;
        return release(l);
}

void audit_log_free(struct audit_log *l)
{
        if (!l)
                return;
        while (l->first)
                drop_first(l);
        auparse_destroy(l->parser);
        free(l);
}

#else

struct audit_log {
        char none;
};

int audit_log_new(audit_log_take_record *take, void *context, struct audit_log **log)
{
        (void)take;
        (void)context;
        (void)log;
        return -ENOSYS;
}

void audit_log_free(struct audit_log *log)
{
        (void)log;
}

int audit_log_read(struct audit_log *log, const char *line, size_t length)
{
        (void)log;
        (void)line;
        (void)length;
        return 0;
}

uint64_t audit_log_damaged(const struct audit_log *log)
{
        (void)log;
        return 0;
}

int audit_log_end(struct audit_log *log)
{
        (void)log;
        return 0;
}

#endif
