/* Hard-coded, resolved or unknown: what DNS has said to whom. */

#include "monitor/evidence/announced.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static struct cf_addr addr(const char *text)
{
	struct cf_addr parsed;

	assert_int_equal(cf_addr_parse(text, &parsed), CF_OK);
	return parsed;
}

static int setup(void **state)
{
	struct cf_announced *announced;

	if (cf_announced_new(7, &announced) != CF_OK)
		return -1;
	*state = announced;
	return 0;
}

static int teardown(void **state)
{
	cf_announced_free(*state);
	return 0;
}

static void an_address_no_answer_announced_is_hard_coded(void **state)
{
	struct cf_addr client = addr("10.0.0.1"), server = addr("77.74.178.1");

	assert_int_equal(cf_announced_find(*state, &client, &server, S, NULL), CF_DNS_UNKNOWN);
	cf_announced_visible(*state, &client, S);
	assert_int_equal(
	    cf_announced_find(*state, &client, &server, 2 * S, NULL), CF_DNS_HARDCODED);
}

static void an_announced_address_stays_resolved_beyond_its_ttl(void **state)
{
	struct cf_addr client = addr("10.0.0.1"), server = addr("77.74.178.1");
	const struct cf_announcement *announcement = NULL;
	struct cf_name name;

	assert_int_equal(cf_name_from_text("dnl-03.geo.kaspersky.com", 24, &name), CF_OK);
	cf_announced_visible(*state, &client, S);
	cf_announced_add(*state, &client, &server, &name, S, 60);
	assert_int_equal(
	    cf_announced_find(*state, &client, &server, 2 * S, &announcement), CF_DNS_RESOLVED);
	assert_memory_equal(announcement->name_wire, name.wire, name.wire_len);
	assert_int_equal(announcement->live_wall_us, 61 * S);
	assert_int_equal(
	    cf_announced_find(*state, &client, &server, 3600 * S, NULL), CF_DNS_RESOLVED);
}

static void an_announcement_is_for_its_own_client_alone(void **state)
{
	struct cf_addr client = addr("10.0.0.1"), other = addr("10.0.0.2");
	struct cf_addr server = addr("77.74.178.1");
	struct cf_name name;

	assert_int_equal(cf_name_from_text("upd.kaspersky.com", 17, &name), CF_OK);
	cf_announced_visible(*state, &client, S);
	cf_announced_visible(*state, &other, S);
	cf_announced_add(*state, &client, &server, &name, S, 60);
	assert_int_equal(cf_announced_find(*state, &other, &server, 2 * S, NULL), CF_DNS_HARDCODED);
}

static void encrypted_dns_makes_a_miss_unknown(void **state)
{
	struct cf_addr client = addr("10.0.0.1"), server = addr("77.74.178.1");

	cf_announced_visible(*state, &client, S);
	cf_announced_hidden(*state, &client, 2 * S);
	assert_int_equal(cf_announced_find(*state, &client, &server, 3 * S, NULL), CF_DNS_UNKNOWN);
}

static void dns_seen_long_ago_is_not_visible_now(void **state)
{
	struct cf_addr client = addr("10.0.0.1"), server = addr("77.74.178.1");

	cf_announced_visible(*state, &client, S);
	assert_int_equal(
	    cf_announced_find(*state, &client, &server, S + CF_DNS_VISIBLE_S * S, NULL),
	    CF_DNS_UNKNOWN);
}

static void a_lost_announcement_makes_misses_unknown(void **state)
{
	struct cf_addr client = addr("10.0.0.1"), server = addr("77.74.178.1");
	struct cf_name name;

	assert_int_equal(cf_name_from_text("upd.kaspersky.com", 17, &name), CF_OK);
	cf_announced_visible(*state, &client, S);
	for (unsigned i = 0; i < 2 * CF_ANNOUNCED; i++) {
		struct cf_addr flood = addr("77.74.179.1");

		flood.bytes[1] = (uint8_t)(i >> 16);
		flood.bytes[2] = (uint8_t)(i >> 8);
		flood.bytes[3] = (uint8_t)i;
		cf_announced_add(*state, &client, &flood, &name, 2 * S, 60);
	}
	assert_true(cf_announced_evicted(*state) >= CF_ANNOUNCED);
	assert_int_equal(cf_announced_find(*state, &client, &server, 3 * S, NULL), CF_DNS_UNKNOWN);
}

static struct cf_addr numbered(uint32_t number)
{
	struct cf_addr one = addr("10.0.0.0");

	one.bytes[1] = (uint8_t)(number >> 16);
	one.bytes[2] = (uint8_t)(number >> 8);
	one.bytes[3] = (uint8_t)number;
	return one;
}

/* More clients than there is room for: those whose look-ups were hidden may not come out of it as
 * clients that were seen to look nothing up. */
static void a_client_forgotten_for_want_of_room_is_never_called_visible(void **state)
{
	struct cf_addr server = addr("77.74.178.1");
	unsigned wrong = 0;

	for (uint32_t i = 0; i < 2 * CF_DNS_CLIENTS; i++) {
		struct cf_addr client = numbered(i);

		cf_announced_hidden(*state, &client, 10 * S);
	}
	assert_true(cf_announced_evicted(*state) >= CF_DNS_CLIENTS);
	for (uint32_t i = 0; i < 2 * CF_DNS_CLIENTS; i++) {
		struct cf_addr client = numbered(i);

		cf_announced_visible(*state, &client, 20 * S);
		wrong +=
		    cf_announced_find(*state, &client, &server, 21 * S, NULL) == CF_DNS_HARDCODED;
	}
	assert_int_equal(wrong, 0);
}

static void a_hidden_client_is_not_dropped_before_one_heard_of_longer_ago(void **state)
{
	struct cf_addr server = addr("77.74.178.1"), hidden = addr("192.168.0.1");
	unsigned known = 0;

	for (uint32_t i = 0; i < CF_DNS_CLIENTS / 2; i++) {
		struct cf_addr client = numbered(i);

		cf_announced_visible(*state, &client, 10 * S);
	}
	cf_announced_hidden(*state, &hidden, 1000 * S);
	for (uint32_t i = 0; i < 3; i++) {
		struct cf_addr client = numbered(CF_DNS_CLIENTS + i);

		cf_announced_visible(*state, &client, 1001 * S);
		known +=
		    cf_announced_find(*state, &client, &server, 1002 * S, NULL) == CF_DNS_HARDCODED;
	}
	assert_true(known > 0);
	cf_announced_visible(*state, &hidden, 1003 * S);
	assert_int_equal(
	    cf_announced_find(*state, &hidden, &server, 1004 * S, NULL), CF_DNS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        an_address_no_answer_announced_is_hard_coded, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        an_announced_address_stays_resolved_beyond_its_ttl, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        an_announcement_is_for_its_own_client_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(encrypted_dns_makes_a_miss_unknown, setup, teardown),
	    cmocka_unit_test_setup_teardown(dns_seen_long_ago_is_not_visible_now, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_lost_announcement_makes_misses_unknown, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_client_forgotten_for_want_of_room_is_never_called_visible, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_hidden_client_is_not_dropped_before_one_heard_of_longer_ago, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
