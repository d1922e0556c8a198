/*
 * What policy_read.c, policy_sections.c and policy_exceptions.c share while a policy is being read;
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

/* policy_exceptions.c: fills the policy's groups, then its presets and exceptions, whose clients
 * may add to the groups. */
void cf_policy_read_groups(struct cf_policy_reader *reader);

/* Who is meant by a list of clients. */
struct cf_policy_clients {
	uint32_t *groups; /* for free() */
	size_t group_count;
	char *text; /* as written, for free() */
	bool everybody;
};

/*
 * The groups of the clients in texts, which are the children of node; path is that of node. What
 * is refused is left out; without memory groups or text are NULL and reader says so.
 */
void cf_policy_read_clients(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, char *const *texts, unsigned count, struct cf_policy_clients *clients_out);

/* Refuses a vendor that the policy does not name. key is where it stands in node. */
bool cf_policy_vendor_is_known(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *vendor);
void cf_policy_read_exceptions(struct cf_policy_reader *reader);

/* Seconds of a duration text, or otherwise when there is none or it is refused. */
uint32_t cf_policy_duration(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const char *text, int64_t max_s, uint32_t otherwise);

/* policy_edge.c */
void cf_policy_read_edge(struct cf_policy_reader *reader);

/* policy_updates.c */
void cf_policy_read_updates(struct cf_policy_reader *reader);
/*
 * Where something signed comes from: places, keys, bounds of text, whose node it is, into *update;
 * all but the name of what it is.
 */
void cf_policy_read_source(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_update *text, struct cf_policy_update *update);

/* The whole file, at most one byte more than a policy may have; the caller's. NULL with a diag. */
char *cf_policy_read_text(const char *path, size_t *len_out, struct cf_diags *diags);
