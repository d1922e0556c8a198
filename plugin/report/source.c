/* Image, ledger, model, in this order. */

#include "report/source.h"

#include <stdlib.h>
#include <unistd.h>

static enum cf_status take_exceptions(struct cf_report_source *source, struct cf_error *error)
{
	uint32_t count = cf_image_info(source->image)->exceptions;

	source->exceptions = calloc(count + 1u, sizeof *source->exceptions);
	if (source->exceptions == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	for (uint32_t i = 0; i < count; i++) {
		struct cf_exception exception;

		cf_image_exception(source->image, i, &exception);
		source->exceptions[i] = (struct cf_model_exception){.owner = exception.owner,
		    .reason = exception.reason,
		    .clients = exception.clients,
		    .from_wall_s = exception.from_wall_s,
		    .until_wall_s = exception.until_wall_s};
	}
	source->options.exceptions = source->exceptions;
	source->options.exception_count = count;
	return CF_OK;
}

static enum cf_status load_exceptions(struct cf_report_source *source, struct cf_error *error)
{
	enum cf_status status;

	if (!source->needs_image && access(source->image_path, R_OK) != 0)
		return CF_OK;
	status = cf_image_open(source->image_path, &source->image, error);
	if (status != CF_OK)
		return source->needs_image ? status : CF_OK;
	return take_exceptions(source, error);
}

enum cf_status cf_report_source_open(struct cf_report_source *source, struct cf_error *error)
{
	const struct cf_ledger_options options = {
	    .path = source->ledger_path, .mode = CF_LEDGER_READ, .now_wall_s = source->now_wall_s};
	enum cf_status status = load_exceptions(source, error);

	if (status == CF_OK)
		status = cf_ledger_open(&options, &source->ledger, NULL, error);
	if (status == CF_OK && !source->has_at) {
		source->options.at_wall_s = cf_model_horizon(source->ledger);
		if (source->options.at_wall_s == 0)
			source->options.at_wall_s = source->now_wall_s;
	}
	return status;
}

enum cf_status cf_report_source_load(struct cf_report_source *source, struct cf_error *error)
{
	enum cf_status status =
	    source->ledger == NULL ? cf_report_source_open(source, error) : CF_OK;

	return status == CF_OK
	    ? cf_model_load(source->ledger, &source->options, &source->model, error)
	    : status;
}

void cf_report_source_done(struct cf_report_source *source)
{
	cf_model_free(source->model);
	cf_ledger_close(source->ledger);
	free(source->exceptions);
	cf_image_close(source->image);
}
