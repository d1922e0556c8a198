/* What may not be told is not told, and the same client stays the same. */

#include "records/write/privacy.h"

#include "records/write/log.h"

#include "samples.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = scratch_make();
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	return 0;
}

/* The log of one query and one identity under a mode; to be freed. */
static char *log_under(const char *folder, const char *mode, const char *key_file)
{
	char *path = scratch_path(folder, "hits.jsonl"), *text;
	const struct cf_log_options options = {.path = path,
	    .sensor = "s",
	    .source = "resolver",
	    .privacy = mode,
	    .privacy_key_file = key_file,
	    .synchronous = true};
	struct cf_identity identity = {.from_wall_us = 1,
	    .addr = {.family = CF_FAMILY_V4, .bytes = {10, 20, 30, 40}},
	    .has_mac = true,
	    .mac = {0, 1, 2, 3, 4, 5},
	    .kind = "dhcp",
	    .name = {.data = "alices-laptop", .len = 13}};
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_hit hit;

	assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
	producer = cf_log_producer(log);
	sample_blocked_query(&hit);
	hit.has_src_mac = true;
	hit.dns.ecs = (struct cf_prefix){.addr = hit.src, .bits = 24};
	assert_true(cf_producer_hit(producer, &hit));
	assert_true(cf_producer_identity(producer, &identity));
	cf_log_close(log);
	text = scratch_read(path, NULL);
	free(path);
	return text;
}

static void truncated_log_names_networks_only(void **state)
{
	char *text = log_under(*state, "truncate", NULL);

	assert_int_equal(scratch_count(text, "\"src_ip\":\"10.20.30.0\""), 2);
	assert_int_equal(scratch_count(text, "10.20.30.40"), 0);
	assert_int_equal(scratch_count(text, "src_mac"), 0);
	assert_int_equal(scratch_count(text, "community_id"), 0);
	assert_int_equal(scratch_count(text, "ecs"), 0);
	assert_int_equal(scratch_count(text, "alices"), 0);
	assert_int_equal(scratch_count(text, "\"dest_ip\":\"10.20.0.53\""), 1);
	free(text);
}

static void write_key(const char *path, const char *text, mode_t mode)
{
	scratch_write(path, text, strlen(text));
	assert_int_equal(chmod(path, mode), 0);
}

/* Who reads it can undo the pseudonyms, who writes it chooses them. */
static void a_key_that_others_read_or_write_is_refused(void **state)
{
	static const mode_t bad[] = {0666, 0644, 0604, 0602, 0620, 0660, 0601};
	static const mode_t good[] = {0600, 0400, 0640, 0440};
	char *key = scratch_path(*state, "key");
	struct cf_privacy privacy;
	struct cf_error error;

	scratch_write(key, "0123456789abcdef", 16);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(chmod(key, bad[i]), 0);
		assert_int_equal(cf_privacy_init(&privacy, "pseudonym", key, &error), CF_EINVALID);
		assert_non_null(strstr(error.text, "chmod"));
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(chmod(key, good[i]), 0);
		assert_int_equal(cf_privacy_init(&privacy, "pseudonym", key, &error), CF_OK);
	}
	free(key);
}

static void pseudonym_is_one_address_everywhere(void **state)
{
	char *key = scratch_path(*state, "key"), *text, *found, expected[80];
	struct cf_addr addr = {.family = CF_FAMILY_V4, .bytes = {10, 20, 30, 40}};
	char pseudonym[CF_ADDR_TEXT_BYTES];
	struct cf_privacy privacy;

	write_key(key, "0123456789abcdef", 0600);
	text = log_under(*state, "pseudonym", key);
	assert_int_equal(cf_privacy_init(&privacy, "pseudonym", key, NULL), CF_OK);
	cf_privacy_addr(&privacy, &addr);
	cf_addr_format(&addr, pseudonym);
	assert_memory_equal(pseudonym, "fdcf:", 5);
	snprintf(expected, sizeof expected, "\"src_ip\":\"%s\"", pseudonym);
	assert_int_equal(scratch_count(text, expected), 2);
	assert_int_equal(scratch_count(text, "10.20.30.40"), 0);
	assert_int_equal(scratch_count(text, "alices"), 0);
	found = strstr(text, "\"src_mac\":\"");
	assert_non_null(found);
	/* Locally administered, one station. */
	assert_non_null(strchr("26ae", found[12]));
	free(text);
	free(key);
}

static void another_key_gives_another_pseudonym(void **state)
{
	char *one = scratch_path(*state, "one"), *two = scratch_path(*state, "two");
	struct cf_addr a = {.family = CF_FAMILY_V4, .bytes = {10, 20, 30, 40}}, b = a;
	struct cf_privacy privacy;

	write_key(one, "0123456789abcdef", 0600);
	write_key(two, "0123456789abcdeF", 0640);
	assert_int_equal(cf_privacy_init(&privacy, "pseudonym", one, NULL), CF_OK);
	cf_privacy_addr(&privacy, &a);
	assert_int_equal(cf_privacy_init(&privacy, "pseudonym", two, NULL), CF_OK);
	cf_privacy_addr(&privacy, &b);
	assert_false(cf_addr_equal(&a, &b));
	free(one);
	free(two);
}

static void mode_that_cannot_be_kept_opens_no_log(void **state)
{
	char *path = scratch_path(*state, "hits.jsonl"), *key = scratch_path(*state, "key");
	struct cf_log_options options = {.path = path, .sensor = "s", .source = "resolver"};
	struct cf_error error;
	struct cf_log *log;

	options.privacy = "secret";
	assert_int_equal(cf_log_open(&options, &log, &error), CF_EINVALID);
	options.privacy = "pseudonym";
	assert_int_equal(cf_log_open(&options, &log, &error), CF_EINVALID);
	options.privacy_key_file = key;
	assert_int_equal(cf_log_open(&options, &log, &error), CF_EIO);
	write_key(key, "short", 0400);
	assert_int_equal(cf_log_open(&options, &log, &error), CF_EIO);
	assert_non_null(strstr(error.text, "fewer than 16 bytes"));
	assert_null(scratch_read(path, NULL));
	free(path);
	free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(truncated_log_names_networks_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_key_that_others_read_or_write_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(pseudonym_is_one_address_everywhere, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_key_gives_another_pseudonym, setup, teardown),
	    cmocka_unit_test_setup_teardown(mode_that_cannot_be_kept_opens_no_log, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
