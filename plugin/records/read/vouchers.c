#include "records/read/vouchers.h"

#include "base/input_file.h"
#include "records/anchor/time_stamp.h"
#include "records/anchor/witness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_BYTES 16384
/* A stamped file of seals is read whole: a year of a writer has 160 MiB. */
#define STAMPED_BYTES ((size_t)1 << 30)
#define SECOND_US     INT64_C(1000000)

/* A file's name, rather than the key's line itself. */
static bool is_file(const char *given)
{
	struct stat about;

	return strlen(given) != CF_PUBLIC_KEY_TEXT_BYTES - 1 || stat(given, &about) == 0;
}

enum cf_status cf_vouchers_add_key(
    struct cf_vouchers *vouchers, const char *given, struct cf_error *error)
{
	size_t len = strlen(given);
	char *text = NULL;
	enum cf_status status = CF_OK;

	if (is_file(given))
		status = cf_input_read_whole(given, KEY_BYTES, &text, &len, error);
	if (status == CF_OK)
		status =
		    cf_public_keys_pin(&vouchers->keys, text != NULL ? text : given, len, error);
	free(text);
	return status;
}

static enum cf_status need_witness(struct cf_vouchers *vouchers, struct cf_error *error)
{
	if (vouchers->witness == NULL)
		vouchers->witness = cf_witness_new();
	return vouchers->witness == NULL ? cf_error_set(error, CF_ENOMEM, "no memory") : CF_OK;
}

enum cf_status cf_vouchers_add_seals(
    struct cf_vouchers *vouchers, const char *path, uint64_t *damaged_out, struct cf_error *error)
{
	enum cf_status status = need_witness(vouchers, error);

	return status == CF_OK
	    ? cf_witness_read(vouchers->witness, path, INT64_MAX, damaged_out, error)
	    : status;
}

/* The stamped bytes are those that are read: no second look at the file. */
static enum cf_status read_stamped(struct cf_vouchers *vouchers, const char *path, char *text,
    size_t len, int64_t at_wall_us, struct cf_error *error)
{
	FILE *file = fmemopen(text, len, "r");
	enum cf_status status;

	if (file == NULL)
		return cf_error_set(error, CF_EIO, "no memory, or an empty witness '%s'", path);
	status = cf_witness_read_stream(vouchers->witness, file, path, at_wall_us, NULL, error);
	(void)fclose(file); /* memory */
	return status;
}

enum cf_status cf_vouchers_add_stamped(struct cf_vouchers *vouchers, const char *path,
    const char *reply_path, const char *ca_path, struct cf_error *error)
{
	char *text = NULL, *reply = NULL;
	size_t len = 0, reply_len = 0;
	int64_t at_wall_us = 0;
	struct cf_error why;
	enum cf_status status = need_witness(vouchers, error);

	if (status == CF_OK)
		status = cf_input_read_whole(path, STAMPED_BYTES, &text, &len, error);
	if (status == CF_OK)
		status = cf_input_read_whole(reply_path, CF_STAMP_BYTES, &reply, &reply_len, error);
	if (status == CF_OK) {
		status = cf_stamp_verify(
		    (const uint8_t *)reply, reply_len, text, len, ca_path, &at_wall_us, &why);
		if (status != CF_OK)
			(void)cf_error_set(error, status, "'%.150s' over '%.150s': %.150s",
			    reply_path, path, why.text);
	}
	if (status == CF_OK)
		status = read_stamped(vouchers, path, text, len, at_wall_us, error);
	free(text);
	free(reply);
	return status;
}

bool cf_vouchers_expect(struct cf_vouchers *vouchers, const char *text)
{
	const char *slash = strrchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);

	if (len == 0 || len >= sizeof vouchers->sensor ||
	    (slash != NULL && strlen(slash + 1) >= sizeof vouchers->source))
		return false;
	memcpy(vouchers->sensor, text, len);
	vouchers->sensor[len] = '\0';
	if (slash != NULL)
		memcpy(vouchers->source, slash + 1, strlen(slash + 1) + 1);
	return true;
}

void cf_vouchers_fill(
    struct cf_vouchers *vouchers, int64_t now_wall_s, struct cf_verify_with *with_out)
{
	bool is_old = vouchers->has_from && vouchers->from_wall_s > INT64_MIN / SECOND_US;

	*with_out =
	    (struct cf_verify_with){.keys = vouchers->keys.count > 0 ? &vouchers->keys : NULL,
	        .witness = vouchers->witness,
	        .sensor = vouchers->sensor[0] == '\0' ? NULL : vouchers->sensor,
	        .source = vouchers->source[0] == '\0' ? NULL : vouchers->source,
	        .from_wall_us = is_old ? vouchers->from_wall_s * SECOND_US : INT64_MIN,
	        .to_wall_us = (vouchers->has_to ? vouchers->to_wall_s : now_wall_s) * SECOND_US,
	        .now_wall_us = now_wall_s * SECOND_US};
	with_out->is_strict = with_out->keys != NULL || with_out->witness != NULL ||
	    with_out->sensor != NULL || vouchers->has_from || vouchers->has_to;
}

void cf_vouchers_done(struct cf_vouchers *vouchers)
{
	cf_witness_free(vouchers->witness);
	vouchers->witness = NULL;
}
