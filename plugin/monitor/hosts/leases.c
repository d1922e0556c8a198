/* Which of three formats a lease file has, and reading it. */

#include "monitor/hosts/leases.h"

#include "monitor/hosts/lease_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const format_words[] = {
    [CF_LEASES_AUTO] = "auto",
    [CF_LEASES_DHCPD] = "isc-dhcpd",
    [CF_LEASES_KEA] = "kea",
    [CF_LEASES_DNSMASQ] = "dnsmasq",
};

enum cf_lease_format cf_lease_format_parse(const char *text)
{
	for (unsigned i = CF_LEASES_DHCPD; i <= CF_LEASES_DNSMASQ; i++)
		if (strcmp(text, format_words[i]) == 0)
			return (enum cf_lease_format)i;
	return CF_LEASES_AUTO;
}

const char *cf_lease_format_text(enum cf_lease_format format)
{
	return format_words[format];
}

/* By the first line that says something. */
static enum cf_lease_format guess(struct cf_slice text)
{
	struct cf_lease_reader reader = {
	    .at = (const char *)text.data, .end = (const char *)text.data + text.len};
	char line[CF_LEASE_LINE_BYTES];

	while (cf_lease_next_line(&reader, line)) {
		char first[24] = "", *end;

		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (strncmp(line, "address,", 8) == 0)
			return CF_LEASES_KEA;
		snprintf(first, sizeof first, "%.*s", (int)strcspn(line, " "), line);
		(void)strtoll(first, &end, 10);
		if (first[0] >= '0' && first[0] <= '9' && *end == '\0')
			return CF_LEASES_DNSMASQ;
		if (strncmp(line, "duid ", 5) == 0)
			return CF_LEASES_DNSMASQ;
		if (strncmp(line, "lease ", 6) == 0)
			return CF_LEASES_DHCPD;
		/* dhcpd writes its version and its DUID first. */
		if (strncmp(line, "authoring-byte-order", 20) != 0 &&
		    strncmp(line, "server-duid", 11) != 0)
			return CF_LEASES_AUTO;
	}
	return CF_LEASES_AUTO;
}

enum cf_status cf_leases_read(struct cf_slice text, enum cf_lease_format format,
    cf_lease_found *found, void *arg, struct cf_leases_report *report_out)
{
	struct cf_lease_reader reader = {.at = (const char *)text.data,
	    .end = (const char *)text.data + text.len,
	    .found = found,
	    .arg = arg};

	if (text.len == 0) {
		*report_out = (struct cf_leases_report){.format = format};
		return CF_OK;
	}
	reader.report.format = format == CF_LEASES_AUTO ? guess(text) : format;
	switch (reader.report.format) {
	case CF_LEASES_DHCPD:
		cf_leases_dhcpd(&reader);
		break;
	case CF_LEASES_KEA:
		cf_leases_kea(&reader);
		break;
	case CF_LEASES_DNSMASQ:
		cf_leases_dnsmasq(&reader);
		break;
	case CF_LEASES_AUTO:
		return CF_EUNSUPPORTED;
	}
	*report_out = reader.report;
	return CF_OK;
}
