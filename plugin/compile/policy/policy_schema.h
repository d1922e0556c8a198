/*
 * The shape of curfew.yaml as libcyaml loads it: texts as people wrote them, words as numbers.
 * compile/policy/policy_read.c gives them meaning. Only policy*.c and tests use this.
 */
#pragma once

#include "base/limits.h"
#include "image/category.h"

#include <stdbool.h>
#include <stdint.h>

struct cyaml_schema_value;

/* Made from "preset: name" and from each member of "preset: [...]". */
struct cf_policy_text_preset {
	char *name, *vendor;
	char **clients;
	unsigned clients_count;
};

struct cf_policy_text_phase {
	char *name, *from, *citation;
	char **vendors;
	unsigned vendors_count;
	uint32_t categories;
	enum cf_verdict verdict;
};

/* Made from "groups: {name: [prefixes]}". */
struct cf_policy_text_group {
	char *name;
	char **prefixes;
	unsigned prefixes_count;
};

struct cf_policy_text_exception {
	char **clients, **names, **types;
	unsigned clients_count, names_count, types_count;
	uint32_t categories;
	enum cf_verdict verdict;
	char *owner, *reason, *from, *until;
};

struct cf_policy_text_name {
	char *name, *vendor, *product, *source, *as_of, *note;
	enum cf_scope *scope; /* NULL: subtree */
	enum cf_category category;
};

struct cf_policy_text_answer {
	enum cf_answer kind;
	char *ttl, *ede;
	uint16_t *ede_code; /* NULL: 15 */
	char **sinkhole;
	unsigned sinkhole_count;
};

struct cf_policy_text_log {
	char *path, *fold, *alive, *privacy, *privacy_key_file, *sensor;
	bool syslog;
};

/* Made from "keys: line" and from each member of "keys: [...]". */
struct cf_policy_text_key {
	char *key, *from, *until;
};

struct cf_policy_text_update {
	char *pack, *timeout, *ca;
	char **places;
	struct cf_policy_text_key *keys;
	unsigned places_count, keys_count;
	uint32_t *max_shrink, *max_mib; /* NULL: not said */
};

struct cf_policy_text_baseline {
	enum cf_verdict *others; /* "default" */
	enum cf_verdict *by[CF_CATEGORIES];
};

/* Words as policy/egress_options.h reads them. */
struct cf_policy_text_edge {
	char *role, *refuse, *enforce, *dns, *dot, *doh, *fallback, *resolver_user, *log;
	char **resolvers, **never;
	unsigned resolvers_count, never_count;
	uint32_t *log_rate; /* NULL: not said */
};

/* NULL pointers and zero counts stand for what the file does not say. */
struct cf_policy_text {
	char **vendors;
	unsigned vendors_count;
	struct cf_policy_text_preset *presets;
	unsigned presets_count;
	struct cf_policy_text_baseline *baseline;
	struct cf_policy_text_phase *phases;
	struct cf_policy_text_answer *answer;
	struct cf_policy_text_group *groups;
	struct cf_policy_text_exception *exceptions;
	struct cf_policy_text_name *names;
	struct cf_policy_text_log *log;
	struct cf_policy_text_edge *edge;
	struct cf_policy_text_update *updates;
	unsigned phases_count, groups_count, exceptions_count, names_count, updates_count;
	uint32_t canaries; /* enum cf_canary */
	bool block_addresses, block_services;
};

/* The schema for cf_yaml_tree_load(); its data is a struct cf_policy_text. */
extern const struct cyaml_schema_value cf_policy_schema;

/* The schema of channel.yaml; its data is a struct cf_policy_text_update. */
extern const struct cyaml_schema_value cf_channel_schema;
