/* fleet/collect/serve.c over a socket, byte by byte: what is refused, and with which words. */

#include "fleet/collect/collector.h"

#include "fleet/wire/bundle_body.h"
#include "fleet_log.h"
#include "gate_memory.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RUN  "01KE5K8T4B0000000000000000"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define PATH "/v1/bundle/edge-01/resolver/" RUN "/1/1/" ZERO "/" ZERO "/1"

static struct cf_collector *start(struct gate_memory *memory, enum cf_collector_names names,
    unsigned seconds, size_t memory_bytes)
{
	const struct cf_collector_options options = {.listen = "127.0.0.1:0",
	    .names = names,
	    .seconds = seconds,
	    .memory_bytes = memory_bytes,
	    .gate = gate_memory_gate(memory)};
	struct cf_collector *collector;
	struct cf_error error;

	gate_memory_init(memory);
	if (cf_collector_start(&options, &collector, &error) != CF_OK)
		fail_msg("%s", error.text);
	return collector;
}

static int connect_to(const struct cf_collector *collector)
{
	const struct timeval patience = {.tv_sec = 60};
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)cf_collector_port(collector)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void send_bytes(int fd, const void *bytes, size_t len)
{
	for (size_t sent = 0; sent < len;) {
		ssize_t got = send(fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);

		if (got <= 0)
			return; /* it was answered before */
		sent += (size_t)got;
	}
}

/* The answer's status, its text behind the head; 0: hung up without one. */
static int read_answer(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while (len + 1 < size && (got = recv(fd, text + len, size - 1 - len, 0)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	return strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : 0;
}

static int ask(const struct cf_collector *collector, const char *line, const char *headers,
    const void *body, size_t len, char *text, size_t size)
{
	char head[2048];
	int fd = connect_to(collector), code;

	(void)snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
	    line, headers);
	send_bytes(fd, head, strlen(head));
	if (len > 0)
		send_bytes(fd, body, len);
	code = read_answer(fd, text, size);
	(void)close(fd);
	return code;
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *line, *headers;
		int code;
	} tries[] = {
	    {"GET /healthz", "", 200},
	    {"GET /", "", 404},
	    {"GET /v2/head/a/b", "", 404},
	    {"GET /v1/head/a", "", 400},
	    {"GET /v1/head/%2e%2e/b", "", 400},
	    {"PUT /v1/head/a/b", "Content-Length: 0\r\n", 405},
	    {"DELETE " PATH, "", 405},
	    {"GET " PATH, "", 405},
	    {"PUT " PATH, "", 411},
	    {"PUT " PATH, "Content-Length: 0\r\n", 411},
	    {"PUT " PATH, "Transfer-Encoding: chunked\r\n", 411},
	    {"PUT " PATH, "Content-Length: 33554433\r\n", 413},
	    {"PUT " PATH, "Content-Length: 99999999999999999999999\r\n", 413},
	    {"PUT " PATH, "Content-Length: 5\r\n\r\nhello", 400},
	};
	static struct gate_memory memory;
	struct cf_collector *collector = start(&memory, CF_COLLECTOR_ANYONE, 0, 0);
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		int code =
		    ask(collector, tries[i].line, tries[i].headers, NULL, 0, text, sizeof text);

		/* A length that is no number may also be the library's own refusal. */
		if (code != tries[i].code && !(tries[i].code == 413 && code == 400))
			fail_msg("%s %s: %d instead of %d: %s", tries[i].line, tries[i].headers,
			    code, tries[i].code, text);
	}
	memory.is_away = true;
	assert_int_equal(ask(collector, "GET /healthz", "", NULL, 0, text, sizeof text), 503);
	assert_non_null(strstr(text, "Retry-After"));
	assert_int_equal(ask(collector, "GET /v1/head/a/b", "", NULL, 0, text, sizeof text), 503);
	cf_collector_stop(collector);
	gate_memory_done(&memory);
}

static void a_proxy_has_to_say_who_it_is(void **state)
{
	static struct gate_memory memory;
	struct cf_collector *collector = start(&memory, CF_COLLECTOR_PROXY, 0, 0);
	char text[4096];

	(void)state;
	assert_int_equal(ask(collector, "GET /healthz", "", NULL, 0, text, sizeof text), 200);
	assert_int_equal(ask(collector, "GET /v1/head/a/b", "", NULL, 0, text, sizeof text), 403);
	assert_int_equal(ask(collector, "GET /v1/head/a/b", "X-Curfew-Client: a\r\n", NULL, 0, text,
	                     sizeof text),
	    403);
	assert_int_equal(
	    ask(collector, "PUT " PATH, "Content-Length: 5\r\n", "hello", 5, text, sizeof text),
	    403);
	cf_collector_stop(collector);
	gate_memory_done(&memory);
}

static void only_tls_is_reached_from_elsewhere(void **state)
{
	static struct gate_memory memory;
	static const char *const places[] = {
	    "0.0.0.0:0", "[::]:0", "192.0.2.1:8443", "localhost:8443", "8443", "unix:", ":1"};

	(void)state;
	gate_memory_init(&memory);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const struct cf_collector_options options = {.listen = places[i],
		    .names = CF_COLLECTOR_ANYONE,
		    .gate = gate_memory_gate(&memory)};
		struct cf_collector *collector;
		struct cf_error error;
		enum cf_status status = cf_collector_start(&options, &collector, &error);

		/* An address that is not ours cannot be bound. */
		assert_true(status == CF_EINVALID || (i == 2 && status == CF_EIO) ||
		    (i == 1 && status == CF_EIO));
	}
	gate_memory_done(&memory);
}

/* Who says little, slowly, is cut off; in the head as in the body. */
static void slow_clients_are_cut_off(void **state)
{
	static const char *const begins[] = {"GET /hea",
	    "PUT " PATH " HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 100\r\n\r\nab"};
	static struct gate_memory memory;
	struct cf_collector *collector = start(&memory, CF_COLLECTOR_ANYONE, 1, 0);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct timespec pause = {.tv_nsec = 200000000};
		int fd = connect_to(collector);
		unsigned tries = 0;

		send_bytes(fd, begins[i], strlen(begins[i]));
		while (tries++ < 200 && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
			cf_collector_tend(collector);
			(void)nanosleep(&pause, NULL);
		}
		assert_true(tries < 200);
		(void)close(fd);
	}
	cf_collector_stop(collector);
	gate_memory_done(&memory);
}

/* While one body is on its way, another has no room, and gets it afterwards. */
static void bodies_have_so_much_memory(void **state)
{
	static struct gate_memory memory;
	struct cf_collector *collector = start(&memory, CF_COLLECTOR_ANYONE, 0, 1000);
	const char begin[] = "PUT " PATH " HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc";
	const struct timespec pause = {.tv_nsec = 50000000};
	char text[4096];
	int fd = connect_to(collector), code = 0;

	(void)state;
	send_bytes(fd, begin, sizeof begin - 1);
	for (unsigned i = 0; i < 200 && code != 503; i++) {
		(void)nanosleep(&pause, NULL);
		code = ask(
		    collector, "PUT " PATH, "Content-Length: 900\r\n", NULL, 0, text, sizeof text);
	}
	assert_int_equal(code, 503);
	assert_non_null(strstr(text, "too much is under way"));
	(void)close(fd);
	/* Room again as soon as the library has seen that it hung up. */
	for (unsigned i = 0; i < 200 && code == 503; i++) {
		(void)nanosleep(&pause, NULL);
		code = ask(
		    collector, "PUT " PATH, "Content-Length: 5\r\n", "hello", 5, text, sizeof text);
	}
	assert_int_equal(code, 400);
	cf_collector_stop(collector);
	gate_memory_done(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_request_is_refused),
	    cmocka_unit_test(a_proxy_has_to_say_who_it_is),
	    cmocka_unit_test(only_tls_is_reached_from_elsewhere),
	    cmocka_unit_test(slow_clients_are_cut_off),
	    cmocka_unit_test(bodies_have_so_much_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
