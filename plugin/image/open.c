/* Opening and closing images, and what is said of them as a whole. */

#include "image/image.h"

#include "base/check.h"
#include "base/input_file.h"
#include "image/mapped.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *text(const struct cf_image *image, uint32_t at)
{
	return image->strings + at;
}

static void fill_info(struct cf_image *image)
{
	const struct cf_image_policy_item *policy = image->policy;
	const struct cf_image_header *header = &image->header;

	image->info = (struct cf_image_info){
	    .built_wall_s = header->built_wall_s,
	    .file_bytes = header->file_bytes,
	    .vendor = text(image, policy->vendor),
	    .pack_version = text(image, policy->pack_version),
	    .preset = text(image, policy->preset),
	    .citation = text(image, policy->citation),
	    .policy_file = text(image, policy->policy_file),
	    .packs = image->pack_count,
	    .schedules = image->schedule_count,
	    .names = header->entry_count,
	    .networks = image->network_count,
	    .asns = image->asn_count,
	    .signatures = image->signature_count,
	    .ports = image->port_count,
	    .resolvers = image->resolver_count,
	    .phases = image->phase_count,
	    .exceptions = image->exception_count,
	    .groups = image->group_count,
	    .log_path = text(image, policy->log_path),
	    .fold_s = policy->fold_s,
	    .privacy = text(image, policy->privacy),
	    .privacy_key_file = text(image, policy->privacy_key_file),
	    .sensor = text(image, policy->sensor),
	    .edge = text(image, header->edge),
	    .syslog = policy->syslog != 0,
	    .block_addresses = policy->block_addresses != 0,
	    .block_services = policy->block_services != 0,
	    .alive_s = policy->alive_s,
	};
	memcpy(image->info.digest, header->digest, sizeof image->info.digest);
	memcpy(image->info.source_digest, header->source_digest, sizeof image->info.source_digest);
}

static void fill_answer(struct cf_image *image)
{
	const struct cf_image_policy_item *policy = image->policy;

	image->answer = (struct cf_answer_spec){
	    .kind = (enum cf_answer)policy->answer_kind,
	    .ttl_s = policy->ttl_s,
	    .ede_code = policy->ede_code,
	    .ede_text = text(image, policy->ede_text),
	};
	if (policy->sinkhole_v4_set != 0)
		image->answer.sinkhole_v4 = cf_addr_v4(policy->sinkhole_v4);
	if (policy->sinkhole_v6_set != 0)
		image->answer.sinkhole_v6 = cf_addr_v6(policy->sinkhole_v6);
	image->nodata_answer = (struct cf_answer_spec){
	    .kind = CF_ANSWER_NODATA, .ttl_s = policy->ttl_s, .ede_text = ""};
}

/* The categories that a schedule ever blocks. */
static uint32_t ever_blocked(const struct cf_image *image, uint32_t schedule)
{
	uint32_t categories = 0;

	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		if (image->schedules[schedule].baseline[i] == CF_VERDICT_BLOCK)
			categories |= 1U << i;
	for (uint32_t i = 0; i < image->phase_count; i++)
		if (image->phases[i].verdict == CF_VERDICT_BLOCK &&
		    (image->phases[i].schedules >> schedule & 1) != 0)
			categories |= image->phases[i].categories;
	return categories;
}

static void fill_may_block(struct cf_image *image)
{
	uint32_t by_schedule[CF_SCHEDULES], by_exception = 0;

	for (uint32_t i = 0; i < image->schedule_count; i++)
		by_schedule[i] = ever_blocked(image, i);
	for (uint32_t i = 0; i < image->exception_count; i++)
		if (image->exceptions[i].verdict == CF_VERDICT_BLOCK)
			by_exception |= image->exceptions[i].categories;
	for (uint32_t i = 0; i < image->pack_count; i++)
		image->may_block[i] = by_exception;
	for (uint32_t i = 0; i < image->row_count * image->pack_count; i++)
		image->may_block[i % image->pack_count] |= by_schedule[image->rows[i]];
}

static enum cf_status open_memory(const void *data, size_t len, const atomic_bool *stop,
    struct cf_image **image_out, struct cf_error *error)
{
	struct cf_image *image;
	enum cf_status status;

	if (((uintptr_t)data & 7) != 0)
		return cf_error_set(error, CF_EINVALID, "image is not aligned in memory");
	image = calloc(1, sizeof *image);
	if (image == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory to open the image");
	image->data = data;
	image->len = len;
	status = cf_image_verify(image, stop, error);
	if (status != CF_OK) {
		free(image);
		return status;
	}
	fill_info(image);
	fill_answer(image);
	fill_may_block(image);
	*image_out = image;
	return CF_OK;
}

enum cf_status cf_image_from_memory(
    const void *data, size_t len, struct cf_image **image_out, struct cf_error *error)
{
	return open_memory(data, len, NULL, image_out, error);
}

/* Large pages of x86 and arm64: one look-up touches places all over the image, and with pages of 4
 * KiB it waits for the page tables (in a virtual machine twice) longer than for the memory. */
#define LARGE_PAGE ((size_t)2 << 20)

/*
 * Private memory of len bytes, in large pages where the kernel has them for that. Images below one
 * page are not worth it. MAP_FAILED without memory.
 */
static void *get_memory(size_t len)
{
	size_t room = len < LARGE_PAGE ? len : len + LARGE_PAGE, skip, tail;
	uint8_t *data =
	    mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED || room == len)
		return data;
	/* Begin at a large page; what is left in front and behind goes back. */
	skip = (LARGE_PAGE - (uintptr_t)data % LARGE_PAGE) % LARGE_PAGE;
	tail = LARGE_PAGE - skip;
	tail -= tail % (size_t)sysconf(_SC_PAGESIZE);
	if (skip > 0)
		(void)munmap(data, skip); /* our own map: cannot fail */
	if (tail > 0)
		(void)munmap(data + skip + (room - skip - tail), tail); /* as above */
	(void)madvise(data + skip, len, MADV_HUGEPAGE);                 /* only a wish */
	return data + skip;
}

/* Bytes read between two looks at whether anybody still wants them. */
#define PIECE_BYTES ((size_t)4 << 20)

static bool is_stopped(const atomic_bool *stop)
{
	return stop != NULL && atomic_load_explicit(stop, memory_order_relaxed);
}

/* Reads len bytes; false with errno when there are fewer, or when it was stopped (ECANCELED). */
static bool read_whole(int fd, uint8_t *data, size_t len, const atomic_bool *stop)
{
	while (len > 0) {
		ssize_t n = read(fd, data, len < PIECE_BYTES ? len : PIECE_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
		if (is_stopped(stop)) {
			errno = ECANCELED;
			return false;
		}
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* What a failed read means. */
static enum cf_status fail_to_read(const char *path, struct cf_error *error)
{
	if (errno == ECANCELED)
		return cf_error_set(error, CF_EAGAIN, "stopped reading image '%s'", path);
	return cf_error_set(error, CF_EIO, "cannot read image '%s': %s", path, strerror(errno));
}

/*
 * Opens the regular file at path and reads its header alone: a file of 15 GiB that is no image is
 * put away before anything of it costs memory or time. *head_out has the header and the size.
 */
static enum cf_status open_file(
    const char *path, int *fd_out, struct cf_image *head_out, struct cf_error *error)
{
	_Alignas(8) uint8_t header[sizeof(struct cf_image_header)];
	struct cf_error inner = {0};
	enum cf_status status;
	struct stat st;
	int fd;

	status = cf_input_open(path, &fd, &inner);
	if (status != CF_OK)
		return cf_error_set(error, status, "cannot load image: %s", inner.text);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof header ||
	    (uint64_t)st.st_size > CF_IMAGE_BYTES) {
		close(fd);
		return cf_error_set(error, CF_EMALFORMED,
		    "cannot load image '%s': not a regular file of plausible size", path);
	}
	*head_out = (struct cf_image){.data = header, .len = (size_t)st.st_size};
	if (pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header)
		status = cf_image_verify_header(head_out, &inner);
	else
		status = cf_error_set(&inner, CF_EIO, "cannot read its header");
	head_out->data = NULL;
	if (status != CF_OK) {
		close(fd);
		return cf_error_set(error, status, "cannot load image '%s': %s", path, inner.text);
	}
	*fd_out = fd;
	return CF_OK;
}

/*
 * Reads the regular file at path whole. A map of the file itself would kill the resolver (SIGBUS)
 * when somebody truncates it in place, and cannot be in large pages.
 */
static enum cf_status read_file(const char *path, const atomic_bool *stop, void **data_out,
    size_t *len_out, int64_t *written_wall_s_out, struct cf_error *error)
{
	struct stat st = {.st_mtime = 0};
	struct cf_image head = {.len = 0};
	int fd = -1, saved;
	enum cf_status status = open_file(path, &fd, &head, error);
	void *data;

	if (status != CF_OK)
		return status;
	data = get_memory(head.len);
	if (data == MAP_FAILED) {
		status = cf_error_set(
		    error, CF_EIO, "no memory for image '%s': %s", path, strerror(errno));
		goto out;
	}
	if (!read_whole(fd, data, head.len, stop)) {
		status = fail_to_read(path, error);
		(void)munmap(data, head.len); /* our own map: cannot fail */
		goto out;
	}
	(void)mprotect(data, head.len, PROT_READ); /* a guard, not a need */
	(void)fstat(fd, &st);                      /* worked just before; else it is unknown */
	*written_wall_s_out = st.st_mtime;
	*data_out = data;
	*len_out = head.len;
out:
	saved = errno;
	close(fd);
	errno = saved;
	return status;
}

enum cf_status cf_image_open(const char *path, struct cf_image **image_out, struct cf_error *error)
{
	return cf_image_open_until(path, NULL, image_out, error);
}

enum cf_status cf_image_open_until(
    const char *path, const atomic_bool *stop, struct cf_image **image_out, struct cf_error *error)
{
	struct cf_error inner = {0};
	enum cf_status status;
	struct cf_image *image = NULL;
	void *data = NULL;
	int64_t written_wall_s = 0;
	size_t len = 0;

	status = read_file(path, stop, &data, &len, &written_wall_s, error);
	if (status != CF_OK)
		return status;
	status = open_memory(data, len, stop, &image, &inner);
	if (status != CF_OK) {
		(void)munmap(data, len); /* our own map, whole: cannot fail */
		return cf_error_set(error, status, "cannot load image '%s': %s", path, inner.text);
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): CF_OK gives an image */
	image->mapped = true;
	/* The time is no part of what an image is, so only former ones have it in their bytes. */
	if (image->info.built_wall_s == 0)
		image->info.built_wall_s = written_wall_s;
	*image_out = image;
	return CF_OK;
}

void cf_image_close(struct cf_image *image)
{
	if (image == NULL)
		return;
	if (image->mapped)
		(void)munmap((void *)(uintptr_t)image->data, image->len); /* as above */
	free(image);
}

const struct cf_image_info *cf_image_info(const struct cf_image *image)
{
	return &image->info;
}

const struct cf_answer_spec *cf_image_answer(const struct cf_image *image)
{
	return &image->answer;
}

enum cf_verdict cf_image_baseline(
    const struct cf_image *image, uint32_t schedule, enum cf_category category)
{
	if (!cf_check(schedule < image->schedule_count && (unsigned)category < CF_CATEGORIES))
		return CF_VERDICT_PASS;
	return (enum cf_verdict)image->schedules[schedule].baseline[category];
}
