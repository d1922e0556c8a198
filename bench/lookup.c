/*
 * What an image costs: building, writing and opening it, its size, and a look-up of clean and
 * listed names and addresses, at several sizes, beside what one cache miss costs on this machine in
 * this run.
 *
 *   lookup [COUNT...]      (default 200 10000 1000000)
 *
 * Names are made up but shaped like those of real lists and queries: a few top-level domains, words
 * with numbers, two to four labels. Each question is asked once, so that no cache has seen it.
 * Seconds are of processor time but for the one marked wall; B/name leaves out the bytes of the
 * names.
 */

#include "compile/image/image_writer.h"
#include "image/format.h"
#include "image/image.h"
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define QUESTIONS 400000U

/* Questions parsed ahead of the clock, as a server has just parsed its query: in the cache. */
#define BATCH 256U

/* Processor time of this thread, so that other work on the machine counts as little as it can. */
static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15U;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
	x = (x ^ x >> 27) * 0x94d049bb133111ebU;
	return x ^ x >> 31;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "lookup: %s: %s\n", what, why);
	exit(4);
}

/* The name of number i in family: 0 listed, 1 clean. Unique by its number in base 36. */
static void make_text(uint64_t i, unsigned family, char text[128])
{
	static const char *const tlds[] = {
	    "com", "com", "com", "com", "net", "org", "de", "io", "ru", "co.uk", "info", "xyz"};
	static const char *const words[] = {"ads", "track", "cdn", "pixel", "stat", "click",
	    "metric", "media", "img", "api", "shop", "news", "data", "mail", "cloud", "game"};
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t h = mix(i * 2 + family);
	char id[16], *at = id + sizeof id - 1;
	uint64_t number = i * 2 + family;

	*at = '\0';
	do
		*--at = digits[number % 36];
	while ((number /= 36) > 0);
	if ((h >> 40 & 3) == 0)
		snprintf(text, 128, "%s-%s%s.%s", words[h & 15], words[h >> 4 & 15], at,
		    tlds[(h >> 8) % 12]);
	else
		snprintf(text, 128, "%s%s.%s-%s%s.%s", words[h >> 12 & 15], h >> 20 & 1 ? "" : "01",
		    words[h & 15], words[h >> 4 & 15], at, tlds[(h >> 8) % 12]);
}

static struct cf_name name_of(const char *text)
{
	struct cf_name name;

	if (cf_name_from_text(text, strlen(text), &name) != CF_OK)
		die("bad name", text);
	return name;
}

/*
 * One dependent read after the other, over bytes of memory in ordinary pages: no look-up that
 * misses the caches can be faster than one such step.
 */
static double chase_ns(size_t bytes)
{
	size_t lines = bytes / 64 < 2 ? 2 : bytes / 64, steps = 2000000;
	uint32_t *order = malloc(lines * sizeof *order);
	uint64_t *memory =
	    mmap(NULL, lines * 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at = 0;
	double start;

	if (order == NULL || memory == MAP_FAILED)
		die("no memory", "pointer chase");
	(void)madvise(memory, lines * 64, MADV_NOHUGEPAGE); /* what a mapped file gets */
	for (size_t i = 0; i < lines; i++)
		order[i] = (uint32_t)i;
	/* Sattolo: one cycle through all lines. */
	for (size_t i = lines - 1; i > 0; i--) {
		size_t k = mix(i) % i;
		uint32_t swap = order[i];

		order[i] = order[k];
		order[k] = swap;
	}
	for (size_t i = 0; i < lines; i++)
		memory[(size_t)order[i] * 8] = order[(i + 1) % lines];
	start = now_s();
	for (size_t i = 0; i < steps; i++)
		at = *(volatile uint64_t *)&memory[at * 8];
	start = now_s() - start;
	free(order);
	munmap(memory, lines * 64);
	return start / (double)steps * 1e9;
}

static struct cf_image_builder *build(size_t count, double *seconds_out)
{
	struct cf_image_builder *builder;
	struct cf_image_attr attr = {.category = CF_CATEGORY_UPDATES,
	    .list = "bench",
	    .source = "made up by bench/lookup",
	    .as_of = "2026-01-01",
	    .file = "names.tsv"};
	struct cf_phase phase = {.name = "on",
	    .from_wall_s = 1000,
	    .verdict = CF_VERDICT_BLOCK,
	    .categories = 1U << CF_CATEGORY_UPDATES};
	double spent = 0;

	if (cf_image_builder_new(&builder) != CF_OK ||
	    cf_image_builder_add_phase(builder, &phase) != CF_OK)
		die("no memory", "builder");
	for (size_t i = 0; i < count;) {
		static struct cf_name names[4096];
		size_t some = count - i < 4096 ? count - i : 4096;
		double start;
		char text[128];

		for (size_t k = 0; k < some; k++) {
			make_text(i + k, 0, text);
			names[k] = name_of(text);
		}
		start = now_s();
		for (size_t k = 0; k < some; k++)
			if (cf_image_builder_add_name(builder, &names[k], CF_SCOPE_SUBTREE, &attr,
			        (uint32_t)(i + k + 1)) != CF_OK)
				die("cannot add", "name");
		spent += now_s() - start;
		i += some;
	}
	for (uint32_t i = 0; i < 200; i++) {
		uint8_t bytes[4] = {(uint8_t)(77 + i % 7), (uint8_t)i, (uint8_t)(i * 8 & 0xfc), 0};
		struct cf_network network = {
		    .prefix = {.addr = cf_addr_v4(bytes), .bits = 22}, .until_wall_s = INT64_MAX};

		if (cf_image_builder_add_network(builder, &network) != CF_OK)
			die("cannot add", "network");
	}
	*seconds_out = spent;
	return builder;
}

/* Questions as wire names, one after the other. */
struct questions {
	uint8_t *wire;
	size_t used;
};

/* ns a decision over all questions; every answer must be the expected one. */
static double ask(const struct cf_image *image, const struct questions *questions, bool listed)
{
	struct cf_question question = {.qtype = 1, .at_wall_s = 2000};
	static struct cf_name names[BATCH];
	struct cf_decision decision;
	size_t blocked = 0, count = 0, at = 0;
	double spent = 0, start;

	while (at < questions->used) {
		size_t some = 0;

		for (; some < BATCH && at < questions->used; some++) {
			if (cf_name_from_wire(
			        questions->wire + at, questions->used - at, &names[some]) != CF_OK)
				die("bad name", "question");
			at += names[some].wire_len;
		}
		start = now_s();
		for (size_t i = 0; i < some; i++) {
			cf_decide_name(image, &question, &names[i], &decision);
			blocked += decision.verdict == CF_VERDICT_BLOCK;
		}
		spent += now_s() - start;
		count += some;
	}
	if (blocked != (listed ? count : 0))
		die("wrong answers", listed ? "listed names" : "clean names");
	return spent / (double)count * 1e9;
}

static double ask_addresses(const struct cf_image *image)
{
	struct cf_question question = {.at_wall_s = 2000};
	struct cf_decision decision;
	size_t matched = 0;
	double start = now_s();

	for (uint32_t i = 0; i < QUESTIONS; i++) {
		uint64_t h = mix(i);
		uint8_t bytes[4] = {(uint8_t)(h % 200 + 100), (uint8_t)(h >> 8), (uint8_t)(h >> 16),
		    (uint8_t)(h >> 24)};
		struct cf_addr addr = cf_addr_v4(bytes);

		cf_decide_addr(image, &question, &addr, &decision);
		matched += decision.matched;
	}
	start = now_s() - start;
	if (matched != 0)
		die("wrong answers", "clean addresses");
	return start / QUESTIONS * 1e9;
}

/* Questions of one family; a third of the listed ones asked for a host below. */
static struct questions make_questions(size_t count, unsigned family)
{
	struct questions questions = {.wire = malloc((size_t)QUESTIONS * CF_NAME_WIRE_BYTES)};

	if (questions.wire == NULL)
		die("no memory", "questions");
	for (size_t i = 0; i < QUESTIONS; i++) {
		char text[128], below[140];
		struct cf_name name;

		make_text(family == 0 ? mix(i) % count : i, family, text);
		snprintf(below, sizeof below, "%s%s", mix(i) >> 60 > 9 ? "www." : "", text);
		name = name_of(below);
		memcpy(questions.wire + questions.used, name.wire, name.wire_len);
		questions.used += name.wire_len;
	}
	return questions;
}

static void measure(size_t count)
{
	const char *folder = getenv("TMPDIR");
	char path[512];
	double add_s, write_s, open_s, open_wall_s, clean_ns, listed_ns, addr_ns, floor_ns;
	struct cf_image_builder *builder = build(count, &add_s);
	struct questions clean = make_questions(count, 1), listed = make_questions(count, 0);
	struct cf_error error = {0};
	struct cf_image *image;
	uint64_t bytes;
	double start = now_s();
	size_t table_bytes = count / 6 * 64, names_bytes = 0;

	snprintf(path, sizeof path, "%s/lookup-%ld.img", folder == NULL ? "/tmp" : folder,
	    (long)getpid());
	if (cf_image_builder_write(builder, path, NULL, &error) != CF_OK)
		die("cannot write", error.text);
	write_s = now_s() - start;
	cf_image_builder_free(builder);
	start = now_s();
	open_wall_s = wall_s();
	if (cf_image_open(path, &image, &error) != CF_OK)
		die("cannot open", error.text);
	open_s = now_s() - start;
	open_wall_s = wall_s() - open_wall_s;
	unlink(path);
	bytes = cf_image_info(image)->file_bytes;
	for (size_t i = 0; i < count; i++) {
		char text[128];

		make_text(i, 0, text);
		names_bytes += strlen(text) + 2;
	}
	floor_ns = chase_ns(table_bytes);
	clean_ns = ask(image, &clean, false);
	listed_ns = ask(image, &listed, true);
	addr_ns = ask_addresses(image);
	printf("%10zu %8.3f %8.3f %8.3f %8.3f %9.1f %7.1f %8.0f %8.0f %8.0f %8.2f %7.1f\n", count,
	    add_s, write_s, open_s, open_wall_s, (double)bytes / 1e6,
	    ((double)bytes - (double)names_bytes) / (double)count, clean_ns, listed_ns, floor_ns,
	    clean_ns / floor_ns, addr_ns);
	cf_image_close(image);
	free(clean.wire);
	free(listed.wire);
}

int main(int argc, char **argv)
{
	static const size_t defaults[] = {200, 10000, 1000000};

	printf("%10s %8s %8s %8s %8s %9s %7s %8s %8s %8s %8s %7s\n", "names", "add s", "write s",
	    "open s", "(wall)", "MB", "B/name", "clean ns", "list. ns", "miss ns", "clean/m",
	    "addr ns");
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			measure(strtoul(argv[i], NULL, 10));
	else
		for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
			measure(defaults[i]);
	return 0;
}
