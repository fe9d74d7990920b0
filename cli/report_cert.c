/* -cert: the certificates that the IKE daemons have, the one that ends first on top. HP has no such
 * report; the manner is HP's. */
#include "config.h"

#include "report.h"
#include "tables/certificate.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint16_t members[] = {
        NEEDS(struct certificate, subject),     NEEDS(struct certificate, issuer),
        NEEDS(struct certificate, serial),      NEEDS(struct certificate, not_before),
        NEEDS(struct certificate, not_after),   NEEDS(struct certificate, kind),
        NEEDS(struct certificate, private_key), NEEDS(struct certificate, used_by),
};

enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

static const char *const sources[] = { IKE_DAEMON_NAMES, SOURCE_ANY_DAEMON, NULL };

static const char *kind_text(uint8_t kind)
{
        switch (kind) {
        case CERTIFICATE_END_ENTITY:
                return "End Entity";
        case CERTIFICATE_CA:
                return "CA";
        case CERTIFICATE_ATTRIBUTE_AUTHORITY:
                return "Attribute Authority";
        case CERTIFICATE_OCSP_SIGNER:
                return "OCSP Signer";
        case CERTIFICATE_ATTRIBUTE:
                return "Attribute Certificate";
        case CERTIFICATE_CRL:
                return "Revocation List";
        case CERTIFICATE_PUBLIC_KEY:
                return "Public Key";
        default:
                return "Unknown";
        }
}

/* Lists and bare keys have none, and need none. */
static bool has_private_key(const struct certificate *certificate)
{
        return certificate->private_key || certificate->kind == CERTIFICATE_END_ENTITY ||
               certificate->kind == CERTIFICATE_PUBLIC_KEY;
}

static void print(FILE *file, const struct certificate *certificate, const struct moment *now)
{
        const struct table_type *type = &certificate_type;

        text_title(file, "Certificate");
        text_named(file, "Subject", certificate->subject);
        text_named(file, "Issuer", certificate->issuer);
        text_named(file, "Serial Number", certificate->serial);
        text_member(file, type, certificate, now, NEEDS(struct certificate, not_before));
        text_member(file, type, certificate, now, NEEDS(struct certificate, not_after));
        text_named(file, "Kind", kind_text(certificate->kind));
        if (has_private_key(certificate))
                text_named(file, "Private Key", certificate->private_key ? "Yes" : "No");
        text_named(file, "Used By", certificate->used_by);
}

/* What never ends comes last. */
static int compare(const void *left, const void *right)
{
        const struct certificate *a = *(const struct certificate *const *)left;
        const struct certificate *b = *(const struct certificate *const *)right;

        if (a->not_after != b->not_after) {
                if (a->not_after == 0 || b->not_after == 0)
                        return a->not_after == 0 ? 1 : -1;
                return a->not_after < b->not_after ? -1 : 1;
        }
        return memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint));
}

static int print_parts(FILE *file, const struct rows *const *read, const struct moment *now,
                       bool verbose)
{
        size_t n = rows_count(read[0]);
        const struct certificate **sorted = calloc(n + 1, sizeof(struct certificate *));

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                sorted[i] = rows_at(read[0], i);
        if (n > 0)
                qsort((void *)sorted, n, sizeof(struct certificate *), compare);
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        text_plain(file, "\n");
                print(file, sorted[i], now);
                if (verbose)
                        text_columns(file, &certificate_type, sorted[i], now, members, N_MEMBERS);
        }
        free((void *)sorted);
        return 0;
}

static const struct report certificates = {
        .type = &certificate_type,
        .members = members,
        .n_members = N_MEMBERS,
};

static const struct report *const parts[] = { &certificates, NULL };

const struct report report_cert = {
        .option = "cert",
        .help = "certificates of the IKE daemons, and how long they are valid",
        .beside_all = true,
        .sources = sources,
        .parts = parts,
        .print_parts = print_parts,
        .filters = FILTER_NAME,
};
