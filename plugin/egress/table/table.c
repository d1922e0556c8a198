/* Four growing arrays. */

#include "egress/table/table.h"

#include <stdlib.h>
#include <string.h>

size_t cf_set_key_bytes(enum cf_set_type type)
{
	static const uint8_t bytes[] = {
	    [CF_SET_ADDR_V4] = 4, [CF_SET_ADDR_V6] = 16, [CF_SET_PROTO] = 1, [CF_SET_PORT] = 2};

	return bytes[type];
}

uint32_t cf_set_capacity(const struct cf_table_set *set)
{
	uint32_t room = 64;

	/* An eighth more than there is now, so that a few more need no other set. */
	while (room - room / 8 < set->count)
		room *= 2;
	return room;
}

/* Makes room for one more; false: no memory, which is noted. */
static bool make_room(
    struct cf_table *table, void **items, uint32_t *size, uint32_t count, size_t bytes)
{
	uint32_t wanted = *size == 0 ? 16 : *size * 2;
	void *grown;

	if (table->broken)
		return false;
	if (count < *size)
		return true;
	grown = reallocarray(*items, wanted, bytes);
	table->broken = grown == NULL;
	if (grown == NULL)
		return false;
	*items = grown;
	*size = wanted;
	return true;
}

static void set_name(char to[CF_TABLE_NAME], const char *name)
{
	size_t len = strnlen(name, CF_TABLE_NAME - 1);

	memcpy(to, name, len);
	to[len] = '\0';
}

struct cf_table_set *cf_table_add_set(
    struct cf_table *table, const char *name, enum cf_set_type type, bool ranges, bool is_map)
{
	struct cf_table_set *set;
	void *items = table->sets;
	bool ok = make_room(table, &items, &table->set_size, table->set_count, sizeof *set);

	table->sets = items;
	if (!ok)
		return NULL;
	set = &table->sets[table->set_count++];
	*set = (struct cf_table_set){.type = type, .ranges = ranges, .is_map = is_map};
	set_name(set->name, name);
	return set;
}

static bool grow_keys(struct cf_table_set *set, size_t bytes)
{
	uint32_t size = set->size == 0 ? 16 : set->size * 2;
	uint8_t *keys = reallocarray(set->keys, size, bytes);
	uint32_t *kinds = set->is_map ? reallocarray(set->kinds, size, sizeof *kinds) : NULL;

	set->keys = keys != NULL ? keys : set->keys;
	set->kinds = kinds != NULL ? kinds : set->kinds;
	if (keys == NULL || (set->is_map && kinds == NULL))
		return false;
	set->size = size;
	return true;
}

void cf_table_add_key(
    struct cf_table *table, struct cf_table_set *set, const uint8_t *key, uint32_t kind)
{
	size_t bytes;

	if (set == NULL || table->broken)
		return;
	bytes = cf_set_key_bytes(set->type) * (set->ranges ? 2 : 1);
	if (set->count == set->size && !grow_keys(set, bytes)) {
		table->broken = true;
		return;
	}
	memcpy(set->keys + bytes * set->count, key, bytes);
	if (set->is_map)
		set->kinds[set->count] = kind;
	set->count++;
}

const struct cf_table_set *cf_table_find_set(const struct cf_table *table, const char *name)
{
	for (uint32_t i = 0; i < table->set_count; i++)
		if (strcmp(table->sets[i].name, name) == 0)
			return &table->sets[i];
	return NULL;
}

void cf_table_add_chain(struct cf_table *table, const char *name, enum cf_chain_hook hook)
{
	void *items = table->chains;
	bool ok =
	    make_room(table, &items, &table->chain_size, table->chain_count, sizeof *table->chains);

	table->chains = items;
	if (!ok)
		return;
	table->chains[table->chain_count] =
	    (struct cf_table_chain){.hook = hook, .rules_at = table->rule_count};
	set_name(table->chains[table->chain_count++].name, name);
}

void cf_table_add_rule(struct cf_table *table)
{
	void *items = table->rules;
	bool ok =
	    make_room(table, &items, &table->rule_size, table->rule_count, sizeof *table->rules);

	table->rules = items;
	if (!ok)
		return;
	table->rules[table->rule_count++] = (struct cf_table_rule){.terms_at = table->term_count};
	table->chains[table->chain_count - 1].rule_count++;
}

void cf_table_add_term(struct cf_table *table, struct cf_term term)
{
	void *items = table->terms;
	bool ok =
	    make_room(table, &items, &table->term_size, table->term_count, sizeof *table->terms);

	table->terms = items;
	if (!ok)
		return;
	table->terms[table->term_count++] = term;
	table->rules[table->rule_count - 1].term_count++;
}

struct cf_term cf_term(enum cf_term_kind kind)
{
	struct cf_term term;

	memset(&term, 0, sizeof term);
	term.kind = kind;
	return term;
}

struct cf_term cf_term_number(enum cf_term_kind kind, uint32_t number)
{
	struct cf_term term = cf_term(kind);

	term.number = number;
	return term;
}

struct cf_term cf_term_name(enum cf_term_kind kind, const char *name)
{
	struct cf_term term = cf_term(kind);

	memcpy(term.name, name, strnlen(name, CF_TERM_NAME - 1));
	return term;
}

struct cf_term cf_term_addr(
    enum cf_term_kind kind, enum cf_family family, bool source, uint8_t bits, const char *name)
{
	struct cf_term term = cf_term_name(kind, name);

	term.family = family;
	term.source = source;
	term.bits = bits;
	return term;
}

bool cf_table_is_whole(const struct cf_table *table)
{
	return !table->broken;
}

void cf_table_done(struct cf_table *table)
{
	for (uint32_t i = 0; i < table->set_count; i++) {
		free(table->sets[i].keys);
		free(table->sets[i].kinds);
	}
	free(table->sets);
	free(table->chains);
	free(table->rules);
	free(table->terms);
	*table = (struct cf_table){.set_count = 0};
}
