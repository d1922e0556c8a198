/* curfew publish: an image and its signature, for all sensors that follow a channel. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/signing.h"
#include "cli/front/when.h"
#include "cli/policy/changes_print.h"
#include "cli/policy/compiling.h"
#include "trust/fetch.h"
#include "trust/publish.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: curfew publish CHANNEL --to DIR --key FILE --until WHEN [options]\n"
    "\n"
    "Compiles the policy and writes DIR/CHANNEL.img with DIR/CHANNEL.img.minisig, which any web\n"
    "server hands out; `curfew fetch` on the sensors takes it from there. The statement that is\n"
    "signed names the channel, a serial that only rises, and until when sensors may take it.\n"
    "\n"
    "  -t, --to DIR        the folder that is published\n"
    "  -p, --policy FILE   the policy\n"
    "  -l, --lists DIR     the folder of packs\n"
    "  -f, --image-file F  sign this image instead: one that a canary tried, or a former one of\n"
    "                      images/, which goes back under a higher serial\n" CLI_SIGNING_HELP
    "      --serial N      default: one more than in CHANNEL.img.minisig, at least today's as\n"
    "                      YYYYMMDD01\n"
    "      --shrink        sensors shall take it though much is gone\n"
    "  -m, --max-shrink N  per cent that may be gone without --shrink (10, as sensors have it)\n"
    "  -n, --dry-run       show what changes for the sensors, write nothing\n"
    "\n"
    "exit: 0 published, 1 more is gone than sensors take, 2 usage, 3 policy, pack, image or key\n"
    "invalid, 4 input/output\n";

struct request {
	const char *to, *policy, *lists, *image_file;
	struct cli_signing signing;
	unsigned max_shrink;
	bool dry_run;
};

/* Per cent; what `curfew fetch` refuses by itself. */
#define MAX_SHRINK 10

static const struct cli_option options[] = {
    CLI_WORD("to", 't', struct request, to),
    CLI_WORD("policy", 'p', struct request, policy),
    CLI_WORD("lists", 'l', struct request, lists),
    CLI_WORD("image-file", 'f', struct request, image_file),
    CLI_SIGNING_OPTIONS(struct request, signing),
    CLI_NUMBER("max-shrink", 'm', struct request, max_shrink, 100),
    CLI_SWITCH("dry-run", 'n', struct request, dry_run),
    CLI_OPTIONS_END,
};

static int complain(const struct cf_error *error)
{
	fprintf(stderr, "curfew publish: %s; nothing was published\n", error->text);
	return error->status == CF_EIO || error->status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

static int read_image(const char *path, struct cf_new_image *new_image)
{
	struct cf_fetch file = {.place = path, .most_bytes = CF_SIGNED_IMAGE_BYTES};
	struct cf_error error;
	enum cf_status status = cf_fetch(&file, &error);

	if (status == CF_OK) {
		new_image->data = file.data;
		new_image->len = file.len;
		status = cf_image_from_memory(file.data, file.len, &new_image->image, &error);
	}
	return status == CF_OK ? CMD_OK : complain(&error);
}

static int compile(const struct request *request, struct cf_new_image *new_image)
{
	struct cli_compiling compiling = {.at_wall_s = cli_now_s()};

	cli_paths_default(&compiling.paths);
	compiling.policy = request->policy != NULL ? request->policy : compiling.paths.policy;
	compiling.lists = request->lists != NULL ? request->lists : compiling.paths.lists;
	return cli_compiling_image(&compiling, new_image);
}

/* What is one machine's must not become everybody's. */
static bool is_for_many(const struct cf_new_image *new_image)
{
	const char *sensor = cf_image_info(new_image->image)->sensor;

	if (sensor[0] == '\0')
		return true;
	fprintf(stderr,
	    "curfew publish: the policy calls its sensor '%s' (log.sensor), and so would every "
	    "machine call itself that takes this image; take it out of the policy: each then goes "
	    "by its host name\n",
	    sensor);
	return false;
}

/* Shows what changes for those that have the image at path. */
static int review(
    const struct request *request, const char *path, const struct cf_new_image *new_image)
{
	struct cf_changes changes = {.new_image = new_image->image, .at_wall_s = cli_now_s()};
	struct cf_image *old = NULL;
	struct cf_error error;
	enum cf_status status;
	unsigned shrink;

	if (cf_force_open(path, &old, &error) != CF_OK)
		fprintf(stderr, "curfew publish: cannot read what was published before: %s\n",
		    error.text);
	changes.old_image = old;
	status = cli_changes_print(&changes, false, stdout);
	shrink = cf_changes_shrink(&changes.totals);
	cf_image_close(old);
	if (status != CF_OK) {
		(void)cf_error_set(&error, status, "%s", cf_status_text(status));
		return complain(&error);
	}
	if (shrink <= request->max_shrink || request->signing.shrink)
		return CMD_OK;
	fprintf(stderr,
	    "curfew publish: this takes away %u %%, and sensors refuse more than %u %%; --shrink "
	    "says that it is meant\n",
	    shrink, request->max_shrink);
	return CMD_FOUND;
}

static int sign(const struct request *request, const char *path,
    const struct cf_new_image *new_image, struct cf_statement *statement)
{
	char digest[CF_SHA256_TEXT_BYTES], comment[CF_STATEMENT_TEXT_BYTES];
	struct cf_minisign_secret secret;
	struct cf_error error;
	enum cf_status status = cli_signing_key(&request->signing, &secret, &error);

	if (status != CF_OK)
		return complain(&error);
	status =
	    cf_publish_bytes(path, new_image->data, new_image->len, &secret, statement, &error);
	cf_minisign_secret_done(&secret);
	if (status != CF_OK)
		return complain(&error);
	cf_statement_format(statement, comment);
	printf("%s: image %.12s\n%s.minisig: %s\n", path,
	    cf_sha256_format(cf_image_info(new_image->image)->digest, digest), path, comment);
	return CMD_OK;
}

static int publish(const struct request *request, const char *channel)
{
	char path[CF_PATH_BYTES], signature[CF_PATH_BYTES + 16];
	struct cf_new_image new_image = {0};
	struct cf_statement statement;
	int code;

	if (snprintf(path, sizeof path, "%s/%s.img", request->to, channel) >= (int)sizeof path) {
		fputs("curfew publish: --to: the path is too long\n", stderr);
		return CMD_USAGE;
	}
	(void)snprintf(signature, sizeof signature, "%s.minisig", path);
	code = cli_signing_state(
	    &request->signing, "publish", CF_STATEMENT_IMAGE, channel, signature, &statement);
	if (code != CMD_OK)
		return code;
	code = request->image_file != NULL ? read_image(request->image_file, &new_image)
	                                   : compile(request, &new_image);
	if (code == CMD_OK && !is_for_many(&new_image))
		code = CMD_INVALID;
	if (code == CMD_OK)
		code = review(request, path, &new_image);
	if (code == CMD_OK && request->dry_run)
		printf("dry run: %s was not written\n", path);
	else if (code == CMD_OK)
		code = sign(request, path, &new_image, &statement);
	cf_image_close(new_image.image);
	free(new_image.data);
	return code;
}

int cmd_publish(int argc, char **argv)
{
	struct request request = {.signing.from_wall_s = INT64_MIN, .max_shrink = MAX_SHRINK};
	int code;

	if (!cli_options_read(options, "publish", help, &request, argc, argv, &code))
		return code;
	if (argc - optind != 1 || request.to == NULL || request.signing.key == NULL ||
	    request.signing.until == NULL ||
	    (request.image_file != NULL && (request.policy != NULL || request.lists != NULL))) {
		fputs(
		    "usage: curfew publish CHANNEL --to DIR --key FILE --until WHEN [--policy FILE "
		    "| --image-file FILE] [options]\n",
		    stderr);
		return CMD_USAGE;
	}
	return publish(&request, argv[optind]);
}
