/* curfew log verify: is the log as it was written? */

#include "base/limits.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/front/term.h"
#include "cli/log/log_files.h"
#include "cli/log/log_vouch.h"
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
    "The chain alone says that the log holds together, not who sealed it. With a key, or with\n"
    "seals that were kept elsewhere, whatever neither of them vouches for is a doubt.\n"
    "\n"
    "  -r, --rotated     check the rotated files of each FILE before it\n"
    "      --olddir DIR  the same, with those that logrotate put into DIR\n"
    "  -k, --key KEY     the sensor's public key, as file or line; may be given several times\n"
    "      --seal FILE   witnessed seals: lines of `curfew log seals`, or a log they were sent\n"
    "                    to; -: standard input; may be given several times\n"
    "      --tsr REPLY   a time stamp (RFC 3161) over the bytes of the --seal before it\n"
    "      --tsa FILE    certificates of the authority that made it\n"
    "      --sensor NAME whose log it is to be: NAME, or NAME/resolver, NAME/monitor\n"
    "      --from TIME   it is to go back to this instant; what is older is let be\n"
    "      --to TIME     it is to reach up to this instant, not up to now\n"
    "  -q, --quiet       print alterations and doubts only\n"
    "  -j, --json        as JSON\n"
    "\n"
    "exit: 0 unaltered, and vouched for as asked, 1 altered, 2 usage, 3 a key, witness or time\n"
    "stamp is none, 4 a file could not be read, 5 nothing altered was found, but not all of it\n"
    "is vouched for\n";

struct report {
	bool quiet, json, rotated;
	const char *olddir;
	struct log_vouch vouch;
	struct cf_verify_with with;
	struct cli_json out;
};

static const struct cli_option options[] = {
    CLI_SWITCH("rotated", 'r', struct report, rotated),
    CLI_WORD("olddir", 0, struct report, olddir),
    CLI_VALUE("key", 'k', struct report, vouch, log_vouch_take_key),
    CLI_VALUE("seal", 0, struct report, vouch, log_vouch_take_seal),
    CLI_VALUE("tsr", 0, struct report, vouch, log_vouch_take_reply),
    CLI_WORD("tsa", 0, struct report, vouch.ca_file),
    CLI_WORD("sensor", 'S', struct report, vouch.sensor),
    CLI_WORD("from", 0, struct report, vouch.from),
    CLI_WORD("to", 0, struct report, vouch.to),
    CLI_SWITCH("quiet", 'q', struct report, quiet),
    CLI_SWITCH("json", 'j', struct report, json),
    CLI_OPTIONS_END,
};

static const char *kind_text(enum cf_verify_kind kind)
{
	static const char *const texts[CF_VERIFY_KINDS] = {[CF_VERIFY_CHANGED] = "changed",
	    [CF_VERIFY_REMOVED] = "removed",
	    [CF_VERIFY_INSERTED] = "inserted",
	    [CF_VERIFY_FOREIGN] = "foreign",
	    [CF_VERIFY_MISCOUNTED] = "miscounted",
	    [CF_VERIFY_RESTARTED] = "restarted",
	    [CF_VERIFY_FORGED] = "forged",
	    [CF_VERIFY_REWRITTEN] = "rewritten",
	    [CF_VERIFY_STRANGER] = "stranger",
	    [CF_VERIFY_BEGINS] = "begins",
	    [CF_VERIFY_UNVOUCHED] = "unvouched",
	    [CF_VERIFY_GAP] = "gap",
	    [CF_VERIFY_ENDS] = "ends",
	    [CF_VERIFY_CLOCK] = "clock",
	    [CF_VERIFY_DISPUTED] = "disputed",
	    [CF_VERIFY_ABSENT] = "absent",
	    [CF_VERIFY_EMPTY] = "empty",
	    [CF_VERIFY_REPAIRED] = "repaired",
	    [CF_VERIFY_LATE] = "late",
	    [CF_VERIFY_UNSEALED] = "unsealed",
	    [CF_VERIFY_NO_STOP] = "no stop",
	    [CF_VERIFY_KEY] = "key"};

	return texts[kind];
}

static void tell_json(struct cli_json *out, const struct cf_verify_finding *f)
{
	cli_json_open_object(out, NULL);
	cli_json_text(out, "kind", kind_text(f->kind));
	cli_json_bool(out, "altered", cf_verify_is_alteration(f->kind));
	cli_json_bool(out, "doubt", f->is_doubt);
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
	if (f->first_path[0] == '\0') {
		fputs("log", stdout); /* of what is not there */
		return;
	}
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
	if (report->quiet && !altered && !f->is_doubt)
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

static bool verify_files(struct cf_verify *verify, const struct cf_walk_logs *files)
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

/* What no chain can tell by itself. */
static const char cannot_know[] =
    "with neither --key nor --seal nobody vouches for it: who could write the log could have "
    "sealed it anew after a change, cut off its end at a seal, or made all of it";

static void tell_summary_json(struct report *report, const struct cf_verify_summary *s)
{
	struct cli_json *out = &report->out;

	cli_json_close_array(out);
	cli_json_bool(out, "altered", s->alterations > 0);
	cli_json_number(out, "alterations", (int64_t)s->alterations);
	cli_json_number(out, "doubts", (int64_t)s->doubts);
	cli_json_number(out, "lines", (int64_t)s->lines);
	cli_json_number(out, "hits", (int64_t)s->hits);
	cli_json_number(out, "seals", (int64_t)s->seals);
	cli_json_number(out, "good_seals", (int64_t)s->good_seals);
	cli_json_number(out, "signed_seals", (int64_t)s->signed_seals);
	cli_json_number(out, "witnessed_seals", (int64_t)s->witnessed_seals);
	cli_json_number(out, "unsealed_lines", (int64_t)s->unsealed_lines);
	cli_json_number(out, "lost", (int64_t)(s->lost_queue + s->lost_disk));
	cli_json_number(out, "unchecked_lines", (int64_t)s->unchecked_lines);
	cli_json_bool(out, "key", report->with.keys != NULL);
	cli_json_bool(out, "witness", report->with.witness != NULL);
	if (report->with.keys == NULL && report->with.witness == NULL)
		cli_json_text(out, "cannot_know", cannot_know);
	cli_json_close_object(out);
	cli_json_end(out);
}

static void put_verdict(const struct cf_verify_summary *s)
{
	if (s->alterations > 0)
		printf("%saltered%s", cli_term_style(stdout, CLI_RED),
		    cli_term_style(stdout, CLI_PLAIN));
	else if (s->doubts > 0)
		printf("%sin doubt%s", cli_term_style(stdout, CLI_YELLOW),
		    cli_term_style(stdout, CLI_PLAIN));
	else
		printf("%sunaltered%s", cli_term_style(stdout, CLI_GREEN),
		    cli_term_style(stdout, CLI_PLAIN));
}

static void tell_summary(struct report *report, const struct cf_verify_summary *s)
{
	if (report->json) {
		tell_summary_json(report, s);
		return;
	}
	if (report->quiet)
		return;
	put_verdict(s);
	printf(": %llu lines of %llu writers, %llu hits, %llu of %llu seals good, "
	       "%llu lines unsealed",
	    (unsigned long long)s->lines, (unsigned long long)s->chains,
	    (unsigned long long)s->hits, (unsigned long long)s->good_seals,
	    (unsigned long long)s->seals, (unsigned long long)s->unsealed_lines);
	if (report->with.keys != NULL)
		printf(", %llu signed by the keys given", (unsigned long long)s->signed_seals);
	if (report->with.witness != NULL)
		printf(", %llu witnessed", (unsigned long long)s->witnessed_seals);
	if (s->lost_queue + s->lost_disk > 0)
		printf(", %llu hits lost by the writers' own account",
		    (unsigned long long)(s->lost_queue + s->lost_disk));
	putchar('\n');
	if (report->with.keys == NULL && report->with.witness == NULL)
		puts(cannot_know);
}

static int verify(struct report *report, const struct cf_walk_logs *files)
{
	struct cf_verify_summary summary;
	struct cf_verify *state = cf_verify_new(tell, report);
	bool good;

	if (state == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return CMD_IO;
	}
	cf_verify_expect(state, &report->with);
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
	if (summary.unchecked_lines > 0 || !good)
		return CMD_IO;
	return summary.doubts > 0 ? CMD_DEGRADED : CMD_OK;
}

int cmd_log_verify(int argc, char **argv)
{
	struct report *report = calloc(1, sizeof *report);
	struct cf_walk_logs files = {.count = 0};
	int result = CMD_IO;

	if (report == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return result;
	}
	if (cli_options_read(options, "log verify", help, report, argc, argv, &result) &&
	    log_vouch_open(&report->vouch, &report->with, &result)) {
		result = log_files_take(
		             &files, argc - optind, argv + optind, report->rotated, report->olddir)
		    ? CMD_OK
		    : CMD_IO;
		if (result == CMD_OK)
			result = verify(report, &files);
		log_files_done(&files);
	}
	log_vouch_done(&report->vouch);
	free(report);
	return result;
}
