/* Reading an image to the last byte, and signing a damaged one. */

#include "walk.h"

#include "image/format.h"
#include "policy/decide.h"

#include <string.h>

/* Enough to reach everything in the small images of tests, and bounded for a fuzzer's. */
#define MOST 300

static unsigned long read_text(const char *text)
{
	return (unsigned long)strlen(text) + (unsigned char)text[0];
}

static unsigned long ask_name(const struct cf_image *image, const struct cf_name *name)
{
	static const int64_t instants[] = {INT64_MIN, -1, 0, 7, 1727582400, INT64_MAX};
	struct cf_match matches[CF_MATCHES];
	unsigned long sum = cf_image_find_name(image, name, matches);
	struct cf_addr client = cf_addr_v4((const uint8_t[]){10, 1, 2, 3});
	struct cf_decision decision;

	for (unsigned i = 0; i < sizeof instants / sizeof *instants; i++) {
		struct cf_question question = {.client = i % 2 == 0 ? &client : NULL,
		    .qtype = (uint16_t)(i % 3),
		    .at_wall_s = instants[i]};

		cf_decide_name(image, &question, name, &decision);
		sum += decision.entry + decision.phase + decision.exception +
		    (unsigned)decision.verdict;
		if (decision.verdict == CF_VERDICT_BLOCK)
			sum += read_text(decision.answer->ede_text);
	}
	return sum + cf_decide_may_block_name(image, name);
}

static unsigned long walk_entries(const struct cf_image *image)
{
	uint32_t i = cf_image_first_entry(image);
	unsigned long sum = 0;

	for (unsigned n = 0; i != CF_NONE && n < MOST; n++, i = cf_image_next_entry(image, i)) {
		char text[CF_NAME_TEXT_BYTES];
		struct cf_entry entry;
		struct cf_name name;

		cf_image_entry(image, i, &entry);
		sum += read_text(entry.list) + read_text(entry.product) + read_text(entry.source) +
		    read_text(entry.as_of) + read_text(entry.note) + read_text(entry.file) +
		    read_text(cf_scope_text(entry.scope)) +
		    read_text(cf_category_text(entry.category));
		sum += read_text(cf_name_format_wire(entry.name_wire, text));
		if (cf_name_from_text(text, strlen(text), &name) == CF_OK)
			sum += ask_name(image, &name);
	}
	return sum;
}

static unsigned long ask_addr(const struct cf_image *image, const struct cf_addr *addr)
{
	struct cf_question question = {.client = addr, .at_wall_s = 5};
	struct cf_decision decision;

	cf_decide_addr(image, &question, addr, &decision);
	return cf_image_find_addr(image, addr) + decision.network + decision.exception +
	    cf_decide_may_block_addr(image, addr);
}

static unsigned long walk_networks(const struct cf_image *image)
{
	uint8_t bytes[16] = {0};
	unsigned long sum = 0;

	for (uint32_t i = 0; i < cf_image_info(image)->networks && i < MOST; i++) {
		struct cf_network network;
		struct cf_addr first, last;

		cf_image_network(image, i, &network);
		sum += read_text(network.org) + read_text(network.list) +
		    read_text(network.source) + read_text(network.as_of) + read_text(network.note) +
		    read_text(network.file);
		cf_prefix_range(&network.prefix, &first, &last);
		sum += ask_addr(image, &first) + ask_addr(image, &last);
	}
	for (unsigned i = 0; i < 256; i++) {
		struct cf_addr v4, v6;

		bytes[0] = bytes[1] = (uint8_t)i;
		v4 = cf_addr_v4(bytes);
		v6 = cf_addr_v6(bytes);
		sum += ask_addr(image, &v4) + ask_addr(image, &v6);
	}
	return sum;
}

static unsigned long walk_lists(const struct cf_image *image)
{
	const struct cf_image_info *info = cf_image_info(image);
	unsigned long sum = 0;
	const char *org;

	for (uint32_t i = 0; i < info->asns && i < MOST; i++) {
		sum += cf_image_asn(image, i, &org);
		sum += cf_image_find_asn(image, i, &org) + read_text(org);
	}
	for (uint32_t i = 0; i < info->signatures && i < MOST; i++) {
		struct cf_signature s;

		cf_image_signature(image, i, &s);
		sum += read_text(s.kind) + read_text(s.match) + read_text(s.value) +
		    read_text(s.product) + read_text(s.source) + read_text(s.note) +
		    read_text(s.file);
	}
	for (uint32_t i = 0; i < info->ports && i < MOST; i++) {
		struct cf_port p;

		cf_image_port(image, i, &p);
		sum += read_text(p.role) + read_text(p.direction) + read_text(p.product) +
		    read_text(p.source) + read_text(p.file);
	}
	for (uint32_t i = 0; i < info->resolvers && i < MOST; i++) {
		struct cf_resolver r;

		cf_image_resolver(image, i, &r);
		sum += read_text(r.role) + read_text(r.operator_name) + read_text(r.name) +
		    r.addr.bytes[0];
	}
	return sum;
}

static unsigned long walk_policy(const struct cf_image *image)
{
	const struct cf_image_info *info = cf_image_info(image);
	const struct cf_answer_spec *answer = cf_image_answer(image);
	unsigned long sum = read_text(info->vendor) + read_text(info->pack_version) +
	    read_text(info->preset) + read_text(info->citation) + read_text(info->policy_file) +
	    read_text(info->log_path) + read_text(info->privacy) +
	    read_text(info->privacy_key_file) + read_text(info->sensor) +
	    read_text(answer->ede_text) + (unsigned)answer->kind;

	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		struct cf_question question = {.at_wall_s = 9};
		struct cf_decision decision;

		cf_decide_category(image, &question, 0, (enum cf_category)i, &decision);
		sum += (unsigned)cf_image_baseline(image, 0, (enum cf_category)i) + decision.phase;
	}
	for (uint32_t i = 0; i < info->phases; i++) {
		struct cf_phase phase;

		cf_image_phase(image, i, &phase);
		sum += read_text(phase.name) + read_text(phase.citation) + read_text(phase.file);
	}
	for (uint32_t i = 0; i < info->packs; i++) {
		struct cf_image_pack pack;

		cf_image_pack(image, i, &pack);
		sum += read_text(pack.vendor) + read_text(pack.version) + pack.schedule;
	}
	for (uint32_t i = 0; i < info->schedules; i++) {
		struct cf_image_schedule schedule;

		cf_image_schedule(image, i, &schedule);
		sum += read_text(schedule.preset) + read_text(schedule.citation) +
		    read_text(schedule.clients) + read_text(cf_image_policy_name(image, i));
	}
	for (uint32_t i = 0; i < info->exceptions; i++) {
		struct cf_exception e;

		cf_image_exception(image, i, &e);
		sum += read_text(e.owner) + read_text(e.reason) + read_text(e.clients) +
		    read_text(e.file);
	}
	return sum;
}

unsigned long image_walk(const struct cf_image *image)
{
	struct cf_name root;
	unsigned long sum =
	    walk_entries(image) + walk_networks(image) + walk_lists(image) + walk_policy(image);

	if (cf_name_from_text(".", 1, &root) == CF_OK)
		sum += ask_name(image, &root);
	return sum;
}

void image_sign(void *data, size_t len, bool fix_length)
{
	struct cf_image_header header;

	if (len < sizeof header)
		return;
	memcpy(&header, data, sizeof header);
	if (fix_length)
		header.file_bytes = len;
	memset(header.digest, 0, sizeof header.digest);
	memcpy(data, &header, sizeof header);
	if (cf_sha256(data, len, header.digest) == CF_OK)
		memcpy(data, &header, sizeof header);
}
