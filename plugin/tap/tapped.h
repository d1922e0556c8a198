/*
 * One dnstap payload: which message of which client a server tells of. Read by protobuf-c into
 * memory of a fixed size, so that a payload costs what it costs and no more. One thread a reader.
 *
 * Servers leave things out (docs/tap.md): whatever may be absent says so.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"
#include "monitor/packet/observer.h"

#include <stdint.h>

enum cf_tapped_kind {
	CF_TAPPED_QUESTION, /* somebody asked this server */
	CF_TAPPED_ANSWER,   /* and was answered */
	CF_TAPPED_UPSTREAM, /* the server itself asks, or is answered: no client */
	CF_TAPPED_OTHER,    /* updates, tools, what a later version adds */
};

struct cf_tapped {
	enum cf_tapped_kind kind;
	int64_t asked_wall_us, answered_wall_us; /* 0: not told */
	struct cf_endpoints ends;    /* family none where not told; a wildcard address is none */
	enum cf_transport transport; /* of what is known of it */
	uint32_t protocol;           /* as told; 0: not */
	struct cf_slice message;     /* whole, in wire format; until the next payload */
};

struct cf_tap_reader;

/* CF_ENOMEM. */
enum cf_status cf_tap_reader_new(struct cf_tap_reader **reader_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_tap_reader_free(struct cf_tap_reader *reader);

/* CF_EMALFORMED: no dnstap message; *tapped_out is untouched. */
enum cf_status cf_tapped_read(struct cf_tap_reader *reader, const uint8_t *payload, size_t len,
    struct cf_tapped *tapped_out) CF_MUST_CHECK;
