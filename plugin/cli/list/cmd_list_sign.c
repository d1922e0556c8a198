/* curfew list sign: a publisher's statement about a bundle, and the keys for it. */

#include "cli/front/options.h"
#include "cli/front/signing.h"
#include "cli/list/list_cmd.h"
#include "trust/publish.h"

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
    "      --name PACK     the pack's vendor\n" CLI_SIGNING_HELP
    "      --serial N      default: one more than in BUNDLE.minisig, at least today's as "
    "YYYYMMDD01\n"
    "      --image         the file is an image; NAME is the channel, such as stable\n"
    "      --shrink        readers shall take it though much is gone\n"
    "\n"
    "exit: 0 done, 2 usage, 3 key or statement invalid, 4 input/output\n";

struct request {
	const char *new_key, *name;
	struct cli_signing signing;
	bool is_image;
};

static const struct cli_option options[] = {
    CLI_WORD("new-key", 0, struct request, new_key),
    CLI_WORD("name", 0, struct request, name),
    CLI_SIGNING_OPTIONS(struct request, signing),
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

static int sign(const struct request *request, const char *bundle)
{
	char path[CF_PATH_BYTES], comment[CF_STATEMENT_TEXT_BYTES];
	struct cf_minisign_secret secret;
	struct cf_statement statement;
	struct cf_error error;
	enum cf_status status;
	int code;

	(void)snprintf(path, sizeof path, "%s.minisig", bundle); /* cut: it cannot be written */
	code = cli_signing_state(&request->signing, "list sign",
	    request->is_image ? CF_STATEMENT_IMAGE : CF_STATEMENT_PACK, request->name, path,
	    &statement);
	if (code != CMD_OK)
		return code;
	status = cli_signing_key(&request->signing, &secret, &error);
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
	struct request request = {.signing.from_wall_s = INT64_MIN};
	int code;

	if (!cli_options_read(options, "list sign", help, &request, argc, argv, &code))
		return code;
	if (request.new_key != NULL && argc == optind)
		return make_key(request.new_key);
	if (argc - optind != 1 || request.signing.key == NULL || request.name == NULL ||
	    request.signing.until == NULL || request.new_key != NULL) {
		fputs("usage: curfew list sign BUNDLE --key FILE --name PACK --until WHEN\n"
		      "       curfew list sign --new-key NAME\n",
		    stderr);
		return CMD_USAGE;
	}
	return sign(&request, argv[optind]);
}
