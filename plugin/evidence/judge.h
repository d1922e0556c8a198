/*
 * Every recorded verdict decided again, each under the image that its writer said was in force.
 *
 * A writer names its image when it starts and with each heartbeat; between two heartbeats it may
 * have changed. A hit therefore waits, when the image named last does not explain it, for the next
 * word of its writer. Feed a writer's lines in the order they were written. One thread.
 */
#pragma once

#include "records/read/reader.h"

#include <stdint.h>

struct cf_image;
struct cf_judge;

/* Hits that wait for one writer's next word; what is more is not explained by anything. */
#define CF_JUDGE_WAITING 1000000

struct cf_judge_counts {
	uint64_t records; /* hits looked at, a line each */
	uint64_t agree;
	uint64_t differ; /* decided otherwise by their image */
	uint64_t hidden; /* whose client the log hides, where the policy makes a difference of it */
	uint64_t untold; /* of what matched the record does not say enough */
	uint64_t no_image; /* the image is not here, or was never named */
};

/* differs is called for the first hundred hits that differ. NULL without memory. */
struct cf_judge *cf_judge_new(
    void (*differs)(void *context, const char *path, uint64_t line, const char *why),
    void *context);
void cf_judge_free(struct cf_judge *judge);

/* An image that records may name; it must outlive the judge. CF_ENOMEM. */
enum cf_status cf_judge_add_image(
    struct cf_judge *judge, const struct cf_image *image) CF_MUST_CHECK;

/* The next record of a log; path must stay until cf_judge_finish(). CF_ENOMEM. */
enum cf_status cf_judge_take(struct cf_judge *judge, const char *path, const struct cf_line *line,
    const struct cf_record *record) CF_MUST_CHECK;

/* What still waits is settled by the image named last. */
void cf_judge_finish(struct cf_judge *judge, struct cf_judge_counts *counts_out);

/* True when some record named an image with this digest, in hex. */
bool cf_judge_was_named(const struct cf_judge *judge, const char *digest);
/* The digests that records named and that no image was added for; NULL past the last. */
const char *cf_judge_missing(const struct cf_judge *judge, size_t i);
