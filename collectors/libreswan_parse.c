/* States, traffic and counters; connections are in libreswan_conns.c. */
#include "libreswan_parse.h"

#include "libreswan_text.h"
#include "tables/algorithm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- lines ---- */

/* "000 "; --globalstatus has none. */
static void skip_code(struct libreswan_text *line)
{
        if (line->length < 4 || line->at[3] != ' ')
                return;
        for (size_t i = 0; i < 3; i++)
                if (line->at[i] < '0' || line->at[i] > '9')
                        return;
        text_skip(line, 4);
}

bool libreswan_next_line(struct libreswan_text *answer, struct libreswan_text *line)
{
        const char *end;

        if (answer->length == 0)
                return false;
        end = memchr(answer->at, '\n', answer->length);
        line->at = answer->at;
        line->length = end ? (size_t)(end - answer->at) : answer->length;
        text_skip(answer, line->length + (end ? 1 : 0));
        if (line->length > 0 && line->at[line->length - 1] == '\r')
                line->length--;
        skip_code(line);
        return true;
}

enum libreswan_line libreswan_kind(struct libreswan_text line)
{
        struct libreswan_text name;
        uint32_t instance;

        if (text_begins(line, "\""))
                return libreswan_conn_name(&line, &name, &instance) && text_begins(line, ": ")
                               ? LIBRESWAN_CONNECTION
                               : LIBRESWAN_OTHER;
        if (libreswan_state_id(line) == 0)
                return LIBRESWAN_OTHER;
        return text_find(line, " (") ? LIBRESWAN_STATE : LIBRESWAN_SPIS;
}

/* ---- names ---- */

/* A name has no quotes in it: ipsec.conf allows none. */
bool libreswan_conn_name(struct libreswan_text *line, struct libreswan_text *name,
                         uint32_t *instance)
{
        struct libreswan_text rest = *line;
        const char *quote;
        uint64_t number;

        *instance = 0;
        if (!text_take(&rest, "\""))
                return false;
        quote = rest.length > 0 ? memchr(rest.at, '"', rest.length) : NULL;
        if (!quote || quote == rest.at)
                return false;
        name->at = rest.at;
        name->length = (size_t)(quote - rest.at);
        text_skip(&rest, name->length + 1);
        *line = rest;
        if (!text_take(&rest, "[") || !text_number(&rest, 10, &number) || number > UINT32_MAX ||
            !text_take(&rest, "]"))
                return true;
        *instance = (uint32_t)number;
        *line = rest;
        return true;
}

/* ---- states ---- */

struct state_name {
        const char *name;
        uint8_t ike;   /* enum ike_state; 0: it is a child SA */
        uint8_t child; /* enum child_state */
        uint8_t version;
        bool authenticating; /* the peer has answered, and is to prove who it is, or this side is */
};

/* Without "STATE_" and "V2_". The longest that fits counts, so that more of them fit than stand
 * here.
 */
static const struct state_name state_names[] = {
        { "ESTABLISHED_IKE_SA", IKE_ESTABLISHED, 0, IKE_V2, false },
        { "ESTABLISHED_CHILD_SA", 0, CHILD_SA_INSTALLED, IKE_V2, false },
        { "PARENT_", IKE_CONNECTING, 0, IKE_V2, false },
        { "IKE_SA_INIT_", IKE_CONNECTING, 0, IKE_V2, false },
        { "IKE_INTERMEDIATE_", IKE_CONNECTING, 0, IKE_V2, false },
        { "IKE_AUTH_", IKE_CONNECTING, 0, IKE_V2, false },
        { "IKE_AUTH_CHILD_", 0, CHILD_SA_CREATED, IKE_V2, false },
        { "NEW_CHILD_", 0, CHILD_SA_CREATED, IKE_V2, false },
        { "REKEY_CHILD_", 0, CHILD_SA_CREATED, IKE_V2, false },
        { "REKEY_IKE_", IKE_CONNECTING, 0, IKE_V2, false },
        { "IKE_SA_DELETE", IKE_DELETING, 0, IKE_V2, false },
        { "CHILD_SA_DELETE", 0, CHILD_SA_DELETING, IKE_V2, false },
        { "MAIN_", IKE_CONNECTING, 0, IKE_V1, false },
        { "MAIN_R2", IKE_CONNECTING, 0, IKE_V1, true },
        { "MAIN_I3", IKE_CONNECTING, 0, IKE_V1, true },
        { "MAIN_R3", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "MAIN_I4", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "AGGR_", IKE_CONNECTING, 0, IKE_V1, false },
        { "AGGR_I2", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "AGGR_R2", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "XAUTH_", IKE_CONNECTING, 0, IKE_V1, true },
        { "XAUTH_R1", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "XAUTH_I1", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "MODE_CFG_", IKE_ESTABLISHED, 0, IKE_V1, false },
        { "QUICK_", 0, CHILD_SA_CREATED, IKE_V1, false },
        { "QUICK_R1", 0, CHILD_SA_INSTALLING, IKE_V1, false },
        { "QUICK_I2", 0, CHILD_SA_INSTALLED, IKE_V1, false },
        { "QUICK_R2", 0, CHILD_SA_INSTALLED, IKE_V1, false },
};

static const struct state_name *find_state_name(struct libreswan_text name)
{
        const struct state_name *best = NULL;

        text_take(&name, "STATE_");
        text_take(&name, "V2_");
        for (size_t i = 0; i < COUNT(state_names); i++)
                if (text_begins(name, state_names[i].name) &&
                    (!best || strlen(state_names[i].name) > strlen(best->name)))
                        best = &state_names[i];
        return best;
}

/* MAIN_I4, QUICK_R2, V2_PARENT_I1: an I or an R with a number ends the name. */
static uint8_t role_of(struct libreswan_text name)
{
        while (name.length > 1 && name.at[name.length - 1] >= '0' &&
               name.at[name.length - 1] <= '9')
                name.length--;
        if (name.length < 2 || name.at[name.length - 2] != '_')
                return ROLE_UNKNOWN;
        switch (name.at[name.length - 1]) {
        case 'I':
                return ROLE_INITIATOR;
        case 'R':
                return ROLE_RESPONDER;
        default:
                return ROLE_UNKNOWN;
        }
}

/* "#12: " */
static uint32_t take_id(struct libreswan_text *line)
{
        struct libreswan_text rest = *line;
        uint64_t number;

        if (!text_take(&rest, "#") || !text_number(&rest, 10, &number) || number > UINT32_MAX ||
            !text_take(&rest, ": \""))
                return 0;
        text_skip(line, (size_t)(rest.at - line->at) - 1);
        return (uint32_t)number;
}

uint32_t libreswan_state_id(struct libreswan_text line)
{
        return take_id(&line);
}

static void set_name(struct libreswan_state *state, struct libreswan_text name)
{
        const struct state_name *found = find_state_name(name);

        state->version = found->version;
        state->is_child = found->ike == 0;
        state->ike_state = found->ike;
        state->child_state = found->child;
        state->authenticating = found->authenticating;
        state->role = role_of(name);
}

/* " 192.0.2.9:4500 ", ":500 ", "(tcp)": what stands between the name and the state. */
static void set_peer(struct libreswan_state *state, struct libreswan_text peer)
{
        size_t colon = peer.length;
        struct libreswan_text port;
        uint64_t number;

        while (colon > 0 && peer.at[colon - 1] != ':')
                colon--;
        if (colon == 0)
                return;
        port = (struct libreswan_text){ peer.at + colon, peer.length - colon };
        if (text_number(&port, 10, &number) && number <= UINT16_MAX)
                state->port = (uint16_t)number;
        peer.length = colon - 1;
        text_take(&peer, " ");
        if (!inet_addr_parse(&state->peer, peer.at, peer.length))
                memset(&state->peer, 0, sizeof(state->peer));
}

static int64_t seconds_after(struct libreswan_text line, const char *word)
{
        struct libreswan_text rest;
        uint64_t number;

        return text_after(line, word, &rest) && text_number(&rest, 10, &number) &&
                               number <= INT32_MAX
                       ? (int64_t)number
                       : -1;
}

static uint32_t number_after(struct libreswan_text line, const char *word)
{
        struct libreswan_text rest;
        uint64_t number;

        return text_after(line, word, &rest) && text_number(&rest, 10, &number) &&
                               number <= UINT32_MAX
                       ? (uint32_t)number
                       : 0;
}

int libreswan_parse_state(struct libreswan_text line, struct scratch *scratch,
                          struct libreswan_state *state)
{
        struct libreswan_text name, word, peer;
        const char *story;
        size_t begin;

        memset(state, 0, sizeof(*state));
        state->id = take_id(&line);
        if (state->id == 0 || !libreswan_conn_name(&line, &name, &state->instance))
                return -EBADMSG;
        story = text_find(line, " (");
        if (!story)
                return -EBADMSG;
        word = (struct libreswan_text){ line.at, (size_t)(story - line.at) };
        for (begin = word.length; begin > 0 && word.at[begin - 1] != ' '; begin--)
                ;
        peer = (struct libreswan_text){ line.at, begin > 0 ? begin - 1 : 0 };
        text_skip(&word, begin);
        if (word.length == 0)
                return -EBADMSG;
        if (!find_state_name(word))
                return -EOPNOTSUPP;
        set_name(state, word);
        set_peer(state, peer);
        state->name = scratch_text(scratch, name.at, name.length);
        if (!state->name)
                return -ENOMEM;
        text_skip(&line, (size_t)(story - line.at));
        state->rekey_in = seconds_after(line, "; REKEY in ");
        state->replace_in = seconds_after(line, "; REPLACE in ");
        state->expire_in = seconds_after(line, "; EXPIRE in ");
        state->newest = text_find(line, "; newest;") != NULL;
        state->ike_id = number_after(line, "; IKE SA #");
        if (state->ike_id == 0)
                state->ike_id = number_after(line, "; ISAKMP SA #");
        return 0;
}

/* ---- SPIs ---- */

static const struct {
        const char *word;
        uint8_t protocol;
} protocols[] = {
        { "esp", PROTOCOL_ESP },
        { "ah", PROTOCOL_AH },
};

/* "esp.695e2267@192.0.2.2", "esp:1f@2001:db8::1": whose packets to this destination have it */
static bool parse_said(struct libreswan_text word, uint8_t *protocol, uint32_t *spi,
                       struct inet_addr *address)
{
        uint64_t number;
        size_t i;

        for (i = 0; i < COUNT(protocols); i++)
                if (text_take(&word, protocols[i].word))
                        break;
        if (i == COUNT(protocols) || !(text_take(&word, ".") || text_take(&word, ":")) ||
            !text_number(&word, 16, &number) || number == 0 || number > UINT32_MAX ||
            !text_take(&word, "@") || !inet_addr_parse(address, word.at, word.length) ||
            address->type == INET_ADDR_UNKNOWN)
                return false;
        *protocol = protocols[i].protocol;
        *spi = (uint32_t)number;
        return true;
}

/* First the one of packets to the peer, then the one of those from it. ESP tells more than AH. */
static void take_said(struct libreswan_state *state, uint8_t protocol, uint32_t spi,
                      const struct inet_addr *address)
{
        if (state->protocol != protocol) {
                if (state->protocol == PROTOCOL_ESP)
                        return;
                state->protocol = protocol;
                state->spi_out = spi;
                state->spi_in = 0;
                state->remote = *address;
        } else if (state->spi_in == 0) {
                state->spi_in = spi;
                state->local = *address;
        }
}

int libreswan_parse_spis(struct libreswan_text line, struct libreswan_state *state)
{
        struct libreswan_text name, word;
        uint32_t instance;

        if (take_id(&line) != state->id || !libreswan_conn_name(&line, &name, &instance))
                return -EBADMSG;
        while (text_word(&line, &word)) {
                struct inet_addr address;
                uint8_t protocol;
                uint32_t spi;

                if (text_begins(word, "Traffic:"))
                        break;
                if (text_begins(word, "tun.") || text_begins(word, "tun:"))
                        state->tunnel = true;
                if (parse_said(word, &protocol, &spi, &address))
                        take_said(state, protocol, spi, &address);
        }
        return 0;
}

/* ---- traffic and counters ---- */

static uint64_t large_after(struct libreswan_text line, const char *word)
{
        struct libreswan_text rest;
        uint64_t number;

        return text_after(line, word, &rest) && text_number(&rest, 10, &number) ? number : 0;
}

/* A user may be called anything: the name ends where the type is told. */
static void take_user(struct libreswan_text line, struct libreswan_traffic *traffic)
{
        struct libreswan_text rest, user;
        const char *type = text_find(line, ", type=");

        if (!type || !text_after(line, ", username=", &rest) || type < rest.at)
                return;
        user = rest;
        for (; type; type = text_find(rest, ", type=")) {
                user.length = (size_t)(type - user.at);
                text_skip(&rest, (size_t)(type - rest.at) + 1);
        }
        traffic->user = user;
}

/* It stands at the end, behind an identity that may hold anything. */
static void take_lease(struct libreswan_text line, struct libreswan_traffic *traffic)
{
        struct libreswan_text rest = line;
        struct inet_addr address;

        while (text_after(rest, ", lease=", &rest))
                traffic->lease = rest;
        if (!inet_addr_parse(&address, traffic->lease.at, traffic->lease.length))
                traffic->lease.length = 0;
}

int libreswan_parse_traffic(struct libreswan_text line, struct libreswan_traffic *traffic)
{
        struct libreswan_text name;
        uint64_t add_time;
        uint32_t instance;

        memset(traffic, 0, sizeof(*traffic));
        traffic->id = take_id(&line);
        if (traffic->id == 0 || !libreswan_conn_name(&line, &name, &instance))
                return -EBADMSG;
        add_time = large_after(line, ", add_time=");
        traffic->add_time = add_time <= UINT32_MAX ? (int64_t)add_time : 0;
        traffic->octets_in = large_after(line, ", inBytes=");
        traffic->octets_out = large_after(line, ", outBytes=");
        take_user(line, traffic);
        take_lease(line, traffic);
        return 0;
}

bool libreswan_parse_total(struct libreswan_text line, uint64_t *total)
{
        struct libreswan_text rest;

        return text_begins(line, "total.") && text_after(line, "=", &rest) &&
               text_number(&rest, 10, total);
}

static const struct {
        const char *key;
        enum libreswan_total total;
} failures[] = {
        { "total.ikev2.ike.finished.auth-failed=", LIBRESWAN_AUTH_FAILED },
        { "total.ikev2.recv.notifies.error.AUTHENTICATION_FAILED=", LIBRESWAN_AUTH_REFUSED },
};

enum libreswan_total libreswan_total_kind(struct libreswan_text line)
{
        for (size_t i = 0; i < COUNT(failures); i++)
                if (text_begins(line, failures[i].key))
                        return failures[i].total;
        return LIBRESWAN_TOTAL_OTHER;
}

bool libreswan_parse_version(struct libreswan_text line, char *version, size_t room)
{
        struct libreswan_text rest;
        size_t length = 0;

        if (!text_take(&line, "Libreswan ")) {
                if (!text_after(line, "pluto_version=", &rest))
                        return false;
                line = rest;
        }
        while (length < line.length && length + 1 < room && line.at[length] > ' ' &&
               line.at[length] <= '~' && line.at[length] != ',')
                length++;
        memcpy(version, line.at, length);
        version[length] = '\0';
        return length > 0;
}

/* ---- algorithms ---- */

/* "AES_CBC_256": three digits behind the last '_' are bits. */
static uint32_t cut_key_bits(char *name)
{
        char *digits = strrchr(name, '_');
        struct libreswan_text text;
        uint64_t bits;

        if (!digits || strlen(digits + 1) != 3)
                return 0;
        text = (struct libreswan_text){ digits + 1, 3 };
        if (!text_number(&text, 10, &bits) || text.length > 0)
                return 0;
        *digits = '\0';
        return (uint32_t)bits;
}

/* "MODP2048" and "DH19" */
static void describe_group(const char *name, struct algorithm *a)
{
        char other[ALGORITHM_TEXT_SIZE];
        struct libreswan_text digits;
        uint64_t number;

        digits = (struct libreswan_text){ name, strlen(name) };
        if (text_take(&digits, "DH") && text_number(&digits, 10, &number) && digits.length == 0 &&
            number <= UINT16_MAX && algorithm_ike_group_number((uint16_t)number, a))
                return;
        digits = (struct libreswan_text){ name, strlen(name) };
        if (text_take(&digits, "MODP")) {
                snprintf(other, sizeof(other), "MODP_%s", digits.at);
                algorithm_ike_group(other, a);
                return;
        }
        algorithm_ike_group(name, a);
}

static void describe_prf(const char *name, struct algorithm *a)
{
        char other[ALGORITHM_TEXT_SIZE];

        if (strcmp(name, "AES_XCBC") == 0 || strcmp(name, "AES_CMAC") == 0)
                snprintf(other, sizeof(other), "PRF_AES128_%s", name + 4);
        else
                snprintf(other, sizeof(other), "PRF_%s", name);
        algorithm_ike_prf(other, a);
}

/* IKEv1 has but one hash: its HMAC is the PRF, and guards the messages (RFC 2409). */
static void describe_hash(const char *prf, struct algorithm *a)
{
        static const char *const digests[][2] = {
                { "HMAC_MD5", "HMAC_MD5_96" },
                { "HMAC_SHA1", "HMAC_SHA1_96" },
                { "HMAC_SHA2_256", "HMAC_SHA2_256_128" },
                { "HMAC_SHA2_384", "HMAC_SHA2_384_192" },
                { "HMAC_SHA2_512", "HMAC_SHA2_512_256" },
        };

        for (size_t i = 0; i < COUNT(digests); i++) {
                if (strcmp(digests[i][0], prf) == 0) {
                        algorithm_ike_integrity(digests[i][1], a);
                        return;
                }
        }
        algorithm_ike_integrity(prf, a);
}

void libreswan_parse_algorithms(const char *text, uint8_t version, struct scratch *scratch,
                                struct ike_sa *row)
{
        char parts[4][ALGORITHM_TEXT_SIZE];
        struct algorithm a;
        size_t n = 0;
        uint32_t bits;

        while (*text && n < COUNT(parts)) {
                size_t length = strcspn(text, "-");

                snprintf(parts[n++], sizeof(parts[0]), "%.*s", (int)length, text);
                text += length + (text[length] ? 1 : 0);
        }
        if (n < 3)
                return;
        bits = cut_key_bits(parts[0]);
        algorithm_ike_encryption(parts[0], bits, &a);
        row->encryption = scratch_text(scratch, a.text, strlen(a.text));
        row->encryption_key_bits = a.key_bits;
        row->encryption_transform = a.transform;
        describe_prf(parts[n - 2], &a);
        row->prf = scratch_text(scratch, a.text, strlen(a.text));
        row->prf_transform = a.transform;
        describe_group(parts[n - 1], &a);
        row->dh_group_name = scratch_text(scratch, a.text, strlen(a.text));
        row->dh_group = a.transform;
        if (version != IKE_V1 && n < 4)
                return; /* pluto does not tell */
        if (n == 4)
                algorithm_ike_integrity(parts[1], &a);
        else
                describe_hash(parts[1], &a);
        row->integrity = scratch_text(scratch, a.text, strlen(a.text));
        row->integrity_transform = a.transform;
}
