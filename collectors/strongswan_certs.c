/* Certificates, as list-cert events tell them: DER, read by OpenSSL. */
#include "strongswan_fields.h"

#include "strongswan_certs.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* C=CH, O=strongSwan, CN=moon: as the daemons write it. */
#define NAME_FLAGS                                                                                 \
        ((ASN1_STRFLGS_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) | XN_FLAG_SEP_CPLUS_SPC |   \
         XN_FLAG_FN_SN)

enum type {
        TYPE_X509,
        TYPE_AC,
        TYPE_CRL,
        TYPE_PUBKEY,
        TYPE_OTHER,
};

static const struct field_word types[] = {
        { "X509", TYPE_X509 },
        { "X509_AC", TYPE_AC },
        { "X509_CRL", TYPE_CRL },
        { "PUBKEY", TYPE_PUBKEY },
        { NULL, 0 },
};

/* Of X.509 certificates. */
static const struct field_word flags[] = {
        { "NONE", CERTIFICATE_END_ENTITY },
        { "CA", CERTIFICATE_CA },
        { "AA", CERTIFICATE_ATTRIBUTE_AUTHORITY },
        { "OCSP", CERTIFICATE_OCSP_SIGNER },
        { NULL, 0 },
};

static const struct field fields[] = {
        { "has_privkey", FIELD_YES, offsetof(struct certificate, private_key), NULL },
        { "subject", FIELD_TEXT, offsetof(struct certificate, subject), NULL },
};

static const char *keep_bio(BIO *bio, struct scratch *scratch)
{
        char *text;
        long length = BIO_get_mem_data(bio, &text);

        return length > 0 ? row_text_of(text, (size_t)length, scratch) : NULL;
}

static const char *name_text(const X509_NAME *name, struct scratch *scratch)
{
        BIO *bio = name ? BIO_new(BIO_s_mem()) : NULL;
        const char *text = NULL;

        if (bio && X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) >= 0)
                text = keep_bio(bio, scratch);
        BIO_free(bio);
        return text;
}

static const char *serial_text(const ASN1_INTEGER *serial, struct scratch *scratch)
{
        BIO *bio = serial ? BIO_new(BIO_s_mem()) : NULL;
        const char *text = NULL;
        int length = serial ? ASN1_STRING_length(serial) : 0;

        for (int i = 0; bio && i < length; i++)
                BIO_printf(bio, "%02x", ASN1_STRING_get0_data(serial)[i]);
        if (bio)
                text = keep_bio(bio, scratch);
        BIO_free(bio);
        return text;
}

/* 0 for a moment that is none. */
static int64_t moment_of(const ASN1_TIME *time)
{
        struct tm tm;

        if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
                return 0;
        return timegm(&tm);
}

static void set_certificate(const X509 *x509, struct scratch *scratch, struct certificate *row)
{
        row->subject = name_text(X509_get_subject_name(x509), scratch);
        row->issuer = name_text(X509_get_issuer_name(x509), scratch);
        row->serial = serial_text(X509_get0_serialNumber(x509), scratch);
        row->not_before = moment_of(X509_get0_notBefore(x509));
        row->not_after = moment_of(X509_get0_notAfter(x509));
}

static void set_crl(const X509_CRL *crl, struct scratch *scratch, struct certificate *row)
{
        row->issuer = name_text(X509_CRL_get_issuer(crl), scratch);
        row->not_before = moment_of(X509_CRL_get0_lastUpdate(crl));
        row->not_after = moment_of(X509_CRL_get0_nextUpdate(crl));
}

static void decode(enum type type, struct vici_slice der, struct scratch *scratch,
                   struct certificate *row)
{
        const unsigned char *at = der.at;
        long length = (long)vici_length(der);

        if (type == TYPE_X509) {
                X509 *x509 = d2i_X509(NULL, &at, length);

                if (x509)
                        set_certificate(x509, scratch, row);
                X509_free(x509);
        } else if (type == TYPE_CRL) {
                X509_CRL *crl = d2i_X509_CRL(NULL, &at, length);

                if (crl)
                        set_crl(crl, scratch, row);
                X509_CRL_free(crl);
        }
        ERR_clear_error();
}

static void set_fingerprint(struct vici_slice der, struct scratch *scratch, struct certificate *row)
{
        char text[2 * FINGERPRINT_LENGTH + 1];

        SHA1(der.at, vici_length(der), row->fingerprint);
        for (size_t i = 0; i < FINGERPRINT_LENGTH; i++)
                snprintf(text + 2 * i, 3, "%02x", row->fingerprint[i]);
        row->fingerprint_text = scratch_text(scratch, text, strlen(text));
}

static uint8_t kind_of(enum type type, struct vici_slice message)
{
        struct vici_item item;

        switch (type) {
        case TYPE_X509:
                return vici_find(message, "flag", &item)
                               ? field_word(flags, &item, CERTIFICATE_KIND_UNKNOWN)
                               : CERTIFICATE_END_ENTITY;
        case TYPE_AC:
                return CERTIFICATE_ATTRIBUTE;
        case TYPE_CRL:
                return CERTIFICATE_CRL;
        default:
                return CERTIFICATE_PUBLIC_KEY;
        }
}

int strongswan_parse_certificate(const struct strongswan_context *context,
                                 struct vici_slice message, struct certificate *row)
{
        struct vici_slice rest = message;
        struct vici_item item;
        enum type type;

        memset(row, 0, sizeof(*row));
        if (!vici_find(message, "type", &item))
                return -EBADMSG;
        type = (enum type)field_word(types, &item, TYPE_OTHER);
        if (type == TYPE_OTHER)
                return -EOPNOTSUPP;
        row->kind = kind_of(type, message);
        row->daemon = STRONGSWAN;
        while (vici_next(&rest, &item))
                field_set(context, fields, sizeof(fields) / sizeof(fields[0]), &item, row);
        if (!vici_find(message, "data", &item) || item.kind != VICI_VALUE)
                return -EBADMSG;
        set_fingerprint(item.body, context->scratch, row);
        decode(type, item.body, context->scratch, row);
        return 0;
}
