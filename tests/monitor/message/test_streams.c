/*
 * Messages in TCP streams: whatever the segments, the name comes out. One file: each way to cut,
 * lose and repeat segments is tried on the same few messages.
 */

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NAME       "www.example.com"
#define FIRST_SEQ  0xfffffff0u /* sequence numbers wrap inside the message */
#define KEEP_GOING 0x18

static struct watch watch;
static struct bytes message, stream;

static int start(void **state)
{
	(void)state;
	watch_start(&watch);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	watch_stop(&watch);
	return 0;
}

static void make_stream(size_t filler, size_t record_bytes)
{
	message.len = stream.len = 0;
	make_client_hello(&message, NAME, filler);
	make_records(&stream, &message, record_bytes);
}

static void send_part(size_t from, size_t until)
{
	watch_segment(&watch, flow_to(443), FIRST_SEQ + (uint32_t)from, KEEP_GOING,
	    stream.at + from, until - from);
}

static void send_syn(void)
{
	watch_segment(&watch, flow_to(443), FIRST_SEQ - 1, CF_TCP_SYN, "", 0);
}

/* All orders of three, as indexes. */
static const unsigned orders[6][3] = {
    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static void send_three(size_t first, size_t second, const unsigned order[3])
{
	const size_t cut[4] = {0, first, second, stream.len};

	for (unsigned i = 0; i < 3; i++)
		if (cut[order[i]] < cut[order[i] + 1])
			send_part(cut[order[i]], cut[order[i] + 1]);
}

static void hello_cut_in_two_anywhere_in_any_order_gives_its_name(void **state)
{
	(void)state;
	make_stream(0, 16384);
	for (unsigned with_syn = 0; with_syn < 2; with_syn++)
		for (size_t cut = 1; cut < stream.len; cut++)
			for (unsigned reverse = 0; reverse < 2; reverse++) {
				watch_again(&watch);
				if (with_syn)
					send_syn();
				if (reverse)
					send_part(cut, stream.len);
				send_part(0, cut);
				if (!reverse)
					send_part(cut, stream.len);
				if (watch_count(&watch, "tls " NAME) != 1)
					fail_msg("cut %zu, reverse %u, syn %u: %s", cut, reverse,
					    with_syn, watch.notes);
			}
}

static void hello_that_looks_like_records_when_cut_gives_its_name(void **state)
{
	(void)state;
	/* With these fillers the low byte of the message's length is that of another record type.
	 */
	for (size_t filler = 1; filler < 1200; filler++) {
		make_stream(filler, 16384);
		if (message.at[3] < 0x14 || message.at[3] > 0x17)
			continue;
		for (unsigned reverse = 0; reverse < 2; reverse++)
			for (unsigned with_syn = 0; with_syn < 2; with_syn++) {
				watch_again(&watch);
				if (with_syn)
					send_syn();
				send_part(reverse ? 8 : 0, reverse ? stream.len : 8);
				send_part(reverse ? 0 : 8, reverse ? 8 : stream.len);
				if (watch_count(&watch, "tls " NAME) != 1)
					fail_msg("filler %zu, reverse %u, syn %u", filler, reverse,
					    with_syn);
			}
	}
}

static void hello_cut_in_three_in_any_order_gives_its_name(void **state)
{
	(void)state;
	make_stream(0, 16384);
	for (unsigned with_syn = 0; with_syn < 2; with_syn++)
		for (size_t first = 1; first < stream.len - 1; first += 3)
			for (size_t second = first + 1; second < stream.len; second += 7)
				for (unsigned order = 0; order < 6; order++) {
					watch_again(&watch);
					if (with_syn)
						send_syn();
					send_three(first, second, orders[order]);
					if (watch_count(&watch, "tls " NAME) != 1)
						fail_msg("cut %zu %zu, order %u, syn %u", first,
						    second, order, with_syn);
				}
}

static void hello_byte_by_byte_gives_its_name(void **state)
{
	(void)state;
	make_stream(300, 16384);
	for (unsigned with_syn = 0; with_syn < 2; with_syn++)
		for (unsigned reverse = 0; reverse < 2; reverse++) {
			watch_again(&watch);
			if (with_syn)
				send_syn();
			for (size_t i = 0; i < stream.len; i++) {
				size_t at = reverse ? stream.len - 1 - i : i;

				send_part(at, at + 1);
			}
			assert_int_equal(watch_count(&watch, "tls " NAME), 1);
		}
}

static void hello_over_records_of_any_size_gives_its_name(void **state)
{
	(void)state;
	for (size_t record_bytes = 1; record_bytes < 200; record_bytes++)
		for (unsigned order = 0; order < 6; order++) {
			make_stream(20, record_bytes);
			watch_again(&watch);
			send_syn();
			send_three(stream.len / 3, stream.len / 2, orders[order]);
			if (watch_count(&watch, "tls " NAME) != 1)
				fail_msg("records of %zu, order %u", record_bytes, order);
		}
}

static void large_hello_in_full_segments_gives_its_name_in_any_rotation(void **state)
{
	size_t segments;

	(void)state;
	make_stream(11000, 16384);
	segments = (stream.len + 1459) / 1460;
	for (unsigned with_syn = 0; with_syn < 2; with_syn++)
		for (size_t rotation = 0; rotation < segments; rotation++) {
			watch_again(&watch);
			if (with_syn)
				send_syn();
			for (size_t i = 0; i < segments; i++) {
				size_t at = (i + rotation) % segments * 1460;

				send_part(at, at + 1460 < stream.len ? at + 1460 : stream.len);
			}
			assert_int_equal(watch_count(&watch, "tls " NAME), 1);
		}
}

static void first_copy_of_a_byte_wins(void **state)
{
	static struct bytes other;

	(void)state;
	make_stream(100, 16384);
	other = stream;
	memset(other.at + 150, 'x', other.len - 150);
	watch_again(&watch);
	send_syn();
	send_part(140, stream.len);
	watch_segment(&watch, flow_to(443), FIRST_SEQ, KEEP_GOING, other.at, other.len);
	assert_int_equal(watch_count(&watch, "tls " NAME), 1);
	watch_again(&watch);
	send_syn();
	watch_segment(
	    &watch, flow_to(443), FIRST_SEQ + 140, KEEP_GOING, other.at + 140, other.len - 140);
	send_part(0, 145);
	assert_int_equal(watch_count(&watch, "tls " NAME), 0);
}

static void retransmission_in_other_pieces_changes_nothing(void **state)
{
	(void)state;
	make_stream(0, 16384);
	watch_again(&watch);
	send_syn();
	send_part(0, 40);
	send_part(0, 20);
	send_part(10, 60);
	send_part(30, 50);
	send_part(50, stream.len);
	assert_int_equal(watch_count(&watch, "tls " NAME), 1);
}

static void hole_does_not_stop_what_comes_behind_it(void **state)
{
	static const char first[] = "GET /1 HTTP/1.1\r\nHost: one.example\r\nCookie: lost";
	static const char second[] = "GET /2 HTTP/1.1\r\nHost: two.example\r\n\r\n";
	struct flow flow = flow_to(80);

	(void)state;
	watch_again(&watch);
	watch_segment(&watch, flow, 999, CF_TCP_SYN, "", 0);
	watch_segment(&watch, flow, 1000, KEEP_GOING, first, sizeof first - 1);
	watch_segment(&watch, flow, 3000, KEEP_GOING, second, sizeof second - 1);
	assert_int_equal(watch_count(&watch, "http two.example"), 1);
	cf_decoder_flush(watch.decoder);
	assert_int_equal(watch_count(&watch, "http one.example"), 1);
}

static void head_behind_a_hole_in_two_segments_is_read(void **state)
{
	static const char second[] = "GET /2 HTTP/1.1\r\nHost: two.example\r\n\r\n";
	struct flow flow = flow_to(80);

	(void)state;
	watch_again(&watch);
	watch_segment(&watch, flow, 999, CF_TCP_SYN, "", 0);
	watch_segment(&watch, flow, 3000, KEEP_GOING, second, 20);
	watch_segment(&watch, flow, 3020, KEEP_GOING, second + 20, sizeof second - 1 - 20);
	assert_int_equal(watch_count(&watch, "http two.example"), 1);
}

static void unfinished_hello_is_reported_when_it_expires(void **state)
{
	(void)state;
	make_stream(0, 16384);
	watch_again(&watch);
	send_syn();
	send_part(0, stream.len - 2);
	assert_int_equal(watch_count(&watch, "tls " NAME), 0);
	watch.now_us += (CF_STREAM_LIFE_S + 2) * INT64_C(1000000);
	watch_segment(&watch, flow_to(80), 1, KEEP_GOING, "", 0);
	assert_int_equal(watch_count(&watch, "tls " NAME), 1);
	assert_int_equal(watch_count(&watch, "incomplete"), 1);
	assert_int_equal(watch_counter(&watch, CF_COUNT_STREAMS_EXPIRED), 1);
}

static void requests_in_one_stream_are_each_found_in_small_segments(void **state)
{
	static const char requests[] =
	    "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 31\r\n\r\n"
	    "GET / HTTP/1.1\r\nHost: trap.ex\r\n"
	    "GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n"
	    "CONNECT c.example:443 HTTP/1.1\r\n\r\n";
	struct flow flow = flow_to(8080);
	size_t len = strlen(requests);

	(void)state;
	make_stream(0, 16384);
	for (size_t piece = 1; piece < 50; piece++) {
		watch_again(&watch);
		watch_segment(&watch, flow, 999, CF_TCP_SYN, "", 0);
		for (size_t at = 0; at < len; at += piece)
			watch_segment(&watch, flow, 1000 + (uint32_t)at, KEEP_GOING, requests + at,
			    at + piece < len ? piece : len - at);
		/* TLS inside CONNECT, cut in the middle and turned round. */
		watch_segment(&watch, flow, 1000 + (uint32_t)len + 50, KEEP_GOING, stream.at + 50,
		    stream.len - 50);
		watch_segment(&watch, flow, 1000 + (uint32_t)len, KEEP_GOING, stream.at, 50);
		assert_int_equal(watch_count(&watch, "http a.example"), 1);
		assert_int_equal(watch_count(&watch, "http b.example"), 1);
		assert_int_equal(watch_count(&watch, "http c.example:443"), 1);
		assert_int_equal(watch_count(&watch, "http trap.ex"), 0);
		assert_int_equal(watch_count(&watch, "tls " NAME), 1);
	}
}

static void whole_requests_are_found_whatever_their_sequence_numbers(void **state)
{
	static const uint32_t seqs[] = {1000, 1000, 900, 50, 5000, 0x90000000u, 1000, 1001, 70000};
	struct flow flow = flow_to(80);
	char request[128], note[64];

	(void)state;
	watch_segment(&watch, flow, 999, CF_TCP_SYN, "", 0);
	for (unsigned i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
		int len = snprintf(request, sizeof request,
		    "GET /%u HTTP/1.1\r\nHost: host%u.example\r\n\r\n", i, i);

		watch_segment(&watch, flow, seqs[i], KEEP_GOING, request, (size_t)len);
		snprintf(note, sizeof note, "http host%u.example", i);
		if (watch_count(&watch, note) != 1)
			fail_msg("request %u: %s", i, watch.notes);
	}
}

static void tls_and_http_on_the_dns_port_are_found(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";

	(void)state;
	make_stream(0, 16384);
	for (unsigned with_syn = 0; with_syn < 2; with_syn++) {
		watch_again(&watch);
		if (with_syn)
			watch_segment(&watch, flow_to(53), 999, CF_TCP_SYN, "", 0);
		watch_segment(&watch, flow_to(53), 1000, KEEP_GOING, stream.at, stream.len);
		assert_int_equal(watch_count(&watch, "tls " NAME), 1);
		watch_again(&watch);
		if (with_syn)
			watch_segment(&watch, flow_to(53), 999, CF_TCP_SYN, "", 0);
		watch_segment(&watch, flow_to(53), 1000, KEEP_GOING, request, sizeof request - 1);
		assert_int_equal(watch_count(&watch, "http " NAME), 1);
	}
}

static void hello_behind_socks_and_proxy_notes_is_found(void **state)
{
	static const char *const notes[] = {"\x05\x01\x00", "\x05\x02\x00\x01",
	    "\x05\x01\x00\x01\x0a\x01\x02\x03\x01\xbb",
	    ("\x05\x01\x00\x03\x03"
	     "abc\x01\xbb"),
	    "\x04\x01\x01\xbb\x0a\x01\x02\x03me", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
	    "EHLO me\r\nSTARTTLS\r\n"};
	static const size_t lens[] = {3, 4, 10, 10, 11, 34, 19};
	struct flow flow = flow_to(1080);

	(void)state;
	make_stream(0, 16384);
	for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		uint32_t seq = 1000;

		watch_again(&watch);
		watch_segment(&watch, flow, seq - 1, CF_TCP_SYN, "", 0);
		watch_segment(&watch, flow, seq, KEEP_GOING, notes[i], lens[i]);
		seq += (uint32_t)lens[i];
		watch_segment(&watch, flow, seq + 50, KEEP_GOING, stream.at + 50, stream.len - 50);
		watch_segment(&watch, flow, seq, KEEP_GOING, stream.at, 50);
		if (watch_count(&watch, "tls " NAME) != 1)
			fail_msg("note %u", i);
	}
}

static void dns_over_tcp_is_read_in_any_segments(void **state)
{
	static struct bytes query, queries;
	struct flow flow = flow_to(53);

	(void)state;
	queries.len = 0;
	for (unsigned i = 0; i < 3; i++) {
		char name[] = "a.example";

		name[0] = (char)('a' + i);
		query.len = 0;
		make_dns_query(&query, name);
		put16(&queries, (unsigned)query.len);
		put(&queries, query.at, query.len);
	}
	for (size_t piece = 1; piece < 20; piece++)
		for (unsigned reverse = 0; reverse < 2; reverse++) {
			size_t pieces = (queries.len + piece - 1) / piece;

			watch_again(&watch);
			watch_segment(&watch, flow, 999, CF_TCP_SYN, "", 0);
			for (size_t i = 0; i < pieces; i++) {
				size_t at = (reverse ? pieces - 1 - i : i) * piece;

				watch_segment(&watch, flow, 1000 + (uint32_t)at, KEEP_GOING,
				    queries.at + at,
				    at + piece < queries.len ? piece : queries.len - at);
			}
			assert_true(watch_count(&watch, "dns a.example") >= 1);
			assert_true(watch_count(&watch, "dns b.example") >= 1);
			assert_true(watch_count(&watch, "dns c.example") >= 1);
		}
}

static void response_gives_status_and_magic(void **state)
{
	static const char response[] =
	    "HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\nKLD2........HTTP/1.0 304 No\r\n\r\n";
	struct flow flow = flow_back(flow_to(80));
	size_t len = sizeof response - 1;

	(void)state;
	for (size_t piece = 1; piece < len; piece++) {
		watch_again(&watch);
		watch_segment(&watch, flow, 999, CF_TCP_SYN | CF_TCP_ACK, "", 0);
		for (size_t at = 0; at < len; at += piece)
			watch_segment(&watch, flow, 1000 + (uint32_t)at, KEEP_GOING, response + at,
			    at + piece < len ? piece : len - at);
		assert_int_equal(watch_count(&watch, "status 200"), 1);
		assert_int_equal(watch_count(&watch, "body KLD2"), 1);
		assert_int_equal(watch_count(&watch, "status 304"), 1);
	}
}

/* Segments of one connection, each behind the one before in its direction. */
struct talk {
	struct flow flow;
	uint32_t client_seq, server_seq;
};

static void say_bytes(struct talk *talk, bool server, const void *bytes, size_t len)
{
	uint32_t *seq = server ? &talk->server_seq : &talk->client_seq;

	watch_segment(
	    &watch, server ? flow_back(talk->flow) : talk->flow, *seq, KEEP_GOING, bytes, len);
	*seq += (uint32_t)len;
}

static void say(struct talk *talk, bool server, const char *text)
{
	say_bytes(talk, server, text, strlen(text));
}

static struct talk begin_talk(uint16_t port)
{
	struct talk talk = {.flow = flow_to(port), .client_seq = 1000, .server_seq = 5000};

	watch_again(&watch);
	watch_segment(&watch, talk.flow, 999, CF_TCP_SYN, "", 0);
	watch_segment(&watch, flow_back(talk.flow), 4999, CF_TCP_SYN | CF_TCP_ACK, "", 0);
	return talk;
}

#define TRAP   "GET /trap HTTP/1.1\r\nHost: trap.example\r\n\r\n"     /* 42 bytes */
#define BAIT   "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nKLD2...." /* 46 bytes */
#define NEXT   "GET /next HTTP/1.1\r\nHost: next.example\r\n\r\n"
#define ANSWER "HTTP/1.1 299 Next\r\nContent-Length: 0\r\n\r\n"

static void a_body_is_no_message(void **state)
{
	/* Heads, then what of the body comes with them; then its rest in segments of its own. */
	static const struct {
		const char *request, *response, *rest[4];
	} cases[] = {
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	        "HTTP/1.1 200 OK\r\nContent-Length: 92\r\n\r\nabcd", {TRAP, BAIT}},
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5c;x=\"y\"\r\nabcd",
	        {TRAP, BAIT, "\r\n0\r\nX: y\r\n\r\n"}},
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n",
	        {TRAP, "\r\n2e\r\n", BAIT, "\r\n0\r\n\r\n"}},
	    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 42\r\n\r\n" TRAP,
	        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n",
	        {NULL}},
	    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n" TRAP
	     "\r\n0\r\n\r\n",
	        "HTTP/1.1 304 Not\r\nContent-Length: 900\r\n\r\n", {NULL}},
	    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
	        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", {NULL}},
	    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
	        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {NULL}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct talk talk = begin_talk(80);

		say(&talk, false, cases[i].request);
		say(&talk, true, cases[i].response);
		for (unsigned j = 0; j < 4 && cases[i].rest[j] != NULL; j++)
			say(&talk, true, cases[i].rest[j]);
		say(&talk, false, NEXT);
		say(&talk, true, ANSWER);
		if (watch_count(&watch, "http trap.example") != 0 ||
		    watch_count(&watch, "body KLD2") != 0)
			fail_msg("body %u read as a message: %s", i, watch.notes);
		if (watch_count(&watch, "http a") != 1 ||
		    watch_count(&watch, "http next.example") != 1 ||
		    watch_count(&watch, "status 299") != 1)
			fail_msg("lost behind body %u: %s", i, watch.notes);
	}
}

static void a_posted_body_is_no_request_whatever_the_segments(void **state)
{
	static const char *const heads[] = {
	    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 126\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7e\r\n"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct talk talk = begin_talk(80);
		uint32_t body_seq;

		say(&talk, false, heads[i]);
		body_seq = talk.client_seq;
		for (unsigned j = 0; j < 3; j++)
			say(&talk, false, TRAP);
		if (i == 1)
			say(&talk, false, "\r\n0\r\n\r\n");
		say(&talk, false, NEXT);
		/* Sent again, late. */
		watch_segment(&watch, talk.flow, body_seq + 42, KEEP_GOING, TRAP, 42);
		assert_int_equal(watch_count(&watch, "http trap.example"), 0);
		assert_int_equal(watch_count(&watch, "http next.example"), 1);
	}
}

static void requests_come_from_who_began_and_answers_from_the_other(void **state)
{
	struct talk talk;

	(void)state;
	/* A server that speaks first, as FTP's data connections do: a file that begins like this.
	 */
	talk = begin_talk(40001);
	say(&talk, true, TRAP);
	say(&talk, true, TRAP);
	say(&talk, false, BAIT);
	assert_int_equal(watch_count(&watch, "http trap.example"), 0);
	assert_int_equal(watch_count(&watch, "body KLD2"), 0);
	/* Nobody saw the beginning: well-known ports tell, and what the other side was seen to do.
	 */
	watch_again(&watch);
	watch_segment(&watch, flow_back(flow_to(80)), 77, KEEP_GOING, TRAP, strlen(TRAP));
	watch_segment(&watch, flow_to(9000), 1000, KEEP_GOING, NEXT, strlen(NEXT));
	watch_segment(&watch, flow_back(flow_to(9000)), 99, KEEP_GOING, TRAP, strlen(TRAP));
	assert_int_equal(watch_count(&watch, "http trap.example"), 0);
	assert_int_equal(watch_count(&watch, "http next.example"), 1);
	/* A body to the end of the connection. */
	talk = begin_talk(80);
	say(&talk, false, NEXT);
	say(&talk, true, "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n01234567");
	say(&talk, true, BAIT);
	assert_int_equal(watch_count(&watch, "body KLD2"), 0);
}

static void mail_is_no_request(void **state)
{
	struct talk talk = begin_talk(25);

	(void)state;
	make_stream(0, 16384);
	say(&talk, false, "EHLO a\r\n");
	say(&talk, false, "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n");
	for (unsigned i = 0; i < 40; i++)
		say(&talk, false, TRAP);
	say(&talk, false, ".\r\n");
	/* From the middle, too; and on any port once lines were seen. */
	watch_segment(&watch, flow_to(587), 77, KEEP_GOING, TRAP, strlen(TRAP));
	assert_int_equal(watch_count(&watch, "http trap.example"), 0);
	talk = begin_talk(2525);
	say(&talk, false, "EHLO a\r\nDATA\r\n");
	say(&talk, false, TRAP);
	assert_int_equal(watch_count(&watch, "http trap.example"), 0);
	say(&talk, false, "STARTTLS\r\n");
	say_bytes(&talk, false, stream.at, stream.len);
	assert_int_equal(watch_count(&watch, "tls " NAME), 1);
}

static void what_follows_connect_is_read(void **state)
{
	struct talk talk = begin_talk(3128);

	(void)state;
	make_stream(0, 16384);
	say(&talk, false, "CONNECT c.example:443 HTTP/1.1\r\n\r\n");
	say(&talk, true, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
	say_bytes(&talk, false, stream.at, stream.len);
	say(&talk, true, ANSWER);
	assert_int_equal(watch_count(&watch, "tls " NAME), 1);
	assert_int_equal(watch_count(&watch, "status 299"), 1);
}

static void a_request_behind_a_chunked_one_in_one_segment_is_found(void **state)
{
	static const char both[] =
	    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n" NEXT;

	(void)state;
	for (size_t piece = 1; piece <= sizeof both - 1; piece++) {
		struct talk talk = begin_talk(8080);

		for (size_t at = 0; at < sizeof both - 1; at += piece)
			say_bytes(&talk, false, both + at,
			    at + piece < sizeof both - 1 ? piece : sizeof both - 1 - at);
		assert_int_equal(watch_count(&watch, "http a"), 1);
		assert_int_equal(watch_count(&watch, "http next.example"), 1);
	}
}

static void what_begins_in_the_middle_is_marked_so(void **state)
{
	struct talk talk = begin_talk(8080);

	(void)state;
	say(&talk, false, NEXT);
	assert_int_equal(watch_count(&watch, "unsure"), 0);
	watch_again(&watch);
	watch_segment(&watch, flow_to(8080), 77, KEEP_GOING, NEXT, strlen(NEXT));
	assert_int_equal(watch_count(&watch, "http next.example"), 1);
	assert_int_equal(watch_count(&watch, "unsure"), 1);
}

static void dns_over_tcp_is_known_by_its_shape_on_any_port(void **state)
{
	static struct bytes query, both;

	(void)state;
	query.len = both.len = 0;
	make_dns_query(&query, "a.example");
	for (unsigned i = 0; i < 2; i++) {
		put16(&both, (unsigned)query.len);
		put(&both, query.at, query.len);
	}
	for (size_t piece = 1; piece <= both.len; piece++) {
		struct talk talk = begin_talk(5353);

		for (size_t at = 0; at < both.len; at += piece)
			say_bytes(&talk, false, both.at + at,
			    at + piece < both.len ? piece : both.len - at);
		if (watch_count(&watch, "dns a.example") != 2)
			fail_msg("pieces of %zu: %s", piece, watch.notes);
	}
	/* From the middle: a segment that is a message. */
	watch_again(&watch);
	watch_segment(&watch, flow_to(5353), 77, KEEP_GOING, both.at, both.len / 2);
	assert_int_equal(watch_count(&watch, "dns a.example"), 1);
}

/* CPU time of a head of len bytes in segments of one byte, the best of three. */
static double cost_of_head(size_t len)
{
	double best = 1e9;

	for (unsigned round = 0; round < 3; round++) {
		struct talk talk = begin_talk(80);
		clock_t began = clock();
		double took;

		say(&talk, false, "GET / HTTP/1.1\r\n");
		for (size_t i = 0; i < len; i++) {
			char byte = "a:b\r\n"[i % 5];

			watch.len = 0;
			say_bytes(&talk, false, &byte, 1);
		}
		took = (double)(clock() - began);
		best = took < best ? took : best;
	}
	return best;
}

static void a_head_in_single_bytes_costs_what_its_bytes_cost(void **state)
{
	(void)state;
	/* Four times the bytes cost four times as much; read anew for each byte, sixteen. */
	assert_true(cost_of_head(14000) < 9 * cost_of_head(3500) + 2000);
}

static void a_name_asked_of_a_socks_proxy_is_found(void **state)
{
	static const char five[] = "\5\1\0\3\11a.example\1\273", /* and two that are no names */
	    bytes[] = "\5\1\0\3\11a\1example\1\273", four[] = "\4\1\1\273\0\0\0\1user\0a.example";
	struct talk talk;

	(void)state;
	for (size_t piece = 1; piece < sizeof five; piece++) {
		talk = begin_talk(1080);
		say_bytes(&talk, false, "\5\1\0", 3);
		say_bytes(&talk, true, "\5\0", 2);
		for (size_t at = 0; at < sizeof five - 1; at += piece)
			say_bytes(&talk, false, five + at,
			    at + piece < sizeof five - 1 ? piece : sizeof five - 1 - at);
		assert_int_equal(watch_count(&watch, "socks a.example"), 1);
	}
	talk = begin_talk(1080);
	say_bytes(&talk, false, four, sizeof four);
	assert_int_equal(watch_count(&watch, "socks a.example"), 1);
	talk = begin_talk(1080);
	say_bytes(&talk, false, bytes, sizeof bytes - 1);
	say_bytes(&talk, true, five, sizeof five - 1); /* a server asks nothing */
	watch_segment(&watch, flow_to(1081), 77, KEEP_GOING, five, sizeof five - 1);
	assert_int_equal(watch_count(&watch, "socks a.example"), 0);
}

static void a_port_scan_is_no_lack_of_room(void **state)
{
	(void)state;
	watch_again(&watch);
	for (uint32_t i = 0; i < 2 * CF_STREAM_FLOWS; i++) {
		struct flow flow = flow_to(443);

		flow.src[1] = (uint8_t)(i >> 16);
		flow.src[2] = (uint8_t)(i >> 8);
		flow.src[3] = (uint8_t)i;
		watch.len = 0;
		watch_segment(&watch, flow, 7, CF_TCP_SYN, "", 0);
	}
	assert_true(watch_counter(&watch, CF_COUNT_OPENINGS_EVICTED) >= CF_STREAM_FLOWS);
	assert_int_equal(watch_counter(&watch, CF_COUNT_POSITIONS_EVICTED), 0);
}

static void certificate_comes_out_of_any_segments(void **state)
{
	static struct bytes flight, records;
	struct flow flow = flow_back(flow_to(443));

	(void)state;
	flight.len = records.len = 0;
	put8(&flight, 2);
	put24(&flight, 38);
	put16(&flight, 0x0303);
	for (unsigned i = 0; i < 32; i++)
		put8(&flight, 'r');
	put8(&flight, 0);
	put16(&flight, 0xc02f);
	put8(&flight, 0);
	put8(&flight, 11);
	put24(&flight, 3 + 3 + 700);
	put24(&flight, 3 + 700);
	put24(&flight, 700);
	for (unsigned i = 0; i < 700; i++)
		put8(&flight, 'c');
	make_records(&records, &flight, 200);
	for (size_t piece = 20; piece < records.len; piece += 13) {
		watch_again(&watch);
		watch_segment(&watch, flow, 999, CF_TCP_SYN | CF_TCP_ACK, "", 0);
		for (size_t at = 0; at < records.len; at += piece)
			watch_segment(&watch, flow, 1000 + (uint32_t)at, KEEP_GOING,
			    records.at + at, at + piece < records.len ? piece : records.len - at);
		assert_int_equal(watch_count(&watch, "server 0303 700"), 1);
	}
}

static void tables_stay_bounded_and_evictions_are_counted(void **state)
{
	(void)state;
	make_stream(0, 16384);
	watch_again(&watch);
	for (unsigned i = 0; i < CF_STREAMS + 100; i++) {
		struct flow flow = flow_to(443);

		flow.src[2] = (uint8_t)(i >> 8);
		flow.src[3] = (uint8_t)i;
		watch_segment(&watch, flow, 7, KEEP_GOING, stream.at, stream.len / 2);
	}
	assert_int_equal(watch_counter(&watch, CF_COUNT_STREAMS_EVICTED), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        hello_cut_in_two_anywhere_in_any_order_gives_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(
	        hello_that_looks_like_records_when_cut_gives_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(
	        hello_cut_in_three_in_any_order_gives_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(hello_byte_by_byte_gives_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(
	        hello_over_records_of_any_size_gives_its_name, start, stop),
	    cmocka_unit_test_setup_teardown(
	        large_hello_in_full_segments_gives_its_name_in_any_rotation, start, stop),
	    cmocka_unit_test_setup_teardown(first_copy_of_a_byte_wins, start, stop),
	    cmocka_unit_test_setup_teardown(
	        retransmission_in_other_pieces_changes_nothing, start, stop),
	    cmocka_unit_test_setup_teardown(hole_does_not_stop_what_comes_behind_it, start, stop),
	    cmocka_unit_test_setup_teardown(
	        head_behind_a_hole_in_two_segments_is_read, start, stop),
	    cmocka_unit_test_setup_teardown(
	        unfinished_hello_is_reported_when_it_expires, start, stop),
	    cmocka_unit_test_setup_teardown(
	        requests_in_one_stream_are_each_found_in_small_segments, start, stop),
	    cmocka_unit_test_setup_teardown(
	        whole_requests_are_found_whatever_their_sequence_numbers, start, stop),
	    cmocka_unit_test_setup_teardown(tls_and_http_on_the_dns_port_are_found, start, stop),
	    cmocka_unit_test_setup_teardown(
	        hello_behind_socks_and_proxy_notes_is_found, start, stop),
	    cmocka_unit_test_setup_teardown(dns_over_tcp_is_read_in_any_segments, start, stop),
	    cmocka_unit_test_setup_teardown(response_gives_status_and_magic, start, stop),
	    cmocka_unit_test_setup_teardown(a_body_is_no_message, start, stop),
	    cmocka_unit_test_setup_teardown(
	        a_posted_body_is_no_request_whatever_the_segments, start, stop),
	    cmocka_unit_test_setup_teardown(
	        requests_come_from_who_began_and_answers_from_the_other, start, stop),
	    cmocka_unit_test_setup_teardown(mail_is_no_request, start, stop),
	    cmocka_unit_test_setup_teardown(what_follows_connect_is_read, start, stop),
	    cmocka_unit_test_setup_teardown(
	        a_request_behind_a_chunked_one_in_one_segment_is_found, start, stop),
	    cmocka_unit_test_setup_teardown(what_begins_in_the_middle_is_marked_so, start, stop),
	    cmocka_unit_test_setup_teardown(
	        dns_over_tcp_is_known_by_its_shape_on_any_port, start, stop),
	    cmocka_unit_test_setup_teardown(a_name_asked_of_a_socks_proxy_is_found, start, stop),
	    cmocka_unit_test_setup_teardown(
	        a_head_in_single_bytes_costs_what_its_bytes_cost, start, stop),
	    cmocka_unit_test_setup_teardown(a_port_scan_is_no_lack_of_room, start, stop),
	    cmocka_unit_test_setup_teardown(certificate_comes_out_of_any_segments, start, stop),
	    cmocka_unit_test_setup_teardown(
	        tables_stay_bounded_and_evictions_are_counted, start, stop),
	};

	return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
