/* What ipsec-reportd.conf says: the project's own tokens, read by Net-SNMP's mechanism. */
#ifndef IPSEC_REPORT_AGENT_SETTINGS_H
#define IPSEC_REPORT_AGENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings {
        bool xfrm;                    /* collector.xfrm: yes or no */
        uint32_t redump_interval;     /* seconds, 1..86400 */
        uint32_t check_interval;      /* seconds, 1..86400 */
        uint32_t receive_buffer;      /* octets, 4096..1073741824 */
        bool interfaces;              /* interfaceCollector: yes or no */
        uint32_t interface_interval;  /* seconds, 1..86400 */
        bool statistics;              /* statisticsCollector: yes or no */
        uint32_t statistics_interval; /* seconds, 1..86400 */
        bool strongswan;              /* strongswanCollector: yes or no */
        char vici_socket[108];        /* viciSocket: as long as a socket's path may be */
        uint32_t ike_interval;        /* ikeInterval: seconds, 1..86400 */
        uint32_t ike_sa_interval;     /* ikeSaInterval: seconds, 1..86400 */
        bool libreswan;               /* libreswanCollector: yes or no */
        uint32_t libreswan_interval;  /* seconds, 1..86400 */
        char whack_command[108];      /* whackCommand: the program's path */
        bool flows;                   /* flowCollector: yes or no */
        uint32_t flow_interval;       /* seconds, 1..86400 */
        uint32_t flow_idle;           /* seconds, 1..86400 */
        uint32_t flow_maximum;        /* rows, 1..16777216 */
        bool standalone_anywhere;     /* --standalone may listen beyond loopback */
};

/* Registers the tokens; call before init_snmp(). They are written to *settings whenever read. */
void settings_register(struct settings *settings);

/* Sets every value to its default. */
void settings_default(struct settings *settings);

/*
 * How many complaints there were since settings_register(): a wrong value of ours, or anything else
 * that Net-SNMP warns of while it reads. Each has been logged with its file and line.
 */
unsigned int settings_complaints(void);

#endif
