/* What a witness keeps, and how it is found again. */

#include "records/anchor/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum cf_status take(
    struct cf_witness *witness, const char *sensor, unsigned seq, unsigned digest, int64_t stamp)
{
	char line[CF_SEAL_TEXT_BYTES];
	int len = snprintf(line, sizeof line,
	    "curfew-seal-1 sensor=%s source=resolver seq=%u at=2026-11-30T10:00:00.000000Z "
	    "sha256=%064x",
	    sensor, seq, digest);

	return cf_witness_take(witness, line, (size_t)len, 1, stamp, NULL);
}

static void seals_are_found_by_writer_and_number(void **state)
{
	struct cf_witness *witness = cf_witness_new();
	const struct cf_witnessed *seal;
	uint32_t writer;

	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		assert_int_equal(take(witness, "a", i, i, INT64_MAX), CF_OK);
		assert_int_equal(take(witness, "b", i, i + 7, INT64_MAX), CF_OK);
	}
	assert_int_equal(cf_witness_count(witness), 2000);
	assert_int_equal(cf_witness_writers(witness), 2);
	assert_int_equal(cf_witness_writer_find(witness, "c", "resolver"), CF_WITNESS_NONE);
	assert_int_equal(cf_witness_writer_find(witness, "a", "monitor"), CF_WITNESS_NONE);
	writer = cf_witness_writer_find(witness, "b", "resolver");
	assert_string_equal(cf_witness_writer_at(witness, writer)->sensor, "b");
	seal = cf_witness_find(witness, writer, 500);
	assert_int_equal(seal->sha256[31], (500 + 7) & 0xff);
	assert_null(cf_witness_same(witness, seal));
	assert_null(cf_witness_find(witness, writer, 1001));
	cf_witness_free(witness);
}

static void the_same_seal_is_kept_once_and_others_of_its_number_beside_it(void **state)
{
	struct cf_witness *witness = cf_witness_new();
	const struct cf_witnessed *seal;
	unsigned same = 0;

	(void)state;
	assert_int_equal(take(witness, "a", 1, 1, INT64_MAX), CF_OK);
	assert_int_equal(take(witness, "a", 1, 1, 1000), CF_OK);
	assert_int_equal(take(witness, "a", 1, 1, 2000), CF_OK);
	assert_int_equal(cf_witness_count(witness), 1);
	assert_int_equal(cf_witness_at(witness, 0)->stamp_wall_us, 1000); /* the earliest */
	/* Somebody who floods a log with seals of one number costs a bounded search. */
	for (unsigned i = 2; i < 1000; i++)
		assert_int_equal(take(witness, "a", 1, i, INT64_MAX), CF_OK);
	for (seal = cf_witness_find(witness, 0, 1); seal != NULL;
	     seal = cf_witness_same(witness, seal))
		same++;
	assert_int_equal(same, 32);
	cf_witness_free(witness);
}

static void text_without_seals_is_no_witness(void **state)
{
	static char text[] = "nothing\ncurfew-seal-1 sensor=a\n\n";
	struct cf_witness *witness = cf_witness_new();
	FILE *file = fmemopen(text, sizeof text - 1, "r");
	struct cf_error error;
	uint64_t damaged = 0;

	(void)state;
	assert_int_equal(
	    cf_witness_read_stream(witness, file, "x", INT64_MAX, &damaged, &error), CF_ENOTFOUND);
	assert_int_equal(damaged, 1);
	fclose(file);
	cf_witness_free(witness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seals_are_found_by_writer_and_number),
	    cmocka_unit_test(the_same_seal_is_kept_once_and_others_of_its_number_beside_it),
	    cmocka_unit_test(text_without_seals_is_no_witness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
