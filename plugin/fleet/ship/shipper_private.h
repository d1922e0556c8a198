/* What shipper.c (logs), ship_asking.c (collectors) and ship_telling.c share; nobody else includes
 * it. */
#pragma once

#include "fleet/ship/ship_writer.h"
#include "fleet/ship/shipping.h"

#define CF_SHIP_SECOND INT64_C(1000000)

struct cf_ship_log {
	struct cf_log_queue *queue;
	bool must_rewind;
	bool is_at_end;
	int64_t not_before_mono_us; /* could not be read: not before */
	bool is_told;               /* that it cannot be read */
	uint64_t left_bytes;
};

struct cf_shipper {
	const struct cf_shipper_options *options;
	struct cf_carrier *carrier;
	struct cf_ship_log logs[CF_SHIP_LOGS];
	struct cf_ship **ships;
	size_t ship_count, ship_size;
	size_t asking; /* the log that is being rewound */
	unsigned failures;
	bool gave_up;
	char trouble[CF_ERROR_TEXT_BYTES];
	const char *collector;
	uint64_t plain_bytes, wire_bytes;
	int64_t reported_mono_us, left_mono_us;
};

/* ---- ship_telling.c */

int64_t cf_shipper_mono_us(void);
int64_t cf_shipper_wall_us(void);
bool cf_shipper_is_stopped(const struct cf_shipper *shipper);
void cf_shipper_say(const struct cf_shipper *shipper, const char *format, ...) CF_PRINTF(2, 3);
/* At most once a second, but for the last time. */
void cf_shipper_report(struct cf_shipper *shipper, bool is_done);
/* A fifth of a second. */
void cf_shipper_pause(struct cf_shipper *shipper);

/* ---- ship_asking.c: until a collector answers; CF_EAGAIN when told to stop. */

/* The store's head of the writer, or it is shut. */
enum cf_status cf_shipper_ask_head(struct cf_shipper *shipper, struct cf_ship *ship) CF_MUST_CHECK;
/* Its bundle, until it is taken or refused. */
enum cf_status cf_shipper_send(struct cf_shipper *shipper, struct cf_ship *ship) CF_MUST_CHECK;
/* Nothing of it is sent for a while. */
bool cf_ship_is_shut(const struct cf_ship *ship);
