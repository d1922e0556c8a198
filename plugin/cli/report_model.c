#include "cli/report_model.h"

#include "base/instant.h"
#include "cli/cmd.h"
#include "cli/compiling.h"
#include "cli/ledger_cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void cli_model_init(struct cli_model *cli, const char *what)
{
	*cli = (struct cli_model){.what = what};
	cli_paths_default(&cli->paths);
	cli->ledger_path = cli->paths.ledger;
}

static bool take_minutes(const struct cli_model *cli, const char *text, uint32_t *minutes_out)
{
	int64_t seconds;

	if (cf_duration_parse(text, &seconds) != CF_OK || seconds < 60 ||
	    seconds > 100 * INT64_C(31622400)) {
		fprintf(stderr, "curfew %s: '%s' is not a length of time such as 14d, 72h or 5m\n",
		    cli->what, text);
		return false;
	}
	*minutes_out = (uint32_t)(seconds / 60);
	return true;
}

bool cli_model_option(struct cli_model *cli, int letter, const char *value)
{
	switch (letter) {
	case 'l':
		cli->ledger_path = value;
		return true;
	case 'i':
		cli->image_path = value;
		return true;
	case 'a':
		cli->has_at = true;
		return cli_parse_at(cli->what, value, &cli->options.at_wall_s);
	case 'w':
		return take_minutes(cli, value, &cli->options.window_minutes);
	case 256:
		return take_minutes(cli, value, &cli->options.recent_minutes);
	case 257:
		return take_minutes(cli, value, &cli->options.alive_minutes);
	case 258:
		return take_minutes(cli, value, &cli->options.tolerance_minutes);
	case 259:
		return take_minutes(cli, value, &cli->options.lag_minutes);
	default:
		return false;
	}
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
	const struct cf_ledger_options options = {.path = cli->ledger_path, .mode = CF_LEDGER_READ};
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
