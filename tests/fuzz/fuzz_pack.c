/*
 * A pack's tables of any bytes. The first byte chooses the table; the rest is read as its lines,
 * behind the header that belongs there half of the time. What is read can be linted, compared and
 * expanded.
 */

#include "compile/list/list_diff.h"
#include "compile/pack/pack_table.h"
#include "compile/pack/pattern.h"
#include "compile/pack_check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TABLES 7

static struct cf_pack_source sources[] = {
    {.id = "s", .title = "a source", .licence = "none", .as_of = "2026-01-01", .line = 2},
};

/* The table's header, then the bytes, in a block that the table may own. */
static char *make_text(const struct cf_pack_table *table, bool with_header, const uint8_t *data,
    size_t len, size_t *size_out)
{
	char *text = malloc(len + 256);
	size_t at = 0;

	if (text == NULL)
		return NULL;
	for (unsigned i = 0; with_header && i < table->column_count; i++) {
		size_t n = strlen(table->columns[i]);

		memcpy(text + at, table->columns[i], n);
		at += n;
		text[at++] = i + 1 < table->column_count ? '\t' : '\n';
	}
	if (len != 0)
		memcpy(text + at, data, len);
	*size_out = at + len;
	return text;
}

static bool see_member(void *context, const struct cf_name *name)
{
	size_t *seen = context;

	(void)name;
	return ++*seen < 100;
}

static void see_difference(void *context, const struct cf_list_difference *difference)
{
	(void)context;
	(void)difference;
	abort(); /* a pack equals itself */
}

static void use(const struct cf_pack *pack, struct cf_diags *diags)
{
	size_t counts[CF_CHANGES][CF_CATEGORIES];

	for (size_t i = 0; i < pack->name_count && i < 1000; i++) {
		const struct cf_pack_name *name = &pack->names[i];
		size_t seen = 0;
		enum cf_status status =
		    cf_pattern_expand(name->name, name->name_len, see_member, &seen);

		if ((status != CF_OK && status != CF_EAGAIN) || seen == 0)
			abort();
	}
	if (pack->name_count < 100 &&
	    cf_list_diff(pack, pack, see_difference, NULL, counts) != CF_OK)
		abort();
	if (pack->name_count < 100 && cf_pack_check(pack, 1727582400, diags) != CF_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct cf_pack_table *table;
	struct cf_pack pack = {.dir = "/nonexistent", .default_preset = ""};
	struct cf_diags diags;
	struct cf_tsv tsv;
	size_t size;
	char *text;

	if (len == 0)
		return 0;
	table = data[0] % (TABLES + 1) == TABLES ? &cf_pack_overlay_table
	                                         : &cf_pack_tables[data[0] % (TABLES + 1)];
	text = make_text(table, (data[0] & 0x80) == 0, data + 1, len - 1, &size);
	cf_diags_init(&diags);
	if (text == NULL ||
	    cf_tsv_from_memory(&tsv, text, size, "fuzz.tsv", table->columns, table->column_count) !=
	        CF_OK)
		return 0;
	if (data[0] % (TABLES + 1) != 0) {
		pack.sources = sources;
		pack.source_count = 1;
	}
	if (cf_pack_table_read(table, &pack, &tsv, &diags) == CF_OK)
		use(&pack, &diags);
	if (pack.sources != sources)
		free(pack.sources);
	free(pack.names);
	free(pack.networks);
	free(pack.asns);
	free(pack.ports);
	free(pack.signatures);
	free(pack.resolvers);
	cf_tsv_done(&tsv);
	cf_diags_done(&diags);
	return 0;
}
