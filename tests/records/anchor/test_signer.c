/*
 * A key that is replaced, spoiled and put back while a log is written: what signs, and what other
 * threads may ask meanwhile. The records suite also runs under the thread sanitizer.
 */

#include "records/anchor/signer.h"

#include "records/form/parse.h"
#include "records/write/log.h"
#include "samples.h"
#include "scratch.h"
#include "trust/minisign_secret.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char *folder, *key, *log;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->folder = scratch_make();
	f->key = scratch_path(f->folder, "resolver.key");
	f->log = scratch_path(f->folder, "hits.jsonl");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scratch_remove(f->folder);
	free(f->key);
	free(f->log);
	free(f);
	return 0;
}

/* A file takes the key's place by rename, as `curfew log key new --replace` does it. */
static void put(const struct fixture *f, const char *text, mode_t mode)
{
	char *beside = scratch_path(f->folder, "new");

	scratch_write(beside, text, strlen(text));
	assert_int_equal(chmod(beside, mode), 0);
	assert_int_equal(rename(beside, f->key), 0);
	free(beside);
}

static void put_new_key(const struct fixture *f)
{
	char text[CF_MINISIGN_SECRET_TEXT_BYTES];
	struct cf_minisign_secret secret;

	assert_int_equal(cf_minisign_secret_new(&secret), CF_OK);
	cf_minisign_secret_format(&secret, text);
	cf_minisign_secret_done(&secret);
	put(f, text, 0600);
}

static void another_file_is_another_key_once(void **state)
{
	const struct fixture *f = *state;
	struct cf_signer signer;
	struct cf_signer_words words;
	char first[CF_KEY_ID_TEXT_BYTES];

	put_new_key(f);
	assert_int_equal(cf_signer_init(&signer, f->key, NULL, NULL), CF_OK);
	cf_signer_say(&signer, &words);
	memcpy(first, words.id, sizeof first);
	assert_int_equal(strlen(first), CF_KEY_ID_TEXT_BYTES - 1);
	assert_false(cf_signer_look(&signer));
	put_new_key(f);
	assert_true(cf_signer_look(&signer));
	cf_signer_told(&signer);
	assert_false(cf_signer_look(&signer));
	cf_signer_say(&signer, &words);
	assert_string_not_equal(words.id, first);
	assert_string_equal(words.error, "");
	cf_signer_done(&signer);
}

static void a_file_of_no_use_leaves_the_key(void **state)
{
	const struct fixture *f = *state;
	struct cf_signer signer;
	struct cf_signer_words words;
	const char *id;

	put_new_key(f);
	assert_int_equal(cf_signer_init(&signer, f->key, NULL, NULL), CF_OK);
	id = cf_sensor_key_id(signer.key);
	put(f, "nothing\n", 0600);
	assert_false(cf_signer_look(&signer));
	cf_signer_say(&signer, &words);
	assert_string_equal(words.id, id);
	assert_non_null(strstr(words.error, "no secret key"));
	assert_non_null(strstr(words.error, "goes on signing"));
	assert_int_equal(unlink(f->key), 0);
	assert_false(cf_signer_look(&signer));
	cf_signer_say(&signer, &words);
	assert_non_null(strstr(words.error, "no key any more"));
	put_new_key(f);
	assert_true(cf_signer_look(&signer));
	cf_signer_say(&signer, &words);
	assert_string_equal(words.error, "");
	cf_signer_done(&signer);
}

static void a_key_may_come_later(void **state)
{
	const struct fixture *f = *state;
	struct cf_signer signer;
	struct cf_signer_words words;

	assert_int_equal(cf_signer_init(&signer, f->key, NULL, NULL), CF_OK);
	cf_signer_say(&signer, &words);
	assert_string_equal(words.id, "");
	assert_non_null(strstr(words.error, "no key"));
	put_new_key(f);
	assert_true(cf_signer_look(&signer));
	cf_signer_done(&signer);
}

static void a_key_read_before_is_held_against_its_file(void **state)
{
	const struct fixture *f = *state;
	struct cf_sensor_key *key = NULL;
	struct cf_signer signer;

	put_new_key(f);
	assert_int_equal(cf_sensor_key_read(f->key, &key, NULL), CF_OK);
	put_new_key(f); /* between the reading and the opening of the log */
	assert_int_equal(cf_signer_init(&signer, f->key, key, NULL), CF_OK);
	assert_true(cf_signer_look(&signer));
	cf_signer_done(&signer);
}

static void none_is_none(void **state)
{
	struct cf_signer signer;

	(void)state;
	assert_int_equal(cf_signer_init(&signer, "", NULL, NULL), CF_OK);
	assert_false(cf_signer_look(&signer));
	assert_string_equal(cf_signer_news(&signer), "");
	cf_signer_done(&signer);
}

/* Hits, and somebody who asks who signs, beside the writer's thread. */
struct crowd {
	struct cf_log *log;
	struct cf_producer *producer;
	_Atomic bool stop;
};

static void *produce(void *arg)
{
	struct crowd *crowd = arg;
	const struct timespec pause = {.tv_nsec = 1000000};
	struct cf_hit hit;

	sample_blocked_query(&hit);
	while (!atomic_load(&crowd->stop)) {
		(void)cf_producer_hit(crowd->producer, &hit); /* a full queue is counted */
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

static void *ask(void *arg)
{
	struct crowd *crowd = arg;
	struct cf_log_anchor anchor;

	while (!atomic_load(&crowd->stop)) {
		cf_log_anchor(crowd->log, &anchor);
		if (strlen(anchor.signer.id) != CF_KEY_ID_TEXT_BYTES - 1)
			return arg;
	}
	return NULL;
}

static void wait_for_another(struct cf_log *log, const char *id)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct cf_log_anchor anchor;

	for (int i = 0; i < 3000; i++) {
		cf_log_anchor(log, &anchor);
		if (strcmp(anchor.signer.id, id) != 0 && anchor.signed_seq > 0)
			return;
		(void)nanosleep(&pause, NULL);
	}
	fail_msg("no other key within a minute");
}

static unsigned count_signers(const struct fixture *f)
{
	static char line[CF_RECORD_LINE_BYTES];
	static struct cf_record record;
	char last[CF_KEY_ID_TEXT_BYTES] = "";
	FILE *file = fopen(f->log, "re");
	unsigned count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		size_t len = strcspn(line, "\n");

		assert_int_equal(cf_record_parse(line, len, &record), CF_LINE_OK);
		if (record.seal.sig.len == 0)
			continue;
		assert_int_equal(record.seal.key.len, sizeof last - 1);
		count += memcmp(last, record.seal.key.data, sizeof last - 1) != 0;
		memcpy(last, record.seal.key.data, sizeof last - 1);
	}
	(void)fclose(file);
	return count;
}

static void a_running_log_changes_its_key_among_threads(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = {
	    .path = f->log, .sensor = "s", .source = "resolver", .key_file = f->key};
	struct crowd crowd = {.stop = false};
	struct cf_log_anchor anchor;
	struct cf_error error;
	pthread_t threads[2];
	void *bad = NULL;

	put_new_key(f);
	assert_int_equal(cf_log_open(&options, &crowd.log, &error), CF_OK);
	crowd.producer = cf_log_producer(crowd.log);
	assert_non_null(crowd.producer);
	assert_int_equal(pthread_create(&threads[0], NULL, produce, &crowd), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, ask, &crowd), 0);
	for (int i = 0; i < 2; i++) {
		cf_log_anchor(crowd.log, &anchor);
		put_new_key(f);
		wait_for_another(crowd.log, anchor.signer.id);
	}
	atomic_store(&crowd.stop, true);
	assert_int_equal(pthread_join(threads[0], NULL), 0);
	assert_int_equal(pthread_join(threads[1], &bad), 0);
	assert_null(bad);
	cf_log_close(crowd.log);
	assert_in_range(count_signers(f), 2, 3); /* the first may have sealed nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(another_file_is_another_key_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_file_of_no_use_leaves_the_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_key_may_come_later, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_key_read_before_is_held_against_its_file, setup, teardown),
	    cmocka_unit_test(none_is_none),
	    cmocka_unit_test_setup_teardown(
	        a_running_log_changes_its_key_among_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
