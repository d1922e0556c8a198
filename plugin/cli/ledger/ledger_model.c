#include "cli/ledger/ledger_model.h"

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void cli_model_init(struct cli_model *cli, const char *what)
{
	*cli = (struct cli_model){.what = what};
	cli_paths_default(&cli->paths);
	cli->ledger_path = cli->paths.ledger;
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

	cli->has_at = true;
	return cli_take_instant(&cli->options.at_wall_s, given);
}

/* The image in force is a help, not a must: without it exceptions have no end and no reason. */
static int load_exceptions(struct cli_model *cli)
{
	struct cf_error error = {0};
	const char *path = cli->image_path != NULL ? cli->image_path : cli->paths.image;

	if (cli->image_path == NULL && access(path, R_OK) != 0)
		return CMD_OK;
	enum cf_status status = cf_image_open(path, &cli->image, &error);

	if (status != CF_OK && cli->image_path == NULL)
		return CMD_OK;
	if (status != CF_OK)
		return cli_ledger_failed(cli->what, status, &error);
	uint32_t count = cf_image_info(cli->image)->exceptions;

	cli->exceptions = calloc(count + 1u, sizeof *cli->exceptions);
	if (cli->exceptions == NULL)
		return CMD_IO;
	for (uint32_t i = 0; i < count; i++) {
		struct cf_exception exception;

		cf_image_exception(cli->image, i, &exception);
		cli->exceptions[i] = (struct cf_model_exception){.owner = exception.owner,
		    .reason = exception.reason,
		    .clients = exception.clients,
		    .from_wall_s = exception.from_wall_s,
		    .until_wall_s = exception.until_wall_s};
	}
	cli->options.exceptions = cli->exceptions;
	cli->options.exception_count = count;
	return CMD_OK;
}

int cli_model_load(struct cli_model *cli)
{
	const struct cf_ledger_options options = {
	    .path = cli->ledger_path, .mode = CF_LEDGER_READ, .now_wall_s = cli_now_s()};
	struct cf_error error = {0};
	int code = load_exceptions(cli);

	if (code != CMD_OK)
		return code;
	enum cf_status status = cf_ledger_open(&options, &cli->ledger, NULL, &error);

	if (status == CF_OK && !cli->has_at) {
		cli->options.at_wall_s = cf_model_horizon(cli->ledger);
		if (cli->options.at_wall_s == 0)
			cli->options.at_wall_s = cli_now_s();
	}
	if (status == CF_OK)
		status = cf_model_load(cli->ledger, &cli->options, &cli->model, &error);
	return status == CF_OK ? CMD_OK : cli_ledger_failed(cli->what, status, &error);
}

void cli_model_done(struct cli_model *cli)
{
	cf_model_free(cli->model);
	cf_ledger_close(cli->ledger);
	free(cli->exceptions);
	cf_image_close(cli->image);
}
