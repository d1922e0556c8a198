/*
 * The operator's policy: curfew.yaml, read, checked and given meaning (curfew.yaml(5)).
 *
 * Reading reports every mistake with file, line and key. What was read is plain memory that nobody
 * changes; strings and arrays live as long as the policy. One thread reads; any may look.
 */
#pragma once

#include "base/diag.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/status.h"
#include "compile/image/image_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A client group; those without a name of their own stand for a prefix written in an exception. */
struct cf_policy_group {
	const char *name;
	struct cf_prefix *prefixes;
	size_t prefix_count;
	unsigned line;
};

/* A preset, for everybody or for the clients of some groups. */
struct cf_policy_preset {
	const char *name;
	const char *vendor;     /* whose pack it lies in; "" for every pack that has it */
	const uint32_t *groups; /* indices of struct cf_policy's groups; none for everybody */
	size_t group_count;
	const char *clients; /* as written; "" for everybody */
	char *owned_clients; /* for the reader to free */
	unsigned line;
};

/* A phase of the policy's own. */
struct cf_policy_phase {
	struct cf_phase image;
	const char *const *vendors; /* whose packs it speaks of; none for all */
	size_t vendor_count;
};

/* A name in the policy: "name" (exact), "*.name" (below) or ".name" (it and below). */
struct cf_policy_pattern {
	const char *text;
	unsigned line;
};

struct cf_policy_exception {
	struct cf_image_exception image; /* its groups are indices of struct cf_policy's groups */
	struct cf_policy_pattern *names;
	size_t name_count;
};

/* An entry that the operator adds to the packs. */
struct cf_policy_name {
	const char *text;
	const char *vendor; /* whose schedule it follows; "" for the first vendor's */
	enum cf_scope scope;
	enum cf_category category;
	const char *product, *source, *as_of, *note; /* "" when not said */
	unsigned line;
};

/* Names by which clients learn that they are to leave DNS where it is; bits. */
enum cf_canary {
	CF_CANARY_FIREFOX = 1,       /* Firefox: no DNS over HTTPS by default */
	CF_CANARY_PRIVATE_RELAY = 2, /* Apple: no iCloud Private Relay */
	CF_CANARY_DDR = 4,           /* RFC 9462: no encrypted resolver to go over to */
};

/* A publisher's key, as a line of minisign's; trusted from from_wall_s until before until_wall_s.
 */
struct cf_policy_key {
	const char *text;
	int64_t from_wall_s;  /* INT64_MIN: from ever */
	int64_t until_wall_s; /* INT64_MAX: for ever */
};

/* Where newer packs of a vendor come from, or the images of a channel, and whose signature they
 * bear. */
struct cf_policy_update {
	const char *pack;          /* or the channel's name */
	const char *const *places; /* tried in turn */
	size_t place_count;
	struct cf_policy_key keys[CF_UPDATE_KEYS];
	size_t key_count;
	unsigned most_shrink_percent;
	uint32_t timeout_s;  /* of one transfer */
	uint64_t most_bytes; /* of a bundle */
	const char *ca_file; /* certificates to trust instead of the system's; "" */
	unsigned line;
};

struct cf_policy {
	const char *file;                /* as given to the reader */
	uint8_t digest[CF_SHA256_BYTES]; /* of its bytes */
	const char *const *vendors;
	size_t vendor_count;
	struct cf_policy_preset *presets; /* none for own phases only */
	size_t preset_count;
	bool baseline_said[CF_CATEGORIES]; /* where the policy overrides the preset */
	enum cf_verdict baseline[CF_CATEGORIES];
	struct cf_policy_phase
	    *phases; /* in order of the file; one with the name of a preset's replaces it */
	size_t phase_count;
	struct cf_policy_group *groups;
	size_t group_count;
	struct cf_policy_exception *exceptions;
	size_t exception_count;
	struct cf_policy_name *names;
	size_t name_count;
	uint32_t canaries; /* enum cf_canary; 0 for none */
	unsigned canaries_line;
	const char
	    *edge; /* how an edge filters, as cf_egress_options_parse() reads it; "" not said */
	char *owned_edge; /* for the reader to free */
	struct cf_policy_update *updates;
	size_t update_count;
	struct cf_answer_spec answer;
	const char *log_path; /* "" when not said */
	const char *privacy, *privacy_key_file, *sensor;
	uint32_t fold_s;
	uint16_t alive_s; /* 0: who asked anything is not recorded */
	bool syslog, block_addresses, block_services;
	struct cf_policy_owned *owned;
};

/*
 * Reads the policy from len bytes of text; file is what problems call it. *policy_out is set on
 * CF_OK only; free it with cf_policy_free(). CF_EINVALID: errors were added to diags; CF_ENOMEM.
 */
enum cf_status cf_policy_parse(const char *text, size_t len, const char *file,
    struct cf_policy **policy_out, struct cf_diags *diags) CF_MUST_CHECK;

/* The same from the file at path; CF_EIO likewise with a diag. */
enum cf_status cf_policy_read(
    const char *path, struct cf_policy **policy_out, struct cf_diags *diags) CF_MUST_CHECK;

void cf_policy_free(struct cf_policy *policy);

/*
 * Adds what at_wall_s makes of the policy: warnings for exceptions that have lapsed, notes for
 * those that lapse within CF_LAPSE_NOTICE_S and those without an end; likewise for the keys of
 * updates.
 */
void cf_policy_review(const struct cf_policy *policy, int64_t at_wall_s, struct cf_diags *diags);

/* A pattern as in struct cf_policy_pattern to name and scope. CF_EMALFORMED with *error; CF_ENOMEM.
 */
enum cf_status cf_policy_pattern_parse(const char *text, struct cf_name *name_out,
    enum cf_scope *scope_out, struct cf_error *error) CF_MUST_CHECK;
