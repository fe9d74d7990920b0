#include "audit_parse.h"

#include <errno.h>
#include <string.h>

struct text {
        const char *at;
        size_t length;
};

static const char *const words[AUDIT_OPERATIONS] = {
        [AUDIT_SA_ADDED] = "SAD-add",
        [AUDIT_SA_REMOVED] = "SAD-delete",
        [AUDIT_POLICY_ADDED] = "SPD-add",
        [AUDIT_POLICY_REMOVED] = "SPD-delete",
        [AUDIT_PACKET_WITHOUT_SA] = "SA-notfound",
        [AUDIT_INTEGRITY_FAILURE] = "SA-icv-failure",
        [AUDIT_PACKET_REPLAYED] = "SA-replayed-pkt",
        [AUDIT_NUMBERS_EXHAUSTED] = "SA-replay-overflow",
};

static bool is_word(struct text text, const char *word)
{
        return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

static bool skip(struct text *rest, const char *word)
{
        size_t length = strlen(word);

        if (rest->length < length || memcmp(rest->at, word, length) != 0)
                return false;
        rest->at += length;
        rest->length -= length;
        return true;
}

/* What stands before the octet, which is skipped, or all that is left. */
static struct text cut(struct text *rest, char octet)
{
        const char *found = rest->length > 0 ? memchr(rest->at, octet, rest->length) : NULL;
        struct text taken = { rest->at, found ? (size_t)(found - rest->at) : rest->length };
        size_t step = taken.length + (found ? 1 : 0);

        rest->at += step;
        rest->length -= step;
        return taken;
}

/* Decimal digits, at most 32 bits, behind which "(0xHEX)" may stand; 0 for what is none. */
static uint32_t read_number(struct text text)
{
        uint64_t number = 0;
        size_t n = 0;

        while (n < text.length && text.at[n] >= '0' && text.at[n] <= '9' && number <= UINT32_MAX)
                number = 10 * number + (uint64_t)(text.at[n++] - '0');
        if (number > UINT32_MAX || (n < text.length && text.at[n] != '('))
                return 0;
        return (uint32_t)number;
}

static enum audit_operation read_operation(struct text text)
{
        for (int i = AUDIT_OTHER + 1; i < AUDIT_OPERATIONS; i++)
                if (is_word(text, words[i]))
                        return (enum audit_operation)i;
        return AUDIT_OTHER;
}

/* Its prefix length may stand before it. */
static void read_address(struct text text, struct inet_addr *address)
{
        uint8_t prefix = address->prefix;

        if (text.length > 0 && !memchr(text.at, '/', text.length) &&
            inet_addr_parse(address, text.at, text.length))
                address->prefix = prefix;
}

static void read_prefix(struct text text, struct inet_addr *address)
{
        uint32_t bits = read_number(text);

        address->prefix = bits <= 128 ? (uint8_t)bits : 128;
}

static void take(struct audit_message *m, struct text key, struct text value)
{
        if (is_word(key, "op"))
                m->operation = read_operation(value);
        else if (is_word(key, "src"))
                read_address(value, &m->source);
        else if (is_word(key, "dst"))
                read_address(value, &m->destination);
        else if (is_word(key, "src_prefixlen"))
                read_prefix(value, &m->source);
        else if (is_word(key, "dst_prefixlen"))
                read_prefix(value, &m->destination);
        else if (is_word(key, "spi"))
                m->spi = read_number(value);
        else if (is_word(key, "seqno"))
                m->sequence = read_number(value);
        else if (is_word(key, "res"))
                m->failed = is_word(value, "0");
}

static bool is_id(struct text text)
{
        size_t n = 0;

        while (n < text.length &&
               ((text.at[n] >= '0' && text.at[n] <= '9') || text.at[n] == '.' || text.at[n] == ':'))
                n++;
        return n > 0 && n == text.length && n < AUDIT_ID_SIZE;
}

/* Of no address there is no network. */
static void clear_unknown(struct inet_addr *address)
{
        if (address->type == INET_ADDR_UNKNOWN)
                address->prefix = 0;
}

int audit_parse(const char *text, size_t length, struct audit_message *m)
{
        struct text rest = { text, length }, id;
        bool has_operation = false;

        memset(m, 0, sizeof(*m));
        if (!skip(&rest, "audit("))
                return -EBADMSG;
        id = cut(&rest, ')');
        if (!is_id(id) || !skip(&rest, ": "))
                return -EBADMSG;
        memcpy(m->id, id.at, id.length);
        while (rest.length > 0) {
                struct text value = cut(&rest, ' '), key = cut(&value, '=');

                has_operation = has_operation || is_word(key, "op");
                take(m, key, value);
        }
        clear_unknown(&m->source);
        clear_unknown(&m->destination);
        return has_operation ? 0 : -EBADMSG;
}
