"""A dashboard for Grafana over Prometheus, in the form that its import takes (classic JSON)."""
import json

RATE = "[$__rate_interval]"
HERE = '{instance=~"$instance"}'
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLORS = {"up": "green", "rekeying": "blue", "connecting": "yellow", "down": "red", "idle": "text",
          "notConfigured": "purple", "degraded": "orange", "disabled": "text", "unsupported": "text",
          "unknown": "text", "true": "green", "false": "orange"}


class Layout:
    """Panels from left to right and from top to bottom, 24 units wide."""

    def __init__(self):
        self.panels, self.x, self.y, self.height = [], 0, 0, 0

    def add(self, width, height, panel):
        if self.x + width > 24:
            self.x, self.y, self.height = 0, self.y + self.height, 0
        panel.update(id=len(self.panels) + 1, gridPos=dict(h=height, w=width, x=self.x, y=self.y))
        self.x, self.height = self.x + width, max(self.height, height)
        self.panels.append(panel)


def target(expression, legend="", ref="A", **more):
    return dict(datasource=SOURCE, expr=expression, legendFormat=legend, refId=ref, **more)


def value_map(mib, name):
    options = {str(number): {"text": label, "color": COLORS.get(label, "text"), "index": place}
               for place, (label, number) in enumerate(mib[name].labels.items())}
    return [{"type": "value", "options": options}]


def panel(kind, title, targets, description="", unit=None, mappings=None, steps=None, options=None, custom=None):
    defaults = {"custom": custom or {}, "mappings": mappings or [], "thresholds": {
        "mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps or [("green", None)]]}}
    if unit:
        defaults["unit"] = unit
    return {"type": kind, "title": title, "description": description, "datasource": SOURCE, "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options or {}}


def number(title, expression, description, steps):
    return panel("stat", title, [target(expression)], description, steps=steps,
                 options={"colorMode": "background", "graphMode": "area", "textMode": "value",
                          "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}})


def graph(title, targets, description, unit):
    return panel("timeseries", title, targets, description, unit,
                 options={"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
                 custom={"fillOpacity": 10, "lineWidth": 1, "showPoints": "never"})


def table(title, targets, names, description, mapped, unit=None):
    """Instant values of several metrics of one table, a row for each of its rows."""
    made = panel("table", title, [dict(one, instant=True, format="table") for one in targets], description, unit)
    hidden = {"Time": True, "__name__": True, "job": True, **{name: True for name in names.get("hide", ())}}
    made["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden, "renameByName": names["show"]}}]
    made["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": column}, "properties": [
            {"id": "mappings", "value": mapping},
            {"id": "custom.cellOptions", "value": {"type": "color-text"}}]} for column, mapping in mapped.items()]
    return made


def dashboard(mib):
    red_from_one = [("green", None), ("red", 1)]
    plain = [("blue", None)]
    at = Layout()
    for title, name, steps in (
            ("Tunnels up", "ipsrGlobalTunnelsUp", [("green", None)]),
            ("Tunnels down", "ipsrGlobalTunnelsDown", red_from_one),
            ("Connecting", "ipsrGlobalTunnelsConnecting", plain),
            ("Rekeying", "ipsrGlobalTunnelsRekeying", plain),
            ("Idle on purpose", "ipsrGlobalTunnelsIdle", plain),
            ("IKE SAs", "ipsrGlobalIkeSasEstablished", plain)):
        at.add(4, 4, number(title, f"sum({name}{HERE})", mib[name].description, steps))
    at.add(24, 9, table(
        "Tunnels",
        [target(f"ipsrTunnelState{HERE}", ref="A"), target(f"ipsrTunnelWeakFlag{HERE}", ref="B"),
         target(f"ipsrTunnelOneWayFlag{HERE}", ref="C"), target(f"ipsrTunnelSecondsToRekey{HERE}", ref="D"),
         target(f"rate(ipsrTunnelOctetsIn{HERE}{RATE}) * 8", ref="E"),
         target(f"rate(ipsrTunnelOctetsOut{HERE}{RATE}) * 8", ref="F")],
        {"hide": mib.index_of("ipsrTunnelTable"),
         "show": {"ipsrTunnelName": "Tunnel", "instance": "Gateway", "Value #A": "State", "Value #B": "Weak",
                  "Value #C": "One way", "Value #D": "Rekey in (s)", "Value #E": "In (bit/s)",
                  "Value #F": "Out (bit/s)"}},
        "Every tunnel that is configured, up or down.",
        {"State": value_map(mib, "ipsrTunnelState"), "Weak": value_map(mib, "ipsrTunnelWeakFlag"),
         "One way": value_map(mib, "ipsrTunnelOneWayFlag")}))
    at.add(12, 8, graph("Received, by tunnel", [target(f"rate(ipsrTunnelOctetsIn{HERE}{RATE}) * 8",
                                                       "{{ipsrTunnelName}}")],
                        mib["ipsrTunnelOctetsIn"].description, "bps"))
    at.add(12, 8, graph("Sent, by tunnel", [target(f"rate(ipsrTunnelOctetsOut{HERE}{RATE}) * 8",
                                                   "{{ipsrTunnelName}}")],
                        mib["ipsrTunnelOctetsOut"].description, "bps"))
    at.add(24, 7, panel("state-timeline", "State of each tunnel",
                        [target(f"ipsrTunnelState{HERE}", "{{ipsrTunnelName}}")],
                        mib["ipsrTunnelState"].description, mappings=value_map(mib, "ipsrTunnelState"),
                        options={"mergeValues": True, "showValue": "never", "rowHeight": 0.9}))
    at.add(8, 7, graph("All traffic", [target(f"sum(rate(ipsrGlobalOctetsIn{HERE}{RATE})) * 8", "in"),
                                       target(f"sum(rate(ipsrGlobalOctetsOut{HERE}{RATE})) * 8", "out", "B")],
                       "Octets of all SAs, those that are gone included.", "bps"))
    at.add(8, 7, graph("Rekeys and outages", [
        target(f"sum(increase(ipsrGlobalSaRekeys{HERE}{RATE}))", "rekeys of tunnels"),
        target(f"sum(increase(ipsrGlobalIkeSaRekeys{HERE}{RATE}))", "rekeys of IKE SAs", "B"),
        target(f"sum(increase(ipsrTunnelDowns{HERE}{RATE}))", "tunnels gone down", "C")],
        "How often keys were renewed, and how often a tunnel went down.", "short"))
    at.add(8, 7, graph("Security associations", [
        target(f"sum(ipsrGlobalSas{state}{HERE})", state.lower(), ref)
        for state, ref in (("Larval", "A"), ("Mature", "B"), ("Dying", "C"))],
        "SAs of the kernel by state: larval ones wait for a negotiation.", "short"))
    at.add(12, 8, graph("Failures", [
        target(f"sum(rate(ipsrGlobal{what}{HERE}{RATE}))", legend, ref) for what, legend, ref in (
            ("NegotiationFailures", "negotiation", "A"), ("AuthenticationFailures", "authentication", "B"),
            ("IntegrityFailures", "integrity", "C"), ("ReplayFailures", "replay", "D"),
            ("NoSaDrops", "no SA", "E"))],
        "Failures and dropped packets a second, by cause.", "short"))
    at.add(12, 8, graph("Packets dropped by the kernel", [
        target(f"rate(ipsrXfrmStatPackets{HERE}{RATE})", "{{ipsrXfrmStatKey}}")],
        mib["ipsrXfrmStatPackets"].description, "pps"))
    at.add(12, 7, table("Certificates", [target(f"ipsrCertificateDaysLeft{HERE} >= 0")],
                        {"hide": mib.index_of("ipsrCertificateTable"),
                         "show": {"ipsrCertificateSubject": "Certificate", "instance": "Gateway",
                                  "Value": "Days left"}},
                        mib["ipsrCertificateDaysLeft"].description, {}))
    at.add(12, 7, table("Sources", [target(f"ipsrCollectorState{HERE}", ref="A"),
                                    target(f"ipsrCollectorRows{HERE}", ref="B")],
                        {"show": {"ipsrCollectorKey": "Source", "instance": "Gateway", "Value #A": "State",
                                  "Value #B": "Rows"}},
                        "A zero elsewhere is a true zero only when its source is up.",
                        {"State": value_map(mib, "ipsrCollectorState")}))
    query = {"query": "label_values(ipsrAgentMibRevision, instance)", "refId": "instance"}
    variables = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {},
         "hide": 0, "refresh": 1},
        {"name": "instance", "label": "Gateway", "type": "query", "datasource": SOURCE, "query": query,
         "definition": query["query"], "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*",
         "current": {"text": "All", "value": "$__all"}, "sort": 1, "hide": 0}]
    return {"title": "IPsec", "uid": "ipsec-report", "description": "The IPsec of Linux gateways, by ipsec-report.",
            "tags": ["ipsec", "vpn"], "schemaVersion": 37, "version": 1, "editable": True, "refresh": "1m",
            "time": {"from": "now-6h", "to": "now"}, "timezone": "", "templating": {"list": variables},
            "annotations": {"list": []}, "panels": at.panels}


def files(mib):
    return {"grafana/ipsec.json": json.dumps(dashboard(mib), indent=2) + "\n"}
