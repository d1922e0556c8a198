/* Policy, pack and preset become one image that decides as they say. */

#include "../scratch_template.h"
#include "compile/compile.h"

#include "policy/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* 2026-06-01T00:00:00+02:00, when the tiny pack's preset begins. */
#define SUNSET_S 1780264800

#define POLICY \
	"vendor: tiny\npreset: sunset\n" \
	"groups: {lab: 10.20.0.0/16}\n" \
	"exceptions:\n" \
	"  - {clients: lab, categories: [updates], verdict: flag, owner: o, reason: wave,\n" \
	"     until: \"2026-07-01T00:00:00Z\"}\n" \
	"  - {clients: everybody, names: [\"*.docs.tiny.example\"], verdict: block, owner: o,\n" \
	"     reason: leak}\n" \
	"names:\n  - {name: mirror.example.net, category: updates}\n"

/* A compiled policy and its image, in memory. */
struct built {
	struct cf_compiled *compiled;
	struct cf_image *image;
	void *data;
};

static enum cf_status compile(
    const char *policy, struct cf_compiled **compiled_out, struct cf_diags *diags)
{
	char path[SCRATCH_BYTES];
	const struct cf_compile_options options = {
	    .policy_path = path,
	    .lists_dir = CF_TEST_ROOT "/tests/compile/packs",
	    .default_log_path = "/var/log/default.jsonl",
	    .built_wall_s = 1000,
	};
	int fd = mkstemp(scratch_template(path, "policy"));
	enum cf_status status;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, policy, strlen(policy)), (ssize_t)strlen(policy));
	close(fd);
	cf_diags_init(diags);
	status = cf_compile(&options, compiled_out, diags);
	unlink(path);
	return status;
}

static struct built build(const char *policy)
{
	struct built b = {0};
	struct cf_diags diags;
	struct cf_error error;
	enum cf_status status = compile(policy, &b.compiled, &diags);
	size_t len;

	cf_diags_print(&diags, stderr);
	cf_diags_done(&diags);
	assert_int_equal(status, CF_OK);
	assert_int_equal(
	    cf_image_builder_to_memory(b.compiled->builder, &b.data, &len, &error), CF_OK);
	assert_int_equal(cf_image_from_memory(b.data, len, &b.image, &error), CF_OK);
	return b;
}

static void destroy(struct built *b)
{
	cf_image_close(b->image);
	cf_compiled_free(b->compiled);
	free(b->data);
}

static struct cf_decision decide(
    const struct built *b, const char *text, const char *client, int64_t at_wall_s)
{
	struct cf_addr addr;
	struct cf_question question = {.at_wall_s = at_wall_s};
	struct cf_decision decision;
	struct cf_name name;

	if (client != NULL) {
		assert_int_equal(cf_addr_parse(client, &addr), CF_OK);
		question.client = &addr;
	}
	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	cf_decide_name(b->image, &question, &name, &decision);
	return decision;
}

static void phases_switch_exactly_at_their_instant(void **state)
{
	struct built b = build(POLICY);

	(void)state;
	assert_int_equal(
	    decide(&b, "update2.tiny.example", NULL, SUNSET_S - 1).verdict, CF_VERDICT_FLAG);
	assert_int_equal(
	    decide(&b, "update2.tiny.example", NULL, SUNSET_S).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "docs.tiny.example", NULL, SUNSET_S).verdict, CF_VERDICT_PASS);
	assert_int_equal(decide(&b, "www.tiny.example", NULL, SUNSET_S).verdict, CF_VERDICT_FLAG);
	assert_false(decide(&b, "nottiny.example", NULL, SUNSET_S).matched);
	assert_int_equal(
	    decide(&b, "a.mirror.example.net", NULL, SUNSET_S).verdict, CF_VERDICT_BLOCK);
	destroy(&b);
}

static void exceptions_hold_for_their_clients_until_they_lapse(void **state)
{
	struct built b = build(POLICY);
	struct cf_decision decision = decide(&b, "update1.tiny.example", "10.20.3.4", SUNSET_S);

	(void)state;
	assert_int_equal(decision.verdict, CF_VERDICT_FLAG);
	assert_int_equal(decision.exception, 0);
	assert_int_equal(
	    decide(&b, "update1.tiny.example", "10.21.3.4", SUNSET_S).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(
	    decide(&b, "update1.tiny.example", "10.20.3.4", 1782864000).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "x.docs.tiny.example", NULL, 0).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "docs.tiny.example", NULL, 0).verdict, CF_VERDICT_PASS);
	destroy(&b);
}

static void names_that_the_preset_exempts_pass(void **state)
{
	struct built b = build(POLICY);
	struct cf_decision decision = decide(&b, "help.tiny.example", NULL, SUNSET_S);
	struct cf_exception exception;

	(void)state;
	assert_int_equal(decision.verdict, CF_VERDICT_PASS);
	assert_int_not_equal(decision.exception, CF_NONE);
	cf_image_exception(b.image, decision.exception, &exception);
	assert_string_equal(exception.owner, "sunset");
	assert_non_null(strstr(exception.file, "presets/sunset.yaml"));
	destroy(&b);
}

static void a_phase_of_the_policy_replaces_the_presets_of_that_name(void **state)
{
	struct built b =
	    build("vendor: tiny\npreset: sunset\nbaseline: {corporate: pass}\nphases:\n"
	          "  - {name: sunset, from: \"2027-01-01T00:00:00Z\", categories: all, "
	          "verdict: block}\n");

	(void)state;
	assert_int_equal(cf_image_info(b.image)->phases, 1);
	assert_int_equal(
	    decide(&b, "update1.tiny.example", NULL, SUNSET_S).verdict, CF_VERDICT_FLAG);
	assert_int_equal(decide(&b, "www.tiny.example", NULL, SUNSET_S).verdict, CF_VERDICT_PASS);
	assert_int_equal(
	    decide(&b, "www.tiny.example", NULL, 1798761600).verdict, CF_VERDICT_BLOCK);
	destroy(&b);
}

static void the_image_tells_what_it_was_made_from(void **state)
{
	struct built b = build(POLICY);
	const struct cf_image_info *info = cf_image_info(b.image);

	(void)state;
	assert_string_equal(info->vendor, "tiny");
	assert_string_equal(info->pack_version, "2026010101");
	assert_string_equal(info->preset, "sunset");
	assert_string_equal(info->citation, "Example Act 1");
	assert_string_equal(info->log_path, "/var/log/default.jsonl");
	assert_int_equal(info->built_wall_s, 1000);
	assert_int_equal(info->fold_s, 60);
	assert_int_equal(info->networks, 1);
	destroy(&b);
}

static void sources_that_differ_give_another_source_digest(void **state)
{
	struct built a = build(POLICY), b = build(POLICY "block-addresses: true\n");

	(void)state;
	assert_memory_not_equal(cf_image_info(a.image)->source_digest,
	    cf_image_info(b.image)->source_digest, CF_SHA256_BYTES);
	destroy(&a);
	destroy(&b);
}

static void what_does_not_exist_is_named_with_file_and_key(void **state)
{
	struct cf_compiled *compiled = NULL;
	struct cf_diags diags;

	(void)state;
	assert_int_equal(compile("vendor: huge\npreset: p\n", &compiled, &diags), CF_EINVALID);
	assert_null(compiled);
	assert_string_equal(diags.items[0].key, "vendor");
	cf_diags_done(&diags);
	assert_int_equal(
	    compile("vendor: tiny\npreset: sunrise\n", &compiled, &diags), CF_EINVALID);
	assert_string_equal(diags.items[0].key, "preset");
	assert_int_equal(diags.items[0].line, 2);
	cf_diags_done(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(phases_switch_exactly_at_their_instant),
	    cmocka_unit_test(exceptions_hold_for_their_clients_until_they_lapse),
	    cmocka_unit_test(names_that_the_preset_exempts_pass),
	    cmocka_unit_test(a_phase_of_the_policy_replaces_the_presets_of_that_name),
	    cmocka_unit_test(the_image_tells_what_it_was_made_from),
	    cmocka_unit_test(sources_that_differ_give_another_source_digest),
	    cmocka_unit_test(what_does_not_exist_is_named_with_file_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
