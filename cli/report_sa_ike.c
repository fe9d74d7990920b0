/* -sa ike: the IKE SAs of the IKE daemons, as HP's ipsec_report(1M) prints them. */
#include "config.h"

#include "ike_text.h"
#include "report.h"
#include "tables/ike_sa.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

static const uint16_t members[] = {
        NEEDS(struct ike_sa, version),
        NEEDS(struct ike_sa, initiator_spi),
        NEEDS(struct ike_sa, responder_spi),
        NEEDS(struct ike_sa, local),
        NEEDS(struct ike_sa, local_port),
        NEEDS(struct ike_sa, remote),
        NEEDS(struct ike_sa, remote_port),
        NEEDS(struct ike_sa, role),
        NEEDS(struct ike_sa, state),
        NEEDS(struct ike_sa, auth_record),
        NEEDS(struct ike_sa, policy_name),
        NEEDS(struct ike_sa, local_auth_method),
        NEEDS(struct ike_sa, remote_auth_method),
        NEEDS(struct ike_sa, encryption),
        NEEDS(struct ike_sa, integrity),
        NEEDS(struct ike_sa, prf),
        NEEDS(struct ike_sa, dh_group),
        NEEDS(struct ike_sa, dh_group_name),
        NEEDS(struct ike_sa, pfs),
};

enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

static const char *const sources[] = { IKE_DAEMON_NAMES, SOURCE_ANY_DAEMON, NULL };

static const char *title_of(uint8_t version)
{
        switch (version) {
        case IKE_V1:
                return "IKEv1 SA";
        case IKE_V2:
                return "IKEv2 SA";
        default:
                return "IKE SA";
        }
}

/* HP has three states: up, being deleted, deleted. What is not up yet it does not show. */
static const char *state_text(uint8_t state)
{
        switch (state) {
        case IKE_CREATED:
        case IKE_CONNECTING:
                return "Connecting";
        case IKE_ESTABLISHED:
        case IKE_PASSIVE:
        case IKE_REKEYING:
                return "Established";
        case IKE_DELETING:
                return "Deleting";
        case IKE_REKEYED:
        case IKE_DESTROYING:
                return "Deleted";
        default:
                return "Unknown";
        }
}

static const char *role_text(uint8_t role)
{
        switch (role) {
        case ROLE_INITIATOR:
                return "Initiator";
        case ROLE_RESPONDER:
                return "Responder";
        default:
                return "Unknown";
        }
}

/* The peer has no SPI before it has answered (RFC 7296, section 3.1); libreswan tells none. */
static void print_index(FILE *file, const struct ike_sa *sa)
{
        if (!sa->initiator_spi)
                return;
        text_plain(file, "Index: ");
        text_string(file, sa->initiator_spi);
        text_plain(file, ":");
        text_string(file, sa->responder_spi ? sa->responder_spi : "0000000000000000");
        text_plain(file, "\n");
}

static void print_end(FILE *file, const char *label, const struct inet_addr *address, uint16_t port)
{
        if (address->type == INET_ADDR_UNKNOWN)
                return;
        text_plain(file, label);
        text_address(file, address);
        if (port != 0) {
                text_plain(file, "/");
                text_number(file, port);
        }
        text_plain(file, "\n");
}

/* HP writes "3DES": CBC goes without saying in the name of a cipher with keys of one length. */
static void print_encryption(FILE *file, const char *encryption)
{
        static const char cbc[] = "-CBC";
        char name[TEXT_ESCAPED_SIZE];
        size_t length;

        if (!encryption)
                return;
        length = text_escape(encryption, name);
        if (length > strlen(cbc) && strcmp(name + length - strlen(cbc), cbc) == 0) {
                length -= strlen(cbc);
                if (!isdigit((unsigned char)name[length - 1]))
                        name[length] = '\0';
        }
        text_plain(file, "ENCR: ");
        text_plain(file, name);
        text_plain(file, "\n");
}

static void print_group(FILE *file, const struct ike_sa *sa)
{
        if (sa->dh_group == 0) {
                text_named(file, "DH Group", sa->dh_group_name);
                return;
        }
        text_plain(file, "DH Group: ");
        text_number(file, sa->dh_group);
        text_plain(file, "\n");
}

/* Whether there is PFS shows in the first rekeying: before that nobody knows. */
static const char *pfs_text(uint8_t pfs)
{
        switch (pfs) {
        case PFS_ON:
                return "on";
        case PFS_OFF:
                return "off";
        default:
                return "unknown";
        }
}

/* All of this is agreed upon in the first exchange: before that there is nothing to tell. */
static void print_algorithms(FILE *file, const struct ike_sa *sa)
{
        print_encryption(file, sa->encryption);
        text_named(file, "HASH", sa->integrity);
        if (sa->version != IKE_V1)
                text_named(file, "PRF", sa->prf);
        print_group(file, sa);
        if (sa->encryption)
                text_named(file, "PFS", pfs_text(sa->pfs));
}

static void print(FILE *file, const void *row, const struct moment *now)
{
        const struct ike_sa *sa = row;
        char methods[IKE_METHODS_SIZE];

        (void)now;
        text_title(file, title_of(sa->version));
        print_index(file, sa);
        print_end(file, "Local IP Addr: ", &sa->local, sa->local_port);
        print_end(file, "Remote IP Addr: ", &sa->remote, sa->remote_port);
        text_plain(file, "Role: ");
        text_plain(file, role_text(sa->role));
        text_plain(file, " State: ");
        text_plain(file, state_text(sa->state));
        text_plain(file, "\n");
        text_named(file, "Auth Record", sa->auth_record);
        text_named(file, "Policy Name", sa->policy_name);
        ike_methods(sa->local_auth_method, sa->remote_auth_method, methods);
        text_named(file, "Auth Method", methods);
        print_algorithms(file, sa);
}

/* HP has one word for several of the daemon's. */
static void print_state_more(FILE *file, uint8_t state)
{
        if (state == IKE_ESTABLISHED || state == IKE_CONNECTING || state == IKE_DELETING)
                return;
        text_named(file, "IKE State", label_of(ike_sa_states, label_known(ike_sa_states, state)));
}

/* What Linux has and HP has not: every other column. */
static void print_more(FILE *file, const void *row, const struct moment *now)
{
        const struct ike_sa *sa = row;
        uint16_t told[N_MEMBERS];
        size_t n = 0;

        for (size_t i = 0; i < N_MEMBERS; i++)
                if (members[i] != NEEDS(struct ike_sa, dh_group_name) &&
                    (members[i] != NEEDS(struct ike_sa, prf) || sa->version != IKE_V1))
                        told[n++] = members[i];
        print_state_more(file, sa->state);
        text_columns(file, &ike_sa_type, row, now, told, n);
}

const struct report report_sa_ike = {
        .option = "sa",
        .word = "ike",
        .help = "IKE security associations of the IKE daemons",
        .type = &ike_sa_type,
        .members = members,
        .n_members = N_MEMBERS,
        .sources = sources,
        .print = print,
        .filters = FILTER_PEER | FILTER_NAME,
        .print_more = print_more,
};
