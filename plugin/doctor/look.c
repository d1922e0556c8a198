/* Looks at what is installed: the Unbound, its configuration, the module, the image. */

#include "doctor/doctor.h"

#include "base/instant.h"
#include "doctor/findings.h"
#include "doctor/run.h"
#include "doctor/running.h"
#include "doctor/shadow.h"
#include "doctor/shipping.h"
#include "doctor/unbound_config.h"
#include "image/image.h"
#include "update/image_kept.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Largest program or module file read, bytes. */
/* A timer asks every hour: after two days something is wrong. */
#define CHANNEL_SILENT_S (2 * INT64_C(86400))
#define PROGRAM_BYTES    (64L * 1024 * 1024)

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
		cf_doctor_problem(doctor, "no unbound found; name it with --unbound");
		return;
	}
	if (!copy_line(output, "Version ", doctor->unbound_version, sizeof doctor->unbound_version))
		cf_doctor_problem(
		    doctor, "'%.200s' does not tell its version", doctor->places.unbound);
	(void)copy_line(output, "Configure line:", doctor->configure_line,
	    sizeof doctor->configure_line); /* "" when it does not say */
	if (copy_line(output, "Linked modules:", modules, sizeof modules))
		doctor->dynlib = strstr(modules, "dynlib") != NULL ? CF_KNOWN_YES : CF_KNOWN_NO;
	if (doctor->dynlib == CF_KNOWN_NO)
		cf_doctor_problem(doctor,
		    "this unbound cannot load modules (it is built without dynlib); "
		    "plugin/resolver/build-unbound makes one that can");
	program = cf_doctor_read_file(doctor->places.unbound, PROGRAM_BYTES, &len);
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
	char *module = cf_doctor_read_file(doctor->places.module, PROGRAM_BYTES, &len);

	doctor->module_exists = module == NULL ? CF_KNOWN_NO : CF_KNOWN_YES;
	if (module == NULL) {
		cf_doctor_problem(
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
		cf_doctor_problem(doctor,
		    "the module was built for another unbound and will refuse to act in this one; "
		    "build it again with -Dunbound_src= and -Dunbound_bin=");
	free(module);
}

static void take_shadow(void *arg, const char *text)
{
	cf_doctor_problem(arg, "%s", text);
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
			cf_doctor_problem(doctor,
			    "pack %s %s is %s; `curfew list update` looks for a newer one",
			    pack->name, pack->version,
			    cf_pack_age_format(&pack->age, at_wall_s, text, sizeof text));
	}
}

/* An image that somebody else makes: is what is in force still good, and does a newer one come? */
static void look_at_channel(struct cf_doctor *doctor, int64_t at_wall_s)
{
	char folder[CF_PATH_BYTES], text[CF_INSTANT_TEXT_BYTES];
	struct cf_channel_state *channel = &doctor->channel;
	struct cf_error error;

	if (cf_kept_folder(doctor->places.image, folder) != CF_OK)
		return;
	if (cf_channel_state_read(folder, channel, &error) != CF_OK) {
		cf_doctor_problem(doctor, "%.200s:%u: %s", error.file, error.line, error.text);
		return;
	}
	if (channel->channel[0] == '\0')
		return;
	doctor->channel_fresh = CF_KNOWN_YES;
	if (channel->until_wall_s <= at_wall_s) {
		doctor->channel_fresh = CF_KNOWN_NO;
		cf_doctor_problem(doctor,
		    "the image of channel %s was good until %s and goes on being enforced; `curfew "
		    "fetch` says why no newer one came",
		    channel->channel, cf_instant_format(channel->until_wall_s, text));
	} else if (at_wall_s - channel->asked_wall_s > CHANNEL_SILENT_S) {
		doctor->channel_fresh = CF_KNOWN_NO;
		cf_doctor_problem(doctor,
		    "no place of channel %s has answered since %s; `curfew fetch` says why, and "
		    "`systemctl status curfew-fetch.timer` whether it is asked",
		    channel->channel, cf_instant_format(channel->asked_wall_s, text));
	}
	if (channel->refused > 0 && channel->refused_wall_s >= channel->asked_wall_s)
		cf_doctor_problem(doctor, "refused on channel %s at %s: %s", channel->channel,
		    cf_instant_format(channel->refused_wall_s, text), channel->refusal);
}

static void look_at_image(struct cf_doctor *doctor, int64_t at_wall_s)
{
	struct cf_image *image = NULL;
	const struct cf_image_info *info;
	struct cf_error error;

	if (cf_image_open(doctor->places.image, &image, &error) != CF_OK) {
		doctor->image_valid = CF_KNOWN_NO;
		snprintf(doctor->image_error, sizeof doctor->image_error, "%s", error.text);
		cf_doctor_problem(doctor,
		    "cannot use image '%.100s': %.150s; `curfew apply` makes one",
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
		cf_doctor_problem(doctor,
		    "no module-config in '%s': Unbound's default does not load the module",
		    places->config);
	} else if (!has_word(doctor->modules, "dynlib", &is_first)) {
		doctor->module_is_called = false;
		cf_doctor_problem(doctor,
		    "module-config '%s' (%s) does not load the module: it has to "
		    "begin with dynlib",
		    doctor->modules, doctor->modules_where);
	} else if (!is_first) {
		cf_doctor_problem(doctor,
		    "module-config '%s' (%s): dynlib has to come first, or other "
		    "modules answer before it",
		    doctor->modules, doctor->modules_where);
	}
}

void cf_doctor_look(struct cf_doctor *doctor, int64_t at_wall_s)
{
	cf_doctor_look_at_guard(doctor);
	look_at_unbound(doctor);
	look_at_config(doctor);
	look_at_module(doctor);
	look_at_image(doctor, at_wall_s);
	look_at_channel(doctor, at_wall_s);
	cf_doctor_look_at_status(doctor, at_wall_s);
	cf_doctor_look_at_shipping(doctor, at_wall_s);
}
