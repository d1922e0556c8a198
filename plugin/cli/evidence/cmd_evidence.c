/* curfew evidence: logs, images, policy and the report from them, in one signed file. */

#include "base/file_writer.h"
#include "cli/evidence/evidence_gather.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "ledger/origin.h"
#include "trust/crate.h"
#include "trust/manifest.h"
#include "trust/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew evidence [options] FILE.tar.zst [LOG|DIR...]\n"
    "       curfew evidence verify [options] FILE.tar.zst\n"
    "\n"
    "Packs logs with their seals, the images that decided, policy, packs, what was said by hand, "
    "and\n"
    "the reports made of these alone, with a manifest of digests and its signature, for somebody "
    "else\n"
    "to check: with `curfew evidence verify`, or with tar, sha256sum, minisign and jq "
    "(docs/evidence.md).\n"
    "Without LOG: the logs that the ledger was made from.\n"
    "\n"
    "  -k, --key FILE       the secret key that signs; minisign's own as well\n"
    "      --unsigned       without one\n"
    "  -H, --host HOST      with a report of this host\n"
    "      --from TIME      only files with something after TIME\n"
    "      --to TIME        only files with something before TIME; the reports are as of TIME\n"
    "      --seal FILE      seals that were kept elsewhere; may be repeated\n"
    "  -p, --policy FILE    the policy\n"
    "      --lists DIRS     the folders of packs\n" CLI_MODEL_HELP "\n"
    "exit: 0 done, 1 no such host, 2 usage, 3 key, name or ledger refused, 4 input/output\n";

#define SEALS 16

struct request {
	struct cli_model model;
	const char *key, *host, *policy, *lists;
	const char *seals[SEALS];
	size_t seal_count;
	int64_t from_wall_s, to_wall_s;
	bool unsigned_too;
};

static bool take_seal(void *place, const struct cli_given *given)
{
	struct request *request = place;

	if (request->seal_count == SEALS) {
		fprintf(stderr, "curfew %s: more than %d seals\n", given->verb, SEALS);
		return false;
	}
	request->seals[request->seal_count++] = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_MODEL_OPTIONS(struct request, model),
    CLI_WORD("key", 'k', struct request, key),
    CLI_SWITCH("unsigned", 0, struct request, unsigned_too),
    CLI_WORD("host", 'H', struct request, host),
    CLI_VALUE("from", 0, struct request, from_wall_s, cli_take_instant),
    CLI_VALUE("to", 0, struct request, to_wall_s, cli_take_instant),
    CLI_TAKEN("seal", 0, take_seal),
    CLI_WORD("policy", 'p', struct request, policy),
    CLI_WORD("lists", 0, struct request, lists),
    CLI_OPTIONS_END,
};

/* The id that the host has in these logs; a person may have called it anything. */
static int find_host(
    const struct request *request, const char *ledger, struct cli_evidence_about *about)
{
	struct cli_model cli;
	const struct cf_host *host;
	int code;

	if (request->host == NULL)
		return CMD_OK;
	cli_model_init(&cli, "evidence");
	cli.source.ledger_path = ledger;
	cli.source.options = about->options;
	cli.source.has_at = true;
	cli.paths.image[0] = '\0';
	code = cli_model_load(&cli);
	host = code == CMD_OK ? cf_model_find(cli.source.model, request->host) : NULL;
	if (host != NULL) {
		(void)snprintf(about->host, sizeof about->host, "%s", host->id);
	} else if (code == CMD_OK) {
		fprintf(stderr, "curfew evidence: no host '%s' in these logs as of that time\n",
		    request->host);
		code = CMD_FOUND;
	}
	cli_model_done(&cli);
	return code;
}

/* The instant that the reports speak for, and the digest of the ledger. */
static int look_at_ledger(
    const struct request *request, const char *path, struct cli_evidence_about *about)
{
	const struct cf_ledger_options of_ledger = {
	    .path = path, .mode = CF_LEDGER_READ, .now_wall_s = about->made_wall_s};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};
	enum cf_status status = cf_ledger_open(&of_ledger, &ledger, NULL, &error);

	if (status == CF_OK)
		status = cf_ledger_digest(ledger, about->ledger, &error);
	if (status == CF_OK) {
		about->at_wall_s = request->model.source.has_at
		    ? request->model.source.options.at_wall_s
		    : request->to_wall_s != 0 ? request->to_wall_s
		                              : cf_model_horizon(ledger);
		if (about->at_wall_s == 0)
			about->at_wall_s = about->made_wall_s;
	}
	about->options.at_wall_s = about->at_wall_s;
	cf_ledger_close(ledger);
	return status == CF_OK ? CMD_OK : cli_ledger_failed("evidence", status, &error);
}

/* Everything but manifest and signature, in root; work is for what does not go in. */
static int fill(const struct request *request, const struct cli_evidence_sources *sources,
    const char *root, const char *work)
{
	struct cli_evidence_about about = {.made_wall_s = cli_now_s(),
	    .from_wall_s = request->from_wall_s,
	    .to_wall_s = request->to_wall_s,
	    .version = CF_VERSION,
	    .options = request->model.source.options};
	char ledger[CF_PATH_BYTES + 16], reports[CF_PATH_BYTES];
	int code = cli_evidence_gather_logs(root, sources);

	(void)snprintf(ledger, sizeof ledger, "%s/ledger.db", work);
	if (code == CMD_OK)
		code = cli_evidence_gather_rest(root, sources);
	if (code == CMD_OK)
		code = cli_evidence_ledger(root, &about, ledger);
	if (code == CMD_OK)
		code = look_at_ledger(request, ledger, &about);
	if (code == CMD_OK)
		code = cli_evidence_gather_images(root, sources, ledger, about.image);
	if (code == CMD_OK)
		code = find_host(request, ledger, &about);
	if (code == CMD_OK && cli_evidence_folder(root, "report", reports) == NULL)
		code = CMD_IO;
	if (code == CMD_OK)
		code = cli_evidence_reports(root, &about, ledger, reports);
	return code == CMD_OK ? cli_evidence_write_about(root, &about) : code;
}

static int write_text(const char *root, const char *name, const char *text, size_t len)
{
	char path[CF_PATH_BYTES];
	struct cf_file_writer writer;

	(void)snprintf(path, sizeof path, "%s/%s", root, name);
	if (cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE) == CF_OK) {
		(void)fwrite(text, 1, len, writer.to); /* the commit sees a failure */
		if (cf_file_writer_commit(&writer) == CF_OK)
			return CMD_OK;
	}
	fprintf(
	    stderr, "curfew evidence: cannot write '%s': %s\n", path, cf_file_writer_why(&writer));
	return CMD_IO;
}

/* The manifest, and its signature when there is a key. */
static int sign(const struct cf_minisign_secret *secret, const char *root)
{
	char signature[CF_MINISIGN_SIGNATURE_TEXT_BYTES];
	struct cf_error error;
	char *text = NULL;
	size_t len = 0;
	int code;

	if (cf_manifest_make(root, &text, &len, &error) != CF_OK) {
		fprintf(stderr, "curfew evidence: %s\n", error.text);
		return CMD_IO;
	}
	code = write_text(root, CF_MANIFEST_NAME, text, len);
	if (code == CMD_OK && secret != NULL) {
		if (cf_minisign_sign(secret, text, len, "curfew-evidence 1", signature, &error) ==
		    CF_OK) {
			code =
			    write_text(root, CF_MANIFEST_SIGNATURE, signature, strlen(signature));
		} else {
			fprintf(stderr, "curfew evidence: %s\n", error.text);
			code = CMD_INVALID;
		}
	}
	free(text);
	return code;
}

/* Whole or not at all. */
static int write_file(const char *root, const char *path)
{
	struct cf_file_writer writer;
	struct cf_error error;

	if (cf_file_writer_open_as(&writer, path, CF_WRITE_ONLY_FILES | CF_WRITE_PRIVATE) !=
	    CF_OK) {
		fprintf(stderr, "curfew evidence: cannot write '%s': %s\n", path,
		    cf_file_writer_why(&writer));
		return CMD_IO;
	}
	if (cf_crate_pack(root, fileno(writer.to), &error) != CF_OK) {
		fprintf(stderr, "curfew evidence: %s\n", error.text);
		cf_file_writer_abandon(&writer);
		return CMD_IO;
	}
	if (cf_file_writer_commit(&writer) == CF_OK)
		return CMD_OK;
	fprintf(
	    stderr, "curfew evidence: cannot write '%s': %s\n", path, cf_file_writer_why(&writer));
	return CMD_IO;
}

static int make(const struct request *request, const struct cf_minisign_secret *secret,
    char **arguments, int count)
{
	const struct cli_evidence_sources sources = {.paths = &request->model.paths,
	    .ledger = request->model.source.ledger_path,
	    .image = request->model.source.image_path,
	    .policy = request->policy,
	    .lists = request->lists,
	    .logs = arguments + 1,
	    .log_count = count - 1,
	    .seals = request->seals,
	    .seal_count = request->seal_count,
	    .from_wall_s = request->from_wall_s,
	    .to_wall_s = request->to_wall_s};
	char top[CF_PATH_BYTES], root[CF_PATH_BYTES], work[CF_PATH_BYTES];
	int code = CMD_IO;

	if (!cli_evidence_temporary(top))
		return CMD_IO;
	if (cli_evidence_folder(top, "evidence", root) != NULL &&
	    cli_evidence_folder(top, "work", work) != NULL)
		code = fill(request, &sources, root, work);
	if (code == CMD_OK)
		code = sign(secret, root);
	if (code == CMD_OK)
		code = write_file(root, arguments[0]);
	if (cf_crate_remove(top) != CF_OK)
		fprintf(stderr, "curfew evidence: cannot remove '%s'\n", top);
	return code;
}

int cmd_evidence(int argc, char **argv)
{
	struct request request = {.from_wall_s = 0};
	struct cf_minisign_secret secret;
	int code;

	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return cmd_evidence_verify(argc - 1, argv + 1);
	cli_model_init(&request.model, "evidence");
	if (!cli_options_read(options, "evidence", help, &request, argc, argv, &code))
		return code;
	if (optind >= argc || (request.key == NULL) != request.unsigned_too) {
		fputs("usage: curfew evidence --key FILE|--unsigned [options] FILE.tar.zst "
		      "[LOG|DIR...]\n",
		    stderr);
		return CMD_USAGE;
	}
	if (request.from_wall_s != 0 && request.to_wall_s != 0 &&
	    request.model.source.options.window_minutes == 0)
		request.model.source.options.window_minutes =
		    (uint32_t)((request.to_wall_s - request.from_wall_s) / 60);
	if (request.from_wall_s != 0 && request.to_wall_s != 0 &&
	    request.to_wall_s - request.from_wall_s < 60) {
		fputs("curfew evidence: --to is not after --from\n", stderr);
		return CMD_USAGE;
	}
	if (request.key != NULL) {
		struct cf_error error = {0};
		enum cf_status status = cf_publish_read_key(
		    request.key, getenv("CURFEW_KEY_PASSWORD"), &secret, &error);

		if (status != CF_OK) {
			fprintf(stderr, "curfew evidence: %s\n", error.text);
			return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
		}
	}
	code = make(&request, request.key == NULL ? NULL : &secret, argv + optind, argc - optind);
	if (request.key != NULL)
		cf_minisign_secret_done(&secret);
	if (code == CMD_OK)
		printf("%s\n", argv[optind]);
	return code;
}
