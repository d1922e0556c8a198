/*
 * What is shipped gives the content that reading the logs gives, whatever comes twice, in pieces of
 * whatever size, from several writers in one transaction; and what is another chain is refused.
 *
 * One file: a world is made and cut into segments once, and all that is shipped is of it.
 */

#include "../../scratch_template.h"
#include "ledger/ingest/ingest.h"
#include "ledger/shipped/shipped.h"
#include "ledger/store/store.h"
#include "records/form/ulid.h"
#include "records/read/reader.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SITES      2
#define SEGMENTS   20000
#define PIECE_MOST 7
#define WORD_BYTES 40

/* Between two seals of a writer. */
struct segment {
	char *lines;
	size_t len;
	uint64_t seq;
	char prev[CF_SHA256_TEXT_BYTES], sha256[CF_SHA256_TEXT_BYTES], run[27];
	int64_t first_us, at_us;
};

struct writer {
	char sensor[WORD_BYTES];
	const char *source;
	struct segment *segments;
	size_t count;
	char last_id[27];
};

struct fixture {
	struct world world;
	struct world_truth *truth;
	struct world_coverage *coverage;
	struct world_odd odd;
	struct writer writers[2 * SITES];
	unsigned databases;
};

static void copy(char *to, size_t size, struct cf_text text)
{
	snprintf(to, size, "%.*s", (int)text.len, text.data);
}

/* Appends the line to the segment that is open: the last one. */
static void take_line(
    struct writer *writer, const struct cf_record *record, const char *text, size_t len)
{
	struct segment *segment = &writer->segments[writer->count];
	char *lines = realloc(segment->lines, segment->len + len + 1);

	assert_non_null(lines);
	memcpy(lines + segment->len, text, len);
	lines[segment->len + len] = '\n';
	if (segment->len == 0)
		segment->first_us = record->at_wall_us;
	segment->lines = lines;
	segment->len += len + 1;
	if (record->seal.sha256.len == 0)
		return;
	segment->seq = record->seal.seq;
	segment->at_us = record->at_wall_us;
	copy(segment->prev, sizeof segment->prev, record->seal.prev);
	copy(segment->sha256, sizeof segment->sha256, record->seal.sha256);
	copy(segment->run, sizeof segment->run, record->seal.run);
	assert_true(++writer->count < SEGMENTS);
}

/* Whether the seal before is that of this one: lines that come twice are not sent twice. */
static void cut_file(struct fixture *f, const char *path)
{
	struct cf_reader *reader = NULL;
	struct cf_record *record = calloc(1, sizeof *record);
	struct cf_line line;
	struct cf_error error;
	enum cf_read got;

	assert_int_equal(cf_reader_open(path, &reader, &error), CF_OK);
	while ((got = cf_reader_next(reader, record, &line)) != CF_READ_END) {
		assert_int_not_equal(got, CF_READ_FAILED);
		if (got != CF_READ_RECORD)
			continue;
		for (size_t i = 0; i < 2 * (size_t)SITES; i++) {
			struct writer *writer = &f->writers[i];
			uint64_t by;

			if (record->sensor.len != strlen(writer->sensor) ||
			    memcmp(record->sensor.data, writer->sensor, record->sensor.len) != 0 ||
			    record->source.len != strlen(writer->source) ||
			    memcmp(record->source.data, writer->source, record->source.len) != 0)
				continue;
			if (writer->last_id[0] != '\0' &&
			    cf_ulid_counts_on(record->id.data, writer->last_id, &by))
				continue; /* not behind the line before: it came before */
			copy(writer->last_id, sizeof writer->last_id, record->id);
			take_line(writer, record, line.text, line.len);
		}
	}
	cf_reader_close(reader);
	free(record);
}

static void cut_site(struct fixture *f, uint32_t site)
{
	static const char *const names[] = {"resolver.jsonl", "monitor.jsonl"};

	for (size_t i = 0; i < 2; i++) {
		struct cf_log_set set = {0};
		char path[160];

		snprintf(path, sizeof path, "%s/s%u/%s", f->world.dir, site, names[i]);
		assert_int_equal(cf_log_set_find(path, &set), CF_OK);
		assert_true(set.count > 0);
		for (size_t j = 0; j < set.count; j++)
			cut_file(f, set.paths[j]);
		cf_log_set_done(&set);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->world = (struct world){.seed = 11,
	    .sites = SITES,
	    .hosts = 40,
	    .days = 4,
	    .sighting_hours = 6,
	    .rotate_days = 2};
	assert_non_null(mkdtemp(scratch_template(f->world.dir, "shipped")));
	world_make(&f->world, &f->truth, &f->coverage, &f->odd);
	for (uint32_t i = 0; i < 2 * SITES; i++) {
		struct writer *writer = &f->writers[i];

		snprintf(writer->sensor, sizeof writer->sensor, "sensor%u", i / 2);
		writer->source = i % 2 == 0 ? "resolver" : "monitor";
		writer->segments = calloc(SEGMENTS, sizeof *writer->segments);
		assert_non_null(writer->segments);
	}
	for (uint32_t i = 0; i < SITES; i++)
		cut_site(f, i);
	for (size_t i = 0; i < 2 * (size_t)SITES; i++)
		assert_true(f->writers[i].count > 1000);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * (size_t)SITES; i++) {
		for (size_t j = 0; j <= f->writers[i].count; j++)
			free(f->writers[i].segments[j].lines);
		free(f->writers[i].segments);
	}
	assert_true(scratch_drop(f->world.dir));
	free(f->truth);
	free(f->coverage);
	free(f);
	return 0;
}

static struct cf_ledger *open_new(struct fixture *f)
{
	char path[256];
	const struct cf_ledger_options options = {.path = path, .mode = CF_LEDGER_SHARE};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};

	const char *server = getenv("CF_LEDGER_SERVER"); /* tests/ledger/pgsql.py */

	if (server == NULL)
		snprintf(path, sizeof path, "%s/%u.db", f->world.dir, f->databases++);
	else
		snprintf(path, sizeof path, "%s#shipped_%u", server, f->databases++);
	if (cf_ledger_open(&options, &ledger, NULL, &error) != CF_OK)
		fail_msg("%s", error.text);
	return ledger;
}

struct text {
	char *bytes;
	size_t len;
};

static void append(void *arg, const char *line, size_t len)
{
	struct text *text = arg;

	text->bytes = realloc(text->bytes, text->len + len + 2);
	assert_non_null(text->bytes);
	memcpy(text->bytes + text->len, line, len);
	text->len += len;
	text->bytes[text->len++] = '\n';
	text->bytes[text->len] = '\0';
}

static char *dump_of(struct cf_ledger *ledger)
{
	struct text text = {NULL, 0};
	struct cf_error error = {0};

	if (cf_ledger_dump(ledger, append, &text, &error) != CF_OK)
		fail_msg("%s", error.text);
	assert_non_null(text.bytes);
	return text.bytes;
}

/* The first line in which they differ is what a reader wants to see. */
static void assert_same(const char *got, const char *expected)
{
	const char *from = got;

	if (strcmp(got, expected) == 0)
		return;
	for (; *got != '\0' && *got == *expected; got++, expected++)
		from = *got == '\n' ? got + 1 : from;
	fail_msg("%.*s instead of ...%.200s", 200, from, expected);
}

static void read_files(struct fixture *f, struct cf_ledger *ledger, uint32_t sites)
{
	static const char *const names[] = {"resolver.jsonl", "monitor.jsonl"};
	const struct cf_ingest_options options = {0};
	struct cf_ingest *ingest = NULL;
	struct cf_error error = {0};
	char path[160];

	assert_int_equal(cf_ingest_new(ledger, &options, &ingest, &error), CF_OK);
	for (uint32_t i = 0; i < 2 * sites; i++) {
		snprintf(path, sizeof path, "%s/s%u/%s", f->world.dir, i / 2, names[i % 2]);
		if (cf_ingest_path(ingest, path, true, &error) != CF_OK)
			fail_msg("%s", error.text);
	}
	assert_int_equal(cf_ingest_finish(ingest, &error), CF_OK);
	cf_ingest_free(ingest);
}

static struct cf_text text_of(const char *text)
{
	return (struct cf_text){.data = text, .len = strlen(text)};
}

/* The segments from..from+count of a writer; the lines are the caller's to free. */
static struct cf_shipment shipment_of(const struct writer *writer, size_t from, size_t count)
{
	const struct segment *first = &writer->segments[from],
	                     *last = &writer->segments[from + count - 1];
	struct cf_shipment shipment = {.sensor = text_of(writer->sensor),
	    .source = text_of(writer->source),
	    .run = text_of(last->run),
	    .from_seq = first->seq,
	    .to_seq = last->seq,
	    .prev = first->prev,
	    .sha256 = last->sha256,
	    .oldest_seq = writer->segments[0].seq,
	    .first_wall_us = first->first_us,
	    .last_wall_us = last->at_us};
	char *lines = NULL;

	for (size_t i = from; i < from + count; i++) {
		lines = realloc(lines, shipment.len + writer->segments[i].len);
		assert_non_null(lines);
		memcpy(lines + shipment.len, writer->segments[i].lines, writer->segments[i].len);
		shipment.len += writer->segments[i].len;
	}
	shipment.lines = lines;
	return shipment;
}

static enum cf_shipped_verdict send_one(
    struct cf_shipped *shipped, const struct cf_shipment *shipment, struct cf_shipped_head *head)
{
	enum cf_shipped_verdict verdict = CF_SHIPPED_HOLE;
	struct cf_error error = {0};

	if (cf_shipped_begin(shipped, shipment, 1, &error) != CF_OK ||
	    cf_shipped_take(shipped, shipment, &verdict, head, &error) != CF_OK ||
	    cf_shipped_commit(shipped, &error) != CF_OK)
		fail_msg("%s", error.text);
	return verdict;
}

static enum cf_shipped_verdict send(struct cf_shipped *shipped, const struct writer *writer,
    size_t from, size_t count, struct cf_shipped_head *head)
{
	struct cf_shipment shipment = shipment_of(writer, from, count);
	enum cf_shipped_verdict verdict = send_one(shipped, &shipment, head);

	free((char *)shipment.lines);
	return verdict;
}

static struct cf_shipped *shipped_of(struct cf_ledger *ledger)
{
	struct cf_shipped *shipped = NULL;
	struct cf_error error = {0};

	if (cf_shipped_new(ledger, NULL, NULL, &shipped, &error) != CF_OK)
		fail_msg("%s", error.text);
	return shipped;
}

/* Ships all that follows the heads: a piece of each writer in one transaction, and each seventh
 * piece once more. */
static void ship_all(struct fixture *f, struct cf_shipped *shipped, const size_t done[])
{
	size_t at[2 * SITES];
	unsigned round = 0;

	memcpy(at, done, sizeof at);
	for (bool any = true; any; round++) {
		struct cf_shipment shipments[2 * SITES];
		struct cf_shipped_head head;
		struct cf_error error = {0};
		size_t count = 0;

		for (size_t i = 0; i < 2 * (size_t)SITES; i++) {
			const struct writer *writer = &f->writers[i];
			size_t left = writer->count - at[i],
			       piece = 1 + (round + i) % PIECE_MOST * 40;

			if (left == 0)
				continue;
			piece = piece < left ? piece : left;
			shipments[count++] = shipment_of(writer, at[i], piece);
			at[i] += round % 7 == 3 ? 0 : piece;
		}
		any = count > 0;
		if (!any)
			break;
		if (cf_shipped_begin(shipped, shipments, count, &error) != CF_OK)
			fail_msg("%s", error.text);
		for (size_t i = 0; i < count; i++) {
			enum cf_shipped_verdict verdict;

			if (cf_shipped_take(shipped, &shipments[i], &verdict, &head, &error) !=
			    CF_OK)
				fail_msg("%s", error.text);
			/* Sent twice, and then in other pieces: what is left is asked for again. */
			if (verdict == CF_SHIPPED_HOLE)
				for (size_t j = 0; j < 2 * (size_t)SITES; j++)
					while (strcmp(f->writers[j].sensor,
					           shipments[i].sensor.data) == 0 &&
					    strcmp(f->writers[j].source,
					        shipments[i].source.data) == 0 &&
					    f->writers[j].segments[at[j] - 1].seq != head.seq)
						at[j] +=
						    f->writers[j].segments[at[j] - 1].seq < head.seq
						    ? 1
						    : (size_t)-1;
			assert_int_not_equal(verdict, CF_SHIPPED_FORK);
			free((char *)shipments[i].lines);
		}
		if (cf_shipped_commit(shipped, &error) != CF_OK)
			fail_msg("%s", error.text);
	}
}

static void shipped_in_pieces_it_is_as_if_read_from_files(void **state)
{
	struct fixture *f = *state;
	struct cf_ledger *by_files = open_new(f), *by_ship = open_new(f);
	struct cf_shipped *shipped = shipped_of(by_ship);
	const size_t none[2 * SITES] = {0};

	read_files(f, by_files, SITES);
	ship_all(f, shipped, none);
	char *expected = dump_of(by_files), *got = dump_of(by_ship);

	assert_same(got, expected);
	/* All of it once more: it is known, and nothing changes. */
	free(got);
	for (size_t i = 0; i < 2 * (size_t)SITES; i++) {
		struct cf_shipped_head head;

		for (size_t j = 0; j < f->writers[i].count; j += 100)
			assert_int_equal(
			    send(shipped, &f->writers[i], j,
			        f->writers[i].count - j < 100 ? f->writers[i].count - j : 100,
			        &head),
			    CF_SHIPPED_KNOWN);
	}
	got = dump_of(by_ship);
	assert_same(got, expected);
	/* And what files say of them is passed over. */
	free(got);
	read_files(f, by_ship, SITES);
	got = dump_of(by_ship);
	assert_same(got, expected);
	free(got);
	free(expected);
	cf_shipped_free(shipped);
	cf_ledger_close(by_ship);
	cf_ledger_close(by_files);
}

static struct cf_shipped_head head_of(struct cf_shipped *shipped, const struct writer *writer)
{
	struct cf_shipped_head head;
	struct cf_error error = {0};

	if (cf_shipped_head(
	        shipped, text_of(writer->sensor), text_of(writer->source), &head, &error) != CF_OK)
		fail_msg("%s", error.text);
	return head;
}

/* A ledger that has the first segments of a writer. */
struct begun {
	struct cf_ledger *ledger;
	struct cf_shipped *shipped;
	const struct writer *writer;
	struct cf_shipped_head head;
	char *dump;
};

static struct begun begin_with(struct fixture *f, size_t count)
{
	struct begun begun = {.ledger = open_new(f), .writer = &f->writers[1]};

	begun.shipped = shipped_of(begun.ledger);
	assert_int_equal(
	    send(begun.shipped, begun.writer, 0, count, &begun.head), CF_SHIPPED_TAKEN);
	begun.dump = dump_of(begun.ledger);
	return begun;
}

/* What was refused, or given up, is nowhere. */
static void assert_untouched(const struct begun *begun)
{
	char *dump = dump_of(begun->ledger);
	struct cf_shipped_head head = head_of(begun->shipped, begun->writer);

	assert_int_equal(head.seq, begun->head.seq);
	assert_string_equal(head.sha256, begun->head.sha256);
	assert_same(dump, begun->dump);
	free(dump);
}

static void end(struct begun *begun)
{
	free(begun->dump);
	cf_shipped_free(begun->shipped);
	cf_ledger_close(begun->ledger);
}

static void assert_has_gap(struct cf_ledger *ledger, bool expected)
{
	char *dump = dump_of(ledger);

	assert_int_equal(strstr(dump, "\tlost before shipping") != NULL, expected);
	free(dump);
}

/* The receipt moves with the sums or not at all, also of a writer whose number is known by now. */
static void what_is_given_up_is_not_there(void **state)
{
	struct begun begun = begin_with(*state, 2);
	struct cf_shipment shipment = shipment_of(begun.writer, 2, 3);
	enum cf_shipped_verdict verdict;
	struct cf_shipped_head head;
	struct cf_error error = {0};

	for (int i = 0; i < 2; i++) {
		assert_int_equal(cf_shipped_begin(begun.shipped, &shipment, 1, &error), CF_OK);
		assert_int_equal(
		    cf_shipped_take(begun.shipped, &shipment, &verdict, &head, &error), CF_OK);
		assert_int_equal(verdict, CF_SHIPPED_TAKEN);
		assert_int_equal(head.seq, shipment.to_seq);
		cf_shipped_abandon(begun.shipped);
		assert_untouched(&begun);
	}
	assert_int_equal(send_one(begun.shipped, &shipment, &head), CF_SHIPPED_TAKEN);
	free((char *)shipment.lines);
	end(&begun);
}

static void a_hole_is_told_with_the_head(void **state)
{
	struct begun begun = begin_with(*state, 2);
	struct cf_shipped_head head;

	assert_int_equal(send(begun.shipped, begun.writer, 3, 2, &head), CF_SHIPPED_HOLE);
	assert_int_equal(head.seq, begun.head.seq);
	/* Neither are those known that reach beyond the head. */
	assert_int_equal(send(begun.shipped, begun.writer, 1, 2, &head), CF_SHIPPED_HOLE);
	assert_untouched(&begun);
	assert_has_gap(begun.ledger, false);
	end(&begun);
}

static void what_the_sensor_lost_is_a_gap(void **state)
{
	struct begun begun = begin_with(*state, 2);
	struct cf_shipment shipment = shipment_of(begun.writer, 4, 2);
	struct cf_shipped_head head;

	shipment.oldest_seq = shipment.from_seq;
	assert_int_equal(send_one(begun.shipped, &shipment, &head), CF_SHIPPED_TAKEN);
	assert_int_equal(head.seq, shipment.to_seq);
	assert_has_gap(begun.ledger, true);
	free((char *)shipment.lines);
	end(&begun);
}

static void another_chain_is_a_fork(void **state)
{
	struct begun begun = begin_with(*state, 2);
	char other[CF_SHA256_TEXT_BYTES];
	struct cf_shipped_head head;
	struct cf_shipment next = shipment_of(begun.writer, 2, 1),
	                   same = shipment_of(begun.writer, 1, 1);

	memset(other, '5', sizeof other - 1);
	other[sizeof other - 1] = '\0';
	next.prev = other;
	assert_int_equal(send_one(begun.shipped, &next, &head), CF_SHIPPED_FORK);
	same.sha256 = other;
	assert_int_equal(send_one(begun.shipped, &same, &head), CF_SHIPPED_FORK);
	assert_int_equal(head.seq, begun.head.seq);
	assert_untouched(&begun);
	free((char *)next.lines);
	free((char *)same.lines);
	end(&begun);
}

static void a_chain_that_was_forgotten_begins_anew_later(void **state)
{
	struct begun begun = begin_with(*state, 3);
	struct cf_text source = text_of(begun.writer->source);
	struct cf_shipped_head head;
	struct cf_error error = {0};

	assert_int_equal(
	    cf_shipped_forget(begun.shipped, text_of("nobody"), source, &error), CF_ENOTFOUND);
	assert_int_equal(
	    cf_shipped_forget(begun.shipped, text_of(begun.writer->sensor), source, &error), CF_OK);
	assert_int_equal(head_of(begun.shipped, begun.writer).seq, 0);
	/* Not before what was taken: it would count twice. */
	assert_int_equal(send(begun.shipped, begun.writer, 1, 1, &head), CF_SHIPPED_FORK);
	assert_has_gap(begun.ledger, false);
	assert_int_equal(send(begun.shipped, begun.writer, 10, 2, &head), CF_SHIPPED_TAKEN);
	assert_int_equal(head.seq, begun.writer->segments[11].seq);
	assert_has_gap(begun.ledger, true);
	end(&begun);
}

/* The oldest file of each writer, whose end is anywhere between two seals. */
static void read_oldest(struct fixture *f, struct cf_ledger *ledger)
{
	static const char *const names[] = {"resolver.jsonl", "monitor.jsonl"};
	const struct cf_ingest_options options = {0};
	struct cf_ingest *ingest = NULL;
	struct cf_error error = {0};
	char path[160];

	assert_int_equal(cf_ingest_new(ledger, &options, &ingest, &error), CF_OK);
	for (uint32_t i = 0; i < 2 * SITES; i++) {
		struct cf_log_set set = {0};

		snprintf(path, sizeof path, "%s/s%u/%s", f->world.dir, i / 2, names[i % 2]);
		assert_int_equal(cf_log_set_find(path, &set), CF_OK);
		assert_true(set.count > 1);
		if (cf_ingest_path(ingest, set.paths[0], false, &error) != CF_OK)
			fail_msg("%s", error.text);
		cf_log_set_done(&set);
	}
	assert_int_equal(cf_ingest_finish(ingest, &error), CF_OK);
	cf_ingest_free(ingest);
}

static void what_files_brought_is_where_shipping_goes_on(void **state)
{
	struct fixture *f = *state;
	struct cf_ledger *by_files = open_new(f), *by_both = open_new(f);
	size_t done[2 * SITES];

	read_files(f, by_files, SITES);
	read_oldest(f, by_both);
	struct cf_shipped *shipped = shipped_of(by_both);

	for (size_t i = 0; i < 2 * (size_t)SITES; i++) {
		uint64_t seq = head_of(shipped, &f->writers[i]).seq;

		assert_true(seq > 0);
		for (done[i] = 0; f->writers[i].segments[done[i]].seq != seq;)
			assert_true(++done[i] < f->writers[i].count);
		done[i]++;
	}
	ship_all(f, shipped, done);
	char *expected = dump_of(by_files), *got = dump_of(by_both);

	assert_same(got, expected);
	free(got);
	free(expected);
	cf_shipped_free(shipped);
	cf_ledger_close(by_both);
	cf_ledger_close(by_files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_given_up_is_not_there),
	    cmocka_unit_test(a_hole_is_told_with_the_head),
	    cmocka_unit_test(what_the_sensor_lost_is_a_gap),
	    cmocka_unit_test(another_chain_is_a_fork),
	    cmocka_unit_test(a_chain_that_was_forgotten_begins_anew_later),
	    cmocka_unit_test(what_files_brought_is_where_shipping_goes_on),
	    cmocka_unit_test(shipped_in_pieces_it_is_as_if_read_from_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
