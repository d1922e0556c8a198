/*
 * A generated network whose truth is known: hosts, counts, states and coverage must equal it,
 * whatever the order of logs, and however often ingest is killed.
 *
 * CURFEW_TEST_FULL=yes makes a year of 50 sites and 20,000 hosts, and 200 kills (hours), and 2,000
 * small worlds. CF_WORLDS=N makes N of them, from the CF_FIRST-th of CF_SEED on.
 *
 * One file: making a world takes longer than asking it, so all questions are asked of the same.
 */

#include "../scratch_template.h"
#include "base/sha256.h"
#include "facts.h"
#include "ledger/ingest/ingest.h"
#include "world.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct world world;
	struct world_truth *truth;
	struct world_coverage *coverage;
	struct world_odd odd;
	int kills;
};

static uint32_t number_from(const char *name, uint32_t fallback)
{
	const char *text = getenv(name);

	return text == NULL ? fallback : (uint32_t)strtoul(text, NULL, 10);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const char *full = getenv("CURFEW_TEST_FULL");
	bool is_full = full != NULL && strcmp(full, "yes") == 0;

	assert_non_null(f);
	f->world = (struct world){.seed = number_from("CF_SEED", 5),
	    .sites = number_from("CF_SITES", is_full ? 50 : 5),
	    .hosts = number_from("CF_HOSTS", is_full ? 20000 : 300),
	    .days = number_from("CF_DAYS", is_full ? 364 : 28),
	    .sighting_hours = number_from("CF_SIGHTING_HOURS", is_full ? 24 : 6),
	    .rotate_days = is_full ? 28 : 7};
	f->kills = (int)number_from("CF_KILLS", is_full ? 200 : 20);
	assert_non_null(mkdtemp(scratch_template(f->world.dir, "world")));
	world_make(&f->world, &f->truth, &f->coverage, &f->odd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (getenv("CF_KEEP") == NULL)
		assert_true(scratch_drop(f->world.dir));
	free(f->truth);
	free(f->coverage);
	free(f);
	return 0;
}

static struct cf_ledger *open_ledger(const char *path, enum cf_ledger_mode mode)
{
	const struct cf_ledger_options options = {.path = path, .mode = mode};
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};

	if (cf_ledger_open(&options, &ledger, NULL, &error) != CF_OK)
		fail_msg("%s", error.text);
	return ledger;
}

/* Takes all sites in, forwards or backwards. */
static void take_in(const struct fixture *f, const char *path, bool backwards,
    uint64_t commit_lines, struct cf_ingest_counts *counts_out)
{
	const struct cf_ingest_options options = {.commit_lines = commit_lines};
	struct cf_ledger *ledger = open_ledger(path, CF_LEDGER_WRITE);
	struct cf_ingest *ingest = NULL;
	struct cf_error error = {0};

	if (cf_ingest_new(ledger, &options, &ingest, &error) != CF_OK)
		fail_msg("%s", error.text);
	for (uint32_t i = 0; i < f->world.sites; i++) {
		char dir[128];

		snprintf(dir, sizeof dir, "%s/s%u", f->world.dir,
		    backwards ? f->world.sites - 1 - i : i);
		if (cf_ingest_path(ingest, dir, true, &error) != CF_OK)
			fail_msg("%s", error.text);
	}
	if (cf_ingest_finish(ingest, &error) != CF_OK)
		fail_msg("%s", error.text);
	if (counts_out != NULL)
		*counts_out = *cf_ingest_counts(ingest);
	cf_ingest_free(ingest);
	cf_ledger_close(ledger);
}

static void ledger_path(const struct fixture *f, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s.db", f->world.dir, name);
}

static void hash_line(void *arg, const char *line, size_t len)
{
	cf_sha256_update(arg, line, len);
	cf_sha256_update(arg, "\n", 1);
}

static void digest_of(const char *path, char text[CF_SHA256_TEXT_BYTES])
{
	struct cf_ledger *ledger = open_ledger(path, CF_LEDGER_READ);
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	struct cf_error error;

	assert_int_equal(cf_ledger_dump(ledger, hash_line, sha, &error), CF_OK);
	cf_sha256_final(sha, digest);
	cf_sha256_format(digest, text);
	cf_sha256_free(sha);
	cf_ledger_close(ledger);
}

static void give_sites(const struct fixture *f, const char *path)
{
	for (uint32_t i = 0; i < f->world.sites; i++) {
		char sensor[24], site[24];
		struct cf_ledger_action action = {.at_wall_s = WORLD_START_S,
		    .who = "test",
		    .verb = "site",
		    .args = {sensor, site}};
		struct cf_error error;

		snprintf(sensor, sizeof sensor, "sensor%u", i);
		snprintf(site, sizeof site, "site%u", i);
		assert_int_equal(cf_action_append(path, &action, &error), CF_OK);
		snprintf(sensor, sizeof sensor, "leases%u", i);
		assert_int_equal(cf_action_append(path, &action, &error), CF_OK);
	}
}

static uint32_t addresses_of(const struct cf_host *host)
{
	uint32_t count = 0;

	for (size_t i = 0; i < host->identity_count; i++)
		count += host->identities[i].kind == CF_IDENTITY_ADDR;
	return count;
}

/* Returns the number of differences, each printed. */
static int compare_host(const struct cf_model *model, const struct world_truth *truth)
{
	const struct cf_host *host = cf_model_find(model, truth->selector);

	if (host == NULL) {
		print_error("%s (role %d): not found\n", truth->selector, (int)truth->role);
		return 1;
	}
	if (host->hits == truth->hits && host->rare->excepted == truth->excepted &&
	    host->rare->escapes == truth->escapes && host->state == truth->state &&
	    host->blocked == truth->blocked && host->rare->visits == truth->visits &&
	    host->answered == truth->answered && host->observed == truth->observed &&
	    host->refused + host->unanswered == 0 &&
	    host->watch->watched_minutes == truth->watched_minutes &&
	    strcmp(host->rare->relay, truth->hits > 0 ? truth->relay : "") == 0 &&
	    host->first_hit_wall_us / 60000000 == truth->first_s / 60 &&
	    host->last_hit_wall_us / 60000000 == truth->last_s / 60 &&
	    host->by_dns_alone == truth->by_dns_alone &&
	    (truth->is_by_addr || addresses_of(host) >= truth->addresses))
		return 0;
	print_error("%s (role %d): %s, %llu hits, %llu excepted, %llu escapes, %u addresses (%s);"
	            " truth %s, %llu, %llu, %llu, %u; blocked %llu of %llu, visits %llu of %llu,"
	            " answered %llu of %llu, observed %llu of %llu, watched %llu of %llu, relay"
	            " '%s' of '%s', first %lld of %lld, last %lld of %lld, by DNS alone %d of %d\n",
	    truth->selector, (int)truth->role, cf_state_text(host->state),
	    (unsigned long long)host->hits, (unsigned long long)host->rare->excepted,
	    (unsigned long long)host->rare->escapes, addresses_of(host), host->why,
	    cf_state_text(truth->state), (unsigned long long)truth->hits,
	    (unsigned long long)truth->excepted, (unsigned long long)truth->escapes,
	    truth->addresses, (unsigned long long)host->blocked, (unsigned long long)truth->blocked,
	    (unsigned long long)host->rare->visits, (unsigned long long)truth->visits,
	    (unsigned long long)host->answered, (unsigned long long)truth->answered,
	    (unsigned long long)host->observed, (unsigned long long)truth->observed,
	    (unsigned long long)host->watch->watched_minutes,
	    (unsigned long long)truth->watched_minutes, host->rare->relay, truth->relay,
	    (long long)(host->first_hit_wall_us / 1000000), (long long)truth->first_s,
	    (long long)(host->last_hit_wall_us / 1000000), (long long)truth->last_s,
	    host->by_dns_alone, truth->by_dns_alone);
	return 1;
}

static int compare_coverage(const struct fixture *f, const struct cf_model *model)
{
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);
	int differences = 0;

	/* The log of imported leases takes the place of a monitor. */
	assert_int_equal(count, f->world.sites * 2 - (f->world.bare == WORLD_BARE));
	for (size_t i = 0; i < count; i++) {
		const struct cf_span *spans;
		const struct cf_span *gaps;
		size_t span_count =
		    cf_coverage_spans(cf_model_coverage(model), (uint32_t)i, &spans);
		size_t gap_count = cf_coverage_gaps(cf_model_coverage(model), (uint32_t)i, &gaps);
		uint64_t minutes = 0;

		for (size_t j = 0; j < span_count; j++)
			minutes += spans[j].to_minute - spans[j].from_minute;
		for (uint32_t j = 0; j < f->world.sites * 2; j++) {
			const struct world_coverage *truth = &f->coverage[j];

			if (strcmp(truth->sensor, sensors[i].name) != 0 ||
			    strcmp(truth->source, sensors[i].source) != 0)
				continue;
			if (minutes == truth->watched_minutes && gap_count == truth->gaps)
				continue;
			differences++;
			print_error("%s %s: watched %llu minutes, %zu gaps; truth %llu, %u\n",
			    truth->sensor, truth->source, (unsigned long long)minutes, gap_count,
			    (unsigned long long)truth->watched_minutes, truth->gaps);
			for (size_t k = 0; k < span_count; k++)
				print_error("  watched %u to %u\n",
				    spans[k].from_minute - (uint32_t)(WORLD_START_S / 60),
				    spans[k].to_minute - (uint32_t)(WORLD_START_S / 60));
			for (size_t k = 0; k < gap_count; k++)
				print_error("  gap %u + %u: %s\n",
				    gaps[k].from_minute - (uint32_t)(WORLD_START_S / 60),
				    gaps[k].to_minute - gaps[k].from_minute, gaps[k].reason);
		}
	}
	return differences;
}

static void hosts_states_counts_and_coverage_equal_the_truth(void **state)
{
	const struct fixture *f = *state;
	struct cf_model_options options = {.at_wall_s = WORLD_START_S + f->world.days * DAY};
	struct cf_ingest_counts counts;
	struct cf_model *model = NULL;
	struct cf_error error = {0};
	struct timespec began, ended;
	char path[128];
	int differences = 0;
	uint32_t expected = 0, by_state[CF_STATES] = {0};

	ledger_path(f, "truth", path);
	clock_gettime(CLOCK_MONOTONIC, &began);
	take_in(f, path, false, 0, &counts);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	double seconds =
	    (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;

	print_message("%llu records in %.1f s: %.0f a second\n", (unsigned long long)counts.records,
	    seconds, (double)counts.records / seconds);
	assert_int_equal(counts.broken, 0);
	assert_int_equal(counts.faults[CF_LINE_FOREIGN], 0);
	assert_int_equal(counts.refused, f->odd.wild);
	assert_int_equal(counts.repeated, f->odd.repeated);
	give_sites(f, path);
	struct cf_ledger *ledger = open_ledger(path, CF_LEDGER_READ);

	assert_int_equal(cf_model_horizon(ledger), options.at_wall_s);
	clock_gettime(CLOCK_MONOTONIC, &began);
	if (cf_model_load(ledger, &options, &model, &error) != CF_OK)
		fail_msg("%s", error.text);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	print_message("model in %.1f s\n",
	    (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9);
	for (uint32_t i = 0; i < f->world.hosts; i++) {
		if (f->truth[i].addresses == 0)
			continue; /* everything it did fell into failures */
		expected++;
		by_state[f->truth[i].state]++;
		differences += compare_host(model, &f->truth[i]);
	}
	struct cf_host *const *hosts;

	for (int i = 0; i < CF_STATES; i++)
		print_message("%u %s  ", by_state[i], cf_state_text((enum cf_state)i));
	print_message("\n");
	differences += compare_coverage(f, model);
	assert_int_equal(cf_model_hosts(model, &hosts), expected);
	assert_int_equal(differences, 0);
	/* The world must have something of everything, or the test proves little. */
	for (int i = 0; i < CF_STATES && f->world.hosts >= 300; i++)
		assert_true(by_state[i] > 0);
	cf_model_free(model);
	cf_ledger_close(ledger);
}

static void the_order_of_logs_is_nothing(void **state)
{
	const struct fixture *f = *state;
	char forwards[CF_SHA256_TEXT_BYTES], backwards[CF_SHA256_TEXT_BYTES], path[128];
	struct cf_ingest_counts counts;

	ledger_path(f, "truth", path);
	digest_of(path, forwards);
	take_in(f, path, true, 0, &counts); /* once more: nothing new */
	assert_int_equal(counts.records, 0);
	digest_of(path, backwards);
	assert_string_equal(forwards, backwards);
	ledger_path(f, "backwards", path);
	take_in(f, path, true, 0, NULL);
	digest_of(path, backwards);
	assert_string_equal(forwards, backwards);
}

/* Kills a child that ingests, after a random while; true when it came to its end before. */
static bool kill_one(const struct fixture *f, const char *path, uint32_t most_us)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		take_in(f, path, false, 5000, NULL);
		_exit(0);
	}
	usleep((useconds_t)((unsigned)rand() % most_us));
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status);
}

/* Removes a ledger, so that the next run starts from nothing. */
static void forget(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char name[160];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		(void)unlink(name); /* some are not there */
	}
}

static void killed_at_any_moment_the_content_is_the_same(void **state)
{
	const struct fixture *f = *state;
	char whole[CF_SHA256_TEXT_BYTES], killed[CF_SHA256_TEXT_BYTES], path[128];
	int kills = 0, rounds = 0;

	ledger_path(f, "truth", path);
	digest_of(path, whole);
	ledger_path(f, "killed", path);
	srand((unsigned)f->world.seed);
	while (kills < f->kills) {
		if (!kill_one(f, path, 400000)) {
			kills++;
			continue;
		}
		/* It came to its end in spite of all kills: the same, and once more from nothing.
		 */
		digest_of(path, killed);
		assert_string_equal(whole, killed);
		forget(path);
		rounds++;
	}
	take_in(f, path, false, 5000, NULL);
	digest_of(path, killed);
	assert_string_equal(whole, killed);
	print_message("killed %d times in %d rounds\n", kills, rounds + 1);
}

/* Small, with other failures, sites, rotations and lengths each time. */
static void one_world(uint64_t seed)
{
	struct fixture f = {.world = {.seed = seed,
	                        .sites = 1 + (uint32_t)(seed % 2),
	                        .hosts = 20 + (uint32_t)(seed % 13),
	                        .days = 15 + (uint32_t)(seed % 3),
	                        .sighting_hours = 1 + (uint32_t)(seed % 11),
	                        .rotate_days = 3 + (uint32_t)(seed % 7),
	                        .privacy = seed % 5 == 3 ? "pseudonym"
	                            : seed % 5 == 1      ? "truncate"
	                                                 : NULL,
	                        .bare = seed % 4 == 1 ? WORLD_BARE
	                            : seed % 8 == 2   ? WORLD_BARE_WITH_LEASES
	                                              : WORLD_WATCHED}};
	void *fixture = &f;

	assert_non_null(mkdtemp(scratch_template(f.world.dir, "world")));
	world_make(&f.world, &f.truth, &f.coverage, &f.odd);
	print_message("world %llu\n", (unsigned long long)seed);
	hosts_states_counts_and_coverage_equal_the_truth(&fixture);
	the_order_of_logs_is_nothing(&fixture);
	free(f.truth);
	free(f.coverage);
	assert_true(scratch_drop(f.world.dir));
}

static void many_small_worlds_are_told_truly(void **state)
{
	const struct fixture *f = *state;
	const char *full = getenv("CURFEW_TEST_FULL");
	uint32_t worlds =
	    number_from("CF_WORLDS", full != NULL && strcmp(full, "yes") == 0 ? 2000 : 20);

	for (uint32_t i = 0, first = number_from("CF_FIRST", 0); i < worlds; i++)
		one_world(f->world.seed * 10000 + first + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_states_counts_and_coverage_equal_the_truth),
	    cmocka_unit_test(the_order_of_logs_is_nothing),
	    cmocka_unit_test(many_small_worlds_are_told_truly),
	    cmocka_unit_test(killed_at_any_moment_the_content_is_the_same),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
