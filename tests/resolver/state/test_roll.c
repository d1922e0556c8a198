/* Who was there: each client once an epoch, links apart, and no more than there is room for. */

#include "resolver/state/roll.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sockaddr_storage v4(uint32_t addr)
{
	struct sockaddr_storage from;
	struct sockaddr_in *in = (struct sockaddr_in *)&from;

	memset(&from, 0, sizeof from);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(addr);
	return from;
}

static struct sockaddr_storage v6(const char *text, uint32_t scope)
{
	struct sockaddr_storage from;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&from;

	memset(&from, 0, sizeof from);
	in6->sin6_family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	in6->sin6_scope_id = scope;
	return from;
}

static size_t count(const struct cf_roll *roll, uint32_t epoch)
{
	struct cf_addr addr;
	size_t at = 0, clients = 0;
	uint32_t zone;

	while (cf_roll_next(roll, epoch, &at, &addr, &zone))
		clients++;
	return clients;
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct cf_roll));
	return *state == NULL;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void each_client_stands_once(void **state)
{
	struct cf_roll *roll = *state;

	for (int turn = 0; turn < 3; turn++)
		for (uint32_t i = 0; i < 300; i++) {
			struct sockaddr_storage from = v4(0x0a000000 + i);

			cf_roll_note(roll, 7, &from);
			cf_roll_note(roll, 7, &from);
		}
	assert_int_equal(count(roll, 7), 300);
	assert_int_equal(count(roll, 6), 0);
	assert_int_equal(count(roll, 9), 0);
}

static void epochs_are_apart_and_used_again(void **state)
{
	struct cf_roll *roll = *state;
	struct sockaddr_storage one = v4(1), two = v4(2);

	cf_roll_note(roll, 1, &one);
	cf_roll_note(roll, 2, &one);
	cf_roll_note(roll, 2, &two);
	assert_int_equal(count(roll, 1), 1);
	assert_int_equal(count(roll, 2), 2);
	cf_roll_note(roll, 3, &two);
	assert_int_equal(count(roll, 3), 1);
	cf_roll_note(roll, 0, &one);
	assert_int_equal(count(roll, 3), 1);
}

static void links_tell_link_local_clients_apart(void **state)
{
	struct cf_roll *roll = *state;
	struct sockaddr_storage clients[] = {v6("fe80::1", 2), v6("fe80::1", 3),
	    v6("2001:db8::1", 0), v6("2001:db8::1", 9), v6("::ffff:10.0.0.1", 0), v4(0x0a000001)};
	struct cf_addr addr;
	uint32_t zone, zones = 0;
	size_t at = 0;

	for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
		cf_roll_note(roll, 1, &clients[i]);
	assert_int_equal(count(roll, 1), 4);
	while (cf_roll_next(roll, 1, &at, &addr, &zone))
		zones += zone;
	assert_int_equal(zones, 5);
}

static void what_does_not_fit_is_counted(void **state)
{
	struct cf_roll *roll = *state;
	const uint32_t clients = 4 * CF_ROLL_SLOTS;

	for (uint32_t i = 0; i < clients; i++) {
		struct sockaddr_storage from = v4(i * 2654435761u);

		cf_roll_note(roll, 1, &from);
	}
	assert_true(count(roll, 1) > CF_ROLL_SLOTS * 3 / 4);
	assert_int_equal(count(roll, 1) + atomic_load(&roll->left_out), clients);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_client_stands_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(epochs_are_apart_and_used_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(links_tell_link_local_clients_apart, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_does_not_fit_is_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
