#include "cli/ledger/ledger_model.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"

#include <stdio.h>

void cli_model_init(struct cli_model *cli, const char *what)
{
	*cli = (struct cli_model){.what = what};
	cli_paths_default(&cli->paths);
	cli->source.ledger_path = cli->paths.ledger;
}

bool cli_take_minutes(void *place, const struct cli_given *given)
{
	uint32_t *minutes = place;
	int64_t seconds;

	if (cf_duration_parse(given->value, &seconds) != CF_OK || seconds < 60 ||
	    seconds > 100 * INT64_C(31622400)) {
		fprintf(stderr, "curfew %s: '%s' is not a length of time such as 14d, 72h or 5m\n",
		    given->verb, given->value);
		return false;
	}
	*minutes = (uint32_t)(seconds / 60);
	return true;
}

bool cli_model_take_at(void *place, const struct cli_given *given)
{
	struct cli_model *cli = place;

	cli->source.has_at = true;
	return cli_take_instant(&cli->source.options.at_wall_s, given);
}

int cli_model_open(struct cli_model *cli)
{
	struct cf_error error = {0};
	enum cf_status status;

	cli->source.needs_image = cli->source.image_path != NULL;
	if (cli->source.image_path == NULL)
		cli->source.image_path = cli->paths.image;
	cli->source.now_wall_s = cli_now_s();
	status = cf_report_source_open(&cli->source, &error);
	return status == CF_OK ? CMD_OK : cli_ledger_failed(cli->what, status, &error);
}

int cli_model_load(struct cli_model *cli)
{
	struct cf_error error = {0};
	int code = cli->source.ledger == NULL ? cli_model_open(cli) : CMD_OK;

	if (code != CMD_OK)
		return code;
	enum cf_status status = cf_report_source_load(&cli->source, &error);

	return status == CF_OK ? CMD_OK : cli_ledger_failed(cli->what, status, &error);
}

void cli_model_done(struct cli_model *cli)
{
	cf_report_source_done(&cli->source);
}
