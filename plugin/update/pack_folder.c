/* What lies in the folder of fetched packs. */

#include "update/pack_folder.h"

#include "trust/fetch.h"
#include "trust/minisign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cf_update_path(
    const char *folder, const char *name, const char *ending, char path[CF_PATH_BYTES])
{
	(void)snprintf(path, CF_PATH_BYTES, "%s/.packs/%s%s", folder, name, ending);
	return path;
}

enum cf_status cf_update_failed(
    const char *path, const char *what, enum cf_status status, struct cf_error *error)
{
	return cf_error_set(error, status, "cannot %s '%s': %s", what, path, strerror(errno));
}

void cf_update_linked(const char *folder, const char *name, char linked[CF_PATH_BYTES])
{
	char link[CF_PATH_BYTES], to[CF_PATH_BYTES];
	ssize_t len;

	(void)snprintf(link, sizeof link, "%s/%s", folder, name);
	len = readlink(link, to, sizeof to - 1);
	to[len < 0 ? 0 : len] = '\0';
	(void)snprintf(linked, CF_PATH_BYTES, "%s", strncmp(to, ".packs/", 7) == 0 ? to + 7 : "");
}

enum cf_status cf_update_statement(const char *folder, const char *name,
    struct cf_statement *statement_out, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct cf_fetch fetch = {.place = cf_update_path(folder, name, ".bundle.minisig", path),
	    .most_bytes = CF_UPDATE_SIGNATURE_BYTES};
	struct cf_minisign_signature signature;
	enum cf_status status;

	if (access(path, F_OK) != 0)
		return cf_error_set(error, CF_ENOTFOUND, "no pack of '%s' was fetched", name);
	status = cf_fetch(&fetch, error);
	if (status == CF_OK)
		status = cf_minisign_signature_parse(
		    (const char *)fetch.data, fetch.len, &signature, error);
	free(fetch.data);
	return status == CF_OK ? cf_statement_parse(signature.comment, statement_out, error)
	                       : status;
}
