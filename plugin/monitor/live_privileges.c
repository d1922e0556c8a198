/* What a live run gives up before the first packet: root, and all files but the few it needs. */

#include "monitor/live_run.h"
#include "monitor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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

/* The log file must belong to whom we become; a folder that does not stops rotation, and is said.
 */
static void hand_over_log(
    struct cf_live_run *run, const char *path, const struct cf_sandbox_user *user)
{
	char *folder = folder_of(path);
	struct stat info;
	int fd;

	if (strcmp(path, "-") == 0 || geteuid() != 0)
		goto out;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fchown(fd, user->uid, user->gid) != 0)
		cf_live_say(run, "cannot hand '%s' over to user '%s': %s", path, user->name,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	if (folder != NULL && stat(folder, &info) == 0 && info.st_uid != user->uid &&
	    (info.st_mode & S_IWOTH) == 0)
		cf_live_say(run,
		    "user '%s' cannot make files in '%s': after rotation the hit log goes on "
		    "in the old file; give it a folder of its own",
		    user->name, folder);
out:
	free(folder);
}

static void restrict_files(struct cf_live_run *run, const char *hits_path)
{
	char *image_folder = folder_of(run->options.image_path);
	char *hits_folder = folder_of(hits_path);
	char *status_folder =
	    run->options.status_path == NULL ? NULL : folder_of(run->options.status_path);
	/* libpcap reads an interface's drops from /sys; a pseudonym key is read with the image. */
	struct cf_sandbox_paths paths = {
	    .read_only = {"/sys/class/net", "/sys/devices", image_folder, NULL}};
	struct cf_error error;
	unsigned count = 0;

	if (run->session.watchlist != NULL) {
		const char *key = cf_image_info(run->session.watchlist->image)->privacy_key_file;

		if (key[0] != '\0')
			paths.read_only[3] = key;
	}
	if (image_folder == NULL)
		paths.read_only[2] = NULL;
	if (strcmp(hits_path, "-") != 0 && hits_folder != NULL)
		paths.read_write[count++] = hits_folder;
	if (status_folder != NULL)
		paths.read_write[count] = status_folder;
	if (cf_sandbox_files(&paths, &error) != CF_OK) {
		cf_live_say(run, "%s", error.text);
		run->result.degraded = true;
	}
	free(image_folder);
	free(hits_folder);
	free(status_folder);
}

enum cf_status cf_live_give_up_privileges(struct cf_live_run *run, struct cf_error *error)
{
	const char *hits_path = cf_session_hits_path(&run->session, &run->options);
	struct cf_sandbox_user user;
	enum cf_status status;

	if (!run->live->sandbox) {
		cf_live_say(run, "running without a sandbox, as asked");
		return CF_OK;
	}
	status = cf_sandbox_find_user(run->live->user, &user, error);
	if (status != CF_OK)
		return status;
	hand_over_log(run, hits_path, &user);
	status = cf_sandbox_drop(&user, error);
	if (status == CF_OK)
		restrict_files(run, hits_path);
	return status;
}
