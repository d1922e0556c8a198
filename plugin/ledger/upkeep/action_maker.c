/* The process's user, /proc/self/loginuid, and /dev/log. */

#include "ledger/upkeep/action_maker.h"

#include "base/input_file.h"
#include "records/anchor/beacon.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Nobody logged in: a service, or a kernel without audit. */
#define NO_LOGIN 4294967295UL

static unsigned long login_uid(void)
{
	FILE *file = NULL;
	char text[32] = "";
	unsigned long uid = NO_LOGIN;

	if (cf_input_open_stream("/proc/self/loginuid", &file, NULL) != CF_OK)
		return NO_LOGIN;
	if (fgets(text, sizeof text, file) != NULL && text[0] >= '0' && text[0] <= '9')
		uid = strtoul(text, NULL, 10);
	(void)fclose(file); /* only read */
	return uid;
}

static int put_user(char *text, size_t size, const char *what, unsigned long uid)
{
	const struct passwd *entry = getpwuid((uid_t)uid);

	return snprintf(
	    text, size, "%s=%lu/%.40s", what, uid, entry == NULL ? "?" : entry->pw_name);
}

const char *cf_action_maker(char text[CF_MAKER_BYTES])
{
	unsigned long login = login_uid();
	int len = put_user(text, CF_MAKER_BYTES, "uid", getuid());

	if (login != NO_LOGIN && len > 0) {
		text[len] = ' ';
		(void)put_user(text + len + 1, CF_MAKER_BYTES - (size_t)len - 1, "login", login);
	}
	return text;
}

const char *cf_action_speaker(void)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *entry;

	if (name != NULL && name[0] != '\0')
		return name;
	entry = getpwuid(getuid());
	return entry == NULL ? "unknown" : entry->pw_name;
}

void cf_action_send(const struct cf_ledger_action *action)
{
	struct cf_beacon beacon;
	char text[CF_ACTION_WITNESS_BYTES + CF_MAKER_BYTES + 8];
	char own[CF_ACTION_WITNESS_BYTES];

	cf_action_witness(action, own);
	(void)snprintf(text, sizeof text, "%s by %s", own, action->by);
	cf_beacon_init(&beacon, "/dev/log", false);
	cf_beacon_say(&beacon, "curfew-action", text);
	cf_beacon_done(&beacon);
}
