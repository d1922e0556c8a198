/* Each allocation fails once, in turn: an answer without memory is an error, never a crash or half
 * a report. */

#include "../scratch_template.h"
#include "ledger/ingest/batch.h"
#include "ledger/model/model.h"
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Linked with -Wl,--wrap: calls from our own libraries come here, SQLite's and libc's do not. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static size_t allocations, failing; /* the one that fails, from 1; 0 none */

static bool is_failing(void)
{
	return ++allocations == failing;
}

void *__wrap_malloc(size_t size)
{
	return is_failing() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_failing() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_failing() ? NULL : __real_realloc(old, size);
}

static struct cf_text text(const char *bytes)
{
	return (struct cf_text){.data = bytes, .len = strlen(bytes)};
}

static const int64_t start_us = INT64_C(1767571200000000);

static enum cf_status put_facts(struct cf_ledger *ledger)
{
	struct cf_batch *batch = NULL;
	struct cf_error error;
	enum cf_status status = cf_batch_new(ledger, &batch, &error);
	uint32_t sensor;

	for (int i = 0; i < 30 && status == CF_OK; i++) {
		char addr[16], mac[18];
		struct cf_fact fact = {.at_wall_us = start_us + i * INT64_C(3600000000),
		    .event = i % 3 == 0 ? CF_EVENT_IDENTITY
		        : i % 3 == 1    ? CF_EVENT_DNS
		                        : CF_EVENT_HEARTBEAT,
		    .count = 1,
		    .sensor = text("edge"),
		    .source = text(i % 2 == 0 ? "monitor" : "resolver"),
		    .action = CF_ACTION_BLOCK,
		    .category = text("updates"),
		    .rule = text("kaspersky.com"),
		    .value = text("x.kaspersky.com"),
		    .how = text("dhcp"),
		    .started_wall_us = start_us};

		snprintf(addr, sizeof addr, "10.0.0.%d", i % 5);
		snprintf(mac, sizeof mac, "00:1b:21:00:00:%02x", i % 7);
		fact.addr = text(addr);
		if (fact.event == CF_EVENT_IDENTITY)
			fact.mac = text(mac);
		status = cf_batch_add(batch, &fact, &error);
	}
	if (status == CF_OK)
		status = cf_batch_sensor(batch, text("edge"), text("monitor"), &sensor, &error);
	if (status == CF_OK)
		status =
		    cf_batch_gap(batch, sensor, start_us, start_us + 1, "log was changed", &error);
	if (status == CF_OK)
		status = cf_batch_commit(batch, &error);
	cf_batch_free(batch);
	return status;
}

static enum cf_status show(struct cf_doc *doc)
{
	char *out = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&out, &size);
	enum cf_status status = cf_doc_ok(doc) ? CF_OK : CF_ENOMEM;

	assert_non_null(to);
	if (status == CF_OK)
		status = cf_doc_html(doc, to);
	if (status == CF_OK) {
		cf_doc_json(doc, to);
		cf_doc_print(doc, to, false, 100);
	}
	fclose(to);
	free(out);
	cf_doc_free(doc);
	return status;
}

static enum cf_status report_all(struct cf_ledger *ledger)
{
	const struct cf_model_options options = {.at_wall_s = start_us / 1000000 + 2 * 86400};
	struct cf_model *model = NULL;
	struct cf_error error;
	struct cf_host *const *hosts;
	enum cf_status status = cf_model_load(ledger, &options, &model, &error);

	if (status != CF_OK)
		return status;
	assert_true(cf_model_hosts(model, &hosts) > 0);
	status = show(cf_report_hosts(model));
	if (status == CF_OK)
		status = show(cf_report_host(model, hosts[0]));
	if (status == CF_OK)
		status = show(cf_report_progress(model));
	if (status == CF_OK)
		status = show(cf_report_escapes(model));
	if (status == CF_OK)
		status = show(cf_report_coverage(model, ledger));
	if (status == CF_OK)
		status = show(cf_report_exceptions(model));
	if (status == CF_OK)
		status = show(cf_report_compliance(model, "us-federal"));
	cf_model_free(model);
	return status;
}

/* Runs what() with each allocation failing in turn, until none is left to fail. */
static void fail_each(struct cf_ledger *ledger, enum cf_status (*what)(struct cf_ledger *ledger))
{
	size_t survived = 0;

	for (size_t n = 1;; n++) {
		allocations = 0;
		failing = n;
		enum cf_status status = what(ledger);
		bool reached = allocations >= n;

		failing = 0;
		if (!reached) {
			assert_int_equal(status, CF_OK);
			break;
		}
		/* A cache that did not fit, a table left out by libsmartcols: not all must fail. */
		assert_true(status == CF_ENOMEM || status == CF_OK);
		survived += status == CF_OK;
		assert_true(n < 100000);
	}
	print_message("%zu allocations, %zu of them not needed\n", allocations, survived);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	char dir[SCRATCH_BYTES], path[SCRATCH_COMMAND_BYTES];
	struct cf_ledger *ledger = NULL;
	struct cf_error error;

	assert_non_null(mkdtemp(scratch_template(dir, "memory")));
	snprintf(path, sizeof path, "%s/ledger.db", dir);
	const struct cf_ledger_options options = {.path = path, .mode = CF_LEDGER_WRITE};

	assert_int_equal(cf_ledger_open(&options, &ledger, NULL, &error), CF_OK);
	fail_each(ledger, put_facts);
	fail_each(ledger, report_all);
	cf_ledger_close(ledger);
	assert_true(scratch_drop(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
