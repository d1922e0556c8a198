/* A small file beside the policy, read by the same means. */

#include "compile/policy/channel.h"

#include "compile/policy/policy_reader.h"
#include "compile/yaml/yaml_load.h"

#include <stdlib.h>
#include <string.h>

/* As in a signed statement (trust/statement.h): letters, digits, '-', '_', '.', no dot first. */
#define NAME_BYTES 64

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < NAME_BYTES && text[0] != '.' &&
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
	    len;
}

static enum cf_status from_tree(
    struct cf_yaml_node *root, struct cf_channel *channel, struct cf_diags *diags)
{
	struct cf_policy owner = {.file = channel->file}; /* whose file complaints are about */
	struct cf_policy_reader reader = {.policy = &owner, .root = root, .diags = diags};
	size_t errors = diags->errors;
	void *text = NULL;
	enum cf_status status;

	if (root->kind == CF_YAML_MAPPING &&
	    !cf_yaml_node_name_scalars(cf_yaml_node_find(root, "keys"), "key"))
		return CF_ENOMEM;
	status = cf_yaml_tree_load(root, &cf_channel_schema, channel->file, diags, &text);
	if (status != CF_OK)
		return status;
	channel->text = text;
	channel->source.pack = channel->text->pack;
	if (!is_name(channel->text->pack))
		cf_policy_refuse(&reader, root, "", "channel",
		    "is no name: letters, digits, '-', '_' and '.', no dot first");
	cf_policy_read_source(&reader, root, "", channel->text, &channel->source);
	return diags->errors == errors ? reader.status : CF_EINVALID;
}

enum cf_status cf_channel_parse(const char *text, size_t len, const char *file,
    struct cf_channel **channel_out, struct cf_diags *diags)
{
	struct cf_channel *channel = calloc(1, sizeof *channel);
	struct cf_yaml_node *root = NULL;
	enum cf_status status;

	if (channel == NULL)
		return CF_ENOMEM;
	channel->file = file;
	status = cf_yaml_tree_parse(text, len, file, diags, &root);
	if (status == CF_OK)
		status = from_tree(root, channel, diags);
	cf_yaml_tree_free(root);
	if (status != CF_OK) {
		cf_channel_free(channel);
		return status;
	}
	*channel_out = channel;
	return CF_OK;
}

enum cf_status cf_channel_read(
    const char *path, struct cf_channel **channel_out, struct cf_diags *diags)
{
	enum cf_status status;
	size_t len;
	char *text = cf_policy_read_text(path, &len, diags);

	if (text == NULL)
		return CF_EIO;
	status = cf_channel_parse(text, len, path, channel_out, diags);
	free(text);
	return status;
}

void cf_channel_free(struct cf_channel *channel)
{
	if (channel == NULL)
		return;
	if (channel->text != NULL)
		cf_yaml_tree_unload(&cf_channel_schema, channel->text);
	free(channel);
}
