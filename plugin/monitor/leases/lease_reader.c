/* Lines and words that lease files have in common. */

#include "monitor/leases/lease_reader.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cf_lease_bad(struct cf_lease_reader *reader, unsigned line, const char *reason)
{
	if (reader->report.bad++ > 0)
		return;
	reader->report.first_bad_line = line;
	reader->report.first_bad_reason = reason;
}

bool cf_lease_next_line(struct cf_lease_reader *reader, char line[CF_LEASE_LINE_BYTES])
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
	if (len >= CF_LEASE_LINE_BYTES) {
		cf_lease_bad(reader, reader->line, "line too long");
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

unsigned cf_lease_hex(const char *text, uint8_t *bytes, unsigned size)
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

bool cf_lease_mac(const char *text, struct cf_lease *lease)
{
	uint8_t bytes[CF_CLIENT_ID_BYTES];

	/* dnsmasq puts the hardware type in front when it is not Ethernet: "06-...". */
	if (cf_lease_hex(text, bytes, sizeof bytes) != 6)
		return false;
	memcpy(lease->mac, bytes, 6);
	lease->has_mac = true;
	return true;
}

bool cf_lease_seconds(const char *text, int64_t *seconds_out)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 0 ||
	    value > INT64_C(253402300799)) /* year 9999 */
		return false;
	*seconds_out = value;
	return true;
}

void cf_lease_name(struct cf_lease *lease, const char *name)
{
	size_t len = strlen(name);

	/* Kea keeps names with the dot of the root; a host has one name. */
	while (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' '))
		len--;
	snprintf(lease->name, sizeof lease->name, "%.*s", (int)len, name);
}

void cf_lease_row(
    struct cf_lease_reader *reader, enum cf_lease_row_kind kind, const struct cf_lease *lease)
{
	bool is_used = false;
	enum cf_status status = cf_lease_journal_row(reader->journal, kind, lease, &is_used);

	if (status == CF_ETOOBIG)
		cf_lease_bad(reader, lease->line, "too many addresses");
	else if (status != CF_OK)
		reader->status = status;
	else if (!is_used)
		reader->report.ignored++;
}
