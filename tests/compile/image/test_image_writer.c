/* compile/image_writer: what the builder refuses, and its defaults. */

#include "compile/image/image_writer.h"

#include "image/image.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cf_image_builder *builder;

static int make_builder(void **state)
{
	(void)state;
	return cf_image_builder_new(&builder) == CF_OK ? 0 : -1;
}

static int free_builder(void **state)
{
	(void)state;
	cf_image_builder_free(builder);
	return 0;
}

static struct cf_image *open_built(void **data_out)
{
	struct cf_image *image = NULL;
	struct cf_error error = {0};
	size_t len;

	assert_int_equal(cf_image_builder_to_memory(builder, data_out, &len, &error), CF_OK);
	if (cf_image_from_memory(*data_out, len, &image, &error) != CF_OK)
		fail_msg("%s", error.text);
	return image;
}

static struct cf_prefix prefix_of(const char *text)
{
	struct cf_prefix prefix;

	assert_int_equal(cf_prefix_parse(text, &prefix), CF_OK);
	return prefix;
}

static void values_out_of_their_enums_are_refused(void **state)
{
	struct cf_name name;
	struct cf_image_attr good = {0}, category = {.category = CF_CATEGORIES};
	struct cf_image_attr confidence = {.confidence = (enum cf_confidence)3};
	struct cf_signature signature = {.category = CF_CATEGORIES};
	void *data;
	struct cf_image *image;

	(void)state;
	assert_int_equal(cf_name_from_text("a.example", 9, &name), CF_OK);
	assert_int_equal(
	    cf_image_builder_add_name(builder, &name, (enum cf_scope)3, &good, 1), CF_EINVALID);
	assert_int_equal(
	    cf_image_builder_add_name(builder, &name, CF_SCOPE_EXACT, &category, 1), CF_EINVALID);
	assert_int_equal(
	    cf_image_builder_add_name(builder, &name, CF_SCOPE_EXACT, &confidence, 1), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_signature(builder, &signature), CF_EINVALID);
	assert_int_equal(
	    cf_image_builder_set_baseline(builder, 0, CF_CATEGORIES, CF_VERDICT_PASS), CF_EINVALID);
	assert_int_equal(
	    cf_image_builder_set_baseline(builder, 0, CF_CATEGORY_PKI, (enum cf_verdict)3),
	    CF_EINVALID);
	image = open_built(&data);
	assert_int_equal(cf_image_info(image)->names, 0);
	assert_int_equal(cf_image_info(image)->signatures, 0);
	cf_image_close(image);
	free(data);
}

static void impossible_networks_are_refused(void **state)
{
	struct cf_network none = {.prefix = {.bits = 8}};
	struct cf_network bits = {.prefix = prefix_of("10.0.0.0/8")}, host = bits, kind = bits;

	(void)state;
	bits.prefix.bits = 33;
	host.prefix.addr.bytes[3] = 1;
	kind.kind = (enum cf_network_kind)5;
	assert_int_equal(cf_image_builder_add_network(builder, &none), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_network(builder, &bits), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_network(builder, &host), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_network(builder, &kind), CF_EINVALID);
	assert_int_equal(
	    cf_image_builder_add_group(builder, "g", &bits.prefix, 1, NULL), CF_EINVALID);
}

static void odd_ports_and_resolvers_are_refused(void **state)
{
	struct cf_port proto = {.proto = 1, .first = 1, .last = 1};
	struct cf_port order = {.proto = IPPROTO_UDP, .first = 2, .last = 1};
	struct cf_resolver resolver = {.role = "doh"};

	(void)state;
	assert_int_equal(cf_image_builder_add_port(builder, &proto), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_port(builder, &order), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_resolver(builder, &resolver), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_asn(builder, 0, 0, "nobody"), CF_EINVALID);
}

static void the_first_name_of_an_as_stays(void **state)
{
	const char *org = NULL;
	struct cf_image *image;
	void *data;

	(void)state;
	assert_int_equal(cf_image_builder_add_asn(builder, 0, 5, "first"), CF_OK);
	assert_int_equal(cf_image_builder_add_asn(builder, 0, 5, "second"), CF_OK);
	image = open_built(&data);
	assert_int_equal(cf_image_info(image)->asns, 1);
	assert_true(cf_image_find_asn(image, 5, &org));
	assert_string_equal(org, "first");
	cf_image_close(image);
	free(data);
}

static void phases_without_sense_are_refused(void **state)
{
	struct cf_phase none = {.verdict = CF_VERDICT_BLOCK};
	struct cf_phase unknown = {.categories = 1U << CF_CATEGORIES};
	struct cf_phase verdict = {.categories = 1, .verdict = (enum cf_verdict)3};
	struct cf_phase good = {.categories = 1};

	(void)state;
	assert_int_equal(cf_image_builder_add_phase(builder, &none), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_phase(builder, &unknown), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_phase(builder, &verdict), CF_EINVALID);
	for (unsigned i = 0; i < CF_PHASES; i++)
		assert_int_equal(cf_image_builder_add_phase(builder, &good), CF_OK);
	assert_int_equal(cf_image_builder_add_phase(builder, &good), CF_ETOOBIG);
}

static void exceptions_without_sense_are_refused(void **state)
{
	uint32_t group = 0, id;
	struct cf_image_exception good = {.everybody = true,
	    .categories = 1,
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = INT64_MAX};
	struct cf_image_exception nobody = good, lapsed = good, unknown = good, types = good,
	                          bits = good;
	struct cf_name name;

	(void)state;
	nobody.everybody = false;
	lapsed.from_wall_s = lapsed.until_wall_s = 5;
	unknown.everybody = false;
	unknown.groups = &group;
	unknown.group_count = 1;
	bits.categories = 1U << CF_CATEGORIES;
	types.type_count = CF_EXCEPTION_TYPES + 1;
	assert_int_equal(cf_image_builder_add_exception(builder, &nobody, &id), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_exception(builder, &lapsed, &id), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_exception(builder, &unknown, &id), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_exception(builder, &bits, &id), CF_EINVALID);
	assert_int_equal(cf_image_builder_add_exception(builder, &types, &id), CF_ETOOBIG);
	assert_int_equal(cf_name_from_text("a.example", 9, &name), CF_OK);
	assert_int_equal(
	    cf_image_builder_add_exception_name(builder, 0, &name, CF_SCOPE_EXACT, 1), CF_EINVALID);
	for (unsigned i = 0; i < CF_EXCEPTIONS; i++) {
		assert_int_equal(cf_image_builder_add_exception(builder, &good, &id), CF_OK);
		assert_int_equal(id, i);
	}
	assert_int_equal(cf_image_builder_add_exception(builder, &good, &id), CF_ETOOBIG);
}

static void groups_are_numbered_and_limited(void **state)
{
	struct cf_prefix prefix = prefix_of("10.0.0.0/8");
	uint32_t id;

	(void)state;
	for (unsigned i = 0; i < CF_GROUPS; i++) {
		assert_int_equal(cf_image_builder_add_group(builder, "g", &prefix, 1, &id), CF_OK);
		assert_int_equal(id, i);
	}
	assert_int_equal(cf_image_builder_add_group(builder, "g", &prefix, 1, &id), CF_ETOOBIG);
}

static void answers_that_cannot_be_given_are_refused(void **state)
{
	char text[CF_EDE_TEXT_BYTES + 1];
	struct cf_answer_spec empty = {.kind = CF_ANSWER_SINKHOLE};
	struct cf_answer_spec family = {.sinkhole_v4 = cf_addr_v6((const uint8_t[16]){0x20, 1})};
	struct cf_answer_spec kind = {.kind = (enum cf_answer)5}, long_text = {.ede_text = text};

	(void)state;
	memset(text, 'x', CF_EDE_TEXT_BYTES);
	text[CF_EDE_TEXT_BYTES] = '\0';
	assert_int_equal(cf_image_builder_set_answer(builder, &empty), CF_EINVALID);
	assert_int_equal(cf_image_builder_set_answer(builder, &family), CF_EINVALID);
	assert_int_equal(cf_image_builder_set_answer(builder, &kind), CF_EINVALID);
	assert_int_equal(cf_image_builder_set_answer(builder, &long_text), CF_ETOOBIG);
	text[CF_EDE_TEXT_BYTES - 1] = '\0';
	assert_int_equal(cf_image_builder_set_answer(builder, &long_text), CF_OK);
}

static void what_is_not_set_has_its_default(void **state)
{
	const struct cf_answer_spec *answer;
	struct cf_image *image;
	void *data;

	(void)state;
	image = open_built(&data);
	answer = cf_image_answer(image);
	assert_int_equal(answer->kind, CF_ANSWER_NXDOMAIN);
	assert_int_equal(answer->ttl_s, 300);
	assert_int_equal(answer->ede_code, 15);
	assert_string_equal(answer->ede_text, "");
	assert_string_equal(cf_image_info(image)->privacy, "full");
	assert_int_equal(cf_image_baseline(image, 0, CF_CATEGORY_UPDATES), CF_VERDICT_FLAG);
	assert_int_equal(cf_image_baseline(image, 0, CF_CATEGORY_LOCAL_INJECTION), CF_VERDICT_PASS);
	cf_image_close(image);
	free(data);
}

static void strings_are_copied_at_once(void **state)
{
	char note[32] = "first";
	struct cf_image_attr attr = {.note = note};
	struct cf_match matches[CF_MATCHES];
	struct cf_image *image;
	struct cf_entry entry;
	struct cf_name name;
	void *data;

	(void)state;
	assert_int_equal(cf_name_from_text("a.example", 9, &name), CF_OK);
	assert_int_equal(
	    cf_image_builder_add_name(builder, &name, CF_SCOPE_EXACT, &attr, 1), CF_OK);
	strcpy(note, "second"); /* the same pointer, another text */
	assert_int_equal(
	    cf_image_builder_add_name(builder, &name, CF_SCOPE_EXACT, &attr, 2), CF_OK);
	strcpy(note, "third");
	image = open_built(&data);
	assert_int_equal(cf_image_find_name(image, &name, matches), 2);
	cf_image_entry(image, matches[0].entry, &entry);
	assert_string_equal(entry.note, "first");
	cf_image_entry(image, matches[1].entry, &entry);
	assert_string_equal(entry.note, "second");
	cf_image_close(image);
	free(data);
}

/* Thousands of strings and attributes, so that every table of the builder grows a few times. */
static void many_different_attributes_are_told_apart(void **state)
{
	struct cf_match matches[CF_MATCHES];
	struct cf_image *image;
	struct cf_entry entry;
	struct cf_name name;
	char text[32];
	void *data;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct cf_image_attr attr = {.note = text, .source = i % 2 == 0 ? "even" : "odd"};

		snprintf(text, sizeof text, "n%u.example", i);
		assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
		assert_int_equal(
		    cf_image_builder_add_name(builder, &name, CF_SCOPE_EXACT, &attr, i), CF_OK);
	}
	image = open_built(&data);
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "n%u.example", i);
		assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
		assert_int_equal(cf_image_find_name(image, &name, matches), 1);
		cf_image_entry(image, matches[0].entry, &entry);
		assert_string_equal(entry.note, text);
		assert_string_equal(entry.source, i % 2 == 0 ? "even" : "odd");
		assert_int_equal(entry.line, i);
	}
	cf_image_close(image);
	free(data);
}

#define WITH_BUILDER(test) cmocka_unit_test_setup_teardown(test, make_builder, free_builder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BUILDER(values_out_of_their_enums_are_refused),
	    WITH_BUILDER(impossible_networks_are_refused),
	    WITH_BUILDER(odd_ports_and_resolvers_are_refused),
	    WITH_BUILDER(the_first_name_of_an_as_stays),
	    WITH_BUILDER(phases_without_sense_are_refused),
	    WITH_BUILDER(exceptions_without_sense_are_refused),
	    WITH_BUILDER(groups_are_numbered_and_limited),
	    WITH_BUILDER(answers_that_cannot_be_given_are_refused),
	    WITH_BUILDER(what_is_not_set_has_its_default),
	    WITH_BUILDER(strings_are_copied_at_once),
	    WITH_BUILDER(many_different_attributes_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
