/* Which engine keeps a ledger is told by its name: a path, or the address of a PostgreSQL. */

#include "base/limits.h"
#include "ledger/sqlite/sqlite_ledger.h"
#ifdef CF_HAVE_PGSQL
#include "ledger/pgsql/pgsql.h"
#endif

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool cf_ledger_is_address(const char *path)
{
	return strncmp(path, "postgresql://", 13) == 0 || strncmp(path, "postgres://", 11) == 0;
}

enum cf_status cf_ledger_open(const struct cf_ledger_options *options,
    struct cf_ledger **ledger_out, char **set_aside_out, struct cf_error *error)
{
	if (cf_ledger_is_address(options->path)) {
#ifdef CF_HAVE_PGSQL
		if (set_aside_out != NULL)
			*set_aside_out = NULL;
		return cf_pgsql_open(options, ledger_out, error);
#else
		return cf_error_set(error, CF_EINVALID,
		    "this curfew was built without PostgreSQL (libpq); a ledger is a file here");
#endif
	}
	return cf_sqlite_open(options, ledger_out, set_aside_out, error);
}

bool cf_ledger_name_beside(const char *path, char *name, size_t size)
{
	if (!cf_ledger_is_address(path))
		return (size_t)snprintf(name, size, "%s.rebuild", path) < size;
	return (size_t)snprintf(name, size, "%s%s_rebuild", path,
	           strrchr(path, '#') == NULL ? "#curfew" : "") < size;
}

void cf_ledger_discard(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
	char name[CF_PATH_BYTES + 32];

	if (cf_ledger_is_address(path)) {
#ifdef CF_HAVE_PGSQL
		cf_pgsql_discard(path);
#endif
		return;
	}
	for (size_t i = 0; path[0] != '\0' && i < sizeof suffixes / sizeof suffixes[0]; i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		(void)unlink(name); /* usually gone */
	}
}
