/* Texts of a model: each once, in the map that finds them, and freed with it. */

#include "ledger/model/model_private.h"

#include <string.h>

/* Longer ones lose their end; texts of a ledger are much shorter. */
#define TEXT_BYTES 65535

/* The copy of the bytes in the map, whose texts are numbered from 0. */
static const char *keep(struct cf_map *map, const char *text, size_t len, uint32_t *number_out)
{
	const char *kept;

	if (len > TEXT_BYTES)
		len = TEXT_BYTES;
	return cf_map_keep(map, text, len, cf_map_count(map), number_out, NULL, &kept) == CF_OK
	    ? kept
	    : NULL;
}

const char *cf_model_text(struct cf_model *model, const char *text, size_t len)
{
	uint32_t unused;

	return keep(model->text_map, text, len, &unused);
}

const char *cf_model_column(struct cf_model *model, const struct cf_row *row, int column)
{
	const char *text = cf_row_text(row, column);

	return cf_model_text(model, text == NULL ? "" : text, cf_row_bytes(row, column));
}

/* Rows that follow each other have much in common: such texts are not looked for. The others are
 * waited for together. */
bool cf_model_texts(struct cf_model *model, const struct cf_row *row, int first, size_t count,
    const char **const texts[], uint32_t numbers[])
{
	struct {
		const char *text;
		size_t len;
	} read[MODEL_ROW_TEXTS];

	for (size_t i = 0; i < count; i++) {
		read[i].text = cf_row_text(row, first + (int)i);
		read[i].len = cf_row_bytes(row, first + (int)i);
		if (read[i].text == NULL)
			read[i].text = "";
		if (read[i].len > TEXT_BYTES)
			read[i].len = TEXT_BYTES;
		cf_map_expect(model->text_map, read[i].text, read[i].len);
	}
	for (size_t i = 0; i < count; i++) {
		struct model_last_text *last = &model->last_texts[i];

		if (last->text == NULL || last->len != read[i].len ||
		    memcmp(last->text, read[i].text, read[i].len) != 0) {
			last->text =
			    keep(model->text_map, read[i].text, read[i].len, &last->number);
			last->len = read[i].len;
		}
		if (last->text == NULL)
			return false;
		*texts[i] = last->text;
		numbers[i] = last->number;
	}
	return true;
}

const char *cf_model_addr(
    struct cf_model *model, const struct cf_row *row, int column, uint32_t *number_out)
{
	const char *text = cf_row_text(row, column);

	return keep(
	    model->addr_map, text == NULL ? "" : text, cf_row_bytes(row, column), number_out);
}

void cf_model_texts_free(struct cf_model *model)
{
	cf_map_free(model->addr_map);
	cf_map_free(model->text_map);
}
