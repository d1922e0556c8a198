/* Keys and words, one table of them. */

#include "policy/egress_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_PER_SECOND      100
#define LOG_PER_SECOND_MOST 100000

static const char *const way_words[] = {"off", "observe", "reject", "redirect"};

bool cf_prefixes_has(const struct cf_prefixes *prefixes, enum cf_family family)
{
	for (unsigned i = 0; i < prefixes->count; i++)
		if (prefixes->items[i].addr.family == family)
			return true;
	return false;
}

void cf_egress_options_default(struct cf_egress_options *options_out)
{
	memset(options_out, 0, sizeof *options_out);
	options_out->forward = true;
	options_out->log_per_second = LOG_PER_SECOND;
}

static enum cf_status refuse(struct cf_error *error, const char *expected)
{
	return cf_error_set(error, CF_EINVALID, "expected %s", expected);
}

/* ---- values */

static enum cf_status set_role(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	/* The names of the hooks are taken too. */
	bool both = strcmp(value, "both") == 0;
	bool router = both || strcmp(value, "router") == 0 || strcmp(value, "forward") == 0;
	bool host = both || strcmp(value, "host") == 0 || strcmp(value, "output") == 0;

	if (!router && !host)
		return refuse(error, "router, host or both");
	options->forward = router;
	options->output = host;
	return CF_OK;
}

static enum cf_status set_refuse(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	if (strcmp(value, "reject") != 0 && strcmp(value, "drop") != 0)
		return refuse(error, "reject or drop");
	options->drop = strcmp(value, "drop") == 0;
	return CF_OK;
}

static enum cf_status set_enforce(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	if (strcmp(value, "dedicated") != 0 && strcmp(value, "all") != 0)
		return refuse(error, "dedicated or all");
	options->all_enforced = strcmp(value, "all") == 0;
	return CF_OK;
}

static enum cf_status set_way(
    enum cf_way *way, bool may_redirect, const char *value, struct cf_error *error)
{
	for (unsigned i = 0; i < 4; i++) {
		if (strcmp(value, way_words[i]) != 0)
			continue;
		*way = (enum cf_way)i;
		if (i != CF_WAY_REDIRECT || may_redirect)
			return CF_OK;
		return cf_error_set(error, CF_EINVALID,
		    "encrypted DNS cannot be redirected: the certificate would be another's; "
		    "observe or reject it");
	}
	return refuse(
	    error, may_redirect ? "off, observe, reject or redirect" : "off, observe or reject");
}

static enum cf_status set_dns(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	return set_way(&options->dns, true, value, error);
}

static enum cf_status set_dot(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	return set_way(&options->dot, false, value, error);
}

static enum cf_status set_doh(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	return set_way(&options->doh, false, value, error);
}

static enum cf_status set_fallback(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	return set_way(&options->fallback, true, value, error);
}

/* A prefix, or an address as a prefix of one; one that is there already is left. */
static enum cf_status add_prefix(
    struct cf_prefixes *prefixes, const char *value, struct cf_error *error)
{
	struct cf_prefix prefix;

	if (cf_prefix_parse(value, &prefix) != CF_OK)
		return refuse(error, "an address or prefix, without host bits");
	for (unsigned i = 0; i < prefixes->count; i++)
		if (prefixes->items[i].bits == prefix.bits &&
		    cf_addr_equal(&prefixes->items[i].addr, &prefix.addr))
			return CF_OK;
	if (prefixes->count == CF_EGRESS_ADDRS)
		return refuse(error, "no more than 64 of them");
	prefixes->items[prefixes->count++] = prefix;
	return CF_OK;
}

static enum cf_status set_never(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	return add_prefix(&options->never, value, error);
}

static enum cf_status set_resolver(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	return add_prefix(&options->resolvers, value, error);
}

static enum cf_status set_user(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (len == 0 || len >= sizeof options->resolver_user || value[len] != '\0')
		return refuse(error, "the name of a user");
	memcpy(options->resolver_user, value, len + 1);
	return CF_OK;
}

static bool read_number(const char *value, unsigned long most, unsigned long *number_out)
{
	char *end;

	*number_out = strtoul(value, &end, 10);
	return value[0] >= '0' && value[0] <= '9' && *end == '\0' && *number_out <= most;
}

static enum cf_status set_log(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	unsigned long group = 0;

	options->log = strcmp(value, "off") != 0;
	if (options->log && !read_number(value, UINT16_MAX, &group))
		return refuse(error, "a number to 65535, or off");
	options->group = (uint16_t)group;
	return CF_OK;
}

static enum cf_status set_rate(
    struct cf_egress_options *options, const char *value, struct cf_error *error)
{
	unsigned long rate;

	if (!read_number(value, LOG_PER_SECOND_MOST, &rate) || rate == 0)
		return refuse(error, "packets a second, 1 to 100000");
	options->log_per_second = (unsigned)rate;
	return CF_OK;
}

static const struct {
	const char *key;
	enum cf_status (*set)(
	    struct cf_egress_options *options, const char *value, struct cf_error *error);
} keys[] = {
    {"role", set_role},
    {"refuse", set_refuse},
    {"enforce", set_enforce},
    {"dns", set_dns},
    {"dot", set_dot},
    {"doh", set_doh},
    {"fallback", set_fallback},
    {"resolver", set_resolver},
    {"resolver-user", set_user},
    {"never", set_never},
    {"log", set_log},
    {"log-rate", set_rate},
};

enum cf_status cf_egress_options_set(
    struct cf_egress_options *options, const char *key, const char *value, struct cf_error *error)
{
	for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].set(options, value, error);
	return cf_error_set(error, CF_ENOTFOUND, "no such key");
}

enum cf_status cf_egress_options_check(
    const struct cf_egress_options *options, const char **key_out, struct cf_error *error)
{
	const char *ignored, **key = key_out != NULL ? key_out : &ignored;

	*key = options->dns == CF_WAY_REDIRECT ? "dns" : "fallback";
	if ((options->dns == CF_WAY_REDIRECT || options->fallback == CF_WAY_REDIRECT) &&
	    options->resolvers.count == 0)
		return cf_error_set(error, CF_EINVALID,
		    "redirect needs a resolver of the site to lead to: 'resolver'");
	*key = "dns";
	if (options->dns >= CF_WAY_REJECT && options->resolvers.count == 0)
		return cf_error_set(error, CF_EINVALID,
		    "rejecting DNS to others needs to know the site's own resolvers: 'resolver'");
	return CF_OK;
}

/* ---- one line */

static void put_prefixes(FILE *to, const char *key, const struct cf_prefixes *prefixes)
{
	char text[CF_PREFIX_TEXT_BYTES];

	for (unsigned i = 0; i < prefixes->count; i++)
		fprintf(to, " %s=%s", key, cf_prefix_format(&prefixes->items[i], text));
}

void cf_egress_options_format(
    const struct cf_egress_options *options, char text[CF_EGRESS_OPTIONS_BYTES])
{
	FILE *to = fmemopen(text, CF_EGRESS_OPTIONS_BYTES, "w");

	text[0] = '\0';
	if (to == NULL)
		return; /* no memory: reads as the default, and differs from what is in force */
	fprintf(to, "role=%s refuse=%s enforce=%s dns=%s dot=%s doh=%s fallback=%s log-rate=%u",
	    !options->output        ? "router"
	        : !options->forward ? "host"
	                            : "both",
	    options->drop ? "drop" : "reject", options->all_enforced ? "all" : "dedicated",
	    way_words[options->dns], way_words[options->dot], way_words[options->doh],
	    way_words[options->fallback], options->log_per_second);
	if (options->log)
		fprintf(to, " log=%u", options->group);
	put_prefixes(to, "never", &options->never);
	put_prefixes(to, "resolver", &options->resolvers);
	if (options->resolver_user[0] != '\0')
		fprintf(to, " resolver-user=%s", options->resolver_user);
	(void)fclose(to); /* into memory, and all of it fits */
}

enum cf_status cf_egress_options_parse(
    const char *text, struct cf_egress_options *options_out, struct cf_error *error)
{
	struct cf_egress_options options;
	char word[128], *value;

	cf_egress_options_default(&options);
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (len == 0 || len >= sizeof word)
			return cf_error_set(error, CF_EMALFORMED, "bad settings of the edge");
		memcpy(word, text, len);
		word[len] = '\0';
		value = strchr(word, '=');
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || cf_egress_options_set(&options, word, value, NULL) != CF_OK)
			return cf_error_set(
			    error, CF_EMALFORMED, "bad setting '%.100s' of the edge", word);
		text += len + (text[len] == ' ');
	}
	*options_out = options;
	return CF_OK;
}
