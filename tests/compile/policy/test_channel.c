/* channel.yaml: what it says, and each mistake with its line and key. */

#include "compile/policy/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define KEY "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
#define GOOD \
	"channel: stable\nfrom: [https://a.example/stable.img, /mnt/stable.img]\nkeys: " KEY "\n"

static enum cf_status parse(const char *text, struct cf_channel **channel, struct cf_diags *diags)
{
	cf_diags_init(diags);
	return cf_channel_parse(text, strlen(text), "channel.yaml", channel, diags);
}

static void says_what_is_there(void **state)
{
	struct cf_channel *channel = NULL;
	struct cf_diags diags;

	(void)state;
	assert_int_equal(
	    parse(GOOD "max-shrink: 25\ntimeout: 2m\nca: /etc/ca.pem\n", &channel, &diags), CF_OK);
	assert_string_equal(channel->source.pack, "stable");
	assert_int_equal(channel->source.place_count, 2);
	assert_string_equal(channel->source.places[1], "/mnt/stable.img");
	assert_int_equal(channel->source.key_count, 1);
	assert_string_equal(channel->source.keys[0].text, KEY);
	assert_int_equal(channel->source.most_shrink_percent, 25);
	assert_int_equal(channel->source.timeout_s, 120);
	assert_string_equal(channel->source.ca_file, "/etc/ca.pem");
	cf_channel_free(channel);
	cf_diags_done(&diags);
}

static void one_place_needs_no_list_and_keys_have_their_time(void **state)
{
	struct cf_channel *channel = NULL;
	struct cf_diags diags;

	(void)state;
	assert_int_equal(parse("channel: c\nfrom: file:/srv/c.img\nkeys:\n  - {key: " KEY
	                       ", until: 2027-01-01T00:00:00Z}\n",
	                     &channel, &diags),
	    CF_OK);
	assert_int_equal(channel->source.place_count, 1);
	assert_int_equal(channel->source.keys[0].until_wall_s, 1798761600);
	assert_int_equal(channel->source.most_shrink_percent, 10);
	cf_channel_free(channel);
	cf_diags_done(&diags);
}

/* Refused, and the first complaint is about key in line. */
static void refuse(const char *text, unsigned line, const char *key)
{
	struct cf_channel *channel = NULL;
	struct cf_diags diags;

	assert_int_equal(parse(text, &channel, &diags), CF_EINVALID);
	assert_null(channel);
	assert_true(diags.count > 0);
	assert_int_equal(diags.items[0].line, line);
	assert_string_equal(diags.items[0].key, key);
	assert_string_equal(diags.items[0].file, "channel.yaml");
	cf_diags_done(&diags);
}

static void complains_with_line_and_key(void **state)
{
	(void)state;
	refuse("channel: ../etc\nfrom: /a\nkeys: " KEY "\n", 1, "channel");
	refuse("channel: .hidden\nfrom: /a\nkeys: " KEY "\n", 1, "channel");
	refuse("channel: a\nfrom: http://a.example/a.img\nkeys: " KEY "\n", 2, "from");
	refuse("channel: a\nfrom: /a\nkeys: RWnothing\n", 3, "keys[0].key");
	refuse("channel: a\nfrom: /a\nkeys: [" KEY ", " KEY "]\n", 3, "keys[1].key");
	refuse("channel: a\nfrom: /a\nkeys:\n  - key: " KEY "\n    until: 2027-01-01\n", 5,
	    "keys[0].until");
	refuse(GOOD "max-shrink: 101\n", 4, "max-shrink");
	refuse(GOOD "timeout: soon\n", 4, "timeout");
	refuse(GOOD "chanel: b\n", 4, "chanel");
	refuse("from: /a\nkeys: " KEY "\n", 1, "");
	refuse("[a, b]\n", 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_is_there),
	    cmocka_unit_test(one_place_needs_no_list_and_keys_have_their_time),
	    cmocka_unit_test(complains_with_line_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
