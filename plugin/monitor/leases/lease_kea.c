/* The memfile of Kea, v4 and v6: CSV whose header names the columns. */

#include "monitor/leases/lease_reader.h"

#include "base/bytes.h"
#include "records/form/identity.h"

#include <stdlib.h>
#include <string.h>

/* Later versions add columns at the end. */
#define COLUMNS 32

/* Splits at commas, in place; a comma in a field is escaped. Returns the number of fields. */
static unsigned split_commas(char *line, char *fields[COLUMNS])
{
	unsigned count = 0;

	for (char *rest = line, *field; (field = strsep(&rest, ",")) != NULL && count < COLUMNS;)
		fields[count++] = field;
	return count;
}

/* Kea writes bytes that would end a field as "&#x" and two digits. */
static void unescape(char *text)
{
	for (char *at = text; (at = strstr(at, "&#x")) != NULL; at++) {
		int high = cf_hex_value(at[3]), low = high < 0 ? -1 : cf_hex_value(at[4]);

		if (low < 0 || (high == 0 && low == 0))
			continue;
		*at = (char)(high << 4 | low);
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

/* lease_database, "state" (Kea ARM 8.3 and src/lib/dhcpsrv/lease.h); later ones are not known. */
enum kea_state {
	KEA_DEFAULT = 0,
	KEA_DECLINED = 1,          /* the client found it in use; the row has no client any more */
	KEA_EXPIRED_RECLAIMED = 2, /* it ran out */
	KEA_RELEASED = 3,          /* given back, and kept for the client (2.7 and later) */
	KEA_REGISTERED = 4,        /* an address that the client chose (RFC 9686) */
};

/*
 * What the row says. A lifetime of 0 is how a lease is deleted: `expire` is then the beginning of
 * the lease, and the row says nothing about when that was.
 */
static enum cf_lease_row_kind kind_of_row(
    unsigned long state, int64_t lifetime_s, struct cf_lease *lease)
{
	if (state == KEA_DECLINED) {
		lease->to_wall_s = lease->from_wall_s; /* the client of the row before had it */
		lease->has_mac = false;
		lease->client_id_bytes = 0;
		lease->name[0] = '\0';
		lease->end = CF_IDENTITY_DECLINED;
		return CF_LEASE_OVER;
	}
	if (lifetime_s == 0 || state == KEA_RELEASED) {
		lease->end = CF_IDENTITY_RELEASED;
		return CF_LEASE_OVER_SINCE;
	}
	lease->end = CF_IDENTITY_EXPIRED;
	return state == KEA_EXPIRED_RECLAIMED ? CF_LEASE_OVER : CF_LEASE_RUNS;
}

static void read_kea_row(
    struct cf_lease_reader *reader, const struct kea_columns *columns, char *line)
{
	struct cf_lease lease = {.line = reader->line};
	char *fields[COLUMNS];
	unsigned count = split_commas(line, fields);
	const char *id = columns->duid >= 0 ? field_of(fields, count, columns->duid)
	                                    : field_of(fields, count, columns->client_id);
	char *name = field_of(fields, count, columns->hostname);
	int64_t lifetime_s;

	/* A delegated prefix is no host's address. */
	if (strcmp(field_of(fields, count, columns->type), "2") == 0) {
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
	lease.from_wall_s = lease.to_wall_s > lifetime_s ? lease.to_wall_s - lifetime_s : 0;
	if (lifetime_s == UINT32_MAX) /* Kea writes 2^32 - 1 seconds for ever */
		lease.to_wall_s = INT64_MAX;
	(void)cf_lease_mac(field_of(fields, count, columns->hwaddr), &lease); /* v6 may have none */
	lease.client_id_bytes = cf_lease_hex(id, lease.client_id, CF_CLIENT_ID_BYTES);
	unescape(name);
	cf_lease_name(&lease, name);
	cf_lease_row(reader,
	    kind_of_row(
	        strtoul(field_of(fields, count, columns->state), NULL, 10), lifetime_s, &lease),
	    &lease);
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
