/* Three small parsers over lines and words. */

#include "monitor/leases.h"

#include "base/bytes.h"
#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A word or line longer than this is no lease file's. */
#define LINE_BYTES 4096
/* Kea's columns; later versions add some at the end. */
#define COLUMNS 32

struct reader {
	const char *at, *end;
	unsigned line;
	cf_lease_found *found;
	void *arg;
	struct cf_leases_report report;
};

static void bad(struct reader *reader, unsigned line, const char *reason)
{
	if (reader->report.bad++ > 0)
		return;
	reader->report.first_bad_line = line;
	reader->report.first_bad_reason = reason;
}

/* The next line without its end, terminated, in line; false at the end of the text. */
static bool next_line(struct reader *reader, char line[LINE_BYTES])
{
	const char *end;
	size_t len;

	if (reader->at == reader->end)
		return false;
	end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	if (end == NULL)
		end = reader->end;
	len = (size_t)(end - reader->at);
	reader->line++;
	if (len >= LINE_BYTES) {
		bad(reader, reader->line, "line too long");
		len = 0;
	}
	memcpy(line, reader->at, len);
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	/* A torn tail after a power loss is filled with zeros: they end the line early. */
	reader->at = end == reader->end ? end : end + 1;
	return true;
}

/* "01:02:0a" or "01020a" into bytes; returns their number, 0 when it is not such. */
static unsigned read_hex(const char *text, uint8_t *bytes, unsigned size)
{
	unsigned count = 0;

	while (*text != '\0') {
		int high = cf_hex_value(text[0]);
		int low = high < 0 ? -1 : cf_hex_value(text[1]);

		if (low < 0 || count == size)
			return 0;
		bytes[count++] = (uint8_t)(high << 4 | low);
		text += 2;
		if (*text == ':' || *text == '-')
			text++;
	}
	return count;
}

static bool read_mac(const char *text, struct cf_lease *lease)
{
	uint8_t bytes[CF_CLIENT_ID_BYTES];

	/* dnsmasq puts the hardware type in front when it is not Ethernet: "06-...". */
	if (read_hex(text, bytes, sizeof bytes) != 6)
		return false;
	memcpy(lease->mac, bytes, 6);
	lease->has_mac = true;
	return true;
}

static bool read_seconds(const char *text, int64_t *seconds_out)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 0 ||
	    value > INT64_C(253402300799)) /* year 9999 */
		return false;
	*seconds_out = value;
	return true;
}

static void set_name(struct cf_lease *lease, const char *name)
{
	snprintf(lease->name, sizeof lease->name, "%s", name);
}

static void finish(struct reader *reader, const struct cf_lease *lease)
{
	reader->report.leases++;
	reader->found(reader->arg, lease);
}

/* ---- ISC dhcpd: lease ADDRESS { statement; ... } ---- */

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
		return read_seconds(number, wall_s_out);
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
	lease->client_id_bytes = read_hex(hex, lease->client_id, CF_CLIENT_ID_BYTES);
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
		return read_mac(mac, lease);
	}
	if (strncmp(line, "client-hostname ", 16) == 0) {
		uint8_t name[CF_HOST_NAME_BYTES] = {0};

		(void)read_quoted(line + 16, name, sizeof name - 1);
		set_name(lease, (const char *)name);
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

static void finish_dhcpd(struct reader *reader, const struct dhcpd_lease *one)
{
	if (!one->good || !one->has_start || !one->has_end)
		bad(reader, one->lease.line, "a time or a MAC is missing or malformed");
	else if (!one->active || !one->lease.has_mac)
		reader->report.ignored++;
	else
		finish(reader, &one->lease);
}

static void read_dhcpd(struct reader *reader)
{
	struct dhcpd_lease one = {.good = false};
	char line[LINE_BYTES], address[CF_ADDR_TEXT_BYTES];
	bool inside = false;

	while (next_line(reader, line)) {
		const char *statement = line + strspn(line, " \t");

		if (strncmp(statement, "lease ", 6) == 0) {
			if (inside)
				bad(reader, one.lease.line, "has no end");
			one = (struct dhcpd_lease){
			    .lease.line = reader->line, .active = true, .good = true};
			snprintf(address, sizeof address, "%.*s", (int)strcspn(statement + 6, " {"),
			    statement + 6);
			inside = cf_addr_parse(address, &one.lease.addr) == CF_OK;
			if (!inside)
				bad(reader, reader->line, "not an address");
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
		bad(reader, one.lease.line, "has no end");
}

/* ---- Kea memfile ---- */

/* Splits at commas, in place; "&#x2c" stands for a comma in a field. Returns the number of fields.
 */
static unsigned split_commas(char *line, char *fields[COLUMNS])
{
	unsigned count = 0;

	for (char *rest = line, *field; (field = strsep(&rest, ",")) != NULL && count < COLUMNS;)
		fields[count++] = field;
	return count;
}

static void unescape_commas(char *text)
{
	char *at;

	while ((at = strstr(text, "&#x2c")) != NULL) {
		*at = ',';
		memmove(at + 1, at + 5, strlen(at + 5) + 1);
	}
}

struct kea_columns {
	int address, hwaddr, client_id, duid, lifetime, expire, hostname, state, type;
};

static bool read_kea_header(char *line, struct kea_columns *columns)
{
	char *fields[COLUMNS];
	unsigned count = split_commas(line, fields);

	*columns = (struct kea_columns){-1, -1, -1, -1, -1, -1, -1, -1, -1};
	for (unsigned i = 0; i < count; i++) {
		const struct {
			const char *name;
			int *column;
		} known[] = {{"address", &columns->address}, {"hwaddr", &columns->hwaddr},
		    {"client_id", &columns->client_id}, {"duid", &columns->duid},
		    {"valid_lifetime", &columns->lifetime}, {"expire", &columns->expire},
		    {"hostname", &columns->hostname}, {"state", &columns->state},
		    {"lease_type", &columns->type}};

		for (size_t n = 0; n < sizeof known / sizeof known[0]; n++)
			if (strcmp(fields[i], known[n].name) == 0)
				*known[n].column = (int)i;
	}
	return columns->address >= 0 && columns->expire >= 0 && columns->lifetime >= 0;
}

/* The field of a column, "" when the row has none. */
static char *field_of(char *fields[COLUMNS], unsigned count, int column)
{
	static char empty[1];

	return column >= 0 && (unsigned)column < count ? fields[column] : empty;
}

static void read_kea_row(struct reader *reader, const struct kea_columns *columns, char *line)
{
	struct cf_lease lease = {.line = reader->line};
	char *fields[COLUMNS];
	unsigned count = split_commas(line, fields);
	const char *state = field_of(fields, count, columns->state);
	const char *type = field_of(fields, count, columns->type);
	char *name = field_of(fields, count, columns->hostname);
	const char *id = columns->duid >= 0 ? field_of(fields, count, columns->duid)
	                                    : field_of(fields, count, columns->client_id);
	int64_t lifetime_s;

	/* 0 default, 1 declined, 2 reclaimed after it expired; type 2 is a delegated prefix */
	if (strcmp(state, "1") == 0 || strcmp(type, "2") == 0) {
		reader->report.ignored++;
		return;
	}
	if (cf_addr_parse(field_of(fields, count, columns->address), &lease.addr) != CF_OK) {
		bad(reader, reader->line, "not an address");
		return;
	}
	if (!read_seconds(field_of(fields, count, columns->expire), &lease.to_wall_s) ||
	    !read_seconds(field_of(fields, count, columns->lifetime), &lifetime_s)) {
		bad(reader, reader->line, "not a time");
		return;
	}
	/* Kea writes 2^32 - 1 seconds for ever. */
	if (lifetime_s == UINT32_MAX) {
		lease.to_wall_s = INT64_MAX;
	} else {
		lease.from_wall_s = lease.to_wall_s > lifetime_s ? lease.to_wall_s - lifetime_s : 0;
	}
	(void)read_mac(field_of(fields, count, columns->hwaddr), &lease); /* v6 may have none */
	lease.client_id_bytes = read_hex(id, lease.client_id, CF_CLIENT_ID_BYTES);
	unescape_commas(name);
	set_name(&lease, name);
	finish(reader, &lease);
}

static void read_kea(struct reader *reader)
{
	struct kea_columns columns = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
	char line[LINE_BYTES];
	bool has_header = false;

	while (next_line(reader, line)) {
		if (line[0] == '\0')
			continue;
		if (strncmp(line, "address,", 8) == 0)
			has_header = read_kea_header(line, &columns);
		else if (has_header)
			read_kea_row(reader, &columns, line);
		else
			bad(reader, reader->line, "a row before the header");
	}
}

/* ---- dnsmasq: EXPIRY MAC ADDRESS NAME CLIENT-ID ---- */

static void read_dnsmasq_row(struct reader *reader, char *line)
{
	struct cf_lease lease = {.line = reader->line};
	char *field[5] = {NULL}, *rest = line;
	unsigned count = 0;

	while (count < 5 && (field[count] = strsep(&rest, " ")) != NULL)
		count += field[count][0] != '\0';
	if (count == 2 && strcmp(field[0], "duid") == 0)
		return; /* the server's own id, in front of the v6 leases */
	if (count < 4 || !read_seconds(field[0], &lease.to_wall_s) ||
	    cf_addr_parse(field[2], &lease.addr) != CF_OK) {
		bad(reader, reader->line, "not a time, a MAC or an address");
		return;
	}
	if (lease.to_wall_s == 0)
		lease.to_wall_s = INT64_MAX;
	/* In v6 rows the second field is the client's IAID, and the last its DUID. */
	if (lease.addr.family == CF_FAMILY_V4)
		(void)read_mac(field[1], &lease); /* a token ring card has a longer one */
	if (strcmp(field[3], "*") != 0)
		set_name(&lease, field[3]);
	if (count == 5 && strcmp(field[4], "*") != 0)
		lease.client_id_bytes = read_hex(field[4], lease.client_id, CF_CLIENT_ID_BYTES);
	finish(reader, &lease);
}

static void read_dnsmasq(struct reader *reader)
{
	char line[LINE_BYTES];

	while (next_line(reader, line))
		if (line[0] != '\0' && line[0] != '#')
			read_dnsmasq_row(reader, line);
}

/* ---- */

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
	struct reader reader = {
	    .at = (const char *)text.data, .end = (const char *)text.data + text.len};
	char line[LINE_BYTES];

	while (next_line(&reader, line)) {
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
	struct reader reader = {.at = (const char *)text.data,
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
		read_dhcpd(&reader);
		break;
	case CF_LEASES_KEA:
		read_kea(&reader);
		break;
	case CF_LEASES_DNSMASQ:
		read_dnsmasq(&reader);
		break;
	case CF_LEASES_AUTO:
		return CF_EUNSUPPORTED;
	}
	*report_out = reader.report;
	return CF_OK;
}
