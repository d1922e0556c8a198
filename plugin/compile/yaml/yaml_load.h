/*
 * From a tree to structures through a libcyaml schema, with every mistake reported.
 *
 * The schema is libcyaml's own; it is used twice. First we walk it beside the tree and report all
 * unknown and missing keys, wrong kinds and values out of range with file, line and key, saying
 * what was expected. A tree without mistakes is then rendered in plain form and loaded by libcyaml,
 * which so never sees outside text that we have not bounded. One value may stand where a list is
 * due. One thread.
 */
#pragma once

#include "base/diag.h"
#include "compile/yaml/yaml_tree.h"

struct cyaml_schema_value;

/*
 * Checks root against schema, a mapping with CYAML_FLAG_POINTER, and loads it. *data_out then
 * belongs to the caller, who frees it with cf_yaml_tree_unload(). Null values count as absent.
 * Lists of one value that were written without brackets are wrapped in the tree, so that it and the
 * data have the same shape afterwards. CF_EINVALID when anything was added to diags; CF_ENOMEM;
 * CF_EINTERNAL when libcyaml refuses what the check let pass.
 */
enum cf_status cf_yaml_tree_load(struct cf_yaml_node *root, const struct cyaml_schema_value *schema,
    const char *file, struct cf_diags *diags, void **data_out) CF_MUST_CHECK;

void cf_yaml_tree_unload(const struct cyaml_schema_value *schema, void *data);
