/*
 * How far `curfew log` got, in a file (--state): for each log the file it was in, known by the
 * digest of its first line whatever it is called and however compressed by then, and the offset
 * behind the last line that was handed on; and how long the output was, when that is a file.
 *
 *     curfew-log-state 1 ecs
 *     out 65025 1835011 28114
 *     log 5f70bf18a08600...c4 91834 /var/log/curfew/hits.jsonl
 *
 * One thread.
 */
#pragma once

#include "records/read/reader.h"
#include "records/read/walk_out.h"

struct cf_walk_place {
	char *path; /* as given */
	bool is_known;
	uint8_t first_line[CF_SHA256_BYTES];
	uint64_t offset;
};

struct cf_walk_state {
	const char *path; /* NULL: none is kept */
	const char *what; /* of what form the output is */
	cf_walk_say_fn *say;
	bool was_there;
	struct cf_walk_out_place out;
	struct cf_walk_place *places;
	size_t count;
};

/* Reads the file at path (may be NULL) if it is there. False with a message when it cannot be read,
 * is none, or is of another form: starting over would repeat everything. */
bool cf_walk_state_open(
    struct cf_walk_state *state, const char *path, const char *what, cf_walk_say_fn *say);
/* The place of a log, added when it is new; NULL without memory. */
struct cf_walk_place *cf_walk_state_place(struct cf_walk_state *state, const char *log_path);
/* Takes over where the reader is; true when the place is another now. */
bool cf_walk_place_note(struct cf_walk_place *place, struct cf_reader *reader);
/* Whether the place is in this file. */
bool cf_walk_place_is(const struct cf_walk_place *place, const struct cf_file_identity *identity);
/* Replaces the file. False with a message. */
bool cf_walk_state_save(const struct cf_walk_state *state);
void cf_walk_state_close(struct cf_walk_state *state);
