#include "evidence/log_check.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

enum cf_status cf_log_check_init(struct cf_log_check *check, struct cf_judge *judge,
    const struct cf_verify_with *with, cf_verify_report *report, void *context)
{
	*check = (struct cf_log_check){.judge = judge,
	    .verify = cf_verify_new(report, context),
	    .record = malloc(sizeof *check->record)};
	if (check->verify == NULL || check->record == NULL)
		return CF_ENOMEM;
	cf_verify_expect(check->verify, with);
	return CF_OK;
}

static enum cf_status take_file(
    struct cf_log_check *check, const char *path, bool newest, struct cf_error *error)
{
	struct cf_reader *reader = NULL;
	enum cf_status status = cf_reader_open(path, &reader, error);
	enum cf_read got = CF_READ_END;
	struct cf_line line;

	if (status != CF_OK)
		return status;
	while (status == CF_OK &&
	    ((got = cf_reader_next(reader, check->record, &line)) == CF_READ_RECORD ||
	        got == CF_READ_SKIPPED)) {
		cf_verify_line(check->verify, path, &line, check->record);
		if (got == CF_READ_RECORD)
			status = cf_judge_take(check->judge, path, &line, check->record);
	}
	if (status != CF_OK)
		status = cf_error_set(error, status, "no memory");
	else if (got == CF_READ_FAILED)
		status =
		    cf_error_set(error, CF_EIO, "'%s': %s", path, cf_reader_error(reader)->text);
	else if (cf_reader_counts(reader)->tail_bytes > 0)
		cf_verify_tail(check->verify, path, cf_reader_counts(reader)->lines + 1,
		    cf_reader_counts(reader)->tail_bytes, newest);
	cf_reader_close(reader);
	return status;
}

enum cf_status cf_log_check_set(
    struct cf_log_check *check, const char *path, bool is_last, struct cf_error *error)
{
	struct cf_log_set *sets =
	    cf_array_grow(check->sets, check->set_count, 1, &check->set_size, sizeof *sets);
	enum cf_status status;

	if (sets == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	check->sets = sets;
	status = cf_log_set_find(path, &sets[check->set_count]);
	if (status != CF_OK)
		return cf_error_set(error, status, "cannot find '%s'", path);
	const struct cf_log_set *set = &sets[check->set_count++];

	if (set->count == 0)
		return cf_error_set(error, CF_ENOTFOUND, "no log '%s'", path);
	for (size_t i = 0; i < set->count && status == CF_OK; i++)
		status = take_file(check, set->paths[i], is_last && i + 1 == set->count, error);
	return status;
}

void cf_log_check_finish(struct cf_log_check *check, struct cf_verify_summary *summary_out)
{
	cf_verify_finish(check->verify, summary_out);
}

void cf_log_check_done(struct cf_log_check *check)
{
	for (size_t i = 0; i < check->set_count; i++)
		cf_log_set_done(&check->sets[i]);
	free(check->sets);
	free(check->record);
	cf_verify_free(check->verify);
}
