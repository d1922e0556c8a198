/* An open ledger, whichever engine keeps it. */

#include "ledger/store/ledger.h"

#include "ledger/store/engine.h"

#include <time.h>

const char *cf_ledger_path(const struct cf_ledger *ledger)
{
	return ledger->path;
}

int64_t cf_ledger_now_wall_s(const struct cf_ledger *ledger)
{
	return ledger->now_wall_s;
}

int64_t cf_ledger_clock_s(const struct cf_ledger *ledger)
{
	return ledger->clock_is_given ? ledger->now_wall_s : time(NULL);
}

uint64_t cf_ledger_bad_rows(const struct cf_ledger *ledger)
{
	return ledger->bad_rows;
}

void cf_ledger_count_bad_row(struct cf_ledger *ledger)
{
	ledger->bad_rows++;
}

void cf_ledger_close(struct cf_ledger *ledger)
{
	if (ledger != NULL)
		ledger->engine->close(ledger);
}

enum cf_status cf_ledger_replace(
    struct cf_ledger *ledger, const char *fresh_path, struct cf_error *error)
{
	return ledger->engine->replace(ledger, fresh_path, error);
}

enum cf_status cf_ledger_fail(
    const struct cf_ledger *ledger, const char *what, struct cf_error *error)
{
	return ledger->engine->fail(ledger, what, error);
}

enum cf_status cf_ledger_exec(struct cf_ledger *ledger, const char *sql, struct cf_error *error)
{
	return ledger->engine->exec(ledger, sql, error);
}
