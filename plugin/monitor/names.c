#include "monitor/names.h"

#include "monitor/capture/inputs.h"
#include "monitor/decode/decoder.h"
#include "monitor/names_printer.h"
#include "monitor/privileges.h"

/* Packets between two looks at the progress. */
#define PROGRESS_PACKETS 65536U

static void tell_progress(
    const struct cf_names *names, const struct cf_capture_file *file, const char *path)
{
	uint64_t used, size;

	if (names->progress == NULL)
		return;
	cf_capture_file_progress(file, &used, &size);
	names->progress(names->arg, path, used, size);
}

/* Reads one file to its end, or as far as it can be read. */
static enum cf_status read_file(const struct cf_names *names, struct cf_inputs *inputs,
    unsigned number, struct cf_decoder *decoder, struct cf_error *error)
{
	struct cf_capture_file *file;
	struct cf_frame frame;
	enum cf_status status = cf_inputs_take(inputs, number, &file, error);

	if (status != CF_OK)
		return status;
	for (unsigned count = 1; (status = cf_capture_file_next(file, &frame, error)) == CF_OK;
	     count++) {
		cf_decoder_packet(decoder, frame.link_type, frame.interface, frame.at_wall_us,
		    frame.data, frame.captured_bytes, frame.wire_bytes);
		if (count % PROGRESS_PACKETS == 0)
			tell_progress(names, file, names->files[number]);
	}
	cf_capture_file_close(file);
	return status == CF_ENOTFOUND ? CF_OK : status;
}

/* The captures are open by now, and names go to a stream that is: nothing else is needed. */
static enum cf_status give_up_privileges(const struct cf_names *names, struct cf_error *error)
{
	struct cf_privileges privileges = {
	    .user = names->user, .say = names->say, .arg = names->arg};
	enum cf_status status = CF_OK;

	if (!names->sandbox)
		return CF_OK;
	status = cf_privileges_give_up(&privileges, error);
	if (status == CF_OK)
		cf_privileges_give_up_calls(&privileges);
	return status;
}

static enum cf_status read_files(const struct cf_names *names, struct cf_inputs *inputs,
    struct cf_decoder *decoder, struct cf_names_printer *printer, struct cf_names_result *result,
    struct cf_error *error)
{
	struct cf_error trouble;
	enum cf_status status = give_up_privileges(names, error);

	if (status != CF_OK)
		return status;
	for (unsigned i = 0; i < names->file_count; i++)
		if (read_file(names, inputs, i, decoder, &trouble) != CF_OK) {
			names->complain(names->arg, trouble.text);
			result->files_failed++;
		}
	cf_decoder_flush(decoder);
	result->decode = *cf_decoder_counters_get(decoder);
	if (fflush(names->to) != 0 || cf_names_printer_status(printer) != CF_OK)
		return cf_error_set(error, CF_EIO, "cannot write the names");
	return CF_OK;
}

enum cf_status cf_names_run(
    const struct cf_names *names, struct cf_names_result *result_out, struct cf_error *error)
{
	struct cf_names_printer *printer = NULL;
	struct cf_decoder *decoder = NULL;
	struct cf_inputs *inputs = NULL;
	struct cf_observer observer;
	enum cf_status status = cf_names_printer_new(names->to, &printer);

	*result_out = (struct cf_names_result){.files_failed = 0};
	if (status == CF_OK) {
		observer = cf_names_printer_observer(printer);
		status = cf_decoder_new(&observer, 0, &decoder);
	}
	if (status == CF_OK)
		status = cf_inputs_open(names->files, names->file_count, &inputs);
	if (status == CF_OK)
		status = read_files(names, inputs, decoder, printer, result_out, error);
	else
		(void)cf_error_set(error, status, "%s", cf_status_text(status));
	cf_inputs_close(inputs);
	cf_decoder_free(decoder);
	cf_names_printer_free(printer);
	return status;
}
