/* Open windows in a file. */

#include "records/fold_journal.h"

#include "base/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "cffold1" read as a number; also tells machines of other byte order and other versions apart. */
#define MAGIC UINT64_C(0x31646c6f66666301)

struct head {
	uint64_t magic, count;
	int64_t last_wall_us;
};

_Static_assert(sizeof(struct head) + CF_FOLD_SAMPLE_BYTES <= CF_FOLD_SLOT_BYTES, "a slot has room");

int cf_fold_journal_open(const char *path, const char *source, char *name, size_t size)
{
	int fd;

	if ((size_t)snprintf(name, size, "%s.%s.folds", path, source) >= size)
		return -1;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void cf_fold_journal_write(
    int fd, uint32_t slot, uint64_t count, int64_t last_wall_us, const struct cf_packed *sample)
{
	uint8_t bytes[CF_FOLD_SLOT_BYTES];
	const struct head head = {.magic = MAGIC, .count = count, .last_wall_us = last_wall_us};
	size_t len = sizeof head;

	memcpy(bytes, &head, sizeof head);
	if (sample != NULL) {
		memcpy(bytes + len, sample, sample->size_bytes);
		len += sample->size_bytes;
	}
	(void)!pwrite(fd, bytes, len, (off_t)slot * CF_FOLD_SLOT_BYTES); /* see the header */
}

uint64_t cf_fold_journal_recover(int fd, cf_fold_emit *emit, void *arg)
{
	_Alignas(8) uint8_t slot[CF_FOLD_SLOT_BYTES];
	uint64_t hits = 0;
	off_t at = 0;

	for (uint32_t i = 0; i < CF_FOLD_ENTRIES; i++, at += CF_FOLD_SLOT_BYTES) {
		ssize_t got = pread(fd, slot, sizeof slot, at);
		const void *sample = slot + sizeof(struct head);
		struct head head;

		if (got <= (ssize_t)sizeof head)
			break;
		memcpy(&head, slot, sizeof head);
		if (head.magic != MAGIC || head.count == 0 ||
		    !cf_packed_is_hit(sample, (size_t)got - sizeof head))
			continue;
		/* Forgotten first: a second kill must not count it twice. */
		cf_fold_journal_write(fd, i, 0, 0, NULL);
		emit(arg, sample, head.count, head.last_wall_us);
		hits += head.count;
	}
	(void)!ftruncate(fd, 0); /* every slot says 0 already */
	return hits;
}
