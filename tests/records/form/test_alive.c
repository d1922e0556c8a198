/* Who was there: what a writer says of a set of clients is what a reader finds. */

#include "records/form/alive.h"

#include "records/form/pack.h"
#include "records/form/parse.h"
#include "records/write/log.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define MANY 700

static const int64_t from_us = INT64_C(1772359200000000), to_us = INT64_C(1772359260000000);
static struct cf_record record;

static struct cf_alive_client client_v4(unsigned n)
{
	return (struct cf_alive_client){
	    .addr = {.family = CF_FAMILY_V4, .bytes = {10, 20, (uint8_t)(n >> 8), (uint8_t)n}}};
}

static struct cf_alive_client link_local(uint32_t zone)
{
	return (struct cf_alive_client){
	    .addr = {.family = CF_FAMILY_V6, .bytes = {0xfe, 0x80, [15] = 1}}, .zone = zone};
}

/* Puts every client of a log's alive lines into out, sorted; returns how many there are. */
static size_t read_clients(const char *text, struct cf_alive_client *out, size_t most,
    uint64_t *left_out, size_t *lines_out)
{
	size_t count = 0;
	uint64_t bad = 0;

	*left_out = 0;
	*lines_out = 0;
	for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct cf_text clients;
		struct cf_alive_seen seen;

		assert_true(end - line < CF_RECORD_BYTES);
		assert_int_equal(cf_record_parse(line, (size_t)(end - line), &record), CF_LINE_OK);
		if (record.event != CF_EVENT_ALIVE)
			continue;
		assert_false(record.is_hit);
		assert_int_equal(record.at_wall_us, from_us);
		assert_int_equal(record.last_wall_us, to_us);
		*left_out += record.left_out;
		(*lines_out)++;
		clients = record.clients;
		while (cf_client_next(&clients, &seen, &bad)) {
			assert_true(count < most);
			out[count++] = (struct cf_alive_client){
			    .addr = seen.addr, .zone = (uint32_t)seen.zone.len};
		}
	}
	assert_int_equal(bad, 0);
	if (count > 0)
		qsort(out, count, sizeof *out, cf_alive_compare);
	return count;
}

/* The log of one such record under a privacy mode; to be freed. */
static char *log_of(const char *folder, const char *mode, const char *key_file,
    const struct cf_alive_client *clients, size_t count)
{
	char *path = scratch_path(folder, "hits.jsonl"), *text;
	const struct cf_log_options options = {.path = path,
	    .sensor = "s",
	    .source = "resolver",
	    .privacy = mode,
	    .privacy_key_file = key_file,
	    .synchronous = true};
	const struct cf_alive alive = {.from_wall_us = from_us,
	    .to_wall_us = to_us,
	    .clients = clients,
	    .count = count,
	    .left_out = 3};
	struct cf_log *log;

	assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
	assert_true(cf_producer_alive(cf_log_producer(log), &alive));
	cf_log_close(log);
	text = scratch_read(path, NULL);
	free(path);
	return text;
}

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

static void every_client_is_read_back_over_many_lines(void **state)
{
	static struct cf_alive_client clients[MANY], found[MANY];
	uint64_t left_out;
	size_t lines;
	char *text;

	for (unsigned i = 0; i < MANY; i++)
		clients[i] = client_v4(i);
	text = log_of(*state, "full", NULL, clients, MANY);
	assert_int_equal(read_clients(text, found, MANY, &left_out, &lines), MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(cf_alive_compare(&clients[i], &found[i]), 0);
	assert_int_equal(left_out, 3);
	assert_true(lines > 3 && lines < 30);
	free(text);
}

static void nobody_is_a_line_too(void **state)
{
	uint64_t left_out;
	size_t lines;
	char *text = log_of(*state, "full", NULL, NULL, 0);

	assert_int_equal(read_clients(text, NULL, 0, &left_out, &lines), 0);
	assert_int_equal(lines, 1);
	free(text);
}

static void a_link_local_client_has_its_link(void **state)
{
	/* Index 1 is lo on Linux; there is no 4000000000. */
	const struct cf_alive_client clients[] = {link_local(1), link_local(4000000000)};
	char *text = log_of(*state, "full", NULL, clients, 2);

	assert_non_null(strstr(text, "\"clients\":\"fe80::1%lo fe80::1%4000000000\""));
	free(text);
}

static void truncated_addresses_stand_once(void **state)
{
	struct cf_alive_client clients[200], found[4];
	uint64_t left_out;
	size_t lines;
	char *text;

	for (unsigned i = 0; i < 200; i++)
		clients[i] = client_v4(i);
	text = log_of(*state, "truncate", NULL, clients, 200);
	assert_int_equal(read_clients(text, found, 4, &left_out, &lines), 1);
	assert_int_equal(found[0].addr.bytes[3], 0);
	free(text);
}

static void pseudonyms_hide_the_address(void **state)
{
	const struct cf_alive_client clients[] = {client_v4(5), client_v4(6)};
	char *key = scratch_path(*state, "key"), *text;
	struct cf_alive_client found[2];
	uint64_t left_out;
	size_t lines;

	scratch_write(key, "0123456789abcdef0123456789abcdef", 32);
	assert_int_equal(chmod(key, 0600), 0); /* a key that all may read is refused */
	text = log_of(*state, "pseudonym", key, clients, 2);
	assert_null(strstr(text, "10.20."));
	assert_int_equal(read_clients(text, found, 2, &left_out, &lines), 2);
	assert_int_equal(found[0].addr.bytes[0], 0xfd);
	free(text);
	free(key);
}

static void what_is_no_client_is_counted(void **state)
{
	static const char list[] = " 10.0.0.1  x 300.1.1.1 fe80::1%eth0 % "
	                           "1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:9 ::1";
	struct cf_text clients = {.data = list, .len = sizeof list - 1};
	struct cf_alive_seen seen;
	uint64_t bad = 0;

	(void)state;
	assert_true(cf_client_next(&clients, &seen, &bad));
	assert_int_equal(seen.addr.family, CF_FAMILY_V4);
	assert_true(cf_client_next(&clients, &seen, &bad));
	assert_int_equal(seen.zone.len, 4);
	assert_memory_equal(seen.zone.data, "eth0", 4);
	assert_true(cf_client_next(&clients, &seen, &bad));
	assert_false(cf_client_next(&clients, &seen, &bad));
	assert_int_equal(bad, 4);
}

static void links_do_not_fold_and_are_told(void **state)
{
	_Alignas(8) uint8_t one[CF_RECORD_PACKED_BYTES], two[CF_RECORD_PACKED_BYTES];
	struct cf_hit hit = {.at_wall_us = from_us, .key = 7, .src = link_local(0).addr}, back;
	char line[CF_RECORD_BYTES];
	size_t len;

	(void)state;
	hit.src_zone = 1;
	(void)cf_pack_hit(&hit, one);
	hit.src_zone = 2;
	(void)cf_pack_hit(&hit, two);
	assert_true(
	    ((struct cf_packed *)(void *)one)->key != ((struct cf_packed *)(void *)two)->key);
	cf_unpack_hit(one, &back);
	assert_int_equal(back.src_zone, 1);
	len = cf_hit_format(
	    &back, "s", "resolver", "01J93G0000000000000000000A", 1, 0, line, sizeof line);
	assert_non_null(strstr(line, "\"src_ip\":\"fe80::1\",\"src_zone\":\"lo\""));
	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	assert_int_equal(record.src_zone.len, 2);
	assert_int_equal(record.src.family, CF_FAMILY_V6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        every_client_is_read_back_over_many_lines, setup, teardown),
	    cmocka_unit_test_setup_teardown(nobody_is_a_line_too, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_link_local_client_has_its_link, setup, teardown),
	    cmocka_unit_test_setup_teardown(truncated_addresses_stand_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(pseudonyms_hide_the_address, setup, teardown),
	    cmocka_unit_test(what_is_no_client_is_counted),
	    cmocka_unit_test(links_do_not_fold_and_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
