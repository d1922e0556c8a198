/*
 * A YAML document as a tree that remembers where everything stood.
 *
 * libcyaml turns YAML into structures but forgets lines and stops at the first mistake; this tree
 * is what our messages and `explain` cite. It holds one document of scalars, sequences and mappings
 * with unique scalar keys. Hostile text is bounded by CF_POLICY_BYTES, CF_YAML_NODES and
 * CF_YAML_DEPTH; anchors, aliases and tags are refused, so nothing can expand.
 * One tree belongs to one thread.
 */
#pragma once

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

enum cf_yaml_kind { CF_YAML_SCALAR, CF_YAML_SEQUENCE, CF_YAML_MAPPING };

/* Children hang in order of the file. key is set on children of mappings; text on scalars. */
struct cf_yaml_node {
	enum cf_yaml_kind kind;
	unsigned line;
	bool quoted; /* a scalar in quotes or a block: "" is a text then, not "nothing" */
	char *key;
	char *text;
	size_t child_count;
	struct cf_yaml_node *first, *last, *next;
};

/*
 * Reads text of len bytes, called file in diags. CF_OK with the root in *root_out; CF_EINVALID
 * when anything was added to diags; CF_ENOMEM.
 */
enum cf_status cf_yaml_tree_parse(const char *text, size_t len, const char *file,
    struct cf_diags *diags, struct cf_yaml_node **root_out) CF_MUST_CHECK;

/* Frees the node and all below and, if it has siblings, leaves them alone; NULL is fine. */
void cf_yaml_tree_free(struct cf_yaml_node *root);

/* A new node without children; key and text may be NULL and are copied. NULL without memory. */
struct cf_yaml_node *cf_yaml_node_new(
    enum cf_yaml_kind kind, unsigned line, const char *key, const char *text);
/* Hangs child behind parent's last child; parent owns it from now on. */
void cf_yaml_node_append(struct cf_yaml_node *parent, struct cf_yaml_node *child);

/* The child of a mapping under key; NULL when absent or node is none. */
struct cf_yaml_node *cf_yaml_node_find(const struct cf_yaml_node *mapping, const char *key);

/* True for a scalar that stands for "nothing": an empty plain scalar, ~ or null. */
bool cf_yaml_node_is_null(const struct cf_yaml_node *node);

/*
 * For a schema of mappings where people may write a scalar: list, a scalar or a list with scalars
 * in it, becomes {key: scalar} for each of them, in place. NULL, "nothing" and mappings stay. False
 * without memory.
 */
bool cf_yaml_node_name_scalars(struct cf_yaml_node *list, const char *key);
