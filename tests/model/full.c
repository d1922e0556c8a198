/* One of everything. */

#include "full.h"

#include <netinet/in.h>
#include <string.h>

static enum cf_status add_name(struct cf_image_builder *builder, const char *text,
    enum cf_scope scope, enum cf_category category, uint32_t line)
{
	struct cf_image_attr attr = {.category = category,
	    .confidence = CF_CONFIDENCE_DOCUMENTED,
	    .list = "kaspersky",
	    .product = "KES",
	    .source = "the vendor's page",
	    .as_of = "2026-06-17",
	    .note = NULL,
	    .file = "names.tsv"};
	struct cf_name name;
	enum cf_status status = cf_name_from_text(text, strlen(text), &name);

	return status == CF_OK ? cf_image_builder_add_name(builder, &name, scope, &attr, line)
	                       : status;
}

static enum cf_status add_names(struct cf_image_builder *builder)
{
	enum cf_status status =
	    add_name(builder, "kaspersky.com", CF_SCOPE_SUBTREE, CF_CATEGORY_CORPORATE, 2);

	if (status == CF_OK)
		status = add_name(
		    builder, "upd.kaspersky.com", CF_SCOPE_SUBTREE, CF_CATEGORY_UPDATES, 3);
	if (status == CF_OK)
		status = add_name(builder, "kaspersky.com", CF_SCOPE_EXACT, CF_CATEGORY_SALES, 4);
	if (status == CF_OK)
		status = add_name(builder, "support.kaspersky.com", CF_SCOPE_SUBTREE,
		    CF_CATEGORY_INFORMATIONAL, 5);
	return status;
}

static enum cf_status add_network(
    struct cf_image_builder *builder, const char *text, uint32_t line, int64_t until_wall_s)
{
	struct cf_network network = {.kind = CF_NETWORK_DEDICATED,
	    .category = CF_CATEGORY_TELEMETRY,
	    .confidence = CF_CONFIDENCE_LISTED,
	    .asn = 200107,
	    .org = "Kaspersky Lab",
	    .list = "kaspersky",
	    .source = "routes",
	    .as_of = "2026-06-17",
	    .note = "n",
	    .file = "networks.tsv",
	    .line = line,
	    .until_wall_s = until_wall_s};
	enum cf_status status = cf_prefix_parse(text, &network.prefix);

	return status == CF_OK ? cf_image_builder_add_network(builder, &network) : status;
}

static enum cf_status add_others(struct cf_image_builder *builder)
{
	struct cf_signature signature = {.kind = "body-magic",
	    .match = "prefix",
	    .value = "KLZF",
	    .category = CF_CATEGORY_UPDATES,
	    .product = "p",
	    .source = "s",
	    .file = "signatures.tsv",
	    .line = 7};
	struct cf_port port = {.role = "ksn-proxy",
	    .direction = "lan",
	    .proto = IPPROTO_TCP,
	    .first = 13111,
	    .last = 13112,
	    .category = CF_CATEGORY_TELEMETRY,
	    .file = "ports.tsv",
	    .line = 8};
	struct cf_resolver resolver = {.role = "fallback",
	    .order = 1,
	    .operator_name = "Google",
	    .name = "dns.google",
	    .addr = cf_addr_v4((const uint8_t[]){8, 8, 8, 8})};
	enum cf_status status = add_network(builder, "77.74.176.0/21", 2, INT64_MAX);

	if (status == CF_OK)
		status = add_network(builder, "77.74.178.0/24", 3, 1800000000);
	if (status == CF_OK)
		status = add_network(builder, "2a03:2480:68::/47", 4, INT64_MAX);
	if (status == CF_OK)
		status =
		    cf_image_builder_add_asn(builder, 0, 200107, "Kaspersky Lab Switzerland GmbH");
	if (status == CF_OK)
		status = cf_image_builder_add_asn(builder, 0, 41983, "Kaspersky Lab AG");
	if (status == CF_OK)
		status = cf_image_builder_add_signature(builder, &signature);
	if (status == CF_OK)
		status = cf_image_builder_add_port(builder, &port);
	return status == CF_OK ? cf_image_builder_add_resolver(builder, &resolver) : status;
}

static enum cf_status add_exception(struct cf_image_builder *builder)
{
	struct cf_prefix lab[2];
	uint32_t group = 0, id = 0;
	const uint16_t types[] = {1, 28};
	struct cf_image_exception exception = {.verdict = CF_VERDICT_PASS,
	    .groups = &group,
	    .group_count = 1,
	    .categories = 1U << CF_CATEGORY_UPDATES,
	    .types = types,
	    .type_count = 2,
	    .from_wall_s = 1700000000,
	    .until_wall_s = 1735603200,
	    .owner = "jdoe",
	    .reason = "migration wave 3",
	    .clients = "lab",
	    .file = "curfew.yaml",
	    .line = 12};
	struct cf_name name;
	enum cf_status status = cf_prefix_parse("10.20.0.0/16", &lab[0]);

	if (status == CF_OK)
		status = cf_prefix_parse("2001:db8:20::/48", &lab[1]);
	if (status == CF_OK)
		status = cf_image_builder_add_group(builder, "lab", lab, 2, &group);
	if (status == CF_OK)
		status = cf_image_builder_add_exception(builder, &exception, &id);
	if (status == CF_OK)
		status = cf_name_from_text("special.example", 15, &name);
	return status == CF_OK
	    ? cf_image_builder_add_exception_name(builder, id, &name, CF_SCOPE_SUBTREE, 13)
	    : status;
}

static enum cf_status add_policy(struct cf_image_builder *builder)
{
	struct cf_phase cut_off = {.name = "cut-off",
	    .citation = "89 FR 52434",
	    .from_wall_s = 1727582400,
	    .verdict = CF_VERDICT_BLOCK,
	    .categories = 1U << CF_CATEGORY_UPDATES | 1U << CF_CATEGORY_TELEMETRY,
	    .file = "us-commerce-2024.yaml",
	    .line = 9};
	struct cf_phase sales = {.name = "sales",
	    .from_wall_s = 1721448000,
	    .verdict = CF_VERDICT_BLOCK,
	    .categories = 1U << CF_CATEGORY_SALES};
	struct cf_answer_spec answer = {.kind = CF_ANSWER_SINKHOLE,
	    .ttl_s = 60,
	    .ede_code = 15,
	    .ede_text = "blocked by policy",
	    .sinkhole_v4 = cf_addr_v4((const uint8_t[]){192, 0, 2, 1})};
	struct cf_image_settings settings = {.source_digest = {1, 2, 3},
	    .built_wall_s = 1790000000,
	    .vendor = "kaspersky",
	    .pack_version = "7",
	    .preset = "us-commerce-2024",
	    .citation = "89 FR 52434",
	    .policy_file = "curfew.yaml",
	    .log_path = "hits.jsonl",
	    .fold_s = 60,
	    .alive_s = 120,
	    .block_services = true,
	    .privacy = "truncate",
	    .sensor = "edge1",
	    .syslog = true,
	    .block_addresses = true};
	enum cf_status status = cf_image_builder_add_phase(builder, &cut_off);

	if (status == CF_OK)
		status = cf_image_builder_add_phase(builder, &sales);
	if (status == CF_OK)
		status = cf_image_builder_set_answer(builder, &answer);
	if (status == CF_OK)
		status = cf_image_builder_set_settings(builder, &settings);
	return status == CF_OK ? add_exception(builder) : status;
}

enum cf_status full_build(struct cf_image_builder **builder_out)
{
	enum cf_status status;

	*builder_out = NULL;
	status = cf_image_builder_new(builder_out);
	if (status == CF_OK)
		status = add_names(*builder_out);
	if (status == CF_OK)
		status = add_others(*builder_out);
	return status == CF_OK ? add_policy(*builder_out) : status;
}
