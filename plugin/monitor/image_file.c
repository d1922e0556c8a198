/* stat(), compared with the last one. */

#include "monitor/image_file.h"

#include <stdio.h>
#include <sys/stat.h>

/* Takes the file's marks; true when they differ from those before. */
static bool take_marks(struct cf_image_file *file)
{
	struct stat info;
	struct cf_image_file before = *file;

	file->known = stat(file->path, &info) == 0;
	if (!file->known)
		return false;
	file->device = (uint64_t)info.st_dev;
	file->inode = (uint64_t)info.st_ino;
	file->size = info.st_size;
	file->changed_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
	return !before.known || before.device != file->device || before.inode != file->inode ||
	    before.size != file->size || before.changed_ns != file->changed_ns;
}

void cf_image_file_init(struct cf_image_file *file, const char *path)
{
	*file = (struct cf_image_file){.known = false};
	snprintf(file->path, sizeof file->path, "%s", path);
	(void)take_marks(file); /* the first look compares with these */
}

enum cf_status cf_image_file_look(
    struct cf_image_file *file, struct cf_watchlist **watchlist_out, struct cf_error *error)
{
	if (!take_marks(file))
		return CF_EAGAIN;
	return cf_watchlist_open(file->path, watchlist_out, error);
}
