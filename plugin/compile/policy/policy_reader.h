/*
 * What policy.c, policy_sections.c and policy_exceptions.c share while a policy is being read;
 * nobody else includes it.
 */
#pragma once

#include "compile/policy/policy.h"
#include "compile/policy/policy_schema.h"
#include "compile/yaml/yaml_tree.h"

/* status is CF_ENOMEM once an allocation failed; mistakes of the file are in diags alone. */
struct cf_policy_reader {
	struct cf_policy *policy;
	const struct cf_policy_text *text;
	const struct cf_yaml_node *root; /* same shape as text */
	struct cf_diags *diags;
	enum cf_status status;
};

/* Adds an error about the child key of node, or about node itself when key is NULL. */
void cf_policy_refuse(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *format, ...) CF_PRINTF(5, 6);

/* The line of the child key of node, of node itself when there is none. */
unsigned cf_policy_line(const struct cf_yaml_node *node, const char *key);

/* calloc() that notes the failure in reader; NULL for a count of 0 too. */
void *cf_policy_alloc(struct cf_policy_reader *reader, size_t count, size_t size);

/* Parses the instant text of key in node; otherwise stays when text is NULL or refused. */
void cf_policy_instant(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *text, int64_t *wall_s_inout);

/* policy_sections.c: fills the policy, everything in it. */
void cf_policy_read_sections(struct cf_policy_reader *reader);

/* policy_exceptions.c: fills the policy's groups, then its exceptions. */
void cf_policy_read_groups(struct cf_policy_reader *reader);
void cf_policy_read_exceptions(struct cf_policy_reader *reader);
