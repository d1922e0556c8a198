/* The pack's own AS database: written by us, read by libmaxminddb. */

#include "monitor/evidence/asn.h"

#include "compile/image/image_writer.h"
#include "compile/image/mmdb_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct listed {
	const char *prefix, *org;
	uint32_t asn;
};

static struct cf_asn_db *open_bytes(const uint8_t *data, size_t len, enum cf_status *status_out)
{
	struct cf_asn_db *db = NULL;
	struct cf_error error;
	char path[64];
	int fd = memfd_create("mmdb", MFD_CLOEXEC);

	assert_true(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	*status_out = cf_asn_open(path, &db, &error);
	close(fd);
	return db;
}

static uint8_t *build(const struct listed *listed, unsigned count, size_t *len_out)
{
	struct cf_image_settings settings = {
	    .vendor = "test", .pack_version = "1", .built_wall_s = 1};
	struct cf_image_builder *builder;
	struct cf_image *image;
	struct cf_error error;
	uint8_t *mmdb;
	void *data;
	size_t len;

	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	assert_int_equal(cf_image_builder_set_settings(builder, &settings), CF_OK);
	for (unsigned i = 0; i < count; i++) {
		struct cf_network network = {
		    .asn = listed[i].asn, .org = listed[i].org, .until_wall_s = INT64_MAX};

		assert_int_equal(cf_prefix_parse(listed[i].prefix, &network.prefix), CF_OK);
		assert_int_equal(cf_image_builder_add_network(builder, &network), CF_OK);
	}
	assert_int_equal(cf_image_builder_to_memory(builder, &data, &len, &error), CF_OK);
	assert_int_equal(cf_image_from_memory(data, len, &image, &error), CF_OK);
	assert_int_equal(cf_mmdb_build(image, &mmdb, len_out), CF_OK);
	cf_image_close(image);
	cf_image_builder_free(builder);
	free(data);
	return mmdb;
}

static uint32_t number_of(const struct cf_asn_db *db, const char *text, char org[CF_ASN_ORG_BYTES])
{
	struct cf_addr addr;
	uint32_t asn;

	assert_int_equal(cf_addr_parse(text, &addr), CF_OK);
	return cf_asn_find(db, &addr, &asn, org) ? asn : 0;
}

static void the_most_specific_network_gives_the_number(void **state)
{
	static const struct listed listed[] = {
	    {"77.74.180.0/22", "Inner", 41983},
	    {"77.74.176.0/21", "Kaspersky Lab Switzerland GmbH", 200107},
	    {"94.75.236.123/32", "LeaseWeb Netherlands B.V.", 60781},
	    {"10.0.0.0/8", "", 0},
	    {"2a03:2480::/33", "An organisation with a name of more than twenty-nine bytes",
	        4200000000},
	    {"2a03:2480:70::/48", "Inner six", 200107},
	};
	char org[CF_ASN_ORG_BYTES];
	enum cf_status status;
	struct cf_asn_db *db;
	uint8_t *mmdb;
	size_t len;

	(void)state;
	mmdb = build(listed, sizeof listed / sizeof listed[0], &len);
	db = open_bytes(mmdb, len, &status);
	assert_int_equal(status, CF_OK);
	assert_int_equal(number_of(db, "77.74.176.0", org), 200107);
	assert_string_equal(org, "Kaspersky Lab Switzerland GmbH");
	assert_int_equal(number_of(db, "77.74.179.255", org), 200107);
	assert_int_equal(number_of(db, "77.74.180.0", org), 41983);
	assert_string_equal(org, "Inner");
	assert_int_equal(number_of(db, "77.74.183.255", org), 41983);
	assert_int_equal(number_of(db, "77.74.184.0", org), 0);
	assert_int_equal(number_of(db, "77.74.175.255", org), 0);
	assert_int_equal(number_of(db, "94.75.236.123", org), 60781);
	assert_int_equal(number_of(db, "94.75.236.122", org), 0);
	assert_int_equal(number_of(db, "10.1.2.3", org), 0);
	assert_int_equal(number_of(db, "2a03:2480::1", org), 4200000000);
	assert_string_equal(org, "An organisation with a name of more than twenty-nine bytes");
	assert_int_equal(number_of(db, "2a03:2480:70::1", org), 200107);
	assert_int_equal(number_of(db, "2a03:2480:8000::1", org), 0);
	cf_asn_close(db);
	free(mmdb);
}

static void a_pack_without_numbers_makes_an_empty_database(void **state)
{
	char org[CF_ASN_ORG_BYTES];
	enum cf_status status;
	struct cf_asn_db *db;
	uint8_t *mmdb;
	size_t len;

	(void)state;
	mmdb = build(NULL, 0, &len);
	db = open_bytes(mmdb, len, &status);
	assert_int_equal(status, CF_OK);
	assert_int_equal(number_of(db, "77.74.176.0", org), 0);
	cf_asn_close(db);
	free(mmdb);
}

static void truncated_databases_are_refused_or_behave(void **state)
{
	static const struct listed listed[] = {{"77.74.176.0/21", "Kaspersky", 200107}};
	char org[CF_ASN_ORG_BYTES];
	uint8_t *mmdb;
	size_t len;

	(void)state;
	mmdb = build(listed, 1, &len);
	for (size_t cut = 1; cut < len; cut++) {
		enum cf_status status;
		struct cf_asn_db *db = open_bytes(mmdb, cut, &status);

		if (status == CF_OK)
			(void)number_of(db, "77.74.176.1", org);
		else
			assert_null(db);
		cf_asn_close(db);
	}
	free(mmdb);
}

static void other_databases_are_refused(void **state)
{
	struct cf_asn_db *db = NULL;
	struct cf_error error;

	(void)state;
	assert_int_equal(cf_asn_open("/nonexistent/asn.mmdb", &db, &error), CF_EIO);
	assert_non_null(strstr(error.text, "asn.mmdb"));
	assert_null(db);
}

/* Mapped, the look-up behind the cut would end the process by SIGBUS. */
static void a_file_that_is_rewritten_in_place_changes_nothing(void **state)
{
	static const struct listed listed[] = {{"77.74.176.0/21", "Kaspersky", 200107}};
	char path[] = "/tmp/curfew-asn-XXXXXX", org[CF_ASN_ORG_BYTES];
	struct cf_asn_db *db = NULL;
	struct cf_error error;
	int fd = mkstemp(path);
	size_t len;
	uint8_t *mmdb = build(listed, 1, &len);

	(void)state;
	assert_int_equal(write(fd, mmdb, len), len);
	assert_int_equal(cf_asn_open(path, &db, &error), CF_OK);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(number_of(db, "77.74.176.1", org), 200107);
	assert_string_equal(org, "Kaspersky");
	assert_int_equal(write(fd, "garbage", 7), 7);
	assert_int_equal(number_of(db, "77.74.183.255", org), 200107);
	cf_asn_close(db);
	close(fd);
	unlink(path);
	free(mmdb);
}

static void what_is_no_regular_file_is_refused(void **state)
{
	struct cf_asn_db *db = NULL;
	struct cf_error error;

	(void)state;
	assert_int_equal(cf_asn_open("/dev/zero", &db, &error), CF_EINVALID);
	assert_int_equal(cf_asn_open("/tmp", &db, &error), CF_EINVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_most_specific_network_gives_the_number),
	    cmocka_unit_test(a_pack_without_numbers_makes_an_empty_database),
	    cmocka_unit_test(truncated_databases_are_refused_or_behave),
	    cmocka_unit_test(other_databases_are_refused),
	    cmocka_unit_test(a_file_that_is_rewritten_in_place_changes_nothing),
	    cmocka_unit_test(what_is_no_regular_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
