/* Verifying hash chains. */

#include "records/read/verify.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/siphash.h"
#include "records/files/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
	const char *path;
	uint64_t line;
};

/* One writer's chain, and the run of it that is being read. */
struct track {
	char sensor[80], source[32];
	struct cf_chain chain;
	bool anchored;            /* a seal or start was seen: seq and prev are known */
	struct place first, last; /* of the segment so far */
	bool in_run;              /* its start record was seen, its stop record was not */
	bool counts;              /* and what is here is compared with what it counts */
	struct place started;
	uint64_t lines, hits; /* of the run, as they are here; miscounts told are in them */
};

/* A line that is no record, waiting for a record that accounts for it. */
struct stray {
	struct place place;
	uint64_t bytes;
};

struct cf_verify {
	cf_verify_report *report;
	void *arg;
	struct cf_verify_summary summary;
	size_t track_count, track_room, stray_count;
	struct track **tracks;
	uint32_t *slots; /* of tracks, by the hash of their names; 0: empty, else number + 1 */
	size_t slot_count;
	struct track *latest; /* lines of one writer come in rows */
	struct stray strays[CF_LOG_STRAYS];
};

bool cf_verify_is_alteration(enum cf_verify_kind kind)
{
	return kind <= CF_VERIFY_RESTARTED;
}

struct cf_verify *cf_verify_new(cf_verify_report *report, void *arg)
{
	struct cf_verify *verify = calloc(1, sizeof *verify);

	if (verify == NULL)
		return NULL;
	verify->report = report;
	verify->arg = arg;
	return verify;
}

void cf_verify_free(struct cf_verify *verify)
{
	if (verify == NULL)
		return;
	for (size_t i = 0; i < verify->track_count; i++) {
		cf_chain_done(&verify->tracks[i]->chain);
		free(verify->tracks[i]);
	}
	free(verify->tracks);
	free(verify->slots);
	free(verify);
}

static void CF_PRINTF(6, 7) tell(struct cf_verify *verify, enum cf_verify_kind kind,
    const struct track *track, struct place first, struct place last, const char *format, ...)
{
	char text[256];
	const struct cf_verify_finding finding = {.kind = kind,
	    .first_path = first.path,
	    .last_path = last.path,
	    .first_line = first.line,
	    .last_line = last.line,
	    .text = text,
	    .sensor = track == NULL ? "" : track->sensor,
	    .source = track == NULL ? "" : track->source};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (cf_verify_is_alteration(kind))
		verify->summary.alterations++;
	verify->report(verify->arg, &finding);
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
	verify->tracks[verify->track_count++] = track;
	return track;
}

/* The track of a record's writer, made on its first line; NULL when there are too many. */
static struct track *track_of(struct cf_verify *verify, const struct cf_record *record)
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

static void forget_stray(struct cf_verify *verify, size_t index)
{
	verify->stray_count--;
	memmove(&verify->strays[index], &verify->strays[index + 1],
	    (verify->stray_count - index) * sizeof verify->strays[0]);
}

static void add_stray(struct cf_verify *verify, struct place place, uint64_t bytes)
{
	if (verify->stray_count == CF_LOG_STRAYS) {
		tell(verify, CF_VERIFY_FOREIGN, NULL, verify->strays[0].place,
		    verify->strays[0].place, "a line that is no record (%llu bytes)",
		    (unsigned long long)verify->strays[0].bytes);
		forget_stray(verify, 0);
	}
	verify->strays[verify->stray_count++] = (struct stray){.place = place, .bytes = bytes};
}

/* A writer says that it left or found so many bytes of torn lines: they are accounted for. */
static void explain_strays(struct cf_verify *verify, const struct track *track, uint64_t bytes)
{
	for (size_t i = verify->stray_count; i > 0 && bytes > 0; i--) {
		const struct stray stray = verify->strays[i - 1];

		if (stray.bytes > bytes || stray.bytes == 0)
			continue;
		bytes -= stray.bytes;
		tell(verify, CF_VERIFY_REPAIRED, track, stray.place, stray.place,
		    "a torn line of %llu bytes, which the writer accounts for",
		    (unsigned long long)stray.bytes);
		forget_stray(verify, i - 1);
	}
}

/* A run ends here without having said so. */
static void end_run(struct cf_verify *verify, struct track *track, struct place place)
{
	if (track->in_run)
		tell(verify, CF_VERIFY_NO_STOP, track, track->started, place,
		    "the run that began here has no stop record: the writer is running, or was "
		    "killed");
	track->in_run = track->counts = false;
}

static void begin_run(struct track *track, struct place place)
{
	track->in_run = track->counts = true;
	track->started = place;
	track->lines = track->hits = 0;
}

/* What the writer has counted since its start record, held against what is here. */
static void check_counts(struct cf_verify *verify, struct track *track,
    const struct cf_sensor_report *report, struct place place)
{
	/* What is folded or waits was taken, and is not here yet; what was lost never will be. */
	uint64_t away = report->folding + report->lost_disk + report->lost_flood;
	uint64_t hits = report->hits > away ? report->hits - away : 0;

	if (!track->counts)
		return;
	if (track->lines != report->written)
		tell(verify, CF_VERIFY_MISCOUNTED, track, track->started, place,
		    "the writer counted %llu lines since its start, and %llu are here",
		    (unsigned long long)report->written, (unsigned long long)track->lines);
	else if (track->hits != hits)
		tell(verify, CF_VERIFY_MISCOUNTED, track, track->started, place,
		    "the writer counted %llu hits since its start, and %llu are here",
		    (unsigned long long)hits, (unsigned long long)track->hits);
	/* Told once, not each minute from here on. */
	track->lines = report->written;
	track->hits = hits;
}

static void tell_begin(
    struct cf_verify *verify, const struct track *track, uint64_t seq, struct place place)
{
	if (seq > 0)
		tell(verify, CF_VERIFY_BEGINS, track, place, place,
		    "the log begins here behind seal %llu: what is older is not given, or is gone",
		    (unsigned long long)seq);
}

/* A start record claims to go on behind a certain seal. */
static void check_start(struct cf_verify *verify, struct track *track,
    const struct cf_record *record, struct place place)
{
	const struct cf_sensor_report *report = &record->report;
	uint64_t lines = track->chain.lines;

	explain_strays(verify, track, report->repaired_bytes);
	if (report->prev.len != CF_SHA256_TEXT_BYTES - 1)
		return;
	if (!track->anchored && lines == 0) {
		cf_chain_resume(&track->chain, report->seq, report->prev.data);
		track->anchored = true;
		tell_begin(verify, track, report->seq, place);
		return;
	}
	if (track->anchored &&
	    (report->seq != track->chain.seq || !equals(report->prev, track->chain.prev))) {
		tell(verify, CF_VERIFY_RESTARTED, track, place, place,
		    "this run went on behind seal %llu, but the one before it here is %llu: "
		    "a part is missing, or the writer could not read the log's end",
		    (unsigned long long)report->seq, (unsigned long long)track->chain.seq);
		cf_chain_resume(&track->chain, report->seq, report->prev.data);
		return;
	}
	if (lines == 0)
		return;
	if (report->unsealed_lines != lines && track->anchored)
		tell(verify,
		    report->unsealed_lines > lines ? CF_VERIFY_REMOVED : CF_VERIFY_INSERTED, track,
		    track->first, place,
		    "%llu lines stood here without a seal at a restart, now %llu",
		    (unsigned long long)report->unsealed_lines, (unsigned long long)lines);
	else
		tell(verify, CF_VERIFY_LATE, track, track->first, track->last,
		    "%llu lines had no seal when the writer was started again; sealed from then on",
		    (unsigned long long)lines);
}

/* What a digest that does not match means. */
static void tell_mismatch(struct cf_verify *verify, const struct track *track,
    const struct cf_seal *seal, struct place place)
{
	uint64_t lines = track->chain.lines;
	struct place first = lines > 0 ? track->first : place;

	if (lines < seal->lines && !track->anchored)
		tell(verify, CF_VERIFY_REMOVED, track, first, place,
		    "%llu of %llu sealed lines are not here: removed, or in an older file not "
		    "given",
		    (unsigned long long)(seal->lines - lines), (unsigned long long)seal->lines);
	else if (lines < seal->lines)
		tell(verify, CF_VERIFY_REMOVED, track, first, place,
		    "%llu of %llu sealed lines are gone", (unsigned long long)(seal->lines - lines),
		    (unsigned long long)seal->lines);
	else if (lines > seal->lines)
		tell(verify, CF_VERIFY_INSERTED, track, first, place,
		    "%llu lines where %llu were sealed", (unsigned long long)lines,
		    (unsigned long long)seal->lines);
	else
		tell(verify, CF_VERIFY_CHANGED, track, first, place,
		    "%llu lines and their seal do not match: a line was changed or moved",
		    (unsigned long long)lines);
}

static void check_seal(struct cf_verify *verify, struct track *track, const struct cf_line *line,
    const struct cf_record *record, struct place place)
{
	static const char ending[] = "\"}}";
	const struct cf_seal *seal = &record->seal;
	const size_t digest_bytes = CF_SHA256_TEXT_BYTES - 1, ending_bytes = sizeof ending - 1;
	char digest[CF_SHA256_TEXT_BYTES] = "";
	bool good;

	verify->summary.seals++;
	if (!track->anchored)
		tell_begin(verify, track, seal->seq - (seal->seq > 0),
		    track->chain.lines > 0 ? track->first : place);
	/* The digest must be the last thing in the line, so that nothing escapes it. */
	good = line->len > digest_bytes + ending_bytes &&
	    memcmp(line->text + line->len - ending_bytes, ending, ending_bytes) == 0 &&
	    seal->sha256.data == line->text + line->len - ending_bytes - digest_bytes &&
	    cf_chain_digest(
	        &track->chain, line->text, line->len - ending_bytes - digest_bytes, digest) &&
	    equals(seal->sha256, digest) && seal->lines == track->chain.lines;
	if (!good)
		tell_mismatch(verify, track, seal, place);
	else
		verify->summary.good_seals++;
	if (track->anchored &&
	    (seal->seq != track->chain.seq + 1 || !equals(seal->prev, track->chain.prev)))
		tell(verify, CF_VERIFY_REMOVED, track, place, place,
		    "seal %llu follows seal %llu: what was between them is gone, or was moved",
		    (unsigned long long)seal->seq, (unsigned long long)track->chain.seq);
	cf_chain_resume(&track->chain, seal->seq, seal->sha256.data);
	track->anchored = true;
}

static void add_line(struct track *track, const struct cf_line *line, struct place place)
{
	if (track->chain.lines == 0)
		track->first = place;
	track->last = place;
	/* The newline stands behind the text in the reader's buffer. */
	cf_chain_line(&track->chain, line->text, line->len + 1);
}

void cf_verify_line(struct cf_verify *verify, const char *path, const struct cf_line *line,
    const struct cf_record *record)
{
	const struct place place = {.path = path, .line = line->number};
	struct track *track;

	verify->summary.lines++;
	if (line->fault != CF_LINE_OK) {
		add_stray(verify, place, line->len);
		return;
	}
	track = track_of(verify, record);
	if (track == NULL) {
		verify->summary.unchecked_lines++;
		return;
	}
	if (record->is_hit)
		verify->summary.hits += record->count;
	if (record->event == CF_EVENT_LOST) {
		verify->summary.lost_queue += record->report.lost_queue + record->report.lost_flood;
		verify->summary.lost_disk += record->report.lost_disk;
		explain_strays(verify, track, record->report.torn_bytes);
	}
	if (record->event == CF_EVENT_START) {
		end_run(verify, track, place);
		check_start(verify, track, record, place);
		begin_run(track, place);
	}
	if (record->seal.sha256.len == CF_SHA256_TEXT_BYTES - 1) {
		uint64_t before = verify->summary.alterations;

		check_seal(verify, track, line, record, place);
		/* What was altered shows in the counts as well; it is told once. */
		if (verify->summary.alterations == before)
			check_counts(verify, track, &record->report, place);
		else
			track->counts = false;
	} else {
		add_line(track, line, place);
	}
	track->lines++;
	track->hits += record->is_hit ? record->count : 0;
	if (record->event == CF_EVENT_STOP)
		track->in_run = track->counts = false;
}

void cf_verify_tail(
    struct cf_verify *verify, const char *path, uint64_t line_number, size_t len, bool newest)
{
	const struct place place = {.path = path, .line = line_number};

	if (newest)
		tell(verify, CF_VERIFY_UNSEALED, NULL, place, place,
		    "a last line of %zu bytes without its end: being written, or torn", len);
	else
		add_stray(verify, place, len);
}

void cf_verify_finish(struct cf_verify *verify, struct cf_verify_summary *summary_out)
{
	for (size_t i = 0; i < verify->track_count; i++) {
		struct track *track = verify->tracks[i];

		end_run(verify, track, track->last.path == NULL ? track->started : track->last);
		if (track->chain.lines == 0)
			continue;
		verify->summary.unsealed_lines += track->chain.lines;
		tell(verify, CF_VERIFY_UNSEALED, track, track->first, track->last,
		    "unsealed tail of %llu lines: the writer is running, or was killed",
		    (unsigned long long)track->chain.lines);
	}
	for (size_t i = 0; i < verify->stray_count; i++)
		tell(verify, CF_VERIFY_FOREIGN, NULL, verify->strays[i].place,
		    verify->strays[i].place, "a line that is no record (%llu bytes)",
		    (unsigned long long)verify->strays[i].bytes);
	verify->stray_count = 0;
	verify->summary.chains = verify->track_count;
	*summary_out = verify->summary;
}
