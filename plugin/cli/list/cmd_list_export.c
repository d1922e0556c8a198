/* curfew list export: what is in force, for other programs. */

#include "base/diag.h"
#include "base/file_writer.h"
#include "cli/front/options.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "compile/compile.h"
#include "compile/list/exporting.h"
#include "image/image.h"
#ifdef CF_HAVE_EGRESS
#include "egress/table/ruleset.h"
#define HAVE_TABLE true
#else
#define HAVE_TABLE false
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew list export --format FORMAT [options]\n"
    "\n"
    "Writes what is in force at an instant in the words of another program. Names: rpz, unbound, "
    "dnsmasq,\n"
    "hosts, adblock, plain. Networks: nft (sets), nft-table (all that `curfew egress apply` would "
    "load), "
    "pf. Both: suricata (with --out, rules and a dataset beside "
    "them), zeek.\n"
    "Exceptions for everybody are in it. Of those for clients, rpz has the clients that get "
    "nothing\n"
    "blocked; what a format cannot say is counted, and listed in comments of the file.\n"
    "\n"
    "  -f, --format FORMAT  what to write\n"
    "  -a, --at TIME        as at TIME, such as 2024-09-29T00:00:00-04:00 (default: now)\n"
    "  -i, --image FILE     from this image (default: the one in force)\n"
    "  -p, --policy FILE    from this policy, compiled for the purpose\n"
    "  -l, --lists DIR      packs for --policy\n"
    "  -o, --out FILE       to FILE, replaced by rename (default: standard output)\n"
    "      --no-inferred    networks: without those that nobody states (nft, pf, suricata, zeek)\n"
    "      --zone NAME      name of the RPZ zone (default: curfew.rpz)\n"
    "      --sid NUMBER     first rule id for Suricata (default: 1890000)\n"
    "\n"
    "exit: 0 done, 2 usage, 3 policy or image invalid, 4 input/output\n";

struct job {
	struct cli_paths paths;
	enum cf_export_format format;
	bool without_inferred;
	bool has_format, is_table; /* a table of rules is written by egress/ */
	int64_t at_wall_s;
	const char *image, *policy, *lists, *out, *zone;
	uint32_t first_sid;
	char dataset[CF_PATH_BYTES]; /* Suricata: path of the dataset */
};

static bool zone_ok(const char *text)
{
	struct cf_name name;

	return cf_name_from_text(text, strlen(text), &name) == CF_OK && name.label_count > 0 &&
	    strpbrk(text, " \\\"();$@") == NULL;
}

static bool take_format(void *place, const struct cli_given *given)
{
	struct job *job = place;

	job->is_table = HAVE_TABLE && strcmp(given->value, "nft-table") == 0;
	job->has_format = job->is_table || cf_export_format_parse(given->value, &job->format);
	if (!job->has_format)
		fprintf(stderr, "curfew list export: no format '%s'; see --help\n", given->value);
	return job->has_format;
}

static bool take_zone(void *place, const struct cli_given *given)
{
	*(const char **)place = given->value;
	if (zone_ok(given->value))
		return true;
	fprintf(stderr, "curfew list export: '%s' is no name for a zone\n", given->value);
	return false;
}

static bool take_sid(void *place, const struct cli_given *given)
{
	uint32_t *sid = place;
	char *end;

	*sid = (uint32_t)strtoul(given->value, &end, 10);
	if (*end == '\0' && *sid > 0 && *sid < 2000000000)
		return true;
	fprintf(stderr, "curfew list export: '%s' is no rule id\n", given->value);
	return false;
}

static const struct cli_option options[] = {
    CLI_TAKEN("format", 'f', take_format),
    CLI_VALUE("at", 'a', struct job, at_wall_s, cli_take_instant),
    CLI_WORD("image", 'i', struct job, image),
    CLI_WORD("policy", 'p', struct job, policy),
    CLI_WORD("lists", 'l', struct job, lists),
    CLI_WORD("out", 'o', struct job, out),
    CLI_SWITCH("no-inferred", 0, struct job, without_inferred),
    CLI_VALUE("zone", 0, struct job, zone, take_zone),
    CLI_VALUE("sid", 0, struct job, first_sid, take_sid),
    CLI_OPTIONS_END,
};

/* Compiles the policy to an image in memory, which *data_out keeps. */
static int compile_image(const struct job *job, struct cf_image **image_out, void **data_out)
{
	struct cf_compile_options compile = {.policy_path = job->policy,
	    .lists_dir = job->lists != NULL ? job->lists : job->paths.lists,
	    .default_log_path = job->paths.log,
	    .built_wall_s = job->at_wall_s};
	struct cf_diags diags;
	struct cf_error error = {.text = "no memory"};
	enum cf_status status;

	cf_diags_init(&diags);
	status = cf_compile_image(&compile, image_out, data_out, &diags, &error);
	cf_diags_print(&diags, stderr);
	if (status != CF_OK && diags.errors == 0)
		fprintf(stderr, "curfew list export: cannot compile '%s': %s\n", job->policy,
		    error.text);
	cf_diags_done(&diags);
	return cli_exit_for(status);
}

static int open_image(const struct job *job, struct cf_image **image_out, void **data_out)
{
	struct cf_error error;
	enum cf_status status;

	if (job->policy != NULL)
		return compile_image(job, image_out, data_out);
	status = cf_image_open(job->image, image_out, &error);
	if (status != CF_OK)
		fprintf(stderr,
		    "curfew list export: cannot use image '%s': %s; `curfew apply` makes one, "
		    "--policy "
		    "does without\n",
		    job->image, error.text);
	return cli_exit_for(status);
}

#ifdef CF_HAVE_EGRESS
/* The table as `curfew egress show` writes it without options. */
static enum cf_status put_table(const struct cf_image *image, FILE *to)
{
	struct cf_egress_options asked;
	struct cf_plan plan;
	enum cf_status status = cf_egress_options_parse(cf_image_info(image)->edge, &asked, NULL);

	if (status == CF_OK)
		status = cf_plan_make(image, asked.all_enforced, &plan);
	if (status != CF_OK)
		return status;
	status = cf_ruleset_write(&plan, &asked, to);
	cf_plan_done(&plan);
	return status;
}
#else
static enum cf_status put_table(const struct cf_image *image, FILE *to)
{
	(void)image;
	(void)to;
	return CF_EUNSUPPORTED; /* the word is not known, then */
}
#endif

static int write_table(const struct cf_image *image, const char *path)
{
	struct cf_file_writer writer = {.to = NULL};
	enum cf_status status;

	if (path == NULL) {
		status = put_table(image, stdout);
		if (status == CF_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
			status = CF_EIO;
	} else {
		status = cf_file_writer_open(&writer, path);
		if (status == CF_OK)
			status = put_table(image, writer.to);
		if (status == CF_OK)
			status = cf_file_writer_commit(&writer);
		cf_file_writer_abandon(&writer);
	}
	if (status != CF_OK)
		fprintf(stderr, "curfew list export: cannot write '%s': %s\n",
		    path == NULL ? "standard output" : path, cf_status_text(status));
	return cli_exit_for(status);
}

static int write_to(const struct cf_export *export, enum cf_export_format format, const char *path,
    struct cf_export_counts *counts)
{
	struct cf_file_writer writer = {.to = NULL};
	enum cf_status status;

	if (path == NULL) {
		status = cf_export_write(export, format, stdout, counts);
	} else {
		status = cf_file_writer_open(&writer, path);
		if (status == CF_OK)
			status = cf_export_write(export, format, writer.to, counts);
		if (status == CF_OK)
			status = cf_file_writer_commit(&writer);
		cf_file_writer_abandon(&writer);
	}
	if (status != CF_OK)
		fprintf(stderr, "curfew list export: cannot write '%s': %s\n",
		    path == NULL ? "standard output" : path, cf_file_writer_why(&writer));
	return cli_exit_for(status);
}

static void report(enum cf_export_format format, const struct cf_export_counts *counts)
{
	fprintf(stderr, "%s: %zu written", cf_export_format_text(format), counts->written);
	if (counts->narrowed != 0)
		fprintf(stderr, ", %zu subtrees as their names alone", counts->narrowed);
	if (counts->left_out != 0)
		fprintf(stderr,
		    ", %zu left out: the format cannot say them; comments in the file list them",
		    counts->left_out);
	if (counts->clients != 0)
		fprintf(
		    stderr, "; %zu prefixes of clients pass whatever they ask", counts->clients);
	if (counts->clients_left_out != 0)
		fprintf(stderr,
		    "; %zu ranges of clients get other answers here, which the format cannot say",
		    counts->clients_left_out);
	fputc('\n', stderr);
}

static int run(struct job *job)
{
	struct cf_image *image = NULL;
	struct cf_exporting *export = NULL;
	struct cf_export_counts counts = {.written = 0};
	struct cf_export *what;
	void *data = NULL;
	int code = open_image(job, &image, &data);

	if (code == CMD_OK && job->is_table) {
		code = write_table(image, job->out);
		cf_image_close(image);
		free(data);
		return code;
	}
	if (code == CMD_OK)
		code = cli_exit_for(
		    cf_exporting_new(image, job->at_wall_s, job->without_inferred, &export));
	if (code == CMD_OK) {
		what = cf_exporting_get(export);
		if (job->zone != NULL)
			what->zone = job->zone;
		if (job->first_sid != 0)
			what->first_sid = job->first_sid;
		if (job->format == CF_EXPORT_SURICATA && job->out != NULL) {
			const char *slash = strrchr(job->dataset, '/');

			what->dataset = slash == NULL ? job->dataset : slash + 1;
			code = write_to(what, CF_EXPORT_SURICATA_DATASET, job->dataset, &counts);
		}
	}
	if (code == CMD_OK)
		code = write_to(what, job->format, job->out, &counts);
	if (code == CMD_OK)
		report(job->format, &counts);
	cf_exporting_free(export);
	cf_image_close(image);
	free(data);
	return code;
}

int cmd_list_export(int argc, char **argv)
{
	struct job job = {.at_wall_s = cli_now_s()};
	int code;

	cli_paths_default(&job.paths);
	job.image = job.paths.image;
	if (!cli_options_read(options, "list export", help, &job, argc, argv, &code))
		return code;
	if (!job.has_format || optind != argc) {
		fputs("usage: curfew list export --format FORMAT [--at TIME] [--image FILE | "
		      "--policy FILE] "
		      "[--out FILE]\n",
		    stderr);
		return CMD_USAGE;
	}
	/* rules.rules has its dataset in rules.lst beside it */
	if (job.out != NULL) {
		size_t len = strlen(job.out);

		if (len > 6 && strcmp(job.out + len - 6, ".rules") == 0)
			len -= 6;
		(void)snprintf(job.dataset, sizeof job.dataset, "%.*s.lst", (int)len,
		    job.out); /* too long: does not open */
	}
	return run(&job);
}
