#include "report.h"

const struct report *const reports[] = {
        &report_sa_ike,          &report_sa_ipsec, &report_ike,  &report_host_active,
        &report_host_configured, &report_tunnel,   &report_ip,   &report_bypass,
        &report_cache,           &report_summary,  &report_stat, &report_cert,
        &report_collector,       &report_event,    NULL,
};

_Static_assert(sizeof(reports) / sizeof(reports[0]) <= REPORTS_MAX, "REPORTS_MAX");

size_t reports_count(void)
{
        return sizeof(reports) / sizeof(reports[0]) - 1;
}
