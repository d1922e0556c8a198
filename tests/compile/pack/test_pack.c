/* compile/pack/pack.h and compile/policy/preset.h, on the packs of this repository and on broken
 * ones. */

#include "../scratch_template.h"
#include "base/instant.h"
#include "compile/pack/pack.h"
#include "compile/pack/pattern.h"
#include "compile/policy/preset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KASPERSKY CF_TEST_ROOT "/lists/kaspersky"
#define TINY      CF_TEST_ROOT "/tests/compile/packs/tiny"

#define NAMES_HEADER "name\tscope\tcategory\tproduct\tsources\tconfidence\tas-of\tnote\n"

static const char *const presets[] = {"us-commerce-2024", "us-federal", "au-pspf-002-2025",
    "ca-gc-mobile", "de-bsi-advisory", "lt-critical"};

struct fixture {
	char dir[SCRATCH_BYTES];
	struct cf_diags diags;
	struct cf_pack *pack;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (mkdtemp(scratch_template(f->dir, "pack")) == NULL)
		return -1;
	cf_diags_init(&f->diags);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	bool dropped = scratch_drop(f->dir);

	cf_pack_free(f->pack);
	cf_diags_done(&f->diags);
	free(f);
	return dropped ? 0 : -1;
}

static void put(const struct fixture *f, const char *file, const char *text)
{
	char path[128];
	FILE *to;

	snprintf(path, sizeof path, "%s/%s", f->dir, file);
	to = fopen(path, "w");
	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(fclose(to), 0);
}

/* A folder that is a pack but for its names. */
static void put_basics(const struct fixture *f)
{
	put(f, "pack.yaml", "vendor: v\ntitle: V\nversion: \"1\"\n");
	put(f, "sources.tsv", "id\ttitle\tlicence\tas-of\ns\tsource\tnone\t2026-01-01\n");
}

static bool has_diag(const struct cf_diags *diags, unsigned line, const char *key, const char *part)
{
	for (size_t i = 0; i < diags->count; i++)
		if (diags->items[i].line == line && strcmp(diags->items[i].key, key) == 0 &&
		    strstr(diags->items[i].text, part) != NULL)
			return true;
	return false;
}

static void shipped_pack_reads_without_complaint(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cf_pack_read(KASPERSKY, &f->pack, &f->diags), CF_OK);
	cf_diags_print(&f->diags, stderr);
	assert_int_equal(f->diags.count, 0);
	assert_string_equal(f->pack->vendor, "kaspersky");
	assert_string_equal(f->pack->default_preset, "us-commerce-2024");
	assert_true(f->pack->name_count > 200);
	assert_true(f->pack->network_count > 55);
	assert_int_equal(f->pack->asn_count, 3);
	assert_int_equal(f->pack->resolvers[0].order, 1);
}

static void names_that_must_never_be_listed_are_not(void **state)
{
	static const char *const never[] = {"ultrasecureav.com", "ultravpn.com", "omtrdc.net",
	    "2o7.net", "demdex.net", "criteo.com", "sc.omtrdc.net", "com", "update.kaspersky.com",
	    "click.kaspersky.com", "ssl.kaspersky-labs.com", "kaspersky-lab.com", "avp.com",
	    "viruslist.com"};
	struct fixture *f = *state;

	assert_int_equal(cf_pack_read(KASPERSKY, &f->pack, &f->diags), CF_OK);
	for (size_t i = 0; i < f->pack->name_count; i++)
		for (size_t n = 0; n < sizeof never / sizeof never[0]; n++)
			assert_string_not_equal(f->pack->names[i].name, never[n]);
	for (size_t i = 0; i < f->pack->network_count; i++) {
		char text[CF_PREFIX_TEXT_BYTES];

		cf_prefix_format(&f->pack->networks[i].prefix, text);
		assert_string_not_equal(text, "91.198.230.0/24"); /* announced by nobody */
		assert_string_not_equal(text, "185.85.13.0/24");
		assert_string_not_equal(text, "62.128.100.0/23");
	}
}

static void sinkholes_are_never_filed_as_the_product(void **state)
{
	struct fixture *f = *state;
	unsigned seen = 0;

	assert_int_equal(cf_pack_read(KASPERSKY, &f->pack, &f->diags), CF_OK);
	for (size_t i = 0; i < f->pack->network_count; i++) {
		if (f->pack->networks[i].kind != CF_NETWORK_SINKHOLE)
			continue;
		assert_int_equal(f->pack->networks[i].category, CF_CATEGORY_LOOKALIKE);
		seen++;
	}
	assert_int_equal(seen, 5);
}

static void second_vendor_is_only_another_folder(void **state)
{
	struct fixture *f = *state;
	struct cf_preset *preset = NULL;
	uint32_t count = 0;

	assert_int_equal(cf_pack_read(TINY, &f->pack, &f->diags), CF_OK);
	assert_string_equal(f->pack->vendor, "tiny");
	assert_int_equal(f->pack->name_count, 3);
	assert_true(f->pack->names[0].pattern);
	assert_int_equal(
	    cf_pattern_check(f->pack->names[0].name, f->pack->names[0].name_len, &count), CF_OK);
	assert_int_equal(count, 3);
	assert_int_equal(f->pack->names[0].line, 2);
	assert_string_equal(f->pack->names[0].note, "");
	assert_int_equal(f->pack->names[1].scope, CF_SCOPE_SUBTREE);
	assert_int_equal(f->pack->networks[0].asn, 64496);
	assert_true(f->pack->networks[0].until_wall_s == INT64_MAX);
	assert_int_equal(cf_preset_read(TINY, "sunset", &preset, &f->diags), CF_OK);
	assert_int_equal(
	    cf_preset_verdict(preset, CF_CATEGORY_UPDATES, 1780264799, NULL), CF_VERDICT_FLAG);
	assert_int_equal(
	    cf_preset_verdict(preset, CF_CATEGORY_UPDATES, 1780264800, NULL), CF_VERDICT_BLOCK);
	assert_int_equal(preset->exempt_count, 1);
	assert_string_equal(preset->exempts[0].names[0], "help.tiny.example");
	assert_int_equal(preset->exempts[0].verdict, CF_VERDICT_PASS);
	cf_preset_free(preset);
}

static void every_wrong_cell_is_reported_with_line_and_column(void **state)
{
	struct fixture *f = *state;

	put_basics(f);
	put(f, "names.tsv",
	    "# comment\n\n" NAMES_HEADER "a.example\texact\tupdates\t-\ts\tlisted\t2026-01-01\t-\n"
	    "bad..name\texact\tupdates\t-\ts\tlisted\t2026-01-01\t-\n"
	    "b.example\teverything\tupdate\t-\tnobody\tsure\t2026-13-01\t-\n"
	    "c.example\texact\n"
	    "d[3-1].example\texact\tupdates\t-\ts\tlisted\t2026-01-01\t-\n"
	    "e].example\texact\tupdates\t-\ts\tlisted\t2026-01-01\t-\n");
	assert_int_equal(cf_pack_read(f->dir, &f->pack, &f->diags), CF_EINVALID);
	assert_null(f->pack);
	assert_true(has_diag(&f->diags, 5, "name", "'bad..name'"));
	assert_true(has_diag(&f->diags, 6, "scope", "exact, subtree or below"));
	assert_true(has_diag(&f->diags, 6, "category", "'update'; expected a category"));
	assert_true(has_diag(&f->diags, 6, "sources", "sources.tsv"));
	assert_true(has_diag(&f->diags, 6, "confidence", "documented, listed or inferred"));
	assert_true(has_diag(&f->diags, 6, "as-of", "YYYY-MM-DD"));
	assert_true(has_diag(&f->diags, 7, "", "2 cells; expected 8"));
	assert_true(has_diag(&f->diags, 8, "name", "ranges like [00-19]"));
	assert_true(has_diag(&f->diags, 9, "name", "'e].example'"));
	assert_int_equal(f->diags.errors, 9);
}

static void missing_table_and_broken_words_are_both_reported(void **state)
{
	struct fixture *f = *state;

	put(f, "pack.yaml", "vendor: v\ntitle: V\nversion: \"1\"\ncolour: red\n");
	put(f, "sources.tsv", "id\ttitle\tlicense\tas-of\n");
	assert_int_equal(cf_pack_read(f->dir, &f->pack, &f->diags), CF_EIO);
	assert_true(has_diag(&f->diags, 4, "colour", ""));
	assert_true(has_diag(&f->diags, 1, "licence", "'license'; expected 'licence'") ||
	    has_diag(&f->diags, 1, "licence", "expected 'licence'"));
	assert_true(has_diag(&f->diags, 0, "", "cannot read"));
}

static void windows_line_ends_and_a_missing_last_one_do_no_harm(void **state)
{
	struct fixture *f = *state;

	put_basics(f);
	put(f, "names.tsv",
	    "name\tscope\tcategory\tproduct\tsources\tconfidence\tas-of\tnote\r\n"
	    "a.example\texact\tupdates\tp\ts\tlisted\t2026-01-01\tn");
	assert_int_equal(cf_pack_read(f->dir, &f->pack, &f->diags), CF_OK);
	assert_int_equal(f->pack->name_count, 1);
	assert_string_equal(f->pack->names[0].note, "n");
}

static void overlay_is_weak_evidence_that_expires(void **state)
{
	struct fixture *f = *state;

	put_basics(f);
	put(f, "names.tsv", NAMES_HEADER);
	put(f, "overlay-2026-02-03.tsv",
	    "prefix\tcategory\tas-of\tuntil\tnote\n"
	    "192.0.2.7/32\tupdates\t2026-02-03\t2026-03-05T00:00:00Z\ts00.example\n");
	put(f, "overlay-junk.tsv", "not a table\n");
	assert_int_equal(cf_pack_read(f->dir, &f->pack, &f->diags), CF_OK);
	assert_int_equal(f->pack->network_count, 1);
	assert_int_equal(f->pack->networks[0].kind, CF_NETWORK_SHARED);
	assert_int_equal(f->pack->networks[0].confidence, CF_CONFIDENCE_INFERRED);
	assert_true(f->pack->networks[0].until_wall_s == 1772668800);
}

static void digest_changes_with_any_table(void **state)
{
	struct fixture *f = *state;
	uint8_t before[CF_SHA256_BYTES];

	put_basics(f);
	put(f, "names.tsv", NAMES_HEADER);
	assert_int_equal(cf_pack_read(f->dir, &f->pack, &f->diags), CF_OK);
	memcpy(before, f->pack->digest, sizeof before);
	cf_pack_free(f->pack);
	put(f, "names.tsv", NAMES_HEADER "# one more remark\n");
	assert_int_equal(cf_pack_read(f->dir, &f->pack, &f->diags), CF_OK);
	assert_memory_not_equal(before, f->pack->digest, sizeof before);
}

static void dates_are_real_dates(void **state)
{
	(void)state;
	assert_true(cf_pack_date_ok("2024"));
	assert_true(cf_pack_date_ok("2024-02"));
	assert_true(cf_pack_date_ok("2024-02-29"));
	assert_false(cf_pack_date_ok("2024-02-30"));
	assert_false(cf_pack_date_ok("2024-00-01"));
	assert_false(cf_pack_date_ok("2024-1-01"));
	assert_false(cf_pack_date_ok("24"));
	assert_false(cf_pack_date_ok("1899-01-01"));
	assert_false(cf_pack_date_ok(""));
}

static void us_commerce_switches_at_the_second(void **state)
{
	struct fixture *f = *state;
	const struct cf_preset_phase *phase = NULL;
	struct cf_preset *preset = NULL;
	static const int64_t at = 1727582400, sales_at = 1721448000;

	assert_int_equal(cf_preset_read(KASPERSKY, "us-commerce-2024", &preset, &f->diags), CF_OK);
	for (unsigned category = 0; category < CF_CATEGORIES; category++) {
		bool service = category == CF_CATEGORY_UPDATES ||
		    category == CF_CATEGORY_TELEMETRY || category == CF_CATEGORY_ACTIVATION ||
		    category == CF_CATEGORY_CLOUD_CONSOLE;
		bool exempt = category == CF_CATEGORY_INFORMATIONAL ||
		    category == CF_CATEGORY_LOCAL_INJECTION;
		enum cf_verdict quiet = exempt ? CF_VERDICT_PASS : CF_VERDICT_FLAG;

		assert_int_equal(cf_preset_verdict(preset, category, sales_at - 1, NULL), quiet);
		assert_int_equal(cf_preset_verdict(preset, category, at - 1, NULL),
		    category == CF_CATEGORY_SALES ? CF_VERDICT_BLOCK : quiet);
		assert_int_equal(cf_preset_verdict(preset, category, at, NULL),
		    service || category == CF_CATEGORY_SALES ? CF_VERDICT_BLOCK : quiet);
	}
	assert_int_equal(
	    cf_preset_verdict(preset, CF_CATEGORY_UPDATES, at, &phase), CF_VERDICT_BLOCK);
	assert_string_equal(phase->name, "updates-and-ksn");
	assert_non_null(strstr(phase->citation, "89 FR 52434"));
	cf_preset_free(preset);
}

static void all_shipped_presets_read_and_spare_what_proves_nothing(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
		struct cf_preset *preset = NULL;

		assert_int_equal(cf_preset_read(KASPERSKY, presets[i], &preset, &f->diags), CF_OK);
		assert_int_equal(f->diags.count, 0);
		for (int64_t at = 0; at < 4102444800; at += 86400 * 30) {
			assert_int_equal(
			    cf_preset_verdict(preset, CF_CATEGORY_LOCAL_INJECTION, at, NULL),
			    CF_VERDICT_PASS);
			assert_int_equal(cf_preset_verdict(preset, CF_CATEGORY_LOOKALIKE, at, NULL),
			    CF_VERDICT_FLAG);
		}
		cf_preset_free(preset);
	}
}

static void wrong_values_of_a_preset_are_reported_together(void **state)
{
	struct fixture *f = *state;
	struct cf_preset *preset = NULL;
	char dir[100];

	snprintf(dir, sizeof dir, "%s/presets", f->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(f, "presets/p.yaml",
	    "preset: q\n"
	    "title: t\ncitation: c\nsummary: s\n"
	    "baseline: {default: maybe}\n"
	    "phases:\n"
	    "  - name: a\n"
	    "    from: 2024-09-29T00:00:00\n"
	    "    categories: [updates, upgrades]\n"
	    "    verdict: stop\n"
	    "    citation: c\n"
	    "exempt:\n"
	    "  - {names: [a..b], reason: r, citation: c}\n");
	assert_int_equal(cf_preset_read(f->dir, "p", &preset, &f->diags), CF_EINVALID);
	assert_null(preset);
	assert_true(has_diag(&f->diags, 1, "preset", "the name of the file"));
	assert_true(has_diag(&f->diags, 5, "baseline.default", "'maybe'"));
	assert_true(has_diag(&f->diags, 8, "phases[0].from", "offset"));
	assert_true(has_diag(&f->diags, 9, "phases[0].categories[1]", "'upgrades'"));
	assert_true(has_diag(&f->diags, 10, "phases[0].verdict", "'stop'"));
	assert_true(has_diag(&f->diags, 13, "exempt[0].names[0]", "'a..b'"));
}

static void preset_name_cannot_leave_the_folder(void **state)
{
	struct fixture *f = *state;
	struct cf_preset *preset = NULL;

	assert_int_equal(
	    cf_preset_read(KASPERSKY, "../presets/us-federal", &preset, &f->diags), CF_EINVALID);
	assert_int_equal(cf_preset_read(KASPERSKY, "", &preset, &f->diags), CF_EINVALID);
	assert_int_equal(cf_preset_read(KASPERSKY, "none-such", &preset, &f->diags), CF_EIO);
	assert_null(preset);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(shipped_pack_reads_without_complaint),
	    TEST(names_that_must_never_be_listed_are_not),
	    TEST(sinkholes_are_never_filed_as_the_product),
	    TEST(second_vendor_is_only_another_folder),
	    TEST(every_wrong_cell_is_reported_with_line_and_column),
	    TEST(missing_table_and_broken_words_are_both_reported),
	    TEST(windows_line_ends_and_a_missing_last_one_do_no_harm),
	    TEST(overlay_is_weak_evidence_that_expires),
	    TEST(digest_changes_with_any_table),
	    TEST(dates_are_real_dates),
	    TEST(us_commerce_switches_at_the_second),
	    TEST(all_shipped_presets_read_and_spare_what_proves_nothing),
	    TEST(wrong_values_of_a_preset_are_reported_together),
	    TEST(preset_name_cannot_leave_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
