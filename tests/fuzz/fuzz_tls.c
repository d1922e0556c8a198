/* TLS records: a ClientHello or the server's first flight, however cut. */

#include "slices.h"

#include "monitor/message/decode_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t handshake[CF_STREAM_BYTES];
	struct cf_slice stream = {.data = data, .len = len}, message = {.data = NULL};
	struct cf_client_hello client = {.complete = false};
	struct cf_server_hello server = {.version = 0};
	size_t need = 0;

	enum cf_reading reading =
	    cf_tls_unwrap(stream, handshake, sizeof handshake, &message, &need);

	if (reading != CF_READING_BAD) {
		must(reading == CF_READING_DONE || need > len);
		if (cf_client_hello_read(message, &client) != CF_READING_BAD) {
			must_lie_inside(message, client.sni);
			must_lie_inside(message, client.ciphers);
			must_lie_inside(message, client.extensions);
			must_lie_inside(message, client.alpn);
			must_lie_inside(message, client.versions);
			must_lie_inside(message, client.signatures);
			must_lie_inside(message, client.groups);
		}
	}
	reading = cf_server_flight_read(stream, handshake, sizeof handshake, &server, &need);
	must(reading != CF_READING_MORE || need > len);
	if (reading != CF_READING_BAD)
		must_lie_inside((struct cf_slice){.data = handshake, .len = sizeof handshake},
		    server.certificate);
	return 0;
}
