/*
 * Reading TLS handshakes (RFC 8446 4, 5.1; RFC 5246 7.4): ClientHello, ServerHello, certificate.
 *
 * Pure functions over bytes in order from the start of the handshake; any thread.
 */
#pragma once

#include "monitor/packet/observer.h"

/* How far reading came. */
enum cf_reading {
	CF_READING_DONE, /* all of it was there */
	CF_READING_MORE, /* good so far, goes on behind the end */
	CF_READING_BAD,  /* not what it was taken for */
};

/*
 * Takes the record layer off: copies the handshake bytes of the records in stream to
 * handshake[0..size), at most as many as the first message needs, their count in *len_out and the
 * bytes of stream without which another look is of no use in *need_out (with MORE; more than
 * there are). When the first record holds the whole message nothing is
 * copied and *message_out points into stream, else to handshake. DONE when the first message is
 * whole; MORE with what there is; BAD when a record is no handshake record.
 */
enum cf_reading cf_tls_unwrap(struct cf_slice stream, uint8_t *handshake, size_t size,
    struct cf_slice *message_out, size_t *need_out);

/*
 * Reads a ClientHello, handshake header first. DONE and MORE fill *hello_out's TLS fields as far as
 * they came; the others are left alone. MORE: the message is longer than what there is.
 */
enum cf_reading cf_client_hello_read(struct cf_slice message, struct cf_client_hello *hello_out);

/*
 * Reads the server's first flight from stream, which starts at a record: ServerHello and, before
 * TLS 1.3, the certificate behind it. MORE while the certificate may still come; *need_out then as
 * above.
 */
enum cf_reading cf_server_flight_read(struct cf_slice stream, uint8_t *handshake, size_t size,
    struct cf_server_hello *hello_out, size_t *need_out);
