/* Two passes: which lines are wanted is known at their seals. */

#include "evidence/segments.h"

#include "base/array.h"
#include "base/file_writer.h"
#include "base/map.h"
#include "records/read/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct segment {
	uint32_t writer;
	int64_t first_us, last_us;
	bool is_wanted;
};

struct writer {
	uint32_t open; /* its segment without a seal; NONE */
	bool over_files;
};

struct plan {
	struct cf_map *keys;
	struct writer *writers;
	struct segment *segments;
	uint32_t *lines; /* the segment of each; NONE: no record */
	size_t writer_count, writer_room, segment_count, segment_room, line_count, line_room;
	size_t first, last; /* of the lines that are kept */
};

static void plan_done(struct plan *plan)
{
	cf_map_free(plan->keys);
	free(plan->writers);
	free(plan->segments);
	free(plan->lines);
}

/* The record's writer; NULL without memory. */
static struct writer *writer_of(struct plan *plan, const struct cf_record *record, uint32_t *at)
{
	struct writer *writers = cf_array_grow(
	    plan->writers, plan->writer_count, 1, &plan->writer_room, sizeof *writers);
	char key[600];
	bool added;
	int len = snprintf(key, sizeof key, "%.*s %.*s", (int)record->sensor.len,
	    record->sensor.len > 0 ? record->sensor.data : "", (int)record->source.len,
	    record->source.len > 0 ? record->source.data : "");

	if (writers == NULL)
		return NULL;
	plan->writers = writers;
	if (cf_map_add(plan->keys, key, len < (int)sizeof key ? (size_t)len : sizeof key - 1,
	        (uint32_t)plan->writer_count, at, &added) != CF_OK)
		return NULL;
	if (added)
		writers[plan->writer_count++] = (struct writer){.open = NONE};
	return &writers[*at];
}

/* The segment that the record is in; NONE without memory. */
static uint32_t segment_of(struct plan *plan, const struct cf_record *record)
{
	uint32_t at, number;
	struct writer *writer = writer_of(plan, record, &at);
	struct segment *segments = cf_array_grow(
	    plan->segments, plan->segment_count, 1, &plan->segment_room, sizeof *segments);

	if (segments != NULL)
		plan->segments = segments;
	if (writer == NULL || segments == NULL)
		return NONE;
	if (writer->open == NONE) {
		writer->open = (uint32_t)plan->segment_count;
		segments[plan->segment_count++] = (struct segment){
		    .writer = at, .first_us = record->at_wall_us, .last_us = record->at_wall_us};
	}
	number = writer->open;
	if (record->at_wall_us < segments[number].first_us)
		segments[number].first_us = record->at_wall_us;
	if (record->last_wall_us > segments[number].last_us)
		segments[number].last_us = record->last_wall_us;
	writer->over_files = writer->over_files || record->report.input.len > 0;
	if (record->seal.sha256.len > 0)
		writer->open = NONE;
	return number;
}

static enum cf_status note_line(
    struct plan *plan, const struct cf_record *record, struct cf_error *error)
{
	uint32_t *lines =
	    cf_array_grow(plan->lines, plan->line_count, 1, &plan->line_room, sizeof *lines);
	uint32_t segment = record == NULL ? NONE : segment_of(plan, record);

	if (lines != NULL)
		plan->lines = lines;
	if (lines == NULL || (record != NULL && segment == NONE))
		return cf_error_set(error, CF_ENOMEM, "no memory");
	lines[plan->line_count++] = segment;
	return CF_OK;
}

/*
 * All between a writer's first and last wanted one, for its clock may have gone back and forth, and
 * the one before: its seal, from before the interval, says that the beginning is whole.
 */
static void want_of(struct plan *plan, uint32_t w, int64_t from_us, int64_t to_us)
{
	size_t none = plan->segment_count, before = none, first = none, last = 0;

	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct segment *s = &plan->segments[i];

		if (s->writer != w)
			continue;
		if (plan->writers[w].over_files ||
		    (s->last_us >= from_us && s->first_us <= to_us)) {
			first = first == none ? (before == none ? i : before) : first;
			last = i;
		} else if (first == none) {
			before = i;
		}
	}
	for (size_t i = first; i < none && i <= last; i++)
		if (plan->segments[i].writer == w)
			plan->segments[i].is_wanted = true;
}

static bool is_kept(const struct plan *plan, size_t line)
{
	uint32_t segment = plan->lines[line];

	/* What is no record is accounted for by records around it. */
	return segment == NONE ? line >= plan->first && line <= plan->last
	                       : plan->segments[segment].is_wanted;
}

static void bound(struct plan *plan)
{
	plan->first = plan->line_count;
	for (size_t i = 0; i < plan->line_count; i++) {
		if (plan->lines[i] == NONE || !plan->segments[plan->lines[i]].is_wanted)
			continue;
		if (plan->first == plan->line_count)
			plan->first = i;
		plan->last = i;
	}
}

static enum cf_status make_plan(struct plan *plan, struct cf_reader *reader, struct cf_error *error)
{
	struct cf_record *record = malloc(sizeof *record);
	enum cf_status status =
	    record == NULL ? cf_error_set(error, CF_ENOMEM, "no memory") : CF_OK;
	struct cf_line line;
	enum cf_read got = CF_READ_END;

	while (status == CF_OK &&
	    ((got = cf_reader_next(reader, record, &line)) == CF_READ_RECORD ||
	        got == CF_READ_SKIPPED))
		status = note_line(plan, got == CF_READ_RECORD ? record : NULL, error);
	free(record);
	if (status == CF_OK && got == CF_READ_FAILED)
		status = cf_error_set(error, CF_EIO, "'%s': %s", cf_reader_path(reader),
		    cf_reader_error(reader)->text);
	return status;
}

/* The lines that were planned; what was written since is none of them. */
static enum cf_status write_lines(
    const struct plan *plan, struct cf_reader *reader, FILE *to, struct cf_error *error)
{
	struct cf_line line;
	size_t i = 0;
	const char *tail;
	size_t tail_len;

	for (; i < plan->line_count; i++) {
		enum cf_read got = cf_reader_next(reader, NULL, &line);

		if (got != CF_READ_RECORD && got != CF_READ_SKIPPED)
			return cf_error_set(
			    error, CF_EAGAIN, "'%s' became shorter", cf_reader_path(reader));
		if (is_kept(plan, i) &&
		    (fwrite(line.text, 1, line.len, to) != line.len || putc('\n', to) == EOF))
			return CF_EIO; /* whoever closes it says why */
	}
	/* A line that was cut, or is being written. */
	tail = cf_reader_tail(reader, &tail_len);
	if (i > 0 && is_kept(plan, i - 1))
		(void)fwrite(tail, 1, tail_len, to); /* likewise */
	return CF_OK;
}

static bool is_same(struct cf_reader *a, struct cf_reader *b)
{
	struct cf_file_identity x, y;

	cf_reader_identity(a, &x);
	cf_reader_identity(b, &y);
	return x.dev == y.dev && x.ino == y.ino;
}

static enum cf_status copy_kept(
    const struct plan *plan, struct cf_reader *first, const char *to, struct cf_error *error)
{
	const char *from = cf_reader_path(first);
	struct cf_reader *reader = NULL;
	struct cf_file_writer writer;
	enum cf_status status = cf_reader_open(from, &reader, error);

	if (status != CF_OK)
		return status;
	if (!is_same(first, reader)) {
		status = cf_error_set(error, CF_EAGAIN, "'%s' was rotated meanwhile", from);
	} else {
		status = cf_file_writer_open_as(&writer, to, CF_WRITE_PRIVATE);
		if (status == CF_OK)
			status = write_lines(plan, reader, writer.to, error);
		status = cf_file_writer_end(&writer, to, status, error);
	}
	cf_reader_close(reader);
	return status;
}

static size_t count_kept(const struct plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->line_count; i++)
		kept += is_kept(plan, i);
	return kept;
}

enum cf_status cf_segments_copy(const char *from, const char *to, int64_t from_wall_s,
    int64_t to_wall_s, struct cf_segments_counts *counts_out, struct cf_error *error)
{
	struct plan plan = {.keys = cf_map_new()};
	struct cf_reader *reader = NULL;
	enum cf_status status = plan.keys == NULL ? cf_error_set(error, CF_ENOMEM, "no memory")
	                                          : cf_reader_open(from, &reader, error);

	if (status == CF_OK)
		status = make_plan(&plan, reader, error);
	if (status == CF_OK) {
		for (uint32_t w = 0; w < plan.writer_count; w++)
			want_of(&plan, w, from_wall_s == 0 ? INT64_MIN : from_wall_s * 1000000,
			    to_wall_s == 0 ? INT64_MAX : to_wall_s * 1000000);
		bound(&plan);
		*counts_out = (struct cf_segments_counts){
		    .lines = plan.line_count, .kept = count_kept(&plan)};
		if (counts_out->kept > 0 && counts_out->kept < counts_out->lines)
			status = copy_kept(&plan, reader, to, error);
	}
	if (reader != NULL)
		cf_reader_close(reader);
	plan_done(&plan);
	return status;
}
