/* Sums of the ledger to hosts, day by day. */

#include "ledger/hosts/model_episode.h"
#include "ledger/hosts/model_host.h"
#include "ledger/store/rows.h"

static enum cf_status take_row(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;

	return cf_row_int64(row, 11) != 0 ? cf_model_take_sighting(model, row)
	                                  : cf_model_take_rollup(model, row);
}

enum cf_status cf_model_load_hosts(struct cf_model *model, struct cf_error *error)
{
	/* Both in one order of days, so that a host's days come in order too. */
	static const char sql[] = "SELECT day, sensor_id, claim_id, first_minute, last_minute, "
	                          "0, 0, 0, 0, '', minutes, 1"
	                          " FROM sighting UNION ALL SELECT day, sensor_id, endpoint_id, "
	                          "kind_id, n, first_us, last_us,"
	                          " bytes_out, bytes_in, sample, minutes, 0 FROM rollup ORDER BY 1";

	enum cf_status status = cf_ledger_each_row(model->ledger, sql, take_row, model, error);

	if (status == CF_OK && cf_model_episodes_finish(model) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	return status;
}
