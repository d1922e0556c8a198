/* Policy, packs and preset into one builder. */

#include "compile/compile.h"

#include "compile/compile_pack.h"
#include "compile/pack/idn.h"
#include "compile/pack/pack_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum cf_status read_packs(
    struct cf_compiled *c, const char *lists_dir, struct cf_diags *diags)
{
	enum cf_status worst = CF_OK, status;
	char dir[CF_PATH_BYTES];

	for (size_t i = 0; i < c->policy->vendor_count; i++) {
		status = CF_OK;
		if (!cf_pack_place(lists_dir, c->policy->vendors[i], dir)) {
			cf_diag_add(diags, CF_DIAG_ERROR, c->policy->file, 0, "vendor",
			    "there is no pack '%s' in '%s'", c->policy->vendors[i], lists_dir);
			status = CF_EINVALID;
		} else {
			status = cf_pack_read(dir, &c->packs[c->pack_count], diags);
		}
		if (status == CF_OK)
			c->pack_count++;
		else
			worst = status;
	}
	return worst;
}

/* The preset lies in the pack of one of the vendors; the first that has it counts. */
static enum cf_status read_preset(
    struct cf_compiled *c, const char *lists_dir, struct cf_diags *diags)
{
	char dir[CF_PATH_BYTES], file[CF_PATH_BYTES];
	const struct cf_policy *policy = c->policy;
	int len;

	if (policy->preset[0] == '\0')
		return CF_OK;
	for (size_t i = 0; i < policy->vendor_count; i++) {
		if (!cf_pack_place(lists_dir, policy->vendors[i], dir))
			continue;
		len = snprintf(file, sizeof file, "%s/presets/%s.yaml", dir, policy->preset);
		if (len < 0 || (size_t)len >= sizeof file)
			return CF_ETOOBIG;
		if (access(file, F_OK) == 0)
			return cf_preset_read(dir, policy->preset, &c->preset, diags);
	}
	cf_diag_add(diags, CF_DIAG_ERROR, policy->file, policy->preset_line, "preset",
	    "no vendor of this policy has a preset '%s'; see %s/VENDOR/presets", policy->preset,
	    lists_dir);
	return CF_EINVALID;
}

static bool policy_has_phase(const struct cf_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->phase_count; i++)
		if (strcmp(policy->phases[i].name, name) == 0)
			return true;
	return false;
}

/* What the legal text says, where the policy does not say otherwise. */
static enum cf_status add_preset(struct cf_image_builder *builder, const struct cf_policy *policy,
    const struct cf_preset *preset)
{
	enum cf_status status = CF_OK;

	for (unsigned i = 0; status == CF_OK && i < CF_CATEGORIES; i++)
		if (!policy->baseline_said[i])
			status = cf_image_builder_set_baseline(
			    builder, (enum cf_category)i, preset->baseline[i]);
	for (size_t i = 0; status == CF_OK && i < preset->phase_count; i++) {
		const struct cf_preset_phase *phase = &preset->phases[i];

		if (policy_has_phase(policy, phase->name))
			continue;
		status = cf_image_builder_add_phase(builder,
		    &(struct cf_phase){.name = phase->name,
		        .citation = phase->citation,
		        .from_wall_s = phase->from_wall_s,
		        .verdict = phase->verdict,
		        .categories = phase->categories,
		        .file = preset->file,
		        .line = phase->line});
	}
	return status;
}

/* Names that the legal text exempts: exceptions for everybody, without an end. */
static enum cf_status add_exempts(struct cf_image_builder *builder, const struct cf_preset *preset)
{
	enum cf_status status = CF_OK;
	struct cf_name name;
	uint32_t id;

	for (size_t i = 0; status == CF_OK && i < preset->exempt_count; i++) {
		const struct cf_preset_exempt *exempt = &preset->exempts[i];

		status = cf_image_builder_add_exception(builder,
		    &(struct cf_image_exception){.verdict = exempt->verdict,
		        .everybody = true,
		        .from_wall_s = INT64_MIN,
		        .until_wall_s = INT64_MAX,
		        .owner = preset->name,
		        .reason = exempt->reason,
		        .clients = "everybody",
		        .file = preset->file,
		        .line = exempt->line},
		    &id);
		for (size_t j = 0; status == CF_OK && j < exempt->name_count; j++) {
			status =
			    cf_name_from_text(exempt->names[j], strlen(exempt->names[j]), &name);
			if (status == CF_OK)
				status = cf_image_builder_add_exception_name(
				    builder, id, &name, CF_SCOPE_SUBTREE, exempt->line);
		}
	}
	return status;
}

static enum cf_status add_exception(
    struct cf_image_builder *builder, const struct cf_policy_exception *exception)
{
	enum cf_status status;
	enum cf_scope scope;
	struct cf_name name;
	uint32_t id;

	status = cf_image_builder_add_exception(builder, &exception->image, &id);
	for (size_t i = 0; status == CF_OK && i < exception->name_count; i++) {
		status = cf_policy_pattern_parse(exception->names[i].text, &name, &scope, NULL);
		if (status == CF_OK)
			status = cf_image_builder_add_exception_name(
			    builder, id, &name, scope, exception->names[i].line);
	}
	return status;
}

static enum cf_status add_own_name(struct cf_image_builder *builder, const struct cf_policy *policy,
    const struct cf_policy_name *entry)
{
	struct cf_name name;
	enum cf_status status = cf_idn_parse(entry->text, &name, NULL);

	if (status != CF_OK)
		return status;
	return cf_image_builder_add_name(builder, &name, entry->scope,
	    &(struct cf_image_attr){.category = entry->category,
	        .confidence = CF_CONFIDENCE_LISTED,
	        .list = "policy",
	        .product = entry->product,
	        .source = entry->source,
	        .as_of = entry->as_of,
	        .note = entry->note,
	        .file = policy->file},
	    entry->line);
}

static enum cf_status add_policy(struct cf_image_builder *builder, const struct cf_policy *policy)
{
	enum cf_status status = CF_OK;
	uint32_t id;

	for (unsigned i = 0; status == CF_OK && i < CF_CATEGORIES; i++)
		if (policy->baseline_said[i])
			status = cf_image_builder_set_baseline(
			    builder, (enum cf_category)i, policy->baseline[i]);
	for (size_t i = 0; status == CF_OK && i < policy->phase_count; i++)
		status = cf_image_builder_add_phase(builder, &policy->phases[i]);
	/* Ids count from 0 in order of addition, so they are the policy's own indices. */
	for (size_t i = 0; status == CF_OK && i < policy->group_count; i++)
		status = cf_image_builder_add_group(builder, policy->groups[i].name,
		    policy->groups[i].prefixes, policy->groups[i].prefix_count, &id);
	for (size_t i = 0; status == CF_OK && i < policy->exception_count; i++)
		status = add_exception(builder, &policy->exceptions[i]);
	for (size_t i = 0; status == CF_OK && i < policy->name_count; i++)
		status = add_own_name(builder, policy, &policy->names[i]);
	if (status == CF_OK)
		status = cf_image_builder_set_answer(builder, &policy->answer);
	return status;
}

/* Adds the bytes of the file at path to a digest. */
static enum cf_status digest_file(struct cf_sha256 *sha, const char *path)
{
	char bytes[4096];
	FILE *from = fopen(path, "re");
	enum cf_status status;
	size_t len;

	if (from == NULL)
		return CF_EIO;
	while ((len = fread(bytes, 1, sizeof bytes, from)) > 0)
		cf_sha256_update(sha, bytes, len);
	status = ferror(from) ? CF_EIO : CF_OK;
	(void)fclose(from); /* was only read */
	return status;
}

/* One digest over everything the image is compiled from, and over the compiler. */
static enum cf_status digest_sources(
    const struct cf_compiled *c, uint8_t digest_out[CF_SHA256_BYTES])
{
	struct cf_sha256 *sha = cf_sha256_new();
	enum cf_status status = CF_OK;

	if (sha == NULL)
		return CF_ENOMEM;
	cf_sha256_update(sha, CF_VERSION, strlen(CF_VERSION));
	cf_sha256_update(sha, c->policy->digest, CF_SHA256_BYTES);
	for (size_t i = 0; i < c->pack_count; i++)
		cf_sha256_update(sha, c->packs[i]->digest, CF_SHA256_BYTES);
	if (c->preset != NULL)
		status = digest_file(sha, c->preset->file);
	if (status == CF_OK)
		cf_sha256_final(sha, digest_out);
	cf_sha256_free(sha);
	return status;
}

/* Appends word to a comma separated text, cutting what does not fit. */
static void append(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ",", word);
}

static enum cf_status set_settings(struct cf_compiled *c, const struct cf_compile_options *options)
{
	const struct cf_policy *policy = c->policy;
	struct cf_image_settings settings = {
	    .built_wall_s = options->built_wall_s,
	    .vendor = c->vendor,
	    .pack_version = c->pack_version,
	    .preset = policy->preset,
	    .citation = c->preset == NULL ? "" : c->preset->citation,
	    .policy_file = policy->file,
	    .log_path = policy->log_path[0] != '\0' ? policy->log_path : options->default_log_path,
	    .fold_s = policy->fold_s,
	    .privacy = policy->privacy,
	    .privacy_key_file = policy->privacy_key_file,
	    .sensor = policy->sensor,
	    .syslog = policy->syslog,
	    .block_addresses = policy->block_addresses,
	    .block_services = policy->block_services,
	    .alive_s = policy->alive_s,
	};
	enum cf_status status = digest_sources(c, settings.source_digest);

	return status == CF_OK ? cf_image_builder_set_settings(c->builder, &settings) : status;
}

static enum cf_status fill_builder(struct cf_compiled *c, const struct cf_compile_options *options)
{
	enum cf_status status = cf_image_builder_new(&c->builder);

	/* The preset first: of two phases at one instant the later counts, and that is the
	 * policy's. */
	if (status == CF_OK && c->preset != NULL)
		status = add_preset(c->builder, c->policy, c->preset);
	if (status == CF_OK)
		status = add_policy(c->builder, c->policy);
	if (status == CF_OK && c->preset != NULL)
		status = add_exempts(c->builder, c->preset);
	for (size_t i = 0; status == CF_OK && i < c->pack_count; i++) {
		append(c->vendor, sizeof c->vendor, c->packs[i]->vendor);
		append(c->pack_version, sizeof c->pack_version, c->packs[i]->version);
		status = cf_compile_pack(c->builder, c->packs[i]);
	}
	return status == CF_OK ? set_settings(c, options) : status;
}

enum cf_status cf_compile(const struct cf_compile_options *options,
    struct cf_compiled **compiled_out, struct cf_diags *diags)
{
	struct cf_compiled *c = calloc(1, sizeof *c);
	enum cf_status status, preset_status;

	if (c == NULL)
		return CF_ENOMEM;
	status = cf_policy_read(options->policy_path, &c->policy, diags);
	if (status == CF_OK) {
		status = read_packs(c, options->lists_dir, diags);
		preset_status = read_preset(c, options->lists_dir, diags);
		if (status == CF_OK)
			status = preset_status;
	}
	if (status == CF_OK) {
		status = fill_builder(c, options);
		if (status != CF_OK)
			cf_diag_add(diags, CF_DIAG_ERROR, options->policy_path, 0, NULL,
			    "cannot be made into an image: %s", cf_status_text(status));
	}
	if (status != CF_OK) {
		cf_compiled_free(c);
		return status;
	}
	*compiled_out = c;
	return CF_OK;
}

void cf_compiled_free(struct cf_compiled *compiled)
{
	if (compiled == NULL)
		return;
	cf_image_builder_free(compiled->builder);
	cf_preset_free(compiled->preset);
	for (size_t i = 0; i < compiled->pack_count; i++)
		cf_pack_free(compiled->packs[i]);
	cf_policy_free(compiled->policy);
	free(compiled);
}
