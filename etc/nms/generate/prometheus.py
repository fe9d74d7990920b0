"""Prometheus: what snmp_exporter asks for, and the alerts."""
import os
import re
import subprocess
import tempfile

import yaml

import choices
import grafana
from yaml_text import dump, head

# One scrape each. The first is what an operator wants; the others have rows that come and go with each rekey.
MODULES = {
    "ipsec_report": ("ipsrAgent", "ipsrGlobal", "ipsrCollectorTable", "ipsrXfrmStatTable", "ipsrTunnelTable",
                     "ipsrCertificateTable", "ipsrEventStatus"),
    "ipsec_report_ike": ("ipsrIkeSaTable", "ipsrIkePolicyTable", "ipsrConfiguredPolicyTable"),
    "ipsec_report_kernel": ("ipsrIpsecSaTable", "ipsrPolicyTable", "ipsrInterfaceTable"),
}
# The columns whose values name the series of a table
LABELS = {
    "ipsrTunnelTable": ("ipsrTunnelName",),
    "ipsrCertificateTable": ("ipsrCertificateSubject",),
    "ipsrIkeSaTable": ("ipsrIkeSaPolicyName", "ipsrIkeSaRemoteText"),
    "ipsrIpsecSaTable": ("ipsrSaSpi", "ipsrSaSourceText", "ipsrSaDestinationText"),
    "ipsrPolicyTable": ("ipsrPolicyName",),
    "ipsrInterfaceTable": ("ipsrInterfaceName",),
}
EXPORTER_021 = "snmp_exporter up to 0.21, which Debian 12 has"
EXPORTER_NEW = "snmp_exporter from 0.23 on"
WITHOUT_SIZES = ("To change it, generate snmp.yml from it, and add `fixed_size: 20` where ipsrCertificateFingerprint is",
                 "an index: the exporter's generator overlooks the size of an octet string without a name of its own.")
MADE = "Made by etc/nms/generate from IPSEC-REPORT-MIB: do not edit."


def unknown_metrics(mib, path, expressions, known):
    """Names in queries that are neither a metric nor a label."""
    labels = {name for group in mib.groups if group.endswith("Table") for name in mib.index_of(group)}
    labels.update(label for columns in LABELS.values() for label in columns)
    for expression in expressions:
        for name in re.findall(r"\bipsr[A-Z]\w+", expression):
            if name not in known and name not in labels:
                yield f"{path} asks for {name}, which the exporter does not make"


def problems(mib):
    """A group that no module walks and that is not left out, and what is told twice."""
    for group in mib.groups:
        walks = sum(group in groups for groups in MODULES.values())
        wanted = 1 if choices.chosen(mib, group, choices.PROMETHEUS) else 0
        if walks != wanted:
            yield f"Prometheus: {group} is walked by {walks} modules, not by {wanted}"
    known = {item.name for groups in MODULES.values() for group in groups
             for item in choices.chosen(mib, group, choices.PROMETHEUS)}
    rules = [rule["expr"] for group in yaml.safe_load(alerts(mib))["groups"] for rule in group["rules"]]
    yield from unknown_metrics(mib, "alerts.yml", rules, known)
    panels = [one["expr"] for panel in grafana.dashboard(mib)["panels"] for one in panel["targets"]]
    yield from unknown_metrics(mib, "ipsec.json", panels, known)


def generator_module(mib, module):
    groups = MODULES[module]
    indexes = [name for group in groups if group.endswith("Table") for name in mib.index_of(group)]
    left = [item.name for group in groups for item in mib.groups[group]
            if choices.why_left_out(item, choices.PROMETHEUS)]
    levels = [item.name for group in groups for item in mib.groups[group]
              if item.type == "CounterBasedGauge64" and item.name not in left]
    return {
        "walk": list(groups),
        "lookups": [{"source_indexes": mib.index_of(group), "lookup": label}
                    for group in groups for label in LABELS.get(group, ())],
        # an index is a label; levels of 64 bits are counters by their SYNTAX alone
        "overrides": {**{name: {"ignore": True} for name in indexes + left},
                      **{name: {"type": "gauge"} for name in levels}},
    }


def generator_021(mib):
    """generator.yml of old: version and credentials belong to the module."""
    modules = {name: {"version": 2, "auth": {"community": "public"}, **generator_module(mib, name)}
               for name in MODULES}
    return head(MADE, f"For {EXPORTER_021}.", *WITHOUT_SIZES) + dump({"modules": modules})


def generator_new(mib):
    modules = {name: generator_module(mib, name) for name in MODULES}
    return head(MADE, f"For {EXPORTER_NEW}.", *WITHOUT_SIZES) + dump({"auths": auths(), "modules": modules})


def auths():
    return {"public_v2": {"version": 2, "community": "public"}}


def exporter_021(mib, generator):
    """What the exporter's own generator makes of generator.yml."""
    with tempfile.TemporaryDirectory() as scratch:
        with open(os.path.join(scratch, "generator.yml"), "w") as file:
            file.write(generator)
        subprocess.run(["prometheus-snmp-generator", "generate", "-o", "snmp.yml"], cwd=scratch, check=True,
                       env=dict(mib.environment, MIBDIRS=":".join(mib.folders)), stderr=subprocess.PIPE)
        with open(os.path.join(scratch, "snmp.yml")) as file:
            return with_sizes(mib, yaml.safe_load(file))


def with_sizes(mib, modules):
    """The generator sees the fixed size of a textual convention alone; without it an index is taken for one that
    begins with its length."""
    for module in modules.values():
        for metric in module["metrics"]:
            for index in metric.get("indexes", ()):
                size = mib[index["labelname"]].fixed_size
                if size:
                    index["fixed_size"] = size
    return modules


def renewed(old):
    """The same in the form of newer exporters."""
    modules = {name: {key: value for key, value in module.items() if key not in ("auth", "version")}
               for name, module in old.items()}
    return {"auths": auths(), "modules": modules}


# ---- the alerts ----

def alert(name, expression, wait, severity, summary, description):
    rule = {"alert": name, "expr": expression}
    if wait:
        rule["for"] = wait
    rule["labels"] = {"severity": severity}
    rule["annotations"] = {"summary": summary, "description": description}
    return rule


def alerts(mib):
    true = mib.value("ipsrTunnelFreshFlag", "true")
    false = mib.value("ipsrTunnelFreshFlag", "false")
    tunnel = "{{ $labels.ipsrTunnelName }} on {{ $labels.instance }}"
    fresh = f"and ipsrTunnelFreshFlag == {true}"
    certificate = "{{ $labels.ipsrCertificateSubject }} on {{ $labels.instance }}"
    collector = "{{ $labels.ipsrCollectorKey }} on {{ $labels.instance }}"
    tunnels = [
        alert("IpsecTunnelDown", f"ipsrTunnelState == {mib.value('ipsrTunnelState', 'down')} {fresh}", "1m", "critical",
              f"Tunnel {tunnel} is down",
              "It ought to be up. ipsrTunnelDownReason has the reason, as a number of the module; "
              "`ipsec_report -summary` shows it in words."),
        alert("IpsecTunnelConnecting",
              f"ipsrTunnelState == {mib.value('ipsrTunnelState', 'connecting')} {fresh}", "10m", "warning",
              f"Tunnel {tunnel} does not get up", "It has been negotiating for ten minutes."),
        alert("IpsecTunnelFlapping", "increase(ipsrTunnelDowns[1h]) >= 3", "", "warning",
              f"Tunnel {tunnel} goes up and down", "It went down {{ $value | humanize }} times in an hour."),
        alert("IpsecTunnelOneWay", f"ipsrTunnelOneWayFlag == {true} {fresh}", "1m", "warning",
              f"Tunnel {tunnel}: packets go out, none come in", "It is up, and likely does not work."),
        alert("IpsecTunnelExpiring",
              "ipsrTunnelSecondsToHardExpiry >= 0 and ipsrTunnelSecondsToHardExpiry < 120 "
              f"{fresh}", "1m", "warning",
              f"Tunnel {tunnel} is not rekeyed", "Its SAs end in {{ $value | humanizeDuration }}."),
        alert("IpsecTunnelWeak", f"ipsrTunnelWeakFlag == {true}", "", "info",
              f"Tunnel {tunnel} uses a weak algorithm", "ipsrAgentWeakAlgorithms names those that are called weak."),
        alert("IpsecTunnelDuplicates", "ipsrTunnelDuplicates > 0", "10m", "info",
              f"Tunnel {tunnel} has more SAs than it needs",
              "The peers disagree, or both of them keep connecting."),
        alert("IpsecTunnelStale", f"ipsrTunnelFreshFlag == {false}", "5m", "warning",
              f"Tunnel {tunnel}: nothing new is known", "The sources that tell of it cannot be read."),
        alert("IpsecIntegrityFailures", "rate(ipsrTunnelIntegrityErrors[5m]) > 0.1", "5m", "warning",
              f"Tunnel {tunnel}: packets fail their integrity check", "They are corrupted or forged."),
        alert("IpsecReplayFailures",
              "rate(ipsrTunnelReplayErrors[5m]) + rate(ipsrTunnelReplayWindowErrors[5m]) > 1", "5m", "warning",
              f"Tunnel {tunnel}: packets are dropped by replay protection",
              "They are repeated, or so late that the replay window is too small."),
    ]
    machine = [
        alert("IpsecAgentSilent", "ipsrAgentMibRevision offset 10m unless on (job, instance) ipsrAgentMibRevision",
              "2m", "critical",
              "{{ $labels.instance }} tells nothing of its IPsec any more",
              "snmpd or ipsec-reportd is not running, or cannot be reached."),
        alert("IpsecAuthenticationFailures", "increase(ipsrGlobalAuthenticationFailures[15m]) > 3", "", "warning",
              "Peers of {{ $labels.instance }} fail to authenticate",
              "A wrong key, identity or certificate, or a stranger: {{ $value | humanize }} times in 15 minutes."),
        alert("IpsecNegotiationFailures", "increase(ipsrGlobalNegotiationFailures[15m]) > 3", "", "warning",
              "Negotiations on {{ $labels.instance }} fail", "{{ $value | humanize }} times in 15 minutes."),
        alert("IpsecNoSaDrops", "rate(ipsrGlobalNoSaDrops[5m]) > 1", "5m", "warning",
              "{{ $labels.instance }} drops packets that no SA is there for", "{{ $value | humanize }} a second."),
        alert("IpsecPacketsDropped", 'rate(ipsrXfrmStatPackets{ipsrXfrmStatKey!~"XfrmAcquireError|XfrmFwdHdrError"}[5m]) > 1',
              "5m", "warning", "{{ $labels.instance }} drops packets: {{ $labels.ipsrXfrmStatKey }}",
              "{{ $value | humanize }} a second. The kernel's Documentation/networking/xfrm_proc.rst tells what that is."),
        alert("IpsecJournalLost", "increase(ipsrEventLost[1h]) > 0", "", "info",
              "{{ $labels.instance }} lost events from its journal", "More happened than the journal holds."),
    ]
    sources = [
        alert("IpsecCollectorDown", f"ipsrCollectorState == {mib.value('ipsrCollectorState', 'down')}", "2m", "warning",
              f"Source {collector} cannot be read", "What it would tell is missing or old."),
        alert("IpsecCollectorDegraded", f"ipsrCollectorState == {mib.value('ipsrCollectorState', 'degraded')}",
              "10m", "info", f"Source {collector} is read in part", "ipsrCollectorLastError tells what is missing."),
    ]
    end_entity = f"ipsrCertificateKind == {mib.value('ipsrCertificateKind', 'endEntity')}"
    certificates = [
        alert("IpsecCertificateExpiring",
              f"ipsrCertificateDaysLeft > 0 and ipsrCertificateDaysLeft <= 14 and {end_entity}", "", "warning",
              f"Certificate {certificate} ends soon", "It is valid for {{ $value }} more days."),
        alert("IpsecCertificateExpired", f"ipsrCertificateDaysLeft == 0 and {end_entity}", "", "critical",
              f"Certificate {certificate} is not valid any more", "Peers do not accept it."),
    ]
    groups = [("ipsec-tunnels", tunnels), ("ipsec-machine", machine), ("ipsec-sources", sources),
              ("ipsec-certificates", certificates)]
    return head(MADE, "Alerts over what module ipsec_report of snmp.yml brings; numbers are the module's.") + dump(
        {"groups": [{"name": name, "rules": rules} for name, rules in groups]})


def files(mib):
    generator = generator_021(mib)
    old = exporter_021(mib, generator)
    return {
        "prometheus/generator-0.21.yml": generator,
        "prometheus/generator.yml": generator_new(mib),
        "prometheus/snmp-0.21.yml": head(MADE, f"For {EXPORTER_021}.") + dump(old),
        "prometheus/snmp.yml": head(MADE, f"For {EXPORTER_NEW}.") + dump(renewed(old)),
        "prometheus/alerts.yml": alerts(mib),
    }
