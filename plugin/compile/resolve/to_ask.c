/* Patterns expanded, and a list that grows. */

#include "compile/resolve/to_ask.h"

#include "compile/pack/pattern.h"

#include <stdlib.h>
#include <string.h>

struct collecting {
	struct cf_to_ask *ask;
	enum cf_category category; /* of the entry being expanded */
	enum cf_status status;
};

static bool make_room(struct collecting *c)
{
	size_t capacity = c->ask->capacity == 0 ? 256 : c->ask->capacity * 2;
	struct cf_resolved *names;
	enum cf_category *categories;

	if (c->ask->count < c->ask->capacity)
		return true;
	names = reallocarray(c->ask->names, capacity, sizeof *names);
	if (names != NULL)
		c->ask->names = names;
	categories = reallocarray(c->ask->categories, capacity, sizeof *categories);
	if (categories != NULL)
		c->ask->categories = categories;
	if (names == NULL || categories == NULL) {
		c->status = CF_ENOMEM;
		return false;
	}
	c->ask->capacity = capacity;
	return true;
}

static bool add_name(void *context, const struct cf_name *name)
{
	struct collecting *c = context;
	char text[CF_NAME_TEXT_BYTES], *copy;

	if (!make_room(c))
		return false;
	copy = strdup(cf_name_format(name, text));
	if (copy == NULL) {
		c->status = CF_ENOMEM;
		return false;
	}
	c->ask->names[c->ask->count] = (struct cf_resolved){.name = copy};
	c->ask->categories[c->ask->count++] = c->category;
	return true;
}

enum cf_status cf_to_ask_collect(struct cf_to_ask *ask, const struct cf_pack *pack, bool all)
{
	struct collecting c = {.ask = ask};

	for (size_t i = 0; i < pack->name_count && c.status == CF_OK; i++) {
		const struct cf_pack_name *name = &pack->names[i];

		c.category = (enum cf_category)name->category;
		if (name->scope == CF_SCOPE_BELOW || (c.category == CF_CATEGORY_LOOKALIKE && !all))
			continue;
		if (cf_pattern_expand(name->name, name->name_len, add_name, &c) != CF_OK &&
		    c.status == CF_OK)
			c.status = CF_EINTERNAL; /* the reader has checked the pattern */
	}
	return c.status;
}

void cf_to_ask_done(struct cf_to_ask *ask)
{
	cf_resolved_free(ask->names, ask->count);
	for (size_t i = 0; i < ask->count; i++)
		free((char *)ask->names[i].name); /* a copy made here */
	free(ask->names);
	free(ask->categories);
}
