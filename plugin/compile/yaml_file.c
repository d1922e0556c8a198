/* YAML through libcyaml, with lines through libyaml's document tree. */

#include "compile/yaml_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct cf_yaml {
	char *file;
	char *text;
	size_t len;
	yaml_document_t document;
	bool document_ready;
};

/* What libcyaml says while it fails: the reason first, then a backtrace, innermost first. */
struct complaint {
	char reason[256];
	char where[96];
	unsigned line;
};

/* libcyaml's messages come as "Load: Unexpected key: foo\n" and "  in mapping (line: 3, column:
 * 1)\n". */
__attribute__((format(printf, 3, 0))) static void take_log(
    cyaml_log_t level, void *context, const char *format, va_list args)
{
	struct complaint *complaint = context;
	char message[256], *at;
	size_t len;

	(void)level;
	(void)vsnprintf(message, sizeof message, format, args); /* cut if too long */
	len = strlen(message);
	while (len > 0 && isspace((unsigned char)message[len - 1]))
		message[--len] = '\0';
	at = message + strspn(message, " ");
	if (strncmp(at, "Load: ", 6) == 0)
		at += 6;
	if (strncmp(at, "Backtrace", 9) == 0)
		return;
	if (strncmp(at, "in ", 3) == 0) {
		const char *line = strstr(at, "(line: ");

		if (complaint->line == 0 && line != NULL) {
			complaint->line = (unsigned)strtoul(line + 7, NULL, 10);
			while (line > at && line[-1] == ' ')
				line--;
			(void)snprintf(complaint->where, sizeof complaint->where, "%.*s",
			    (int)(line - at), at); /* cut if too long */
		}
		return;
	}
	if (complaint->reason[0] == '\0') {
		(void)snprintf(complaint->reason, sizeof complaint->reason, "%s", at); /* cut */
		complaint->reason[0] = (char)tolower((unsigned char)complaint->reason[0]);
	}
}

static cyaml_config_t config_for(struct complaint *complaint)
{
	return (cyaml_config_t){
	    .log_fn = take_log,
	    .log_ctx = complaint,
	    .log_level = CYAML_LOG_WARNING,
	    .mem_fn = cyaml_mem,
	    .flags =
	        CYAML_CFG_NO_ALIAS, /* nobody needs anchors here, and they can grow without bound */
	};
}

static enum cf_status load_marks(struct cf_yaml *yaml, struct cf_diags *diags)
{
	yaml_parser_t parser;
	bool ok;

	if (yaml_parser_initialize(&parser) == 0)
		return CF_ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml->text, yaml->len);
	ok = yaml_parser_load(&parser, &yaml->document) != 0;
	if (ok)
		yaml->document_ready = true;
	else
		cf_diag_add(diags, CF_DIAG_ERROR, yaml->file,
		    (unsigned)parser.problem_mark.line + 1, NULL, "is no YAML: %s",
		    parser.problem == NULL ? "no memory" : parser.problem);
	yaml_parser_delete(&parser);
	return ok ? CF_OK : CF_EMALFORMED;
}

/* The line of the first scalar with this text, or 0: libcyaml gives the line before an unexpected
 * key. */
static unsigned line_of_scalar(const struct cf_yaml *yaml, const char *text)
{
	for (const yaml_node_t *node = yaml->document.nodes.start; node < yaml->document.nodes.top;
	     node++)
		if (node->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)node->data.scalar.value, text) == 0)
			return (unsigned)node->start_mark.line + 1;
	return 0;
}

/* Foreign bytes in libcyaml's words are made harmless here. */
static void report(const struct cf_yaml *yaml, const struct complaint *complaint, cyaml_err_t err,
    struct cf_diags *diags)
{
	char reason[sizeof complaint->reason];
	const char *from = complaint->reason[0] != '\0' ? complaint->reason : cyaml_strerror(err);
	unsigned line = complaint->line;
	size_t at = 0;

	if (strncmp(from, "unexpected key: ", 16) == 0 && line_of_scalar(yaml, from + 16) != 0)
		line = line_of_scalar(yaml, from + 16);
	for (; from[at] != '\0' && at + 1 < sizeof reason; at++)
		reason[at] = isprint((unsigned char)from[at]) ? from[at] : '?';
	reason[at] = '\0';
	cf_diag_add(diags, CF_DIAG_ERROR, yaml->file, line, NULL, "%s%s%s", reason,
	    complaint->where[0] != '\0' ? ", " : "", complaint->where);
}

/* Takes over text (malloc'ed, len bytes). */
static enum cf_status load(char *text, size_t len, const char *file,
    const cyaml_schema_value_t *schema, void **data_out, struct cf_yaml **yaml_out,
    struct cf_diags *diags)
{
	struct complaint complaint = {.line = 0};
	cyaml_config_t config = config_for(&complaint);
	struct cf_yaml *yaml = calloc(1, sizeof *yaml);
	cyaml_data_t *data = NULL;
	enum cf_status status = CF_ENOMEM;
	cyaml_err_t err;

	if (yaml == NULL) {
		free(text);
		return CF_ENOMEM;
	}
	yaml->text = text;
	yaml->len = len;
	yaml->file = strdup(file);
	if (yaml->file == NULL)
		goto out;
	status = load_marks(yaml, diags);
	if (status != CF_OK)
		goto out;
	status = CF_EMALFORMED;
	err = cyaml_load_data((const uint8_t *)text, len, &config, schema, &data, NULL);
	if (err != CYAML_OK) {
		report(yaml, &complaint, err, diags);
		goto out;
	}
	if (data == NULL) {
		cf_diag_add(diags, CF_DIAG_ERROR, file, 0, NULL, "is empty");
		goto out;
	}
	*data_out = data;
	*yaml_out = yaml;
	yaml = NULL;
	status = CF_OK;
out:
	cf_yaml_free(yaml, schema, NULL);
	return status;
}

enum cf_status cf_yaml_load_text(const char *text, size_t len, const char *file,
    const cyaml_schema_value_t *schema, void **data_out, struct cf_yaml **yaml_out,
    struct cf_diags *diags)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return CF_ENOMEM;
	if (len != 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return load(copy, len, file, schema, data_out, yaml_out, diags);
}

enum cf_status cf_yaml_load(const char *path, const cyaml_schema_value_t *schema, void **data_out,
    struct cf_yaml **yaml_out, struct cf_sha256 *digest, struct cf_diags *diags)
{
	char *text = malloc(CF_YAML_BYTES + 1);
	FILE *f = text == NULL ? NULL : fopen(path, "re");
	size_t len;
	bool failed;

	if (text == NULL)
		return CF_ENOMEM;
	if (f == NULL) {
		cf_diag_add(
		    diags, CF_DIAG_ERROR, path, 0, NULL, "cannot read: %s", strerror(errno));
		free(text);
		return CF_EIO;
	}
	len = fread(text, 1, CF_YAML_BYTES + 1, f);
	failed = ferror(f) != 0;
	(void)fclose(f); /* was only read */
	if (failed || len > CF_YAML_BYTES) {
		cf_diag_add(diags, CF_DIAG_ERROR, path, 0, NULL,
		    failed ? "cannot read" : "is larger than %d bytes", CF_YAML_BYTES);
		free(text);
		return failed ? CF_EIO : CF_ETOOBIG;
	}
	if (digest != NULL)
		cf_sha256_update(digest, text, len);
	return load(text, len, path, schema, data_out, yaml_out, diags);
}

void cf_yaml_free(struct cf_yaml *yaml, const cyaml_schema_value_t *schema, void *data)
{
	struct complaint complaint = {.line = 0};
	cyaml_config_t config = config_for(&complaint);

	if (data != NULL)
		(void)cyaml_free(&config, schema, data, 0); /* fails for bad arguments only */
	if (yaml == NULL)
		return;
	if (yaml->document_ready)
		yaml_document_delete(&yaml->document);
	free(yaml->file);
	free(yaml->text);
	free(yaml);
}

const char *cf_yaml_file(const struct cf_yaml *yaml)
{
	return yaml->file;
}

/* The value of key (len bytes) in a mapping node, or NULL. */
static yaml_node_t *find_key(
    yaml_document_t *document, const yaml_node_t *node, const char *key, size_t len)
{
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(document, pair->key);

		if (name != NULL && name->type == YAML_SCALAR_NODE &&
		    name->data.scalar.length == len &&
		    memcmp(name->data.scalar.value, key, len) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

static yaml_node_t *find_item(
    yaml_document_t *document, const yaml_node_t *node, unsigned long index)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return NULL;
	if (index >=
	    (unsigned long)(node->data.sequence.items.top - node->data.sequence.items.start))
		return NULL;
	return yaml_document_get_node(document, node->data.sequence.items.start[index]);
}

unsigned cf_yaml_line(const struct cf_yaml *yaml, const char *path)
{
	/* libyaml's accessors take no const; nothing is changed. */
	yaml_document_t *document = (yaml_document_t *)&yaml->document;
	const yaml_node_t *node = yaml_document_get_root_node(document), *next = node;

	while (next != NULL && *path != '\0') {
		node = next;
		if (*path == '[') {
			char *end;

			next = find_item(document, node, strtoul(path + 1, &end, 10));
			path = *end == ']' ? end + 1 : end;
		} else {
			size_t len;

			path += *path == '.';
			len = strcspn(path, ".[");
			next = find_key(document, node, path, len);
			path += len;
		}
	}
	if (next != NULL)
		node = next;
	return node == NULL ? 0 : (unsigned)node->start_mark.line + 1;
}
