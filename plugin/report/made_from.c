#include "report/made_from.h"

#include "base/array.h"
#include "base/instant.h"
#include "trust/fetch.h"
#include "update/image_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The newest image that sensors said they used and that is not opened yet; NULL none. */
static const struct cf_origin_used *next_image(const struct cf_made_from *made)
{
	const struct cf_origin_used *newest = NULL;

	for (size_t i = 0; i < made->origin->used_count; i++) {
		const struct cf_origin_used *used = &made->origin->used[i];
		bool is_done = used->what != CF_USED_IMAGE;

		for (size_t j = 0; j < made->provenance.image_count; j++)
			is_done = is_done || strcmp(made->digests[j], used->value) == 0;
		if (!is_done && (newest == NULL || used->last_wall_s > newest->last_wall_s))
			newest = used;
	}
	return newest;
}

/* An image that cannot be opened keeps its place, without sources: it is not here. */
static void open_images(struct cf_made_from *made, const char *folder)
{
	const struct cf_origin_used *used;

	while (made->provenance.image_count < CF_MADE_FROM_IMAGES &&
	    (used = next_image(made)) != NULL) {
		size_t at = made->provenance.image_count++;
		struct cf_error error;

		(void)snprintf(made->digests[at], sizeof made->digests[at], "%s", used->value);
		made->images[at] = (struct cf_provenance_image){
		    .digest = made->digests[at], .sources = NULL, .policy = ""};
		if (folder == NULL || strlen(used->value) != CF_SHA256_TEXT_BYTES - 1 ||
		    !cf_kept_is_prefix(used->value) ||
		    cf_kept_open(folder, used->value, &made->opened[at], &error) != CF_OK)
			continue;
		made->images[at].sources = cf_sha256_format(
		    cf_image_info(made->opened[at])->source_digest, made->sources[at]);
		made->images[at].policy = cf_image_info(made->opened[at])->policy_file;
	}
}

static bool has_pack(const struct cf_made_from *made, const char *name, const char *version)
{
	for (size_t i = 0; i < made->pack_count; i++)
		if (strcmp(made->packs[i].name, name) == 0 &&
		    strcmp(made->packs[i].version, version) == 0)
			return true;
	return false;
}

static enum cf_status add_pack(struct cf_made_from *made, const char *name, const char *version,
    const char *image, const char *fetched)
{
	struct cf_pack_age age = {.as_of_wall_s = cf_instant_of_serial(version)};
	struct cf_provenance_pack *packs =
	    cf_array_grow(made->packs, made->pack_count, 1, &made->pack_size, sizeof *packs);

	if (packs == NULL)
		return CF_ENOMEM;
	made->packs = packs;
	if (fetched != NULL)
		cf_pack_age_find(fetched, name, version, &age);
	packs[made->pack_count++] = (struct cf_provenance_pack){.name = name,
	    .version = version,
	    .image = image,
	    .as_of_wall_s = age.as_of_wall_s,
	    .until_wall_s = age.until_wall_s};
	return CF_OK;
}

static enum cf_status add_packs_of_images(struct cf_made_from *made, const char *fetched)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < made->provenance.image_count; i++) {
		const struct cf_image *image = made->opened[i];
		struct cf_image_pack pack;

		for (uint32_t j = 0; image != NULL && j < cf_image_info(image)->packs; j++) {
			cf_image_pack(image, j, &pack);
			if (!has_pack(made, pack.vendor, pack.version))
				status = add_pack(
				    made, pack.vendor, pack.version, made->digests[i], fetched);
			if (status != CF_OK)
				return status;
		}
	}
	return status;
}

/* "kaspersky 2026112101", as hits cite it, where no image that is here has it. */
static enum cf_status add_cited(struct cf_made_from *made, const char *cited, const char *fetched)
{
	char **names =
	    cf_array_grow(made->names, made->name_count, 1, &made->name_size, sizeof *names);
	char *name = names == NULL ? NULL : strdup(cited), *blank;

	if (names != NULL)
		made->names = names;
	if (name == NULL)
		return CF_ENOMEM;
	made->names[made->name_count++] = name;
	blank = strrchr(name, ' ');
	if (blank == NULL)
		return CF_OK;
	*blank = '\0';
	return has_pack(made, name, blank + 1) ? CF_OK
	                                       : add_pack(made, name, blank + 1, "", fetched);
}

static enum cf_status add_packs(struct cf_made_from *made, const char *fetched)
{
	enum cf_status status = add_packs_of_images(made, fetched);

	for (size_t i = 0; i < made->origin->used_count && status == CF_OK; i++)
		if (made->origin->used[i].what == CF_USED_PACK)
			status = add_cited(made, made->origin->used[i].value, fetched);
	made->provenance.packs = made->packs;
	made->provenance.pack_count = made->pack_count;
	return status;
}

static void digest_policy(struct cf_made_from *made, const char *path)
{
	struct cf_fetch file = {.place = path, .most_bytes = CF_POLICY_BYTES};
	uint8_t digest[CF_SHA256_BYTES];
	struct cf_error error;

	made->provenance.policy_sha256 = made->provenance.policy_file = "";
	if (path == NULL || cf_fetch(&file, &error) != CF_OK)
		return;
	if (cf_sha256(file.data, file.len, digest) == CF_OK) {
		const char *slash = strrchr(path, '/');

		made->provenance.policy_sha256 = cf_sha256_format(digest, made->policy_sha256);
		(void)snprintf(made->policy_file, sizeof made->policy_file, "%s",
		    slash == NULL ? path : slash + 1);
		made->provenance.policy_file = made->policy_file; /* the path is the caller's */
	}
	free(file.data);
}

enum cf_status cf_made_from_read(struct cf_made_from *made, struct cf_ledger *ledger,
    const struct cf_made_places *places, int64_t at_wall_s, struct cf_error *error)
{
	enum cf_status status;

	*made =
	    (struct cf_made_from){.provenance = {.made_wall_s = at_wall_s, .version = CF_VERSION}};
	status = cf_origin_read(ledger, places->with_digest, &made->origin, error);
	if (status != CF_OK)
		return status;
	made->provenance.origin = made->origin;
	made->provenance.images = made->images;
	digest_policy(made, places->policy);
	open_images(made, places->images);
	status = add_packs(made, places->fetched);
	return status == CF_OK ? CF_OK : cf_error_set(error, status, "no memory");
}

void cf_made_from_done(struct cf_made_from *made)
{
	for (size_t i = 0; i < CF_MADE_FROM_IMAGES; i++)
		cf_image_close(made->opened[i]);
	for (size_t i = 0; i < made->name_count; i++)
		free(made->names[i]);
	free(made->names);
	free(made->packs);
	cf_origin_free(made->origin);
}
