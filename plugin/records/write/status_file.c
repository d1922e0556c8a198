/* The status file. */

#include "records/write/status_file.h"

#include "base/file_writer.h"
#include "records/form/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_US INT64_C(1000000)

enum cf_status cf_status_file_init(struct cf_status_file *status, const char *path)
{
	*status = (struct cf_status_file){.early = -1};
	if (path == NULL || path[0] == '\0')
		return CF_OK;
	status->path = strdup(path);
	return status->path == NULL ? CF_ENOMEM : CF_OK;
}

void cf_status_file_open_early(struct cf_status_file *status)
{
	char resolved[CF_PATH_BYTES];

	struct stat about;

	if (status->path == NULL)
		return;
	if (access(status->path, F_OK) != 0 ||
	    cf_file_writer_check(status->path, resolved, NULL) == CF_OK)
		status->early = open(
		    status->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	else if (lstat(status->path, &about) == 0 &&
	    (S_ISCHR(about.st_mode) || S_ISFIFO(about.st_mode)))
		status->early =
		    open(status->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
}

void cf_status_file_done(struct cf_status_file *status)
{
	if (status->early >= 0)
		close(status->early);
	free(status->path);
	*status = (struct cf_status_file){.early = -1};
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

/* Who signs the seals, or why nobody does, and where they go. */
static void put_anchor(struct cf_json *json, const struct cf_writer *writer)
{
	struct cf_log_anchor anchor;

	cf_writer_anchor(writer, &anchor);
	if (anchor.signer.id[0] != '\0')
		put_text(json, "key", anchor.signer.id);
	if (anchor.signer.error[0] != '\0')
		put_text(json, "key_error", anchor.signer.error);
	if (anchor.signed_seq > 0) {
		put_member(json, "signed_seq", anchor.signed_seq);
		CF_JSON_LITERAL(json, ",\"signed_at\":");
		cf_json_instant_us(json, anchor.signed_wall_us);
	}
	if (!anchor.sends)
		put_text(json, "seal_log", "off");
	else
		put_text(json, "seal_log",
		    anchor.send_failure == 0 ? "syslog" : strerror(anchor.send_failure));
	if (anchor.unsent > 0)
		put_member(json, "seals_unsent", anchor.unsent);
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
	put_member(&json, "lost", stats->lost_queue + stats->lost_disk + stats->lost_flood);
	put_member(&json, "lost_queue", stats->lost_queue);
	put_member(&json, "lost_disk", stats->lost_disk);
	put_member(&json, "lost_flood", stats->lost_flood);
	CF_JSON_LITERAL(&json, ",\"degraded\":");
	cf_json_raw(&json, stats->degraded ? "true" : "false", stats->degraded ? 4 : 5);
	if (writer->sink.failure != 0)
		put_text(&json, "error", strerror(writer->sink.failure));
	put_text(&json, "image", writer->image);
	put_text(&json, "policy", writer->policy);
	put_member(&json, "seq", writer->chain.seq);
	put_text(&json, "sha256", writer->chain.prev);
	put_anchor(&json, writer);
	if (members_len > 0) {
		CF_JSON_LITERAL(&json, ",");
		cf_json_raw(&json, members, members_len);
	}
	CF_JSON_LITERAL(&json, "}\n");
	return cf_json_length(&json);
}

/* In place, where it was opened early; a shorter one leaves no tail. A pipe has no place. */
static bool overwrite(int fd, const char *text, size_t len)
{
	ssize_t written = pwrite(fd, text, len, 0);

	if (written < 0 && errno == ESPIPE)
		written = write(fd, text, len);
	if (written >= 0 && (size_t)written < len)
		errno = ENOSPC;
	return written == (ssize_t)len &&
	    (ftruncate(fd, (off_t)len) == 0 || errno == EINVAL); /* no regular file */
}

/* By rename; *why_out says why not. */
static bool replace(const char *path, const char *text, size_t len, const char **why_out)
{
	struct cf_file_writer file;

	if (cf_file_writer_open_as(&file, path, CF_WRITE_UNSYNCED) != CF_OK) {
		*why_out = cf_file_writer_why(&file);
		return false;
	}
	if (fwrite(text, 1, len, file.to) == len && cf_file_writer_commit(&file) == CF_OK)
		return true;
	*why_out = cf_file_writer_why(&file);
	cf_file_writer_abandon(&file);
	return false;
}

void cf_status_file_write(struct cf_status_file *status, const struct cf_writer *writer,
    const struct cf_log_stats *stats, const char *members, size_t members_len, bool last)
{
	static const char what[] = "the status file";
	char text[4 * CF_RECORD_BYTES];
	const char *why = NULL;
	size_t len;
	bool done;

	if (status->path == NULL)
		return;
	/* NOLINTNEXTLINE(*-comparison,cert-*): padding that differs writes once more */
	if (!last && memcmp(stats, &status->told, sizeof *stats) == 0 &&
	    writer->now_us - status->told_us < 10 * SECOND_US)
		return;
	len = form(writer, stats, members, members_len, last, text, sizeof text);
	if (status->early >= 0)
		done = overwrite(status->early, text, len);
	else
		done = replace(status->path, text, len, &why);
	if (!done) {
		cf_trouble_begin(&status->trouble, &writer->teller, writer->now_us, what,
		    status->path, why == NULL ? strerror(errno) : why,
		    "it is tried again every second");
		return;
	}
	cf_trouble_end(&status->trouble, &writer->teller, what, status->path);
	status->told = *stats;
	status->told_us = writer->now_us;
}

uint64_t cf_status_file_failures(const struct cf_status_file *status)
{
	return status->trouble.times;
}
