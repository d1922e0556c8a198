/*
 * From what people write to a name or an address, peeling off what is around it. One file:
 * everything that people write for a name goes through the same peeling, and differs only in what
 * may be left at the end.
 */

#include "compile/pack/spoken_name.h"

#include "base/diag.h"
#include "compile/pack/idn.h"

#include <stdio.h>
#include <string.h>

/* The text while it is being peeled; changed in place. */
struct peeling {
	char text[CF_SPOKEN_BYTES];
	const char *original;
	const char *form; /* the most telling one */
	enum cf_scope scope;
	struct cf_error *error;
};

static enum cf_status refuse(struct peeling *p, const char *why)
{
	char quoted[120];

	return cf_error_set(p->error, CF_EMALFORMED, "%s %s",
	    cf_quote(p->original, strlen(p->original), quoted, sizeof quoted), why);
}

static void drop_front(char *text, size_t count)
{
	memmove(text, text + count, strlen(text + count) + 1);
}

static void drop_last(char *text)
{
	text[strlen(text) - 1] = '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static void trim(char *text)
{
	size_t front = 0;

	while (is_blank(text[front]))
		front++;
	drop_front(text, front);
	while (text[0] != '\0' && is_blank(text[strlen(text) - 1]))
		drop_last(text);
}

/* True when the byte at i is written with a backslash before it. */
static bool is_escaped(const char *text, size_t i)
{
	size_t slashes = 0;

	while (i > slashes && text[i - slashes - 1] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* The first of set that is not escaped; the length when there is none. */
static size_t find_bare(const char *text, const char *set)
{
	size_t i = 0;

	while (text[i] != '\0' && (strchr(set, text[i]) == NULL || is_escaped(text, i)))
		i++;
	return i;
}

/* "x", 'x', <x> and `x` are x. */
static void unquote(struct peeling *p)
{
	static const char pairs[][2] = {{'"', '"'}, {'\'', '\''}, {'<', '>'}, {'`', '`'}};
	size_t len = strlen(p->text);

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (len >= 2 && p->text[0] == pairs[i][0] && p->text[len - 1] == pairs[i][1]) {
			drop_last(p->text);
			drop_front(p->text, 1);
			p->form = "in quotes";
			return;
		}
}

/* What analysts write so that nobody clicks on it. */
static void refang(struct peeling *p)
{
	static const struct {
		const char *from, *to;
	} spellings[] = {{"[.]", "."}, {"(.)", "."}, {"{.}", "."}, {"[dot]", "."}, {"(dot)", "."},
	    {"{dot}", "."}, {"[DOT]", "."}, {"[:]", ":"}, {"[://]", "://"}, {"[/]", "/"},
	    {"[@]", "@"}, {"[at]", "@"}, {"(at)", "@"}};

	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
		size_t from_len = strlen(spellings[i].from), to_len = strlen(spellings[i].to);
		char *at;

		while ((at = strstr(p->text, spellings[i].from)) != NULL) {
			memcpy(at, spellings[i].to, to_len);
			drop_front(at + to_len, from_len - to_len);
			p->form = "defanged";
		}
	}
}

/* "||x^" of ad blockers. */
static enum cf_status peel_rule(struct peeling *p)
{
	size_t len;

	if (strncmp(p->text, "@@", 2) == 0)
		return refuse(p,
		    "is an ad blocker's exception: exceptions stand in the policy, by "
		    "name");
	if (p->text[0] != '|')
		return CF_OK;
	p->form = "a rule of an ad blocker";
	if (strncmp(p->text, "||", 2) == 0)
		p->scope = CF_SCOPE_SUBTREE;
	drop_front(p->text, p->text[1] == '|' ? 2 : 1);
	len = find_bare(p->text, "^$|");
	if (p->text[len] == '\0')
		return CF_OK;
	if (strcmp(p->text + len, "^") != 0 && strcmp(p->text + len, "|") != 0 &&
	    strcmp(p->text + len, "^|") != 0)
		return refuse(p, "is an ad blocker's rule with a pattern or modifiers, no name");
	p->text[len] = '\0';
	return CF_OK;
}

/* Over "scheme://" or "//"; false when there is none. */
static bool peel_scheme(struct peeling *p)
{
	const char *mark = strstr(p->text, "//");
	size_t len;

	if (mark == NULL || (mark != p->text && mark[-1] != ':'))
		return false;
	len = (size_t)(mark - p->text);
	for (size_t i = 0; len > 0 && i < len - 1; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.*",
		        p->text[i]) == NULL)
			return false;
	/* hxxp and h**p are for the eye only. */
	p->form = strncmp(p->text, "hxxp", 4) == 0 || strncmp(p->text, "h**p", 4) == 0
	    ? "a defanged URL"
	    : "a URL";
	drop_front(p->text, len + 2);
	return true;
}

static bool is_network(const char *text)
{
	struct cf_prefix prefix;

	return strchr(text, '/') != NULL && cf_prefix_parse(text, &prefix) != CF_EMALFORMED;
}

/* The address in text, zone ids (RFC 4007 11) and a last dot left out; false when it is none. */
static bool take_addr(struct peeling *p, struct cf_addr *addr_out)
{
	char copy[CF_ADDR_TEXT_BYTES + 64];
	size_t len = strlen(p->text);
	bool dotted = len > 0 && p->text[len - 1] == '.';
	char *zone;

	if (len >= sizeof copy)
		return false;
	memcpy(copy, p->text, len + 1);
	if (dotted)
		copy[len - 1] = '\0';
	zone = strchr(copy, '%');
	if (zone != NULL && strchr(copy, ':') != NULL)
		*zone = '\0';
	if (cf_addr_parse(copy, addr_out) != CF_OK)
		return false;
	if (zone != NULL && p->form == NULL)
		p->form = "an address with a zone id";
	return true;
}

/* Over the port behind the last colon. */
static void peel_port(struct peeling *p)
{
	char *colon = strrchr(p->text, ':');

	if (colon == NULL || is_escaped(p->text, (size_t)(colon - p->text)) ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5)
		return;
	*colon = '\0';
	if (p->form == NULL)
		p->form = "a name with a port";
}

/* "[v6]" and "[v6]:port". */
static bool peel_brackets(struct peeling *p)
{
	char *end = p->text[0] == '[' ? strchr(p->text, ']') : NULL;

	if (end == NULL || (end[1] != '\0' && end[1] != ':'))
		return false;
	if (strspn(end[1] == ':' ? end + 2 : end + 1, "0123456789") !=
	    strlen(end[1] == ':' ? end + 2 : end + 1))
		return false;
	*end = '\0';
	drop_front(p->text, 1);
	if (p->form == NULL)
		p->form = "an address in brackets";
	return true;
}

/* Over user, path, query and fragment. */
static enum cf_status peel_authority(struct peeling *p, bool is_url)
{
	size_t end = find_bare(p->text, is_url ? "/?#\\" : "/");
	char *at;

	if (p->text[end] != '\0') {
		if (p->form == NULL)
			p->form = "a name with a path";
		p->text[end] = '\0';
	}
	/* Of several the last: what stands before it is user and password (RFC 3986 3.2.1). */
	at = strrchr(p->text, '@');
	if (at == NULL || is_escaped(p->text, (size_t)(at - p->text)))
		return CF_OK;
	drop_front(p->text, (size_t)(at - p->text) + 1);
	if (p->form == NULL)
		p->form = "a mail address";
	return CF_OK;
}

bool cf_spoken_ends_in_number(const struct cf_name *name)
{
	const uint8_t *label;
	unsigned from = 1;

	if (name->label_count == 0)
		return false;
	label = name->wire + name->label_at[name->label_count - 1];
	if (label[0] >= 2 && label[1] == '0' && label[2] == 'x')
		from = 3;
	for (unsigned i = from; i <= label[0]; i++)
		if ((label[i] < '0' || label[i] > '9') &&
		    (from == 1 || label[i] < 'a' || label[i] > 'f'))
			return false;
	return true;
}

static bool is_plain_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_';
}

bool cf_spoken_is_plain(const struct cf_name *name)
{
	for (unsigned i = 0; i < name->label_count; i++) {
		const uint8_t *label = name->wire + name->label_at[i];

		for (unsigned k = 1; k <= label[0]; k++)
			if (!is_plain_byte(label[k]))
				return false;
	}
	return true;
}

/* The first byte that would have to be escaped and is not; NUL when there is none. */
static char find_special(const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] == '\\' && text[i + 1] != '\0') {
			i++;
			continue;
		}
		if (!is_plain_byte((unsigned char)text[i]) && text[i] != '.' &&
		    (unsigned char)text[i] < 0x80)
			return text[i];
	}
	return '\0';
}

/* A semicolon or a colon in a name is mostly a slip; who means it writes a backslash. */
static enum cf_status refuse_special(struct peeling *p, char special, const struct cf_name *name)
{
	char quoted[120], text[CF_NAME_TEXT_BYTES];

	return cf_error_set(p->error, CF_EMALFORMED,
	    "%s holds '%c', which no host name has; if it is meant, write %s",
	    cf_quote(p->original, strlen(p->original), quoted, sizeof quoted), special,
	    cf_name_format_master(name, text));
}

/* What is left is to be a name, stars and dots in front apart. */
static enum cf_status take_name(struct peeling *p, struct cf_spoken *spoken)
{
	enum cf_status status;
	char special;

	if (strncmp(p->text, "*.", 2) == 0) {
		p->scope = CF_SCOPE_BELOW;
		drop_front(p->text, 2);
	} else if (p->text[0] == '.' && p->text[1] != '\0') {
		p->scope = CF_SCOPE_SUBTREE;
		drop_front(p->text, 1);
	}
	if (p->text[0] == '\0')
		return refuse(p, "holds no name");
	if (find_bare(p->text, "*") != strlen(p->text))
		return refuse(p,
		    "has a star in it; a star may only stand for whole labels in front, as in "
		    "'*.example.org'");
	for (size_t i = 0; p->text[i] != '\0'; i++)
		if (is_blank(p->text[i]) && !is_escaped(p->text, i))
			return refuse(p, "holds a space: one name, without what stands beside it");
	status = cf_idn_parse(p->text, &spoken->name, p->error);
	if (status == CF_EMALFORMED)
		return refuse(p,
		    "is not a domain name (labels of 1 to 63 characters, 253 in all; other bytes "
		    "as "
		    "\\DDD)");
	if (status != CF_OK)
		return status;
	if (spoken->name.label_count == 0)
		return refuse(p, "is the root, which would cover every name there is");
	if (cf_spoken_ends_in_number(&spoken->name))
		return refuse(p, "ends in a number: neither an address nor a name that can be");
	special = find_special(p->text);
	return special == '\0' ? CF_OK : refuse_special(p, special, &spoken->name);
}

static enum cf_status peel(struct peeling *p, struct cf_spoken *spoken)
{
	enum cf_status status = CF_OK;
	bool is_url;

	trim(p->text);
	unquote(p);
	refang(p);
	trim(p->text);
	status = peel_rule(p);
	if (status != CF_OK)
		return status;
	if (is_network(p->text))
		return refuse(p, "is a network; one address or one name");
	is_url = peel_scheme(p);
	status = peel_authority(p, is_url);
	if (status != CF_OK)
		return status;
	spoken->is_addr = take_addr(p, &spoken->addr);
	if (!spoken->is_addr) {
		if (!peel_brackets(p))
			peel_port(p);
		spoken->is_addr = take_addr(p, &spoken->addr);
	}
	return spoken->is_addr ? CF_OK : take_name(p, spoken);
}

enum cf_status cf_spoken_parse(
    const char *text, struct cf_spoken *spoken_out, struct cf_error *error)
{
	struct peeling p = {.original = text, .scope = CF_SCOPE_EXACT, .error = error};
	struct cf_spoken spoken = {.is_addr = false};
	enum cf_status status;

	if (strlen(text) >= sizeof p.text)
		return cf_error_set(error, CF_EMALFORMED,
		    "a text of %zu bytes is not a domain name (253 in all)", strlen(text));
	memcpy(p.text, text, strlen(text) + 1);
	status = peel(&p, &spoken);
	if (status != CF_OK)
		return status;
	spoken.scope = p.scope;
	spoken.form = p.form;
	*spoken_out = spoken;
	return CF_OK;
}

/* Nearly all names of a pack: letters, digits, hyphens and dots. */
static bool take_plain(const char *text, struct cf_name *name_out)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!is_plain_byte((unsigned char)text[i]) && text[i] != '.')
			return false;
	return cf_name_from_text(text, len, name_out) == CF_OK && name_out->label_count > 0 &&
	    !cf_spoken_ends_in_number(name_out);
}

static enum cf_status refuse_form(
    const char *text, const struct cf_spoken *spoken, const char *front, struct cf_error *error)
{
	char quoted[120], name[CF_NAME_TEXT_BYTES];

	cf_quote(text, strlen(text), quoted, sizeof quoted);
	if (spoken->is_addr)
		return cf_error_set(error, CF_EMALFORMED,
		    "%s is an address, not a name; addresses stand in networks.tsv of a pack, "
		    "clients in 'clients'",
		    quoted);
	cf_name_format_master(&spoken->name, name);
	return cf_error_set(error, CF_EMALFORMED, "%s is %s; write %s%s", quoted,
	    spoken->form == NULL ? "a pattern" : spoken->form, front, name);
}

enum cf_status cf_spoken_name(const char *text, struct cf_name *name_out, struct cf_error *error)
{
	struct cf_spoken spoken = {.form = NULL};
	enum cf_status status;

	if (take_plain(text, name_out))
		return CF_OK;
	status = cf_spoken_parse(text, &spoken, error);
	if (status != CF_OK)
		return status;
	if (spoken.is_addr || spoken.form != NULL || spoken.scope != CF_SCOPE_EXACT)
		return refuse_form(text, &spoken, "", error);
	*name_out = spoken.name;
	return CF_OK;
}

enum cf_status cf_spoken_pattern(
    const char *text, struct cf_name *name_out, enum cf_scope *scope_out, struct cf_error *error)
{
	static const char *const fronts[] = {
	    [CF_SCOPE_EXACT] = "", [CF_SCOPE_SUBTREE] = ".", [CF_SCOPE_BELOW] = "*."};
	struct cf_spoken spoken = {.form = NULL};
	enum cf_status status;

	if (take_plain(text, name_out)) {
		*scope_out = CF_SCOPE_EXACT;
		return CF_OK;
	}
	status = cf_spoken_parse(text, &spoken, error);
	if (status != CF_OK)
		return status;
	if (spoken.is_addr || spoken.form != NULL)
		return refuse_form(text, &spoken, fronts[spoken.scope], error);
	*name_out = spoken.name;
	*scope_out = spoken.scope;
	return CF_OK;
}

const char *cf_name_format_master(const struct cf_name *name, char text[CF_NAME_TEXT_BYTES])
{
	char *to = text;

	for (unsigned i = 0; i < name->label_count; i++) {
		const uint8_t *label = name->wire + name->label_at[i];

		if (i > 0)
			*to++ = '.';
		for (unsigned k = 1; k <= label[0]; k++) {
			uint8_t c = label[k];

			/* "\[" begins a bit string to BIND (RFC 2673). */
			if (c <= ' ' || c >= 0x7f || c == '[' || c == ']') {
				*to++ = '\\';
				*to++ = (char)('0' + c / 100);
				*to++ = (char)('0' + c / 10 % 10);
				*to++ = (char)('0' + c % 10);
				continue;
			}
			/* A star is a wildcard to some, even inside a label. */
			if (!is_plain_byte(c))
				*to++ = '\\';
			*to++ = (char)c;
		}
	}
	if (name->label_count == 0)
		*to++ = '.';
	*to = '\0';
	return text;
}
