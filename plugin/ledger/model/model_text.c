/* Texts of a model: each once, in the map that finds them, and freed with it. */

#include "ledger/model/model_private.h"

#include <string.h>

/* Longer ones lose their end; texts of a ledger are much shorter. */
#define TEXT_BYTES 65535

const char *cf_model_text(struct cf_model *model, const char *text, size_t len)
{
	const char *kept;
	uint32_t unused;

	if (len > TEXT_BYTES)
		len = TEXT_BYTES;
	return cf_map_keep(model->text_map, text, len, 0, &unused, NULL, &kept) == CF_OK ? kept
	                                                                                 : NULL;
}

const char *cf_model_column(struct cf_model *model, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return cf_model_text(
	    model, text == NULL ? "" : text, (size_t)sqlite3_column_bytes(row, column));
}

void cf_model_texts_free(struct cf_model *model)
{
	cf_map_free(model->text_map);
}
