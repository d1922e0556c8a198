/* The small lists of an image: AS numbers, signatures, ports, resolvers, phases, exceptions. */

#include "base/check.h"
#include "image/image.h"
#include "image/mapped.h"

#include <string.h>

static const char *text(const struct cf_image *image, uint32_t at)
{
	return image->strings + at;
}

/* The place of asn in the sorted list, or asn_count. */
static uint32_t asn_at(const struct cf_image *image, uint32_t asn)
{
	uint32_t low = 0, high = image->asn_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (image->asns[middle].asn < asn)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->asn_count && image->asns[low].asn == asn ? low : image->asn_count;
}

bool cf_image_find_asn(const struct cf_image *image, uint32_t asn, const char **org_out)
{
	uint32_t at = asn_at(image, asn);

	if (at == image->asn_count)
		return false;
	if (org_out != NULL)
		*org_out = text(image, image->asns[at].org);
	return true;
}

uint32_t cf_image_asn_pack(const struct cf_image *image, uint32_t asn)
{
	uint32_t at = asn_at(image, asn);

	return at == image->asn_count ? 0 : image->asns[at].pack;
}

uint32_t cf_image_asn(const struct cf_image *image, uint32_t i, const char **org_out)
{
	bool there = cf_check(i < image->asn_count);

	if (org_out != NULL)
		*org_out = there ? text(image, image->asns[i].org) : "";
	return there ? image->asns[i].asn : 0;
}

void cf_image_signature(
    const struct cf_image *image, uint32_t i, struct cf_signature *signature_out)
{
	const struct cf_image_signature_item *item;

	if (!cf_check(i < image->signature_count)) {
		*signature_out = (struct cf_signature){.kind = "",
		    .match = "",
		    .value = "",
		    .product = "",
		    .source = "",
		    .note = "",
		    .file = ""};
		return;
	}
	item = &image->signatures[i];
	*signature_out = (struct cf_signature){
	    .kind = text(image, item->kind),
	    .match = text(image, item->match),
	    .value = text(image, item->value),
	    .category = (enum cf_category)item->category,
	    .confidence = (enum cf_confidence)item->confidence,
	    .pack = item->pack,
	    .product = text(image, item->product),
	    .source = text(image, item->source),
	    .note = text(image, item->note),
	    .file = text(image, item->file),
	    .line = item->line,
	};
}

void cf_image_port(const struct cf_image *image, uint32_t i, struct cf_port *port_out)
{
	const struct cf_image_port_item *item;

	if (!cf_check(i < image->port_count)) {
		*port_out = (struct cf_port){
		    .role = "", .direction = "", .product = "", .source = "", .file = ""};
		return;
	}
	item = &image->ports[i];
	*port_out = (struct cf_port){
	    .role = text(image, item->role),
	    .direction = text(image, item->direction),
	    .proto = item->proto,
	    .first = item->first,
	    .last = item->last,
	    .category = (enum cf_category)item->category,
	    .confidence = (enum cf_confidence)item->confidence,
	    .pack = item->pack,
	    .product = text(image, item->product),
	    .source = text(image, item->source),
	    .file = text(image, item->file),
	    .line = item->line,
	};
}

void cf_image_resolver(const struct cf_image *image, uint32_t i, struct cf_resolver *resolver_out)
{
	const struct cf_image_resolver_item *item;

	if (!cf_check(i < image->resolver_count)) {
		*resolver_out = (struct cf_resolver){.role = "", .operator_name = "", .name = ""};
		return;
	}
	item = &image->resolvers[i];
	*resolver_out = (struct cf_resolver){
	    .role = text(image, item->role),
	    .addr = {.family = item->family},
	    .order = item->order,
	    .operator_name = text(image, item->operator_name),
	    .name = text(image, item->name),
	};
	memcpy(resolver_out->addr.bytes, item->addr, sizeof item->addr);
}

void cf_image_phase(const struct cf_image *image, uint32_t i, struct cf_phase *phase_out)
{
	const struct cf_image_phase_item *item;

	if (!cf_check(i < image->phase_count)) {
		*phase_out = (struct cf_phase){.name = "", .citation = "", .file = ""};
		return;
	}
	item = &image->phases[i];
	*phase_out = (struct cf_phase){
	    .name = text(image, item->name),
	    .citation = text(image, item->citation),
	    .from_wall_s = item->from_wall_s,
	    .verdict = (enum cf_verdict)item->verdict,
	    .categories = item->categories,
	    .schedules = item->schedules,
	    .file = text(image, item->file),
	    .line = item->line,
	};
}

void cf_image_pack(const struct cf_image *image, uint32_t i, struct cf_image_pack *pack_out)
{
	if (!cf_check(i < image->pack_count)) {
		*pack_out = (struct cf_image_pack){.vendor = "", .version = ""};
		return;
	}
	*pack_out = (struct cf_image_pack){
	    .vendor = text(image, image->packs[i].vendor),
	    .version = text(image, image->packs[i].version),
	    .schedule = image->packs[i].schedule,
	    .nodata = image->packs[i].nodata != 0,
	};
}

bool cf_image_find_pack(
    const struct cf_image *image, const char *vendor, size_t len, uint32_t *pack_out)
{
	for (uint32_t i = 0; i < image->pack_count; i++) {
		const char *have = text(image, image->packs[i].vendor);

		if (strlen(have) == len && memcmp(have, vendor, len) == 0) {
			*pack_out = i;
			return true;
		}
	}
	return false;
}

void cf_image_schedule(
    const struct cf_image *image, uint32_t i, struct cf_image_schedule *schedule_out)
{
	const struct cf_image_schedule_item *item;

	if (!cf_check(i < image->schedule_count)) {
		*schedule_out =
		    (struct cf_image_schedule){.preset = "", .citation = "", .clients = ""};
		return;
	}
	item = &image->schedules[i];
	*schedule_out = (struct cf_image_schedule){
	    .preset = text(image, item->preset),
	    .citation = text(image, item->citation),
	    .clients = text(image, item->clients),
	    .pack = item->pack,
	};
}

const char *cf_image_policy_name(const struct cf_image *image, uint32_t schedule)
{
	const char *preset = "";

	if (schedule != CF_NONE && cf_check(schedule < image->schedule_count))
		preset = text(image, image->schedules[schedule].preset);
	return preset[0] != '\0' ? preset : image->info.policy_file;
}

void cf_image_exception(
    const struct cf_image *image, uint32_t i, struct cf_exception *exception_out)
{
	const struct cf_image_exception_item *item;

	if (!cf_check(i < image->exception_count)) {
		*exception_out = (struct cf_exception){
		    .schedule = CF_NONE, .owner = "", .reason = "", .clients = "", .file = ""};
		return;
	}
	item = &image->exceptions[i];
	*exception_out = (struct cf_exception){
	    .verdict = (enum cf_verdict)item->verdict,
	    .from_wall_s = item->from_wall_s,
	    .until_wall_s = item->until_wall_s,
	    .categories = item->categories,
	    .schedule = item->schedule,
	    .pack = item->pack,
	    .owner = text(image, item->owner),
	    .reason = text(image, item->reason),
	    .clients = text(image, item->clients),
	    .file = text(image, item->file),
	    .line = item->line,
	};
}

uint32_t cf_image_client_ranges(const struct cf_image *image)
{
	return image->client_v4_count + image->client_v6_count;
}

static void store_be64(uint8_t *bytes, uint64_t value)
{
	for (unsigned i = 8; i-- > 0; value >>= 8)
		bytes[i] = (uint8_t)value;
}

static struct cf_addr addr_v4(uint32_t value)
{
	uint8_t bytes[8];

	store_be64(bytes, value);
	return cf_addr_v4(bytes + 4);
}

/* Not cf_addr_v6(): the ends of a range are places, even where an IPv4 address is mapped. */
static struct cf_addr addr_v6(uint64_t high, uint64_t low)
{
	struct cf_addr addr = {.family = CF_FAMILY_V6};

	store_be64(addr.bytes, high);
	store_be64(addr.bytes + 8, low);
	return addr;
}

static void range_v6(const struct cf_image *image, uint32_t i, struct cf_client_range *range)
{
	const struct cf_image_range_v6 *at = &image->client_v6[i];
	bool last = i + 1 == image->client_v6_count;

	range->place = at->value == CF_NONE ? 0 : at->value;
	range->first = addr_v6(at->high, at->low);
	if (last)
		range->last = addr_v6(UINT64_MAX, UINT64_MAX);
	else
		range->last = addr_v6(at[1].high - (at[1].low == 0), at[1].low - 1);
}

void cf_image_client_range(
    const struct cf_image *image, uint32_t i, struct cf_client_range *range_out)
{
	const struct cf_image_range_v4 *at;

	*range_out = (struct cf_client_range){.place = 0};
	if (!cf_check(i < cf_image_client_ranges(image)))
		return;
	if (i >= image->client_v4_count) {
		range_v6(image, i - image->client_v4_count, range_out);
		return;
	}
	at = &image->client_v4[i];
	range_out->place = at->value == CF_NONE ? 0 : at->value;
	range_out->first = addr_v4(at->first);
	range_out->last = addr_v4(i + 1 == image->client_v4_count ? UINT32_MAX : at[1].first - 1);
}
