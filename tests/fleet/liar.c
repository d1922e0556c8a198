/*
 * A collector that lies: it says "taken" before the transaction is committed, seconds later.
 * What `curfew collect` must not be; fleet.py has to notice (never part of the product).
 *
 *   liar --listen 127.0.0.1:PORT --ledger FILE --anyone
 */
#include "fleet/collect/collector.h"
#include "fleet/collect/gate_ledger.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LATER_MS 5000
#define MOST     4096

/* Bundles that were acknowledged, and lie nowhere but here. */
struct lies {
	struct cf_gate truth;
	struct cf_bundle_name names[MOST];
	struct cf_checked bundles[MOST];
	size_t count;
	struct timespec since;
};

static enum cf_status lie_open(void *arg, struct cf_error *error)
{
	struct lies *lies = arg;

	return lies->truth.open(lies->truth.arg, error);
}

static void lie_close(void *arg)
{
	struct lies *lies = arg;

	lies->truth.close(lies->truth.arg);
}

/* What was promised is kept, if we live so long. */
static enum cf_status keep(struct lies *lies, struct cf_error *error)
{
	const struct cf_checked *bundles[MOST];
	struct cf_fleet_head head;
	enum cf_status status;

	for (size_t i = 0; i < lies->count; i++)
		bundles[i] = &lies->bundles[i];
	status = lies->truth.begin(lies->truth.arg, bundles, lies->count, error);
	for (size_t i = 0; i < lies->count && status == CF_OK; i++)
		status = lies->truth.take(lies->truth.arg, bundles[i], &head, error);
	if (status == CF_OK)
		status = lies->truth.commit(lies->truth.arg, error);
	for (size_t i = 0; i < lies->count; i++)
		free((void *)(uintptr_t)lies->bundles[i].lines);
	lies->count = 0;
	return status;
}

static enum cf_status lie_begin(
    void *arg, const struct cf_checked *const bundles[], size_t count, struct cf_error *error)
{
	struct lies *lies = arg;
	struct timespec now;

	(void)bundles;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (lies->count == 0)
		lies->since = now;
	if (lies->count > 0 &&
	    (lies->count + count > MOST ||
	        (now.tv_sec - lies->since.tv_sec) * 1000 +
	                (now.tv_nsec - lies->since.tv_nsec) / 1000000 >=
	            LATER_MS))
		return keep(lies, error);
	return CF_OK;
}

static enum cf_status lie_take(void *arg, const struct cf_checked *bundle,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct lies *lies = arg;
	size_t at = lies->count;
	char *lines = malloc(bundle->len);

	if (lines == NULL || at == MOST)
		return cf_error_set(error, CF_ENOMEM, "no room for lies");
	memcpy(lines, bundle->lines, bundle->len);
	lies->names[at] = *bundle->name;
	lies->bundles[at] = *bundle;
	lies->bundles[at].name = &lies->names[at];
	lies->bundles[at].lines = lines;
	lies->count++;
	head_out->why = CF_HEAD_TAKEN;
	head_out->seq = bundle->name->to_seq;
	memcpy(head_out->sha256, bundle->name->sha256, sizeof head_out->sha256);
	return CF_OK;
}

static enum cf_status lie_commit(void *arg, struct cf_error *error)
{
	(void)arg;
	(void)error;
	return CF_OK;
}

static void lie_rollback(void *arg)
{
	(void)arg;
}

static enum cf_status lie_head(void *arg, const struct cf_bundle_writer *writer,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct lies *lies = arg;

	for (size_t i = lies->count; i > 0; i--)
		if (cf_bundle_writer_equal(&lies->names[i - 1].writer, writer)) {
			head_out->seq = lies->names[i - 1].to_seq;
			memcpy(
			    head_out->sha256, lies->names[i - 1].sha256, sizeof head_out->sha256);
			return CF_OK;
		}
	return lies->truth.head(lies->truth.arg, writer, head_out, error);
}

int main(int argc, char **argv)
{
	static struct lies lies;
	struct cf_gate_ledger *ledger;
	struct cf_collector *collector;
	struct cf_error error;
	sigset_t signals;
	int number;

	if (argc != 6 || cf_gate_ledger_new(argv[4], NULL, NULL, &ledger) != CF_OK)
		return 2;
	lies.truth = cf_gate_ledger_gate(ledger);
	const struct cf_collector_options options = {.listen = argv[2],
	    .names = CF_COLLECTOR_ANYONE,
	    .gate = {.open = lie_open,
	        .close = lie_close,
	        .begin = lie_begin,
	        .take = lie_take,
	        .commit = lie_commit,
	        .rollback = lie_rollback,
	        .head = lie_head,
	        .arg = &lies}};

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (cf_collector_start(&options, &collector, &error) != CF_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 4;
	}
	sigwait(&signals, &number);
	if (lies.count > 0)
		(void)!keep(&lies, &error); /* in order, it even keeps its word */
	cf_collector_stop(collector);
	cf_gate_ledger_free(ledger);
	return 0;
}
