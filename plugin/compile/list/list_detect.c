/* Other people's lists: which format, which lines, which names. */

#include "compile/list/list_parse.h"

#include "base/addr.h"
#include "compile/list/list_line.h"
#include "compile/pack/idn.h"
#include "compile/pack/spoken_name.h"

/* Lines looked at to tell the format; a header of comments is not among them. */
#define DETECT_LINES 400

const char *cf_list_format_text(enum cf_list_format format)
{
	return (unsigned)format < CF_LIST_FORMATS ? cf_list_forms[format].word : "?";
}

bool cf_list_format_parse(const char *text, enum cf_list_format *format_out)
{
	for (unsigned i = 0; i < CF_LIST_FORMATS; i++) {
		if (strcmp(cf_list_forms[i].word, text) != 0)
			continue;
		*format_out = (enum cf_list_format)i;
		return true;
	}
	return false;
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
	struct cf_line_text rest = line, first;

	for (unsigned i = 0; i < CF_LIST_FORMATS; i++)
		for (const char *const *begin = cf_list_forms[i].begins; *begin != NULL; begin++)
			if (cf_text_begins(line, *begin))
				return (enum cf_list_format)i;
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

static void read_lines(struct cf_list_reader *reader, struct cf_line_text rest)
{
	cf_list_line_reader *read_line = cf_list_forms[reader->options->format].read;

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
	if (cf_list_forms[own.format].read == NULL)
		cf_list_read_rpz(&reader, all.at, all.len);
	else
		read_lines(&reader, all);
	*counts_out = (struct cf_list_counts){.lines = reader.line_number,
	    .accepted = reader.accepted,
	    .rejected = reader.rejected,
	    .format = own.format};
	return reader.stopped ? CF_EAGAIN : CF_OK;
}
