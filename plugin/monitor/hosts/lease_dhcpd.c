/* ISC dhcpd: lease ADDRESS { statement; ... } (dhcpd.leases(5)). */

#include "monitor/hosts/lease_reader.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

/* "4 2024/09/26 10:00:00" (weekday first, UTC), "epoch 1727344800", or "never". */
static bool read_dhcpd_time(const char *text, int64_t *wall_s_out)
{
	int weekday, year, month, day, hour, minute, second;
	char iso[40];

	if (strncmp(text, "never", 5) == 0) {
		*wall_s_out = INT64_MAX;
		return true;
	}
	if (strncmp(text, "epoch ", 6) == 0) {
		char number[24];

		snprintf(number, sizeof number, "%.*s", (int)strcspn(text + 6, " ;"), text + 6);
		return cf_lease_seconds(number, wall_s_out);
	}
	/* NOLINTNEXTLINE(cert-err34-c): numbers of at most four digits cannot overflow */
	if (sscanf(text, "%1d %4d/%2d/%2d %2d:%2d:%2d", &weekday, &year, &month, &day, &hour,
	        &minute, &second) != 7)
		return false;
	snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, hour, minute,
	    second);
	return cf_instant_parse(iso, wall_s_out) == CF_OK;
}

/* A quoted string with \ooo and \" escapes into bytes; returns their number. */
static unsigned read_quoted(const char *text, uint8_t *bytes, unsigned size)
{
	unsigned count = 0;

	if (*text++ != '"')
		return 0;
	while (*text != '\0' && *text != '"' && count < size) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			bytes[count++] = (uint8_t)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
			    (text[3] - '0'));
			text += 4;
			continue;
		}
		if (*text == '\\' && text[1] != '\0')
			text++;
		bytes[count++] = (uint8_t)*text++;
	}
	return count;
}

static void take_dhcpd_client_id(struct cf_lease *lease, const char *text)
{
	char hex[3 * CF_CLIENT_ID_BYTES + 1];

	if (*text == '"') {
		lease->client_id_bytes = read_quoted(text, lease->client_id, CF_CLIENT_ID_BYTES);
		return;
	}
	snprintf(hex, sizeof hex, "%.*s", (int)strcspn(text, " ;"), text);
	lease->client_id_bytes = cf_lease_hex(hex, lease->client_id, CF_CLIENT_ID_BYTES);
}

/* One statement of a lease; *active and *has_times say what it told. False: it is malformed. */
static bool take_dhcpd(
    struct cf_lease *lease, const char *line, bool *active, bool *has_start, bool *has_end)
{
	if (strncmp(line, "starts ", 7) == 0)
		return *has_start = read_dhcpd_time(line + 7, &lease->from_wall_s);
	if (strncmp(line, "ends ", 5) == 0)
		return *has_end = read_dhcpd_time(line + 5, &lease->to_wall_s);
	if (strncmp(line, "binding state ", 14) == 0) {
		/* expired and released ones were true until they ended */
		*active = strncmp(line + 14, "active", 6) == 0 ||
		    strncmp(line + 14, "expired", 7) == 0 || strncmp(line + 14, "released", 8) == 0;
		return true;
	}
	if (strncmp(line, "hardware ethernet ", 18) == 0) {
		char mac[24];

		snprintf(mac, sizeof mac, "%.*s", (int)strcspn(line + 18, " ;"), line + 18);
		return cf_lease_mac(mac, lease);
	}
	if (strncmp(line, "client-hostname ", 16) == 0) {
		uint8_t name[CF_HOST_NAME_BYTES] = {0};

		(void)read_quoted(line + 16, name, sizeof name - 1);
		cf_lease_name(lease, (const char *)name);
		return true;
	}
	if (strncmp(line, "uid ", 4) == 0)
		take_dhcpd_client_id(lease, line + 4);
	return true;
}

/* A lease on its way through its statements. */
struct dhcpd_lease {
	struct cf_lease lease;
	bool active, has_start, has_end, good;
};

static void finish_dhcpd(struct cf_lease_reader *reader, const struct dhcpd_lease *one)
{
	if (!one->good || !one->has_start || !one->has_end)
		cf_lease_bad(reader, one->lease.line, "a time or a MAC is missing or malformed");
	else if (!one->active || !one->lease.has_mac)
		reader->report.ignored++;
	else
		cf_lease_done(reader, &one->lease);
}

void cf_leases_dhcpd(struct cf_lease_reader *reader)
{
	struct dhcpd_lease one = {.good = false};
	char line[CF_LEASE_LINE_BYTES], address[CF_ADDR_TEXT_BYTES];
	bool inside = false;

	while (cf_lease_next_line(reader, line)) {
		const char *statement = line + strspn(line, " \t");

		if (strncmp(statement, "lease ", 6) == 0) {
			if (inside)
				cf_lease_bad(reader, one.lease.line, "has no end");
			one = (struct dhcpd_lease){
			    .lease.line = reader->line, .active = true, .good = true};
			snprintf(address, sizeof address, "%.*s", (int)strcspn(statement + 6, " {"),
			    statement + 6);
			inside = cf_addr_parse(address, &one.lease.addr) == CF_OK;
			if (!inside)
				cf_lease_bad(reader, reader->line, "not an address");
		} else if (inside && *statement == '}') {
			finish_dhcpd(reader, &one);
			inside = false;
		} else if (inside) {
			one.good = take_dhcpd(&one.lease, statement, &one.active, &one.has_start,
			               &one.has_end) &&
			    one.good;
		}
	}
	if (inside)
		cf_lease_bad(reader, one.lease.line, "has no end");
}
