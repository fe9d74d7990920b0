#include "failure.h"

#include "tables/reason.h"

static const char *text_of(enum reason reason)
{
        switch (reason) {
        case REASON_PEER_UNREACHABLE:
                return "the peer did not answer";
        case REASON_PEER_DEAD:
                return "the peer does not answer any more";
        case REASON_HALF_OPEN_TIMEOUT:
                return "the peer began to negotiate and did not go on";
        case REASON_LOCAL_AUTH_FAILED:
                return "the peer does not accept this side's authentication";
        case REASON_PEER_AUTH_FAILED:
                return "the peer's authentication is not accepted";
        case REASON_PROPOSAL_MISMATCH:
                return "the two sides have no algorithms in common";
        case REASON_SELECTOR_MISMATCH:
                return "the two sides have no inner addresses in common";
        case REASON_INSTALL_FAILED:
                return "the kernel did not take an SA or a policy";
        case REASON_CERTIFICATE_EXPIRED:
                return "a certificate is not valid at this time";
        case REASON_CERTIFICATE_REVOKED:
                return "a certificate has been revoked";
        case REASON_REPLACED:
                return "another IKE SA with the same peer took its place";
        default:
                return "the negotiation ended";
        }
}

struct failure failure_of(const struct ike_sa *row)
{
        if (row->reason != 0)
                return (struct failure){ row->reason == REASON_LOCAL_AUTH_FAILED ||
                                                 row->reason == REASON_PEER_AUTH_FAILED ||
                                                 row->reason == REASON_CERTIFICATE_EXPIRED ||
                                                 row->reason == REASON_CERTIFICATE_REVOKED,
                                         row->reason, text_of(row->reason), false };
        if (!row->encryption && !row->authenticating)
                return (struct failure){ false, REASON_PEER_UNREACHABLE,
                                         "the IKE SA was given up before the peer answered",
                                         false };
        if (row->role == ROLE_INITIATOR)
                return (struct failure){ true, REASON_LOCAL_AUTH_FAILED,
                                         "the IKE SA ended in authentication, begun by this side",
                                         false };
        return (struct failure){ true, REASON_PEER_AUTH_FAILED,
                                 "the IKE SA ended in authentication, begun by the peer", false };
}

bool failure_is_of_child(const struct ike_sa *row)
{
        return row->reason == REASON_PROPOSAL_MISMATCH || row->reason == REASON_SELECTOR_MISMATCH ||
               row->reason == REASON_INSTALL_FAILED;
}
