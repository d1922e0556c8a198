/* Appending lines to a file. */

#include "records/write/sink.h"

#include "base/limits.h"
#include "base/siphash.h"
#include "records/files/log_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names tried: more processes on one file are a mistake. */
#define MOST_CLAIMS 9
/* How far before a line's end its count stands at most: two instants and some numbers follow. */
#define COUNT_TAIL_BYTES 128

static ssize_t system_write(void *arg, int fd, const void *bytes, size_t len)
{
	(void)arg;
	return write(fd, bytes, len);
}

enum cf_status cf_sink_init(struct cf_sink *sink, const char *path)
{
	*sink = (struct cf_sink){.fd = -1, .reading = -1, .write = system_write};
	sink->buffer = malloc(CF_LOG_PENDING_BYTES);
	if (strcmp(path, "-") != 0)
		sink->path = strdup(path);
	if (sink->buffer == NULL || (sink->path == NULL && strcmp(path, "-") != 0)) {
		cf_sink_done(sink);
		return CF_ENOMEM;
	}
	return CF_OK;
}

void cf_sink_done(struct cf_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	if (sink->reading >= 0)
		close(sink->reading);
	sink->fd = sink->reading = -1;
	free(sink->path);
	free(sink->buffer);
	sink->path = sink->buffer = NULL;
}

/* False when somebody else has it; a file that cannot be locked is nobody's. */
static bool lock_byte(int fd, uint64_t at)
{
	struct flock lock = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &lock) == 0 || errno != EAGAIN;
}

void cf_sink_claim(struct cf_sink *sink, const char *sensor, char *source, size_t size)
{
	static const uint8_t key[16] = {0}; /* nobody gains by a collision */
	char name[2 * CF_RECORD_TEXT_BYTES];

	if (sink->path == NULL || sink->fd < 0)
		return;
	for (unsigned n = 1; n <= MOST_CLAIMS && !sink->has_claim; n++) {
		char suffix[8] = "";
		size_t len;

		if (n > 1)
			snprintf(suffix, sizeof suffix, ".%u", n);
		if (strlen(source) + strlen(suffix) >= size)
			return;
		len =
		    (size_t)snprintf(name, sizeof name, "%.100s/%.100s%s", sensor, source, suffix);
		sink->claim = cf_siphash(key, name, len) >> 2; /* an off_t, and far behind */
		sink->has_claim = lock_byte(sink->fd, sink->claim);
		if (sink->has_claim)
			memcpy(source + strlen(source), suffix, strlen(suffix) + 1);
	}
}

/*
 * Opens the path for appending, never through a link: in a folder that others may write to it could
 * lead anywhere. O_NONBLOCK: a named pipe without a reader must not hold us up; files do not care.
 */
static int open_path(const struct cf_sink *sink, struct stat *about_out)
{
	int fd;

	if (sink->path == NULL)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(sink->path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW,
		    0640);
	if (fd < 0)
		return -1;
	if (fstat(fd, about_out) == 0 && (S_ISREG(about_out->st_mode) || !sink->is_file))
		return fd;
	if (sink->is_file)
		errno = EINVAL; /* a pipe or device where a file was */
	close(fd);
	return -1;
}

enum cf_status cf_sink_open(struct cf_sink *sink)
{
	struct stat about;
	int fd = open_path(sink, &about);

	if (fd < 0) {
		sink->failure = errno;
		return CF_EIO;
	}
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = fd;
	sink->dev = about.st_dev;
	sink->ino = about.st_ino;
	sink->is_file = S_ISREG(about.st_mode);
	sink->counts_links = about.st_nlink > 0;
	sink->here = sink->unseen = (struct cf_sink_sum){0};
	sink->owes_newline = false;
	if (sink->has_claim)
		(void)lock_byte(fd, sink->claim); /* who was quicker there chose his name then */
	sink->torn = 0;                           /* the new file's end is the opener's business */
	sink->failure = 0;
	return CF_OK;
}

void cf_sink_open_reading(struct cf_sink *sink)
{
	if (sink->path != NULL && sink->is_file)
		sink->reading =
		    open(sink->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
}

enum cf_sink_place cf_sink_look(struct cf_sink *sink)
{
	struct stat about;

	if (sink->path == NULL || sink->fd < 0)
		return CF_SINK_THERE;
	if (sink->is_file && sink->counts_links && fstat(sink->fd, &about) == 0 &&
	    about.st_nlink == 0)
		return CF_SINK_REMOVED;
	sink->unseen = (struct cf_sink_sum){0};
	if (lstat(sink->path, &about) != 0)
		return errno == ENOENT || errno == ENOTDIR ? CF_SINK_MOVED : CF_SINK_THERE;
	return about.st_dev == sink->dev && about.st_ino == sink->ino ? CF_SINK_THERE
	                                                              : CF_SINK_MOVED;
}

/* Does a rotated file of this log say that it was written last when ours was? */
static bool is_kept(const struct cf_sink *sink)
{
	struct cf_log_set set;
	struct stat ours, other;
	bool kept = false;

	if (fstat(sink->fd, &ours) != 0 || cf_log_set_find(sink->path, &set) != CF_OK)
		return false;
	for (size_t i = 0; i < set.count && !kept; i++) {
		int64_t apart_s;

		if (strcmp(set.paths[i], sink->path) == 0 || stat(set.paths[i], &other) != 0)
			continue;
		/* Compressors copy the time, and may have read before our last write. */
		apart_s = (int64_t)ours.st_mtim.tv_sec - (int64_t)other.st_mtim.tv_sec;
		kept = S_ISREG(other.st_mode) && other.st_size > 0 && apart_s >= -1 && apart_s <= 2;
	}
	cf_log_set_done(&set);
	return kept;
}

struct cf_sink_sum cf_sink_let_go(struct cf_sink *sink, bool *kept_out)
{
	struct cf_sink_sum gone;

	*kept_out = is_kept(sink);
	gone = *kept_out ? sink->unseen : sink->here;
	close(sink->fd);
	sink->fd = -1;
	sink->here = sink->unseen = (struct cf_sink_sum){0};
	sink->torn = 0;
	sink->owes_newline = false;
	sink->lines -= gone.lines;
	sink->bytes -= gone.bytes;
	return gone;
}

bool cf_sink_put(struct cf_sink *sink, const char *line, size_t len)
{
	if (len > CF_LOG_PENDING_BYTES - sink->used)
		return false;
	memcpy(sink->buffer + sink->used, line, len);
	sink->used += len;
	return true;
}

/* How many hits a line stands for: its member count, among the last; 0 when it is of no hit. */
static uint64_t hits_of(const char *line, size_t len)
{
	static const char key[] = "\"count\":";
	size_t tail = len < COUNT_TAIL_BYTES ? len : COUNT_TAIL_BYTES;
	const char *found = memmem(line + len - tail, tail, key, sizeof key - 1);
	uint64_t hits = 0;

	/* A quote within a text is escaped, so that this is no text. The newline ends the number.
	 */
	for (found = found == NULL ? "" : found + sizeof key - 1; *found >= '0' && *found <= '9';
	     found++)
		hits = hits * 10 + (uint64_t)(*found - '0');
	return hits;
}

static void add_sum(struct cf_sink_sum *sum, uint64_t hits, uint64_t bytes)
{
	sum->hits += hits;
	sum->lines++;
	sum->bytes += bytes;
}

/* Takes the whole lines of the first len bytes out of the buffer; returns how many bytes they were.
 */
static size_t account(struct cf_sink *sink, struct cf_chain *chain, size_t len)
{
	size_t at = 0;
	const char *newline;

	while (at < len && (newline = memchr(sink->buffer + at, '\n', len - at)) != NULL) {
		size_t line_bytes = (size_t)(newline - (sink->buffer + at)) + 1;
		uint64_t hits = hits_of(sink->buffer + at, line_bytes);

		add_sum(&sink->here, hits, line_bytes);
		add_sum(&sink->unseen, hits, line_bytes);
		if (chain != NULL)
			cf_chain_line(chain, sink->buffer + at, line_bytes);
		sink->lines++;
		at += line_bytes;
	}
	sink->bytes += at;
	sink->used -= at;
	memmove(sink->buffer, sink->buffer + at, sink->used);
	return at;
}

/* write() that goes on after a signal; -1 and failure set when the system refuses. */
static ssize_t write_once(struct cf_sink *sink, const void *bytes, size_t len)
{
	ssize_t written;

	do
		written = sink->write(sink->write_arg, sink->fd, bytes, len);
	while (written < 0 && errno == EINTR);
	if (written <= 0) {
		sink->failure = written < 0 ? errno : EIO;
		return -1;
	}
	return written;
}

/* Ends the torn line at the file's end. If it lacked nothing else, it is whole now. */
static bool end_torn_line(struct cf_sink *sink, struct cf_chain *chain)
{
	size_t torn = sink->torn;

	if (torn == 0 && !sink->owes_newline)
		return true;
	if (write_once(sink, "\n", 1) < 0)
		return false;
	sink->torn = 0;
	sink->owes_newline = false;
	if (torn == 0)
		return true;
	if (torn < sink->used && sink->buffer[torn] == '\n')
		(void)account(sink, chain, torn + 1); /* it takes just this line */
	else
		sink->torn_bytes += torn;
	return true;
}

bool cf_sink_flush(struct cf_sink *sink, struct cf_chain *chain)
{
	if (sink->used == 0 && sink->torn == 0 && !sink->owes_newline)
		return true;
	if (sink->fd < 0 || !end_torn_line(sink, chain))
		return false;
	while (sink->used > 0) {
		ssize_t written =
		    write_once(sink, sink->buffer + sink->begun, sink->used - sink->begun);
		size_t total, rest;

		if (written < 0)
			return false;
		total = sink->begun + (size_t)written;
		sink->begun = 0;
		rest = total - account(sink, chain, total);
		if (sink->path == NULL)
			sink->begun = rest;
		else
			sink->torn = rest;
		if (!end_torn_line(sink, chain))
			return false;
	}
	sink->failure = 0;
	return true;
}

void cf_sink_discard(struct cf_sink *sink)
{
	sink->used = sink->begun = 0;
}
