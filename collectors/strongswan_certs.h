/* Certificates by VICI: list-cert events in, rows out. */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_CERTS_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_CERTS_H

#include "strongswan_parse.h"
#include "tables/certificate.h"

/*
 * One certificate, revocation list or public key. 0; -EOPNOTSUPP for what is none of them (an OCSP
 * response); -EBADMSG for a message without type or data. What cannot be decoded keeps its
 * fingerprint.
 */
int strongswan_parse_certificate(const struct strongswan_context *context,
                                 struct vici_slice message, struct certificate *row);

#endif
