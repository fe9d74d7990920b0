#include "certificate.h"

const struct label certificate_kinds[] = {
        { CERTIFICATE_END_ENTITY, "endEntity" },
        { CERTIFICATE_CA, "ca" },
        { CERTIFICATE_ATTRIBUTE_AUTHORITY, "attributeAuthority" },
        { CERTIFICATE_OCSP_SIGNER, "ocspSigner" },
        { CERTIFICATE_ATTRIBUTE, "attributeCertificate" },
        { CERTIFICATE_CRL, "crl" },
        { CERTIFICATE_PUBLIC_KEY, "publicKey" },
        { CERTIFICATE_KIND_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column certificate_index[] = {
        OCTETS(1, "ipsrCertificateFingerprint", struct certificate, fingerprint),
};

static const struct column columns[] = {
        STRING(2, "ipsrCertificateSubject", struct certificate, subject),
        STRING(3, "ipsrCertificateIssuer", struct certificate, issuer),
        STRING(4, "ipsrCertificateSerial", struct certificate, serial),
        DATE(5, "ipsrCertificateNotBefore", struct certificate, not_before),
        DATE(6, "ipsrCertificateNotAfter", struct certificate, not_after),
        DAYS_LEFT(7, "ipsrCertificateDaysLeft", struct certificate, not_after),
        TRUTH(8, "ipsrCertificatePrivateKeyFlag", struct certificate, private_key),
        ENUMERATION(9, "ipsrCertificateKind", struct certificate, kind, certificate_kinds),
        STRING(10, "ipsrCertificateUsedBy", struct certificate, used_by),
        STRING(11, "ipsrCertificateFingerprintText", struct certificate, fingerprint_text),
        STRING(12, "ipsrCertificateDaemon", struct certificate, daemon),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct certificate, kind);
}

const struct table_type certificate_type = {
        .number = 16,
        .name = "ipsrCertificateTable",
        .stem = "ipsrCertificate",
        .json = "certificate",
        TABLE_INDEX(certificate_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct certificate),
        .source_size = offsetof(struct certificate, used_by),
        .key_length = key_length,
};
