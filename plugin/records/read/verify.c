/* Verifying hash chains. */

#include "records/read/verify.h"

#include "base/limits.h"
#include "records/write/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
	const char *path;
	uint64_t line;
};

/* One writer's chain. */
struct track {
	char sensor[80], source[32];
	struct cf_chain chain;
	bool anchored;            /* a seal or start was seen: seq and prev are known */
	struct place first, last; /* of the segment so far */
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
	size_t track_count, stray_count;
	struct track tracks[CF_LOG_WRITERS];
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
	for (size_t i = 0; i < verify->track_count; i++)
		cf_chain_done(&verify->tracks[i].chain);
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

/* The track of a record's writer, made on its first line; NULL when there are too many. */
static struct track *track_of(struct cf_verify *verify, const struct cf_record *record)
{
	struct track *track;

	for (size_t i = 0; i < verify->track_count; i++) {
		track = &verify->tracks[i];
		if (equals(record->sensor, track->sensor) && equals(record->source, track->source))
			return track;
	}
	if (verify->track_count == CF_LOG_WRITERS || record->sensor.len >= sizeof track->sensor ||
	    record->source.len >= sizeof track->source)
		return NULL;
	track = &verify->tracks[verify->track_count];
	*track = (struct track){0};
	if (cf_chain_init(&track->chain) != CF_OK)
		return NULL;
	memcpy(track->sensor, record->sensor.data, record->sensor.len);
	memcpy(track->source, record->source.data, record->source.len);
	verify->track_count++;
	return track;
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
		tell(
		    verify, CF_VERIFY_FOREIGN, NULL, place, place, "a line of one writer too many");
		return;
	}
	if (record->is_hit)
		verify->summary.hits += record->count;
	if (record->event == CF_EVENT_LOST) {
		verify->summary.lost_queue += record->report.lost_queue;
		verify->summary.lost_disk += record->report.lost_disk;
		explain_strays(verify, track, record->report.torn_bytes);
	}
	if (record->event == CF_EVENT_START)
		check_start(verify, track, record, place);
	if (record->seal.sha256.len == CF_SHA256_TEXT_BYTES - 1)
		check_seal(verify, track, line, record, place);
	else
		add_line(track, line, place);
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
		const struct track *track = &verify->tracks[i];

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
