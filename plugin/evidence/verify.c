#include "evidence/verify.h"

#include "base/input_file.h"
#include "trust/crate.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct reading {
	struct cf_sayings *sayings;
	const char *root;
	const struct cf_evidence_vouchers *vouchers;
	const struct cf_keyring *keyring;
	struct cf_evidence_images images;
};

static void *read_manifest(void *context)
{
	struct reading *reading = context;

	cf_evidence_check_manifest(reading->sayings, reading->root, reading->keyring);
	return NULL;
}

static void *read_contents(void *context)
{
	struct reading *reading = context;

	cf_evidence_check_sources(reading->sayings, reading->root, &reading->images);
	cf_evidence_check_logs(
	    reading->sayings, reading->root, &reading->images, reading->vouchers);
	return NULL;
}

static enum cf_status check(const struct cf_evidence_verify *verify, struct cf_sayings *sayings,
    const struct cf_evidence_place *place)
{
	static void *(*const beside[])(void *) = {read_manifest, read_contents};
	struct reading *reading = calloc(1, sizeof *reading);
	pthread_t threads[2];
	bool is_beside[2];

	if (reading == NULL)
		return CF_ENOMEM;
	*reading = (struct reading){.sayings = sayings,
	    .root = place->root,
	    .vouchers = &verify->vouchers,
	    .keyring = verify->keyring};
	cf_evidence_open_images(sayings, place->root, &reading->images);
	for (int i = 0; i < 2; i++)
		is_beside[i] = pthread_create(&threads[i], NULL, beside[i], reading) == 0;
	cf_evidence_check_figures(sayings, place->root, place->work, &verify->notices);
	for (int i = 0; i < 2; i++)
		if (is_beside[i])
			(void)pthread_join(threads[i], NULL); /* it was started */
		else
			(void)beside[i](reading);
	cf_evidence_close_images(&reading->images);
	free(reading);
	return CF_OK;
}

static enum cf_status unpack(
    const struct cf_evidence_verify *verify, const char *root, struct cf_error *error)
{
	uint64_t most = verify->most_bytes == 0 ? CF_EVIDENCE_BYTES : verify->most_bytes;
	struct cf_error why = {.status = CF_OK};
	int fd = -1;
	enum cf_status status = cf_input_open(verify->path, &fd, error);

	if (status != CF_OK)
		return status;
	status = cf_crate_unpack(fd, root, most, &why);
	(void)close(fd); /* only read */
	return status == CF_OK ? CF_OK
	                       : cf_error_set(error, status, "'%s': %s", verify->path, why.text);
}

enum cf_status cf_evidence_verify(
    const struct cf_evidence_verify *verify, struct cf_sayings *sayings, struct cf_error *error)
{
	struct cf_evidence_place place;
	enum cf_status status = cf_evidence_place_make(&place, error);

	if (status == CF_OK)
		status = unpack(verify, place.root, error);
	if (status == CF_OK)
		status = check(verify, sayings, &place);
	cf_evidence_place_remove(&place, &verify->notices);
	return status;
}
