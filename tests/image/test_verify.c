/*
 * image/verify*: every rule by itself. One field of a good image is given an impossible value, the
 * checksum is made right, and the image must be refused for just that.
 */

#include "full.h"
#include "walk.h"

#include "image/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *good;
static size_t good_len;

static int make_good(void **state)
{
	struct cf_image_builder *builder;
	enum cf_status status = full_build(&builder);

	(void)state;
	if (status == CF_OK)
		status = cf_image_builder_to_memory(builder, (void **)&good, &good_len, NULL);
	cf_image_builder_free(builder);
	return status == CF_OK ? 0 : -1;
}

static int free_good(void **state)
{
	(void)state;
	free(good);
	return 0;
}

static struct cf_image_header header_of(const uint8_t *data)
{
	struct cf_image_header header;

	memcpy(&header, data, sizeof header);
	return header;
}

/* Opens a copy with bytes put at a place; everything that opens is read to the end as well. */
static enum cf_status open_with(size_t at, const void *bytes, size_t count, struct cf_error *error)
{
	struct cf_image *image = NULL;
	uint8_t *copy = malloc(good_len);
	enum cf_status status;

	memcpy(copy, good, good_len);
	assert_true(at + count <= good_len);
	memcpy(copy + at, bytes, count);
	image_sign(copy, good_len, false);
	status = cf_image_from_memory(copy, good_len, &image, error);
	if (status == CF_OK)
		assert_true(image_walk(image) > 0);
	cf_image_close(image);
	free(copy);
	return status;
}

static void refuse(size_t at, uint64_t value, size_t bytes, const char *what)
{
	struct cf_error error = {0};

	if (open_with(at, &value, bytes, &error) != CF_EMALFORMED)
		fail_msg("value %#llx of %zu bytes at %zu is taken", (unsigned long long)value,
		    bytes, at);
	if (strstr(error.text, what) == NULL)
		fail_msg("at %zu: '%s' instead of '%s'", at, error.text, what);
}

/* Where a field of item i of a section lies in the file. */
#define PLACE(id, i, type, field) \
	(header_of(good).sections[id].at + (i) * sizeof(struct type) + offsetof(struct type, field))
#define REFUSE(id, i, type, field, value, what) \
	refuse(PLACE(id, i, type, field), value, sizeof(((struct type *)NULL)->field), what)
#define REFUSE_HEADER(field, value, what) \
	refuse(offsetof(struct cf_image_header, field), value, \
	    sizeof(((struct cf_image_header *)NULL)->field), what)

#define NO_STRING 0x7fffffffU

static void the_copy_itself_is_good(void **state)
{
	struct cf_error error = {0};

	(void)state;
	assert_int_equal(open_with(0, good, 8, &error), CF_OK);
}

static void sections_lie_where_they_must(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CF_SECTIONS; i++) {
		size_t table = offsetof(struct cf_image_header, sections) +
		    i * sizeof(struct cf_image_section);
		struct cf_image_section section = header_of(good).sections[i];

		refuse(table, section.at + 64, 8, "section table");
		refuse(table, section.at - 64, 8, "section table");
		refuse(table, UINT64_MAX - 63, 8, "section table");
		refuse(table + 8, section.bytes + 64, 8, "section table");
		refuse(table + 8, UINT64_MAX, 8, "section table");
		refuse(table + 16, section.count + 1, 8, "section table");
		refuse(table + 16, UINT64_MAX, 8, "section table");
		refuse(table + 16, UINT64_C(1) << 61, 8, "section table");
	}
	REFUSE_HEADER(section_count, CF_SECTIONS - 1, "section table");
	REFUSE_HEADER(section_count, CF_SECTIONS + 1, "section table");
	REFUSE_HEADER(edge, NO_STRING, "settings");
}

static void strings_have_an_end(void **state)
{
	struct cf_image_section strings = header_of(good).sections[CF_SECTION_STRINGS];

	(void)state;
	refuse(strings.at, 'x', 1, "strings");
	refuse(strings.at + strings.bytes - 1, 'x', 1, "strings");
}

/* Where the first record of one entry, or of several, lies in the file. */
static size_t record_at(bool several)
{
	struct cf_image_section names = header_of(good).sections[CF_SECTION_NAMES];
	size_t at = 0;

	while (at < names.count) {
		uint32_t entries = 0, attr;
		size_t start = at;

		do {
			memcpy(&attr, good + names.at + 4 * at, sizeof attr);
			at += CF_IMAGE_ENTRY_UNITS;
			entries++;
		} while ((attr & CF_IMAGE_MORE) != 0);
		if ((entries > 1) == several)
			return names.at + 4 * start;
		at += cf_image_record_units(0, good[names.at + 4 * at]);
	}
	fail();
	return 0;
}

static void names_are_names(void **state)
{
	size_t record = record_at(false), len = record + 8, wire = record + 9;
	struct cf_image_section names = header_of(good).sections[CF_SECTION_NAMES];

	(void)state;
	refuse(len, good[len] + 1U, 1, "names");
	refuse(len, good[len] - 1U, 1, "names");
	refuse(len, 0, 1, "names");
	refuse(len, 255, 1, "names");
	refuse(wire, 64, 1, "names");
	refuse(wire, 255, 1, "names");
	refuse(wire, 0, 1, "names");
	refuse(wire + 1, 'K', 1, "names");
	refuse(names.at + names.bytes - 4, 0x01010101, 4, "names");
	REFUSE_HEADER(least_labels, 3, "names");
	REFUSE_HEADER(most_labels, 2, "names");
	REFUSE_HEADER(most_labels, 128, "names");
}

static void entries_say_what_there_is(void **state)
{
	size_t record = record_at(false), several = record_at(true);
	uint32_t entries[2 * CF_IMAGE_ENTRY_UNITS], first;

	(void)state;
	refuse(record, 99, 4, "names");
	refuse(record, ~CF_IMAGE_MORE, 4, "names");
	refuse(record, CF_IMAGE_MORE, 4, "names");
	refuse(record, UINT32_MAX, 4, "names");
	/* The exact entry behind that of the subtree. */
	memcpy(entries, good + several, sizeof entries);
	first = entries[0];
	entries[0] = entries[2] | CF_IMAGE_MORE;
	entries[2] = first & ~CF_IMAGE_MORE;
	assert_int_equal(open_with(several, entries, sizeof entries, NULL), CF_EMALFORMED);
	refuse(several, first & ~CF_IMAGE_MORE, 4, "names");
	REFUSE_HEADER(entry_count, header_of(good).entry_count + 1, "names");
	REFUSE_HEADER(entry_count, header_of(good).entry_count - 1, "names");
	REFUSE_HEADER(entry_count, 0, "names");
}

static void attributes_are_within_their_words(void **state)
{
	(void)state;
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, scope, 3, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, category, CF_CATEGORIES, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, confidence, 3, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, exception, 1, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, list, NO_STRING, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, product, NO_STRING, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, source, NO_STRING, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, as_of, NO_STRING, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, note, NO_STRING, "names");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, file, NO_STRING, "names");
}

static void every_home_leads_to_records(void **state)
{
	struct cf_image_header header = header_of(good);
	struct cf_image_section homes = header.sections[CF_SECTION_HOMES];
	uint32_t units = (uint32_t)header.sections[CF_SECTION_NAMES].count;

	(void)state;
	REFUSE_HEADER(home_count, 0, "names");
	REFUSE_HEADER(home_count, header.home_count + 1, "names");
	REFUSE_HEADER(home_count, UINT32_MAX, "names");
	for (uint32_t i = 0; i < homes.count; i++) {
		uint32_t place;

		memcpy(&place, good + homes.at + 4 * i, sizeof place);
		refuse(homes.at + 4 * i, place + 1, 4, "names");
		refuse(homes.at + 4 * i, place - 1, 4, "names");
		refuse(homes.at + 4 * i, units + 1, 4, "names");
		refuse(homes.at + 4 * i, UINT32_MAX, 4, "names");
	}
}

static void networks_are_sound(void **state)
{
	(void)state;
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, family, 5, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, bits, 33, "networks");
	REFUSE(CF_SECTION_NETWORKS, 2, cf_image_network_item, bits, 129, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, kind, 5, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, category, CF_CATEGORIES, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, confidence, 3, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, parent, 0, "networks");
	REFUSE(CF_SECTION_NETWORKS, 1, cf_image_network_item, parent, 2, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, org, NO_STRING, "networks");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, file, NO_STRING, "networks");
	refuse(PLACE(CF_SECTION_NETWORKS, 0, cf_image_network_item, addr) + 15, 1, 1, "networks");
}

static void ranges_rise_from_zero(void **state)
{
	(void)state;
	REFUSE(CF_SECTION_NETWORK_V4, 0, cf_image_range_v4, first, 1, "networks");
	REFUSE(CF_SECTION_NETWORK_V4, 2, cf_image_range_v4, first, 1, "networks");
	REFUSE(CF_SECTION_NETWORK_V4, 1, cf_image_range_v4, value, 3, "networks");
	REFUSE(CF_SECTION_NETWORK_V6, 0, cf_image_range_v6, low, 1, "networks");
	REFUSE(CF_SECTION_NETWORK_V6, 0, cf_image_range_v6, high, 1, "networks");
	REFUSE(CF_SECTION_NETWORK_V6, 2, cf_image_range_v6, high, 1, "networks");
	REFUSE(CF_SECTION_NETWORK_V6, 1, cf_image_range_v6, value, 3, "networks");
	REFUSE(CF_SECTION_CLIENT_V4, 1, cf_image_range_v4, value, 3, "client groups");
	REFUSE(CF_SECTION_CLIENT_V4, 1, cf_image_range_v4, first, 0, "client groups");
	REFUSE(CF_SECTION_CLIENT_V6, 1, cf_image_range_v6, value, 3, "client groups");
	refuse(header_of(good).sections[CF_SECTION_GROUPS].at, NO_STRING, 4, "client groups");
}

static void small_lists_are_sound(void **state)
{
	(void)state;
	REFUSE(CF_SECTION_ASNS, 0, cf_image_asn_item, asn, 200107, "AS numbers");
	REFUSE(CF_SECTION_ASNS, 1, cf_image_asn_item, org, NO_STRING, "AS numbers");
	REFUSE(CF_SECTION_SIGNATURES, 0, cf_image_signature_item, value, NO_STRING, "signatures");
	REFUSE(CF_SECTION_SIGNATURES, 0, cf_image_signature_item, category, 255, "signatures");
	REFUSE(CF_SECTION_SIGNATURES, 0, cf_image_signature_item, confidence, 3, "signatures");
	REFUSE(CF_SECTION_PORTS, 0, cf_image_port_item, role, NO_STRING, "ports");
	REFUSE(CF_SECTION_PORTS, 0, cf_image_port_item, first, 65535, "ports");
	REFUSE(CF_SECTION_PORTS, 0, cf_image_port_item, category, CF_CATEGORIES, "ports");
	REFUSE(CF_SECTION_PORTS, 0, cf_image_port_item, confidence, 3, "ports");
	REFUSE(CF_SECTION_RESOLVERS, 0, cf_image_resolver_item, family, 0, "resolvers");
	REFUSE(CF_SECTION_RESOLVERS, 0, cf_image_resolver_item, name, NO_STRING, "resolvers");
}

static void the_policy_is_sound(void **state)
{
	size_t baseline = PLACE(CF_SECTION_SCHEDULES, 0, cf_image_schedule_item, baseline);

	(void)state;
	REFUSE(CF_SECTION_POLICY, 0, cf_image_policy_item, vendor, NO_STRING, "settings");
	REFUSE(CF_SECTION_POLICY, 0, cf_image_policy_item, ede_text, NO_STRING, "settings");
	REFUSE(CF_SECTION_POLICY, 0, cf_image_policy_item, answer_kind, 5, "settings");
	refuse(baseline + CF_CATEGORIES - 1, 3, 1, "phases");
	REFUSE(CF_SECTION_PHASES, 0, cf_image_phase_item, verdict, 3, "phases");
	REFUSE(
	    CF_SECTION_PHASES, 0, cf_image_phase_item, categories, 1U << CF_CATEGORIES, "phases");
	REFUSE(CF_SECTION_PHASES, 1, cf_image_phase_item, citation, NO_STRING, "phases");
	REFUSE(CF_SECTION_STEPS, 0, cf_image_step_item, phase, 2, "phases");
	REFUSE(CF_SECTION_STEPS, 0, cf_image_step_item, verdict, 3, "phases");
	REFUSE(CF_SECTION_PHASES, 0, cf_image_phase_item, schedules, 2, "phases");
}

static void packs_and_schedules_are_sound(void **state)
{
	size_t rows = header_of(good).sections[CF_SECTION_ROWS].at;

	(void)state;
	REFUSE(CF_SECTION_PACKS, 0, cf_image_pack_item, vendor, NO_STRING, "packs");
	REFUSE(CF_SECTION_PACKS, 0, cf_image_pack_item, version, NO_STRING, "packs");
	REFUSE(CF_SECTION_PACKS, 0, cf_image_pack_item, schedule, 1, "packs");
	REFUSE(CF_SECTION_PACKS, 0, cf_image_pack_item, nodata, 2, "packs");
	refuse(rows, 1, 4, "packs");
	REFUSE(CF_SECTION_SCHEDULES, 0, cf_image_schedule_item, preset, NO_STRING, "phases");
	REFUSE(CF_SECTION_SCHEDULES, 0, cf_image_schedule_item, clients, NO_STRING, "phases");
	REFUSE(CF_SECTION_SCHEDULES, 0, cf_image_schedule_item, pack, 1, "phases");
	REFUSE(CF_SECTION_ATTRS, 0, cf_image_attr_item, pack, 1, "names");
	REFUSE(CF_SECTION_NETWORKS, 0, cf_image_network_item, pack, 1, "networks");
	REFUSE(CF_SECTION_ASNS, 0, cf_image_asn_item, pack, 1, "AS numbers");
	REFUSE(CF_SECTION_SIGNATURES, 0, cf_image_signature_item, pack, 1, "signatures");
	REFUSE(CF_SECTION_PORTS, 0, cf_image_port_item, pack, 1, "ports");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, pack, 1, "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, schedule, 1, "exceptions");
	REFUSE(CF_SECTION_GROUP_SETS, 0, cf_image_group_set, row, 1, "client groups");
	REFUSE(CF_SECTION_GROUP_SETS, 1, cf_image_group_set, near_count, 9, "client groups");
	REFUSE(CF_SECTION_GROUP_SETS, 1, cf_image_group_set, near_at, UINT32_MAX, "client groups");
	REFUSE(CF_SECTION_NEAREST, 0, cf_image_near_item, group, 1, "client groups");
	REFUSE(CF_SECTION_NEAREST, 0, cf_image_near_item, bits, 129, "client groups");
}

static void the_cuts_by_category_rise_to_the_count(void **state)
{
	size_t steps = PLACE(CF_SECTION_SCHEDULES, 0, cf_image_schedule_item, steps_at);
	size_t exceptions = PLACE(CF_SECTION_POLICY, 0, cf_image_policy_item, by_category_at);

	(void)state;
	refuse(steps, 1, 4, "phases");
	refuse(steps + 4, 99, 4, "phases");
	refuse(steps + 4, UINT32_MAX, 4, "phases");
	refuse(steps + 4 * CF_CATEGORIES, 2, 4, "phases");
	refuse(exceptions, 1, 4, "exceptions");
	refuse(exceptions + 4, 99, 4, "exceptions");
	refuse(exceptions + 4 * CF_CATEGORIES, 2, 4, "exceptions");
	refuse(header_of(good).sections[CF_SECTION_BY_CATEGORY].at, 1, 4, "exceptions");
}

static void exceptions_are_sound(void **state)
{
	(void)state;
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, verdict, 3, "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, everybody, 2, "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, categories, UINT32_MAX,
	    "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, owner, NO_STRING, "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, types_at, 1, "exceptions");
	REFUSE(
	    CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, types_at, UINT32_MAX, "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, type_count, 3, "exceptions");
	REFUSE(CF_SECTION_EXCEPTIONS, 0, cf_image_exception_item, type_count, UINT32_MAX,
	    "exceptions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_copy_itself_is_good),
	    cmocka_unit_test(sections_lie_where_they_must),
	    cmocka_unit_test(strings_have_an_end),
	    cmocka_unit_test(names_are_names),
	    cmocka_unit_test(entries_say_what_there_is),
	    cmocka_unit_test(attributes_are_within_their_words),
	    cmocka_unit_test(every_home_leads_to_records),
	    cmocka_unit_test(networks_are_sound),
	    cmocka_unit_test(ranges_rise_from_zero),
	    cmocka_unit_test(small_lists_are_sound),
	    cmocka_unit_test(the_policy_is_sound),
	    cmocka_unit_test(packs_and_schedules_are_sound),
	    cmocka_unit_test(the_cuts_by_category_rise_to_the_count),
	    cmocka_unit_test(exceptions_are_sound),
	};

	return cmocka_run_group_tests(tests, make_good, free_good);
}
