/* Any line: the parser stays inside, and what it takes for a record can be converted. */

#include "records/convert/convert.h"
#include "records/form/alive.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct cf_record record;
static char line[CF_CONVERT_BYTES];

/* A text lies in the line or in the record's scratch space. */
static void check_text(const struct cf_text *text, const char *input, size_t len)
{
	uintptr_t at = (uintptr_t)text->data, in = (uintptr_t)input,
	          own = (uintptr_t)record.scratch;

	if (text->len == 0)
		return;
	if (at >= in && text->len <= len && at - in <= len - text->len)
		return;
	if (at < own || at - own > sizeof record.scratch - text->len)
		abort();
}

/* A list of clients ends, and what it holds lies where the list does. */
static void check_clients(const char *input, size_t len)
{
	struct cf_text clients = record.clients;
	struct cf_alive_seen seen;
	uint64_t bad = 0;
	size_t left = clients.len + 1;

	while (cf_client_next(&clients, &seen, &bad)) {
		if (clients.len >= left || seen.addr.family == CF_FAMILY_NONE)
			abort();
		left = clients.len;
		check_text(&seen.zone, input, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *input = (const char *)data;

	if (cf_record_parse(input, len, &record) != CF_LINE_OK)
		return 0;
	check_text(&record.dns.qname, input, len);
	check_text(&record.match.rule, input, len);
	check_text(&record.http.user_agent, input, len);
	check_text(&record.seal.sha256, input, len);
	check_clients(input, len);
	if (record.is_hit &&
	    (cf_convert_ecs(&record, line, sizeof line) == 0 ||
	        cf_convert_ocsf(&record, line, sizeof line) == 0))
		abort();
	return 0;
}
