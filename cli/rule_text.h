/* The lines that reports of rules have in common. */
#ifndef CLI_RULE_TEXT_H
#define CLI_RULE_TEXT_H

#include "rule_list.h"
#include "sa_type.h"

/* The members that these functions read of a policy and of an SA. */
#define RULE_TEXT_POLICY_NEEDS                                                                     \
        RULE_POLICY_NEEDS, NEEDS(struct policy, name), NEEDS(struct policy, state),                \
                NEEDS(struct policy, cookie), NEEDS(struct policy, pending_acquires)
#define RULE_TEXT_SA_NEEDS                                                                         \
        RULE_SA_NEEDS, SA_TYPE_NEEDS, NEEDS(struct ipsec_sa, spi),                                 \
                NEEDS(struct ipsec_sa, hard.octets), NEEDS(struct ipsec_sa, hard.add_seconds)

/* What the reports of rules read: for struct report's parts, in this order. */
extern const struct report rule_policies;
extern const struct report rule_templates;
extern const struct report rule_sas;
enum { RULE_POLICIES, RULE_TEMPLATES, RULE_SAS };

typedef void rule_printer(FILE *file, struct rule_list *list, const struct rule *rule,
                          const struct moment *now, bool verbose);

/* Prints each rule that is for a tunnel, or each that is not: struct report's print_parts. */
int rule_print_all(FILE *file, const struct rows *const *parts, bool tunnels, rule_printer *print,
                   const struct moment *now, bool verbose);

/* An address and port of the selector. */
enum rule_end {
        RULE_SOURCE,
        RULE_DESTINATION,
};

/* When the line of an address has a port. */
enum rule_ports {
        RULE_PORTS_ALWAYS, /* where the protocol has ports: 0 stands for any */
        RULE_PORTS_SET,    /* where the policy wants one */
};

/* " Cookie: 3" where the rule has SAs. */
void rule_print_cookie(FILE *file, const struct rule *rule);

/*
 * "Src IP Addr: 192.1.1.1 Port number: 23", the line's end with it. swapped: the policy's own
 * source is the other end.
 */
void rule_print_end(FILE *file, const struct policy *policy, enum rule_end end, bool swapped,
                    enum rule_ports ports);

/* The same under another label; source: it is the policy's own source. */
void rule_print_address(FILE *file, const char *label, const struct policy *policy, bool source,
                        enum rule_ports ports);
/* "TCP"; the number of a protocol that has no name here. */
void rule_print_protocol(FILE *file, uint8_t protocol);

/* "Discard": an enum rule_action in HP's words. */
const char *rule_action_text(uint8_t action);

/* "Network Protocol: TCP Action: Manual Key SA", the line's end with it. */
void rule_print_action(FILE *file, const struct policy *policy);

/* "Direction: outbound", the line's end with it. */
void rule_print_direction(FILE *file, uint8_t direction);

/* "State: Ready"; and how many packets wait for SAs, where any do. */
void rule_print_state(FILE *file, const struct rule *rule);

/* Has a port a meaning for the protocol? 0 is any protocol. */
bool rule_has_ports(uint8_t protocol);

/* Does the action want SAs? */
bool rule_has_keys(const struct policy *policy);

/*
 * What was negotiated: writes "Transform: ESP-AES128-HMAC-SHA1" behind before, the line's end with
 * it, and returns one of the SAs that it is told of; NULL and nothing where there are none.
 */
const struct ipsec_sa *rule_print_transform(FILE *file, const char *before,
                                            const struct rule_list *list, const struct rule *rule,
                                            const struct rule_sa *sas, size_t n);

/* "Lifetime Seconds: 28800" and "Lifetime Kbytes: 0" of the SA; keys set by hand may have none. */
void rule_print_lifetimes(FILE *file, const struct policy *policy, const struct ipsec_sa *sa);

/* The same two lines; 0 is no limit. */
void rule_print_limits(FILE *file, uint32_t seconds, uint64_t octets);

/* "Encryption Algorithm: AES128-CBC" and so on, each where the SA has it. */
void rule_print_encryption(FILE *file, const struct ipsec_sa *sa);
void rule_print_authentication(FILE *file, const struct ipsec_sa *sa);
void rule_print_compression(FILE *file, const struct ipsec_sa *sa);

/* Of every policy of the rule what HP has not, and its templates. */
void rule_print_more(FILE *file, const struct rule_list *list, const struct rule *rule,
                     const struct moment *now);

#endif
