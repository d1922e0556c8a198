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
	struct cf_evidence_images images;
};

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
	struct reading *reading = calloc(1, sizeof *reading);
	pthread_t thread;
	bool is_beside;

	if (reading == NULL)
		return CF_ENOMEM;
	*reading = (struct reading){
	    .sayings = sayings, .root = place->root, .vouchers = &verify->vouchers};
	cf_evidence_check_manifest(sayings, place->root, verify->keyring);
	cf_evidence_open_images(sayings, place->root, &reading->images);
	is_beside = pthread_create(&thread, NULL, read_contents, reading) == 0;
	cf_evidence_check_figures(sayings, place->root, place->work, &verify->notices);
	if (is_beside)
		(void)pthread_join(thread, NULL); /* it was started */
	else
		(void)read_contents(reading);
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
