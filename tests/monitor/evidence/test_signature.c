/* Wire signatures: what each word of the pack format matches, and what it does not. */

#include "monitor/evidence/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool matches(const char *match, const char *value, const char *text)
{
	return cf_signature_matches(
	    match, value, (struct cf_slice){.data = (const uint8_t *)text, .len = strlen(text)});
}

static void updater_paths_match_their_globs(void **state)
{
	(void)state;
	assert_true(matches("prefix", "/updaters/updater.xml", "/updaters/updater.xml.dif"));
	assert_false(matches("prefix", "/updaters/updater.xml", "/x/updaters/updater.xml"));
	assert_true(matches("glob", "/updates/*-1313g.xml.*", "/updates/kdb/kdb-1313g.xml.dif"));
	assert_false(matches("glob", "/updates/*-1313g.xml.*", "/updates/kdb/kdb-1313g.xml"));
	assert_true(matches("glob", "*", ""));
	assert_true(matches("glob", "a*b*c", "axxbxbxc"));
	assert_false(matches("glob", "a*b*c", "axxbxbx"));
	assert_true(matches("suffix", ".klz", "/a/b.klz"));
	assert_false(matches("suffix", ".klz", "klz"));
	assert_true(matches("contains", "Lab Public", "Kaspersky Lab Public Services"));
	assert_true(matches("exact", "KLZF", "KLZF"));
	assert_false(matches("exact", "KLZF", "KLZFx"));
}

static void encrypted_user_agents_are_told_from_words(void **state)
{
	(void)state;
	assert_true(matches("lead-base64", "*@",
	    "*B0cBAAQAjyajPZi3NqrqOlLbWHEBn0dO1ZHOsQUs2xEOPsB8LFbPAkWACAAAA8AA"));
	assert_true(matches("lead-base64", "*@", "@hEKzPRNa0lItsGIjysY"));
	assert_false(matches("lead-base64", "*@", "*/*"));
	assert_false(matches("lead-base64", "*@", "*short"));
	assert_false(matches("lead-base64", "*@", "Mozilla/5.0AAAAAAAAAAAAAAAAAA"));
	assert_false(matches("lead-base64", "*@", "*Mozilla/5.0 (compatible with spaces)"));
}

static void unknown_words_and_empty_values_match_nothing(void **state)
{
	(void)state;
	assert_false(matches("regex", "a", "a"));
	assert_false(matches("prefix", "", "a"));
	assert_false(matches("exact", "", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(updater_paths_match_their_globs),
	    cmocka_unit_test(encrypted_user_agents_are_told_from_words),
	    cmocka_unit_test(unknown_words_and_empty_values_match_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
