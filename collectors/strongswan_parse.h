/*
 * What strongSwan says by VICI, as rows: sections in, rows out, no socket and no table. Messages
 * must have passed vici_check(). Keys are those of README.md in src/libcharon/plugins/vici.
 */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_PARSE_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_PARSE_H

#include "row_text.h"
#include "tables/child_sa.h"
#include "tables/configured_policy.h"
#include "tables/ike_daemon.h"
#include "vici_message.h"

/* What all rows of one message have in common. */
struct strongswan_context {
        struct scratch *scratch; /* holds the rows' strings */
        int64_t now;             /* seconds since 1970: the moment that the message tells of */
        uint32_t run;            /* counts the daemon's starts */
};

/*
 * One IKE SA: the section of a list-sa, ike-updown, ike-rekey event; name is the connection's. pfs
 * is 0 where the message has no child SAs. 0, or -EBADMSG for one without its unique id.
 */
int strongswan_parse_ike_sa(const struct strongswan_context *context, const char *name,
                            size_t name_length, struct vici_slice section, struct ike_sa *row);

/* The connection's name; none while a responder does not know it. */
void strongswan_set_policy_name(const struct strongswan_context *context, const void *name,
                                size_t length, struct ike_sa *row);

/* One child SA: a section within child-sas, of the IKE SA of this section. 0 or -EBADMSG. */
int strongswan_parse_child_sa(const struct strongswan_context *context, const struct ike_sa *ike_sa,
                              struct vici_slice section, struct child_sa *row);

/* A connection: the section of a list-conn event. 0, or -EBADMSG for one without a name. */
int strongswan_parse_connection(const struct strongswan_context *context,
                                const struct vici_item *connection, struct ike_policy *row);

/* One of its children. 0 or -EBADMSG. */
int strongswan_parse_configured(const struct strongswan_context *context,
                                const struct ike_policy *policy, const struct vici_item *child,
                                struct configured_policy *row);

/* The text of a list of traffic selectors, in IANA's numbers (IpsrSelectorList); NULL none. */
const char *strongswan_selectors(struct vici_slice list, struct scratch *scratch);

#endif
