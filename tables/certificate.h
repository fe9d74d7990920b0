/* ipsrCertificateTable: certificates, revocation lists and public keys that the IKE daemons have.
 */
#ifndef IPSEC_REPORT_TABLES_CERTIFICATE_H
#define IPSEC_REPORT_TABLES_CERTIFICATE_H

#include "table.h"

enum certificate_kind {
        CERTIFICATE_END_ENTITY = 1,
        CERTIFICATE_CA = 2,
        CERTIFICATE_ATTRIBUTE_AUTHORITY = 3,
        CERTIFICATE_OCSP_SIGNER = 4,
        CERTIFICATE_ATTRIBUTE = 5,
        CERTIFICATE_CRL = 6,
        CERTIFICATE_PUBLIC_KEY = 7,
        CERTIFICATE_KIND_UNKNOWN = 8,
};

#define FINGERPRINT_LENGTH 20 /* octets of a SHA-1 hash */

/* One certificate. Its fingerprint is its index and its key. */
struct certificate {
        uint8_t fingerprint[FINGERPRINT_LENGTH]; /* SHA-1 of the encoded certificate */

        uint8_t kind;                 /* enum certificate_kind; list-cert type and flag */
        bool private_key;             /* the daemon has it as well; list-cert has_privkey */
        const char *subject;          /* RFC 4514's manner reversed, as the daemons write it */
        const char *issuer;           /* the same */
        const char *serial;           /* lower-case hexadecimal digits */
        const char *fingerprint_text; /* the same of the fingerprint */
        int64_t not_before;           /* seconds since 1970; 0 none */
        int64_t not_after;            /* the same; of a revocation list: the next one is due */
        const char *daemon;           /* "strongswan", "libreswan", or both */
        int64_t last_seen;            /* seconds since 1970; no column has it */

        /* What the joins fill. */
        const char *used_by; /* names of IKE policies, separated by commas */
};

extern const struct table_type certificate_type;
extern const struct label certificate_kinds[];

#endif
