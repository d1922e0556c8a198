/* Reads the "curfew-..." lines of unbound.conf's dynlib clause. */
#include "resolver/state/options.h"

#include "base/input_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX             "curfew-"
#define DEFAULT_IMAGE_PATH "/var/lib/curfew/curfew.img"
#define DEFAULT_KEY_PATH   "/var/lib/curfew/keys/resolver.key"
/* 16 MiB hold about 60,000 messages; a vendor has hundreds of names. */
#define DEFAULT_LANE_BYTES ((size_t)16 << 20)

enum cf_status cf_options_init(struct cf_options *options)
{
	*options = (struct cf_options){.syslog = -1, .lane_bytes = DEFAULT_LANE_BYTES};
	options->image_path = strdup(DEFAULT_IMAGE_PATH);
	options->key_path = strdup(DEFAULT_KEY_PATH);
	return options->image_path == NULL || options->key_path == NULL ? CF_ENOMEM : CF_OK;
}

void cf_options_done(struct cf_options *options)
{
	free(options->image_path);
	free(options->log_path);
	free(options->status_path);
	free(options->key_path);
	free(options->sensor);
	free(options->clock_file);
	*options = (struct cf_options){.syslog = -1};
}

bool cf_options_is_ours(const char *line)
{
	return strncmp(line, PREFIX, strlen(PREFIX)) == 0;
}

static enum cf_status set_text(char **field, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return CF_ENOMEM;
	free(*field);
	*field = copy;
	return CF_OK;
}

const char *cf_options_inside(const char *path, const char *chroot_dir)
{
	size_t len = chroot_dir == NULL ? 0 : strlen(chroot_dir);

	while (len > 0 && chroot_dir[len - 1] == '/')
		len--;
	if (len > 0 && strncmp(path, chroot_dir, len) == 0 && path[len] == '/')
		return path + len;
	return path;
}

static enum cf_status set_path(char **field, const char *value, const char *chroot_dir)
{
	return set_text(field, cf_options_inside(value, chroot_dir));
}

static bool parse_number(const char *text, long long least, long long most, long long *number_out)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < least || number > most)
		return false;
	*number_out = number;
	return true;
}

static enum cf_status set_clock(struct cf_options *options, const char *value)
{
	long long number;

	if (value[0] == '@')
		return set_text(&options->clock_file, value + 1);
	if (!parse_number(value, -4000000000LL, 4000000000LL, &number))
		return CF_EINVALID;
	options->clock_offset_s = number;
	return CF_OK;
}

static enum cf_status set_bool(int *field, const char *value)
{
	if (strcmp(value, "yes") == 0)
		*field = 1;
	else if (strcmp(value, "no") == 0)
		*field = 0;
	else
		return CF_EINVALID;
	return CF_OK;
}

static enum cf_status set_seals(struct cf_options *options, const char *value)
{
	options->keep_seals = strcmp(value, "none") == 0;
	return options->keep_seals || strcmp(value, "syslog") == 0 ? CF_OK : CF_EINVALID;
}

static enum cf_status set_word(struct cf_options *options, const char *word, size_t word_len,
    const char *value, const char *chroot_dir)
{
	long long number;

#define IS(name) (word_len == strlen(name) && memcmp(word, name, word_len) == 0)
	if (IS("image"))
		return set_path(&options->image_path, value, chroot_dir);
	if (IS("status"))
		return set_path(&options->status_path, value, chroot_dir);
	if (IS("log")) {
		options->log_off = strcmp(value, "none") == 0;
		return set_path(&options->log_path, value, chroot_dir);
	}
	if (IS("key"))
		return set_path(
		    &options->key_path, strcmp(value, "none") == 0 ? "" : value, chroot_dir);
	if (IS("seals"))
		return set_seals(options, value);
	if (IS("sensor"))
		return set_text(&options->sensor, value);
	if (IS("syslog"))
		return set_bool(&options->syslog, value);
	if (IS("clock-offset"))
		return set_clock(options, value);
	if (IS("lane-mb")) {
		if (!parse_number(value, 1, 4096, &number))
			return CF_EINVALID;
		options->lane_bytes = (size_t)number << 20;
		return CF_OK;
	}
	if (IS("fold")) {
		if (!parse_number(value, 0, 86400, &number))
			return CF_EINVALID;
		options->fold_s = (unsigned)number;
		options->has_fold = true;
		return CF_OK;
	}
	if (IS("alive")) {
		if (!parse_number(value, 0, 3600, &number))
			return CF_EINVALID;
		options->alive_s = (unsigned)number;
		options->has_alive = true;
		return CF_OK;
	}
#undef IS
	return CF_ENOTFOUND;
}

enum cf_status cf_options_read(
    struct cf_options *options, const char *line, const char *chroot_dir, struct cf_error *error)
{
	const char *word = line + strlen(PREFIX);
	const char *value = strchr(line, '=');
	enum cf_status status;

	if (!cf_options_is_ours(line) || value == NULL || value[1] == '\0')
		return cf_error_set(
		    error, CF_EINVALID, "'%.100s' is not of the form curfew-WORD=VALUE", line);
	status = set_word(options, word, (size_t)(value - word), value + 1, chroot_dir);
	if (status == CF_ENOTFOUND)
		return cf_error_set(error, CF_EINVALID, "'%.100s': there is no such setting", line);
	if (status == CF_EINVALID)
		return cf_error_set(error, CF_EINVALID, "'%.100s': bad value", line);
	if (status != CF_OK)
		return cf_error_set(error, status, "%s", cf_status_text(status));
	return CF_OK;
}

void cf_options_reread_clock(struct cf_options *options)
{
	FILE *file = NULL;
	char text[32], *end;
	long long number;

	if (options->clock_file == NULL ||
	    cf_input_open_stream(options->clock_file, &file, NULL) != CF_OK)
		return;
	if (fgets(text, sizeof text, file) != NULL) {
		number = strtoll(text, &end, 10);
		if (end != text && number > -4000000000LL && number < 4000000000LL)
			options->clock_offset_s = number;
	}
	(void)fclose(file); /* read only */
}
