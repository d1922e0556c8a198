/* Canaries: none unless asked for, blocked for everybody whatever the phases, answered NODATA. */

#include "../scratch_template.h"
#include "compile/canaries.h"
#include "compile/compile.h"

#include "policy/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE     "vendor: tiny\npreset: sunset\nanswer: {kind: drop, ede: blocked}\n"
#define NOW_S    1000
#define SUNSET_S 1780264800

static struct cf_image *image;
static void *data;

static void build(const char *policy)
{
	char path[SCRATCH_BYTES];
	const struct cf_compile_options options = {.policy_path = path,
	    .lists_dir = CF_TEST_ROOT "/tests/compile/packs",
	    .default_log_path = "/var/log/default.jsonl",
	    .built_wall_s = NOW_S};
	int fd = mkstemp(scratch_template(path, "policy"));
	struct cf_error error;
	struct cf_diags diags;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, policy, strlen(policy)), (ssize_t)strlen(policy));
	close(fd);
	cf_diags_init(&diags);
	assert_int_equal(cf_compile_image(&options, &image, &data, &diags, &error), CF_OK);
	cf_diags_done(&diags);
	unlink(path);
}

static void destroy(void)
{
	cf_image_close(image);
	free(data);
}

static struct cf_decision decide(const char *text, const char *client)
{
	struct cf_question question = {.at_wall_s = NOW_S};
	struct cf_decision decision;
	struct cf_addr addr;
	struct cf_name name;

	if (client != NULL) {
		assert_int_equal(cf_addr_parse(client, &addr), CF_OK);
		question.client = &addr;
	}
	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	cf_decide_name(image, &question, &name, &decision);
	return decision;
}

static void is_told_no(const char *text)
{
	struct cf_decision decision = decide(text, NULL);
	struct cf_name name;

	assert_int_equal(decision.verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decision.answer->kind, CF_ANSWER_NODATA);
	assert_int_equal(decision.answer->ede_code, 0);
	assert_int_equal(decision.answer->ttl_s, 300);
	assert_int_equal(decision.category, CF_CATEGORY_LOCAL_INJECTION);
	assert_int_equal(decision.phase, CF_NONE);
	assert_true(decision.next_change_wall_s == INT64_MAX);
	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	assert_true(cf_decide_may_block_name(image, &name));
}

static void nothing_is_listed_by_default(void **state)
{
	(void)state;
	build(BASE);
	assert_false(decide("use-application-dns.net", NULL).matched);
	assert_false(decide("mask.icloud.com", NULL).matched);
	assert_false(decide("mask-h2.icloud.com", NULL).matched);
	assert_false(decide("_dns.resolver.arpa", NULL).matched);
	destroy();
}

static void each_stands_for_itself(void **state)
{
	(void)state;
	build(BASE "canaries: firefox\n");
	is_told_no("use-application-dns.net");
	assert_false(decide("www.use-application-dns.net", NULL).matched);
	assert_false(decide("mask.icloud.com", NULL).matched);
	assert_false(decide("_dns.resolver.arpa", NULL).matched);
	destroy();
	build(BASE "canaries: [private-relay, ddr]\n");
	is_told_no("mask.icloud.com");
	is_told_no("MASK-h2.icloud.com");
	assert_false(decide("icloud.com", NULL).matched);
	assert_false(decide("www.icloud.com", NULL).matched);
	is_told_no("_dns.resolver.arpa");
	is_told_no("resolver.arpa");
	assert_false(decide("use-application-dns.net", NULL).matched);
	destroy();
}

static void what_is_the_vendors_is_answered_as_before(void **state)
{
	struct cf_question question = {.at_wall_s = SUNSET_S};
	struct cf_decision decision;
	struct cf_name name;

	(void)state;
	build(BASE "canaries: [firefox, private-relay, ddr]\n");
	assert_int_equal(cf_name_from_text("update1.tiny.example", 20, &name), CF_OK);
	cf_decide_name(image, &question, &name, &decision);
	assert_int_equal(decision.verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decision.answer->kind, CF_ANSWER_DROP);
	assert_string_equal(decision.answer->ede_text, "blocked");
	destroy();
}

static void exceptions_hold_for_their_clients(void **state)
{
	struct cf_entry entry;

	(void)state;
	build(BASE "groups: {lab: 10.20.0.0/16}\n"
	           "exceptions:\n"
	           "  - {clients: lab, names: [use-application-dns.net], verdict: pass,\n"
	           "     owner: o, reason: r}\n"
	           "  - {clients: 10.21.0.1, categories: all, verdict: flag, owner: o, reason: r}\n"
	           "canaries: [firefox, ddr]\n");
	assert_int_equal(decide("use-application-dns.net", "10.20.0.1").verdict, CF_VERDICT_PASS);
	assert_int_equal(decide("_dns.resolver.arpa", "10.20.0.1").verdict, CF_VERDICT_BLOCK);
	assert_int_equal(decide("use-application-dns.net", "10.21.0.1").verdict, CF_VERDICT_FLAG);
	assert_int_equal(decide("use-application-dns.net", "10.22.0.1").verdict, CF_VERDICT_BLOCK);
	cf_image_entry(image, decide("_dns.resolver.arpa", NULL).entry, &entry);
	assert_string_equal(entry.list, "policy");
	assert_int_equal(entry.line, 9);
	assert_string_equal(entry.source, "RFC 9462, 4");
	destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_listed_by_default),
	    cmocka_unit_test(each_stands_for_itself),
	    cmocka_unit_test(what_is_the_vendors_is_answered_as_before),
	    cmocka_unit_test(exceptions_hold_for_their_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
