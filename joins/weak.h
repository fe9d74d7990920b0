/* Which algorithms are called weak, and the flags of the SAs and IKE SAs that use one. */
#ifndef IPSEC_REPORT_JOINS_WEAK_H
#define IPSEC_REPORT_JOINS_WEAK_H

#include "collectors/loop.h"
#include "tables/store.h"

/*
 * The default list (RFC 8221, RFC 8247): what must not or should not be used any more, and groups
 * below 2048 bits.
 */
#define WEAK_ALGORITHMS_DEFAULT                                                                    \
        "DES 3DES NULL RC* IDEA CAST* BLOWFISH* MD5 SHA1 MODP-768 MODP-1024 MODP-1536"

/*
 * Whether a name as the tables write it ("3DES-CBC", "HMAC-SHA1-96", "MODP-1024-160") is called
 * weak. A word of the list is a name or a part of one between hyphens, may have the wildcards of
 * fnmatch(3), and does not know upper from lower case. "NULL" means the whole name: what has no
 * encryption by design says so otherwise.
 */
bool is_weak(const char *const *list, size_t n, const char *name);

struct weak;

/* Follows the store's tables from now on; the list must stay where it is. NULL without memory. */
struct weak *weak_new(struct store *store, struct loop *loop, const char *const *list, size_t n);
void weak_free(struct weak *w);

/* Takes a new list; rows are looked through soon. */
void weak_configure(struct weak *w, const char *const *list, size_t n);

#endif
