/* What may be opened for reading. */

#include "base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/curfew-input-XXXXXX";

static const char *inside(const char *name)
{
	static char path[sizeof folder + 64];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int clear(void **state)
{
	static const char *const names[] = {"file", "link", "pipe", "socket", "zero", "nowhere"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(inside(names[i])); /* not every test makes each */
	return rmdir(folder);
}

static enum cf_status open_and_close(const char *path, struct cf_error *error)
{
	int fd = -1;
	enum cf_status status = cf_input_open(path, &fd, error);

	if (status == CF_OK) {
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		close(fd);
	}
	return status;
}

static void regular_files_and_links_to_them_are_opened(void **state)
{
	struct cf_error error;
	int fd = open(inside("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	close(fd);
	assert_int_equal(open_and_close(inside("file"), &error), CF_OK);
	assert_int_equal(symlink("file", inside("link")), 0);
	assert_int_equal(open_and_close(inside("link"), &error), CF_OK);
	assert_int_equal(unlink(inside("file")), 0);
	assert_int_equal(open_and_close(inside("link"), &error), CF_EIO);
	assert_non_null(strstr(error.text, "No such file"));
}

static void a_named_pipe_is_refused_at_once(void **state)
{
	struct cf_error error;

	(void)state;
	assert_int_equal(mkfifo(inside("pipe"), 0600), 0);
	alarm(60); /* opening it the plain way would wait for ever */
	assert_int_equal(open_and_close(inside("pipe"), &error), CF_EINVALID);
	alarm(0);
	assert_non_null(strstr(error.text, "named pipe"));
}

static void folders_devices_and_sockets_are_refused(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct cf_error error;

	(void)state;
	assert_int_equal(open_and_close(folder, &error), CF_EINVALID);
	assert_non_null(strstr(error.text, "folder"));
	assert_int_equal(symlink("/dev/zero", inside("zero")), 0);
	assert_int_equal(open_and_close(inside("zero"), &error), CF_EINVALID);
	assert_non_null(strstr(error.text, "device"));
	snprintf(address.sun_path, sizeof address.sun_path, "%s", inside("socket"));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(open_and_close(inside("socket"), &error), CF_EINVALID);
	close(fd);
}

static void what_was_opened_by_whoever_started_us_may_be_a_pipe(void **state)
{
	char path[32], byte;
	struct cf_error error;
	int ends[2], fd = -1;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
	assert_int_equal(cf_input_open(path, &fd, &error), CF_OK);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(open_and_close(path, &error), CF_EIO);
	assert_int_equal(open_and_close("/dev/fd/1x", &error), CF_EIO);
	assert_int_equal(open_and_close("-", &error), CF_OK);
}

static void a_stream_is_opened_by_the_same_rules(void **state)
{
	struct cf_error error;
	FILE *stream = NULL;
	char text[8];

	(void)state;
	errno = 0;
	assert_int_equal(cf_input_open_stream(inside("nowhere"), &stream, &error), CF_EIO);
	assert_int_equal(errno, ENOENT);
	(void)mkfifo(inside("pipe"), 0600); /* may be there */
	alarm(60);                          /* opening it the plain way would wait for ever */
	assert_int_equal(cf_input_open_stream(inside("pipe"), &stream, NULL), CF_EINVALID);
	assert_int_equal(errno, EINVAL);
	alarm(0);
	assert_null(stream);
	stream = fopen(inside("file"), "we");
	assert_non_null(stream);
	assert_true(fputs("text\n", stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(cf_input_open_stream(inside("file"), &stream, &error), CF_OK);
	assert_non_null(fgets(text, sizeof text, stream));
	assert_string_equal(text, "text\n");
	assert_int_equal(fclose(stream), 0);
}

static void write_bytes(const char *path, size_t count)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	for (size_t i = 0; i < count; i++)
		assert_int_not_equal(putc('a' + (int)(i % 26), file), EOF);
	assert_int_equal(fclose(file), 0);
}

static void a_whole_file_is_read_up_to_its_most(void **state)
{
	/* Nothing, little, and around what is read at once. */
	static const size_t counts[] = {0, 5, 65535, 65536, 65537, 200000};
	struct cf_error error;
	char *text = NULL;
	size_t len = 1;

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		write_bytes(inside("file"), counts[i]);
		assert_int_equal(
		    cf_input_read_whole(inside("file"), counts[i], &text, &len, &error), CF_OK);
		assert_int_equal(len, counts[i]);
		assert_int_equal(strlen(text), counts[i]);
		for (size_t at = 0; at < len; at++)
			assert_int_equal(text[at], 'a' + (int)(at % 26));
		free(text);
		if (counts[i] == 0)
			continue;
		text = NULL;
		assert_int_equal(
		    cf_input_read_whole(inside("file"), counts[i] - 1, &text, &len, &error),
		    CF_ETOOBIG);
		assert_non_null(strstr(error.text, "it is too long"));
		assert_null(text);
	}
	assert_int_equal(cf_input_read_whole(inside("nowhere"), 9, &text, &len, &error), CF_EIO);
	assert_int_equal(cf_input_read_whole(folder, 9, &text, &len, &error), CF_EINVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(regular_files_and_links_to_them_are_opened),
	    cmocka_unit_test(a_named_pipe_is_refused_at_once),
	    cmocka_unit_test(folders_devices_and_sockets_are_refused),
	    cmocka_unit_test(what_was_opened_by_whoever_started_us_may_be_a_pipe),
	    cmocka_unit_test(a_stream_is_opened_by_the_same_rules),
	    cmocka_unit_test(a_whole_file_is_read_up_to_its_most),
	};

	return cmocka_run_group_tests(tests, set_up, clear);
}
