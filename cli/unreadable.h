/* A configuration of this machine's that is not for whoever runs the command. */
#ifndef CLI_UNREADABLE_H
#define CLI_UNREADABLE_H

/*
 * Which file of that type on Net-SNMP's path may not be read, and who may: "/etc/snmp/TYPE.conf
 * (mode 0640, group adm)". The caller frees it. NULL: there is none, or no memory.
 */
char *unreadable_configuration(const char *type);

#endif
