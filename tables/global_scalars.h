/* ipsrGlobal: the whole machine in one row: what there is now, and totals. */
#ifndef IPSEC_REPORT_TABLES_GLOBAL_SCALARS_H
#define IPSEC_REPORT_TABLES_GLOBAL_SCALARS_H

#include "table.h"

/* What happens to packets that no policy fits. */
enum default_policy {
        DEFAULT_BLOCK = 1,
        DEFAULT_ACCEPT = 2,
        DEFAULT_UNKNOWN = 3, /* Linux before 5.15 does not tell, and accepts */
};

/* Rows of the tables of SAs and policies, now. joins/totals.c fills them. */
struct global_rows {
        uint32_t sas_larval;
        uint32_t sas_mature;
        uint32_t sas_dying;
        uint32_t sas_dead;
        uint32_t sas_inbound;
        uint32_t sas_outbound;
        uint32_t sas_of_unknown_direction;
        uint32_t policies_in;
        uint32_t policies_out;
        uint32_t policies_forward;
};

/* What went through SAs and became of them, since the first start. joins/totals.c fills it. */
struct global_totals {
        uint64_t octets_in; /* ESP and AH, SAs that are gone included */
        uint64_t octets_out;
        uint64_t packets_in;
        uint64_t packets_out;
        uint64_t sas_created; /* became usable */
        uint64_t sas_removed; /* were usable, for whatever reason */
        uint64_t sas_soft_expired;
        uint64_t sas_hard_expired;
        uint64_t integrity_failures; /* packets */
        uint64_t replay_failures;    /* packets, both kinds */
        uint64_t no_sa_drops;        /* packets: XfrmInNoStates and XfrmOutNoStates */
        uint64_t sas_counted_short;  /* whose last packets may be missing */
};

/* Of IKE daemons and tunnels; 0 until they are read. */
struct global_ike {
        uint32_t sas_established;
        uint32_t sas_half_open;
        uint32_t sas_rekeying;
        uint32_t tunnels_configured;
        uint32_t tunnels_up;
        uint32_t tunnels_rekeying;
        uint32_t tunnels_down;
        uint32_t tunnels_idle;
        uint32_t tunnels_connecting;
        uint32_t tunnels_not_configured;
        uint64_t sa_ups; /* of IKE SAs, since the first start, as those below */
        uint64_t sa_losses;
        uint64_t child_rekeys;
        uint64_t sa_rekeys;
        uint64_t authentication_failures;
        uint64_t negotiation_failures; /* others; acquires that timed out among them */
};

struct global_scalars {
        uint32_t sad_size;         /* the kernel's own counts: XFRM_MSG_NEWSADINFO, NEWSPDINFO */
        uint32_t sad_hash_buckets; /* 0 not told, the next and those of the SPD too */
        uint32_t sad_hash_maximum;
        uint32_t spd_in;
        uint32_t spd_out;
        uint32_t spd_forward;
        uint32_t spd_socket_in; /* policies of single sockets: in no table */
        uint32_t spd_socket_out;
        uint32_t spd_socket_forward;
        uint32_t spd_hash_buckets;
        uint32_t spd_hash_maximum;
        uint8_t default_in; /* enum default_policy; 0 is told as unknown */
        uint8_t default_out;
        uint8_t default_forward;
        uint8_t pad; /* always 0 */

        /* What the joins fill; a collector leaves it 0. */
        struct global_rows rows;
        struct global_totals totals;
        struct global_ike ike;
        int64_t discontinuity; /* monotonic, ms: when saved totals could not be read; 0 never */
};

extern const struct table_type global_scalars_type;

extern const struct label default_policies[];

#endif
