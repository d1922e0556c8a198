/*
 * curfew evidence verify: is it what it says? Two threads: one reads the logs for seals and
 * verdicts, the other makes ledger and reports again.
 */

#include "cli/evidence/evidence_contents.h"

#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/trusted_key.h"
#include "cli/ledger/ledger_cmd.h"
#include "ledger/origin.h"
#include "trust/crate.h"
#include "trust/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew evidence verify [options] FILE.tar.zst\n"
    "\n"
    "Checks an evidence, without network: the signature, each file's digest, that images are what "
    "they\n"
    "are called and what policy and packs give, that the logs' seals hold and agree with what "
    "others\n"
    "kept, that each verdict is what its image decides, and that the reports are what the logs "
    "give.\n"
    "Says what could be confirmed, what is contradicted, and what nobody can know.\n"
    "\n"
    "  -k, --key KEY        a public key of who may have signed it: its line, or its .pub file\n"
    "      --sensor-key KEY a public key that signs seals of the logs; may be repeated\n"
    "      --seal FILE      seals that were kept elsewhere; may be repeated\n"
    "      --max-size GIB   refuse what unpacks to more (64)\n"
    "  -j, --json           as JSON\n"
    "\n"
    "exit: 0 all of it confirmed, 1 something is contradicted, 2 usage, 3 no evidence, or "
    "damaged,\n"
    "4 input/output, 5 nothing is contradicted, and something could not be confirmed\n";

#define SEALS      16
#define PART_BYTES 67108864

struct request {
	struct cf_keyring keyring;
	const char *seals[SEALS], *keys[SEALS];
	size_t seal_count, key_count;
	unsigned most_gib;
	bool as_json;
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

static bool take_sensor_key(void *place, const struct cli_given *given)
{
	struct request *request = place;

	if (request->key_count == SEALS) {
		fprintf(stderr, "curfew %s: more than %d keys\n", given->verb, SEALS);
		return false;
	}
	request->keys[request->key_count++] = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_VALUE("key", 'k', struct request, keyring, cli_take_trusted_key),
    CLI_TAKEN("seal", 0, take_seal),
    CLI_TAKEN("sensor-key", 0, take_sensor_key),
    CLI_NUMBER("max-size", 0, struct request, most_gib, 1000000),
    CLI_SWITCH("json", 'j', struct request, as_json),
    CLI_OPTIONS_END,
};

/* ---- reports */

/* The data of a page: JSON in an element; what stands around it differs from build to build. */
static void cut_page(char *text, size_t *len)
{
	static const char begin[] = "<script type=\"application/json\" id=\"data\">";
	char *from = memmem(text, *len, begin, sizeof begin - 1), *to;

	if (from == NULL)
		return;
	to = memmem(from, *len - (size_t)(from - text), "</script>", 9);
	if (to == NULL)
		return;
	*len = (size_t)(to - from);
	memmove(text, from, *len);
}

static bool are_same(const char *a_path, const char *b_path, bool is_page)
{
	struct cf_fetch a = {.place = a_path, .most_bytes = SIZE_MAX / 4},
	                b = {.place = b_path, .most_bytes = SIZE_MAX / 4};
	struct cf_error error;
	bool same = false;

	if (cf_fetch(&a, &error) == CF_OK && cf_fetch(&b, &error) == CF_OK) {
		if (is_page) {
			cut_page((char *)a.data, &a.len);
			cut_page((char *)b.data, &b.len);
		}
		same = a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
	}
	free(a.data);
	free(b.data);
	return same;
}

static void compare_report(struct cli_sayings *sayings, const char *root, const char *again,
    const char *name, const struct cli_evidence_about *about)
{
	char theirs[CF_PATH_BYTES], ours[CF_PATH_BYTES];
	bool is_page = strstr(name, ".html") != NULL;

	if (snprintf(theirs, sizeof theirs, "%s/report/%s", root, name) >= (int)sizeof theirs ||
	    snprintf(ours, sizeof ours, "%s/%s", again, name) >= (int)sizeof ours ||
	    access(theirs, F_OK) != 0)
		cli_say(sayings, CLI_SAID_BAD, "report", "%s is missing", name);
	else if (are_same(theirs, ours, is_page))
		cli_say(sayings, CLI_SAID_GOOD, "report", "%s: every figure follows from the logs",
		    name);
	else if (strcmp(about->version, CF_VERSION) != 0)
		cli_say(sayings, CLI_SAID_UNKNOWN, "report",
		    "%s differs from what curfew %s makes of the logs; it was made by %s: ask that "
		    "one",
		    name, CF_VERSION, about->version);
	else
		cli_say(sayings, CLI_SAID_BAD, "report", "%s is not what the logs give", name);
}

static void compare_reports(struct cli_sayings *sayings, const char *root, const char *again,
    const struct cli_evidence_about *about)
{
	static const char *const names[] = {"hosts.json", "hosts.html", "coverage.json",
	    "escapes.json", "exceptions.json", "host.json", "host.html"};
	size_t count = sizeof names / sizeof names[0] - (about->host[0] == '\0' ? 2 : 0);

	for (size_t i = 0; i < count; i++)
		compare_report(sayings, root, again, names[i], about);
}

static void compare_ledger(
    struct cli_sayings *sayings, const char *path, const struct cli_evidence_about *about)
{
	const struct cf_ledger_options of_ledger = {
	    .path = path, .mode = CF_LEDGER_READ, .now_wall_s = about->made_wall_s};
	struct cf_ledger *ledger = NULL;
	char digest[CF_SHA256_TEXT_BYTES];
	struct cf_error error = {0};

	if (cf_ledger_open(&of_ledger, &ledger, NULL, &error) != CF_OK ||
	    cf_ledger_digest(ledger, digest, &error) != CF_OK)
		cli_say(sayings, CLI_SAID_UNKNOWN, "ledger", "%s", error.text);
	else if (strcmp(digest, about->ledger) == 0)
		cli_say(sayings, CLI_SAID_GOOD, "ledger", "the logs give the ledger %.12s", digest);
	else
		cli_say(sayings,
		    strcmp(about->version, CF_VERSION) == 0 ? CLI_SAID_BAD : CLI_SAID_UNKNOWN,
		    "ledger", "the logs give the ledger %.12s, not %.12s", digest, about->ledger);
	cf_ledger_close(ledger);
}

/* Ledger and reports, made again from the contents. */
static void check_figures(struct cli_sayings *sayings, const char *root, const char *work)
{
	struct cli_evidence_about about;
	char ledger[CF_PATH_BYTES + 16], again[CF_PATH_BYTES];

	(void)snprintf(ledger, sizeof ledger, "%s/ledger.db", work);
	if (cli_evidence_read_about(root, &about) != CMD_OK)
		cli_say(sayings, CLI_SAID_BAD, "about",
		    "what has to be known to make the reports is missing");
	else if (cli_evidence_folder(work, "report", again) == NULL ||
	    cli_evidence_ledger(root, &about, ledger) != CMD_OK)
		cli_say(sayings, CLI_SAID_BAD, "ledger", "the logs make no ledger");
	else {
		compare_ledger(sayings, ledger, &about);
		if (cli_evidence_reports(root, &about, ledger, again) != CMD_OK)
			cli_say(sayings, CLI_SAID_BAD, "report",
			    "no report can be made of the contents");
		else
			compare_reports(sayings, root, again, &about);
	}
}

/* ---- all of it */

struct reading {
	struct cli_sayings *sayings;
	const char *root;
	const struct request *request;
	struct cli_evidence_images images;
};

static void *read_contents(void *context)
{
	struct reading *reading = context;
	const struct cli_evidence_vouchers vouchers = {.seals = reading->request->seals,
	    .seal_count = reading->request->seal_count,
	    .keys = reading->request->keys,
	    .key_count = reading->request->key_count};

	cli_evidence_check_sources(reading->sayings, reading->root, &reading->images);
	cli_evidence_check_logs(reading->sayings, reading->root, &reading->images, &vouchers);
	return NULL;
}

static void check(
    const struct request *request, struct cli_sayings *sayings, const char *root, const char *work)
{
	struct reading *reading = calloc(1, sizeof *reading);
	pthread_t thread;
	bool is_beside;

	if (reading == NULL) {
		cli_say(sayings, CLI_SAID_UNKNOWN, "log", "no memory");
		return;
	}
	*reading = (struct reading){.sayings = sayings, .root = root, .request = request};
	cli_evidence_check_manifest(sayings, root, &request->keyring);
	cli_evidence_open_images(sayings, root, &reading->images);
	is_beside = pthread_create(&thread, NULL, read_contents, reading) == 0;
	check_figures(sayings, root, work);
	if (is_beside)
		(void)pthread_join(thread, NULL); /* it was started */
	else
		(void)read_contents(reading);
	cli_evidence_close_images(&reading->images);
	free(reading);
}

static int unpack(const struct request *request, const char *path, const char *root)
{
	uint64_t most =
	    request->most_gib == 0 ? CLI_EVIDENCE_BYTES : (uint64_t)request->most_gib << 30;
	struct cf_error error;
	enum cf_status status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		fprintf(stderr, "curfew evidence: cannot read '%s': %s\n", path, strerror(errno));
		return CMD_IO;
	}
	status = cf_crate_unpack(fd, root, most, &error);
	(void)close(fd); /* only read */
	if (status == CF_OK)
		return CMD_OK;
	fprintf(stderr, "curfew evidence: '%s': %s\n", path, error.text);
	return status == CF_EIO || status == CF_ENOMEM ? CMD_IO : CMD_INVALID;
}

static int verify(const struct request *request, const char *path)
{
	char top[CF_PATH_BYTES], root[CF_PATH_BYTES], work[CF_PATH_BYTES];
	struct cli_sayings sayings;
	int code = CMD_IO;

	if (!cli_evidence_temporary(top))
		return CMD_IO;
	if (cli_evidence_folder(top, "evidence", root) != NULL &&
	    cli_evidence_folder(top, "work", work) != NULL)
		code = unpack(request, path, root);
	if (code == CMD_OK) {
		cli_say_begin(&sayings, request->as_json);
		check(request, &sayings, root, work);
		code = cli_say_end(&sayings);
	}
	if (cf_crate_remove(top) != CF_OK)
		fprintf(stderr, "curfew evidence: cannot remove '%s'\n", top);
	return code;
}

int cmd_evidence_verify(int argc, char **argv)
{
	struct request request = {.most_gib = 0};
	int code;

	if (!cli_options_read(options, "evidence verify", help, &request, argc, argv, &code))
		return code;
	if (argc - optind != 1) {
		fputs("usage: curfew evidence verify [options] FILE.tar.zst\n", stderr);
		return CMD_USAGE;
	}
	return verify(&request, argv[optind]);
}
