/* HTTP/1 heads: who is asked, for what, and where the next message begins. */

#include "monitor/message/decode_http.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cf_slice text(const char *string)
{
	return (struct cf_slice){.data = (const uint8_t *)string, .len = strlen(string)};
}

static void expect(struct cf_slice slice, const char *string)
{
	assert_int_equal(slice.len, strlen(string));
	if (slice.len > 0)
		assert_memory_equal(slice.data, string, slice.len);
}

static void host_is_the_header_or_else_the_target(void **state)
{
	static const struct {
		const char *head;
		const char *host;
		const char *target;
	} cases[] = {
	    {"GET /a HTTP/1.1\r\nHost: one.example:80\r\n\r\n", "one.example:80", "/a"},
	    {"GET /a HTTP/1.1\nhost:\t one.example \n\n", "one.example", "/a"},
	    /* RFC 9112 3.2.2: the Host field is to be ignored beside an absolute target. */
	    {"GET http://two.example/x HTTP/1.1\r\nHost: one.example\r\n\r\n", "two.example",
	        "http://two.example/x"},
	    {"GET HTTPS://u:p@two.example:8443?q=a@b HTTP/1.1\r\nHost: one.example\r\n\r\n",
	        "two.example:8443", "HTTPS://u:p@two.example:8443?q=a@b"},
	    {"GET ftp://two.example#/ HTTP/1.1\r\nHost: one.example\r\n\r\n", "two.example",
	        "ftp://two.example#/"},
	    {"GET http:///x HTTP/1.1\r\nHost: one.example\r\n\r\n", "one.example", "http:///x"},
	    {"GET /?u=http://two.example/ HTTP/1.1\r\nHost: one.example\r\n\r\n", "one.example",
	        "/?u=http://two.example/"},
	    {"CONNECT two.example:25 / HTTP/1.0\r\n\r\n", "two.example:25", "two.example:25 /"},
	    {"CONNECT / HTTP/1.1\r\nHost: one.example\r\n\r\n", "one.example", "/"},
	    {"CONNECT two.example:443 HTTP/1.1\r\nHost: one.example\r\n\r\n", "two.example:443",
	        "two.example:443"},
	    {"GET http://two.example/x HTTP/1.0\r\n\r\n", "two.example", "http://two.example/x"},
	    {"GET http://two.example HTTP/1.0\r\n\r\n", "two.example", "http://two.example"},
	    {"CONNECT c.example:443 HTTP/1.1\r\n\r\n", "c.example:443", "c.example:443"},
	    {"OPTIONS * HTTP/1.1\r\n\r\n", "", "*"},
	    {"VERSION-CONTROL /v HTTP/1.1\r\nX: y\r\nHOST: h\r\nHost: second\r\n\r\n", "h", "/v"},
	    {"GET /with space HTTP/1.1\r\nHost: h\r\n\r\n", "h", "/with space"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cf_http_request request = {.complete = false};
		struct cf_http_framing next = {0};

		assert_int_equal(cf_http_request_match(text(cases[i].head)), CF_MATCH_YES);
		assert_int_equal(
		    cf_http_request_read(text(cases[i].head), &request, &next), CF_READING_DONE);
		expect(request.host, cases[i].host);
		expect(request.target, cases[i].target);
		assert_true(request.complete);
		assert_int_equal(next.head_bytes, strlen(cases[i].head));
	}
}

static void other_protocols_are_not_requests(void **state)
{
	static const char *const others[] = {"EHLO me\r\n", "USER name\r\n", "GET\r\n", "GE",
	    "INVITE sip:a@b SIP/2.0\r\n", "OPTIONS rtsp://h/ RTSP/1.0\r\n", "get / HTTP/1.1\r\n",
	    "SSH-2.0-OpenSSH\r\n", "GET /\r\n", " GET / HTTP/1.1\r\n", "A B HTTP/1.1\r\n"};

	(void)state;
	for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
		if (cf_http_request_match(text(others[i])) == CF_MATCH_YES)
			fail_msg("'%s'", others[i]);
}

static void any_prefix_of_a_request_may_become_one(void **state)
{
	static const char head[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

	(void)state;
	for (size_t len = 1; len < sizeof head - 1; len++) {
		struct cf_slice part = {.data = (const uint8_t *)head, .len = len};
		struct cf_http_request request = {.complete = false};
		struct cf_http_framing next;

		assert_int_not_equal(cf_http_request_match(part), CF_MATCH_NO);
		assert_int_equal(cf_http_request_read(part, &request, &next), CF_READING_MORE);
	}
}

static void next_request_begins_behind_the_body(void **state)
{
	struct cf_http_request request = {.complete = false};
	struct cf_http_framing next = {0};

	(void)state;
	assert_int_equal(
	    cf_http_request_read(
	        text("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nbody"), &request, &next),
	    CF_READING_DONE);
	assert_int_equal(next.body, CF_HTTP_BODY_LENGTH);
	assert_int_equal(next.head_bytes, 41);
	assert_int_equal(next.body_bytes, 1000);
	assert_int_equal(
	    cf_http_request_read(
	        text("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), &request, &next),
	    CF_READING_DONE);
	assert_int_equal(next.body, CF_HTTP_BODY_CHUNKED);
	/* Nobody knows where a body of no true length ends (RFC 9112 6.3): it is not absent. */
	assert_int_equal(
	    cf_http_request_read(
	        text("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), &request,
	        &next),
	    CF_READING_DONE);
	assert_int_equal(next.body, CF_HTTP_BODY_UNKNOWN);
}

/* A head of count fields of that line, and last behind them; to be freed. */
static char *many_fields(unsigned count, const char *line, const char *last)
{
	char *head = calloc(1, 64 + count * strlen(line) + strlen(last)), *end = head;

	end = stpcpy(end, "POST / HTTP/1.1\r\n");
	for (unsigned i = 0; i < count; i++)
		end = stpcpy(end, line);
	end = stpcpy(end, last);
	(void)stpcpy(end, "\r\n");
	return head;
}

static void only_so_many_fields_of_a_head_are_looked_at(void **state)
{
	static const struct {
		unsigned count;
		const char *line;
		bool host, left_out;
		enum cf_http_body body;
	} cases[] = {
	    {1, "cookie:x\r\n", true, false, CF_HTTP_BODY_LENGTH},
	    {CF_HTTP_FIELDS_READ - 2, "cookie:x\r\n", true, false, CF_HTTP_BODY_LENGTH},
	    {CF_HTTP_FIELDS_READ - 1, "cookie:x\r\n", true, true, CF_HTTP_BODY_UNKNOWN},
	    {CF_HTTP_FIELDS_READ, "h\n", false, true, CF_HTTP_BODY_UNKNOWN},
	    {5000, " :\n", false, true, CF_HTTP_BODY_UNKNOWN},
	    {5000, "x:y\r\n", true, false, CF_HTTP_BODY_LENGTH},
	    {5000, "x\n", true, false, CF_HTTP_BODY_LENGTH},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *head = many_fields(
		    cases[i].count, cases[i].line, "Host: late\r\nContent-Length: 7\r\n");
		struct cf_http_request request = {.complete = false};
		struct cf_http_framing next = {0};

		assert_int_equal(
		    cf_http_request_read(text(head), &request, &next), CF_READING_DONE);
		assert_true(request.complete);
		assert_int_equal(request.has_host, cases[i].host);
		assert_int_equal(request.fields_left_out, cases[i].left_out);
		assert_int_equal(next.body, cases[i].body);
		assert_int_equal(next.head_bytes, strlen(head));
		assert_int_equal(request.headers.len, strlen(head) - strlen("POST / HTTP/1.1\r\n"));
		free(head);
	}
}

static void response_waits_for_the_first_bytes_of_its_body(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nKLZF1234";
	struct cf_http_response response = {.code = 0};
	struct cf_http_framing next = {0};

	(void)state;
	for (size_t len = 1; len < sizeof head - 1; len++) {
		struct cf_slice part = {.data = (const uint8_t *)head, .len = len};

		assert_int_equal(
		    cf_http_response_read(part, false, &response, &next), CF_READING_MORE);
	}
	assert_int_equal(
	    cf_http_response_read(text(head), false, &response, &next), CF_READING_DONE);
	assert_int_equal(response.code, 200);
	expect(response.body, "KLZF1234");
	assert_int_equal(
	    cf_http_response_read(text("HTTP/1.1 304 No\r\n\r\n"), false, &response, &next),
	    CF_READING_DONE);
	assert_int_equal(next.body, CF_HTTP_BODY_NONE);
	assert_int_equal(next.head_bytes, 19);
	assert_int_equal(
	    cf_http_response_read(
	        text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), false, &response, &next),
	    CF_READING_DONE);
	expect(response.body, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(host_is_the_header_or_else_the_target),
	    cmocka_unit_test(other_protocols_are_not_requests),
	    cmocka_unit_test(any_prefix_of_a_request_may_become_one),
	    cmocka_unit_test(next_request_begins_behind_the_body),
	    cmocka_unit_test(only_so_many_fields_of_a_head_are_looked_at),
	    cmocka_unit_test(response_waits_for_the_first_bytes_of_its_body),
	};

	return cmocka_run_group_tests_name("decode_http", tests, NULL, NULL);
}
