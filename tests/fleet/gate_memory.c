#include "gate_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static enum cf_status gate_open(void *arg, struct cf_error *error)
{
	struct gate_memory *memory = arg;

	return memory->is_away ? cf_error_set(error, CF_EIO, "nobody listens") : CF_OK;
}

static void gate_close(void *arg)
{
	(void)arg;
}

static enum cf_status gate_begin(
    void *arg, const struct cf_checked *const bundles[], size_t count, struct cf_error *error)
{
	struct gate_memory *memory = arg;

	(void)bundles;
	if (memory->refuses_groups && count > 1)
		return cf_error_set(error, CF_EIO, "no groups");
	pthread_mutex_lock(&memory->lock);
	memcpy(memory->was, memory->writers, sizeof memory->was);
	memory->count_was = memory->count;
	if (count > memory->largest)
		memory->largest = (unsigned)count;
	return CF_OK;
}

static void gate_rollback(void *arg)
{
	struct gate_memory *memory = arg;

	memcpy(memory->writers, memory->was, sizeof memory->was); /* lines behind len are nothing */
	memory->count = memory->count_was;
	pthread_mutex_unlock(&memory->lock);
}

static enum cf_status gate_commit(void *arg, struct cf_error *error)
{
	struct gate_memory *memory = arg;
	const struct timespec delay = {.tv_nsec = (long)memory->delay_ms * 1000000};

	(void)nanosleep(&delay, NULL);
	if (memory->fails_commit) {
		memory->fails_commit = false;
		gate_rollback(arg);
		return cf_error_set(error, CF_EIO, "the disk is full");
	}
	memory->commits++;
	pthread_mutex_unlock(&memory->lock);
	return CF_OK;
}

struct gate_writer *gate_memory_find(
    struct gate_memory *memory, const char *sensor, const char *source)
{
	for (size_t i = 0; i < memory->count; i++)
		if (strcmp(memory->writers[i].name.sensor, sensor) == 0 &&
		    strcmp(memory->writers[i].name.source, source) == 0)
			return &memory->writers[i];
	return NULL;
}

static struct gate_writer *writer_of(
    struct gate_memory *memory, const struct cf_bundle_writer *name)
{
	struct gate_writer *writer = gate_memory_find(memory, name->sensor, name->source);

	if (writer != NULL)
		return writer;
	assert_true(memory->count < GATE_WRITERS);
	writer = &memory->writers[memory->count++];
	*writer = (struct gate_writer){.name = *name};
	memset(writer->sha256, '0', sizeof writer->sha256 - 1);
	return writer;
}

/* The rule of docs/FORMATS.md, "Fleet". */
static enum cf_head_why judge(struct gate_writer *writer, const struct cf_bundle_name *name)
{
	if (writer->seq == 0)
		return CF_HEAD_TAKEN;
	if (name->to_seq < writer->seq)
		return CF_HEAD_KNOWN;
	if (name->to_seq == writer->seq)
		return strcmp(name->sha256, writer->sha256) == 0 ? CF_HEAD_KNOWN : CF_HEAD_FORK;
	if (name->from_seq <= writer->seq)
		return CF_HEAD_HOLE;
	if (name->from_seq == writer->seq + 1)
		return strcmp(name->prev, writer->sha256) == 0 ? CF_HEAD_TAKEN : CF_HEAD_FORK;
	if (name->oldest != name->from_seq)
		return CF_HEAD_HOLE;
	writer->lost++;
	return CF_HEAD_TAKEN;
}

/* Room that stays until the end. */
static char *keep(struct gate_memory *memory, size_t len)
{
	char **kept = realloc(memory->kept, (memory->kept_count + 1) * sizeof *kept);

	assert_non_null(kept);
	memory->kept = kept;
	kept[memory->kept_count] = malloc(len);
	assert_non_null(kept[memory->kept_count]);
	return kept[memory->kept_count++];
}

static enum cf_status gate_take(void *arg, const struct cf_checked *bundle,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct gate_memory *memory = arg;
	struct gate_writer *writer = writer_of(memory, &bundle->name->writer);

	(void)error;
	head_out->why = judge(writer, bundle->name);
	memory->forks += head_out->why == CF_HEAD_FORK;
	memory->holes += head_out->why == CF_HEAD_HOLE;
	memory->known += head_out->why == CF_HEAD_KNOWN;
	memory->taken += head_out->why == CF_HEAD_TAKEN;
	if (head_out->why == CF_HEAD_TAKEN) {
		char *lines = keep(memory, writer->len + bundle->len);

		if (writer->len > 0)
			memcpy(lines, writer->lines, writer->len);
		memcpy(lines + writer->len, bundle->lines, bundle->len);
		writer->lines = lines;
		writer->len += bundle->len;
		writer->seq = bundle->name->to_seq;
		memcpy(writer->sha256, bundle->name->sha256, sizeof writer->sha256);
	}
	head_out->seq = writer->seq;
	memcpy(head_out->sha256, writer->sha256, sizeof head_out->sha256);
	return CF_OK;
}

static enum cf_status gate_head(void *arg, const struct cf_bundle_writer *name,
    struct cf_fleet_head *head_out, struct cf_error *error)
{
	struct gate_memory *memory = arg;
	struct gate_writer *writer;

	(void)error;
	pthread_mutex_lock(&memory->lock);
	writer = writer_of(memory, name);
	head_out->seq = writer->seq;
	memcpy(head_out->sha256, writer->sha256, sizeof head_out->sha256);
	pthread_mutex_unlock(&memory->lock);
	return CF_OK;
}

void gate_memory_init(struct gate_memory *memory)
{
	*memory = (struct gate_memory){.count = 0};
	pthread_mutex_init(&memory->lock, NULL);
}

void gate_memory_done(struct gate_memory *memory)
{
	for (size_t i = 0; i < memory->kept_count; i++)
		free(memory->kept[i]);
	free(memory->kept);
	pthread_mutex_destroy(&memory->lock);
}

struct cf_gate gate_memory_gate(struct gate_memory *memory)
{
	return (struct cf_gate){.open = gate_open,
	    .close = gate_close,
	    .begin = gate_begin,
	    .take = gate_take,
	    .commit = gate_commit,
	    .rollback = gate_rollback,
	    .head = gate_head,
	    .arg = memory};
}
