/* Names to numbers: found here, found in the file, or made; nothing is there twice. */

#include "facts.h"

#include "base/limits.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "ledger/store/names.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct cf_names_table endpoints = {.name = "endpoint",
    .id = "endpoint_id",
    .columns = "addr, mac, vlan",
    .match = "addr=? AND mac=? AND vlan=?",
    .cells = "ttn"};

/* A ledger without a batch, which has names of its own. */
static void open_alone(struct box *box)
{
	box_open(box);
	cf_batch_free(box->batch);
	box->batch = NULL;
}

static struct cf_names_key key_of(char *bytes, const char *addr, uint64_t vlan)
{
	size_t len = strlen(addr);

	bytes[0] = (char)len;
	memcpy(bytes + 1, addr, len);
	bytes[1 + len] = 0;
	memcpy(bytes + 2 + len, &vlan, sizeof vlan);
	return (struct cf_names_key){.bytes = bytes, .len = 2 + len + sizeof vlan};
}

static uint32_t handle_of(struct cf_names *names, const char *addr, uint64_t vlan)
{
	char bytes[300];
	uint32_t handle = UINT32_MAX;

	assert_int_equal(cf_names_find(names, key_of(bytes, addr, vlan), &handle), CF_OK);
	return handle;
}

/* The id in the file; 0: not there. */
static int64_t id_in_file(struct box *box, const char *addr, int vlan)
{
	sqlite3_stmt *row = NULL;
	int64_t id = 0;

	assert_int_equal(
	    sqlite3_prepare_v2(cf_ledger_db(box->ledger),
	        "SELECT endpoint_id FROM endpoint WHERE addr=?1 AND vlan=?2", -1, &row, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_bind_text(row, 1, addr, -1, SQLITE_STATIC), SQLITE_OK);
	assert_int_equal(sqlite3_bind_int(row, 2, vlan), SQLITE_OK);
	if (sqlite3_step(row) == SQLITE_ROW)
		id = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return id;
}

static struct cf_names *names_new(struct box *box, int64_t rows)
{
	struct cf_names *names = NULL;

	assert_int_equal(cf_names_new(box->ledger, &endpoints, &names), CF_OK);
	cf_names_forget(names, rows);
	return names;
}

static void names_wait_and_get_numbers_in_their_order(void **state)
{
	(void)state;
	static const char *const addrs[] = {"10.0.0.9", "10.0.0.1", "fe80::1", "", "10.0.0.5"};
	struct box box;
	uint32_t handles[5];

	open_alone(&box);
	struct cf_names *names = names_new(&box, 0);

	for (size_t i = 0; i < 5; i++) {
		handles[i] = handle_of(names, addrs[i], 0);
		assert_int_equal(cf_names_id(names, handles[i]), 0);
	}
	assert_int_equal(handle_of(names, addrs[1], 0), handles[1]);
	assert_int_not_equal(handle_of(names, addrs[1], 7), handles[1]);
	assert_int_equal(cf_names_rows(names), 6);
	assert_int_equal(id_in_file(&box, "10.0.0.9", 0), 0);
	assert_int_equal(cf_names_write(names), CF_OK);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(cf_names_id(names, handles[i]), id_in_file(&box, addrs[i], 0));
	assert_true(cf_names_id(names, handles[1]) < cf_names_id(names, handles[4]));
	assert_true(cf_names_id(names, handles[4]) < cf_names_id(names, handles[0]));
	assert_int_equal(cf_names_write(names), CF_OK); /* nothing waits */
	assert_int_equal(cf_names_rows(names), 6);
	cf_names_free(names);
	box_close(&box);
}

static void what_the_file_has_is_found_there(void **state)
{
	(void)state;
	struct box box;

	open_alone(&box);
	struct cf_names *first = names_new(&box, 0);

	(void)handle_of(first, "10.0.0.1", 0);
	assert_int_equal(cf_names_write(first), CF_OK);
	cf_names_free(first);
	struct cf_names *names = names_new(&box, 1);
	uint32_t old = handle_of(names, "10.0.0.1", 0), fresh = handle_of(names, "10.0.0.2", 0);

	assert_int_equal(cf_names_id(names, old), id_in_file(&box, "10.0.0.1", 0));
	assert_int_equal(cf_names_id(names, fresh), 0);
	assert_int_equal(cf_names_write(names), CF_OK);
	assert_int_equal(cf_names_id(names, fresh), id_in_file(&box, "10.0.0.2", 0));
	/* Forgotten, it is found again; and what waited is gone with the transaction. */
	(void)handle_of(names, "10.0.0.3", 0);
	cf_names_forget(names, 2);
	assert_int_equal(
	    cf_names_id(names, handle_of(names, "10.0.0.2", 0)), id_in_file(&box, "10.0.0.2", 0));
	assert_int_equal(cf_names_write(names), CF_OK);
	assert_int_equal(id_in_file(&box, "10.0.0.3", 0), 0);
	cf_names_free(names);
	box_close(&box);
}

static void a_full_table_takes_no_new_name(void **state)
{
	(void)state;
	struct box box;
	char bytes[300];
	uint32_t handle;

	open_alone(&box);
	struct cf_names *names = names_new(&box, CF_LEDGER_NAMES - 1);

	(void)handle_of(names, "10.0.0.1", 0);
	assert_int_equal(cf_names_find(names, key_of(bytes, "10.0.0.2", 0), &handle), CF_ETOOBIG);
	(void)handle_of(names, "10.0.0.1", 0);
	assert_int_equal(cf_names_write(names), CF_OK);
	cf_names_free(names);
	box_close(&box);
}

/* Numbers of another's making: larger than ours can be, or none. */
static void numbers_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error = {0};
	char bytes[300];
	uint32_t handle;

	open_alone(&box);
	assert_int_equal(cf_ledger_exec(box.ledger,
	                     "INSERT INTO endpoint VALUES(-5, '10.0.0.1', '', 0);"
	                     "INSERT INTO endpoint VALUES(4294967296, '10.0.0.2', '', 0)",
	                     &error),
	    CF_OK);
	struct cf_names *names = names_new(&box, 2);

	for (unsigned i = 1; i <= 3; i++) { /* the third would get a number behind the second's */
		char addr[16];

		snprintf(addr, sizeof addr, "10.0.0.%u", i);
		assert_int_equal(cf_names_find(names, key_of(bytes, addr, 0), &handle), CF_ETOOBIG);
	}
	cf_names_free(names);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_wait_and_get_numbers_in_their_order),
	    cmocka_unit_test(what_the_file_has_is_found_there),
	    cmocka_unit_test(a_full_table_takes_no_new_name),
	    cmocka_unit_test(numbers_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
