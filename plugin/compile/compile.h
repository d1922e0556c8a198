/*
 * From what people write to an image: reads the policy, the packs it names and the preset, and puts
 * them into a builder. `curfew apply` writes the builder's image, `curfew check` only looks.
 *
 * One thread; no clock of its own.
 */
#pragma once

#include "base/diag.h"
#include "base/status.h"
#include "compile/image/image_writer.h"
#include "compile/pack/pack.h"
#include "compile/policy/policy.h"
#include "compile/regimes.h"
#include "image/image.h"

#include <stddef.h>
#include <stdint.h>

struct cf_compile_options {
	const char *policy_path;
	const char *lists_dir; /* folders of one folder a vendor, ':' between them (pack_place.h) */
	const char *default_log_path; /* when the policy names none */
	int64_t built_wall_s;         /* of exports; 0 for an image, which is its content alone */
};

/* Everything read, and the builder filled from it. */
struct cf_compiled {
	struct cf_policy *policy;
	struct cf_pack *packs[CF_VENDORS];
	size_t pack_count;
	struct cf_regimes regimes;
	struct cf_image_builder *builder;
	char vendor[256];       /* the vendors, comma separated */
	char pack_version[256]; /* their versions, likewise */
	char preset[256];       /* the presets, each once; "" for none */
	char citation[512];     /* of the presets, each once */
};

/*
 * CF_OK with *compiled_out, to be freed with cf_compiled_free(). Otherwise diags says what is wrong
 * with which file: CF_EINVALID, CF_EMALFORMED, CF_ETOOBIG for files that must be corrected, CF_EIO
 * for files that cannot be read, CF_ENOMEM. Warnings may be added in any case.
 */
enum cf_status cf_compile(const struct cf_compile_options *options,
    struct cf_compiled **compiled_out, struct cf_diags *diags) CF_MUST_CHECK;

/* NULL is fine. */
void cf_compiled_free(struct cf_compiled *compiled);

/*
 * Compiles to an image in memory, whose bytes are *data_out; close and free both in any case. As
 * cf_compile(); *error says what is wrong where diags do not.
 */
enum cf_status cf_compile_image(const struct cf_compile_options *options,
    struct cf_image **image_out, void **data_out, struct cf_diags *diags,
    struct cf_error *error) CF_MUST_CHECK;
