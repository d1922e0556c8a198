#include "cli/evidence/evidence_cmd.h"

#include "cli/front/cmd.h"
#include "cli/front/term.h"

#include <stdio.h>

bool cli_take_seal(void *place, const struct cli_given *given)
{
	struct cli_seals *seals = place;

	if (seals->count == CLI_SEALS) {
		fprintf(stderr, "curfew %s: more than %d seals\n", given->verb, CLI_SEALS);
		return false;
	}
	seals->paths[seals->count++] = given->value;
	return true;
}

void cli_evidence_tell(void *arg, const char *text)
{
	(void)arg;
	fputs("curfew evidence: ", stderr);
	cli_term_put(stderr, text);
	fputc('\n', stderr);
}

int cli_evidence_failed(enum cf_status status, const struct cf_error *error)
{
	cli_evidence_tell(NULL, error->text[0] == '\0' ? cf_status_text(status) : error->text);
	if (status == CF_ENOTFOUND)
		return CMD_FOUND;
	return status == CF_EIO || status == CF_ENOMEM || status == CF_EAGAIN ? CMD_IO
	                                                                      : CMD_INVALID;
}
