/*
 * The algorithms of IPsec and IKE: the kernel's and strongSwan's name for each, how the MIB and the
 * reports write it, and its IANA transform number. The only list of them.
 */
#ifndef IPSEC_REPORT_TABLES_ALGORITHM_H
#define IPSEC_REPORT_TABLES_ALGORITHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Long enough for every algorithm's text; the kernel's names have 64 octets. */
#define ALGORITHM_TEXT_SIZE 80

/* What is told of one algorithm. */
struct algorithm {
        char text[ALGORITHM_TEXT_SIZE]; /* "AES128-CBC", "HMAC-SHA2-256-128", "DEFLATE" */
        uint16_t key_bits;              /* without the salt that the kernel counts in */
        uint16_t transform;             /* IANA's number; 0 none */
        uint16_t icv_bits; /* truncation of an authentication, ICV of an AEAD; else 0 */
};

/*
 * Each describes an algorithm by the kernel's name (as in /proc/crypto) and the length of the key
 * in bits. A name that is not known is told in capital letters, without a number.
 */
void algorithm_encryption(const char *name, uint32_t key_bits, struct algorithm *a);
void algorithm_aead(const char *name, uint32_t key_bits, uint32_t icv_bits, struct algorithm *a);
/* truncation_bits 0: the kernel's default for the algorithm. */
void algorithm_authentication(const char *name, uint32_t key_bits, uint32_t truncation_bits,
                              struct algorithm *a);
void algorithm_compression(const char *name, struct algorithm *a);

/*
 * The same by strongSwan's names: AES_GCM_16, HMAC_SHA2_256_128, PRF_HMAC_SHA1, MODP_2048. A name
 * that is not known is told with '-' for '_', without a number. key_bits 0: not told.
 */
void algorithm_ike_encryption(const char *name, uint32_t key_bits, struct algorithm *a);
void algorithm_ike_integrity(const char *name, struct algorithm *a);
void algorithm_ike_prf(const char *name, struct algorithm *a);
void algorithm_ike_group(const char *name, struct algorithm *a);
/* The group that has this number; false: none that is known here. */
bool algorithm_ike_group_number(uint16_t number, struct algorithm *a);

#endif
