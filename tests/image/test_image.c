/*
 * An image gives back what was put in, and nothing else is taken for one. CF_CASES, CF_SEED. One
 * file: all of it is asked of one full image, accessor by accessor.
 */

#include "full.h"
#include "model.h"
#include "walk.h"

#include "image/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <netinet/in.h>

static void *full_image(size_t *len_out)
{
	struct cf_image_builder *builder;
	void *data;

	assert_int_equal(full_build(&builder), CF_OK);
	assert_int_equal(cf_image_builder_to_memory(builder, &data, len_out, NULL), CF_OK);
	cf_image_builder_free(builder);
	return data;
}

static struct cf_image *open_full(void **data_out)
{
	struct cf_image *image = NULL;
	struct cf_error error = {0};
	size_t len;

	*data_out = full_image(&len);
	if (cf_image_from_memory(*data_out, len, &image, &error) != CF_OK)
		fail_msg("%s", error.text);
	return image;
}

static struct cf_name name_of(const char *text)
{
	struct cf_name name;

	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	return name;
}

static void settings_come_back(void **state)
{
	void *data;
	struct cf_image *image = open_full(&data);
	const struct cf_image_info *info = cf_image_info(image);
	const struct cf_answer_spec *answer = cf_image_answer(image);

	(void)state;
	assert_string_equal(info->vendor, "kaspersky");
	assert_string_equal(info->pack_version, "7");
	assert_string_equal(info->preset, "us-commerce-2024");
	assert_string_equal(info->citation, "89 FR 52434");
	assert_string_equal(info->policy_file, "curfew.yaml");
	assert_string_equal(info->log_path, "hits.jsonl");
	assert_string_equal(info->privacy, "truncate");
	assert_string_equal(info->privacy_key_file, "");
	assert_string_equal(info->sensor, "edge1");
	assert_int_equal(info->fold_s, 60);
	assert_int_equal(info->alive_s, 120);
	assert_true(info->block_services);
	assert_true(info->syslog);
	assert_true(info->block_addresses);
	assert_int_equal(info->built_wall_s, 1790000000);
	assert_int_equal(info->source_digest[1], 2);
	assert_int_equal(info->names, 5);
	assert_int_equal(info->networks, 3);
	assert_int_equal(answer->kind, CF_ANSWER_SINKHOLE);
	assert_int_equal(answer->ttl_s, 60);
	assert_int_equal(answer->ede_code, 15);
	assert_string_equal(answer->ede_text, "blocked by policy");
	assert_int_equal(answer->sinkhole_v4.bytes[0], 192);
	assert_int_equal(answer->sinkhole_v6.family, CF_FAMILY_NONE);
	cf_image_close(image);
	free(data);
}

static void lists_come_back(void **state)
{
	void *data;
	struct cf_image *image = open_full(&data);
	struct cf_signature signature;
	struct cf_port port;
	struct cf_resolver resolver;
	const char *org = NULL;

	(void)state;
	assert_true(cf_image_find_asn(image, 41983, &org));
	assert_string_equal(org, "Kaspersky Lab AG");
	assert_false(cf_image_find_asn(image, 41984, NULL));
	assert_false(cf_image_find_asn(image, 0, NULL));
	assert_false(cf_image_find_asn(image, UINT32_MAX, NULL));
	assert_int_equal(cf_image_asn(image, 1, NULL), 200107);
	cf_image_signature(image, 0, &signature);
	assert_string_equal(signature.kind, "body-magic");
	assert_string_equal(signature.match, "prefix");
	assert_string_equal(signature.value, "KLZF");
	assert_string_equal(signature.note, "");
	assert_int_equal(signature.line, 7);
	cf_image_port(image, 0, &port);
	assert_string_equal(port.role, "ksn-proxy");
	assert_string_equal(port.direction, "lan");
	assert_int_equal(port.proto, IPPROTO_TCP);
	assert_int_equal(port.first, 13111);
	assert_int_equal(port.last, 13112);
	cf_image_resolver(image, 0, &resolver);
	assert_int_equal(resolver.order, 1);
	assert_int_equal(resolver.addr.bytes[3], 8);
	assert_string_equal(resolver.operator_name, "Google");
	assert_string_equal(resolver.name, "dns.google");
	cf_image_close(image);
	free(data);
}

static void policy_comes_back_with_phases_in_order_of_time(void **state)
{
	void *data;
	struct cf_image *image = open_full(&data);
	struct cf_exception exception;
	struct cf_phase phase;

	(void)state;
	cf_image_phase(image, 0, &phase);
	assert_string_equal(phase.name, "sales");
	cf_image_phase(image, 1, &phase);
	assert_string_equal(phase.name, "cut-off");
	assert_string_equal(phase.citation, "89 FR 52434");
	assert_int_equal(phase.from_wall_s, 1727582400);
	assert_int_equal(phase.verdict, CF_VERDICT_BLOCK);
	assert_int_equal(phase.categories, 3);
	assert_string_equal(phase.file, "us-commerce-2024.yaml");
	assert_int_equal(phase.line, 9);
	cf_image_exception(image, 0, &exception);
	assert_int_equal(exception.verdict, CF_VERDICT_PASS);
	assert_int_equal(exception.from_wall_s, 1700000000);
	assert_int_equal(exception.until_wall_s, 1735603200);
	assert_string_equal(exception.owner, "jdoe");
	assert_string_equal(exception.reason, "migration wave 3");
	assert_string_equal(exception.clients, "lab");
	assert_int_equal(exception.line, 12);
	assert_int_equal(cf_image_baseline(image, 0, CF_CATEGORY_INFORMATIONAL), CF_VERDICT_PASS);
	assert_int_equal(cf_image_baseline(image, 0, CF_CATEGORY_PKI), CF_VERDICT_FLAG);
	cf_image_close(image);
	free(data);
}

static void all_entries_of_a_name_are_found_most_specific_first(void **state)
{
	void *data;
	struct cf_image *image = open_full(&data);
	struct cf_name name = name_of("S00.UPD.kaspersky.com");
	struct cf_match matches[CF_MATCHES];
	struct cf_entry entry;
	char text[CF_NAME_TEXT_BYTES];

	(void)state;
	assert_int_equal(cf_image_find_name(image, &name, matches), 2);
	cf_image_entry(image, matches[0].entry, &entry);
	assert_string_equal(cf_name_format_wire(entry.name_wire, text), "upd.kaspersky.com");
	assert_int_equal(matches[0].label_count, 3);
	assert_int_equal(entry.category, CF_CATEGORY_UPDATES);
	assert_int_equal(entry.confidence, CF_CONFIDENCE_DOCUMENTED);
	assert_int_equal(entry.exception, CF_NONE);
	assert_string_equal(entry.list, "kaspersky");
	assert_string_equal(entry.source, "the vendor's page");
	assert_string_equal(entry.file, "names.tsv");
	assert_int_equal(entry.line, 3);
	assert_int_equal(matches[1].label_count, 2);
	/* At the apex itself the exact entry stands before the subtree, though it was added later.
	 */
	name = name_of("kaspersky.com");
	assert_int_equal(cf_image_find_name(image, &name, matches), 2);
	cf_image_entry(image, matches[0].entry, &entry);
	assert_int_equal(entry.scope, CF_SCOPE_EXACT);
	name = name_of("notkaspersky.com");
	assert_int_equal(cf_image_find_name(image, &name, matches), 0);
	name = name_of("kaspersky.com.example.org");
	assert_int_equal(cf_image_find_name(image, &name, matches), 0);
	name = name_of("com");
	assert_int_equal(cf_image_find_name(image, &name, matches), 0);
	name = name_of(".");
	assert_int_equal(cf_image_find_name(image, &name, matches), 0);
	cf_image_close(image);
	free(data);
}

static void policy_names_know_their_exception(void **state)
{
	void *data;
	struct cf_image *image = open_full(&data);
	struct cf_name name = name_of("www.special.example");
	struct cf_match matches[CF_MATCHES];
	struct cf_entry entry;

	(void)state;
	assert_int_equal(cf_image_find_name(image, &name, matches), 1);
	cf_image_entry(image, matches[0].entry, &entry);
	assert_int_equal(entry.exception, 0);
	assert_string_equal(entry.list, "policy");
	assert_string_equal(entry.file, "curfew.yaml");
	assert_int_equal(entry.line, 13);
	cf_image_close(image);
	free(data);
}

static uint32_t find(const struct cf_image *image, const char *text)
{
	struct cf_addr addr;

	assert_int_equal(cf_addr_parse(text, &addr), CF_OK);
	return cf_image_find_addr(image, &addr);
}

static void longest_prefix_is_found(void **state)
{
	void *data;
	struct cf_image *image = open_full(&data);
	struct cf_network network;

	(void)state;
	cf_image_network(image, find(image, "77.74.178.255"), &network);
	assert_int_equal(network.prefix.bits, 24);
	assert_int_equal(network.until_wall_s, 1800000000);
	cf_image_network(image, find(image, "77.74.179.0"), &network);
	assert_int_equal(network.prefix.bits, 21);
	assert_int_equal(network.asn, 200107);
	assert_string_equal(network.org, "Kaspersky Lab");
	assert_int_equal(find(image, "77.74.175.255"), CF_NONE);
	assert_int_equal(find(image, "77.74.184.0"), CF_NONE);
	cf_image_network(image, find(image, "2a03:2480:69:ffff::1"), &network);
	assert_int_equal(network.prefix.bits, 47);
	assert_int_equal(find(image, "2a03:2480:6a::"), CF_NONE);
	assert_int_equal(find(image, "::"), CF_NONE);
	cf_image_close(image);
	free(data);
}

static void an_empty_image_holds_nothing_and_opens(void **state)
{
	struct cf_image_builder *builder;
	struct cf_image *image;
	struct cf_match matches[CF_MATCHES];
	struct cf_name name = name_of("example.com");
	size_t len;
	void *data;

	(void)state;
	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	assert_int_equal(cf_image_builder_to_memory(builder, &data, &len, NULL), CF_OK);
	cf_image_builder_free(builder);
	assert_int_equal(cf_image_from_memory(data, len, &image, NULL), CF_OK);
	assert_int_equal(cf_image_find_name(image, &name, matches), 0);
	assert_int_equal(find(image, "10.0.0.1"), CF_NONE);
	assert_int_equal(cf_image_info(image)->names, 0);
	assert_string_equal(cf_image_info(image)->privacy, "full");
	assert_true(image_walk(image) > 0);
	cf_image_close(image);
	free(data);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	size_t first_len, second_len;
	void *first = full_image(&first_len), *second = full_image(&second_len);

	(void)state;
	assert_int_equal(first_len, second_len);
	assert_memory_equal(first, second, first_len);
	free(first);
	free(second);
}

static void identity_is_the_hash_of_the_file(void **state)
{
	size_t len;
	uint8_t *data = full_image(&len), digest[CF_SHA256_BYTES];
	struct cf_image *image;

	(void)state;
	assert_int_equal(cf_image_from_memory(data, len, &image, NULL), CF_OK);
	memset(data + offsetof(struct cf_image_header, digest), 0, CF_SHA256_BYTES);
	assert_int_equal(cf_sha256(data, len, digest), CF_OK);
	assert_memory_equal(digest, cf_image_info(image)->digest, sizeof digest);
	cf_image_close(image);
	free(data);
}

/* The status of opening a changed copy whose checksum is right. */
static enum cf_status open_changed(
    size_t at, const void *bytes, size_t count, struct cf_error *error)
{
	struct cf_image *image = NULL;
	enum cf_status status;
	size_t len;
	uint8_t *data = full_image(&len);

	memcpy(data + at, bytes, count);
	image_sign(data, len, false);
	status = cf_image_from_memory(data, len, &image, error);
	cf_image_close(image);
	free(data);
	return status;
}

static void other_formats_are_told_apart(void **state)
{
	struct cf_error error;
	uint32_t version = CF_IMAGE_VERSION + 1, endian = 0x04030201;

	(void)state;
	assert_int_equal(open_changed(0, "ELFELFEL", 8, &error), CF_EMALFORMED);
	assert_string_equal(error.text, "not an image");
	assert_int_equal(open_changed(8, &version, 4, &error), CF_EVERSION);
	assert_int_equal(open_changed(12, &endian, 4, &error), CF_EVERSION);
	assert_int_equal(open_changed(0, "C", 1, &error), CF_OK);
}

static void data_that_is_not_aligned_is_refused(void **state)
{
	struct cf_image *image;
	size_t len;
	uint8_t *data = full_image(&len), *moved = malloc(len + 1);

	(void)state;
	memcpy(moved + 1, data, len);
	assert_int_equal(cf_image_from_memory(moved + 1, len, &image, NULL), CF_EINVALID);
	free(moved);
	free(data);
}

static void every_truncation_is_refused(void **state)
{
	size_t len;
	uint8_t *data = full_image(&len);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		struct cf_image *image;
		uint8_t *copy = malloc(cut + 1); /* exactly so long that a step outside is seen */

		memcpy(copy, data, cut);
		assert_int_not_equal(cf_image_from_memory(copy, cut, &image, NULL), CF_OK);
		image_sign(copy, cut, true);
		assert_int_not_equal(cf_image_from_memory(copy, cut, &image, NULL), CF_OK);
		free(copy);
	}
	free(data);
}

static void every_flipped_bit_is_refused(void **state)
{
	struct cf_image *image;
	size_t len;
	uint8_t *data = full_image(&len);

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit += bit < 8 * 1024 ? 1 : 61) {
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(cf_image_from_memory(data, len, &image, NULL), CF_OK);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(cf_image_from_memory(data, len, &image, NULL), CF_OK);
	cf_image_close(image);
	free(data);
}

/* One kind of damage out of many, in place; the new length. other is another good image. */
static size_t damage(
    struct model_source *source, uint8_t *data, size_t len, const uint8_t *other, size_t other_len)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x3f, 0x40};
	size_t header = sizeof(struct cf_image_header);
	size_t reach = model_choose(source, 3) == 0 ? header : len;
	size_t at = model_choose(source, (unsigned)reach), count;

	switch (model_choose(source, 6)) {
	case 0:
		data[at] ^= (uint8_t)(1 << model_choose(source, 8));
		return len;
	case 1:
		data[at] = values[model_choose(source, 8)];
		return len;
	case 2: /* a whole integer */
		at &= ~(size_t)3;
		for (size_t i = at; i < at + 4 && i < len; i++)
			data[i] = values[model_choose(source, 8)];
		return len;
	case 3: /* a piece of the other image */
		count = model_choose(source, 200);
		if (at < other_len && count <= len - at && count <= other_len - at)
			memcpy(data + at, other + at, count);
		return len;
	case 4: /* a piece of itself elsewhere */
		count = model_choose(source, 100);
		if (count <= len - at && count <= len / 2)
			memmove(
			    data + at, data + model_choose(source, (unsigned)(len - count)), count);
		return len;
	default:
		return at;
	}
}

static void damaged_images_are_refused_or_behave(void **state)
{
	const char *cases_text = getenv("CF_CASES"), *seed_text = getenv("CF_SEED");
	unsigned long cases = cases_text == NULL ? 10000 : strtoul(cases_text, NULL, 0);
	unsigned long seed = seed_text == NULL ? 1 : strtoul(seed_text, NULL, 0), opened = 0;
	size_t len, other_len;
	uint8_t *full = full_image(&len), *other;
	struct model_source source = {.state = 99};
	struct model model;

	(void)state;
	model_make(&source, &model);
	model_build(&model, (void **)&other, &other_len);
	for (unsigned long i = seed; i < seed + cases; i++) {
		bool use_other = i % 2 != 0, sign = i % 4 < 3;
		size_t good_len = use_other ? other_len : len, bad_len = good_len;
		uint8_t *scratch = malloc(good_len), *bad;
		struct cf_image *image = NULL;

		source = (struct model_source){.state = i};
		memcpy(scratch, use_other ? other : full, good_len);
		for (unsigned k = 0; k <= i % 3; k++)
			bad_len = damage(&source, scratch, bad_len == 0 ? 1 : bad_len,
			    use_other ? full : other, use_other ? len : other_len);
		bad = malloc(bad_len + 1);
		memcpy(bad, scratch, bad_len);
		free(scratch);
		if (sign)
			image_sign(bad, bad_len, true);
		if (cf_image_from_memory(bad, bad_len, &image, NULL) == CF_OK) {
			opened += image_walk(image) > 0;
			/* Without the digest made new, only what changed nothing may pass. */
			if (!sign)
				assert_memory_equal(bad, use_other ? other : full, bad_len);
		}
		cf_image_close(image);
		free(bad);
	}
	/* The test means nothing unless much of what is signed gets in. */
	assert_true(cases < 1000 || opened > cases / 20);
	free(full);
	free(other);
}

/* A folder with one file of these bytes, grown to size; the path is to be freed. */
static char *make_file(char *folder, const void *data, size_t len, off_t size)
{
	char *path;
	FILE *to;

	assert_non_null(mkdtemp(folder));
	assert_true(asprintf(&path, "%s/image", folder) > 0);
	to = fopen(path, "we");
	assert_non_null(to);
	assert_int_equal(fwrite(data, 1, len, to), len);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(truncate(path, size), 0);
	return path;
}

static void remove_file(char *path, const char *folder)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	free(path);
}

/* Nothing of it is read but its header: the time and memory for the rest are not there. */
static void a_huge_file_that_is_no_image_is_refused_by_its_header(void **state)
{
	char zeros[] = "/tmp/curfew-image-XXXXXX", grown[] = "/tmp/curfew-image-XXXXXX", *path;
	struct cf_image *image = NULL;
	struct cf_error error = {0};
	void *data;
	size_t len;

	(void)state;
	path = make_file(zeros, "", 0, (off_t)15 << 30);
	alarm(60);
	assert_int_equal(cf_image_open(path, &image, &error), CF_EMALFORMED);
	assert_non_null(strstr(error.text, "not an image"));
	remove_file(path, zeros);
	/* The header says how long it is. */
	data = full_image(&len);
	path = make_file(grown, data, len, (off_t)15 << 30);
	assert_int_equal(cf_image_open(path, &image, &error), CF_EMALFORMED);
	assert_non_null(strstr(error.text, "made with"));
	alarm(0);
	remove_file(path, grown);
	free(data);
}

static void reading_ends_when_it_is_told_to(void **state)
{
	char folder[] = "/tmp/curfew-image-XXXXXX", *path;
	struct cf_image *image = NULL;
	struct cf_error error = {0};
	atomic_bool stop;
	void *data;
	size_t len;

	(void)state;
	data = full_image(&len);
	path = make_file(folder, data, len, (off_t)len);
	atomic_init(&stop, true);
	assert_int_equal(cf_image_open_until(path, &stop, &image, &error), CF_EAGAIN);
	assert_non_null(strstr(error.text, "stopped reading"));
	atomic_store(&stop, false);
	assert_int_equal(cf_image_open_until(path, &stop, &image, &error), CF_OK);
	cf_image_close(image);
	remove_file(path, folder);
	free(data);
}

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
	char folder[] = "/tmp/curfew-image-XXXXXX", *path;
	struct cf_image *image = NULL;
	struct cf_error error = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(asprintf(&path, "%s/image", folder) > 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60);
	assert_int_equal(cf_image_open(path, &image, &error), CF_EINVALID);
	assert_int_equal(cf_image_open(folder, &image, &error), CF_EINVALID);
	assert_int_equal(cf_image_open("/dev/zero", &image, &error), CF_EINVALID);
	alarm(0);
	remove_file(path, folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_huge_file_that_is_no_image_is_refused_by_its_header),
	    cmocka_unit_test(reading_ends_when_it_is_told_to),
	    cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
	    cmocka_unit_test(settings_come_back),
	    cmocka_unit_test(lists_come_back),
	    cmocka_unit_test(policy_comes_back_with_phases_in_order_of_time),
	    cmocka_unit_test(all_entries_of_a_name_are_found_most_specific_first),
	    cmocka_unit_test(policy_names_know_their_exception),
	    cmocka_unit_test(longest_prefix_is_found),
	    cmocka_unit_test(an_empty_image_holds_nothing_and_opens),
	    cmocka_unit_test(the_same_input_gives_the_same_bytes),
	    cmocka_unit_test(identity_is_the_hash_of_the_file),
	    cmocka_unit_test(other_formats_are_told_apart),
	    cmocka_unit_test(data_that_is_not_aligned_is_refused),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(every_flipped_bit_is_refused),
	    cmocka_unit_test(damaged_images_are_refused_or_behave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
