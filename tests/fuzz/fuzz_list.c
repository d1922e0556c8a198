/*
 * Other people's lists of any bytes: read as every format and by guess; what is accepted is a good
 * name that survives the set, and every line is counted once at most as torn.
 */

#include "compile/list/list_parse.h"
#include "compile/list/list_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct seen {
	struct cf_list_set *set;
	unsigned accepted, rejected, touched;
};

static bool take(void *context, const struct cf_name *name, enum cf_scope scope, unsigned line)
{
	struct seen *seen = context;

	if (line == 0 || name->label_count == 0 || (unsigned)scope > CF_SCOPE_BELOW)
		abort();
	seen->accepted++;
	return cf_list_set_add(seen->set, name, scope, 0) == CF_OK;
}

static void refuse(void *context, unsigned line, const char *text, size_t len, const char *reason)
{
	struct seen *seen = context;

	if (line == 0 || reason == NULL)
		abort();
	/* The text lies inside the input: the sanitizer sees where it does not. */
	if (len != 0)
		seen->touched ^= (unsigned char)text[0] ^ (unsigned char)text[len - 1];
	seen->rejected++;
}

/* Sorted, unique, and each name found again. */
static void check_set(const struct cf_list_set *set)
{
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name name;
	enum cf_scope scope;

	for (size_t i = 0; i < cf_list_set_count(set); i++) {
		cf_list_set_get(set, i, text, &scope);
		if (cf_name_from_text(text, strlen(text), &name) != CF_OK ||
		    !cf_list_set_has(set, &name, scope))
			abort();
		if (i > 0 && cf_list_set_same(set, i, i - 1))
			abort();
	}
}

static void read_as(const uint8_t *data, size_t len, enum cf_list_format format)
{
	struct cf_list_options options = {.format = format, .plain_scope = CF_SCOPE_EXACT};
	struct seen seen = {.accepted = 0};
	struct cf_list_sink sink = {.accept = take, .reject = refuse, .context = &seen};
	struct cf_list_counts counts;

	if (cf_list_set_new(&seen.set) != CF_OK)
		return;
	if (cf_list_parse((const char *)data, len, &options, &sink, &counts) != CF_OK)
		abort();
	if (counts.accepted != seen.accepted || counts.rejected != seen.rejected ||
	    counts.format == CF_LIST_AUTO)
		abort();
	(void)cf_list_set_finish(seen.set); /* how many were merged does not matter */
	check_set(seen.set);
	cf_list_set_free(seen.set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (unsigned format = 0; format < CF_LIST_FORMATS; format++)
		read_as(data, len, (enum cf_list_format)format);
	return 0;
}
