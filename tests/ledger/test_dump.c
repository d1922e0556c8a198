/* The content as text: one state of it, whatever is written meanwhile. */

#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reading {
	struct box *box;
	char *text;
	size_t len;
	bool wrote; /* somebody took more in meanwhile */
};

static void add_a_day(struct box *box, int64_t from_s)
{
	struct cf_fact query = a_query("edge", "10.0.0.5", from_s + HOUR);

	box_add(box, &query);
	box_alive(box, "tap", "10.0.0.5", "00:1b:21:00:00:01", "pc", from_s, from_s + DAY);
	box_watch(box, "tap", "monitor", from_s, from_s + HOUR);
	box_commit(box);
}

/* At the first line of the dump another day is taken in. */
static void note_line(void *arg, const char *line, size_t len)
{
	struct reading *reading = arg;

	if (!reading->wrote) {
		reading->wrote = true;
		add_a_day(reading->box, T0_S + DAY);
	}
	reading->text = realloc(reading->text, reading->len + len + 2);
	assert_non_null(reading->text);
	memcpy(reading->text + reading->len, line, len);
	reading->len += len;
	reading->text[reading->len++] = '\n';
	reading->text[reading->len] = '\0';
}

static void a_dump_beside_an_ingest_is_one_state(void **state)
{
	(void)state;
	struct box box;
	struct reading reading = {.box = &box};
	struct cf_ledger *reader = NULL;
	struct cf_error error = {0};

	box_open(&box);
	add_a_day(&box, T0_S);
	char *before = box_dump(&box);
	const struct cf_ledger_options options = {.path = box.path, .mode = CF_LEDGER_READ};

	assert_int_equal(cf_ledger_open(&options, &reader, NULL, &error), CF_OK);
	assert_int_equal(cf_ledger_dump(reader, note_line, &reading, &error), CF_OK);
	cf_ledger_close(reader);
	assert_true(reading.wrote);
	char *after = box_dump(&box);

	assert_string_not_equal(before, after);
	/* box_dump() begins with an empty line. */
	assert_string_equal(reading.text, before + (before[0] == '\n'));
	free(before);
	free(after);
	free(reading.text);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_dump_beside_an_ingest_is_one_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
