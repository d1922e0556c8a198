/* Root, files, calls. */

#include "monitor/privileges.h"

#include "monitor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* dirname() of a copy; "." without a slash. Freed by the caller; NULL without memory. */
static char *folder_of(const char *path)
{
	char *copy = strdup(path), *folder = NULL;

	if (copy != NULL)
		folder = strdup(dirname(copy));
	free(copy);
	return folder;
}

static void CF_PRINTF(2, 3) say(struct cf_privileges *privileges, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (privileges->say != NULL)
		privileges->say(privileges->arg, text);
}

/* The log file must belong to whom we become; a folder that does not stops rotation, and is said.
 */
static void hand_over_log(struct cf_privileges *privileges, const struct cf_sandbox_user *user)
{
	const char *path = privileges->hits_path;
	char *folder = folder_of(path);
	struct stat info;
	int fd;

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0 || fstat(fd, &info) != 0 ||
	    (S_ISREG(info.st_mode) && fchown(fd, user->uid, user->gid) != 0))
		say(privileges, "cannot hand '%s' over to user '%s': %s", path, user->name,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	if (folder != NULL && stat(folder, &info) == 0 && info.st_uid != user->uid &&
	    (info.st_mode & S_IWOTH) == 0)
		say(privileges,
		    "user '%s' cannot make files in '%s': after rotation the hit log goes on "
		    "in the old file; give it a folder of its own",
		    user->name, folder);
	free(folder);
}

static void restrict_files(struct cf_privileges *privileges)
{
	const char *image = privileges->image_path, *key = privileges->key_path;
	char *folders[3] = {image == NULL ? NULL : folder_of(image),
	    privileges->hits_path == NULL || strcmp(privileges->hits_path, "-") == 0
	        ? NULL
	        : folder_of(privileges->hits_path),
	    privileges->status_path == NULL ? NULL : folder_of(privileges->status_path)};
	char *keys = privileges->sensor_key_path == NULL || geteuid() == 0
	    ? NULL /* root would read the other writers' keys there, too */
	    : folder_of(privileges->sensor_key_path);
	struct cf_sandbox_paths paths = {.read_only = {NULL}};
	struct cf_error error;
	unsigned reads = 0, writes = 0;

	if (image != NULL) {
		/* libpcap reads an interface's drops from /sys; a key is read with the image. */
		paths.read_only[reads++] = "/sys/class/net";
		paths.read_only[reads++] = "/sys/devices";
		if (folders[0] != NULL)
			paths.read_only[reads++] = folders[0];
		if (key != NULL && key[0] != '\0')
			paths.read_only[reads++] = key;
	}
	/* A successor is another file of that name. */
	if (keys != NULL)
		paths.read_only[reads++] = keys;
	for (unsigned i = 1; i < 3; i++)
		if (folders[i] != NULL)
			paths.read_write[writes++] = folders[i];
	if (cf_sandbox_files(&paths, &error) != CF_OK) {
		say(privileges, "%s", error.text);
		privileges->degraded = true;
	}
	for (unsigned i = 0; i < 3; i++)
		free(folders[i]);
	free(keys);
}

enum cf_status cf_privileges_give_up(struct cf_privileges *privileges, struct cf_error *error)
{
	struct cf_sandbox_user user;
	enum cf_status status = cf_sandbox_find_user(privileges->user, &user, error);

	if (status != CF_OK)
		return status;
	if (privileges->hand_over_log && strcmp(privileges->hits_path, "-") != 0 && geteuid() == 0)
		hand_over_log(privileges, &user);
	status = cf_sandbox_drop(&user, error);
	if (status == CF_OK)
		restrict_files(privileges);
	return status;
}

void cf_privileges_give_up_calls(struct cf_privileges *privileges)
{
	struct cf_error error;

	if (cf_sandbox_calls(privileges->sockets, privileges->socket_count, privileges->listening,
	        &error) == CF_OK)
		return;
	say(privileges, "%s", error.text);
	privileges->degraded = true;
}
