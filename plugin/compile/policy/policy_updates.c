/* The section updates of curfew.yaml: where newer packs come from, and whose signature they bear.
 */

#include "compile/policy/policy_reader.h"

#include <stdio.h>
#include <string.h>

#define SHRINK_PERCENT 10
#define TIMEOUT_S      900
#define TIMEOUT_MAX_S  86400
#define MIB            1048576
#define MIB_MOST       (CF_BUNDLE_BYTES / MIB)

/*
 * A public key of minisign: base64 of "Ed", 8 bytes of its id, and 32 of Ed25519. 42 bytes fill 56
 * characters to the last bit, so this is all that can be wrong with one.
 */
static bool is_key(const char *text)
{
	return strlen(text) == 56 && text[0] == 'R' && text[1] == 'W' &&
	    strchr("QRST", text[2]) != NULL &&
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 56;
}

/* https, file: or a path from the root; the timer's working folder is nobody's. */
static bool is_place(const char *text)
{
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "file:", 5) == 0 ||
	    text[0] == '/';
}

static void read_key(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_key *text, struct cf_policy_key *key)
{
	*key = (struct cf_policy_key){
	    .text = text->key, .from_wall_s = INT64_MIN, .until_wall_s = INT64_MAX};
	if (!is_key(text->key))
		cf_policy_refuse(reader, node, path, "key",
		    "is no public key: 56 characters that begin with RW, the second line of a .pub "
		    "file");
	cf_policy_instant(reader, node, path, "from", text->from, &key->from_wall_s);
	cf_policy_instant(reader, node, path, "until", text->until, &key->until_wall_s);
	if (key->until_wall_s <= key->from_wall_s)
		cf_policy_refuse(reader, node, path, "until", "is not after 'from'");
}

static void read_keys(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_update *text, struct cf_policy_update *update)
{
	const struct cf_yaml_node *child = cf_yaml_node_find(node, "keys")->first;
	char below[64];

	for (unsigned i = 0; i < text->keys_count; i++, child = child->next) {
		(void)snprintf(
		    below, sizeof below, "%s%skeys[%u]", path, path[0] == '\0' ? "" : ".", i);
		for (unsigned j = 0; j < i; j++)
			if (strcmp(text->keys[j].key, text->keys[i].key) == 0)
				cf_policy_refuse(reader, child, below, "key", "stands here twice");
		read_key(reader, child, below, &text->keys[i], &update->keys[update->key_count++]);
	}
}

static unsigned read_number(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const char *key, const uint32_t *number, uint32_t least, uint32_t most,
    uint32_t otherwise)
{
	if (number == NULL)
		return otherwise;
	if (*number < least || *number > most)
		cf_policy_refuse(
		    reader, node, path, key, "must lie between %u and %u", least, most);
	return *number;
}

void cf_policy_read_source(struct cf_policy_reader *reader, const struct cf_yaml_node *node,
    const char *path, const struct cf_policy_text_update *text, struct cf_policy_update *update)
{
	update->places = (const char *const *)text->places;
	update->place_count = text->places_count;
	update->ca_file = text->ca == NULL ? "" : text->ca;
	update->line = node->line;
	update->most_shrink_percent =
	    read_number(reader, node, path, "max-shrink", text->max_shrink, 0, 100, SHRINK_PERCENT);
	update->most_bytes = (uint64_t)read_number(reader, node, path, "max-mib", text->max_mib, 1,
	                         MIB_MOST, MIB_MOST) *
	    MIB;
	update->timeout_s = cf_policy_duration(
	    reader, node, path, "timeout", text->timeout, TIMEOUT_MAX_S, TIMEOUT_S);
	if (update->timeout_s == 0)
		cf_policy_refuse(reader, node, path, "timeout", "must be longer than nothing");
	for (unsigned i = 0; i < text->places_count; i++)
		if (!is_place(text->places[i]))
			cf_policy_refuse(reader, node, path, "from",
			    "is none of https://..., file:/... and /...");
	read_keys(reader, node, path, text, update);
}

void cf_policy_read_updates(struct cf_policy_reader *reader)
{
	const struct cf_yaml_node *updates = cf_yaml_node_find(reader->root, "updates"), *node;
	const struct cf_policy_text *text = reader->text;
	struct cf_policy *policy = reader->policy;
	char path[32];

	policy->updates = cf_policy_alloc(reader, text->updates_count, sizeof *policy->updates);
	if (policy->updates == NULL)
		return;
	node = updates->first;
	for (unsigned i = 0; i < text->updates_count; i++, node = node->next) {
		(void)snprintf(path, sizeof path, "updates[%u]", i);
		for (unsigned j = 0; j < i; j++)
			if (strcmp(text->updates[j].pack, text->updates[i].pack) == 0)
				cf_policy_refuse(reader, node, path, "pack",
				    "has an update already; write several places in its 'from'");
		policy->updates[i].pack = text->updates[i].pack;
		policy->update_count++;
		if (cf_policy_vendor_is_known(reader, node, path, "pack", text->updates[i].pack))
			cf_policy_read_source(
			    reader, node, path, &text->updates[i], &policy->updates[i]);
	}
}
