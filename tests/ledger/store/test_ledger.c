/*
 * Ledgers as files: of an older version, checked, copied, replaced, killed in between. One file:
 * each way to harm a ledger starts from the same small one.
 */

#include "facts.h"

#include "../../scratch_template.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/sqlite_ledger.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD_NOW_S INT64_C(1767700000) /* 2026-01-06: after the log of the old ledger */

/* Steps left before the process is killed by its own hand; negative: never. */
static int steps_left = -1;

static void step(void)
{
	if (steps_left-- == 0)
		(void)raise(SIGKILL);
}

int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);

int __wrap_rename(const char *from, const char *to)
{
	step();
	int result = __real_rename(from, to);

	step();
	return result;
}

int __wrap_unlink(const char *path)
{
	step();
	int result = __real_unlink(path);

	step();
	return result;
}

static void keep_line(void *arg, const char *line, size_t len)
{
	FILE *to = arg;

	fwrite(line, 1, len, to);
	fputc('\n', to);
}

/* The content of the ledger at path, read; free it. Fails the test when it cannot be read. */
static char *dump_of(const char *path)
{
	const struct cf_ledger_options options = {
	    .path = path, .mode = CF_LEDGER_READ, .now_wall_s = OLD_NOW_S};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (cf_ledger_open(&options, &ledger, NULL, &error) != CF_OK ||
	    cf_ledger_dump(ledger, keep_line, to, &error) != CF_OK)
		fail_msg("%s", error.text);
	cf_ledger_close(ledger);
	fclose(to);
	return text;
}

static struct cf_ledger *open_to_write(const char *path, char **set_aside_out)
{
	const struct cf_ledger_options options = {
	    .path = path, .mode = CF_LEDGER_WRITE, .now_wall_s = OLD_NOW_S};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};

	if (cf_ledger_open(&options, &ledger, set_aside_out, &error) != CF_OK)
		fail_msg("%s", error.text);
	return ledger;
}

struct folder {
	char dir[64], path[96];
};

static void folder_make(struct folder *folder)
{
	assert_non_null(mkdtemp(scratch_template(folder->dir, "store")));
	snprintf(folder->path, sizeof folder->path, "%s/ledger.db", folder->dir);
}

/* The ledger of 0.1.0 that lies beside the tests as SQL. */
static void make_old_ledger(const char *path)
{
	FILE *from = fopen(OLD_LEDGER_SQL, "r");
	char sql[32768];
	sqlite3 *db = NULL;

	assert_non_null(from);
	size_t len = fread(sql, 1, sizeof sql - 1, from);

	assert_true(len < sizeof sql - 1);
	fclose(from);
	sql[len] = '\0';
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int64_t number_in(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(row, 0);

	sqlite3_finalize(row);
	sqlite3_close(db);
	return number;
}

static unsigned mode_of(const char *path, const char *suffix)
{
	char name[128];
	struct stat st;

	snprintf(name, sizeof name, "%s%s", path, suffix);
	assert_int_equal(stat(name, &st), 0);
	return st.st_mode & 07777;
}

static void an_old_ledger_is_read_as_it_is_and_migrated_when_written(void **state)
{
	(void)state;
	struct folder folder;

	folder_make(&folder);
	make_old_ledger(folder.path);
	char *read = dump_of(folder.path);

	assert_int_equal(number_in(folder.path, "PRAGMA user_version"), 1);
	assert_non_null(strstr(read, "x.kaspersky.com"));
	cf_ledger_close(open_to_write(folder.path, NULL));
	assert_int_equal(number_in(folder.path, "PRAGMA user_version"), cf_schema_version());
	char *written = dump_of(folder.path);

	assert_string_equal(read, written);
	free(read);
	free(written);
	assert_true(scratch_drop(folder.dir));
}

static void impossible_rows_of_an_old_ledger_end_no_report(void **state)
{
	(void)state;
	struct folder folder;
	struct cf_model *model = NULL;
	struct cf_error error = {0};
	struct cf_host *const *hosts;

	folder_make(&folder);
	make_old_ledger(folder.path);
	struct cf_ledger *ledger = open_to_write(folder.path, NULL);

	/* The newest that is not later than the clock of the reader: not the identity of 2099. */
	assert_int_equal(cf_model_horizon(ledger), 1767603660);
	const struct cf_model_options options = {.at_wall_s = cf_model_horizon(ledger)};

	assert_int_equal(cf_model_load(ledger, &options, &model, &error), CF_OK);
	assert_int_equal(cf_model_hosts(model, &hosts), 6);
	assert_int_equal(cf_model_skipped_rows(model), 0);
	cf_model_free(model);
	cf_ledger_close(ledger);
	assert_int_equal(number_in(folder.path, "SELECT n FROM reject WHERE key=x''"), 1);
	assert_true(scratch_drop(folder.dir));
}

static void a_damaged_row_is_left_out_and_said(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error = {0};
	struct cf_host *const *hosts;

	box_open(&box);
	box_alive(&box, "a", "10.0.0.1", "02:00:00:00:00:01", "one", T0_S, T0_S + 3 * HOUR);
	box_alive(&box, "a", "10.0.0.2", "02:00:00:00:00:02", "two", T0_S, T0_S + 3 * HOUR);
	box_commit(&box);
	assert_int_equal(cf_ledger_exec(box.ledger,
	                     "INSERT INTO sighting VALUES(20458, 1, 999999, 1, 2, x'010101', x'');"
	                     "INSERT INTO sighting VALUES(2932896, 1, 1, 1, 2, x'010101', x'');"
	                     "INSERT INTO sighting VALUES(20458, 1, 0, 1, 2, x'ff', x'')",
	                     &error),
	    CF_OK);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(cf_model_hosts(model, &hosts), 2);
	assert_true(cf_model_skipped_rows(model) > 0);
	cf_model_free(model);
	box_close(&box);
}

/* Numbers of rows are no bound: rows are forgotten and others come. */
static void large_ids_of_rows_are_no_damage(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error = {0};
	struct cf_host *const *hosts;

	box_open(&box);
	box_alive(&box, "a", "10.0.0.1", "02:00:00:00:00:01", "one", T0_S, T0_S + 3 * HOUR);
	box_alive(&box, "b", "10.0.0.2", "02:00:00:00:00:02", "two", T0_S, T0_S + 3 * HOUR);
	struct cf_fact query = a_query("a", "10.0.0.1", T0_S + HOUR);

	box_add(&box, &query);
	box_commit(&box);
	assert_int_equal(cf_ledger_exec(box.ledger,
	                     "UPDATE claim SET claim_id=claim_id+30000000000 WHERE claim_id>1;"
	                     "UPDATE sighting SET claim_id=claim_id+30000000000 WHERE claim_id>1;"
	                     "UPDATE endpoint SET endpoint_id=endpoint_id+90000000;"
	                     "UPDATE kind SET kind_id=kind_id+90000000;"
	                     "UPDATE rollup SET endpoint_id=endpoint_id+90000000,"
	                     " kind_id=kind_id+90000000;"
	                     "UPDATE sensor SET sensor_id=sensor_id+90000000 WHERE sensor_id>1;"
	                     "UPDATE sighting SET sensor_id=sensor_id+90000000 WHERE sensor_id>1;"
	                     "UPDATE rollup SET sensor_id=sensor_id+90000000 WHERE sensor_id>1",
	                     &error),
	    CF_OK);
	struct cf_model *model = box_model(&box, T0_S + DAY);

	assert_int_equal(cf_model_hosts(model, &hosts), 2);
	assert_int_equal(cf_model_skipped_rows(model), 0);
	const struct cf_host *host = cf_model_find(model, "10.0.0.1");

	assert_non_null(host);
	assert_int_equal(host->hits, 1);
	cf_model_free(model);
	box_close(&box);
}

static void what_is_about_people_is_not_for_everybody(void **state)
{
	(void)state;
	mode_t before = umask(0);
	struct box box;
	struct folder folder;

	box_open(&box);
	box_watch(&box, "a", "monitor", T0_S, T0_S + HOUR);
	box_commit(&box);
	assert_int_equal(mode_of(box.path, ""), 0640);
	assert_int_equal(mode_of(box.path, "-wal"), 0640);
	assert_int_equal(mode_of(box.path, "-shm"), 0640);
	assert_int_equal(mode_of(box.path, "-lock"), 0640);
	box_close(&box);
	folder_make(&folder);
	make_old_ledger(folder.path);
	assert_int_equal(mode_of(folder.path, ""), 0644);
	cf_ledger_close(open_to_write(folder.path, NULL));
	assert_int_equal(mode_of(folder.path, ""), 0640);
	assert_true(scratch_drop(folder.dir));
	umask(before);
}

/* Overwrites the second half of the file. */
static void damage(const char *path)
{
	struct stat st;
	char junk[4096];
	int fd = open(path, O_RDWR | O_CLOEXEC);

	memset(junk, 0xa5, sizeof junk);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = st.st_size / 2; at < st.st_size; at += (off_t)sizeof junk)
		assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
	close(fd);
}

static void the_whole_file_is_looked_at_after_changes_that_are_not_ours(void **state)
{
	(void)state;
	struct folder folder;
	char *set_aside = NULL;

	folder_make(&folder);
	make_old_ledger(folder.path);
	cf_ledger_close(open_to_write(folder.path, NULL));
	damage(folder.path);
	/* As if we had left it so: then it is not looked at. */
	struct cf_sqlite ours = {.base = {.path = folder.path}};
	char lock[128];

	snprintf(lock, sizeof lock, "%s-lock", folder.path);
	ours.lock_fd = open(lock, O_RDWR | O_CLOEXEC);
	assert_true(ours.lock_fd >= 0);
	cf_sqlite_note_checked(&ours);
	close(ours.lock_fd);
	cf_ledger_close(open_to_write(folder.path, &set_aside));
	assert_null(set_aside);
	damage(folder.path);
	cf_ledger_close(open_to_write(folder.path, &set_aside));
	assert_non_null(set_aside);
	free(set_aside);
	assert_true(scratch_drop(folder.dir));
}

static void add_beat_row(struct cf_ledger *ledger, int minute)
{
	char sql[200];
	struct cf_error error = {0};

	snprintf(sql, sizeof sql, "INSERT INTO beat VALUES(20458, 1, 'eth%d', %d, 5, 0, x'010101')",
	    minute, minute);
	assert_int_equal(cf_ledger_exec(ledger, sql, &error), CF_OK);
}

/*
 * Killed after any number of steps, what lies there is the old ledger or the new one, never the new
 * one with pages of the old.
 */
static void a_replaced_ledger_is_the_old_or_the_new_one_wherever_it_is_killed(void **state)
{
	(void)state;
	bool was_old = false, was_new = false, was_whole = false;

	for (int steps = 0; !was_whole; steps++) {
		struct folder folder;
		char fresh[128];
		int status;

		assert_true(steps < 40);
		folder_make(&folder);
		snprintf(fresh, sizeof fresh, "%s.rebuild", folder.path);
		make_old_ledger(folder.path);
		make_old_ledger(fresh);
		struct cf_ledger *ledger = open_to_write(fresh, NULL);

		add_beat_row(ledger, 1);
		cf_ledger_close(ledger);
		char *new_dump = dump_of(fresh);
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			struct cf_error error = {0};
			struct cf_ledger *old = open_to_write(folder.path, NULL);

			for (int i = 2; i < 200; i++) /* lies in the WAL */
				add_beat_row(old, i);
			steps_left = steps;
			_exit(cf_ledger_replace(old, fresh, &error) == CF_OK ? 0 : 1);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		was_whole = WIFEXITED(status);
		assert_true(!was_whole || WEXITSTATUS(status) == 0);
		char *dump = dump_of(folder.path);
		bool is_new = strcmp(dump, new_dump) == 0;

		was_new = was_new || is_new;
		was_old = was_old || !is_new;
		if (!is_new) {
			assert_non_null(strstr(dump, "\teth199\t"));
			assert_null(strstr(dump, "\teth1\t"));
		}
		assert_true(!was_whole || is_new);
		free(dump);
		free(new_dump);
		cf_ledger_close(open_to_write(folder.path, NULL));
		assert_true(scratch_drop(folder.dir));
	}
	assert_true(was_old && was_new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_old_ledger_is_read_as_it_is_and_migrated_when_written),
	    cmocka_unit_test(impossible_rows_of_an_old_ledger_end_no_report),
	    cmocka_unit_test(a_damaged_row_is_left_out_and_said),
	    cmocka_unit_test(large_ids_of_rows_are_no_damage),
	    cmocka_unit_test(what_is_about_people_is_not_for_everybody),
	    cmocka_unit_test(the_whole_file_is_looked_at_after_changes_that_are_not_ours),
	    cmocka_unit_test(a_replaced_ledger_is_the_old_or_the_new_one_wherever_it_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
