/* base/instant: RFC 3339 text and durations. gmtime_r() is the other opinion. */

#include "base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static int64_t instant_of(const char *text)
{
	int64_t wall_s = 0;

	assert_int_equal(cf_instant_parse(text, &wall_s), CF_OK);
	return wall_s;
}

static void the_cut_off_is_the_same_in_every_zone(void **state)
{
	(void)state;
	assert_int_equal(instant_of("2024-09-29T00:00:00-04:00"), 1727582400);
	assert_int_equal(instant_of("2024-09-29T04:00:00Z"), 1727582400);
	assert_int_equal(instant_of("2024-09-29 04:00:00z"), 1727582400);
	assert_int_equal(instant_of("2024-09-29t09:30:00+05:30"), 1727582400);
	assert_int_equal(instant_of("2024-09-29T04:00:00-00:00"), 1727582400);
	assert_int_equal(instant_of("2024-09-29T04:00:00.999Z"), 1727582400);
}

static void the_ends_of_the_calendar_are_read(void **state)
{
	(void)state;
	assert_int_equal(instant_of("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(instant_of("1970-01-01T00:00:00+01:00"), -3600);
	assert_int_equal(instant_of("2000-02-29T00:00:00Z"), 951782400);
	assert_true(instant_of("9999-12-31T23:59:59Z") == 253402300799);
}

static void a_missing_offset_has_a_status_of_its_own(void **state)
{
	int64_t wall_s = 7;

	(void)state;
	assert_int_equal(cf_instant_parse("2024-09-29T00:00:00", &wall_s), CF_EINVALID);
	assert_int_equal(cf_instant_parse("2024-09-29 00:00:00.5", &wall_s), CF_EINVALID);
	assert_int_equal(wall_s, 7);
}

static void what_is_no_instant_is_refused(void **state)
{
	static const char *const texts[] = {"", "2024", "2024-09-29", "2024-9-29T00:00:00Z",
	    "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-02-30T00:00:00Z",
	    "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-09-31T00:00:00Z",
	    "2024-09-00T00:00:00Z", "2024-09-29T24:00:00Z", "2024-09-29T00:60:00Z",
	    "2024-09-29T00:00:60Z", "1969-12-31T23:59:59Z", "2024-09-29T00:00Z",
	    "2024-09-29T00:00:00.Z", "2024-09-29T00:00:00+4", "2024-09-29T00:00:00+0400",
	    "2024-09-29T00:00:00+24:00", "2024-09-29T00:00:00+04:60", "2024-09-29T00:00:00Zx",
	    "2024-09-29T00:00:00+04:00x", " 2024-09-29T00:00:00Z", "2024-09-29X00:00:00Z",
	    "+024-09-29T00:00:00Z", "2024-09-29T00:00:00 Z", "12024-09-29T00:00:00Z",
	    "2024-09-29T00:00:00x"};
	int64_t wall_s = 7;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (cf_instant_parse(texts[i], &wall_s) != CF_EMALFORMED)
			fail_msg("'%s'", texts[i]);
	assert_int_equal(wall_s, 7);
}

static void fractions_are_cut_to_microseconds(void **state)
{
	int64_t us;

	(void)state;
	assert_int_equal(cf_instant_parse_us("1970-01-01T00:00:01.5Z", &us), CF_OK);
	assert_int_equal(us, 1500000);
	assert_int_equal(cf_instant_parse_us("1970-01-01T00:00:01.0000019Z", &us), CF_OK);
	assert_int_equal(us, 1000001);
	assert_int_equal(
	    cf_instant_parse_us("1970-01-01T00:00:01.000000000000000000000009Z", &us), CF_OK);
	assert_int_equal(us, 1000000);
	assert_int_equal(cf_instant_parse_us("1970-01-01T00:00:00.5+00:01", &us), CF_OK);
	assert_int_equal(us, -59500000);
}

static void seconds_before_the_epoch_round_down(void **state)
{
	(void)state;
	assert_int_equal(instant_of("1970-01-01T00:00:00.5+00:01"), -60);
}

static void text_is_what_the_system_would_write(void **state)
{
	char text[CF_INSTANT_TEXT_BYTES], expected[64];

	(void)state;
	/* A prime step over the four-digit years hits every kind of day. */
	for (int64_t wall_s = 0; wall_s < INT64_C(253402300800); wall_s += 86399 * 37 + 11) {
		time_t time = (time_t)wall_s;
		struct tm tm;

		assert_non_null(gmtime_r(&time, &tm));
		assert_true(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		assert_string_equal(cf_instant_format(wall_s, text), expected);
		assert_int_equal(instant_of(text), wall_s);
	}
}

static void microseconds_have_six_digits(void **state)
{
	char text[CF_INSTANT_TEXT_BYTES];
	int64_t us;

	(void)state;
	assert_string_equal(
	    cf_instant_format_us(1727582400000007, text), "2024-09-29T04:00:00.000007Z");
	assert_int_equal(cf_instant_parse_us(text, &us), CF_OK);
	assert_true(us == 1727582400000007);
	assert_string_equal(cf_instant_format_us(-1, text), "1969-12-31T23:59:59.999999Z");
	assert_string_equal(cf_instant_format_us(-1000000, text), "1969-12-31T23:59:59.000000Z");
}

/* INT64_MIN and INT64_MAX stand for "ever" and "never" in images, and get printed by mistake. */
static void extreme_instants_stay_within_four_digit_years(void **state)
{
	char text[CF_INSTANT_TEXT_BYTES];

	(void)state;
	assert_string_equal(cf_instant_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
	assert_string_equal(cf_instant_format(INT64_MIN, text), "0000-01-01T00:00:00Z");
	assert_true(strlen(cf_instant_format_us(INT64_MAX, text)) < sizeof text);
	assert_true(strlen(cf_instant_format_us(INT64_MIN, text)) < sizeof text);
}

static void durations_have_one_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {{"60s", 60}, {"15m", 900}, {"24h", 86400}, {"7d", 604800}, {"90", 90}, {"0", 0},
	    {"1000000000", 1000000000}};
	static const char *const bad[] = {"", "s", "-1s", "+1", "1w", "1s ", "1 s", "1m30s", "1.5h",
	    "0x10", "1000000001", "99999999999999999999999"};
	int64_t seconds = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (cf_duration_parse(bad[i], &seconds) != CF_EMALFORMED)
			fail_msg("'%s'", bad[i]);
	assert_int_equal(seconds, 7);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(cf_duration_parse(good[i].text, &seconds), CF_OK);
		assert_int_equal(seconds, good[i].seconds);
	}
}

static void serials_tell_their_day(void **state)
{
	static const char *const none[] = {"", "1", "2026.11.21", "20261321", "20261132", "9",
	    "v20261121", "1234567890123", "16991231"};

	(void)state;
	assert_int_equal(cf_instant_of_serial("2026112101"), 1795219200);
	assert_int_equal(cf_instant_of_serial("20261121"), 1795219200);
	assert_int_equal(cf_instant_of_serial("20261121-rc1"), 1795219200);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(cf_instant_of_serial(none[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cut_off_is_the_same_in_every_zone),
	    cmocka_unit_test(the_ends_of_the_calendar_are_read),
	    cmocka_unit_test(a_missing_offset_has_a_status_of_its_own),
	    cmocka_unit_test(what_is_no_instant_is_refused),
	    cmocka_unit_test(fractions_are_cut_to_microseconds),
	    cmocka_unit_test(seconds_before_the_epoch_round_down),
	    cmocka_unit_test(text_is_what_the_system_would_write),
	    cmocka_unit_test(microseconds_have_six_digits),
	    cmocka_unit_test(extreme_instants_stay_within_four_digit_years),
	    cmocka_unit_test(durations_have_one_unit),
	    cmocka_unit_test(serials_tell_their_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
