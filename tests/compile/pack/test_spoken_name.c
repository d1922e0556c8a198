/* One grammar for names: what is taken, what is understood, what is refused with which words. */

#include "compile/pack/spoken_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What each text is: to doors that put names in force, and to those that ask. */
static const struct {
	const char *text;
	const char *taken; /* "", or the name that a policy takes it for, with its star or dot */
	const char *asked; /* "", or the name or address that explain understands */
	const char *says;  /* in the refusal of the policy */
} table[] = {
    {"example.org", "example.org", "example.org", NULL},
    {"EXAMPLE.Org.", "example.org", "example.org", NULL},
    {"  example.org\t", "example.org", "example.org", NULL},
    {"_dmarc.ex-ample.org", "_dmarc.ex-ample.org", "_dmarc.ex-ample.org", NULL},
    {"*.example.org", "*.example.org", "*.example.org", NULL},
    {".example.org", ".example.org", ".example.org", NULL},
    {"b\xc3\xbc"
     "cher.example",
        "xn--bcher-kva.example", "xn--bcher-kva.example", NULL},
    {"B\xc3\x9c"
     "CHER\xe3\x80\x82"
     "example",
        "xn--bcher-kva.example", "xn--bcher-kva.example", NULL},
    {"a\\;b.example", "a\\;b.example", "a\\;b.example", NULL},
    {"a\\046b.example", "a\\.b.example", "a\\.b.example", NULL},
    {"a\\032b.example", "a\\032b.example", "a\\032b.example", NULL},
    {"\\000.example", "\\000.example", "\\000.example", NULL},

    {"https://example.org/", "", "example.org", "is a URL; write example.org"},
    {"http://user:pw@example.org:8080/a?b#c", "", "example.org", "is a URL"},
    {"https://good.example@evil.example/", "", "evil.example", "write evil.example"},
    {"https://evil.example\\@good.example/", "", "evil.example", "write evil.example"},
    {"//example.org/x", "", "example.org", "is a URL"},
    {"http://[2001:db8::1]:80/", "", "2001:db8::1", "is an address"},
    {"hxxp://x[.]example", "", "x.example", "write x.example"},
    {"hxxps[:]//x[.]example[/]a", "", "x.example", "write x.example"},
    {"x[.]example", "", "x.example", "is defanged; write x.example"},
    {"x(.)example", "", "x.example", "write x.example"},
    {"x[dot]example", "", "x.example", "write x.example"},
    {"example.org:443", "", "example.org", "is a name with a port; write example.org"},
    {"example.org/path", "", "example.org", "is a name with a path; write example.org"},
    {"me@example.org", "", "example.org", "is a mail address"},
    {"||example.org^", "", ".example.org", "write .example.org"},
    {"|example.org|", "", "example.org", "write example.org"},
    {"@@||example.org^", "", "", "exception"},
    {"||example.org^$third-party", "", "", "modifiers"},
    {"\"example.org\"", "", "example.org", "write example.org"},
    {"<example.org>", "", "example.org", "write example.org"},
    {"10.0.0.1", "", "10.0.0.1", "is an address, not a name"},
    {"10.0.0.1.", "", "10.0.0.1", "is an address"},
    {"10.0.0.1:53", "", "10.0.0.1", "is an address"},
    {"2001:db8::1", "", "2001:db8::1", "is an address"},
    {"[2001:db8::1]:443", "", "2001:db8::1", "is an address"},
    {"fe80::1%eth0", "", "fe80::1", "is an address"},
    {"10.0.0.0/8", "", "", "is a network"},
    {"2001:db8::/32", "", "", "is a network"},
    {"10.0.0.256", "", "", "ends in a number"},
    {"1.2.3", "", "", "ends in a number"},
    {"example.0x7f", "", "", "ends in a number"},
    {"", "", "", "holds no name"},
    {".", "", "", "the root"},
    {"*.", "", "", "holds no name"},
    {"a..b", "", "", "is not a domain name"},
    {"..a", "", "", "is not a domain name"},
    {"*", "", "", "star"},
    {"*x.example", "", "", "star"},
    {"a.*.example", "", "", "star"},
    {"*.*.example", "", "", "star"},
    {"a b.example", "", "", "space"},
    {"0.0.0.0 example.org", "", "", "space"},
    {"a;b.example", "", "",
        "holds ';', which no host name has; if it is meant, write a\\;b.example"},
    {"a(b.example", "", "", "holds '('"},
    {"a\"b.example", "", "", "holds '\"'"},
    {"$x.example", "", "", "holds '$'"},
    {"a=b.example", "", "", "holds '='"},
    {"http:x.example", "", "", "holds ':'"},
    {"a\\", "", "", "is not a domain name"},
    {"a\\999.example", "", "", "is not a domain name"},
    {"a\x01.example", "", "", "is not a domain name"},
    {"\xff.example", "", "", "is not a domain name"},
};

static const char *pattern_text(
    const struct cf_name *name, enum cf_scope scope, char text[CF_NAME_TEXT_BYTES + 2])
{
	static const char *const fronts[] = {
	    [CF_SCOPE_EXACT] = "", [CF_SCOPE_SUBTREE] = ".", [CF_SCOPE_BELOW] = "*."};
	char bare[CF_NAME_TEXT_BYTES];

	sprintf(text, "%s%s", fronts[scope], cf_name_format_master(name, bare));
	return text;
}

static void a_policy_takes_names_and_says_what_else_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char text[CF_NAME_TEXT_BYTES + 2] = "";
		struct cf_error error = {.text = ""};
		enum cf_scope scope;
		struct cf_name name;

		if (cf_spoken_pattern(table[i].text, &name, &scope, &error) == CF_OK)
			pattern_text(&name, scope, text);
		if (strcmp(text, table[i].taken) != 0)
			fail_msg("'%s' is taken for '%s'", table[i].text, text);
		if (table[i].says != NULL && strstr(error.text, table[i].says) == NULL)
			fail_msg("'%s': '%s' does not say '%s'", table[i].text, error.text,
			    table[i].says);
	}
}

static void who_asks_is_understood_or_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char text[CF_NAME_TEXT_BYTES + 2] = "";
		struct cf_error error = {.text = ""};
		struct cf_spoken spoken;

		if (cf_spoken_parse(table[i].text, &spoken, &error) == CF_OK) {
			if (spoken.is_addr)
				cf_addr_format(&spoken.addr, text);
			else
				pattern_text(&spoken.name, spoken.scope, text);
		} else {
			assert_int_not_equal(error.text[0], '\0');
		}
		if (strcmp(text, table[i].asked) != 0)
			fail_msg("'%s' is understood as '%s'", table[i].text, text);
	}
}

static void names_alone_have_no_stars(void **state)
{
	struct cf_error error;
	struct cf_name name;

	(void)state;
	assert_int_equal(cf_spoken_name("*.example.org", &name, &error), CF_EMALFORMED);
	assert_non_null(strstr(error.text, "write example.org"));
	assert_int_equal(cf_spoken_name("x.example.org", &name, &error), CF_OK);
}

/* Any wire name there is comes back through its text. */
static void every_name_can_be_written_and_read_back(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t wire[] = {
		    3, 'a', (uint8_t)byte, 'b', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
		char text[CF_NAME_TEXT_BYTES];
		struct cf_name name, again;
		struct cf_error error;

		assert_int_equal(cf_name_from_wire(wire, sizeof wire, &name), CF_OK);
		if (cf_spoken_name(cf_name_format_master(&name, text), &again, &error) != CF_OK)
			fail_msg("%s: %s", text, error.text);
		assert_true(cf_name_equal(&name, &again));
	}
}

static void long_texts_are_refused(void **state)
{
	static char text[CF_SPOKEN_BYTES + 10];
	struct cf_spoken spoken;
	struct cf_error error;

	(void)state;
	memset(text, 'a', sizeof text - 1);
	assert_int_equal(cf_spoken_parse(text, &spoken, &error), CF_EMALFORMED);
	text[300] = '\0';
	assert_int_equal(cf_spoken_parse(text, &spoken, &error), CF_EMALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_policy_takes_names_and_says_what_else_to_write),
	    cmocka_unit_test(who_asks_is_understood_or_told),
	    cmocka_unit_test(names_alone_have_no_stars),
	    cmocka_unit_test(every_name_can_be_written_and_read_back),
	    cmocka_unit_test(long_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
