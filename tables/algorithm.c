#include "algorithm.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The truncation that goes without saying in an authentication's text (RFC 2403, 2404, 3566). */
#define USUAL_TRUNCATION 96

struct cipher {
        const char *name;  /* the kernel's */
        const char *text;  /* %u stands for the key bits */
        uint8_t salt_bits; /* that the kernel counts as key */
        bool icv_in_text;  /* the ICV in octets follows */
        uint8_t transform; /* IANA, with an ICV of 8 octets where the ICV makes a difference */
        uint8_t icv_step;  /* the numbers for ICVs of 12 and 16 octets follow at this distance */
};

static const struct cipher ciphers[] = {
        { "cbc(aes)", "AES%u-CBC", 0, false, 12, 0 },
        { "rfc3686(ctr(aes))", "AES%u-CTR", 32, false, 13, 0 },
        { "rfc4106(gcm(aes))", "AES%u-GCM", 32, true, 18, 1 },
        { "rfc4309(ccm(aes))", "AES%u-CCM", 24, true, 14, 1 },
        { "rfc4543(gcm(aes))", "AES%u-GMAC", 32, true, 21, 0 },
        { "rfc7539esp(chacha20,poly1305)", "CHACHA20-POLY1305", 32, false, 28, 0 },
        { "ecb(cipher_null)", "NULL", 0, false, 11, 0 },
        { "cipher_null", "NULL", 0, false, 11, 0 },
        { "cbc(des3_ede)", "3DES-CBC", 0, false, 3, 0 },
        { "cbc(des)", "DES-CBC", 0, false, 2, 0 },
        { "cbc(camellia)", "CAMELLIA%u-CBC", 0, false, 23, 0 },
        { "cbc(serpent)", "SERPENT%u-CBC", 0, false, 0, 0 },
        { "cbc(twofish)", "TWOFISH%u-CBC", 0, false, 0, 0 },
        { "cbc(blowfish)", "BLOWFISH%u-CBC", 0, false, 7, 0 },
        { "cbc(cast5)", "CAST%u-CBC", 0, false, 6, 0 },
        { "cbc(sm4)", "SM4-CBC", 0, false, 0, 0 },
};

struct digest {
        const char *name;
        const char *text;
        uint16_t default_bits; /* the kernel's truncation where a message tells none */
        struct {
                uint16_t bits;
                uint16_t transform;
        } transforms[2]; /* IANA, by truncation */
};

static const struct digest digests[] = {
        { "hmac(sha1)", "HMAC-SHA1", 96, { { 96, 2 }, { 160, 7 } } },
        { "hmac(sha256)", "HMAC-SHA2-256", 96, { { 128, 12 } } },
        { "hmac(sha384)", "HMAC-SHA2-384", 192, { { 192, 13 } } },
        { "hmac(sha512)", "HMAC-SHA2-512", 256, { { 256, 14 } } },
        { "hmac(md5)", "HMAC-MD5", 96, { { 96, 1 }, { 128, 6 } } },
        { "xcbc(aes)", "AES-XCBC", 96, { { 96, 5 } } },
        { "cmac(aes)", "AES-CMAC", 96, { { 96, 8 } } },
        { "hmac(rmd160)", "HMAC-RIPEMD-160", 96, { { 0 } } },
        { "hmac(sm3)", "HMAC-SM3", 256, { { 0 } } },
        { "digest_null", "NULL", 0, { { 0 } } },
        { "hmac(digest_null)", "NULL", 0, { { 0 } } },
};

static const struct {
        const char *name;
        uint8_t transform;
} compressions[] = {
        { "deflate", 2 },
        { "lzs", 3 },
        { "lzjh", 4 },
};

/* strongSwan's names: what the kernel calls the same, and how much of its ICV is sent. */
struct ike_alias {
        const char *name;
        const char *kernel;
        uint16_t icv_bits;
};

static const struct ike_alias ike_ciphers[] = {
        { "AES_CBC", "cbc(aes)", 0 },
        { "AES_CTR", "rfc3686(ctr(aes))", 0 },
        { "AES_CCM_8", "rfc4309(ccm(aes))", 64 },
        { "AES_CCM_12", "rfc4309(ccm(aes))", 96 },
        { "AES_CCM_16", "rfc4309(ccm(aes))", 128 },
        { "AES_GCM_8", "rfc4106(gcm(aes))", 64 },
        { "AES_GCM_12", "rfc4106(gcm(aes))", 96 },
        { "AES_GCM_16", "rfc4106(gcm(aes))", 128 },
        { "NULL_AES_GMAC", "rfc4543(gcm(aes))", 128 },
        { "CHACHA20_POLY1305", "rfc7539esp(chacha20,poly1305)", 128 },
        { "NULL", "ecb(cipher_null)", 0 },
        { "3DES_CBC", "cbc(des3_ede)", 0 },
        { "DES_CBC", "cbc(des)", 0 },
        { "CAMELLIA_CBC", "cbc(camellia)", 0 },
        { "SERPENT_CBC", "cbc(serpent)", 0 },
        { "TWOFISH_CBC", "cbc(twofish)", 0 },
        { "BLOWFISH_CBC", "cbc(blowfish)", 0 },
        { "CAST_CBC", "cbc(cast5)", 0 },
};

static const struct ike_alias ike_digests[] = {
        { "HMAC_MD5_96", "hmac(md5)", 96 },           { "HMAC_MD5_128", "hmac(md5)", 128 },
        { "HMAC_SHA1_96", "hmac(sha1)", 96 },         { "HMAC_SHA1_128", "hmac(sha1)", 128 },
        { "HMAC_SHA1_160", "hmac(sha1)", 160 },       { "HMAC_SHA2_256_96", "hmac(sha256)", 96 },
        { "HMAC_SHA2_256_128", "hmac(sha256)", 128 }, { "HMAC_SHA2_256_256", "hmac(sha256)", 256 },
        { "HMAC_SHA2_384_192", "hmac(sha384)", 192 }, { "HMAC_SHA2_384_384", "hmac(sha384)", 384 },
        { "HMAC_SHA2_512_256", "hmac(sha512)", 256 }, { "HMAC_SHA2_512_512", "hmac(sha512)", 512 },
        { "AES_XCBC_96", "xcbc(aes)", 96 },           { "AES_CMAC_96", "cmac(aes)", 96 },
};

/* Those that the kernel has no name for (IANA, Transform Types 2 and 4). */
struct ike_transform {
        const char *name;
        const char *text;
        uint16_t number;
};

static const struct ike_transform ike_prfs[] = {
        { "PRF_HMAC_MD5", "HMAC-MD5", 1 },           { "PRF_HMAC_SHA1", "HMAC-SHA1", 2 },
        { "PRF_HMAC_TIGER", "HMAC-TIGER", 3 },       { "PRF_AES128_XCBC", "AES128-XCBC", 4 },
        { "PRF_HMAC_SHA2_256", "HMAC-SHA2-256", 5 }, { "PRF_HMAC_SHA2_384", "HMAC-SHA2-384", 6 },
        { "PRF_HMAC_SHA2_512", "HMAC-SHA2-512", 7 }, { "PRF_AES128_CMAC", "AES128-CMAC", 8 },
};

static const struct ike_transform ike_groups[] = {
        { "MODP_768", "MODP-768", 1 },
        { "MODP_1024", "MODP-1024", 2 },
        { "MODP_1536", "MODP-1536", 5 },
        { "MODP_2048", "MODP-2048", 14 },
        { "MODP_3072", "MODP-3072", 15 },
        { "MODP_4096", "MODP-4096", 16 },
        { "MODP_6144", "MODP-6144", 17 },
        { "MODP_8192", "MODP-8192", 18 },
        { "ECP_256", "ECP-256", 19 },
        { "ECP_384", "ECP-384", 20 },
        { "ECP_521", "ECP-521", 21 },
        { "MODP_1024_160", "MODP-1024-160", 22 },
        { "MODP_2048_224", "MODP-2048-224", 23 },
        { "MODP_2048_256", "MODP-2048-256", 24 },
        { "ECP_192", "ECP-192", 25 },
        { "ECP_224", "ECP-224", 26 },
        { "ECP_224_BP", "ECP-224-BP", 27 },
        { "ECP_256_BP", "ECP-256-BP", 28 },
        { "ECP_384_BP", "ECP-384-BP", 29 },
        { "ECP_512_BP", "ECP-512-BP", 30 },
        { "CURVE_25519", "CURVE25519", 31 },
        { "CURVE_448", "CURVE448", 32 },
        { "ML_KEM_512", "ML-KEM-512", 35 },
        { "ML_KEM_768", "ML-KEM-768", 36 },
        { "ML_KEM_1024", "ML-KEM-1024", 37 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void set_unknown(const char *name, struct algorithm *a)
{
        size_t i;

        for (i = 0; name[i] && i < sizeof(a->text) - 1; i++)
                a->text[i] = (char)toupper((unsigned char)name[i]);
        a->text[i] = '\0';
}

static uint16_t cap(uint32_t bits)
{
        return bits > UINT16_MAX ? UINT16_MAX : (uint16_t)bits;
}

static const struct cipher *find_cipher(const char *name)
{
        for (size_t i = 0; i < COUNT(ciphers); i++)
                if (strcmp(ciphers[i].name, name) == 0)
                        return &ciphers[i];
        return NULL;
}

/* "AES%u-CBC" and 128 become "AES128-CBC". */
static void set_text(const char *pattern, uint32_t key_bits, struct algorithm *a)
{
        const char *mark = strstr(pattern, "%u");

        if (!mark)
                snprintf(a->text, sizeof(a->text), "%s", pattern);
        else
                snprintf(a->text, sizeof(a->text), "%.*s%u%s", (int)(mark - pattern), pattern,
                         key_bits, mark + 2);
}

static void append_number(struct algorithm *a, uint32_t number)
{
        size_t length = strlen(a->text);

        snprintf(a->text + length, sizeof(a->text) - length, "-%u", number);
}

static void set_cipher(const char *name, uint32_t key_bits, struct algorithm *a)
{
        const struct cipher *cipher = find_cipher(name);

        a->key_bits = cap(key_bits);
        if (!cipher) {
                set_unknown(name, a);
                return;
        }
        if (key_bits >= cipher->salt_bits)
                a->key_bits = cap(key_bits - cipher->salt_bits);
        set_text(cipher->text, a->key_bits, a);
        a->transform = cipher->transform;
        if (!cipher->icv_in_text)
                return;
        append_number(a, a->icv_bits / 8u);
        if (a->icv_bits == 96)
                a->transform = (uint16_t)(cipher->transform + cipher->icv_step);
        if (a->icv_bits == 128)
                a->transform = (uint16_t)(cipher->transform + 2 * cipher->icv_step);
}

void algorithm_encryption(const char *name, uint32_t key_bits, struct algorithm *a)
{
        memset(a, 0, sizeof(*a));
        set_cipher(name, key_bits, a);
}

void algorithm_aead(const char *name, uint32_t key_bits, uint32_t icv_bits, struct algorithm *a)
{
        memset(a, 0, sizeof(*a));
        a->icv_bits = cap(icv_bits);
        set_cipher(name, key_bits, a);
}

static void set_digest(const struct digest *digest, struct algorithm *a)
{
        if (a->icv_bits == 0)
                a->icv_bits = digest->default_bits;
        snprintf(a->text, sizeof(a->text), "%s", digest->text);
        if (a->icv_bits != USUAL_TRUNCATION && a->icv_bits != 0)
                append_number(a, a->icv_bits);
        for (size_t i = 0; i < COUNT(digest->transforms); i++)
                if (digest->transforms[i].transform && digest->transforms[i].bits == a->icv_bits)
                        a->transform = digest->transforms[i].transform;
}

void algorithm_authentication(const char *name, uint32_t key_bits, uint32_t truncation_bits,
                              struct algorithm *a)
{
        memset(a, 0, sizeof(*a));
        a->key_bits = cap(key_bits);
        a->icv_bits = cap(truncation_bits);
        for (size_t i = 0; i < COUNT(digests); i++) {
                if (strcmp(digests[i].name, name) == 0) {
                        set_digest(&digests[i], a);
                        return;
                }
        }
        set_unknown(name, a);
}

void algorithm_compression(const char *name, struct algorithm *a)
{
        memset(a, 0, sizeof(*a));
        set_unknown(name, a);
        for (size_t i = 0; i < COUNT(compressions); i++)
                if (strcmp(compressions[i].name, name) == 0)
                        a->transform = compressions[i].transform;
}

/* ---- by strongSwan's names ---- */

static const struct ike_alias *find_alias(const struct ike_alias *aliases, size_t n,
                                          const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(aliases[i].name, name) == 0)
                        return &aliases[i];
        return NULL;
}

static void set_unknown_ike(const char *name, struct algorithm *a)
{
        set_unknown(name, a);
        for (char *c = a->text; *c; c++)
                if (*c == '_')
                        *c = '-';
}

/* Where a daemon tells no length there is but one: 3DES, CHACHA20. */
void algorithm_ike_encryption(const char *name, uint32_t key_bits, struct algorithm *a)
{
        const struct ike_alias *alias = find_alias(ike_ciphers, COUNT(ike_ciphers), name);

        memset(a, 0, sizeof(*a));
        if (!alias) {
                set_unknown_ike(name, a);
                a->key_bits = cap(key_bits);
                return;
        }
        a->icv_bits = alias->icv_bits;
        set_cipher(alias->kernel, key_bits + find_cipher(alias->kernel)->salt_bits, a);
}

void algorithm_ike_integrity(const char *name, struct algorithm *a)
{
        const struct ike_alias *alias = find_alias(ike_digests, COUNT(ike_digests), name);

        if (alias) {
                algorithm_authentication(alias->kernel, 0, alias->icv_bits, a);
                return;
        }
        memset(a, 0, sizeof(*a));
        set_unknown_ike(name, a);
}

static void set_transform(const struct ike_transform *transforms, size_t n, const char *name,
                          struct algorithm *a)
{
        memset(a, 0, sizeof(*a));
        for (size_t i = 0; i < n; i++) {
                if (strcmp(transforms[i].name, name) != 0)
                        continue;
                snprintf(a->text, sizeof(a->text), "%s", transforms[i].text);
                a->transform = transforms[i].number;
                return;
        }
        set_unknown_ike(name, a);
}

void algorithm_ike_prf(const char *name, struct algorithm *a)
{
        set_transform(ike_prfs, COUNT(ike_prfs), name, a);
}

void algorithm_ike_group(const char *name, struct algorithm *a)
{
        set_transform(ike_groups, COUNT(ike_groups), name, a);
}

bool algorithm_ike_group_number(uint16_t number, struct algorithm *a)
{
        for (size_t i = 0; i < COUNT(ike_groups); i++) {
                if (ike_groups[i].number != number)
                        continue;
                algorithm_ike_group(ike_groups[i].name, a);
                return true;
        }
        return false;
}
