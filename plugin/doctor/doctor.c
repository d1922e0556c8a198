/* Looks at an installation without touching it. */

#include "doctor/doctor.h"

#include "base/instant.h"
#include "doctor/json_in.h"
#include "doctor/run.h"
#include "doctor/shadow.h"
#include "doctor/unbound_config.h"
#include "image/image.h"
#include "report/render/safe.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The module writes its status every five seconds; after this it does not run. */
#define STATUS_STALE_S 30
/* Seals come each minute; two that are missing are none. */
#define SIGNED_STALE_S 200
/* Largest program or module file read, bytes. */
#define PROGRAM_BYTES (64L * 1024 * 1024)

CF_PRINTF(2, 3)
static void add_problem(struct cf_doctor *doctor, const char *format, ...)
{
	char text[sizeof doctor->problems[0]];
	va_list args;

	doctor->degraded = true;
	if (doctor->problem_count == CF_DOCTOR_PROBLEMS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* Names, paths and messages of files that others write are in it. */
	(void)cf_safe_text(text, strlen(text), doctor->problems[doctor->problem_count++],
	    sizeof doctor->problems[0]);
}

/* The whole file, terminated, or NULL; errno says why. */
static char *read_file(const char *path, size_t max, size_t *len_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	FILE *from;
	char *text = NULL;
	long size;

	if (fd < 0)
		return NULL;
	/* A pipe or a device would be waited for. */
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || (from = fdopen(fd, "r")) == NULL) {
		close(fd);
		errno = EINVAL;
		return NULL;
	}
	if (fseek(from, 0, SEEK_END) == 0 && (size = ftell(from)) >= 0 && (size_t)size <= max &&
	    fseek(from, 0, SEEK_SET) == 0)
		text = malloc((size_t)size + 1);
	if (text != NULL) {
		*len_out = fread(text, 1, (size_t)size, from);
		text[*len_out] = '\0';
	}
	(void)fclose(from); /* was only read */
	return text;
}

/* Copies the rest of the line behind prefix in text; false when no line begins so. */
static bool copy_line(const char *text, const char *prefix, char *to, size_t size)
{
	const char *at = strstr(text, prefix);
	size_t len;

	if (at == NULL)
		return false;
	at += strlen(prefix);
	at += strspn(at, " ");
	len = strcspn(at, "\n");
	if (len >= size)
		len = size - 1;
	memcpy(to, at, len);
	to[len] = '\0';
	return true;
}

static void look_at_unbound(struct cf_doctor *doctor)
{
	char *const command[] = {doctor->places.unbound, (char[]){"-V"}, NULL};
	char output[16384], modules[512];
	char *program;
	size_t len;

	if (doctor->places.unbound[0] == '\0' || !cf_run_program(command, output, sizeof output)) {
		add_problem(doctor, "no unbound found; name it with --unbound");
		return;
	}
	if (!copy_line(output, "Version ", doctor->unbound_version, sizeof doctor->unbound_version))
		add_problem(doctor, "'%.200s' does not tell its version", doctor->places.unbound);
	(void)copy_line(output, "Configure line:", doctor->configure_line,
	    sizeof doctor->configure_line); /* "" when it does not say */
	if (copy_line(output, "Linked modules:", modules, sizeof modules))
		doctor->dynlib = strstr(modules, "dynlib") != NULL ? CF_KNOWN_YES : CF_KNOWN_NO;
	if (doctor->dynlib == CF_KNOWN_NO)
		add_problem(doctor,
		    "this unbound cannot load modules (it is built without dynlib); "
		    "plugin/resolver/build-unbound makes one that can");
	program = read_file(doctor->places.unbound, PROGRAM_BYTES, &len);
	if (program != NULL && cf_build_id(program, len, doctor->build_id) != CF_OK)
		doctor->build_id[0] = '\0'; /* built without: the version has to do */
	free(program);
}

/* True when some run of exactly 40 hex digits stands in the bytes: the module knows build-ids. */
static bool holds_build_ids(const char *bytes, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		if (isdigit((unsigned char)bytes[i]) || (bytes[i] >= 'a' && bytes[i] <= 'f')) {
			run++;
			continue;
		}
		if (run == 40)
			return true;
		run = 0;
	}
	return false;
}

static bool holds(const char *bytes, size_t len, const char *text)
{
	return text[0] != '\0' && memmem(bytes, len, text, strlen(text)) != NULL;
}

/* The module's own gate (resolver/host/gate.c) judges by the same three things. */
static void look_at_module(struct cf_doctor *doctor)
{
	char version[96];
	size_t len = 0;
	char *module = read_file(doctor->places.module, PROGRAM_BYTES, &len);

	doctor->module_exists = module == NULL ? CF_KNOWN_NO : CF_KNOWN_YES;
	if (module == NULL) {
		add_problem(
		    doctor, "no module at '%.200s': %s", doctor->places.module, strerror(errno));
		return;
	}
	if (doctor->unbound_version[0] != '\0') {
		snprintf(version, sizeof version, "unbound %s", doctor->unbound_version);
		doctor->module_matches = holds(module, len, version) &&
		        (doctor->build_id[0] == '\0' || !holds_build_ids(module, len) ||
		            holds(module, len, doctor->build_id)) &&
		        (doctor->configure_line[0] == '\0' ||
		            holds(module, len, doctor->configure_line))
		    ? CF_KNOWN_YES
		    : CF_KNOWN_NO;
	}
	if (doctor->module_matches == CF_KNOWN_NO)
		add_problem(doctor,
		    "the module was built for another unbound and will refuse to act in this one; "
		    "build it again with -Dunbound_src= and -Dunbound_bin=");
	free(module);
}

static void take_shadow(void *arg, const char *text)
{
	add_problem(arg, "%s", text);
}

/* How old the packs of the image are; what is over goes on being enforced. */
static void look_at_packs(struct cf_doctor *doctor, const struct cf_image *image, int64_t at_wall_s)
{
	for (uint32_t i = 0;
	     i < cf_image_info(image)->packs && doctor->pack_count < CF_DOCTOR_PACKS; i++) {
		struct cf_doctor_pack *pack = &doctor->packs[doctor->pack_count];
		struct cf_image_pack of_image;
		char text[160];

		cf_image_pack(image, i, &of_image);
		if (strcmp(of_image.vendor, "policy") == 0)
			continue; /* the policy's own names */
		doctor->pack_count++;
		(void)snprintf(pack->name, sizeof pack->name, "%s", of_image.vendor);
		(void)snprintf(pack->version, sizeof pack->version, "%s", of_image.version);
		cf_pack_age_find(doctor->places.fetched, pack->name, pack->version, &pack->age);
		if (pack->age.until_wall_s != 0 && pack->age.until_wall_s <= at_wall_s)
			add_problem(doctor,
			    "pack %s %s is %s; `curfew list update` looks for a newer one",
			    pack->name, pack->version,
			    cf_pack_age_format(&pack->age, at_wall_s, text, sizeof text));
	}
}

static void look_at_image(struct cf_doctor *doctor, int64_t at_wall_s)
{
	struct cf_image *image = NULL;
	const struct cf_image_info *info;
	struct cf_error error;

	if (cf_image_open(doctor->places.image, &image, &error) != CF_OK) {
		doctor->image_valid = CF_KNOWN_NO;
		snprintf(doctor->image_error, sizeof doctor->image_error, "%s", error.text);
		add_problem(doctor, "cannot use image '%.100s': %.150s; `curfew apply` makes one",
		    doctor->places.image, error.text);
		return;
	}
	info = cf_image_info(image);
	doctor->image_valid = CF_KNOWN_YES;
	cf_sha256_format(info->digest, doctor->image_digest);
	doctor->image_built_wall_s = info->built_wall_s;
	snprintf(doctor->vendor, sizeof doctor->vendor, "%s", info->vendor);
	snprintf(doctor->preset, sizeof doctor->preset, "%s", info->preset);
	snprintf(doctor->policy_file, sizeof doctor->policy_file, "%s", info->policy_file);
	if (doctor->places.log[0] == '\0')
		snprintf(doctor->places.log, sizeof doctor->places.log, "%s", info->log_path);
	look_at_packs(doctor, image, at_wall_s);
	if (doctor->places.config[0] != '\0')
		cf_shadow_find(doctor->places.config, image, take_shadow, doctor);
	cf_image_close(image);
}

/* True for a digest, whole or its first dozen digits or more. */
static bool is_digest(const char *text)
{
	size_t len = strlen(text);

	return len >= 12 && len < CF_SHA256_TEXT_BYTES && strspn(text, "0123456789abcdef") == len;
}

static void read_status(struct cf_doctor *doctor, const char *status)
{
	char written[64] = "", image[CF_SHA256_TEXT_BYTES] = "";
	bool in_force = true;

	/* What is absent stays empty, and such a time is 1970. */
	if (!cf_json_find_text(status, "written", written, sizeof written))
		(void)cf_json_find_text(status, "timestamp", written, sizeof written);
	if (cf_instant_parse(written, &doctor->status_wall_s) != CF_OK)
		doctor->status_wall_s = 0;
	(void)cf_json_find_bool(status, "image_in_force", &in_force);
	(void)cf_json_find_text(status, "image", image, sizeof image);
	if (in_force && is_digest(image))
		memcpy(doctor->digest_in_force, image, sizeof image);
	(void)cf_json_find_text(status, "state", doctor->state, sizeof doctor->state);
	(void)cf_json_find_text(status, "source", doctor->source, sizeof doctor->source);
	/* Numbers that are absent stay 0. */
	(void)cf_json_find_number(status, "pid", &doctor->pid);
	(void)cf_json_find_number(status, "hits", &doctor->hits);
	(void)cf_json_find_number(status, "flagged", &doctor->flagged);
	(void)cf_json_find_number(status, "blocked", &doctor->blocked);
	(void)cf_json_find_number(status, "lost", &doctor->lost);
	(void)cf_json_find_number(status, "trips", &doctor->trips);
	(void)cf_json_find_number(status, "failures", &doctor->failures);
	(void)cf_json_find_bool(status, "degraded", &doctor->log_degraded);
	(void)cf_json_find_text(status, "key", doctor->key, sizeof doctor->key);
	(void)cf_json_find_text(status, "key_error", doctor->key_error, sizeof doctor->key_error);
	(void)cf_json_find_text(status, "signed_at", doctor->signed_at, sizeof doctor->signed_at);
	(void)cf_json_find_number(status, "signed_seq", &doctor->signed_seq);
	(void)cf_json_find_text(status, "seal_log", doctor->seal_log, sizeof doctor->seal_log);
}

/* A status of old is all that is left of a module which is not loaded any more. */
static void judge_age(struct cf_doctor *doctor, int64_t at_wall_s)
{
	long long age_s = (long long)(at_wall_s - doctor->status_wall_s);
	bool is_stopped = strcmp(doctor->state, "stopped") == 0;

	if (!is_stopped && age_s <= STATUS_STALE_S)
		return;
	if (!doctor->module_is_called)
		add_problem(
		    doctor, "the module is not loaded; its last status is %lld s old", age_s);
	else if (is_stopped)
		add_problem(doctor, "the module was stopped %lld s ago; does unbound run", age_s);
	else
		add_problem(doctor,
		    "the module has not written its status for %lld s; does unbound run", age_s);
}

static void judge_counters(struct cf_doctor *doctor)
{
	if (doctor->lost != 0)
		add_problem(doctor, "%llu hits were lost", (unsigned long long)doctor->lost);
	if (doctor->trips != 0)
		add_problem(doctor,
		    "%llu listed answers were found in Unbound's own cache and withheld (trips): "
		    "was a "
		    "cache loaded, or another module answers first",
		    (unsigned long long)doctor->trips);
	if (doctor->failures != 0)
		add_problem(doctor,
		    "%llu queries were answered SERVFAIL because there was no memory to decide "
		    "them",
		    (unsigned long long)doctor->failures);
}

/* A log without a key is as good as it was before there were any; a key that is of no use is not.
 */
static void judge_key(struct cf_doctor *doctor, int64_t at_wall_s)
{
	int64_t signed_wall_s;

	if (doctor->key[0] == '\0' && doctor->key_mode >= 0 && doctor->key_error[0] != '\0' &&
	    strstr(doctor->key_error, "there is no key") != NULL)
		add_problem(doctor,
		    "seals are not signed: the key came after the module was started; reload "
		    "Unbound");
	else if (doctor->key[0] == '\0' && doctor->key_mode >= 0 && doctor->key_error[0] != '\0')
		add_problem(doctor, "seals are not signed: %.200s", doctor->key_error);
	if (doctor->key_mode >= 0 && (doctor->key_mode & 077) != 0)
		add_problem(doctor,
		    "others can read the sensor key '%.200s' (mode %03o): chmod 600, and if others "
		    "were there, `curfew log key new --lost`",
		    doctor->places.key, (unsigned)doctor->key_mode);
	if (doctor->key[0] != '\0' && strcmp(doctor->state, "stopped") != 0 &&
	    doctor->signed_at[0] != '\0' &&
	    cf_instant_parse(doctor->signed_at, &signed_wall_s) == CF_OK &&
	    at_wall_s - signed_wall_s > SIGNED_STALE_S)
		add_problem(doctor, "the newest signed seal is %lld s old",
		    (long long)(at_wall_s - signed_wall_s));
}

static void look_at_key(struct cf_doctor *doctor)
{
	struct stat about;

	doctor->key_mode = doctor->places.key[0] != '\0' && stat(doctor->places.key, &about) == 0
	    ? (int)(about.st_mode & 07777)
	    : -1;
}

static void look_at_status(struct cf_doctor *doctor, int64_t at_wall_s)
{
	char *status, refused[CF_ERROR_TEXT_BYTES];
	size_t len;

	snprintf(
	    doctor->status_path, sizeof doctor->status_path, "%s.status.json", doctor->places.log);
	status = doctor->places.log[0] == '\0' ? NULL : read_file(doctor->status_path, 65536, &len);
	if (status == NULL) {
		add_problem(doctor,
		    "no status of a running module at '%.200s': %s; it was never loaded "
		    "with this log",
		    doctor->status_path,
		    doctor->places.log[0] == '\0' ? "no log" : strerror(errno));
		return;
	}
	doctor->has_status = true;
	read_status(doctor, status);
	if (cf_json_find_text(status, "image_refused", refused, sizeof refused))
		add_problem(doctor, "the module refused the image on disk: %.300s", refused);
	free(status);
	judge_age(doctor, at_wall_s);
	if (doctor->digest_in_force[0] == '\0')
		add_problem(doctor, "the module runs without an image: everything passes");
	else if (doctor->image_valid == CF_KNOWN_YES &&
	    strncmp(doctor->digest_in_force, doctor->image_digest,
	        strlen(doctor->digest_in_force)) != 0)
		add_problem(doctor, "the module still acts by image %.12s, on disk is %.12s",
		    doctor->digest_in_force, doctor->image_digest);
	judge_counters(doctor);
	look_at_key(doctor);
	judge_key(doctor, at_wall_s);
	if (strchr(doctor->source, '.') != NULL)
		add_problem(doctor,
		    "another process wrote the hit log when this one started, which therefore "
		    "calls "
		    "itself '%s' in it; if both are to stay, name another curfew-log in one",
		    doctor->source);
	if (doctor->log_degraded)
		add_problem(doctor, "the hit log cannot be written at present");
}

static void take_value(void *arg, const char *value)
{
	struct cf_doctor_places *places = arg;

	if (strncmp(value, "curfew-image=", 13) == 0)
		snprintf(places->image, sizeof places->image, "%s", value + 13);
	else if (strncmp(value, "curfew-log=", 11) == 0)
		snprintf(places->log, sizeof places->log, "%s", value + 11);
	else if (strncmp(value, "curfew-key=", 11) == 0)
		snprintf(places->key, sizeof places->key, "%s",
		    strcmp(value + 11, "none") == 0 ? "" : value + 11);
	else if (strncmp(value, "curfew-", 7) != 0)
		snprintf(places->module, sizeof places->module, "%s", value);
}

bool cf_doctor_read_config(struct cf_doctor_places *places, const char *path)
{
	snprintf(places->config, sizeof places->config, "%s", path);
	return cf_unbound_config_dynlib(path, places->unbound, take_value, places);
}

/* What a module-config of the files says last, and whether they name a module. */
static void take_module_config(void *arg, const struct cf_unbound_config_item *item)
{
	struct cf_doctor *doctor = arg;

	if (strcmp(item->key, "module-config:") != 0)
		return;
	snprintf(doctor->modules, sizeof doctor->modules, "%s", item->value);
	snprintf(
	    doctor->modules_where, sizeof doctor->modules_where, "%s:%u", item->file, item->line);
}

/* True when the words hold word; *is_first_out tells whether it is the first. */
static bool has_word(const char *words, const char *word, bool *is_first_out)
{
	size_t len = strlen(word);
	bool is_first = true;

	*is_first_out = false;
	while (*(words += strspn(words, " \t")) != '\0') {
		size_t here = strcspn(words, " \t");

		if (here == len && memcmp(words, word, len) == 0) {
			*is_first_out = is_first;
			return true;
		}
		is_first = false;
		words += here;
	}
	return false;
}

static void look_at_config(struct cf_doctor *doctor)
{
	const struct cf_doctor_places *places = &doctor->places;
	char winner[sizeof doctor->modules];
	bool is_first;

	doctor->module_is_called = true;
	if (places->config[0] == '\0' ||
	    !cf_unbound_config_read(places->config, take_module_config, doctor))
		return; /* nothing is known */
	if (cf_unbound_config_modules(places->config, places->unbound, winner, sizeof winner)) {
		if (strcmp(winner, doctor->modules) != 0)
			snprintf(doctor->modules_where, sizeof doctor->modules_where,
			    "unbound's own default");
		snprintf(doctor->modules, sizeof doctor->modules, "%s", winner);
	}
	if (doctor->modules[0] == '\0') {
		doctor->module_is_called = false;
		add_problem(doctor,
		    "no module-config in '%s': Unbound's default does not load the module",
		    places->config);
	} else if (!has_word(doctor->modules, "dynlib", &is_first)) {
		doctor->module_is_called = false;
		add_problem(doctor,
		    "module-config '%s' (%s) does not load the module: it has to "
		    "begin with dynlib",
		    doctor->modules, doctor->modules_where);
	} else if (!is_first) {
		add_problem(doctor,
		    "module-config '%s' (%s): dynlib has to come first, or other "
		    "modules answer before it",
		    doctor->modules, doctor->modules_where);
	}
}

/* The value behind "key=" at the begin of a line; "" when there is none. */
static void find_value(const char *text, const char *key, char *value, size_t size)
{
	size_t len = strlen(key);

	value[0] = '\0';
	for (const char *line = text; line != NULL && *line != '\0';
	     line = strchr(line, '\n'), line = line == NULL ? NULL : line + 1)
		if (strncmp(line, key, len) == 0 && line[len] == '=') {
			snprintf(value, size, "%.*s", (int)strcspn(line + len + 1, "\n"),
			    line + len + 1);
			return;
		}
}

/* What unbound-guard said at the last start, and what the rebuild after an update says. */
static void look_at_guard(struct cf_doctor *doctor)
{
	char path[CF_PATH_BYTES + 16], at[64], why[512];
	char *text;
	size_t len;

	if (doctor->places.guard[0] == '\0')
		return;
	snprintf(path, sizeof path, "%s/state", doctor->places.guard);
	text = read_file(path, 65536, &len);
	if (text != NULL) {
		find_value(text, "mode", doctor->guard_mode, sizeof doctor->guard_mode);
		find_value(text, "at", at, sizeof at);
		find_value(text, "why", why, sizeof why);
		if (strcmp(doctor->guard_mode, "zone") == 0)
			add_problem(doctor,
			    "unbound-guard (%s): a response policy zone is in force instead of the "
			    "module: %s",
			    at, why);
		else if (strcmp(doctor->guard_mode, "none") == 0)
			add_problem(doctor, "unbound-guard (%s): nothing is enforced: %s", at, why);
		free(text);
	}
	snprintf(path, sizeof path, "%s/rebuild", doctor->places.guard);
	text = read_file(path, 65536, &len);
	if (text != NULL) {
		char state[32];

		find_value(text, "state", state, sizeof state);
		find_value(text, "at", at, sizeof at);
		find_value(text, "why", why, sizeof why);
		if (strcmp(state, "done") != 0)
			add_problem(doctor, "curfew-rebuild (%s): %s%s%s", at, state,
			    why[0] == '\0' ? "" : ": ", why);
		free(text);
	}
}

void cf_doctor_look(struct cf_doctor *doctor, int64_t at_wall_s)
{
	look_at_guard(doctor);
	look_at_unbound(doctor);
	look_at_config(doctor);
	look_at_module(doctor);
	look_at_image(doctor, at_wall_s);
	look_at_status(doctor, at_wall_s);
}
