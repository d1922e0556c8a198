#include "compile/canaries.h"

#include "compile/origin.h"

#include <string.h>

#define CATEGORY CF_CATEGORY_LOCAL_INJECTION

static const struct {
	enum cf_canary canary;
	const char *name;
	enum cf_scope scope;
	const char *product, *source;
} canaries[] = {
    {CF_CANARY_FIREFOX, "use-application-dns.net", CF_SCOPE_EXACT, "Firefox, DNS over HTTPS",
        "support.mozilla.org/kb/canary-domain-use-application-dnsnet"},
    {CF_CANARY_PRIVATE_RELAY, "mask.icloud.com", CF_SCOPE_EXACT, "iCloud Private Relay",
        "developer.apple.com/support/prepare-your-network-for-icloud-private-relay"},
    {CF_CANARY_PRIVATE_RELAY, "mask-h2.icloud.com", CF_SCOPE_EXACT, "iCloud Private Relay",
        "developer.apple.com/support/prepare-your-network-for-icloud-private-relay"},
    /* No designated resolver: NODATA for the whole zone. */
    {CF_CANARY_DDR, "resolver.arpa", CF_SCOPE_SUBTREE, "discovery of designated resolvers",
        "RFC 9462, 4"},
};

/* A pack that nothing but exceptions lets pass, for everybody. */
static enum cf_status add_pack(
    struct cf_image_builder *builder, const char *vendor, const char *version, uint32_t *pack_out)
{
	struct cf_image_pack pack = {.vendor = vendor, .version = version, .nodata = true};
	enum cf_status status =
	    cf_image_builder_add_schedule(builder, &(struct cf_image_schedule){0}, &pack.schedule);

	if (status == CF_OK)
		status = cf_image_builder_set_baseline(
		    builder, pack.schedule, CATEGORY, CF_VERDICT_BLOCK);
	return status == CF_OK ? cf_image_builder_add_pack(builder, &pack, pack_out) : status;
}

enum cf_status cf_canaries_add(struct cf_image_builder *builder, const struct cf_policy *policy,
    const char *vendor, const char *version)
{
	enum cf_status status = CF_OK;
	struct cf_name name;
	uint32_t pack;

	if (policy->canaries == 0)
		return CF_OK;
	status = add_pack(builder, vendor, version, &pack);
	for (size_t i = 0; status == CF_OK && i < sizeof canaries / sizeof canaries[0]; i++) {
		if ((policy->canaries & canaries[i].canary) == 0)
			continue;
		status = cf_name_from_text(canaries[i].name, strlen(canaries[i].name), &name);
		if (status == CF_OK)
			status = cf_image_builder_add_name(builder, &name, canaries[i].scope,
			    &(struct cf_image_attr){.category = CATEGORY,
			        .confidence = CF_CONFIDENCE_DOCUMENTED,
			        .pack = pack,
			        .list = vendor,
			        .product = canaries[i].product,
			        .source = canaries[i].source,
			        .note = "canary",
			        .file = cf_origin(policy->file, CF_ORIGIN_POLICY)},
			    policy->canaries_line);
	}
	return status;
}
