/*
 * A map from byte strings to small numbers: the caches that ingest and the model look things up in
 * (host, rule, roll-up key -> id or index). Keys are copied. One thread.
 *
 * Keys come from logs, so a client may choose them: the hash is seeded at random for each map.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_map;

/* NULL without memory. */
struct cf_map *cf_map_new(void);
void cf_map_free(struct cf_map *map);

/* Forgets every key; keeps the memory. */
void cf_map_clear(struct cf_map *map);

uint32_t cf_map_count(const struct cf_map *map);

/* Asks for the memory that finding or adding the key will wait for; of several keys at once, the
 * waits are one. */
void cf_map_expect(const struct cf_map *map, const void *key, size_t len);

/* True and *value_out when key is there; untouched otherwise. */
bool cf_map_find(const struct cf_map *map, const void *key, size_t len, uint32_t *value_out);

/*
 * Finds key or adds it with value; *value_out is what the map holds afterwards, *added_out (may be
 * NULL) whether it was new. CF_ENOMEM: nothing changed.
 */
enum cf_status cf_map_add(struct cf_map *map, const void *key, size_t len, uint32_t value,
    uint32_t *value_out, bool *added_out) CF_MUST_CHECK;

/* As above; *key_out is the map's copy of the key, terminated, until the map is cleared or freed.
 */
enum cf_status cf_map_keep(struct cf_map *map, const void *key, size_t len, uint32_t value,
    uint32_t *value_out, bool *added_out, const char **key_out) CF_MUST_CHECK;
