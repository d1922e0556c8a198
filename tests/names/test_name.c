/* names/name: wire and text to canonical form and back. */

#include "names/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cf_name name_of(const char *text)
{
	struct cf_name name;

	if (cf_name_from_text(text, strlen(text), &name) != CF_OK)
		fail_msg("'%s'", text);
	return name;
}

static void text_goes_to_lower_case_and_loses_its_last_dot(void **state)
{
	static const char *const pairs[][2] = {
	    {"S19.UPD.Kaspersky.com.", "s19.upd.kaspersky.com"},
	    {"com", "com"},
	    {".", "."},
	    {"a.b.", "a.b"},
	    {"_dmarc.example-1.ORG", "_dmarc.example-1.org"},
	    {"a\\.b.c", "a\\.b.c"},
	    {"a\\046b.c", "a\\.b.c"},
	    {"\\065.x", "a.x"},
	    {"\\\\.x", "\\\\.x"},
	    {"a\\ b.x", "a\\032b.x"},
	    {"\\255\\000.x", "\\255\\000.x"},
	    {"*.example.com", "*.example.com"},
	};
	char text[CF_NAME_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct cf_name name = name_of(pairs[i][0]);

		assert_string_equal(cf_name_format(&name, text), pairs[i][1]);
	}
}

static void labels_are_remembered_from_the_left(void **state)
{
	struct cf_name name = name_of("www.example.com");

	(void)state;
	assert_int_equal(name.wire_len, 17);
	assert_int_equal(name.label_count, 3);
	assert_int_equal(name.label_at[0], 0);
	assert_int_equal(name.label_at[1], 4);
	assert_int_equal(name.label_at[2], 12);
	assert_memory_equal(name.wire, "\3www\7example\3com", 17);
	name = name_of(".");
	assert_int_equal(name.wire_len, 1);
	assert_int_equal(name.label_count, 0);
}

static void bad_text_is_refused(void **state)
{
	static const char *const texts[] = {"", "..", ".a", "a..b", "a..", "a b", "a\tb", "a\x80",
	    "\x7f", "a\\", "a\\1", "a\\12", "a\\256", "a\\999", "a\\1x2", "a\\\x01"};
	struct cf_name name;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (cf_name_from_text(texts[i], strlen(texts[i]), &name) != CF_EMALFORMED)
			fail_msg("'%s'", texts[i]);
	/* A NUL inside the length is a byte like any other that may not stand unescaped. */
	assert_int_equal(cf_name_from_text("a\0b", 3, &name), CF_EMALFORMED);
}

static void labels_end_at_63_bytes(void **state)
{
	char text[80];
	struct cf_name name;

	(void)state;
	memset(text, 'x', sizeof text);
	assert_int_equal(cf_name_from_text(text, 63, &name), CF_OK);
	assert_int_equal(name.wire_len, 65);
	assert_int_equal(cf_name_from_text(text, 64, &name), CF_EMALFORMED);
}

static void names_end_at_255_bytes(void **state)
{
	char text[300];
	struct cf_name name;

	(void)state;
	/* Three labels of 63 and one of 61 make 64 * 3 + 62 + 1 = 255 on the wire. */
	memset(text, 'x', sizeof text);
	text[63] = text[127] = text[191] = '.';
	assert_int_equal(cf_name_from_text(text, 253, &name), CF_OK);
	assert_int_equal(name.wire_len, 255);
	assert_int_equal(cf_name_from_text(text, 254, &name), CF_EMALFORMED);
	text[253] = '.';
	assert_int_equal(cf_name_from_text(text, 254, &name), CF_OK);
	/* 127 labels are as many as fit. */
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(cf_name_from_text(text, 253, &name), CF_OK);
	assert_int_equal(name.label_count, CF_NAME_LABELS);
	assert_int_equal(cf_name_from_text(text, 255, &name), CF_EMALFORMED);
}

static void the_longest_text_fits_its_buffer(void **state)
{
	uint8_t wire[CF_NAME_WIRE_BYTES];
	char *text = malloc(CF_NAME_TEXT_BYTES);
	struct cf_name name, again;
	size_t at = 0;

	(void)state;
	/* Every byte needs three digits. */
	memset(wire, 0xff, sizeof wire);
	for (; at < 192; at += 64)
		wire[at] = 63;
	wire[at] = 61;
	wire[254] = 0;
	assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_OK);
	assert_true(strlen(cf_name_format(&name, text)) < CF_NAME_TEXT_BYTES);
	assert_int_equal(cf_name_from_text(text, strlen(text), &again), CF_OK);
	assert_true(cf_name_equal(&name, &again));
	free(text);
}

static void wire_names_are_canonicalised(void **state)
{
	static const uint8_t wire[] = "\3WwW\7eXample\3COM\0garbage";
	struct cf_name name, expected = name_of("www.example.com");

	(void)state;
	assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_OK);
	assert_true(cf_name_equal(&name, &expected));
	assert_int_equal(cf_name_from_wire(wire, 17, &name), CF_OK);
	assert_memory_equal(name.label_at, expected.label_at, 3);
}

static void only_ascii_letters_change(void **state)
{
	uint8_t wire[] = {2, 0, 0, 0};
	struct cf_name name;

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		wire[1] = (uint8_t)i;
		assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_OK);
		assert_int_equal(name.wire[1], i >= 'A' && i <= 'Z' ? i + 32 : i);
	}
}

static void a_label_running_past_the_end_is_refused(void **state)
{
	static const uint8_t wire[] = "\3www\7example\3com";
	struct cf_name name;

	(void)state;
	for (size_t len = 0; len < 17; len++) {
		uint8_t *copy = malloc(len + 1); /* so that reading further is seen */

		memcpy(copy, wire, len);
		assert_int_equal(cf_name_from_wire(copy, len, &name), CF_EMALFORMED);
		free(copy);
	}
	assert_int_equal(cf_name_from_wire(wire, 17, &name), CF_OK);
}

static void pointers_and_odd_label_types_are_refused(void **state)
{
	static const uint8_t wires[][4] = {{0xc0, 0x0c, 0, 0}, {0x40, 1, 0, 0}, {0x80, 1, 0, 0}};
	struct cf_name name;

	(void)state;
	for (size_t i = 0; i < sizeof wires / sizeof *wires; i++)
		assert_int_equal(cf_name_from_wire(wires[i], 4, &name), CF_EMALFORMED);
}

static void a_wire_name_of_256_bytes_is_refused(void **state)
{
	uint8_t wire[300] = {0};
	struct cf_name name;

	(void)state;
	for (size_t at = 0; at < 256; at += 64)
		wire[at] = 63;
	assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_EMALFORMED);
	wire[192] = 61;
	assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_OK);
	assert_int_equal(name.wire_len, 255);
	wire[192] = 62;
	assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_EMALFORMED);
}

static void subdomains_end_at_label_borders(void **state)
{
	struct cf_name parent = name_of("kaspersky.com"), root = name_of(".");
	struct cf_name below = name_of("s00.upd.kaspersky.com"),
	               lookalike = name_of("notkaspersky.com");
	struct cf_name above = name_of("com"), longer = name_of("kaspersky.com.example.org");

	(void)state;
	assert_true(cf_name_is_subdomain(&below, &parent));
	assert_true(cf_name_is_subdomain(&parent, &parent));
	assert_true(cf_name_is_subdomain(&below, &root));
	assert_true(cf_name_is_subdomain(&root, &root));
	assert_false(cf_name_is_subdomain(&lookalike, &parent));
	assert_false(cf_name_is_subdomain(&above, &parent));
	assert_false(cf_name_is_subdomain(&longer, &parent));
	assert_false(cf_name_is_subdomain(&root, &above));
}

static void suffixes_count_labels_from_the_right(void **state)
{
	struct cf_name name = name_of("www.example.com");
	size_t len;

	(void)state;
	assert_memory_equal(cf_name_suffix(&name, 1, &len), "\3com", 5);
	assert_int_equal(len, 5);
	assert_ptr_equal(cf_name_suffix(&name, 3, &len), name.wire);
	assert_int_equal(len, 17);
	assert_int_equal(*cf_name_suffix(&name, 0, &len), 0);
	assert_int_equal(len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_goes_to_lower_case_and_loses_its_last_dot),
	    cmocka_unit_test(labels_are_remembered_from_the_left),
	    cmocka_unit_test(bad_text_is_refused),
	    cmocka_unit_test(labels_end_at_63_bytes),
	    cmocka_unit_test(names_end_at_255_bytes),
	    cmocka_unit_test(the_longest_text_fits_its_buffer),
	    cmocka_unit_test(wire_names_are_canonicalised),
	    cmocka_unit_test(only_ascii_letters_change),
	    cmocka_unit_test(a_label_running_past_the_end_is_refused),
	    cmocka_unit_test(pointers_and_odd_label_types_are_refused),
	    cmocka_unit_test(a_wire_name_of_256_bytes_is_refused),
	    cmocka_unit_test(subdomains_end_at_label_borders),
	    cmocka_unit_test(suffixes_count_labels_from_the_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
