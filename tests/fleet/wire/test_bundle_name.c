/* fleet/wire/bundle_name.h: each part right, wrong and missing; each name has one text. */

#include "fleet/wire/bundle_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RUN  "01KE5K8T4B0000000000000000"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define SHA  "00000000000000000000000000000000000000000000000000000000000000ff"

static enum cf_status parse(const char *path, struct cf_bundle_name *name)
{
	enum cf_request_kind kind;
	const char *why;

	return cf_request_parse(path, &kind, name, &why);
}

static void a_name_is_written_and_read(void **state)
{
	struct cf_bundle_name name = {.writer = {.sensor = "edge/01 a", .source = "monitor.2"},
	                          .run = RUN,
	                          .from_seq = 7,
	                          .to_seq = 22,
	                          .prev = ZERO,
	                          .sha256 = SHA,
	                          .oldest = 3},
	                      read;
	char path[CF_BUNDLE_PATH_BYTES], again[CF_BUNDLE_PATH_BYTES];

	(void)state;
	assert_true(cf_bundle_path_format(&name, path));
	assert_string_equal(
	    path, "/v1/bundle/edge%2F01%20a/monitor.2/" RUN "/7/22/" ZERO "/" SHA "/3");
	assert_int_equal(parse(path, &read), CF_OK);
	assert_string_equal(read.writer.sensor, "edge/01 a");
	assert_int_equal(read.from_seq, 7);
	assert_int_equal(read.to_seq, 22);
	assert_int_equal(read.oldest, 3);
	assert_true(cf_bundle_path_format(&read, again));
	assert_string_equal(path, again);
}

static void the_longest_name_fits(void **state)
{
	struct cf_bundle_name name = {.run = RUN,
	                          .from_seq = 999999999999999999,
	                          .to_seq = 999999999999999999,
	                          .prev = ZERO,
	                          .sha256 = SHA,
	                          .oldest = 999999999999999999},
	                      read;
	char path[CF_BUNDLE_PATH_BYTES];

	(void)state;
	memset(name.writer.sensor, 0xe9, sizeof name.writer.sensor - 1);
	memset(name.writer.source, '/', sizeof name.writer.source - 1);
	assert_true(cf_bundle_path_format(&name, path));
	assert_int_equal(parse(path, &read), CF_OK);
	assert_memory_equal(&read, &name, sizeof name);
}

static void a_wrong_part_is_refused(void **state)
{
	static const char *const paths[] = {
	    "/v1/bundle/a/b/" RUN "/7/22/" ZERO "/" SHA,
	    "/v1/bundle/a/b/" RUN "/7/22/" ZERO "/" SHA "/3/",
	    "/v1/bundle/a/b/" RUN "/7/22/" ZERO "/" SHA "/3/4",
	    "/v1/bundle/a/b/" RUN "/22/7/" ZERO "/" SHA "/3",
	    "/v1/bundle/a/b/" RUN "/7/22/" ZERO "/" SHA "/8",
	    "/v1/bundle/a/b/" RUN "/0/22/" ZERO "/" SHA "/0",
	    "/v1/bundle/a/b/" RUN "/07/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/a/b/" RUN "/7/1000000000000000000/" ZERO "/" SHA "/3",
	    "/v1/bundle/a/b/" RUN "/7/-1/" ZERO "/" SHA "/3",
	    "/v1/bundle/a/b/" RUN "0/7/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/a/b/" RUN "/7/22/" ZERO "0/" SHA "/3",
	    "/v1/bundle/a/b/" RUN "/7/22/" ZERO "/00/3",
	    "/v1/bundle//b/" RUN "/7/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/../b/" RUN "/7/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/%61/b/" RUN "/7/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/%2f/b/" RUN "/7/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/%00/b/" RUN "/7/22/" ZERO "/" SHA "/3",
	    "/v1/bundle/a%2/b/" RUN "/7/22/" ZERO "/" SHA "/3",
	    "/v1/head/a",
	    "/v1/head/a/",
	    "/v1/head/a/b/",
	    "/v1/head/a/b/c",
	};
	struct cf_bundle_name name;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		if (parse(paths[i], &name) != CF_EMALFORMED)
			print_message("taken: %s\n", paths[i]);
		assert_int_equal(parse(paths[i], &name), CF_EMALFORMED);
	}
	assert_int_equal(parse("/v2/head/a/b", &name), CF_EVERSION);
	assert_int_equal(parse("", &name), CF_EVERSION);
}

static void a_head_is_asked_for(void **state)
{
	struct cf_bundle_writer writer = {.sensor = "..", .source = "resolver"};
	char path[CF_BUNDLE_PATH_BYTES];
	struct cf_bundle_name name;

	(void)state;
	assert_true(cf_head_path_format(&writer, path));
	assert_string_equal(path, "/v1/head/%2E./resolver");
	assert_int_equal(parse(path, &name), CF_OK);
	assert_true(cf_bundle_writer_equal(&name.writer, &writer));
	writer.source[0] = '\0';
	assert_false(cf_head_path_format(&writer, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_written_and_read),
	    cmocka_unit_test(the_longest_name_fits),
	    cmocka_unit_test(a_wrong_part_is_refused),
	    cmocka_unit_test(a_head_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
