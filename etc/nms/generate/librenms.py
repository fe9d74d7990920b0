"""LibreNMS: sensors for its definition of Linux (resources/definitions/os_discovery/linux.yaml), as a part of that file."""
from yaml_text import dump, head

MADE = "Made by etc/nms/generate from IPSEC-REPORT-MIB: do not edit."
OK, WARNING, CRITICAL, UNKNOWN = range(4)  # what LibreNMS makes of a state
MODULE = "IPSEC-REPORT-MIB::"
STATES = {
    "ipsrTunnelState": {"up": OK, "connecting": WARNING, "rekeying": OK, "down": CRITICAL, "idle": OK,
                        "notConfigured": WARNING, "unknown": UNKNOWN},
    "ipsrTunnelOneWayFlag": {"true": WARNING, "false": OK},
    "ipsrTunnelWeakFlag": {"true": WARNING, "false": OK},
    "ipsrCollectorState": {"up": OK, "degraded": WARNING, "down": CRITICAL, "disabled": OK, "unsupported": OK,
                           "idle": OK, "unknown": UNKNOWN},
    "ipsrIkeSaState": {"created": OK, "connecting": WARNING, "established": OK, "passive": OK, "rekeying": OK,
                       "rekeyed": OK, "deleting": WARNING, "destroying": WARNING, "unknown": UNKNOWN},
}
NAMES = {"ipsrTunnelTable": ("IPsec tunnels", "ipsrTunnelName"), "ipsrCollectorTable": ("IPsec sources", "ipsrCollectorName"),
         "ipsrIkeSaTable": ("IKE SAs", "ipsrIkeSaPolicyName"), "ipsrIkePolicyTable": ("IKE SAs", "ipsrIkePolicyName"),
         "ipsrCertificateTable": ("IPsec certificates", "ipsrCertificateSubject")}
STEMS = {"ipsrTunnelTable": "ipsrTunnel", "ipsrCollectorTable": "ipsrCollector", "ipsrIkeSaTable": "ipsrIkeSa",
         "ipsrIkePolicyTable": "ipsrIkePolicy", "ipsrCertificateTable": "ipsrCertificate", "ipsrGlobal": "ipsrGlobal"}
COUNTS = {
    "ipsrGlobalTunnelsUp": {}, "ipsrGlobalTunnelsDown": {"high_limit": 0}, "ipsrGlobalTunnelsConnecting": {},
    "ipsrGlobalTunnelsIdle": {}, "ipsrGlobalIkeSasEstablished": {}, "ipsrGlobalIkeSasHalfOpen": {},
    "ipsrGlobalSasMature": {}, "ipsrTunnelDuplicates": {"warn_limit": 0}, "ipsrTunnelUsers": {},
    "ipsrIkePolicyIkeSas": {}, "ipsrCertificateDaysLeft": {"low_limit": 1, "low_warn_limit": 14, "skip_values": -1},
}
MINUTES = ("ipsrTunnelSinceAge", "ipsrTunnelSecondsToHardExpiry")


def problems(mib):
    for name, states in STATES.items():
        if set(states) != set(mib[name].labels):
            yield f"LibreNMS: labels of {name} are {', '.join(mib[name].labels)}"


def sensor(item, **more):
    made = {"oid": MODULE + item.table, "value": MODULE + item.name, "num_oid": f".{item.oid}.{{{{ $index }}}}",
            "index": f"{item.name}.{{{{ $index }}}}"}
    words = item.words(STEMS[item.table])
    if item.table in NAMES:
        group, name = NAMES[item.table]
        made.update(group=group, descr=f"{{{{ {MODULE}{name} }}}}: {words[0].lower() + words[1:]}")
    else:
        made.update(group="IPsec", descr=words)
    made.update(more)
    return made


def states(mib, name):
    item = mib[name]
    return sensor(item, state_name=name, states=[
        {"descr": label, "graph": 1, "value": value, "generic": STATES[name][label]}
        for label, value in item.labels.items()])


def files(mib):
    sensors = {
        "state": {"data": [states(mib, name) for name in STATES if set(STATES[name]) == set(mib[name].labels)]},
        "count": {"data": [sensor(mib[name], **more) for name, more in COUNTS.items()]},
        "runtime": {"options": {"skip_value_lt": 0},
                    "data": [sensor(mib[name], divisor=60) for name in MINUTES]},
    }
    return {"librenms/linux.yaml": head(
        MADE, "A part of LibreNMS' resources/definitions/os_discovery/linux.yaml: put these sensors beside those that are there,",
        "and IPSEC-REPORT-MIB.txt into its folder mibs as IPSEC-REPORT-MIB.") + dump({"modules": {"sensors": sensors}})}
