#include "evidence/checks.h"

#include "base/diag.h"
#include "compile/compile.h"
#include "image/image.h"
#include "trust/crate.h"
#include "trust/fetch.h"
#include "trust/manifest.h"
#include "trust/minisign.h"
#include "update/image_kept.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A manifest of 100,000 long names. */
#define MANIFEST_BYTES 67108864

/* ---- manifest */

struct faults {
	struct cf_sayings *sayings;
	unsigned long count;
};

static void say_fault(void *context, enum cf_manifest_fault kind, const char *path)
{
	struct faults *faults = context;

	static const char *const texts[] = {
	    [CF_MANIFEST_CHANGED] = "has other bytes than the manifest says",
	    [CF_MANIFEST_MISSING] = "is in the manifest and missing",
	    [CF_MANIFEST_UNLISTED] = "is not in the manifest"};

	faults->count++;
	cf_say(faults->sayings, CF_SAID_BAD, "manifest", "'%s' %s", path, texts[kind]);
}

/* Whose signature the manifest bears. */
static void check_signature(struct cf_sayings *sayings, const char *root, const char *text,
    size_t len, const struct cf_keyring *keyring)
{
	char path[CF_PATH_BYTES], id[CF_MINISIGN_ID_TEXT_BYTES];
	struct cf_fetch file = {.place = path, .most_bytes = 4096};
	struct cf_minisign_signature signature;
	const struct cf_minisign_key *key;
	struct cf_error error;

	(void)snprintf(path, sizeof path, "%s/" CF_MANIFEST_SIGNATURE, root);
	if (access(path, F_OK) != 0) {
		cf_say(sayings, keyring->count > 0 ? CF_SAID_BAD : CF_SAID_UNKNOWN, "signature",
		    "there is none: whoever had the file could have made it");
		return;
	}
	if (cf_fetch(&file, &error) != CF_OK ||
	    cf_minisign_signature_parse((const char *)file.data, file.len, &signature, &error) !=
	        CF_OK) {
		cf_say(sayings, CF_SAID_BAD, "signature", "%s", error.text);
		free(file.data);
		return;
	}
	free(file.data);
	cf_minisign_id_format(signature.id, id);
	key = cf_keyring_find(keyring, signature.id, 0);
	if (keyring->count == 0)
		cf_say(sayings, CF_SAID_UNKNOWN, "signature",
		    "signed with key %s; without --key nobody knows whose that is", id);
	else if (key == NULL)
		cf_say(sayings, CF_SAID_BAD, "signature", "signed with key %s, which was not given",
		    id);
	else if (cf_minisign_verify(key, &signature, text, len, true, &error) != CF_OK)
		cf_say(sayings, CF_SAID_BAD, "signature", "%s", error.text);
	else
		cf_say(
		    sayings, CF_SAID_GOOD, "signature", "the manifest is signed with key %s", id);
}

void cf_evidence_check_manifest(
    struct cf_sayings *sayings, const char *root, const struct cf_keyring *keyring)
{
	char path[CF_PATH_BYTES];
	struct cf_fetch file = {.place = path, .most_bytes = MANIFEST_BYTES};
	struct cf_error error;
	struct faults faults = {.sayings = sayings};
	size_t files = 0;

	(void)snprintf(path, sizeof path, "%s/" CF_MANIFEST_NAME, root);
	if (cf_fetch(&file, &error) != CF_OK) {
		cf_say(sayings, CF_SAID_BAD, "manifest", "there is none");
		return;
	}
	check_signature(sayings, root, (const char *)file.data, file.len, keyring);
	if (cf_manifest_check(root, (const char *)file.data, file.len, say_fault, &faults, &files,
	        &error) != CF_OK)
		cf_say(sayings, CF_SAID_BAD, "manifest", "%s", error.text);
	else if (faults.count == 0)
		cf_say(sayings, CF_SAID_GOOD, "manifest",
		    "%zu files are as it says, and no other is there", files);
	free(file.data);
}

/* ---- images */

static int is_image(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".img") == 0;
}

static void open_image(struct cf_sayings *sayings, const char *folder, const char *name,
    struct cf_evidence_images *images)
{
	char digest[CF_SHA256_TEXT_BYTES];
	struct cf_error error;

	(void)snprintf(digest, sizeof digest, "%.64s", name);
	if (strlen(name) != CF_SHA256_TEXT_BYTES - 1 + 4 || !cf_kept_is_prefix(digest))
		cf_say(sayings, CF_SAID_BAD, "image", "'%s' has no digest for a name", name);
	else if (images->count == CF_EVIDENCE_IMAGES)
		cf_say(
		    sayings, CF_SAID_UNKNOWN, "image", "more than %d images", CF_EVIDENCE_IMAGES);
	else if (cf_kept_open(folder, digest, &images->items[images->count], &error) == CF_OK)
		images->count++;
	else
		cf_say(sayings, CF_SAID_BAD, "image", "%.12s: %s", digest, error.text);
}

void cf_evidence_open_images(
    struct cf_sayings *sayings, const char *root, struct cf_evidence_images *images)
{
	struct dirent **found = NULL;
	char folder[CF_PATH_BYTES];
	int total;

	images->count = 0;
	(void)snprintf(folder, sizeof folder, "%s/images", root);
	total = scandir(folder, &found, is_image, alphasort);
	for (int i = 0; i < total; i++) {
		open_image(sayings, folder, found[i]->d_name, images);
		free(found[i]);
	}
	free(found);
	if (images->count > 0)
		cf_say(sayings, CF_SAID_GOOD, "image", "%zu images are the ones they are called",
		    images->count);
	else
		cf_say(sayings, CF_SAID_UNKNOWN, "image",
		    "there is none: no verdict can be decided again");
}

void cf_evidence_close_images(struct cf_evidence_images *images)
{
	for (size_t i = 0; i < images->count; i++)
		cf_image_close(images->items[i]);
}

/* True when the policy and packs of root give this very image. */
static bool gives(const char *root, const struct cf_image *image)
{
	char policy[CF_PATH_BYTES], lists[CF_PATH_BYTES];
	const struct cf_compile_options options = {.policy_path = policy,
	    .lists_dir = lists,
	    .default_log_path = cf_image_info(image)->log_path};
	struct cf_compiled *compiled = NULL;
	struct cf_image *again = NULL;
	struct cf_diags diags;
	struct cf_error error;
	void *data = NULL;
	size_t len = 0;
	bool same = false;

	(void)snprintf(policy, sizeof policy, "%s/policy/curfew.yaml", root);
	(void)snprintf(lists, sizeof lists, "%s/packs", root);
	cf_diags_init(&diags);
	if (cf_compile(&options, &compiled, &diags) == CF_OK &&
	    cf_image_builder_to_memory(compiled->builder, &data, &len, &error) == CF_OK &&
	    cf_image_from_memory(data, len, &again, &error) == CF_OK)
		same = memcmp(cf_image_info(again)->digest, cf_image_info(image)->digest,
		           CF_SHA256_BYTES) == 0;
	cf_image_close(again);
	free(data);
	cf_compiled_free(compiled);
	cf_diags_done(&diags);
	return same;
}

void cf_evidence_check_sources(
    struct cf_sayings *sayings, const char *root, const struct cf_evidence_images *images)
{
	char digest[CF_SHA256_TEXT_BYTES], path[CF_PATH_BYTES];
	size_t given = 0;

	(void)snprintf(path, sizeof path, "%s/policy/curfew.yaml", root);
	if (access(path, F_OK) != 0) {
		cf_say(sayings, CF_SAID_NOTE, "sources",
		    "the policy is not in it; what the images say stands for itself");
		return;
	}
	for (size_t i = 0; i < images->count; i++) {
		(void)cf_sha256_format(cf_image_info(images->items[i])->digest, digest);
		if (!gives(root, images->items[i]))
			continue;
		given++;
		cf_say(sayings, CF_SAID_GOOD, "sources",
		    "policy and packs give image %.12s, byte for byte", digest);
	}
	if (given == 0 && images->count > 0)
		cf_say(sayings, CF_SAID_NOTE, "sources",
		    "policy and packs give none of the images: they are of another time, or "
		    "another "
		    "curfew compiled them");
	else if (given < images->count)
		cf_say(sayings, CF_SAID_NOTE, "sources",
		    "%zu images were compiled from something else, such as an earlier policy",
		    images->count - given);
}
