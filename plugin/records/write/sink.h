/*
 * The file that lines go to: appended in batches, one write(2) each, and watched for rotation. A
 * disk that refuses is tried again later; lines wait in a bounded buffer meanwhile. Belongs to one
 * thread.
 *
 * A write that stops in the middle of a line leaves a torn line in the file. It is ended with a
 * newline before anything else is written, and the whole line is written again, so that no record
 * is lost and none is glued to another. (Where only the newline is missing, it is whole with it.)
 * torn_bytes counts what was left behind.
 *
 * A file that is taken away - removed, or its folder - takes with it what was written there: the
 * sink knows how many hits those were. A path that leads to something else than the file that was
 * there - a link, a pipe, a folder - is not written to.
 */
#pragma once

#include "base/status.h"
#include "records/files/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* write(2), or what stands for it in a test. */
typedef ssize_t cf_sink_write(void *arg, int fd, const void *bytes, size_t len);

struct cf_sink_sum {
	uint64_t hits, lines, bytes;
};

/* Where the open file is now. */
enum cf_sink_place {
	CF_SINK_THERE,
	CF_SINK_MOVED,   /* the path leads to another file, or to none */
	CF_SINK_REMOVED, /* no path leads to it any more: what is in it is gone */
};

struct cf_sink {
	char *path;  /* NULL: standard output */
	int fd;      /* -1: not open */
	int reading; /* the same file for cf_recover(), opened early; -1: it opens the path */
	dev_t dev;
	ino_t ino;
	bool is_file;      /* regular: what comes in its place must be so, too */
	bool counts_links; /* the file system does: 0 means removed */
	/* Hits in the open file, since it was opened, and since it was last seen in a folder; and
	 * lines and bytes likewise. */
	struct cf_sink_sum here, unseen;
	char *buffer;
	size_t used;
	size_t begun;      /* bytes of the first line already in a pipe */
	size_t torn;       /* bytes of the first line at the file's end, where it stops; 0: none */
	bool owes_newline; /* an earlier writer's torn line must be ended first */
	uint64_t torn_bytes; /* of all torn lines so far */
	uint64_t bytes;      /* of whole lines written so far */
	uint64_t lines;
	int failure; /* errno of the last attempt, 0 when it worked */
	bool has_claim;
	uint64_t claim; /* the byte locked in the file, see cf_sink_claim() */
	cf_sink_write *write;
	void *write_arg;
};

/* path is copied; "-" is standard output. Opens nothing yet. CF_ENOMEM. */
enum cf_status cf_sink_init(struct cf_sink *sink, const char *path) CF_MUST_CHECK;
/* Closes; what is still in the buffer is dropped. */
void cf_sink_done(struct cf_sink *sink);

/*
 * Opens or creates (0640) the file and keeps the old one until that worked. Links are not followed.
 * CF_EIO: errno in failure.
 */
enum cf_status cf_sink_open(struct cf_sink *sink) CF_MUST_CHECK;
/* Opens what was opened for reading, too: for cf_recover(), when there may be no rights to later.
 */
void cf_sink_open_reading(struct cf_sink *sink);
/* Looks where the open file is. */
enum cf_sink_place cf_sink_look(struct cf_sink *sink);
/*
 * After CF_SINK_REMOVED: lets go of the file, and says what went with it. When a compressor has
 * just made another file of it (logrotate without delaycompress), that is what nobody is known to
 * have read: *kept_out is then true.
 */
struct cf_sink_sum cf_sink_let_go(struct cf_sink *sink, bool *kept_out);

/*
 * Makes sure that no other living writer goes by the same name in the open file: lines are told
 * apart by sensor and source alone, and two writers of one name break each other's chain. When
 * source[0..size) is taken it becomes "source.2", "source.3" ... the first that is free; nobody
 * waits and nothing is lost, also while the process before this one has yet to end. The claim is an
 * advisory lock (OFD) on a byte behind the file's end that stands for the name; it moves with the
 * sink to the next file and ends with the process at the latest. Where files cannot be locked the
 * name stays. The file must be open.
 */
void cf_sink_claim(struct cf_sink *sink, const char *sensor, char *source, size_t size);

/* Puts a line into the buffer; false when there is no room. */
bool cf_sink_put(struct cf_sink *sink, const char *line, size_t len);
/*
 * Writes the buffer; whole lines are added to chain (unless NULL) as they are written. True when
 * the buffer is empty afterwards.
 */
bool cf_sink_flush(struct cf_sink *sink, struct cf_chain *chain);
/* Drops what is in the buffer. */
void cf_sink_discard(struct cf_sink *sink);
