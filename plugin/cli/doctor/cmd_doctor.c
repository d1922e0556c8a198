/* curfew doctor: what is installed, what is in force, what is wrong with it. */

#include "base/instant.h"
#include "cli/doctor/doctor_edge.h"
#include "cli/doctor/doctor_origin.h"
#include "cli/doctor/live_print.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "cli/front/term.h"
#include "cli/front/when.h"
#include "doctor/doctor.h"
#include "doctor/run.h"
#include "report/render/safe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew doctor [options]\n"
    "\n"
    "Looks at the resolver, the module built for it, the image on disk and in force, the hit log "
    "and\n"
    "what was lost, and says what is wrong. Changes nothing.\n"
    "\n"
    "  -C, --config FILE     the resolver's configuration; its dynlib-file lines name the rest,\n"
    "                        those in included files as well\n"
    "  -u, --unbound FILE    the unbound program\n"
    "  -m, --module FILE     the module\n"
    "  -i, --image FILE      the image\n"
    "  -o, --log FILE        the hit log; the module's status stands beside it\n"
    "  -L, --live[=ADDR[@PORT]]  ask the running resolver one name of every kind (127.0.0.1)\n"
    "  -j, --json            as JSON\n"
    "\n"
    "exit: 0 good, 1 --live: an answer is not what the image demands, 2 usage, 4 no such file,\n"
    "5 something is degraded\n";

static const char *const config_default = "/etc/unbound/unbound.conf";

/* What the options ask for. */
struct request {
	const char *config, *unbound, *module, *image, *log, *server;
	bool live, json;
};

static bool take_live(void *place, const struct cli_given *given)
{
	struct request *request = place;

	request->live = true;
	request->server = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_WORD("config", 'C', struct request, config),
    CLI_WORD("unbound", 'u', struct request, unbound),
    CLI_WORD("module", 'm', struct request, module),
    CLI_WORD("image", 'i', struct request, image),
    CLI_WORD("log", 'o', struct request, log),
    CLI_OPTIONAL("live", 'L', take_live),
    CLI_SWITCH("json", 'j', struct request, json),
    CLI_OPTIONS_END,
};

static void set(char place[CF_PATH_BYTES], const char *path)
{
	if (path != NULL)
		snprintf(place, CF_PATH_BYTES, "%s", path);
}

/* Defaults, then the resolver's configuration, then the options. */
static bool find_places(const struct request *request, struct cf_doctor_places *places)
{
	const char *config = request->config == NULL ? config_default : request->config;
	struct cli_paths paths;

	cli_paths_default(&paths);
	set(places->module, paths.module);
	set(places->image, paths.image);
	set(places->fetched, paths.fetched);
	/* A folder of nearly the longest name has no key that anybody could open. */
	if (snprintf(places->key, sizeof places->key, "%s/resolver.key", paths.keys) >=
	    (int)sizeof places->key)
		places->key[0] = '\0';
	if (CF_UNBOUND_BIN[0] != '\0' && paths.from_checkout)
		set(places->unbound, CF_UNBOUND_BIN);
	else if (!cf_find_program("unbound", places->unbound, sizeof places->unbound))
		places->unbound[0] = '\0';
	set(places->unbound, request->unbound); /* its own tool reads the configuration */
	if (!cf_doctor_read_config(places, config) && request->config != NULL) {
		fprintf(stderr, "curfew doctor: cannot read '%s'\n", config);
		return false;
	}
	if (getenv("CURFEW_GUARD_STATE") != NULL) /* as the guard itself */
		set(places->guard, getenv("CURFEW_GUARD_STATE"));
	else if (strcmp(config, config_default) == 0)
		set(places->guard, "/run/curfew-guard");
	if (strcmp(config, config_default) == 0)
		set(places->shipping, "/run/curfew-ship/status.json");
	set(places->module, request->module);
	set(places->image, request->image);
	set(places->log, request->log);
	return true;
}

static const char *word(enum cf_known answer)
{
	static const char *const words[] = {"unknown", "no", "yes"};

	return words[answer];
}

/* Who signs the log's seals. */
static void print_key(const struct cf_doctor *d)
{
	char text[CF_PATH_BYTES + 1024], mode[32] = "not in reach";

	if (d->key_mode >= 0)
		snprintf(mode, sizeof mode, "mode %03o", (unsigned)d->key_mode);
	if (d->key[0] != '\0')
		snprintf(text, sizeof text,
		    "%s signs the log's seals, last %" PRIu64 " at %s; %s, %s; seals go to: %s",
		    d->key, d->signed_seq, d->signed_at[0] == '\0' ? "no time yet" : d->signed_at,
		    d->places.key[0] == '\0' ? "no file" : d->places.key, mode,
		    d->seal_log[0] == '\0' ? "unknown" : d->seal_log);
	else
		snprintf(text, sizeof text, "none, seals are not signed%s%s; seals go to: %s",
		    d->key_error[0] == '\0' ? "" : ": ", d->key_error,
		    d->seal_log[0] == '\0' ? "unknown" : d->seal_log);
	cli_doctor_line("key",
	    d->key[0] == '\0' ? CF_KNOWN_NOT
	                      : cli_doctor_good_if(d->key_mode < 0 || (d->key_mode & 077) == 0),
	    text);
}

/* How far the store has the log. */
static void print_shipping(const struct cf_doctor *d)
{
	char text[256];

	if (!d->ships)
		return;
	snprintf(text, sizeof text,
	    "seal %" PRIu64 " of the log is in the store; %" PRIu64 " s behind, %" PRIu64
	    " bytes not there",
	    d->shipped_seq, d->ship_behind_s, d->unshipped_bytes);
	cli_doctor_line("shipping", CF_KNOWN_YES, text);
}

static void print_text(const struct cf_doctor *d, int64_t at_wall_s)
{
	char text[CF_PATH_BYTES + 1024];

	snprintf(text, sizeof text, "%s, version %s, dynlib: %s",
	    d->places.unbound[0] == '\0' ? "none found" : d->places.unbound,
	    d->unbound_version[0] == '\0' ? "unknown" : d->unbound_version, word(d->dynlib));
	cli_doctor_line("unbound", d->dynlib, text);
	snprintf(text, sizeof text, "%s, there: %s, matches this unbound: %s", d->places.module,
	    word(d->module_exists), word(d->module_matches));
	cli_doctor_line("module", d->module_matches, text);
	if (d->image_valid == CF_KNOWN_YES)
		snprintf(text, sizeof text, "%s, %.12s, %s, %s", d->places.image, d->image_digest,
		    d->vendor, d->preset[0] == '\0' ? "own phases" : d->preset);
	else
		snprintf(text, sizeof text, "%s: %s", d->places.image, d->image_error);
	cli_doctor_line("image", d->image_valid, text);
	cli_doctor_packs_print(d, at_wall_s);
	cli_doctor_channel_print(d);
	snprintf(text, sizeof text, "%.12s",
	    d->digest_in_force[0] == '\0' ? "none" : d->digest_in_force);
	cli_doctor_line("in force", cli_doctor_good_if(d->digest_in_force[0] != '\0'), text);
	snprintf(text, sizeof text, "%s", d->places.log[0] == '\0' ? "none" : d->places.log);
	cli_doctor_line("log", cli_doctor_good_if(d->has_status && !d->log_degraded), text);
	if (d->has_status) {
		snprintf(text, sizeof text,
		    "%" PRIu64 " (%" PRIu64 " flagged, %" PRIu64 " blocked), %" PRIu64 " lost",
		    d->hits, d->flagged, d->blocked, d->lost);
		cli_doctor_line("hits", cli_doctor_good_if(d->lost == 0), text);
	}
	if (d->has_status)
		print_key(d);
	print_shipping(d);
	for (unsigned i = 0; i < d->problem_count; i++) {
		/* Names of files, and what others wrote into them, are in it. */
		fputs(cli_term_style(stdout, CLI_YELLOW), stdout);
		cli_term_put(stdout, d->problems[i]);
		printf("%s\n", cli_term_style(stdout, CLI_PLAIN));
	}
}

static void json_answer(struct cli_json *json, const char *key, enum cf_known answer)
{
	if (answer == CF_KNOWN_NOT)
		cli_json_null(json, key);
	else
		cli_json_bool(json, key, answer == CF_KNOWN_YES);
}

static void json_count(struct cli_json *json, const char *key, bool is_known, uint64_t count)
{
	if (is_known)
		cli_json_number(json, key, (int64_t)count);
	else
		cli_json_null(json, key);
}

static void print_json(
    const struct cf_doctor *d, const struct cli_doctor_edge *edge, const struct cf_live *live)
{
	struct cli_json json = cli_json_start(stdout);

	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "version", CF_VERSION);
	cli_json_text(&json, "unbound", cli_doctor_or_null(d->places.unbound));
	cli_json_text(&json, "unbound_version", cli_doctor_or_null(d->unbound_version));
	cli_json_text(&json, "unbound_build_id", cli_doctor_or_null(d->build_id));
	json_answer(&json, "dynlib", d->dynlib);
	cli_json_text(&json, "module", d->module_exists == CF_KNOWN_YES ? d->places.module : NULL);
	json_answer(&json, "module_matches", d->module_matches);
	cli_json_text(&json, "image", d->places.image);
	json_answer(&json, "image_valid", d->image_valid);
	cli_json_text(&json, "image_digest", cli_doctor_or_null(d->image_digest));
	cli_json_text(&json, "image_in_force", cli_doctor_or_null(d->digest_in_force));
	cli_json_text(&json, "vendor", cli_doctor_or_null(d->vendor));
	cli_json_text(&json, "preset", cli_doctor_or_null(d->preset));
	cli_json_text(&json, "policy", cli_doctor_or_null(d->policy_file));
	cli_doctor_packs_json(d, &json);
	cli_doctor_channel_json(d, &json);
	cli_json_text(&json, "log", cli_doctor_or_null(d->places.log));
	json_count(&json, "pid", d->has_status, d->pid);
	json_count(&json, "hits", d->has_status, d->hits);
	json_count(&json, "flagged", d->has_status, d->flagged);
	json_count(&json, "blocked", d->has_status, d->blocked);
	json_count(&json, "lost", d->has_status, d->lost);
	json_count(&json, "trips", d->has_status, d->trips);
	json_count(&json, "failures", d->has_status, d->failures);
	cli_json_text(&json, "key", cli_doctor_or_null(d->key));
	cli_json_text(&json, "key_error", cli_doctor_or_null(d->key_error));
	cli_json_text(&json, "signed_at", cli_doctor_or_null(d->signed_at));
	json_count(&json, "signed_seq", d->signed_seq > 0, d->signed_seq);
	cli_json_text(&json, "seal_log", cli_doctor_or_null(d->seal_log));
	json_count(&json, "shipped_seq", d->ships, d->shipped_seq);
	json_count(&json, "ship_behind_s", d->ships, d->ship_behind_s);
	json_count(&json, "unshipped_bytes", d->ships, d->unshipped_bytes);
	cli_json_text(&json, "module_config", cli_doctor_or_null(d->modules));
	cli_json_text(&json, "guard", cli_doctor_or_null(d->guard_mode));
	cli_json_bool(&json, "degraded", d->degraded);
	cli_json_open_array(&json, "problems");
	for (unsigned i = 0; i < d->problem_count; i++)
		cli_json_text(&json, NULL, d->problems[i]);
	cli_json_close_array(&json);
	cli_doctor_edge_json(edge, &json);
	if (live != NULL)
		cli_live_json(live, &json);
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static void show_progress(void *arg, unsigned done, unsigned of)
{
	(void)of;
	cli_progress_update(arg, done);
}

/* NULL, after a message, when it cannot be asked. */
static struct cf_live *ask(const struct request *request, const char *image_path)
{
	struct cli_progress progress = cli_progress_start("asking", CF_LIVE_PROBES);
	const struct cf_live_question asked = {.image_path = image_path,
	    .server = request->server,
	    .at_wall_s = cli_now_s(),
	    .progress = show_progress,
	    .arg = &progress};
	struct cf_live *live = NULL;
	struct cf_error error;
	enum cf_status status = cf_live_ask(&asked, &live, &error);

	cli_progress_end(&progress);
	if (status != CF_OK)
		fprintf(stderr, "curfew doctor: --live with the image '%s': %s\n", image_path,
		    error.text);
	return live;
}

static int examine(const struct request *request)
{
	struct cf_doctor *doctor = calloc(1, sizeof *doctor);
	struct cli_doctor_edge *edge = NULL;
	struct cf_live *live = NULL;
	int code = CMD_IO;

	if (doctor == NULL) {
		fprintf(stderr, "curfew doctor: no memory\n");
		return CMD_IO;
	}
	if (find_places(request, &doctor->places)) {
		cf_doctor_look(doctor, cli_now_s());
		edge =
		    cli_doctor_edge_look(doctor->places.image, doctor->image_digest, cli_now_s());
		if (request->live)
			live = ask(request, doctor->places.image);
		if (request->json)
			print_json(doctor, edge, live);
		else
			print_text(doctor, cli_now_s());
		if (!request->json)
			cli_doctor_edge_print(edge, stdout);
		if (live != NULL && !request->json)
			cli_live_print(live, stdout);
		code = doctor->degraded || cli_doctor_edge_is_wrong(edge) ? CMD_DEGRADED : CMD_OK;
		if (live != NULL && cf_live_differs(live))
			code = CMD_FOUND;
	}
	cf_live_free(live);
	cli_doctor_edge_free(edge);
	free(doctor);
	return code;
}

int cmd_doctor(int argc, char **argv)
{
	struct request request = {.config = NULL};
	int code;

	if (!cli_options_read(options, "doctor", help, &request, argc, argv, &code))
		return code;
	if (optind < argc) {
		fprintf(stderr, "curfew doctor: takes options only, not '%s'\n", argv[optind]);
		return CMD_USAGE;
	}
	return examine(&request);
}
