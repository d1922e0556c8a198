/* DHCP, DHCPv6 and NetBIOS messages: who says what about whom. */

#include "monitor/hosts/dhcp.h"
#include "monitor/hosts/nbns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct message {
	uint8_t bytes[600];
	size_t len;
};

static void put(struct message *message, const void *bytes, size_t len)
{
	memcpy(message->bytes + message->len, bytes, len);
	message->len += len;
}

static struct cf_slice slice_of(const struct message *message)
{
	return (struct cf_slice){.data = message->bytes, .len = message->len};
}

static struct message dhcp4(unsigned op, const char *given, const void *options, size_t len)
{
	static const uint8_t mac[16] = {0, 0, 0x5e, 0, 0x53, 7};
	struct message message = {.len = 236};
	struct cf_addr addr;

	assert_int_equal(cf_addr_parse(given, &addr), CF_OK);
	message.bytes[0] = (uint8_t)op;
	message.bytes[1] = 1;
	message.bytes[2] = 6;
	memcpy(message.bytes + 16, addr.bytes, 4);
	memcpy(message.bytes + 28, mac, 16);
	put(&message, "\x63\x82\x53\x63", 4);
	put(&message, options, len);
	return message;
}

static bool slice_is(struct cf_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

static void a_request_names_its_sender_and_the_address_it_wants(void **state)
{
	static const char options[] =
	    "\x35\1\3\0\x0c\7laptop\0\x32\4\x0a\x14\0\x2c\x3d\7\1\0\0\x5e\0\x53\7\xff";
	struct message message = dhcp4(1, "0.0.0.0", options, sizeof options - 1);
	struct cf_dhcp4 dhcp;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_true(dhcp.from_client && dhcp.has_mac);
	assert_int_equal(dhcp.type, CF_DHCP4_REQUEST);
	assert_true(slice_is(dhcp.name, "laptop"));
	assert_int_equal(dhcp.granted.family, CF_FAMILY_NONE); /* it only asks */
	assert_string_equal(cf_addr_format(&dhcp.wanted, text), "10.20.0.44");
	assert_int_equal(dhcp.client_id.len, 7);
}

/* Pieces of option 51 belong together as any others (RFC 3396); three bytes are no time. */
static void a_grant_says_for_how_long(void **state)
{
	static const char whole[] = "\x35\1\5\x33\4\0\0\x0e\x10\xff";
	static const char pieces[] = "\x35\1\5\x33\2\0\0\x33\2\x0e\x10\xff";
	static const char cut[] = "\x35\1\5\x33\3\0\0\x0e\xff";
	struct message message = dhcp4(2, "10.20.0.44", whole, sizeof whole - 1);
	struct cf_dhcp4 dhcp;

	(void)state;
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_int_equal(dhcp.lease_s, 3600);
	message = dhcp4(2, "10.20.0.44", pieces, sizeof pieces - 1);
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_int_equal(dhcp.lease_s, 3600);
	message = dhcp4(2, "10.20.0.44", cut, sizeof cut - 1);
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_int_equal(dhcp.lease_s, 0);
}

static void an_acknowledgement_binds_and_tells_resolvers(void **state)
{
	static const char options[] = "\x35\1\5\3\4\x0a\x14\0\1\6\x8\x0a\x14\0\x35\x0a\x14\0\x36";
	struct message message = dhcp4(2, "10.20.0.44", options, sizeof options - 1);
	struct cf_dhcp4 dhcp;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_false(dhcp.from_client);
	assert_string_equal(cf_addr_format(&dhcp.granted, text), "10.20.0.44");
	assert_int_equal(dhcp.resolver_count, 2);
	assert_int_equal(dhcp.router_count, 1);
	message.bytes[236 + 4 + 2] = 2; /* an offer binds nothing */
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_int_equal(dhcp.granted.family, CF_FAMILY_NONE);
	message = dhcp4(2, "0.0.0.0", options, sizeof options - 1);
	message.bytes[12] = 10; /* nor does the answer to INFORM */
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_int_equal(dhcp.granted.family, CF_FAMILY_NONE);
}

static void options_in_pieces_and_in_other_fields_are_one(void **state)
{
	static const char options[] = "\x35\1\3\x0c\3lap\x3d\2\1\2\x0c\3top\x3d\1\3\x34\1\3\xff";
	struct message message = dhcp4(1, "0.0.0.0", options, sizeof options - 1);
	struct cf_dhcp4 dhcp;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	memcpy(message.bytes + 108, "\x0c\1-\xff", 4); /* file */
	memcpy(message.bytes + 44,
	    "\x0c\1"
	    "1\x32\4\x0a\0\0\7\xff",
	    10); /* server name */
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_true(slice_is(dhcp.name, "laptop-1"));
	assert_int_equal(dhcp.client_id.len, 3);
	assert_string_equal(cf_addr_format(&dhcp.wanted, text), "10.0.0.7");
}

/* RFC 4702 has a flag for the form, and clients that set it the other way. */
static void an_fqdn_is_read_in_either_form_with_either_flag(void **state)
{
	static const struct {
		const char *options;
		size_t len;
		const char *name;
	} cases[] = {
	    {"\x51\x0d\1\0\0laptop.lan", 15, "laptop.lan"},
	    {"\x51\x0d\5\0\0laptop.lan", 15, "laptop.lan"},
	    {"\x51\x0f\5\0\0\6laptop\3lan\0", 17, "laptop.lan"},
	    {"\x51\x0f\1\0\0\6laptop\3lan\0", 17, "laptop.lan"},
	    {"\x51\x0a\5\0\0\6laptop", 12, "laptop"}, /* partial, without its end */
	    {"\x51\x07\5\0\0"
	     "10pc",
	        9, "10pc"},
	    {"\x51\x07\5\0\0\1\2\3\4", 9, ""},
	    {"\x51\3\5\0\0", 5, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct message message = dhcp4(1, "0.0.0.0", cases[i].options, cases[i].len);
		struct cf_dhcp4 dhcp;

		assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
		assert_true(slice_is(dhcp.name, cases[i].name));
	}
}

static void an_fqdn_serves_when_there_is_no_host_name(void **state)
{
	static const char options[] = "\x51\x0d\1\0\0laptop.lan";
	struct message message = dhcp4(1, "0.0.0.0", options, sizeof options - 1);
	struct cf_dhcp4 dhcp;

	(void)state;
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_true(slice_is(dhcp.name, "laptop.lan"));
}

static void messages_cut_anywhere_are_read_inside_their_bounds(void **state)
{
	static const char options[] = "\x35\1\3\x0c\7laptop1\x3d\7\1\0\0\x5e\0\x53\7\xff";
	struct message message = dhcp4(1, "0.0.0.0", options, sizeof options - 1);
	struct cf_dhcp4 dhcp;

	(void)state;
	for (size_t len = message.len; len > 0; len--) {
		struct cf_slice cut = {.data = message.bytes, .len = len};

		if (!cf_dhcp4_read(cut, &dhcp)) {
			assert_true(len < 44);
			continue;
		}
		assert_true(dhcp.name.len <= sizeof dhcp.text);
	}
}

static void dhcpv6_gives_name_duid_and_address(void **state)
{
	static const char solicit[] =
	    "\1\0\0\7"
	    "\0\1\0\x0a\0\3\0\1\0\0\x5e\0\x53\7"
	    "\0\x27\0\x10\0\6laptop\7example"
	    "\0\3\0\x28\0\0\0\7\0\0\0\0\0\0\0\0"
	    "\0\5\0\x18\xfd\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\7\0\0\0\1\0\0\0\2";
	struct cf_slice message = {.data = (const uint8_t *)solicit, .len = sizeof solicit - 1};
	struct cf_dhcp6 dhcp;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	assert_true(cf_dhcp6_read(message, &dhcp));
	assert_true(dhcp.from_client);
	assert_false(dhcp.relayed);
	assert_string_equal(dhcp.name, "laptop.example");
	assert_int_equal(dhcp.duid.len, 10);
	assert_int_equal(dhcp.addr_count, 1);
	assert_int_equal(dhcp.valid_s[0], 2);
	assert_string_equal(cf_addr_format(&dhcp.addrs[0], text), "fd00:20::7");
}

static void a_relay_tells_its_clients_mac_and_a_status_refuses(void **state)
{
	static const char relayed[] =
	    "\x0c\0"
	    "\xfd\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\1\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\7"
	    "\0\x4f\0\x08\0\1\0\0\x5e\0\x53\7"
	    "\0\x09\0\x5a\7\0\0\7"
	    "\0\1\0\x0a\0\3\0\1\0\0\x5e\0\x53\7"
	    "\0\3\0\x44\0\0\0\7\0\0\0\0\0\0\0\0"
	    "\0\5\0\x18\xfd\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\7\0\0\0\1\0\0\0\0"
	    "\0\5\0\x1e\xfd\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0\1\0\0\0\2\0\x0d\0\2\0\2";
	struct cf_slice message = {.data = (const uint8_t *)relayed, .len = sizeof relayed - 1};
	struct cf_dhcp6 dhcp;

	(void)state;
	assert_true(cf_dhcp6_read(message, &dhcp));
	assert_true(dhcp.relayed && dhcp.has_mac);
	assert_int_equal(dhcp.type, CF_DHCP6_REPLY);
	assert_memory_equal(dhcp.mac, "\0\0\x5e\0\x53\7", 6);
	assert_int_equal(dhcp.addr_count, 1); /* the other is not on this link */
	assert_int_equal(dhcp.valid_s[0], 0);
}

static void a_status_of_the_message_is_not_that_of_an_association(void **state)
{
	static const char confirm[] = "\7\0\0\7\0\1\0\x0a\0\3\0\1\0\0\x5e\0\x53\7"
	                              "\0\x0d\0\2\0\4";
	static const char renew[] = "\7\0\0\7\0\3\0\x12\0\0\0\7\0\0\0\0\0\0\0\0"
	                            "\0\x0d\0\2\0\3";
	struct cf_slice message = {.data = (const uint8_t *)confirm, .len = sizeof confirm - 1};
	struct cf_dhcp6 dhcp;

	(void)state;
	assert_true(cf_dhcp6_read(message, &dhcp));
	assert_int_equal(dhcp.status, CF_DHCP6_NOT_ON_LINK);
	message = (struct cf_slice){.data = (const uint8_t *)renew, .len = sizeof renew - 1};
	assert_true(cf_dhcp6_read(message, &dhcp));
	assert_int_equal(dhcp.status, 0);
}

/* Thirty-two letters, and the root. */
static void put_netbios(struct message *message, const char *name, unsigned kind)
{
	uint8_t raw[16], letters[34] = {32};

	memset(raw, ' ', sizeof raw);
	memcpy(raw, name, strlen(name));
	raw[15] = (uint8_t)kind;
	for (unsigned i = 0; i < 16; i++) {
		letters[1 + 2 * i] = (uint8_t)('A' + (raw[i] >> 4));
		letters[2 + 2 * i] = (uint8_t)('A' + (raw[i] & 15));
	}
	put(message, letters, sizeof letters);
}

static struct message registration(const char *name, unsigned kind, unsigned flags)
{
	struct message message = {.len = 0};
	uint8_t nb[18] = {
	    0xc0, 0x0c, 0, 0x20, 0, 1, 0, 0, 0, 9, 0, 6, (uint8_t)flags, 0, 10, 0, 0, 7};

	put(&message, "\0\1\x29\x10\0\1\0\0\0\0\0\1", 12);
	put_netbios(&message, name, kind);
	put(&message, "\0\x20\0\1", 4);
	put(&message, nb, sizeof nb);
	return message;
}

static void a_registration_names_a_host_unless_it_is_a_group(void **state)
{
	struct message message = registration("LAPTOP", 0, 0);
	struct cf_netbios netbios;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	assert_true(cf_nbns_read(slice_of(&message), &netbios));
	assert_string_equal(netbios.name, "LAPTOP");
	assert_string_equal(cf_addr_format(&netbios.addr, text), "10.0.0.7");
	message = registration("WORKGROUP", 0, 0x80);
	assert_false(cf_nbns_read(slice_of(&message), &netbios));
	message = registration("LAPTOP", 0x1b, 0); /* a domain master browser */
	assert_false(cf_nbns_read(slice_of(&message), &netbios));
}

static void a_datagram_names_its_source(void **state)
{
	struct message message = {.len = 0};
	struct cf_netbios netbios;

	(void)state;
	put(&message, "\x11\2\0\1\x0a\0\0\7\0\x8a\0\x64\0\0", 14);
	put_netbios(&message, "LAPTOP", 0x20);
	assert_true(cf_nbdgm_read(slice_of(&message), &netbios));
	assert_string_equal(netbios.name, "LAPTOP");
	message.bytes[0] = 0x13; /* an error, not a datagram */
	assert_false(cf_nbdgm_read(slice_of(&message), &netbios));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_names_its_sender_and_the_address_it_wants),
	    cmocka_unit_test(a_grant_says_for_how_long),
	    cmocka_unit_test(an_acknowledgement_binds_and_tells_resolvers),
	    cmocka_unit_test(an_fqdn_serves_when_there_is_no_host_name),
	    cmocka_unit_test(options_in_pieces_and_in_other_fields_are_one),
	    cmocka_unit_test(an_fqdn_is_read_in_either_form_with_either_flag),
	    cmocka_unit_test(a_relay_tells_its_clients_mac_and_a_status_refuses),
	    cmocka_unit_test(a_status_of_the_message_is_not_that_of_an_association),
	    cmocka_unit_test(messages_cut_anywhere_are_read_inside_their_bounds),
	    cmocka_unit_test(dhcpv6_gives_name_duid_and_address),
	    cmocka_unit_test(a_registration_names_a_host_unless_it_is_a_group),
	    cmocka_unit_test(a_datagram_names_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
