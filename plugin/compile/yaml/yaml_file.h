/*
 * A small YAML file that people write, read through a libcyaml schema (compile/yaml/yaml_load.h),
 * with the line of any value at hand afterwards, so that a wrong meaning is reported as exactly as
 * a wrong shape.
 *
 * Schemas keep every scalar a string and leave its meaning to the reader.
 */
#pragma once

#include "base/diag.h"
#include "base/sha256.h"

#include <stddef.h>

struct cyaml_schema_value;

/* A file that was read: its path and where its values stand. */
struct cf_yaml;

/*
 * Reads the file at path by schema (a CYAML_MAPPING with CYAML_FLAG_POINTER). *data_out is the
 * loaded structure and *yaml_out the file; free both with cf_yaml_free(). digest (may be NULL) is
 * updated with the bytes. CF_EIO, CF_ETOOBIG, CF_EINVALID, each with a diag, CF_ENOMEM; then
 * nothing is left behind.
 */
enum cf_status cf_yaml_load(const char *path, const struct cyaml_schema_value *schema,
    void **data_out, struct cf_yaml **yaml_out, struct cf_sha256 *digest,
    struct cf_diags *diags) CF_MUST_CHECK;

/* As above from len bytes of text; file is for messages. */
enum cf_status cf_yaml_load_text(const char *text, size_t len, const char *file,
    const struct cyaml_schema_value *schema, void **data_out, struct cf_yaml **yaml_out,
    struct cf_diags *diags) CF_MUST_CHECK;

/* Frees the file and data, loaded by schema; each may be NULL. */
void cf_yaml_free(struct cf_yaml *yaml, const struct cyaml_schema_value *schema, void *data);

const char *cf_yaml_file(const struct cf_yaml *yaml);

/* The line of the value at a path such as "phases[1].from"; of the nearest thing above it that
 * exists. */
unsigned cf_yaml_line(const struct cf_yaml *yaml, const char *path);
