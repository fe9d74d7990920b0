/* The IKE daemons that rows may be of. Their names are also the keys of their collectors. */
#ifndef IPSEC_REPORT_TABLES_IKE_DAEMON_H
#define IPSEC_REPORT_TABLES_IKE_DAEMON_H

#include <stdint.h>

/* Which IKE daemon tells of a row; its name is in the row's column. */
enum ike_daemon {
        DAEMON_STRONGSWAN = 1,
        DAEMON_LIBRESWAN = 2,
};

/* Daemons are numbered from 1 to this; 0 is none, or one that is not known. */
enum { IKE_DAEMONS = DAEMON_LIBRESWAN };

#define STRONGSWAN "strongswan"
#define LIBRESWAN "libreswan"

/* All their names, in this order. */
#define IKE_DAEMON_NAMES STRONGSWAN, LIBRESWAN

/* NULL: there is none with this number. */
const char *ike_daemon_name(uint8_t daemon);

/* enum ike_daemon; 0: the name is NULL, or no daemon's. */
uint8_t ike_daemon_of_name(const char *name);

#endif
