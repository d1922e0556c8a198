/* SVCB and HTTPS records. */
#include "resolver/view/svcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What was visited, as text: "name/LENGTH" and addresses, each with a space behind. */
static char seen[1024];
static unsigned visits_left;

static bool note(void *arg, const uint8_t *target, size_t target_len, const struct cf_addr *addr)
{
	char text[CF_ADDR_TEXT_BYTES];
	size_t len = strlen(seen);

	(void)arg;
	if (target != NULL)
		(void)snprintf(seen + len, sizeof(seen) - len, "name/%zu ", target_len);
	else
		(void)snprintf(seen + len, sizeof(seen) - len, "%s ", cf_addr_format(addr, text));
	return --visits_left > 0;
}

static enum cf_status walk(const void *rdata, size_t len)
{
	seen[0] = '\0';
	return cf_svcb_walk(rdata, len, note, NULL);
}

/* priority 1, target a.b., alpn h2, two ipv4hints, one ipv6hint. */
static const uint8_t service[] = {0, 1, 1, 'a', 1, 'b', 0, 0, 1, 0, 3, 2, 'h', '2', 0, 4, 0, 8, 192,
    0, 2, 1, 192, 0, 2, 2, 0, 6, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};

static int set_up(void **state)
{
	(void)state;
	visits_left = 100;
	return 0;
}

static void target_and_hints_are_visited_in_order(void **state)
{
	(void)state;
	assert_int_equal(walk(service, sizeof(service)), CF_OK);
	assert_string_equal(seen, "name/5 192.0.2.1 192.0.2.2 2001:db8::7 ");
}

static void alias_mode_has_a_target_alone(void **state)
{
	(void)state;
	assert_int_equal(walk("\0\0\003www\004test\0", 12), CF_OK);
	assert_string_equal(seen, "name/10 ");
	assert_int_equal(walk("\0\1\0", 3), CF_OK);
	assert_string_equal(seen, "name/1 ");
}

static void a_visitor_can_stop_anywhere(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 4; n++) {
		visits_left = n;
		assert_int_equal(walk(service, sizeof(service)), CF_OK);
		assert_int_equal(visits_left, 0);
	}
}

static void every_truncation_is_malformed_or_a_shorter_record(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(service); len++) {
		enum cf_status status;

		visits_left = 100;
		status = walk(service, len);
		/* Whole records end after the target and after each parameter. */
		assert_int_equal(
		    status, len == 7 || len == 14 || len == 26 ? CF_OK : CF_EMALFORMED);
	}
}

static void names_that_are_none_are_malformed(void **state)
{
	uint8_t name[400] = {0, 1};

	(void)state;
	assert_int_equal(
	    walk("\0\1\300\014", 4), CF_EMALFORMED); /* compression is not allowed here */
	memset(name + 2, 0, sizeof(name) - 2);
	for (size_t i = 2; i < 300; i += 2)
		name[i] = 1;
	assert_int_equal(walk(name, sizeof(name)), CF_EMALFORMED); /* over 255 bytes */
	assert_string_equal(seen, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(target_and_hints_are_visited_in_order, set_up),
	    cmocka_unit_test_setup(alias_mode_has_a_target_alone, set_up),
	    cmocka_unit_test_setup(a_visitor_can_stop_anywhere, set_up),
	    cmocka_unit_test_setup(every_truncation_is_malformed_or_a_shorter_record, set_up),
	    cmocka_unit_test_setup(names_that_are_none_are_malformed, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
