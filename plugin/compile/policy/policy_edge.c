/* The section egress of curfew.yaml: how an edge filters, into the line that the image carries. */

#include "compile/policy/policy_reader.h"
#include "policy/egress_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct edge {
	struct cf_policy_reader *reader;
	const struct cf_yaml_node *node;
	struct cf_egress_options options;
};

/* One word; where is the key as a person finds it. */
static void set(struct edge *edge, const struct cf_yaml_node *node, const char *where,
    const char *key, const char *value)
{
	struct cf_error error;
	char quoted[64];

	if (value == NULL || cf_egress_options_set(&edge->options, key, value, &error) == CF_OK)
		return;
	cf_policy_refuse(edge->reader, node, "egress", where, "is %s; %s",
	    cf_quote(value, strlen(value), quoted, sizeof quoted), error.text);
}

static void set_all(struct edge *edge, const char *key, char *const *values, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		set(edge, edge->node, key, key, values[i]);
}

static void set_rate(struct edge *edge, const uint32_t *rate)
{
	char text[16];

	if (rate == NULL)
		return;
	(void)snprintf(text, sizeof text, "%u", *rate); /* fits */
	set(edge, edge->node, "log-rate", "log-rate", text);
}

/* The line, for the policy to own; "" with reader's status set when there is no memory. */
static const char *line_of(struct edge *edge)
{
	char text[CF_EGRESS_OPTIONS_BYTES];
	char *line;

	cf_egress_options_format(&edge->options, text);
	line = strdup(text);
	if (line == NULL)
		edge->reader->status = CF_ENOMEM;
	edge->reader->policy->owned_edge = line;
	return line == NULL ? "" : line;
}

void cf_policy_read_edge(struct cf_policy_reader *reader)
{
	const struct cf_policy_text_edge *text = reader->text->edge;
	struct edge edge = {.reader = reader, .node = cf_yaml_node_find(reader->root, "egress")};
	struct cf_error error;
	const char *key;

	reader->policy->edge = "";
	if (text == NULL)
		return;
	cf_egress_options_default(&edge.options);
	set(&edge, edge.node, "role", "role", text->role);
	set(&edge, edge.node, "refuse", "refuse", text->refuse);
	set(&edge, edge.node, "enforce", "enforce", text->enforce);
	set_all(&edge, "resolver", text->resolvers, text->resolvers_count);
	set(&edge, edge.node, "resolver-user", "resolver-user", text->resolver_user);
	set_all(&edge, "never", text->never, text->never_count);
	set(&edge, edge.node, "log", "log", text->log);
	set_rate(&edge, text->log_rate);
	set(&edge, edge.node, "dns", "dns", text->dns);
	set(&edge, edge.node, "dot", "dot", text->dot);
	set(&edge, edge.node, "doh", "doh", text->doh);
	set(&edge, edge.node, "fallback", "fallback", text->fallback);
	if (cf_egress_options_check(&edge.options, &key, &error) != CF_OK)
		cf_policy_refuse(reader, edge.node, "egress", key, "%s", error.text);
	reader->policy->edge = line_of(&edge);
}
