/* What transforms an SA has, in HP's words. */
#ifndef CLI_SA_TYPE_H
#define CLI_SA_TYPE_H

#include "tables/ipsec_sa.h"

#include <stdio.h>

/* The members that sa_type_print() reads. */
#define SA_TYPE_NEEDS                                                                              \
        NEEDS(struct ipsec_sa, protocol), NEEDS(struct ipsec_sa, encryption),                      \
                NEEDS(struct ipsec_sa, authentication), NEEDS(struct ipsec_sa, compression)

/* Writes "ESP", "AH", "IPCOMP". */
void sa_type_print_protocol(FILE *file, const struct ipsec_sa *sa);

/* Writes "ESP with AES128-CBC encryption and HMAC-SHA1 authentication". */
void sa_type_print(FILE *file, const struct ipsec_sa *sa);

#endif
