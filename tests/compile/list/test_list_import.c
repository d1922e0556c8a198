/* compile/list/list_set.h and compile/list/list_import.h */

#include "../scratch_template.h"
#include "compile/list/list_import.h"
#include "compile/pack/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[SCRATCH_BYTES], pack_dir[80];
	struct cf_list_set *set;
	struct cf_list_target target;
	struct cf_list_outcome outcome;
	struct cf_diags diags;
	struct cf_error error;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (mkdtemp(scratch_template(f->dir, "import")) == NULL ||
	    cf_list_set_new(&f->set) != CF_OK)
		return -1;
	snprintf(f->pack_dir, sizeof f->pack_dir, "%s/vendor-x", f->dir);
	f->target = (struct cf_list_target){.dir = f->pack_dir,
	    .source = "import",
	    .title = "a test",
	    .licence = "",
	    .as_of = "2026-02-03",
	    .category = CF_CATEGORY_UPDATES,
	    .confidence = CF_CONFIDENCE_LISTED,
	    .max_shrink_percent = 10};
	cf_diags_init(&f->diags);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	bool dropped = scratch_drop(f->dir);

	cf_list_set_free(f->set);
	cf_diags_done(&f->diags);
	free(f);
	return dropped ? 0 : -1;
}

static void add(struct fixture *f, const char *text, enum cf_scope scope)
{
	struct cf_name name;

	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	assert_int_equal(cf_list_set_add(f->set, &name, scope, 0), CF_OK);
}

static void fill(struct fixture *f, unsigned count)
{
	char text[40];

	cf_list_set_free(f->set);
	assert_int_equal(cf_list_set_new(&f->set), CF_OK);
	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof text, "n%u.example.com", i);
		add(f, text, CF_SCOPE_EXACT);
	}
	cf_list_set_finish(f->set);
}

static enum cf_status import(struct fixture *f)
{
	return cf_list_import(&f->target, f->set, &f->outcome, &f->diags, &f->error);
}

static size_t names_in_pack(struct fixture *f)
{
	struct cf_pack *pack = NULL;
	size_t count;

	assert_int_equal(cf_pack_read(f->pack_dir, &pack, &f->diags), CF_OK);
	count = pack->name_count;
	cf_pack_free(pack);
	return count;
}

static void set_sorts_by_domain_and_merges_scopes(void **state)
{
	struct fixture *f = *state;
	char text[CF_NAME_TEXT_BYTES];
	enum cf_scope scope;
	struct cf_name name;

	add(f, "b.example.com", CF_SCOPE_EXACT);
	add(f, "example.net", CF_SCOPE_EXACT);
	add(f, "B.example.com", CF_SCOPE_BELOW);
	add(f, "example.com", CF_SCOPE_BELOW);
	add(f, "a.b.example.com", CF_SCOPE_EXACT);
	add(f, "a.b.example.com", CF_SCOPE_EXACT);
	assert_int_equal(cf_list_set_finish(f->set), 2);
	assert_int_equal(cf_list_set_count(f->set), 4);
	assert_string_equal(cf_list_set_get(f->set, 0, text, &scope), "example.com");
	assert_int_equal(scope, CF_SCOPE_BELOW);
	assert_string_equal(cf_list_set_get(f->set, 1, text, &scope), "b.example.com");
	assert_int_equal(scope, CF_SCOPE_SUBTREE);
	assert_string_equal(cf_list_set_get(f->set, 2, text, &scope), "a.b.example.com");
	assert_string_equal(cf_list_set_get(f->set, 3, text, &scope), "example.net");
	assert_int_equal(cf_name_from_text("example.com", 11, &name), CF_OK);
	assert_true(cf_list_set_has(f->set, &name, CF_SCOPE_BELOW));
	assert_false(cf_list_set_has(f->set, &name, CF_SCOPE_EXACT));
	assert_int_equal(cf_name_from_text("xample.com", 10, &name), CF_OK);
	assert_false(cf_list_set_has(f->set, &name, CF_SCOPE_EXACT));
}

static void new_folder_becomes_a_pack_that_reads(void **state)
{
	struct fixture *f = *state;

	fill(f, 100);
	assert_int_equal(import(f), CF_OK);
	assert_true(f->outcome.created);
	assert_int_equal(f->outcome.after, 100);
	assert_int_equal(names_in_pack(f), 100);
}

static void second_import_replaces_the_first(void **state)
{
	struct fixture *f = *state;

	fill(f, 100);
	assert_int_equal(import(f), CF_OK);
	fill(f, 95);
	f->target.as_of = "2026-02-04";
	assert_int_equal(import(f), CF_OK);
	assert_int_equal(f->outcome.before, 100);
	assert_int_equal(f->outcome.after, 95);
	assert_int_equal(names_in_pack(f), 95);
}

static void import_that_shrinks_too_much_changes_nothing(void **state)
{
	struct fixture *f = *state;

	fill(f, 100);
	assert_int_equal(import(f), CF_OK);
	fill(f, 89);
	assert_int_equal(import(f), CF_EINVALID);
	assert_non_null(strstr(f->error.text, "from 100 to 89"));
	assert_int_equal(names_in_pack(f), 100);
	f->target.max_shrink_percent = 11;
	assert_int_equal(import(f), CF_OK);
	assert_int_equal(names_in_pack(f), 89);
}

static void empty_import_is_refused_unless_forced(void **state)
{
	struct fixture *f = *state;

	fill(f, 0);
	assert_int_equal(import(f), CF_EINVALID);
	assert_int_not_equal(access(f->pack_dir, F_OK), 0); /* nothing was made */
	fill(f, 3);
	assert_int_equal(import(f), CF_OK);
	fill(f, 0);
	f->target.max_shrink_percent = 100;
	assert_int_equal(import(f), CF_EINVALID);
	assert_int_equal(names_in_pack(f), 3);
	f->target.force = true;
	assert_int_equal(import(f), CF_OK);
	assert_int_equal(names_in_pack(f), 0);
}

static void entries_made_by_hand_survive_with_their_comments(void **state)
{
	struct fixture *f = *state;
	char path[120], text[4096];
	size_t len;
	FILE *file;

	fill(f, 5);
	assert_int_equal(import(f), CF_OK);
	snprintf(path, sizeof path, "%s/sources.tsv", f->pack_dir);
	file = fopen(path, "a");
	fputs("hand\tby hand\tCC0-1.0\t2026-01-01\n", file);
	assert_int_equal(fclose(file), 0);
	snprintf(path, sizeof path, "%s/names.tsv", f->pack_dir);
	file = fopen(path, "a");
	fputs("# mine\nn1.example.com\tsubtree\ttelemetry\tp\thand\tdocumented\t2026-01-01\tkeep\n",
	    file);
	assert_int_equal(fclose(file), 0);
	fill(f, 5);
	assert_int_equal(import(f), CF_OK);
	assert_int_equal(f->outcome.by_hand, 1);
	assert_int_equal(f->outcome.after, 4);
	assert_int_equal(names_in_pack(f), 5);
	file = fopen(path, "r");
	len = fread(text, 1, sizeof text - 1, file);
	text[len] = '\0';
	fclose(file);
	assert_non_null(strstr(text,
	    "# mine\nn1.example.com\tsubtree\ttelemetry\tp\thand\tdocumented\t2026-01-01\tkeep\n"));
	assert_null(strstr(text, "n1.example.com\texact"));
	assert_ptr_equal(strstr(strstr(text, "# import import:") + 1, "# import import:"), NULL);
}

static void broken_pack_and_bad_arguments_are_refused(void **state)
{
	struct fixture *f = *state;
	char path[120];
	FILE *file;

	fill(f, 5);
	f->target.source = "a b";
	assert_int_equal(import(f), CF_EINVALID);
	f->target.source = "import";
	f->target.title = "tab\there";
	assert_int_equal(import(f), CF_EINVALID);
	f->target.title = "";
	f->target.as_of = "yesterday";
	assert_int_equal(import(f), CF_EINVALID);
	f->target.as_of = "2026-02-03";
	assert_int_equal(import(f), CF_OK);
	snprintf(path, sizeof path, "%s/names.tsv", f->pack_dir);
	file = fopen(path, "a");
	fputs("torn line\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(import(f), CF_EINVALID);
	assert_int_not_equal(f->diags.errors, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(set_sorts_by_domain_and_merges_scopes),
	    TEST(new_folder_becomes_a_pack_that_reads),
	    TEST(second_import_replaces_the_first),
	    TEST(import_that_shrinks_too_much_changes_nothing),
	    TEST(empty_import_is_refused_unless_forced),
	    TEST(entries_made_by_hand_survive_with_their_comments),
	    TEST(broken_pack_and_bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
