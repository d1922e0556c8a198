/* The libcyaml schema of curfew.yaml; curfew.yaml(5) explains each key to people. */

#include "compile/policy/policy_schema.h"

#include "compile/policy/policy.h"
#include "policy/egress_options.h"

#include <cyaml/cyaml.h>

#define OPTIONAL  CYAML_FLAG_OPTIONAL
#define REQUIRED  CYAML_FLAG_DEFAULT
#define STRICT    CYAML_FLAG_STRICT
#define COUNT(of) (sizeof(of) / sizeof(of)[0])

/* Longest owner, reason, citation or path, bytes. */
#define TEXT_MAX 512

static const cyaml_strval_t verdict_words[] = {
    {"pass", CF_VERDICT_PASS},
    {"flag", CF_VERDICT_FLAG},
    {"block", CF_VERDICT_BLOCK},
};

static const cyaml_strval_t answer_words[] = {
    {"nxdomain", CF_ANSWER_NXDOMAIN},
    {"nodata", CF_ANSWER_NODATA},
    {"sinkhole", CF_ANSWER_SINKHOLE},
    {"refused", CF_ANSWER_REFUSED},
    {"drop", CF_ANSWER_DROP},
};

static const cyaml_strval_t scope_words[] = {
    {"exact", CF_SCOPE_EXACT},
    {"subtree", CF_SCOPE_SUBTREE},
    {"below", CF_SCOPE_BELOW},
};

/* Both tables below list every category; tests/compile/policy/test_policy.c compares them with
 * category.h.
 */
static const cyaml_strval_t category_words[] = {
    {"updates", CF_CATEGORY_UPDATES},
    {"telemetry", CF_CATEGORY_TELEMETRY},
    {"activation", CF_CATEGORY_ACTIVATION},
    {"cloud-console", CF_CATEGORY_CLOUD_CONSOLE},
    {"web-account", CF_CATEGORY_WEB_ACCOUNT},
    {"sales", CF_CATEGORY_SALES},
    {"corporate", CF_CATEGORY_CORPORATE},
    {"pki", CF_CATEGORY_PKI},
    {"product-service", CF_CATEGORY_PRODUCT_SERVICE},
    {"informational", CF_CATEGORY_INFORMATIONAL},
    {"local-injection", CF_CATEGORY_LOCAL_INJECTION},
    {"lookalike", CF_CATEGORY_LOOKALIKE},
};

static const cyaml_strval_t category_bits[] = {
    {"updates", 1 << CF_CATEGORY_UPDATES},
    {"telemetry", 1 << CF_CATEGORY_TELEMETRY},
    {"activation", 1 << CF_CATEGORY_ACTIVATION},
    {"cloud-console", 1 << CF_CATEGORY_CLOUD_CONSOLE},
    {"web-account", 1 << CF_CATEGORY_WEB_ACCOUNT},
    {"sales", 1 << CF_CATEGORY_SALES},
    {"corporate", 1 << CF_CATEGORY_CORPORATE},
    {"pki", 1 << CF_CATEGORY_PKI},
    {"product-service", 1 << CF_CATEGORY_PRODUCT_SERVICE},
    {"informational", 1 << CF_CATEGORY_INFORMATIONAL},
    {"local-injection", 1 << CF_CATEGORY_LOCAL_INJECTION},
    {"lookalike", 1 << CF_CATEGORY_LOOKALIKE},
    {"all", (1 << CF_CATEGORIES) - 1},
};

static const cyaml_strval_t canary_bits[] = {
    {"firefox", CF_CANARY_FIREFOX},
    {"private-relay", CF_CANARY_PRIVATE_RELAY},
    {"ddr", CF_CANARY_DDR},
};

static const struct cyaml_schema_value text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TEXT_MAX),
};

#define TEXT(key, flags, structure, member) \
	CYAML_FIELD_STRING_PTR(key, (flags) | CYAML_FLAG_POINTER, structure, member, 1, TEXT_MAX)
#define TEXTS(key, flags, structure, member, max) \
	CYAML_FIELD_SEQUENCE( \
	    key, (flags) | CYAML_FLAG_POINTER, structure, member, &text_value, 1, max)
#define VERDICT(key, flags, structure, member) \
	CYAML_FIELD_ENUM( \
	    key, (flags) | STRICT, structure, member, verdict_words, COUNT(verdict_words))
#define BITS(key, flags, structure, member) \
	CYAML_FIELD_FLAGS( \
	    key, (flags) | STRICT, structure, member, category_bits, COUNT(category_bits))

static const struct cyaml_schema_field preset_fields[] = {
    TEXT("name", REQUIRED, struct cf_policy_text_preset, name),
    TEXT("vendor", OPTIONAL, struct cf_policy_text_preset, vendor),
    TEXTS("clients", OPTIONAL, struct cf_policy_text_preset, clients, CF_GROUPS),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value preset_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_preset, preset_fields),
};

static const struct cyaml_schema_field phase_fields[] = {
    TEXT("name", REQUIRED, struct cf_policy_text_phase, name),
    TEXT("from", REQUIRED, struct cf_policy_text_phase, from),
    BITS("categories", REQUIRED, struct cf_policy_text_phase, categories),
    VERDICT("verdict", REQUIRED, struct cf_policy_text_phase, verdict),
    TEXT("citation", OPTIONAL, struct cf_policy_text_phase, citation),
    TEXTS("vendor", OPTIONAL, struct cf_policy_text_phase, vendors, CF_VENDORS),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value phase_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_phase, phase_fields),
};

static const struct cyaml_schema_field group_fields[] = {
    TEXT("name", REQUIRED, struct cf_policy_text_group, name),
    TEXTS("prefixes", REQUIRED, struct cf_policy_text_group, prefixes, CF_GROUP_PREFIXES),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value group_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_group, group_fields),
};

static const struct cyaml_schema_field exception_fields[] = {
    TEXTS("clients", REQUIRED, struct cf_policy_text_exception, clients, CF_GROUPS),
    BITS("categories", OPTIONAL, struct cf_policy_text_exception, categories),
    TEXTS("names", OPTIONAL, struct cf_policy_text_exception, names, CF_EXCEPTION_NAMES),
    TEXTS("types", OPTIONAL, struct cf_policy_text_exception, types, CF_EXCEPTION_TYPES),
    VERDICT("verdict", REQUIRED, struct cf_policy_text_exception, verdict),
    TEXT("owner", REQUIRED, struct cf_policy_text_exception, owner),
    TEXT("reason", REQUIRED, struct cf_policy_text_exception, reason),
    TEXT("from", OPTIONAL, struct cf_policy_text_exception, from),
    TEXT("until", OPTIONAL, struct cf_policy_text_exception, until),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value exception_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_exception, exception_fields),
};

static const struct cyaml_schema_field name_fields[] = {
    TEXT("name", REQUIRED, struct cf_policy_text_name, name),
    CYAML_FIELD_ENUM_PTR("scope", OPTIONAL | STRICT, struct cf_policy_text_name, scope, scope_words,
        COUNT(scope_words)),
    CYAML_FIELD_ENUM("category", STRICT, struct cf_policy_text_name, category, category_words,
        COUNT(category_words)),
    TEXT("vendor", OPTIONAL, struct cf_policy_text_name, vendor),
    TEXT("product", OPTIONAL, struct cf_policy_text_name, product),
    TEXT("source", OPTIONAL, struct cf_policy_text_name, source),
    TEXT("as-of", OPTIONAL, struct cf_policy_text_name, as_of),
    TEXT("note", OPTIONAL, struct cf_policy_text_name, note),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value name_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_name, name_fields),
};

static const struct cyaml_schema_field answer_fields[] = {
    CYAML_FIELD_ENUM("kind", OPTIONAL | STRICT, struct cf_policy_text_answer, kind, answer_words,
        COUNT(answer_words)),
    TEXT("ttl", OPTIONAL, struct cf_policy_text_answer, ttl),
    CYAML_FIELD_STRING_PTR("ede", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text_answer, ede,
        0, CF_EDE_TEXT_BYTES - 1),
    CYAML_FIELD_UINT_PTR("ede-code", OPTIONAL, struct cf_policy_text_answer, ede_code),
    TEXTS("sinkhole", OPTIONAL, struct cf_policy_text_answer, sinkhole, 2),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field log_fields[] = {
    TEXT("path", OPTIONAL, struct cf_policy_text_log, path),
    TEXT("fold", OPTIONAL, struct cf_policy_text_log, fold),
    TEXT("alive", OPTIONAL, struct cf_policy_text_log, alive),
    TEXT("privacy", OPTIONAL, struct cf_policy_text_log, privacy),
    TEXT("privacy-key-file", OPTIONAL, struct cf_policy_text_log, privacy_key_file),
    TEXT("sensor", OPTIONAL, struct cf_policy_text_log, sensor),
    CYAML_FIELD_BOOL("syslog", OPTIONAL, struct cf_policy_text_log, syslog),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field key_fields[] = {
    TEXT("key", REQUIRED, struct cf_policy_text_key, key),
    TEXT("from", OPTIONAL, struct cf_policy_text_key, from),
    TEXT("until", OPTIONAL, struct cf_policy_text_key, until),
    CYAML_FIELD_END,
};
static const struct cyaml_schema_value key_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_key, key_fields),
};

/* Of something that is fetched and signed; name: the key that says what it is. */
#define SOURCE_FIELDS(name) \
	TEXT(name, REQUIRED, struct cf_policy_text_update, pack), \
	    TEXTS("from", REQUIRED, struct cf_policy_text_update, places, CF_UPDATE_PLACES), \
	    CYAML_FIELD_SEQUENCE("keys", REQUIRED | CYAML_FLAG_POINTER, \
	        struct cf_policy_text_update, keys, &key_value, 1, CF_UPDATE_KEYS), \
	    CYAML_FIELD_UINT_PTR( \
	        "max-shrink", OPTIONAL, struct cf_policy_text_update, max_shrink), \
	    CYAML_FIELD_UINT_PTR("max-mib", OPTIONAL, struct cf_policy_text_update, max_mib), \
	    TEXT("timeout", OPTIONAL, struct cf_policy_text_update, timeout), \
	    TEXT("ca", OPTIONAL, struct cf_policy_text_update, ca), CYAML_FIELD_END
static const struct cyaml_schema_field update_fields[] = {SOURCE_FIELDS("pack")};
static const struct cyaml_schema_value update_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cf_policy_text_update, update_fields),
};

static const struct cyaml_schema_field channel_fields[] = {SOURCE_FIELDS("channel")};
const struct cyaml_schema_value cf_channel_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct cf_policy_text_update, channel_fields),
};

static const struct cyaml_schema_field edge_fields[] = {
    TEXT("role", OPTIONAL, struct cf_policy_text_edge, role),
    TEXT("refuse", OPTIONAL, struct cf_policy_text_edge, refuse),
    TEXT("enforce", OPTIONAL, struct cf_policy_text_edge, enforce),
    TEXT("dns", OPTIONAL, struct cf_policy_text_edge, dns),
    TEXT("dot", OPTIONAL, struct cf_policy_text_edge, dot),
    TEXT("doh", OPTIONAL, struct cf_policy_text_edge, doh),
    TEXT("fallback", OPTIONAL, struct cf_policy_text_edge, fallback),
    TEXTS("resolver", OPTIONAL, struct cf_policy_text_edge, resolvers, CF_EGRESS_ADDRS),
    TEXT("resolver-user", OPTIONAL, struct cf_policy_text_edge, resolver_user),
    TEXTS("never", OPTIONAL, struct cf_policy_text_edge, never, CF_EGRESS_ADDRS),
    TEXT("log", OPTIONAL, struct cf_policy_text_edge, log),
    CYAML_FIELD_UINT_PTR("log-rate", OPTIONAL, struct cf_policy_text_edge, log_rate),
    CYAML_FIELD_END,
};

#define BASELINE(word, member) \
	CYAML_FIELD_ENUM_PTR(word, OPTIONAL | STRICT, struct cf_policy_text_baseline, member, \
	    verdict_words, COUNT(verdict_words))
static const struct cyaml_schema_field baseline_fields[] = {
    BASELINE("default", others),
    BASELINE("updates", by[CF_CATEGORY_UPDATES]),
    BASELINE("telemetry", by[CF_CATEGORY_TELEMETRY]),
    BASELINE("activation", by[CF_CATEGORY_ACTIVATION]),
    BASELINE("cloud-console", by[CF_CATEGORY_CLOUD_CONSOLE]),
    BASELINE("web-account", by[CF_CATEGORY_WEB_ACCOUNT]),
    BASELINE("sales", by[CF_CATEGORY_SALES]),
    BASELINE("corporate", by[CF_CATEGORY_CORPORATE]),
    BASELINE("pki", by[CF_CATEGORY_PKI]),
    BASELINE("product-service", by[CF_CATEGORY_PRODUCT_SERVICE]),
    BASELINE("informational", by[CF_CATEGORY_INFORMATIONAL]),
    BASELINE("local-injection", by[CF_CATEGORY_LOCAL_INJECTION]),
    BASELINE("lookalike", by[CF_CATEGORY_LOOKALIKE]),
    CYAML_FIELD_END,
};

static const struct cyaml_schema_field policy_fields[] = {
    TEXTS("vendor", REQUIRED, struct cf_policy_text, vendors, CF_VENDORS),
    CYAML_FIELD_SEQUENCE("preset", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text, presets,
        &preset_value, 1, CF_SCHEDULES),
    CYAML_FIELD_MAPPING_PTR("baseline", OPTIONAL, struct cf_policy_text, baseline, baseline_fields),
    CYAML_FIELD_SEQUENCE("phases", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text, phases,
        &phase_value, 0, CF_PHASES),
    CYAML_FIELD_MAPPING_PTR("answer", OPTIONAL, struct cf_policy_text, answer, answer_fields),
    CYAML_FIELD_SEQUENCE("groups", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text, groups,
        &group_value, 0, CF_GROUPS),
    CYAML_FIELD_SEQUENCE("exceptions", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text,
        exceptions, &exception_value, 0, CF_EXCEPTIONS),
    CYAML_FIELD_SEQUENCE("names", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text, names,
        &name_value, 0, CF_POLICY_NAMES),
    CYAML_FIELD_FLAGS("canaries", OPTIONAL | STRICT, struct cf_policy_text, canaries, canary_bits,
        COUNT(canary_bits)),
    CYAML_FIELD_MAPPING_PTR("log", OPTIONAL, struct cf_policy_text, log, log_fields),
    CYAML_FIELD_MAPPING_PTR("egress", OPTIONAL, struct cf_policy_text, edge, edge_fields),
    CYAML_FIELD_SEQUENCE("updates", OPTIONAL | CYAML_FLAG_POINTER, struct cf_policy_text, updates,
        &update_value, 0, CF_VENDORS),
    CYAML_FIELD_BOOL("block-addresses", OPTIONAL, struct cf_policy_text, block_addresses),
    CYAML_FIELD_BOOL("block-services", OPTIONAL, struct cf_policy_text, block_services),
    CYAML_FIELD_END,
};

const struct cyaml_schema_value cf_policy_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct cf_policy_text, policy_fields),
};
