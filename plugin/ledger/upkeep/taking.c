/* Rounds over logs, and what is forgotten in between. */

#include "ledger/upkeep/taking.h"

#include "ledger/action.h"
#include "ledger/upkeep/action_maker.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static void tell_progress(void *arg, const struct cf_ingest_counts *counts)
{
	const struct cf_taking *taking = arg;

	if (taking->progress != NULL)
		taking->progress(taking->arg, counts);
}

static void tell_notice(void *arg, const char *text)
{
	const struct cf_taking *taking = arg;

	taking->notice(taking->arg, text);
}

/* The sensor of a log that was never seen: it stands where --site says. */
static void give_site(void *arg, const char *sensor)
{
	const struct cf_taking *taking = arg;
	char maker[CF_MAKER_BYTES];
	struct cf_ledger_action action = {.at_wall_s = time(NULL),
	    .who = "ingest --site",
	    .verb = "site",
	    .args = {sensor, taking->site},
	    .by = cf_action_maker(maker)};
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};
	const char *site = "";

	if (taking->site == NULL)
		return;
	if (cf_actions_open(taking->ledger_path, &actions, &error) == CF_OK) {
		for (size_t i = 0; i < cf_actions_count(actions); i++) {
			const struct cf_ledger_action *one = cf_actions_get(actions, i);

			if (strcmp(one->verb, "site") == 0 && strcmp(one->args[0], sensor) == 0 &&
			    !cf_actions_is_undone(actions, i))
				site = one->args[1];
		}
		bool is_same = strcmp(site, taking->site) == 0;

		cf_actions_close(actions);
		if (is_same)
			return;
		if (cf_action_append(taking->ledger_path, &action, &error) == CF_OK) {
			cf_action_send(&action);
			return;
		}
	}
	taking->notice(taking->arg, error.text);
}

/* One round over all logs. A log that cannot be read is told and does not stop the rest. */
static enum cf_status take_logs(
    struct cf_taking *taking, struct cf_ingest *ingest, struct cf_error *error)
{
	enum cf_status worst = CF_OK, status = CF_OK;

	for (int i = 0; i < taking->log_count && *taking->stop == 0; i++) {
		status = cf_ingest_path(ingest, taking->logs[i], !taking->alone, error);
		if (status == CF_EIO)
			worst = status;
		else if (status != CF_OK)
			return status;
	}
	status = cf_ingest_finish(ingest, error);
	return status != CF_OK ? status : worst;
}

static enum cf_status follow(
    struct cf_taking *taking, struct cf_ingest *ingest, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	/* A log that is not there now may be there in a second. */
	while (*taking->stop == 0 && status == CF_OK) {
		sleep(1);
		status = take_logs(taking, ingest, error);
		if (status != CF_EIO)
			continue;
		/* A full disk, say: tried again until there is room. */
		taking->notice(taking->arg, error->text);
		status = CF_OK;
	}
	return status;
}

static enum cf_status forget(void *arg, struct cf_error *error)
{
	struct cf_taking *taking = arg;
	uint32_t days = 0;
	enum cf_status status = taking->keep_days == 0 && taking->keep_bytes == 0
	    ? CF_OK
	    : cf_ledger_retain(taking->ledger, taking->keep_days, taking->keep_bytes, &days, error);

	taking->days_forgotten += days;
	return status;
}

enum cf_status cf_taking_run(struct cf_taking *taking, struct cf_ledger *ledger,
    struct cf_ingest_counts *counts_out, struct cf_error *error)
{
	const struct cf_ingest_options options = {.progress = tell_progress,
	    .notice = tell_notice,
	    .found = give_site,
	    .make_room = forget,
	    .arg = taking,
	    .stop = taking->stop};
	struct cf_ingest *ingest = NULL;
	enum cf_status status = cf_ingest_new(ledger, &options, &ingest, error), kept;

	if (status != CF_OK)
		return status;
	taking->ledger = ledger;
	status = take_logs(taking, ingest, error);
	if (taking->round_over != NULL)
		taking->round_over(taking->arg);
	if (taking->follow && (status == CF_OK || status == CF_EIO))
		status = follow(taking, ingest, error);
	*counts_out = *cf_ingest_counts(ingest);
	cf_ingest_free(ingest);
	if (status != CF_OK && status != CF_EIO)
		return status;
	kept = forget(taking, error);
	return kept != CF_OK ? kept : status;
}
