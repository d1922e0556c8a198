/* The module's status file, and the two files of the guard. */

#include "doctor/running.h"

#include "base/instant.h"
#include "base/json/json_in.h"
#include "doctor/findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The module writes its status every five seconds; after this it does not run. */
#define STATUS_STALE_S 30
/* Seals come each minute; two that are missing are none. */
#define SIGNED_STALE_S 200

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
		cf_doctor_problem(
		    doctor, "the module is not loaded; its last status is %lld s old", age_s);
	else if (is_stopped)
		cf_doctor_problem(
		    doctor, "the module was stopped %lld s ago; does unbound run", age_s);
	else
		cf_doctor_problem(doctor,
		    "the module has not written its status for %lld s; does unbound run", age_s);
}

static void judge_counters(struct cf_doctor *doctor)
{
	if (doctor->lost != 0)
		cf_doctor_problem(doctor, "%llu hits were lost", (unsigned long long)doctor->lost);
	if (doctor->trips != 0)
		cf_doctor_problem(doctor,
		    "%llu listed answers were found in Unbound's own cache and withheld (trips): "
		    "was a "
		    "cache loaded, or another module answers first",
		    (unsigned long long)doctor->trips);
	if (doctor->failures != 0)
		cf_doctor_problem(doctor,
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
		cf_doctor_problem(doctor,
		    "seals are not signed: the module cannot see the key that is there; does "
		    "chroot or AppArmor hide it?");
	else if (doctor->key[0] == '\0' && doctor->key_mode >= 0 && doctor->key_error[0] != '\0')
		cf_doctor_problem(doctor, "seals are not signed: %.200s", doctor->key_error);
	else if (doctor->key[0] != '\0' && doctor->key_error[0] != '\0')
		cf_doctor_problem(
		    doctor, "the sensor key's file is of no use: %.230s", doctor->key_error);
	if (doctor->key_mode >= 0 && (doctor->key_mode & 077) != 0)
		cf_doctor_problem(doctor,
		    "others can read the sensor key '%.200s' (mode %03o): chmod 600, and if others "
		    "were there, `curfew log key new --lost`",
		    doctor->places.key, (unsigned)doctor->key_mode);
	if (doctor->key[0] != '\0' && strcmp(doctor->state, "stopped") != 0 &&
	    doctor->signed_at[0] != '\0' &&
	    cf_instant_parse(doctor->signed_at, &signed_wall_s) == CF_OK &&
	    at_wall_s - signed_wall_s > SIGNED_STALE_S)
		cf_doctor_problem(doctor, "the newest signed seal is %lld s old",
		    (long long)(at_wall_s - signed_wall_s));
}

static void look_at_key(struct cf_doctor *doctor)
{
	struct stat about;

	doctor->key_mode = doctor->places.key[0] != '\0' && stat(doctor->places.key, &about) == 0
	    ? (int)(about.st_mode & 07777)
	    : -1;
}

void cf_doctor_look_at_status(struct cf_doctor *doctor, int64_t at_wall_s)
{
	char *status, refused[CF_ERROR_TEXT_BYTES];
	size_t len;

	snprintf(
	    doctor->status_path, sizeof doctor->status_path, "%s.status.json", doctor->places.log);
	status = doctor->places.log[0] == '\0'
	    ? NULL
	    : cf_doctor_read_file(doctor->status_path, 65536, &len);
	if (status == NULL) {
		cf_doctor_problem(doctor,
		    "no status of a running module at '%.200s': %s; it was never loaded "
		    "with this log",
		    doctor->status_path,
		    doctor->places.log[0] == '\0' ? "no log" : strerror(errno));
		return;
	}
	doctor->has_status = true;
	read_status(doctor, status);
	if (cf_json_find_text(status, "image_refused", refused, sizeof refused))
		cf_doctor_problem(doctor, "the module refused the image on disk: %.300s", refused);
	free(status);
	judge_age(doctor, at_wall_s);
	if (doctor->digest_in_force[0] == '\0')
		cf_doctor_problem(doctor, "the module runs without an image: everything passes");
	else if (doctor->image_valid == CF_KNOWN_YES &&
	    strncmp(doctor->digest_in_force, doctor->image_digest,
	        strlen(doctor->digest_in_force)) != 0)
		cf_doctor_problem(doctor, "the module still acts by image %.12s, on disk is %.12s",
		    doctor->digest_in_force, doctor->image_digest);
	judge_counters(doctor);
	look_at_key(doctor);
	judge_key(doctor, at_wall_s);
	if (strchr(doctor->source, '.') != NULL)
		cf_doctor_problem(doctor,
		    "another process wrote the hit log when this one started, which therefore "
		    "calls "
		    "itself '%s' in it; if both are to stay, name another curfew-log in one",
		    doctor->source);
	if (doctor->log_degraded)
		cf_doctor_problem(doctor, "the hit log cannot be written at present");
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

void cf_doctor_look_at_guard(struct cf_doctor *doctor)
{
	char path[CF_PATH_BYTES + 16], at[64], why[512];
	char *text;
	size_t len;

	if (doctor->places.guard[0] == '\0')
		return;
	snprintf(path, sizeof path, "%s/state", doctor->places.guard);
	text = cf_doctor_read_file(path, 65536, &len);
	if (text != NULL) {
		find_value(text, "mode", doctor->guard_mode, sizeof doctor->guard_mode);
		find_value(text, "at", at, sizeof at);
		find_value(text, "why", why, sizeof why);
		if (strcmp(doctor->guard_mode, "zone") == 0)
			cf_doctor_problem(doctor,
			    "unbound-guard (%s): a response policy zone is in force instead of the "
			    "module: %s",
			    at, why);
		else if (strcmp(doctor->guard_mode, "none") == 0)
			cf_doctor_problem(
			    doctor, "unbound-guard (%s): nothing is enforced: %s", at, why);
		free(text);
	}
	snprintf(path, sizeof path, "%s/rebuild", doctor->places.guard);
	text = cf_doctor_read_file(path, 65536, &len);
	if (text != NULL) {
		char state[32];

		find_value(text, "state", state, sizeof state);
		find_value(text, "at", at, sizeof at);
		find_value(text, "why", why, sizeof why);
		if (strcmp(state, "done") != 0)
			cf_doctor_problem(doctor, "curfew-rebuild (%s): %s%s%s", at, state,
			    why[0] == '\0' ? "" : ": ", why);
		free(text);
	}
}
