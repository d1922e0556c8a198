/* Matching the pack's wire signatures against slices of packets. */

#include "monitor/evidence/signature.h"

#include <string.h>

/* Characters of an encrypted User-Agent behind its first byte; shorter ones are ordinary words. */
#define BASE64_RUN 16

static const char *const kind_words[CF_SIG_KINDS] = {
    [CF_SIG_HTTP_URI] = "http-uri",
    [CF_SIG_HTTP_USER_AGENT] = "http-user-agent",
    [CF_SIG_HTTP_HOST_LITERAL] = "http-host-literal",
    [CF_SIG_BODY_MAGIC] = "body-magic",
    [CF_SIG_TLS_ISSUER] = "tls-issuer",
    [CF_SIG_TLS_JA4] = "tls-ja4",
};

static const char *const match_words[] = {
    "exact", "prefix", "suffix", "contains", "glob", "lead-base64"};

static bool is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
}

/* The first byte is one of lead's, all others are base64, and there are enough of them. */
static bool match_lead_base64(const char *lead, struct cf_slice text)
{
	if (text.len < 1 + BASE64_RUN || text.data[0] == 0 || strchr(lead, text.data[0]) == NULL)
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (!is_base64(text.data[i]))
			return false;
	return true;
}

/* Linear in text for each `*`: on a mismatch the last star swallows one byte more. */
static bool match_glob(const char *glob, struct cf_slice text)
{
	const char *star = NULL;
	size_t at = 0, star_at = 0;

	while (at < text.len) {
		if (*glob == '*') {
			star = ++glob;
			star_at = at;
		} else if (*glob != '\0' && (uint8_t)*glob == text.data[at]) {
			glob++;
			at++;
		} else if (star != NULL) {
			glob = star;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

bool cf_signature_matches(const char *match, const char *value, struct cf_slice text)
{
	size_t len = strlen(value);

	if (strcmp(match, "lead-base64") == 0)
		return match_lead_base64(value, text);
	if (strcmp(match, "glob") == 0)
		return match_glob(value, text);
	if (len == 0 || text.len < len)
		return false;
	if (strcmp(match, "exact") == 0)
		return text.len == len && memcmp(text.data, value, len) == 0;
	if (strcmp(match, "prefix") == 0)
		return memcmp(text.data, value, len) == 0;
	if (strcmp(match, "suffix") == 0)
		return memcmp(text.data + text.len - len, value, len) == 0;
	if (strcmp(match, "contains") == 0)
		return memmem(text.data, text.len, value, len) != NULL;
	return false;
}

static bool known_match(const char *match)
{
	for (size_t i = 0; i < sizeof match_words / sizeof match_words[0]; i++)
		if (strcmp(match, match_words[i]) == 0)
			return true;
	return false;
}

void cf_signatures_init(struct cf_signatures *signatures, const struct cf_image *image)
{
	uint32_t total = cf_image_info(image)->signatures;

	*signatures = (struct cf_signatures){.image = image};
	for (uint32_t i = 0; i < total; i++) {
		struct cf_signature signature;
		unsigned kind = 0;

		cf_image_signature(image, i, &signature);
		while (kind < CF_SIG_KINDS && strcmp(signature.kind, kind_words[kind]) != 0)
			kind++;
		if (kind == CF_SIG_KINDS || !known_match(signature.match) ||
		    signatures->count[kind] == CF_SIGNATURES_OF_KIND) {
			signatures->ignored++;
			continue;
		}
		signatures->id[kind][signatures->count[kind]++] = i;
	}
}

uint32_t cf_signatures_match(
    const struct cf_signatures *signatures, enum cf_signature_kind kind, struct cf_slice text)
{
	if (text.data == NULL)
		return CF_NONE;
	if (kind == CF_SIG_HTTP_URI) {
		const uint8_t *query = memchr(text.data, '?', text.len);

		if (query != NULL)
			text.len = (size_t)(query - text.data);
	}
	for (unsigned i = 0; i < signatures->count[kind]; i++) {
		struct cf_signature signature;

		cf_image_signature(signatures->image, signatures->id[kind][i], &signature);
		if (cf_signature_matches(signature.match, signature.value, text))
			return signatures->id[kind][i];
	}
	return CF_NONE;
}
