/*
 * What libreswan's whack prints, line by line (pluto 3.x to 5.x; the words are not translated).
 * Pure functions: a line that is not understood is passed over, since each version adds some.
 */
#ifndef IPSEC_REPORT_COLLECTORS_LIBRESWAN_PARSE_H
#define IPSEC_REPORT_COLLECTORS_LIBRESWAN_PARSE_H

#include "scratch.h"
#include "tables/child_sa.h"
#include "tables/configured_policy.h"

/* A piece of the answer; not terminated. */
struct libreswan_text {
        const char *at;
        size_t length;
};

/*
 * One connection, of many lines of --status. Strings lie in the scratch; NULL where nothing is
 * told. The rows' own structs hold what they have columns for.
 */
struct libreswan_conn {
        const char *name;
        uint32_t instance; /* of a connection for many peers: "name"[1]; 0: none */
        struct ike_policy policy;
        struct configured_policy child;
        struct inet_addr local; /* the outer addresses, where they are known */
        struct inet_addr remote;
        const char *algorithm_newest; /* of newest_ike: "AES_CBC_256-HMAC_SHA2_256-DH19" */
        uint32_t newest_ike;          /* state number; 0 none */
        uint32_t newest_child;        /* the same */
        uint32_t ike_life;            /* seconds */
        uint32_t ipsec_life;
        uint32_t rekey_margin;
        bool dont_rekey;
        bool reauth;
        bool pfs;
        bool tunnel;
        bool aggressive;
        bool names_user; /* the peer has to say by XAUTH who its user is */
};

/* One state: an IKE SA or a child SA, of the two lines that --status and --showstates have for it.
 */
struct libreswan_state {
        uint32_t id;
        const char *name; /* of the connection */
        uint32_t instance;
        struct inet_addr peer; /* of an instance; else none */
        uint16_t port;         /* the peer's */
        bool is_child;
        uint8_t version;        /* enum ike_version */
        uint8_t role;           /* enum ike_role; unknown once IKEv2 is established */
        uint8_t ike_state;      /* enum ike_state, of an IKE SA */
        uint8_t child_state;    /* enum child_state, of a child SA */
        bool newest;            /* of its connection */
        bool authenticating;    /* half-open, and nothing but authentication is left */
        uint32_t ike_id;        /* of a child SA: its IKE SA; 0 not told */
        int64_t rekey_in;       /* seconds; -1: not told */
        int64_t replace_in;     /* the same */
        int64_t expire_in;      /* the same */
        uint8_t protocol;       /* enum ipsec_protocol; 0: no SPI line yet */
        bool tunnel;            /* the SPI line says so */
        uint32_t spi_in;        /* host order */
        uint32_t spi_out;       /* host order */
        struct inet_addr local; /* the SAs' ends; none before they have an SPI line */
        struct inet_addr remote;
};

/* One line of --trafficstatus. The texts are pieces of the line; empty: not told. */
struct libreswan_traffic {
        uint32_t id;
        int64_t add_time; /* seconds since 1970; 0: not told, as for AH */
        uint64_t octets_in;
        uint64_t octets_out;
        struct libreswan_text user;  /* the name that XAUTH gave */
        struct libreswan_text lease; /* the address given to the peer, or by it: "10.9.0.1/32" */
};

enum libreswan_line {
        LIBRESWAN_OTHER = 0,      /* not about what is asked for, or not understood */
        LIBRESWAN_CONNECTION = 1, /* a line of a connection */
        LIBRESWAN_STATE = 2,      /* the first line of a state */
        LIBRESWAN_SPIS = 3,       /* the second one */
};

/* The next line of an answer, without its end and without the code before it; false: none is left.
 */
bool libreswan_next_line(struct libreswan_text *answer, struct libreswan_text *line);

/* What a line of --status or --showstates is about. */
enum libreswan_line libreswan_kind(struct libreswan_text line);

/* The name and instance that a line begins with: "name"[2]. False: it does not. */
bool libreswan_conn_name(struct libreswan_text *line, struct libreswan_text *name,
                         uint32_t *instance);

/* Begins a connection of this name. False: without memory, or no name at all. */
bool libreswan_conn_begin(struct libreswan_conn *conn, struct libreswan_text name,
                          uint32_t instance, struct scratch *scratch);

/* Takes what follows the name in one of its lines, ": " included. */
void libreswan_conn_line(struct libreswan_conn *conn, struct libreswan_text rest,
                         struct scratch *scratch);

/* What is only known once all lines have been seen. */
void libreswan_conn_end(struct libreswan_conn *conn);

/* The first line of a state. 0, -EBADMSG, -EOPNOTSUPP for a state that is no SA, or -ENOMEM. */
int libreswan_parse_state(struct libreswan_text line, struct scratch *scratch,
                          struct libreswan_state *state);

/* The second line, which belongs to the state with this number: see libreswan_state_id(). */
int libreswan_parse_spis(struct libreswan_text line, struct libreswan_state *state);

/* The number of the state that a line is about; 0: none. */
uint32_t libreswan_state_id(struct libreswan_text line);

/* A line of --trafficstatus. 0 or -EBADMSG. */
int libreswan_parse_traffic(struct libreswan_text line, struct libreswan_traffic *traffic);

/* A line "total.KEY=NUMBER" of --globalstatus; false for any other. */
bool libreswan_parse_total(struct libreswan_text line, uint64_t *total);

/* Which of them tell how often authentication failed with IKEv2; IKEv1 has no word for it. */
enum libreswan_total {
        LIBRESWAN_TOTAL_OTHER = 0,
        LIBRESWAN_AUTH_FAILED = 1,  /* IKE SAs that ended by it, whichever side did not accept */
        LIBRESWAN_AUTH_REFUSED = 2, /* the peer's words that it did not accept this side's */
};

enum libreswan_total libreswan_total_kind(struct libreswan_text line);

/* "pluto_version=4.10, ..." of --status; "Libreswan 4.10 ..." of --version. False for any other. */
bool libreswan_parse_version(struct libreswan_text line, char *version, size_t room);

/* What is negotiated for IKE, in pluto's words, into the columns of the IKE SA. */
void libreswan_parse_algorithms(const char *text, uint8_t version, struct scratch *scratch,
                                struct ike_sa *row);

#endif
