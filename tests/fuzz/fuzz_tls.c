/* TLS records: a ClientHello or the server's first flight, however cut. */

#include "monitor/decode_tls.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_inside(struct cf_slice outer, struct cf_slice inner)
{
	if (inner.len == 0)
		return;
	must(inner.data >= outer.data);
	must((size_t)(inner.data - outer.data) <= outer.len - inner.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t handshake[CF_STREAM_BYTES];
	struct cf_slice stream = {.data = data, .len = len}, message = {.data = NULL};
	struct cf_client_hello client = {.complete = false};
	struct cf_server_hello server = {.version = 0};
	size_t used = 0;

	if (cf_tls_unwrap(stream, handshake, sizeof handshake, &message, &used) != CF_READING_BAD) {
		must(used <= len);
		if (cf_client_hello_read(message, &client) != CF_READING_BAD) {
			check_inside(message, client.sni);
			check_inside(message, client.ciphers);
			check_inside(message, client.extensions);
			check_inside(message, client.alpn);
			check_inside(message, client.versions);
			check_inside(message, client.signatures);
			check_inside(message, client.groups);
		}
	}
	if (cf_server_flight_read(stream, handshake, sizeof handshake, &server) != CF_READING_BAD)
		check_inside((struct cf_slice){.data = handshake, .len = sizeof handshake},
		    server.certificate);
	return 0;
}
