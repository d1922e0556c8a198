/*
 * Small YAML files that people write, read through a libcyaml schema, with what libcyaml does not
 * give: the line of any value afterwards, so that a wrong meaning is reported as exactly as a wrong
 * shape.
 *
 * Schemas keep every scalar a string and leave its meaning to the reader, which can then report all
 * bad values at once; libcyaml stops at the first wrong shape (unknown key, missing key, list for
 * text).
 */
#pragma once

#include "base/sha256.h"
#include "compile/diag.h"

#include <cyaml/cyaml.h>
#include <stddef.h>

/* A file that was read: its path, its text and where its values stand. */
struct cf_yaml;

/*
 * Reads the file at path by schema (a CYAML_MAPPING with CYAML_FLAG_POINTER). *data_out is the
 * loaded structure and *yaml_out the file; free both with cf_yaml_free(). digest (may be NULL) is
 * updated with the bytes. CF_EIO, CF_ETOOBIG, CF_ENOMEM, CF_EMALFORMED, each with a diag; then
 * nothing is left behind.
 */
enum cf_status cf_yaml_load(const char *path, const cyaml_schema_value_t *schema, void **data_out,
    struct cf_yaml **yaml_out, struct cf_sha256 *digest, struct cf_diags *diags) CF_MUST_CHECK;

/* As above over len bytes of text (copied); file is for messages. */
enum cf_status cf_yaml_load_text(const char *text, size_t len, const char *file,
    const cyaml_schema_value_t *schema, void **data_out, struct cf_yaml **yaml_out,
    struct cf_diags *diags) CF_MUST_CHECK;

/* Frees the file and data (which may be NULL), loaded by schema. */
void cf_yaml_free(struct cf_yaml *yaml, const cyaml_schema_value_t *schema, void *data);

const char *cf_yaml_file(const struct cf_yaml *yaml);

/* The line of the value at a path such as "phases[1].from"; of the nearest thing above it that
 * exists. */
unsigned cf_yaml_line(const struct cf_yaml *yaml, const char *path);
