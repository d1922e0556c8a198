/* Which of three formats a lease file has, and reading one or several into one journal. */

#include "monitor/leases/leases.h"

#include "monitor/leases/lease_reader.h"

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

/* What else may begin a line of dhcpd's file, and what may begin its leases. */
static bool is_dhcpd_line(const char *line)
{
	static const char *const words[] = {"authoring-byte-order", "class", "failover", "group",
	    "host", "ia-na", "ia-pd", "ia-ta", "lease", "pool", "server-duid", "shared-network",
	    "subclass", "subnet"};
	size_t len = strcspn(line, " \t;{\"");

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == len && memcmp(line, words[i], len) == 0)
			return line[len] != '\0';
	return false;
}

/* dnsmasq: a time, or its own DUID in front of the v6 leases. */
static bool is_dnsmasq_line(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return (digits > 0 && digits < 20 && line[digits] == ' ') || strncmp(line, "duid ", 5) == 0;
}

enum cf_lease_format cf_leases_guess(struct cf_slice text)
{
	struct cf_lease_reader reader = {
	    .at = (const char *)text.data, .end = (const char *)text.data + text.len};
	char line[CF_LEASE_LINE_BYTES];

	while (text.len > 0 && cf_lease_next_line(&reader, line)) {
		const char *first = line + strspn(line, " \t");

		if (*first == '\0' || *first == '#')
			continue;
		if (strncmp(first, "address,", 8) == 0)
			return CF_LEASES_KEA;
		if (is_dnsmasq_line(first))
			return CF_LEASES_DNSMASQ;
		return is_dhcpd_line(first) ? CF_LEASES_DHCPD : CF_LEASES_AUTO;
	}
	return CF_LEASES_AUTO;
}

struct cf_leases {
	struct cf_lease_reader reader;
	cf_lease_found *found;
	void *arg;
	unsigned count;
};

static void on_found(void *arg, const struct cf_lease *lease)
{
	struct cf_leases *leases = arg;

	leases->count++;
	leases->found(leases->arg, lease);
}

enum cf_status cf_leases_new(cf_lease_found *found, void *arg, struct cf_leases **leases_out)
{
	struct cf_leases *leases = calloc(1, sizeof *leases);

	if (leases == NULL)
		return CF_ENOMEM;
	leases->found = found;
	leases->arg = arg;
	if (cf_lease_journal_new(on_found, leases, &leases->reader.journal) != CF_OK) {
		free(leases);
		return CF_ENOMEM;
	}
	*leases_out = leases;
	return CF_OK;
}

void cf_leases_free(struct cf_leases *leases)
{
	if (leases == NULL)
		return;
	cf_lease_journal_free(leases->reader.journal);
	free(leases);
}

enum cf_status cf_leases_take(
    struct cf_leases *leases, struct cf_slice text, enum cf_lease_format format)
{
	struct cf_lease_reader *reader = &leases->reader;

	if (text.len == 0)
		return CF_OK;
	if (format == CF_LEASES_AUTO)
		format = cf_leases_guess(text);
	reader->at = (const char *)text.data;
	reader->end = reader->at + text.len;
	reader->line = 0;
	reader->report.format = format;
	switch (format) {
	case CF_LEASES_DHCPD:
		cf_leases_dhcpd(reader);
		break;
	case CF_LEASES_KEA:
		cf_leases_kea(reader);
		break;
	case CF_LEASES_DNSMASQ:
		cf_leases_dnsmasq(reader);
		break;
	case CF_LEASES_AUTO:
		return CF_EUNSUPPORTED;
	}
	return reader->status;
}

void cf_leases_finish(struct cf_leases *leases, struct cf_leases_report *report_out)
{
	cf_lease_journal_finish(leases->reader.journal);
	*report_out = leases->reader.report;
	report_out->leases = leases->count;
}

enum cf_status cf_leases_read(struct cf_slice text, enum cf_lease_format format,
    cf_lease_found *found, void *arg, struct cf_leases_report *report_out)
{
	struct cf_leases *leases = NULL;
	enum cf_status status = cf_leases_new(found, arg, &leases);

	if (status == CF_OK)
		status = cf_leases_take(leases, text, format);
	if (status == CF_OK)
		cf_leases_finish(leases, report_out);
	cf_leases_free(leases);
	return status;
}
