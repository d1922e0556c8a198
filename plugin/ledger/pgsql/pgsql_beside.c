#include "ledger/pgsql/pgsql_beside.h"

#include "ledger/pgsql/pgsql.h"

#include <stdlib.h>
#include <string.h>

struct cf_pgsql_beside {
	struct cf_ledger *ledger;
	const char *what;
};

struct text {
	char *bytes;
	size_t len;
};

static enum cf_status add_line(void *context, const struct cf_row *row)
{
	struct text *text = context;
	size_t len = cf_row_bytes(row, 0);
	char *bytes = realloc(text->bytes, text->len + len + 2);

	if (bytes == NULL)
		return CF_ENOMEM;
	text->bytes = bytes;
	if (len > 0)
		memcpy(bytes + text->len, cf_row_blob(row, 0), len);
	text->len += len;
	bytes[text->len++] = '\n';
	bytes[text->len] = '\0';
	return CF_OK;
}

static enum cf_status read_lines(
    struct cf_pgsql_beside *beside, bool writes, struct text *text, struct cf_error *error)
{
	char sql[96] = "SELECT line FROM beside WHERE what='";
	enum cf_status status =
	    cf_ledger_begin(beside->ledger, writes ? CF_BEGIN_SHARE : CF_BEGIN_READ, error);

	/* A word of ours; within a transaction, so that who writes comes after it. */
	strcat(strncat(sql, beside->what, 20), "' ORDER BY seq");
	if (status == CF_OK && writes &&
	    !cf_pgsql_run_lock(cf_pgsql_of(beside->ledger), cf_pgsql_of(beside->ledger)->conn,
	        "pg_advisory_xact_lock", CF_PGSQL_LOCK_BESIDE))
		status = cf_ledger_fail(beside->ledger, "write to", error);
	if (status == CF_OK)
		status = cf_ledger_each_row(beside->ledger, sql, add_line, text, error);
	return status;
}

enum cf_status cf_pgsql_beside_open(const char *address, const char *what, bool writes,
    struct cf_pgsql_beside **beside_out, char **text_out, size_t *len_out, struct cf_error *error)
{
	const struct cf_ledger_options options = {
	    .path = address, .mode = writes ? CF_LEDGER_SHARE : CF_LEDGER_READ};
	struct cf_pgsql_beside *beside = calloc(1, sizeof *beside);
	struct text text = {.bytes = calloc(1, 1)};
	enum cf_status status = beside == NULL || text.bytes == NULL
	    ? cf_error_set(error, CF_ENOMEM, "no memory")
	    : cf_pgsql_open(&options, &beside->ledger, error);

	if (status == CF_OK) {
		beside->what = what;
		status = read_lines(beside, writes, &text, error);
	}
	if (status == CF_ENOTFOUND && !writes)
		status = CF_OK;
	if (status != CF_OK) {
		free(text.bytes);
		cf_pgsql_beside_close(beside);
		return status;
	}
	*beside_out = beside;
	*text_out = text.bytes;
	*len_out = text.len;
	return CF_OK;
}

static enum cf_status put_line(struct cf_stmt *put, const char *what, const char *line, size_t len)
{
	cf_stmt_text(put, 1, what, strlen(what));
	cf_stmt_text(put, 2, line, len);
	return cf_stmt_run(put) ? CF_OK : CF_EIO;
}

enum cf_status cf_pgsql_beside_put(struct cf_pgsql_beside *beside, const char *lines, size_t len,
    bool instead, struct cf_error *error)
{
	struct cf_ledger *ledger = beside->ledger;
	const char *end = lines + len;
	struct cf_stmt *put = NULL, *clear = NULL;
	enum cf_status status = cf_stmt_new(ledger,
	    "INSERT INTO beside SELECT ?1, coalesce(max(seq), 0)+1, ?2 FROM beside WHERE what=?1",
	    &put, error);

	if (status == CF_OK)
		status = cf_stmt_new(ledger, "DELETE FROM beside WHERE what=?1", &clear, error);
	if (status == CF_OK && instead) {
		cf_stmt_text(clear, 1, beside->what, strlen(beside->what));
		status = cf_stmt_run(clear) ? CF_OK : CF_EIO;
	}
	while (status == CF_OK && lines < end) {
		const char *newline = memchr(lines, '\n', (size_t)(end - lines));
		size_t line_len = (size_t)((newline == NULL ? end : newline) - lines);

		status = put_line(put, beside->what, lines, line_len);
		lines += line_len + 1;
	}
	if (status == CF_EIO)
		status = cf_ledger_fail(ledger, "write to", error);
	if (status == CF_OK)
		status = cf_ledger_commit(ledger, error);
	else
		cf_ledger_rollback(ledger);
	cf_stmt_free(put);
	cf_stmt_free(clear);
	return status;
}

void cf_pgsql_beside_close(struct cf_pgsql_beside *beside)
{
	if (beside == NULL)
		return;
	if (beside->ledger != NULL)
		cf_ledger_rollback(beside->ledger); /* of a reading, or of what was not put */
	cf_ledger_close(beside->ledger);
	free(beside);
}
