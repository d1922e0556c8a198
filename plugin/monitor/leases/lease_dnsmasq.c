/* dnsmasq: EXPIRY MAC ADDRESS NAME CLIENT-ID. */

#include "monitor/leases/lease_reader.h"

#include <string.h>

/* 2001-01-01: no lease of today ends before. */
#define FIRST_WALL_S INT64_C(978307200)

static void read_dnsmasq_row(struct cf_lease_reader *reader, char *line)
{
	struct cf_lease lease = {.line = reader->line};
	char *field[5] = {NULL}, *rest = line;
	unsigned count = 0;

	while (count < 5 && (field[count] = strsep(&rest, " ")) != NULL)
		count += field[count][0] != '\0';
	if (count == 2 && strcmp(field[0], "duid") == 0)
		return; /* the server's own id, in front of the v6 leases */
	if (count < 4 || !cf_lease_seconds(field[0], &lease.to_wall_s) ||
	    cf_addr_parse(field[2], &lease.addr) != CF_OK) {
		cf_lease_bad(reader, reader->line, "not a time, a MAC or an address");
		return;
	}
	/* Built for machines without a clock (HAVE_BROKEN_RTC) it writes lengths, or 1970. */
	if (lease.to_wall_s > 0 && lease.to_wall_s < FIRST_WALL_S) {
		cf_lease_bad(reader, reader->line,
		    "no instant: a server without a clock writes how long, not until when");
		return;
	}
	if (lease.to_wall_s == 0)
		lease.to_wall_s = INT64_MAX;
	/* In v6 rows the second field is the client's IAID, and the last its DUID. */
	if (lease.addr.family == CF_FAMILY_V4)
		(void)cf_lease_mac(field[1], &lease); /* a token ring card has a longer one */
	if (strcmp(field[3], "*") != 0)
		cf_lease_name(&lease, field[3]);
	if (count == 5 && strcmp(field[4], "*") != 0)
		lease.client_id_bytes = cf_lease_hex(field[4], lease.client_id, CF_CLIENT_ID_BYTES);
	cf_lease_row(reader, CF_LEASE_RUNS, &lease);
}

void cf_leases_dnsmasq(struct cf_lease_reader *reader)
{
	char line[CF_LEASE_LINE_BYTES];

	while (cf_lease_next_line(reader, line))
		if (line[0] != '\0' && line[0] != '#')
			read_dnsmasq_row(reader, line);
}
