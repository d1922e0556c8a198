/* Seals, witnesses, keys and their changes of strangers: read or refused, never believed by
 * accident. */

#include "promise.h"
#include "records/anchor/sensor_key.h"
#include "records/anchor/time_stamp.h"
#include "records/anchor/witness.h"
#include "records/files/chain.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A secret key's line in base64, terminator included. */
#define CF_FUZZ_SECRET_BYTES 213

/* Nobody has the secret half of this one. */
static const struct cf_public_key nobody = {.id = {1, 2, 3, 4, 5, 6, 7, 8}, .key = {1}};

static void pin_nobody(struct cf_public_keys *keys)
{
	char line[CF_PUBLIC_KEY_TEXT_BYTES];

	*keys = (struct cf_public_keys){.count = 0};
	cf_public_key_format(&nobody, line);
	must(cf_public_keys_pin(keys, line, strlen(line), NULL) == CF_OK && keys->count == 1);
}

static void read_seal(const char *text, size_t len)
{
	struct cf_seal_text seal, again;
	struct cf_public_keys keys;
	char written[CF_SEAL_TEXT_BYTES];
	bool found;

	if (!cf_seal_text_parse(text, len, &seal, &found))
		return;
	must(found);
	must(cf_seal_text_format(&seal, written) < sizeof written);
	must(memmem(text, len, written, strlen(written)) != NULL); /* one text for each seal */
	must(cf_seal_text_parse(written, strlen(written), &again, NULL));
	must(again.seq == seal.seq && again.at_wall_us == seal.at_wall_us &&
	    strcmp(again.sensor, seal.sensor) == 0 && strcmp(again.source, seal.source) == 0 &&
	    strcmp(again.sig, seal.sig) == 0);
	pin_nobody(&keys);
	must(cf_public_keys_check(&keys, &seal) != CF_SIGNATURE_GOOD);
}

static void read_change(const char *text, size_t len)
{
	struct cf_key_change change;
	struct cf_public_keys keys;
	char written[CF_KEY_CHANGE_TEXT_BYTES];

	if (!cf_key_change_parse(text, len, &change))
		return;
	must(cf_key_change_format(&change, written) == len && memcmp(written, text, len) == 0);
	pin_nobody(&keys);
	must(!cf_public_keys_follow(&keys, &change) && keys.count == 1);
}

static void read_keys(const char *text, size_t len)
{
	struct cf_public_keys keys = {.count = 0};
	struct cf_sensor_key *key = NULL;

	if (cf_public_keys_pin(&keys, text, len, NULL) == CF_OK)
		must(keys.count >= 1 && keys.at[0].is_pinned);
	if (cf_sensor_key_parse(text, len, &key, NULL) == CF_OK) {
		char sig[CF_SEAL_SIG_BYTES];

		must(cf_sensor_key_sign(key, text, len, sig));
		must(cf_public_key_verify(cf_sensor_key_public(key), text, len, sig));
	}
	cf_sensor_key_free(key);
}

/* What stands for a secret key in the corpus, which holds none: scanners would find it. */
#define PLACE "@SECRET@"

/* A secret key's line that is made here, of a seed that everybody knows. */
static size_t make_secret(char line[CF_FUZZ_SECRET_BYTES])
{
	uint8_t bytes[158] = "Ed\0\0B2", *seed = bytes + 62;
	size_t len = 32;
	EVP_PKEY *pkey;

	memset(seed, 7, 32);
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	must(pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, seed + 32, &len) == 1);
	EVP_PKEY_free(pkey);
	return (size_t)EVP_EncodeBlock((unsigned char *)line, bytes, sizeof bytes);
}

/* The same text with the key in its place. */
static void read_secret(const char *text, size_t len)
{
	const char *place = memmem(text, len, PLACE, sizeof PLACE - 1);
	char line[CF_FUZZ_SECRET_BYTES], whole[2048];
	size_t line_len, before, behind;

	if (place == NULL || len > sizeof whole - sizeof line)
		return;
	line_len = make_secret(line);
	before = (size_t)(place - text);
	behind = len - before - (sizeof PLACE - 1);
	memcpy(whole, text, before);
	memcpy(whole + before, line, line_len);
	memcpy(whole + before + line_len, place + sizeof PLACE - 1, behind);
	read_keys(whole, before + line_len + behind);
}

static void read_witness(const uint8_t *data, size_t len)
{
	struct cf_witness *witness = cf_witness_new();
	FILE *file = len == 0 ? NULL : fmemopen((void *)(uintptr_t)data, len, "r");
	uint64_t damaged;

	if (witness != NULL && file != NULL)
		(void)!cf_witness_read_stream(witness, file, "fuzz", INT64_MAX, &damaged, NULL);
	for (size_t i = 0; witness != NULL && i < cf_witness_count(witness); i++) {
		const struct cf_witnessed *seal = cf_witness_at(witness, i);

		must(seal->writer < cf_witness_writers(witness));
		must(cf_witness_find(witness, seal->writer, seal->seq) != NULL);
	}
	if (file != NULL)
		(void)fclose(file);
	cf_witness_free(witness);
}

/* A seal as a line of the log: its signature stands behind the digest and nowhere else. */
static void read_line(const char *text, size_t len)
{
	static struct cf_record record;
	struct cf_seal_text seal;

	if (cf_record_parse(text, len, &record) != CF_LINE_OK || record.seal.sha256.len == 0 ||
	    !cf_chain_ends(text, len, &record.seal))
		return;
	must(record.seal.sha256.data > text && record.seal.sha256.data < text + len);
	must((record.seal.key.len == 0) == (record.seal.sig.len == 0));
	if (record.seal.sig.len > 0)
		must(record.seal.sig.data + record.seal.sig.len + 3 == text + len);
	(void)cf_chain_seal_text(&record, &seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	int64_t at_wall_us;

	read_seal(text, len);
	read_change(text, len);
	read_keys(text, len);
	read_secret(text, len);
	read_witness(data, len);
	read_line(text, len);
	must(cf_stamp_verify(data, len, data, len, "/nowhere.pem", &at_wall_us, NULL) != CF_OK);
	return 0;
}
