/* The logs of an evidence: their seals, who vouches for these, and every verdict. */

#include "evidence/about.h"
#include "evidence/checks.h"

#include "base/instant.h"
#include "evidence/log_check.h"
#include "records/anchor/public_key.h"
#include "records/anchor/witness.h"
#include "trust/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct logs {
	struct cf_sayings *sayings;
	size_t root_len; /* of paths, to be left out */
};

/* Without the folder it was unpacked in. */
static const char *short_path(const struct logs *logs, const char *path)
{
	return strlen(path) > logs->root_len ? path + logs->root_len + 1 : path;
}

static void say_differs(void *context, const char *path, uint64_t line, const char *why)
{
	struct logs *logs = context;

	cf_say(logs->sayings, CF_SAID_BAD, "verdict", "%s:%llu: %s", short_path(logs, path),
	    (unsigned long long)line, why);
}

static void say_chain(void *context, const struct cf_verify_finding *finding)
{
	struct logs *logs = context;

	cf_say(logs->sayings,
	    cf_verify_is_alteration(finding->kind) ? CF_SAID_BAD
	        : finding->is_doubt                ? CF_SAID_UNKNOWN
	                                           : CF_SAID_NOTE,
	    "log", "%s:%llu to %s:%llu: %s", short_path(logs, finding->first_path),
	    (unsigned long long)finding->first_line, short_path(logs, finding->last_path),
	    (unsigned long long)finding->last_line, finding->text);
}

static void say_judged(const struct logs *logs, struct cf_judge *judge)
{
	struct cf_judge_counts counts;
	const char *missing;

	cf_judge_finish(judge, &counts);
	if (counts.differ > 0)
		cf_say(logs->sayings, CF_SAID_BAD, "verdict",
		    "%llu of %llu records were decided otherwise by their image",
		    (unsigned long long)counts.differ, (unsigned long long)counts.records);
	if (counts.agree > 0 || counts.records == 0)
		cf_say(logs->sayings, CF_SAID_GOOD, "verdict",
		    "%llu of %llu records are decided so by the image in force then",
		    (unsigned long long)counts.agree, (unsigned long long)counts.records);
	if (counts.hidden > 0)
		cf_say(logs->sayings, CF_SAID_UNKNOWN, "verdict",
		    "%llu records hide their client, and the policy makes a difference of it",
		    (unsigned long long)counts.hidden);
	if (counts.untold > 0)
		cf_say(logs->sayings, CF_SAID_UNKNOWN, "verdict",
		    "of %llu records the evidence lay in packets, and is not in the record",
		    (unsigned long long)counts.untold);
	if (counts.no_image > 0)
		cf_say(logs->sayings, CF_SAID_UNKNOWN, "verdict",
		    "%llu records are of an image that is not here",
		    (unsigned long long)counts.no_image);
	for (size_t i = 0; (missing = cf_judge_missing(judge, i)) != NULL; i++)
		cf_say(logs->sayings, CF_SAID_UNKNOWN, "image", "%.12s decided, and is not here",
		    missing);
}

/* ---- who vouches */

/* A key, as its line or in a file. */
static void pin_key(struct cf_sayings *sayings, struct cf_public_keys *keys, const char *given)
{
	struct cf_fetch file = {.place = given, .most_bytes = 65536};
	struct cf_error error;
	enum cf_status status;

	if (strchr(given, '/') == NULL && strstr(given, ".pub") == NULL)
		status = cf_public_keys_pin(keys, given, strlen(given), &error);
	else if ((status = cf_fetch(&file, &error)) == CF_OK)
		status = cf_public_keys_pin(keys, (const char *)file.data, file.len, &error);
	free(file.data);
	if (status != CF_OK)
		cf_say(sayings, CF_SAID_UNKNOWN, "seal", "key '%s': %s", given, error.text);
}

static void read_seals(struct cf_sayings *sayings, const char *root,
    const struct cf_evidence_vouchers *vouchers, struct cf_witness *witness)
{
	char path[CF_PATH_BYTES];
	struct cf_error error;

	for (unsigned i = 0; i < 64; i++) {
		(void)snprintf(path, sizeof path, "%s/seals/%u", root, i);
		if (access(path, F_OK) == 0 &&
		    cf_witness_read(witness, path, INT64_MAX, NULL, &error) != CF_OK)
			cf_say(sayings, CF_SAID_UNKNOWN, "seal", "%s", error.text);
	}
	for (size_t i = 0; i < vouchers->seal_count; i++)
		if (cf_witness_read(witness, vouchers->seals[i], INT64_MAX, NULL, &error) != CF_OK)
			cf_say(sayings, CF_SAID_UNKNOWN, "seal", "%s", error.text);
}

static void say_chains(
    struct cf_sayings *sayings, const struct cf_verify_summary *summary, bool has_vouchers)
{
	if (summary->alterations == 0)
		cf_say(sayings, CF_SAID_GOOD, "log",
		    "%llu lines: all %llu seals hold, %llu lines behind the last ones",
		    (unsigned long long)summary->lines, (unsigned long long)summary->seals,
		    (unsigned long long)summary->unsealed_lines);
	if (summary->unchecked_lines > 0)
		cf_say(sayings, CF_SAID_UNKNOWN, "log", "%llu lines were not checked",
		    (unsigned long long)summary->unchecked_lines);
	if (!has_vouchers)
		cf_say(sayings, CF_SAID_UNKNOWN, "seal",
		    "no key of the sensors was given, and no seal that was kept elsewhere: who can "
		    "write the logs could have sealed them anew, or cut them at a seal");
	else if (summary->alterations == 0)
		cf_say(sayings, CF_SAID_GOOD, "seal",
		    "keys vouch for %llu seals, witnesses for %llu",
		    (unsigned long long)summary->signed_seals,
		    (unsigned long long)summary->witnessed_seals);
}

static void read_logs(struct cf_sayings *sayings, const char *root, struct cf_log_check *check)
{
	struct cf_evidence_log *logs = NULL;
	size_t count = 0;
	char path[CF_PATH_BYTES];
	struct cf_error error;

	if (cf_evidence_read_logs(root, &logs, &count, &error) != CF_OK)
		cf_say(sayings, CF_SAID_BAD, "log", "there is none: %s", error.text);
	else if (count == 0)
		cf_say(sayings, CF_SAID_BAD, "log", "there is none");
	for (size_t i = 0; i < count; i++)
		if (cf_log_check_set(check, cf_evidence_log_path(root, &logs[i], path),
		        i + 1 == count, &error) != CF_OK)
			cf_say(sayings, CF_SAID_BAD, "log", "%s", error.text);
	free(logs);
}

/* Whose choice it was, and what nobody looks at. */
static void say_interval(struct cf_sayings *sayings, const char *root)
{
	struct cf_evidence_about about;
	char from[CF_INSTANT_TEXT_BYTES], to[CF_INSTANT_TEXT_BYTES];
	struct cf_error error;

	if (cf_evidence_read_about(root, &about, &error) != CF_OK ||
	    (about.from_wall_s == 0 && about.to_wall_s == 0))
		return; /* what is wrong with it is said elsewhere */
	cf_say(sayings, CF_SAID_NOTE, "log",
	    "it was asked for %s to %s: segments of the logs from and to the seals around that; "
	    "what "
	    "lies outside is not in it, and nothing is said of it",
	    about.from_wall_s == 0 ? "the beginning" : cf_instant_format(about.from_wall_s, from),
	    about.to_wall_s == 0 ? "the end" : cf_instant_format(about.to_wall_s, to));
}

/* How far the logs should reach: to what was asked for, or to when the evidence was made. */
static void set_times(const char *root, struct cf_verify_with *with)
{
	struct cf_evidence_about about;
	struct cf_error error;

	with->from_wall_us = INT64_MIN; /* all of them */
	with->to_wall_us = with->now_wall_us = INT64_MAX;
	if (cf_evidence_read_about(root, &about, &error) != CF_OK)
		return; /* which is said elsewhere */
	with->now_wall_us = about.made_wall_s * 1000000;
	if (about.from_wall_s != 0)
		with->from_wall_us = about.from_wall_s * 1000000;
	with->to_wall_us = about.to_wall_s != 0 ? about.to_wall_s * 1000000 : with->now_wall_us;
}

static void check_all(
    struct logs *logs, const char *root, struct cf_judge *judge, const struct cf_verify_with *with)
{
	struct cf_verify_summary summary;
	struct cf_log_check check;

	if (cf_log_check_init(&check, judge, with, say_chain, logs) != CF_OK) {
		cf_say(logs->sayings, CF_SAID_UNKNOWN, "log", "no memory");
	} else {
		read_logs(logs->sayings, root, &check);
		cf_log_check_finish(&check, &summary);
		say_chains(logs->sayings, &summary, with->keys != NULL || with->witness != NULL);
		say_judged(logs, judge);
	}
	cf_log_check_done(&check);
}

void cf_evidence_check_logs(struct cf_sayings *sayings, const char *root,
    const struct cf_evidence_images *images, const struct cf_evidence_vouchers *vouchers)
{
	struct logs logs = {.sayings = sayings, .root_len = strlen(root)};
	struct cf_judge *judge = cf_judge_new(say_differs, &logs);
	struct cf_public_keys *keys = calloc(1, sizeof *keys);
	struct cf_witness *witness = cf_witness_new();
	struct cf_verify_with with = {.keys = NULL};
	bool complete = judge != NULL && keys != NULL && witness != NULL;

	for (size_t i = 0; i < images->count && complete; i++)
		complete = cf_judge_add_image(judge, images->items[i]) == CF_OK;
	if (!complete) {
		cf_say(sayings, CF_SAID_UNKNOWN, "log", "no memory");
	} else {
		for (size_t i = 0; i < vouchers->key_count; i++)
			pin_key(sayings, keys, vouchers->keys[i]);
		read_seals(sayings, root, vouchers, witness);
		with.keys = keys->count > 0 ? keys : NULL;
		with.witness = cf_witness_count(witness) > 0 ? witness : NULL;
		/* Where somebody vouches, what nobody vouches for is a doubt; else all of it is. */
		with.is_strict = with.keys != NULL || with.witness != NULL;
		set_times(root, &with);
		say_interval(sayings, root);
		check_all(&logs, root, judge, &with);
	}
	cf_judge_free(judge);
	cf_witness_free(witness);
	free(keys);
}
