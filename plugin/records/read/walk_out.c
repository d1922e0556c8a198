#include "records/read/walk_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPARE_BYTES 4096

/* How much of bytes[0..len) the file has at this place already. */
static size_t same_bytes(const struct cf_walk_out *out, const char *bytes, size_t len)
{
	char there[COMPARE_BYTES];
	size_t same = 0;
	ssize_t got =
	    pread(out->fd, there, len < sizeof there ? len : sizeof there, (off_t)out->at);

	while (got > 0 && same < (size_t)got && there[same] == bytes[same])
		same++;
	return same;
}

/* What is there already is passed over; from the first other byte on it was never ours. */
static size_t pass_over(struct cf_walk_out *out, const char *bytes, size_t len)
{
	size_t passed = 0;

	while (out->at < out->found && passed < len) {
		size_t same = same_bytes(out, bytes + passed, len - passed);

		passed += same;
		out->at += same;
		if (same == 0) {
			if (ftruncate(out->fd, (off_t)out->at) != 0)
				return passed; /* it is written over instead */
			out->found = out->at;
		}
	}
	return passed;
}

static ssize_t write_file(void *cookie, const char *bytes, size_t len)
{
	struct cf_walk_out *out = cookie;
	size_t done = pass_over(out, bytes, len);

	while (done < len) {
		ssize_t wrote = pwrite(out->fd, bytes + done, len - done, (off_t)out->at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return 0; /* stdio's word for an error */
		done += (size_t)wrote;
		out->at += (uint64_t)wrote;
	}
	return (ssize_t)len;
}

static bool complain(const struct cf_walk_out *out, const char *why)
{
	cf_walk_say(out->say, "'%s': %s", out->path, why);
	return false;
}

/* Opens the path as it is now. */
static bool open_fd(struct cf_walk_out *out, struct stat *about)
{
	int fd = open(out->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

	if (fd < 0)
		return complain(out, strerror(errno));
	if (fstat(fd, about) != 0 || !S_ISREG(about->st_mode)) {
		close(fd);
		return complain(out, "no regular file; write to standard output instead");
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return complain(out, "another process writes it");
	}
	if (out->fd >= 0)
		close(out->fd);
	out->fd = fd;
	out->at = out->found = (uint64_t)about->st_size;
	return true;
}

static void go_to(
    struct cf_walk_out *out, const struct stat *about, const struct cf_walk_out_place *known)
{
	if (known == NULL || known->ino == 0)
		return;
	if (known->dev != about->st_dev || known->ino != about->st_ino)
		cf_walk_say(out->say,
		    "'%s' is another file than the one last written: its end may stand "
		    "there as well",
		    out->path);
	else if (known->bytes > (uint64_t)about->st_size)
		cf_walk_say(out->say, "'%s' got shorter; lines are added at its end", out->path);
	else
		out->at = known->bytes;
}

bool cf_walk_out_open(struct cf_walk_out *out, const char *path,
    const struct cf_walk_out_place *known, cf_walk_say_fn *say)
{
	static const cookie_io_functions_t functions = {.write = write_file};
	struct stat about;

	*out = (struct cf_walk_out){.to = stdout, .path = path, .fd = -1, .say = say};
	if (path == NULL)
		return true;
	if (!open_fd(out, &about))
		return false;
	go_to(out, &about, known);
	out->to = fopencookie(out, "w", functions);
	if (out->to != NULL)
		return true;
	close(out->fd);
	return complain(out, "no memory");
}

/* Renamed or removed: goes on in a new one. */
static bool follow_rotation(struct cf_walk_out *out)
{
	struct stat mine, there;

	if (fstat(out->fd, &mine) != 0)
		return complain(out, strerror(errno));
	if (stat(out->path, &there) == 0 && there.st_dev == mine.st_dev &&
	    there.st_ino == mine.st_ino)
		return true;
	return open_fd(out, &there);
}

bool cf_walk_out_flush(struct cf_walk_out *out)
{
	if (fflush(out->to) != 0 || ferror(out->to)) {
		if (out->fd >= 0)
			complain(out, "cannot be written");
		return false;
	}
	if (out->fd < 0)
		return true;
	if (fdatasync(out->fd) != 0)
		return complain(out, strerror(errno));
	return follow_rotation(out);
}

struct cf_walk_out_place cf_walk_out_place(const struct cf_walk_out *out)
{
	struct stat about;

	if (out->fd < 0 || fstat(out->fd, &about) != 0)
		return (struct cf_walk_out_place){0};
	return (struct cf_walk_out_place){
	    .dev = about.st_dev, .ino = about.st_ino, .bytes = out->at};
}

void cf_walk_out_forget(struct cf_walk_out *out)
{
	if (out->fd >= 0 && out->at < out->found && ftruncate(out->fd, (off_t)out->at) == 0)
		out->found = out->at;
}

void cf_walk_out_close(struct cf_walk_out *out)
{
	if (out->fd < 0)
		return;
	(void)fclose(out->to); /* cf_walk_out_flush() said how it went */
	close(out->fd);
	out->fd = -1;
}
