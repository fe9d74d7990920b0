/* Tells systemd how the service stands, as sd_notify(3) describes the protocol. */
#ifndef IPSEC_REPORT_AGENT_SD_NOTIFY_H
#define IPSEC_REPORT_AGENT_SD_NOTIFY_H

/* Sends "READY=1", "RELOADING=1", "STOPPING=1", ...; without $NOTIFY_SOCKET it does nothing. */
void sd_notify_send(const char *state);

#endif
