/* curfew log verify: is the log as it was written? */

#include "base/limits.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/log/log_files.h"
#include "records/read/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: curfew log verify [FILE...] [options]\n"
    "\n"
    "Checks the chain of hashes in the log: says which lines were changed, removed, inserted or\n"
    "moved. Give rotated files from the oldest to the newest, or let -r find them; without FILE\n"
    "the installed log and all its rotated files are checked.\n"
    "\n"
    "  -r, --rotated   check the rotated files of each FILE before it\n"
    "      --olddir DIR  the same, with those that logrotate put into DIR\n"
    "  -q, --quiet     print alterations only\n"
    "  -j, --json      as JSON\n"
    "\n"
    "exit: 0 unaltered, 1 altered, 2 usage, 4 a file could not be read\n";

struct report {
	bool quiet, json, rotated;
	const char *olddir;
	struct cli_json out;
};

static const struct cli_option options[] = {
    CLI_SWITCH("rotated", 'r', struct report, rotated),
    CLI_WORD("olddir", 0, struct report, olddir),
    CLI_SWITCH("quiet", 'q', struct report, quiet),
    CLI_SWITCH("json", 'j', struct report, json),
    CLI_OPTIONS_END,
};

static const char *kind_text(enum cf_verify_kind kind)
{
	static const char *const texts[] = {[CF_VERIFY_CHANGED] = "changed",
	    [CF_VERIFY_REMOVED] = "removed",
	    [CF_VERIFY_INSERTED] = "inserted",
	    [CF_VERIFY_FOREIGN] = "foreign",
	    [CF_VERIFY_MISCOUNTED] = "miscounted",
	    [CF_VERIFY_RESTARTED] = "restarted",
	    [CF_VERIFY_REPAIRED] = "repaired",
	    [CF_VERIFY_LATE] = "late",
	    [CF_VERIFY_UNSEALED] = "unsealed",
	    [CF_VERIFY_BEGINS] = "begins",
	    [CF_VERIFY_NO_STOP] = "no stop"};

	return texts[kind];
}

static void tell_json(struct cli_json *out, const struct cf_verify_finding *f)
{
	cli_json_open_object(out, NULL);
	cli_json_text(out, "kind", kind_text(f->kind));
	cli_json_bool(out, "altered", cf_verify_is_alteration(f->kind));
	cli_json_text(out, "first_file", f->first_path);
	cli_json_number(out, "first_line", (int64_t)f->first_line);
	cli_json_text(out, "last_file", f->last_path);
	cli_json_number(out, "last_line", (int64_t)f->last_line);
	cli_json_text(out, "sensor", f->sensor);
	cli_json_text(out, "source", f->source);
	cli_json_text(out, "text", f->text);
	cli_json_close_object(out);
}

/* "file:12", "file:12-40" or "file:12 to file2:3". */
static void put_place(const struct cf_verify_finding *f)
{
	cli_term_put(stdout, f->first_path);
	printf(":%llu", (unsigned long long)f->first_line);
	if (strcmp(f->first_path, f->last_path) != 0) {
		fputs(" to ", stdout);
		cli_term_put(stdout, f->last_path);
		printf(":%llu", (unsigned long long)f->last_line);
	} else if (f->first_line != f->last_line)
		printf("-%llu", (unsigned long long)f->last_line);
}

static void tell(void *arg, const struct cf_verify_finding *f)
{
	struct report *report = arg;
	bool altered = cf_verify_is_alteration(f->kind);

	if (report->json) {
		tell_json(&report->out, f);
		return;
	}
	if (report->quiet && !altered)
		return;
	put_place(f);
	printf(": %s%s%s: %s", cli_term_style(stdout, altered ? CLI_RED : CLI_YELLOW),
	    kind_text(f->kind), cli_term_style(stdout, CLI_PLAIN), f->text);
	if (f->sensor[0] != '\0') {
		fputs(" (", stdout);
		cli_term_put(stdout, f->source);
		putchar(' ');
		cli_term_put(stdout, f->sensor);
		putchar(')');
	}
	putchar('\n');
}

static bool verify_file(
    struct cf_verify *verify, const char *path, bool newest, struct cf_record *record)
{
	struct cf_reader *reader = log_open(path);
	struct cf_line line;
	enum cf_read got;
	bool good;

	if (reader == NULL)
		return false;
	while ((got = cf_reader_next(reader, record, &line)) == CF_READ_RECORD ||
	    got == CF_READ_SKIPPED)
		cf_verify_line(verify, path, &line, record);
	good = got == CF_READ_END;
	if (!good)
		log_complain(reader);
	else if (cf_reader_counts(reader)->tail_bytes > 0)
		cf_verify_tail(verify, path, cf_reader_counts(reader)->lines + 1,
		    cf_reader_counts(reader)->tail_bytes, newest);
	cf_reader_close(reader);
	return good;
}

static bool verify_files(struct cf_verify *verify, const struct log_files *files)
{
	struct cf_record *record = calloc(1, sizeof *record);
	bool good = record != NULL;

	for (size_t i = 0; i < files->count && record != NULL; i++)
		for (size_t j = 0; j < files->sets[i].count; j++) {
			bool newest = j + 1 == files->sets[i].count && i + 1 == files->count;

			if (!verify_file(verify, files->sets[i].paths[j], newest, record))
				good = false;
		}
	free(record);
	return good;
}

static void tell_summary(struct report *report, const struct cf_verify_summary *s)
{
	if (report->json) {
		cli_json_close_array(&report->out);
		cli_json_bool(&report->out, "altered", s->alterations > 0);
		cli_json_number(&report->out, "alterations", (int64_t)s->alterations);
		cli_json_number(&report->out, "lines", (int64_t)s->lines);
		cli_json_number(&report->out, "hits", (int64_t)s->hits);
		cli_json_number(&report->out, "seals", (int64_t)s->seals);
		cli_json_number(&report->out, "good_seals", (int64_t)s->good_seals);
		cli_json_number(&report->out, "unsealed_lines", (int64_t)s->unsealed_lines);
		cli_json_number(&report->out, "lost", (int64_t)(s->lost_queue + s->lost_disk));
		cli_json_number(&report->out, "unchecked_lines", (int64_t)s->unchecked_lines);
		cli_json_close_object(&report->out);
		cli_json_end(&report->out);
		return;
	}
	if (report->quiet)
		return;
	printf("%s%s%s: %llu lines of %llu writers, %llu hits, %llu of %llu seals good, "
	       "%llu lines unsealed",
	    cli_term_style(stdout, s->alterations > 0 ? CLI_RED : CLI_GREEN),
	    s->alterations > 0 ? "altered" : "unaltered", cli_term_style(stdout, CLI_PLAIN),
	    (unsigned long long)s->lines, (unsigned long long)s->chains,
	    (unsigned long long)s->hits, (unsigned long long)s->good_seals,
	    (unsigned long long)s->seals, (unsigned long long)s->unsealed_lines);
	if (s->lost_queue + s->lost_disk > 0)
		printf(", %llu hits lost by the writers' own account",
		    (unsigned long long)(s->lost_queue + s->lost_disk));
	putchar('\n');
}

static int verify(struct report *report, const struct log_files *files)
{
	struct cf_verify_summary summary;
	struct cf_verify *state = cf_verify_new(tell, report);
	bool good;

	if (state == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return CMD_IO;
	}
	if (report->json) {
		report->out = cli_json_start(stdout);
		cli_json_open_object(&report->out, NULL);
		cli_json_open_array(&report->out, "findings");
	}
	good = verify_files(state, files);
	cf_verify_finish(state, &summary);
	cf_verify_free(state);
	tell_summary(report, &summary);
	if (summary.unchecked_lines > 0)
		fprintf(stderr,
		    "curfew log: %llu lines are of more than %d writers, or had no room, and were "
		    "not "
		    "checked\n",
		    (unsigned long long)summary.unchecked_lines, CF_LOG_WRITERS);
	if (summary.alterations > 0)
		return CMD_FOUND;
	if (summary.unchecked_lines > 0)
		return CMD_IO;
	return good ? CMD_OK : CMD_IO;
}

int cmd_log_verify(int argc, char **argv)
{
	struct report report = {0};
	struct log_files files;
	int result;

	if (!cli_options_read(options, "log verify", help, &report, argc, argv, &result))
		return result;
	result = log_files_take(&files, argc - optind, argv + optind, report.rotated, report.olddir)
	    ? CMD_OK
	    : CMD_IO;
	if (result == CMD_OK)
		result = verify(&report, &files);
	log_files_done(&files);
	return result;
}
