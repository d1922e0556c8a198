/* The hash chain. */

#include "records/files/chain.h"

#include <string.h>

/* What stands between digest and signature, and behind the last of them. */
#define SIGNATURE "\",\"seal_sig\":\""
#define ENDING    "\"}}"

static void begin_segment(struct cf_chain *chain)
{
	uint8_t unused[CF_SHA256_BYTES];

	cf_sha256_final(chain->sha, unused); /* starts over */
	chain->lines = 0;
}

enum cf_status cf_chain_init(struct cf_chain *chain)
{
	*chain = (struct cf_chain){.sha = cf_sha256_new()};
	if (chain->sha == NULL)
		return CF_ENOMEM;
	memset(chain->prev, '0', CF_SHA256_TEXT_BYTES - 1);
	begin_segment(chain);
	return CF_OK;
}

void cf_chain_done(struct cf_chain *chain)
{
	cf_sha256_free(chain->sha);
	chain->sha = NULL;
}

void cf_chain_resume(struct cf_chain *chain, uint64_t seq, const char *sha256_text)
{
	chain->seq = seq;
	memcpy(chain->prev, sha256_text, CF_SHA256_TEXT_BYTES - 1);
	begin_segment(chain);
}

void cf_chain_line(struct cf_chain *chain, const char *line, size_t len)
{
	cf_sha256_update(chain->sha, line, len);
	chain->lines++;
}

bool cf_chain_digest(const struct cf_chain *chain, const char *line, size_t len,
    char sha256_out[CF_SHA256_TEXT_BYTES])
{
	uint8_t digest[CF_SHA256_BYTES];
	struct cf_sha256 *copy = cf_sha256_copy(chain->sha);

	if (copy == NULL)
		return false;
	cf_sha256_update(copy, line, len);
	cf_sha256_final(copy, digest);
	cf_sha256_free(copy);
	cf_sha256_format(digest, sha256_out);
	return true;
}

bool cf_chain_seal(const struct cf_chain *chain, struct cf_json *json,
    const struct cf_sensor_key *key, struct cf_seal_text *seal)
{
	CF_JSON_LITERAL(json, ",\"chain\":{\"run\":\"");
	cf_json_raw(json, chain->run, strlen(chain->run));
	CF_JSON_LITERAL(json, "\",\"run_seq\":");
	cf_json_number(json, chain->run_seq + 1);
	CF_JSON_LITERAL(json, ",\"seq\":");
	cf_json_number(json, chain->seq + 1);
	CF_JSON_LITERAL(json, ",\"lines\":");
	cf_json_number(json, chain->lines);
	CF_JSON_LITERAL(json, ",\"prev\":\"");
	cf_json_raw(json, chain->prev, strlen(chain->prev));
	seal->seq = chain->seq + 1;
	seal->key[0] = seal->sig[0] = '\0';
	if (key != NULL) {
		memcpy(seal->key, cf_sensor_key_id(key), sizeof seal->key);
		CF_JSON_LITERAL(json, "\",\"key\":\"");
		cf_json_raw(json, seal->key, sizeof seal->key - 1);
	}
	CF_JSON_LITERAL(json, "\",\"sha256\":\"");
	if (json->failed ||
	    !cf_chain_digest(chain, json->start, (size_t)(json->at - json->start), seal->sha256) ||
	    (key != NULL && !cf_sensor_key_seal(key, seal)))
		return false;
	cf_json_raw(json, seal->sha256, sizeof seal->sha256 - 1);
	if (key != NULL) {
		CF_JSON_LITERAL(json, SIGNATURE);
		cf_json_raw(json, seal->sig, sizeof seal->sig - 1);
	}
	CF_JSON_LITERAL(json, ENDING "\n");
	return !json->failed;
}

void cf_chain_sealed(struct cf_chain *chain, const char *sha256_text)
{
	chain->run_seq++;
	cf_chain_resume(chain, chain->seq + 1, sha256_text);
}

/* The bytes of a member that stand in the line itself, at this place. */
static bool lies_at(struct cf_text text, const char *place, size_t len)
{
	return text.data == place && text.len == len;
}

bool cf_chain_ends(const char *line, size_t len, const struct cf_seal *seal)
{
	const size_t digest = CF_SHA256_TEXT_BYTES - 1, sig = CF_SEAL_SIG_BYTES - 1;
	const size_t ending = sizeof ENDING - 1, between = sizeof SIGNATURE - 1;
	const char *end = line + len;

	if (len < digest + ending || memcmp(end - ending, ENDING, ending) != 0)
		return false;
	if (seal->key.len == 0 && seal->sig.len == 0)
		return lies_at(seal->sha256, end - ending - digest, digest);
	end -= ending + sig;
	return len > digest + between + sig + ending && seal->key.len == CF_KEY_ID_TEXT_BYTES - 1 &&
	    lies_at(seal->sig, end, sig) && memcmp(end - between, SIGNATURE, between) == 0 &&
	    lies_at(seal->sha256, end - between - digest, digest);
}

/* A text without zero bytes, terminated. */
static bool copy(struct cf_text from, char *to, size_t size)
{
	if (from.len >= size || (from.len > 0 && memchr(from.data, '\0', from.len) != NULL))
		return false;
	if (from.len > 0)
		memcpy(to, from.data, from.len);
	to[from.len] = '\0';
	return true;
}

bool cf_chain_seal_text(const struct cf_record *record, struct cf_seal_text *seal_out)
{
	const struct cf_seal *seal = &record->seal;

	seal_out->seq = seal->seq;
	seal_out->at_wall_us = record->at_wall_us;
	return copy(record->sensor, seal_out->sensor, sizeof seal_out->sensor) &&
	    copy(record->source, seal_out->source, sizeof seal_out->source) &&
	    copy(record->timestamp, seal_out->at, sizeof seal_out->at) &&
	    copy(seal->sha256, seal_out->sha256, sizeof seal_out->sha256) &&
	    copy(seal->key, seal_out->key, sizeof seal_out->key) &&
	    copy(seal->sig, seal_out->sig, sizeof seal_out->sig);
}
