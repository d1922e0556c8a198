/* Local data and zones of an Unbound configuration against the names of an image. */

#include "doctor/shadow.h"

#include "doctor/unbound_config.h"

#include <stdio.h>
#include <string.h>

/* Types of local-zone that hand every name on that has no local-data (unbound.conf(5)). */
static const char *const passing[] = {
    "transparent", "typetransparent", "inform", "nodefault", "always_transparent", "ipset"};

struct search {
	const struct cf_image *image;
	cf_shadow_fn *found;
	void *arg;
	unsigned count;
	/* The auth-zone that is being read: it answers clients unless it says otherwise. */
	struct cf_name auth_name;
	char auth_file[CF_PATH_BYTES];
	unsigned auth_line; /* 0: none has a name yet */
	bool auth_answers;
};

static void tell(struct search *search, const char *file, unsigned line, const char *what,
    const struct cf_name *name, unsigned listed)
{
	char text[CF_NAME_TEXT_BYTES], message[CF_PATH_BYTES + CF_NAME_TEXT_BYTES + 200];

	if (search->count++ >= CF_SHADOWS_TOLD)
		return;
	snprintf(message, sizeof message,
	    "%s:%u: %s of '%s' answers %u listed name%s before the module is asked: neither judged "
	    "nor "
	    "recorded",
	    file, line, what, cf_name_format(name, text), listed, listed == 1 ? "" : "s");
	search->found(search->arg, message);
}

static bool is_listed(const struct cf_image *image, const struct cf_name *name)
{
	struct cf_match matches[CF_MATCHES];

	return cf_image_find_name(image, name, matches) > 0;
}

/* How many listed names lie in zone; one when it lies inside a listed one itself. */
static unsigned listed_below(const struct cf_image *image, const struct cf_name *zone)
{
	unsigned count = 0;

	for (uint32_t at = cf_image_first_entry(image); at != CF_NONE;
	     at = cf_image_next_entry(image, at)) {
		struct cf_entry entry;
		struct cf_name name;

		cf_image_entry(image, at, &entry);
		if (cf_name_from_wire(entry.name_wire, CF_NAME_WIRE_BYTES, &name) == CF_OK &&
		    cf_name_is_subdomain(&name, zone))
			count++;
	}
	return count > 0 ? count : is_listed(image, zone);
}

static void judge_zone(struct search *search, const char *file, unsigned line, const char *what,
    const struct cf_name *zone)
{
	unsigned listed = listed_below(search->image, zone);

	if (listed > 0)
		tell(search, file, line, what, zone, listed);
}

/* The clause ended: now all is known about it. */
static void end_auth_zone(struct search *search)
{
	if (search->auth_line != 0 && search->auth_answers)
		judge_zone(
		    search, search->auth_file, search->auth_line, "auth-zone", &search->auth_name);
	search->auth_line = 0;
	search->auth_answers = true;
}

static void take_auth_zone(struct search *search, const struct cf_unbound_config_item *item)
{
	if (strcmp(item->key, "name:") == 0 &&
	    cf_name_from_text(item->value, strlen(item->value), &search->auth_name) == CF_OK) {
		snprintf(search->auth_file, sizeof search->auth_file, "%s", item->file);
		search->auth_line = item->line;
	} else if (strcmp(item->key, "for-downstream:") == 0) {
		search->auth_answers = strcmp(item->value, "no") != 0;
	}
}

static void take_local_zone(struct search *search, const struct cf_unbound_config_item *item)
{
	struct cf_name zone;

	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
		if (strcmp(item->second, passing[i]) == 0)
			return;
	if (cf_name_from_text(item->value, strlen(item->value), &zone) == CF_OK)
		judge_zone(search, item->file, item->line, "local-zone", &zone);
}

/* "name TTL CLASS TYPE data": the name is the first word. */
static void take_local_data(struct search *search, const struct cf_unbound_config_item *item)
{
	const char *from = item->value + strspn(item->value, " \t");
	struct cf_name name;

	if (cf_name_from_text(from, strcspn(from, " \t"), &name) == CF_OK &&
	    is_listed(search->image, &name))
		tell(search, item->file, item->line, "local-data", &name, 1);
}

static void take(void *arg, const struct cf_unbound_config_item *item)
{
	struct search *search = arg;

	if (item->value[0] == '\0' && strcmp(item->key, item->clause) == 0)
		end_auth_zone(search);
	else if (strcmp(item->clause, "auth-zone:") == 0)
		take_auth_zone(search, item);
	else if (strcmp(item->key, "local-zone:") == 0)
		take_local_zone(search, item);
	else if (strcmp(item->key, "local-data:") == 0)
		take_local_data(search, item);
}

void cf_shadow_find(const char *path, const struct cf_image *image, cf_shadow_fn *found, void *arg)
{
	struct search search = {.image = image, .found = found, .arg = arg, .auth_answers = true};
	char text[80];

	if (!cf_unbound_config_read(path, take, &search))
		return; /* said elsewhere */
	end_auth_zone(&search);
	if (search.count <= CF_SHADOWS_TOLD)
		return;
	snprintf(text, sizeof text, "and %u more statements that answer listed names",
	    search.count - CF_SHADOWS_TOLD);
	found(arg, text);
}
