/* QUIC Initials: keys, order, versions, and packets that must stay shut. */

#include "packets.h"

#include "monitor/decode/decode.h"
#include "monitor/message/decode_quic.h"
#include "monitor/message/quic_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAME    "quic.example.com"
#define VERSION 1u

static const uint8_t first_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t other_id[8] = {9, 9, 9, 9, 9, 9, 9, 9};

static struct watch watch;
static struct bytes message, frames, packet;

static int start(void **state)
{
	(void)state;
	watch_start(&watch);
	message.len = 0;
	make_client_hello(&message, NAME, 1700);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	watch_stop(&watch);
	return 0;
}

/* Sends part from..until of the message in an Initial of its own. */
static void send_part(
    uint32_t version, const uint8_t id[8], uint32_t number, size_t from, size_t until)
{
	frames.len = packet.len = 0;
	put_crypto(&frames, &message, from, until);
	make_initial(&packet, version, id, first_id, number, &frames);
	watch_datagram(&watch, flow_to(443), packet.at, packet.len);
}

/* RFC 9001, appendix A.1. */
static void keys_are_those_of_the_rfc(void **state)
{
	static const uint8_t id[8] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
	static const uint8_t key[16] = {0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46, 0x77, 0x30,
	    0xef, 0xcb, 0xe3, 0xb1, 0xa2, 0x2d};
	static const uint8_t iv[12] = {
	    0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c};
	struct cf_quic_salts salts;
	struct cf_quic_keys keys;

	(void)state;
	cf_quic_salts_init(&salts);
	cf_quic_keys_derive(&salts.at[cf_quic_salt_find(1)],
	    (struct cf_slice){.data = id, .len = sizeof id}, &keys);
	assert_memory_equal(keys.key, key, sizeof key);
	assert_memory_equal(keys.iv, iv, sizeof iv);
}

static void flight_of_three_in_every_order_gives_its_name(void **state)
{
	static const uint32_t versions[] = {1, 0x6b3343cf, 0xff00001d, 0xff000020};
	static const unsigned orders[6][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	const size_t cut[4] = {0, 700, 1400, message.len};

	(void)state;
	for (unsigned v = 0; v < 4; v++)
		for (unsigned order = 0; order < 6; order++) {
			watch_again(&watch);
			for (unsigned i = 0; i < 3; i++) {
				unsigned part = orders[order][i];

				assert_int_equal(watch_count(&watch, "quic " NAME), 0);
				send_part(versions[v], first_id, part, cut[part], cut[part + 1]);
			}
			assert_int_equal(watch_count(&watch, "quic " NAME), 1);
		}
}

static void keys_stay_when_the_connection_id_changes(void **state)
{
	(void)state;
	send_part(VERSION, first_id, 0, 0, 1000);
	send_part(VERSION, other_id, 1, 1000, message.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
}

static void frames_in_any_order_between_padding_give_the_name(void **state)
{
	(void)state;
	for (size_t piece = 16; piece < 400; piece += 7) {
		static const uint8_t ack[] = {0x02, 0x05, 0x00, 0x01, 0x00, 0x00, 0x01};
		size_t pieces;

		message.len = 0;
		make_client_hello(&message, NAME, 300);
		pieces = (message.len + piece - 1) / piece;
		watch_again(&watch);
		frames.len = packet.len = 0;
		for (size_t i = 0; i < pieces; i++) {
			size_t from = (i * 7 + 3) % pieces * piece;
			size_t until = from + piece < message.len ? from + piece : message.len;

			if (pieces % 7 == 0) /* then the walk above does not reach all */
				from = i * piece,
				until = from + piece < message.len ? from + piece : message.len;
			put_crypto(&frames, &message, from, until);
			put8(&frames, i % 2); /* padding or a ping */
			put(&frames, ack, sizeof ack);
		}
		make_initial(&packet, VERSION, first_id, first_id, 0, &frames);
		watch_datagram(&watch, flow_to(4433), packet.at, packet.len);
		assert_int_equal(watch_count(&watch, "quic " NAME), 1);
	}
}

static void coalesced_initials_are_both_read(void **state)
{
	(void)state;
	packet.len = frames.len = 0;
	put_crypto(&frames, &message, 0, 900);
	make_initial(&packet, VERSION, first_id, first_id, 0, &frames);
	frames.len = 0;
	put_crypto(&frames, &message, 900, message.len);
	make_initial(&packet, VERSION, first_id, first_id, 1, &frames);
	watch_datagram(&watch, flow_to(443), packet.at, packet.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
}

/* RFC 9000 12.2; and a datagram full of Initials costs hardly more than one. */
static void one_datagram_is_one_connection(void **state)
{
	uint8_t id[8] = {9};

	(void)state;
	packet.len = 0;
	for (unsigned i = 0; i < 4; i++) {
		message.len = frames.len = 0;
		make_client_hello(&message, i == 0 ? NAME : "other.example", 0);
		put_crypto(&frames, &message, 0, message.len);
		id[0] = (uint8_t)(9 + i);
		make_initial(&packet, VERSION, id, id, 0, &frames);
	}
	watch_datagram(&watch, flow_to(443), packet.at, packet.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
	assert_int_equal(watch_count(&watch, "quic other.example"), 0);
	/* One id, and nothing that its keys open: it is tried once, and two more times looked at.
	 */
	packet.len = 0;
	for (unsigned i = 0; i < 20; i++)
		make_initial(&packet, VERSION, id, first_id, i, &frames);
	watch_datagram(&watch, flow_to(444), packet.at, packet.len);
	assert_int_equal(watch_counter(&watch, CF_COUNT_QUIC_UNOPENED), 3);
}

static void unknown_version_is_tried_as_version_1(void **state)
{
	(void)state;
	send_part(0x0a0a0a0a, first_id, 0, 0, 1000);
	send_part(0x0a0a0a0a, first_id, 1, 1000, message.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
}

static void repeated_packets_do_not_hide_a_gap(void **state)
{
	(void)state;
	send_part(VERSION, first_id, 0, 0, 800);
	send_part(VERSION, first_id, 0, 0, 800);
	send_part(VERSION, first_id, 1, 0, 800);
	assert_int_equal(watch_count(&watch, "quic " NAME), 0);
	send_part(VERSION, first_id, 2, 800, message.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
}

static void new_connection_on_the_same_ports_is_read_with_its_own_keys(void **state)
{
	(void)state;
	send_part(VERSION, first_id, 0, 0, 800);
	for (unsigned part = 0; part < 2; part++) {
		frames.len = packet.len = 0;
		put_crypto(&frames, &message, part * 900, part == 0 ? 900 : message.len);
		make_initial(&packet, VERSION, other_id, other_id, part, &frames);
		watch_datagram(&watch, flow_to(443), packet.at, packet.len);
	}
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
}

static void packet_with_any_byte_changed_stays_shut(void **state)
{
	(void)state;
	message.len = 0;
	make_client_hello(&message, NAME, 0);
	frames.len = packet.len = 0;
	put_crypto(&frames, &message, 0, message.len);
	make_initial(&packet, VERSION, first_id, first_id, 0, &frames);
	for (size_t at = 0; at < packet.len; at++) {
		watch_again(&watch);
		packet.at[at] ^= 0x10;
		watch_datagram(&watch, flow_to(443), packet.at, packet.len);
		packet.at[at] ^= 0x10;
		if (watch_count(&watch, "quic " NAME) != 0)
			fail_msg("opened with byte %zu changed", at);
	}
	watch_datagram(&watch, flow_to(443), packet.at, packet.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
}

static void unfinished_hello_with_a_name_is_reported_when_it_expires(void **state)
{
	(void)state;
	send_part(VERSION, first_id, 0, 0, message.len - 4);
	assert_int_equal(watch_count(&watch, "quic " NAME), 0);
	cf_decoder_reap(watch.decoder, watch.now_us + (CF_STREAM_LIFE_S + 1) * INT64_C(1000000));
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
	assert_int_equal(watch_count(&watch, "incomplete"), 1);
}

/* Sends a whole hello with client's keys of id to, as from's. */
static void send_whole(struct flow flow, const uint8_t to[8], const uint8_t from[8])
{
	message.len = frames.len = packet.len = 0;
	make_client_hello(&message, NAME, 0);
	put_crypto(&frames, &message, 0, message.len);
	make_initial_of(&packet, VERSION, to, from, to, 0, &frames);
	watch_datagram(&watch, flow, packet.at, packet.len);
}

static void no_keys_are_tried_on_what_the_server_sends_back(void **state)
{
	static const uint8_t client_id[8] = {7, 7, 7, 7, 7, 7, 7, 7};
	struct flow flow = flow_to(443);

	(void)state;
	send_whole(flow, first_id, client_id);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
	assert_int_equal(watch_counter(&watch, CF_COUNT_QUIC_INITIALS), 1);
	/* That our keys would open these shows whether they were tried. */
	send_whole(flow_back(flow), client_id, first_id);
	assert_int_equal(watch_counter(&watch, CF_COUNT_QUIC_INITIALS), 1);
	assert_int_equal(watch_counter(&watch, CF_COUNT_QUIC_UNOPENED), 1);
	send_whole(flow_back(flow), other_id, first_id); /* its own connection, the other way */
	send_whole(flow, client_id, other_id);           /* this way the id is anybody's */
	assert_int_equal(watch_counter(&watch, CF_COUNT_QUIC_INITIALS), 3);
	assert_int_equal(watch_count(&watch, "quic " NAME), 3);
}

static void a_finished_handshake_waits_no_longer(void **state)
{
	(void)state;
	send_part(VERSION, first_id, 0, 0, 1000);
	assert_int_equal(cf_quic_waiting(watch.decoder->quic), 1);
	send_part(VERSION, first_id, 1, 1000, message.len);
	assert_int_equal(watch_count(&watch, "quic " NAME), 1);
	assert_int_equal(cf_quic_waiting(watch.decoder->quic), 0);
}

static void handshakes_stay_bounded_and_evictions_are_counted(void **state)
{
	(void)state;
	frames.len = packet.len = 0;
	put_crypto(&frames, &message, 0, 500);
	make_initial(&packet, VERSION, first_id, first_id, 0, &frames);
	for (unsigned i = 0; i < 3 * CF_QUIC_HANDSHAKES; i++) {
		struct flow flow = flow_to(443);

		flow.src[2] = (uint8_t)(i >> 8);
		flow.src[3] = (uint8_t)i;
		watch_datagram(&watch, flow, packet.at, packet.len);
	}
	assert_true(watch_counter(&watch, CF_COUNT_QUIC_EVICTED) >= 2 * CF_QUIC_HANDSHAKES);
}

/* A hello as no client sends it: the pieces behind the sixty-fourth are not looked at. */
static void pieces_of_one_initial_are_bounded(void **state)
{
	(void)state;
	message.len = 0;
	make_client_hello(&message, NAME, 0);
	for (unsigned count = 63; count <= 65; count++) {
		size_t piece = message.len / count;

		watch_again(&watch);
		frames.len = packet.len = 0;
		for (size_t i = 0; i < count; i++)
			put_crypto(&frames, &message, i * piece,
			    i + 1 == count ? message.len : (i + 1) * piece);
		make_initial(&packet, VERSION, first_id, first_id, 0, &frames);
		watch_datagram(&watch, flow_to(443), packet.at, packet.len);
		assert_int_equal(watch_count(&watch, "quic " NAME), count <= 64 ? 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_those_of_the_rfc),
	    cmocka_unit_test_setup_teardown(
	        flight_of_three_in_every_order_gives_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(keys_stay_when_the_connection_id_changes, start, stop),
	    cmocka_unit_test_setup_teardown(
	        frames_in_any_order_between_padding_give_the_name, start, stop),
	    cmocka_unit_test_setup_teardown(coalesced_initials_are_both_read, start, stop),
	    cmocka_unit_test_setup_teardown(one_datagram_is_one_connection, start, stop),
	    cmocka_unit_test_setup_teardown(unknown_version_is_tried_as_version_1, start, stop),
	    cmocka_unit_test_setup_teardown(repeated_packets_do_not_hide_a_gap, start, stop),
	    cmocka_unit_test_setup_teardown(
	        new_connection_on_the_same_ports_is_read_with_its_own_keys, start, stop),
	    cmocka_unit_test_setup_teardown(packet_with_any_byte_changed_stays_shut, start, stop),
	    cmocka_unit_test_setup_teardown(
	        unfinished_hello_with_a_name_is_reported_when_it_expires, start, stop),
	    cmocka_unit_test_setup_teardown(
	        no_keys_are_tried_on_what_the_server_sends_back, start, stop),
	    cmocka_unit_test_setup_teardown(a_finished_handshake_waits_no_longer, start, stop),
	    cmocka_unit_test_setup_teardown(
	        handshakes_stay_bounded_and_evictions_are_counted, start, stop),
	    cmocka_unit_test_setup_teardown(pieces_of_one_initial_are_bounded, start, stop),
	};

	return cmocka_run_group_tests_name("decode_quic", tests, NULL, NULL);
}
