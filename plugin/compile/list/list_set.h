/*
 * A set of names with their scopes, put together from lists: sorted by domain (com, then example,
 * then www), duplicates merged. Made for millions: one block of text, no allocation a name.
 *
 * Add, then finish, then read. One thread.
 */
#pragma once

#include "base/status.h"
#include "image/category.h"
#include "names/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_list_set;

enum cf_status cf_list_set_new(struct cf_list_set **set_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_list_set_free(struct cf_list_set *set);

/*
 * tag travels with the name, for callers that keep more about it. CF_ENOMEM; CF_ETOOBIG over
 * CF_PACK_ENTRIES; CF_EINVALID for the root and for a name with a zero byte in a label.
 */
enum cf_status cf_list_set_add(struct cf_list_set *set, const struct cf_name *name,
    enum cf_scope scope, uint32_t tag) CF_MUST_CHECK;

/* Sorts by domain, equal names by tag, and keeps all. */
void cf_list_set_sort(struct cf_list_set *set);

/* Sorts and merges: a name as exact and as below is a subtree. Returns how many additions were
 * merged away. */
size_t cf_list_set_finish(struct cf_list_set *set);

size_t cf_list_set_count(const struct cf_list_set *set);

/* The i-th name of a finished set as text, terminated; returns text. */
const char *cf_list_set_get(const struct cf_list_set *set, size_t i, char text[CF_NAME_TEXT_BYTES],
    enum cf_scope *scope_out);

/* True when the finished set holds name, with a scope that covers at least scope. */
bool cf_list_set_has(
    const struct cf_list_set *set, const struct cf_name *name, enum cf_scope scope);

/* Of a sorted set: the tag; whether two names are equal; whether the name child lies below parent.
 */
uint32_t cf_list_set_tag(const struct cf_list_set *set, size_t i);
bool cf_list_set_same(const struct cf_list_set *set, size_t i, size_t j);
bool cf_list_set_below(const struct cf_list_set *set, size_t child, size_t parent);
