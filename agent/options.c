#include "options.h"

#include "config.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "ipsec-reportd"

enum long_option {
        OPTION_RECORD = 256,
        OPTION_REPLAY,
        OPTION_STANDALONE,
};

static const struct option long_options[] = {
        { "record", required_argument, NULL, OPTION_RECORD },
        { "replay", required_argument, NULL, OPTION_REPLAY },
        { "standalone", required_argument, NULL, OPTION_STANDALONE },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static const char usage_text[] =
        "Usage: " PROGRAM " [OPTION...]\n"
        "Serves this machine's IPsec state to snmpd by AgentX, under IPSEC-REPORT-MIB.\n"
        "\n"
        "  -f                    stay in the foreground\n"
        "  -L TARGET             log to TARGET: e standard error, s FACILITY syslog,\n"
        "                        f FILE, n nowhere (snmpcmd(1), LOGGING OPTIONS);\n"
        "                        syslog if not given, standard error with -f\n"
        "  -x ADDRESS            snmpd's AgentX socket (default unix:/var/agentx/master)\n"
        "  -c FILE               read FILE besides the usual ipsec-reportd.conf\n"
        "  -C                    do not read the usual configuration files\n"
        "  -u USER               become USER once started\n"
        "  -g GROUP              with -u: in GROUP, too (snmpd's, for its AgentX socket)\n"
        "  -t                    check the configuration and exit\n"
        "  -D TOKEN[,...]        debug these parts of Net-SNMP\n"
        "  --standalone ADDRESS  answer SNMP at ADDRESS, without snmpd\n"
        "  --record DIR          save what the sources say in DIR, without keys\n"
        "  --replay DIR          serve what was recorded in DIR instead of this machine\n"
        "  -v, --version         print the version and exit\n"
        "  -h, --help            print this and exit\n";

static void fail(const char *about, const char *what)
{
        fprintf(stderr, PROGRAM ": %s%s; " PROGRAM " -h lists the options\n", about, what);
        exit(EXIT_FAILURE);
}

static void set_logging(struct options *options, int argc, char **argv)
{
        if (snmp_log_options(optarg, argc, argv) < 0)
                fail("no such logging target: -L", optarg);
        options->logging = true;
}

static void take(struct options *options, int word, int argc, char **argv)
{
        switch (word) {
        case 'f':
                options->foreground = true;
                break;
        case 't':
                options->check = true;
                break;
        case 'C':
                options->only_config = true;
                break;
        case 'c':
                options->config = optarg;
                break;
        case 'x':
                options->agentx = optarg;
                break;
        case 'u':
                options->user = optarg;
                break;
        case 'g':
                options->group = optarg;
                break;
        case 'L':
                set_logging(options, argc, argv);
                break;
        case 'D':
                debug_register_tokens(optarg);
                snmp_set_do_debugging(1);
                break;
        case OPTION_RECORD:
                options->record = optarg;
                break;
        case OPTION_REPLAY:
                options->replay = optarg;
                break;
        case OPTION_STANDALONE:
                options->standalone = optarg;
                break;
        case 'v':
                printf(PROGRAM " %s (Net-SNMP %s)\n", PACKAGE_VERSION, netsnmp_get_version());
                exit(EXIT_SUCCESS);
        case 'h':
                fputs(usage_text, stdout);
                exit(EXIT_SUCCESS);
        default:
                fprintf(stderr, PROGRAM " -h lists the options\n");
                exit(EXIT_FAILURE);
        }
}

void options_read(struct options *options, int argc, char **argv)
{
        int word;

        memset(options, 0, sizeof(*options));
        while ((word = getopt_long(argc, argv, "fL:x:c:Cu:g:tD:vh", long_options, NULL)) != -1)
                take(options, word, argc, argv);
        if (optind < argc)
                fail("what is this: ", argv[optind]);
        if (options->record && options->replay)
                fail("--record and --replay", " exclude each other");
        if (options->group && !options->user)
                fail("-g", " needs -u");
        if (options->standalone && options->agentx)
                fail("--standalone and -x", " exclude each other");
}
