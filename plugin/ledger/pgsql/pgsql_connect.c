/* Connections to PostgreSQL, and why something failed there. */

#include "ledger/pgsql/pgsql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SCHEMA "curfew"

static bool is_schema_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && name[len] == '\0' && len < CF_PGSQL_SCHEMA_BYTES - 16 &&
	    !(name[0] >= '0' && name[0] <= '9') && strncmp(name, "pg_", 3) != 0;
}

/* Whether libpq understands the address, and that no password stands in it: it would stand in the
 * list of processes, in histories and in messages. */
static enum cf_status check_address(const char *address, struct cf_error *error)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(address, &why);
	enum cf_status status = CF_OK;

	/* libpq's own words may repeat a part of the address. */
	if (options == NULL)
		status = cf_error_set(error, CF_EINVALID,
		    "the address of the ledger is not one that PostgreSQL understands "
		    "(postgresql://HOST/DATABASE)");
	for (const PQconninfoOption *at = options; status == CF_OK && at->keyword != NULL; at++)
		if ((strcmp(at->keyword, "password") == 0 ||
		        strcmp(at->keyword, "sslpassword") == 0) &&
		    at->val != NULL)
			status = cf_error_set(error, CF_EINVALID,
			    "a password has no place in the address of a ledger, which all can "
			    "see; "
			    "put it into ~/.pgpass (PGPASSFILE) or a service file");
	PQconninfoFree(options);
	PQfreemem(why);
	return status;
}

enum cf_status cf_pgsql_parse(struct cf_pgsql *pg, const char *path, struct cf_error *error)
{
	const char *schema = strrchr(path, '#');
	size_t len = schema == NULL ? strlen(path) : (size_t)(schema - path);

	pg->address = strndup(path, len);
	if (pg->address == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	enum cf_status status = check_address(pg->address, error);

	if (status != CF_OK)
		return status;
	schema = schema == NULL ? DEFAULT_SCHEMA : schema + 1;
	if (!is_schema_name(schema))
		return cf_error_set(error, CF_EINVALID,
		    "what stands behind '#' in the address of a ledger is the name of its schema: "
		    "small letters, digits and _");
	(void)snprintf(pg->schema, sizeof pg->schema, "%s", schema);
	pg->base.path = strdup(path);
	return pg->base.path == NULL ? cf_error_set(error, CF_ENOMEM, "no memory") : CF_OK;
}

/* One line of what the server or libpq says. */
static void keep_words(struct cf_pgsql *pg, const char *words)
{
	while (*words == ' ' || *words == '\n')
		words++;
	(void)snprintf(pg->why, sizeof pg->why, "%.*s", (int)strcspn(words, "\n"), words);
}

bool cf_pgsql_note(struct cf_pgsql *pg, PGconn *conn, const PGresult *result)
{
	const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words =
	    result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	(void)snprintf(pg->state, sizeof pg->state, "%s", state == NULL ? "" : state);
	pg->no_memory = conn == NULL || strcmp(pg->state, "53200") == 0;
	keep_words(pg, words != NULL ? words : conn != NULL ? PQerrorMessage(conn) : "no memory");
	return false;
}

bool cf_pgsql_run(struct cf_pgsql *pg, PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType got = PQresultStatus(result);
	bool done = got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK;

	if (!done)
		(void)cf_pgsql_note(pg, conn, result);
	PQclear(result);
	return done;
}

int64_t cf_pgsql_number(PGconn *conn, const char *sql, int64_t or_else)
{
	PGresult *result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 1);
	bool found = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0 &&
	    !PQgetisnull(result, 0, 0);
	int64_t number = found ? cf_pgsql_value(result, 0, 0) : or_else;

	PQclear(result);
	return number;
}

/* A number for the schema, among whoever else uses advisory locks in this database: FNV-1a. */
int32_t cf_pgsql_schema_number(const struct cf_pgsql *pg)
{
	uint32_t hash = UINT32_C(2166136261);

	for (const char *at = pg->schema; *at != '\0'; at++)
		hash = (hash ^ (uint8_t)*at) * UINT32_C(16777619);
	return (int32_t)(hash & 0x7fffffff);
}

bool cf_pgsql_run_lock(struct cf_pgsql *pg, PGconn *conn, const char *function, int32_t of)
{
	char sql[160];

	(void)snprintf(sql, sizeof sql, "SELECT %s(%d, %d)", function,
	    (int)cf_pgsql_schema_number(pg), (int)of);
	return cf_pgsql_run(pg, conn, sql);
}

static PGconn *connect_one(struct cf_pgsql *pg)
{
	static const char *const keys[] = {
	    "dbname", "fallback_application_name", "client_encoding", NULL};
	const char *const values[] = {pg->address, "curfew", "SQL_ASCII", NULL};
	PGconn *conn = PQconnectdbParams(keys, values, 1);
	char sql[256];

	if (PQstatus(conn) != CONNECTION_OK) {
		(void)cf_pgsql_note(pg, conn, NULL);
		PQfinish(conn);
		return NULL;
	}
	/* All of a cursor is read; what is compiled is run once. */
	(void)snprintf(sql, sizeof sql,
	    "SET client_min_messages=warning; SET search_path TO %s, pg_catalog;"
	    "SET cursor_tuple_fraction=1; SET jit=off; SET work_mem='64MB'",
	    pg->schema);
	if (cf_pgsql_run(pg, conn, sql))
		return conn;
	PQfinish(conn);
	return NULL;
}

bool cf_pgsql_connect(struct cf_pgsql *pg)
{
	if (PQstatus(pg->conn) == CONNECTION_OK && PQstatus(pg->names) == CONNECTION_OK)
		return true;
	PQfinish(pg->conn);
	PQfinish(pg->names);
	pg->names = NULL;
	pg->in_transaction = pg->has_files_lock = false;
	pg->times++;
	pg->conn = connect_one(pg);
	if (pg->conn != NULL)
		pg->names = connect_one(pg);
	return pg->conn != NULL && pg->names != NULL;
}
