/* curfew evidence: logs, images, policy and the report from them, in one signed file. */

#include "cli/evidence/evidence_cmd.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_model.h"
#include "evidence/make.h"
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

struct request {
	struct cli_model model;
	const char *key, *host, *policy, *lists;
	struct cli_seals seals;
	int64_t from_wall_s, to_wall_s;
	bool unsigned_too;
};

static const struct cli_option options[] = {
    CLI_MODEL_OPTIONS(struct request, model),
    CLI_WORD("key", 'k', struct request, key),
    CLI_SWITCH("unsigned", 0, struct request, unsigned_too),
    CLI_WORD("host", 'H', struct request, host),
    CLI_VALUE("from", 0, struct request, from_wall_s, cli_take_instant),
    CLI_VALUE("to", 0, struct request, to_wall_s, cli_take_instant),
    CLI_VALUE("seal", 0, struct request, seals, cli_take_seal),
    CLI_WORD("policy", 'p', struct request, policy),
    CLI_WORD("lists", 0, struct request, lists),
    CLI_OPTIONS_END,
};

static int make(const struct request *request, const struct cf_minisign_secret *secret,
    char **arguments, int count)
{
	const struct cli_paths *paths = &request->model.paths;
	const struct cf_report_source *source = &request->model.source;
	const struct cf_evidence_make make = {
	    .sources = {.ledger = source->ledger_path,
	        .image = source->image_path != NULL ? source->image_path : paths->image,
	        .policy = request->policy != NULL ? request->policy : paths->policy,
	        .lists = request->lists != NULL ? request->lists : paths->lists,
	        .logs = arguments + 1,
	        .log_count = count - 1,
	        .seals = request->seals.paths,
	        .seal_count = request->seals.count,
	        .from_wall_s = request->from_wall_s,
	        .to_wall_s = request->to_wall_s,
	        .now_wall_s = cli_now_s(),
	        .notices = {.tell = cli_evidence_tell}},
	    .options = source->options,
	    .has_at = source->has_at,
	    .host = request->host,
	    .version = CF_VERSION,
	    .secret = secret};
	struct cf_error error = {.status = CF_OK};
	enum cf_status status = cf_evidence_make(&make, arguments[0], &error);

	return status == CF_OK ? CMD_OK : cli_evidence_failed(status, &error);
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
	    request.to_wall_s - request.from_wall_s < 60) {
		fputs("curfew evidence: --to is not after --from\n", stderr);
		return CMD_USAGE;
	}
	if (request.key != NULL) {
		struct cf_error error = {0};
		enum cf_status status = cf_publish_read_key(
		    request.key, getenv("CURFEW_KEY_PASSWORD"), &secret, &error);

		if (status != CF_OK)
			return cli_evidence_failed(status, &error);
	}
	code = make(&request, request.key == NULL ? NULL : &secret, argv + optind, argc - optind);
	if (request.key != NULL)
		cf_minisign_secret_done(&secret);
	if (code == CMD_OK)
		printf("%s\n", argv[optind]);
	return code;
}
