/* Descriptors, and a digest over what lies behind them. */

#include "monitor/capture/inputs.h"

#include "base/input_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What byte_source.c looks at as well. */
#define HEAD_BYTES 65536

struct input {
	const char *path;
	int fd;                       /* -1: taken, or could not be opened */
	struct cf_capture_file *file; /* of a pipe, whose beginning cannot be read twice */
	enum cf_status status;
	struct cf_error error; /* why, when status is not CF_OK */
};

struct cf_inputs {
	unsigned count;
	char id[CF_SHA256_TEXT_BYTES];
	uint8_t head[HEAD_BYTES];
	struct input input[];
};

static void raise_limit(unsigned count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > (rlim_t)count + 64)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* what does not open then is told */
}

/* A regular file's beginning, its place left where it was. */
static enum cf_status read_identity(
    struct cf_inputs *inputs, const struct input *input, uint8_t *sha256)
{
	off_t at = lseek(input->fd, 0, SEEK_CUR);
	size_t len = 0;
	ssize_t got;

	while (len < HEAD_BYTES &&
	    (got = pread(input->fd, inputs->head + len, HEAD_BYTES - len,
	         (at < 0 ? 0 : at) + (off_t)len)) > 0)
		len += (size_t)got;
	return cf_sha256(inputs->head, len, sha256);
}

/* One file: opened, and what it is. sha256 and size are zero when it cannot be read. */
static void open_one(struct cf_inputs *inputs, struct input *input, uint8_t *sha256, uint64_t *size)
{
	struct stat about;

	input->status = cf_input_open(input->path, &input->fd, &input->error);
	if (input->status != CF_OK) {
		input->fd = -1;
		return;
	}
	if (fstat(input->fd, &about) == 0 && S_ISREG(about.st_mode)) {
		*size = (uint64_t)about.st_size;
		input->status = read_identity(inputs, input, sha256);
		return;
	}
	input->status = cf_capture_file_take(input->fd, input->path, &input->file, &input->error);
	input->fd = -1;
	if (input->status == CF_OK)
		cf_capture_file_identity(input->file, sha256, size);
}

enum cf_status cf_inputs_open(
    const char *const *paths, unsigned count, struct cf_inputs **inputs_out)
{
	struct cf_inputs *inputs = calloc(1, sizeof *inputs + count * sizeof inputs->input[0]);
	struct cf_sha256 *sum = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];

	if (inputs == NULL || sum == NULL) {
		free(inputs);
		cf_sha256_free(sum);
		return CF_ENOMEM;
	}
	raise_limit(count);
	inputs->count = count;
	for (unsigned i = 0; i < count; i++) {
		uint8_t sha256[CF_SHA256_BYTES] = {0}, size_bytes[8];
		uint64_t size = 0;

		inputs->input[i].path = paths[i];
		open_one(inputs, &inputs->input[i], sha256, &size);
		for (unsigned n = 0; n < sizeof size_bytes; n++)
			size_bytes[n] = (uint8_t)(size >> (8 * n));
		cf_sha256_update(sum, sha256, sizeof sha256);
		cf_sha256_update(sum, size_bytes, sizeof size_bytes);
	}
	cf_sha256_final(sum, digest);
	cf_sha256_free(sum);
	cf_sha256_format(digest, inputs->id);
	*inputs_out = inputs;
	return CF_OK;
}

void cf_inputs_close(struct cf_inputs *inputs)
{
	if (inputs == NULL)
		return;
	for (unsigned i = 0; i < inputs->count; i++) {
		if (inputs->input[i].fd >= 0)
			(void)close(inputs->input[i].fd); /* only read from */
		cf_capture_file_close(inputs->input[i].file);
	}
	free(inputs);
}

const char *cf_inputs_id(const struct cf_inputs *inputs)
{
	return inputs->id;
}

enum cf_status cf_inputs_take(struct cf_inputs *inputs, unsigned number,
    struct cf_capture_file **file_out, struct cf_error *error)
{
	struct input *input = &inputs->input[number];
	int fd = input->fd;

	input->fd = -1;
	if (input->status != CF_OK) {
		*error = input->error;
		return input->status;
	}
	if (input->file == NULL)
		return cf_capture_file_take(fd, input->path, file_out, error);
	*file_out = input->file;
	input->file = NULL;
	return CF_OK;
}
