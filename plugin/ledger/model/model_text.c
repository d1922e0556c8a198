/* Texts of a model: each once, in blocks that are freed together. */

#include "ledger/model/model_private.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536

struct text_block {
	struct text_block *next;
	size_t used;
	char bytes[BLOCK_BYTES];
};

const char *cf_model_text(struct cf_model *model, const char *text, size_t len)
{
	uint32_t number;

	if (len >= BLOCK_BYTES)
		len = BLOCK_BYTES - 1;
	if (cf_map_find(model->text_map, text, len, &number))
		return model->texts[number];
	const char **texts =
	    cf_array_grow(model->texts, model->text_count, 1, &model->text_size, sizeof *texts);

	if (texts == NULL)
		return NULL;
	model->texts = texts;
	if (model->blocks == NULL || BLOCK_BYTES - model->blocks->used < len + 1) {
		struct text_block *block = malloc(sizeof *block);

		if (block == NULL)
			return NULL;
		block->next = model->blocks;
		block->used = 0;
		model->blocks = block;
	}
	char *copy = model->blocks->bytes + model->blocks->used;

	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	if (cf_map_add(model->text_map, text, len, model->text_count, &number, NULL) != CF_OK)
		return NULL;
	model->blocks->used += len + 1;
	model->texts[model->text_count++] = copy;
	return copy;
}

const char *cf_model_column(struct cf_model *model, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return cf_model_text(
	    model, text == NULL ? "" : text, (size_t)sqlite3_column_bytes(row, column));
}

void cf_model_texts_free(struct cf_model *model)
{
	while (model->blocks != NULL) {
		struct text_block *next = model->blocks->next;

		free(model->blocks);
		model->blocks = next;
	}
	free(model->texts);
	cf_map_free(model->text_map);
}
