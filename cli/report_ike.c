/* -ike: what the IKE daemons have configured for each peer. HP shows no example; the manner is
 * HP's.
 */
#include "config.h"

#include "ike_text.h"
#include "report.h"
#include "tables/ike_policy.h"
#include "text.h"

#include <string.h>

static const uint16_t members[] = {
        NEEDS(struct ike_policy, name),
        NEEDS(struct ike_policy, version),
        NEEDS(struct ike_policy, local_addresses),
        NEEDS(struct ike_policy, remote_addresses),
        NEEDS(struct ike_policy, local_port),
        NEEDS(struct ike_policy, remote_port),
        NEEDS(struct ike_policy, local_auth_method),
        NEEDS(struct ike_policy, remote_auth_method),
        NEEDS(struct ike_policy, local_identity),
        NEEDS(struct ike_policy, remote_identity),
        NEEDS(struct ike_policy, local_eap_identity),
        NEEDS(struct ike_policy, remote_eap_identity),
        NEEDS(struct ike_policy, local_cas),
        NEEDS(struct ike_policy, remote_cas),
        NEEDS(struct ike_policy, rekey_seconds),
        NEEDS(struct ike_policy, reauth_seconds),
        NEEDS(struct ike_policy, dpd_seconds),
        NEEDS(struct ike_policy, proposals),
};

static const char *const sources[] = { IKE_DAEMON_NAMES, SOURCE_ANY_DAEMON, NULL };

/* Where the second field of a line begins, and what is between two fields at the least. */
enum { SECOND_FIELD = 38 };
static const char between[] = "   ";

/* A line of several fields. */
struct line {
        FILE *file;
        size_t n;     /* fields so far */
        size_t width; /* columns of a terminal */
};

static void line_put(struct line *line, const char *text)
{
        char escaped[TEXT_ESCAPED_SIZE];

        text_escape(text, escaped);
        text_plain(line->file, escaped);
        line->width += text_width(escaped);
}

static void line_put_number(struct line *line, uint32_t number)
{
        char digits[16];

        snprintf(digits, sizeof(digits), "%u", number);
        line_put(line, digits);
}

/* Begins a field; columns: where, if there is room. */
static void line_field(struct line *line, const char *label, size_t column)
{
        if (line->n++ > 0) {
                line_put(line, between);
                while (line->width < column)
                        line_put(line, " ");
        }
        line_put(line, label);
        line_put(line, ": ");
}

static void line_named(struct line *line, const char *label, const char *text, size_t column)
{
        if (!text || !*text)
                return;
        line_field(line, label, column);
        line_put(line, text);
}

static void line_end(struct line *line)
{
        if (line->n > 0)
                text_plain(line->file, "\n");
        line->n = line->width = 0;
}

static const char *version_text(uint8_t version)
{
        switch (version) {
        case IKE_V1:
                return "1";
        case IKE_V2:
                return "2";
        case IKE_ANY:
                return "1 or 2";
        default:
                return NULL;
        }
}

/* "192.0.2.1/500"; behind a network or several addresses a port is written out. */
static void put_addresses(struct line *line, const char *label, const char *addresses,
                          uint16_t port, size_t column)
{
        if (!addresses)
                return;
        line_field(line, label, column);
        line_put(line, addresses);
        if (port == 0)
                return;
        line_put(line, strpbrk(addresses, "/, ") ? " Port: " : "/");
        line_put_number(line, port);
}

static void print(FILE *file, const void *row, const struct moment *now)
{
        const struct ike_policy *p = row;
        struct line line = { .file = file };
        char methods[IKE_METHODS_SIZE];

        (void)now;
        text_title(file, "IKE Policy");
        line_named(&line, "Policy Name", p->name, 0);
        line_named(&line, "IKE Version", version_text(p->version), SECOND_FIELD);
        line_end(&line);
        put_addresses(&line, "Local IP Addr", p->local_addresses, p->local_port, 0);
        put_addresses(&line, "Remote IP Addr", p->remote_addresses, p->remote_port, SECOND_FIELD);
        line_end(&line);
        ike_methods(p->local_auth_method, p->remote_auth_method, methods);
        line_named(&line, "Auth Method", methods, 0);
        line_named(&line, "Local ID", p->local_identity, SECOND_FIELD);
        line_named(&line, "Remote ID", p->remote_identity, 0);
        line_end(&line);
        line_named(&line, "Local EAP ID", p->local_eap_identity, 0);
        line_named(&line, "Remote EAP ID", p->remote_eap_identity, SECOND_FIELD);
        line_end(&line);
        text_named(file, "Local CA", p->local_cas);
        text_named(file, "Remote CA", p->remote_cas);
        text_named(file, "Proposals", p->proposals);
        line_field(&line, "Rekey Seconds", 0);
        line_put_number(&line, p->rekey_seconds);
        line_field(&line, "Reauth Seconds", 0);
        line_put_number(&line, p->reauth_seconds);
        line_field(&line, "DPD Seconds", 0);
        line_put_number(&line, p->dpd_seconds);
        line_end(&line);
}

const struct report report_ike = {
        .option = "ike",
        .help = "IKE policies: what the IKE daemons have for each peer",
        .type = &ike_policy_type,
        .members = members,
        .n_members = sizeof(members) / sizeof(members[0]),
        .sources = sources,
        .print = print,
        .filters = FILTER_PEER | FILTER_NAME,
        .spaced = true,
};
