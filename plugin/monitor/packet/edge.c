/* Three words. */

#include "monitor/packet/edge.h"

#include <string.h>

static const char *const verdicts[] = {[CF_EDGE_NONE] = "",
    [CF_EDGE_STOP] = "stop",
    [CF_EDGE_FLAG] = "flag",
    [CF_EDGE_ALLOW] = "allow",
    [CF_EDGE_LEAD] = "lead"};

static const char *const subjects[] = {[CF_EDGE_NETWORK] = "network",
    [CF_EDGE_DNS] = "dns",
    [CF_EDGE_DOT] = "dot",
    [CF_EDGE_DOH] = "doh",
    [CF_EDGE_FALLBACK] = "fallback"};

const char *cf_edge_subject_text(enum cf_edge_subject subject)
{
	return (unsigned)subject < CF_EDGE_SUBJECTS ? subjects[subject] : "?";
}

/* The number of the next word of text among words, and what is behind it; count: none of them. */
static unsigned take_word(const char **text, size_t *len, const char *const *words, unsigned count)
{
	const char *end = memchr(*text, ' ', *len);
	size_t word_len = end == NULL ? *len : (size_t)(end - *text);
	unsigned i = 0;

	while (
	    i < count && (strlen(words[i]) != word_len || memcmp(words[i], *text, word_len) != 0))
		i++;
	word_len += end != NULL;
	*text += word_len;
	*len -= word_len;
	return i;
}

struct cf_edge cf_edge_parse(const uint8_t *prefix, size_t len)
{
	static const char *const ours[] = {"curfew"};
	const unsigned verdict_count = sizeof verdicts / sizeof verdicts[0];
	const char *text = (const char *)prefix;
	unsigned verdict, subject;

	if (len > 0 && text[len - 1] == '\0')
		len--;
	if (len == 0 || take_word(&text, &len, ours, 1) != 0)
		return (struct cf_edge){.verdict = CF_EDGE_NONE};
	verdict = take_word(&text, &len, verdicts, verdict_count);
	subject = take_word(&text, &len, subjects, CF_EDGE_SUBJECTS);
	if (verdict == CF_EDGE_NONE || verdict == verdict_count || subject == CF_EDGE_SUBJECTS)
		return (struct cf_edge){.verdict = CF_EDGE_NONE};
	return (struct cf_edge){.verdict = (uint8_t)verdict, .subject = (uint8_t)subject};
}
