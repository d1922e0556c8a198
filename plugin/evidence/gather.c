/* What goes into an evidence beside its logs. */

#include "evidence/gather.h"

#include "base/diag.h"
#include "compile/pack/pack_place.h"
#include "compile/policy/policy.h"
#include "ledger/origin.h"
#include "ledger/store/ledger.h"
#include "trust/crate.h"
#include "update/image_kept.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- policy, packs, seals, what was said by hand */

static int is_table(const struct dirent *entry)
{
	static const char *const endings[] = {".tsv", ".yaml", ".txt", ".md"};
	size_t len = strlen(entry->d_name);

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (len > strlen(endings[i]) &&
		    strcmp(entry->d_name + len - strlen(endings[i]), endings[i]) == 0)
			return cf_crate_name_ok(entry->d_name);
	return 0;
}

static enum cf_status copy_tables(const char *from, const char *to, struct cf_error *error)
{
	char source[CF_PATH_BYTES + 300], target[CF_PATH_BYTES + 300];
	struct dirent **found = NULL;
	int total = scandir(from, &found, is_table, alphasort);
	enum cf_status status =
	    total < 0 ? cf_error_set(error, CF_EIO, "cannot read '%s'", from) : CF_OK;

	for (int i = 0; i < total; i++) {
		(void)snprintf(source, sizeof source, "%s/%s", from, found[i]->d_name);
		(void)snprintf(target, sizeof target, "%s/%s", to, found[i]->d_name);
		if (status == CF_OK)
			status = cf_evidence_copy(source, target, error);
		free(found[i]);
	}
	free(found);
	return status == CF_ENOTFOUND ? cf_error_set(error, CF_EIO, "'%s' changes", from) : status;
}

static enum cf_status copy_pack(const char *root, const struct cf_evidence_sources *sources,
    const char *vendor, struct cf_error *error)
{
	char from[CF_PATH_BYTES], to[CF_PATH_BYTES], name[300], presets[CF_PATH_BYTES + 16];
	enum cf_status status;

	if (!cf_pack_place(sources->lists, vendor, from) || !cf_crate_name_ok(vendor)) {
		cf_evidence_tell(
		    &sources->notices, "pack '%s' is not here and is left out", vendor);
		return CF_OK;
	}
	(void)snprintf(name, sizeof name, "packs/%s", vendor);
	status = cf_evidence_folder(root, name, to, error);
	if (status == CF_OK)
		status = copy_tables(from, to, error);
	(void)snprintf(presets, sizeof presets, "%s/presets", from);
	(void)snprintf(name, sizeof name, "packs/%s/presets", vendor);
	if (status != CF_OK || access(presets, F_OK) != 0)
		return status;
	status = cf_evidence_folder(root, name, to, error);
	return status == CF_OK ? copy_tables(presets, to, error) : status;
}

/* The packs that the policy at path names. */
static enum cf_status copy_packs(const char *root, const struct cf_evidence_sources *sources,
    const char *path, struct cf_error *error)
{
	struct cf_policy *policy = NULL;
	enum cf_status status = CF_OK;
	struct cf_diags diags;

	cf_diags_init(&diags);
	if (cf_policy_read(path, &policy, &diags) != CF_OK)
		cf_evidence_tell(&sources->notices, "policy '%s' cannot be read; no pack goes in",
		    sources->policy);
	cf_diags_done(&diags);
	for (size_t i = 0; policy != NULL && i < policy->vendor_count && status == CF_OK; i++)
		status = copy_pack(root, sources, policy->vendors[i], error);
	cf_policy_free(policy);
	return status;
}

static enum cf_status copy_policy(
    const char *root, const struct cf_evidence_sources *sources, struct cf_error *error)
{
	char folder[CF_PATH_BYTES], to[CF_PATH_BYTES + 16];
	enum cf_status status = cf_evidence_folder(root, "packs", folder, error);

	if (status == CF_OK)
		status = cf_evidence_folder(root, "policy", folder, error);
	if (status != CF_OK)
		return status;
	(void)snprintf(to, sizeof to, "%s/curfew.yaml", folder);
	status = cf_evidence_copy(sources->policy, to, error);
	if (status == CF_ENOTFOUND) {
		cf_evidence_tell(
		    &sources->notices, "policy '%s' is not here and is left out", sources->policy);
		return CF_OK;
	}
	return status == CF_OK ? copy_packs(root, sources, to, error) : status;
}

static enum cf_status copy_seals(
    const char *root, const struct cf_evidence_sources *sources, struct cf_error *error)
{
	char folder[CF_PATH_BYTES], to[CF_PATH_BYTES + 32];
	enum cf_status status =
	    sources->seal_count == 0 ? CF_OK : cf_evidence_folder(root, "seals", folder, error);

	for (size_t i = 0; i < sources->seal_count && status == CF_OK; i++) {
		(void)snprintf(to, sizeof to, "%s/%zu", folder, i);
		status = cf_evidence_copy(sources->seals[i], to, error);
		if (status == CF_ENOTFOUND)
			status = cf_error_set(error, CF_EIO, "no seals '%s'", sources->seals[i]);
	}
	return status;
}

static enum cf_status copy_actions(
    const char *root, const struct cf_evidence_sources *sources, struct cf_error *error)
{
	static const char *const endings[] = {"actions", "ptr"};
	char folder[CF_PATH_BYTES], from[CF_PATH_BYTES + 16], to[CF_PATH_BYTES + 32];
	enum cf_status status = cf_evidence_folder(root, "actions", folder, error);

	for (size_t i = 0; i < sizeof endings / sizeof endings[0] && status == CF_OK; i++) {
		(void)snprintf(from, sizeof from, "%s.%s", sources->ledger, endings[i]);
		(void)snprintf(to, sizeof to, "%s/ledger.%s", folder, endings[i]);
		status = cf_evidence_copy(from, to, error);
		status = status == CF_ENOTFOUND ? CF_OK : status;
	}
	return status;
}

enum cf_status cf_evidence_gather_rest(
    const char *root, const struct cf_evidence_sources *sources, struct cf_error *error)
{
	enum cf_status status = copy_policy(root, sources, error);

	if (status == CF_OK)
		status = copy_seals(root, sources, error);
	return status == CF_OK ? copy_actions(root, sources, error) : status;
}

/* ---- images */

/* Copies the image with this digest; CF_ENOTFOUND: it is not kept. */
static enum cf_status copy_image(const char *root, const struct cf_evidence_sources *sources,
    const char *kept, const char *digest, struct cf_error *error)
{
	char from[CF_PATH_BYTES], to[CF_PATH_BYTES + CF_SHA256_TEXT_BYTES + 16];
	enum cf_status status;

	if (strlen(digest) != CF_SHA256_TEXT_BYTES - 1 || !cf_kept_is_prefix(digest))
		return CF_ENOTFOUND;
	(void)snprintf(to, sizeof to, "%s/images/%s.img", root, digest);
	if (access(to, F_OK) == 0)
		return CF_OK;
	status = cf_evidence_copy(cf_kept_path(kept, digest, from), to, error);
	if (status == CF_ENOTFOUND)
		cf_evidence_tell(&sources->notices,
		    "image %.12s decided, and is not kept here: its verdicts cannot be confirmed",
		    digest);
	return status;
}

static enum cf_status copy_images(const char *root, const struct cf_evidence_sources *sources,
    const char *kept, const struct cf_origin *origin, char newest_out[CF_SHA256_TEXT_BYTES],
    struct cf_error *error)
{
	int64_t newest_s = INT64_MIN;
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < origin->used_count; i++) {
		const struct cf_origin_used *used = &origin->used[i];

		if (used->what != CF_USED_IMAGE)
			continue;
		status = copy_image(root, sources, kept, used->value, error);
		if (status == CF_OK && used->last_wall_s > newest_s) {
			newest_s = used->last_wall_s;
			(void)snprintf(newest_out, CF_SHA256_TEXT_BYTES, "%s", used->value);
		}
		status = status == CF_ENOTFOUND ? CF_OK : status;
	}
	return status;
}

enum cf_status cf_evidence_gather_images(const char *root,
    const struct cf_evidence_sources *sources, const char *ledger_path,
    char newest_out[CF_SHA256_TEXT_BYTES], struct cf_error *error)
{
	const struct cf_ledger_options options = {
	    .path = ledger_path, .mode = CF_LEDGER_READ, .now_wall_s = sources->now_wall_s};
	char kept[CF_PATH_BYTES], folder[CF_PATH_BYTES];
	struct cf_ledger *ledger = NULL;
	struct cf_origin *origin = NULL;
	enum cf_status status = cf_evidence_folder(root, "images", folder, error);

	newest_out[0] = '\0';
	if (status == CF_OK && cf_kept_folder(sources->image, kept) != CF_OK)
		status = cf_error_set(error, CF_EIO,
		    "nobody knows where images are kept that were at '%s'", sources->image);
	if (status == CF_OK)
		status = cf_ledger_open(&options, &ledger, NULL, error);
	if (status == CF_OK)
		status = cf_origin_read(ledger, false, &origin, error);
	if (status == CF_OK)
		status = copy_images(root, sources, kept, origin, newest_out, error);
	cf_origin_free(origin);
	cf_ledger_close(ledger);
	return status;
}
