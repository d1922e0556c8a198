/*
 * What the ledger costs: taking logs in, taking them in again, working out hosts; and its size.
 *
 *   bench-ledger LOG|DIR...        (bench-log -k leaves a log of its own)
 *
 * CPU time is measured, not wall time, so that other work on the machine matters little. Prints one
 * JSON object.
 */
#include "ledger/ingest/ingest.h"
#include "ledger/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(enum cf_status status, const struct cf_error *error)
{
	if (status == CF_OK)
		return;
	fprintf(stderr, "bench-ledger: %s\n", error->text);
	exit(1);
}

/* Takes all logs in; seconds of CPU. */
static double take_in(
    struct cf_ledger *ledger, char **logs, int count, struct cf_ingest_counts *counts_out)
{
	const struct cf_ingest_options options = {0};
	struct cf_ingest *ingest = NULL;
	struct cf_error error = {0};
	double began = cpu_s();

	must(cf_ingest_new(ledger, &options, &ingest, &error), &error);
	for (int i = 0; i < count; i++)
		must(cf_ingest_path(ingest, logs[i], true, &error), &error);
	must(cf_ingest_finish(ingest, &error), &error);
	*counts_out = *cf_ingest_counts(ingest);
	cf_ingest_free(ingest);
	return cpu_s() - began;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/curfew-bench-XXXXXX", path[64], command[64];
	struct cf_ledger *ledger = NULL;
	struct cf_ingest_counts counts, again;
	struct cf_model *model = NULL;
	struct cf_host *const *hosts;
	struct cf_error error = {0};
	struct stat st = {0};

	if (argc < 2 || mkdtemp(dir) == NULL) {
		fputs("usage: bench-ledger LOG|DIR...\n", stderr);
		return 2;
	}
	snprintf(path, sizeof path, "%s/ledger.db", dir);
	const struct cf_ledger_options options = {.path = path, .mode = CF_LEDGER_WRITE};

	must(cf_ledger_open(&options, &ledger, NULL, &error), &error);
	double first = take_in(ledger, argv + 1, argc - 1, &counts);
	double second = take_in(ledger, argv + 1, argc - 1, &again);

	must(cf_ledger_exec(ledger, "PRAGMA wal_checkpoint(TRUNCATE)", &error), &error);
	if (stat(path, &st) != 0)
		perror(path);
	struct cf_model_options model_options = {.at_wall_s = cf_model_horizon(ledger)};
	double began = cpu_s();

	must(cf_model_load(ledger, &model_options, &model, &error), &error);
	double load = cpu_s() - began;

	printf("{\"records\": %llu, \"cpu_s\": %.3f, \"records_per_cpu_s\": %.0f, \"again_cpu_s\": "
	       "%.4f,"
	       " \"ledger_bytes\": %lld, \"hosts\": %zu, \"model_cpu_s\": %.3f}\n",
	    (unsigned long long)counts.records, first, (double)counts.records / first, second,
	    (long long)st.st_size, cf_model_hosts(model, &hosts), load);
	cf_model_free(model);
	cf_ledger_close(ledger);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command) == 0 && again.records == 0 ? 0 : 1;
}
