/* Tracks of writers by their names, and telling. */

#include "records/read/track.h"

#include "base/array.h"
#include "base/siphash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cf_verify_is_alteration(enum cf_verify_kind kind)
{
	return kind <= CF_VERIFY_STRANGER;
}

static void CF_PRINTF(7, 0) tell(struct cf_verify *verify, enum cf_verify_kind kind, bool is_doubt,
    const struct track *track, struct place first, struct place last, const char *format,
    va_list args)
{
	char text[384];
	const struct cf_verify_finding finding = {.kind = kind,
	    .is_doubt = is_doubt,
	    .first_path = first.path == NULL ? "" : first.path,
	    .last_path = last.path == NULL ? "" : last.path,
	    .first_line = first.line,
	    .last_line = last.line,
	    .text = text,
	    .sensor = track == NULL ? "" : track->sensor,
	    .source = track == NULL ? "" : track->source};

	vsnprintf(text, sizeof text, format, args);
	if (cf_verify_is_alteration(kind))
		verify->summary.alterations++;
	verify->summary.doubts += is_doubt;
	verify->report(verify->arg, &finding);
}

void cf_track_tell(struct cf_verify *verify, enum cf_verify_kind kind, const struct track *track,
    struct place first, struct place last, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(verify, kind, false, track, first, last, format, args);
	va_end(args);
}

void cf_track_doubt(struct cf_verify *verify, enum cf_verify_kind kind, const struct track *track,
    int64_t at_wall_us, struct place first, struct place last, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(verify, kind, verify->with.is_strict && at_wall_us >= verify->with.from_wall_us, track,
	    first, last, format, args);
	va_end(args);
}

static bool equals(struct cf_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static bool is_of(const struct track *track, const struct cf_record *record)
{
	return equals(record->sensor, track->sensor) && equals(record->source, track->source);
}

static uint64_t hash_of(struct cf_text sensor, struct cf_text source)
{
	static const uint8_t key[16] = {0x63, 0x75, 0x72, 0x66, 0x65, 0x77}; /* a long row costs
	                                                                       time only */
	char name[sizeof((struct track *)NULL)->sensor + sizeof((struct track *)NULL)->source];

	memcpy(name, sensor.data, sensor.len);
	name[sensor.len] = '\0';
	memcpy(name + sensor.len + 1, source.data, source.len);
	return cf_siphash(key, name, sensor.len + 1 + source.len);
}

static struct cf_text text_of(const char *word)
{
	return (struct cf_text){.data = word, .len = strlen(word)};
}

/* Twice as many slots, so that at least half of them are empty. */
static bool grow_slots(struct cf_verify *verify)
{
	size_t count = verify->slot_count == 0 ? 64 : verify->slot_count * 2;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (slots == NULL)
		return false;
	for (size_t i = 0; i < verify->track_count; i++) {
		const struct track *track = verify->tracks[i];
		size_t at = hash_of(text_of(track->sensor), text_of(track->source)) & (count - 1);

		while (slots[at] != 0)
			at = (at + 1) & (count - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(verify->slots);
	verify->slots = slots;
	verify->slot_count = count;
	return true;
}

static struct track *new_track(struct cf_verify *verify, const struct cf_record *record)
{
	struct track **tracks = cf_array_grow(
	    verify->tracks, verify->track_count, 1, &verify->track_room, sizeof(struct track *));
	struct track *track;

	if (tracks == NULL)
		return NULL;
	verify->tracks = tracks;
	track = calloc(1, sizeof *track);
	if (track == NULL || cf_chain_init(&track->chain) != CF_OK) {
		free(track);
		return NULL;
	}
	memcpy(track->sensor, record->sensor.data, record->sensor.len);
	memcpy(track->source, record->source.data, record->source.len);
	track->seal_wall_us = track->alive_wall_us = track->vouched_wall_us = INT64_MIN;
	track->witness_writer = verify->with.witness == NULL
	    ? CF_WITNESS_NONE
	    : cf_witness_writer_find(verify->with.witness, track->sensor, track->source);
	verify->tracks[verify->track_count++] = track;
	return track;
}

struct track *cf_track_of(struct cf_verify *verify, const struct cf_record *record)
{
	struct track *track;
	size_t at;

	if (verify->latest != NULL && is_of(verify->latest, record))
		return verify->latest;
	if (record->sensor.len >= sizeof track->sensor ||
	    record->source.len >= sizeof track->source)
		return NULL;
	if (verify->track_count * 2 >= verify->slot_count && !grow_slots(verify))
		return NULL;
	at = hash_of(record->sensor, record->source) & (verify->slot_count - 1);
	for (; verify->slots[at] != 0; at = (at + 1) & (verify->slot_count - 1)) {
		track = verify->tracks[verify->slots[at] - 1];
		if (is_of(track, record))
			return verify->latest = track;
	}
	if (verify->track_count == CF_LOG_WRITERS)
		return NULL;
	track = new_track(verify, record);
	if (track != NULL)
		verify->slots[at] = (uint32_t)verify->track_count;
	return verify->latest = track;
}
