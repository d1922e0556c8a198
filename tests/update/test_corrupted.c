/*
 * A hundred packs, each offered a hundred times with a corrupted signature or bundle: every one is
 * refused, and what is in use stays as it was, byte for byte. The corruptions are the same in every
 * run.
 */

#include "update/pack_update.h"

#include "base/file_writer.h"
#include "base/sha256.h"
#include "trust/bundle.h"
#include "trust/crate.h"
#include "trust/minisign_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PACKS   100
#define EACH    100
#define NOW     INT64_C(1795219200) /* 2026-11-21 */
#define CHANGES 8                   /* kinds of corruption */
#define PACK_YAML \
	"vendor: %s\ntitle: %s\nversion: \"%u\"\nmaintainer: m\ndescription: d\nlicence: " \
	"CC0-1.0\n"

/* One pack: its publisher's good files of serial 2, which is newer than the one in use. */
struct offer {
	char name[32], place[128];
	uint8_t *bundle;
	size_t bundle_len;
	char signature[CF_MINISIGN_SIGNATURE_TEXT_BYTES];
};

static char top[64];
static struct cf_minisign_secret secret;
static struct cf_keyring keyring;
static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

static void put(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* A pack of two names in FOLDER, and its bundle and signature at OFFER's place. */
static void publish(struct offer *offer, unsigned serial)
{
	static const char names[] =
	    "name\tscope\tcategory\tproduct\tsources\tconfidence\tas-of\tnote\n"
	    "a.example.org\tsubtree\tupdates\t-\ts\tlisted\t2026-11-21\t-\n"
	    "b.example.org\tsubtree\ttelemetry\t-\ts\tlisted\t2026-11-21\t-\n";
	static const char sources[] = "id\ttitle\tlicence\tas-of\ns\ta\tCC0-1.0\t2026-11-21\n";
	struct cf_statement statement = {.kind = CF_STATEMENT_PACK,
	    .serial = serial,
	    .made_wall_s = NOW - 60,
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = NOW + 86400};
	char folder[96], path[160], text[512], comment[CF_STATEMENT_TEXT_BYTES];
	struct cf_error error;

	(void)snprintf(folder, sizeof folder, "%s/source", top);
	assert_int_equal(mkdir(folder, 0755), 0);
	(void)snprintf(path, sizeof path, "%s/pack.yaml", folder);
	(void)snprintf(text, sizeof text, PACK_YAML, offer->name, offer->name, serial);
	put(path, text, strlen(text));
	(void)snprintf(path, sizeof path, "%s/names.tsv", folder);
	put(path, names, sizeof names - 1);
	(void)snprintf(path, sizeof path, "%s/sources.tsv", folder);
	put(path, sources, sizeof sources - 1);
	free(offer->bundle);
	assert_int_equal(cf_bundle_make(folder, &offer->bundle, &offer->bundle_len, &error), CF_OK);
	(void)snprintf(statement.name, sizeof statement.name, "%s", offer->name);
	assert_int_equal(cf_sha256(offer->bundle, offer->bundle_len, statement.sha256), CF_OK);
	cf_statement_format(&statement, comment);
	assert_int_equal(cf_minisign_sign(&secret, offer->bundle, offer->bundle_len, comment,
	                     offer->signature, &error),
	    CF_OK);
	assert_int_equal(cf_crate_remove(folder), CF_OK);
}

static void lay_out(const struct offer *offer, const void *bundle, size_t bundle_len,
    const void *signature, size_t signature_len)
{
	char path[160];

	put(offer->place, bundle, bundle_len);
	(void)snprintf(path, sizeof path, "%s.minisig", offer->place);
	put(path, signature, signature_len);
}

/* What an update comes to; it is installed when it may be. */
static bool is_taken(const struct offer *offer)
{
	char folder[96];
	const char *place = offer->place;
	const struct cf_update_options options = {.name = offer->name,
	    .places = &place,
	    .place_count = 1,
	    .keyring = &keyring,
	    .folder = folder,
	    .most_shrink_percent = 100,
	    .now_wall_s = NOW};
	struct cf_update update;
	struct cf_diags diags;
	struct cf_error error;
	bool taken;

	(void)snprintf(folder, sizeof folder, "%s/fetched", top);
	cf_diags_init(&diags);
	taken = cf_update_prepare(&options, &update, &diags, &error) == CF_OK &&
	    update.fresh == CF_FRESH_NEW && cf_update_install(&update, &error) == CF_OK;
	cf_update_done(&update);
	cf_diags_done(&diags);
	return taken;
}

/* A copy of data, corrupted in one of CHANGES ways; never the same bytes. */
static uint8_t *corrupt(const void *data, size_t len, size_t *len_out)
{
	uint8_t *copy = malloc(len + 64);
	size_t at = next_random() % len, more = 1 + next_random() % 32;

	assert_non_null(copy);
	memcpy(copy, data, len);
	*len_out = len;
	switch (next_random() % CHANGES) {
	case 0: /* a bit */
		copy[at] ^= (uint8_t)(1U << next_random() % 8);
		break;
	case 1: /* a byte */
		copy[at] = (uint8_t)(copy[at] + 1 + next_random() % 255);
		break;
	case 2: /* cut */
		*len_out = at;
		break;
	case 3: /* bytes taken out */
		more = more < len - at ? more : len - at;
		memmove(copy + at, copy + at + more, len - at - more);
		*len_out = len - more;
		break;
	case 4: /* bytes put in */
		memmove(copy + at + more, copy + at, len - at);
		for (size_t i = 0; i < more; i++)
			copy[at + i] = (uint8_t)next_random();
		*len_out = len + more;
		break;
	case 5: /* zeros from there on */
		memset(copy + at, 0, len - at);
		break;
	case 6: /* two halves changed places */
		memcpy(copy, (const uint8_t *)data + at, len - at);
		memcpy(copy + len - at, data, at);
		break;
	default: /* noise throughout */
		for (size_t i = 0; i < len; i += 1 + next_random() % 64)
			copy[i] ^= (uint8_t)(1 + next_random() % 255);
		break;
	}
	return copy;
}

/* Whether a corrupted signature still says and signs the same: its first line signs nothing, and
 * what stands behind the fourth is not looked at. */
static bool means_the_same(const char *good, const uint8_t *bad, size_t len)
{
	struct cf_minisign_signature a, b;
	struct cf_error error;

	if (cf_minisign_signature_parse(good, strlen(good), &a, &error) != CF_OK ||
	    cf_minisign_signature_parse((const char *)bad, len, &b, &error) != CF_OK)
		return false;
	return a.prehashed == b.prehashed && memcmp(a.id, b.id, sizeof a.id) == 0 &&
	    memcmp(a.signature, b.signature, sizeof a.signature) == 0 &&
	    memcmp(a.comment_signature, b.comment_signature, sizeof a.comment_signature) == 0 &&
	    strcmp(a.comment, b.comment) == 0;
}

/* Digest of what lies below the folder of fetched packs and counts for readers: names and bytes. */
struct looking {
	struct cf_sha256 *sha;
	const char *folder;
};

static enum cf_status add_file(struct looking *look, const char *path)
{
	char full[256], piece[65536];
	FILE *file;
	size_t got;

	(void)snprintf(full, sizeof full, "%s/%s", look->folder, path);
	file = fopen(full, "re");
	assert_non_null(file);
	cf_sha256_update(look->sha, path, strlen(path) + 1);
	while ((got = fread(piece, 1, sizeof piece, file)) > 0)
		cf_sha256_update(look->sha, piece, got);
	(void)fclose(file);
	return CF_OK;
}

static void look_at(const struct offer *offer, uint8_t digest[CF_SHA256_BYTES])
{
	static const char *const files[] = {"pack.yaml", "names.tsv", "sources.tsv"};
	char folder[96], path[96], link[160], to[96];
	struct looking look = {.sha = cf_sha256_new(), .folder = folder};
	ssize_t len;

	assert_non_null(look.sha);
	(void)snprintf(folder, sizeof folder, "%s/fetched", top);
	(void)snprintf(link, sizeof link, "%s/%s", folder, offer->name);
	len = readlink(link, to, sizeof to);
	assert_true(len > 0);
	cf_sha256_update(look.sha, to, (size_t)len);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", offer->name, files[i]);
		(void)add_file(&look, path);
	}
	(void)add_file(&look, ".packs/serials.tsv");
	cf_sha256_final(look.sha, digest);
	cf_sha256_free(look.sha);
}

/* Offers the pack once, corrupted; 1 when it was refused, 0 when nothing of it was changed that
 * counts. */
static unsigned offer_corrupted(const struct offer *offer, bool is_signature)
{
	size_t len, signature_len = strlen(offer->signature);
	uint8_t *bad = is_signature ? corrupt(offer->signature, signature_len, &len)
	                            : corrupt(offer->bundle, offer->bundle_len, &len);
	bool is_same = is_signature
	    ? means_the_same(offer->signature, bad, len)
	    : len == offer->bundle_len && memcmp(bad, offer->bundle, len) == 0;

	if (!is_same) {
		if (is_signature)
			lay_out(offer, offer->bundle, offer->bundle_len, bad, len);
		else
			lay_out(offer, bad, len, offer->signature, signature_len);
		assert_false(is_taken(offer));
	}
	free(bad);
	return !is_same;
}

static void corrupted_ones_are_refused_and_change_nothing(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (unsigned i = 0; i < PACKS; i++) {
		uint8_t before[CF_SHA256_BYTES], after[CF_SHA256_BYTES];
		struct offer offer = {.bundle = NULL};

		(void)snprintf(offer.name, sizeof offer.name, "vendor-%u", i);
		(void)snprintf(offer.place, sizeof offer.place, "%s/offered", top);
		publish(&offer, 1);
		lay_out(&offer, offer.bundle, offer.bundle_len, offer.signature,
		    strlen(offer.signature));
		assert_true(is_taken(&offer));
		look_at(&offer, before);
		publish(&offer, 2);
		/* Those that happened to change nothing are made up for. */
		for (unsigned done = 0; done < EACH;) {
			unsigned one = offer_corrupted(&offer, next_random() % 2 == 0);

			done += one;
			refused += one;
		}
		look_at(&offer, after);
		assert_memory_equal(before, after, sizeof before);
		/* The good one is taken: it was the corruption that was refused. */
		lay_out(&offer, offer.bundle, offer.bundle_len, offer.signature,
		    strlen(offer.signature));
		assert_true(is_taken(&offer));
		free(offer.bundle);
	}
	assert_int_equal(refused, PACKS * EACH);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/curfew-corrupted-XXXXXX");
	if (mkdtemp(top) == NULL || cf_minisign_secret_new(&secret) != CF_OK)
		return -1;
	keyring = (struct cf_keyring){.count = 1};
	keyring.keys[0] = (struct cf_trusted_key){
	    .key = secret.key, .from_wall_s = INT64_MIN, .until_wall_s = INT64_MAX};
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	cf_minisign_secret_done(&secret);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", top);
	return system(command); /* names that begin with a dot are in it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(corrupted_ones_are_refused_and_change_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
