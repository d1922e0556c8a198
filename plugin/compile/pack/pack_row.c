/* One line of a pack's table: its cells, each checked. */

#include "compile/pack/pack_row.h"

#include <string.h>

void cf_pack_row_complain(struct cf_pack_row *row, unsigned column, const char *expected)
{
	char quoted[120];

	row->ok = false;
	cf_diag_add(row->diags, CF_DIAG_ERROR, row->tsv->file, row->tsv->line,
	    row->tsv->columns[column], "%s; expected %s",
	    cf_quote(row->cells[column], row->lens[column], quoted, sizeof quoted), expected);
}

void cf_pack_row_refuse(struct cf_pack_row *row, unsigned column, const char *why)
{
	row->ok = false;
	cf_diag_add(row->diags, CF_DIAG_ERROR, row->tsv->file, row->tsv->line,
	    row->tsv->columns[column], "%s", why);
}

enum cf_category cf_pack_row_category(struct cf_pack_row *row, unsigned column)
{
	enum cf_category category = CF_CATEGORY_CORPORATE;

	if (!cf_category_parse(row->cells[column], row->lens[column], &category))
		cf_pack_row_complain(row, column,
		    "a category: updates telemetry activation cloud-console web-account sales "
		    "corporate pki "
		    "product-service informational local-injection lookalike");
	return category;
}

enum cf_confidence cf_pack_row_confidence(struct cf_pack_row *row, unsigned column)
{
	enum cf_confidence confidence = CF_CONFIDENCE_INFERRED;

	if (!cf_confidence_parse(row->cells[column], row->lens[column], &confidence))
		cf_pack_row_complain(row, column, "documented, listed or inferred");
	return confidence;
}

const char *cf_pack_row_text(struct cf_pack_row *row, unsigned column)
{
	if (row->lens[column] == 0)
		cf_pack_row_complain(row, column, "some text");
	return row->cells[column];
}

const char *cf_pack_row_date(struct cf_pack_row *row, unsigned column)
{
	if (!cf_pack_date_ok(row->cells[column]))
		cf_pack_row_complain(row, column, "a date: YYYY, YYYY-MM or YYYY-MM-DD");
	return row->cells[column];
}

const char *cf_pack_row_sources(struct cf_pack_row *row, unsigned column)
{
	const char *cell = row->cells[column], *at = cell;

	if (row->sources_known != NULL && strcmp(row->sources_known, cell) == 0)
		return row->sources_known;
	for (;;) {
		size_t len = strcspn(at, ",");

		if (cf_pack_find_source(row->pack, at, len) == NULL) {
			cf_pack_row_complain(row, column, "ids from sources.tsv, parted by commas");
			return cell;
		}
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	row->sources_known = cell;
	return cell;
}

bool cf_pack_number(const char *text, size_t len, uint32_t most, uint32_t *value_out)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > most)
		return false;
	*value_out = (uint32_t)value;
	return true;
}

uint32_t cf_pack_row_asn(struct cf_pack_row *row, unsigned column, bool required)
{
	uint32_t asn = 0;

	if (row->lens[column] == 0 && !required)
		return 0;
	if (!cf_pack_number(row->cells[column], row->lens[column], UINT32_MAX, &asn) || asn == 0)
		cf_pack_row_complain(row, column, "an AS number, digits only");
	return asn;
}

struct cf_prefix cf_pack_row_prefix(struct cf_pack_row *row, unsigned column)
{
	struct cf_prefix prefix = {.bits = 0};
	enum cf_status status = cf_prefix_parse(row->cells[column], &prefix);

	if (status == CF_EINVALID)
		cf_pack_row_complain(row, column, "a prefix without bits set behind its length");
	else if (status != CF_OK)
		cf_pack_row_complain(row, column, "an IPv4 or IPv6 prefix");
	return prefix;
}

bool cf_pack_row_next(struct cf_pack_row *row)
{
	row->ok = true;
	return cf_tsv_next(row->tsv, row->cells, row->lens, row->diags);
}
