/* curfew list import: other people's lists into a pack. */

#include "base/diag.h"
#include "base/input_file.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/list/list_cmd.h"
#include "compile/list/list_import.h"
#include "compile/list/list_parse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew list import [options] --to PACK FILE...\n"
    "\n"
    "Reads lists ('-' for standard input) into a pack folder, made when missing. What an earlier "
    "import under\n"
    "the same source id wrote is replaced; entries made by hand stay. Every line left out is "
    "reported\n"
    "with its reason on stderr.\n"
    "\n"
    "  -f, --from FORMAT       hosts, plain, dnsmasq, adblock, rpz, v2fly; auto (default) looks at "
    "the lines\n"
    "  -t, --to PACK           the folder\n"
    "  -c, --category CATEGORY of the entries (default: corporate, which presets only flag)\n"
    "  -s, --source ID         source id of the entries (default: import)\n"
    "      --title TEXT        where the list comes from (default: the file names)\n"
    "      --licence TEXT      of the list\n"
    "      --as-of DATE        of the list, YYYY-MM-DD (default: today)\n"
    "      --scope SCOPE       what a name in a plain list covers: exact (default), subtree, "
    "below\n"
    "      --origin NAME       name of an RPZ zone that does not say it\n"
    "      --max-shrink PCT    refuse to lose more than this share of the entries (default: 10)\n"
    "      --force             whatever the import leaves, and public suffixes too\n"
    "  -n, --dry-run           read and report, write nothing\n"
    "  -q, --quiet             only the number of lines left out\n"
    "  -j, --json              the outcome as JSON; lines left out one object a line on stderr\n"
    "\n"
    "exit: 0 done, 2 usage, 3 refused or the pack is invalid, 4 input/output\n";

struct job {
	struct cf_list_target target;
	struct cf_list_options options;
	struct cf_list_set *set;
	struct cf_list_counts totals;
	enum cf_status status; /* of adding */
	const char *file;      /* being read */
	bool dry_run, quiet, json;
	char title[256], today[11];
};

static bool accept_name(
    void *context, const struct cf_name *name, enum cf_scope scope, unsigned line)
{
	struct job *job = context;

	(void)line;
	job->status = cf_list_set_add(job->set, name, scope, 0);
	return job->status == CF_OK;
}

static void reject_line(
    void *context, unsigned line, const char *text, size_t len, const char *reason)
{
	const struct job *job = context;
	char quoted[160];
	struct cli_json json;

	if (job->quiet)
		return;
	if (!job->json) {
		fprintf(stderr, "%s:%u: %s: %s\n", job->file, line,
		    cf_quote(text, len, quoted, sizeof quoted), reason);
		return;
	}
	json = cli_json_start(stderr);
	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "file", job->file);
	cli_json_number(&json, "line", line);
	cli_json_text(&json, "text", cf_quote(text, len, quoted, sizeof quoted));
	cli_json_text(&json, "reason", reason);
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static int read_list(struct job *job, const char *path)
{
	struct cf_list_sink sink = {.accept = accept_name, .reject = reject_line, .context = job};
	struct cf_list_counts counts;
	struct cf_error error;
	enum cf_status status;
	char *text = NULL;
	size_t len = 0;

	if (cf_input_read_whole(path, CF_PACK_FILE_BYTES, &text, &len, &error) != CF_OK) {
		fprintf(stderr, "curfew list import: %s; nothing is changed\n", error.text);
		return CMD_IO;
	}
	job->file = path;
	status = cf_list_parse(text, len, &job->options, &sink, &counts);
	free(text);
	if (status != CF_OK) {
		fprintf(stderr, "curfew list import: '%s': %s; nothing is changed\n", path,
		    cf_status_text(job->status != CF_OK ? job->status : status));
		return CMD_IO;
	}
	job->totals.lines += counts.lines;
	job->totals.accepted += counts.accepted;
	job->totals.rejected += counts.rejected;
	job->totals.format = counts.format;
	fprintf(stderr, "%s: read as %s: %u lines, %u names, %u left out\n", path,
	    cf_list_format_text(counts.format), counts.lines, counts.accepted, counts.rejected);
	return CMD_OK;
}

static void report(const struct job *job, const struct cf_list_outcome *outcome, size_t merged)
{
	struct cli_json json;

	if (!job->json) {
		printf("%s: %zu entries from source '%s' (before: %zu), %zu duplicates merged, %zu "
		       "listed otherwise "
		       "already, %u lines left out%s\n",
		    job->target.dir, outcome->after, job->target.source, outcome->before, merged,
		    outcome->by_hand, job->totals.rejected,
		    job->dry_run ? "; dry run, nothing written" : "");
		return;
	}
	json = cli_json_start(stdout);
	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "pack", job->target.dir);
	cli_json_text(&json, "source", job->target.source);
	cli_json_number(&json, "lines", job->totals.lines);
	cli_json_number(&json, "names", job->totals.accepted);
	cli_json_number(&json, "left_out", job->totals.rejected);
	cli_json_number(&json, "merged", (int64_t)merged);
	cli_json_number(&json, "by_hand", (int64_t)outcome->by_hand);
	cli_json_number(&json, "before", (int64_t)outcome->before);
	cli_json_number(&json, "after", (int64_t)outcome->after);
	cli_json_bool(&json, "written", !job->dry_run);
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static int run(struct job *job, int file_count, char **files)
{
	struct cf_list_outcome outcome = {.after = 0};
	struct cli_progress progress = cli_progress_start("reading", (uint64_t)file_count);
	struct cf_diags diags;
	struct cf_error error;
	enum cf_status status = cf_list_set_new(&job->set);
	size_t merged;
	int code = cli_exit_for(status);

	for (int i = 0; i < file_count && code == CMD_OK; i++) {
		code = read_list(job, files[i]);
		cli_progress_update(&progress, (uint64_t)i + 1);
	}
	cli_progress_end(&progress);
	if (code != CMD_OK)
		return code;
	merged = cf_list_set_finish(job->set);
	outcome.after = cf_list_set_count(job->set);
	cf_diags_init(&diags);
	if (!job->dry_run)
		status = cf_list_import(&job->target, job->set, &outcome, &diags, &error);
	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	if (status != CF_OK) {
		fprintf(stderr, "curfew list import: %s\n", error.text);
		return cli_exit_for(status);
	}
	report(job, &outcome, merged);
	return CMD_OK;
}

static bool take_percent(const char *text, unsigned *percent_out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || (*end != '\0' && strcmp(end, "%") != 0) ||
	    value > 100)
		return false;
	*percent_out = (unsigned)value;
	return true;
}

/* Says so unless a value was understood. */
static bool is_good(bool good, const struct cli_given *given)
{
	if (!good)
		fprintf(stderr, "curfew list import: '%s' is not understood; see --help\n",
		    given->value);
	return good;
}

static bool take_format(void *place, const struct cli_given *given)
{
	return is_good(cf_list_format_parse(given->value, place), given);
}

static bool take_category(void *place, const struct cli_given *given)
{
	return is_good(cf_category_parse(given->value, strlen(given->value), place), given);
}

static bool take_scope(void *place, const struct cli_given *given)
{
	return is_good(cf_scope_parse(given->value, strlen(given->value), place), given);
}

static bool take_shrink(void *place, const struct cli_given *given)
{
	return is_good(take_percent(given->value, place), given);
}

static const struct cli_option options[] = {
    CLI_VALUE("from", 'f', struct job, options.format, take_format),
    CLI_WORD("to", 't', struct job, target.dir),
    CLI_VALUE("category", 'c', struct job, target.category, take_category),
    CLI_WORD("source", 's', struct job, target.source),
    CLI_WORD("title", 0, struct job, target.title),
    CLI_WORD("licence", 0, struct job, target.licence),
    CLI_WORD("as-of", 0, struct job, target.as_of),
    CLI_VALUE("scope", 0, struct job, options.plain_scope, take_scope),
    CLI_WORD("origin", 0, struct job, options.origin),
    CLI_VALUE("max-shrink", 0, struct job, target.max_shrink_percent, take_shrink),
    CLI_SWITCH("force", 0, struct job, target.force),
    CLI_SWITCH("dry-run", 'n', struct job, dry_run),
    CLI_SWITCH("quiet", 'q', struct job, quiet),
    CLI_SWITCH("json", 'j', struct job, json),
    CLI_OPTIONS_END,
};

/* The names of the files, as the source's title. */
static void set_title(struct job *job, int count, char **files)
{
	size_t at = 0;

	for (int i = 0; i < count && at + 1 < sizeof job->title; i++) {
		int n = snprintf(job->title + at, sizeof job->title - at, "%s%s", i > 0 ? ", " : "",
		    strcmp(files[i], "-") == 0 ? "standard input" : files[i]);

		at += n < 0 ? 0 : (size_t)n; /* past the end ends the loop: the title is cut */
	}
	job->target.title = job->title;
}

int cmd_list_import(int argc, char **argv)
{
	struct job job = {.target = {.source = "import",
	                      .licence = "",
	                      .category = CF_CATEGORY_CORPORATE,
	                      .confidence = CF_CONFIDENCE_LISTED,
	                      .max_shrink_percent = 10}};
	struct cli_paths paths;
	char dir[CF_PATH_BYTES];
	int code;

	if (!cli_options_read(options, "list import", help, &job, argc, argv, &code))
		return code;
	job.options.allow_public_suffix = job.target.force;
	if (optind == argc || job.target.dir == NULL) {
		fputs("usage: curfew list import [options] --to PACK FILE...\n", stderr);
		return CMD_USAGE;
	}
	cli_paths_default(&paths);
	/* A folder yet to be made is a path; only a known vendor is a name. */
	(void)cli_pack_dir(&paths, job.target.dir, dir);
	if (strchr(job.target.dir, '/') == NULL && access(dir, F_OK) == 0)
		job.target.dir = dir;
	if (job.target.as_of == NULL)
		job.target.as_of = cli_today(job.today);
	if (job.target.title == NULL)
		set_title(&job, argc - optind, argv + optind);
	code = run(&job, argc - optind, argv + optind);
	cf_list_set_free(job.set);
	return code;
}
