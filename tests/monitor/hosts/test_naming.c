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
	assert_string_equal(cf_addr_format(&dhcp.addr, text), "10.20.0.44");
	assert_int_equal(dhcp.client_id.len, 7);
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
	assert_string_equal(cf_addr_format(&dhcp.addr, text), "10.20.0.44");
	assert_int_equal(dhcp.resolver_count, 2);
	assert_int_equal(dhcp.router_count, 1);
	message.bytes[236 + 4 + 2] = 2; /* an offer binds nothing */
	assert_true(cf_dhcp4_read(slice_of(&message), &dhcp));
	assert_int_equal(dhcp.addr.family, CF_FAMILY_NONE);
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
		assert_true(dhcp.name.len == 0 || dhcp.name.data + dhcp.name.len <= cut.data + len);
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
	assert_string_equal(cf_addr_format(&dhcp.addr, text), "fd00:20::7");
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
	    cmocka_unit_test(an_acknowledgement_binds_and_tells_resolvers),
	    cmocka_unit_test(an_fqdn_serves_when_there_is_no_host_name),
	    cmocka_unit_test(messages_cut_anywhere_are_read_inside_their_bounds),
	    cmocka_unit_test(dhcpv6_gives_name_duid_and_address),
	    cmocka_unit_test(a_registration_names_a_host_unless_it_is_a_group),
	    cmocka_unit_test(a_datagram_names_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
