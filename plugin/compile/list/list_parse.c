/* Other people's lists: which format, which lines, which names. */

#include "compile/list/list_parse.h"

#include "base/addr.h"
#include "compile/list/list_line.h"
#include "compile/pack/idn.h"
#include "compile/pack/spoken_name.h"

/* Lines looked at to tell the format; a header of comments is not among them. */
#define DETECT_LINES 400

static const char *const formats[CF_LIST_FORMATS] = {
    "auto", "hosts", "plain", "dnsmasq", "adblock", "rpz", "v2fly"};

const char *cf_list_format_text(enum cf_list_format format)
{
	return (unsigned)format < CF_LIST_FORMATS ? formats[format] : "?";
}

bool cf_list_format_parse(const char *text, enum cf_list_format *format_out)
{
	for (unsigned i = 0; i < CF_LIST_FORMATS; i++) {
		if (strcmp(formats[i], text) != 0)
			continue;
		*format_out = (enum cf_list_format)i;
		return true;
	}
	return false;
}

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

/* The next line of *text, stepping over its end. */
static struct cf_line_text take_line(struct cf_line_text *text)
{
	struct cf_line_text line = cf_text_until(*text, '\n');

	*text = cf_text_after(*text, line.len + (line.len < text->len));
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct cf_line_text without_bom(const char *text, size_t len)
{
	struct cf_line_text all = {text, len};

	return cf_text_begins(all, "\xef\xbb\xbf") ? cf_text_after(all, 3) : all;
}

static enum cf_list_format guess_line(struct cf_line_text line)
{
	static const char *const dnsmasq[] = {
	    "address=/", "server=/", "local=/", "ipset=/", "nftset=/"};
	static const char *const v2fly[] = {"full:", "domain:", "include:", "regexp:", "keyword:"};
	struct cf_line_text rest = line, first;

	if (cf_text_begins(line, "||") || cf_text_begins(line, "@@") ||
	    cf_text_begins(line, "[Adblock"))
		return CF_LIST_ADBLOCK;
	if (cf_text_begins(line, "$TTL") || cf_text_begins(line, "$ORIGIN"))
		return CF_LIST_RPZ;
	for (size_t i = 0; i < sizeof dnsmasq / sizeof dnsmasq[0]; i++)
		if (cf_text_begins(line, dnsmasq[i]))
			return CF_LIST_DNSMASQ;
	for (size_t i = 0; i < sizeof v2fly / sizeof v2fly[0]; i++)
		if (cf_text_begins(line, v2fly[i]))
			return CF_LIST_V2FLY;
	first = cf_text_word(&rest);
	if (cf_text_word(&rest).len == 0)
		return CF_LIST_PLAIN;
	if (cf_text_is_addr(first, NULL) || cf_text_is(first, "0"))
		return CF_LIST_HOSTS;
	rest = line;
	for (first = cf_text_word(&rest); first.len > 0; first = cf_text_word(&rest))
		if (cf_text_is(first, "CNAME") || cf_text_is(first, "SOA") ||
		    cf_text_is(first, "cname"))
			return CF_LIST_RPZ;
	return CF_LIST_PLAIN;
}

enum cf_list_format cf_list_detect(const char *text, size_t len)
{
	struct cf_line_text rest = without_bom(text, len);
	unsigned votes[CF_LIST_FORMATS] = {0};
	enum cf_list_format best = CF_LIST_PLAIN;

	for (unsigned seen = 0; rest.len > 0 && seen < DETECT_LINES;) {
		struct cf_line_text line = cf_text_trim(take_line(&rest));

		if (line.len == 0 || line.at[0] == '#' || line.at[0] == '!' || line.at[0] == ';')
			continue;
		votes[guess_line(line)]++;
		seen++;
	}
	/* A plain line says little: v2fly lists and adblock lists hold some. */
	for (unsigned i = CF_LIST_HOSTS; i < CF_LIST_FORMATS; i++)
		if (i != CF_LIST_PLAIN && votes[i] > 0 &&
		    (best == CF_LIST_PLAIN || votes[i] > votes[best]))
			best = (enum cf_list_format)i;
	if (best != CF_LIST_PLAIN && best != CF_LIST_V2FLY && best != CF_LIST_RPZ &&
	    votes[best] < votes[CF_LIST_PLAIN] / 10)
		best = CF_LIST_PLAIN;
	return best;
}

typedef void line_reader(struct cf_list_reader *reader, struct cf_line_text line);

static void read_lines(struct cf_list_reader *reader, struct cf_line_text rest)
{
	static line_reader *const readers[CF_LIST_FORMATS] = {
	    [CF_LIST_HOSTS] = cf_list_line_hosts,
	    [CF_LIST_PLAIN] = cf_list_line_plain,
	    [CF_LIST_DNSMASQ] = cf_list_line_dnsmasq,
	    [CF_LIST_ADBLOCK] = cf_list_line_adblock,
	    [CF_LIST_V2FLY] = cf_list_line_v2fly,
	};
	line_reader *read_line = readers[reader->options->format];

	while (rest.len > 0 && !reader->stopped) {
		reader->line = take_line(&rest);
		reader->line_number++;
		read_line(reader, cf_text_trim(reader->line));
	}
}

enum cf_status cf_list_parse(const char *text, size_t len, const struct cf_list_options *options,
    const struct cf_list_sink *sink, struct cf_list_counts *counts_out)
{
	struct cf_list_options own = *options;
	struct cf_list_reader reader = {.options = &own, .sink = sink};
	struct cf_line_text all = without_bom(text, len);

	if (own.format == CF_LIST_AUTO)
		own.format = cf_list_detect(text, len);
	if (!own.allow_public_suffix)
		reader.psl = psl_builtin();
	if (own.format == CF_LIST_RPZ)
		cf_list_read_rpz(&reader, all.at, all.len);
	else
		read_lines(&reader, all);
	*counts_out = (struct cf_list_counts){.lines = reader.line_number,
	    .accepted = reader.accepted,
	    .rejected = reader.rejected,
	    .format = own.format};
	return reader.stopped ? CF_EAGAIN : CF_OK;
}
