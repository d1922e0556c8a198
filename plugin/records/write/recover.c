/* Finding the end of a log. */

#include "records/write/recover.h"

#include "base/limits.h"
#include "records/files/log_set.h"
#include "records/form/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES 262144
/* Files of a set looked at, from the newest: one that was rotated while nobody wrote, and one more.
 */
#define MOST_FILES 3

struct scan {
	struct cf_chain *chain;
	const char *sensor, *source;
	bool found_seal;
	uint64_t unsealed_lines; /* own lines behind the last seal */
	uint64_t tail_bytes;     /* behind the last newline */
	struct cf_record record;
	char buffer[BUFFER_BYTES];
};

static bool equals(struct cf_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* One whole line, newline included. */
static void scan_line(struct scan *scan, const char *line, size_t len)
{
	const struct cf_record *record = &scan->record;

	if (cf_record_parse(line, len - 1, &scan->record) != CF_LINE_OK ||
	    !equals(record->sensor, scan->sensor) || !equals(record->source, scan->source))
		return;
	if (record->seal.sha256.len == CF_SHA256_TEXT_BYTES - 1) {
		cf_chain_resume(scan->chain, record->seal.seq, record->seal.sha256.data);
		scan->found_seal = true;
		scan->unsealed_lines = 0;
		return;
	}
	cf_chain_line(scan->chain, line, len);
	scan->unsealed_lines++;
}

/* Every line of fd from offset on; one that begins before offset is left out. */
static void scan_from(struct scan *scan, int fd, off_t offset)
{
	bool inside = offset > 0;
	size_t filled = 0;
	ssize_t got;

	scan->tail_bytes = 0;
	while ((got = pread(fd, scan->buffer + filled, BUFFER_BYTES - filled, offset)) > 0) {
		size_t at = 0;
		const char *newline;

		offset += got;
		filled += (size_t)got;
		while ((newline = memchr(scan->buffer + at, '\n', filled - at)) != NULL) {
			size_t len = (size_t)(newline - (scan->buffer + at)) + 1;

			if (!inside)
				scan_line(scan, scan->buffer + at, len);
			inside = false;
			at += len;
			scan->tail_bytes = 0;
		}
		if (at == 0 && filled == BUFFER_BYTES) {
			inside = true; /* no line of ours is so long */
			scan->tail_bytes += filled;
			at = filled;
		}
		filled -= at;
		memmove(scan->buffer, scan->buffer + at, filled);
	}
	scan->tail_bytes += filled;
}

static void begin(struct scan *scan)
{
	static const char zeros[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";

	cf_chain_resume(scan->chain, 0, zeros);
	scan->found_seal = false;
	scan->unsealed_lines = 0;
}

/* The end of the newest file, from further back each time until a seal is there. True when it is,
 * or when the file was read from its beginning. */
static bool scan_end(struct scan *scan, int fd, off_t size, bool *from_start_out)
{
	off_t window = 1048576;

	for (;;) {
		off_t start = size > window ? size - window : 0;

		begin(scan);
		scan_from(scan, fd, start);
		*from_start_out = start == 0;
		if (scan->found_seal || start == 0)
			return true;
		if (window >= CF_LOG_TAIL_BYTES)
			return false;
		window *= 8;
		if (window > CF_LOG_TAIL_BYTES)
			window = CF_LOG_TAIL_BYTES;
	}
}

static bool is_compressed(const char *path)
{
	size_t len = strlen(path);

	return (len > 3 && strcmp(path + len - 3, ".gz") == 0) ||
	    (len > 4 && strcmp(path + len - 4, ".zst") == 0);
}

/* A whole file before the newest; false when it is none that a writer of ours left whole. */
static bool scan_whole(struct scan *scan, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat about;
	bool good;

	if (fd < 0)
		return true; /* gone, or not ours to read: what is left is looked at */
	/* Reading a device ends never, and one that is larger was not sealed each minute. */
	good =
	    fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= CF_LOG_TAIL_BYTES;
	if (good)
		scan_from(scan, fd, 0);
	(void)close(fd); /* only read */
	return good;
}

/* The newest file has no seal: looks for the last one in the files before it. */
static void scan_older(struct scan *scan, const char *path)
{
	struct cf_log_set set;
	bool good = true;

	if (cf_log_set_find(path, &set) != CF_OK)
		return;
	for (size_t back = 2; good && back <= MOST_FILES && back <= set.count && !scan->found_seal;
	     back++) {
		if (is_compressed(set.paths[set.count - back]))
			break;
		begin(scan);
		for (size_t i = set.count - back; i < set.count; i++)
			good = scan_whole(scan, set.paths[i]) && good;
	}
	cf_log_set_done(&set);
}

/*
 * Ends the torn line. When even that fails the disk is full: the sink ends it before its first
 * write. Where nothing but the newline was missing, the line is whole with it.
 */
static void end_torn_line(struct scan *scan, struct cf_sink *sink)
{
	char line[CF_KEY_SEAL_BYTES];
	size_t len = scan->tail_bytes;

	if (sink->write(sink->write_arg, sink->fd, "\n", 1) != 1)
		sink->owes_newline = true;
	if (len >= sizeof line)
		return;
	memcpy(line, scan->buffer, len);
	line[len] = '\n';
	if (cf_record_parse(line, len, &scan->record) != CF_LINE_OK)
		return;
	scan_line(scan, line, len + 1);
	scan->tail_bytes = 0;
}

static const char *describe(const struct scan *scan, bool complete)
{
	if (scan->tail_bytes > 0)
		return "torn";
	if (!complete)
		return "unknown";
	if (scan->unsealed_lines > 0)
		return "unsealed";
	return scan->found_seal ? "sealed" : "new";
}

void cf_recover(struct cf_sink *sink, struct cf_chain *chain, const char *sensor,
    const char *source, struct cf_recovery *recovery_out)
{
	int fd = sink->reading >= 0
	    ? sink->reading
	    : open(sink->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	struct scan *scan = malloc(sizeof *scan);
	struct stat about;
	bool complete, from_start = false;

	*recovery_out = (struct cf_recovery){.found = "unknown"};
	if (fd < 0 || scan == NULL || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
		goto out;
	*scan = (struct scan){.chain = chain, .sensor = sensor, .source = source};
	complete = scan_end(scan, fd, about.st_size, &from_start);
	if (complete && !scan->found_seal && from_start)
		scan_older(scan, sink->path);
	if (scan->tail_bytes > 0)
		end_torn_line(scan, sink);
	if (!complete)
		begin(scan);
	recovery_out->repaired_bytes = scan->tail_bytes;
	recovery_out->found = describe(scan, complete);
	recovery_out->unsealed_lines = scan->unsealed_lines;
out:
	sink->reading = -1; /* closed here, whoever opened it */
	if (fd >= 0)
		close(fd);
	free(scan);
}
