/*
 * Verifying hash chains. One file: each finding is told by the same track of a run, and what
 * breaks it decides which.
 */

#include "records/read/verify.h"

#include "records/read/track.h"
#include "records/read/vouch.h"

#include <stdlib.h>
#include <string.h>

struct cf_verify *cf_verify_new(cf_verify_report *report, void *arg)
{
	struct cf_verify *verify = calloc(1, sizeof *verify);

	if (verify == NULL)
		return NULL;
	verify->report = report;
	verify->arg = arg;
	verify->with.from_wall_us = INT64_MIN;
	return verify;
}

void cf_verify_expect(struct cf_verify *verify, const struct cf_verify_with *with)
{
	verify->with = *with;
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

static bool equals(struct cf_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
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
		cf_track_tell(verify, CF_VERIFY_FOREIGN, NULL, verify->strays[0].place,
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
		cf_track_tell(verify, CF_VERIFY_REPAIRED, track, stray.place, stray.place,
		    "a torn line of %llu bytes, which the writer accounts for",
		    (unsigned long long)stray.bytes);
		forget_stray(verify, i - 1);
	}
}

/* A run ends here without having said so. */
static void end_run(struct cf_verify *verify, struct track *track, struct place place)
{
	if (track->in_run)
		cf_track_tell(verify, CF_VERIFY_NO_STOP, track, track->started, place,
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
		cf_track_tell(verify, CF_VERIFY_MISCOUNTED, track, track->started, place,
		    "the writer counted %llu lines since its start, and %llu are here",
		    (unsigned long long)report->written, (unsigned long long)track->lines);
	else if (track->hits != hits)
		cf_track_tell(verify, CF_VERIFY_MISCOUNTED, track, track->started, place,
		    "the writer counted %llu hits since its start, and %llu are here",
		    (unsigned long long)hits, (unsigned long long)track->hits);
	/* Told once, not each minute from here on. */
	track->lines = report->written;
	track->hits = hits;
}

static void tell_begin(struct cf_verify *verify, const struct track *track, uint64_t seq,
    int64_t at_wall_us, struct place place)
{
	if (seq > 0)
		cf_track_doubt(verify, CF_VERIFY_BEGINS, track, at_wall_us, place, place,
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
		tell_begin(verify, track, report->seq, record->at_wall_us, place);
		return;
	}
	if (track->anchored &&
	    (report->seq != track->chain.seq || !equals(report->prev, track->chain.prev))) {
		cf_track_tell(verify, CF_VERIFY_RESTARTED, track, place, place,
		    "this run went on behind seal %llu, but the one before it here is %llu: "
		    "a part is missing, or the writer could not read the log's end",
		    (unsigned long long)report->seq, (unsigned long long)track->chain.seq);
		cf_chain_resume(&track->chain, report->seq, report->prev.data);
		return;
	}
	if (lines == 0)
		return;
	if (report->unsealed_lines != lines && track->anchored)
		cf_track_tell(verify,
		    report->unsealed_lines > lines ? CF_VERIFY_REMOVED : CF_VERIFY_INSERTED, track,
		    track->first, place,
		    "%llu lines stood here without a seal at a restart, now %llu",
		    (unsigned long long)report->unsealed_lines, (unsigned long long)lines);
	else
		cf_track_tell(verify, CF_VERIFY_LATE, track, track->first, track->last,
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
		cf_track_tell(verify, CF_VERIFY_REMOVED, track, first, place,
		    "%llu of %llu sealed lines are not here: removed, or in an older file not "
		    "given",
		    (unsigned long long)(seal->lines - lines), (unsigned long long)seal->lines);
	else if (lines < seal->lines)
		cf_track_tell(verify, CF_VERIFY_REMOVED, track, first, place,
		    "%llu of %llu sealed lines are gone", (unsigned long long)(seal->lines - lines),
		    (unsigned long long)seal->lines);
	else if (lines > seal->lines)
		cf_track_tell(verify, CF_VERIFY_INSERTED, track, first, place,
		    "%llu lines where %llu were sealed", (unsigned long long)lines,
		    (unsigned long long)seal->lines);
	else
		cf_track_tell(verify, CF_VERIFY_CHANGED, track, first, place,
		    "%llu lines and their seal do not match: a line was changed or moved",
		    (unsigned long long)lines);
}

static void check_seal(struct cf_verify *verify, struct track *track, const struct cf_line *line,
    const struct cf_record *record, struct place place)
{
	const struct cf_seal *seal = &record->seal;
	const struct place first = track->chain.lines > 0 ? track->first : place;
	char digest[CF_SHA256_TEXT_BYTES] = "";
	bool good, follows;

	verify->summary.seals++;
	if (!track->anchored)
		tell_begin(verify, track, seal->seq - (seal->seq > 0), record->at_wall_us, first);
	/* Nothing but the signature stands behind the digest, so that nothing escapes it. */
	good = cf_chain_ends(line->text, line->len, seal) &&
	    cf_chain_digest(
	        &track->chain, line->text, (size_t)(seal->sha256.data - line->text), digest) &&
	    equals(seal->sha256, digest) && seal->lines == track->chain.lines;
	follows = !track->anchored ||
	    (seal->seq == track->chain.seq + 1 && equals(seal->prev, track->chain.prev));
	if (!good)
		tell_mismatch(verify, track, seal, place);
	else
		verify->summary.good_seals++;
	if (!follows)
		cf_track_tell(verify, CF_VERIFY_REMOVED, track, place, place,
		    "seal %llu follows seal %llu: what was between them is gone, or was moved",
		    (unsigned long long)seal->seq, (unsigned long long)track->chain.seq);
	cf_vouch_seal(verify, track, record, first, place, good && follows);
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
	track = cf_track_of(verify, record);
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
		cf_vouch_start(verify, track, record, place);
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
		cf_track_tell(verify, CF_VERIFY_UNSEALED, NULL, place, place,
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
		cf_track_tell(verify, CF_VERIFY_UNSEALED, track, track->first, track->last,
		    "unsealed tail of %llu lines: the writer is running, or was killed",
		    (unsigned long long)track->chain.lines);
	}
	for (size_t i = 0; i < verify->stray_count; i++)
		cf_track_tell(verify, CF_VERIFY_FOREIGN, NULL, verify->strays[i].place,
		    verify->strays[i].place, "a line that is no record (%llu bytes)",
		    (unsigned long long)verify->strays[i].bytes);
	verify->stray_count = 0;
	cf_vouch_finish(verify);
	verify->summary.chains = verify->track_count;
	*summary_out = verify->summary;
}
