/*
 * Who the hosts are: from when to when, and who is only a router. One file: each story is a
 * handful of packets of one or two hosts and the records that come of them.
 */

#include "monitor/hosts/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

struct written {
	struct cf_hosts *hosts;
	struct cf_locality locality;
	unsigned count;
	struct cf_identity before, last;
	char name[CF_HOST_NAME_BYTES];
};

static void on_write(void *arg, const struct cf_identity *identity, uint32_t interface)
{
	struct written *written = arg;

	(void)interface;
	written->count++;
	written->before = written->last;
	written->last = *identity;
	snprintf(written->name, sizeof written->name, "%.*s", (int)identity->name.len,
	    identity->name.data);
}

static int setup(void **state)
{
	static struct written written;

	written = (struct written){.count = 0};
	if (cf_hosts_new(7, &written.locality, on_write, &written, &written.hosts) != CF_OK)
		return -1;
	*state = &written;
	return 0;
}

static int teardown(void **state)
{
	cf_hosts_free(((struct written *)*state)->hosts);
	return 0;
}

static const uint8_t one[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t two[6] = {2, 0, 0, 0, 0, 2};

static void send_packet(
    struct written *w, const char *src, const uint8_t *mac, uint8_t ttl, int64_t at_wall_us)
{
	struct cf_packet packet = {.at_wall_us = at_wall_us, .mac_src = mac, .ttl = ttl};

	assert_int_equal(cf_addr_parse(src, &packet.src), CF_OK);
	assert_int_equal(cf_addr_parse("198.51.100.1", &packet.dst), CF_OK);
	cf_hosts_seen(w->hosts, &packet);
}

static void learn(struct written *w, enum cf_identity_kind kind, const char *src,
    const uint8_t *mac, const char *name, int64_t at_wall_us)
{
	struct cf_host_fact fact = {.kind = kind,
	    .at_wall_us = at_wall_us,
	    .mac = mac,
	    .name = {.data = (const uint8_t *)name, .len = strlen(name)}};

	assert_int_equal(cf_addr_parse(src, &fact.addr), CF_OK);
	cf_hosts_learn(w->hosts, &fact);
}

static void a_host_is_recorded_again_within_the_hour(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", S);
	assert_int_equal(w->count, 1);
	for (int64_t at = 60; at < CF_IDENTITY_REFRESH_S; at += 60)
		send_packet(w, "10.0.0.1", one, 64, S + at * S);
	assert_int_equal(w->count, 1);
	send_packet(w, "10.0.0.1", one, 64, S + CF_IDENTITY_REFRESH_S * S);
	assert_int_equal(w->count, 2);
	assert_true(w->last.from_wall_us == S);
	assert_true(w->last.to_wall_us == S + CF_IDENTITY_REFRESH_S * S);
}

static void an_address_that_changes_hands_is_two_intervals(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", one, "laptop-one", S);
	send_packet(w, "10.0.0.1", one, 64, 100 * S);
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", two, "laptop-two", 200 * S);
	assert_int_equal(w->count, 3);
	assert_true(w->last.from_wall_us == 200 * S);
	assert_memory_equal(w->last.mac, two, 6);
	assert_string_equal(w->name, "laptop-two");
}

static void the_old_interval_ends_when_it_was_last_seen(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", S);
	send_packet(w, "10.0.0.1", one, 64, 100 * S);
	w->count = 0;
	/* A new owner is told by traffic only when what ARP said is old. */
	send_packet(w, "10.0.0.1", two, 64, 101 * S);
	assert_int_equal(w->count, 0);
	learn(w, CF_IDENTITY_ARP, "10.0.0.1", two, "", 200 * S);
	assert_int_equal(w->count, 2);
	cf_hosts_flush(w->hosts);
	assert_true(w->last.from_wall_us == 200 * S);
}

static void a_mac_with_many_addresses_is_a_router(void **state)
{
	struct written *w = *state;

	for (unsigned i = 1; i <= CF_MAC_ADDRESSES + 1; i++) {
		char text[CF_ADDR_TEXT_BYTES];

		snprintf(text, sizeof text, "10.0.0.%u", i);
		assert_false(cf_hosts_is_router(w->hosts, one));
		send_packet(w, text, one, 64, (int64_t)i * S);
	}
	assert_true(cf_hosts_is_router(w->hosts, one));
	cf_hosts_flush(w->hosts);
	assert_int_equal(w->count, CF_MAC_ADDRESSES + 1);
	assert_false(w->last.has_mac);
}

static void a_mac_whose_packets_were_routed_is_a_router(void **state)
{
	struct written *w = *state;

	send_packet(w, "10.0.0.1", one, 63, S);
	send_packet(w, "10.0.0.2", one, 63, 2 * S);
	assert_false(cf_hosts_is_router(w->hosts, one));
	send_packet(w, "10.0.0.3", one, 63, 3 * S);
	assert_true(cf_hosts_is_router(w->hosts, one));
	cf_hosts_flush(w->hosts);
	assert_false(w->last.has_mac);
}

static void a_router_keeps_the_address_that_is_its_own(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_ARP, "10.0.0.254", one, "", S);
	cf_hosts_router(w->hosts, one);
	send_packet(w, "10.9.9.9", one, 63, 2 * S);
	cf_hosts_flush(w->hosts);
	learn(w, CF_IDENTITY_NBNS, "10.0.0.254", one, "GATEWAY", 3 * S);
	assert_true(w->last.has_mac && w->last.is_router);
	assert_string_equal(w->name, "GATEWAY");
}

static void what_dhcp_says_is_not_overruled_by_less(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", one, "from-dhcp", S);
	learn(w, CF_IDENTITY_NBNS, "10.0.0.1", one, "FROM-NBNS", 2 * S);
	cf_hosts_flush(w->hosts);
	assert_string_equal(w->name, "from-dhcp");
}

static void addresses_of_one_host_are_found_by_its_mac(void **state)
{
	struct written *w = *state;
	struct cf_addr four, other[4];
	unsigned count;
	char text[CF_ADDR_TEXT_BYTES];

	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", S);
	learn(w, CF_IDENTITY_NDP, "fd00::1", one, "", S);
	learn(w, CF_IDENTITY_NDP, "fd00::2", two, "", S);
	assert_int_equal(cf_addr_parse("10.0.0.1", &four), CF_OK);
	assert_true(cf_hosts_other_addresses(w->hosts, &four, 0, other, 4, &count));
	assert_int_equal(count, 1);
	assert_string_equal(cf_addr_format(&other[0], text), "fd00::1");
	cf_hosts_router(w->hosts, one);
	assert_false(cf_hosts_other_addresses(w->hosts, &four, 0, other, 4, &count));
}

static void outside_addresses_are_followed_only_when_something_names_them(void **state)
{
	struct written *w = *state;

	send_packet(w, "203.0.113.9", one, 64, S);
	assert_int_equal(cf_hosts_known(w->hosts), 0);
	learn(w, CF_IDENTITY_ARP, "203.0.113.9", one, "", 2 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 1);
}

/* A container's packets leave with 63, mtr's with 2, 3, 4: nobody else's. */
static void a_host_whose_containers_send_is_no_router(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", S);
	for (unsigned i = 0; i < 9; i++)
		send_packet(w, "10.0.0.1", one, (uint8_t)(i % 2 == 0 ? 63 : 2 + i), (2 + i) * S);
	/* Nor with several addresses of its own, each of which its containers use. */
	for (unsigned i = 1; i <= 4; i++) {
		char text[CF_ADDR_TEXT_BYTES];

		snprintf(text, sizeof text, "10.0.1.%u", i);
		learn(w, CF_IDENTITY_ARP, text, one, "", (10 + i) * S);
		send_packet(w, text, one, 63, (10 + i) * S);
	}
	/* Nor is one that is known by nothing else yet. */
	for (unsigned i = 0; i < 9; i++)
		send_packet(w, "10.0.0.2", two, (uint8_t)(2 + i), (12 + i) * S);
	assert_false(cf_hosts_is_router(w->hosts, one));
	assert_false(cf_hosts_is_router(w->hosts, two));
	cf_hosts_flush(w->hosts);
	assert_int_equal(w->count, 7);
}

static void end(struct written *w, enum cf_identity_end why, const char *addr, const uint8_t *mac,
    int64_t at_wall_us)
{
	struct cf_host_end over = {.why = why, .at_wall_us = at_wall_us, .mac = mac};

	if (addr != NULL)
		assert_int_equal(cf_addr_parse(addr, &over.addr), CF_OK);
	cf_hosts_end(w->hosts, &over);
}

static void ask(
    struct written *w, const char *wanted, const uint8_t *mac, const char *name, int64_t at_wall_us)
{
	struct cf_host_fact fact = {.kind = CF_IDENTITY_DHCP4,
	    .at_wall_us = at_wall_us,
	    .mac = mac,
	    .name = {.data = (const uint8_t *)name, .len = strlen(name)}};

	assert_int_equal(cf_addr_parse(wanted, &fact.wanted), CF_OK);
	cf_hosts_learn(w->hosts, &fact);
}

static void who_only_asks_has_nothing_and_is_written_once(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", S);
	for (unsigned i = 0; i < 20; i++)
		ask(w, "10.0.0.1", two, "laptop", (2 + i) * S);
	assert_int_equal(w->count, 2);
	assert_int_equal(w->last.addr.family, CF_FAMILY_NONE);
	assert_string_equal(w->name, "laptop");
	end(w, CF_IDENTITY_REFUSED, NULL, two, 30 * S);
	assert_int_equal(w->count, 2); /* the address was never its own */
	ask(w, "10.0.0.1", two, "renamed", 40 * S);
	assert_int_equal(w->count, 3);
	ask(w, "10.0.0.1", two, "renamed", 40 * S + CF_IDENTITY_REFRESH_S * S);
	assert_int_equal(w->count, 4);
}

static void what_is_given_back_or_taken_away_says_so(void **state)
{
	struct written *w = *state;

	ask(w, "10.0.0.1", one, "laptop", S);
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", one, "", 2 * S);
	assert_string_equal(w->name, "laptop"); /* it said so when it asked */
	assert_null(w->last.end);
	end(w, CF_IDENTITY_RELEASED, "10.0.0.1", two, 50 * S);
	assert_null(w->last.end); /* not its own to give back */
	end(w, CF_IDENTITY_RELEASED, "10.0.0.1", one, 60 * S);
	assert_string_equal(w->last.end, "released");
	assert_true(w->last.to_wall_us == 60 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 0);
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.2", one, "", 70 * S);
	end(w, CF_IDENTITY_REFUSED, NULL, one, 80 * S);
	assert_string_equal(w->last.end, "refused");
	assert_int_equal(cf_hosts_known(w->hosts), 0);
	learn(w, CF_IDENTITY_ARP, "10.0.0.3", one, "", 90 * S);
	learn(w, CF_IDENTITY_ARP, "10.0.0.3", two, "", 100 * S);
	cf_hosts_flush(w->hosts);
	assert_memory_equal(w->last.mac, two, 6);
}

static void not_on_link_ends_what_dhcpv6_gave_and_no_more(void **state)
{
	struct written *w = *state;
	const struct cf_host_end moved = {
	    .why = CF_IDENTITY_REFUSED, .at_wall_us = 80 * S, .mac = one, .of_v6 = true};

	learn(w, CF_IDENTITY_DHCP6, "fd00::7", one, "laptop", S);
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.7", one, "laptop", 2 * S);
	learn(w, CF_IDENTITY_DHCP6, "fd00::8", two, "other", 3 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 3);
	cf_hosts_end(w->hosts, &moved);
	assert_string_equal(w->last.end, "refused");
	assert_int_equal(w->last.addr.family, CF_FAMILY_V6);
	assert_int_equal(cf_hosts_known(w->hosts), 2);
}

/* The server thinks it free; its owner answers, and the new client declines. */
static void a_grant_does_not_take_an_address_from_an_owner_who_is_there(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", S);
	ask(w, "10.0.0.1", two, "laptop", 10 * S);
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", two, "", 11 * S);
	send_packet(w, "10.0.0.1", one, 64, 12 * S);
	end(w, CF_IDENTITY_DECLINED, "10.0.0.1", two, 13 * S);
	cf_hosts_flush(w->hosts);
	assert_memory_equal(w->last.mac, one, 6);
	assert_true(w->last.from_wall_us == S);
	assert_null(w->last.end);
	/* It uses what it was granted: then it has it. */
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", two, "", 20 * S);
	send_packet(w, "10.0.0.1", two, 64, 21 * S);
	cf_hosts_flush(w->hosts);
	assert_memory_equal(w->last.mac, two, 6);
	assert_string_equal(w->last.kind, "dhcp");
}

static void grant_for(struct written *w, const char *addr, uint32_t lease_s, int64_t at_wall_us)
{
	struct cf_host_fact fact = {
	    .kind = CF_IDENTITY_DHCP4, .at_wall_us = at_wall_us, .mac = one, .lease_s = lease_s};

	assert_int_equal(cf_addr_parse(addr, &fact.addr), CF_OK);
	cf_hosts_learn(w->hosts, &fact);
}

/* The whole table is walked in many calls. */
static void reap_all(struct written *w, int64_t at_wall_us)
{
	for (int i = 0; i < 64; i++)
		cf_hosts_reap(w->hosts, at_wall_us);
}

static void a_grant_that_nobody_renews_runs_out(void **state)
{
	struct written *w = *state;

	grant_for(w, "10.0.0.1", 3600, 10 * S);
	send_packet(w, "10.0.0.1", one, 64, 600 * S);
	reap_all(w, 3609 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 1);
	reap_all(w, 3611 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 0);
	assert_string_equal(w->last.kind, "dhcp"); /* what was not said yet comes last */
	assert_int_equal(w->last.to_wall_us, 600 * S);
	assert_string_equal(w->before.kind, "lease");
	assert_string_equal(w->before.end, "expired");
	assert_int_equal(w->before.from_wall_us, 10 * S);
	assert_int_equal(w->before.to_wall_us, 3610 * S);
}

static void a_grant_that_is_renewed_or_used_on_does_not(void **state)
{
	struct written *w = *state;

	grant_for(w, "10.0.0.1", 3600, 10 * S);
	grant_for(w, "10.0.0.1", 3600, 1810 * S);
	reap_all(w, 5400 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 1);
	send_packet(w, "10.0.0.1", one, 64, 5500 * S); /* the renewal was not seen */
	reap_all(w, 9000 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 1);
	grant_for(w, "10.0.0.1", UINT32_MAX, 9001 * S); /* for ever */
	reap_all(w, 50000 * S);
	assert_int_equal(cf_hosts_known(w->hosts), 1);
	assert_null(w->last.end);
}

static void throwaway_names_and_odd_bytes(void **state)
{
	struct written *w = *state;

	learn(w, CF_IDENTITY_MDNS, "10.0.0.1", one, "printer.local.", S);
	learn(w, CF_IDENTITY_MDNS, "10.0.0.1", one, "d3b07384-d113-4ec5-8e3d-0c2b1f9f6b70.local",
	    2 * S);
	cf_hosts_flush(w->hosts);
	assert_string_equal(w->name, "printer.local");
	learn(w, CF_IDENTITY_DHCP4, "10.0.0.1", one, "j\xc3\xb6rg\x01\xc3-\xed\xa0\x80.", 3 * S);
	cf_hosts_flush(w->hosts);
	assert_string_equal(w->name,
	    "j\xc3\xb6rg?"
	    "?-"
	    "???");
}

static void one_wild_time_moves_nothing(void **state)
{
	struct written *w = *state;
	const int64_t now = INT64_C(1760000000) * S, wild = INT64_C(253400000000) * S,
	              later = now + 40 * INT64_C(86400) * S;

	send_packet(w, "10.0.0.9", one, 64, wild);
	assert_int_equal(cf_hosts_known(w->hosts), 0);
	learn(w, CF_IDENTITY_ARP, "10.0.0.1", one, "", now);
	send_packet(w, "10.0.0.1", one, 64, wild);
	send_packet(w, "10.0.0.1", one, 64, wild);
	send_packet(w, "10.0.0.1", one, 64, later);
	cf_hosts_reap(w->hosts, wild);
	cf_hosts_flush(w->hosts);
	assert_true(w->last.to_wall_us == now);
	/* Two agree: time went on while nobody looked. */
	send_packet(w, "10.0.0.1", one, 64, later + S);
	cf_hosts_flush(w->hosts);
	assert_true(w->last.to_wall_us == later + S);
}

static void a_flood_of_made_up_hosts_is_bounded_and_counted(void **state)
{
	struct written *w = *state;
	struct cf_packet packet = {.mac_src = one, .ttl = 64, .at_wall_us = S};

	for (uint32_t i = 0; i < 200000; i++) {
		struct cf_host_fact fact = {.kind = CF_IDENTITY_ARP, .at_wall_us = S + i};

		fact.addr = (struct cf_addr){.family = CF_FAMILY_V4,
		    .bytes = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)(i | 1)}};
		fact.mac = i % 2 == 0 ? one : two;
		cf_hosts_learn(w->hosts, &fact);
	}
	cf_hosts_flush(w->hosts);
	assert_true(w->count <= 2 * CF_IDENTITY_BURST + 2 * CF_IDENTITY_PER_S);
	assert_true(cf_hosts_refused(w->hosts) > 100000);
	/* Who gives evidence is taken in all the same. */
	w->count = 0;
	assert_int_equal(cf_addr_parse("192.0.2.1", &packet.src), CF_OK);
	cf_hosts_due(w->hosts, &packet.src, &packet);
	assert_int_equal(w->count, 1);
}

static void link_local_hosts_of_two_interfaces_are_two(void **state)
{
	struct written *w = *state;
	struct cf_host_fact fact = {.kind = CF_IDENTITY_NDP, .at_wall_us = S, .mac = one};

	assert_int_equal(cf_addr_parse("fe80::1", &fact.addr), CF_OK);
	cf_hosts_learn(w->hosts, &fact);
	fact.interface = 1;
	fact.mac = two;
	cf_hosts_learn(w->hosts, &fact);
	assert_int_equal(cf_hosts_known(w->hosts), 2);
	fact.vlan = 7;
	cf_hosts_learn(w->hosts, &fact);
	assert_int_equal(cf_hosts_known(w->hosts), 3);
	assert_int_equal(w->count, 3);
	assert_null(w->last.end);
	assert_int_equal(cf_addr_parse("fd00::1", &fact.addr), CF_OK);
	cf_hosts_learn(w->hosts, &fact);
	fact.interface = 0; /* any other address is one host, whichever port saw it */
	cf_hosts_learn(w->hosts, &fact);
	assert_int_equal(cf_hosts_known(w->hosts), 4);
}

static void the_mac_of_a_router_between_is_not_the_clients(void **state)
{
	struct written *w = *state;
	struct cf_packet packet = {.mac_src = one, .ttl = 63, .at_wall_us = S};

	assert_int_equal(cf_addr_parse("10.9.9.9", &packet.src), CF_OK);
	assert_int_equal(cf_addr_parse("198.51.100.1", &packet.dst), CF_OK);
	cf_hosts_seen(w->hosts, &packet);
	assert_false(cf_hosts_is_mac_of(w->hosts, one, &packet.src, &packet));
	packet.ttl = 64;
	assert_true(cf_hosts_is_mac_of(w->hosts, one, &packet.src, &packet));
	learn(w, CF_IDENTITY_ARP, "10.9.9.9", one, "", 2 * S);
	packet.ttl = 63; /* its own container's */
	assert_true(cf_hosts_is_mac_of(w->hosts, one, &packet.src, &packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_host_is_recorded_again_within_the_hour, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        an_address_that_changes_hands_is_two_intervals, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        the_old_interval_ends_when_it_was_last_seen, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_mac_with_many_addresses_is_a_router, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_mac_whose_packets_were_routed_is_a_router, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_router_keeps_the_address_that_is_its_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_dhcp_says_is_not_overruled_by_less, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        addresses_of_one_host_are_found_by_its_mac, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        outside_addresses_are_followed_only_when_something_names_them, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_host_whose_containers_send_is_no_router, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        who_only_asks_has_nothing_and_is_written_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_is_given_back_or_taken_away_says_so, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_grant_does_not_take_an_address_from_an_owner_who_is_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_grant_that_nobody_renews_runs_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_grant_that_is_renewed_or_used_on_does_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        not_on_link_ends_what_dhcpv6_gave_and_no_more, setup, teardown),
	    cmocka_unit_test_setup_teardown(throwaway_names_and_odd_bytes, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_wild_time_moves_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_flood_of_made_up_hosts_is_bounded_and_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        link_local_hosts_of_two_interfaces_are_two, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        the_mac_of_a_router_between_is_not_the_clients, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
