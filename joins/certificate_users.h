/* Which IKE policies use a certificate, or trust it as an authority: ipsrCertificateUsedBy. */
#ifndef IPSEC_REPORT_JOINS_CERTIFICATE_USERS_H
#define IPSEC_REPORT_JOINS_CERTIFICATE_USERS_H

#include "collectors/loop.h"
#include "tables/store.h"

/* Milliseconds from a change until the certificates say so: policies change many at once. */
#define CERTIFICATE_USERS_WITHIN 500

struct certificate_users;

/* Follows the store's tables from now on, which are empty yet. NULL without memory. */
struct certificate_users *certificate_users_new(struct store *store, struct loop *loop);
void certificate_users_free(struct certificate_users *u);

#endif
