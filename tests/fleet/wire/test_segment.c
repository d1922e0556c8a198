/* fleet/wire/segment.h: a log of the real writer, line by line. */

#include "fleet/wire/segment.h"

#include "fleet_log.h"

#include "base/limits.h"
#include "records/form/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTES 5

/* Each segment of the log by itself, as the sensor reads it: how urgent, and that it holds. */
static void blocks_are_urgent_and_flags_are_not(void **state)
{
	(void)state;
	for (int blocks = 0; blocks < 2; blocks++) {
		char path[] = "/tmp/segment-XXXXXX", line[CF_RECORD_LINE_BYTES];
		struct cf_segment_reader reader;
		struct cf_record *record = calloc(1, sizeof *record);
		struct cf_segment segment;
		enum cf_segment_line what;
		unsigned urgent = 0, holding = 0;
		int fd = mkstemp(path);
		FILE *file;

		assert_true(fd >= 0 && record != NULL);
		(void)close(fd);
		fleet_log_write(path, "edge-01", "monitor", 0, MINUTES, blocks == 1);
		file = fopen(path, "r");
		assert_non_null(file);
		assert_int_equal(cf_segment_reader_init(&reader), CF_OK);
		while (fgets(line, sizeof line, file) != NULL) {
			size_t len = strlen(line) - 1;

			assert_int_equal(cf_record_parse(line, len, record), CF_LINE_OK);
			assert_int_equal(
			    cf_segment_reader_line(&reader, record, line, len, &what, &segment),
			    CF_OK);
			assert_int_not_equal(what, CF_SEGMENT_BROKEN);
			if (what == CF_SEGMENT_OPEN)
				continue;
			holding++;
			urgent += segment.is_urgent;
			cf_segment_reader_next(&reader);
		}
		assert_true(holding >= MINUTES);
		assert_true(blocks == 1 ? urgent >= MINUTES : urgent == 0);
		cf_segment_reader_done(&reader);
		fclose(file);
		(void)unlink(path);
		free(record);
	}
}

/* A line that is not there, and one that is there twice: the seal says so, and the next holds
 * again. */
static void a_segment_that_was_changed_is_broken_and_the_next_is_not(void **state)
{
	char path[] = "/tmp/segment-XXXXXX", line[CF_RECORD_LINE_BYTES];
	struct cf_segment_reader reader;
	struct cf_record *record = calloc(1, sizeof *record);
	unsigned lines = 0, broken = 0, holding = 0;
	int fd = mkstemp(path);
	FILE *file;

	(void)state;
	assert_true(fd >= 0 && record != NULL);
	(void)close(fd);
	fleet_log_write(path, "edge-01", "resolver", 0, MINUTES, true);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(cf_segment_reader_init(&reader), CF_OK);
	while (fgets(line, sizeof line, file) != NULL) {
		struct cf_segment segment;
		enum cf_segment_line what;

		if (++lines == 2)
			continue;
		assert_int_equal(cf_record_parse(line, strlen(line) - 1, record), CF_LINE_OK);
		assert_int_equal(cf_segment_reader_line(
		                     &reader, record, line, strlen(line) - 1, &what, &segment),
		    CF_OK);
		if (what == CF_SEGMENT_OPEN)
			continue;
		broken += what == CF_SEGMENT_BROKEN;
		holding += what == CF_SEGMENT_HOLDS;
		assert_true(what == CF_SEGMENT_HOLDS || segment.seq == 1);
		cf_segment_reader_next(&reader);
	}
	assert_int_equal(broken, 1);
	assert_true(holding >= MINUTES - 1);
	cf_segment_reader_done(&reader);
	fclose(file);
	(void)unlink(path);
	free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blocks_are_urgent_and_flags_are_not),
	    cmocka_unit_test(a_segment_that_was_changed_is_broken_and_the_next_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
