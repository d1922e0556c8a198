/* Groups of clients and the exceptions that name them. */

#include "compile/pack/spoken_name.h"
#include "compile/policy/policy_reader.h"
#include "names/rrtype.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERYBODY "everybody"

enum cf_status cf_policy_pattern_parse(
    const char *text, struct cf_name *name_out, enum cf_scope *scope_out, struct cf_error *error)
{
	return cf_spoken_pattern(text, name_out, scope_out, error);
}

static bool prefix_ok(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *text, struct cf_prefix *prefix_out)
{
	char quoted[80];
	enum cf_status status = cf_prefix_parse(text, prefix_out);

	if (status == CF_OK)
		return true;
	cf_quote(text, strlen(text), quoted, sizeof quoted);
	if (status == CF_EINVALID)
		cf_policy_refuse(reader, node, path, NULL,
		    "%s has bits set behind its length; is the length or the address wrong",
		    quoted);
	else
		cf_policy_refuse(reader, node, path, NULL,
		    "%s is not an address or prefix such as 10.20.0.0/16 or 2001:db8:20::/48",
		    quoted);
	return false;
}

static void read_group(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const struct cf_policy_text_group *text, struct cf_policy_group *group)
{
	const struct cf_yaml_node *prefixes = cf_yaml_node_find(node, "prefixes"), *child;
	struct cf_prefix prefix;
	char path[96];

	snprintf(path, sizeof path, "groups.%s", text->name);
	if (strcmp(text->name, EVERYBODY) == 0 ||
	    cf_prefix_parse(text->name, &prefix) != CF_EMALFORMED ||
	    strpbrk(text->name, ", ") != NULL)
		cf_policy_refuse(reader, node, path, NULL,
		    "a group cannot have this name; use a word that is no address and not '%s'",
		    EVERYBODY);
	group->name = text->name;
	group->line = node->line;
	group->prefixes = cf_policy_alloc(reader, text->prefixes_count, sizeof *group->prefixes);
	if (group->prefixes == NULL)
		return;
	child = prefixes->first;
	for (unsigned i = 0; i < text->prefixes_count; i++, child = child->next)
		if (prefix_ok(reader, child, path, text->prefixes[i],
		        &group->prefixes[group->prefix_count]))
			group->prefix_count++;
}

void cf_policy_read_groups(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *groups = cf_yaml_node_find(reader->root, "groups"), *node;
	struct cf_policy *policy = reader->policy;

	/* Prefixes written in exceptions become groups too: room for all there may be. */
	policy->groups = cf_policy_alloc(reader, CF_GROUPS, sizeof *policy->groups);
	if (policy->groups == NULL || groups == NULL)
		return;
	node = groups->first;
	for (unsigned i = 0; i < reader->text->groups_count; i++, node = node->next)
		read_group(
		    reader, node, &reader->text->groups[i], &policy->groups[policy->group_count++]);
}

static bool find_group(const struct cf_policy *policy, const char *name, uint32_t *group_out)
{
	for (size_t i = 0; i < policy->group_count; i++) {
		if (strcmp(policy->groups[i].name, name) == 0) {
			*group_out = (uint32_t)i;
			return true;
		}
	}
	return false;
}

/* A group for a prefix that an exception names directly; false when that is refused. */
static bool add_group(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *text, uint32_t *group_out)
{
	struct cf_policy *policy = reader->policy;
	struct cf_policy_group *group;
	struct cf_prefix prefix;
	char quoted[80];

	if (strpbrk(text, "./:") == NULL) {
		cf_policy_refuse(reader, node, path, NULL,
		    "%s is none of the groups, no address or prefix, and not '%s'",
		    cf_quote(text, strlen(text), quoted, sizeof quoted), EVERYBODY);
		return false;
	}
	if (!prefix_ok(reader, node, path, text, &prefix))
		return false;
	if (policy->group_count == CF_GROUPS) {
		cf_policy_refuse(reader, node, path, NULL,
		    "more than %d groups, those for single prefixes included; put prefixes into "
		    "groups",
		    CF_GROUPS);
		return false;
	}
	group = &policy->groups[policy->group_count];
	group->prefixes = cf_policy_alloc(reader, 1, sizeof *group->prefixes);
	if (group->prefixes == NULL)
		return false;
	group->prefixes[0] = prefix;
	group->prefix_count = 1;
	group->name = text;
	group->line = node->line;
	*group_out = (uint32_t)policy->group_count++;
	return true;
}

/* The words joined with ", "; NULL without memory. */
static char *join(char *const *words, unsigned count)
{
	size_t len = 1;
	char *text, *to;

	for (unsigned i = 0; i < count; i++)
		len += strlen(words[i]) + 2;
	text = to = malloc(len);
	if (text == NULL)
		return NULL;
	*to = '\0';
	for (unsigned i = 0; i < count; i++)
		to = stpcpy(stpcpy(to, i == 0 ? "" : ", "), words[i]);
	return text;
}

void cf_policy_read_clients(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, char *const *texts, unsigned count, struct cf_policy_clients *clients_out)
{
	const struct cf_yaml_node *child = node->first;
	struct cf_policy_clients *clients = clients_out;
	uint32_t group;

	*clients = (struct cf_policy_clients){
	    .groups = cf_policy_alloc(reader, count, sizeof *clients->groups),
	    .text = join(texts, count)};
	if (clients->groups == NULL || clients->text == NULL) {
		reader->status = CF_ENOMEM;
		return;
	}
	for (unsigned i = 0; i < count; i++, child = child->next) {
		if (strcmp(texts[i], EVERYBODY) == 0)
			clients->everybody = true;
		else if (find_group(reader->policy, texts[i], &group) ||
		    add_group(reader, child, path, texts[i], &group))
			clients->groups[clients->group_count++] = group;
	}
}

static void read_clients(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_exception *text, struct cf_image_exception *image)
{
	struct cf_policy_clients clients;
	char below[128];

	snprintf(below, sizeof below, "%s.clients", path);
	cf_policy_read_clients(reader, cf_yaml_node_find(node, "clients"), below, text->clients,
	    text->clients_count, &clients);
	image->groups = clients.groups;
	image->group_count = clients.group_count;
	image->clients = clients.text;
	image->everybody = clients.everybody;
}

static void read_types(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_exception *text, struct cf_image_exception *image)
{
	uint16_t *types = cf_policy_alloc(reader, text->types_count, sizeof *types);
	char quoted[64];

	image->types = types;
	for (unsigned i = 0; types != NULL && i < text->types_count; i++) {
		if (cf_rrtype_parse(text->types[i], &types[image->type_count]))
			image->type_count++;
		else
			cf_policy_refuse(reader, node, path, "types",
			    "%s is not a record type such as A, AAAA, HTTPS or TYPE64",
			    cf_quote(
			        text->types[i], strlen(text->types[i]), quoted, sizeof quoted));
	}
}

static void read_names(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_exception *text,
    struct cf_policy_exception *exception)
{
	const struct cf_yaml_node *names = cf_yaml_node_find(node, "names");
	const struct cf_yaml_node *child = names == NULL ? NULL : names->first;
	struct cf_error error;
	enum cf_status status;
	enum cf_scope scope;
	struct cf_name name;
	char below[128];

	exception->names = cf_policy_alloc(reader, text->names_count, sizeof *exception->names);
	if (exception->names == NULL)
		return;
	for (unsigned i = 0; i < text->names_count && child != NULL; i++, child = child->next) {
		snprintf(below, sizeof below, "%s.names[%u]", path, i);
		status = cf_policy_pattern_parse(text->names[i], &name, &scope, &error);
		if (status == CF_ENOMEM)
			reader->status = status;
		else if (status != CF_OK)
			cf_policy_refuse(reader, child, below, NULL, "%s", error.text);
		exception->names[exception->name_count++] =
		    (struct cf_policy_pattern){.text = text->names[i], .line = child->line};
	}
}

static void read_exception(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_exception *text,
    struct cf_policy_exception *exception)
{
	struct cf_image_exception *image = &exception->image;

	*image = (struct cf_image_exception){
	    .verdict = text->verdict,
	    .categories = text->categories,
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = INT64_MAX,
	    .owner = text->owner,
	    .reason = text->reason,
	    .file = reader->policy->file,
	    .line = node->line,
	};
	read_clients(reader, node, path, text, image);
	read_types(reader, node, path, text, image);
	read_names(reader, node, path, text, exception);
	cf_policy_instant(reader, node, path, "from", text->from, &image->from_wall_s);
	cf_policy_instant(reader, node, path, "until", text->until, &image->until_wall_s);
	if (image->from_wall_s >= image->until_wall_s)
		cf_policy_refuse(reader, node, path, "until", "is not later than 'from'");
	if (text->categories == 0 && text->names_count == 0)
		cf_policy_refuse(
		    reader, node, path, NULL, "misses 'categories' or 'names': what is excepted");
}

void cf_policy_read_exceptions(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *exceptions = cf_yaml_node_find(reader->root, "exceptions"),
	                          *node;
	struct cf_policy *policy = reader->policy;
	char path[32];

	policy->exceptions =
	    cf_policy_alloc(reader, reader->text->exceptions_count, sizeof *policy->exceptions);
	if (policy->exceptions == NULL || policy->groups == NULL)
		return;
	node = exceptions->first;
	for (unsigned i = 0; i < reader->text->exceptions_count; i++, node = node->next) {
		snprintf(path, sizeof path, "exceptions[%u]", i);
		read_exception(reader, node, path, &reader->text->exceptions[i],
		    &policy->exceptions[policy->exception_count++]);
	}
}
