/*
 * What is installed and in force, gathered for `curfew doctor`: the Unbound, the module for it, the
 * image on disk and in force, the hit log and what was lost. Reads files and runs `unbound -V`;
 * changes nothing. One thread.
 */
#pragma once

#include "base/limits.h"
#include "base/sha256.h"
#include "doctor/elf_id.h"
#include "update/channel_state.h"
#include "update/pack_age.h"

#include <stdbool.h>
#include <stdint.h>

/* A question that may stay without an answer. */
enum cf_known { CF_KNOWN_NOT, CF_KNOWN_NO, CF_KNOWN_YES };

/* Where to look; "" for what is not known. */
struct cf_doctor_places {
	char unbound[CF_PATH_BYTES]; /* the program */
	char module[CF_PATH_BYTES];
	char image[CF_PATH_BYTES];
	char log[CF_PATH_BYTES]; /* "": the image's */
	char config[CF_PATH_BYTES];
	char fetched[CF_PATH_BYTES];  /* folder of fetched packs */
	char key[CF_PATH_BYTES];      /* of the sensor key; "": none */
	char shipping[CF_PATH_BYTES]; /* the shipper's status file */
	char guard[CF_PATH_BYTES]; /* folder of what the guard and the rebuild say of themselves */
};

/* Packs of an image that are looked at. */
#define CF_DOCTOR_PACKS 16

/* A pack that the image on disk was compiled from. */
struct cf_doctor_pack {
	char name[64], version[CF_PACK_VERSION_BYTES];
	struct cf_pack_age age;
};

/* Problems that are listed; there are about twenty kinds. */
#define CF_DOCTOR_PROBLEMS 24

struct cf_doctor {
	struct cf_doctor_places places;
	char unbound_version[64]; /* "" unknown */
	char build_id[CF_BUILD_ID_TEXT_BYTES];
	char configure_line[4096];
	enum cf_known dynlib;
	enum cf_known module_exists, module_matches;
	enum cf_known image_valid;
	char image_error[512];
	/* What the configuration says, "" when it cannot be told; where it is said. */
	char modules[256], modules_where[CF_PATH_BYTES + 16];
	bool module_is_called; /* false when module-config keeps the module out */
	char guard_mode[16];   /* "module", "zone", "none"; "" without a guard */
	char image_digest[CF_SHA256_TEXT_BYTES];
	char vendor[256], preset[128], policy_file[CF_PATH_BYTES];
	int64_t image_built_wall_s;
	struct cf_doctor_pack packs[CF_DOCTOR_PACKS];
	unsigned pack_count;
	/* What a sensor that follows a channel remembers; channel.channel "" when it follows none.
	 */
	struct cf_channel_state channel;
	enum cf_known channel_fresh;
	/* From the status file beside the log; has_status false when there is none. */
	bool has_status;
	char status_path[CF_PATH_BYTES + 16];
	char digest_in_force[CF_SHA256_TEXT_BYTES]; /* "" when none is */
	char state[16];                             /* "stopped" when it said so */
	char source[64];                            /* what it calls itself in the log */
	int64_t status_wall_s;                      /* when it was written */
	uint64_t pid, hits, flagged, blocked, lost, trips, failures;
	bool log_degraded;
	/* Who signs the log's seals: "" nobody; why; the newest signed one, "" none; where they go.
	 */
	char key[32], key_error[256], signed_at[40], seal_log[64];
	uint64_t signed_seq;
	int key_mode; /* of the key's file; -1: it is not there, or out of reach */
	/* From the shipper's status file. */
	bool ships;
	uint64_t shipped_seq, ship_behind_s, unshipped_bytes;
	/* The judgement. */
	char problems[CF_DOCTOR_PROBLEMS][CF_PATH_BYTES + 512]; /* made safe to print */
	unsigned problem_count;
	bool degraded;
};

/*
 * Fills places from an Unbound configuration file and what it includes: the dynlib-file values,
 * and its own path. places->unbound is used and must be known. False when unreadable.
 */
bool cf_doctor_read_config(struct cf_doctor_places *places, const char *path);

/* Looks at everything and judges it as of at_wall_s. */
void cf_doctor_look(struct cf_doctor *doctor, int64_t at_wall_s);
