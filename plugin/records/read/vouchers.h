/*
 * What a log is held against beside itself: keys of sensors that are trusted, seals that others
 * kept, time stamps over these, whose log it is to be and which time it is to cover. Filled one by
 * one, then given to a verification. One thread; it must outlive what is verified with it.
 */
#pragma once

#include "records/read/verify.h"

struct cf_vouchers {
	struct cf_public_keys keys;
	struct cf_witness *witness;                                      /* NULL: none was added */
	char sensor[CF_SEAL_SENSOR_BYTES], source[CF_SEAL_SOURCE_BYTES]; /* "": anybody's */
	bool has_from, has_to; /* an instant was asked for */
	int64_t from_wall_s, to_wall_s;
};

/* given: the key's line, or a file with it. As cf_public_keys_pin(), cf_input_read_whole(). */
enum cf_status cf_vouchers_add_key(
    struct cf_vouchers *vouchers, const char *given, struct cf_error *error) CF_MUST_CHECK;

/* The seals of a file; *damaged_out (may be NULL) lines begin like one and are none. As
 * cf_witness_read(). */
enum cf_status cf_vouchers_add_seals(struct cf_vouchers *vouchers, const char *path,
    uint64_t *damaged_out, struct cf_error *error) CF_MUST_CHECK;

/* The same, witnessed by an authority that stamped the file: its reply is at reply_path, the
 * certificates to trust are in ca_path. As cf_stamp_verify(), too. */
enum cf_status cf_vouchers_add_stamped(struct cf_vouchers *vouchers, const char *path,
    const char *reply_path, const char *ca_path, struct cf_error *error) CF_MUST_CHECK;

/* "SENSOR" or "SENSOR/SOURCE"; false for anything else. */
bool cf_vouchers_expect(struct cf_vouchers *vouchers, const char *text);

/*
 * Fills *with, which refers to vouchers. Without an instant asked for, the log goes back to its
 * first and is to reach up to now. Doubts count when there is anything that could settle them, or
 * something was asked for.
 */
void cf_vouchers_fill(
    struct cf_vouchers *vouchers, int64_t now_wall_s, struct cf_verify_with *with_out);

void cf_vouchers_done(struct cf_vouchers *vouchers);
