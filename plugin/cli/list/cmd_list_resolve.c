/* curfew list resolve: what the names of a pack lead to from here. */

#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "compile/resolve/overlay.h"
#include "compile/resolve/resolving.h"
#include "compile/resolve/to_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew list resolve [PACK] [options]\n"
    "\n"
    "Asks A and AAAA of every listed name from this network, with DNSSEC validation, and writes "
    "beside the pack\n"
    "overlay-DATE.tsv (addresses, weak evidence that expires) and gone-DATE.txt (names that do not "
    "exist).\n"
    "Names of lookalikes (malware) are left alone unless --all. Ask a resolver that does not "
    "filter.\n"
    "\n"
    "  -f, --forward ADDR[@PORT]  ask this resolver; several may be given (default: the system's)\n"
    "  -k, --trust-anchor FILE    DNSSEC anchor (default: the system's root key)\n"
    "  -r, --rate N               questions a second (default: 20)\n"
    "      --in-flight N          questions at a time (default: 16)\n"
    "      --stall SECONDS        give up when nothing comes back for so long (default: 60)\n"
    "  -d, --days N               until the overlay expires (default: 30)\n"
    "  -o, --out DIR              write there (default: the pack's folder)\n"
    "      --all                  lookalikes too\n"
    "  -n, --dry-run              ask and report, write nothing\n"
    "  -j, --json                 as JSON, with every name\n"
    "\n"
    "exit: 0 done, 1 names are gone, bogus or filtered, 2 usage, 3 the pack is invalid, 4 "
    "input/output, 5 nothing\n"
    "resolved: nothing is written\n";

#define MAX_FORWARDS 16

struct job {
	struct cf_resolving how;
	const char *forwards[MAX_FORWARDS];
	const char *out;
	unsigned days;
	bool all, dry_run, json;
	struct cf_pack *pack;
	struct cf_to_ask ask;
	struct cli_progress progress;
};

static void show_progress(void *context, size_t done)
{
	struct job *job = context;

	cli_progress_update(&job->progress, done);
}

static void print_people(
    const struct job *job, const size_t founds[CF_FOUNDS], const struct cf_overlay_counts *counts)
{
	for (size_t i = 0; i < job->ask.count; i++) {
		const struct cf_resolved *name = &job->ask.names[i];

		if (name->found == CF_FOUND_ADDRESSES || name->found == CF_FOUND_NOTHING)
			continue;
		printf("%-10s %s%s%s\n", cf_found_text(name->found), name->name,
		    name->why != NULL ? ": " : "", name->why != NULL ? name->why : "");
	}
	printf("%zu names asked:", job->ask.count);
	for (unsigned i = 0; i < CF_FOUNDS; i++)
		printf("%s %zu %s", i > 0 ? "," : "", founds[i], cf_found_text(i));
	printf("\n%zu addresses %s, %zu of them under several categories; %zu more lie in the "
	       "vendor's own space\n",
	    counts->addresses, job->dry_run ? "found" : "written", counts->mixed,
	    counts->dedicated);
}

static void print_json(
    const struct job *job, const size_t founds[CF_FOUNDS], const struct cf_overlay_counts *counts)
{
	struct cli_json json = cli_json_start(stdout);
	char text[CF_ADDR_TEXT_BYTES];

	cli_json_open_object(&json, NULL);
	cli_json_number(&json, "names", (int64_t)job->ask.count);
	for (unsigned i = 0; i < CF_FOUNDS; i++)
		cli_json_number(&json, i == CF_FOUND_NOTHING ? "no_address" : cf_found_text(i),
		    (int64_t)founds[i]);
	cli_json_number(&json, "addresses_written", (int64_t)counts->addresses);
	cli_json_number(&json, "addresses_mixed", (int64_t)counts->mixed);
	cli_json_number(&json, "addresses_dedicated", (int64_t)counts->dedicated);
	cli_json_open_array(&json, "results");
	for (size_t i = 0; i < job->ask.count; i++) {
		const struct cf_resolved *name = &job->ask.names[i];

		cli_json_open_object(&json, NULL);
		cli_json_text(&json, "name", name->name);
		cli_json_text(&json, "category", cf_category_text(job->ask.categories[i]));
		cli_json_text(&json, "found", cf_found_text(name->found));
		cli_json_bool(&json, "secure", name->secure);
		cli_json_text(&json, "chain_end", name->chain_end);
		cli_json_text(&json, "why", name->why);
		cli_json_open_array(&json, "addresses");
		for (size_t a = 0; a < name->addr_count; a++)
			cli_json_text(&json, NULL, cf_addr_format(&name->addrs[a], text));
		cli_json_close_array(&json);
		cli_json_close_object(&json);
	}
	cli_json_close_array(&json);
	cli_json_close_object(&json);
	cli_json_end(&json);
}

/* Writes and reports what was found; returns the exit code. */
static int conclude(const struct job *job)
{
	char today[11];
	struct cf_overlay overlay = {.pack = job->pack,
	    .dir = job->out != NULL ? job->out : job->pack->dir,
	    .today = cli_today(today),
	    .until_wall_s = cli_now_s() + (int64_t)job->days * 86400,
	    .names = job->ask.names,
	    .categories = job->ask.categories,
	    .name_count = job->ask.count};
	struct cf_overlay_counts counts = {.gone = 0};
	size_t founds[CF_FOUNDS];
	enum cf_resolution resolution = cf_resolution_judge(job->ask.names, job->ask.count, founds);
	enum cf_status status = CF_OK;

	if (resolution != CF_RESOLUTION_NOTHING && !job->dry_run)
		status = cf_overlay_write(&overlay, &counts);
	if (status != CF_OK) {
		fprintf(stderr, "curfew list resolve: cannot write into '%s': %s\n", overlay.dir,
		    strerror(errno));
		return cli_exit_for(status);
	}
	if (job->json)
		print_json(job, founds, &counts);
	else
		print_people(job, founds, &counts);
	if (resolution == CF_RESOLUTION_NOTHING) {
		fputs("curfew list resolve: nothing resolved; nothing is written\n", stderr);
		return CMD_DEGRADED;
	}
	if (resolution == CF_RESOLUTION_FILTERED)
		fputs("curfew list resolve: more than half of the names do not exist or lead "
		      "nowhere: does the resolver "
		      "filter? name another with --forward\n",
		    stderr);
	return resolution == CF_RESOLUTION_GOOD ? CMD_OK : CMD_FOUND;
}

static int run(struct job *job, const char *what)
{
	struct cf_error error = {.text = "no memory"};
	enum cf_status status;
	int code = cli_pack_read("resolve", what, &job->pack);

	if (code != CMD_OK)
		return code;
	status = cf_to_ask_collect(&job->ask, job->pack, job->all);
	if (status == CF_OK) {
		job->progress = cli_progress_start("resolving", job->ask.count);
		status = cf_resolve(&job->how, job->ask.names, job->ask.count, &error);
		cli_progress_end(&job->progress);
	}
	if (status != CF_OK) {
		fprintf(stderr, "curfew list resolve: %s; nothing is written\n", error.text);
		return cli_exit_for(status);
	}
	return conclude(job);
}

static bool take_forward(void *place, const struct cli_given *given)
{
	struct job *job = place;

	if (job->how.forward_count == MAX_FORWARDS) {
		fprintf(stderr, "curfew list resolve: more than %d forwarders\n", MAX_FORWARDS);
		return false;
	}
	job->forwards[job->how.forward_count++] = given->value;
	return true;
}

static const struct cli_option options[] = {
    CLI_TAKEN("forward", 'f', take_forward),
    CLI_WORD("trust-anchor", 'k', struct job, how.trust_anchor),
    CLI_NUMBER("rate", 'r', struct job, how.rate_per_s, 10000),
    CLI_NUMBER("in-flight", 0, struct job, how.in_flight, 1000),
    CLI_NUMBER("stall", 0, struct job, how.stall_s, 3600),
    CLI_NUMBER("days", 'd', struct job, days, 366),
    CLI_WORD("out", 'o', struct job, out),
    CLI_SWITCH("all", 0, struct job, all),
    CLI_SWITCH("dry-run", 'n', struct job, dry_run),
    CLI_SWITCH("json", 'j', struct job, json),
    CLI_OPTIONS_END,
};

int cmd_list_resolve(int argc, char **argv)
{
	struct job job = {.how = {.rate_per_s = 20, .in_flight = 16, .stall_s = 60}, .days = 30};
	int code;

	job.how.forwards = job.forwards;
	job.how.progress = show_progress;
	job.how.context = &job;
	if (!cli_options_read(options, "list resolve", help, &job, argc, argv, &code))
		return code;
	if (argc - optind > 1) {
		fputs("usage: curfew list resolve [PACK] [options]\n", stderr);
		return CMD_USAGE;
	}
	code = run(&job, optind < argc ? argv[optind] : CLI_DEFAULT_PACK);
	cf_to_ask_done(&job.ask);
	cf_pack_free(job.pack);
	return code;
}
