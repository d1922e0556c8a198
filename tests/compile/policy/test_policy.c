/*
 * curfew.yaml: what is taken, what is refused, and that every refusal names its line and key. One
 * file: each refusal is a line of one table, beside the policy that it breaks.
 */

#include "compile/policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FULL \
	"vendor: kaspersky\n" \
	"preset: us-commerce-2024\n" \
	"answer: {kind: sinkhole, ttl: 5m, ede: \"blocked: 89 FR 52434\", ede-code: 16,\n" \
	"         sinkhole: [192.0.2.1, \"2001:db8::1\"]}\n" \
	"baseline: {default: flag, informational: block}\n" \
	"groups:\n" \
	"  lab: [10.20.0.0/16, \"2001:db8:20::/48\"]\n" \
	"  noc: 192.0.2.7\n" \
	"exceptions:\n" \
	"  - {clients: lab, categories: [updates], verdict: flag, owner: jdoe,\n" \
	"     reason: wave 3, until: \"2024-12-31T00:00:00Z\"}\n" \
	"  - clients: [noc, 203.0.113.0/24]\n" \
	"    names: ['*.upd.kaspersky.com', .securelist.com, tip.kaspersky.com]\n" \
	"    types: [A, https]\n" \
	"    verdict: pass\n" \
	"    owner: noc\n" \
	"    reason: analysis\n" \
	"    from: 2024-10-01T00:00:00-04:00\n" \
	"  - {clients: everybody, categories: all, verdict: block, owner: a, reason: b}\n" \
	"names:\n" \
	"  - {name: av.example.net, category: updates, note: our mirror}\n" \
	"log: {path: /var/log/curfew/hits.jsonl, fold: 90s, alive: 5m, privacy: truncate, " \
	"syslog: yes}\n" \
	"canaries: [firefox, ddr]\nblock-addresses: true\nblock-services: true\n" \
	"egress: {role: both, refuse: drop, enforce: all, dns: redirect, dot: reject, doh: " \
	"observe,\n" \
	"         fallback: off, resolver: [192.0.2.53, \"2001:db8::53\"], resolver-user: " \
	"unbound,\n" \
	"         never: 198.51.100.0/24, log: 7, log-rate: 50}\n"

static enum cf_status parse(const char *text, struct cf_policy **policy_out, struct cf_diags *diags)
{
	cf_diags_init(diags);
	return cf_policy_parse(text, strlen(text), "curfew.yaml", policy_out, diags);
}

/* The policy in text, which must be good. */
static struct cf_policy *good(const char *text)
{
	struct cf_policy *policy = NULL;
	struct cf_diags diags;
	enum cf_status status = parse(text, &policy, &diags);

	cf_diags_print(&diags, stderr);
	assert_int_equal(status, CF_OK);
	cf_diags_done(&diags);
	return policy;
}

/* Asserts that text is refused with the line, somewhere among the problems. */
static void refused(const char *text, const char *line)
{
	struct cf_policy *policy = NULL;
	char formatted[1024];
	struct cf_diags diags;
	bool found = false;

	assert_int_equal(parse(text, &policy, &diags), CF_EINVALID);
	assert_null(policy);
	for (size_t i = 0; i < diags.count; i++)
		found = found ||
		    strstr(cf_diag_format(&diags.items[i], formatted, sizeof formatted), line) !=
		        NULL;
	if (!found)
		cf_diags_print(&diags, stderr);
	assert_true(found);
	cf_diags_done(&diags);
}

/* A policy whose only exception has the given end. */
static const char *with_until(const char *until)
{
	static char text[512];

	snprintf(text, sizeof text,
	    "vendor: v\npreset: p\nexceptions:\n  - clients: everybody\n    categories: [updates]\n"
	    "    verdict: flag\n    owner: o\n    reason: r\n    until: %s\n",
	    until);
	return text;
}

static void a_full_policy_means_what_it_says(void **state)
{
	struct cf_policy *policy = good(FULL);

	(void)state;
	assert_int_equal(policy->vendor_count, 1);
	assert_string_equal(policy->vendors[0], "kaspersky");
	assert_int_equal(policy->preset_count, 1);
	assert_string_equal(policy->presets[0].name, "us-commerce-2024");
	assert_int_equal(policy->presets[0].line, 2);
	assert_int_equal(policy->answer.kind, CF_ANSWER_SINKHOLE);
	assert_int_equal(policy->answer.ttl_s, 300);
	assert_int_equal(policy->answer.ede_code, 16);
	assert_string_equal(policy->answer.ede_text, "blocked: 89 FR 52434");
	assert_int_equal(policy->answer.sinkhole_v4.family, CF_FAMILY_V4);
	assert_int_equal(policy->answer.sinkhole_v6.family, CF_FAMILY_V6);
	assert_int_equal(policy->baseline[CF_CATEGORY_INFORMATIONAL], CF_VERDICT_BLOCK);
	assert_int_equal(policy->baseline[CF_CATEGORY_LOCAL_INJECTION], CF_VERDICT_FLAG);
	assert_int_equal(policy->fold_s, 90);
	assert_int_equal(policy->alive_s, 300);
	assert_true(policy->block_services);
	assert_int_equal(policy->canaries, CF_CANARY_FIREFOX | CF_CANARY_DDR);
	assert_int_equal(policy->canaries_line, 23);
	assert_string_equal(policy->edge,
	    "role=both refuse=drop enforce=all dns=redirect dot=reject doh=observe fallback=off "
	    "log-rate=50 log=7 never=198.51.100.0/24 resolver=192.0.2.53/32 "
	    "resolver=2001:db8::53/128 resolver-user=unbound");
	assert_string_equal(policy->privacy, "truncate");
	assert_true(policy->syslog);
	assert_true(policy->block_addresses);
	assert_int_equal(policy->name_count, 1);
	assert_int_equal(policy->names[0].scope, CF_SCOPE_SUBTREE);
	cf_policy_free(policy);
}

static void clients_are_groups_prefixes_or_everybody(void **state)
{
	struct cf_policy *policy = good(FULL);
	const struct cf_image_exception *image;

	(void)state;
	assert_int_equal(policy->exception_count, 3);
	assert_int_equal(policy->group_count, 3); /* lab, noc and the bare prefix */
	image = &policy->exceptions[0].image;
	assert_false(image->everybody);
	assert_int_equal(image->group_count, 1);
	assert_string_equal(policy->groups[image->groups[0]].name, "lab");
	assert_int_equal(policy->groups[image->groups[0]].prefix_count, 2);
	image = &policy->exceptions[1].image;
	assert_int_equal(image->group_count, 2);
	assert_string_equal(policy->groups[image->groups[1]].name, "203.0.113.0/24");
	assert_string_equal(image->clients, "noc, 203.0.113.0/24");
	assert_true(policy->exceptions[2].image.everybody);
	assert_int_equal(policy->exceptions[2].image.categories, (1 << CF_CATEGORIES) - 1);
	cf_policy_free(policy);
}

static void exceptions_keep_their_lines_types_and_instants(void **state)
{
	struct cf_policy *policy = good(FULL);
	const struct cf_policy_exception *exception = &policy->exceptions[1];
	enum cf_scope scope;
	struct cf_name name;

	(void)state;
	assert_int_equal(policy->exceptions[0].image.line, 10);
	assert_int_equal(exception->image.line, 12);
	assert_int_equal(policy->exceptions[0].image.until_wall_s, 1735603200);
	assert_int_equal(exception->image.until_wall_s, INT64_MAX);
	assert_int_equal(exception->image.from_wall_s, 1727755200);
	assert_int_equal(exception->image.type_count, 2);
	assert_int_equal(exception->image.types[1], 65);
	assert_int_equal(exception->name_count, 3);
	assert_int_equal(
	    cf_policy_pattern_parse(exception->names[0].text, &name, &scope, NULL), CF_OK);
	assert_int_equal(scope, CF_SCOPE_BELOW);
	assert_int_equal(
	    cf_policy_pattern_parse(exception->names[1].text, &name, &scope, NULL), CF_OK);
	assert_int_equal(scope, CF_SCOPE_SUBTREE);
	assert_int_equal(name.label_count, 2);
	cf_policy_free(policy);
}

static void every_category_is_a_word_of_the_policy(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		const char *word = cf_category_text((enum cf_category)i);
		struct cf_policy *policy;
		char text[512];

		snprintf(text, sizeof text,
		    "vendor: v\nbaseline: {%s: block}\nphases:\n - {name: n, from: "
		    "\"2024-01-01T00:00:00Z\", categories: [%s], verdict: flag}\n"
		    "names: [{name: a.example, category: %s}]\n",
		    word, word, word);
		policy = good(text);
		assert_int_equal(policy->baseline[i], CF_VERDICT_BLOCK);
		assert_true(policy->baseline_said[i]);
		assert_int_equal(policy->phases[0].image.categories, 1U << i);
		assert_int_equal(policy->names[0].category, i);
		cf_policy_free(policy);
	}
}

static void what_is_not_said_has_its_default(void **state)
{
	struct cf_policy *policy = good("vendor: [a, b]\npreset: p\nlog:\nexceptions: []\n");

	(void)state;
	assert_int_equal(policy->vendor_count, 2);
	assert_int_equal(policy->exception_count, 0);
	assert_int_equal(policy->answer.kind, CF_ANSWER_NXDOMAIN);
	assert_int_equal(policy->answer.ttl_s, 300);
	assert_int_equal(policy->answer.ede_code, 15);
	assert_int_equal(policy->fold_s, 60);
	assert_string_equal(policy->privacy, "full");
	assert_false(policy->baseline_said[CF_CATEGORY_UPDATES]);
	assert_false(policy->syslog);
	cf_policy_free(policy);
}

static void instant_without_offset_is_refused_saying_so(void **state)
{
	(void)state;
	refused(with_until("2024-12-31T00:00:00"),
	    "curfew.yaml:9: exceptions[0].until: '2024-12-31T00:00:00' has no offset");
	refused(with_until("2024-12-31"), "is not an instant such as");
	refused(with_until("2024-02-30T00:00:00Z"), "is not an instant such as");
	cf_policy_free(good(with_until("2024-12-31T00:00:00-05:00")));
}

static void several_mistakes_are_reported_at_once(void **state)
{
	struct cf_policy *policy = NULL;
	struct cf_diags diags;

	(void)state;
	assert_int_equal(parse("vendor: v\npresett: p\nanswer: {kind: nxdomian, ttl: 5 minutes}\n"
	                       "exceptions:\n  - {clients: lab}\nblock-addresses: maybe\n",
	                     &policy, &diags),
	    CF_EINVALID);
	/* The key, the word, four missing keys of the exception, the truth value. */
	assert_int_equal(diags.errors, 6);
	cf_diags_done(&diags);
	refused("vendor: v\npresett: p\n",
	    "curfew.yaml:2: presett: unknown key; did you mean 'preset'");
	refused("vendor: v\nanswer: {kind: nope}\n",
	    "curfew.yaml:2: answer.kind: 'nope' is not one of: nxdomain, nodata, sinkhole");
	refused(
	    "vendor: v\npreset: p\nblock-addresses: maybe\n", "curfew.yaml:3: block-addresses: ");
	refused("vendor: v\npreset: p\nexceptions: [{clients: lab}]\n",
	    "exceptions[0]: misses 'owner'");
}

static void impossible_meanings_are_refused(void **state)
{
	(void)state;
	refused("vendor: v\n", "misses 'preset' or 'phases'");
	refused("vendor: v\npreset: p\negress:\n  role: bridge\n",
	    "curfew.yaml:4: egress.role: is 'bridge'; expected router, host or both");
	refused("vendor: v\npreset: p\negress:\n  role: host\n  dot: redirect\n",
	    "curfew.yaml:5: egress.dot: is 'redirect'; encrypted DNS cannot be redirected");
	refused("vendor: v\npreset: p\negress:\n  fallback: redirect\n",
	    "curfew.yaml:4: egress.fallback: redirect needs a resolver");
	refused("vendor: v\npreset: p\negress: {dns: reject}\n", "egress.dns: rejecting DNS");
	refused("vendor: v\npreset: p\negress:\n  never: [192.0.2.1, 10.0.0.1/8]\n",
	    "curfew.yaml:4: egress.never: is '10.0.0.1/8'; expected an address or prefix");
	refused("vendor: v\npreset: p\negress: {log: 70000}\n", "egress.log: is '70000'");
	refused("vendor: v\npreset: p\negress: {log-rate: 0}\n", "egress.log-rate: is '0'");
	refused("vendor: v\npreset: p\negress: {resolver-user: \"a b\"}\n", "the name of a user");
	refused("vendor: v\npreset: p\negress: {hook: forward}\n", "egress");
	refused("preset: p\n", "misses 'vendor'");
	refused("vendor: ../etc\npreset: p\n", "vendor: must be the name of a folder");
	refused("vendor: v\npreset: ../../x\n", "preset[0].name: must be the name of a file");
	refused("vendor: v\npreset: p\nanswer: {kind: sinkhole}\n", "answer: misses 'sinkhole'");
	refused("vendor: v\npreset: p\nanswer: {sinkhole: [192.0.2.1, 192.0.2.2]}\n",
	    "not two of a kind");
	refused("vendor: v\npreset: p\nanswer: {ttl: 2d}\n", "answer.ttl: '2d' is not a duration");
	refused(
	    "vendor: v\npreset: p\nanswer: {ede-code: 70000}\n", "'70000' is not a whole number");
	refused("vendor: v\npreset: p\nlog: {path: hits.jsonl}\n", "log.path: must be absolute");
	refused("vendor: v\npreset: p\nlog: {privacy: pseudonym}\n", "privacy-key-file");
	refused("vendor: v\npreset: p\ngroups: {lab: 10.1.2.3/8}\n",
	    "curfew.yaml:3: groups.lab: '10.1.2.3/8' has bits set behind its length");
	refused("vendor: v\npreset: p\ngroups: {everybody: 10.0.0.0/8}\n", "cannot have this name");
	refused(
	    "vendor: v\npreset: p\nexceptions: [{clients: labb, categories: all, verdict: flag, "
	    "owner: o, reason: r}]\n",
	    "'labb' is none of the groups");
	refused("vendor: v\npreset: p\nexceptions: [{clients: everybody, verdict: flag, owner: o, "
	        "reason: r}]\n",
	    "misses 'categories' or 'names'");
	refused("vendor: v\npreset: p\nexceptions: [{clients: everybody, names: ['a*.example'], "
	        "verdict: flag, owner: o, reason: r}]\n",
	    "exceptions[0].names[0]: 'a*.example' has a star in it; a star may only stand for "
	    "whole labels");
	refused(
	    "vendor: v\npreset: p\nnames: [{name: com, category: sales}]\n", "top-level domain");
}

static void yaml_that_could_expand_or_confuse_is_refused(void **state)
{
	char deep[256] = "vendor: ";

	(void)state;
	refused("", "is empty");
	refused("vendor: &a v\npreset: *a\n", "anchors (&) are not used");
	refused("vendor: v\npreset: *a\n", "aliases (*) are not used");
	refused("vendor: !!binary v\n", "tags (!) are not used");
	refused("vendor: v\nvendor: w\n", "curfew.yaml:2: vendor: stands here twice");
	refused("vendor: v\n---\nvendor: v\n", "a second document");
	refused("vendor: \"a\\0b\"\n", "NUL");
	refused("vendor: \"a\\x1bb\"\n", "control characters");
	refused("? [a]\n: b\n", "a key must be a plain word");
	refused("vendor: [a\n", "is not YAML");
	refused("just text\n", "is not a mapping");
	memset(deep + strlen(deep), '[', 100);
	refused(deep, "nested too deeply");
}

static void lapsed_and_lapsing_exceptions_are_told(void **state)
{
	struct cf_policy *policy = good(with_until("2024-12-31T00:00:00Z"));
	struct cf_diags diags;

	(void)state;
	cf_diags_init(&diags);
	cf_policy_review(policy, 1735603200 - CF_LAPSE_NOTICE_S - 1, &diags);
	assert_int_equal(diags.count, 0);
	cf_policy_review(policy, 1735603200 - 86400, &diags);
	assert_int_equal(diags.count, 1);
	assert_int_equal(diags.items[0].level, CF_DIAG_NOTE);
	assert_non_null(strstr(diags.items[0].text, "in 24 hours; owner o"));
	cf_policy_review(policy, 1735603200, &diags);
	assert_int_equal(diags.count, 2);
	assert_int_equal(diags.items[1].level, CF_DIAG_WARNING);
	assert_int_equal(diags.items[1].line, 4);
	cf_diags_done(&diags);
	cf_policy_free(policy);
}

static void names_of_other_scripts_become_ascii(void **state)
{
	enum cf_scope scope;
	struct cf_name name, wanted;
	struct cf_error error;

	(void)state;
	assert_int_equal(cf_policy_pattern_parse("*.B\xc3\xbc"
	                                         "cher.example",
	                     &name, &scope, &error),
	    CF_OK);
	assert_int_equal(cf_name_from_text("xn--bcher-kva.example", 21, &wanted), CF_OK);
	assert_true(cf_name_equal(&name, &wanted));
	assert_int_equal(
	    cf_policy_pattern_parse("\xff\xfe.example", &name, &scope, &error), CF_EMALFORMED);
	assert_int_equal(cf_policy_pattern_parse(".", &name, &scope, &error), CF_EMALFORMED);
}

static void a_policy_that_is_not_there_is_an_input_error(void **state)
{
	struct cf_policy *policy = NULL;
	struct cf_diags diags;

	(void)state;
	cf_diags_init(&diags);
	assert_int_equal(cf_policy_read("no/such/curfew.yaml", &policy, &diags), CF_EIO);
	assert_int_equal(diags.errors, 1);
	assert_null(policy);
	cf_diags_done(&diags);
}

#define A_KEY "RWSAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B_KEY "RWQBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define BASE  "vendor: kaspersky\npreset: us-federal\n"

static void updates_name_places_keys_and_bounds(void **state)
{
	(void)state;
	struct cf_policy *policy =
	    good(BASE "updates:\n"
	              "  - pack: kaspersky\n"
	              "    from: [https://lists.example.net/k.bundle, /srv/k.bundle]\n"
	              "    keys: [" A_KEY ", {key: " B_KEY ", from: 2026-01-01T00:00:00Z, until: "
	              "2027-01-01T00:00:00Z}]\n"
	              "    max-shrink: 25\n    max-mib: 8\n    timeout: 2m\n    ca: /etc/ca.pem\n");
	const struct cf_policy_update *update = &policy->updates[0];

	assert_int_equal(policy->update_count, 1);
	assert_string_equal(update->pack, "kaspersky");
	assert_int_equal(update->place_count, 2);
	assert_string_equal(update->places[1], "/srv/k.bundle");
	assert_int_equal(update->key_count, 2);
	assert_string_equal(update->keys[0].text, A_KEY);
	assert_true(update->keys[0].from_wall_s == INT64_MIN);
	assert_true(update->keys[0].until_wall_s == INT64_MAX);
	assert_int_equal(update->keys[1].from_wall_s, 1767225600);
	assert_int_equal(update->keys[1].until_wall_s, 1798761600);
	assert_int_equal(update->most_shrink_percent, 25);
	assert_int_equal(update->most_bytes, 8 << 20);
	assert_int_equal(update->timeout_s, 120);
	assert_string_equal(update->ca_file, "/etc/ca.pem");
	cf_policy_free(policy);
}

static void an_update_of_one_place_and_one_key_needs_no_list(void **state)
{
	(void)state;
	struct cf_policy *policy =
	    good(BASE "updates: {pack: kaspersky, from: /srv/k, keys: " A_KEY "}\n");

	assert_int_equal(policy->updates[0].place_count, 1);
	assert_int_equal(policy->updates[0].key_count, 1);
	assert_int_equal(policy->updates[0].most_shrink_percent, 10);
	assert_int_equal(policy->updates[0].most_bytes, CF_BUNDLE_BYTES);
	assert_int_equal(policy->updates[0].timeout_s, 900);
	cf_policy_free(policy);
}

static void updates_that_could_not_work_are_refused(void **state)
{
	(void)state;
#define UPDATE(pack, from, keys) \
	BASE "updates: [{pack: " pack ", from: " from ", keys: " keys "}]\n"
	refused(UPDATE("other", "/srv/k", A_KEY), "curfew.yaml:3: updates[0].pack");
	refused(UPDATE("kaspersky", "http://example.net/k", A_KEY), "updates[0].from");
	refused(UPDATE("kaspersky", "k.bundle", A_KEY), "updates[0].from");
	refused(UPDATE("kaspersky", "/srv/k", "untrusted"), "updates[0].keys[0].key");
	refused(UPDATE("kaspersky", "/srv/k",
	            "RWA"
	            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
	    "updates[0].keys[0].key");
	refused(UPDATE("kaspersky", "/srv/k", "[" A_KEY ", " A_KEY "]"), "twice");
	refused(UPDATE("kaspersky", "/srv/k",
	            "[{key: " A_KEY ", from: 2027-01-01T00:00:00Z, until: 2026-01-01T00:00:00Z}]"),
	    "updates[0].keys[0].until");
	refused(UPDATE("kaspersky", "/srv/k", "[]"), "keys");
	refused(UPDATE("kaspersky", "/srv/k", A_KEY ", max-shrink: 101"), "updates[0].max-shrink");
	refused(UPDATE("kaspersky", "/srv/k", A_KEY ", max-mib: 257"), "updates[0].max-mib");
	refused(UPDATE("kaspersky", "/srv/k", A_KEY ", timeout: 0s"), "updates[0].timeout");
	refused(BASE "updates: [{pack: kaspersky, from: /a, keys: " A_KEY
	             "}, {pack: kaspersky, from: /b, "
	             "keys: " A_KEY "}]\n",
	    "updates[1].pack");
}

static void keys_that_end_are_told(void **state)
{
	(void)state;
	struct cf_policy *policy = good(BASE
	    "updates: [{pack: kaspersky, from: /srv/k, keys: [{key: " A_KEY
	    ", until: 2027-01-01T00:00:00Z}, {key: " B_KEY ", from: 2028-01-01T00:00:00Z}]}]\n");
	struct cf_diags diags;

	cf_diags_init(&diags);
	cf_policy_review(policy, 1700000000, &diags);
	assert_int_equal(diags.count, 0);
	cf_policy_review(policy, 1798761600 - 86400, &diags);
	assert_int_equal(diags.count, 1);
	assert_int_equal(diags.items[0].level, CF_DIAG_NOTE);
	cf_policy_review(policy, 1798761600, &diags);
	assert_int_equal(diags.count, 2);
	assert_int_equal(diags.items[1].level, CF_DIAG_WARNING);
	cf_policy_review(policy, 1830297600, &diags); /* the other one's time */
	assert_int_equal(diags.count, 2);
	cf_diags_done(&diags);
	cf_policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_policy_means_what_it_says),
	    cmocka_unit_test(clients_are_groups_prefixes_or_everybody),
	    cmocka_unit_test(exceptions_keep_their_lines_types_and_instants),
	    cmocka_unit_test(every_category_is_a_word_of_the_policy),
	    cmocka_unit_test(what_is_not_said_has_its_default),
	    cmocka_unit_test(instant_without_offset_is_refused_saying_so),
	    cmocka_unit_test(several_mistakes_are_reported_at_once),
	    cmocka_unit_test(impossible_meanings_are_refused),
	    cmocka_unit_test(yaml_that_could_expand_or_confuse_is_refused),
	    cmocka_unit_test(lapsed_and_lapsing_exceptions_are_told),
	    cmocka_unit_test(names_of_other_scripts_become_ascii),
	    cmocka_unit_test(updates_name_places_keys_and_bounds),
	    cmocka_unit_test(an_update_of_one_place_and_one_key_needs_no_list),
	    cmocka_unit_test(updates_that_could_not_work_are_refused),
	    cmocka_unit_test(keys_that_end_are_told),
	    cmocka_unit_test(a_policy_that_is_not_there_is_an_input_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
