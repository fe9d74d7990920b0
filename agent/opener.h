/*
 * The opener (collectors/opener.h) as a process of its own, which stays root without any capability
 * while the agent gives up being root. It connects to the IKE daemons' sockets and runs whack with
 * one of a few fixed arguments, by the paths that it was started with, and hands the descriptors
 * over; it takes no other input than which one is wanted.
 */
#ifndef IPSEC_REPORT_AGENT_OPENER_H
#define IPSEC_REPORT_AGENT_OPENER_H

#include "collectors/loop.h"
#include "collectors/opener.h"

struct opener_paths {
        const char *vici_socket; /* of strongSwan */
        const char *whack;       /* libreswan's program */
};

/* Starts the process. NULL with errno set: it could not. Call before privileges are given up. */
struct opener *opener_start(struct loop *loop, const struct opener_paths *paths);

/* Ends it. NULL is allowed. */
void opener_stop(struct opener *opener);

#endif
