/*
 * How libreswan's IKE SAs end. whack tells of those that are there: that one was rekeyed, or failed
 * in authentication, has to be found in what two answers differ by, and in pluto's counters.
 */
#ifndef IPSEC_REPORT_COLLECTORS_LIBRESWAN_ENDS_H
#define IPSEC_REPORT_COLLECTORS_LIBRESWAN_ENDS_H

#include <stddef.h>
#include <stdint.h>

struct libreswan_rows;

/* Zero-filled, it is empty. */
struct libreswan_ends {
        struct succession *successions; /* of the last answer with states, sorted */
        size_t n_successions;
        size_t room;
        uint64_t
                refused; /* IKE SAs that the peer did not let in, and that nobody was told of yet */
        uint64_t rejected; /* the same of those that this side did not let in */
};

void libreswan_ends_free(struct libreswan_ends *e);

/* Authentication failed so often since the last read, and so often by the peer's word. */
void libreswan_ends_failed(struct libreswan_ends *e, uint64_t failed, uint64_t refused);

/*
 * All states of an answer have been taken, and no row has changed yet: which IKE SA took over from
 * which. 0 or -ENOMEM.
 */
int libreswan_ends_look(struct libreswan_rows *r);

/* The IKE SA is up, and its row is about to say so: the one that it took over from was rekeyed. */
void libreswan_ends_succeed(struct libreswan_rows *r, uint32_t id);

/* The rows that the answer did not tell of are about to go: which of them failed, and why. */
void libreswan_ends_tell(struct libreswan_rows *r);

#endif
