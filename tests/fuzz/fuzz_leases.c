/* A lease file, read as each format and as what it looks like. */

#include "monitor/leases/leases.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_lease(void *arg, const struct cf_lease *lease)
{
	unsigned *count = arg;

	if (lease->addr.family == CF_FAMILY_NONE || lease->line == 0 ||
	    lease->client_id_bytes > CF_CLIENT_ID_BYTES ||
	    strlen(lease->name) >= CF_HOST_NAME_BYTES || lease->from_wall_s < 0 ||
	    lease->from_wall_s > lease->to_wall_s || lease->to_wall_s < 0)
		abort();
	(*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_slice text = {.data = data, .len = len};

	for (int format = CF_LEASES_AUTO; format <= CF_LEASES_DNSMASQ; format++) {
		struct cf_leases_report report;
		unsigned count = 0;

		if (cf_leases_read(text, (enum cf_lease_format)format, on_lease, &count, &report) !=
		    CF_OK)
			continue;
		if (report.leases != count || (report.bad > 0) != (report.first_bad_reason != NULL))
			abort();
	}
	return 0;
}
