/* Policy, packs and preset into one builder. */

#include "compile/compile.h"

#include "base/input_file.h"
#include "compile/canaries.h"
#include "compile/compile_pack.h"
#include "compile/origin.h"
#include "compile/pack/pack_place.h"
#include "compile/pack/spoken_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The list of what the policy itself names, and how much of its digest is its version. */
#define OWN_PACK          "policy"
#define OWN_VERSION_BYTES 12

static enum cf_status read_packs(
    struct cf_compiled *c, const char *lists_dir, struct cf_diags *diags)
{
	enum cf_status worst = CF_OK, status;
	char dir[CF_PATH_BYTES];

	for (size_t i = 0; i < c->policy->vendor_count; i++) {
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

/* Names that a legal text exempts: exceptions for all who are under it, without an end. */
static enum cf_status add_exempts(struct cf_image_builder *builder, const struct cf_regime *regime)
{
	const struct cf_preset *preset = regime->preset;
	enum cf_status status = CF_OK;
	struct cf_name name;
	uint32_t id;

	for (size_t i = 0; preset != NULL && status == CF_OK && i < preset->exempt_count; i++) {
		const struct cf_preset_exempt *exempt = &preset->exempts[i];
		const char *clients = regime->chosen->clients;

		status = cf_image_builder_add_exception(builder,
		    &(struct cf_image_exception){.verdict = exempt->verdict,
		        .everybody = true,
		        .of_schedule = true,
		        .schedule = regime->schedule,
		        .pack = (uint32_t)regime->vendor,
		        .from_wall_s = INT64_MIN,
		        .until_wall_s = INT64_MAX,
		        .owner = preset->name,
		        .reason = exempt->reason,
		        .clients = clients[0] == '\0' ? "everybody" : clients,
		        .file = cf_origin(preset->file, CF_ORIGIN_PRESET),
		        .line = exempt->line},
		    &id);
		for (size_t j = 0; status == CF_OK && j < exempt->name_count; j++) {
			status = cf_spoken_name(exempt->names[j], &name, NULL);
			if (status == CF_OK)
				status = cf_image_builder_add_exception_name(
				    builder, id, &name, CF_SCOPE_SUBTREE, exempt->line);
		}
	}
	return status;
}

static enum cf_status add_exception(
    struct cf_image_builder *builder, uint32_t pack, const struct cf_policy_exception *exception)
{
	struct cf_image_exception image = exception->image;
	enum cf_status status;
	enum cf_scope scope;
	struct cf_name name;
	uint32_t id;

	image.pack = pack;
	image.file = cf_origin(image.file, CF_ORIGIN_POLICY);
	status = cf_image_builder_add_exception(builder, &image, &id);
	for (size_t i = 0; status == CF_OK && i < exception->name_count; i++) {
		status = cf_policy_pattern_parse(exception->names[i].text, &name, &scope, NULL);
		if (status == CF_OK)
			status = cf_image_builder_add_exception_name(
			    builder, id, &name, scope, exception->names[i].line);
	}
	return status;
}

static enum cf_status add_own_name(struct cf_image_builder *builder, uint32_t pack,
    const struct cf_policy *policy, const struct cf_policy_name *entry)
{
	struct cf_name name;
	enum cf_scope written; /* entry->scope has taken it in */
	enum cf_status status = cf_spoken_pattern(entry->text, &name, &written, NULL);

	if (status != CF_OK)
		return status;
	return cf_image_builder_add_name(builder, &name, entry->scope,
	    &(struct cf_image_attr){.category = entry->category,
	        .confidence = CF_CONFIDENCE_LISTED,
	        .pack = pack,
	        .list = OWN_PACK,
	        .product = entry->product,
	        .source = entry->source,
	        .as_of = entry->as_of,
	        .note = entry->note,
	        .file = cf_origin(policy->file, CF_ORIGIN_POLICY)},
	    entry->line);
}

/* The packs of the policy's vendors, in their order, so that a pack's id is its vendor's index. */
static enum cf_status add_packs(struct cf_compiled *c)
{
	enum cf_status status = CF_OK;
	uint32_t id;

	for (size_t i = 0; status == CF_OK && i < c->pack_count; i++)
		status = cf_image_builder_add_pack(c->builder,
		    &(struct cf_image_pack){.vendor = c->packs[i]->vendor,
		        .version = c->packs[i]->version,
		        .schedule = cf_regimes_of_vendor(&c->regimes, i)->schedule},
		    &id);
	return status;
}

/* Puts a pack under the regimes that a vendor has for some clients. */
static enum cf_status scope_pack(struct cf_compiled *c, size_t vendor, uint32_t pack)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < c->regimes.count; i++) {
		const struct cf_regime *regime = &c->regimes.items[i];

		if (regime->vendor != vendor || regime->chosen == NULL)
			continue;
		for (size_t k = 0; status == CF_OK && k < regime->chosen->group_count; k++)
			status = cf_image_builder_scope_schedule(
			    c->builder, pack, regime->chosen->groups[k], regime->schedule);
	}
	return status;
}

/* What tells one policy from another. */
static const char *own_version(const struct cf_policy *policy, char text[CF_SHA256_TEXT_BYTES])
{
	cf_sha256_format(policy->digest, text);
	text[OWN_VERSION_BYTES] = '\0';
	return text;
}

/* A pack for what the policy itself lists, under the regimes of a vendor. */
static enum cf_status add_own_pack(struct cf_compiled *c, size_t vendor, uint32_t *pack_out)
{
	char version[CF_SHA256_TEXT_BYTES];
	enum cf_status status;

	status = cf_image_builder_add_pack(c->builder,
	    &(struct cf_image_pack){.vendor = OWN_PACK,
	        .version = own_version(c->policy, version),
	        .schedule = cf_regimes_of_vendor(&c->regimes, vendor)->schedule},
	    pack_out);
	return status == CF_OK ? scope_pack(c, vendor, *pack_out) : status;
}

static enum cf_status add_canaries(struct cf_compiled *c)
{
	char version[CF_SHA256_TEXT_BYTES];

	return cf_canaries_add(c->builder, c->policy, OWN_PACK, own_version(c->policy, version));
}

static size_t find_vendor(const struct cf_policy *policy, const char *vendor)
{
	for (size_t i = 0; i < policy->vendor_count; i++)
		if (strcmp(policy->vendors[i], vendor) == 0)
			return i;
	return 0; /* the first, for names that do not say */
}

static enum cf_status add_own_names(struct cf_compiled *c, uint32_t first_own)
{
	const struct cf_policy *policy = c->policy;
	uint32_t own[CF_VENDORS] = {0};
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < policy->name_count; i++) {
		size_t vendor = find_vendor(policy, policy->names[i].vendor);

		/* No pack of the policy's has id 0: a vendor's has. */
		if (vendor == 0)
			own[vendor] = first_own;
		else if (own[vendor] == 0)
			status = add_own_pack(c, vendor, &own[vendor]);
		if (status == CF_OK)
			status = add_own_name(c->builder, own[vendor], policy, &policy->names[i]);
	}
	return status;
}

static enum cf_status add_policy(struct cf_compiled *c)
{
	const struct cf_policy *policy = c->policy;
	struct cf_image_builder *builder = c->builder;
	enum cf_status status = cf_regimes_add(&c->regimes, policy, builder);
	uint32_t id, own;

	if (status == CF_OK)
		status = add_packs(c);
	/* Ids count from 0 in order of addition, so they are the policy's own indices. */
	for (size_t i = 0; status == CF_OK && i < policy->group_count; i++)
		status = cf_image_builder_add_group(builder, policy->groups[i].name,
		    policy->groups[i].prefixes, policy->groups[i].prefix_count, &id);
	for (size_t i = 0; status == CF_OK && i < c->pack_count; i++)
		status = scope_pack(c, i, (uint32_t)i);
	if (status == CF_OK)
		status = add_own_pack(c, 0, &own);
	for (size_t i = 0; status == CF_OK && i < policy->exception_count; i++)
		status = add_exception(builder, own, &policy->exceptions[i]);
	if (status == CF_OK)
		status = add_own_names(c, own);
	if (status == CF_OK)
		status = add_canaries(c);
	if (status == CF_OK)
		status = cf_image_builder_set_answer(builder, &policy->answer);
	return status;
}

/* Adds the bytes of the file at path to a digest. */
static enum cf_status digest_file(struct cf_sha256 *sha, const char *path)
{
	char bytes[4096];
	FILE *from = NULL;
	enum cf_status status = cf_input_open_stream(path, &from, NULL);
	size_t len;

	if (status != CF_OK)
		return CF_EIO;
	while ((len = fread(bytes, 1, sizeof bytes, from)) > 0)
		cf_sha256_update(sha, bytes, len);
	status = ferror(from) ? CF_EIO : CF_OK;
	(void)fclose(from); /* was only read */
	return status;
}

/* One digest over everything the image is compiled from. */
static enum cf_status digest_sources(
    const struct cf_compiled *c, uint8_t digest_out[CF_SHA256_BYTES])
{
	struct cf_sha256 *sha = cf_sha256_new();
	enum cf_status status = CF_OK;

	if (sha == NULL)
		return CF_ENOMEM;
	cf_sha256_update(sha, c->policy->digest, CF_SHA256_BYTES);
	for (size_t i = 0; i < c->pack_count; i++)
		cf_sha256_update(sha, c->packs[i]->digest, CF_SHA256_BYTES);
	for (size_t i = 0; status == CF_OK && i < c->regimes.count; i++)
		if (c->regimes.items[i].preset != NULL)
			status = digest_file(sha, c->regimes.items[i].preset->file);
	if (status == CF_OK)
		cf_sha256_final(sha, digest_out);
	cf_sha256_free(sha);
	return status;
}

/* Appends word to a separated text, cutting what does not fit. */
static void append(char *text, size_t size, const char *separator, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", used == 0 ? "" : separator, word);
}

/* The presets and what they cite, each once. */
static void name_presets(struct cf_compiled *c)
{
	for (size_t i = 0; i < c->regimes.count; i++) {
		const struct cf_preset *preset = c->regimes.items[i].preset;
		bool again = preset == NULL;

		for (size_t k = 0; k < i && !again; k++)
			again = c->regimes.items[k].preset != NULL &&
			    strcmp(c->regimes.items[k].preset->name, preset->name) == 0;
		if (again)
			continue;
		append(c->preset, sizeof c->preset, ",", preset->name);
		append(c->citation, sizeof c->citation, "; ", preset->citation);
	}
}

static enum cf_status set_settings(struct cf_compiled *c, const struct cf_compile_options *options)
{
	const struct cf_policy *policy = c->policy;
	struct cf_image_settings settings = {
	    .built_wall_s = options->built_wall_s,
	    .vendor = c->vendor,
	    .pack_version = c->pack_version,
	    .preset = c->preset,
	    .citation = c->citation,
	    .policy_file = cf_origin(policy->file, CF_ORIGIN_POLICY),
	    .log_path = policy->log_path[0] != '\0' ? policy->log_path : options->default_log_path,
	    .fold_s = policy->fold_s,
	    .privacy = policy->privacy,
	    .privacy_key_file = policy->privacy_key_file,
	    .sensor = policy->sensor,
	    .edge = policy->edge,
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

	if (status == CF_OK)
		status = add_policy(c);
	for (size_t i = 0; status == CF_OK && i < c->regimes.count; i++)
		status = add_exempts(c->builder, &c->regimes.items[i]);
	for (size_t i = 0; status == CF_OK && i < c->pack_count; i++) {
		append(c->vendor, sizeof c->vendor, ",", c->packs[i]->vendor);
		append(c->pack_version, sizeof c->pack_version, ",", c->packs[i]->version);
		status = cf_compile_pack(c->builder, c->packs[i], (uint32_t)i);
	}
	name_presets(c);
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
		preset_status = cf_regimes_read(c->policy, options->lists_dir, &c->regimes, diags);
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
	cf_regimes_done(&compiled->regimes);
	for (size_t i = 0; i < compiled->pack_count; i++)
		cf_pack_free(compiled->packs[i]);
	cf_policy_free(compiled->policy);
	free(compiled);
}

enum cf_status cf_compile_image(const struct cf_compile_options *options,
    struct cf_image **image_out, void **data_out, struct cf_diags *diags, struct cf_error *error)
{
	struct cf_compiled *compiled = NULL;
	enum cf_status status = cf_compile(options, &compiled, diags);
	size_t len = 0;

	if (status != CF_OK)
		return cf_error_set(error, status, "%s", cf_status_text(status));
	status = cf_image_builder_to_memory(compiled->builder, data_out, &len, error);
	cf_compiled_free(compiled);
	return status == CF_OK ? cf_image_from_memory(*data_out, len, image_out, error) : status;
}
