/* Deflated IP payloads: what is packed comes out, what is not or does not fit is refused. */

#include "monitor/decode/ipcomp.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static uint8_t plain[65537], packed[70000];

#define SECOND_US INT64_C(1000000)

/* As RFC 2394 has it: raw deflate, each payload by itself. */
static struct cf_slice pack(size_t len)
{
	z_stream z = {.next_in = plain,
	    .avail_in = (uInt)len,
	    .next_out = packed,
	    .avail_out = sizeof packed};

	assert_int_equal(
	    deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return (struct cf_slice){.data = packed, .len = sizeof packed - z.avail_out};
}

static int set_up(void **state)
{
	uint32_t random = 1;

	for (size_t i = 0; i < sizeof plain; i++) {
		random = random * 1664525 + 1013904223; /* six bits of which deflate keeps */
		plain[i] = (uint8_t)(random >> 26);
	}
	return cf_ipcomp_new((struct cf_ipcomp **)state) == CF_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	cf_ipcomp_free(*state);
	return 0;
}

static void payloads_up_to_the_longest_packet_come_out_whole(void **state)
{
	static const size_t lens[] = {0, 1, 40, 1500, 65535};
	struct cf_slice out;

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		assert_true(cf_ipcomp_inflate(*state, pack(lens[i]), 0, &out));
		assert_int_equal(out.len, lens[i]);
		assert_memory_equal(out.data, plain, lens[i]);
		cf_ipcomp_release(*state);
	}
}

static void more_than_a_packet_can_hold_is_refused(void **state)
{
	struct cf_slice out = {.len = 7};

	assert_false(cf_ipcomp_inflate(*state, pack(sizeof plain), 0, &out));
	assert_int_equal(out.len, 7);
}

static void a_cut_payload_is_refused_and_the_next_one_is_not(void **state)
{
	struct cf_slice whole = pack(1500), out;

	for (size_t len = 0; len < whole.len; len++)
		assert_false(
		    cf_ipcomp_inflate(*state, (struct cf_slice){.data = whole.data, .len = len},
		        (int64_t)len * SECOND_US, &out));
	assert_true(cf_ipcomp_inflate(*state, whole, (int64_t)whole.len * SECOND_US, &out));
	cf_ipcomp_release(*state);
}

static void what_is_still_held_is_not_overwritten(void **state)
{
	struct cf_slice first, second;

	assert_true(cf_ipcomp_inflate(*state, pack(100), 0, &first));
	plain[0] ^= 0xff;
	assert_false(cf_ipcomp_inflate(*state, pack(100), 0, &second));
	plain[0] ^= 0xff;
	assert_memory_equal(first.data, plain, 100);
	cf_ipcomp_release(*state);
}

/* A packet of zeros is an honest one; forty of them out of some bytes are not. */
static void a_little_that_unpacks_to_much_is_refused(void **state)
{
	struct cf_slice out;

	memset(plain, 0, sizeof plain);
	assert_true(cf_ipcomp_inflate(*state, pack(1500), 0, &out));
	assert_int_equal(out.len, 1500);
	cf_ipcomp_release(*state);
	assert_false(cf_ipcomp_inflate(*state, pack(60000), 0, &out));
}

static void no_more_than_so_many_a_second_are_unpacked(void **state)
{
	struct cf_slice out;
	unsigned unpacked = 0;

	for (unsigned i = 0; i < 2 * CF_IPCOMP_BURST; i++) {
		if (!cf_ipcomp_inflate(*state, pack(100), SECOND_US, &out))
			continue;
		unpacked++;
		cf_ipcomp_release(*state);
	}
	assert_int_equal(unpacked, CF_IPCOMP_BURST);
	assert_true(cf_ipcomp_inflate(*state, pack(100), 2 * SECOND_US, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        payloads_up_to_the_longest_packet_come_out_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        more_than_a_packet_can_hold_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        a_cut_payload_is_refused_and_the_next_one_is_not, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        what_is_still_held_is_not_overwritten, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        a_little_that_unpacks_to_much_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        no_more_than_so_many_a_second_are_unpacked, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
