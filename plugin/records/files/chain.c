/* The hash chain. */

#include "records/files/chain.h"

#include <string.h>

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

bool cf_chain_seal(
    const struct cf_chain *chain, struct cf_json *json, char sha256_out[CF_SHA256_TEXT_BYTES])
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
	CF_JSON_LITERAL(json, "\",\"sha256\":\"");
	if (json->failed ||
	    !cf_chain_digest(chain, json->start, (size_t)(json->at - json->start), sha256_out))
		return false;
	cf_json_raw(json, sha256_out, CF_SHA256_TEXT_BYTES - 1);
	CF_JSON_LITERAL(json, "\"}}\n");
	return !json->failed;
}

void cf_chain_sealed(struct cf_chain *chain, const char *sha256_text)
{
	chain->run_seq++;
	cf_chain_resume(chain, chain->seq + 1, sha256_text);
}
