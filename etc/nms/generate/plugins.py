"""Nagios and Icinga: commands and services, over check_snmp and over `ipsec_report -check`."""
from yaml_text import head

MADE = "Made by etc/nms/generate from IPSEC-REPORT-MIB: do not edit."
COMMAND = "/usr/bin/ipsec_report"  # make install puts the real place here


class Check:
    """A check by check_snmp: it takes a value that is not there for well unless it has something to compare with."""

    def __init__(self, name, title, oid, label, warning="", critical="", pattern="", rate=False):
        self.name, self.title, self.oid, self.label = name, title, oid, label
        self.warning, self.critical, self.pattern, self.rate = warning, critical, pattern, rate

    def options(self):
        yield "-o", self.oid
        yield "-l", self.label
        for option, value in (("-w", self.warning), ("-c", self.critical), ("-r", self.pattern)):
            if value:
                yield option, value
        if self.rate:
            yield "--rate", ""
            yield "--rate-multiplier", "60"


def checks(mib):
    def scalar(name):
        return mib[name].oid + ".0"

    def only(name, label):
        value = mib.value(name, label)
        return f"@{value}:{value}"

    collector = mib["ipsrCollectorState"].oid
    xfrm = ".".join(str(octet) for octet in (4, *b"xfrm"))
    return [
        Check("agent", "IPsec agent", scalar("ipsrAgentVersion"), "version", pattern="[0-9]"),
        Check("tunnels_down", "IPsec tunnels down", scalar("ipsrGlobalTunnelsDown"), "down", critical="0"),
        Check("tunnels_up", "IPsec tunnels up", scalar("ipsrGlobalTunnelsUp"), "up", warning="1:"),
        Check("ike_sas", "IKE SAs", scalar("ipsrGlobalIkeSasEstablished"), "ike_sas", warning="1:"),
        Check("half_open", "IKE SAs half open", scalar("ipsrGlobalIkeSasHalfOpen"), "half_open", warning="50",
              critical="500"),
        Check("authentication", "IKE authentication failures", scalar("ipsrGlobalAuthenticationFailures"),
              "failures_a_minute", warning="1", critical="10", rate=True),
        Check("no_sa_drops", "IPsec packets without an SA", scalar("ipsrGlobalNoSaDrops"), "packets_a_minute",
              warning="60", critical="6000", rate=True),
        Check("kernel", "IPsec source: kernel", f"{collector}.{xfrm}", "state",
              warning=only("ipsrCollectorState", "degraded"), critical=only("ipsrCollectorState", "down")),
    ]


def tunnel_check(mib):
    state = "ipsrTunnelState"
    inside = [f"@{mib.value(state, label)}:{mib.value(state, label)}" for label in ("connecting", "down")]
    return Check("tunnel", "", mib[state].oid, "state", *inside)


# ---- Nagios ----

def nagios(mib):
    def command(check, oid):
        words = [f"{option} '{oid if option == '-o' else value}'" if value else option
                 for option, value in check.options()]
        return (f"define command {{\n    command_name  check_ipsec_snmp_{check.name}\n"
                f"    command_line  $USER1$/check_snmp -H $HOSTADDRESS$ $_HOSTSNMP_OPTIONS$ {' '.join(words)}\n}}\n")

    def service(check):
        return (f"define service {{\n    use                  generic-service\n"
                f"    hostgroup_name       ipsec-gateways\n    service_description  {check.title}\n"
                f"    check_command        check_ipsec_snmp_{check.name}\n}}\n")

    tunnel = tunnel_check(mib)
    parts = [head(
        MADE, "For Nagios 4. cfg_file= it, and give each gateway:", "",
        "  define host {",
        "      use            generic-host",
        "      host_name      gateway",
        "      address        192.0.2.1",
        "      hostgroups     ipsec-gateways",
        "      _SNMP_OPTIONS  -P 2c -C public       ; of check_snmp",
        "      _IPSEC_OPTIONS -v2c -c public        ; of ipsec_report",
        "  }", "",
        "check_ipsec_report sees every tunnel and says which is down. Those by check_snmp need nothing but the",
        "Monitoring Plugins: take either, or both."),
        "define hostgroup {\n    hostgroup_name  ipsec-gateways\n    alias           IPsec gateways\n}\n",
        "# All of a gateway: tunnels, expiry, certificates, sources\n"
        "define command {\n    command_name  check_ipsec_report\n"
        f"    command_line  {COMMAND} -check $ARG1$ -- $_HOSTIPSEC_OPTIONS$ $HOSTADDRESS$\n}}\n",
        "define service {\n    use                  generic-service\n    hostgroup_name       ipsec-gateways\n"
        "    service_description  IPsec\n    check_command        check_ipsec_report\n}\n",
        "# One tunnel, or some, by name. For instance:\n"
        "#   check_command  check_ipsec_report!-name 'branch/*' -critical down=0 -warning expiry=300:\n",
        f"# One tunnel by check_snmp. $ARG1$ is its index: what snmpwalk -On shows behind {mib['ipsrTunnelName'].oid}.\n"
        + command(tunnel, tunnel.oid + ".$ARG1$")]
    for check in checks(mib):
        parts += [command(check, check.oid), service(check)]
    return "\n".join(parts)


# ---- Icinga ----

def icinga(mib):
    def variables(check, oid):
        told = {"snmp_oid": oid, "snmp_label": check.label, "snmp_warn": check.warning, "snmp_crit": check.critical,
                "snmp_ereg": check.pattern}
        lines = [f'  vars.{name} = "{value}"' for name, value in told.items() if value]
        if check.rate:
            lines += ["  vars.snmp_rate = true", "  vars.snmp_rate_multiplier = 60"]
        return "\n".join(lines)

    def service(check):
        return (f'apply Service "{check.title}" {{\n  import "generic-service"\n  check_command = "snmp"\n'
                f'  vars.snmp_version = "2c"\n{variables(check, check.oid)}\n  assign where host.vars.ipsec\n}}\n')

    tunnel = tunnel_check(mib)
    return "\n".join([head(
        MADE, "For Icinga 2, with its own command \"snmp\". Include it, and give each gateway:", "",
        "  object Host \"gateway\" {",
        "    import \"generic-host\"",
        "    address = \"192.0.2.1\"",
        "    vars.ipsec = true",
        "    vars.snmp_community = \"public\"",
        "    vars.ipsec_snmp_options = [ \"-v2c\", \"-c\", \"public\" ]",
        "    // what is to be looked at by itself, by pattern of its name",
        "    vars.ipsec_tunnels[\"branch\"] = { name = \"branch/*\" }",
        "    // by its index, which snmpwalk -On shows behind " + mib["ipsrTunnelName"].oid,
        "    vars.ipsec_tunnel_states[\"gw/lan\"] = \"2.103.119.3.108.97.110.1\"",
        "  }").replace("# ", "// ").replace("#\n", "//\n"),
        f'''object CheckCommand "ipsec_report" {{
  command = [ "{COMMAND}", "-check" ]
  arguments = {{
    "-name" = "$ipsec_name$"
    "-peer" = "$ipsec_peer$"
    "-warning" = {{
      value = "$ipsec_warning$"
      repeat_key = true
    }}
    "-critical" = {{
      value = "$ipsec_critical$"
      repeat_key = true
    }}
    "-state" = "$ipsec_state_file$"
    "--" = {{
      set_if = true
      order = 1
    }}
    "(options)" = {{
      value = "$ipsec_snmp_options$"
      skip_key = true
      repeat_key = false
      order = 2
    }}
    "(address)" = {{
      value = "$ipsec_address$"
      skip_key = true
      order = 3
    }}
  }}
  vars.ipsec_address = "$address$"
  vars.ipsec_snmp_options = [ "-v2c", "-c", "public" ]
}}
''',
        '''// All of a gateway: tunnels, expiry, certificates, sources
apply Service "IPsec" {
  import "generic-service"
  check_command = "ipsec_report"
  assign where host.vars.ipsec
}
''',
        '''apply Service "IPsec " for (tunnel => settings in host.vars.ipsec_tunnels) {
  import "generic-service"
  check_command = "ipsec_report"
  vars.ipsec_name = settings.name
  assign where host.vars.ipsec
}
''',
        f'''apply Service "IPsec tunnel " for (tunnel => index in host.vars.ipsec_tunnel_states) {{
  import "generic-service"
  check_command = "snmp"
  vars.snmp_version = "2c"
{variables(tunnel, "")}
  vars.snmp_oid = "{tunnel.oid}." + index
  assign where host.vars.ipsec
}}
''', *[service(check) for check in checks(mib)]])


def files(mib):
    return {"nagios/ipsec-report.cfg": nagios(mib), "icinga2/ipsec-report.conf": icinga(mib)}
