/* YAML files by schema, with lines. */

#include "compile/yaml/yaml_file.h"

#include "base/input_file.h"
#include "compile/yaml/yaml_load.h"
#include "compile/yaml/yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cf_yaml {
	char *file;
	struct cf_yaml_node *root;
};

enum cf_status cf_yaml_load_text(const char *text, size_t len, const char *file,
    const struct cyaml_schema_value *schema, void **data_out, struct cf_yaml **yaml_out,
    struct cf_diags *diags)
{
	struct cf_yaml *yaml = calloc(1, sizeof *yaml);
	enum cf_status status = CF_ENOMEM;

	if (yaml == NULL)
		return CF_ENOMEM;
	yaml->file = strdup(file);
	if (yaml->file != NULL)
		status = cf_yaml_tree_parse(text, len, file, diags, &yaml->root);
	if (status == CF_OK)
		status = cf_yaml_tree_load(yaml->root, schema, file, diags, data_out);
	if (status != CF_OK) {
		cf_yaml_free(yaml, schema, NULL);
		return status;
	}
	*yaml_out = yaml;
	return CF_OK;
}

/* Up to CF_YAML_BYTES of the file at path; a diag says why not. */
static enum cf_status read_file(
    const char *path, char *text, size_t *len_out, struct cf_diags *diags)
{
	struct cf_error error;
	FILE *from = NULL;
	enum cf_status status = cf_input_open_stream(path, &from, &error);
	size_t len;

	if (status != CF_OK) {
		cf_diag_add(diags, CF_DIAG_ERROR, path, 0, NULL, "%s", error.text);
		return CF_EIO;
	}
	len = fread(text, 1, (size_t)CF_YAML_BYTES + 1, from);
	if (ferror(from) != 0) {
		cf_diag_add(
		    diags, CF_DIAG_ERROR, path, 0, NULL, "cannot read: %s", strerror(errno));
		status = CF_EIO;
	} else if (len > CF_YAML_BYTES) {
		cf_diag_add(
		    diags, CF_DIAG_ERROR, path, 0, NULL, "is larger than %d bytes", CF_YAML_BYTES);
		status = CF_ETOOBIG;
	}
	(void)fclose(from); /* was only read */
	*len_out = len;
	return status;
}

enum cf_status cf_yaml_load(const char *path, const struct cyaml_schema_value *schema,
    void **data_out, struct cf_yaml **yaml_out, struct cf_sha256 *digest, struct cf_diags *diags)
{
	char *text = malloc((size_t)CF_YAML_BYTES + 1);
	enum cf_status status;
	size_t len = 0;

	if (text == NULL)
		return CF_ENOMEM;
	status = read_file(path, text, &len, diags);
	if (status == CF_OK && digest != NULL)
		cf_sha256_update(digest, text, len);
	if (status == CF_OK)
		status = cf_yaml_load_text(text, len, path, schema, data_out, yaml_out, diags);
	free(text);
	return status;
}

void cf_yaml_free(struct cf_yaml *yaml, const struct cyaml_schema_value *schema, void *data)
{
	if (data != NULL)
		cf_yaml_tree_unload(schema, data);
	if (yaml == NULL)
		return;
	cf_yaml_tree_free(yaml->root);
	free(yaml->file);
	free(yaml);
}

const char *cf_yaml_file(const struct cf_yaml *yaml)
{
	return yaml->file;
}

/* Child number index of a sequence, or NULL. */
static const struct cf_yaml_node *find_item(const struct cf_yaml_node *node, unsigned long index)
{
	const struct cf_yaml_node *child = node->kind == CF_YAML_SEQUENCE ? node->first : NULL;

	while (child != NULL && index-- > 0)
		child = child->next;
	return child;
}

/* The value of the key of len bytes in a mapping, or NULL. */
static const struct cf_yaml_node *find_key(
    const struct cf_yaml_node *node, const char *key, size_t len)
{
	const struct cf_yaml_node *child = node->kind == CF_YAML_MAPPING ? node->first : NULL;

	while (child != NULL && (strncmp(child->key, key, len) != 0 || child->key[len] != '\0'))
		child = child->next;
	return child;
}

unsigned cf_yaml_line(const struct cf_yaml *yaml, const char *path)
{
	const struct cf_yaml_node *node = yaml->root, *next = node;

	if (node == NULL)
		return 0;
	while (next != NULL && *path != '\0') {
		node = next;
		if (*path == '[') {
			char *end;

			next = find_item(node, strtoul(path + 1, &end, 10));
			path = *end == ']' ? end + 1 : end;
		} else {
			size_t len;

			path += *path == '.';
			len = strcspn(path, ".[");
			next = find_key(node, path, len);
			path += len;
		}
	}
	return next != NULL ? next->line : node->line;
}
