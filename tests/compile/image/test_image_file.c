/*
 * compile/image_file: a file that appears whole or not at all, whatever fails on the way.
 * Allocations and system calls are wrapped by the linker, so that each can be made to fail in its
 * turn.
 */

#include "full.h"

#include "image/image.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Calls until one fails; negative: none does. */
static long fail_in = -1;
static unsigned long calls;

static bool fails(void)
{
	calls++;
	return fail_in >= 0 && fail_in-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_fchmod(int fd, mode_t mode);
int __real_mkostemp(char *path, int flags);
int __real_close(int fd);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_mkostemp(char *path, int flags);
int __wrap_close(int fd);

/* Which family of calls is under test. */
static bool fail_memory, fail_system;
/* Bytes that one write takes at most; short writes are legal. */
static size_t write_most = SIZE_MAX;

void *__wrap_malloc(size_t size)
{
	return fail_memory && fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fail_memory && fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fail_memory && fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fail_memory && fails() ? NULL : __real_aligned_alloc(align, size);
}

static bool system_fails(int error)
{
	if (!fail_system || !fails())
		return false;
	errno = error;
	return true;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return system_fails(ENOSPC) ? -1
	                            : __real_write(fd, data, len < write_most ? len : write_most);
}

int __wrap_fsync(int fd)
{
	return system_fails(EIO) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	return system_fails(EACCES) ? -1 : __real_rename(from, to);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return system_fails(EPERM) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_mkostemp(char *path, int flags)
{
	return system_fails(EROFS) ? -1 : __real_mkostemp(path, flags);
}

int __wrap_close(int fd)
{
	int failed = __real_close(fd);

	return system_fails(EIO) ? -1 : failed;
}

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "image-file-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/curfew.img", directory);
	return 0;
}

static unsigned files_in_directory(void)
{
	DIR *entries = opendir(directory);
	unsigned count = 0;

	assert_non_null(entries);
	while (readdir(entries) != NULL)
		count++;
	closedir(entries);
	return count - 2; /* . and .. */
}

static int remove_directory(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

static struct cf_image_builder *full_builder(void)
{
	struct cf_image_builder *builder;

	assert_int_equal(full_build(&builder), CF_OK);
	return builder;
}

static void a_file_holds_what_memory_holds(void **state)
{
	struct cf_image_builder *builder = full_builder();
	uint8_t digest[CF_SHA256_BYTES];
	struct cf_error error = {0};
	struct cf_image *image;
	size_t len;
	void *data, *file;
	struct stat st;
	FILE *from;

	(void)state;
	assert_int_equal(cf_image_builder_write(builder, path, digest, &error), CF_OK);
	assert_int_equal(cf_image_builder_to_memory(builder, &data, &len, &error), CF_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(st.st_mode & 07777, 0644);
	from = fopen(path, "re");
	assert_non_null(from);
	file = malloc(len);
	assert_int_equal(fread(file, 1, len, from), len);
	fclose(from);
	assert_memory_equal(file, data, len);
	assert_int_equal(cf_image_open(path, &image, &error), CF_OK);
	assert_memory_equal(cf_image_info(image)->digest, digest, sizeof digest);
	assert_int_equal(cf_image_info(image)->file_bytes, len);
	assert_int_equal(files_in_directory(), 1);
	cf_image_close(image);
	free(file);
	free(data);
	cf_image_builder_free(builder);
}

static void short_writes_are_continued(void **state)
{
	struct cf_image_builder *builder = full_builder();
	struct cf_image *image;

	(void)state;
	write_most = 7;
	assert_int_equal(cf_image_builder_write(builder, path, NULL, NULL), CF_OK);
	write_most = SIZE_MAX;
	assert_int_equal(cf_image_open(path, &image, NULL), CF_OK);
	cf_image_close(image);
	cf_image_builder_free(builder);
}

static void an_open_image_outlives_its_replacement(void **state)
{
	struct cf_image_builder *builder = full_builder(), *empty;
	struct cf_image *old, *new;

	(void)state;
	assert_int_equal(cf_image_builder_write(builder, path, NULL, NULL), CF_OK);
	assert_int_equal(cf_image_open(path, &old, NULL), CF_OK);
	assert_int_equal(cf_image_builder_new(&empty), CF_OK);
	assert_int_equal(cf_image_builder_write(empty, path, NULL, NULL), CF_OK);
	assert_int_equal(cf_image_open(path, &new, NULL), CF_OK);
	assert_int_equal(cf_image_info(old)->names, 5);
	assert_int_equal(cf_image_info(new)->names, 0);
	assert_string_equal(cf_image_info(old)->vendor, "kaspersky");
	cf_image_close(old);
	cf_image_close(new);
	cf_image_builder_free(builder);
	cf_image_builder_free(empty);
}

/* A file system call that fails leaves the old file as it was and nothing beside it. */
static void every_failing_system_call_leaves_the_old_file(void **state)
{
	struct cf_image_builder *builder = full_builder(), *empty;
	long turn, failures = 0;

	(void)state;
	assert_int_equal(cf_image_builder_new(&empty), CF_OK);
	assert_int_equal(cf_image_builder_write(empty, path, NULL, NULL), CF_OK);
	cf_image_builder_free(empty);
	for (turn = 0;; turn++) {
		struct cf_error error = {0};
		struct cf_image *image;
		enum cf_status status;

		fail_in = turn;
		fail_system = true;
		status = cf_image_builder_write(builder, path, NULL, &error);
		fail_system = false;
		if (fail_in >= 0)
			break; /* there were fewer calls than that: none failed */
		assert_int_equal(files_in_directory(), 1);
		assert_int_equal(cf_image_open(path, &image, NULL), CF_OK);
		if (status != CF_OK) {
			failures++;
			assert_int_equal(status, CF_EIO);
			assert_true(strstr(error.text, "curfew.img") != NULL);
		}
		/* Only when the rename was done may the new file be there in spite of a failure. */
		if (cf_image_info(image)->names != 0)
			assert_true(status == CF_OK || strstr(error.text, "durable") != NULL);
		cf_image_close(image);
	}
	fail_in = -1;
	/* mkostemp, writes, fchmod, fsync, close, rename, fsync of the directory. */
	assert_true(failures > 7);
	cf_image_builder_free(builder);
}

static void every_failing_allocation_is_survived(void **state)
{
	unsigned long failures = 0;

	(void)state;
	for (long turn = 0;; turn++) {
		struct cf_image_builder *builder = NULL;
		enum cf_status status;
		void *data = NULL;
		size_t len;

		fail_in = turn;
		fail_memory = true;
		status = full_build(&builder);
		if (status == CF_OK)
			status = cf_image_builder_to_memory(builder, &data, &len, NULL);
		fail_memory = false;
		cf_image_builder_free(builder);
		free(data);
		if (fail_in >= 0) {
			assert_int_equal(status, CF_OK);
			break;
		}
		failures++;
		assert_int_equal(status, CF_ENOMEM);
	}
	fail_in = -1;
	assert_true(failures > 30);
}

static void a_builder_survives_a_failed_write(void **state)
{
	struct cf_image_builder *builder = full_builder();
	void *data = NULL, *again = NULL;
	size_t len, again_len;

	(void)state;
	assert_int_equal(cf_image_builder_to_memory(builder, &data, &len, NULL), CF_OK);
	for (long turn = 0;; turn++) {
		enum cf_status status;

		fail_in = turn;
		fail_memory = true;
		status = cf_image_builder_to_memory(builder, &again, &again_len, NULL);
		fail_memory = false;
		if (status == CF_OK)
			break;
		assert_int_equal(status, CF_ENOMEM);
		assert_null(again);
	}
	fail_in = -1;
	assert_int_equal(len, again_len);
	assert_memory_equal(data, again, len);
	free(data);
	free(again);
	cf_image_builder_free(builder);
}

static void every_failing_allocation_at_open_is_survived(void **state)
{
	struct cf_image_builder *builder = full_builder();
	struct cf_image *image = NULL;
	long turn = 0;

	(void)state;
	assert_int_equal(cf_image_builder_write(builder, path, NULL, NULL), CF_OK);
	cf_image_builder_free(builder);
	for (;; turn++) {
		struct cf_error error = {0};
		enum cf_status status;

		fail_in = turn;
		fail_memory = true;
		status = cf_image_open(path, &image, &error);
		fail_memory = false;
		if (status == CF_OK)
			break;
		assert_int_equal(status, CF_ENOMEM);
		assert_true(error.text[0] != '\0');
		assert_null(image);
	}
	fail_in = -1;
	assert_true(turn >= 2);
	cf_image_close(image);
}

static void a_place_that_is_not_there_is_reported(void **state)
{
	struct cf_image_builder *builder = full_builder();
	struct cf_error error = {0};
	struct cf_image *image;
	char nowhere[128];

	(void)state;
	snprintf(nowhere, sizeof nowhere, "%s/none/curfew.img", directory);
	assert_int_equal(cf_image_builder_write(builder, nowhere, NULL, &error), CF_EIO);
	assert_true(strstr(error.text, "No such file") != NULL);
	assert_int_equal(cf_image_open(nowhere, &image, &error), CF_EIO);
	assert_int_equal(errno, ENOENT);
	assert_true(strstr(error.text, nowhere) != NULL);
	assert_int_equal(cf_image_open(directory, &image, &error), CF_EINVALID);
	cf_image_builder_free(builder);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_DIRECTORY(a_file_holds_what_memory_holds),
	    WITH_DIRECTORY(short_writes_are_continued),
	    WITH_DIRECTORY(an_open_image_outlives_its_replacement),
	    WITH_DIRECTORY(every_failing_system_call_leaves_the_old_file),
	    cmocka_unit_test(every_failing_allocation_is_survived),
	    cmocka_unit_test(a_builder_survives_a_failed_write),
	    WITH_DIRECTORY(every_failing_allocation_at_open_is_survived),
	    WITH_DIRECTORY(a_place_that_is_not_there_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
