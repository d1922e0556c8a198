/*
 * ISC dhcpd (dhcpd.leases(5)): lease ADDRESS { statement; ... }, and in v6
 * ia-na "IAID DUID" { cltt TIME; iaaddr ADDRESS { statement; ... } }.
 */

#include "monitor/leases/lease_reader.h"

#include "base/instant.h"
#include "records/form/identity.h"

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

/* binding state: what it says of the client that the lease has (dhcpd.leases(5)). */
static const struct {
	const char *word;
	enum cf_lease_row_kind kind;
	uint8_t end;
} binding_states[] = {
    {"active", CF_LEASE_RUNS, CF_IDENTITY_EXPIRED},
    {"expired", CF_LEASE_OVER, CF_IDENTITY_EXPIRED},
    {"released", CF_LEASE_OVER, CF_IDENTITY_RELEASED},
    /* The last client's, if any is named: it had it until `ends`. */
    {"free", CF_LEASE_OVER, CF_IDENTITY_EXPIRED},
    {"backup", CF_LEASE_OVER, CF_IDENTITY_EXPIRED},
    {"reset", CF_LEASE_OVER, CF_IDENTITY_EXPIRED},
    {"bootp", CF_LEASE_RUNS, CF_IDENTITY_EXPIRED},
    /* Somebody else answers there. When that was is not said. */
    {"abandoned", CF_LEASE_OVER_SINCE, CF_IDENTITY_DECLINED},
};

/* A lease on its way through its statements. */
struct dhcpd_lease {
	struct cf_lease lease;
	enum cf_lease_row_kind kind;
	bool has_start, has_end, good;
};

static bool take_state(struct dhcpd_lease *one, const char *word)
{
	size_t len = strcspn(word, " ;");

	for (size_t i = 0; i < sizeof binding_states / sizeof binding_states[0]; i++) {
		if (strlen(binding_states[i].word) != len ||
		    memcmp(word, binding_states[i].word, len) != 0)
			continue;
		one->kind = binding_states[i].kind;
		one->lease.end = binding_states[i].end;
		return true;
	}
	return false;
}

/* One statement; those that say nothing about who had it are passed over. False: malformed. */
static bool take_statement(struct dhcpd_lease *one, const char *line)
{
	struct cf_lease *lease = &one->lease;

	if (strncmp(line, "starts ", 7) == 0)
		return one->has_start = read_dhcpd_time(line + 7, &lease->from_wall_s);
	if (strncmp(line, "ends ", 5) == 0)
		return one->has_end = read_dhcpd_time(line + 5, &lease->to_wall_s);
	if (strncmp(line, "binding state ", 14) == 0)
		return take_state(one, line + 14);
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

/* What is open between braces. */
enum dhcpd_block { NOTHING, LEASE, IA, IA_ADDR, OTHER };

struct dhcpd_reader {
	struct cf_lease_reader *reader;
	enum dhcpd_block block;
	unsigned depth;     /* of blocks of no interest inside of it */
	bool is_prefix;     /* an ia-pd: its prefixes are no host's addresses */
	struct cf_lease ia; /* what the addresses of an association have in common */
	struct dhcpd_lease one;
};

static void finish_lease(struct dhcpd_reader *dhcpd)
{
	struct dhcpd_lease *one = &dhcpd->one;
	struct cf_lease *lease = &one->lease;

	if (!one->good || !one->has_start || !one->has_end) {
		/* An address nobody had yet has no times in some versions. */
		if (one->good && one->kind != CF_LEASE_RUNS && !lease->has_mac)
			dhcpd->reader->report.ignored++;
		else
			cf_lease_bad(
			    dhcpd->reader, lease->line, "a time or a MAC is missing or malformed");
		return;
	}
	/* In v6 a client's last word is `cltt`; `ends` stays what was granted, whatever it said. */
	if (dhcpd->block == IA_ADDR &&
	    (lease->end == CF_IDENTITY_RELEASED || lease->end == CF_IDENTITY_DECLINED)) {
		one->kind = CF_LEASE_OVER;
		lease->to_wall_s = lease->from_wall_s;
	}
	if (lease->to_wall_s < lease->from_wall_s)
		lease->to_wall_s = lease->from_wall_s;
	if (one->kind == CF_LEASE_OVER_SINCE)
		lease->to_wall_s = 0;
	if (one->kind == CF_LEASE_RUNS && !lease->has_mac && lease->client_id_bytes == 0)
		dhcpd->reader->report.ignored++;
	else
		cf_lease_row(dhcpd->reader, one->kind, lease);
}

static void begin_lease(
    struct dhcpd_reader *dhcpd, const char *address, const struct cf_lease *common)
{
	char text[CF_ADDR_TEXT_BYTES];
	bool is_address;

	dhcpd->one = (struct dhcpd_lease){.lease = *common, .kind = CF_LEASE_RUNS, .good = true};
	dhcpd->one.lease.line = dhcpd->reader->line;
	dhcpd->one.lease.end = CF_IDENTITY_EXPIRED;
	dhcpd->one.has_start = common->from_wall_s != 0;
	snprintf(text, sizeof text, "%.*s", (int)strcspn(address, " {"), address);
	is_address = cf_addr_parse(text, &dhcpd->one.lease.addr) == CF_OK;
	if (!is_address) {
		cf_lease_bad(dhcpd->reader, dhcpd->reader->line, "not an address");
		dhcpd->one.good = false;
	}
	if (is_address)
		dhcpd->block = common == &dhcpd->ia ? IA_ADDR : LEASE;
	else if (dhcpd->block == NOTHING)
		dhcpd->block = OTHER;
	else
		dhcpd->depth++;
}

/* The name of an association: four bytes of its own, then the client's DUID (RFC 8415 11). */
static void begin_ia(struct dhcpd_reader *dhcpd, const char *quoted)
{
	uint8_t bytes[4 + CF_CLIENT_ID_BYTES];
	unsigned count = read_quoted(quoted, bytes, sizeof bytes);

	dhcpd->block = IA;
	dhcpd->ia = (struct cf_lease){.client_id_bytes = count > 4 ? count - 4 : 0};
	if (count > 4)
		memcpy(dhcpd->ia.client_id, bytes + 4, count - 4);
}

static void begin_block(struct dhcpd_reader *dhcpd, const char *line)
{
	static const struct cf_lease nothing;

	if (dhcpd->block == NOTHING && strncmp(line, "lease ", 6) == 0) {
		begin_lease(dhcpd, line + 6, &nothing);
	} else if (dhcpd->block == NOTHING && strncmp(line, "ia-", 3) == 0 &&
	    strchr(line, '"') != NULL) {
		dhcpd->is_prefix = strncmp(line, "ia-pd", 5) == 0;
		begin_ia(dhcpd, strchr(line, '"'));
	} else if (dhcpd->block == IA && !dhcpd->is_prefix && strncmp(line, "iaaddr ", 7) == 0) {
		begin_lease(dhcpd, line + 7, &dhcpd->ia);
	} else if (dhcpd->block == NOTHING) {
		dhcpd->block = OTHER;
	} else {
		if (dhcpd->block == IA && strncmp(line, "iaprefix ", 9) == 0)
			dhcpd->reader->report.ignored++;
		dhcpd->depth++;
	}
}

static void end_block(struct dhcpd_reader *dhcpd)
{
	if (dhcpd->depth > 0) {
		dhcpd->depth--;
		return;
	}
	if (dhcpd->block == LEASE || dhcpd->block == IA_ADDR)
		finish_lease(dhcpd);
	dhcpd->block = dhcpd->block == IA_ADDR ? IA : NOTHING;
}

/* Does the line open a block: is its last character, quotes and comments left out, a brace? */
static bool opens_block(const char *line)
{
	bool is_quoted = false;
	char last = '\0';

	for (; *line != '\0' && (is_quoted || *line != '#'); line++) {
		if (*line == '\\' && is_quoted && line[1] != '\0')
			line++;
		else if (*line == '"')
			is_quoted = !is_quoted;
		if (*line != ' ' && *line != '\t')
			last = is_quoted ? '"' : *line;
	}
	return last == '{';
}

static void take_line(struct dhcpd_reader *dhcpd, const char *line)
{
	/* A file cut short by a crash goes on with the next lease. */
	if (strncmp(line, "lease ", 6) == 0 && dhcpd->block != NOTHING && opens_block(line)) {
		if (dhcpd->block == LEASE)
			cf_lease_bad(dhcpd->reader, dhcpd->one.lease.line, "has no end");
		dhcpd->block = NOTHING;
		dhcpd->depth = 0;
	}
	if (*line == '}') {
		end_block(dhcpd);
	} else if (opens_block(line)) {
		begin_block(dhcpd, line);
	} else if (dhcpd->depth > 0) {
		return;
	} else if (dhcpd->block == IA && strncmp(line, "cltt ", 5) == 0) {
		(void)read_dhcpd_time(line + 5, &dhcpd->ia.from_wall_s); /* else: not said */
	} else if (dhcpd->block == LEASE || dhcpd->block == IA_ADDR) {
		dhcpd->one.good = take_statement(&dhcpd->one, line) && dhcpd->one.good;
	}
}

void cf_leases_dhcpd(struct cf_lease_reader *reader)
{
	struct dhcpd_reader dhcpd = {.reader = reader, .block = NOTHING};
	char line[CF_LEASE_LINE_BYTES];

	while (cf_lease_next_line(reader, line))
		take_line(&dhcpd, line + strspn(line, " \t"));
	if (dhcpd.block == LEASE || dhcpd.block == IA_ADDR)
		cf_lease_bad(reader, dhcpd.one.lease.line, "has no end");
}
