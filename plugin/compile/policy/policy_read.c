/* Reads curfew.yaml: bytes to tree, tree through the schema to text, text to meaning. */

#include "compile/policy/policy.h"

#include "base/input_file.h"
#include "base/instant.h"
#include "compile/policy/policy_reader.h"
#include "compile/yaml/yaml_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What cf_policy_free() needs beyond the public arrays. */
struct cf_policy_owned {
	char *file;
	struct cf_policy_text *text;
};

/* "groups: {lab: [a, b]}" as the list of {name, prefixes} that the schema knows. */
static bool reshape_groups(struct cf_yaml_node *root)
{
	struct cf_yaml_node *groups = cf_yaml_node_find(root, "groups"), *child, *next, *name,
	                    *group;

	if (groups == NULL || groups->kind != CF_YAML_MAPPING)
		return true;
	child = groups->first;
	groups->kind = CF_YAML_SEQUENCE;
	groups->first = groups->last = NULL;
	groups->child_count = 0;
	for (; child != NULL; child = next) {
		next = child->next;
		child->next = NULL;
		name = cf_yaml_node_new(CF_YAML_SCALAR, child->line, "name", child->key);
		group = cf_yaml_node_new(CF_YAML_MAPPING, child->line, NULL, NULL);
		free(child->key);
		child->key = strdup("prefixes");
		if (name == NULL || group == NULL || child->key == NULL) {
			cf_yaml_tree_free(name);
			cf_yaml_tree_free(group);
			cf_yaml_tree_free(child);
			for (; next != NULL; next = child) {
				child = next->next;
				cf_yaml_tree_free(next);
			}
			return false;
		}
		name->quoted = true;
		cf_yaml_node_append(group, name);
		cf_yaml_node_append(group, child);
		cf_yaml_node_append(groups, group);
	}
	return true;
}

/* "preset: x" and "preset: [x, {name: y, clients: z}]". */
static bool reshape_presets(struct cf_yaml_node *root)
{
	return cf_yaml_node_name_scalars(cf_yaml_node_find(root, "preset"), "name");
}

/* "keys: RW..." and "keys: [RW..., {key: RW..., until: ...}]" of each update. */
static bool reshape_updates(struct cf_yaml_node *root)
{
	struct cf_yaml_node *updates = cf_yaml_node_find(root, "updates");

	if (updates == NULL || updates->kind == CF_YAML_SCALAR)
		return true;
	if (updates->kind == CF_YAML_MAPPING)
		return cf_yaml_node_name_scalars(cf_yaml_node_find(updates, "keys"), "key");
	for (struct cf_yaml_node *node = updates->first; node != NULL; node = node->next)
		if (node->kind == CF_YAML_MAPPING &&
		    !cf_yaml_node_name_scalars(cf_yaml_node_find(node, "keys"), "key"))
			return false;
	return true;
}

/* From a checked tree; root stays the caller's. */
static enum cf_status from_tree(
    struct cf_yaml_node *root, struct cf_policy *policy, struct cf_diags *diags)
{
	struct cf_policy_reader reader = {.policy = policy, .root = root, .diags = diags};
	size_t errors = diags->errors;
	void *text = NULL;
	enum cf_status status;

	if (!reshape_groups(root) || !reshape_presets(root) || !reshape_updates(root))
		return CF_ENOMEM;
	status = cf_yaml_tree_load(root, &cf_policy_schema, policy->file, diags, &text);
	if (status != CF_OK)
		return status;
	policy->owned->text = text;
	reader.text = text;
	cf_policy_read_sections(&reader);
	if (reader.status != CF_OK)
		return reader.status;
	return diags->errors == errors ? CF_OK : CF_EINVALID;
}

static struct cf_policy *new_policy(const char *file)
{
	struct cf_policy *policy = calloc(1, sizeof *policy);

	if (policy == NULL)
		return NULL;
	policy->owned = calloc(1, sizeof *policy->owned);
	if (policy->owned != NULL)
		policy->owned->file = strdup(file);
	if (policy->owned == NULL || policy->owned->file == NULL) {
		cf_policy_free(policy);
		return NULL;
	}
	policy->file = policy->owned->file;
	return policy;
}

enum cf_status cf_policy_parse(const char *text, size_t len, const char *file,
    struct cf_policy **policy_out, struct cf_diags *diags)
{
	struct cf_policy *policy = new_policy(file);
	struct cf_yaml_node *root = NULL;
	enum cf_status status = CF_ENOMEM;

	if (policy == NULL)
		return CF_ENOMEM;
	status = cf_sha256(text, len, policy->digest);
	if (status == CF_OK)
		status = cf_yaml_tree_parse(text, len, file, diags, &root);
	if (status == CF_OK)
		status = from_tree(root, policy, diags);
	cf_yaml_tree_free(root);
	if (status != CF_OK) {
		cf_policy_free(policy);
		return status;
	}
	*policy_out = policy;
	return CF_OK;
}

enum cf_status cf_policy_read(
    const char *path, struct cf_policy **policy_out, struct cf_diags *diags)
{
	enum cf_status status;
	size_t len;
	char *text = cf_policy_read_text(path, &len, diags);

	if (text == NULL)
		return CF_EIO;
	status = cf_policy_parse(text, len, path, policy_out, diags);
	free(text);
	return status;
}

void cf_policy_free(struct cf_policy *policy)
{
	if (policy == NULL)
		return;
	for (size_t i = 0; i < policy->group_count; i++)
		free(policy->groups[i].prefixes);
	for (size_t i = 0; i < policy->preset_count; i++) {
		free((void *)policy->presets[i].groups); /* const is for readers only */
		free(policy->presets[i].owned_clients);
		free(policy->owned_edge);
	}
	for (size_t i = 0; i < policy->exception_count; i++) {
		free((void *)policy->exceptions[i].image.groups); /* const is for readers only */
		free((void *)policy->exceptions[i].image.types);
		free((void *)policy->exceptions[i].image.clients);
		free(policy->exceptions[i].names);
	}
	free(policy->presets);
	free(policy->groups);
	free(policy->exceptions);
	free(policy->names);
	free(policy->phases);
	free(policy->updates);
	if (policy->owned != NULL) {
		cf_yaml_tree_unload(&cf_policy_schema, policy->owned->text);
		free(policy->owned->file);
	}
	free(policy->owned);
	free(policy);
}
