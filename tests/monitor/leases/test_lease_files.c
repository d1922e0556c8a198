/* Lease files on a disk: with what Kea set aside, and what is no lease file. */

#include "monitor/leases/lease_files.h"

#include "../../scratch_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEA_HEAD        "address,hwaddr,client_id,valid_lifetime,expire,hostname,state\n"
#define ROW(host, name) "10.20.0." #host ",00:00:5e:00:53:0" #host ",,3600,1727700000," name ",0\n"

struct found {
	char names[64];
};

static void note(void *arg, const struct cf_lease *lease)
{
	struct found *found = arg;

	size_t len = strlen(found->names);

	snprintf(found->names + len, sizeof found->names - len, "%s ", lease->name);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[SCRATCH_BYTES + 32];
	FILE *to;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	to = fopen(path, "w");
	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

static enum cf_status read_in(
    const char *folder, struct found *found, struct cf_lease_files *files, struct cf_error *error)
{
	char path[SCRATCH_BYTES + 32];

	*found = (struct found){.names = ""};
	snprintf(path, sizeof path, "%s/leases.csv", folder);
	return cf_lease_files_read(path, CF_LEASES_AUTO, note, found, files, error);
}

static void what_kea_set_aside_is_read_as_kea_does(void **state)
{
	char folder[SCRATCH_BYTES];
	struct cf_lease_files files;
	struct cf_error error = {0};
	struct found found;

	(void)state;
	assert_non_null(mkdtemp(scratch_template(folder, "leases")));
	put(folder, "leases.csv", KEA_HEAD ROW(3, "new"));
	assert_int_equal(read_in(folder, &found, &files, &error), CF_OK);
	assert_string_equal(found.names, "new ");
	assert_int_equal(files.siblings, 0);

	/* Before the clean-up is done: the file before, then the one that was moved. */
	put(folder, "leases.csv.2", KEA_HEAD ROW(1, "old"));
	put(folder, "leases.csv.1", KEA_HEAD ROW(2, "moved"));
	assert_int_equal(read_in(folder, &found, &files, &error), CF_OK);
	assert_int_equal(files.siblings, 2);
	assert_int_equal(files.report.leases, 3);

	/* Once .completed is there it stands for both; an empty file is one that was just moved. */
	put(folder, "leases.csv.completed", KEA_HEAD ROW(1, "whole"));
	put(folder, "leases.csv", "");
	assert_int_equal(read_in(folder, &found, &files, &error), CF_OK);
	assert_string_equal(found.names, "whole ");
	assert_int_equal(files.siblings, 1);
	assert_true(scratch_drop(folder));
}

static void what_is_no_lease_file_is_refused_by_name(void **state)
{
	char folder[SCRATCH_BYTES], pipe_path[SCRATCH_BYTES + 32];
	struct cf_lease_files files;
	struct cf_error error = {0};
	struct found found;

	(void)state;
	assert_non_null(mkdtemp(scratch_template(folder, "leases")));
	assert_int_equal(read_in(folder, &found, &files, &error), CF_EIO);
	assert_non_null(strstr(error.text, "leases.csv"));
	put(folder, "leases.csv", "to whom it may concern\n");
	assert_int_equal(read_in(folder, &found, &files, &error), CF_EUNSUPPORTED);
	assert_non_null(strstr(error.text, "--format"));
	snprintf(pipe_path, sizeof pipe_path, "%s/leases.csv", folder);
	assert_int_equal(unlink(pipe_path), 0);
	assert_int_equal(mkfifo(pipe_path, 0600), 0); /* nobody writes: must not be waited for */
	assert_int_equal(read_in(folder, &found, &files, &error), CF_EIO);
	assert_non_null(strstr(error.text, "no regular file"));
	assert_true(scratch_drop(folder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_kea_set_aside_is_read_as_kea_does),
	    cmocka_unit_test(what_is_no_lease_file_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
