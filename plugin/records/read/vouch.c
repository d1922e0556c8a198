/*
 * Signatures, witnesses, time. One file: signatures, witnesses and clocks speak of the same seals,
 * and what one of them leaves open another closes.
 */

#include "records/read/vouch.h"

#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
/* How far a clock may be off, and how much later a time stamp's may be. */
#define CLOCK_SLACK_US (300 * SECOND_US)
/* Steps back that a machine's time service makes. */
#define STEP_SLACK_US (2 * SECOND_US)
/*
 * Seals come each minute; two that are missing are none. What a start record says of its pace is
 * not asked: one that nobody sealed could buy time with it.
 */
#define PACE_SLACK_US (180 * SECOND_US)

static bool has_keys(const struct cf_verify *verify)
{
	return verify->with.keys != NULL && verify->with.keys->count > 0;
}

/* Nobody to vouch: then the chain is all there is. */
static bool is_alone(const struct cf_verify *verify)
{
	return !has_keys(verify) && verify->with.witness == NULL;
}

static const char *instant(int64_t wall_us, char text[CF_INSTANT_TEXT_BYTES])
{
	return cf_instant_format(wall_us / SECOND_US, text);
}

/* Nothing of this writer stands between two times that are too far apart. */
static void begin_gap(struct track *track, int64_t from_wall_us, int64_t to_wall_us,
    struct place first, struct place last)
{
	/* Times of a hostile log may lie anywhere. */
	if (from_wall_us == INT64_MIN || to_wall_us <= from_wall_us + PACE_SLACK_US)
		return;
	track->in_gap = true;
	track->gap_was_witnessed = track->was_witnessed;
	track->gap_first = first;
	track->gap_last = last;
	track->gap_from_wall_us = from_wall_us;
	track->gap_to_wall_us = to_wall_us;
}

/* The seal before it and the one behind it were both witnessed: nothing was sealed between. */
static void end_gap(struct cf_verify *verify, struct track *track, bool is_witnessed)
{
	char from[CF_INSTANT_TEXT_BYTES], to[CF_INSTANT_TEXT_BYTES];

	if (!track->in_gap)
		return;
	track->in_gap = false;
	if (is_witnessed && track->gap_was_witnessed)
		return;
	cf_track_doubt(verify, CF_VERIFY_GAP, track, track->gap_to_wall_us, track->gap_first,
	    track->gap_last,
	    "nothing from %s to %s: no writer ran or its machine slept, or what it wrote was cut "
	    "off "
	    "at a seal; a witness of that time would tell",
	    instant(track->gap_from_wall_us, from), instant(track->gap_to_wall_us, to));
}

static bool same_text(struct cf_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* A key that one of ours named: at a start, or in the first seal that it signed. */
static void follow_key(struct cf_verify *verify, struct track *track,
    const struct cf_record *record, struct place place)
{
	const struct cf_text text = record->report.key_change;
	const struct cf_text who =
	    record->event == CF_EVENT_START ? record->report.key : record->seal.key;
	char next[CF_KEY_ID_TEXT_BYTES];
	struct cf_key_change change;

	if (!has_keys(verify) || text.len == 0 ||
	    !cf_key_change_parse(text.data, text.len, &change))
		return;
	cf_public_key_id(&change.next, next);
	if (!same_text(who, next) || !cf_public_keys_follow(verify->with.keys, &change))
		return;
	if (strcmp(track->retired, change.old_id) != 0)
		cf_track_tell(verify, CF_VERIFY_KEY, track, place, place,
		    "key %s signs from here on; key %s named it on %s", next, change.old_id,
		    change.at);
	memcpy(track->retired, change.old_id, sizeof track->retired);
}

void cf_vouch_start(struct cf_verify *verify, struct track *track, const struct cf_record *record,
    struct place place)
{
	track->over_files = record->report.input.len > 0;
	track->run_signed = false;
	track->begun = true;
	end_gap(verify, track, false);
	begin_gap(track, track->alive_wall_us, record->at_wall_us,
	    track->has_seal ? track->last_seal : place, place);
	track->alive_wall_us = record->at_wall_us;
	follow_key(verify, track, record, place);
}

/* Of a writer that could not see its key's successor, or of who kept a copy: nobody can tell. */
static void doubt_late(struct cf_verify *verify, struct track *track,
    const struct cf_seal_text *seal, struct place place)
{
	if (!track->late_told)
		cf_track_doubt(verify, CF_VERIFY_UNVOUCHED, track, seal->at_wall_us, place, place,
		    "seal %llu is signed by key %s, which had named its successor minutes before: "
		    "its writer did not see that, or somebody kept the key",
		    (unsigned long long)seal->seq, seal->key);
	track->late_told = true;
}

/* The seal's signature against the keys: true when it vouches. */
static bool check_signature(struct cf_verify *verify, struct track *track,
    const struct cf_seal_text *seal, struct place place)
{
	enum cf_signed signature = cf_public_keys_check(verify->with.keys, seal);

	if (signature == CF_SIGNATURE_NONE) {
		if (track->run_signed)
			cf_track_tell(verify, CF_VERIFY_FORGED, track, place, place,
			    "seal %llu has no signature, and earlier ones of this run had one",
			    (unsigned long long)seal->seq);
		return false;
	}
	track->run_signed = true;
	if (signature == CF_SIGNATURE_BAD)
		cf_track_tell(verify, CF_VERIFY_FORGED, track, place, place,
		    "the signature of seal %llu is not one of key %s: sealed by somebody who does "
		    "not have it, or of another log",
		    (unsigned long long)seal->seq, seal->key);
	else if (signature == CF_SIGNATURE_UNKNOWN)
		cf_track_tell(verify, CF_VERIFY_FORGED, track, place, place,
		    "seal %llu is signed by key %s, which is not among the keys given, and none of "
		    "them names it",
		    (unsigned long long)seal->seq, seal->key);
	else if (strcmp(track->retired, seal->key) == 0)
		cf_track_tell(verify, CF_VERIFY_FORGED, track, place, place,
		    "seal %llu is signed by key %s, which had been replaced before",
		    (unsigned long long)seal->seq, seal->key);
	else if (signature == CF_SIGNATURE_LATE)
		doubt_late(verify, track, seal, place);
	else
		return true;
	return false;
}

/* Which words the keys do not answer for are a dispute, no proof. */
static bool is_credible(const struct cf_verify *verify, const struct cf_witnessed *seal)
{
	return !has_keys(verify) ||
	    cf_witness_check(verify->with.witness, seal, verify->with.keys) == CF_SIGNATURE_GOOD;
}

static void tell_contradiction(struct cf_verify *verify, const struct track *track,
    const struct cf_witnessed *witnessed, const struct cf_seal_text *seal, struct place place)
{
	char digest[CF_SHA256_TEXT_BYTES];

	(void)cf_sha256_format(witnessed->sha256, digest);
	if (is_credible(verify, witnessed))
		cf_track_tell(verify, CF_VERIFY_REWRITTEN, track, place, place,
		    "seal %llu is %.12s here, and was witnessed as %.12s (line %u): the log was "
		    "rewritten before it",
		    (unsigned long long)seal->seq, seal->sha256, digest, witnessed->line);
	else
		cf_track_doubt(verify, CF_VERIFY_DISPUTED, track, witnessed->at_wall_us, place,
		    place,
		    "seal %llu is %.12s here; line %u of the witness says %.12s, which none of the "
		    "keys signed",
		    (unsigned long long)seal->seq, seal->sha256, witnessed->line, digest);
}

/* The seal against those of its number: true when one of them is it. */
static bool check_witness(struct cf_verify *verify, struct track *track,
    const struct cf_seal_text *seal, struct place place)
{
	struct cf_witness *witness = verify->with.witness;
	struct cf_witnessed *witnessed;
	char digest[CF_SHA256_TEXT_BYTES];
	bool is_here = false;

	if (witness == NULL || track->witness_writer == CF_WITNESS_NONE)
		return false;
	witnessed = cf_witness_find(witness, track->witness_writer, seal->seq);
	for (; witnessed != NULL; witnessed = cf_witness_same(witness, witnessed)) {
		if (witnessed->at_wall_us < verify->with.from_wall_us)
			continue;
		(void)cf_sha256_format(witnessed->sha256, digest);
		if (strcmp(digest, seal->sha256) != 0) {
			if (!witnessed->seen)
				tell_contradiction(verify, track, witnessed, seal, place);
		} else {
			is_here = true;
			if (witnessed->stamp_wall_us < INT64_MAX - CLOCK_SLACK_US &&
			    seal->at_wall_us - CLOCK_SLACK_US > witnessed->stamp_wall_us)
				cf_track_doubt(verify, CF_VERIFY_CLOCK, track, seal->at_wall_us,
				    place, place,
				    "seal %llu is dated later than the time stamp that covers it",
				    (unsigned long long)seal->seq);
		}
		witnessed->seen = true;
	}
	return is_here;
}

/* Time only goes forward, and not beyond now. */
static void check_clock(struct cf_verify *verify, struct track *track,
    const struct cf_seal_text *seal, struct place place)
{
	char before[CF_INSTANT_TEXT_BYTES], at[CF_INSTANT_TEXT_BYTES];

	if (track->seal_wall_us != INT64_MIN &&
	    seal->at_wall_us < track->seal_wall_us - STEP_SLACK_US)
		cf_track_doubt(verify, CF_VERIFY_CLOCK, track, seal->at_wall_us, track->last_seal,
		    place, "the writer's clock went back here, from %s to %s",
		    instant(track->seal_wall_us, before), instant(seal->at_wall_us, at));
	if (!track->clock_told && verify->with.now_wall_us > 0 &&
	    seal->at_wall_us - CLOCK_SLACK_US > verify->with.now_wall_us) {
		track->clock_told = true;
		cf_track_doubt(verify, CF_VERIFY_CLOCK, track, seal->at_wall_us, place, place,
		    "seal %llu is dated %s, which has yet to come", (unsigned long long)seal->seq,
		    instant(seal->at_wall_us, at));
	}
}

static void add_unvouched(struct track *track, uint64_t seq, struct place first, struct place last)
{
	struct unvouched *u = &track->unvouched;

	if (u->seals == 0) {
		u->first = first;
		u->first_seq = seq;
	}
	u->seals++;
	u->lines += track->chain.lines;
	u->last_seq = seq;
	u->last = last;
}

static void note_seal(
    struct track *track, const struct cf_record *record, struct place place, bool is_witnessed)
{
	if (!track->has_seal)
		track->first_seq = record->seal.seq;
	track->has_seal = true;
	track->last_seq = record->seal.seq;
	track->seal_wall_us = track->alive_wall_us = record->at_wall_us;
	track->stopped = record->event == CF_EVENT_STOP;
	track->begun = false;
	track->last_seal = place;
	track->was_witnessed = is_witnessed;
	track->vouched_stop = false;
}

/* Seals of one run come each minute: also who set the clock back to hide a time comes out of it. */
static void check_pace(
    struct track *track, const struct cf_record *record, struct place place, bool is_witnessed)
{
	if (track->over_files || track->in_gap)
		return;
	begin_gap(track, track->alive_wall_us, record->at_wall_us,
	    track->has_seal ? track->last_seal : place, place);
	track->gap_was_witnessed = track->in_gap && track->was_witnessed && is_witnessed;
}

void cf_vouch_seal(struct cf_verify *verify, struct track *track, const struct cf_record *record,
    struct place first, struct place place, bool good)
{
	struct cf_seal_text seal;
	bool is_signed = false, is_witnessed = false;

	if (!cf_chain_seal_text(record, &seal)) {
		add_unvouched(track, record->seal.seq, first, place);
		note_seal(track, record, place, false);
		return; /* no name or instant of a writer's: nobody vouches */
	}
	check_clock(verify, track, &seal, place);
	follow_key(verify, track, record, place);
	if (has_keys(verify))
		is_signed = check_signature(verify, track, &seal, place) && good;
	is_witnessed = check_witness(verify, track, &seal, place) && good;
	check_pace(track, record, place, is_witnessed);
	end_gap(verify, track, is_witnessed);
	verify->summary.signed_seals += is_signed;
	verify->summary.witnessed_seals += is_witnessed;
	note_seal(track, record, place, is_witnessed);
	if (is_witnessed)
		track->unvouched = (struct unvouched){.seals = 0};
	if (is_signed || is_witnessed || (is_alone(verify) && good)) {
		track->vouched_wall_us = record->at_wall_us;
		track->vouched_stop = track->stopped;
	} else if (record->at_wall_us >= verify->with.from_wall_us) {
		add_unvouched(track, seal.seq, first, place);
	}
}

/* "resolver" of "resolver.2": a second process beside one that had yet to end. */
static size_t base_of(const char *source)
{
	return strcspn(source, ".");
}

static bool is_kin(const struct track *a, const struct track *b)
{
	size_t len = base_of(a->source);

	return strcmp(a->sensor, b->sensor) == 0 && len == base_of(b->source) &&
	    memcmp(a->source, b->source, len) == 0;
}

/* Whether a writer of this name, under whichever number, is vouched for up to the end. */
static bool goes_on(const struct cf_verify *verify, const struct track *track)
{
	for (size_t i = 0; i < verify->track_count; i++) {
		const struct track *other = verify->tracks[i];

		if (is_kin(track, other) &&
		    other->vouched_wall_us >= verify->with.to_wall_us - PACE_SLACK_US)
			return true;
	}
	return false;
}

/* A log that ends is one that was ended; what a running writer has yet to seal is no end. */
static void check_end(struct cf_verify *verify, struct track *track)
{
	char at[CF_INSTANT_TEXT_BYTES], to[CF_INSTANT_TEXT_BYTES];
	bool has_stop = track->vouched_stop && !track->begun && track->chain.lines == 0;
	struct place place = track->last_seal;

	if (track->vouched_wall_us >= verify->with.to_wall_us - PACE_SLACK_US)
		return;
	if (has_stop && (track->over_files || goes_on(verify, track)))
		return;
	if (!track->has_seal)
		return; /* told as unvouched, or empty */
	if (track->vouched_wall_us == INT64_MIN)
		cf_track_doubt(verify, CF_VERIFY_ENDS, track, verify->with.to_wall_us, place, place,
		    "nobody vouches for any seal of it; the last one says %s",
		    instant(track->seal_wall_us, at));
	else
		cf_track_doubt(verify, CF_VERIFY_ENDS, track, verify->with.to_wall_us, place, place,
		    "%s at %s %s, and should reach to %s: the writer ended, or the rest was cut "
		    "off "
		    "at a seal",
		    is_alone(verify) ? "the log ends" : "what is vouched for ends",
		    instant(track->vouched_wall_us, at),
		    has_stop ? "with a stop record" : "without a stop record",
		    instant(verify->with.to_wall_us, to));
}

static void check_unvouched(struct cf_verify *verify, struct track *track)
{
	const struct unvouched *u = &track->unvouched;

	if (is_alone(verify))
		return;
	if (u->seals > 0)
		cf_track_doubt(verify, CF_VERIFY_UNVOUCHED, track, INT64_MAX, u->first, u->last,
		    "%llu lines up to seals %llu to %llu are not signed by a key given, and no "
		    "witnessed seal comes after them",
		    (unsigned long long)u->lines, (unsigned long long)u->first_seq,
		    (unsigned long long)u->last_seq);
	if (track->has_seal && track->stopped && !track->begun && track->chain.lines > 0)
		cf_track_doubt(verify, CF_VERIFY_UNVOUCHED, track, INT64_MAX, track->first,
		    track->last, "%llu lines behind a stop record, and no start before them",
		    (unsigned long long)track->chain.lines);
	if (!track->has_seal && track->chain.lines > 0)
		cf_track_doubt(verify, CF_VERIFY_UNVOUCHED, track, INT64_MAX, track->first,
		    track->last, "%llu lines of a writer who sealed nothing",
		    (unsigned long long)track->chain.lines);
}

/* Witnessed seals of one writer that the log does not have. */
struct missing {
	uint64_t before, within, after;
	const struct cf_witnessed *oldest, *newest; /* of those before; of those within and after */
};

static void add_missing(
    struct missing *missing, const struct track *track, const struct cf_witnessed *seal)
{
	if (track != NULL && seal->seq < track->first_seq) {
		missing->before++;
		if (missing->oldest == NULL || seal->seq < missing->oldest->seq)
			missing->oldest = seal;
		return;
	}
	if (track != NULL && seal->seq < track->last_seq)
		missing->within++;
	else
		missing->after++;
	if (missing->newest == NULL || seal->seq > missing->newest->seq)
		missing->newest = seal;
}

static void tell_missing(
    struct cf_verify *verify, const struct track *track, const struct missing *missing)
{
	const struct place place = track->last_seal;
	char at[CF_INSTANT_TEXT_BYTES];

	if (missing->before > 0)
		cf_track_doubt(verify, CF_VERIFY_BEGINS, track, missing->oldest->at_wall_us, place,
		    place,
		    "%llu witnessed seals from %llu (%s) on are older than the first one here",
		    (unsigned long long)missing->before, (unsigned long long)missing->oldest->seq,
		    instant(missing->oldest->at_wall_us, at));
	if (missing->newest == NULL)
		return;
	if (!is_credible(verify, missing->newest)) {
		cf_track_doubt(verify, CF_VERIFY_DISPUTED, track, missing->newest->at_wall_us,
		    place, place,
		    "the witness has %llu seals that are not here, up to %llu (line %u), which "
		    "none "
		    "of the keys signed",
		    (unsigned long long)missing->within + missing->after,
		    (unsigned long long)missing->newest->seq, missing->newest->line);
		return;
	}
	if (missing->after > 0)
		cf_track_tell(verify, CF_VERIFY_REWRITTEN, track, place, place,
		    "the log ends at seal %llu, and %llu later ones were witnessed, up to %llu "
		    "(%s): its end was cut off",
		    (unsigned long long)track->last_seq, (unsigned long long)missing->after,
		    (unsigned long long)missing->newest->seq,
		    instant(missing->newest->at_wall_us, at));
	if (missing->within > 0)
		cf_track_tell(verify, CF_VERIFY_REWRITTEN, track, place, place,
		    "%llu seals were witnessed between the first and the last one here, and are "
		    "not here",
		    (unsigned long long)missing->within);
}

/* A writer of whom there is nothing; asked for by name it is the log itself that is gone. */
static void tell_absent(struct cf_verify *verify, uint32_t writer, const struct missing *missing)
{
	const struct cf_witness_writer *who = cf_witness_writer_at(verify->with.witness, writer);
	const struct place nowhere = {.path = NULL};
	char at[CF_INSTANT_TEXT_BYTES];

	if (missing->newest == NULL ||
	    (verify->with.sensor != NULL && strcmp(verify->with.sensor, who->sensor) != 0) ||
	    (verify->with.source != NULL &&
	        (strlen(verify->with.source) != base_of(who->source) ||
	            strncmp(verify->with.source, who->source, base_of(who->source)) != 0)))
		return;
	cf_track_doubt(verify, CF_VERIFY_ABSENT, NULL, missing->newest->at_wall_us, nowhere,
	    nowhere,
	    "%llu seals of %s %s were witnessed, up to %llu (%s), and nothing of it is here; "
	    "--sensor says whose log it is to be",
	    (unsigned long long)missing->after, who->source, who->sensor,
	    (unsigned long long)missing->newest->seq, instant(missing->newest->at_wall_us, at));
}

/* One pass over the witness, which may have seals of a year. */
static void count_missing(
    const struct cf_verify *verify, const struct track **tracks, struct missing *missing)
{
	for (size_t i = 0; i < verify->track_count; i++)
		if (verify->tracks[i]->has_seal &&
		    verify->tracks[i]->witness_writer != CF_WITNESS_NONE)
			tracks[verify->tracks[i]->witness_writer] = verify->tracks[i];
	for (size_t i = 0; i < cf_witness_count(verify->with.witness); i++) {
		const struct cf_witnessed *seal = cf_witness_at(verify->with.witness, i);

		if (!seal->seen && seal->at_wall_us >= verify->with.from_wall_us)
			add_missing(&missing[seal->writer], tracks[seal->writer], seal);
	}
}

static void check_missing(struct cf_verify *verify)
{
	uint32_t writers = cf_witness_writers(verify->with.witness);
	struct missing *missing = calloc(writers + 1u, sizeof *missing);
	const struct track **tracks = calloc(writers + 1u, sizeof *tracks);

	if (missing == NULL || tracks == NULL)
		verify->summary.unchecked_lines++; /* not verified, whatever the reason */
	else
		count_missing(verify, tracks, missing);
	for (uint32_t i = 0; i < writers && missing != NULL && tracks != NULL; i++)
		if (tracks[i] != NULL)
			tell_missing(verify, tracks[i], &missing[i]);
		else
			tell_absent(verify, i, &missing[i]);
	free(tracks);
	free(missing);
}

static void check_sensor(struct cf_verify *verify, const struct track *track)
{
	if (verify->with.sensor != NULL && strcmp(verify->with.sensor, track->sensor) != 0)
		cf_track_tell(verify, CF_VERIFY_STRANGER, track, track->last_seal, track->last_seal,
		    "lines of another sensor in a log that is to be of '%.70s'",
		    verify->with.sensor);
}

void cf_vouch_finish(struct cf_verify *verify)
{
	const struct place nowhere = {.path = NULL};
	bool is_empty = true;

	for (size_t i = 0; i < verify->track_count; i++) {
		struct track *track = verify->tracks[i];

		is_empty = is_empty && !track->has_seal;
		end_gap(verify, track, false);
		check_sensor(verify, track);
		check_unvouched(verify, track);
		check_end(verify, track);
	}
	if (is_empty)
		cf_track_doubt(verify, CF_VERIFY_EMPTY, NULL, INT64_MAX, nowhere, nowhere,
		    "%s: nothing here can be verified",
		    verify->summary.lines == 0 ? "the log is empty" : "there is no seal");
	if (verify->with.witness != NULL)
		check_missing(verify);
}
