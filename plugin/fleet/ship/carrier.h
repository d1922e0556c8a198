/*
 * Requests to collectors by libcurl: one of several, the next one when it does not answer. TLS with
 * the collector's certificate verified, and one of our own. One thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An answer is a head or a sentence; more is cut. */
#define CF_CARRIED_BYTES 1024
/* Collectors of one sensor. */
#define CF_COLLECTORS 16

struct cf_carrier_options {
	/* "https://HOST[:PORT]"; http:// only to this machine. Borrowed while the carrier lives. */
	const char *const *urls;
	size_t url_count;
	const char *certificate, *key; /* PEM; NULL: none */
	const char *ca;                /* PEM of who is believed; NULL: the system's */
	long timeout_s;                /* of one request; 0: 60 */
};

struct cf_carried {
	long code; /* of HTTP */
	char text[CF_CARRIED_BYTES];
	size_t len;
	const char *url; /* who answered */
};

struct cf_carrier;

/* CF_EINVALID: a URL that is none, or would send in the clear; CF_ENOMEM. */
enum cf_status cf_carrier_new(const struct cf_carrier_options *options,
    struct cf_carrier **carrier_out, struct cf_error *error) CF_MUST_CHECK;
void cf_carrier_free(struct cf_carrier *carrier);

/*
 * PUT of body (NULL: GET) at a path, to the collector that answered last, then each of the others
 * once. CF_EAGAIN: none answered but with 5xx or 429; *error says what the last one's trouble was.
 */
enum cf_status cf_carrier_send(struct cf_carrier *carrier, const char *path, const uint8_t *body,
    size_t len, struct cf_carried *carried_out, struct cf_error *error) CF_MUST_CHECK;
