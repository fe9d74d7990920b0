"""Zabbix: a template for 6.0, which asks for each item, and one for 7.0, which walks each table once.

Both are one template: the same names, keys and uuids, so that the second takes the place of the first.
"""
import hashlib

import choices
from mib import ROOT
from yaml_text import Quoted, dump, head

TEMPLATE = "IPsec by SNMP"
GROUP = ("36bff6c29af64692839d077febfc7079", "Templates/Network devices")  # Zabbix's own
MADE = "Made by etc/nms/generate from IPSEC-REPORT-MIB: do not edit."
OLD, NEW = "6.0", "7.0"
MINUTE, SELDOM = "1m", "10m"
UTF8 = "1"  # the walk's texts: UTF-8, also where SNMP shows octets
AS_IS = "0"

SCALARS = {"ipsrAgent": "agent", "ipsrGlobal": "gateway", "ipsrEventStatus": "journal"}
# table: what one row is called, how it is named, macros of discovery and their columns, how long a lost one is kept
TABLES = {
    "ipsrTunnelTable": ("Tunnel", "{#TUNNEL}", {"{#TUNNEL}": "ipsrTunnelName", "{#PEER}": "ipsrTunnelRemoteText"}, "7d"),
    "ipsrIkeSaTable": ("IKE SA", "{#POLICY} with {#PEER} ({#SNMPINDEX})",
                       {"{#POLICY}": "ipsrIkeSaPolicyName", "{#PEER}": "ipsrIkeSaRemoteText"}, "1h"),
    "ipsrIkePolicyTable": ("IKE policy", "{#POLICY}", {"{#POLICY}": "ipsrIkePolicyName"}, "7d"),
    "ipsrCertificateTable": ("Certificate", "{#SUBJECT} ({#FINGERPRINT})",
                             {"{#SUBJECT}": "ipsrCertificateSubject",
                              "{#FINGERPRINT}": "ipsrCertificateFingerprintText"}, "1d"),
    "ipsrCollectorTable": ("Source", "{#SOURCE}", {"{#SOURCE}": "ipsrCollectorName"}, "7d"),
    "ipsrXfrmStatTable": ("Kernel counter", "{#COUNTER}", {"{#COUNTER}": "ipsrXfrmStatName"}, "7d"),
}
STEMS = {"ipsrTunnelTable": "ipsrTunnel", "ipsrIkeSaTable": "ipsrIkeSa", "ipsrIkePolicyTable": "ipsrIkePolicy",
         "ipsrCertificateTable": "ipsrCertificate", "ipsrCollectorTable": "ipsrCollector",
         "ipsrXfrmStatTable": "ipsrXfrmStat", "ipsrAgent": "ipsrAgent", "ipsrGlobal": "ipsrGlobal",
         "ipsrEventStatus": "ipsrEvent"}
MACROS = (
    ("{$IPSEC.TUNNEL.MATCHES}", ".*", "Tunnels to watch: a regular expression on the name"),
    ("{$IPSEC.TUNNEL.NOT_MATCHES}", "^CHANGE_IF_NEEDED$", "Tunnels not to watch: a regular expression on the name"),
    ("{$IPSEC.TUNNEL.CONTROL}", "1", 'Raise a problem when a tunnel is down: 0 with a context, the name, for one '
     'that may be down'),
    ("{$IPSEC.TUNNEL.DOWN.CHECKS}", "#2", "So many checks, one a minute, find a tunnel down before it is a problem"),
    ("{$IPSEC.TUNNEL.EXPIRY.WARN}", "120", "Seconds to the end of a tunnel's SAs by which they ought to be renewed"),
    ("{$IPSEC.TUNNEL.FLAPS.WARN}", "3", "Times that a tunnel may go down in an hour"),
    ("{$IPSEC.ERRORS.WARN}", "1", "Packets a second that may fail their integrity check or replay protection"),
    ("{$IPSEC.DROPS.WARN}", "1", "Packets a second that the kernel may drop; with a context, a counter's name, for one"),
    ("{$IPSEC.FAILURES.WARN}", "3", "Negotiations or authentications that may fail in 15 minutes"),
    ("{$IPSEC.CERT.DAYS.WARN}", "14", "Days before the end of a certificate"),
    ("{$IPSEC.NODATA.TIME}", "5m", "The agent is missed after it has been silent for so long"),
    ("{$IPSEC.TRAP.TIME}", "1h", "A notification is a problem for so long"),
)
# Rates are of what is counted by the second; other counters are shown as they are, and triggers take differences.
RATES = ("octets", "packets")
UNITS = {"seconds": "s", "octets": "B", "percent": "%", "microseconds": "us"}
# notification: severity of its trigger; those that a poll tells as well, and recoveries, have none
TRAPS = {
    "ipsrSaSoftExpired": "WARNING", "ipsrSaHardExpired": "AVERAGE", "ipsrSaExpiryWarning": "WARNING",
    "ipsrIkeAuthFailure": "WARNING", "ipsrNegotiationFailed": "WARNING", "ipsrIntegrityFailures": "WARNING",
    "ipsrReplayFailures": "WARNING", "ipsrPolicyChanged": "AVERAGE", "ipsrNotificationDigest": "INFO",
}
TOLD_BY_POLLS = ("ipsrTunnelUp", "ipsrTunnelDown", "ipsrTunnelOneWay", "ipsrIkeSaUp", "ipsrIkeSaDown",
                 "ipsrCertificateExpiring", "ipsrCollectorDown", "ipsrCollectorUp")


def uuid(*parts):
    """The same for the same thing, in the form of a random one, as Zabbix demands."""
    digits = hashlib.sha256("/".join((TEMPLATE,) + parts).encode()).hexdigest()[:32]
    return f"{digits[:12]}4{digits[13:16]}{'89ab'[int(digits[16], 16) % 4]}{digits[17:]}"


def problems(mib):
    for group in mib.groups:
        wanted = bool(choices.chosen(mib, group, choices.ZABBIX))
        if wanted != (group in SCALARS or group in TABLES):
            yield f"Zabbix: {group} is {'not ' if wanted else ''}in the template"
    for name in mib.notifications:
        if name not in TRAPS and name not in TOLD_BY_POLLS:
            yield f"Zabbix: nothing is said of {name}"
    for name in (*TRAPS, *TOLD_BY_POLLS):
        if name not in mib.notifications:
            yield f"Zabbix: there is no {name}"


# ---- items ----

def value_map_name(item):
    return f"IPSEC-REPORT-MIB::{item.type if item.type not in ('INTEGER', 'BITS') else item.name}"


def enumeration(item):
    return bool(item.labels) and item.type != "BITS"


def is_text(item):
    return item.syntax == "OCTET STRING" or item.type in ("SnmpAdminString", "IpsrSelectorList")


def settled(item):
    """What changes seldom: texts, and what a row is rather than how it is."""
    return is_text(item) or item.name.endswith(("Version", "Protocol", "Mode", "KeyBits", "Kind", "PrivateKeyFlag",
                                                "Role", "Pfs", "PpkFlag"))


def key_of(item, index=""):
    return f"{item.name}[{index}]" if index else item.name


def item_of(mib, item, label, version, index=""):
    """An item, or with an index an item prototype."""
    oid = f"{item.oid}.{index or '0'}"
    made = {"uuid": uuid(key_of(item, index)), "name": label}
    steps = []
    if version == NEW:
        made["type"] = "DEPENDENT"
        steps.append({"type": "SNMP_WALK_VALUE", "parameters": [oid, UTF8 if is_text(item) else AS_IS]})
    else:
        made.update(type="SNMP_AGENT", snmp_oid=oid)
    made["key"] = key_of(item, index)
    made["delay"] = "0" if version == NEW else SELDOM if settled(item) else MINUTE
    made["history"] = "7d"
    if is_text(item):
        made.update(trends="0", value_type="CHAR")
    elif item.syntax == "Counter64" and item.units in RATES:
        made.update(value_type="FLOAT", units="bps" if item.units == "octets" else "pps")
        steps.append({"type": "CHANGE_PER_SECOND", "parameters": [""]})
        if item.units == "octets":
            steps.append({"type": "MULTIPLIER", "parameters": ["8"]})
    else:
        if item.type == "Integer32":
            made["value_type"] = "FLOAT"  # -1 is a value
        if item.units:
            made["units"] = UNITS.get(item.units, "!" + item.units)
    made["description"] = item.description
    if enumeration(item):
        made["valuemap"] = {"name": value_map_name(item)}
        made["trends"] = "0"
    if version == NEW and settled(item):
        steps.append({"type": "DISCARD_UNCHANGED_HEARTBEAT", "parameters": ["6h"]})
    if steps:
        made["preprocessing"] = steps
    if version == NEW:
        made["master_item"] = {"key": walk_key(item.table)}
    return made


def tags(**values):
    return [{"tag": tag, "value": value} for tag, value in values.items()]


def walk_key(group):
    return f"ipsr.walk[{group}]"


def walk_item(mib, group):
    root = mib[group].oid if group in mib.objects else mib.groups[group][0].oid.rpartition(".")[0]
    return {"uuid": uuid("walk", group), "name": f"Walk of {group}", "type": "SNMP_AGENT",
            "snmp_oid": f"walk[{root}]", "key": walk_key(group), "delay": MINUTE, "history": "0", "trends": "0",
            "value_type": "TEXT", "description": f"All of {group}, which the items below it are taken from.",
            "tags": tags(component="raw")}


def scalar_items(mib, version):
    for group, component in SCALARS.items():
        for item in choices.chosen(mib, group, choices.ZABBIX):
            label = f"{component.capitalize()}: {item.words(STEMS[group])}"
            yield {**item_of(mib, item, label, version), "tags": tags(component=component)}


def trap_key(notification):
    return f'snmptrap["({notification.name}|{notification.oid})[^A-Za-z0-9.]"]'


def trap_items(mib):
    for notification in mib.notifications.values():
        yield {"uuid": uuid("trap", notification.name),
               "name": f"Notification: {notification.words('ipsr')}", "type": "SNMP_TRAP",
               "key": trap_key(notification), "delay": "0", "history": "7d", "trends": "0", "value_type": "LOG",
               "description": notification.description, "tags": tags(component="notification")}


# ---- discovery ----

def discovery(mib, group, version):
    what, row, macros, lifetime = TABLES[group]
    columns = {macro: mib[name] for macro, name in macros.items()}
    made = {"uuid": uuid("discovery", group), "name": f"Discovery of {group}"}
    if version == NEW:
        parameters = []
        for macro, column in columns.items():
            parameters += [macro, column.oid, UTF8]
        made.update(type="DEPENDENT", key=f"ipsr.discovery[{group}]", delay="0")
    else:
        inner = ",".join(f"{macro},{column.oid}" for macro, column in columns.items())
        made.update(type="SNMP_AGENT", snmp_oid=f"discovery[{inner}]", key=f"ipsr.discovery[{group}]", delay="5m")
    if group == "ipsrTunnelTable":
        made["filter"] = {"evaltype": "AND", "conditions": [
            {"macro": "{#TUNNEL}", "value": "{$IPSEC.TUNNEL.MATCHES}", "formulaid": "A"},
            {"macro": "{#TUNNEL}", "value": "{$IPSEC.TUNNEL.NOT_MATCHES}", "operator": "NOT_MATCHES_REGEX",
             "formulaid": "B"}]}
    made["lifetime"] = lifetime
    made["description"] = mib[group].description
    prototypes = []
    for item in choices.chosen(mib, group, choices.ZABBIX):
        label = f"{what} {row}: {item.words(STEMS[group])}"
        component = what.lower().replace(" ", "-")
        prototypes.append({**item_of(mib, item, label, version, "{#SNMPINDEX}"),
                           "tags": tags(component=component, **{component: next(iter(macros))})})
    made["item_prototypes"] = prototypes
    triggers = list(TRIGGERS.get(group, lambda mib: ())(mib))
    if triggers:
        made["trigger_prototypes"] = triggers
    if group in GRAPHS:
        made["graph_prototypes"] = [graph(*one) for one in GRAPHS[group]]
    if version == NEW:
        made["master_item"] = {"key": walk_key(group)}
        made["preprocessing"] = [{"type": "SNMP_WALK_TO_JSON", "parameters": parameters}]
    return made


# ---- triggers ----

class Trigger:
    """Triggers of one row, or of the whole: last("ipsrTunnelState") is an expression over its item."""

    def __init__(self, mib, index=""):
        self.mib, self.index, self.made = mib, f"[{index}]" if index else "", {}

    def of(self, function, name, *parameters):
        assert name in self.mib.objects, name
        inside = ",".join((f"/{TEMPLATE}/{name}{self.index}",) + parameters)
        return f"{function}({inside})"

    def state(self, name, label, compare="="):
        return f"{self.of('last', name)}{compare}{self.mib.value(name, label)}"

    def rise(self, name, period):
        return f"({self.of('max', name, period)}-{self.of('min', name, period)})"

    def add(self, name, expression, severity, description, scope, after=(), operational=""):
        made = {"uuid": uuid("trigger", name), "expression": expression, "name": name}
        if operational:
            made["opdata"] = operational
        made.update(priority=severity, description=description)
        behind = [{"name": other, "expression": self.made[other]} for other in after]
        if behind:
            made["dependencies"] = behind
        made["tags"] = tags(scope=scope)
        self.made[name] = expression
        return made


SILENT = "The agent does not answer"


def silent(mib):
    return Trigger(mib).of("nodata", "ipsrAgentMibRevision", "{$IPSEC.NODATA.TIME}") + "=1"


def tunnel_triggers(mib):
    tunnel = Trigger(mib, "{#SNMPINDEX}")
    tunnel.made[SILENT] = silent(mib)
    state, down = mib["ipsrTunnelState"].name, mib.value("ipsrTunnelState", "down")
    fresh = tunnel.state("ipsrTunnelFreshFlag", "true")
    is_down, name = "Tunnel {#TUNNEL} is down", "Tunnel {#TUNNEL}"
    yield tunnel.add(
        is_down, '{$IPSEC.TUNNEL.CONTROL:"{#TUNNEL}"}=1 and '
        f'{tunnel.of("count", state, "{$IPSEC.TUNNEL.DOWN.CHECKS}", Q("ne"), Q(str(down)))}=0 and '
        f'{tunnel.state(state, "down")} and {fresh}', "HIGH",
        "It ought to be up. Its item \"Down reason\" tells why it is not. Idle on purpose and rekeying are no faults.",
        "availability", (SILENT,), "Peer: {#PEER}")
    yield tunnel.add(
        f"{name} does not get up",
        f'{tunnel.of("count", state, "10m", Q("ne"), Q(str(mib.value(state, "connecting"))))}=0 and {fresh}', "WARNING",
        "It has been negotiating for ten minutes.", "availability", (SILENT,), "Peer: {#PEER}")
    yield tunnel.add(
        f"{name} goes up and down", f'{tunnel.rise("ipsrTunnelDowns", "1h")}>={{$IPSEC.TUNNEL.FLAPS.WARN}}', "WARNING",
        "It went down several times in the last hour.", "availability", (SILENT,))
    yield tunnel.add(
        f"{name}: packets go out, none come in", f'{tunnel.state("ipsrTunnelOneWayFlag", "true")} and {fresh}',
        "WARNING", mib["ipsrTunnelOneWayFlag"].description, "availability", (is_down,), "Peer: {#PEER}")
    expiry = "ipsrTunnelSecondsToHardExpiry"
    yield tunnel.add(
        f"{name} is not rekeyed",
        f'{tunnel.of("last", expiry)}>=0 and {tunnel.of("last", expiry)}<{{$IPSEC.TUNNEL.EXPIRY.WARN}} and {fresh}',
        "WARNING", mib[expiry].description, "availability", (is_down,))
    yield tunnel.add(
        f"{name}: packets fail their integrity check",
        f'{tunnel.of("avg", "ipsrTunnelIntegrityErrors", "5m")}>{{$IPSEC.ERRORS.WARN}}', "WARNING",
        "They are corrupted or forged.", "security", (is_down,))
    yield tunnel.add(
        f"{name}: packets are dropped by replay protection",
        f'({tunnel.of("avg", "ipsrTunnelReplayErrors", "5m")}+'
        f'{tunnel.of("avg", "ipsrTunnelReplayWindowErrors", "5m")})>{{$IPSEC.ERRORS.WARN}}', "WARNING",
        "They are repeated, or so late that the replay window is too small.", "security", (is_down,))
    yield tunnel.add(
        f"{name} uses a weak algorithm", tunnel.state("ipsrTunnelWeakFlag", "true"), "INFO",
        "The agent's item \"Weak algorithms\" names those that are called weak.", "security", (is_down,))
    yield tunnel.add(
        f"{name} has more SAs than it needs", tunnel.of("min", "ipsrTunnelDuplicates", "10m") + ">0", "INFO",
        mib["ipsrTunnelDuplicates"].description, "notice", (is_down,))
    yield tunnel.add(
        f"{name}: nothing new is known",
        f'{tunnel.of("count", "ipsrTunnelFreshFlag", "5m", Q("ne"), Q(str(mib.value("ipsrTunnelFreshFlag", "false"))))}=0',
        "WARNING", mib["ipsrTunnelFreshFlag"].description, "availability", (SILENT,))


class Q(str):
    """A quoted parameter of a function."""

    def __new__(cls, text):
        return super().__new__(cls, f'"{text}"')


def collector_triggers(mib):
    source = Trigger(mib, "{#SNMPINDEX}")
    source.made[SILENT] = silent(mib)
    down = "Source {#SOURCE} cannot be read"
    yield source.add(down, source.state("ipsrCollectorState", "down"), "AVERAGE",
                     "What it would tell is missing, or is what it last told.", "availability", (SILENT,))
    yield source.add("Source {#SOURCE} is read in part", source.state("ipsrCollectorState", "degraded"), "WARNING",
                     "Its item \"Last error\" tells what is missing.", "availability", (down,))


def certificate_triggers(mib):
    certificate = Trigger(mib, "{#SNMPINDEX}")
    days, own = "ipsrCertificateDaysLeft", certificate.state("ipsrCertificateKind", "endEntity")
    over, name = "Certificate {#SUBJECT} is not valid any more", "Certificate {#SUBJECT}"
    yield certificate.add(over, f'{certificate.of("last", days)}=0 and {own}', "HIGH", "Peers do not accept it.",
                          "availability", (), "Fingerprint: {#FINGERPRINT}")
    yield certificate.add(f"{name} ends soon", f'{certificate.of("last", days)}>=0 and '
                          f'{certificate.of("last", days)}<={{$IPSEC.CERT.DAYS.WARN}} and {own}', "WARNING",
                          mib[days].description, "notice", (over,), "Days left: {ITEM.LASTVALUE1}")


def counter_triggers(mib):
    counter = Trigger(mib, "{#SNMPINDEX}")
    yield counter.add("The kernel drops packets: {#COUNTER}",
                      f'{counter.of("min", "ipsrXfrmStatPackets", "5m")}>{{$IPSEC.DROPS.WARN:"{{#COUNTER}}"}}', "WARNING",
                      "The kernel's Documentation/networking/xfrm_proc.rst tells what the counter means.", "performance")


def ike_sa_triggers(mib):
    sa = Trigger(mib, "{#SNMPINDEX}")
    yield sa.add("IKE SA {#POLICY} with {#PEER} ({#SNMPINDEX}) uses a weak algorithm",
                 sa.state("ipsrIkeSaWeakFlag", "true"), "INFO",
                 "The agent's item \"Weak algorithms\" names those that are called weak.", "security")


TRIGGERS = {"ipsrTunnelTable": tunnel_triggers, "ipsrCollectorTable": collector_triggers,
            "ipsrCertificateTable": certificate_triggers, "ipsrXfrmStatTable": counter_triggers,
            "ipsrIkeSaTable": ike_sa_triggers}


def machine_triggers(mib):
    whole = Trigger(mib)
    yield whole.add(SILENT, silent(mib), "HIGH", "snmpd or ipsec-reportd is not running, or cannot be reached, or the "
                    "view of the community hides its subtree.", "availability")
    yield whole.add("The agent was restarted", whole.of("change", "ipsrAgentRun") + "<>0", "INFO",
                    "Tunnels and totals go on where they were.", "notice")
    yield whole.add("Peers fail to authenticate",
                    f'{whole.rise("ipsrGlobalAuthenticationFailures", "15m")}>{{$IPSEC.FAILURES.WARN}}', "WARNING",
                    "A wrong key, identity or certificate, or a stranger.", "security", (SILENT,))
    yield whole.add("Negotiations fail",
                    f'{whole.rise("ipsrGlobalNegotiationFailures", "15m")}>{{$IPSEC.FAILURES.WARN}}', "WARNING",
                    mib["ipsrGlobalNegotiationFailures"].description, "availability", (SILENT,))
    yield whole.add("Packets are dropped that no SA is there for",
                    f'{whole.of("min", "ipsrGlobalNoSaDrops", "5m")}>{{$IPSEC.DROPS.WARN}}', "WARNING",
                    mib["ipsrGlobalNoSaDrops"].description, "performance", (SILENT,))
    cleared = mib["ipsrNotifyClearedFlag"]
    true = cleared.labels["true"]
    over = f"({cleared.name}|{cleared.oid}).0[^0-9]+(true|{true})([^0-9]|$)"
    for name, severity in TRAPS.items():
        notification = mib.notifications[name]
        item = f"/{TEMPLATE}/{trap_key(notification)}"
        yield whole.add(f"Notification: {notification.words('ipsr')}",
                        f'nodata({item},{{$IPSEC.TRAP.TIME}})=0 and find({item},#1,"regexp","{over}")=0',
                        severity, notification.description, "notice")


# ---- graphs and the dashboard ----

COLORS = ("1A7C11", "2774A4", "F63100", "A54F10", "FC6EA3", "6C59DC", "AC8C14")


def graph(name, *keys):
    return {"uuid": uuid("graph", name), "name": name, "graph_items": [
        {"sortorder": str(place), "drawtype": "GRADIENT_LINE" if len(keys) < 3 else "BOLD_LINE",
         "color": COLORS[place], "item": {"host": TEMPLATE, "key": key}} for place, key in enumerate(keys)]}


INDEX = "[{#SNMPINDEX}]"
GRAPHS = {"ipsrTunnelTable": [
    ("Tunnel {#TUNNEL}: traffic", "ipsrTunnelOctetsIn" + INDEX, "ipsrTunnelOctetsOut" + INDEX)]}
ALL_GRAPHS = (
    ("All traffic", "ipsrGlobalOctetsIn", "ipsrGlobalOctetsOut"),
    ("Tunnels by state", "ipsrGlobalTunnelsUp", "ipsrGlobalTunnelsRekeying", "ipsrGlobalTunnelsDown",
     "ipsrGlobalTunnelsConnecting", "ipsrGlobalTunnelsIdle"),
    ("Security associations", "ipsrGlobalSasMature", "ipsrGlobalSasDying", "ipsrGlobalSasLarval",
     "ipsrGlobalIkeSasEstablished"),
    ("Failures", "ipsrGlobalNegotiationFailures", "ipsrGlobalAuthenticationFailures", "ipsrGlobalIntegrityFailures",
     "ipsrGlobalReplayFailures", "ipsrGlobalNoSaDrops"),
)


def widget(version, kind, x, y, width, height, fields, name=""):
    """Positions are in 24ths of the width for 6.0; 7.0 has 72."""
    scale = 3 if version == NEW else 1
    types = {"graph": "GRAPH_CLASSIC", "graphprototype": "GRAPH_PROTOTYPE", "item": "ITEM"}
    made = {"type": kind if version == NEW else types[kind]}
    if name:
        made["name"] = name
    if x:
        made["x"] = Quoted(x * scale)
    if y:
        made["y"] = Quoted(y)
    made.update(width=Quoted(width * scale), height=Quoted(height))
    last = ".0" if version == NEW else ""
    made["fields"] = [{"type": type_, "name": field + (last if field in ("graphid", "itemid") else ""), "value": value}
                      for type_, field, value in fields]
    return made


def dashboard(mib, version):
    widgets = []
    for place, (name, title) in enumerate((
            ("ipsrGlobalTunnelsUp", "Up"), ("ipsrGlobalTunnelsDown", "Down"),
            ("ipsrGlobalTunnelsConnecting", "Connecting"), ("ipsrGlobalTunnelsRekeying", "Rekeying"),
            ("ipsrGlobalTunnelsIdle", "Idle"), ("ipsrGlobalIkeSasEstablished", "IKE SAs"))):
        fields = [("ITEM", "itemid", {"host": TEMPLATE, "key": mib[name].name})]
        fields += [("INTEGER", "show", Quoted(2))] if version == OLD else [("INTEGER", "show.0", Quoted(2))]
        fields += [("INTEGER", "units_show", Quoted(0)), ("INTEGER", "decimal_places", Quoted(0))]
        widgets.append(widget(version, "item", place * 4, 0, 4, 3, fields, f"Tunnels: {title.lower()}" if place < 5 else title))
    for place, (name, *_) in enumerate(ALL_GRAPHS):
        fields = [("GRAPH", "graphid", {"host": TEMPLATE, "name": name})]
        widgets.append(widget(version, "graph", place % 2 * 12, 3 + place // 2 * 5, 12, 5, fields))
    fields = [("INTEGER", "columns", Quoted(2)), ("INTEGER", "rows", Quoted(4)),
              ("GRAPH_PROTOTYPE", "graphid", {"host": TEMPLATE, "name": GRAPHS["ipsrTunnelTable"][0][0]})]
    if version == NEW:
        fields.append(("STRING", "reference", "AAAAA"))
    widgets.append(widget(version, "graphprototype", 0, 13, 24, 16, fields))
    return {"uuid": uuid("dashboard"), "name": "IPsec", "pages": [{"widgets": widgets}]}


# ---- the whole ----

def value_maps(mib):
    wanted = {}
    for group in (*SCALARS, *TABLES):
        for item in choices.chosen(mib, group, choices.ZABBIX):
            if enumeration(item):
                wanted[value_map_name(item)] = item.labels
    return [{"uuid": uuid("valuemap", name), "name": name, "mappings": [
        {"value": Quoted(number), "newvalue": Quoted(label)} for label, number in labels.items()]}
            for name, labels in sorted(wanted.items())]


def template(mib, version):
    walks = [walk_item(mib, group) for group in (*SCALARS, *TABLES)] if version == NEW else []
    group = {"uuid": GROUP[0], "name": GROUP[1]}
    made = {
        "uuid": uuid("template"), "template": TEMPLATE, "name": TEMPLATE,
        "description": "The IPsec of a Linux machine, by ipsec-report's agent and snmpd: tunnels, IKE SAs, totals, "
                       "certificates, and whether all that is current.",
        "groups": [{"name": GROUP[1]}],
        "items": walks + list(scalar_items(mib, version)) + list(trap_items(mib)),
        "discovery_rules": [discovery(mib, table, version) for table in TABLES],
        "tags": tags(**{"class": "network", "target": "ipsec"}),
        "macros": [{"macro": macro, "value": Quoted(value), "description": text} for macro, value, text in MACROS],
        "dashboards": [dashboard(mib, version)],
        "valuemaps": value_maps(mib),
    }
    export = {"version": Quoted(version), "template_groups" if version == NEW else "groups": [group],
              "templates": [made], "triggers": list(machine_triggers(mib)),
              "graphs": [graph(*one) for one in ALL_GRAPHS]}
    what = "walks each table once" if version == NEW else "asks for each item"
    return head(MADE, f"For Zabbix {version}: it {what}.") + dump({"zabbix_export": export})


def files(mib):
    assert mib["ipsrTunnelTable"].oid.startswith(ROOT)
    return {f"zabbix/template-{version}.yaml": template(mib, version) for version in (OLD, NEW)}
