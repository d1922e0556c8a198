/* Opening, transactions and locks of a ledger in PostgreSQL; one in the place of another. */

#include "ledger/pgsql/pgsql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void close_it(struct cf_ledger *ledger)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);

	PQfinish(pg->conn);
	PQfinish(pg->names);
	free(pg->address);
	free(pg->base.path);
	free(pg);
}

static enum cf_status fail(const struct cf_ledger *ledger, const char *what, struct cf_error *error)
{
	const struct cf_pgsql *pg = (const struct cf_pgsql *)ledger;
	const char *then = "nothing was changed";

	if (pg->no_memory)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (strncmp(pg->state, "53", 2) == 0)
		then = "make room there and run it again, nothing is lost";
	else if (pg->state[0] == '\0' || strncmp(pg->state, "57P", 3) == 0 ||
	    strncmp(pg->state, "08", 2) == 0)
		then = "what was not written yet is taken again next time";
	return cf_error_set(error, CF_EIO, "cannot %s ledger '%s': %s; %s", what, pg->base.path,
	    pg->why[0] == '\0' ? "the server is not there" : pg->why, then);
}

static enum cf_status exec(struct cf_ledger *ledger, const char *sql, struct cf_error *error)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);

	if (!pg->in_transaction && !cf_pgsql_connect(pg))
		return fail(ledger, "write to", error);
	return cf_pgsql_run(pg, pg->conn, sql) ? CF_OK : fail(ledger, "write to", error);
}

/* Who reads logs does so alone, for as long as it lives; it may come to be after a server's
 * restart that another one is there first. */
static bool keep_files_lock(struct cf_pgsql *pg)
{
	if (pg->mode == CF_LEDGER_READ || pg->mode == CF_LEDGER_SHARE || pg->has_files_lock)
		return true;
	pg->has_files_lock =
	    cf_pgsql_run_lock(pg, pg->conn, "pg_advisory_lock", CF_PGSQL_LOCK_FILES);
	return pg->has_files_lock;
}

static bool begin_writing(struct cf_pgsql *pg, enum cf_begin mode)
{
	return keep_files_lock(pg) && cf_pgsql_run(pg, pg->conn, "BEGIN") &&
	    cf_pgsql_run_lock(pg, pg->conn,
	        mode == CF_BEGIN_SHARE ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock",
	        CF_PGSQL_LOCK_ALL);
}

static enum cf_status begin(struct cf_ledger *ledger, enum cf_begin mode, struct cf_error *error)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);
	bool begun = cf_pgsql_connect(pg) &&
	    (mode == CF_BEGIN_READ
	            ? cf_pgsql_run(pg, pg->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	            : begin_writing(pg, mode));

	pg->in_transaction = begun;
	if (begun)
		return CF_OK;
	enum cf_status status = fail(ledger, mode == CF_BEGIN_READ ? "read" : "write to", error);

	PQclear(PQexec(pg->conn, "ROLLBACK")); /* of a half begun one */
	return status;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum cf_status lock(
    struct cf_ledger *ledger, uint32_t *ids, size_t count, struct cf_error *error)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);

	if (!pg->in_transaction) /* it would end with its own statement */
		return cf_error_set(
		    error, CF_EIO, "ledger '%s': a lock outside of a transaction", pg->base.path);
	if (count > 1)
		qsort(ids, count, sizeof *ids, by_number);
	for (size_t i = 0; i < count; i++)
		if (!cf_pgsql_run_lock(pg, pg->conn, "pg_advisory_xact_lock", (int32_t)ids[i]))
			return fail(ledger, "write to", error);
	return CF_OK;
}

static void rollback(struct cf_ledger *ledger)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);

	if (pg->in_transaction)
		PQclear(PQexec(pg->conn, "ROLLBACK")); /* or it went with the connection */
	pg->in_transaction = false;
	/* Whatever failed may have been that they are not there. */
	memset(pg->weeks, 0, sizeof pg->weeks);
}

static enum cf_status commit(struct cf_ledger *ledger, struct cf_error *error)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);
	PGresult *result = PQexec(pg->conn, "COMMIT");
	/* A transaction that failed before says ROLLBACK. */
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK &&
	    strcmp(PQcmdStatus(result), "COMMIT") == 0;

	if (!done)
		(void)cf_pgsql_note(pg, pg->conn, result);
	PQclear(result);
	if (!done) {
		enum cf_status status = fail(ledger, "write to", error);

		rollback(ledger);
		return status;
	}
	pg->in_transaction = false;
	return CF_OK;
}

static uint64_t used_bytes(struct cf_ledger *ledger)
{
	(void)ledger;
	return 0;
}

static enum cf_status give_back(struct cf_ledger *ledger, struct cf_error *error)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);

	if (!cf_pgsql_connect(pg) || !cf_pgsql_drop_weeks(pg))
		return fail(ledger, "write to", error);
	return CF_OK;
}

static enum cf_status replace(
    struct cf_ledger *ledger, const char *fresh_path, struct cf_error *error)
{
	struct cf_pgsql *pg = cf_pgsql_of(ledger);
	struct cf_pgsql fresh = {.conn = NULL};
	enum cf_status status = cf_pgsql_parse(&fresh, fresh_path, error);
	char sql[512];

	if (status == CF_OK)
		status = begin(ledger, CF_BEGIN_WRITE, error);
	if (status == CF_OK) {
		/* What people said is in no log. */
		(void)snprintf(sql, sizeof sql,
		    "DROP TABLE %s.beside; ALTER TABLE %s.beside SET SCHEMA %s;"
		    "DROP SCHEMA %s CASCADE; ALTER SCHEMA %s RENAME TO %s",
		    fresh.schema, pg->schema, fresh.schema, pg->schema, fresh.schema, pg->schema);
		status = exec(ledger, sql, error);
		if (status == CF_OK)
			status = commit(ledger, error);
		else
			rollback(ledger);
	}
	free(fresh.address);
	free(fresh.base.path);
	return status;
}

static const struct cf_engine engine = {.name = "postgresql",
    .most_names = INT32_MAX,
    .counts_names = false,
    .knows_bytes = false,
    .close = close_it,
    .replace = replace,
    .fail = fail,
    .exec = exec,
    .begin = begin,
    .lock = lock,
    .commit = commit,
    .rollback = rollback,
    .used_bytes = used_bytes,
    .give_back = give_back,
    .stmt_new = cf_pgsql_stmt_new,
    .stmt_free = cf_pgsql_stmt_free,
    .stmt_int64 = cf_pgsql_stmt_int64,
    .stmt_bytes = cf_pgsql_stmt_bytes,
    .stmt_step = cf_pgsql_stmt_step,
    .stmt_changes = cf_pgsql_stmt_changes,
    .stmt_reset = cf_pgsql_stmt_reset,
    .row_columns = cf_pgsql_row_columns,
    .row_kind = cf_pgsql_row_kind,
    .row_int64 = cf_pgsql_row_int64,
    .row_bytes = cf_pgsql_row_bytes,
    .names_new = cf_pgsql_names_new,
    .names_free = cf_pgsql_names_free,
    .names_last = cf_pgsql_names_last,
    .names_find = cf_pgsql_names_find,
    .names_put = cf_pgsql_names_put,
    .sums_init = cf_pgsql_sums_init,
    .sums_done = cf_pgsql_sums_done,
    .sums_has_day = cf_pgsql_sums_has_day,
    .sums_write = cf_pgsql_sums_write};

/* The lock of who reads logs, with the caller's words while another one has it. */
static enum cf_status take_files_lock(
    struct cf_pgsql *pg, const struct cf_ledger_options *options, struct cf_error *error)
{
	char sql[96];

	(void)snprintf(sql, sizeof sql,
	    "SELECT CAST(CAST(pg_try_advisory_lock(%d, %d) AS INTEGER) AS BIGINT)",
	    (int)cf_pgsql_schema_number(pg), CF_PGSQL_LOCK_FILES);
	if (cf_pgsql_number(pg->conn, sql, 0) == 1) {
		pg->has_files_lock = true;
		return CF_OK;
	}
	if (options->no_wait)
		return cf_error_set(error, CF_EAGAIN,
		    "another curfew is writing to ledger '%s'; nothing was changed", pg->base.path);
	if (options->waiting != NULL)
		options->waiting(options->arg);
	return keep_files_lock(pg) ? CF_OK : fail(&pg->base, "lock", error);
}

static enum cf_status open_to_write(
    struct cf_pgsql *pg, const struct cf_ledger_options *options, struct cf_error *error)
{
	char sql[128];

	if (pg->mode != CF_LEDGER_SHARE) {
		enum cf_status status = take_files_lock(pg, options, error);

		if (status != CF_OK)
			return status;
	}
	(void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", pg->schema);
	if (pg->mode == CF_LEDGER_RECREATE && !cf_pgsql_run(pg, pg->conn, sql))
		return fail(&pg->base, "make", error);
	return cf_pgsql_migrate(pg, error);
}

enum cf_status cf_pgsql_open(
    const struct cf_ledger_options *options, struct cf_ledger **ledger_out, struct cf_error *error)
{
	struct cf_pgsql *pg = calloc(1, sizeof *pg);

	if (pg == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	pg->base.engine = &engine;
	pg->mode = options->mode;
	pg->base.clock_is_given = options->now_wall_s != 0;
	pg->base.now_wall_s = options->now_wall_s != 0 ? options->now_wall_s : time(NULL);
	enum cf_status status = cf_pgsql_parse(pg, options->path, error);

	if (status == CF_OK && !cf_pgsql_connect(pg))
		status = fail(&pg->base, "open", error);
	if (status == CF_OK)
		status = pg->mode == CF_LEDGER_READ ? cf_pgsql_check_version(pg, error)
		                                    : open_to_write(pg, options, error);
	if (status != CF_OK) {
		close_it(&pg->base);
		return status;
	}
	*ledger_out = &pg->base;
	return CF_OK;
}

void cf_pgsql_discard(const char *path)
{
	struct cf_pgsql *pg = calloc(1, sizeof *pg);
	char sql[128];

	if (pg == NULL)
		return;
	if (cf_pgsql_parse(pg, path, NULL) == CF_OK && cf_pgsql_connect(pg)) {
		(void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", pg->schema);
		(void)cf_pgsql_run(pg, pg->conn, sql); /* the next one starts with this, too */
	}
	close_it(&pg->base);
}
