/* libyaml's events, turned into a bounded tree without recursion. */

#include "compile/yaml/yaml_tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* What the builder needs from one event to the next. */
struct builder {
	const char *file;
	struct cf_diags *diags;
	struct cf_yaml_node *root;
	struct cf_yaml_node *open[CF_YAML_DEPTH]; /* containers not closed yet, outermost first */
	unsigned depth;
	unsigned documents;
	size_t nodes;
	char *key; /* of the mapping entry whose value comes next */
	unsigned key_line;
};

void cf_yaml_tree_free(struct cf_yaml_node *root)
{
	struct cf_yaml_node *next;

	if (root == NULL)
		return;
	for (struct cf_yaml_node *child = root->first; child != NULL; child = next) {
		next = child->next;
		cf_yaml_tree_free(child); /* at most CF_YAML_DEPTH deep */
	}
	free(root->key);
	free(root->text);
	free(root);
}

struct cf_yaml_node *cf_yaml_node_new(
    enum cf_yaml_kind kind, unsigned line, const char *key, const char *text)
{
	struct cf_yaml_node *node = calloc(1, sizeof *node);

	if (node == NULL)
		return NULL;
	node->kind = kind;
	node->line = line;
	node->key = key == NULL ? NULL : strdup(key);
	node->text = text == NULL ? NULL : strdup(text);
	if ((key != NULL && node->key == NULL) || (text != NULL && node->text == NULL)) {
		cf_yaml_tree_free(node);
		return NULL;
	}
	return node;
}

void cf_yaml_node_append(struct cf_yaml_node *parent, struct cf_yaml_node *child)
{
	if (parent->last == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
	parent->child_count++;
}

struct cf_yaml_node *cf_yaml_node_find(const struct cf_yaml_node *mapping, const char *key)
{
	if (mapping == NULL || mapping->kind != CF_YAML_MAPPING)
		return NULL;
	for (struct cf_yaml_node *child = mapping->first; child != NULL; child = child->next)
		if (strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

bool cf_yaml_node_is_null(const struct cf_yaml_node *node)
{
	return node->kind == CF_YAML_SCALAR && !node->quoted &&
	    (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
	        strcmp(node->text, "null") == 0);
}

static enum cf_status refuse(struct builder *b, unsigned line, const char *text)
{
	cf_diag_add(b->diags, CF_DIAG_ERROR, b->file, line, b->key, "%s", text);
	return CF_EINVALID;
}

/* Puts a node where the builder stands: at the root, in a sequence, or under the pending key. */
static void place(struct builder *b, struct cf_yaml_node *node)
{
	struct cf_yaml_node *parent = b->depth == 0 ? NULL : b->open[b->depth - 1];

	node->key = b->key;
	b->key = NULL;
	if (node->key != NULL)
		node->line = b->key_line;
	if (parent == NULL)
		b->root = node; /* one a document, and one document */
	else
		cf_yaml_node_append(parent, node);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree holds it */
}

static bool key_is_due(const struct builder *b)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): depth counts what is open */
	return b->depth > 0 && b->open[b->depth - 1]->kind == CF_YAML_MAPPING && b->key == NULL;
}

/* True when text holds a control byte other than those in allowed. */
static bool has_control(const char *text, const char *allowed)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 || *text == 0x7f) &&
		    strchr(allowed, *text) == NULL)
			return true;
	return false;
}

static enum cf_status take_key(struct builder *b, const yaml_event_t *event, unsigned line)
{
	const char *text = (const char *)event->data.scalar.value;
	const struct cf_yaml_node *mapping = b->open[b->depth - 1], *before;

	if (text[0] == '\0' || has_control(text, ""))
		return refuse(b, line, "a key is empty or holds control characters");
	if (mapping->child_count == CF_YAML_KEYS)
		return refuse(b, line, "too many keys in one mapping");
	before = cf_yaml_node_find(mapping, text);
	if (before != NULL) {
		cf_diag_add(b->diags, CF_DIAG_ERROR, b->file, line, text,
		    "stands here twice; the first is in line %u", before->line);
		return CF_EINVALID;
	}
	b->key = strdup(text);
	b->key_line = line;
	return b->key == NULL ? CF_ENOMEM : CF_OK;
}

/* Texts of several lines become one: every value of our files is shown and logged in one line. */
static void fold_lines(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	for (; *text != '\0'; text++)
		if (*text == '\n' || *text == '\t')
			*text = ' ';
}

static enum cf_status on_scalar(struct builder *b, const yaml_event_t *event, unsigned line)
{
	const char *text = (const char *)event->data.scalar.value;
	struct cf_yaml_node *node;

	if (event->data.scalar.anchor != NULL)
		return refuse(
		    b, line, "anchors (&) are not used in this file; write the value out");
	if (event->data.scalar.tag != NULL)
		return refuse(b, line, "tags (!) are not used in this file");
	if (memchr(text, '\0', event->data.scalar.length) != NULL)
		return refuse(b, line, "holds a NUL character");
	if (key_is_due(b))
		return take_key(b, event, line);
	if (has_control(text, "\t\n"))
		return refuse(b, line, "holds control characters");
	node = cf_yaml_node_new(CF_YAML_SCALAR, line, NULL, text);
	if (node == NULL)
		return CF_ENOMEM;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	fold_lines(node->text);
	place(b, node);
	return CF_OK;
}

static enum cf_status on_open(
    struct builder *b, enum cf_yaml_kind kind, bool decorated, unsigned line)
{
	struct cf_yaml_node *node;

	if (decorated)
		return refuse(b, line, "anchors (&) and tags (!) are not used in this file");
	if (key_is_due(b))
		return refuse(b, line, "a key must be a plain word, not a list or a mapping");
	if (b->depth == CF_YAML_DEPTH)
		return refuse(b, line, "is nested too deeply");
	node = cf_yaml_node_new(kind, line, NULL, NULL);
	if (node == NULL)
		return CF_ENOMEM;
	place(b, node);
	b->open[b->depth++] = node;
	return CF_OK;
}

static enum cf_status on_event(struct builder *b, const yaml_event_t *event)
{
	unsigned line = (unsigned)event->start_mark.line + 1;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return ++b->nodes > CF_YAML_NODES
		    ? refuse(b, line, "the file holds too many values")
		    : on_scalar(b, event, line);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		if (++b->nodes > CF_YAML_NODES)
			return refuse(b, line, "the file holds too many values");
		if (event->type == YAML_SEQUENCE_START_EVENT)
			return on_open(b, CF_YAML_SEQUENCE,
			    event->data.sequence_start.anchor != NULL ||
			        event->data.sequence_start.tag != NULL,
			    line);
		return on_open(b, CF_YAML_MAPPING,
		    event->data.mapping_start.anchor != NULL ||
		        event->data.mapping_start.tag != NULL,
		    line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return CF_OK;
	case YAML_ALIAS_EVENT:
		return refuse(b, line,
		    "aliases (*) are not used in this file; quote a name that "
		    "starts with a star, as in '*.example.org'");
	case YAML_DOCUMENT_START_EVENT:
		return ++b->documents > 1
		    ? refuse(b, line, "a second document starts here; one is read")
		    : CF_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return CF_OK;
}

static enum cf_status report_parser(struct builder *b, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return CF_ENOMEM;
	cf_diag_add(b->diags, CF_DIAG_ERROR, b->file, (unsigned)parser->problem_mark.line + 1, NULL,
	    "is not YAML: %s%s%s", parser->problem == NULL ? "unreadable" : parser->problem,
	    parser->context == NULL ? "" : " ", parser->context == NULL ? "" : parser->context);
	return CF_EINVALID;
}

static enum cf_status build(struct builder *b, yaml_parser_t *parser)
{
	enum cf_status status = CF_OK;
	bool ended = false;
	yaml_event_t event;

	while (status == CF_OK && !ended) {
		if (yaml_parser_parse(parser, &event) == 0)
			return report_parser(b, parser);
		ended = event.type == YAML_STREAM_END_EVENT;
		status = on_event(b, &event);
		yaml_event_delete(&event);
	}
	if (status == CF_OK && b->root == NULL)
		status = refuse(b, 1, "is empty");
	return status;
}

enum cf_status cf_yaml_tree_parse(const char *text, size_t len, const char *file,
    struct cf_diags *diags, struct cf_yaml_node **root_out)
{
	struct builder b = {.file = file, .diags = diags};
	yaml_parser_t parser;
	enum cf_status status;

	if (len > CF_POLICY_BYTES) {
		cf_diag_add(diags, CF_DIAG_ERROR, file, 0, NULL, "is larger than %d bytes",
		    CF_POLICY_BYTES);
		return CF_EINVALID;
	}
	if (yaml_parser_initialize(&parser) == 0)
		return CF_ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	status = build(&b, &parser);
	yaml_parser_delete(&parser);
	free(b.key);
	if (status != CF_OK) {
		cf_yaml_tree_free(b.root);
		return status;
	}
	*root_out = b.root;
	return CF_OK;
}

/* The node, a scalar, as the mapping {key: scalar}, in place. */
static bool name_scalar(struct cf_yaml_node *node, const char *key)
{
	struct cf_yaml_node *name = cf_yaml_node_new(CF_YAML_SCALAR, node->line, key, NULL);

	if (name == NULL)
		return false;
	name->quoted = node->quoted;
	name->text = node->text;
	node->text = NULL;
	node->kind = CF_YAML_MAPPING;
	cf_yaml_node_append(node, name);
	return true;
}

bool cf_yaml_node_name_scalars(struct cf_yaml_node *list, const char *key)
{
	if (list == NULL || cf_yaml_node_is_null(list))
		return true;
	if (list->kind == CF_YAML_SCALAR)
		return name_scalar(list, key);
	if (list->kind == CF_YAML_MAPPING)
		return true;
	for (struct cf_yaml_node *node = list->first; node != NULL; node = node->next)
		if (node->kind == CF_YAML_SCALAR && !cf_yaml_node_is_null(node) &&
		    !name_scalar(node, key))
			return false;
	return true;
}
