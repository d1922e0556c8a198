#include "cli/ledger/ingesting.h"

#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "cli/front/options.h"
#include "cli/ledger/ledger_cmd.h"
#include "report/render/safe.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The only thing a signal handler may touch. */
static volatile sig_atomic_t stop_requested;

static void request_stop(int number)
{
	(void)number;
	stop_requested = 1;
}

static void tell_progress(void *arg, const struct cf_ingest_counts *counts)
{
	struct cli_ingesting *run = arg;

	cli_progress_update(&run->progress, counts->lines + counts->already);
}

static void end_progress(void *arg)
{
	struct cli_ingesting *run = arg;

	cli_progress_end(&run->progress);
}

static void tell_notice(void *arg, const char *text)
{
	struct cli_ingesting *run = arg;
	char safe[2 * CF_ERROR_TEXT_BYTES];

	if (run->taking.follow && strcmp(run->last_notice, text) == 0)
		return; /* once, not each second */
	snprintf(run->last_notice, sizeof run->last_notice, "%s", text);
	cf_safe_text(text, strlen(text), safe, sizeof safe); /* names of files are anybody's */
	fprintf(stderr, "curfew %s: %s\n", run->what, safe);
}

static bool take_number(const struct cli_given *given, uint64_t most, uint64_t *number_out)
{
	char *end;

	*number_out = strtoull(given->value, &end, 10);
	if (given->value[0] >= '0' && given->value[0] <= '9' && *end == '\0' && *number_out <= most)
		return true;
	fprintf(stderr, "curfew %s: '%s' is not a number up to %" PRIu64 "\n", given->verb,
	    given->value, most);
	return false;
}

static bool take_days(void *place, const struct cli_given *given)
{
	uint64_t days;

	if (!take_number(given, 1000000, &days))
		return false;
	*(uint32_t *)place = (uint32_t)days;
	return true;
}

static bool take_mib(void *place, const struct cli_given *given)
{
	uint64_t mib;

	if (!take_number(given, 1U << 30, &mib))
		return false;
	*(uint64_t *)place = mib << 20;
	return true;
}

bool cli_ingesting_parse(
    struct cli_ingesting *run, int argc, char **argv, const char *help, int *exit_out)
{
	static const struct cli_option options[] = {
	    CLI_WORD("ledger", 'l', struct cli_ingesting, taking.ledger_path),
	    CLI_WORD("site", 's', struct cli_ingesting, taking.site),
	    CLI_SWITCH("follow", 'f', struct cli_ingesting, taking.follow),
	    CLI_SWITCH("alone", 0, struct cli_ingesting, taking.alone),
	    CLI_SWITCH("no-wait", 0, struct cli_ingesting, no_wait),
	    CLI_VALUE("keep", 0, struct cli_ingesting, taking.keep_days, take_days),
	    CLI_VALUE("keep-size", 0, struct cli_ingesting, taking.keep_bytes, take_mib),
	    CLI_SWITCH("force", 0, struct cli_ingesting, force),
	    CLI_SWITCH("json", 'j', struct cli_ingesting, json),
	    CLI_SWITCH("quiet", 'q', struct cli_ingesting, quiet),
	    CLI_OPTIONS_END,
	};

	cli_paths_default(&run->paths);
	run->taking.ledger_path = run->paths.ledger;
	if (!cli_options_read(options, run->what, help, run, argc, argv, exit_out))
		return false;
	run->taking.logs = argv + optind;
	run->taking.log_count = argc - optind;
	return true;
}

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static void print_json(const struct cf_ingest_counts *counts, double seconds)
{
	struct cli_json json = cli_json_start(stdout);

	cli_json_open_object(&json, NULL);
	cli_json_number(&json, "logs", (int64_t)counts->files);
	cli_json_number(&json, "logs_new", (int64_t)counts->files_new);
	cli_json_number(&json, "logs_unchanged", (int64_t)counts->files_unchanged);
	cli_json_number(&json, "lines", (int64_t)counts->lines);
	cli_json_number(&json, "records", (int64_t)counts->records);
	cli_json_number(&json, "already_known", (int64_t)counts->already);
	cli_json_number(&json, "refused", (int64_t)counts->refused);
	cli_json_number(&json, "broken_seals", (int64_t)counts->broken);
	cli_json_number(&json, "unfinished_tails", (int64_t)counts->torn_tail);
	cli_json_number(&json, "repeated", (int64_t)counts->repeated);
	cli_json_number(&json, "rewritten_logs", (int64_t)counts->rewritten);
	cli_json_number(&json, "seals_of_a_second_machine", (int64_t)counts->mixed);
	cli_json_number(&json, "unjudged_seals", (int64_t)counts->unjudged);
	cli_json_number(&json, "of_sensors_that_ship", (int64_t)counts->shipped);
	cli_json_open_object(&json, "skipped");
	for (int i = 1; i < CF_LINE_FAULTS; i++)
		cli_json_number(
		    &json, cf_line_fault_text((enum cf_line_fault)i), (int64_t)counts->faults[i]);
	cli_json_close_object(&json);
	cli_json_number(&json, "milliseconds", (int64_t)(seconds * 1000));
	cli_json_close_object(&json);
	cli_json_end(&json);
}

static void print_text(const struct cf_ingest_counts *counts, double seconds)
{
	uint64_t skipped = 0;

	for (int i = 1; i < CF_LINE_FAULTS; i++)
		skipped += counts->faults[i];
	printf("%llu logs (%llu new, %llu unchanged): %llu records taken, %llu lines skipped",
	    (unsigned long long)counts->files, (unsigned long long)counts->files_new,
	    (unsigned long long)counts->files_unchanged, (unsigned long long)counts->records,
	    (unsigned long long)skipped);
	const char *before = " (";

	for (int i = 1; i < CF_LINE_FAULTS; i++) {
		if (counts->faults[i] == 0)
			continue;
		printf("%s%llu %s", before, (unsigned long long)counts->faults[i],
		    cf_line_fault_text((enum cf_line_fault)i));
		before = ", ";
	}
	printf("%s; %.1f s\n", skipped > 0 ? ")" : "", seconds);
	if (counts->refused > 0)
		printf("%llu records refused: impossible instants or numbers, or too many hosts; "
		       "`curfew report coverage` lists them\n",
		    (unsigned long long)counts->refused);
	if (counts->repeated > 0)
		printf("%llu lines came twice in one log and count once\n",
		    (unsigned long long)counts->repeated);
	if (counts->rewritten > 0)
		printf("%llu logs are not any more what was read of them\n",
		    (unsigned long long)counts->rewritten);
	if (counts->shipped > 0)
		printf("%llu lines are of sensors that ship to this ledger, and come that way\n",
		    (unsigned long long)counts->shipped);
	if (counts->mixed > 0)
		printf("%llu seals are of a second machine with the same sensor name: give each "
		       "its own; those intervals are not covered\n",
		    (unsigned long long)counts->mixed);
	if (counts->unjudged > 0)
		printf("%llu seals could not be checked: too much came before them\n",
		    (unsigned long long)counts->unjudged);
	if (counts->broken > 0)
		printf("%llu seals do not hold: those intervals are not covered; `curfew log "
		       "verify` says"
		       " where\n",
		    (unsigned long long)counts->broken);
	if (counts->torn_tail > 0)
		printf("%llu logs end in an unfinished line; it is read when it is whole\n",
		    (unsigned long long)counts->torn_tail);
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = request_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void cli_ingesting_begin(struct cli_ingesting *run)
{
	clock_gettime(CLOCK_MONOTONIC, &run->began);
	catch_signals();
	run->taking.stop = &stop_requested;
	run->taking.progress = run->quiet ? NULL : tell_progress;
	run->taking.notice = tell_notice;
	run->taking.round_over = end_progress;
	run->taking.arg = run;
	run->progress = cli_progress_start("lines", 0);
}

int cli_ingesting_finish(struct cli_ingesting *run, enum cf_status status,
    const struct cf_ingest_counts *counts, const struct cf_error *error)
{
	double seconds = seconds_since(&run->began);

	if ((status == CF_OK || status == CF_EIO) && run->taking.days_forgotten > 0 &&
	    !run->quiet && !run->json)
		printf("%u days forgotten\n", run->taking.days_forgotten);
	if (run->json)
		print_json(counts, seconds);
	else if (!run->quiet)
		print_text(counts, seconds);
	if (status != CF_OK)
		return cli_ledger_failed(run->what, status, error);
	return counts->rewritten > 0 ? CMD_FOUND : CMD_OK;
}
