#include "config.h"

#include "settings.h"

#include "collectors/flows.h"
#include "collectors/interfaces.h"
#include "collectors/libreswan.h"
#include "collectors/statistics.h"
#include "collectors/strongswan.h"
#include "collectors/xfrm.h"
#include "joins/events.h"
#include "joins/tunnels.h"
#include "joins/weak.h"
#include "state.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind {
        KIND_NUMBER,
        KIND_SWITCH,
        KIND_PATH,
        KIND_WORDS,
};

struct token {
        const char *name;
        enum kind kind;
        size_t offset; /* of a uint32_t, a bool, a char[high], a struct word_list in the settings */
        uint32_t low;
        uint32_t high;
        uint32_t standard; /* the default */
        const char *help;
        const char *text; /* KIND_PATH, KIND_WORDS: the default */
};

#define PLACE(member) offsetof(struct settings, member)

static const struct token tokens[] = {
        { "xfrmCollector", KIND_SWITCH, PLACE(xfrm), 0, 1, 1, "yes | no", NULL },
        { "redumpInterval", KIND_NUMBER, PLACE(redump_interval), 1, 86400, XFRM_REDUMP_DEFAULT,
          "SECONDS", NULL },
        { "checkInterval", KIND_NUMBER, PLACE(check_interval), 1, 86400, XFRM_CHECK_DEFAULT,
          "SECONDS", NULL },
        { "receiveBuffer", KIND_NUMBER, PLACE(receive_buffer), 4096, 1u << 30,
          XFRM_RECEIVE_BUFFER_DEFAULT, "OCTETS", NULL },
        { "interfaceCollector", KIND_SWITCH, PLACE(interfaces), 0, 1, 1, "yes | no", NULL },
        { "interfaceInterval", KIND_NUMBER, PLACE(interface_interval), 1, 86400,
          INTERFACE_INTERVAL_DEFAULT, "SECONDS", NULL },
        { "statisticsCollector", KIND_SWITCH, PLACE(statistics), 0, 1, 1, "yes | no", NULL },
        { "statisticsInterval", KIND_NUMBER, PLACE(statistics_interval), 1, 86400,
          STATISTICS_INTERVAL_DEFAULT, "SECONDS", NULL },
        { "strongswanCollector", KIND_SWITCH, PLACE(strongswan), 0, 1, 1, "yes | no", NULL },
        { "viciSocket", KIND_PATH, PLACE(vici_socket), 1,
          sizeof(((struct settings *)0)->vici_socket), 0, "PATH", "/run/charon.vici" },
        { "ikeInterval", KIND_NUMBER, PLACE(ike_interval), 1, 86400, IKE_INTERVAL_DEFAULT,
          "SECONDS", NULL },
        { "ikeSaInterval", KIND_NUMBER, PLACE(ike_sa_interval), 1, 86400, IKE_SA_INTERVAL_DEFAULT,
          "SECONDS", NULL },
        { "libreswanCollector", KIND_SWITCH, PLACE(libreswan), 0, 1, 1, "yes | no", NULL },
        { "libreswanInterval", KIND_NUMBER, PLACE(libreswan_interval), 1, 86400,
          LIBRESWAN_INTERVAL_DEFAULT, "SECONDS", NULL },
        { "whackCommand", KIND_PATH, PLACE(whack_command), 1,
          sizeof(((struct settings *)0)->whack_command), 0, "PATH", WHACK },
        { "flowCollector", KIND_SWITCH, PLACE(flows), 0, 1, 1, "yes | no", NULL },
        { "flowInterval", KIND_NUMBER, PLACE(flow_interval), 1, 86400, FLOW_INTERVAL_DEFAULT,
          "SECONDS", NULL },
        { "flowIdle", KIND_NUMBER, PLACE(flow_idle), 1, 86400, FLOW_IDLE_DEFAULT, "SECONDS", NULL },
        { "flowMaximum", KIND_NUMBER, PLACE(flow_maximum), 1, 1u << 24, FLOW_MAXIMUM_DEFAULT,
          "ROWS", NULL },
        { "auditCollector", KIND_SWITCH, PLACE(audit), 0, 1, 1, "yes | no", NULL },
        { "tunnelRetention", KIND_NUMBER, PLACE(tunnel_retention), 60, INT32_MAX,
          TUNNEL_RETENTION_DEFAULT, "SECONDS", NULL },
        { "tunnelMaximum", KIND_NUMBER, PLACE(tunnel_maximum), 0, 10000000, TUNNEL_MAXIMUM_DEFAULT,
          "ROWS", NULL },
        { "oneWaySeconds", KIND_NUMBER, PLACE(one_way_seconds), 10, 86400, ONE_WAY_DEFAULT,
          "SECONDS", NULL },
        { "idleTunnel", KIND_WORDS, PLACE(idle_tunnels), 0, 0, 0, "PATTERN ...", "" },
        { "weakAlgorithms", KIND_WORDS, PLACE(weak_algorithms), 0, 0, 0, "none | NAME ...",
          WEAK_ALGORITHMS_DEFAULT },
        { "eventTableSize", KIND_NUMBER, PLACE(event_table_size), 0, 1000000,
          JOURNAL_CAPACITY_DEFAULT, "ROWS", NULL },
        { "expiryWarningSeconds", KIND_NUMBER, PLACE(expiry_seconds), 0, 86400,
          EXPIRY_WARNING_SECONDS_DEFAULT, "SECONDS", NULL },
        { "expiryWarningPercent", KIND_NUMBER, PLACE(expiry_percent), 0, 50,
          EXPIRY_WARNING_PERCENT_DEFAULT, "PERCENT", NULL },
        { "integrityFailureRate", KIND_NUMBER, PLACE(integrity_failures), 0, 1000000,
          INTEGRITY_FAILURE_RATE_DEFAULT, "PACKETS", NULL },
        { "replayFailureRate", KIND_NUMBER, PLACE(replay_failures), 0, 1000000,
          REPLAY_FAILURE_RATE_DEFAULT, "PACKETS", NULL },
        { "failureInterval", KIND_NUMBER, PLACE(failure_interval), 1, 86400,
          FAILURE_INTERVAL_DEFAULT, "SECONDS", NULL },
        { "certificateWarningDays", KIND_NUMBER, PLACE(certificate_days), 0, 3650,
          CERTIFICATE_WARNING_DAYS_DEFAULT, "DAYS", NULL },
        { "stateFile", KIND_PATH, PLACE(state_file), 1, sizeof(((struct settings *)0)->state_file),
          0, "PATH", STATE_FOLDER "/state" },
        { "stateInterval", KIND_NUMBER, PLACE(state_interval), 1, 3600, STATE_INTERVAL_DEFAULT,
          "SECONDS", NULL },
        { "standaloneAnywhere", KIND_SWITCH, PLACE(standalone_anywhere), 0, 1, 0, "yes | no",
          NULL },
};

#define N_TOKENS (sizeof(tokens) / sizeof(tokens[0]))

/* Net-SNMP's parsers take no context of ours, and its log is counted for the whole process. */
static struct settings *target;
static unsigned int complaints;

static void set(struct settings *settings, const struct token *token, uint32_t number)
{
        char *member = (char *)settings + token->offset;

        if (token->kind == KIND_SWITCH)
                *(bool *)member = number != 0;
        else
                *(uint32_t *)member = number;
}

/* systemd tells where the unit's state lies. */
static const char *default_path(const struct token *token, char path[256])
{
        const char *folder = getenv("STATE_DIRECTORY");

        if (token->offset != PLACE(state_file) || !folder || folder[0] != '/')
                return token->text;
        snprintf(path, 256, "%s/state", folder);
        return path;
}

static void set_path(struct settings *settings, const struct token *token, const char *path)
{
        snprintf((char *)settings + token->offset, token->high, "%s", path);
}

/* ---- lists of words ---- */

static struct word_list *list_of(struct settings *settings, const struct token *token)
{
        return (struct word_list *)((char *)settings + token->offset);
}

static void clear_words(struct word_list *list)
{
        for (size_t i = 0; i < list->n; i++)
                free((void *)(uintptr_t)list->words[i]);
        free((void *)(uintptr_t)list->words);
        memset(list, 0, sizeof(*list));
}

static void add_word(struct word_list *list, const char *word)
{
        const char **words = (const char **)(uintptr_t)list->words;
        char *copy = strdup(word);

        words = copy ? reallocarray(words, list->n + 1, sizeof(*words)) : NULL;
        if (!words) {
                free(copy);
                return;
        }
        words[list->n++] = copy;
        list->words = words;
}

/* The first line takes the place of the default, further ones add to it. "none" is no word. */
static void add_words(struct word_list *list, const char *line)
{
        char word[256];

        while (line) {
                line = copy_nword_const(line, word, sizeof(word));
                if (word[0] != '\0' && strcasecmp(word, "none") != 0)
                        add_word(list, word);
        }
}

static void set_words(struct settings *settings, const struct token *token, const char *line)
{
        struct word_list *list = list_of(settings, token);

        if (!list->told)
                clear_words(list);
        list->told = true;
        add_words(list, line);
}

static const struct token *find(const char *name)
{
        for (size_t i = 0; i < N_TOKENS; i++)
                if (strcasecmp(tokens[i].name, name) == 0)
                        return &tokens[i];
        return NULL;
}

static bool read_switch(const char *text, uint32_t *number)
{
        static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (strcasecmp(words[i], text) == 0) {
                        *number = i % 2;
                        return true;
                }
        }
        return false;
}

static bool read_number(const char *text, const struct token *token, uint32_t *number)
{
        char *end;
        unsigned long long value = strtoull(text, &end, 10);

        *number = (uint32_t)value;
        return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= token->low &&
               value <= token->high;
}

static void parse(const char *name, char *line)
{
        const struct token *token = find(name);
        char word[256];
        uint32_t number;
        const char *rest;

        if (token->kind == KIND_WORDS) {
                set_words(target, token, line);
                return;
        }
        rest = copy_nword(line, word, sizeof(word));
        if (rest) {
                netsnmp_config_error("%s takes one value: %s", name, token->help);
        } else if (token->kind == KIND_PATH) {
                if (word[0] == '/' && strlen(word) < token->high)
                        set_path(target, token, word);
                else
                        netsnmp_config_error(
                                "%s is an absolute path of at most %u octets, not \"%s\"", name,
                                token->high - 1, word);
        } else if (token->kind == KIND_SWITCH) {
                if (read_switch(word, &number))
                        set(target, token, number);
                else
                        netsnmp_config_error("%s is yes or no, not \"%s\"", name, word);
        } else if (read_number(word, token, &number)) {
                set(target, token, number);
        } else {
                netsnmp_config_error("%s is a number from %u to %u, not \"%s\"", name, token->low,
                                     token->high, word);
        }
}

static int count_complaint(int major, int minor, void *message, void *context)
{
        const struct snmp_log_message *m = message;

        (void)major;
        (void)minor;
        (void)context;
        if (m->priority <= LOG_WARNING)
                complaints++;
        return 0;
}

void settings_default(struct settings *settings)
{
        char path[256];

        for (size_t i = 0; i < N_TOKENS; i++) {
                switch (tokens[i].kind) {
                case KIND_PATH:
                        set_path(settings, &tokens[i], default_path(&tokens[i], path));
                        break;
                case KIND_WORDS:
                        clear_words(list_of(settings, &tokens[i]));
                        add_words(list_of(settings, &tokens[i]), tokens[i].text);
                        break;
                default:
                        set(settings, &tokens[i], tokens[i].standard);
                }
        }
}

void settings_free(struct settings *settings)
{
        for (size_t i = 0; i < N_TOKENS; i++)
                if (tokens[i].kind == KIND_WORDS)
                        clear_words(list_of(settings, &tokens[i]));
}

void settings_register(struct settings *settings)
{
        target = settings;
        settings_default(settings);
        for (size_t i = 0; i < N_TOKENS; i++)
                register_app_config_handler(tokens[i].name, parse, NULL, tokens[i].help);
        netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_WARNING);
        snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, count_complaint, NULL);
}

unsigned int settings_complaints(void)
{
        return complaints;
}
