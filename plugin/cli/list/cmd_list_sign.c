/* curfew list sign: a publisher's statement about a bundle, and the keys for it. */

#include "base/instant.h"
#include "cli/front/options.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "trust/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew list sign BUNDLE --key FILE --name PACK --until WHEN [options]\n"
    "       curfew list sign --new-key NAME\n"
    "\n"
    "Writes BUNDLE.minisig beside the bundle: a signature that `minisign -V` checks too, with a\n"
    "statement of the pack's name, a serial that only rises, and until when readers may use it.\n"
    "Sign again, with a higher serial, before that day.\n"
    "\n"
    "      --new-key NAME  make a key pair: NAME.key (keep it secret, mode 0600) and NAME.pub\n"
    "  -k, --key FILE      the secret key; minisign's own as well. Its password is read from the\n"
    "                      environment variable CURFEW_KEY_PASSWORD, where it has one\n"
    "      --name PACK     the pack's vendor\n"
    "      --until WHEN    an instant with offset, or a duration such as 60d\n"
    "      --from WHEN     not to be used before this instant\n"
    "      --serial N      default: one more than in BUNDLE.minisig, at least today's as "
    "YYYYMMDD01\n"
    "      --image         the file is an image; NAME is the channel, such as stable\n"
    "      --shrink        readers shall take it though much is gone\n"
    "\n"
    "exit: 0 done, 2 usage, 3 key or statement invalid, 4 input/output\n";

struct request {
	const char *new_key, *key, *name, *until, *serial;
	int64_t from_wall_s;
	bool shrink, is_image;
};

static const struct cli_option options[] = {
    CLI_WORD("new-key", 0, struct request, new_key),
    CLI_WORD("key", 'k', struct request, key),
    CLI_WORD("name", 0, struct request, name),
    CLI_WORD("until", 0, struct request, until),
    CLI_VALUE("from", 0, struct request, from_wall_s, cli_take_instant),
    CLI_WORD("serial", 0, struct request, serial),
    CLI_SWITCH("shrink", 0, struct request, shrink),
    CLI_SWITCH("image", 0, struct request, is_image),
    CLI_OPTIONS_END,
};

static int complain(const struct cf_error *error)
{
	fprintf(stderr, "curfew list sign: %s\n", error->text);
	return cli_exit_for(error->status);
}

static int make_key(const char *name)
{
	char key_line[CF_MINISIGN_KEY_TEXT_BYTES];
	struct cf_error error = {0};
	enum cf_status status = cf_publish_new_key(name, key_line, &error);

	if (status != CF_OK) {
		fprintf(stderr, "curfew list sign: %s\n", error.text);
		return CMD_IO;
	}
	printf("%s.key  secret: sign with it; keep a copy where nobody else comes\n"
	       "%s.pub  public; readers pin this line:\n%s\n",
	    name, name, key_line);
	return CMD_OK;
}

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

static bool take_serial(
    const struct request *request, const char *signature, int64_t now_wall_s, uint64_t *serial)
{
	char *end;

	if (request->serial == NULL) {
		*serial = cf_publish_next_serial(signature, now_wall_s);
		return true;
	}
	errno = 0;
	*serial = strtoull(request->serial, &end, 10);
	return errno == 0 && *end == '\0' && *serial > 0 && request->serial[0] != '-';
}

static int fill(
    const struct request *request, const char *signature, struct cf_statement *statement)
{
	statement->kind = request->is_image ? CF_STATEMENT_IMAGE : CF_STATEMENT_PACK;
	statement->made_wall_s = cli_now_s();
	statement->from_wall_s = request->from_wall_s;
	statement->shrink = request->shrink;
	if (!cf_statement_name_ok(request->name)) {
		fprintf(stderr, "curfew list sign: --name: letters, digits, '-', '_' and '.'\n");
		return CMD_USAGE;
	}
	memcpy(statement->name, request->name, strlen(request->name) + 1);
	if (!take_until(request->until, statement->made_wall_s, &statement->until_wall_s) ||
	    statement->until_wall_s <= statement->made_wall_s) {
		fputs("curfew list sign: --until: an instant to come, with offset, or a duration "
		      "such as 60d\n",
		    stderr);
		return CMD_USAGE;
	}
	if (!take_serial(request, signature, statement->made_wall_s, &statement->serial)) {
		fputs("curfew list sign: --serial: a number from 1 on\n", stderr);
		return CMD_USAGE;
	}
	return CMD_OK;
}

static int sign(const struct request *request, const char *bundle)
{
	char path[CF_PATH_BYTES], comment[CF_STATEMENT_TEXT_BYTES];
	struct cf_minisign_secret secret;
	struct cf_statement statement = {.kind = CF_STATEMENT_PACK};
	struct cf_error error;
	enum cf_status status;
	int code;

	(void)snprintf(path, sizeof path, "%s.minisig", bundle); /* cut: it cannot be written */
	code = fill(request, path, &statement);
	if (code != CMD_OK)
		return code;
	status = cf_publish_read_key(request->key, getenv("CURFEW_KEY_PASSWORD"), &secret, &error);
	if (status != CF_OK)
		return complain(&error);
	status =
	    cf_publish_sign(bundle, request->is_image ? CF_SIGNED_IMAGE_BYTES : CF_BUNDLE_BYTES,
	        &secret, &statement, &error);
	cf_minisign_secret_done(&secret);
	if (status != CF_OK)
		return complain(&error);
	cf_statement_format(&statement, comment);
	printf("%s: %s\n", path, comment);
	return CMD_OK;
}

int cmd_list_sign(int argc, char **argv)
{
	struct request request = {.from_wall_s = INT64_MIN};
	int code;

	if (!cli_options_read(options, "list sign", help, &request, argc, argv, &code))
		return code;
	if (request.new_key != NULL && argc == optind)
		return make_key(request.new_key);
	if (argc - optind != 1 || request.key == NULL || request.name == NULL ||
	    request.until == NULL || request.new_key != NULL) {
		fputs("usage: curfew list sign BUNDLE --key FILE --name PACK --until WHEN\n"
		      "       curfew list sign --new-key NAME\n",
		    stderr);
		return CMD_USAGE;
	}
	return sign(&request, argv[optind]);
}
