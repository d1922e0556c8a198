/* A vendor's folder to memory. */

#include "compile/pack/pack.h"

#include "compile/pack/pack_table.h"
#include "compile/yaml/yaml_file.h"

#include <cyaml/cyaml.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One file's buffer, handed over by its table. */
struct cf_pack_text {
	char *text, *file;
	struct cf_pack_text *next;
};

/* pack.yaml as libcyaml loads it. */
struct about {
	char *vendor, *title, *version, *maintainer, *description, *licence, *default_preset;
};

static const cyaml_schema_field_t about_fields[] = {
    CYAML_FIELD_STRING_PTR("vendor", CYAML_FLAG_DEFAULT, struct about, vendor, 1, 63),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_DEFAULT, struct about, title, 1, 255),
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_DEFAULT, struct about, version, 1, 63),
    CYAML_FIELD_STRING_PTR(
        "maintainer", CYAML_FLAG_OPTIONAL, struct about, maintainer, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR(
        "description", CYAML_FLAG_OPTIONAL, struct about, description, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR(
        "licence", CYAML_FLAG_OPTIONAL, struct about, licence, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR(
        "default-preset", CYAML_FLAG_OPTIONAL, struct about, default_preset, 0, 63),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t about_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct about, about_fields),
};

/* The pack and what reading it needs besides. */
struct reader {
	struct cf_pack *pack;
	struct cf_diags *diags;
	struct cf_sha256 *digest;
};

/* A copy of text that lives as long as the pack, or NULL. */
static const char *keep(struct cf_pack *pack, const char *text)
{
	struct cf_pack_text *kept = calloc(1, sizeof *kept);

	if (kept == NULL)
		return NULL;
	kept->text = strdup(text == NULL ? "" : text);
	kept->next = pack->text;
	pack->text = kept;
	return kept->text;
}

static enum cf_status path_in(const char *dir, const char *file, char *path, size_t size)
{
	int len = snprintf(path, size, "%s/%s", dir, file);

	return len < 0 || (size_t)len >= size ? CF_ETOOBIG : CF_OK;
}

static enum cf_status read_about(struct reader *reader, const char *dir)
{
	struct cf_pack *pack = reader->pack;
	char path[CF_PATH_BYTES];
	struct about *about = NULL;
	struct cf_yaml *yaml = NULL;
	void *data = NULL;
	enum cf_status status = path_in(dir, "pack.yaml", path, sizeof path);

	if (status == CF_OK)
		status =
		    cf_yaml_load(path, &about_schema, &data, &yaml, reader->digest, reader->diags);
	if (status != CF_OK)
		return status;
	about = data;
	pack->dir = keep(pack, dir);
	pack->vendor = keep(pack, about->vendor);
	pack->title = keep(pack, about->title);
	pack->version = keep(pack, about->version);
	pack->maintainer = keep(pack, about->maintainer);
	pack->description = keep(pack, about->description);
	pack->licence = keep(pack, about->licence);
	pack->default_preset = keep(pack, about->default_preset);
	cf_yaml_free(yaml, &about_schema, data);
	if (pack->dir == NULL || pack->vendor == NULL || pack->title == NULL ||
	    pack->version == NULL || pack->maintainer == NULL || pack->description == NULL ||
	    pack->licence == NULL || pack->default_preset == NULL)
		return CF_ENOMEM;
	return CF_OK;
}

static enum cf_status read_table(
    struct reader *reader, const char *path, const struct cf_pack_table *table)
{
	struct cf_pack_text *text;
	struct cf_tsv tsv;
	enum cf_status status =
	    cf_tsv_open(&tsv, path, table->columns, table->column_count, reader->digest);

	if (status == CF_EIO && errno == ENOENT && !table->required)
		return CF_OK;
	if (status != CF_OK) {
		cf_diag_add(reader->diags, CF_DIAG_ERROR, path, 0, NULL, "cannot read: %s",
		    status == CF_EIO            ? strerror(errno)
		        : status == CF_EINVALID ? "it is not a regular file"
		                                : cf_status_text(status));
		return status == CF_EINVALID ? CF_EIO : status;
	}
	text = calloc(1, sizeof *text);
	if (text == NULL) {
		cf_tsv_done(&tsv);
		return CF_ENOMEM;
	}
	/* The entries point into the buffer and the path: the pack keeps both. */
	*text =
	    (struct cf_pack_text){.text = tsv.text, .file = tsv.file, .next = reader->pack->text};
	reader->pack->text = text;
	status = cf_pack_table_read(table, reader->pack, &tsv, reader->diags);
	if (status == CF_ETOOBIG)
		cf_diag_add(reader->diags, CF_DIAG_ERROR, path, tsv.line, NULL,
		    "more than %d entries", CF_PACK_ENTRIES);
	return status;
}

/* overlay-YYYY-MM-DD.tsv */
static int is_overlay(const struct dirent *entry)
{
	char date[11];
	const char *name = entry->d_name;

	if (strlen(name) != 22 || strncmp(name, "overlay-", 8) != 0 ||
	    strcmp(name + 18, ".tsv") != 0)
		return 0;
	memcpy(date, name + 8, 10);
	date[10] = '\0';
	return cf_pack_date_ok(date);
}

static enum cf_status read_overlays(struct reader *reader, const char *dir)
{
	struct dirent **found = NULL;
	int count = scandir(dir, &found, is_overlay, alphasort);
	enum cf_status status = CF_OK;
	char path[CF_PATH_BYTES];

	if (count < 0)
		return errno == ENOMEM ? CF_ENOMEM : CF_EIO;
	if (count > CF_OVERLAYS) {
		cf_diag_add(reader->diags, CF_DIAG_ERROR, dir, 0, NULL,
		    "holds more than %d overlays", CF_OVERLAYS);
		status = CF_ETOOBIG;
	}
	for (int i = 0; i < count; i++) {
		if (status == CF_OK)
			status = path_in(dir, found[i]->d_name, path, sizeof path);
		if (status == CF_OK)
			status = read_table(reader, path, &cf_pack_overlay_table);
		free(found[i]);
	}
	free(found);
	return status;
}

static enum cf_status read_pack(struct reader *reader, const char *dir)
{
	enum cf_status status = read_about(reader, dir);
	char path[CF_PATH_BYTES];

	/* Broken words about the pack do not keep the tables from being checked as well. */
	if (status == CF_EMALFORMED || status == CF_EINVALID)
		status = CF_OK;
	for (const struct cf_pack_table *table = cf_pack_tables;
	     status == CF_OK && table->file != NULL; table++) {
		status = path_in(dir, table->file, path, sizeof path);
		if (status == CF_OK)
			status = read_table(reader, path, table);
	}
	if (status == CF_OK)
		status = read_overlays(reader, dir);
	if (status == CF_OK && reader->diags->errors != 0)
		status = CF_EINVALID;
	return status;
}

enum cf_status cf_pack_read(const char *dir, struct cf_pack **pack_out, struct cf_diags *diags)
{
	struct reader reader = {.pack = calloc(1, sizeof *reader.pack), .digest = cf_sha256_new()};
	struct cf_diags own;
	enum cf_status status = CF_ENOMEM;

	/* What earlier readings left in diags must not count against this one. */
	cf_diags_init(&own);
	reader.diags = &own;
	if (reader.pack == NULL || reader.digest == NULL)
		goto out;
	status = read_pack(&reader, dir);
	if (status != CF_OK)
		goto out;
	cf_sha256_final(reader.digest, reader.pack->digest);
	*pack_out = reader.pack;
	reader.pack = NULL;
out:
	if (status != CF_OK && own.errors == 0)
		cf_diag_add(&own, CF_DIAG_ERROR, dir, 0, NULL, "cannot read the pack: %s",
		    cf_status_text(status));
	cf_diags_move(diags, &own);
	cf_sha256_free(reader.digest);
	cf_pack_free(reader.pack);
	return status;
}

void cf_pack_free(struct cf_pack *pack)
{
	if (pack == NULL)
		return;
	for (struct cf_pack_text *text = pack->text, *next; text != NULL; text = next) {
		next = text->next;
		free(text->text);
		free(text->file);
		free(text);
	}
	free(pack->sources);
	free(pack->names);
	free(pack->networks);
	free(pack->asns);
	free(pack->ports);
	free(pack->signatures);
	free(pack->resolvers);
	free(pack);
}
