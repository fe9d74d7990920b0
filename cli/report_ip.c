/* -ip: the addresses of interfaces, as HP's ipsec_report(1M) prints them. */
#include "report.h"
#include "tables/interface.h"
#include "text.h"

static const uint16_t members[] = {
        NEEDS(struct interface, name),
        NEEDS(struct interface, state),
        NEEDS(struct interface, ipsec),
        NEEDS(struct interface, reasons),
};

enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

static const char *const sources[] = { "interfaces", NULL };

/* HP's are the interfaces with an address. */
static bool is_shown(const void *row)
{
        const struct interface *interface = row;

        return interface->address.type != INET_ADDR_UNKNOWN;
}

/* Why IPsec does not apply to all packets, in words. */
struct reason {
        uint16_t bit;
        const char *words;
};

static const struct reason reasons[] = {
        { REASON_DISABLE_XFRM, "outbound packets bypass it" },
        { REASON_DISABLE_POLICY, "inbound packets bypass it" },
        { REASON_BYPASS_POLICY, "a policy lets packets bypass it" },
        { REASON_NO_POLICY, "there is no policy" },
};

static void print_partly(FILE *file, uint16_t bits)
{
        const char *before = " (";

        text_plain(file, "Partly");
        for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
                if (!(bits & reasons[i].bit))
                        continue;
                text_plain(file, before);
                text_plain(file, reasons[i].words);
                before = ", ";
        }
        if (*before == ',')
                text_plain(file, ")");
}

static void print_ipsec(FILE *file, const struct interface *interface)
{
        switch (interface->ipsec) {
        case INTERFACE_IPSEC_ON:
                text_plain(file, "On");
                break;
        case INTERFACE_IPSEC_OFF:
                text_plain(file, "Off");
                break;
        case INTERFACE_IPSEC_PARTLY:
                print_partly(file, interface->reasons);
                break;
        default:
                text_plain(file, "Unknown");
                break;
        }
}

static void print(FILE *file, const void *row, const struct moment *now)
{
        const struct interface *interface = row;

        (void)now;
        text_title(file, "System Configured Interface");
        text_plain(file, "Interface Name: ");
        text_string(file, interface->name);
        text_plain(file, interface->state == INTERFACE_DOWN ? "* Address: " : " Address: ");
        text_address(file, &interface->address);
        text_plain(file, "\nIPSec: ");
        print_ipsec(file, interface);
        text_plain(file, "\n");
}

/* What Linux has and HP has not; Xfrm Link speaks of interfaces by their index. Why it is off
 * partly stands behind that already. */
static void print_more(FILE *file, const void *row, const struct moment *now)
{
        static const uint16_t told[] = {
                NEEDS(struct interface, name),    NEEDS(struct interface, state),
                NEEDS(struct interface, ipsec),   NEEDS(struct interface, address),
                NEEDS(struct interface, reasons),
        };
        enum { N_TOLD = sizeof(told) / sizeof(told[0]) };
        const struct interface *interface = row;

        text_plain(file, "If Index: ");
        text_number(file, interface->if_index);
        text_plain(file, "\n");
        text_columns(file, &interface_type, row, now, told,
                     interface->ipsec == INTERFACE_IPSEC_PARTLY ? N_TOLD : N_TOLD - 1);
}

const struct report report_ip = {
        .option = "ip",
        .help = "interfaces, and whether IPsec applies there",
        .type = &interface_type,
        .members = members,
        .n_members = N_MEMBERS,
        .sources = sources,
        .is_shown = is_shown,
        .print = print,
        .print_more = print_more,
};
