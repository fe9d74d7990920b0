#include "strongswan_reasons.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A line begins with the one, and has the other somewhere behind it, if there is any. */
struct pattern {
        const char *begin;
        const char *within;
        enum strongswan_line line;
        enum reason reason;
};

/* strongSwan 5.9.8 to 6.0.x: src/libcharon/sa and src/libstrongswan/credentials. */
static const struct pattern patterns[] = {
        { "initiating ", "IKE_SA ", LINE_BEGINS, REASON_NONE },
        { "", " is initiating a", LINE_BEGINS, REASON_NONE },
        { "giving up after ", " retransmits", LINE_NO_ANSWER, REASON_NONE },
        { "peer not responding, trying again", NULL, LINE_AGAIN, REASON_NONE },
        { "received AUTHENTICATION_FAILED ", NULL, LINE_REASON, REASON_LOCAL_AUTH_FAILED },
        { "received EAP_FAILURE", NULL, LINE_REASON, REASON_LOCAL_AUTH_FAILED },
        { "no private key found for ", NULL, LINE_REASON, REASON_LOCAL_AUTH_FAILED },
        { "tried ", "MAC mismatched", LINE_REASON, REASON_PEER_AUTH_FAILED },
        { "no trusted ", " public key found for ", LINE_CONSEQUENCE, REASON_PEER_AUTH_FAILED },
        { "constraint check failed: ", NULL, LINE_REASON, REASON_PEER_AUTH_FAILED },
        { "EAP method ", " failed for peer ", LINE_REASON, REASON_PEER_AUTH_FAILED },
        { "no matching peer config found", NULL, LINE_REASON, REASON_PEER_AUTH_FAILED },
        { "certificate was revoked ", NULL, LINE_REASON, REASON_CERTIFICATE_REVOKED },
        { "subject certificate invalid ", NULL, LINE_REASON, REASON_CERTIFICATE_EXPIRED },
        { "issuer certificate invalid ", NULL, LINE_REASON, REASON_CERTIFICATE_EXPIRED },
        { "received NO_PROPOSAL_CHOSEN ", NULL, LINE_REASON, REASON_PROPOSAL_MISMATCH },
        { "received proposals unacceptable", NULL, LINE_REASON, REASON_PROPOSAL_MISMATCH },
        { "no acceptable proposal found", NULL, LINE_REASON, REASON_PROPOSAL_MISMATCH },
        { "no proposal found", NULL, LINE_REASON, REASON_PROPOSAL_MISMATCH },
        { "received TS_UNACCEPTABLE ", NULL, LINE_REASON, REASON_SELECTOR_MISMATCH },
        { "received INVALID_ID_INFORMATION ", NULL, LINE_REASON, REASON_SELECTOR_MISMATCH },
        { "traffic selectors ", " unacceptable", LINE_REASON, REASON_SELECTOR_MISMATCH },
        { "unable to install ", " in kernel", LINE_REASON, REASON_INSTALL_FAILED },
        { "deleting half open IKE_SA ", NULL, LINE_REASON, REASON_HALF_OPEN_TIMEOUT },
        { "received DELETE for IKE_SA ", NULL, LINE_REASON, REASON_CLOSED_BY_PEER },
        { "destroying duplicate IKE_SA for peer ", NULL, LINE_REASON, REASON_REPLACED },
        { "deleting duplicate IKE_SA for peer ", NULL, LINE_REASON, REASON_REPLACED },
        { "schedule delete of duplicate IKE_SA for peer ", NULL, LINE_REASON, REASON_REPLACED },
        { "received DELETE for ", " CHILD_SA with SPI ", LINE_CHILD_DELETED, REASON_NONE },
        { "closing CHILD_SA ", "} with SPIs ", LINE_CHILD_CLOSING, REASON_NONE },
        { "closing '", "' #", LINE_CHILD_UNLOADED, REASON_NONE },
        { "vici closing CHILD_SA '", "' #", LINE_CHILD_UNLOADED, REASON_NONE }, /* 6.0 */
        { "closing IKE_SA #", NULL, LINE_IKE_UNLOADED, REASON_NONE },
        { "vici closing IKE_SA '", "' #", LINE_IKE_UNLOADED, REASON_NONE }, /* 6.0 */
        { "added vici connection: ", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "updated vici connection: ", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "replaced vici connection: ", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "removed vici connection: ", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "installing '", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "uninstalling '", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "vici install", NULL, LINE_CONFIGURATION, REASON_NONE }, /* asked for; 6.0: any */
        { "vici uninstall", NULL, LINE_CONFIGURATION, REASON_NONE },
        { "loaded certificate '", NULL, LINE_CONFIGURATION, REASON_NONE },
};

static const struct {
        const char *type;
        enum reason reason; /* REASON_NONE: the peer does not answer */
} alerts[] = {
        { "local-auth-failed", REASON_LOCAL_AUTH_FAILED },
        { "peer-auth-failed", REASON_PEER_AUTH_FAILED },
        { "authorization-failed", REASON_PEER_AUTH_FAILED },
        { "peer-addr-failed", REASON_PEER_UNREACHABLE },
        { "peer-init-unreachable", REASON_PEER_UNREACHABLE },
        { "retransmit-send-timeout", REASON_NONE },
        { "half-open-timeout", REASON_HALF_OPEN_TIMEOUT },
        { "proposal-mismatch-ike", REASON_PROPOSAL_MISMATCH },
        { "proposal-mismatch-child", REASON_PROPOSAL_MISMATCH },
        { "ts-mismatch", REASON_SELECTOR_MISMATCH },
        { "install-child-sa-failed", REASON_INSTALL_FAILED },
        { "install-child-policy-failed", REASON_INSTALL_FAILED },
        { "unique-replace", REASON_REPLACED },
        { "ike-sa-expired", REASON_EXPIRED },
        { "cert-expired", REASON_CERTIFICATE_EXPIRED },
        { "cert-revoked", REASON_CERTIFICATE_REVOKED },
        { "cert-validation-failed", REASON_PEER_AUTH_FAILED },
        { "cert-no-issuer", REASON_PEER_AUTH_FAILED },
        { "cert-untrusted-root", REASON_PEER_AUTH_FAILED },
        { "cert-exceeded-path-len", REASON_PEER_AUTH_FAILED },
        { "cert-policy-violation", REASON_PEER_AUTH_FAILED },
};

static const uint8_t *find(struct vici_slice text, const char *words)
{
        size_t length = strlen(words);

        for (; vici_length(text) >= length; text.at++)
                if (memcmp(text.at, words, length) == 0)
                        return text.at + length;
        return NULL;
}

/* Where the line goes on behind the pattern; NULL: it is not this one. */
static const uint8_t *match(struct vici_slice text, const struct pattern *p)
{
        size_t begin = strlen(p->begin);

        if (vici_length(text) < begin || memcmp(text.at, p->begin, begin) != 0)
                return NULL;
        text.at += begin;
        return p->within ? find(text, p->within) : text.at;
}

static bool read_spi(const uint8_t *at, const uint8_t *end, uint32_t *spi)
{
        char digits[9] = "";
        size_t n = 0;

        while (n < sizeof(digits) - 1 && at < end && strchr("0123456789abcdef", *at) && *at)
                digits[n++] = (char)*at++;
        *spi = (uint32_t)strtoul(digits, NULL, 16);
        return n > 0;
}

/* The digits that end before the brace; they begin behind another one. */
static bool read_child(const uint8_t *begin, const uint8_t *brace, uint32_t *child)
{
        uint64_t number = 0;
        uint64_t place = 1;

        while (brace > begin && brace[-1] >= '0' && brace[-1] <= '9' && place <= UINT32_MAX) {
                number += (uint64_t)(*--brace - '0') * place;
                place *= 10;
        }
        *child = (uint32_t)number;
        return number > 0 && number <= UINT32_MAX && brace > begin && brace[-1] == '{';
}

/* The digits that the line ends with. */
static bool read_id(const uint8_t *at, const uint8_t *end, uint32_t *id)
{
        uint64_t number = 0;

        while (at < end && *at >= '0' && *at <= '9' && number <= UINT32_MAX)
                number = 10 * number + (uint64_t)(*at++ - '0');
        *id = (uint32_t)number;
        return at == end && number > 0 && number <= UINT32_MAX;
}

static bool read_rest(const struct vici_item *msg, const uint8_t *rest,
                      struct strongswan_said *said)
{
        switch (said->line) {
        case LINE_CHILD_DELETED:
                return read_spi(rest, msg->body.end, &said->spi);
        case LINE_CHILD_CLOSING:
                return read_child(msg->body.at, rest - strlen("} with SPIs "), &said->id);
        case LINE_CHILD_UNLOADED:
        case LINE_IKE_UNLOADED:
                return read_id(rest, msg->body.end, &said->id);
        default:
                return true;
        }
}

struct strongswan_said strongswan_said_in_log(const struct vici_item *msg)
{
        struct strongswan_said said = { LINE_OTHER, REASON_NONE, 0, 0 };

        if (msg->kind != VICI_VALUE)
                return said;
        for (size_t i = 0; i < COUNT(patterns); i++) {
                const uint8_t *rest = match(msg->body, &patterns[i]);

                if (!rest)
                        continue;
                said.line = patterns[i].line;
                said.reason = patterns[i].reason;
                if (!read_rest(msg, rest, &said))
                        said.line = LINE_OTHER;
                return said;
        }
        return said;
}

struct strongswan_said strongswan_said_in_alert(const struct vici_item *type)
{
        struct strongswan_said said = { LINE_OTHER, REASON_NONE, 0, 0 };

        for (size_t i = 0; i < COUNT(alerts); i++) {
                if (!vici_equals(type, alerts[i].type))
                        continue;
                said.line = alerts[i].reason == REASON_NONE ? LINE_NO_ANSWER : LINE_REASON;
                said.reason = alerts[i].reason;
        }
        return said;
}
