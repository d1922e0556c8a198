/* What the readers of a policy's parts share: complaints with their line, memory, instants. */

#include "compile/policy/policy_reader.h"

#include "base/input_file.h"
#include "base/instant.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cf_policy_refuse(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES], full[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(full, sizeof full, "%s%s%s", path, path[0] == '\0' || key == NULL ? "" : ".",
	    key == NULL ? "" : key);
	cf_diag_add(reader->diags, CF_DIAG_ERROR, reader->policy->file, cf_policy_line(node, key),
	    full, "%s", text);
}

unsigned cf_policy_line(const struct cf_yaml_node *node, const char *key)
{
	const struct cf_yaml_node *child = key == NULL ? NULL : cf_yaml_node_find(node, key);

	return child == NULL ? node->line : child->line;
}

void *cf_policy_alloc(struct cf_policy_reader *reader, size_t count, size_t size)
{
	void *memory;

	if (count == 0)
		return NULL;
	memory = calloc(count, size);
	if (memory == NULL)
		reader->status = CF_ENOMEM;
	return memory;
}

void cf_policy_instant(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *text, int64_t *wall_s_inout)
{
	char quoted[80];
	enum cf_status status;

	if (text == NULL)
		return;
	status = cf_instant_parse(text, wall_s_inout);
	if (status == CF_OK)
		return;
	cf_quote(text, strlen(text), quoted, sizeof quoted);
	if (status == CF_EINVALID)
		cf_policy_refuse(reader, node, path, key,
		    "%s has no offset, so nobody knows when it is; write Z for UTC or an offset "
		    "such as "
		    "-04:00 behind it",
		    quoted);
	else
		cf_policy_refuse(reader, node, path, key,
		    "%s is not an instant such as 2024-09-29T00:00:00-04:00", quoted);
}

uint32_t cf_policy_duration(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *text, int64_t max_s, uint32_t otherwise)
{
	char quoted[64];
	int64_t seconds;

	if (text == NULL)
		return otherwise;
	if (cf_duration_parse(text, &seconds) == CF_OK && seconds <= max_s)
		return (uint32_t)seconds;
	cf_policy_refuse(reader, node, path, key,
	    "%s is not a duration such as 60s, 5m or 1h, of at most %lld s",
	    cf_quote(text, strlen(text), quoted, sizeof quoted), (long long)max_s);
	return otherwise;
}

bool cf_policy_vendor_is_known(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *vendor)
{
	const struct cf_policy *policy = reader->policy;
	char quoted[80];

	for (size_t i = 0; i < policy->vendor_count; i++)
		if (strcmp(policy->vendors[i], vendor) == 0)
			return true;
	cf_policy_refuse(reader, node, path, key, "%s is not among the vendors of this policy",
	    cf_quote(vendor, strlen(vendor), quoted, sizeof quoted));
	return false;
}

char *cf_policy_read_text(const char *path, size_t *len_out, struct cf_diags *diags)
{
	char *text = malloc(CF_POLICY_BYTES + 1);
	struct cf_error error;
	FILE *from = NULL;

	if (text != NULL && cf_input_open_stream(path, &from, &error) != CF_OK) {
		cf_diag_add(diags, CF_DIAG_ERROR, path, 0, NULL, "%s", error.text);
		free(text);
		return NULL;
	}
	if (from != NULL) {
		errno = 0;
		*len_out = fread(text, 1, CF_POLICY_BYTES + 1, from);
		if (!ferror(from)) {
			(void)fclose(from); /* was only read */
			return text;
		}
		(void)fclose(from);
	}
	cf_diag_add(diags, CF_DIAG_ERROR, path, 0, NULL, "cannot read it: %s", strerror(errno));
	free(text);
	return NULL;
}
