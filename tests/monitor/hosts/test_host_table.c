/* Hosts and MACs that are many: all found again, and the right ones making room. */

#include "monitor/hosts/host_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct cf_host_table table;

static int setup(void **state)
{
	(void)state;
	return cf_host_table_init(&table, 7) == CF_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cf_host_table_done(&table);
	return 0;
}

static struct cf_addr addr_of(uint32_t number)
{
	uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return cf_addr_v4(bytes);
}

static struct cf_seen_host *add(uint32_t number, uint16_t vlan)
{
	struct cf_addr addr = addr_of(number);

	assert_null(cf_host_find(&table, &addr, (struct cf_host_place){.vlan = vlan}));
	return cf_host_add(&table, &addr, (struct cf_host_place){.vlan = vlan});
}

static struct cf_seen_host *find(uint32_t number, uint16_t vlan)
{
	struct cf_addr addr = addr_of(number);

	return cf_host_find(&table, &addr, (struct cf_host_place){.vlan = vlan});
}

static void fill(void)
{
	for (uint32_t i = 0; i < CF_HOSTS; i++) {
		assert_null(cf_host_victim(&table));
		add(i, 0)->last_wall_us = 1000 + i;
	}
}

static void the_table_takes_as_many_as_it_says_and_finds_each(void **state)
{
	(void)state;
	fill();
	for (uint32_t i = 0; i < CF_HOSTS; i++)
		assert_int_equal(find(i, 0)->last_wall_us, 1000 + i);
	assert_null(find(CF_HOSTS, 0));
}

static void one_address_in_two_vlans_is_two_hosts(void **state)
{
	struct cf_seen_host *one, *two;

	(void)state;
	one = add(1, 0);
	two = add(1, 7);
	assert_ptr_not_equal(one, two);
	assert_ptr_equal(find(1, 0), one);
	assert_ptr_equal(find(1, 7), two);
	cf_host_remove(&table, one);
	assert_null(find(1, 0));
	assert_ptr_equal(find(1, 7), two);
}

static void a_removed_host_leaves_its_place_and_its_neighbours(void **state)
{
	(void)state;
	fill();
	for (uint32_t i = 0; i < CF_HOSTS; i += 3)
		cf_host_remove(&table, find(i, 0));
	for (uint32_t i = 0; i < CF_HOSTS; i++)
		assert_int_equal(find(i, 0) != NULL, i % 3 != 0);
	for (uint32_t i = 0; i < CF_HOSTS; i += 3) {
		assert_null(cf_host_victim(&table));
		(void)add(CF_HOSTS + i, 0);
	}
	assert_int_equal(table.hosts_known, CF_HOSTS);
	assert_int_equal(table.hosts_evicted, 0);
}

static void a_full_table_gives_up_one_unheard_of_for_long_and_counts_it(void **state)
{
	struct cf_seen_host *victim;

	(void)state;
	fill();
	find(5, 0)->last_wall_us = 1;
	victim = cf_host_victim(&table);
	assert_ptr_equal(victim, find(5, 0));
	assert_int_equal(table.hosts_evicted, 1);
	cf_host_remove(&table, victim);
	(void)add(CF_HOSTS, 0);
	/* Others stand first in line now. */
	assert_ptr_not_equal(cf_host_victim(&table), find(CF_HOSTS, 0));
}

static void put_number(uint8_t mac[6], uint32_t number)
{
	memset(mac, 2, 2);
	memcpy(mac + 2, &number, 4);
}

static void a_mac_makes_room_before_a_router_does_and_is_counted(void **state)
{
	uint8_t mac[6];

	(void)state;
	for (uint32_t i = 0; i < CF_MACS; i++) {
		put_number(mac, i);
		cf_mac_get(&table, mac, i)->is_router = i % 2 == 0;
	}
	assert_int_equal(table.macs_evicted, 0);
	for (uint32_t i = 0; i < CF_MACS / 2; i++) {
		put_number(mac, CF_MACS + i);
		(void)cf_mac_get(&table, mac, CF_MACS + i);
	}
	assert_int_equal(table.macs_evicted, CF_MACS / 2);
	for (uint32_t i = 0; i < CF_MACS; i += 2) {
		put_number(mac, i);
		assert_true(cf_mac_find(&table, mac)->is_router);
	}
}

static void a_flood_of_macs_stays_in_its_bounds(void **state)
{
	uint8_t mac[6];

	(void)state;
	for (uint32_t i = 0; i < 4 * CF_MACS; i++) {
		put_number(mac, i);
		(void)cf_mac_get(&table, mac, i);
		assert_non_null(cf_mac_find(&table, mac));
	}
	assert_int_equal(table.macs_fresh, CF_MACS);
	assert_int_equal(table.macs_evicted, 3 * CF_MACS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        the_table_takes_as_many_as_it_says_and_finds_each, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_address_in_two_vlans_is_two_hosts, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_removed_host_leaves_its_place_and_its_neighbours, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_full_table_gives_up_one_unheard_of_for_long_and_counts_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_mac_makes_room_before_a_router_does_and_is_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_flood_of_macs_stays_in_its_bounds, setup, teardown),
	};

	return cmocka_run_group_tests_name("host_table", tests, NULL, NULL);
}
