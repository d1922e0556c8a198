/* The status file. */

#include "records/write/status_file.h"

#include "records/form/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_US INT64_C(1000000)

enum cf_status cf_status_file_init(struct cf_status_file *status, const char *path)
{
	*status = (struct cf_status_file){0};
	if (path == NULL || path[0] == '\0')
		return CF_OK;
	status->path = strdup(path);
	if (status->path == NULL || asprintf(&status->temporary, "%s.new", path) < 0) {
		status->temporary = NULL;
		cf_status_file_done(status);
		return CF_ENOMEM;
	}
	return CF_OK;
}

void cf_status_file_done(struct cf_status_file *status)
{
	free(status->path);
	free(status->temporary);
	*status = (struct cf_status_file){0};
}

bool cf_status_file_is_due(struct cf_status_file *status, int64_t now_us)
{
	if (status->path == NULL || now_us < status->next_us)
		return false;
	status->next_us = now_us + SECOND_US;
	return true;
}

static void put_member(struct cf_json *json, const char *key, uint64_t value)
{
	CF_JSON_LITERAL(json, ",\"");
	cf_json_raw(json, key, strlen(key));
	CF_JSON_LITERAL(json, "\":");
	cf_json_number(json, value);
}

static void put_text(struct cf_json *json, const char *key, const char *text)
{
	CF_JSON_LITERAL(json, ",\"");
	cf_json_raw(json, key, strlen(key));
	CF_JSON_LITERAL(json, "\":");
	cf_json_string(json, text, strlen(text), CF_RECORD_TEXT_BYTES, false);
}

static size_t form(const struct cf_writer *writer, const struct cf_log_stats *stats,
    const char *members, size_t members_len, bool last, char *text, size_t size)
{
	struct cf_json json = cf_json_make(text, size);

	CF_JSON_LITERAL(&json, "{\"v\":1,\"timestamp\":");
	cf_json_instant_us(&json, writer->now_wall_us);
	CF_JSON_LITERAL(&json, ",\"started\":");
	cf_json_instant_us(&json, writer->started_wall_us);
	put_text(&json, "sensor", writer->sensor);
	put_text(&json, "source", writer->source);
	put_member(&json, "pid", (uint64_t)getpid());
	put_text(&json, "state", last ? "stopped" : "running");
	put_text(&json, "log", writer->sink.path == NULL ? "-" : writer->sink.path);
	put_member(&json, "hits", stats->hits);
	put_member(&json, "lines", stats->lines);
	put_member(&json, "bytes", stats->bytes);
	put_member(&json, "lost", stats->lost_queue + stats->lost_disk);
	put_member(&json, "lost_queue", stats->lost_queue);
	put_member(&json, "lost_disk", stats->lost_disk);
	CF_JSON_LITERAL(&json, ",\"degraded\":");
	cf_json_raw(&json, stats->degraded ? "true" : "false", stats->degraded ? 4 : 5);
	if (writer->sink.failure != 0)
		put_text(&json, "error", strerror(writer->sink.failure));
	put_text(&json, "image", writer->image);
	put_text(&json, "policy", writer->policy);
	put_member(&json, "seq", writer->chain.seq);
	put_text(&json, "sha256", writer->chain.prev);
	if (members_len > 0) {
		CF_JSON_LITERAL(&json, ",");
		cf_json_raw(&json, members, members_len);
	}
	CF_JSON_LITERAL(&json, "}\n");
	return cf_json_length(&json);
}

void cf_status_file_write(struct cf_status_file *status, const struct cf_writer *writer,
    const struct cf_log_stats *stats, const char *members, size_t members_len, bool last)
{
	char text[4 * CF_RECORD_BYTES];
	size_t len;
	bool written;
	int fd;

	if (status->path == NULL)
		return;
	/* NOLINTNEXTLINE(*-comparison,cert-*): padding that differs writes once more */
	if (!last && memcmp(stats, &status->told, sizeof *stats) == 0 &&
	    writer->now_us - status->told_us < 10 * SECOND_US)
		return;
	len = form(writer, stats, members, members_len, last, text, sizeof text);
	fd = open(status->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return;
	written = len > 0 && write(fd, text, len) == (ssize_t)len;
	close(fd);
	if (!written || rename(status->temporary, status->path) != 0) {
		(void)unlink(status->temporary); /* nothing more can be done about it */
		return;
	}
	status->told = *stats;
	status->told_us = writer->now_us;
}
