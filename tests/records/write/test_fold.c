/* Folding counts exactly, within bounds, and survives a kill. */

#include "records/write/fold.h"

#include "records/write/fold_journal.h"

#include "samples.h"
#include "scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct cf_fold *fold;
	uint64_t lines, hits, last_pkts_in;
	uint32_t last_packed_bytes, expanded;
	uint16_t last_dest_port;
	_Alignas(8) uint8_t packed[CF_RECORD_PACKED_BYTES];
};

static void note(void *arg, const struct cf_packed *packed, uint64_t count, int64_t last_wall_us)
{
	struct fixture *f = arg;
	struct cf_hit hit;

	cf_unpack_hit(packed, &hit);
	assert_true(last_wall_us >= hit.at_wall_us);
	f->lines++;
	f->hits += count;
	f->last_pkts_in = hit.flow.pkts_in;
	f->last_packed_bytes = packed->size_bytes;
	f->last_dest_port = hit.dest_port;
}

/* A producer's own bytes: which of a hit's ports to say. */
static void expand(void *arg, const struct cf_packed *packed, struct cf_packed *out)
{
	struct fixture *f = arg;
	struct cf_hit hit;

	f->expanded++;
	sample_blocked_query(&hit);
	memcpy(&hit.dest_port, packed + 1, sizeof hit.dest_port);
	(void)cf_pack_hit(&hit, out); /* its size stands in its head */
}

static int setup(void **state)
{
	static const uint8_t key[16] = {7};
	struct fixture *f = calloc(1, sizeof *f);

	assert_int_equal(cf_fold_new(100, key, note, expand, f, &f->fold), CF_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cf_fold_free(f->fold);
	free(f);
	return 0;
}

static bool add(struct fixture *f, const struct cf_hit *hit, int64_t now_us)
{
	(void)cf_pack_hit(hit, f->packed); /* its size stands in its head */
	return cf_fold_add(f->fold, (const struct cf_packed *)(const void *)f->packed, now_us);
}

static void what_differs_is_not_folded(void **state)
{
	struct fixture *f = *state;
	struct cf_hit hit;

	sample_blocked_query(&hit);
	assert_false(add(f, &hit, 0));
	hit.src_port++;
	hit.dns.qtype = 28;
	assert_true(add(f, &hit, 0)); /* another try of the same client */
	hit.src.bytes[3]++;
	assert_false(add(f, &hit, 0));
	hit.key++;
	assert_false(add(f, &hit, 0));
	hit.via = CF_VIA_CNAME;
	assert_false(add(f, &hit, 0));
	hit.action = CF_ACTION_FLAG;
	assert_false(add(f, &hit, 0));
	hit.flow.escape = true;
	assert_false(add(f, &hit, 0));
	hit.src.family = CF_FAMILY_NONE;
	hit.has_src_mac = true;
	assert_false(add(f, &hit, 0));
	hit.src_mac[5] = 1;
	assert_false(add(f, &hit, 0));
	assert_true(add(f, &hit, 0));
	assert_int_equal(cf_fold_pending(f->fold), 2);
}

static void full_table_writes_the_oldest_and_counts_stay_exact(void **state)
{
	struct fixture *f = *state;
	uint64_t written = 0;
	struct cf_hit hit;

	sample_blocked_query(&hit);
	for (unsigned i = 0; i < 20000; i++) {
		hit.key = 1 + i * 2654435761U % 150; /* more series than entries */
		if (!add(f, &hit, i))
			written++;
		if (i % 1000 == 999)
			cf_fold_expire(f->fold, i - 500, i);
	}
	cf_fold_flush(f->fold);
	assert_int_equal(cf_fold_pending(f->fold), 0);
	assert_int_equal(written + f->hits, 20000);
	assert_true(f->lines > 0);
}

static void series_that_goes_on_gives_one_line_a_window(void **state)
{
	struct fixture *f = *state;
	struct cf_hit hit;

	sample_blocked_query(&hit);
	for (int64_t now = 0; now < 600; now++) {
		(void)add(f, &hit, now); /* the first alone is false */
		cf_fold_expire(f->fold, now - 60, now);
	}
	assert_in_range(f->lines, 9, 10);
	/* Quiet for a window: forgotten, and the next hit is a first again. */
	cf_fold_expire(f->fold, 700, 761);
	cf_fold_expire(f->fold, 770, 831);
	assert_int_equal(f->hits, 599);
	assert_false(add(f, &hit, 832));
}

static void amounts_of_flows_add_up(void **state)
{
	struct fixture *f = *state;
	struct cf_hit hit;

	sample_hardcoded_flow(&hit);
	assert_false(add(f, &hit, 0));
	for (unsigned i = 0; i < 10; i++)
		assert_true(add(f, &hit, 0));
	cf_fold_flush(f->fold);
	assert_int_equal(f->hits, 10);
	assert_int_equal(f->last_pkts_in, 40);
}

static void oversized_sample_loses_long_texts_only(void **state)
{
	struct fixture *f = *state;
	struct cf_hit hit;

	sample_fullest(&hit);
	assert_false(add(f, &hit, 0));
	assert_true(add(f, &hit, 0));
	cf_fold_flush(f->fold);
	assert_int_equal(f->hits, 1);
	assert_in_range(f->last_packed_bytes, 600, CF_FOLD_SAMPLE_BYTES);
}

static void journal_gives_back_open_windows_once(void **state)
{
	struct fixture *f = *state;
	char *folder = scratch_make(), *path = scratch_path(folder, "hits.jsonl"), name[512];
	struct cf_fold_journal *journal = cf_fold_journal_open(path, "resolver", name, sizeof name);
	struct cf_hit hit;

	assert_non_null(journal);
	assert_null(cf_fold_journal_open(path, "resolver", name, sizeof name)); /* locked */
	cf_fold_set_journal(f->fold, journal);
	sample_blocked_query(&hit);
	for (unsigned i = 0; i < 1000; i++) {
		hit.key = 1 + i % 10;
		(void)add(f, &hit, i); /* ten of them are first */
	}
	cf_fold_sync(f->fold, true);
	assert_int_equal(f->hits, 0);
	/* The kill: the table is gone, the file is there. */
	assert_int_equal(cf_fold_journal_recover(journal, note, f), 990);
	assert_int_equal(f->hits, 990);
	assert_int_equal(f->lines, 10);
	assert_int_equal(cf_fold_journal_recover(journal, note, f), 0);
	/* What was emitted is forgotten before its line is written. */
	cf_fold_sync(f->fold, true);
	cf_fold_flush(f->fold);
	cf_fold_sync(f->fold, false);
	assert_int_equal(cf_fold_journal_recover(journal, note, f), 0);
	cf_fold_journal_close(journal);
	scratch_remove(folder);
	free(path);
}

static void deferred_repeats_are_expanded_once_a_window(void **state)
{
	struct fixture *f = *state;
	struct cf_packed *packed = (struct cf_packed *)(void *)f->packed;
	struct cf_hit hit;

	sample_blocked_query(&hit);
	for (uint16_t i = 0; i < 500; i++) {
		(void)cf_pack_hit(&hit, f->packed); /* the head of a whole hit, payload of ours */
		packed->present = CF_PACKED_DEFERRED;
		packed->size_bytes = sizeof *packed + 8;
		memcpy(packed + 1, &i, sizeof i);
		assert_true(cf_fold_add(f->fold, packed, 0) == (i > 0));
	}
	assert_int_equal(f->expanded, 1);
	cf_fold_expire(f->fold, 0, 1);
	assert_int_equal(f->lines, 1);
	assert_int_equal(f->hits, 499);
	assert_int_equal(f->last_dest_port, 1); /* the first repeat is the sample */
	assert_true(cf_fold_add(f->fold, packed, 2));
	assert_int_equal(f->expanded, 2);
	cf_fold_flush(f->fold);
	assert_int_equal(f->hits, 500);
	assert_int_equal(f->last_dest_port, 499);
}

static void damaged_journal_is_left_out(void **state)
{
	struct fixture *f = *state;
	char *folder = scratch_make(), *path = scratch_path(folder, "hits.jsonl"), name[512];
	struct cf_fold_journal *journal = cf_fold_journal_open(path, "resolver", name, sizeof name);
	struct cf_hit hit;
	size_t len, sample_bytes;
	char *good;
	int fd;

	sample_fullest(&hit);
	hit.tls.sni.len = hit.http.uri.len = hit.http.user_agent.len = hit.match.value.len = 0;
	hit.tls.issuer.len = hit.http.host.len = 0;
	hit.asn_org = hit.relay = hit.match.reason = hit.match.product = hit.match.confidence =
	    NULL;
	hit.tls.alpn.len = hit.tls.ja4.len = 0;
	hit.policy.exception_owner = hit.match.serial = hit.http.method = NULL;
	hit.dns.cname_wire = NULL;
	hit.dns.edes = hit.dns.outcome = NULL;
	assert_true(cf_pack_hit(&hit, f->packed) <= CF_FOLD_SAMPLE_BYTES);
	assert_true(
	    cf_fold_journal_sample(journal, 0, (const struct cf_packed *)(const void *)f->packed));
	cf_fold_journal_note(journal, 0, 5, hit.at_wall_us);
	cf_fold_journal_flush(journal);
	assert_true(
	    cf_fold_journal_sample(journal, 1, (const struct cf_packed *)(const void *)f->packed));
	cf_fold_journal_note(journal, 1, 7, hit.at_wall_us);
	cf_fold_journal_flush(journal);
	good = scratch_read(name, &len);
	sample_bytes = ((const struct cf_packed *)(const void *)f->packed)->size_bytes;
	assert_true(len > sample_bytes);
	/* Every byte wrong in turn: whatever is still taken can be unpacked. */
	for (size_t i = 0; i < sample_bytes; i++) {
		uint8_t *sample = aligned_alloc(8, sample_bytes);

		memcpy(sample, good + len - sample_bytes, sample_bytes);
		sample[i] ^= i % 2 == 0 ? 0xff : 0x10;
		if (cf_packed_is_hit(sample, sample_bytes)) {
			char line[CF_RECORD_BYTES];

			cf_unpack_hit(sample, &hit);
			assert_true(cf_hit_format(&hit, "s", "monitor",
			                "01J93G0000000000000000000A", 1, 0, line, sizeof line) > 0);
		}
		free(sample);
	}
	for (size_t i = 0; i < sample_bytes; i += 3)
		assert_false(cf_packed_is_hit(good + len - sample_bytes, i));
	/* A head of another version, and one without its sample: the third is still found. */
	fd = open(name, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, 32), 1); /* the first byte of slot 1 */
	close(fd);
	cf_fold_journal_note(journal, 128, 9, hit.at_wall_us); /* in another page */
	cf_fold_journal_flush(journal);
	assert_int_equal(cf_fold_journal_recover(journal, note, f), 5);
	assert_int_equal(cf_fold_journal_recover(journal, note, f), 0);
	free(good);
	cf_fold_journal_close(journal);
	scratch_remove(folder);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_differs_is_not_folded, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        full_table_writes_the_oldest_and_counts_stay_exact, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        series_that_goes_on_gives_one_line_a_window, setup, teardown),
	    cmocka_unit_test_setup_teardown(amounts_of_flows_add_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        oversized_sample_loses_long_texts_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(journal_gives_back_open_windows_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        deferred_repeats_are_expanded_once_a_window, setup, teardown),
	    cmocka_unit_test_setup_teardown(damaged_journal_is_left_out, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
