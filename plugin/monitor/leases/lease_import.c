/* One claim a lease. */

#include "monitor/leases/lease_import.h"

#include "image/image.h"
#include "records/form/identity.h"

#include <string.h>
#include <unistd.h>

#define US_PER_S INT64_C(1000000)

void cf_lease_import_take(void *arg, const struct cf_lease *lease)
{
	struct cf_lease_import *import = arg;
	bool is_over = lease->to_wall_s <= import->at_wall_s;
	int64_t to_wall_s = is_over ? lease->to_wall_s : import->at_wall_s;
	/* Without a beginning, all that is known is the moment of reading (or of the end). */
	int64_t from_wall_s = lease->from_wall_s == 0 ? to_wall_s : lease->from_wall_s;
	struct cf_identity identity = {
	    .from_wall_us = from_wall_s * US_PER_S,
	    .to_wall_us = to_wall_s * US_PER_S,
	    .addr = lease->addr,
	    .has_mac = lease->has_mac,
	    .vlan = import->vlan,
	    .kind = "lease",
	    .end = is_over ? cf_identity_end_text((enum cf_identity_end)lease->end) : NULL,
	    .name = {.data = lease->name, .len = strlen(lease->name)},
	    .client_id = {.data = (const char *)lease->client_id, .len = lease->client_id_bytes},
	};

	if (from_wall_s > to_wall_s)
		return; /* begins after the moment asked about */
	memcpy(identity.mac, lease->mac, 6);
	if (cf_producer_identity(import->producer, &identity))
		import->written++;
}

enum cf_status cf_lease_import_begin(struct cf_lease_import *import, struct cf_error *error)
{
	struct cf_image *image = NULL;
	struct cf_log_options log_options = {.path = import->log_path,
	    .sensor = import->sensor,
	    .source = "monitor",
	    .privacy = "full",
	    .privacy_key_file = "",
	    .synchronous = true};
	enum cf_status status;

	if (access(import->image_path, F_OK) == 0) {
		status = cf_image_open(import->image_path, &image, error);
		if (status != CF_OK)
			return status;
		log_options.privacy = cf_image_info(image)->privacy;
		log_options.privacy_key_file = cf_image_info(image)->privacy_key_file;
		if (log_options.path == NULL && cf_image_info(image)->log_path[0] != '\0')
			log_options.path = cf_image_info(image)->log_path;
	}
	if (log_options.path == NULL)
		log_options.path = import->log_default;
	status = cf_log_open(&log_options, &import->log, error);
	if (status == CF_OK) {
		cf_log_pump(import->log, import->at_wall_s * US_PER_S);
		import->producer = cf_log_producer(import->log);
	}
	cf_image_close(image);
	if (status == CF_OK && import->producer == NULL)
		return cf_error_set(error, CF_ENOMEM, "cannot start the hit log: no memory");
	return status;
}

enum cf_status cf_lease_import_end(struct cf_lease_import *import, struct cf_error *error)
{
	struct cf_log_stats stats;

	cf_log_pump(import->log, import->at_wall_s * US_PER_S);
	cf_log_stats(import->log, &stats);
	cf_log_close(import->log);
	return stats.degraded || stats.lost_disk > 0 || stats.lost_queue > 0
	    ? cf_error_set(error, CF_EIO, "the hit log could not be written")
	    : CF_OK;
}
