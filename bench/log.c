/*
 * What the hit log costs: packing and queueing by the producer, the writer with and without
 * folding, the size of a line, and reading back.
 *
 *   bench-log [-n HITS] [-c CLIENTS] [-d FOLDER] [-k]
 *
 * With -k the unfolded log (HITS / 4 lines) is left in FOLDER, for the ledger's figures.
 *
 * HITS (default 1,000,000) blocked queries come from CLIENTS (default 200) clients on 50 entries.
 * CPU time per hit is measured, not wall time, so that other work on the machine matters little.
 * Prints one JSON object.
 */
#include "sample_hit.h"

#include "records/anchor/sensor_key.h"
#include "records/form/pack.h"
#include "records/read/reader.h"
#include "records/write/log.h"
#include "records/write/queue.h"
#include "records/write/writer.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void fill(struct cf_hit *hit)
{
	const struct cf_addr client = {.family = CF_FAMILY_V4, .bytes = {10, 20, 30, 40}};

	*hit = bench_sample_hit(INT64_C(1727770443481207), client, 1);
}

static void vary(struct cf_hit *hit, unsigned long i, unsigned long clients)
{
	unsigned long client = i % clients;

	hit->at_wall_us++;
	hit->src.bytes[2] = (uint8_t)(client >> 8);
	hit->src.bytes[3] = (uint8_t)client;
	hit->src_port = (uint16_t)i;
	hit->key = 1 + i / clients % 50;
}

static void die(const char *what)
{
	perror(what);
	exit(4);
}

/* Packing alone, then packing and queueing with the queue emptied in between. */
static void measure_producer(unsigned long hits, unsigned long clients)
{
	struct cf_queue *queue;
	struct cf_hit hit;
	double start, spent = 0;
	unsigned long done = 0;
	const void *record;
	uint64_t bytes = 0;

	fill(&hit);
	if (cf_queue_new(CF_QUEUE_BYTES, &queue) != CF_OK)
		die("queue");
	while (done < hits) {
		start = cpu_ns();
		for (unsigned i = 0; i < 8192 && done < hits; i++, done++) {
			void *room = cf_queue_reserve(queue);
			uint32_t size;

			vary(&hit, done, clients);
			if (room == NULL)
				die("queue full");
			size = cf_pack_hit(&hit, room);
			cf_queue_commit(queue, size);
			bytes += size;
		}
		spent += cpu_ns() - start;
		while (cf_queue_peek(queue, &record, 1) == 1)
			cf_queue_pop(queue, 1);
	}
	cf_queue_free(queue);
	printf("  \"producer_ns_per_hit\": %.1f,\n  \"packed_bytes_per_hit\": %.1f,\n",
	    spent / (double)hits, (double)bytes / (double)hits);
}

/* The writer by itself, without a queue. */
static void measure_writer(
    const char *name, const char *path, unsigned fold_s, unsigned long hits, unsigned long clients)
{
	const struct cf_log_options options = {
	    .path = path, .sensor = "edge-01", .source = "resolver", .fold_s = fold_s};
	static struct cf_writer writer;
	_Alignas(8) static uint8_t packed[CF_FOLD_EXPECTED][CF_RECORD_PACKED_BYTES];
	const struct cf_packed *records[CF_FOLD_EXPECTED];
	int64_t now = INT64_C(1727770443000000);
	struct cf_hit hit;
	unsigned count;

	fill(&hit);
	(void)unlink(path); /* may not be there */
	if (cf_writer_init(&writer, &options, NULL) != CF_OK)
		die("writer");
	cf_writer_start(&writer, now, now);
	for (unsigned long done = 0; done < hits;) {
		/* 20 ms at 300,000 hits/s. */
		for (unsigned i = 0; i < 6000 && done < hits; i += count, done += count) {
			count = hits - done < CF_FOLD_EXPECTED ? (unsigned)(hits - done)
			                                       : CF_FOLD_EXPECTED;
			for (unsigned k = 0; k < count; k++) {
				vary(&hit, done + k, clients);
				(void)cf_pack_hit(&hit, packed[k]); /* its size is in its head */
				records[k] = (const struct cf_packed *)(const void *)packed[k];
			}
			cf_writer_take(&writer, records, count);
		}
		now += 20000;
		cf_writer_tick(&writer, now, now);
	}
	cf_writer_stop(&writer, now, now);
	printf("  \"%s_lines\": %llu,\n  \"%s_bytes_per_line\": %.1f,\n", name,
	    (unsigned long long)atomic_load(&writer.lines), name,
	    (double)atomic_load(&writer.bytes) / (double)atomic_load(&writer.lines));
	cf_writer_done(&writer);
}

static double packing_ns(unsigned long hits, unsigned long clients)
{
	_Alignas(8) static uint8_t packed[CF_RECORD_PACKED_BYTES];
	struct cf_hit hit;
	double start = cpu_ns();

	fill(&hit);
	for (unsigned long i = 0; i < hits; i++) {
		vary(&hit, i, clients);
		(void)cf_pack_hit(&hit, packed); /* its size stands in its head */
		__asm__ volatile("" : : "r"(packed) : "memory");
	}
	return cpu_ns() - start;
}

static void timed_writer(
    const char *name, const char *path, unsigned fold_s, unsigned long hits, unsigned long clients)
{
	double packing = packing_ns(hits, clients), start = cpu_ns(), each;

	measure_writer(name, path, fold_s, hits, clients);
	each = (cpu_ns() - start - packing) / (double)hits;
	printf("  \"%s_ns_per_hit\": %.1f,\n  \"%s_hits_per_s\": %.0f,\n", name, each, name,
	    1e9 / each);
}

/* A key of fixed bytes, as `curfew log key new` writes one. */
static struct cf_sensor_key *make_key(void)
{
	enum { HEAD = 54, ID = 8, HALF = 32, CHECK = 32 };
	uint8_t bytes[HEAD + ID + 2 * HALF + CHECK] = {'E', 'd', 0, 0, 'B', '2'};
	char text[320];
	size_t len = HALF;
	EVP_PKEY *pkey;
	struct cf_sensor_key *key = NULL;

	memset(bytes + HEAD, 7, ID + HALF);
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes + HEAD + ID, HALF);
	if (pkey == NULL || EVP_PKEY_get_raw_public_key(pkey, bytes + HEAD + ID + HALF, &len) != 1)
		die("key");
	EVP_PKEY_free(pkey);
	cf_base64_encode(bytes, sizeof bytes, text);
	if (cf_sensor_key_parse(text, strlen(text), &key, NULL) != CF_OK)
		die("key");
	return key;
}

/* What a minute's seal costs, with a key or without. */
static double seal_ns(const char *path, struct cf_sensor_key *key)
{
	const unsigned seals = 5000;
	const struct cf_log_options options = {
	    .path = path, .sensor = "edge-01", .source = "resolver", .key = key};
	static struct cf_writer writer;
	int64_t now = INT64_C(1727770443000000);
	double start;

	(void)unlink(path); /* may not be there */
	if (cf_writer_init(&writer, &options, NULL) != CF_OK)
		die("writer");
	cf_writer_start(&writer, now, now);
	start = cpu_ns();
	for (unsigned i = 0; i < seals; i++) {
		now += 60000000;
		cf_writer_tick(&writer, now, now);
	}
	start = cpu_ns() - start;
	cf_writer_stop(&writer, now, now);
	cf_writer_done(&writer);
	return start / seals;
}

/* One signature a minute, against a writer that is busy for all of it. */
static void measure_seals(const char *path)
{
	double plain = seal_ns(path, NULL), is_signed = seal_ns(path, make_key());

	printf("  \"seal_ns\": %.0f,\n  \"signed_seal_ns\": %.0f,\n"
	       "  \"signing_percent_of_a_busy_writer\": %.6f,\n",
	    plain, is_signed, (is_signed - plain) / 60e9 * 100);
}

static void measure_reader(const char *path)
{
	static struct cf_record record;
	struct cf_reader *reader;
	struct cf_line line;
	unsigned long records = 0;
	double start = cpu_ns(), spent;

	if (cf_reader_open(path, &reader, NULL) != CF_OK)
		die(path);
	while (cf_reader_next(reader, &record, &line) != CF_READ_END)
		records++;
	spent = cpu_ns() - start;
	cf_reader_close(reader);
	printf("  \"parse_ns_per_line\": %.1f,\n  \"parse_lines_per_s\": %.0f,\n",
	    spent / (double)records, (double)records / spent * 1e9);
}

int main(int argc, char **argv)
{
	unsigned long hits = 1000000, clients = 200;
	const char *folder = "/tmp";
	bool keep = false;
	char *path, *seals_path;
	int option;

	while ((option = getopt(argc, argv, "n:c:d:k")) != -1) {
		if (option == 'n')
			hits = strtoul(optarg, NULL, 10);
		else if (option == 'c')
			clients = strtoul(optarg, NULL, 10);
		else if (option == 'd')
			folder = optarg;
		else if (option == 'k')
			keep = true;
		else
			return 2;
	}
	if (hits == 0 || clients == 0 || clients > 65536 ||
	    asprintf(&path, "%s/bench-log.jsonl", folder) < 0 ||
	    asprintf(&seals_path, "%s/bench-seals", folder) < 0)
		return 2;
	puts("{");
	measure_producer(hits, clients);
	timed_writer("folded", path, 60, hits, clients);
	timed_writer("written", path, 0, hits / 4 + 1, clients);
	measure_reader(path);
	measure_seals(seals_path);
	printf("  \"hits\": %lu,\n  \"clients\": %lu\n}\n", hits, clients);
	(void)unlink(seals_path); /* of no use */
	free(seals_path);
	if (!keep)
		(void)unlink(path); /* a left-over in a scratch folder */
	free(path);
	return 0;
}
