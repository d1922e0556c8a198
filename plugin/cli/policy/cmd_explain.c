/* curfew explain: what is decided about a name or an address, and why. */

#include "base/diag.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/policy/explain_print.h"
#include "compile/pack/spoken_name.h"
#include "names/rrtype.h"
#include "update/image_kept.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew explain NAME|ADDRESS [options]\n"
    "\n"
    "Says what happens to a name or an address and why: the entry, list, category, phase and\n"
    "exception that decide, each with the line it stands in; what else covers it and lost; and "
    "how\n"
    "the verdict changes in time. The same code and bytes decide in the resolver and the monitor.\n"
    "\n"
    "  -c, --client ADDR   as this client sees it\n"
    "  -t, --type TYPE     for this record type (A, AAAA, HTTPS, TYPE64...)\n"
    "  -a, --at TIME       as at TIME, such as 2024-09-29T00:00:00-04:00\n"
    "  -i, --image FILE    the image to ask; or 8 or more digits of the digest that records cite: "
    "the\n"
    "                      one kept by `curfew apply`\n"
    "      --images DIR    where those are kept\n"
    "  -j, --json          as JSON\n"
    "\n"
    "exit: 0 passed or flagged, 1 blocked, 2 usage, 3 bad image, 4 no image\n";

struct request {
	struct cf_explanation explanation;
	const char *images; /* folder of kept images */
	bool json;
};

/* The name or address of what people paste, and a word on what it was. */
static bool take_subject(struct cf_explanation *e, const char *text)
{
	char subject[CF_NAME_TEXT_BYTES], quoted[120];
	struct cf_spoken spoken;
	struct cf_error error;

	if (cf_spoken_parse(text, &spoken, &error) != CF_OK) {
		fprintf(stderr, "curfew explain: %s\n", error.text);
		return false;
	}
	if (!spoken.is_addr && spoken.scope == CF_SCOPE_BELOW) {
		fprintf(stderr,
		    "curfew explain: %s stands for many names; ask about %s, or about one name "
		    "below it\n",
		    cf_quote(text, strlen(text), quoted, sizeof quoted),
		    cf_name_format(&spoken.name, subject));
		return false;
	}
	e->is_addr = spoken.is_addr;
	e->addr = spoken.addr;
	e->name = spoken.name;
	if (spoken.form != NULL)
		fprintf(stderr, "curfew explain: %s is %s; this is about %s\n",
		    cf_quote(text, strlen(text), quoted, sizeof quoted), spoken.form,
		    cf_explanation_subject(e, subject));
	return true;
}

static bool take_client(void *place, const struct cli_given *given)
{
	struct cf_explanation *e = place;

	e->question.client = &e->client;
	if (cf_addr_parse(given->value, &e->client) == CF_OK)
		return true;
	fprintf(stderr, "curfew explain: '%s' is not an address\n", given->value);
	return false;
}

static bool take_type(void *place, const struct cli_given *given)
{
	if (cf_rrtype_parse(given->value, place))
		return true;
	fprintf(stderr, "curfew explain: '%s' is not a record type\n", given->value);
	return false;
}

static const struct cli_option options[] = {
    CLI_VALUE("client", 'c', struct request, explanation, take_client),
    CLI_VALUE("type", 't', struct request, explanation.question.qtype, take_type),
    CLI_VALUE("at", 'a', struct request, explanation.question.at_wall_s, cli_take_instant),
    CLI_WORD("image", 'i', struct request, explanation.image_path),
    CLI_WORD("images", 0, struct request, images),
    CLI_SWITCH("json", 'j', struct request, json),
    CLI_OPTIONS_END,
};

/* Opens the image - the kept one with this digest unless that is NULL -, fills and prints. */
static int explain(struct cf_explanation *e, const char *images, const char *digest, bool json)
{
	struct cf_image *image = NULL;
	struct cf_error error;
	enum cf_status status = digest != NULL ? cf_kept_open(images, digest, &image, &error)
	                                       : cf_image_open(e->image_path, &image, &error);

	if (status != CF_OK) {
		fprintf(stderr,
		    "curfew explain: cannot use image '%s': %s; `curfew apply` makes one\n",
		    e->image_path, error.text);
		return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
	}
	e->image = image;
	cf_explanation_fill(e);
	if (json)
		cli_explanation_print_json(e, stdout);
	else
		cli_explanation_print(e, stdout);
	cf_image_close(image);
	return e->decision.verdict == CF_VERDICT_BLOCK ? CMD_FOUND : CMD_OK;
}

/* Explains by the image that is given, by path or by digest. */
static int explain_by(struct request *request, const char *default_image)
{
	struct cf_explanation *e = &request->explanation;
	char folder[CF_PATH_BYTES], path[CF_PATH_BYTES], digest[CF_SHA256_TEXT_BYTES];
	const char *images = request->images;
	struct cf_error error;

	if (!cf_kept_is_prefix(e->image_path) || access(e->image_path, F_OK) == 0)
		return explain(e, NULL, NULL, request->json);
	if (images == NULL && cf_kept_folder(default_image, folder) == CF_OK)
		images = folder;
	if (images == NULL || cf_kept_find(images, e->image_path, digest, &error) != CF_OK) {
		fprintf(stderr, "curfew explain: %s; `curfew apply --list` shows those that are\n",
		    images == NULL ? "no folder of images" : error.text);
		return CMD_IO;
	}
	e->image_path = cf_kept_path(images, digest, path);
	return explain(e, images, digest, request->json);
}

int cmd_explain(int argc, char **argv)
{
	static const char usage[] =
	    "usage: curfew explain NAME|ADDRESS [--client ADDR] [--type TYPE] "
	    "[--at TIME] [--image FILE|SHA] [--json]\n";
	struct request request = {.explanation = {.question = {.at_wall_s = cli_now_s()}}};
	struct cf_explanation *e = &request.explanation;
	struct cli_paths paths;
	int code;

	cli_paths_default(&paths);
	e->image_path = paths.image;
	if (!cli_options_read(options, "explain", help, &request, argc, argv, &code))
		return code;
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return CMD_USAGE;
	}
	return take_subject(e, argv[optind]) ? explain_by(&request, paths.image) : CMD_USAGE;
}
