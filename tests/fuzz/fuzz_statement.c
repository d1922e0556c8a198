/* What a publisher states: any bytes are read or refused, and what is read is judged one way only.
 */

#include "promise.h"
#include "trust/statement.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[CF_STATEMENT_TEXT_BYTES], comment[1024];
	struct cf_statement statement, again;
	struct cf_fresh_seen seen = {.serial = 0};
	struct cf_error error;
	enum cf_fresh fresh;

	if (len >= sizeof comment)
		return 0;
	memcpy(comment, data, len);
	comment[len] = '\0';
	if (cf_statement_parse(comment, &statement, &error) != CF_OK)
		return 0;
	must(cf_statement_name_ok(statement.name) && statement.serial > 0);
	cf_statement_format(&statement, text);
	must(cf_statement_parse(text, &again, &error) == CF_OK);
	must(again.serial == statement.serial && again.until_wall_s == statement.until_wall_s);
	fresh = cf_fresh_judge(
	    &statement, statement.kind, statement.name, &seen, statement.made_wall_s);
	must(fresh != CF_FRESH_OLD && fresh != CF_FRESH_OTHER && fresh != CF_FRESH_FORKED);
	seen.serial = statement.serial;
	memcpy(seen.sha256, statement.sha256, sizeof seen.sha256);
	must(cf_fresh_judge(&statement, statement.kind, statement.name, &seen, INT64_MAX) ==
	    CF_FRESH_SAME);
	must(cf_fresh_judge(&statement, statement.kind, "", &seen, 0) == CF_FRESH_OTHER);
	return 0;
}
