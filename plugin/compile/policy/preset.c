/* A legal text as phases: YAML to memory, and the verdict at an instant. */

#include "compile/policy/preset.h"

#include "base/instant.h"
#include "base/limits.h"
#include "compile/pack/spoken_name.h"
#include "compile/yaml/yaml_file.h"

#include <cyaml/cyaml.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the file of a preset ends. */
#define SUFFIX ".yaml"

/* The file as libcyaml loads it: every scalar a string, its meaning checked below. */
struct phase_yaml {
	char *name, *from, *verdict, *citation;
	char **categories;
	uint32_t categories_count;
};

struct exempt_yaml {
	char **names;
	uint32_t names_count;
	char *verdict, *reason, *citation;
};

/* In the order of enum cf_category, then the word for all. */
struct baseline_yaml {
	char *categories[CF_CATEGORIES];
	char *otherwise;
};

struct preset_yaml {
	char *preset, *title, *citation, *summary;
	struct baseline_yaml baseline;
	struct phase_yaml *phases;
	uint32_t phases_count;
	struct exempt_yaml *exempt;
	uint32_t exempt_count;
};

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t phase_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_DEFAULT, struct phase_yaml, name, 1, 63),
    CYAML_FIELD_STRING_PTR("from", CYAML_FLAG_DEFAULT, struct phase_yaml, from, 1, 63),
    CYAML_FIELD_SEQUENCE("categories", CYAML_FLAG_POINTER, struct phase_yaml, categories,
        &text_schema, 1, CF_CATEGORIES),
    CYAML_FIELD_STRING_PTR("verdict", CYAML_FLAG_DEFAULT, struct phase_yaml, verdict, 1, 63),
    CYAML_FIELD_STRING_PTR(
        "citation", CYAML_FLAG_DEFAULT, struct phase_yaml, citation, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t phase_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct phase_yaml, phase_fields),
};

static const cyaml_schema_field_t exempt_fields[] = {
    CYAML_FIELD_SEQUENCE(
        "names", CYAML_FLAG_POINTER, struct exempt_yaml, names, &text_schema, 1, CF_PHASES),
    CYAML_FIELD_STRING_PTR("verdict", CYAML_FLAG_OPTIONAL, struct exempt_yaml, verdict, 1, 63),
    CYAML_FIELD_STRING_PTR(
        "reason", CYAML_FLAG_DEFAULT, struct exempt_yaml, reason, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR(
        "citation", CYAML_FLAG_DEFAULT, struct exempt_yaml, citation, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t exempt_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct exempt_yaml, exempt_fields),
};

#define BASELINE(word, category) \
	CYAML_FIELD_STRING_PTR( \
	    word, CYAML_FLAG_OPTIONAL, struct baseline_yaml, categories[category], 1, 63)

static const cyaml_schema_field_t baseline_fields[] = {
    CYAML_FIELD_STRING_PTR("default", CYAML_FLAG_DEFAULT, struct baseline_yaml, otherwise, 1, 63),
    BASELINE("updates", CF_CATEGORY_UPDATES),
    BASELINE("telemetry", CF_CATEGORY_TELEMETRY),
    BASELINE("activation", CF_CATEGORY_ACTIVATION),
    BASELINE("cloud-console", CF_CATEGORY_CLOUD_CONSOLE),
    BASELINE("web-account", CF_CATEGORY_WEB_ACCOUNT),
    BASELINE("sales", CF_CATEGORY_SALES),
    BASELINE("corporate", CF_CATEGORY_CORPORATE),
    BASELINE("pki", CF_CATEGORY_PKI),
    BASELINE("product-service", CF_CATEGORY_PRODUCT_SERVICE),
    BASELINE("informational", CF_CATEGORY_INFORMATIONAL),
    BASELINE("local-injection", CF_CATEGORY_LOCAL_INJECTION),
    BASELINE("lookalike", CF_CATEGORY_LOOKALIKE),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t preset_fields[] = {
    CYAML_FIELD_STRING_PTR("preset", CYAML_FLAG_DEFAULT, struct preset_yaml, preset, 1, 63),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_DEFAULT, struct preset_yaml, title, 1, 255),
    CYAML_FIELD_STRING_PTR(
        "citation", CYAML_FLAG_DEFAULT, struct preset_yaml, citation, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR(
        "summary", CYAML_FLAG_DEFAULT, struct preset_yaml, summary, 1, CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING(
        "baseline", CYAML_FLAG_DEFAULT, struct preset_yaml, baseline, baseline_fields),
    CYAML_FIELD_SEQUENCE(
        "phases", CYAML_FLAG_POINTER, struct preset_yaml, phases, &phase_schema, 0, CF_PHASES),
    CYAML_FIELD_SEQUENCE("exempt", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct preset_yaml,
        exempt, &exempt_schema, 0, CF_PHASES),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t preset_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct preset_yaml, preset_fields),
};

/* The preset together with the file that its strings point into. */
struct loaded {
	struct cf_preset preset; /* first, so that a pointer to it is one to this */
	struct cf_yaml *yaml;
	struct preset_yaml *data;
};

static void complain(const struct loaded *l, struct cf_diags *diags, const char *key,
    const char *value, const char *expected)
{
	char quoted[120];

	cf_diag_add(diags, CF_DIAG_ERROR, l->preset.file, cf_yaml_line(l->yaml, key), key,
	    "%s; expected %s", cf_quote(value, strlen(value), quoted, sizeof quoted), expected);
}

static void take_verdict(const struct loaded *l, struct cf_diags *diags, const char *key,
    const char *value, enum cf_verdict *verdict_out)
{
	if (!cf_verdict_parse(value, strlen(value), verdict_out))
		complain(l, diags, key, value, "pass, flag or block");
}

static void take_baseline(struct loaded *l, struct cf_diags *diags)
{
	const struct baseline_yaml *from = &l->data->baseline;
	enum cf_verdict otherwise = CF_VERDICT_FLAG;
	char key[64];

	take_verdict(l, diags, "baseline.default", from->otherwise, &otherwise);
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		l->preset.baseline[i] = otherwise;
		(void)snprintf(key, sizeof key, "baseline.%s", cf_category_text(i)); /* fits */
		if (from->categories[i] != NULL)
			take_verdict(l, diags, key, from->categories[i], &l->preset.baseline[i]);
	}
}

static uint32_t take_categories(const struct loaded *l, struct cf_diags *diags, unsigned phase)
{
	const struct phase_yaml *from = &l->data->phases[phase];
	uint32_t set = 0;
	char key[64];

	for (unsigned i = 0; i < from->categories_count; i++) {
		enum cf_category category;

		(void)snprintf(key, sizeof key, "phases[%u].categories[%u]", phase, i); /* fits */
		if (!cf_category_parse(from->categories[i], strlen(from->categories[i]), &category))
			complain(l, diags, key, from->categories[i], "a category");
		else if ((set & 1U << category) != 0)
			complain(l, diags, key, from->categories[i], "each category once");
		else
			set |= 1U << category;
	}
	return set;
}

static void take_phase(struct loaded *l, struct cf_diags *diags, unsigned i)
{
	const struct phase_yaml *from = &l->data->phases[i];
	struct cf_preset_phase *phase = &l->preset.phases[i];
	enum cf_status status;
	char key[64];

	(void)snprintf(key, sizeof key, "phases[%u]", i); /* fits */
	*phase = (struct cf_preset_phase){.name = from->name,
	    .citation = from->citation,
	    .verdict = CF_VERDICT_FLAG,
	    .line = cf_yaml_line(l->yaml, key)};
	(void)snprintf(key, sizeof key, "phases[%u].from", i); /* fits */
	status = cf_instant_parse(from->from, &phase->from_wall_s);
	if (status == CF_EINVALID)
		complain(
		    l, diags, key, from->from, "an offset too: 2024-09-29T00:00:00-04:00 or ...Z");
	else if (status != CF_OK)
		complain(l, diags, key, from->from, "an instant like 2024-09-29T00:00:00-04:00");
	(void)snprintf(key, sizeof key, "phases[%u].verdict", i); /* fits */
	take_verdict(l, diags, key, from->verdict, &phase->verdict);
	phase->categories = take_categories(l, diags, i);
}

static void take_exempt(struct loaded *l, struct cf_diags *diags, unsigned i)
{
	const struct exempt_yaml *from = &l->data->exempt[i];
	struct cf_error error;
	struct cf_name name;
	char key[64];

	(void)snprintf(key, sizeof key, "exempt[%u]", i); /* fits */
	l->preset.exempts[i] = (struct cf_preset_exempt){.names = (const char *const *)from->names,
	    .name_count = from->names_count,
	    .verdict = CF_VERDICT_PASS,
	    .reason = from->reason,
	    .citation = from->citation,
	    .line = cf_yaml_line(l->yaml, key)};
	(void)snprintf(key, sizeof key, "exempt[%u].verdict", i); /* fits */
	if (from->verdict != NULL)
		take_verdict(l, diags, key, from->verdict, &l->preset.exempts[i].verdict);
	for (unsigned n = 0; n < from->names_count; n++) {
		(void)snprintf(key, sizeof key, "exempt[%u].names[%u]", i, n); /* fits */
		if (cf_spoken_name(from->names[n], &name, &error) != CF_OK)
			cf_diag_add(diags, CF_DIAG_ERROR, l->preset.file,
			    cf_yaml_line(l->yaml, key), key, "%s", error.text);
	}
}

static enum cf_status take_all(struct loaded *l, const char *name, struct cf_diags *diags)
{
	const struct preset_yaml *data = l->data;
	struct cf_preset *preset = &l->preset;
	size_t errors = diags->errors;

	preset->file = cf_yaml_file(l->yaml);
	preset->name = data->preset;
	preset->title = data->title;
	preset->citation = data->citation;
	preset->summary = data->summary;
	preset->phases = calloc(data->phases_count + 1U, sizeof *preset->phases);
	preset->exempts = calloc(data->exempt_count + 1U, sizeof *preset->exempts);
	if (preset->phases == NULL || preset->exempts == NULL)
		return CF_ENOMEM;
	preset->phase_count = data->phases_count;
	preset->exempt_count = data->exempt_count;
	if (strcmp(data->preset, name) != 0)
		complain(l, diags, "preset", data->preset, "the name of the file");
	take_baseline(l, diags);
	for (unsigned i = 0; i < data->phases_count; i++)
		take_phase(l, diags, i);
	for (unsigned i = 0; i < data->exempt_count; i++)
		take_exempt(l, diags, i);
	return diags->errors == errors ? CF_OK : CF_EINVALID;
}

/* Takes over what libcyaml loaded, or its failure. */
static enum cf_status finish(struct loaded *l, enum cf_status status, const char *name,
    struct cf_preset **preset_out, struct cf_diags *diags)
{
	if (status == CF_OK)
		status = take_all(l, name, diags);
	if (status != CF_OK) {
		cf_preset_free(&l->preset);
		return status;
	}
	*preset_out = &l->preset;
	return CF_OK;
}

enum cf_status cf_preset_parse(const char *text, size_t len, const char *file, const char *name,
    struct cf_preset **preset_out, struct cf_diags *diags)
{
	struct loaded *l = calloc(1, sizeof *l);
	void *data = NULL;
	enum cf_status status;

	if (l == NULL)
		return CF_ENOMEM;
	status = cf_yaml_load_text(text, len, file, &preset_schema, &data, &l->yaml, diags);
	l->data = data;
	return finish(l, status, name, preset_out, diags);
}

enum cf_status cf_preset_read(
    const char *dir, const char *name, struct cf_preset **preset_out, struct cf_diags *diags)
{
	struct loaded *l;
	char path[CF_PATH_BYTES], quoted[120];
	void *data = NULL;
	enum cf_status status;
	int len;

	if (name[0] == '\0' || strpbrk(name, "/.") != NULL) {
		cf_diag_add(diags, CF_DIAG_ERROR, dir, 0, NULL, "no preset can be called %s",
		    cf_quote(name, strlen(name), quoted, sizeof quoted));
		return CF_EINVALID;
	}
	len = snprintf(path, sizeof path, "%s/presets/%s.yaml", dir, name);
	if (len < 0 || (size_t)len >= sizeof path)
		return CF_ETOOBIG;
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return CF_ENOMEM;
	status = cf_yaml_load(path, &preset_schema, &data, &l->yaml, NULL, diags);
	l->data = data;
	return finish(l, status, name, preset_out, diags);
}

void cf_preset_free(struct cf_preset *preset)
{
	struct loaded *l = (struct loaded *)preset;

	if (l == NULL)
		return;
	free(preset->phases);
	free(preset->exempts);
	cf_yaml_free(l->yaml, &preset_schema, l->data);
	free(l);
}

static int is_preset(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), end = strlen(SUFFIX);

	return len > end && entry->d_name[0] != '.' &&
	    strcmp(entry->d_name + len - end, SUFFIX) == 0;
}

size_t cf_preset_names(const char *dir, char ***names_out)
{
	struct dirent **found = NULL;
	char path[CF_PATH_BYTES];
	size_t count = 0;
	int found_count;

	*names_out = NULL;
	(void)snprintf(path, sizeof path, "%s/presets", dir); /* cut: is not there */
	found_count = scandir(path, &found, is_preset, alphasort);
	if (found_count > 0)
		*names_out = calloc((size_t)found_count, sizeof **names_out);
	for (int i = 0; i < found_count; i++) {
		const char *name = found[i]->d_name;

		if (*names_out != NULL &&
		    ((*names_out)[count] = strndup(name, strlen(name) - strlen(SUFFIX))) != NULL)
			count++;
		free(found[i]);
	}
	free(found);
	return count;
}

enum cf_verdict cf_preset_verdict(const struct cf_preset *preset, enum cf_category category,
    int64_t at_wall_s, const struct cf_preset_phase **phase_out)
{
	const struct cf_preset_phase *best = NULL;

	for (size_t i = 0; i < preset->phase_count; i++) {
		const struct cf_preset_phase *phase = &preset->phases[i];

		if ((phase->categories & 1U << category) == 0 || phase->from_wall_s > at_wall_s)
			continue;
		if (best == NULL || phase->from_wall_s >= best->from_wall_s)
			best = phase;
	}
	if (phase_out != NULL)
		*phase_out = best;
	return best == NULL ? preset->baseline[category] : best->verdict;
}
