/* The limit of a ledger is that of its tables, not that of one run. */

#include "facts.h"

#include "base/limits.h"
#include "ledger/ingest/batch_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum cf_status add_host(struct box *box, unsigned number, int64_t at_s)
{
	char addr[32];
	struct cf_error error = {0};

	snprintf(
	    addr, sizeof addr, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
	struct cf_fact fact = a_query("a", addr, at_s);

	return cf_batch_add(box->batch, &fact, &error);
}

static void the_rows_of_the_table_are_counted(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error = {0};

	box_open(&box);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(add_host(&box, i, T0_S + i * DAY), CF_OK);
	assert_int_equal(cf_batch_most_rows(box.batch), 10);
	box_commit(&box);
	/* Another run knows it without counting, and so does one after a transaction was lost. */
	cf_batch_free(box.batch);
	assert_int_equal(cf_batch_new(box.ledger, &box.batch, &error), CF_OK);
	assert_int_equal(cf_batch_most_rows(box.batch), 10);
	assert_int_equal(add_host(&box, 3, T0_S), CF_OK);
	assert_int_equal(cf_batch_most_rows(box.batch), 10);
	assert_int_equal(add_host(&box, 11, T0_S), CF_OK);
	cf_batch_abandon(box.batch);
	assert_int_equal(cf_batch_most_rows(box.batch), 10);
	/* What is forgotten makes room. */
	box_watch(&box, "a", "resolver", T0_S, T0_S + 10 * DAY);
	box_commit(&box);
	assert_int_equal(cf_ledger_retain(box.ledger, 2, 0, NULL, &error), CF_OK);
	cf_batch_reload(box.batch);
	assert_int_equal(cf_batch_most_rows(box.batch), 2);
	box_close(&box);
}

/* A fact whose name in that table is new, or the one that is known. */
static struct cf_fact fact_in(const char *table, bool is_new)
{
	bool is_claim = strcmp(table, "claim") == 0;
	struct cf_fact fact = is_claim
	    ? an_identity("a", "10.0.0.1", "00:1b:21:00:00:01", "pc", T0_S, T0_S + HOUR)
	    : a_query("a", "10.0.0.1", T0_S);

	if (!is_new)
		return fact;
	if (is_claim)
		fact.name = text_of("other");
	else if (strcmp(table, "endpoint") == 0)
		fact.addr = text_of("10.0.0.2");
	else if (strcmp(table, "sensor") == 0)
		fact.sensor = text_of("b");
	else if (strcmp(table, "rule") == 0)
		fact.rule = text_of("kaspersky.net");
	else
		fact.via = CF_VIA_CNAME;
	return fact;
}

/* As far as a table of that many rows that another run made. */
static void full_table(struct box *box, const char *table)
{
	char sql[96];
	struct cf_error error = {0};

	snprintf(
	    sql, sizeof sql, "REPLACE INTO meta VALUES('rows_%s', %d)", table, CF_LEDGER_NAMES);
	assert_int_equal(cf_ledger_exec(box->ledger, sql, &error), CF_OK);
	cf_batch_free(box->batch);
	assert_int_equal(cf_batch_new(box->ledger, &box->batch, &error), CF_OK);
	assert_int_equal(cf_batch_most_rows(box->batch), CF_LEDGER_NAMES);
}

static void a_full_table_refuses_what_is_new_and_takes_what_is_known(void **state)
{
	static const char *const tables[] = {"endpoint", "claim", "sensor", "rule", "kind"};
	(void)state;

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		struct box box;
		struct cf_error error = {0};
		struct cf_fact known = fact_in(tables[i], false), new = fact_in(tables[i], true);

		box_open(&box);
		box_add(&box, &known);
		box_commit(&box);
		full_table(&box, tables[i]);
		assert_int_equal(cf_batch_add(box.batch, &new, &error), CF_ETOOBIG);
		cf_batch_abandon(box.batch);
		known.at_wall_us += DAY * 1000000;
		box_add(&box, &known);
		box_commit(&box);
		box_close(&box);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_rows_of_the_table_are_counted),
	    cmocka_unit_test(a_full_table_refuses_what_is_new_and_takes_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
