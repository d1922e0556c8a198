/* The memfile of Kea, v4 and v6: CSV whose header names the columns. */

#include "monitor/hosts/lease_reader.h"

#include <string.h>

/* Later versions add columns at the end. */
#define COLUMNS 32

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

static void read_kea_row(
    struct cf_lease_reader *reader, const struct kea_columns *columns, char *line)
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
		cf_lease_bad(reader, reader->line, "not an address");
		return;
	}
	if (!cf_lease_seconds(field_of(fields, count, columns->expire), &lease.to_wall_s) ||
	    !cf_lease_seconds(field_of(fields, count, columns->lifetime), &lifetime_s)) {
		cf_lease_bad(reader, reader->line, "not a time");
		return;
	}
	/* Kea writes 2^32 - 1 seconds for ever. */
	if (lifetime_s == UINT32_MAX) {
		lease.to_wall_s = INT64_MAX;
	} else {
		lease.from_wall_s = lease.to_wall_s > lifetime_s ? lease.to_wall_s - lifetime_s : 0;
	}
	(void)cf_lease_mac(field_of(fields, count, columns->hwaddr), &lease); /* v6 may have none */
	lease.client_id_bytes = cf_lease_hex(id, lease.client_id, CF_CLIENT_ID_BYTES);
	unescape_commas(name);
	cf_lease_name(&lease, name);
	cf_lease_done(reader, &lease);
}

void cf_leases_kea(struct cf_lease_reader *reader)
{
	struct kea_columns columns = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
	char line[CF_LEASE_LINE_BYTES];
	bool has_header = false;

	while (cf_lease_next_line(reader, line)) {
		if (line[0] == '\0')
			continue;
		if (strncmp(line, "address,", 8) == 0)
			has_header = read_kea_header(line, &columns);
		else if (has_header)
			read_kea_row(reader, &columns, line);
		else
			cf_lease_bad(reader, reader->line, "a row before the header");
	}
}
