/* Open windows in a file. */

#include "records/write/fold_journal.h"

#include "base/check.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "cffold4" read as a number; also tells machines of other byte order and other versions apart. */
#define MAGIC UINT64_C(0x34646c6f66666303)

/* Heads are written by the page. */
#define PAGE_BYTES 4096U

struct head {
	uint64_t magic, count;
	int64_t last_wall_us;
	uint64_t reserved;
};

#define PAGE_HEADS   (PAGE_BYTES / sizeof(struct head))
#define HEAD_PAGES   (CF_FOLD_ENTRIES / PAGE_HEADS)
#define SAMPLES_FROM ((off_t)(CF_FOLD_ENTRIES * sizeof(struct head)))

_Static_assert(CF_FOLD_SAMPLE_BYTES <= CF_FOLD_SLOT_BYTES, "a slot has room");
_Static_assert(PAGE_BYTES % sizeof(struct head) == 0, "a head lies within a page");
_Static_assert(CF_FOLD_ENTRIES % PAGE_HEADS == 0, "heads end with a page");

struct cf_fold_journal {
	int fd, error; /* error: errno of the last write that failed */
	uint64_t failures;
	bool is_dirty, dirty[HEAD_PAGES]; /* is_dirty: any of them */
	struct head heads[CF_FOLD_ENTRIES];
};

struct cf_fold_journal *cf_fold_journal_open(
    const char *path, const char *source, char *name, size_t size)
{
	struct cf_fold_journal *journal;
	struct stat about;
	int fd, error;

	if ((size_t)snprintf(name, size, "%s.%s.folds", path, source) >= size) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return NULL;
	journal = NULL;
	error = ENOMEM;
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
		error = EINVAL;
	else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		error = errno;
	else
		journal = calloc(1, sizeof *journal); /* pages are touched when slots are used */
	if (journal == NULL) {
		close(fd);
		errno = error;
		return NULL;
	}
	journal->fd = fd;
	return journal;
}

void cf_fold_journal_close(struct cf_fold_journal *journal)
{
	if (journal == NULL)
		return;
	close(journal->fd);
	free(journal);
}

static off_t sample_at(uint32_t slot)
{
	return SAMPLES_FROM + (off_t)slot * CF_FOLD_SLOT_BYTES;
}

static bool write_at(struct cf_fold_journal *journal, const void *bytes, size_t len, off_t at)
{
	ssize_t written = pwrite(journal->fd, bytes, len, at);

	if (written == (ssize_t)len)
		return true;
	journal->error = written < 0 ? errno : ENOSPC;
	journal->failures++;
	return false;
}

bool cf_fold_journal_sample(
    struct cf_fold_journal *journal, uint32_t slot, const struct cf_packed *sample)
{
	if (!cf_check(slot < CF_FOLD_ENTRIES && sample->size_bytes <= CF_FOLD_SLOT_BYTES))
		return false;
	return write_at(journal, sample, sample->size_bytes, sample_at(slot));
}

void cf_fold_journal_note(
    struct cf_fold_journal *journal, uint32_t slot, uint64_t count, int64_t last_wall_us)
{
	if (!cf_check(slot < CF_FOLD_ENTRIES))
		return;
	journal->heads[slot] =
	    (struct head){.magic = MAGIC, .count = count, .last_wall_us = last_wall_us};
	journal->dirty[slot / PAGE_HEADS] = journal->is_dirty = true;
}

void cf_fold_journal_flush(struct cf_fold_journal *journal)
{
	if (!journal->is_dirty)
		return;
	journal->is_dirty = false;
	for (size_t page = 0, first; page < HEAD_PAGES; page++) {
		for (first = page; page < HEAD_PAGES && journal->dirty[page]; page++)
			journal->dirty[page] = false;
		if (page == first ||
		    write_at(journal, &journal->heads[first * PAGE_HEADS],
		        (page - first) * PAGE_BYTES, (off_t)(first * PAGE_BYTES)))
			continue;
		journal->is_dirty = true;
		memset(&journal->dirty[first], true, page - first);
	}
}

bool cf_fold_journal_is_removed(const struct cf_fold_journal *journal)
{
	struct stat about;

	return fstat(journal->fd, &about) == 0 && about.st_nlink == 0;
}

uint64_t cf_fold_journal_failures(const struct cf_fold_journal *journal)
{
	return journal->failures;
}

int cf_fold_journal_error(const struct cf_fold_journal *journal)
{
	return journal->error;
}

void cf_fold_journal_empty(struct cf_fold_journal *journal)
{
	if (ftruncate(journal->fd, 0) != 0) {
		journal->error = errno;
		journal->failures++;
	}
}

uint64_t cf_fold_journal_recover(struct cf_fold_journal *journal, cf_fold_emit *emit, void *arg)
{
	_Alignas(8) uint8_t sample[CF_FOLD_SLOT_BYTES];
	struct head *heads = calloc(CF_FOLD_ENTRIES, sizeof *heads);
	ssize_t got =
	    heads == NULL ? 0 : pread(journal->fd, heads, CF_FOLD_ENTRIES * sizeof *heads, 0);
	size_t count = got < 0 ? 0 : (size_t)got / sizeof *heads;
	uint64_t hits = 0;

	/* Forgotten first: a second kill must not count them twice. */
	for (uint32_t slot = 0; slot < count; slot++)
		cf_fold_journal_note(journal, slot, 0, 0);
	cf_fold_journal_flush(journal);
	for (uint32_t slot = 0; slot < count; slot++) {
		const struct head *head = &heads[slot];

		if (head->magic != MAGIC || head->count == 0)
			continue;
		got = pread(journal->fd, sample, sizeof sample, sample_at(slot));
		if (got <= 0 || !cf_packed_is_hit(sample, (size_t)got))
			continue;
		emit(arg, (const struct cf_packed *)(const void *)sample, head->count,
		    head->last_wall_us);
		hits += head->count;
	}
	free(heads);
	(void)!ftruncate(journal->fd, 0); /* every head says 0 already */
	return hits;
}
