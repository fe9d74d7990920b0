#include "snmp_agent.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdlib.h>
#include <string.h>

#define APPLICATION "ipsec-reportd"

/* Seconds that one of the library's own synchronous calls may take, and how often it repeats it. */
#define SYNCHRONOUS_TIMEOUT 1
#define SYNCHRONOUS_RETRIES 0

/* Modules of libnetsnmpmibs that an agent of its own needs; no installed header declares them. */
void init_vacm_vars(void);
void init_usmUser(void);
void init_snmpEngine(void);
void init_sysORTable(void);
void init_system_mib(void);
int subagent_startup(int major, int minor, void *server, void *client);

/* snmp.conf may have set them for the clients on this host, which are in no hurry. */
static int bound_synchronous_calls(int major, int minor, void *server, void *client)
{
        (void)major;
        (void)minor;
        (void)server;
        (void)client;
        netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT, SYNCHRONOUS_TIMEOUT);
        netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, SYNCHRONOUS_RETRIES);
        return 0;
}

/* Nobody has been given access: this host may read, and no other. Before Net-SNMP complains of it.
 */
static int grant_loopback(int major, int minor, void *server, void *client)
{
        char line[] = "rocommunity public 127.0.0.1", line6[] = "rocommunity6 public ::1";

        (void)major;
        (void)minor;
        (void)server;
        (void)client;
        if (vacm_is_configured())
                return 0;
        netsnmp_config(line);
        netsnmp_config(line6);
        return 0;
}

/* Modules of Net-SNMP's own: access control, users, the system group. */
static void prepare_agent(void)
{
        char smux[] = "-smux"; /* a port of an older protocol, which nobody asked for */

        add_to_init_list(smux);
        /* The default is a line in the log for each request. */
        netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
                               NETSNMP_DS_AGENT_DONT_LOG_TCPWRAPPERS_CONNECTS, 1);
        netsnmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG,
                                  grant_loopback, NULL, NETSNMP_CALLBACK_HIGHEST_PRIORITY);
        init_vacm_vars();
        init_usmUser();
        init_snmpEngine();
        init_system_mib();
        init_sysORTable();
}

/*
 * Nothing of a subagent outlives it. NETSNMP_DS_LIB_DONT_PERSIST_STATE would stop the reading of
 * all configuration as well (5.9.3), and state that a standalone run left is read among that.
 */
static void keep_no_state(void)
{
        set_persistent_directory("/dev/null"); /* no folder, and none can be made below it */
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
}

static void prepare_subagent(const struct options *options)
{
        netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
        keep_no_state();
        /* snmpd away is no news every two seconds: connected and disconnected are logged. */
        netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS,
                               1);
        if (options->agentx)
                netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
                                      options->agentx);
}

void snmp_agent_prepare(const struct options *options)
{
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
        if (options->only_config)
                netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
        if (options->config)
                netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OPTIONALCONFIG,
                                      options->config);
        if (options->check)
                keep_no_state();
        else if (!options->standalone)
                prepare_subagent(options);
        snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG,
                               bound_synchronous_calls, NULL);
        init_agent(APPLICATION);
        netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                           AGENTX_PING_INTERVAL_DEFAULT);
        /* A check reads the same files as either kind of agent would. */
        if (options->standalone || options->check)
                prepare_agent();
}

void snmp_agent_read(void)
{
        init_snmp(APPLICATION);
        /* It would connect at each reading of the configuration, and complain that it is connected.
         */
        snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG,
                                 subagent_startup, NULL, 1);
}

bool snmp_agent_open(const struct options *options)
{
        if (!options->standalone)
                return true;
        netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_PORTS,
                              options->standalone);
        return init_master_agent() == 0;
}

bool snmp_agent_is_loopback(const char *address)
{
        static const char *const prefixes[] = { "127.", "localhost", "[::1]", "::1" };
        const char *host = address, *colon = strchr(address, ':');

        if (strncmp(address, "unix:", 5) == 0)
                return true;
        /* A transport's name may come first: udp:127.0.0.1:161, udp6:[::1]:161. */
        if (colon && (strncmp(address, "udp", 3) == 0 || strncmp(address, "tcp", 3) == 0))
                host = colon + 1;
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
                if (strncmp(host, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        return false;
}

void snmp_agent_reread(void)
{
        update_config();
}

void snmp_agent_stop(void)
{
        snmp_shutdown(APPLICATION);
        shutdown_agent();
}
