/* Statements: parameters as ?1 ... to $1 ..., values in binary. */

#include "ledger/pgsql/pgsql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are fetched at a time. */
#define FETCH_ROWS "4000"

struct stmt {
	struct cf_stmt base;
	struct cf_pgsql_row row;
	struct cf_pgsql *pg;
	enum cf_stmt_kind kind;
	char *sql; /* with $ */
	char name[16], fetch[48];
	unsigned times; /* of the connection it was prepared in; 0: in none */
	int count;      /* of parameters */
	Oid types[CF_PGSQL_PARAMS];
	const char *values[CF_PGSQL_PARAMS];
	int lengths[CF_PGSQL_PARAMS], formats[CF_PGSQL_PARAMS];
	uint8_t numbers[CF_PGSQL_PARAMS][8];
	PGresult *result;
	bool owns_transaction; /* a cursor needs one */
	bool is_at_end;
	int64_t changes;
};

/* ?N outside of quotes becomes $N. */
static void translate(char *sql)
{
	bool quoted = false;

	for (; *sql != '\0'; sql++) {
		quoted = quoted != (*sql == '\'');
		if (*sql == '?' && !quoted)
			*sql = '$';
	}
}

enum cf_status cf_pgsql_stmt_new(struct cf_ledger *ledger, const char *sql, enum cf_stmt_kind kind,
    struct cf_stmt **stmt_out, struct cf_error *error)
{
	struct stmt *stmt = calloc(1, sizeof *stmt);
	size_t len = strlen(sql);
	char *text = malloc(len + 64);

	if (stmt == NULL || text == NULL) {
		free(stmt);
		free(text);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	stmt->pg = cf_pgsql_of(ledger);
	(void)snprintf(stmt->name, sizeof stmt->name, "s%u", ++stmt->pg->made);
	(void)snprintf(stmt->fetch, sizeof stmt->fetch, "FETCH " FETCH_ROWS " FROM %s", stmt->name);
	if (kind == CF_STMT_MANY)
		(void)snprintf(
		    text, len + 64, "DECLARE %s NO SCROLL CURSOR FOR %s", stmt->name, sql);
	else
		memcpy(text, sql, len + 1);
	translate(text);
	stmt->sql = text;
	stmt->kind = kind;
	stmt->base =
	    (struct cf_stmt){.ledger = ledger, .row = {.engine = ledger->engine, .of = &stmt->row}};
	*stmt_out = &stmt->base;
	return CF_OK;
}

void cf_pgsql_stmt_free(struct cf_stmt *base)
{
	struct stmt *stmt = (struct stmt *)base;
	char sql[40];

	cf_pgsql_stmt_reset(base);
	if (stmt->times == stmt->pg->times && stmt->kind != CF_STMT_MANY) {
		(void)snprintf(sql, sizeof sql, "DEALLOCATE %s", stmt->name);
		/* Within a transaction that failed it stays until the connection ends. */
		PQclear(PQexec(stmt->kind == CF_STMT_NAME ? stmt->pg->names : stmt->pg->conn, sql));
	}
	free(stmt->sql);
	free(stmt);
}

static void set(struct stmt *stmt, int at, Oid type, const void *bytes, size_t len)
{
	if (at < 1 || at > CF_PGSQL_PARAMS)
		return; /* none of ours has so many; the server then misses one */
	stmt->types[at - 1] = type;
	stmt->values[at - 1] = bytes;
	stmt->lengths[at - 1] = (int)len;
	stmt->formats[at - 1] = 1;
	stmt->count = at > stmt->count ? at : stmt->count;
}

void cf_pgsql_stmt_int64(struct cf_stmt *base, int at, int64_t number)
{
	struct stmt *stmt = (struct stmt *)base;

	if (at < 1 || at > CF_PGSQL_PARAMS)
		return;
	uint8_t *bytes = stmt->numbers[at - 1];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)number >> (8 * (7 - i)));
	set(stmt, at, CF_PGSQL_INT8, bytes, 8);
}

void cf_pgsql_stmt_bytes(struct cf_stmt *base, int at, const void *bytes, size_t len, bool is_text)
{
	(void)is_text;
	set((struct stmt *)base, at, CF_PGSQL_BYTEA, bytes, len);
}

/* Keeps the result if it is one. */
static bool take(struct stmt *stmt, PGconn *conn, PGresult *result)
{
	ExecStatusType got = PQresultStatus(result);

	if (got != PGRES_COMMAND_OK && got != PGRES_TUPLES_OK) {
		(void)cf_pgsql_note(stmt->pg, conn, result);
		PQclear(result);
		return false;
	}
	PQclear(stmt->result);
	stmt->result = result;
	stmt->changes = strtoll(PQcmdTuples(result), NULL, 10);
	stmt->row = (struct cf_pgsql_row){.result = result, .row = -1};
	return true;
}

static bool run_prepared(struct stmt *stmt)
{
	struct cf_pgsql *pg = stmt->pg;
	PGconn *conn = stmt->kind == CF_STMT_NAME ? pg->names : pg->conn;

	if (stmt->times != pg->times) {
		PGresult *result = PQprepare(conn, stmt->name, stmt->sql, stmt->count, stmt->types);
		bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

		if (!done)
			(void)cf_pgsql_note(pg, conn, result);
		PQclear(result);
		if (!done)
			return false;
		stmt->times = pg->times;
	}
	stmt->is_at_end = true; /* all of it comes at once */
	return take(stmt, conn,
	    PQexecPrepared(
	        conn, stmt->name, stmt->count, stmt->values, stmt->lengths, stmt->formats, 1));
}

static bool fetch(struct stmt *stmt)
{
	PGconn *conn = stmt->pg->conn;
	bool done = take(stmt, conn, PQexecParams(conn, stmt->fetch, 0, NULL, NULL, NULL, NULL, 1));

	stmt->is_at_end = done && PQntuples(stmt->result) < (int)strtol(FETCH_ROWS, NULL, 10);
	return done;
}

static bool open_cursor(struct stmt *stmt)
{
	struct cf_pgsql *pg = stmt->pg;

	if (!pg->in_transaction) {
		if (!cf_pgsql_run(pg, pg->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
			return false;
		stmt->owns_transaction = true;
	}
	return take(stmt, pg->conn,
	           PQexecParams(pg->conn, stmt->sql, stmt->count, stmt->types, stmt->values,
	               stmt->lengths, stmt->formats, 1)) &&
	    fetch(stmt);
}

static bool begin(struct stmt *stmt)
{
	if (!stmt->pg->in_transaction && !cf_pgsql_connect(stmt->pg))
		return false;
	return stmt->kind == CF_STMT_MANY ? open_cursor(stmt) : run_prepared(stmt);
}

enum cf_step cf_pgsql_stmt_step(struct cf_stmt *base)
{
	struct stmt *stmt = (struct stmt *)base;

	if (stmt->result == NULL && !begin(stmt))
		return CF_STEP_FAILED;
	if (stmt->row.row + 1 >= PQntuples(stmt->result)) {
		if (stmt->is_at_end)
			return CF_STEP_DONE;
		if (!fetch(stmt))
			return CF_STEP_FAILED;
		if (PQntuples(stmt->result) == 0)
			return CF_STEP_DONE;
	}
	stmt->row.row++;
	return CF_STEP_ROW;
}

int64_t cf_pgsql_stmt_changes(const struct cf_stmt *base)
{
	return ((const struct stmt *)base)->changes;
}

void cf_pgsql_stmt_reset(struct cf_stmt *base)
{
	struct stmt *stmt = (struct stmt *)base;
	bool was_open = stmt->result != NULL && stmt->kind == CF_STMT_MANY;
	char sql[40];

	PQclear(stmt->result);
	stmt->result = NULL;
	stmt->row = (struct cf_pgsql_row){.row = -1};
	if (was_open && !stmt->owns_transaction) {
		(void)snprintf(sql, sizeof sql, "CLOSE %s", stmt->name);
		PQclear(PQexec(stmt->pg->conn, sql)); /* or it ends with the transaction */
	}
	if (stmt->owns_transaction)
		PQclear(PQexec(stmt->pg->conn, "ROLLBACK")); /* nothing was written */
	stmt->owns_transaction = false;
}
