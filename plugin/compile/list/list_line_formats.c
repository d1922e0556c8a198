/* The line formats: hosts, plain, dnsmasq, adblock, v2fly. */

#include "compile/list/list_line.h"

static bool is_comment(struct cf_line_text line)
{
	return line.len == 0 || line.at[0] == '#' || line.at[0] == '!' || line.at[0] == ';';
}

/* Names every hosts file gives to the machine itself. */
static bool is_own_name(struct cf_line_text name)
{
	static const char *const own[] = {"localhost", "localhost.localdomain", "localhost4",
	    "localhost6", "local", "broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet",
	    "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"};

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (cf_text_is(name, own[i]))
			return true;
	return false;
}

static void read_hosts(struct cf_list_reader *reader, struct cf_line_text line)
{
	struct cf_line_text addr, name;
	bool is_sink = false;

	if (is_comment(line))
		return;
	line = cf_text_until(line, '#');
	addr = cf_text_word(&line);
	if (cf_text_is(addr, "0"))
		is_sink = true;
	else if (!cf_text_is_addr(addr, &is_sink)) {
		cf_list_reject(reader, "does not begin with an address");
		return;
	}
	name = cf_text_word(&line);
	if (name.len == 0) {
		cf_list_reject(reader, "no name behind the address");
		return;
	}
	for (; name.len > 0; name = cf_text_word(&line)) {
		if (is_own_name(name))
			cf_list_reject_part(reader, name, "a name of the machine itself");
		else if (!is_sink)
			cf_list_reject_part(
			    reader, name, "its address is no sink: it is resolved, not blocked");
		else
			cf_list_emit(reader, name, CF_SCOPE_EXACT);
	}
}

static void read_plain(struct cf_list_reader *reader, struct cf_line_text line)
{
	struct cf_line_text name;

	if (is_comment(line))
		return;
	line = cf_text_until(line, '#');
	name = cf_text_word(&line);
	if (cf_text_word(&line).len != 0)
		cf_list_reject(reader, "more than one word");
	else if (name.len > 1 && name.at[0] == '.')
		cf_list_emit(reader, cf_text_after(name, 1), CF_SCOPE_SUBTREE);
	else
		cf_list_emit(reader, name, reader->options->plain_scope);
}

/* Up to the first blank: what follows is a comment, in which there may be slashes. */
static struct cf_line_text before_comment(struct cf_line_text text)
{
	return cf_text_word(&text);
}

/* Parts "/a/b/VALUE" into names and value; false when it is not of that form. */
static bool split_slashes(
    struct cf_line_text text, struct cf_line_text *names_out, struct cf_line_text *value_out)
{
	const char *last;

	if (text.len < 2 || text.at[0] != '/')
		return false;
	last = memrchr(text.at, '/', text.len);
	if (last == text.at)
		return false;
	*names_out = (struct cf_line_text){text.at + 1, (size_t)(last - text.at) - 1};
	*value_out = cf_text_after(text, (size_t)(last - text.at) + 1);
	return true;
}

static const char *const dnsmasq_keys[] = {"address=", "server=", "local=", "ipset=", "nftset="};

#define DNSMASQ_KEYS (sizeof dnsmasq_keys / sizeof dnsmasq_keys[0])

/* Which key a line has, or DNSMASQ_KEYS. */
static size_t dnsmasq_key(struct cf_line_text line)
{
	size_t key = 0;

	while (key < DNSMASQ_KEYS && !cf_text_begins(line, dnsmasq_keys[key]))
		key++;
	return key;
}

bool cf_text_is_dnsmasq(struct cf_line_text line)
{
	size_t key = dnsmasq_key(line);

	return key < DNSMASQ_KEYS &&
	    cf_text_begins(cf_text_after(line, strlen(dnsmasq_keys[key])), "/");
}

static void read_dnsmasq(struct cf_list_reader *reader, struct cf_line_text line)
{
	struct cf_line_text names, value = {NULL, 0};
	size_t key = dnsmasq_key(line);
	bool is_sink = false, is_address;

	if (is_comment(line))
		return;
	if (key == DNSMASQ_KEYS ||
	    !split_slashes(
	        before_comment(cf_text_after(line, strlen(dnsmasq_keys[key]))), &names, &value)) {
		cf_list_reject(
		    reader, "no address=/NAME/, server=/NAME/, local=/NAME/, ipset= or nftset=");
		return;
	}
	is_address = key == 0;
	if (!is_address && cf_text_is(value, "#")) {
		cf_list_reject(reader, "an exception: it belongs into the policy");
		return;
	}
	/* server= and local= mean the same; only without a server the names are not asked for. */
	if ((key == 1 || key == 2) && value.len != 0) {
		cf_list_reject(reader, "names a server: it is resolved there, not blocked");
		return;
	}
	if (is_address && value.len != 0 && !cf_text_is(value, "#") &&
	    (!cf_text_is_addr(value, &is_sink) || !is_sink)) {
		cf_list_reject(reader, "its address is no sink: it is resolved, not blocked");
		return;
	}
	for (;;) {
		struct cf_line_text part = cf_text_until(names, '/'), name = part;

		while (name.len > 1 && name.at[0] == '.') /* as dnsmasq reads it */
			name = cf_text_after(name, 1);
		if (name.len == 0 || cf_text_is(name, "#"))
			cf_list_reject(reader, "covers every name");
		else
			cf_list_emit(reader, name, CF_SCOPE_SUBTREE);
		if (part.len == names.len)
			break;
		names = cf_text_after(names, part.len + 1);
	}
}

/* Modifiers that leave the rule as wide as the name; any other narrows or inverts it. */
static bool harmless_modifiers(struct cf_line_text options)
{
	for (;;) {
		struct cf_line_text option = cf_text_until(options, ',');

		if (!cf_text_is(option, "important") && !cf_text_is(option, "all") &&
		    !cf_text_is(option, "document") && !cf_text_is(option, "doc"))
			return false;
		if (option.len == options.len)
			return true;
		options = cf_text_after(options, option.len + 1);
	}
}

static bool holds(struct cf_line_text text, const char *word)
{
	return text.at != NULL && memmem(text.at, text.len, word, strlen(word)) != NULL;
}

/* Lists of several formats in one file are common: hosts and dnsmasq lines mean what they say. */
static bool take_other_format(struct cf_list_reader *reader, struct cf_line_text line)
{
	struct cf_line_text rest = line, first = cf_text_word(&rest);

	if (cf_text_is_dnsmasq(line)) {
		read_dnsmasq(reader, line);
		return true;
	}
	if (cf_text_word(&rest).len == 0 || !cf_text_is_addr(first, NULL))
		return false;
	read_hosts(reader, line);
	return true;
}

/*
 * A rule is a pattern over names: "||" begins at a label, "|" at the name's begin, "^" and a last
 * "|" end it. Without one of both ends it matches names that are merely alike; those are left out.
 * A line that is a name alone is that name (AdGuard, "DNS filtering rules syntax").
 */
static void read_adblock(struct cf_list_reader *reader, struct cf_line_text line)
{
	enum cf_scope scope = CF_SCOPE_EXACT;
	bool begins = false, ends = false;
	struct cf_line_text name, options;

	if (line.len == 0 || line.at[0] == '!' || line.at[0] == '[' ||
	    (line.at[0] == '#' && (line.len == 1 || line.at[1] == ' ' || line.at[1] == '#')))
		return;
	if (take_other_format(reader, line))
		return;
	if (cf_text_begins(line, "@@")) {
		cf_list_reject(reader, "an exception: it belongs into the policy");
		return;
	}
	if (holds(line, "##") || holds(line, "#@#") || holds(line, "#?#") || holds(line, "#$#")) {
		cf_list_reject(reader, "hides page elements: no name");
		return;
	}
	name = cf_text_until(line, '$');
	options = name.len < line.len ? cf_text_after(line, name.len + 1)
	                              : (struct cf_line_text){line.at, 0};
	if (name.len < line.len && !harmless_modifiers(options)) {
		cf_list_reject(reader, "its modifiers narrow the rule");
		return;
	}
	if (cf_text_begins(name, "||")) {
		name = cf_text_after(name, 2);
		scope = CF_SCOPE_SUBTREE;
		begins = true;
	} else if (cf_text_begins(name, "|")) {
		name = cf_text_after(name, 1);
		begins = true;
	}
	while (name.len > 0 && (name.at[name.len - 1] == '|' || name.at[name.len - 1] == '^')) {
		name.len--;
		ends = true;
	}
	if (holds(name, "/") || holds(name, "^"))
		cf_list_reject(reader, "matches a path or a pattern, not a name");
	else if (begins && !ends)
		cf_list_reject(reader, "has no end (^): it matches every name that begins like it");
	else if (ends && !begins && !cf_text_begins(name, "*."))
		cf_list_reject(
		    reader, "has no beginning (||): it matches every name that ends like it");
	else
		cf_list_emit(reader, name, scope);
}

static void read_v2fly(struct cf_list_reader *reader, struct cf_line_text line)
{
	enum cf_scope scope = CF_SCOPE_SUBTREE;
	struct cf_line_text rule;

	if (is_comment(line))
		return;
	line = cf_text_until(line, '#');
	rule = cf_text_word(&line); /* attributes (@ads) and affiliations (&x) may follow */
	if (cf_text_begins(rule, "include:")) {
		cf_list_reject(reader, "includes another list: give that file too");
		return;
	}
	if (cf_text_begins(rule, "keyword:")) {
		cf_list_reject(reader, "a keyword would match other people's names");
		return;
	}
	if (cf_text_begins(rule, "regexp:")) {
		cf_list_reject(reader, "a regular expression, not a name");
		return;
	}
	if (cf_text_begins(rule, "full:")) {
		rule = cf_text_after(rule, 5);
		scope = CF_SCOPE_EXACT;
	} else if (cf_text_begins(rule, "domain:")) {
		rule = cf_text_after(rule, 7);
	}
	cf_list_emit(reader, rule, scope);
}

const struct cf_list_form cf_list_forms[CF_LIST_FORMATS] = {
    [CF_LIST_AUTO] = {.word = "auto"},
    [CF_LIST_HOSTS] = {.word = "hosts", .read = read_hosts},
    [CF_LIST_PLAIN] = {.word = "plain", .read = read_plain},
    [CF_LIST_DNSMASQ] = {.word = "dnsmasq",
        .read = read_dnsmasq,
        .begins = {"address=/", "server=/", "local=/", "ipset=/", "nftset=/"}},
    [CF_LIST_ADBLOCK] = {.word = "adblock",
        .read = read_adblock,
        .begins = {"||", "@@", "[Adblock"}},
    [CF_LIST_RPZ] = {.word = "rpz", .begins = {"$TTL", "$ORIGIN"}},
    [CF_LIST_V2FLY] = {.word = "v2fly",
        .read = read_v2fly,
        .begins = {"full:", "domain:", "include:", "regexp:", "keyword:"}},
};
