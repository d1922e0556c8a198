/*
 * Makes an image from a few words, for the tests that run a real resolver. Usage: make_image TEXT
 *IMAGE
 *
 *	name NAME exact|subtree|below CATEGORY	net PREFIX KIND CATEGORY
 *	phase FROM VERDICT CATEGORY,...		exempt PREFIX VERDICT UNTIL CATEGORY,...
 *	except NAME VERDICT			answer KIND TTL
 *	sinkhole V4 V6				ede CODE TEXT
 *	log PATH	fold SECONDS		addresses yes|no	syslog yes|no
 *	services yes|no	alive SECONDS
 *	many COUNT NAME CATEGORY: n0.NAME to n(COUNT-1).NAME
 */
#include "compile/image/image_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
	struct cf_image_builder *builder;
	struct cf_answer_spec answer;
	struct cf_image_settings settings;
	char ede[CF_EDE_TEXT_BYTES], log_path[512];
	unsigned line;
};

static void need(const struct maker *m, bool good)
{
	if (good)
		return;
	(void)fprintf(stderr, "make_image: line %u is bad\n", m->line);
	exit(2);
}

static struct cf_name name_of(const struct maker *m, const char *text)
{
	struct cf_name name;

	need(m, cf_name_from_text(text, strlen(text), &name) == CF_OK);
	return name;
}

static uint32_t categories_of(const struct maker *m, char *text)
{
	uint32_t bits = 0;

	for (char *word = strtok(text, ","); word != NULL; word = strtok(NULL, ",")) {
		enum cf_category category;

		need(m, cf_category_parse(word, strlen(word), &category));
		bits |= UINT32_C(1) << category;
	}
	return bits;
}

static enum cf_verdict verdict_of(const struct maker *m, const char *text)
{
	enum cf_verdict verdict;

	need(m, cf_verdict_parse(text, strlen(text), &verdict));
	return verdict;
}

static struct cf_image_attr attr_of(const struct maker *m, const char *category)
{
	struct cf_image_attr attr = {.list = "test-pack",
	    .product = "test",
	    .source = "test",
	    .as_of = "2024-01-01",
	    .note = "",
	    .file = "test",
	    .confidence = CF_CONFIDENCE_DOCUMENTED};

	need(m, cf_category_parse(category, strlen(category), &attr.category));
	return attr;
}

static void add_name(
    struct maker *m, const char *text, const char *scope_text, const char *category)
{
	struct cf_image_attr attr = attr_of(m, category);
	struct cf_name name = name_of(m, text);
	enum cf_scope scope;

	need(m, cf_scope_parse(scope_text, strlen(scope_text), &scope));
	need(m, cf_image_builder_add_name(m->builder, &name, scope, &attr, m->line) == CF_OK);
}

static void add_many(struct maker *m, const char *count, const char *below, const char *category)
{
	struct cf_image_attr attr = attr_of(m, category);

	for (long i = 0; i < strtol(count, NULL, 10); i++) {
		char text[256];
		struct cf_name name;

		(void)snprintf(text, sizeof(text), "n%ld.%s", i, below);
		name = name_of(m, text);
		need(m,
		    cf_image_builder_add_name(
		        m->builder, &name, CF_SCOPE_SUBTREE, &attr, m->line) == CF_OK);
	}
}

static void add_network(struct maker *m, const char *prefix, const char *kind, const char *category)
{
	struct cf_network network = {.org = "Test",
	    .list = "test-pack",
	    .source = "test",
	    .as_of = "2024-01-01",
	    .note = "",
	    .file = "test",
	    .line = m->line,
	    .asn = 64496,
	    .until_wall_s = INT64_MAX};

	need(m, cf_prefix_parse(prefix, &network.prefix) == CF_OK);
	need(m, cf_network_kind_parse(kind, strlen(kind), &network.kind));
	need(m, cf_category_parse(category, strlen(category), &network.category));
	need(m, cf_image_builder_add_network(m->builder, &network) == CF_OK);
}

static void add_phase(struct maker *m, const char *from, const char *verdict, char *categories)
{
	struct cf_phase phase = {.name = "cut-off",
	    .citation = "",
	    .file = "test",
	    .line = m->line,
	    .from_wall_s = strtoll(from, NULL, 10),
	    .verdict = verdict_of(m, verdict),
	    .categories = categories_of(m, categories)};

	need(m, cf_image_builder_add_phase(m->builder, &phase) == CF_OK);
}

static void add_exempt(struct maker *m, const char *prefix_text, const char *verdict,
    const char *until, char *categories)
{
	struct cf_prefix prefix;
	uint32_t group, id;
	struct cf_image_exception exception = {.verdict = verdict_of(m, verdict),
	    .groups = &group,
	    .group_count = 1,
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = strtoll(until, NULL, 10),
	    .categories = categories_of(m, categories),
	    .owner = "tester",
	    .reason = "test",
	    .clients = prefix_text,
	    .file = "test",
	    .line = m->line};

	need(m, cf_prefix_parse(prefix_text, &prefix) == CF_OK);
	need(m, cf_image_builder_add_group(m->builder, prefix_text, &prefix, 1, &group) == CF_OK);
	need(m, cf_image_builder_add_exception(m->builder, &exception, &id) == CF_OK);
}

static void add_except(struct maker *m, const char *text, const char *verdict)
{
	struct cf_name name = name_of(m, text);
	uint32_t id;
	struct cf_image_exception exception = {.verdict = verdict_of(m, verdict),
	    .everybody = true,
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = INT64_MAX,
	    .owner = "tester",
	    .reason = "test",
	    .clients = "",
	    .file = "test",
	    .line = m->line};

	need(m, cf_image_builder_add_exception(m->builder, &exception, &id) == CF_OK);
	need(m,
	    cf_image_builder_add_exception_name(m->builder, id, &name, CF_SCOPE_SUBTREE, m->line) ==
	        CF_OK);
}

static void read_line(struct maker *m, char *line)
{
	char word[32] = "", a[512] = "", b[512] = "", c[512] = "", d[512] = "";
	int words = sscanf(line, "%31s %511s %511s %511s %511s", word, a, b, c, d);

	if (words < 1)
		return;
	if (strcmp(word, "name") == 0)
		add_name(m, a, b, c);
	else if (strcmp(word, "many") == 0)
		add_many(m, a, b, c);
	else if (strcmp(word, "net") == 0)
		add_network(m, a, b, c);
	else if (strcmp(word, "phase") == 0)
		add_phase(m, a, b, c);
	else if (strcmp(word, "exempt") == 0)
		add_exempt(m, a, b, c, d);
	else if (strcmp(word, "except") == 0)
		add_except(m, a, b);
	else if (strcmp(word, "answer") == 0) {
		need(m, cf_answer_parse(a, strlen(a), &m->answer.kind));
		m->answer.ttl_s = (uint32_t)strtoul(b, NULL, 10);
	} else if (strcmp(word, "sinkhole") == 0) {
		need(m,
		    cf_addr_parse(a, &m->answer.sinkhole_v4) == CF_OK &&
		        cf_addr_parse(b, &m->answer.sinkhole_v6) == CF_OK);
	} else if (strcmp(word, "ede") == 0) {
		m->answer.ede_code = (uint16_t)strtoul(a, NULL, 10);
		need(m, sscanf(line, "%*s %*s %255[^\n]", m->ede) <= 1);
	} else if (strcmp(word, "log") == 0) {
		(void)snprintf(m->log_path, sizeof(m->log_path), "%s", a);
	} else if (strcmp(word, "fold") == 0) {
		m->settings.fold_s = (uint32_t)strtoul(a, NULL, 10);
	} else if (strcmp(word, "addresses") == 0) {
		m->settings.block_addresses = strcmp(a, "yes") == 0;
	} else if (strcmp(word, "services") == 0) {
		m->settings.block_services = strcmp(a, "yes") == 0;
	} else if (strcmp(word, "alive") == 0) {
		m->settings.alive_s = (uint16_t)strtoul(a, NULL, 10);
	} else if (strcmp(word, "syslog") == 0) {
		m->settings.syslog = strcmp(a, "yes") == 0;
	} else {
		need(m, false);
	}
}

int main(int argc, char **argv)
{
	struct maker m = {.answer = {.ttl_s = 300, .ede_code = 15}};
	struct cf_error error;
	char line[2048];
	FILE *file;

	if (argc != 3 || (file = fopen(argv[1], "re")) == NULL ||
	    cf_image_builder_new(&m.builder) != CF_OK) {
		(void)fprintf(stderr, "usage: make_image TEXT IMAGE\n");
		return 2;
	}
	m.settings = (struct cf_image_settings){.built_wall_s = 1700000000,
	    .vendor = "test",
	    .pack_version = "1",
	    .preset = "test",
	    .policy_file = "test",
	    .log_path = m.log_path};
	while (fgets(line, sizeof(line), file) != NULL) {
		m.line++;
		read_line(&m, line);
	}
	(void)fclose(file); /* read only */
	m.answer.ede_text = m.ede;
	need(&m,
	    cf_image_builder_set_answer(m.builder, &m.answer) == CF_OK &&
	        cf_image_builder_set_settings(m.builder, &m.settings) == CF_OK);
	if (cf_image_builder_write(m.builder, argv[2], NULL, &error) != CF_OK) {
		(void)fprintf(stderr, "make_image: %s\n", error.text);
		return 4;
	}
	cf_image_builder_free(m.builder);
	return 0;
}
