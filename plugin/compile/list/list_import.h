/*
 * Puts names read from other people's lists into a pack folder (compile/pack/pack.h), as the
 * entries of one source: what an earlier import under the same source id wrote is replaced,
 * everything else - entries made by hand, comments, order - stays as it is. The folder is made when
 * it does not exist.
 *
 * A list that came back empty or cut short must not take the protection away: an import that leaves
 * nothing or shrinks its entries by more than a limit is refused unless forced.
 */
#pragma once

#include "base/diag.h"
#include "base/status.h"
#include "compile/list/list_set.h"
#include "image/category.h"

#include <stdbool.h>
#include <stddef.h>

struct cf_list_target {
	const char *dir;
	const char *source;  /* id of the source */
	const char *title;   /* of the source: where the list comes from */
	const char *licence; /* "" not stated */
	const char *as_of;   /* YYYY-MM-DD */
	enum cf_category category;
	enum cf_confidence confidence;
	unsigned max_shrink_percent;
	bool force;
};

struct cf_list_outcome {
	size_t before; /* entries of this source in the pack so far */
	size_t after;
	size_t by_hand; /* names left out because the pack lists them otherwise */
	bool created;   /* the folder was made */
};

/*
 * set must be finished. CF_EINVALID: the pack in dir is broken, an argument is no such thing, or
 * the import would shrink it too much (*error says which and by how much; nothing is changed);
 * CF_EIO; CF_ENOMEM. Files are replaced by rename, sources first.
 */
enum cf_status cf_list_import(const struct cf_list_target *target, const struct cf_list_set *set,
    struct cf_list_outcome *outcome_out, struct cf_diags *diags,
    struct cf_error *error) CF_MUST_CHECK;
