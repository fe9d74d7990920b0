/*
 * What the sources said, in a folder: a file for each stream with the octets as they came (keys
 * blanked by who writes), and index.txt, which tells their order: a line "# recorded SECONDS", then
 * "SECONDS FILE OFFSET LENGTH" for each datagram. A folder without an index is read stream by
 * stream.
 */
#ifndef IPSEC_REPORT_COLLECTORS_RECORDING_H
#define IPSEC_REPORT_COLLECTORS_RECORDING_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>

/* The streams, as they are named in the folder. */
#define STREAM_SA_DUMP "state.bin"
#define STREAM_POLICY_DUMP "policy.bin"
#define STREAM_DEFAULTS "default.bin"
#define STREAM_SAD_INFO "sadinfo.bin"
#define STREAM_SPD_INFO "spdinfo.bin"
#define STREAM_XFRM_EVENTS "xfrm-events.bin"
#define STREAM_XFRM_STAT "xfrm_stat.txt"
#define STREAM_SYSCTL "sysctl.txt"
#define STREAM_LINK_DUMP "link.bin"
#define STREAM_ADDRESS_DUMP "addr.bin"
#define STREAM_ROUTE_EVENTS "rtnetlink-events.bin"
#define STREAM_VICI_VERSION "version.resp.bin"
#define STREAM_VICI_STATS "stats.resp.bin"
#define STREAM_VICI_CONNECTIONS "list-conns.resp.bin"
#define STREAM_VICI_POLICIES "list-policies.resp.bin"
#define STREAM_VICI_CERTIFICATES "list-certs.resp.bin"
#define STREAM_VICI_SAS "list-sas.resp.bin"
#define STREAM_VICI_EVENTS "vici-events.resp.bin"
#define STREAM_WHACK_VERSION "version.txt"
#define STREAM_WHACK_GLOBALSTATUS "globalstatus.txt"
#define STREAM_WHACK_STATUS "status.txt"
#define STREAM_WHACK_SHOWSTATES "showstates.txt"
#define STREAM_WHACK_TRAFFICSTATUS "trafficstatus.txt"
#define STREAM_TCP_SOCKETS "tcp.bin"
#define STREAM_UDP_SOCKETS "udp.bin"
#define STREAM_UDPLITE_SOCKETS "udplite.bin"
#define STREAM_SCTP_SOCKETS "sctp.bin"
#define STREAM_DCCP_SOCKETS "dccp.bin"
#define STREAM_RAW_SOCKETS "raw.bin"
#define STREAM_CONNTRACK "conntrack.bin"
#define STREAM_AUDIT "audit.bin"

struct recording;

/* Begins a recording in a folder that is made if need be. NULL: *err is the negative errno. */
struct recording *recording_new(const char *folder, struct loop *loop, int *err);
void recording_free(struct recording *r);

/* Appends a datagram to a stream. An error is logged once and ends the recording. NULL: nothing. */
void recording_write(struct recording *r, const char *stream, const void *octets, size_t length);

struct replay;

/* Takes a datagram of a stream. */
typedef void replay_deliver(void *context, const void *octets, size_t length);

/* Opens a folder for replay. NULL: *err is the negative errno, -EBADMSG for an index that is none.
 * Unknown streams of an index are passed over. */
struct replay *replay_new(const char *folder, struct loop *loop, int *err);
void replay_free(struct replay *r);

/* When it was recorded, in seconds since 1970; 0: the folder does not tell. */
int64_t replay_recorded(const struct replay *r);

/* Hands the datagrams of a stream to deliver. 0, or -ENOENT for one that is not known. */
int replay_subscribe(struct replay *r, const char *stream, replay_deliver *deliver, void *context);

/* Whether the folder has anything of a stream. */
bool replay_has(const struct replay *r, const char *stream);

/* Begins: one datagram for each turn of the loop, from then on by itself. 0 or -ENOMEM. */
int replay_start(struct replay *r);

/* Whether all has been delivered. */
bool replay_done(const struct replay *r);

#endif
