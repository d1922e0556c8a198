/* The clock, and instants as people write them. */

#include "cli/front/when.h"

#include "base/diag.h"
#include "base/instant.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t cli_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	return now.tv_sec;
}

bool cli_parse_at(const char *verb, const char *text, int64_t *wall_s_out)
{
	char quoted[80];
	enum cf_status status = cf_instant_parse(text, wall_s_out);

	if (status == CF_OK)
		return true;
	cf_quote(text, strlen(text), quoted, sizeof quoted);
	if (status == CF_EINVALID)
		fprintf(stderr,
		    "curfew %s: %s has no offset; write Z for UTC or one such as -04:00\n", verb,
		    quoted);
	else
		fprintf(stderr, "curfew %s: %s is not an instant such as 2024-09-29T04:00:00Z\n",
		    verb, quoted);
	return false;
}
