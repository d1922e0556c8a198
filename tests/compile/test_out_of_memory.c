/*
 * Each allocation of reading, importing, comparing and checking packs fails in turn: the call says
 * so, leaks nothing (the sanitizer build sees) and changes no file.
 */

#include "../scratch_template.h"
#include "compile/list/list_diff.h"
#include "compile/list/list_import.h"
#include "compile/list/list_parse.h"
#include "compile/pack_check.h"
#include "compile/policy/preset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TINY CF_TEST_ROOT "/tests/compile/packs/tiny"
/* More allocations than any of these calls makes. */
#define MOST 4000

/* The linker sends our objects' calls here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);

/* Allocations left until one fails; 0: none fails. Tests need this one mutable global. */
static unsigned countdown;
static bool failed;

static bool fails(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/*
 * Runs the call with its first, second... allocation failing until it makes no more. Allocations
 * that only feed a message may fail without failing the call; then its result must be whole.
 */
static unsigned fail_each(enum cf_status (*call)(void *context), void *context)
{
	unsigned failures = 0;

	for (unsigned n = 1; n < MOST; n++) {
		enum cf_status status;

		failed = false;
		countdown = n;
		status = call(context);
		countdown = 0;
		if (!failed) {
			assert_int_equal(status, CF_OK);
			return failures;
		}
		failures += status != CF_OK;
	}
	fail_msg("more than %d allocations", MOST);
	return 0;
}

static enum cf_status read_pack(void *context)
{
	struct cf_pack *pack = NULL;
	struct cf_diags diags;
	enum cf_status status;

	(void)context;
	cf_diags_init(&diags);
	status = cf_pack_read(TINY, &pack, &diags);
	assert_int_equal(status == CF_OK, pack != NULL);
	if (pack != NULL)
		assert_int_equal(pack->name_count, 3);
	cf_pack_free(pack);
	cf_diags_done(&diags);
	return status;
}

static enum cf_status read_preset(void *context)
{
	struct cf_preset *preset = NULL;
	struct cf_diags diags;
	enum cf_status status;

	(void)context;
	cf_diags_init(&diags);
	status = cf_preset_read(TINY, "sunset", &preset, &diags);
	assert_int_equal(status == CF_OK, preset != NULL);
	cf_preset_free(preset);
	cf_diags_done(&diags);
	return status;
}

static void see(void *context, const struct cf_list_difference *difference)
{
	(void)difference;
	++*(unsigned *)context;
}

static enum cf_status diff_packs(void *context)
{
	const struct cf_pack *const *packs = context;
	size_t counts[CF_CHANGES][CF_CATEGORIES];
	unsigned differences = 0;
	enum cf_status status = cf_list_diff(packs[0], packs[1], see, &differences, counts);

	if (status == CF_OK)
		assert_int_not_equal(differences, 0);
	return status;
}

static enum cf_status check_pack(void *context)
{
	const struct cf_pack *const *packs = context;
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	status = cf_pack_check(packs[0], 1800000000, &diags);
	/* A preset that could not be read for want of memory is said, and the check goes on. */
	if (status == CF_OK && diags.errors != 0)
		status = CF_ENOMEM;
	cf_diags_done(&diags);
	return status;
}

static bool take(void *context, const struct cf_name *name, enum cf_scope scope, unsigned line)
{
	(void)line;
	return cf_list_set_add(context, name, scope, 0) == CF_OK;
}

static void refuse(void *context, unsigned line, const char *text, size_t len, const char *reason)
{
	(void)context;
	(void)line;
	(void)text;
	(void)len;
	(void)reason;
}

static enum cf_status import_list(void *context)
{
	static const char text[] = "a.example.com\nb.example.com\nb\xc3\xbc"
	                           "cher.example.com\n";
	struct cf_list_target target = {.dir = context,
	    .source = "import",
	    .title = "t",
	    .licence = "",
	    .as_of = "2026-02-03",
	    .category = CF_CATEGORY_UPDATES,
	    .max_shrink_percent = 10};
	struct cf_list_options options = {.format = CF_LIST_PLAIN, .allow_public_suffix = true};
	struct cf_list_sink sink = {.accept = take, .reject = refuse};
	struct cf_list_outcome outcome;
	struct cf_list_counts counts;
	struct cf_list_set *set = NULL;
	struct cf_diags diags;
	enum cf_status status = cf_list_set_new(&set);

	cf_diags_init(&diags);
	if (status == CF_OK) {
		sink.context = set;
		status = cf_list_parse(text, sizeof text - 1, &options, &sink, &counts);
		(void)cf_list_set_finish(set); /* no duplicates */
	}
	if (status == CF_OK)
		status = cf_list_import(&target, set, &outcome, &diags, NULL);
	cf_list_set_free(set);
	cf_diags_done(&diags);
	return status;
}

static void reading_survives_every_failing_allocation(void **state)
{
	(void)state;
	assert_in_range(fail_each(read_pack, NULL), 10, MOST);
	assert_in_range(fail_each(read_preset, NULL), 10, MOST);
}

static void comparing_and_checking_survive_every_failing_allocation(void **state)
{
	struct cf_pack *packs[2] = {NULL, NULL};
	struct cf_diags diags;

	(void)state;
	cf_diags_init(&diags);
	assert_int_equal(cf_pack_read(TINY, &packs[0], &diags), CF_OK);
	assert_int_equal(cf_pack_read(CF_TEST_ROOT "/lists/kaspersky", &packs[1], &diags), CF_OK);
	assert_in_range(fail_each(diff_packs, packs), 2, MOST);
	assert_in_range(fail_each(check_pack, packs), 2, MOST);
	cf_pack_free(packs[0]);
	cf_pack_free(packs[1]);
	cf_diags_done(&diags);
}

static void import_survives_every_failing_allocation(void **state)
{
	char dir[SCRATCH_BYTES], pack[SCRATCH_COMMAND_BYTES];
	struct cf_diags diags;
	struct cf_pack *read = NULL;

	(void)state;
	assert_non_null(mkdtemp(scratch_template(dir, "oom")));
	snprintf(pack, sizeof pack, "%s/pack", dir);
	assert_in_range(fail_each(import_list, pack), 4, MOST);
	/* The folder is there now: what is in it is read and replaced. */
	assert_in_range(fail_each(import_list, pack), 10, MOST);
	cf_diags_init(&diags);
	assert_int_equal(cf_pack_read(pack, &read, &diags), CF_OK);
	assert_int_equal(read->name_count, 3);
	cf_pack_free(read);
	cf_diags_done(&diags);
	assert_true(scratch_drop(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reading_survives_every_failing_allocation),
	    cmocka_unit_test(comparing_and_checking_survive_every_failing_allocation),
	    cmocka_unit_test(import_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
