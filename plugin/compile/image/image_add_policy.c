/* The image builder takes the policy: packs and their schedules, phases, groups, exceptions, answer
 * and settings. */

#include "compile/image/image_builder.h"

#include <string.h>

enum cf_status cf_image_builder_add_schedule(struct cf_image_builder *builder,
    const struct cf_image_schedule *schedule, uint32_t *schedule_out)
{
	struct cf_image_schedule_item item = {.pack = 0}, *items;
	enum cf_status status = CF_OK;

	if (builder->described && builder->schedules.used == CF_SCHEDULES)
		return CF_ETOOBIG;
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		item.baseline[i] = CF_VERDICT_FLAG;
	item.baseline[CF_CATEGORY_INFORMATIONAL] = CF_VERDICT_PASS;
	item.baseline[CF_CATEGORY_LOCAL_INJECTION] = CF_VERDICT_PASS;
	cf_image_add_string(builder, &status, schedule->preset, &item.preset);
	cf_image_add_string(builder, &status, schedule->citation, &item.citation);
	cf_image_add_string(builder, &status, schedule->clients, &item.clients);
	if (status == CF_OK && (builder->described || builder->schedules.used == 0)) {
		status = cf_image_add_item(&builder->schedules, &item, sizeof item);
	} else if (status == CF_OK) {
		items = builder->schedules.items;
		memcpy(item.baseline, items[0].baseline, sizeof item.baseline);
		items[0] = item;
		builder->described = true;
	}
	if (status == CF_OK)
		*schedule_out = (uint32_t)builder->schedules.used - 1;
	return status;
}

/* Which pack a schedule is of: the first that follows it. */
static void take_schedule(struct cf_image_builder *builder, uint32_t schedule, uint32_t pack)
{
	const struct cf_image_pack_item *packs = builder->packs.items;
	const struct cf_scoped_schedule *scoped = builder->scoped.items;
	struct cf_image_schedule_item *schedules = builder->schedules.items;

	for (size_t i = 0; i < builder->packs.used; i++)
		if (i != pack && packs[i].schedule == schedule)
			return;
	for (size_t i = 0; i < builder->scoped.used; i++)
		if (scoped[i].pack != pack && scoped[i].schedule == schedule)
			return;
	schedules[schedule].pack = pack;
}

enum cf_status cf_image_builder_add_pack(
    struct cf_image_builder *builder, const struct cf_image_pack *pack, uint32_t *pack_out)
{
	struct cf_image_pack_item item = {.schedule = pack->schedule, .nodata = pack->nodata};
	enum cf_status status = CF_OK;

	if (pack->schedule >= builder->schedules.used)
		return CF_EINVALID;
	if (builder->packs.used == CF_PACKS_MOST)
		return CF_ETOOBIG;
	cf_image_add_string(builder, &status, pack->vendor, &item.vendor);
	cf_image_add_string(builder, &status, pack->version, &item.version);
	if (status == CF_OK)
		status = cf_image_add_item(&builder->packs, &item, sizeof item);
	if (status != CF_OK)
		return status;
	*pack_out = (uint32_t)builder->packs.used - 1;
	take_schedule(builder, pack->schedule, *pack_out);
	return CF_OK;
}

enum cf_status cf_image_builder_scope_schedule(
    struct cf_image_builder *builder, uint32_t pack, uint32_t group, uint32_t schedule)
{
	const struct cf_scoped_schedule item = {.pack = pack, .group = group, .schedule = schedule};
	enum cf_status status;

	if (!cf_image_has_pack(builder, pack) || group >= builder->groups.used ||
	    schedule >= builder->schedules.used)
		return CF_EINVALID;
	status = cf_image_add_item(&builder->scoped, &item, sizeof item);
	if (status == CF_OK)
		take_schedule(builder, schedule, pack);
	return status;
}

enum cf_status cf_image_builder_set_baseline(struct cf_image_builder *builder, uint32_t schedule,
    enum cf_category category, enum cf_verdict verdict)
{
	struct cf_image_schedule_item *schedules = builder->schedules.items;

	if ((unsigned)category >= CF_CATEGORIES || (unsigned)verdict > CF_VERDICT_BLOCK ||
	    schedule >= builder->schedules.used)
		return CF_EINVALID;
	schedules[schedule].baseline[category] = (uint8_t)verdict;
	return CF_OK;
}

enum cf_status cf_image_builder_add_phase(
    struct cf_image_builder *builder, const struct cf_phase *phase)
{
	enum cf_status status = CF_OK;
	struct cf_image_phase_item item = {
	    .from_wall_s = phase->from_wall_s,
	    .schedules = phase->schedules == 0 ? 1 : phase->schedules,
	    .line = phase->line,
	    .categories = phase->categories,
	    .verdict = (uint8_t)phase->verdict,
	};

	if (phase->categories == 0 || phase->categories >> CF_CATEGORIES != 0 ||
	    (unsigned)phase->verdict > CF_VERDICT_BLOCK ||
	    (builder->schedules.used < 64 && phase->schedules >> builder->schedules.used != 0))
		return CF_EINVALID;
	if (builder->phases.used == CF_PHASES)
		return CF_ETOOBIG;
	cf_image_add_string(builder, &status, phase->name, &item.name);
	cf_image_add_string(builder, &status, phase->citation, &item.citation);
	cf_image_add_string(builder, &status, phase->file, &item.file);
	return status == CF_OK ? cf_image_add_item(&builder->phases, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_group(struct cf_image_builder *builder, const char *name,
    const struct cf_prefix *prefixes, size_t prefix_count, uint32_t *group_out)
{
	size_t clients_before = builder->clients.used;
	enum cf_status status = CF_OK;
	uint32_t name_at = 0;

	for (size_t i = 0; i < prefix_count; i++)
		if (!cf_image_prefix_is_valid(&prefixes[i]))
			return CF_EINVALID;
	if (builder->groups.used == CF_GROUPS)
		return CF_ETOOBIG;
	cf_image_add_string(builder, &status, name, &name_at);
	for (size_t i = 0; status == CF_OK && i < prefix_count; i++) {
		struct cf_group_client client = {
		    .prefix = prefixes[i], .group = (uint32_t)builder->groups.used};

		status = cf_image_add_item(&builder->clients, &client, sizeof client);
	}
	if (status == CF_OK)
		status = cf_image_add_item(&builder->groups, &name_at, sizeof name_at);
	if (status != CF_OK) {
		builder->clients.used = clients_before;
		return status;
	}
	*group_out = (uint32_t)builder->groups.used - 1;
	return CF_OK;
}

static enum cf_status check_exception(
    const struct cf_image_builder *builder, const struct cf_image_exception *exception)
{
	if (exception->categories >> CF_CATEGORIES != 0 ||
	    (unsigned)exception->verdict > CF_VERDICT_BLOCK ||
	    exception->from_wall_s >= exception->until_wall_s ||
	    (exception->of_schedule && exception->schedule >= builder->schedules.used) ||
	    !cf_image_has_pack(builder, exception->pack) ||
	    (!exception->everybody && exception->group_count == 0))
		return CF_EINVALID;
	for (size_t i = 0; !exception->everybody && i < exception->group_count; i++)
		if (exception->groups[i] >= builder->groups.used)
			return CF_EINVALID;
	if (builder->exceptions.used == CF_EXCEPTIONS || exception->type_count > CF_EXCEPTION_TYPES)
		return CF_ETOOBIG;
	return CF_OK;
}

enum cf_status cf_image_builder_add_exception(struct cf_image_builder *builder,
    const struct cf_image_exception *exception, uint32_t *exception_out)
{
	enum cf_status status = check_exception(builder, exception);
	size_t types_before = builder->types.used;
	struct cf_image_exception_item item = {
	    .from_wall_s = exception->from_wall_s,
	    .until_wall_s = exception->until_wall_s,
	    .categories = exception->categories,
	    .types_at = (uint32_t)types_before,
	    .type_count = (uint32_t)exception->type_count,
	    .line = exception->line,
	    .schedule = exception->of_schedule ? exception->schedule : CF_IMAGE_NONE,
	    .pack = (uint8_t)exception->pack,
	    .verdict = (uint8_t)exception->verdict,
	    .everybody = exception->everybody,
	};

	if (status != CF_OK)
		return status;
	for (size_t i = 0; !exception->everybody && i < exception->group_count; i++)
		item.groups.words[exception->groups[i] / 64] |= UINT64_C(1)
		    << exception->groups[i] % 64;
	cf_image_add_string(builder, &status, exception->owner, &item.owner);
	cf_image_add_string(builder, &status, exception->reason, &item.reason);
	cf_image_add_string(builder, &status, exception->clients, &item.clients);
	cf_image_add_string(builder, &status, exception->file, &item.file);
	for (size_t i = 0; status == CF_OK && i < exception->type_count; i++)
		status = cf_image_add_item(
		    &builder->types, &exception->types[i], sizeof *exception->types);
	if (status == CF_OK)
		status = cf_image_add_item(&builder->exceptions, &item, sizeof item);
	if (status != CF_OK) {
		builder->types.used = types_before;
		return status;
	}
	*exception_out = (uint32_t)builder->exceptions.used - 1;
	return CF_OK;
}

enum cf_status cf_image_builder_set_answer(
    struct cf_image_builder *builder, const struct cf_answer_spec *answer)
{
	struct cf_image_policy_item policy = builder->policy;
	enum cf_status status = CF_OK;

	if ((unsigned)answer->kind > CF_ANSWER_DROP ||
	    (answer->sinkhole_v4.family != CF_FAMILY_NONE &&
	        answer->sinkhole_v4.family != CF_FAMILY_V4) ||
	    (answer->sinkhole_v6.family != CF_FAMILY_NONE &&
	        answer->sinkhole_v6.family != CF_FAMILY_V6))
		return CF_EINVALID;
	if (answer->kind == CF_ANSWER_SINKHOLE && answer->sinkhole_v4.family == CF_FAMILY_NONE &&
	    answer->sinkhole_v6.family == CF_FAMILY_NONE)
		return CF_EINVALID;
	if (answer->ede_text != NULL && strlen(answer->ede_text) >= CF_EDE_TEXT_BYTES)
		return CF_ETOOBIG;
	policy.answer_kind = (uint8_t)answer->kind;
	policy.ttl_s = answer->ttl_s;
	policy.ede_code = answer->ede_code;
	policy.sinkhole_v4_set = answer->sinkhole_v4.family == CF_FAMILY_V4;
	policy.sinkhole_v6_set = answer->sinkhole_v6.family == CF_FAMILY_V6;
	memcpy(policy.sinkhole_v4, answer->sinkhole_v4.bytes, sizeof policy.sinkhole_v4);
	memcpy(policy.sinkhole_v6, answer->sinkhole_v6.bytes, sizeof policy.sinkhole_v6);
	cf_image_add_string(builder, &status, answer->ede_text, &policy.ede_text);
	if (status == CF_OK)
		builder->policy = policy;
	return status;
}

enum cf_status cf_image_builder_set_settings(
    struct cf_image_builder *builder, const struct cf_image_settings *settings)
{
	struct cf_image_policy_item policy = builder->policy;
	uint32_t edge = 0;
	bool no_privacy = settings->privacy == NULL || settings->privacy[0] == '\0';
	enum cf_status status = CF_OK;

	policy.fold_s = settings->fold_s;
	policy.syslog = settings->syslog;
	policy.block_addresses = settings->block_addresses;
	policy.block_services = settings->block_services;
	policy.alive_s = settings->alive_s;
	cf_image_add_string(builder, &status, settings->vendor, &policy.vendor);
	cf_image_add_string(builder, &status, settings->pack_version, &policy.pack_version);
	cf_image_add_string(builder, &status, settings->preset, &policy.preset);
	cf_image_add_string(builder, &status, settings->citation, &policy.citation);
	cf_image_add_string(builder, &status, settings->policy_file, &policy.policy_file);
	cf_image_add_string(builder, &status, settings->log_path, &policy.log_path);
	cf_image_add_string(
	    builder, &status, no_privacy ? "full" : settings->privacy, &policy.privacy);
	cf_image_add_string(builder, &status, settings->privacy_key_file, &policy.privacy_key_file);
	cf_image_add_string(builder, &status, settings->sensor, &policy.sensor);
	cf_image_add_string(builder, &status, settings->edge, &edge);
	if (status != CF_OK)
		return status;
	builder->policy = policy;
	builder->edge = edge;
	builder->built_wall_s = settings->built_wall_s;
	memcpy(builder->source_digest, settings->source_digest, sizeof builder->source_digest);
	return CF_OK;
}
