/* Checks that what is spoken of is there, and puts its key in the place of the word. */

#include "ledger/upkeep/saying.h"

#include "ledger/model/model.h"

#include <stdlib.h>
#include <string.h>

static bool has_sensor(const struct cf_model *model, const char *name)
{
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);

	for (size_t i = 0; i < count; i++)
		if (strcmp(sensors[i].name, name) == 0)
			return true;
	return false;
}

/* The host must have held the address under this MAC. */
static bool has_pair(const struct cf_model *model, const char *mac, const char *addr)
{
	const struct cf_host *host = cf_model_find(model, mac);

	for (size_t i = 0; host != NULL && i < host->identity_count; i++)
		if (host->identities[i].kind == CF_IDENTITY_ADDR &&
		    strcmp(host->identities[i].value, addr) == 0)
			return true;
	return false;
}

/* The key of the host a person means, in the word's place. */
static enum cf_status use_key(
    const struct cf_model *model, const char **word_io, struct cf_error *error)
{
	const struct cf_host *host = cf_model_find(model, *word_io);

	if (host == NULL)
		return cf_error_set(error, CF_ENOTFOUND,
		    "no host '%s' in the ledger; nothing was recorded", *word_io);
	*word_io = host->key;
	return CF_OK;
}

static bool is_of_sensor(const struct cf_ledger_action *action)
{
	return strcmp(action->verb, "site") == 0 || strcmp(action->verb, "plan") == 0;
}

/* What is said of a sensor, or of a MAC at an address, is kept as it is said; it must be there. */
static enum cf_status check_thing(
    const struct cf_model *model, const struct cf_ledger_action *action, struct cf_error *error)
{
	bool is_site = is_of_sensor(action);

	if (is_site ? has_sensor(model, action->args[0])
	            : has_pair(model, action->args[0], action->args[1]))
		return CF_OK;
	return cf_error_set(error, CF_ENOTFOUND,
	    "no %s '%s'%s%s in the ledger; nothing was recorded", is_site ? "sensor" : "host",
	    action->args[0], is_site ? "" : " at ", is_site ? "" : action->args[1]);
}

static enum cf_status use_keys(
    const struct cf_model *model, struct cf_ledger_action *action, struct cf_error *error)
{
	const char *first = action->args[0], *second = action->args[1];
	bool is_merge = strcmp(action->verb, "merge") == 0;
	enum cf_status status = use_key(model, &action->args[0], error);

	if (status != CF_OK || !is_merge)
		return status;
	status = use_key(model, &action->args[1], error);
	if (status == CF_OK && strcmp(action->args[0], action->args[1]) == 0)
		return cf_error_set(error, CF_ENOTFOUND,
		    "'%s' and '%s' are one host already; nothing was recorded", first, second);
	return status;
}

enum cf_status cf_ledger_say(const char *ledger_path, int64_t now_wall_s,
    struct cf_ledger_action *action, struct cf_error *error)
{
	const struct cf_ledger_options options = {
	    .path = ledger_path, .mode = CF_LEDGER_READ, .now_wall_s = now_wall_s};
	struct cf_model_options model_options = {.at_wall_s = 0};
	struct cf_ledger *ledger = NULL;
	struct cf_model *model = NULL;
	enum cf_status status;

	if (strcmp(action->verb, "undo") == 0)
		return cf_action_append(ledger_path, action, error);
	status = cf_ledger_open(&options, &ledger, NULL, error);
	if (status == CF_OK) {
		model_options.at_wall_s = cf_model_horizon(ledger);
		status = cf_model_load(ledger, &model_options, &model, error);
	}
	if (status == CF_OK)
		status = is_of_sensor(action) || strcmp(action->verb, "split") == 0
		    ? check_thing(model, action, error)
		    : use_keys(model, action, error);
	if (status == CF_OK)
		status = cf_action_append(ledger_path, action, error);
	cf_model_free(model);
	cf_ledger_close(ledger);
	return status;
}
