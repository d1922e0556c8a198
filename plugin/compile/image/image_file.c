/* Sections to bytes: places, digest, and a file that appears whole or not at all. */

#include "compile/image/image_builder.h"

#include "base/file_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_parts(struct cf_image_parts *parts)
{
	for (unsigned i = 0; i < CF_SECTIONS; i++)
		free(parts->parts[i].owned);
	*parts = (struct cf_image_parts){0};
}

/*
 * Where the bytes go: a file, or memory, or only the digest. put() takes them in order; false makes
 * the rest of them be left out.
 */
struct sink {
	bool (*put)(struct sink *sink, const void *data, size_t len);
	struct cf_sha256 *sha;
	int fd;
	uint8_t *memory;
	size_t used;
};

static bool put_digest(struct sink *sink, const void *data, size_t len)
{
	cf_sha256_update(sink->sha, data, len);
	return true;
}

static bool put_memory(struct sink *sink, const void *data, size_t len)
{
	memcpy(sink->memory + sink->used, data, len);
	sink->used += len;
	return true;
}

static bool put_file(struct sink *sink, const void *data, size_t len)
{
	return cf_write_all(sink->fd, data, len);
}

/* The whole file, section by section with the padding between. */
static bool put_all(const struct cf_image_parts *parts, struct sink *sink)
{
	static const uint8_t padding[CF_IMAGE_ALIGN];
	uint64_t at = sizeof parts->header;

	if (!sink->put(sink, &parts->header, sizeof parts->header))
		return false;
	for (unsigned i = 0; i < CF_SECTIONS; i++) {
		const struct cf_image_section *section = &parts->header.sections[i];

		if (section->at > at && !sink->put(sink, padding, (size_t)(section->at - at)))
			return false;
		if (section->bytes > 0 &&
		    !sink->put(sink, parts->parts[i].data, (size_t)section->bytes))
			return false;
		at = section->at + section->bytes;
	}
	return true;
}

/* Gives every section its place; the header's digest covers everything, so it comes last. */
static enum cf_status finish_header(
    const struct cf_image_builder *builder, struct cf_image_parts *parts)
{
	struct cf_image_header *header = &parts->header;
	struct sink sink = {.put = put_digest};
	uint64_t at = sizeof *header;

	memcpy(header->magic, CF_IMAGE_MAGIC, sizeof header->magic);
	header->version = CF_IMAGE_VERSION;
	header->endian = CF_IMAGE_ENDIAN;
	header->section_count = CF_SECTIONS;
	header->built_wall_s = builder->built_wall_s;
	header->edge = builder->edge;
	memcpy(header->source_digest, builder->source_digest, sizeof header->source_digest);
	for (unsigned i = 0; i < CF_SECTIONS; i++) {
		struct cf_image_section *section = &header->sections[i];

		at = (at + CF_IMAGE_ALIGN - 1) & ~(uint64_t)(CF_IMAGE_ALIGN - 1);
		section->at = at;
		section->count = parts->parts[i].count;
		section->bytes = section->count * cf_image_item_bytes[i];
		at += section->bytes;
	}
	if (at > CF_IMAGE_BYTES)
		return CF_ETOOBIG;
	header->file_bytes = at;
	sink.sha = cf_sha256_new();
	if (sink.sha == NULL)
		return CF_ENOMEM;
	(void)put_all(parts, &sink); /* a digest takes everything */
	cf_sha256_final(sink.sha, header->digest);
	cf_sha256_free(sink.sha);
	return CF_OK;
}

static enum cf_status build(
    const struct cf_image_builder *builder, struct cf_image_parts *parts, struct cf_error *error)
{
	enum cf_status status;

	*parts = (struct cf_image_parts){0};
	status = cf_image_build_names(builder, parts);
	if (status == CF_OK)
		status = cf_image_build_networks(builder, parts);
	if (status == CF_OK)
		status = cf_image_build_clients(builder, parts);
	if (status == CF_OK)
		status = cf_image_build_policy(builder, parts);
	if (status == CF_OK)
		status = finish_header(builder, parts);
	if (status != CF_OK) {
		free_parts(parts);
		return cf_error_set(
		    error, status, "cannot put the image together: %s", cf_status_text(status));
	}
	return CF_OK;
}

enum cf_status cf_image_builder_to_memory(
    struct cf_image_builder *builder, void **data_out, size_t *len_out, struct cf_error *error)
{
	struct cf_image_parts parts;
	enum cf_status status = build(builder, &parts, error);
	struct sink sink = {.put = put_memory};
	size_t len;

	if (status != CF_OK)
		return status;
	len = (size_t)parts.header.file_bytes;
	sink.memory = aligned_alloc(
	    CF_IMAGE_ALIGN, (len + CF_IMAGE_ALIGN - 1) & ~(size_t)(CF_IMAGE_ALIGN - 1));
	if (sink.memory == NULL) {
		free_parts(&parts);
		return cf_error_set(error, CF_ENOMEM, "no memory for an image of %zu bytes", len);
	}
	(void)put_all(&parts, &sink); /* memory of the right size takes everything */
	free_parts(&parts);
	*data_out = sink.memory;
	*len_out = len;
	return CF_OK;
}

/* Makes the rename of path durable. */
static bool sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	int fd, failed;

	if (directory == NULL)
		return false;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (fd < 0)
		return false;
	failed = fsync(fd);
	close(fd);
	return failed == 0;
}

/* Writes parts into the file open at fd and makes them durable; closes fd in any case. */
static bool fill_file(const struct cf_image_parts *parts, int fd)
{
	struct sink sink = {.put = put_file, .fd = fd};
	bool good = put_all(parts, &sink) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	int saved = errno;

	if (close(fd) != 0 && good)
		return false;
	errno = good ? errno : saved;
	return good;
}

static enum cf_status replace_file(
    const struct cf_image_parts *parts, const char *path, struct cf_error *error)
{
	char resolved[CF_PATH_BYTES], *beside = NULL;
	const char *why;
	enum cf_status status = cf_file_writer_check(path, resolved, &why);
	int fd, saved;

	if (status != CF_OK)
		return cf_error_set(error, status, "cannot write '%s': %s", path,
		    why != NULL ? why : strerror(errno));
	path = resolved;
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return cf_error_set(error, CF_ENOMEM, "no memory to write '%s'", path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		status =
		    cf_error_set(error, CF_EIO, "cannot create '%s': %s", beside, strerror(errno));
		goto out;
	}
	if (!fill_file(parts, fd) || rename(beside, path) != 0) {
		status =
		    cf_error_set(error, CF_EIO, "cannot write '%s': %s", path, strerror(errno));
		saved = errno;
		(void)unlink(
		    beside); /* nothing better can be done about a file that stays behind */
		errno = saved;
		goto out;
	}
	if (!sync_directory(path))
		status = cf_error_set(
		    error, CF_EIO, "cannot make '%s' durable: %s", path, strerror(errno));
out:
	saved = errno;
	free(beside);
	errno = saved;
	return status;
}

enum cf_status cf_image_builder_write(struct cf_image_builder *builder, const char *path,
    uint8_t digest_out[CF_SHA256_BYTES], struct cf_error *error)
{
	struct cf_image_parts parts;
	enum cf_status status = build(builder, &parts, error);

	if (status != CF_OK)
		return status;
	status = replace_file(&parts, path, error);
	if (status == CF_OK && digest_out != NULL)
		memcpy(digest_out, parts.header.digest, sizeof parts.header.digest);
	free_parts(&parts);
	return status;
}
