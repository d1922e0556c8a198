/* Rows of names: once each, clean, and nothing in them that breaks the table. */

#include "monitor/names_printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct cf_endpoints ends = {.client = {.family = 4, .bytes = {10, 0, 0, 1}},
    .server = {.family = 4, .bytes = {192, 0, 2, 1}},
    .client_port = 40000,
    .server_port = 443};

static struct cf_names_printer *printer;
static char *printed;
static size_t printed_len;
static FILE *out;

static int start(void **state)
{
	(void)state;
	out = open_memstream(&printed, &printed_len);
	return out == NULL || cf_names_printer_new(out, &printer) != CF_OK;
}

static int stop(void **state)
{
	(void)state;
	cf_names_printer_free(printer);
	(void)fclose(out); /* in memory */
	free(printed);
	return 0;
}

static void send_sni(const char *name, size_t len, enum cf_transport transport)
{
	struct cf_observer observer = cf_names_printer_observer(printer);
	struct cf_client_hello hello = {.transport = transport,
	    .ends = ends,
	    .has_sni = true,
	    .sni = {.data = (const uint8_t *)name, .len = len}};

	observer.client_hello(observer.context, NULL, &hello);
	(void)fflush(out); /* in memory */
}

static void send_host(const char *host)
{
	struct cf_observer observer = cf_names_printer_observer(printer);
	struct cf_http_request request = {
	    .ends = ends, .host = {.data = (const uint8_t *)host, .len = strlen(host)}};

	observer.http_request(observer.context, NULL, &request);
	(void)fflush(out); /* in memory */
}

static void row_comes_once_and_each_kind_for_itself(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		send_sni("WWW.Example.com.", 16, CF_TRANSPORT_TCP);
		send_sni("www.example.com", 15, CF_TRANSPORT_QUIC);
	}
	assert_string_equal(printed,
	    "10.0.0.1\t192.0.2.1\t443\ttls\twww.example.com\n"
	    "10.0.0.1\t192.0.2.1\t443\tquic\twww.example.com\n");
	cf_names_printer_forget(printer);
	send_sni("www.example.com", 15, CF_TRANSPORT_TCP);
	assert_int_equal(cf_names_printer_status(printer), CF_OK);
	assert_string_equal(printed,
	    "10.0.0.1\t192.0.2.1\t443\ttls\twww.example.com\n"
	    "10.0.0.1\t192.0.2.1\t443\tquic\twww.example.com\n"
	    "10.0.0.1\t192.0.2.1\t443\ttls\twww.example.com\n");
}

static void host_loses_its_port(void **state)
{
	(void)state;
	send_host("one.example:8080");
	send_host("[2001:db8::1]:443");
	send_host("2001:db8::2");
	send_host("three.example.");
	send_host("");
	assert_string_equal(printed,
	    "10.0.0.1\t192.0.2.1\t443\thttp\tone.example\n"
	    "10.0.0.1\t192.0.2.1\t443\thttp\t2001:db8::1\n"
	    "10.0.0.1\t192.0.2.1\t443\thttp\t2001:db8::2\n"
	    "10.0.0.1\t192.0.2.1\t443\thttp\tthree.example\n");
}

static void control_bytes_cannot_make_columns_or_lines(void **state)
{
	(void)state;
	send_sni("a\tb\nc\\d\xff\x1b", 9, CF_TRANSPORT_TCP);
	assert_string_equal(
	    printed, "10.0.0.1\t192.0.2.1\t443\ttls\ta\\009b\\010c\\092d\\255\\027\n");
}

static void many_rows_are_all_kept_apart(void **state)
{
	char name[32];
	unsigned lines = 0;

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {
			int len = snprintf(name, sizeof name, "host%u.example", i);

			send_sni(name, (size_t)len, CF_TRANSPORT_TCP);
		}
	for (size_t i = 0; i < printed_len; i++)
		lines += printed[i] == '\n';
	assert_int_equal(lines, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(row_comes_once_and_each_kind_for_itself, start, stop),
	    cmocka_unit_test_setup_teardown(host_loses_its_port, start, stop),
	    cmocka_unit_test_setup_teardown(
	        control_bytes_cannot_make_columns_or_lines, start, stop),
	    cmocka_unit_test_setup_teardown(many_rows_are_all_kept_apart, start, stop),
	};

	return cmocka_run_group_tests_name("names_printer", tests, NULL, NULL);
}
