/* What the verbs of the ledger share: opening it to write, and saying why something failed. */

#include "cli/ledger/ledger_cmd.h"

#include "cli/front/cmd.h"
#include "cli/front/when.h"
#include "report/render/safe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_ledger_failed(const char *what, enum cf_status status, const struct cf_error *error)
{
	const char *text = error->text[0] == '\0' ? cf_status_text(status) : error->text;
	char safe[2 * CF_ERROR_TEXT_BYTES];

	/* SQLite's messages quote the file, and that may hold anything. */
	cf_safe_text(text, strlen(text), safe, sizeof safe);
	fprintf(stderr, "curfew %s: %s\n", what, safe);
	return status == CF_EVERSION || status == CF_EINVALID || status == CF_ECHECKSUM
	    ? CMD_INVALID
	    : CMD_IO;
}

static void tell_waiting(void *arg)
{
	fprintf(stderr, "curfew %s: another curfew is writing to the ledger; waiting for it\n",
	    (const char *)arg);
}

enum cf_status cli_ledger_open_to_write(const char *what, const char *path, bool no_wait,
    struct cf_ledger **ledger_out, bool *set_aside_out, struct cf_error *error)
{
	union {
		const char *text;
		void *arg;
	} who = {.text = what};
	const struct cf_ledger_options options = {.path = path,
	    .mode = CF_LEDGER_WRITE,
	    .no_wait = no_wait,
	    .now_wall_s = cli_now_s(),
	    .waiting = tell_waiting,
	    .arg = who.arg};
	char *set_aside = NULL;
	enum cf_status status = cf_ledger_open(&options, ledger_out, &set_aside, error);

	*set_aside_out = set_aside != NULL;
	if (set_aside != NULL)
		fprintf(stderr,
		    "curfew %s: ledger '%s' was damaged and is kept as '%s'; starting a new one\n",
		    what, path, set_aside);
	free(set_aside);
	return status;
}
