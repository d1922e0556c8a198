/* Statement and key of verbs that sign. */

#include "cli/front/signing.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/when.h"
#include "trust/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An instant, or a duration from now on: 60d. */
static bool take_until(const char *text, int64_t now_wall_s, int64_t *until_out)
{
	int64_t duration;

	if (cf_instant_parse(text, until_out) == CF_OK)
		return true;
	if (cf_duration_parse(text, &duration) != CF_OK || duration <= 0 ||
	    __builtin_add_overflow(now_wall_s, duration, until_out))
		return false;
	return true;
}

static bool take_serial(const struct cli_signing *signing, const char *signature_path,
    int64_t now_wall_s, uint64_t *serial)
{
	char *end;

	if (signing->serial == NULL) {
		*serial = cf_publish_next_serial(signature_path, now_wall_s);
		return true;
	}
	errno = 0;
	*serial = strtoull(signing->serial, &end, 10);
	return errno == 0 && *end == '\0' && *serial > 0 && signing->serial[0] != '-';
}

int cli_signing_state(const struct cli_signing *signing, const char *verb,
    enum cf_statement_kind kind, const char *name, const char *signature_path,
    struct cf_statement *statement)
{
	*statement = (struct cf_statement){.kind = kind,
	    .made_wall_s = cli_now_s(),
	    .from_wall_s = signing->from_wall_s,
	    .shrink = signing->shrink};
	if (!cf_statement_name_ok(name)) {
		fprintf(stderr,
		    "curfew %s: the name signed for: letters, digits, '-', '_' and '.', at most "
		    "%d\n",
		    verb, CF_STATEMENT_NAME_BYTES - 1);
		return CMD_USAGE;
	}
	memcpy(statement->name, name, strlen(name) + 1);
	if (!take_until(signing->until, statement->made_wall_s, &statement->until_wall_s) ||
	    statement->until_wall_s <= statement->made_wall_s) {
		fprintf(stderr,
		    "curfew %s: --until: an instant to come, with offset, or a duration such as "
		    "60d\n",
		    verb);
		return CMD_USAGE;
	}
	if (!take_serial(signing, signature_path, statement->made_wall_s, &statement->serial)) {
		fprintf(stderr, "curfew %s: --serial: a number from 1 on\n", verb);
		return CMD_USAGE;
	}
	return CMD_OK;
}

enum cf_status cli_signing_key(const struct cli_signing *signing,
    struct cf_minisign_secret *secret_out, struct cf_error *error)
{
	return cf_publish_read_key(signing->key, getenv("CURFEW_KEY_PASSWORD"), secret_out, error);
}
