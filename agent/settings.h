/* What ipsec-reportd.conf says: the project's own tokens, read by Net-SNMP's mechanism. */
#ifndef IPSEC_REPORT_AGENT_SETTINGS_H
#define IPSEC_REPORT_AGENT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words of the configuration. */
struct word_list {
        const char *const *words;
        size_t n;
        bool told; /* by the configuration; else they are the default */
};

struct settings {
        bool xfrm;                        /* collector.xfrm: yes or no */
        uint32_t redump_interval;         /* seconds, 1..86400 */
        uint32_t check_interval;          /* seconds, 1..86400 */
        uint32_t receive_buffer;          /* octets, 4096..1073741824 */
        bool interfaces;                  /* interfaceCollector: yes or no */
        uint32_t interface_interval;      /* seconds, 1..86400 */
        bool statistics;                  /* statisticsCollector: yes or no */
        uint32_t statistics_interval;     /* seconds, 1..86400 */
        bool strongswan;                  /* strongswanCollector: yes or no */
        char vici_socket[108];            /* viciSocket: as long as a socket's path may be */
        uint32_t ike_interval;            /* ikeInterval: seconds, 1..86400 */
        uint32_t ike_sa_interval;         /* ikeSaInterval: seconds, 1..86400 */
        bool libreswan;                   /* libreswanCollector: yes or no */
        uint32_t libreswan_interval;      /* libreswanInterval: seconds, 1..86400 */
        char whack_command[108];          /* whackCommand: the program's path */
        bool flows;                       /* flowCollector: yes or no */
        uint32_t flow_interval;           /* seconds, 1..86400 */
        uint32_t flow_idle;               /* seconds, 1..86400 */
        uint32_t flow_maximum;            /* rows, 1..16777216 */
        bool audit;                       /* auditCollector: yes or no */
        uint32_t tunnel_retention;        /* tunnelRetention: seconds, 60..2147483647 */
        uint32_t tunnel_maximum;          /* tunnelMaximum: 0..10000000 */
        uint32_t one_way_seconds;         /* oneWaySeconds: 10..86400 */
        struct word_list idle_tunnels;    /* idleTunnel: patterns */
        struct word_list weak_algorithms; /* weakAlgorithms: names and patterns */
        char state_file[256];             /* stateFile */
        uint32_t state_interval;          /* stateInterval: seconds, 1..3600 */
        uint32_t event_table_size;        /* eventTableSize: 0..1000000 */
        uint32_t expiry_seconds;          /* expiryWarningSeconds: 0..86400 */
        uint32_t expiry_percent;          /* expiryWarningPercent: 0..50 */
        uint32_t integrity_failures;      /* integrityFailureRate: 0..1000000 */
        uint32_t replay_failures;         /* replayFailureRate: 0..1000000 */
        uint32_t failure_interval;        /* failureInterval: seconds, 1..86400 */
        uint32_t certificate_days;        /* certificateWarningDays: 0..3650 */
        bool standalone_anywhere;         /* --standalone may listen beyond loopback */
};

/* Registers the tokens; call before init_snmp(). They are written to *settings whenever read. */
void settings_register(struct settings *settings);

/* Sets every value to its default. Lists that were there before are freed. */
void settings_default(struct settings *settings);

/* Frees the lists. */
void settings_free(struct settings *settings);

/*
 * How many complaints there were since settings_register(): a wrong value of ours, or anything else
 * that Net-SNMP warns of while it reads. Each has been logged with its file and line.
 */
unsigned int settings_complaints(void);

#endif
