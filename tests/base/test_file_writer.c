/* Files are replaced whole; what is no file is never replaced. */

#include "base/file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/curfew-writer-XXXXXX";

struct named {
	char path[sizeof folder + 32];
};

static struct named inside(const char *name)
{
	struct named named;

	snprintf(named.path, sizeof named.path, "%s/%s", folder, name);
	return named;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder + sizeof folder - 7, "XXXXXX");
	return mkdtemp(folder) == NULL;
}

/* Nothing else may lie in the folder by then: no temporary file stays. */
static int clear(void **state)
{
	static const char *const names[] = {"file", "link", "pipe", "null", "loop"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(inside(names[i]).path); /* not every test makes each */
	return rmdir(folder);
}

static enum cf_status put(const char *path, const char *text, unsigned flags)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open_as(&writer, path, flags);

	if (status != CF_OK)
		return status;
	fputs(text, writer.to);
	return cf_file_writer_commit(&writer);
}

static void expect(const char *path, const char *text)
{
	char got[64] = "";
	FILE *from = fopen(path, "re");

	assert_non_null(from);
	(void)!fread(got, 1, sizeof got - 1, from); /* what is missing shows below */
	fclose(from);
	assert_string_equal(got, text);
}

static struct stat about(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static void a_file_is_replaced_and_keeps_its_mode(void **state)
{
	struct named file = inside("file");

	(void)state;
	assert_int_equal(put(file.path, "old", 0), CF_OK);
	assert_int_equal(about(file.path).st_mode & 07777, 0644);
	assert_int_equal(chmod(file.path, 0640), 0);
	assert_int_equal(put(file.path, "new", CF_WRITE_UNSYNCED), CF_OK);
	expect(file.path, "new");
	assert_int_equal(about(file.path).st_mode & 07777, 0640);
}

static void what_is_abandoned_leaves_nothing(void **state)
{
	struct named file = inside("file");
	struct cf_file_writer writer;

	(void)state;
	assert_int_equal(put(file.path, "old", 0), CF_OK);
	assert_int_equal(cf_file_writer_open(&writer, file.path), CF_OK);
	fputs("half", writer.to);
	cf_file_writer_abandon(&writer);
	cf_file_writer_abandon(&writer);
	expect(file.path, "old");
}

static void a_link_is_followed_and_stays(void **state)
{
	struct named file = inside("file"), link = inside("link");

	(void)state;
	assert_int_equal(put(file.path, "old", 0), CF_OK);
	assert_int_equal(symlink("file", link.path), 0);
	assert_int_equal(put(link.path, "new", CF_WRITE_ONLY_FILES), CF_OK);
	assert_true(S_ISLNK(about(link.path).st_mode));
	expect(file.path, "new");
}

static void links_that_lead_nowhere_in_circles_or_are_another_s_are_refused(void **state)
{
	struct named file = inside("file"), link = inside("link"), loop = inside("loop");
	struct cf_file_writer writer;

	(void)state;
	assert_int_equal(symlink("nowhere", link.path), 0);
	assert_int_equal(put(link.path, "x", 0), CF_EINVALID);
	assert_int_equal(symlink("loop", loop.path), 0);
	assert_int_equal(put(loop.path, "x", 0), CF_EIO);
	if (geteuid() != 0)
		return; /* another user's link takes root to make */
	assert_int_equal(unlink(link.path), 0);
	assert_int_equal(put(file.path, "precious", 0), CF_OK);
	assert_int_equal(symlink("file", link.path), 0);
	assert_int_equal(lchown(link.path, 12345, 12345), 0);
	assert_int_equal(cf_file_writer_open(&writer, link.path), CF_EINVALID);
	assert_non_null(strstr(cf_file_writer_why(&writer), "another user"));
	expect(file.path, "precious");
}

static void a_device_is_written_and_stays_a_device(void **state)
{
	struct named null = inside("null"), link = inside("link");
	struct cf_file_writer writer;

	(void)state;
	/* A copy of /dev/null: the machine's own is not for tests. */
	if (mknod(null.path, S_IFCHR | 0666, makedev(1, 3)) != 0)
		skip();
	assert_int_equal(put(null.path, "x", 0), CF_OK);
	assert_int_equal(symlink("null", link.path), 0);
	assert_int_equal(put(link.path, "x", CF_WRITE_UNSYNCED), CF_OK);
	assert_int_equal(
	    cf_file_writer_open_as(&writer, null.path, CF_WRITE_ONLY_FILES), CF_EINVALID);
	assert_non_null(strstr(cf_file_writer_why(&writer), "no regular file"));
	assert_true(S_ISCHR(about(null.path).st_mode));
	assert_true(about(null.path).st_rdev == makedev(1, 3));
}

static void a_pipe_is_written_and_stays_a_pipe(void **state)
{
	struct named pipe = inside("pipe");
	char text[8] = "";
	int end;

	(void)state;
	assert_int_equal(mkfifo(pipe.path, 0600), 0);
	end = open(pipe.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(put(pipe.path, "hello", 0), CF_OK);
	assert_int_equal(read(end, text, sizeof text - 1), 5);
	assert_string_equal(text, "hello");
	close(end);
	assert_true(S_ISFIFO(about(pipe.path).st_mode));
	assert_int_equal(put(pipe.path, "x", CF_WRITE_ONLY_FILES), CF_EINVALID);
}

static void a_pipe_that_nobody_reads_is_not_waited_for_long(void **state)
{
	struct named pipe = inside("pipe");
	struct cf_file_writer writer;
	int end;

	(void)state;
	assert_int_equal(mkfifo(pipe.path, 0600), 0);
	alarm(120); /* opening it the plain way would wait for ever */
	assert_int_equal(cf_file_writer_open_as(&writer, pipe.path, CF_WRITE_UNSYNCED), CF_EIO);
	assert_string_equal(cf_file_writer_why(&writer), "it is a named pipe that nobody reads");
	assert_int_equal(cf_file_writer_open(&writer, pipe.path), CF_EIO);
	assert_string_equal(cf_file_writer_why(&writer), "it is a named pipe that nobody reads");
	/* A reader who is slow is waited for, but not by one who comes again. */
	end = open(pipe.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(cf_file_writer_open(&writer, pipe.path), CF_OK);
	assert_int_equal(fcntl(fileno(writer.to), F_GETFL) & O_NONBLOCK, 0);
	cf_file_writer_abandon(&writer);
	assert_int_equal(cf_file_writer_open_as(&writer, pipe.path, CF_WRITE_UNSYNCED), CF_OK);
	for (int i = 0; i < 1000000; i++)
		(void)fputc('x', writer.to); /* more than a pipe holds */
	assert_int_equal(cf_file_writer_commit(&writer), CF_EIO);
	alarm(0);
	close(end);
}

static void what_a_full_disk_refused_early_is_not_forgotten(void **state)
{
	struct named full = inside("null");
	static char much[65536];
	struct cf_file_writer writer;

	(void)state;
	if (mknod(full.path, S_IFCHR | 0666, makedev(1, 7)) != 0)
		skip(); /* not root */
	assert_int_equal(cf_file_writer_open(&writer, full.path), CF_OK);
	(void)fwrite(much, 1, sizeof much, writer.to); /* fails, and leaves nothing to flush */
	assert_int_equal(cf_file_writer_commit(&writer), CF_EIO);
	assert_non_null(strstr(cf_file_writer_why(&writer), "room on the disk"));
}

static void a_folder_is_refused(void **state)
{
	struct cf_file_writer writer;
	char resolved[CF_PATH_BYTES];
	const char *why;

	(void)state;
	assert_int_equal(cf_file_writer_open(&writer, folder), CF_EINVALID);
	assert_string_equal(cf_file_writer_why(&writer), "it is a folder");
	assert_int_equal(cf_file_writer_check(folder, resolved, &why), CF_EINVALID);
	assert_string_equal(why, "it is a folder");
	assert_int_equal(cf_file_writer_check(inside("file").path, resolved, &why), CF_OK);
	assert_null(why);
}

static void an_end_commits_or_says_which_path_and_why(void **state)
{
	struct named good = inside("file"), full = inside("null");
	struct cf_file_writer writer;
	struct cf_error error = {0};
	enum cf_status status = cf_file_writer_open(&writer, good.path);

	(void)state;
	assert_int_equal(status, CF_OK);
	assert_true(fputs("whole\n", writer.to) >= 0);
	assert_int_equal(cf_file_writer_end(&writer, good.path, status, &error), CF_OK);
	assert_int_equal(access(good.path, R_OK), 0);

	status = cf_file_writer_open(&writer, folder);
	assert_int_equal(cf_file_writer_end(&writer, folder, status, &error), CF_EINVALID);
	assert_non_null(strstr(error.text, folder));
	assert_non_null(strstr(error.text, "it is a folder"));

	if (mknod(full.path, S_IFCHR | 0666, makedev(1, 7)) != 0)
		skip(); /* not root */
	status = cf_file_writer_open(&writer, full.path);
	assert_int_equal(status, CF_OK);
	(void)setvbuf(writer.to, NULL, _IONBF, 0);
	(void)fputs("lost\n", writer.to); /* fails at once */
	assert_int_equal(cf_file_writer_end(&writer, full.path, status, &error), CF_EIO);
	assert_non_null(strstr(error.text, full.path));
}

static void all_of_it_is_written_or_the_reason_is_told(void **state)
{
	char read_back[8] = "";
	int fd = memfd_create("written", MFD_CLOEXEC),
	    full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0 && full >= 0);
	assert_true(cf_write_all(fd, "seven..", 7));
	assert_true(cf_write_all(fd, "", 0));
	assert_int_equal(pread(fd, read_back, sizeof read_back, 0), 7);
	assert_string_equal(read_back, "seven..");
	errno = 0;
	assert_false(cf_write_all(full, "x", 1));
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(full), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clear)
	const struct CMUnitTest tests[] = {
	    TEST(a_file_is_replaced_and_keeps_its_mode),
	    TEST(what_is_abandoned_leaves_nothing),
	    TEST(a_link_is_followed_and_stays),
	    TEST(links_that_lead_nowhere_in_circles_or_are_another_s_are_refused),
	    TEST(a_device_is_written_and_stays_a_device),
	    TEST(a_pipe_is_written_and_stays_a_pipe),
	    TEST(a_pipe_that_nobody_reads_is_not_waited_for_long),
	    TEST(what_a_full_disk_refused_early_is_not_forgotten),
	    TEST(a_folder_is_refused),
	    TEST(an_end_commits_or_says_which_path_and_why),
	    TEST(all_of_it_is_written_or_the_reason_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
