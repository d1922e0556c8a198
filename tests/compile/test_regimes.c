/*
 * Packs under several legal texts, for everybody and for groups of clients: each record can cite
 * its own.
 */

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

/* Between the decree on other (2025-06-01) and the act on tiny (2026-06-01). */
#define BETWEEN INT64_C(1764547200)
#define AFTER   INT64_C(1790000000)

struct built {
	struct cf_compiled *compiled;
	struct cf_image *image;
	void *data;
};

static enum cf_status compile(
    const char *policy, struct cf_compiled **compiled_out, struct cf_diags *diags)
{
	char path[SCRATCH_BYTES];
	const struct cf_compile_options options = {.policy_path = path,
	    .lists_dir = CF_TEST_ROOT "/tests/compile/packs",
	    .default_log_path = "/var/log/default.jsonl",
	    .built_wall_s = 1000};
	int fd = mkstemp(scratch_template(path, "regimes"));
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

/* Refused, with these words about it. */
static void refused(const char *policy, const char *words)
{
	struct cf_compiled *compiled = NULL;
	struct cf_diags diags;
	bool said = false;

	assert_int_equal(compile(policy, &compiled, &diags), CF_EINVALID);
	for (size_t i = 0; i < diags.count; i++)
		said = said || strstr(diags.items[i].text, words) != NULL;
	if (!said) {
		cf_diags_print(&diags, stderr);
		fail_msg("nothing says '%s'", words);
	}
	cf_diags_done(&diags);
}

/* What is decided for client (NULL: nobody known) about a name. */
static struct cf_decision decide(
    const struct built *b, const char *text, const char *client, int64_t at_wall_s)
{
	struct cf_question question = {.at_wall_s = at_wall_s};
	struct cf_decision decision;
	struct cf_name name;
	struct cf_addr addr;

	if (client != NULL) {
		assert_int_equal(cf_addr_parse(client, &addr), CF_OK);
		question.client = &addr;
	}
	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	cf_decide_name(b->image, &question, &name, &decision);
	return decision;
}

/* The verdict, the policy and the serial that a record of it would have. */
static void expect(const struct built *b, const char *name, const char *client, int64_t at_wall_s,
    enum cf_verdict verdict, const char *policy, const char *serial)
{
	struct cf_decision decision = decide(b, name, client, at_wall_s);
	struct cf_entry entry;

	assert_int_equal(decision.verdict, verdict);
	assert_string_equal(cf_image_policy_name(b->image, decision.schedule), policy);
	assert_int_not_equal(decision.entry, CF_NONE);
	cf_image_entry(b->image, decision.entry, &entry);
	assert_string_equal(entry.serial, serial);
}

static void each_pack_is_under_its_own_text(void **state)
{
	struct built b = build("vendor: [tiny, other]\npreset: [sunset, ban]\n");
	struct cf_decision decision;
	struct cf_phase phase;

	(void)state;
	expect(&b, "update1.tiny.example", NULL, BETWEEN, CF_VERDICT_FLAG, "sunset", "2026010101");
	expect(&b, "update1.tiny.example", NULL, AFTER, CF_VERDICT_BLOCK, "sunset", "2026010101");
	expect(&b, "upd.other.example", NULL, BETWEEN, CF_VERDICT_BLOCK, "ban", "v7");
	expect(&b, "www.other.example", NULL, BETWEEN, CF_VERDICT_BLOCK, "ban", "v7");
	/* The act on tiny says nothing of its corporate names, the decree on other does not reach
	 * them. */
	expect(&b, "www.tiny.example", NULL, AFTER, CF_VERDICT_FLAG, "sunset", "2026010101");
	decision = decide(&b, "upd.other.example", NULL, BETWEEN);
	cf_image_phase(b.image, decision.phase, &phase);
	assert_string_equal(phase.citation, "Example Decree 2 article 1");
	assert_string_equal(cf_image_info(b.image)->preset, "sunset,ban");
	destroy(&b);
}

static void a_pack_without_a_preset_is_under_the_policy_alone(void **state)
{
	struct built b = build("vendor: [tiny, other]\npreset: sunset\n");
	struct cf_decision decision = decide(&b, "upd.other.example", NULL, AFTER);

	(void)state;
	assert_int_equal(decision.verdict, CF_VERDICT_FLAG);
	assert_int_equal(decision.phase, CF_NONE);
	assert_string_equal(
	    cf_image_policy_name(b.image, decision.schedule), cf_image_info(b.image)->policy_file);
	destroy(&b);
}

static void own_phases_speak_of_all_packs_or_of_some(void **state)
{
	struct built b = build("vendor: [tiny, other]\nphases:\n"
	                       " - {name: all, from: \"2025-01-01T00:00:00Z\", categories: "
	                       "updates, verdict: block}\n"
	                       " - {name: one, from: \"2025-02-01T00:00:00Z\", categories: "
	                       "corporate, verdict: block, vendor: other}\n");

	(void)state;
	assert_int_equal(decide(&b, "update1.tiny.example", NULL, AFTER).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "upd.other.example", NULL, AFTER).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "www.tiny.example", NULL, AFTER).verdict, CF_VERDICT_FLAG);
	assert_int_equal(decide(&b, "www.other.example", NULL, AFTER).verdict, CF_VERDICT_BLOCK);
	destroy(&b);
}

/* A phase that replaces one of tiny's text must not reach other. */
static void a_replaced_phase_stays_with_its_text(void **state)
{
	struct built b =
	    build("vendor: [tiny, other]\npreset: sunset\nphases:\n"
	          " - {name: sunset, from: \"2025-01-01T00:00:00Z\", categories: updates, "
	          "verdict: block}\n");

	(void)state;
	assert_int_equal(
	    decide(&b, "update1.tiny.example", NULL, BETWEEN).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "upd.other.example", NULL, BETWEEN).verdict, CF_VERDICT_FLAG);
	destroy(&b);
}

#define MOBILE \
	"groups: {mobile: [10.9.0.0/16, \"2001:db8:9::/48\"], desk: 10.9.7.0/24}\n" \
	"vendor: [tiny, other]\npreset: [sunset, {name: mobile, clients: mobile}]\n"

static void a_preset_can_be_for_some_clients_alone(void **state)
{
	struct built b = build(MOBILE);

	(void)state;
	expect(&b, "www.tiny.example", NULL, BETWEEN, CF_VERDICT_FLAG, "sunset", "2026010101");
	expect(
	    &b, "www.tiny.example", "10.8.0.1", BETWEEN, CF_VERDICT_FLAG, "sunset", "2026010101");
	expect(
	    &b, "www.tiny.example", "10.9.0.1", BETWEEN, CF_VERDICT_BLOCK, "mobile", "2026010101");
	expect(&b, "www.tiny.example", "2001:db8:9::1", BETWEEN, CF_VERDICT_BLOCK, "mobile",
	    "2026010101");
	assert_true(cf_decide_may_block_name(b.image,
	    &(struct cf_name){
	        .wire_len = 14, .label_count = 2, .label_at = {0, 5}, .wire = "\4tiny\7example"}));
	destroy(&b);
}

/* What a text exempts it exempts for those who are under it. */
static void exempt_names_follow_the_text(void **state)
{
	struct built b = build(MOBILE);

	(void)state;
	assert_int_equal(
	    decide(&b, "help.tiny.example", "10.8.0.1", BETWEEN).verdict, CF_VERDICT_PASS);
	assert_int_equal(
	    decide(&b, "help.tiny.example", "10.9.0.1", BETWEEN).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(
	    decide(&b, "mdm.tiny.example", "10.9.0.1", BETWEEN).verdict, CF_VERDICT_PASS);
	assert_int_equal(
	    decide(&b, "mdm.tiny.example", "10.8.0.1", BETWEEN).verdict, CF_VERDICT_FLAG);
	destroy(&b);
}

/* The longest prefix decides: between presets, and between exceptions. */
static void the_nearest_group_wins(void **state)
{
	struct built b = build("groups: {site: 10.0.0.0/8, mobile: 10.9.0.0/16, host: 10.9.1.1}\n"
	                       "vendor: tiny\npreset: [{name: sunset, clients: host}, {name: "
	                       "mobile, clients: [mobile]}]\n"
	                       "exceptions:\n"
	                       " - {clients: everybody, names: pass.example, verdict: pass, "
	                       "owner: o, reason: r}\n"
	                       " - {clients: mobile, names: pass.example, verdict: block, "
	                       "owner: o, reason: r}\n"
	                       " - {clients: [site, host], names: pass.example, verdict: flag, "
	                       "owner: o, reason: r}\n");

	(void)state;
	assert_int_equal(
	    decide(&b, "www.tiny.example", "10.9.2.2", BETWEEN).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(
	    decide(&b, "www.tiny.example", "10.9.1.1", BETWEEN).verdict, CF_VERDICT_FLAG);
	assert_int_equal(decide(&b, "pass.example", NULL, 0).verdict, CF_VERDICT_PASS);
	assert_int_equal(decide(&b, "pass.example", "192.0.2.1", 0).verdict, CF_VERDICT_PASS);
	assert_int_equal(decide(&b, "pass.example", "10.9.2.2", 0).verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide(&b, "pass.example", "10.1.1.1", 0).verdict, CF_VERDICT_FLAG);
	assert_int_equal(decide(&b, "pass.example", "10.9.1.1", 0).verdict, CF_VERDICT_FLAG);
	destroy(&b);
}

static void names_of_the_policy_follow_a_vendor(void **state)
{
	struct built b = build("vendor: [tiny, other]\npreset: [sunset, ban]\nnames:\n"
	                       " - {name: first.example, category: updates}\n"
	                       " - {name: a.second.example, category: updates, vendor: other}\n");
	struct cf_decision decision = decide(&b, "first.example", NULL, BETWEEN);
	struct cf_entry entry;

	(void)state;
	assert_int_equal(decision.verdict, CF_VERDICT_FLAG);
	cf_image_entry(b.image, decision.entry, &entry);
	assert_string_equal(entry.list, "policy");
	assert_int_equal(strlen(entry.serial), 12);
	decision = decide(&b, "a.second.example", NULL, BETWEEN);
	assert_int_equal(decision.verdict, CF_VERDICT_BLOCK);
	assert_string_equal(cf_image_policy_name(b.image, decision.schedule), "ban");
	destroy(&b);
}

static void what_contradicts_itself_is_refused(void **state)
{
	(void)state;
	refused("vendor: tiny\npreset: [sunset, mobile]\n", "for the same clients (everybody)");
	refused("vendor: tiny\ngroups: {a: 10.0.0.0/8, b: [10.0.0.0/8, 11.0.0.0/8]}\n"
	        "preset: [{name: sunset, clients: a}, {name: mobile, clients: b}]\n",
	    "for the same clients (a)");
	refused("vendor: tiny\npreset: nosuch\n", "no vendor of this policy has a preset");
	refused("vendor: [tiny, other]\npreset: {name: ban, vendor: tiny}\n",
	    "vendor 'tiny' has no preset 'ban'");
	refused("vendor: tiny\npreset: {name: sunset, vendor: other}\n",
	    "is not among the vendors of this policy");
	refused("vendor: tiny\npreset: {name: sunset, clients: nobody}\n", "is none of the groups");
	refused("vendor: [tiny, tiny]\npreset: sunset\n", "names 'tiny' twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_pack_is_under_its_own_text),
	    cmocka_unit_test(a_pack_without_a_preset_is_under_the_policy_alone),
	    cmocka_unit_test(own_phases_speak_of_all_packs_or_of_some),
	    cmocka_unit_test(a_replaced_phase_stays_with_its_text),
	    cmocka_unit_test(a_preset_can_be_for_some_clients_alone),
	    cmocka_unit_test(exempt_names_follow_the_text),
	    cmocka_unit_test(the_nearest_group_wins),
	    cmocka_unit_test(names_of_the_policy_follow_a_vendor),
	    cmocka_unit_test(what_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
