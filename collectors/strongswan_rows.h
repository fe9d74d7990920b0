/* The rows of strongSwan: what its messages change in the tables. */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_ROWS_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_ROWS_H

#include "id_set.h"
#include "loop.h"
#include "strongswan_parse.h"
#include "strongswan_reasons.h"
#include "tables/certificate.h"
#include "tables/store.h"
#include "vici.h"

struct strongswan_rows {
        struct loop *loop;
        struct table *ike_sas;
        struct table *children;
        struct table *policies;
        struct table *configured;
        struct table *certificates;
        struct table *occurrences;
        struct scratch scratch; /* the strings of one message */
        uint32_t run;           /* counts the daemon's starts */
};

void strongswan_rows_init(struct strongswan_rows *r, struct loop *loop, struct store *store);
void strongswan_rows_free(struct strongswan_rows *r);

/* Seconds since 1970. */
int64_t strongswan_rows_now(const struct strongswan_rows *r);

/*
 * Each takes one message: an event, or a part of an answer. 0, -EBADMSG for one that is not
 * understood, or -ENOMEM.
 */
int strongswan_take_sa(struct strongswan_rows *r, struct vici_slice message,
                       enum table_source source);
int strongswan_take_ike_updown(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_child_updown(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_ike_rekey(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_child_rekey(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_ike_update(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_alert(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_connection(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_policy(struct strongswan_rows *r, struct vici_slice message);
int strongswan_take_certificate(struct strongswan_rows *r, struct vici_slice message);

/*
 * A line of the log. In *id is the IKE SA that it is of (0: none), and in *said what it says.
 * As above; a line that says nothing is none that is not understood.
 */
int strongswan_take_log(struct strongswan_rows *r, struct vici_slice message, uint32_t *id,
                        struct strongswan_said *said);

/* Rows of this run by the daemon's numbers, or NULL; and the first child of an IKE SA of any run.
 */
const struct ike_sa *strongswan_find_ike_sa(const struct strongswan_rows *r, uint32_t id);
const struct child_sa *strongswan_find_child(const struct strongswan_rows *r, uint32_t id);
const struct child_sa *strongswan_first_child(const struct strongswan_rows *r, uint32_t run,
                                              uint32_t ike_id);

/* Whether an IKE SA in this state is up. */
bool strongswan_is_up_state(uint8_t state);

/* ---- what goes: strongswan_gone.c ---- */

/* Ends a read of what list-policies tells: what it did not tell is no trap any more. */
void strongswan_policies_read(struct strongswan_rows *r, int64_t begun);

/*
 * Removes the IKE SAs that the daemon has not told of since then, with their children; of former
 * runs of the daemon, all.
 */
void strongswan_forget_ike_sas(struct strongswan_rows *r, int64_t since);

/* Of the IKE SAs that were told of whole, removes the children not told of since then. */
void strongswan_forget_children(struct strongswan_rows *r, const struct id_set *told,
                                int64_t since);

/* Removes what the daemon has not told of since then. */
void strongswan_forget_connections(struct strongswan_rows *r, int64_t since);
void strongswan_forget_certificates(struct strongswan_rows *r, int64_t since);

/*
 * The daemon does not answer any more: its rows stay, and say that they are old. Certificates have
 * no way to say so: they go.
 */
void strongswan_rows_grow_old(struct strongswan_rows *r);

/* How many IKE SAs of this run the daemon has told of since then. */
size_t strongswan_count_sas(const struct strongswan_rows *r, int64_t since);

/* When the daemon last told of an IKE SA, or a child SA, of this run; 0: there is no such row. */
int64_t strongswan_last_seen(const struct strongswan_rows *r, uint32_t id, bool child);

/* Whether its state is one that does not last: negotiated, or about to go. */
bool strongswan_is_fading(const struct strongswan_rows *r, uint32_t id, bool child);

/* Whether it is over for the daemon, and only its end is missing. */
bool strongswan_is_over(const struct strongswan_rows *r, uint32_t id, bool child);

/* The IKE SA of a child; 0: there is no such child. */
uint32_t strongswan_ike_of(const struct strongswan_rows *r, uint32_t child_id);

/* How many children an IKE SA has; most: they are not counted further. */
size_t strongswan_count_children(const struct strongswan_rows *r, uint32_t ike_id, size_t most);

/* Whether it has one of this name, and that is up. */
bool strongswan_has_child(const struct strongswan_rows *r, uint32_t ike_id,
                          const struct configured_policy *configured);

/* Calls each for the IKE SAs of this run that the daemon has told of since then. */
void strongswan_each_ike_sa(const struct strongswan_rows *r, int64_t since,
                            void (*each)(void *context, const struct ike_sa *row), void *context);

/* Calls each for every SA whose state does not last. */
void strongswan_each_fading(const struct strongswan_rows *r,
                            void (*each)(void *context, uint32_t id, bool child), void *context);

/* Removes an SA that the daemon does not know any more, an IKE SA with its children. */
void strongswan_remove_sa(struct strongswan_rows *r, uint32_t id, bool child);

#endif
