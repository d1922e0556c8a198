/*
 * A preset: what a legal text says, as dated phases over categories. Lies in a pack's presets/
 * folder; a policy names one, or brings its own phases.
 *
 * Read once, then immutable; strings are never NULL and live as long as the preset.
 */
#pragma once

#include "base/diag.h"
#include "base/status.h"
#include "image/category.h"

#include <stddef.h>
#include <stdint.h>

struct cf_preset_phase {
	const char *name, *citation;
	int64_t from_wall_s;
	uint32_t categories; /* bit 1 << enum cf_category */
	enum cf_verdict verdict;
	unsigned line;
};

/* Names that get their own verdict from ever, for everybody: what the text exempts. */
struct cf_preset_exempt {
	const char *const *names; /* each a DNS name in text; it and everything below */
	size_t name_count;
	enum cf_verdict verdict;
	const char *reason, *citation;
	unsigned line;
};

struct cf_preset {
	const char *file; /* where it was read from */
	const char *name, *title, *citation, *summary;
	enum cf_verdict baseline[CF_CATEGORIES];
	struct cf_preset_phase *phases; /* in the order of the file */
	size_t phase_count;
	struct cf_preset_exempt *exempts;
	size_t exempt_count;
};

/*
 * Reads DIR/presets/NAME.yaml, where name is a plain file name without dots and slashes
 * (CF_EINVALID with a diag otherwise). Statuses and diags as cf_pack_read(). Free with
 * cf_preset_free().
 */
enum cf_status cf_preset_read(const char *dir, const char *name, struct cf_preset **preset_out,
    struct cf_diags *diags) CF_MUST_CHECK;

/*
 * The names of the presets that lie in DIR/presets, sorted, as cf_preset_read() takes them; whether
 * they read is not looked at. Returns how many; 0 when the folder is not there or without memory.
 * Each name and *names_out are the caller's, to be freed.
 */
size_t cf_preset_names(const char *dir, char ***names_out);

/* As cf_preset_read(), from len bytes of text; file is what problems call it. */
enum cf_status cf_preset_parse(const char *text, size_t len, const char *file, const char *name,
    struct cf_preset **preset_out, struct cf_diags *diags) CF_MUST_CHECK;

/* NULL is fine. */
void cf_preset_free(struct cf_preset *preset);

/*
 * The verdict for a category at an instant, names exempted apart: the latest phase that has begun
 * and holds the category (of two at one instant the later in the file), else the baseline.
 * *phase_out (may be NULL) gets that phase or NULL.
 */
enum cf_verdict cf_preset_verdict(const struct cf_preset *preset, enum cf_category category,
    int64_t at_wall_s, const struct cf_preset_phase **phase_out);
