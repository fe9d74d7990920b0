"""What each monitoring system gets, and what it does not: the one place that says so, with the reason.

Whatever the module has and is not named here is in the files: a new column comes in by itself when they are
generated anew, and the suite "nms" fails until they are. A line that fits nothing any more is an error.
"""
import fnmatch

PROMETHEUS, ZABBIX = "Prometheus", "Zabbix"
BOTH = (PROMETHEUS, ZABBIX)

CONFIGURATION = "configuration; ipsec_report -ike shows it"
# systems, group:PATTERN (a table, or a group of scalars) or type:PATTERN or PATTERN of names, why
LEFT_OUT = (
    (BOTH, "group:ipsrSaBySpiTable", "the SAs once more, under another index"),
    (BOTH, "group:ipsrPolicyTemplateTable", "what a policy demands does not change; ipsec_report -tunnel shows it"),
    (BOTH, "group:ipsrBypassTable", "what is configured to go in clear text does not change by itself"),
    (BOTH, "group:ipsrFlowTable", "a series for each connection; asking for it makes the agent collect it"),
    (BOTH, "group:ipsrEventTable", "a journal is no series; the notifications bring it, ipsrEventStatus tells of news"),
    ((ZABBIX,), "group:ipsrIpsecSaTable", "its rows go at each rekey; the tunnels have what outlives them"),
    ((ZABBIX,), "group:ipsrPolicyTable", "an item for each policy of the kernel; the tunnels and the totals tell"),
    ((ZABBIX,), "group:ipsrConfiguredPolicyTable", "configuration; the tunnels tell what came of it"),
    ((ZABBIX,), "group:ipsrInterfaceTable", "configuration; the template of the operating system has the traffic"),
    (BOTH, "type:TimeStamp", "on snmpd's sysUpTime; both see by the value that a counter began anew"),
    (BOTH, "type:InetAddress", "octets; the text is in the column beside it"),
    (BOTH, "type:InetAddressType", "belongs to the octets of the address"),
    (BOTH, "*Transform", "IANA's number; the name is in the column beside it"),
    (BOTH, "ipsr*DhGroup", "IANA's number; the name is in the column beside it"),
    (BOTH, "ipsrTunnelIkeSa", "a row's number, another one after each rekey"),
    (BOTH, "ipsrTunnel*boundSa", "a row's number, another one after each rekey"),
    (BOTH, "ipsrIkeSaPolicyKey", "the name is in ipsrIkeSaPolicyName"),
    (BOTH, "ipsrIkeSaDaemonId", "the daemon's own number, of use to its commands alone"),
    (BOTH, "ipsrTunnelReqid", "the kernel's number, of use to `ip xfrm` alone"),
    (BOTH, "ipsrXfrmStatName", "it names the series"),
    ((PROMETHEUS,), "ipsr*Age", "Prometheus counts from the moment, which is in the column beside it"),
    ((ZABBIX,), "type:DateAndTime", "Zabbix shows its octets as hexadecimal; the age, or the days left, are beside it"),
    ((PROMETHEUS,), "ipsrSa*Mask", "belongs to a mark or a port; configuration"),
    ((PROMETHEUS,), "ipsrPolicy*Mask", "belongs to a mark or a port; configuration"),
    ((PROMETHEUS,), "ipsrConfigured*Mask", "belongs to a mark; configuration"),
    ((PROMETHEUS,), "ipsrSaIptfs*", "settings of the kernel, which do not change"),
    ((PROMETHEUS,), "ipsrSaCareOfText", "Mobile IPv6"),
    ((PROMETHEUS,), "ipsrSaTunnel*", "which tunnel an SA serves is in ipsec_report -sa ipsec -verbose"),
    ((PROMETHEUS,), "ipsrPolicyTunnel*", "which tunnel a policy serves is in ipsec_report -tunnel"),
    ((PROMETHEUS,), "ipsrPolicyConfigured*", "which child made a policy is in ipsec_report -tunnel"),
    ((PROMETHEUS,), "ipsrSaPolicyCookie", "a row's number"),
    ((PROMETHEUS,), "ipsrPolicyCookie", "a row's number"),
    ((PROMETHEUS,), "ipsrSaPartner", "a row's number"),
    ((PROMETHEUS,), "ipsrSaIkeSa", "a row's number"),
    ((PROMETHEUS,), "ipsrTunnelName", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrCertificateSubject", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrIkeSaPolicyName", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrIkeSaRemoteText", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrSaSpi", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrSaSourceText", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrSaDestinationText", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrPolicyName", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrInterfaceName", "it names the series: a label of the whole table"),
    ((PROMETHEUS,), "ipsrTunnelPolicyName", "a part of ipsrTunnelName"),
    ((PROMETHEUS,), "ipsrTunnelChildName", "a part of ipsrTunnelName"),
    ((ZABBIX,), "ipsrTunnelPolicyName", "a part of ipsrTunnelName"),
    ((ZABBIX,), "ipsrTunnelChildName", "a part of ipsrTunnelName"),
    ((ZABBIX,), "ipsrTunnelLocalIdentity", "configuration; the peer's is there"),
    ((ZABBIX,), "ipsrIkePolicyVersion", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyLocal*", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyRemotePort", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyRemote*Identity", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyRemoteAuthMethod", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyRemoteCas", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicy*Seconds", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyUniqueness", CONFIGURATION),
    ((ZABBIX,), "ipsrIkePolicyProposals", CONFIGURATION),
    ((ZABBIX,), "ipsrIkeSa*Port", "500 or 4500; whether there is NAT is told beside it"),
    ((ZABBIX,), "ipsrIkeSaLocalIdentity", "configuration; the peer's is there"),
    ((ZABBIX,), "ipsrIkeSaAuthRecord", "configuration"),
    ((ZABBIX,), "ipsrIkeSa*Spi", "of use to whoever looks at packets; another one after each rekey"),
    ((ZABBIX,), "ipsrGlobalS?d*", "sizes of the kernel's tables; what the agent sees of them is there"),
    ((ZABBIX,), "ipsrEventOldest", "where the journal begins"),
    ((ZABBIX,), "ipsrEventCapacity", "the agent's configuration"),
    ((ZABBIX,), "ipsrAgentNetworkNamespace", "of use to whoever looks at the machine itself"),
)
# A Time without an Age beside it, and an Age without a Time: these stay in spite of the lines above
KEPT = {
    PROMETHEUS: ("ipsrTunnelLastPacketInAge", "ipsrTunnelLastPacketOutAge", "ipsrTunnelLastErrorAge",
                 "ipsrTunnelLastSeenAge", "ipsrIkePolicyLastSeenAge", "ipsrConfiguredLastSeenAge",
                 "ipsrSaLastPacketAge"),
    ZABBIX: (),
}


def matches(pattern, item):
    kind, _, rest = pattern.rpartition(":")
    value = {"group": item.table, "type": item.type or "", "": item.name}[kind]
    return fnmatch.fnmatchcase(value, rest)


def why_left_out(item, system):
    """The reason why a system does not get an object, None if it does."""
    if item.name in KEPT[system]:
        return None
    return next((why for systems, pattern, why in LEFT_OUT if system in systems and matches(pattern, item)), None)


def chosen(mib, group, system):
    return [item for item in mib.groups[group] if not why_left_out(item, system)]


def problems(mib):
    """Lines and names here that fit nothing in the module."""
    readable = [item for group in mib.groups.values() for item in group]
    for systems, pattern, _ in LEFT_OUT:
        if not any(matches(pattern, item) for item in readable):
            yield f"choices.py: {pattern} fits no object"
    for names in KEPT.values():
        for name in names:
            if name not in mib.objects:
                yield f"choices.py: there is no {name}"
