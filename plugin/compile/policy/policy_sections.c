/* The sections of curfew.yaml but for groups and exceptions, which policy_exceptions.c reads. */

#include "compile/policy/policy_reader.h"

#include "base/instant.h"
#include "compile/pack/spoken_name.h"

#include <string.h>

/* Seconds; a longer answer would outlive any phase it is meant for. */
#define ANSWER_TTL_MAX_S 86400
#define FOLD_MAX_S       86400
#define ANSWER_TTL_S     300
#define FOLD_S           60
#define ALIVE_MAX_S      3600
#define ALIVE_S          60
#define EDE_BLOCKED      15 /* RFC 8914 4.16 */

/* A word that may become part of a file name: no slash, no leading dot. */
static bool is_plain_word(const char *text)
{
	return text[0] != '.' && text[0] != '-' &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	    strlen(text);
}

static void read_selection(struct cf_policy_reader *reader)
{
	const struct cf_policy_text *text = reader->text;
	struct cf_policy *policy = reader->policy;

	policy->vendors = (const char *const *)text->vendors;
	policy->vendor_count = text->vendors_count;
	for (unsigned i = 0; i < text->vendors_count; i++)
		if (!is_plain_word(text->vendors[i]))
			cf_policy_refuse(reader, reader->root, "", "vendor",
			    "must be the name of a folder under lists");
		else
			for (unsigned j = 0; j < i; j++)
				if (strcmp(text->vendors[i], text->vendors[j]) == 0)
					cf_policy_refuse(reader, reader->root, "", "vendor",
					    "names '%s' twice", text->vendors[i]);
	if (text->presets_count == 0 && text->phases_count == 0)
		cf_policy_refuse(reader, reader->root, "", NULL,
		    "misses 'preset' or 'phases': nothing would ever be blocked");
}

static void read_preset(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_preset *text, struct cf_policy_preset *preset)
{
	struct cf_policy_clients clients = {.everybody = true};
	char below[48];

	*preset = (struct cf_policy_preset){.name = text->name,
	    .vendor = text->vendor == NULL ? "" : text->vendor,
	    .clients = "",
	    .line = node->line};
	if (!is_plain_word(text->name) || text->name[0] == '\0')
		cf_policy_refuse(reader, node, path, "name",
		    "must be the name of a file under presets, without its ending");
	if (text->vendor != NULL)
		(void)cf_policy_vendor_is_known(reader, node, path, "vendor", text->vendor);
	if (text->clients_count == 0)
		return;
	snprintf(below, sizeof below, "%s.clients", path);
	cf_policy_read_clients(reader, cf_yaml_node_find(node, "clients"), below, text->clients,
	    text->clients_count, &clients);
	preset->groups = clients.groups;
	preset->clients = clients.text == NULL ? "" : clients.text;
	preset->owned_clients = clients.text;
	/* Who says everybody means everybody, whatever else is there. */
	preset->group_count = clients.everybody ? 0 : clients.group_count;
}

static void read_presets(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *presets = cf_yaml_node_find(reader->root, "preset"), *node;
	struct cf_policy *policy = reader->policy;
	char path[32];

	policy->presets =
	    cf_policy_alloc(reader, reader->text->presets_count, sizeof *policy->presets);
	if (policy->presets == NULL)
		return;
	node = presets->first;
	for (unsigned i = 0; i < reader->text->presets_count; i++, node = node->next) {
		snprintf(path, sizeof path, "preset[%u]", i);
		read_preset(reader, node, path, &reader->text->presets[i],
		    &policy->presets[policy->preset_count++]);
	}
}

static void read_baseline(struct cf_policy_reader *reader)
{
	const struct cf_policy_text_baseline *text = reader->text->baseline;
	const enum cf_verdict *said;

	for (size_t i = 0; text != NULL && i < CF_CATEGORIES; i++) {
		said = text->by[i] == NULL ? text->others : text->by[i];
		reader->policy->baseline_said[i] = said != NULL;
		if (said != NULL)
			reader->policy->baseline[i] = *said;
	}
}

static void read_phases(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *phases = cf_yaml_node_find(reader->root, "phases"), *node;
	struct cf_policy *policy = reader->policy;
	char path[32];

	policy->phases =
	    cf_policy_alloc(reader, reader->text->phases_count, sizeof *policy->phases);
	if (policy->phases == NULL)
		return;
	node = phases->first;
	for (unsigned i = 0; i < reader->text->phases_count; i++, node = node->next) {
		const struct cf_policy_text_phase *text = &reader->text->phases[i];
		struct cf_policy_phase *own = &policy->phases[policy->phase_count++];
		struct cf_phase *phase = &own->image;

		own->vendors = (const char *const *)text->vendors;
		own->vendor_count = text->vendors_count;
		*phase = (struct cf_phase){
		    .name = text->name,
		    .citation = text->citation == NULL ? "" : text->citation,
		    .verdict = text->verdict,
		    .categories = text->categories,
		    .file = policy->file,
		    .line = node->line,
		};
		snprintf(path, sizeof path, "phases[%u]", i);
		cf_policy_instant(reader, node, path, "from", text->from, &phase->from_wall_s);
		for (unsigned j = 0; j < text->vendors_count; j++)
			(void)cf_policy_vendor_is_known(
			    reader, node, path, "vendor", text->vendors[j]);
		for (unsigned j = 0; j < i; j++)
			if (strcmp(policy->phases[j].image.name, text->name) == 0)
				cf_policy_refuse(reader, node, path, "name",
				    "the phase in line %u has the same name",
				    policy->phases[j].image.line);
	}
}

static void read_sinkhole(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const struct cf_policy_text_answer *text, struct cf_answer_spec *answer)
{
	struct cf_addr addr, *place;
	char quoted[64];

	for (unsigned i = 0; i < text->sinkhole_count; i++) {
		if (cf_addr_parse(text->sinkhole[i], &addr) != CF_OK) {
			cf_policy_refuse(reader, node, "answer", "sinkhole", "%s is not an address",
			    cf_quote(text->sinkhole[i], strlen(text->sinkhole[i]), quoted,
			        sizeof quoted));
			continue;
		}
		place = addr.family == CF_FAMILY_V4 ? &answer->sinkhole_v4 : &answer->sinkhole_v6;
		if (place->family != CF_FAMILY_NONE)
			cf_policy_refuse(reader, node, "answer", "sinkhole",
			    "one IPv4 and one IPv6 address, not two of a kind");
		*place = addr;
	}
	if (text->kind == CF_ANSWER_SINKHOLE && text->sinkhole_count == 0)
		cf_policy_refuse(reader, node, "answer", NULL,
		    "misses 'sinkhole': the addresses that kind sinkhole answers with");
}

static void read_answer(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *node = cf_yaml_node_find(reader->root, "answer");
	const struct cf_policy_text_answer *text = reader->text->answer;
	struct cf_answer_spec *answer = &reader->policy->answer;

	*answer = (struct cf_answer_spec){
	    .kind = CF_ANSWER_NXDOMAIN,
	    .ttl_s = ANSWER_TTL_S,
	    .ede_code = EDE_BLOCKED,
	    .ede_text = "",
	};
	if (text == NULL)
		return;
	answer->kind = text->kind;
	answer->ttl_s = cf_policy_duration(
	    reader, node, "answer", "ttl", text->ttl, ANSWER_TTL_MAX_S, ANSWER_TTL_S);
	if (text->ede_code != NULL)
		answer->ede_code = *text->ede_code;
	if (text->ede != NULL)
		answer->ede_text = text->ede;
	read_sinkhole(reader, node, text, answer);
}

/* The scope of an entry: what it says, else what its name says, else it and all below. */
static enum cf_scope entry_scope(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_name *text)
{
	enum cf_scope scope = CF_SCOPE_EXACT;
	struct cf_error error;
	struct cf_name name;

	if (cf_spoken_pattern(text->name, &name, &scope, &error) != CF_OK)
		cf_policy_refuse(reader, node, path, "name", "%s", error.text);
	else if (name.label_count < 2)
		cf_policy_refuse(
		    reader, node, path, "name", "a top-level domain is nobody's service");
	if (scope == CF_SCOPE_EXACT)
		return text->scope == NULL ? CF_SCOPE_SUBTREE : *text->scope;
	if (text->scope != NULL && *text->scope != scope)
		cf_policy_refuse(reader, node, path, "scope",
		    "is %s, but the name is written as one of scope %s; write the name alone",
		    cf_scope_text(*text->scope), cf_scope_text(scope));
	return scope;
}

static void read_names(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *names = cf_yaml_node_find(reader->root, "names"), *node;
	struct cf_policy *policy = reader->policy;
	char path[32];

	policy->names = cf_policy_alloc(reader, reader->text->names_count, sizeof *policy->names);
	if (policy->names == NULL)
		return;
	node = names->first;
	for (unsigned i = 0; i < reader->text->names_count; i++, node = node->next) {
		const struct cf_policy_text_name *text = &reader->text->names[i];

		snprintf(path, sizeof path, "names[%u]", i);
		if (text->vendor != NULL)
			(void)cf_policy_vendor_is_known(reader, node, path, "vendor", text->vendor);
		policy->names[policy->name_count++] = (struct cf_policy_name){
		    .text = text->name,
		    .vendor = text->vendor == NULL ? "" : text->vendor,
		    .scope = entry_scope(reader, node, path, text),
		    .category = text->category,
		    .product = text->product == NULL ? "" : text->product,
		    .source = text->source == NULL ? "" : text->source,
		    .as_of = text->as_of == NULL ? "" : text->as_of,
		    .note = text->note == NULL ? "" : text->note,
		    .line = node->line,
		};
	}
}

static void read_log(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *node = cf_yaml_node_find(reader->root, "log");
	const struct cf_policy_text_log *text = reader->text->log;
	struct cf_policy *policy = reader->policy;

	policy->fold_s = FOLD_S;
	policy->alive_s = ALIVE_S;
	policy->log_path = policy->privacy_key_file = policy->sensor = "";
	policy->privacy = "full";
	if (text == NULL)
		return;
	policy->fold_s =
	    cf_policy_duration(reader, node, "log", "fold", text->fold, FOLD_MAX_S, FOLD_S);
	policy->alive_s = (uint16_t)cf_policy_duration(
	    reader, node, "log", "alive", text->alive, ALIVE_MAX_S, ALIVE_S);
	policy->log_path = text->path == NULL ? "" : text->path;
	policy->privacy = text->privacy == NULL ? "full" : text->privacy;
	policy->privacy_key_file = text->privacy_key_file == NULL ? "" : text->privacy_key_file;
	policy->sensor = text->sensor == NULL ? "" : text->sensor;
	policy->syslog = text->syslog;
	if (text->path != NULL && text->path[0] != '/')
		cf_policy_refuse(reader, node, "log", "path",
		    "must be absolute: the resolver and the monitor run in folders of their own");
	if (strcmp(policy->privacy, "full") != 0 && strcmp(policy->privacy, "truncate") != 0 &&
	    strcmp(policy->privacy, "pseudonym") != 0)
		cf_policy_refuse(
		    reader, node, "log", "privacy", "is not one of: full, truncate, pseudonym");
	if (strcmp(policy->privacy, "pseudonym") == 0 && policy->privacy_key_file[0] == '\0')
		cf_policy_refuse(reader, node, "log", "privacy",
		    "pseudonym needs 'privacy-key-file', the key they are made with");
}

void cf_policy_read_sections(struct cf_policy_reader *reader)
{
	read_selection(reader);
	read_baseline(reader);
	read_phases(reader);
	read_answer(reader);
	cf_policy_read_groups(reader);
	if (reader->policy->groups != NULL)
		read_presets(reader);
	cf_policy_read_exceptions(reader);
	read_names(reader);
	read_log(reader);
	cf_policy_read_edge(reader);
	cf_policy_read_updates(reader);
	reader->policy->canaries = reader->text->canaries;
	reader->policy->canaries_line = cf_policy_line(reader->root, "canaries");
	reader->policy->block_addresses = reader->text->block_addresses;
	reader->policy->block_services = reader->text->block_services;
}
