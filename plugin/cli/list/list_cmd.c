/* What the verbs below `curfew list` share. */

#include "cli/list/list_cmd.h"

#include "base/instant.h"
#include "cli/front/when.h"
#include "compile/pack/pack_place.h"

#include <string.h>
#include <unistd.h>

const char *cli_pack_dir(const struct cli_paths *paths, const char *what, char path[CF_PATH_BYTES])
{
	char about[CF_PATH_BYTES + 16];
	int len;

	(void)snprintf(about, sizeof about, "%s/pack.yaml", what); /* cut: then it is not there */
	if (strchr(what, '/') == NULL && access(about, F_OK) != 0) {
		(void)cf_pack_place(paths->lists, what, path); /* not there: the reader says so */
		return path;
	}
	len = snprintf(path, CF_PATH_BYTES, "%s", what);
	if (len < 0 || len >= CF_PATH_BYTES)
		path[0] = '\0'; /* nothing is there, and the reader says so */
	return path;
}

int cli_exit_for(enum cf_status status)
{
	switch (status) {
	case CF_OK:
		return CMD_OK;
	case CF_EIO:
	case CF_ENOMEM:
		return CMD_IO;
	case CF_EMALFORMED:
	case CF_ETOOBIG:
	case CF_EINVALID:
	case CF_ENOTFOUND:
	case CF_EVERSION:
	case CF_ECHECKSUM:
	case CF_EUNSUPPORTED:
	case CF_EAGAIN:
	case CF_EINTERNAL:
	default:
		return CMD_INVALID;
	}
}

int cli_pack_read(const char *verb, const char *what, struct cf_pack **pack_out)
{
	struct cli_paths paths;
	char path[CF_PATH_BYTES];
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	cli_paths_default(&paths);
	status = cf_pack_read(cli_pack_dir(&paths, what, path), pack_out, &diags);
	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	if (status != CF_OK)
		fprintf(
		    stderr, "curfew list %s: cannot use pack '%s'; nothing is done\n", verb, path);
	return cli_exit_for(status);
}

const char *cli_today(char text[11])
{
	char instant[CF_INSTANT_TEXT_BYTES];

	cf_instant_format(cli_now_s(), instant);
	memcpy(text, instant, 10);
	text[10] = '\0';
	return text;
}
