/* Pieces of a line, and what becomes of them: a name for the sink, or a refusal. */

#include "compile/list/list_line.h"

#include "base/addr.h"
#include "compile/pack/idn.h"
#include "compile/pack/spoken_name.h"

struct cf_line_text cf_text_trim(struct cf_line_text text)
{
	while (text.len > 0 && cf_text_blank(text.at[0]))
		text = cf_text_after(text, 1);
	while (text.len > 0 && cf_text_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

struct cf_line_text cf_text_until(struct cf_line_text text, char stop)
{
	const char *at = text.len == 0 ? NULL : memchr(text.at, stop, text.len);

	if (at != NULL)
		text.len = (size_t)(at - text.at);
	return text;
}

struct cf_line_text cf_text_word(struct cf_line_text *text)
{
	struct cf_line_text word;

	while (text->len > 0 && cf_text_blank(text->at[0]))
		*text = cf_text_after(*text, 1);
	word = (struct cf_line_text){text->at, 0};
	while (text->len > 0 && !cf_text_blank(text->at[0])) {
		word.len++;
		*text = cf_text_after(*text, 1);
	}
	return word;
}

bool cf_text_is_addr(struct cf_line_text text, bool *is_sink_out)
{
	static const struct cf_addr zero;
	char copy[CF_ADDR_TEXT_BYTES];
	struct cf_addr addr;
	unsigned length;

	if (text.len == 0 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	if (cf_addr_parse(copy, &addr) != CF_OK)
		return false;
	length = cf_addr_length(&addr);
	if (is_sink_out != NULL)
		*is_sink_out = memcmp(addr.bytes, zero.bytes, length) == 0 ||
		    (addr.family == CF_FAMILY_V4 && addr.bytes[0] == 127) ||
		    (addr.family == CF_FAMILY_V6 && memcmp(addr.bytes, zero.bytes, 15) == 0 &&
		        addr.bytes[15] == 1);
	return true;
}

void cf_list_reject_part(
    struct cf_list_reader *reader, struct cf_line_text part, const char *reason)
{
	reader->rejected++;
	reader->sink->reject(reader->sink->context, reader->line_number, part.at, part.len, reason);
}

void cf_list_reject(struct cf_list_reader *reader, const char *reason)
{
	cf_list_reject_part(reader, reader->line, reason);
}

/* A name in UTF-8 to A-labels; false when it is none. */
static bool to_ascii(struct cf_line_text text, struct cf_name *name_out)
{
	char copy[CF_NAME_TEXT_BYTES];

	if (text.len >= sizeof copy || memchr(text.at, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return cf_idn_parse(copy, name_out, NULL) == CF_OK;
}

static bool all_ascii(struct cf_line_text text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] >= 0x80)
			return false;
	return true;
}

/* Host names and the odd underscore; lists hold URLs, regular expressions and worse. */
static bool looks_like_host(const struct cf_name *name)
{
	for (unsigned i = 0; i < name->label_count; i++) {
		const uint8_t *label = name->wire + name->label_at[i];

		for (unsigned c = 1; c <= label[0]; c++)
			if ((label[c] < 'a' || label[c] > 'z') &&
			    (label[c] < '0' || label[c] > '9') && label[c] != '-' &&
			    label[c] != '_')
				return false;
	}
	return true;
}

static bool is_public_suffix(const struct cf_list_reader *reader, const struct cf_name *name)
{
	char text[CF_NAME_TEXT_BYTES];

	/* The longest public suffixes have five labels. */
	if (reader->psl == NULL || name->label_count > 5)
		return false;
	return psl_is_public_suffix(reader->psl, cf_name_format(name, text)) != 0;
}

void cf_list_emit(struct cf_list_reader *reader, struct cf_line_text text, enum cf_scope scope)
{
	struct cf_line_text bare = text;
	struct cf_name name;

	if (reader->stopped)
		return;
	if (cf_text_begins(bare, "*.")) {
		bare = cf_text_after(bare, 2);
		scope = CF_SCOPE_BELOW;
	}
	if (cf_text_is_addr(bare, NULL)) {
		cf_list_reject_part(reader, text, "an address, not a name");
		return;
	}
	if (bare.len == 0 ||
	    (all_ascii(bare) ? cf_name_from_text(bare.at, bare.len, &name) != CF_OK
	                     : !to_ascii(bare, &name)) ||
	    name.label_count == 0 || !looks_like_host(&name)) {
		cf_list_reject_part(reader, text, "no host name");
		return;
	}
	if (cf_spoken_ends_in_number(&name)) {
		cf_list_reject_part(reader, text, "ends in a number: an address that is none");
		return;
	}
	if (is_public_suffix(reader, &name)) {
		cf_list_reject_part(
		    reader, text, "a public suffix: it would cover everybody below it");
		return;
	}
	reader->accepted++;
	if (!reader->sink->accept(reader->sink->context, &name, scope, reader->line_number))
		reader->stopped = true;
}
