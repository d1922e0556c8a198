/*
 * Walks a libcyaml schema beside a tree, then lets libcyaml load the result. One file: the walk
 * beside the schema says what is wrong in words, and rendering is what makes libcyaml see the same
 * tree.
 */

#include "compile/yaml/yaml_load.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key as shown to people: "exceptions[2].until". Longer ones are cut. */
#define KEY_BYTES 128

struct check {
	const char *file;
	struct cf_diags *diags;
	enum cf_status status; /* CF_ENOMEM ends the walk */
};

static void check_value(struct check *check, struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key);

static void report(
    struct check *check, const struct cf_yaml_node *node, const char *key, const char *expected)
{
	static const char *const kinds[] = {"a single value", "a list", "a mapping"};
	char quoted[96];

	if (node->kind == CF_YAML_SCALAR)
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
		    "%s is not %s", cf_quote(node->text, strlen(node->text), quoted, sizeof quoted),
		    expected);
	else
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
		    "expected %s, found %s", expected, kinds[node->kind]);
}

/* Appends to a text of size bytes, cutting what does not fit. */
static void append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", more);
}

/* True when a and b differ by one changed, added, missing or swapped letter: a likely slip. */
static bool is_slip(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), head = 0, tail = 0;

	if (la > lb + 1 || lb > la + 1)
		return false;
	while (head < la && head < lb && a[head] == b[head])
		head++;
	while (tail < la - head && tail < lb - head && a[la - 1 - tail] == b[lb - 1 - tail])
		tail++;
	la -= head + tail;
	lb -= head + tail;
	return (la <= 1 && lb <= 1) ||
	    (la == 2 && lb == 2 && a[head] == b[head + 1] && a[head + 1] == b[head]);
}

static void report_unknown_key(struct check *check, const struct cf_yaml_node *node,
    const struct cyaml_schema_field *fields, const char *key)
{
	char known[256] = "";
	const char *meant = NULL;

	for (const struct cyaml_schema_field *f = fields; f->key != NULL; f++) {
		append(known, sizeof known, f == fields ? "" : ", ");
		append(known, sizeof known, f->key);
		if (is_slip(f->key, node->key))
			meant = f->key;
	}
	if (meant != NULL)
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
		    "unknown key; did you mean '%s'", meant);
	else
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
		    "unknown key; known here: %s", known);
}

static const struct cyaml_schema_field *find_field(
    const struct cyaml_schema_field *fields, const char *key)
{
	for (const struct cyaml_schema_field *f = fields; f->key != NULL; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

static void check_mapping(struct check *check, struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	const struct cyaml_schema_field *fields = schema->mapping.fields, *field;
	char below[KEY_BYTES];

	if (node->kind != CF_YAML_MAPPING) {
		report(check, node, key, "a mapping (key: value)");
		return;
	}
	for (struct cf_yaml_node *child = node->first; child != NULL; child = child->next) {
		snprintf(below, sizeof below, "%s%s%s", key, key[0] == '\0' ? "" : ".", child->key);
		field = find_field(fields, child->key);
		if (field == NULL)
			report_unknown_key(check, child, fields, below);
		else if (!cf_yaml_node_is_null(child))
			check_value(check, child, &field->value, below);
	}
	for (field = fields; field->key != NULL; field++) {
		struct cf_yaml_node *child = cf_yaml_node_find(node, field->key);

		if ((field->value.flags & CYAML_FLAG_OPTIONAL) == 0 &&
		    (child == NULL || cf_yaml_node_is_null(child)))
			cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
			    "misses '%s'", field->key);
	}
}

/* Turns a lone value into a list of that value, in place. */
static bool wrap(struct cf_yaml_node *node)
{
	struct cf_yaml_node *child = cf_yaml_node_new(node->kind, node->line, NULL, NULL);

	if (child == NULL)
		return false;
	child->quoted = node->quoted;
	child->text = node->text;
	child->child_count = node->child_count;
	child->first = node->first;
	child->last = node->last;
	node->kind = CF_YAML_SEQUENCE;
	node->text = NULL;
	node->child_count = 0;
	node->first = node->last = NULL;
	cf_yaml_node_append(node, child);
	return true;
}

/* Each value of the list, under the key with its place behind it. */
static void check_each(struct check *check, struct cf_yaml_node *list,
    const struct cyaml_schema_value *schema, const char *key,
    void (*check_one)(struct check *check, struct cf_yaml_node *node,
        const struct cyaml_schema_value *schema, const char *key))
{
	char below[KEY_BYTES];
	size_t i = 0;

	for (struct cf_yaml_node *child = list->first; child != NULL; child = child->next, i++) {
		snprintf(below, sizeof below, "%s[%zu]", key, i);
		check_one(check, child, schema, below);
	}
}

static void check_sequence(struct check *check, struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	if (node->kind != CF_YAML_SEQUENCE && !wrap(node)) {
		check->status = CF_ENOMEM;
		return;
	}
	if (node->child_count < schema->sequence.min || node->child_count > schema->sequence.max) {
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
		    "a list of %u to %u values is expected here, this one has %zu",
		    schema->sequence.min, schema->sequence.max, node->child_count);
		return;
	}
	check_each(check, node, schema->sequence.entry, key, check_value);
}

/* The words of an enumeration as "one of a, b, c", or the one that was probably meant. */
static void check_word(struct check *check, struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	char expected[320] = "one of: ";

	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		const char *word = schema->enumeration.strings[i].str;

		if (node->kind == CF_YAML_SCALAR && strcmp(word, node->text) == 0)
			return;
		append(expected, sizeof expected, i == 0 ? "" : ", ");
		append(expected, sizeof expected, word);
	}
	report(check, node, key, expected);
}

static void check_flags(struct check *check, struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	if (node->kind != CF_YAML_SEQUENCE && !wrap(node)) {
		check->status = CF_ENOMEM;
		return;
	}
	if (node->child_count == 0)
		cf_diag_add(
		    check->diags, CF_DIAG_ERROR, check->file, node->line, key, "the list is empty");
	check_each(check, node, schema, key, check_word);
}

static void check_string(struct check *check, const struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	size_t len;

	if (node->kind != CF_YAML_SCALAR) {
		report(check, node, key, "one value");
		return;
	}
	len = strlen(node->text);
	if (len < schema->string.min)
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key, "is empty");
	else if (len > schema->string.max)
		cf_diag_add(check->diags, CF_DIAG_ERROR, check->file, node->line, key,
		    "has %zu bytes, at most %u are allowed", len, schema->string.max);
}

static void check_unsigned(struct check *check, const struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	unsigned long long max =
	    schema->data_size >= 8 ? ~0ULL : (1ULL << (8 * schema->data_size)) - 1;
	char expected[64], *end;
	unsigned long long value;

	snprintf(expected, sizeof expected, "a whole number from 0 to %llu", max);
	if (node->kind != CF_YAML_SCALAR ||
	    strspn(node->text, "0123456789") != strlen(node->text) || node->text[0] == '\0') {
		report(check, node, key, expected);
		return;
	}
	errno = 0;
	value = strtoull(node->text, &end, 10);
	if (errno != 0 || value > max)
		report(check, node, key, expected);
}

/* libcyaml takes any word it does not know for true, so only these two get through. */
static void check_bool(struct check *check, const struct cf_yaml_node *node, const char *key)
{
	if (node->kind != CF_YAML_SCALAR ||
	    (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0 &&
	        strcmp(node->text, "yes") != 0 && strcmp(node->text, "no") != 0))
		report(check, node, key, "one of: true, false, yes, no");
}

static void check_value(struct check *check, struct cf_yaml_node *node,
    const struct cyaml_schema_value *schema, const char *key)
{
	if (check->status != CF_OK)
		return;
	switch (schema->type) {
	case CYAML_MAPPING:
		check_mapping(check, node, schema, key);
		break;
	case CYAML_SEQUENCE:
		check_sequence(check, node, schema, key);
		break;
	case CYAML_STRING:
		check_string(check, node, schema, key);
		break;
	case CYAML_UINT:
		check_unsigned(check, node, schema, key);
		break;
	case CYAML_BOOL:
		check_bool(check, node, key);
		break;
	case CYAML_ENUM:
		check_word(check, node, schema, key);
		break;
	case CYAML_FLAGS:
		check_flags(check, node, schema, key);
		break;
	case CYAML_IGNORE:
		break;
	case CYAML_INT:
	case CYAML_FLOAT:
	case CYAML_BITFIELD:
	case CYAML_SEQUENCE_FIXED:
	case CYAML__TYPE_COUNT:
		check->status = CF_EINTERNAL; /* no schema of ours uses these */
		break;
	}
}

static void render_text(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(to, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			fprintf(to, "\\x%02x", byte);
		else
			putc(byte, to);
	}
	putc('"', to);
}

/* Writes the tree as YAML's plainest form, without what is null. */
static void render(FILE *to, const struct cf_yaml_node *node)
{
	bool first = true;

	if (node->kind == CF_YAML_SCALAR) {
		render_text(to, node->text);
		return;
	}
	putc(node->kind == CF_YAML_MAPPING ? '{' : '[', to);
	for (const struct cf_yaml_node *child = node->first; child != NULL; child = child->next) {
		if (node->kind == CF_YAML_MAPPING && cf_yaml_node_is_null(child))
			continue;
		fputs(first ? "" : ",\n", to);
		first = false;
		if (node->kind == CF_YAML_MAPPING) {
			render_text(to, child->key);
			fputs(": ", to);
		}
		render(to, child); /* at most CF_YAML_DEPTH deep */
	}
	putc(node->kind == CF_YAML_MAPPING ? '}' : ']', to);
}

/* Keeps libcyaml's last word, for the error that should never come. */
static void CF_PRINTF(3, 0)
    keep_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
	char *text = context;

	(void)level;
	vsnprintf(text, CF_ERROR_TEXT_BYTES, format, args);
	text[strcspn(text, "\n")] = '\0';
}

static cyaml_config_t config_with(char *text)
{
	return (cyaml_config_t){
	    .log_fn = keep_log,
	    .log_ctx = text,
	    .log_level = CYAML_LOG_WARNING,
	    .mem_fn = cyaml_mem,
	    .flags = CYAML_CFG_NO_ALIAS,
	};
}

static enum cf_status load(const char *text, size_t len, const struct cyaml_schema_value *schema,
    const char *file, struct cf_diags *diags, void **data_out)
{
	char why[CF_ERROR_TEXT_BYTES] = "";
	cyaml_config_t config = config_with(why);
	cyaml_data_t *data = NULL;
	cyaml_err_t result =
	    cyaml_load_data((const uint8_t *)text, len, &config, schema, &data, NULL);

	/* What we rendered is YAML, so libyaml can only have run out of memory. */
	if (result == CYAML_ERR_OOM || result == CYAML_ERR_LIBYAML_PARSER ||
	    result == CYAML_ERR_LIBYAML_PARSER_INIT || result == CYAML_ERR_LIBYAML_EVENT_INIT)
		return CF_ENOMEM;
	if (result != CYAML_OK) {
		cf_diag_add(diags, CF_DIAG_ERROR, file, 0, NULL, "libcyaml: %s (%s)",
		    cyaml_strerror(result), why);
		return CF_EINTERNAL;
	}
	*data_out = data;
	return CF_OK;
}

enum cf_status cf_yaml_tree_load(struct cf_yaml_node *root, const struct cyaml_schema_value *schema,
    const char *file, struct cf_diags *diags, void **data_out)
{
	struct check check = {.file = file, .diags = diags, .status = CF_OK};
	size_t errors = diags->errors, len = 0;
	enum cf_status status;
	char *text = NULL;
	FILE *to;

	check_value(&check, root, schema, "");
	if (check.status != CF_OK)
		return check.status;
	if (diags->errors != errors)
		return CF_EINVALID;
	to = open_memstream(&text, &len);
	if (to == NULL)
		return CF_ENOMEM;
	render(to, root);
	/* A memory stream that could not grow says so here or there, or not at all. */
	status = ferror(to) != 0 ? CF_ENOMEM : CF_OK;
	if (fclose(to) != 0 || text == NULL)
		status = CF_ENOMEM;
	if (status == CF_OK)
		status = load(text, len, schema, file, diags, data_out);
	free(text);
	return status;
}

void cf_yaml_tree_unload(const struct cyaml_schema_value *schema, void *data)
{
	char why[CF_ERROR_TEXT_BYTES];
	cyaml_config_t config = config_with(why);

	if (data != NULL)
		(void)cyaml_free(&config, schema, data, 0); /* fails only on a bad schema of ours */
}
